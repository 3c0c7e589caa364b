// SPDX-License-Identifier: Apache-2.0
#include "dicom_picture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>

#include <dcmtk/dcmdata/dcdeftag.h>

#include "dicom_codestream.h"
#include "dicom_pixels.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

constexpr std::array grey_kinds{"MONOCHROME1", "MONOCHROME2", "PALETTE COLOR"};
constexpr std::array colour_kinds{"RGB", "YBR_FULL", "YBR_FULL_422", "YBR_PARTIAL_422", "YBR_RCT", "YBR_ICT"};

template <std::size_t N>
bool is_one_of(const std::string& text, const std::array<const char*, N>& all) {
  return std::find(all.begin(), all.end(), text) != all.end();
}

void read_layout(const Attributes& all, PictureFormat& format) {
  constexpr std::int64_t most_pixels = 65535;    // Rows and Columns are 16-bit numbers
  constexpr std::int64_t most_frames = 1 << 20;  // far beyond any machine
  PixelLayout& layout = format.layout;
  layout.rows = all.required_integer(DCM_Rows, 1, most_pixels);
  layout.columns = all.required_integer(DCM_Columns, 1, most_pixels);
  layout.frames = all.has(DCM_NumberOfFrames) ? all.required_integer(DCM_NumberOfFrames, 1, most_frames) : 1;
  layout.samples = static_cast<int>(all.integer(DCM_SamplesPerPixel).value_or(1));
  const auto unsupported = [&](const DcmTagKey& tag, const std::string& why) {
    refuse(layout.path, {Refusal::unsupported_pixels, tag_text(tag), all.text(tag), why});
  };
  format.photometric = all.raw(DCM_PhotometricInterpretation);
  const bool grey = is_one_of(format.photometric, grey_kinds);
  if (!grey && !is_one_of(format.photometric, colour_kinds))
    unsupported(DCM_PhotometricInterpretation, "its colours are of a kind that is not read here");
  if (layout.samples != (grey ? 1 : 3))
    unsupported(DCM_SamplesPerPixel, "a pixel of " + format.photometric + " has another number of values");
  const std::int64_t allocated = all.required_integer(DCM_BitsAllocated, 1, 64);
  if (allocated != 8 && allocated != 16)
    unsupported(DCM_BitsAllocated, "the values of its pixels do not take 8 or 16 bits");
  const std::int64_t stored = all.required_integer(DCM_BitsStored, 1, allocated);
  if (!grey && (allocated != 8 || stored != 8))
    unsupported(DCM_BitsStored, "its colours do not take 8 bits each");
  const std::int64_t high = all.integer(DCM_HighBit).value_or(stored - 1);
  if (high < stored - 1 || high >= allocated)
    all.refuse_value(DCM_HighBit, "the highest bit lies outside of the pixel");
  layout.format = {static_cast<int>(allocated), static_cast<int>(stored), static_cast<int>(high),
                   all.integer(DCM_PixelRepresentation).value_or(0) == 1};
  layout.frame_bytes = layout.rows * layout.columns * layout.samples * (allocated / 8);
}

/// Chroma that is halved in an uncompressed file takes two bytes a pixel: Y Y Cb Cr for two pixels.
void read_chroma(DcmDataset& dataset, PictureFormat& format) {
  PixelLayout& layout = format.layout;
  if (!format.photometric.ends_with("_422")) return;
  const std::int64_t halved = layout.rows * layout.columns * 2;
  DcmPixelData* pixels = pixels_of(dataset);
  const double there = pixels == nullptr ? 0.0 : static_cast<double>(pixels->getLength());
  if (there >= static_cast<double>(layout.frame_bytes) * static_cast<double>(layout.frames)) {
    format.warnings.push_back("its pixels are labelled " + format.photometric +
                              " and are as many as if chroma were not halved: read as that");
    return;
  }
  format.half_chroma = true;
  layout.frame_bytes = halved;
  if (layout.columns % 2 != 0)
    refuse(layout.path, {Refusal::unreadable, tag_text(DCM_Columns), std::to_string(layout.columns),
                         "two pixels share their chroma, but a row has an odd number of them"});
}

/// The way from values to grey, clamped to 0 .. 255: a line, or an S (PS3.3 C.11.2.1.3).
struct GreyRamp {
  double darkest = 0.0, brightest = 255.0;
  bool sigmoid = false;
  std::uint8_t operator()(double value) const {
    double share = (value - darkest) / (brightest - darkest);
    if (sigmoid) share = 1.0 / (1.0 + std::exp(-4.0 * (share - 0.5)));
    return static_cast<std::uint8_t>(std::lround(255.0 * std::clamp(share, 0.0, 1.0)));
  }
};

