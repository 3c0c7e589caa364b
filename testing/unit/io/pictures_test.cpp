// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <itk_zlib.h>
#include <jpeglib.h>  // needs <cstdio>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/pictures.h>
#include <genu/io/ultrasound_files.h>
#include <genu/testing/data.h>

#include "matchers.h"

namespace genu::io {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Speckle over a ramp, which neither format stores in a few bytes.
Frame speckled(int width, int height, int channels) {
  std::mt19937 random(5);
  Frame frame{width, height, channels, {}};
  for (int n = 0; n < width * height * channels; ++n)
    frame.pixels.push_back(static_cast<std::uint8_t>((random() & 0x3fU) + static_cast<unsigned>(n % 150)));
  return frame;
}

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 0xffU);
  return bytes;
}

std::string chunk(const std::string& type, const std::string& content) {
  const std::string named = type + content;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(named.data()), static_cast<uInt>(named.size()));
  return big_endian(static_cast<std::uint32_t>(content.size())) + named +
         big_endian(static_cast<std::uint32_t>(sum));
}

std::string png_start(std::uint32_t width, std::uint32_t height, int bits, int colour) {
  return std::string("\x89PNG\r\n\x1a\n") +
         chunk("IHDR", big_endian(width) + big_endian(height) + static_cast<char>(bits) +
                           static_cast<char>(colour) + std::string(3, '\0'));
}

std::string png_end(const std::string& rows) {
  uLongf size = compressBound(static_cast<uLong>(rows.size()));
  std::string packed(size, '\0');
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
           static_cast<uLong>(rows.size()));
  packed.resize(size);
  return chunk("IDAT", packed) + chunk("IEND", "");
}

std::string png_of(const Frame& frame) {
  const std::size_t row_bytes = frame.pixels.size() / static_cast<std::size_t>(frame.height);
  std::string rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(frame.height); ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(frame.pixels.data()) + y * row_bytes, row_bytes);
  }
  return png_start(static_cast<std::uint32_t>(frame.width), static_cast<std::uint32_t>(frame.height), 8,
                   frame.channels == 3 ? 2 : 0) +
         png_end(rows);
}

