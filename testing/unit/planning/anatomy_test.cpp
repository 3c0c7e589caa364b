// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <set>

#include <genu/core/error.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/planning/anatomy.h>
#include <genu/surface/query.h>

#include "scene.h"

namespace genu::planning {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::oblique_grid;

const Point3 centre{11.0, -7.0, 5.0};  // Of the test grids.
const KneeFrame frame = patient_aligned_frame(Side::left, centre);
const testing::GridOptions grid_options{.spacing_mm = {0.7, 0.7, 1.1}, .extent_mm = {90.0, 84.0, 80.0}};
constexpr double limb_mm = 30.0;

double from_axis(const Point3& p) {
  return std::hypot(p.x - centre.x, p.y - centre.y);
}

Tissue limb_tissue(const Point3& p) {
  const double r = from_axis(p);
  if (distance(p, centre) < 12.0) return Tissue::femur;
  if (distance(p, centre) < 14.0) return Tissue::femoral_cartilage;
  return r > limb_mm ? Tissue::background : r > 28.0 ? Tissue::skin : r > 20.0 ? Tissue::fat : Tissue::muscle;
}

LabelMap limb() {
  return testing::label(oblique_grid(grid_options), limb_tissue);
}

Volume<std::uint8_t> body_of(const LabelMap& labels) {
  Volume<std::uint8_t> body(labels.geometry());
  for (std::size_t v = 0; v < body.voxels().size(); ++v)
    body.voxels()[v] = labels.voxels()[v] != Tissue::background;
  return body;
}

void expect_round_skin(const TriangleMesh& skin, double worst_mm) {
  ASSERT_FALSE(skin.empty());
  double low = 1e9, high = -1e9;
  std::set<int> sectors;
  for (const Point3& p : skin.vertices()) {
    EXPECT_NEAR(from_axis(p), limb_mm, worst_mm);
    low = std::min(low, p.z);
    high = std::max(high, p.z);
    sectors.insert(static_cast<int>(std::floor(std::atan2(p.y - centre.y, p.x - centre.x) * 10.0)));
  }
  EXPECT_GT(high - low, 60.0) << "too much of the skin was cut away";
  EXPECT_GE(sectors.size(), 62u) << "the skin does not go all the way round";
}

TEST(BuildAnatomy, MakesASkinWithoutTheCutFacesOfTheFieldOfView) {
  // The limb leaves the grid at both ends; the caps there would be at every radius below that of the limb.
  const Anatomy anatomy = build_anatomy(limb(), frame);
  EXPECT_EQ(anatomy.skin_source, "labels");
  expect_round_skin(anatomy.skin, 0.8);
  EXPECT_THAT(anatomy.missing, Not(Contains("skin")));
}

TEST(BuildAnatomy, TakesTheSkinFromTheBodyWhereLabelsHoldNone) {
  LabelMap labels = limb();
  const auto body = body_of(labels);
  for (Tissue& t : labels.voxels())
    if (t != Tissue::femur) t = Tissue::background;
  const Anatomy with = build_anatomy(labels, frame, &body);
  EXPECT_EQ(with.skin_source, "image");
  expect_round_skin(with.skin, 0.8);
  const Anatomy without = build_anatomy(labels, frame);
  EXPECT_TRUE(without.skin.empty());
  EXPECT_THAT(without.skin_source, HasSubstr("no image was given"));
  EXPECT_THAT(without.missing, Contains("skin"));
}

// Quadriceps and Hoffa's fat pad without the fat under the skin: their edge lies 13 mm under the skin.
TEST(BuildAnatomy, TakesNoEdgeOfFatAndMuscleForSkin) {
  LabelMap labels = limb();
  const auto body = body_of(labels);
  const ImageGeometry& grid = labels.geometry();
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    Tissue& t = labels.voxels()[v];
    if (from_axis(p) > 17.0)
      t = Tissue::background;
    else if (t == Tissue::muscle && p.y < centre.y - 12.0)
      t = Tissue::fat;
  }
  EXPECT_FALSE(labels_hold_skin(labels));
  const Anatomy with = build_anatomy(labels, frame, &body);
  EXPECT_EQ(with.skin_source, "image");
  expect_round_skin(with.skin, 0.8);
  EXPECT_TRUE(build_anatomy(labels, frame).skin.empty());
}

