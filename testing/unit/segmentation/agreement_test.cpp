// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>
#include <stop_token>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/io/volume_files.h>
#include <genu/segmentation/agreement.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::segmentation {
namespace {

using ::testing::AllOf;
using testing::GridOptions;
using ::testing::HasSubstr;
using testing::label;
using testing::oblique_grid;

const GridOptions small_grid{.extent_mm = {36.0, 36.0, 36.0}};
constexpr double voxel_diagonal_mm = 0.87;  // of the grid's 0.36 x 0.36 x 0.7 mm
// Borders of voxels are jagged, and the nearest of a jagged border lies nearer than that of a smooth one.
constexpr double mean_tolerance_mm = 0.25 * voxel_diagonal_mm;

LabelMap ball(const ImageGeometry& grid, const Point3& centre, double radius_mm,
              Tissue tissue = Tissue::femur) {
  return label(
      grid, [=](const Point3& p) { return distance(p, centre) <= radius_mm ? tissue : Tissue::background; });
}

/// A map of one row of voxels, written out.
LabelMap row_of(const std::vector<Tissue>& tissues) {
  return {ImageGeometry({static_cast<std::int64_t>(tissues.size()), 1, 1}, {}, {0.5, 1.0, 1.0}), tissues};
}

std::vector<Tissue> tissues_of(const std::vector<Agreement>& agreements) {
  std::vector<Tissue> found;
  for (const Agreement& agreement : agreements) found.push_back(agreement.tissue);
  return found;
}

Agreement only(const std::vector<Agreement>& agreements) {
  EXPECT_EQ(agreements.size(), 1U);
  return agreements.empty() ? Agreement{} : agreements.front();
}

TEST(CompareLabels, GivesTheClosedFormsForConcentricSpheres) {
  for (const bool left_handed : {false, true}) {
    GridOptions options = small_grid;
    options.left_handed = left_handed;
    const ImageGeometry grid = oblique_grid(options);
    const double inner = 12.0, outer = 14.0;
    const Agreement agreement =
        only(compare_labels(ball(grid, options.centre, inner), ball(grid, options.centre, outer)));
    const double ratio = std::pow(outer / inner, 3.0);
    EXPECT_EQ(agreement.tissue, Tissue::femur);
    EXPECT_NEAR(agreement.dice, 2.0 / (1.0 + ratio), 0.002);
    EXPECT_NEAR(agreement.volume_difference_percent, 100.0 * (ratio - 1.0), 0.5);
    EXPECT_NEAR(agreement.assd_mm, outer - inner, mean_tolerance_mm);
    EXPECT_NEAR(agreement.hausdorff_mm, outer - inner, voxel_diagonal_mm);
    EXPECT_NEAR(agreement.hausdorff_95_mm, outer - inner, 0.5 * voxel_diagonal_mm);
    EXPECT_GE(agreement.hausdorff_mm, agreement.hausdorff_95_mm);
    EXPECT_GE(agreement.hausdorff_95_mm, agreement.assd_mm);
  }
}

TEST(CompareLabels, GivesTheClosedFormsForASphereThatMoved) {
  const ImageGeometry grid = oblique_grid(small_grid);
  const double r = 13.0, d = 3.0;
  const Vector3 way = normalized(Vector3{1.0, -2.0, 0.5});
  const Agreement agreement =
      only(compare_labels(ball(grid, small_grid.centre, r), ball(grid, small_grid.centre + d * way, r)));
  // The lens that two spheres share.
  const double lens = std::numbers::pi * (4.0 * r + d) * (2.0 * r - d) * (2.0 * r - d) / 12.0;
  EXPECT_NEAR(agreement.dice, lens / (4.0 / 3.0 * std::numbers::pi * r * r * r), 0.002);
  EXPECT_NEAR(agreement.volume_difference_percent, 0.0, 0.5);
  EXPECT_NEAR(agreement.hausdorff_mm, d, voxel_diagonal_mm);
  // A point of one sphere lies |s(u) - r| from the other, s = sqrt(r2 + d2 - 2rdu), its cosine u being
  // uniform.
  const auto integral = [&](double u) {
    return -std::pow(r * r + d * d - 2.0 * r * d * u, 1.5) / (3.0 * r * d) - r * u;
  };
  const double middle = d / (2.0 * r);
  const double mean = 0.5 * ((integral(middle) - integral(-1.0)) - (integral(1.0) - integral(middle)));
  EXPECT_NEAR(agreement.assd_mm, mean, mean_tolerance_mm);
}

// ---- the definition, told once more ----

std::vector<Point3> border_of(const LabelMap& labels, Tissue tissue) {
  const ImageGeometry& grid = labels.geometry();
  std::vector<Point3> border;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    if (labels.voxels()[v] != tissue) continue;
    const VoxelIndex at = grid.index_of(v);
    for (const VoxelIndex& step : std::initializer_list<VoxelIndex>{
             {1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, -1, 0}, {0, 0, 1}, {0, 0, -1}}) {
      const VoxelIndex next{at.i + step.i, at.j + step.j, at.k + step.k};
      if (grid.contains(next) && labels[next] == tissue) continue;
      border.push_back(grid.to_patient(at));
      break;
    }
  }
  return border;
}

