// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/core/tissue.h>

namespace genu {
namespace {

TEST(Tissue, TableIsCompleteAndInOrder) {
  std::set<std::string_view> names;
  for (std::size_t n = 0; n < tissues().size(); ++n) {
    EXPECT_EQ(static_cast<std::size_t>(tissues()[n].tissue), n);
    EXPECT_TRUE(names.insert(tissues()[n].name).second) << tissues()[n].name << " twice";
    EXPECT_EQ(tissue_named(tissues()[n].name), tissues()[n].tissue);
    EXPECT_EQ(tissues()[n].snomed_code.empty(), tissues()[n].snomed_meaning.empty());
  }
  EXPECT_EQ(tissue_named("femur_"), std::nullopt);
  EXPECT_THROW(info(static_cast<Tissue>(200)), InvalidInput);
}

// A peer's map with marrow lesions as labels of their own had holes in its bones.
TEST(Tissue, MarrowLesionsAreBone) {
  EXPECT_TRUE(is_part_of(Tissue::femoral_bone_lesion, Bone::femur));
  EXPECT_FALSE(is_part_of(Tissue::femoral_bone_lesion, Bone::tibia));
  EXPECT_TRUE(is_cartilage_of(Tissue::tibial_cartilage, Bone::tibia));
  EXPECT_FALSE(is_cartilage_of(Tissue::medial_meniscus, Bone::tibia));
}

}  // namespace
}  // namespace genu
