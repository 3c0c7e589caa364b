// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <optional>
#include <sstream>

#include <opencv2/imgproc.hpp>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/ultrasound/simulate.h>

#include "echo_field.h"
#include "lattice_noise.h"
#include "tissue_acoustics.h"

namespace genu::ultrasound {
namespace {

constexpr std::size_t tissue_count = 41;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double deg_per_rad = 180.0 / std::numbers::pi;
constexpr std::size_t rows_a_block = 8;

/// Axes of a tissue's pattern: along its fibres, across them, across its layers.
struct Grain {
  Point3 origin;
  Vector3 along{0, 0, 1}, across{1, 0, 0}, layers{0, 1, 0};
  Vector3 coordinates(const Point3& p) const {
    const Vector3 v = p - origin;
    return {dot(v, along), dot(v, across), dot(v, layers)};
  }
};

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

struct Pose {
  Point3 origin;
  Vector3 x, y, out;  ///< x and y: to the next pixel; out: unit, across the image.
  PixelSize pixel;
  Point3 at(double column, double row) const { return origin + column * x + row * y; }
};

Pose pose_of(const AffineTransform& patient_from_image) {
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

/// Labels around the points of a coarse grid in the image: for each tissue there, how much of a pixel is it.
struct Parts {
  int step_x = 1, step_y = 1;
  std::vector<Tissue> tissues = {};
  std::vector<cv::Mat> of = {};  ///< CV_32F, one a tissue; they add up to 1.
};

float at(const cv::Mat& coarse, double x, double y) {
  const int xi = std::min(static_cast<int>(x), coarse.cols - 2),
            yi = std::min(static_cast<int>(y), coarse.rows - 2);
  const auto u = static_cast<float>(x - xi), v = static_cast<float>(y - yi);
  const float* const a = coarse.ptr<float>(yi) + xi;
  const float* const b = coarse.ptr<float>(yi + 1) + xi;
  const float top = a[0] + u * (a[1] - a[0]), low = b[0] + u * (b[1] - b[0]);
  return top + v * (low - top);
}

}  // namespace

struct EchoBody::Representation {
  const LabelMap& labels;
  bool knows_skin = false;
  Grain limb;  ///< `along` the limb; its origin is in the middle.
  std::array<std::optional<Grain>, tissue_count> grain_of;

  explicit Representation(const LabelMap& l) : labels(l) {}

