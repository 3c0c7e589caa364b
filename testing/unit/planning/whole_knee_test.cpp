// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/box.h>
#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/io/results.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/planning/estimate.h>
#include <genu/planning/plan.h>
#include <genu/testing/data.h>

#include "scene.h"

// A knee with what is seen and what is estimated, by every approach that ships, with the probe: what every
// plan of it promises, by brute force, and the laws that plans obey.
namespace genu::planning {
namespace {

using testing::mirrored;
using testing::moved;

using Plans = std::map<std::pair<std::string, std::string>, NeedlePlan>;  // By target and approach.

std::vector<Approach> approaches() {
  return io::read_approaches(testing::source_root() / "data" / "planning" / "approaches.json");
}

Plans plans_of(const Anatomy& anatomy, const std::vector<Target>& targets) {
  const ClearanceField field(anatomy);
  Plans plans;
  for (const Target& target : targets)
    for (const Approach& approach : approaches())
      if (fits(approach, target)) plans[{target.name, approach.name}] = plan_needle(field, target, approach);
  return plans;
}

class WholeKnee : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    phantom::KneeOptions options;
    options.patient_from_knee = RigidTransform::rotation_about({}, {0.2, 0.3, 1.0}, 7.0);
    const phantom::Knee knee(options);
    LabelMap labels(phantom::sagittal_grid(knee, 1.1, 1.4));
    parallel_for(labels.voxels().size(), [&](std::size_t begin, std::size_t end) {
      for (std::size_t v = begin; v < end; ++v)
        labels.voxels()[v] = knee.tissue_at(labels.geometry().to_patient(labels.geometry().index_of(v)));
    });
    const AnatomyTable table =
        io::read_anatomy_table(testing::source_root() / "data" / "planning" / "anatomy.json");
    anatomy_ = std::make_unique<Anatomy>(
        add_estimated(build_anatomy(labels, knee.frame()), table, labels.geometry()));
    targets_ = find_targets(*anatomy_, {});
    plans_ = plans_of(*anatomy_, targets_);
  }
  static void TearDownTestSuite() {
    plans_.clear();
    targets_.clear();
    anatomy_.reset();
  }

  static const Structure& structure(const std::string& name) {
    return *std::find_if(anatomy_->structures.begin(), anatomy_->structures.end(),
                         [&](const Structure& s) { return s.name == name; });
  }
  /// Returns the ranked trajectories that are not safe in another anatomy, with the reason.
  static std::vector<std::string> refused(const Plans& plans, const Anatomy& elsewhere) {
    const ClearanceField field(elsewhere);
    std::vector<std::string> result;
    for (const Approach& approach : approaches())
      for (const auto& [names, plan] : plans)
        if (names.second == approach.name)
          for (const RankedTrajectory& r : plan.ranked)
            if (const auto judged = judge(field, plan.target, approach, r.path); judged.refusal)
              result.push_back(names.first + " by " + names.second + ": " + judged.refusal->detail);
    return result;
  }
  static std::size_t safe_in(const Plans& plans) {
    std::size_t sum = 0;
    for (const auto& [names, plan] : plans) sum += plan.safe;
    return sum;
  }

  static std::unique_ptr<Anatomy> anatomy_;
  static std::vector<Target> targets_;
  static Plans plans_;
};
std::unique_ptr<Anatomy> WholeKnee::anatomy_;
std::vector<Target> WholeKnee::targets_;
Plans WholeKnee::plans_;

/// Returns the distance from a needle to a surface by all of its triangles.
double brute_force_mm(const TriangleMesh& mesh, const Point3& from, const Point3& to) {
  double least = std::numeric_limits<double>::infinity();
  for (const Triangle& t : mesh.triangles()) {
    const testing::Corners corners = testing::corners_of(mesh, t);
    // A triangle lies within its two edges' length of its first corner.
    const double reach = distance(corners[0], corners[1]) + distance(corners[0], corners[2]);
    if (testing::to_segment(corners[0], from, to) - reach < least)
      least = std::min(least, testing::segment_to_triangle(corners, from, to));
  }
  return least;
}

