// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/io/volume_files.h>
#include <genu/phantom/scan.h>
#include <genu/surface/measure.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "joint_labels.h"

namespace genu::cartilage {
namespace {

using phantom::Plate;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

phantom::KneeOptions knee_with_losses() {
  phantom::KneeOptions options;
  options.defects = {{"medial femur", Plate::femur, -22.0, 0.0, 10.0, 1.0},
                     {"medial tibia", Plate::medial_tibia, 0.0, 0.0, 9.0, 1.0},
                     {"lateral tibia", Plate::lateral_tibia, 0.0, 0.0, 8.0, 0.7},
                     {"patella", Plate::patella, 8.0, 0.0, 8.0, 1.0}};
  options.patient_from_knee = RigidTransform::translation_by({-70.0, 10.0, 20.0}) *
                              RigidTransform::rotation_about({}, {0.3, 1.0, -0.2}, 12.0);
  return options;
}

const RegionMeasures* find(const CartilageReport& report, Region region) {
  for (const RegionMeasures& m : report.regions)
    if (m.region == region) return &m;
  return nullptr;
}

double area_of(const CartilageReport& report, Bone bone, double RegionMeasures::*area) {
  double sum = 0.0;
  for (const RegionMeasures& m : report.regions)
    if (bone_of(m.region) == bone) sum += m.*area;
  return sum;
}

void relabel(LabelMap& labels, Tissue from, Tissue to) {
  std::replace(labels.voxels().begin(), labels.voxels().end(), from, to);
}

LabelMap moved_by(const LabelMap& labels, const Vector3& shift) {
  return {moved(labels.geometry(), RigidTransform::translation_by(shift)), labels.voxels()};
}

/// One knee at the resolution of a research scan, measured once.
class FinePhantom : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    knee_ = std::make_unique<phantom::Knee>(knee_with_losses());
    labels_ = std::make_unique<LabelMap>(labels_of(*knee_, 0.36, 0.7));
    report_ = std::make_unique<CartilageReport>(measure_knee(*labels_));
    truth_ = std::make_unique<phantom::Truth>(phantom::truth_of(*knee_));
  }
  static void TearDownTestSuite() {
    knee_.reset();
    labels_.reset();
    report_.reset();
    truth_.reset();
  }
  static void thickness_is_the_truths_on_each_bone();
  static void denuded_area_is_the_truths_on_each_bone();
  static void plates_have_their_area_volume_and_mean();
  static void measures_add_up();
  static void parts_make_up_their_regions();
  static void parts_lie_where_they_are_named();
  static void outside_has_no_thickness_and_inside_zero_is_bare();
  static void each_loss_is_a_lesion_where_it_was_made();
  static void finds_side_and_directions();
  static void regions_of_the_femur_lie_where_they_are_named();
  static void one_tibial_label_is_split_into_its_plates();

  static std::unique_ptr<phantom::Knee> knee_;
  static std::unique_ptr<LabelMap> labels_;
  static std::unique_ptr<CartilageReport> report_;
  static std::unique_ptr<phantom::Truth> truth_;
};
std::unique_ptr<phantom::Knee> FinePhantom::knee_;
std::unique_ptr<LabelMap> FinePhantom::labels_;
std::unique_ptr<CartilageReport> FinePhantom::report_;
std::unique_ptr<phantom::Truth> FinePhantom::truth_;

void FinePhantom::thickness_is_the_truths_on_each_bone() {
  ASSERT_EQ(report_->bones.size(), 3u);
  for (const BoneMap& map : report_->bones) {
    const auto areas = surface::vertex_areas_mm2(map.surface);
    double area = 0.0, bias = 0.0, error = 0.0;
    for (std::size_t v = 0; v < areas.size(); ++v) {
      if (std::isnan(map.thickness_mm[v])) continue;
      const Point3 foot = knee_->closest_on_bone(map.bone, map.surface.vertices()[v]);
      const auto truth = knee_->thickness_mm(map.bone, foot);
      if (!truth) continue;
      area += areas[v];
      bias += areas[v] * (map.thickness_mm[v] - *truth);
      error += areas[v] * std::abs(map.thickness_mm[v] - *truth);
    }
    EXPECT_LT(std::abs(bias / area), 0.03) << name(map.bone);
    EXPECT_LT(error / area, 0.10) << name(map.bone);
  }
}

void FinePhantom::denuded_area_is_the_truths_on_each_bone() {
  std::array<double, 3> denuded{};
  for (const phantom::PlateTruth& plate : truth_->plates)
    denuded[plate.plate == Plate::femur     ? 0
            : plate.plate == Plate::patella ? 2
                                            : 1] += plate.denuded_area_mm2;
  for (const Bone bone : all_bones) {
    const double truth = denuded[static_cast<std::size_t>(bone)];
    EXPECT_NEAR(area_of(*report_, bone, &RegionMeasures::dAB_mm2) / truth, 1.0, 0.05) << name(bone);
  }
  EXPECT_EQ(find(*report_, Region::LT)->dAB_mm2, 0.0);
}

