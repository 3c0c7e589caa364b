// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/phantom/knee.h>
#include <genu/phantom/scan.h>
#include <genu/segmentation/segment.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::segmentation {
namespace {

using ::testing::HasSubstr;

/// The message of the InvalidInput that `act` throws.
template <typename Act>
std::string message_of(const Act& act) {
  try {
    act();
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "no error";
}

const KneeNetwork& network() {
  static const KneeNetwork shipped = [] {
    const std::string onnx = io::read_text(io::data_file("models/knee-1.onnx"));
    return KneeNetwork(std::as_bytes(std::span(onnx)),
                       io::read_calibration(io::data_file("models/knee-1.json")));
  }();
  return shipped;
}

/// A right phantom knee in few and coarse slices: what is asked here does not depend on how well it is
/// outlined.
const Volume<float>& knee_image() {
  static const Volume<float> image = [] {
    const phantom::Knee knee{phantom::KneeOptions{}};
    return phantom::scan(knee, phantom::sagittal_grid(knee, 1.2, 7.0), {.samples_per_mm = 1}).image;
  }();
  return image;
}

/// The same knee as a mirror shows it: every voxel on the other side of the patient's median plane.
Volume<float> mirrored(const Volume<float>& image) {
  const ImageGeometry& g = image.geometry();
  const auto flip = [](const Vector3& v) { return Vector3{-v.x, v.y, v.z}; };
  const Matrix3& d = g.direction();
  return {ImageGeometry(g.size(), {-g.origin().x, g.origin().y, g.origin().z}, g.spacing_mm(),
                        Matrix3::from_columns(flip(d.column(0)), flip(d.column(1)), flip(d.column(2)))),
          image.voxels()};
}

TEST(Segment, LabelsLieOnTheImagesOwnGrid) {
  const Segmentation result = segment(knee_image(), network());
  EXPECT_EQ(result.labels.geometry(), knee_image().geometry());
  const auto& voxels = result.labels.voxels();
  EXPECT_GT(std::count(voxels.begin(), voxels.end(), Tissue::femur), 100);
  EXPECT_GT(std::count(voxels.begin(), voxels.end(), Tissue::tibia), 100);
}

TEST(Segment, AMirroredKneeGivesTheMirroredLabels) {
  const Segmentation right = segment(knee_image(), network(), {.side = Side::right});
  const Segmentation left = segment(mirrored(knee_image()), network(), {.side = Side::left});
  EXPECT_EQ(right.labels.voxels(), left.labels.voxels());
  ASSERT_EQ(right.report.quality.structures.size(), left.report.quality.structures.size());
  for (std::size_t s = 0; s < right.report.quality.structures.size(); ++s)
    EXPECT_NEAR(right.report.quality.structures[s].score, left.report.quality.structures[s].score, 1e-12);
}

// How a file happens to lie in memory says nothing about the knee.
TEST(Segment, TheOrderOfVoxelsInMemoryChangesNothing) {
  const ImageGeometry& g = knee_image().geometry();
  const GridSize& n = g.size();
  // k, j and i become i, j and k, and j runs the other way.
  const Matrix3& d = g.direction();
  const Vector3 j_axis = d.column(1);
  const ImageGeometry turned({n[2], n[1], n[0]},
                             g.origin() + static_cast<double>(n[1] - 1) * g.spacing_mm().y * j_axis,
                             {g.spacing_mm().z, g.spacing_mm().y, g.spacing_mm().x},
                             Matrix3::from_columns(d.column(2), -1.0 * j_axis, d.column(0)));
  const auto place = [&](const VoxelIndex& at) { return VoxelIndex{at.k, n[1] - 1 - at.j, at.i}; };
  Volume<float> image(turned);
  for (std::size_t v = 0; v < knee_image().voxels().size(); ++v)
    image[place(g.index_of(v))] = knee_image().voxels()[v];
  const Segmentation as_it_is = segment(knee_image(), network(), {.side = Side::right});
  const Segmentation other = segment(image, network(), {.side = Side::right});
  std::size_t different = 0;
  for (std::size_t v = 0; v < as_it_is.labels.voxels().size(); ++v)
    different += as_it_is.labels.voxels()[v] != other.labels[place(g.index_of(v))];
  EXPECT_EQ(different, 0U);
}

TEST(Segment, HasTheSameBitsForAnyNumberOfThreads) {
  const Segmentation one = segment(knee_image(), network(), {.threads = 1});
  const Segmentation eight = segment(knee_image(), network(), {.threads = 8});
  EXPECT_EQ(one.labels.voxels(), eight.labels.voxels());
  EXPECT_EQ(one.report.quality.score, eight.report.quality.score);
}

/// Fills the knee's grid with what `signal` gives at each place, in mm from the middle: left, posterior,
/// superior.
template <typename Signal>
Volume<float> painted(const Signal& signal) {
  Volume<float> image(knee_image().geometry());
  const GridSize& n = image.geometry().size();
  const Point3 middle = image.geometry().to_patient(VoxelIndex{n[0] / 2, n[1] / 2, n[2] / 2});
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    const Vector3 at = image.geometry().to_patient(image.geometry().index_of(v)) - middle;
    image.voxels()[v] = static_cast<float>(signal(at.x, at.y, at.z));
  }
  return image;
}

TEST(Segment, WhatIsNoKneeFails) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal(0.0, 1.0);
  const auto noise = [&](double of) { return std::abs(of + 6.0 * normal(random)); };
  const std::vector<std::pair<const char*, Volume<float>>> others{
      {"noise", painted([&](double, double, double) { return 5.0 * noise(20.0); })},
      {"a phantom sphere", painted([&](double x, double y, double z) {
         return noise(std::hypot(x, y, z) < 45.0 ? 500.0 : 5.0);
       })},
      {"a brain-like blob", painted([&](double x, double y, double z) {
         const double r = std::hypot(x / 60.0, y / 70.0, z / 65.0);
         const double folds = std::sin(0.35 * x) * std::sin(0.3 * y + 1.0) * std::sin(0.32 * z);
         if (r > 1.0) return noise(4.0);
         if (r > 0.92) return noise(250.0);  // scalp
         if (r > 0.86) return noise(20.0);   // skull
         return noise(r > 0.82 ? 350.0 : r + 0.12 * folds > 0.7 ? 180.0 : 240.0);
       })},
      {"a thigh", painted([&](double x, double y, double z) {
         const double limb = std::hypot(x / 55.0, y / 60.0), bone = std::hypot(x - 4.0, y + 6.0 + 0.02 * z);
         if (limb > 1.0) return noise(4.0);
         if (bone < 9.0) return noise(300.0);
         if (bone < 14.0) return noise(15.0);
         return noise(limb > 0.85 ? 400.0 : 120.0 + 20.0 * std::sin(0.4 * x + 0.1 * y));
       })},
      {"ultrasound", painted([&](double, double y, double z) {
         const double depth = 70.0 - z;
         if (std::abs(std::atan2(y, depth + 30.0)) > 0.5 || depth < 0.0) return 0.0;
         return 60.0 * std::exp(0.5 * normal(random)) * std::exp(-depth / 80.0) +
                (std::abs(depth - 35.0 - 0.004 * y * y) < 2.0 ? 200.0 : 0.0);
       })}};
  for (const auto& [title, image] : others) {
    const SegmentationReport report = segment(image, network(), {.side = Side::right}).report;
    EXPECT_EQ(report.quality.verdict, Verdict::fail) << title;
    EXPECT_FALSE(report.quality.reasons.empty()) << title;
  }
}

