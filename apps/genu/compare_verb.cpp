// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/core/text.h>
#include <genu/followup/course.h>
#include <genu/io/files.h>
#include <genu/io/followup_files.h>
#include <genu/io/meshes.h>
#include <genu/render/picture.h>
#include <genu/report/followup_report.h>

#include "protocol.h"
#include "tables.h"
#include "verbs.h"
#include "visits.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

constexpr const char* shipped_precision = "followup/phantom-1.json";

struct CompareWords {
  fs::path baseline;
  std::vector<fs::path> later;
  std::string table;
  std::optional<Side> side;
  std::vector<double> months;
  fs::path precision;
  fs::path out;
  bool replace = false;
  bool no_figures = false;
};

std::vector<io::Case> read_visits(const CompareWords& words, const Progress& progress) {
  std::vector<fs::path> inputs{words.baseline};
  inputs.insert(inputs.end(), words.later.begin(), words.later.end());
  const auto count = static_cast<double>(inputs.size());
  require_label_maps(inputs, words.table);
  std::vector<io::Case> visits;
  for (const fs::path& input : inputs) {
    const auto n = static_cast<double>(visits.size());
    visits.push_back(
        read_visit({input, words.table}, words.side, progress.part(n / count, (n + 1.0) / count)));
  }
  return visits;
}

/// Says what the files alone tell about whether visits belong together.
void flag_names(followup::VisitChange& change, const io::Case& baseline, const io::Case& later) {
  if (baseline.name != later.name)
    change.flags.push_back("the cases are called " + baseline.name + " and " + later.name +
                           ": their bones fit, but are they of one knee?");
}

void write_maps(const fs::path& folder, const io::Case& baseline, const followup::Course& course) {
  fs::create_directories(folder / "meshes");
  for (const cartilage::BoneMap& map : baseline.cartilage->bones) {
    std::vector<io::VertexArray> arrays{{"thickness_mm", map.thickness_mm}};
    for (std::size_t n = 0; n < course.changes.size(); ++n)
      for (const followup::BoneChange& bone : course.changes[n].bones)
        if (bone.bone == map.bone)
          arrays.push_back({"thickness_change_" + std::to_string(n + 1) + "_mm", bone.thickness_change_mm});
    io::write_mesh(folder / "meshes" / (std::string(name(map.bone)) + ".vtp"), map.surface, arrays);
  }
}

void write_course(const fs::path& folder, const followup::Course& course, const std::vector<io::Case>& visits,
                  const std::vector<report::Figure>& figures) {
  write_maps(folder, visits.front(), course);
  io::write_text(folder / "followup.csv", io::course_csv(course));
  fs::create_directories(folder / "figures");
  for (const report::Figure& figure : figures)
    render::write_png(folder / "figures" / (figure.name + ".png"), figure.picture);
  io::write_text(folder / "report.html", report::followup_page(course, figures));
  // Last, so that a folder with one is whole.
  io::write_text(folder / "followup.json", io::to_json(course));
}

