// SPDX-License-Identifier: Apache-2.0
#include "tables.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <genu/app/text_table.h>
#include <genu/core/text.h>

namespace genu::app {

namespace {

std::string matrix_of(const io::SeriesInfo& series) {
  std::string text = std::to_string(series.columns) + "x" + std::to_string(series.rows);
  return text + "x" + std::to_string(series.positions);
}

std::string spacing_of(const io::SeriesInfo& series) {
  return fixed(series.spacing_mm.x, 3) + "x" + fixed(series.spacing_mm.y, 3) + "x" +
         fixed(series.spacing_mm.z, 3);
}

std::string echoes_of(const io::SeriesInfo& series) {
  const auto& times = series.echo_times_ms;
  if (times.empty()) return "-";
  if (times.size() == 1) return fixed(times.front(), 2) + " ms";
  return std::to_string(times.size()) + ": " + fixed(times.front(), 2) + "-" + fixed(times.back(), 2) + " ms";
}

std::string origin_of(const io::SeriesInfo& series) {
  const Point3& p = series.first_origin;
  return fixed(p.x, 2) + ", " + fixed(p.y, 2) + ", " + fixed(p.z, 2);
}

std::string needle_of(const planning::Scorecard& card) {
  return card.needle ? card.needle->name : "none reaches";
}

std::string nearest_of(const planning::Scorecard& card) {
  const planning::Clearance* nearest = planning::nearest_spared(card);
  if (!nearest) return "-";
  return spaced(nearest->structure) + " " + fixed(nearest->distance_mm, 1) + " mm" +
         (nearest->source == "segmented" ? "" : " (" + nearest->source + ")");
}

/// A sentence, and the targets that it is said of.
using Said = std::vector<std::pair<std::string, std::string>>;

void say(Said& said, const std::string& sentence, const std::string& target) {
  const auto found =
      std::find_if(said.begin(), said.end(), [&](const auto& one) { return one.first == sentence; });
  if (found == said.end())
    said.emplace_back(sentence, target);
  else if (!found->second.ends_with(target))
    found->second.append(", ").append(target);
}

}  // namespace

std::string text_of(const io::FolderScan& scan) {
  TextTable table({"#", "description", "modality", "matrix", "spacing, mm", "plane", "positions", "echoes",
                   "side", "first origin, mm (LPS)", "usable"});
  for (std::size_t i = 0; i < scan.series.size(); ++i) {
    const io::SeriesInfo& s = scan.series[i];
    table.add_row({std::to_string(i + 1), s.description.empty() ? "(none)" : s.description, s.modality,
                   matrix_of(s), spacing_of(s), s.orientation, std::to_string(s.positions), echoes_of(s),
                   s.side ? std::string(name(*s.side)) : "unknown", origin_of(s),
                   s.problems.empty() ? "yes" : std::string(name(s.problems.front().refusal))});
  }
  std::string text = scan.series.empty() ? "No series.\n" : table.text();
  for (std::size_t i = 0; i < scan.series.size(); ++i)
    for (const io::RefusedItem& problem : scan.series[i].problems)
      text += "Series " + std::to_string(i + 1) + " refused: " + problem.message + "\n";
  for (std::size_t i = 0; i < scan.series.size(); ++i)
    for (const std::string& remark : scan.series[i].remarks)
      text += "Series " + std::to_string(i + 1) + ": " + remark + "\n";
  for (const io::RefusedItem& item : scan.refused) text += "Refused: " + item.message + "\n";
  if (scan.other_files > 0) text += "Not DICOM: " + std::to_string(scan.other_files) + " files\n";
  return text;
}

std::string text_of(const segmentation::SegmentationReport& report) {
  TextTable table({"structure", "volume ml", "Dice to expect", ""});
  for (const segmentation::StructureQuality& s : report.quality.structures)
    table.add_row({std::string(info(s.tissue).title), fixed(s.volume_mm3 / 1000.0, 1),
                   s.volume_mm3 > 0.0 ? fixed(s.score, 2) : "none found", s.validated ? "" : "best effort"});
  std::string text = "Side: " + std::string(name(report.side)) + " (" + report.side_source +
                     "); segmentation: " + std::string(name(report.quality.verdict)) + "\n" + table.text();
  for (const std::string& reason : report.quality.reasons) text += "  " + reason + "\n";
  return text;
}

std::string text_of(const std::vector<segmentation::Agreement>& agreements) {
  if (agreements.empty()) return "Neither map holds anything.\n";
  TextTable table({"structure", "Dice", "ASSD mm", "Hausdorff mm", "HD95 mm", "volume difference %"});
  for (const segmentation::Agreement& agreement : agreements)
    table.add_row({std::string(info(agreement.tissue).title), fixed(agreement.dice, 4),
                   fixed(agreement.assd_mm, 3), fixed(agreement.hausdorff_mm, 2),
                   fixed(agreement.hausdorff_95_mm, 2), fixed(agreement.volume_difference_percent, 1)});
  return table.text();
}

std::string text_of(const cartilage::CartilageReport& report) {
  TextTable table(
      {"region", "", "ThCtAB mean mm", "median", "SD", "tAB mm2", "dABp %", "VC mm3", "not measured mm2"});
  std::vector<cartilage::RegionMeasures> rows = report.regions;
  std::copy_if(report.parts.begin(), report.parts.end(), std::back_inserter(rows), [](const auto& part) {
    return std::any_of(cartilage::compartments.begin(), cartilage::compartments.end(),
                       [&](const cartilage::Compartment& c) { return c.region == part.region; });
  });
  for (const cartilage::RegionMeasures& r : rows)
    table.add_row({std::string(name(r.region)), std::string(title(r.region)), fixed(r.ThCtAB_mean_mm, 3),
                   fixed(r.ThCtAB_median_mm, 3), fixed(r.ThCtAB_sd_mm, 3), fixed(r.tAB_mm2, 1),
                   fixed(r.dABp_percent, 1), fixed(r.VC_mm3, 1), fixed(r.not_measured_mm2, 1)});
  std::string text = "Side: " + std::string(name(report.side)) + " (from " + report.side_source +
                     "); thickness " + report.method + "\n" + table.text();
  for (const cartilage::MeniscusMeasures& meniscus : report.menisci)
    text += std::string(info(meniscus.meniscus).title) + ": extrusion " + fixed(meniscus.extrusion_mm, 2) +
            " mm, covers " + fixed(meniscus.coverage_percent, 1) + " % of " +
            std::string(name(meniscus.plate)) + ", volume " + fixed(meniscus.volume_mm3, 1) + " mm3\n";
  for (const cartilage::MarginMeasures& margin : report.margins)
    for (const cartilage::Osteophyte& spur : margin.spurs)
      text += "Bone spur " + spur.name + ": " + fixed(spur.height_mm, 1) + " mm high, " +
              fixed(spur.length_mm, 1) + " mm along the margin\n";
  for (const cartilage::Lesion& lesion : report.lesions)
    text += "Lesion " + lesion.name + " (" + std::string(name(lesion.subregion)) +
            "): " + fixed(lesion.area_mm2, 1) + " mm2 (" + fixed(lesion.length_mm, 1) + " x " +
            fixed(lesion.width_mm, 1) + " mm), of it denuded " + fixed(lesion.denuded_area_mm2, 1) +
            " mm2, depth " + fixed(lesion.mean_depth_percent, 0) + " %, at most " +
            fixed(lesion.max_depth_percent, 0) + " % of " + fixed(lesion.expected_thickness_mm, 2) +
            " mm expected (ICRS " + std::to_string(lesion.icrs_grade) + "), " +
            fixed(lesion.volume_lost_mm3, 0) + " mm3 lost\n";
  for (const std::string& doubt : report.doubts) text += "In doubt: " + doubt + "\n";
  for (const std::string& flag : report.flags) text += "Flag: " + flag + "\n";
  return text;
}

std::string text_of(const io::T2Measures& measures) {
  TextTable table({"region", "", "T2 mean ms", "SD", "median", "deep", "superficial", "voxels", "fitted %"});
  const auto rows = std::span(measures.regions);
  for (std::size_t n = 0; n + 2 < rows.size(); n += 3) {
    const cartilage::RegionRelaxation &whole = rows[n], &deep = rows[n + 1], &superficial = rows[n + 2];
    table.add_row({std::string(name(whole.region)), std::string(title(whole.region)), fixed(whole.mean_ms, 1),
                   fixed(whole.sd_ms, 1), fixed(whole.median_ms, 1), fixed(deep.mean_ms, 1),
                   fixed(superficial.mean_ms, 1), std::to_string(whole.voxels),
                   fixed(whole.fitted_percent, 1)});
  }
  std::string text = "Side: " + std::string(name(measures.side)) + " (from " + measures.side_source + "); " +
                     std::to_string(measures.fitted_echo_times_ms.size()) + " of " +
                     std::to_string(measures.echo_times_ms.size()) + " echoes, noise " +
                     (measures.noise_sigma ? fixed(*measures.noise_sigma, 2) : "not known") + "\n" +
                     table.text();
  for (const std::string& doubt : measures.doubts) text += "In doubt: " + doubt + "\n";
  for (const std::string& flag : measures.flags) text += "Flag: " + flag + "\n";
  return text;
}

std::string text_of(const staging::StageReport& report) {
  std::string text = "Stage: ";
  if (report.stage) {
    text += name(*report.stage);
  } else {
    text += "abstained; possible:";
    for (const staging::Stage possible : report.possible) text += " " + std::string(name(possible));
  }
  if (report.confidence) text += ", " + std::string(name(*report.confidence));
  text += " (rule " + report.rule_name + " " + report.rule_version + ")\n";
  for (const staging::CompartmentStage& c : report.compartments) {
    text += "  " + std::string(name(c.compartment)) + ": ";
    if (c.stage)
      text += std::string(name(*c.stage)) + ", " + std::string(name(c.confidence.value()));
    else
      for (const staging::Stage possible : c.possible)
        text += (possible == c.possible.front() ? "" : " or ") + std::string(name(possible));
    text += "\n";
  }
  for (const std::string& reason : report.reasons) text += "  " + reason + "\n";
  return text + report.statement + "\n";
}

std::string text_of(const followup::Course& course) {
  std::string text;
  for (std::size_t n = 0; n < course.changes.size(); ++n) {
    const followup::VisitChange& change = course.changes[n];
    const auto years = followup::years_to(course, n);
    text += course.knee + ", " + std::string(name(change.side)) + " knee: " + course.visits[0].name + " to " +
            course.visits[n + 1].name + (years ? ", " + fixed(*years, 2) + " years" : "") + "\n";
    TextTable table(
        {"region", "", "measure", "baseline", "follow-up", "change", "%", "% a year", "SDC", "verdict"});
    for (const auto* list : {&change.regions, &change.parts})
      for (const followup::RegionChange& row : *list) {
        if (list == &change.parts && row.region < cartilage::Region::MFTC) continue;
        for (const followup::ComparedMeasure& measure : followup::compared_measures()) {
          const followup::Finding f = finding_on(course, n, row, measure);
          const int digits = measure.unit == "mm" ? 3 : 1;
          table.add_row({std::string(name(row.region)), std::string(title(row.region)),
                         measure.name + " " + measure.unit, fixed(f.change.baseline, digits),
                         fixed(f.change.followup, digits), fixed(f.change.difference(), digits),
                         fixed(f.percent, 1), fixed(f.percent_a_year, 2), fixed(f.sdc, digits),
                         std::string(name(f.verdict))});
        }
      }
    text += table.text();
    if (!change.ordered_mm.empty())
      text += "Thinning score " + fixed(change.thinning_score_mm, 3) + " mm, thickening score " +
              fixed(change.thickening_score_mm, 3) + " mm over " + std::to_string(change.ordered_mm.size()) +
              " sub-regions; most thinning " + fixed(change.ordered_mm.front(), 3) + " mm, most thickening " +
              fixed(change.ordered_mm.back(), 3) + " mm\n";
    for (const followup::BoneChange& bone : change.bones)
      text += "Alignment of the " + std::string(name(bone.bone)) + ": " + fixed(bone.alignment.rms_mm, 2) +
              " mm RMS over " + fixed(100.0 * bone.alignment.matched_part, 0) +
              " % of the surfaces; its volume in both images " + fixed(bone.volume_mm3.percent(), 2) + " %\n";
    for (const std::string& flag : change.flags) text += "Flag: " + flag + "\n";
  }
  return text + "Smallest detectable change (SDC): " + course.precision.name + ": " +
         course.precision.source + "\n";
}

std::string text_of(const followup::Precision& precision) {
  TextTable table(
      {"region", "pairs", "ThCtAB bias mm", "SDC mm", "VC bias mm3", "SDC mm3", "dABp bias %", "SDC %"});
  for (const followup::RegionPrecision& row : precision.regions)
    table.add_row({std::string(name(row.region)), std::to_string(row.ThCtAB_mm.pairs),
                   fixed(row.ThCtAB_mm.bias, 4), fixed(row.ThCtAB_mm.sdc, 4), fixed(row.VC_mm3.bias, 2),
                   fixed(row.VC_mm3.sdc, 2), fixed(row.dABp_percent.bias, 3),
                   fixed(row.dABp_percent.sdc, 3)});
  return precision.name + ": " + precision.source + "\nThickness " + precision.method + "\n" + table.text();
}

std::string text_of(const std::vector<planning::NeedlePlan>& plans) {
  if (plans.empty()) return "No target that an approach is known for was found.\n";
  TextTable table({"target", "approach", "safe", "depth mm", "needle", "to probe deg", "risk %", "hit %",
                   "cone deg", "nearest"});
  std::string none;
  for (const planning::NeedlePlan& plan : plans) {
    if (plan.ranked.empty()) {
      none += "No way to " + plan.target.name + " by " + plan.approach + ":";
      for (std::size_t r = 0; r < std::min<std::size_t>(2, plan.reasons.size()); ++r)
        none += " " + plan.reasons[r];
      none += "\n";
      continue;
    }
    const planning::Scorecard& best = plan.ranked.front().card;
    table.add_row({plan.target.name, plan.approach, std::to_string(plan.safe), fixed(best.depth_mm, 1),
                   needle_of(best), best.view ? fixed(best.view->face_angle_deg, 0) : "-",
                   fixed(100.0 * best.risk, 1), fixed(100.0 * best.hit.probability, 0),
                   fixed(best.free_cone_deg, 1), nearest_of(best)});
  }
  std::string text = table.text() + none;
  if (plans.size() == 1)
    for (const std::string& reason : plans.front().reasons) text.append(reason).append("\n");
  // Much is true of every target of a knee, such as what its labels do not hold: each sentence comes once.
  Said limits;
  for (const planning::NeedlePlan& plan : plans)
    for (const std::string& limit : plan.limits) say(limits, limit, plan.target.name);
  for (const auto& [limit, targets] : limits) text.append("Limit: ").append(limit).append("\n");
  return text;
}

}  // namespace genu::app
