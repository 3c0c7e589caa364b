// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

#include <genu/core/parallel.h>
#include <genu/phantom/scan.h>

#include "contrast.h"
#include "model.h"
#include "require.h"

namespace genu::phantom {
namespace {

/// Returns a number that looks random for every pair: the finaliser of SplitMix64 (Steele, Lea and Flood
/// 2014, OOPSLA, 453) applied to a counter.
std::uint64_t scramble(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// Two independent normal numbers for a voxel (Box and Muller 1958, Annals of Mathematical Statistics
/// 29:610).
std::array<double, 2> normal_pair(std::uint64_t seed, std::uint64_t voxel) {
  const std::uint64_t stream = scramble(seed);
  const auto uniform = [&](std::uint64_t n) {  // in (0, 1)
    return (static_cast<double>(scramble(stream ^ scramble(2 * voxel + n)) >> 11) + 0.5) * 0x1.0p-53;
  };
  const double radius = std::sqrt(-2.0 * std::log(uniform(0)));
  const double angle = 2.0 * M_PI * uniform(1);
  return {radius * std::cos(angle), radius * std::sin(angle)};
}

/// Coil sensitivity, 1 +- the greatest deviation: a smooth wave across the limb, fixed to the knee.
double sensitivity(const Vector3& x, double deviation) {
  constexpr double wave = 2.0 * M_PI / 220.0;  // longer than the limb is wide
  return 1.0 + deviation * (0.45 * std::sin(wave * x.y + 0.4) + 0.25 * std::cos(wave * x.x - 0.5) +
                            0.30 * std::sin(wave * (x.z - 20.0)));
}

/// A block of a lattice: where it starts and how many points it has along each axis.
struct Block {
  std::array<int, 3> first;
  std::array<int, 3> size;
};

/// The lattice of a grid in the model's axes: voxels, or the points within each of them.
class Lattice {
 public:
  Lattice(const Model& model, const ImageGeometry& grid, const std::array<int, 3>& per_voxel)
      : origin_(model.to_model(grid.origin())) {
    const Vector3 spacing = grid.spacing_mm();
    const std::array<double, 3> mm{spacing.x, spacing.y, spacing.z};
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const Vector3 voxel = (mm[axis] / model.options().scale) *
                            model.direction_to_model(grid.direction().column(static_cast<int>(axis)));
      step_[axis] = voxel / per_voxel[axis];
      origin_ += -0.5 * (1.0 - 1.0 / per_voxel[axis]) * voxel;
    }
  }

  Vector3 at(double i, double j, double k) const {
    return origin_ + i * step_[0] + j * step_[1] + k * step_[2];
  }
  /// Returns the centre of a block and the distance of its furthest points from it.
  Vector3 centre(const Block& b) const {
    return at(b.first[0] + 0.5 * (b.size[0] - 1), b.first[1] + 0.5 * (b.size[1] - 1),
              b.first[2] + 0.5 * (b.size[2] - 1));
  }
  double radius(const Block& b, double beyond = 0.0) const {
    double squared = 0.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double half = 0.5 * (b.size[axis] - 1) + beyond;
      squared += half * half * squared_length(step_[axis]);
    }
    return std::sqrt(squared);
  }
  /// Returns the axis along which a block is longest.
  std::size_t longest(const Block& b) const {
    std::size_t best = 0;
    double most = -1.0;
    for (std::size_t axis = 0; axis < 3; ++axis) {
      const double extent = (b.size[axis] > 1 ? b.size[axis] : 0) * length(step_[axis]);
      if (extent > most) {
        most = extent;
        best = axis;
      }
    }
    return best;
  }

