// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <genu/app/workers.h>
#include <genu/core/error.h>

namespace genu::app {

namespace {

using Clock = std::chrono::steady_clock;

struct Running {
  std::size_t task = 0;
  pid_t pid = -1;
  Clock::time_point started;
  std::optional<Clock::time_point> asked_to_stop;
  bool timed_out = false;
};

constexpr int cannot_start = 127;  // as a shell says of a command it can't run

/// Between fork and exec only calls that POSIX lists as async-signal-safe: this process has other threads.
[[noreturn]] void become_worker(char* const* arguments, int log, pid_t parent) {
  setpgid(0, 0);                     // Ctrl-C at the terminal reaches the parent, which asks its workers
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // no orphans if the parent is killed
  if (getppid() != parent) _exit(cannot_start);
  dup2(log, STDOUT_FILENO);
  dup2(log, STDERR_FILENO);
  const int nothing = open("/dev/null", O_RDONLY);
  if (nothing >= 0) dup2(nothing, STDIN_FILENO);
  execv("/proc/self/exe", arguments);
  _exit(cannot_start);
}

Running start(const WorkerTask& task, std::size_t number) {
  const int log = open(task.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (log < 0) throw IoError("can't write the log " + task.log.string() + ": " + std::strerror(errno));
  std::vector<std::string> words{"genu"};
  words.insert(words.end(), task.arguments.begin(), task.arguments.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become_worker(arguments.data(), log, parent);
  const int fork_error = errno;
  close(log);
  if (pid < 0) throw IoError("can't start a worker for " + task.name + ": " + std::strerror(fork_error));
  return {.task = number, .pid = pid, .started = Clock::now(), .asked_to_stop = std::nullopt};
}

/// The workers that run now. Whatever happens, none outlives it.
class Crew {
 public:
  explicit Crew(const WorkerOptions& options) : options_(options) {}
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  ~Crew() {
    for (const Running& worker : running_) kill(-worker.pid, SIGKILL);
    for (const Running& worker : running_) waitpid(worker.pid, nullptr, 0);
  }

  std::size_t size() const { return running_.size(); }
  const std::vector<Running>& running() const { return running_; }
  void add(const Running& worker) { running_.push_back(worker); }

  void ask_all_to_stop() {
    for (Running& worker : running_) ask_to_stop(worker);
  }

  /// Removes and returns one worker that has ended, if one has.
  std::optional<std::pair<std::size_t, WorkerOutcome>> take_ended() {
    for (auto worker = running_.begin(); worker != running_.end(); ++worker) {
      int status = 0;
      rusage used{};
      if (wait4(worker->pid, &status, WNOHANG, &used) != worker->pid) continue;
      kill(-worker->pid, SIGKILL);  // what the worker started and left, such as an X server
      WorkerOutcome outcome;
      if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
      if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
      outcome.timed_out = worker->timed_out;
      outcome.wall_s = std::chrono::duration<double>(Clock::now() - worker->started).count();
      outcome.peak_memory_mb = static_cast<double>(used.ru_maxrss) / 1024.0;  // Linux counts kilobytes
      const std::size_t task = worker->task;
      running_.erase(worker);
      return std::pair{task, outcome};
    }
    return std::nullopt;
  }

  /// Stops workers whose time is up, and kills those that were asked and did not stop.
  void enforce_limits() {
    const auto now = Clock::now();
    for (Running& worker : running_) {
      if (!worker.asked_to_stop && now - worker.started > options_.timeout) {
        worker.timed_out = true;
        ask_to_stop(worker);
      }
      if (worker.asked_to_stop && now - *worker.asked_to_stop > options_.grace) kill(-worker.pid, SIGKILL);
    }
  }

 private:
  static void ask_to_stop(Running& worker) {
    if (worker.asked_to_stop) return;
    worker.asked_to_stop = Clock::now();
    kill(worker.pid, SIGTERM);
  }

  WorkerOptions options_;
  std::vector<Running> running_;
};

std::string names_of(const Crew& crew, std::span<const WorkerTask> tasks) {
  std::string names;
  for (const Running& worker : crew.running()) names += (names.empty() ? "" : ", ") + tasks[worker.task].name;
  return names;
}

void tell(const Progress& progress, const Crew& crew, std::span<const WorkerTask> tasks, std::size_t ended) {
  const auto part = static_cast<double>(ended) / static_cast<double>(tasks.size());
  std::string what = std::to_string(ended) + " of " + std::to_string(tasks.size()) + " cases";
  if (crew.size() > 0) what += ", now " + names_of(crew, tasks);
  try {
    progress.report(what, part);
  } catch (const Cancelled&) {
    // The loop sees the request itself, and ends the workers in order.
  }
}

/// Returns the last line of the log that states an error, without what comes before the message.
std::string last_error_line(const std::filesystem::path& log) {
  constexpr std::string_view mark = "genu: error: ";
  std::ifstream file(log);
  std::string found;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(mark)) found = line.substr(mark.size());
  return found;
}

}  // namespace

void run_workers(std::span<const WorkerTask> tasks, const WorkerListener& finished,
                 const WorkerOptions& options, const Progress& progress) {
  if (options.jobs == 0) throw InvalidInput("the number of jobs must be at least 1, and is 0");
  constexpr std::chrono::milliseconds poll_interval{20};
  Crew crew(options);
  std::size_t next = 0;
  std::size_t ended = 0;
  while (ended < tasks.size()) {
    const bool stopping = progress.stop_requested();
    if (stopping) crew.ask_all_to_stop();
    while (!stopping && next < tasks.size() && crew.size() < options.jobs) {
      crew.add(start(tasks[next], next));
      ++next;
    }
    while (const auto done = crew.take_ended()) {
      ++ended;
      // One that ended well counts even while the others are being stopped.
      if (!stopping || done->second.ok()) finished(done->first, done->second);
    }
    if (stopping && crew.size() == 0) break;
    crew.enforce_limits();
    if (!stopping) tell(progress, crew, tasks, ended);
    if (ended < tasks.size()) std::this_thread::sleep_for(poll_interval);
  }
  progress.check();
}

std::string failure_reason(const WorkerTask& task, const WorkerOutcome& outcome,
                           const WorkerOptions& options) {
  if (outcome.timed_out)
    return "stopped after the " + std::to_string(options.timeout.count()) + " s that a case is given";
  if (outcome.signal) {
    std::string reason = "crashed with signal " + std::to_string(*outcome.signal);
    if (const char* meaning = sigdescr_np(*outcome.signal)) reason += " (" + std::string(meaning) + ")";
    if (*outcome.signal == SIGKILL) reason += ", perhaps for want of memory";
    return reason;
  }
  const std::string line = last_error_line(task.log);
  return line.empty() ? "ended with exit code " + std::to_string(outcome.exit_code) : line;
}

}  // namespace genu::app