  Tissue label(std::int64_t i, std::int64_t j, std::int64_t k) const {
    return labels.geometry().contains({i, j, k}) ? labels[{i, j, k}] : Tissue::background;
  }
  void look_through();
  /// Calls `add(tissue, weight)` for the eight voxels around a place.
  template <typename Add>
  void around(const Point3& p, const Add& add) const;
  Parts parts(const Pose& pose, int width, int height, unsigned threads) const;
  double bone_at(const Point3& p) const;
  std::vector<double> bone_tilt(const Pose& pose, const std::vector<double>& bone_px) const;
  float pattern_db(Tissue tissue, EchoTexture texture, const Point3& p, const Vector3& beam,
                   std::uint64_t seed) const;
};

void EchoBody::Representation::look_through() {
  std::array<Moments, tissue_count> moments;
  const ImageGeometry& grid = labels.geometry();
  const GridSize& n = grid.size();
  // Every other voxel along each axis tells where a tissue lies as well as all do, unless there are few.
  const std::int64_t stride = grid.voxel_count() > 1000000 ? 2 : 1;
  for (std::int64_t k = 0; k < n[2]; k += stride)
    for (std::int64_t j = 0; j < n[1]; j += stride)
      for (std::int64_t i = 0; i < n[0]; i += stride)
        if (const Tissue t = labels[{i, j, k}]; t != Tissue::background) {
          info(t);  // Refuses numbers that are no tissue's.
          moments[static_cast<std::size_t>(t)].add(grid.to_patient(VoxelIndex{i, j, k}));
        }
  Moments all;
  for (const Moments& m : moments) {
    all.count += m.count;
    all.sum += m.sum;
  }
  if (all.count == 0.0)
    throw InvalidInput("can't simulate ultrasound of a label map in which nothing is labelled");
  const auto of = [&](Tissue t) -> const Moments& { return moments[static_cast<std::size_t>(t)]; };
  knows_skin = of(Tissue::skin).count > 0.0;
  Vector3 along{0.0, 0.0, 1.0};
  if (of(Tissue::femur).count > 0.0 && of(Tissue::tibia).count > 0.0)
    if (const Vector3 up = of(Tissue::femur).centroid() - of(Tissue::tibia).centroid(); length(up) > 10.0)
      along = normalized(up);
  limb = grain_along(all.centroid(), along, {0.0, 1.0, 0.0});
  for (std::size_t t = 1; t < tissue_count; ++t)
    if (moments[t].count >= 30.0 && acoustics_of(static_cast<Tissue>(t)).texture == EchoTexture::fibrillar)
      grain_of[t] = principal_grain(moments[t]);
}

template <typename Add>
void EchoBody::Representation::around(const Point3& p, const Add& add) const {
  const ContinuousIndex c = labels.geometry().to_index(p);
  const double fi = std::floor(c.i), fj = std::floor(c.j), fk = std::floor(c.k);
  const auto i = static_cast<std::int64_t>(fi), j = static_cast<std::int64_t>(fj),
             k = static_cast<std::int64_t>(fk);
  const std::array<double, 2> wi{1.0 - (c.i - fi), c.i - fi}, wj{1.0 - (c.j - fj), c.j - fj},
      wk{1.0 - (c.k - fk), c.k - fk};
  for (std::size_t dk = 0; dk < 2; ++dk)
    for (std::size_t dj = 0; dj < 2; ++dj)
      for (std::size_t di = 0; di < 2; ++di)
        add(label(i + static_cast<std::int64_t>(di), j + static_cast<std::int64_t>(dj),
                  k + static_cast<std::int64_t>(dk)),
            static_cast<float>(wi[di] * wj[dj] * wk[dk]));
}

Parts EchoBody::Representation::parts(const Pose& pose, int width, int height, unsigned threads) const {
  const Vector3& spacing = labels.geometry().spacing_mm();
  const double voxel_mm = std::cbrt(spacing.x * spacing.y * spacing.z);
  // Labels change over a voxel: half of one is fine enough to sample them at before they are smoothed.
  const auto step = [&](double pixel_mm) { return std::max(1, static_cast<int>(voxel_mm / 2.0 / pixel_mm)); };
  Parts parts{.step_x = step(pose.pixel.x_mm), .step_y = step(pose.pixel.y_mm)};
  const auto columns = static_cast<std::size_t>((width - 1) / parts.step_x + 2);
  const auto rows = static_cast<std::size_t>((height - 1) / parts.step_y + 2);
  // Labels of 0 and 1 make terraces a voxel high. Smoothing over 1.5 voxels in all directions takes most of
  // them away, and moves a border by its square over the radius of curvature: 0.03 mm where the voxel has 0.5
  // mm and the radius is 20.
  const double smooth_mm = voxel_mm;
  constexpr std::array<double, 5> off{-1.5, -0.75, 0.0, 0.75, 1.5};  // Of smooth_mm, out of the plane ...
  constexpr std::array<float, 5> weight{0.135F, 0.235F, 0.26F, 0.235F,
                                        0.135F};  // ... and near a Gaussian's weights.
  std::vector<std::array<float, tissue_count>> seen(columns * rows);
  parallel_for(
      rows,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin * columns; i < end * columns; ++i) {
          const Point3 p = pose.at(static_cast<double>(i % columns) * parts.step_x,
                                   static_cast<double>(i / columns) * parts.step_y);
          for (std::size_t n = 0; n < off.size(); ++n)
            around(p + off[n] * smooth_mm * pose.out,
                   [&](Tissue t, float part) { seen[i][static_cast<std::size_t>(t)] += weight[n] * part; });
        }
      },
      threads, rows_a_block);
  for (std::size_t t = 0; t < tissue_count; ++t) {
    cv::Mat of(static_cast<int>(rows), static_cast<int>(columns), CV_32F);
    float most = 0.0F;
    for (std::size_t i = 0; i < seen.size(); ++i) most = std::max(most, of.ptr<float>()[i] = seen[i][t]);
    if (most == 0.0F) continue;
    cv::GaussianBlur(of, of, {}, smooth_mm / pose.pixel.x_mm / parts.step_x,
                     smooth_mm / pose.pixel.y_mm / parts.step_y, cv::BORDER_REPLICATE);
    parts.tissues.push_back(static_cast<Tissue>(t));
    parts.of.push_back(of);
  }
  return parts;
}

double EchoBody::Representation::bone_at(const Point3& p) const {
  double part = 0.0;
  around(p, [&](Tissue t, float weight) { part += is_bone(t) ? weight : 0.0F; });
  return part;
}

