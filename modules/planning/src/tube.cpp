// SPDX-License-Identifier: Apache-2.0
#include "tube.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>
#include <utility>

#include <genu/core/error.h>

namespace genu::planning {
namespace {

constexpr std::size_t ring_points = 20;
// Sections further apart than this get others between them, so that bends are round.
constexpr double section_spacing_mm = 2.0;

Point3 middle_of(const Ring& ring) {
  Vector3 sum;
  for (const Point3& p : ring) sum += p - ring.front();
  return ring.front() + sum / static_cast<double>(ring.size());
}

Vector3 tangent_at(const std::vector<TubeSection>& course, std::size_t n) {
  const std::size_t before = n == 0 ? 0 : n - 1, after = std::min(n + 1, course.size() - 1);
  return normalized(course[after].centre - course[before].centre);
}

/// Returns the edge of a section: a polygon of the ellipse's area.
Ring edge_of(const TubeSection& section, const Vector3& tangent) {
  const double major = length(section.major_half_axis_mm);
  const Vector3 across = section.major_half_axis_mm - dot(section.major_half_axis_mm, tangent) * tangent;
  const Vector3 u = length(across) > 1e-6 * major ? normalized(across) : any_perpendicular(tangent);
  const Vector3 v = cross(tangent, u);
  constexpr double step = 2.0 * std::numbers::pi / static_cast<double>(ring_points);
  const double wider = std::sqrt(step / std::sin(step));
  Ring ring;
  for (std::size_t m = 0; m < ring_points; ++m) {
    const double angle = step * static_cast<double>(m);
    ring.push_back(section.centre + wider * major * std::cos(angle) * u +
                   wider * section.minor_half_axis_mm * std::sin(angle) * v);
  }
  return ring;
}

/// Turns the start of a ring to where it lies nearest to that of the one before.
void untwist(Ring& ring, const Ring& before) {
  const Vector3 shift = middle_of(before) - middle_of(ring);
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t start = 0; start < ring.size(); ++start) {
    double sum = 0.0;
    for (std::size_t m = 0; m < ring.size(); ++m)
      sum += squared_length(ring[(start + m) % ring.size()] + shift - before[m]);
    if (sum < least) {
      least = sum;
      best = start;
    }
  }
  std::rotate(ring.begin(), ring.begin() + static_cast<std::ptrdiff_t>(best), ring.end());
}

/// Appends rings from section n on to before the next one: their middles on a Catmull-Rom spline through the
/// centres, their shapes in between.
void add_rings_after(std::size_t n, const std::vector<TubeSection>& course, const std::vector<Ring>& edges,
                     std::vector<Ring>& rings) {
  const Point3 &a = course[n].centre, &b = course[n + 1].centre;
  const Vector3 along = b - a;
  const Vector3 at_a = n > 0 ? 0.5 * (b - course[n - 1].centre) : along;
  const Vector3 at_b = n + 2 < course.size() ? 0.5 * (course[n + 2].centre - a) : along;
  // Neither here nor there for rounding: sections of a table often lie at whole multiples.
  const auto parts = std::max(1, static_cast<int>(std::ceil(length(along) / section_spacing_mm - 1e-3)));
  for (int part = 0; part < parts; ++part) {
    const double t = static_cast<double>(part) / parts, s = 1.0 - t;
    // Hermite's cubic, as a departure from the straight line.
    const Vector3 bend = s * s * t * (at_a - along) - s * t * t * (at_b - along);
    Ring ring;
    for (std::size_t m = 0; m < ring_points; ++m)
      ring.push_back(lerp(edges[n][m], edges[n + 1][m], t) + bend);
    rings.push_back(std::move(ring));
  }
}

/// Adds the surface between rings, counter-clockwise seen from the last one.
void add_sides(const std::vector<Ring>& rings, std::vector<Point3>& vertices,
               std::vector<Triangle>& triangles) {
  const std::size_t around = rings.front().size();
  for (const Ring& ring : rings) vertices.insert(vertices.end(), ring.begin(), ring.end());
  const auto number = [&](std::size_t ring, std::size_t m) {
    return static_cast<std::uint32_t>(ring * around + m % around);
  };
  for (std::size_t r = 0; r + 1 < rings.size(); ++r)
    for (std::size_t m = 0; m < around; ++m) {
      triangles.push_back({number(r, m), number(r, m + 1), number(r + 1, m + 1)});
      triangles.push_back({number(r, m), number(r + 1, m + 1), number(r + 1, m)});
    }
}

}  // namespace

std::vector<Ring> edges_of(const std::vector<TubeSection>& course) {
  if (course.size() < 2)
    throw InvalidInput("cannot sweep a tube: it has " + std::to_string(course.size()) + " sections");
  for (std::size_t n = 0; n + 1 < course.size(); ++n)
    if (!(distance(course[n].centre, course[n + 1].centre) > 0.0))
      throw InvalidInput("cannot sweep a tube: sections " + std::to_string(n) + " and " +
                         std::to_string(n + 1) + " lie in one place");
  std::vector<Ring> edges;
  for (std::size_t n = 0; n < course.size(); ++n) {
    edges.push_back(edge_of(course[n], tangent_at(course, n)));
    if (n > 0) untwist(edges[n], edges[n - 1]);
  }
  return edges;
}

std::vector<Ring> rings_of(const std::vector<TubeSection>& course) {
  const std::vector<Ring> edges = edges_of(course);
  std::vector<Ring> rings;
  for (std::size_t n = 0; n + 1 < course.size(); ++n) add_rings_after(n, course, edges, rings);
  rings.push_back(edges.back());
  return rings;
}

TriangleMesh closed_tube(const std::vector<Ring>& rings) {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  add_sides(rings, vertices, triangles);
  const auto around = static_cast<std::uint32_t>(rings.front().size());
  const auto last = static_cast<std::uint32_t>(vertices.size()) - around;
  const auto first_middle = static_cast<std::uint32_t>(vertices.size()), last_middle = first_middle + 1;
  vertices.push_back(middle_of(rings.front()));
  vertices.push_back(middle_of(rings.back()));
  for (std::uint32_t m = 0; m < around; ++m) {
    const std::uint32_t next = (m + 1) % around;
    triangles.push_back({first_middle, next, m});
    triangles.push_back({last_middle, last + m, last + next});
  }
  return {std::move(vertices), std::move(triangles)};
}

TriangleMesh open_tube(const std::vector<Ring>& rings) {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  add_sides(rings, vertices, triangles);
  double outward = 0.0;
  for (std::size_t t = 0; t < triangles.size(); ++t) {
    const Point3 &a = vertices[triangles[t][0]], &b = vertices[triangles[t][1]],
                 &c = vertices[triangles[t][2]];
    const Ring& ring = rings[t / (2 * rings.front().size())];
    outward += dot(cross(b - a, c - a), a - middle_of(ring));
  }
  if (outward < 0.0)
    for (Triangle& t : triangles) std::swap(t[1], t[2]);
  return {std::move(vertices), std::move(triangles)};
}

TriangleMesh joined(const std::vector<TriangleMesh>& meshes) {
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (const TriangleMesh& mesh : meshes) {
    const auto first = static_cast<std::uint32_t>(vertices.size());
    vertices.insert(vertices.end(), mesh.vertices().begin(), mesh.vertices().end());
    for (const Triangle& t : mesh.triangles())
      triangles.push_back({t[0] + first, t[1] + first, t[2] + first});
  }
  return {std::move(vertices), std::move(triangles)};
}

}  // namespace genu::planning
