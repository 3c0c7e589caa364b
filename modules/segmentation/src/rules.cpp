// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <numeric>

#include <genu/core/parallel.h>

namespace genu::segmentation {
namespace {

// Pieces of cartilage and meniscus smaller than this part of the largest one, and than this volume, are
// noise.
constexpr double least_part = 0.04;
constexpr double least_piece_mm3 = 25.0;
// A larger patch inside a bone's outline is a notch that the slice cuts across.
constexpr double most_patch_mm2 = 150.0;

constexpr std::uint32_t no_piece = 0;

/// The pieces of a mask, connected through faces, edges or corners (or faces alone), numbered from 1.
struct Pieces {
  std::vector<std::uint32_t> of;    ///< One per place; 0 outside the mask.
  std::vector<std::size_t> places;  ///< How many places each piece has; [0] is unused.
};

class Grid {
 public:
  explicit Grid(const std::array<std::int64_t, 3>& size) : size_(size) {}
  std::size_t count() const { return static_cast<std::size_t>(size_[0] * size_[1] * size_[2]); }

  /// Calls `visit` with each neighbour of a place.
  template <typename Visit>
  void neighbours(std::size_t place, bool faces_only, const Visit& visit) const {
    const auto columns = size_[2], plane = size_[1] * size_[2];
    const auto at = static_cast<std::int64_t>(place);
    const std::int64_t s = at / plane, r = at % plane / columns, c = at % columns;
    for (std::int64_t ds = -1; ds <= 1; ++ds)
      for (std::int64_t dr = -1; dr <= 1; ++dr)
        for (std::int64_t dc = -1; dc <= 1; ++dc) {
          if (faces_only && std::abs(ds) + std::abs(dr) + std::abs(dc) != 1) continue;
          const std::int64_t ns = s + ds, nr = r + dr, nc = c + dc;
          if (ns < 0 || nr < 0 || nc < 0 || ns >= size_[0] || nr >= size_[1] || nc >= size_[2]) continue;
          const auto next = static_cast<std::size_t>(ns * plane + nr * columns + nc);
          if (next != place) visit(next);
        }
  }
  const std::array<std::int64_t, 3>& size() const { return size_; }
  /// On the edge of its slice.
  bool on_side(std::size_t place) const {
    const auto at = static_cast<std::int64_t>(place);
    const std::int64_t r = at % (size_[1] * size_[2]) / size_[2], c = at % size_[2];
    return r == 0 || c == 0 || r == size_[1] - 1 || c == size_[2] - 1;
  }
  bool on_border(std::size_t place) const {
    const std::int64_t s = static_cast<std::int64_t>(place) / (size_[1] * size_[2]);
    return s == 0 || s == size_[0] - 1 || on_side(place);
  }

 private:
  std::array<std::int64_t, 3> size_;
};

template <typename Inside>
Pieces pieces_of(const Grid& grid, bool faces_only, const Inside& inside) {
  Pieces pieces{std::vector<std::uint32_t>(grid.count(), no_piece), {0}};
  std::vector<std::size_t> open;
  for (std::size_t start = 0; start < grid.count(); ++start) {
    if (pieces.of[start] != no_piece || !inside(start)) continue;
    const auto number = static_cast<std::uint32_t>(pieces.places.size());
    pieces.places.push_back(0);
    pieces.of[start] = number;
    open.push_back(start);
    while (!open.empty()) {
      const std::size_t place = open.back();
      open.pop_back();
      ++pieces.places[number];
      grid.neighbours(place, faces_only, [&](std::size_t next) {
        if (pieces.of[next] != no_piece || !inside(next)) return;
        pieces.of[next] = number;
        open.push_back(next);
      });
    }
  }
  return pieces;
}

/// Labels and probabilities, changed together.
class Draft {
 public:
  Draft(Probabilities& probabilities, StackLabels& labels)
      : probabilities_(probabilities), labels_(labels), pixels_(probabilities.slice_pixels()) {}

