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

constexpr std::array all_rejections{
    Rejection::skin_angle,   Rejection::needle_too_short, Rejection::leaves_body,
    Rejection::crosses_bone, Rejection::near_bone,        Rejection::cartilage,
    Rejection::tendon,       Rejection::vessel,           Rejection::meniscus};

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
    case Rejection::vessel:
      return "come too near to a vessel";
    case Rejection::meniscus:
      return "cross a meniscus or come too near to it";
    case Rejection::needle_too_short:
      return "are too long for every needle";
    case Rejection::skin_angle:
      return "meet the skin too flatly";
    case Rejection::leaves_body:
      return "leave the body on their way";
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
  if (!best || reason == Rejection::crosses_bone || reason == Rejection::leaves_body) return "";
  return "; nearest to passing: " + detail_of(*best);
}

std::string line_for(Rejection reason, std::size_t entries, const std::vector<Refusal>& all) {
  std::vector<const Refusal*> refusals;
  std::map<std::string, std::size_t> by_structure;
  for (const Refusal& r : all) {
    if (r.reason != reason) continue;
    refusals.push_back(&r);
    if (!r.structure.empty()) ++by_structure[r.structure];
  }
  if (refusals.empty()) return "";
  std::string structures;
  for (const auto& [structure, count] : by_structure)
    structures += (structures.empty() ? " (" : ", ") + spaced(structure) + " " + std::to_string(count);
  if (!structures.empty()) structures += ")";
  return std::to_string(refusals.size()) + " of " + std::to_string(entries) + " paths " +
         what_they_do(reason) + structures + nearest_to_passing(reason, refusals) + ".";
}

// What would have to change before any path could be safe.
std::vector<std::string> ways_out(const std::vector<Refusal>& refusals) {
  const auto any = [&](auto... reasons) {
    return std::any_of(refusals.begin(), refusals.end(),
                       [&](const Refusal& r) { return ((r.reason == reasons) || ...); });
  };
  std::vector<std::string> ways;
  if (any(Rejection::crosses_bone, Rejection::near_bone, Rejection::cartilage, Rejection::tendon,
          Rejection::vessel, Rejection::meniscus, Rejection::leaves_body))
    ways.emplace_back(
        "Another approach, or another flexion of the knee, would have to open a way past what stands in "
        "between.");
  if (any(Rejection::needle_too_short))
    ways.emplace_back(
        "Paths too long for every needle were not checked any further: a longer needle might find a way.");
  if (any(Rejection::skin_angle))
    ways.emplace_back(
        "Paths too flat to the skin were not checked any further: a larger angle might find a way.");
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
    case Rejection::vessel:
      return "vessel";
    case Rejection::meniscus:
      return "meniscus";
    case Rejection::needle_too_short:
      return "needle_too_short";
    case Rejection::skin_angle:
      return "skin_angle";
    case Rejection::leaves_body:
      return "leaves_body";
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
    case Rejection::crosses_bone:
      return spaced(r.structure) + ": crossed " + one_decimal(r.value) + " mm from the entry";
    default:
      if (r.near_target)
        return spaced(r.structure) + ": crossed within " + one_decimal(r.asked) + " mm of the target";
      return spaced(r.structure) + ": " +
             (r.value < 0.0 ? "touched or crossed" : against(r.value, r.asked) + " mm") + ", " +
             one_decimal(r.asked) + " mm asked for";
  }
}

std::vector<std::string> reasons_of(std::size_t entries, std::size_t safe, std::size_t ranked,
                                    const std::vector<Refusal>& refusals, const PlanOptions& options) {
  if (entries == 0)
    return {
        "No safe path: there is no skin in the approach's window. The window, or the field of view of the "
        "image, would have to reach further."};
  std::vector<std::string> reasons;
  if (safe > 0)
    reasons.push_back(std::to_string(safe) + " of " + std::to_string(entries) + " paths are safe; the best " +
                      std::to_string(ranked) + " with entries at least " +
                      one_decimal(options.min_separation_mm) + " mm apart are returned.");
  else
    reasons.push_back("No safe path among " + std::to_string(entries) + " entries.");
  for (const Rejection reason : all_rejections)
    if (std::string line = line_for(reason, entries, refusals); !line.empty())
      reasons.push_back(std::move(line));
  if (safe == 0)
    for (std::string& way : ways_out(refusals)) reasons.push_back(std::move(way));
  return reasons;
}

std::vector<std::string> limits_of(const Anatomy& anatomy, const Approach& approach) {
  std::vector<std::string> limits;
  for (const std::string& missing : anatomy.missing)
    if (missing != "skin" && missing != "suprapatellar_recess")
      limits.push_back(spaced(missing) + " not in the labels: clearance to it is unknown.");
  for (const Structure& structure : anatomy.structures)
    if (structure.source != "segmented")
      limits.push_back(spaced(structure.name) + " is " + structure.source +
                       ", not seen: clearance to it is a guess.");
  if (!anatomy.skin.empty())
    limits.push_back("Entries, depths and angles are to the skin taken from the " + anatomy.skin_source +
                     ".");
  limits.push_back("Nerves and genicular arteries are not in the anatomy: clearance to them is unknown.");
  limits.push_back("Planned on the knee as it lay in the scanner; the approach asks for " +
                   one_decimal(approach.flexion_deg) + " degrees of flexion, and soft tissue moves with it.");
  return limits;
}

}  // namespace genu::planning