std::vector<double> EchoBody::Representation::bone_tilt(const Pose& pose,
                                                        const std::vector<double>& bone_px) const {
  const Vector3& spacing = labels.geometry().spacing_mm();
  const double reach_mm = 1.5 * std::max({spacing.x, spacing.y, spacing.z});
  const Vector3 right = normalized(pose.x), down = normalized(pose.y);
  std::vector<Vector3> slope(bone_px.size());
  const auto columns = static_cast<int>(bone_px.size());
  for (int x = 0; x < columns; ++x) {
    if (std::isnan(bone_px[static_cast<std::size_t>(x)])) continue;
    const Point3 p = pose.at(x, bone_px[static_cast<std::size_t>(x)]);
    const auto change = [&](const Vector3& way) {
      return bone_at(p + reach_mm * way) - bone_at(p - reach_mm * way);
    };
    slope[static_cast<std::size_t>(x)] = {change(right), change(down), change(pose.out)};
  }
  // Labels of 0 and 1 give a rough slope at one place: over 2 mm it is that of the bone.
  const int half = std::max(1, static_cast<int>(std::lround(1.0 / pose.pixel.x_mm)));
  std::vector<double> tilt(bone_px.size(), nan);
  for (int x = 0; x < columns; ++x) {
    if (std::isnan(bone_px[static_cast<std::size_t>(x)])) continue;
    Vector3 sum;
    for (int n = std::max(0, x - half); n <= std::min(columns - 1, x + half); ++n)
      sum += slope[static_cast<std::size_t>(n)];
    tilt[static_cast<std::size_t>(x)] =
        squared_length(sum) > 0.0 ? deg_per_rad * std::atan2(std::hypot(sum.x, sum.z), std::abs(sum.y)) : 0.0;
  }
  return tilt;
}

float EchoBody::Representation::pattern_db(Tissue tissue, EchoTexture texture, const Point3& p,
                                           const Vector3& beam, std::uint64_t seed) const {
  const auto& own = grain_of[static_cast<std::size_t>(tissue)];
  const Vector3 fibre = own ? own->along : limb.along;
  Vector3 q;
  if (own) {
    q = own->coordinates(p);
  } else {
    // Around the limb, so that layers follow its outline; the seam lies behind.
    const Vector3 c = limb.coordinates(p);
    constexpr double typical_radius_mm = 45.0;
    q = {c.x, typical_radius_mm * std::atan2(c.y, -c.z), std::hypot(c.y, c.z)};
  }
  return texture_db(texture, q, seed + 16U * static_cast<std::uint64_t>(tissue)) +
         anisotropy_db(texture, std::abs(90.0 - angle_deg(fibre, beam)));
}

EchoBody::EchoBody(const LabelMap& labels) {
  auto body = std::make_unique<Representation>(labels);
  body->look_through();
  representation_ = std::move(body);
}
EchoBody::~EchoBody() = default;
EchoBody::EchoBody(EchoBody&&) noexcept = default;
EchoBody& EchoBody::operator=(EchoBody&&) noexcept = default;

namespace {

/// Fills in the scatterers of the places that pixels look at, through the thickness of the slice.
void add_scatterers(AcousticPlane& plane, const Pose& pose, const SimulationOptions& o) {
  // Cells are finer than the pulse is long at any frequency in use, and steps through the slice finer than
  // cells.
  constexpr double cell_mm = 0.16, step_mm = 0.1;
  // Cells lie askew to the patient's axes, along which grids and probes like to lie: turned by 1 radian about
  // (1, 2, 3), so that no row of pixels runs along their walls.
  static const RigidTransform askew = RigidTransform::rotation_about({}, {1.0, 2.0, 3.0}, 57.29578);
  const double sd_mm = o.slice_mm / 2.3548;
  const int half = static_cast<int>(std::ceil(2.0 * sd_mm / step_mm));
  std::vector<float> weight;
  double energy = 0.0;
  for (int n = -half; n <= half; ++n) {
    const double off = n * step_mm;
    weight.push_back(half == 0 ? 1.0F : static_cast<float>(std::exp(-0.5 * off * off / (sd_mm * sd_mm))));
  }
  for (std::size_t n = 0; n < weight.size(); ++n)
    for (std::size_t m = 0; m < weight.size(); ++m) {
      const double apart = step_mm * std::abs(static_cast<double>(n) - static_cast<double>(m));
      energy += static_cast<double>(weight[n]) * static_cast<double>(weight[m]) *
                std::max(0.0, 1.0 - apart / cell_mm);
    }
  for (float& w : weight) w /= static_cast<float>(std::sqrt(energy));
  const auto in_cells = [&](const Vector3& v) { return askew(v) / cell_mm; };
  // Added so that all is positive, where cutting off is rounding down, and much the quicker.
  constexpr double far = 1 << 24;
  const Vector3 origin =
      in_cells(pose.at(0.0, 0.0) - half * step_mm * pose.out - Point3{}) + Vector3{far, far, far};
  const Vector3 dx = in_cells(pose.x), dy = in_cells(pose.y), out = in_cells(step_mm * pose.out);
  plane.scatterer_mm = cell_mm;
  plane.scatterers.resize(plane.pixel_count());
  parallel_for(
      static_cast<std::size_t>(plane.height),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y)
          for (std::size_t x = 0; x < static_cast<std::size_t>(plane.width); ++x) {
            const Vector3 first = origin + static_cast<double>(x) * dx + static_cast<double>(y) * dy;
            std::complex<float> sum{};
            for (std::size_t n = 0; n < weight.size(); ++n) {
              const Vector3 c = first + static_cast<double>(n) * out;
              sum += weight[n] *
                     gaussian_of(cell_hash(static_cast<std::int64_t>(c.x), static_cast<std::int64_t>(c.y),
                                           static_cast<std::int64_t>(c.z), o.seed));
            }
            plane.scatterers[y * static_cast<std::size_t>(plane.width) + x] = sum;
          }
      },
      o.threads, rows_a_block);
}

