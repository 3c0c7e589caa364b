// SPDX-License-Identifier: Apache-2.0
// By hand, and not by OpenIGTLink's library, which is the referee in the tests: that of Debian 12 speaks
// protocol 2, without the metadata in which PLUS says that a pose is lost; and it believes what a message
// says of itself (a STATUS of 5 bytes, an IMAGE without pixels or a body of 2^31 bytes make it read beyond
// its memory, a body of 2^32 + 48 bytes passes for one of 48).
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include <genu/network/openigtlink.h>
#include <genu/ultrasound/patient_axes.h>

#include "checksum.h"
#include "message_body.h"
#include "wire.h"

namespace genu::network {

std::string plain_text(std::string_view text) {
  std::string plain(text);
  for (char& c : plain)
    if (static_cast<unsigned char>(c) < 0x20U || c == 0x7F) c = '?';
  return plain;
}

namespace {

using ultrasound::FramePair;
using ultrasound::TrackedPose;

constexpr std::size_t name_letters = 20, element_bytes = 70, image_header_bytes = 72, status_bytes = 30;
constexpr std::size_t transform_bytes = 12 * sizeof(float);
constexpr int ras_axes = 1, lps_axes = 2;  // as an IMAGE says them
constexpr int newest_version = 3;          // of the header; every one after the first has an extended header

void expect_size(std::size_t bytes, std::size_t expected, const std::string& of_what) {
  if (bytes != expected)
    throw InvalidInput("its content has " + std::to_string(bytes) + " bytes, not the " +
                       std::to_string(expected) + " of " + of_what);
}

/// Twelve numbers, column by column, the place last.
std::array<double, 12> read_columns(WireReader& reader) {
  std::array<double, 12> columns{};
  for (double& value : columns) value = static_cast<double>(reader.real());
  return columns;
}

TrackedPose pose_of(const std::array<double, 12>& columns) {
  TrackedPose pose;
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t r = 0; r < 3; ++r) pose.rows[4 * r + c] = columns[3 * c + r];
  return pose;
}

std::optional<FramePair> two_frames(std::optional<FramePair> frames) {
  if (frames && frames->from == frames->to) return std::nullopt;
  return frames;
}

/// Returns a name with '_' for what ends a key in the header of a recording.
std::string without_separators(std::string name) {
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '=' || c == ':' || c == '#'; }, '_');
  return name;
}

/// Returns the frames of "ProbeToTracker", or of "Image_Reference" as PLUS names images.
std::optional<FramePair> frames_of(const std::string& said) {
  const std::string name = without_separators(trimmed(said));
  if (const auto frames = ultrasound::frames_named(name)) return two_frames(frames);
  const std::size_t between = name.find('_');
  if (between == std::string::npos || name.find('_', between + 1) != std::string::npos) return std::nullopt;
  return two_frames(ultrasound::frames_named(name.substr(0, between) + "To" + name.substr(between + 1)));
}

/// Gives a pose the status that was said, or the one that must be thought.
void set_status(TrackedPose& pose, const std::optional<std::string>& said, const ReadingOptions& options) {
  if (said)
    pose.status = *said;
  else if (pose.rows == TrackedPose{}.rows && !options.trust_identity)
    pose.status = "UNKNOWN";
}

LivePoses read_transform(const MessageHeader& header, const Body& body, const ReadingOptions& options) {
  expect_size(body.content().size(), transform_bytes, "a transform");
  WireReader reader(body.content());
  LivePose pose;
  pose.name = body.value("IGTL_DEVICE_NAME").value_or(header.device);
  pose.frames = frames_of(pose.name);
  pose.pose = pose_of(read_columns(reader));
  set_status(pose.pose, status_said(body), options);
  if (pose.frames) ultrasound::turn_patient_axes(*pose.frames, pose.pose);
  return {{std::move(pose)}};
}

/// Returns the whole names of elements, which the metadata know by the element's number.
std::multimap<std::string, std::string> whole_names(const Body& body) {
  constexpr std::string_view suffix = "Index";
  std::multimap<std::string, std::string> names;
  for (const auto& [key, value] : body.metadata())
    if (key.ends_with(suffix)) names.emplace(value, key.substr(0, key.size() - suffix.size()));
  return names;
}

