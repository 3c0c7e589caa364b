// SPDX-License-Identifier: Apache-2.0
// NIfTI-1 by hand: the library behind ITK's reader turns NaN into 0, which here would turn "not measured"
// into "denuded"; it trusts the file's name over its content; and it falls back in silence where a form is
// sheared.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <system_error>

#include <itk_zlib.h>

#include <genu/io/files.h>

#include "stored_volume.h"

namespace genu::io {
namespace {

// Sizes and places of the fields: nifti1.h (Cox et al. 2004, "A (sort of) new image data format standard").
constexpr std::size_t header_bytes = 348;
constexpr std::size_t first_voxel = 352;  // the header and four bytes that say "no extension follows"
constexpr std::size_t dim_at = 40, datatype_at = 70, bitpix_at = 72, pixdim_at = 76, vox_offset_at = 108,
                      slope_at = 112, intercept_at = 116, units_at = 123, descrip_at = 148,
                      qform_code_at = 252, sform_code_at = 254, quatern_at = 256, qoffset_at = 268,
                      srow_at = 280, magic_at = 344;
constexpr std::int16_t scanner_anatomical = 1;
constexpr char millimetres = 2;

struct DataType {
  std::int16_t code;
  Component component;
};
constexpr std::array data_types{DataType{2, Component::uint8},     DataType{256, Component::int8},
                                DataType{512, Component::uint16},  DataType{4, Component::int16},
                                DataType{768, Component::uint32},  DataType{8, Component::int32},
                                DataType{1280, Component::uint64}, DataType{1024, Component::int64},
                                DataType{16, Component::float32},  DataType{64, Component::float64}};

struct CloseGzip {
  void operator()(gzFile_s* file) const { gzclose(file); }
};
using Gzip = std::unique_ptr<gzFile_s, CloseGzip>;

template <typename T>
T swapped(T value) {
  std::array<std::byte, sizeof(T)> bytes;
  std::memcpy(bytes.data(), &value, sizeof(T));
  std::reverse(bytes.begin(), bytes.end());
  std::memcpy(&value, bytes.data(), sizeof(T));
  return value;
}

/// The 348 bytes of a header, read in the file's byte order.
class Header {
 public:
  template <typename T>
  T get(std::size_t at, std::size_t element = 0) const {
    T value;
    std::memcpy(&value, bytes.data() + at + element * sizeof(T), sizeof(T));
    return foreign ? swapped(value) : value;
  }
  template <typename T>
  void set(std::size_t at, T value, std::size_t element = 0) {
    std::memcpy(bytes.data() + at + element * sizeof(T), &value, sizeof(T));
  }
  std::array<char, header_bytes> bytes{};
  bool foreign = false;  ///< The other byte order than this machine's.
};

/// Reads up to `count` bytes; returns how many there were.
std::size_t read_bytes(const std::filesystem::path& file, gzFile_s* in, void* to, std::size_t count) {
  constexpr std::size_t most_at_once = std::size_t{1} << 30;  // gzread counts in int
  std::size_t done = 0;
  while (done < count) {
    const auto wanted = static_cast<unsigned>(std::min(count - done, most_at_once));
    const int got = gzread(in, static_cast<std::byte*>(to) + done, wanted);
    int error = Z_OK;
    const char* message = gzerror(in, &error);
    if (got < 0 || (error != Z_OK && error != Z_BUF_ERROR))
      fail_reading(file, std::string("its compressed data are damaged: ") + message);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

/// Reads what is left of a compressed file: its checksum comes last.
void require_sound_end(const std::filesystem::path& file, gzFile_s* in) {
  std::array<std::byte, 4096> rest;
  while (read_bytes(file, in, rest.data(), rest.size()) == rest.size()) {
  }
  int error = Z_OK;
  gzerror(in, &error);
  if (error != Z_OK) fail_reading(file, "it is cut short: its compressed data have no end");
}

Header read_header(const std::filesystem::path& file, gzFile_s* in) {
  Header header;
  const std::size_t got = read_bytes(file, in, header.bytes.data(), header_bytes);
  if (got < header_bytes)
    fail_reading(file, "it ends after " + std::to_string(got) + " bytes of a NIfTI header's 348");
  const auto length = header.get<std::int32_t>(0);
  header.foreign = length != 348 && length != 540;
  if (header.get<std::int32_t>(0) == 540) fail_reading(file, "it is NIfTI-2; Genu reads NIfTI-1");
  const std::string magic(header.bytes.data() + magic_at, 3);
  if (magic == "ni1")
    fail_reading(file, "its voxels are in another file (.hdr and .img); save it as one .nii");
  if (magic != "n+1" || header.get<std::int32_t>(0) != 348) fail_reading(file, "it is not a NIfTI file");
  return header;
}

GridSize size_in(const std::filesystem::path& file, const Header& header) {
  const auto dimensions = header.get<std::int16_t>(dim_at);
  std::string all;
  bool is_volume = dimensions >= 3 && dimensions <= 7;
  for (std::int16_t d = 1; d <= std::clamp<std::int16_t>(dimensions, 0, 7); ++d) {
    const auto extent = header.get<std::int16_t>(dim_at, static_cast<std::size_t>(d));
    all += (d == 1 ? "" : " x ") + std::to_string(extent);
    if (d > 3 && extent > 1) is_volume = false;
  }
  if (!is_volume)
    fail_reading(file, "it holds " + std::to_string(dimensions) + " dimensions (" + all +
                           "), not one volume of single values");
  return {header.get<std::int16_t>(dim_at, 1), header.get<std::int16_t>(dim_at, 2),
          header.get<std::int16_t>(dim_at, 3)};
}

Component component_in(const std::filesystem::path& file, const Header& header) {
  const auto code = header.get<std::int16_t>(datatype_at);
  for (const DataType& type : data_types)
    if (type.code == code) return type.component;
  fail_reading(file, "its NIfTI data type is " + std::to_string(code) +
                         " (colour, complex or unknown), not one number a voxel");
}

/// Length of the header's unit in mm.
double unit_mm(const Header& header) {
  switch (header.bytes[units_at] & 7) {
    case 1:
      return 1000.0;
    case 3:
      return 0.001;
    default:
      return 1.0;  // millimetres, or not stated: everybody writes millimetres
  }
}

/// Columns are the steps of one voxel along i, j, k; RAS, header units.
struct Form {
  std::array<Vector3, 3> steps;
  Point3 origin;
};

Form sform_in(const Header& header) {
  const auto row = [&](std::size_t r, std::size_t c) {
    return static_cast<double>(header.get<float>(srow_at, 4 * r + c));
  };
  Form form;
  for (std::size_t c = 0; c < 3; ++c) form.steps[c] = {row(0, c), row(1, c), row(2, c)};
  form.origin = {row(0, 3), row(1, 3), row(2, 3)};
  return form;
}

Form qform_in(const Header& header) {
  const auto q = [&](std::size_t n) { return static_cast<double>(header.get<float>(quatern_at, n)); };
  const auto pixdim = [&](std::size_t n) { return static_cast<double>(header.get<float>(pixdim_at, n)); };
  double b = q(0), c = q(1), d = q(2);
  const double rest = b * b + c * c + d * d;
  double a = 0.0;
  if (rest < 1.0) {
    a = std::sqrt(1.0 - rest);
  } else {  // half a turn, with the rounding of three floats
    const double n = std::sqrt(rest);
    b /= n, c /= n, d /= n;
  }
  const double handed = pixdim(0) < 0.0 ? -1.0 : 1.0;
  Form form;
  form.steps = {
      pixdim(1) * Vector3{a * a + b * b - c * c - d * d, 2 * (b * c + a * d), 2 * (b * d - a * c)},
      pixdim(2) * Vector3{2 * (b * c - a * d), a * a + c * c - b * b - d * d, 2 * (c * d + a * b)},
      handed * pixdim(3) * Vector3{2 * (b * d + a * c), 2 * (c * d - a * b), a * a + d * d - c * c - b * b}};
  form.origin = {header.get<float>(qoffset_at, 0), header.get<float>(qoffset_at, 1),
                 header.get<float>(qoffset_at, 2)};
  return form;
}

ImageGeometry geometry_in(const std::filesystem::path& file, const Header& header) {
  const GridSize size = size_in(file, header);
  const bool has_sform = header.get<std::int16_t>(sform_code_at) > 0;
  if (!has_sform && header.get<std::int16_t>(qform_code_at) <= 0)
    fail_reading(file, "it does not say how it lies in the patient (sform_code and qform_code are 0)");
  const Form form = has_sform ? sform_in(header) : qform_in(header);
  const double unit = unit_mm(header);
  // NIfTI's axes point right, anterior, superior: x and y change sign in LPS.
  const auto to_lps = [unit](double x, double y, double z) {
    return Vector3{-unit * x, -unit * y, unit * z};
  };
  std::array<Vector3, 3> steps;
  for (std::size_t c = 0; c < 3; ++c) steps[c] = to_lps(form.steps[c].x, form.steps[c].y, form.steps[c].z);
  return geometry_from_steps(file, has_sform ? "its sform gives " : "its qform gives ", size,
                             to_lps(form.origin.x, form.origin.y, form.origin.z), steps);
}

/// The quaternion (b, c, d; a >= 0) of a rotation; Shepperd 1978, Journal of Guidance and Control 1:223.
std::array<double, 3> quaternion_of(const Matrix3& rotation) {
  const auto& r = rotation.rows;
  const std::array<double, 4> squares{1 + r[0][0] + r[1][1] + r[2][2], 1 + r[0][0] - r[1][1] - r[2][2],
                                      1 - r[0][0] + r[1][1] - r[2][2], 1 - r[0][0] - r[1][1] + r[2][2]};
  const auto largest =
      static_cast<std::size_t>(std::max_element(squares.begin(), squares.end()) - squares.begin());
  const double l = std::sqrt(squares[largest]);
  const std::array<double, 3> odd{r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]};
  const std::array<double, 3> even{r[2][1] + r[1][2], r[0][2] + r[2][0], r[1][0] + r[0][1]};
  std::array<double, 3> q{};
  double a = 0.0;
  if (largest == 0) {
    a = l / 2;
    q = {odd[0] / (2 * l), odd[1] / (2 * l), odd[2] / (2 * l)};
  } else {
    const std::size_t p = largest - 1;
    a = odd[p] / (2 * l);
    for (std::size_t n = 0; n < 3; ++n) q[n] = n == p ? l / 2 : even[3 - p - n] / (2 * l);
  }
  if (a < 0.0)
    for (double& part : q) part = -part;
  return q;
}

Header header_of(const VoxelsToStore& volume) {
  const ImageGeometry& g = *volume.geometry;
  Header header;
  header.set(0, std::int32_t{348});
  header.set(dim_at, std::int16_t{3});
  for (std::size_t n = 1; n < 8; ++n) header.set(dim_at, std::int16_t{1}, n);
  const std::array<double, 3> spacing{g.spacing_mm().x, g.spacing_mm().y, g.spacing_mm().z};
  for (std::size_t n = 0; n < 3; ++n) {
    if (g.size()[n] > std::numeric_limits<std::int16_t>::max())
      fail_writing(volume.target,
                   "NIfTI-1 counts at most 32767 voxels a side, and it has " + std::to_string(g.size()[n]));
    header.set(dim_at, static_cast<std::int16_t>(g.size()[n]), n + 1);
    header.set(pixdim_at, static_cast<float>(spacing[n]), n + 1);
  }
  for (const DataType& type : data_types)
    if (type.component == volume.component) header.set(datatype_at, type.code);
  header.set(bitpix_at, static_cast<std::int16_t>(8 * bytes_of(volume.component)));
  header.set(vox_offset_at, static_cast<float>(first_voxel));
  header.set(slope_at, 1.0F);
  header.set(units_at, millimetres);
  std::strcpy(header.bytes.data() + descrip_at, "Genu");
  header.set(qform_code_at, scanner_anatomical);
  header.set(sform_code_at, scanner_anatomical);

  Matrix3 ras = g.direction();
  for (std::size_t c = 0; c < 3; ++c) ras.rows[0][c] = -ras.rows[0][c], ras.rows[1][c] = -ras.rows[1][c];
  const std::array<double, 3> origin{-g.origin().x, -g.origin().y, g.origin().z};
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 3; ++c)
      header.set(srow_at, static_cast<float>(ras.rows[r][c] * spacing[c]), 4 * r + c);
    header.set(srow_at, static_cast<float>(origin[r]), 4 * r + 3);
    header.set(qoffset_at, static_cast<float>(origin[r]), r);
  }
  const bool left_handed = ras.determinant() < 0.0;
  header.set(pixdim_at, left_handed ? -1.0F : 1.0F);
  if (left_handed) ras = Matrix3::from_columns(ras.column(0), ras.column(1), -ras.column(2));
  const std::array<double, 3> q = quaternion_of(ras);
  for (std::size_t n = 0; n < 3; ++n) header.set(quatern_at, static_cast<float>(q[n]), n);
  std::memcpy(header.bytes.data() + magic_at, "n+1", 4);
  return header;
}

void write_bytes(const VoxelsToStore& volume, gzFile_s* out, const void* from, std::size_t count) {
  constexpr std::size_t most_at_once = std::size_t{1} << 30;
  for (std::size_t done = 0; done < count;) {
    const auto part = static_cast<unsigned>(std::min(count - done, most_at_once));
    if (gzwrite(out, static_cast<const std::byte*>(from) + done, part) != static_cast<int>(part)) {
      int error = Z_OK;
      fail_writing(volume.target, gzerror(out, &error));
    }
    done += part;
  }
}

}  // namespace