void FinePhantom::plates_have_their_area_volume_and_mean() {
  const std::array<std::pair<Plate, Region>, 3> plates{
      {{Plate::medial_tibia, Region::MT}, {Plate::lateral_tibia, Region::LT}, {Plate::patella, Region::P}}};
  for (const auto& [plate, region] : plates) {
    const RegionMeasures* m = find(*report_, region);
    ASSERT_NE(m, nullptr);
    const auto truth = std::find_if(truth_->plates.begin(), truth_->plates.end(),
                                    [p = plate](const phantom::PlateTruth& t) { return t.plate == p; });
    EXPECT_NEAR(m->VC_mm3 / truth->cartilage_volume_mm3, 1.0, 0.01) << name(region);
    // Cartilage tapers to nothing at its margin: its last 0.2 mm has no voxel's centre inside.
    EXPECT_NEAR(m->tAB_mm2 / truth->subchondral_area_mm2, 1.0, 0.07) << name(region);
    EXPECT_NEAR(m->ThCtAB_mean_mm * (m->tAB_mm2 - m->not_measured_mm2),
                truth->mean_thickness_mm * truth->subchondral_area_mm2, 0.03 * truth->cartilage_volume_mm3);
  }
}

void FinePhantom::measures_add_up() {
  for (const RegionMeasures& m : report_->regions) {
    EXPECT_NEAR(m.tAB_mm2, m.cAB_mm2 + m.dAB_mm2 + m.not_measured_mm2, 1e-6);
    EXPECT_NEAR(m.dABp_percent, 100.0 * m.dAB_mm2 / m.tAB_mm2, 1e-9);
    EXPECT_NEAR(m.ThCtAB_mean_mm * (m.cAB_mm2 + m.dAB_mm2), m.ThCcAB_mean_mm * m.cAB_mm2, 1e-6);
    EXPECT_NEAR(m.VCtAB_mm, m.VC_mm3 / m.tAB_mm2, 1e-9);
    EXPECT_NEAR(m.ThCtAB_cv_percent, 100.0 * m.ThCtAB_sd_mm / m.ThCtAB_mean_mm, 1e-9);
    const std::array rising{m.ThCtAB_min_mm, m.ThCtAB_p05_mm, m.ThCtAB_p25_mm, m.ThCtAB_median_mm,
                            m.ThCtAB_p75_mm, m.ThCtAB_p95_mm, m.ThCtAB_max_mm};
    EXPECT_TRUE(std::is_sorted(rising.begin(), rising.end())) << name(m.region);
    EXPECT_LT(m.ThCtAB_p25_mm, m.ThCtAB_p75_mm) << name(m.region);
    EXPECT_LT(m.not_measured_mm2, 0.03 * m.tAB_mm2) << name(m.region);
  }
  const auto voxels = std::count_if(labels_->voxels().begin(), labels_->voxels().end(),
                                    [](Tissue t) { return is_cartilage_of(t, Bone::femur); });
  EXPECT_NEAR(area_of(*report_, Bone::femur, &RegionMeasures::VC_mm3),
              static_cast<double>(voxels) * labels_->geometry().voxel_volume_mm3(), 1e-6);
}

void FinePhantom::parts_make_up_their_regions() {
  const auto part = [&](Region region) {
    for (const RegionMeasures& m : report_->parts)
      if (m.region == region) return m;
    return RegionMeasures{};
  };
  for (const RegionMeasures& whole : report_->regions) {
    double area = 0.0, volume = 0.0, surface = 0.0, sum = 0.0, measured = 0.0, count = 0.0;
    for (const Region region : subregions) {
      if (parent_of(region) != whole.region) continue;
      const RegionMeasures m = part(region);
      EXPECT_GT(m.tAB_mm2, 0.08 * whole.tAB_mm2) << name(region);
      area += m.tAB_mm2;
      volume += m.VC_mm3;
      surface += m.AC_mm2;
      measured += m.cAB_mm2 + m.dAB_mm2;
      sum += m.ThCtAB_mean_mm * (m.cAB_mm2 + m.dAB_mm2);
      ++count;
    }
    if (count == 0.0) continue;
    EXPECT_NEAR(area / whole.tAB_mm2, 1.0, 1e-9) << name(whole.region);
    EXPECT_NEAR(volume / whole.VC_mm3, 1.0, 1e-9) << name(whole.region);
    EXPECT_NEAR(surface / whole.AC_mm2, 1.0, 1e-9) << name(whole.region);
    EXPECT_NEAR(sum / measured, whole.ThCtAB_mean_mm, 1e-9) << name(whole.region);
  }
  for (const auto& [central, plate] : {std::pair{Region::cMT, Region::MT}, {Region::cLT, Region::LT}})
    EXPECT_NEAR(part(central).tAB_mm2 / find(*report_, plate)->tAB_mm2, 0.20, 0.005) << name(plate);
  for (const Region third : {Region::ecMF, Region::ccMF, Region::icMF})
    EXPECT_NEAR(part(third).tAB_mm2 / find(*report_, Region::cMF)->tAB_mm2, 1.0 / 3.0, 0.01) << name(third);
  for (const Compartment& c : compartments) {
    const auto of = [&](Region r) { return find(*report_, r) ? *find(*report_, r) : part(r); };
    EXPECT_EQ(part(c.region).tAB_mm2, of(c.tibial).tAB_mm2 + of(c.femoral).tAB_mm2);
    EXPECT_EQ(part(c.region).ThCtAB_mean_mm, of(c.tibial).ThCtAB_mean_mm + of(c.femoral).ThCtAB_mean_mm);
    EXPECT_TRUE(std::isnan(part(c.region).ThCtAB_sd_mm)) << "two bones have no common spread";
  }
}

