// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <genu/core/rigid_transform.h>
#include <genu/core/vector.h>
#include <genu/registration/align.h>

namespace genu::registration {

/// One scale, then a rigid motion.
struct Similarity {
  RigidTransform motion;
  double scale = 1.0;

  Point3 operator()(const Point3& p) const { return motion(Point3{scale * p.x, scale * p.y, scale * p.z}); }
  Vector3 operator()(const Vector3& v) const { return scale * motion(v); }
};

/// A place on a surface.
struct SurfaceSample {
  Point3 point;
  Vector3 normal;  ///< Outward, of length 1.
};

struct SimilarityOptions {
  double reach_mm = 8.0;        ///< Pairs further apart than this never count, but while the walk begins.
  double max_angle_deg = 45.0;  ///< Nor do those whose normals differ by more.
  double max_scale = 1.5;       ///< Neither body is larger than the other one by more than this factor.
  unsigned threads = 0;         ///< 0 = every core; the result does not depend on it.
};

struct SimilarityFit {
  Similarity fixed_from_moving;
  double rms_mm = 0.0;        ///< Of the distances from all samples with a partner to the surface.
  double median_mm = 0.0;     ///< Of the same distances.
  double matched_part = 0.0;  ///< Of all samples, this part pulls.
};

/// Returns the similarity that brings samples of one body's surface onto the surface of another one of its
/// kind, as one person's femur onto another's, wherever that shows it.
///
/// It starts where `fixed.patient_from_body` puts the samples. Distances to the tangent planes of the closest
/// points are least (Chen and Medioni 1992, Image and Vision Computing 10:145), with Tukey's weights, so that
/// what only one of the bodies has does not pull; partners that do not count, as on cut faces, never do. A
/// motion that nothing resists, as a ball's turning, is not made.
/// \throws InvalidInput if there are no samples, or the surface is empty or `counts` does not fit it.
/// \throws NotConverged if fewer than a tenth of the samples find a partner, or the scale leaves its bounds.
SimilarityFit fit_similarity(const std::vector<SurfaceSample>& moving, const Partial& fixed,
                             const SimilarityOptions& options = {});

}  // namespace genu::registration
