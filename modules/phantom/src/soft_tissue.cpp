// SPDX-License-Identifier: Apache-2.0
#include "soft_tissue.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "plates.h"

// Positions follow sectional anatomy of an adult knee in extension; sizes of vessels and tendons are typical
// ones (popliteal artery 6 mm, vein 8 mm; patellar tendon 28 x 5 mm).
namespace genu::phantom {
namespace {

/// Outline of the limb: an ellipse in each cross-section.
struct Extent {
  Jet front, back, side;
};
Extent extent_at(const Jet& p, double patella_front) {
  Jet front =
      37.0 + (patella_front + 5.5 - 37.0) * smooth_step(p, -52.0, 16.0) - 2.0 * smooth_step(p, 50.0, 75.0);
  Jet back = 58.0 + 3.0 * smooth_step(p, 40.0, 100.0) + 2.0 * (1.0 - smooth_step(p, -70.0, -10.0));
  Jet side = 55.0 + 6.0 * smooth_step(p, 10.0, 100.0);
  return {front, back, side};
}

/// Bellies of muscle: quadriceps (two vasti in two parts each, rectus), hamstrings, sartorius and gracilis,
/// gastrocnemius, soleus with popliteus, tibialis anterior, peronei.
constexpr std::array<Rod, 17> muscles{{
    {{-27, 17, 115}, {-30, 24, 48}, 19, 11},
    {{28, 16, 115}, {28, 23, 62}, 20, 9},
    {{-24, 0, 115}, {-31, 4, 56}, 17, 8},
    {{25, -2, 115}, {29, 2, 66}, 18, 8},
    {{0, 40, 150}, {0, 40, 104}, 15, 6},
    {{-18, -36, 115}, {-25, -41, 15}, 17, 7},
    {{-35, -36, 115}, {-39, -30, -30}, 10, 4},
    {{-45, -14, 115}, {-43, -18, -20}, 11, 6},
    {{26, -35, 115}, {40, -28, -5}, 18, 6},
    {{-9, -14, 115}, {-13, -15, 72}, 12, 5},
    {{11, -14, 115}, {15, -16, 62}, 11, 5},
    {{-21, -46, 28}, {-21, -42, -45}, 7, 15},
    {{22, -46, 28}, {22, -41, -45}, 7, 14},
    {{-21, -42, -45}, {-20, -42, -120}, 15, 16},
    {{22, -41, -45}, {20, -42, -120}, 14, 15},
    {{1, -28, -16}, {0, -28, -110}, 6, 17},
    {{27, 8, -30}, {25, 6, -110}, 6, 14},
}};

constexpr std::array<Rod, 2> artery{
    {{{0, -39, 190}, {2, -41, 0}, 3.1, 3.1}, {{2, -41, 0}, {4, -38, -190}, 3.1, 2.6}}};
constexpr std::array<Rod, 2> vein{
    {{{3, -46, 190}, {4.5, -48.6, 0}, 4.1, 4.1}, {{4.5, -48.6, 0}, {5, -45, -190}, 4.1, 3.5}}};

template <std::size_t N>
double nearest_rod(const std::array<Rod, N>& rods, const Vector3& x) {
  double best = 1e9;
  for (const Rod& r : rods) {
    // A rod whose box is further away than the nearest one so far is not asked; 1.2: its Lipschitz constant.
    const double radius = std::max(r.from_radius, r.to_radius);
    const double l = std::max(std::min(r.from.x, r.to.x) - x.x, x.x - std::max(r.from.x, r.to.x));
    const double a = std::max(std::min(r.from.y, r.to.y) - x.y, x.y - std::max(r.from.y, r.to.y));
    if (std::max(l, a) - radius > 1.2 * best) continue;
    best = std::min(best, rod(place(x), r));
  }
  return best;
}

/// A pouch 48 mm wide, 42 mm high and 7 mm thick, bent around the front of the femur.
double recess(const Vector3& x) {
  const double bent = x.y - (32.3 - x.x * x.x / 130.0) - 0.02 * (x.z - 68.0);
  constexpr double rounding = 3.3;
  const double l = std::max(std::abs(x.x - 1.0) - (24.0 - rounding), 0.0);
  const double a = std::max(std::abs(bent) - (3.5 - rounding), 0.0);
  const double p = std::max(std::abs(x.z - 68.0) - (21.0 - rounding), 0.0);
  return (std::hypot(l, a, p) - rounding) / 1.1;  // 1.1: the bend's slope within the pouch
}

/// Walks through a list of decisions; the first that is negative wins, and all passed ones bound the margin.
class Decisions {
 public:
  /// Returns true if `bound`, a 1-Lipschitz function, is negative.
  bool inside(double bound) {
    margin_ = std::min(margin_, std::abs(bound));
    return bound < 0.0;
  }
  double margin() const { return margin_; }

