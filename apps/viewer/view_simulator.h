// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <genu/planning/expected_view.h>

#include "answering_thread.h"
#include "opened_case.h"

namespace genu::viewer {

/// A needle whose ultrasound picture is asked for.
struct ExpectedQuestion {
  std::shared_ptr<const OpenedCase> opened;  ///< With labels.
  planning::RankedTrajectory trajectory;
  double tolerance_mm = 0.0;  ///< Around the target; 0 = none.
};

/// What ultrasound is expected to show, or why it could not be simulated.
struct ExpectedAnswer {
  std::optional<planning::ExpectedView> view;
  std::vector<planning::NameInView> names;
  std::string error;
};

/// Simulates ultrasound pictures in a thread of its own. Of those asked for while it is busy only the last is
/// made.
class ViewSimulator {
 public:
  using Listener = std::function<void(const ExpectedQuestion&, const ExpectedAnswer&)>;

  /// \param listener called in this object's thread
  explicit ViewSimulator(Listener listener);

  void simulate(ExpectedQuestion question) { thread_.ask(std::move(question)); }
  /// Forgets what was asked: no answer comes to what was asked before.
  void forget() { thread_.forget(); }
  /// Returns whether an answer is still to come.
  bool busy() const { return thread_.busy(); }

 private:
  AnsweringThread<ExpectedQuestion, ExpectedAnswer> thread_;
};

}  // namespace genu::viewer
