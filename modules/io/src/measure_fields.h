// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include <genu/cartilage/report.h>

namespace genu::io {

/// A measure of a region and what files call it.
struct MeasureField {
  std::string_view name;
  double cartilage::RegionMeasures::*value;
};

/// All of them, in the order of files; names end in the unit, but for means and the like of a thickness.
inline constexpr std::array measure_fields{
    MeasureField{"tAB_mm2", &cartilage::RegionMeasures::tAB_mm2},
    MeasureField{"cAB_mm2", &cartilage::RegionMeasures::cAB_mm2},
    MeasureField{"dAB_mm2", &cartilage::RegionMeasures::dAB_mm2},
    MeasureField{"dABp_percent", &cartilage::RegionMeasures::dABp_percent},
    MeasureField{"not_measured_mm2", &cartilage::RegionMeasures::not_measured_mm2},
    MeasureField{"VC_mm3", &cartilage::RegionMeasures::VC_mm3},
    MeasureField{"VCtAB_mm", &cartilage::RegionMeasures::VCtAB_mm},
    MeasureField{"ThCtAB_mean_mm", &cartilage::RegionMeasures::ThCtAB_mean_mm},
    MeasureField{"ThCtAB_median_mm", &cartilage::RegionMeasures::ThCtAB_median_mm},
    MeasureField{"ThCtAB_sd_mm", &cartilage::RegionMeasures::ThCtAB_sd_mm},
    MeasureField{"ThCcAB_mean_mm", &cartilage::RegionMeasures::ThCcAB_mean_mm},
};

/// Every region, in the order of the enumeration.
inline constexpr std::array all_regions{
    cartilage::Region::outside, cartilage::Region::MT,  cartilage::Region::LT,
    cartilage::Region::cMF,     cartilage::Region::cLF, cartilage::Region::pMF,
    cartilage::Region::pLF,     cartilage::Region::TrF, cartilage::Region::P};

}  // namespace genu::io
