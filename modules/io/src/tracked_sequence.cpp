// SPDX-License-Identifier: Apache-2.0
// Sequence files by hand, as MetaImage and NRRD are: their fields are PLUS's own (Lasso et al. 2014).
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <string>
#include <utility>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/ultrasound/orientation.h>

#include "text_header.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

using ultrasound::Fields;
using ultrasound::TrackedFrame;
using ultrasound::TrackedPose;
using ultrasound::TrackedSequence;

constexpr std::size_t most_lines = 20'000'000;
constexpr std::string_view frame_prefix = "Seq_Frame";
constexpr std::string_view pose_suffix = "Transform";
constexpr std::string_view status_suffix = "TransformStatus";
constexpr std::string_view orientation_key = "UltrasoundImageOrientation";
constexpr std::string_view type_key = "UltrasoundImageType";

/// The size of the images, and where they are.
struct Layout {
  int width = 0, height = 0, channels = 1;
  std::size_t frames = 0;
  VoxelPlace place;
  std::size_t image_bytes() const {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(channels);
  }
};

[[noreturn]] void refuse(const fs::path& file, const std::string& key, const std::string& value,
                         const std::string& why) {
  fail_reading(file, "its field " + key + " is '" + value + "', " + why);
}

/// Returns whole numbers from 0 up, or refuses the field.
std::vector<std::size_t> counts_in(const fs::path& file, const std::string& field, const std::string& value) {
  const auto numbers = numbers_in(value);
  std::vector<std::size_t> counts;
  constexpr double most = 1e9;
  for (const double n : numbers.value_or(std::vector<double>{-1.0})) {
    if (!(n >= 0.0) || n > most || n != std::floor(n)) refuse(file, field, value, "not whole numbers");
    counts.push_back(static_cast<std::size_t>(n));
  }
  return counts;
}

TrackedPose& pose_named(TrackedFrame& frame, const ultrasound::FramePair& frames) {
  const auto [place, is_new] = frame.poses.try_emplace(frames);
  // Until a status says otherwise nothing is known of it.
  if (is_new) place->second.status = "MISSING";
  return place->second;
}

void read_frame_field(const fs::path& file, const std::string& key, std::string_view name,
                      const std::string& value, TrackedFrame& frame) {
  if (name == "Timestamp") {
    const auto numbers = numbers_in(value);
    if (!numbers || numbers->size() != 1) refuse(file, key, value, "not a time in seconds");
    frame.time_s = numbers->front();
    return;
  }
  if (name == "ImageStatus") {
    frame.image_status = value;
    return;
  }
  for (const std::string_view suffix : {status_suffix, pose_suffix}) {
    if (!name.ends_with(suffix)) continue;
    const auto frames = ultrasound::frames_named(name.substr(0, name.size() - suffix.size()));
    if (!frames) break;
    TrackedPose& pose = pose_named(frame, *frames);
    if (suffix == status_suffix) {
      pose.status = value;
      return;
    }
    const auto numbers = numbers_in(value);
    if (!numbers || numbers->size() != pose.rows.size()) refuse(file, key, value, "not 16 numbers");
    std::copy(numbers->begin(), numbers->end(), pose.rows.begin());
    return;
  }
  frame.fields.emplace_back(std::string(name), value);
}

/// Puts a field into its frame; returns false if it is none of a frame.
bool read_if_of_frame(const fs::path& file, const std::string& key, const std::string& value,
                      std::vector<TrackedFrame>& frames) {
  if (!key.starts_with(frame_prefix)) return false;
  std::size_t number = 0;
  const char* begin = key.data() + frame_prefix.size();
  const char* end = key.data() + key.size();
  const auto [after, error] = std::from_chars(begin, end, number);
  if (error != std::errc() || after == end || *after != '_') return false;
  if (number >= frames.size())
    fail_reading(file, "its field " + key + " is of a frame that it does not have: it has " +
                           std::to_string(frames.size()));
  read_frame_field(file, key, std::string_view(after + 1, static_cast<std::size_t>(end - after - 1)), value,
                   frames[number]);
  return true;
}

void read_images(const fs::path& file, const Layout& layout, TrackedSequence& sequence) {
  if (layout.image_bytes() == 0) return;
  const std::vector<std::byte> bytes =
      read_values(file, layout.frames * layout.image_bytes(), 1, layout.place);
  for (std::size_t f = 0; f < layout.frames; ++f) {
    Frame stored{layout.width, layout.height, layout.channels, {}};
    stored.pixels.resize(layout.image_bytes());
    std::memcpy(stored.pixels.data(), bytes.data() + f * layout.image_bytes(), layout.image_bytes());
    try {
      sequence.frames[f].image = ultrasound::turned_to_marked_far(stored, sequence.orientation);
    } catch (const InvalidInput& problem) {
      fail_reading(file, problem.what());
    }
  }
}

