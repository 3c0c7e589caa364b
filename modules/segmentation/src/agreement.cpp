// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/segmentation/agreement.h>

namespace genu::segmentation {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr float far_away = std::numeric_limits<float>::infinity();
constexpr std::size_t label_count = 256;  // As many as a voxel's byte can hold.

// ---- what each map holds ----

// The smallest block of voxels that holds something: first and last index along i, j, k.
struct Box {
  std::array<std::int64_t, 3> first{std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::max(),
                                    std::numeric_limits<std::int64_t>::max()};
  std::array<std::int64_t, 3> last{-1, -1, -1};

  void add(const Box& other) {
    for (std::size_t axis = 0; axis < 3; ++axis) {
      first[axis] = std::min(first[axis], other.first[axis]);
      last[axis] = std::max(last[axis], other.last[axis]);
    }
  }
  GridSize size() const { return {last[0] - first[0] + 1, last[1] - first[1] + 1, last[2] - first[2] + 1}; }
};

struct Content {
  std::array<std::size_t, label_count> voxels{};
  std::array<Box, label_count> boxes;

  bool holds(Tissue tissue) const { return voxels[static_cast<std::size_t>(tissue)] > 0; }
};

void require_tissue(const LabelMap& labels, std::size_t offset) {
  const auto number = static_cast<std::size_t>(labels.voxels()[offset]);
  if (number < tissues().size()) return;
  std::ostringstream message;
  message << "cannot compare label maps: voxel " << labels.geometry().index_of(offset) << " is " << number
          << ", which is no tissue";
  throw InvalidInput(message.str());
}

Content content_of(const LabelMap& labels) {
  Content content;
  const GridSize& size = labels.geometry().size();
  const Tissue* voxel = labels.voxels().data();
  for (std::int64_t k = 0; k < size[2]; ++k)
    for (std::int64_t j = 0; j < size[1]; ++j, voxel += size[0])
      for (std::int64_t i = 0; i < size[0];) {  // run by run: a row holds few
        std::int64_t end = i + 1;
        while (end < size[0] && voxel[end] == voxel[i]) ++end;
        require_tissue(labels, static_cast<std::size_t>(voxel + i - labels.voxels().data()));
        const auto number = static_cast<std::size_t>(voxel[i]);
        content.voxels[number] += static_cast<std::size_t>(end - i);
        content.boxes[number].add({.first = {i, j, k}, .last = {end - 1, j, k}});
        i = end;
      }
  return content;
}

// ---- which structures are compared ----

struct Structure {
  Tissue tissue = Tissue::background;
  std::array<bool, label_count> members{};  ///< Labels that count as it.
};

bool is_plate(Tissue tissue) {
  return tissue == Tissue::medial_tibial_cartilage || tissue == Tissue::lateral_tibial_cartilage;
}

// Returns true if a map has tibial cartilage and does not say which plate any of it belongs to.
bool is_unsplit(const Content& content) {
  return content.holds(Tissue::tibial_cartilage) && !content.holds(Tissue::medial_tibial_cartilage) &&
         !content.holds(Tissue::lateral_tibial_cartilage);
}

// Returns the bone that a marrow lesion lies in.
std::optional<Bone> bone_of_lesion(Tissue tissue) {
  for (const Bone bone : all_bones)
    if (is_part_of(tissue, bone) && info(tissue).name != name(bone)) return bone;
  return std::nullopt;
}

std::vector<Structure> structures_in(const Content& a, const Content& b, const AgreementOptions& options) {
  std::vector<Structure> structures;
  for (const TissueInfo& row : tissues()) {
    if (row.tissue == Tissue::background) continue;
    if (is_plate(row.tissue) && (is_unsplit(a) || is_unsplit(b))) continue;
    if (options.lesions_are_bone && bone_of_lesion(row.tissue)) continue;
    Structure structure{.tissue = row.tissue};
    const bool is_union =
        row.tissue == Tissue::tibial_cartilage && (a.holds(row.tissue) || b.holds(row.tissue));
    bool is_held = false;
    for (const TissueInfo& other : tissues()) {
      const std::optional<Bone> bone = options.lesions_are_bone ? bone_of_lesion(other.tissue) : std::nullopt;
      const bool is_member = other.tissue == row.tissue || (bone && row.name == name(*bone)) ||
                             (is_union && is_cartilage_of(other.tissue, Bone::tibia));
      structure.members[static_cast<std::size_t>(other.tissue)] = is_member;
      is_held = is_held || (is_member && (a.holds(other.tissue) || b.holds(other.tissue)));
    }
    if (is_held) structures.push_back(structure);
  }
  return structures;
}

// ---- distances between surfaces ----

enum Border : std::uint8_t { of_a = 1, of_b = 2 };

// The block that holds a structure in both maps, with working memory for its distances.
class Surfaces {
 public:
  Surfaces(const LabelMap& a, const LabelMap& b, const Structure& structure, const Box& box, unsigned threads)
      : spacing_mm_(a.geometry().spacing_mm()), size_(box.size()), threads_(threads) {
    const auto count = static_cast<std::size_t>(size_[0] * size_[1] * size_[2]);
    borders_.assign(count, 0);
    squared_mm2_.resize(count);
    mark_border(a, structure, box, of_a);
    mark_border(b, structure, box, of_b);
  }

