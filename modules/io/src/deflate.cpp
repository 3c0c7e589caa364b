// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <string>

#include <itk_zlib.h>

#include "stored_volume.h"

namespace genu::io {
namespace {

constexpr std::size_t most_at_once = std::size_t{1} << 30;  // zlib counts in 32 bits
constexpr int fastest_level = 1;  // label maps shrink nearly as much as at 6, in a quarter of the time

/// A zlib inflater that ends with its scope.
struct Inflater {
  z_stream stream{};
  Inflater() {
    constexpr int zlib_or_gzip = 15 + 32;  // window bits, and zlib's sign for "tell by the header"
    sound = inflateInit2(&stream, zlib_or_gzip) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool sound = false;
};

}  // namespace

void inflate_voxels(const std::filesystem::path& file, const std::filesystem::path& data, std::size_t offset,
                    std::vector<std::byte>& voxels) {
  std::ifstream in(data, std::ios::binary);
  in.seekg(static_cast<std::streamoff>(offset));
  Inflater inflater;
  if (!in || !inflater.sound) fail_reading(file, "its compressed data can't be read");
  std::array<char, 1U << 16> packed;
  std::size_t done = 0;
  std::array<std::byte, 1> surplus;
  int state = Z_OK;
  while (state == Z_OK) {
    z_stream& stream = inflater.stream;
    if (stream.avail_in == 0) {
      in.read(packed.data(), static_cast<std::streamsize>(packed.size()));
      stream.next_in = reinterpret_cast<Bytef*>(packed.data());
      stream.avail_in = static_cast<unsigned>(in.gcount());
      if (stream.avail_in == 0) fail_reading(file, "it is cut short: its compressed data have no end");
    }
    // When all voxels are there, one byte more finds the stream's end, where its checksum is compared.
    const bool full = done == voxels.size();
    const std::size_t room = full ? surplus.size() : std::min(voxels.size() - done, most_at_once);
    stream.next_out = reinterpret_cast<Bytef*>(full ? surplus.data() : voxels.data() + done);
    stream.avail_out = static_cast<unsigned>(room);
    state = inflate(&stream, Z_NO_FLUSH);
    const std::size_t got = room - stream.avail_out;
    if (full && got > 0) fail_reading(file, "its compressed data hold more than its voxels");
    done += got;
  }
  if (state != Z_STREAM_END)
    fail_reading(file, std::string("its compressed data are damaged") +
                           (inflater.stream.msg != nullptr ? std::string(": ") + inflater.stream.msg : ""));
  if (done < voxels.size())
    fail_reading(file, "it is cut short: " + std::to_string(voxels.size()) + " bytes of voxels expected, " +
                           std::to_string(done) + " found");
}

std::vector<std::byte> deflated_voxels(const VoxelsToStore& volume, Packing packing) {
  const std::size_t count = volume.geometry->voxel_count() * bytes_of(volume.component);
  return deflated({static_cast<const std::byte*>(volume.voxels), count}, packing, volume.target);
}

std::vector<std::byte> deflated(std::span<const std::byte> bytes, Packing packing,
                                const std::filesystem::path& target) {
  z_stream stream{};
  constexpr int window_bits = 15, gzip_header = 16, memory_level = 8;  // zlib's own defaults
  const int bits = window_bits + (packing == Packing::gzip ? gzip_header : 0);
  if (deflateInit2(&stream, fastest_level, Z_DEFLATED, bits, memory_level, Z_DEFAULT_STRATEGY) != Z_OK)
    fail_writing(target, "its voxels can't be compressed");
  const std::unique_ptr<z_stream, decltype(&deflateEnd)> end(&stream, &deflateEnd);
  const auto* next = reinterpret_cast<const Bytef*>(bytes.data());
  std::vector<std::byte> packed;
  std::vector<std::byte> block(std::size_t{1} << 20);
  std::size_t left = bytes.size();
  int state = Z_OK;
  while (state != Z_STREAM_END) {
    if (stream.avail_in == 0 && left > 0) {
      stream.next_in = const_cast<Bytef*>(next);  // zlib only reads it
      stream.avail_in = static_cast<unsigned>(std::min(left, most_at_once));
      next += stream.avail_in;
      left -= stream.avail_in;
    }
    stream.next_out = reinterpret_cast<Bytef*>(block.data());
    stream.avail_out = static_cast<unsigned>(block.size());
    state = deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
    if (state == Z_STREAM_ERROR) fail_writing(target, "its voxels can't be compressed");
    packed.insert(packed.end(), block.begin(), block.end() - static_cast<std::ptrdiff_t>(stream.avail_out));
  }
  return packed;
}

void swap_bytes(std::vector<std::byte>& bytes, std::size_t width) {
  const auto step = static_cast<std::ptrdiff_t>(width);
  for (auto first = bytes.begin(); bytes.end() - first >= step; first += step)
    std::reverse(first, first + step);
}

}  // namespace genu::io
