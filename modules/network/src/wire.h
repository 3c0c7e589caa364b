// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/error.h>

namespace genu::network {

/// Returns a text without control characters, which would reach terminals and files.
std::string plain_text(std::string_view text);

/// Takes big-endian numbers from bytes, never from beyond their end.
class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  std::size_t left() const { return rest_.size(); }
  /// \throws InvalidInput if there are not so many
  std::span<const std::byte> take(std::size_t count) {
    if (count > rest_.size())
      throw InvalidInput("it ends " + std::to_string(count - rest_.size()) + " bytes too early");
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  template <typename Number>
  Number number() {
    Number value = 0;
    for (const std::byte b : take(sizeof(Number)))
      value =
          static_cast<Number>((static_cast<std::uint64_t>(value) << 8U) | std::to_integer<std::uint64_t>(b));
    return value;
  }
  float real() { return std::bit_cast<float>(number<std::uint32_t>()); }
  /// Returns a text of fixed length that ends at its first 0.
  std::string text(std::size_t count) {
    const auto bytes = take(count);
    const std::string_view all(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return plain_text(all.substr(0, all.find('\0')));
  }

 private:
  std::span<const std::byte> rest_;
};

/// Puts big-endian numbers after each other.
class WireWriter {
 public:
  template <typename Number>
  void number(Number value) {
    for (std::size_t b = sizeof(Number); b-- > 0;)
      bytes_.push_back(static_cast<std::byte>((static_cast<std::uint64_t>(value) >> (8U * b)) & 0xFFU));
  }
  void real(double value) { number(std::bit_cast<std::uint32_t>(static_cast<float>(value))); }
  void raw(std::span<const std::byte> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void raw(std::string_view text) { raw(std::as_bytes(std::span(text.data(), text.size()))); }
  /// A text of fixed length, cut or filled with 0.
  void text(std::string_view text, std::size_t count) {
    raw(text.substr(0, count));
    bytes_.resize(bytes_.size() + (text.size() < count ? count - text.size() : 0));
  }
  void reserve(std::size_t count) { bytes_.reserve(count); }
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  std::vector<std::byte> bytes_;
};

}  // namespace genu::network