/// Returns the row where something that fills `part_at(row)` of a pixel begins: half of it.
template <typename PartAt>
double first_row(int height, const PartAt& part_at) {
  double before = part_at(0);
  if (before >= 0.5) return 0.0;
  for (int y = 1; y < height; ++y) {
    const double now = part_at(y);
    if (now >= 0.5) return y - 1 + (0.5 - before) / (now - before);
    before = now;
  }
  return nan;
}

}  // namespace

AcousticPlane EchoBody::plane(const AffineTransform& patient_from_image, int width, int height,
                              const SimulationOptions& o, FrameTruth& truth) const {
  const Representation& body = *representation_;
  const Pose pose = pose_of(patient_from_image);
  check(o);
  AcousticPlane plane = tissue_plane(Tissue::muscle, width, height, pose.pixel, {.texture = 0.0});
  const Parts parts = body.parts(pose, width, height, o.threads);
  const Vector3 beam = normalized(pose.y);
  const std::size_t tissues = parts.tissues.size();
  std::vector<Acoustics> acoustics;
  for (const Tissue t : parts.tissues) acoustics.push_back(acoustics_of(t));
  const auto columns = static_cast<std::size_t>(width);
  truth = {.bone_px = std::vector<double>(columns, nan),
           .cartilage_px = std::vector<double>(columns, nan),
           .skin_px = std::vector<double>(columns, nan),
           .contact = std::vector<std::uint8_t>(columns, 1),
           .pixel = pose.pixel};
  const auto sum_at = [&](double x, double y, auto&& belongs) {
    double part = 0.0;
    for (std::size_t t = 0; t < tissues; ++t)
      if (belongs(parts.tissues[t])) part += at(parts.of[t], x / parts.step_x, y / parts.step_y);
    return part;
  };
  parallel_for(
      columns,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin; x < end; ++x) {
          const auto first = [&](auto&& belongs) {
            return first_row(height, [&](int y) { return sum_at(static_cast<double>(x), y, belongs); });
          };
          const auto in_body = [](Tissue t) { return t != Tissue::background; };
          truth.skin_px[x] = body.knows_skin ? first(in_body) : 0.0;
          const double gap_mm = std::isnan(truth.skin_px[x]) ? std::numeric_limits<double>::infinity()
                                                             : truth.skin_px[x] * pose.pixel.y_mm;
          truth.contact[x] = gap_mm <= o.max_gel_mm ? 1 : 0;
          if (truth.contact[x] == 0) continue;
          truth.bone_px[x] = first(is_bone);
          const double edge = first(is_cartilage);
          if (!std::isnan(truth.bone_px[x]) && edge < truth.bone_px[x]) truth.cartilage_px[x] = edge;
        }
      },
      o.threads, rows_a_block);
  plane.contact = truth.contact;
  plane.bone_px = truth.bone_px;
  plane.bone_tilt_deg = body.bone_tilt(pose, plane.bone_px);
  const Acoustics gel = acoustics_of_gel(), bone = acoustics_of(Tissue::femur),
                  skin = acoustics_of(Tissue::skin), fat = acoustics_of(Tissue::fat);
  parallel_for(
      static_cast<std::size_t>(height),
      [&](std::size_t begin, std::size_t end) {
        std::vector<double> part(tissues);
        for (std::size_t y = begin; y < end; ++y)
          for (std::size_t x = 0; x < columns; ++x) {
            const std::size_t i = y * columns + x;
            const auto row = static_cast<double>(y);
            if (row > plane.bone_px[x]) {
              plane.backscatter_db[i] = bone.backscatter_db;
              plane.attenuation_db_cm_mhz[i] = bone.attenuation_db_cm_mhz;
              continue;
            }
            double total = 0.0;
            for (std::size_t t = 0; t < tissues; ++t) {
              part[t] = 0.0;
              if (is_bone(parts.tissues[t])) continue;
              const double p = at(parts.of[t], static_cast<double>(x) / parts.step_x, row / parts.step_y);
              part[t] = p * p * p * p;  // Sharpens what the smoothing of labels has blurred.
              total += part[t];
            }
            if (total < 1e-12) continue;
            double power = 0.0, attenuation = 0.0, log_z = 0.0;
            const Point3 place = pose.at(static_cast<double>(x), row);
            for (std::size_t t = 0; t < tissues; ++t) {
              const double w = part[t] / total;
              if (w < 0.01) continue;
              Acoustics a = acoustics[t];
              if (parts.tissues[t] == Tissue::background) {
                if (body.knows_skin && row < truth.skin_px[x]) a = gel;
                if (!body.knows_skin) {
                  constexpr double skin_mm = 1.5;
                  const double deep_mm = row * pose.pixel.y_mm;
                  if (deep_mm < o.assumed_fat_mm) a = deep_mm < skin_mm ? skin : fat;
                }
              }
              const double db =
                  a.backscatter_db + body.pattern_db(parts.tissues[t], a.texture, place, beam, o.seed);
              power += w * std::exp2(db * (3.3219281 / 10.0));
              attenuation += w * a.attenuation_db_cm_mhz;
              log_z += w * std::log(a.impedance_mrayl);
            }
            plane.backscatter_db[i] = static_cast<float>(10.0 * std::log10(power));
            plane.attenuation_db_cm_mhz[i] = static_cast<float>(attenuation);
            plane.impedance_mrayl[i] = static_cast<float>(std::exp(log_z));
          }
      },
      o.threads, rows_a_block);
  // Below the bone nothing has a border of its own.
  for (std::size_t i = columns; i < plane.pixel_count(); ++i)
    if (static_cast<double>(i / columns) > plane.bone_px[i % columns])
      plane.impedance_mrayl[i] = plane.impedance_mrayl[i - columns];
  add_scatterers(plane, pose, o);
  return plane;
}

