// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <string>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/phantom/scan.h>
#include <genu/planning/estimate.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>
#include <genu/surface/query.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::planning {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// ---- a knee of three ellipsoids, and the table of it ----

struct Ellipsoid {
  const char* name;
  Vector3 centre_mm, half_axes_mm, turned_about;
};
constexpr std::array ellipsoids{Ellipsoid{"femur", {0, 0, 35}, {38, 26, 33}, {1, 2, 3}},
                                Ellipsoid{"tibia", {2, -3, -38}, {36, 24, 35}, {2, -1, 1}},
                                Ellipsoid{"patella", {1, 45, 20}, {20, 10, 17}, {-1, 1, 2}}};

/// In knee coordinates.
TriangleMesh body_of(const Ellipsoid& e) {
  const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
  std::vector<Point3> vertices;
  for (const Point3& p : ball.vertices())
    vertices.push_back({e.half_axes_mm.x * p.x, e.half_axes_mm.y * p.y, e.half_axes_mm.z * p.z});
  return moved(
      {std::move(vertices), ball.triangles()},
      RigidTransform::translation_by(e.centre_mm) * RigidTransform::rotation_about({}, e.turned_about, 20.0));
}

constexpr BoneWeights by_femur{1, 0, 0}, by_tibia{0, 1, 0}, by_both{0.5, 0.5, 0};

/// Ellipses of half axes 3 and 2 mm, so many mm apart along a line.
std::vector<TableSection> straight(const Vector3& from, const Vector3& to, int count,
                                   const BoneWeights& bones) {
  std::vector<TableSection> course;
  for (int n = 0; n < count; ++n)
    course.push_back({from + (static_cast<double>(n) / (count - 1)) * (to - from), {3, 0, 0}, 2.0, bones});
  return course;
}

TableSkin::Ring skin_ring(double proximal_mm, const BoneWeights& bones) {
  TableSkin::Ring ring{bones, {}};
  for (int n = 0; n < 72; ++n) {
    const double angle = 2.0 * std::numbers::pi * n / 72;
    ring.points_mm.push_back({70.0 * std::cos(angle), 70.0 * std::sin(angle), proximal_mm});
  }
  return ring;
}

AnatomyTable table() {
  AnatomyTable made;
  made.name = "three ellipsoids";
  for (std::size_t b = 0; b < ellipsoids.size(); ++b) {
    const TriangleMesh body = body_of(ellipsoids[b]);
    const std::vector<Vector3> normals = surface::vertex_normals(body);
    for (std::size_t v = 0; v < normals.size(); v += 5)
      made.bones[b].push_back({body.vertices()[v], normals[v]});
  }
  made.structures.push_back({"popliteal_artery",
                             StructureKind::vessel,
                             4.0,
                             "drawn",
                             {straight({0, -38, 50}, {0, -38, 10}, 11, by_femur)}});
  made.structures.push_back({"popliteal_vein",
                             StructureKind::vessel,
                             4.0,
                             "drawn",
                             {straight({12, -42, 20}, {12, -42, -20}, 11, by_both)}});
  made.structures.push_back({"tibial_nerve",
                             StructureKind::nerve,
                             4.0,
                             "drawn",
                             {straight({5, -45, -10}, {5, -45, -50}, 11, by_tibia)}});
  made.structures.push_back({"medial_collateral_ligament",
                             StructureKind::ligament,
                             3.0,
                             "drawn",
                             {straight({-30, 0, 20}, {-30, 0, -30}, 11, by_both)}});
  made.skin.position_sd_mm = 6.0;
  made.skin.source = "drawn";
  for (double z = -60.0; z <= 60.0; z += 10.0) made.skin.rings.push_back(skin_ring(z, by_both));
  return made;
}

KneeFrame oblique_frame(Side side) {
  const RigidTransform turn = RigidTransform::rotation_about({}, {0.4, -0.2, 1.0}, 17.0);
  const double out = side == Side::right ? -1.0 : 1.0;
  return {side,
          {out * 70.0, 12.0, -9.0},
          turn(Vector3{out, 0, 0}),
          turn(Vector3{0, -1, 0}),
          turn(Vector3{0, 0, 1})};
}

Point3 place(const KneeFrame& frame, const Vector3& knee) {
  return frame.at(knee.x, knee.y, knee.z);
}

