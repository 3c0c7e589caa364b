// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>
#include <random>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/landmarks.h>

namespace genu::ultrasound {
namespace {

using ::testing::HasSubstr;

const std::vector<Landmark> box{{"#1", {104, 5, 20}}, {"#2", {104, 45, 20}}, {"#3", {104, 45, 0}},
                                {"#4", {104, -5, 0}}, {"#5", {-34, 45, 15}}, {"#6", {-34, -5, 20}}};

RigidTransform motion() {
  return RigidTransform::translation_by({12, -30, 77}) *
         RigidTransform::rotation_about({}, {1, -2, 0.5}, 130.0);
}

std::vector<Landmark> moved(double noise_mm, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0.0, noise_mm);
  std::vector<Landmark> result;
  for (const Landmark& l : box)
    result.push_back(
        {l.name, motion()(l.position) + Vector3{normal(random), normal(random), normal(random)}});
  return result;
}

std::string refusal(const std::vector<Landmark>& fixed, const std::vector<Landmark>& moving,
                    const LandmarkOptions& options = {}) {
  try {
    register_landmarks(fixed, moving, options);
  } catch (const InvalidInput& e) {
    return e.what();
  }
  return "not refused";
}

TEST(Landmarks, RecoverTheMotionWhateverTheirOrder) {
  std::vector<Landmark> fixed = moved(0.0, 1);
  std::swap(fixed[0], fixed[4]);
  fixed.push_back({"alone", {1, 2, 3}});
  const LandmarkRegistration r = register_landmarks(fixed, box);
  EXPECT_EQ(r.names.size(), 6U);
  EXPECT_LT(length(r.fixed_from_moving.translation() - motion().translation()), 1e-9);
  EXPECT_LT(r.fitted.max_mm, 1e-9);
  EXPECT_LT(r.left_out.max_mm, 1e-9);
}

TEST(Landmarks, ThePredictedErrorIsTheTrueOneAsOftenAsNot) {
  const Point3 place = motion()(Point3{45, 20, -60});
  double truth = 0.0, said = 0.0, sd = 0.0;
  constexpr int runs = 400;
  for (unsigned seed = 0; seed < runs; ++seed) {
    const LandmarkRegistration r = register_landmarks(moved(1.0, seed), box);
    const double miss = distance(r.fixed_from_moving(Point3{45, 20, -60}), place);
    truth += miss * miss;
    const double p = r.predicted_error_mm(place);
    said += p * p;
    sd += r.landmark_sd_mm * r.landmark_sd_mm;
    EXPECT_GT(r.left_out.mean_mm, r.fitted.mean_mm);
  }
  EXPECT_NEAR(std::sqrt(said / truth), 1.0, 0.1);
  EXPECT_NEAR(std::sqrt(sd / runs), 1.0, 0.1);
}

TEST(Landmarks, RefuseWhatLeavesTheMotionOpen) {
  const std::vector<Landmark> two{box[0], box[1]};
  EXPECT_THAT(refusal(two, box), HasSubstr("not 2"));
  EXPECT_THAT(refusal({{"a", {0, 0, 0}}, {"b", {10, 0, 0}}, {"c", {50, 0.5, 0}}},
                      {{"a", {0, 0, 0}}, {"b", {10, 0, 0}}, {"c", {50, 0.5, 0}}}),
              HasSubstr("on one line"));
  EXPECT_THAT(refusal({box[0], box[1], box[2], box[0]}, box), HasSubstr("'#1' comes twice"));
  EXPECT_THAT(refusal({box[0], box[1], {"#3", {0, std::nan(""), 0}}}, box), HasSubstr("'#3' is not finite"));
}

TEST(Landmarks, LeaveNoneOutWhereAllOthersLieOnALine) {
  const std::vector<Landmark> fixed{
      {"a", {0, 0, 0}}, {"b", {50, 0, 0}}, {"c", {100, 0, 0}}, {"d", {50, 60, 0}}};
  std::vector<Landmark> moving = fixed;
  moving[0].position.y = 0.4;
  moving[3].position.z = 0.5;
  const LandmarkRegistration r = register_landmarks(fixed, moving);
  ASSERT_EQ(r.left_out_mm.size(), 4U);
  // Without d nothing tells how far the others are turned about their line.
  EXPECT_TRUE(std::isnan(r.left_out_mm[3]));
  EXPECT_EQ(r.left_out.count, 3U);
  EXPECT_LT(r.left_out.max_mm, 3.0);
}

TEST(Landmarks, InAnotherOrderAreRefused) {
  std::vector<Landmark> touched = moved(0.2, 3);
  EXPECT_EQ(refusal(touched, box), "not refused");
  std::swap(touched[1].position, touched[3].position);
  EXPECT_THAT(refusal(touched, box), HasSubstr("'#4' worst to"));
  EXPECT_THAT(refusal(touched, box), HasSubstr("it takes 3.0 mm"));
  EXPECT_EQ(refusal(touched, box, {.max_rms_mm = 100.0}), "not refused");
  EXPECT_THAT(refusal(box, box, {.max_rms_mm = std::nan("")}), HasSubstr("the landmarks fit to 0.0 mm"));
}

/// A tip that rests 2 s in each place, ten poses a second, and moves on within a second.
TrackedSequence touching(const std::vector<Point3>& places) {
  TrackedSequence recording;
  double time = 0.0;
  const auto add = [&](const Point3& p) {
    TrackedFrame frame;
    frame.time_s = time += 0.1;
    frame.poses[{"StylusTip", "Reference"}].rows = {1, 0, 0, p.x, 0, 1, 0, p.y, 0, 0, 1, p.z, 0, 0, 0, 1};
    recording.frames.push_back(frame);
  };
  for (std::size_t n = 0; n < places.size(); ++n) {
    for (int k = 0; k < 20; ++k) add(places[n] + Vector3{k % 3 - 1.0, 0.5 * (k % 2), 0});
    if (n + 1 < places.size())
      for (int k = 1; k < 10; ++k) add(lerp(places[n], places[n + 1], 0.1 * k));
  }
  return recording;
}

TEST(Landmarks, AreFoundWhereTheTipRested) {
  std::vector<Point3> places{{300, 0, 0}};
  for (const Landmark& l : moved(0.0, 1)) places.push_back(l.position);
  places.insert(places.begin() + 4, Point3{90, 90, 200});
  auto recording = touching(places);
  const auto found = resting_places(recording, "StylusTip", "Reference", {});
  ASSERT_EQ(found.size(), places.size());
  for (std::size_t n = 0; n < places.size(); ++n) EXPECT_LT(distance(found[n], places[n]), 0.6) << n;
  const auto touched = landmarks_touched(box, found);
  EXPECT_LT(register_landmarks(touched, box).fitted.max_mm, 0.7);
  EXPECT_THROW(landmarks_touched(box, {found[0], found[1]}), InvalidInput);
  EXPECT_THROW(landmarks_touched(box, std::vector<Point3>(40)), InvalidInput);
  for (auto& frame : recording.frames) frame.poses.begin()->second.status = "MISSING";
  EXPECT_TRUE(resting_places(recording, "StylusTip", "Reference", {}).empty());
}

TEST(Landmarks, AreNotTouchedWhileTheTipIsLost) {
  const std::vector<Point3> places{{0, 0, 0}, {80, 0, 0}, {0, 90, 0}};
  const auto found = [&](const std::function<void(TrackedSequence&)>& change) {
    TrackedSequence recording = touching(places);
    change(recording);
    return resting_places(recording, "StylusTip", "Reference", {});
  };
  const auto pose = [](TrackedSequence& recording, std::size_t frame) -> TrackedPose& {
    return recording.frames[frame].poses.begin()->second;
  };
  EXPECT_EQ(found([](auto&) {}).size(), 3U);
  // Of the second rest, frames 29 to 48, only the first and the last pose are seen.
  const auto two_poses = [&](auto& recording) {
    for (std::size_t f = 30; f < 48; ++f) pose(recording, f).status = "MISSING";
  };
  EXPECT_EQ(found(two_poses).size(), 2U);
  // Lost for half a second in its middle: neither part is long enough.
  const auto halves = [&](auto& recording) {
    for (std::size_t f = 36; f < 41; ++f) pose(recording, f).status = "MISSING";
  };
  EXPECT_EQ(found(halves).size(), 2U);
  // A pose lost now and then does not end a rest.
  const auto flickering = [&](auto& recording) {
    for (std::size_t f = 30; f < 48; f += 3) pose(recording, f).status = "MISSING";
  };
  EXPECT_EQ(found(flickering).size(), 3U);
  const auto stretched = [&](auto& recording) {
    for (std::size_t f = 29; f < 49; ++f) pose(recording, f).rows[5] = 1.3;
  };
  EXPECT_EQ(found(stretched).size(), 2U);
}

TEST(Landmarks, RestsTakeOptionsThatMeanSomething) {
  const auto refused = [](const RestOptions& options) {
    try {
      resting_places({}, "StylusTip", "Reference", {}, options);
    } catch (const InvalidInput&) {
      return true;
    }
    return false;
  };
  EXPECT_FALSE(refused({}));
  EXPECT_TRUE(refused({.least_time_s = 0.0}));
  EXPECT_TRUE(refused({.max_spread_mm = std::nan("")}));
  EXPECT_TRUE(refused({.least_distance_mm = -1.0}));
  EXPECT_TRUE(refused({.least_poses = 0}));
  EXPECT_TRUE(refused({.max_gap_s = HUGE_VAL}));
}

}  // namespace
}  // namespace genu::ultrasound
