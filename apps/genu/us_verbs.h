// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/app/program.h>

// The verbs of the group "genu us".
namespace genu::app {

Verb us_listen_verb();
Verb us_replay_verb();
Verb us_simulate_verb();

}  // namespace genu::app
