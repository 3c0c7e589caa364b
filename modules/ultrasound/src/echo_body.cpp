// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include <genu/core/parallel.h>
#include <genu/ultrasound/simulate.h>

#include "body_labels.h"
#include "echo_field.h"
#include "lattice_noise.h"
#include "tissue_acoustics.h"

namespace genu::ultrasound {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t rows_a_block = 8;

/// Fills in the scatterers of the places that pixels look at, through the thickness of the slice.
void add_scatterers(AcousticPlane& plane, const ImagePlace& place, const SimulationOptions& o) {
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
      in_cells(place.at(0.0, 0.0) - half * step_mm * place.out - Point3{}) + Vector3{far, far, far};
  const Vector3 dx = in_cells(place.x), dy = in_cells(place.y), out = in_cells(step_mm * place.out);
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

FrameTruth truth_in(const TissueParts& parts, const PixelSize& pixel, int width, int height, bool knows_skin,
                    const SimulationOptions& o) {
  const auto columns = static_cast<std::size_t>(width);
  const std::vector<double> none(columns, nan);
  FrameTruth truth{.bone_px = none,
                   .cartilage_px = none,
                   .skin_px = std::vector<double>(columns, 0.0),
                   .contact = std::vector<std::uint8_t>(columns, 1),
                   .pixel = pixel};
  const auto column_truth = [&](std::size_t x) {
    const auto first = [&](auto&& belongs) {
      return first_row(height, [&](int y) {
        double part = 0.0;
        for (std::size_t t = 0; t < parts.tissues.size(); ++t)
          if (belongs(parts.tissues[t])) part += parts.at(t, static_cast<double>(x), y);
        return part;
      });
    };
    if (knows_skin) {
      truth.skin_px[x] = first([](Tissue t) { return t != Tissue::background; });
      truth.contact[x] =
          truth.skin_px[x] * pixel.y_mm <= o.max_gel_mm ? 1 : 0;  // Not where there is no skin.
      if (truth.contact[x] == 0) return;
    }
    truth.bone_px[x] = first(is_bone);
    const double edge = first(is_cartilage);
    if (edge < truth.bone_px[x]) truth.cartilage_px[x] = edge;
  };
  parallel_for(
      columns,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t x = begin; x < end; ++x) column_truth(x);
      },
      o.threads, rows_a_block);
  return truth;
}

/// Mixes what is at a pixel into an echo level, an attenuation and an impedance.
class PixelMixer {
 public:
  PixelMixer(const BodyLabels& labels, const TissueParts& parts, const ImagePlace& place,
             const FrameTruth& truth, const SimulationOptions& options)
      : labels_(labels),
        parts_(parts),
        place_(place),
        truth_(truth),
        options_(options),
        beam_(normalized(place.y)) {
    for (const Tissue t : parts.tissues) acoustics_.push_back(acoustics_of(t));
  }

  void fill_row(AcousticPlane& plane, int y) const {
    const Acoustics bone = acoustics_of(Tissue::femur);
    std::vector<double> part(parts_.tissues.size());
    const auto columns = static_cast<std::size_t>(plane.width);
    for (std::size_t x = 0; x < columns; ++x) {
      const std::size_t i = static_cast<std::size_t>(y) * columns + x;
      if (y > truth_.bone_px[x]) {
        plane.backscatter_db[i] = bone.backscatter_db;
        plane.attenuation_db_cm_mhz[i] = bone.attenuation_db_cm_mhz;
      } else {
        mix(plane, i, static_cast<double>(x), y, part);
      }
    }
  }

 private:
  Acoustics at(std::size_t tissue, double column, double row) const {
    if (parts_.tissues[tissue] != Tissue::background) return acoustics_[tissue];
    if (labels_.knows_skin())
      return row < truth_.skin_px[static_cast<std::size_t>(column)] ? acoustics_of_gel() : acoustics_[tissue];
    constexpr double skin_mm = 1.5;  // Over the knee, with the epidermis.
    const double deep_mm = row * place_.pixel.y_mm;
    if (deep_mm >= options_.assumed_fat_mm) return acoustics_[tissue];
    return acoustics_of(deep_mm < skin_mm ? Tissue::skin : Tissue::fat);
  }

  void mix(AcousticPlane& plane, std::size_t i, double column, double row, std::vector<double>& part) const {
    double total = 0.0;
    for (std::size_t t = 0; t < part.size(); ++t) {
      const double p = is_bone(parts_.tissues[t]) ? 0.0 : parts_.at(t, column, row);
      part[t] = std::pow(p, 8.0);  // Sharpens what the smoothing of labels has blurred.
      total += part[t];
    }
    if (total < 1e-12) return;
    double power = 0.0, attenuation = 0.0, log_z = 0.0;
    const Point3 p = place_.at(column, row);
    for (std::size_t t = 0; t < part.size(); ++t) {
      const double share = part[t] / total;
      if (share < 0.01) continue;
      const Acoustics a = at(t, column, row);
      const EchoPattern pattern = labels_.pattern(parts_.tissues[t], a.texture, p, beam_, options_.seed);
      const double db = a.backscatter_db + pattern.backscatter_db;
      power += share * std::pow(10.0, db / 10.0);
      attenuation += share * a.attenuation_db_cm_mhz;
      log_z += share * (std::log(a.impedance_mrayl) + pattern.log_impedance);
    }
    plane.backscatter_db[i] = static_cast<float>(10.0 * std::log10(power));
    plane.attenuation_db_cm_mhz[i] = static_cast<float>(attenuation);
    plane.impedance_mrayl[i] = static_cast<float>(std::exp(log_z));
  }