// A side that is only guessed, or that the anatomy contradicts, must not pass in silence.
TEST(Segment, ASideInDoubtIsAReason) {
  EXPECT_THAT(segment(knee_image(), network(), {.side = Side::left}).report.quality.reasons,
              ::testing::Contains(HasSubstr("the fibula lies as on a right knee")));
  EXPECT_THAT(segment(knee_image(), network(), {.side = Side::right}).report.quality.reasons,
              ::testing::Not(::testing::Contains(HasSubstr("side:"))));
  EXPECT_EQ(segment(knee_image(), network()).report.side_source, "fibula");
}

TEST(Segment, AKneeThatTheImageCutsIsAReason) {
  const phantom::Knee knee{phantom::KneeOptions{}};
  const ImageGeometry whole = phantom::sagittal_grid(knee, 1.2, 7.0);
  GridSize half = whole.size();
  half[2] = half[2] / 2;
  const ImageGeometry cut(half, whole.origin(), whole.spacing_mm(), whole.direction());
  const Volume<float> image = phantom::scan(knee, cut, {.samples_per_mm = 1}).image;
  const SegmentationReport report = segment(image, network(), {.side = Side::right}).report;
  EXPECT_NE(report.quality.verdict, Verdict::pass);
  EXPECT_THAT(report.quality.reasons, ::testing::Contains(HasSubstr("cut by the edge of the image")));
}

