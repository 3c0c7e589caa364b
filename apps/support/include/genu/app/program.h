// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/progress.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
}

namespace genu::app {

class ProgressBar;

/// How a command ends; every verb's --help prints this table.
enum class ExitCode : int {
  ok = 0,
  failure = 1,       ///< Genu or the machine failed: no display, out of memory, a defect.
  usage = 2,         ///< The command line makes no sense.
  bad_input = 3,     ///< A file can't be read or written, or its data was refused.
  some_failed = 4,   ///< A batch ended, and some of its cases failed.
  interrupted = 130  ///< Ctrl-C or a request to terminate; nothing half-written is left.
};

/// A command line that parses but makes no sense.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// What running work may say, and how it learns that it should stop.
class Session {
 public:
  Session(ProgressBar& bar, std::stop_token stop);

  const Progress& progress() const { return progress_; }
  /// Returns the token of the stop request, for what waits by itself.
  const std::stop_token& stop() const { return stop_; }
  /// Writes a result to stdout.
  void print(std::string_view text) const;
  /// Writes one line for people to stderr, above the progress bar.
  void note(std::string_view line) const;

 private:
  ProgressBar* bar_;
  std::stop_token stop_;
  Progress progress_;
};

using Work = std::function<ExitCode(const Session&)>;

struct Example {
  std::string command;
  std::string meaning;
};

/// A verb declares itself; its --help is made from this and from the options that `declare` adds.
struct Verb {
  std::string name;
  std::string summary;  ///< One line.
  std::string description;
  std::vector<Example> examples;
  std::vector<std::string> references;  ///< Publications whose methods the verb uses.
  /// Adds the verb's options to the parser and returns what to do once they are filled.
  std::function<Work(CLI::App&)> declare = {};
  /// The verbs of a group, "genu us listen"; a group has no options of its own, and `declare` is empty.
  std::vector<Verb> verbs = {};
};

struct Program {
  std::string name;
  std::string summary;
  std::vector<Verb> verbs;
  std::function<void()> last_act;  ///< What must still be done if the process is made to end at once.
};

/// Runs the verb that the command line names, and returns how the process should end.
///
/// Results go to stdout; one line an error, and the progress bar, to stderr. SIGINT, SIGTERM and SIGHUP
/// request a stop, so that destructors put things right; a second one, a second or more later, ends the
/// process at once.
int run_program(const Program& program, int argc, const char* const* argv);

/// Returns the version of Genu, "major.minor.patch".
std::string version();

}  // namespace genu::app
