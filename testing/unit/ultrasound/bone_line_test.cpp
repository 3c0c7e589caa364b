// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/bone_line.h>

#include "drawn_trochlea.h"
#include "pictures.h"

namespace genu::ultrasound {
namespace {

using pictures::difference;

TEST(BoneLine, LiesOnTheLeadingEdgeOfBone) {
  for (const drawn::Trochlea& t :
       {drawn::Trochlea{}, drawn::Trochlea{.tilt_deg = 12.0, .cartilage = false, .seed = 2},
        drawn::Trochlea{.sulcus_mm = 0.0, .pixel_mm = 0.06, .cartilage = false, .seed = 3},
        drawn::Trochlea{
            .depth_mm = 28.0, .sulcus_mm = -6.0, .pixel_mm = 0.18, .cartilage = false, .seed = 4}}) {
    const auto picture = drawn::picture_of(t);
    const auto line = find_bone_line(picture.frame, {.pixel_size = PixelSize{t.pixel_mm, t.pixel_mm}});
    ASSERT_TRUE(line) << t.seed;
    const auto d = difference(line->row_px, picture.truth.bone_px);
    EXPECT_GT(d.columns, 0.9 * picture.frame.width) << t.seed;
    // Half of the grey value is reached before the surface: a pulse has a length.
    EXPECT_LT(d.mean, 0.0) << t.seed;
    EXPECT_LT(d.mean_absolute * t.pixel_mm, 0.35) << t.seed;
    EXPECT_LT(d.sd * t.pixel_mm, 0.1) << t.seed;
    EXPECT_GT(line->mean_confidence(), 0.8) << t.seed;
    for (std::size_t x = 0; x < line->row_px.size(); ++x) {
      EXPECT_EQ(std::isnan(line->row_px[x]), line->confidence[x] == 0.0) << x;
      if (std::isnan(line->row_px[x])) continue;
      EXPECT_GE(line->peak_px[x], line->row_px[x]) << x;
    }
  }
}

TEST(BoneLine, IsNothingInSoftTissue) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 4U}) {
    const auto picture = drawn::picture_of({.bone = false, .seed = seed});
    EXPECT_FALSE(find_bone_line(picture.frame, {.pixel_size = PixelSize{0.1, 0.1}})) << seed;
  }
  EXPECT_FALSE(find_bone_line({100, 100, 1, std::vector<std::uint8_t>(10000, 0)}));
}

TEST(BoneLine, DependsLittleOnGainAndNotOnMirroring) {
  const Frame frame = drawn::picture_of({.tilt_deg = 5.0}).frame;
  const BoneLineOptions options{.pixel_size = PixelSize{0.1, 0.1}};
  const auto plain = find_bone_line(frame, options);
  ASSERT_TRUE(plain);
  for (const auto& [gain, power] : {std::pair(0.6, 1.0), {1.0, 0.7}, {1.0, 1.5}}) {
    const auto other = find_bone_line(pictures::with_greys(frame, gain, power), options);
    ASSERT_TRUE(other) << gain << " " << power;
    EXPECT_LT(difference(other->row_px, plain->row_px).mean_absolute, 1.0) << gain << " " << power;
  }
  auto turned = find_bone_line(pictures::mirrored(frame), options);
  ASSERT_TRUE(turned);
  std::reverse(turned->row_px.begin(), turned->row_px.end());
  EXPECT_LT(difference(turned->row_px, plain->row_px).mean_absolute, 0.2);
}

TEST(BoneLine, PassesWhereAPersonClicksOrIsNothing) {
  const drawn::Trochlea t;
  const auto picture = drawn::picture_of(t);
  BoneLineOptions options{.pixel_size = PixelSize{t.pixel_mm, t.pixel_mm}};
  const double bone = picture.truth.bone_px[100];
  for (const double above : {0.0, 10.0, 20.0}) {
    options.click = PixelPoint{100.0, bone - above};
    const auto line = find_bone_line(picture.frame, options);
    ASSERT_TRUE(line) << above;
    EXPECT_NEAR(line->row_px[100], bone, 3.0) << above;
  }
  options.click = PixelPoint{100.0, bone - 75.0};
  EXPECT_FALSE(find_bone_line(picture.frame, options)) << "7.5 mm above";
  options.click = PixelPoint{100.0, bone + 60.0};
  EXPECT_FALSE(find_bone_line(picture.frame, options)) << "in the shadow";
  options.click = PixelPoint{-1.0, 50.0};
  EXPECT_THROW(find_bone_line(picture.frame, options), InvalidInput);
}

// One such frame must not cost a sweep.
TEST(BoneLine, AProbeInTheAirShowsNoBone) {
  Frame air{300, 240, 1, std::vector<std::uint8_t>(300 * 240, 0)};
  for (int y = 0; y < 14; ++y)
    for (int x = 0; x < 300; ++x)
      air.pixels[static_cast<std::size_t>(300 * y + x)] =
          static_cast<std::uint8_t>(150 + (x * 31 + y * 17) % 50 - 8 * y);
  EXPECT_LT(find_picture_area(air).height, 32);
  EXPECT_FALSE(find_bone_line(air, {.pixel_size = PixelSize{0.15, 0.15}}));
  EXPECT_FALSE(find_bone_line({8, 8, 1, std::vector<std::uint8_t>(64, 90)}));
}

TEST(BoneLine, RefusesWhatMakesNoSense) {
  const Frame frame = drawn::picture_of({}).frame;
  EXPECT_THROW(find_bone_line({}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.pixel_size = PixelSize{0.0, 0.1}}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.pixel_size = PixelSize{0.1, std::nan("")}}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.pixel_size = PixelSize{90.9, 90.9}}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.area = PixelBounds{300, 0, 200, 100}}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.area = PixelBounds{0, 0, 8, 8}}), InvalidInput);
  EXPECT_THROW(find_bone_line(frame, {.min_confidence = 2.0}), InvalidInput);
}

TEST(BoneLine, FollowsTheLineThatAPersonDrew) {
  GENU_REQUIRE_DATA(folder, "ultrasound/knee_trochlea");
  for (const char* name : {"Subject001_L_02", "Subject001_R_01"}) {
    const Frame frame = pictures::read(folder / (std::string(name) + ".jpg"));
    const auto manual =
        pictures::manual_contours(folder / (std::string(name) + "_contours.csv"), frame.width);
    const auto line = find_bone_line(frame, {.pixel_size = pictures::trochlea_pixel});
    ASSERT_TRUE(line) << name;
    const auto d = difference(line->row_px, manual.bone_px);
    EXPECT_GT(d.columns, 380) << name;
    EXPECT_LT(d.mean_absolute * pictures::trochlea_pixel.y_mm, 0.12) << name;
  }
}

TEST(BoneLine, IsNothingInPicturesOfANeedle) {
  GENU_REQUIRE_DATA(folder, "ultrasound/needle/in_vitro/image");
  int number = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (++number % 5 != 0) continue;
    EXPECT_FALSE(find_bone_line(pictures::read(file.path()))) << file.path();
  }
  EXPECT_GT(number, 5);
}

}  // namespace
}  // namespace genu::ultrasound
