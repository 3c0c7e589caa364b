// SPDX-License-Identifier: Apache-2.0
#include "dicom_uid.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace genu::io::dicom {
namespace {

/// FNV-1a (Fowler, Noll, Vo) from a given start, finished with the mixer of MurmurHash3 (Appleby), which
/// spreads the last bytes over the whole word.
std::uint64_t hash64(std::string_view text, std::uint64_t start) {
  std::uint64_t hash = start;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  hash = (hash ^ (hash >> 33)) * 0xff51afd7ed558ccdu;
  hash = (hash ^ (hash >> 33)) * 0xc4ceb9fe1a85ec53u;
  return hash ^ (hash >> 33);
}

/// Returns a 128-bit number, most significant word first, as decimal text.
std::string decimal_text(std::array<std::uint32_t, 4> words) {
  std::string digits;
  while (std::any_of(words.begin(), words.end(), [](std::uint32_t word) { return word != 0; })) {
    std::uint64_t remainder = 0;
    for (std::uint32_t& word : words) {
      const std::uint64_t value = (remainder << 32) | word;
      word = static_cast<std::uint32_t>(value / 10);
      remainder = value % 10;
    }
    digits += static_cast<char>('0' + remainder);
  }
  std::reverse(digits.begin(), digits.end());
  return digits.empty() ? "0" : digits;
}

}  // namespace

std::string derived_uid(std::string_view name) {
  constexpr std::uint64_t fnv_offset_basis = 0xcbf29ce484222325u;
  constexpr std::uint64_t second_start = 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio: unrelated to the first
  std::uint64_t high = hash64(name, fnv_offset_basis);
  std::uint64_t low = hash64(name, second_start);
  high = (high & ~std::uint64_t{0xf000}) | 0x8000u;                    // version 8
  low = (low & ~(std::uint64_t{3} << 62)) | (std::uint64_t{2} << 62);  // variant of RFC 9562
  return "2.25." + decimal_text({static_cast<std::uint32_t>(high >> 32), static_cast<std::uint32_t>(high),
                                 static_cast<std::uint32_t>(low >> 32), static_cast<std::uint32_t>(low)});
}

}  // namespace genu::io::dicom
