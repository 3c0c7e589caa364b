// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/trochlear_zones.h>

#include "pictures.h"

namespace genu::ultrasound {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// A round valley of 200 mm radius... in pixels: bone on one circle, cartilage on a smaller one about the
/// same centre, so that the shortest distance is the difference of the radii everywhere.
TrochlearContours circles(int width, double radius, double near, double far) {
  TrochlearContours lines;
  const double centre = 0.5 * (width - 1);
  for (int x = 0; x < width; ++x) {
    const auto row = [&](double r) { return std::sqrt(r * r - (x - centre) * (x - centre)); };
    lines.bone_px.push_back(row(radius));
    lines.near_px.push_back(row(radius - near));
    lines.far_px.push_back(row(radius - far));
  }
  return lines;
}

TEST(TrochlearThickness, IsTheShortestDistanceBetweenTheLines) {
  const auto result =
      measure_trochlear_thickness(circles(301, 300.0, 30.0, 20.0), {.pixel_size = PixelSize{0.1, 0.1}});
  EXPECT_TRUE(result.in_mm);
  ASSERT_EQ(result.zones.size(), 3U);
  EXPECT_NEAR(*result.sulcus_px, 150.0, 0.5);
  // At the ends the nearest place of the other line is beyond the picture.
  EXPECT_NEAR(result.zones[1].whole.near.mean, 3.0, 0.001);
  EXPECT_NEAR(result.zones[1].whole.far.mean, 2.0, 0.001);
  EXPECT_NEAR(result.zones[1].whole.near.min, 3.0, 0.001);
  EXPECT_NEAR(result.zones[1].whole.near.max, 3.0, 0.001);
  EXPECT_NEAR(result.zones[0].whole.near.median, 3.0, 0.02);
  EXPECT_DOUBLE_EQ(result.all.part_measured(), 1.0);
}

TEST(TrochlearThickness, HoldsForPixelsThatAreNotSquare) {
  TrochlearContours lines;  // 45 degrees in mm, 4 mm apart along the beam.
  for (int x = 0; x < 200; ++x) {
    const double depth_mm = 20.0 - std::abs(x - 100) * 0.1;
    lines.bone_px.push_back(depth_mm / 0.2);
    lines.near_px.push_back((depth_mm - 4.0) / 0.2);
    lines.far_px.push_back((depth_mm - 2.0) / 0.2);
  }
  const auto result = measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.2}});
  EXPECT_NEAR(result.near[50], 4.0 / std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(result.far[150], 2.0 / std::sqrt(2.0), 1e-6);
  EXPECT_NEAR(result.all.near.area, 200 * 0.1 * 4.0, 1e-6);
}

TEST(TrochlearThickness, IsMultipliedByTheRatioOfSoundSpeeds) {
  const auto lines = circles(301, 300.0, 30.0, 20.0);
  const auto result = measure_trochlear_thickness(
      lines, {.pixel_size = PixelSize{0.1, 0.1}, .cartilage_sound_speed_m_s = 1694.0});
  EXPECT_NEAR(result.sound_speed_factor, 1.1, 1e-9);
  EXPECT_NEAR(result.zones[1].whole.near.mean, 3.3, 0.001);
  EXPECT_THROW(measure_trochlear_thickness(lines, {.cartilage_sound_speed_m_s = 1.65}), InvalidInput);
}

TEST(TrochlearThickness, IsInPixelsWithoutAScaleAndSaysSo) {
  const auto result = measure_trochlear_thickness(circles(301, 300.0, 30.0, 20.0));
  EXPECT_FALSE(result.in_mm);
  EXPECT_NEAR(result.zones[1].whole.near.mean, 30.0, 0.01);
  EXPECT_THAT(result.notes, ::testing::Contains(HasSubstr("no scale")));
}

TEST(TrochlearZones, AreMedialAndLateralOnlyIfBothSidesAreKnown) {
  const auto lines = circles(301, 300.0, 30.0, 20.0);
  const auto first = [&](std::optional<Side> knee, std::optional<Side> left) {
    return measure_trochlear_thickness(lines, {.knee = knee, .picture_left = left}).zones.front().whole.name;
  };
  EXPECT_EQ(first(Side::left, Side::right), "medial");
  EXPECT_EQ(first(Side::right, Side::right), "lateral");
  EXPECT_EQ(first(Side::right, Side::left), "medial");
  EXPECT_EQ(first(Side::left, Side::left), "lateral");
  EXPECT_EQ(first(Side::left, std::nullopt), "left");
  EXPECT_EQ(first(std::nullopt, Side::right), "left");
}

