// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include <genu/core/parallel.h>

namespace genu {

unsigned thread_count(unsigned requested) {
  if (requested > 0) return requested;
  const char* limit = std::getenv("GENU_THREADS");
  const long threads = limit ? std::strtol(limit, nullptr, 10) : 0;
  if (threads > 0 && threads < 1024) return static_cast<unsigned>(threads);
  return std::max(1u, std::thread::hardware_concurrency());
}

void parallel_for(std::size_t count, const std::function<void(std::size_t, std::size_t)>& body,
                  unsigned threads, std::size_t block) {
  if (count == 0) return;
  block = std::max<std::size_t>(block, 1);
  const std::size_t blocks = (count + block - 1) / block;
  std::atomic<std::size_t> next{0};
  std::exception_ptr first_failure;
  std::mutex failure_guard;
  const auto work = [&] {
    for (std::size_t b = next++; b < blocks; b = next++) {
      try {
        body(b * block, std::min(count, (b + 1) * block));
      } catch (...) {
        const std::lock_guard lock(failure_guard);
        if (!first_failure) first_failure = std::current_exception();
        next = blocks;
      }
    }
  };
  const std::size_t workers = std::min<std::size_t>(thread_count(threads), blocks);
  {
    std::vector<std::jthread> pool;
    for (std::size_t w = 1; w < workers; ++w) pool.emplace_back(work);
    work();
  }
  if (first_failure) std::rethrow_exception(first_failure);
}

}  // namespace genu
