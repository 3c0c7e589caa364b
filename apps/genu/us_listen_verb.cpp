// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/network/frame_assembly.h>
#include <genu/network/stream_health.h>
#include <genu/network/tracking_client.h>

#include "inputs.h"
#include "live_tables.h"
#include "needle_watch.h"
#include "us_verbs.h"

namespace genu::app {

namespace {

struct ListenWords {
  std::string address;
  std::filesystem::path out, csv, json;
  std::optional<double> seconds;
  std::optional<std::size_t> frames;
  double every_s = 1.0;
  double late_ms = 200.0;
  network::ClientOptions client;
  network::HealthOptions health;
  bool look_for_needle = false;
  NeedleWords needle;
  std::vector<std::filesystem::path> setups;
  std::optional<double> depth_mm;
  bool replace = false;
};

/// Listens, shows what happens, and keeps what is wanted.
class Listener {
 public:
  Listener(const ListenWords& words, const Session& session)
      : words_(&words), session_(&session), health_(words.health) {}

  LiveSession listen() {
    const network::Address address = address_of(words_->address);
    if (words_->look_for_needle) watch_needle();
    result_.server = address.host + ":" + std::to_string(address.port);
    network::TrackingClient client(address, words_->client, session_->stop());
    started_s_ = shown_s_ = network::clock_s();
    while (!is_over(client)) {
      constexpr double often_s = 0.05;  // a stop or a stall is noticed so soon
      if (auto message = next_of(client, often_s)) {
        note(*message);
        show(health_.note(*message), message->received_s);
        keep(assembler_.add(*std::move(message)));
      }
      const double now = network::clock_s();
      show(health_.look(now), now);
      keep(assembler_.look(now));
      show_streams(now);
    }
    keep(assembler_.finish());
    const double now = network::clock_s();
    show({}, std::numeric_limits<double>::infinity());
    result_.seconds = now - started_s_;
    result_.link = health_.report(now);
    if (watch_) result_.needle = watch_->finish();
    result_.parts_too_late = assembler_.too_late();
    result_.parts_left_out = assembler_.left_out();
    if (!waits_ms_.empty()) {
      const auto middle = waits_ms_.begin() + static_cast<std::ptrdiff_t>(waits_ms_.size() / 2);
      std::nth_element(waits_ms_.begin(), middle, waits_ms_.end());
      result_.assembly_ms = *middle;
    }
    return std::move(result_);
  }

  network::SequenceRecorder& recorder() { return recorder_; }
  const std::string& pose_table() const { return poses_; }
  /// Returns true if the link ended by itself, and not in order.
  bool broken() const { return broken_; }

 private:
  static network::Address address_of(const std::string& text) {
    try {
      return network::address_in(text);
    } catch (const InvalidInput& problem) {
      throw UsageError(problem.what());
    }
  }

  void watch_needle() {
    io::TrackedSetup setup = read_setups(words_->setups);
    for (const std::string& remark : setup.remarks) session_->note("genu: " + remark);
    watch_.emplace(words_->needle, std::move(setup), words_->depth_mm, words_->health.stall_s);
    if (const auto& plan = watch_->plan())
      session_->note("genu: plan to " + plan->target + " by " + plan->approach + ", rank " +
                     std::to_string(plan->rank) + "; errors: " + plan->error_source);
  }

  /// A stop ends listening in order: what came is kept.
  static std::optional<network::LiveMessage> next_of(network::TrackingClient& client, double timeout_s) {
    try {
      return client.next(timeout_s);
    } catch (const Cancelled&) {
      return std::nullopt;
    }
  }

  bool is_over(const network::TrackingClient& client) {
    const bool timed_out = words_->seconds && network::clock_s() - started_s_ >= *words_->seconds;
    if (session_->progress().stop_requested())
      result_.ended = "it was stopped";
    else if (timed_out)
      result_.ended = "the time was over";
    else if (words_->frames && result_.frames >= *words_->frames)
      result_.ended = "there were enough frames";
    else if (!client.open())
      result_.ended = lost_;
    else
      return false;
    return true;
  }

  void note(const network::LiveMessage& message) {
    const auto* status = std::get_if<network::LiveStatus>(&message.content);
    constexpr int shutting_down = 19;
    if (status) goodbye_ = status->code == shutting_down;
    if (const auto* lost = std::get_if<network::LiveLost>(&message.content)) {
      lost_ = lost->why + (goodbye_ ? ", as it had said" : "");
      broken_ = !goodbye_;
    }
  }

  /// Shows what changed. What comes close together is told together, and of a flood only how large it is.
  void show(std::vector<network::HealthEvent> events, double now) {
    constexpr double together_s = 0.05;
    constexpr std::size_t most = 20;  // lines between two of the streams
    for (network::HealthEvent& event : events) untold_.push_back(std::move(event));
    if (untold_.empty() || now - untold_.front().at_s < together_s) return;
    for (const std::string& line : lines_of(untold_, started_s_))
      if (++lines_ <= most)
        session_->note(line);
      else
        ++unsaid_;
    untold_.clear();
  }

