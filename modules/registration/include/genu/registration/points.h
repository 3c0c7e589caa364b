// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <genu/core/mesh.h>
#include <genu/core/rigid_transform.h>

namespace genu::registration {

/// A place on a surface, seen from one side.
struct SeenPoint {
  Point3 place;
  Vector3 sight;        ///< The way it was looked along, of any length; the surface faces against it.
  double weight = 1.0;  ///< How sure it is, over 0 to 1.
};

struct PointsOptions {
  double reach_mm = 12.0;        ///< Of the first search; partners further away never count.
  double start_turn_deg = 10.0;  ///< The start may be off by this about any axis ...
  double start_shift_mm = 8.0;   ///< ... and by this along any: other starts so far away are tried.
  int random_starts = 40;        ///< Beside the start itself and one each way along and about each axis.
  std::uint64_t seed = 1;        ///< Of these.
  unsigned threads = 0;          ///< 0 = every core; the result does not depend on it.
};

/// A point with its partner on the surface.
struct PointPair {
  Point3 partner;         ///< In the fixed frame.
  Vector3 normal;         ///< Of the surface there, outward.
  double ahead_mm = 0.0;  ///< From the moved point to the partner's tangent plane, along the normal.
  double weight = 0.0;    ///< In the fit; 0 = it has no partner, or lies too far off.
};

/// Another place where the points fit nearly as well.
struct Rival {
  RigidTransform fixed_from_moving;
  double cost = 0.0;         ///< As PointsFit::cost.
  double distance_mm = 0.0;  ///< By which it moves the points, RMS.
};

struct PointsFit {
  RigidTransform fixed_from_moving;
  std::vector<PointPair> pairs;  ///< One a point, in order.
  double cost = 0.0;             ///< Mean square of the distances, none counted over 3 mm; mm2.
  double rms_mm = 0.0;           ///< Of the distances of those that count, weighted as the fit weights them.
  double median_mm = 0.0;        ///< Of the distances of all that have a partner.
  double matched_part = 0.0;     ///< Of the points' weights, this part pulls.
  std::optional<Rival> rival;    ///< The best other place that moves the points by 3 mm or more.
};

/// Returns the rigid motion that brings points onto a surface, as ultrasound's bone onto a bone of MRI.
///
/// Distances to the tangent planes of the closest points are least, with Tukey's weights, from several starts
/// about the one given; a point whose closest one faces away from the viewer has no partner. The best place
/// is kept and the next best told (Chen and Medioni 1992, Image and Vision Computing 10:145; Pomerleau et al.
/// 2015, Foundations and Trends in Robotics 4:1).
/// \throws InvalidInput if there are fewer than 30 points, one is not finite, weighs nothing or was looked
/// at along no direction, the surface is empty, or an option makes no sense
/// \throws NotConverged if from no start a tenth of the points finds partners
PointsFit fit_points(const std::vector<SeenPoint>& moving, const TriangleMesh& fixed,
                     const RigidTransform& start, const PointsOptions& options = {});

}  // namespace genu::registration
