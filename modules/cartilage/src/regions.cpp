// SPDX-License-Identifier: Apache-2.0
#include <string>

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
    Row{Region::cMT, "cMT", "Medial tibia, central"},
    Row{Region::eMT, "eMT", "Medial tibia, external"},
    Row{Region::iMT, "iMT", "Medial tibia, internal"},
    Row{Region::aMT, "aMT", "Medial tibia, anterior"},
    Row{Region::pMT, "pMT", "Medial tibia, posterior"},
    Row{Region::cLT, "cLT", "Lateral tibia, central"},
    Row{Region::eLT, "eLT", "Lateral tibia, external"},
    Row{Region::iLT, "iLT", "Lateral tibia, internal"},
    Row{Region::aLT, "aLT", "Lateral tibia, anterior"},
    Row{Region::pLT, "pLT", "Lateral tibia, posterior"},
    Row{Region::ccMF, "ccMF", "Central medial femur, central"},
    Row{Region::ecMF, "ecMF", "Central medial femur, external"},
    Row{Region::icMF, "icMF", "Central medial femur, internal"},
    Row{Region::ccLF, "ccLF", "Central lateral femur, central"},
    Row{Region::ecLF, "ecLF", "Central lateral femur, external"},
    Row{Region::icLF, "icLF", "Central lateral femur, internal"},
    Row{Region::mP, "mP", "Patella, medial facet"},
    Row{Region::lP, "lP", "Patella, lateral facet"},
    Row{Region::MFTC, "MFTC", "Medial femorotibial compartment"},
    Row{Region::LFTC, "LFTC", "Lateral femorotibial compartment"},
    Row{Region::cMFTC, "cMFTC", "Central medial femorotibial compartment"},
    Row{Region::cLFTC, "cLFTC", "Central lateral femorotibial compartment"},
};

const Row& row_of(Region region) {
  return rows.at(static_cast<std::size_t>(region));
}

static_assert(rows.size() == region_count);

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

Region parent_of(Region region) {
  switch (region) {
    case Region::cMT:
    case Region::eMT:
    case Region::iMT:
    case Region::aMT:
    case Region::pMT:
      return Region::MT;
    case Region::cLT:
    case Region::eLT:
    case Region::iLT:
    case Region::aLT:
    case Region::pLT:
      return Region::LT;
    case Region::ccMF:
    case Region::ecMF:
    case Region::icMF:
      return Region::cMF;
    case Region::ccLF:
    case Region::ecLF:
    case Region::icLF:
      return Region::cLF;
    case Region::mP:
    case Region::lP:
      return Region::P;
    default:
      return region;
  }
}

Bone bone_of(Region region) {
  switch (parent_of(region)) {
    case Region::MT:
    case Region::LT:
      return Bone::tibia;
    case Region::P:
      return Bone::patella;
    case Region::cMF:
    case Region::cLF:
    case Region::pMF:
    case Region::pLF:
    case Region::TrF:
      return Bone::femur;
    default:
      break;
  }
  throw InvalidInput("the region '" + std::string(name(region)) + "' is part of no one bone's cartilage");
}

}  // namespace genu::cartilage
