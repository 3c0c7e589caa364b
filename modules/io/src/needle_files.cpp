// SPDX-License-Identifier: Apache-2.0
// How needles found in pictures stand in JSON and CSV.
#include <array>
#include <cmath>
#include <utility>

#include <genu/io/needle_files.h>
#include <genu/io/results.h>

#include "csv_cell.h"
#include "json_fields.h"

namespace genu::io {
namespace {

using ultrasound::EntrySide;
using ultrasound::NeedleDeviation;
using ultrasound::NeedleInImage;
using ultrasound::NeedleState;
using ultrasound::WithError;

const char* name_of(NeedleState state) {
  return state == NeedleState::seen ? "seen" : state == NeedleState::predicted ? "predicted" : "none";
}

const char* name_of(EntrySide side) {
  return side == EntrySide::left ? "left" : side == EntrySide::right ? "right" : "either";
}

/// The chord of the visible shaft; NaN without a scale.
double length_mm(const NeedleInImage& needle, const std::optional<PixelSize>& pixel) {
  if (!pixel) return std::nan("");
  return std::hypot((needle.tip.x - needle.far_end.x) * pixel->x_mm,
                    (needle.tip.y - needle.far_end.y) * pixel->y_mm);
}

OrderedJson json_of(const PixelPoint& p) {
  return OrderedJson::array({p.x, p.y});
}

OrderedJson json_of(const std::optional<double>& value) {
  return value ? OrderedJson(*value) : OrderedJson();
}

OrderedJson json_of(const WithError& e) {
  return {{"value", e.value}, {"sd", e.sd}};
}

OrderedJson json_of(const std::optional<NeedleInImage>& needle, const std::optional<PixelSize>& pixel) {
  if (!needle) return {};
  return {{"confidence", needle->confidence},
          {"tip_px", json_of(needle->tip)},
          {"far_end_px", json_of(needle->far_end)},
          {"bow_px", needle->bow_px},
          {"angle_deg", needle->angle_deg},
          {"length_mm", length_mm(*needle, pixel)},
          {"why", needle->why}};
}

OrderedJson json_of(const std::optional<ultrasound::PlanInImage>& plan) {
  if (!plan) return {};
  OrderedJson part;
  if (plan->in_picture) part = OrderedJson::array({(*plan->in_picture)[0], (*plan->in_picture)[1]});
  return {{"entry_px", json_of(plan->entry)},
          {"target_px", json_of(plan->target)},
          {"entry_off_mm", plan->entry_off_mm},
          {"target_off_mm", plan->target_off_mm},
          {"in_picture", part}};
}

OrderedJson json_of(const std::optional<NeedleDeviation>& d) {
  if (!d) return {};
  return {{"tip_mm", io::json_of(d->tip)},
          {"heading", io::json_of(d->heading)},
          {"tip_to_target_mm", json_of(d->tip_to_target_mm)},
          {"lateral_mm", json_of(d->lateral_mm)},
          {"angle_deg", json_of(d->angle_deg)},
          {"depth_left_mm", json_of(d->depth_left_mm)},
          {"passes_target_mm", json_of(d->passes_target_mm)}};
}

OrderedJson json_of(const std::optional<NeedlePlanChosen>& plan) {
  if (!plan) return {};
  const ultrasound::NeedleErrors& e = plan->guide.errors;
  return {{"target", plan->target},
          {"approach", plan->approach},
          {"rank", plan->rank},
          {"entry_mm", io::json_of(plan->guide.plan.entry)},
          {"target_mm", io::json_of(plan->guide.plan.target)},
          {"tolerance_mm", plan->guide.tolerance_mm},
          {"position_sd_mm", json_of(e.position_sd_mm)},
          {"rotation_sd_deg", json_of(e.rotation_sd_deg)},
          {"error_source", plan->error_source}};
}

OrderedJson json_of(const NeedlePicture& picture, const std::optional<PixelSize>& pixel) {
  const ultrasound::NeedleFinding& f = picture.finding;
  OrderedJson row{{"frame", picture.frame},
                  {"time_s", picture.time_s},
                  {"state", name_of(f.state)},
                  {"why_none", f.why_none},
                  {"tip_sd_px", f.tip_sd_px},
                  {"needle", json_of(f.needle, pixel)},
                  {"doubtful", json_of(f.doubtful, pixel)}};
  const auto& g = picture.guidance;
  row["why_unplaced"] = g ? g->why_unplaced : "";
  row["plan"] = json_of(g ? g->plan : std::nullopt);
  row["deviation"] = json_of(g ? g->deviation : std::nullopt);
  return row;
}

}  // namespace

std::string to_json(const NeedleRecord& record) {
  const auto& region = record.finder.region;
  const auto& pixel = record.pixel;
  OrderedJson where, size;
  if (region) where = OrderedJson::array({region->x, region->y, region->width, region->height});
  if (pixel) size = OrderedJson::array({pixel->x_mm, pixel->y_mm});
  OrderedJson document{{"schema", "genu/needle/1"},
                       {"inputs", record.inputs},
                       {"created", record.created},
                       {"genu_version", record.genu_version},
                       {"pixel_mm", size},
                       {"pixel_source", record.pixel_source},
                       {"side", name_of(record.finder.side)},
                       {"region_px", where},
                       {"min_confidence", record.finder.min_confidence},
                       {"min_angle_deg", record.finder.min_angle_deg},
                       {"followed", record.followed},
                       {"frames_without_image", record.frames_without_image},
                       {"plan", json_of(record.plan)},
                       {"pictures", OrderedJson::array()},
                       {"warnings", record.warnings}};
  for (const NeedlePicture& picture : record.pictures)
    document["pictures"].push_back(json_of(picture, record.pixel));
  return text_of(document);
}

std::string needle_csv(const NeedleRecord& record) {
  std::string text =
      "frame,time_s,state,confidence,tip_x_px,tip_y_px,tip_sd_px,far_end_x_px,far_end_y_px,bow_px,angle_deg,"
      "length_mm,tip_x_mm,tip_y_mm,tip_z_mm";
  for (const char* measure :
       {"tip_to_target_mm", "lateral_mm", "angle_to_plan_deg", "depth_left_mm", "passes_target_mm"})
    text.append(",").append(measure).append(",").append(measure).append("_sd");
  text += ",entry_off_picture_mm,target_off_picture_mm,remarks\n";
  for (const NeedlePicture& p : record.pictures) {
    const ultrasound::NeedleFinding& f = p.finding;
    text.append(std::to_string(p.frame)).append(",").append(cell(p.time_s)).append(",");
    text.append(name_of(f.state));
    const auto add = [&](double value) { text.append(",").append(cell(value)); };
    const auto skip = [&](std::size_t cells) { text.append(cells, ','); };
    if (const auto& n = f.needle)
      for (const double value : {n->confidence, n->tip.x, n->tip.y, f.tip_sd_px, n->far_end.x, n->far_end.y,
                                 n->bow_px, n->angle_deg, length_mm(*n, record.pixel)})
        add(value);
    else
      skip(9);
    const bool measured = p.guidance && p.guidance->deviation;
    if (measured) {
      const NeedleDeviation& d = *p.guidance->deviation;
      for (const double value : {d.tip.x, d.tip.y, d.tip.z}) add(value);
      for (const WithError& e :
           {d.tip_to_target_mm, d.lateral_mm, d.angle_deg, d.depth_left_mm, d.passes_target_mm}) {
        add(e.value);
        add(e.sd);
      }
    } else {
      skip(13);
    }
    const bool placed = p.guidance && p.guidance->plan;
    add(placed ? p.guidance->plan->entry_off_mm : std::nan(""));
    add(placed ? p.guidance->plan->target_off_mm : std::nan(""));
    std::string remarks = f.why_none;
    if (p.guidance && !p.guidance->why_unplaced.empty())
      remarks.append(remarks.empty() ? "" : "; ").append(p.guidance->why_unplaced);
    text.append(",").append(csv_cell(remarks)).append("\n");
  }
  return text;
}

}  // namespace genu::io