// A calibration that trusts nothing lets nothing pass; the network's own evidence stays what it is.
TEST(Segment, TheCalibrationDecidesWhatEvidenceIsWorth) {
  const std::string onnx = io::read_text(io::data_file("models/knee-1.onnx"));
  Calibration doubt{.name = "doubted", .validated = {Tissue::femur}, .fits = {}, .fail_below = 0.5};
  doubt.fits.push_back({.structures = {Tissue::femur}, .intercept = 0.25, .overlap = 0.0});
  const KneeNetwork doubted(std::as_bytes(std::span(onnx)), doubt);
  const Quality quality = segment(knee_image(), doubted, {.side = Side::right}).report.quality;
  const Quality plain = segment(knee_image(), network(), {.side = Side::right}).report.quality;
  ASSERT_EQ(quality.structures[0].tissue, Tissue::femur);
  EXPECT_EQ(quality.structures[0].score, 0.25);
  EXPECT_EQ(quality.structures[0].overlap, plain.structures[0].overlap);
  EXPECT_EQ(quality.score, 0.25);
  EXPECT_EQ(quality.verdict, Verdict::fail);
  EXPECT_THAT(quality.reasons.front(), HasSubstr("femur: the Dice to expect is only 0.25"));
}

TEST(Segment, ProbabilitiesBelongToTheLabels) {
  const Segmentation result = segment(knee_image(), network());
  std::vector<Volume<std::uint8_t>> probability;
  const std::array structures{Tissue::femur, Tissue::tibia, Tissue::medial_meniscus,
                              Tissue::lateral_meniscus};
  for (const Tissue tissue : structures) probability.push_back(probability_of(result, tissue));
  std::size_t likely = 0;
  for (std::size_t v = 0; v < result.labels.voxels().size(); ++v) {
    EXPECT_FALSE(probability[2].voxels()[v] > 0 && probability[3].voxels()[v] > 0)
        << "a meniscus on both sides";
    for (std::size_t s = 0; s < structures.size(); ++s) {
      if (result.labels.voxels()[v] != structures[s]) continue;
      likely += probability[s].voxels()[v] > 0;
      for (std::size_t other = 0; other < structures.size(); ++other)
        ASSERT_GE(probability[s].voxels()[v], probability[other].voxels()[v]);
    }
  }
  EXPECT_GT(likely, 1000U);
  const Volume<std::uint8_t> skin = probability_of(result, Tissue::skin);
  EXPECT_EQ(std::count(skin.voxels().begin(), skin.voxels().end(), 0),
            static_cast<std::ptrdiff_t>(skin.voxels().size()));
}

TEST(Segment, RefusesWhatIsNoImageAndWhatIsNoNetwork) {
  Volume<float> image(testing::oblique_grid({.extent_mm = {20.0, 20.0, 20.0}}), 5.0F);
  EXPECT_THAT(message_of([&] { segment(image, network()); }), HasSubstr("every voxel is 5"));
  image.voxels()[7] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message_of([&] { segment(image, network()); }), HasSubstr("nan"));
  const std::string text = "this is no network";
  EXPECT_THAT(message_of([&] { KneeNetwork(std::as_bytes(std::span(text))); }),
              HasSubstr("cannot read the network"));
}

// A spacing in micrometres must not end in an error about memory.
TEST(Segment, AnImageLongerThanAPatientIsRefusedWithItsLength) {
  const Volume<float> image(ImageGeometry({30, 30, 10}, {}, {365.0, 365.0, 700.0}), 1.0F);
  Volume<float> varied = image;
  varied.voxels()[0] = 2.0F;
  EXPECT_THAT(message_of([&] { segment(varied, network()); }),
              HasSubstr("10950 mm long (30 voxels of 365 mm)"));
}

TEST(Segment, AnImageWithValuesBelowZeroIsScaled) {
  Volume<float> shifted = knee_image();
  for (float& v : shifted.voxels()) v = 0.01F * v - 0.5F;  // as after normalisation
  const Segmentation plain = segment(knee_image(), network(), {.side = Side::right});
  const Segmentation other = segment(shifted, network(), {.side = Side::right});
  std::size_t same = 0, bone = 0;
  for (std::size_t v = 0; v < plain.labels.voxels().size(); ++v) {
    if (plain.labels.voxels()[v] != Tissue::femur) continue;
    ++bone;
    same += other.labels.voxels()[v] == Tissue::femur;
  }
  EXPECT_GT(static_cast<double>(same), 0.97 * static_cast<double>(bone));
}

TEST(Segment, StopsBetweenSlices) {
  std::stop_source stop;
  const auto listener = [&](std::string_view what, double fraction) {
    if (what == "segmenting" && fraction > 0.1) stop.request_stop();
  };
  EXPECT_THROW(segment(knee_image(), network(), {}, Progress(listener, stop.get_token())), Cancelled);
}

TEST(Segment, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(segment(knee_image(), network(), {}, Progress({}, stop.get_token())), Cancelled);
}

}  // namespace
}  // namespace genu::segmentation