ExitCode compare_visits(const CompareWords& words, const Session& session) {
  const Progress& progress = session.progress();
  if (!words.months.empty() && words.months.size() != words.later.size() + 1)
    throw UsageError("--months needs one number a visit: " + std::to_string(words.later.size() + 1) +
                     ", not " + std::to_string(words.months.size()));
  std::optional<io::FolderTransaction> folder;
  if (!words.out.empty()) {
    if (!words.no_figures) require_display();
    io::FolderOptions options{.replace = words.replace, .inputs = words.later, .document = "followup.json"};
    for (const fs::path& file : files_of({words.baseline, words.table})) options.inputs.push_back(file);
    if (!words.precision.empty()) options.inputs.push_back(words.precision);
    folder.emplace(words.out, options);
  }
  followup::Course course;
  course.precision =
      io::read_precision(words.precision.empty() ? io::data_file(shipped_precision) : words.precision);
  const std::vector<io::Case> visits = read_visits(words, progress.part(0.0, 0.6));
  course.knee = visits.front().name;
  for (std::size_t v = 0; v < visits.size(); ++v) {
    course.visits.push_back({visits[v].visit, months_of(visits[v].visit)});
    // A first visit of that name begins the course; a later one tells no time.
    if (v == 0 && visits[v].visit == "baseline") course.visits.back().months = 0.0;
    if (!words.months.empty()) course.visits.back().months = words.months[v];
  }
  for (std::size_t v = 1; v < visits.size(); ++v) {
    const auto share = [&](std::size_t n) {
      return 0.6 + 0.2 * static_cast<double>(n) / static_cast<double>(words.later.size());
    };
    course.changes.push_back(
        with_context("comparing " + words.baseline.string() + " with " + words.later[v - 1].string(), [&] {
          return followup::compare(visit_of(visits.front()), visit_of(visits[v]), {},
                                   progress.part(share(v - 1), share(v)));
        }));
    flag_names(course.changes.back(), visits.front(), visits[v]);
    if (course.changes.back().method != course.precision.method)
      course.changes.back().flags.push_back("the smallest detectable change is that of thickness measured " +
                                            course.precision.method + ", not of " +
                                            course.changes.back().method);
  }
  if (folder) {
    std::vector<report::Figure> figures;
    if (!words.no_figures) figures = report::draw_followup(course, visits, progress.part(0.8, 0.95));
    progress.report("writing the follow-up", 0.95);
    write_course(folder->path(), course, visits, figures);
    folder->commit(session.progress());
  }
  progress.report("done", 1.0);
  session.print(text_of(course));
  if (folder) session.print("Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<CompareWords>();
  parser.add_option("BASELINE", words->baseline, "A case folder of genu run or genu measure, or a label map")
      ->required()
      ->type_name("CASE|FILE");
  parser.add_option("FOLLOWUP", words->later, "Later visits of the same knee")
      ->required()
      ->type_name("CASE|FILE ...");
  add_table_option(parser, words->table);
  add_side_option(parser, words->side);
  parser
      .add_option("--months", words->months,
                  "When the visits were, baseline first, as 0,24,48; else from their names, as 24m")
      ->delimiter(',')
      ->type_name("M,M,...");
  parser
      .add_option("--precision", words->precision,
                  "A test-retest table of your own (genu precision makes one), instead of that of phantoms")
      ->type_name("FILE.json");
  CLI::Option* out = parser.add_option("-o,--out", words->out,
                                       "Folder to make: followup.json and .csv, maps, figures, report.html");
  out->type_name("DIR");
  parser
      .add_flag("--replace", words->replace, "Puts the new folder in the place of an old one of this verb's")
      ->needs(out);
  parser.add_flag("--no-figures", words->no_figures, "Draws nothing; needs neither display nor Xvfb")
      ->needs(out);
  return [words](const Session& session) { return compare_visits(*words, session); };
}

}  // namespace

Verb compare_verb() {
  return {
      .name = "compare",
      .summary = "Compares visits of one knee: what changed, and is it real",
      .description =
          "Aligns each bone of the later visits with the baseline's and compares cartilage where the same "
          "bone lies: mean thickness, volume and denuded part of each region, sub-region and compartment, "
          "in mm, mm3, %, and % a year where times are known, with a verdict against the smallest "
          "detectable change (SDC). Ordered values and thinning and thickening scores do not depend on "
          "where it happened. Three visits or more also give trend lines. Exchanging visits changes signs "
          "and nothing else. Bones that do not fit (another knee), another side or another definition of "
          "thickness are refused; other voxels and parts not seen at both visits are flagged. The SDC that "
          "ships comes from phantoms scanned twice and segmented by the network: simpler than knees, so that "
          "yours is better.",
      .examples = {{"genu compare knee_00m knee_24m --out change", "Two case folders."},
                   {"genu compare akoa_9014797_00m.nii.gz akoa_9014797_72m.nii.gz --label-table oai",
                    "Two label maps; months from their names; prints the table."},
                   {"genu compare a b c --months 0,12,30 --precision mine.json --out course",
                    "Three visits, and the scatter of your own readers."}},
      .references = {"Eckstein F et al. 2006, Osteoarthritis and Cartilage 14:974 (nomenclature).",
                     "Buck RJ et al. 2009, Arthritis and Rheumatism 61:917 (ordered values).",
                     "Bland JM, Altman DG 1986, Lancet 327:307 (agreement of repeated measurements)."},
      .declare = declare};
}

}  // namespace genu::app
