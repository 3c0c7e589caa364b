// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/testing/bodies.h>
#include <genu/ultrasound/simulate.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "echo_levels.h"

namespace genu::ultrasound {
namespace {

using namespace genu::testing;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const PixelSize pixel{0.1, 0.1};

AcousticPlane even(Tissue tissue, int width, int height, const PixelSize& size = pixel) {
  return tissue_plane(tissue, width, height, size, {.texture = 0.0});
}

TEST(SimulateFrame, HomogeneousTissueHasFullyDevelopedSpeckle) {
  // A Rayleigh envelope has mean / sd = sqrt(pi / (4 - pi)) = 1.913.
  const SimulationOptions options = wide_range();
  AcousticPlane plane = even(Tissue::muscle, 400, 300);
  std::fill(plane.attenuation_db_cm_mhz.begin(), plane.attenuation_db_cm_mhz.end(), 0.0F);
  const Frame frame = simulate_frame(plane, {}, options);
  const Region middle{20, 380, 60, 290};
  EXPECT_NEAR(envelope_snr(frame, middle, options), 1.913, 0.06);
  EXPECT_NEAR(mean_level_db(frame, middle, options), plane.backscatter_db[0], 0.3);
}

TEST(SimulateFrame, LooksAverageTheSpeckle) {
  SimulationOptions options = wide_range();
  AcousticPlane plane = even(Tissue::muscle, 300, 200, {0.05, 0.1});
  std::fill(plane.attenuation_db_cm_mhz.begin(), plane.attenuation_db_cm_mhz.end(), 0.0F);
  options.looks = 4;
  const double snr = envelope_snr(simulate_frame(plane, {}, options), {20, 280, 60, 190}, options);
  EXPECT_NEAR(snr, 2.0 * 1.913, 0.25);
}

/// Returns over how many pixels the envelope stays alike: where its correlation falls below a half.
std::array<double, 2> speckle_size_px(const Frame& frame, const Region& r, const SimulationOptions& options) {
  std::array<double, 2> size{};
  for (const int axis : {0, 1}) {
    double mean = 0.0, n = 0.0;
    for (int y = r.top; y < r.bottom; ++y)
      for (int x = r.left; x < r.right; ++x) mean += envelope(frame, x, y, options), n += 1.0;
    mean /= n;
    double zero = 0.0, before = 1.0;
    for (int lag = 0; lag < 40; ++lag) {
      double sum = 0.0;
      for (int y = r.top; y < r.bottom - lag; ++y)
        for (int x = r.left; x < r.right - lag; ++x)
          sum += (envelope(frame, x, y, options) - mean) *
                 (envelope(frame, axis == 0 ? x + lag : x, axis == 1 ? y + lag : y, options) - mean) /
                 ((r.bottom - lag - r.top) * (r.right - lag - r.left));
      if (lag == 0) zero = sum;
      if (sum / zero < 0.5) {
        size[static_cast<std::size_t>(axis)] = lag - 1 + (before - 0.5) / (before - sum / zero);
        break;
      }
      before = sum / zero;
    }
  }
  return size;
}

TEST(SimulateFrame, SpeckleIsFinerInDepthThanAcrossAndFollowsFrequency) {
  SimulationOptions options = wide_range();
  options.focus_mm = 8.0;
  const PixelSize fine{0.04, 0.02};
  const AcousticPlane plane = even(Tissue::joint_fluid, 320, 400, fine);
  const Region at_focus{20, 300, 250, 390};
  const auto slow = speckle_size_px(simulate_frame(plane, {}, options), at_focus, options);
  EXPECT_LT(slow[1] * fine.y_mm, slow[0] * fine.x_mm);
  options.frequency_mhz = 20.0;
  const auto quick = speckle_size_px(simulate_frame(plane, {}, options), at_focus, options);
  EXPECT_NEAR(slow[0] / quick[0], 2.0, 0.35);
  EXPECT_NEAR(slow[1] / quick[1], 2.0, 0.35);
}

TEST(SimulateFrame, LosesTwiceItsAttenuationPerCentimetre) {
  SimulationOptions options = wide_range();
  AcousticPlane plane = even(Tissue::muscle, 400, 210);
  std::fill(plane.attenuation_db_cm_mhz.begin(), plane.attenuation_db_cm_mhz.end(), 0.6F);
  double lost_db = 0.0;
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    const Frame frame = simulate_frame(plane, {}, options);
    lost_db += 0.25 * (mean_level_db(frame, {0, 400, 60, 100}, options) -
                       mean_level_db(frame, {0, 400, 160, 200}, options));
  }
  EXPECT_NEAR(lost_db, 2.0 * 0.6 * options.frequency_mhz * 1.0, 0.3);
}

TEST(SimulateFrame, GainOverDepthMakesUpForTheAttenuationItIsSetFor) {
  SimulationOptions options = wide_range();
  options.tgc_db_cm_mhz = 0.7;
  AcousticPlane plane = even(Tissue::muscle, 400, 300);
  std::fill(plane.attenuation_db_cm_mhz.begin(), plane.attenuation_db_cm_mhz.end(), 0.7F);
  const Frame frame = simulate_frame(plane, {}, options);
  EXPECT_NEAR(mean_level_db(frame, {0, 400, 60, 110}, options),
              mean_level_db(frame, {0, 400, 240, 290}, options), 0.5);
}

TEST(SimulateFrame, BoneIsARidgeAtItsPlaceWithShadowBelow) {
  const SimulationOptions options;
  AcousticPlane plane = even(Tissue::muscle, 200, 240);
  std::vector<double> bone;
  for (int x = 0; x < 200; ++x) bone.push_back(90.3 + 0.1 * x);
  add_bone(plane, bone);
  const Frame frame = simulate_frame(plane, {}, options);
  double off = 0.0;
  for (int x = 10; x < 190; ++x) off += brightest_row(frame, x, 60, 150) - bone[static_cast<std::size_t>(x)];
  EXPECT_NEAR(off / 180.0, 0.0, 0.25);
  EXPECT_GT(mean_level_db(frame, {80, 120, 99, 101}, options), -15.0);
  const double above = mean_level_db(frame, {10, 190, 60, 85}, options);
  EXPECT_LT(mean_level_db(frame, {10, 190, 150, 170}, options), above - 12.0);
}

TEST(SimulateFrame, ABorderReturnsSoundByItsStepInImpedanceAndLessTheMoreItLeans) {
  const SimulationOptions options = wide_range();
  const auto border_db = [&](float impedance, double slope) {
    AcousticPlane plane = even(Tissue::joint_fluid, 200, 200);
    std::fill(plane.backscatter_db.begin(), plane.backscatter_db.end(), -150.0F);
    for (int y = 0; y < 200; ++y)
      for (int x = 0; x < 200; ++x)
        if (y > 100.0 + slope * (x - 100))
          plane.impedance_mrayl[static_cast<std::size_t>(y) * 200 + static_cast<std::size_t>(x)] = impedance;
    const Frame frame = simulate_frame(plane, {}, options);
    return level_db(frame, 100, 100, options);
  };
  const double z = even(Tissue::joint_fluid, 8, 8).impedance_mrayl[0];
  EXPECT_NEAR(border_db(static_cast<float>(z * 1.2), 0.0) - border_db(static_cast<float>(z * 1.02), 0.0),
              20.0 * std::log10(std::log(1.2) / std::log(1.02)), 1.0);
  EXPECT_GT(border_db(1.8F, 0.0), border_db(1.8F, 0.3) + 3.0);
}

SimulatedNeedle needle_at(double angle_deg) {
  const double a = angle_deg * M_PI / 180.0;
  return {.entry = {60, 50}, .tip = {60 + 150 * std::cos(a), 50 + 150 * std::sin(a)}};
}

TEST(SimulateFrame, ANeedleLiesWhereItIsPut) {
  const AcousticPlane plane = even(Tissue::muscle, 260, 240);
  for (const double angle : {5.0, 20.0, 40.0}) {
    SimulatedNeedle needle = needle_at(angle);
    needle.bend_mm = 1.0;
    const Frame frame = simulate_frame(plane, std::array{needle});
    double off = 0.0, n = 0.0;
    for (const PixelPoint& p : shaft_of(needle, pixel)) {
      const int x = static_cast<int>(std::lround(p.x));
      if (std::abs(p.x - x) > 0.1) continue;
      off += brightest_row(frame, x, static_cast<int>(p.y) - 6, static_cast<int>(p.y) + 5) - p.y, n += 1.0;
    }
    EXPECT_GT(n, 10.0);
    EXPECT_NEAR(off / n, 0.0, 0.6) << angle;
  }
}

TEST(SimulateFrame, ReverberationRepeatsAtTheNeedlesDiameter) {
  SimulationOptions options = wide_range();
  options.frequency_mhz = 15.0;
  AcousticPlane plane = even(Tissue::joint_fluid, 260, 200, {0.1, 0.05});
  const SimulatedNeedle needle{.entry = {30, 80}, .tip = {230, 80}, .diameter_mm = 1.0};
  const Frame frame = simulate_frame(plane, std::array{needle}, options);
  for (const int copy : {1, 2, 3}) {
    double row = 0.0;
    for (int x = 60; x < 200; ++x)
      row += brightest_row(frame, x, 80 + 20 * copy - 8, 80 + 20 * copy + 8) / 140.0;
    EXPECT_NEAR(row, 80.0 + 20.0 * copy, 0.5) << copy;
  }
  const auto line = [&](int y) { return mean_level_db(frame, {60, 200, y, y + 1}, options); };
  EXPECT_LT(line(100), line(80) - 5.0);
  EXPECT_LT(line(120), line(100) - 5.0);
}

TEST(SimulateFrame, ANeedleFadesTheSteeperItIsAndTheFurtherOutOfPlane) {
  const SimulationOptions options = wide_range();
  const AcousticPlane plane = even(Tissue::joint_fluid, 260, 240);
  const auto brightness = [&](const SimulatedNeedle& needle) {
    const Frame frame = simulate_frame(plane, std::array{needle}, options);
    double sum = 0.0, n = 0.0;
    const auto shaft = shaft_of(needle, pixel);
    for (std::size_t i = 20; i + 40 < shaft.size(); ++i)
      sum += level_db(frame, static_cast<int>(std::lround(shaft[i].x)),
                      static_cast<int>(std::lround(shaft[i].y)), options),
          n += 1.0;
    return sum / n;
  };
  double before = 100.0;
  for (const double angle : {5.0, 20.0, 40.0, 60.0, 80.0}) {
    const double now = brightness(needle_at(angle));
    EXPECT_LT(now, before - 3.0) << angle;
    before = now;
  }
  SimulatedNeedle beside = needle_at(20.0);
  beside.entry_out_of_plane_mm = beside.tip_out_of_plane_mm = 1.0;
  EXPECT_LT(brightness(beside), brightness(needle_at(20.0)) - 10.0);
}

TEST(SimulateFrame, IsTheSameForAnyNumberOfThreadsAndAnotherForAnotherSeed) {
  const AcousticPlane plane = even(Tissue::muscle, 120, 100);
  SimulationOptions one, many, other;
  one.threads = 1;
  many.threads = 7;
  other.seed = 2;
  const auto needle = std::array{needle_at(20.0)};
  EXPECT_EQ(simulate_frame(plane, needle, one), simulate_frame(plane, needle, many));
  EXPECT_NE(simulate_frame(plane, needle, one), simulate_frame(plane, needle, other));
}

TEST(SimulateFrame, RefusesWhatMakesNoSense) {
  const AcousticPlane plane = even(Tissue::muscle, 40, 40);
  const auto with = [&](auto&& change) {
    SimulationOptions options;
    change(options);
    return simulate_frame(plane, {}, options);
  };
  EXPECT_THROW(with([](auto& o) { o.frequency_mhz = 0.0; }), InvalidInput);
  EXPECT_THROW(with([](auto& o) { o.frequency_mhz = nan; }), InvalidInput);
  EXPECT_THROW(with([](auto& o) { o.dynamic_range_db = 0.0; }), InvalidInput);
  EXPECT_THROW(with([](auto& o) { o.looks = 0; }), InvalidInput);
  const auto needled = [&](const SimulatedNeedle& needle) {
    return simulate_frame(plane, std::array{needle});
  };
  EXPECT_THROW(needled({.entry = {1, 1}, .tip = {1, 1}}), InvalidInput);
  EXPECT_THROW(needled({.entry = {1, nan}, .tip = {9, 1}}), InvalidInput);
  EXPECT_THROW(needled({.entry = {1, 1}, .tip = {9, 1}, .diameter_mm = 0.0}), InvalidInput);
  EXPECT_THROW(needled({.entry = {1, 1}, .tip = {9, 1}, .visible_from = 0.7, .visible_to = 0.3}),
               InvalidInput);
}

/// A limb of muscle about the x axis with a round shaft of bone under cartilage and a pocket of fluid.
LabelMap limb(const ImageGeometry& grid, const Point3& centre) {
  return label(grid, [&](const Point3& p) {
    const double r = std::hypot(p.y - centre.y, p.z - centre.z);
    if (r < 8.0) return Tissue::femur;
    if (r < 10.5) return Tissue::femoral_cartilage;
    if (r > 22.0) return Tissue::background;
    if (r > 20.5) return Tissue::skin;
    if (distance(p, centre + Vector3{12.0, -15.0, 0.0}) < 3.0) return Tissue::joint_fluid;
    return Tissue::muscle;
  });
}

class SimulatedLimb : public ::testing::Test {
 protected:
  const Point3 centre_{11.0, -7.0, 5.0};
  const LabelMap labels_ = limb(oblique_grid({.centre = centre_}), centre_);
  const EchoBody body_{labels_};
  /// The probe lies in front of the limb, along it.
  AffineTransform along(double lift_mm = 0.0) const {
    return image_pose(centre_ + Vector3{4.0, -22.0 - lift_mm, 0.0}, {0, 1, 0}, {1, 0, 0}, pixel, 240);
  }
};

TEST_F(SimulatedLimb, TruthIsWhereBoneAndCartilageAreToAFractionOfAVoxel) {
  const SimulatedFrame frame = body_.frame(along(), 240, 200);
  double bone = 0.0, edge = 0.0;
  for (std::size_t x = 0; x < 240; ++x) {
    EXPECT_NEAR(frame.truth.bone_px[x] * pixel.y_mm, 14.0, 0.3) << x;
    EXPECT_NEAR(frame.truth.cartilage_px[x] * pixel.y_mm, 11.5, 0.3) << x;
    bone += frame.truth.bone_px[x] * pixel.y_mm / 240.0;
    edge += frame.truth.cartilage_px[x] * pixel.y_mm / 240.0;
  }
  EXPECT_NEAR(bone, 14.0, 0.08);
  EXPECT_NEAR(edge, 11.5, 0.08);
}

TEST_F(SimulatedLimb, TheRidgeIsWhereTheTruthSays) {
  const SimulatedFrame frame = body_.frame(along(), 240, 200);
  double off = 0.0;
  for (int x = 0; x < 240; ++x)
    off +=
        (brightest_row(frame.image, x, 125, 170) - frame.truth.bone_px[static_cast<std::size_t>(x)]) / 240.0;
  EXPECT_NEAR(off, 0.0, 0.5);
}

TEST_F(SimulatedLimb, CartilageIsDarkFluidDarkerAndBoneShadows) {
  SimulationOptions options;
  options.dynamic_range_db = 100.0;
  const SimulatedFrame frame = body_.frame(along(), 240, 240, options);
  const Region muscle{20, 150, 60, 100}, cartilage{20, 150, 121, 133}, fluid{190, 206, 60, 76},
      below{20, 150, 200, 235};
  EXPECT_LT(mean_level_db(frame.image, cartilage, options),
            mean_level_db(frame.image, muscle, options) - 10.0);
  EXPECT_LT(mean_level_db(frame.image, fluid, options), mean_level_db(frame.image, cartilage, options) - 6.0);
  EXPECT_LT(mean_level_db(frame.image, below, options), mean_level_db(frame.image, muscle, options) - 15.0);
}

TEST_F(SimulatedLimb, ASmallGapIsGelAndALargeOneIsAir) {
  const SimulatedFrame gel = body_.frame(along(3.0), 240, 200);
  EXPECT_NEAR(gel.truth.skin_px[100] * pixel.y_mm, 3.0, 0.3);
  EXPECT_EQ(gel.truth.contact[100], 1);
  EXPECT_NEAR(gel.truth.bone_px[100] * pixel.y_mm, 17.0, 0.3);
  const SimulatedFrame air = body_.frame(along(9.0), 240, 200);
  EXPECT_EQ(air.truth.contact[100], 0);
  EXPECT_TRUE(std::isnan(air.truth.bone_px[100]));
  EXPECT_LT(mean_level_db(air.image, {20, 220, 130, 190}, {}), -50.0);
}

TEST_F(SimulatedLimb, SkinIsFoundAlongTheBeamFromOutsideAndFromInside) {
  for (const double lift_mm : {30.0, 0.0, -10.0}) {
    const auto skin = body_.skin_along(centre_ + Vector3{4.0, -22.0 - lift_mm, 0.0}, {0, 3, 0});
    ASSERT_TRUE(skin);
    EXPECT_NEAR(distance(*skin, centre_ + Vector3{4.0, -22.0, 0.0}), 0.0, 0.25) << lift_mm;
  }
  EXPECT_FALSE(body_.skin_along(centre_ + Vector3{0.0, 0.0, 60.0}, {0, 1, 0}));
  EXPECT_THROW(body_.skin_along(centre_, {0, 0, 0}), InvalidInput);
}

TEST_F(SimulatedLimb, NeighbouringFramesShareTheirSpeckle) {
  SimulationOptions options;
  const auto shifted = [&](double across_mm) {
    return body_
        .frame(AffineTransform(RigidTransform::translation_by({0.0, 0.0, across_mm})) * along(), 240, 200,
               options)
        .image;
  };
  const Frame here = shifted(0.0);
  const auto alike = [&](const Frame& other) {
    double ab = 0.0, aa = 0.0, bb = 0.0, a = 0.0, b = 0.0, n = 0.0;
    for (int y = 50; y < 100; ++y)
      for (int x = 10; x < 170; ++x) {
        const double u = here.at(x, y), v = other.at(x, y);
        a += u, b += v, aa += u * u, bb += v * v, ab += u * v, n += 1.0;
      }
    return (ab / n - a / n * b / n) / std::sqrt((aa / n - a / n * a / n) * (bb / n - b / n * b / n));
  };
  EXPECT_GT(alike(shifted(0.2)), 0.7);
  EXPECT_LT(alike(shifted(3.0)), 0.35);
}

TEST_F(SimulatedLimb, ANeedleInPatientSpaceIsDrawnWhereItCutsThePlane) {
  const Point3 entry = centre_ + Vector3{-8.0, -20.0, 0.0}, tip = centre_ + Vector3{6.0, -15.0, 0.5};
  const SimulatedFrame frame = body_.frame(along(), 240, 200, {}, std::array{PlacedNeedle{entry, tip}});
  ASSERT_EQ(frame.truth.needles.size(), 1u);
  const SimulatedNeedle& n = frame.truth.needles[0];
  EXPECT_NEAR(n.tip.x, 119.5 + 20.0, 1e-6);
  EXPECT_NEAR(n.tip.y, 70.0, 1e-6);
  EXPECT_NEAR(std::abs(n.tip_out_of_plane_mm), 0.5, 1e-6);
  EXPECT_NEAR(n.entry_out_of_plane_mm, 0.0, 1e-6);
}

TEST_F(SimulatedLimb, ANeedleStraightAcrossThePlaneIsADotWhereItCrosses) {
  const Vector3 across = normalized(along()(Vector3{0, 0, 1}));
  const Point3 at = centre_ + Vector3{0.0, -16.0, 0.0};
  const auto drawn = [&](double from_mm, double to_mm) {
    return body_.frame(along(), 240, 200, {},
                       std::array{PlacedNeedle{at + from_mm * across, at + to_mm * across}});
  };
  const SimulatedFrame crossing = drawn(-20.0, 20.0), before = drawn(-40.0, -8.0),
                       none = body_.frame(along(), 240, 200);
  const SimulatedNeedle& n = crossing.truth.needles.at(0);
  EXPECT_EQ(n.tip_out_of_plane_mm, 0.0);
  EXPECT_EQ(n.entry_out_of_plane_mm, 0.0);
  EXPECT_NEAR(std::abs(before.truth.needles.at(0).tip_out_of_plane_mm), 8.0, 1e-9);
  const int x = static_cast<int>(std::lround(n.tip.x)), y = static_cast<int>(std::lround(n.tip.y));
  EXPECT_GT(crossing.image.at(x, y), none.image.at(x, y) + 40);
  EXPECT_EQ(before.image.at(x, y), none.image.at(x, y));
}

TEST_F(SimulatedLimb, MovesWithThePatient) {
  // The same view of a body moved as a whole shows its borders in the same places.
  const RigidTransform motion = random_pose(5);
  const LabelMap moved_labels(moved(labels_.geometry(), motion), labels_.voxels());
  const SimulatedFrame here = body_.frame(along(), 240, 200);
  const SimulatedFrame there = simulate_frame(moved_labels, AffineTransform(motion) * along(), 240, 200);
  for (std::size_t x = 0; x < 240; ++x) EXPECT_NEAR(there.truth.bone_px[x], here.truth.bone_px[x], 1e-3);
}

TEST_F(SimulatedLimb, IsTheSameForAnyNumberOfThreads) {
  SimulationOptions one, many;
  one.threads = 1;
  many.threads = 5;
  EXPECT_EQ(body_.frame(along(), 120, 100, one).image, body_.frame(along(), 120, 100, many).image);
}

TEST_F(SimulatedLimb, RefusesPosesThatShowNothing) {
  EXPECT_THROW(body_.frame(along(), 0, 100), InvalidInput);
  EXPECT_THROW(body_.frame(along(), 100, 1000000), InvalidInput);
  const AffineTransform skewed(Matrix3::from_columns({0.1, 0, 0}, {0.05, 0.1, 0}, {0, 0, 0.1}), {});
  EXPECT_THROW(body_.frame(skewed, 100, 100), InvalidInput);
  const AffineTransform huge(Matrix3::from_columns({50, 0, 0}, {0, 50, 0}, {0, 0, 50}), {});
  EXPECT_THROW(body_.frame(huge, 100, 100), InvalidInput);
  const LabelMap nothing(labels_.geometry());
  EXPECT_THROW(EchoBody{nothing}, InvalidInput);
}

TEST(EchoBody, ATendonLosesItsEchoWhereItIsNotAcrossTheBeam) {
  // A band that runs along x, seen from in front and with the probe heeled by 25 degrees.
  const Point3 centre{11.0, -7.0, 5.0};
  const LabelMap labels = label(oblique_grid({.centre = centre}), [&](const Point3& p) {
    return std::abs(p.y - centre.y) < 4.0 && std::abs(p.z - centre.z) < 8.0 ? Tissue::quadriceps_tendon
                                                                            : Tissue::muscle;
  });
  const EchoBody body(labels);
  const SimulationOptions options;
  const auto level = [&](double heel_deg) {
    const double a = heel_deg * M_PI / 180.0;
    const Vector3 beam{std::sin(a), std::cos(a), 0.0};
    const SimulatedFrame frame =
        body.frame(image_pose(centre - 10.0 * beam, beam, {1, 0, 0}, pixel, 120), 120, 130, options);
    return mean_level_db(frame.image, {50, 70, 90, 110}, options);
  };
  EXPECT_GT(level(0.0), level(25.0) + 8.0);
}

TEST(EchoBody, WithoutSkinInTheLabelsTheFaceLiesOnSkinAndFat) {
  const Point3 centre{11.0, -7.0, 5.0};
  const LabelMap labels = concentric_spheres(oblique_grid({.centre = centre}), centre, 12.0, 14.0);
  const SimulatedFrame frame = simulate_frame(
      labels, image_pose(centre - Vector3{0, 30, 0}, {0, 1, 0}, {1, 0, 0}, pixel, 120), 120, 220);
  EXPECT_EQ(frame.truth.contact[60], 1);
  EXPECT_EQ(frame.truth.skin_px[60], 0.0);
  EXPECT_FALSE(EchoBody(labels).skin_along(centre, {0, 1, 0}));
  EXPECT_NEAR(frame.truth.bone_px[60] * pixel.y_mm, 18.0, 0.15);
  EXPECT_NEAR(frame.truth.cartilage_px[60] * pixel.y_mm, 16.0, 0.15);
}

}  // namespace
}  // namespace genu::ultrasound