TEST_F(WholeKnee, HasTargetsSeenAndRisksEstimated) {
  for (const char* name : {"suprapatellar_recess", "medial_joint_space", "lateral_joint_space",
                           "patellofemoral_joint_space", "medial_meniscus_posterior_horn"})
    EXPECT_TRUE(std::any_of(targets_.begin(), targets_.end(), [&](const Target& t) {
      return t.name == name;
    })) << name;
  for (const char* name : {"common_peroneal_nerve", "superior_lateral_genicular_artery"})
    EXPECT_EQ(structure(name).source, "estimated") << name;
  std::size_t with_paths = 0;
  for (const auto& [names, plan] : plans_) with_paths += !plan.ranked.empty();
  EXPECT_GT(with_paths, 15u);
}

TEST_F(WholeKnee, EveryPathKeepsWhatItsCardSaysByBruteForce) {
  std::size_t checked = 0;
  for (const auto& [names, plan] : plans_)
    for (const RankedTrajectory& r : plan.ranked) {
      const auto& [entry, end] = r.path;
      const double part =
          lies_among_surfaces(plan.target) ? 1.0 - plan.target.tolerance_mm / r.card.depth_mm : 1.0;
      EXPECT_LT(brute_force_mm(anatomy_->skin, entry, entry), 1e-6);
      ASSERT_TRUE(r.card.needle);
      const double radius =
          0.5 * r.card.needle->diameter_mm + 0.01 * r.card.needle->bend_percent * r.card.depth_mm;
      for (const Clearance& row : r.card.clearances) {
        const Structure& s = structure(row.structure);
        const bool upto = s.kind == StructureKind::bone || s.kind == StructureKind::cartilage ||
                          s.kind == StructureKind::meniscus;
        const double truth = brute_force_mm(s.surface, entry, upto ? lerp(entry, end, part) : end) - radius;
        if (row.distance_mm >= -radius) {  // A meniscus that is aimed at has the needle inside.
          EXPECT_NEAR(row.distance_mm, truth, 1e-6)
              << names.first << " by " << names.second << ", " << s.name;
        }
        if (!std::isnan(row.asked_mm)) {
          EXPECT_GE(truth, row.asked_mm - 1e-6) << names.first << " by " << names.second << ", " << s.name;
          ++checked;
        }
        if (s.kind == StructureKind::bone) {
          EXPECT_FALSE(testing::oracle_crosses(s.surface, entry, end)) << s.name;
        }
      }
    }
  EXPECT_GT(checked, 3000u);
}

TEST_F(WholeKnee, TheProbeSeesEveryNeedleItIsPlacedFor) {
  std::size_t seen = 0, compact = 0;
  for (const Approach& approach : approaches())
    for (const auto& [names, plan] : plans_) {
      if (names.second != approach.name || approach.probe.guidance != Guidance::in_plane) continue;
      for (const RankedTrajectory& r : plan.ranked) {
        ASSERT_TRUE(r.card.view);
        compact += r.card.view->length_mm < approach.probe.footprint.length_mm;
        const ProbePose& pose = r.card.view->pose;
        EXPECT_NEAR(dot(pose.axis, pose.beam), 0.0, 1e-9);
        EXPECT_LE(r.card.view->face_angle_deg, approach.probe.max_face_angle_deg + 1e-9);
        EXPECT_NEAR(std::abs(90.0 - angle_deg(r.path.direction(), pose.beam)), r.card.view->face_angle_deg,
                    1e-6);
        // The footprint lies on the skin to the bulge that is allowed.
        for (const double along : {-0.5, -0.25, 0.0, 0.25, 0.5}) {
          const Point3 p = pose.face + along * r.card.view->length_mm * pose.axis;
          EXPECT_LT(brute_force_mm(anatomy_->skin, p, p), 6.5);
        }
        // The last 20 mm, less what lies beside the footprint where the needle is short.
        const double length = r.card.view->seen_mm;
        EXPECT_GE(length, std::min(must_be_seen_mm, r.card.depth_mm - 8.0) - 1e-6);
        EXPECT_LE(length, must_be_seen_mm + 1e-9);
        for (double back = 0.0; back <= length; back += 2.0) {
          const Point3 p = r.path.target - back * r.path.direction();
          const double deep = dot(p - pose.face, pose.beam);
          EXPECT_GT(deep, 0.0);
          EXPECT_LE(deep, r.card.view->image_depth_mm + 1e-9);
          EXPECT_LE(std::abs(dot(p - pose.face, pose.axis)), 0.5 * r.card.view->length_mm + 1e-6);
          EXPECT_LE(std::abs(dot(p - pose.face, pose.across())), r.card.view->out_of_plane_mm + 1e-9);
          for (const Structure& s : anatomy_->structures)
            if (s.kind == StructureKind::bone) {
              EXPECT_FALSE(testing::oracle_crosses(s.surface, p - deep * pose.beam, p)) << s.name;
            }
          ++seen;
        }
      }
    }
  EXPECT_GT(seen, 300u);
  EXPECT_GT(compact, 0u);  // Some needles leave room for a compact probe alone.
}

