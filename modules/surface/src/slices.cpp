// SPDX-License-Identifier: Apache-2.0
#include "slices.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <genu/core/parallel.h>

namespace genu::surface {
namespace {

constexpr float infinite = std::numeric_limits<float>::infinity();

/// Replaces f(q) by min over p of f(p) + (spacing (p - q))^2: the lower envelope of parabolas (Felzenszwalb &
/// Huttenlocher 2012, Theory of Computing 8:415).
class Envelope {
 public:
  explicit Envelope(std::size_t longest) : place_(longest), begin_(longest + 1), copy_(longest) {}

  void operator()(float* f, std::size_t n, std::size_t stride, double spacing) {
    int top = -1;
    for (std::size_t q = 0; q < n; ++q) {
      copy_[q] = f[q * stride];
      if (copy_[q] == infinite) continue;
      double from = -std::numeric_limits<double>::infinity();
      while (top >= 0) {
        const auto p = place_[static_cast<std::size_t>(top)];
        const double x = static_cast<double>(q), y = static_cast<double>(p);
        from = ((copy_[q] - copy_[p]) / (spacing * spacing) + x * x - y * y) / (2.0 * (x - y));
        if (from > begin_[static_cast<std::size_t>(top)]) break;
        --top;
      }
      if (top < 0) from = -std::numeric_limits<double>::infinity();
      ++top;
      place_[static_cast<std::size_t>(top)] = q;
      begin_[static_cast<std::size_t>(top)] = from;
    }
    if (top < 0) return;
    int at = 0;
    for (std::size_t q = 0; q < n; ++q) {
      while (at < top && begin_[static_cast<std::size_t>(at) + 1] < static_cast<double>(q)) ++at;
      const auto p = place_[static_cast<std::size_t>(at)];
      const double d = spacing * (static_cast<double>(q) - static_cast<double>(p));
      f[q * stride] = static_cast<float>(copy_[p] + d * d);
    }
  }

