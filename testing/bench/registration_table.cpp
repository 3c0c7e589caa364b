// SPDX-License-Identifier: Apache-2.0
// Registers simulated sweeps of phantoms to their bones under many circumstances, and compares the predicted
// error at targets with the true one: registration_table [knees] [trials a knee and circumstance] [first
// knee] A line a registration goes to stderr; with "bone" as the fourth word, how far bone was found from the
// true one.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <genu/core/error.h>
#include <genu/registration/points.h>

#include "registration_cases.h"

namespace {

using namespace genu;
using bench::Circumstances;

const std::vector<Circumstances> all_circumstances{
    {.name = "2 to 4 strokes"},
    {.name = "1 stroke", .least_strokes = 1, .most_strokes = 1},
    {.name = "2 strokes", .least_strokes = 2, .most_strokes = 2},
    {.name = "3 strokes", .least_strokes = 3, .most_strokes = 3},
    {.name = "4 strokes", .least_strokes = 4, .most_strokes = 4},
    {.name = "6 strokes", .least_strokes = 6, .most_strokes = 6},
    {.name = "3, half as long", .least_strokes = 3, .most_strokes = 3, .length = 0.5},
    {.name = "3, tracker 0.5 mm, 0.5 deg",
     .least_strokes = 3,
     .most_strokes = 3,
     .tracker_mm = 0.5,
     .tracker_deg = 0.5},
    {.name = "3, calibration exact", .least_strokes = 3, .most_strokes = 3, .calibration = 0.0},
    {.name = "3, calibration off twice, told",
     .least_strokes = 3,
     .most_strokes = 3,
     .calibration = 2.0,
     .told_calibration = 2.0},
    {.name = "3, start off by 15 mm, 20 deg",
     .least_strokes = 3,
     .most_strokes = 3,
     .start_mm = 15.0,
     .start_deg = 20.0},
    {.name = "3, start off by 30 mm, 40 deg",
     .least_strokes = 3,
     .most_strokes = 3,
     .start_mm = 30.0,
     .start_deg = 40.0},
    {.name = "3, bone and MRI off as assumed",
     .least_strokes = 3,
     .most_strokes = 3,
     .mesh_mm = 0.3,
     .depth_mm = 0.3,
     .patch_mm = 0.3},
    {.name = "3, a third of the pictures shows fascia",
     .least_strokes = 3,
     .most_strokes = 3,
     .fascia = 0.33},
    {.name = "4, knee bent by 5 deg against MRI", .least_strokes = 4, .most_strokes = 4, .flexion_deg = 5.0},
    {.name = "3, MRI of a bone 8 % larger", .least_strokes = 3, .most_strokes = 3, .mri_scale = 1.08}};

struct Outcome {
  double true_mm = 0.0;  ///< Of the best fit, where it was refused.
  double predicted_mm = 0.0;
  std::string refusal;
};

Outcome register_one(const bench::SweptKnee& knee, const bench::Trial& trial, const Circumstances& how) {
  ultrasound::BoneRegistrationOptions options;
  options.uncertainty.calibration_position_mm *= how.told_calibration;
  options.uncertainty.calibration_rotation_deg *= how.told_calibration;
  options.uncertainty.calibration_scale *= how.told_calibration;
  Outcome outcome;
  try {
    const auto r = ultrasound::register_bone(trial.sweep, trial.bones, trial.start, options);
    outcome.true_mm = target_error_mm(knee, trial, r.mri_from_tracker);
    const RigidTransform off = r.mri_from_tracker * trial.patient_from_tracker.inverse();
    for (const Point3& t : knee.targets) outcome.predicted_mm += r.predicted_error_mm(off(t)) / 5.0;
    std::fprintf(stderr, "rms %.2f matched %.2f size %+.3f sd %.3f ", r.rms_mm, r.matched_part, r.size_error,
                 r.size_error_sd);
  } catch (const Error& e) {
    outcome.refusal = e.what();
    outcome.true_mm = std::nan("");
    std::vector<registration::SeenPoint> points;
    for (const ultrasound::BonePoint& p : trial.sweep.points) {
      const RigidTransform& probe = trial.sweep.tracker_from_probe[p.picture];
      points.push_back({probe(p.in_probe), probe(trial.sweep.beam_in_probe), p.confidence});
    }
    try {
      const auto fit = registration::fit_points(points, trial.bones, trial.start, options.fit);
      outcome.true_mm = target_error_mm(knee, trial, fit.fixed_from_moving);
    } catch (const Error&) {  // There is no fit, as the refusal says.
    }
  }
  return outcome;
}

/// Of few values, between two of them in proportion.
double percentile(std::vector<double> values, double part) {
  if (values.empty()) return std::nan("");
  std::sort(values.begin(), values.end());
  const double place = part * (static_cast<double>(values.size()) - 1);
  const auto low = static_cast<std::size_t>(std::floor(place)),
             high = static_cast<std::size_t>(std::ceil(place));
  return std::lerp(values[low], values[high], place - std::floor(place));
}

void print_row(const std::string& name, const std::vector<Outcome>& outcomes) {
  std::vector<double> errors, ratios;
  std::size_t covered = 0, wrong = 0, refused = 0, rightly = 0;
  double squares = 0.0;
  for (const Outcome& o : outcomes) {
    if (!o.refusal.empty()) {
      ++refused;
      rightly += o.true_mm <= 4.0 ? 0 : 1;
      continue;
    }
    errors.push_back(o.true_mm);
    ratios.push_back(o.true_mm / o.predicted_mm);
    squares += ratios.back() * ratios.back();
    covered += o.true_mm <= 2.0 * o.predicted_mm ? 1 : 0;
    wrong += o.true_mm > 4.0 ? 1 : 0;
  }
  const auto n = static_cast<double>(errors.size());
  std::printf("| %s | %zu | %zu (%zu) | %.2f | %.2f | %.2f | %.2f | %.2f | %.0f %% | %zu |\n", name.c_str(),
              outcomes.size(), refused, rightly, percentile(errors, 0.5), percentile(errors, 0.95),
              percentile(errors, 1.0), percentile(ratios, 0.5), std::sqrt(squares / n),
              100.0 * static_cast<double>(covered) / n, wrong);
}

/// Prints how far the bone of each stroke was found from the true one, along its normal.
void print_bone(const bench::SweptKnee& knee) {
  for (const bench::Stroke& stroke : knee.strokes) {
    std::vector<double> off;
    std::size_t far = 0;
    for (const ultrasound::BonePoint& p : stroke.seen.points) {
      off.push_back(
          bench::bone_distance_mm(knee.knee, stroke.seen.tracker_from_probe[p.picture](p.in_probe)));
      far += std::abs(off.back()) > 2.0 ? 1 : 0;
    }
    std::fprintf(stderr,
                 "  %-20s %4zu places, %2zu pictures without; off %.2f (%.2f to %.2f), %zu over 2 mm\n",
                 stroke.name.c_str(), off.size(), stroke.seen.without_bone, percentile(off, 0.5),
                 percentile(off, 0.1), percentile(off, 0.9), far);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const auto word = [&](int n, int otherwise) { return argc > n ? std::atoi(argv[n]) : otherwise; };
  const int knees = word(1, 20), trials = word(2, 2), first = word(3, 0);
  const bool bone = argc > 4 && std::string(argv[4]) == "bone";
  std::vector<std::vector<Outcome>> outcomes(all_circumstances.size());
  for (int k = first; k < first + knees; ++k) {
    const bench::SweptKnee knee = bench::swept_knee(static_cast<unsigned>(k), 16);
    if (bone) print_bone(knee);
    std::mt19937 random(static_cast<unsigned>(7000 + k));
    for (std::size_t c = 0; c < all_circumstances.size(); ++c)
      for (int t = 0; t < trials; ++t) {
        const bench::Trial trial = trial_of(knee, all_circumstances[c], random);
        const Outcome o = register_one(knee, trial, all_circumstances[c]);
        std::fprintf(stderr, "%d, %s, %s: true %.2f predicted %.2f %s\n", k,
                     all_circumstances[c].name.c_str(), trial.strokes.c_str(), o.true_mm, o.predicted_mm,
                     o.refusal.c_str());
        outcomes[c].push_back(o);
      }
  }
  std::puts(
      "| sweep | n | refused (over 4 mm off) | TRE median | 95 % | worst | true / predicted, median | RMS | "
      "within "
      "twice | accepted and over 4 mm |\n|---|---|---|---|---|---|---|---|---|---|");
  for (std::size_t c = 0; c < all_circumstances.size(); ++c)
    print_row(all_circumstances[c].name, outcomes[c]);
}