void FinePhantom::parts_lie_where_they_are_named() {
  std::array<Vector3, region_count> middle{};
  std::array<double, region_count> area{};
  for (const BoneMap& map : report_->bones) {
    const auto areas = surface::vertex_areas_mm2(map.surface);
    for (std::size_t v = 0; v < areas.size(); ++v) {
      const auto r = static_cast<std::size_t>(map.subregion[v]);
      if (map.subregion[v] == Region::outside) continue;
      ASSERT_EQ(parent_of(map.subregion[v]), map.region[v]);
      middle[r] += areas[v] * report_->frame.coordinates(map.surface.vertices()[v]);
      area[r] += areas[v];
    }
  }
  const auto at = [&](Region region) {
    const auto r = static_cast<std::size_t>(region);
    return middle[r] / area[r];
  };
  // x is lateral, y anterior: the notch lies lateral of what is medial.
  EXPECT_LT(at(Region::eMT).x, at(Region::cMT).x);
  EXPECT_LT(at(Region::cMT).x, at(Region::iMT).x);
  EXPECT_LT(at(Region::iMT).x, at(Region::iLT).x);
  EXPECT_LT(at(Region::iLT).x, at(Region::cLT).x);
  EXPECT_LT(at(Region::cLT).x, at(Region::eLT).x);
  EXPECT_LT(at(Region::pMT).y, at(Region::cMT).y);
  EXPECT_LT(at(Region::cMT).y, at(Region::aMT).y);
  EXPECT_LT(at(Region::pLT).y, at(Region::aLT).y);
  EXPECT_LT(at(Region::ecMF).x, at(Region::icMF).x);
  EXPECT_LT(at(Region::icMF).x, at(Region::icLF).x);
  EXPECT_LT(at(Region::icLF).x, at(Region::ecLF).x);
  EXPECT_LT(at(Region::mP).x, at(Region::lP).x);
}

void FinePhantom::outside_has_no_thickness_and_inside_zero_is_bare() {
  for (const BoneMap& map : report_->bones) {
    ASSERT_EQ(map.thickness_mm.size(), map.surface.vertices().size());
    ASSERT_EQ(map.region.size(), map.surface.vertices().size());
    const auto areas = surface::vertex_areas_mm2(map.surface);
    double away_mm2 = 0.0;
    for (std::size_t v = 0; v < map.region.size(); ++v) {
      if (map.region[v] == Region::outside) {
        ASSERT_TRUE(std::isnan(map.thickness_mm[v]));
        continue;
      }
      ASSERT_EQ(bone_of(map.region[v]), map.bone);
      ASSERT_FALSE(map.thickness_mm[v] < 0.0);
      // Walls of losses are upright; voxels blur them over half a millimetre or so.
      constexpr double wall_mm = 0.7;
      double to_loss = std::numeric_limits<double>::infinity();  // From the nearest loss to the bone.
      for (const phantom::LesionTruth& loss : truth_->lesions)
        if (loss.defect.depth_fraction == 1.0)
          to_loss = std::min(
              to_loss, distance(map.surface.vertices()[v], loss.centre) - 0.5 * loss.defect.diameter_mm);
      if (map.thickness_mm[v] == 0.0 && to_loss > wall_mm) away_mm2 += areas[v];
      if (to_loss < -wall_mm) {
        ASSERT_EQ(map.thickness_mm[v], 0.0) << name(map.region[v]);
      }
    }
    // Bays of a ragged margin that are filled: less than a square millimetre a bone.
    EXPECT_LT(away_mm2, 1.0) << name(map.bone);
  }
}

void FinePhantom::each_loss_is_a_lesion_where_it_was_made() {
  for (const phantom::LesionTruth& truth : truth_->lesions) {
    const auto found = std::min_element(
        report_->lesions.begin(), report_->lesions.end(), [&](const Lesion& a, const Lesion& b) {
          return distance(a.centre, truth.centre) < distance(b.centre, truth.centre);
        });
    ASSERT_NE(found, report_->lesions.end());
    EXPECT_LT(distance(found->centre, truth.centre), 1.0) << truth.defect.name;
    EXPECT_LT(angle_deg(found->normal, truth.normal), 5.0) << truth.defect.name;
    EXPECT_GT(found->area_mm2, 0.5 * truth.area_mm2) << truth.defect.name;
    EXPECT_LT(found->area_mm2, 1.1 * truth.area_mm2) << truth.defect.name;
    EXPECT_GT(dot(found->articular_point - found->centre, found->normal), 0.3) << truth.defect.name;
    if (truth.defect.depth_fraction == 1.0)
      EXPECT_NEAR(found->denuded_area_mm2 / truth.area_mm2, 1.0, 0.06) << truth.defect.name;
    else
      EXPECT_EQ(found->denuded_area_mm2, 0.0) << truth.defect.name;
  }
  EXPECT_EQ(report_->lesions.size(), truth_->lesions.size());
  EXPECT_EQ(report_->lesions.front().name, std::string(name(report_->lesions.front().region)) + "-1");
  EXPECT_TRUE(std::is_sorted(report_->lesions.begin(), report_->lesions.end(),
                             [](const Lesion& a, const Lesion& b) { return a.area_mm2 > b.area_mm2; }));
}

