// SPDX-License-Identifier: Apache-2.0
#include "command.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>
#include <sstream>
#include <stdexcept>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <sys/wait.h>
#include <unistd.h>

#include <genu/io/files.h>
#include <genu/io/results.h>

namespace genu::testing {

namespace fs = std::filesystem;

namespace {

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

void send_to_file(int stream, const fs::path& file) {
  const int opened = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  dup2(opened, stream);
}

}  // namespace

RunningCommand::RunningCommand(const std::vector<std::string>& arguments) {
  std::random_device entropy;
  folder_ = fs::temp_directory_path() / ("genu-command-" + std::to_string(entropy()));
  fs::create_directories(folder_);
  std::vector<std::string> words{GENU_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_ = fork();
  if (pid_ == 0) {
    send_to_file(STDOUT_FILENO, folder_ / "out");
    send_to_file(STDERR_FILENO, folder_ / "err");
    execv(pointers[0], pointers.data());
    _exit(127);
  }
  if (pid_ < 0) throw std::runtime_error("fork failed");
}

RunningCommand::~RunningCommand() {
  if (running()) {
    kill(pid_, SIGKILL);
    waitpid(pid_, &status_, 0);
  }
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void RunningCommand::send(int signal) const {
  kill(pid_, signal);
}

bool RunningCommand::running() {
  if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
  return !ended_;
}

std::string RunningCommand::errors_so_far() const {
  return text_of(folder_ / "err");
}

Ended RunningCommand::wait() {
  if (!ended_) waitpid(pid_, &status_, 0);
  ended_ = true;
  const int code = WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_);
  return {.exit_code = code, .out = text_of(folder_ / "out"), .err = text_of(folder_ / "err")};
}

Ended genu(const std::vector<std::string>& arguments) {
  return RunningCommand(arguments).wait();
}

void expect_one_line(const Ended& ended, int exit_code, const std::string& says) {
  EXPECT_EQ(ended.exit_code, exit_code) << ended.err;
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
  EXPECT_THAT(ended.err,
              ::testing::AllOf(::testing::StartsWith("genu: error: "), ::testing::HasSubstr(says)));
}

nlohmann::json result_in(const fs::path& file, const std::string& schema) {
  const std::string text = io::read_text(file);
  EXPECT_NO_THROW(io::validate_json(text, schema, file.string())) << text;
  return nlohmann::json::parse(text);
}

Ended shell(const std::string& line) {
  Ended ended;
  FILE* pipe = popen(("{ " + line + "; } 2>&1").c_str(), "r");
  if (!pipe) throw std::runtime_error("no shell");
  char block[4096];
  for (std::size_t n = 0; (n = fread(block, 1, sizeof block, pipe)) > 0;) ended.out.append(block, n);
  const int status = pclose(pipe);
  ended.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return ended;
}

std::vector<pid_t> children_of(pid_t pid, const std::string& words) {
  std::vector<pid_t> found;
  const fs::path own = fs::path("/proc") / std::to_string(pid) / "task" / std::to_string(pid) / "children";
  std::istringstream children(text_of(own));
  for (pid_t child = 0; children >> child;) {
    std::string line = text_of(fs::path("/proc") / std::to_string(child) / "cmdline");
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(words) != std::string::npos) found.push_back(child);
  }
  return found;
}

std::vector<std::string> tree_of(const fs::path& folder) {
  std::vector<std::string> paths;
  if (!fs::exists(folder)) return paths;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    paths.push_back(fs::relative(entry.path(), folder).string());
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace genu::testing