TEST(TrochlearZones, SayIfTheLateralFacetIsTheDeeperOne) {
  auto lines = circles(301, 300.0, 30.0, 20.0);
  for (auto* rows : {&lines.bone_px, &lines.near_px, &lines.far_px})
    for (std::size_t x = 0; x < rows->size(); ++x) (*rows)[x] += 0.1 * (static_cast<double>(x) - 150.0);
  TrochlearZoneOptions options{
      .pixel_size = PixelSize{0.1, 0.1}, .knee = Side::left, .picture_left = Side::right};
  EXPECT_THAT(measure_trochlear_thickness(lines, options).notes, ::testing::Contains(HasSubstr("deeper")));
  options.knee = Side::right;
  EXPECT_THAT(measure_trochlear_thickness(lines, options).notes, ::testing::IsEmpty());
}

TEST(TrochlearZones, SayWhatPartOfThemWasMeasured) {
  auto lines = circles(401, 400.0, 30.0, 20.0);
  for (std::size_t x = 300; x < 400; ++x) lines.near_px[x] = nan;
  const auto result = measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.1}});
  ASSERT_EQ(result.zones.size(), 3U);
  const ZonePart& right = result.zones[2].whole;
  EXPECT_NEAR(right.part_measured(), 51.0 / 151.0, 0.01);
  EXPECT_DOUBLE_EQ(result.zones[0].whole.part_measured(), 1.0);
  EXPECT_TRUE(std::isnan(result.zones[2].thirds[1].near.mean));
  EXPECT_NEAR(result.zones[2].thirds[1].far.mean, 2.0, 0.01) << "the other line was seen";
}

TEST(TrochlearZones, AddUpWithoutAColumnInTwoOfThem) {
  const auto lines = circles(301, 300.0, 30.0, 20.0);
  for (const double sulcus : {150.0, 150.5, 131.0, 170.3}) {
    const auto result =
        measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.12}, .sulcus_px = sulcus});
    ASSERT_EQ(result.zones.size(), 3U);
    ZonePart sum;
    sum.near.area = sum.far.area = 0.0;
    const auto add = [](ZonePart& to, const ZonePart& part) {
      to.columns += part.columns;
      to.columns_measured += part.columns_measured;
      to.near.area += part.near.area;
      to.far.area += part.far.area;
    };
    const auto expect_same = [&](const ZonePart& parts, const ZonePart& whole) {
      EXPECT_EQ(parts.columns, whole.columns) << whole.name << " " << sulcus;
      EXPECT_EQ(parts.columns_measured, whole.columns_measured) << whole.name << " " << sulcus;
      EXPECT_NEAR(parts.near.area, whole.near.area, 1e-9) << whole.name << " " << sulcus;
      EXPECT_NEAR(parts.far.area, whole.far.area, 1e-9) << whole.name << " " << sulcus;
    };
    for (const TrochlearZone& zone : result.zones) {
      ZonePart thirds;
      thirds.near.area = thirds.far.area = 0.0;
      for (const ZonePart& third : zone.thirds) add(thirds, third);
      expect_same(thirds, zone.whole);
      add(sum, zone.whole);
    }
    const double first = std::round(result.zones[0].whole.begin_px),
                 last = std::round(result.zones[2].whole.end_px);
    EXPECT_EQ(sum.columns, static_cast<std::size_t>(last - first) + 1) << sulcus;
    if (sulcus == 150.0) expect_same(sum, result.all);
  }
}

TEST(TrochlearZones, AreNoneWithoutASulcus) {
  TrochlearContours lines;
  for (int x = 0; x < 300; ++x) {
    lines.bone_px.push_back(200.0 - 0.2 * x);
    lines.near_px.push_back(170.0 - 0.2 * x);
    lines.far_px.push_back(180.0 - 0.2 * x);
  }
  const auto result = measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.1}});
  EXPECT_FALSE(result.sulcus_px);
  EXPECT_TRUE(result.zones.empty());
  EXPECT_NEAR(result.all.near.mean, 3.0 / std::hypot(1.0, 0.2), 0.001);
  EXPECT_EQ(measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.1}, .sulcus_px = 150.0})
                .zones.size(),
            3U);
}