std::vector<double> sorted_distances(const std::vector<Point3>& from, const std::vector<Point3>& to) {
  std::vector<double> distances;
  for (const Point3& p : from) {
    double nearest = distance(p, to.front());
    for (const Point3& q : to) nearest = std::min(nearest, distance(p, q));
    distances.push_back(nearest);
  }
  std::sort(distances.begin(), distances.end());
  return distances;
}

double percentile_95(const std::vector<double>& sorted) {
  const double place = 0.95 * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  if (below + 1 == sorted.size()) return sorted.back();
  return std::lerp(sorted[below], sorted[below + 1], place - static_cast<double>(below));
}

LabelMap scattered(const ImageGeometry& grid, std::uint64_t seed, double part) {
  std::mt19937_64 random(seed);
  std::bernoulli_distribution holds(part);
  LabelMap labels(grid);
  for (Tissue& voxel : labels.voxels()) voxel = holds(random) ? Tissue::patella : Tissue::background;
  return labels;
}

TEST(CompareLabels, IsExactOnAnyShape) {
  const ImageGeometry grid = oblique_grid({.spacing_mm = {0.31, 0.45, 1.3}, .extent_mm = {4.0, 5.0, 13.0}});
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    // From a handful of voxels, whose nearest partner lies far, to a sponge, and to a block that fills the
    // grid.
    const double part_a = seed % 4 == 0 ? 0.004 : seed % 4 == 1 ? 0.1 : 0.7;
    const double part_b = seed % 3 == 0 ? 0.01 : seed % 3 == 1 ? 0.4 : 1.0;
    LabelMap a = scattered(grid, seed, part_a);
    a[{2, 3, 4}] = Tissue::patella;
    const LabelMap b = scattered(grid, seed + 1000, part_b);
    const std::vector<Point3> border_a = border_of(a, Tissue::patella),
                              border_b = border_of(b, Tissue::patella);
    const std::vector<double> from_a = sorted_distances(border_a, border_b);
    const std::vector<double> from_b = sorted_distances(border_b, border_a);
    double sum = 0.0;
    for (const double mm : from_a) sum += mm;
    for (const double mm : from_b) sum += mm;
    const Agreement agreement = only(compare_labels(a, b));
    EXPECT_NEAR(agreement.assd_mm, sum / static_cast<double>(from_a.size() + from_b.size()), 1e-5) << seed;
    EXPECT_NEAR(agreement.hausdorff_mm, std::max(from_a.back(), from_b.back()), 1e-5) << seed;
    EXPECT_NEAR(agreement.hausdorff_95_mm, std::max(percentile_95(from_a), percentile_95(from_b)), 1e-5)
        << seed;
  }
}

// ---- laws ----

TEST(CompareLabels, IsPerfectWithItself) {
  const LabelMap labels =
      testing::concentric_spheres(oblique_grid(small_grid), small_grid.centre, 10.0, 12.5);
  const std::vector<Agreement> agreements = compare_labels(labels, labels);
  EXPECT_EQ(tissues_of(agreements), (std::vector{Tissue::femur, Tissue::femoral_cartilage}));
  for (const Agreement& agreement : agreements) {
    EXPECT_EQ(agreement.dice, 1.0);
    EXPECT_EQ(agreement.assd_mm, 0.0);
    EXPECT_EQ(agreement.hausdorff_mm, 0.0);
    EXPECT_EQ(agreement.hausdorff_95_mm, 0.0);
    EXPECT_EQ(agreement.volume_difference_percent, 0.0);
    EXPECT_EQ(agreement.voxels_a, agreement.voxels_b);
  }
}

