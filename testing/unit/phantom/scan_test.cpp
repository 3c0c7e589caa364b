// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>
#include <stop_token>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/io/dicom.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::phantom {
namespace {

ImageGeometry joint_grid(const Knee& knee, const Vector3& spacing_mm, const Vector3& extent_mm) {
  return testing::oblique_grid(
      {.spacing_mm = spacing_mm, .centre = knee.frame().at(3.0, 8.0, 20.0), .extent_mm = extent_mm});
}

KneeOptions worn() {
  KneeOptions o;
  o.defects = {{"a", Plate::femur, -23.0, 2.0, 9.0, 1.0}, {"b", Plate::patella, 3.0, 2.0, 8.0, 0.5}};
  o.spurs = {{Bone::tibia, false, 4.0, 6.0}};
  return o;
}

// Guards the short cut over blocks that hold one tissue: its safe distances must never be too large.
TEST(Scan, LabelsAreTheTissueAtVoxelCentres) {
  KneeOptions thick = worn();
  thick.scale = 0.9;
  thick.femoral_thickness_mm = thick.patellar_thickness_mm = 3.5;
  for (const KneeOptions& o : {worn(), thick}) {
    const Knee knee(o);
    const ImageGeometry grid = joint_grid(knee, {0.9, 0.8, 1.2}, {150.0, 130.0, 140.0});
    const Scan made = scan(knee, grid, {.samples_per_mm = 1});
    for (std::size_t v = 0; v < grid.voxel_count(); ++v) {
      const Point3 p = grid.to_patient(grid.index_of(v));
      ASSERT_EQ(made.labels.voxels()[v], knee.tissue_at(p)) << knee.frame().coordinates(p);
    }
  }
}

TEST(Scan, SameBitsForAnyNumberOfThreads) {
  const Knee knee(worn());
  const ImageGeometry grid = joint_grid(knee, {1.1, 1.0, 1.4}, {120.0, 120.0, 40.0});
  const Scan one = scan(knee, grid, {.samples_per_mm = 2, .threads = 1});
  const Scan eight = scan(knee, grid, {.samples_per_mm = 2, .threads = 8});
  EXPECT_EQ(one.image.voxels(), eight.image.voxels());
  EXPECT_EQ(one.labels.voxels(), eight.labels.voxels());
}

TEST(Scan, AThickSliceIsTheMeanOfTheThinOnesInIt) {
  const Knee knee(worn());
  const ScanOptions quiet{.bias_field = 0.0, .noise_sd = 0.0};
  const ImageGeometry thick = joint_grid(knee, {1.0, 1.0, 3.0}, {80.0, 60.0, 24.0});
  // Four slices of 0.75 mm: 3 points each, where the thick one has 12 at the same places.
  const Vector3 through = thick.direction().column(2);
  const GridSize size{thick.size()[0], thick.size()[1], 4 * thick.size()[2]};
  const ImageGeometry thin(size, thick.origin() - 1.125 * through, {1.0, 1.0, 0.75}, thick.direction());
  const Scan whole = scan(knee, thick, quiet);
  const Scan parts = scan(knee, thin, quiet);
  for (std::int64_t k = 0; k < thick.size()[2]; ++k)
    for (std::int64_t j = 0; j < thick.size()[1]; ++j)
      for (std::int64_t i = 0; i < thick.size()[0]; ++i) {
        double mean = 0.0;
        for (std::int64_t part = 0; part < 4; ++part) mean += 0.25 * parts.image[{i, j, 4 * k + part}];
        ASSERT_NEAR((whole.image[{i, j, k}]), mean, 1e-3) << VoxelIndex{i, j, k};
      }
}

TEST(Scan, TheSignalIsTheMeanOverALatticeThatFillsTheVoxel) {
  const Knee knee(worn());
  const ScanOptions quiet{.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 4};
  const ImageGeometry coarse = joint_grid(knee, {1.0, 1.5, 2.0}, {24.0, 45.0, 40.0});
  const Matrix3& d = coarse.direction();
  const Point3 first = coarse.origin() - d * Vector3{0.375, 0.625, 0.875};
  const ImageGeometry fine({4 * coarse.size()[0], 6 * coarse.size()[1], 8 * coarse.size()[2]}, first,
                           {0.25, 0.25, 0.25}, d);
  const Scan whole = scan(knee, coarse, quiet);
  const Scan points = scan(knee, fine, quiet);
  std::vector<double> mean(coarse.voxel_count(), 0.0);
  for (std::size_t v = 0; v < fine.voxel_count(); ++v) {
    const VoxelIndex at = fine.index_of(v);
    mean[coarse.offset({at.i / 4, at.j / 6, at.k / 8})] += points.image.voxels()[v] / 192.0;
  }
  for (std::size_t v = 0; v < mean.size(); ++v) ASSERT_NEAR(whole.image.voxels()[v], mean[v], 2e-3) << v;
}

TEST(Scan, NoiseIsRician) {
  const Knee knee{KneeOptions{}};
  constexpr double sd = 0.03;
  const double sigma = sd * brightest_signal;
  const ImageGeometry grid = sagittal_grid(knee, 1.0, 2.0);
  const Scan made = scan(knee, grid, {.bias_field = 0.0, .noise_sd = sd, .samples_per_mm = 1});
  const Scan clean = scan(knee, grid, {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1});
  double air = 0.0, air_squared = 0.0, fluid = 0.0, fluid_squared = 0.0;
  double n_air = 0.0, n_fluid = 0.0;
  for (std::size_t v = 0; v < clean.image.voxels().size(); ++v) {
    const double x = made.image.voxels()[v];
    if (clean.image.voxels()[v] == 0.0F) {
      air += x;
      air_squared += x * x;
      ++n_air;
    } else if (clean.image.voxels()[v] == static_cast<float>(brightest_signal)) {
      fluid += x;
      fluid_squared += x * x;
      ++n_fluid;
    }
  }
  ASSERT_GT(n_air, 1e5);
  ASSERT_GT(n_fluid, 1e3);
  // Rayleigh in air (mean sigma sqrt(pi/2), mean square 2 sigma^2); nearly normal where the signal is high.
  EXPECT_NEAR(air / n_air, sigma * std::sqrt(std::numbers::pi / 2.0), 5.0 * sigma / std::sqrt(n_air));
  EXPECT_NEAR(air_squared / n_air, 2.0 * sigma * sigma, 10.0 * sigma * sigma / std::sqrt(n_air));
  const double mean = fluid / n_fluid;
  EXPECT_NEAR(mean, std::hypot(brightest_signal, sigma / std::numbers::sqrt2),
              5.0 * sigma / std::sqrt(n_fluid));
  EXPECT_NEAR(std::sqrt(fluid_squared / n_fluid - mean * mean), sigma, 5.0 * sigma / std::sqrt(n_fluid));
}

TEST(Scan, ASeedNamesItsNoise) {
  const Knee knee{KneeOptions{}};
  const ImageGeometry grid = joint_grid(knee, {2.0, 2.0, 3.0}, {60.0, 60.0, 60.0});
  const auto with_seed = [&](std::uint64_t seed) {
    return scan(knee, grid, {.seed = seed, .samples_per_mm = 1}).image.voxels();
  };
  EXPECT_EQ(with_seed(7), with_seed(7));
  EXPECT_NE(with_seed(7), with_seed(8));
}

TEST(Scan, TheBiasFieldIsSmoothAndWithinItsDeviation) {
  const Knee knee{KneeOptions{}};
  const ImageGeometry grid = sagittal_grid(knee, 1.5, 3.0);
  const Scan flat = scan(knee, grid, {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1});
  const Scan shaded = scan(knee, grid, {.bias_field = 0.2, .noise_sd = 0.0, .samples_per_mm = 1});
  double lowest = 9.0, highest = 0.0;
  for (std::size_t v = 0; v < flat.image.voxels().size(); ++v) {
    if (flat.image.voxels()[v] == 0.0F) continue;
    const double ratio = shaded.image.voxels()[v] / flat.image.voxels()[v];
    lowest = std::min(lowest, ratio);
    highest = std::max(highest, ratio);
  }
  EXPECT_GE(lowest, 0.8 - 1e-6);
  EXPECT_LE(highest, 1.2 + 1e-6);
  EXPECT_GT(highest - lowest, 0.15);
}

TEST(Scan, EachContrastShowsWhatItIsMadeFor) {
  const Knee knee{KneeOptions{}};
  const KneeFrame& f = knee.frame();
  const auto signal_at = [&](Contrast contrast, double l, double a, double p) {
    const ImageGeometry voxel({1, 1, 1}, f.at(l, a, p), {0.2, 0.2, 0.2});
    return scan(knee, voxel, {.contrast = contrast, .bias_field = 0.0, .noise_sd = 0.0}).image.voxels()[0];
  };
  const auto fluid = [&](Contrast c) { return signal_at(c, 0, 32, 70); };
  const auto fat = [&](Contrast c) { return signal_at(c, 0, 26, -5); };
  const auto marrow = [&](Contrast c) { return signal_at(c, -22, -3, 25); };
  const auto tendon = [&](Contrast c) { return signal_at(c, 0, 44, 65); };
  EXPECT_EQ(fluid(Contrast::dess), static_cast<float>(brightest_signal));
  EXPECT_GT(fluid(Contrast::dess), 3.0 * marrow(Contrast::dess));
  EXPECT_GT(fat(Contrast::t1), 2.0 * fluid(Contrast::t1));
  EXPECT_GT(marrow(Contrast::proton_density), 4.0 * marrow(Contrast::proton_density_fat_saturated));
  for (const Contrast c :
       {Contrast::dess, Contrast::proton_density, Contrast::proton_density_fat_saturated, Contrast::t1})
    EXPECT_LT(tendon(c), 0.5 * fluid(c));
}

TEST(SagittalGrid, HoldsTheSkinAroundAndEveryTissue) {
  for (const double scale : {0.8, 1.0, 1.2}) {
    KneeOptions o;
    o.scale = scale;
    o.side = scale > 1.0 ? Side::left : Side::right;
    const Knee knee(o);
    const LabelMap labels = scan(knee, sagittal_grid(knee, 0.8, 1.6), {.samples_per_mm = 1}).labels;
    std::map<Tissue, double> volume;
    const GridSize n = labels.geometry().size();
    for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
      const VoxelIndex at = labels.geometry().index_of(v);
      const bool beside = at.i == 0 || at.i == n[0] - 1 || at.k == 0 || at.k == n[2] - 1;
      ASSERT_TRUE(!beside || labels.voxels()[v] == Tissue::background) << at;
      volume[labels.voxels()[v]] += 1e-3 * labels.geometry().voxel_volume_mm3() / (scale * scale * scale);
    }
    // A phantom has no lesions of bone, and neither nerves, ligaments nor the vessels under the skin.
    for (const TissueInfo& t : tissues().first(static_cast<std::size_t>(Tissue::femoral_bone_lesion)))
      EXPECT_TRUE(volume[t.tissue] > 0.1 || t.tissue == Tissue::tibial_cartilage)
          << t.name << ": " << volume[t.tissue] << " ml";
    EXPECT_NEAR(volume[Tissue::suprapatellar_recess], 13.0, 2.0) << "ml: a moderate effusion";
  }
}

