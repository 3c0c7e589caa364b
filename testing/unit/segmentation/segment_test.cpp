// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <limits>
#include <random>
#include <span>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/io/files.h>
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
    return KneeNetwork(std::as_bytes(std::span(onnx)));
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

TEST(Segment, HasTheSameBitsForAnyNumberOfThreads) {
  const Segmentation one = segment(knee_image(), network(), {.threads = 1});
  const Segmentation eight = segment(knee_image(), network(), {.threads = 8});
  EXPECT_EQ(one.labels.voxels(), eight.labels.voxels());
  EXPECT_EQ(one.report.quality.score, eight.report.quality.score);
}

TEST(Segment, EachBoneIsOnePieceAndCartilageIsNotAlone) {
  const Segmentation result = segment(knee_image(), network());
  const GridSize& n = result.labels.geometry().size();
  for (const auto& [cartilage, bone] : {std::pair{Tissue::femoral_cartilage, Tissue::femur},
                                        std::pair{Tissue::patellar_cartilage, Tissue::patella}}) {
    bool touches = false, is_there = false;
    for (std::size_t v = 0; v < result.labels.voxels().size(); ++v) {
      if (result.labels.voxels()[v] != cartilage) continue;
      is_there = true;
      const VoxelIndex at = result.labels.geometry().index_of(v);
      for (std::int64_t d = -1; d <= 1 && !touches; ++d)
        for (const VoxelIndex next : {VoxelIndex{at.i + d, at.j, at.k}, VoxelIndex{at.i, at.j + d, at.k}})
          if (next.i >= 0 && next.j >= 0 && next.i < n[0] && next.j < n[1] && result.labels[next] == bone)
            touches = true;
    }
    EXPECT_EQ(is_there, touches) << info(cartilage).name;
  }
}

TEST(Segment, WhatIsNoKneeFails) {
  std::mt19937 random(3);
  std::normal_distribution<float> value(100.0F, 30.0F);
  Volume<float> noise(knee_image().geometry());
  for (float& v : noise.voxels()) v = std::abs(value(random));
  const Segmentation from_noise = segment(noise, network());
  EXPECT_EQ(from_noise.report.quality.verdict, Verdict::fail);
  EXPECT_FALSE(from_noise.report.quality.reasons.empty());

  Volume<float> ball(knee_image().geometry());
  const GridSize& n = ball.geometry().size();
  const Point3 middle = ball.geometry().to_patient(VoxelIndex{n[0] / 2, n[1] / 2, n[2] / 2});
  for (std::size_t v = 0; v < ball.voxels().size(); ++v)
    ball.voxels()[v] =
        distance(ball.geometry().to_patient(ball.geometry().index_of(v)), middle) < 45.0 ? 500.0F : 5.0F;
  EXPECT_EQ(segment(ball, network()).report.quality.verdict, Verdict::fail);
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

TEST(Segment, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(segment(knee_image(), network(), {}, Progress({}, stop.get_token())), Cancelled);
}

}  // namespace
}  // namespace genu::segmentation
