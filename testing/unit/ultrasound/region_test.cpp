// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/region.h>

namespace genu::ultrasound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int width = 640, height = 480;

UltrasoundRegion b_mode(std::int64_t min_x = 100, std::int64_t min_y = 40, std::int64_t max_x = 499,
                        std::int64_t max_y = 399) {
  UltrasoundRegion region;
  region.item = 1;
  region.min_x = min_x;
  region.min_y = min_y;
  region.max_x = max_x;
  region.max_y = max_y;
  region.format = RegionFormat::two_dimensional;
  region.content = RegionContent::tissue;
  region.x = {RegionUnit::centimetre, 0.01, {}, 0.0};
  region.y = {RegionUnit::centimetre, 0.01, {}, 0.0};
  return region;
}

TEST(RegionScale, CentimetresBecomeMillimetresAndEachAxisKeepsItsOwn) {
  UltrasoundRegion region = b_mode();
  region.x.delta = 0.0125;
  region.y.delta = 0.0075;
  const RegionScale scale = scale_of(region, width, height);
  ASSERT_TRUE(scale.pixel_size) << scale.reason;
  EXPECT_DOUBLE_EQ(scale.pixel_size->x_mm, 0.125);
  EXPECT_DOUBLE_EQ(scale.pixel_size->y_mm, 0.075);
  EXPECT_FALSE(scale.x_reversed || scale.y_reversed);
  EXPECT_THAT(scale.reason, IsEmpty());
}

// A length taken with a signed delta would be negative, or cancel along a diagonal.
TEST(RegionScale, NegativeDeltasTurnThePictureAndNeverALength) {
  UltrasoundRegion region = b_mode();
  region.y.delta = -0.01;
  const RegionScale scale = scale_of(region, width, height);
  ASSERT_TRUE(scale.pixel_size);
  EXPECT_EQ(scale.pixel_size->x_mm, scale.pixel_size->y_mm);
  EXPECT_FALSE(scale.x_reversed);
  EXPECT_TRUE(scale.y_reversed);
  EXPECT_THAT(region_warnings({&region, 1}, width, height), ElementsAre(HasSubstr("negative delta along y")));
}

TEST(RegionScale, OtherUnitsThanCentimetresOnEitherAxisGiveNone) {
  for (int code = 0; code <= 13; ++code) {
    const auto unit = static_cast<RegionUnit>(code);
    for (const bool on_x : {true, false}) {
      UltrasoundRegion region = b_mode();
      (on_x ? region.x : region.y).unit = unit;
      const RegionScale scale = scale_of(region, width, height);
      EXPECT_EQ(scale.pixel_size.has_value(), unit == RegionUnit::centimetre) << code;
      if (unit == RegionUnit::centimetre) continue;
      EXPECT_THAT(scale.reason, HasSubstr(std::string(on_x ? "x" : "y") + " is in '" +
                                          std::string(name(unit)) + "' and not in cm"));
    }
  }
}

