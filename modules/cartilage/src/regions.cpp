// SPDX-License-Identifier: Apache-2.0
#include <genu/cartilage/regions.h>
#include <genu/core/error.h>

namespace genu::cartilage {
namespace {

struct Row {
  Region region;
  std::string_view name;
  std::string_view title;
};

constexpr std::array rows{
    Row{Region::outside, "outside", "Outside the cartilage-bearing bone"},
    Row{Region::MT, "MT", "Medial tibia"},
    Row{Region::LT, "LT", "Lateral tibia"},
    Row{Region::cMF, "cMF", "Central medial femur"},
    Row{Region::cLF, "cLF", "Central lateral femur"},
    Row{Region::pMF, "pMF", "Posterior medial femur"},
    Row{Region::pLF, "pLF", "Posterior lateral femur"},
    Row{Region::TrF, "TrF", "Trochlea"},
    Row{Region::P, "P", "Patella"},
};

const Row& row_of(Region region) {
  return rows.at(static_cast<std::size_t>(region));
}

}  // namespace

std::string_view name(Region region) {
  return row_of(region).name;
}

std::string_view title(Region region) {
  return row_of(region).title;
}

std::optional<Region> region_named(std::string_view name) {
  for (const Row& row : rows)
    if (row.name == name) return row.region;
  return std::nullopt;
}

Bone bone_of(Region region) {
  switch (region) {
    case Region::MT:
    case Region::LT:
      return Bone::tibia;
    case Region::P:
      return Bone::patella;
    case Region::outside:
      break;
    default:
      return Bone::femur;
  }
  throw InvalidInput("the region 'outside' is part of no bone's cartilage");
}

}  // namespace genu::cartilage
