// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/report/followup_report.h>
#include <genu/testing/bodies.h>

#include "pages.h"

namespace genu::report {
namespace {

using cartilage::Region;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::tag_problem;

const Point3 middle{11.0, -7.0, 5.0};

/// A ball of tibia that bears cartilage above.
io::Case ball_case(const std::string& visit, double radius_mm) {
  io::Case knee;
  knee.name = "k";
  knee.visit = visit;
  cartilage::CartilageReport report;
  report.frame = patient_aligned_frame(Side::right, middle);
  cartilage::BoneMap map;
  map.bone = Bone::tibia;
  map.surface = testing::icosphere(middle, radius_mm, 4);
  for (const Point3& p : map.surface.vertices()) {
    const bool bears = report.frame.coordinates(p).z > 0.0;
    map.region.push_back(bears ? Region::MT : Region::outside);
    map.thickness_mm.push_back(bears ? 2.0 : std::numeric_limits<double>::quiet_NaN());
  }
  report.bones.push_back(std::move(map));
  knee.cartilage = std::move(report);
  return knee;
}

followup::Course course_of(const std::vector<double>& later) {
  followup::Course course{.knee = "k", .visits = {{"baseline", 0.0}}, .changes = {}, .precision = {}};
  followup::RegionPrecision precision;
  precision.region = Region::MT;
  precision.ThCtAB_mm.sdc = 0.05;
  course.precision = {.name = "ours", .source = "two readers", .method = "normal", .regions = {precision}};
  for (const double mean : later) {
    const std::string visit = std::to_string(12 * course.visits.size()) + "m";
    course.visits.push_back({visit, 12.0 * static_cast<double>(course.visits.size())});
    followup::VisitChange change;
    followup::RegionChange row;
    row.region = Region::MT;
    row.ThCtAB_mm = {2.0, mean};
    row.seen_percent = 100.0;
    change.regions = {row};
    followup::BoneChange bone;
    bone.bone = Bone::tibia;
    bone.thickness_change_mm.assign(testing::icosphere(middle, 20.0, 4).vertices().size(), mean - 2.0);
    change.bones = {bone};
    change.flags = {"voxels differ"};
    course.changes.push_back(change);
  }
  return course;
}

TEST(FollowupPage, SaysWhatChangedBeyondErrorAndWhereErrorComesFrom) {
  const std::string page = followup_page(course_of({1.8, 1.9}), {});
  EXPECT_EQ(tag_problem(page), "");
  EXPECT_THAT(
      page,
      AllOf(HasSubstr("Medial tibia (MT): decrease of mean thickness by 0.20 mm (10.0 %), beyond 0.050 mm"),
            HasSubstr("two readers"), HasSubstr("Research use only"), HasSubstr("voxels differ"),
            HasSubstr("Trend over all visits")));
  EXPECT_THAT(followup_page(course_of({1.97}), {}),
              AllOf(HasSubstr("changed beyond error"), HasSubstr("within error"), Not(HasSubstr("Trend"))));
}

TEST(FollowupPage, GivesNoSignToWhatRoundsToNothing) {
  const std::string page = followup_page(course_of({1.9999}), {});
  EXPECT_THAT(page, AllOf(HasSubstr(">0.000<"), HasSubstr(">0.0<"), Not(HasSubstr("-0.0"))));
}

TEST(FollowupPage, DoesNotCallUnchangedWhatNobodyJudged) {
  followup::Course course = course_of({1.2});
  course.precision.regions.clear();
  const std::string page = followup_page(course, {});
  EXPECT_THAT(page, AllOf(HasSubstr("Not judged"), Not(HasSubstr("changed beyond error"))));
}

TEST(FollowupPage, EscapesEveryTextFromOutside) {
  const std::string evil = "<script>alert(\"1\")</script>&'";
  followup::Course course = course_of({1.8});
  course.knee = course.visits[0].name = course.visits[1].name = evil;
  course.precision.name = course.precision.source = course.changes[0].method = evil;
  course.changes[0].flags = {evil};
  const std::string page = followup_page(course, {});
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_EQ(tag_problem(page), "");
}

TEST(FollowupFigures, AreThreeForEachSideOfEachBoneAndVisit) {
  const std::vector<io::Case> visits{ball_case("baseline", 20.0), ball_case("12m", 20.0),
                                     ball_case("24m", 20.0)};
  const followup::Course course = course_of({1.8, 1.9});
  const std::vector<Figure> figures = draw_followup(course, visits);
  ASSERT_EQ(figures.size(), 6U);
  EXPECT_EQ(figures[0].name, "1-tibia-above-before");
  EXPECT_EQ(figures[5].name, "2-tibia-above-change");
  EXPECT_NE(figures[0].picture, figures[2].picture);
  const std::string page = followup_page(course, figures);
  EXPECT_EQ(testing::count_of(page, "src=\"data:image/png;base64,"), 6U);
  EXPECT_THROW(draw_followup(course, {visits[0]}), InvalidInput);
}

}  // namespace
}  // namespace genu::report
