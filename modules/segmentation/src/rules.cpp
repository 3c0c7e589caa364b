// SPDX-License-Identifier: Apache-2.0
#include "rules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <numeric>

#include <itkConnectedComponentImageFilter.h>
#include <opencv2/imgproc.hpp>

#include <genu/bridge/itk.h>
#include <genu/core/parallel.h>

namespace genu::segmentation {
namespace {

// A smaller piece of cartilage, meniscus or fluid, apart from the rest, is noise.
constexpr double least_piece_mm3 = 40.0;
// A larger patch inside a bone's outline is a notch that the slice cuts across.
constexpr double most_patch_mm2 = 150.0;
// One pass of the rules may leave something for another: what one takes away, another class gets.
constexpr int most_passes = 4;

/// The pieces of a class, connected through faces, edges or corners, numbered from 1.
struct Pieces {
  std::vector<std::int32_t> of;     ///< One per place; 0 outside.
  std::vector<std::size_t> places;  ///< How many places each piece has; [0] is unused.
};

Pieces pieces_of(const StackLabels& labels, const std::array<std::int64_t, 3>& size, Class what) {
  Volume<std::uint8_t> mask(ImageGeometry({size[2], size[1], size[0]}, {}, {1.0, 1.0, 1.0}));
  std::transform(labels.begin(), labels.end(), mask.voxels().begin(),
                 [&](Class c) { return static_cast<std::uint8_t>(c == what); });
  using Filter = itk::ConnectedComponentImageFilter<itk::Image<std::uint8_t, 3>, itk::Image<std::int32_t, 3>>;
  const auto filter = Filter::New();
  filter->SetInput(bridge::view_as_itk(mask));
  filter->FullyConnectedOn();
  filter->Update();
  Pieces pieces;
  pieces.places.assign(static_cast<std::size_t>(filter->GetObjectCount()) + 1, 0);
  const std::int32_t* first = filter->GetOutput()->GetBufferPointer();
  pieces.of.assign(first, first + labels.size());
  for (const std::int32_t piece : pieces.of) ++pieces.places[static_cast<std::size_t>(piece)];
  return pieces;
}

/// Labels and probabilities, changed together.
class Draft {
 public:
  Draft(Probabilities& probabilities, StackLabels& labels)
      : probabilities_(probabilities), labels_(labels), pixels_(probabilities.slice_pixels()) {}

  const StackLabels& labels() const { return labels_; }
  const std::array<std::int64_t, 3>& size() const { return probabilities_.size; }
  std::size_t slice_pixels() const { return pixels_; }
  Class at(std::size_t place) const { return labels_[place]; }
  std::size_t count() const { return labels_.size(); }
  std::size_t changes() const { return changes_; }

  /// The place is not of its class: the next best one takes it.
  void take_away(std::size_t place) {
    value(place, labels_[place]) = 0;
    auto best = Class::background;
    for (std::size_t k = 1; k < class_count; ++k)
      if (value(place, static_cast<Class>(k)) > value(place, best)) best = static_cast<Class>(k);
    labels_[place] = best;
    ++changes_;
  }
  void give(std::size_t place, Class what) {
    for (std::size_t k = 0; k < class_count; ++k) value(place, static_cast<Class>(k)) = 0;
    value(place, what) = 255;
    labels_[place] = what;
    ++changes_;
  }
  /// Whether one of the places around is of one of the classes.
  bool touches(std::size_t place, std::initializer_list<Class> classes) const {
    const std::int64_t columns = size()[2], plane = size()[1] * size()[2];
    const auto at = static_cast<std::int64_t>(place);
    const std::int64_t s = at / plane, r = at % plane / columns, c = at % columns;
    for (std::int64_t ns = std::max<std::int64_t>(0, s - 1); ns <= std::min(size()[0] - 1, s + 1); ++ns)
      for (std::int64_t nr = std::max<std::int64_t>(0, r - 1); nr <= std::min(size()[1] - 1, r + 1); ++nr)
        for (std::int64_t nc = std::max<std::int64_t>(0, c - 1); nc <= std::min(columns - 1, c + 1); ++nc)
          if (std::find(classes.begin(), classes.end(),
                        labels_[static_cast<std::size_t>(ns * plane + nr * columns + nc)]) != classes.end())
            return true;
    return false;
  }

