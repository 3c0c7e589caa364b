// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <random>

#include <genu/phantom/scan.h>

namespace genu::bench {

inline double between(std::mt19937& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random()) / static_cast<double>(std::mt19937::max());
}

/// A knee of its own size, thickness and pose.
inline phantom::KneeOptions varied_knee(std::mt19937& random, Side side) {
  const auto any = [&](double low, double high) { return between(random, low, high); };
  phantom::KneeOptions knee;
  knee.side = side;
  knee.scale = any(0.9, 1.1);
  knee.femoral_thickness_mm = any(1.6, 2.6);
  knee.medial_tibial_thickness_mm = any(1.4, 2.4);
  knee.lateral_tibial_thickness_mm = any(1.6, 2.8);
  knee.patellar_thickness_mm = any(2.0, 3.2);
  const Vector3 axis{any(-1.0, 1.0), any(-1.0, 1.0), any(-1.0, 1.0)};
  const Vector3 shift{any(-10.0, 10.0), any(-10.0, 10.0), any(-10.0, 10.0)};
  knee.patient_from_knee =
      RigidTransform::translation_by(shift) * RigidTransform::rotation_about({}, axis, any(0.0, 15.0));
  return knee;
}

/// Labels of the joint alone: shafts cost time and bear no cartilage.
inline LabelMap labels_of(const phantom::Knee& knee, double in_plane_mm, double slice_mm) {
  const double scale = knee.options().scale;
  const phantom::FieldOfView view{.extent_mm = scale * Vector3{116.0, 92.0, 92.0},
                                  .offset_mm = scale * Vector3{0.0, 11.0, -12.0}};
  return phantom::scan(knee, phantom::sagittal_grid(knee, in_plane_mm, slice_mm, view),
                       {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1})
      .labels;
}

}  // namespace genu::bench
