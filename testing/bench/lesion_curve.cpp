// SPDX-License-Identifier: Apache-2.0
// How many lesions of which size and depth are found, how well they are measured, and how many are reported
// where there are none: lesion_curve [POSES [LOSS_FRACTION [MIN_AREA_MM2]]] prints CSV.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/phantom/scan.h>

#include "phantom_knees.h"

namespace {

using namespace genu;
using namespace genu::bench;
using phantom::Plate;

constexpr std::array diameters_mm{3.0, 5.0, 7.0, 10.0, 15.0, 20.0};
constexpr std::array depths{0.3, 0.5, 0.7, 1.0};

struct Site {
  Plate plate;
  double u_mm, v_mm;
};
// Apart from each other by more than the greatest lesion is wide.
constexpr std::array sites{Site{Plate::femur, -22.0, 0.0},       Site{Plate::femur, 22.0, -22.0},
                           Site{Plate::femur, 0.0, 34.0},        Site{Plate::medial_tibia, 0.0, 0.0},
                           Site{Plate::lateral_tibia, 0.0, 0.0}, Site{Plate::patella, 0.0, 0.0}};

/// A knee of its own with lesions at places of its own; without any where the diameter is 0.
phantom::KneeOptions knee_number(int number, double diameter_mm, double depth) {
  std::mt19937 random(static_cast<unsigned>(number) + 1U);
  phantom::KneeOptions knee = varied_knee(random, number % 2 == 0 ? Side::right : Side::left);
  for (const Site& site : sites) {
    const double u = site.u_mm + between(random, -3.0, 3.0), v = site.v_mm + between(random, -3.0, 3.0);
    if (diameter_mm > 0.0) knee.defects.push_back({"", site.plate, u, v, diameter_mm, depth});
  }
  return knee;
}

/// How the articular surface of drawn labels wanders about the true one: smooth, by 0.2 mm in the mean
/// square, over some millimetres. People and networks draw cartilage no further apart than that.
class Wander {
 public:
  explicit Wander(unsigned seed) {
    std::mt19937 random(seed);
    const auto uniform = [&] {
      return static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
    };
    for (Wave& wave : waves_) {
      const Vector3 way =
          normalized(Vector3{uniform() - 0.5, uniform() - 0.5, uniform() - 0.5} + Vector3{0.0, 0.0, 1e-6});
      const double length_mm = 5.0 + 15.0 * uniform();
      wave = {2.0 * M_PI / length_mm * way, 2.0 * M_PI * uniform()};
    }
  }
  double at_mm(const Point3& p) const {
    constexpr double rms_mm = 0.2;
    double sum = 0.0;
    for (const Wave& wave : waves_) sum += std::sin(dot(wave.along, p - Point3{}) + wave.phase);
    return rms_mm * std::sqrt(2.0 / static_cast<double>(waves_.size())) * sum;
  }

 private:
  struct Wave {
    Vector3 along;
    double phase = 0.0;
  };
  std::array<Wave, 24> waves_;
};

std::optional<Bone> bone_below(Tissue cartilage) {
  for (const Bone bone : all_bones)
    if (is_cartilage_of(cartilage, bone)) return bone;
  return std::nullopt;
}

/// Returns labels as they are drawn: cartilage is thicker or thinner than it is by the wander.
LabelMap drawn(const LabelMap& labels, const phantom::Knee& knee, const Wander& wander) {
  LabelMap result = labels;
  const ImageGeometry& grid = labels.geometry();
  const GridSize& size = grid.size();
  // Whose cartilage is within a millimetre; bone stays bone.
  const auto cartilage_near = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    constexpr std::int64_t reach = 2;
    for (std::int64_t b = std::max<std::int64_t>(0, j - reach); b <= std::min(size[1] - 1, j + reach); ++b)
      for (std::int64_t a = std::max<std::int64_t>(0, i - reach); a <= std::min(size[0] - 1, i + reach); ++a)
        if (const Tissue t = labels[{a, b, k}]; bone_below(t)) return t;
    return labels[{i, j, k}];
  };
  for (std::int64_t k = 0; k < size[2]; ++k)
    for (std::int64_t j = 0; j < size[1]; ++j)
      for (std::int64_t i = 0; i < size[0]; ++i) {
        const Tissue here = labels[{i, j, k}];
        if (is_part_of(here, Bone::femur) || is_part_of(here, Bone::tibia) || is_part_of(here, Bone::patella))
          continue;
        const Tissue cartilage = cartilage_near(i, j, k);
        const std::optional<Bone> bone = bone_below(cartilage);
        if (!bone) continue;
        const Point3 p = grid.to_patient(VoxelIndex{i, j, k});
        const double height = knee.bone_distance_mm(*bone, p);
        const std::optional<double> layer = knee.thickness_mm(*bone, knee.closest_on_bone(*bone, p));
        const bool inside = layer && *layer > 0.0 && height < *layer + wander.at_mm(p);
        if (inside && !bone_below(here)) result[{i, j, k}] = cartilage;
        if (!inside && here == cartilage) result[{i, j, k}] = Tissue::background;
      }
  return result;
}

