// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/text_table.h>
#include <genu/app/workers.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/io/files.h>

#include "batch_folder.h"
#include "cohort.h"
#include "protocol.h"
#include "verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct BatchWords {
  fs::path cohort;
  fs::path out;
  CohortOptions options;
  unsigned jobs = std::max(1U, std::thread::hardware_concurrency() / 2);
  fs::path model;
  unsigned timeout_s = 1800;
  bool no_figures = false;
  bool redo = false;
};

/// The worker's arguments, less the place of its results. "--case=NAME" is one word: a name may begin with
/// "-".
std::vector<std::string> arguments_for(const CohortCase& knee, const fs::path& model, bool no_figures) {
  std::vector<std::string> arguments{"run"};
  if (!knee.image.empty()) arguments.push_back(knee.image.string());
  if (!knee.series.empty()) arguments.insert(arguments.end(), {"--series", knee.series});
  if (!knee.echo.empty()) arguments.insert(arguments.end(), {"--echo", knee.echo});
  if (!knee.labels.empty()) arguments.insert(arguments.end(), {"--labels", knee.labels.string()});
  if (knee.labels.empty() && !model.empty()) arguments.insert(arguments.end(), {"--model", model.string()});
  if (!knee.labels.empty() && !knee.label_table.empty())
    arguments.insert(arguments.end(), {"--label-table", knee.label_table});
  arguments.insert(arguments.end(), {"--case=" + knee.who.name, "--visit=" + knee.who.visit});
  if (knee.side) arguments.insert(arguments.end(), {"--side", std::string(name(*knee.side))});
  if (no_figures) arguments.emplace_back("--no-figures");
  return arguments;
}

/// Says the same however the paths were spelt, and from wherever the batch was started.
std::string stamp_for(CohortCase knee, const fs::path& model, bool no_figures) {
  if (!knee.labels.empty()) knee.labels = true_path(knee.labels);
  if (!knee.image.empty()) knee.image = true_path(knee.image);
  if (io::has_extension(knee.label_table, ".json")) knee.label_table = true_path(knee.label_table).string();
  return stamp_of(knee, knee.labels.empty() ? network_files(model) : std::vector<fs::path>{},
                  arguments_for(knee, model, no_figures));
}

/// What has become of each case so far, by its place in the cohort.
struct Ledger {
  std::map<std::size_t, std::string> done;  ///< Rows of cohort.csv.
  std::map<std::size_t, BatchFolder::Failure> failures;
};

template <typename Value>
std::vector<Value> values_of(const std::map<std::size_t, Value>& ledger) {
  std::vector<Value> values;
  values.reserve(ledger.size());
  for (const auto& [place, value] : ledger) values.push_back(value);
  return values;
}

void run_cases(const std::vector<CohortCase>& cohort, const std::vector<std::size_t>& todo,
               const BatchWords& words, const BatchFolder& folder, Ledger& ledger, const Session& session) {
  std::vector<WorkerTask> tasks;
  std::vector<std::string> stamps;  // taken before the work: an input that changes meanwhile is done again
  for (const std::size_t place : todo) {
    const CohortCase& knee = cohort[place];
    WorkerTask task{.name = knee.id,
                    .arguments = arguments_for(knee, words.model, words.no_figures),
                    .log = folder.log(knee)};
    stamps.push_back(stamp_for(knee, words.model, words.no_figures));
    task.arguments.insert(task.arguments.end(), {"--out", folder.unfinished(knee).string()});
    tasks.push_back(std::move(task));
  }
  // Workers share the cores, unless the user says otherwise.
  const unsigned threads = std::max(1U, thread_count(0) / std::max(1U, words.jobs));
  setenv("GENU_THREADS", std::to_string(threads).c_str(), 0);
  const WorkerOptions options{.jobs = words.jobs, .timeout = std::chrono::seconds(words.timeout_s)};
  const auto fail = [&](std::size_t i, const std::string& reason) {
    const CohortCase& knee = cohort[todo[i]];
    ledger.failures[todo[i]] = {knee.who, reason, tasks[i].log};
    session.note("genu: " + knee.id + " failed: " + reason);
    folder.discard(knee, stamps[i]);
  };
  const auto finished = [&](std::size_t i, const WorkerOutcome& outcome) {
    if (!outcome.ok()) return fail(i, failure_reason(tasks[i], outcome, options));
    try {
      ledger.done[todo[i]] = folder.accept(cohort[todo[i]], stamps[i]);
    } catch (const std::exception& error) {
      return fail(i, describe(error));
    }
    session.print(tasks[i].name + ": done in " + fixed(outcome.wall_s, 1) + " s, " +
                  fixed(outcome.peak_memory_mb, 0) + " MB\n");
  };
  run_workers(tasks, finished, options, session.progress());
}