  void show_streams(double now) {
    if (now - shown_s_ < words_->every_s) return;
    shown_s_ = now;
    if (unsaid_ > 0) session_->note("             ... and " + std::to_string(unsaid_) + " more");
    lines_ = unsaid_ = 0;
    for (const std::string& line :
         lines_of({{network::HealthChange::status, {}, now, line_of(health_.report(now))}}, started_s_))
      session_->note(line);
    if (watch_) session_->note(line_at(now - started_s_, "needle", watch_->line(now)));
  }

  /// Hands a picture to whoever looks for needles.
  void look(const network::AssembledFrame& frame) {
    if (!watch_ || frame.out_of_order || !frame.frame.shows_image()) return;
    const ultrasound::ImageSetup pictures = pictures_of(frame.frame, words_->depth_mm);
    if (std::exchange(pictures_, pictures) != pictures)
      for (const std::string& caution : cautions_about(watch_->setup(), pictures))
        session_->note("genu: mind: " + caution);
    watch_->add(frame.frame, network::taken_s(frame, health_.clock_offset_s()));
  }

  void keep(const std::vector<network::AssembledFrame>& frames) {
    for (const network::AssembledFrame& frame : frames) {
      if (words_->frames && result_.frames >= *words_->frames) return;
      look(frame);
      if (!words_->csv.empty()) poses_ += pose_table_rows(result_.frames, frame);
      ++result_.frames;
      if (frame.missing.empty()) ++result_.whole_frames;
      if (frame.frame.shows_image()) ++result_.frames_with_image;
      waits_ms_.push_back(1e3 * (frame.received_s - frame.begun_s));
      if (!words_->out.empty()) recorder_.add(frame.frame);
    }
  }

