// SPDX-License-Identifier: Apache-2.0
// `genu us replay` and `genu us listen`, two programs on one machine.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <thread>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "command.h"
#include "needle_insertion.h"

namespace genu::testing {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// A recording of 40 small frames at 40 Hz, one of which lost its probe.
ultrasound::TrackedSequence sweep() {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < 40; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = {32, 24, 1, {}};
    for (int p = 0; p < 32 * 24; ++p) frame.image.pixels.push_back(static_cast<std::uint8_t>(f + 3 * p));
    frame.time_s = 100.0 + f / 40.0;
    ultrasound::TrackedPose& pose = frame.poses[{"Probe", "Tracker"}];
    pose.rows[3] = 0.25 * f;
    pose.rows[7] = -1.5;
    if (f == 7) pose.status = "OUT_OF_VIEW";
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

/// A server that plays it, with whatever else is said.
class Replay {
 public:
  Replay(const std::filesystem::path& folder, const std::vector<std::string>& more,
         const ultrasound::TrackedSequence& recording = sweep())
      : server_(words(folder, more, recording)) {
    const std::string before = "listening on 127.0.0.1:";
    for (int n = 0; n < 1000 && port_.empty() && server_.running(); ++n) {
      const std::string said = server_.errors_so_far();
      const std::size_t at = said.find(before);
      if (at != std::string::npos && said.find(';', at) != std::string::npos)
        port_ = said.substr(at + before.size(), said.find(';', at) - at - before.size());
      else
        std::this_thread::sleep_for(5ms);
    }
  }
  std::string address() const { return "127.0.0.1:" + port_; }
  RunningCommand& server() { return server_; }

 private:
  static std::vector<std::string> words(const std::filesystem::path& folder,
                                        const std::vector<std::string>& more,
                                        const ultrasound::TrackedSequence& recording) {
    io::write_tracked_sequence(folder / "sweep.igs.mha", recording);
    std::vector<std::string> all{"us", "replay", folder / "sweep.igs.mha", "--port", "0"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }

  RunningCommand server_;
  std::string port_;
};

TEST(UsLive, ASweepIsReplayedHeardAndRecorded) {
  const ScratchFolder scratch;
  Replay replay(scratch.path(), {"--speed", "5"});
  const Ended heard = genu({"us", "listen", replay.address(), "--out", scratch / "heard.igs.mha", "--json",
                            scratch / "live.json", "--csv", scratch / "poses.csv"});
  ASSERT_EQ(heard.exit_code, 0) << heard.err;
  EXPECT_THAT(heard.err, AllOf(HasSubstr("connected"),
                               HasSubstr("pose lost     ProbeToTracker: its status is OUT_OF_VIEW"),
                               HasSubstr("pose found"), HasSubstr("shutting down: the recording is over")));
  EXPECT_THAT(heard.out, AllOf(HasSubstr("ProbeToTracker"), HasSubstr("1 OUT_OF_VIEW"),
                               HasSubstr("40 frames, 40 whole"), HasSubstr("as it had said")));
  const Ended played = replay.server().wait();
  EXPECT_EQ(played.exit_code, 0) << played.err;
  EXPECT_THAT(played.out, HasSubstr("sent 40 frames, 0 MB, to 1 client"));

  const auto sent = sweep(), got = io::read_tracked_sequence(scratch / "heard.igs.mha");
  ASSERT_EQ(got.frames.size(), 40U);
  for (std::size_t f = 0; f < 40; ++f) {
    EXPECT_EQ(got.frames[f].image, sent.frames[f].image) << f;
    EXPECT_EQ(got.frames[f].poses, sent.frames[f].poses) << f;
    EXPECT_NEAR(got.frames[f].time_s, sent.frames[f].time_s, 1e-9) << f;
  }
  const json summary = result_in(scratch / "live.json", "live");
  EXPECT_EQ(summary["whole_frames"], 40);
  EXPECT_EQ(summary["streams"][1]["not_sound"]["OUT_OF_VIEW"], 1);
  const std::string poses = io::read_text(scratch / "poses.csv");
  EXPECT_THAT(poses, StartsWith("frame,time_s,received_s,image,transform,status,m11,"));
  EXPECT_THAT(poses, HasSubstr("OK,ProbeToTracker,OUT_OF_VIEW,,,,,,,,,,,,\n"));
  EXPECT_THAT(poses, HasSubstr("OK,ProbeToTracker,OK,1,0,0,9.75,0,1,0,-1.5,0,0,1,0\n"));
}

// What the person at the screen must see.
TEST(UsLive, WhatGoesWrongIsShownAsItHappens) {
  const ScratchFolder scratch;
  Replay replay(scratch.path(), {"--speed", "5", "--stall-at", "20", "--stall-s", "0.8", "--fault", "drop:30",
                                 "--fault", "wrong_checksum:35"});
  const Ended heard = genu({"us", "listen", replay.address(), "--stall-s", "0.5", "--late-ms", "300",
                            "--every", "0.1", "--json", scratch / "live.json"});
  ASSERT_EQ(heard.exit_code, 0) << heard.err;
  EXPECT_THAT(heard.err,
              AllOf(HasSubstr("stalled       nothing has come for"), HasSubstr("SILENT"),
                    HasSubstr("resumed       after"), HasSubstr("late "), HasSubstr("1 is missing"),
                    HasSubstr("refused       IMAGE Image_Image: its checksum is wrong")));
  const json summary = result_in(scratch / "live.json", "live");
  EXPECT_EQ(summary["stalls"], 1);
  EXPECT_EQ(summary["refused"], 1);
  EXPECT_EQ(summary["frames"], 39);
  EXPECT_EQ(summary["whole_frames"], 38);
  EXPECT_TRUE(summary["recording"].is_null());
}

TEST(UsLive, ABrokenLinkIsAnErrorAfterAllIsWritten) {
  const ScratchFolder scratch;
  Replay replay(scratch.path(), {"--speed", "0", "--fault", "truncated:10"});
  const Ended heard = genu({"us", "listen", replay.address(), "--out", scratch / "heard.igs.mha"});
  EXPECT_EQ(heard.exit_code, 3);
  EXPECT_THAT(heard.err, HasSubstr("broke: the server closed the connection in the middle of a message"));
  EXPECT_EQ(io::read_tracked_sequence(scratch / "heard.igs.mha").frames.size(), 10U);
  replay.server().send(SIGINT);
  EXPECT_EQ(replay.server().wait().exit_code, 0) << "it waited for another client";
}

// Whoever listened for ten minutes wants what was heard, even if the folder has gone meanwhile.
TEST(UsLive, TablesAreWrittenThoughTheRecordingFails) {
  const ScratchFolder scratch;
  std::filesystem::create_directory(scratch / "gone");
  Replay replay(scratch.path(), {"--loop"});
  RunningCommand listening({"us", "listen", replay.address(), "--out", scratch / "gone" / "heard.igs.mha",
                            "--json", scratch / "live.json", "--csv", scratch / "poses.csv", "--every",
                            "0.05"});
  while (listening.running() && listening.errors_so_far().find("ProbeToTracker") == std::string::npos)
    std::this_thread::sleep_for(5ms);
  std::filesystem::remove_all(scratch / "gone");
  listening.send(SIGINT);
  const Ended ended = listening.wait();
  EXPECT_EQ(ended.exit_code, 3) << ended.err;
  EXPECT_THAT(ended.err, HasSubstr("heard.igs.mha"));
  EXPECT_TRUE(result_in(scratch / "live.json", "live")["recording"].is_null());
  EXPECT_THAT(io::read_text(scratch / "poses.csv"), HasSubstr("ProbeToTracker"));
}

// A calibration of 820 x 616 pixels says nothing of these.
TEST(UsLive, AReplayRefusesTheCalibrationOfOtherPictures) {
  const ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "sweep.igs.mha", sweep());
  io::TrackedSetup setup;
  setup.transforms = {
      {{"Image", "Probe"}, AffineTransform{}, {}, "", ultrasound::ImageSetup{820, 616, "MF", {}}}};
  io::write_tracked_setup(scratch / "setup.xml", setup);
  const Ended refused = genu({"us", "replay", scratch / "sweep.igs.mha", "--port", "0", "--setup",
                              scratch / "setup.xml", "--embed", "ImageToTracker"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("820 x 616"), HasSubstr("32 x 24")));
}

TEST(UsLive, AStillInColourBecomesARecordingInColour) {
  const ScratchFolder scratch;
  constexpr std::string_view png(  // 2 x 2 pixels
      "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\2\0\0\0\2\b\2\0\0\0\xfd\xd4\x9a\x73\0\0\0\x13"
      "IDAT\x78\x9c\x63\xf8\xcf\xc0\xc0\0\xc2\x0c\xff\x39\x39\xd8\x01\x1a\x26\x03\x16\xaa\x88\x51\xd2"
      "\0\0\0\0IEND\xae\x42\x60\x82",
      76);
  io::write_text(scratch / "still.png", png);
  const Ended imported = genu({"us", "import", scratch / "still.png", "--out", scratch / "still"});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  const auto recording = io::read_tracked_sequence(scratch / "still" / "1_still.png.igs.mha");
  EXPECT_EQ(recording.image_type, "RGB_COLOR");
  EXPECT_EQ(recording.frames.at(0).image.channels, 3);
}

TEST(UsLive, CtrlCEndsListeningInOrder) {
  const ScratchFolder scratch;
  Replay replay(scratch.path(), {"--loop"});
  RunningCommand listening(
      {"us", "listen", replay.address(), "--out", scratch / "heard.igs.mha", "--every", "0.05"});
  while (listening.running() && listening.errors_so_far().find("ProbeToTracker") == std::string::npos)
    std::this_thread::sleep_for(5ms);
  listening.send(SIGINT);
  const Ended ended = listening.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(ended.out, AllOf(HasSubstr("it was stopped"), HasSubstr("recorded in")));
  EXPECT_GT(io::read_tracked_sequence(scratch / "heard.igs.mha").frames.size(), 0U);
}

// At another depth every length is wrong.
TEST(UsLive, TheDepthThatWasSaidDecidesWhetherTheCalibrationHolds) {
  const ScratchFolder scratch;
  io::TrackedSetup setup = setup_to("Patient");
  setup.transforms[0].pictures->depth_mm = 45.0;
  io::write_tracked_setup(scratch / "setup.xml", setup);
  write_plan(scratch / "plan.json");
  ultrasound::TrackedSequence recording = insertion();
  recording.frames.resize(2);  // both with a sound pose
  Replay replay(scratch.path(), {"--loop"}, recording);
  const auto said_with = [&](const std::vector<std::string>& depth) {
    std::vector<std::string> line{
        "us",      "listen",  replay.address(),      "--needle", "--side",
        "left",    "--setup", scratch / "setup.xml", "--plan",   scratch / "plan.json",
        "--every", "0.05",    "--stall-s",           "20",       "--for",
        "60"};
    line.insert(line.end(), depth.begin(), depth.end());
    RunningCommand listening(line);
    while (listening.running() && listening.errors_so_far().find("confidence") == std::string::npos)
      std::this_thread::sleep_for(5ms);
    listening.send(SIGINT);
    const Ended ended = listening.wait();
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    return ended.err;
  };
  EXPECT_THAT(said_with({}), AllOf(HasSubstr("mind: ImageToProbe: the calibration is of an imaging depth of "
                                             "45.0 mm; these pictures do not say theirs"),
                                   HasSubstr("tip to target")));
  EXPECT_THAT(said_with({"--depth-mm", "45"}), AllOf(Not(HasSubstr("mind: ")), HasSubstr("tip to target")));
  EXPECT_THAT(said_with({"--depth-mm", "60"}),
              AllOf(HasSubstr("no numbers: the transform from Image to Probe is of other pictures"),
                    HasSubstr("45.0 mm, these have 60.0 mm"), Not(HasSubstr("tip to target"))));
  expect_one_line(genu({"us", "listen", replay.address(), "--depth-mm", "45"}), 2, "--needle");
  for (const char* none : {"nan", "-45", "0"})
    expect_one_line(genu({"us", "listen", replay.address(), "--needle", "--depth-mm", none}), 2,
                    "--depth-mm");
}

TEST(UsLive, WhatMakesNoSenseIsSaidInOneLine) {
  const ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "sweep.igs.mha", sweep());
  const std::string sweep_file = scratch / "sweep.igs.mha";
  const auto refusal = [](const std::vector<std::string>& line, int code) {
    const Ended ended = genu(line);
    EXPECT_EQ(ended.exit_code, code) << ended.err;
    EXPECT_THAT(ended.err, AllOf(StartsWith("genu: error: "), Not(HasSubstr("\n\n"))));
    return ended.err;
  };
  EXPECT_THAT(refusal({"us"}, 2), HasSubstr("a verb is required; see genu us --help"));
  EXPECT_THAT(refusal({"us", "hear"}, 2), HasSubstr("there is no verb \"hear\"; see genu us --help"));
  EXPECT_THAT(refusal({"us", "listen"}, 2), HasSubstr("see genu us listen --help"));
  EXPECT_THAT(refusal({"us", "listen", "host:x"}, 2), HasSubstr("no host:port"));
  EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1"}, 3), HasSubstr("cannot connect to 127.0.0.1:1"));
  EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", "--out", "a.png"}, 2), HasSubstr(".igs.mha"));
  for (const auto& [option, file] :
       {std::pair{"--out", "a.igs.mha"}, {"--csv", "a.csv"}, {"--json", "a.json"}})
    EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", option, scratch / "nodir" / file}, 3),
                AllOf(HasSubstr("no such folder"), Not(HasSubstr("connect"))));
  for (const char* option : {"--out", "--csv", "--json"})
    EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", option, sweep_file}, 3),
                AllOf(HasSubstr("is there already; --replace"), Not(HasSubstr("connect"))));
  EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", "--csv", scratch / "a", "--json", scratch / "a"}, 2),
              HasSubstr("two outputs"));
  EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", "--needle", "--setup", sweep_file, "--json", sweep_file,
                       "--replace"},
                      2),
              HasSubstr("is an input"));
  EXPECT_THAT(refusal({"us", "listen", "127.0.0.1:1", "--frames", "0"}, 2), HasSubstr("--frames"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--embed", "ImageToPatient"}, 3),
              AllOf(HasSubstr("sweep.igs.mha"), HasSubstr("from Image to Patient")));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--port", "99999"}, 2), HasSubstr("--port"));
  EXPECT_THAT(refusal({"us", "replay", "absent.igs.mha"}, 3), HasSubstr("absent.igs.mha"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--fault", "drop"}, 2), HasSubstr("KIND:FRAME"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--fault", "flood:1"}, 2), HasSubstr("no fault 'flood'"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--port", "0", "--fault", "drop:40"}, 3),
              HasSubstr("40 frames"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--embed", "Image"}, 2), HasSubstr("ImageToReference"));
  EXPECT_THAT(refusal({"us", "replay", sweep_file, "--stall-s", "1"}, 2), HasSubstr("--stall-at"));
}

}  // namespace

}  // namespace genu::testing
