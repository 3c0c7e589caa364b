// SPDX-License-Identifier: Apache-2.0
#include "tendon_gaps.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include <genu/core/box.h>

namespace genu::planning {
namespace {

// A gap over 3 mm was an entry criterion for cell therapy (Soler et al. 2023). A tendon that bows out of a
// straight line leaves a longer hollow than 20 mm.
constexpr double least_gap_mm = 3.0, most_gap_mm = 20.0;
constexpr double step_mm = 0.5;
// Labels of the tendons may go on over the front of the patella as a sheet that is nowhere a tendon; a defect
// at the patella's apex or base is one.
constexpr double beside_patella_mm = 5.0;
constexpr double least_depth_mm = 1.5;     // Tendon labels are uneven by a voxel or two.
constexpr double least_volume_mm3 = 10.0;  // About 1.5 x 2 x 3 mm: less is the staircase of voxels.

/// A lattice in the knee's axes around one tendon.
class Lattice {
 public:
  Lattice(const LabelMap& labels, const KneeFrame& frame, Tissue tendon) : frame_(frame) {
    const ImageGeometry& grid = labels.geometry();
    Box box;
    for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
      if (labels.voxels()[v] != tendon) continue;
      box.include(Point3{} + frame.coordinates(grid.to_patient(grid.index_of(v))));
    }
    if (box.is_empty()) return;
    low_ = box.low - Point3{};
    const auto count = [](double length) { return static_cast<int>(length / step_mm) + 1; };
    size_ = {count(box.extent().x), count(box.extent().y), count(box.extent().z)};
    is_tendon_.resize(static_cast<std::size_t>(size_[0]) * size_[1] * size_[2]);
    for (std::size_t c = 0; c < is_tendon_.size(); ++c) {
      const ContinuousIndex i = grid.to_index(place(c));
      const VoxelIndex at{std::llround(i.i), std::llround(i.j), std::llround(i.k)};
      is_tendon_[c] = grid.contains(at) && labels[at] == tendon;
    }
  }

  Point3 place(std::size_t cell) const {
    const auto c = static_cast<int>(cell);
    const int z = c % size_[2], y = c / size_[2] % size_[1], x = c / (size_[2] * size_[1]);
    return frame_.at(low_.x + step_mm * x, low_.y + step_mm * y, low_.z + step_mm * z);
  }

  /// Returns the length of the gap that each cell lies in, in mm; 0 where it lies in none. Cells of one
  /// column along the leg follow each other.
  std::vector<float> gap_lengths() const {
    std::vector<float> lengths(is_tendon_.size());
    const std::size_t column = static_cast<std::size_t>(size_[2]);
    for (std::size_t first = 0; first < is_tendon_.size(); first += column) {
      std::ptrdiff_t last_tendon = -1;
      for (std::size_t z = 0; z < column; ++z) {
        if (!is_tendon_[first + z]) continue;
        const double gap_mm = step_mm * static_cast<double>(static_cast<std::ptrdiff_t>(z) - last_tendon - 1);
        if (last_tendon >= 0 && gap_mm > least_gap_mm && gap_mm <= most_gap_mm)
          for (auto g = static_cast<std::size_t>(last_tendon) + 1; g < z; ++g)
            lengths[first + g] = static_cast<float>(gap_mm);
        last_tendon = static_cast<std::ptrdiff_t>(z);
      }
    }
    return lengths;
  }

  /// Returns true if tendon or gap lies on all sides across the tendon: a hollow of its surface is no gap.
  bool is_within(std::size_t cell, const std::vector<float>& lengths) const {
    const auto c = static_cast<int>(cell);
    const int y = c / size_[2] % size_[1], x = c / (size_[2] * size_[1]);
    constexpr int reach = static_cast<int>(least_depth_mm / step_mm);
    for (int i = -1; i <= 1; ++i)
      for (int j = -1; j <= 1; ++j) {
        const int at_x = x + i * reach, at_y = y + j * reach;
        if (at_x < 0 || at_y < 0 || at_x >= size_[0] || at_y >= size_[1]) return false;
        const int there = c + i * reach * size_[2] * size_[1] + j * reach * size_[2];
        const auto other = static_cast<std::size_t>(there);
        if (!is_tendon_[other] && lengths[other] == 0.0f) return false;
      }
    return true;
  }

  /// Calls `visit` with each cell that shares a face with this one.
  template <typename Visit>
  void for_each_neighbour(std::size_t cell, const Visit& visit) const {
    const auto c = static_cast<int>(cell);
    const std::array<int, 3> at{c / (size_[2] * size_[1]), c / size_[2] % size_[1], c % size_[2]};
    const std::array<int, 3> stride{size_[2] * size_[1], size_[2], 1};
    for (std::size_t a = 0; a < 3; ++a) {
      if (at[a] > 0) visit(cell - static_cast<std::size_t>(stride[a]));
      if (at[a] + 1 < size_[a]) visit(cell + static_cast<std::size_t>(stride[a]));
    }
  }

