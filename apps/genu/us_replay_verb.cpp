// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/core/error.h>
#include <genu/io/tracked_files.h>
#include <genu/network/replay_server.h>

#include "inputs.h"
#include "us_inputs.h"
#include "us_verbs.h"

namespace genu::app {

namespace {

struct ReplayWords {
  std::filesystem::path file, setup;
  std::string embedded;
  std::vector<std::string> faults;
  std::optional<std::size_t> stall_at;
  double stall_s = 2.0;
  bool now = false, version_1 = false;
  network::ReplayOptions options;
};

/// 0 means something of its own.
std::string not_below_0(const std::string& number) {
  return number == "0" ? "" : above_0(number);
}

/// Reads "drop:12" and "stall:12:0.5".
network::ReplayFault fault_in(const std::string& text) {
  const std::size_t first = text.find(':');
  const std::size_t second = first == std::string::npos ? first : text.find(':', first + 1);
  network::ReplayFault fault;
  const auto number = [&](std::string_view digits, auto& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
      throw UsageError("--fault is KIND:FRAME or KIND:FRAME:SECONDS, not \"" + text + "\"");
  };
  const std::string_view all(text);
  number(first == std::string::npos ? "" : all.substr(first + 1, second - first - 1), fault.frame);
  if (second != std::string::npos) number(all.substr(second + 1), fault.seconds);
  try {
    fault.kind = network::fault_named(text.substr(0, first));
  } catch (const InvalidInput& problem) {
    throw UsageError("--fault: " + std::string(problem.what()));
  }
  return fault;
}

network::ReplayOptions options_of(const ReplayWords& words) {
  network::ReplayOptions options = words.options;
  if (words.now) options.times = network::ReplayTimes::now;
  if (words.version_1) options.version = 1;
  for (const std::string& fault : words.faults) options.faults.push_back(fault_in(fault));
  if (words.stall_at) options.faults.push_back({network::FaultKind::stall, *words.stall_at, words.stall_s});
  if (!words.embedded.empty()) {
    options.embedded = ultrasound::frames_named(words.embedded);
    if (!options.embedded || options.embedded->from == options.embedded->to)
      throw UsageError("--embed names two coordinate frames, as ImageToReference, not \"" + words.embedded +
                       "\"");
  }
  return options;
}

ExitCode replay(const ReplayWords& words, const Session& session) {
  network::ReplayOptions options = options_of(words);
  ultrasound::TrackedSequence sequence = io::read_tracked_sequence(words.file);
  note_remarks(sequence.remarks, words.file, session);
  if (!words.setup.empty()) {
    const io::TrackedSetup setup = io::read_tracked_setup(words.setup);
    note_remarks(setup.remarks, words.file, session);
    refuse_calibration_of_others(setup, sequence, words.file, {});
    if (shows_image(sequence))
      note_remarks(cautions_about(setup, pictures_of(sequence, {})), words.file, session);
    options.always = setup.coordinate_frames();
  }
  if (options.embedded)
    require_way(sequence, options.always, words.file, options.embedded->from, options.embedded->to);
  const auto is_image = [](const ultrasound::TrackedFrame& frame) { return frame.shows_image(); };
  const auto images = std::count_if(sequence.frames.begin(), sequence.frames.end(), is_image);
  const std::string what =
      std::to_string(sequence.frames.size()) + " frames, " + std::to_string(images) + " with an image";
  network::ReplayServer server(std::move(sequence), options);
  session.note("genu: listening on " + options.address + ":" + std::to_string(server.port()) + "; " + what);
  std::size_t clients = 0;
  constexpr double often_s = 0.1;
  while (!server.wait(often_s) && !session.progress().stop_requested()) {
    if (const std::size_t now = server.report().clients; now != clients) {
      clients = now;
      session.note("genu: client " + std::to_string(clients) + " has come");
    }
  }
  server.stop();
  const network::ReplayReport report = server.report();
  session.print("sent " + std::to_string(report.frames) + " frames, " + std::to_string(report.bytes >> 20U) +
                " MB, to " + std::to_string(report.clients) + (report.clients == 1 ? " client" : " clients") +
                "\n");
  if (!report.failure.empty()) throw IoError("the replay ended early: " + report.failure);
  if (report.skipped > 0)
    session.print(std::to_string(report.skipped) + " frames were skipped: a client took them too slowly\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<ReplayWords>();
  network::ReplayOptions& options = words->options;
  parser.add_option("FILE", words->file, "A tracked sequence (.igs.mha, .igs.nrrd)")
      ->required()
      ->type_name("FILE");
  parser.add_option("--port", options.port, "Where to listen; 0 takes any that is free")
      ->check(CLI::Range(0, 65535))
      ->type_name("N")
      ->capture_default_str();
  parser
      .add_option("--address", options.address,
                  "Of this machine; 0.0.0.0 lets others in, and nothing is encrypted")
      ->type_name("ADDRESS")
      ->capture_default_str();
  parser
      .add_option("--speed", options.speed, "Times the recording's own pace; 0 is as fast as clients take it")
      ->type_name("X")
      ->check(not_below_0)
      ->capture_default_str();
  parser.add_option("--rate-hz", options.rate_hz, "Frames a second where the recording has no times")
      ->type_name("HZ")
      ->check(above_0)
      ->capture_default_str();
  parser.add_flag("--loop", options.loop, "Begins again at the end, until Ctrl-C");
  parser.add_flag("--now", words->now, "Sends times as if it happened now, not those of the recording");
  parser.add_flag("--tdata", options.tracking_data, "Sends poses as TDATA instead of TRANSFORM");
  parser.add_flag(
      "--version-1", words->version_1,
      "Sends headers of version 1, which leave out status and fields: poses that are not OK are not sent");
  CLI::Option* setup =
      parser.add_option("--setup", words->setup, "A PLUS configuration with the image's calibration")
          ->type_name("XML");
  CLI::Option* embed = parser.add_option("--embed", words->embedded,
                                         "The transform in the images' messages, as ImageToReference");
  embed->type_name("FROMToTO");
  setup->needs(embed);
  CLI::Option* stall_at =
      parser.add_option("--stall-at", words->stall_at, "Stops the line before this frame, counted from 0");
  stall_at->type_name("FRAME");
  parser.add_option("--stall-s", words->stall_s, "For so long")
      ->type_name("SECONDS")
      ->check(above_0)
      ->capture_default_str()
      ->needs(stall_at);
  parser
      .add_option(
          "--fault", words->faults,
          "stall, drop, swap, invalid_pose, nan_pose, wrong_checksum, wrong_scalar_type, unknown_type, "
          "absurd_size, truncated or hang_up, at a frame; may be given several times")
      ->type_name("KIND:FRAME[:SECONDS]");
  return [words](const Session& session) { return replay(*words, session); };
}

}  // namespace

Verb us_replay_verb() {
  return {
      .name = "replay",
      .summary = "Plays a tracked recording to OpenIGTLink clients",
      .description =
          "Sends a recording as PLUS would send it live: IMAGE and TRANSFORM (or TDATA) messages of one time "
          "a "
          "frame, with the status of each pose. It begins with the first client and ends with the recording, "
          "or "
          "at Ctrl-C. What can go wrong with a live line can be made to go wrong at a known frame.",
      .examples = {{"genu us replay sweep.igs.mha --port 18944", "At its own pace, once."},
                   {"genu us replay sweep.igs.mha --loop --now", "For ever, as if it happened now."},
                   {"genu us replay sweep.igs.mha --stall-at 40 --stall-s 2 --fault drop:60",
                    "The line stops for 2 s before frame 40, and frame 60 is lost."},
                   {"genu us replay sweep.igs.mha --setup device.xml --embed ImageToReference",
                    "Images say where they are."}},
      .references = {"Tokuda J et al. 2009, International Journal of Medical Robotics 5:423 (OpenIGTLink).",
                     "Lasso A et al. 2014, IEEE Transactions on Biomedical Engineering 61:2527 (PLUS)."},
      .declare = declare};
}

}  // namespace genu::app
