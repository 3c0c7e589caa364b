// SPDX-License-Identifier: Apache-2.0
// OpenIGTLink's own library, made for protocol 2, is the referee.
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <random>

#include <gmock/gmock.h>
#include <igtlImageMessage.h>
#include <igtlMessageHeader.h>
#include <igtlStatusMessage.h>
#include <igtlTrackingDataMessage.h>
#include <igtlTransformMessage.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

#include "live_samples.h"

namespace genu::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ultrasound::FramePair;
using ultrasound::TrackedPose;
using Bytes = std::vector<std::byte>;

constexpr double single = 6e-8;  // half a step of single precision, of a number below 1
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <typename Content>
Content read_as(const Bytes& bytes, const ReadingOptions& options = {}) {
  return std::get<Content>(read_message(bytes, options).content);
}

Bytes bytes_of(igtl::MessageBase& message) {
  message.Pack();
  const auto* first = static_cast<const std::byte*>(message.GetPackPointer());
  return {first, first + message.GetPackSize()};
}

/// Lets the library read what Genu wrote.
template <typename Message>
typename Message::Pointer read_by_library(Bytes bytes) {
  const auto header = igtl::MessageHeader::New();
  header->InitPack();
  std::memcpy(header->GetPackPointer(), bytes.data(), header_bytes);
  header->Unpack();
  const auto message = Message::New();
  message->SetMessageHeader(header);
  message->AllocatePack();
  EXPECT_EQ(static_cast<std::size_t>(message->GetPackBodySize()), bytes.size() - header_bytes);
  std::memcpy(message->GetPackBodyPointer(), bytes.data() + header_bytes, bytes.size() - header_bytes);
  EXPECT_TRUE(message->Unpack(1) & igtl::MessageHeader::UNPACK_BODY) << "the checksum";
  return message;
}

std::string refusal(const Bytes& bytes, const ReadingOptions& options = {}) {
  try {
    read_message(bytes, options);
  } catch (const InvalidInput& problem) {
    return problem.what();
  }
  return "not refused";
}

/// Writes a message of version 1 with a content of any kind, with the checksum that belongs to it.
std::string refusal_of(const std::string& type, std::size_t size, int fill = 1) {
  return refusal(written(type, "Dev", 1.0, Bytes(size, static_cast<std::byte>(fill)), 1));
}

LiveMessage sample_image(int channels = 1) {
  LiveImage live{.image = picture(5, 4, channels), .fields = {{"FrameNumber", "1449"}, {"Depth", "45 mm"}}};
  live.embedded.name = "Image_Reference";
  live.embedded.frames = FramePair{"Image", "Reference"};
  live.embedded.pose = pose_at(0.3, 12.0, -7.0, 90.0);
  return {.device = "Image_Reference", .time_s = 1.7e9 + 0.25, .content = live};
}

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

TEST(OpenIgtLink, TheLibraryReadsWhatGenuWrites) {
  const auto transform = read_by_library<igtl::TransformMessage>(
      written(transform_at("ProbeToTracker", 215.5, pose_at(0.2, 1.5, 2, 3)), {.version = 1}));
  EXPECT_STREQ(transform->GetDeviceName(), "ProbeToTracker");
  unsigned seconds = 0, fraction = 0;
  transform->GetTimeStamp(&seconds, &fraction);
  EXPECT_EQ(seconds, 215U);
  EXPECT_EQ(fraction, 1U << 31U);
  igtl::Matrix4x4 matrix;
  transform->GetMatrix(matrix);
  EXPECT_EQ(matrix[0][3], 1.5F);
  EXPECT_NEAR(matrix[1][0], std::sin(0.2), single);

  const auto image = read_by_library<igtl::ImageMessage>(written(sample_image(3), {.version = 1}));
  int size[3], part[3], offset[3];
  image->GetDimensions(size);
  image->GetSubVolume(part, offset);
  EXPECT_THAT(size, ::testing::ElementsAre(5, 4, 1));
  EXPECT_THAT(part, ::testing::ElementsAre(5, 4, 1));
  EXPECT_EQ(image->GetNumComponents(), 3);
  EXPECT_EQ(image->GetScalarType(), igtl::ImageMessage::TYPE_UINT8);
  EXPECT_EQ(std::memcmp(image->GetScalarPointer(), picture(5, 4, 3).pixels.data(), 60), 0);
  image->GetMatrix(matrix);
  EXPECT_NEAR(matrix[0][3], 12.0 + 2.0 * std::cos(0.3) - 1.5 * std::sin(0.3), 1e-5) << "the image's middle";

  const auto status = read_by_library<igtl::StatusMessage>(written(
      {.device = "Plus", .content = LiveStatus{.code = 7, .subcode = 9, .name = "Error", .text = "out"}},
      {.version = 1}));
  EXPECT_EQ(status->GetCode(), 7);
  EXPECT_STREQ(status->GetStatusString(), "out");

  LiveMessage two = transform_at("ProbeToTracker", 5.0, pose_at(0.2, 1, 2, 3));
  std::get<LivePoses>(two.content).poses.push_back({"Needle", std::nullopt, pose_at(0.4, 4, 5, 6)});
  const auto tracking =
      read_by_library<igtl::TrackingDataMessage>(written(two, {.version = 1, .tracking_data = true}));
  ASSERT_EQ(tracking->GetNumberOfTrackingDataElements(), 2);
  igtl::TrackingDataElement::Pointer element;
  tracking->GetTrackingDataElement(1, element);
  EXPECT_STREQ(element->GetName(), "Needle");
  element->GetMatrix(matrix);
  EXPECT_EQ(matrix[2][3], 6.0F);
}

