// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/cartilage/report.h>

namespace genu::staging {

/// The four stages; they line up with Kellgren-Lawrence 1 to 4 but are not KL grades.
enum class Stage { minor, mild, moderate, severe };
std::string_view name(Stage stage);
std::optional<Stage> stage_named(std::string_view name);

/// How bone spurs part minor from mild where cartilage does not.
struct SpurRule {
  /// Whose highest spur decides; at least one. Margins where bone stands out in knees without osteoarthritis
  /// too do not belong here.
  std::vector<cartilage::Margin> margins;
  double minor_below_mm = 2.0;         ///< No margin has a spur of this height: minor.
  double mild_from_mm = 3.0;           ///< A spur of this height or more: mild. Between the two: either.
  double min_examined_percent = 80.0;  ///< A margin with less examined is missing evidence.
  /// Labels with a greater spacing are missing evidence: between slices outlines are guessed.
  double max_spacing_mm = 1.5;
  double height_error_mm = 0.5;  ///< A height this near to a threshold may lie on its other side.
};

/// A versioned rule, read from data/staging/. Thresholds are strict: a plate at exactly 7.5 % is not above
/// it.
struct Rule {
  std::string name;
  std::string version;
  std::vector<cartilage::Region> plates;  ///< Whose largest dABp decides; at least one.
  double moderate_above_dABp_percent = 7.5;
  double severe_above_dABp_percent = 29.5;
  double max_not_measured_percent = 10.0;  ///< A plate with more than this unmeasured is missing evidence.
  double dABp_error_percent = 3.0;         ///< A dABp this near to a threshold may lie on its other side.
  std::optional<SpurRule> spurs;           ///< Nothing = the rule never parts minor from mild.
  std::string source;
};

/// One number that the stage rests on; what could not be measured is not listed.
struct Evidence {
  std::string place;  ///< Name of a region or of a bone's margin.
  std::string
      measure;  ///< "dABp", "not measured" where part of a plate was not, "margin SD", "highest spur".
  double value = 0.0;
  std::string unit;
};

std::string place_title(const Evidence& evidence);  ///< "Medial tibia (MT)", "Medial margin of the femur"

/// How sure a stage is of itself, as far as thresholds go.
enum class Confidence {
  clear,       ///< The deciding value is further from every threshold than its error.
  borderline,  ///< It is not: measured again, the stage may be the next one.
};
std::string_view name(Confidence confidence);

/// The same rule on the plates of one femorotibial compartment.
struct CompartmentStage {
  cartilage::Region compartment = cartilage::Region::MFTC;  ///< MFTC or LFTC.
  std::optional<Stage> stage;
  std::vector<Stage> possible;
  std::optional<Confidence> confidence;  ///< Nothing without a stage.
  std::string reason;                    ///< The number that decides, in words.
};

struct StageReport {
  std::optional<Stage> stage;            ///< Nothing = abstained.
  std::vector<Stage> possible;           ///< What the evidence leaves open; one entry if `stage` is set.
  std::optional<Confidence> confidence;  ///< Nothing without a stage.
  std::vector<CompartmentStage> compartments;  ///< Those that the rule's plates lie in.
  std::vector<std::string> reasons;            ///< In words, in order of weight.
  std::vector<Evidence> evidence;
  std::string rule_name;
  std::string rule_version;
  std::string
      statement;  ///< "Research use. From MRI measures of cartilage and bone; not a Kellgren-Lawrence grade."
};

/// Returns the stage by the rule, or an abstention with the reasons.
///
/// The largest dABp of the rule's plates decides. Where evidence is missing it is bounded instead of guessed:
/// a plate of which too much was not measured lies between its dABp and its dABp with all of that denuded,
/// one that has lost margin within two standard deviations of its dABp, a plate without a value between 0 and
/// 100 %. The stage is given only if the bounds leave one open, so that one plate above the severe threshold
/// is severe whatever the others are. At or below the moderate threshold cartilage alone does not part minor
/// from mild (Reichenbach et al. 2010): the highest bone spur of the rule's margins does, if it is high or if
/// there is none, and the rule abstains in between, where a margin was not examined, or where it has no word
/// on spurs. Labels that are in doubt give no stage and rule none out: a network may draw worn cartilage
/// where fluid is. The patellofemoral compartment has no stage: no evidence relates its denuded area to one.
/// \throws InvalidInput if the rule has no plates, names `outside`, or its thresholds are not 0 <= moderate <
/// severe < 100, or its other two percentages not 0 to 100; if its part on spurs has no margins, or not 0 <
/// minor <= mild, a percentage not 0 to 100, no spacing above 0 or a negative error.
StageReport stage_knee(const cartilage::CartilageReport& report, const Rule& rule);

}  // namespace genu::staging