void FinePhantom::finds_side_and_directions() {
  EXPECT_EQ(report_->side, Side::right);
  EXPECT_EQ(report_->side_source, "labels of the tibial plates");
  const KneeFrame &found = report_->frame, &truth = knee_->frame();
  // The phantom's bones are more symmetric than people's, to which the directions are adjusted.
  EXPECT_LT(angle_deg(found.lateral, truth.lateral), 10.0);
  EXPECT_LT(angle_deg(found.anterior, truth.anterior), 10.0);
  EXPECT_LT(angle_deg(found.proximal, truth.proximal), 10.0);
  EXPECT_NEAR(dot(found.lateral, found.anterior), 0.0, 1e-12);
  EXPECT_NEAR(dot(found.lateral, found.proximal), 0.0, 1e-12);
  EXPECT_NEAR(dot(cross(found.anterior, found.proximal), found.lateral), 1.0, 1e-12);
}

void FinePhantom::regions_of_the_femur_lie_where_they_are_named() {
  for (const BoneMap& map : report_->bones) {
    if (map.bone != Bone::femur) continue;
    std::array<Vector3, 9> sum{};
    std::array<double, 9> count{};
    for (std::size_t v = 0; v < map.region.size(); ++v) {
      const auto r = static_cast<std::size_t>(map.region[v]);
      const Vector3 at = knee_->frame().coordinates(map.surface.vertices()[v]);
      sum[r] += at;
      count[r] += 1.0;
    }
    const auto centre = [&](Region r) {
      return sum[static_cast<std::size_t>(r)] / count[static_cast<std::size_t>(r)];
    };
    EXPECT_LT(centre(Region::cMF).x, -10.0);
    EXPECT_LT(centre(Region::pMF).x, -10.0);
    EXPECT_GT(centre(Region::cLF).x, 10.0);
    EXPECT_GT(centre(Region::pLF).x, 10.0);
    EXPECT_GT(centre(Region::TrF).y, centre(Region::cMF).y + 10.0);
    EXPECT_GT(centre(Region::cMF).y, centre(Region::pMF).y + 10.0);
    EXPECT_GT(centre(Region::pMF).z, centre(Region::cMF).z + 5.0);
  }
}

void FinePhantom::one_tibial_label_is_split_into_its_plates() {
  LabelMap one = *labels_;
  relabel(one, Tissue::medial_tibial_cartilage, Tissue::tibial_cartilage);
  relabel(one, Tissue::lateral_tibial_cartilage, Tissue::tibial_cartilage);
  // The tibia alone is enough to be split, and quicker.
  relabel(one, Tissue::femoral_cartilage, Tissue::background);
  relabel(one, Tissue::patellar_cartilage, Tissue::background);
  const CartilageReport report = measure_knee(one);
  EXPECT_EQ(report.side, Side::right);
  for (const Region plate : {Region::MT, Region::LT}) {
    const RegionMeasures *a = find(report, plate), *b = find(*report_, plate);
    ASSERT_NE(a, nullptr);
    EXPECT_NEAR(a->ThCtAB_mean_mm, b->ThCtAB_mean_mm, 0.002);
    EXPECT_NEAR(a->VC_mm3, b->VC_mm3, 0.002 * b->VC_mm3);
    EXPECT_NEAR(a->tAB_mm2, b->tAB_mm2, 0.002 * b->tAB_mm2);
  }
  // Of a bone without any cartilage nothing was measured, and its regions say so.
  ASSERT_NE(find(report, Region::TrF), nullptr);
  EXPECT_TRUE(std::isnan(find(report, Region::TrF)->tAB_mm2));
  EXPECT_TRUE(std::isnan(find(report, Region::TrF)->VC_mm3));
  EXPECT_THAT(report.flags, Contains(HasSubstr("no cartilage is labelled on the femur")));
}

// One test, because its knee takes seconds to make and each test runs in a process of its own.
TEST_F(FinePhantom, IsMeasuredAsItIs) {
  {
    SCOPED_TRACE("thickness is the truths on each bone");
    thickness_is_the_truths_on_each_bone();
  }
  {
    SCOPED_TRACE("denuded area is the truths on each bone");
    denuded_area_is_the_truths_on_each_bone();
  }
  {
    SCOPED_TRACE("plates have their area volume and mean");
    plates_have_their_area_volume_and_mean();
  }
  {
    SCOPED_TRACE("measures add up");
    measures_add_up();
  }
  {
    SCOPED_TRACE("parts make up their regions");
    parts_make_up_their_regions();
  }
  {
    SCOPED_TRACE("parts lie where they are named");
    parts_lie_where_they_are_named();
  }
  {
    SCOPED_TRACE("outside has no thickness and inside zero is bare");
    outside_has_no_thickness_and_inside_zero_is_bare();
  }
  {
    SCOPED_TRACE("each loss is a lesion where it was made");
    each_loss_is_a_lesion_where_it_was_made();
  }
  {
    SCOPED_TRACE("finds side and directions");
    finds_side_and_directions();
  }
  {
    SCOPED_TRACE("regions of the femur lie where they are named");
    regions_of_the_femur_lie_where_they_are_named();
  }
  {
    SCOPED_TRACE("one tibial label is split into its plates");
    one_tibial_label_is_split_into_its_plates();
  }
}

