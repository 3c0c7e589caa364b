// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <variant>

#include <genu/planning/approach.h>
#include <genu/planning/clearance.h>

namespace genu::planning {

/// Where a probe lies; patient space.
struct ProbePose {
  Point3 face;   ///< Middle of the face.
  Vector3 axis;  ///< Unit; along the footprint's length, from the side that the needle enters on.
  Vector3 beam;  ///< Unit; into the body, perpendicular to the face.

  /// Returns the unit normal of the image plane.
  Vector3 across() const { return cross(axis, beam); }
};

/// How a probe sees a needle.
struct ProbeView {
  ProbePose pose;
  double face_angle_deg = 0.0;   ///< Between the needle and the face; 0 = parallel, seen best.
  double out_of_plane_mm = 0.0;  ///< How far the needle's last 20 mm stray from the image plane.
  double turn_deg = 0.0;         ///< Of the axis, from the approach's.
  double seen_mm = 0.0;          ///< Of the last 20 mm, within the image and with no bone in between.
  double length_mm = 0.0;        ///< Of the footprint.
  double width_mm = 0.0;
  double image_depth_mm = 0.0;
};

/// Why no place for the probe serves.
enum class ViewProblem {
  no_room,       ///< The footprint does not lie on skin, or stands where the needle goes in.
  turned,        ///< It would have to be turned further than the approach allows.
  face_angle,    ///< Too steep to be seen.
  out_of_image,  ///< Deeper than the image, or beside it.
  bone           ///< Bone lies between the probe and the last 20 mm of the needle.
};

/// The part of a needle, from its tip, that must be seen.
inline constexpr double must_be_seen_mm = 20.0;

/// Returns how the probe sees this needle from where it lies; nothing of its place is checked.
ProbeView view_from(const ProbePose& pose, const ClearanceField& field, const Trajectory& path,
                    const Probe& probe);

/// Returns the best place for the probe: flat on the skin with the needle in its plane (or, out of plane,
/// the target), where the target and the last 20 mm are seen, less what lies beside the footprint where the
/// needle is short: the first 8 mm, half of it at most. Bone hides none of what is in the image. The smallest
/// angle to the face first. Or the problem that the place nearest to serving has.
///
/// The shaft is seen best up to 30 degrees to the face and hardly beyond 45 (Kline 2015). Beams are taken as
/// parallel, as those of a linear probe are. \throws InvalidInput if the skin is not known.
std::variant<ProbeView, ViewProblem> place_probe(const ClearanceField& field, const Trajectory& path,
                                                 const Probe& probe);

}  // namespace genu::planning
