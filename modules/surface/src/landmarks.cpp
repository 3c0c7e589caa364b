// SPDX-License-Identifier: Apache-2.0
#include "landmarks.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace genu::surface {
namespace {

// So many cells are made, or one a triangle if those are fewer. More of them help little and no longer fit a
// processor's nearest memories.
constexpr double most_cells = 70000.0;
constexpr std::uint32_t nobody = std::numeric_limits<std::uint32_t>::max();

/// Passes landmarks on between neighbouring cells, each cell keeping the one nearest to its middle (after
/// Danielsson 1980, Computer Graphics and Image Processing 14:227).
class Spread {
 public:
  explicit Spread(Landmarks& marks) : marks_(marks), squared_(marks.cells.size(), far) {}

  void offer(std::size_t cell, const std::array<int, 3>& at, const Landmarks::Landmark& mark) {
    float squared = 0.0f;
    for (std::size_t a = 0; a < 3; ++a) {
      const float middle = marks_.low[a] + (static_cast<float>(at[a]) + 0.5f) / marks_.cells_per_mm;
      squared += (mark.place[a] - middle) * (mark.place[a] - middle);
    }
    if (squared < squared_[cell]) squared_[cell] = squared, marks_.cells[cell] = mark;
  }

  /// Takes what the neighbour on one side along each axis knows, in the order that carries it furthest.
  void sweep(bool forward) {
    const auto [nx, ny, nz] = marks_.size;
    const std::array<std::ptrdiff_t, 3> stride{1, nx, static_cast<std::ptrdiff_t>(nx) * ny};
    const std::size_t count = marks_.cells.size();
    for (std::size_t n = 0; n < count; ++n) {
      const std::size_t cell = forward ? n : count - 1 - n;
      const auto c = static_cast<int>(cell);
      const std::array<int, 3> at{c % nx, c / nx % ny, c / nx / ny};
      for (std::size_t a = 0; a < 3; ++a) {
        if (at[a] == (forward ? 0 : marks_.size[a] - 1)) continue;
        const auto other =
            static_cast<std::size_t>(static_cast<std::ptrdiff_t>(cell) + (forward ? -stride[a] : stride[a]));
        if (marks_.cells[other].mesh != nobody) offer(cell, at, marks_.cells[other]);
      }
    }
  }

 private:
  static constexpr float far = std::numeric_limits<float>::infinity();
  Landmarks& marks_;
  std::vector<float> squared_;
};

}  // namespace

Landmarks make_landmarks(const BoxForest& forest) {
  Landmarks marks;
  const double cells = std::min(most_cells, static_cast<double>(forest.triangles.size()));
  const auto& e = forest.extent;
  const double widest = std::max({e[0], e[1], e[2]});
  // A flat scene is as thick as a hundredth of its width.
  double volume = 8.0;
  for (const double x : e) volume *= std::max(x, 0.01 * widest);
  const double cell_mm = volume > 0.0 ? std::cbrt(volume / cells) : 1.0;
  marks.cells_per_mm = static_cast<float>(1.0 / cell_mm);
  std::size_t count = 1;
  for (std::size_t a = 0; a < 3; ++a) {
    marks.low[a] = static_cast<float>(-e[a]);
    marks.size[a] = static_cast<int>(2.0 * e[a] / cell_mm) + 1;
    count *= static_cast<std::size_t>(marks.size[a]);
  }
  marks.cells.assign(count, {{}, nobody});
  Spread spread(marks);
  for (const BoxLeaf& leaf : forest.leaves)
    for (std::uint32_t i = leaf.first; i < leaf.first + leaf.count; ++i)
      for (const auto v : forest.triangles[i]) {
        const Vector3 p = forest.vertices[v] - forest.origin;
        const Landmarks::Landmark mark{
            {static_cast<float>(p.x), static_cast<float>(p.y), static_cast<float>(p.z)}, leaf.mesh};
        std::array<int, 3> at;
        for (std::size_t a = 0; a < 3; ++a)
          at[a] = std::clamp(static_cast<int>((mark.place[a] - marks.low[a]) * marks.cells_per_mm), 0,
                             marks.size[a] - 1);
        spread.offer(marks.number(at), at, mark);
      }
  for (int round = 0; round < 2; ++round) spread.sweep(true), spread.sweep(false);
  return marks;
}

}  // namespace genu::surface
