// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <sstream>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/staging/stage.h>

namespace genu::staging {
namespace {

using cartilage::Region;
using cartilage::RegionMeasures;

constexpr std::array all_stages{Stage::minor, Stage::mild, Stage::moderate, Stage::severe};

// What is known of one plate's dABp.
struct Bounds {
  Region region = Region::outside;
  double value = 0.0;
  double least = 0.0;
  double most = 100.0;
  bool measured = false;  // There is a dABp: the value.
  std::string gap;        // Why least and most differ; empty if they do not.
};

// Prints one decimal, or as many as it takes to tell the value from a threshold that it does not equal.
std::string told_from(double value, double first, double second) {
  std::string text;
  for (int digits = 1; digits <= 9; ++digits) {
    text = fixed(value, digits);
    const double shown = std::stod(text);
    const auto reads_as = [&](double threshold) { return shown == threshold && value != threshold; };
    if (!reads_as(first) && !reads_as(second)) break;
  }
  return text;
}

std::string percent(double value, const Rule& rule) {
  return told_from(value, rule.moderate_above_dABp_percent, rule.severe_above_dABp_percent) + " %";
}

bool is_percentage(double value) {
  return value >= 0.0 && value <= 100.0;  // False for NaN.
}

void check(const Rule& rule) {
  std::ostringstream problem;
  const double moderate = rule.moderate_above_dABp_percent, severe = rule.severe_above_dABp_percent;
  if (rule.plates.empty())
    problem << "it names no plates";
  else if (std::count(rule.plates.begin(), rule.plates.end(), Region::outside) > 0)
    problem << "'outside' is among its plates";
  else if (!(moderate >= 0.0 && severe > moderate && severe < 100.0))
    problem << "its thresholds are " << moderate << " % for moderate and " << severe << " % for severe";
  else if (!(rule.dABp_error_percent >= 0.0 && rule.dABp_error_percent <= 100.0))
    problem << "dABp_error_percent is " << rule.dABp_error_percent;
  else if (!(rule.max_not_measured_percent >= 0.0 && rule.max_not_measured_percent <= 100.0))
    problem << "max_not_measured_percent is " << rule.max_not_measured_percent;
  else if (rule.spurs && rule.spurs->margins.empty())
    problem << "it reads bone spurs of no margin";
  else if (rule.spurs && !(rule.spurs->minor_below_mm > 0.0 && std::isfinite(rule.spurs->mild_from_mm) &&
                           rule.spurs->mild_from_mm >= rule.spurs->minor_below_mm))
    problem << "its heights of spurs are " << rule.spurs->minor_below_mm << " mm for minor and "
            << rule.spurs->mild_from_mm << " mm for mild";
  else if (rule.spurs && !is_percentage(rule.spurs->min_examined_percent))
    problem << "min_examined_percent is " << rule.spurs->min_examined_percent;
  else if (rule.spurs && !(rule.spurs->max_spacing_mm > 0.0))
    problem << "max_spacing_mm is " << rule.spurs->max_spacing_mm;
  else if (rule.spurs && !(rule.spurs->height_error_mm >= 0.0 && std::isfinite(rule.spurs->height_error_mm)))
    problem << "height_error_mm is " << rule.spurs->height_error_mm;
  if (!problem.str().empty())
    throw InvalidInput("not a staging rule ('" + rule.name + "' " + rule.version + "): " + problem.str());
}

Bounds bounds_of(Region region, const std::vector<RegionMeasures>& measures, const Rule& rule,
                 std::vector<Evidence>& evidence) {
  Bounds bounds;
  bounds.region = region;
  const auto row = std::find_if(measures.begin(), measures.end(),
                                [&](const RegionMeasures& m) { return m.region == region; });
  std::ostringstream gap;
  if (row == measures.end() || std::isnan(row->tAB_mm2)) {
    gap << "was not measured";
  } else if (!(row->tAB_mm2 > 0.0) || !std::isfinite(row->tAB_mm2)) {
    gap << "has no subchondral bone area (tAB " << row->tAB_mm2 << " mm2)";
  } else if (!is_percentage(row->dABp_percent)) {
    gap << "has no usable denuded area (dABp " << row->dABp_percent << ")";
  } else {
    const double unmeasured = 100.0 * row->not_measured_mm2 / row->tAB_mm2;
    evidence.push_back({std::string(name(region)), "dABp", row->dABp_percent, "%"});
    if (unmeasured > 0.0) evidence.push_back({std::string(name(region)), "not measured", unmeasured, "%"});
    bounds.measured = true;
    bounds.value = bounds.least = bounds.most = row->dABp_percent;
    // Where the plate's margin was lost, the outline that it had is an estimate.
    constexpr double deviations = 2.0;
    const double error = deviations * row->dABp_margin_sd_percent;
    if (error > 0.0) {
      evidence.push_back({std::string(name(region)), "margin SD", row->dABp_margin_sd_percent, "%"});
      bounds.least = std::max(0.0, bounds.least - error);
      bounds.most = std::min(100.0, bounds.most + error);
      gap << "has lost margin, so its denuded area is between " << percent(bounds.least, rule) << " and "
          << percent(bounds.most, rule);
    }
    if (!is_percentage(unmeasured)) {
      bounds.most = 100.0;
      gap << "has an unusable unmeasured area (" << row->not_measured_mm2 << " of " << row->tAB_mm2
          << " mm2)";
    } else if (unmeasured > rule.max_not_measured_percent) {
      bounds.most = std::min(100.0, bounds.most + unmeasured);
      if (!gap.str().empty()) gap << "; it ";
      gap << "could not be measured on " << percent(unmeasured, rule) << " of its area (at most "
          << percent(rule.max_not_measured_percent, rule) << " is allowed), so its denuded area is between "
          << percent(bounds.least, rule) << " and " << percent(bounds.most, rule);
    }
  }
  if (!gap.str().empty())
    bounds.gap = std::string(name(region)) + " (" + std::string(title(region)) + ") " + gap.str() + ".";
  return bounds;
}

/// What is known of one margin's highest spur.
struct SpurBounds {
  cartilage::Margin margin = cartilage::Margin::medial_femur;
  double highest_mm = 0.0;  // Of what was examined.
  bool examined = false;    // Enough of it.
  std::string gap;          // Why it was not; empty if it was.
};

SpurBounds spurs_of(cartilage::Margin margin, const std::vector<cartilage::MarginMeasures>& measures,
                    const SpurRule& rule, std::vector<Evidence>& evidence) {
  SpurBounds bounds;
  bounds.margin = margin;
  const auto row = std::find_if(measures.begin(), measures.end(),
                                [&](const cartilage::MarginMeasures& m) { return m.margin == margin; });
  if (row == measures.end() || !(row->highest_spur_mm >= 0.0)) {
    bounds.gap = std::string(title(margin)) + " was not examined for bone spurs.";
    return bounds;
  }
  constexpr double header_rounding_mm = 1e-3;
  if (!(row->spacing_mm <= rule.max_spacing_mm + header_rounding_mm)) {
    bounds.gap = std::string(title(margin)) + " was not read for bone spurs: labels " +
                 fixed(row->spacing_mm, 1) + " mm apart do not show them (at most " +
                 fixed(rule.max_spacing_mm, 1) + " mm is allowed).";
    return bounds;
  }
  evidence.push_back({std::string(name(margin)), "highest spur", row->highest_spur_mm, "mm"});
  bounds.highest_mm = row->highest_spur_mm;
  bounds.examined = row->examined_percent >= rule.min_examined_percent;
  if (!bounds.examined)
    bounds.gap = std::string(title(margin)) + " was examined for bone spurs on " +
                 fixed(row->examined_percent, 0) + " % of its length (at least " +
                 fixed(rule.min_examined_percent, 0) + " % is asked for).";
  return bounds;
}

/// What the margins of the knee, or of one compartment, say together between minor and mild.
struct SpurVerdict {
  std::optional<Stage> stage;
  bool near = false;  // A threshold is nearer than the error.
  std::string reason;
};

SpurVerdict judge_spurs(const std::vector<SpurBounds>& margins, const SpurRule& rule) {
  SpurVerdict verdict;
  if (margins.empty()) {
    verdict.reason = "The rule reads no bone spurs here: minor and mild are not parted.";
    return verdict;
  }
  const SpurBounds& highest =
      *std::max_element(margins.begin(), margins.end(),
                        [](const SpurBounds& a, const SpurBounds& b) { return a.highest_mm < b.highest_mm; });
  const bool all_examined =
      std::all_of(margins.begin(), margins.end(), [](const SpurBounds& m) { return m.examined; });
  const std::string height = told_from(highest.highest_mm, rule.minor_below_mm, rule.mild_from_mm) + " mm (" +
                             std::string(title(highest.margin)) + ")";
  const std::string minor = fixed(rule.minor_below_mm, 1) + " mm", mild = fixed(rule.mild_from_mm, 1) + " mm";
  if (highest.highest_mm >= rule.mild_from_mm) {
    verdict.stage = Stage::mild;
    verdict.near = highest.highest_mm - rule.mild_from_mm <= rule.height_error_mm;
    verdict.reason = "The highest bone spur stands out by " + height + ", " + mild + " or more: not minor.";
  } else if (highest.highest_mm >= rule.minor_below_mm) {
    verdict.reason = "The highest bone spur stands out by " + height + ", between the " + minor +
                     " below which there is none to speak of and the " + mild +
                     " from which it is definite: too little to part minor from mild.";
  } else if (!all_examined) {
    verdict.reason = "What was not examined may hold a bone spur: too little to part minor from mild.";
  } else {
    verdict.stage = Stage::minor;
    verdict.near = rule.minor_below_mm - highest.highest_mm <= rule.height_error_mm;
    verdict.reason =
        "On the margins that the rule reads " +
        (highest.highest_mm > 0.0 ? "no bone spur stands out by " + minor + "; the highest has " + height
                                  : std::string("no bone spur was found")) +
        ": not mild.";
  }
  return verdict;
}

std::vector<Stage> stages_between(double least, double most, const Rule& rule) {
  std::vector<Stage> possible;
  if (least <= rule.moderate_above_dABp_percent) possible = {Stage::minor, Stage::mild};
  if (most > rule.moderate_above_dABp_percent && least <= rule.severe_above_dABp_percent)
    possible.push_back(Stage::moderate);
  if (most > rule.severe_above_dABp_percent) possible.push_back(Stage::severe);
  return possible;
}

std::string place_among_thresholds(double value, const Rule& rule) {
  const std::string moderate = percent(rule.moderate_above_dABp_percent, rule);
  const std::string severe = percent(rule.severe_above_dABp_percent, rule);
  if (value > rule.severe_above_dABp_percent) return "above the " + severe + " that mean severe";
  if (value > rule.moderate_above_dABp_percent)
    return "above the " + moderate + " that mean moderate, and not above the " + severe + " that mean severe";
  return "not above the " + moderate + " that mean moderate";
}

std::string listed(const std::vector<Stage>& stages) {
  std::string text;
  for (std::size_t s = 0; s < stages.size(); ++s)
    text += (s == 0 ? "" : s + 1 == stages.size() ? " or " : ", ") + std::string(name(stages[s]));
  return text;
}

/// What the plates of the knee, or of one compartment, say together.
struct Judgement {
  const Bounds* worst = nullptr;
  std::vector<Stage> possible;
  std::optional<Stage> stage;
  std::optional<Confidence> confidence;
  std::string on_spurs;  // What spurs say, where they are asked.
};

Judgement judge(const std::vector<Bounds>& plates, const std::vector<SpurBounds>& margins, const Rule& rule,
                bool in_doubt) {
  Judgement result;
  // A plate without a value has the least bound, 0, but is not what was measured.
  result.worst = &*std::max_element(plates.begin(), plates.end(), [](const Bounds& a, const Bounds& b) {
    return std::pair(a.measured, a.value) < std::pair(b.measured, b.value);
  });
  double least = 0.0, most = 0.0;
  for (const Bounds& plate : plates) {
    least = std::max(least, plate.least);
    most = std::max(most, plate.most);
  }
  result.possible =
      in_doubt ? std::vector<Stage>(all_stages.begin(), all_stages.end()) : stages_between(least, most, rule);
  SpurVerdict spurs;
  if (rule.spurs && !in_doubt && result.possible.front() == Stage::minor) {
    spurs = judge_spurs(margins, *rule.spurs);
    result.on_spurs = spurs.reason;
    if (spurs.stage) std::erase(result.possible, *spurs.stage == Stage::mild ? Stage::minor : Stage::mild);
  }
  if (result.possible.size() != 1) return result;
  result.stage = result.possible.front();
  const double value = result.worst->value;
  const bool near = spurs.near ||
                    std::abs(value - rule.moderate_above_dABp_percent) <= rule.dABp_error_percent ||
                    std::abs(value - rule.severe_above_dABp_percent) <= rule.dABp_error_percent;
  result.confidence = near ? Confidence::borderline : Confidence::clear;
  return result;
}

std::string deciding_value(const Bounds& worst, const Rule& rule) {
  return "The largest denuded area measured is " + percent(worst.value, rule) + " of " +
         std::string(name(worst.region)) + " (" + std::string(title(worst.region)) +
         "): " + place_among_thresholds(worst.value, rule) + ".";
}

/// Returns the rule's verdict on each compartment that has plates in it.
std::vector<CompartmentStage> compartments_of(const std::vector<Bounds>& plates,
                                              const std::vector<SpurBounds>& margins, const Rule& rule,
                                              bool in_doubt) {
  std::vector<CompartmentStage> result;
  for (const cartilage::Compartment& compartment : cartilage::compartments) {
    std::vector<Bounds> members;
    std::copy_if(plates.begin(), plates.end(), std::back_inserter(members), [&](const Bounds& plate) {
      return plate.region == compartment.tibial || plate.region == compartment.femoral;
    });
    if (members.empty()) continue;
    using cartilage::Margin;
    const bool medial = compartment.region == Region::MFTC;
    std::vector<SpurBounds> beside;
    std::copy_if(margins.begin(), margins.end(), std::back_inserter(beside), [&](const SpurBounds& m) {
      return m.margin == (medial ? Margin::medial_femur : Margin::lateral_femur) ||
             m.margin == (medial ? Margin::medial_tibia : Margin::lateral_tibia);
    });
    const Judgement judgement = judge(members, beside, rule, in_doubt);
    std::string reason =
        judgement.worst->measured ? deciding_value(*judgement.worst, rule) : members.front().gap;
    if (!judgement.on_spurs.empty()) reason += " " + judgement.on_spurs;
    result.push_back({.compartment = compartment.region,
                      .stage = judgement.stage,
                      .possible = judgement.possible,
                      .confidence = judgement.confidence,
                      .reason = std::move(reason)});
  }
  return result;
}

StageReport with_flags(StageReport result, const cartilage::CartilageReport& report) {
  for (const std::string& flag : report.flags) result.reasons.push_back("Noted by the measurement: " + flag);
  return result;
}

}  // namespace

std::string_view name(Stage stage) {
  switch (stage) {
    case Stage::minor:
      return "minor";
    case Stage::mild:
      return "mild";
    case Stage::moderate:
      return "moderate";
    case Stage::severe:
      return "severe";
  }
  throw InvalidInput("no stage has the number " + std::to_string(static_cast<int>(stage)));
}

std::string place_title(const Evidence& evidence) {
  if (const auto region = cartilage::region_named(evidence.place))
    return std::string(title(*region)) + " (" + evidence.place + ")";
  if (const auto margin = cartilage::margin_named(evidence.place)) return std::string(title(*margin));
  return evidence.place;
}

std::string_view name(Confidence confidence) {
  return confidence == Confidence::clear ? "clear" : "borderline";
}

std::optional<Stage> stage_named(std::string_view wanted) {
  for (const Stage stage : all_stages)
    if (name(stage) == wanted) return stage;
  return std::nullopt;
}

StageReport stage_knee(const cartilage::CartilageReport& report, const Rule& rule) {
  check(rule);
  StageReport result;
  result.rule_name = rule.name;
  result.rule_version = rule.version;
  result.statement = "Research use. From MRI measures of cartilage and bone; not a Kellgren-Lawrence grade.";

  std::vector<Bounds> plates;
  for (const Region region : rule.plates)
    plates.push_back(bounds_of(region, report.regions, rule, result.evidence));
  std::vector<SpurBounds> margins;
  if (rule.spurs)
    for (const cartilage::Margin margin : rule.spurs->margins)
      margins.push_back(spurs_of(margin, report.margins, *rule.spurs, result.evidence));
  const bool in_doubt = !report.doubts.empty();
  const Judgement judgement = judge(plates, margins, rule, in_doubt);
  const Bounds& worst = *judgement.worst;
  result.possible = judgement.possible;
  result.stage = judgement.stage;
  result.confidence = judgement.confidence;
  result.compartments = compartments_of(plates, margins, rule, in_doubt);
  if (in_doubt) {
    result.reasons.emplace_back(
        "The labels are in doubt, so no stage is given and none is ruled out; labels that were looked at and "
        "corrected are staged.");
    for (const std::string& doubt : report.doubts) result.reasons.push_back("In doubt: " + doubt);
  }
  if (worst.measured) result.reasons.push_back(deciding_value(worst, rule));
  if (!judgement.on_spurs.empty()) result.reasons.push_back(judgement.on_spurs);
  if (result.confidence == Confidence::borderline)
    result.reasons.emplace_back("A threshold is nearer than what decides may be wrong by: borderline.");
  for (const Bounds& plate : plates)
    if (!plate.gap.empty()) result.reasons.push_back(plate.gap);
  if (!judgement.on_spurs.empty())
    for (const SpurBounds& margin : margins)
      if (!margin.gap.empty()) result.reasons.push_back(margin.gap);
  if (in_doubt) return with_flags(std::move(result), report);
  const std::vector<Stage> without_gaps = stages_between(worst.value, worst.value, rule);
  const bool gaps_matter = std::any_of(result.possible.begin(), result.possible.end(), [&](Stage stage) {
    return std::find(without_gaps.begin(), without_gaps.end(), stage) == without_gaps.end();
  });
  const bool has_gaps = std::any_of(plates.begin(), plates.end(), [](auto& p) { return !p.gap.empty(); });
  if (gaps_matter)
    result.reasons.push_back("What is missing could change the stage: " + listed(result.possible) +
                             " remain possible.");
  else if (has_gaps)
    result.reasons.push_back("What is missing could not change this: the largest denuded area decides.");
  if (!rule.spurs && result.possible.front() == Stage::minor)
    result.reasons.emplace_back(
        "Cartilage alone does not part minor from mild: that needs bone spurs, which this rule does not "
        "read.");
  return with_flags(std::move(result), report);
}

}  // namespace genu::staging