TEST(SagittalGrid, HasTheDefaultMatrixAndMovesWithThePose) {
  const Knee standard{KneeOptions{}};
  const ImageGeometry grid = sagittal_grid(standard);
  EXPECT_EQ(grid.size(), (GridSize{384, 384, 180}));
  EXPECT_EQ(grid.direction(), Matrix3::from_columns({0, 1, 0}, {0, 0, -1}, {-1, 0, 0}));
  KneeOptions o;
  o.patient_from_knee = testing::random_pose(3);
  EXPECT_TRUE(nearly_equal(sagittal_grid(Knee(o)), moved(grid, o.patient_from_knee), 1e-9));
}

/// A field of view that leaves out the medial tibia and cuts femoral cartilage and limb on every side.
FieldOfView cut_view() {
  return {.extent_mm = Vector3{63.0, 63.0, 42.0}, .offset_mm = {15.13, 4.57, -9.21}};
}

Knee tilted_knee() {
  return Knee({.side = Side::left, .patient_from_knee = testing::random_pose(4)});
}

TEST(SagittalGrid, ShowsTheFieldOfViewAskedFor) {
  const Knee knee = tilted_knee();
  const FieldOfView view = cut_view();
  const ImageGeometry grid = sagittal_grid(knee, 0.9, 1.5, view), whole = sagittal_grid(knee, 0.9, 1.5);
  EXPECT_EQ(grid.size(), (GridSize{70, 70, 28}));
  EXPECT_EQ(grid.direction(), whole.direction());
  EXPECT_EQ(grid.spacing_mm(), whole.spacing_mm());
  const auto middle = [&](const ImageGeometry& g) {
    const auto half = [&](std::size_t axis) { return 0.5 * static_cast<double>(g.size()[axis] - 1); };
    return knee.frame().coordinates(g.to_patient(ContinuousIndex{half(0), half(1), half(2)}));
  };
  EXPECT_LT(length(middle(grid) - middle(whole) - view.offset_mm), 1e-9);
  // Smaller than a voxel it is one voxel.
  const FieldOfView speck{.extent_mm = Vector3{0.1, 0.1, 0.1}};
  EXPECT_EQ(sagittal_grid(knee, 0.9, 1.5, speck).size(), (GridSize{1, 1, 1}));
}

