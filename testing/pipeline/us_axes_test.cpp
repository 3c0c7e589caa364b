// SPDX-License-Identifier: Apache-2.0
// What a verb says of the patient's axes that a set-up leaves open, and hands on.
#include <array>
#include <cmath>

#include <gmock/gmock.h>

#include <genu/core/rigid_transform.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// A stylus that is turned about its tip, in a circle.
ultrasound::TrackedSequence pivoting() {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < 200; ++f) {
    const double at = 0.06 * f;
    const RigidTransform turn =
        RigidTransform::rotation_about({10, 20, 30}, {std::cos(at), std::sin(at), 0}, 25.0);
    ultrasound::TrackedFrame frame;
    frame.image_status = "INVALID";
    frame.time_s = 0.05 * f;
    ultrasound::TrackedPose& pose = frame.poses[{"Stylus", "Reference"}];
    const Vector3& shift = turn.translation();
    const std::array<double, 3> last{shift.x, shift.y, shift.z};
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t c = 0; c < 3; ++c) pose.rows[4 * r + c] = turn.rotation().rows[r][c];
      pose.rows[4 * r + 3] = last[r];
    }
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

TEST(UsAxes, ThatASetupLeavesOpenAreToldAndNotStampedOnWhatIsHandedOn) {
  const ScratchFolder scratch;
  io::write_tracked_sequence(scratch / "stylus.igs.mha", pivoting());
  const auto calibrated = [&](const std::string& attribute, const char* out) {
    io::write_text(scratch / "plus.xml",
                   R"(<PlusConfiguration><CoordinateDefinitions><Transform From="Reference" To="Patient" )"
                   R"(Matrix="1 0 0 5 0 1 0 6 0 0 1 7 0 0 0 1" )" +
                       attribute + "/></CoordinateDefinitions></PlusConfiguration>");
    return genu({"us", "calibrate", "stylus", scratch / "stylus.igs.mha", "--setup", scratch / "plus.xml",
                 "--out", scratch / out});
  };
  const Ended open = calibrated("", "open");
  ASSERT_EQ(open.exit_code, 0) << open.err;
  const std::string remark =
      "the axes of Patient are not stated in '" + (scratch / "plus.xml").string() + "', taken as LPS";
  EXPECT_THAT(open.err, HasSubstr(remark));
  EXPECT_EQ(open.err.find(remark), open.err.rfind(remark)) << "once";
  EXPECT_THAT(io::read_text(scratch / "open" / "setup.xml"), Not(HasSubstr("PatientAxes")));

  const Ended ras = calibrated(R"(PatientAxes="RAS")", "ras");
  ASSERT_EQ(ras.exit_code, 0) << ras.err;
  EXPECT_THAT(ras.err, Not(HasSubstr("axes")));
  const io::TrackedSetup setup = io::read_tracked_setup(scratch / "ras" / "setup.xml");
  ASSERT_EQ(setup.transforms.size(), 2U);
  EXPECT_EQ(setup.transforms[0].transform.translation(), (Vector3{-5, -6, 7}));
  EXPECT_TRUE(setup.transforms[0].patient_axes_stated);

  expect_one_line(calibrated(R"(PatientAxes="RSA")", "none"), 3, "'RSA', neither LPS nor RAS");
}

}  // namespace

}  // namespace genu::testing