void expect_same_bits(const Agreement& one, const Agreement& other) {
  EXPECT_EQ(one.tissue, other.tissue);
  EXPECT_EQ(one.dice, other.dice);
  EXPECT_EQ(one.assd_mm, other.assd_mm);
  EXPECT_EQ(one.hausdorff_mm, other.hausdorff_mm);
  EXPECT_EQ(one.hausdorff_95_mm, other.hausdorff_95_mm);
}

TEST(CompareLabels, IsTheSameBothWaysAndForAnyNumberOfThreads) {
  const ImageGeometry grid = oblique_grid(small_grid);
  const LabelMap a = testing::concentric_spheres(grid, small_grid.centre, 10.0, 12.5);
  const LabelMap b =
      testing::concentric_spheres(grid, small_grid.centre + Vector3{1.0, 0.5, -2.0}, 9.0, 12.0);
  const std::vector<Agreement> forward = compare_labels(a, b, {.threads = 1});
  const std::vector<Agreement> backward = compare_labels(b, a, {.threads = 1});
  const std::vector<Agreement> threaded = compare_labels(a, b, {.threads = 8});
  ASSERT_EQ(forward.size(), 2U);
  ASSERT_EQ(backward.size(), 2U);
  ASSERT_EQ(threaded.size(), 2U);
  for (std::size_t s = 0; s < 2; ++s) {
    expect_same_bits(forward[s], backward[s]);
    expect_same_bits(forward[s], threaded[s]);
    EXPECT_EQ(forward[s].voxels_a, backward[s].voxels_b);
    EXPECT_EQ(forward[s].voxels_b, backward[s].voxels_a);
  }
}

// ---- what counts as a structure ----

TEST(CompareLabels, SaysNothingOfDistancesToWhatIsNotThere) {
  const LabelMap empty = row_of({Tissue::background, Tissue::background});
  const LabelMap femur = row_of({Tissue::femur, Tissue::femur});
  EXPECT_TRUE(compare_labels(empty, empty).empty());

  const Agreement lost = only(compare_labels(femur, empty));
  EXPECT_EQ(lost.voxels_a, 2U);
  EXPECT_EQ(lost.voxels_b, 0U);
  EXPECT_EQ(lost.dice, 0.0);
  EXPECT_EQ(lost.volume_difference_percent, -100.0);
  const Agreement added = only(compare_labels(empty, femur));
  EXPECT_EQ(added.dice, 0.0);
  EXPECT_TRUE(std::isnan(added.volume_difference_percent));
  for (const Agreement& agreement : {lost, added}) {
    EXPECT_TRUE(std::isnan(agreement.assd_mm));
    EXPECT_TRUE(std::isnan(agreement.hausdorff_mm));
    EXPECT_TRUE(std::isnan(agreement.hausdorff_95_mm));
  }
}

TEST(CompareLabels, CountsMarrowLesionsAsTheirBoneUnlessToldOtherwise) {
  using enum Tissue;
  const LabelMap with = row_of({femur, femoral_bone_lesion, femur, background, tibial_bone_lesion});
  const LabelMap without = row_of({femur, femur, femur, background, tibia});
  const std::vector<Agreement> together = compare_labels(with, without);
  EXPECT_EQ(tissues_of(together), (std::vector{femur, tibia}));
  for (const Agreement& agreement : together) EXPECT_EQ(agreement.dice, 1.0);

  const std::vector<Agreement> apart = compare_labels(with, without, {.lesions_are_bone = false});
  EXPECT_EQ(tissues_of(apart), (std::vector{femur, tibia, femoral_bone_lesion, tibial_bone_lesion}));
  EXPECT_NEAR(apart[0].dice, 0.8, 1e-12);
  EXPECT_EQ(apart[2].dice, 0.0);
}

