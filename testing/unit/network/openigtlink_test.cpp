// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

#include "openigtlink_samples.h"

namespace genu::network {
namespace {

using ultrasound::FramePair;
using ultrasound::TrackedPose;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(OpenIgtLink, ReadsBackWhatItWrote) {
  for (const int version : {1, 2})
    for (const int channels : {1, 3}) {
      const LiveMessage sent = sample_image(channels);
      const LiveMessage got = read_message(written(sent, {.version = version}));
      EXPECT_EQ(got.device, "Image_Reference");
      EXPECT_EQ(got.time_s, sent.time_s);
      const auto& image = std::get<LiveImage>(got.content);
      EXPECT_EQ(image.image, std::get<LiveImage>(sent.content).image);
      EXPECT_EQ(image.embedded.frames, (FramePair{"Image", "Reference"}));
      expect_near(image.embedded.pose, std::get<LiveImage>(sent.content).embedded.pose, 100.0 * single);
      EXPECT_EQ(image.axes, "RAS");
      EXPECT_EQ(image.fields.size(), version == 2 ? 2U : 0U);
    }
  const auto status = read_as<LiveStatus>(
      written({.device = "Plus",
               .content = LiveStatus{.code = 7, .subcode = -5, .name = "Error", .text = "cable out"}}));
  EXPECT_EQ(status.code, 7);
  EXPECT_EQ(status.subcode, -5);
  EXPECT_EQ(status.name, "Error");
  EXPECT_EQ(status.text, "cable out");
}

TEST(OpenIgtLink, PosesKeepTheirStatusInVersion2AndAreLeftOutOfVersion1) {
  TrackedPose pose = pose_at(0.2, 1.0, 2.0, 3.0);
  pose.status = "OUT_OF_VIEW";
  const LiveMessage message = transform_at("StylusTipToReferenceFrame", 5.0, pose);
  for (const bool tracking_data : {false, true}) {
    const auto got = read_as<LivePoses>(written(message, {.tracking_data = tracking_data}));
    ASSERT_EQ(got.poses.size(), 1U);
    EXPECT_EQ(got.poses[0].name, "StylusTipToReferenceFrame") << "though a header holds 20 letters";
    EXPECT_EQ(got.poses[0].frames, (FramePair{"StylusTip", "ReferenceFrame"}));
    expect_near(got.poses[0].pose, pose, 10.0 * single);
    EXPECT_TRUE(written(message, {.version = 1, .tracking_data = tracking_data}).empty());
  }
}

TEST(OpenIgtLink, SeveralPosesTravelInOneTrackingMessage) {
  LiveMessage message = transform_at("ProbeToTracker", 5.0, pose_at(0.2, 1, 2, 3));
  std::get<LivePoses>(message.content).poses.push_back({"Needle", std::nullopt, pose_at(0.4, 4, 5, 6)});
  for (const int version : {1, 2}) {
    const auto got = read_as<LivePoses>(written(message, {.version = version, .tracking_data = true}));
    ASSERT_EQ(got.poses.size(), 2U);
    EXPECT_EQ(got.poses[0].frames, (FramePair{"Probe", "Tracker"}));
    EXPECT_EQ(got.poses[1].name, "Needle");
    EXPECT_EQ(got.poses[1].frames, std::nullopt);
    expect_near(got.poses[1].pose, pose_at(0.4, 4, 5, 6), 10.0 * single);
  }
}

TEST(OpenIgtLink, TimesSurviveToTheirFraction) {
  for (const double time : {0.25, 215.1, 1763801234.123456, 4294967295.5}) {
    const auto got = read_message(written(transform_at("AToB", time, pose_at(0.1, 0, 0, 0))));
    EXPECT_NEAR(got.time_s, time, 1.2e-10 + 2.4e-16 * time);
  }
  EXPECT_TRUE(std::isnan(read_message(written(transform_at("AToB", nan, {}))).time_s));
  EXPECT_NEAR(read_message(written(transform_at("AToB", 0.0, {}))).time_s, 0.0, 3e-10)
      << "0 would say: not known";
  for (const double time : {-1.0, 4294967296.0, std::numeric_limits<double>::infinity()})
    EXPECT_THROW(written(transform_at("AToB", time, {})), InvalidInput) << time;
}

// PLUS sends a lost tool so to clients of version 1, if it sends it at all.
TEST(OpenIgtLink, AnIdentityWithoutAWordOnItsStatusIsNotTrusted) {
  const Bytes bytes = written(transform_at("ProbeToTracker", 5.0, {}), {.version = 1});
  EXPECT_EQ(read_as<LivePoses>(bytes).poses[0].pose.status, "UNKNOWN");
  EXPECT_EQ(read_as<LivePoses>(bytes, {.trust_identity = true}).poses[0].pose.status, "OK");
  const Bytes said = written(transform_at("ProbeToTracker", 5.0, {}), {.version = 2});
  EXPECT_EQ(read_as<LivePoses>(said).poses[0].pose.status, "OK");
}

TEST(OpenIgtLink, APoseThatIsNotANumberStaysOneThatIsNoTransform) {
  TrackedPose pose = pose_at(0.1, 1, 2, 3);
  pose.rows[5] = nan;
  pose.rows[7] = std::numeric_limits<double>::infinity();
  const auto got = read_as<LivePoses>(written(transform_at("ProbeToTracker", 5.0, pose))).poses[0];
  EXPECT_TRUE(std::isnan(got.pose.rows[5]));
  EXPECT_FALSE(got.pose.transform());
}

// "ProbeToProbe" would be refused by everything that follows transforms.
TEST(OpenIgtLink, ATransformFromAFrameToItselfHasNoFrames) {
  EXPECT_FALSE(
      read_as<LivePoses>(written(transform_at("ProbeToProbe", 5.0, pose_at(0.1, 0, 0, 0)))).poses[0].frames);
  LiveMessage image = sample_image();
  image.device = "Image_Image";
  EXPECT_FALSE(read_as<LiveImage>(written(image)).embedded.frames);
}

// PLUS sends every field of a frame with its image, and the poses are among them, in double precision.
TEST(OpenIgtLink, PosesBesideAnImageAreRead) {
  LiveMessage message = sample_image();
  auto& live = std::get<LiveImage>(message.content);
  live.fields = {{"ProbeToTrackerTransform", "1 0 0 0.1 0 1 0 0.2 0 0 1 0.3 0 0 0 1"},
                 {"ProbeToTrackerTransformStatus", "OK"},
                 {"StylusToTrackerTransform", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"},
                 {"StylusToTrackerTransformStatus", "MISSING"},
                 {"OddToTransform", "1 2 3"},
                 {"NoneToThereTransform", "1 2 three"},
                 {"ImageStatus", "INVALID"},
                 {"Timestamp", "215.1"},
                 {"A key: of = many", "line\nbreak"}};
  const auto got = read_as<LiveImage>(written(message));
  ASSERT_EQ(got.poses.size(), 3U);
  EXPECT_EQ(got.poses[0].pose.rows[3], 0.1) << "not 0.1F";
  EXPECT_EQ(got.poses[0].pose.status, "OK");
  EXPECT_EQ(got.poses[1].pose.status, "MISSING");
  EXPECT_EQ(got.poses[2].frames, (FramePair{"None", "There"}));
  EXPECT_EQ(got.poses[2].pose.status, "INVALID") << "its numbers are none";
  EXPECT_EQ(got.status, "INVALID");
  EXPECT_EQ(got.fields, (ultrasound::Fields{{"OddToTransform", "1 2 3"}, {"A_key__of___many", "line?break"}}))
      << "what can be a line of a file";
}

// What the header of a recording would take for something else.
TEST(OpenIgtLink, NamesFromTheNetworkCanBeKeysOfAFile) {
  LiveMessage message = sample_image();
  auto& live = std::get<LiveImage>(message.content);
  live.fields = {
      {" Depth ", " 45 mm "}, {"#1", "x"}, {"P=robeToTrackerTransform", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"}};
  const auto got = read_as<LiveImage>(written(message));
  EXPECT_EQ(got.fields, (ultrasound::Fields{{"Depth", "45 mm"}, {"_1", "x"}}));
  ASSERT_EQ(got.poses.size(), 1U);
  EXPECT_EQ(got.poses[0].frames, (FramePair{"P_robe", "Tracker"}));
  live.fields = {{"ProbeToTracker Transform", "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"},
                 {"ProbeToTracker TransformStatus", "OK"}};
  const auto blank = read_as<LiveImage>(written(message));
  ASSERT_EQ(blank.poses.size(), 1U);
  EXPECT_EQ(blank.poses[0].name, "ProbeToTracker");
  EXPECT_EQ(blank.poses[0].frames, (FramePair{"Probe", "Tracker"}));
  EXPECT_EQ(blank.poses[0].pose.status, "OK");
  EXPECT_TRUE(blank.fields.empty());
  const auto poses = read_as<LivePoses>(written(transform_at("P:robeToTracker", 1.0, pose_at(0.1, 0, 0, 1))));
  EXPECT_EQ(poses.poses[0].frames, (FramePair{"P_robe", "Tracker"}));
}

TEST(OpenIgtLink, AnImageWithoutAStatusIsAsValidAsItSays) {
  for (const char* valid : {"0", "false", "False"}) {
    LiveMessage message = sample_image();
    auto& live = std::get<LiveImage>(message.content);
    live.embedded.frames.reset();  // so that its status is not written
    live.fields = {{"TransformValid", valid}};
    EXPECT_EQ(read_as<LiveImage>(written(message)).embedded.pose.status, "INVALID");
    live.fields = {{"TransformValid", "true"}};
    EXPECT_EQ(read_as<LiveImage>(written(message)).embedded.pose.status, "OK");
  }
}

// Genu's patient is LPS; what speaks OpenIGTLink takes the patient for RAS.
TEST(OpenIgtLink, ThePatientIsRasOnTheWireAndLpsHere) {
  const TrackedPose sent = pose_at(0.3, 12.0, -7.0, 90.0);
  const auto raw = [](const std::string& name, const TrackedPose& pose) {
    const Bytes bytes = written(transform_at(name, 1.0, pose), {.version = 1});
    std::array<float, 12> columns{};
    for (std::size_t n = 0; n < 12; ++n) {
      std::uint32_t word = 0;
      for (std::size_t b = 0; b < 4; ++b)
        word = (word << 8U) | std::to_integer<std::uint32_t>(bytes[header_bytes + 4 * n + b]);
      columns[n] = std::bit_cast<float>(word);
    }
    return columns;
  };
  const auto to = raw("ReferenceToPatient", sent), from = raw("PatientToReference", sent);
  const auto neither = raw("ReferenceToTracker", sent);
  for (std::size_t column = 0; column < 4; ++column)
    for (std::size_t row = 0; row < 3; ++row) {
      const auto value = static_cast<float>(sent.rows[4 * row + column]);
      EXPECT_EQ(to[3 * column + row], row < 2 ? -value : value);
      EXPECT_EQ(from[3 * column + row], column < 2 ? -value : value);
      EXPECT_EQ(neither[3 * column + row], value);
    }
  for (const char* name : {"ReferenceToPatient", "PatientToReference"})
    for (const bool tracking_data : {false, true}) {
      const Bytes bytes = written(transform_at(name, 1.0, sent), {.tracking_data = tracking_data});
      expect_near(read_as<LivePoses>(bytes).poses.at(0).pose, sent, 100.0 * single);
    }
  // A lost pose stays the identity by which those who know no status tell it.
  TrackedPose lost;
  lost.status = "INVALID";
  EXPECT_EQ(read_as<LivePoses>(written(transform_at("ReferenceToPatient", 1.0, lost))).poses.at(0).pose,
            lost);
  const auto sound =
      read_as<LivePoses>(written(transform_at("ReferenceToPatient", 1.0, {}))).poses.at(0).pose;
  EXPECT_EQ(sound, TrackedPose{}) << "though it is a half turn on the wire";
}

TEST(OpenIgtLink, PosesOfThePatientBesideAnImageAreRasToo) {
  LiveMessage message = sample_image();
  std::get<LiveImage>(message.content).fields = {
      {"ReferenceToPatientTransform", "1 0 0 10 0 1 0 20 0 0 1 30 0 0 0 1"},
      {"ReferenceToPatientTransformStatus", "OK"}};
  const auto rows = read_as<LiveImage>(written(message)).poses.at(0).pose.rows;
  EXPECT_EQ(rows, (std::array<double, 16>{-1, 0, 0, -10, 0, -1, 0, -20, 0, 0, 1, 30, 0, 0, 0, 1}));
}

TEST(OpenIgtLink, ASliceWithoutThicknessStillHasATransform) {
  LiveMessage message = sample_image();
  auto& rows = std::get<LiveImage>(message.content).embedded.pose.rows;
  rows[2] = rows[6] = rows[10] = 0.0;
  const auto transform = read_as<LiveImage>(written(message)).embedded.pose.transform();
  ASSERT_TRUE(transform);
  EXPECT_NEAR((*transform)(Vector3{0, 0, 1}).z, 1.0, 1e-6);
}

TEST(OpenIgtLink, OtherTypesAreSkippedWhateverTheyHold) {
  const auto skipped =
      read_as<LiveSkipped>(written("VIDEO", "Cam", 1.0, std::as_bytes(std::span("\1\2\3")), 2));
  EXPECT_EQ(skipped.type, "VIDEO");
  EXPECT_EQ(skipped.bytes, 12U + 4U + 2U);
}

}  // namespace
}  // namespace genu::network
