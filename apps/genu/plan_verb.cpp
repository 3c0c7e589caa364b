// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/text_table.h>
#include <genu/core/text.h>
#include <genu/io/files.h>
#include <genu/io/results.h>

#include "inputs.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct PlanWords {
  fs::path folder;
  LabelSource labels;
  std::optional<Side> side;
  PlanChoice choice;
  bool list = false;
  bool json = false;
  fs::path out;
};

io::Case measured_case(const PlanWords& words, const Progress& progress) {
  if (!words.folder.empty()) {
    io::Case knee = io::read_case(words.folder);
    if (!knee.cartilage)
      throw IoError(words.folder.string() + " holds no measurements.json; genu measure makes one");
    return knee;
  }
  io::Case knee = new_case(case_named_by(words.labels.file).name, "baseline", {words.labels.file.string()});
  knee.labels = read_label_map(words.labels);
  knee.cartilage = measure(*knee.labels, {.user = words.side, .header = std::nullopt}, progress);
  return knee;
}

std::string list_of(const planning::Anatomy& anatomy, const cartilage::CartilageReport& report) {
  TextTable targets({"target", "x", "y", "z, mm (LPS)"});
  for (const planning::Target& target : planning::find_targets(anatomy, report))
    targets.add_row(
        {target.name, fixed(target.point.x, 1), fixed(target.point.y, 1), fixed(target.point.z, 1)});
  TextTable approaches({"approach", "for", ""});
  for (const planning::Approach& approach : known_approaches())
    approaches.add_row({approach.name, approach.target, approach.title});
  return targets.text() + "\n" + approaches.text();
}

ExitCode plan_case(const PlanWords& words, const Session& session) {
  if (words.folder.empty() == words.labels.file.empty())
    throw UsageError("plan needs either a case folder or --labels");
  io::Case knee = measured_case(words, session.progress().part(0.0, 0.4));
  if (!knee.anatomy) {
    if (!knee.labels)
      throw IoError(words.folder.string() + " holds neither labels nor anatomy to plan against");
    const Volume<float>* image = knee.image ? &*knee.image : nullptr;
    knee.anatomy =
        find_anatomy(*knee.labels, knee.cartilage->frame, image, session.progress().part(0.4, 0.5));
  }
  if (words.list) {
    session.print(list_of(*knee.anatomy, *knee.cartilage));
    return ExitCode::ok;
  }
  const auto plans = plan(*knee.anatomy, *knee.cartilage, words.choice, session.progress().part(0.5, 1.0));
  if (!words.out.empty()) io::write_text(words.out, io::to_json(plans));
  session.print(words.json ? io::to_json(plans) : text_of(plans));
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<PlanWords>();
  parser.add_option("CASE", words->folder, "Case folder of genu measure or genu run")->type_name("DIR");
  add_label_options(parser, words->labels);
  add_side_option(parser, words->side);
  parser.get_option("--side")->needs(parser.get_option("--labels"));  // a case has its side
  CLI::Option* list =
      parser.add_flag("--list", words->list, "Lists the targets and approaches there are, and plans nothing");
  parser.add_option("--target", words->choice.target, "Only this target")->type_name("NAME")->excludes(list);
  parser.add_option("--approach", words->choice.approach, "Only this approach")
      ->type_name("NAME")
      ->excludes(list);
  parser.add_option("-o,--out", words->out, "Writes the plans as JSON")
      ->type_name("FILE.json")
      ->excludes(list);
  parser.add_flag("--json", words->json, "Prints JSON")->excludes(list);
  return [words](const Session& session) { return plan_case(*words, session); };
}

}  // namespace

Verb plan_verb() {
  return {
      .name = "plan",
      .summary = "Plans needle trajectories",
      .description =
          "Seeks needle paths from the skin to the suprapatellar recess and to each cartilage lesion, checks "
          "each "
          "against bone, cartilage, tendons and the popliteal vessels, and ranks the safe ones; the others "
          "are "
          "rejected with a reason. No safe path is an answer too, and not an error. Research use only.",
      .examples = {{"genu plan knee", "Plans every target of the case folder."},
                   {"genu plan knee --list", "Shows targets and approaches."},
                   {"genu plan knee --target suprapatellar_recess --approach superolateral --out plan.json",
                    "One plan, written as JSON."},
                   {"genu plan --labels knee.nrrd --side left", "Straight from a label map."}},
      .references = {},
      .declare = declare};
}

}  // namespace genu::app
