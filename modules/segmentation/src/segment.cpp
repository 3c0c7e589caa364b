// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/imaging/check.h>
#include <genu/segmentation/segment.h>

#include "quality.h"

namespace genu::segmentation {
namespace {

struct Centre {
  double slice = 0.0;
  double places = 0.0;
};

Centre centre_of(const StackLabels& labels, const std::array<std::int64_t, 3>& size, Class what) {
  const auto pixels = static_cast<std::size_t>(size[1] * size[2]);
  Centre centre;
  for (std::size_t p = 0; p < labels.size(); ++p)
    if (labels[p] == what) {
      const std::size_t slice = p / pixels;
      centre.slice += static_cast<double>(slice);
      centre.places += 1.0;
    }
  centre.slice /= centre.places;
  return centre;
}

/// The fibula is lateral; slices run from the patient's right to the left.
std::optional<Side> side_by_fibula(const StackLabels& labels, const std::array<std::int64_t, 3>& size,
                                   double voxel_mm3) {
  constexpr double least_fibula_mm3 = 500.0;  // less could be anything
  const Centre fibula = centre_of(labels, size, Class::fibula), tibia = centre_of(labels, size, Class::tibia);
  if (fibula.places * voxel_mm3 < least_fibula_mm3 || tibia.places == 0.0) return std::nullopt;
  return fibula.slice < tibia.slice ? Side::right : Side::left;
}

Point3 middle_of(const ImageGeometry& grid) {
  const GridSize& n = grid.size();
  return grid.to_patient(ContinuousIndex{0.5 * static_cast<double>(n[0] - 1),
                                         0.5 * static_cast<double>(n[1] - 1),
                                         0.5 * static_cast<double>(n[2] - 1)});
}

/// Where a voxel of the grid lies between two places of the stack, along one axis.
struct Between {
  std::int64_t low = 0;
  float share = 0.0F;  ///< Of the next place.
};

std::vector<Between> between(std::int64_t from, std::int64_t to, bool flipped) {
  std::vector<Between> result(static_cast<std::size_t>(from));
  for (std::int64_t i = 0; i < from; ++i) {
    const std::int64_t along = flipped ? from - 1 - i : i;
    const double at = std::clamp(
        (static_cast<double>(along) + 0.5) * static_cast<double>(to) / static_cast<double>(from) - 0.5, 0.0,
        static_cast<double>(to - 1));
    const auto low = std::min<std::int64_t>(static_cast<std::int64_t>(at), std::max<std::int64_t>(0, to - 2));
    result[static_cast<std::size_t>(i)] = {
        low, to == 1 ? 0.0F : static_cast<float>(at - static_cast<double>(low))};
  }
  return result;
}

/// Calls `take` with weight, slice and pixel of each place of the stack around one between them.
template <typename Take>
void for_each_corner(const std::array<Between, 3>& at, std::size_t columns, const Take& take) {
  const auto& [s, r, c] = at;
  for (int corner = 0; corner < 8; ++corner) {
    const bool ds = (corner & 4) != 0, dr = (corner & 2) != 0, dc = (corner & 1) != 0;
    const float weight =
        (ds ? s.share : 1.0F - s.share) * (dr ? r.share : 1.0F - r.share) * (dc ? c.share : 1.0F - c.share);
    if (weight == 0.0F) continue;
    take(weight, s.low + (ds ? 1 : 0),
         static_cast<std::size_t>(r.low + (dr ? 1 : 0)) * columns +
             static_cast<std::size_t>(c.low + (dc ? 1 : 0)));
  }
}

/// The most probable class at any place between those of the stack.
class Interpolation {
 public:
  Interpolation(const Probabilities& probabilities, const StackLabels& labels)
      : probabilities_(probabilities),
        labels_(labels),
        pixels_(probabilities.slice_pixels()),
        columns_(static_cast<std::size_t>(probabilities.size[2])) {}

  Class at(const std::array<Between, 3>& place) const {
    std::array<float, 8> weight{};
    std::array<std::size_t, 8> pixel{};
    std::array<std::int64_t, 8> slice{};
    std::array<bool, class_count> is_at_corner{};
    std::size_t corners = 0;
    bool alike = true;
    Class first{};
    for_each_corner(place, columns_, [&](float w, std::int64_t s, std::size_t p) {
      weight[corners] = w;
      slice[corners] = s;
      pixel[corners] = p;
      const Class own = labels_[static_cast<std::size_t>(s) * pixels_ + p];
      is_at_corner[static_cast<std::size_t>(own)] = true;
      if (corners == 0)
        first = own;
      else
        alike = alike && own == first;
      ++corners;
    });
    if (alike) return first;
    // Only what lies at a corner: what is second everywhere around would be an island.
    float best = -1.0F;
    Class result = first;
    for (std::size_t k = 0; k < class_count; ++k) {
      if (!is_at_corner[k]) continue;
      float sum = 0.0F;
      for (std::size_t n = 0; n < corners; ++n)
        sum += weight[n] * static_cast<float>(probabilities_.of(slice[n], static_cast<Class>(k))[pixel[n]]);
      if (sum > best) {
        best = sum;
        result = static_cast<Class>(k);
      }
    }
    return result;
  }

