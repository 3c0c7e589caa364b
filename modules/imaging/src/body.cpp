// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <vector>

#include <itkRecursiveGaussianImageFilter.h>

#include <genu/bridge/itk.h>
#include <genu/core/error.h>
#include <genu/imaging/body.h>
#include <genu/imaging/check.h>

namespace genu::imaging {
namespace {

using Mask = std::vector<std::uint8_t>;

// Noise of a usable image lies around a hundredth of its brightest tissue; below that the logarithm must not
// spread values any more.
constexpr double log_knee = 0.01;
constexpr std::size_t histogram_bins = 512;
// Air holds noise and ghosts only. Where the darker class is brighter than this part of the other one, both
// are tissue and the field of view holds no air. (Real knees: 0.01; muscle against fat: 0.3 and more.)
constexpr double max_air_to_body = 0.2;

void check_input(const Volume<float>& image, const BodyOptions& options) {
  std::ostringstream problem;
  if (!(options.smoothing_mm >= 0.0) || !std::isfinite(options.smoothing_mm))
    problem << "smoothing_mm is " << options.smoothing_mm;
  else
    problem << image_fault(image);
  if (!problem.str().empty()) throw InvalidInput("cannot find the body in the image: " + problem.str());
}

Volume<float> smoothed(const Volume<float>& image, double sigma_mm) {
  using Image = itk::Image<float, 3>;
  using Gaussian = itk::RecursiveGaussianImageFilter<Image, Image>;
  const Vector3 s = image.geometry().spacing_mm();
  const std::array<double, 3> spacing{s.x, s.y, s.z};
  Image::Pointer current = bridge::view_as_itk(image);
  for (unsigned axis = 0; axis < 3; ++axis) {
    // The recursive filter needs four voxels, and is no Gaussian any more below half a voxel.
    if (sigma_mm < 0.5 * spacing[axis] || image.geometry().size()[axis] < 4) continue;
    auto filter = Gaussian::New();
    filter->SetInput(current);
    filter->SetDirection(axis);
    filter->SetSigma(sigma_mm);
    try {
      filter->Update();
    } catch (const itk::ExceptionObject& error) {
      throw Error(std::string("cannot smooth the image: ") + error.GetDescription());
    }
    current = filter->GetOutput();
    current->DisconnectPipeline();
  }
  return bridge::copy_from_itk(*current);
}

float bright_level(const std::vector<float>& voxels) {
  std::vector<float> copy = voxels;
  const auto place = copy.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(copy.size() - 1));
  std::nth_element(copy.begin(), place, copy.end());
  return *place > 0.0f ? *place : *std::max_element(place, copy.end());
}

// Returns the bin above which Otsu's between-class variance is largest.
std::size_t otsu_bin(const std::vector<double>& histogram) {
  double total = 0.0, moment = 0.0;
  for (std::size_t b = 0; b < histogram.size(); ++b) {
    total += histogram[b];
    moment += static_cast<double>(b) * histogram[b];
  }
  double below = 0.0, below_moment = 0.0, best = -1.0;
  std::size_t first_best = 0, last_best = 0;
  for (std::size_t b = 0; b + 1 < histogram.size(); ++b) {
    below += histogram[b];
    below_moment += static_cast<double>(b) * histogram[b];
    const double above = total - below;
    if (below == 0.0 || above == 0.0) continue;
    const double difference = below_moment / below - (moment - below_moment) / above;
    const double variance = below * above * difference * difference;
    if (variance > best * (1.0 + 1e-12)) {
      best = variance;
      first_best = b;
    }
    if (variance >= best * (1.0 - 1e-12)) last_best = b;
  }
  return (first_best + last_best) / 2;  // The middle of an empty valley between the classes.
}

Mask brighter_than_air(const Volume<float>& image) {
  const auto& voxels = image.voxels();
  const double unit = log_knee * bright_level(voxels);
  if (!(unit > 0.0)) throw InvalidInput("cannot find the body in the image: no voxel is above 0");
  const auto level = [&](float v) { return std::log1p(std::max(0.0, static_cast<double>(v)) / unit); };
  const double top = level(*std::max_element(voxels.begin(), voxels.end()));
  const auto bin = [&](float v) {
    return std::min(histogram_bins - 1, static_cast<std::size_t>(level(v) / top * histogram_bins));
  };
  std::vector<double> histogram(histogram_bins, 0.0);
  Mask mask(voxels.size());
  std::vector<std::uint16_t> bins(voxels.size());
  for (std::size_t v = 0; v < voxels.size(); ++v) {
    bins[v] = static_cast<std::uint16_t>(bin(voxels[v]));
    histogram[bins[v]] += 1.0;
  }
  const std::size_t threshold = otsu_bin(histogram);
  double sum[2] = {0.0, 0.0}, count[2] = {0.0, 0.0};
  for (std::size_t v = 0; v < voxels.size(); ++v) {
    mask[v] = bins[v] > threshold;
    sum[mask[v]] += std::max(0.0, static_cast<double>(voxels[v]));
    count[mask[v]] += 1.0;
  }
  if (count[0] > 0.0 && count[1] > 0.0 && sum[0] / count[0] > max_air_to_body * sum[1] / count[1])
    std::fill(mask.begin(), mask.end(), std::uint8_t{1});
  return mask;
}

// Which of the six neighbours may be walked to: bit a is set if axis a may be.
using Axes = std::array<bool, 3>;

// Marks the connected set of voxels equal to `value` around `seed` with `mark`, and returns its size.
std::size_t flood(const ImageGeometry& grid, Mask& mask, std::size_t seed, std::uint8_t value,
                  std::uint8_t mark, const Axes& axes, std::vector<std::size_t>& open) {
  const std::array<std::size_t, 3> stride{
      1, static_cast<std::size_t>(grid.size()[0]),
      static_cast<std::size_t>(grid.size()[0]) * static_cast<std::size_t>(grid.size()[1])};
  std::size_t count = 0;
  open.assign(1, seed);
  mask[seed] = mark;
  while (!open.empty()) {
    const std::size_t v = open.back();
    open.pop_back();
    ++count;
    for (std::size_t a = 0; a < 3; ++a) {
      if (!axes[a]) continue;
      const auto size = static_cast<std::size_t>(grid.size()[a]);
      const std::size_t place = v / stride[a] % size;
      for (const bool up : {false, true}) {
        if (up ? place + 1 == size : place == 0) continue;
        const std::size_t next = up ? v + stride[a] : v - stride[a];
        if (mask[next] != value) continue;
        mask[next] = mark;
        open.push_back(next);
      }
    }
  }
  return count;
}

void keep_largest_part(const ImageGeometry& grid, Mask& mask) {
  std::vector<std::size_t> open;
  std::size_t best_seed = 0, best_count = 0;
  for (std::size_t v = 0; v < mask.size(); ++v) {
    if (mask[v] != 1) continue;
    const std::size_t count = flood(grid, mask, v, 1, 2, {true, true, true}, open);
    if (count > best_count) {
      best_count = count;
      best_seed = v;
    }
  }
  if (best_count > 0) flood(grid, mask, best_seed, 2, 1, {true, true, true}, open);
  for (auto& v : mask) v = v == 1;
}

// Fills what is 0 and cannot be reached from the border of the grid by walking along `axes`.
void fill_holes(const ImageGeometry& grid, Mask& mask, const Axes& axes) {
  std::vector<std::size_t> open;
  for (std::size_t v = 0; v < mask.size(); ++v) {
    if (mask[v] != 0) continue;
    const VoxelIndex at = grid.index_of(v);
    const std::array<std::int64_t, 3> place{at.i, at.j, at.k};
    bool on_border = false;
    for (std::size_t a = 0; a < 3; ++a)
      on_border = on_border || (axes[a] && (place[a] == 0 || place[a] + 1 == grid.size()[a]));
    if (on_border) flood(grid, mask, v, 0, 2, axes, open);
  }
  for (auto& v : mask) v = v != 2;
}

}  // namespace

