// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/followup/compare.h>
#include <genu/registration/correspondence.h>
#include <genu/surface/measure.h>

#include "common_view.h"

namespace genu::followup {
namespace {

using cartilage::BoneMap;
using cartilage::Region;
using cartilage::RegionMeasures;

constexpr double unknown = Change::unknown;

void require_comparable(const Visit& a, const Visit& b) {
  const std::string what = "cannot compare " + a.name + " with " + b.name + ": ";
  if (a.report.side != b.report.side)
    throw InvalidInput(what + "one is a " + std::string(name(a.report.side)) + " knee (by " +
                       a.report.side_source + "), the other a " + std::string(name(b.report.side)) +
                       " knee (by " + b.report.side_source + ")");
  if (method_with_parameters(a.report) != method_with_parameters(b.report))
    throw InvalidInput(what + "thickness was measured " + method_with_parameters(a.report) +
                       " at the one, and " + method_with_parameters(b.report) + " at the other");
}

/// Where a knee's axes lie; those of a left knee are turned into a right-handed set too.
RigidTransform patient_from_knee(const KneeFrame& frame) {
  return {Matrix3::from_columns(cross(frame.anterior, frame.proximal), frame.anterior, frame.proximal),
          frame.origin - Point3{}};
}

/// Both visits' thickness at each vertex of one visit's surface; NaN where either is not known.
struct Carried {
  std::vector<double> own_mm, other_mm;
  std::vector<std::uint8_t> other_is_bare;
  std::vector<std::uint8_t> shown;  ///< 1 = both images show the place.
};

/// Which regions a visit measured: a plate that has none was lost or not labelled, which nobody knows.
using Known = std::array<bool, cartilage::region_count>;

Known known_in(const cartilage::CartilageReport& report) {
  Known known{};
  for (const RegionMeasures& m : report.regions)
    known[static_cast<std::size_t>(m.region)] = !std::isnan(m.tAB_mm2);
  return known;
}

/// Thickness at a vertex of one visit's bone where the other visit has `region`. Beside the cartilage-bearing
/// bone there is none; within it NaN says that nobody knows.
double thickness_at(const BoneMap& map, std::uint32_t v, const Known& known, Region region) {
  if (map.region[v] != Region::outside) return map.thickness_mm[v];
  return known[static_cast<std::size_t>(region)] ? 0.0 : unknown;
}

Carried carry(const BoneMap& own, const ImageGeometry& own_grid, const BoneMap& other,
              const ImageGeometry& other_grid, const Known& known_in_other,
              const RigidTransform& other_from_own, unsigned threads) {
  // Bone further from bone than this is not the same place: a spur grew, or an outline differs.
  constexpr double same_place_mm = 2.0;
  const auto places = registration::places_on(other.surface, own.surface, other_from_own, threads);
  Carried result;
  result.own_mm.assign(places.size(), unknown);
  result.other_mm.assign(places.size(), unknown);
  result.other_is_bare.assign(places.size(), 0);
  result.shown.assign(places.size(), 0);
  for (std::size_t v = 0; v < places.size(); ++v) {
    const registration::Place& place = places[v];
    if (own.region[v] == Region::outside || !shows(own_grid, own.surface.vertices()[v], border_mm) ||
        !shows(other_grid, place.point, border_mm))
      continue;
    result.shown[v] = 1;
    if (std::isnan(own.thickness_mm[v]) || place.distance_mm > same_place_mm) continue;
    double sum = 0.0, known = 0.0;
    std::size_t nearest = 0;
    for (std::size_t corner = 0; corner < 3; ++corner) {
      if (place.weights[corner] > place.weights[nearest]) nearest = corner;
      const double thickness = thickness_at(other, place.vertices[corner], known_in_other, own.region[v]);
      if (std::isnan(thickness)) continue;
      sum += place.weights[corner] * thickness;
      known += place.weights[corner];
    }
    constexpr double enough = 0.5;
    if (known < enough) continue;
    result.own_mm[v] = own.thickness_mm[v];
    result.other_mm[v] = sum / known;
    result.other_is_bare[v] =
        thickness_at(other, place.vertices[nearest], known_in_other, own.region[v]) == 0.0;
  }
  return result;
}

/// Sums over one visit's region.
struct Sums {
  double area = 0.0, shown = 0.0, seen = 0.0, own = 0.0, other = 0.0, own_bare = 0.0, other_bare = 0.0;
};
using PerRegion = std::array<Sums, cartilage::region_count>;

PerRegion sums_over(const BoneMap& map, const Carried& carried) {
  const std::vector<double> areas = surface::vertex_areas_mm2(map.surface);
  PerRegion sums{};
  for (std::size_t v = 0; v < areas.size(); ++v)
    for (const Region region : {map.region[v], map.subregion[v]}) {
      if (region == Region::outside) continue;
      Sums& s = sums[static_cast<std::size_t>(region)];
      s.area += areas[v];
      if (carried.shown[v]) s.shown += areas[v];
      if (std::isnan(carried.own_mm[v])) continue;
      s.seen += areas[v];
      s.own += areas[v] * carried.own_mm[v];
      s.other += areas[v] * carried.other_mm[v];
      if (carried.own_mm[v] == 0.0) s.own_bare += areas[v];
      if (carried.other_is_bare[v]) s.other_bare += areas[v];
    }
  return sums;
}

bool has_anatomy(const TriangleMesh& surface, const Visit& visit) {
  const std::vector<std::uint8_t> anatomy = anatomy_of(surface, visit.labels.geometry());
  return std::find(anatomy.begin(), anatomy.end(), 1) != anatomy.end();
}

const RegionMeasures* measures_of(const cartilage::CartilageReport& report, Region region) {
  for (const auto* list : {&report.regions, &report.parts})
    for (const RegionMeasures& m : *list)
      if (m.region == region) return &m;
  return nullptr;
}

/// Returns the mean of what is measured over the baseline's region and over the follow-up's.
RegionChange change_of(Region region, const Sums& at_baseline, const Sums& at_followup) {
  RegionChange change;
  change.region = region;
  const double area = at_baseline.area + at_followup.area;
  if (area > 0.0) change.seen_percent = 100.0 * (at_baseline.seen + at_followup.seen) / area;
  if (!(at_baseline.seen > 0.0 && at_followup.seen > 0.0)) return change;
  const auto mean = [&](double over_baseline, double over_followup) {
    return 0.5 * (over_baseline / at_baseline.seen + over_followup / at_followup.seen);
  };
  change.ThCtAB_mm = {mean(at_baseline.own, at_followup.other), mean(at_baseline.other, at_followup.own)};
  change.dABp_percent = {100.0 * mean(at_baseline.own_bare, at_followup.other_bare),
                         100.0 * mean(at_baseline.other_bare, at_followup.own_bare)};
  return change;
}

struct Compared {
  BoneChange bone;
  std::vector<RegionChange> rows;
};

Compared compare_bone(const Visit& baseline, const Visit& followup, const BoneMap& a, const BoneMap& b,
                      const CompareOptions& options) {
  Compared result;
  BoneChange& change = result.bone;
  change.bone = a.bone;
  const ImageGeometry &grid_a = baseline.labels.geometry(), &grid_b = followup.labels.geometry();
  change.alignment = with_context("aligning the " + std::string(name(a.bone)), [&] {
    return registration::align(
        {a.surface, patient_from_knee(baseline.report.frame), anatomy_of(a.surface, grid_a)},
        {b.surface, patient_from_knee(followup.report.frame), anatomy_of(b.surface, grid_b)},
        {.threads = options.threads});
  });
  if (change.alignment.rms_mm > options.max_rms_mm)
    throw InvalidInput("cannot compare " + baseline.name + " with " + followup.name + ": the " +
                       std::string(name(a.bone)) + " of the one lies " + fixed(change.alignment.rms_mm, 2) +
                       " mm (RMS) from the other's where they fit best, more than " +
                       fixed(options.max_rms_mm, 2) + " mm: another knee, or outlines drawn in another way");
  change.volume_mm3 = common_volume_mm3(baseline, followup, a, b, change.alignment);
  const Carried to_baseline =
      carry(a, grid_a, b, grid_b, known_in(followup.report), change.alignment.b_from_a, options.threads);
  const Carried to_followup =
      carry(b, grid_b, a, grid_a, known_in(baseline.report), change.alignment.a_from_b, options.threads);
  change.thickness_change_mm.resize(to_baseline.own_mm.size());
  for (std::size_t v = 0; v < change.thickness_change_mm.size(); ++v)
    change.thickness_change_mm[v] = to_baseline.other_mm[v] - to_baseline.own_mm[v];
  const PerRegion over_a = sums_over(a, to_baseline), over_b = sums_over(b, to_followup);
  const auto add = [&](auto& regions) {
    for (const Region region : regions) {
      if (bone_of(region) != a.bone) continue;
      const auto r = static_cast<std::size_t>(region);
      RegionChange row = change_of(region, over_a[r], over_b[r]);
      // What the border of an image takes from the edge of a region is little of its volume.
      constexpr double whole = 0.98;
      const bool shown =
          over_a[r].shown >= whole * over_a[r].area && over_b[r].shown >= whole * over_b[r].area;
      const RegionMeasures *before = measures_of(baseline.report, region),
                           *after = measures_of(followup.report, region);
      if (before && after && shown) row.VC_mm3 = {before->VC_mm3, after->VC_mm3};
      result.rows.push_back(row);
    }
  };
  add(cartilage::measured_regions);
  add(cartilage::subregions);
  return result;
}

/// A compartment's thickness and volume are the sums of its two regions'.
void add_compartments(VisitChange& change) {
  const auto sum = [](const Change& a, const Change& b) {
    return Change{a.baseline + b.baseline, a.followup + b.followup};
  };
  for (const cartilage::Compartment& c : cartilage::compartments) {
    const RegionChange *tibial = find(change, c.tibial), *femoral = find(change, c.femoral);
    if (!tibial || !femoral) continue;
    RegionChange row;
    row.region = c.region;
    row.ThCtAB_mm = sum(tibial->ThCtAB_mm, femoral->ThCtAB_mm);
    row.VC_mm3 = sum(tibial->VC_mm3, femoral->VC_mm3);
    row.seen_percent = std::min(tibial->seen_percent, femoral->seen_percent);
    change.parts.push_back(row);
  }
}

void order_values(VisitChange& change) {
  for (const RegionChange& row : change.parts) {
    const bool femorotibial = parent_of(row.region) != row.region && bone_of(row.region) != Bone::patella;
    if (femorotibial && !std::isnan(row.ThCtAB_mm.difference()))
      change.ordered_mm.push_back(row.ThCtAB_mm.difference());
  }
  std::sort(change.ordered_mm.begin(), change.ordered_mm.end());
  if (change.ordered_mm.empty()) return;
  change.thinning_score_mm = change.thickening_score_mm = 0.0;
  for (const double difference : change.ordered_mm)
    (difference < 0.0 ? change.thinning_score_mm : change.thickening_score_mm) += difference;
}

std::string voxels_of(const ImageGeometry& grid) {
  const Vector3& s = grid.spacing_mm();
  return fixed(s.x, 2) + " x " + fixed(s.y, 2) + " x " + fixed(s.z, 2) + " mm";
}

void add_flags(VisitChange& change, const Visit& baseline, const Visit& followup) {
  const ImageGeometry &a = baseline.labels.geometry(), &b = followup.labels.geometry();
  std::array<double, 3> of_a{a.spacing_mm().x, a.spacing_mm().y, a.spacing_mm().z},
      of_b{b.spacing_mm().x, b.spacing_mm().y, b.spacing_mm().z};
  std::sort(of_a.begin(), of_a.end());
  std::sort(of_b.begin(), of_b.end());
  constexpr double alike = 0.1;
  for (std::size_t axis = 0; axis < 3; ++axis)
    if (std::abs(of_a[axis] - of_b[axis]) > alike * std::min(of_a[axis], of_b[axis])) {
      change.flags.push_back("voxels differ: " + voxels_of(a) + " at " + baseline.name + ", " + voxels_of(b) +
                             " at " + followup.name + "; what that changes looks like a change of the knee");
      break;
    }
  constexpr double well_seen_percent = 95.0;
  for (const RegionChange& row : change.regions)
    if (row.seen_percent < well_seen_percent)
      change.flags.push_back(std::string(name(row.region)) + ": only " + fixed(row.seen_percent, 0) +
                             " % of it was measured at both visits, and the change is that of this part");
  constexpr double same_volume_percent = 2.0;
  for (const BoneChange& bone : change.bones)
    // Of the mean, so that exchanged visits are flagged alike.
    if (200.0 * std::abs(bone.volume_mm3.difference()) >
        same_volume_percent * (bone.volume_mm3.baseline + bone.volume_mm3.followup))
      change.flags.push_back(
          "the " + std::string(name(bone.bone)) + " is " + fixed(std::abs(bone.volume_mm3.percent()), 1) +
          " % " + (bone.volume_mm3.difference() > 0.0 ? "larger" : "smaller") + " at " + followup.name +
          " in what both images show: bones change little, so that the outlines differ, "
          "and those of cartilage may too");
  for (const Visit* visit : {&baseline, &followup}) {
    for (const std::string& flag : visit->report.flags) change.flags.push_back(visit->name + ": " + flag);
    for (const std::string& doubt : visit->report.doubts) change.flags.push_back(visit->name + ": " + doubt);
  }
}

}  // namespace

const RegionChange* find(const VisitChange& change, Region region) {
  for (const auto* list : {&change.regions, &change.parts})
    for (const RegionChange& row : *list)
      if (row.region == region) return &row;
  return nullptr;
}

VisitChange compare(const Visit& baseline, const Visit& followup, const CompareOptions& options,
                    const Progress& progress) {
  require_comparable(baseline, followup);
  VisitChange change;
  change.side = baseline.report.side;
  change.method = method_with_parameters(baseline.report);
  for (const BoneMap& a : baseline.report.bones)
    for (const BoneMap& b : followup.report.bones) {
      if (a.bone != b.bone || a.surface.empty() || b.surface.empty()) continue;
      progress.report("comparing the " + std::string(name(a.bone)),
                      static_cast<double>(change.bones.size()) / 3.0);
      const auto too_little = [&](const std::string& why) {
        change.flags.push_back("the " + std::string(name(a.bone)) + " is not compared: " + why);
      };
      if (!has_anatomy(a.surface, baseline) || !has_anatomy(b.surface, followup)) {
        too_little("an image shows nothing of it but its border");
        continue;
      }
      Compared compared;
      try {
        compared = compare_bone(baseline, followup, a, b, options);
      } catch (const NotConverged& error) {
        too_little("too little of it is in both images (" + describe(error) + ")");
        continue;
      }
      for (RegionChange& row : compared.rows)
        (parent_of(row.region) == row.region ? change.regions : change.parts).push_back(row);
      change.bones.push_back(std::move(compared.bone));
    }
  if (change.bones.empty()) {
    std::string why = "no bone was measured at both";
    for (const std::string& flag : change.flags) why += "; " + flag;
    throw InvalidInput("cannot compare " + baseline.name + " with " + followup.name + ": " + why);
  }
  for (auto* list : {&change.regions, &change.parts})
    std::sort(list->begin(), list->end(),
              [](const RegionChange& a, const RegionChange& b) { return a.region < b.region; });
  add_compartments(change);
  order_values(change);
  add_flags(change, baseline, followup);
  progress.report("compared", 1.0);
  return change;
}

}  // namespace genu::followup
