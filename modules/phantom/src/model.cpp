// SPDX-License-Identifier: Apache-2.0
#include "model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include "require.h"

namespace genu::phantom {
namespace {

constexpr double smallest_scale = 0.8;
constexpr double greatest_gain_mm = 0.2;  // Of a plate at a follow-up.
/// Narrowest gap between opposing cartilages.
constexpr double joint_gap = 0.6;
static_assert(joint_gap * smallest_scale > 2.0 * greatest_gain_mm,
              "a gain on both sides would make cartilages meet");
constexpr double skin_thickness = 1.8;  // 1.5 to 2 mm at the knee
/// Dense shell of a bone: about 1 mm with the calcified cartilage at the joint, more towards the shafts.
double cortex_thickness(const Vector3& x) {
  return 1.1 + 2.0 * smooth_step(std::abs(x.z), 42.0, 95.0);
}
/// Lateral distance of a knee's centre from the body's midline in a scanner that has the patient centred.
constexpr double knee_from_midline_mm = 70.0;
/// A step of 1 mm in space moves the nearest point of the bone by no more than this at up to `height` over
/// it: 1 / (1 - height / radius) over the tightest hollow beside a plate, whose radius is about 5 mm.
double foot_stretch(double height) {
  constexpr double tightest_hollow = 5.0;
  return 1.0 / (1.0 - std::min(height / tightest_hollow, 0.8));
}

constexpr const char* making = "making a phantom knee";

void validate(const KneeOptions& o) {
  require_in(making, "scale", o.scale, smallest_scale, 1.2);
  const auto thickness = [](const char* what, double t) { require_in(making, what, t, 0.5, 3.5); };
  thickness("femoral_thickness_mm", o.femoral_thickness_mm);
  thickness("medial_tibial_thickness_mm", o.medial_tibial_thickness_mm);
  thickness("lateral_tibial_thickness_mm", o.lateral_tibial_thickness_mm);
  thickness("patellar_thickness_mm", o.patellar_thickness_mm);
  const auto change = [](const char* what, double c) { require_in(making, what, c, -5.0, greatest_gain_mm); };
  change("femoral_change_mm", o.femoral_change_mm);
  change("medial_tibial_change_mm", o.medial_tibial_change_mm);
  change("lateral_tibial_change_mm", o.lateral_tibial_change_mm);
  change("patellar_change_mm", o.patellar_change_mm);
  for (const Defect& d : o.defects) {
    const std::string of = "defect '" + d.name + "' ";
    require_in(making, of + "diameter_mm", d.diameter_mm, 1.0, 30.0);
    require(d.depth_fraction > 0.0 && d.depth_fraction <= 1.0, making, of + "depth_fraction",
            d.depth_fraction, "above 0 and at most 1");
    const ChartPoint c{d.u_mm / o.scale, d.v_mm / o.scale};
    const bool on_plate = std::isfinite(c.u) && std::isfinite(c.v) && inside_outline(d.plate, c) > 0.0;
    const std::string rule = "on the plate " + std::string(name(d.plate));
    std::ostringstream v;
    v << of << "at v_mm = " << d.v_mm << ", u_mm";
    require(on_plate, making, v.str(), d.u_mm, rule);
  }
  for (const BoneSpur& s : o.spurs) {
    const std::string of = std::string("spur of the ") + std::string(name(s.bone)) + ", ";
    require_in(making, of + "height_mm", s.height_mm, 1.0, 10.0);
    require_in(making, of + "width_mm", s.width_mm, 2.0, 12.0);
  }
}

/// A spur is a rounded rod that stands upright on the bone's margin, its round tip at its height.
Rod spur_rod(const BoneSurface& bone, const BoneSpur& s, double scale) {
  const double side = s.medial ? -1.0 : 1.0;
  Vector3 margin;  // about there
  switch (s.bone) {
    case Bone::femur:
      margin = {side * 38.0, 2.0, 14.0};
      break;
    case Bone::tibia:
      margin = bone.shift() + Vector3{side * 40.0, -1.0, -7.0};
      break;
    case Bone::patella:
      margin = bone.shift() + Vector3{side * 23.0, patella_ridge_anterior + 10.0, patella_centre_proximal};
      break;
  }
  const Foot foot = bone.nearest(margin);
  const double radius = 0.5 * s.width_mm / scale;
  const Vector3 tip = foot.point + (s.height_mm / scale - radius) * foot.normal;
  return {foot.point - (radius + 1.0) * foot.normal - bone.shift(), tip - bone.shift(), radius, radius};
}

}  // namespace

Model::Model(const KneeOptions& options) : options_(options) {
  validate(options);
  const KneeOptions& o = options_;
  const double midline = o.side == Side::left ? knee_from_midline_mm : -knee_from_midline_mm;
  const KneeFrame standard = patient_aligned_frame(o.side, {midline, 0.0, 0.0});
  frame_ = standard;
  frame_.origin = o.patient_from_knee(standard.origin);
  frame_.lateral = o.patient_from_knee(standard.lateral);
  frame_.anterior = o.patient_from_knee(standard.anterior);
  frame_.proximal = o.patient_from_knee(standard.proximal);

  for (const Bone bone : all_bones) bones_.emplace_back(bone, Vector3{}, std::vector<Rod>{});
  const std::array<double, 4> full{o.femoral_thickness_mm, o.medial_tibial_thickness_mm,
                                   o.lateral_tibial_thickness_mm, o.patellar_thickness_mm};
  const std::array<double, 4> change{o.femoral_change_mm, o.medial_tibial_change_mm,
                                     o.lateral_tibial_change_mm, o.patellar_change_mm};
  for (const Plate plate : all_plates) {
    const auto n = static_cast<std::size_t>(plate);
    layers_.push_back({plate, full[n] / o.scale, 0.0, {}, {}});
  }
  bring_together();
  std::array<std::vector<Rod>, 3> spurs;
  for (const BoneSpur& s : o.spurs)
    spurs[static_cast<std::size_t>(s.bone)].push_back(spur_rod(surface(s.bone), s, o.scale));
  for (const Bone bone : all_bones) {
    const auto n = static_cast<std::size_t>(bone);
    bones_[n] = BoneSurface(bone, bones_[n].shift(), spurs[n]);
  }
  for (Layer& layer : layers_) {
    layer.change = change[static_cast<std::size_t>(layer.plate)] / o.scale;
    layer.bone_shift = surface(bone_of(layer.plate)).shift();
  }
  for (const Defect& d : o.defects) {
    const SurfacePoint at =
        on_bone(surface(bone_of(d.plate)), d.plate, {d.u_mm / o.scale, d.v_mm / o.scale}).value();
    layers_[static_cast<std::size_t>(d.plate)].craters.push_back(
        {d.plate, at.point, 0.5 * d.diameter_mm / o.scale, d.depth_fraction});
  }
  soft_ = SoftTissue(surface(Bone::tibia).shift(), surface(Bone::patella).shift());
}

Point3 Model::to_patient(const Vector3& x) const {
  return frame_.at(options_.scale * x.x, options_.scale * x.y, options_.scale * x.z);
}
Vector3 Model::direction_to_patient(const Vector3& v) const {
  return v.x * frame_.lateral + v.y * frame_.anterior + v.z * frame_.proximal;
}
Vector3 Model::direction_to_model(const Vector3& v) const {
  return {dot(frame_.lateral, v), dot(frame_.anterior, v), dot(frame_.proximal, v)};
}

void Model::bring_together() {
  // Tibia and patella are moved along one axis until the narrowest gap between the cartilages is joint_gap.
  // Lesions, spurs and follow-up changes come later and leave the bones where they are.
  constexpr double step = 2.0;
  const auto gap = [&](Plate plate) {
    const BoneSurface& bone = surface(bone_of(plate));
    double narrowest = std::numeric_limits<double>::max();
    const ChartRange r = range_of(plate);
    for (double u = r.lowest.u; u <= r.highest.u; u += step)
      for (double v = r.lowest.v; v <= r.highest.v; v += step) {
        if (inside_outline(plate, {u, v}) < 0.0) continue;
        const SurfacePoint at = on_bone(bone, plate, {u, v}).value();
        const Vector3 articular = at.point + layer(plate).thickness(at.point) * at.normal;
        const Foot foot = surface(Bone::femur).nearest(articular, 1e-7);
        narrowest = std::min(narrowest, foot.distance - layer(Plate::femur).thickness(foot.point));
      }
    return narrowest;
  };
  const auto move = [&](Bone bone, const Vector3& by) {
    const Vector3 shift = surface(bone).shift() + by;
    bones_[static_cast<std::size_t>(bone)] = BoneSurface(bone, shift, {});
    for (Layer& layer : layers_)
      if (bone_of(layer.plate) == bone) layer.bone_shift = shift;
  };
  for (int i = 0; i < 6; ++i) {
    const double tibial = std::min(gap(Plate::medial_tibia), gap(Plate::lateral_tibia)) - joint_gap;
    const double patellar = gap(Plate::patella) - joint_gap;
    move(Bone::tibia, {0.0, 0.0, tibial});
    move(Bone::patella, {0.0, -patellar, 0.0});
    if (std::abs(tibial) < 0.01 && std::abs(patellar) < 0.01) break;
  }
}

bool Model::bone_at(const Vector3& x, const std::array<double, 3>& bound, Spot& spot) const {
  constexpr std::array<Tissue, 3> tissue{Tissue::femur, Tissue::tibia, Tissue::patella};
  const auto inside = [&](double f, Tissue t) {
    spot.margin = std::min(spot.margin, std::abs(f));
    if (!(f < 0.0)) return false;
    spot.tissue = t;
    const double beneath = f + cortex_thickness(x);
    spot.cortical = beneath > 0.0;
    spot.margin = std::min(spot.margin, std::abs(beneath) / 1.06);  // 1.06: the slope of the thickness
    return true;
  };
  for (std::size_t b = 0; b < 3; ++b)
    if (inside(bound[b], tissue[b])) return true;
  return inside(fibula_bound(x), Tissue::fibula);
}

bool Model::cartilage_at(const Vector3& x, const std::array<double, 3>& bound, Spot& spot) const {
  constexpr std::array<Tissue, 4> tissue{Tissue::femoral_cartilage, Tissue::medial_tibial_cartilage,
                                         Tissue::lateral_tibial_cartilage, Tissue::patellar_cartilage};
  for (const Bone bone : all_bones) {
    const auto b = static_cast<std::size_t>(bone);
    // Nothing this far off the bone or beside its plates is cartilage: the nearest point is not needed.
    double off = std::numeric_limits<double>::max();
    for (const Layer& layer : layers_)
      if (bone_of(layer.plate) == bone) {
        const double height = layer.greatest();
        const double beside = -inside_outline(layer.plate, chart_of(layer.plate, x)) / outline_slope_above;
        off = std::min(off, std::max(bound[b] - height, beside - height));
      }
    if (off >= 0.0) {
      spot.margin = std::min(spot.margin, off);
      continue;
    }
    const Foot foot = surface(bone).nearest(x, 1e-7);
    for (const Layer& layer : layers_) {
      if (bone_of(layer.plate) != bone) continue;
      const double inside = layer.inside(foot.point);
      const double stretch = foot_stretch(layer.greatest());
      const double beyond = foot.distance - layer.greatest();
      if (inside <= 0.0) {
        const double margin = std::max(-inside / (outline_slope * stretch), beyond);
        spot.margin = std::min(spot.margin, margin);
        continue;
      }
      // Far from the outline and from craters the surface is nearly parallel to the bone; near the outline it
      // may be as steep as the taper.
      const double clear = std::abs(foot.distance - layer.thickness(foot.point));
      const double flat = (inside - taper_width) / (outline_slope * stretch);
      const double steepest = 1.0 + stretch * outline_slope * (2.0 / taper_width) * layer.greatest();
      double margin = std::max(clear / steepest, std::min(clear / 1.5, flat));
      for (const Crater& crater : layer.craters)
        margin = std::min(margin, std::abs(length(foot.point - crater.centre) - crater.radius) / stretch);
      // Beyond the outline there is none: leaving the plate counts as a change only for what is inside.
      const bool in_cartilage = foot.distance < layer.thickness(foot.point);
      spot.margin = std::min(spot.margin, std::max(margin, beyond));
      if (in_cartilage) {
        spot.tissue = tissue[static_cast<std::size_t>(layer.plate)];
        return true;
      }
    }
  }
  return false;
}

Spot Model::spot(const Vector3& x) const {
  const SoftTissue::Depth skin = soft_.under_skin(x);
  Spot spot;
  spot.margin = std::abs(skin.bound);
  if (skin.depth < 0.0) return spot;
  spot.margin = std::min(spot.margin, std::abs(skin.depth - skin_thickness) / 1.3);
  if (skin.depth < skin_thickness) {
    spot.tissue = Tissue::skin;
    return spot;
  }
  const std::array<double, 3> bound{surface(Bone::femur).bound(x), surface(Bone::tibia).bound(x),
                                    surface(Bone::patella).bound(x)};
  if (bone_at(x, bound, spot) || cartilage_at(x, bound, spot)) return spot;
  const Choice soft = soft_.at(x, {bound[0], bound[1], bound[2]}, skin.depth);
  spot.tissue = soft.tissue;
  spot.margin = std::min(spot.margin, soft.margin);
  return spot;
}

}  // namespace genu::phantom
