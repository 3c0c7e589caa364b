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
  EXPECT_THAT(scale.scale.reason, HasSubstr("regions 1 (0.200000"));
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
