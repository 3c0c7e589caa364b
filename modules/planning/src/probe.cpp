// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <numbers>

#include <genu/core/error.h>
#include <genu/planning/probe.h>

namespace genu::planning {
namespace {

constexpr double degree = std::numbers::pi / 180.0;
// The skin is sought this far on either side of where it is expected; a limb is no thicker.
constexpr double far_mm = 120.0;
// The face flattens a bulge of this much, and gel fills a hollow as deep.
constexpr double most_hollow_mm = 6.0;
// Between the footprint's edge and the needle's entry.
constexpr double least_gap_mm = 3.0;
// The image's edge shows nothing well.
constexpr double image_border_mm = 2.0;
constexpr double seen_step_mm = 2.0;
constexpr double face_step_mm = 3.0;  // Places of the face tried along the needle lie this far apart.
// Turning the beam onto the skin's normal moves the face a little: turned so often, or until it turns by less
// than this, it lies flat. On skin made of voxels normals waver, and it never stops: it lies flat enough
// then.
constexpr int most_rounds = 8;
constexpr double flat_deg = 0.5, flat_enough_deg = 10.0;

std::optional<Point3> skin_along(const ClearanceField& field, const Point3& from, const Vector3& direction) {
  const auto hit = field.skin()->first_crossing(from, from + far_mm * direction);
  return hit ? std::optional(hit->point) : std::nullopt;
}

/// Returns how much of a needle of this depth the image must show: not what lies beside the footprint. Half
/// of it always.
double must_show_mm(double depth_mm) {
  constexpr double beside_mm = 8.0;  // A gap of 3 mm at up to 45 degrees, and a step of the face.
  return std::min(must_be_seen_mm, std::max(depth_mm - beside_mm, 0.5 * depth_mm));
}

/// The part of a needle's last 20 mm that lies within the image, from the tip.
struct Shown {
  double from = 0.0, to = 0.0;
  double mm() const { return to - from; }
};

Shown shown_of(const ProbePose& pose, const Trajectory& path, const Footprint& footprint) {
  const Vector3 back = -path.direction(), off = path.target - pose.face;
  double first = 0.0, last = std::min(must_be_seen_mm, path.length_mm());
  const auto keep_below = [&](double limit, double at_target, double per_mm) {
    constexpr double parallel = 1e-12;
    if (std::abs(per_mm) < parallel) {
      if (at_target > limit) last = first;
    } else if (per_mm > 0.0) {
      last = std::min(last, (limit - at_target) / per_mm);
    } else {
      first = std::max(first, (limit - at_target) / per_mm);
    }
  };
  const double along = dot(off, pose.axis), along_per_mm = dot(back, pose.axis);
  const double deep = dot(off, pose.beam), deep_per_mm = dot(back, pose.beam);
  keep_below(0.5 * footprint.length_mm, along, along_per_mm);
  keep_below(0.5 * footprint.length_mm, -along, -along_per_mm);
  keep_below(footprint.image_depth_mm, deep, deep_per_mm);
  keep_below(0.0, -deep, -deep_per_mm);
  return last > first ? Shown{first, last} : Shown{};
}

/// Returns how much of the part within the image no bone hides.
double seen_mm(const ProbePose& pose, const ClearanceField& field, const Trajectory& path,
               const Shown& shown) {
  if (!(shown.mm() > 0.0)) return 0.0;
  const int steps = static_cast<int>(std::ceil(shown.mm() / seen_step_mm));
  int seen = 0;
  for (int s = 0; s <= steps; ++s) {
    const Point3 p = path.target - (shown.from + shown.mm() * s / steps) * path.direction();
    seen += !field.bone_crossing_mm(p - std::max(0.0, dot(p - pose.face, pose.beam)) * pose.beam, p);
  }
  // All of it exactly, so that rounding hides nothing.
  return seen == steps + 1 ? shown.mm() : shown.mm() * seen / (steps + 1);
}

double face_angle_deg(const ProbePose& pose, const Vector3& needle) {
  return std::asin(std::clamp(std::abs(dot(needle, pose.beam)), 0.0, 1.0)) / degree;
}

double line_angle_deg(const Vector3& a, const Vector3& b) {
  const double angle = angle_deg(a, b);
  return std::min(angle, 180.0 - angle);
}

/// Seeks the place of one probe for one needle.
class Placing {
 public:
  Placing(const ClearanceField& field, const Trajectory& path, const Probe& probe)
      : field_(field),
        path_(path),
        probe_(probe),
        depth_mm_(path.length_mm()),
        needle_(path.direction()),
        in_plane_(probe.guidance == Guidance::in_plane) {
    const KneeFrame& f = field.anatomy().frame;
    const auto in_patient = [&](const Vector3& v) {
      return normalized(v.x * f.lateral + v.y * f.anterior + v.z * f.proximal);
    };
    axis_ = in_patient(probe.axis);
    beam_ = in_patient(probe.beam);
  }

