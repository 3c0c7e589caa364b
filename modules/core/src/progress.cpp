// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/progress.h>

namespace genu {

Progress::Progress(Listener listener, std::stop_token stop)
    : listener_(std::move(listener)), stop_(std::move(stop)) {}

void Progress::report(std::string_view what, double fraction) const {
  if (stop_.stop_requested()) throw Cancelled("stopped while " + std::string(what));
  if (listener_) listener_(what, fraction);
}

void Progress::check() const {
  if (stop_.stop_requested()) throw Cancelled("stopped on request");
}

Progress Progress::part(double from, double to) const {
  Listener inner;
  if (listener_)
    inner = [outer = listener_, from, to](std::string_view what, double fraction) {
      outer(what, from + (to - from) * fraction);
    };
  return Progress(std::move(inner), stop_);
}

}  // namespace genu