TEST(CompareLabels, ComparesTheTibialPlatesWhereBothMapsSplitThem) {
  using enum Tissue;
  const LabelMap split = row_of({medial_tibial_cartilage, background, lateral_tibial_cartilage});
  const LabelMap whole = row_of({tibial_cartilage, background, tibial_cartilage});
  const LabelMap mixed = row_of({medial_tibial_cartilage, tibial_cartilage, lateral_tibial_cartilage});
  const LabelMap one_plate = row_of({medial_tibial_cartilage, background, background});
  const LabelMap empty = row_of({background, background, background});

  EXPECT_EQ(tissues_of(compare_labels(split, split)),
            (std::vector{medial_tibial_cartilage, lateral_tibial_cartilage}));
  for (const auto& agreement : {only(compare_labels(split, whole)), only(compare_labels(whole, split)),
                                only(compare_labels(whole, whole))}) {
    EXPECT_EQ(agreement.tissue, tibial_cartilage);
    EXPECT_EQ(agreement.dice, 1.0);
    EXPECT_EQ(agreement.voxels_a, 2U);
  }
  const std::vector<Agreement> both = compare_labels(split, mixed);
  EXPECT_EQ(tissues_of(both),
            (std::vector{tibial_cartilage, medial_tibial_cartilage, lateral_tibial_cartilage}));
  EXPECT_NEAR(both.front().dice, 0.8, 1e-12);
  EXPECT_EQ(only(compare_labels(whole, mixed)).tissue, tibial_cartilage);
  // A plate that a map has lost altogether is a plate all the same.
  EXPECT_EQ(compare_labels(split, one_plate).back().dice, 0.0);
  EXPECT_EQ(compare_labels(split, empty).size(), 2U);
}

TEST(CompareLabels, RefusesOtherGridsAndWhatIsNoTissue) {
  const LabelMap a(oblique_grid({.extent_mm = {4.0, 4.0, 4.0}}));
  const LabelMap b(oblique_grid({.centre = {11.0, -7.0, 5.5}, .extent_mm = {4.0, 4.0, 4.0}}));
  try {
    compare_labels(a, b);
    FAIL() << "two grids were taken for one";
  } catch (const GeometryMismatch& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("a: "), HasSubstr("b: ")));
  }
  LabelMap odd = a;
  odd[{1, 2, 3}] = static_cast<Tissue>(200);
  try {
    compare_labels(a, odd);
    FAIL() << "200 was taken for a tissue";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("[1, 2, 3]"), HasSubstr("200")));
  }
}

TEST(CompareLabels, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  const LabelMap labels = row_of({Tissue::femur});
  EXPECT_THROW(compare_labels(labels, labels, {}, Progress({}, stop.get_token())), Cancelled);
}

// ---- a real knee against plastimatch ----

// The structures of a manual label map with marrow lesions, 384 x 384 x 160 voxels of 0.36 x 0.36 x 0.7 mm.
constexpr const char* real_knee = "knee_labels/oai/akoa_9055361_00m.nii.gz";

bool same_structure(Tissue one, Tissue other) {
  if (one == other) return true;
  return std::any_of(all_bones.begin(), all_bones.end(),
                     [&](Bone bone) { return is_part_of(one, bone) && is_part_of(other, bone); });
}

Tissue at_or_background(const LabelMap& labels, const VoxelIndex& index) {
  return labels.geometry().contains(index) ? labels[index] : Tissue::background;
}

/// The map moved along the grid; background comes in where it left.
LabelMap shifted(const LabelMap& labels, const VoxelIndex& by) {
  LabelMap moved(labels.geometry());
  for (std::size_t v = 0; v < moved.voxels().size(); ++v) {
    const VoxelIndex at = labels.geometry().index_of(v);
    moved.voxels()[v] = at_or_background(labels, {at.i - by.i, at.j - by.j, at.k - by.k});
  }
  return moved;
}

/// The map without the border voxels of its structures.
LabelMap eroded(const LabelMap& labels) {
  LabelMap thinner = labels;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    const Tissue tissue = labels.voxels()[v];
    if (tissue == Tissue::background) continue;
    const VoxelIndex at = labels.geometry().index_of(v);
    for (const VoxelIndex& next : std::initializer_list<VoxelIndex>{{at.i + 1, at.j, at.k},
                                                                    {at.i - 1, at.j, at.k},
                                                                    {at.i, at.j + 1, at.k},
                                                                    {at.i, at.j - 1, at.k},
                                                                    {at.i, at.j, at.k + 1},
                                                                    {at.i, at.j, at.k - 1}})
      if (!same_structure(tissue, at_or_background(labels, next))) thinner.voxels()[v] = Tissue::background;
  }
  return thinner;
}