/// Returns the labels of a knee from those of the same knee without lesions: only cartilage near one changes.
LabelMap with_lesions(LabelMap labels, const phantom::Knee& knee, const phantom::Truth& truth,
                      const Wander& wander) {
  const ImageGeometry& grid = labels.geometry();
  constexpr double layer_mm = 5.0;
  for (std::int64_t k = 0; k < grid.size()[2]; ++k)
    for (std::int64_t j = 0; j < grid.size()[1]; ++j)
      for (std::int64_t i = 0; i < grid.size()[0]; ++i) {
        Tissue& tissue = labels[{i, j, k}];
        const std::optional<Bone> bone = bone_below(tissue);
        if (!bone) continue;
        const Point3 p = grid.to_patient(VoxelIndex{i, j, k});
        for (const phantom::LesionTruth& t : truth.lesions) {
          if (!(distance(p, t.centre) < 0.5 * t.defect.diameter_mm + layer_mm)) continue;
          const std::optional<double> layer = knee.thickness_mm(*bone, knee.closest_on_bone(*bone, p));
          if (!layer || *layer == 0.0 || knee.bone_distance_mm(*bone, p) >= *layer + wander.at_mm(p))
            tissue = Tissue::background;
        }
      }
  return labels;
}

struct Tally {
  int knees = 0, lesions = 0, found = 0, false_alarms = 0;
  double area_percent = 0.0, mean_depth_percent = 0.0, max_depth_percent = 0.0, away_mm = 0.0;
  int right_grade = 0;
};

void compare(const cartilage::CartilageReport& report, const phantom::Truth& truth, Tally& tally) {
  ++tally.knees;
  std::vector<bool> is_true(report.lesions.size(), false);
  for (const phantom::LesionTruth& t : truth.lesions) {
    ++tally.lesions;
    const cartilage::Lesion* best = nullptr;
    for (std::size_t n = 0; n < report.lesions.size(); ++n) {
      const cartilage::Lesion& l = report.lesions[n];
      // Its centre lies on the loss, or beside it by no more than thick slices blur.
      if (distance(l.centre, t.centre) > 0.5 * t.defect.diameter_mm + 1.5) continue;
      is_true[n] = true;
      if (!best || l.area_mm2 > best->area_mm2) best = &l;
    }
    if (!best) continue;
    const double depth = 100.0 * t.defect.depth_fraction;
    ++tally.found;
    tally.area_percent += 100.0 * (best->area_mm2 / t.area_mm2 - 1.0);
    tally.mean_depth_percent += best->mean_depth_percent - depth;
    tally.max_depth_percent += best->max_depth_percent - depth;
    tally.away_mm += distance(best->centre, t.centre);
    // Half of the depth is the border of two grades.
    tally.right_grade += depth == 50.0 ? best->icrs_grade == 2 || best->icrs_grade == 3
                                       : best->icrs_grade == (depth > 99.0   ? 4
                                                              : depth > 50.0 ? 3
                                                                             : 2);
  }
  tally.false_alarms += static_cast<int>(std::count(is_true.begin(), is_true.end(), false));
}

void print(double slice_mm, double diameter_mm, double depth, const Tally& t) {
  const auto per = [](double sum, int count) {
    return count == 0 ? std::string() : std::to_string(std::round(10.0 * sum / count) / 10.0).substr(0, 6);
  };
  std::cout << slice_mm << "," << diameter_mm << "," << 100.0 * depth << "," << t.knees << "," << t.lesions
            << "," << per(100.0 * t.found, t.lesions) << "," << per(t.area_percent, t.found) << ","
            << per(t.mean_depth_percent, t.found) << "," << per(t.max_depth_percent, t.found) << ","
            << per(t.away_mm, t.found) << "," << per(100.0 * t.right_grade, t.found) << ","
            << per(10.0 * t.false_alarms, 10 * t.knees) << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  const int poses = argc > 1 ? std::atoi(argv[1]) : 4;
  cartilage::MeasureOptions options;
  if (argc > 2) options.lesion_loss_fraction = std::atof(argv[2]);
  if (argc > 3) options.min_lesion_area_mm2 = std::atof(argv[3]);
  std::cout << "slice_mm,diameter_mm,depth_percent,knees,lesions,found_percent,area_bias_percent,"
               "mean_depth_bias_percent,max_depth_bias_percent,centre_away_mm,right_icrs_grade_percent,"
               "false_alarms_per_knee\n";
  for (const double slice_mm : {0.7, 3.0}) {
    std::vector<Tally> tallies(1 + diameters_mm.size() * depths.size());
    for (int pose = 0; pose < poses; ++pose) {
      const phantom::Knee healthy(knee_number(pose, 0.0, 0.0));
      const Wander wander(static_cast<unsigned>(pose) + 101U);
      const LabelMap base = drawn(labels_of(healthy, 0.5, slice_mm), healthy, wander);
      options.side = healthy.options().side;
      compare(cartilage::measure_knee(base, options), {}, tallies[0]);
      for (std::size_t n = 1; n < tallies.size(); ++n) {
        const phantom::Knee knee(
            knee_number(pose, diameters_mm[(n - 1) / depths.size()], depths[(n - 1) % depths.size()]));
        const phantom::Truth truth = phantom::truth_of(knee, 1.5);
        compare(cartilage::measure_knee(with_lesions(base, knee, truth, wander), options), truth, tallies[n]);
      }
    }
    print(slice_mm, 0.0, 0.0, tallies[0]);
    for (std::size_t n = 1; n < tallies.size(); ++n)
      print(slice_mm, diameters_mm[(n - 1) / depths.size()], depths[(n - 1) % depths.size()], tallies[n]);
  }
  return 0;
}
