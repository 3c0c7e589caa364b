// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/cartilage/report.h>
#include <genu/io/results.h>
#include <genu/phantom/scan.h>
#include <genu/testing/bodies.h>

#include "joint_labels.h"

namespace genu::cartilage {
namespace {

using phantom::Plate;
using ::testing::IsEmpty;
using ::testing::SizeIs;

phantom::KneeOptions knee_posed(Side side, double femoral_mm, double tibial_mm, double patellar_mm,
                                double angle_deg) {
  phantom::KneeOptions options;
  options.side = side;
  options.femoral_thickness_mm = femoral_mm;
  options.medial_tibial_thickness_mm = tibial_mm;
  options.lateral_tibial_thickness_mm = 1.2 * tibial_mm;
  options.patellar_thickness_mm = patellar_mm;
  options.patient_from_knee = RigidTransform::rotation_about({}, {0.4, 1.0, -0.7}, angle_deg);
  return options;
}

const RegionMeasures& part(const CartilageReport& report, Region region) {
  for (const auto* list : {&report.regions, &report.parts})
    for (const RegionMeasures& m : *list)
      if (m.region == region) return m;
  throw std::logic_error("no region " + std::string(name(region)));
}

std::string listed(const CartilageReport& report) {
  std::string text;
  for (const Lesion& l : report.lesions)
    text += l.name + " in " + std::string(name(l.subregion)) + ": " + std::to_string(l.area_mm2) + " mm2, " +
            std::to_string(l.mean_depth_percent) + " %\n";
  return text;
}

struct Sampling {
  double in_plane_mm, slice_mm;
};
constexpr Sampling fine{0.5, 0.7}, thick{0.5, 3.0};

TEST(Lesions, AHealthyKneeHasNone) {
  const std::array knees{knee_posed(Side::right, 2.2, 1.9, 2.6, 0.0),
                         knee_posed(Side::left, 1.6, 2.3, 3.2, 14.0)};
  for (const Sampling& sampling : {fine, thick})
    for (const phantom::KneeOptions& options : knees) {
      const CartilageReport report =
          measure_knee(labels_of(phantom::Knee(options), sampling.in_plane_mm, sampling.slice_mm));
      EXPECT_THAT(report.lesions, IsEmpty()) << sampling.slice_mm << " mm slices: " << listed(report);
      for (const auto* list : {&report.regions, &report.parts})
        for (const RegionMeasures& m : *list) {
          EXPECT_EQ(m.focal_loss_percent, 0.0) << name(m.region);
          if (m.region >= Region::MFTC) continue;
          EXPECT_EQ(m.MOAKS_size_grade, 0.0) << name(m.region);
          EXPECT_EQ(m.MOAKS_full_thickness_grade, 0.0) << name(m.region);
        }
    }
}

/// A loss of the phantom and what must be said of it.
struct Known {
  phantom::Defect defect;
  Region region, subregion;
  int icrs_grade;
};

const std::vector<Known>& known_losses() {
  static const std::vector<Known> losses{
      {{"bare condyle", Plate::femur, -22.0, 0.0, 10.0, 1.0}, Region::cMF, Region::ccMF, 4},
      {{"trochlea", Plate::femur, 0.0, 34.0, 8.0, 0.4}, Region::TrF, Region::TrF, 2},
      {{"bare tibia", Plate::medial_tibia, 0.0, 0.0, 9.0, 1.0}, Region::MT, Region::cMT, 4},
      {{"deep tibia", Plate::lateral_tibia, 0.0, 0.0, 12.0, 0.7}, Region::LT, Region::cLT, 3},
      {{"half patella", Plate::patella, 8.0, 0.0, 8.0, 0.6}, Region::P, Region::lP, 3}};
  return losses;
}

/// How far off a measure may be: walls of losses are upright, and voxels slant them over half a slice, so
/// that the rim of a shallow loss is too shallow to count.
struct Bars {
  double centre_mm, area_part, depth_percent, extent_mm, volume_part;
};

void expect_known(const Known& known, const phantom::LesionTruth& truth, const CartilageReport& report,
                  const Bars& bars) {
  SCOPED_TRACE(known.defect.name);
  const auto found = std::find_if(report.lesions.begin(), report.lesions.end(), [&](const Lesion& l) {
    return distance(l.centre, truth.centre) < bars.centre_mm;
  });
  ASSERT_NE(found, report.lesions.end()) << listed(report);
  EXPECT_EQ(found->region, known.region);
  EXPECT_EQ(found->subregion, known.subregion);
  EXPECT_EQ(found->icrs_grade, known.icrs_grade);
  const double depth = 100.0 * known.defect.depth_fraction;
  EXPECT_NEAR(found->area_mm2 / truth.area_mm2, 1.0, bars.area_part);
  EXPECT_NEAR(found->mean_depth_percent, depth, bars.depth_percent);
  EXPECT_GE(found->max_depth_percent, found->mean_depth_percent);
  EXPECT_NEAR(found->length_mm, known.defect.diameter_mm, bars.extent_mm);
  EXPECT_NEAR(found->width_mm, known.defect.diameter_mm, bars.extent_mm);
  EXPECT_LE(found->width_mm, found->length_mm);
  const double lost = truth.area_mm2 * known.defect.depth_fraction * found->expected_thickness_mm;
  EXPECT_NEAR(found->volume_lost_mm3 / lost, 1.0, bars.volume_part);
  EXPECT_LT(angle_deg(found->normal, truth.normal), 6.0);
}

TEST(Lesions, AreFoundAndMeasuredWhereTheyAre) {
  phantom::KneeOptions options = knee_posed(Side::left, 2.4, 2.0, 2.9, 9.0);
  for (const Known& known : known_losses()) options.defects.push_back(known.defect);
  const phantom::Knee knee(options);
  const phantom::Truth truth = phantom::truth_of(knee);
  for (const auto& [sampling, bars] :
       {std::pair{fine, Bars{1.0, 0.20, 10.0, 1.5, 0.25}}, {thick, Bars{1.5, 0.40, 14.0, 3.0, 0.50}}}) {
    const CartilageReport report = measure_knee(labels_of(knee, sampling.in_plane_mm, sampling.slice_mm));
    EXPECT_THAT(report.lesions, SizeIs(truth.lesions.size())) << listed(report);
    for (std::size_t n = 0; n < truth.lesions.size(); ++n)
      expect_known(known_losses()[n], truth.lesions[n], report, bars);
    // 9 mm across are a third of the plate's centre and a twelfth of the plate, all of it bare.
    EXPECT_EQ(part(report, Region::cMT).MOAKS_size_grade, 2.0);
    EXPECT_EQ(part(report, Region::cMT).MOAKS_full_thickness_grade, 2.0);
    EXPECT_EQ(part(report, Region::MT).MOAKS_size_grade, 1.0);
    EXPECT_EQ(part(report, Region::MT).MOAKS_full_thickness_grade, 1.0);
    EXPECT_GT(part(report, Region::cLT).MOAKS_size_grade, 1.0);
    EXPECT_EQ(part(report, Region::pMT).MOAKS_size_grade, 0.0);
    EXPECT_NEAR(part(report, Region::MT).full_thickness_loss_percent, part(report, Region::MT).dABp_percent,
                0.1);
    const RegionMeasures &whole = part(report, Region::MFTC), &tibial = part(report, Region::MT),
                         &femoral = part(report, Region::cMF);
    EXPECT_NEAR(whole.focal_loss_percent * whole.tAB_mm2,
                tibial.focal_loss_percent * tibial.tAB_mm2 + femoral.focal_loss_percent * femoral.tAB_mm2,
                1e-6);
    EXPECT_TRUE(std::isnan(whole.MOAKS_size_grade)) << "MOAKS knows no compartment of two bones";
  }
}

TEST(Lesions, EvenlyWornPlatesAreNone) {
  phantom::KneeOptions options = knee_posed(Side::right, 2.4, 2.0, 2.6, 5.0);
  options.medial_tibial_change_mm = -1.2;
  options.femoral_change_mm = -1.0;
  const CartilageReport report = measure_knee(labels_of(phantom::Knee(options), 0.5, 0.7));
  EXPECT_LT(part(report, Region::MT).ThCcAB_mean_mm, 0.9);
  EXPECT_THAT(report.lesions, IsEmpty()) << listed(report);
}

/// Cartilage on a ball whose thickness falls evenly from 3.4 mm on one side to 1.0 mm on the other, with a
/// crater.
LabelMap sloping_shell(const Vector3& crater_at, double crater_mm, double left_mm) {
  const Point3 centre{11.3, -7.2, 5.1};
  constexpr double bone_mm = 19.0;
  const Point3 mouth = centre + bone_mm * normalized(crater_at);
  return testing::label(testing::oblique_grid({.spacing_mm = {0.5, 0.5, 0.7}}), [=](const Point3& p) {
    const double height = distance(p, centre) - bone_mm;
    if (height < 0.0) return Tissue::femur;
    const Vector3 up = normalized(p - centre);
    const bool in_crater = distance(centre + bone_mm * up, mouth) < 0.5 * crater_mm;
    const double layer = in_crater ? left_mm : 2.2 + 1.2 * up.x;
    return height < layer ? Tissue::femoral_cartilage : Tissue::background;
  });
}

// Half of the median here is 1.1 mm: what is left in the crater of the thick side is more than that, and more
// than all of the thin side.
TEST(Lesions, AreLostAgainstWhatIsAroundThem) {
  const Vector3 thick_side{1.0, 0.3, 0.2}, thin_side{-1.0, 0.3, 0.2};
  const MeasureOptions options{.side = Side::left};
  EXPECT_THAT(measure_knee(sloping_shell(thick_side, 0.0, 0.0), options).lesions, IsEmpty());

  const CartilageReport deep = measure_knee(sloping_shell(thick_side, 10.0, 1.6), options);
  ASSERT_THAT(deep.lesions, SizeIs(1)) << listed(deep);
  EXPECT_NEAR(deep.lesions[0].expected_thickness_mm, 3.3, 0.2);
  EXPECT_NEAR(deep.lesions[0].mean_depth_percent, 100.0 * (1.0 - 1.6 / 3.3), 6.0);
  EXPECT_NEAR(deep.lesions[0].min_thickness_mm, 1.6, 0.15);
  EXPECT_EQ(deep.lesions[0].denuded_area_mm2, 0.0);

  const CartilageReport bare = measure_knee(sloping_shell(thin_side, 8.0, 0.0), options);
  ASSERT_THAT(bare.lesions, SizeIs(1)) << listed(bare);
  EXPECT_EQ(bare.lesions[0].icrs_grade, 4);
  EXPECT_NEAR(bare.lesions[0].denuded_area_mm2 / (16.0 * M_PI), 1.0, 0.15);
  EXPECT_NEAR(bare.lesions[0].expected_thickness_mm, 1.1, 0.2);
}

TEST(Lesions, AreTheSameForAnyNumberOfThreads) {
  phantom::KneeOptions options = knee_posed(Side::right, 2.2, 1.9, 2.6, 0.0);
  for (const Known& known : known_losses()) options.defects.push_back(known.defect);
  const LabelMap labels = labels_of(phantom::Knee(options), 0.7, 3.0);
  std::vector<std::string> texts;
  for (const unsigned threads : {1U, 3U}) {
    MeasureOptions measure;
    measure.thickness.threads = threads;
    const CartilageReport report = measure_knee(labels, measure);
    EXPECT_THAT(report.lesions, SizeIs(known_losses().size())) << listed(report);
    texts.push_back(io::to_json(report));
  }
  EXPECT_EQ(texts[0], texts[1]);
}

TEST(Lesions, OptionsSayWhatCountsAsOne) {
  const Vector3 side{1.0, 0.3, 0.2};
  const LabelMap labels = sloping_shell(side, 8.0, 1.6);  // half of what is around it, 50 mm2
  const auto lesions = [&](MeasureOptions options) {
    options.side = Side::left;
    return measure_knee(labels, options).lesions.size();
  };
  EXPECT_EQ(lesions({}), 1U);
  EXPECT_EQ(lesions({.min_lesion_area_mm2 = 70.0}), 0U);
  EXPECT_EQ(lesions({.min_lesion_loss_mm2 = 40.0}), 0U);
  EXPECT_EQ(lesions({.lesion_loss_fraction = 0.7}), 0U);
  EXPECT_EQ(lesions({.min_lesion_depth_mm = 2.0}), 0U);
}

}  // namespace
}  // namespace genu::cartilage
