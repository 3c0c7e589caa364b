// SPDX-License-Identifier: Apache-2.0
#include "dicom_pixels.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include "dicom_attributes.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

bool is_jpeg2000(E_TransferSyntax syntax) {
  return syntax == EXS_JPEG2000 || syntax == EXS_JPEG2000LosslessOnly;
}

/// Returns the number that a pixel's bits mean (PS3.5 section 8.1.1).
template <typename Raw>
double stored_value(Raw raw, const PixelFormat& format) {
  const std::uint64_t mask = (std::uint64_t{1} << format.bits_stored) - 1;
  const std::uint64_t bits = (std::uint64_t{raw} >> (format.high_bit + 1 - format.bits_stored)) & mask;
  const bool negative = format.is_signed && (bits >> (format.bits_stored - 1)) != 0;
  const auto value = static_cast<double>(bits);
  return negative ? value - static_cast<double>(mask) - 1.0 : value;
}

template <typename Raw>
void convert(const std::vector<unsigned char>& bytes, const PixelFormat& format, const Frame& frame,
             std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    Raw raw{};
    std::memcpy(&raw, bytes.data() + i * sizeof(Raw), sizeof(Raw));
    out[i] = static_cast<float>(stored_value(raw, format) * frame.slope + frame.intercept);
  }
}

void convert(const std::vector<unsigned char>& bytes, const PixelFormat& format, const Frame& frame,
             std::span<float> out) {
  if (format.bits_allocated == 8)
    convert<std::uint8_t>(bytes, format, frame, out);
  else if (format.bits_allocated == 16)
    convert<std::uint16_t>(bytes, format, frame, out);
  else
    convert<std::uint32_t>(bytes, format, frame, out);
}

}  // namespace

void decode_frames(const LoadedObject& object, const FramePlace& place) {
  const ObjectHeader& header = object.header;
  DcmDataset& dataset = *object.file->getDataset();
  const auto frame_values = static_cast<std::size_t>(header.rows * header.columns);
  if (is_jpeg2000(dataset.getOriginalXfer())) return decode_jpeg2000_frames(object, place);
  DcmElement* element = nullptr;
  dataset.findAndGetElement(DCM_PixelData, element);
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  const auto fail = [&](const std::string& why) {
    refuse(header.path, {Refusal::unreadable, tag_text(DCM_PixelData), header.transfer_syntax,
                         "the pixels can't be decoded (" + why + ")"});
  };
  if (pixels == nullptr) fail("there are none");
  const std::size_t frame_bytes = frame_values * static_cast<std::size_t>(header.format.bits_allocated / 8);
  std::vector<unsigned char> bytes(frame_bytes + frame_bytes % 2);  // DCMTK asks for an even number
  Uint32 fragment = 0;
  for (std::size_t f = 0; f < header.frames.size(); ++f) {
    OFString colour_model;
    const OFCondition status =
        pixels->getUncompressedFrame(&dataset, static_cast<Uint32>(f), fragment, bytes.data(),
                                     static_cast<Uint32>(bytes.size()), colour_model);
    if (status.bad()) fail(status.text());
    const std::span<float> out = place(f);
    if (!out.empty()) convert(bytes, header.format, header.frames[f], out);
  }
}

}  // namespace genu::io::dicom