  // Returns the distance of each border voxel of one map to the nearest of the other, in order of memory.
  std::vector<double> distances_mm(Border from, Border to) {
    along_i(to);
    along_j();
    along_k();
    std::vector<double> distances;
    for (std::size_t v = 0; v < borders_.size(); ++v)
      if (borders_[v] & from) distances.push_back(std::sqrt(static_cast<double>(squared_mm2_[v])));
    return distances;
  }

 private:
  void mark_border(const LabelMap& labels, const Structure& structure, const Box& box, Border mark);
  void along_i(Border to);
  void along_j();
  void along_k();

  Vector3 spacing_mm_;
  GridSize size_;
  unsigned threads_;
  std::vector<std::uint8_t> borders_;
  std::vector<float> squared_mm2_;
};

void Surfaces::mark_border(const LabelMap& labels, const Structure& structure, const Box& box, Border mark) {
  const auto inside = [&](std::int64_t i, std::int64_t j, std::int64_t k) {
    if (i < 0 || j < 0 || k < 0 || i >= size_[0] || j >= size_[1] || k >= size_[2]) return false;
    const VoxelIndex at{box.first[0] + i, box.first[1] + j, box.first[2] + k};
    return structure.members[static_cast<std::size_t>(labels[at])];
  };
  parallel_for(
      static_cast<std::size_t>(size_[2]),
      [&](std::size_t begin, std::size_t end) {
        std::size_t v = begin * static_cast<std::size_t>(size_[0] * size_[1]);
        for (auto k = static_cast<std::int64_t>(begin); k < static_cast<std::int64_t>(end); ++k)
          for (std::int64_t j = 0; j < size_[1]; ++j)
            for (std::int64_t i = 0; i < size_[0]; ++i, ++v)
              if (inside(i, j, k) && !(inside(i - 1, j, k) && inside(i + 1, j, k) && inside(i, j - 1, k) &&
                                       inside(i, j + 1, k) && inside(i, j, k - 1) && inside(i, j, k + 1)))
                borders_[v] |= mark;
      },
      threads_, 1);
}

void Surfaces::along_i(Border to) {
  const auto row = static_cast<std::size_t>(size_[0]);
  const auto step = static_cast<float>(spacing_mm_.x);
  parallel_for(
      borders_.size() / row,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t line = begin; line < end; ++line) {
          const std::uint8_t* border = borders_.data() + line * row;
          float* out = squared_mm2_.data() + line * row;
          float voxels = far_away;
          for (std::size_t i = 0; i < row; ++i) {
            voxels = border[i] & to ? 0.0f : voxels + 1.0f;
            out[i] = voxels;
          }
          voxels = far_away;
          for (std::size_t i = row; i-- > 0;) {
            voxels = border[i] & to ? 0.0f : voxels + 1.0f;
            const float mm = step * std::min(out[i], voxels);
            out[i] = mm * mm;
          }
        }
      },
      threads_);
}

