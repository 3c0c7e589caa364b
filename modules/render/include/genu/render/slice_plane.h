// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>

#include <genu/core/geometry.h>
#include <genu/core/knee.h>

namespace genu::render {

/// The patient's planes. Sagittal slices show anterior on the left; coronal and axial ones the patient's
/// right on the left (radiological convention).
enum class Plane { sagittal, coronal, axial };

struct SliceOptions {
  double pixel_mm = 0.35;  ///< Width of a pixel; made smaller where `min_height` asks for it.
  bool outlines = true;    ///< Outlines of each tissue in its colour (muscle and fat are left out).
  /// Low and high intensity; otherwise the 0.5th and 99.5th percentile of the image.
  std::optional<std::array<double, 2>> window = std::nullopt;
  int min_height = 512;
};

/// Where the pixels of a slice lie in patient space.
struct SlicePlane {
  Point3 first;   ///< Centre of the top left pixel.
  Vector3 right;  ///< Unit vector along a row.
  Vector3 down;   ///< Unit vector along a column.
  double pixel_mm = 1.0;
  int width = 0;
  int height = 0;

  Point3 to_patient(double column, double row) const;
  /// Returns column and row of the point's foot on the plane; pixel centres are at whole numbers.
  std::array<double, 2> to_pixel(const Point3& p) const;
};

/// Returns the part of a patient plane through `centre` that lies in the image.
/// \throws InvalidInput if the plane misses the image, or an option is out of range.
SlicePlane slice_plane(const ImageGeometry& image, Plane plane, const Point3& centre,
                       const SliceOptions& options = {});

/// Returns the plane that contains the needle and is closest to a patient plane (`across` = false), cut to
/// the needle's surroundings; or the one across the needle at the target, seen along the needle. \throws
/// InvalidInput if entry and target coincide, or the plane misses the image.
SlicePlane needle_plane(const ImageGeometry& image, const Trajectory& path, bool across,
                        const SliceOptions& options = {});

/// Returns the letters (R L A P S I) for a direction in patient space, largest part first; parts below a
/// third of the whole are left out.
std::string orientation_letters(const Vector3& direction);

}  // namespace genu::render
