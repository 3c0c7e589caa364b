// SPDX-License-Identifier: Apache-2.0
#include "message_body.h"

#include <cstdint>

#include <genu/core/error.h>

#include "wire.h"

namespace genu::network {
namespace {

ultrasound::Fields read_metadata(std::span<const std::byte> sizes, std::span<const std::byte> texts) {
  ultrasound::Fields fields;
  if (sizes.empty()) return fields;
  WireReader size(sizes), text(texts);
  const auto count = size.number<std::uint16_t>();
  for (int entry = 0; entry < count; ++entry) {
    const auto key_bytes = size.number<std::uint16_t>();
    size.number<std::uint16_t>();  // the value's encoding
    const auto value_bytes = size.number<std::uint32_t>();
    std::string key = trimmed(text.text(key_bytes));
    fields.emplace_back(std::move(key), trimmed(text.text(value_bytes)));
  }
  return fields;
}

}  // namespace

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

Body parts_of(int version, std::span<const std::byte> bytes) {
  if (version < 2) return {bytes, {}};
  constexpr std::size_t least = 12;  // bytes of the extended header that are known
  WireReader reader(bytes);
  const std::size_t extended = reader.number<std::uint16_t>();
  const std::size_t sizes = reader.number<std::uint16_t>();
  const std::size_t texts = reader.number<std::uint32_t>();
  if (extended < least || extended + sizes + texts > bytes.size())
    throw InvalidInput("its extended header says " + std::to_string(extended) + " bytes of itself and " +
                       std::to_string(sizes) + " + " + std::to_string(texts) + " of metadata, in " +
                       std::to_string(bytes.size()));
  const auto content = bytes.subspan(extended, bytes.size() - extended - sizes - texts);
  const auto tail = bytes.last(sizes + texts);
  return {content, read_metadata(tail.first(sizes), tail.last(texts))};
}

std::optional<std::string> status_said(const Body& body) {
  if (auto status = body.value("TransformStatus")) return status;
  const auto valid = body.value("TransformValid");
  if (!valid) return std::nullopt;
  return *valid == "0" || *valid == "false" || *valid == "False" || *valid == "FALSE" ? "INVALID" : "OK";
}

}  // namespace genu::network
