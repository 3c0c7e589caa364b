// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/render/frame_figure.h>

#include "pixels.h"

namespace genu::render {
namespace {

Frame ramp(int width, int height) {
  Frame frame{width, height, 1, {}};
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) frame.pixels.push_back(static_cast<std::uint8_t>(20 + x / 4));
  return frame;
}

/// Returns the pixel's channels.
testing::Rgb at(const Picture& p, int x, int y) {
  return testing::pixel(p, x, y);
}

/// How many pixels are red, mostly.
int reds(const Picture& p) {
  int count = 0;
  for (std::size_t i = 0; i < p.rgb.size(); i += 3)
    count += p.rgb[i] > 180 && p.rgb[i + 1] < 80 && p.rgb[i + 2] < 80 ? 1 : 0;
  return count;
}

TEST(FrameFigure, ShowsThePictureAsItIs) {
  const Frame frame = ramp(640, 600);
  const Picture p = frame_figure(frame);
  EXPECT_EQ(p.width, 640);
  EXPECT_EQ(p.height, 600);
  for (const int x : {5, 200, 600}) EXPECT_EQ(at(p, x, 300)[0], frame.at(x, 300)) << x;
}

TEST(FrameFigure, IsEnlargedToItsTrueShape) {
  const Picture p = frame_figure(ramp(200, 150), {.pixel = PixelSize{0.1, 0.2}});
  EXPECT_EQ(p.height, 600);
  EXPECT_EQ(p.width, 400);
  const Picture words = frame_figure(ramp(200, 150), {.words = {"one", "two"}});
  EXPECT_EQ(words.height, 650);
  EXPECT_EQ(words.width, 800);
}

TEST(FrameFigure, WordsThatAreTooLongGoOnInTheNextLine) {
  const std::string sentence =
      "region 1 reaches out of the picture, which was cropped or made smaller since: no scale";
  const auto with = [&](const Frame& frame, const std::vector<std::string>& words) {
    return frame_figure(frame, {.words = words});
  };
  const int one = with(ramp(200, 150), {"short"}).height;
  EXPECT_EQ(with(ramp(200, 150), {sentence}).height, one) << "it fits in 800 pixels";
  const Picture narrow = with(ramp(75, 150), {sentence});  // 300 pixels wide
  EXPECT_EQ(narrow.width, 300);
  EXPECT_EQ(narrow.height, one + 2 * 20);
  // Nothing is lost: as many pixels are bright as where all of it fits, but for what is between the lines.
  const auto brightness = [](const Picture& p) {
    double sum = 0.0;
    for (std::size_t n = 3U * 600U * static_cast<std::size_t>(p.width); n < p.rgb.size(); ++n)
      sum += p.rgb[n];
    return sum;
  };
  const double whole = brightness(with(ramp(200, 150), {sentence}));
  EXPECT_NEAR(brightness(narrow), whole, 0.03 * whole);
  const Picture slit = with(ramp(2, 150), {sentence});
  EXPECT_EQ(slit.width, 240) << "words have room below a slit of a picture";
  EXPECT_NEAR(brightness(slit), whole, 0.03 * whole);
  EXPECT_EQ(with(ramp(75, 150), {std::string(200, 'x')}).height, one) << "a word stays whole";
}

TEST(FrameFigure, NotesStandOnTheSideThatIsAskedFor) {
  const auto words = [](double across) {
    const Picture p = frame_figure(
        ramp(640, 600),
        {.notes = {{.at = {320, 300}, .words = "tip", .colour = {255, 0, 0}, .across = across}}});
    int left = 0;
    for (int y = 280; y < 320; ++y)
      for (int x = 0; x < 320; ++x) left += at(p, x, y)[0] > 180 && at(p, x, y)[1] < 80 ? 1 : 0;
    return std::array{left, reds(p) - left};
  };
  EXPECT_EQ(words(0.0)[0], 0);
  EXPECT_GT(words(0.0)[1], 10);
  EXPECT_GT(words(1.0)[0], 10);
  EXPECT_EQ(words(1.0)[1], 0);
}

TEST(FrameFigure, MarksLieWhereTheyBelong) {
  const FrameLine line{{{100, 100}, {100, 400}}, {255, 0, 0}, 3.0};
  const Picture p = frame_figure(ramp(640, 600), {.lines = {line}});
  EXPECT_GT(at(p, 100, 250)[0], 240);
  EXPECT_LT(at(p, 100, 250)[1], 20);
  EXPECT_LT(at(p, 110, 250)[0], 100);
  FrameLine dashed = line;
  dashed.dashed = true;
  const Picture q = frame_figure(ramp(640, 600), {.lines = {dashed}});
  // Half of the way is dashes, and each has round ends.
  EXPECT_GT(reds(q), 2 * reds(p) / 5);
  EXPECT_LT(reds(q), 3 * reds(p) / 4);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const FrameLine parted{{{100, 100}, {100, 200}, {nan, nan}, {100, 300}, {100, 400}}, {255, 0, 0}, 3.0};
  EXPECT_LT(at(frame_figure(ramp(640, 600), {.lines = {parted}}), 100, 250)[0], 100);
  const Picture ring = frame_figure(ramp(640, 600), {.spots = {{{300, 200}, {255, 0, 0}, "tip", 8.0}}});
  EXPECT_GT(at(ring, 308, 200)[0], 200);
  EXPECT_LT(at(ring, 300, 200)[0], 200);
  EXPECT_GT(reds(ring), 60);
}

TEST(FrameFigure, TellsDepthFromTheProbesFace) {
  const Frame black{640, 600, 1, std::vector<std::uint8_t>(640 * 600, 0)};
  const Picture p = frame_figure(black, {.pixel = PixelSize{0.1, 0.1}, .face_row = 40.0});
  EXPECT_GT(at(p, 634, 140)[0], 200);
  EXPECT_LT(at(p, 634, 100)[0], 50);
  EXPECT_LT(at(frame_figure(black, {.pixel = PixelSize{0.1, 0.1}}), 634, 140)[0], 50);
}

TEST(FrameFigure, RefusesNothing) {
  EXPECT_THROW(frame_figure({}), InvalidInput);
  EXPECT_THROW(frame_figure(ramp(4, 4), {.min_height = 5}), InvalidInput);
}

TEST(Diagram, DrawsItsCurves) {
  std::vector<double> x, y;
  for (int n = 0; n < 100; ++n) {
    x.push_back(n);
    y.push_back(n == 50 ? std::numeric_limits<double>::quiet_NaN() : std::sin(0.1 * n));
  }
  const DiagramWords words{"Depth of the line", "time, s", "mm"};
  const int line = reds(diagram({{"video", x, y, {255, 0, 0}}}, words));
  EXPECT_GT(line, 500);
  EXPECT_GT(reds(diagram({{"video", x, y, {255, 0, 0}, true}}, words)), 300);
  EXPECT_LT(reds(diagram({{"", {0, 1}, {3, 3}, {0, 0, 255}}}, words)), 10);
  EXPECT_THROW(diagram({}, words), InvalidInput);
  EXPECT_THROW(diagram({{"a", {1, 2}, {1}}}, words), InvalidInput);
}

}  // namespace
}  // namespace genu::render
