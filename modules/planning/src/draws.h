// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include <genu/planning/chance.h>

namespace genu::planning {

/// One way that things may go wrong, in the knee's axes.
struct Draw {
  Vector3 image_mm;            ///< Of the anatomy against the image.
  Vector3 hand_mm;             ///< Of the tip.
  std::array<double, 2> turn;  ///< Tangents of the needle's angle off its direction, in two planes.
};

/// The draws of an error model: the same for every path.
class Draws {
 public:
  explicit Draws(const ErrorModel& errors);
  const std::vector<Draw>& all() const { return all_; }

 private:
  std::vector<Draw> all_;
};

/// One needle aimed at one target.
class Aim {
 public:
  Aim(const ClearanceField& field, const Target& target, const Trajectory& path);
  /// Returns whether the needle delivers if it goes wrong so; bone stops it where that is minded.
  bool hits(const Draw& draw, bool mind_bone) const;

 private:
  bool delivers(const Point3& tip) const;
  bool passes(const Point3& entry, const Point3& tip) const;

  const ClearanceField& field_;
  const Target& target_;
  Trajectory path_;
  std::vector<Point3> places_;
  Vector3 needle_;
  double depth_mm_;
  std::array<Vector3, 2> across_;
};

HitChance chance_of(const Aim& aim, const Draws& draws, bool mind_bone);

/// Returns the standard deviation of the needle's tip against the anatomy, across its way.
double spread_mm(double depth_mm, const ErrorModel& errors);

}  // namespace genu::planning