/// A grid that holds everything.
const ImageGeometry wide_grid({400, 400, 400}, {-200, -200, -200}, {1, 1, 1});

/// The knee of the table, grown by `scale` and laid into a patient.
Anatomy knee(Side side, double scale = 1.0) {
  Anatomy anatomy;
  anatomy.frame = oblique_frame(side);
  for (const Ellipsoid& e : ellipsoids) {
    const TriangleMesh body = body_of(e);
    std::vector<Point3> vertices;
    for (const Point3& p : body.vertices()) vertices.push_back(place(anatomy.frame, scale * (p - Point3{})));
    std::vector<Triangle> triangles = body.triangles();
    if (side == Side::left)
      for (Triangle& t : triangles) std::swap(t[1], t[2]);
    anatomy.structures.push_back({e.name, StructureKind::bone, {vertices, triangles}, "segmented"});
  }
  anatomy.missing = {"popliteal_artery", "popliteal_vein", "tibial_nerve", "suprapatellar_recess", "skin"};
  anatomy.skin_source = "none: no image was given";
  return anatomy;
}

const Structure* find(const Anatomy& anatomy, std::string_view name) {
  for (const Structure& structure : anatomy.structures)
    if (structure.name == name) return &structure;
  return nullptr;
}

std::string all_notes(const Anatomy& anatomy) {
  std::string all;
  for (const std::string& note : anatomy.notes) all += note + "\n";
  return all;
}

// ---- where things come to lie ----

class AddEstimated : public ::testing::TestWithParam<Side> {};
INSTANTIATE_TEST_SUITE_P(BothSides, AddEstimated, ::testing::Values(Side::right, Side::left),
                         [](const auto& side) { return std::string(name(side.param)); });

TEST_P(AddEstimated, CarriesTheTableAsTheBonesLie) {
  const double scale = 1.08;
  const Anatomy anatomy = add_estimated(knee(GetParam(), scale), table(), wide_grid);
  for (const TableStructure& drawn : table().structures) {
    const Structure* structure = find(anatomy, drawn.name);
    ASSERT_TRUE(structure) << drawn.name;
    EXPECT_EQ(structure->kind, drawn.kind);
    EXPECT_EQ(structure->source, "estimated");
    const surface::MeshQuery query(structure->surface);
    // The axis lies inside by the minor half axis, but for the caps.
    const auto& course = drawn.courses.front();
    for (std::size_t n = 1; n + 1 < course.size(); ++n)
      EXPECT_NEAR(query.signed_distance_mm(place(anatomy.frame, scale * course[n].centre_mm)), -2.0 * scale,
                  0.06)
          << drawn.name << " " << n;
  }
}

TEST_P(AddEstimated, MakesClosedTubesOfTheRightVolumeFacingOut) {
  AnatomyTable bent = table();
  // A quarter of a ring of radius 20 mm, behind the femur; by Pappus its volume is its section's times its
  // length.
  auto& course = bent.structures[0].courses.front();
  course.clear();
  for (int n = 0; n <= 10; ++n) {
    const double angle = 0.5 * std::numbers::pi * n / 10;
    course.push_back({{0, -60 + 20 * std::cos(angle), 40 + 20 * std::sin(angle)}, {3, 0, 0}, 2.0, by_femur});
  }
  const Anatomy anatomy = add_estimated(knee(GetParam()), bent, wide_grid);
  const double section_mm2 = std::numbers::pi * 3.0 * 2.0;
  const std::map<std::string, double> length_mm{{"popliteal_artery", 0.5 * std::numbers::pi * 20.0},
                                                {"popliteal_vein", 40.0},
                                                {"tibial_nerve", 40.0},
                                                {"medial_collateral_ligament", 50.0}};
  for (const auto& [name, length] : length_mm) {
    const Structure* structure = find(anatomy, name);
    ASSERT_TRUE(structure) << name;
    EXPECT_TRUE(surface::is_closed(structure->surface)) << name;
    EXPECT_NEAR(surface::volume_mm3(structure->surface) / (section_mm2 * length), 1.0, 0.01) << name;
    EXPECT_LT(structure->surface.triangles().size(), 4000u) << name;
  }
}