Volume<std::uint8_t> find_body(const Volume<float>& image, const BodyOptions& options,
                               const Progress& progress) {
  check_input(image, options);
  progress.report("finding the body", 0.0);
  Mask mask = brighter_than_air(options.smoothing_mm > 0.0 ? smoothed(image, options.smoothing_mm) : image);
  progress.report("finding the body", 0.6);
  auto body = solid_limb({image.geometry(), std::move(mask)});
  progress.report("finding the body", 1.0);
  return body;
}

Volume<std::uint8_t> solid_limb(const Volume<std::uint8_t>& mask) {
  const ImageGeometry& grid = mask.geometry();
  Mask solid(mask.voxels().size());
  for (std::size_t v = 0; v < solid.size(); ++v) solid[v] = mask.voxels()[v] != 0;
  keep_largest_part(grid, solid);
  // Only planes across the limb: a section along it may close around true air, as behind a bent knee.
  Axes across{true, true, true};
  across[axis_along_limb(grid)] = false;
  fill_holes(grid, solid, across);
  fill_holes(grid, solid, {true, true, true});
  return {grid, std::move(solid)};
}

std::size_t axis_along_limb(const ImageGeometry& grid) {
  const auto rise = [&](int axis) { return std::abs(grid.direction().column(axis).z); };
  std::size_t along = 0;
  for (const int a : {1, 2})
    if (rise(a) > rise(static_cast<int>(along))) along = static_cast<std::size_t>(a);
  return along;
}

}  // namespace genu::imaging
