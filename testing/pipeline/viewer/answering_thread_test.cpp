// SPDX-License-Identifier: Apache-2.0
#include "answering_thread.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

namespace genu::viewer {
namespace {

TEST(AnsweringThread, WhatIsPendingWhenItEndsIsNotDone) {
  std::promise<void> begun;
  std::atomic<bool> ending = false;
  std::atomic<int> done = 0;
  {
    AnsweringThread<int, int> thread(
        [&](int question) {
          if (++done == 1) begun.set_value();
          while (!ending) std::this_thread::yield();
          // Long enough for the end to have been asked for.
          std::this_thread::sleep_for(std::chrono::milliseconds(500));
          return question;
        },
        [](int, int) { FAIL() << "nothing is listened to at the end"; });
    thread.ask(1);
    begun.get_future().wait();
    thread.ask(2);
    ending = true;
  }
  EXPECT_EQ(done, 1);
}

TEST(AnsweringThread, EndsWithoutAQuestion) {
  const AnsweringThread<int, int> thread([](int question) { return question; }, [](int, int) {});
  EXPECT_FALSE(thread.busy());
}

}  // namespace
}  // namespace genu::viewer
