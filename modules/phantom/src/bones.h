// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <genu/core/tissue.h>
#include <genu/core/vector.h>

#include "jet.h"

// The bones as implicit surfaces. Positions and lengths are those of an average knee, in its own axes
// (lateral, anterior, proximal of the joint centre, mm); the size of a knee is applied outside.
namespace genu::phantom {

/// The femur's chart turns about the line through this point along the lateral axis (y anterior, z proximal).
inline constexpr Vector3 femur_axis{0.0, 6.0, 29.5};
/// Arc lengths on the femur's chart are angles about that axis times this radius, about that of the condyles.
inline constexpr double femur_chart_radius = 25.0;
/// Where the ridge between the facets of the patella lies before the bones are brought together.
inline constexpr double patella_ridge_anterior = 33.0;
inline constexpr double patella_centre_proximal = 31.0;

/// The nearest point of a surface.
struct Foot {
  Vector3 point;
  Vector3 normal;         ///< Outward.
  double distance = 0.0;  ///< Negative inside.
};

/// Mean and Gaussian curvature; the mean is positive where the bone bulges.
struct Curvature {
  double mean = 0.0;
  double gaussian = 0.0;
};

/// The shape operator of a surface in two tangents.
struct Bend {
  Vector3 first;
  Vector3 second;
  double s11 = 0.0;
  double s12 = 0.0;
  double s22 = 0.0;

  /// Returns the tangential step t with (1 + along S) t = tangential.
  Vector3 solve(const Vector3& tangential, double along) const;
};

class BoneSurface {
 public:
  /// \param shift moves the whole bone from where it is drawn
  /// \param spurs are joined to it
  BoneSurface(Bone bone, const Vector3& shift, std::vector<Rod> spurs);

  Bone bone() const { return bone_; }
  const Vector3& shift() const { return shift_; }
  /// Returns a function that is negative exactly inside the bone and no more than the distance outside it.
  /// Where it is below 20 it is 1-Lipschitz.
  double bound(const Vector3& x) const;
  /// Returns it with its gradient.
  Jet jet(const Vector3& x) const;
  /// Returns the nearest point; exact where the surface is nearer than its centres of curvature.
  Foot nearest(const Vector3& x, double tolerance = 1e-10) const;
  Vector3 normal(const Vector3& on_surface) const;
  Curvature curvature(const Vector3& on_surface) const;
  /// Returns where a ray from outside first meets the bone.
  std::optional<Vector3> first_hit(const Vector3& from, const Vector3& direction) const;

 private:
  Bend bend(const Vector3& x, const Jet& f) const;
  template <typename S>
  S field(const Place<S>& x) const;

  Bone bone_;
  Vector3 shift_;
  std::vector<Rod> spurs_;
};

/// Negative inside the fibula; 1-Lipschitz.
double fibula_bound(const Vector3& x);

}  // namespace genu::phantom
