// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <genu/core/box.h>
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

/// Returns where a point lies from what can be felt through the skin.
std::string place_in_words(const planning::Anatomy& anatomy, const Point3& p) {
  const KneeFrame& frame = anatomy.frame;
  std::string words = from_landmark(frame.coordinates(p)) + " of the joint line's middle";
  for (const planning::Structure& s : anatomy.structures) {
    if (s.name != "patella") continue;
    Box box;
    for (const Point3& v : s.surface.vertices()) box.include(Point3{} + frame.coordinates(v));
    words +=
        "; " + from_landmark(frame.coordinates(p) - (box.centre() - Point3{})) + " of the patella's middle";
  }
  return words;
}

/// Returns how a direction lies in the knee: "12° off mediolateral".
std::string course_in_words(const KneeFrame& frame, const Vector3& direction) {
  const std::array<std::pair<const char*, Vector3>, 3> courses{{{"mediolateral", frame.lateral},
                                                                {"front to back", frame.anterior},
                                                                {"along the leg", frame.proximal}}};
  const auto off = [&](const Vector3& axis) {
    const double angle = angle_deg(direction, axis);
    return std::min(angle, 180.0 - angle);
  };
  const auto nearest = std::min_element(courses.begin(), courses.end(), [&](const auto& a, const auto& b) {
    return off(a.second) < off(b.second);
  });
  return number(off(nearest->second), 0) + "° off " + nearest->first;
}

std::string what_to_do(const io::Case& knee, const planning::RankedTrajectory& best,
                       const planning::Approach& approach) {
  const planning::Scorecard& card = best.card;
  std::vector<std::array<std::string, 2>> rows;
  rows.push_back(
      {"Knee", "flexed " + number(approach.flexion_deg, 0) + "°; planned as it lay in the scanner"});
  rows.push_back({"Way in", approach.title});
  const bool guessed = knee.anatomy && knee.anatomy->skin_sd_mm > 0.0;
  const std::string give_or_take =
      guessed ? " (skin estimated, ± " + number(knee.anatomy->skin_sd_mm, 0) + " mm)" : "";
  if (knee.anatomy) rows.push_back({"Entry", place_in_words(*knee.anatomy, best.path.entry) + give_or_take});
  if (card.view)
    rows.push_back({"Probe", "linear, " + number(card.view->length_mm, 0) + " mm, image " +
                                 number(card.view->image_depth_mm, 0) + " mm deep; needle " +
                                 spaced(planning::name(approach.probe.guidance)) + ", " +
                                 number(card.view->face_angle_deg, 0) + "° to its face"});
  if (card.view && knee.anatomy)
    rows.push_back({"Middle of its face", place_in_words(*knee.anatomy, card.view->pose.face) +
                                              "; long side " +
                                              course_in_words(knee.anatomy->frame, card.view->pose.axis)});
  rows.push_back({"Needle", (card.needle ? card.needle->name : std::string("none is long enough")) + ", " +
                                number(card.depth_mm, 0) + " mm (" + number(0.1 * card.depth_mm, 1) +
                                " cm) from the skin" + give_or_take});
  rows.push_back({"At risk on this way", listed(approach.at_risk)});
  std::string published;
  for (const planning::PublishedAccuracy& a : approach.accuracy)
    published +=
        (published.empty() ? "" : "; ") + number(a.percent, 0) + " % (" + a.guidance + "; " + a.source + ")";
  rows.push_back({"Published accuracy", published.empty() ? "none known" : published});
  return definitions(rows);
}

/// Returns the pictures of what the probe sees with what they leave out, or why one is not there.
std::string on_the_screen(const io::Case& knee, const planning::RankedTrajectory& best,
                          const std::vector<Figure>& figures) {
  std::string html = "<h3>What to expect on the screen</h3>\n" + gallery(figures, "screen");
  const std::string missing = nothing_to_expect(knee, best);
  if (!missing.empty()) return html + missing;
  const bool drawn = std::any_of(figures.begin(), figures.end(),
                                 [](const Figure& figure) { return figure.name.ends_with("-expected"); });
  if (!drawn) return html + paragraph("What ultrasound will show was not drawn.", "absent");
  std::string note =
      "The grey pictures are simulated from the labels, not taken: the knee as it lay in the scanner, "
      "nothing "
      "pressed by the probe or moved by the needle, echo levels set by eye; speckle falls otherwise in "
      "reality, and what is not labelled is not in them.";
  if (!planning::labels_hold_skin(*knee.labels))
    note += " The labels have no skin: the layer of skin and fat below the probe's face is assumed.";
  if (knee.anatomy && knee.anatomy->skin_sd_mm > 0.0)
    note += " Where the skin lies, and so the face, is estimated.";
  note +=
      " They are drawn with the needle coming from the left; a machine shows it from the right where the "
      "probe is held the other way round. Research use only.";
  return html + paragraph(note, "note");
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
  body += section(
      "Needle to " + spaced(plan.target.name),
      what_to_do(knee, best, approach) + on_the_screen(knee, best, figures) + gallery(figures, "plan"));
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
