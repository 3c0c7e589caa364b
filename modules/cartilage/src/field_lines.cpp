// SPDX-License-Identifier: Apache-2.0
#include "field_lines.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <genu/core/box.h>
#include <genu/core/parallel.h>

namespace genu::cartilage {
namespace {

constexpr std::int32_t nobody = -1;
constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// What lies next to a node along one of the six directions: another node, or the surface nearer than that.
struct Neighbour {
  std::int32_t node = nobody;
  float distance_mm = 0.0F;
  Face face = Face::wall;  ///< Of the surface, where there is no node.
};

double part(const Vector3& v, std::size_t axis) {
  return axis == 0 ? v.x : axis == 1 ? v.y : v.z;
}

}  // namespace

/// The nodes of a regular grid that lie in the cartilage.
class Grid {
 public:
  Grid(const TriangleMesh& cartilage, const surface::MeshQuery& query, const std::vector<Face>& faces,
       double step_mm, unsigned threads);

  std::size_t size() const { return neighbours_.size(); }
  /// In the order -x, +x, -y, +y, -z, +z.
  const std::array<Neighbour, 6>& around(std::size_t node) const { return neighbours_[node]; }
  /// Returns the mean of the values of the nodes around a place, nearer ones counting more; NaN without any.
  double at(const std::vector<double>& values, const Point3& place) const;

 private:
  using Place = std::array<std::int64_t, 3>;
  /// A stretch of a grid line inside the cartilage, and the triangles where it begins and ends.
  struct Stretch {
    double from = 0.0, to = 0.0;
    Face first = Face::wall, last = Face::wall;
  };

  std::size_t cell(const Place& p) const {
    return static_cast<std::size_t>((p[2] * size_[1] + p[1]) * size_[0] + p[0]);
  }
  std::vector<Stretch> stretches(std::size_t axis, const Place& p, const surface::MeshQuery& query,
                                 const std::vector<Face>& faces) const;
  void find_nodes(const surface::MeshQuery& query, const std::vector<Face>& faces, unsigned threads);
  void find_neighbours(std::size_t axis, const surface::MeshQuery& query, const std::vector<Face>& faces,
                       unsigned threads);
  /// Calls body with the first place of each line along an axis.
  template <typename Body>
  void for_each_line(std::size_t axis, unsigned threads, const Body& body) const;

  Point3 low_;
  Place size_{};
  double step_;
  std::vector<std::int32_t> node_of_;  ///< One a cell.
  std::vector<std::array<Neighbour, 6>> neighbours_;
};

Grid::Grid(const TriangleMesh& cartilage, const surface::MeshQuery& query, const std::vector<Face>& faces,
           double step_mm, unsigned threads)
    : step_(step_mm) {
  const Box box = box_around(cartilage.vertices());
  low_ = box.low - Vector3{1.0, 1.0, 1.0} * (0.5 * step_);
  for (std::size_t a = 0; a < 3; ++a)
    size_[a] = static_cast<std::int64_t>(std::ceil(part(box.extent(), a) / step_)) + 2;
  find_nodes(query, faces, threads);
  for (std::size_t axis = 0; axis < 3; ++axis) find_neighbours(axis, query, faces, threads);
}

template <typename Body>
void Grid::for_each_line(std::size_t axis, unsigned threads, const Body& body) const {
  const std::size_t b = (axis + 1) % 3, c = (axis + 2) % 3;
  parallel_for(
      static_cast<std::size_t>(size_[b] * size_[c]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t line = begin; line < end; ++line) {
          Place p{};
          p[b] = static_cast<std::int64_t>(line) % size_[b];
          p[c] = static_cast<std::int64_t>(line) / size_[b];
          body(p);
        }
      },
      threads, 64);
}

std::vector<Grid::Stretch> Grid::stretches(std::size_t axis, const Place& p, const surface::MeshQuery& query,
                                           const std::vector<Face>& faces) const {
  const Vector3 along{axis == 0 ? 1.0 : 0.0, axis == 1 ? 1.0 : 0.0, axis == 2 ? 1.0 : 0.0};
  const Point3 from =
      low_ + step_ * Vector3{static_cast<double>(p[0]), static_cast<double>(p[1]), static_cast<double>(p[2])};
  const double length_mm = step_ * static_cast<double>(size_[axis] - 1);
  std::vector<Stretch> result;
  bool inside = false;
  Stretch open;
  for (const auto& hit : query.crossings(from, from + length_mm * along)) {
    const bool enters = dot(query.triangle_normal(hit.triangle), along) < 0.0;
    if (enters == inside) continue;  // a surface folded through itself
    if (enters) {
      open.from = hit.distance_mm;
      open.first = faces[hit.triangle];
    } else {
      open.to = hit.distance_mm;
      open.last = faces[hit.triangle];
      result.push_back(open);
    }
    inside = enters;
  }
  return result;
}