/// Reads what PLUS adds to a header, whatever the format. `is_own` tells the fields of the format.
TrackedSequence read_sequence(const fs::path& file, const HeaderLines& header, const Layout& layout,
                              bool (*is_own)(const std::string& key)) {
  TrackedSequence sequence;
  sequence.orientation = "MFA";
  sequence.frames.resize(layout.frames);
  for (TrackedFrame& frame : sequence.frames)
    frame.image_status = layout.image_bytes() > 0 ? "OK" : "INVALID";
  for (const auto& [key, value] : header.lines) {
    if (read_if_of_frame(file, key, value, sequence.frames)) continue;
    if (key == orientation_key)
      sequence.orientation = value;
    else if (key == type_key)
      sequence.image_type = value;
    else if (!is_own(lower(key)))
      sequence.fields.emplace_back(key, value);
  }
  read_images(file, layout, sequence);
  return sequence;
}

std::string value_of(const HeaderLines& header, std::string_view key) {
  for (const auto& [name, value] : header.lines)
    if (lower(name) == key) return value;
  return {};
}

int checked_size(const fs::path& file, std::size_t size) {
  constexpr std::size_t most = 1U << 15U;
  if (size > most) fail_reading(file, "its images are " + std::to_string(size) + " pixels wide or high");
  return static_cast<int>(size);
}

constexpr std::array meta_fields{"objecttype",
                                 "ndims",
                                 "anatomicalorientation",
                                 "binarydata",
                                 "binarydatabyteordermsb",
                                 "elementbyteordermsb",
                                 "centerofrotation",
                                 "compresseddata",
                                 "compresseddatasize",
                                 "dimsize",
                                 "kinds",
                                 "elementnumberofchannels",
                                 "elementspacing",
                                 "elementtype",
                                 "offset",
                                 "transformmatrix",
                                 "elementdatafile"};

TrackedSequence read_meta_sequence(const fs::path& file) {
  const HeaderLines header = read_header_lines(
      file, '=', [](const std::string& key, bool) { return key == "elementdatafile"; }, most_lines);
  if (lower(value_of(header, "elementdatafile")) != "local")
    refuse(file, "ElementDataFile", value_of(header, "elementdatafile"), "not LOCAL: a sequence is one file");
  Layout layout;
  const auto sizes = counts_in(file, "DimSize", value_of(header, "dimsize"));
  if (sizes.size() != 3 && !(sizes.size() == 4 && sizes[2] == 1))
    refuse(file, "DimSize", value_of(header, "dimsize"), "not width, height and number of frames");
  layout.width = checked_size(file, sizes[0]);
  layout.height = checked_size(file, sizes[1]);
  layout.frames = sizes.back();
  if (const std::string channels = value_of(header, "elementnumberofchannels"); !channels.empty()) {
    if (channels != "1" && channels != "3") refuse(file, "ElementNumberOfChannels", channels, "not 1 or 3");
    layout.channels = channels == "3" ? 3 : 1;
  }
  const std::string type = value_of(header, "elementtype");
  if (layout.image_bytes() > 0 && type != "MET_UCHAR")
    refuse(file, "ElementType", type, "not MET_UCHAR: Genu reads images of 8 bits");
  layout.place.data = file;
  layout.place.offset = header.bytes;
  layout.place.compressed = lower(value_of(header, "compresseddata")) == "true";
  return read_sequence(file, header, layout, [](const std::string& key) {
    return std::find(meta_fields.begin(), meta_fields.end(), key) != meta_fields.end();
  });
}

constexpr std::array nrrd_fields{"type",   "dimension",        "space",        "space dimension", "sizes",
                                 "kinds",  "space directions", "space origin", "space units",     "encoding",
                                 "endian", "measurement frame"};

