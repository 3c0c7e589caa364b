// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <sstream>

#include <genu/imaging/check.h>

namespace genu::imaging {

std::string image_fault(const Volume<float>& image) {
  std::ostringstream fault;
  const auto& voxels = image.voxels();
  const auto bad = std::find_if_not(voxels.begin(), voxels.end(), [](float v) { return std::isfinite(v); });
  if (bad != voxels.end())
    fault << "voxel " << image.geometry().index_of(static_cast<std::size_t>(bad - voxels.begin())) << " is "
          << *bad;
  else if (std::all_of(voxels.begin(), voxels.end(), [&](float v) { return v == voxels.front(); }))
    fault << "every voxel is " << voxels.front();
  return fault.str();
}

}  // namespace genu::imaging
