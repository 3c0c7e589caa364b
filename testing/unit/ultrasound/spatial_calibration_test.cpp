// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <tuple>
#include <utility>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/spatial_calibration.h>

#include "wire_phantom.h"

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

/// The image in the probe: oblique, pixels of 0.08 x 0.074 mm.
AffineTransform truth() {
  const RigidTransform plane = RigidTransform::translation_by({11.0, 48.0, -3.0}) *
                               RigidTransform::rotation_about({}, {0.3, -0.5, 1.0}, 97.0);
  return plane * AffineTransform(Matrix3{{{{0.08, 0, 0}, {0, 0.074, 0}, {0, 0, 0.077}}}}, {});
}

struct Motion {
  double along_mm = 10.0, turn_deg = 8.0, noise_px = 0.0;
  int views = 60;
  unsigned seed = 5;
};

/// A freehand recording of the phantom, by its geometry alone.
std::vector<WireView> views_of(const std::vector<NWire>& phantom, const Motion& motion = {}) {
  std::mt19937 random(motion.seed);
  std::uniform_real_distribution<double> uniform(-1.0, 1.0);
  std::normal_distribution<double> noise(0.0, 1.0);
  std::vector<WireView> views;
  for (int v = 0; v < motion.views; ++v) {
    const AffineTransform image =
        testing::phantom_from_image(motion.along_mm * uniform(random), motion.turn_deg * uniform(random),
                                    motion.turn_deg * uniform(random), motion.turn_deg * uniform(random));
    WireCrossings crossings;
    crossings.points = testing::cuts(image, phantom);
    for (auto& n : crossings.points)
      for (PixelPoint& p : n) {
        p.x += motion.noise_px * noise(random);
        p.y += motion.noise_px * noise(random);
      }
    for (std::size_t n = 0; n < phantom.size(); ++n)
      crossings.middles.push_back(middle_crossing(phantom[n], crossings.points[n]));
    const AffineTransform pose = image * truth().inverse();
    views.push_back({{crossings}, RigidTransform(pose.linear(), pose.translation())});
  }
  return views;
}

/// The greatest distance between two calibrations over the picture, mm.
double apart(const AffineTransform& a, const AffineTransform& b) {
  double most = 0.0;
  for (const double x : {0.0, 819.0})
    for (const double y : {0.0, 615.0})
      most = std::max(most, distance(a(Point3{x, y, 0}), b(Point3{x, y, 0})));
  return most;
}

std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const InvalidInput& e) {
    return e.what();
  }
  return "not refused";
}

TEST(SpatialCalibration, RecoversTheImageExactly) {
  const auto phantom = testing::three_n();
  const SpatialCalibration c = calibrate_spatial(views_of(phantom), phantom);
  EXPECT_LT(apart(c.probe_from_image, truth()), 1e-5);
  EXPECT_NEAR(c.pixel.x_mm, 0.08, 1e-8);
  EXPECT_NEAR(c.pixel.y_mm, 0.074, 1e-8);
  EXPECT_LT(c.fitted.max_mm, 1e-5);
  EXPECT_LT(c.left_out.max_mm, 1e-5);
  EXPECT_EQ(c.views, 60U);
  EXPECT_EQ(c.outliers, 0U);
  EXPECT_EQ(c.wires.size(), 9U);
  EXPECT_GT(c.rotation_deg, 10.0);
}

TEST(SpatialCalibration, NoiseOfPointsAveragesOutAndIsTold) {
  const auto phantom = testing::three_n();
  const SpatialCalibration c = calibrate_spatial(views_of(phantom, {.noise_px = 2.0}), phantom);
  // 180 crossings, each 0.4 mm off, over wires of 30 mm fix a corner 45 mm away to some 0.15 mm (SD).
  EXPECT_LT(apart(c.probe_from_image, truth()), 0.45);
  // 2 pixels across are 0.16 mm; the slope of the wires across makes 0.32 and more of it along the phantom.
  EXPECT_GT(c.fitted.mean_mm, 0.2);
  EXPECT_LT(c.fitted.mean_mm, 0.7);
  EXPECT_GT(c.left_out.rms_mm, c.fitted.rms_mm);
  const CalibrationError other =
      validate_spatial(c.probe_from_image, views_of(phantom, {.noise_px = 2.0, .seed = 77}));
  EXPECT_NEAR(other.mean_mm, c.left_out.mean_mm, 0.15);
  for (const WireError& wire : c.wires) EXPECT_LT(std::abs(wire.mean.x), 2.0) << wire.name;
}

