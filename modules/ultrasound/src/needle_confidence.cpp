// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "needle_parts.h"
#include "needle_weights.h"

namespace genu::ultrasound::needle {
namespace {

/// What a piece of evidence adds to the log odds of a needle.
struct Term {
  const char* good;  ///< What it says where it speaks for a needle ...
  const char* bad;   ///< ... and where it speaks against one.
  double value, neutral;
};

/// As inputs() in training/needle_confidence.py. `neutral` is what a line that is as often a needle as not
/// adds.
std::vector<Term> terms_of(const NeedleEvidence& e, double angle_deg) {
  const auto log_at_least = [](double v, double least) { return std::log(std::max(v, least)); };
  return {
      {"strong", "weak",
       weight::ridge * std::log(std::clamp(e.ridge, 1.0, 8.0)) +
           weight::beside * std::log((e.beside + 0.3) / std::max(e.ridge, 0.5)),
       weight::ridge * 1.6 - weight::beside * 1.7},
      {"long", "short", weight::length * std::log(std::clamp(e.length, 1e-3, 0.5)), -1.4 * weight::length},
      {"unbroken", "broken", weight::continuity * e.continuity, 0.9 * weight::continuity},
      {"straight and smooth", "ragged", weight::scatter * log_at_least(e.scatter, 5e-4),
       -5.3 * weight::scatter},
      {"not bent", "bent", weight::bend * std::min(e.bend, 0.06), 0.02 * weight::bend},
      {"brighter than both sides", "no brighter than one side",
       weight::contrast * std::clamp(e.contrast, -0.2, 0.8) +
           weight::brightness * std::min(e.brightness, 1.1),
       0.4 * weight::contrast + 0.6 * weight::brightness},
      {"tissue below", "shadow below, as of bone", weight::shadow * std::clamp(e.shadow + 0.6, -1.5, 0.0),
       -0.2 * weight::shadow},
      {"alone", "one of several alike", weight::rivals * std::min(e.rivals, 2.0), 0.8 * weight::rivals},
      {"ends in the picture", "leaves the picture",
       weight::clearance * std::clamp(e.tip_clearance, -0.02, 0.06), 0.04 * weight::clearance},
      {"begins at the border", "begins far inside", weight::gap * std::min(e.far_gap, 0.5),
       0.1 * weight::gap},
      {"aslant", "flat as a layer", weight::angle * std::min(angle_deg, 12.0) / 12.0, 0.8 * weight::angle},
      {"not upright", "upright", weight::steepness * std::max(angle_deg - 65.0, 0.0) / 20.0,
       0.2 * weight::steepness},
      {"ends at once", "fades out", weight::fall * std::clamp(e.tip_fall, -0.2, 0.6), 0.4 * weight::fall},
      {"even", "uneven", weight::uneven * std::min(e.unevenness, 0.4), 0.15 * weight::uneven},
  };
}

}  // namespace

double confidence_of(const NeedleEvidence& e, double angle_deg) {
  double odds = weight::bias;
  for (const Term& term : terms_of(e, angle_deg)) odds += term.value;
  return 1.0 / (1.0 + std::exp(-odds));
}

std::string why(const NeedleEvidence& e, double angle_deg) {
  // What weighs less than this is not worth a word: odds of 1.3 to 1.
  constexpr double worth_saying = 0.25;
  std::vector<Term> terms = terms_of(e, angle_deg);
  std::stable_sort(terms.begin(), terms.end(), [](const Term& a, const Term& b) {
    return std::abs(a.value - a.neutral) > std::abs(b.value - b.neutral);
  });
  std::string good, bad;
  int words = 0;
  for (const Term& t : terms) {
    const double says = t.value - t.neutral;
    if (std::abs(says) < worth_saying || ++words > 5) break;
    std::string& text = says > 0.0 ? good : bad;
    if (!text.empty()) text += ", ";
    text += says > 0.0 ? t.good : t.bad;
  }
  if (good.empty()) return bad;
  if (bad.empty()) return good;
  good += "; but ";
  return good + bad;
}

}  // namespace genu::ultrasound::needle
