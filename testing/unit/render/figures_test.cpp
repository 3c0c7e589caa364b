// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/render/figures.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "pixels.h"

namespace genu::render {
namespace {

using testing::difference;
using testing::Patch;
using testing::patch_near;
using testing::patch_of;
using testing::pixel;
using testing::Rgb;
using testing::rgb_of;

constexpr std::array all_planes{Plane::sagittal, Plane::coronal, Plane::axial};
const Point3 middle{11.0, -7.0, 5.0};

bool is_white(const Rgb& p) {
  return difference(p, {255, 255, 255}) <= 40;
}

/// A small ball of artery in empty space: the one red thing on a slice.
LabelMap red_ball(const Point3& centre, double radius_mm) {
  return testing::label(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.8}}), [=](const Point3& p) {
    return distance(p, centre) <= radius_mm ? Tissue::popliteal_artery : Tissue::background;
  });
}

// A block off centre in all three axes: any mirrored, swapped or shifted axis moves it by many pixels.
TEST(SliceFigure, LabelsAppearWhereTheyAre) {
  const Point3 centre{17.0, -13.0, 1.0};
  const LabelMap labels = red_ball(centre, 4.0);
  for (const Plane plane : all_planes) {
    const Picture picture = slice_figure(nullptr, &labels, plane, centre);
    const SlicePlane slice = slice_plane(labels.geometry(), plane, centre);
    const Patch red = patch_near(picture, rgb_of(Tissue::popliteal_artery), 12);
    const auto [x, y] = slice.to_pixel(centre);
    EXPECT_NEAR(red.x, x, 1.5);
    EXPECT_NEAR(red.y, y, 1.5);
    EXPECT_NEAR(std::sqrt(red.count / 3.14159265) * slice.pixel_mm, 4.0, 0.15) << "radius, mm";
  }
}

// Anterior of the middle must be drawn left of it on a sagittal slice, and so on.
TEST(SliceFigure, SidesFollowTheConvention) {
  const Point3 off = middle + Vector3{8.0, -8.0, 8.0};  // left, anterior, superior
  const LabelMap labels = red_ball(off, 4.0);
  const auto red = [&](Plane plane) {
    const Picture picture = slice_figure(nullptr, &labels, plane, off);
    const Patch patch = patch_near(picture, rgb_of(Tissue::popliteal_artery), 12);
    return std::array{patch.x - 0.5 * picture.width, patch.y - 0.5 * picture.height};
  };
  EXPECT_LT(red(Plane::sagittal)[0], -20) << "anterior is on the left";
  EXPECT_LT(red(Plane::sagittal)[1], -20) << "superior is above";
  EXPECT_GT(red(Plane::coronal)[0], 20) << "the patient's left is on the right";
  EXPECT_LT(red(Plane::coronal)[1], -20);
  EXPECT_GT(red(Plane::axial)[0], 20);
  EXPECT_LT(red(Plane::axial)[1], -20) << "anterior is above";
}

TEST(SliceFigure, ImageIsInterpolatedLinearly) {
  // A linear ramp along patient x must come out as that ramp, whatever the grid's obliquity.
  Volume<float> image(testing::oblique_grid());
  for (std::size_t v = 0; v < image.voxels().size(); ++v)
    image.voxels()[v] = static_cast<float>(image.geometry().to_patient(image.geometry().index_of(v)).x);
  SliceOptions options;
  options.window = {{-20.0, 40.0}};
  const Picture picture = slice_figure(&image, nullptr, Plane::axial, middle, options);
  const SlicePlane slice = slice_plane(image.geometry(), Plane::axial, middle, options);
  for (const double x_mm : {-6.0, 3.0, 14.0, 26.0}) {
    const auto [x, y] = slice.to_pixel({x_mm, middle.y + 3.0, middle.z});
    const double expected = 255.0 * (x_mm + 20.0) / 60.0;
    EXPECT_NEAR(pixel(picture, static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)))[0],
                expected, 2.0);
  }
}

