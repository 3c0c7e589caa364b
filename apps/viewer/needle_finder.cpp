// SPDX-License-Identifier: Apache-2.0
#include "needle_finder.h"

#include <exception>
#include <utility>

#include <genu/core/error.h>

namespace genu::viewer {

NeedleFinder::NeedleFinder(Listener listener)
    : thread_(
          [](const Question& question) {
            NeedleAnswer answer;
            try {
              answer.needle = ultrasound::find_needle(question.moment.frame->image, question.options);
            } catch (const std::exception& error) {
              answer.error = describe(error);
            }
            return answer;
          },
          [listener = std::move(listener)](const Question& question, const NeedleAnswer& answer) {
            listener(question.moment, answer);
          }) {}

void NeedleFinder::look(Moment moment, const ultrasound::NeedleOptions& options) {
  thread_.ask({std::move(moment), options});
}

}  // namespace genu::viewer
