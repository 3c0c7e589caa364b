// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>
#include <genu/io/results.h>

#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct StageWords {
  fs::path input;
  fs::path rule;
  fs::path out;
  bool json = false;
};

ExitCode stage_input(const StageWords& words, const Session& session) {
  const fs::path file = fs::is_directory(words.input) ? words.input / "measurements.json" : words.input;
  const staging::StageReport report =
      stage(io::cartilage_from_json(io::read_text(file), file.string()), words.rule);
  if (!words.out.empty()) io::write_text(words.out, io::to_json(report));
  session.print(words.json ? io::to_json(report) : text_of(report));
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<StageWords>();
  parser.add_option("INPUT", words->input, "measurements.json, or a case folder that holds one")
      ->required()
      ->type_name("CASE|FILE.json");
  parser.add_option("--rule", words->rule, "Another rule than the one that ships with Genu")
      ->type_name("FILE.json");
  parser.add_option("-o,--out", words->out, "Writes the stage as JSON")->type_name("FILE.json");
  parser.add_flag("--json", words->json, "Prints JSON");
  return [words](const Session& session) { return stage_input(*words, session); };
}

}  // namespace

Verb stage_verb() {
  return {
      .name = "stage",
      .summary = "Stages osteoarthritis from measurements",
      .description =
          "Gives the stage (minor, mild, moderate, severe) by a versioned rule on the denuded areas and bone "
          "spurs, with its reasons, or abstains and says which evidence is missing. Research use; not a "
          "Kellgren-Lawrence "
          "grade, which is read on radiographs.",
      .examples = {{"genu stage knee", "Stages the case folder that genu measure or genu run made."},
                   {"genu stage knee/measurements.json --json", "The same, for programs."}},
      .references = {"Kornaat PR et al. 2005, Skeletal Radiology 34:95 (heights of bone spurs).",
                     "Reichenbach S et al. 2010 (cartilage alone does not part the lower grades)."},
      .declare = declare};
}

}  // namespace genu::app
