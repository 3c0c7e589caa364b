// SPDX-License-Identifier: Apache-2.0
// In which axes files say that the frame "Patient" is: read, written again, read back.
#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "matchers.h"

namespace genu::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const Matrix3 turn{{{{0, -1, 0}, {1, 0, 0}, {0, 0, 1}}}};

/// A configuration with a transform to the patient and one from it, each with `attribute`.
std::string configuration(const std::string& attribute) {
  const std::string matrix = R"(Matrix="0 -1 0 5 1 0 0 6 0 0 1 7 0 0 0 1")";
  return R"(<PlusConfiguration><CoordinateDefinitions><Transform From="Probe" To="Tracker" )" + matrix +
         R"(/><Transform From="Reference" To="Patient" )" + matrix + " " + attribute +
         R"(/><Transform From="Patient" To="Leg" )" + matrix + " " + attribute +
         "/></CoordinateDefinitions></PlusConfiguration>";
}

TrackedSetup written_again(const std::filesystem::path& folder, const TrackedSetup& setup) {
  write_tracked_setup(folder / "again.xml", setup);
  return read_tracked_setup(folder / "again.xml");
}

void expect_equal(const TrackedSetup& a, const TrackedSetup& b) {
  ASSERT_EQ(a.transforms.size(), b.transforms.size());
  for (std::size_t n = 0; n < a.transforms.size(); ++n) {
    const ConfiguredTransform &x = a.transforms[n], &y = b.transforms[n];
    EXPECT_EQ(x.frames, y.frames);
    EXPECT_EQ(x.transform.linear(), y.transform.linear());
    EXPECT_EQ(x.transform.translation(), y.transform.translation());
    EXPECT_EQ(x.patient_axes_stated, y.patient_axes_stated);
  }
}

TEST(PatientAxesOfASetup, ThatAreStatedAsLpsStayAndAreSaidAgain) {
  const testing::ScratchFolder scratch;
  write_text(scratch / "plus.xml", configuration(R"(PatientAxes="LPS")"));
  const TrackedSetup setup = read_tracked_setup(scratch / "plus.xml");
  EXPECT_THAT(setup.remarks, IsEmpty());
  ASSERT_EQ(setup.transforms.size(), 3U);
  for (const ConfiguredTransform& t : setup.transforms) {
    EXPECT_TRUE(t.patient_axes_stated);
    EXPECT_EQ(t.transform.linear(), turn);
    EXPECT_EQ(t.transform.translation(), (Vector3{5, 6, 7}));
  }
  const TrackedSetup again = written_again(scratch.path(), setup);
  expect_equal(again, setup);
  EXPECT_THAT(again.remarks, IsEmpty());
}

