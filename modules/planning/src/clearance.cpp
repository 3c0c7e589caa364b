// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include <genu/core/error.h>
#include <genu/planning/clearance.h>
#include <genu/surface/measure.h>

#include "places.h"
#include "queries.h"

namespace genu::planning {

namespace {

std::vector<const TriangleMesh*> surfaces_of(const Anatomy& anatomy) {
  std::vector<const TriangleMesh*> surfaces;
  for (const Structure& s : anatomy.structures) {
    if (s.surface.empty())
      throw InvalidInput("cannot measure clearances: the structure '" + s.name + "' has no surface");
    surfaces.push_back(&s.surface);
  }
  return surfaces;
}

}  // namespace

Inside::Inside(const TriangleMesh& surface, double step_mm) : step_mm_(step_mm) {
  if (surface.empty()) return;
  const Box box = box_around(surface.vertices());
  low_ = box.low;
  const Vector3 extent = box.extent();
  size_ = {static_cast<std::int64_t>(extent.x / step_mm) + 1,
           static_cast<std::int64_t>(extent.y / step_mm) + 1,
           static_cast<std::int64_t>(extent.z / step_mm) + 1};
  inside_.resize(static_cast<std::size_t>(size_[0] * size_[1] * size_[2]));
  const surface::MeshQuery query(surface);
  for (std::int64_t z = 0; z < size_[2]; ++z)
    for (std::int64_t y = 0; y < size_[1]; ++y) {
      // Off the lattice of voxels, where lines meet many vertices.
      const Point3 from = low_ + Vector3{-1.0, step_mm * (static_cast<double>(y) + 0.5031),
                                         step_mm * (static_cast<double>(z) + 0.5017)};
      const auto crossings = query.crossings(from, from + Vector3{extent.x + 2.0, 0.0, 0.0});
      for (std::size_t c = 0; c + 1 < crossings.size(); c += 2)
        for (std::int64_t x = 0; x < size_[0]; ++x) {
          const double at = 1.0 + step_mm * (static_cast<double>(x) + 0.5);
          if (at >= crossings[c].distance_mm && at <= crossings[c + 1].distance_mm)
            inside_[static_cast<std::size_t>(x + size_[0] * (y + size_[1] * z))] = true;
        }
    }
}

bool Inside::contains(const Point3& p) const {
  if (inside_.empty()) return false;
  const Vector3 at = (p - low_) / step_mm_;
  const std::array<double, 3> cell{std::floor(at.x), std::floor(at.y), std::floor(at.z)};
  for (std::size_t a = 0; a < 3; ++a)
    if (!(cell[a] >= 0.0 && cell[a] < static_cast<double>(size_[a]))) return false;
  const auto number = [&](std::size_t a) { return static_cast<std::int64_t>(cell[a]); };
  return inside_[static_cast<std::size_t>(number(0) + size_[0] * (number(1) + size_[1] * number(2)))];
}

ClearanceField::ClearanceField(const Anatomy& anatomy, unsigned threads, const LabelMap* labels)
    : anatomy_(&anatomy),
      labels_(labels),
      surfaces_(queries_of(surfaces_of(anatomy), threads)),
      obstacles_(surfaces_of(anatomy), threads),
      recess_(in_knee_coordinates(anatomy.recess, anatomy.frame)) {
  if (!anatomy.skin.empty()) {
    skin_.emplace(anatomy.skin);
    skin_normals_ = surface::vertex_normals(anatomy.skin);
  }
  for (const Structure& s : anatomy.structures) boxes_.push_back(box_around(s.surface.vertices()));
}

Vector3 ClearanceField::skin_normal(const surface::SurfacePoint& on_skin) const {
  const Triangle& t = anatomy_->skin.triangles()[on_skin.triangle];
  const auto& vertices = anatomy_->skin.vertices();
  const Vector3 face = skin_->triangle_normal(on_skin.triangle);
  Vector3 sum;
  for (std::size_t c = 0; c < 3; ++c) {
    // A vertex weighs as much as the part of the triangle that lies across from it.
    const Vector3 a = vertices[t[(c + 1) % 3]] - on_skin.point, b = vertices[t[(c + 2) % 3]] - on_skin.point;
    sum += std::max(0.0, dot(cross(a, b), face)) * skin_normals_[t[c]];
  }
  const double size = length(sum);
  return size > 0.0 ? sum / size : face;
}

bool ClearanceField::contains(std::size_t structure, const Point3& p) const {
  return boxes_[structure].contains(p) && obstacles_.contains(structure, p);
}

std::optional<double> ClearanceField::first_crossing_mm(std::size_t structure, const Point3& from,
                                                        const Point3& to) const {
  const auto first = surfaces_[structure].first_crossing(from, to);
  return first ? std::optional(first->distance_mm) : std::nullopt;
}

std::optional<double> ClearanceField::bone_crossing_mm(const Point3& from, const Point3& to) const {
  std::optional<double> nearest;
  for (std::size_t s = 0; s < surfaces_.size(); ++s) {
    if (anatomy_->structures[s].kind != StructureKind::bone || axis_distance_at_least_mm(s, from, to) > 0.0)
      continue;
    if (const auto at = first_crossing_mm(s, from, to); at && (!nearest || *at < *nearest)) nearest = at;
  }
  return nearest;
}

bool ClearanceField::bone_nearer_than(double distance_mm, const Point3& from, const Point3& to) const {
  for (std::size_t s = 0; s < surfaces_.size(); ++s)
    if (anatomy_->structures[s].kind == StructureKind::bone &&
        obstacles_.distance_mm(s, from, to, distance_mm) < distance_mm)
      return true;
  return false;
}

std::vector<std::pair<double, double>> ClearanceField::stretches_inside(std::size_t structure,
                                                                        const Point3& from,
                                                                        const Point3& to) const {
  std::vector<std::pair<double, double>> stretches;
  if (axis_distance_at_least_mm(structure, from, to) > 0.0) return stretches;
  std::vector<double> at;
  if (contains(structure, from)) at.push_back(0.0);
  for (const auto& crossing : surfaces_[structure].crossings(from, to)) at.push_back(crossing.distance_mm);
  if (at.size() % 2 == 1) at.push_back(distance(from, to));
  for (std::size_t n = 0; n < at.size(); n += 2) stretches.emplace_back(at[n], at[n + 1]);
  return stretches;
}

double ClearanceField::distance_mm(std::size_t structure, const Point3& p) const {
  return surfaces_[structure].closest(p).distance_mm;
}

double ClearanceField::axis_distance_at_least_mm(std::size_t structure, const Point3& from,
                                                 const Point3& to) const {
  // The distance between the structure's box and the box around the segment.
  const Box& box = boxes_[structure];
  const auto gap = [](double low, double high, double a, double b) {
    return std::max({0.0, low - std::max(a, b), std::min(a, b) - high});
  };
  return length({gap(box.low.x, box.high.x, from.x, to.x), gap(box.low.y, box.high.y, from.y, to.y),
                 gap(box.low.z, box.high.z, from.z, to.z)});
}

double ClearanceField::axis_distance_mm(std::size_t structure, const Point3& from, const Point3& to,
                                        double limit_mm) const {
  const double apart = obstacles_.distance_mm(structure, from, to, limit_mm);
  return apart > 0.0 && contains(structure, to) ? -apart : apart;
}

}  // namespace genu::planning
