// SPDX-License-Identifier: Apache-2.0
#include <genu/app/program.h>
#include <genu/io/files.h>

#include "verbs.h"

int main(int argc, char** argv) {
  using namespace genu::app;
  return run_program({.name = "genu",
                      .summary = "Takes a knee from images to an injection plan. Research use only.",
                      .verbs = {import_verb(), phantom_verb(), segment_verb(), measure_verb(), stage_verb(),
                                plan_verb(), run_verb(), batch_verb(), compare_verb(), precision_verb(),
                                compare_labels_verb(), t2_verb(), us_verb()},
                      .last_act = genu::io::remove_unfinished},
                     argc, argv);
}
