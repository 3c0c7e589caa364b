// SPDX-License-Identifier: Apache-2.0
// MetaImage by hand (fields: itk.org/Wiki/ITK/MetaIO/Documentation): the library behind ITK's reader gives
// back voxels that are cut short or damaged as if they were sound, and prints about it.
#include <array>
#include <bit>
#include <string>

#include "text_header.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

struct TypeName {
  Component component;
  std::string_view name;
};
constexpr std::array types{
    TypeName{Component::int8, "MET_CHAR"},       TypeName{Component::uint8, "MET_UCHAR"},
    TypeName{Component::int16, "MET_SHORT"},     TypeName{Component::uint16, "MET_USHORT"},
    TypeName{Component::int32, "MET_INT"},       TypeName{Component::uint32, "MET_UINT"},
    TypeName{Component::int64, "MET_LONG_LONG"}, TypeName{Component::uint64, "MET_ULONG_LONG"},
    TypeName{Component::float32, "MET_FLOAT"},   TypeName{Component::float64, "MET_DOUBLE"}};

Component component_in(const fs::path& file, const TextHeader& header) {
  const std::string channels = header.value("elementnumberofchannels");
  if (!channels.empty() && channels != "1")
    fail_reading(file, "it holds " + channels + " numbers a voxel, not one volume of single values");
  for (const TypeName& type : types)
    if (header.value("elementtype") == type.name) return type.component;
  fail_reading(file, "its voxels are of the type '" + header.value("elementtype") + "'");
}

/// Returns the numbers of the first of some fields, which are names of the same thing.
template <std::size_t N>
std::vector<double> place(const fs::path& file, const TextHeader& header,
                          const std::array<const char*, N>& names, std::size_t count) {
  for (const char* name : names) {
    if (!header.has(lower(name))) continue;
    const auto numbers = numbers_in(header.value(lower(name)));
    if (!numbers || numbers->size() != count)
      fail_reading(file, std::string("its field ") + name + " is '" + header.value(lower(name)) + "', not " +
                             std::to_string(count) + " numbers");
    return *numbers;
  }
  fail_reading(file, std::string("it does not say how it lies in the patient (no ") + names[0] + ")");
}

ImageGeometry geometry_in(const fs::path& file, const TextHeader& header) {
  const GridSize size = size_in(file, header.value("ndims"), header.value("dimsize"));
  const auto spacing = place(file, header, std::array{"ElementSpacing", "ElementSize"}, 3);
  // The direction of each axis in turn.
  const auto d = place(file, header, std::array{"TransformMatrix", "Rotation", "Orientation"}, 9);
  const auto origin = place(file, header, std::array{"Offset", "Position", "Origin"}, 3);
  try {
    return {size,
            {origin[0], origin[1], origin[2]},
            {spacing[0], spacing[1], spacing[2]},
            Matrix3::from_columns({d[0], d[1], d[2]}, {d[3], d[4], d[5]}, {d[6], d[7], d[8]})};
  } catch (const InvalidInput& error) {
    fail_reading(file, error.what());
  }
}

bool is_true(const TextHeader& header, const char* field) {
  const std::string value = lower(header.value(field));
  return value == "true" || value == "1";
}

VoxelPlace place_in(const fs::path& file, const TextHeader& header) {
  const std::string elsewhere = header.value("elementdatafile");
  if (elsewhere.empty()) fail_reading(file, "its header has no ElementDataFile");
  if (elsewhere.starts_with("LIST") || elsewhere.find('%') != std::string::npos)
    fail_reading(file, "its voxels are spread over several files (" + elsewhere + ")");
  if (header.has("binarydata") && !is_true(header, "binarydata"))
    fail_reading(file, "its voxels are text (BinaryData = " + header.value("binarydata") + ")");
  if (header.has("headersize") && header.value("headersize") != "0")
    fail_reading(file, "its HeaderSize is " + header.value("headersize") + "; Genu reads only 0");
  VoxelPlace place{file, header.bytes};
  if (lower(elsewhere) != "local") {
    place.data = file.parent_path() / elsewhere;
    place.offset = 0;
  }
  place.compressed = is_true(header, "compresseddata");
  place.big_endian = is_true(header, "binarydatabyteordermsb") || is_true(header, "elementbyteordermsb");
  const auto bytes = numbers_in(header.value("compresseddatasize"));
  if (bytes && bytes->size() == 1 && bytes->front() > 0.0 && bytes->front() < 1e15)
    place.compressed_bytes = static_cast<std::size_t>(bytes->front());
  return place;
}

std::string text_of(double a, double b, double c) {
  return digits_of(a) + " " + digits_of(b) + " " + digits_of(c);
}

std::string text_of(const Vector3& v) {
  return text_of(v.x, v.y, v.z);
}

std::string header_of(const VoxelsToStore& volume, std::size_t packed_bytes) {
  const ImageGeometry& g = *volume.geometry;
  std::string type;
  for (const TypeName& name : types)
    if (name.component == volume.component) type = name.name;
  const Matrix3& d = g.direction();
  return "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = " +
         std::string(std::endian::native == std::endian::big ? "True" : "False") +
         "\nCompressedData = " + (volume.compress ? "True" : "False") +
         (volume.compress ? "\nCompressedDataSize = " + std::to_string(packed_bytes) : std::string()) +
         "\nTransformMatrix = " + text_of(d.column(0)) + " " + text_of(d.column(1)) + " " +
         text_of(d.column(2)) + "\nOffset = " + text_of(g.origin() - Point3{}) +
         "\nElementSpacing = " + text_of(g.spacing_mm()) + "\nDimSize = " + std::to_string(g.size()[0]) +
         " " + std::to_string(g.size()[1]) + " " + std::to_string(g.size()[2]) + "\nElementType = " + type +
         "\nElementDataFile = LOCAL\n";
}

}  // namespace

StoredVolume read_meta_image(const fs::path& file) {
  const TextHeader header =
      read_text_header(file, '=', [](const std::string& key, bool) { return key == "elementdatafile"; });
  StoredVolume stored;
  stored.component = component_in(file, header);
  stored.geometry = geometry_in(file, header);
  stored.bytes = read_voxels(file, stored, place_in(file, header));
  return stored;
}

void write_meta_image(const fs::path& file, const VoxelsToStore& volume) {
  if (!volume.compress) return write_header_and_voxels(file, volume, header_of(volume, 0), nullptr);
  const std::vector<std::byte> packed = deflated_voxels(volume, Packing::zlib);
  write_header_and_voxels(file, volume, header_of(volume, packed.size()), &packed);
}

}  // namespace genu::io
