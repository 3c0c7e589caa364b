// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstring>
#include <string>
#include <vector>

// A NIfTI-1 file built by hand from the fields of the standard, so that no writer's habits hide a reader's
// errors.
namespace genu::testing {

struct NiftiBytes {
  std::vector<std::int16_t> dim{3, 2, 3, 4, 1, 1, 1, 1};
  std::int16_t datatype = 4, bitpix = 16;  ///< 16-bit signed
  std::array<float, 8> pixdim{1, 1, 1, 1, 0, 0, 0, 0};
  float slope = 0.0F, intercept = 0.0F;
  char units = 2;  ///< mm
  std::int16_t qform_code = 0, sform_code = 0;
  std::array<float, 3> quatern{}, qoffset{};
  std::array<float, 12> srow{};
  std::string magic = std::string("n+1\0", 4);
  std::string voxels;

  template <typename T>
  void set_voxels(const std::vector<T>& values) {
    voxels.assign(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
  }

  std::string text() const {
    std::string bytes(352, '\0');
    const auto put = [&](std::size_t at, const auto& value) {
      std::memcpy(&bytes[at], &value, sizeof(value));
    };
    put(0, std::int32_t{348});
    for (std::size_t n = 0; n < dim.size(); ++n) put(40 + 2 * n, dim[n]);
    put(70, datatype);
    put(72, bitpix);
    put(76, pixdim);
    put(108, 352.0F);
    put(112, slope);
    put(116, intercept);
    put(123, units);
    put(252, qform_code);
    put(254, sform_code);
    put(256, quatern);
    put(268, qoffset);
    put(280, srow);
    std::memcpy(&bytes[344], magic.data(), 4);
    return bytes + voxels;
  }
};

}  // namespace genu::testing