// The outline of a sphere is a circle of its radius; smoothing must neither shrink it nor leave stair steps.
TEST(SliceFigure, OutlineLiesOnTheBorder) {
  const Volume<float> image(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.8}}), 1.0f);
  const LabelMap labels = red_ball(middle, 15.0);
  for (const Plane plane : all_planes) {
    const Picture picture = slice_figure(&image, &labels, plane, middle);
    const SlicePlane slice = slice_plane(image.geometry(), plane, middle);
    const auto [x, y] = slice.to_pixel(middle);
    double sum = 0.0, squares = 0.0;
    int count = 0;
    for (int row = 0; row < picture.height; ++row)
      for (int column = 0; column < picture.width; ++column) {
        const Rgb p = pixel(picture, column, row);
        if (p[0] < 100 || p[1] > p[0] / 2) continue;
        const double radius = slice.pixel_mm * std::hypot(column - x, row - y);
        sum += radius;
        squares += radius * radius;
        ++count;
      }
    ASSERT_GT(count, 400);
    const double mean = sum / count;
    EXPECT_NEAR(mean, 15.0, 0.1);
    EXPECT_LT(std::sqrt(squares / count - mean * mean), 0.25) << "a voxel is 0.8 mm";
  }
}

TEST(SliceFigure, OutlinesCanBeTurnedOff) {
  const Volume<float> image(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.8}}), 1.0f);
  const LabelMap labels = red_ball(middle, 15.0);
  const Picture picture = slice_figure(&image, &labels, Plane::axial, middle, {.outlines = false});
  EXPECT_EQ(patch_of(picture, [](const Rgb& p) { return p[0] > p[1] + 30; }).count, 0);
}

TEST(SliceFigure, ScaleBarIsTenMillimetres) {
  const LabelMap labels = red_ball(middle, 3.0);
  for (const double pixel_mm : {0.05, 0.1, 0.2}) {
    const SliceOptions options{.pixel_mm = pixel_mm, .min_height = 100};
    const Picture picture = slice_figure(nullptr, &labels, Plane::coronal, middle, options);
    int longest = 0;
    for (int x = 0, run = 0; x < picture.width / 2; ++x) {
      run = is_white(pixel(picture, x, picture.height - 13)) ? run + 1 : 0;
      longest = std::max(longest, run);
    }
    EXPECT_NEAR(longest, 10.0 / slice_plane(labels.geometry(), Plane::coronal, middle, options).pixel_mm,
                0.51);
  }
}

// The letter at the left edge of a sagittal slice is A and not P: their pixels are compared with the opposite
// edge.
TEST(SliceFigure, LettersStandAtTheFourEdges) {
  const LabelMap labels = red_ball(middle, 1.0);
  const Picture picture = slice_figure(nullptr, &labels, Plane::sagittal, middle);
  const auto letter = [&](int left, int top, int right, int bottom) {
    int count = 0;
    for (int y = top; y < bottom; ++y)
      for (int x = left; x < right; ++x) count += is_white(pixel(picture, x, y));
    return count;
  };
  const int w = picture.width, h = picture.height;
  const int a = letter(0, h / 2 - 15, 40, h / 2 + 15), p = letter(w - 40, h / 2 - 15, w, h / 2 + 15);
  const int s = letter(w / 2 - 15, 0, w / 2 + 15, 40), i = letter(w / 2 - 15, h - 40, w / 2 + 15, h);
  EXPECT_GT(a, 15);
  EXPECT_GT(p, 15);
  EXPECT_GT(s, 15);
  EXPECT_GT(i, 10);
  EXPECT_LT(i, s) << "an I is thinner than an S";
}

TEST(SliceFigure, NeedsAnImageOrLabels) {
  EXPECT_THROW(slice_figure(nullptr, nullptr, Plane::axial, middle), InvalidInput);
}

