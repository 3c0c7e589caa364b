// SPDX-License-Identifier: Apache-2.0
#include "text_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>

namespace genu::io {
namespace fs = std::filesystem;
namespace {

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r"), last = text.find_last_not_of(" \t\r");
  return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

}  // namespace

HeaderLines read_header_lines(const fs::path& file, char separator,
                              bool (*is_last)(const std::string& key, bool blank_line),
                              std::size_t most_lines) {
  HeaderLines header;
  std::ifstream in(file, std::ios::binary);
  std::string line;
  for (std::size_t n = 0; n < most_lines && std::getline(in, line); ++n) {
    header.bytes += line.size() + (in.eof() ? 0 : 1);
    const auto at = line.find(separator);
    std::string key;
    if (at != std::string::npos && line.front() != '#') {
      key = trimmed(line.substr(0, at));
      header.lines.emplace_back(key, trimmed(line.substr(at + 1)));
    }
    if (is_last(lower(key), trimmed(line).empty())) break;
  }
  return header;
}

TextHeader read_text_header(const fs::path& file, char separator,
                            bool (*is_last)(const std::string& key, bool blank_line)) {
  constexpr std::size_t most_lines = 1000;
  const HeaderLines lines = read_header_lines(file, separator, is_last, most_lines);
  TextHeader header{{}, lines.bytes};
  for (const auto& [key, value] : lines.lines) header.fields.emplace(lower(key), value);
  return header;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

std::optional<std::vector<double>> numbers_in(const std::string& text) {
  std::vector<double> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (true) {
    while (at < end && (*at == ' ' || *at == '\t')) ++at;
    if (at == end) return numbers;
    if (*at == '+') ++at;
    double number = 0.0;
    const auto [after, error] = std::from_chars(at, end, number);
    const bool parted = after == end || *after == ' ' || *after == '\t';
    if (error != std::errc() || !parted) return std::nullopt;
    numbers.push_back(number);
    at = after;
  }
}

std::string digits_of(double value) {
  std::array<char, 32> digits;  // a double needs at most 24
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

GridSize size_in(const fs::path& file, const std::string& dimensions, const std::string& sizes) {
  const auto numbers = numbers_in(sizes);
  constexpr double most = 1e9;  // beyond any grid; keeps the conversion defined
  GridSize size{};
  bool good = dimensions == "3" && numbers && numbers->size() == 3;
  for (std::size_t a = 0; good && a < 3; ++a) {
    good = (*numbers)[a] == std::floor((*numbers)[a]) && std::abs((*numbers)[a]) <= most;
    if (good) size[a] = static_cast<std::int64_t>((*numbers)[a]);
  }
  if (!good)
    fail_reading(file, "it holds " + (dimensions.empty() ? "no" : dimensions) +
                           " dimensions (sizes: " + sizes + "), not one volume of single values");
  return size;
}

void refuse_if_short(const fs::path& file, std::size_t wanted, const VoxelPlace& place) {
  std::error_code error;
  if (!fs::is_regular_file(place.data, error))
    fail_reading(file, "the file with its voxels, '" + place.data.string() + "', is not there");
  const std::size_t size = fs::file_size(place.data);
  const std::size_t held = size > place.offset ? size - place.offset : 0;
  // Deflate shrinks at most 1032-fold.
  const std::size_t least = place.compressed ? std::max(wanted / 1032, place.compressed_bytes) : wanted;
  if (held < least)
    fail_reading(file, "it is cut short: " + std::to_string(least) + " bytes of voxels expected, " +
                           std::to_string(held) + " found");
}

std::vector<std::byte> read_values(const fs::path& file, std::size_t count, std::size_t width,
                                   const VoxelPlace& place) {
  const std::size_t wanted = count * width;
  // Asked before the memory is taken, which a damaged header may want too much of.
  refuse_if_short(file, wanted, place);
  std::vector<std::byte> voxels(wanted);
  if (place.compressed) {
    inflate_voxels(file, place.data, place.offset, voxels);
  } else {
    std::ifstream in(place.data, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(place.offset));
    in.read(reinterpret_cast<char*>(voxels.data()), static_cast<std::streamsize>(wanted));
    if (!in) fail_reading(file, "its voxels can't be read");
  }
  if (place.big_endian != (std::endian::native == std::endian::big)) swap_bytes(voxels, width);
  return voxels;
}

std::vector<std::byte> read_voxels(const fs::path& file, const StoredVolume& volume,
                                   const VoxelPlace& place) {
  return read_values(file, volume.geometry.voxel_count(), bytes_of(volume.component), place);
}

void write_header_and_voxels(const fs::path& file, const VoxelsToStore& volume, std::string_view header,
                             const std::vector<std::byte>* packed) {
  std::ofstream out(file, std::ios::binary);
  out.write(header.data(), static_cast<std::streamsize>(header.size()));
  if (packed != nullptr)
    out.write(reinterpret_cast<const char*>(packed->data()), static_cast<std::streamsize>(packed->size()));
  else
    out.write(static_cast<const char*>(volume.voxels),
              static_cast<std::streamsize>(volume.geometry->voxel_count() * bytes_of(volume.component)));
  out.close();
  if (!out) fail_writing(volume.target, std::generic_category().message(errno));
}

}  // namespace genu::io
