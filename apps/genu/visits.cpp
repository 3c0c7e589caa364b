// SPDX-License-Identifier: Apache-2.0
#include "visits.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/core/error.h>

#include "protocol.h"

namespace genu::app {

namespace fs = std::filesystem;

io::Case read_visit(const LabelSource& source, const std::optional<Side>& side, const Progress& progress) {
  const std::string file = source.file.string();
  if (fs::is_directory(source.file)) {
    progress.report("reading " + file, 0.0);
    io::Case knee = io::read_case(source.file);
    if (!knee.labels) throw InvalidInput("cannot compare the case '" + file + "': it holds no labels");
    if (!knee.cartilage || knee.cartilage->bones.empty())
      throw InvalidInput("cannot compare the case '" + file +
                         "': it holds no measurements; genu measure or "
                         "genu run makes them");
    if (side && knee.cartilage->side != *side)
      throw InvalidInput("the case '" + file + "' was measured as a " +
                         std::string(name(knee.cartilage->side)) + " knee, and --side says " +
                         std::string(name(*side)));
    return knee;
  }
  const CaseName who = case_named_by(source.file);
  io::Case knee = new_case(who.name, who.visit, {file});
  progress.report("reading " + file, 0.0);
  knee.labels = read_label_map(source);
  knee.cartilage = with_context("measuring " + file, [&] {
    return measure(*knee.labels, {.user = side, .header = std::nullopt}, progress.part(0.1, 1.0));
  });
  return knee;
}

void require_label_maps(const std::vector<fs::path>& inputs, const std::string& table) {
  const bool all_are_cases =
      std::all_of(inputs.begin(), inputs.end(), [](const fs::path& p) { return fs::is_directory(p); });
  if (!table.empty() && all_are_cases)
    throw UsageError("--label-table goes with label maps, and every input is a case folder");
}

void add_table_option(CLI::App& parser, std::string& table) {
  parser
      .add_option("--label-table", table,
                  "What the numbers in label maps stand for: genu, oai, pymskt or a JSON file")
      ->type_name("NAME|FILE.json");
}

followup::Visit visit_of(const io::Case& knee) {
  return {.name = knee.visit, .report = *knee.cartilage, .labels = *knee.labels};
}

std::optional<double> months_of(const std::string& visit) {
  double months = 0.0;
  const auto [end, error] = std::from_chars(visit.data(), visit.data() + visit.size(), months);
  if (error != std::errc() || !std::isfinite(months) ||
      std::string_view(end, visit.data() + visit.size()) != "m")
    return std::nullopt;
  return months;
}

}  // namespace genu::app
