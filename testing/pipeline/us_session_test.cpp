// SPDX-License-Identifier: Apache-2.0
// A whole session as it is worked: a plan on MRI, a sweep over bone that is heard live and ties the tracker
// to MRI, and the needle on its way, against the plan, with stalls of the line in both.
#include <chrono>
#include <cmath>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

json json_of(const fs::path& file) {
  return json::parse(io::read_text(file));
}

Point3 point_in(const json& p) {
  return {p.at(0), p.at(1), p.at(2)};
}

std::string words_of(const Point3& p) {
  return std::to_string(p.x) + "," + std::to_string(p.y) + "," + std::to_string(p.z);
}

std::vector<std::string> joined(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Moves a recording as if its tracker stood elsewhere: simulated ones stand in the patient's axes.
void move_tracker(ultrasound::TrackedSequence& sequence, const RigidTransform& patient_from_tracker) {
  const AffineTransform tracker_from_patient = patient_from_tracker.inverse();
  for (ultrasound::TrackedFrame& frame : sequence.frames)
    for (auto& [frames, pose] : frame.poses) {
      const auto sound = pose.transform();
      if (!sound) continue;
      const AffineTransform moved = tracker_from_patient * *sound;
      const std::array<double, 3> shift{moved.translation().x, moved.translation().y, moved.translation().z};
      for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column)
          pose.rows[4 * row + column] = moved.linear().rows[row][column];
        pose.rows[4 * row + 3] = shift[row];
      }
    }
}

/// Plays a recording to one listener, and returns what that said.
Ended heard(const fs::path& recording, const std::vector<std::string>& replay,
            const std::vector<std::string>& listen) {
  RunningCommand server(joined({"us", "replay", recording, "--port", "0"}, replay));
  const std::string before = "listening on 127.0.0.1:";
  std::string port;
  for (int n = 0; n < 2000 && port.empty() && server.running(); ++n) {
    const std::string said = server.errors_so_far();
    const std::size_t at = said.find(before), end = said.find(';');
    if (at != std::string::npos && end != std::string::npos)
      port = said.substr(at + before.size(), end - at - before.size());
    else
      std::this_thread::sleep_for(5ms);
  }
  return genu(joined({"us", "listen", "127.0.0.1:" + port}, listen));
}

/// A session on a small phantom, step by step.
class UsSession : public ::testing::Test {
 protected:
  void run(const std::vector<std::string>& line) {
    const Ended ended = genu(line);
    ASSERT_EQ(ended.exit_code, 0) << line[0] << " " << line[1] << ": " << ended.err;
    said_ = ended.out;
  }

  void plan() {
    run({"phantom", "--out", at("phantom"), "--in-plane-mm", "0.8", "--slice-mm", "1.2", "--samples-per-mm",
         "1"});
    run({"plan", "--labels", labels(), "--label-table", "genu", "--side", "right", "--target",
         "suprapatellar_recess", "--approach", "superolateral", "--samples", "400", "--spacing", "6", "-o",
         at("plan.json")});
    const json best = json_of(at("plan.json"))["plans"][0]["ranked"][0];
    entry_ = point_in(best["entry_mm"]);
    target_ = point_in(best["target_mm"]);
  }

  /// Simulates by one machine: every sweep has the same calibration, and the same error of it.
  ultrasound::TrackedSequence simulate(const std::string& name, const std::vector<std::string>& where) {
    run(joined({"us",
                "simulate",
                "--labels",
                labels(),
                "--label-table",
                "genu",
                "--pixel-mm",
                "0.13",
                "--tracker-sd-mm",
                "0.2",
                "--tracker-sd-deg",
                "0.2",
                "--calibration-sd-mm",
                "0.3",
                "--calibration-sd-deg",
                "0.3",
                "--seed",
                "7",
                "-o",
                at(name)},
               where));
    return io::read_tracked_sequence(scratch_ / name / "sweep.igs.mha");
  }