// Where the field of view ends changes what is seen, never what is there.
TEST(Scan, AFieldOfViewThatCutsPlatesAndLimbShowsTheSameKnee) {
  const Knee knee = tilted_knee();
  const ImageGeometry cut = sagittal_grid(knee, 0.9, 1.5, cut_view());
  const Scan part = scan(knee, cut, {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1});
  std::map<Tissue, std::size_t> seen, at_border;
  for (std::size_t v = 0; v < cut.voxel_count(); ++v) {
    const VoxelIndex at = cut.index_of(v);
    const Tissue tissue = part.labels.voxels()[v];
    ASSERT_EQ(tissue, knee.tissue_at(cut.to_patient(at))) << at;
    ++seen[tissue];
    at_border[tissue] += at.k == 0 || at.k == cut.size()[2] - 1;
  }
  for (const Tissue t : {Tissue::femoral_cartilage, Tissue::femur, Tissue::tibia, Tissue::fat})
    EXPECT_GT(at_border[t], 0u) << t << " is not cut";
  EXPECT_EQ(seen[Tissue::medial_tibial_cartilage], 0u);
  EXPECT_GT(seen[Tissue::lateral_tibial_cartilage], 0u);
  EXPECT_EQ(seen[Tissue::background], 0u) << "the limb is cut on every side";
  // The same voxels of a larger grid have the same signal.
  const GridSize n = cut.size();
  const ImageGeometry larger({n[0] + 20, n[1] + 10, n[2] + 6}, cut.to_patient(VoxelIndex{-10, -5, -3}),
                             cut.spacing_mm(), cut.direction());
  const Scan more = scan(knee, larger, {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1});
  for (std::size_t v = 0; v < cut.voxel_count(); ++v) {
    const VoxelIndex at = cut.index_of(v);
    ASSERT_NEAR(part.image.voxels()[v], (more.image[{at.i + 10, at.j + 5, at.k + 3}]), 1e-3) << at;
  }
}

