// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

#include <genu/cartilage/report.h>

namespace genu::io {

/// A measure and what files call it: "<measure>_<unit>".
template <typename Measures>
struct Field {
  std::string_view name;
  double Measures::*value;
};
using MeasureField = Field<cartilage::RegionMeasures>;
using MeniscusField = Field<cartilage::MeniscusMeasures>;
using MarginField = Field<cartilage::MarginMeasures>;

/// Those of a region, in the order of files.
inline constexpr std::array measure_fields{
    MeasureField{"tAB_mm2", &cartilage::RegionMeasures::tAB_mm2},
    MeasureField{"cAB_mm2", &cartilage::RegionMeasures::cAB_mm2},
    MeasureField{"dAB_mm2", &cartilage::RegionMeasures::dAB_mm2},
    MeasureField{"dABp_percent", &cartilage::RegionMeasures::dABp_percent},
    MeasureField{"dABp_margin_sd_percent", &cartilage::RegionMeasures::dABp_margin_sd_percent},
    MeasureField{"not_measured_mm2", &cartilage::RegionMeasures::not_measured_mm2},
    MeasureField{"AC_mm2", &cartilage::RegionMeasures::AC_mm2},
    MeasureField{"VC_mm3", &cartilage::RegionMeasures::VC_mm3},
    MeasureField{"VCtAB_mm", &cartilage::RegionMeasures::VCtAB_mm},
    MeasureField{"ThCtAB_mean_mm", &cartilage::RegionMeasures::ThCtAB_mean_mm},
    MeasureField{"ThCtAB_median_mm", &cartilage::RegionMeasures::ThCtAB_median_mm},
    MeasureField{"ThCtAB_sd_mm", &cartilage::RegionMeasures::ThCtAB_sd_mm},
    MeasureField{"ThCtAB_cv_percent", &cartilage::RegionMeasures::ThCtAB_cv_percent},
    MeasureField{"ThCtAB_min_mm", &cartilage::RegionMeasures::ThCtAB_min_mm},
    MeasureField{"ThCtAB_max_mm", &cartilage::RegionMeasures::ThCtAB_max_mm},
    MeasureField{"ThCtAB_p05_mm", &cartilage::RegionMeasures::ThCtAB_p05_mm},
    MeasureField{"ThCtAB_p25_mm", &cartilage::RegionMeasures::ThCtAB_p25_mm},
    MeasureField{"ThCtAB_p75_mm", &cartilage::RegionMeasures::ThCtAB_p75_mm},
    MeasureField{"ThCtAB_p95_mm", &cartilage::RegionMeasures::ThCtAB_p95_mm},
    MeasureField{"ThCcAB_mean_mm", &cartilage::RegionMeasures::ThCcAB_mean_mm},
    MeasureField{"focal_loss_percent", &cartilage::RegionMeasures::focal_loss_percent},
    MeasureField{"full_thickness_loss_percent", &cartilage::RegionMeasures::full_thickness_loss_percent},
    MeasureField{"MOAKS_size_grade", &cartilage::RegionMeasures::MOAKS_size_grade},
    MeasureField{"MOAKS_full_thickness_grade", &cartilage::RegionMeasures::MOAKS_full_thickness_grade},
};

inline constexpr std::array meniscus_fields{
    MeniscusField{"extrusion_mm", &cartilage::MeniscusMeasures::extrusion_mm},
    MeniscusField{"coverage_percent", &cartilage::MeniscusMeasures::coverage_percent},
    MeniscusField{"covered_mm2", &cartilage::MeniscusMeasures::covered_mm2},
    MeniscusField{"volume_mm3", &cartilage::MeniscusMeasures::volume_mm3},
};

inline constexpr std::array margin_fields{
    MarginField{"highest_spur_mm", &cartilage::MarginMeasures::highest_spur_mm},
    MarginField{"examined_percent", &cartilage::MarginMeasures::examined_percent},
    MarginField{"spacing_mm", &cartilage::MarginMeasures::spacing_mm},
};

/// Every region, in the order of the enumeration.
inline constexpr auto all_regions = [] {
  std::array<cartilage::Region, cartilage::region_count> regions{};
  for (std::size_t r = 0; r < regions.size(); ++r) regions[r] = static_cast<cartilage::Region>(r);
  return regions;
}();

}  // namespace genu::io
