// SPDX-License-Identifier: Apache-2.0
// How far thickness and denuded areas are from the truth, by method and slice thickness:
//   accuracy_table methods   bias and SD of each thickness method on a shell, a slab and phantom knees
//   accuracy_table denuded   dABp of phantoms with known losses of 1 to 80 % in every region
// Both print CSV.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/phantom/scan.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>

#include "phantom_knees.h"

namespace {

using namespace genu;
using namespace genu::bench;
using cartilage::Region;
using cartilage::ThicknessMethod;
using phantom::Plate;

constexpr std::array all_methods{ThicknessMethod::along_normal, ThicknessMethod::nearest_point,
                                 ThicknessMethod::field_lines};
constexpr std::array slices_mm{0.35, 0.7, 1.5, 3.0};

/// Differences from the truth, one a vertex.
struct Errors {
  double sum = 0.0, squares = 0.0;
  std::size_t count = 0, failed = 0;

  void add(double error) {
    if (std::isnan(error)) {
      ++failed;
      return;
    }
    sum += error;
    squares += error * error;
    ++count;
  }
  void print(const std::string& body, ThicknessMethod method, double slice_mm) const {
    const double n = static_cast<double>(count), bias = sum / n;
    std::cout << body << "," << name(method) << "," << slice_mm << "," << count << "," << failed << ","
              << bias << "," << std::sqrt(std::max(0.0, squares / n - bias * bias)) << std::endl;
  }
};

/// Measures a body of one bone and one layer, where `truth` gives a thickness.
void analytic(const std::string& body, const LabelMap& labels, Tissue bone, Tissue layer, double slice_mm,
              const std::function<std::optional<double>(const Point3&)>& truth) {
  const auto is_bone = [bone](Tissue t) { return t == bone; };
  const TriangleMesh surface = surface::extract(labels, is_bone);
  const TriangleMesh covering =
      surface::extract(labels, [layer](Tissue t) { return t == layer; }, {.beneath = is_bone});
  for (const ThicknessMethod method : all_methods) {
    const auto thickness = cartilage::measure_thickness(surface, covering, {.method = method}).thickness_mm;
    Errors errors;
    for (std::size_t v = 0; v < thickness.size(); ++v)
      if (const auto t = truth(surface.vertices()[v])) errors.add(thickness[v] - *t);
    errors.print(body, method, slice_mm);
  }
}

void methods() {
  std::cout << "body,method,slice_mm,vertices,not_measured,bias_mm,sd_mm\n";
  const Point3 centre{11.3, -7.2, 5.1};
  const Vector3 up = normalized({0.3, -0.5, 0.8});
  for (const double slice : slices_mm) {
    const double in_plane = slice < 1.0 ? 0.36 : 0.5;
    const ImageGeometry grid =
        testing::oblique_grid({.spacing_mm = {in_plane, in_plane, slice}, .extent_mm = {52, 52, 52}});
    analytic("shell", testing::concentric_spheres(grid, centre, 20.0, 22.5), Tissue::femur,
             Tissue::femoral_cartilage, slice, [](const Point3&) { return 2.5; });
    const LabelMap slab = testing::label(grid, [&](const Point3& p) {
      const Vector3 d = p - centre;
      const double height = dot(d, up);
      if (length(d - height * up) > 16.0 || height < -8.0) return Tissue::background;
      return height <= 0.0   ? Tissue::tibia
             : height <= 2.0 ? Tissue::medial_tibial_cartilage
                             : Tissue::background;
    });
    analytic("slab", slab, Tissue::tibia, Tissue::medial_tibial_cartilage, slice,
             [&](const Point3& p) -> std::optional<double> {
               const Vector3 d = p - centre;
               const bool on_top = std::abs(dot(d, up)) < 1.0 && length(d - dot(d, up) * up) < 12.0;
               return on_top ? std::optional(2.0) : std::nullopt;
             });
    for (int number = 0; number < 2; ++number) {
      std::mt19937 random(static_cast<unsigned>(number) + 1U);
      const phantom::Knee knee(varied_knee(random, number == 0 ? Side::right : Side::left));
      const LabelMap labels = labels_of(knee, in_plane, slice);
      for (const ThicknessMethod method : all_methods) {
        cartilage::MeasureOptions options;
        options.side = knee.options().side;
        options.thickness.method = method;
        const auto report = cartilage::measure_knee(labels, options);
        for (const cartilage::BoneMap& map : report.bones) {
          Errors errors;
          for (std::size_t v = 0; v < map.region.size(); ++v) {
            if (map.region[v] == Region::outside) continue;
            const auto t =
                knee.thickness_mm(map.bone, knee.closest_on_bone(map.bone, map.surface.vertices()[v]));
            if (t) errors.add(map.thickness_mm[v] - *t);
          }
          errors.print("knee " + std::to_string(number) + " " + std::string(name(map.bone)), method, slice);
        }
      }
    }
  }
}

/// A region of the intact knee: the bone that bears its cartilage.
struct Plot {
  Bone bone;
  std::vector<Point3> places;
  std::vector<double> areas_mm2;

