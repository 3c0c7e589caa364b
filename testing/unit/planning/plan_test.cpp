// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include <genu/core/error.h>
#include <genu/planning/plan.h>

#include "scene.h"

namespace genu::planning {
namespace {

using testing::add_sphere;
using ::testing::Contains;
using testing::count_of;
using testing::empty_limb;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lateral_approach;
using ::testing::Not;
using testing::target_at;

const KneeFrame right_frame = patient_aligned_frame(Side::right, {3.0, -2.0, 5.0});
// Every safe entry is returned, not only the best few.
const PlanOptions all_of_them{.max_ranked = 1000000, .min_separation_mm = 0.0};

// Bone in the middle, and one of each other kind around the way in, so that every clearance decides
// somewhere.
Anatomy crowded_limb(const KneeFrame& frame = right_frame) {
  Anatomy anatomy = empty_limb(frame);
  add_sphere(anatomy, "femur", StructureKind::bone, {-2.0, -6.0, -5.0}, 18.0, 3);
  add_sphere(anatomy, "patella", StructureKind::bone, {22.0, 33.0, -4.0}, 9.0, 3);
  add_sphere(anatomy, "femoral_cartilage", StructureKind::cartilage, {24.0, -2.0, 6.0}, 5.0, 3);
  add_sphere(anatomy, "quadriceps_tendon", StructureKind::tendon, {12.0, 34.0, 24.0}, 7.0, 3);
  add_sphere(anatomy, "popliteal_artery", StructureKind::vessel, {33.0, 8.0, 27.0}, 2.0, 3);
  add_sphere(anatomy, "lateral_meniscus", StructureKind::meniscus, {35.0, 14.0, -14.0}, 3.0, 3);
  return anatomy;
}
const Vector3 recess{6.0, 21.0, 17.0};

std::set<std::tuple<double, double, double>> safe_entries(const NeedlePlan& plan) {
  std::set<std::tuple<double, double, double>> entries;
  for (const auto& r : plan.ranked) entries.insert({r.path.entry.x, r.path.entry.y, r.path.entry.z});
  return entries;
}

TEST(PlanNeedle, KeepsItsPromisesByTheOracle) {
  const Anatomy anatomy = crowded_limb();
  const auto plan = plan_needle(anatomy, target_at(anatomy, recess), lateral_approach(), all_of_them);
  EXPECT_GT(plan.ranked.size(), 100u);
  EXPECT_EQ(plan.safe, plan.ranked.size());
  testing::expect_oracle_agrees(plan, anatomy, lateral_approach());
  testing::expect_rejections_are_true(plan, anatomy, lateral_approach());
  for (const Rejection reason : {Rejection::crosses_bone, Rejection::near_bone, Rejection::cartilage,
                                 Rejection::tendon, Rejection::vessel, Rejection::meniscus})
    EXPECT_GT(count_of(plan, reason), 0u) << name(reason);
}

TEST(PlanNeedle, KnowsDepthAndAngleInARoundLimb) {
  const Anatomy anatomy = empty_limb(right_frame);
  auto approach = lateral_approach();
  approach.max_skin_angle_deg = 40.0;
  const auto plan = plan_needle(anatomy, target_at(anatomy, {0.0, 0.0, 0.0}), approach, all_of_them);
  ASSERT_FALSE(plan.ranked.empty());
  for (const auto& r : plan.ranked) {
    const double up = right_frame.coordinates(r.path.entry).z;
    EXPECT_NEAR(r.card.depth_mm, std::hypot(testing::limb_radius_mm, up), 0.01);
    EXPECT_NEAR(r.card.skin_angle_deg, std::atan2(std::abs(up), testing::limb_radius_mm) * 57.29577951, 0.1);
  }
  for (const auto& r : plan.rejected) {
    EXPECT_EQ(r.reason, Rejection::skin_angle);
    EXPECT_GT(std::abs(right_frame.coordinates(r.path.entry).z), 41.5);  // 50 tan 40 degrees = 41.95
  }
}

TEST(PlanNeedle, SeeksOneEntryInEachCubeOfTheWindow) {
  const Anatomy anatomy = empty_limb(right_frame);
  const Vector3 at{5.0, 3.0, -7.0};
  const auto approach = lateral_approach();
  const auto plan = plan_needle(anatomy, target_at(anatomy, at), approach, all_of_them);
  std::set<std::tuple<long, long, long>> cubes;
  for (const auto& r : plan.ranked) {
    const Vector3 v = right_frame.coordinates(r.path.entry) - at;
    EXPECT_TRUE(v.x >= approach.entry.min_mm.x && v.x <= approach.entry.max_mm.x) << v;
    EXPECT_TRUE(v.y >= approach.entry.min_mm.y && v.y <= approach.entry.max_mm.y) << v;
    EXPECT_TRUE(v.z >= approach.entry.min_mm.z && v.z <= approach.entry.max_mm.z) << v;
    EXPECT_TRUE(cubes
                    .insert({std::lround(std::floor(v.x / 3.0)), std::lround(std::floor(v.y / 3.0)),
                             std::lround(std::floor(v.z / 3.0))})
                    .second);
  }
  // The window sees about 101 mm of the tube's length and 86 mm around it: 960 squares of 9 mm2. Cubes that
  // only a corner of the skin touches add to them or lose theirs.
  EXPECT_GT(cubes.size(), 960u);
  EXPECT_LT(cubes.size(), 2000u);
}

TEST(PlanNeedle, RanksByScoreAndKeepsEntriesApart) {
  const Anatomy anatomy = crowded_limb();
  const PlanOptions options{.max_ranked = 12, .min_separation_mm = 8.0};
  const auto plan = plan_needle(anatomy, target_at(anatomy, recess), lateral_approach(), options);
  ASSERT_EQ(plan.ranked.size(), 12u);
  for (std::size_t i = 0; i < plan.ranked.size(); ++i) {
    EXPECT_GE(plan.ranked[i].score, 0.0);
    EXPECT_LE(plan.ranked[i].score, 1.0);
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GE(std::pair(plan.ranked[j].pareto, plan.ranked[j].score),
                std::pair(plan.ranked[i].pareto, plan.ranked[i].score));
      EXPECT_GE(distance(plan.ranked[j].path.entry, plan.ranked[i].path.entry), 8.0 - 1e-5);
    }
  }
}

TEST(PlanNeedle, PrefersMarginThenShortAndSquarePaths) {
  Anatomy anatomy = empty_limb(right_frame);
  const auto best = [&] {
    return plan_needle(anatomy, target_at(anatomy, {10, 0, 0}), lateral_approach()).ranked.front();
  };
  // Alone in the limb the best way in is the shortest, straight from the side.
  EXPECT_LT(distance(best().path.entry, right_frame.at(testing::limb_radius_mm, 0.0, 0.0)), 4.0);
  // A vessel beside it pushes the best way off by more than what is asked for.
  add_sphere(anatomy, "popliteal_artery", StructureKind::vessel, {35.0, 0.0, 0.0}, 2.0);
  EXPECT_GT(best().card.clearances.front().distance_mm, 5.0);
  EXPECT_LT(best().card.risk, 0.01);
  EXPECT_GT(distance(best().path.entry, right_frame.at(testing::limb_radius_mm, 0.0, 0.0)), 5.0);
}

TEST(PlanNeedle, LosesPathsWithAnObstacleAndNeverGainsOne) {
  std::mt19937_64 random(21);
  std::uniform_real_distribution<double> u(-1.0, 1.0);
  Anatomy anatomy = empty_limb(right_frame);
  const auto plan_now = [&] {
    return plan_needle(anatomy, target_at(anatomy, recess), lateral_approach(), all_of_them);
  };
  auto before = safe_entries(plan_now());
  std::size_t lost = 0;
  constexpr StructureKind kinds[] = {StructureKind::bone, StructureKind::cartilage, StructureKind::tendon,
                                     StructureKind::vessel, StructureKind::meniscus};
  for (int round = 0; round < 15; ++round) {
    const Vector3 at{25.0 + 15.0 * u(random), 30.0 * u(random), 30.0 * u(random)};
    add_sphere(anatomy, "obstacle " + std::to_string(round), kinds[round % 5], at, 2.0 + u(random), 2);
    auto after = safe_entries(plan_now());
    EXPECT_TRUE(std::includes(before.begin(), before.end(), after.begin(), after.end())) << "round " << round;
    lost += before.size() - after.size();
    before = std::move(after);
  }
  EXPECT_GT(lost, 100u);
  EXPECT_GT(before.size(), 10u);
}

void expect_same_in_the_knee(const NeedlePlan& a, const KneeFrame& a_frame, const NeedlePlan& b,
                             const KneeFrame& b_frame) {
  ASSERT_EQ(a.ranked.size(), b.ranked.size());
  EXPECT_EQ(a.rejected.size(), b.rejected.size());
  EXPECT_EQ(a.reasons, b.reasons);
  for (std::size_t i = 0; i < a.ranked.size(); ++i) {
    EXPECT_NEAR(a.ranked[i].score, b.ranked[i].score, 1e-6);
    EXPECT_LT(
        length(a_frame.coordinates(a.ranked[i].path.entry) - b_frame.coordinates(b.ranked[i].path.entry)),
        1e-5);
    ASSERT_EQ(a.ranked[i].card.clearances.size(), b.ranked[i].card.clearances.size());
    for (std::size_t c = 0; c < a.ranked[i].card.clearances.size(); ++c)
      EXPECT_NEAR(a.ranked[i].card.clearances[c].distance_mm, b.ranked[i].card.clearances[c].distance_mm,
                  1e-6);
  }
}

TEST(PlanNeedle, MovesWithThePatient) {
  const Anatomy anatomy = crowded_limb();
  const auto plan = plan_needle(anatomy, target_at(anatomy, recess), lateral_approach());
  for (const std::uint64_t seed : {1, 2, 3}) {
    const Anatomy elsewhere = testing::moved(anatomy, testing::random_pose(seed));
    const auto same = plan_needle(elsewhere, target_at(elsewhere, recess), lateral_approach());
    expect_same_in_the_knee(plan, anatomy.frame, same, elsewhere.frame);
  }
}

TEST(PlanNeedle, PlansALeftKneeAsTheMirrorImageOfTheRight) {
  const Anatomy right = crowded_limb();
  const Anatomy left = testing::mirrored(right);
  expect_same_in_the_knee(plan_needle(right, target_at(right, recess), lateral_approach()), right.frame,
                          plan_needle(left, target_at(left, recess), lateral_approach()), left.frame);
}

TEST(PlanNeedle, GivesTheSameBitsForOneAndEightThreads) {
  const Anatomy anatomy = crowded_limb();
  const auto with = [&](unsigned threads) {
    return plan_needle(anatomy, target_at(anatomy, recess), lateral_approach(), {.threads = threads});
  };
  const auto one = with(1), eight = with(8);
  ASSERT_EQ(one.ranked.size(), eight.ranked.size());
  for (std::size_t i = 0; i < one.ranked.size(); ++i) {
    EXPECT_EQ(one.ranked[i].path.entry, eight.ranked[i].path.entry);
    EXPECT_EQ(one.ranked[i].score, eight.ranked[i].score);
    for (std::size_t c = 0; c < one.ranked[i].card.clearances.size(); ++c)
      EXPECT_EQ(one.ranked[i].card.clearances[c].distance_mm, eight.ranked[i].card.clearances[c].distance_mm);
  }
  ASSERT_EQ(one.rejected.size(), eight.rejected.size());
  for (std::size_t i = 0; i < one.rejected.size(); ++i) {
    EXPECT_EQ(one.rejected[i].path.entry, eight.rejected[i].path.entry);
    EXPECT_EQ(one.rejected[i].detail, eight.rejected[i].detail);
  }
}

TEST(PlanNeedle, TellsANeedleThatIsTooShort) {
  const Anatomy anatomy = empty_limb(right_frame);
  auto approach = lateral_approach();
  approach.needles = {{"short", 25, 0.5, 40.0}};
  const auto plan = plan_needle(anatomy, target_at(anatomy, {0, 0, 0}), approach);
  EXPECT_THAT(plan.ranked, IsEmpty());
  EXPECT_EQ(count_of(plan, Rejection::needle_too_short) + count_of(plan, Rejection::skin_angle),
            plan.rejected.size());
  EXPECT_THAT(plan.reasons, Contains(HasSubstr("the longest needle reaches 35.0 mm")));
  EXPECT_THAT(plan.reasons, Contains(HasSubstr("longer needle")));
  testing::expect_rejections_are_true(plan, anatomy, approach);
}

TEST(PlanNeedle, DoesNotCrossTheAirBetweenTheLegs) {
  // Two legs side by side; seen from the target, the other leg's far skin lies in the window too.
  Anatomy anatomy = empty_limb(right_frame);
  const TriangleMesh one = testing::tube(right_frame, 12.0, 60.0),
                     other = testing::tube(right_frame, 12.0, 60.0, {30.0, 0.0, 0.0});
  auto vertices = one.vertices();
  auto triangles = one.triangles();
  const auto first = static_cast<std::uint32_t>(vertices.size());
  vertices.insert(vertices.end(), other.vertices().begin(), other.vertices().end());
  for (const Triangle& t : other.triangles()) triangles.push_back({t[0] + first, t[1] + first, t[2] + first});
  anatomy.skin = TriangleMesh(vertices, triangles);
  const auto plan = plan_needle(anatomy, target_at(anatomy, {0, 0, 0}), lateral_approach(), all_of_them);
  EXPECT_GT(count_of(plan, Rejection::leaves_body), 50u);
  for (const auto& r : plan.ranked) EXPECT_LT(right_frame.coordinates(r.path.entry).x, 12.1);
  testing::expect_rejections_are_true(plan, anatomy, lateral_approach());
}

TEST(PlanNeedle, IsNotClearOfWhatItLiesWhollyInside) {
  for (const StructureKind kind : {StructureKind::tendon, StructureKind::vessel, StructureKind::cartilage}) {
    Anatomy anatomy = empty_limb(right_frame);
    EXPECT_GT(plan_needle(anatomy, target_at(anatomy, recess), lateral_approach()).safe, 100u);
    // Around the whole limb: no path comes near its surface.
    add_sphere(anatomy, "around", kind, {0.0, 0.0, 0.0}, 150.0);
    const auto plan = plan_needle(anatomy, target_at(anatomy, recess), lateral_approach());
    EXPECT_EQ(plan.safe, 0u);
    EXPECT_THAT(plan.rejected, Contains(::testing::Field(&RejectedTrajectory::structure, "around")));
  }
}

TEST(PlanNeedle, SaysWithCountsWhyNoPathIsSafe) {
  Anatomy anatomy = empty_limb(right_frame);
  add_sphere(anatomy, "femur", StructureKind::bone, {0.0, 0.0, 0.0}, 20.0);
  const auto plan = plan_needle(anatomy, target_at(anatomy, {-24.0, 0.0, 0.0}), lateral_approach());
  EXPECT_THAT(plan.ranked, IsEmpty());
  EXPECT_THAT(plan.reasons.front(), HasSubstr("No safe path among " + std::to_string(plan.rejected.size())));
  EXPECT_THAT(plan.reasons,
              Contains(HasSubstr("(femur " + std::to_string(count_of(plan, Rejection::crosses_bone)) + ")")));
  EXPECT_THAT(plan.reasons, Contains(HasSubstr("Another approach")));
}

TEST(PlanNeedle, SaysThatThereIsNoSkinAtAllOrNoneInTheWindow) {
  Anatomy anatomy = empty_limb(right_frame);
  auto approach = lateral_approach();
  approach.entry.min_mm = {60.0, -10.0, -10.0};
  EXPECT_THAT(plan_needle(anatomy, target_at(anatomy, {0, 0, 0}), approach).reasons.front(),
              HasSubstr("no skin in the approach's window"));
  anatomy.skin = {};
  anatomy.skin_source = "none: not in the labels";
  const auto plan = plan_needle(anatomy, target_at(anatomy, {0, 0, 0}), lateral_approach());
  EXPECT_THAT(plan.ranked, IsEmpty());
  EXPECT_THAT(plan.rejected, IsEmpty());
  EXPECT_THAT(plan.reasons.front(), HasSubstr("none: not in the labels"));
}

TEST(PlanNeedle, SaysWhatItDoesNotKnow) {
  Anatomy anatomy = crowded_limb();
  anatomy.missing = {"popliteal_vein", "skin", "suprapatellar_recess"};
  anatomy.structures.back().source = "estimated";
  anatomy.structures.back().position_sd_mm = 2.5;
  const auto plan = plan_needle(anatomy, target_at(anatomy, recess), lateral_approach());
  EXPECT_FALSE(plan.ranked.empty());
  EXPECT_THAT(plan.limits, Contains("Not known, so clearance to them is unknown: popliteal vein."));
  EXPECT_THAT(plan.limits,
              Contains(HasSubstr("only estimated: lateral meniscus (estimated, give or take 2.5 mm)")));
  EXPECT_THAT(plan.limits, Contains(HasSubstr("the skin, known from: labels")));
  EXPECT_THAT(plan.limits, Contains(HasSubstr("25.0 degrees of flexion")));
  EXPECT_THAT(plan.limits, Not(Contains(HasSubstr("suprapatellar recess"))));
  for (const auto& r : plan.ranked)
    for (const auto& c : r.card.clearances) EXPECT_NE(c.structure, "popliteal_vein");
}

TEST(PlanNeedle, ReachesALesionOnCartilageButNotThroughAnother) {
  Anatomy anatomy = empty_limb(right_frame);
  add_sphere(anatomy, "femur", StructureKind::bone, {0.0, 0.0, 0.0}, 18.0, 3);
  add_sphere(anatomy, "femoral_cartilage", StructureKind::cartilage, {0.0, 0.0, 0.0}, 20.0, 3);
  Target lesion = target_at(anatomy, {20.0, 0.0, 0.0});
  lesion.name = "cMF-1";
  EXPECT_THAT(plan_needle(anatomy, lesion, lateral_approach()).ranked, IsEmpty());  // Not said to be one.
  lesion.kind = TargetKind::cartilage_lesion;
  lesion.surface = "femoral_cartilage";
  lesion.normal = right_frame.lateral;
  const auto plan = plan_needle(anatomy, lesion, lateral_approach(), all_of_them);
  EXPECT_GT(plan.ranked.size(), 50u);
  testing::expect_oracle_agrees(plan, anatomy, lateral_approach());
  // Cartilage that faces the lesion across a thin joint space may come near, but may not be crossed.
  add_sphere(anatomy, "patellar_cartilage", StructureKind::cartilage, {23.0, 4.0, 0.0}, 4.5, 3);
  const auto opposed = plan_needle(anatomy, lesion, lateral_approach(), all_of_them);
  EXPECT_GT(opposed.ranked.size(), 10u);
  EXPECT_LT(opposed.ranked.size(), plan.ranked.size());
  EXPECT_THAT(opposed.rejected,
              Contains(::testing::Field(&RejectedTrajectory::structure, "patellar_cartilage")));
  testing::expect_oracle_agrees(opposed, anatomy, lateral_approach());
}

TEST(PlanNeedle, RefusesWhatIsNoTargetAndNoApproach) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  const Anatomy anatomy = empty_limb(right_frame);
  const auto refused = [&](auto change, const char* word) {
    Target target = target_at(anatomy, recess);
    Approach approach = lateral_approach();
    PlanOptions options;
    change(target, approach, options);
    try {
      plan_needle(anatomy, target, approach, options);
      ADD_FAILURE() << "not refused: " << word;
    } catch (const InvalidInput& error) {
      EXPECT_THAT(error.what(), HasSubstr(word));
    }
  };
  refused([](auto& t, auto&, auto&) { t.point.y = nan; }, "target is");
  refused([](auto& t, auto&, auto&) { t.tolerance_mm = -1.0; }, "tolerance");
  refused([](auto& t, auto&, auto&) { t.normal = Vector3{nan, 0, 0}; }, "normal");
  refused([](auto&, auto& a, auto&) { a.entry.max_mm.z = -60.0; }, "window");
  refused([](auto&, auto& a, auto&) { a.max_skin_angle_deg = 90.0; }, "max_skin_angle_deg");
  refused([](auto&, auto& a, auto&) { a.min_clearance_mm[4] = nan; }, "clearance");
  refused([](auto&, auto& a, auto&) { a.needles.clear(); }, "no needle");
  refused([](auto&, auto& a, auto&) { a.needles[1].length_mm = 0.0; }, "21 G");
  refused([](auto&, auto&, auto& o) { o.entry_spacing_mm = 0.0; }, "entry_spacing_mm");
  refused([](auto&, auto&, auto& o) { o.entry_spacing_mm = 1e-3; }, "entries");
  refused([](auto&, auto&, auto& o) { o.max_ranked = 0; }, "max_ranked");
}

