// SPDX-License-Identifier: Apache-2.0
#include "visits.h"

#include <charconv>

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

followup::Visit visit_of(const io::Case& knee) {
  return {.name = knee.visit, .report = *knee.cartilage, .labels = *knee.labels};
}

std::optional<double> months_of(const std::string& visit) {
  if (visit == "baseline") return 0.0;
  double months = 0.0;
  const auto [end, error] = std::from_chars(visit.data(), visit.data() + visit.size(), months);
  if (error != std::errc() || std::string_view(end, visit.data() + visit.size()) != "m") return std::nullopt;
  return months;
}

}  // namespace genu::app