TEST_P(AddEstimated, GivesAnOpenSkinThatFacesOutWhereThereIsNone) {
  const Anatomy anatomy = add_estimated(knee(GetParam()), table(), wide_grid);
  EXPECT_THAT(anatomy.skin_source, StartsWith("estimated from an atlas"));
  EXPECT_THAT(anatomy.skin_source, HasSubstr("6 mm"));
  EXPECT_THAT(anatomy.missing, Not(Contains("skin")));
  ASSERT_FALSE(anatomy.skin.empty());
  EXPECT_FALSE(surface::is_closed(anatomy.skin));
  const std::vector<Vector3> normals = surface::vertex_normals(anatomy.skin);
  for (std::size_t v = 0; v < normals.size(); ++v) {
    const Vector3 at = anatomy.frame.coordinates(anatomy.skin.vertices()[v]);
    EXPECT_NEAR(std::hypot(at.x, at.y), 70.0, 0.05);
    const Vector3 outward = at.x * anatomy.frame.lateral + at.y * anatomy.frame.anterior;
    EXPECT_GT(dot(normals[v], outward), 60.0);
  }
}

TEST(Estimate, OfALeftKneeIsTheMirrorImageOfARightKnees) {
  const Anatomy right = add_estimated(knee(Side::right), table(), wide_grid),
                left = add_estimated(knee(Side::left), table(), wide_grid);
  ASSERT_EQ(right.structures.size(), left.structures.size());
  for (std::size_t s = 3; s < right.structures.size(); ++s) {
    const TriangleMesh &a = right.structures[s].surface, &b = left.structures[s].surface;
    EXPECT_NEAR(surface::volume_mm3(a), surface::volume_mm3(b), 1e-6);
    const surface::MeshQuery there(b);
    for (const Point3& p : a.vertices())
      EXPECT_LT(there.closest(place(left.frame, right.frame.coordinates(p))).distance_mm, 1e-6)
          << right.structures[s].name;
  }
}

TEST(Estimate, MovesWithThePatient) {
  const RigidTransform motion = testing::random_pose(3);
  const Anatomy still = add_estimated(knee(Side::left), table(), wide_grid);
  Anatomy lain = knee(Side::left);
  const KneeFrame f = lain.frame;
  lain.frame = {f.side, motion(f.origin), motion(f.lateral), motion(f.anterior), motion(f.proximal)};
  for (Structure& bone : lain.structures) bone.surface = moved(bone.surface, motion);
  const Anatomy other = add_estimated(lain, table(), moved(wide_grid, motion));
  ASSERT_EQ(still.structures.size(), other.structures.size());
  for (std::size_t s = 3; s < still.structures.size(); ++s) {
    const auto &a = still.structures[s].surface.vertices(), &b = other.structures[s].surface.vertices();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t v = 0; v < a.size(); ++v) EXPECT_LT(distance(motion(a[v]), b[v]), 1e-5);
  }
}

// ---- what is told ----

TEST(Estimate, SaysWhatItEstimatedFromWhatAndHowWellItFits) {
  const Anatomy anatomy = add_estimated(knee(Side::right, 1.1), table(), wide_grid);
  EXPECT_EQ(anatomy.missing, std::vector<std::string>{"suprapatellar_recess"});
  const std::string notes = all_notes(anatomy);
  for (const char* said :
       {"the femur fits the anatomy table", "the tibia fits", "the patella fits", "scale 1.10", "RMS",
        "'three ellipsoids'", "popliteal artery, popliteal vein, tibial nerve", "the skin was estimated"})
    EXPECT_THAT(notes, HasSubstr(said));
  // The bones fit exactly: what is left is the spread between people.
  EXPECT_NEAR(find(anatomy, "popliteal_artery")->position_sd_mm, 4.0, 0.01);
}

TEST(Estimate, AddsTheErrorOfTheBonesToTheSpread) {
  Anatomy bumpy = knee(Side::right);
  // A femur with waves of 1.5 mm.
  const std::vector<Vector3> normals = surface::vertex_normals(bumpy.structures[0].surface);
  std::vector<Point3> vertices = bumpy.structures[0].surface.vertices();
  for (std::size_t v = 0; v < vertices.size(); ++v)
    vertices[v] += 1.5 * std::sin(vertices[v].z / 3.0) * normals[v];
  bumpy.structures[0].surface = {vertices, bumpy.structures[0].surface.triangles()};
  const BoneFits fits = fit_bones(bumpy, table(), wide_grid);
  ASSERT_TRUE(fits.of_bone[0]);
  const double rms_mm = fits.of_bone[0]->rms_mm;
  EXPECT_GT(rms_mm, 0.5);
  const Anatomy anatomy = add_estimated(bumpy, table(), wide_grid);
  EXPECT_NEAR(find(anatomy, "popliteal_artery")->position_sd_mm, std::hypot(4.0, rms_mm), 1e-9);
  EXPECT_NEAR(find(anatomy, "tibial_nerve")->position_sd_mm, 4.0, 0.01) << "the tibia alone carries it";
}