TEST_F(WholeKnee, AnObstacleTakesPathsAndGivesNone) {
  Anatomy more = *anatomy_;
  const Trajectory& best = plans_.at({"suprapatellar_recess", "superolateral"}).ranked.front().path;
  more.structures.push_back({"ganglion", StructureKind::vessel,
                             testing::icosphere(lerp(best.entry, best.target, 0.5), 7.0, 2), "segmented"});
  more.structures.push_back({"exostosis", StructureKind::bone,
                             testing::icosphere(targets_.front().point + Vector3{0.0, 0.0, -14.0}, 5.0, 2),
                             "segmented"});
  const Plans fewer = plans_of(more, targets_);
  std::size_t lost = 0;
  for (const auto& [names, plan] : fewer) {
    EXPECT_LE(plan.safe, plans_.at(names).safe) << names.first << " by " << names.second;
    EXPECT_EQ(plan.examined, plans_.at(names).examined);
    lost += plans_.at(names).safe - plan.safe;
  }
  EXPECT_GT(lost, 10u);
  EXPECT_TRUE(judge(ClearanceField(more), targets_.front(), approaches().front(), best).refusal);
  EXPECT_THAT(refused(fewer, *anatomy_), ::testing::IsEmpty());
}

TEST_F(WholeKnee, LosesNoPathWhereAnEstimatedStructureIsTakenAway) {
  Anatomy less = *anatomy_;
  EXPECT_GT(std::erase_if(less.structures,
                          [](const Structure& s) {
                            return s.name == "superior_lateral_genicular_artery" ||
                                   s.name == "great_saphenous_vein" || s.name == "saphenous_nerve";
                          }),
            1u);
  EXPECT_THAT(refused(plans_, less), ::testing::IsEmpty());
  const Plans more = plans_of(less, targets_);
  for (const auto& [names, plan] : more)
    EXPECT_GE(plan.safe, plans_.at(names).safe) << names.first << " by " << names.second;
  EXPECT_GT(safe_in(more), safe_in(plans_));
}

TEST_F(WholeKnee, JudgesItsOwnPathsAsSafe) {
  EXPECT_THAT(refused(plans_, *anatomy_), ::testing::IsEmpty());
}

TEST_F(WholeKnee, ATipThatLeftItsTargetIsExemptFromNothing) {
  const ClearanceField field(*anatomy_);
  const auto all = approaches();
  std::size_t tried = 0;
  for (const auto& [names, plan] : plans_) {
    if (plan.target.kind != TargetKind::joint_space || plan.ranked.empty()) continue;
    const auto approach =
        std::find_if(all.begin(), all.end(), [&](const auto& a) { return a.name == names.second; });
    const Trajectory& path = plan.ranked.front().path;
    // On until it all but meets bone: near the target that is allowed, further on it is not.
    const auto bone = field.bone_crossing_mm(path.target, path.target + 80.0 * path.direction());
    if (!bone) continue;
    const Point3 tip = path.target + (*bone - 0.2) * path.direction();
    const auto judged = judge(field, plan.target, *approach, {path.entry, tip});
    const auto places = places_of(plan.target);
    const bool near = std::any_of(places.begin(), places.end(), [&](const Point3& p) {
      return distance(p, tip) <= plan.target.tolerance_mm;
    });
    if (near) continue;
    ++tried;
    EXPECT_TRUE(judged.refusal) << names.first << " by " << names.second;
  }
  EXPECT_GT(tried, 1u);
}

