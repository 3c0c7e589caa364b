// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <random>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/render/picture.h>
#include <genu/testing/data.h>

namespace genu::render {
namespace {

Picture noise(int width, int height) {
  std::mt19937 random(7);
  Picture picture{width, height, {}};
  for (int v = 0; v < 3 * width * height; ++v) picture.rgb.push_back(static_cast<std::uint8_t>(random()));
  return picture;
}

// Odd sizes and pure noise: rows turned upside down, swapped channels or padded rows all show.
TEST(Picture, PngRoundTripIsIdentity) {
  for (const auto& [width, height] : {std::pair{1, 1}, {3, 2}, {17, 31}, {64, 5}})
    EXPECT_EQ(decode_png(encode_png(noise(width, height))), noise(width, height)) << width << " x " << height;
}

TEST(Picture, WriteThenReadIsIdentityAndLeavesNothingElse) {
  const testing::ScratchFolder folder;
  write_png(folder / "a.png", noise(21, 9));
  EXPECT_EQ(read_png(folder / "a.png"), noise(21, 9));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(Picture, ALinkStaysOne) {
  const testing::ScratchFolder folder;
  write_png(folder / "a.png", noise(2, 2));
  std::filesystem::create_symlink("a.png", folder / "link.png");
  write_png(folder / "link.png", noise(5, 3));
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link.png"));
  EXPECT_EQ(read_png(folder / "a.png"), noise(5, 3));
}

TEST(Picture, RefusesWhatIsNoPicture) {
  EXPECT_THROW(encode_png({}), InvalidInput);
  EXPECT_THROW(encode_png({2, 2, {1, 2, 3}}), InvalidInput);
  EXPECT_THROW(decode_png({}), InvalidInput);
  EXPECT_THROW(decode_png({'G', 'I', 'F', '8', '9', 'a', 0, 0, 0, 0}), InvalidInput);
}

TEST(Picture, RefusesADamagedPng) {
  std::vector<std::uint8_t> png = encode_png(noise(40, 30));
  png[png.size() / 2] ^= 0x20U;
  EXPECT_THROW(decode_png(png), InvalidInput);
  png.resize(png.size() / 2);
  EXPECT_THROW(decode_png(png), InvalidInput);
}

TEST(Picture, FileErrorsNameTheFile) {
  const testing::ScratchFolder folder;
  const auto says = [](const std::filesystem::path& file, const auto& act) {
    try {
      act();
      ADD_FAILURE() << "no error for " << file;
    } catch (const IoError& error) {
      EXPECT_NE(std::string(error.what()).find(file.string()), std::string::npos) << error.what();
    }
  };
  const auto absent = folder / "absent" / "a.png";
  says(absent, [&] { read_png(absent); });
  says(absent, [&] { write_png(absent, noise(2, 2)); });
  std::ofstream(folder / "text.png") << "no picture";
  says(folder / "text.png", [&] { read_png(folder / "text.png"); });
}

}  // namespace
}  // namespace genu::render