TEST(TrochlearZones, AreNoneAroundASulcusBesideWhatWasMeasured) {
  TrochlearContours lines = circles(301, 300.0, 30.0, 20.0);
  std::fill_n(lines.bone_px.begin(), 40, nan);
  for (const double sulcus : {20.0, 40.0, 300.0}) {
    const auto result =
        measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, 0.1}, .sulcus_px = sulcus});
    EXPECT_FALSE(result.sulcus_px) << sulcus;
    EXPECT_TRUE(result.zones.empty()) << sulcus;
    EXPECT_THAT(result.notes, Contains(HasSubstr("the sulcus of the trochlea is not in the picture")));
  }
}

TEST(TrochlearZones, RefuseLinesThatDoNotBelongTogether) {
  EXPECT_THROW(measure_trochlear_thickness({{1.0}, {1.0, 2.0}, {1.0}}), InvalidInput);
  const auto lines = circles(301, 300.0, 30.0, 20.0);
  EXPECT_THROW(measure_trochlear_thickness(lines, {.sulcus_px = 301.0}), InvalidInput);
  EXPECT_THROW(measure_trochlear_thickness(lines, {.intercondylar_part = 1.0}), InvalidInput);
  EXPECT_THROW(measure_trochlear_thickness(lines, {.pixel_size = PixelSize{0.1, -0.1}}), InvalidInput);
  const std::vector<double> none(50, nan);
  EXPECT_TRUE(measure_trochlear_thickness({none, none, none}).zones.empty());
}

/// Returns the published thicknesses of one image, by name.
std::map<std::string, double> published(const std::filesystem::path& csv, int column) {
  std::map<std::string, double> values;
  std::ifstream file(csv);
  std::string line, name, cell;
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    std::getline(cells, name, ',');
    for (int c = 0; c < column; ++c) std::getline(cells, cell, ',');
    if (name.find("thicknes") != std::string::npos) values[name] = std::stod(cell);
  }
  return values;
}

// The table's thicknesses contain a factor of 1.1 for the speed of sound (35 pixels are 3.49965 mm, at 0.0909
// mm a pixel), and it calls the middle zone "lat" and the lateral one "inter"; see README.md.
TEST(TrochlearZones, OfManualLinesGiveTheirPublishedThickness) {
  GENU_REQUIRE_DATA(folder, "ultrasound/knee_trochlea");
  struct Case {
    const char* name;
    int column;
    double sulcus_px;  ///< Where the table's zones have their middle.
    Side knee;
  };
  const std::map<std::string, std::string> named{
      {"medial", "med"}, {"intercondylar", "lat"}, {"lateral", "inter"}};
  for (const Case& c :
       {Case{"Subject001_L_02", 1, 318.5, Side::left}, Case{"Subject001_R_01", 2, 342.0, Side::right}}) {
    const auto truth = published(folder / "thickness_mm.csv", c.column);
    const auto lines = pictures::manual_contours(folder / (std::string(c.name) + "_contours.csv"), 820);
    const auto result = measure_trochlear_thickness(lines, {.pixel_size = pictures::trochlea_pixel,
                                                            .cartilage_sound_speed_m_s = 1694.0,
                                                            .knee = c.knee,
                                                            .picture_left = Side::right,
                                                            .sulcus_px = c.sulcus_px});
    ASSERT_EQ(result.zones.size(), 3U);
    for (const TrochlearZone& zone : result.zones) {
      const std::string prefix = named.at(zone.whole.name);
      const auto expect = [&](const ThicknessFigures& figures, const std::string& part, double tolerance) {
        const std::string key = prefix + part + "_cart_thicknes";
        EXPECT_NEAR(figures.mean, truth.at(key + "mean"), tolerance) << c.name << " " << key;
        EXPECT_NEAR(figures.median, truth.at(key + "median"), 2.0 * tolerance) << c.name << " " << key;
      };
      expect(zone.whole.near, "_whole_near", 0.01);
      expect(zone.whole.far, "_whole_far", 0.01);
      for (std::size_t n = 0; n < 3; ++n) {
        const std::string third = "_sub_" + std::to_string(n + 1);
        expect(zone.thirds[n].near, third + "_near", 0.05);
        expect(zone.thirds[n].far, third + "_far", 0.05);
      }
    }
    // The sulcus that is found moves zones by less than a millimetre.
    const auto found = measure_trochlear_thickness(lines, {.pixel_size = pictures::trochlea_pixel});
    ASSERT_TRUE(found.sulcus_px);
    EXPECT_NEAR(*found.sulcus_px, c.sulcus_px, 12.0) << c.name;
  }
}

}  // namespace
}  // namespace genu::ultrasound
