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
  std::string source;
};

/// One number that the stage rests on; what could not be measured is not listed.
struct Evidence {
  cartilage::Region region = cartilage::Region::outside;
  std::string measure;  ///< "dABp", or "not measured" where part of a plate was not.
  double value = 0.0;
  std::string unit;
};

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
  std::string statement;  ///< "Research use. From MRI cartilage measures; not a Kellgren-Lawrence grade."
};

/// Returns the stage by the rule, or an abstention with the reasons.
///
/// The largest dABp of the rule's plates decides. Where evidence is missing it is bounded instead of guessed:
/// a plate of which too much was not measured lies between its dABp and its dABp with all of that denuded, a
/// plate without a value between 0 and 100 %. The stage is given only if the bounds leave one open, so that
/// one plate above the severe threshold is severe whatever the others are. At or below the moderate threshold
/// the rule abstains between minor and mild: cartilage alone does not separate them (Reichenbach et al.
/// 2010), that needs bone spurs or focal lesions. Labels that are in doubt give no stage and rule none out: a
/// network may draw worn cartilage where fluid is. The patellofemoral compartment has no stage: no evidence
/// relates its denuded area to one. \throws InvalidInput if the rule has no plates, names
/// `outside`, or its thresholds are not 0 <= moderate < severe < 100, or its other two percentages not 0 to
/// 100.
StageReport stage_knee(const cartilage::CartilageReport& report, const Rule& rule);

}  // namespace genu::staging