  std::variant<ProbeView, ViewProblem> best() const {
    std::optional<ProbeView> best;
    ViewProblem problem = ViewProblem::no_room;
    // The target may lie in either half of the image.
    const double beyond = std::floor((0.5 * probe_.footprint.length_mm - image_border_mm) / face_step_mm);
    const double first = in_plane_ ? -face_step_mm * std::max(0.0, beyond) : 0.0;
    for (double back = first; back <= probe_.footprint.length_mm; back += face_step_mm) {
      const auto placed = at(back);
      if (const auto* view = std::get_if<ProbeView>(&placed)) {
        if (!best || view->face_angle_deg < best->face_angle_deg - 1e-6) best = *view;
      } else {
        // The checks stand in the order of the enumeration: the later one fails, the nearer it came.
        problem = std::max(problem, std::get<ViewProblem>(placed));
      }
      if (!in_plane_ || back >= depth_mm_) break;
    }
    if (best) return *best;
    return problem;
  }

 private:
  /// Returns the view with the face over the needle's point that lies `back` before the target.
  std::variant<ProbeView, ViewProblem> at(double back) const {
    const Point3 below = path_.target - std::min(back, depth_mm_) * needle_;
    Vector3 beam = beam_;
    std::optional<ProbePose> pose;
    double off_deg = 90.0;
    for (int round = 0; round < most_rounds && off_deg >= flat_deg; ++round) {
      pose = lying_flat(below, beam);
      if (!pose) return ViewProblem::no_room;
      const Vector3 flat = -field_.skin_normal(field_.skin()->closest(pose->face));
      off_deg = angle_deg(flat, beam);
      beam = flat;
    }
    if (off_deg > flat_enough_deg) return ViewProblem::no_room;
    if (angle_deg(pose->beam, beam_) > probe_.max_swing_deg) return ViewProblem::turned;
    if (line_angle_deg(pose->axis, axis_) > probe_.max_turn_deg) return ViewProblem::turned;
    if (!leaves_room(*pose)) return ViewProblem::no_room;
    if (in_plane_ && face_angle_deg(*pose, needle_) > probe_.max_face_angle_deg)
      return ViewProblem::face_angle;
    if (!in_image(*pose)) return ViewProblem::out_of_image;
    const Shown shown = shown_of(*pose, path_, probe_.footprint);
    if (in_plane_ && shown.mm() < must_show_mm(depth_mm_) - 1e-6) return ViewProblem::out_of_image;
    if (!all_on_skin(*pose)) return ViewProblem::no_room;
    if (hidden(*pose, path_.target)) return ViewProblem::bone;
    const ProbeView view = view_from(*pose, field_, path_, probe_);
    if (in_plane_ && view.seen_mm < shown.mm()) return ViewProblem::bone;
    return view;
  }

  /// Returns the pose over a point, the face on the chord of the skin beneath it, or nothing.
  std::optional<ProbePose> lying_flat(const Point3& below, const Vector3& beam) const {
    Vector3 along = needle_;
    if (!in_plane_) {
      along = axis_;  // The needle crosses the image; the axis stays the approach's, across the needle.
      along = along - dot(along, needle_) * needle_;
    }
    along = along - dot(along, beam) * beam;
    if (length(along) < std::sin(10.0 * degree)) return std::nullopt;  // It runs along the beam.
    along = normalized(along);
    const auto top = skin_along(field_, below, -beam);
    if (!top) return std::nullopt;
    const auto foot = [&](double offset) {
      return skin_along(field_, *top + offset * along - far_mm * 0.25 * beam, beam);
    };
    const auto first = foot(-0.5 * probe_.footprint.length_mm), last = foot(0.5 * probe_.footprint.length_mm);
    if (!first || !last || distance(*first, *last) > 1.6 * probe_.footprint.length_mm) return std::nullopt;
    ProbePose pose;
    pose.face = lerp(*first, *last, 0.5);
    pose.axis = normalized(*last - *first);
    pose.beam = normalized(beam - dot(beam, pose.axis) * pose.axis);
    const double bulge = -dot(*top - pose.face, pose.beam);
    if (std::abs(bulge) > most_hollow_mm) return std::nullopt;
    pose.face = pose.face - 0.5 * bulge * pose.beam;
    return pose;
  }

