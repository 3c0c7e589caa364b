// SPDX-License-Identifier: Apache-2.0
// `genu us register` on a simulated sweep about a phantom's femur and tibia.
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/io/volume_files.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A knee's labels, a sweep over it and what leads there, as files; and what is true of them.
struct Leg {
  ScratchFolder scratch;
  phantom::Knee knee{{}};
  RigidTransform patient_from_tracker = random_pose(11);

  Point3 at(double lateral, double anterior, double proximal) const {
    const KneeFrame& f = knee.frame();
    return f.origin + lateral * f.lateral + anterior * f.anterior + proximal * f.proximal;
  }
  std::string file(const char* name) const { return scratch / name; }

  /// Poses of a stroke on the skin, looked at along a direction in the knee's axes.
  std::vector<RigidTransform> stroke(const Vector3& out, const Point3& from, const Point3& to,
                                     int count) const {
    const KneeFrame& f = knee.frame();
    const Vector3 way = normalized(out.x * f.lateral + out.y * f.anterior + out.z * f.proximal);
    const auto on_skin = [&](const Point3& inside) {
      Point3 skin = inside + 110.0 * way;
      while (knee.tissue_at(skin) == Tissue::background) skin += -0.25 * way;
      return ultrasound::probe_pose(skin, -1.0 * way, cross(f.proximal, way));
    };
    return ultrasound::poses_between(on_skin(from), on_skin(to), count);
  }

  Leg() {
    const LabelMap labels = phantom::scan(knee, phantom::sagittal_grid(knee, 1.0, 1.2),
                                          {.bias_field = 0, .noise_sd = 0, .samples_per_mm = 1})
                                .labels;
    io::write_labels(scratch / "labels.nrrd", labels, io::label_table_named("genu"));
    std::vector<RigidTransform> poses;
    for (const auto& part : {stroke({0, 1, 0}, at(0, 0, 70), at(0, 0, 40), 5),
                             stroke({1, 0.1, 0}, at(0, 0, 12), at(0, 0, 40), 5),
                             stroke({-0.7, 1, 0}, at(0, 0, -18), at(0, 0, -42), 5)})
      for (const RigidTransform& p : part) poses.push_back(patient_from_tracker.inverse() * p);
    constexpr PixelSize pixel{0.2, 0.2};
    const auto sweep =
        ultrasound::simulate_sweep(ultrasound::EchoBody(labels), patient_from_tracker,
                                   ultrasound::linear_probe_from_image(pixel, 190), poses, 190, 220);
    io::write_tracked_sequence(scratch / "sweep.igs.mha", sweep.recording);
    ultrasound::TrackedSequence part = sweep.recording;
    part.frames.resize(4);
    io::write_tracked_sequence(scratch / "part.igs.mha", part);
    io::TrackedSetup setup;
    setup.transforms.push_back({{"Image", "Probe"}, sweep.probe_from_image, std::nullopt, "", {}});
    io::write_tracked_setup(scratch / "setup.xml", setup);
    write_landmarks("landmarks.csv", {3, -2, 4});
    write_landmarks("far.csv", {60, 0, 0});
  }

  /// Four places that a person pointed at, off by about a shift.
  void write_landmarks(const char* name, const Vector3& off) const {
    std::ofstream csv(scratch / name);
    csv << "name,mri_x,mri_y,mri_z,tracker_x,tracker_y,tracker_z\n";
    int n = 0;
    for (const Point3& p : {at(45, 0, 5), at(-45, 0, 5), at(0, 50, 25), at(0, 30, -35)}) {
      const Vector3 slip{n % 2 ? 1.5 : -1.5, n % 3 ? -1.0 : 2.0, n % 2 ? -0.5 : 1.0};
      const Point3 q = patient_from_tracker.inverse()(p + off + slip);
      csv << "place" << ++n << "," << p.x << "," << p.y << "," << p.z << "," << q.x << "," << q.y << ","
          << q.z << "\n";
    }
  }

  std::vector<std::string> words_with(const char* sweep, const char* landmarks, const char* out) const {
    return {"us",       "register",          file(sweep),   "--setup",       file("setup.xml"),
            "--labels", file("labels.nrrd"), "--landmarks", file(landmarks), "--out",
            file(out)};
  }
};

/// Made once: the two tests run in one process.
const Leg& leg_once() {
  static const Leg leg;
  return leg;
}

