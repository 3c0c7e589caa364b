// SPDX-License-Identifier: Apache-2.0
// OpenIGTLink's own library, made for protocol 2, is the referee.
#include <array>
#include <cmath>
#include <cstring>

#include <gmock/gmock.h>
#include <igtlImageMessage.h>
#include <igtlMessageHeader.h>
#include <igtlStatusMessage.h>
#include <igtlTrackingDataMessage.h>
#include <igtlTransformMessage.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

#include "openigtlink_samples.h"

namespace genu::network {
namespace {

using ultrasound::FramePair;

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

}  // namespace
}  // namespace genu::network
