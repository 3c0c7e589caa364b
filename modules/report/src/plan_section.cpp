// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <genu/core/text.h>

#include "html.h"
#include "sections.h"

namespace genu::report {
namespace {

// More rows than this are on the case's plan.json; a page shows what a reader compares.
constexpr std::size_t alternatives_shown = 5;

std::string position(const Point3& p) {
  char text[96];
  std::snprintf(text, sizeof text, "%c %.1f, %c %.1f, %c %.1f mm", p.x < 0 ? 'R' : 'L', std::abs(p.x),
                p.y < 0 ? 'A' : 'P', std::abs(p.y), p.z < 0 ? 'I' : 'S', std::abs(p.z));
  return text;
}

std::string nearest(const planning::Scorecard& card) {
  const planning::Clearance* first = planning::nearest_spared(card);
  if (!first) return "no structure known";
  return spaced(first->structure) + " " + number(first->distance_mm, 1) + " mm";
}

std::string card_of(const planning::RankedTrajectory& best) {
  const planning::Scorecard& card = best.card;
  Table facts({{"Best trajectory", "", false}, {"", "", false}});
  facts.add({"Depth to the target", number(card.depth_mm, 1) + " mm"});
  facts.add({"Angle to skin normal", number(card.skin_angle_deg, 0) + "°"});
  facts.add({"Needle", card.needle ? card.needle->name + " (" + number(card.needle->length_mm, 1) +
                                         " mm long, " + number(card.needle->diameter_mm, 2) + " mm thick)"
                                   : "none is long enough"});
  facts.add({"Entry (patient)", position(best.path.entry)});
  facts.add({"Target (patient)", position(best.path.target)});
  facts.add({"Score, 0 to 1", number(best.score, 2)});
  std::string html = facts.html();
  if (card.clearances.empty()) return html + paragraph("No clearance: no structure is known.", "absent");
  Table clearances(
      {{"Structure", "", false}, {"Kind", "", false}, {"Clearance", "mm"}, {"Known from", "", false}});
  for (const planning::Clearance& c : card.clearances)
    clearances.add({capitalised(spaced(c.structure)), std::string(planning::name(c.kind)),
                    number(c.distance_mm, 1), c.source.empty() ? "not recorded" : c.source});
  return "<div class=\"pair\">\n<div>" + html + "</div>\n<div>" + clearances.html() + "</div>\n</div>\n" +
         paragraph("Clearance is from the needle's surface; negative means that the needle passes through.",
                   "note");
}

std::string alternatives(const planning::NeedlePlan& plan) {
  if (plan.ranked.size() < 2) return paragraph("There is no other safe trajectory.", "note");
  Table table({{"Rank", ""},
               {"Score", ""},
               {"Depth", "mm"},
               {"Angle", "°"},
               {"Needle", "", false},
               {"Nearest", "", false}});
  const std::size_t shown = std::min(plan.ranked.size(), alternatives_shown);
  for (std::size_t t = 0; t < shown; ++t) {
    const planning::RankedTrajectory& r = plan.ranked[t];
    table.add({std::to_string(t + 1), number(r.score, 2), number(r.card.depth_mm, 1),
               number(r.card.skin_angle_deg, 0), r.card.needle ? r.card.needle->name : "none",
               nearest(r.card)});
  }
  std::string html = "<h4>Safe trajectories</h4>\n" + table.html();
  if (shown < plan.ranked.size())
    html += paragraph("The " + std::to_string(shown) + " best of " + std::to_string(plan.ranked.size()) +
                          " returned; " + std::to_string(plan.safe) + " are safe.",
                      "note");
  return html;
}

std::string rejections(const planning::NeedlePlan& plan) {
  if (plan.rejected.empty())
    return paragraph(plan.ranked.empty() ? "No trajectory could be examined." : "No trajectory was rejected.",
                     "note");
  struct Family {
    std::size_t count = 0;
    std::string example;
  };
  std::map<planning::Rejection, Family> families;
  for (const planning::RejectedTrajectory& r : plan.rejected) {
    Family& family = families[r.reason];
    if (family.count++ == 0) family.example = r.detail;
  }
  std::vector<std::pair<planning::Rejection, Family>> sorted(families.begin(), families.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  const auto all = static_cast<double>(plan.rejected.size());
  Table table({{"Rejected because", "", false}, {"Number", ""}, {"Part", "%"}, {"For example", "", false}});
  for (const auto& [reason, family] : sorted)
    table.add({capitalised(spaced(planning::name(reason))), std::to_string(family.count),
               number(100.0 * static_cast<double>(family.count) / all, 1), family.example});
  return "<h4>Rejected trajectories: " + std::to_string(plan.rejected.size()) + "</h4>\n" + table.html();
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

std::string one_plan(const planning::NeedlePlan& plan, std::size_t place,
                     const std::vector<std::string>& common, const std::vector<Figure>& figures) {
  std::string html = "<h3>Plan " + std::to_string(place + 1) + ": " + escaped(spaced(plan.target.name)) +
                     ", approach " + escaped(spaced(plan.approach)) + "</h3>\n";
  if (plan.ranked.empty()) {
    html += "<p><strong>No plan: no safe trajectory was found.</strong></p>\n";
    html += plan.reasons.empty() ? paragraph("No reason was recorded.", "absent") : bullets(plan.reasons);
  } else {
    html += bullets(plan.reasons);
    html += card_of(plan.ranked.front());
  }
  html += gallery(figures, "plan", "plan-" + std::to_string(place + 1) + "-");
  if (!plan.ranked.empty()) html += alternatives(plan);
  html += rejections(plan);
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
  for (std::size_t p = 0; p < knee.plans.size(); ++p) html += one_plan(knee.plans[p], p, common, figures);
  if (!common.empty()) html += "<h3>Limits of every plan</h3>\n" + bullets(common);
  return html + "</section>\n";
}

}  // namespace genu::report