TEST(PatientAxesOfASetup, ThatAreRasAreTurnedOnThePatientsSide) {
  const testing::ScratchFolder scratch;
  write_text(scratch / "plus.xml", configuration(R"(PatientAxes="RAS")"));
  const TrackedSetup setup = read_tracked_setup(scratch / "plus.xml");
  EXPECT_THAT(setup.remarks, IsEmpty());
  ASSERT_EQ(setup.transforms.size(), 3U);
  EXPECT_EQ(setup.transforms[0].transform.linear(), turn) << "of no patient";
  EXPECT_EQ(setup.transforms[1].transform.linear(), (Matrix3{{{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}}));
  EXPECT_EQ(setup.transforms[1].transform.translation(), (Vector3{-5, -6, 7}));
  EXPECT_EQ(setup.transforms[2].transform.linear(), (Matrix3{{{{0, 1, 0}, {-1, 0, 0}, {0, 0, 1}}}}));
  EXPECT_EQ(setup.transforms[2].transform.translation(), (Vector3{5, 6, 7}));
  const TrackedSetup again = written_again(scratch.path(), setup);
  expect_equal(again, setup);
  EXPECT_THAT(again.remarks, IsEmpty());
  EXPECT_THAT(read_text(scratch / "again.xml"),
              AllOf(HasSubstr("PatientAxes=\"LPS\""), Not(HasSubstr("RAS"))));
}

TEST(PatientAxesOfASetup, ThatNobodyStatesAreTakenAsLpsWithARemarkAndNotStamped) {
  const testing::ScratchFolder scratch;
  write_text(scratch / "plus.xml", configuration(""));
  TrackedSetup setup = read_tracked_setup(scratch / "plus.xml");
  EXPECT_THAT(setup.remarks, ElementsAre("the axes of Patient are not stated in '" +
                                         (scratch / "plus.xml").string() + "', taken as LPS"));
  ASSERT_EQ(setup.transforms.size(), 3U);
  EXPECT_TRUE(setup.transforms[0].patient_axes_stated) << "there is nothing to state";
  for (const ConfiguredTransform& t : setup.transforms) EXPECT_EQ(t.transform.linear(), turn);
  const TrackedSetup again = written_again(scratch.path(), setup);
  expect_equal(again, setup);
  EXPECT_THAT(again.remarks, ElementsAre(HasSubstr("again.xml', taken as LPS")));
  EXPECT_THAT(read_text(scratch / "again.xml"), Not(HasSubstr("PatientAxes")));

  // A tie that Genu makes is said to be LPS, beside one that nobody speaks for.
  setup.transforms.push_back({{"Tracker", "Patient"}, {}, {}, "", {}});
  const TrackedSetup tied = written_again(scratch.path(), setup);
  expect_equal(tied, setup);
  const std::string xml = read_text(scratch / "again.xml");
  EXPECT_GT(xml.find("PatientAxes"), xml.find("From=\"Tracker\""));
  EXPECT_EQ(xml.find("PatientAxes"), xml.rfind("PatientAxes"));
}

TEST(PatientAxesOfASetup, ThatAreNonsenseAreRefusedByFileAttributeAndValue) {
  const testing::ScratchFolder scratch;
  for (const char* value : {"RSA", "lps", "", "LPS "}) {
    write_text(scratch / "plus.xml", configuration("PatientAxes=\"" + std::string(value) + "\""));
    EXPECT_THAT(testing::message_of([&] { read_tracked_setup(scratch / "plus.xml"); }),
                AllOf(HasSubstr((scratch / "plus.xml").string()),
                      HasSubstr("PatientAxes of the transform from Reference to Patient is '" +
                                std::string(value) + "', neither LPS nor RAS")));
  }
}

/// A recording of one moment with a pose to the patient; its line about axes is replaced by `line`.
ultrasound::TrackedSequence recording(const std::filesystem::path& file, const std::string& line) {
  ultrasound::TrackedSequence sequence;
  sequence.frames.resize(1);
  sequence.frames[0].time_s = 1.0;
  sequence.frames[0].image_status = "INVALID";
  sequence.frames[0].poses[{"Reference", "Patient"}] = {{0, -1, 0, 5, 1, 0, 0, 6, 0, 0, 1, 7, 0, 0, 0, 1}};
  write_tracked_sequence(file, sequence);
  std::string text = read_text(file);
  const std::string stamped = file.extension() == ".mha" ? "PatientAxes = LPS\n" : "PatientAxes:=LPS\n";
  const std::size_t at = text.find(stamped);
  EXPECT_NE(at, std::string::npos);
  text.replace(at, stamped.size(), line);
  write_text(file, text);
  return read_tracked_sequence(file);
}

TEST(PatientAxesOfARecording, AreWrittenAgainOnlyIfTheyWereStated) {
  const testing::ScratchFolder scratch;
  for (const bool meta : {true, false}) {
    const std::string name = meta ? "a.mha" : "a.nrrd", between = meta ? " = " : ":=";
    const std::filesystem::path again = scratch / ("again_" + name);
    for (const char* axes : {"LPS", "RAS"}) {
      const auto stated = recording(scratch / name, "PatientAxes" + between + axes + "\n");
      EXPECT_TRUE(stated.patient_axes_stated);
      EXPECT_THAT(stated.remarks, IsEmpty());
      EXPECT_EQ(stated.frames[0].poses.begin()->second.rows[3], axes[0] == 'L' ? 5.0 : -5.0);
      write_tracked_sequence(again, stated);
      EXPECT_THAT(read_text(again), HasSubstr("PatientAxes" + between + "LPS\n"));
      const auto back = read_tracked_sequence(again);
      EXPECT_EQ(back.frames[0].poses, stated.frames[0].poses);
      EXPECT_THAT(back.remarks, IsEmpty());
    }
    const auto unsaid = recording(scratch / name, "");
    EXPECT_FALSE(unsaid.patient_axes_stated);
    EXPECT_THAT(unsaid.remarks, ElementsAre(HasSubstr("not stated and taken as LPS")));
    EXPECT_EQ(unsaid.frames[0].poses.begin()->second.rows[3], 5.0);
    write_tracked_sequence(again, unsaid);
    EXPECT_THAT(read_text(again), Not(HasSubstr("PatientAxes")));
    const auto back = read_tracked_sequence(again);
    EXPECT_EQ(back.frames[0].poses, unsaid.frames[0].poses);
    EXPECT_EQ(back.remarks, unsaid.remarks);
    EXPECT_FALSE(back.patient_axes_stated);
    EXPECT_THAT(testing::message_of([&] { recording(scratch / name, "PatientAxes" + between + "RSA\n"); }),
                AllOf(HasSubstr((scratch / name).string()), HasSubstr("PatientAxes is 'RSA'")));
  }
}

}  // namespace
}  // namespace genu::io
