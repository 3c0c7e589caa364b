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
}

}  // namespace
}  // namespace genu::cartilage
