// SPDX-License-Identifier: Apache-2.0
// Set-ups as PLUS writes them.
#include <string>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

namespace genu::io {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(TrackedSetup, ReadsTransformsWiresAndLandmarks) {
  const testing::ScratchFolder scratch;
  write_text(scratch / "setup.xml", R"(<PlusConfiguration version="2.0">
    <PhantomDefinition><Geometry>
      <NWire><Wire Id="1" Name="A_a" EndPointFront="20 0 5" EndPointBack="20 40 5"/>
             <Wire Id="2" Name="B_b" EndPointFront="25 0 5" EndPointBack="45 40 5"/>
             <Wire Id="3" Name="C_c" EndPointFront="50 0 5" EndPointBack="50 40 5"/></NWire>
      <Landmarks><Landmark Name="#1" Position="95.0 5.0 15.0"/></Landmarks>
    </Geometry></PhantomDefinition>
    <CoordinateDefinitions>
      <Transform From="Image" To="Probe" Matrix="0 -2 0 5
         2 0 0 6
         0 0 2 7
         0 0 0 1" Error="0.508" Date="2011.08.19"/>
    </CoordinateDefinitions></PlusConfiguration>)");
  const TrackedSetup setup = read_tracked_setup(scratch / "setup.xml");
  ASSERT_EQ(setup.transforms.size(), 1u);
  EXPECT_EQ(setup.transforms[0].frames, (ultrasound::FramePair{"Image", "Probe"}));
  EXPECT_EQ(setup.transforms[0].error_mm, 0.508);
  EXPECT_EQ(setup.transforms[0].date, "2011.08.19");
  EXPECT_EQ((*setup.coordinate_frames().find("Image", "Probe"))(Point3{1, 0, 0}), (Point3{5, 8, 7}));
  ASSERT_EQ(setup.n_wires.size(), 1u);
  EXPECT_EQ(setup.n_wires[0][1].name, "B_b");
  EXPECT_EQ(setup.n_wires[0][1].back, (Point3{45, 40, 5}));
  ASSERT_EQ(setup.landmarks.size(), 1u);
  EXPECT_EQ(setup.landmarks[0].position, (Point3{95, 5, 15}));
}

TEST(TrackedSetup, RefusesWhatIsNoSetUpNamingTheElement) {
  const testing::ScratchFolder scratch;
  const auto refusal_of = [&](const std::string& xml) -> std::string {
    write_text(scratch / "setup.xml", xml);
    try {
      read_tracked_setup(scratch / "setup.xml");
    } catch (const IoError& error) {
      EXPECT_THAT(error.what(), HasSubstr("setup.xml"));
      return error.what();
    }
    return "not refused";
  };
  const std::string begin = "<P><CoordinateDefinitions><Transform ", end = "/></CoordinateDefinitions></P>";
  EXPECT_THAT(refusal_of("<P><open></P>"), HasSubstr("no sound XML"));
  EXPECT_THAT(refusal_of("<P/>"), HasSubstr("no element Transform"));
  EXPECT_THAT(refusal_of(begin + R"(To="B" Matrix="1")" + end), HasSubstr("no attribute From"));
  EXPECT_THAT(refusal_of(begin + R"(From="A" To="B" Matrix="1 0 0")" + end), HasSubstr("'1 0 0', not 16"));
  EXPECT_THAT(refusal_of(begin + R"(From="A" To="B" Matrix="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1")" + end),
              HasSubstr("can't be inverted"));
  const std::string matrix = R"(Matrix="1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1" )";
  for (const char* size : {"0 5", "1e300 5", "820.5 616", "-3 4"})
    EXPECT_THAT(refusal_of(begin + R"(From="Image" To="Probe" ImageOrientation="MF" ImageSize=")" + size +
                           "\" " + matrix + end),
                HasSubstr("not two numbers of pixels"));
  EXPECT_THAT(refusal_of(begin + R"(From="Image" To="Probe" ImageOrientation="MF" ImageSize="nan 4" )" +
                         matrix + end),
              AllOf(HasSubstr("ImageSize"), HasSubstr("'nan 4', not 2 numbers")));
  for (const char* depth : {"nan", "inf", "0", "-5"})
    EXPECT_THAT(
        refusal_of(begin +
                   R"(From="Image" To="Probe" ImageOrientation="MF" ImageSize="4 3" ImagingDepthMm=")" +
                   depth + "\" " + matrix + end),
        AllOf(HasSubstr("ImagingDepthMm"), HasSubstr(std::string("'") + depth + "'")));
  const std::string landmark = "<P><PhantomDefinition><Geometry><Landmarks><Landmark Name=\"1\" Position=\"",
                    rest = "\"/></Landmarks></Geometry></PhantomDefinition></P>";
  EXPECT_THAT(refusal_of(landmark + "1 nan 3" + rest), AllOf(HasSubstr("Position"), HasSubstr("'1 nan 3'")));
  const std::string other = R"(Matrix="1 0 0 5 0 1 0 0 0 0 1 0 0 0 0 1" )";
  for (const auto& [from, to] : {std::pair{"Image", "Probe"}, {"Probe", "Image"}}) {
    const std::string second = std::string("/><Transform From=\"") + from + "\" To=\"" + to + "\" ";
    EXPECT_THAT(refusal_of(begin + R"(From="Image" To="Probe" )" + matrix + second + other + end),
                HasSubstr("two transforms between Image and Probe that differ"));
    EXPECT_EQ(refusal_of(begin + R"(From="Image" To="Probe" )" + matrix + second + matrix + end),
              "not refused");
  }
  // The same turn by 30 degrees there and back, in four digits.
  EXPECT_EQ(
      refusal_of(
          begin + R"(From="Image" To="Probe" Matrix="0.866 -0.5 0 1 0.5 0.866 0 2 0 0 1 3 0 0 0 1"/>)" +
          R"(<Transform From="Probe" To="Image" Matrix="0.866 0.5 0 -1.866 -0.5 0.866 0 -1.232 0 0 1 -3 0 0 0 1")" +
          end),
      "not refused");
  EXPECT_THAT(refusal_of(begin + R"(From="Reference" To="Patient" PatientAxes="RSA" )" + matrix + end),
              HasSubstr("'RSA', neither LPS nor RAS"));
  EXPECT_THAT(refusal_of("<P><PhantomDefinition><Geometry><NWire/></Geometry></PhantomDefinition></P>"),
              HasSubstr("0 elements Wire"));
}

