// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/report/plan_page.h>

#include "html.h"
#include "planned.h"
#include "sections.h"

namespace genu::report {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + spaced(name);
  return text.empty() ? "none named" : text;
}

/// Returns where a point lies from a landmark, in words that can be measured on the skin.
std::string from_landmark(const Vector3& off) {
  const auto part = [](double mm, const char* plus, const char* minus) {
    return number(std::abs(mm), 0) + " mm " + (mm >= 0.0 ? plus : minus);
  };
  return part(off.x, "lateral", "medial") + ", " + part(off.y, "anterior", "posterior") + ", " +
         part(off.z, "proximal", "distal");
}

std::string entry_in_words(const io::Case& knee, const Trajectory& path) {
  const KneeFrame& frame = knee.anatomy->frame;
  std::string words = from_landmark(frame.coordinates(path.entry)) + " of the joint line's middle";
  for (const planning::Structure& s : knee.anatomy->structures) {
    if (s.name != "patella") continue;
    Vector3 sum;
    for (const Point3& p : s.surface.vertices()) sum += frame.coordinates(p);
    const Vector3 middle = sum / static_cast<double>(s.surface.vertices().size());
    words += "; " + from_landmark(frame.coordinates(path.entry) - middle) + " of the patella's middle";
  }
  return words;
}

std::string what_to_do(const io::Case& knee, const planning::RankedTrajectory& best,
                       const planning::Approach& approach) {
  const planning::Scorecard& card = best.card;
  std::vector<std::array<std::string, 2>> rows;
  rows.push_back(
      {"Knee", "flexed " + number(approach.flexion_deg, 0) + "°; planned as it lay in the scanner"});
  rows.push_back({"Way in", approach.title});
  if (knee.anatomy) rows.push_back({"Entry", entry_in_words(knee, best.path)});
  if (card.view)
    rows.push_back({"Probe", "linear, " + number(card.view->length_mm, 0) + " mm, image " +
                                 number(card.view->image_depth_mm, 0) + " mm deep; needle " +
                                 spaced(planning::name(approach.probe.guidance)) + ", " +
                                 number(card.view->face_angle_deg, 0) + "° to its face"});
  rows.push_back({"Needle", (card.needle ? card.needle->name : std::string("none is long enough")) + ", " +
                                number(card.depth_mm, 0) + " mm (" + number(0.1 * card.depth_mm, 1) +
                                " cm) from the skin"});
  rows.push_back({"At risk on this way", listed(approach.at_risk)});
  std::string published;
  for (const planning::PublishedAccuracy& a : approach.accuracy)
    published +=
        (published.empty() ? "" : "; ") + number(a.percent, 0) + " % (" + a.guidance + "; " + a.source + ")";
  rows.push_back({"Published accuracy", published.empty() ? "none known" : published});
  return definitions(rows);
}

}  // namespace

std::string plan_page(const io::Case& knee, std::size_t place, const planning::Approach& approach,
                      const std::vector<Figure>& figures) {
  if (place >= knee.plans.size() || knee.plans[place].ranked.empty())
    throw InvalidInput("cannot write a page for plan " + std::to_string(place + 1) +
                       ": it has no trajectory");
  const planning::NeedlePlan& plan = knee.plans[place];
  const planning::RankedTrajectory& best = plan.ranked.front();
  std::string body = headline(knee);
  body += section("Needle to " + spaced(plan.target.name),
                  what_to_do(knee, best, approach) + gallery(figures, "plan"));
  body += section("Scorecard", card_of(best) + paragraph(errors_of(plan.options.errors), "note"));
  body += section("What this plan does not know", bullets(plan.limits));
  body += section("Sources", bullets(approach.sources));
  body +=
      "<footer><p>Research use only: a proposal for a physician to judge, under ultrasound, with Doppler "
      "before "
      "the needle goes in.</p></footer>\n";
  return page_of("Needle plan: " + knee.name + ", " + spaced(plan.target.name), body);
}

}  // namespace genu::report
