// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/ultrasound/reconstruct.h>

#include "picture_poses.h"

namespace genu::ultrasound {
namespace {

// Their values, coverage and a copy of it take 1.5 GiB; a knee at 0.2 mm has half as many.
constexpr double most_voxels = 1 << 28;

/// A picture and the way of its pixels to the frame of the volume.
struct Slice {
  Frame grey;
  AffineTransform to_from_image;
};

/// The part of a picture that is used: x from `left` up to but not with `right`.
struct Clip {
  int left, top, right, bottom;
};

Clip clip_of(const Frame& frame, const ReconstructionOptions& options) {
  if (!options.clip) return {0, 0, frame.width, frame.height};
  const auto& c = *options.clip;
  const auto end_of = [](int begin, int count, int size) {
    const std::int64_t end = std::int64_t{begin} + count;
    return static_cast<int>(std::clamp<std::int64_t>(end, 0, size));
  };
  const Clip clip{std::clamp(c[0], 0, frame.width), std::clamp(c[1], 0, frame.height),
                  end_of(c[0], c[2], frame.width), end_of(c[1], c[3], frame.height)};
  if (clip.right - clip.left < 2 || clip.bottom - clip.top < 2)
    throw InvalidInput("reconstructing a volume: the clip of " + std::to_string(c[2]) + " x " +
                       std::to_string(c[3]) + " pixels from " + std::to_string(c[0]) + ", " +
                       std::to_string(c[1]) + " leaves nothing of pictures of " +
                       std::to_string(frame.width) + " x " + std::to_string(frame.height));
  return clip;
}

ImageGeometry grid_about(const std::vector<Slice>& slices, const Clip& clip, double spacing_mm) {
  if (!(spacing_mm > 0.0) || !std::isfinite(spacing_mm))
    throw InvalidInput("reconstructing a volume: the spacing is " + fixed(spacing_mm, 3) + " mm");
  constexpr double inf = std::numeric_limits<double>::infinity();
  Point3 low{inf, inf, inf}, high{-inf, -inf, -inf};
  for (const Slice& slice : slices)
    for (const double x : {clip.left + 0.0, clip.right - 1.0})
      for (const double y : {clip.top + 0.0, clip.bottom - 1.0}) {
        const Point3 p = slice.to_from_image(Point3{x, y, 0.0});
        low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
      }
  const Vector3 extent = (high - low) / spacing_mm;
  const double voxels = (std::ceil(extent.x) + 1) * (std::ceil(extent.y) + 1) * (std::ceil(extent.z) + 1);
  if (!(voxels <= most_voxels))
    throw InvalidInput("reconstructing a volume: " + fixed(extent.x, 0) + " x " + fixed(extent.y, 0) + " x " +
                       fixed(extent.z, 0) + " voxels of " + fixed(spacing_mm, 2) +
                       " mm are too many; a pose may be far off, or the spacing too small");
  const auto count = [](double e) { return static_cast<std::int64_t>(std::ceil(e)) + 1; };
  return {{count(extent.x), count(extent.y), count(extent.z)}, low, {spacing_mm, spacing_mm, spacing_mm}};
}

const ImageGeometry& sized(const ImageGeometry& grid) {
  const GridSize& n = grid.size();
  const double voxels = static_cast<double>(n[0]) * static_cast<double>(n[1]) * static_cast<double>(n[2]);
  if (!(voxels <= most_voxels))
    throw InvalidInput("reconstructing a volume: the grid of " + std::to_string(n[0]) + " x " +
                       std::to_string(n[1]) + " x " + std::to_string(n[2]) + " voxels is too large");
  return grid;
}

/// Where pixel (0, 0) falls among the voxels, and the steps along a row and down a column.
struct Walk {
  ContinuousIndex origin, across, down;
};

Walk walk_of(const Slice& slice, const ImageGeometry& grid) {
  const auto at = [&](double x, double y) { return grid.to_index(slice.to_from_image(Point3{x, y, 0.0})); };
  const ContinuousIndex o = at(0, 0), x = at(1, 0), y = at(0, 1);
  return {o, {x.i - o.i, x.j - o.j, x.k - o.k}, {y.i - o.i, y.j - o.j, y.k - o.k}};
}

/// Returns the x from `begin` up to but not with `end` for which a + x b lies in (low, high).
std::pair<int, int> within(double a, double b, double low, double high, int begin, int end) {
  if (std::abs(b) < 1e-12) return a > low && a < high ? std::pair(begin, end) : std::pair(begin, begin);
  double first = (low - a) / b, last = (high - a) / b;
  if (first > last) std::swap(first, last);
  const double from = std::max<double>(begin, std::floor(first)),
               to = std::min<double>(end, std::ceil(last) + 1);
  return from < to ? std::pair(static_cast<int>(from), static_cast<int>(to)) : std::pair(begin, begin);
}

/// Slices k of the volume, filled by one thread in the order of the pictures, so that sums do not depend on
/// how many there are.
class Slab {
 public:
  Slab(const ImageGeometry& grid, std::int64_t first, std::int64_t last, Compounding compounding)
      : size_(grid.size()), first_(first), last_(last), compounding_(compounding) {
    const auto voxels = static_cast<std::size_t>(size_[0] * size_[1] * (last - first));
    value_.resize(voxels, 0.0F);
    weight_.resize(voxels, 0.0F);
  }