// The exact distance map one line at a time: the lower envelope of parabolas, one for each voxel of the line
// that something is known of (Felzenszwalb and Huttenlocher 2012, Theory of Computing 8:415).
class Envelope {
 public:
  Envelope(std::size_t count, double step_mm)
      : count_(count), step_mm_(step_mm), tips_(count), from_(count) {}

  // Replaces the squared distances of a line, whose voxels lie `stride` apart, by those to its whole
  // envelope.
  void lower(float* line, std::size_t stride) {
    std::size_t tips = 0;
    for (std::size_t q = 0; q < count_; ++q) {
      const double height = line[q * stride];
      if (!std::isfinite(height)) continue;
      const Tip tip{static_cast<double>(q) * step_mm_, height};
      double from = -std::numeric_limits<double>::infinity();
      while (tips > 0) {
        from = crossing(tips_[tips - 1], tip);
        if (from > from_[tips - 1]) break;
        --tips;
        from = -std::numeric_limits<double>::infinity();
      }
      tips_[tips] = tip;
      from_[tips++] = from;
    }
    if (tips == 0) return;
    std::size_t t = 0;
    for (std::size_t q = 0; q < count_; ++q) {
      const double place = static_cast<double>(q) * step_mm_;
      while (t + 1 < tips && from_[t + 1] < place) ++t;
      const double away = place - tips_[t].place_mm;
      line[q * stride] = static_cast<float>(away * away + tips_[t].height_mm2);
    }
  }

 private:
  struct Tip {
    double place_mm = 0.0;
    double height_mm2 = 0.0;
  };

  // Returns the place beyond which the right parabola is the lower one.
  static double crossing(const Tip& left, const Tip& right) {
    const double rise = right.height_mm2 - left.height_mm2;
    const double run = right.place_mm - left.place_mm;
    return 0.5 * (rise / run + left.place_mm + right.place_mm);
  }

  std::size_t count_;
  double step_mm_;
  std::vector<Tip> tips_;
  std::vector<double> from_;
};

void Surfaces::along_j() {
  const auto row = static_cast<std::size_t>(size_[0]), rows = static_cast<std::size_t>(size_[1]);
  parallel_for(
      static_cast<std::size_t>(size_[2]),
      [&](std::size_t begin, std::size_t end) {
        Envelope envelope(rows, spacing_mm_.y);
        for (std::size_t k = begin; k < end; ++k)
          for (std::size_t i = 0; i < row; ++i) envelope.lower(squared_mm2_.data() + k * row * rows + i, row);
      },
      threads_, 1);
}

void Surfaces::along_k() {
  const auto row = static_cast<std::size_t>(size_[0]), rows = static_cast<std::size_t>(size_[1]);
  parallel_for(
      rows,
      [&](std::size_t begin, std::size_t end) {
        Envelope envelope(static_cast<std::size_t>(size_[2]), spacing_mm_.z);
        for (std::size_t j = begin; j < end; ++j)
          for (std::size_t i = 0; i < row; ++i) envelope.lower(squared_mm2_.data() + j * row + i, row * rows);
      },
      threads_, 1);
}

// ---- the measures ----

// Interpolated between neighbours in order; puts the values into another order.
double percentile(std::vector<double>& values, double fraction) {
  const double place = fraction * static_cast<double>(values.size() - 1);
  const auto below = values.begin() + static_cast<std::ptrdiff_t>(place);
  std::nth_element(values.begin(), below, values.end());
  const double value = *below;
  if (below + 1 == values.end()) return value;
  return value + (place - std::floor(place)) * (*std::min_element(below + 1, values.end()) - value);
}

