// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <genu/cartilage/thickness.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "field_lines.h"

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
  constexpr double least_step_mm = 0.05;
  if (!(o.field_step_mm >= least_step_mm) || !std::isfinite(o.field_step_mm))
    refuse("field_step_mm", o.field_step_mm);
  if (!(o.smoothing_mm >= 0.0) || !std::isfinite(o.smoothing_mm)) refuse("smoothing_mm", o.smoothing_mm);
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

/// Returns the articular faces of cartilage; nothing where there are none.
std::optional<surface::MeshQuery> articular_of(const TriangleMesh& cartilage,
                                               const std::vector<Facing>& facing) {
  std::vector<Triangle> articular;
  for (std::size_t t = 0; t < facing.size(); ++t)
    if (facing[t].face == Face::articular) articular.push_back(cartilage.triangles()[t]);
  if (articular.empty()) return std::nullopt;
  return surface::MeshQuery(TriangleMesh(cartilage.vertices(), std::move(articular)));
}

/// Compares each length with the way to the nearest articular point. Between parallel faces they are the
/// same; a ray that leaves at the greatest tilt is longer by its cosine. One that is longer still runs along
/// a rim: not measured. Where the nearest point is what was asked for, it takes the place of the length.
void compare_with_nearest_points(ThicknessMap& map, const TriangleMesh& bone,
                                 const surface::MeshQuery& articular, const ThicknessOptions& options,
                                 double least_cosine) {
  const bool replace = options.method == ThicknessMethod::nearest_point;
  parallel_for(
      map.thickness_mm.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin; v < end; ++v) {
          double& length = map.thickness_mm[v];
          if (!(length > 0.0)) continue;
          const double nearest = articular.closest(bone.vertices()[v]).distance_mm;
          if (nearest < least_cosine * length)
            length = not_measured;
          else if (replace)
            length = std::min(length, nearest);
        }
      },
      options.threads);
}

void to_field_lines(ThicknessMap& map, const TriangleMesh& bone, const std::vector<Vector3>& directions,
                    const TriangleMesh& cartilage, const std::vector<Facing>& facing,
                    const surface::MeshQuery& query, const ThicknessOptions& options) {
  // A field line is as long everywhere on it. Just above the bone it is the one that begins there. Where the
  // grid has no node, in a layer thinner than its step or over a gap, the length along the normal stays:
  // there the methods agree.
  std::vector<std::size_t> covered;
  std::vector<Point3> low, middle;
  for (std::size_t v = 0; v < map.thickness_mm.size(); ++v)
    if (map.thickness_mm[v] > 0.0) {
      const double half = 0.5 * map.thickness_mm[v];
      covered.push_back(v);
      low.push_back(bone.vertices()[v] + std::min(options.field_step_mm, half) * directions[v]);
      middle.push_back(bone.vertices()[v] + half * directions[v]);
    }
  std::vector<Face> faces;
  faces.reserve(facing.size());
  for (const Facing& f : facing) faces.push_back(f.face);
  const FieldLines lines(cartilage, query, faces, options.field_step_mm, options.threads);
  for (std::size_t n = 0; n < covered.size(); ++n) {
    const double length = lines.length_through(low[n]);
    const double found = std::isnan(length) ? lines.length_through(middle[n]) : length;
    if (!std::isnan(found)) map.thickness_mm[covered[n]] = found;
  }
}

/// Places in cells of one size, sorted by cell, so that neighbours are found in memory order.
class Cells {
 public:
  Cells(const std::vector<Point3>& places, double size_mm) : size_mm_(size_mm) {
    cells_.reserve(places.size());
    for (std::size_t n = 0; n < places.size(); ++n) cells_.push_back({cell_of(places[n]), n});
    std::sort(cells_.begin(), cells_.end());
  }

  /// Calls `visit` with every place whose cell touches the cell of `p`.
  template <typename Visit>
  void around(const Point3& p, const Visit& visit) const {
    const Cell here = cell_of(p);
    for (std::int64_t i = here[0] - 1; i <= here[0] + 1; ++i)
      for (std::int64_t j = here[1] - 1; j <= here[1] + 1; ++j) {
        // The three cells along k stand side by side.
        auto at = std::lower_bound(cells_.begin(), cells_.end(),
                                   std::pair(Cell{i, j, here[2] - 1}, std::size_t{0}));
        for (; at != cells_.end() && at->first <= Cell{i, j, here[2] + 1}; ++at) visit(at->second);
      }
  }

 private:
  using Cell = std::array<std::int64_t, 3>;
  Cell cell_of(const Point3& p) const {
    const auto number = [this](double x) { return static_cast<std::int64_t>(std::floor(x / size_mm_)); };
    return {number(p.x), number(p.y), number(p.z)};
  }

  double size_mm_;
  std::vector<std::pair<Cell, std::size_t>> cells_;
};

}  // namespace