  Class at(std::size_t place) const { return labels_[place]; }
  std::size_t count() const { return labels_.size(); }

  /// The place is not of its class: the next best one takes it.
  void take_away(std::size_t place) {
    value(place, labels_[place]) = 0;
    auto best = Class::background;
    for (std::size_t k = 1; k < class_count; ++k)
      if (value(place, static_cast<Class>(k)) > value(place, best)) best = static_cast<Class>(k);
    labels_[place] = best;
  }
  void give(std::size_t place, Class what) {
    for (std::size_t k = 0; k < class_count; ++k) value(place, static_cast<Class>(k)) = 0;
    value(place, what) = 255;
    labels_[place] = what;
  }

 private:
  std::uint8_t& value(std::size_t place, Class what) {
    return probabilities_.of(static_cast<std::int64_t>(place / pixels_), what)[place % pixels_];
  }
  Probabilities& probabilities_;
  StackLabels& labels_;
  std::size_t pixels_;
};

void keep_largest(Draft& draft, const Grid& grid, Class what) {
  const Pieces pieces = pieces_of(grid, false, [&](std::size_t p) { return draft.at(p) == what; });
  if (pieces.places.size() < 3) return;
  const auto largest = static_cast<std::uint32_t>(
      std::max_element(pieces.places.begin() + 1, pieces.places.end()) - pieces.places.begin());
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (pieces.of[p] != no_piece && pieces.of[p] != largest) draft.take_away(p);
}

/// What is wholly enclosed by a bone is bone; so is a small patch that it encloses in a slice.
void fill_holes(Draft& draft, const Grid& grid, Class bone, double pixel_mm2) {
  for (std::int64_t s = 0; s < grid.size()[0]; ++s) {
    const Grid slice({1, grid.size()[1], grid.size()[2]});
    const std::size_t first = static_cast<std::size_t>(s) * slice.count();
    const Pieces patches = pieces_of(slice, true, [&](std::size_t p) { return draft.at(first + p) != bone; });
    std::vector<bool> enclosed(patches.places.size(), true);
    for (std::size_t p = 0; p < slice.count(); ++p)
      if (slice.on_side(p)) enclosed[patches.of[p]] = false;
    for (std::size_t p = 0; p < slice.count(); ++p) {
      const std::uint32_t patch = patches.of[p];
      if (patch != no_piece && enclosed[patch] &&
          static_cast<double>(patches.places[patch]) * pixel_mm2 < most_patch_mm2)
        draft.give(first + p, bone);
    }
  }
  const Pieces pieces = pieces_of(grid, true, [&](std::size_t p) { return draft.at(p) != bone; });
  std::vector<bool> open(pieces.places.size(), false);
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (grid.on_border(p)) open[pieces.of[p]] = true;
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (pieces.of[p] != no_piece && !open[pieces.of[p]]) draft.give(p, bone);
}

/// Keeps the pieces that are large, and that touch one of `beside` unless that is empty.
void keep_sound_pieces(Draft& draft, const Grid& grid, Class what, std::initializer_list<Class> beside,
                       double voxel_mm3) {
  const Pieces pieces = pieces_of(grid, false, [&](std::size_t p) { return draft.at(p) == what; });
  if (pieces.places.size() < 2) return;
  std::vector<bool> sound(pieces.places.size(), beside.size() == 0);
  if (beside.size() > 0)
    for (std::size_t p = 0; p < draft.count(); ++p)
      if (pieces.of[p] != no_piece && !sound[pieces.of[p]])
        grid.neighbours(p, false, [&](std::size_t next) {
          if (std::find(beside.begin(), beside.end(), draft.at(next)) != beside.end())
            sound[pieces.of[p]] = true;
        });
  const auto largest = static_cast<double>(*std::max_element(pieces.places.begin(), pieces.places.end()));
  for (std::size_t n = 1; n < sound.size(); ++n) {
    const auto places = static_cast<double>(pieces.places[n]);
    if (places < least_part * largest || places * voxel_mm3 < least_piece_mm3) sound[n] = false;
  }
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (pieces.of[p] != no_piece && !sound[pieces.of[p]]) draft.take_away(p);
}

}  // namespace

StackLabels most_probable(const Probabilities& probabilities, unsigned threads) {
  const std::size_t pixels = probabilities.slice_pixels();
  StackLabels labels(pixels * static_cast<std::size_t>(probabilities.size[0]), Class::background);
  parallel_for(
      static_cast<std::size_t>(probabilities.size[0]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t s = begin; s < end; ++s) {
          const std::uint8_t* first = probabilities.of(static_cast<std::int64_t>(s), Class::background);
          std::vector<std::uint8_t> best(first, first + pixels);
          for (std::size_t k = 1; k < class_count; ++k)
            for (std::size_t p = 0; p < pixels; ++p)
              if (first[k * pixels + p] > best[p]) {
                best[p] = first[k * pixels + p];
                labels[s * pixels + p] = static_cast<Class>(k);
              }
        }
      },
      threads, 1);
  return labels;
}

