// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include <genu/phantom/knee.h>

namespace genu::phantom {

/// Returns points of a bone's surface on a plate, drawn from a seed: random places near the joint, projected.
inline std::vector<Point3> plate_points(const Knee& knee, Plate plate, std::size_t count,
                                        std::uint64_t seed = 1) {
  const Bone bone = plate == Plate::femur     ? Bone::femur
                    : plate == Plate::patella ? Bone::patella
                                              : Bone::tibia;
  const double scale = knee.options().scale;
  std::mt19937_64 random(seed);
  const auto between = [&](double low, double high) {
    return scale * std::uniform_real_distribution<double>(low, high)(random);
  };
  std::vector<Point3> points;
  while (points.size() < count) {
    const Point3 near =
        bone == Bone::tibia     ? knee.frame().at(between(-42, 42), between(-30, 28), between(-5, 3))
        : bone == Bone::patella ? knee.frame().at(between(-22, 22), between(31, 42), between(12, 52))
                                : knee.frame().at(between(-42, 42), between(-40, 38), between(0, 50));
    const Point3 q = knee.closest_on_bone(bone, near);
    if (knee.plate_at(bone, q) == plate) points.push_back(q);
  }
  return points;
}

inline constexpr Plate plates[]{Plate::femur, Plate::medial_tibia, Plate::lateral_tibia, Plate::patella};

inline Bone bone_under(Plate plate) {
  return plate == Plate::femur ? Bone::femur : plate == Plate::patella ? Bone::patella : Bone::tibia;
}

}  // namespace genu::phantom
