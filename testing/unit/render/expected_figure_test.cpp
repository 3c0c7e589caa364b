// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/render/expected_figure.h>
#include <genu/testing/bodies.h>

#include "pixels.h"

namespace genu::render {
namespace {

constexpr double pixel_mm = 0.1;
constexpr double enlarged = 450.0 / 400.0;
constexpr int figure_width = 428, middle = 214;

/// A picture of 38 x 40 mm of one grey: a ball of bone, and a needle that ends at a target of 2 mm.
class ExpectedFigure : public ::testing::Test {
 protected:
  const Point3 centre_{4.0, 3.0, -2.0};
  const LabelMap labels_ =
      testing::concentric_spheres(testing::oblique_grid({.centre = centre_}), centre_, 8.0, 10.0);

  planning::ExpectedView view() const {
    planning::ExpectedView view;
    view.patient_from_image = {Matrix3::from_columns({pixel_mm, 0, 0}, {0, pixel_mm, 0}, {0, 0, pixel_mm}),
                               centre_ + Vector3{-19, -28, 0} - Point3{}};
    view.frame.image = {380, 400, 1, std::vector<std::uint8_t>(380 * 400, 60)};
    view.frame.truth.pixel = {pixel_mm, pixel_mm};
    view.frame.truth.contact.assign(380, 1);
    for (int x = 0; x < 380; ++x) {
      const double off_mm = (x - 190) * pixel_mm;
      view.frame.truth.bone_px.push_back((28.0 - std::sqrt(64.0 - off_mm * off_mm)) / pixel_mm);
    }
    view.path.entry = {-50, 20};
    view.path.target = {150, 120};
    view.path.tolerance_radius_mm = 2.0;
    view.frame.truth.needles.push_back({.entry = view.path.entry, .tip = view.path.target});
    return view;
  }

  /// Pixels of a colour, mostly, in a part of the picture.
  template <typename Is>
  static int count(const Picture& p, int left, int right, const Is& is) {
    int n = 0;
    for (int y = 0; y < 450; ++y)
      for (int x = left; x < right; ++x) n += is(testing::pixel(p, x, y)) ? 1 : 0;
    return n;
  }
  static bool is_yellow(const testing::Rgb& c) { return c[0] > 200 && c[1] > 160 && c[2] < 60; }
  static bool is_pink(const testing::Rgb& c) { return c[0] > 220 && c[1] < 130 && c[2] > 160; }
  static bool is_blue(const testing::Rgb& c) { return c[0] < 140 && c[1] > 150 && c[2] > 200; }
};

TEST_F(ExpectedFigure, WithoutMarksIsThePictureAndItsScale) {
  const Picture p = expected_figure(view(), labels_, ExpectedMarks::none);
  EXPECT_EQ(p.width, figure_width);
  EXPECT_GT(p.height, 450);  // It says below what it is.
  EXPECT_EQ(count(p, 0, p.width, is_yellow) + count(p, 0, p.width, is_pink) + count(p, 0, p.width, is_blue),
            0);
  EXPECT_EQ(testing::pixel(p, middle, 180), (testing::Rgb{60, 60, 60}));
  int words = 0;
  for (int y = 450; y < p.height; ++y)
    for (int x = 0; x < p.width; ++x) words += testing::pixel(p, x, y)[0] > 200 ? 1 : 0;
  EXPECT_GT(words, 200);
}

TEST_F(ExpectedFigure, MarksBoneTargetAndTheNeedlesSide) {
  const Picture p = expected_figure(view(), labels_, ExpectedMarks::drawn);
  const int target_x = static_cast<int>(150 * enlarged), target_y = static_cast<int>(120 * enlarged);
  // The ring of 2 mm about the target.
  for (const auto& [dx, dy] : {std::pair(22, 0), {-22, 0}, {0, 22}, {0, -22}}) {
    int pink = 0;
    for (int y = -2; y <= 2; ++y)
      for (int x = -2; x <= 2; ++x)
        pink += is_pink(testing::pixel(p, target_x + dx + x, target_y + dy + y)) ? 1 : 0;
    EXPECT_GT(pink, 0) << dx << ", " << dy;
  }
  // Dashes along the ball, and its name below.
  int line = 0;
  for (int x = middle - 25; x < middle + 25; ++x)
    line += is_blue(testing::pixel(p, x, static_cast<int>(200.5 * enlarged))) ? 1 : 0;
  EXPECT_GT(line, 5);
  EXPECT_GT(count(p, 0, middle, is_yellow), 2 * count(p, middle, p.width, is_yellow));
}

TEST_F(ExpectedFigure, TellsTheOtherSideWhereTheNeedleComesFromThere) {
  planning::ExpectedView turned = view();
  turned.path.entry.x = 430;
  turned.path.target.x = 230;
  turned.frame.truth.needles[0] = {.entry = turned.path.entry, .tip = turned.path.target};
  const Picture p = expected_figure(turned, labels_, ExpectedMarks::drawn);
  EXPECT_GT(count(p, middle, p.width, is_yellow), 2 * count(p, 0, middle, is_yellow));
}

TEST_F(ExpectedFigure, ANeedleAcrossThePictureHasNoSide) {
  planning::ExpectedView across = view();
  across.path.entry = across.path.target;
  across.frame.truth.needles.clear();
  EXPECT_LT(count(expected_figure(across, labels_, ExpectedMarks::drawn), 0, figure_width, is_yellow), 20);
}

TEST_F(ExpectedFigure, NeedsAPicture) {
  planning::ExpectedView nothing = view();
  nothing.frame.image = {};
  EXPECT_THROW(expected_figure(nothing, labels_, ExpectedMarks::none), InvalidInput);
}

}  // namespace
}  // namespace genu::render
