// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/text_table.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/segmentation/agreement.h>

#include "inputs.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct CompareLabelsWords {
  LabelSource a;
  LabelSource b;
  bool lesions_apart = false;
  bool json = false;
  fs::path out;
};

/// What a map is called in tables that many comparisons share.
std::string name_of(const LabelSource& source) {
  return source.file.string();
}

ExitCode compare(const CompareLabelsWords& words, const Session& session) {
  const std::string extension = words.out.extension().string();
  if (!words.out.empty() && extension != ".csv" && extension != ".json")
    throw UsageError("--out writes .csv or .json, not " + words.out.string());

  session.progress().report("reading labels", 0.0);
  const LabelMap a = read_label_map(words.a);
  session.progress().report("reading labels", 0.2);
  const LabelMap b = read_label_map(words.b);
  const std::vector<segmentation::Agreement> agreements =
      with_context("comparing " + words.a.file.string() + " (a) with " + words.b.file.string() + " (b)", [&] {
        return segmentation::compare_labels(a, b, {.lesions_are_bone = !words.lesions_apart},
                                            session.progress().part(0.4, 1.0));
      });

  const std::string json = io::to_json(agreements, name_of(words.a), name_of(words.b));
  if (extension == ".json") io::write_text(words.out, json);
  if (extension == ".csv")
    io::write_text(words.out, io::agreement_csv(agreements, name_of(words.a), name_of(words.b)));
  session.print(words.json ? json : text_of(agreements));
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<CompareLabelsWords>();
  parser
      .add_option("A", words->a.file,
                  "The label map to compare with, such as a manual one: NIfTI, NRRD or MHA")
      ->required()
      ->type_name("FILE");
  parser.add_option("B", words->b.file, "The label map to judge, on the same grid")
      ->required()
      ->type_name("FILE");
  parser
      .add_option("--label-table", words->a.table,
                  "What the numbers in both stand for: genu, oai, pymskt, spl_atlas or a JSON file; needed "
                  "where several of them fit")
      ->type_name("NAME|FILE.json");
  parser.add_option("--label-table-b", words->b.table, "The same for B, where it has numbers of its own")
      ->type_name("NAME|FILE.json");
  parser.add_flag("--lesions-apart", words->lesions_apart,
                  "Takes marrow lesions as structures of their own, not as part of their bone");
  parser.add_option("-o,--out", words->out, "Writes the table as CSV or JSON")->type_name("FILE.csv|.json");
  parser.add_flag("--json", words->json, "Prints JSON");
  return [words](const Session& session) {
    if (words->b.table.empty()) words->b.table = words->a.table;
    return compare(*words, session);
  };
}

}  // namespace

Verb compare_labels_verb() {
  return {.name = "compare-labels",
          .summary = "Says how far two label maps agree",
          .description =
              "Compares two label maps of one image, structure by structure: Dice overlap, average symmetric "
              "surface distance (ASSD), Hausdorff distance and its 95th percentile (HD95, the larger of both "
              "directions), difference of volumes. Distances are between the centres of voxels on the "
              "borders, in "
              "mm. A structure that one map lacks has Dice 0 and no distances. Medial and lateral tibial "
              "cartilage are compared each where both maps tell them apart, else together.",
          .examples = {{"genu compare-labels manual.nii.gz mine.nrrd --label-table oai --label-table-b genu",
                        "Prints the table; the two files number their tissues differently."},
                       {"genu compare-labels first.nrrd second.nrrd --label-table genu --out agreement.csv",
                        "Two readers, into a file for statistics."},
                       {"genu compare-labels a.nrrd b.nrrd --label-table genu --lesions-apart --json",
                        "Marrow lesions on their own, for programs."}},
          .references =
              {"Dice LR 1945, Ecology 26:297 (overlap).",
               "Heimann T et al. 2009, IEEE Transactions on Medical Imaging 28:1251 (ASSD, Hausdorff)."},
          .declare = declare};
}

}  // namespace genu::app