TEST(RegionScale, DeltasThatAreNoLengthGiveNone) {
  for (const double delta : {0.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    UltrasoundRegion region = b_mode();
    region.y.delta = delta;
    const RegionScale scale = scale_of(region, width, height);
    EXPECT_FALSE(scale.pixel_size) << delta;
    EXPECT_THAT(scale.reason, HasSubstr("physical delta of y"));
  }
}

TEST(RegionScale, OnlyTwoDimensionalRegionsHaveOne) {
  for (const RegionFormat format : {RegionFormat::none, RegionFormat::m_mode, RegionFormat::spectral,
                                    RegionFormat::waveform, RegionFormat::graphics}) {
    UltrasoundRegion region = b_mode();
    region.format = format;
    EXPECT_FALSE(scale_of(region, width, height).pixel_size);
    EXPECT_THAT(scale_of(region, width, height).reason, HasSubstr(std::string(name(format))));
  }
}

TEST(RegionPlace, OnePixelPastThePictureIsAWayOfCountingAndNoMore) {
  const UltrasoundRegion column = b_mode(100, 40, width, 399), row = b_mode(100, 40, 499, height);
  for (const UltrasoundRegion& region : {column, row}) {
    EXPECT_EQ(place_of(region, width, height), RegionPlace::edge);
    EXPECT_TRUE(scale_of(region, width, height).pixel_size);
    EXPECT_THAT(region_warnings({&region, 1}, width, height), ElementsAre(HasSubstr("one pixel past")));
  }
  EXPECT_EQ(visible_part(column, width, height), (PixelBounds{100, 40, 540, 360}));
  EXPECT_EQ(visible_part(row, width, height), (PixelBounds{100, 40, 400, 440}));
  EXPECT_EQ(place_of(b_mode(0, 0, width - 1, height - 1), width, height), RegionPlace::inside);
}

// A picture made smaller after the header was written has larger pixels than its regions say.
TEST(RegionPlace, ReachingOutOfThePictureTakesTheScaleUnlessSomeoneKnowsThatItWasCropped) {
  const UltrasoundRegion region = b_mode(100, 40, 499, height + 1);
  EXPECT_EQ(place_of(region, width, height), RegionPlace::reaches_out);
  const RegionScale scale = scale_of(region, width, height);
  EXPECT_FALSE(scale.pixel_size);
  EXPECT_THAT(scale.reason, HasSubstr("y 40..481 in 640 x 480"));
  EXPECT_THAT(region_warnings({&region, 1}, width, height),
              ElementsAre(HasSubstr("region 1 gives no scale")));
  EXPECT_TRUE(scale_of(region, width, height, {.trust_cropped = true}).pixel_size);
  EXPECT_EQ(visible_part(region, width, height), (PixelBounds{100, 40, 400, 440}));
}

TEST(RegionPlace, OutsideOrWithoutPixelsIsNeverTrusted) {
  const UltrasoundRegion outside = b_mode(100, height, 499, height + 50);
  const UltrasoundRegion empty = b_mode(100, 40, 99, 399);
  EXPECT_EQ(place_of(outside, width, height), RegionPlace::outside);
  EXPECT_EQ(place_of(empty, width, height), RegionPlace::empty);
  for (const UltrasoundRegion& region : {outside, empty}) {
    EXPECT_EQ(visible_part(region, width, height), std::nullopt);
    EXPECT_FALSE(scale_of(region, width, height, {.trust_cropped = true}).pixel_size);
    EXPECT_EQ(region_warnings({&region, 1}, width, height).size(), 1U);
  }
}

TEST(RegionWarnings, LengthsThatNoImageHasAreNamed) {
  UltrasoundRegion region = b_mode();
  region.x.delta = region.y.delta = 0.15;  // 1.5 mm x 360 rows
  EXPECT_THAT(region_warnings({&region, 1}, width, height), ElementsAre(HasSubstr("540 mm deep")));
  region.x.delta = region.y.delta = 0.0005;
  EXPECT_THAT(region_warnings({&region, 1}, width, height), ElementsAre(HasSubstr("1.8 mm deep")));
  region.x.delta = region.y.delta = 0.01;
  EXPECT_THAT(region_warnings({&region, 1}, width, height), IsEmpty());
}

TEST(RegionWarnings, AnEdgeDoesNotHideThatThereIsNoScale) {
  UltrasoundRegion region = b_mode(0, 0, width, height - 1);
  EXPECT_THAT(region_warnings({&region, 1}, width, height), ElementsAre(HasSubstr("one pixel past")));
  region.x.unit = RegionUnit::none;
  EXPECT_THAT(region_warnings({&region, 1}, width, height),
              ElementsAre(HasSubstr("one pixel past"), HasSubstr("gives no scale: x is in")));
}

// Anything that draws a ruler or sizes a filter by them would never end.
TEST(RegionScale, DeltasThatNoPictureHasGiveNone) {
  for (const double delta : {1e6, -1e12, 1e-9, 1.5}) {
    UltrasoundRegion region = b_mode();
    region.y.delta = delta;
    const RegionScale scale = scale_of(region, width, height);
    EXPECT_FALSE(scale.pixel_size) << delta;
    EXPECT_THAT(scale.reason, HasSubstr("the physical delta of y is "));
  }
}

TEST(RegionAt, PriorityGoesBeforeSizeAndSizeBeforeOrder) {
  UltrasoundRegion all = b_mode(0, 0, 639, 479);
  UltrasoundRegion flow = b_mode(200, 100, 300, 200), bar = b_mode(250, 150, 350, 190);
  all.high_priority = flow.high_priority = bar.high_priority = false;
  const auto at = [&](double x, double y) {
    const UltrasoundRegion regions[] = {all, flow, bar};
    return region_at(regions, {x, y});
  };
  EXPECT_EQ(at(10, 10), 0U);
  EXPECT_EQ(at(210, 110), 1U);
  EXPECT_EQ(at(260, 160), 2U) << "the smaller of two";
  flow.high_priority = true;
  EXPECT_EQ(at(260, 160), 1U);
  EXPECT_EQ(at(350.4, 160), 2U);
  EXPECT_EQ(at(350.5, 160), 0U);
  EXPECT_EQ(at(639.6, 10), std::nullopt);
}

TEST(ValuesAt, CountTheReferencePixelFromTheRegionsOwnCorner) {
  UltrasoundRegion region = b_mode();
  region.x = {RegionUnit::centimetre, 0.5, 20, 1.0};
  region.y = {RegionUnit::centimetre_per_second, -2.0, -10, 100.0};
  const auto values = values_at(region, {110.0, 45.0});
  EXPECT_DOUBLE_EQ(values[0], 1.0 + 0.5 * (10 - 20));
  EXPECT_DOUBLE_EQ(values[1], 100.0 - 2.0 * (5 + 10));
  region.x.reference_pixel.reset();
  EXPECT_TRUE(std::isnan(values_at(region, {110.0, 45.0})[0]));
}

TEST(ZeroRow, IsWhereTheFileSaysThatDepthBegins) {
  UltrasoundRegion region = b_mode();
  region.y = {RegionUnit::centimetre, 0.05, 10, 0.2};
  const auto row = zero_row(region);
  ASSERT_TRUE(row);
  EXPECT_DOUBLE_EQ(*row, static_cast<double>(region.min_y) + 6.0);
  EXPECT_NEAR(values_at(region, {0.0, *row})[1], 0.0, 1e-12);
}

TEST(ZeroRow, IsNotInventedWhereNothingSaysIt) {
  UltrasoundRegion region = b_mode();
  region.y = {RegionUnit::centimetre, 0.05, {}, 0.0};
  EXPECT_FALSE(zero_row(region));
  region.y = {RegionUnit::centimetre, 0.05, -1, 0.0};
  EXPECT_FALSE(zero_row(region)) << "above the region";
  region.y = {RegionUnit::centimetre, 0.0, 10, 0.0};
  EXPECT_FALSE(zero_row(region));
  region.y = {RegionUnit::centimetre, 0.05, 10, std::nan("")};
  EXPECT_FALSE(zero_row(region));
}

TEST(Cropped, IsThatPartOfThePictureAndNoOther) {
  Frame frame{4, 3, 3, {}};
  for (int i = 0; i < 36; ++i) frame.pixels.push_back(static_cast<std::uint8_t>(i));
  const Frame part = cropped(frame, {1, 1, 2, 2});
  EXPECT_EQ(part, (Frame{2, 2, 3, {15, 16, 17, 18, 19, 20, 27, 28, 29, 30, 31, 32}}));
  EXPECT_EQ(cropped(frame, {0, 0, 4, 3}), frame);
  for (const PixelBounds& wrong : {PixelBounds{-1, 0, 2, 2}, {3, 0, 2, 2}, {0, 2, 1, 2}, {0, 0, 0, 1}})
    EXPECT_THROW(cropped(frame, wrong), InvalidInput);
}

TEST(RegionNames, FollowTheCodesOfDicom) {
  EXPECT_EQ(name(static_cast<RegionUnit>(3)), "cm");
  EXPECT_EQ(name(static_cast<RegionUnit>(0xC)), "degrees");
  EXPECT_EQ(name(static_cast<RegionUnit>(0xD)), "unknown");
  EXPECT_EQ(name(static_cast<RegionFormat>(4)), "waveform");
  EXPECT_EQ(name(static_cast<RegionContent>(0xA)), "ECG trace");
  EXPECT_EQ(name(static_cast<RegionContent>(0x12)), "other trace");
  EXPECT_EQ(name(static_cast<RegionContent>(-1)), "unknown");
}

}  // namespace
}  // namespace genu::ultrasound
