// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <genu/core/progress.h>
#include <genu/segmentation/segment.h>

#include "sagittal.h"

// What the network takes and gives; the same as training/network.py says.
namespace genu::segmentation {

enum class Class : std::uint8_t {
  background,
  femur,
  tibia,
  patella,
  fibula,
  femoral_cartilage,
  tibial_cartilage,
  patellar_cartilage,
  meniscus,
  patellar_tendon,
  quadriceps_tendon,
  joint_fluid,
  other_tissue
};
inline constexpr std::size_t class_count = 13;

/// The probability of each class at each place of a stack, in steps of 1/255: class after class in each
/// slice.
struct Probabilities {
  std::array<std::int64_t, 3> size{};
  std::vector<std::uint8_t> values;
  std::size_t slice_pixels() const { return static_cast<std::size_t>(size[1] * size[2]); }
  std::uint8_t* of(std::int64_t slice, Class what) {
    return values.data() +
           (static_cast<std::size_t>(slice) * class_count + static_cast<std::size_t>(what)) * slice_pixels();
  }
  const std::uint8_t* of(std::int64_t slice, Class what) const {
    return const_cast<Probabilities*>(this)->of(slice, what);
  }
};

/// Dice between two looks at the same slices, a class each; NaN where neither saw any.
using SecondLook = std::array<double, class_count>;

/// Returns how many slices away each pair of neighbours lies.
std::array<std::int64_t, 3> pair_steps(double slice_mm);

/// The way into a KneeNetwork for this module's sources.
class NetworkAccess {
 public:
  static const Calibration& calibration(const KneeNetwork& network);
  static Probabilities predict(const KneeNetwork& network, const Stack& stack, double slice_mm,
                               unsigned threads, const Progress& progress);
  /// Looks again at some of the slices, a little moved and brightened.
  static SecondLook look_again(const KneeNetwork& network, const Stack& stack, double slice_mm,
                               const std::vector<Class>& labels, unsigned threads, const Progress& progress);
};

}  // namespace genu::segmentation
