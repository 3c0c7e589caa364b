// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <vector>

#include <opencv2/core.hpp>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/core/tissue.h>

#include "tissue_acoustics.h"

// What a label map tells an ultrasound image: how much of each tissue is at a pixel, how its fibres run, how
// bone leans.
namespace genu::ultrasound {

/// Where an image lies in patient space.
struct ImagePlace {
  Point3 origin;  ///< Of pixel (0, 0).
  Vector3 x, y;   ///< To the next column and the next row.
  Vector3 out;    ///< Unit, across the image.
  PixelSize pixel;
  Point3 at(double column, double row) const { return origin + column * x + row * y; }
  double out_of_plane_mm(const Point3& p) const { return dot(p - origin, out); }
};

/// \throws InvalidInput if rows and columns are not perpendicular
ImagePlace image_place(const AffineTransform& patient_from_image);

/// How much of each pixel is which tissue, on a grid coarser than the image.
struct TissueParts {
  int step_x = 1, step_y = 1;  ///< Pixels a grid step.
  std::vector<Tissue> tissues = {};
  std::vector<cv::Mat> of = {};  ///< CV_32F, one a tissue; together 1 everywhere.

  /// Returns the part of one tissue (by its place in `tissues`) at a pixel.
  double at(std::size_t tissue, double column, double row) const {
    const cv::Mat& grid = of[tissue];
    const double x = column / step_x, y = row / step_y;
    const int xi = std::min(static_cast<int>(x), grid.cols - 2),
              yi = std::min(static_cast<int>(y), grid.rows - 2);
    const auto u = static_cast<float>(x - xi), v = static_cast<float>(y - yi);
    const float* const a = grid.ptr<float>(yi) + xi;
    const float* const b = grid.ptr<float>(yi + 1) + xi;
    const float top = a[0] + u * (a[1] - a[0]), low = b[0] + u * (b[1] - b[0]);
    return top + v * (low - top);
  }
};

/// Axes of a tissue's pattern.
struct Grain {
  Point3 origin;
  Vector3 along{0, 0, 1};  ///< Its fibres.
  Vector3 across{1, 0, 0};
  Vector3 layers{0, 1, 0};  ///< Across its layers.
  Vector3 coordinates(const Point3& p) const {
    const Vector3 v = p - origin;
    return {dot(v, along), dot(v, across), dot(v, layers)};
  }
};

class BodyLabels {
 public:
  /// \throws InvalidInput if nothing is labelled. The labels must outlive this.
  explicit BodyLabels(const LabelMap& labels);

  bool knows_skin() const { return knows_skin_; }
  TissueParts parts(const ImagePlace& place, int width, int height, unsigned threads) const;
  /// Returns where a line comes to what is not background first; nothing if it never does.
  std::optional<Point3> body_along(const Point3& through, const Vector3& direction) const;
  /// Returns, per column, the angle between the beam and the normal of the bone that begins at these rows.
  std::vector<double> bone_tilt_deg(const ImagePlace& place, const std::vector<double>& bone_px) const;
  /// Returns what a tissue's pattern and the direction of its fibres add to its echo.
  EchoPattern pattern(Tissue tissue, EchoTexture texture, const Point3& p, const Vector3& beam,
                      std::uint64_t seed) const;

 private:
  /// Calls `add(slot, weight)` for the eight voxels around a place.
  template <typename Add>
  void around(const Point3& p, const Add& add) const;
  double bone_at(const Point3& p) const;

  const LabelMap& labels_;
  std::vector<Tissue> met_;                  ///< Every tissue of the map; background first.
  std::array<std::uint8_t, 256> slot_{};     ///< Place in met_, by the tissue's number.
  std::vector<std::optional<Grain>> grain_;  ///< One a slot.
  Grain limb_;                               ///< In the middle of all that is labelled, along the limb.
  bool knows_skin_ = false;
};

}  // namespace genu::ultrasound