 private:
  const Probabilities& probabilities_;
  const StackLabels& labels_;
  std::size_t pixels_, columns_;
};

/// Calls `draw` with each voxel of the grid and where it lies in the stack: slice, row, column.
template <typename Draw>
void for_each_voxel(const ImageGeometry& grid, const SagittalView& view,
                    const std::array<std::int64_t, 3>& stack_size, unsigned threads, const Draw& draw) {
  const GridSize& size = grid.size();
  std::array<std::vector<Between>, 3> along;  // of the stack's axes
  for (std::size_t a = 0; a < 3; ++a) along[a] = between(view.size[a], stack_size[a], view.flipped[a]);
  std::array<std::size_t, 3> stack_axis{};  // of the grid's axes
  for (std::size_t a = 0; a < 3; ++a) stack_axis[view.axis[a]] = a;
  const auto row = static_cast<std::size_t>(size[0]);
  parallel_for(
      static_cast<std::size_t>(size[1] * size[2]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t line = begin; line < end; ++line) {
          std::array<Between, 3> at;
          at[stack_axis[1]] = along[stack_axis[1]][line % static_cast<std::size_t>(size[1])];
          at[stack_axis[2]] = along[stack_axis[2]][line / static_cast<std::size_t>(size[1])];
          for (std::size_t i = 0; i < row; ++i) {
            at[stack_axis[0]] = along[stack_axis[0]][i];
            draw(line * row + i, at);
          }
        }
      },
      threads, 64);
}

Tissue structure_at(Class what, const Parts& parts, const std::array<Between, 3>& at) {
  const auto place = [](const Between& b) {
    return static_cast<double>(b.low) + static_cast<double>(b.share);
  };
  return tissue_of(what, parts, place(at[0]), place(at[1]), place(at[2]));
}

}  // namespace

/// What a Segmentation keeps to tell probabilities later.
class StackProbabilities {
 public:
  SagittalView view;
  Probabilities values;
  Parts parts;
};

Segmentation segment(const Volume<float>& image, const KneeNetwork& network, const SegmentOptions& options,
                     const Progress& progress) {
  if (const std::string fault = imaging::image_fault(image); !fault.empty())
    throw InvalidInput("cannot segment the image: " + fault);
  const SagittalView view = sagittal_view(image.geometry());
  progress.report("preparing the image", 0.0);
  const Stack stack = sagittal_stack(image, view, options.threads);
  Probabilities probabilities =
      NetworkAccess::predict(network, stack, view.slice_mm, options.threads, progress.part(0.03, 0.85));
  const StackLabels before = most_probable(probabilities, options.threads);
  const SecondLook second_look = NetworkAccess::look_again(network, stack, view.slice_mm, before,
                                                           options.threads, progress.part(0.85, 0.92));
  StackLabels labels = before;
  const Vector3 spacing{view.slice_mm, pixel_mm, pixel_mm};
  apply_rules(probabilities, labels, spacing, progress.part(0.92, 0.95));

  Segmentation result;
  const Calibration& calibration = NetworkAccess::calibration(network);
  result.report.network = calibration.name;
  const std::optional<Side> by_fibula =
      side_by_fibula(labels, probabilities.size, spacing.x * spacing.y * spacing.z);
  const std::optional<Side> by_position = side_by_position(middle_of(image.geometry()));
  result.report.side = options.side.value_or(by_fibula.value_or(by_position.value_or(Side::right)));
  result.report.side_source = options.side  ? side_given
                              : by_fibula   ? side_from_fibula
                              : by_position ? side_from_position
                                            : unknown_side;
  const Parts parts{.border = plates_border(labels, probabilities.size, pixel_mm),
                    .side = result.report.side,
                    .recess = RecessRegion(labels, probabilities.size)};
  result.report.quality = judge({.probabilities = probabilities,
                                 .before = before,
                                 .labels = labels,
                                 .spacing_mm = spacing,
                                 .second_look = second_look,
                                 .parts = parts,
                                 .report = result.report,
                                 .side_by_fibula = by_fibula,
                                 .calibration = calibration});
  progress.report("drawing labels", 0.95);
  result.labels = LabelMap(image.geometry());
  const Interpolation interpolation(probabilities, labels);
  for_each_voxel(image.geometry(), view, probabilities.size, options.threads,
                 [&](std::size_t voxel, const std::array<Between, 3>& at) {
                   result.labels.voxels()[voxel] = structure_at(interpolation.at(at), parts, at);
                 });
  auto kept = std::make_shared<StackProbabilities>();
  kept->view = view;
  kept->values = std::move(probabilities);
  kept->parts = parts;
  result.probabilities = std::move(kept);
  progress.report("segmented", 1.0);
  return result;
}

Volume<std::uint8_t> probability_of(const Segmentation& segmentation, Tissue tissue, unsigned threads) {
  if (!segmentation.probabilities) throw InvalidInput("there are no probabilities: nothing was segmented");
  const StackProbabilities& kept = *segmentation.probabilities;
  const ImageGeometry& grid = segmentation.labels.geometry();
  Volume<std::uint8_t> result(grid, 0);
  const auto columns = static_cast<std::size_t>(kept.values.size[2]);
  for (std::size_t k = 0; k < class_count && tissue != Tissue::background; ++k) {
    const auto what = static_cast<Class>(k);
    const std::vector<Tissue> own = tissues_of(what);
    if (std::find(own.begin(), own.end(), tissue) == own.end()) continue;
    for_each_voxel(grid, kept.view, kept.values.size, threads,
                   [&](std::size_t voxel, const std::array<Between, 3>& at) {
                     if (structure_at(what, kept.parts, at) != tissue) return;
                     float sum = 0.0F;
                     for_each_corner(at, columns, [&](float weight, std::int64_t slice, std::size_t pixel) {
                       sum += weight * static_cast<float>(kept.values.of(slice, what)[pixel]);
                     });
                     result.voxels()[voxel] = static_cast<std::uint8_t>(std::lround(sum));
                   });
  }
  return result;
}

}  // namespace genu::segmentation