void measure_distances(Agreement& agreement, Surfaces& surfaces) {
  std::vector<double> from_a = surfaces.distances_mm(of_a, of_b);
  std::vector<double> from_b = surfaces.distances_mm(of_b, of_a);
  const double sum_a = std::accumulate(from_a.begin(), from_a.end(), 0.0);
  const double sum_b = std::accumulate(from_b.begin(), from_b.end(), 0.0);
  agreement.assd_mm = (sum_a + sum_b) / static_cast<double>(from_a.size() + from_b.size());
  agreement.hausdorff_mm = std::max(*std::max_element(from_a.begin(), from_a.end()),
                                    *std::max_element(from_b.begin(), from_b.end()));
  agreement.hausdorff_95_mm = std::max(percentile(from_a, 0.95), percentile(from_b, 0.95));
}

std::size_t common_voxels(const LabelMap& a, const LabelMap& b, const Structure& structure, const Box& box) {
  std::size_t common = 0;
  for (std::int64_t k = box.first[2]; k <= box.last[2]; ++k)
    for (std::int64_t j = box.first[1]; j <= box.last[1]; ++j) {
      std::size_t v = a.geometry().offset({box.first[0], j, k});
      for (std::int64_t i = box.first[0]; i <= box.last[0]; ++i, ++v)
        common += structure.members[static_cast<std::size_t>(a.voxels()[v])] &&
                  structure.members[static_cast<std::size_t>(b.voxels()[v])];
    }
  return common;
}

Agreement agreement_on(const Structure& structure, const LabelMap& a, const Content& in_a, const LabelMap& b,
                       const Content& in_b, unsigned threads) {
  Agreement agreement{.tissue = structure.tissue};
  Box box;
  for (std::size_t t = 0; t < label_count; ++t) {
    if (!structure.members[t]) continue;
    agreement.voxels_a += in_a.voxels[t];
    agreement.voxels_b += in_b.voxels[t];
    box.add(in_a.boxes[t]);
    box.add(in_b.boxes[t]);
  }
  const auto voxels_a = static_cast<double>(agreement.voxels_a);
  const auto voxels_b = static_cast<double>(agreement.voxels_b);
  agreement.volume_difference_percent = voxels_a > 0.0 ? 100.0 * (voxels_b - voxels_a) / voxels_a : nan;
  agreement.assd_mm = agreement.hausdorff_mm = agreement.hausdorff_95_mm = nan;
  if (agreement.voxels_a == 0 || agreement.voxels_b == 0) return agreement;
  agreement.dice = 2.0 * static_cast<double>(common_voxels(a, b, structure, box)) / (voxels_a + voxels_b);
  Surfaces surfaces(a, b, structure, box, threads);
  measure_distances(agreement, surfaces);
  return agreement;
}

}  // namespace

std::vector<Agreement> compare_labels(const LabelMap& a, const LabelMap& b, const AgreementOptions& options,
                                      const Progress& progress) {
  if (!nearly_equal(a.geometry(), b.geometry())) {
    std::ostringstream message;
    message << "cannot compare label maps that do not lie on the same grid; a: " << a.geometry()
            << "; b: " << b.geometry();
    throw GeometryMismatch(message.str());
  }
  const Content in_a = content_of(a), in_b = content_of(b);
  const std::vector<Structure> structures = structures_in(in_a, in_b, options);
  std::vector<Agreement> agreements;
  for (const Structure& structure : structures) {
    progress.report("comparing the " + spaced(info(structure.tissue).name),
                    static_cast<double>(agreements.size()) / static_cast<double>(structures.size()));
    agreements.push_back(agreement_on(structure, a, in_a, b, in_b, options.threads));
  }
  progress.report("comparing", 1.0);
  return agreements;
}

}  // namespace genu::segmentation
