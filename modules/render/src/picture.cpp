// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <vtkImageData.h>
#include <vtkNew.h>
#include <vtkPNGWriter.h>
#include <vtkUnsignedCharArray.h>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/pictures.h>
#include <genu/render/picture.h>

namespace genu::render {
namespace fs = std::filesystem;

std::vector<std::uint8_t> encode_png(const Picture& picture) {
  const auto row_bytes = 3 * static_cast<std::size_t>(picture.width);
  if (picture.width < 1 || picture.height < 1 ||
      picture.rgb.size() != row_bytes * static_cast<std::size_t>(picture.height))
    throw InvalidInput("cannot encode a picture of " + std::to_string(picture.width) + " x " +
                       std::to_string(picture.height) + " pixels with " + std::to_string(picture.rgb.size()) +
                       " bytes");
  vtkNew<vtkImageData> image;
  image->SetDimensions(picture.width, picture.height, 1);
  image->AllocateScalars(VTK_UNSIGNED_CHAR, 3);
  for (int y = 0; y < picture.height; ++y)  // VTK's rows run from the bottom
    std::memcpy(image->GetScalarPointer(0, picture.height - 1 - y, 0),
                picture.rgb.data() + static_cast<std::size_t>(y) * row_bytes, row_bytes);
  vtkNew<vtkPNGWriter> writer;
  writer->SetInputData(image);
  writer->WriteToMemoryOn();
  writer->Write();
  vtkUnsignedCharArray& bytes = *writer->GetResult();
  return {bytes.GetPointer(0), bytes.GetPointer(0) + bytes.GetNumberOfValues()};
}

Picture decode_png(const std::vector<std::uint8_t>& png) {
  const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
  if (!io::begins_as_png(bytes))
    throw InvalidInput("these " + std::to_string(png.size()) + " bytes are not a PNG file");
  Frame frame = io::picture_in(bytes);
  Picture picture{frame.width, frame.height, {}};
  if (frame.channels == 3) {
    picture.rgb = std::move(frame.pixels);
    return picture;
  }
  picture.rgb.reserve(3 * frame.pixel_count());
  for (const std::uint8_t grey : frame.pixels) picture.rgb.insert(picture.rgb.end(), 3, grey);
  return picture;
}

void write_png(const fs::path& file, const Picture& picture) {
  const std::vector<std::uint8_t> png = encode_png(picture);
  io::write_text(file, {reinterpret_cast<const char*>(png.data()), png.size()});
}

Picture read_png(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw IoError("cannot open the picture " + file.string());
  const std::vector<std::uint8_t> png{std::istreambuf_iterator<char>(in), {}};
  try {
    return decode_png(png);
  } catch (const InvalidInput& problem) {
    throw IoError("cannot read the picture " + file.string() + ": " + problem.what());
  }
}

}  // namespace genu::render