TEST(SpatialCalibration, LeavesViewsOutThatLieFarOff) {
  const auto phantom = testing::three_n();
  auto views = views_of(phantom, {.noise_px = 0.5});
  for (const std::size_t v : {3U, 20U, 41U})
    views[v].phantom_from_probe =
        RigidTransform::translation_by({12.0, -9.0, 4.0}) * views[v].phantom_from_probe;
  for (int n = 0; n < 5; ++n) views.push_back({{}, views.front().phantom_from_probe});
  const SpatialCalibration c = calibrate_spatial(views, phantom);
  EXPECT_EQ(c.views, 57U);
  EXPECT_EQ(c.outliers, 3U);
  EXPECT_EQ(c.unread, 5U);
  EXPECT_LT(apart(c.probe_from_image, truth()), 0.15);
  // What was not fitted since it does not fit counts where it was left out.
  EXPECT_EQ(c.fitted.count, 3U * 57U);
  EXPECT_LT(c.fitted.max_mm, 1.0);
  EXPECT_EQ(c.left_out.count, 3U * 60U);
  EXPECT_GT(c.left_out.max_mm, 10.0);
  EXPECT_LT(c.left_out.mean_mm, 1.5);
}

TEST(SpatialCalibration, TellsHowOpenTheCornersAre) {
  const auto phantom = testing::three_n();
  std::array<double, 4> squares{};
  double said = 0.0;
  constexpr int runs = 40;
  for (unsigned seed = 0; seed < runs; ++seed) {
    auto views = views_of(phantom, {.noise_px = 1.0, .views = 30, .seed = 100 + seed});
    for (WireView& view : views) std::tie(view.width, view.height) = std::pair(820, 616);
    const SpatialCalibration c = calibrate_spatial(views, phantom);
    said += c.corner_sd_mm * c.corner_sd_mm;
    for (std::size_t k = 0; k < 4; ++k) {
      const Point3 corner{k % 2 == 0 ? 0.0 : 819.0, k < 2 ? 0.0 : 615.0, 0.0};
      squares[k] += squared_length(c.probe_from_image(corner) - truth()(corner));
    }
  }
  const double worst = *std::max_element(squares.begin(), squares.end());
  EXPECT_NEAR(std::sqrt(said / worst), 1.0, 0.3);
}

TEST(SpatialCalibration, ChoosesTheWayOfReadingThatFits) {
  const auto phantom = testing::three_n();
  auto views = views_of(phantom, {.turn_deg = 12.0});
  for (WireView& view : views) {
    WireCrossings mirrored = view.readings.front();
    for (auto& n : mirrored.points) std::swap(n[0], n[2]);
    for (std::size_t n = 0; n < phantom.size(); ++n)
      mirrored.middles[n] = middle_crossing(phantom[n], mirrored.points[n]);
    view.readings.insert(view.readings.begin(), mirrored);
  }
  EXPECT_LT(apart(calibrate_spatial(views, phantom).probe_from_image, truth()), 1e-4);
}

TEST(SpatialCalibration, RefusesTooLittle) {
  const auto phantom = testing::three_n();
  EXPECT_THAT(refusal([&] { calibrate_spatial(views_of(phantom, {.views = 6}), phantom); }),
              HasSubstr("6 of 6 pictures; it takes at least 10"));
  EXPECT_THAT(refusal([&] { calibrate_spatial({}, phantom); }), HasSubstr("0 of 0"));
  auto few = views_of(phantom, {.views = 6});
  few.resize(50);  // pictures without wires
  EXPECT_THAT(refusal([&] { calibrate_spatial(few, phantom); }), HasSubstr("6 of 50 pictures"));
  EXPECT_THAT(
      refusal([&] { calibrate_spatial(views_of(phantom, {.along_mm = 0.5, .turn_deg = 0.5}), phantom); }),
      HasSubstr("the probe moved by"));
  EXPECT_THAT(refusal([&] {
                calibrate_spatial(views_of(phantom, {.turn_deg = 3.0, .noise_px = 12.0, .views = 12}),
                                  phantom);
              }),
              HasSubstr("leave its corners open by"));
  EXPECT_THROW(validate_spatial(truth(), {}), InvalidInput);
}