/// A knee on coarse voxels, for questions about labels and sides.
class CoarsePhantom : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    labels_ = std::make_unique<LabelMap>(labels_of(phantom::Knee(knee_with_losses()), 1.0, 1.5));
  }
  static void TearDownTestSuite() { labels_.reset(); }
  /// Without anything that is named medial or lateral.
  static LabelMap without_names() {
    LabelMap labels = *labels_;
    relabel(labels, Tissue::medial_tibial_cartilage, Tissue::tibial_cartilage);
    relabel(labels, Tissue::lateral_tibial_cartilage, Tissue::tibial_cartilage);
    for (const Tissue t : {Tissue::medial_meniscus, Tissue::lateral_meniscus, Tissue::fibula})
      relabel(labels, t, Tissue::background);
    return labels;
  }
  static std::unique_ptr<LabelMap> labels_;
};
std::unique_ptr<LabelMap> CoarsePhantom::labels_;

TEST_F(CoarsePhantom, SideIsReadFromTheImagesPosition) {
  const CartilageReport report = measure_knee(without_names());
  EXPECT_EQ(report.side, Side::right);
  EXPECT_EQ(report.side_source, "image position");
}

TEST_F(CoarsePhantom, SideThatNothingTellsMustBeGiven) {
  const double x = measure_knee(*labels_).frame.origin.x;
  const LabelMap labels = moved_by(without_names(), {5.0 - x, 0.0, 0.0});
  try {
    measure_knee(labels);
    FAIL() << "a side was guessed";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("give the side"));
  }
  const CartilageReport report = measure_knee(labels, {.side = Side::right, .side_source = "header"});
  EXPECT_EQ(report.side, Side::right);
  EXPECT_EQ(report.side_source, "header");
  EXPECT_TRUE(report.flags.empty());
}

TEST_F(CoarsePhantom, SidesThatDisagreeAreFlagged) {
  // A right knee's labels where a left knee lies.
  const double x = measure_knee(*labels_).frame.origin.x;
  const CartilageReport report = measure_knee(moved_by(*labels_, {-2.0 * x, 0.0, 0.0}));
  EXPECT_EQ(report.side, Side::right);
  EXPECT_THAT(report.flags, Contains(HasSubstr("side in doubt")));
  const CartilageReport told = measure_knee(*labels_, {.side = Side::left});
  EXPECT_EQ(told.side, Side::left);
  EXPECT_EQ(told.side_source, "option");
  EXPECT_THAT(told.flags, Contains(HasSubstr("side in doubt")));
}

TEST_F(CoarsePhantom, LabelsWithoutABoneThatBearsCartilageAreRefused) {
  LabelMap labels = *labels_;
  for (const Tissue t : {Tissue::femoral_cartilage, Tissue::medial_tibial_cartilage,
                         Tissue::lateral_tibial_cartilage, Tissue::patellar_cartilage})
    relabel(labels, t, Tissue::background);
  EXPECT_THROW(measure_knee(labels), InvalidInput);
}

TEST_F(CoarsePhantom, CartilageWithoutItsBoneIsFlagged) {
  LabelMap labels = *labels_;
  relabel(labels, Tissue::patella, Tissue::background);
  const CartilageReport report = measure_knee(labels);
  EXPECT_EQ(find(report, Region::P), nullptr);
  EXPECT_THAT(report.flags, Contains(HasSubstr("patella")));
}

TEST_F(CoarsePhantom, CartilageCutByTheImagesBorderIsFlagged) {
  const GridSize& size = labels_->geometry().size();
  const LabelMap cut = cropped(*labels_, {0, 0, size[2] / 4}, {size[0], size[1], size[2] - size[2] / 4});
  EXPECT_THAT(measure_knee(cut).flags, Contains(HasSubstr("cut by the border")));
}

TEST_F(CoarsePhantom, BonesCutBesideTheJointAreFlaggedShaftsAreNot) {
  EXPECT_THAT(measure_knee(*labels_).flags, Not(Contains(HasSubstr("beside the joint"))));
  const GridSize& size = labels_->geometry().size();
  const LabelMap cut = cropped(*labels_, {0, 0, size[2] / 4}, {size[0], size[1], size[2] - size[2] / 4});
  const CartilageReport report = measure_knee(cut);
  EXPECT_THAT(report.flags, Contains(HasSubstr("femur is cut by the border of the image beside the joint")));
  EXPECT_THAT(report.flags, Contains(HasSubstr("tibia is cut by the border of the image beside the joint")));
}

const phantom::PlateTruth& truth_of_plate(const phantom::Truth& truth, Plate plate) {
  return *std::find_if(truth.plates.begin(), truth.plates.end(),
                       [plate](const phantom::PlateTruth& t) { return t.plate == plate; });
}

struct MarginCase {
  phantom::Defect defect;
  Region region;
};