TEST(Scan, ACutFieldOfViewIsTheGridOfTheSeriesWrittenFromIt) {
  const Knee knee = tilted_knee();
  const ImageGeometry cut = sagittal_grid(knee, 3.0, 6.0, cut_view());
  const testing::ScratchFolder scratch;
  io::write_mr_series(scratch / "dicom", scan(knee, cut, {.samples_per_mm = 1}).image, {});
  const io::FolderScan found = io::scan_folder(scratch / "dicom");
  ASSERT_EQ(found.series.size(), 1u);
  EXPECT_TRUE(nearly_equal(io::read_series(found.series[0]).at(0).image.geometry(), cut));
}

TEST(Scan, RefusesOptionsOutOfRangeByNameAndValue) {
  const Knee knee{KneeOptions{}};
  const auto refusal = [&](const ScanOptions& o) -> std::string {
    try {
      scan(knee, ImageGeometry{}, o);
    } catch (const InvalidInput& error) {
      return error.what();
    }
    return "accepted";
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(refusal({.bias_field = 1.5}), HasSubstr("bias_field = 1.5"));
  EXPECT_THAT(refusal({.noise_sd = -0.5}), HasSubstr("noise_sd = -0.5"));
  EXPECT_THAT(refusal({.noise_sd = std::nan("")}), HasSubstr("noise_sd = nan"));
  EXPECT_THAT(refusal({.samples_per_mm = 0}), HasSubstr("samples_per_mm = 0"));
  EXPECT_THROW(sagittal_grid(knee, 0.0, 0.7), InvalidInput);
  EXPECT_THROW(sagittal_grid(knee, 0.36, -1.0), InvalidInput);
  EXPECT_THROW(sagittal_grid(knee, 1.0, 1.0, {.extent_mm = Vector3{100.0, 0.0, 100.0}}), InvalidInput);
  EXPECT_THROW(sagittal_grid(knee, 1.0, 1.0, {.extent_mm = Vector3{100.0, 100.0, 2000.0}}), InvalidInput);
  EXPECT_THROW(sagittal_grid(knee, 1.0, 1.0, {.offset_mm = {0.0, std::nan(""), 0.0}}), InvalidInput);
}

TEST(Scan, TellsItsProgressAndStopsWhenAsked) {
  const Knee knee{KneeOptions{}};
  const ImageGeometry grid = sagittal_grid(knee, 2.0, 4.0);
  double last = -1.0;
  scan(knee, grid, {.samples_per_mm = 1}, Progress([&](std::string_view, double fraction) {
         EXPECT_GE(fraction, last);
         last = fraction;
       }));
  EXPECT_EQ(last, 1.0);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(scan(knee, grid, {}, Progress({}, stop.get_token())), Cancelled);
}

// A stop is heard where progress is told: before each block of 32 points of the signal along each axis.
TEST(Scan, TellsItsProgressBeforeEveryBlock) {
  const Knee knee{KneeOptions{}};
  const ImageGeometry grid = joint_grid(knee, {2.0, 2.0, 2.0}, {96.0, 96.0, 96.0});  // 27 blocks
  std::stop_source stop;
  std::vector<double> told;
  const Progress until_a_third(
      [&](std::string_view, double fraction) {
        told.push_back(fraction);
        if (fraction > 1.0 / 3.0) stop.request_stop();
      },
      stop.get_token());
  EXPECT_THROW(scan(knee, grid, {.samples_per_mm = 1, .threads = 1}, until_a_third), Cancelled);
  EXPECT_EQ(told.size(), 11u);
}

}  // namespace
}  // namespace genu::phantom