TEST(SpatialCalibration, RefusesViewsOfAnotherPhantom) {
  const auto phantom = testing::three_n();
  auto views = views_of(phantom);
  EXPECT_THAT(refusal([&] { calibrate_spatial(views, {}); }), HasSubstr("the phantom has no N"));
  EXPECT_THAT(refusal([&] { calibrate_spatial(views, testing::two_n()); }),
              HasSubstr("the view 0 of the wires has points of 3 N"));
  views[7].readings[0].middles.pop_back();
  const std::string seven = "the view 7 of the wires has points of 3 N and 2 crossings";
  EXPECT_THAT(refusal([&] { calibrate_spatial(views, phantom); }), HasSubstr(seven));
  EXPECT_THAT(refusal([&] { validate_spatial(truth(), views); }), HasSubstr(seven));
  views[7].readings[0] = {};
  EXPECT_THAT(refusal([&] { validate_spatial(truth(), views); }), HasSubstr("the view 7"));
}

TEST(SpatialCalibration, RefusesAPhantomThatIsNotWhereItIsSaidToBe) {
  const auto phantom = testing::three_n();
  auto views = views_of(phantom, {.turn_deg = 25.0});
  for (WireView& view : views)
    view.phantom_from_probe = view.phantom_from_probe *
                              RigidTransform::rotation_about({}, {1, 2, 3}, 10.0 * (&view - views.data()));
  EXPECT_THAT(refusal([&] { calibrate_spatial(views, phantom); }), HasSubstr("not as they are said to be"));
}

TEST(SpatialCalibration, ViewsComeFromSoundPosesAndPicturesWithAllWires) {
  const auto phantom = testing::three_n();
  TrackedSequence recording;
  for (int f = 0; f < 5; ++f) {
    const AffineTransform image = testing::phantom_from_image(2.0 * f);
    TrackedFrame frame;
    frame.image = testing::picture_of(testing::cuts(image, phantom));
    const AffineTransform pose = image * truth().inverse();
    const Matrix3& m = pose.linear();
    const Vector3& t = pose.translation();
    frame.poses[{"Probe", "Reference"}].rows = {m.rows[0][0],
                                                m.rows[0][1],
                                                m.rows[0][2],
                                                t.x,
                                                m.rows[1][0],
                                                m.rows[1][1],
                                                m.rows[1][2],
                                                t.y,
                                                m.rows[2][0],
                                                m.rows[2][1],
                                                m.rows[2][2],
                                                t.z,
                                                0,
                                                0,
                                                0,
                                                1};
    recording.frames.push_back(frame);
  }
  recording.frames[1].poses.begin()->second.status = "MISSING";
  recording.frames[2].image_status = "INVALID";
  std::fill(recording.frames[4].image.pixels.begin(), recording.frames[4].image.pixels.end(),
            std::uint8_t{7});
  CoordinateFrames always;
  always.set({"Phantom", "Reference"}, AffineTransform{});
  const auto views = wire_views(recording, always, phantom);
  ASSERT_EQ(views.size(), 3U);
  EXPECT_EQ(views[1].readings.size(), 1U);
  EXPECT_EQ(views[1].width, 820);
  EXPECT_TRUE(views[2].readings.empty());
  const AffineTransform expected = testing::phantom_from_image(6.0) * truth().inverse();
  EXPECT_LT(length(views[1].phantom_from_probe.translation() - expected.translation()), 1e-9);
  EXPECT_LT(validate_spatial(truth(), views).max_mm, 0.1);
  EXPECT_THAT(refusal([&] { wire_views(recording, {}, phantom); }), HasSubstr("from Probe to Phantom"));
}

}  // namespace
}  // namespace genu::ultrasound