void Grid::find_nodes(const surface::MeshQuery& query, const std::vector<Face>& faces, unsigned threads) {
  std::vector<std::uint8_t> inside(static_cast<std::size_t>(size_[0] * size_[1] * size_[2]), 0);
  for_each_line(0, threads, [&](Place p) {
    for (const Stretch& s : stretches(0, p, query, faces))
      for (p[0] = static_cast<std::int64_t>(std::ceil(s.from / step_)); p[0] * step_ < s.to; ++p[0])
        inside[cell(p)] = 1;
  });
  node_of_.assign(inside.size(), nobody);
  std::int32_t nodes = 0;
  for (std::size_t c = 0; c < inside.size(); ++c)
    if (inside[c]) node_of_[c] = nodes++;
  neighbours_.resize(static_cast<std::size_t>(nodes));
}

void Grid::find_neighbours(std::size_t axis, const surface::MeshQuery& query, const std::vector<Face>& faces,
                           unsigned threads) {
  for_each_line(axis, threads, [&](const Place& first) {
    bool has_nodes = false;
    for (Place p = first; p[axis] < size_[axis] && !has_nodes; ++p[axis])
      has_nodes = node_of_[cell(p)] != nobody;
    if (!has_nodes) return;
    const std::vector<Stretch> own = stretches(axis, first, query, faces);
    for (Place p = first; p[axis] < size_[axis]; ++p[axis]) {
      const std::int32_t node = node_of_[cell(p)];
      if (node == nobody) continue;
      const double at = step_ * static_cast<double>(p[axis]);
      const auto stretch =
          std::find_if(own.begin(), own.end(), [&](const Stretch& s) { return s.from <= at && at <= s.to; });
      for (const int direction : {-1, 1}) {
        Neighbour& n = neighbours_[static_cast<std::size_t>(node)][2 * axis + (direction > 0 ? 1 : 0)];
        n.distance_mm = static_cast<float>(step_);
        Place q = p;
        q[axis] += direction;
        const bool in_grid = q[axis] >= 0 && q[axis] < size_[axis];
        if (stretch == own.end()) {  // lines of different axes may disagree by a rounding
          n.node = in_grid ? node_of_[cell(q)] : nobody;
          continue;
        }
        const double to_surface = direction < 0 ? at - stretch->from : stretch->to - at;
        if (to_surface < step_ || !in_grid || node_of_[cell(q)] == nobody) {
          constexpr double least_mm = 1e-4;
          n.distance_mm = static_cast<float>(std::clamp(to_surface, least_mm, step_));
          n.face = direction < 0 ? stretch->first : stretch->last;
        } else {
          n.node = node_of_[cell(q)];
        }
      }
    }
  });
}

double Grid::at(const std::vector<double>& values, const Point3& place) const {
  const Vector3 d = (place - low_) / step_;
  const Place first{static_cast<std::int64_t>(std::floor(d.x)), static_cast<std::int64_t>(std::floor(d.y)),
                    static_cast<std::int64_t>(std::floor(d.z))};
  double sum = 0.0, weights = 0.0;
  for (int corner = 0; corner < 8; ++corner) {
    Place p = first;
    double weight = 1.0;
    bool in_grid = true;
    for (std::size_t a = 0; a < 3; ++a) {
      const bool up = (corner >> a & 1) != 0;
      if (up) ++p[a];
      const double share = part(d, a) - std::floor(part(d, a));
      weight *= up ? share : 1.0 - share;
      in_grid = in_grid && p[a] >= 0 && p[a] < size_[a];
    }
    if (!in_grid || node_of_[cell(p)] == nobody) continue;
    const double value = values[static_cast<std::size_t>(node_of_[cell(p)])];
    if (std::isnan(value)) continue;
    sum += weight * value;
    weights += weight;
  }
  constexpr double least_weight = 1e-3;
  return weights > least_weight ? sum / weights : not_measured;
}

namespace {

/// Solves by sweeps to and fro until no node changes by more than `tolerance`.
template <typename Update>
void sweep(std::size_t nodes, double tolerance, const Update& update) {
  constexpr int most_sweeps = 1000;
  for (int s = 0; s < most_sweeps; ++s) {
    double change = 0.0;
    for (std::size_t n = 0; n < nodes; ++n) change = std::max(change, update(s % 2 == 0 ? n : nodes - 1 - n));
    if (change < tolerance) return;
  }
}

/// The potential at each node: 0 on the inner face, 1 on the articular one.
std::vector<double> potential_of(const Grid& grid) {
  std::vector<double> potential(grid.size(), 0.5);
  sweep(grid.size(), 1e-5, [&](std::size_t n) {
    double sum = 0.0, weights = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const Neighbour &low = grid.around(n)[2 * axis], &high = grid.around(n)[2 * axis + 1];
      const auto is_wall = [](const Neighbour& side) {
        return side.node == nobody && side.face == Face::wall;
      };
      // Behind a wall the field is its own mirror image.
      const auto reach = [&](const Neighbour& side) {
        return (is_wall(side) ? 2.0 : 1.0) * static_cast<double>(side.distance_mm);
      };
      const double both = reach(low) + reach(high);
      for (const Neighbour* side : {&low, &high}) {
        if (is_wall(*side)) continue;
        const double weight = 2.0 / (static_cast<double>(side->distance_mm) * both);
        sum += weight * (side->node != nobody            ? potential[static_cast<std::size_t>(side->node)]
                         : side->face == Face::articular ? 1.0
                                                         : 0.0);
        weights += weight;
      }
    }
    if (weights == 0.0) return 0.0;
    const double before = std::exchange(potential[n], sum / weights);
    return std::abs(potential[n] - before);
  });
  return potential;
}