TEST(Estimate, LeavesMissingWhatABoneThatIsNotThereCarries) {
  Anatomy without = knee(Side::right);
  without.structures.erase(without.structures.begin() + 1);
  const Anatomy anatomy = add_estimated(without, table(), wide_grid);
  EXPECT_TRUE(find(anatomy, "popliteal_artery")) << "the femur alone carries it";
  for (const char* name : {"popliteal_vein", "tibial_nerve"}) {
    EXPECT_FALSE(find(anatomy, name));
    EXPECT_THAT(anatomy.missing, Contains(name));
  }
  EXPECT_THAT(anatomy.missing, Contains("skin"));
  EXPECT_THAT(anatomy.skin_source, StartsWith("none"));
  const std::string notes = all_notes(anatomy);
  EXPECT_THAT(notes, HasSubstr("the tibia could not be fitted to the anatomy table: it is not there"));
  EXPECT_THAT(notes, HasSubstr("could not be fitted: popliteal vein, tibial nerve, medial collateral"));
}

TEST(Estimate, LeavesMissingWhatABoneOfAnotherShapeCarries) {
  Anatomy odd = knee(Side::right);
  // A tibia like a pole.
  const RigidTransform lain = RigidTransform::translation_by(place(odd.frame, {0, 0, -38}) - Point3{});
  std::vector<Point3> vertices;
  const TriangleMesh ball = testing::icosphere({}, 1.0, 4);
  for (const Point3& p : ball.vertices()) vertices.push_back(lain(Point3{9 * p.x, 9 * p.y, 55 * p.z}));
  odd.structures[1].surface = {vertices, ball.triangles()};
  const Anatomy anatomy = add_estimated(odd, table(), wide_grid);
  EXPECT_THAT(anatomy.missing, Contains("tibial_nerve"));
  EXPECT_FALSE(find(anatomy, "tibial_nerve"));
  EXPECT_THAT(all_notes(anatomy), HasSubstr("the tibia could not be fitted to the anatomy table"));
}

TEST(Estimate, KeepsWhatWasSegmentedAndTheSkinThatWasSeen) {
  Anatomy with = knee(Side::right);
  const TriangleMesh seen_artery = testing::icosphere({1, 2, 3}, 4.0, 2),
                     seen_skin = testing::icosphere({}, 90.0, 2);
  with.structures.push_back({"popliteal_artery", StructureKind::vessel, seen_artery, "segmented"});
  with.skin = seen_skin;
  with.skin_source = "image";
  const Anatomy anatomy = add_estimated(with, table(), wide_grid);
  EXPECT_EQ(std::count_if(anatomy.structures.begin(), anatomy.structures.end(),
                          [](const Structure& s) { return s.name == "popliteal_artery"; }),
            1);
  EXPECT_EQ(find(anatomy, "popliteal_artery")->source, "segmented");
  EXPECT_EQ(anatomy.skin.vertices().size(), seen_skin.vertices().size());
  EXPECT_EQ(anatomy.skin_source, "image");
}

TEST(Estimate, GuessesNoSkinWhereItIsNotTo) {
  const Anatomy guessed = add_estimated(knee(Side::right), table(), wide_grid);
  EXPECT_FALSE(guessed.skin.empty());
  EXPECT_EQ(guessed.skin_sd_mm, table().skin.position_sd_mm);
  EstimateOptions seen;
  seen.skin = false;
  const Anatomy unknown = add_estimated(knee(Side::right), table(), wide_grid, seen);
  EXPECT_TRUE(unknown.skin.empty());
  EXPECT_EQ(unknown.skin_sd_mm, 0.0);
}

