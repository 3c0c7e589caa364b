// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <string>

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <genu/core/error.h>
#include <genu/render/figures.h>

namespace genu::render {
namespace {

/// Opens the display and returns the connection, or null if it can't be opened or has no OpenGL.
///
/// VTK ends the program where a display can't be opened, so this must be known before. libX11 is there
/// wherever VTK is; its two functions are looked up by name, which spares a dependency for a yes or no.
void* open_display(const char* name) {
  static void* const x11 = ::dlopen("libX11.so.6", RTLD_NOW);
  if (!x11) return nullptr;
  const auto open = reinterpret_cast<void* (*)(const char*)>(::dlsym(x11, "XOpenDisplay"));
  const auto query =
      reinterpret_cast<int (*)(void*, const char*, int*, int*, int*)>(::dlsym(x11, "XQueryExtension"));
  if (!open || !query) return nullptr;
  void* const display = open(name);
  int opcode = 0, event = 0, error = 0;
  return display && query(display, "GLX", &opcode, &event, &error) ? display : nullptr;
}

/// A pair of connected file descriptors that close themselves.
class Pipe {
 public:
  Pipe() {
    if (::pipe2(ends_.data(), O_CLOEXEC) != 0)
      throw Error(std::string("cannot start Xvfb: no pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    ::close(ends_[0]);
    close_write();
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_write() {
    if (ends_[1] >= 0) ::close(ends_[1]);
    ends_[1] = -1;
  }

 private:
  std::array<int, 2> ends_{-1, -1};
};

/// Starts Xvfb with `number_to` as the descriptor it writes its display number to; in a session of its own,
/// so that Ctrl-C reaches this process only, which may still need to draw. \throws Error
pid_t spawn_xvfb(int number_to) {
  constexpr int number_fd = 3;
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, number_to, number_fd);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  // -terminate ends the server when its last client goes: the connection that ensure_display keeps open.
  const char* arguments[] = {"Xvfb",         "-displayfd", "3",   "-screen",    "0",
                             "1280x1024x24", "-nolisten",  "tcp", "-terminate", nullptr};
  pid_t child = 0;
  const int problem =
      ::posix_spawnp(&child, "Xvfb", &files, &attributes, const_cast<char**>(arguments), environ);
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (problem == ENOENT)
    throw Error(
        "cannot draw in 3-D: there is no X display and no Xvfb to stand in for one; install the Debian "
        "package "
        "\"xvfb\" or set DISPLAY");
  if (problem != 0) throw Error(std::string("cannot start Xvfb: ") + std::strerror(problem));
  return child;
}

/// Returns the display number that the server writes once it is ready.
/// \throws Error
std::string read_number(int from, pid_t child) {
  constexpr int longest_start_ms = 20'000;  // measured: under 0.5 s; a loaded machine takes longer
  std::string number;
  pollfd wait{from, POLLIN, 0};
  while (number.empty() || number.back() != '\n') {
    char next = 0;
    const int ready = ::poll(&wait, 1, longest_start_ms);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0 || ::read(from, &next, 1) != 1) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      throw Error("cannot draw in 3-D: Xvfb " +
                  std::string(ready == 0 ? "did not become ready within 20 s" : "ended before it was ready"));
    }
    number += next;
  }
  number.pop_back();
  return number;
}

void start_xvfb() {
  Pipe number_pipe;
  const pid_t child = spawn_xvfb(number_pipe.write_end());
  number_pipe.close_write();
  const std::string display = ":" + read_number(number_pipe.read_end(), child);
  // Never closed: when this process ends, however it ends, the server loses its last client and ends too.
  if (!open_display(display.c_str())) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    throw Error("cannot draw in 3-D: Xvfb runs as display " + display + " but can't be used (no OpenGL?)");
  }
  ::setenv("DISPLAY", display.c_str(), 1);
}

}  // namespace

void ensure_display() {
  static std::mutex one_at_a_time;
  static bool ready = false;
  const std::lock_guard lock(one_at_a_time);
  if (ready) return;
  const char* named = std::getenv("DISPLAY");
  if (!named || !*named || !open_display(named)) start_xvfb();
  ready = true;
}

}  // namespace genu::render
