// SPDX-License-Identifier: Apache-2.0
// By libpng and libjpeg themselves, not by VTK's readers of them: those of VTK 9.1 jump from a damaged PNG
// into a function that has returned already, and look for the bytes of a damaged JPEG beyond its end.
//
// Both libraries leave a damaged picture by longjmp. The functions that call setjmp hold nothing that needs a
// destructor, and change nothing that is used after the jump.
#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <new>
#include <string>
#include <vector>

#include <jpeglib.h>  // needs <cstdio>
#include <png.h>

#include <genu/core/error.h>
#include <genu/io/pictures.h>

namespace genu::io {
namespace {

[[noreturn]] void fail_damaged(const char* why) {
  throw InvalidInput(std::string("the picture is damaged: ") + why);
}

/// Refuses a size before anything, libpng's own rows too, takes memory for it.
void check_size(std::int64_t width, std::int64_t height, int channels, std::int64_t max_bytes) {
  constexpr std::int64_t longest_side = 1 << 15;  // as of a recording's images
  if (width < 1 || height < 1) fail_damaged("it has no pixels");
  // A side that is so long is checked first, so that the product stays small.
  if (width > longest_side || height > longest_side || width * height * channels > max_bytes)
    throw InvalidInput("its size of " + std::to_string(width) + " x " + std::to_string(height) +
                       " pixels is larger than is allowed (" + std::to_string(longest_side) + " a side, " +
                       std::to_string(max_bytes) + " bytes)");
}

Frame empty_picture(std::int64_t width, std::int64_t height, int channels) {
  Frame frame{static_cast<int>(width), static_cast<int>(height), channels, {}};
  frame.pixels.resize(frame.pixel_count() * static_cast<std::size_t>(channels));
  return frame;
}

[[noreturn]] void fail_deep(int bits) {
  throw InvalidInput("its values are of " + std::to_string(bits) + " bits: only pictures of 8 bits are read");
}

class PngReading {
 public:
  explicit PngReading(std::string_view bytes) : left_(bytes) {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &leave, &pass_over);
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ == nullptr) {
      png_destroy_read_struct(&png_, nullptr, nullptr);
      throw std::bad_alloc();
    }
  }
  ~PngReading() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngReading(const PngReading&) = delete;
  PngReading& operator=(const PngReading&) = delete;

  /// Reads what comes before the pixels; returns false if it is damaged.
  bool begin() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_user_limits(png_, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // what is too large is said here
    png_set_read_fn(png_, this, &give);
    png_read_info(png_, info_);
    return true;
  }
  /// Asks for bytes of grey, or of red, green and blue; returns false if the header is damaged.
  bool ask() {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_set_expand(png_);
    png_set_strip_alpha(png_);
    png_read_update_info(png_, info_);
    return true;
  }
  /// Fills the rows, and reads to the end of the file; returns false if it is damaged.
  bool fill(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }
  std::int64_t width() const { return png_get_image_width(png_, info_); }
  std::int64_t height() const { return png_get_image_height(png_, info_); }
  int bits() const { return png_get_bit_depth(png_, info_); }
  /// Of what is asked for.
  int channels() const { return (png_get_color_type(png_, info_) & PNG_COLOR_MASK_COLOR) != 0 ? 3 : 1; }
  /// As they are stored, and once pixels are asked for as those will be.
  std::size_t row_bytes() const { return png_get_rowbytes(png_, info_); }
  const char* why() const { return why_.data(); }

 private:
  [[noreturn]] static void leave(png_structp png, png_const_charp why) {
    auto& self = *static_cast<PngReading*>(png_get_error_ptr(png));
    std::snprintf(self.why_.data(), self.why_.size(), "%s", why);
    png_longjmp(png, 1);
  }
  /// Warnings are of what is beside the pixels: odd colour profiles, texts.
  static void pass_over(png_structp, png_const_charp) {}
  static void give(png_structp png, png_bytep into, std::size_t count) {
    auto& self = *static_cast<PngReading*>(png_get_io_ptr(png));
    if (count > self.left_.size()) png_error(png, "it is cut off");
    std::memcpy(into, self.left_.data(), count);
    self.left_.remove_prefix(count);
  }

  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  std::string_view left_;
  std::array<char, 160> why_{};
};