  void add(const Slice& slice, const Walk& walk, const Clip& clip) {
    for (int y = clip.top; y < clip.bottom; ++y) {
      const ContinuousIndex row{walk.origin.i + y * walk.down.i, walk.origin.j + y * walk.down.j,
                                walk.origin.k + y * walk.down.k};
      auto [begin, end] = within(row.k, walk.across.k, static_cast<double>(first_) - 1.0,
                                 static_cast<double>(last_), clip.left, clip.right);
      const std::uint8_t* pixels =
          slice.grey.pixels.data() + static_cast<std::ptrdiff_t>(y) * slice.grey.width;
      for (int x = begin; x < end; ++x)
        spread(row.i + x * walk.across.i, row.j + x * walk.across.j, row.k + x * walk.across.k, pixels[x]);
    }
  }

  /// Puts the values of the slab into the volume.
  void put(Reconstruction& result) const {
    const auto offset = static_cast<std::size_t>(size_[0] * size_[1] * first_);
    for (std::size_t v = 0; v < value_.size(); ++v) {
      // Less than this a voxel was brushed by the rim of a pixel.
      constexpr float least_weight = 1e-3F;
      if (weight_[v] < least_weight) continue;
      result.coverage.voxels()[offset + v] = 1;
      result.volume.voxels()[offset + v] =
          compounding_ == Compounding::mean ? value_[v] / weight_[v] : value_[v];
    }
  }

 private:
  void spread(double i, double j, double k, std::uint8_t pixel) {
    const double fi = std::floor(i), fj = std::floor(j), fk = std::floor(k);
    // Asked of doubles: far off, an index is no integer.
    if (!(fi >= -1.0 && fj >= -1.0 && fi < static_cast<double>(size_[0]) &&
          fj < static_cast<double>(size_[1])))
      return;
    if (compounding_ != Compounding::mean) return put_into_nearest(i, j, k, pixel);
    const auto ii = static_cast<std::int64_t>(fi), jj = static_cast<std::int64_t>(fj),
               kk = static_cast<std::int64_t>(fk);
    const auto a = static_cast<float>(i - fi), b = static_cast<float>(j - fj), c = static_cast<float>(k - fk);
    for (int dk = 0; dk < 2; ++dk)
      for (int dj = 0; dj < 2; ++dj)
        for (int di = 0; di < 2; ++di) {
          const auto v = voxel(ii + di, jj + dj, kk + dk);
          if (!v) continue;
          const float weight = (di ? a : 1 - a) * (dj ? b : 1 - b) * (dk ? c : 1 - c);
          value_[*v] += weight * static_cast<float>(pixel);
          weight_[*v] += weight;
        }
  }

