// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cohort.h"

namespace genu::app {

/// The folder of a batch's results, which one process at a time may write.
///
/// cases/<id>/ appears whole or not at all, and holds batch.json: the options it was made with and size and
/// time of change of every input. A case is finished if that file says what it would say today, and its
/// measurements can be read. Unfinished work stays in .genu-unfinished/ and is removed by the next batch.
class BatchFolder {
 public:
  /// \throws IoError if another batch works there now
  explicit BatchFolder(std::filesystem::path folder);
  ~BatchFolder();
  BatchFolder(const BatchFolder&) = delete;
  BatchFolder& operator=(const BatchFolder&) = delete;

  std::filesystem::path log(const CohortCase& knee) const { return folder_ / "logs" / (knee.id + ".log"); }
  std::filesystem::path finished(const CohortCase& knee) const { return folder_ / "cases" / knee.id; }
  std::filesystem::path unfinished(const CohortCase& knee) const;

  /// Returns the case's rows of cohort.csv if it is finished.
  std::optional<std::string> finished_rows(const CohortCase& knee, const std::string& stamp) const;
  /// Gives a case that its worker has completed the place where finished ones are, and returns its rows.
  /// \throws IoError if they can't be read, or something that is not Genu's stands in that place
  std::string accept(const CohortCase& knee, const std::string& stamp) const;
  /// Removes what a failed case left, and its older results unless they are what `stamp` states.
  void discard(const CohortCase& knee, const std::string& stamp) const;

  struct Failure {
    CaseName who;
    std::string reason;
    std::filesystem::path log;
  };
  /// Writes cohort.csv, one row a region and measure of each finished case, and failures.csv.
  void write_tables(const std::vector<std::string>& rows, const std::vector<Failure>& failures) const;

 private:
  std::filesystem::path folder_;
  int lock_ = -1;
};

/// Returns what a result depends on (data/schemas/batch.schema.json): Genu's version, the worker's arguments,
/// size and time of change of its inputs. \param network the files of the network, if it makes the labels
std::string stamp_of(const CohortCase& knee, const std::vector<std::filesystem::path>& network,
                     const std::vector<std::string>& arguments);

}  // namespace genu::app