Frame read_png(std::string_view bytes, std::int64_t max_bytes) {
  PngReading reading(bytes);
  if (!reading.begin()) fail_damaged(reading.why());
  if (reading.bits() > 8) fail_deep(reading.bits());
  const std::int64_t width = reading.width(), height = reading.height();
  const int channels = reading.channels();
  check_size(width, height, channels, max_bytes);
  constexpr std::size_t most_deflated = 1032;  // bytes that deflate makes of one
  if (reading.row_bytes() * static_cast<std::size_t>(height) / most_deflated > bytes.size())
    fail_damaged(("its header says " + std::to_string(width) + " x " + std::to_string(height) +
                  " pixels, more than its " + std::to_string(bytes.size()) + " bytes can hold")
                     .c_str());
  if (!reading.ask()) fail_damaged(reading.why());
  Frame frame = empty_picture(width, height, channels);
  if (reading.row_bytes() * static_cast<std::size_t>(height) != frame.pixels.size())
    fail_damaged("its rows have another length than its header says");
  std::vector<png_bytep> rows;
  for (std::size_t y = 0; y < static_cast<std::size_t>(height); ++y)
    rows.push_back(frame.pixels.data() + y * reading.row_bytes());
  if (!reading.fill(rows.data())) fail_damaged(reading.why());
  return frame;
}

class JpegReading {
 public:
  explicit JpegReading(std::string_view bytes) : bytes_(bytes) {
    info_.err = jpeg_std_error(&errors_);
    info_.client_data = this;
    errors_.error_exit = &leave;
    errors_.emit_message = &leave_if_damaged;
    progress_.progress_monitor = &leave_if_endless;
  }
  ~JpegReading() { jpeg_destroy_decompress(&info_); }
  JpegReading(const JpegReading&) = delete;
  JpegReading& operator=(const JpegReading&) = delete;

  /// Reads what comes before the pixels; returns false if it is damaged.
  bool begin() {
    if (setjmp(back_) != 0) return false;
    jpeg_create_decompress(&info_);
    info_.progress = &progress_;
    jpeg_mem_src(&info_, reinterpret_cast<const unsigned char*>(bytes_.data()), bytes_.size());
    jpeg_read_header(&info_, TRUE);
    return true;
  }
  /// Fills the pixels, and reads to the end of the picture; returns false if it is damaged.
  bool fill(unsigned char* pixels, std::size_t row_bytes) {
    if (setjmp(back_) != 0) return false;
    info_.out_color_space = info_.num_components == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW row = pixels + info_.output_scanline * row_bytes;
      jpeg_read_scanlines(&info_, &row, 1);
    }
    jpeg_finish_decompress(&info_);
    return true;
  }
  const jpeg_decompress_struct& header() const { return info_; }
  const char* why() const { return why_.data(); }

 private:
  [[noreturn]] static void leave(j_common_ptr info) {
    auto& self = *static_cast<JpegReading*>(info->client_data);
    info->err->format_message(info, self.why_.data());
    std::longjmp(self.back_, 1);
  }
  /// Warnings (below 0) say that pixels are made up for bytes that are damaged or missing.
  static void leave_if_damaged(j_common_ptr info, int level) {
    if (level < 0) leave(info);
  }
  /// Each scan of a progressive picture goes over the whole of it, and a few bytes make one.
  static void leave_if_endless(j_common_ptr info) {
    constexpr int most_scans = 200;  // encoders write about ten
    auto& self = *static_cast<JpegReading*>(info->client_data);
    if (self.info_.input_scan_number <= most_scans) return;
    std::snprintf(self.why_.data(), self.why_.size(), "it has more than %d scans", most_scans);
    std::longjmp(self.back_, 1);
  }

  std::string_view bytes_;
  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf back_{};
  std::array<char, JMSG_LENGTH_MAX> why_{};
};

Frame read_jpeg(std::string_view bytes, std::int64_t max_bytes) {
  JpegReading reading(bytes);
  if (!reading.begin()) fail_damaged(reading.why());
  const jpeg_decompress_struct& header = reading.header();
  if (header.data_precision != 8) fail_deep(header.data_precision);
  if (header.num_components != 1 && header.num_components != 3)
    throw InvalidInput("it has " + std::to_string(header.num_components) +
                       " values a pixel: only grey and coloured pictures are read");
  check_size(header.image_width, header.image_height, header.num_components, max_bytes);
  Frame frame = empty_picture(header.image_width, header.image_height, header.num_components);
  const std::size_t row_bytes = frame.pixels.size() / static_cast<std::size_t>(frame.height);
  if (!reading.fill(frame.pixels.data(), row_bytes)) fail_damaged(reading.why());
  return frame;
}

}  // namespace

bool begins_as_png(std::string_view bytes) {
  return bytes.starts_with(std::string_view("\x89PNG\r\n\x1a\n", 8));
}

bool begins_as_jpeg(std::string_view bytes) {
  return bytes.starts_with("\xff\xd8\xff");
}

Frame picture_in(std::string_view bytes, std::int64_t max_bytes) {
  if (begins_as_png(bytes)) return read_png(bytes, max_bytes);
  if (begins_as_jpeg(bytes)) return read_jpeg(bytes, max_bytes);
  throw InvalidInput("these " + std::to_string(bytes.size()) + " bytes are neither PNG nor JPEG");
}

}  // namespace genu::io