LivePoses read_tracking_data(const Body& body, const ReadingOptions& options) {
  if (body.content().size() % element_bytes != 0)
    throw InvalidInput("its content has " + std::to_string(body.content().size()) +
                       " bytes, not a multiple of " + std::to_string(element_bytes));
  WireReader reader(body.content());
  LivePoses poses;
  const std::size_t count = body.content().size() / element_bytes;
  constexpr std::size_t most_elements = 256;  // trackers know a few dozen tools
  if (count > most_elements)
    throw InvalidInput("it has " + std::to_string(count) + " elements: more than " +
                       std::to_string(most_elements) + " are not believed");
  const auto names = whole_names(body);
  poses.poses.reserve(count);
  for (std::size_t e = 0; e < count; ++e) {
    LivePose pose;
    pose.name = reader.text(name_letters);
    const auto [first, last] = names.equal_range(std::to_string(e));
    const auto whole =
        std::find_if(first, last, [&](const auto& name) { return name.second.starts_with(pose.name); });
    if (whole != last) pose.name = whole->second;
    reader.take(2);  // the kind of instrument, and a reserved byte
    pose.frames = frames_of(pose.name);
    pose.pose = pose_of(read_columns(reader));
    set_status(pose.pose, body.value(pose.name + "Status"), options);
    if (pose.frames) ultrasound::turn_patient_axes(*pose.frames, pose.pose);
    poses.poses.push_back(std::move(pose));
  }
  return poses;
}

LiveStatus read_status(const Body& body) {
  if (body.content().size() < status_bytes)
    throw InvalidInput("its content has " + std::to_string(body.content().size()) +
                       " bytes, fewer than the " + std::to_string(status_bytes) + " of a status");
  WireReader reader(body.content());
  LiveStatus status;
  status.code = reader.number<std::uint16_t>();
  status.subcode = static_cast<std::int64_t>(reader.number<std::uint64_t>());
  status.name = reader.text(name_letters);
  status.text = reader.text(reader.left());
  return status;
}

/// What an IMAGE says before its pixels.
struct ImageHeader {
  int components = 0, scalar_type = 0, axes = 0;
  std::array<std::size_t, 3> size{}, part{}, offset{};
  std::array<double, 12> columns{};
};

ImageHeader read_image_header(WireReader& reader) {
  ImageHeader image;
  reader.number<std::uint16_t>();  // version
  image.components = reader.number<std::uint8_t>();
  image.scalar_type = reader.number<std::uint8_t>();
  reader.number<std::uint8_t>();  // byte order, of no meaning to 8 bits
  image.axes = reader.number<std::uint8_t>();
  for (std::size_t& n : image.size) n = reader.number<std::uint16_t>();
  image.columns = read_columns(reader);
  for (std::size_t& n : image.offset) n = reader.number<std::uint16_t>();
  for (std::size_t& n : image.part) n = reader.number<std::uint16_t>();
  return image;
}

void check(const ImageHeader& image) {
  const auto& [width, height, slices] = image.size;
  const std::string size =
      std::to_string(width) + " x " + std::to_string(height) + " x " + std::to_string(slices);
  constexpr int bytes = 3;  // OpenIGTLink's number for values of 8 bits without sign
  if (image.scalar_type != bytes)
    throw InvalidInput("its pixels have the scalar type " + std::to_string(image.scalar_type) +
                       ", not 3: Genu shows values of 8 bits without sign");
  if (image.components != 1 && image.components != 3)
    throw InvalidInput("its pixels have " + std::to_string(image.components) + " components, not 1 or 3");
  if (width == 0 || height == 0 || slices != 1)
    throw InvalidInput("it is " + size + " pixels, not one slice");
  if (image.part != image.size || image.offset != std::array<std::size_t, 3>{})
    throw InvalidInput("it brings a part of an image of " + size + " pixels, not the whole");
}

