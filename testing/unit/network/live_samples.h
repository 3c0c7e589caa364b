// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

namespace genu::network {

/// A picture that differs everywhere from its neighbours and from other seeds.
inline Frame picture(int width, int height, int channels = 1, int seed = 0) {
  Frame frame{width, height, channels, {}};
  for (int p = 0; p < width * height * channels; ++p)
    frame.pixels.push_back(static_cast<std::uint8_t>(7 * p + 31 * seed + p / 11));
  return frame;
}

/// A turn about z and a place, with numbers that single precision can't hold.
inline ultrasound::TrackedPose pose_at(double turn, double x, double y, double z) {
  ultrasound::TrackedPose pose;
  pose.rows = {
      std::cos(turn), -std::sin(turn), 0, x, std::sin(turn), std::cos(turn), 0, y, 0, 0, 1, z, 0, 0, 0, 1};
  return pose;
}

inline LiveMessage transform_at(const std::string& name, double time_s, const ultrasound::TrackedPose& pose) {
  return {
      .device = name, .time_s = time_s, .content = LivePoses{{{name, ultrasound::frames_named(name), pose}}}};
}

/// A recording of `count` small frames with two poses, at 20 Hz from 215.1 s on.
inline ultrasound::TrackedSequence sweep(int count, int width = 40, int height = 30) {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < count; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = picture(width, height, 1, f);
    frame.time_s = 215.1 + f / 20.0;
    frame.poses[{"Probe", "Tracker"}] = pose_at(0.1 * f, 10.0 + f / 3.0, -200.0 - f, 1.0 / 7.0);
    frame.poses[{"Reference", "Tracker"}] = pose_at(1.0, 100.0, 50.0, -1234.5);
    frame.fields = {{"FrameNumber", std::to_string(1449 + f)}};
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

inline MessageHeader header_of(std::span<const std::byte> bytes, const ReadingOptions& options = {}) {
  return read_header(bytes.first<header_bytes>(), options);
}

/// Reads one message, and expects it to be all there is.
inline LiveMessage read_message(std::span<const std::byte> bytes, const ReadingOptions& options = {}) {
  const MessageHeader header = header_of(bytes, options);
  EXPECT_EQ(bytes.size(), header_bytes + header.body_bytes);
  return {.device = header.device,
          .time_s = header.time_s,
          .content = read_body(header, bytes.subspan(header_bytes), options)};
}

/// Expects poses to agree as far as single precision goes: 6e-8 of the largest number in a row.
inline void expect_near(const ultrasound::TrackedPose& a, const ultrasound::TrackedPose& b,
                        double tolerance) {
  EXPECT_EQ(a.status, b.status);
  for (std::size_t n = 0; n < 16; ++n)
    EXPECT_TRUE(std::abs(a.rows[n] - b.rows[n]) <= tolerance ||
                (std::isnan(a.rows[n]) && std::isnan(b.rows[n])))
        << n << ": " << a.rows[n] << " and " << b.rows[n];
}

}  // namespace genu::network