TEST(TrackedSetup, RealConfigurationsGiveTheImageItsPlace) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const TrackedSetup spine =
      read_tracked_setup(folder / "PlusDeviceSet_SpinePhantomFreehandReconstructionOnly.xml");
  EXPECT_EQ(spine.transforms.size(), 2u);
  EXPECT_EQ(spine.transforms[0].error_mm, 1.68149);
  const auto recording = read_tracked_sequence(folder / "SpinePhantomFreehand.igs.mha");
  const auto moment = ultrasound::at_moment(recording.frames[0], spine.coordinate_frames());
  ASSERT_TRUE(moment.find("Image", "Reference"));
  // A pixel is about 0.08 mm wide and high.
  const AffineTransform reference_from_image = *moment.find("Image", "Reference");
  EXPECT_NEAR(length(reference_from_image(Vector3{1, 0, 0})), 0.085, 0.003);
  EXPECT_NEAR(length(reference_from_image(Vector3{0, 1, 0})), 0.079, 0.003);
  const TrackedSetup result = read_tracked_setup(folder / "FreehandCalibration3NWires_fCal2.0.results.xml");
  EXPECT_EQ(result.transforms.size(), 1u);
  const TrackedSetup wires =
      read_tracked_setup(folder / "PlusDeviceSet_NwirePhantomFreehand_vtkVolumeReconstructorTest2.xml");
  EXPECT_EQ(wires.n_wires.size(), 2u);
  EXPECT_EQ(wires.landmarks.size(), 8u);
}

