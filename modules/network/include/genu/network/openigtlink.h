// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <genu/network/live_message.h>

namespace genu::network {

/// OpenIGTLink (Tokuda et al. 2009, International Journal of Medical Robotics 5:423), protocol versions 1 to
/// 3, as bytes. Nothing that a message says of itself is believed before it is checked.

/// The bytes before every message.
constexpr std::size_t header_bytes = 58;

/// What stands before every message.
struct MessageHeader {
  int version = 1;  ///< 1; or 2, which says that the body has an extended header and metadata.
  std::string type, device;
  double time_s = 0.0;  ///< NaN if the sender did not say.
  std::uint64_t body_bytes = 0;
  std::uint64_t checksum = 0;
};

struct ReadingOptions {
  double most_mb = 64.0;       ///< A body that would be longer is no message.
  bool check_checksum = true;  ///< A few senders leave it 0.
  /// A pose that is the identity to the last bit, without a word on its status, is how PLUS sends a lost tool
  /// to clients of version 1: its status becomes UNKNOWN, unless this is set.
  bool trust_identity = false;
};

/// Reads a header.
/// \throws InvalidInput if it is none: what follows it can't be told either
MessageHeader read_header(std::span<const std::byte, header_bytes> bytes, const ReadingOptions& options = {});

/// Reads a body: IMAGE, TRANSFORM, TDATA, STATUS; other types are skipped. Texts lose their control
/// characters.
/// \throws InvalidInput naming type, device and value if the body is not what the header says, its checksum
/// is wrong, or an image is not one whole slice of 8 bits with 1 or 3 components
LiveContent read_body(const MessageHeader& header, std::span<const std::byte> body,
                      const ReadingOptions& options = {});

struct WritingOptions {
  int version = 2;             ///< 1 leaves out fields and status: poses that are not OK are not written.
  bool tracking_data = false;  ///< Poses as one TDATA instead of a TRANSFORM each.
};

/// Returns a message as bytes, or several one after the other; none for what is no message (LiveConnected).
/// Names are cut to 20 letters; version 2 says them whole beside.
/// \throws InvalidInput if the time is not between 0 and 2^32 s, or the image is too large
std::vector<std::byte> written(const LiveMessage& message, const WritingOptions& options = {});

/// Returns a message without a body, as "GET_STATUS", or with any.
std::vector<std::byte> written(const std::string& type, const std::string& device, double time_s,
                               std::span<const std::byte> content, int version = 1);

}  // namespace genu::network