TEST(PlanNeedle, StopsWhenAsked) {
  const Anatomy anatomy = crowded_limb();
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(plan_needle(anatomy, target_at(anatomy, recess), lateral_approach(), {},
                           Progress({}, stop.get_token())),
               Cancelled);
}

// An upright sheet, 6 mm thick, 50 mm wide and 40 mm high, with rounded rims.
TriangleMesh recess_sheet(const KneeFrame& frame, const Vector3& middle) {
  const TriangleMesh sphere = testing::icosphere({}, 1.0, 5);
  std::vector<Point3> vertices;
  for (const Point3& p : sphere.vertices()) {
    const auto squared_off = [](double v) { return std::copysign(std::pow(std::abs(v), 0.3), v); };
    vertices.push_back(testing::in_frame(
        frame, middle + Vector3{25.0 * squared_off(p.x), 3.0 * squared_off(p.y), 20.0 * squared_off(p.z)}));
  }
  auto triangles = sphere.triangles();
  if (frame.side == Side::left)
    for (Triangle& t : triangles) std::swap(t[1], t[2]);
  return {std::move(vertices), std::move(triangles)};
}

TEST(FindTargets, AimsDeepInsideTheSuperolateralPartOfTheRecess) {
  for (const Side side : {Side::right, Side::left}) {
    Anatomy anatomy;
    anatomy.frame = patient_aligned_frame(side, {3.0, -2.0, 5.0});
    anatomy.recess = recess_sheet(anatomy.frame, {0.0, 30.0, 60.0});
    const auto targets = find_targets(anatomy, {});
    ASSERT_EQ(targets.size(), 1u);
    EXPECT_EQ(targets[0].name, "suprapatellar_recess");
    EXPECT_EQ(targets[0].kind, TargetKind::recess);
    const Vector3 at = anatomy.frame.coordinates(targets[0].point);
    EXPECT_NEAR(at.x, 11.0, 3.0);  // Lateral, but clear of the rim at 25.
    EXPECT_NEAR(at.y, 30.0, 0.7);
    EXPECT_NEAR(at.z, 68.0, 3.0);
    EXPECT_NEAR(targets[0].tolerance_mm, 3.0, 0.7);
  }
}

