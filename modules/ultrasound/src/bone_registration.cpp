// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include <opencv2/core.hpp>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/ultrasound/bone_registration.h>
#include <genu/ultrasound/calibrated_image.h>

#include "fit.h"

namespace genu::ultrasound {
namespace {

using Six = cv::Matx<double, 6, 1>;
using Square = cv::Matx<double, 6, 6>;

constexpr std::size_t least_points = 100, least_pictures = 5;
constexpr double least_matched = 0.5;
// Another place that fits to within a quarter of the mean square is as good, for all that noise tells.
constexpr double least_rival = 1.25;
constexpr double radians = 3.14159265358979323846 / 180.0;

/// The bone of one picture.
struct Seen {
  RigidTransform tracker_from_probe;
  std::vector<BonePoint> points;
  Vector3 beam;
};

std::optional<Seen> bone_of(const TrackedFrame& frame, const CoordinateFrames& always,
                            std::string_view tracker, BoneLineOptions options) {
  if (!frame.shows_image()) return std::nullopt;
  const CoordinateFrames now = at_moment(frame, always);
  const auto probe_from_image = now.find("Image", "Probe");
  const auto pose = now.find("Probe", tracker);
  const auto rigid = pose ? nearest_rigid(*pose) : std::nullopt;
  if (!probe_from_image || !rigid) return std::nullopt;
  Seen seen{*rigid, {}, normalized(probe_from_image->linear().column(1))};
  if (!options.pixel_size) options.pixel_size = pixel_size_of(*probe_from_image);
  const auto line = find_bone_line(frame.image, options);
  if (!line) return seen;
  constexpr double step_mm = 0.5;
  const int step = std::max(1, static_cast<int>(std::lround(step_mm / options.pixel_size->x_mm)));
  for (std::size_t x = 0; x < line->row_px.size(); x += static_cast<std::size_t>(step))
    if (std::isfinite(line->row_px[x])) {
      // The echo begins half a pulse before the bone's surface and is brightest at it or a little behind.
      const double row = (line->row_px[x] + line->peak_px[x]) / 2;
      seen.points.push_back({(*probe_from_image)(Point3{static_cast<double>(x), row, 0.0}),
                             std::max(1e-3, line->confidence[x]), 0});
    }
  return seen;
}

/// The fit seen from its solution: how residuals follow a small turn and shift in MRI's axes.
class Sensitivity {
 public:
  Sensitivity(const BoneSweep& sweep, const registration::PointsFit& fit) : sweep_(sweep), fit_(fit) {
    Vector3 sum;
    double weights = 0.0;
    for (std::size_t n = 0; n < sweep.points.size(); ++n) {
      sum += fit.pairs[n].weight * (place(n) - Point3{});
      weights += fit.pairs[n].weight;
    }
    centre_ = Point3{} + sum / weights;
    // The mean weight stands for the squares that a weighted sum of errors has.
    double squares = 0.0;
    for (const registration::PointPair& pair : fit.pairs) squares += pair.weight * pair.weight;
    weight_ = squares / weights;
    Square information = Square::zeros();
    for (std::size_t n = 0; n < sweep.points.size(); ++n) {
      const Six j = row(n);
      information += fit.pairs[n].weight * (j * j.t());
    }
    cv::Mat inverse;
    sound_ = cv::invert(information, inverse, cv::DECOMP_EIG) > 1e-12;
    inverse_ = inverse;
  }

  bool sound() const { return sound_; }
  const Point3& centre() const { return centre_; }

  Square covariance(const SweepUncertainty& wrong) const {
    // Residuals of one picture go together: they share its pose and its bone line.
    std::vector<Six> pulls(sweep_.tracker_from_probe.size(), Six::zeros());
    for (std::size_t n = 0; n < sweep_.points.size(); ++n)
      pulls[sweep_.points[n].picture] += fit_.pairs[n].weight * fit_.pairs[n].ahead_mm * row(n);
    Square total = Square::zeros();
    std::size_t used = 0;
    for (const Six& pull : pulls) {
      const Six change = inverse_ * pull;
      total += change * change.t();
      used += cv::norm(pull) > 0.0 ? 1 : 0;
    }
    total *= for_few(used);
    total += (wrong.patch_mm * wrong.patch_mm * points_in_patch * weight_) * inverse_;
    for_each_way(wrong, [&](double sd, const auto& moved) {
      const Six change =
          sd * (inverse_ * pull_of([&](std::size_t n) { return dot(fit_.pairs[n].normal, moved(n)); }));
      total += change * change.t();
    });
    return total;
  }

