// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/followup/precision.h>
#include <genu/io/files.h>
#include <genu/io/followup_files.h>

#include "tables.h"
#include "verbs.h"
#include "visits.h"

namespace genu::app {

namespace {

struct PrecisionWords {
  std::vector<std::filesystem::path> inputs;
  std::string table;
  std::optional<Side> side;  ///< Of all of them.
  std::string name = "test-retest";
  std::string source;
  std::filesystem::path out;
};

ExitCode tell_precision(const PrecisionWords& words, const Session& session) {
  if (words.inputs.size() % 2 != 0)
    throw UsageError("precision needs pairs, first and second measurement of each knee: " +
                     std::to_string(words.inputs.size()) + " inputs are none");
  require_label_maps(words.inputs, words.table);
  const std::size_t pairs = words.inputs.size() / 2;
  std::vector<followup::VisitChange> repeats;
  for (std::size_t p = 0; p < pairs; ++p) {
    const Progress& all = session.progress();
    const double from = static_cast<double>(p) / static_cast<double>(pairs);
    const double to = static_cast<double>(p + 1) / static_cast<double>(pairs);
    const auto read = [&](std::size_t n) {
      const double half = 0.5 * (to - from) * static_cast<double>(n % 2);
      return read_visit({words.inputs[n], words.table}, words.side, all.part(from + half, to));
    };
    const io::Case first = read(2 * p), second = read(2 * p + 1);
    repeats.push_back(with_context(
        "comparing " + words.inputs[2 * p].string() + " with " + words.inputs[2 * p + 1].string(),
        [&] { return followup::compare(visit_of(first), visit_of(second)); }));
  }
  session.progress().report("done", 1.0);
  const std::string source =
      words.source.empty() ? std::to_string(pairs) + " pairs of measurements" : words.source;
  const followup::Precision precision = followup::precision_of(repeats, words.name, source);
  if (!words.out.empty()) io::write_text(words.out, io::to_json(precision));
  session.print(text_of(precision));
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<PrecisionWords>();
  parser
      .add_option("PAIRS", words->inputs,
                  "First and second measurement of each knee: case folders or label maps")
      ->required()
      ->type_name("CASE|FILE ...");
  add_table_option(parser, words->table);
  add_side_option(parser, words->side);
  parser.add_option("--name", words->name, "What the table is called")->capture_default_str();
  parser.add_option("--source", words->source, "What was measured twice, in words")->type_name("TEXT");
  parser.add_option("-o,--out", words->out, "Writes the table for genu compare --precision")
      ->type_name("FILE.json");
  return [words](const Session& session) { return tell_precision(*words, session); };
}

}  // namespace

Verb precision_verb() {
  return {
      .name = "precision",
      .summary = "Tells from repeated measurements how large a change must be to be real",
      .description =
          "Compares pairs of measurements of knees that did not change between them, as genu compare does, "
          "and gives bias and smallest detectable change (1.96 times the root mean square of the "
          "differences) of each region. What is repeated counts: scan, segmentation, or both.",
      .examples = {{"genu precision k1_a k1_b k2_a k2_b k3_a k3_b --name our-3T --out our-3T.json",
                    "Three knees, each scanned and segmented twice."},
                   {"genu compare knee_00m knee_24m --precision our-3T.json --out change",
                    "What it is for."}},
      .references = {"Bland JM, Altman DG 1986, Lancet 327:307."},
      .declare = declare};
}

}  // namespace genu::app
