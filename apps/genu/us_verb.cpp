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
          .examples = {{"genu us import clip.dcm -o clip", "Frames, and the scale of each region."},
                       {"genu us calibrate stylus touches.igs.mha -o tip", "Where a stylus' tip lies."},
                       {"genu us needle clip.dcm -o needle", "Where the needle is in each picture."},
                       {"genu us replay sweep.igs.mha", "Plays a tracked recording to OpenIGTLink clients."},
                       {"genu us simulate knee -o view", "Shows what to expect on the screen for a plan."},
                       {"genu us listen localhost:18944", "Shows what an OpenIGTLink server sends."}},
          .references = {},
          .verbs = {us_import_verb(), us_calibrate_verb(), us_reconstruct_verb(), us_register_verb(),
                    us_cartilage_verb(), us_needle_verb(), us_simulate_verb(), us_listen_verb(),
                    us_replay_verb()}};
}

}  // namespace genu::app
