// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/app/program.h>

// The verbs of the group "genu us".
namespace genu::app {

Verb us_import_verb();
Verb us_calibrate_verb();
Verb us_reconstruct_verb();
Verb us_register_verb();
Verb us_cartilage_verb();
Verb us_needle_verb();
Verb us_listen_verb();
Verb us_replay_verb();
Verb us_simulate_verb();

}  // namespace genu::app
