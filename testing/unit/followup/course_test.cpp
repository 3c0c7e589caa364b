// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/followup/course.h>

namespace genu::followup {
namespace {

using cartilage::Region;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(Trend, IsTheLineThroughItsPoints) {
  const Trend trend = trend_of({0.0, 1.0, 3.0, 4.0}, {2.0, 1.9, 1.7, 1.6});
  EXPECT_NEAR(trend.per_year, -0.1, 1e-12);
  EXPECT_NEAR(trend.at_start, 2.0, 1e-12);
  EXPECT_NEAR(trend.per_year_se, 0.0, 1e-12);
}

TEST(Trend, HasTheStandardErrorOfItsScatter) {
  // By hand: residuals 1/6, -1/3, 1/6; sum of squares 1/6; one degree of freedom; spread of times 2.
  const Trend trend = trend_of({0.0, 1.0, 2.0}, {1.0, 0.0, 0.0});
  EXPECT_NEAR(trend.per_year, -0.5, 1e-12);
  EXPECT_NEAR(trend.per_year_se, std::sqrt(1.0 / 6.0 / 2.0), 1e-12);
}

TEST(Trend, LeavesOutWhatIsNotKnown) {
  const Trend two = trend_of({0.0, 1.0, nan, 2.0}, {1.0, nan, 7.0, 3.0});
  EXPECT_NEAR(two.per_year, 1.0, 1e-12);
  EXPECT_TRUE(std::isnan(two.per_year_se)) << "two points have no scatter";
  EXPECT_TRUE(std::isnan(trend_of({1.0, 1.0}, {1.0, 2.0}).per_year)) << "one time is no line";
  EXPECT_TRUE(std::isnan(trend_of({}, {}).per_year));
  EXPECT_THROW(trend_of({0.0}, {}), InvalidInput);
}

Course three_visits() {
  Course course{.knee = "k",
                .visits = {{"baseline", 0.0}, {"24m", 24.0}, {"48m", 48.0}},
                .changes = {},
                .precision = {}};
  for (const double later : {1.9, 1.7}) {
    VisitChange change;
    RegionChange row;
    row.region = Region::MT;
    row.ThCtAB_mm = {2.0, later};
    change.regions.push_back(row);
    course.changes.push_back(change);
  }
  RegionPrecision precision;
  precision.region = Region::MT;
  precision.ThCtAB_mm.sdc = 0.15;
  course.precision.regions.push_back(precision);
  return course;
}

TEST(Course, JudgesChangesByPrecisionAndTime) {
  const Course course = three_visits();
  const ComparedMeasure& thickness = compared_measures().front();
  const Finding first = finding_on(course, 0, course.changes[0].regions[0], thickness);
  EXPECT_NEAR(first.percent, -5.0, 1e-9);
  EXPECT_NEAR(first.percent_a_year, -2.5, 1e-9);
  EXPECT_EQ(first.verdict, Verdict::within_error);
  const Finding second = finding_on(course, 1, course.changes[1].regions[0], thickness);
  EXPECT_EQ(second.verdict, Verdict::decrease);
  EXPECT_EQ(finding_on(course, 1, course.changes[1].regions[0], compared_measures()[1]).verdict,
            Verdict::unknown);
  const Trend trend = trend_of(course, Region::MT, thickness);
  EXPECT_NEAR(trend.per_year, -0.075, 1e-9);
  EXPECT_NEAR(trend.at_start, 2.0 + 0.05 / 3.0, 1e-9);
}

TEST(Course, KnowsNoRateWithoutTimes) {
  Course course = three_visits();
  course.visits[0].months.reset();
  const ComparedMeasure& thickness = compared_measures().front();
  EXPECT_TRUE(std::isnan(finding_on(course, 0, course.changes[0].regions[0], thickness).percent_a_year));
  EXPECT_TRUE(std::isnan(trend_of(course, Region::MT, thickness).per_year));
  // A visit before the baseline has no rate either.
  course.visits[0].months = 60.0;
  EXPECT_TRUE(std::isnan(finding_on(course, 0, course.changes[0].regions[0], thickness).percent_a_year));
}

}  // namespace
}  // namespace genu::followup
