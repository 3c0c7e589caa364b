// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>

#include <genu/core/text.h>
#include <genu/planning/expected_view.h>

#include "html.h"
#include "planned.h"
#include "sections.h"

namespace genu::report {
namespace {

// More rows than this are on the case's plan.json; a page shows what a reader compares.
constexpr std::size_t alternatives_shown = 5;
// Of a way that is not open: that none is safe, and the parts that each reason takes.
constexpr std::size_t reasons_shown = 2;
// Beyond this nothing is at stake: over six standard deviations of a needle of the longest reach.
constexpr double far_mm = 25.0;

std::string position(const Point3& p) {
  char text[96];
  std::snprintf(text, sizeof text, "%c %.1f, %c %.1f, %c %.1f mm", p.x < 0 ? 'R' : 'L', std::abs(p.x),
                p.y < 0 ? 'A' : 'P', std::abs(p.y), p.z < 0 ? 'I' : 'S', std::abs(p.z));
  return text;
}

std::string nearest(const planning::Scorecard& card) {
  const planning::Clearance* first = planning::nearest_spared(card);
  if (!first) return "no structure known";
  return spaced(first->structure) + (first->source == "estimated" ? " (estimated) " : " ") +
         number(first->distance_mm, 1) + " mm";
}

std::string percent(double part, int decimals) {
  return number(100.0 * part, decimals) + " %";
}

std::string clearance_of(const planning::Clearance& c) {
  std::string text = number(c.distance_mm, 1);
  if (c.position_sd_mm > 0.0) text += " ± " + number(c.position_sd_mm, 1);
  return text;
}

std::string clearances_table(const planning::Scorecard& card) {
  if (card.clearances.empty()) return paragraph("No clearance: no structure is known.", "absent");
  Table table({{"Structure", "", false},
               {"Clearance", "mm"},
               {"Asked for", "mm"},
               {"Chance to touch", "%"},
               {"Known from", "", false}});
  std::size_t far = 0;
  for (const planning::Clearance& c : card.clearances) {
    if (c.distance_mm > far_mm) {
      ++far;
      continue;
    }
    table.add({capitalised(spaced(c.structure)), clearance_of(c),
               std::isnan(c.asked_mm) ? "may be entered" : number(c.asked_mm, 1), number(100.0 * c.touch, 1),
               c.source.empty() ? "not recorded" : c.source});
  }
  std::string html = table.html();
  if (far > 0)
    html += paragraph(std::to_string(far) + " more structures lie over " + number(far_mm, 0) + " mm away.",
                      "note");
  return html;
}

std::string way_through(const planning::Scorecard& card) {
  std::string way;
  for (const planning::TissueSpan& span : card.tissues)
    way += (way.empty() ? "" : ", ") + spaced(span.tissue) + " " + number(span.length_mm, 1) + " mm";
  return way.empty() ? "not known" : way;
}

std::string course_of(const planning::HitChance& hit) {
  std::string course;
  for (const double p : hit.course) course += (course.empty() ? "" : ", ") + number(100.0 * p, 1);
  return course;
}

}  // namespace

std::string card_of(const planning::RankedTrajectory& best) {
  const planning::Scorecard& card = best.card;
  Table facts({{"Trajectory", "", false}, {"", "", false}});
  facts.add(
      {"Depth to the target", number(card.depth_mm, 1) + " mm (" + number(0.1 * card.depth_mm, 1) + " cm)"});
  facts.add({"Needle", card.needle ? card.needle->name + " (" + number(card.needle->length_mm, 1) +
                                         " mm long, " + number(card.needle->diameter_mm, 2) + " mm thick)"
                                   : "none is long enough"});
  if (card.view) {
    facts.add({"Angle to the probe's face", number(card.view->face_angle_deg, 0) + "°"});
    facts.add({"Out of the image plane", number(card.view->out_of_plane_mm, 1) + " mm"});
    facts.add({"Seen of the last 20 mm", number(card.view->seen_mm, 0) + " mm"});
  }
  facts.add({"Angle to skin normal", number(card.skin_angle_deg, 0) + "°"});
  facts.add({"Free cone about the needle", "± " + number(card.free_cone_deg, 1) + "°"});
  facts.add({"Chance to deliver", percent(card.hit.probability, 0) + " (95 % interval of the sampling " +
                                      number(100.0 * card.hit.low, 1) + " to " +
                                      number(100.0 * card.hit.high, 1) + ")"});
  if (!card.hit.course.empty())
    facts.add({"As samples grew", course_of(card.hit) + " % of " + std::to_string(card.hit.samples)});
  facts.add({"Chance to touch what must be spared", percent(card.risk, 1)});
  facts.add({"On the way", way_through(card)});
  facts.add({"Entry (patient)", position(best.path.entry)});
  facts.add({"Target (patient)", position(best.path.target)});
  facts.add({"Score, 0 to 1", number(best.score, 2) + (best.pareto ? ", on the Pareto front" : "")});
  return "<div class=\"pair\">\n<div>" + facts.html() + "</div>\n<div>" + clearances_table(card) +
         "</div>\n</div>\n" +
         paragraph(
             "Clearance is from the needle's surface; negative means that the needle passes through. To "
             "bone, "
             "cartilage and menisci around a target between them it is that of the needle up to the target's "
             "tolerance, and they have no part in the chance to touch what must be spared. "
             "Chances hold under the errors stated, without correction by what ultrasound shows.",
             "note");
}

std::string errors_of(const planning::ErrorModel& e) {
  return "Errors taken (standard deviations): segmentation " + number(e.segmentation_sd_mm, 1) +
         " mm, image to patient " + number(e.registration_sd_mm, 1) + " mm, hand " + number(e.hand_sd_mm, 1) +
         " mm and " + number(e.hand_angle_sd_deg, 1) + "°.";
}

std::string nothing_to_expect(const io::Case& knee, const planning::RankedTrajectory& trajectory) {
  const std::string why = planning::no_expected_view(knee.labels ? &*knee.labels : nullptr, trajectory);
  return why.empty() ? "" : paragraph("No picture of what ultrasound will show: " + why + ".", "absent");
}

std::vector<PlannedTarget> planned_targets(const std::vector<planning::NeedlePlan>& plans) {
  std::vector<PlannedTarget> targets;
  for (std::size_t p = 0; p < plans.size(); ++p) {
    auto target = std::find_if(targets.begin(), targets.end(), [&](const PlannedTarget& t) {
      return plans[t.plans.front()].target.name == plans[p].target.name;
    });
    if (target == targets.end()) target = targets.insert(targets.end(), PlannedTarget{});
    target->plans.push_back(p);
    if (plans[p].ranked.empty()) continue;
    if (!target->best || planning::ranks_before(plans[p], plans[*target->best])) target->best = p;
  }
  return targets;
}

namespace {

std::string alternatives(const planning::NeedlePlan& plan) {
  if (plan.ranked.size() < 2) return paragraph("There is no other safe trajectory.", "note");
  Table table({{"Rank", ""},
               {"Score", ""},
               {"Depth", "mm"},
               {"To the probe", "°"},
               {"Chance to deliver", "%"},
               {"Chance to touch", "%"},
               {"Needle", "", false},
               {"Nearest", "", false}});
  const std::size_t shown = std::min(plan.ranked.size(), alternatives_shown);
  for (std::size_t t = 0; t < shown; ++t) {
    const planning::RankedTrajectory& r = plan.ranked[t];
    table.add({std::to_string(t + 1), number(r.score, 2), number(r.card.depth_mm, 1),
               r.card.view ? number(r.card.view->face_angle_deg, 0) : "-",
               number(100.0 * r.card.hit.probability, 0), number(100.0 * r.card.risk, 1),
               r.card.needle ? r.card.needle->name : "none", nearest(r.card)});
  }
  std::string html = "<h4>Safe trajectories</h4>\n" + table.html();
  if (shown < plan.ranked.size())
    html += paragraph("The " + std::to_string(shown) + " best of " + std::to_string(plan.ranked.size()) +
                          " returned; " + std::to_string(plan.safe) + " are safe.",
                      "note");
  return html;
}

/// Returns a row a target: the best way in, and the others that are open.
std::string overview(const std::vector<planning::NeedlePlan>& plans,
                     const std::vector<PlannedTarget>& targets) {
  Table table({{"Target", "", false},
               {"Best approach", "", false},
               {"Depth", "mm"},
               {"Needle", "", false},
               {"To the probe", "°"},
               {"Chance to deliver", "%"},
               {"Chance to touch", "%"},
               {"Nearest", "", false},
               {"Other ways in", "", false}});
  for (const PlannedTarget& t : targets) {
    if (!t.best) continue;
    const planning::NeedlePlan& plan = plans[*t.best];
    const planning::Scorecard& card = plan.ranked.front().card;
    std::string others;
    for (const std::size_t p : t.plans)
      if (p != *t.best && !plans[p].ranked.empty())
        others += (others.empty() ? "" : ", ") + spaced(plans[p].approach);
    table.add({capitalised(spaced(plan.target.name)), spaced(plan.approach), number(card.depth_mm, 1),
               card.needle ? card.needle->name : "none",
               card.view ? number(card.view->face_angle_deg, 0) : "-",
               number(100.0 * card.hit.probability, 0), number(100.0 * card.risk, 1), nearest(card), others});
  }
  return table.html();
}

std::string ways_not_open(const std::vector<planning::NeedlePlan>& plans,
                          const std::vector<PlannedTarget>& targets) {
  std::vector<std::string> lines;
  for (const PlannedTarget& t : targets) {
    if (t.best) continue;
    for (const std::size_t p : t.plans) {
      std::string line = capitalised(spaced(plans[p].target.name)) + ", " + spaced(plans[p].approach) + ":";
      if (plans[p].reasons.empty()) line += " no reason was recorded.";
      for (std::size_t r = 0; r < std::min(reasons_shown, plans[p].reasons.size()); ++r)
        line += " " + plans[p].reasons[r];
      lines.push_back(std::move(line));
    }
  }
  if (lines.empty()) return "";
  return "<h3>No plan: no safe trajectory was found</h3>\n" + bullets(lines);
}

/// Returns the limits that every plan has; nothing for a single plan, which states its own.
std::vector<std::string> common_limits(const std::vector<planning::NeedlePlan>& plans) {
  std::vector<std::string> common;
  if (plans.size() < 2) return common;
  for (const std::string& limit : plans.front().limits)
    if (std::all_of(plans.begin(), plans.end(), [&](const planning::NeedlePlan& p) {
          return std::find(p.limits.begin(), p.limits.end(), limit) != p.limits.end();
        }))
      common.push_back(limit);
  return common;
}

std::string one_plan(const io::Case& knee, std::size_t place, const std::vector<std::string>& common,
                     const std::vector<Figure>& figures) {
  const planning::NeedlePlan& plan = knee.plans[place];
  std::string html = "<h3>Plan " + std::to_string(place + 1) + ": " + escaped(spaced(plan.target.name)) +
                     ", approach " + escaped(spaced(plan.approach)) + "</h3>\n";
  html += card_of(plan.ranked.front());
  const std::string pictures = gallery(figures, "plan", "plan-" + std::to_string(place + 1) + "-");
  html += pictures;
  if (!pictures.empty()) html += nothing_to_expect(knee, plan.ranked.front());
  html += alternatives(plan);
  html += "<h4>How they were found</h4>\n" + bullets(plan.reasons);
  html += paragraph(errors_of(plan.options.errors), "note");
  std::vector<std::string> limits;
  for (const std::string& limit : plan.limits)
    if (std::find(common.begin(), common.end(), limit) == common.end()) limits.push_back(limit);
  if (!limits.empty()) html += "<h4>Limits of this plan</h4>\n" + bullets(limits);
  return "<article>\n" + html + "</article>\n";
}

}  // namespace

std::string plans_section(const io::Case& knee, const std::vector<Figure>& figures) {
  std::string html = "<section>\n<h2>Needle plans</h2>\n";
  if (knee.plans.empty())
    html += paragraph(knee.anatomy ? "No plan: there was no target, or no approach fits one."
                                   : "No plan: none was asked for, or the anatomy is not known.",
                      "absent");
  const std::vector<std::string> common = common_limits(knee.plans);
  const std::vector<PlannedTarget> targets = planned_targets(knee.plans);
  const bool any =
      std::any_of(targets.begin(), targets.end(), [](const auto& t) { return t.best.has_value(); });
  if (any) html += overview(knee.plans, targets);
  html += ways_not_open(knee.plans, targets);
  if (!any && !knee.plans.empty()) html += gallery(figures, "plan", "plan-1-");
  for (const PlannedTarget& t : targets)
    if (t.best) html += one_plan(knee, *t.best, common, figures);
  if (!common.empty()) html += "<h3>Limits of every plan</h3>\n" + bullets(common);
  return html + "</section>\n";
}

}  // namespace genu::report
