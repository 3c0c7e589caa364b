// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <utility>
#include <variant>
#include <vector>

#include "live_samples.h"

namespace genu::network {

using Bytes = std::vector<std::byte>;

inline constexpr double single = 6e-8;  // half a step of single precision, of a number below 1

template <typename Content>
Content read_as(const Bytes& bytes, const ReadingOptions& options = {}) {
  return std::get<Content>(read_message(bytes, options).content);
}

inline LiveMessage sample_image(int channels = 1) {
  LiveImage live{.image = picture(5, 4, channels), .fields = {{"FrameNumber", "1449"}, {"Depth", "45 mm"}}};
  live.embedded.name = "Image_Reference";
  live.embedded.frames = ultrasound::FramePair{"Image", "Reference"};
  live.embedded.pose = pose_at(0.3, 12.0, -7.0, 90.0);
  return {.device = "Image_Reference", .time_s = 1.7e9 + 0.25, .content = live};
}

}  // namespace genu::network