TEST(NeedleSliceFigure, LineRunsThroughEntryAndTarget) {
  const LabelMap labels = red_ball(middle, 3.0);
  const Trajectory path{{-6.0, -18.0, 16.0}, {9.0, -9.0, 4.0}};
  const Picture picture = needle_slice_figure(nullptr, &labels, path, false);
  const SlicePlane slice = needle_plane(labels.geometry(), path, false);
  const auto at = [&](const Point3& p) {
    const auto [x, y] = slice.to_pixel(p);
    return pixel(picture, static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
  };
  for (const double t : {0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0}) {
    const Rgb p = at(lerp(path.entry, path.target, t));
    EXPECT_TRUE(p[0] > 180 && p[1] > 140 && p[2] < 90) << "not the needle's yellow at " << t;
  }
  for (const double t : {-0.3, 1.3})
    EXPECT_LT(at(lerp(path.entry, path.target, t))[1], 60) << "nothing beyond";
}

TEST(NeedleSliceFigure, AcrossMarksTheTarget) {
  const LabelMap labels = red_ball(middle, 3.0);
  const Trajectory path{{-6.0, -18.0, 16.0}, {9.0, -9.0, 4.0}};
  const Picture picture = needle_slice_figure(nullptr, &labels, path, true);
  const auto [x, y] = needle_plane(labels.geometry(), path, true).to_pixel(path.target);
  const Patch yellow = patch_of(picture, [](const Rgb& p) { return p[0] > 180 && p[1] > 140 && p[2] < 90; });
  EXPECT_NEAR(yellow.x, x, 1.0);
  EXPECT_NEAR(yellow.y, y, 1.0);
}

/// A ball of femur whose lower half bears cartilage: 2 mm, or what `thickness` says.
cartilage::CartilageReport ball_report(Side side, const std::function<double(const Vector3&)>& thickness) {
  cartilage::CartilageReport report;
  report.side = side;
  report.frame = patient_aligned_frame(side, middle);
  cartilage::BoneMap map;
  map.bone = Bone::femur;
  map.surface = testing::icosphere(middle, 25.0, 5);
  for (const Point3& p : map.surface.vertices()) {
    const Vector3 c = report.frame.coordinates(p);
    map.region.push_back(c.z < 0.0 ? cartilage::Region::cMF : cartilage::Region::outside);
    map.thickness_mm.push_back(c.z < 0.0 ? thickness(c) : std::numeric_limits<double>::quiet_NaN());
  }
  report.bones.push_back(std::move(map));
  return report;
}

// Red on the bone, without the swatch of the legend below it.
Patch denuded_on(Picture picture) {
  picture.height -= 62;
  return patch_of(picture, [](const Rgb& p) { return p[0] > 110 && p[1] < p[0] / 3 && p[2] < p[0] / 2; });
}

TEST(ThicknessFigure, ShowsDenudedBoneOnlyWhereThereIsSome) {
  const auto sound = ball_report(Side::right, [](const Vector3&) { return 2.0; });
  const auto thin = ball_report(Side::right, [](const Vector3&) { return 0.05; });
  const auto unmeasured =
      ball_report(Side::right, [](const Vector3&) { return std::numeric_limits<double>::quiet_NaN(); });
  const auto bare = ball_report(Side::right, [](const Vector3& c) { return c.x > 8.0 ? 0.0 : 2.0; });
  EXPECT_EQ(denuded_on(thickness_figure(sound, View::femur_from_below)).count, 0);
  EXPECT_EQ(denuded_on(thickness_figure(thin, View::femur_from_below)).count, 0) << "thin is not denuded";
  EXPECT_EQ(denuded_on(thickness_figure(unmeasured, View::femur_from_below)).count, 0)
      << "unknown is not denuded";
  EXPECT_GT(denuded_on(thickness_figure(bare, View::femur_from_below)).count, 5000);
}

// Seen from below, lateral of a right knee is on the left of the picture, of a left knee on the right.
TEST(ThicknessFigure, LeftAndRightKneesAreMirrorImages) {
  const auto lateral_loss = [](const Vector3& c) { return c.x > 8.0 ? 0.0 : 2.0; };
  const Picture right = thickness_figure(ball_report(Side::right, lateral_loss), View::femur_from_below);
  const Picture left = thickness_figure(ball_report(Side::left, lateral_loss), View::femur_from_below);
  const double centre = 0.5 * (right.width - 84);
  EXPECT_LT(denuded_on(right).x, centre - 60);
  EXPECT_GT(denuded_on(left).x, centre + 60);
  EXPECT_NEAR(denuded_on(right).x + denuded_on(left).x, 2.0 * centre, 6.0);
}

TEST(ThicknessFigure, ColoursFollowTheThickness) {
  const auto lightness = [&](double thickness_mm) {
    const Picture picture = thickness_figure(
        ball_report(Side::right, [=](const Vector3&) { return thickness_mm; }), View::femur_from_below);
    const Rgb p = pixel(picture, (picture.width - 84) / 2, 44 + (picture.height - 106) / 2);
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2];
  };
  const double thin = lightness(0.5), mean = lightness(2.0), thick = lightness(4.0);
  EXPECT_GT(mean, thin + 20.0);
  EXPECT_GT(thick, mean + 20.0);
}

