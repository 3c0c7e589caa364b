// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <itk_zlib.h>

#include <genu/core/parallel.h>
#include <genu/io/files.h>
#include <genu/io/volume_files.h>

#include "stored_volume.h"

namespace genu::io {
namespace fs = std::filesystem;

void fail_reading(const fs::path& file, std::string_view why) {
  throw IoError("cannot read the volume '" + file.string() + "': " + std::string(why));
}

void fail_writing(const fs::path& file, std::string_view why) {
  throw IoError("cannot write the volume '" + final_path(file).string() + "': " + std::string(why));
}

ImageGeometry geometry_from_steps(const fs::path& file, const std::string& what, const GridSize& size,
                                  const Vector3& origin, const std::array<Vector3, 3>& steps) {
  std::array<Vector3, 3> axes = steps;
  const Vector3 spacing{length(steps[0]), length(steps[1]), length(steps[2])};
  if (spacing.x > 0.0) axes[0] = steps[0] / spacing.x;
  if (spacing.y > 0.0) axes[1] = steps[1] / spacing.y;
  if (spacing.z > 0.0) axes[2] = steps[2] / spacing.z;
  try {
    return {size, Point3{} + origin, spacing, Matrix3::from_columns(axes[0], axes[1], axes[2])};
  } catch (const InvalidInput& error) {
    fail_reading(file, what + error.what());
  }
}

namespace {

enum class Format : std::uint8_t { nifti, nrrd, meta };

/// The first bytes of a file, unpacked if it is a gzip file.
std::string first_bytes(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) fail_reading(file, "there is no such file");
  if (fs::is_directory(file, error)) fail_reading(file, "it is a folder");
  gzFile in = gzopen(file.c_str(), "rb");
  if (in == nullptr) fail_reading(file, "it can't be opened");
  std::string bytes(348, '\0');  // the length of a NIfTI header
  const int got = gzread(in, bytes.data(), static_cast<unsigned>(bytes.size()));
  gzclose(in);
  bytes.resize(static_cast<std::size_t>(std::max(got, 0)));
  return bytes;
}

Format format_of(const fs::path& file) {
  const std::string bytes = first_bytes(file);
  if (bytes.empty()) fail_reading(file, "it is empty, or its compressed data are damaged");
  if (bytes.starts_with("NRRD")) return Format::nrrd;
  // 348, and 540 of NIfTI-2, in either byte order; the reader tells the rest.
  for (const std::string_view start :
       {std::string_view("\x5c\x01\0\0", 4), std::string_view("\0\0\x01\x5c", 4),
        std::string_view("\x1c\x02\0\0", 4), std::string_view("\0\0\x02\x1c", 4)})
    if (bytes.starts_with(start)) return Format::nifti;
  // MetaImage has no magic number; a header begins with one of these fields (MetaIO's documentation).
  for (const char* field : {"ObjectType", "NDims", "Comment", "ID "})
    if (bytes.starts_with(field) && bytes.find('=') != std::string::npos) return Format::meta;
  fail_reading(file, "its content is not NIfTI, NRRD or MetaImage");
}

Format format_named(const fs::path& file) {
  const std::string_view extension = volume_extension(file);
  if (extension == ".nii" || extension == ".nii.gz") return Format::nifti;
  if (extension == ".nrrd") return Format::nrrd;
  if (extension == ".mha") return Format::meta;
  fail_writing(file, "its name must end in .nii, .nii.gz, .nrrd or .mha");
}

/// Returns the voxels as 16-bit integers if all of them are such; nothing else is lost or gained.
std::vector<std::int16_t> as_int16(const std::vector<float>& voxels) {
  constexpr float lowest = std::numeric_limits<std::int16_t>::min();
  constexpr float highest = std::numeric_limits<std::int16_t>::max();
  std::vector<std::int16_t> result(voxels.size());
  for (std::size_t v = 0; v < voxels.size(); ++v) {
    const float value = voxels[v];
    if (!(value >= lowest && value <= highest)) return {};  // also NaN
    result[v] = static_cast<std::int16_t>(value);
    if (static_cast<float>(result[v]) != value) return {};
  }
  return result;
}

}  // namespace

std::string_view volume_extension(const fs::path& file) {
  for (const std::string_view extension : {".nii.gz", ".nii", ".nrrd", ".nhdr", ".mha", ".mhd"})
    if (has_extension(file, extension)) return extension;
  return {};
}

StoredVolume read_stored(const fs::path& file) {
  switch (format_of(file)) {
    case Format::nifti:
      return read_nifti(file);
    case Format::nrrd:
      return read_nrrd(file);
    case Format::meta:
      break;
  }
  return read_meta_image(file);
}

void write_stored(const fs::path& file, const VoxelsToStore& voxels) {
  const Format format = format_named(file);
  write_atomically(file, [&](const fs::path& temporary) {
    switch (format) {
      case Format::nifti:
        return write_nifti(temporary, voxels);
      case Format::nrrd:
        return write_nrrd(temporary, voxels);
      case Format::meta:
        return write_meta_image(temporary, voxels);
    }
  });
}

Volume<float> read_volume(const fs::path& file) {
  const StoredVolume stored = read_stored(file);
  std::vector<float> voxels(stored.geometry.voxel_count());
  with_stored_voxels(stored, [&](const auto* first) {
    const bool scaled = stored.slope != 1.0 || stored.intercept != 0.0;
    parallel_for(
        voxels.size(),
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t v = begin; v < end; ++v)
            voxels[v] =
                scaled ? static_cast<float>(stored.slope * static_cast<double>(first[v]) + stored.intercept)
                       : static_cast<float>(first[v]);
        },
        0, std::size_t{1} << 20);
  });
  return {stored.geometry, std::move(voxels)};
}

void write_volume(const fs::path& file, const Volume<float>& volume) {
  // Images from scanners are whole numbers: as such they take half the space. Packing their noise would save
  // a third more and take four times as long; who wants it asks for .nii.gz.
  const std::vector<std::int16_t> whole = as_int16(volume.voxels());
  if (!whole.empty())
    write_stored(file, {&volume.geometry(), Component::int16, whole.data(), false, file});
  else
    write_stored(file, {&volume.geometry(), Component::float32, volume.voxels().data(), false, file});
}

void write_volume(const fs::path& file, const Volume<std::uint8_t>& volume) {
  write_stored(file, {&volume.geometry(), Component::uint8, volume.voxels().data(), true, file});
}

}  // namespace genu::io