 private:
  double margin_ = 1e9;
};

/// A C-shaped wedge between condyle and plateau, open towards the eminence; the bones and cartilages above
/// and below it have been asked before.
double meniscus(Plate plate, const Vector3& x, double tibia_bound, double tibia_shift) {
  const bool medial = plate == Plate::medial_tibia;
  const ChartPoint c = chart_of(plate, x);
  const double half_u = medial ? 16.0 : 15.0;
  const double half_v = medial ? 23.0 : 20.5;
  const double shorter = half_u;
  const double radius = std::hypot(c.u / half_u, c.v / half_v);
  const double open_below = medial ? 0.60 : 0.55;
  const double ring = std::max(open_below - radius, radius - 1.0) * shorter;
  const double towards_eminence = medial ? c.u : -c.u;
  const double gap = std::min(towards_eminence - 2.0, (medial ? 10.0 : 6.5) - std::abs(c.v));
  // From the inner edge the wedge grows to about 6 mm above the bone at the periphery.
  const double rise = (radius - open_below) * shorter;
  const double wedge = (tibia_bound - (2.6 + 0.55 * rise)) / 1.2;
  const double above = tibia_shift - 8.0 - x.z;
  return std::max({ring, gap, wedge, above});
}

}  // namespace

SoftTissue::SoftTissue(const Vector3& tibia_shift, const Vector3& patella_shift)
    : tibia_shift_(tibia_shift), patella_shift_(patella_shift) {
  const double patella = patella_ridge_anterior + patella_shift.y;
  patellar_tendon_ = {{0.8, patella + 11.5, 13.0}, {3.0, 26.5, -40.0 + tibia_shift.z}, 2.4, 2.4};
  quadriceps_tendon_ = {{0.5, patella + 12.0, 49.0}, {0.0, 41.5, 108.0}, 3.4, 3.4};
}

SoftTissue::Depth SoftTissue::under_skin(const Vector3& x) const {
  const Place<Jet> at = jet_place(x);
  const Extent e = extent_at(at.p, patella_ridge_anterior + patella_shift_.y + 22.0);
  const Jet half = 0.5 * (e.front + e.back);
  const Jet middle = 0.5 * (e.front - e.back);
  const double shorter = std::min(half.v, e.side.v);
  const Jet radius = hypotenuse(at.l / e.side, (at.a - middle) / half);
  const double slope = std::max(length(radius.g), 0.5 / shorter);
  return {(1.0 - radius.v) / slope, (1.0 - radius.v) * shorter / 1.25};  // 1.25: the profile's slope
}

Choice SoftTissue::at(const Vector3& x, const BoneBounds& bones, double depth) const {
  Decisions d;
  // Most places are far from the joint: one decision spares the small structures.
  if (d.inside(std::min(bones.femur, bones.tibia) - 12.0)) {
    if (d.inside(std::max(bones.femur - 9.0, bones.tibia - 9.0))) {
      if (d.inside(meniscus(Plate::medial_tibia, x, bones.tibia, tibia_shift_.z)))
        return {Tissue::medial_meniscus, d.margin()};
      if (d.inside(meniscus(Plate::lateral_tibia, x, bones.tibia, tibia_shift_.z)))
        return {Tissue::lateral_meniscus, d.margin()};
      const double cavity = std::max({bones.femur - 3.6, bones.tibia - 3.6,
                                      ellipse(x.x, x.y + 1.0, 38.0, 24.0), tibia_shift_.z - 5.0 - x.z});
      if (d.inside(cavity)) return {Tissue::joint_fluid, d.margin()};
    }
    const double beside_patella = std::max({bones.femur - 4.4, bones.patella - 4.6, std::abs(x.x) - 21.0});
    if (d.inside(beside_patella)) return {Tissue::joint_fluid, d.margin()};
  }
  if (d.inside(rod(place(x), patellar_tendon_, 12.0))) return {Tissue::patellar_tendon, d.margin()};
  if (d.inside(rod(place(x), quadriceps_tendon_, 15.0))) return {Tissue::quadriceps_tendon, d.margin()};
  if (d.inside(recess(x))) return {Tissue::suprapatellar_recess, d.margin()};
  if (d.inside(nearest_rod(artery, x))) return {Tissue::popliteal_artery, d.margin()};
  if (d.inside(nearest_rod(vein, x))) return {Tissue::popliteal_vein, d.margin()};
  const double muscle = std::max(nearest_rod(muscles, x), (7.0 - depth) / 1.3);
  return {d.inside(muscle) ? Tissue::muscle : Tissue::fat, d.margin()};
}

}  // namespace genu::phantom