 private:
  Vector3 origin_;
  std::array<Vector3, 3> step_;
};

std::array<Block, 2> halves(const Block& b, std::size_t axis) {
  std::array<Block, 2> parts{b, b};
  parts[0].size[axis] = b.size[axis] / 2;
  parts[1].first[axis] = b.first[axis] + parts[0].size[axis];
  parts[1].size[axis] = b.size[axis] - parts[0].size[axis];
  return parts;
}

int material_of(const Spot& spot) {
  return spot.cortical ? cortical_bone : static_cast<int>(spot.tissue);
}

class Scanner {
 public:
  Scanner(const Model& model, const ImageGeometry& grid, const ScanOptions& options)
      : model_(model),
        options_(options),
        per_voxel_(points_per_voxel(grid, options)),
        voxels_(model, grid, {1, 1, 1}),
        points_(model, grid, per_voxel_),
        scan_{Volume<float>(grid), LabelMap(grid)} {
    for (int m = 0; m < material_count; ++m)
      signal_[static_cast<std::size_t>(m)] = brightest_signal * signal(options.contrast, m);
  }

  /// Fills a block of voxels; one that lies in one material is not looked at further.
  void fill(const Block& block) {
    const Spot spot = model_.spot(voxels_.centre(block));
    if (spot.margin > voxels_.radius(block, 0.5)) {
      for_each(block, [&](int i, int j, int k) {
        put(i, j, k, spot.tissue, signal_[static_cast<std::size_t>(material_of(spot))]);
      });
    } else if (block.size == std::array<int, 3>{1, 1, 1}) {
      put(block.first[0], block.first[1], block.first[2], spot.tissue, mean_signal(block.first));
    } else {
      for (const Block& part : halves(block, voxels_.longest(block))) fill(part);
    }
  }

  /// Cuts the grid into blocks of about equal work, some hundredths of a second.
  std::vector<Block> blocks() const {
    constexpr int most_points = 32;
    const GridSize& size = scan_.labels.geometry().size();
    std::array<int, 3> n{}, most{};
    for (std::size_t a = 0; a < 3; ++a) {
      n[a] = static_cast<int>(size[a]);
      most[a] = std::max(1, most_points / per_voxel_[a]);
    }
    std::vector<Block> blocks;
    for (int k = 0; k < n[2]; k += most[2])
      for (int j = 0; j < n[1]; j += most[1])
        for (int i = 0; i < n[0]; i += most[0])
          blocks.push_back(
              {{i, j, k},
               {std::min(most[0], n[0] - i), std::min(most[1], n[1] - j), std::min(most[2], n[2] - k)}});
    return blocks;
  }

  Scan take() && { return std::move(scan_); }

 private:
  static std::array<int, 3> points_per_voxel(const ImageGeometry& grid, const ScanOptions& options) {
    const auto count = [&](double mm) {
      return std::max(1, static_cast<int>(std::ceil(mm * options.samples_per_mm - 1e-9)));
    };
    return {count(grid.spacing_mm().x), count(grid.spacing_mm().y), count(grid.spacing_mm().z)};
  }

  template <typename Visit>
  static void for_each(const Block& b, const Visit& visit) {
    for (int k = b.first[2]; k < b.first[2] + b.size[2]; ++k)
      for (int j = b.first[1]; j < b.first[1] + b.size[1]; ++j)
        for (int i = b.first[0]; i < b.first[0] + b.size[0]; ++i) visit(i, j, k);
  }

  double mean_signal(const std::array<int, 3>& voxel) const {
    const Block points{{voxel[0] * per_voxel_[0], voxel[1] * per_voxel_[1], voxel[2] * per_voxel_[2]},
                       per_voxel_};
    return summed_signal(points) / (per_voxel_[0] * per_voxel_[1] * per_voxel_[2]);
  }

  double summed_signal(const Block& points) const {
    const int count = points.size[0] * points.size[1] * points.size[2];
    double sum = 0.0;
    if (count <= 4) {  // too few to be worth asking whether they are all alike
      for_each(points, [&](int i, int j, int k) {
        sum += signal_[static_cast<std::size_t>(material_of(model_.spot(points_.at(i, j, k))))];
      });
      return sum;
    }
    const Spot spot = model_.spot(points_.centre(points));
    if (spot.margin > points_.radius(points))
      return count * signal_[static_cast<std::size_t>(material_of(spot))];
    for (const Block& part : halves(points, points_.longest(points))) sum += summed_signal(part);
    return sum;
  }

