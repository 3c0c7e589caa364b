// SPDX-License-Identifier: Apache-2.0
#include "us_verbs.h"
#include "verbs.h"

namespace genu::app {

Verb us_verb() {
  return {.name = "us",
          .summary = "Ultrasound: tracked images, live and from files",
          .description =
              "Works on ultrasound images, and on where they are. Each verb of this group explains itself: "
              "genu us "
              "VERB --help.",
          .examples = {{"genu us calibrate image wires.igs.mha --setup phantom.xml --out image",
                        "Where the image lies at the probe's marker."}},
          .references = {},
          .verbs = {us_import_verb(), us_calibrate_verb(), us_reconstruct_verb(), us_register_verb()}};
}

}  // namespace genu::app
