// SPDX-License-Identifier: Apache-2.0
#include "body_labels.h"

#include <algorithm>
#include <limits>
#include <numbers>
#include <sstream>

#include <opencv2/imgproc.hpp>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

namespace genu::ultrasound {
namespace {

constexpr double deg_per_rad = 180.0 / std::numbers::pi;
constexpr std::size_t rows_a_block = 8;

/// Sums of the places of a tissue's voxels.
struct Moments {
  double count = 0.0;
  Vector3 sum;
  std::array<double, 6> squares{};  // xx, yy, zz, xy, xz, yz
  void add(const Point3& p) {
    count += 1.0;
    sum += p - Point3{};
    const std::array<double, 6> more{p.x * p.x, p.y * p.y, p.z * p.z, p.x * p.y, p.x * p.z, p.y * p.z};
    for (std::size_t i = 0; i < 6; ++i) squares[i] += more[i];
  }
  Point3 centroid() const { return Point3{} + sum / count; }
};

Grain grain_along(const Point3& origin, const Vector3& along, const Vector3& layers_hint) {
  Vector3 layers = layers_hint - dot(layers_hint, along) * along;
  layers = length(layers) > 1e-6 ? normalized(layers) : any_perpendicular(along);
  return {origin, along, cross(layers, along), layers};
}

/// Returns the axes along which a tissue is longest and thinnest.
Grain principal_grain(const Moments& m) {
  const Vector3 c = m.sum / m.count;
  const auto& q = m.squares;
  const auto cov = [&](std::size_t i, double a, double b) { return q[i] / m.count - a * b; };
  cv::Matx33d covariance(cov(0, c.x, c.x), cov(3, c.x, c.y), cov(4, c.x, c.z), cov(3, c.x, c.y),
                         cov(1, c.y, c.y), cov(5, c.y, c.z), cov(4, c.x, c.z), cov(5, c.y, c.z),
                         cov(2, c.z, c.z));
  cv::Vec3d values;
  cv::Matx33d vectors;
  cv::eigen(covariance, values, vectors);
  return grain_along(m.centroid(), normalized({vectors(0, 0), vectors(0, 1), vectors(0, 2)}),
                     {vectors(2, 0), vectors(2, 1), vectors(2, 2)});
}

/// Counts the voxels of each tissue. \throws InvalidInput if all are background, or a number is no tissue's
std::vector<Tissue> tissues_in(const LabelMap& labels) {
  std::array<std::size_t, 256> count{};
  for (const Tissue t : labels.voxels()) ++count[static_cast<std::size_t>(t)];
  std::vector<Tissue> met{Tissue::background};
  for (std::size_t number = 1; number < count.size(); ++number)
    if (count[number] > 0) met.push_back(info(static_cast<Tissue>(number)).tissue);
  if (met.size() == 1)
    throw InvalidInput("can't simulate ultrasound of a label map in which nothing is labelled");
  return met;
}

}  // namespace

ImagePlace image_place(const AffineTransform& patient_from_image) {
  const Matrix3& m = patient_from_image.linear();
  const Vector3 x = m.column(0), y = m.column(1);
  const double lx = length(x), ly = length(y);
  if (!(std::abs(dot(x, y)) <= 1e-3 * lx * ly)) {
    std::ostringstream text;
    text << "can't simulate an image whose rows and columns are not perpendicular: " << patient_from_image;
    throw InvalidInput(text.str());
  }
  return {patient_from_image(Point3{}), x, y, normalized(cross(x, y)), {lx, ly}};
}

BodyLabels::BodyLabels(const LabelMap& labels)
    : labels_(labels), met_(tissues_in(labels)), grain_(met_.size()) {
  for (std::size_t slot = 0; slot < met_.size(); ++slot)
    slot_[static_cast<std::size_t>(met_[slot])] = static_cast<std::uint8_t>(slot);
  std::vector<Moments> moments(met_.size());
  const ImageGeometry& grid = labels.geometry();
  const GridSize& n = grid.size();
  // Every other voxel along each axis tells where a tissue lies as well as all do, unless there are few.
  const std::int64_t stride = grid.voxel_count() > 1000000 ? 2 : 1;
  for (std::int64_t k = 0; k < n[2]; k += stride)
    for (std::int64_t j = 0; j < n[1]; j += stride)
      for (std::int64_t i = 0; i < n[0]; i += stride)
        if (const Tissue t = labels[{i, j, k}]; t != Tissue::background)
          moments[slot_[static_cast<std::size_t>(t)]].add(grid.to_patient(VoxelIndex{i, j, k}));
  Moments all;
  for (const Moments& m : moments) {
    all.count += m.count;
    all.sum += m.sum;
  }
  const auto of = [&](Tissue t) {
    return moments[slot_[static_cast<std::size_t>(t)]];
  };  // Background's are empty.
  knows_skin_ = slot_[static_cast<std::size_t>(Tissue::skin)] > 0;
  Vector3 along{0.0, 0.0, 1.0};
  const Moments thigh = of(Tissue::femur), leg = of(Tissue::tibia);
  constexpr double apart_mm = 10.0;  // Less, and the two tell no direction.
  if (thigh.count > 0.0 && leg.count > 0.0)
    if (const Vector3 up = thigh.centroid() - leg.centroid(); length(up) > apart_mm) along = normalized(up);
  limb_ = grain_along(all.count > 0.0 ? all.centroid() : grid.origin(), along, {0.0, 1.0, 0.0});
  constexpr double enough_voxels = 30.0;
  for (std::size_t slot = 1; slot < met_.size(); ++slot)
    if (moments[slot].count >= enough_voxels && acoustics_of(met_[slot]).texture == EchoTexture::fibrillar)
      grain_[slot] = principal_grain(moments[slot]);
}

template <typename Add>
void BodyLabels::around(const Point3& p, const Add& add) const {
  const ImageGeometry& grid = labels_.geometry();
  const ContinuousIndex c = grid.to_index(p);
  const double fi = std::floor(c.i), fj = std::floor(c.j), fk = std::floor(c.k);
  const VoxelIndex low{static_cast<std::int64_t>(fi), static_cast<std::int64_t>(fj),
                       static_cast<std::int64_t>(fk)};
  const std::array<double, 2> wi{1.0 - (c.i - fi), c.i - fi}, wj{1.0 - (c.j - fj), c.j - fj},
      wk{1.0 - (c.k - fk), c.k - fk};
  for (std::int64_t dk = 0; dk < 2; ++dk)
    for (std::int64_t dj = 0; dj < 2; ++dj)
      for (std::int64_t di = 0; di < 2; ++di) {
        const VoxelIndex v{low.i + di, low.j + dj, low.k + dk};
        const std::size_t slot = grid.contains(v) ? slot_[static_cast<std::size_t>(labels_[v])] : 0;
        add(slot, static_cast<float>(wi[static_cast<std::size_t>(di)] * wj[static_cast<std::size_t>(dj)] *
                                     wk[static_cast<std::size_t>(dk)]));
      }
}

TissueParts BodyLabels::parts(const ImagePlace& place, int width, int height, unsigned threads) const {
  const Vector3& spacing = labels_.geometry().spacing_mm();
  const double voxel_mm = std::cbrt(spacing.x * spacing.y * spacing.z);
  // Labels change over a voxel: half of one is fine enough to sample them at before they are smoothed.
  const auto step = [&](double pixel_mm) { return std::max(1, static_cast<int>(voxel_mm / 2.0 / pixel_mm)); };
  TissueParts parts{.step_x = step(place.pixel.x_mm), .step_y = step(place.pixel.y_mm)};
  const int columns = (width - 1) / parts.step_x + 2, rows = (height - 1) / parts.step_y + 2;
  // Labels of 0 and 1 make terraces a voxel high. Smoothing over 1.5 voxels in all directions takes most of
  // them away, and moves a border by its square over twice the mean radius of curvature: 0.03 mm where the
  // voxel has 0.5 mm and both radii are 20.
  const double smooth_mm = 1.5 * voxel_mm;
  constexpr std::array<double, 5> off{-1.5, -0.75, 0.0, 0.75, 1.5};  // Of smooth_mm, out of the plane ...
  constexpr std::array<float, 5> weight{0.11F, 0.24F, 0.30F, 0.24F,
                                        0.11F};  // ... and a Gaussian's weights there.
  std::vector<cv::Mat> of;
  for (std::size_t slot = 0; slot < met_.size(); ++slot) of.push_back(cv::Mat::zeros(rows, columns, CV_32F));
  parallel_for(
      static_cast<std::size_t>(rows),
      [&](std::size_t begin, std::size_t end) {
        for (int y = static_cast<int>(begin); y < static_cast<int>(end); ++y)
          for (int x = 0; x < columns; ++x) {
            const Point3 p = place.at(1.0 * x * parts.step_x, 1.0 * y * parts.step_y);
            for (std::size_t n = 0; n < off.size(); ++n)
              around(p + off[n] * smooth_mm * place.out,
                     [&](std::size_t slot, float part) { of[slot].at<float>(y, x) += weight[n] * part; });
          }
      },
      threads, rows_a_block);
  for (std::size_t slot = 0; slot < met_.size(); ++slot) {
    if (cv::countNonZero(of[slot]) == 0) continue;
    cv::GaussianBlur(of[slot], of[slot], {}, smooth_mm / place.pixel.x_mm / parts.step_x,
                     smooth_mm / place.pixel.y_mm / parts.step_y, cv::BORDER_REPLICATE);
    parts.tissues.push_back(met_[slot]);
    parts.of.push_back(of[slot]);
  }
  return parts;
}

std::optional<Point3> BodyLabels::body_along(const Point3& through, const Vector3& direction) const {
  const Vector3 along = normalized(direction);
  const Vector3& spacing = labels_.geometry().spacing_mm();
  const double step_mm = 0.5 * std::min({spacing.x, spacing.y, spacing.z});
  const auto body_at = [&](double t) {
    double part = 0.0;
    around(through + t * along, [&](std::size_t slot, float weight) { part += slot > 0 ? weight : 0.0F; });
    return part;
  };
  constexpr double reach_mm = 200.0;  // A limb is not thicker.
  double before = body_at(-reach_mm);
  for (double t = -reach_mm + step_mm; t <= reach_mm; t += step_mm) {
    const double now = body_at(t);
    if (before < 0.5 && now >= 0.5) return through + (t - step_mm * (now - 0.5) / (now - before)) * along;
    before = now;
  }
  return std::nullopt;
}

double BodyLabels::bone_at(const Point3& p) const {
  double part = 0.0;
  around(p, [&](std::size_t slot, float weight) { part += is_bone(met_[slot]) ? weight : 0.0F; });
  return part;
}

std::vector<double> BodyLabels::bone_tilt_deg(const ImagePlace& place,
                                              const std::vector<double>& bone_px) const {
  const Vector3& spacing = labels_.geometry().spacing_mm();
  const double reach_mm = 1.5 * std::max({spacing.x, spacing.y, spacing.z});
  const Vector3 right = normalized(place.x), down = normalized(place.y);
  std::vector<Vector3> slope(bone_px.size());
  for (std::size_t x = 0; x < bone_px.size(); ++x) {
    if (std::isnan(bone_px[x])) continue;
    const Point3 p = place.at(static_cast<double>(x), bone_px[x]);
    const auto change = [&](const Vector3& way) {
      return bone_at(p + reach_mm * way) - bone_at(p - reach_mm * way);
    };
    slope[x] = {change(right), change(down), change(place.out)};
  }
  // Labels of 0 and 1 give a rough slope at one place: over 2 mm it is that of the bone.
  const auto half = static_cast<std::size_t>(std::max(1L, std::lround(1.0 / place.pixel.x_mm)));
  std::vector<double> tilt(bone_px.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t x = 0; x < bone_px.size(); ++x) {
    if (std::isnan(bone_px[x])) continue;
    Vector3 sum;
    for (std::size_t n = x > half ? x - half : 0; n <= std::min(bone_px.size() - 1, x + half); ++n)
      sum += slope[n];
    tilt[x] =
        squared_length(sum) > 0.0 ? deg_per_rad * std::atan2(std::hypot(sum.x, sum.z), std::abs(sum.y)) : 0.0;
  }
  return tilt;
}

EchoPattern BodyLabels::pattern(Tissue tissue, EchoTexture texture, const Point3& p, const Vector3& beam,
                                std::uint64_t seed) const {
  if (texture == EchoTexture::none) return {};
  const auto& own = grain_[slot_[static_cast<std::size_t>(tissue)]];
  const Vector3 fibre = own ? own->along : limb_.along;
  Vector3 q;
  if (own) {
    q = own->coordinates(p);
  } else {
    // Around the limb, so that layers follow its outline; the seam lies behind.
    const Vector3 c = limb_.coordinates(p);
    constexpr double typical_radius_mm = 45.0;
    q = {c.x, typical_radius_mm * std::atan2(c.y, -c.z), std::hypot(c.y, c.z)};
  }
  EchoPattern pattern = pattern_at(texture, q, seed + 16U * static_cast<std::uint64_t>(tissue));
  pattern.backscatter_db += anisotropy_db(texture, std::abs(90.0 - angle_deg(fibre, beam)));
  return pattern;
}

}  // namespace genu::ultrasound
