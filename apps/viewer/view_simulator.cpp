// SPDX-License-Identifier: Apache-2.0
#include "view_simulator.h"

#include <exception>
#include <utility>

#include <genu/core/error.h>

namespace genu::viewer {
namespace {

/// Keeps the body of the case that was looked at last: making one takes longer than some pictures.
class Bodies {
 public:
  const ultrasound::EchoBody& of(const std::shared_ptr<const OpenedCase>& opened) {
    if (!body_ || of_.lock() != opened) {
      body_.emplace(*opened->knee.labels);
      of_ = opened;
    }
    return *body_;
  }

 private:
  std::weak_ptr<const OpenedCase> of_;  ///< A case that is closed is not kept for its body's sake.
  std::optional<ultrasound::EchoBody> body_;
};

ExpectedAnswer answer_to(const ExpectedQuestion& question, Bodies& bodies) {
  ExpectedAnswer answer;
  try {
    answer.view = planning::expected_view(bodies.of(question.opened), question.trajectory,
                                          {.tolerance_mm = question.tolerance_mm});
    if (answer.view) answer.names = planning::names_in_view(*answer.view, *question.opened->knee.labels);
  } catch (const std::exception& error) {
    answer.error = describe(error);
  }
  return answer;
}

}  // namespace

ViewSimulator::ViewSimulator(Listener listener)
    : thread_([bodies = std::make_shared<Bodies>()](
                  const ExpectedQuestion& question) { return answer_to(question, *bodies); },
              std::move(listener)) {}

}  // namespace genu::viewer
