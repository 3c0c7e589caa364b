// SPDX-License-Identifier: Apache-2.0
#include "entries.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

#include "places.h"

namespace genu::planning {
namespace {

// More cubes than this are a slip in the window or the spacing: a whole leg has fewer at 1 mm.
constexpr double most_cubes = 2e7;
// Most cubes are far from the skin: one question tells it of a block of 4 x 4 x 4 of them.
constexpr std::int64_t block_edge = 4;

/// The cubes of the window along one axis: first, first + 1, ...
struct Range {
  double low = 0.0, high = 0.0;
  std::int64_t first = 0, count = 0;
};

Range range_of(double low, double high, double spacing_mm) {
  const double first = std::floor(low / spacing_mm);
  const double count = std::max(1.0, std::ceil(high / spacing_mm) - first);
  if (!(count <= most_cubes) || !(std::abs(first) < 1e15)) {
    std::ostringstream message;
    message << "cannot seek entries every " << spacing_mm << " mm from " << low << " to " << high << " mm";
    throw InvalidInput(message.str());
  }
  return {low, high, static_cast<std::int64_t>(first), static_cast<std::int64_t>(count)};
}

/// A window, cut into cubes that stand on its origin in the knee's frame.
class Window {
 public:
  Window(const ClearanceField& field, const Point3& origin, const EntryWindow& window, double spacing_mm)
      : field_(field), frame_(field.anatomy().frame), spacing_mm_(spacing_mm) {
    frame_.origin = origin;
    const Vector3 &low = window.min_mm, &high = window.max_mm;
    ranges_ = {range_of(low.x, high.x, spacing_mm), range_of(low.y, high.y, spacing_mm),
               range_of(low.z, high.z, spacing_mm)};
    double cubes = 1.0;
    for (std::size_t a = 0; a < 3; ++a) {
      cubes *= static_cast<double>(ranges_[a].count);
      blocks_[a] = (ranges_[a].count + block_edge - 1) / block_edge;
    }
    if (cubes > most_cubes) {
      std::ostringstream message;
      message << "cannot seek entries every " << spacing_mm << " mm from " << low << " to " << high
              << " mm: that is more than " << most_cubes << " places";
      throw InvalidInput(message.str());
    }
    found_.resize(static_cast<std::size_t>(cubes));
  }

  std::size_t block_count() const { return static_cast<std::size_t>(blocks_[0] * blocks_[1] * blocks_[2]); }

  /// Fills in the entries of one block; different blocks may be sought in by different threads.
  void seek_in_block(std::int64_t block) {
    const std::array<std::int64_t, 3> first{block % blocks_[0] * block_edge,
                                            block / blocks_[0] % blocks_[1] * block_edge,
                                            block / (blocks_[0] * blocks_[1]) * block_edge};
    const double half_edge = 0.5 * static_cast<double>(block_edge);
    const Point3 middle = place({first[0], first[1], first[2]}, half_edge);
    // A little more than half the diagonal, against rounding.
    if (field_.skin()->closest(middle).distance_mm > 1.001 * std::sqrt(3.0) * half_edge * spacing_mm_) return;
    const auto end = [&](std::size_t a) { return std::min(ranges_[a].count, first[a] + block_edge); };
    for (std::int64_t z = first[2]; z < end(2); ++z)
      for (std::int64_t y = first[1]; y < end(1); ++y)
        for (std::int64_t x = first[0]; x < end(0); ++x) seek_in_cube({x, y, z});
  }

  std::vector<Entry> entries() const {
    std::vector<Entry> result;
    for (const auto& entry : found_)
      if (entry) result.push_back(*entry);
    return result;
  }

 private:
  using Cube = std::array<std::int64_t, 3>;

  Point3 place(const Cube& cube, double part) const {
    const auto at = [&](std::size_t a) {
      return (static_cast<double>(ranges_[a].first + cube[a]) + part) * spacing_mm_;
    };
    return frame_.at(at(0), at(1), at(2));
  }

  void seek_in_cube(const Cube& cube) {
    const auto nearest = field_.skin()->closest(place(cube, 0.5));
    const Vector3 v = frame_.coordinates(nearest.point);
    const std::array<double, 3> at{v.x, v.y, v.z};
    for (std::size_t a = 0; a < 3; ++a)
      if (at[a] < ranges_[a].low || at[a] > ranges_[a].high ||
          static_cast<std::int64_t>(std::floor(at[a] / spacing_mm_)) != ranges_[a].first + cube[a])
        return;
    found_[static_cast<std::size_t>(cube[0] + ranges_[0].count * (cube[1] + ranges_[1].count * cube[2]))] =
        Entry{nearest.point, field_.skin_normal(nearest)};
  }

  const ClearanceField& field_;
  KneeFrame frame_;
  double spacing_mm_;
  std::array<Range, 3> ranges_;
  std::array<std::int64_t, 3> blocks_{};
  std::vector<std::optional<Entry>> found_;  // One place a cube.
};

}  // namespace

std::optional<Point3> origin_of(const EntryWindow& window, const Anatomy& anatomy, const Point3& target) {
  switch (window.from) {
    case EntryWindow::From::target:
      return target;
    case EntryWindow::From::joint:
      return anatomy.frame.origin;
    case EntryWindow::From::patella:
      break;
  }
  for (const Structure& s : anatomy.structures)
    if (s.name == "patella") {
      const KneeBox box = box_of(s.surface, anatomy.frame);
      const Vector3 middle = 0.5 * (box.low + box.high);
      return anatomy.frame.at(middle.x, middle.y, middle.z);
    }
  return std::nullopt;
}

std::vector<Entry> find_entries(const ClearanceField& field, const Point3& origin, const EntryWindow& where,
                                double spacing_mm, unsigned threads) {
  Window window(field, origin, where, spacing_mm);
  parallel_for(
      window.block_count(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t b = begin; b < end; ++b) window.seek_in_block(static_cast<std::int64_t>(b));
      },
      threads, 4);
  return window.entries();
}

}  // namespace genu::planning
