// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include <genu/core/volume.h>
#include <genu/io/case_folder.h>
#include <genu/planning/approach.h>
#include <genu/planning/clearance.h>

#include "patient_plane.h"

namespace genu::viewer {

/// The intensities shown as black and as white.
struct IntensityWindow {
  double low = 0.0;
  double high = 1.0;
  friend bool operator==(const IntensityWindow&, const IntensityWindow&) = default;
};

/// A case made ready to be looked at; never changes once opened.
struct OpenedCase {
  OpenedCase() = default;
  OpenedCase(const OpenedCase&) = delete;
  OpenedCase& operator=(const OpenedCase&) = delete;

  io::Case knee;
  std::filesystem::path folder;
  std::optional<Volume<std::uint8_t>> label_numbers;  ///< The labels as VTK takes them.
  std::optional<ImageGeometry> grid;                  ///< The image's, otherwise the labels'.
  Box box;                          ///< Around the grid, or around the surfaces if there is none.
  IntensityWindow default_window;   ///< 1st to 99.7th percentile.
  IntensityWindow intensity_range;  ///< Least and greatest intensity.
  /// What a needle is judged against that someone moves; nothing without measurements and a plan, where the
  /// skin is not known, or where the side is in doubt. It points into `knee`: a case is not copied.
  std::optional<planning::ClearanceField> field;
  std::vector<planning::Approach> approaches;  ///< Those that ship with Genu, where there is a field.

  /// Returns the approach of that name, or null.
  const planning::Approach* approach(std::string_view name) const;
};

/// Makes a case ready to be looked at.
std::shared_ptr<const OpenedCase> prepare_case(io::Case knee, const std::filesystem::path& folder);

/// Reads a case folder and makes it ready.
/// \throws IoError
std::shared_ptr<const OpenedCase> open_case(const std::filesystem::path& folder);

/// Returns the intensity of the voxel at a point, or nothing outside the image.
std::optional<float> intensity_at(const OpenedCase& opened, const Point3& p);
/// Returns the tissue of the voxel at a point, or nothing outside the label map.
std::optional<Tissue> tissue_at(const OpenedCase& opened, const Point3& p);

}  // namespace genu::viewer