std::string number_text(double value) {
  std::array<char, 32> digits;
  std::snprintf(digits.data(), digits.size(), "%.6g", value);
  return digits.data();
}

/// Returns the first number of an attribute. \throws SeriesRefused
std::optional<double> first_number(const Attributes& all, const DcmTagKey& tag) {
  const auto values = all.values(tag);
  if (values.empty() || values.front().empty()) return {};
  return all.numbers(tag, values.size()).front();
}

/// Returns the window of a header, if it has one that spans more than one value.
/// \throws SeriesRefused
std::optional<GreyRamp> window_of(const Attributes& all) {
  const auto centre = first_number(all, DCM_WindowCenter), width = first_number(all, DCM_WindowWidth);
  if (!centre || !width) return {};
  const std::string function = all.raw(DCM_VOILUTFunction);
  if (function == "SIGMOID" || function == "LINEAR_EXACT") {
    if (!(*width > 0.0)) return {};
    return GreyRamp{*centre - *width / 2.0, *centre + *width / 2.0, function == "SIGMOID"};
  }
  if (!(*width > 1.0)) return {};
  return GreyRamp{*centre - 0.5 - (*width - 1.0) / 2.0, *centre - 0.5 + (*width - 1.0) / 2.0};
}

/// The header's way to grey: what a stored value means, and the window for that.
struct HeaderGrey {
  double slope = 1.0, intercept = 0.0;
  GreyRamp ramp;
};

/// Returns it, or nothing and a warning where it is damaged: the picture is worth more than its window.
std::optional<HeaderGrey> grey_of_header(const Attributes& all, std::vector<std::string>& warnings) {
  try {
    const std::optional<GreyRamp> window = window_of(all);
    if (!window) return {};
    HeaderGrey grey{all.number(DCM_RescaleSlope).value_or(1.0),
                    all.number(DCM_RescaleIntercept).value_or(0.0), *window};
    if (grey.slope != 0.0) return grey;
    warnings.push_back(tag_text(DCM_RescaleSlope) + " = '" + all.raw(DCM_RescaleSlope) +
                       "' would make all greys one: neither it nor the window is used");
  } catch (const SeriesRefused& refused) {
    warnings.push_back(refused.item().tag + " = '" + refused.item().value +
                       "' is damaged: the window of the header is not used");
  }
  return {};
}

/// Fills the table of greys: 8 stored bits stay as they are (a window is for looking at them), others go
/// through the header's window, or else the whole range of the stored bits is spread over 8.
void read_grey(const Attributes& all, PictureFormat& format) {
  const PixelFormat& pixel = format.layout.format;
  const double steps = std::pow(2.0, pixel.bits_stored);
  const double lowest = pixel.is_signed ? -steps / 2.0 : 0.0;
  HeaderGrey grey{.ramp = {lowest, lowest + steps - 1.0}};
  const bool as_stored = pixel.bits_stored == 8 && !pixel.is_signed;
  if (!as_stored) {
    const std::optional<HeaderGrey> stated = grey_of_header(all, format.warnings);
    if (stated) grey = *stated;
    format.grey_mapping = (grey.ramp.sigmoid ? "sigmoid window of the header, "
                           : stated          ? "window of the header, "
                                             : std::to_string(pixel.bits_stored) + " stored bits, ") +
                          number_text(grey.ramp.darkest) + " .. " + number_text(grey.ramp.brightest) +
                          ", to 0 .. 255";
    if (all.has(DCM_VOILUTSequence))
      format.warnings.emplace_back(
          "the table (0028,3010) that its greys are to be shown through is not used");
  }
  const bool inverted = format.photometric == "MONOCHROME1";
  if (inverted) format.grey_mapping += format.grey_mapping.empty() ? "inverted" : ", inverted";
  format.grey.resize(std::size_t{1} << static_cast<unsigned>(pixel.bits_allocated));
  for (std::size_t pattern = 0; pattern < format.grey.size(); ++pattern) {
    const std::uint8_t shown = grey.ramp(stored_value(pattern, pixel) * grey.slope + grey.intercept);
    format.grey[pattern] = inverted ? static_cast<std::uint8_t>(255 - shown) : shown;
  }
}

/// JPEG 2000 undoes its own colour transforms; nothing else has them.
void warn_of_odd_label(E_TransferSyntax syntax, PictureFormat& format) {
  if (is_jpeg2000(syntax) || (format.photometric != "YBR_RCT" && format.photometric != "YBR_ICT")) return;
  format.warnings.push_back("its colours are labelled " + format.photometric +
                            ", which only JPEG 2000 has, and it is none: taken for red, green and blue " +
                            "unless its codestream says otherwise");
}

std::uint8_t limited(int value) {
  return static_cast<std::uint8_t>(std::clamp(value, 0, 255));
}

