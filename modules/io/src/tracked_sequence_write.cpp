// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/ultrasound/orientation.h>
#include <genu/ultrasound/patient_axes.h>

#include "text_header.h"
#include "tracked_fields.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

using tracked::Format;
using ultrasound::Fields;
using ultrasound::TrackedFrame;
using ultrasound::TrackedPose;
using ultrasound::TrackedSequence;

/// The size of the images.
struct Layout {
  int width = 0, height = 0, channels = 1;
  std::size_t frames = 0;
  std::size_t image_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(channels);
  }
};

const char* between(Format format) {
  return format == Format::meta_image ? " = " : ":=";
}

std::string text_of(const TrackedPose& pose) {
  std::string text;
  for (const double value : pose.rows) text += (text.empty() ? "" : " ") + digits_of(value);
  return text;
}

/// Returns the lines of all frames.
std::string frame_lines(Format format, const TrackedSequence& sequence) {
  std::string text;
  for (std::size_t f = 0; f < sequence.frames.size(); ++f) {
    std::string number = std::to_string(f);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    const auto add = [&](const std::string& name, const std::string& value) {
      text.append(tracked::frame_prefix).append(number).append("_").append(name).append(between(format));
      text.append(tracked::header_value(name, value)).append("\n");
    };
    const TrackedFrame& frame = sequence.frames[f];
    for (const auto& [frames, pose] : frame.poses) {
      const std::string name = tracked::pose_key(format, frames);
      add(name + std::string(tracked::pose_suffix), text_of(pose));
      add(name + std::string(tracked::status_suffix), pose.status);
    }
    for (const auto& [name, value] : frame.fields) add(tracked::frame_key(format, name), value);
    if (!std::isnan(frame.time_s)) add("Timestamp", digits_of(frame.time_s));
    add("ImageStatus", frame.image_status);
  }
  return text;
}

/// Returns the images in the file's orientation, one after the other, and their layout.
std::vector<std::byte> stored_images(const TrackedSequence& sequence, Layout& layout) {
  layout.frames = sequence.frames.size();
  std::vector<std::byte> bytes;
  for (std::size_t f = 0; f < sequence.frames.size(); ++f) {
    const Frame& image = sequence.frames[f].image;
    if (image.empty()) {
      if (layout.image_bytes() > 0)
        throw InvalidInput("cannot write a tracked sequence: frame " + std::to_string(f) +
                           " has no image, and those before have one");
      continue;
    }
    const Frame stored = ultrasound::turned_from_marked_far(image, sequence.orientation);
    if (f == 0) {
      layout.width = stored.width;
      layout.height = stored.height;
      layout.channels = stored.channels;
      bytes.reserve(layout.frames * layout.image_bytes());
    }
    if (stored.width != layout.width || stored.height != layout.height ||
        stored.channels != layout.channels || stored.pixels.size() != layout.image_bytes())
      throw InvalidInput("cannot write a tracked sequence: the image of frame " + std::to_string(f) +
                         " has another size than those before");
    const auto* first = reinterpret_cast<const std::byte*>(stored.pixels.data());
    bytes.insert(bytes.end(), first, first + stored.pixels.size());
  }
  return bytes;
}

std::string size_text(const Layout& layout) {
  return std::to_string(layout.width) + " " + std::to_string(layout.height) + " " +
         std::to_string(layout.frames);
}

std::string field_lines(Format format, const TrackedSequence& sequence) {
  std::string text;
  const auto add = [&](const std::string& key, const std::string& value) {
    text.append(key).append(between(format)).append(tracked::header_value(key, value)).append("\n");
  };
  // Without frames nothing else would say that it is a recording.
  if (sequence.orientation_stated || sequence.frames.empty())
    add(std::string(tracked::orientation_key), sequence.orientation);
  add(std::string(tracked::type_key), sequence.image_type);
  if (sequence.patient_axes_stated && ultrasound::is_of_patient(sequence))
    add(std::string(ultrasound::patient_axes_key), "LPS");
  for (const auto& [key, value] : sequence.fields) add(tracked::header_key(format, key), value);
  return text;
}