/// The direction of the field at each node; 0 where it has none.
std::vector<Vector3> directions_of(const Grid& grid, const std::vector<double>& potential) {
  std::vector<Vector3> directions(grid.size());
  for (std::size_t n = 0; n < grid.size(); ++n) {
    std::array<double, 3> slope{};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const auto value = [&](const Neighbour& side) {
        return side.node != nobody            ? potential[static_cast<std::size_t>(side.node)]
               : side.face == Face::wall      ? potential[n]
               : side.face == Face::articular ? 1.0
                                              : 0.0;
      };
      const Neighbour &low = grid.around(n)[2 * axis], &high = grid.around(n)[2 * axis + 1];
      const double a = low.distance_mm, b = high.distance_mm;
      // The parabola through three points at unequal distances.
      slope[axis] = ((value(high) - potential[n]) * a / b + (potential[n] - value(low)) * b / a) / (a + b);
    }
    const Vector3 gradient{slope[0], slope[1], slope[2]};
    // A piece without one of the two faces has no field.
    constexpr double least_per_mm = 1e-3;
    if (length(gradient) > least_per_mm) directions[n] = normalized(gradient);
  }
  return directions;
}

/// The way along the field from each node back to where it comes from (`sign` 1) or on to where it goes (-1);
/// NaN where the field leads to no such face.
std::vector<double> ways(const Grid& grid, const std::vector<Vector3>& directions, double sign) {
  std::vector<double> way(grid.size(), not_measured);
  const Face source = sign > 0.0 ? Face::inner : Face::articular;
  sweep(grid.size(), 1e-4, [&](std::size_t n) {
    // T . grad L = |T|^2, over the axes on which it is known where the field comes from: not through a wall.
    double sum = 0.0, weights = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double along = sign * part(directions[n], axis);
      const Neighbour& from = grid.around(n)[2 * axis + (along > 0.0 ? 0 : 1)];
      if (along == 0.0 || (from.node == nobody && from.face != source)) continue;
      const double so_far = from.node == nobody ? 0.0 : way[static_cast<std::size_t>(from.node)];
      if (std::isnan(so_far)) continue;
      const double weight = std::abs(along) / static_cast<double>(from.distance_mm);
      sum += along * along + weight * so_far;
      weights += weight;
    }
    if (weights == 0.0) return 0.0;
    const double before = std::exchange(way[n], sum / weights);
    return std::isnan(before) ? 1.0 : std::abs(way[n] - before);
  });
  return way;
}

}  // namespace

std::vector<Facing> facing_of(const TriangleMesh& cartilage, const TriangleMesh& bone,
                              const std::vector<Vector3>& normals) {
  constexpr double least_cosine = 0.5;
  const surface::MeshQuery below(bone);
  std::vector<Facing> faces;
  faces.reserve(cartilage.triangles().size());
  for (const Triangle& t : cartilage.triangles()) {
    const Point3 &a = cartilage.vertices()[t[0]], &b = cartilage.vertices()[t[1]],
                 &c = cartilage.vertices()[t[2]];
    const Vector3 twice = cross(b - a, c - a);
    const Point3 middle = a + ((b - a) + (c - a)) / 3.0;
    const Triangle& nearest = bone.triangles()[below.closest(middle).triangle];
    const auto v = *std::min_element(nearest.begin(), nearest.end(), [&](auto p, auto q) {
      return squared_length(bone.vertices()[p] - middle) < squared_length(bone.vertices()[q] - middle);
    });
    const double cosine = dot(twice, normals[v]), least = least_cosine * length(twice);
    faces.push_back({cosine >= least ? Face::articular : cosine <= -least ? Face::inner : Face::wall, v});
  }
  return faces;
}

FieldLines::FieldLines(const TriangleMesh& cartilage, const surface::MeshQuery& query,
                       const std::vector<Face>& faces, double step_mm, unsigned threads)
    : grid_(std::make_unique<const Grid>(cartilage, query, faces, step_mm, threads)) {
  const std::vector<Vector3> directions = directions_of(*grid_, potential_of(*grid_));
  lengths_mm_ = ways(*grid_, directions, 1.0);
  const std::vector<double> onward = ways(*grid_, directions, -1.0);
  for (std::size_t n = 0; n < lengths_mm_.size(); ++n) lengths_mm_[n] += onward[n];
}

FieldLines::~FieldLines() = default;

double FieldLines::length_through(const Point3& place) const {
  return grid_->at(lengths_mm_, place);
}

}  // namespace genu::cartilage
