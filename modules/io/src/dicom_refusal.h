// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <genu/io/dicom.h>

namespace genu::io::dicom {

inline constexpr std::string_view position_tag = "(0020,0032) ImagePositionPatient";
inline constexpr std::string_view orientation_tag = "(0020,0037) ImageOrientationPatient";
inline constexpr std::string_view spacing_tag = "(0028,0030) PixelSpacing";
inline constexpr std::string_view rows_tag = "(0028,0010) Rows";
inline constexpr std::string_view echo_time_tag = "(0018,0081) EchoTime";

/// What is wrong, without the file it is wrong in.
struct Complaint {
  Refusal refusal = Refusal::unreadable;
  std::string tag;
  std::string value;
  std::string why;  ///< A clause that begins in lower case and goes after the file's name.
};

RefusedItem refused_item(const std::filesystem::path& file, Complaint complaint);
[[noreturn]] void refuse(const std::filesystem::path& file, Complaint complaint);

}  // namespace genu::io::dicom