ExitCode run_batch(BatchWords words, const Session& session) {
  words.options.results = words.out;
  if (!words.model.empty()) words.model = true_path(words.model);
  const std::vector<CohortCase> cohort = find_cohort(words.cohort, words.options);
  // One answer for all cases before they start; the workers then share the display.
  if (!words.no_figures) require_display();
  const BatchFolder folder(words.out);
  Ledger ledger;
  std::vector<std::size_t> todo;
  for (std::size_t place = 0; place < cohort.size(); ++place) {
    const CohortCase& knee = cohort[place];
    if (!knee.problem.empty()) {
      ledger.failures[place] = {knee.who, knee.problem, {}};
      session.note("genu: " + knee.id + " failed: " + knee.problem);
      continue;
    }
    auto rows = words.redo ? std::nullopt
                           : folder.finished_rows(knee, stamp_for(knee, words.model, words.no_figures));
    if (rows)
      ledger.done[place] = std::move(*rows);
    else
      todo.push_back(place);
  }
  if (!ledger.done.empty()) session.print("finished before: " + std::to_string(ledger.done.size()) + "\n");
  const auto write_tables = [&] { folder.write_tables(values_of(ledger.done), values_of(ledger.failures)); };
  try {
    run_cases(cohort, todo, words, folder, ledger, session);
  } catch (const Cancelled&) {
    write_tables();
    session.note("genu: " + std::to_string(ledger.done.size()) + " of " + std::to_string(cohort.size()) +
                 " cases are finished; the same command goes on from there");
    throw;
  }
  write_tables();
  session.print(std::to_string(ledger.done.size()) + " done, " + std::to_string(ledger.failures.size()) +
                " failed\n" + (words.out / "cohort.csv").string() + "\n" +
                (words.out / "failures.csv").string() + "\n");
  return ledger.failures.empty() ? ExitCode::ok : ExitCode::some_failed;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<BatchWords>();
  parser.add_option("COHORT", words->cohort, "Folder of cases, or a manifest (.csv or .json)")
      ->required()
      ->type_name("DIR|FILE");
  parser.add_option("OUT", words->out, "Folder for the results; made, or gone on with")
      ->required()
      ->type_name("DIR");
  parser.add_option("-j,--jobs", words->jobs, "How many cases at a time")
      ->check(above_0)
      ->capture_default_str();
  parser.add_option("--label-table", words->options.label_table, "Table for cases whose manifest names none")
      ->type_name("NAME|FILE.json");
  add_side_option(parser, words->options.side);
  add_model_option(parser, words->model);
  parser
      .add_option("--timeout-s", words->timeout_s, "A case that takes longer is stopped and counts as failed")
      ->check(above_0)
      ->capture_default_str();
  parser.add_flag("--no-figures", words->no_figures, "Draws nothing; needs neither display nor Xvfb");
  parser.add_flag("--redo", words->redo, "Does finished cases again too");
  return [words](const Session& session) { return run_batch(*words, session); };
}

}  // namespace

Verb batch_verb() {
  return {
      .name = "batch",
      .summary = "Runs a whole cohort, each case in a process of its own",
      .description =
          "Runs every case of a cohort as genu run does, in worker processes: one that is refused, "
          "crashes or takes "
          "too long is a row of OUT/failures.csv with its reason, and the others go on. OUT/cohort.csv "
          "has one "
          "row a region, visit and measure, OUT/cases a folder for each case, OUT/logs what the workers "
          "said. "
          "The workers share the cores; the variable GENU_THREADS sets how many threads each has.\n"
          "In a folder each label map is a case, and so is each subfolder with labels.*, image.* or dicom/, "
          "or with DICOM files alone; where there are no labels, the network segments the image. A name "
          "that ends in _<NN>m states the visit in months. A manifest has the columns case, visit, image, "
          "series, echo, labels, label_table, side, separated by commas or semicolons; only image or labels "
          "must be filled; paths are relative to it. Names of cases and visits stay as they are written; "
          "folders and logs bear them without special characters.\n"
          "The same command again skips finished cases. A case is done again if Genu's version, its "
          "options, or "
          "size or time of change of an input file or of the network differ from what its batch.json states. "
          "After Ctrl-C, "
          "too, "
          "the same command goes on where it stopped.",
      .examples = {{"genu batch oai results --label-table oai --jobs 2",
                    "A folder of label maps named <case>_<NN>m."},
                   {"genu batch cohort.csv results --no-figures",
                    "A manifest; measurements only, no pictures."}},
      .references = {},
      .declare = declare};
}

}  // namespace genu::app