TEST(Estimate, EndsALittleBeyondWhatWasSeenOfTheBones) {
  AnatomyTable longer = table();
  longer.structures[0].courses = {straight({0, -38, 150}, {0, -38, 0}, 76, by_femur)};
  longer.structures[2].courses = {straight({5, -45, -110}, {5, -45, -140}, 11, by_tibia)};
  double top = 0.0;
  const Anatomy before = knee(Side::right);
  for (const Point3& p : before.structures[0].surface.vertices())
    top = std::max(top, before.frame.coordinates(p).z);
  const Anatomy anatomy = add_estimated(before, longer, wide_grid);
  double highest = 0.0;
  for (const Point3& p : find(anatomy, "popliteal_artery")->surface.vertices())
    highest = std::max(highest, anatomy.frame.coordinates(p).z);
  EXPECT_NEAR(highest, top + 9.0, 1.01) << "sections are 2 mm apart";
  EXPECT_FALSE(find(anatomy, "tibial_nerve"));
  EXPECT_THAT(anatomy.missing, Contains("tibial_nerve"));
  EXPECT_THAT(all_notes(anatomy), HasSubstr("only beyond the bones seen: tibial nerve"));
}

TEST(Estimate, MovesVesselsOutOfBoneAndSaysSo) {
  AnatomyTable through = table();
  // The femur reaches about 26 mm behind its middle.
  through.structures[0].courses = {straight({0, -20, 60}, {0, -20, 10}, 14, by_femur)};
  const Anatomy anatomy = add_estimated(knee(Side::right), through, wide_grid);
  const surface::MeshQuery femur(anatomy.structures[0].surface);
  double deepest = 1e9, ligament = 1e9;
  for (const Point3& p : find(anatomy, "popliteal_artery")->surface.vertices())
    deepest = std::min(deepest, femur.signed_distance_mm(p));
  EXPECT_GT(deepest, 0.0);
  EXPECT_LT(deepest, 3.0) << "no further than it must";
  EXPECT_THAT(all_notes(anatomy), HasSubstr("moved out of bone: popliteal artery by up to"));
  // A ligament is fixed in bone: it stays.
  for (const Point3& p : find(anatomy, "medial_collateral_ligament")->surface.vertices())
    ligament = std::min(ligament, femur.signed_distance_mm(p));
  EXPECT_LT(ligament, 0.0);
}

TEST(Estimate, CutFacesAreNoBone) {
  // The femur is cut 12 mm above its middle, and its cut face closed.
  Anatomy cut = knee(Side::right);
  std::vector<Point3> vertices = cut.structures[0].surface.vertices();
  const Vector3 up = cut.frame.proximal;
  const double top = dot(place(cut.frame, {0, 0, 47}) - Point3{}, up);
  for (Point3& p : vertices) p += std::min(0.0, top - dot(p - Point3{}, up)) * up;
  cut.structures[0].surface = {vertices, cut.structures[0].surface.triangles()};
  // The grid ends there.
  const Matrix3 axes = Matrix3::from_columns(cut.frame.lateral, cut.frame.anterior, cut.frame.proximal);
  const ImageGeometry grid({200, 200, 160}, place(cut.frame, {-99.5, -99.5, 47 - 159.5}), {1, 1, 1}, axes);
  const BoneFits fits = fit_bones(cut, table(), grid);
  ASSERT_TRUE(fits.of_bone[0]);
  EXPECT_NEAR(fits.of_bone[0]->fixed_from_moving.scale, 1.0, 0.01);
  const Vector3 artery = fits.carried({0, -38, 30}, by_femur);
  EXPECT_LT(length(artery - Vector3{0, -38, 30}), 0.3);
}

TEST(BoneFits, SayWhatTheyCannotCarry) {
  Anatomy without = knee(Side::right);
  without.structures.erase(without.structures.begin() + 2);
  const BoneFits fits = fit_bones(without, table(), wide_grid);
  EXPECT_TRUE(fits.carries(by_both));
  EXPECT_FALSE(fits.carries({0.5, 0, 0.5}));
  EXPECT_THROW(fits.carried({}, {0.5, 0, 0.5}), InvalidInput);
}

TEST(Estimate, RefusesATableWithACourseOfOneSection) {
  AnatomyTable broken = table();
  broken.structures[1].courses.front().resize(1);
  EXPECT_THROW(add_estimated(knee(Side::right), broken, wide_grid), InvalidInput);
  broken = table();
  broken.skin.rings[2].points_mm.pop_back();
  EXPECT_THROW(add_estimated(knee(Side::right), broken, wide_grid), InvalidInput);
}

