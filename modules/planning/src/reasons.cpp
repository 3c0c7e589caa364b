// SPDX-License-Identifier: Apache-2.0
#include "reasons.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include <genu/core/error.h>
#include <genu/core/text.h>

namespace genu::planning {
namespace {

std::string one_decimal(double value) {
  const std::string text = fixed(value, 1);
  return text == "-0.0" ? "0.0" : text;
}

// What is measured against a limit: two decimals, or as many as it takes not to read as the limit itself.
std::string against(double value, double limit) {
  std::string text;
  for (int digits = 2; digits <= 9; ++digits) {
    text = fixed(value, digits);
    if (std::stod(text) != limit) break;
  }
  return text;
}

/// Returns the structure's name, and that it was not seen if so.
std::string structure_of(const Refusal& r) {
  return spaced(r.structure) + (r.estimated ? " (estimated)" : "");
}

std::string what_they_do(Rejection reason) {
  switch (reason) {
    case Rejection::crosses_bone:
      return "cross bone";
    case Rejection::near_bone:
      return "come too near to bone";
    case Rejection::cartilage:
      return "cross cartilage or come too near to it";
    case Rejection::tendon:
      return "cross a tendon or come too near to it";
    case Rejection::ligament:
      return "cross a ligament or come too near to it";
    case Rejection::vessel:
      return "come too near to a vessel";
    case Rejection::nerve:
      return "come too near to a nerve";
    case Rejection::meniscus:
      return "cross a meniscus or come too near to it";
    case Rejection::needle_too_short:
      return "are too long for every needle";
    case Rejection::skin_angle:
      return "meet the skin too flatly";
    case Rejection::leaves_body:
      return "leave the body on their way";
    case Rejection::not_seen:
      return "would not be seen by the probe";
  }
  return std::string(name(reason));
}

// What the path nearest to passing would need, or nothing where a number does not tell.
std::string nearest_to_passing(Rejection reason, const std::vector<const Refusal*>& refusals) {
  const Refusal* best = nullptr;
  double least = std::numeric_limits<double>::infinity();
  for (const Refusal* r : refusals) {
    const bool at_most = reason == Rejection::skin_angle || reason == Rejection::needle_too_short;
    const double lack = at_most ? r->value - r->asked : r->asked - r->value;
    if (!r->near_target && lack < least) {
      least = lack;
      best = r;
    }
  }
  if (!best || reason == Rejection::crosses_bone || reason == Rejection::leaves_body ||
      reason == Rejection::not_seen)
    return "";
  return "; nearest to passing: " + detail_of(*best);
}

std::string in_short(Rejection reason) {
  switch (reason) {
    case Rejection::crosses_bone:
      return "bone";
    case Rejection::near_bone:
      return "near bone";
    case Rejection::needle_too_short:
      return "needle too short";
    case Rejection::skin_angle:
      return "too flat to the skin";
    case Rejection::leaves_body:
      return "leaves the body";
    case Rejection::not_seen:
      return "not seen by the probe";
    default:
      return std::string(name(reason));
  }
}

std::string what_hides(ViewProblem problem) {
  switch (problem) {
    case ViewProblem::no_room:
      return "no room for the probe on the skin beside the needle";
    case ViewProblem::turned:
      return "the probe would have to be turned too far";
    case ViewProblem::face_angle:
      return "too steep to the probe's face";
    case ViewProblem::out_of_image:
      return "deeper than the image, or beside it";
    case ViewProblem::bone:
      return "bone between the probe and the needle";
  }
  return "";
}

// "Rejected: bone 61 %, needle too short 22 %."
std::string shares_of(const std::vector<Refusal>& refusals) {
  std::vector<std::pair<std::size_t, Rejection>> shares;
  for (const Rejection reason : all_rejections) {
    const auto count = static_cast<std::size_t>(std::count_if(
        refusals.begin(), refusals.end(), [&](const Refusal& r) { return r.reason == reason; }));
    if (count > 0) shares.emplace_back(count, reason);
  }
  std::stable_sort(shares.begin(), shares.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::string line;
  for (const auto& [count, reason] : shares) {
    const double percent = 100.0 * static_cast<double>(count) / static_cast<double>(refusals.size());
    line += (line.empty() ? "Rejected: " : ", ") + in_short(reason) + " " +
            (percent < 1.0 ? "under 1" : fixed(percent, 0)) + " %";
  }
  return line + ".";
}

std::string line_for(Rejection reason, std::size_t paths, const std::vector<Refusal>& all) {
  std::vector<const Refusal*> refusals;
  std::map<std::string, std::size_t> by_structure;
  for (const Refusal& r : all) {
    if (r.reason != reason) continue;
    refusals.push_back(&r);
    if (!r.structure.empty()) ++by_structure[structure_of(r)];
    if (reason == Rejection::not_seen) ++by_structure[what_hides(r.problem)];
  }
  if (refusals.empty()) return "";
  std::string structures;
  for (const auto& [structure, count] : by_structure)
    structures += (structures.empty() ? " (" : ", ") + structure + " " + std::to_string(count);
  if (!structures.empty()) structures += ")";
  return std::to_string(refusals.size()) + " of " + std::to_string(paths) + " paths " + what_they_do(reason) +
         structures + nearest_to_passing(reason, refusals) + ".";
}

// What would have to change before any path could be safe.
std::vector<std::string> ways_out(const std::vector<Refusal>& refusals) {
  const auto any = [&](auto... reasons) {
    return std::any_of(refusals.begin(), refusals.end(),
                       [&](const Refusal& r) { return ((r.reason == reasons) || ...); });
  };
  std::vector<std::string> ways;
  if (any(Rejection::crosses_bone, Rejection::near_bone, Rejection::cartilage, Rejection::tendon,
          Rejection::ligament, Rejection::vessel, Rejection::nerve, Rejection::meniscus,
          Rejection::leaves_body))
    ways.emplace_back(
        "Another approach, or another flexion of the knee, would have to open a way past what stands in "
        "between.");
  if (any(Rejection::needle_too_short))
    ways.emplace_back(
        "Paths too long for every needle were not checked any further: a longer needle might find a way.");
  if (any(Rejection::skin_angle))
    ways.emplace_back(
        "Paths too flat to the skin were not checked any further: a larger angle might find a way.");
  if (any(Rejection::not_seen))
    ways.emplace_back(
        "Some paths keep clear of all, but no place for the probe shows the needle: a shorter probe, a view "
        "out of plane, or another guidance might serve.");
  return ways;
}

}  // namespace

std::string_view name(Rejection reason) {
  switch (reason) {
    case Rejection::crosses_bone:
      return "crosses_bone";
    case Rejection::near_bone:
      return "near_bone";
    case Rejection::cartilage:
      return "cartilage";
    case Rejection::tendon:
      return "tendon";
    case Rejection::ligament:
      return "ligament";
    case Rejection::vessel:
      return "vessel";
    case Rejection::nerve:
      return "nerve";
    case Rejection::meniscus:
      return "meniscus";
    case Rejection::needle_too_short:
      return "needle_too_short";
    case Rejection::skin_angle:
      return "skin_angle";
    case Rejection::leaves_body:
      return "leaves_body";
    case Rejection::not_seen:
      return "not_seen";
  }
  throw InvalidInput("no rejection has the number " + std::to_string(static_cast<int>(reason)));
}

std::string detail_of(const Refusal& r) {
  switch (r.reason) {
    case Rejection::skin_angle:
      return against(r.value, r.asked) + " degrees to the skin's normal, at most " + one_decimal(r.asked) +
             " allowed";
    case Rejection::needle_too_short:
      return against(r.value, r.asked) + " mm deep, the longest needle reaches " + one_decimal(r.asked) +
             " mm";
    case Rejection::leaves_body:
      return "leaves the body " + one_decimal(r.value) + " mm from the entry";
    case Rejection::not_seen:
      return what_hides(r.problem);
    case Rejection::crosses_bone:
      return structure_of(r) + ": crossed " + one_decimal(r.value) + " mm from the entry";
    default:
      if (r.near_target)
        return structure_of(r) + ": crossed within " + one_decimal(r.asked) + " mm of the target";
      return structure_of(r) + ": " +
             (r.value < 0.0 ? "touched or crossed" : against(r.value, r.asked) + " mm") + ", " +
             one_decimal(r.asked) + " mm asked for";
  }
}

std::vector<std::string> reasons_of(const SearchCounts& counts, const std::vector<Refusal>& refusals,
                                    const PlanOptions& options) {
  if (counts.entries == 0)
    return {
        "No safe path: there is no skin in the approach's window. The window, or the field of view of the "
        "image, would have to reach further."};
  std::vector<std::string> reasons;
  if (counts.safe > 0)
    reasons.push_back(std::to_string(counts.safe) + " of " + std::to_string(counts.paths) +
                      " paths are safe; the best " + std::to_string(counts.ranked) +
                      " with entries at least " + one_decimal(options.min_separation_mm) +
                      " mm apart are returned.");
  else
    reasons.push_back("No safe path among " + std::to_string(counts.paths) + " from " +
                      std::to_string(counts.entries) + " entries.");
  if (!refusals.empty()) reasons.push_back(shares_of(refusals));
  for (const Rejection reason : all_rejections)
    if (std::string line = line_for(reason, counts.paths, refusals); !line.empty())
      reasons.push_back(std::move(line));
  if (counts.safe == 0)
    for (std::string& way : ways_out(refusals)) reasons.push_back(std::move(way));
  return reasons;
}

std::vector<std::string> limits_of(const Anatomy& anatomy, const Target& target, const Approach& approach,
                                   const PlanOptions& options) {
  std::vector<std::string> limits;
  std::string missing, estimated;
  for (const std::string& name : anatomy.missing)
    if (name != "skin" && name != "suprapatellar_recess")
      missing += (missing.empty() ? "" : ", ") + spaced(name);
  for (const Structure& s : anatomy.structures)
    if (s.source != "segmented")
      estimated += (estimated.empty() ? "" : ", ") + spaced(s.name) + " (" + s.source + ", give or take " +
                   one_decimal(s.position_sd_mm) + " mm)";
  if (!missing.empty()) limits.push_back("Not known, so clearance to them is unknown: " + missing + ".");
  if (!estimated.empty())
    limits.push_back("Not seen in this knee, only estimated: " + estimated +
                     ". Clearance to vessels and nerves is asked for beyond " +
                     one_decimal(options.estimated_margin_sd) + " standard deviations.");
  for (const std::string& note : anatomy.notes) limits.push_back(note);
  if (!anatomy.skin.empty())
    limits.push_back("Entries, depths and angles are to the skin, known from: " + anatomy.skin_source + ".");
  if (anatomy.skin_sd_mm > 0.0)
    limits.push_back("Depths are give or take " + one_decimal(anatomy.skin_sd_mm) +
                     " mm, as the estimated skin is; needles reach that much further.");
  if (!target.surface.empty())
    if (std::find(anatomy.missing.begin(), anatomy.missing.end(), target.surface) != anatomy.missing.end())
      limits.push_back("The target lies on " + spaced(target.surface) + ", which is not known.");
  limits.push_back("The inferior genicular arteries are in no anatomy here: look for them with Doppler.");
  limits.push_back("Planned on the knee as it lay in the scanner; the approach asks for " +
                   one_decimal(approach.flexion_deg) + " degrees of flexion, and soft tissue moves with it.");
  return limits;
}

}  // namespace genu::planning
