// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <string>

#include <genu/cartilage/thickness.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/surface/measure.h>

namespace genu::cartilage {
namespace {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

void check(const ThicknessOptions& o) {
  const auto refuse = [](const std::string& name, double value) {
    throw InvalidInput("cannot measure thickness with " + name + " = " + std::to_string(value));
  };
  if (!(o.max_thickness_mm > 0.0) || !std::isfinite(o.max_thickness_mm))
    refuse("max_thickness_mm", o.max_thickness_mm);
  if (!(o.search_inside_mm >= 0.0) || !std::isfinite(o.search_inside_mm))
    refuse("search_inside_mm", o.search_inside_mm);
  if (!(o.max_gap_mm >= 0.0) || !std::isfinite(o.max_gap_mm)) refuse("max_gap_mm", o.max_gap_mm);
  if (!(o.max_tilt_deg > 0.0 && o.max_tilt_deg <= 90.0)) refuse("max_tilt_deg", o.max_tilt_deg);
}

void check_every_vertex_is_used(const TriangleMesh& bone) {
  std::vector<std::uint8_t> used(bone.vertices().size(), 0);
  for (const Triangle& t : bone.triangles())
    for (const auto v : t) used[v] = 1;
  for (std::size_t v = 0; v < used.size(); ++v)
    if (!used[v])
      throw InvalidInput("cannot measure thickness: vertex " + std::to_string(v) +
                         " of the bone is in no triangle and has no normal");
}

/// Returns the thickness along one ray. Heights are along the ray, 0 at the bone.
double thickness_along(const Point3& foot, const Vector3& up, const surface::MeshQuery& cartilage,
                       const ThicknessOptions& o, double least_cosine) {
  const auto hits = cartilage.crossings(foot - o.search_inside_mm * up, foot + o.max_thickness_mm * up);
  double inside = 0.0;     // Length so far.
  double last_exit = 0.0;  // Height at which cartilage ended, or of the bone.
  double entry = 0.0;
  bool is_inside = false, grazes = false, found = false;
  for (const auto& hit : hits) {
    const double height = hit.distance_mm - o.search_inside_mm;
    const double cosine = dot(cartilage.triangle_normal(hit.triangle), up);
    if (cosine <= 0.0) {
      // A face turned towards the bone: cartilage begins. Twice in a row is a surface folded through itself.
      if (is_inside) return not_measured;
      // Above bare bone the ray can only meet the flank of cartilage beside it, as at the edge of a lesion.
      const bool is_flank = -cosine < least_cosine;
      if (height - last_exit > o.max_gap_mm || (is_flank && height > 0.0))
        return found && grazes ? not_measured : inside;
      is_inside = true;
      entry = height;
      grazes = grazes || is_flank;
      continue;
    }
    // Cartilage ends. Without a beginning, the ray started inside: cartilage deeper than the search looks.
    // What ends below the bone's surface is on its far side.
    const bool began = is_inside;
    is_inside = false;
    if (height <= 0.0) {
      grazes = false;
      continue;
    }
    if (!began) return not_measured;
    found = true;
    grazes = grazes || cosine < least_cosine;
    inside += height - entry;
    last_exit = height;
  }
  if (is_inside || (found && grazes)) return not_measured;
  return inside;
}

}  // namespace

ThicknessMap measure_thickness(const TriangleMesh& bone, const std::vector<Vector3>& directions,
                               const surface::MeshQuery& cartilage, const ThicknessOptions& options) {
  check(options);
  if (bone.empty()) throw InvalidInput("cannot measure thickness on a bone surface without triangles");
  if (directions.size() != bone.vertices().size())
    throw InvalidInput("cannot measure thickness along " + std::to_string(directions.size()) +
                       " directions from " + std::to_string(bone.vertices().size()) + " vertices");
  for (std::size_t v = 0; v < directions.size(); ++v)
    if (!(std::abs(squared_length(directions[v]) - 1.0) < 1e-6))
      throw InvalidInput("cannot measure thickness: direction " + std::to_string(v) + " has length " +
                         std::to_string(length(directions[v])));
  const double least_cosine = std::cos(options.max_tilt_deg * std::numbers::pi / 180.0);
  ThicknessMap map{std::vector<double>(bone.vertices().size())};
  parallel_for(
      map.thickness_mm.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin; v < end; ++v)
          map.thickness_mm[v] =
              thickness_along(bone.vertices()[v], directions[v], cartilage, options, least_cosine);
      },
      options.threads);
  return map;
}

ThicknessMap measure_thickness(const TriangleMesh& bone, const TriangleMesh& cartilage,
                               const ThicknessOptions& options) {
  if (bone.empty()) throw InvalidInput("cannot measure thickness on a bone surface without triangles");
  if (cartilage.empty())
    throw InvalidInput("cannot measure thickness of a cartilage surface without triangles");
  check_every_vertex_is_used(bone);
  return measure_thickness(bone, surface::vertex_normals(bone), surface::MeshQuery(cartilage), options);
}

}  // namespace genu::cartilage
