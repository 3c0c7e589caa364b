// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::surface {

/// The mesh that decides an answer, by its number.
struct NearestObstacle {
  std::size_t mesh = 0;
  double distance_mm = 0.0;  ///< From the segment to that mesh; 0 if they cross.
  double margin_mm = 0.0;    ///< `distance_mm` less the clearance that was asked for.
};

/// Answers how near a straight needle comes to many surfaces at once; build it once, ask often, from any
/// number of threads.
///
/// Distances are those between the segment and the nearest triangle, in double precision, and exactly 0 where
/// they cross. Surfaces need not be closed, and have no inside here but for `contains`. No answer depends on
/// the number of threads; of meshes equally near the one with the lowest number is meant.
/// Every question throws InvalidInput for a point that is not finite.
///
/// Trees eight children wide (Wald, Benthin & Boulos 2008, IEEE Symposium on Interactive Ray Tracing, 49),
/// of boxes turned as the surface lies (Gottschalk, Lin & Manocha 1996, SIGGRAPH, 171), asked nearest first.
/// Floats, eight at a time, find the few triangles that matter; those are measured in double precision.
class Obstacles {
 public:
  static constexpr double unlimited = std::numeric_limits<double>::infinity();

  /// The meshes are numbered as they are given, and copied. `threads`: 0 = every core.
  /// \throws InvalidInput if a mesh is empty; the message says which.
  explicit Obstacles(const std::vector<const TriangleMesh*>& meshes, unsigned threads = 0);
  ~Obstacles();
  Obstacles(Obstacles&&) noexcept;
  Obstacles& operator=(Obstacles&&) noexcept;

  std::size_t size() const;

  /// Returns the mesh nearest to the segment, or nothing if none is nearer than `limit_mm`.
  std::optional<NearestObstacle> nearest(const Point3& from, const Point3& to,
                                         double limit_mm = unlimited) const;
  /// Returns the mesh whose distance less the clearance asked of it is least, or nothing if that is
  /// `limit_mm` or more for all of them.
  ///
  /// \param asked_mm one a mesh; minus infinity leaves a mesh out
  /// \throws InvalidInput if there are not as many as meshes, or one is NaN or plus infinity.
  std::optional<NearestObstacle> least_margin(const Point3& from, const Point3& to,
                                              std::span<const double> asked_mm,
                                              double limit_mm = unlimited) const;
  /// Returns true if no mesh is nearer than what is asked of it: if no margin is negative. Stops at the first
  /// that is.
  bool keeps(const Point3& from, const Point3& to, std::span<const double> asked_mm) const;

  /// Returns the distance to one mesh in mm, or `limit_mm` if it is no nearer than that.
  /// \throws InvalidInput if there is no mesh of that number.
  double distance_mm(std::size_t mesh, const Point3& from, const Point3& to,
                     double limit_mm = unlimited) const;
  /// Returns the distance to every mesh in mm, by its number; `limit_mm` where one is no nearer than that.
  std::vector<double> distances_mm(const Point3& from, const Point3& to, double limit_mm = unlimited) const;

  /// Returns true if the point is inside a mesh, which must be closed.
  bool contains(std::size_t mesh, const Point3& p) const;

 private:
  class Search;
  struct Forest;
  void check(std::size_t mesh) const;
  void check(std::span<const double> asked_mm) const;

  std::unique_ptr<const Forest> forest_;
};

}  // namespace genu::surface
