// SPDX-License-Identifier: Apache-2.0
// Ctrl-C in the middle of the work.
#include <chrono>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>

#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// Sends the signal some time after the first file appears under `folder`, and expects nothing to stay there.
void expect_orderly_end(const std::vector<std::string>& line, const fs::path& folder, int signal,
                        std::chrono::milliseconds later) {
  RunningCommand command(line);
  while (command.running() && tree_of(folder).empty()) std::this_thread::sleep_for(2ms);
  std::this_thread::sleep_for(later);
  ASSERT_TRUE(command.running()) << "the work was over before the signal";
  command.send(signal);
  const Ended ended = command.wait();
  EXPECT_EQ(ended.exit_code, 130) << ended.err;
  EXPECT_THAT(ended.err, ::testing::StartsWith("genu: error: interrupted"));
  EXPECT_TRUE(tree_of(folder).empty()) << tree_of(folder).front();
}

TEST(Stop, CtrlCLeavesNothingOfAPhantom) {
  const ScratchFolder scratch;
  expect_orderly_end({"phantom", "--out", scratch / "knee"}, scratch.path(), SIGINT, 100ms);
}

TEST(Stop, TerminationLeavesNothingOfARun) {
  const ScratchFolder scratch;
  expect_orderly_end({"run", "--phantom", "--no-figures", "--out", scratch / "case"}, scratch.path(), SIGTERM,
                     1s);
}

// The terminal is closed, or a connection breaks.
TEST(Stop, AHangUpLeavesNothingOfARun) {
  const ScratchFolder scratch;
  expect_orderly_end({"run", "--phantom", "--no-figures", "--out", scratch / "case"}, scratch.path(), SIGHUP,
                     1s);
}

TEST(Stop, UnderNohupAHangUpStopsNothing) {
  const ScratchFolder scratch;
  const auto before = std::signal(SIGHUP, SIG_IGN);  // what nohup does; the command inherits it
  RunningCommand command({"phantom", "--in-plane-mm", "1", "--slice-mm", "2", "--out", scratch / "knee"});
  std::signal(SIGHUP, before);
  while (command.running() && tree_of(scratch.path()).empty()) std::this_thread::sleep_for(2ms);
  command.send(SIGHUP);
  const Ended ended = command.wait();
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
}

TEST(Stop, CtrlCLeavesNothingOfAMeasurement) {
  GENU_REQUIRE_DATA(labels, "knee_labels/pymskt_right_knee_dess.nrrd");
  const ScratchFolder scratch;
  expect_orderly_end({"measure", "--labels", labels, "--label-table", "pymskt", "--out", scratch / "case"},
                     scratch.path(), SIGINT, 500ms);
}

}  // namespace

}  // namespace genu::testing