  /// By which part MRI's bone would have to grow to fit best, the place following, and its standard
  /// deviation.
  std::pair<double, double> size_error(const SweepUncertainty& wrong) const {
    const auto grown = [&](std::size_t n) {
      return dot(fit_.pairs[n].normal, fit_.pairs[n].partner - centre_);
    };
    const Six followed = inverse_ * pull_of(grown);
    std::vector<double> felt(sweep_.points.size(), 0.0), pulls(sweep_.tracker_from_probe.size(), 0.0);
    double squares = 0.0;
    for (std::size_t n = 0; n < felt.size(); ++n) {
      if (!(fit_.pairs[n].weight > 0.0)) continue;
      felt[n] = grown(n) - row(n).dot(followed);
      squares += fit_.pairs[n].weight * felt[n] * felt[n];
    }
    if (!(squares > 0.0)) return {0.0, std::numeric_limits<double>::infinity()};
    const auto change_by = [&](const auto& along) {
      double sum = 0.0;
      for (std::size_t n = 0; n < felt.size(); ++n) sum += fit_.pairs[n].weight * felt[n] * along(n);
      return sum / squares;
    };
    for (std::size_t n = 0; n < felt.size(); ++n)
      pulls[sweep_.points[n].picture] += fit_.pairs[n].weight * fit_.pairs[n].ahead_mm * felt[n] / squares;
    double variance = 0.0;
    for (const double pull : pulls) variance += pull * pull;
    variance *= for_few(static_cast<std::size_t>(
        std::count_if(pulls.begin(), pulls.end(), [](double pull) { return pull != 0.0; })));
    variance += wrong.patch_mm * wrong.patch_mm * points_in_patch * weight_ / squares;
    for_each_way(wrong, [&](double sd, const auto& moved) {
      const double change =
          sd * change_by([&](std::size_t n) { return dot(fit_.pairs[n].normal, moved(n)); });
      variance += change * change;
    });
    return {-change_by([&](std::size_t n) { return fit_.pairs[n].ahead_mm; }), std::sqrt(variance)};
  }

 private:
  // Points lie half a millimetre apart, so that twenty make a patch and are wrong together.
  static constexpr double points_in_patch = 20.0;

  /// Few clusters underrate what they tell (Cameron and Miller 2015, Journal of Human Resources 50:317).
  static double for_few(std::size_t clusters) {
    const auto n = static_cast<double>(clusters);
    return clusters > 1 ? n / (n - 1.0) : 1.0;
  }

  /// Calls `add` for each way of being wrong throughout the sweep: its size, and how it moves each point.
  template <typename Add>
  void for_each_way(const SweepUncertainty& wrong, const Add& add) const {
    for (const Vector3& axis : {Vector3{1, 0, 0}, Vector3{0, 1, 0}, Vector3{0, 0, 1}}) {
      add(wrong.calibration_position_mm, [&](std::size_t n) { return in_mri(n, axis); });
      add(wrong.calibration_rotation_deg * radians, [&](std::size_t n) {
        return in_mri(n, cross(axis, sweep_.points[n].in_probe - middle_in_probe()));
      });
    }
    const Vector3 beam = sweep_.beam_in_probe;
    add(wrong.calibration_scale, [&](std::size_t n) {
      return in_mri(n, dot(sweep_.points[n].in_probe - middle_in_probe(), beam) * beam);
    });
    add(wrong.calibration_scale, [&](std::size_t n) {
      const Vector3 v = sweep_.points[n].in_probe - middle_in_probe();
      return in_mri(n, v - dot(v, beam) * beam);
    });
    add(wrong.bone_depth_mm, [&](std::size_t n) { return in_mri(n, beam); });
    add(wrong.mesh_mm, [&](std::size_t n) { return fit_.pairs[n].normal; });
  }

