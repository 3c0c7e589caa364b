// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <sstream>

#include <genu/core/error.h>
#include <genu/planning/chance.h>

#include "draws.h"

namespace genu::planning {
namespace {

constexpr double degree = std::numbers::pi / 180.0;
constexpr double z_95 = 1.959963984540054;
// Bone farther off than this many standard deviations of the error is not met: 1 in 16000.
constexpr double far_sd = 4.0;

/// Returns 53 random bits as a number above 0 and below 1.
double uniform(std::mt19937_64& random) {
  return (static_cast<double>(random() >> 11) + 0.5) * 0x1.0p-53;
}

/// Two independent standard normal numbers (Box and Muller 1958, Annals of Mathematical Statistics 29:610).
std::array<double, 2> normal_pair(std::mt19937_64& random) {
  const double radius = std::sqrt(-2.0 * std::log(uniform(random)));
  const double angle = 2.0 * std::numbers::pi * uniform(random);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

Vector3 in_patient(const KneeFrame& f, const Vector3& v) {
  return v.x * f.lateral + v.y * f.anterior + v.z * f.proximal;
}

/// Two unit vectors across the needle, that turn with it in the knee's axes.
std::array<Vector3, 2> across(const Vector3& needle, const KneeFrame& frame) {
  const Vector3 reference = std::abs(dot(needle, frame.proximal)) < 0.9 ? frame.proximal : frame.anterior;
  const Vector3 first = normalized(reference - dot(reference, needle) * needle);
  // Not their cross product: it would not mirror with the knee. What is left of the most distant axis does.
  const Vector3 other = std::abs(dot(needle, frame.lateral)) < 0.9 ? frame.lateral : frame.anterior;
  const Vector3 rest = other - dot(other, needle) * needle - dot(other, first) * first;
  if (length(rest) > 1e-6) return {first, normalized(rest)};
  return {first, normalized(cross(needle, first))};
}

void require(bool ok, const char* what, double value) {
  if (ok) return;
  std::ostringstream message;
  message << "cannot estimate a chance: " << what << " is " << value;
  throw InvalidInput(message.str());
}

}  // namespace

Draws::Draws(const ErrorModel& errors) {
  check(errors);
  std::mt19937_64 random(errors.seed);
  const double image_sd = std::hypot(errors.segmentation_sd_mm, errors.registration_sd_mm);
  all_.reserve(errors.samples);
  for (unsigned n = 0; n < errors.samples; ++n) {
    const auto a = normal_pair(random), b = normal_pair(random), c = normal_pair(random),
               d = normal_pair(random);
    all_.push_back({image_sd * Vector3{a[0], a[1], b[0]},
                    errors.hand_sd_mm * Vector3{b[1], c[0], c[1]},
                    {std::tan(errors.hand_angle_sd_deg * degree) * d[0],
                     std::tan(errors.hand_angle_sd_deg * degree) * d[1]}});
  }
}

void check(const ErrorModel& errors) {
  const auto sd = [](double v) { return v >= 0.0 && std::isfinite(v); };
  require(sd(errors.segmentation_sd_mm), "segmentation_sd_mm", errors.segmentation_sd_mm);
  require(sd(errors.registration_sd_mm), "registration_sd_mm", errors.registration_sd_mm);
  require(sd(errors.hand_sd_mm), "hand_sd_mm", errors.hand_sd_mm);
  require(sd(errors.hand_angle_sd_deg) && errors.hand_angle_sd_deg < 45.0, "hand_angle_sd_deg",
          errors.hand_angle_sd_deg);
  require(errors.samples > 0 && errors.samples <= 10'000'000, "the number of samples", errors.samples);
}

Aim::Aim(const ClearanceField& field, const Target& target, const Trajectory& path)
    : field_(field),
      target_(target),
      path_(path),
      places_(places_of(target)),
      needle_(path.direction()),
      depth_mm_(path.length_mm()),
      across_(across(needle_, field.anatomy().frame)) {}

bool Aim::hits(const Draw& draw, bool mind_bone) const {
  const KneeFrame& frame = field_.anatomy().frame;
  const Vector3 image = in_patient(frame, draw.image_mm);
  const Vector3 hand =
      in_patient(frame, draw.hand_mm) + depth_mm_ * (draw.turn[0] * across_[0] + draw.turn[1] * across_[1]);
  // Seen from the image: where the anatomy is off by `image`, the needle is off by as much the other way.
  const Point3 entry = path_.entry - image;
  Point3 tip = path_.target + hand - image;
  if (tip == entry) return false;
  const Vector3 direction = normalized(tip - entry);
  if (target_.normal) {
    // Pushed on or held back, it meets the surface where its line does.
    const double slope = dot(direction, *target_.normal);
    if (std::abs(slope) < 1e-9) return false;
    tip = entry + dot(path_.target - entry, *target_.normal) / slope * direction;
  }
  if (mind_bone && (delivers(tip) || passes(entry, tip)))
    if (const auto at = field_.bone_crossing_mm(entry, tip)) tip = entry + *at * direction;
  return delivers(tip);
}

bool Aim::delivers(const Point3& tip) const {
  if (target_.kind == TargetKind::recess && field_.in_recess(tip)) return true;
  const double reach = target_.tolerance_mm;
  return std::any_of(places_.begin(), places_.end(),
                     [&](const Point3& p) { return squared_length(tip - p) <= reach * reach; });
}

// A needle that ends too deep can still deliver where bone holds it back: if a place lies beside its way.
bool Aim::passes(const Point3& entry, const Point3& tip) const {
  if (target_.kind == TargetKind::recess) return true;
  const Vector3 way = tip - entry;
  const double reach = target_.tolerance_mm;
  return std::any_of(places_.begin(), places_.end(), [&](const Point3& p) {
    const double at = std::clamp(dot(p - entry, way) / squared_length(way), 0.0, 1.0);
    return squared_length(p - lerp(entry, tip, at)) <= reach * reach;
  });
}

HitChance chance_of(const Aim& aim, const Draws& draws, bool mind_bone) {
  HitChance chance;
  chance.samples = static_cast<unsigned>(draws.all().size());
  std::size_t hits = 0;
  const std::size_t count = draws.all().size();
  for (std::size_t n = 0; n < count; ++n) {
    hits += aim.hits(draws.all()[n], mind_bone);
    for (const std::size_t part : {8, 4, 2, 1})
      if ((n + 1) == std::max<std::size_t>(1, count / part) && chance.course.size() < 4)
        chance.course.push_back(static_cast<double>(hits) / static_cast<double>(n + 1));
  }
  const double total = static_cast<double>(count), p = static_cast<double>(hits) / total;
  const double shrink = 1.0 + z_95 * z_95 / total;
  const double middle = (p + z_95 * z_95 / (2.0 * total)) / shrink;
  const double half = z_95 * std::sqrt(p * (1.0 - p) / total + z_95 * z_95 / (4.0 * total * total)) / shrink;
  chance.probability = p;
  chance.low = std::max(0.0, middle - half);
  chance.high = std::min(1.0, middle + half);
  return chance;
}

double spread_mm(double depth_mm, const ErrorModel& errors) {
  const double turn = depth_mm * std::tan(errors.hand_angle_sd_deg * degree);
  return std::sqrt(errors.segmentation_sd_mm * errors.segmentation_sd_mm +
                   errors.registration_sd_mm * errors.registration_sd_mm +
                   errors.hand_sd_mm * errors.hand_sd_mm + turn * turn);
}

HitChance chance_to_hit(const ClearanceField& field, const Target& target, const Trajectory& path,
                        const ErrorModel& errors) {
  const Draws draws(errors);
  const bool near_bone =
      field.bone_nearer_than(far_sd * spread_mm(path.length_mm(), errors), path.entry, path.target);
  return chance_of(Aim(field, target, path), draws, near_bone);
}

double chance_to_touch(double clearance_mm, double depth_mm, double position_sd_mm,
                       const ErrorModel& errors) {
  const double sd = std::hypot(spread_mm(depth_mm, errors), position_sd_mm);
  if (!(sd > 0.0)) return clearance_mm > 0.0 ? 0.0 : 1.0;
  return 0.5 * std::erfc(clearance_mm / (sd * std::numbers::sqrt2));
}

}  // namespace genu::planning
