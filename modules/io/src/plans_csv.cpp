// SPDX-License-Identifier: Apache-2.0
#include <string>

#include <genu/io/results.h>

#include "csv_cell.h"

namespace genu::io {
namespace {

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

std::string cells_of(const Point3& p) {
  return cell(p.x) + "," + cell(p.y) + "," + cell(p.z);
}

std::string row_of(const planning::NeedlePlan& plan, std::size_t rank) {
  const planning::RankedTrajectory& r = plan.ranked[rank];
  const planning::Scorecard& card = r.card;
  const planning::Clearance* nearest = planning::nearest_spared(card);
  std::string row = csv_cell(plan.target.name) + "," + csv_cell(plan.approach) + "," +
                    std::to_string(rank + 1) + "," + (r.pareto ? "1" : "0") + "," + cell(r.score);
  for (const double value :
       {card.depth_mm, card.skin_angle_deg, card.view ? card.view->face_angle_deg : not_measured,
        card.view ? card.view->out_of_plane_mm : not_measured, card.view ? card.view->seen_mm : not_measured,
        card.free_cone_deg, card.risk, card.hit.probability, card.hit.low, card.hit.high})
    row += "," + cell(value);
  row += "," + csv_cell(card.needle ? card.needle->name : "") + "," +
         csv_cell(nearest ? nearest->structure : "") + "," + (nearest ? cell(nearest->distance_mm) : "") +
         "," + csv_cell(nearest ? nearest->source : "");
  return row + "," + cells_of(r.path.entry) + "," + cells_of(r.path.target) + "\n";
}

}  // namespace

std::string plans_csv(const std::vector<planning::NeedlePlan>& plans) {
  std::string text =
      "target,approach,rank,pareto,score,depth_mm,skin_angle_deg,face_angle_deg,out_of_plane_mm,seen_mm,"
      "free_cone_deg,risk,hit_probability,hit_low,hit_high,needle,nearest_structure,nearest_mm,"
      "nearest_source,entry_x_mm,entry_y_mm,entry_z_mm,target_x_mm,target_y_mm,target_z_mm\n";
  for (const planning::NeedlePlan& plan : plans)
    for (std::size_t r = 0; r < plan.ranked.size(); ++r) text += row_of(plan, r);
  return text;
}

}  // namespace genu::io
