// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <stop_token>
#include <string_view>

namespace genu {

/// How long work tells how far it is, and learns that it should stop. Copyable; the default listens to
/// nobody.
class Progress {
 public:
  /// Receives what is being done and how much of it, 0 to 1. Called from the thread that started the work.
  using Listener = std::function<void(std::string_view what, double fraction)>;

  Progress() = default;
  explicit Progress(Listener listener, std::stop_token stop = {});

  /// Tells the listener, and throws if a stop was requested.
  /// \throws Cancelled
  void report(std::string_view what, double fraction) const;
  /// \throws Cancelled if a stop was requested.
  void check() const;
  bool stop_requested() const { return stop_.stop_requested(); }

  /// Returns a Progress for a part of the work: its 0 to 1 becomes `from` to `to` here.
  Progress part(double from, double to) const;

 private:
  Listener listener_;
  std::stop_token stop_;
};

}  // namespace genu