TEST_F(WholeKnee, JudgesNoNeedleThatBeginsOffTheSkin) {
  const ClearanceField field(*anatomy_);
  const NeedlePlan& plan = plans_.at({"suprapatellar_recess", "superolateral"});
  const Approach superolateral = approaches().front();
  ASSERT_EQ(superolateral.name, "superolateral");
  Trajectory path = plan.ranked.front().path;
  path.entry = lerp(path.entry, path.target, 0.3);
  EXPECT_THROW(judge(field, plan.target, superolateral, path), InvalidInput);
}

TEST_F(WholeKnee, WeightsChangeTheOrderAndTheScoresAndNothingElse) {
  NeedlePlan plan = plans_.at({"suprapatellar_recess", "superolateral"});
  ASSERT_GT(plan.ranked.size(), 3u);
  NeedlePlan by_depth = plan;
  rank_by(by_depth, {1.0, 0.0, 0.0, 0.0});
  ASSERT_EQ(by_depth.ranked.size(), plan.ranked.size());
  EXPECT_EQ(by_depth.safe, plan.safe);
  for (const RankedTrajectory& r : by_depth.ranked) {
    const auto same =
        std::find_if(plan.ranked.begin(), plan.ranked.end(), [&](const RankedTrajectory& other) {
          return other.path.entry == r.path.entry && other.path.target == r.path.target;
        });
    ASSERT_NE(same, plan.ranked.end());
    EXPECT_EQ(same->pareto, r.pareto);
    EXPECT_EQ(same->card.depth_mm, r.card.depth_mm);
    EXPECT_EQ(same->card.hit.probability, r.card.hit.probability);
  }
  for (std::size_t n = 1; n < by_depth.ranked.size(); ++n)
    if (by_depth.ranked[n].pareto == by_depth.ranked[n - 1].pareto) {
      EXPECT_GE(by_depth.ranked[n].card.depth_mm, by_depth.ranked[n - 1].card.depth_mm - 1e-3);
    }
  EXPECT_NE(by_depth.ranked.front().path.entry, plan.ranked.front().path.entry);
  // Back again without the approach.
  rank_by(by_depth, plan.options.weights);
  for (std::size_t n = 0; n < plan.ranked.size(); ++n) {
    EXPECT_EQ(by_depth.ranked[n].path.entry, plan.ranked[n].path.entry);
    EXPECT_EQ(by_depth.ranked[n].score, plan.ranked[n].score);
  }
  EXPECT_THROW(rank_by(plan, {0.0, 0.0, 0.0, 0.0}), InvalidInput);
}

TEST_F(WholeKnee, MakesNoPlanIntoBoneOrAir) {
  const Approach superolateral = approaches().front();
  const Point3 recess = targets_.front().point;
  const auto reason_at = [&](const Point3& p) {
    const NeedlePlan plan = plan_needle(*anatomy_, picked_target(p), superolateral);
    EXPECT_TRUE(plan.ranked.empty());
    return plan.reasons.empty() ? std::string() : plan.reasons.front();
  };
  const Box femur = box_around(structure("femur").surface.vertices());
  EXPECT_THAT(reason_at({femur.centre().x, femur.centre().y, femur.high.z - 10.0}),
              ::testing::HasSubstr("inside the femur"));
  EXPECT_THAT(reason_at(recess + 120.0 * anatomy_->frame.anterior),
              ::testing::HasSubstr("outside of the body"));
  // In the body, and no bone: there is a search.
  EXPECT_THAT(reason_at(recess), ::testing::Not(::testing::HasSubstr("No plan")));
}

TEST_F(WholeKnee, MakesNoPlanPastAVesselThatIsNotKnown) {
  Anatomy blind = *anatomy_;
  std::erase_if(blind.structures, [](const Structure& s) { return s.name == "popliteal_artery"; });
  blind.missing.emplace_back("popliteal_artery");
  for (const Approach& approach : approaches()) {
    const NeedlePlan plan = plan_needle(blind, picked_target(targets_.front().point), approach);
    const bool warned = std::find(approach.at_risk.begin(), approach.at_risk.end(), "popliteal_artery") !=
                        approach.at_risk.end();
    EXPECT_EQ(plan.reasons.front().starts_with("No plan: popliteal artery"), warned) << approach.name;
  }
}