  double denuded_percent(const phantom::Knee& knee) const {
    double bare = 0.0, all = 0.0;
    for (std::size_t n = 0; n < places.size(); ++n) {
      all += areas_mm2[n];
      if (knee.thickness_mm(bone, knee.closest_on_bone(bone, places[n])) == 0.0) bare += areas_mm2[n];
    }
    return 100.0 * bare / all;
  }
};

Plot plot_of(const cartilage::CartilageReport& intact, Region region) {
  Plot plot{bone_of(region), {}, {}};
  for (const cartilage::BoneMap& map : intact.bones) {
    if (map.bone != plot.bone) continue;
    const std::vector<double> areas = surface::vertex_areas_mm2(map.surface);
    for (std::size_t v = 0; v < areas.size(); ++v) {
      if (map.region[v] != region) continue;
      plot.places.push_back(map.surface.vertices()[v]);
      plot.areas_mm2.push_back(areas[v]);
    }
  }
  return plot;
}

struct Site {
  Region region;
  Plate plate;
  double u_mm, v_mm;
  bool keeps_margin;
};
constexpr std::array denuded_sites{Site{Region::MT, Plate::medial_tibia, 0.0, 0.0, true},
                                   Site{Region::LT, Plate::lateral_tibia, 0.0, 0.0, true},
                                   Site{Region::cMF, Plate::femur, -22.0, 0.0, true},
                                   Site{Region::cLF, Plate::femur, 22.0, 0.0, true},
                                   Site{Region::TrF, Plate::femur, 0.0, 34.0, true},
                                   Site{Region::P, Plate::patella, 0.0, 0.0, true},
                                   Site{Region::MT, Plate::medial_tibia, -14.0, 0.0, false},
                                   Site{Region::MT, Plate::medial_tibia, 0.0, 18.0, false},
                                   Site{Region::LT, Plate::lateral_tibia, 14.0, 0.0, false},
                                   Site{Region::LT, Plate::lateral_tibia, 0.0, -16.0, false}};

/// The defects that make a loss, those nearest to its middle first: a lattice of discs that overlap.
std::vector<phantom::Defect> lattice(const phantom::KneeOptions& knee, const Site& site) {
  constexpr double diameter_mm = 5.0, step_mm = 3.0, reach_mm = 33.0, rim_mm = 1.0;
  std::vector<phantom::Defect> defects;
  const auto fits = [&](double u_mm, double v_mm) {
    try {
      phantom::KneeOptions one = knee;
      one.defects = {{"", site.plate, u_mm, v_mm, diameter_mm, 1.0}};
      const phantom::Knee on_plate(one);
      return true;
    } catch (const InvalidInput&) {
      return false;  // beside the plate
    }
  };
  for (double u = site.u_mm - reach_mm; u <= site.u_mm + reach_mm; u += step_mm)
    for (double v = site.v_mm - reach_mm; v <= site.v_mm + reach_mm; v += step_mm) {
      bool wanted = fits(u, v);
      for (int turn = 0; turn < 8 && wanted && site.keeps_margin; ++turn) {
        const double out = 0.5 * diameter_mm + rim_mm;
        wanted = fits(u + out * std::cos(turn * M_PI / 4.0), v + out * std::sin(turn * M_PI / 4.0));
      }
      if (wanted) defects.push_back({"", site.plate, u, v, diameter_mm, 1.0});
    }
  std::stable_sort(defects.begin(), defects.end(), [&](const phantom::Defect& a, const phantom::Defect& b) {
    return std::hypot(a.u_mm - site.u_mm, a.v_mm - site.v_mm) <
           std::hypot(b.u_mm - site.u_mm, b.v_mm - site.v_mm);
  });
  return defects;
}

/// Returns the knee that has lost the wanted part of one region, as nearly as whole discs can.
phantom::KneeOptions with_loss(phantom::KneeOptions knee, const std::vector<phantom::Defect>& defects,
                               const Plot& plot, double percent) {
  const auto lost = [&](std::size_t count) {
    phantom::KneeOptions some = knee;
    some.defects.assign(defects.begin(), defects.begin() + static_cast<std::ptrdiff_t>(count));
    return plot.denuded_percent(phantom::Knee(some));
  };
  knee.defects = {defects.front()};
  if (const double one = lost(1); one > percent) {
    knee.defects.front().diameter_mm *= std::sqrt(percent / one);
    return knee;
  }
  std::size_t low = 1, high = defects.size();
  while (low < high) {
    const std::size_t middle = (low + high) / 2;
    if (lost(middle) < percent)
      low = middle + 1;
    else
      high = middle;
  }
  knee.defects.assign(defects.begin(), defects.begin() + static_cast<std::ptrdiff_t>(low));
  return knee;
}

void denuded() {
  std::cout << "region,margin,slice_mm,true_dABp,dABp,difference,not_measured_percent,flags\n";
  phantom::KneeOptions base;
  base.patient_from_knee = RigidTransform::translation_by({3.0, -2.0, 4.0}) *
                           RigidTransform::rotation_about({}, {0.4, 1.0, -0.3}, 8.0);
  const auto measured = [](const phantom::Knee& knee, double slice_mm) {
    return cartilage::measure_knee(labels_of(knee, slice_mm < 1.0 ? 0.36 : 0.5, slice_mm),
                                   {.side = Side::right});
  };
  const auto intact = measured(phantom::Knee(base), 0.7);
  for (const Site& site : denuded_sites) {
    const Plot plot = plot_of(intact, site.region);
    const auto defects = lattice(base, site);
    double before = 0.0;
    for (const double percent : {1.0, 5.0, 20.0, 50.0, 80.0}) {
      const phantom::Knee knee(with_loss(base, defects, plot, percent));
      const double truth = plot.denuded_percent(knee);
      if (truth == before) continue;  // no more discs
      before = truth;
      for (const double slice_mm : {0.7, 3.0}) {
        const auto report = measured(knee, slice_mm);
        for (const cartilage::RegionMeasures& m : report.regions)
          if (m.region == site.region)
            std::cout << name(m.region) << "," << (site.keeps_margin ? "kept" : "lost") << "," << slice_mm
                      << "," << truth << "," << m.dABp_percent << "," << m.dABp_percent - truth << ","
                      << 100.0 * m.not_measured_mm2 / m.tAB_mm2 << "," << report.flags.size() << std::endl;
      }
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "methods") {
    methods();
  } else if (what == "denuded") {
    denuded();
  } else {
    std::cerr << "accuracy_table methods|denuded\n";
    return 2;
  }
  return 0;
}
