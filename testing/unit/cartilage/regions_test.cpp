// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/cartilage/regions.h>
#include <genu/core/error.h>

namespace genu::cartilage {
namespace {

TEST(Regions, NamesAreFoundAgain) {
  for (const Region region : measured_regions) {
    EXPECT_EQ(region_named(name(region)), region);
    EXPECT_FALSE(title(region).empty());
  }
  for (std::size_t r = 0; r < region_count; ++r)
    EXPECT_EQ(region_named(name(static_cast<Region>(r))), static_cast<Region>(r));
  EXPECT_EQ(region_named("outside"), Region::outside);
  EXPECT_EQ(region_named("XYZ"), std::nullopt);
}

TEST(Regions, EachLiesOnItsBone) {
  EXPECT_EQ(bone_of(Region::MT), Bone::tibia);
  EXPECT_EQ(bone_of(Region::LT), Bone::tibia);
  EXPECT_EQ(bone_of(Region::P), Bone::patella);
  for (const Region region : {Region::cMF, Region::cLF, Region::pMF, Region::pLF, Region::TrF})
    EXPECT_EQ(bone_of(region), Bone::femur);
  EXPECT_THROW(bone_of(Region::outside), InvalidInput);
  for (const Compartment& c : compartments) EXPECT_THROW(bone_of(c.region), InvalidInput);
}

TEST(Regions, PartsLieInTheirParentsAndCompartmentsOnBothBones) {
  for (const Region part : subregions) {
    EXPECT_NE(parent_of(part), part) << name(part);
    EXPECT_EQ(bone_of(part), bone_of(parent_of(part)));
    // cMT lies in MT, ccMF in cMF: the name is the parent's after one letter.
    EXPECT_EQ(name(part).substr(1), name(parent_of(part)));
  }
  for (const Region region : measured_regions) EXPECT_EQ(parent_of(region), region);
  for (const Compartment& c : compartments) {
    EXPECT_EQ(bone_of(c.tibial), Bone::tibia);
    EXPECT_EQ(bone_of(c.femoral), Bone::femur);
  }
}

}  // namespace
}  // namespace genu::cartilage
