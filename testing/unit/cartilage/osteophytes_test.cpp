// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include <genu/cartilage/osteophytes.h>
#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/testing/bodies.h>

#include "joint_labels.h"

namespace genu::cartilage {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// A kneecap: an ellipsoid 44 mm across and 16 mm thick whose rim stands out further by `beyond`, a function
/// of the place on the rim in mm along it.
BoneMap kneecap(const KneeFrame& frame, const std::function<double(double)>& beyond) {
  constexpr double half_width = 22.0, half_thickness = 8.0;
  BoneMap map;
  map.bone = Bone::patella;
  const TriangleMesh sphere = genu::testing::icosphere({}, 1.0, 6);
  std::vector<Point3> places;
  for (const Point3& u : sphere.vertices()) {
    const double flat = std::hypot(u.x, u.z);
    const double along = half_width * std::atan2(u.z, u.x);
    const double from_rim = half_thickness * u.y;
    const double radius =
        half_width * flat + beyond(along) * std::exp(-0.5 * from_rim * from_rim / (2.0 * 2.0));
    const double out = flat > 0.0 ? radius / flat : 0.0;
    places.push_back(frame.at(out * u.x, half_thickness * u.y, out * u.z));
    map.region.push_back(u.y < -0.5 ? Region::P : Region::outside);
  }
  map.surface = TriangleMesh(places, sphere.triangles());
  return map;
}

KneeFrame frame_in(const RigidTransform& pose, Side side = Side::right) {
  KneeFrame frame = patient_aligned_frame(side, {});
  frame.origin = pose(frame.origin);
  frame.lateral = pose(frame.lateral);
  frame.anterior = pose(frame.anterior);
  frame.proximal = pose(frame.proximal);
  return frame;
}

ImageGeometry wide_grid() {
  return ImageGeometry({400, 400, 400}, {-200.0, -200.0, -200.0}, {1.0, 1.0, 1.0});
}

/// A hill on the rim with the given height, at a place on it.
std::function<double(double)> hill(double height_mm, double at_mm) {
  return [=](double along) {
    const double d = (along - at_mm) / 2.0;
    return height_mm * std::exp(-0.5 * d * d);
  };
}

TEST(MeasureMargins, ReadsTheHeightOfAHillOnAKnownRimInAnyPose) {
  for (const std::uint64_t seed : {1, 2, 3})
    for (const Side side : {Side::left, Side::right})
      for (const double height : {2.0, 3.0, 6.0}) {
        const KneeFrame frame = frame_in(genu::testing::random_pose(seed), side);
        // The last one lies where the list of cuts begins.
        const double at = seed == 3 ? std::numbers::pi * 22.0 : 15.0;
        const auto wrapped = [&](double along) {
          const double round = 2.0 * std::numbers::pi * 22.0;
          return hill(height, at)(along) + hill(height, at - round)(along);
        };
        const ImageGeometry grid = moved(wide_grid(), genu::testing::random_pose(seed));
        const auto margins = measure_margins(kneecap(frame, wrapped), frame, grid);
        ASSERT_THAT(margins, SizeIs(1));
        EXPECT_EQ(margins[0].margin, Margin::patella);
        EXPECT_DOUBLE_EQ(margins[0].examined_percent, 100.0);
        ASSERT_THAT(margins[0].spurs, SizeIs(1)) << height;
        const Osteophyte& spur = margins[0].spurs[0];
        EXPECT_EQ(spur.name, "patella_margin-1");
        // The hill's foot lifts the shape below it.
        EXPECT_GT(spur.height_mm, 0.72 * height);
        EXPECT_LT(spur.height_mm, height + 0.05);
        EXPECT_DOUBLE_EQ(margins[0].highest_spur_mm, spur.height_mm);
        // Where the hill is 1 mm high.
        EXPECT_NEAR(spur.length_mm, 2.0 * 2.0 * std::sqrt(2.0 * std::log(height)), 1.6);
        const double turn = at / 22.0;
        EXPECT_LT(distance(spur.tip,
                           frame.at((22.0 + height) * std::cos(turn), 0.0, (22.0 + height) * std::sin(turn))),
                  1.2);
      }
}

TEST(MeasureMargins, TakesTheShapeOfARimForNoSpur) {
  const KneeFrame frame = frame_in(genu::testing::random_pose(4));
  for (const auto& rim :
       {std::function<double(double)>([](double) { return 0.0; }),
        // A lip all around, and a kneecap longer than wide by 6 mm.
        std::function<double(double)>([](double) { return 3.0; }),
        std::function<double(double)>([](double s) { return 3.0 * std::cos(2.0 * s / 22.0); })}) {
    const auto margins = measure_margins(kneecap(frame, rim), frame, wide_grid());
    ASSERT_THAT(margins, SizeIs(1));
    EXPECT_THAT(margins[0].spurs, IsEmpty());
    EXPECT_EQ(margins[0].highest_spur_mm, 0.0);
  }
}

TEST(MeasureMargins, TellsTwoHillsApartAndRanksThem) {
  const KneeFrame frame = frame_in(genu::testing::random_pose(5));
  const auto margins = measure_margins(
      kneecap(frame, [](double s) { return hill(2.0, -20.0)(s) + hill(4.0, 20.0)(s); }), frame, wide_grid());
  ASSERT_THAT(margins[0].spurs, SizeIs(2));
  EXPECT_NEAR(margins[0].spurs[0].height_mm, 4.0, 0.6);
  EXPECT_NEAR(margins[0].spurs[1].height_mm, 2.0, 0.6);
  EXPECT_EQ(margins[0].spurs[1].name, "patella_margin-2");
}

TEST(MeasureMargins, DoesNotExamineWhatTheImageCuts) {
  const KneeFrame frame = frame_in({});
  BoneMap map = kneecap(frame, hill(3.0, 0.5 * std::numbers::pi * 22.0));  // at its proximal end
  // The image ends 16 mm lateral of the middle: the surface is closed there.
  const double border = frame.at(16.0, 0.0, 0.0).x;
  std::vector<Point3> places = map.surface.vertices();
  for (Point3& p : places) p.x = std::max(p.x, border);
  map.surface = TriangleMesh(places, map.surface.triangles());
  const ImageGeometry cut({300, 400, 400}, {border - 0.5, -200.0, -200.0}, {1.0, 1.0, 1.0});
  const auto margins = measure_margins(map, frame, cut);
  EXPECT_LT(margins[0].examined_percent, 80.0);
  EXPECT_GT(margins[0].examined_percent, 50.0);
  ASSERT_THAT(margins[0].spurs, SizeIs(1)) << "the hill, and not the corners of the cut";
  EXPECT_LT(distance(margins[0].spurs[0].tip, frame.at(0.0, 0.0, 25.0)), 1.5);
  BoneMap bare = map;
  std::fill(bare.region.begin(), bare.region.end(), Region::outside);
  EXPECT_THAT(measure_margins(bare, frame, cut), IsEmpty());
}

TEST(MeasureMargins, ExaminesNothingWithAWindowLongerThanTheMargin) {
  const KneeFrame frame = frame_in({});
  const auto margins =
      measure_margins(kneecap(frame, hill(3.0, 5.0)), frame, wide_grid(), {.window_mm = 500.0});
  EXPECT_EQ(margins[0].examined_percent, 0.0);
  EXPECT_TRUE(std::isnan(margins[0].highest_spur_mm));
}

TEST(MeasureMargins, LeavesOutAFemurWhoseCondylesAreNotRound) {
  const KneeFrame frame = frame_in({});
  BoneMap map = kneecap(frame, hill(3.0, 0.0));
  map.bone = Bone::femur;
  for (std::size_t v = 0; v < map.region.size(); ++v) {
    // A strip straight across, in both condyles.
    const Vector3 at = frame.coordinates(map.surface.vertices()[v]);
    map.region[v] =
        std::abs(at.z) < 0.05 && at.y > 0.0 ? (at.x < 0.0 ? Region::cMF : Region::cLF) : Region::outside;
  }
  for (const MarginMeasures& margin : measure_margins(map, frame, wide_grid())) {
    EXPECT_EQ(margin.examined_percent, 0.0);
    EXPECT_TRUE(std::isnan(margin.highest_spur_mm));
  }
}

TEST(MeasureMargins, RefusesOptionsThatMakeNoSense) {
  const KneeFrame frame = frame_in({});
  const BoneMap map = kneecap(frame, hill(4.0, 0.0));
  for (const double bad : {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW(measure_margins(map, frame, wide_grid(), {.window_mm = bad}), InvalidInput);
    EXPECT_THROW(measure_margins(map, frame, wide_grid(), {.least_mm = bad}), InvalidInput);
    EXPECT_THROW(measure_margins(map, frame, wide_grid(), {.shortest_mm = bad}), InvalidInput);
  }
}

TEST(Margins, HaveNamesAndBones) {
  for (const Margin margin : all_margins) EXPECT_EQ(margin_named(name(margin)), margin);
  EXPECT_EQ(margin_named("rim"), std::nullopt);
  EXPECT_EQ(bone_of(Margin::lateral_tibia), Bone::tibia);
  EXPECT_EQ(title(Margin::medial_femur), "Medial margin of the femur");
}

const MarginMeasures& at(const CartilageReport& report, Margin margin) {
  return *std::find_if(report.margins.begin(), report.margins.end(),
                       [&](const MarginMeasures& m) { return m.margin == margin; });
}

/// A knee with a spur on each margin that the phantom can give one.
phantom::KneeOptions spurred(Side side, double height_mm, double width_mm) {
  phantom::KneeOptions options;
  options.side = side;
  for (const Bone bone : all_bones)
    for (const bool medial : {true, false})
      if (bone != Bone::patella || medial) options.spurs.push_back({bone, medial, height_mm, width_mm});
  options.patient_from_knee = RigidTransform::translation_by({-20.0, 10.0, 20.0}) *
                              RigidTransform::rotation_about({}, {0.3, 1.0, -0.2}, 12.0);
  return options;
}

// Heights read low: the foot of a spur lifts the shape below it, and its round tip is smoothed with the
// labels.
TEST(MeasureMargins, FindsThePhantomsSpursOnEveryMargin) {
  for (const auto& [height, width] : {std::pair(3.0, 5.0), std::pair(5.0, 6.0)}) {
    const Side side = width < 6.0 ? Side::left : Side::right;
    const phantom::Knee knee(spurred(side, height, width));
    const CartilageReport report = measure_knee(labels_of(knee, 0.36, 0.7, 58.0), {.side = side});
    ASSERT_THAT(report.margins, SizeIs(all_margins.size()));
    for (const Margin margin : all_margins) {
      const MarginMeasures& m = at(report, margin);
      EXPECT_GT(m.highest_spur_mm, 0.75 * height) << name(margin) << ", " << height << " mm";
      EXPECT_LT(m.highest_spur_mm, height + 0.1) << name(margin) << ", " << height << " mm";
      EXPECT_GT(m.examined_percent, 90.0) << name(margin);
      EXPECT_DOUBLE_EQ(m.spacing_mm, 0.7);
    }
  }
}

TEST(MeasureMargins, FindsNoSpurOnAKneeWithoutOne) {
  phantom::KneeOptions options = spurred(Side::right, 3.0, 5.0);
  options.spurs.clear();
  const CartilageReport report = measure_knee(labels_of(phantom::Knee(options), 0.36, 0.7, 58.0));
  for (const Margin margin : all_margins) EXPECT_EQ(at(report, margin).highest_spur_mm, 0.0) << name(margin);
}

}  // namespace
}  // namespace genu::cartilage
