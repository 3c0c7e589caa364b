// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/text_table.h>
#include <genu/core/text.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/report/plan_page.h>

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
  fs::path csv;
  fs::path page;
  fs::path rank_again;
  std::vector<double> point;
  std::vector<double> weights;
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
  const std::vector<planning::Approach> known = io::known_approaches();
  TextTable targets({"target", "x", "y", "z, mm (LPS)", "within mm", "approaches"});
  for (const planning::Target& target : planning::find_targets(anatomy, report)) {
    std::string ways;
    for (const planning::Approach& approach : known)
      if (planning::fits(approach, target)) ways += (ways.empty() ? "" : ", ") + approach.name;
    targets.add_row({target.name, fixed(target.point.x, 1), fixed(target.point.y, 1),
                     fixed(target.point.z, 1), fixed(target.tolerance_mm, 1), ways});
  }
  TextTable approaches({"approach", "flexion deg", ""});
  for (const planning::Approach& approach : known)
    approaches.add_row({approach.name, fixed(approach.flexion_deg, 0), approach.title});
  return targets.text() + "\n" + approaches.text();
}

void tell(const PlanWords& words, const std::vector<planning::NeedlePlan>& plans, const Session& session) {
  if (!words.out.empty()) io::write_text(words.out, io::to_json(plans));
  if (!words.csv.empty()) io::write_text(words.csv, io::plans_csv(plans));
  session.print(words.json ? io::to_json(plans) : text_of(plans));
}

/// Writes the bedside page of the plan that scores highest.
void write_page(const PlanWords& words, io::Case& knee, std::vector<planning::NeedlePlan> plans,
                const Progress& progress) {
  const auto best = std::min_element(plans.begin(), plans.end(), planning::ranks_before);
  if (best == plans.end() || best->ranked.empty())
    throw InvalidInput("there is no page to write: no safe path was found");
  const auto place = static_cast<std::size_t>(best - plans.begin());
  const std::vector<planning::Approach> known = io::known_approaches();
  const auto approach =
      std::find_if(known.begin(), known.end(), [&](const auto& a) { return a.name == best->approach; });
  knee.plans = std::move(plans);
  io::write_text(words.page,
                 report::plan_page(knee, place, *approach, report::draw_plan_figures(knee, place, progress)));
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
  if (!words.page.empty()) require_display();
  std::vector<planning::NeedlePlan> plans =
      plan(*knee.anatomy, *knee.cartilage, knee.labels ? &*knee.labels : nullptr, words.choice,
           session.progress().part(0.5, 0.9));
  tell(words, plans, session);
  if (!words.page.empty()) write_page(words, knee, std::move(plans), session.progress().part(0.9, 1.0));
  return ExitCode::ok;
}

/// Ranks the trajectories of plans that were made before by the user's weights.
ExitCode rank_again(const PlanWords& words, const Session& session) {
  std::vector<planning::NeedlePlan> plans =
      io::plans_from_json(io::read_text(words.rank_again), words.rank_again.string());
  for (planning::NeedlePlan& plan : plans) planning::rank_by(plan, words.choice.options.weights);
  tell(words, plans, session);
  return ExitCode::ok;
}

void declare_knee(CLI::App& parser, PlanWords& words) {
  parser.add_option("CASE", words.folder, "Case folder of genu measure or genu run")->type_name("DIR");
  add_label_options(parser, words.labels);
  add_side_option(parser, words.side);
  parser.get_option("--side")->needs(parser.get_option("--labels"));  // a case has its side
}

/// What narrows a plan down, and says nothing to a list.
void declare_choice(CLI::App& parser, PlanWords& words, CLI::Option* list) {
  parser.add_option("--target", words.choice.target, "Only this target")->type_name("NAME")->excludes(list);
  parser.add_option("--approach", words.choice.approach, "Only this approach")
      ->type_name("NAME")
      ->excludes(list);
}

void declare_results(CLI::App& parser, PlanWords& words, CLI::Option* list) {
  parser.add_option("-o,--out", words.out, "Writes the plans as JSON")
      ->type_name("FILE.json")
      ->excludes(list);
  parser.add_flag("--json", words.json, "Prints JSON")->excludes(list);
  parser.add_option("--csv", words.csv, "Writes the ranked trajectories as CSV, a row each")
      ->type_name("FILE.csv")
      ->excludes(list);
  parser.add_option("--page", words.page, "Writes the best plan as a page for the bedside, with pictures")
      ->type_name("FILE.html")
      ->excludes(list);
}

