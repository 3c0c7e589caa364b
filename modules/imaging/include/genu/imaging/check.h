// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <genu/core/volume.h>

namespace genu::imaging {

/// Returns what makes an image unusable, with place and value: a voxel that is not finite, or the same value
/// everywhere. Empty if nothing does.
std::string image_fault(const Volume<float>& image);

}  // namespace genu::imaging