Ended register_with(const Leg& leg, const char* sweep, const char* landmarks, const char* out,
                    const std::vector<std::string>& more) {
  std::vector<std::string> words = leg.words_with(sweep, landmarks, out);
  words.insert(words.end(), more.begin(), more.end());
  return genu(words);
}

TEST(UsRegister, TiesASweepToTheMriWithTheErrorToExpect) {
  const Leg& leg = leg_once();
  const Point3 place = leg.at(0, 40, 45);
  const auto tie = [&](std::vector<std::string> more) {
    more.insert(more.end(), {"--tracker", "Tracker", "--target", std::to_string(place.x),
                             std::to_string(place.y), std::to_string(place.z)});
    return register_with(leg, "sweep.igs.mha", "landmarks.csv", "tie", more);
  };
  const Ended ended = tie({});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tree_of(leg.scratch / "tie"),
              ElementsAre("along.png", "front.png", "registration.json", "setup.xml", "side.png"));
  const json r = result_in(leg.scratch / "tie" / "registration.json", "bone_registration");
  ASSERT_EQ(r["targets"].size(), 1U);
  const double expected_mm = r["targets"][0]["predicted_error_mm"];
  EXPECT_LT(expected_mm, 2.0);
  EXPECT_THAT(ended.out, HasSubstr("target 1"));
  // The set-up leads on to the patient, no further off than was told.
  const auto always = io::read_tracked_setup(leg.scratch / "tie" / "setup.xml").coordinate_frames();
  const auto patient_from_tracker = always.find("Tracker", "Patient");
  ASSERT_TRUE(patient_from_tracker);
  EXPECT_LT(distance((*patient_from_tracker)(leg.patient_from_tracker.inverse()(place)), place),
            2.0 * expected_mm);
  EXPECT_TRUE(always.find("Image", "Probe"));

  // A folder that is there is not overwritten, and the same words give the same place.
  expect_one_line(tie({}), 3, "it is not empty");
  ASSERT_EQ(tie({"--replace"}).exit_code, 0);
  const json again = result_in(leg.scratch / "tie" / "registration.json", "bone_registration");
  EXPECT_EQ(again["mri_from_tracker"], r["mri_from_tracker"]);
}

TEST(UsRegister, RefusesInOneLineAndLeavesNothing) {
  const Leg& leg = leg_once();
  const auto refused = [&](const char* sweep, const char* landmarks, int code, const char* says,
                           const std::vector<std::string>& more = {"--tracker", "Tracker"}) {
    expect_one_line(register_with(leg, sweep, landmarks, "none", more), code, says);
  };
  refused("part.igs.mha", "landmarks.csv", 3, "4 pictures show bone");
  refused("sweep.igs.mha", "far.csv", 3, "cannot register the sweep");
  refused("part.igs.mha", "landmarks.csv", 3, "Leg", {"--tracker", "Leg"});
  refused("absent.igs.mha", "landmarks.csv", 3, "absent.igs.mha");
  refused("part.igs.mha", "absent.csv", 3, "absent.csv");
  io::write_text(leg.scratch / "odd.csv", "a,1,2,3,4,5,6\nb,1,2,3,4,5\n");
  refused("part.igs.mha", "odd.csv", 3, "line 2 is 'b,1,2,3,4,5'");
  io::write_text(leg.scratch / "two.csv", "a,1,2,3,4,5,6\nb,11,2,3,14,5,6\n");
  refused("part.igs.mha", "two.csv", 3, "two.csv");
  refused("part.igs.mha", "landmarks.csv", 2, "--target", {"--target", "1", "2"});
  refused("part.igs.mha", "landmarks.csv", 2, "--target", {"--target", "1", "2", "nan"});
  refused("part.igs.mha", "landmarks.csv", 2, "--max-error-mm", {"--max-error-mm", "nan"});
  refused("part.igs.mha", "landmarks.csv", 2, "--calibration-error-mm", {"--calibration-error-mm", "-1"});
  refused("part.igs.mha", "landmarks.csv", 2, "--case", {"--case", leg.file("none")});
  expect_one_line(genu({"us", "register", leg.file("part.igs.mha"), "--landmarks", leg.file("landmarks.csv"),
                        "--out", leg.file("none")}),
                  2, "--case DIR or --labels FILE");
  EXPECT_FALSE(fs::exists(leg.scratch / "none"));
}

}  // namespace

}  // namespace genu::testing
