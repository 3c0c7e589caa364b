// SPDX-License-Identifier: Apache-2.0
#include "quality.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include <genu/core/text.h>

namespace genu::segmentation {
namespace {

// Bounds of volume. 46 masks of OAI knees and one more hold: femur 132-258, tibia 88-185, patella 12-32,
// femoral cartilage 7.5-20.9, tibial 2.7-7.9, patellar 0.7-5.5 ml. A quarter of the least and twice the most
// pass, for fields of view cut bones and cartilage is lost.
struct Expected {
  Class what;
  double least_ml;
  double most_ml;
};
constexpr std::array expected{
    Expected{Class::femur, 33.0, 516.0},          Expected{Class::tibia, 22.0, 370.0},
    Expected{Class::patella, 2.9, 64.0},          Expected{Class::femoral_cartilage, 1.9, 42.0},
    Expected{Class::tibial_cartilage, 0.7, 16.0}, Expected{Class::patellar_cartilage, 0.2, 11.0}};

// A structure that the rules had to change by more than this was not understood.
constexpr double most_changed = 0.10;
// More than this part of a cartilage in the outermost pixels or slices: the image cuts it.
constexpr double most_at_edge = 0.02;
// A bone that meets the outermost slice with more than this is cut by it.
constexpr double most_bone_at_edge_mm2 = 200.0;

bool is_bone(Class what) {
  return what >= Class::femur && what <= Class::patella;
}
bool is_cartilage(Class what) {
  return what >= Class::femoral_cartilage && what <= Class::patellar_cartilage;
}

struct Sums {
  double both = 0.0;         ///< Probability where it is labelled.
  double probability = 0.0;  ///< ... everywhere.
  double places = 0.0;
  double before = 0.0;  ///< Places before the rules.
  double rows = 0.0;    ///< Sum over places, for their middle.
  double columns = 0.0;
  double at_sides = 0.0;   ///< Places in the first and the last slice.
  double at_border = 0.0;  ///< Places in the outermost rows and columns.

  void add(const Sums& other) {
    both += other.both;
    probability += other.probability;
    places += other.places;
    before += other.before;
    rows += other.rows;
    columns += other.columns;
    at_sides += other.at_sides;
    at_border += other.at_border;
  }
  double overlap() const { return places > 0.0 ? 2.0 * both / (probability + places) : 0.0; }
};

/// The sums over the part of a class that is one structure.
Sums sums_of(const Evidence& e, Class what, Tissue part) {
  Sums sums;
  const std::int64_t slices = e.probabilities.size[0], rows = e.probabilities.size[1],
                     columns = e.probabilities.size[2];
  const std::size_t pixels = e.probabilities.slice_pixels();
  for (std::int64_t s = 0; s < slices; ++s) {
    const std::uint8_t* p = e.probabilities.of(s, what);
    const std::size_t first = static_cast<std::size_t>(s) * pixels;
    std::uint64_t both = 0, all = 0;
    double places = 0.0;
    std::size_t i = 0;
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t c = 0; c < columns; ++c, ++i) {
        if (p[i] == 0 && e.before[first + i] != what && e.labels[first + i] != what) continue;
        if (tissue_of(what, e.parts, static_cast<double>(s), static_cast<double>(r),
                      static_cast<double>(c)) != part)
          continue;
        all += p[i];
        if (e.before[first + i] == what) sums.before += 1.0;
        if (e.labels[first + i] != what) continue;
        both += p[i];
        places += 1.0;
        sums.rows += static_cast<double>(r);
        sums.columns += static_cast<double>(c);
        if (r == 0 || c == 0 || r == rows - 1 || c == columns - 1) sums.at_border += 1.0;
      }
    sums.both += static_cast<double>(both) / 255.0;
    sums.probability += static_cast<double>(all) / 255.0;
    sums.places += places;
    if (s == 0 || s == slices - 1) sums.at_sides += places;
  }
  return sums;
}

const Calibration::Fit& fit_for(Tissue tissue, const Calibration& calibration) {
  static const Calibration::Fit as_it_is;
  for (const Calibration::Fit& fit : calibration.fits)
    if (std::find(fit.structures.begin(), fit.structures.end(), tissue) != fit.structures.end()) return fit;
  return as_it_is;
}

class Judge {
 public:
  explicit Judge(const Evidence& evidence) : e_(evidence) {
    quality_.verdict = Verdict::pass;
    quality_.score = 1.0;
  }

  Quality verdict() {
    measure();
    for (const Expected& bounds : expected) judge_volume(bounds);
    for (const StructureQuality& s : quality_.structures)
      if (s.validated) judge_score(s);
    judge_arrangement();
    for (std::size_t k = 0; k < class_count; ++k)
      if (is_bone(static_cast<Class>(k)) || is_cartilage(static_cast<Class>(k)))
        judge_edges(static_cast<Class>(k));
    judge_side();
    if (e_.calibration.fits.empty())
      lower_to(Verdict::review, "the network is not calibrated: how good its labels are is not known");
    return std::move(quality_);
  }

 private:
  void measure();
  void judge_volume(const Expected& bounds);
  void judge_score(const StructureQuality& structure);
  void judge_arrangement();
  void judge_edges(Class what);
  void judge_side();