  const RigidTransform& probe(std::size_t n) const {
    return sweep_.tracker_from_probe[sweep_.points[n].picture];
  }
  Point3 place(std::size_t n) const { return fit_.fixed_from_moving(probe(n)(sweep_.points[n].in_probe)); }
  Vector3 in_mri(std::size_t n, const Vector3& v) const { return fit_.fixed_from_moving(probe(n)(v)); }

  /// The image is calibrated about where its points lie.
  Point3 middle_in_probe() const {
    if (!middle_) {
      Vector3 sum;
      for (const BonePoint& p : sweep_.points) sum += p.in_probe - Point3{};
      middle_ = Point3{} + sum / static_cast<double>(sweep_.points.size());
    }
    return *middle_;
  }

  Six row(std::size_t n) const {
    const Vector3& normal = fit_.pairs[n].normal;
    const Vector3 turn = cross(place(n) - centre_, normal);
    return {turn.x, turn.y, turn.z, normal.x, normal.y, normal.z};
  }

  /// What the fit makes of it if each point moves by so much along its normal.
  template <typename Along>
  Six pull_of(const Along& along) const {
    Six pull = Six::zeros();
    for (std::size_t n = 0; n < sweep_.points.size(); ++n)
      if (fit_.pairs[n].weight > 0.0) pull += fit_.pairs[n].weight * along(n) * row(n);
    return pull;
  }

  const BoneSweep& sweep_;
  const registration::PointsFit& fit_;
  Point3 centre_;
  Square inverse_;
  double weight_ = 0.0;
  bool sound_ = false;
  mutable std::optional<Point3> middle_;
};

void require(const BoneRegistrationOptions& o) {
  const SweepUncertainty& u = o.uncertainty;
  for (const auto& [name, value] : {std::pair{"calibration_position_mm", u.calibration_position_mm},
                                    {"calibration_rotation_deg", u.calibration_rotation_deg},
                                    {"calibration_scale", u.calibration_scale},
                                    {"bone_depth_mm", u.bone_depth_mm},
                                    {"mesh_mm", u.mesh_mm},
                                    {"patch_mm", u.patch_mm},
                                    {"max_error_mm", o.max_error_mm},
                                    {"max_rms_mm", o.max_rms_mm},
                                    {"max_size_error", o.max_size_error}})
    if (!(value >= 0.0 && value <= 1e3))
      throw InvalidInput("cannot register a sweep with " + std::string(name) + " = " + std::to_string(value) +
                         "; 0 to 1000 are allowed");
}

void require_enough(const BoneSweep& sweep, std::size_t pictures) {
  if (sweep.points.size() < least_points || pictures < least_pictures)
    throw InvalidInput("cannot register the sweep: " + std::to_string(pictures) + " pictures show bone, in " +
                       std::to_string(sweep.points.size()) + " places; it takes " +
                       std::to_string(least_pictures) + " and " + std::to_string(least_points));
}

void require_one_place(const registration::PointsFit& fit, double max_rms_mm) {
  if (fit.matched_part < least_matched)
    throw InvalidInput("cannot register the sweep: only " + fixed(100 * fit.matched_part, 0) +
                       " % of the bone that it shows fits the bone of MRI");
  if (fit.rms_mm > max_rms_mm)
    throw InvalidInput(
        "cannot register the sweep: the bone that it shows fits the bone of MRI to " + fixed(fit.rms_mm, 1) +
        " mm at best (at most " + fixed(max_rms_mm, 1) +
        "); the start is too far off, it is another bone, or something else was taken for bone");
  if (fit.rival && fit.rival->cost < least_rival * fit.cost)
    throw InvalidInput("cannot register the sweep: it fits as well " + fixed(fit.rival->distance_mm, 1) +
                       " mm away (mean squares " + fixed(fit.cost, 2) + " and " + fixed(fit.rival->cost, 2) +
                       " mm2); show bone from more sides");
}

/// A fit to bone of another size may look good and yet lie millimetres off.
void require_size(const BoneRegistration& r, double max_size_error) {
  constexpr double sure = 2.5;  // Standard deviations.
  if (std::abs(r.size_error) > max_size_error && std::abs(r.size_error) > sure * r.size_error_sd)
    throw InvalidInput("cannot register the sweep: it would fit better were MRI's bone " +
                       fixed(100 * std::abs(r.size_error), 1) + " % " +
                       (r.size_error > 0.0 ? "larger" : "smaller") + " (SD " +
                       fixed(100 * r.size_error_sd, 1) +
                       " %); it is somebody else's, or the image's scale is wrong");
}

}  // namespace

BoneSweep bone_in_sweep(const TrackedSequence& sweep, const CoordinateFrames& always,
                        std::string_view tracker, const BoneLineOptions& options) {
  std::vector<std::optional<Seen>> seen(sweep.frames.size());
  parallel_for(
      seen.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f)
          seen[f] = bone_of(sweep.frames[f], always, tracker, options);
      },
      0, 1);
  BoneSweep result;
  for (const auto& picture : seen) {
    if (!picture) continue;
    result.beam_in_probe = picture->beam;
    result.without_bone += picture->points.empty() ? 1 : 0;
    for (BonePoint point : picture->points) {
      point.picture = result.tracker_from_probe.size();
      result.points.push_back(point);
    }
    result.tracker_from_probe.push_back(picture->tracker_from_probe);
  }
  if (result.tracker_from_probe.empty())
    throw InvalidInput("no picture of the sweep has sound poses from Image to Probe and from Probe to " +
                       std::string(tracker));
  return result;
}