  /// Three strokes over the femur: from the front, from lateral and from medial.
  void sweep() {
    const auto stroke = [&](const std::string& name, const std::vector<std::string>& where) {
      const auto one = simulate(
          name, joined(where, {"--to-skin", "--frames", "9", "--width-mm", "38", "--depth-mm", "50"}));
      for (ultrasound::TrackedFrame frame : one.frames) {
        frame.time_s = static_cast<double>(sweep_.frames.size()) / 20.0;
        sweep_.frames.push_back(std::move(frame));
      }
    };
    stroke("front", {"--contact", "-70", "-70", "35", "--beam", "0", "1", "0", "--face", "1", "0", "0",
                     "--to", "-70", "-70", "75"});
    stroke("lateral",
           {"--contact", "-140", "-5",   "10",   "--beam", "1",  "0",         "0",    "--face", "0",
            "0",         "1",    "--to", "-135", "-29",    "35", "--to-beam", "0.94", "0.34",   "0"});
    stroke("medial", {"--contact", "0", "-5",   "10", "--beam", "-1", "0",         "0",     "--face", "0",
                      "0",         "1", "--to", "-5", "-29",    "35", "--to-beam", "-0.94", "0.34",   "0"});
    move_tracker(sweep_, patient_from_tracker_);
    io::write_tracked_sequence(at("sweep.igs.mha"), sweep_);
  }

  void tie() {
    std::ofstream pairs(at("pairs.csv"));
    int number = 0;
    for (const Point3& p :
         {Point3{-110, 0, 20}, Point3{-30, 0, 20}, Point3{-70, -50, 45}, Point3{-70, -40, -40}}) {
      const Point3 touched =
          patient_from_tracker_.inverse()(p + 2.0 * Vector3{std::cos(number), std::sin(number), 1});
      pairs << "landmark" << ++number << "," << words_of(p) << "," << words_of(touched) << "\n";
    }
    pairs.close();
    run({"us", "register", at("heard.igs.mha"), "--setup", at("front/setup.xml"), "--labels", labels(),
         "--label-table", "genu", "--landmarks", at("pairs.csv"), "--tracker", "Tracker",
         "--calibration-error-mm", "0.3", "-o", at("tie")});
  }

  /// The needle goes in beside the plan, towards 2.5 mm deeper in the plane of the picture.
  void insert() {
    const json probe = json_of(at("plan.json"))["plans"][0]["ranked"][0]["probe"];
    const Vector3 beam = point_in(probe["beam"]) - Point3{};
    const Point3 tip = lerp(entry_, target_ + 2.5 * beam, 0.75);
    std::vector<std::string> needle{"--needle"};
    for (const Point3& p : {entry_, tip})
      for (const double c : {p.x, p.y, p.z}) needle.push_back(std::to_string(c));
    insertion_ = simulate(
        "insertion", joined(needle, {"--plan", at("plan.json"), "--frames", "16", "--insert-from", "0.8"}));
    move_tracker(insertion_, patient_from_tracker_);
    io::write_tracked_sequence(at("insertion.igs.mha"), insertion_);
  }

  std::string at(const std::string& name) const { return scratch_ / name; }
  std::string labels() const { return at("phantom/labels.nrrd"); }

  const ScratchFolder scratch_;
  const RigidTransform patient_from_tracker_ = random_pose(11);
  ultrasound::TrackedSequence sweep_, insertion_;
  Point3 entry_, target_;
  std::string said_;
};

/// Nothing of what was sent is lost or made up by a stall. Times may be those of the replay.
void expect_same(const ultrasound::TrackedSequence& got, const ultrasound::TrackedSequence& sent) {
  ASSERT_EQ(got.frames.size(), sent.frames.size());
  for (std::size_t n = 0; n < sent.frames.size(); ++n) {
    EXPECT_EQ(got.frames[n].image, sent.frames[n].image) << n;
    EXPECT_EQ(got.frames[n].poses.size(), sent.frames[n].poses.size()) << n;
  }
}

