// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <random>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/temporal_calibration.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

/// A hand that moves up and down, not evenly, mm.
double hand(double t) {
  return 12.0 * std::sin(2.1 * t + 0.8 * std::sin(0.9 * t)) + 4.0 * std::sin(0.57 * t + 1.0);
}

MotionSignal sampled(double begin, double end, double rate, double delay_s, double scale, unsigned seed = 3,
                     double noise = 0.05) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, noise);
  MotionSignal signal;
  for (double t = begin; t < end; t += 1.0 / rate) {
    signal.time_s.push_back(t);
    signal.value.push_back(scale * (hand(t - delay_s) + normal(random)));
  }
  return signal;
}

Frame picture_with_line(double row, double slope, int width = 400, int height = 300) {
  Frame frame{width, height, 1, {}};
  std::mt19937 random(11);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double d = y - (row + slope * (x - (width - 1) / 2.0));
      const double echo = x > 40 && x < 370 ? 200.0 * std::exp(-d * d / 6.0) : 0.0;
      frame.pixels.push_back(static_cast<std::uint8_t>(std::min(255.0, echo + random() % 15)));
    }
  return frame;
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const InvalidInput& e) {
    return e.what();
  }
  return "not refused";
}

TEST(TemporalCalibration, FindsTheLineToAThirdOfAPixel) {
  for (const double row : {60.3, 150.0, 222.8})
    for (const double slope : {-0.2, 0.0, 0.11}) {
      const auto line = find_bright_line(picture_with_line(row, slope));
      ASSERT_TRUE(line) << row << " " << slope;
      EXPECT_NEAR(line->at.y, row, 0.3);
      EXPECT_NEAR(line->slope, slope, 0.003);
      EXPECT_GT(line->covered, 0.9);
      EXPECT_NEAR(line->row_at(99.5), row - 100 * slope, 0.5);
    }
}

TEST(TemporalCalibration, FindsNoLineInNoiseOrNothing) {
  std::mt19937 random(2);
  Frame noise{400, 300, 1, {}};
  for (int p = 0; p < 400 * 300; ++p) noise.pixels.push_back(static_cast<std::uint8_t>(random() % 256));
  EXPECT_FALSE(find_bright_line(noise));
  EXPECT_FALSE(find_bright_line(Frame{400, 300, 1, std::vector<std::uint8_t>(400 * 300, 0)}));
  EXPECT_THROW(find_bright_line(Frame{}), InvalidInput);
}

TEST(TemporalCalibration, RecoversLagsOfEitherSignAndDirection) {
  for (const double lag : {-0.31, -0.0648, 0.0, 0.1234, 0.4})
    for (const double scale : {-7.0, 5.0}) {
      const TemporalCalibration c =
          calibrate_temporal(sampled(5.0, 25.0, 15.0, 0.0, scale), sampled(0.0, 30.0, 60.0, lag, 1.0, 8));
      EXPECT_NEAR(c.lag_s, lag, 0.003) << scale;
      EXPECT_GT(c.correlation, 0.999);
      EXPECT_GT(c.left_out_correlation, 0.99);
      EXPECT_LT(c.lag_sd_s, 0.003);
      EXPECT_NEAR(static_cast<double>(c.samples), 300.0, 2.0);
    }
}

TEST(TemporalCalibration, RefusesWhatTellsNoLag) {
  const MotionSignal tracker = sampled(0.0, 30.0, 60.0, 0.0, 1.0);
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 6, 15, 0, 5), tracker); }),
              HasSubstr("at least 50"));
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(40, 60, 15, 0, 5), tracker); }),
              HasSubstr("0 pictures"));
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 25, 15, 0, 0.001), tracker); }),
              HasSubstr("the line by 0.0 pixels"));
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 25, 15, 0, 5), sampled(0, 30, 60, 0, 0.01)); }),
              HasSubstr("the probe moved by 0."));
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 25, 15, 7.0, 5, 1, 20.0), tracker); }),
              HasSubstr("correlate to"));
  MotionSignal backwards = tracker;
  std::swap(backwards.time_s[3], backwards.time_s[4]);
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 25, 15, 0, 5), backwards); }),
              HasSubstr("do not rise"));
  // A sine of 0.8 s fits again after every half of it.
  const auto even = [](double rate) {
    MotionSignal s;
    for (double t = 0; t < 20; t += 1 / rate) {
      s.time_s.push_back(t);
      s.value.push_back(20 * std::sin(2 * 3.14159265 * t / 0.8));
    }
    return s;
  };
  EXPECT_THAT(refusal([&] { calibrate_temporal(even(30), even(60)); }),
              HasSubstr("another lag fits as well"));
}

TEST(TemporalCalibration, SignalsComeFromRecordings) {
  TrackedSequence recording;
  for (int f = 0; f < 12; ++f) {
    TrackedFrame frame;
    frame.time_s = 1.0 + f / 10.0;
    frame.image = picture_with_line(100.0 + 5 * f, 0.0);
    // Along an oblique direction, 2 mm a frame.
    frame.poses[{"Probe", "Tracker"}].rows = {1, 0, 0, 5 + 1.2 * f, 0, 1, 0, 7 - 1.6 * f,
                                              0, 0, 1, 9,           0, 0, 0, 1};
    recording.frames.push_back(frame);
  }
  recording.frames[4].image_status = "INVALID";
  recording.frames[6].poses.begin()->second.status = "MISSING";
  const MotionSignal depths = line_depths(recording);
  ASSERT_EQ(depths.value.size(), 11U);
  EXPECT_NEAR(depths.value[10] - depths.value[0], 55.0, 0.2);
  const MotionSignal motion = motion_of_pose(recording, "Probe", "Tracker");
  ASSERT_EQ(motion.value.size(), 11U);
  EXPECT_NEAR(std::abs(motion.value[10] - motion.value[0]), 22.0, 1e-6);
  EXPECT_TRUE(motion_of_pose(recording, "Stylus", "Tracker").value.empty());
}

}  // namespace
}  // namespace genu::ultrasound