  void put_into_nearest(double i, double j, double k, std::uint8_t pixel) {
    const auto nearest = [](double x) { return static_cast<std::int64_t>(std::floor(x + 0.5)); };
    const auto v = voxel(nearest(i), nearest(j), nearest(k));
    if (!v) return;
    const auto value = static_cast<float>(pixel);
    value_[*v] = compounding_ == Compounding::maximum ? std::max(value_[*v], value) : value;
    weight_[*v] = 1.0F;
  }

  /// Returns where the slab holds a voxel, or nothing.
  std::optional<std::size_t> voxel(std::int64_t x, std::int64_t y, std::int64_t z) const {
    if (x < 0 || y < 0 || z < first_ || x >= size_[0] || y >= size_[1] || z >= last_) return std::nullopt;
    return static_cast<std::size_t>(x + size_[0] * (y + size_[1] * (z - first_)));
  }

  GridSize size_;
  std::int64_t first_, last_;
  Compounding compounding_;
  std::vector<float> value_, weight_;
};

/// The thirteen lines through a voxel and its neighbours.
std::vector<VoxelIndex> lines() {
  std::vector<VoxelIndex> result;
  for (std::int64_t k = 0; k <= 1; ++k)
    for (std::int64_t j = -1; j <= 1; ++j)
      for (std::int64_t i = -1; i <= 1; ++i)
        if (k > 0 || j > 0 || (j == 0 && i > 0)) result.push_back({i, j, k});
  return result;
}

/// Fills voxels between seen ones.
class Gaps {
 public:
  Gaps(const Volume<float>& volume, const Volume<std::uint8_t>& seen, double max_gap_mm)
      : volume_(volume), seen_(seen), max_gap_mm_(max_gap_mm) {
    const Vector3 s = volume.geometry().spacing_mm();
    for (const VoxelIndex& step : lines())
      lines_.push_back({step, std::hypot(static_cast<double>(step.i) * s.x, static_cast<double>(step.j) * s.y,
                                         static_cast<double>(step.k) * s.z)});
  }

  /// Returns what lies between seen voxels at a place, or nothing.
  std::optional<float> at(const VoxelIndex& v) const {
    double shortest = std::numeric_limits<double>::infinity();
    std::optional<float> best;
    for (const auto& [step, length_mm] : lines_) {
      constexpr double beyond_any_grid = 1e6;
      const int most = static_cast<int>(std::min(max_gap_mm_ / length_mm + 1e-9, beyond_any_grid));
      const int ahead = first_seen(v, step, 1, most - 1);
      if (ahead == 0) continue;
      const int behind = first_seen(v, step, -1, most - ahead);
      if (behind == 0 || (ahead + behind) * length_mm >= shortest) continue;
      shortest = (ahead + behind) * length_mm;
      const auto part = static_cast<float>(behind) / static_cast<float>(ahead + behind);
      best = std::lerp(volume_[moved(v, step, -behind)], volume_[moved(v, step, ahead)], part);
    }
    return best;
  }

 private:
  struct Line {
    VoxelIndex step;
    double length_mm;
  };

  static VoxelIndex moved(const VoxelIndex& v, const VoxelIndex& step, int n) {
    return {v.i + n * step.i, v.j + n * step.j, v.k + n * step.k};
  }

  /// Returns how many steps away the first seen voxel is, or 0 if there is none in reach.
  int first_seen(const VoxelIndex& v, const VoxelIndex& step, int sign, int most) const {
    for (int n = 1; n <= most; ++n) {
      const VoxelIndex at = moved(v, step, sign * n);
      if (!seen_.geometry().contains(at)) return 0;
      if (seen_[at] == 1) return n;
    }
    return 0;
  }