TEST(TrackedSetup, IsReadAsItWasWritten) {
  TrackedSetup setup;
  const AffineTransform image(Matrix3{{{{1.0 / 3.0, 0.07, 1e-17}, {-0.08, 2.0 / 7.0, 0}, {0, 0, 0.1}}}},
                              {1.5, -2, 1e-9});
  setup.transforms = {{{"Image", "Probe"},
                       image,
                       0.573,
                       "2026-11-22T10:00:00Z",
                       ultrasound::ImageSetup{820, 616, "MF", 45.5}},
                      {{"Phantom", "Reference"}, AffineTransform{}, {}, "", {}},
                      {{"Reference", "Patient"}, image, {}, "", {}}};
  setup.n_wires = {{{{"a", {30, 0, 20}, {30, 40, 20}},
                     {"b", {55, 0, 20}, {35, 40, 20}},
                     {"c", {60, 0, 20}, {60, 40, 20.1}}}}};
  setup.landmarks = {{"#1 <front> & back", {104.3, 5, 20}}};
  const testing::ScratchFolder folder;
  write_tracked_setup(folder / "set-up.xml", setup);
  const TrackedSetup read = read_tracked_setup(folder / "set-up.xml");
  const std::string xml = read_text(folder / "set-up.xml");
  EXPECT_EQ(xml.find("PatientAxes=\"LPS\""), xml.rfind("PatientAxes")) << "of that transform alone";
  EXPECT_GT(xml.find("PatientAxes=\"LPS\""), xml.find("To=\"Patient\""));
  ASSERT_EQ(read.transforms.size(), 3U);
  for (std::size_t n = 0; n < 3; ++n) {
    EXPECT_EQ(read.transforms[n].frames, setup.transforms[n].frames);
    EXPECT_EQ(read.transforms[n].transform.linear(), setup.transforms[n].transform.linear());
    EXPECT_EQ(read.transforms[n].transform.translation(), setup.transforms[n].transform.translation());
    EXPECT_EQ(read.transforms[n].error_mm, setup.transforms[n].error_mm);
    EXPECT_EQ(read.transforms[n].date, setup.transforms[n].date);
    EXPECT_EQ(read.transforms[n].pictures, setup.transforms[n].pictures);
  }
  ASSERT_EQ(read.n_wires.size(), 1U);
  EXPECT_EQ(read.n_wires[0][2].back, (Point3{60, 40, 20.1}));
  EXPECT_EQ(read.n_wires[0][1].name, "b");
  ASSERT_EQ(read.landmarks.size(), 1U);
  EXPECT_EQ(read.landmarks[0].name, "#1 <front> & back");
  EXPECT_EQ(read.landmarks[0].position, (Point3{104.3, 5, 20}));
  EXPECT_THROW(write_tracked_setup(folder / "no" / "such" / "set-up.xml", setup), IoError);
}

TEST(TrackedSetup, ASetUpHasOneTieToThePatient) {
  TrackedSetup setup;
  const auto tie = [&](const ultrasound::FramePair& frames) {
    setup.transforms.push_back({.frames = frames, .transform = {}, .error_mm = {}, .date = {}});
  };
  tie({"Image", "Probe"});
  EXPECT_EQ(setup.patient_tie(), nullptr);
  tie({"Tracker", "Patient"});
  ASSERT_NE(setup.patient_tie(), nullptr);
  EXPECT_EQ(setup.patient_tie()->frames.from, "Tracker");
  tie({"Patient", "Reference"});
  try {
    setup.patient_tie();
    FAIL() << "not refused";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), HasSubstr("TrackerToPatient and PatientToReference"));
  }
}

}  // namespace
}  // namespace genu::io