std::string jpeg_of(const Frame& frame, bool progressive = false) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(frame.width);
  info.image_height = static_cast<JDIMENSION>(frame.height);
  info.input_components = frame.channels;
  info.in_color_space = frame.channels == 3 ? JCS_RGB : JCS_GRAYSCALE;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 95, TRUE);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  std::vector<unsigned char> pixels = frame.pixels;
  for (std::size_t y = 0; y < static_cast<std::size_t>(frame.height); ++y) {
    JSAMPROW row = pixels.data() + y * pixels.size() / static_cast<std::size_t>(frame.height);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::string text(reinterpret_cast<const char*>(bytes), size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return text;
}

std::string refusal(const std::string& bytes) {
  return testing::message_of<InvalidInput>([&] { picture_in(bytes); });
}

TEST(Pictures, PngIsReadToTheLastBit) {
  for (const int channels : {1, 3}) {
    const Frame frame = speckled(61, 37, channels);
    EXPECT_EQ(picture_in(png_of(frame)), frame);
  }
  // Three pixels of 2 bits that name colours of a palette, one of them transparent.
  const std::string palette = png_start(3, 1, 2, 3) +
                              chunk("PLTE", std::string("\xff\0\0\0\xff\0\t\b\a", 9)) +
                              chunk("tRNS", std::string("\0\x80", 2)) + png_end(std::string("\0\x18", 2));
  EXPECT_EQ(picture_in(palette), (Frame{3, 1, 3, {255, 0, 0, 0, 255, 0, 9, 8, 7}}));
  const std::string grey_with_alpha = png_start(2, 1, 8, 4) + png_end(std::string("\0\x07\0\x09\xff", 5));
  EXPECT_EQ(picture_in(grey_with_alpha), (Frame{2, 1, 1, {7, 9}}));
}

TEST(Pictures, JpegIsReadToItsOwnPrecision) {
  for (const bool progressive : {false, true})
    for (const int channels : {1, 3}) {
      Frame smooth{48, 40, channels, {}};
      for (int n = 0; n < 48 * 40 * channels; ++n)
        smooth.pixels.push_back(static_cast<std::uint8_t>(n / channels / 10));
      const Frame read = picture_in(jpeg_of(smooth, progressive));
      ASSERT_EQ(read.pixels.size(), smooth.pixels.size());
      for (std::size_t n = 0; n < smooth.pixels.size(); ++n)
        ASSERT_NEAR(read.pixels[n], smooth.pixels[n], 4) << n;
    }
}

TEST(Pictures, WhatIsNoneOrTooLargeOrTooDeepIsRefused) {
  EXPECT_THAT(refusal(""), HasSubstr("neither PNG nor JPEG"));
  EXPECT_THAT(refusal("GIF89a......"), HasSubstr("neither PNG nor JPEG"));
  EXPECT_THAT(refusal(png_start(0x7f000002, 0x7f000002, 8, 2) + png_end("")),
              HasSubstr("larger than is allowed"));
  EXPECT_THAT(refusal(png_start(1, 0x7f000002, 1, 0) + png_end("")), HasSubstr("larger than is allowed"));
  EXPECT_THAT(refusal(png_start(1, 1, 16, 0) + png_end(std::string("\0\1\2", 3))), HasSubstr("16 bits"));
  EXPECT_THROW(picture_in(png_of(speckled(8, 8, 3)), 191), InvalidInput);
  EXPECT_NO_THROW(picture_in(png_of(speckled(8, 8, 3)), 192));
}

// 400 MB would be filled with zeros before the first row is found to be missing.
TEST(Pictures, ASizeThatSoFewBytesCannotHoldIsRefused) {
  const std::string claims = png_start(20000, 20000, 8, 0) + png_end(std::string(20, '\0'));
  EXPECT_EQ(refusal(claims), "the picture is damaged: its header says 20000 x 20000 pixels, more than its " +
                                 std::to_string(claims.size()) + " bytes can hold");
  EXPECT_THAT(refusal(png_start(40000, 2, 8, 0) + png_end(std::string(80002, '\0'))),
              HasSubstr("40000 x 2 pixels is larger than is allowed (32768 a side, 536870912 bytes)"));
  // What deflate packs best is read.
  const Frame black{4000, 3000, 1, std::vector<std::uint8_t>(12'000'000)};
  EXPECT_EQ(picture_in(png_of(black)), black);
  const testing::ScratchFolder scratch;
  write_text(scratch / "claims.png", claims);
  EXPECT_THAT(testing::message_of<IoError>([&] { read_ultrasound_clip(scratch / "claims.png"); }),
              AllOf(HasSubstr("claims.png"), HasSubstr("20000 x 20000")));
}

TEST(Pictures, DamagedPngIsRefused) {
  const std::string sound = png_of(speckled(61, 37, 1));
  const std::size_t data = sound.find("IDAT") + 4, end = sound.find("IEND");
  std::string wrong = sound;
  wrong[data + 40] ^= 0x10;
  EXPECT_THAT(refusal(wrong), StartsWith("the picture is damaged: "));
  wrong = sound;
  wrong[end - 5] ^= 0x01;  // the checksum of the pixels
  EXPECT_THAT(refusal(wrong), HasSubstr("CRC"));
  wrong = sound;
  wrong.erase(end - 4 - 300, 300);  // "IEND" is there still
  EXPECT_THAT(refusal(wrong), StartsWith("the picture is damaged: "));
  for (std::size_t cut = 8; cut < sound.size(); cut += 97)
    EXPECT_THAT(refusal(sound.substr(0, cut)), StartsWith("the picture is damaged: ")) << cut;
}

TEST(Pictures, DamagedJpegIsRefused) {
  const std::string sound = jpeg_of(speckled(61, 37, 3));
  const std::size_t frame_header = sound.find("\xff\xc0"), scan = sound.find("\xff\xda");
  ASSERT_NE(frame_header, std::string::npos);
  for (std::size_t cut = 3; cut < sound.size(); cut += 97)
    EXPECT_THAT(refusal(sound.substr(0, cut)), StartsWith("the picture is damaged: ")) << cut;
  // A comment that is longer than the file, behind the frame's header.
  const std::size_t behind = frame_header + 2 + 17;
  EXPECT_THAT(refusal(sound.substr(0, behind) + "\xff\xfe\xff\xff" + sound.substr(behind)),
              StartsWith("the picture is damaged: "));
  EXPECT_THAT(refusal(sound.substr(0, behind) + "\xff\xfe\xff\xff" + "\xff\xd9"),
              StartsWith("the picture is damaged: "));
  // A thumbnail within has an end of its own; the picture around it is cut off.
  const std::string small = jpeg_of(speckled(8, 8, 1));
  std::string with_thumbnail = sound.substr(0, 2) + "\xff\xe1";
  with_thumbnail += static_cast<char>((small.size() + 2) >> 8U);
  with_thumbnail += static_cast<char>((small.size() + 2) & 0xffU);
  with_thumbnail += small + sound.substr(2);
  EXPECT_EQ(picture_in(with_thumbnail), picture_in(sound));
  const std::size_t into_scan = with_thumbnail.size() - (sound.size() - scan) / 2;
  EXPECT_THAT(refusal(with_thumbnail.substr(0, into_scan)), StartsWith("the picture is damaged: "));
}

TEST(Pictures, EndlessScansAreRefused) {
  const std::string sound = jpeg_of(speckled(61, 37, 1), true);
  const std::size_t first = sound.find("\xff\xda"), second = sound.find("\xff\xc4", first);
  ASSERT_NE(second, std::string::npos);
  std::string endless = sound.substr(0, second);
  for (int n = 0; n < 500; ++n) endless += sound.substr(first, second - first);
  EXPECT_THAT(refusal(endless + "\xff\xd9"), StartsWith("the picture is damaged: "));
}

// Any byte may be wrong: the answer is a picture of the size that was said, or a refusal.
TEST(Pictures, NoDamageIsMoreThanARefusal) {
  std::mt19937 random(11);
  for (const std::string& sound :
       {png_of(speckled(33, 21, 3)), jpeg_of(speckled(33, 21, 3)), jpeg_of(speckled(33, 21, 1), true)}) {
    std::size_t refused = 0;
    for (int n = 0; n < 600; ++n) {
      std::string wrong = sound;
      // Half of them in the headers.
      const std::size_t reach = n % 2 == 0 ? wrong.size() : std::min<std::size_t>(wrong.size(), 700);
      for (int flips = 1 + n % 3; flips > 0; --flips)
        wrong[3 + random() % (reach - 3)] ^= static_cast<char>(1U << (random() % 8));
      try {
        const Frame frame = picture_in(wrong, 1 << 24);
        EXPECT_EQ(frame.pixels.size(), frame.pixel_count() * static_cast<std::size_t>(frame.channels));
      } catch (const InvalidInput&) {
        ++refused;
      }
    }
    EXPECT_GT(refused, 50U);
  }
}

TEST(Pictures, TheFilesNameStandsInTheRefusal) {
  const testing::ScratchFolder scratch;
  std::string wrong = png_of(speckled(61, 37, 1));
  wrong[wrong.find("IDAT") + 44] ^= 0x10;
  write_text(scratch / "still.png", wrong);
  EXPECT_THAT(testing::message_of([&] { read_ultrasound_clip(scratch / "still.png"); }),
              AnyOf(HasSubstr("still.png: the picture is damaged")));
}

}  // namespace
}  // namespace genu::io