/// A target of the user's own.
void declare_point(CLI::App& parser, PlanWords& words, CLI::Option* list) {
  CLI::Option* point = parser
                           .add_option("--point", words.point,
                                       "Aims at this point (LPS, mm) instead of the knee's own targets")
                           ->expected(3)
                           ->type_name("X Y Z")
                           ->excludes(list)
                           ->excludes(parser.get_option("--target"));
  parser
      .add_option("--tolerance", words.choice.tolerance_mm,
                  "An injection this near to the point counts as delivered, mm")
      ->check(within(0.1, 50.0))
      ->capture_default_str()
      ->needs(point);
}

void declare_search(CLI::App& parser, PlanWords& words) {
  parser
      .add_option("--weights", words.weights,
                  "What depth, risk, angle and chance to hit weigh in the order of the trajectories "
                  "[0.15 0.35 0.2 0.3]; they change nothing else")
      ->expected(4)
      ->check(within(0.0, 1e6))
      ->type_name("D R A H");
  parser
      .add_option("--spacing", words.choice.options.entry_spacing_mm, "Entries are sought this far apart, mm")
      ->check(within(0.5, 20.0))
      ->capture_default_str();
}

void declare_errors(CLI::App& parser, planning::ErrorModel& errors) {
  parser
      .add_option("--registration-sd", errors.registration_sd_mm,
                  "Error of image to patient, mm (standard deviation along each axis)")
      ->check(within(0.0, 50.0))
      ->capture_default_str();
  parser.add_option("--hand-sd", errors.hand_sd_mm, "Error of the needle's tip, mm (likewise)")
      ->check(within(0.0, 50.0))
      ->capture_default_str();
  parser
      .add_option("--hand-angle-sd", errors.hand_angle_sd_deg,
                  "Error of the needle's direction about the entry, degrees")
      ->check(within(0.0, 40.0))
      ->capture_default_str();
  parser.add_option("--samples", errors.samples, "Draws for the chance to hit")
      ->check(CLI::Range(100, 1000000))
      ->capture_default_str();
  parser.add_option("--seed", errors.seed, "Of these draws")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 53))
      ->capture_default_str();
}

void declare_rank_again(CLI::App& parser, PlanWords& words) {
  CLI::Option* again =
      parser
          .add_option("--rank-again", words.rank_again,
                      "Ranks the trajectories of this plan.json by --weights, and plans nothing")
          ->check(CLI::ExistingFile)
          ->type_name("PLAN.json");
  for (const char* other :
       {"CASE", "--labels", "--list", "--target", "--approach", "--page", "--point", "--spacing",
        "--registration-sd", "--hand-sd", "--hand-angle-sd", "--samples", "--seed"})
    again->excludes(parser.get_option(other));
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<PlanWords>();
  declare_knee(parser, *words);
  CLI::Option* list =
      parser.add_flag("--list", words->list, "Lists the targets and approaches there are, and plans nothing");
  declare_choice(parser, *words, list);
  declare_results(parser, *words, list);
  declare_point(parser, *words, list);
  declare_search(parser, *words);
  declare_errors(parser, words->choice.options.errors);
  declare_rank_again(parser, *words);
  return [words](const Session& session) {
    if (!words->weights.empty())
      words->choice.options.weights = {words->weights[0], words->weights[1], words->weights[2],
                                       words->weights[3]};
    if (!words->point.empty())
      words->choice.point = Point3{words->point[0], words->point[1], words->point[2]};
    return words->rank_again.empty() ? plan_case(*words, session) : rank_again(*words, session);
  };
}

}  // namespace

Verb plan_verb() {
  return {
      .name = "plan",
      .summary = "Plans needle trajectories",
      .description =
          "Seeks needle paths from the skin to the suprapatellar recess, the joint spaces, each cartilage "
          "lesion, the horns and bodies of the menisci, gaps of the patellar tendon, or a point, by each "
          "approach of data/planning/approaches.json. Each path is checked against bone, cartilage, menisci, "
          "tendons, ligaments, vessels and nerves, and against what an ultrasound probe on the skin would "
          "see; the safe ones are ranked by depth, risk, angle to the probe and the chance to hit, the "
          "others are rejected with a reason. No safe path is an answer too, and not an error. Research use "
          "only.",
      .examples = {{"genu plan knee", "Plans every target of the case folder."},
                   {"genu plan knee --list", "Shows targets and approaches."},
                   {"genu plan knee --target suprapatellar_recess --approach superolateral --out plan.json",
                    "One plan, written as JSON."},
                   {"genu plan knee --target suprapatellar_recess --page recess.html",
                    "The best way to the recess, on a page for the bedside."},
                   {"genu plan knee --point -71.5 -32 48 --tolerance 2", "To a point, by every approach."},
                   {"genu plan --rank-again plan.json --weights 0 1 0 0", "The same paths, by risk alone."},
                   {"genu plan --labels knee.nrrd --side left", "Straight from a label map."}},
      .references = {},
      .declare = declare};
}

}  // namespace genu::app
