// SPDX-License-Identifier: Apache-2.0
// Pictures through VTK, which io uses anyway. Sizes are read first, because VTK makes the memory that a
// header asks for.
#include "picture_file.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkImageData.h>
#include <vtkJPEGReader.h>
#include <vtkNew.h>
#include <vtkPNGReader.h>

#include <genu/core/error.h>
#include <genu/io/files.h>

#include "dicom_codestream.h"

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using ultrasound::UltrasoundClip;

constexpr std::string_view png_start("\x89PNG\r\n\x1a\n", 8);
constexpr std::string_view jpeg_start("\xff\xd8\xff", 3);
constexpr std::string_view png_end("IEND");
constexpr std::string_view jpeg_end("\xff\xd9", 2);

[[noreturn]] void refuse_picture(const fs::path& file, const std::string& why) {
  throw IoError(file.string() + ": " + why);
}

struct PictureHeader {
  std::int64_t width = 0, height = 0, channels = 0, bits = 0;
};

/// The IHDR chunk comes first (ISO/IEC 15948, 11.2.2).
std::optional<PictureHeader> png_header(std::string_view bytes) {
  if (bytes.size() < 26 || bytes.substr(12, 4) != "IHDR") return {};
  const auto number = [&](std::size_t at) {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + 4; ++i) value = 256 * value + static_cast<unsigned char>(bytes[i]);
    return value;
  };
  return PictureHeader{number(16), number(20), 4, bytes[24]};
}

std::optional<PictureHeader> jpeg_picture_header(std::string_view bytes) {
  const auto header = dicom::jpeg_header(dicom::Bytes(bytes.begin(), bytes.end()));
  if (!header) return {};
  return PictureHeader{header->width, header->height, header->components, header->bits};
}

/// Decodes the bytes; nothing if the decoder complains.
template <typename Reader>
std::optional<Frame> decoded(std::string_view bytes) {
  vtkNew<Reader> reader;
  bool failed = false;
  vtkNew<vtkCallbackCommand> note;  // also keeps VTK from printing
  note->SetClientData(&failed);
  note->SetCallback([](vtkObject*, unsigned long, void* flag, void*) { *static_cast<bool*>(flag) = true; });
  reader->AddObserver(vtkCommand::ErrorEvent, note);
  reader->AddObserver(vtkCommand::WarningEvent, note);
  reader->SetMemoryBuffer(const_cast<char*>(bytes.data()));
  reader->SetMemoryBufferLength(static_cast<vtkIdType>(bytes.size()));
  reader->Update();
  vtkImageData& image = *reader->GetOutput();
  if (failed || image.GetNumberOfPoints() < 1 || image.GetScalarType() != VTK_UNSIGNED_CHAR) return {};
  const int stored = image.GetNumberOfScalarComponents();
  Frame frame{image.GetDimensions()[0], image.GetDimensions()[1], stored < 3 ? 1 : 3, {}};
  frame.pixels.reserve(frame.pixel_count() * static_cast<std::size_t>(frame.channels));
  for (int y = frame.height - 1; y >= 0; --y)  // VTK's rows run from the bottom
    for (int x = 0; x < frame.width; ++x) {
      const auto* value = static_cast<const std::uint8_t*>(image.GetScalarPointer(x, y, 0));
      frame.pixels.insert(frame.pixels.end(), value, value + frame.channels);
    }
  return frame;
}

}  // namespace

bool is_picture_file(const fs::path& file) {
  std::array<char, 8> start{};
  std::ifstream in(file, std::ios::binary);
  in.read(start.data(), start.size());
  const std::string_view bytes(start.data(), static_cast<std::size_t>(in.gcount()));
  return bytes.starts_with(png_start) || bytes.starts_with(jpeg_start);
}

UltrasoundClip read_picture_file(const fs::path& file, std::int64_t max_bytes) {
  const std::string bytes = read_text(file);
  const bool png = bytes.starts_with(png_start);
  const auto header = png ? png_header(bytes) : jpeg_picture_header(bytes);
  if (!header || header->width < 1 || header->height < 1)
    refuse_picture(file, "the header of the picture is damaged");
  if (header->bits > 8 || header->channels == 0 || (!png && header->channels != 1 && header->channels != 3))
    refuse_picture(file, "its values are of " + std::to_string(header->bits) + " bits, " +
                             std::to_string(header->channels) + " a pixel: only pictures of 8 bits are read");
  if (static_cast<double>(header->width) * static_cast<double>(header->height) *
          static_cast<double>(header->channels) >
      static_cast<double>(max_bytes))
    refuse_picture(file, "its size of " + std::to_string(header->width) + " x " +
                             std::to_string(header->height) + " pixels is larger than is allowed");
  // What is cut off would be grey, or missing, without any complaint.
  if (bytes.rfind(png ? png_end : jpeg_end) == std::string::npos)
    refuse_picture(file, "the picture is cut off");
  auto frame = png ? decoded<vtkPNGReader>(bytes) : decoded<vtkJPEGReader>(bytes);
  if (!frame || frame->width != header->width || frame->height != header->height)
    refuse_picture(file, "the picture is damaged");
  UltrasoundClip clip;
  clip.origin.kind = png ? "PNG" : "JPEG";
  clip.encoding = clip.origin.kind;
  clip.photometric = frame->channels == 1 ? "grey" : "RGB";
  clip.lossy = !png;
  clip.times_s = {0.0};
  clip.time_source = "one frame";
  clip.frames.push_back(*std::move(frame));
  return clip;
}

}  // namespace genu::io
