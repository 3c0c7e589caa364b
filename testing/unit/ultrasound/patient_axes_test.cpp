// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gtest/gtest.h>

#include <genu/ultrasound/patient_axes.h>

namespace genu::ultrasound {
namespace {

TrackedPose numbered() {
  return {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0, 0, 0, 1}};
}

TEST(PatientAxes, AreThoseOfTheFramePatientAlone) {
  EXPECT_TRUE(is_of_patient(FramePair{"Reference", "Patient"}));
  EXPECT_TRUE(is_of_patient(FramePair{"Patient", "Reference"}));
  EXPECT_FALSE(is_of_patient(FramePair{"PatientProbe", "Reference"}));
  TrackedSequence sequence;
  sequence.frames.resize(2);
  sequence.frames[0].poses[{"Probe", "Tracker"}] = {};
  EXPECT_FALSE(is_of_patient(sequence));
  sequence.frames[1].poses[{"Patient", "Tracker"}] = {};
  EXPECT_TRUE(is_of_patient(sequence));
}

TEST(PatientAxes, AreTurnedOnThePatientsSide) {
  TrackedPose to = numbered();
  turn_patient_axes({"Reference", "Patient"}, to);
  EXPECT_EQ(to.rows, (TrackedPose{{-1, -2, -3, -4, -5, -6, -7, -8, 9, 10, 11, 12, 0, 0, 0, 1}}.rows));
  TrackedPose from = numbered();
  turn_patient_axes({"Patient", "Reference"}, from);
  EXPECT_EQ(from.rows, (TrackedPose{{-1, -2, 3, 4, -5, -6, 7, 8, -9, -10, 11, 12, 0, 0, 0, 1}}.rows));
  TrackedPose other = numbered();
  turn_patient_axes({"Probe", "Tracker"}, other);
  EXPECT_EQ(other, numbered());
  for (const double value : to.rows) EXPECT_FALSE(value == 0.0 && std::signbit(value));
  turn_patient_axes({"Reference", "Patient"}, to);
  EXPECT_EQ(to, numbered()) << "and back";
}

TEST(PatientAxes, OfALostPoseThatIsTheIdentityStay) {
  TrackedPose lost{.status = "MISSING"};
  turn_patient_axes({"Reference", "Patient"}, lost);
  EXPECT_EQ(lost, TrackedPose{.status = "MISSING"});
  TrackedPose sound;
  turn_patient_axes({"Reference", "Patient"}, sound);
  EXPECT_EQ(sound.rows[0], -1.0);
}

}  // namespace
}  // namespace genu::ultrasound
