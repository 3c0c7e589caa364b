// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/ultrasound/calibration_error.h>

namespace genu::ultrasound {
namespace {

TEST(CalibrationError, IsThatOfTheDistances) {
  const CalibrationError e = calibration_error({3.0, 1.0, 2.0, 6.0});
  EXPECT_EQ(e.count, 4U);
  EXPECT_DOUBLE_EQ(e.mean_mm, 3.0);
  EXPECT_DOUBLE_EQ(e.sd_mm, std::sqrt(14.0 / 3.0));
  EXPECT_DOUBLE_EQ(e.rms_mm, std::sqrt(50.0 / 4.0));
  EXPECT_DOUBLE_EQ(e.p95_mm, 6.0);
  EXPECT_DOUBLE_EQ(e.max_mm, 6.0);
  std::vector<double> many;
  for (int n = 100; n > 0; --n) many.push_back(n);
  EXPECT_DOUBLE_EQ(calibration_error(many).p95_mm, 95.0);
}

TEST(CalibrationError, OfNothingIsNotMeasured) {
  const CalibrationError none = calibration_error({});
  EXPECT_EQ(none.count, 0U);
  EXPECT_TRUE(std::isnan(none.mean_mm) && std::isnan(none.max_mm));
  const CalibrationError one = calibration_error({2.0});
  EXPECT_DOUBLE_EQ(one.mean_mm, 2.0);
  EXPECT_TRUE(std::isnan(one.sd_mm));
}

}  // namespace
}  // namespace genu::ultrasound