TEST(ThicknessFigure, RefusesABoneThatIsNotThere) {
  const auto report = ball_report(Side::right, [](const Vector3&) { return 2.0; });
  EXPECT_THROW(thickness_figure(report, View::tibia_from_above), InvalidInput);
  EXPECT_THROW(thickness_figure(report, View::femur_from_below, {.size = 10}), InvalidInput);
  EXPECT_THROW(thickness_figure(report, View::femur_from_below, {.max_mm = 0.0}), InvalidInput);
}

TEST(ChangeFigure, IsRedWhereThinnerAndBlueWhereThicker) {
  const auto report = ball_report(Side::right, [](const Vector3&) { return 2.0; });
  std::vector<double> change;
  for (const Point3& p : report.bones[0].surface.vertices())
    change.push_back(report.frame.coordinates(p).x > 0.0 ? -0.8 : 0.8);
  Picture picture = change_figure(report, change, View::femur_from_below, {.max_mm = 1.0, .words = "change"});
  picture.height -= 62;  // without the legend's swatches
  picture.width -= 84;   // and the colour bar
  Picture bone;
  bone.width = picture.width;
  bone.height = picture.height;
  for (int y = 0; y < bone.height; ++y)
    for (int x = 0; x < 3 * bone.width; ++x)
      bone.rgb.push_back(picture.rgb[static_cast<std::size_t>(y) * 3 * (picture.width + 84) + x]);
  const Patch red = patch_of(bone, [](const Rgb& p) { return p[0] > p[2] + 60; });
  const Patch blue = patch_of(bone, [](const Rgb& p) { return p[2] > p[0] + 60; });
  EXPECT_GT(red.count, 5000);
  EXPECT_GT(blue.count, 5000);
  // Lateral of a right knee, seen from below, is on the left.
  EXPECT_LT(red.x, blue.x - 60.0);
}

TEST(ChangeFigure, RefusesNumbersOfAnotherBone) {
  const auto report = ball_report(Side::right, [](const Vector3&) { return 2.0; });
  EXPECT_THROW(change_figure(report, {0.1, 0.2}, View::femur_from_below), InvalidInput);
}

