// SPDX-License-Identifier: Apache-2.0
// How a clip and its regions stand in JSON and CSV.
#include <cmath>

#include <genu/io/results.h>
#include <genu/io/ultrasound_files.h>

#include "csv_cell.h"
#include "json.h"

namespace genu::io {
namespace {

using ultrasound::RegionAxis;
using ultrasound::RegionPlace;
using ultrasound::RegionScale;
using ultrasound::UltrasoundClip;
using ultrasound::UltrasoundRegion;

std::string_view name(RegionPlace place) {
  switch (place) {
    case RegionPlace::inside:
      return "inside";
    case RegionPlace::edge:
      return "one pixel past the edge";
    case RegionPlace::reaches_out:
      return "reaches out";
    case RegionPlace::outside:
      return "outside";
    case RegionPlace::empty:
      return "empty";
  }
  return "unknown";
}

OrderedJson json_of(const std::optional<PixelSize>& size) {
  if (!size) return {};
  return OrderedJson::array({size->x_mm, size->y_mm});
}

OrderedJson json_of(const RegionAxis& axis) {
  return {{"unit", ultrasound::name(axis.unit)},
          {"delta", axis.delta},
          {"reference_pixel", axis.reference_pixel ? OrderedJson(*axis.reference_pixel) : OrderedJson()},
          {"reference_value", axis.reference_value}};
}

OrderedJson json_of(const UltrasoundRegion& r, const UltrasoundClip& clip) {
  const RegionScale scale = scale_of(r, clip.width(), clip.height());
  OrderedJson reversed = OrderedJson::array();
  if (scale.x_reversed) reversed.push_back("x");
  if (scale.y_reversed) reversed.push_back("y");
  return {{"item", r.item},
          {"shows", ultrasound::name(r.content)},
          {"format", ultrasound::name(r.format)},
          {"first_pixel", OrderedJson::array({r.min_x, r.min_y})},
          {"last_pixel", OrderedJson::array({r.max_x, r.max_y})},
          {"place", name(place_of(r, clip.width(), clip.height()))},
          {"high_priority", r.high_priority},
          {"x", json_of(r.x)},
          {"y", json_of(r.y)},
          {"transducer_frequency_khz", r.transducer_frequency_khz},
          {"pixel_size_mm", json_of(scale.pixel_size)},
          {"reversed", reversed},
          {"no_scale_because", scale.reason.empty() ? OrderedJson() : OrderedJson(scale.reason)}};
}

std::string size_cells(const std::optional<PixelSize>& size) {
  return size ? cell(size->x_mm) + "," + cell(size->y_mm) : ",";
}

}  // namespace

std::string to_json(const UltrasoundClip& clip, std::string_view source) {
  const ultrasound::ClipScale scale = b_mode_scale(clip);
  OrderedJson document{
      {"schema", "genu/ultrasound_clip/1"},
      {"source", source},
      {"kind", clip.origin.kind},
      {"modality", clip.origin.modality},
      {"manufacturer", clip.origin.manufacturer},
      {"model", clip.origin.model},
      {"transducer", clip.origin.transducer},
      {"patient_id", clip.origin.patient_id},
      {"study_date", clip.origin.study_date},
      {"description", clip.origin.description},
      {"object_uid", clip.origin.object_uid},
      {"photometric", clip.photometric},
      {"encoding", clip.encoding},
      {"lossy", clip.lossy},
      {"grey_mapping", clip.grey_mapping},
      {"frames", clip.frames.size()},
      {"width", clip.width()},
      {"height", clip.height()},
      {"channels", clip.frames.empty() ? 0 : clip.frames.front().channels},
      {"times_s", clip.times_s},
      {"time_source", clip.time_source},
      {"b_mode",
       {{"region", scale.region ? OrderedJson(clip.regions[*scale.region].item) : OrderedJson()},
        {"pixel_size_mm", json_of(scale.scale.pixel_size)},
        {"no_scale_because", scale.scale.reason.empty() ? OrderedJson() : OrderedJson(scale.scale.reason)}}},
      {"stated_spacing_mm", json_of(clip.stated_spacing)},
      {"regions", OrderedJson::array()},
      {"warnings", clip.warnings}};
  for (const UltrasoundRegion& region : clip.regions) document["regions"].push_back(json_of(region, clip));
  return text_of(document);
}

std::string clip_regions_csv_header() {
  return "file,frames,width,height,photometric,encoding,region,shows,format,min_x,min_y,max_x,max_y,place,"
         "x_unit,y_unit,x_delta,y_delta,x_mm,y_mm,no_scale_because,refused_because\n";
}

std::string clip_refusal_csv_row(std::string_view source, std::string_view reason) {
  return csv_cell(source) + ",,,,,,,,,,,,,,,,,,,,," + csv_cell(reason) + "\n";
}

std::string clip_regions_csv_rows(const UltrasoundClip& clip, std::string_view source) {
  const std::string start = csv_cell(source) + "," + std::to_string(clip.frames.size()) + "," +
                            std::to_string(clip.width()) + "," + std::to_string(clip.height()) + "," +
                            csv_cell(clip.photometric) + "," + csv_cell(clip.encoding) + ",";
  if (clip.regions.empty())
    return start + ",,,,,,,,,,,,,," + csv_cell(b_mode_scale(clip).scale.reason) + ",\n";
  std::string text;
  for (const UltrasoundRegion& r : clip.regions) {
    const RegionScale scale = scale_of(r, clip.width(), clip.height());
    text.append(start).append(std::to_string(r.item));
    for (const std::string_view word : {ultrasound::name(r.content), ultrasound::name(r.format)})
      text.append(",").append(csv_cell(word));
    for (const std::int64_t bound : {r.min_x, r.min_y, r.max_x, r.max_y})
      text.append(",").append(std::to_string(bound));
    text.append(",").append(name(place_of(r, clip.width(), clip.height())));
    text.append(",").append(ultrasound::name(r.x.unit)).append(",").append(ultrasound::name(r.y.unit));
    text.append(",").append(cell(r.x.delta)).append(",").append(cell(r.y.delta)).append(",");
    text.append(size_cells(scale.pixel_size)).append(",").append(csv_cell(scale.reason)).append(",\n");
  }
  return text;
}

}  // namespace genu::io