// ---- the table that ships ----

AnatomyTable shipped() {
  return io::read_anatomy_table(testing::source_root() / "data" / "planning" / "anatomy.json");
}

Anatomy phantom_knee(const phantom::Knee& knee, const ImageGeometry& grid) {
  LabelMap labels = phantom::scan(knee, grid, {.samples_per_mm = 1}).labels;
  Anatomy anatomy;
  anatomy.frame = knee.frame();
  for (const Bone bone : all_bones)
    anatomy.structures.push_back({std::string(name(bone)), StructureKind::bone,
                                  surface::extract(labels, [bone](Tissue t) { return is_part_of(t, bone); }),
                                  "segmented"});
  return anatomy;
}

TEST(ShippedAnatomyTable, PutsThePoplitealArteryBehindThePhantomsBones) {
  for (const Side side : {Side::right, Side::left}) {
    const phantom::Knee knee{phantom::KneeOptions{.side = side}};
    const ImageGeometry grid = phantom::sagittal_grid(knee, 1.2, 1.5);
    const Anatomy anatomy = add_estimated(phantom_knee(knee, grid), shipped(), grid);
    const Structure* artery = find(anatomy, "popliteal_artery");
    ASSERT_TRUE(artery) << all_notes(anatomy);
    EXPECT_TRUE(surface::is_closed(artery->surface));
    EXPECT_GT(artery->position_sd_mm, 4.0);
    double front = -1e9;
    for (const Point3& p : artery->surface.vertices()) {
      front = std::max(front, anatomy.frame.coordinates(p).y);
      for (const Bone bone : {Bone::femur, Bone::tibia})
        EXPECT_GT(knee.bone_distance_mm(bone, p), 0.0) << name(bone) << " at " << p;
    }
    EXPECT_LT(front, -5.0) << "behind the joint's middle";
    EXPECT_GT(surface::volume_mm3(artery->surface), 2500.0);
    EXPECT_FALSE(anatomy.skin.empty());
  }
}

TEST(ShippedAnatomyTable, NamesOnlyStructuresOfAnAnatomy) {
  const LabelMap nothing(testing::oblique_grid({.extent_mm = {10, 10, 10}}));
  const std::vector<std::string> wanted = build_anatomy(nothing, {}).missing;
  for (const TableStructure& structure : shipped().structures) EXPECT_THAT(wanted, Contains(structure.name));
}

// The frame is what `genu measure` finds of the atlas.
TEST(ShippedAnatomyTable, GivesTheKneeThatItWasMeasuredInItsVesselsBack) {
  GENU_REQUIRE_DATA(file, "anatomy/spl_knee_atlas_labels.nrrd");
  const LabelMap labels = io::read_labels(file, io::label_table_named("spl_atlas"));
  Anatomy bones;
  bones.frame = {Side::left,
                 {7.6145, 11.7460, -17.1431},
                 normalized({0.9764059, 0.1206045, 0.1791257}),
                 normalized({0.1161614, -0.9926089, 0.0351286}),
                 normalized({-0.1820384, 0.0134923, 0.9831989})};
  for (const Bone bone : all_bones)
    bones.structures.push_back({std::string(name(bone)), StructureKind::bone,
                                surface::extract(labels, [bone](Tissue t) { return is_part_of(t, bone); }),
                                "segmented"});
  const Anatomy anatomy = add_estimated(bones, shipped(), labels.geometry());
  for (const Tissue tissue : {Tissue::popliteal_artery, Tissue::tibial_nerve, Tissue::great_saphenous_vein,
                              Tissue::patellar_tendon}) {
    const Structure* structure = find(anatomy, info(tissue).name);
    ASSERT_TRUE(structure) << info(tissue).name;
    const surface::MeshQuery query(structure->surface);
    const TriangleMesh label = surface::extract(labels, [tissue](Tissue t) { return t == tissue; });
    double sum = 0.0;
    for (const Point3& p : label.vertices()) sum += query.closest(p).distance_mm;
    const double limit_mm = tissue == Tissue::patellar_tendon ? 1.5 : 0.7;
    EXPECT_LT(sum / static_cast<double>(label.vertices().size()), limit_mm) << info(tissue).name;
  }
}

}  // namespace
}  // namespace genu::planning
