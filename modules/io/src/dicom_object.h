// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/vector.h>
#include <genu/io/dicom.h>

#include "dicom_file.h"
#include "dicom_side.h"

namespace genu::io::dicom {

/// What the header says of one 2-D image; a classic object has one, an enhanced one many.
struct FrameHeader {
  int number = 0;  ///< Place in the file, from 0.
  std::optional<Point3> position;
  std::optional<std::array<Vector3, 2>> axes;          ///< Directions of a row and of a column, as stored.
  std::optional<std::array<double, 2>> row_column_mm;  ///< Distances between rows and between columns.
  double stated_gap_mm = std::numeric_limits<double>::quiet_NaN();  ///< SpacingBetweenSlices, SliceThickness.
  double echo_time_ms = std::numeric_limits<double>::quiet_NaN();
  std::string echo_number;
  std::string time;  ///< Differs between images of different times.
  std::string kind;  ///< Magnitude, phase, water, fat ...: differs between images of different meaning.
  double slope = 1.0;
  double intercept = 0.0;
};

struct ObjectHeader {
  std::filesystem::path path;
  std::string study_uid, series_uid, object_uid, class_uid;
  std::string patient_id, description, modality, manufacturer, study_date;
  std::optional<std::int64_t> series_number, images_in_acquisition;
  std::string transfer_syntax;
  SideEvidence side;
  bool lossy = false;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  PixelFormat format;
  std::vector<FrameHeader> frames;
  std::optional<RefusedItem> problem;  ///< Why the pixels can't be used; what else is known is still there.
  std::vector<std::string> remarks;
};

/// A file's header, and the data set from which its pixels can still be read.
struct LoadedObject {
  ObjectHeader header;
  std::shared_ptr<DcmFileFormat> file;
};

/// Returns how the pixels of a grey object of so many frames lie in its file.
PixelLayout layout_of(const ObjectHeader& header, std::int64_t frames);

/// Reads a file's header, or returns nothing if it is not DICOM (or is a DICOMDIR). Damage is not thrown but
/// told in the header's `problem`. Safe to call on several threads once set_up_dcmtk() was called.
std::optional<LoadedObject> load_object(const std::filesystem::path& path);

}  // namespace genu::io::dicom
