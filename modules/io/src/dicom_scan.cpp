// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <set>
#include <system_error>
#include <tuple>

#include <genu/core/parallel.h>
#include <genu/io/dicom.h>

#include "dicom_attributes.h"
#include "dicom_object.h"
#include "dicom_refusal.h"
#include "dicom_stack.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

using dicom::ObjectHeader;

/// Adds the regular files under `folder` to `files`, by true path so that links lead to each one once.
void collect(const fs::path& folder, std::set<fs::path>& folders_seen, std::map<fs::path, fs::path>& files,
             const Progress& progress) {
  progress.check();
  std::error_code error;
  const fs::path true_folder = fs::canonical(folder, error);
  if (error || !folders_seen.insert(true_folder).second) return;
  for (fs::directory_iterator entry(folder, fs::directory_options::skip_permission_denied, error), end;
       !error && entry != end; entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_directory(ignored)) {
      collect(entry->path(), folders_seen, files, progress);
    } else if (entry->is_regular_file(ignored)) {
      const fs::path true_path = fs::canonical(entry->path(), ignored);
      if (!ignored) files.emplace(true_path, entry->path());
    }
  }
}

std::vector<fs::path> files_under(const fs::path& folder, const Progress& progress) {
  std::error_code error;
  const fs::file_status status = fs::status(folder, error);
  if (!fs::exists(status)) throw IoError(folder.string() + " can't be read: there is no such file or folder");
  if (fs::is_regular_file(status)) return {folder};
  fs::directory_iterator readable(folder, error);
  if (error) throw IoError(folder.string() + " can't be read: " + error.message());
  std::set<fs::path> folders_seen;
  std::map<fs::path, fs::path> by_true_path;
  collect(folder, folders_seen, by_true_path, progress);
  std::vector<fs::path> files;
  files.reserve(by_true_path.size());
  for (const auto& [true_path, path] : by_true_path) files.push_back(path);
  std::sort(files.begin(), files.end());
  return files;
}

void describe_geometry(const std::vector<ObjectHeader>& objects, SeriesInfo& info) {
  info.positions = dicom::count_positions(objects);
  info.echo_times_ms = dicom::distinct_echo_times_ms(objects);
  const auto with_frames = std::find_if(objects.begin(), objects.end(),
                                        [](const ObjectHeader& object) { return !object.frames.empty(); });
  if (with_frames == objects.end()) return;
  const dicom::FrameHeader& frame = with_frames->frames.front();
  if (frame.row_column_mm) info.spacing_mm = {(*frame.row_column_mm)[1], (*frame.row_column_mm)[0], 0.0};
  if (frame.axes) info.orientation = dicom::orientation_name(*frame.axes);
  if (frame.position) info.first_origin = *frame.position;
}

void find_side(const std::vector<ObjectHeader>& objects, SeriesInfo& info) {
  dicom::SideEvidence named;
  for (const ObjectHeader& object : objects) named |= object.side;
  if (named.left && named.right)
    info.remarks.emplace_back("laterality and descriptions name both sides: the side is left open");
  else if (named.left || named.right)
    info.side = named.left ? Side::left : Side::right;
}

void find_remarks(const std::vector<ObjectHeader>& objects, SeriesInfo& info) {
  for (const ObjectHeader& object : objects)
    info.remarks.insert(info.remarks.end(), object.remarks.begin(), object.remarks.end());
  if (std::any_of(objects.begin(), objects.end(), [](const ObjectHeader& object) { return object.lossy; }))
    info.remarks.emplace_back("the pixels went through lossy compression");
  std::size_t images = 0;
  for (const ObjectHeader& object : objects) images += object.frames.size();
  const auto announced = objects.front().images_in_acquisition;
  if (announced && *announced > static_cast<std::int64_t>(images))
    info.remarks.push_back("the header announces " + std::to_string(*announced) +
                           " images in the acquisition, " + std::to_string(images) + " are here");
}

SeriesInfo describe_series(const std::vector<ObjectHeader>& objects) {
  const ObjectHeader& first = objects.front();
  SeriesInfo info;
  info.series_uid = first.series_uid;
  info.study_uid = first.study_uid;
  info.patient_id = first.patient_id;
  info.description = first.description;
  info.modality = first.modality;
  info.manufacturer = first.manufacturer;
  info.study_date = first.study_date;
  info.series_number = first.series_number;
  info.transfer_syntax = first.transfer_syntax;
  info.rows = first.rows;
  info.columns = first.columns;
  std::vector<ObjectHeader> readable;
  for (const ObjectHeader& object : objects) {
    info.files.push_back(object.path);
    if (object.problem)
      info.problems.push_back(*object.problem);
    else
      readable.push_back(object);
  }
  find_side(objects, info);
  find_remarks(objects, info);
  describe_geometry(readable.empty() ? objects : readable, info);
  if (!info.problems.empty()) return info;
  try {
    const dicom::Stack stack = dicom::stack_frames(readable);
    const ImageGeometry& geometry = stack.geometry;
    info.first_origin = geometry.origin();
    if (geometry.size()[2] > 1) info.spacing_mm.z = geometry.spacing_mm().z;
  } catch (const SeriesRefused& refused) {
    info.problems.push_back(refused.item());
  } catch (const Error& error) {
    info.problems.push_back(
        dicom::refused_item(first.path, {Refusal::missing_geometry, "", "", error.what()}));
  }
  return info;
}

std::vector<std::optional<ObjectHeader>> load_headers(const std::vector<fs::path>& files,
                                                      const Progress& progress) {
  std::vector<std::optional<ObjectHeader>> headers(files.size());
  constexpr std::size_t batch = 64;  // files between two looks at the progress
  for (std::size_t from = 0; from < files.size(); from += batch) {
    progress.report("reading DICOM headers", static_cast<double>(from) / static_cast<double>(files.size()));
    const std::size_t count = std::min(batch, files.size() - from);
    parallel_for(
        count,
        [&](std::size_t begin, std::size_t end) {
          for (std::size_t i = from + begin; i < from + end; ++i)
            if (auto object = dicom::load_object(files[i])) headers[i] = std::move(object->header);
        },
        0, 8);
  }
  progress.report("reading DICOM headers", 1.0);
  return headers;
}

}  // namespace

FolderScan scan_folder(const fs::path& folder, const Progress& progress) {
  dicom::set_up_dcmtk();
  FolderScan scan;
  std::map<std::tuple<std::string, std::string, std::string>, std::vector<ObjectHeader>> groups;
  for (auto& header : load_headers(files_under(folder, progress), progress)) {
    if (!header) {
      ++scan.other_files;
      continue;
    }
    const bool belongs = !header->series_uid.empty() &&
                         !(header->problem && header->problem->refusal == Refusal::not_an_image);
    if (belongs)
      groups[{header->study_uid, header->series_uid, header->class_uid}].push_back(std::move(*header));
    else if (header->problem)
      scan.refused.push_back(*header->problem);
    else
      scan.refused.push_back(dicom::refused_item(
          header->path,
          {Refusal::unreadable, "(0020,000e) SeriesInstanceUID", "", "the image belongs to no series"}));
  }
  for (auto& [key, objects] : groups)
    for (const auto& part : dicom::split_by_kind(std::move(objects)))
      scan.series.push_back(describe_series(part));
  std::stable_sort(scan.series.begin(), scan.series.end(), [](const SeriesInfo& a, const SeriesInfo& b) {
    return std::tie(a.patient_id, a.study_date, a.study_uid, a.series_number) <
           std::tie(b.patient_id, b.study_date, b.study_uid, b.series_number);
  });
  return scan;
}

}  // namespace genu::io