[[noreturn]] void refuse_other_format(const std::string& key, const std::string& value) {
  throw InvalidInput("cannot write a tracked sequence: its field " + key + " is '" + value +
                     "', which only the format that it came from can say");
}

[[noreturn]] void refuse_axes(const std::string& key, const std::string& value, std::size_t axes) {
  throw InvalidInput("cannot write a tracked sequence: its field " + key + " is '" + value +
                     "', of more axes than the " + std::to_string(axes) + " of the file");
}

/// Returns the lines that say where the images lie: those that the sequence has kept, or else `usual`.
/// The file has `axes` axes.
std::string placement_lines(Format format, const TrackedSequence& sequence, std::size_t axes,
                            const std::string& usual) {
  if (sequence.placement.empty()) return usual;
  std::string text;
  for (const auto& [key, value] : sequence.placement) {
    if (tracked::kind_of(format, key) != tracked::FieldKind::placement) refuse_other_format(key, value);
    if (tracked::axes_of(key, value) > axes) refuse_axes(key, value, axes);
    text.append(key).append(format == Format::meta_image ? " = " : ": ");
    text.append(tracked::header_value(key, value)).append("\n");
  }
  return text;
}

std::string meta_header(const TrackedSequence& sequence, const Layout& layout, bool compress,
                        std::size_t packed_bytes) {
  constexpr Format format = Format::meta_image;
  return "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n" +
         placement_lines(format, sequence, 3,
                         "AnatomicalOrientation = RAI\nCenterOfRotation = 0 0 0\nElementSpacing = 1 1 1\n"
                         "Offset = 0 0 0\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n") +
         "CompressedData = " +
         (compress ? "True\nCompressedDataSize = " + std::to_string(packed_bytes) : std::string("False")) +
         "\nDimSize = " + size_text(layout) +
         "\nKinds = domain domain list\nElementNumberOfChannels = " + std::to_string(layout.channels) +
         "\nElementType = " + (layout.image_bytes() > 0 ? "MET_UCHAR" : "MET_OTHER") + "\n" +
         field_lines(format, sequence) + frame_lines(format, sequence) + "ElementDataFile = LOCAL\n";
}

std::string nrrd_header(const TrackedSequence& sequence, const Layout& layout, bool compress) {
  constexpr Format format = Format::nrrd;
  const bool colour = layout.channels == 3;
  return "NRRD0004\n# Written by Genu\ntype: unsigned char\ndimension: " + std::string(colour ? "4" : "3") +
         "\nsizes: " + (colour ? "3 " : "") + size_text(layout) + "\nkinds: " + (colour ? "RGB-color " : "") +
         "domain domain list\nencoding: " + (compress ? "gzip" : "raw") + "\n" +
         placement_lines(format, sequence, colour ? 4 : 3, "") + field_lines(format, sequence) +
         frame_lines(format, sequence) + "\n";
}

}  // namespace

void write_tracked_sequence(const fs::path& file, const TrackedSequence& sequence, bool compress) {
  const bool meta = has_extension(file, ".mha");
  if (!meta && !has_extension(file, ".nrrd")) fail_writing(file, "its name ends in neither .mha nor .nrrd");
  Layout layout;
  std::vector<std::byte> bytes = stored_images(sequence, layout);
  const bool pack = compress && layout.image_bytes() > 0;
  if (pack) bytes = deflated(bytes, meta ? Packing::zlib : Packing::gzip, file);
  const std::string header =
      meta ? meta_header(sequence, layout, pack, bytes.size()) : nrrd_header(sequence, layout, pack);
  write_atomically(file, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary);
    out.write(header.data(), static_cast<std::streamsize>(header.size()));
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) fail_writing(file, std::generic_category().message(errno));
  });
}

}  // namespace genu::io
