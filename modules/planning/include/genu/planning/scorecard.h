// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <genu/planning/approach.h>
#include <genu/planning/chance.h>
#include <genu/planning/clearance.h>
#include <genu/planning/probe.h>

namespace genu::planning {

/// What a stretch of the needle's way leads through.
struct TissueSpan {
  std::string tissue;  ///< "fat", "muscle", "patellar_tendon"; "unlabelled" where nothing is known.
  double length_mm = 0.0;
};

struct Scorecard {
  double depth_mm = 0.0;         ///< Skin to target along the needle.
  double skin_angle_deg = 0.0;   ///< Between the needle and the inward skin normal; 0 = perpendicular.
  std::optional<Needle> needle;  ///< The shortest that reaches, or nothing.
  /// One per structure, nearest first. For a target among surfaces those to bone, cartilage and menisci are
  /// of the needle up to the target's tolerance.
  std::vector<Clearance> clearances;
  std::optional<ProbeView> view;    ///< Nothing: no place for the probe serves.
  std::vector<TissueSpan> tissues;  ///< From the skin to the target, in order.
  /// The widest cone about the needle, its tip at the entry, in which every needle of this length keeps clear
  /// of all that must be spared up to the target's tolerance: half its opening.
  double free_cone_deg = 0.0;
  /// The chance to touch anything that must be spared, under the stated errors, as if these erred
  /// independently for each structure: 0 to 1. Bone does not count; nor do cartilage and menisci for a target
  /// that lies among them.
  double risk = 0.0;
  HitChance hit;
};

/// Returns the clearance to the nearest structure that must be spared, or null.
const Clearance* nearest_spared(const Scorecard& card);

struct RankedTrajectory {
  Trajectory path;
  Scorecard card;
  bool pareto = false;  ///< No returned trajectory is better in one thing and as good in all others.
  double score = 0.0;   ///< Higher is better, 0 to 1; see Weights.
};

/// What the merits of a trajectory are measured against: what an approach allows.
struct Scale {
  double longest_reach_mm = 1.0;  ///< Of its needles, less the hub's reserve.
  bool in_plane = true;  ///< The angle that counts is that to the probe's face, else that to the skin.
  double preferred_face_angle_deg = 30.0;
  double max_face_angle_deg = 45.0;
  double max_skin_angle_deg = 70.0;
};
Scale scale_of(const Approach& approach);

/// What weighs how much in the score, the sum of these times: how shallow the target lies (against the reach
/// of the longest needle), how safe the path is (1 - risk), how flat it runs to the probe's face (full up to
/// the preferred angle, 0 at the most allowed; out of plane, how square to the skin), how likely it hits.
struct Weights {
  double depth = 0.15;
  double risk = 0.35;
  double angle = 0.2;
  double hit = 0.3;
};

}  // namespace genu::planning
