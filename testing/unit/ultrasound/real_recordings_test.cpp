// SPDX-License-Identifier: Apache-2.0
// Calibrations and a reconstruction of recordings that were made with PLUS, beside what it made of them.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include <genu/io/tracked_files.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/landmarks.h>
#include <genu/ultrasound/pivot_calibration.h>
#include <genu/ultrasound/reconstruct.h>
#include <genu/ultrasound/spatial_calibration.h>
#include <genu/ultrasound/temporal_calibration.h>

namespace genu::ultrasound {
namespace {

io::TrackedSetup fcal_phantom() {
  return io::read_tracked_setup(testing::source_root() / "data" / "ultrasound" / "fcal_2.0.xml");
}

/// Where the phantom stood in the recordings of its calibration (PLUS, 11 September 2012).
CoordinateFrames phantom_in_place() {
  CoordinateFrames always;
  always.set({"Phantom", "Reference"}, AffineTransform(Matrix3{{{{-0.0167397, -0.0153548, -0.999742},
                                                                 {-0.999834, 0.0075107, 0.0166258},
                                                                 {0.00725347, 0.999854, -0.015478}}}},
                                                       {15.6642, -25.3628, -40.7799}));
  return always;
}

TEST(RealRecordings, SpatialCalibrationIsWhatPlusFound) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const auto phantom = fcal_phantom().n_wires;
  const auto views_in = [&](const char* file) {
    return wire_views(io::read_tracked_sequence(folder / file), phantom_in_place(), phantom);
  };
  const auto views = views_in("fCal_Test_Calibration_3NWires_fCal2.0.igs.mha");
  // PLUS found the wires in 184 of the 190 pictures, and in all 103 for validation.
  const SpatialCalibration c = calibrate_spatial(views, phantom);
  EXPECT_GE(c.views, 184U);
  EXPECT_EQ(c.views + c.outliers + c.unread, 190U);
  const auto others = views_in("fCal_Test_Validation_3NWires_fCal2.0.igs.mha");
  const auto found = std::count_if(others.begin(), others.end(),
                                   [](const WireView& view) { return !view.readings.empty(); });
  EXPECT_GE(found, 101);
  // With all its points PLUS is off by 0.517 mm, and 0.569 mm in validation.
  EXPECT_NEAR(c.fitted.mean_mm, 0.542, 0.005);
  EXPECT_NEAR(c.left_out.mean_mm, 0.631, 0.005);
  EXPECT_NEAR(validate_spatial(c.probe_from_image, others).mean_mm, 0.573, 0.005);
  EXPECT_LT(c.corner_sd_mm, 0.5);
  const auto plus = io::read_tracked_setup(folder / "FreehandCalibration3NWires_fCal2.0.results.xml")
                        .transforms.front()
                        .transform;
  for (const double x : {200.0, 600.0})
    for (const double y : {180.0, 450.0})
      EXPECT_LT(distance(c.probe_from_image(Point3{x, y, 0}), plus(Point3{x, y, 0})), 0.15) << x << " " << y;
}

TEST(RealRecordings, TemporalCalibrationIsWhatPlusFound) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const auto video = io::read_tracked_sequence(folder / "WaterTankBottomTranslationVideoBuffer.igs.mha");
  const auto poses =
      io::read_tracked_sequence(folder / "WaterTankBottomTranslationTrackerBuffer-trimmed.igs.mha");
  const TemporalCalibration c =
      calibrate_temporal(line_depths(video), motion_of_pose(poses, "Probe", "Tracker"));
  EXPECT_NEAR(c.lag_s, -0.0648, 0.002);
  EXPECT_EQ(c.skipped, 0U);
  EXPECT_GT(c.correlation, 0.98);
}

TEST(RealRecordings, ATipAndEightLandmarksComeFromOneRecording) {
  GENU_REQUIRE_DATA(file, "ultrasound/tracked/EightLandmarkPointsTrackedForPhantomRegistration.igs.mha");
  const auto recording = io::read_tracked_sequence(file);
  const PivotCalibration c = calibrate_pivot(rigid_poses(recording, "Stylus", "Reference"));
  EXPECT_LT(c.tip_sd_mm, 0.1);
  EXPECT_LT(c.left_out.mean_mm, 0.6);
  CoordinateFrames always;
  always.set({"StylusTip", "Stylus"}, AffineTransform(RigidTransform::translation_by(c.tip_in_stylus)));
  const auto landmarks = fcal_phantom().landmarks;
  const LandmarkRegistration r = register_landmarks(
      landmarks_touched(landmarks, resting_places(recording, "StylusTip", "Reference", always)), landmarks);
  EXPECT_EQ(r.names.size(), 8U);
  // The electromagnetic tracker sees the phantom 1 % too small.
  EXPECT_LT(r.fitted.mean_mm, 1.3);
  EXPECT_LT(r.left_out.max_mm, 2.0);
}

TEST(RealRecordings, TheSpineIsReconstructedAsPlusDid) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const auto sweep = io::read_tracked_sequence(folder / "SpinePhantomFreehand.igs.mha");
  const auto always =
      io::read_tracked_setup(folder / "PlusDeviceSet_SpinePhantomFreehandReconstructionOnly.xml")
          .coordinate_frames();
  const auto theirs = io::read_volume(folder / "SpinePhantomFreehandReconstructed.mha");
  const Reconstruction r = reconstruct(sweep, always, "Reference", {.grid = theirs.geometry()});
  EXPECT_EQ(r.frames_used, 21U);
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t v = 0; v < theirs.voxels().size(); ++v) {
    const double a = r.volume.voxels()[v], b = theirs.voxels()[v];
    n += 1;
    x += a;
    y += b;
    xx += a * a;
    yy += b * b;
    xy += a * b;
  }
  EXPECT_GT((xy - x * y / n) / std::sqrt((xx - x * x / n) * (yy - y * y / n)), 0.99);
}

}  // namespace
}  // namespace genu::ultrasound