/// Where the needle's tip is in the patient, as the simulation knows it.
Point3 true_tip(const json& frame) {
  const json &m = frame["patient_from_image"], &px = frame["needles"][0]["tip_px"];
  const auto along = [&](std::size_t row) {
    return m[row][0].get<double>() * px[0].get<double>() + m[row][1].get<double>() * px[1].get<double>() +
           m[row][3].get<double>();
  };
  return {along(0), along(1), along(2)};
}

TEST_F(UsSession, FromSweepToNeedleToNumbersAgainstThePlan) {
  plan();
  sweep();
  const Ended first = heard(at("sweep.igs.mha"), {"--stall-at", "12", "--stall-s", "1.2"},
                            {"--out", at("heard.igs.mha"), "--stall-s", "0.6"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("stalled"), HasSubstr("resumed")));
  expect_same(io::read_tracked_sequence(at("heard.igs.mha")), sweep_);
  tie();
  EXPECT_THAT(said_, HasSubstr("27 pictures show bone"));

  insert();
  const std::vector<std::string> against{
      "--setup",        at("tie/setup.xml"),         "--plan", at("plan.json"),
      "--registration", at("tie/registration.json"), "--side", "left"};
  // What is older than 1.5 s is stale; a machine that is busy with other things still looks faster than that.
  const Ended second =
      heard(at("insertion.igs.mha"), {"--now", "--speed", "0.4", "--stall-at", "12", "--stall-s", "3.2"},
            joined({"--needle", "--every", "0.2", "--stall-s", "1.5", "--out", at("heard_needle.igs.mha"),
                    "--json", at("live.json")},
                   against));
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err,
              AllOf(HasSubstr("plan to suprapatellar_recess by superolateral, rank 1; errors: the "
                              "registration"),
                    HasSubstr("tip to target"), HasSubstr("s ago)"), HasSubstr("stalled"),
                    HasSubstr("STALE: the newest picture is")));
  const json tally = result_in(at("live.json"), "live")["needle"];
  EXPECT_GE(tally["looked_at"], 1);
  EXPECT_GE(tally["measured"], 1);
  EXPECT_LE(tally["seen"].get<int>() + tally["stale"].get<int>(), tally["looked_at"].get<int>());
  expect_same(io::read_tracked_sequence(at("heard_needle.igs.mha")), insertion_);

  run(joined({"us", "needle", at("heard_needle.igs.mha"), "-o", at("needle")}, against));
  const json found = result_in(at("needle/needle.json"), "needle"),
             truth = result_in(at("insertion/truth.json"), "ultrasound_truth");
  const Vector3 line = normalized(target_ - entry_);
  int measured = 0, within = 0;
  for (const json& picture : found["pictures"]) {
    if (picture["deviation"].is_null()) continue;
    ++measured;
    const Vector3 ahead = target_ - true_tip(truth["frames"][picture["frame"].get<std::size_t>() - 1]);
    const double depth_mm = dot(ahead, line);
    const auto agrees = [&](const char* measure, double true_mm) {
      const json& told = picture["deviation"][measure];
      EXPECT_LT(told["sd"].get<double>(), 2.0) << measure;
      return std::abs(told["value"].get<double>() - true_mm) < 3.0 * told["sd"].get<double>();
    };
    const bool all = agrees("tip_to_target_mm", length(ahead)) && agrees("depth_left_mm", depth_mm) &&
                     agrees("lateral_mm", length(ahead - depth_mm * line));
    if (all) ++within;
    EXPECT_LT(std::abs(picture["plan"]["target_off_mm"].get<double>()), 3.0);
  }
  EXPECT_GE(measured, 8) << said_;
  // Three standard deviations; a tip that is taken for something else now and then is none of them.
  EXPECT_GE(within, 0.8 * measured) << said_;
}

}  // namespace

}  // namespace genu::testing