TEST(OpenIgtLink, GenuReadsWhatTheLibraryWrites) {
  igtl::Matrix4x4 matrix;
  igtl::IdentityMatrix(matrix);
  matrix[0][3] = 4.0F;
  matrix[1][2] = 0.5F;

  const auto transform = igtl::TransformMessage::New();
  transform->SetDeviceName("ProbeToTracker");
  transform->SetTimeStamp(77, 1U << 30U);
  transform->SetMatrix(matrix);
  const LiveMessage got = read_message(bytes_of(*transform));
  EXPECT_EQ(got.time_s, 77.25);
  const LivePose pose = std::get<LivePoses>(got.content).poses.at(0);
  EXPECT_EQ(pose.frames, (FramePair{"Probe", "Tracker"}));
  EXPECT_EQ(pose.pose.status, "OK");
  EXPECT_EQ(pose.pose.rows, (std::array<double, 16>{1, 0, 0, 4, 0, 1, 0.5, 0, 0, 0, 1, 0, 0, 0, 0, 1}));

  const auto image = igtl::ImageMessage::New();
  image->SetDeviceName("Image_Reference");
  image->SetDimensions(3, 2, 1);
  image->SetSpacing(0.5F, 0.25F, 1.0F);
  image->SetScalarTypeToUint8();
  image->SetCoordinateSystem(igtl::ImageMessage::COORDINATE_LPS);
  image->AllocateScalars();
  std::memcpy(image->GetScalarPointer(), picture(3, 2).pixels.data(), 6);
  igtl::IdentityMatrix(matrix);
  matrix[0][3] = 10.0F;
  image->SetMatrix(matrix);
  const auto live = read_as<LiveImage>(bytes_of(*image));
  EXPECT_EQ(live.image, picture(3, 2));
  EXPECT_EQ(live.axes, "LPS");
  EXPECT_EQ(live.embedded.pose.rows,
            (std::array<double, 16>{0.5, 0, 0, 9.5, 0, 0.25, 0, -0.125, 0, 0, 1, 0, 0, 0, 0, 1}))
      << "the first pixel lies at half the image's size from its middle";

  const auto status = igtl::StatusMessage::New();
  status->SetDeviceName("Plus");
  status->SetCode(igtl::StatusMessage::STATUS_BUSY);
  status->SetStatusString("warming up");
  EXPECT_EQ(read_as<LiveStatus>(bytes_of(*status)).text, "warming up");

  const auto tracking = igtl::TrackingDataMessage::New();
  for (const char* name : {"ProbeToTracker", "NeedleToTracker"}) {
    auto element = igtl::TrackingDataElement::New();
    element->SetName(name);
    element->SetMatrix(matrix);
    tracking->AddTrackingDataElement(element);
  }
  const auto poses = read_as<LivePoses>(bytes_of(*tracking)).poses;
  ASSERT_EQ(poses.size(), 2U);
  EXPECT_EQ(poses[1].frames, (FramePair{"Needle", "Tracker"}));
  EXPECT_EQ(poses[1].pose.rows[3], 10.0);
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

TEST(OpenIgtLink, ImagesOfThePatientAreReadByTheirAxes) {
  LiveMessage message = sample_image();
  auto& live = std::get<LiveImage>(message.content);
  message.device = live.embedded.name = "Image_Patient";
  live.embedded.frames = FramePair{"Image", "Patient"};
  const auto library = read_by_library<igtl::ImageMessage>(written(message, {.version = 1}));
  EXPECT_EQ(library->GetCoordinateSystem(), igtl::ImageMessage::COORDINATE_RAS);
  igtl::Matrix4x4 matrix;
  library->GetMatrix(matrix);
  EXPECT_NEAR(matrix[0][3], -(12.0 + 2.0 * std::cos(0.3) - 1.5 * std::sin(0.3)), 1e-5);
  EXPECT_NEAR(matrix[2][3], 90.0, 1e-5);
  for (const char* axes : {"RAS", "LPS"}) {
    live.axes = axes;
    const auto got = read_as<LiveImage>(written(message));
    EXPECT_EQ(got.axes, axes);
    expect_near(got.embedded.pose, live.embedded.pose, 100.0 * single);
  }
  // The numbers are the same; what they mean is not.
  Bytes bytes = written(message, {.version = 1});
  const auto with_axes = [&](int axes) {
    Bytes content(bytes.begin() + header_bytes, bytes.end());
    content[5] = static_cast<std::byte>(axes);
    return written("IMAGE", "Image_Patient", 1.0, content, 1);
  };
  EXPECT_NEAR(read_as<LiveImage>(with_axes(2)).embedded.pose.rows[3], 12.0, 1e-5);
  EXPECT_NEAR(read_as<LiveImage>(with_axes(1)).embedded.pose.rows[3], -12.0, 1e-5);
  EXPECT_THROW(read_as<LiveImage>(with_axes(7)), InvalidInput);
}

TEST(OpenIgtLink, PosesOfThePatientBesideAnImageAreRasToo) {
  LiveMessage message = sample_image();
  std::get<LiveImage>(message.content).fields = {
      {"ReferenceToPatientTransform", "1 0 0 10 0 1 0 20 0 0 1 30 0 0 0 1"},
      {"ReferenceToPatientTransformStatus", "OK"}};
  const auto rows = read_as<LiveImage>(written(message)).poses.at(0).pose.rows;
  EXPECT_EQ(rows, (std::array<double, 16>{-1, 0, 0, -10, 0, -1, 0, -20, 0, 0, 1, 30, 0, 0, 0, 1}));
}

// 64 MB hold so many that looking for their names took minutes.
TEST(OpenIgtLink, MoreElementsThanATrackerHasToolsAreRefused) {
  EXPECT_EQ(refusal_of("TDATA", 70 * 256), "not refused");
  EXPECT_THAT(refusal_of("TDATA", 70 * 257), HasSubstr("257 elements"));
  LivePoses many;
  for (int n = 0; n < 256; ++n)
    many.poses.push_back({"LongNameOfTool" + std::to_string(n) + "ToTracker", {}, pose_at(0.1, n, 0, 0)});
  const auto got =
      read_as<LivePoses>(written({.device = "T", .time_s = 1.0, .content = many}, {.tracking_data = true}));
  ASSERT_EQ(got.poses.size(), 256U);
  for (int n = 0; n < 256; ++n)
    EXPECT_EQ(got.poses[static_cast<std::size_t>(n)].name,
              "LongNameOfTool" + std::to_string(n) + "ToTracker");
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

std::string refusal_of_header(Bytes bytes) {
  try {
    header_of(bytes);
  } catch (const InvalidInput& problem) {
    return problem.what();
  }
  return "not refused";
}

TEST(OpenIgtLink, RefusesWhatIsNoHeader) {
  const Bytes sound = written(transform_at("ProbeToTracker", 5.0, pose_at(0.1, 0, 0, 0)));
  const auto with = [&](std::size_t at, int value) {
    Bytes bytes = sound;
    bytes[at] = static_cast<std::byte>(value);
    return refusal_of_header(bytes);
  };
  EXPECT_EQ(with(1, 3), "not refused");
  EXPECT_THAT(with(1, 0), HasSubstr("version 0"));
  EXPECT_THAT(with(0, 'H'), HasSubstr("version 18434"));
  EXPECT_THAT(with(2, 0), HasSubstr("type ''"));
  EXPECT_THAT(with(3, 0x1B), HasSubstr("type 'T?ANSFORM'"));
  EXPECT_THAT(with(42, 0x80), AllOf(HasSubstr("ProbeToTracker"), HasSubstr("64 MB")));
  EXPECT_THAT(with(46, 0x05), HasSubstr("64 MB"));
}

TEST(OpenIgtLink, RefusesBodiesThatAreNotWhatTheySay) {
  EXPECT_THAT(refusal_of("TRANSFORM", 10), HasSubstr("TRANSFORM Dev: its content has 10 bytes, not the 48"));
  EXPECT_THAT(refusal_of("TRANSFORM", 49), HasSubstr("49 bytes"));
  EXPECT_THAT(refusal_of("TRANSFORM", 0), HasSubstr("0 bytes"));
  EXPECT_THAT(refusal_of("TDATA", 75), HasSubstr("75 bytes, not a multiple of 70"));
  EXPECT_THAT(refusal_of("STATUS", 5), HasSubstr("5 bytes, fewer than the 30"));
  EXPECT_THAT(refusal_of("IMAGE", 71), HasSubstr("71 bytes, fewer than the 72"));
  EXPECT_EQ(refusal_of("STATUS", 40, 'x'), "not refused") << "a text that no 0 ends";

  Bytes damaged = written(sample_image());
  damaged.back() ^= std::byte{1};
  EXPECT_THAT(refusal(damaged), HasSubstr("IMAGE Image_Reference: its checksum is wrong"));
  EXPECT_EQ(refusal(damaged, {.check_checksum = false}), "not refused");
  Bytes cut = written(sample_image());
  const MessageHeader header = header_of(cut);
  EXPECT_THROW(read_body(header, std::span(cut).subspan(header_bytes, 20)), InvalidInput);
}

TEST(OpenIgtLink, RefusesImagesThatAreNotOneWholeSliceOfBytes) {
  const Bytes sound = written(sample_image(), {.version = 1});
  const auto with = [&](std::initializer_list<std::pair<std::size_t, int>> changes) {
    Bytes content(sound.begin() + header_bytes, sound.end());
    for (const auto& [at, value] : changes) content[at] = static_cast<std::byte>(value);
    return refusal(written("IMAGE", "Dev", 1.0, content, 1));
  };
  EXPECT_EQ(with({}), "not refused");
  EXPECT_THAT(with({{3, 5}}), HasSubstr("scalar type 5"));
  EXPECT_THAT(with({{2, 2}}), HasSubstr("2 components"));
  EXPECT_THAT(with({{2, 3}}), HasSubstr("20 bytes, not the 60"));
  EXPECT_THAT(with({{7, 6}, {67, 6}}), HasSubstr("not the 24"));
  EXPECT_THAT(with({{6, 255}, {8, 255}, {66, 255}, {68, 255}}), HasSubstr("20 bytes, not the"));
  EXPECT_THAT(with({{7, 0}, {67, 0}}), HasSubstr("0 x 4 x 1"));
  EXPECT_THAT(with({{11, 2}, {71, 2}}), HasSubstr("5 x 4 x 2"));
  EXPECT_THAT(with({{67, 4}}), HasSubstr("part"));
  EXPECT_THAT(with({{61, 1}}), HasSubstr("part"));
}

TEST(OpenIgtLink, RefusesMetadataThatLeadsOutOfItsBody) {
  const Bytes sound = written(sample_image());
  const auto with = [&](std::initializer_list<std::pair<std::size_t, int>> changes) {
    Bytes bytes = sound;
    for (const auto& [at, value] : changes) bytes[header_bytes + at] = static_cast<std::byte>(value);
    return refusal(bytes, {.check_checksum = false});
  };
  EXPECT_THAT(with({{1, 11}}), HasSubstr("extended header says 11"));
  EXPECT_THAT(with({{0, 255}}), HasSubstr("extended header"));
  EXPECT_THAT(with({{2, 255}}), HasSubstr("metadata"));
  EXPECT_THAT(with({{4, 255}}), HasSubstr("metadata"));
  const std::size_t sizes = 12 + 72 + 20;  // where the metadata begins
  EXPECT_THAT(with({{sizes, 255}}), HasSubstr("too early")) << "more entries than there are";
  EXPECT_THAT(with({{sizes + 2, 255}}), HasSubstr("too early")) << "a longer key";
  EXPECT_THAT(with({{sizes + 6, 255}}), HasSubstr("too early")) << "a longer value";
  EXPECT_THAT(refusal(written("TRANSFORM", "Dev", 1.0, {}, 1)), HasSubstr("0 bytes"));
}

// What is read from anything is a value or a refusal; the sanitizers see to the rest.
TEST(OpenIgtLink, AnyBytesAreReadOrRefused) {
  std::mt19937_64 random(7);
  LiveMessage two = transform_at("ProbeToTracker", 5.0, pose_at(0.2, 1, 2, 3));
  std::get<LivePoses>(two.content).poses.push_back({"Needle", std::nullopt, pose_at(0.4, 4, 5, 6)});
  const std::vector<Bytes> sound{written(sample_image()), written(sample_image(), {.version = 1}),
                                 written(two, {.tracking_data = true}),
                                 written(transform_at("AToB", 1.0, pose_at(1, 2, 3, 4))),
                                 written({.device = "Plus", .content = LiveStatus{.text = "text"}})};
  int refused = 0, taken = 0;
  for (int n = 0; n < 20000; ++n) {
    Bytes bytes = sound[random() % sound.size()];
    for (std::size_t changes = 1 + random() % 8; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random() % 3 == 0 ? 255 : random());
    if (random() % 4 == 0) bytes.resize(header_bytes + random() % (bytes.size() - header_bytes));
    try {
      MessageHeader header = header_of(bytes);
      header.body_bytes = bytes.size() - header_bytes;
      read_body(header, std::span(bytes).subspan(header_bytes), {.check_checksum = false});
      ++taken;
    } catch (const InvalidInput&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
  EXPECT_GT(taken, 2000);
}

}  // namespace
}  // namespace genu::network
