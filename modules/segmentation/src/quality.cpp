// SPDX-License-Identifier: Apache-2.0
#include "quality.h"

#include <algorithm>
#include <array>
#include <sstream>

namespace genu::segmentation {
namespace {

struct Expected {
  Class what;
  Tissue tissue;
  bool judged;  ///< Counts for the verdict, and has bounds.
  double least_ml;
  double most_ml;
};
// 46 masks of OAI knees and one more hold: femur 132-258, tibia 88-185, patella 12-32, femoral
// cartilage 7.5-20.9, tibial 2.7-7.9, patellar 0.7-5.5 ml. A quarter of the least and twice the most pass,
// for fields of view cut bones and cartilage is lost.
constexpr std::array expected{
    Expected{Class::femur, Tissue::femur, true, 33.0, 516.0},
    Expected{Class::tibia, Tissue::tibia, true, 22.0, 370.0},
    Expected{Class::patella, Tissue::patella, true, 2.9, 64.0},
    Expected{Class::fibula, Tissue::fibula, false, 0.0, 0.0},
    Expected{Class::femoral_cartilage, Tissue::femoral_cartilage, true, 1.9, 42.0},
    Expected{Class::tibial_cartilage, Tissue::tibial_cartilage, true, 0.7, 16.0},
    Expected{Class::patellar_cartilage, Tissue::patellar_cartilage, true, 0.2, 11.0}};

constexpr double review_below = 0.90;  ///< Expected Dice of a bone or a cartilage.
constexpr double fail_below = 0.70;
// A knee that the rules had to change by more than this was not understood.
constexpr double most_changed = 0.10;

struct Sums {
  double both = 0.0, probability = 0.0;
  double places = 0.0, before = 0.0;
};

Sums sums_of(const Probabilities& probabilities, const StackLabels& before, const StackLabels& labels,
             Class what) {
  Sums sums;
  const std::size_t pixels = probabilities.slice_pixels();
  for (std::int64_t s = 0; s < probabilities.size[0]; ++s) {
    const std::uint8_t* p = probabilities.of(s, what);
    std::uint64_t both = 0, all = 0;
    const std::size_t first = static_cast<std::size_t>(s) * pixels;
    for (std::size_t i = 0; i < pixels; ++i) {
      all += p[i];
      if (before[first + i] == what) sums.before += 1.0;
      if (labels[first + i] != what) continue;
      both += p[i];
      sums.places += 1.0;
    }
    sums.both += static_cast<double>(both) / 255.0;
    sums.probability += static_cast<double>(all) / 255.0;
  }
  return sums;
}

std::string fixed_text(double value, int digits) {
  std::ostringstream text;
  text.setf(std::ios::fixed);
  text.precision(digits);
  text << value;
  return text.str();
}

}  // namespace

std::string_view name(Verdict verdict) {
  switch (verdict) {
    case Verdict::pass:
      return "pass";
    case Verdict::review:
      return "review";
    case Verdict::fail:
      break;
  }
  return "fail";
}

Quality judge(const Probabilities& probabilities, const StackLabels& before, const StackLabels& labels,
              const Vector3& spacing_mm) {
  Quality quality;
  quality.verdict = Verdict::pass;
  quality.score = 1.0;
  const double ml = spacing_mm.x * spacing_mm.y * spacing_mm.z / 1000.0;
  const auto lower_to = [&](Verdict verdict, const std::string& reason) {
    quality.verdict = std::max(quality.verdict, verdict);
    // What makes it fail is said before what only calls for a look.
    quality.reasons.insert(verdict == Verdict::fail ? quality.reasons.begin() : quality.reasons.end(),
                           reason);
  };
  for (const Expected& e : expected) {
    const Sums sums = sums_of(probabilities, before, labels, e.what);
    const double dice = sums.places > 0.0 ? 2.0 * sums.both / (sums.probability + sums.places) : 0.0;
    quality.structures.push_back({e.tissue, sums.places * ml * 1000.0, dice});
    if (!e.judged) continue;
    quality.score = std::min(quality.score, dice);
    const std::string title(info(e.tissue).name);
    const double volume = sums.places * ml;
    const bool is_bone = e.what == Class::femur || e.what == Class::tibia;
    if (volume < e.least_ml || volume > e.most_ml)
      lower_to(is_bone ? Verdict::fail : Verdict::review, title + ": " + fixed_text(volume, 1) +
                                                              " ml, expected " + fixed_text(e.least_ml, 1) +
                                                              " to " + fixed_text(e.most_ml, 1));
    else if (dice < fail_below)
      lower_to(Verdict::fail, title + ": the network is unsure (score " + fixed_text(dice, 2) + ")");
    else if (dice < review_below)
      lower_to(Verdict::review, title + ": the network is unsure (score " + fixed_text(dice, 2) + ")");
    if (sums.places > 0.0 && sums.before > (1.0 + most_changed) * sums.places)
      lower_to(Verdict::review, title + ": anatomy ruled out " +
                                    fixed_text(100.0 * (sums.before - sums.places) / sums.before, 0) +
                                    " % of it");
  }
  return quality;
}

}  // namespace genu::segmentation
