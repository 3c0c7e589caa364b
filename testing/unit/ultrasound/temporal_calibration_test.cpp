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

MotionSignal without(const MotionSignal& signal, double begin_s, double end_s) {
  MotionSignal left;
  for (std::size_t k = 0; k < signal.time_s.size(); ++k)
    if (signal.time_s[k] < begin_s || signal.time_s[k] > end_s) {
      left.time_s.push_back(signal.time_s[k]);
      left.value.push_back(signal.value[k]);
    }
  return left;
}

TEST(TemporalCalibration, InventsNoMotionWherePosesWereLost) {
  const MotionSignal video = sampled(5, 25, 15, 0, 5), tracker = sampled(0, 30, 60, 0.12, 1, 8);
  const TemporalCalibration c = calibrate_temporal(video, without(tracker, 12, 17));
  EXPECT_NEAR(c.lag_s, 0.12, 0.003);
  EXPECT_GT(c.correlation, 0.999);
  // Five seconds, and one more at each end that some lag brings there, of 15 pictures each.
  EXPECT_NEAR(static_cast<double>(c.skipped), 105.0, 2.0);
  EXPECT_NEAR(static_cast<double>(c.samples), 195.0, 3.0);
  EXPECT_EQ(calibrate_temporal(video, without(tracker, 12, 12.1)).skipped, 0U);
  EXPECT_THAT(refusal([&] { calibrate_temporal(video, without(tracker, 7, 23)); }),
              HasSubstr("more where its poses were lost; it takes at least 50"));
  EXPECT_THAT(refusal([&] {
                calibrate_temporal(video, {{0.0, 30.0}, {-10.0, 10.0}});
              }),
              HasSubstr("the tracker told 2 poses"));
}

TEST(TemporalCalibration, SearchesNoFurtherThanItIsTold) {
  const MotionSignal video = sampled(5, 25, 15, 0, 5);
  constexpr double max_lag_s = 0.4021;
  MotionSignal tracker;  // that ends with the search
  constexpr int steps = 1200;
  const double begin = video.time_s.front() - max_lag_s, end = video.time_s.back() + max_lag_s;
  for (int k = 0; k <= steps; ++k) {
    tracker.time_s.push_back(k < steps ? std::lerp(begin, end, k / double{steps}) : end);
    tracker.value.push_back(hand(tracker.time_s.back() - 0.2));
  }
  const TemporalCalibration c = calibrate_temporal(video, tracker, {.max_lag_s = max_lag_s});
  EXPECT_NEAR(c.lag_s, 0.2, 0.003);
  EXPECT_GE(c.samples, 298U);
  for (const double bad : {0.0, -1.0, 61.0, std::nan(""), HUGE_VAL})
    EXPECT_THAT(refusal([&] { calibrate_temporal(video, tracker, {.max_lag_s = bad}); }),
                HasSubstr("the greatest lag is to be above 0"))
        << bad;
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
              HasSubstr("the times of the tracker do not rise: sample 4 is of 0.05"));
  MotionSignal broken = tracker;
  broken.value[7] = std::nan("");
  EXPECT_THAT(refusal([&] { calibrate_temporal(sampled(5, 25, 15, 0, 5), broken); }),
              HasSubstr("the value of the tracker's sample 7 is nan"));
  broken.time_s[2] = HUGE_VAL;
  EXPECT_THAT(refusal([&] { calibrate_temporal(broken, tracker); }),
              HasSubstr("the time of the video's sample 2 is inf"));
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
  recording.frames[8].poses.begin()->second.rows[0] = 1.3;  // sound in all but its shape
  const MotionSignal depths = line_depths(recording);
  ASSERT_EQ(depths.value.size(), 11U);
  EXPECT_NEAR(depths.value[10] - depths.value[0], 55.0, 0.2);
  const MotionSignal motion = motion_of_pose(recording, "Probe", "Tracker");
  ASSERT_EQ(motion.value.size(), 10U);
  EXPECT_NEAR(std::abs(motion.value[9] - motion.value[0]), 22.0, 1e-6);
  EXPECT_TRUE(motion_of_pose(recording, "Stylus", "Tracker").value.empty());
}

}  // namespace
}  // namespace genu::ultrasound