std::string_view name(ThicknessMethod method) {
  switch (method) {
    case ThicknessMethod::along_normal:
      return "normal";
    case ThicknessMethod::nearest_point:
      return "nearest";
    case ThicknessMethod::field_lines:
      return "field_lines";
  }
  throw InvalidInput("no thickness method has the number " + std::to_string(static_cast<int>(method)));
}

std::string_view title(ThicknessMethod method) {
  switch (method) {
    case ThicknessMethod::along_normal:
      return "along bone normal";
    case ThicknessMethod::nearest_point:
      return "to the nearest point of the articular surface";
    case ThicknessMethod::field_lines:
      return "along field lines (Laplace)";
  }
  throw InvalidInput("no thickness method has the number " + std::to_string(static_cast<int>(method)));
}

std::optional<ThicknessMethod> thickness_method_named(std::string_view wanted) {
  for (const ThicknessMethod method :
       {ThicknessMethod::along_normal, ThicknessMethod::nearest_point, ThicknessMethod::field_lines})
    if (name(method) == wanted) return method;
  return std::nullopt;
}

ThicknessMap measure_thickness(const TriangleMesh& bone, const std::vector<Vector3>& directions,
                               const TriangleMesh& cartilage, const ThicknessOptions& options) {
  check(options);
  if (bone.empty()) throw InvalidInput("cannot measure thickness on a bone surface without triangles");
  if (directions.size() != bone.vertices().size())
    throw InvalidInput("cannot measure thickness along " + std::to_string(directions.size()) +
                       " directions from " + std::to_string(bone.vertices().size()) + " vertices");
  for (std::size_t v = 0; v < directions.size(); ++v)
    if (!(std::abs(squared_length(directions[v]) - 1.0) < 1e-6))
      throw InvalidInput("cannot measure thickness: direction " + std::to_string(v) + " has length " +
                         std::to_string(length(directions[v])));
  if (cartilage.empty())
    throw InvalidInput("cannot measure thickness of a cartilage surface without triangles");
  const surface::MeshQuery query(cartilage);
  const double least_cosine = std::cos(options.max_tilt_deg * std::numbers::pi / 180.0);
  ThicknessMap map{std::vector<double>(bone.vertices().size())};
  parallel_for(
      map.thickness_mm.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin; v < end; ++v)
          map.thickness_mm[v] =
              thickness_along(bone.vertices()[v], directions[v], query, options, least_cosine);
      },
      options.threads);
  const std::vector<Facing> facing = facing_of(cartilage, bone, directions);
  if (const auto articular = articular_of(cartilage, facing))
    compare_with_nearest_points(map, bone, *articular, options, least_cosine);
  if (options.method == ThicknessMethod::field_lines)
    to_field_lines(map, bone, directions, cartilage, facing, query, options);
  return options.smoothing_mm > 0.0 ? smoothed(map, bone, options.smoothing_mm, options.threads) : map;
}

ThicknessMap measure_thickness(const TriangleMesh& bone, const TriangleMesh& cartilage,
                               const ThicknessOptions& options) {
  if (bone.empty()) throw InvalidInput("cannot measure thickness on a bone surface without triangles");
  check_every_vertex_is_used(bone);
  return measure_thickness(bone, surface::vertex_normals(bone), cartilage, options);
}

ThicknessMap smoothed(const ThicknessMap& map, const TriangleMesh& bone, double sigma_mm, unsigned threads) {
  if (map.thickness_mm.size() != bone.vertices().size())
    throw InvalidInput("cannot smooth " + std::to_string(map.thickness_mm.size()) + " values on a bone of " +
                       std::to_string(bone.vertices().size()) + " vertices");
  if (!(sigma_mm > 0.0) || !std::isfinite(sigma_mm))
    throw InvalidInput("cannot smooth thickness by " + std::to_string(sigma_mm) + " mm");
  const double reach_mm = 5.0 * sigma_mm;
  std::vector<std::size_t> covered;
  std::vector<Point3> places;
  for (std::size_t v = 0; v < map.thickness_mm.size(); ++v)
    if (map.thickness_mm[v] > 0.0) {
      covered.push_back(v);
      places.push_back(bone.vertices()[v]);
    }
  const Cells cells(places, reach_mm);
  ThicknessMap result = map;
  parallel_for(
      covered.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
          double sum = 0.0, weights = 0.0;
          cells.around(places[n], [&](std::size_t other) {
            const double squared = squared_length(places[other] - places[n]);
            if (squared > reach_mm * reach_mm) return;
            const double weight = std::exp(-0.5 * squared / (sigma_mm * sigma_mm));
            sum += weight * map.thickness_mm[covered[other]];
            weights += weight;
          });
          result.thickness_mm[covered[n]] = sum / weights;
        }
      },
      threads);
  return result;
}

}  // namespace genu::cartilage