  void put(int i, int j, int k, Tissue tissue, double tissue_signal) {
    const std::size_t voxel = scan_.labels.geometry().offset({i, j, k});
    double real = tissue_signal;
    if (options_.bias_field > 0.0) real *= sensitivity(voxels_.at(i, j, k), options_.bias_field);
    double imaginary = 0.0;
    if (options_.noise_sd > 0.0) {
      const std::array<double, 2> noise = normal_pair(options_.seed, voxel);
      real += brightest_signal * options_.noise_sd * noise[0];
      imaginary = brightest_signal * options_.noise_sd * noise[1];
    }
    scan_.image.voxels()[voxel] = static_cast<float>(std::hypot(real, imaginary));
    scan_.labels.voxels()[voxel] = tissue;
  }

  const Model& model_;
  const ScanOptions& options_;
  std::array<int, 3> per_voxel_;
  Lattice voxels_;
  Lattice points_;
  std::array<double, material_count> signal_{};
  Scan scan_;
};

constexpr const char* scanning = "scanning a phantom knee";

}  // namespace

ImageGeometry sagittal_grid(const Knee& knee, double in_plane_mm, double slice_mm, const FieldOfView& view) {
  require_in(scanning, "in_plane_mm", in_plane_mm, 0.1, 20.0);
  require_in(scanning, "slice_mm", slice_mm, 0.1, 20.0);
  const double scale = knee.options().scale;
  const Vector3 extent = view.extent_mm.value_or(scale * Vector3{138.24, 138.24, 126.0});
  for (const double mm : {extent.x, extent.y, extent.z})
    require_in(scanning, "extent_mm of the field of view", mm, 0.1, 1000.0);
  for (const double mm : {view.offset_mm.x, view.offset_mm.y, view.offset_mm.z})
    require_in(scanning, "offset_mm of the field of view", mm, -1000.0, 1000.0);
  const auto count = [](double extent_mm, double spacing_mm) {
    return std::max<std::int64_t>(1, std::llround(extent_mm / spacing_mm));
  };
  const GridSize size{count(extent.x, in_plane_mm), count(extent.y, in_plane_mm), count(extent.z, slice_mm)};
  // Sagittal slices as scanners order them: rows to the back, columns to the feet, slices to the patient's
  // right, so that the grid is right-handed.
  const KneeFrame& frame = knee.frame();
  const Vector3 right = frame.side == Side::right ? frame.lateral : -frame.lateral;
  const Matrix3 direction = Matrix3::from_columns(-frame.anterior, -frame.proximal, right);
  const Vector3 middle = scale * Vector3{0.0, 1.0, 24.0} + view.offset_mm;
  const auto half = [&](std::size_t axis, double spacing_mm) {
    return 0.5 * static_cast<double>(size[axis] - 1) * spacing_mm;
  };
  const Point3 origin = frame.at(middle.x, middle.y, middle.z) -
                        direction * Vector3{half(0, in_plane_mm), half(1, in_plane_mm), half(2, slice_mm)};
  return {size, origin, {in_plane_mm, in_plane_mm, slice_mm}, direction};
}

Scan scan(const Knee& knee, const ImageGeometry& grid, const ScanOptions& options, const Progress& progress) {
  require_in(scanning, "bias_field", options.bias_field, 0.0, 0.9);
  require_in(scanning, "noise_sd", options.noise_sd, 0.0, 1.0);
  require_in(scanning, "samples_per_mm", options.samples_per_mm, 1, 20);
  Scanner scanner(model_of(knee), grid, options);
  const std::vector<Block> blocks = scanner.blocks();
  // Progress is told from this thread, which fills blocks beside the others.
  const std::thread::id here = std::this_thread::get_id();
  std::atomic<std::size_t> done{0};
  parallel_for(
      blocks.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t b = begin; b < end; ++b) {
          if (std::this_thread::get_id() == here)
            progress.report("Scanning the phantom",
                            static_cast<double>(done) / static_cast<double>(blocks.size()));
          scanner.fill(blocks[b]);
          ++done;
        }
      },
      options.threads, 1);
  progress.report("Scanning the phantom", 1.0);
  return std::move(scanner).take();
}

}  // namespace genu::phantom
