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
constexpr double face_step_mm = 4.0;  // Places of the face tried along the needle lie this far apart.
// Turning the beam onto the skin's normal moves the face a little: turned so often, or until it turns by less
// than this, it lies flat.
constexpr int most_rounds = 8;
constexpr double flat_deg = 0.5;

std::optional<Point3> skin_along(const ClearanceField& field, const Point3& from, const Vector3& direction) {
  const auto hit = field.skin()->first_crossing(from, from + far_mm * direction);
  return hit ? std::optional(hit->point) : std::nullopt;
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
    for (double back = 0.0; back <= probe_.length_mm; back += face_step_mm) {
      const auto placed = at(back);
      if (const auto* view = std::get_if<ProbeView>(&placed)) {
        if (!best || view->face_angle_deg < best->face_angle_deg - 1e-6) best = *view;
      } else {
        // The checks stand in the order of the enumeration: the later one fails, the nearer it came.
        problem = std::max(problem, std::get<ViewProblem>(placed));
      }
      if (!in_plane_) break;
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
    for (int round = 0; round < most_rounds; ++round) {
      pose = lying_flat(below, beam);
      if (!pose) return ViewProblem::no_room;
      const Vector3 flat = -field_.skin_normal(field_.skin()->closest(pose->face));
      if (angle_deg(flat, beam) < flat_deg) break;
      beam = flat;
    }
    if (angle_deg(pose->beam, beam_) > probe_.max_swing_deg) return ViewProblem::turned;
    if (line_angle_deg(pose->axis, axis_) > probe_.max_turn_deg) return ViewProblem::turned;
    if (!leaves_room(*pose)) return ViewProblem::no_room;
    const ProbeView view = view_from(*pose, field_, path_, probe_);
    if (in_plane_ && view.face_angle_deg > probe_.max_face_angle_deg) return ViewProblem::face_angle;
    const double must_mm = in_plane_ ? std::min(must_be_seen_mm, depth_mm_) : 0.0;
    if (!in_image(*pose)) return ViewProblem::out_of_image;
    if (hidden(*pose, path_.target)) return ViewProblem::bone;
    if (view.seen_mm < must_mm - 1e-6)
      return all_in_image(*pose, must_mm) ? ViewProblem::bone : ViewProblem::out_of_image;
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
    const auto first = foot(-0.5 * probe_.length_mm), last = foot(0.5 * probe_.length_mm);
    if (!first || !last || distance(*first, *last) > 1.6 * probe_.length_mm) return std::nullopt;
    ProbePose pose;
    pose.face = lerp(*first, *last, 0.5);
    pose.axis = normalized(*last - *first);
    pose.beam = normalized(beam - dot(beam, pose.axis) * pose.axis);
    const double bulge = -dot(*top - pose.face, pose.beam);
    if (std::abs(bulge) > most_hollow_mm) return std::nullopt;
    pose.face = pose.face - 0.5 * bulge * pose.beam;
    return pose;
  }

  bool leaves_room(const ProbePose& pose) const {
    const Vector3 off = path_.entry - pose.face;
    if (in_plane_) return dot(off, pose.axis) < -(0.5 * probe_.length_mm + least_gap_mm);
    return std::abs(dot(off, pose.across())) > 0.5 * probe_.width_mm + least_gap_mm;
  }

  bool in_image(const ProbePose& pose, const Point3& p) const {
    const double deep = dot(p - pose.face, pose.beam);
    return deep > 0.0 && deep <= probe_.image_depth_mm &&
           std::abs(dot(p - pose.face, pose.axis)) <= 0.5 * probe_.length_mm;
  }
  bool in_image(const ProbePose& pose) const {
    return in_image(pose, path_.target) &&
           std::abs(dot(path_.target - pose.face, pose.axis)) <= 0.5 * probe_.length_mm - image_border_mm;
  }
  bool all_in_image(const ProbePose& pose, double must_mm) const {
    return in_image(pose, path_.target - must_mm * needle_);
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
                 .length_mm = probe.length_mm,
                 .width_mm = probe.width_mm,
                 .image_depth_mm = probe.image_depth_mm};
  const Vector3 needle = path.direction();
  const KneeFrame& f = field.anatomy().frame;
  const Vector3 axis = probe.axis.x * f.lateral + probe.axis.y * f.anterior + probe.axis.z * f.proximal;
  view.face_angle_deg = std::asin(std::clamp(std::abs(dot(needle, pose.beam)), 0.0, 1.0)) / degree;
  view.turn_deg = line_angle_deg(pose.axis, axis);
  const double length = std::min(must_be_seen_mm, path.length_mm());
  const int steps = std::max(1, static_cast<int>(std::ceil(length / seen_step_mm)));
  int seen = 0;
  for (int s = 0; s <= steps; ++s) {
    const Point3 p = path.target - length * s / steps * needle;
    const Vector3 off = p - pose.face;
    const double deep = dot(off, pose.beam);
    view.out_of_plane_mm = std::max(view.out_of_plane_mm, std::abs(dot(off, pose.across())));
    const bool shown = deep > 0.0 && deep <= probe.image_depth_mm &&
                       std::abs(dot(off, pose.axis)) <= 0.5 * probe.length_mm + 1e-9;
    seen += shown && !field.bone_crossing_mm(p - deep * pose.beam, p);
  }
  view.seen_mm = length * seen / (steps + 1);
  return view;
}

std::variant<ProbeView, ViewProblem> place_probe(const ClearanceField& field, const Trajectory& path,
                                                 const Probe& probe) {
  if (!field.skin()) throw InvalidInput("cannot place a probe: the skin is not known");
  return Placing(field, path, probe).best();
}

}  // namespace genu::planning
