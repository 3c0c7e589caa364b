// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <genu/ultrasound/tracked.h>

namespace genu::network {

/// The parts of a body.
class Body {
 public:
  Body(std::span<const std::byte> content, ultrasound::Fields metadata)
      : content_(content), metadata_(std::move(metadata)) {
    for (const auto& [key, value] : metadata_) values_.try_emplace(key, value);
  }
  std::span<const std::byte> content() const { return content_; }
  const ultrasound::Fields& metadata() const { return metadata_; }
  std::optional<std::string> value(std::string_view key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    return found->second;
  }

 private:
  std::span<const std::byte> content_;
  ultrasound::Fields metadata_;
  // There may be thousands, and each element of a message asks for its own.
  std::map<std::string, std::string, std::less<>> values_;
};

/// Parts the bytes of a body: from version 2 on it has an extended header and metadata.
/// \throws InvalidInput if they lead out of it
Body parts_of(int version, std::span<const std::byte> bytes);

/// Returns what the metadata say of the one transform of a message; older senders only say whether it is
/// valid.
std::optional<std::string> status_said(const Body& body);

/// Returns a text without outer blanks, which the header of a file would lose.
std::string trimmed(const std::string& text);

}  // namespace genu::network
