// SPDX-License-Identifier: Apache-2.0
#include "dicom_pixels.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include "dicom_codestream.h"

namespace genu::io::dicom {
namespace {

template <typename Raw>
void convert(std::span<const unsigned char> bytes, const PixelFormat& format, const FrameHeader& frame,
             std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Raw raw{};
    std::memcpy(&raw, bytes.data() + i * sizeof(Raw), sizeof(Raw));
    out[i] = static_cast<float>(stored_value(raw, format) * frame.slope + frame.intercept);
  }
}

void convert(std::span<const unsigned char> bytes, const PixelFormat& format, const FrameHeader& frame,
             std::span<float> out) {
  if (format.bits_allocated == 8)
    convert<std::uint8_t>(bytes, format, frame, out);
  else if (format.bits_allocated == 16)
    convert<std::uint16_t>(bytes, format, frame, out);
  else
    convert<std::uint32_t>(bytes, format, frame, out);
}

/// Decodes a frame that DCMTK can decode; `bytes` takes it, and one more where DCMTK asks for an even number.
void decode_by_dcmtk(DcmDataset& dataset, const PixelLayout& layout, std::size_t frame, Uint32& fragment,
                     std::vector<unsigned char>& bytes) {
  OFString colour_model;
  const OFCondition status =
      pixels_of(dataset)->getUncompressedFrame(&dataset, static_cast<Uint32>(frame), fragment, bytes.data(),
                                               static_cast<Uint32>(bytes.size()), colour_model);
  if (status.bad()) refuse_pixels(layout, status.text());
}

/// Reads a frame that is not compressed. Pixels are words in some files, so that a frame of an odd number of
/// bytes is read with its neighbour's.
void read_plain_frame(DcmDataset& dataset, const PixelLayout& layout, std::size_t frame,
                      std::vector<unsigned char>& bytes) {
  const std::int64_t begin = layout.frame_bytes * static_cast<std::int64_t>(frame);
  const std::int64_t odd = begin % 2;
  bytes.resize(static_cast<std::size_t>(layout.frame_bytes + odd + (layout.frame_bytes + odd) % 2));
  const OFCondition status =
      pixels_of(dataset)->getPartialValue(bytes.data(), static_cast<Uint32>(begin - odd),
                                          static_cast<Uint32>(bytes.size()), nullptr, gLocalByteOrder);
  if (status.bad()) refuse_pixels(layout, status.text());
  bytes.erase(bytes.begin(), bytes.begin() + odd);
}

void decode_jpeg2000_bytes(DcmDataset& dataset, const PixelLayout& layout, const TakeBytes& take) {
  std::vector<unsigned char> bytes;
  const auto store = [&](auto raw, std::span<const double> values) {
    bytes.resize(values.size() * sizeof raw);
    for (std::size_t i = 0; i < values.size(); ++i) {
      raw = static_cast<decltype(raw)>(static_cast<std::int64_t>(values[i]));
      std::memcpy(bytes.data() + i * sizeof raw, &raw, sizeof raw);
    }
  };
  decode_jpeg2000_frames(
      dataset, layout, [](std::size_t) { return true; },
      [&](std::size_t f, std::span<const double> values) {
        if (layout.format.bits_allocated == 8)
          store(std::uint8_t{}, values);
        else
          store(std::uint16_t{}, values);
        take(f, bytes);
      });
}

}  // namespace

void decode_stored_frames(DcmDataset& dataset, const PixelLayout& layout, const TakeBytes& take) {
  if (is_jpeg2000(dataset.getOriginalXfer())) return decode_jpeg2000_bytes(dataset, layout, take);
  if (pixels_of(dataset) == nullptr) refuse_pixels(layout, "there are none");
  const bool compressed = DcmXfer(dataset.getOriginalXfer()).isEncapsulated();
  const auto size = static_cast<std::size_t>(layout.frame_bytes);
  std::vector<unsigned char> bytes(size + size % 2);
  Uint32 fragment = 0;
  for (std::size_t f = 0; f < static_cast<std::size_t>(layout.frames); ++f) {
    if (compressed)
      decode_by_dcmtk(dataset, layout, f, fragment, bytes);
    else
      read_plain_frame(dataset, layout, f, bytes);
    take(f, std::span<const unsigned char>(bytes).first(size));
  }
}

void decode_frames(const LoadedObject& object, const FramePlace& place) {
  const ObjectHeader& header = object.header;
  DcmDataset& dataset = *object.file->getDataset();
  const PixelLayout layout = layout_of(header, static_cast<std::int64_t>(header.frames.size()));
  if (!is_jpeg2000(dataset.getOriginalXfer())) {
    decode_stored_frames(dataset, layout, [&](std::size_t f, std::span<const unsigned char> bytes) {
      const std::span<float> out = place(f);
      if (!out.empty()) convert(bytes, header.format, header.frames[f], out);
    });
    return;
  }
  decode_jpeg2000_frames(
      dataset, layout, [&](std::size_t f) { return !place(f).empty(); },
      [&](std::size_t f, std::span<const double> values) {
        const std::span<float> out = place(f);
        for (std::size_t i = 0; i < out.size(); ++i)
          out[i] = static_cast<float>(values[i] * header.frames[f].slope + header.frames[f].intercept);
      });
}

}  // namespace genu::io::dicom