TrackedSequence read_nrrd_sequence(const fs::path& file) {
  HeaderLines header = read_header_lines(
      file, ':', [](const std::string&, bool blank) { return blank; }, most_lines);
  // A key of the user's has ":=" between it and its value.
  for (auto& [key, value] : header.lines)
    if (value.starts_with('='))
      value.erase(0, value.find_first_not_of(" \t", 1) == std::string::npos
                         ? value.size()
                         : value.find_first_not_of(" \t", 1));
  Layout layout;
  const std::string sizes_text = value_of(header, "sizes");
  std::vector<std::size_t> sizes = counts_in(file, "sizes", sizes_text);
  const std::string kinds = lower(value_of(header, "kinds"));
  if (kinds.starts_with("rgb-color") || kinds.starts_with("vector")) {
    if (sizes.empty() || (sizes.front() != 1 && sizes.front() != 3))
      refuse(file, "sizes", sizes_text, "with other than 1 or 3 channels");
    layout.channels = static_cast<int>(sizes.front());
    sizes.erase(sizes.begin());
  }
  if (sizes.size() != 3 && !(sizes.size() == 4 && sizes[2] == 1))
    refuse(file, "sizes", sizes_text, "not width, height and number of frames");
  if (!kinds.ends_with("list")) refuse(file, "kinds", value_of(header, "kinds"), "whose last is not list");
  layout.width = checked_size(file, sizes[0]);
  layout.height = checked_size(file, sizes[1]);
  layout.frames = sizes.back();
  const std::string type = lower(value_of(header, "type"));
  constexpr std::array names{"unsigned char", "uchar", "uint8", "uint8_t"};
  if (layout.image_bytes() > 0 && std::find(names.begin(), names.end(), type) == names.end())
    refuse(file, "type", value_of(header, "type"), "not unsigned char: Genu reads images of 8 bits");
  const std::string encoding = lower(value_of(header, "encoding"));
  layout.place.data = file;
  layout.place.offset = header.bytes;
  layout.place.compressed = encoding == "gzip" || encoding == "gz";
  if (!layout.place.compressed && encoding != "raw")
    refuse(file, "encoding", value_of(header, "encoding"), "not raw or gzip");
  return read_sequence(file, header, layout, [](const std::string& key) {
    return std::find(nrrd_fields.begin(), nrrd_fields.end(), key) != nrrd_fields.end();
  });
}

/// Refuses what would not be one line of a header.
const std::string& one_line(const std::string& text) {
  if (text.find_first_of("\r\n") != std::string::npos)
    throw InvalidInput("cannot write a tracked sequence: the text '" + text + "' has a line break");
  return text;
}

std::string text_of(const TrackedPose& pose) {
  std::string text;
  for (const double value : pose.rows) text += (text.empty() ? "" : " ") + digits_of(value);
  return text;
}

/// Returns the lines of all frames, keys and values joined by `between`.
std::string frame_lines(const TrackedSequence& sequence, const std::string& between) {
  std::string text;
  for (std::size_t f = 0; f < sequence.frames.size(); ++f) {
    std::string number = std::to_string(f);
    number.insert(0, number.size() < 4 ? 4 - number.size() : 0, '0');
    const auto add = [&](const std::string& name, const std::string& value) {
      text.append(frame_prefix).append(number).append("_").append(one_line(name)).append(between);
      text.append(one_line(value)).append("\n");
    };
    const TrackedFrame& frame = sequence.frames[f];
    for (const auto& [frames, pose] : frame.poses) {
      add(name_of(frames) + std::string(pose_suffix), text_of(pose));
      add(name_of(frames) + std::string(status_suffix), pose.status);
    }
    for (const auto& [name, value] : frame.fields) add(name, value);
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

std::string field_lines(const TrackedSequence& sequence, const std::string& between) {
  std::string text = std::string(orientation_key) + between + one_line(sequence.orientation) + "\n" +
                     std::string(type_key) + between + one_line(sequence.image_type) + "\n";
  for (const auto& [key, value] : sequence.fields) text += one_line(key) + between + one_line(value) + "\n";
  return text;
}

std::string meta_header(const TrackedSequence& sequence, const Layout& layout, bool compress,
                        std::size_t packed_bytes) {
  return "ObjectType = Image\nNDims = 3\nAnatomicalOrientation = RAI\nBinaryData = True\n"
         "BinaryDataByteOrderMSB = False\nCenterOfRotation = 0 0 0\nCompressedData = " +
         std::string(compress ? "True\nCompressedDataSize = " + std::to_string(packed_bytes) : "False") +
         "\nDimSize = " + size_text(layout) +
         "\nKinds = domain domain list\nElementNumberOfChannels = " + std::to_string(layout.channels) +
         "\nElementSpacing = 1 1 1\nElementType = " + (layout.image_bytes() > 0 ? "MET_UCHAR" : "MET_OTHER") +
         "\nOffset = 0 0 0\nTransformMatrix = 1 0 0 0 1 0 0 0 1\n" + field_lines(sequence, " = ") +
         frame_lines(sequence, " = ") + "ElementDataFile = LOCAL\n";
}

std::string nrrd_header(const TrackedSequence& sequence, const Layout& layout, bool compress) {
  const bool colour = layout.channels == 3;
  return "NRRD0004\n# Written by Genu\ntype: unsigned char\ndimension: " + std::string(colour ? "4" : "3") +
         "\nsizes: " + (colour ? "3 " : "") + size_text(layout) + "\nkinds: " + (colour ? "RGB-color " : "") +
         "domain domain list\nencoding: " + (compress ? "gzip" : "raw") + "\n" + field_lines(sequence, ":=") +
         frame_lines(sequence, ":=") + "\n";
}

}  // namespace

TrackedSequence read_tracked_sequence(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) fail_reading(file, "there is no such file");
  std::array<char, 4> magic{};
  std::ifstream(file, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "NRRD" ? read_nrrd_sequence(file)
                                                                : read_meta_sequence(file);
}

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
