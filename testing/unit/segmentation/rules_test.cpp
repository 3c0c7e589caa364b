// SPDX-License-Identifier: Apache-2.0
// The rules of anatomy on labels written by hand.
#include "rules.h"

#include <algorithm>
#include <array>

#include <gtest/gtest.h>

namespace genu::segmentation {
namespace {

/// Labels of 20 slices of 30 x 30 pixels, and probabilities that say the same.
struct Knee {
  std::array<std::int64_t, 3> size{20, 30, 30};
  StackLabels labels = StackLabels(std::size_t{20} * 30 * 30, Class::background);
  Vector3 spacing_mm{2.0, 1.0, 1.0};

  void fill(std::array<std::int64_t, 2> slices, std::array<std::int64_t, 2> rows,
            std::array<std::int64_t, 2> columns, Class what) {
    for (std::int64_t s = slices[0]; s < slices[1]; ++s)
      for (std::int64_t r = rows[0]; r < rows[1]; ++r)
        for (std::int64_t c = columns[0]; c < columns[1]; ++c)
          labels[static_cast<std::size_t>((s * size[1] + r) * size[2] + c)] = what;
  }
  std::ptrdiff_t count(Class what) const { return std::count(labels.begin(), labels.end(), what); }
  /// `second` is what the network thinks next best everywhere.
  void apply(Class second = Class::background) {
    Probabilities probabilities{size, std::vector<std::uint8_t>(labels.size() * class_count, 0)};
    const std::size_t pixels = probabilities.slice_pixels();
    for (std::size_t p = 0; p < labels.size(); ++p) {
      const auto slice = static_cast<std::int64_t>(p / pixels);
      probabilities.of(slice, second)[p % pixels] = 60;
      probabilities.of(slice, labels[p])[p % pixels] = 190;
    }
    apply_rules(probabilities, labels, spacing_mm);
    EXPECT_EQ(most_probable(probabilities, 1), labels) << "probabilities must tell the same as labels";
  }
};

TEST(Rules, ABoneIsItsLargestPiece) {
  Knee knee;
  knee.fill({2, 18}, {2, 12}, {5, 20}, Class::femur);
  knee.fill({2, 4}, {25, 28}, {2, 5}, Class::femur);
  knee.apply();
  EXPECT_EQ(knee.count(Class::femur), 16 * 10 * 15);
}

TEST(Rules, ABoneHasNoThreadsAndKeepsItsCorners) {
  Knee knee;
  knee.fill({2, 18}, {2, 12}, {5, 15}, Class::femur);
  knee.fill({2, 18}, {5, 6}, {15, 25}, Class::femur);   // 1 mm thick, 10 mm long
  knee.fill({2, 18}, {3, 10}, {25, 29}, Class::femur);  // what hangs on it, in every slice
  knee.fill({18, 19}, {5, 6}, {8, 10}, Class::femur);   // a crumb on the next slice, which hangs on the bone
  knee.apply();
  const std::ptrdiff_t bone = 16 * 10 * 10;
  EXPECT_GE(knee.count(Class::femur), bone);
  EXPECT_LE(knee.count(Class::femur), bone + 16 * 2) << "the thread may end within a pixel or two";
}

TEST(Rules, ABoneAtThePicturesEdgeStays) {
  Knee knee;
  knee.fill({2, 18}, {0, 12}, {0, 2}, Class::femur);
  knee.fill({2, 18}, {0, 2}, {0, 30}, Class::femur);
  knee.apply();
  EXPECT_EQ(knee.count(Class::femur), 16 * (12 * 2 + 2 * 28));
}

TEST(Rules, SmallHolesInABoneAreFilledAndNotchesAreNot) {
  Knee knee;
  knee.fill({2, 18}, {2, 28}, {2, 28}, Class::tibia);
  knee.fill({5, 6}, {10, 13}, {10, 13}, Class::background);  // 9 mm2, and open towards the next slice's hole
  knee.fill({6, 7}, {10, 13}, {10, 13}, Class::other_tissue);
  knee.fill({9, 10}, {5, 20}, {5, 20}, Class::background);  // 225 mm2: more than a hole
  knee.apply();
  EXPECT_EQ(knee.count(Class::tibia), 16 * 26 * 26 - 15 * 15);
}

TEST(Rules, CartilageLiesOnItsOwnBoneAndIslandsOfItStay) {
  Knee knee;
  knee.fill({2, 18}, {2, 10}, {5, 25}, Class::femur);
  knee.fill({2, 18}, {20, 28}, {5, 25}, Class::tibia);
  knee.fill({3, 8}, {10, 12}, {6, 24}, Class::femoral_cartilage);     // 360 mm3
  knee.fill({14, 16}, {10, 12}, {10, 18}, Class::femoral_cartilage);  // an island of 64 mm3 on the bone
  knee.fill({10, 11}, {10, 11}, {6, 8}, Class::femoral_cartilage);    // 4 mm3: noise
  knee.fill({3, 8}, {14, 16}, {6, 24}, Class::femoral_cartilage);     // 360 mm3 between the bones, on neither
  knee.fill({3, 8}, {18, 20}, {6, 24}, Class::tibial_cartilage);
  knee.apply();
  EXPECT_EQ(knee.count(Class::femoral_cartilage), 5 * 2 * 18 + 2 * 2 * 8);
  EXPECT_EQ(knee.count(Class::tibial_cartilage), 5 * 2 * 18);
}

TEST(Rules, AMeniscusLiesOnCartilage) {
  Knee knee;
  knee.fill({2, 18}, {20, 28}, {5, 25}, Class::tibia);
  knee.fill({3, 8}, {18, 20}, {6, 24}, Class::tibial_cartilage);
  knee.fill({3, 8}, {14, 18}, {6, 12}, Class::meniscus);
  knee.fill({10, 15}, {2, 6}, {6, 12}, Class::meniscus);
  knee.apply();
  EXPECT_EQ(knee.count(Class::meniscus), 5 * 4 * 6);
}

// What one rule takes away, another class gets: no island may be left of that.
TEST(Rules, WhatIsTakenAwayLeavesNoIslandOfAnotherClass) {
  Knee knee;
  knee.fill({2, 18}, {20, 28}, {5, 25}, Class::tibia);
  knee.fill({3, 8}, {18, 20}, {6, 24}, Class::tibial_cartilage);
  knee.fill({3, 8}, {4, 7}, {6, 24}, Class::patellar_cartilage);  // on no patella; next best is tibia
  knee.apply(Class::tibia);
  EXPECT_EQ(knee.count(Class::patellar_cartilage), 0);
  EXPECT_EQ(knee.count(Class::tibia), 16 * 8 * 20);
}

// The head of the tibia in slices 2 to 17; its middle is between 9 and 10.
Knee plates(double lateral_part, double medial_part) {
  Knee knee;
  knee.fill({2, 18}, {20, 28}, {5, 25}, Class::tibia);
  const auto columns = [](double part) { return 5 + static_cast<std::int64_t>(20.0 * part); };
  knee.fill({3, 9}, {19, 20}, {5, columns(lateral_part)}, Class::tibial_cartilage);
  knee.fill({11, 17}, {19, 20}, {5, columns(medial_part)}, Class::tibial_cartilage);
  return knee;
}

TEST(Rules, ThePlatesPartAtTheTibiasMiddleHoweverWornOneIs) {
  for (const auto& [lateral, medial] :
       {std::pair{1.0, 1.0}, {1.0, 0.2}, {0.2, 1.0}, {1.0, 0.0}, {0.0, 0.05}}) {
    const Knee knee = plates(lateral, medial);
    const double border = plates_border(knee.labels, knee.size, knee.spacing_mm.y);
    EXPECT_GT(border, 8.0) << lateral << " and " << medial;
    EXPECT_LT(border, 11.0) << lateral << " and " << medial;
  }
}

TEST(Rules, ThePlatesPartWhereThereIsLeastCartilage) {
  Knee knee = plates(1.0, 1.0);
  knee.fill({9, 10}, {19, 20}, {5, 12}, Class::tibial_cartilage);
  EXPECT_EQ(plates_border(knee.labels, knee.size, knee.spacing_mm.y), 10.0);
}

TEST(Rules, MedialIsTowardsTheOtherLeg) {
  EXPECT_TRUE(is_medial(12.0, 9.5, Side::right));
  EXPECT_FALSE(is_medial(12.0, 9.5, Side::left));
}

TEST(Rules, FluidAboveThePatellaAndInFrontOfTheFemurIsInTheRecess) {
  Knee knee;
  knee.fill({5, 15}, {0, 18}, {12, 26}, Class::femur);
  knee.fill({8, 12}, {8, 14}, {3, 7}, Class::patella);
  const Parts parts{.border = 9.5, .side = Side::right, .recess = RecessRegion(knee.labels, knee.size)};
  const auto fluid_at = [&](double row, double column) {
    return tissue_of(Class::joint_fluid, parts, 10.0, row, column);
  };
  EXPECT_EQ(fluid_at(4.0, 8.0), Tissue::suprapatellar_recess);
  EXPECT_EQ(fluid_at(0.0, 0.0), Tissue::suprapatellar_recess);
  EXPECT_EQ(fluid_at(10.0, 8.0), Tissue::joint_fluid) << "behind the patella";
  EXPECT_EQ(fluid_at(4.0, 28.0), Tissue::joint_fluid) << "behind the femur";
  EXPECT_EQ(tissue_of(Class::joint_fluid, {.recess = RecessRegion(Knee().labels, knee.size)}, 10.0, 0.0, 0.0),
            Tissue::joint_fluid)
      << "without a patella nobody knows";
  EXPECT_EQ(tissue_of(Class::meniscus, parts, 12.0, 4.0, 8.0), Tissue::medial_meniscus);
  EXPECT_EQ(tissue_of(Class::femur, parts, 12.0, 4.0, 8.0), Tissue::femur);
}

TEST(Network, NeighboursAreAsFarAsInTraining) {
  using Steps = std::array<std::int64_t, 3>;
  EXPECT_EQ(pair_steps(0.7), (Steps{2, 7, 17}));
  EXPECT_EQ(pair_steps(2.0), (Steps{1, 3, 6}));
  EXPECT_EQ(pair_steps(4.0), (Steps{1, 2, 3}));
  EXPECT_EQ(pair_steps(15.0), (Steps{1, 2, 3}));
}

}  // namespace
}  // namespace genu::segmentation