StoredVolume read_nifti(const std::filesystem::path& file) {
  const Gzip in(gzopen(file.c_str(), "rb"));
  if (!in) fail_reading(file, std::generic_category().message(errno));
  gzbuffer(in.get(), 1U << 18);
  const Header header = read_header(file, in.get());
  StoredVolume stored;
  stored.component = component_in(file, header);
  stored.geometry = geometry_in(file, header);
  const auto slope = static_cast<double>(header.get<float>(slope_at));
  if (std::isfinite(slope) && slope != 0.0) {  // 0 says that there is no scaling
    stored.slope = slope;
    stored.intercept = static_cast<double>(header.get<float>(intercept_at));
    if (!std::isfinite(stored.intercept)) fail_reading(file, "its scl_inter is not a number");
  }
  const auto offset = static_cast<double>(header.get<float>(vox_offset_at));
  // An extension of more than 256 MB is a damaged header.
  if (!(offset >= static_cast<double>(header_bytes) && offset < 268435456.0))
    fail_reading(file, "its vox_offset is " + std::to_string(offset));
  std::vector<std::byte> extension(static_cast<std::size_t>(offset) - header_bytes);
  const std::size_t width = bytes_of(stored.component);
  const std::size_t wanted = stored.geometry.voxel_count() * width;
  std::size_t got = 0;
  // Deflate shrinks at most 1032-fold: a header that asks for more is damaged, and must not take the memory.
  const bool can_hold = wanted / 1032 <= std::filesystem::file_size(file);
  if (can_hold && read_bytes(file, in.get(), extension.data(), extension.size()) == extension.size()) {
    stored.bytes.resize(wanted);
    got = read_bytes(file, in.get(), stored.bytes.data(), wanted);
  }
  if (got < wanted)
    fail_reading(file, "it is cut short: " + std::to_string(wanted) + " bytes of voxels expected, " +
                           (can_hold ? std::to_string(got) : std::string("fewer")) + " found");
  require_sound_end(file, in.get());
  if (header.foreign) swap_bytes(stored.bytes, width);
  return stored;
}

void write_nifti(const std::filesystem::path& file, const VoxelsToStore& volume) {
  const Header header = header_of(volume);
  // Level 1: label maps shrink nearly as much as at 6, in a quarter of the time. T: no compression at all.
  const bool gzip = has_extension(volume.target, ".gz");
  Gzip out(gzopen(file.c_str(), gzip ? "wb1" : "wbT"));
  if (!out) fail_writing(volume.target, std::generic_category().message(errno));
  gzbuffer(out.get(), 1U << 18);
  write_bytes(volume, out.get(), header.bytes.data(), header_bytes);
  write_bytes(volume, out.get(), "\0\0\0\0", first_voxel - header_bytes);
  write_bytes(volume, out.get(), volume.voxels, volume.geometry->voxel_count() * bytes_of(volume.component));
  if (gzclose(out.release()) != Z_OK) fail_writing(volume.target, std::generic_category().message(errno));
}

}  // namespace genu::io