  const Volume<float>& volume_;
  const Volume<std::uint8_t>& seen_;
  double max_gap_mm_;
  std::vector<Line> lines_;
};

void fill_gaps(Reconstruction& result, const ReconstructionOptions& options) {
  const ImageGeometry& grid = result.volume.geometry();
  // What was seen is read only, what was not is written only: the values need no copy beside them.
  const Volume<std::uint8_t> seen = result.coverage;
  const Gaps gaps(result.volume, seen, options.max_gap_mm);
  const auto slice = static_cast<std::size_t>(grid.size()[0] * grid.size()[1]);
  parallel_for(
      static_cast<std::size_t>(grid.size()[2]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t v = begin * slice; v < end * slice; ++v) {
          if (seen.voxels()[v] != 0) continue;
          if (const auto value = gaps.at(grid.index_of(v))) {
            result.volume.voxels()[v] = *value;
            result.coverage.voxels()[v] = 2;
          }
        }
      },
      options.threads, 1);
}

std::vector<Slice> slices_of(const TrackedSequence& sweep, const CoordinateFrames& always,
                             std::string_view to, Reconstruction& result) {
  std::vector<Slice> slices;
  const auto poses = picture_poses(sweep, always, to);
  for (std::size_t f = 0; f < poses.size(); ++f) {
    const TrackedFrame& frame = sweep.frames[f];
    if (!frame.shows_image()) {
      ++result.without_image;
      continue;
    }
    if (!poses[f]) {
      ++result.without_pose;
      continue;
    }
    if (!slices.empty() &&
        (frame.image.width != slices.front().grey.width || frame.image.height != slices.front().grey.height))
      throw InvalidInput("reconstructing a volume: pictures differ in size");
    slices.push_back({as_grey(frame.image), *poses[f]});
  }
  result.frames_used = slices.size();
  if (slices.empty())
    throw InvalidInput("reconstructing a volume: of " + std::to_string(sweep.frames.size()) + " pictures " +
                       std::to_string(result.without_image) + " show nothing and " +
                       std::to_string(result.without_pose) + " have no sound chain of poses from Image to " +
                       std::string(to));
  return slices;
}

}  // namespace

Reconstruction reconstruct(const TrackedSequence& sweep, const CoordinateFrames& always, std::string_view to,
                           const ReconstructionOptions& options, const Progress& progress) {
  if (!(options.max_gap_mm >= 0.0))
    throw InvalidInput("reconstructing a volume: the greatest gap to fill is " +
                       std::to_string(options.max_gap_mm) + " mm");
  Reconstruction result;
  const std::vector<Slice> slices = slices_of(sweep, always, to, result);
  const Clip clip = clip_of(slices.front().grey, options);
  const ImageGeometry grid =
      options.grid ? sized(*options.grid) : grid_about(slices, clip, options.spacing_mm);
  result.volume = Volume<float>(grid);
  result.coverage = Volume<std::uint8_t>(grid);
  std::vector<Walk> walks;
  walks.reserve(slices.size());
  for (const Slice& slice : slices) walks.push_back(walk_of(slice, grid));
  progress.report("compounding", 0.0);
  // Thin slabs keep all cores busy however the sweep lies; thinner ones would visit pixels twice too often.
  constexpr std::size_t slab = 8;
  parallel_for(
      static_cast<std::size_t>(grid.size()[2]),
      [&](std::size_t begin, std::size_t end) {
        Slab part(grid, static_cast<std::int64_t>(begin), static_cast<std::int64_t>(end),
                  options.compounding);
        for (std::size_t n = 0; n < slices.size(); ++n) {
          progress.check();
          part.add(slices[n], walks[n], clip);
        }
        part.put(result);
      },
      options.threads, slab);
  progress.report("filling gaps", 0.8);
  if (options.max_gap_mm > 0.0) fill_gaps(result, options);
  progress.report("done", 1.0);
  return result;
}

}  // namespace genu::ultrasound