struct Golden {
  Tissue tissue;
  double dice;
  double hausdorff_mm;
  double assd_mm;
  double hausdorff_95_mm;
};

// Dice and Hausdorff distance: "DICE" and "Hausdorff distance (boundary)" of plastimatch 1.9.4 (Debian 12),
// `plastimatch dice --all`, on the 0/1 volume of each structure with its marrow lesion. ASSD and HD95, which
// plastimatch defines otherwise, and the two again: SciPy 1.10.1, ndimage.distance_transform_edt of the
// border that binary_erosion leaves, and numpy.percentile.
const std::vector<Golden> golden_shifted{
    {Tissue::femur, 0.963169, 1.093750, 0.475221, 1.09375},
    {Tissue::tibia, 0.962361, 1.093750, 0.456695, 1.09375},
    {Tissue::patella, 0.900853, 1.093750, 0.658014, 1.09375},
    {Tissue::femoral_cartilage, 0.653479, 1.093750, 0.432301, 1.031197},
    {Tissue::tibial_cartilage, 0.855925, 1.093750, 0.206833, 0.729167},
    {Tissue::patellar_cartilage, 0.567207, 1.093750, 0.688913, 1.09375},
};
const std::vector<Golden> golden_eroded{
    {Tissue::femur, 0.967860, 2.477493, 0.514372, 0.729167},
    {Tissue::tibia, 0.967113, 2.780832, 0.489842, 0.729167},
    {Tissue::patella, 0.942028, 2.062395, 0.446068, 0.729167},
    {Tissue::femoral_cartilage, 0.688832, 5.117171, 0.455109, 1.010784},
    {Tissue::tibial_cartilage, 0.709342, 3.648749, 0.440938, 0.815233},
    {Tissue::patellar_cartilage, 0.741148, 2.296771, 0.459081, 0.815233},
};

void expect_golden(const LabelMap& a, const LabelMap& b, const std::vector<Golden>& golden) {
  const std::vector<Agreement> agreements = compare_labels(a, b);
  ASSERT_EQ(agreements.size(), golden.size());
  for (std::size_t s = 0; s < golden.size(); ++s) {
    SCOPED_TRACE(::testing::Message() << golden[s].tissue);
    EXPECT_EQ(agreements[s].tissue, golden[s].tissue);
    EXPECT_NEAR(agreements[s].dice, golden[s].dice, 1e-5);
    EXPECT_NEAR(agreements[s].hausdorff_mm, golden[s].hausdorff_mm, 1e-4);
    EXPECT_NEAR(agreements[s].assd_mm, golden[s].assd_mm, 1e-5);
    EXPECT_NEAR(agreements[s].hausdorff_95_mm, golden[s].hausdorff_95_mm, 1e-5);
  }
}

TEST(CompareLabels, AgreesWithPlastimatchOnARealKnee) {
  GENU_REQUIRE_DATA(file, real_knee);
  const LabelMap labels = io::read_labels(file, io::label_table_named("oai"));
  ASSERT_EQ(labels.geometry().size(), (GridSize{160, 384, 384}));
  expect_golden(labels, shifted(labels, {0, 3, 0}), golden_shifted);
  expect_golden(labels, eroded(labels), golden_eroded);
}

// What moved by a vector is nowhere further away than its length. plastimatch, whose default distance map is
// approximate where voxels are not cubes, says 1.62 mm of the bones and 1.55 to 1.62 mm of the cartilages
// here.
TEST(CompareLabels, SaysNoMoreThanTheShiftOfARealKnee) {
  GENU_REQUIRE_DATA(file, real_knee);
  const LabelMap labels = io::read_labels(file, io::label_table_named("oai"));
  const Vector3 spacing = labels.geometry().spacing_mm();
  const double shift_mm = length(Vector3{1.0 * spacing.x, 3.0 * spacing.y, 2.0 * spacing.z});
  for (const Agreement& agreement : compare_labels(labels, shifted(labels, {1, 3, 2}))) {
    if (agreement.tissue == Tissue::femur) continue;  // reaches the end of the grid, and leaves it
    EXPECT_EQ(agreement.voxels_a, agreement.voxels_b);
    EXPECT_NEAR(agreement.hausdorff_mm, shift_mm, 1e-4) << agreement.tissue;
  }
}

}  // namespace
}  // namespace genu::segmentation
