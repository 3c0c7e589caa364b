// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/box.h>
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
  double position_sd_mm = 0.0;  ///< Of an estimated structure.
  /// What a plan asks for, with the margin for an estimated position; NaN = may be entered, or nobody asks.
  double asked_mm = std::numeric_limits<double>::quiet_NaN();
  double touch = 0.0;  ///< Chance that the needle touches it, under a plan's stated errors; 0 to 1.
};

/// Tells quickly whether a point is inside a closed surface, to half of its step.
class Inside {
 public:
  Inside() = default;
  explicit Inside(const TriangleMesh& surface, double step_mm = 0.5);
  bool contains(const Point3& p) const;

 private:
  Point3 low_;
  double step_mm_ = 1.0;
  std::array<std::int64_t, 3> size_{};
  std::vector<bool> inside_;
};

/// Answers how near a straight needle comes to each structure of one anatomy; build it once, ask often, from
/// any number of threads. The anatomy must outlive it.
class ClearanceField {
 public:
  /// \param labels tell what a needle leads through; they must outlive the field
  /// \throws InvalidInput if a structure has no surface; the message names it.
  explicit ClearanceField(const Anatomy& anatomy, unsigned threads = 0, const LabelMap* labels = nullptr);

  explicit ClearanceField(Anatomy&&, unsigned = 0, const LabelMap* = nullptr) = delete;

  const Anatomy& anatomy() const { return *anatomy_; }
  const LabelMap* labels() const { return labels_; }
  /// Returns the skin's surface to ask, or null if the skin is not known.
  const surface::MeshQuery* skin() const { return skin_ ? &*skin_ : nullptr; }

  /// Returns a structure's surface to ask, by its place in the anatomy.
  const surface::MeshQuery& surface(std::size_t structure) const { return surfaces_[structure]; }

  /// Returns the unit outward normal of the skin, interpolated between its vertices.
  Vector3 skin_normal(const surface::SurfacePoint& on_skin) const;

  /// Returns the distance from the segment to a structure (by its place in the anatomy) in mm: 0 if they
  /// cross, negative if the segment lies inside; `limit_mm` if it is no nearer than that.
  double axis_distance_mm(std::size_t structure, const Point3& from, const Point3& to,
                          double limit_mm = surface::Obstacles::unlimited) const;
  /// Returns the structures' surfaces, by their places in the anatomy.
  const surface::Obstacles& obstacles() const { return obstacles_; }
  /// Returns a lower bound of the magnitude of axis_distance_mm, from boxes alone.
  double axis_distance_at_least_mm(std::size_t structure, const Point3& from, const Point3& to) const;
  /// Returns how far from `from` the segment first crosses the structure's surface in mm, or nothing.
  std::optional<double> first_crossing_mm(std::size_t structure, const Point3& from, const Point3& to) const;

  /// Returns how far from `from` the segment first crosses any bone in mm, or nothing.
  std::optional<double> bone_crossing_mm(const Point3& from, const Point3& to) const;
  /// Returns true if the segment comes nearer to any bone than this.
  bool bone_nearer_than(double distance_mm, const Point3& from, const Point3& to) const;
  /// Returns where along the segment, in mm, it is inside the structure: pairs of from and to.
  std::vector<std::pair<double, double>> stretches_inside(std::size_t structure, const Point3& from,
                                                          const Point3& to) const;
  /// Returns true if a point is inside the structure.
  bool contains(std::size_t structure, const Point3& p) const;
  /// Returns true if a point is inside the suprapatellar recess, to half a millimetre.
  bool in_recess(const Point3& p) const {
    return recess_.contains(Point3{} + anatomy_->frame.coordinates(p));
  }
  /// Returns the distance of a point from the structure's surface, inside or not.
  double distance_mm(std::size_t structure, const Point3& p) const;

 private:
  const Anatomy* anatomy_;
  const LabelMap* labels_;
  std::optional<surface::MeshQuery> skin_;
  std::vector<Vector3> skin_normals_;  // One per skin vertex.
  std::vector<surface::MeshQuery> surfaces_;
  surface::Obstacles obstacles_;  // The same surfaces, by the same numbers.
  std::vector<Box> boxes_;
  Inside recess_;  // In knee coordinates: chances to hit move and mirror with the knee.
};

}  // namespace genu::planning
