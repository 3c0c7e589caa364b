// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/knee.h>
#include <genu/planning/anatomy.h>
#include <genu/surface/obstacles.h>
#include <genu/surface/query.h>

namespace genu::planning {

struct Clearance {
  std::string structure;
  StructureKind kind = StructureKind::bone;
  double distance_mm = 0.0;  ///< From the needle's surface to the structure; negative if it is inside.
  std::string source;
};

/// Answers how near a straight needle comes to each structure of one anatomy; build it once, ask often, from
/// any number of threads. The anatomy must outlive it.
class ClearanceField {
 public:
  /// \throws InvalidInput if a structure has no surface; the message names it.
  explicit ClearanceField(const Anatomy& anatomy, unsigned threads = 0);

  const Anatomy& anatomy() const { return *anatomy_; }
  /// Returns the skin's surface to ask, or null if the skin is not known.
  const surface::MeshQuery* skin() const { return skin_ ? &*skin_ : nullptr; }

  /// Returns the unit outward normal of the skin, interpolated between its vertices.
  Vector3 skin_normal(const surface::SurfacePoint& on_skin) const;

  /// Returns the distance from the segment to a structure (by its place in the anatomy) in mm: 0 if they
  /// cross, negative if the segment lies inside.
  double axis_distance_mm(std::size_t structure, const Point3& from, const Point3& to) const;
  /// Returns a lower bound of the magnitude of axis_distance_mm, from boxes alone.
  double axis_distance_at_least_mm(std::size_t structure, const Point3& from, const Point3& to) const;
  /// Returns how far from `from` the segment first crosses the structure's surface in mm, or nothing.
  std::optional<double> first_crossing_mm(std::size_t structure, const Point3& from, const Point3& to) const;

  /// Returns the clearance of a needle, a capsule of `diameter_mm` around the path, to every structure,
  /// nearest first; equal distances by name.
  /// \throws InvalidInput if the path is not finite or the diameter is negative.
  std::vector<Clearance> clearances(const Trajectory& path, double diameter_mm) const;

 private:
  struct Box {
    Point3 low, high;
  };
  bool contains(std::size_t structure, const Point3& p) const;

  const Anatomy* anatomy_;
  std::optional<surface::MeshQuery> skin_;
  std::vector<Vector3> skin_normals_;  // One per skin vertex.
  std::vector<surface::MeshQuery> surfaces_;
  surface::Obstacles obstacles_;  // The same surfaces, by the same numbers.
  std::vector<Box> boxes_;
};

}  // namespace genu::planning
