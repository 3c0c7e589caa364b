// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <utility>

#include <genu/cartilage/osteophytes.h>
#include <genu/cartilage/report.h>
#include <genu/core/error.h>

#include "least_squares.h"
#include "margin_course.h"

namespace genu::cartilage {
namespace {

constexpr double bin_mm = 0.75;

struct Row {
  Margin margin;
  Bone bone;
  std::string_view name;
  std::string_view title;
};
constexpr std::array rows{
    Row{Margin::medial_femur, Bone::femur, "medial_femur_margin", "Medial margin of the femur"},
    Row{Margin::lateral_femur, Bone::femur, "lateral_femur_margin", "Lateral margin of the femur"},
    Row{Margin::medial_tibia, Bone::tibia, "medial_tibia_margin", "Margin of the medial tibia"},
    Row{Margin::lateral_tibia, Bone::tibia, "lateral_tibia_margin", "Margin of the lateral tibia"},
    Row{Margin::patella, Bone::patella, "patella_margin", "Margin of the patella"},
};
static_assert(rows.size() == all_margins.size());

const Row& row_of(Margin margin) {
  return rows.at(static_cast<std::size_t>(margin));
}

void check(const OsteophyteOptions& o) {
  const auto require = [](const char* option, double value) {
    if (!(value > 0.0 && std::isfinite(value)))
      throw InvalidInput(std::string("cannot look for bone spurs with ") + option + " = " +
                         std::to_string(value));
  };
  require("window_mm", o.window_mm);
  require("least_mm", o.least_mm);
  require("shortest_mm", o.shortest_mm);
}

/// What reaches furthest in one direction, one entry a cut across the margin.
struct Reach {
  std::vector<double> mm;  ///< NaN where there is no bone.
  std::vector<std::uint32_t> vertex;
};

/// Follows a reach along the margin: its shape without what stands out. NaN where too little is seen to both
/// sides.
std::vector<double> expected_reach(const Reach& reach, double spacing_mm, bool all_around, double window_mm) {
  constexpr double least_part = 0.6, least_side = 0.4;
  constexpr int passes = 10, asymmetric_passes = 4;
  const auto n = static_cast<std::ptrdiff_t>(reach.mm.size());
  const auto half = std::min(static_cast<std::ptrdiff_t>(window_mm / spacing_mm), (n - 1) / 2);
  std::vector<double> expected(reach.mm.size(), MarginMeasures::unknown);
  struct Sample {
    double at, mm, kernel;
  };
  std::vector<Sample> samples;
  for (std::ptrdiff_t i = 0; i < n; ++i) {
    samples.clear();
    for (std::ptrdiff_t k = -half; k <= half; ++k) {
      if (!all_around && (i + k < 0 || i + k >= n)) continue;
      const double mm = reach.mm[static_cast<std::size_t>((i + k + n) % n)];
      const double at = static_cast<double>(k) * spacing_mm / window_mm;
      const double inside = 1.0 - std::abs(at * at * at);
      if (!std::isnan(mm)) samples.push_back({at, mm, inside * inside * inside});
    }
    if (static_cast<double>(samples.size()) < least_part * 2.0 * window_mm / spacing_mm ||
        samples.front().at > -least_side || samples.back().at < least_side)
      continue;
    LeastSquares<3>::Terms shape{};
    for (int pass = 0; pass < passes; ++pass) {
      LeastSquares<3> fit;
      for (const Sample& s : samples) {
        // What stands out elsewhere must count for little until the shape below it is found, then for
        // nothing.
        constexpr double left_out_mm = 0.75, at_first = 0.2, later = 0.7;
        const double above = s.mm - (shape[0] + s.at * (shape[1] + s.at * shape[2]));
        const double weight = pass == 0 || above <= 0.0   ? 1.0
                              : pass <= asymmetric_passes ? at_first
                              : above > left_out_mm       ? 0.0
                                                          : later;
        if (weight > 0.0) fit.add({1.0, s.at, s.at * s.at}, s.mm, weight * s.kernel);
      }
      shape = fit.solved();
    }
    expected[static_cast<std::size_t>(i)] = shape[0];
  }
  return expected;
}

/// How far bone stands out in each cut, and where; NaN where nothing tells.
struct Prominence {
  std::vector<double> mm;
  std::vector<std::uint32_t> vertex;
};

Prominence prominence_along(const MarginCourse& course, std::size_t cuts, double spacing_deg,
                            double window_mm, const std::function<bool(std::uint32_t)>& is_cut_off) {
  Prominence result{std::vector<double>(cuts, MarginMeasures::unknown), std::vector<std::uint32_t>(cuts, 0)};
  std::vector<bool> is_cut(cuts, false);
  const double spacing_mm = spacing_deg / degrees_per_radian * course.radius_mm;
  constexpr double first_deg = 15.0, last_deg = 135.0, step_deg = 15.0;  // 0 = up, 90 = out
  for (double turn = first_deg; turn <= last_deg; turn += step_deg) {
    const double sine = std::sin(turn / degrees_per_radian), cosine = std::cos(turn / degrees_per_radian);
    Reach reach{std::vector<double>(cuts, MarginMeasures::unknown), std::vector<std::uint32_t>(cuts, 0)};
    for (const MarginPlace& place : course.places) {
      const double cut = std::floor((place.angle_deg - course.seen_from_deg) / spacing_deg);
      if (cut < 0.0 || cut >= static_cast<double>(cuts)) continue;
      const auto c = static_cast<std::size_t>(cut);
      const double mm = place.out_mm * sine + place.up_mm * cosine;
      if (mm <= reach.mm[c]) continue;  // false where there is none yet
      reach.mm[c] = mm;
      reach.vertex[c] = place.vertex;
    }
    // Where the image ends bone reaches further than it shows.
    for (std::size_t c = 0; c < cuts; ++c)
      if (!std::isnan(reach.mm[c]) && is_cut_off(reach.vertex[c])) {
        reach.mm[c] = MarginMeasures::unknown;
        is_cut[c] = true;
      }
    const std::vector<double> expected = expected_reach(reach, spacing_mm, course.all_around, window_mm);
    for (std::size_t c = 0; c < cuts; ++c) {
      const double above = reach.mm[c] - expected[c];
      if (std::isnan(above) || above <= result.mm[c]) continue;
      result.mm[c] = above;
      result.vertex[c] = reach.vertex[c];
    }
  }
  for (std::size_t c = 0; c < cuts; ++c)
    if (is_cut[c]) result.mm[c] = MarginMeasures::unknown;
  return result;
}

bool at_border(const ImageGeometry& grid, const Point3& p) {
  const ContinuousIndex at = grid.to_index(p);
  const auto near = [](double x, std::int64_t size) {
    return x < 1.0 || x > static_cast<double>(size) - 2.0;
  };
  return near(at.i, grid.size()[0]) || near(at.j, grid.size()[1]) || near(at.k, grid.size()[2]);
}

MarginMeasures measure(Margin margin, const MarginCourse& course, const BoneMap& map,
                       const ImageGeometry& grid, const OsteophyteOptions& options) {
  MarginMeasures result;
  result.margin = margin;
  result.spacing_mm = std::max({grid.spacing_mm().x, grid.spacing_mm().y, grid.spacing_mm().z});
  if (course.places.empty()) return result;
  const double range_deg = course.seen_to_deg - course.seen_from_deg;
  const auto cuts =
      static_cast<std::size_t>(std::ceil(range_deg / degrees_per_radian * course.radius_mm / bin_mm));
  const double spacing_deg = range_deg / static_cast<double>(cuts);
  const double spacing_mm = spacing_deg / degrees_per_radian * course.radius_mm;
  Prominence out = prominence_along(course, cuts, spacing_deg, options.window_mm, [&](std::uint32_t vertex) {
    return at_border(grid, map.surface.vertices()[vertex]);
  });

  std::size_t wanted = 0, examined = 0;
  for (std::size_t c = 0; c < cuts; ++c) {
    const double angle = course.seen_from_deg + (static_cast<double>(c) + 0.5) * spacing_deg;
    const bool asked = angle >= course.from_deg && angle <= course.to_deg;
    if (!asked) out.mm[c] = MarginMeasures::unknown;
    wanted += asked ? 1 : 0;
    examined += std::isnan(out.mm[c]) ? 0 : 1;
  }
  if (examined == 0) return result;
  result.examined_percent = 100.0 * static_cast<double>(examined) / static_cast<double>(wanted);
  result.highest_spur_mm = 0.0;

  // Runs of cuts where bone stands out; one around an end of the list is one run.
  const auto stands_out = [&](std::size_t c) { return out.mm[c % cuts] >= options.least_mm; };
  std::size_t start = 0;
  while (course.all_around && start < cuts && stands_out(start)) ++start;
  if (start == cuts) start = 0;
  constexpr double one_spur_mm = 6.0;  // tips nearer than this belong together
  for (std::size_t c = start; c < start + cuts; ++c) {
    if (!course.all_around && c >= cuts) break;
    if (!stands_out(c)) continue;
    std::size_t end = c, top = c;
    for (; end < start + cuts && (course.all_around || end < cuts) && stands_out(end); ++end)
      if (out.mm[end % cuts] > out.mm[top % cuts]) top = end;
    const double length = static_cast<double>(end - c) * spacing_mm;
    if (length >= options.shortest_mm) {
      const Osteophyte spur{"", out.mm[top % cuts], length, map.surface.vertices()[out.vertex[top % cuts]]};
      Osteophyte* before = result.spurs.empty() ? nullptr : &result.spurs.back();
      if (before != nullptr && distance(before->tip, spur.tip) < one_spur_mm) {
        const double together = before->length_mm + spur.length_mm;
        if (spur.height_mm > before->height_mm) *before = spur;
        before->length_mm = together;
      } else {
        result.spurs.push_back(spur);
      }
    }
    c = end;
  }
  if (course.all_around && result.spurs.size() > 1 &&
      distance(result.spurs.front().tip, result.spurs.back().tip) < one_spur_mm) {
    Osteophyte& first = result.spurs.front();
    const Osteophyte last = result.spurs.back();
    const double together = first.length_mm + last.length_mm;
    if (last.height_mm > first.height_mm) first = last;
    first.length_mm = together;
    result.spurs.pop_back();
  }
  std::stable_sort(result.spurs.begin(), result.spurs.end(),
                   [](const Osteophyte& a, const Osteophyte& b) { return a.height_mm > b.height_mm; });
  for (std::size_t s = 0; s < result.spurs.size(); ++s)
    result.spurs[s].name = std::string(name(margin)) + "-" + std::to_string(s + 1);
  if (!result.spurs.empty()) result.highest_spur_mm = result.spurs.front().height_mm;
  return result;
}

}  // namespace

std::string_view name(Margin margin) {
  return row_of(margin).name;
}

std::string_view title(Margin margin) {
  return row_of(margin).title;
}

std::optional<Margin> margin_named(std::string_view name) {
  for (const Row& row : rows)
    if (row.name == name) return row.margin;
  return std::nullopt;
}

Bone bone_of(Margin margin) {
  return row_of(margin).bone;
}

std::vector<MarginMeasures> measure_margins(const BoneMap& map, const KneeFrame& frame,
                                            const ImageGeometry& grid, const OsteophyteOptions& options) {
  check(options);
  std::vector<Vector3> at;
  at.reserve(map.surface.vertices().size());
  for (const Point3& p : map.surface.vertices()) at.push_back(frame.coordinates(p));
  const auto part = [&](auto&& chosen) {
    std::vector<Vector3> places;
    for (std::size_t v = 0; v < at.size(); ++v)
      if (chosen(map.region[v])) places.push_back(at[v]);
    return places;
  };
  const auto on = [&](Region wanted) { return part([wanted](Region r) { return r == wanted; }); };

  std::vector<MarginMeasures> result;
  const auto add = [&](Margin margin, const MarginCourse& course) {
    result.push_back(measure(margin, course, map, grid, options));
  };
  if (map.bone == Bone::femur) {
    const std::vector<Vector3> condyles = part([](Region r) {
      return r == Region::cMF || r == Region::cLF || r == Region::pMF || r == Region::pLF;
    });
    const auto axis = condyles.empty() ? std::nullopt : condylar_axis(condyles);
    const std::vector<Vector3> bearing = part([](Region r) { return r != Region::outside; });
    for (const bool medial : {true, false}) {
      const double outward = medial ? -1.0 : 1.0;
      const bool is_there = std::any_of(condyles.begin(), condyles.end(),
                                        [outward](const Vector3& p) { return outward * p.x > 0.0; });
      add(medial ? Margin::medial_femur : Margin::lateral_femur,
          axis && is_there ? femoral_course(at, bearing, *axis, outward) : MarginCourse{});
    }
  } else if (map.bone == Bone::tibia) {
    if (const auto plate = on(Region::MT); !plate.empty())
      add(Margin::medial_tibia, tibial_course(at, plate, -1.0));
    if (const auto plate = on(Region::LT); !plate.empty())
      add(Margin::lateral_tibia, tibial_course(at, plate, 1.0));
  } else if (const auto plate = on(Region::P); !plate.empty()) {
    add(Margin::patella, patellar_course(at, plate));
  }
  return result;
}

}  // namespace genu::cartilage
