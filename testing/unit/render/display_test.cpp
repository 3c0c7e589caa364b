// SPDX-License-Identifier: Apache-2.0
// Each test here runs in a process of its own (a death test), because the display is found once a process.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <genu/core/error.h>
#include <genu/render/figures.h>
#include <genu/testing/data.h>

namespace genu::render {
namespace {

class Display : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

[[noreturn]] void tell_what_ensure_display_says() {
  try {
    ensure_display();
    std::cerr << "no error, DISPLAY=" << std::getenv("DISPLAY");
    std::_Exit(0);
  } catch (const Error& error) {
    std::cerr << error.what();
    std::_Exit(3);
  }
}

TEST_F(Display, NamesThePackageWhereThereIsNoXvfb) {
  const testing::ScratchFolder empty;
  EXPECT_EXIT(
      {
        ::unsetenv("DISPLAY");
        ::setenv("PATH", empty.path().c_str(), 1);
        tell_what_ensure_display_says();
      },
      ::testing::ExitedWithCode(3), "Debian package \"xvfb\"");
}

TEST_F(Display, AnXvfbThatEndsAtOnceIsAnErrorAndNotAHang) {
  const testing::ScratchFolder folder;
  std::filesystem::create_symlink("/bin/false", folder / "Xvfb");
  EXPECT_EXIT(
      {
        ::unsetenv("DISPLAY");
        ::setenv("PATH", folder.path().c_str(), 1);
        tell_what_ensure_display_says();
      },
      ::testing::ExitedWithCode(3), "Xvfb ended before it was ready");
}

// VTK ends the whole program on a display that can't be opened; a stale DISPLAY must not get that far.
TEST_F(Display, AStaleDisplayIsReplaced) {
  EXPECT_EXIT(
      {
        ::setenv("DISPLAY", ":9173", 1);
        ensure_display();
        std::cerr << (std::string(std::getenv("DISPLAY")) != ":9173" ? "replaced" : "kept");
        std::_Exit(0);
      },
      ::testing::ExitedWithCode(0), "replaced");
}

bool answers(int number) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/tmp/.X11-unix/X" + std::to_string(number);
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  const bool ok = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return ok;
}

// Guards against servers left behind: the child is killed outright, so that no handler of its own can tidy
// up.
TEST_F(Display, XvfbEndsWithItsProcessEvenIfThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::unsetenv("DISPLAY");
    ensure_display();
    const std::string display = std::getenv("DISPLAY");
    if (::write(ends[1], display.c_str(), display.size() + 1) < 0) std::_Exit(1);
    for (;;) ::pause();
  }
  ::close(ends[1]);
  char display[32] = {};
  ASSERT_GT(::read(ends[0], display, sizeof display - 1), 1);
  ::close(ends[0]);
  const int number = std::atoi(display + 1);
  EXPECT_TRUE(answers(number));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  bool gone = false;
  for (int wait = 0; wait < 100 && !gone; ++wait) {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    gone = !answers(number);
  }
  EXPECT_TRUE(gone) << "display " << display << " still answers";
}

}  // namespace
}  // namespace genu::render