TEST_F(WholeKnee, AWiderMarginTakesPathsAndGivesNone) {
  const ClearanceField field(*anatomy_);
  std::size_t lost = 0;
  for (const Approach& approach : approaches())
    for (const auto& [names, plan] : plans_) {
      if (names.second != approach.name) continue;
      PlanOptions wide;
      wide.estimated_margin_sd = 2.0;
      const std::size_t safe = plan_needle(field, plan.target, approach, wide).safe;
      EXPECT_LE(safe, plan.safe) << names.first << " by " << names.second;
      lost += plan.safe - safe;
    }
  EXPECT_GT(lost, 0u);
}

TEST_F(WholeKnee, NeedlesReachFurtherWhereTheSkinIsEstimated) {
  Anatomy guessed = *anatomy_;
  guessed.skin_sd_mm = 6.0;
  const Approach superolateral = approaches().front();
  const NeedlePlan plan = plan_needle(guessed, targets_.front(), superolateral);
  ASSERT_FALSE(plan.ranked.empty());
  for (const RankedTrajectory& r : plan.ranked)
    EXPECT_GE(r.card.needle->length_mm, r.card.depth_mm + superolateral.hub_reserve_mm + 6.0);
  EXPECT_THAT(plan.limits, ::testing::Contains(::testing::HasSubstr("give or take 6.0 mm")));
}

TEST(Hindrance, IsASideInDoubtUnlessTheUserGaveIt) {
  cartilage::CartilageReport report;
  EXPECT_EQ(hindrance(report), "");
  report.flags = {"slices are thick", "side in doubt: the header says left"};
  EXPECT_THAT(hindrance(report), ::testing::HasSubstr("side in doubt: the header says left"));
  report.side_source = "option";
  EXPECT_EQ(hindrance(report), "");
}

TEST(KindOfStructure, GoesByTheName) {
  EXPECT_EQ(kind_of_structure("popliteal_artery"), StructureKind::vessel);
  EXPECT_EQ(kind_of_structure("femur"), StructureKind::bone);
  EXPECT_EQ(kind_of_structure("flexor"), std::nullopt);
}

/// Moves or mirrors a target.
template <typename Map>
Target carried(Target target, const Map& map) {
  target.point = map(target.point);
  for (Point3& p : target.points) p = map(p);
  if (target.normal) target.normal = map(*target.normal);
  return target;
}

/// Rounding may turn a path that is safe by a hair; no more than that.
void expect_alike(const Plans& a, const KneeFrame& a_frame, const Plans& b, const KneeFrame& b_frame) {
  ASSERT_EQ(a.size(), b.size());
  std::size_t best_elsewhere = 0;
  for (const auto& [names, plan] : a) {
    const NeedlePlan& other = b.at(names);
    const std::string what = names.first + " by " + names.second;
    EXPECT_EQ(plan.examined, other.examined) << what;
    EXPECT_NEAR(static_cast<double>(plan.safe), static_cast<double>(other.safe),
                1.0 + 0.005 * static_cast<double>(plan.safe))
        << what;
    ASSERT_EQ(plan.ranked.empty(), other.ranked.empty()) << what;
    if (plan.ranked.empty()) continue;
    const RankedTrajectory &best = plan.ranked.front(), &same = other.ranked.front();
    EXPECT_NEAR(best.score, same.score, 1e-5) << what;
    best_elsewhere +=
        length(a_frame.coordinates(best.path.entry) - b_frame.coordinates(same.path.entry)) > 1e-4;
  }
  EXPECT_LE(best_elsewhere, 1u);
}

TEST_F(WholeKnee, PlansMoveWithThePatient) {
  const RigidTransform motion = testing::random_pose(5);
  const Anatomy elsewhere = moved(*anatomy_, motion);
  std::vector<Target> targets;
  for (const Target& target : targets_) targets.push_back(carried(target, motion));
  expect_alike(plans_, anatomy_->frame, plans_of(elsewhere, targets), elsewhere.frame);
}

TEST_F(WholeKnee, PlansOfTheOtherSideAreMirrorImages) {
  const Anatomy left = mirrored(*anatomy_);
  EXPECT_EQ(left.frame.side, Side::left);
  std::vector<Target> targets;
  for (const Target& target : targets_)
    targets.push_back(carried(target, [](const auto& where) { return mirrored(where); }));
  expect_alike(plans_, anatomy_->frame, plans_of(left, targets), left.frame);
}

}  // namespace
}  // namespace genu::planning
