// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <genu/core/progress.h>

namespace genu::app {

/// One run of this same program in a process of its own.
struct WorkerTask {
  std::string name;                    ///< For the progress bar.
  std::vector<std::string> arguments;  ///< Verb and options.
  std::filesystem::path log;           ///< Receives stdout and stderr.
};

/// How a worker ended.
struct WorkerOutcome {
  int exit_code = 0;          ///< Meaningless if a signal ended it.
  std::optional<int> signal;  ///< The signal that ended it.
  bool timed_out = false;
  double wall_s = 0.0;
  double peak_memory_mb = 0.0;
  bool ok() const { return exit_code == 0 && !signal && !timed_out; }
};

struct WorkerOptions {
  unsigned jobs = 1;  ///< How many run at a time.
  std::chrono::seconds timeout{1800};
  std::chrono::seconds grace{10};  ///< From the request to stop until the worker is killed.
};

using WorkerListener = std::function<void(std::size_t task, const WorkerOutcome& outcome)>;

/// Runs every task in a worker process and tells `finished` as each one ends, in order of ending.
///
/// What happens to one worker, a crash included, does not touch the others. Workers end with this process.
/// When a stop is requested they are asked to stop too, and are waited for. \throws Cancelled after a stop;
/// IoError if a worker can't be started or its log can't be written.
void run_workers(std::span<const WorkerTask> tasks, const WorkerListener& finished,
                 const WorkerOptions& options = {}, const Progress& progress = {});

/// Returns why a worker failed, in one sentence: its last error line, the signal, or the time it was given.
std::string failure_reason(const WorkerTask& task, const WorkerOutcome& outcome,
                           const WorkerOptions& options);

}  // namespace genu::app