// Half of a plate lost up to its margin: nothing beside it shows that cartilage was there. The phantom's
// plates are narrower than people's, by three standard deviations of the shape that is fitted to what is
// left.
TEST(Margin, OfAPlateIsFoundOnTheBone) {
  for (const MarginCase& c : {MarginCase{{"", Plate::medial_tibia, 0.0, 12.0, 30.0, 1.0}, Region::MT},
                              MarginCase{{"", Plate::lateral_tibia, -9.0, 0.0, 26.0, 1.0}, Region::LT},
                              MarginCase{{"", Plate::patella, 12.0, 0.0, 20.0, 1.0}, Region::P}}) {
    phantom::KneeOptions options;
    options.defects = {c.defect};
    const phantom::Knee knee(options);
    const CartilageReport report = measure_knee(labels_of(knee, 0.7, 1.0));
    const phantom::PlateTruth truth = truth_of_plate(phantom::truth_of(knee), c.defect.plate);
    const double lost = 100.0 * truth.denuded_area_mm2 / truth.subchondral_area_mm2;
    const RegionMeasures& m = *find(report, c.region);
    EXPECT_NEAR(m.dABp_percent, lost, 12.0) << name(c.region);
    // What a stage takes it for holds the truth.
    EXPECT_LT(m.dABp_percent - 2.0 * m.dABp_margin_sd_percent, lost) << name(c.region);
    EXPECT_GT(m.dABp_percent + 2.0 * m.dABp_margin_sd_percent + 100.0 * m.not_measured_mm2 / m.tAB_mm2, lost)
        << name(c.region);
    EXPECT_THAT(report.flags,
                ElementsAre(AllOf(HasSubstr("lost at the margin of " + std::string(name(c.region))),
                                  HasSubstr("tells to within"))));
  }
}

// Nearly all of a plate lost: too little of its margin is left to tell where it ended.
TEST(Margin, OfWhichTooLittleIsLeftIsOpen) {
  phantom::KneeOptions options;
  options.defects = {{"", Plate::lateral_tibia, 0.0, -8.0, 30.0, 1.0},
                     {"", Plate::lateral_tibia, 0.0, 3.0, 30.0, 1.0}};
  const phantom::Knee knee(options);
  const CartilageReport report = measure_knee(labels_of(knee, 0.7, 1.0));
  const phantom::PlateTruth truth = truth_of_plate(phantom::truth_of(knee), Plate::lateral_tibia);
  const double lost = 100.0 * truth.denuded_area_mm2 / truth.subchondral_area_mm2;
  const RegionMeasures& m = *find(report, Region::LT);
  EXPECT_LT(m.dABp_percent, lost);
  EXPECT_GT(m.dABp_percent + 100.0 * m.not_measured_mm2 / m.tAB_mm2, lost);
  EXPECT_THAT(report.flags, ElementsAre(HasSubstr("count as not measured")));
}

/// Returns the denuded part of a region in percent, by the bone that bears its cartilage in the intact knee.
double true_dABp_percent(const CartilageReport& intact, const phantom::Knee& knee, Region region) {
  double bare = 0.0, all = 0.0;
  for (const BoneMap& map : intact.bones) {
    if (map.bone != bone_of(region)) continue;
    const std::vector<double> areas = surface::vertex_areas_mm2(map.surface);
    for (std::size_t v = 0; v < areas.size(); ++v) {
      if (map.region[v] != region) continue;
      all += areas[v];
      if (knee.thickness_mm(map.bone, knee.closest_on_bone(map.bone, map.surface.vertices()[v])) == 0.0)
        bare += areas[v];
    }
  }
  return 100.0 * bare / all;
}

TEST(Denuded, AreaOfManySizesIsTheTruthInEveryPlate) {
  const auto disc = [](Plate plate, double u_mm, double v_mm, double diameter_mm) {
    return phantom::Defect{"", plate, u_mm, v_mm, diameter_mm, 1.0};
  };
  const std::vector<std::vector<phantom::Defect>> losses{
      // Some 80 % of tibia and patella, half of the central condyles.
      {disc(Plate::medial_tibia, 0, -10, 22), disc(Plate::medial_tibia, 0, 0, 22),
       disc(Plate::medial_tibia, 0, 10, 22), disc(Plate::lateral_tibia, 0, -8, 22),
       disc(Plate::lateral_tibia, 0, 0, 22), disc(Plate::lateral_tibia, 0, 8, 22),
       disc(Plate::patella, -6, 0, 24), disc(Plate::patella, 0, 0, 24), disc(Plate::patella, 6, 0, 24),
       disc(Plate::femur, -22, 0, 19), disc(Plate::femur, 22, 0, 19), disc(Plate::femur, 0, 34, 16)},
      // 1 to 20 %.
      {disc(Plate::medial_tibia, 0, 0, 4), disc(Plate::lateral_tibia, 0, 0, 8),
       disc(Plate::patella, 0, 0, 15), disc(Plate::femur, -22, 0, 8), disc(Plate::femur, 22, 0, 12),
       disc(Plate::femur, 0, 34, 8)}};
  const CartilageReport intact = measure_knee(labels_of(phantom::Knee({}), 0.5, 0.7));
  struct Row {
    std::size_t loss;
    double slice_mm, bar_percent;
  };
  // Between thick slices outlines are guessed.
  for (const Row& row : {Row{0, 0.7, 3.0}, Row{1, 0.7, 3.0}, Row{0, 3.0, 5.0}}) {
    phantom::KneeOptions options;
    options.defects = losses[row.loss];
    const phantom::Knee knee(options);
    const CartilageReport report = measure_knee(labels_of(knee, 0.5, row.slice_mm));
    for (const Region region : {Region::MT, Region::LT, Region::cMF, Region::cLF, Region::TrF, Region::P}) {
      const double truth = true_dABp_percent(intact, knee, region);
      EXPECT_NEAR(find(report, region)->dABp_percent, truth, row.bar_percent)
          << name(region) << " of " << row.slice_mm << " mm slices, " << truth << " %";
    }
  }
}