TEST(ThicknessFigure, CanBeShownFromWhereAnotherReportWouldBe) {
  const auto report = ball_report(Side::right, [](const Vector3&) { return 2.0; });
  auto small = report;
  std::vector<Point3> shrunk;
  for (const Point3& p : report.bones[0].surface.vertices()) shrunk.push_back(lerp(middle, p, 0.5));
  small.bones[0].surface = TriangleMesh(shrunk, report.bones[0].surface.triangles());
  const auto bone_pixels = [](const Picture& picture) {
    return patch_of(picture, [](const Rgb& p) { return p[0] < 240 && p[1] < 240 && p[2] < 240; }).count;
  };
  const auto alone = bone_pixels(thickness_figure(small, View::femur_from_below));
  const auto beside = bone_pixels(thickness_figure(small, View::femur_from_below, {.framed_like = &report}));
  EXPECT_LT(beside, 0.6 * alone) << "half as wide when shown at the scale of the whole one";
}

planning::Anatomy ball_anatomy() {
  planning::Anatomy anatomy;
  anatomy.frame = patient_aligned_frame(Side::right, middle);
  anatomy.skin = testing::icosphere(middle, 45.0, 4);
  anatomy.structures.push_back(
      {"femur", planning::StructureKind::bone, testing::icosphere(middle, 22.0, 4), "segmented"});
  anatomy.structures.push_back({"popliteal_artery", planning::StructureKind::vessel,
                                testing::icosphere(middle + Vector3{-26.0, -8.0, 0.0}, 6.0, 3), "estimated"});
  return anatomy;
}

planning::NeedlePlan ball_plan() {
  planning::NeedlePlan plan;
  plan.approach = "superolateral";
  plan.target.name = "suprapatellar_recess";
  plan.target.point = middle + Vector3{0.0, -26.0, 22.0};
  const Point3 entry = middle + Vector3{-30.0, -26.0, 21.0};
  plan.ranked.push_back({{entry, plan.target.point}, {}, true, 0.8});
  plan.ranked.front().card.depth_mm = plan.ranked.front().path.length_mm();
  return plan;
}

TEST(ProbeFigure, ShowsTheNeedleAtItsAngleAndTheTargetAtItsDepth) {
  const LabelMap labels = red_ball(middle, 15.0);
  planning::NeedlePlan plan = ball_plan();
  EXPECT_THROW(probe_figure(nullptr, &labels, ball_anatomy(), plan, 0), InvalidInput);  // No probe sees it.
  const Point3 face = middle + Vector3{0.0, -40.0, 0.0};
  plan.target.point = middle + Vector3{5.0, -24.0, 0.0};
  plan.target.tolerance_mm = 2.0;
  plan.ranked.front().path = {middle + Vector3{-27.0, -40.0, 0.0}, plan.target.point};
  plan.ranked.front().card.view = planning::ProbeView{.pose = {face, {1, 0, 0}, {0, 1, 0}},
                                                      .face_angle_deg = 26.565,
                                                      .length_mm = 38.0,
                                                      .width_mm = 9.0,
                                                      .image_depth_mm = 50.0};
  const Picture picture = probe_figure(nullptr, &labels, ball_anatomy(), plan, 0, 580);
  // 8 mm above the face and 50 mm below it are 580 pixels, 6 mm beside the entry is the left border.
  const double pixel_mm = 0.1;
  EXPECT_EQ(picture.height, 580);
  const auto ring =
      patch_of(picture, [](const Rgb& c) { return c[0] > 190 && c[1] < 60 && c[2] > 110 && c[2] < 190; });
  EXPECT_GT(ring.count, 50);
  EXPECT_NEAR(ring.x, (27.0 + 6.0 + 5.0) / pixel_mm, 4.0);
  EXPECT_NEAR(ring.y, (8.0 + 16.0) / pixel_mm, 4.0);
  EXPECT_THROW(probe_figure(nullptr, &labels, ball_anatomy(), plan, 1), InvalidInput);
  EXPECT_THROW(probe_figure(nullptr, &labels, ball_anatomy(), plan, 0, 100), InvalidInput);
  EXPECT_THROW(probe_figure(nullptr, nullptr, ball_anatomy(), plan, 0), InvalidInput);
}

