// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/geometry.h>

// Voxels between the files of single formats and the values of volume_files.h.
namespace genu::io {

enum class Component : std::uint8_t {
  uint8,
  int8,
  uint16,
  int16,
  uint32,
  int32,
  uint64,
  int64,
  float32,
  float64
};

/// Voxels as a file has them; the value of a voxel is slope * stored + intercept.
struct StoredVolume {
  ImageGeometry geometry;
  Component component = Component::float32;
  std::vector<std::byte> bytes;  ///< Native byte order, i fastest.
  double slope = 1.0;
  double intercept = 0.0;
};

/// Voxels to be written; `voxels` must outlive the call.
struct VoxelsToStore {
  const ImageGeometry* geometry = nullptr;
  Component component = Component::float32;
  const void* voxels = nullptr;
  bool compress = false;
  std::filesystem::path target;  ///< What messages call the file; writers get a temporary name.
};

/// Calls `work` with a value of the C++ type of a component.
template <typename Work>
decltype(auto) with_type(Component component, Work&& work) {
  switch (component) {
    case Component::uint8:
      return work(std::uint8_t{});
    case Component::int8:
      return work(std::int8_t{});
    case Component::uint16:
      return work(std::uint16_t{});
    case Component::int16:
      return work(std::int16_t{});
    case Component::uint32:
      return work(std::uint32_t{});
    case Component::int32:
      return work(std::int32_t{});
    case Component::uint64:
      return work(std::uint64_t{});
    case Component::int64:
      return work(std::int64_t{});
    case Component::float32:
      return work(float{});
    case Component::float64:
      break;
  }
  return work(double{});
}

inline std::size_t bytes_of(Component component) {
  return with_type(component, [](auto value) { return sizeof(value); });
}

/// Calls `work` with a pointer to the stored voxels in their own type.
template <typename Work>
void with_stored_voxels(const StoredVolume& stored, Work&& work) {
  with_type(stored.component, [&](auto type) {
    using T = decltype(type);
    work(reinterpret_cast<const T*>(stored.bytes.data()));  // a vector's memory suits every scalar
  });
}

/// Throws the error of a file: "cannot read the volume 'FILE': WHY".
[[noreturn]] void fail_reading(const std::filesystem::path& file, std::string_view why);
[[noreturn]] void fail_writing(const std::filesystem::path& file, std::string_view why);

/// Returns the grid whose voxels along i, j, k are `steps` apart, in LPS and mm.
/// \throws IoError naming `file`; `what` begins what is wrong with the grid
ImageGeometry geometry_from_steps(const std::filesystem::path& file, const std::string& what,
                                  const GridSize& size, const Vector3& origin,
                                  const std::array<Vector3, 3>& steps);

/// \throws IoError
StoredVolume read_nifti(const std::filesystem::path& file);
/// Compresses where the name ends in .gz. \throws IoError
void write_nifti(const std::filesystem::path& file, const VoxelsToStore& volume);

/// Unpacks the voxels that a zlib or gzip stream at `offset` of `data` holds, and compares its checksum.
/// \throws IoError naming `file`
void inflate_voxels(const std::filesystem::path& file, const std::filesystem::path& data, std::size_t offset,
                    std::vector<std::byte>& voxels);
/// Turns the byte order of values of `width` bytes.
void swap_bytes(std::vector<std::byte>& bytes, std::size_t width);

enum class Packing : std::uint8_t { zlib, gzip };
/// Returns the voxels as a compressed stream.
std::vector<std::byte> deflated_voxels(const VoxelsToStore& volume, Packing packing);
/// The same for any bytes; messages call the file `target`.
std::vector<std::byte> deflated(std::span<const std::byte> bytes, Packing packing,
                                const std::filesystem::path& target);

/// \throws IoError
StoredVolume read_nrrd(const std::filesystem::path& file);
void write_nrrd(const std::filesystem::path& file, const VoxelsToStore& volume);
StoredVolume read_meta_image(const std::filesystem::path& file);
void write_meta_image(const std::filesystem::path& file, const VoxelsToStore& volume);

/// Reads any of the formats, told apart by their content. \throws IoError
StoredVolume read_stored(const std::filesystem::path& file);
/// Writes the format that the name asks for, to a temporary name first. \throws IoError
void write_stored(const std::filesystem::path& file, const VoxelsToStore& volume);

}  // namespace genu::io