  const Sums& sums(Class what) const { return sums_[static_cast<std::size_t>(what)]; }
  double voxel_ml() const { return e_.spacing_mm.x * e_.spacing_mm.y * e_.spacing_mm.z / 1000.0; }
  void lower_to(Verdict verdict, const std::string& reason) {
    quality_.verdict = std::max(quality_.verdict, verdict);
    // What makes it fail is said before what only calls for a look.
    const auto place =
        verdict == Verdict::fail ? quality_.reasons.begin() + failures_++ : quality_.reasons.end();
    quality_.reasons.insert(place, reason);
  }
  static std::string title(Class what) {
    return what == Class::tibial_cartilage ? "tibial_cartilage"
                                           : std::string(info(tissues_of(what).front()).name);
  }

  const Evidence& e_;
  Quality quality_;
  std::ptrdiff_t failures_ = 0;
  std::array<Sums, class_count> sums_{};
};

void Judge::measure() {
  for (std::size_t k = 1; k < class_count; ++k) {
    const auto what = static_cast<Class>(k);
    if (what == Class::other_tissue) continue;
    for (const Tissue tissue : tissues_of(what)) {
      const Sums part = sums_of(e_, what, tissue);
      sums_[k].add(part);
      StructureQuality structure{.tissue = tissue};
      structure.volume_mm3 = part.places * voxel_ml() * 1000.0;
      structure.overlap = part.overlap();
      structure.agreement = e_.second_look[k];
      const Calibration::Fit& fit = fit_for(structure.tissue, e_.calibration);
      const double agreement = std::isnan(structure.agreement) ? 0.0 : structure.agreement;
      if (part.places > 0.0)
        structure.score =
            std::clamp(fit.intercept + fit.overlap * structure.overlap + fit.agreement * agreement, 0.0, 1.0);
      const auto& validated = e_.calibration.validated;
      structure.validated =
          std::find(validated.begin(), validated.end(), structure.tissue) != validated.end();
      if (structure.validated) quality_.score = std::min(quality_.score, structure.score);
      quality_.structures.push_back(structure);
    }
  }
}

void Judge::judge_volume(const Expected& bounds) {
  const double ml = sums(bounds.what).places * voxel_ml();
  if (ml >= bounds.least_ml && ml <= bounds.most_ml) return;
  const bool is_vital = bounds.what == Class::femur || bounds.what == Class::tibia;
  lower_to(is_vital ? Verdict::fail : Verdict::review, title(bounds.what) + ": " + fixed(ml, 1) +
                                                           " ml, expected " + fixed(bounds.least_ml, 1) +
                                                           " to " + fixed(bounds.most_ml, 1));
}

void Judge::judge_score(const StructureQuality& structure) {
  const std::string title(info(structure.tissue).name);
  if (structure.volume_mm3 == 0.0) return lower_to(Verdict::review, title + ": none found");
  if (structure.score >= e_.calibration.review_below) return;
  // Worn cartilage is thin and gets a low score; without the two large bones nothing can be relied on.
  const bool is_vital = structure.tissue == Tissue::femur || structure.tissue == Tissue::tibia;
  lower_to(is_vital && structure.score < e_.calibration.fail_below ? Verdict::fail : Verdict::review,
           title + ": the Dice to expect is only " + fixed(structure.score, 2));
}

void Judge::judge_arrangement() {
  const auto middle = [&](Class what) {
    const Sums& s = sums(what);
    return std::pair{s.rows / s.places, s.columns / s.places};
  };
  if (sums(Class::femur).places == 0.0 || sums(Class::tibia).places == 0.0) return;  // said already
  if (middle(Class::femur).first >= middle(Class::tibia).first)
    lower_to(Verdict::fail, "the femur does not lie above the tibia");
  if (sums(Class::patella).places > 0.0 && middle(Class::patella).second >= middle(Class::femur).second)
    lower_to(Verdict::review, "the patella does not lie in front of the femur");
}

void Judge::judge_edges(Class what) {
  const Sums& s = sums(what);
  if (s.places == 0.0) return;
  if (s.before > (1.0 + most_changed) * s.places)
    lower_to(Verdict::review, title(what) + ": anatomy ruled out " +
                                  fixed(100.0 * (s.before - s.places) / s.before, 0) + " % of it");
  const double pixel_mm2 = e_.spacing_mm.y * e_.spacing_mm.z;
  if (is_cartilage(what) ? s.at_sides + s.at_border > most_at_edge * s.places
                         : s.at_sides * pixel_mm2 > most_bone_at_edge_mm2)
    lower_to(Verdict::review, title(what) + ": cut by the edge of the image");
}

void Judge::judge_side() {
  const std::string side(name(e_.report.side));
  if (e_.report.side_source == unknown_side)
    lower_to(Verdict::fail,
             "which knee it is can't be told: no header, no fibula and no place in the scanner says it; "
             "give the side");
  else if (e_.report.side_source == side_from_position)
    lower_to(Verdict::review, "side: " + side + " by its place in the scanner alone");
  else if (e_.side_by_fibula && *e_.side_by_fibula != e_.report.side)
    lower_to(Verdict::review, "side: given as " + side + ", but the fibula lies as on a " +
                                  std::string(name(*e_.side_by_fibula)) + " knee");
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

Quality judge(const Evidence& evidence) {
  return Judge(evidence).verdict();
}

}  // namespace genu::segmentation
