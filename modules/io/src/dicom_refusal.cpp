// SPDX-License-Identifier: Apache-2.0
#include "dicom_refusal.h"

#include <utility>

namespace genu::io {

std::string_view name(Refusal refusal) {
  switch (refusal) {
    case Refusal::unreadable:
      return "unreadable";
    case Refusal::not_an_image:
      return "not an image";
    case Refusal::missing_geometry:
      return "missing geometry";
    case Refusal::missing_slices:
      return "missing slices";
    case Refusal::duplicate_slices:
      return "duplicate slices";
    case Refusal::uneven_gaps:
      return "uneven gaps";
    case Refusal::mixed_orientations:
      return "mixed orientations";
    case Refusal::mixed_sizes:
      return "mixed sizes";
    case Refusal::several_times:
      return "several times";
    case Refusal::sheared_slices:
      return "sheared slices";
    case Refusal::unsupported_pixels:
      return "unsupported pixels";
  }
  return "unknown";
}

SeriesRefused::SeriesRefused(RefusedItem item) : IoError(item.message), item_(std::move(item)) {}

namespace dicom {

RefusedItem refused_item(const std::filesystem::path& file, Complaint complaint) {
  RefusedItem item{file, complaint.refusal, std::move(complaint.tag), std::move(complaint.value), {}};
  item.message = file.string() + ": " + complaint.why;
  if (!item.tag.empty()) item.message += " [" + item.tag + " = '" + item.value + "']";
  return item;
}

void refuse(const std::filesystem::path& file, Complaint complaint) {
  throw SeriesRefused(refused_item(file, std::move(complaint)));
}

}  // namespace dicom
}  // namespace genu::io