TEST(LabelsHoldSkin, WhereItGoesAllTheWayRound) {
  LabelMap labels = limb();
  EXPECT_TRUE(labels_hold_skin(labels));
  const ImageGeometry& grid = labels.geometry();
  LabelMap ended = labels, half = labels, bare = labels;
  for (std::size_t v = 0; v < labels.voxels().size(); ++v) {
    const VoxelIndex at = grid.index_of(v);
    if (at.k < 4 || at.k >= grid.size()[2] - 4) ended.voxels()[v] = Tissue::background;
    if (labels.voxels()[v] != Tissue::skin) continue;
    bare.voxels()[v] = Tissue::fat;
    if (grid.to_patient(at).y > centre.y) half.voxels()[v] = Tissue::background;
  }
  EXPECT_TRUE(labels_hold_skin(ended)) << "the ends of the labels are no skin";
  EXPECT_FALSE(labels_hold_skin(half));
  EXPECT_FALSE(labels_hold_skin(bare));
}

TEST(BuildAnatomy, TakesNoBlankedEndOfAnImageForSkin) {
  // Scanners blank the first and last rows, so that the body found ends a few millimetres before the grid.
  LabelMap labels = limb();
  auto body = body_of(labels);
  const ImageGeometry& grid = body.geometry();
  for (std::size_t v = 0; v < body.voxels().size(); ++v) {
    const VoxelIndex at = grid.index_of(v);
    if (at.k < 4 || at.k >= grid.size()[2] - 4) body.voxels()[v] = 0;
  }
  for (Tissue& t : labels.voxels()) t = t == Tissue::femur ? t : Tissue::background;
  const Anatomy anatomy = build_anatomy(labels, frame, &body);
  // The rim of a blanked end is rounded: a little of it may stay, near the skin.
  for (const Point3& p : anatomy.skin.vertices()) EXPECT_GT(from_axis(p), limb_mm - 2.5);
}

TEST(BuildAnatomy, KeepsSkinThatComesNearTheBorderButIsNotCut) {
  // A limb that fills the field of view sideways but for two millimetres: all of its skin is skin.
  auto options = grid_options;
  options.extent_mm = {120.0, 120.0, 60.0};
  const auto grid = oblique_grid(options);
  const Vector3 along = grid.direction().column(2);
  const auto off_axis = [&](const Point3& p) { return length(cross(p - centre, along)); };
  const LabelMap labels = testing::label(
      grid, [&](const Point3& p) { return off_axis(p) < 57.5 ? Tissue::skin : Tissue::background; });
  double widest[4] = {0, 0, 0, 0};
  const Anatomy anatomy = build_anatomy(labels, frame);
  for (const Point3& p : anatomy.skin.vertices()) {
    const double i = dot(p - centre, grid.direction().column(0)),
                 j = dot(p - centre, grid.direction().column(1));
    widest[0] = std::max(widest[0], i);
    widest[1] = std::max(widest[1], -i);
    widest[2] = std::max(widest[2], j);
    widest[3] = std::max(widest[3], -j);
  }
  for (const double w : widest) EXPECT_NEAR(w, 57.5, 0.8);
}

TEST(BuildAnatomy, CutsAwayTheSideWhereTheFieldOfViewCutsTheLimb) {
  auto options = grid_options;
  options.extent_mm = {40.0, 84.0, 80.0};  // The limb is 60 mm wide.
  const auto labels = testing::label(oblique_grid(options), limb_tissue);
  const Anatomy anatomy = build_anatomy(labels, frame);
  for (const Point3& p : anatomy.skin.vertices()) EXPECT_NEAR(from_axis(p), limb_mm, 0.8);
}

TEST(BuildAnatomy, NamesWhatItHasAndWhatItMisses) {
  const Anatomy anatomy = build_anatomy(limb(), frame);
  ASSERT_EQ(anatomy.structures.size(), 2u);
  EXPECT_EQ(anatomy.structures[0].name, "femur");
  EXPECT_EQ(anatomy.structures[0].kind, StructureKind::bone);
  EXPECT_EQ(anatomy.structures[0].source, "segmented");
  EXPECT_EQ(anatomy.structures[1].name, "femoral_cartilage");
  for (const char* name :
       {"tibia", "patella", "fibula", "tibial_cartilage", "patellar_cartilage", "patellar_tendon",
        "quadriceps_tendon", "popliteal_artery", "popliteal_vein", "medial_meniscus", "lateral_meniscus",
        "suprapatellar_recess", "tibial_nerve", "anterior_cruciate_ligament", "great_saphenous_vein"})
    EXPECT_THAT(anatomy.missing, Contains(name));
  EXPECT_EQ(anatomy.missing.size(), 28u);
}