SimulatedFrame EchoBody::frame(const AffineTransform& patient_from_image, int width, int height,
                               const SimulationOptions& options,
                               std::span<const PlacedNeedle> needles) const {
  SimulatedFrame result;
  const AcousticPlane seen = plane(patient_from_image, width, height, options, result.truth);
  const AffineTransform image_from_patient = patient_from_image.inverse();
  const Pose pose = pose_of(patient_from_image);
  for (const PlacedNeedle& n : needles) {
    // Seen from across the plane, whichever way the third axis of the image leans.
    const auto in_image = [&](const Point3& p) {
      return image_from_patient(p - dot(p - pose.origin, pose.out) * pose.out);
    };
    const Point3 entry = in_image(n.entry), tip = in_image(n.tip);
    result.truth.needles.push_back({.entry = {entry.x, entry.y},
                                    .tip = {tip.x, tip.y},
                                    .diameter_mm = n.diameter_mm,
                                    .bend_mm = n.bend_mm,
                                    .entry_out_of_plane_mm = dot(n.entry - pose.origin, pose.out),
                                    .tip_out_of_plane_mm = dot(n.tip - pose.origin, pose.out)});
  }
  // The receiver's noise is another one in each frame, and the same in the same place.
  const Vector3& t = patient_from_image.translation();
  const auto micrometres = [](double mm) { return static_cast<std::int64_t>(std::llround(mm * 1e3)); };
  const std::uint64_t noise_seed =
      cell_hash(micrometres(t.x), micrometres(t.y), micrometres(t.z), options.seed);
  result.image = image_of(seen, result.truth.needles, options, noise_seed);
  return result;
}

SimulatedFrame simulate_frame(const LabelMap& labels, const AffineTransform& patient_from_image, int width,
                              int height, const SimulationOptions& options,
                              std::span<const PlacedNeedle> needles) {
  return EchoBody(labels).frame(patient_from_image, width, height, options, needles);
}

}  // namespace genu::ultrasound
