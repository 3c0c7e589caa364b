// SPDX-License-Identifier: Apache-2.0
// NRRD by hand (definition of the format: teem.sourceforge.net/nrrd/format.html): ITK 5.2's reader mirrors
// the space left-anterior-superior, fails where the user's locale writes a decimal comma, and passes over
// damaged voxels.
#include <algorithm>
#include <array>
#include <bit>
#include <string>

#include "text_header.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

struct TypeNames {
  Component component;
  std::string_view names;  ///< Each between bars.
};
constexpr std::array types{
    TypeNames{Component::int8, "|signed char|int8|int8_t|"},
    TypeNames{Component::uint8, "|unsigned char|uchar|uint8|uint8_t|"},
    TypeNames{Component::int16, "|short|short int|signed short|signed short int|int16|int16_t|"},
    TypeNames{Component::uint16, "|unsigned short|ushort|unsigned short int|uint16|uint16_t|"},
    TypeNames{Component::int32, "|int|signed int|int32|int32_t|"},
    TypeNames{Component::uint32, "|unsigned int|uint|uint32|uint32_t|"},
    TypeNames{Component::int64,
              "|long long|longlong|long long int|signed long long|signed long long int|int64|int64_t|"},
    TypeNames{Component::uint64, "|unsigned long long|ulonglong|unsigned long long int|uint64|uint64_t|"},
    TypeNames{Component::float32, "|float|"},
    TypeNames{Component::float64, "|double|"}};

Component component_in(const fs::path& file, const TextHeader& header) {
  const std::string wanted = "|" + lower(header.value("type")) + "|";
  for (const TypeNames& type : types)
    if (type.names.find(wanted) != std::string_view::npos) return type.component;
  fail_reading(file, "its voxels are of the type '" + header.value("type") + "'");
}

/// Reads "(x,y,z) (x,y,z) ..."; anything else is an empty list.
std::vector<Vector3> vectors_in(const std::string& text) {
  std::vector<Vector3> vectors;
  std::size_t at = text.find_first_not_of(' ');
  while (at != std::string::npos) {
    const std::size_t close = text.find(')', at);
    if (text[at] != '(' || close == std::string::npos) return {};
    std::string inside = text.substr(at + 1, close - at - 1);
    std::replace(inside.begin(), inside.end(), ',', ' ');
    const auto numbers = numbers_in(inside);
    if (!numbers || numbers->size() != 3) return {};
    vectors.push_back({(*numbers)[0], (*numbers)[1], (*numbers)[2]});
    at = text.find_first_not_of(' ', close + 1);
  }
  return vectors;
}

/// The signs that turn the file's space into LPS.
Vector3 signs_in(const fs::path& file, const TextHeader& header) {
  if (!header.has("space"))
    fail_reading(file, "it does not say how it lies in the patient (no field 'space')");
  const std::string space = lower(header.value("space"));
  if (space == "left-posterior-superior" || space == "lps") return {1.0, 1.0, 1.0};
  if (space == "right-anterior-superior" || space == "ras") return {-1.0, -1.0, 1.0};
  if (space == "left-anterior-superior" || space == "las") return {1.0, -1.0, 1.0};
  fail_reading(file, "its space is '" + header.value("space") +
                         "'; Genu reads left-posterior-superior, right-anterior-superior and "
                         "left-anterior-superior");
}

ImageGeometry geometry_in(const fs::path& file, const TextHeader& header) {
  const GridSize size = size_in(file, header.value("dimension"), header.value("sizes"));
  const Vector3 sign = signs_in(file, header);
  const auto place = [&](const char* field, std::size_t count) {
    std::vector<Vector3> vectors = vectors_in(header.value(field));
    if (vectors.size() != count)
      fail_reading(file, std::string("it does not say how it lies in the patient (its field '") + field +
                             "' is '" + header.value(field) + "')");
    return vectors;
  };
  const std::string units = header.value("space units");
  if (!units.empty() && units != R"("mm" "mm" "mm")")
    fail_reading(file, "its space units are " + units + ", not mm");
  const auto to_lps = [&](const Vector3& v) { return Vector3{sign.x * v.x, sign.y * v.y, sign.z * v.z}; };
  const std::vector<Vector3> steps = place("space directions", 3);
  return geometry_from_steps(file, "", size, to_lps(place("space origin", 1).front()),
                             {to_lps(steps[0]), to_lps(steps[1]), to_lps(steps[2])});
}

VoxelPlace place_in(const fs::path& file, const TextHeader& header) {
  VoxelPlace place{file, header.bytes};
  const std::string encoding = lower(header.value("encoding"));
  place.compressed = encoding == "gzip" || encoding == "gz";
  if (!place.compressed && encoding != "raw")
    fail_reading(file, "its encoding is '" + header.value("encoding") + "'; Genu reads raw and gzip");
  const std::string endian = lower(header.value("endian"));
  place.big_endian = endian == "big" || (endian.empty() && std::endian::native == std::endian::big);
  for (const char* field : {"line skip", "lineskip", "byte skip", "byteskip"})
    if (header.has(field) && header.value(field) != "0")
      fail_reading(
          file, std::string("its field '") + field + "' is " + header.value(field) + "; Genu reads only 0");
  const std::string elsewhere = header.value(header.has("data file") ? "data file" : "datafile");
  if (elsewhere.empty()) return place;
  if (elsewhere.starts_with("LIST") || elsewhere.find('%') != std::string::npos)
    fail_reading(file, "its voxels are spread over several files (" + elsewhere + ")");
  place.data = file.parent_path() / elsewhere;
  place.offset = 0;
  return place;
}

std::string text_of(const Vector3& v) {
  return "(" + digits_of(v.x) + "," + digits_of(v.y) + "," + digits_of(v.z) + ")";
}

std::string header_of(const VoxelsToStore& volume) {
  const ImageGeometry& g = *volume.geometry;
  std::string type;
  for (const TypeNames& names : types)
    if (names.component == volume.component) type = names.names.substr(1, names.names.find('|', 1) - 1);
  const Vector3 spacing = g.spacing_mm();
  return "NRRD0004\n# Written by Genu\ntype: " + type +
         "\ndimension: 3\nspace: left-posterior-superior\nsizes: " + std::to_string(g.size()[0]) + " " +
         std::to_string(g.size()[1]) + " " + std::to_string(g.size()[2]) +
         "\nspace directions: " + text_of(spacing.x * g.direction().column(0)) + " " +
         text_of(spacing.y * g.direction().column(1)) + " " + text_of(spacing.z * g.direction().column(2)) +
         "\nkinds: domain domain domain\nendian: " +
         (std::endian::native == std::endian::big ? "big" : "little") +
         "\nencoding: " + (volume.compress ? "gzip" : "raw") +
         "\nspace origin: " + text_of(g.origin() - Point3{}) + "\n\n";
}

}  // namespace

StoredVolume read_nrrd(const fs::path& file) {
  const TextHeader header =
      read_text_header(file, ':', [](const std::string&, bool blank_line) { return blank_line; });
  StoredVolume stored;
  stored.geometry = geometry_in(file, header);
  stored.component = component_in(file, header);
  stored.bytes = read_voxels(file, stored, place_in(file, header));
  return stored;
}

void write_nrrd(const fs::path& file, const VoxelsToStore& volume) {
  if (!volume.compress) return write_header_and_voxels(file, volume, header_of(volume), nullptr);
  const std::vector<std::byte> packed = deflated_voxels(volume, Packing::gzip);
  write_header_and_voxels(file, volume, header_of(volume), &packed);
}

}  // namespace genu::io