TEST(PlanFigure, ShowsNeedleVesselAndBoneOrSaysThatThereIsNoPlan) {
  const auto green = [](const Picture& p) {
    return patch_of(p, [](const Rgb& c) { return c[1] > 60 && c[0] < c[1] / 2 && c[2] < c[1] * 3 / 4; })
        .count;
  };
  const auto red = [](const Picture& p) {
    return patch_of(p, [](const Rgb& c) { return c[0] > 120 && c[1] < c[0] / 3 && c[2] < c[0] / 3; }).count;
  };
  planning::NeedlePlan plan = ball_plan();
  const Picture with = plan_figure(ball_anatomy(), plan);
  EXPECT_GT(green(with), 1200);
  EXPECT_GT(red(with), 800);
  plan.ranked.clear();
  const Picture without = plan_figure(ball_anatomy(), plan);
  EXPECT_LT(green(without), 100);
  EXPECT_THROW(plan_figure({}, plan), InvalidInput);
}

/// Compares with a baseline: at most 0.5 % of the pixels may differ by more than 24 of 255 in a channel, and
/// the mean difference may be 1. Text rasterised by another FreeType stays below that, a moved or missing
/// line does not.
void expect_golden(const Picture& picture, const std::string& name) {
  const auto file = testing::source_root() / "testing" / "golden" / name;
  if (std::getenv("GENU_WRITE_GOLDEN")) write_png(file, picture);
  const Picture golden = read_png(file);
  ASSERT_EQ(picture.width, golden.width);
  ASSERT_EQ(picture.height, golden.height);
  double sum = 0.0;
  int far = 0;
  for (int y = 0; y < picture.height; ++y)
    for (int x = 0; x < picture.width; ++x) {
      const int d = difference(pixel(picture, x, y), pixel(golden, x, y));
      sum += d;
      far += d > 24;
    }
  const double pixels = static_cast<double>(picture.width) * picture.height;
  EXPECT_LE(far / pixels, 0.005);
  EXPECT_LE(sum / pixels, 1.0);
}

LabelMap joint_of_balls() {
  return testing::label(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.8}}), [](const Point3& p) {
    const double femur = distance(p, middle + Vector3{0.0, 2.0, 14.0}),
                 tibia = distance(p, middle + Vector3{0, 2, -16});
    if (femur < 12.0) return Tissue::femur;
    if (femur < 14.5) return Tissue::femoral_cartilage;
    if (tibia < 13.0) return Tissue::tibia;
    if (tibia < 15.0) return Tissue::medial_tibial_cartilage;
    return distance(p, middle + Vector3{3.0, 18.0, 0.0}) < 3.0 ? Tissue::popliteal_artery
                                                               : Tissue::background;
  });
}

TEST(Golden, SagittalSliceWithOutlines) {
  const LabelMap labels = joint_of_balls();
  Volume<float> image(labels.geometry());
  for (std::size_t v = 0; v < image.voxels().size(); ++v)
    image.voxels()[v] = 40.0f * static_cast<float>(labels.voxels()[v]) +
                        10.0f * std::sin(0.4f * static_cast<float>(labels.geometry().index_of(v).i));
  expect_golden(slice_figure(&image, &labels, Plane::sagittal, middle), "slice_sagittal.png");
}

TEST(Golden, CoronalSliceOfLabels) {
  const LabelMap labels = joint_of_balls();
  expect_golden(slice_figure(nullptr, &labels, Plane::coronal, middle), "slice_coronal_labels.png");
}

TEST(Golden, AlongTheNeedle) {
  const LabelMap labels = joint_of_balls();
  expect_golden(needle_slice_figure(nullptr, &labels, {{-9.0, -20.0, 8.0}, {6.0, -9.0, 6.0}}, false),
                "needle_along.png");
}

