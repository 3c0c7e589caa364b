// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/followup/precision.h>

namespace genu::followup {
namespace {

using cartilage::Region;

VisitChange repeat(double first_mm, double second_mm) {
  VisitChange change;
  change.method = "normal";
  RegionChange row;
  row.region = Region::MT;
  row.ThCtAB_mm = {first_mm, second_mm};
  change.regions.push_back(row);
  row.region = Region::cMT;
  row.ThCtAB_mm = {};
  change.parts.push_back(row);
  return change;
}

TEST(Precision, IsTheScatterOfWhatDidNotChange) {
  const Precision p = precision_of({repeat(2.0, 2.03), repeat(1.5, 1.46)}, "name", "source");
  const RegionPrecision* row = find(p, Region::MT);
  ASSERT_NE(row, nullptr);
  EXPECT_EQ(row->ThCtAB_mm.pairs, 2U);
  EXPECT_EQ(row->VC_mm3.pairs, 0U);
  EXPECT_NEAR(row->ThCtAB_mm.bias, -0.005, 1e-12);
  EXPECT_NEAR(row->ThCtAB_mm.sdc, 1.96 * std::sqrt((0.0009 + 0.0016) / 2.0), 1e-12);
  EXPECT_TRUE(std::isnan(row->VC_mm3.sdc));
  ASSERT_NE(find(p, Region::cMT), nullptr);
  EXPECT_TRUE(std::isnan(find(p, Region::cMT)->ThCtAB_mm.sdc)) << "not measured is not precise";
  EXPECT_EQ(find(p, Region::LT), nullptr);
}

// Knees without denuded bone agree on it exactly; that says nothing of how well it is measured.
TEST(Precision, OfWhatAlwaysAgreesIsNotKnown) {
  const Precision p = precision_of({repeat(2.0, 2.0), repeat(1.5, 1.5)}, "name", "source");
  EXPECT_TRUE(std::isnan(find(p, Region::MT)->ThCtAB_mm.sdc));
  EXPECT_EQ(find(p, Region::MT)->ThCtAB_mm.pairs, 2U);
}

TEST(Precision, RefusesWhatHasNone) {
  EXPECT_THROW(precision_of({}, "", ""), InvalidInput);
  VisitChange other = repeat(1.0, 1.0);
  other.method = "nearest";
  EXPECT_THROW(precision_of({repeat(1.0, 1.0), other}, "", ""), InvalidInput);
}

TEST(Verdict, NeedsAChangeBeyondError) {
  EXPECT_EQ(verdict_on(-0.2, 0.1), Verdict::decrease);
  EXPECT_EQ(verdict_on(0.2, 0.1), Verdict::increase);
  EXPECT_EQ(verdict_on(0.1, 0.1), Verdict::within_error);
  EXPECT_EQ(verdict_on(-0.1, 0.1), Verdict::within_error);
  EXPECT_EQ(verdict_on(-0.2, Change::unknown), Verdict::unknown);
  EXPECT_EQ(verdict_on(Change::unknown, 0.1), Verdict::unknown);
}

}  // namespace
}  // namespace genu::followup