TEST(BuildAnatomy, CountsMarrowLesionsAsBoneAndBothTibialPlatesAsOneStructure) {
  const auto grid = oblique_grid({.extent_mm = {30.0, 30.0, 30.0}});
  const auto labels = testing::label(grid, [](const Point3& p) {
    if (distance(p, centre) < 3.0) return Tissue::femoral_bone_lesion;
    if (distance(p, centre) < 7.0) return Tissue::femur;
    if (distance(p, centre) > 11.0) return Tissue::background;
    return p.x > centre.x ? Tissue::medial_tibial_cartilage : Tissue::lateral_tibial_cartilage;
  });
  const Anatomy anatomy = build_anatomy(labels, frame);
  ASSERT_EQ(anatomy.structures.size(), 2u);
  for (const Point3& p : anatomy.structures[0].surface.vertices()) EXPECT_NEAR(distance(p, centre), 7.0, 0.4);
  EXPECT_EQ(anatomy.structures[1].name, "tibial_cartilage");
}

/// Returns how far places in the middle of a bone's cartilage, where it is 1.5 mm thick or more, lie outside
/// of the structure's surface at most.
double deepest_hole_mm(const Structure& cartilage, const phantom::Knee& knee, Bone bone) {
  const surface::MeshQuery surface(cartilage.surface);
  std::size_t places = 0;
  double deepest = 0.0;
  for (double l = -44.0; l < 44.0; l += 1.0)
    for (double a = -44.0; a < 46.0; a += 1.0)
      for (double p = -8.0; p < 56.0; p += 1.0) {
        const Point3 at = knee.frame().at(l, a, p);
        if (!is_cartilage_of(knee.tissue_at(at), bone)) continue;
        const double thickness = knee.thickness_mm(bone, knee.closest_on_bone(bone, at)).value();
        if (thickness < 1.5 || std::abs(knee.bone_distance_mm(bone, at) - 0.5 * thickness) > 0.3) continue;
        ++places;
        deepest = std::max(deepest, surface.signed_distance_mm(at));
      }
  EXPECT_GT(places, 300u) << cartilage.name;
  return deepest;
}

// A layer of its own falls apart between thick slices: needles were let through where it was lost.
TEST(BuildAnatomy, FindsTheWholeCartilageBetweenThickSlices) {
  const phantom::Knee knee{phantom::KneeOptions{}};
  for (const double slice_mm : {3.0, 4.0}) {
    const LabelMap labels =
        phantom::scan(knee, phantom::sagittal_grid(knee, 0.7, slice_mm), {.samples_per_mm = 1}).labels;
    const Anatomy anatomy = build_anatomy(labels, knee.frame());
    EXPECT_EQ(anatomy.skin_source, "labels");
    ASSERT_EQ(anatomy.structures[4].name, "femoral_cartilage");
    for (const Bone bone : all_bones) {
      const Structure& cartilage = anatomy.structures[4 + static_cast<std::size_t>(bone)];
      EXPECT_LT(deepest_hole_mm(cartilage, knee, bone), slice_mm / 5.0)
          << cartilage.name << " at " << slice_mm << " mm";
    }
  }
}

TEST(BuildAnatomy, RefusesABodyWithoutAVoxelInside) {
  const auto labels =
      testing::concentric_spheres(oblique_grid({.extent_mm = {30, 30, 30}}), centre, 8.0, 10.0);
  const Volume<std::uint8_t> nothing(labels.geometry());
  EXPECT_THROW(build_anatomy(labels, frame, &nothing), InvalidInput);
}

TEST(BuildAnatomy, SaysThatThereIsNoSkinWhereTheFieldOfViewLiesInsideTheLimb) {
  const auto labels = testing::label(oblique_grid({.extent_mm = {30, 30, 30}}), [](const Point3& p) {
    return distance(p, centre) < 8.0 ? Tissue::femur : p.x > centre.x ? Tissue::fat : Tissue::muscle;
  });
  const Volume<std::uint8_t> body(labels.geometry(), 1);
  const Anatomy anatomy = build_anatomy(labels, frame, &body);
  EXPECT_TRUE(anatomy.skin.empty());
  EXPECT_THAT(anatomy.skin_source, HasSubstr("inside the limb"));
}

}  // namespace
}  // namespace genu::planning