TEST(Margin, OfACondyleThatIsMissingLeavesItsAreaOpen) {
  phantom::KneeOptions options;
  options.defects = {{"", Plate::femur, -30.0, 0.0, 30.0, 1.0}};
  const CartilageReport report = measure_knee(labels_of(phantom::Knee(options), 0.7, 1.0));
  EXPECT_THAT(report.flags, ElementsAre(HasSubstr("lost at the margin of cMF")));
  const RegionMeasures& m = *find(report, Region::cMF);
  EXPECT_GT(m.not_measured_mm2, 0.3 * m.tAB_mm2);
  EXPECT_NEAR(m.tAB_mm2, m.cAB_mm2 + m.dAB_mm2 + m.not_measured_mm2, 1e-6);
  RegionMeasures sum{.tAB_mm2 = 0.0, .dAB_mm2 = 0.0, .not_measured_mm2 = 0.0};
  for (const RegionMeasures& part : report.parts)
    if (parent_of(part.region) == Region::cMF && part.region != Region::cMF) {
      sum.tAB_mm2 += part.tAB_mm2;
      sum.dAB_mm2 += part.dAB_mm2;
      sum.not_measured_mm2 += part.not_measured_mm2;
      EXPECT_NEAR(part.tAB_mm2, part.cAB_mm2 + part.dAB_mm2 + part.not_measured_mm2, 1e-6)
          << name(part.region);
    }
  EXPECT_NEAR(sum.tAB_mm2, m.tAB_mm2, 1e-6);
  EXPECT_NEAR(sum.dAB_mm2, m.dAB_mm2, 1e-6);
  EXPECT_NEAR(sum.not_measured_mm2, m.not_measured_mm2, 1e-6);
}

TEST(Margin, OfAnIntactKneeIsNotLost) {
  EXPECT_TRUE(measure_knee(labels_of(phantom::Knee({}), 0.7, 1.0)).flags.empty());
}

TEST(Report, SaysThatAPlateWithoutCartilageWasNotMeasured) {
  phantom::KneeOptions options;
  options.medial_tibial_change_mm = -5.0;
  const CartilageReport report = measure_knee(labels_of(phantom::Knee(options), 1.0, 1.5));
  ASSERT_EQ(report.regions.size(), measured_regions.size());
  EXPECT_TRUE(std::isnan(find(report, Region::MT)->tAB_mm2));
  EXPECT_TRUE(std::isnan(find(report, Region::MT)->dABp_percent));
  EXPECT_GT(find(report, Region::LT)->tAB_mm2, 700.0);
  EXPECT_THAT(report.flags, ElementsAre(HasSubstr("no cartilage is on MT")));
}

// Directions are adjusted to those of people's legs: the mean over real knees lies on their slices' axes.
TEST(Report, LaysTheAxesOfRealKneesAlongTheirSlicesInTheMean) {
  GENU_REQUIRE_DATA(folder, "knee_labels/oai");
  const auto table = io::label_table_named("oai");
  Vector3 sum;
  double knees = 0.0;
  for (const std::string id : {"zib_9001104", "zib_9002817", "zib_9004175", "zib_9006723", "zib_9007827",
                               "zib_9011420", "zib_9015718", "zib_9017909"}) {
    LabelMap labels = io::read_labels(folder / (id + "_00m.nii.gz"), table);
    // The bones alone tell; the patella's cartilage is the quickest to measure.
    relabel(labels, Tissue::femoral_cartilage, Tissue::background);
    relabel(labels, Tissue::tibial_cartilage, Tissue::background);
    const KneeFrame frame = measure_knee(labels).frame;
    const auto slices = [&](const Vector3& axis) {
      Vector3 nearest = labels.geometry().direction().column(0);
      for (int c = 1; c < 3; ++c)
        if (const Vector3 other = labels.geometry().direction().column(c);
            std::abs(dot(other, axis)) > std::abs(dot(nearest, axis)))
          nearest = other;
      return dot(nearest, axis) < 0.0 ? -nearest : nearest;
    };
    const Vector3 lateral = slices(frame.lateral), anterior = slices(frame.anterior);
    sum += {dot(frame.proximal, anterior), dot(frame.proximal, lateral), dot(frame.lateral, anterior)};
    knees += 1.0;
  }
  const Vector3 mean_deg = sum / knees * (180.0 / M_PI);
  EXPECT_NEAR(mean_deg.x, 0.0, 2.0) << "leans forward";
  EXPECT_NEAR(mean_deg.y, 0.0, 2.0) << "leans sideways";
  EXPECT_NEAR(mean_deg.z, 0.0, 2.0) << "is turned";
}