// Times appear in the colours of the bar, where cartilage is and nowhere else, and NaN leaves the image be.
TEST(RelaxationFigure, ColoursTheCartilageOfASliceByItsTimes) {
  // A grid of whole patient axes: an oblique one is drawn as acquired, where places on the picture are
  // others.
  const ImageGeometry grid({100, 100, 50}, middle - Vector3{25.0, 25.0, 25.0}, {0.5, 0.5, 1.0});
  const LabelMap labels = testing::concentric_spheres(grid, middle, 14.0, 18.0);
  const Volume<float> image(grid, 100.0F);
  Volume<float> map(grid);
  for (std::size_t v = 0; v < map.voxels().size(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    map.voxels()[v] = p.z < middle.z - 3.0 ? std::numeric_limits<float>::quiet_NaN()
                      : p.y < middle.y     ? 20.0F
                                           : 80.0F;
  }
  const Picture picture = relaxation_figure(image, map, &labels, Plane::sagittal, middle);
  const SlicePlane slice = slice_plane(grid, Plane::sagittal, middle, {.min_height = 768});
  const auto at = [&](double dy, double dz) {
    const auto [x, y] = slice.to_pixel(middle + Vector3{0.0, dy, dz});
    return pixel(picture, static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)));
  };
  const auto is_grey = [](const Rgb& p) { return std::abs(p[0] - p[1]) < 3 && std::abs(p[1] - p[2]) < 3; };
  const Rgb low = at(-16.0, 0.0), high = at(16.0, 0.0);
  EXPECT_GT(low[2], low[1] + 20) << "the low end is violet";
  EXPECT_GT(high[1], high[2] + 60) << "the high end is yellow";
  EXPECT_TRUE(is_grey(at(-10.0, 0.0))) << "bone";
  EXPECT_TRUE(is_grey(at(0.0, -16.0))) << "not fitted";
  EXPECT_FALSE(is_grey(at(0.0, 16.0)));
  // Without labels every voxel that has a time is coloured.
  const Picture all = relaxation_figure(image, map, nullptr, Plane::sagittal, middle);
  const auto [x, y] = slice.to_pixel(middle + Vector3{0.0, -10.0, 0.0});
  EXPECT_FALSE(is_grey(pixel(all, static_cast<int>(std::lround(x)), static_cast<int>(std::lround(y)))));
}

// Slices 4 mm apart, tilted by 12 degrees: a cut along the patient's plane would show several.
TEST(RelaxationFigure, ShowsOneSliceOfAnObliqueSeries) {
  const Matrix3 tilt = RigidTransform::rotation_about({}, {0.0, 0.0, 1.0}, 12.0).rotation();
  const ImageGeometry grid({64, 64, 9}, middle, {1.0, 1.0, 4.0},
                           tilt * Matrix3::from_columns({0, 1, 0}, {0, 0, -1}, {-1, 0, 0}));
  const Volume<float> image(grid, 100.0F);
  Volume<float> map(grid, std::numeric_limits<float>::quiet_NaN());
  for (std::int64_t j = 0; j < 64; ++j)
    for (std::int64_t i = 0; i < 64; ++i) map[{i, j, 4}] = 50.0F;
  const Picture picture =
      relaxation_figure(image, map, nullptr, Plane::sagittal, grid.to_patient(VoxelIndex{32, 32, 4}));
  const auto coloured = [](const Rgb& p) { return difference(p, {p[0], p[0], p[0]}) > 20; };
  const Patch patch = patch_of(picture, coloured);
  EXPECT_GT(patch.count, 0.95 * picture.height * picture.height) << "all of the one slice that has times";
}

TEST(RelaxationFigure, RefusesOtherGridsAndEmptyScales) {
  const Volume<float> image(testing::oblique_grid({.spacing_mm = {1.0, 1.0, 2.0}}), 1.0F);
  EXPECT_THROW(relaxation_figure(image, Volume<float>(), nullptr, Plane::sagittal, middle), GeometryMismatch);
  EXPECT_THROW(
      relaxation_figure(image, image, nullptr, Plane::sagittal, middle, {.low_ms = 50.0, .high_ms = 50.0}),
      InvalidInput);
}

}  // namespace
}  // namespace genu::render
