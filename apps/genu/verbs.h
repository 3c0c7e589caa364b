// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/app/program.h>

namespace genu::app {

Verb import_verb();
Verb phantom_verb();
Verb segment_verb();
Verb measure_verb();
Verb stage_verb();
Verb plan_verb();
Verb run_verb();
Verb batch_verb();
Verb compare_verb();
Verb precision_verb();
Verb compare_labels_verb();
Verb t2_verb();
Verb us_verb();

}  // namespace genu::app
