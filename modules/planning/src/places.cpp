// SPDX-License-Identifier: Apache-2.0
#include "places.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <genu/core/box.h>

namespace genu::planning {
namespace {

// More places than this, or nearer together, give the same paths again.
constexpr std::size_t most_places = 7;
constexpr double least_apart_mm = 5.0;
constexpr double distance_step = 1e-6;  // Far above rounding: places alike by symmetry tie in every pose.

}  // namespace

TriangleMesh in_knee_coordinates(const TriangleMesh& mesh, const KneeFrame& frame) {
  std::vector<Point3> vertices;
  vertices.reserve(mesh.vertices().size());
  for (const Point3& p : mesh.vertices()) vertices.push_back(Point3{} + frame.coordinates(p));
  std::vector<Triangle> triangles = mesh.triangles();
  if (dot(frame.lateral, cross(frame.anterior, frame.proximal)) < 0.0)
    for (Triangle& t : triangles) std::swap(t[1], t[2]);
  return {std::move(vertices), std::move(triangles)};
}

KneeBox box_of(const TriangleMesh& mesh, const KneeFrame& frame) {
  Box box;
  for (const Point3& p : mesh.vertices()) box.include(Point3{} + frame.coordinates(p));
  return {box.low - Point3{}, box.high - Point3{}};
}

std::vector<Place> places_inside(const surface::MeshQuery& query, const KneeFrame& frame, const KneeBox& box,
                                 double lattice_mm) {
  const auto steps = [&](double from, double to) { return static_cast<int>((to - from) / lattice_mm); };
  std::vector<Place> inside;
  for (int i = 0; i <= steps(box.low.x, box.high.x); ++i)
    for (int j = 0; j <= steps(box.low.y, box.high.y); ++j)
      for (int k = 0; k <= steps(box.low.z, box.high.z); ++k) {
        const Vector3 at = box.low + lattice_mm * Vector3{double(i), double(j), double(k)};
        const double depth = -query.signed_distance_mm(frame.at(at.x, at.y, at.z));
        if (depth > 0.0) inside.push_back({at, depth});
      }
  return inside;
}

std::optional<Place> central_deep_place(std::vector<Place> places) {
  if (places.empty()) return std::nullopt;
  double deepest = 0.0;
  for (const Place& p : places) deepest = std::max(deepest, p.depth_mm);
  std::erase_if(places, [&](const Place& p) { return p.depth_mm < deep_enough * deepest; });
  Vector3 mean;
  for (const Place& p : places) mean += p.at / static_cast<double>(places.size());
  return *std::min_element(places.begin(), places.end(), [&](const Place& a, const Place& b) {
    return squared_length(a.at - mean) < squared_length(b.at - mean);
  });
}

std::vector<Place> spread(const Place& first, const std::vector<Place>& others) {
  std::vector<Place> chosen{first};
  std::vector<double> apart(others.size(), std::numeric_limits<double>::infinity());
  while (chosen.size() < most_places) {
    std::size_t farthest = others.size();
    double most = least_apart_mm;
    for (std::size_t o = 0; o < others.size(); ++o) {
      apart[o] = std::min(apart[o], length(others[o].at - chosen.back().at));
      const double rounded = distance_step * std::round(apart[o] / distance_step);
      if (rounded > most) {
        most = rounded;
        farthest = o;
      }
    }
    if (farthest == others.size()) break;
    chosen.push_back(others[farthest]);
  }
  return chosen;
}

void set_places(Target& target, const KneeFrame& frame, const std::vector<Place>& places) {
  target.points.clear();
  for (const Place& p : places) target.points.push_back(frame.at(p.at.x, p.at.y, p.at.z));
  target.point = target.points.front();
}

}  // namespace genu::planning