TEST(FindTargets, FindsItsWayIntoACollapsedRecess) {
  Anatomy anatomy;
  anatomy.frame = right_frame;
  const TriangleMesh sphere = testing::icosphere({}, 1.0, 5);
  std::vector<Point3> vertices;
  for (const Point3& p : sphere.vertices())
    vertices.push_back(right_frame.at(20.0 * p.x, 0.3 * p.y, 15.0 * p.z));
  anatomy.recess = TriangleMesh(vertices, sphere.triangles());
  const auto targets = find_targets(anatomy, {});
  ASSERT_EQ(targets.size(), 1u);
  const Vector3 at = right_frame.coordinates(targets[0].point);
  EXPECT_LT(std::hypot(at.x / 20.0, at.y / 0.3, at.z / 15.0), 1.0);
  EXPECT_LT(targets[0].tolerance_mm, 0.31);
}

TEST(FindTargets, LiftsALesionClearOfTheBone) {
  cartilage::CartilageReport report;
  for (const double height : {2.4, 0.4}) {
    cartilage::Lesion lesion;
    lesion.name = "P-1";
    lesion.region = cartilage::Region::P;
    lesion.centre = {1.0, 2.0, 3.0};
    lesion.normal = {0.0, 0.6, 0.8};
    lesion.articular_point = lesion.centre + height * lesion.normal;
    report.lesions.push_back(lesion);
  }
  const auto targets = find_targets({}, report);
  ASSERT_EQ(targets.size(), 2u);  // No recess, no target of that name.
  EXPECT_LT(distance(targets[0].point, report.lesions[0].articular_point), 1e-12);
  EXPECT_NEAR(distance(targets[1].point, report.lesions[1].centre), 1.5, 1e-12);
  EXPECT_EQ(targets[0].surface, "patellar_cartilage");
  EXPECT_EQ(targets[0].kind, TargetKind::cartilage_lesion);
  EXPECT_EQ(targets[0].normal, report.lesions[0].normal);
}

}  // namespace
}  // namespace genu::planning