 private:
  std::vector<std::size_t> place_;
  std::vector<double> begin_;
  std::vector<float> copy_;
};

/// The signed distance to the outline in each slice, mm, positive inside.
struct Distances {
  std::vector<float> value;    ///< Slice after slice.
  std::vector<float> deepest;  ///< The largest value of a slice; 0 where it holds nothing.
};

struct Layout {
  std::int64_t width, height, count;    ///< Pixels of a slice, slices.
  std::int64_t step_x, step_y, step_z;  ///< In the mask's memory.
  double pixel_x, pixel_y, thickness;
};

Layout layout_of(const Slices& s) {
  const std::int64_t step[3] = {1, s.size[0], s.size[0] * s.size[1]};
  const double spacing[3] = {s.spacing_mm.x, s.spacing_mm.y, s.spacing_mm.z};
  const int z = s.slicing.axis, x = z == 0 ? 1 : 0, y = z == 2 ? 1 : 2;
  return {s.size[x], s.size[y], s.size[z], step[x], step[y], step[z], spacing[x], spacing[y], spacing[z]};
}

Distances distances_of(const std::vector<std::uint8_t>& mask, const Layout& l, unsigned threads) {
  const auto pixels = static_cast<std::size_t>(l.width * l.height);
  Distances result{std::vector<float>(pixels * static_cast<std::size_t>(l.count)),
                   std::vector<float>(static_cast<std::size_t>(l.count), 0.0f)};
  // An outline passes half a pixel from the last pixel inside of it.
  const auto half = static_cast<float>(0.25 * (l.pixel_x + l.pixel_y));
  // What ends between two slices ends half way, not nearly at once because the next outline is far off.
  const auto most = static_cast<float>(l.thickness);
  parallel_for(
      static_cast<std::size_t>(l.count),
      [&](std::size_t begin, std::size_t end) {
        Envelope envelope(static_cast<std::size_t>(std::max(l.width, l.height)));
        std::vector<float> to_inside(pixels), to_outside(pixels);
        for (std::size_t k = begin; k < end; ++k) {
          std::size_t n = 0;
          for (std::int64_t y = 0; y < l.height; ++y)
            for (std::int64_t x = 0; x < l.width; ++x, ++n) {
              const bool in = mask[static_cast<std::size_t>(x * l.step_x + y * l.step_y +
                                                            static_cast<std::int64_t>(k) * l.step_z)];
              to_inside[n] = in ? 0.0f : infinite;
              to_outside[n] = in ? infinite : 0.0f;
            }
          const auto w = static_cast<std::size_t>(l.width), h = static_cast<std::size_t>(l.height);
          for (auto* field : {&to_inside, &to_outside}) {
            for (std::size_t y = 0; y < h; ++y) envelope(field->data() + y * w, w, 1, l.pixel_x);
            for (std::size_t x = 0; x < w; ++x) envelope(field->data() + x, h, w, l.pixel_y);
          }
          float* value = result.value.data() + k * pixels;
          for (n = 0; n < pixels; ++n) {
            value[n] = to_inside[n] > 0.0f ? half - std::sqrt(to_inside[n]) : std::sqrt(to_outside[n]) - half;
            value[n] = std::clamp(value[n], -most, most);
            result.deepest[k] = std::max(result.deepest[k], value[n]);
          }
        }
      },
      threads, 1);
  return result;
}

/// What the four slices around a place weigh in it.
struct Blend {
  std::int64_t slice[4];
  float weight[4];
};

/// Catmull and Rom's cubic where all four slices hold something: straight lines between slices would cut off
/// what bulges. Next to an empty slice, the middle two.
Blend blend_at(double place, const Distances& d, std::int64_t first, std::int64_t last) {
  const auto k = static_cast<std::int64_t>(std::floor(place));
  const double t = place - static_cast<double>(k);
  Blend blend{};
  bool all = true;
  for (int n = 0; n < 4; ++n) {
    blend.slice[n] = std::clamp(k - 1 + n, first, last);
    all = all && d.deepest[static_cast<std::size_t>(blend.slice[n])] > 0.0f;
  }
  const double cubic[4] = {-0.5 * t + t * t - 0.5 * t * t * t, 1.0 - 2.5 * t * t + 1.5 * t * t * t,
                           0.5 * t + 2.0 * t * t - 1.5 * t * t * t, -0.5 * t * t + 0.5 * t * t * t};
  const double linear[4] = {0.0, 1.0 - t, t, 0.0};
  for (int n = 0; n < 4; ++n) blend.weight[n] = static_cast<float>(all ? cubic[n] : linear[n]);
  return blend;
}

}  // namespace

Slicing slicing_for(const Vector3& spacing_mm) {
  const double s[3] = {spacing_mm.x, spacing_mm.y, spacing_mm.z};
  const int axis = static_cast<int>(std::max_element(s, s + 3) - s);
  const double pixel = std::max(s[(axis + 1) % 3], s[(axis + 2) % 3]);
  // Where slices are about as thin as pixels are wide, smoothing alone does; 0.7 mm is the usual thin slice.
  constexpr double thin_mm = 0.7, thick_mm = 1.0;
  if (s[axis] <= thick_mm || s[axis] < 2.0 * pixel) return {axis, 1};
  return {axis, std::max(2, static_cast<int>(std::lround(s[axis] / std::max(thin_mm, pixel))))};
}

std::vector<float> divided(const std::vector<std::uint8_t>& mask, const Slices& slices, unsigned threads) {
  const Layout l = layout_of(slices);
  const Distances d = distances_of(mask, l, threads);
  const int parts = slices.slicing.parts;
  Rows size = slices.size;
  size[slices.slicing.axis] *= parts;
  const std::int64_t step[3] = {1, size[0], size[0] * size[1]};
  const int z = slices.slicing.axis;
  const std::int64_t step_x = step[z == 0 ? 1 : 0], step_y = step[z == 2 ? 1 : 2];
  const std::int64_t first = std::max<std::int64_t>(0, slices.first_real),
                     last = std::min(l.count - 1, slices.last_real);
  const auto pixels = static_cast<std::size_t>(l.width * l.height);
  std::vector<float> result(mask.size() * static_cast<std::size_t>(parts), 0.0f);
  const auto per_mm = static_cast<float>(2.0 / (l.pixel_x + l.pixel_y));
  parallel_for(
      static_cast<std::size_t>((last - first + 1) * parts),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
          const std::int64_t thin = first * parts + static_cast<std::int64_t>(n);
          const Blend blend = blend_at((static_cast<double>(thin) + 0.5) / parts - 0.5, d, first, last);
          const float* value[4];
          float absent[4];
          for (int b = 0; b < 4; ++b) {
            const auto k = static_cast<std::size_t>(blend.slice[b]);
            value[b] = d.deepest[k] > 0.0f ? d.value.data() + k * pixels : nullptr;
            // An empty slice ends its neighbour half way between them, first at the outline.
            absent[b] = -d.deepest[static_cast<std::size_t>(blend.slice[b == 1 ? 2 : 1])];
          }
          if (!value[1] && !value[2]) continue;
          std::size_t pixel = 0;
          for (std::int64_t y = 0; y < l.height; ++y)
            for (std::int64_t x = 0; x < l.width; ++x, ++pixel) {
              float sum = 0.0f;
              for (int b = 0; b < 4; ++b)
                sum += blend.weight[b] == 0.0f ? 0.0f
                                               : blend.weight[b] * (value[b] ? value[b][pixel] : absent[b]);
              result[static_cast<std::size_t>(x * step_x + y * step_y + thin * step[z])] =
                  std::clamp(0.5f + per_mm * sum, 0.0f, 1.0f);
            }
        }
      },
      threads, 1);
  return result;
}

}  // namespace genu::surface
