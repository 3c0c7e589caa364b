// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <locale>
#include <sstream>
#include <utility>

#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>

#include "divide.h"
#include "expected.h"
#include "frame.h"
#include "inventory.h"
#include "lesions.h"
#include "margin.h"
#include "measures.h"
#include "patch.h"
#include "subdivide.h"

namespace genu::cartilage {
namespace {

void check(const MeasureOptions& o) {
  const auto refuse = [](const std::string& name, double value) {
    throw InvalidInput("cannot measure a knee with " + name + " = " + std::to_string(value));
  };
  if (!(o.weight_bearing_fraction > 0.0 && o.weight_bearing_fraction <= 1.0))
    refuse("weight_bearing_fraction", o.weight_bearing_fraction);
  if (!(o.min_lesion_area_mm2 >= 0.0)) refuse("min_lesion_area_mm2", o.min_lesion_area_mm2);
  if (!(o.min_lesion_loss_mm2 >= 0.0)) refuse("min_lesion_loss_mm2", o.min_lesion_loss_mm2);
  if (!(o.min_lesion_depth_mm >= 0.0)) refuse("min_lesion_depth_mm", o.min_lesion_depth_mm);
  if (!(o.lesion_loss_fraction > 0.0 && o.lesion_loss_fraction <= 1.0))
    refuse("lesion_loss_fraction", o.lesion_loss_fraction);
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

/// Says which bones the border of the image cuts beside the joint, where their size and shape matter: shafts
/// are always cut.
void flag_cut_bones(const LabelMap& labels, const std::vector<Bone>& bones, const KneeFrame& frame,
                    std::vector<std::string>& flags) {
  // The condyles stand as high over the joint, the tibial head reaches as far below.
  constexpr double beside_joint_mm = 20.0;
  const GridSize& size = labels.geometry().size();
  for (const Bone bone : bones) {
    const auto is_cut = [&](const VoxelIndex& at) {
      return is_part_of(labels[at], bone) &&
             (bone == Bone::patella ||
              std::abs(frame.coordinates(labels.geometry().to_patient(at)).z) < beside_joint_mm);
    };
    bool cut = false;
    for (std::int64_t k = 0; k < size[2] && !cut; ++k)
      for (std::int64_t j = 0; j < size[1] && !cut; ++j) {
        const bool whole_row = k == 0 || k + 1 == size[2] || j == 0 || j + 1 == size[1];
        const std::int64_t step = whole_row ? 1 : std::max<std::int64_t>(1, size[0] - 1);
        for (std::int64_t i = 0; i < size[0] && !cut; i += step) cut = is_cut({i, j, k});
      }
    if (cut)
      flags.push_back(std::string(name(bone)) + " is cut by the border of the image" +
                      (bone == Bone::patella ? "" : " beside the joint") +
                      ": the knee's directions and areas are those of what is shown");
  }
}

std::string words(Region region) {
  return std::string(name(region)) + " (" + std::string(title(region)) + ")";
}

struct Measured {
  BoneMap map;
  std::vector<RegionMeasures> regions, parts;
  std::vector<Lesion> lesions;
};

/// Adds the margins that plates of the tibia or the patella have lost to the bearing bone, and says so.
/// Returns how well the area of each is known.
PerRegion add_lost_margins(Patch& bearing, BoneMap& map, const Ground& ground,
                           const std::vector<Vector3>& normals, const Patch& covered, const KneeFrame& frame,
                           const RegionRule& rule, const FemoralCuts& cuts, std::vector<std::string>& flags) {
  PerRegion error_mm2{};
  Patch bare(ground.size(), 0), unsure = bare;
  for (const Region plate : {Region::MT, Region::LT, Region::P}) {
    if (bone_of(plate) != map.bone) continue;
    const MarginLoss loss = find_margin_loss(ground, normals, frame, rule, plate, covered, bearing);
    const double area = ground.area_mm2(loss.bare);
    if (!(area > 0.0)) continue;
    bare = either(bare, loss.bare);
    unsure = either(unsure, loss.unsure);
    error_mm2[static_cast<std::size_t>(plate)] = loss.error_area_mm2;
    flags.push_back("cartilage may be lost at the margin of " + words(plate) + ": " + fixed(area, 0) +
                    " mm2 that bear cartilage in intact knees are bare and count as denuded, " +
                    (loss.error_mm ? "up to an outline that the rest of the margin tells to within " +
                                         fixed(*loss.error_mm, 1) + " mm"
                                   : "up to " + fixed(ground.area_mm2(loss.unsure), 0) +
                                         " mm2 beside them count as not measured"));
  }
  if (std::find(bare.begin(), bare.end(), 1) == bare.end()) return error_mm2;
  bearing = subchondral(ground, map.bone, either(covered, bare), frame, rule, cuts);
  for (std::size_t v = 0; v < bearing.size(); ++v)
    if (unsure[v] && !bearing[v]) map.thickness_mm[v] = std::numeric_limits<double>::quiet_NaN();
  bearing = either(bearing, unsure);
  return error_mm2;
}

/// Says which regions are smaller than any intact knee's of that size. Where cartilage was, nothing shows:
/// what is missing counts as not measured.
void add_missing_area(RegionMeasures& m, std::vector<RegionMeasures>& parts, const Ground& femur,
                      const KneeFrame& frame, std::vector<std::string>& flags) {
  constexpr double least_part = 0.7;
  const auto expected = expected_area_mm2(femur, frame, m.region);
  if (!expected || !(m.tAB_mm2 < least_part * *expected)) return;
  flags.push_back("cartilage may be lost at the margin of " + words(m.region) + ": it lies on " +
                  fixed(m.tAB_mm2, 0) + " mm2 where intact knees of this size have " + fixed(*expected, 0) +
                  " mm2; what is missing counts as not measured");
  // Where it is missing nobody knows: its parts share it.
  const double growth = *expected / m.tAB_mm2;
  const auto grow = [growth](RegionMeasures& r) {
    r.not_measured_mm2 += (growth - 1.0) * r.tAB_mm2;
    r.tAB_mm2 *= growth;
    r.dABp_percent = 100.0 * r.dAB_mm2 / r.tAB_mm2;
  };
  grow(m);
  for (RegionMeasures& part : parts)
    if (parent_of(part.region) == m.region) grow(part);
}

/// Measures one bone.
Measured measure_bone(const LabelMap& labels, const Inventory& inventory, Bone bone,
                      const Orientation& orientation, std::vector<std::string>& flags,
                      const MeasureOptions& options, const Progress& progress) {
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
  map.thickness_mm = measure_thickness(map.surface, normals, map.cartilage, options.thickness).thickness_mm;
  progress.report("thickness", 0.7);

  const Ground ground(map.surface);
  Patch covered(ground.size());
  for (std::size_t v = 0; v < covered.size(); ++v) covered[v] = map.thickness_mm[v] != 0.0;
  // A spot smaller than this apart from the plates is a stray label or a graze of another bone's cartilage.
  constexpr double stray_mm2 = 10.0;
  covered = without_small_parts(ground, covered, stray_mm2);
  FemoralCuts cuts;
  RegionRule rule;
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
  Patch bearing = subchondral(ground, bone, covered, orientation.frame, rule, cuts);
  PerRegion margin_error_mm2{};
  if (bone != Bone::femur && orientation.from_both_bones)
    margin_error_mm2 =
        add_lost_margins(bearing, map, ground, normals, covered, orientation.frame, rule, cuts, flags);
  map.region.assign(ground.size(), Region::outside);
  for (std::size_t v = 0; v < bearing.size(); ++v)
    if (bearing[v])
      map.region[v] = rule(ground.places()[v]);
    else
      map.thickness_mm[v] = std::numeric_limits<double>::quiet_NaN();
  const SubregionRule part_of = subregion_rule(map, ground, orientation.frame);
  map.subregion.assign(ground.size(), Region::outside);
  for (std::size_t v = 0; v < bearing.size(); ++v)
    if (bearing[v]) map.subregion[v] = part_of(ground.places()[v], map.region[v]);
  progress.report("regions", 0.9);
  const PerRegion volumes = volumes_mm3(labels, inventory, bone, rule, part_of);
  const PerRegion surfaces = articular_areas_mm2(map, normals);
  result.regions = measures_of(map, ground, map.region, measured_regions);
  result.parts = measures_of(map, ground, map.subregion, subregions);
  for (RegionMeasures& m : result.regions)
    m.dABp_margin_sd_percent = 100.0 * margin_error_mm2[static_cast<std::size_t>(m.region)] / m.tAB_mm2;
  for (RegionMeasures& part : result.parts)
    for (const RegionMeasures& m : result.regions)
      if (m.region == parent_of(part.region)) part.dABp_margin_sd_percent = m.dABp_margin_sd_percent;
  // Areas of intact knees are known for the usual end of the weight-bearing femur.
  const bool usual = options.weight_bearing_fraction == MeasureOptions{}.weight_bearing_fraction;
  if (orientation.from_both_bones && bone == Bone::femur && usual)
    for (RegionMeasures& m : result.regions)
      add_missing_area(m, result.parts, ground, orientation.frame, flags);
  for (const RegionMeasures& m : result.regions)
    if (std::isnan(m.tAB_mm2))
      flags.push_back("no cartilage is on " + words(m.region) + ": lost or not labelled");
  add_volumes_and_surfaces(result.regions, volumes, surfaces);
  add_volumes_and_surfaces(result.parts, volumes, surfaces);
  const Expected expected = expected_thickness(map, ground, normals, options.thickness.threads);
  Losses losses = find_losses(map, expected, ground, normals, options);
  add_losses(result.regions, map, losses.lost, ground, map.region);
  add_losses(result.parts, map, losses.lost, ground, map.subregion);
  result.lesions = std::move(losses.lesions);
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

std::string method_with_parameters(const CartilageReport& report) {
  const ThicknessOptions& t = report.thickness_options;
  std::ostringstream text;
  text.imbue(std::locale::classic());  // files are read in other countries
  text << report.method << "; max " << t.max_thickness_mm << " mm, inside " << t.search_inside_mm
       << " mm, gap " << t.max_gap_mm << " mm, tilt " << t.max_tilt_deg << " deg, ";
  if (t.method == ThicknessMethod::field_lines) text << "field step " << t.field_step_mm << " mm, ";
  if (t.smoothing_mm > 0.0) text << "smoothed on the bone " << t.smoothing_mm << " mm, ";
  text << "smoothing " << report.extract_options.smoothing_mm << " mm, fairing "
       << report.extract_options.fairing_mm << " mm";
  return text.str();
}

CartilageReport measure_knee(const LabelMap& labels, const MeasureOptions& options,
                             const Progress& progress) {
  check(options);
  progress.report("labels", 0.0);
  const Inventory inventory = inventory_of(labels, options.thickness.threads);
  std::vector<Bone> bones;
  CartilageReport report;
  for (const Bone bone : all_bones) {
    if (has_cartilage(inventory, bone) && has_bone(inventory, bone)) {
      bones.push_back(bone);
    } else if (has_cartilage(inventory, bone)) {
      report.flags.push_back("cartilage of the " + std::string(name(bone)) +
                             " was not measured: its bone is not labelled");
    } else if (has_bone(inventory, bone)) {
      report.flags.push_back("no cartilage is labelled on the " + std::string(name(bone)) +
                             ": lost or not labelled");
      for (const Region region : measured_regions)
        if (bone_of(region) == bone) report.regions.push_back(not_measured(region));
      for (const Region region : subregions)
        if (bone_of(region) == bone) report.parts.push_back(not_measured(region));
    }
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
  flag_cut_bones(labels, bones, orientation.frame, report.flags);
  report.method = title(options.thickness.method);
  report.thickness_options = options.thickness;
  report.extract_options = options.extract;
  for (std::size_t b = 0; b < bones.size(); ++b) {
    const auto share = [&](std::size_t n) {
      return 0.05 + 0.95 * static_cast<double>(n) / static_cast<double>(bones.size());
    };
    Measured measured = measure_bone(labels, inventory, bones[b], orientation, report.flags, options,
                                     progress.part(share(b), share(b + 1)));
    report.regions.insert(report.regions.end(), measured.regions.begin(), measured.regions.end());
    report.parts.insert(report.parts.end(), measured.parts.begin(), measured.parts.end());
    report.lesions.insert(report.lesions.end(), measured.lesions.begin(), measured.lesions.end());
    report.bones.push_back(std::move(measured.map));
  }
  for (auto* list : {&report.regions, &report.parts})
    std::sort(list->begin(), list->end(),
              [](const RegionMeasures& a, const RegionMeasures& b) { return a.region < b.region; });
  const std::vector<RegionMeasures> together = compartments_of(report.regions, report.parts);
  report.parts.insert(report.parts.end(), together.begin(), together.end());
  name_lesions(report.lesions);
  for (const BoneMap& map : report.bones)
    if (map.bone == Bone::tibia)
      report.menisci = measure_menisci(labels, report.frame, map, {.extract = options.extract});
  for (const BoneMap& map : report.bones) {
    const std::vector<MarginMeasures> margins = measure_margins(map, report.frame, labels.geometry());
    report.margins.insert(report.margins.end(), margins.begin(), margins.end());
  }
  progress.report("done", 1.0);
  return report;
}

}  // namespace genu::cartilage
