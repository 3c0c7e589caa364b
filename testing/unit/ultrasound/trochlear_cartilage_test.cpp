// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/trochlear_cartilage.h>

#include "drawn_trochlea.h"
#include "pictures.h"

namespace genu::ultrasound {
namespace {

using pictures::difference;
using ::testing::Contains;
using ::testing::HasSubstr;

TrochlearCartilageOptions with_pixels(double mm) {
  return {.zones = {.pixel_size = PixelSize{mm, mm}}};
}

// The interface's echo is half a millimetre thick: its outer border gives the thickness, its inner one less.
TEST(TrochlearCartilage, HasTheThicknessThatWasSimulated) {
  for (const double thickness : {1.2, 2.0, 3.0, 4.0}) {
    const drawn::Trochlea t{.thickness_mm = thickness, .tilt_deg = 4.0, .seed = 7};
    const auto picture = drawn::picture_of(t);
    const auto finding = find_trochlear_cartilage(picture.frame, with_pixels(t.pixel_mm));
    ASSERT_TRUE(finding.cartilage) << thickness;
    const TrochlearThickness& measured = finding.cartilage->thickness;
    ASSERT_EQ(measured.zones.size(), 3U) << thickness;
    for (const TrochlearZone& zone : measured.zones) {
      EXPECT_NEAR(zone.whole.near.mean, thickness, 0.25) << thickness << " " << zone.whole.name;
      EXPECT_LT(zone.whole.far.mean, thickness) << thickness << " " << zone.whole.name;
      EXPECT_GT(zone.whole.part_measured(), 0.95);
    }
    const auto near = difference(finding.cartilage->contours.near_px, picture.truth.near_px);
    EXPECT_LT(near.mean_absolute * t.pixel_mm, 0.5) << thickness;
    EXPECT_LT(near.sd * t.pixel_mm, 0.15) << thickness;
  }
}

TEST(TrochlearCartilage, IsNotFoundWhereThereIsNone) {
  const auto reasons = [](const drawn::Trochlea& t) {
    const auto finding = find_trochlear_cartilage(drawn::picture_of(t).frame, with_pixels(t.pixel_mm));
    EXPECT_FALSE(finding.cartilage);
    return finding.reasons;
  };
  EXPECT_THAT(reasons({.cartilage = false}), Contains(HasSubstr("no dark layer")));
  EXPECT_THAT(reasons({.bone = false}), Contains(HasSubstr("no bone")));
  EXPECT_THAT(reasons({.sulcus_mm = -5.0}), Contains(HasSubstr("no valley"))) << "a condyle";
}

TEST(TrochlearCartilage, IsFoundWhereAPersonClicks) {
  const drawn::Trochlea condyle{.sulcus_mm = -5.0};
  const auto picture = drawn::picture_of(condyle);
  TrochlearCartilageOptions options = with_pixels(condyle.pixel_mm);
  for (const double below : {0.0, 12.0, 25.0}) {
    options.click = PixelPoint{150.0, picture.truth.near_px[150] + below};
    const auto finding = find_trochlear_cartilage(picture.frame, options);
    ASSERT_TRUE(finding.cartilage) << below;
    EXPECT_TRUE(finding.cartilage->thickness.zones.empty()) << "no valley, no zones";
    EXPECT_NEAR(finding.cartilage->thickness.all.near.mean, condyle.thickness_mm, 0.25) << below;
  }
  options.click = PixelPoint{150.0, 20.0};
  EXPECT_THAT(find_trochlear_cartilage(picture.frame, options).reasons, Contains(HasSubstr("click")));
}

TEST(TrochlearCartilage, IsNotRefusedForAValleyThatWasTold) {
  const drawn::Trochlea t;
  const auto picture = drawn::picture_of(t);
  TrochlearCartilageOptions options = with_pixels(t.pixel_mm);
  options.zones.sulcus_px = 0.0;  // beside what is measured
  const auto finding = find_trochlear_cartilage(picture.frame, options);
  ASSERT_TRUE(finding.cartilage);
  EXPECT_FALSE(finding.cartilage->thickness.sulcus_px);
  EXPECT_TRUE(finding.cartilage->thickness.zones.empty());
  EXPECT_NEAR(finding.cartilage->thickness.all.near.mean, t.thickness_mm, 0.25);
}

TEST(TrochlearCartilage, IsMeasuredInPixelsWithoutAScale) {
  const drawn::Trochlea t;
  const auto finding = find_trochlear_cartilage(drawn::picture_of(t).frame);
  ASSERT_TRUE(finding.cartilage);
  EXPECT_FALSE(finding.cartilage->thickness.in_mm);
  EXPECT_NEAR(finding.cartilage->thickness.all.near.mean, t.thickness_mm / t.pixel_mm, 2.5);
}

TEST(TrochlearCartilage, RefusesThicknessesThatMakeNoSense) {
  const Frame frame = drawn::picture_of({}).frame;
  EXPECT_THROW(find_trochlear_cartilage(frame, {.min_thickness_mm = 4.0, .max_thickness_mm = 3.0}),
               InvalidInput);
  const double nan = std::nan("");
  EXPECT_THROW(find_trochlear_cartilage(frame, {.min_length_mm = nan}), InvalidInput);
  EXPECT_THROW(find_trochlear_cartilage(frame, {.min_confidence = nan}), InvalidInput);
  EXPECT_THROW(find_trochlear_cartilage({}), InvalidInput);
}

TEST(TrochlearCartilage, OfARealKneeIsNearToWhatAPersonDrew) {
  GENU_REQUIRE_DATA(folder, "ultrasound/knee_trochlea");
  struct Case {
    const char* name;
    Side knee;
  };
  for (const Case& c : {Case{"Subject001_L_02", Side::left}, Case{"Subject001_R_01", Side::right}}) {
    const Frame frame = pictures::read(folder / (std::string(c.name) + ".jpg"));
    const auto lines =
        pictures::manual_contours(folder / (std::string(c.name) + "_contours.csv"), frame.width);
    TrochlearCartilageOptions options;
    options.zones = {.pixel_size = pictures::trochlea_pixel, .knee = c.knee, .picture_left = Side::right};
    const auto manual = measure_trochlear_thickness(lines, options.zones);
    const auto plain = find_trochlear_cartilage(frame, options);
    ASSERT_TRUE(plain.cartilage) << c.name;
    EXPECT_TRUE(plain.reasons.empty());
    const double mm = pictures::trochlea_pixel.y_mm;
    EXPECT_LT(difference(plain.cartilage->contours.near_px, lines.near_px).mean_absolute * mm, 0.18)
        << c.name;
    EXPECT_LT(difference(plain.cartilage->contours.far_px, lines.far_px).mean_absolute * mm, 0.15) << c.name;
    for (std::size_t z = 0; z < 3; ++z) {
      const ZonePart &found = plain.cartilage->thickness.zones[z].whole, &drawn = manual.zones[z].whole;
      EXPECT_EQ(found.name, drawn.name);
      EXPECT_NEAR(found.near.mean, drawn.near.mean, 0.2) << c.name << " " << found.name;
      EXPECT_NEAR(found.far.mean, drawn.far.mean, 0.2) << c.name << " " << found.name;
    }
    // Another gain, another grey map, and the mirror image change little.
    for (const Frame& other : {pictures::with_greys(frame, 0.6, 1.0), pictures::with_greys(frame, 1.0, 0.6),
                               pictures::with_greys(frame, 1.0, 1.6), pictures::mirrored(frame)}) {
      const auto again = find_trochlear_cartilage(other, options);
      ASSERT_TRUE(again.cartilage) << c.name;
      EXPECT_NEAR(again.cartilage->thickness.all.near.mean, plain.cartilage->thickness.all.near.mean, 0.1);
      EXPECT_NEAR(again.cartilage->thickness.all.far.mean, plain.cartilage->thickness.all.far.mean, 0.1);
    }
  }
}

}  // namespace
}  // namespace genu::ultrasound