  const BodyLabels& labels_;
  const TissueParts& parts_;
  const ImagePlace& place_;
  const FrameTruth& truth_;
  const SimulationOptions& options_;
  Vector3 beam_;
  std::vector<Acoustics> acoustics_;
};

/// Carries the impedance above bone on below it, where nothing has a border of its own.
void carry_impedance_into_bone(AcousticPlane& plane) {
  const auto columns = static_cast<std::size_t>(plane.width);
  for (int y = 1; y < plane.height; ++y)
    for (std::size_t x = 0; x < columns; ++x)
      if (y > plane.bone_px[x]) {
        const std::size_t i = static_cast<std::size_t>(y) * columns + x;
        plane.impedance_mrayl[i] = plane.impedance_mrayl[i - columns];
      }
}

SimulatedNeedle in_image(const PlacedNeedle& needle, const ImagePlace& place,
                         const AffineTransform& patient_from_image) {
  const AffineTransform image_from_patient = patient_from_image.inverse();
  // Seen from across the plane, whichever way the third axis of the image leans.
  const auto pixel_of = [&](const Point3& p) {
    const Point3 in_plane = image_from_patient(p - place.out_of_plane_mm(p) * place.out);
    return PixelPoint{in_plane.x, in_plane.y};
  };
  SimulatedNeedle drawn{.entry = pixel_of(needle.entry),
                        .tip = pixel_of(needle.tip),
                        .diameter_mm = needle.diameter_mm,
                        .bend_mm = needle.bend_mm,
                        .entry_out_of_plane_mm = place.out_of_plane_mm(needle.entry),
                        .tip_out_of_plane_mm = place.out_of_plane_mm(needle.tip)};
  const double seen_px = std::hypot(drawn.tip.x - drawn.entry.x, drawn.tip.y - drawn.entry.y);
  if (seen_px >= 1.0 || !(distance(needle.entry, needle.tip) > 0.0)) return drawn;
  // Straight across the plane it is a dot where it crosses, or nothing if it ends before.
  const double from = drawn.entry_out_of_plane_mm, to = drawn.tip_out_of_plane_mm;
  const double off = from * to <= 0.0 ? 0.0 : std::abs(from) < std::abs(to) ? from : to;
  drawn.entry = {drawn.tip.x - 1.0, drawn.tip.y};
  drawn.entry_out_of_plane_mm = drawn.tip_out_of_plane_mm = off;
  drawn.bend_mm = 0.0;
  drawn.bevel = false;
  return drawn;
}

}  // namespace

struct EchoBody::Representation {
  BodyLabels labels;
};

EchoBody::EchoBody(const LabelMap& labels)
    : representation_(std::make_unique<const Representation>(Representation{BodyLabels(labels)})) {}
EchoBody::~EchoBody() = default;
EchoBody::EchoBody(EchoBody&&) noexcept = default;
EchoBody& EchoBody::operator=(EchoBody&&) noexcept = default;

std::optional<Point3> EchoBody::skin_along(const Point3& through, const Vector3& into_body) const {
  const BodyLabels& labels = representation_->labels;
  return labels.knows_skin() ? labels.body_along(through, into_body) : std::nullopt;
}

SeenPlane EchoBody::plane(const AffineTransform& patient_from_image, int width, int height,
                          const SimulationOptions& options) const {
  check(options);
  const BodyLabels& labels = representation_->labels;
  const ImagePlace place = image_place(patient_from_image);
  SeenPlane seen{.plane = tissue_plane(Tissue::muscle, width, height, place.pixel, {.texture = 0.0})};
  const TissueParts parts = labels.parts(place, width, height, options.threads);
  seen.truth = truth_in(parts, place.pixel, width, height, labels.knows_skin(), options);
  seen.plane.contact = seen.truth.contact;
  seen.plane.bone_px = seen.truth.bone_px;
  seen.plane.bone_tilt_deg = labels.bone_tilt_deg(place, seen.truth.bone_px);
  const PixelMixer mixer(labels, parts, place, seen.truth, options);
  parallel_for(
      static_cast<std::size_t>(height),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y) mixer.fill_row(seen.plane, static_cast<int>(y));
      },
      options.threads, rows_a_block);
  carry_impedance_into_bone(seen.plane);
  add_scatterers(seen.plane, place, options);
  return seen;
}

SimulatedFrame EchoBody::frame(const AffineTransform& patient_from_image, int width, int height,
                               const SimulationOptions& options,
                               std::span<const PlacedNeedle> needles) const {
  SeenPlane seen = plane(patient_from_image, width, height, options);
  const ImagePlace place = image_place(patient_from_image);
  for (const PlacedNeedle& needle : needles)
    seen.truth.needles.push_back(in_image(needle, place, patient_from_image));
  // The receiver's noise is another one in each frame, and the same in the same place.
  const Vector3& t = patient_from_image.translation();
  const auto micrometres = [](double mm) { return static_cast<std::int64_t>(std::llround(mm * 1e3)); };
  const std::uint64_t noise_seed =
      cell_hash(micrometres(t.x), micrometres(t.y), micrometres(t.z), options.seed);
  SimulatedFrame result{.image = image_of(seen.plane, seen.truth.needles, options, noise_seed)};
  result.truth = std::move(seen.truth);
  return result;
}

SimulatedFrame simulate_frame(const LabelMap& labels, const AffineTransform& patient_from_image, int width,
                              int height, const SimulationOptions& options,
                              std::span<const PlacedNeedle> needles) {
  return EchoBody(labels).frame(patient_from_image, width, height, options, needles);
}

}  // namespace genu::ultrasound