/// Returns the transform from pixels: a message says the place of the image's middle, and its columns hold
/// the size of a pixel.
TrackedPose from_pixels(const ImageHeader& image) {
  std::array<double, 12> columns = image.columns;
  const double middle_x = (static_cast<double>(image.size[0]) - 1.0) / 2.0;
  const double middle_y = (static_cast<double>(image.size[1]) - 1.0) / 2.0;
  for (std::size_t r = 0; r < 3; ++r) columns[9 + r] -= columns[r] * middle_x + columns[3 + r] * middle_y;
  // Some senders give a slice no thickness; what leaves the plane does not matter, but must lead out of it.
  if (columns[6] == 0.0 && columns[7] == 0.0 && columns[8] == 0.0) {
    const auto& c = columns;
    const std::array<double, 3> normal{c[1] * c[5] - c[2] * c[4], c[2] * c[3] - c[0] * c[5],
                                       c[0] * c[4] - c[1] * c[3]};
    const double length = std::hypot(normal[0], normal[1], normal[2]);
    if (length > 0.0)
      for (std::size_t r = 0; r < 3; ++r) columns[6 + r] = normal[r] / length;
  }
  return pose_of(columns);
}

std::optional<std::array<double, 16>> matrix_in(std::string_view text) {
  std::array<double, 16> rows{};
  for (double& value : rows) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  }
  if (text.find_first_not_of(' ') != std::string_view::npos) return std::nullopt;
  return rows;
}

/// Returns the pose of a field "ProbeToTrackerTransform"; nothing if it is none.
std::optional<LivePose> pose_beside_image(const Body& body, const std::string& key,
                                          const std::string& value) {
  constexpr std::string_view suffix = "Transform";
  if (!key.ends_with(suffix)) return std::nullopt;
  LivePose pose;
  pose.name = without_separators(trimmed(key.substr(0, key.size() - suffix.size())));
  pose.frames = ultrasound::frames_named(pose.name);
  if (!pose.frames) return std::nullopt;
  const auto rows = matrix_in(value);
  // As in a sequence's file, nothing is known of a pose until its status is said.
  pose.pose.status = rows ? body.value(key + "Status").value_or("MISSING") : "INVALID";
  if (rows) pose.pose.rows = *rows;
  if (pose.frames) ultrasound::turn_patient_axes(*pose.frames, pose.pose);
  return pose;
}

/// Parts the metadata of an image into poses ("ProbeToTrackerTransform", "ProbeToTrackerTransformStatus":
/// PLUS sends all fields of a frame, and poses are such) and other fields, under keys that a file can hold.
void read_fields(const Body& body, LiveImage& image) {
  constexpr std::string_view status_suffix = "TransformStatus";
  for (const auto& [key, value] : body.metadata()) {
    if (key == status_suffix || key == "TransformValid" || key == "Timestamp" || key.empty()) continue;
    if (key == "ImageStatus") {
      image.status = value;
      continue;
    }
    if (const auto pose = pose_beside_image(body, key, value)) {
      if (two_frames(pose->frames)) image.poses.push_back(*pose);  // from a frame to itself nothing is said
      continue;
    }
    std::string plain = without_separators(key);
    if (plain.ends_with(status_suffix) &&
        ultrasound::frames_named(plain.substr(0, plain.size() - status_suffix.size())))
      continue;
    std::replace(plain.begin(), plain.end(), ' ', '_');
    image.fields.emplace_back(std::move(plain), value);
  }
}

/// Refuses axes of the patient that are not known. Other frames have axes of their own.
void check_patient_axes(const ImageHeader& image, const std::optional<FramePair>& frames) {
  if (frames && ultrasound::is_of_patient(*frames) && image.axes != ras_axes && image.axes != lps_axes)
    throw InvalidInput("it leads to the patient in axes of number " + std::to_string(image.axes) +
                       ", neither RAS (1) nor LPS (2)");
}