BoneRegistration register_bone(const BoneSweep& sweep, const TriangleMesh& bone, const RigidTransform& start,
                               const BoneRegistrationOptions& options) {
  require(options);
  BoneRegistration result;
  result.points = sweep.points.size();
  result.pictures = sweep.tracker_from_probe.size() - sweep.without_bone;
  require_enough(sweep, result.pictures);
  std::vector<registration::SeenPoint> points;
  points.reserve(sweep.points.size());
  for (const BonePoint& p : sweep.points) {
    const RigidTransform& probe = sweep.tracker_from_probe[p.picture];
    points.push_back({probe(p.in_probe), probe(sweep.beam_in_probe), p.confidence});
  }
  const registration::PointsFit fit = registration::fit_points(points, bone, start, options.fit);
  require_one_place(fit, options.max_rms_mm);
  const Sensitivity sensitivity(sweep, fit);
  result.mri_from_tracker = fit.fixed_from_moving;
  result.rms_mm = fit.rms_mm;
  result.median_mm = fit.median_mm;
  result.matched_part = fit.matched_part;
  result.centre = sensitivity.centre();
  const Square covariance = sensitivity.covariance(options.uncertainty);
  for (int r = 0; r < 6; ++r)
    for (int c = 0; c < 6; ++c)
      result.covariance[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)] = covariance(r, c);
  std::tie(result.size_error, result.size_error_sd) = sensitivity.size_error(options.uncertainty);
  double squares = 0.0;
  for (const registration::SeenPoint& p : points) {
    const double error = result.predicted_error_mm(fit.fixed_from_moving(p.place));
    squares += error * error;
  }
  result.error_at_points_mm = std::sqrt(squares / static_cast<double>(points.size()));
  if (!sensitivity.sound() || !(result.error_at_points_mm <= options.max_error_mm))
    throw InvalidInput("cannot register the sweep: the bone that it shows leaves the place open by " +
                       (sensitivity.sound() ? fixed(result.error_at_points_mm, 1) + " mm" : "any distance") +
                       " (at most " + fixed(options.max_error_mm, 1) + " mm); show bone from more sides");
  require_size(result, options.max_size_error);
  return result;
}

double BoneRegistration::predicted_error_mm(const Point3& target) const {
  // A turn w about the centre and a shift t move the target by w x arm + t.
  const Vector3 arm = target - centre;
  const std::array<std::array<double, 6>, 3> move{
      {{0, arm.z, -arm.y, 1, 0, 0}, {-arm.z, 0, arm.x, 0, 1, 0}, {arm.y, -arm.x, 0, 0, 0, 1}}};
  double sum = 0.0;
  for (const auto& row : move)
    for (std::size_t a = 0; a < 6; ++a)
      for (std::size_t b = 0; b < 6; ++b) sum += row[a] * covariance[a][b] * row[b];
  // Rounding may leave a little less than nothing; what is not known stays so.
  return sum < 0.0 ? 0.0 : std::sqrt(sum);
}

}  // namespace genu::ultrasound
