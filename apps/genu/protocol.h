// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/progress.h>
#include <genu/io/case_folder.h>
#include <genu/planning/plan.h>
#include <genu/segmentation/segment.h>
#include <genu/staging/stage.h>

// The steps of the clinical protocol, as several verbs take them.
namespace genu::app {

/// What is told about the side of a knee from outside its labels.
struct SideClaims {
  std::optional<Side> user;               ///< --side
  std::optional<Side> header;             ///< The image's header.
  std::optional<Side> segmentation = {};  ///< What the network's labels were named by.
  std::string segmentation_source = {};
};

/// Makes sure that figures can be drawn: better to learn before the work than after it that they can't.
/// \throws Error if there is no display, saying what helps
void require_display();

/// Returns a new case with name, visit, inputs, time and version.
io::Case new_case(const std::string& name, const std::string& visit, const std::vector<std::string>& inputs);

/// Returns the network's files: `file`, or the one that ships with Genu if that is empty, and the calibration
/// that lies beside it, FILE.json for FILE.onnx.
std::vector<std::filesystem::path> network_files(const std::filesystem::path& file = {});

/// Returns the network in `file` with the calibration that lies beside it (FILE.json for FILE.onnx), or the
/// one that ships with Genu if that is empty.
segmentation::KneeNetwork load_network(const std::filesystem::path& file = {});

/// Returns the labels of an image; the user's side goes before the header's.
segmentation::Segmentation segment(const Volume<float>& image, const segmentation::KneeNetwork& network,
                                   const SideClaims& side, const Progress& progress);
/// \throws InvalidInput with the reasons if the verdict is fail; the message calls the image `source` and
/// ends with `help`
void require_not_failed(const segmentation::SegmentationReport& report, const std::string& source,
                        const std::string& help);

/// Returns the measurements; the user's side goes before the header's, and a contradiction becomes a flag.
cartilage::CartilageReport measure(const LabelMap& labels, const SideClaims& side, const Progress& progress,
                                   const cartilage::ThicknessOptions& thickness = {});

/// Returns the stage by the rule in `file`, or by the one that ships with Genu if that is empty.
staging::StageReport stage(const cartilage::CartilageReport& report, const std::filesystem::path& file = {});

/// Returns what a needle must reach and spare; the skin comes from the image where the labels have none, and
/// what neither shows is estimated from the anatomy table that ships with Genu.
planning::Anatomy find_anatomy(const LabelMap& labels, const KneeFrame& frame, const Volume<float>* image,
                               const Progress& progress);

struct PlanChoice {
  std::string target;                ///< Only this one; empty = all.
  std::string approach;              ///< Only this one; empty = every one that fits the target.
  std::optional<Point3> point = {};  ///< Instead of the knee's own targets.
  double tolerance_mm = 3.0;         ///< Of the point.
  planning::PlanOptions options = {};
};

/// Returns one plan for each target and each approach that fits it; without paths where the side is in doubt.
/// \param labels tell what a needle leads through, where they are at hand
/// \throws InvalidInput if a named target or approach does not exist; the message lists those that do
std::vector<planning::NeedlePlan> plan(const planning::Anatomy& anatomy,
                                       const cartilage::CartilageReport& report, const LabelMap* labels,
                                       const PlanChoice& choice, const Progress& progress);

}  // namespace genu::app
