// SPDX-License-Identifier: Apache-2.0
#include "dicom_gdcm.h"

#include <algorithm>
#include <mutex>

#include <itkGDCMImageIO.h>

namespace genu::io::dicom {
namespace {

template <typename T>
std::vector<double> as_double(const std::vector<char>& bytes) {
  std::vector<double> values(bytes.size() / sizeof(T));
  for (std::size_t i = 0; i < values.size(); ++i) {
    T value{};
    std::copy_n(bytes.data() + i * sizeof(T), sizeof(T), reinterpret_cast<char*>(&value));
    values[i] = static_cast<double>(value);
  }
  return values;
}

}  // namespace

std::vector<double> read_with_gdcm(const std::string& file) {
  static std::mutex one_at_a_time;  // GDCM's global dictionaries are built on first use
  const std::lock_guard lock(one_at_a_time);
  auto reader = itk::GDCMImageIO::New();
  reader->SetFileName(file);
  reader->ReadImageInformation();
  std::vector<char> bytes(static_cast<std::size_t>(reader->GetImageSizeInBytes()));
  reader->Read(bytes.data());
  switch (reader->GetComponentType()) {
    case itk::IOComponentEnum::UCHAR:
      return as_double<unsigned char>(bytes);
    case itk::IOComponentEnum::CHAR:
      return as_double<signed char>(bytes);
    case itk::IOComponentEnum::USHORT:
      return as_double<unsigned short>(bytes);
    case itk::IOComponentEnum::SHORT:
      return as_double<short>(bytes);
    case itk::IOComponentEnum::UINT:
      return as_double<unsigned int>(bytes);
    case itk::IOComponentEnum::INT:
      return as_double<int>(bytes);
    default:
      return {};
  }
}

}  // namespace genu::io::dicom
