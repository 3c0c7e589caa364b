// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <map>
#include <numbers>
#include <utility>
#include <vector>

#include <genu/testing/bodies.h>

namespace genu::testing {

ImageGeometry oblique_grid(const GridOptions& o) {
  // A tilt about each axis, so that no direction cosine is 0 or 1.
  const RigidTransform tilt = RigidTransform::rotation_about({}, {0.3, 1.0, -0.2}, 17.0) *
                              RigidTransform::rotation_about({}, {1.0, 0.1, 0.4}, -9.0);
  Matrix3 direction = tilt.rotation();
  if (o.left_handed)
    direction = Matrix3::from_columns(direction.column(0), direction.column(1), -direction.column(2));
  const GridSize size{static_cast<std::int64_t>(std::ceil(o.extent_mm.x / o.spacing_mm.x)),
                      static_cast<std::int64_t>(std::ceil(o.extent_mm.y / o.spacing_mm.y)),
                      static_cast<std::int64_t>(std::ceil(o.extent_mm.z / o.spacing_mm.z))};
  const Vector3 half{0.5 * static_cast<double>(size[0] - 1) * o.spacing_mm.x,
                     0.5 * static_cast<double>(size[1] - 1) * o.spacing_mm.y,
                     0.5 * static_cast<double>(size[2] - 1) * o.spacing_mm.z};
  return {size, o.centre - direction * half, o.spacing_mm, direction};
}

LabelMap label(const ImageGeometry& grid, const std::function<Tissue(const Point3&)>& tissue_at) {
  LabelMap labels(grid);
  for (std::size_t v = 0; v < labels.voxels().size(); ++v)
    labels.voxels()[v] = tissue_at(grid.to_patient(grid.index_of(v)));
  return labels;
}

LabelMap concentric_spheres(const ImageGeometry& grid, const Point3& centre, double bone_mm,
                            double outer_mm) {
  return label(grid, [=](const Point3& p) {
    const double r = distance(p, centre);
    return r <= bone_mm ? Tissue::femur : r <= outer_mm ? Tissue::femoral_cartilage : Tissue::background;
  });
}

TriangleMesh icosphere(const Point3& centre, double radius_mm, int subdivisions) {
  const double g = std::numbers::phi;
  std::vector<Vector3> directions;
  for (const Vector3& v : {Vector3{-1, g, 0},
                           {1, g, 0},
                           {-1, -g, 0},
                           {1, -g, 0},
                           {0, -1, g},
                           {0, 1, g},
                           {0, -1, -g},
                           {0, 1, -g},
                           {g, 0, -1},
                           {g, 0, 1},
                           {-g, 0, -1},
                           {-g, 0, 1}})
    directions.push_back(normalized(v));
  std::vector<Triangle> triangles{{0, 11, 5}, {0, 5, 1},  {0, 1, 7},   {0, 7, 10}, {0, 10, 11},
                                  {1, 5, 9},  {5, 11, 4}, {11, 10, 2}, {10, 7, 6}, {7, 1, 8},
                                  {3, 9, 4},  {3, 4, 2},  {3, 2, 6},   {3, 6, 8},  {3, 8, 9},
                                  {4, 9, 5},  {2, 4, 11}, {6, 2, 10},  {8, 6, 7},  {9, 8, 1}};
  for (int level = 0; level < subdivisions; ++level) {
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint32_t> middles;
    const auto middle = [&](std::uint32_t a, std::uint32_t b) {
      const auto [place, is_new] =
          middles.try_emplace(std::minmax(a, b), static_cast<std::uint32_t>(directions.size()));
      if (is_new) directions.push_back(normalized(directions[a] + directions[b]));
      return place->second;
    };
    std::vector<Triangle> finer;
    for (const auto& [a, b, c] : triangles) {
      const auto ab = middle(a, b), bc = middle(b, c), ca = middle(c, a);
      finer.insert(finer.end(), {{a, ab, ca}, {b, bc, ab}, {c, ca, bc}, {ab, bc, ca}});
    }
    triangles = std::move(finer);
  }
  std::vector<Point3> vertices;
  for (const Vector3& d : directions) vertices.push_back(centre + radius_mm * d);
  return {std::move(vertices), std::move(triangles)};
}

RigidTransform random_pose(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> shift(-40.0, 40.0);
  // A normalised 4-vector of normal deviates is a uniform quaternion (Shoemake 1992).
  double q[4];
  double n = 0.0;
  for (double& c : q) {
    c = normal(random);
    n += c * c;
  }
  n = std::sqrt(n);
  const Vector3 axis{q[1] / n, q[2] / n, q[3] / n};
  const double angle = 2.0 * std::atan2(length(axis), q[0] / n) * 180.0 / std::numbers::pi;
  const double x = shift(random), y = shift(random), z = shift(random);
  return RigidTransform::translation_by({x, y, z}) * RigidTransform::rotation_about({}, axis, angle);
}

}  // namespace genu::testing
