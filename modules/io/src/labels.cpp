// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/volume_files.h>

#include "json.h"
#include "stored_volume.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

/// How often each number occurs.
using Counts = std::map<int, std::size_t>;

template <typename T>
int label_number(const fs::path& file, const StoredVolume& stored, T raw, std::size_t voxel) {
  const double value = stored.slope * static_cast<double>(raw) + stored.intercept;
  // No table has numbers beyond a million; the bound keeps the conversion defined.
  if (value == std::floor(value) && std::abs(value) <= 1e6) return static_cast<int>(value);
  std::ostringstream why;
  const VoxelIndex at = stored.geometry.index_of(voxel);
  why << "voxel " << at << " holds " << value << ", which is not a label number";
  fail_reading(file, why.str());
}

/// Calls `visit(number, first, last)` for each run of voxels that hold the same number.
template <typename Visit>
void for_each_run(const fs::path& file, const StoredVolume& stored, const Visit& visit) {
  const std::size_t count = stored.geometry.voxel_count();
  with_stored_voxels(stored, [&](const auto* voxels) {
    for (std::size_t first = 0; first < count;) {
      std::size_t last = first + 1;
      while (last < count && voxels[last] == voxels[first]) ++last;
      visit(label_number(file, stored, voxels[first], first), first, last);
      first = last;
    }
  });
}

Counts count_numbers(const fs::path& file, const StoredVolume& stored) {
  Counts counts;
  for_each_run(file, stored,
               [&](int number, std::size_t first, std::size_t last) { counts[number] += last - first; });
  return counts;
}

std::vector<std::string> tables_with(const Counts& counts) {
  std::vector<std::string> names = label_table_names();
  std::erase_if(names, [&](const std::string& name) {
    const LabelTable table = label_table_named(name);
    return !std::all_of(counts.begin(), counts.end(),
                        [&](const auto& count) { return table.tissue_of.contains(count.first); });
  });
  return names;
}

void require_known(const fs::path& file, const LabelTable& table, const Counts& counts) {
  constexpr int most_told = 10;
  std::string unknown;
  int told = 0;
  for (const auto& [number, count] : counts) {
    if (table.tissue_of.contains(number)) continue;
    if (++told <= most_told)
      unknown += (unknown.empty() ? "" : ", ") + std::to_string(number) + " (" + std::to_string(count) +
                 (count == 1 ? " voxel)" : " voxels)");
  }
  if (told > most_told) unknown += " and " + std::to_string(told - most_told) + " more";
  if (told == 0) return;
  std::string fitting;
  for (const std::string& name : tables_with(counts)) fitting += (fitting.empty() ? "" : ", ") + name;
  fail_reading(file, "the label table '" + table.name + "' does not have its numbers " + unknown + "; " +
                         (fitting.empty() ? "no table that ships with Genu has all of the file's numbers"
                                          : "the file's numbers fit the tables: " + fitting));
}

}  // namespace

std::vector<std::string> label_table_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(data_file("labels")))
    if (entry.path().extension() == ".json") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

LabelTable label_table_named(std::string_view name) {
  const std::vector<std::string> names = label_table_names();
  if (std::find(names.begin(), names.end(), name) == names.end()) {
    std::string all;
    for (const std::string& known : names) all += (all.empty() ? "" : ", ") + known;
    throw InvalidInput("there is no label table '" + std::string(name) + "'; there are: " + all);
  }
  return read_label_table(data_file("labels/" + std::string(name) + ".json"));
}

LabelTable read_label_table(const fs::path& file) {
  const nlohmann::json document = parse_valid(read_text(file), "label_table", file.string());
  LabelTable table{document.at("name").get<std::string>(), {}};
  std::size_t row = 0;
  for (const auto& label : document.at("labels")) {
    const int number = label.at("number").get<int>();
    const std::string tissue_name = label.at("tissue").get<std::string>();
    const auto refuse = [&](const std::string& why) {
      throw IoError("cannot read '" + file.string() + "': at /labels/" + std::to_string(row) + why);
    };
    const std::optional<Tissue> tissue = tissue_named(tissue_name);
    if (!tissue) refuse("/tissue: there is no tissue '" + tissue_name + "'");
    if (!table.tissue_of.emplace(number, tissue.value()).second)
      refuse("/number: the number " + std::to_string(number) + " is there twice");
    ++row;
  }
  return table;
}

std::vector<std::string> label_tables_that_fit(const fs::path& file) {
  return tables_with(count_numbers(file, read_stored(file)));
}

LabelMap read_labels(const fs::path& file, const LabelTable& table) {
  const StoredVolume stored = read_stored(file);
  require_known(file, table, count_numbers(file, stored));
  std::vector<Tissue> voxels(stored.geometry.voxel_count());
  for_each_run(file, stored, [&](int number, std::size_t first, std::size_t last) {
    std::fill(voxels.begin() + static_cast<std::ptrdiff_t>(first),
              voxels.begin() + static_cast<std::ptrdiff_t>(last), table.tissue_of.at(number));
  });
  return {stored.geometry, std::move(voxels)};
}

void write_labels(const fs::path& file, const LabelMap& labels, const LabelTable& table) {
  constexpr int none = std::numeric_limits<int>::min();
  std::array<int, 256> number_of{};
  number_of.fill(none);
  // Where a table gives a tissue several numbers, the smallest is written.
  for (auto row = table.tissue_of.rbegin(); row != table.tissue_of.rend(); ++row)
    number_of[static_cast<std::size_t>(row->second)] = row->first;
  std::vector<std::int16_t> numbers(labels.voxels().size());
  for (std::size_t v = 0; v < numbers.size(); ++v) {
    const Tissue tissue = labels.voxels()[v];
    const int number = number_of[static_cast<std::size_t>(tissue)];
    if (number == none)
      fail_writing(
          file, "the label table '" + table.name + "' has no number for " + std::string(info(tissue).name));
    if (number < std::numeric_limits<std::int16_t>::min() ||
        number > std::numeric_limits<std::int16_t>::max())
      fail_writing(file, "the number " + std::to_string(number) + " of the label table '" + table.name +
                             "' has more than 16 bits");
    numbers[v] = static_cast<std::int16_t>(number);
  }
  const bool one_byte =
      std::all_of(numbers.begin(), numbers.end(), [](std::int16_t n) { return n >= 0 && n <= 255; });
  if (one_byte) {
    const std::vector<std::uint8_t> bytes(numbers.begin(), numbers.end());
    write_stored(file, {&labels.geometry(), Component::uint8, bytes.data(), true, file});
  } else {
    write_stored(file, {&labels.geometry(), Component::int16, numbers.data(), true, file});
  }
}

}  // namespace genu::io
