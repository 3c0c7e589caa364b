// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <genu/planning/anatomy.h>
#include <genu/planning/target.h>

namespace genu::planning {

struct Needle {
  std::string name;  ///< "22 G, 3 in"
  int gauge = 22;
  double diameter_mm = 0.72;
  double length_mm = 76.0;
  double bend_percent = 0.0;  ///< The shaft may bow off the straight line by this part of the depth.
};

/// How the needle is seen: running in the image plane, crossing it at the target, or not by ultrasound.
enum class Guidance { in_plane, out_of_plane, none };
inline constexpr std::array all_guidances{Guidance::in_plane, Guidance::out_of_plane, Guidance::none};
std::string_view name(Guidance guidance);

/// What an ultrasound probe covers.
struct Footprint {
  double length_mm = 38.0;  ///< In the image plane.
  double width_mm = 9.0;    ///< Across it.
  double image_depth_mm = 50.0;
};

/// An ultrasound probe and how it is held. Directions are the knee's: lateral, anterior, proximal.
struct Probe {
  Footprint footprint = {};
  std::vector<Footprint> others =
      {};                        ///< Tried in turn where the first finds no place to see the needle from.
  Vector3 axis{1.0, 0.0, 0.0};   ///< Along the footprint's length, either way.
  Vector3 beam{0.0, -1.0, 0.0};  ///< Into the body.
  double max_turn_deg = 45.0;    ///< Of the axis, from `axis`.
  double max_swing_deg = 60.0;   ///< Of the beam, from `beam`, to lie flat on the skin.
  Guidance guidance = Guidance::in_plane;
  /// Between the needle and the probe's face: a shaft is best seen up to the first, and hardly beyond the
  /// second.
  double preferred_face_angle_deg = 30.0;
  double max_face_angle_deg = 45.0;
};

/// Where on the skin entries are sought.
struct EntryWindow {
  enum class From { target, joint, patella };
  From from = From::target;  ///< Origin: the target, the knee frame's origin, or the patella's middle.
  /// Ranges of lateral, anterior and proximal, mm.
  Vector3 min_mm;
  Vector3 max_mm;
};
inline constexpr std::array all_window_origins{EntryWindow::From::target, EntryWindow::From::joint,
                                               EntryWindow::From::patella};
std::string_view name(EntryWindow::From from);

/// What was published on how often the way in reaches the joint.
struct PublishedAccuracy {
  double percent = 0.0;
  std::string guidance;  ///< "landmarks", "ultrasound"
  std::string source;
};

/// A way in, read from data/planning/.
struct Approach {
  std::string name;  ///< "superolateral"
  std::string title;
  std::vector<TargetKind> targets;
  std::vector<Compartment> compartments;  ///< Only targets there; empty = anywhere.
  std::string side_of_entry;              ///< "lateral", "medial", "anterior", ...
  double flexion_deg = 25.0;
  EntryWindow entry;
  double max_skin_angle_deg = 70.0;  ///< Between the needle and the inward skin normal.
  double hub_reserve_mm = 5.0;
  Probe probe;
  std::vector<Needle> needles;  ///< Shortest first.
  /// From the needle's surface, mm; one per kind, by StructureKind's number.
  std::array<double, all_structure_kinds.size()> min_clearance_mm{1.0, 1.0, 1.0, 1.0, 5.0, 5.0, 1.0};
  std::map<std::string, double> min_clearance_of_mm;  ///< Of single structures, in place of their kind's.
  std::vector<std::string> may_cross;                 ///< Structures that this way leads through.
  std::vector<std::string> at_risk;                   ///< Structures that the literature warns of.
  std::vector<PublishedAccuracy> accuracy;
  std::vector<std::string> sources;

  double asked_of(const Structure& structure) const;
};

/// Returns true if the approach is one for this target.
bool fits(const Approach& approach, const Target& target);

/// \throws InvalidInput naming the value of the approach that is out of range
void check(const Approach& approach);

}  // namespace genu::planning