  /// Returns true if the corners of the face and the middles of its long edges lie on skin, too.
  bool all_on_skin(const ProbePose& pose) const {
    for (const double along : {-0.5, 0.0, 0.5})
      for (const double across : {-0.5, 0.5}) {
        const Point3 p = pose.face + along * probe_.footprint.length_mm * pose.axis +
                         across * probe_.footprint.width_mm * pose.across();
        const Vector3 reach = most_hollow_mm * pose.beam;
        if (!field_.skin()->first_crossing(p - reach, p + reach)) return false;
      }
    return true;
  }

  bool leaves_room(const ProbePose& pose) const {
    const Vector3 off = path_.entry - pose.face;
    if (in_plane_) return dot(off, pose.axis) < -(0.5 * probe_.footprint.length_mm + least_gap_mm);
    return std::abs(dot(off, pose.across())) > 0.5 * probe_.footprint.width_mm + least_gap_mm;
  }

  bool in_image(const ProbePose& pose, const Point3& p) const {
    const double deep = dot(p - pose.face, pose.beam);
    return deep > 0.0 && deep <= probe_.footprint.image_depth_mm &&
           std::abs(dot(p - pose.face, pose.axis)) <= 0.5 * probe_.footprint.length_mm;
  }
  bool in_image(const ProbePose& pose) const {
    return in_image(pose, path_.target) && std::abs(dot(path_.target - pose.face, pose.axis)) <=
                                               0.5 * probe_.footprint.length_mm - image_border_mm;
  }
  bool hidden(const ProbePose& pose, const Point3& p) const {
    const double deep = dot(p - pose.face, pose.beam);
    return deep > 0.0 && field_.bone_crossing_mm(p - deep * pose.beam, p).has_value();
  }

  const ClearanceField& field_;
  const Trajectory& path_;
  const Probe& probe_;
  double depth_mm_;
  Vector3 needle_;
  bool in_plane_;
  Vector3 axis_, beam_;
};

}  // namespace

ProbeView view_from(const ProbePose& pose, const ClearanceField& field, const Trajectory& path,
                    const Probe& probe) {
  ProbeView view{.pose = pose,
                 .length_mm = probe.footprint.length_mm,
                 .width_mm = probe.footprint.width_mm,
                 .image_depth_mm = probe.footprint.image_depth_mm};
  const Vector3 needle = path.direction();
  const KneeFrame& f = field.anatomy().frame;
  const Vector3 axis = probe.axis.x * f.lateral + probe.axis.y * f.anterior + probe.axis.z * f.proximal;
  view.face_angle_deg = face_angle_deg(pose, needle);
  view.turn_deg = line_angle_deg(pose.axis, axis);
  const Point3 begin = path.target - std::min(must_be_seen_mm, path.length_mm()) * needle;
  for (const Point3& p : {path.target, begin})
    view.out_of_plane_mm = std::max(view.out_of_plane_mm, std::abs(dot(p - pose.face, pose.across())));
  view.seen_mm = seen_mm(pose, field, path, shown_of(pose, path, probe.footprint));
  return view;
}

std::variant<ProbeView, ViewProblem> place_probe(const ClearanceField& field, const Trajectory& path,
                                                 const Probe& probe) {
  if (!field.skin()) throw InvalidInput("cannot place a probe: the skin is not known");
  auto placed = Placing(field, path, probe).best();
  for (const Footprint& other : probe.others) {
    if (std::holds_alternative<ProbeView>(placed)) break;
    Probe held = probe;
    held.footprint = other;
    const auto tried = Placing(field, path, held).best();
    if (const auto* problem = std::get_if<ViewProblem>(&tried))
      placed = std::max(std::get<ViewProblem>(placed), *problem);
    else
      placed = tried;
  }
  return placed;
}

}  // namespace genu::planning
