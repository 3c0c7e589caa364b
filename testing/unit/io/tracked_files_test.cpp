// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <functional>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "comma_locale.h"

namespace genu::io {
namespace {

using ::testing::HasSubstr;
using ultrasound::TrackedFrame;
using ultrasound::TrackedPose;
using ultrasound::TrackedSequence;

void expect_equal(const TrackedSequence& a, const TrackedSequence& b) {
  EXPECT_EQ(a.orientation, b.orientation);
  EXPECT_EQ(a.image_type, b.image_type);
  EXPECT_EQ(a.fields, b.fields);
  EXPECT_EQ(a.placement, b.placement);
  ASSERT_EQ(a.frames.size(), b.frames.size());
  for (std::size_t f = 0; f < a.frames.size(); ++f) {
    const TrackedFrame &x = a.frames[f], &y = b.frames[f];
    EXPECT_EQ(x.image, y.image) << f;
    EXPECT_EQ(x.image_status, y.image_status) << f;
    EXPECT_TRUE(x.time_s == y.time_s || (std::isnan(x.time_s) && std::isnan(y.time_s))) << f;
    EXPECT_EQ(x.poses, y.poses) << f;
    EXPECT_EQ(x.fields, y.fields) << f;
  }
}

/// Three frames of 4 x 3 pixels, one without a sound image, with poses sound and lost.
TrackedSequence sample(int channels = 1) {
  TrackedSequence sequence;
  sequence.orientation = "UN";
  sequence.fields = {{"StreamName", "L14-5 linear: knee = left"}};
  for (int f = 0; f < 3; ++f) {
    TrackedFrame frame;
    frame.image = {4, 3, channels, {}};
    for (int p = 0; p < 12 * channels; ++p)
      frame.image.pixels.push_back(static_cast<std::uint8_t>(80 * f + p));
    frame.image_status = f == 1 ? "INVALID" : "OK";
    if (f != 2) frame.time_s = 215.1 + f / 3.0;
    TrackedPose pose;
    pose.rows[0] = 0.1 + f;
    pose.rows[7] = -1.0 / 3.0;
    pose.rows[11] = 1e-17;
    frame.poses[{"Probe", "Tracker"}] = pose;
    pose.status = "OUT_OF_VIEW";
    frame.poses[{"StylusTip", "Stylus"}] = pose;
    frame.fields = {{"FrameNumber", std::to_string(1449 + f)}, {"OddToTransform", "1 2 3"}};
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

TEST(TrackedSequence, ReadsBackWhatItWroteInEveryFormat) {
  const testing::ScratchFolder scratch;
  for (const char* name : {"a.igs.mha", "a.igs.nrrd"})
    for (const bool compress : {false, true})
      for (const int channels : {1, 3}) {
        const TrackedSequence written = sample(channels);
        write_tracked_sequence(scratch / name, written, compress);
        expect_equal(read_tracked_sequence(scratch / name), written);
      }
}

TEST(TrackedSequence, ReadsBackPosesWithoutImages) {
  const testing::ScratchFolder scratch;
  TrackedSequence written = sample();
  for (TrackedFrame& frame : written.frames) {
    frame.image = {};
    frame.image_status = "INVALID";
  }
  for (const char* name : {"poses.igs.mha", "poses.igs.nrrd"}) {
    write_tracked_sequence(scratch / name, written);
    expect_equal(read_tracked_sequence(scratch / name), written);
  }
}

TEST(TrackedSequence, DoesNotDependOnTheLocale) {
  const testing::ScratchFolder scratch;
  const testing::CommaLocale comma;
  write_tracked_sequence(scratch / "a.igs.mha", sample());
  expect_equal(read_tracked_sequence(scratch / "a.igs.mha"), sample());
}

TEST(TrackedSequence, ImagesAreTurnedToMarkedFarAndStoredAsTheyWere) {
  const testing::ScratchFolder scratch;
  TrackedSequence written;
  written.orientation = "UF";
  TrackedFrame frame;
  frame.image = {2, 1, 1, {7, 9}};
  written.frames = {frame};
  write_tracked_sequence(scratch / "a.mha", written, false);
  const std::string bytes = read_text(scratch / "a.mha");
  EXPECT_EQ(bytes.substr(bytes.size() - 2), "\x09\x07");
  EXPECT_EQ(read_tracked_sequence(scratch / "a.mha").frames[0].image, frame.image);
}

std::string refusal(const std::filesystem::path& file) {
  try {
    read_tracked_sequence(file);
  } catch (const IoError& error) {
    EXPECT_THAT(error.what(), HasSubstr(file.filename().string()));
    return error.what();
  }
  ADD_FAILURE() << "not refused";
  return {};
}

TEST(TrackedSequence, RefusesWhatIsDamagedNamingTheField) {
  const testing::ScratchFolder scratch;
  write_tracked_sequence(scratch / "a.mha", sample(), false);
  const std::string sound = read_text(scratch / "a.mha");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = sound;
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    text.replace(at, from.size(), to);
    write_text(scratch / "b.mha", text);
    return refusal(scratch / "b.mha");
  };
  EXPECT_THAT(with("DimSize = 4 3 3", "DimSize = 4 3 4"), HasSubstr("cut short"));
  EXPECT_THAT(with("DimSize = 4 3 3", "DimSize = 4 3 1000000000"), HasSubstr("1000000000 frames"));
  EXPECT_THAT(with("NDims = 3", "NDims = 4"), HasSubstr("NDims is '4'"));
  EXPECT_THAT(with("NDims = 3\n", ""), HasSubstr("NDims is ''"));
  EXPECT_THAT(with("BinaryData = True", "BinaryData = False"), HasSubstr("BinaryData is 'False'"));
  EXPECT_THAT(with("NDims = 3", "NDims = 3\nHeaderSize = -1"), HasSubstr("HeaderSize is '-1'"));
  EXPECT_THAT(with("DimSize = 4 3 3", "DimSize = 4 3 1 3"), HasSubstr("NDims is '3'"));
  EXPECT_THAT(with("DimSize = 4 3 3", "DimSize = 4 3 2"), HasSubstr("Seq_Frame0002_"));
  EXPECT_THAT(with("DimSize = 4 3 3", "DimSize = 4 x 3"), HasSubstr("DimSize is '4 x 3'"));
  EXPECT_THAT(with("MET_UCHAR", "MET_SHORT"), HasSubstr("ElementType is 'MET_SHORT'"));
  EXPECT_THAT(with("Channels = 1", "Channels = 2"), HasSubstr("ElementNumberOfChannels is '2'"));
  EXPECT_THAT(with("Orientation = UN", "Orientation = AB"), HasSubstr("'AB'"));
  EXPECT_THAT(with("Timestamp = 215.1", "Timestamp = soon"), HasSubstr("Seq_Frame0000_Timestamp is 'soon'"));
  EXPECT_THAT(with("ProbeToTrackerTransform = 0.1", "ProbeToTrackerTransform = x"),
              HasSubstr("not 16 numbers"));
  EXPECT_THAT(with("ElementDataFile = LOCAL", "ElementDataFile = other.raw"), HasSubstr("other.raw"));
  EXPECT_THAT(refusal(scratch / "none.mha"), HasSubstr("no such file"));
  write_text(scratch / "empty.mha", "");
  EXPECT_THAT(refusal(scratch / "empty.mha"), HasSubstr("it is empty"));
  EXPECT_THAT(refusal(scratch.path()), HasSubstr("it is a folder"));
  write_text(scratch / "photo.mha", "\xff\xd8\xff\xe0 a JPEG file");
  EXPECT_THAT(refusal(scratch / "photo.mha"), HasSubstr("no header of NRRD, nor one of MetaImage"));
}

// A header alone, and what it promises must not be made room for.
TEST(TrackedSequence, RefusesFramesThatAHeaderOnlyPromises) {
  const testing::ScratchFolder scratch;
  const auto meta = [&](const std::string& size, const std::string& more) {
    write_text(scratch / "a.mha", "ObjectType = Image\nNDims = 3\nBinaryData = True\nDimSize = " + size +
                                      "\n" + more +
                                      "ElementType = MET_UCHAR\nUltrasoundImageOrientation = MFA\n"
                                      "Seq_Frame0000_Timestamp = 1\nElementDataFile = LOCAL\nxxxx");
    return refusal(scratch / "a.mha");
  };
  EXPECT_THAT(meta("0 0 50000000", ""), HasSubstr("50000000 frames, and has only 1 lines"));
  EXPECT_THAT(meta("0 0 2", ""), HasSubstr("2 frames, and has only 1 lines"));
  EXPECT_THAT(meta("32768 32768 1000", ""), HasSubstr("cut short"));
  EXPECT_THAT(meta("1 1 900000000", ""), HasSubstr("900000000 frames"));
  EXPECT_THAT(meta("100 100 1000", "CompressedData = True\n"), HasSubstr("cut short"));
  EXPECT_THAT(meta("2 2 1", "CompressedData = True\nCompressedDataSize = 50\n"), HasSubstr("cut short: 50"));
  EXPECT_THAT(meta("2 2 1", "CompressedData = True\nCompressedDataSize = many\n"),
              HasSubstr("CompressedDataSize is 'many'"));
}

TEST(TrackedSequence, RefusesNrrdWhoseImagesAreElsewhere) {
  const testing::ScratchFolder scratch;
  write_tracked_sequence(scratch / "a.nrrd", sample(), false);
  const std::string sound = read_text(scratch / "a.nrrd");
  const auto with = [&](const std::string& line) {
    std::string text = sound;
    text.insert(text.find("encoding:"), line + "\n");
    write_text(scratch / "b.nrrd", text);
    return refusal(scratch / "b.nrrd");
  };
  EXPECT_THAT(with("line skip: 1"), HasSubstr("line skip is '1'"));
  EXPECT_THAT(with("byte skip: -1"), HasSubstr("byte skip is '-1'"));
  EXPECT_THAT(with("data file: other.raw"), HasSubstr("data file is 'other.raw'"));
  std::string text = sound;
  text.replace(text.find("dimension: 3"), 12, "dimension: 4");
  write_text(scratch / "b.nrrd", text);
  EXPECT_THAT(refusal(scratch / "b.nrrd"), HasSubstr("dimension is '4'"));
}

// A volume of 8 bits has a header like that of a recording.
TEST(TrackedSequence, AVolumeIsNoRecording) {
  const testing::ScratchFolder scratch;
  const std::string header =
      "ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = False\nElementSpacing = 0.5 0.5 "
      "0.5\n"
      "DimSize = 2 1 2\nKinds = domain domain list\nElementType = MET_UCHAR\n";
  write_text(scratch / "volume.mha", header + "ElementDataFile = LOCAL\nabcd");
  EXPECT_THAT(refusal(scratch / "volume.mha"), HasSubstr("no tracked recording"));
  write_text(scratch / "recording.mha",
             header + "Seq_Frame0001_Timestamp = 2\nElementDataFile = LOCAL\nabcd");
  const TrackedSequence read = read_tracked_sequence(scratch / "recording.mha");
  EXPECT_EQ(read.orientation, "MFA");
  ASSERT_EQ(read.remarks.size(), 1U);
  EXPECT_THAT(read.remarks[0], HasSubstr("UltrasoundImageOrientation"));
  // What was only assumed is not said when it is written.
  TrackedSequence placed_by_poses = read;
  placed_by_poses.placement.clear();  // only MetaImage can say it
  for (const char* name : {"again.mha", "again.nrrd"}) {
    write_tracked_sequence(scratch / name, placed_by_poses);
    const TrackedSequence again = read_tracked_sequence(scratch / name);
    EXPECT_FALSE(again.orientation_stated);
    EXPECT_EQ(again.remarks, read.remarks);
    expect_equal(again, placed_by_poses);
  }
  write_text(scratch / "said.mha",
             header + "UltrasoundImageOrientation = MFA\nElementDataFile = LOCAL\nabcd");
  EXPECT_TRUE(read_tracked_sequence(scratch / "said.mha").remarks.empty());
  GENU_REQUIRE_DATA(file, "ultrasound/tracked/SpinePhantomFreehandReconstructed.mha");
  EXPECT_THAT(refusal(file), HasSubstr("no tracked recording"));
}

TEST(TrackedSequence, KeepsWhereItsFormatSaysThatTheImagesLie) {
  const testing::ScratchFolder scratch;
  TrackedSequence meta = sample(), nrrd = sample(3);
  meta.placement = {
      {"ElementSpacing", "0.2 0.25 1"}, {"Offset", "1 2 3"}, {"TransformMatrix", "0 1 0 1 0 0 0 0 1"}};
  nrrd.placement = {{"space", "right-anterior-superior"},
                    {"space directions", "none (0,0.5,0) (1,0,0) none"}};
  write_tracked_sequence(scratch / "a.mha", meta);
  expect_equal(read_tracked_sequence(scratch / "a.mha"), meta);
  write_tracked_sequence(scratch / "a.nrrd", nrrd);
  expect_equal(read_tracked_sequence(scratch / "a.nrrd"), nrrd);
  // Each format has its own words for it.
  EXPECT_THROW(write_tracked_sequence(scratch / "b.nrrd", meta), InvalidInput);
  EXPECT_THROW(write_tracked_sequence(scratch / "b.mha", nrrd), InvalidInput);
  // The usual is not worth keeping.
  TrackedSequence usual = sample();
  usual.placement = {{"space", "right-anterior-superior"},
                     {"space directions", "(1,0,0) (0,1,0) none"},
                     {"space origin", "(0,0,0)"}};
  write_tracked_sequence(scratch / "c.nrrd", usual);
  expect_equal(read_tracked_sequence(scratch / "c.nrrd"), sample());
}

// Some recordings have an axis of length 1 between the height and the frames.
TEST(TrackedSequence, AnOddPlacementOfFourAxesIsReadWithARemarkAndNotWritten) {
  const testing::ScratchFolder scratch;
  write_tracked_sequence(scratch / "a.mha", sample());
  std::string text = read_text(scratch / "a.mha");
  const auto change = [&](const std::string& from, const std::string& to) {
    ASSERT_NE(text.find(from), std::string::npos) << from;
    text.replace(text.find(from), from.size(), to);
  };
  change("NDims = 3", "NDims = 4");
  change("DimSize = 4 3 3", "DimSize = 4 3 1 3");
  change("ElementSpacing = 1 1 1", "ElementSpacing = 0.2 0.2 1 1");
  write_text(scratch / "four.mha", text);
  TrackedSequence read = read_tracked_sequence(scratch / "four.mha");
  ASSERT_EQ(read.remarks.size(), 1U);
  EXPECT_THAT(read.remarks[0], HasSubstr("ElementSpacing is '0.2 0.2 1 1'"));
  EXPECT_THROW(write_tracked_sequence(scratch / "b.mha", read), InvalidInput);
  EXPECT_FALSE(std::filesystem::exists(scratch / "b.mha"));
  read.placement.clear();
  expect_equal(read, sample());
  read.placement = {{"space directions", "(0.2,0,0) (0,0.2,0) none none"}};
  EXPECT_THROW(write_tracked_sequence(scratch / "b.nrrd", read), InvalidInput);
  read.placement = {{"TransformMatrix", "0 1 0 0 1 0 0 0 0 0 1 0 0 0 0 1"}};
  EXPECT_THROW(write_tracked_sequence(scratch / "b.mha", read), InvalidInput);
}

TEST(TrackedSequence, SaysTheAxesOfThePatient) {
  const testing::ScratchFolder scratch;
  TrackedSequence written = sample();
  const TrackedPose sound{{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 1}};
  written.frames[0].poses[{"Reference", "Patient"}] = sound;
  written.frames[1].poses[{"Patient", "Reference"}] = sound;
  written.frames[2].poses[{"Reference", "Patient"}] = {.status = "INVALID"};
  for (const bool meta : {true, false}) {
    const std::string name = meta ? "a.mha" : "a.nrrd", field = meta ? "PatientAxes = " : "PatientAxes:=";
    write_tracked_sequence(scratch / name, written);
    const TrackedSequence same = read_tracked_sequence(scratch / name);
    expect_equal(same, written);
    EXPECT_TRUE(same.remarks.empty());
    const std::string text = read_text(scratch / name);
    const auto with = [&](const std::string& line) {
      std::string other = text;
      const std::size_t at = other.find(field + "LPS\n");
      EXPECT_NE(at, std::string::npos);
      other.replace(at, field.size() + 4, line);
      write_text(scratch / name, other);
    };
    with("");
    const TrackedSequence unsaid = read_tracked_sequence(scratch / name);
    expect_equal(unsaid, written);
    ASSERT_EQ(unsaid.remarks.size(), 1U);
    EXPECT_THAT(unsaid.remarks[0], HasSubstr("the axes of Patient are not stated and taken as LPS"));
    with(field + "RAS\n");
    TrackedSequence turned = written;
    turned.frames[0].poses[{"Reference", "Patient"}].rows = {-1, -2, -3, -4, -5, -6, -7, -8,
                                                             9,  10, 11, 12, 0,  0,  0,  1};
    turned.frames[1].poses[{"Patient", "Reference"}].rows = {-1, -2,  3,  4,  -5, -6, 7, 8,
                                                             -9, -10, 11, 12, 0,  0,  0, 1};
    expect_equal(read_tracked_sequence(scratch / name), turned);
    with(field + "RSA\n");
    EXPECT_THAT(refusal(scratch / name), HasSubstr("PatientAxes is 'RSA'"));
  }
  write_tracked_sequence(scratch / "b.mha", sample());
  EXPECT_EQ(read_text(scratch / "b.mha").find("PatientAxes"), std::string::npos);
}

TEST(TrackedSequence, ColouredImagesAreOfThatType) {
  const testing::ScratchFolder scratch;
  write_tracked_sequence(scratch / "a.mha", sample(3));
  std::string text = read_text(scratch / "a.mha");
  const std::size_t at = text.find("UltrasoundImageType");
  text.erase(at, text.find('\n', at) + 1 - at);
  write_text(scratch / "a.mha", text);
  EXPECT_EQ(read_tracked_sequence(scratch / "a.mha").image_type, "RGB_COLOR");
}

TEST(TrackedSequence, RefusesDamagedCompressedImages) {
  const testing::ScratchFolder scratch;
  for (const char* name : {"a.mha", "a.nrrd"}) {
    write_tracked_sequence(scratch / name, sample(), true);
    std::string text = read_text(scratch / name);
    write_text(scratch / name, text.substr(0, text.size() - 6));
    EXPECT_THAT(refusal(scratch / name), HasSubstr("cut short"));
    text[text.size() - 2] ^= 0x40;
    write_text(scratch / name, text);
    EXPECT_THAT(refusal(scratch / name), HasSubstr("damaged"));
  }
}

TEST(TrackedSequence, WritesNothingThatCouldNotBeReadBack) {
  const testing::ScratchFolder scratch;
  const auto refused = [&](const std::function<void(TrackedSequence&)>& spoil) {
    TrackedSequence sequence = sample();
    spoil(sequence);
    EXPECT_THROW(write_tracked_sequence(scratch / "a.mha", sequence), InvalidInput);
    EXPECT_FALSE(std::filesystem::exists(scratch / "a.mha"));
  };
  refused([](auto& s) { s.frames[1].image = {}; });
  refused([](auto& s) { s.frames[2].image = {3, 4, 1, std::vector<std::uint8_t>(12)}; });
  refused([](auto& s) { s.frames[0].fields[0].second = "1\n2"; });
  refused([](auto& s) { s.orientation = "??"; });
  for (const char* key : {"a=b", "#note", " a", "a ", "", "DimSize", "elementdatafile", "Offset",
                          "UltrasoundImageOrientation", "PatientAxes", "Seq_Frame0001_Note"})
    refused([&](auto& s) { s.fields[0].first = key; });
  for (const char* name :
       {"a=b", "a ", "Timestamp", "ImageStatus", "ProbeToTrackerTransform", "ProbeToTrackerTransformStatus"})
    refused([&](auto& s) { s.frames[1].fields[0].first = name; });
  refused([](auto& s) { s.frames[0].fields[0].second = " 1"; });
  refused([](auto& s) { s.frames[0].poses[{"P=robe", "Tracker"}] = {}; });
  refused([](auto& s) { s.frames[0].poses[{"probe", "Tracker"}] = {}; });
  TrackedSequence sequence = sample();
  sequence.fields = {{"a:b", "1"}};
  EXPECT_THROW(write_tracked_sequence(scratch / "a.nrrd", sequence), InvalidInput);
  write_tracked_sequence(scratch / "colon.mha", sequence);
  expect_equal(read_tracked_sequence(scratch / "colon.mha"), sequence);
  EXPECT_THROW(write_tracked_sequence(scratch / "a.nii", sample()), IoError);
}

TEST(TrackedSequence, RealRecordingsReadBackEqual) {
  const testing::ScratchFolder scratch;
  struct Real {
    const char* file;
    std::size_t frames;
    int width;
    std::size_t sound;  // Frames whose probe is seen.
  };
  for (const Real& real : {Real{"SpinePhantomFreehand.igs.mha", 21, 820, 21},
                           {"NwirePhantomFreehand.igs.mha", 97, 820, 97},
                           {"EightLandmarkPointsTrackedForPhantomRegistration.igs.mha", 1000, 0, 0},
                           {"BoneUltrasound_L14.igs.mha", 21, 820, 21}}) {
    GENU_REQUIRE_DATA(file, std::filesystem::path("ultrasound/tracked") / real.file);
    const TrackedSequence read = read_tracked_sequence(file);
    ASSERT_EQ(read.frames.size(), real.frames) << real.file;
    EXPECT_EQ(read.frames[0].image.width, real.width);
    std::size_t sound = 0;
    for (const TrackedFrame& frame : read.frames) {
      EXPECT_EQ(frame.shows_image(), real.width > 0);
      const auto pose = frame.poses.find({"Probe", "Tracker"});
      sound += pose != frame.poses.end() && pose->second.transform();
    }
    EXPECT_EQ(sound, real.sound) << real.file;
    for (const char* name : {"again.igs.mha", "again.igs.nrrd"}) {
      write_tracked_sequence(scratch / name, read);
      expect_equal(read_tracked_sequence(scratch / name), read);
    }
  }
}

}  // namespace
}  // namespace genu::io
