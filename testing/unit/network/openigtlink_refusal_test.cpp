// SPDX-License-Identifier: Apache-2.0
// What is no sound message is refused, and says why.
#include <initializer_list>
#include <random>
#include <span>
#include <string>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/network/openigtlink.h>

#include "openigtlink_samples.h"

namespace genu::network {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

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