  const ListenWords* words_;
  const Session* session_;
  network::StreamHealth health_;
  network::FrameAssembler assembler_;
  network::SequenceRecorder recorder_;
  std::optional<NeedleWatch> watch_;
  std::optional<ultrasound::ImageSetup> pictures_;  ///< That were last looked at.
  LiveSession result_;
  std::string poses_ = pose_table_head();
  std::vector<double> waits_ms_;
  std::string lost_;
  std::vector<network::HealthEvent> untold_;
  double started_s_ = 0.0, shown_s_ = 0.0;
  std::size_t lines_ = 0, unsaid_ = 0;
  bool goodbye_ = false, broken_ = false;
};

void record(const ListenWords& words, const Session& session, Listener& listener, LiveSession& result) {
  const std::size_t left_out = listener.recorder().left_out();
  io::write_tracked_sequence(words.out, listener.recorder().take());
  result.recording = words.out.string();
  if (left_out > 0)
    session.note("genu: " + std::to_string(left_out) + " images of another size than the first are not in " +
                 result.recording);
}

/// What can't be written, or would be lost by writing, is told before anything is heard, and not after.
void require_outputs(const ListenWords& words) {
  std::vector<std::filesystem::path> inputs = words.setups;
  for (const std::filesystem::path& file : files_of(words.needle)) inputs.push_back(file);
  std::vector<std::filesystem::path> others;
  std::error_code error;
  for (const std::filesystem::path& file : {words.out, words.csv, words.json}) {
    if (file.empty()) continue;
    for (const std::filesystem::path& input : inputs)
      if (io::lies_in(file, input))
        throw UsageError("'" + file.string() + "' is an input, or lies in one: it would be lost");
    for (const std::filesystem::path& other : others)
      if (io::lies_in(file, other)) throw UsageError("'" + file.string() + "' can't be two outputs");
    if (!words.replace && std::filesystem::is_regular_file(file, error))
      throw IoError("'" + file.string() + "' is there already; --replace writes over it");
    io::require_writable(file);
    others.push_back(file);
  }
}

ExitCode listen(const ListenWords& words, const Session& session) {
  if (!words.out.empty() && !words.out.string().ends_with(".mha") && !words.out.string().ends_with(".nrrd"))
    throw UsageError("--out is a .igs.mha or .igs.nrrd, not \"" + words.out.string() + "\"");
  require_outputs(words);
  Listener listener(words, session);
  LiveSession result = listener.listen();
  // What can't be written does not cost the rest.
  std::exception_ptr failed;
  const auto try_to = [&failed](const auto& write) {
    try {
      write();
    } catch (const std::exception&) {
      if (!failed) failed = std::current_exception();
    }
  };
  if (listener.recorder().frames() > 0) try_to([&] { record(words, session, listener, result); });
  if (!words.csv.empty()) try_to([&] { io::write_text(words.csv, listener.pose_table()); });
  if (!words.json.empty()) try_to([&] { io::write_text(words.json, to_json(result)); });
  session.print(text_of(result));
  if (failed) std::rethrow_exception(failed);
  if (!words.out.empty() && result.recording.empty()) throw IoError("nothing was recorded: no frame came");
  if (listener.broken() && !words.client.reconnect)
    throw IoError("the link to " + result.server + " broke: " + result.ended);
  return ExitCode::ok;
}

void declare_needle(CLI::App& parser, ListenWords& words) {
  CLI::Option* needle =
      parser.add_flag("--needle", words.look_for_needle,
                      "Looks for the needle in the newest picture, and says it as often as --every says");
  parser
      .add_option(
          "--setup", words.setups,
          "What always holds, for --needle: a PLUS configuration, or a setup.xml of genu us register; "
          "of several the later holds")
      ->type_name("FILE")
      ->needs(needle);
  add_depth_option(parser, words.depth_mm)->needs(needle);
  for (CLI::Option* option : add_needle_options(parser, words.needle)) option->needs(needle);
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<ListenWords>();
  parser.add_option("HOST:PORT", words->address, "The server; port 18944 if none is given")
      ->required()
      ->type_name("ADDRESS");
  parser.add_option("-o,--out", words->out, "Records all frames")->type_name("FILE.igs.mha");
  parser.add_option("--csv", words->csv, "Writes a line a frame and pose")->type_name("FILE.csv");
  parser.add_option("--json", words->json, "Writes the summary for programs")->type_name("FILE.json");
  parser.add_flag("--replace", words->replace, "Writes over files of these names");
  parser.add_option("--for", words->seconds, "Ends after so long; otherwise at Ctrl-C or with the server")
      ->type_name("SECONDS")
      ->check(above_0);
  parser.add_option("--frames", words->frames, "Ends after so many frames")->type_name("N")->check(above_0);
  parser.add_option("--every", words->every_s, "Shows the streams so often")
      ->type_name("SECONDS")
      ->check(above_0)
      ->capture_default_str();
  parser.add_option("--stall-s", words->health.stall_s, "Silence so long is a stall")
      ->type_name("SECONDS")
      ->check(above_0)
      ->capture_default_str();
  parser.add_option("--late-ms", words->late_ms, "A message so much slower than the fastest is late")
      ->type_name("MS")
      ->check(above_0)
      ->capture_default_str();
  parser.add_flag("--reconnect", words->client.reconnect,
                  "Tries again when the link is lost or can't be made");
  parser
      .add_option("--ask-tdata", words->client.ask_tracking_data_ms,
                  "Asks for TDATA at such intervals; some trackers wait for it")
      ->type_name("MS")
      ->check(above_0);
  parser.add_flag("--trust-identity", words->client.reading.trust_identity,
                  "Takes a pose for sound that is the identity and has no status");
  declare_needle(parser, *words);
  return [words](const Session& session) {
    words->health.late_s = 1e-3 * words->late_ms;
    return listen(*words, session);
  };
}

}  // namespace

Verb us_listen_verb() {
  return {
      .name = "listen",
      .summary = "Shows, checks and records what an OpenIGTLink server sends",
      .description =
          "Connects to a tracking server such as PLUS and says what comes: streams with their rates, poses "
          "with "
          "their status, and, as it happens, stalls, messages that are late, lost, out of order or make no "
          "sense. "
          "Images and poses of one time are put together to frames; what a frame lacks is marked, and "
          "nothing is "
          "bridged. Ctrl-C ends it in order: what was recorded is written. If the link breaks, that is an "
          "error, "
          "after all has been written. With --needle, and a set-up and a plan, it also says where the needle "
          "in the newest picture lies to its plan; what is older than --stall-s is called stale and gives no "
          "numbers. Nor do pictures of another imaging depth than the calibration's; --depth-mm says it "
          "where "
          "they do not. A recording is kept in memory until it ends: 15 MB a second for "
          "images of 820 x 616 at 30 Hz, and as much again while it is written.",
      .examples =
          {{"genu us listen localhost:18944 --for 10", "What is there, for ten seconds."},
           {"genu us listen plus-server:18944 --out sweep.igs.mha --reconnect",
            "Records until Ctrl-C, whatever the line does."},
           {"genu us listen plus-server:18944 --needle --setup tie/setup.xml --case knee --registration "
            "tie/registration.json --depth-mm 45 --every 0.5",
            "The needle against the best plan of a case, while it is led."},
           {"genu us listen localhost:18944 --csv poses.csv --json summary.json", "For programs."}},
      .references = {"Tokuda J et al. 2009, International Journal of Medical Robotics 5:423 (OpenIGTLink)."},
      .declare = declare};
}

}  // namespace genu::app