TEST_F(CoarsePhantom, OptionsOutOfRangeAreRefused) {
  EXPECT_THROW(measure_knee(*labels_, {.weight_bearing_fraction = 0.0}), InvalidInput);
  EXPECT_THROW(measure_knee(*labels_, {.min_lesion_area_mm2 = -1.0}), InvalidInput);
  EXPECT_THROW(measure_knee(*labels_, {.lesion_loss_fraction = 0.0}), InvalidInput);
  EXPECT_THROW(measure_knee(*labels_, {.min_lesion_loss_mm2 = -1.0}), InvalidInput);
  EXPECT_THROW(measure_knee(*labels_, {.min_lesion_depth_mm = -1.0}), InvalidInput);
}

TEST_F(CoarsePhantom, StopsWhenAsked) {
  std::stop_source stop;
  double last = 0.0;
  const Progress progress(
      [&](std::string_view, double fraction) {
        EXPECT_GE(fraction, last);
        last = fraction;
        if (fraction > 0.3) stop.request_stop();
      },
      stop.get_token());
  EXPECT_THROW(measure_knee(*labels_, {}, progress), Cancelled);
  EXPECT_LT(last, 0.6);
}

struct PlateMean {
  Region region;
  double low_mm, high_mm;
};

// Plate means of two settings of a peer on the same labels are 2.34 and 2.28 (medial), 2.57 and 2.57 (lateral
// tibia) and 1.60 and 1.48 mm (patella, covered part): definitions differ, so Genu's must lie about them, not
// on them.
TEST(Report, AgreesWithAPeerOnARealKnee) {
  GENU_REQUIRE_DATA(file, "knee_labels/pymskt_right_knee_dess.nrrd");
  const CartilageReport report = measure_knee(io::read_labels(file, io::label_table_named("pymskt")));
  EXPECT_EQ(report.side, Side::right);
  EXPECT_THAT(report.flags, ElementsAre(HasSubstr("lost at the margin of P")));
  ASSERT_EQ(report.regions.size(), measured_regions.size());
  for (const PlateMean& plate : {PlateMean{Region::MT, 2.22, 2.37}, PlateMean{Region::LT, 2.50, 2.60},
                                 PlateMean{Region::P, 1.45, 1.63}}) {
    const RegionMeasures* m = find(report, plate.region);
    EXPECT_GT(m->ThCcAB_mean_mm, plate.low_mm) << name(plate.region);
    EXPECT_LT(m->ThCcAB_mean_mm, plate.high_mm) << name(plate.region);
  }
  for (const RegionMeasures& m : report.regions) {
    EXPECT_LT(m.not_measured_mm2, 0.03 * m.tAB_mm2) << name(m.region);
    if (m.region == Region::P) continue;  // Full-thickness losses there are in the labels.
    EXPECT_LT(m.dABp_percent, 1.0) << name(m.region);
  }
}

// Kellgren-Lawrence grade 0, and a knee whose medial cartilage was lost 96 months after baseline.
TEST(Report, TellsAHealthyFromAWornRealKnee) {
  GENU_REQUIRE_DATA(folder, "knee_labels/oai");
  const auto table = io::label_table_named("oai");
  const CartilageReport healthy = measure_knee(io::read_labels(folder / "zib_9015718_00m.nii.gz", table));
  const CartilageReport worn = measure_knee(io::read_labels(folder / "akoa_9171097_96m.nii.gz", table));
  for (const RegionMeasures& m : healthy.regions) EXPECT_LT(m.dABp_percent, 0.5) << name(m.region);
  EXPECT_GT(find(worn, Region::cMF)->dABp_percent, 25.0);
  EXPECT_LT(find(worn, Region::cLF)->dABp_percent, 1.0);
  EXPECT_GT(find(healthy, Region::cMF)->ThCtAB_mean_mm, find(worn, Region::cMF)->ThCtAB_mean_mm + 0.5);
  EXPECT_EQ(worn.side_source, "image position");
}

// A body without notch, plates or patella still gets its numbers.
TEST(Report, MeasuresConcentricSpheres) {
  const Point3 centre{11.3, -7.2, 5.1};
  const CartilageReport report = measure_knee(
      testing::concentric_spheres(testing::oblique_grid(), centre, 20.0, 22.5), {.side = Side::left});
  double area = 0.0, volume = 0.0, sum = 0.0, squares = 0.0;
  for (const RegionMeasures& m : report.regions) {
    area += m.tAB_mm2;
    volume += m.VC_mm3;
    sum += m.tAB_mm2 * m.ThCtAB_mean_mm;
    squares += m.tAB_mm2 * (m.ThCtAB_mean_mm * m.ThCtAB_mean_mm + m.ThCtAB_sd_mm * m.ThCtAB_sd_mm);
    EXPECT_EQ(m.dAB_mm2, 0.0);
  }
  EXPECT_NEAR(sum / area, 2.5, 0.03);
  EXPECT_LT(std::sqrt(squares / area - sum * sum / (area * area)), 0.05);
  EXPECT_NEAR(area, 4.0 * M_PI * 400.0, 25.0);
  EXPECT_NEAR(volume, 4.0 / 3.0 * M_PI * (22.5 * 22.5 * 22.5 - 8000.0), 70.0);
  double surface = 0.0;
  for (const RegionMeasures& m : report.regions) surface += m.AC_mm2;
  EXPECT_NEAR(surface / (4.0 * M_PI * 22.5 * 22.5), 1.0, 0.01) << "the outer sphere alone";
  EXPECT_THAT(report.flags, Contains(HasSubstr("notch not found")));
}

}  // namespace
}  // namespace genu::cartilage
