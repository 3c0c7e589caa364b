// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <sstream>
#include <utility>

#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "divide.h"
#include "frame.h"
#include "inventory.h"
#include "measures.h"
#include "patch.h"

namespace genu::cartilage {
namespace {

void check(const MeasureOptions& o) {
  const auto refuse = [](const std::string& name, double value) {
    throw InvalidInput("cannot measure a knee with " + name + " = " + std::to_string(value));
  };
  if (!(o.weight_bearing_fraction > 0.0 && o.weight_bearing_fraction <= 1.0))
    refuse("weight_bearing_fraction", o.weight_bearing_fraction);
  if (!(o.min_lesion_area_mm2 >= 0.0)) refuse("min_lesion_area_mm2", o.min_lesion_area_mm2);
  if (!(o.lesion_thickness_fraction >= 0.0 && o.lesion_thickness_fraction < 1.0))
    refuse("lesion_thickness_fraction", o.lesion_thickness_fraction);
}

bool has_bone(const Inventory& inventory, Bone bone) {
  for (std::size_t t = 0; t < inventory.size(); ++t)
    if (inventory[t].voxels > 0 && is_part_of(static_cast<Tissue>(t), bone)) return true;
  return false;
}

bool has_cartilage(const Inventory& inventory, Bone bone) {
  for (std::size_t t = 0; t < inventory.size(); ++t)
    if (inventory[t].voxels > 0 && is_cartilage_of(static_cast<Tissue>(t), bone)) return true;
  return false;
}

/// Says where cartilage reaches the border of the image: what lies beyond was not measured.
void flag_cut_cartilage(const LabelMap& labels, const Inventory& inventory, std::vector<std::string>& flags) {
  const GridSize& size = labels.geometry().size();
  for (std::size_t t = 0; t < inventory.size(); ++t) {
    const Holding& h = inventory[t];
    const auto tissue = static_cast<Tissue>(t);
    if (h.voxels == 0 || std::none_of(all_bones.begin(), all_bones.end(),
                                      [&](Bone bone) { return is_cartilage_of(tissue, bone); }))
      continue;
    if (h.low.i == 0 || h.low.j == 0 || h.low.k == 0 || h.high.i + 1 == size[0] || h.high.j + 1 == size[1] ||
        h.high.k + 1 == size[2])
      flags.push_back(std::string(info(tissue).name) + " is cut by the border of the image");
  }
}

struct Measured {
  BoneMap map;
  std::vector<RegionMeasures> regions;
  std::vector<Lesion> lesions;
};

/// Measures one bone, everything but volumes.
Measured measure_bone(const LabelMap& labels, Bone bone, const Orientation& orientation,
                      RegionRule& rule, std::vector<std::string>& flags, const MeasureOptions& options,
                      const Progress& progress) {
  Measured result;
  BoneMap& map = result.map;
  map.bone = bone;
  map.surface = surface::extract(
      labels, [bone](Tissue t) { return is_part_of(t, bone); }, options.extract, progress.part(0.0, 0.3));
  surface::ExtractOptions layer = options.extract;
  layer.beneath = [bone](Tissue t) { return is_part_of(t, bone); };
  map.cartilage = surface::extract(
      labels, [bone](Tissue t) { return is_cartilage_of(t, bone); }, layer, progress.part(0.3, 0.5));
  const std::vector<Vector3> normals = surface::vertex_normals(map.surface);
  map.thickness_mm =
      measure_thickness(map.surface, normals, surface::MeshQuery(map.cartilage), options.thickness)
          .thickness_mm;
  progress.report("thickness", 0.7);

  const Ground ground(map.surface);
  Patch covered(ground.size());
  for (std::size_t v = 0; v < covered.size(); ++v) covered[v] = map.thickness_mm[v] != 0.0;
  // A spot smaller than this apart from the plates is a stray label or a graze of another bone's cartilage.
  constexpr double stray_mm2 = 10.0;
  covered = without_small_parts(ground, covered, stray_mm2);
  FemoralCuts cuts;
  if (bone == Bone::femur) {
    cuts = find_femoral_cuts(map.surface, covered, orientation.frame, options.weight_bearing_fraction);
    if (!cuts.notch_found)
      flags.push_back("intercondylar notch not found: the femur is divided where it lies in most knees");
    rule = femoral_rule(orientation.frame, cuts);
  } else if (bone == Bone::tibia) {
    rule = tibial_rule(orientation);
  } else {
    rule = [](const Point3&) { return Region::P; };
  }
  const Patch bearing = subchondral(ground, bone, covered, orientation.frame, rule, cuts);
  map.region.assign(ground.size(), Region::outside);
  for (std::size_t v = 0; v < bearing.size(); ++v)
    if (bearing[v])
      map.region[v] = rule(ground.places()[v]);
    else
      map.thickness_mm[v] = std::numeric_limits<double>::quiet_NaN();
  progress.report("regions", 0.9);
  result.regions = measures_of(map, ground);
  result.lesions = lesions_of(map, ground, normals, options);
  return result;
}

void name_lesions(std::vector<Lesion>& lesions) {
  std::stable_sort(lesions.begin(), lesions.end(),
                   [](const Lesion& a, const Lesion& b) { return a.area_mm2 > b.area_mm2; });
  std::array<int, 256> rank{};
  for (Lesion& lesion : lesions)
    lesion.name = std::string(name(lesion.region)) + "-" +
                  std::to_string(++rank[static_cast<std::size_t>(lesion.region)]);
}

}  // namespace

CartilageReport measure_knee(const LabelMap& labels, const MeasureOptions& options,
                             const Progress& progress) {
  check(options);
  progress.report("labels", 0.0);
  const Inventory inventory = inventory_of(labels, options.thickness.threads);
  std::vector<Bone> bones;
  CartilageReport report;
  for (const Bone bone : all_bones) {
    if (!has_cartilage(inventory, bone)) continue;
    if (has_bone(inventory, bone))
      bones.push_back(bone);
    else
      report.flags.push_back("cartilage of the " + std::string(name(bone)) +
                             " was not measured: its bone is not labelled");
  }
  if (bones.empty()) {
    std::ostringstream message;
    message << "cannot measure cartilage: the label map (" << labels.geometry()
            << ") holds no bone with cartilage on it";
    throw InvalidInput(message.str());
  }
  Orientation orientation =
      find_orientation(labels, inventory, options.side, options.side_source, options.thickness.threads);
  report.side = orientation.frame.side;
  report.side_source = orientation.side_source;
  report.frame = orientation.frame;
  report.flags.insert(report.flags.end(), orientation.flags.begin(), orientation.flags.end());
  flag_cut_cartilage(labels, inventory, report.flags);
  report.method = "along bone normal";
  report.thickness_options = options.thickness;
  report.extract_options = options.extract;
  for (std::size_t b = 0; b < bones.size(); ++b) {
    const auto share = [&](std::size_t n) {
      return 0.05 + 0.95 * static_cast<double>(n) / static_cast<double>(bones.size());
    };
    RegionRule rule;
    Measured measured = measure_bone(labels, bones[b], orientation, rule, report.flags, options,
                                     progress.part(share(b), share(b + 1)));
    add_volumes(measured.regions, labels, inventory, bones[b], rule);
    report.regions.insert(report.regions.end(), measured.regions.begin(), measured.regions.end());
    report.lesions.insert(report.lesions.end(), measured.lesions.begin(), measured.lesions.end());
    report.bones.push_back(std::move(measured.map));
  }
  std::sort(report.regions.begin(), report.regions.end(),
            [](const RegionMeasures& a, const RegionMeasures& b) { return a.region < b.region; });
  name_lesions(report.lesions);
  progress.report("done", 1.0);
  return report;
}

}  // namespace genu::cartilage
