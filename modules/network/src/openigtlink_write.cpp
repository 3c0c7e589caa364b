// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include <genu/network/openigtlink.h>
#include <genu/ultrasound/patient_axes.h>

#include "checksum.h"
#include "wire.h"

namespace genu::network {
namespace {

using ultrasound::Fields;
using ultrasound::TrackedPose;

constexpr std::size_t type_letters = 12, name_letters = 20;
constexpr std::uint16_t extended_bytes = 12;
constexpr std::size_t most_pixels = std::numeric_limits<std::uint16_t>::max();

/// Returns seconds with 32 bits after the point. 0 would mean that the time is not known: it becomes the
/// least there is.
std::uint64_t stamp_of(double time_s) {
  if (std::isnan(time_s)) return 0;
  if (!(time_s >= 0.0) || time_s >= 4294967296.0)
    throw InvalidInput("OpenIGTLink can't say the time " + std::to_string(time_s) +
                       " s: it goes from 0 to 2^32");
  const double seconds = std::floor(time_s);
  const auto fraction = static_cast<std::uint64_t>(std::llround(std::ldexp(time_s - seconds, 32)));
  const std::uint64_t stamp = (static_cast<std::uint64_t>(seconds) << 32U) + fraction;
  return stamp == 0 ? 1 : stamp;
}

void write_metadata(const Fields& fields, WireWriter& writer) {
  constexpr std::uint16_t us_ascii = 3;  // IANA's number of the encoding
  writer.number(static_cast<std::uint16_t>(fields.size()));
  for (const auto& [key, value] : fields) {
    writer.number(static_cast<std::uint16_t>(key.size()));
    writer.number(us_ascii);
    writer.number(static_cast<std::uint32_t>(value.size()));
  }
  for (const auto& [key, value] : fields) {
    writer.raw(key);
    writer.raw(value);
  }
}

/// Returns how many bytes the metadata's texts have.
std::size_t letters_of(const Fields& fields) {
  constexpr std::size_t most_fields = 8000, most_letters = 60000;  // their numbers have 16 bits
  std::size_t letters = 0;
  for (const auto& [key, value] : fields) {
    if (key.size() > most_letters || fields.size() > most_fields)
      throw InvalidInput("OpenIGTLink can't say so many fields, or the field '" +
                         key.substr(0, name_letters) + "'");
    letters += key.size() + value.size();
  }
  return letters;
}

void write_extended_header(const Fields& fields, WireWriter& message) {
  message.number(extended_bytes);
  message.number(static_cast<std::uint16_t>(2 + 8 * fields.size()));
  message.number(static_cast<std::uint32_t>(letters_of(fields)));
  message.number(std::uint32_t{0});  // the message's number, which nobody asks for
}

std::vector<std::byte> message_of(const std::string& type, const std::string& device, double time_s,
                                  std::span<const std::byte> content, const Fields& fields, int version) {
  const bool extended = version >= 2;
  const std::size_t extra = extended ? extended_bytes + 2 + 8 * fields.size() + letters_of(fields) : 0;
  WireWriter message;
  message.reserve(header_bytes + content.size() + extra);
  message.number(static_cast<std::uint16_t>(extended ? 2 : 1));
  message.text(type, type_letters);
  message.text(device, name_letters);
  message.number(stamp_of(time_s));
  message.number(static_cast<std::uint64_t>(content.size() + extra));
  message.number(std::uint64_t{0});  // the checksum, which is not known yet
  if (extended) write_extended_header(fields, message);
  message.raw(content);
  if (extended) write_metadata(fields, message);
  std::vector<std::byte> bytes = std::move(message.bytes());
  const std::uint64_t checksum = checksum_of(std::span(bytes).subspan(header_bytes));
  for (std::size_t b = 0; b < 8; ++b)
    bytes[header_bytes - 1 - b] = static_cast<std::byte>((checksum >> (8U * b)) & 0xFFU);
  return bytes;
}

void write_columns(const TrackedPose& pose, WireWriter& writer) {
  for (std::size_t c = 0; c < 4; ++c)
    for (std::size_t r = 0; r < 3; ++r) writer.real(pose.rows[4 * r + c]);
}

/// Returns a pose as it travels: the patient's axes are RAS there.
TrackedPose on_the_wire(const LivePose& pose) {
  TrackedPose turned = pose.pose;
  const auto frames = pose.frames ? pose.frames : ultrasound::frames_named(pose.name);
  if (frames) ultrasound::turn_patient_axes(*frames, turned);
  return turned;
}

std::vector<std::byte> transform_message(const LivePose& pose, double time_s, int version) {
  WireWriter content;
  write_columns(on_the_wire(pose), content);
  Fields fields{{"TransformStatus", pose.pose.status},
                {"TransformValid", pose.pose.status == "OK" ? "true" : "false"}};
  if (pose.name.size() > name_letters) fields.emplace_back("IGTL_DEVICE_NAME", pose.name);
  return message_of("TRANSFORM", pose.name, time_s, content.bytes(), fields, version);
}

std::vector<std::byte> tracking_message(const std::string& device, const std::vector<LivePose>& poses,
                                        double time_s, int version) {
  WireWriter content;
  Fields fields;
  for (std::size_t e = 0; e < poses.size(); ++e) {
    content.text(poses[e].name, name_letters);
    content.number(std::uint8_t{2});  // an instrument with a place and a direction
    content.number(std::uint8_t{0});
    write_columns(on_the_wire(poses[e]), content);
    fields.emplace_back(poses[e].name + "Index", std::to_string(e));
    fields.emplace_back(poses[e].name + "Status", poses[e].pose.status);
  }
  return message_of("TDATA", device, time_s, content.bytes(), fields, version);
}

std::vector<std::byte> poses_messages(const LiveMessage& message, const LivePoses& poses,
                                      const WritingOptions& options) {
  std::vector<LivePose> said;
  for (const LivePose& pose : poses.poses)
    if (options.version >= 2 || pose.pose.status == "OK") said.push_back(pose);
  if (said.empty()) return {};
  if (options.tracking_data) return tracking_message(message.device, said, message.time_s, options.version);
  std::vector<std::byte> all;
  for (const LivePose& pose : said) {
    const auto one = transform_message(pose, message.time_s, options.version);
    all.insert(all.end(), one.begin(), one.end());
  }
  return all;
}

std::vector<std::byte> image_message(const LiveMessage& message, const LiveImage& live, int version) {
  const Frame& image = live.image;
  const auto width = static_cast<std::size_t>(image.width), height = static_cast<std::size_t>(image.height);
  if (image.width < 1 || image.height < 1 || width > most_pixels || height > most_pixels ||
      image.pixels.size() != width * height * static_cast<std::size_t>(image.channels))
    throw InvalidInput("OpenIGTLink can't say an image of " + std::to_string(image.width) + " x " +
                       std::to_string(image.height) + " pixels");
  WireWriter content;
  content.reserve(72 + image.pixels.size());
  content.number(std::uint16_t{1});
  content.number(static_cast<std::uint8_t>(image.channels));
  content.number(std::uint8_t{3});  // 8 bits without sign
  content.number(std::uint8_t{2});  // little-endian
  content.number(static_cast<std::uint8_t>(live.axes == "LPS" ? 2 : 1));
  const auto write_size = [&](std::size_t w, std::size_t h, std::size_t d) {
    for (const std::size_t n : {w, h, d}) content.number(static_cast<std::uint16_t>(n));
  };
  write_size(width, height, 1);
  TrackedPose middle = live.axes == "LPS" ? live.embedded.pose : on_the_wire(live.embedded);
  // A message says the place of the middle of the image.
  for (std::size_t r = 0; r < 3; ++r)
    middle.rows[4 * r + 3] +=
        middle.rows[4 * r] * (image.width - 1) / 2.0 + middle.rows[4 * r + 1] * (image.height - 1) / 2.0;
  write_columns(middle, content);
  write_size(0, 0, 0);
  write_size(width, height, 1);
  content.raw(std::as_bytes(std::span(image.pixels)));
  Fields fields = live.fields;
  if (live.status != "OK") fields.emplace_back("ImageStatus", live.status);
  if (live.embedded.frames) fields.emplace_back("TransformStatus", live.embedded.pose.status);
  if (message.device.size() > name_letters) fields.emplace_back("IGTL_DEVICE_NAME", message.device);
  return message_of("IMAGE", message.device, message.time_s, content.bytes(), fields, version);
}

std::vector<std::byte> status_message(const LiveMessage& message, const LiveStatus& status, int version) {
  WireWriter content;
  content.number(static_cast<std::uint16_t>(status.code));
  content.number(static_cast<std::uint64_t>(status.subcode));
  content.text(status.name, name_letters);
  content.text(status.text, status.text.size() + 1);
  return message_of("STATUS", message.device, message.time_s, content.bytes(), {}, version);
}

}  // namespace

std::vector<std::byte> written(const LiveMessage& message, const WritingOptions& options) {
  return std::visit(
      [&](const auto& content) -> std::vector<std::byte> {
        using Content = std::remove_cvref_t<decltype(content)>;
        if constexpr (std::is_same_v<Content, LivePoses>) return poses_messages(message, content, options);
        if constexpr (std::is_same_v<Content, LiveImage>)
          return image_message(message, content, options.version);
        if constexpr (std::is_same_v<Content, LiveStatus>)
          return status_message(message, content, options.version);
        return {};
      },
      message.content);
}

std::vector<std::byte> written(const std::string& type, const std::string& device, double time_s,
                               std::span<const std::byte> content, int version) {
  return message_of(type, device, time_s, content, {}, version);
}

}  // namespace genu::network