LiveImage read_image(const MessageHeader& header, const Body& body, const ReadingOptions& options) {
  if (body.content().size() < image_header_bytes)
    throw InvalidInput("its content has " + std::to_string(body.content().size()) +
                       " bytes, fewer than the " + std::to_string(image_header_bytes) +
                       " that say what image it is");
  WireReader reader(body.content());
  const ImageHeader said = read_image_header(reader);
  check(said);
  const std::size_t bytes = said.size[0] * said.size[1] * static_cast<std::size_t>(said.components);
  expect_size(reader.left(), bytes,
              "the pixels of an image of " + std::to_string(said.size[0]) + " x " +
                  std::to_string(said.size[1]) + " x " + std::to_string(said.components));
  LiveImage image;
  image.image = {static_cast<int>(said.size[0]), static_cast<int>(said.size[1]), said.components, {}};
  const auto* pixels = reinterpret_cast<const std::uint8_t*>(reader.take(bytes).data());
  image.image.pixels.assign(pixels, pixels + bytes);
  image.embedded.name = body.value("IGTL_DEVICE_NAME").value_or(header.device);
  image.embedded.frames = frames_of(image.embedded.name);
  image.embedded.pose = from_pixels(said);
  // The embedded transform of PLUS is the identity where a tool is lost, seen before the middle is taken off.
  const bool identity = said.columns == std::array<double, 12>{1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0};
  const auto status = status_said(body);
  if (identity && !status && !options.trust_identity) image.embedded.pose.status = "UNKNOWN";
  set_status(image.embedded.pose, status, options);
  check_patient_axes(said, image.embedded.frames);
  image.axes = said.axes == lps_axes ? "LPS" : "RAS";
  if (image.embedded.frames && said.axes != lps_axes)
    ultrasound::turn_patient_axes(*image.embedded.frames, image.embedded.pose);
  read_fields(body, image);
  return image;
}

LiveContent read_content(const MessageHeader& header, std::span<const std::byte> bytes,
                         const ReadingOptions& options) {
  const auto is = [&](std::string_view type) { return header.type == type; };
  if (!is("IMAGE") && !is("TRANSFORM") && !is("TDATA") && !is("STATUS"))
    return LiveSkipped{header.type, bytes.size()};
  const Body body = parts_of(header.version, bytes);
  if (is("IMAGE")) return read_image(header, body, options);
  if (is("TRANSFORM")) return read_transform(header, body, options);
  if (is("TDATA")) return read_tracking_data(body, options);
  return read_status(body);
}

}  // namespace

MessageHeader read_header(std::span<const std::byte, header_bytes> bytes, const ReadingOptions& options) {
  constexpr std::size_t type_letters = 12;
  WireReader reader(bytes);
  MessageHeader header;
  header.version = reader.number<std::uint16_t>();
  header.type = reader.text(type_letters);
  header.device = reader.text(name_letters);
  const auto time = reader.number<std::uint64_t>();
  header.time_s =
      time == 0 ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(static_cast<double>(time), -32);
  header.body_bytes = reader.number<std::uint64_t>();
  header.checksum = reader.number<std::uint64_t>();
  if (header.version < 1 || header.version > newest_version)
    throw InvalidInput("this is no OpenIGTLink: a header says version " + std::to_string(header.version));
  const bool sound = std::all_of(header.type.begin(), header.type.end(), [](unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!sound || header.type.empty())
    throw InvalidInput("this is no OpenIGTLink: a header says the type '" + header.type + "'");
  if (static_cast<double>(header.body_bytes) > options.most_mb * 1048576.0)
    throw InvalidInput("a " + header.type + " of " + header.device + " says that it has " +
                       std::to_string(header.body_bytes) + " bytes: more than " +
                       std::to_string(static_cast<long long>(options.most_mb)) + " MB are not believed");
  return header;
}

LiveContent read_body(const MessageHeader& header, std::span<const std::byte> body,
                      const ReadingOptions& options) {
  const std::string who = header.type + " " + header.device + ": ";
  if (body.size() != header.body_bytes)
    throw InvalidInput(who + "its body has " + std::to_string(body.size()) + " of " +
                       std::to_string(header.body_bytes) + " bytes");
  if (options.check_checksum && checksum_of(body) != header.checksum)
    throw InvalidInput(who + "its checksum is wrong: it was damaged on its way");
  try {
    return read_content(header, body, options);
  } catch (const InvalidInput& problem) {
    throw InvalidInput(who + problem.what());
  }
}

}  // namespace genu::network
