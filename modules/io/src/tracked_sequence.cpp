// SPDX-License-Identifier: Apache-2.0
// Sequence files by hand, as MetaImage and NRRD are: their fields are PLUS's own (Lasso et al. 2014).
#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/ultrasound/orientation.h>
#include <genu/ultrasound/patient_axes.h>

#include "text_header.h"
#include "tracked_fields.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

using tracked::FieldKind;
using tracked::Format;
using ultrasound::TrackedFrame;
using ultrasound::TrackedPose;
using ultrasound::TrackedSequence;

constexpr std::size_t most_lines = 20'000'000;

/// The size of the images, and where they are.
struct Layout {
  int width = 0, height = 0, channels = 1;
  std::size_t frames = 0;
  bool four_axes = false;  // in the file, one of them of length 1
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
  for (const std::string_view suffix : {tracked::status_suffix, tracked::pose_suffix}) {
    if (!name.ends_with(suffix)) continue;
    const auto frames = ultrasound::frames_named(name.substr(0, name.size() - suffix.size()));
    if (!frames) break;
    TrackedPose& pose = pose_named(frame, *frames);
    if (suffix == tracked::status_suffix) {
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

/// Makes the frames, once it is sure that the file has them: what a damaged header promises takes memory.
std::vector<TrackedFrame> frames_of(const fs::path& file, const HeaderLines& header, const Layout& layout) {
  constexpr std::size_t most_without_lines = 100'000;  // an hour of images that nothing is said of
  const auto lines =
      static_cast<std::size_t>(std::count_if(header.lines.begin(), header.lines.end(), [](const auto& line) {
        return tracked::frame_field(line.first).has_value();
      }));
  const bool images = layout.image_bytes() > 0;
  if (layout.frames > lines && (!images || layout.frames > most_without_lines))
    fail_reading(file, "it says that it has " + std::to_string(layout.frames) + " frames, and has only " +
                           std::to_string(lines) + " lines Seq_Frame..." + (images ? "" : ", and no images"));
  if (images) refuse_if_short(file, layout.frames * layout.image_bytes(), layout.place);
  std::vector<TrackedFrame> frames(layout.frames);
  for (TrackedFrame& frame : frames) frame.image_status = images ? "OK" : "INVALID";
  return frames;
}

/// Puts a field into its frame; returns false if it is none of a frame.
bool read_if_of_frame(const fs::path& file, const std::string& key, const std::string& value,
                      std::vector<TrackedFrame>& frames) {
  const auto field = tracked::frame_field(key);
  if (!field) return false;
  if (field->first >= frames.size())
    fail_reading(file, "its field " + key + " is of a frame that it does not have: it has " +
                           std::to_string(frames.size()));
  read_frame_field(file, key, field->second, value, frames[field->first]);
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

/// Keeps where the file says its images lie, unless that is the usual.
void keep_placement(const Layout& layout, ultrasound::Fields&& placement, TrackedSequence& sequence) {
  const auto odd = std::find_if(placement.begin(), placement.end(), [](const auto& field) {
    return !tracked::is_usual_placement(field.first, field.second);
  });
  if (odd == placement.end()) return;
  if (layout.four_axes)
    sequence.remarks.push_back("its field " + odd->first + " is '" + odd->second +
                               "', of four axes: Genu writes three, and refuses to write this recording");
  sequence.placement = std::move(placement);
}

/// Makes the patient's axes LPS, as they are in all of Genu, whatever the file says that they are.
void settle_patient_axes(const fs::path& file, const std::optional<std::string>& axes,
                         TrackedSequence& sequence) {
  if (!ultrasound::is_of_patient(sequence) || axes == "LPS") return;
  const std::string key(ultrasound::patient_axes_key);
  if (!axes) {
    sequence.patient_axes_stated = false;
    sequence.remarks.push_back("it has no field " + key +
                               ": the axes of Patient are not stated and taken as LPS");
    return;
  }
  if (axes != "RAS") refuse(file, key, *axes, "neither LPS nor RAS");
  for (TrackedFrame& frame : sequence.frames)
    for (auto& [frames, pose] : frame.poses) ultrasound::turn_patient_axes(frames, pose);
}

/// Reads what PLUS adds to a header, whatever the format.
TrackedSequence read_sequence(const fs::path& file, Format format, const HeaderLines& header,
                              const Layout& layout) {
  TrackedSequence sequence;
  sequence.frames = frames_of(file, header, layout);
  sequence.image_type = layout.channels == 3 ? tracked::colour_type : tracked::grey_type;
  ultrasound::Fields placement;
  std::optional<std::string> patient_axes;
  bool of_frames = false, oriented = false;
  for (const auto& [key, value] : header.lines) {
    if (read_if_of_frame(file, key, value, sequence.frames)) {
      of_frames = true;
    } else if (key == tracked::orientation_key) {
      sequence.orientation = value;
      oriented = true;
    } else if (key == ultrasound::patient_axes_key) {
      patient_axes = value;
    } else if (key == tracked::type_key) {
      sequence.image_type = value;
    } else if (const FieldKind kind = tracked::kind_of(format, key); kind == FieldKind::placement) {
      placement.emplace_back(key, value);
    } else if (kind == FieldKind::other) {
      sequence.fields.emplace_back(key, value);
    }
  }
  // PLUS's volumes have the kinds of a list too.
  if (!of_frames && !oriented)
    fail_reading(file, "it is no tracked recording: it has neither fields Seq_Frame... nor a field " +
                           std::string(tracked::orientation_key));
  if (!oriented) {
    sequence.orientation = "MFA";
    sequence.orientation_stated = false;
    if (layout.image_bytes() > 0)
      sequence.remarks.push_back("it has no field " + std::string(tracked::orientation_key) +
                                 ": its images are taken for MFA, marked and far");
  }
  settle_patient_axes(file, patient_axes, sequence);
  keep_placement(layout, std::move(placement), sequence);
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

bool is_true(const std::string& value) {
  return lower(value) == "true" || value == "1";
}

/// Refuses a number of axes that is not that of the sizes.
void check_axes(const fs::path& file, const std::string& field, const std::string& value, std::size_t axes) {
  const auto stated = counts_in(file, field, value);
  if (stated.size() != 1 || stated.front() != axes)
    refuse(file, field, value, "not the number of its sizes, " + std::to_string(axes));
}

/// Returns where the images are, refusing what is not read.
VoxelPlace meta_place(const fs::path& file, const HeaderLines& header) {
  if (const std::string binary = value_of(header, "binarydata"); !binary.empty() && !is_true(binary))
    refuse(file, "BinaryData", binary, "not True: Genu reads no images that are text");
  if (const std::string bytes = value_of(header, "headersize"); !bytes.empty() && bytes != "0")
    refuse(file, "HeaderSize", bytes, "not 0");
  VoxelPlace place;
  place.data = file;
  place.offset = header.bytes;
  place.compressed = is_true(value_of(header, "compresseddata"));
  if (const std::string bytes = value_of(header, "compresseddatasize"); place.compressed && !bytes.empty()) {
    const auto numbers = numbers_in(bytes);
    if (!numbers || numbers->size() != 1 || !(numbers->front() >= 0.0) || numbers->front() > 1e15)
      refuse(file, "CompressedDataSize", bytes, "not a number of bytes");
    place.compressed_bytes = static_cast<std::size_t>(numbers->front());
  }
  return place;
}

TrackedSequence read_meta_sequence(const fs::path& file) {
  const HeaderLines header = read_header_lines(
      file, '=', [](const std::string& key, bool) { return key == "elementdatafile"; }, most_lines);
  if (std::none_of(header.lines.begin(), header.lines.end(),
                   [](const auto& line) { return lower(line.first) == "elementdatafile"; }))
    fail_reading(file, "it has no header of NRRD, nor one of MetaImage, which ends with ElementDataFile");
  if (lower(value_of(header, "elementdatafile")) != "local")
    refuse(file, "ElementDataFile", value_of(header, "elementdatafile"), "not LOCAL: a sequence is one file");
  Layout layout;
  const auto sizes = counts_in(file, "DimSize", value_of(header, "dimsize"));
  if (sizes.size() != 3 && !(sizes.size() == 4 && sizes[2] == 1))
    refuse(file, "DimSize", value_of(header, "dimsize"), "not width, height and number of frames");
  check_axes(file, "NDims", value_of(header, "ndims"), sizes.size());
  layout.width = checked_size(file, sizes[0]);
  layout.height = checked_size(file, sizes[1]);
  layout.frames = sizes.back();
  layout.four_axes = sizes.size() == 4;
  if (const std::string channels = value_of(header, "elementnumberofchannels"); !channels.empty()) {
    if (channels != "1" && channels != "3") refuse(file, "ElementNumberOfChannels", channels, "not 1 or 3");
    layout.channels = channels == "3" ? 3 : 1;
  }
  const std::string type = value_of(header, "elementtype");
  if (layout.image_bytes() > 0 && type != "MET_UCHAR")
    refuse(file, "ElementType", type, "not MET_UCHAR: Genu reads images of 8 bits");
  layout.place = meta_place(file, header);
  return read_sequence(file, Format::meta_image, header, layout);
}

/// Refuses data that do not begin right behind the header.
void check_nrrd_place(const fs::path& file, const HeaderLines& header) {
  for (const char* field : {"line skip", "lineskip", "byte skip", "byteskip"})
    if (const std::string value = value_of(header, field); !value.empty() && value != "0")
      refuse(file, field, value, "not 0");
  for (const char* field : {"data file", "datafile"})
    if (const std::string value = value_of(header, field); !value.empty())
      refuse(file, field, value, "another file: a sequence is one file");
}

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
  check_axes(file, "dimension", value_of(header, "dimension"), sizes.size());
  check_nrrd_place(file, header);
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
  layout.four_axes = sizes.size() == 4;
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
  return read_sequence(file, Format::nrrd, header, layout);
}

}  // namespace

TrackedSequence read_tracked_sequence(const fs::path& file) {
  std::error_code error;
  if (fs::is_directory(file, error)) fail_reading(file, "it is a folder");
  if (!fs::is_regular_file(file, error)) fail_reading(file, "there is no such file");
  if (fs::is_empty(file, error)) fail_reading(file, "it is empty");
  std::array<char, 4> magic{};
  std::ifstream(file, std::ios::binary).read(magic.data(), magic.size());
  return std::string_view(magic.data(), magic.size()) == "NRRD" ? read_nrrd_sequence(file)
                                                                : read_meta_sequence(file);
}

}  // namespace genu::io
