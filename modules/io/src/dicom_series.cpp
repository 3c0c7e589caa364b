// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include <genu/core/parallel.h>
#include <genu/io/dicom.h>

#include "dicom_attributes.h"
#include "dicom_object.h"
#include "dicom_pixels.h"
#include "dicom_refusal.h"
#include "dicom_stack.h"

namespace genu::io {
namespace {

using dicom::LoadedObject;
using dicom::ObjectHeader;

std::vector<LoadedObject> load_all(const std::vector<std::filesystem::path>& files) {
  std::vector<std::optional<LoadedObject>> loaded(files.size());
  parallel_for(
      files.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) loaded[i] = dicom::load_object(files[i]);
      },
      0, 8);
  std::vector<LoadedObject> objects;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!loaded[i])
      dicom::refuse(files[i],
                    {Refusal::unreadable, "", "", "it is no longer the DICOM file that was listed"});
    if (loaded[i]->header.problem) throw SeriesRefused(*loaded[i]->header.problem);
    objects.push_back(std::move(*loaded[i]));
  }
  return objects;
}

/// Where in the volumes the frames of each object go.
struct Place {
  std::size_t echo = 0;
  std::size_t k = 0;
};

std::vector<std::vector<Place>> places_of(const dicom::Stack& stack,
                                          const std::vector<LoadedObject>& objects) {
  std::vector<std::vector<Place>> places;
  places.reserve(objects.size());
  for (const LoadedObject& object : objects) places.emplace_back(object.header.frames.size());
  for (std::size_t e = 0; e < stack.echoes.size(); ++e)
    for (std::size_t k = 0; k < stack.echoes[e].size(); ++k) {
      const dicom::FrameOf& source = stack.echoes[e][k];
      places[source.object][source.frame] = {e, k};
    }
  return places;
}

}  // namespace

std::vector<EchoVolume> read_series(const SeriesInfo& series, const Progress& progress) {
  dicom::set_up_dcmtk();
  if (!series.problems.empty()) throw SeriesRefused(series.problems.front());
  if (series.files.empty()) throw InvalidInput("a series of no files can't be read");
  progress.report("reading DICOM headers", 0.0);
  std::vector<LoadedObject> objects = load_all(series.files);
  std::vector<ObjectHeader> headers;
  headers.reserve(objects.size());
  for (const LoadedObject& object : objects) headers.push_back(object.header);
  const dicom::Stack stack = dicom::stack_frames(headers);
  const auto places = places_of(stack, objects);

  std::vector<EchoVolume> volumes;
  for (const double echo_time_ms : stack.echo_times_ms)
    volumes.push_back({echo_time_ms, Volume<float>(stack.geometry)});
  const auto slice_values = static_cast<std::size_t>(stack.geometry.size()[0] * stack.geometry.size()[1]);
  constexpr std::size_t batch = 32;  // files between two looks at the progress
  for (std::size_t from = 0; from < objects.size(); from += batch) {
    progress.report("reading DICOM images", static_cast<double>(from) / static_cast<double>(objects.size()));
    const auto decode = [&](std::size_t begin, std::size_t end) {
      for (std::size_t o = from + begin; o < from + end; ++o) {
        dicom::decode_frames(objects[o], [&](std::size_t frame) {
          const Place& place = places[o][frame];
          return std::span<float>(volumes[place.echo].image.voxels())
              .subspan(place.k * slice_values, slice_values);
        });
        objects[o].file.reset();
      }
    };
    parallel_for(std::min(batch, objects.size() - from), decode, 0, 4);
  }
  progress.report("reading DICOM images", 1.0);
  return volumes;
}

}  // namespace genu::io
