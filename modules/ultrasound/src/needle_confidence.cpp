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

/// Layers of tissue lie within some 15 degrees of the face: 1 where they are common, 0 where there are none.
double flatness(double angle_deg) {
  return std::clamp((20.0 - angle_deg) / 12.0, 0.0, 1.0);
}

/// As inputs() in training/needle_confidence.py, each held within what training frames of every kind have:
/// beyond that nothing is known. `neutral` is what a line that is as often a needle as not adds.
std::vector<Term> terms_of(const NeedleEvidence& e, double angle_deg) {
  const double flat = flatness(angle_deg);
  const auto log_of = [](double v, double least, double most) {
    return std::log(std::clamp(v, least, most));
  };
  const auto term = [](const char* good, const char* bad, double weight, double input, double neutral) {
    return Term{good, bad, weight * input, weight * neutral};
  };
  return {
      term("stands out", "like what lies beside", weight::prominence, log_of(e.prominence, 2.0, 16.0), 2.0),
      {"brighter than both sides", "no brighter than one side",
       weight::over * std::clamp(e.over, 0.4, 1.0) + weight::contrast * std::clamp(e.contrast, -0.2, 0.6),
       weight::over * 0.8 + weight::contrast * 0.4},
      term("bright", "faint", weight::rank, std::clamp(e.rank, 0.1, 1.8), 1.1),
      term("long", "short", weight::length, log_of(e.length, 0.08, 0.3), -1.5),
      term("smooth", "ragged", weight::scatter, log_of(e.scatter * e.length, 6e-4, 16e-3), -6.0),
      term("not bent", "bent", weight::bend, std::clamp(e.bend, 0.015, 0.1), 0.025),
      term("even", "uneven", weight::uneven, std::min(e.unevenness, 0.4), 0.15),
      term("alone", "one of several alike", weight::rivals + weight::flat_rivals * flat,
           std::min(e.rivals, 2.0), 0.5),
      {"ends in the picture", "leaves the picture",
       weight::clearance * std::clamp(e.tip_clearance, 0.0, 0.03) +
           (e.tip_clearance < 0.01 ? weight::leaves : 0.0),
       weight::clearance * 0.02},
      {"flat, but ends well inside", "flat as a layer",
       weight::flat_clearance * flat * (std::clamp(e.tip_clearance, 0.0, 0.16) - 0.16),
       weight::flat_clearance * -0.01},
      term("ends for good", "goes on beyond its tip", weight::onward, std::clamp(e.onward, 0.4, 1.0), 0.5),
      term("begins at the border", "begins far inside", weight::gap, std::min(e.far_gap, 0.3), 0.1),
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
