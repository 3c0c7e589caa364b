// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <genu/ultrasound/clip.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

UltrasoundRegion region(int item, std::int64_t min_x, std::int64_t max_x, double delta_cm,
                        RegionContent content = RegionContent::tissue) {
  UltrasoundRegion r;
  r.item = item;
  r.min_x = min_x;
  r.max_x = max_x;
  r.max_y = 99;
  r.format = RegionFormat::two_dimensional;
  r.content = content;
  r.x = r.y = {RegionUnit::centimetre, delta_cm, {}, 0.0};
  return r;
}

UltrasoundClip clip_with(std::vector<UltrasoundRegion> regions) {
  UltrasoundClip clip;
  clip.frames.push_back({200, 100, 1, std::vector<std::uint8_t>(20000)});
  clip.regions = std::move(regions);
  return clip;
}

TEST(BModeScale, WithoutCalibrationThereAreNoMillimetres) {
  UltrasoundClip clip = clip_with({});
  clip.stated_spacing = PixelSize{0.1, 0.1};  // is not what ultrasound is calibrated by
  const ClipScale scale = b_mode_scale(clip);
  EXPECT_FALSE(scale.region);
  EXPECT_FALSE(scale.scale.pixel_size);
  EXPECT_THAT(scale.scale.reason, HasSubstr("no calibration"));
}

TEST(BModeScale, IsThatOfTheLargestTissueRegionWhereAllAgree) {
  const ClipScale scale = b_mode_scale(clip_with({region(1, 0, 49, 0.02), region(2, 60, 199, 0.02),
                                                  region(3, 0, 199, 0.05, RegionContent::colour_flow)}));
  ASSERT_TRUE(scale.scale.pixel_size) << scale.scale.reason;
  EXPECT_EQ(scale.region, 1U);
  EXPECT_DOUBLE_EQ(scale.scale.pixel_size->x_mm, 0.2);
}

TEST(BModeScale, RegionsOfTwoScalesMustBeNamed) {
  const ClipScale scale = b_mode_scale(clip_with({region(1, 0, 99, 0.02), region(2, 100, 199, 0.03)}));
  EXPECT_FALSE(scale.region);
  EXPECT_FALSE(scale.scale.pixel_size);
  EXPECT_TRUE(scale.differ);
  EXPECT_THAT(scale.scale.reason, HasSubstr("regions 1 (0.200000"));
  EXPECT_TRUE(scale.scale.reason.ends_with("differ in scale")) << "what names one is the caller's to say";
}

TEST(BModeScale, OfAPartIsThatOfTheRegionThatItLiesIn) {
  const UltrasoundClip clip = clip_with(
      {region(1, 0, 99, 0.02), region(2, 100, 199, 0.03), region(3, 0, 199, 0.5, RegionContent::grey_bar)});
  for (const auto& [part, place] :
       {std::pair{PixelBounds{0, 0, 100, 100}, 0U}, {PixelBounds{110, 20, 30, 40}, 1U}}) {
    const ClipScale scale = b_mode_scale(clip, part);
    ASSERT_EQ(scale.region, place);
    EXPECT_DOUBLE_EQ(scale.scale.pixel_size->x_mm, place == 0 ? 0.2 : 0.3);
    EXPECT_FALSE(scale.differ);
  }
  EXPECT_TRUE(b_mode_scale(clip, {90, 20, 11, 40}).differ) << "a part of both";
  EXPECT_TRUE(b_mode_scale(clip, {110, 20, 30, 81}).differ) << "it reaches out of its region";
}

TEST(BModeScale, OfAPartIsThatOfTheRegionThatLiesUponTheOther) {
  UltrasoundRegion inset = region(2, 40, 79, 0.03);
  inset.min_y = 40, inset.max_y = 79;
  for (const bool inset_first : {false, true}) {
    const UltrasoundRegion wide = region(1, 0, 199, 0.02);
    const UltrasoundClip clip = inset_first ? clip_with({inset, wide}) : clip_with({wide, inset});
    const std::size_t wide_at = inset_first ? 1 : 0;
    EXPECT_EQ(b_mode_scale(clip, {45, 45, 20, 20}).region, 1 - wide_at);
    EXPECT_EQ(b_mode_scale(clip, {100, 10, 90, 80}).region, wide_at);
    EXPECT_TRUE(b_mode_scale(clip, {0, 0, 150, 90}).differ) << "the inset lies in it";
    EXPECT_TRUE(b_mode_scale(clip, {60, 0, 130, 90}).differ) << "a part of the inset does";
  }
  // Flow of the same scale upon the tissue changes nothing.
  UltrasoundRegion flow = region(3, 20, 79, 0.02, RegionContent::colour_flow);
  EXPECT_EQ(
      b_mode_scale(clip_with({flow, region(1, 0, 99, 0.02), region(2, 100, 199, 0.03)}), {10, 10, 80, 80})
          .region,
      1U);
}

TEST(BModeScale, OfAPartInADamagedRegionIsNotThatOfAnother) {
  const UltrasoundClip clip = clip_with({region(1, 0, 99, 0.02), region(2, 100, 199, 0.0)});
  const ClipScale scale = b_mode_scale(clip, {120, 10, 20, 20});
  EXPECT_FALSE(scale.scale.pixel_size);
  EXPECT_THAT(scale.scale.reason, HasSubstr("region 2: the physical delta of x is 0"));
}

TEST(BModeScale, FlowServesWhereNoRegionShowsTissueOnly) {
  const ClipScale scale = b_mode_scale(clip_with({region(1, 0, 99, 0.02, RegionContent::colour_flow)}));
  EXPECT_EQ(scale.region, 0U);
  EXPECT_TRUE(b_mode_scale(clip_with({region(1, 0, 99, 0.02, RegionContent::ecg_trace)}))
                  .scale.reason.starts_with("none of its regions"));
}

TEST(BModeScale, SaysOfEachRegionWhyItHasNone) {
  std::vector<UltrasoundRegion> regions{region(1, 0, 99, 0.0), region(2, 100, 250, 0.02)};
  const ClipScale scale = b_mode_scale(clip_with(regions));
  EXPECT_FALSE(scale.scale.pixel_size);
  EXPECT_THAT(scale.scale.reason, HasSubstr("region 1: the physical delta of x is 0; region 2: it reaches"));
  EXPECT_EQ(b_mode_scale(clip_with(regions), {.trust_cropped = true}).region, 1U);
}

}  // namespace
}  // namespace genu::ultrasound