void apply_rules(Probabilities& probabilities, StackLabels& labels, const Vector3& spacing_mm) {
  Draft draft(probabilities, labels);
  const Grid grid(probabilities.size);
  const double voxel_mm3 = spacing_mm.x * spacing_mm.y * spacing_mm.z;
  // Twice: what one rule takes away may become an island of another class.
  for (int pass = 0; pass < 2; ++pass) {
    for (const Class bone : {Class::femur, Class::tibia, Class::patella, Class::fibula}) {
      keep_largest(draft, grid, bone);
      fill_holes(draft, grid, bone, spacing_mm.y * spacing_mm.z);
    }
    keep_sound_pieces(draft, grid, Class::femoral_cartilage, {Class::femur}, voxel_mm3);
    keep_sound_pieces(draft, grid, Class::tibial_cartilage, {Class::tibia}, voxel_mm3);
    keep_sound_pieces(draft, grid, Class::patellar_cartilage, {Class::patella}, voxel_mm3);
    keep_sound_pieces(draft, grid, Class::meniscus, {Class::femoral_cartilage, Class::tibial_cartilage},
                      voxel_mm3);
    keep_sound_pieces(draft, grid, Class::joint_fluid, {}, voxel_mm3);
    for (const Class tendon : {Class::patellar_tendon, Class::quadriceps_tendon})
      keep_largest(draft, grid, tendon);
  }
}

double plate_border(const StackLabels& labels, const std::array<std::int64_t, 3>& size) {
  const auto pixels = static_cast<std::size_t>(size[1] * size[2]);
  std::vector<double> places(static_cast<std::size_t>(size[0]), 0.0);
  for (std::size_t s = 0; s < places.size(); ++s)
    places[s] = static_cast<double>(std::count(labels.begin() + static_cast<std::ptrdiff_t>(s * pixels),
                                               labels.begin() + static_cast<std::ptrdiff_t>((s + 1) * pixels),
                                               Class::tibial_cartilage));
  const double all = std::accumulate(places.begin(), places.end(), 0.0);
  if (all == 0.0) return 0.5 * static_cast<double>(size[0] - 1);
  // Between the quarter and the three quarters of the cartilage there is the eminence, which has none.
  double before = 0.0, least = all, first = 0.0, last = 0.0;
  for (std::size_t s = 0; s < places.size(); ++s) {
    const double middle = before + 0.5 * places[s];
    before += places[s];
    if (middle < 0.25 * all || middle > 0.75 * all) continue;
    if (places[s] < least) {
      least = places[s];
      first = static_cast<double>(s);
    }
    if (places[s] == least) last = static_cast<double>(s);
  }
  return 0.5 * (first + last);
}

}  // namespace genu::segmentation