 private:
  std::uint8_t& value(std::size_t place, Class what) {
    return probabilities_.of(static_cast<std::int64_t>(place / pixels_), what)[place % pixels_];
  }
  Probabilities& probabilities_;
  StackLabels& labels_;
  std::size_t pixels_;
  std::size_t changes_ = 0;
};

void keep_largest(Draft& draft, Class what) {
  const Pieces pieces = pieces_of(draft.labels(), draft.size(), what);
  if (pieces.places.size() < 3) return;
  const auto largest = static_cast<std::int32_t>(
      std::max_element(pieces.places.begin() + 1, pieces.places.end()) - pieces.places.begin());
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (pieces.of[p] != 0 && pieces.of[p] != largest) draft.take_away(p);
}

/// What a disc of about this diameter does not fit into, away from where one does, is no bone: 5 pixels of
/// 0.55 mm.
constexpr double least_width_mm = 2.2;

/// Takes away a bone's crumbs and threads in each slice; corners stay as they are.
void drop_threads(Draft& draft, Class bone, double pixel_mm) {
  const auto rows = static_cast<int>(draft.size()[1]), columns = static_cast<int>(draft.size()[2]);
  const int reach = std::max(1, static_cast<int>(std::lround(0.5 * least_width_mm / pixel_mm)));
  const auto disc = [](int radius) {
    return cv::getStructuringElement(cv::MORPH_ELLIPSE, {2 * radius + 1, 2 * radius + 1});
  };
  const cv::Mat narrow = disc(reach), wide = disc(2 * reach);
  cv::Mat1b own(rows, columns), core, near;
  for (std::size_t first = 0; first < draft.count(); first += draft.slice_pixels()) {
    bool has_bone = false;
    for (std::size_t p = 0; p < draft.slice_pixels(); ++p) {
      own.data[p] = draft.at(first + p) == bone ? 255 : 0;
      has_bone = has_bone || own.data[p] != 0;
    }
    if (!has_bone) continue;
    // Beyond the picture the bone goes on.
    cv::erode(own, core, narrow, {-1, -1}, 1, cv::BORDER_REPLICATE);
    cv::dilate(core, near, wide);
    for (std::size_t p = 0; p < draft.slice_pixels(); ++p)
      if (own.data[p] != 0 && near.data[p] == 0) draft.take_away(first + p);
  }
}

/// A small patch that a bone encloses in a slice is bone.
void fill_holes(Draft& draft, Class bone, double pixel_mm2) {
  const auto rows = static_cast<int>(draft.size()[1]), columns = static_cast<int>(draft.size()[2]);
  cv::Mat1b outside(rows, columns);
  cv::Mat patches, stats, centres;
  for (std::size_t first = 0; first < draft.count(); first += draft.slice_pixels()) {
    bool has_bone = false;
    for (std::size_t p = 0; p < draft.slice_pixels(); ++p) {
      const bool is_bone = draft.at(first + p) == bone;
      has_bone = has_bone || is_bone;
      outside.data[p] = is_bone ? 0 : 1;
    }
    if (!has_bone) continue;
    const int count = cv::connectedComponentsWithStats(outside, patches, stats, centres, 4, CV_32S);
    for (int patch = 1; patch < count; ++patch) {
      const int left = stats.at<int>(patch, cv::CC_STAT_LEFT), top = stats.at<int>(patch, cv::CC_STAT_TOP);
      const int right = left + stats.at<int>(patch, cv::CC_STAT_WIDTH);
      const int bottom = top + stats.at<int>(patch, cv::CC_STAT_HEIGHT);
      if (left == 0 || top == 0 || right == columns || bottom == rows ||
          stats.at<int>(patch, cv::CC_STAT_AREA) * pixel_mm2 > most_patch_mm2)
        continue;
      for (int r = top; r < bottom; ++r)
        for (int c = left; c < right; ++c)
          if (patches.at<int>(r, c) == patch)
            draft.give(first + static_cast<std::size_t>(r) * static_cast<std::size_t>(columns) +
                           static_cast<std::size_t>(c),
                       bone);
    }
  }
}

/// Keeps the pieces that are large, and that touch one of `beside` unless that is empty.
void keep_sound_pieces(Draft& draft, Class what, std::initializer_list<Class> beside, double voxel_mm3) {
  const Pieces pieces = pieces_of(draft.labels(), draft.size(), what);
  std::vector<bool> sound(pieces.places.size(), beside.size() == 0);
  if (beside.size() > 0)
    for (std::size_t p = 0; p < draft.count(); ++p) {
      const auto piece = static_cast<std::size_t>(pieces.of[p]);
      if (piece != 0 && !sound[piece] && draft.touches(p, beside)) sound[piece] = true;
    }
  for (std::size_t n = 1; n < sound.size(); ++n)
    if (static_cast<double>(pieces.places[n]) * voxel_mm3 < least_piece_mm3) sound[n] = false;
  for (std::size_t p = 0; p < draft.count(); ++p)
    if (pieces.of[p] != 0 && !sound[static_cast<std::size_t>(pieces.of[p])]) draft.take_away(p);
}

void make_bones_whole(Draft& draft, const Vector3& spacing_mm) {
  for (const Class bone : {Class::femur, Class::tibia, Class::patella, Class::fibula}) {
    drop_threads(draft, bone, spacing_mm.y);
    keep_largest(draft, bone);
    fill_holes(draft, bone, spacing_mm.y * spacing_mm.z);
  }
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

void apply_rules(Probabilities& probabilities, StackLabels& labels, const Vector3& spacing_mm,
                 const Progress& progress) {
  Draft draft(probabilities, labels);
  const double voxel_mm3 = spacing_mm.x * spacing_mm.y * spacing_mm.z;
  for (int pass = 0; pass < most_passes; ++pass) {
    progress.report("applying anatomy", static_cast<double>(pass) / most_passes);
    const std::size_t before = draft.changes();
    make_bones_whole(draft, spacing_mm);
    keep_sound_pieces(draft, Class::femoral_cartilage, {Class::femur}, voxel_mm3);
    keep_sound_pieces(draft, Class::tibial_cartilage, {Class::tibia}, voxel_mm3);
    keep_sound_pieces(draft, Class::patellar_cartilage, {Class::patella}, voxel_mm3);
    keep_sound_pieces(draft, Class::meniscus, {Class::femoral_cartilage, Class::tibial_cartilage}, voxel_mm3);
    keep_sound_pieces(draft, Class::joint_fluid, {}, voxel_mm3);
    for (const Class tendon : {Class::patellar_tendon, Class::quadriceps_tendon}) keep_largest(draft, tendon);
    if (draft.changes() == before) return;
  }
  make_bones_whole(draft, spacing_mm);
}

RecessRegion::RecessRegion(const StackLabels& labels, const std::array<std::int64_t, 3>& size) {
  const auto columns = static_cast<std::size_t>(size[2]);
  const auto pixels = static_cast<std::size_t>(size[1]) * columns;
  std::size_t pole = static_cast<std::size_t>(size[1]);
  std::vector<double> femur(pole, 0.0), sum_of_columns(pole, 0.0);
  for (std::size_t p = 0; p < labels.size(); ++p) {
    const std::size_t row = p % pixels / columns;
    if (labels[p] == Class::patella) pole = std::min(pole, row);
    if (labels[p] != Class::femur) continue;
    femur[row] += 1.0;
    sum_of_columns[row] += static_cast<double>(p % columns);
  }
  if (pole == femur.size()) return;
  // A row above the femur's end has the middle of the nearest one that has some.
  middle_of_femur_.resize(pole);
  double middle = -1.0;
  for (std::size_t row = pole; row-- > 0;) {
    if (femur[row] > 0.0) middle = sum_of_columns[row] / femur[row];
    middle_of_femur_[row] = middle;
  }
  pole_ = static_cast<double>(pole);
}

std::vector<Tissue> tissues_of(Class what) {
  switch (what) {
    case Class::femur:
      return {Tissue::femur};
    case Class::tibia:
      return {Tissue::tibia};
    case Class::patella:
      return {Tissue::patella};
    case Class::fibula:
      return {Tissue::fibula};
    case Class::femoral_cartilage:
      return {Tissue::femoral_cartilage};
    case Class::tibial_cartilage:
      return {Tissue::medial_tibial_cartilage, Tissue::lateral_tibial_cartilage};
    case Class::patellar_cartilage:
      return {Tissue::patellar_cartilage};
    case Class::meniscus:
      return {Tissue::medial_meniscus, Tissue::lateral_meniscus};
    case Class::patellar_tendon:
      return {Tissue::patellar_tendon};
    case Class::quadriceps_tendon:
      return {Tissue::quadriceps_tendon};
    case Class::joint_fluid:
      return {Tissue::suprapatellar_recess, Tissue::joint_fluid};
    case Class::background:
    case Class::other_tissue:
      break;
  }
  return {Tissue::background};
}

Tissue tissue_of(Class what, const Parts& parts, double slice, double row, double column) {
  static const auto structures = [] {
    std::array<std::array<Tissue, 2>, class_count>
        all{};  // if the question is answered with yes, and with no
    for (std::size_t k = 0; k < class_count; ++k) {
      const std::vector<Tissue> own = tissues_of(static_cast<Class>(k));
      all[k] = {own.front(), own.back()};
    }
    return all;
  }();
  const std::array<Tissue, 2>& own = structures[static_cast<std::size_t>(what)];
  if (own[0] == own[1]) return own[0];
  const bool is_first = what == Class::joint_fluid ? parts.recess.holds(row, column)
                                                   : is_medial(slice, parts.border, parts.side);
  return own[is_first ? 0 : 1];
}

double plates_border(const StackLabels& labels, const std::array<std::int64_t, 3>& size, double row_mm) {
  // The tibia's head is what lies within this of its top; the eminence parts it near its middle.
  constexpr double head_mm = 20.0, eminence_part = 0.15;
  const double nowhere = 0.5 * static_cast<double>(size[0] - 1);
  const auto columns = static_cast<std::size_t>(size[2]);
  const auto pixels = static_cast<std::size_t>(size[1]) * columns;
  std::vector<double> rows(static_cast<std::size_t>(size[1]), 0.0),
      cartilage(static_cast<std::size_t>(size[0]), 0.0);
  for (std::size_t p = 0; p < labels.size(); ++p) {
    if (labels[p] == Class::tibia) rows[p % pixels / columns] += 1.0;
    if (labels[p] == Class::tibial_cartilage) cartilage[p / pixels] += 1.0;
  }
  const double all = std::accumulate(rows.begin(), rows.end(), 0.0);
  if (all == 0.0) return nowhere;
  double above = 0.0;
  std::size_t top = 0;
  while ((above += rows[top]) < 0.005 * all) ++top;
  const std::size_t low = std::min(rows.size(), top + static_cast<std::size_t>(std::ceil(head_mm / row_mm)));
  std::int64_t first = size[0], last = -1;
  for (std::int64_t s = 0; s < size[0]; ++s) {
    const auto head = labels.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(s) * pixels);
    if (std::count(head + static_cast<std::ptrdiff_t>(top * columns),
                   head + static_cast<std::ptrdiff_t>(low * columns), Class::tibia) == 0)
      continue;
    first = std::min(first, s);
    last = s;
  }
  const double middle = 0.5 * static_cast<double>(first + last);
  const double reach = std::max(0.5, eminence_part * static_cast<double>(last - first + 1));
  double least = std::numeric_limits<double>::infinity(), sum = 0.0, count = 0.0;
  for (std::int64_t s = first; s <= last; ++s) {
    if (std::abs(static_cast<double>(s) - middle) > reach) continue;
    const double own = cartilage[static_cast<std::size_t>(s)];
    if (own < least) {
      least = own;
      sum = count = 0.0;
    }
    if (own == least) {
      sum += static_cast<double>(s);
      count += 1.0;
    }
  }
  return count > 0.0 ? sum / count : middle;
}

}  // namespace genu::segmentation
