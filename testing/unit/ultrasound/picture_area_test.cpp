// SPDX-License-Identifier: Apache-2.0
#include <random>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/ultrasound/picture_area.h>

#include "drawn_trochlea.h"

namespace genu::ultrasound {
namespace {

void fill(Frame& frame, const PixelBounds& box, std::uint8_t r, std::uint8_t g, std::uint8_t b) {
  for (int y = box.y; y < box.y + box.height; ++y)
    for (int x = box.x; x < box.x + box.width; ++x) {
      const auto i = (static_cast<std::size_t>(y) * static_cast<std::size_t>(frame.width) +
                      static_cast<std::size_t>(x)) *
                     3;
      frame.pixels[i] = r, frame.pixels[i + 1] = g, frame.pixels[i + 2] = b;
    }
}

void paste(Frame& screen, const Frame& grey, int left, int top) {
  for (int y = 0; y < grey.height; ++y)
    for (int x = 0; x < grey.width; ++x)
      fill(screen, {left + x, top + y, 1, 1}, grey.at(x, y), grey.at(x, y), grey.at(x, y));
}

TEST(PictureArea, IsTheEchoImageOnAMachinesScreen) {
  Frame screen{700, 560, 3, std::vector<std::uint8_t>(700UL * 560UL * 3UL, 0)};
  fill(screen, {0, 0, 700, 50}, 10, 20, 70);
  for (int letter = 0; letter < 30; ++letter) {
    fill(screen, {20 + 12 * letter, 15, 2, 12}, 230, 230, 230);               // In the header,
    fill(screen, {560 + 4 * letter, 100 + 9 * letter, 3, 6}, 230, 230, 230);  // beside the image,
    fill(screen, {250 + 6 * letter, 480, 2, 12}, 240, 240, 20);  // and a coloured one in its shadow.
  }
  fill(screen, {20, 100, 20, 150}, 128, 128, 128);  // A grey bar.
  const Frame image = drawn::picture_of({}).frame;
  paste(screen, image, 120, 62);
  const PixelBounds area = find_picture_area(screen);
  EXPECT_NEAR(area.x, 120, 2);
  EXPECT_NEAR(area.x + area.width, 120 + image.width, 2);
  EXPECT_NEAR(area.y, 62, 4);
  EXPECT_EQ(area.y + area.height, screen.height) << "shadow is black too";
}

TEST(PictureArea, EndsWhereItsLitPartEndsInOneRow) {
  Frame screen{500, 500, 1, std::vector<std::uint8_t>(500UL * 500UL, 0)};
  std::mt19937 random(1);
  for (int y = 100; y < 300; ++y)
    for (int x = 50; x < 450; ++x)
      screen.pixels[static_cast<std::size_t>(y) * 500 + static_cast<std::size_t>(x)] =
          static_cast<std::uint8_t>(20 + random() % 100);
  const PixelBounds area = find_picture_area(screen);
  EXPECT_NEAR(area.y, 100, 2);
  EXPECT_EQ(area.y + area.height, 300);
}

TEST(PictureArea, IsTheWholePictureWhereNothingStandsOut) {
  const Frame black{80, 60, 1, std::vector<std::uint8_t>(4800, 0)};
  EXPECT_EQ(find_picture_area(black), (PixelBounds{0, 0, 80, 60}));
}

TEST(PictureArea, RefusesWhatIsNoPicture) {
  EXPECT_THROW(find_picture_area({}), InvalidInput);
  EXPECT_THROW(find_picture_area({40, 40, 2, std::vector<std::uint8_t>(3200, 0)}), InvalidInput);
  EXPECT_THROW(find_picture_area({40, 40, 1, std::vector<std::uint8_t>(10, 0)}), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