/// ITU-R BT.601 over the full range of 8 bits (JFIF, T.871; PS3.3 C.7.6.3.1.2), in steps of 1 / 65536 and
/// rounded as libjpeg does.
std::array<std::uint8_t, 3> rgb_of_full(int y, int blue, int red) {
  constexpr int half = 1 << 15;
  const auto whole = [](int steps) { return (steps + half) >> 16; };
  return {limited(y + whole(91881 * red)),                  // 1.402
          limited(y + whole(-22554 * blue - 46802 * red)),  // 0.344136, 0.714136
          limited(y + whole(116130 * blue))};               // 1.772
}

std::array<std::uint8_t, 3> rgb_of(const std::array<unsigned char, 3>& value, bool partial) {
  constexpr int middle = 128;
  const int y = value[0], blue = value[1] - middle, red = value[2] - middle;
  if (!partial) return rgb_of_full(y, blue, red);
  // Y in 16 .. 235, chroma in 16 .. 240, spread to the full range first.
  const auto spread = [](int from, double range) {
    return static_cast<int>(std::lround(from * 255.0 / range));
  };
  return rgb_of_full(spread(y - 16, 219.0), spread(blue, 224.0), spread(red, 224.0));
}

/// Returns the three values of a pixel as they are stored.
std::array<unsigned char, 3> values_at(std::span<const unsigned char> bytes, const PictureFormat& format,
                                       std::size_t pixel, std::size_t pixels) {
  if (format.half_chroma) {
    const std::size_t pair = pixel / 2 * 4;
    return {bytes[pair + pixel % 2], bytes[pair + 2], bytes[pair + 3]};
  }
  if (format.planar) return {bytes[pixel], bytes[pixels + pixel], bytes[2 * pixels + pixel]};
  return {bytes[3 * pixel], bytes[3 * pixel + 1], bytes[3 * pixel + 2]};
}

void fill_colour(std::span<const unsigned char> bytes, const PictureFormat& format, StreamColour colour,
                 Frame& frame) {
  const bool labelled_ybr = format.photometric == "YBR_FULL" || format.photometric.ends_with("_422");
  const bool ybr = colour == StreamColour::not_told ? labelled_ybr : colour == StreamColour::ybr;
  const bool partial = format.photometric == "YBR_PARTIAL_422";
  const std::size_t pixels = frame.pixel_count();
  std::uint8_t* out = frame.pixels.data();
  for (std::size_t p = 0; p < pixels; ++p) {
    std::array<unsigned char, 3> value = values_at(bytes, format, p, pixels);
    if (ybr) value = rgb_of(value, partial);
    out = std::copy(value.begin(), value.end(), out);
  }
}

std::uint32_t pattern_at(std::span<const unsigned char> bytes, std::size_t pixel, int bits_allocated) {
  if (bits_allocated == 8) return bytes[pixel];
  std::uint16_t word = 0;
  std::memcpy(&word, bytes.data() + 2 * pixel, sizeof word);
  return word;
}

}  // namespace

PictureFormat read_picture_format(DcmDataset& dataset, const std::filesystem::path& path, bool compressed) {
  const Attributes all(dataset, path);
  PictureFormat format;
  format.layout.path = path;
  read_layout(all, format);
  if (!compressed) read_chroma(dataset, format);
  warn_of_odd_label(dataset.getOriginalXfer(), format);
  format.planar = format.layout.samples == 3 && all.integer(DCM_PlanarConfiguration).value_or(0) == 1;
  if (format.photometric == "PALETTE COLOR")
    format.palette = read_palette(dataset, path, format.warnings);
  else if (format.layout.samples == 1)
    read_grey(all, format);
  return format;
}

Frame picture_of(std::span<const unsigned char> bytes, const PictureFormat& format, StreamColour colour) {
  const PixelLayout& layout = format.layout;
  const bool palette = !format.palette.colours[0].empty();
  Frame frame{static_cast<int>(layout.columns),
              static_cast<int>(layout.rows),
              palette || layout.samples == 3 ? 3 : 1,
              {}};
  frame.pixels.resize(frame.pixel_count() * static_cast<std::size_t>(frame.channels));
  if (layout.samples == 3) {
    fill_colour(bytes, format, colour, frame);
    return frame;
  }
  for (std::size_t p = 0; p < frame.pixel_count(); ++p) {
    const std::uint32_t pattern = pattern_at(bytes, p, layout.format.bits_allocated);
    if (!palette) {
      frame.pixels[p] = format.grey[pattern];
      continue;
    }
    const std::size_t place =
        format.palette.place_of(static_cast<std::int64_t>(stored_value(pattern, layout.format)));
    for (std::size_t c = 0; c < 3; ++c) frame.pixels[3 * p + c] = format.palette.colours[c][place];
  }
  return frame;
}

}  // namespace genu::io::dicom
