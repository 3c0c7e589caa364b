// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

namespace genu::testing {

/// What a finished command left.
struct Ended {
  int exit_code = 0;  ///< 128 + signal if a signal ended it, as shells count.
  std::string out;
  std::string err;
};

/// The built genu command, running.
class RunningCommand {
 public:
  explicit RunningCommand(const std::vector<std::string>& arguments);
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;
  bool running();
  /// Returns what it has said to stderr by now.
  std::string errors_so_far() const;
  Ended wait();

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
};

/// Runs the built genu command to its end.
Ended genu(const std::vector<std::string>& arguments);

/// A user error is one line that names the program, and nothing on stdout.
void expect_one_line(const Ended& ended, int exit_code, const std::string& says);

/// Reads a result in JSON, and makes sure that it keeps to its schema.
nlohmann::json result_in(const std::filesystem::path& file, const std::string& schema);

/// Runs any program of the machine to its end, through the shell; out holds both streams.
Ended shell(const std::string& line);

/// Returns the processes whose parent is `pid` and whose command line holds `words`.
std::vector<pid_t> children_of(pid_t pid, const std::string& words);

/// Returns every path under a folder, relative to it, in order.
std::vector<std::string> tree_of(const std::filesystem::path& folder);

}  // namespace genu::testing