 private:
  KneeFrame frame_;
  Vector3 low_;
  std::array<int, 3> size_{};
  std::vector<std::uint8_t> is_tendon_;
};

/// Returns the cells connected to `seed` that lie in a gap, and takes them out of `lengths`.
std::vector<std::size_t> take_component(const Lattice& lattice, std::size_t seed,
                                        std::vector<float>& lengths) {
  std::vector<std::size_t> cells{seed};
  lengths[seed] = 0.0f;
  for (std::size_t n = 0; n < cells.size(); ++n)
    lattice.for_each_neighbour(cells[n], [&](std::size_t neighbour) {
      if (lengths[neighbour] == 0.0f) return;
      lengths[neighbour] = 0.0f;
      cells.push_back(neighbour);
    });
  return cells;
}

/// Returns the knee's frame turned so that `proximal` runs along the tendon: the direction in which its
/// voxels between two heights spread most (by power iteration).
KneeFrame along_tendon(const LabelMap& labels, const KneeFrame& frame, Tissue tendon,
                       const std::array<double, 2>& heights) {
  std::vector<Vector3> places;
  Vector3 mean;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    if (labels.voxels()[v] != tendon) continue;
    const Vector3 at = frame.coordinates(labels.geometry().to_patient(labels.geometry().index_of(v)));
    if (at.z > heights[0] && at.z < heights[1]) places.push_back(at);
  }
  if (places.empty()) return frame;
  for (const Vector3& p : places) mean += p / static_cast<double>(places.size());
  Vector3 axis{0.0, 0.0, 1.0};
  for (int step = 0; step < 30; ++step) {
    Vector3 next;
    for (const Vector3& p : places) next += dot(p - mean, axis) * (p - mean);
    if (!(length(next) > 0.0)) return frame;
    axis = normalized(next);
  }
  const auto in_patient = [&](const Vector3& v) {
    return v.x * frame.lateral + v.y * frame.anterior + v.z * frame.proximal;
  };
  const Vector3 across = normalized(Vector3{1.0, 0.0, 0.0} - axis.x * axis);
  const Vector3 front{0.0, 1.0, 0.0};
  KneeFrame turned = frame;
  turned.proximal = in_patient(axis);
  turned.lateral = in_patient(across);
  turned.anterior = in_patient(normalized(front - axis.y * axis - across.y * across));
  return turned;
}

/// Returns the heights of the patella's apex and base in the knee's frame; all of space if it is not
/// labelled.
std::array<double, 2> apex_and_base(const LabelMap& labels, const KneeFrame& frame) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  double low = infinity, high = -infinity;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    if (!is_part_of(labels.voxels()[v], Bone::patella)) continue;
    const double z = frame.coordinates(labels.geometry().to_patient(labels.geometry().index_of(v))).z;
    low = std::min(low, z);
    high = std::max(high, z);
  }
  return {low, high};
}

void add_gaps(std::vector<TendonGap>& gaps, const LabelMap& labels, const KneeFrame& frame, Tissue tendon) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const auto [apex, base] = apex_and_base(labels, frame);
  const std::array heights = tendon == Tissue::patellar_tendon
                                 ? std::array{-infinity, apex + beside_patella_mm}
                                 : std::array{base - beside_patella_mm, infinity};
  const Lattice lattice(labels, along_tendon(labels, frame, tendon, heights), tendon);
  const std::vector<float> lengths = lattice.gap_lengths();
  std::vector<float> left = lengths;
  for (std::size_t seed = 0; seed < left.size(); ++seed) {
    if (left[seed] == 0.0f) continue;
    std::vector<std::size_t> cells = take_component(lattice, seed, left);
    std::erase_if(cells, [&](std::size_t c) { return !lattice.is_within(c, lengths); });
    if (static_cast<double>(cells.size()) * step_mm * step_mm * step_mm < least_volume_mm3) continue;
    Vector3 mean;
    TendonGap gap;
    gap.tendon = info(tendon).name;
    for (const std::size_t c : cells) {
      mean += (lattice.place(c) - frame.origin) / static_cast<double>(cells.size());
      gap.length_mm = std::max(gap.length_mm, static_cast<double>(lengths[c]));
    }
    const Point3 middle = frame.origin + mean;
    gap.centre =
        lattice.place(*std::min_element(cells.begin(), cells.end(), [&](std::size_t a, std::size_t b) {
          return distance(lattice.place(a), middle) < distance(lattice.place(b), middle);
        }));
    const double z = frame.coordinates(gap.centre).z;
    if (z > heights[0] && z < heights[1]) gaps.push_back(gap);
  }
}

}  // namespace

std::vector<TendonGap> find_tendon_gaps(const LabelMap& labels, const KneeFrame& frame) {
  std::vector<TendonGap> gaps;
  for (const Tissue tendon : {Tissue::patellar_tendon, Tissue::quadriceps_tendon})
    add_gaps(gaps, labels, frame, tendon);
  return gaps;
}

}  // namespace genu::planning
