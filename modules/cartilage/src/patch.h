// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::cartilage {

/// A set of a mesh's vertices: 1 = in the set.
using Patch = std::vector<std::uint8_t>;

/// A surface with what walking on it needs, made once.
class Ground {
 public:
  explicit Ground(const TriangleMesh& mesh);

  std::size_t size() const { return places_.size(); }
  const std::vector<Point3>& places() const { return places_; }
  const std::vector<double>& areas_mm2() const { return areas_; }
  std::span<const std::uint32_t> neighbours(std::size_t v) const {
    return {next_.data() + first_[v], next_.data() + first_[v + 1]};
  }
  double area_mm2(const Patch& patch) const;

 private:
  std::vector<Point3> places_;
  std::vector<double> areas_;
  std::vector<std::uint32_t> first_, next_;
};

/// Numbers the connected parts of a set from 0; vertices outside of the set get -1.
struct Parts {
  std::vector<std::int32_t> part;
  std::vector<double> area_mm2;  ///< One a part.
};
Parts connected_parts(const Ground& ground, const Patch& patch);

/// Stands for a vertex that a walk did not reach.
inline constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

/// For each vertex the nearest seed, and how far it is in a straight line; `nobody` and infinity where none
/// is.
struct Walk {
  std::vector<std::uint32_t> source;
  std::vector<double> far_mm;
};
/// Walks from the seeds over allowed vertices, no further than `reach_mm` from them.
Walk walk_from(const Ground& ground, const std::vector<std::uint32_t>& seeds, const Patch& allowed,
               double reach_mm);
/// Returns the vertices of a set that have a neighbour outside of it.
std::vector<std::uint32_t> border_of(const Ground& ground, const Patch& patch);

/// Returns the set and all within `reach_mm` of it along the surface.
Patch grown(const Ground& ground, const Patch& patch, double reach_mm);
Patch shrunk(const Ground& ground, const Patch& patch, double reach_mm);
/// Fills what is narrower than twice `reach_mm` and open to the outside (grown, then shrunk).
Patch closed(const Ground& ground, const Patch& patch, double reach_mm);
/// Takes away what is narrower than twice `reach_mm` (shrunk, then grown).
Patch opened(const Ground& ground, const Patch& patch, double reach_mm);
/// Returns the set without parts smaller than `area_mm2`.
Patch without_small_parts(const Ground& ground, const Patch& patch, double area_mm2);
/// Returns the set and all that it encloses, of whatever size: the outside is the largest part not in the
/// set.
Patch without_holes(const Ground& ground, const Patch& patch);

Patch both(const Patch& a, const Patch& b);
Patch either(const Patch& a, const Patch& b);
Patch complement(const Patch& a);

}  // namespace genu::cartilage
