// SPDX-License-Identifier: Apache-2.0
#include "sagittal.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

namespace genu::segmentation {
namespace {

// Slices nearer to each other than this are merged: the network was shown 0.5 mm and more.
constexpr double least_slice_mm = 0.5;
constexpr double merged_slice_mm = 1.0;
constexpr double white_quantile = 0.995;
// Two legs from hip to foot; beyond it a spacing is not in mm.
constexpr double most_extent_mm = 1200.0;

/// What makes one value of a line of another length: weights of neighbouring values.
struct Taps {
  std::int64_t first = 0;
  std::vector<float> weights;
};

/// Linear interpolation, widened where the line gets shorter, so that nothing is skipped.
std::vector<Taps> taps_between(std::int64_t from, std::int64_t to) {
  const double step = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(1.0, step);
  std::vector<Taps> taps(static_cast<std::size_t>(to));
  for (std::int64_t t = 0; t < to; ++t) {
    const double centre = (static_cast<double>(t) + 0.5) * step - 0.5;
    const auto first = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil(centre - reach)));
    const auto last = std::min<std::int64_t>(from - 1, static_cast<std::int64_t>(std::floor(centre + reach)));
    Taps& own = taps[static_cast<std::size_t>(t)];
    own.first = first;
    double sum = 0.0;
    for (std::int64_t f = first; f <= last; ++f)
      sum += std::max(0.0, 1.0 - std::abs(static_cast<double>(f) - centre) / reach);
    for (std::int64_t f = first; f <= last; ++f)
      own.weights.push_back(
          static_cast<float>(std::max(0.0, 1.0 - std::abs(static_cast<double>(f) - centre) / reach) / sum));
  }
  return taps;
}

/// Returns the stack with another number of values along one axis.
Stack resized(const Stack& from, std::size_t axis, std::int64_t count, unsigned threads) {
  if (from.size[axis] == count) return from;
  Stack to;
  to.size = from.size;
  to.size[axis] = count;
  const auto inner = static_cast<std::size_t>(axis == 0   ? from.size[1] * from.size[2]
                                              : axis == 1 ? from.size[2]
                                                          : 1);
  const auto outer = static_cast<std::size_t>(axis == 0   ? 1
                                              : axis == 1 ? from.size[0]
                                                          : from.size[0] * from.size[1]);
  to.values.resize(outer * static_cast<std::size_t>(count) * inner);
  const std::vector<Taps> taps = taps_between(from.size[axis], count);
  const auto old_count = static_cast<std::size_t>(from.size[axis]);
  parallel_for(
      outer * taps.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t line = begin; line < end; ++line) {
          const Taps& own = taps[line % taps.size()];
          const float* in = from.values.data() +
                            ((line / taps.size()) * old_count + static_cast<std::size_t>(own.first)) * inner;
          float* out = to.values.data() + line * inner;
          std::fill(out, out + inner, 0.0F);
          for (std::size_t w = 0; w < own.weights.size(); ++w)
            for (std::size_t i = 0; i < inner; ++i) out[i] += own.weights[w] * in[w * inner + i];
        }
      },
      threads, 1024);
  return to;
}

/// The values that become 0 and 1.
struct Range {
  float black = 0.0F;
  float white = 1.0F;
};

Range range_of(const std::vector<float>& voxels) {
  std::vector<float> values = voxels;
  const auto quantile = [&](double part) {
    const auto at = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
  };
  Range range;
  range.white = quantile(white_quantile);
  // MRI begins at 0; what was normalised or has an intercept below it begins lower.
  range.black = std::min(0.0F, quantile(1.0 - white_quantile));
  range.white = std::max(range.white, range.black + 1e-6F);
  return range;
}

}  // namespace

SagittalView sagittal_view(const ImageGeometry& grid) {
  SagittalView view;
  // Along slices, rows, columns: right to left (+x), superior to inferior (-z), anterior to posterior (+y).
  const std::array<Vector3, 3> wanted{Vector3{1, 0, 0}, Vector3{0, 0, -1}, Vector3{0, 1, 0}};
  // The assignment of axes whose directions fit best, all three together.
  constexpr std::array<std::array<std::size_t, 3>, 6> orders{
      {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}}};
  double best = -1.0;
  for (const auto& order : orders) {
    double fit = 0.0;
    for (std::size_t a = 0; a < 3; ++a)
      fit += std::abs(dot(wanted[a], grid.direction().column(static_cast<int>(order[a]))));
    if (fit > best) {
      best = fit;
      view.axis = order;
    }
  }
  const Vector3 s = grid.spacing_mm();
  const std::array<double, 3> spacing{s.x, s.y, s.z};
  for (std::size_t a = 0; a < 3; ++a) {
    view.flipped[a] = dot(wanted[a], grid.direction().column(static_cast<int>(view.axis[a]))) < 0.0;
    view.size[a] = grid.size()[view.axis[a]];
    const double extent_mm = static_cast<double>(view.size[a]) * spacing[view.axis[a]];
    if (extent_mm > most_extent_mm) {
      std::ostringstream message;
      message << "the image is " << extent_mm << " mm long (" << view.size[a] << " voxels of "
              << spacing[view.axis[a]] << " mm), too long for a knee's; is its spacing in mm?";
      throw InvalidInput(message.str());
    }
    view.stack_size[a] = std::max<std::int64_t>(1, std::llround(extent_mm / pixel_mm));
  }
  view.slice_mm = spacing[view.axis[0]];
  view.stack_size[0] = view.size[0];
  if (view.slice_mm < least_slice_mm) {
    view.stack_size[0] = std::max<std::int64_t>(
        1, std::llround(static_cast<double>(view.size[0]) * view.slice_mm / merged_slice_mm));
    view.slice_mm *= static_cast<double>(view.size[0]) / static_cast<double>(view.stack_size[0]);
  }
  return view;
}

Stack sagittal_stack(const Volume<float>& image, const SagittalView& view, unsigned threads) {
  const Range range = range_of(image.voxels());
  const float scale = 1.0F / (range.white - range.black);
  const GridSize& size = image.geometry().size();
  const std::array<std::int64_t, 3> stride{1, size[0], size[0] * size[1]};
  std::array<std::int64_t, 3> step{};
  std::int64_t first = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    step[a] = stride[view.axis[a]];
    if (!view.flipped[a]) continue;
    first += (view.size[a] - 1) * step[a];
    step[a] = -step[a];
  }
  Stack stack;
  stack.size = view.size;
  stack.values.resize(image.voxels().size());
  const auto columns = static_cast<std::size_t>(view.size[2]);
  parallel_for(
      stack.values.size() / columns,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t line = begin; line < end; ++line) {
          const auto s = static_cast<std::int64_t>(line) / view.size[1],
                     r = static_cast<std::int64_t>(line) % view.size[1];
          std::int64_t at = first + s * step[0] + r * step[1];
          for (std::size_t c = 0; c < columns; ++c, at += step[2])
            stack.values[line * columns + c] =
                scale * (image.voxels()[static_cast<std::size_t>(at)] - range.black);
        }
      },
      threads, 64);
  for (const std::size_t axis : std::array<std::size_t, 3>{2, 1, 0})
    stack = resized(stack, axis, view.stack_size[axis], threads);
  for (float& value : stack.values)
    value = std::clamp(value, 0.0F, 1.0F);  // as training/synthesis.py does, last
  return stack;
}

}  // namespace genu::segmentation
