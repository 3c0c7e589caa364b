// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/followup/course.h>
#include <genu/io/dicom.h>
#include <genu/io/relaxation_files.h>
#include <genu/planning/plan.h>
#include <genu/segmentation/agreement.h>
#include <genu/segmentation/segment.h>
#include <genu/staging/stage.h>

// What the verbs print: the same facts as in the files, for people.
namespace genu::app {

std::string text_of(const io::FolderScan& scan);
std::string text_of(const segmentation::SegmentationReport& report);
std::string text_of(const std::vector<segmentation::Agreement>& agreements);
std::string text_of(const cartilage::CartilageReport& report);
std::string text_of(const io::T2Measures& measures);
std::string text_of(const staging::StageReport& report);
std::string text_of(const followup::Course& course);
std::string text_of(const followup::Precision& precision);
std::string text_of(const std::vector<planning::NeedlePlan>& plans);

/// Returns the scan as JSON (data/schemas/series_list.schema.json).
std::string to_json(const io::FolderScan& scan);

}  // namespace genu::app
