// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>

#include "inputs.h"
#include "protocol.h"
#include "tables.h"
#include "verbs.h"

namespace genu::app {

namespace {

struct MeasureWords {
  LabelSource labels;
  std::optional<Side> side;
  std::string method{name(cartilage::ThicknessMethod::along_normal)};
  double smooth_mm = 0.0;
  std::filesystem::path out;
  bool replace = false;
};

ExitCode measure_labels(const MeasureWords& words, const Session& session) {
  const CaseName who = case_named_by(words.labels.file);
  io::Case knee = new_case(who.name, who.visit, {words.labels.file.string()});
  std::optional<io::FolderTransaction> folder;
  if (!words.out.empty())
    folder.emplace(words.out,
                   io::FolderOptions{
                       .replace = words.replace, .inputs = files_of(words.labels), .document = "case.json"});

  session.progress().report("reading labels", 0.0);
  knee.labels = read_label_map(words.labels);
  const Progress measuring = session.progress().part(0.1, folder ? 0.9 : 1.0);
  knee.cartilage = with_context("measuring " + words.labels.file.string(), [&] {
    return measure(
        *knee.labels, {.user = words.side, .header = std::nullopt}, measuring,
        {.method = cartilage::thickness_method_named(words.method).value(), .smoothing_mm = words.smooth_mm});
  });

  if (folder) {
    session.progress().report("writing the case", 0.9);
    io::write_case(folder->path(), knee);
    folder->commit(session.progress());
  }
  session.print(text_of(*knee.cartilage));
  if (folder) session.print("Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<MeasureWords>();
  add_label_options(parser, words->labels);
  parser.get_option("--labels")->required();
  add_side_option(parser, words->side);
  parser
      .add_option(
          "--thickness", words->method,
          "What thickness is: along the bone's normal, to the nearest point of the articular surface, or "
          "along the lines of Laplace's field")
      ->check(CLI::IsMember({"normal", "nearest", "field_lines"}))
      ->type_name("normal|nearest|field_lines")
      ->capture_default_str();
  parser
      .add_option("--smooth-mm", words->smooth_mm,
                  "Smooths thickness over the bone that bears cartilage by a Gaussian of this standard "
                  "deviation; lesions, medians and percentiles are then those of the smoothed map")
      ->check(within(0.0, 10.0))
      ->capture_default_str();
  CLI::Option* out = parser.add_option("-o,--out", words->out,
                                       "Case folder to make: measurements.json and .csv, meshes, labels");
  out->type_name("DIR");
  parser
      .add_flag("--replace", words->replace, "Puts the new folder in the place of an old one of this verb's")
      ->needs(out);
  return [words](const Session& session) { return measure_labels(*words, session); };
}

}  // namespace

Verb measure_verb() {
  return {
      .name = "measure",
      .summary = "Measures cartilage on a label map",
      .description =
          "Makes surfaces from a label map and measures cartilage: thickness, volume, covered and denuded "
          "area of each region and of its parts, the places where cartilage is lost, menisci, and bone "
          "spurs. Prints a table of regions and compartments; with --out also writes a case folder that "
          "stage, plan "
          "and genu-viewer "
          "take, with every number in measurements.csv, a row a region and measure.\n"
          "The definitions of thickness agree where surfaces are parallel; elsewhere the nearest point is "
          "less "
          "far than a field line is long, and that is shorter than the normal.",
      .examples = {{"genu measure --labels knee.nrrd",
                    "Prints the table; only one label table has all the numbers in the file, else it is "
                    "asked for."},
                   {"genu measure --labels oai.nii.gz --label-table oai --side right --out knee",
                    "Labels as the OAI numbers them, side given, everything into the folder knee."},
                   {"genu measure --labels mine.mha --label-table my_table.json", "A table of your own."}},
      .references = {"Eckstein F et al. 2006, Osteoarthritis and Cartilage 14:974 (nomenclature).",
                     "Hudelmaier M et al. 2010 (where the weight-bearing femur ends)."},
      .declare = declare};
}

}  // namespace genu::app
