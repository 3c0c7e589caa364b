// SPDX-License-Identifier: Apache-2.0
// The ultrasound panel: what it shows of clips, recordings, needles, plans and live streams.
#include <QApplication>
#include <QEvent>
#include <QImage>
#include <QObject>
#include <QSlider>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/io/tracked_files.h>
#include <genu/network/replay_server.h>
#include <genu/testing/data.h>
#include <genu/ultrasound/simulate.h>

#include "ultrasound_panel.h"
#include "widget_test.h"

namespace genu::viewer {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

Frame ramp(int width, int height, int seed = 0) {
  Frame frame{width, height, 1, {}};
  for (int p = 0; p < width * height; ++p)
    frame.pixels.push_back(static_cast<std::uint8_t>(60 + (p + 20 * seed) % 150));
  return frame;
}

ultrasound::TrackedSequence sweep(int count, double step_s = 0.05) {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < count; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = ramp(120, 80, f);
    frame.time_s = 215.1 + step_s * f;
    frame.poses[{"Probe", "Tracker"}] = {};
    frame.poses[{"Reference", "Tracker"}] = {};
    sequence.frames.push_back(std::move(frame));
  }
  return sequence;
}

std::shared_ptr<UltrasoundRecording> tracked(ultrasound::TrackedSequence sequence) {
  auto recording = std::make_shared<UltrasoundRecording>();
  recording->name = "sweep.igs.mha";
  recording->tracked = true;
  recording->sequence = std::move(sequence);
  return recording;
}

/// Pixels of 0.2 x 0.1 mm for pictures of a size, and the tracker's Reference in the patient.
io::TrackedSetup setup_for(int width, int height) {
  io::TrackedSetup setup;
  setup.transforms.push_back(
      {.frames = {"Image", "Probe"},
       .transform = {Matrix3::from_columns({0.2, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}), {}},
       .error_mm = {},
       .date = {},
       .pictures = ultrasound::ImageSetup{.width = width, .height = height, .depth_mm = {}}});
  setup.transforms.push_back({.frames = {"Reference", "Patient"},
                              .transform = {Matrix3{}, Vector3{100, 50, 20}},
                              .error_mm = {},
                              .date = {}});
  return setup;
}

constexpr PixelSize needle_pixel{0.1, 0.1};

/// Muscle, with a needle of 25 mm in it that comes in from the left at 30 degrees, or without.
Frame muscle(bool with_needle) {
  const auto plane = ultrasound::tissue_plane(Tissue::muscle, 360, 320, needle_pixel);
  std::vector<ultrasound::SimulatedNeedle> needles;
  if (with_needle) needles.push_back({.entry = {0, 40}, .tip = {216.5, 165}});
  return ultrasound::simulate_frame(plane, needles, {.looks = 3});
}

std::shared_ptr<const UltrasoundRecording> still(Frame image) {
  ultrasound::UltrasoundClip clip;
  clip.frames.push_back(std::move(image));
  clip.times_s = {0.0};
  return std::make_shared<UltrasoundRecording>(recording_of(std::move(clip)));
}

/// Counts how often a widget is drawn.
class PaintCounter : public QObject {
 public:
  int count = 0;

 protected:
  bool eventFilter(QObject*, QEvent* event) override {
    count += event->type() == QEvent::Paint ? 1 : 0;
    return false;
  }
};

class Ultrasound : public WidgetTest {
 protected:
  Ultrasound() {
    panel_.resize(700, 800);
    panel_.show();
    QApplication::processEvents();
  }

  void settle() {
    wait_for([&] { return panel_.settled(); }, "settled");
  }
  std::string words() const { return panel_.words().toStdString(); }
  std::string frame_words() const { return panel_.frame_words().toStdString(); }
  const ShownUltrasound& shown() const { return panel_.view().shown(); }
  std::string alarms() const { return shown().alarms.join("; ").toStdString(); }
  void use(const io::TrackedSetup& setup) {
    io::write_tracked_setup(scratch_ / "setup.xml", setup);
    panel_.use_setup(scratch_ / "setup.xml");
  }

  testing::ScratchFolder scratch_;
  UltrasoundPanel panel_{state_};
};

TEST(UltrasoundPlayback, FollowsTheTimesOfTheFrames) {
  UltrasoundPlayback playback;
  playback.set_times({5.0, 5.1, 5.4, 5.5});
  EXPECT_TRUE(playback.times_known());
  EXPECT_EQ(playback.frame_at(0.05), 0);
  EXPECT_EQ(playback.frame_at(0.15), 1);
  EXPECT_EQ(playback.frame_at(0.35), 1);
  EXPECT_EQ(playback.frame_at(0.45), 2);
  EXPECT_EQ(playback.frame_at(0.55), 3);
  EXPECT_EQ(playback.frame_at(playback.length_s() + 0.15), 1);
}

TEST(UltrasoundPlayback, TenASecondWhereTimesAreNotKnown) {
  UltrasoundPlayback playback;
  for (const std::vector<double>& times : {std::vector{nan, nan, nan}, {0.0, 2.0, 1.0}, {0.0, 0.0, 0.0}}) {
    playback.set_times(times);
    EXPECT_FALSE(playback.times_known());
    EXPECT_EQ(playback.frame_at(0.25), 2);
    EXPECT_NEAR(playback.length_s(), 0.3, 1e-9);
  }
}

TEST_F(Ultrasound, OpensAndPlaysARecording) {
  io::write_tracked_sequence(scratch_ / "made_up.igs.mha", sweep(4));
  panel_.load(scratch_ / "made_up.igs.mha");
  settle();
  EXPECT_EQ(panel_.shown_frame(), 0);
  EXPECT_THAT(frame_words(), HasSubstr("frame 1 of 4"));
  const QImage first = panel_.grab().toImage();
  auto* slider = panel_.findChild<QSlider*>();
  slider->setValue(2);
  EXPECT_EQ(panel_.shown_frame(), 2);
  EXPECT_THAT(frame_words(), HasSubstr("frame 3 of 4   0.10 s"));
  EXPECT_NE(panel_.grab().toImage(), first);
  panel_.play(true);
  wait_for([&] { return panel_.shown_frame() == 3; }, "the last frame");
  wait_for([&] { return panel_.shown_frame() == 0; }, "the first frame again");
  panel_.play(false);
  EXPECT_EQ(slider->value(), panel_.shown_frame());
}

TEST_F(Ultrasound, UnknownTimesAreSaid) {
  panel_.show_recording(tracked(sweep(3, nan)));
  EXPECT_THAT(frame_words(), HasSubstr("times not known, 10 a second"));
}

// PLUS writes the depth once a recording or once a frame.
TEST_F(Ultrasound, ARecordingOfAnotherDepthHasNoScale) {
  io::TrackedSetup setup = setup_for(120, 80);
  setup.transforms[0].pictures->depth_mm = 40.0;
  use(setup);
  ultrasound::TrackedSequence deep = sweep(2), alike = sweep(2);
  deep.fields = {{"DepthMm", "60"}};
  alike.fields = {{"DepthMm", "40"}};
  panel_.show_recording(tracked(std::move(deep)));
  settle();
  EXPECT_FALSE(shown().pixel);
  EXPECT_THAT(words(), AllOf(HasSubstr("40.0 mm"), HasSubstr("60.0 mm")));
  panel_.show_recording(tracked(std::move(alike)));
  settle();
  EXPECT_TRUE(shown().pixel);
  EXPECT_THAT(words(), Not(HasSubstr("do not say theirs")));
}

// A recorder writes black for moments without an image; depth begins where the echo image does, not there.
TEST_F(Ultrasound, DepthBeginsWhereTheFirstRealPictureShowsIt) {
  ultrasound::TrackedSequence sequence;
  for (int f = 0; f < 3; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = {300, 240, 1, std::vector<std::uint8_t>(300 * 240, 0)};
    frame.time_s = 0.1 * f;
    if (f == 0) frame.image_status = "INVALID";
    if (f == 2)
      for (int y = 40; y < 240; ++y)
        for (int x = 30; x < 270; ++x)
          frame.image.pixels[static_cast<std::size_t>(y) * 300 + static_cast<std::size_t>(x)] =
              static_cast<std::uint8_t>(60 + (7 * x + 13 * y) % 150);
    sequence.frames.push_back(std::move(frame));
  }
  panel_.show_recording(tracked(std::move(sequence)));
  panel_.findChild<QSlider*>()->setValue(2);
  settle();
  ASSERT_TRUE(shown().part);
  EXPECT_NEAR(shown().part->y, 40, 3);
  EXPECT_NEAR(shown().face_row, 40.0, 3.0);
}

// Where the echo image fills the picture that is known from then on; a later one with a dark border does not
// change it.
TEST_F(Ultrasound, APictureThatIsFilledIsJudgedOnce) {
  ultrasound::TrackedSequence sequence;
  for (const int border : {0, 40}) {
    ultrasound::TrackedFrame frame;
    frame.image = {300, 240, 1, std::vector<std::uint8_t>(300 * 240, 0)};
    frame.time_s = 0.001 * border;
    for (int y = border; y < 240; ++y)
      for (int x = border; x < 300; ++x)
        frame.image.pixels[static_cast<std::size_t>(y) * 300 + static_cast<std::size_t>(x)] =
            static_cast<std::uint8_t>(60 + (7 * x + 13 * y) % 150);
    sequence.frames.push_back(std::move(frame));
  }
  panel_.show_recording(tracked(std::move(sequence)));
  EXPECT_EQ(shown().part, (PixelBounds{0, 0, 300, 240}));
  panel_.go_to(1);
  EXPECT_EQ(panel_.shown_frame(), 1);
  EXPECT_EQ(shown().part, (PixelBounds{0, 0, 300, 240}));
  EXPECT_EQ(shown().face_row, 0.0);
}

TEST_F(Ultrasound, AClipsRegionGivesScaleAndShape) {
  ultrasound::UltrasoundClip clip;
  clip.frames = {ramp(200, 160)};
  clip.times_s = {0.0};
  ultrasound::UltrasoundRegion region;
  region.item = 1;
  region.min_x = 20, region.min_y = 10, region.max_x = 179, region.max_y = 149;
  region.format = ultrasound::RegionFormat::two_dimensional;
  region.content = ultrasound::RegionContent::tissue;
  region.x = {.unit = ultrasound::RegionUnit::centimetre, .delta = 0.04, .reference_pixel = {}};
  region.y = {.unit = ultrasound::RegionUnit::centimetre, .delta = 0.02, .reference_pixel = {}};
  clip.regions = {region};
  panel_.show_recording(std::make_shared<UltrasoundRecording>(recording_of(clip)));
  EXPECT_THAT(words(), HasSubstr("0.4 x 0.2 mm a pixel (region 1 of the file)"));
  const QRectF picture = panel_.view().picture_rect();
  EXPECT_NEAR(picture.width() / picture.height(), 2.0 * 200.0 / 160.0, 1e-6);
  EXPECT_EQ(shown().part, (PixelBounds{20, 10, 160, 140}));
  EXPECT_EQ(shown().face_row, 10.0);
  clip.regions[0].y.reference_pixel = 6;
  clip.regions[0].y.reference_value = 0.0;
  panel_.show_recording(std::make_shared<UltrasoundRecording>(recording_of(clip)));
  EXPECT_EQ(shown().face_row, 16.5) << "the middle of row 16";
}

TEST_F(Ultrasound, APictureWithoutScaleSaysSoAndWhy) {
  QImage(60, 40, QImage::Format_Grayscale8).save(QString::fromStdString((scratch_ / "still.png").string()));
  panel_.load(scratch_ / "still.png");
  settle();
  EXPECT_THAT(words(), HasSubstr("no scale: "));
  EXPECT_FALSE(shown().pixel);
  EXPECT_FALSE(shown().no_scale.isEmpty());
}

TEST_F(Ultrasound, ASetupGivesScaleAndOneOfOtherPicturesIsRefused) {
  panel_.show_recording(tracked(sweep(2)));
  EXPECT_THAT(words(), HasSubstr("no scale"));
  use(setup_for(120, 80));
  ASSERT_TRUE(shown().pixel);
  EXPECT_NEAR(shown().pixel->x_mm, 0.2, 1e-9);
  EXPECT_NEAR(shown().pixel->y_mm, 0.1, 1e-9);
  EXPECT_THAT(words(), HasSubstr("Image to Probe of setup.xml"));
  use(setup_for(640, 480));
  EXPECT_FALSE(shown().pixel);
  EXPECT_THAT(words(), HasSubstr("setup.xml is of other pictures"));
}

TEST_F(Ultrasound, WhatIsNotSoundIsSaidInRed) {
  auto sequence = sweep(3);
  sequence.frames[1].poses[{"Probe", "Tracker"}].status = "INVALID";
  sequence.frames[2].image_status = "INVALID";
  panel_.show_recording(tracked(std::move(sequence)));
  const auto red = [&] {
    const QImage picture = panel_.grab().toImage();
    int count = 0;
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x) {
        const QColor c = picture.pixelColor(x, y);
        if (c.red() > 200 && c.green() < 120) ++count;
      }
    return count;
  };
  EXPECT_EQ(alarms(), "");
  EXPECT_EQ(red(), 0);
  panel_.go_to(1);
  EXPECT_EQ(alarms(), "ProbeToTracker INVALID");
  EXPECT_GT(red(), 50);
  EXPECT_FALSE(shown().image.isNull());
  panel_.go_to(2);
  EXPECT_EQ(alarms(), "image INVALID");
  EXPECT_TRUE(shown().image.isNull());
}

TEST_F(Ultrasound, FindsANeedleOnlyWhereThereIsOneAndWhereAsked) {
  panel_.show_recording(still(muscle(true)));
  EXPECT_FALSE(shown().needle);
  panel_.find_needles(true);
  settle();
  ASSERT_TRUE(shown().needle);
  EXPECT_NEAR(shown().needle->tip.x, 216.5, 12.0);
  EXPECT_NEAR(shown().needle->tip.y, 165.0, 8.0);
  EXPECT_THAT(words(), HasSubstr("30\u00b0 to the probe's face"));
  panel_.show_recording(still(muscle(false)));
  settle();
  EXPECT_FALSE(shown().needle);
  EXPECT_THAT(words(), HasSubstr("no needle"));
  panel_.find_needles(false);
  EXPECT_THAT(words(), Not(HasSubstr("Needle")));
}

/// Returns the pixels of the screen that a view has for a millimetre.
double scale_of(const UltrasoundView& view) {
  return view.picture_rect().height() / (view.shown().image.height() * view.shown().pixel->y_mm);
}

ShownUltrasound picture(int width, int height, double pixel_mm) {
  ShownUltrasound shown;
  shown.image = image_of(ramp(width, height));
  shown.pixel = PixelSize{pixel_mm, pixel_mm};
  return shown;
}

TEST_F(Ultrasound, PicturesThatAreComparedHaveOneScale) {
  UltrasoundView small, large;
  for (UltrasoundView* view : {&small, &large}) {
    view->resize(400, 300);
    view->show();
  }
  small.share_scale_with(large);
  small.show_picture(picture(200, 200, 0.1));
  const double alone = scale_of(small);
  EXPECT_NEAR(alone, 284.0 / 20.0, 1e-6);
  large.show_picture(picture(300, 300, 0.2));
  EXPECT_NEAR(scale_of(large), 284.0 / 60.0, 1e-6);
  EXPECT_NEAR(scale_of(small), scale_of(large), 1e-9);
  // It is in the middle still, and its places lie where they are drawn.
  EXPECT_NEAR(small.picture_rect().center().y(), 150.0, 1e-6);
  EXPECT_NEAR(small.on_screen({99.5, 99.5}).y(), 150.0, 1e-6);
  large.resize(400, 600);
  EXPECT_NEAR(scale_of(small), scale_of(large), 1e-9);
  EXPECT_GT(scale_of(small), 284.0 / 60.0);
  // What is hidden, has no picture or no scale is not compared with.
  large.hide();
  EXPECT_NEAR(scale_of(small), alone, 1e-9);
  large.show();
  EXPECT_LT(scale_of(small), alone);
  ShownUltrasound unscaled = large.shown();
  unscaled.pixel.reset();
  large.show_picture(unscaled);
  EXPECT_NEAR(scale_of(small), alone, 1e-9);
  EXPECT_NEAR(large.picture_rect().width(), 384.0, 1e-6);
  large.show_picture({});
  EXPECT_NEAR(scale_of(small), alone, 1e-9);
}

TEST_F(Ultrasound, APictureIsDrawnAgainWhereTheScaleBesideItChangesOnly) {
  UltrasoundView still, live;
  for (UltrasoundView* view : {&still, &live}) {
    view->resize(400, 300);
    view->show();
  }
  still.share_scale_with(live);
  still.show_picture(picture(200, 200, 0.1));
  live.show_picture(picture(300, 300, 0.1));
  const auto drawn_again = [&](const std::function<void()>& change) {
    for (int round = 0; round < 3; ++round) QApplication::processEvents();
    PaintCounter counter;
    still.installEventFilter(&counter);
    change();
    for (int round = 0; round < 3; ++round) QApplication::processEvents();
    still.removeEventFilter(&counter);
    return counter.count;
  };
  EXPECT_EQ(drawn_again([&] { live.show_picture(picture(300, 300, 0.1)); }), 0);
  EXPECT_GT(drawn_again([&] { live.show_picture(picture(300, 300, 0.2)); }), 0);
  EXPECT_GT(drawn_again([&] { live.resize(300, 250); }), 0);
  EXPECT_GT(drawn_again([&] { live.hide(); }), 0);
}

/// A case whose plan runs to (109, 56, 20), 3 mm deeper than the tip of a needle.
io::Case planned_case() {
  io::Case knee;
  planning::NeedlePlan plan;
  plan.target.point = {121.65, 66.5, 21.0};
  plan.target.tolerance_mm = 3.0;
  plan.ranked.resize(1);
  plan.ranked[0].path = {{100, 54, 21.0}, plan.target.point};
  knee.plans.push_back(plan);
  return knee;
}

TEST_F(Ultrasound, ShowsThePlanWhereThePictureIsTiedToThePatient) {
  ultrasound::TrackedSequence sequence;
  sequence.frames.resize(2);
  for (ultrasound::TrackedFrame& frame : sequence.frames) {
    frame.image = muscle(true);
    frame.poses[{"Probe", "Tracker"}] = {};
    frame.poses[{"Reference", "Tracker"}] = {};
  }
  sequence.frames[1].poses[{"Reference", "Tracker"}].status = "MISSING";
  open(planned_case());
  state_.select({0, 0});
  panel_.show_recording(tracked(std::move(sequence)));
  EXPECT_THAT(words(), HasSubstr("not tied to MRI: nothing leads from Image to Patient"));
  io::TrackedSetup setup = setup_for(360, 320);
  setup.transforms[0].transform = {Matrix3::from_columns({0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}), {}};
  use(setup);
  ASSERT_TRUE(shown().plan);
  // Patient = pixel / 10 + (100, 50, 20): the plan lies on the needle, 1 mm beside the picture.
  EXPECT_NEAR(shown().plan->target.x, 216.5, 1e-6);
  EXPECT_NEAR(shown().plan->target.y, 165.0, 1e-6);
  EXPECT_NEAR(std::abs(shown().plan->target_off_mm), 1.0, 1e-6);
  EXPECT_NEAR(shown().plan->tolerance_radius_mm, std::sqrt(8.0), 1e-6);
  EXPECT_THAT(words(),
              HasSubstr("target 1.0 mm off the picture, tolerance 3.0 mm; the path is in the picture"));
  panel_.find_needles(true);
  settle();
  ASSERT_TRUE(shown().needle);
  EXPECT_THAT(words(), HasSubstr("tip to target 1."));
  EXPECT_THAT(words(), HasSubstr("beside the path 1."));
  panel_.go_to(1);
  settle();
  EXPECT_FALSE(shown().plan);
  EXPECT_THAT(words(), HasSubstr("not tied to MRI: "));
  EXPECT_THAT(words(), HasSubstr(": ReferenceToTracker MISSING"));
  EXPECT_EQ(alarms(), "ReferenceToTracker MISSING");
}

// Neither is refused when it is read.
TEST_F(Ultrasound, AWrongPathAndAWrongPoseAreSaid) {
  ultrasound::TrackedSequence sequence;
  sequence.frames.resize(2);
  for (ultrasound::TrackedFrame& frame : sequence.frames) frame.image = muscle(true);
  auto& right = sequence.frames[0].poses[{"Image", "Patient"}].rows;
  right = {0.1, 0, 0, 100, 0, 0.1, 0, 50, 0, 0, 0.1, 20, 0, 0, 0, 1};
  auto& wrong = sequence.frames[1].poses[{"Image", "Patient"}].rows;
  wrong = {1, -1e10, 0, 100, 0, 1e10, 0, 50, 0, 0, 1, 20, 0, 0, 0, 1};
  io::Case knee;
  planning::NeedlePlan plan;
  plan.ranked.resize(1);
  plan.target.point = plan.ranked[0].path.entry = plan.ranked[0].path.target = {110, 55, 20};
  knee.plans.push_back(plan);
  open(std::move(knee));
  state_.select({0, 0});
  panel_.find_needles(true);
  panel_.show_recording(tracked(std::move(sequence)));
  settle();
  EXPECT_TRUE(shown().needle);
  EXPECT_THAT(words(), HasSubstr("cannot normalise"));
  panel_.go_to(1);
  settle();
  EXPECT_FALSE(shown().image.isNull());
  EXPECT_FALSE(shown().plan);
  EXPECT_THAT(words(), HasSubstr("can't be turned round"));
}

TEST_F(Ultrasound, ShowsALiveStreamAndGreysItInAStall) {
  network::ReplayOptions options;
  options.port = 0;
  options.loop = true;
  options.faults = {{network::FaultKind::invalid_pose, 3}, {network::FaultKind::stall, 10, 1.8}};
  network::ReplayServer server(sweep(60), options);
  panel_.connect_to({"127.0.0.1", server.port()});
  wait_for([&] { return !shown().image.isNull(); }, "a picture");
  EXPECT_TRUE(shown().stale.isEmpty());
  EXPECT_THAT(words(), HasSubstr("connected"));
  wait_for([&] { return shown().stale == "no picture for 1 s"; }, "a stall");
  wait_for([&] { return shown().stale.isEmpty(); }, "pictures again");
  wait_for([&] { return words().find("1 stalls") != std::string::npos; }, "the stall in words");
  EXPECT_THAT(words(), HasSubstr("1 INVALID"));
  EXPECT_EQ(server.report().clients, 1U);
  server.stop();
  wait_for([&] { return words().find("no link: ") != std::string::npos; }, "the loss in words");
  wait_for([&] { return !shown().stale.isEmpty(); }, "grey after the loss");
  panel_.close_source();
  EXPECT_TRUE(shown().image.isNull());
  EXPECT_EQ(words(), "");
}

// Pictures come as fast as ever, and each of them is 3 s old.
TEST_F(Ultrasound, PatientAxesThatASetUpLeavesOpenAreSaidWhateverItIsOf) {
  io::TrackedSetup setup;
  setup.transforms.push_back(
      {.frames = {"Reference", "Patient"}, .transform = {}, .error_mm = {}, .date = {}});
  setup.transforms[0].patient_axes_stated = false;
  panel_.show_recording(tracked(sweep(3)));
  use(setup);
  settle();
  EXPECT_THAT(words(), HasSubstr("the axes of Patient are not stated"));
}

TEST_F(Ultrasound, ALivePictureThatCameLateIsOldAndHasNoNumbers) {
  ultrasound::TrackedSequence sequence = sweep(300);
  const Frame image = muscle(true);
  for (ultrasound::TrackedFrame& frame : sequence.frames) frame.image = image;
  network::ReplayOptions options;
  options.port = 0;
  constexpr std::size_t in_time = 60;
  options.faults = {{network::FaultKind::stall, in_time, 3.0}};
  // What is due would follow at once.
  for (std::size_t f = in_time + 1; f < sequence.frames.size(); ++f)
    options.faults.push_back({network::FaultKind::stall, f, 0.045});
  network::ReplayServer server(std::move(sequence), options);
  open(planned_case());
  state_.select({0, 0});
  io::TrackedSetup setup = setup_for(360, 320);
  setup.transforms[0].transform = {Matrix3::from_columns({0.1, 0, 0}, {0, 0.1, 0}, {0, 0, 0.1}), {}};
  use(setup);
  panel_.connect_to({"127.0.0.1", server.port()});
  wait_for([&] { return shown().plan && shown().stale.isEmpty(); }, "a plan in a fresh picture");
  EXPECT_THAT(words(), HasSubstr("target 1.0 mm off the picture"));
  const auto says_age = [&] {
    return shown().stale.startsWith("the picture is ") && shown().stale.section(' ', 3, 3).toDouble() > 2.0;
  };
  wait_for(says_age, "the age of a late picture");
  ASSERT_TRUE(says_age()) << shown().stale.toStdString();
  EXPECT_TRUE(shown().stale.endsWith(" s old"));
  EXPECT_FALSE(shown().image.isNull());
  EXPECT_FALSE(shown().plan);
  EXPECT_THAT(words(), Not(HasSubstr("mm off the picture")));
  panel_.find_needles(true);
  wait_for([&] { return words().find("Needle") != std::string::npos; }, "the needle in words");
  EXPECT_FALSE(shown().stale.isEmpty());
  EXPECT_FALSE(shown().needle);
  // Of plan and needle both.
  const std::string said = words(), old = "not said: the picture is old";
  EXPECT_NE(said.find(old), said.rfind(old)) << said;
  EXPECT_THAT(words(), Not(HasSubstr("tip to target")));
  EXPECT_THAT(words(), Not(HasSubstr("confidence")));
}

TEST_F(Ultrasound, AServerThatIsNotThereIsSaidAndTriedAgain) {
  int port = 0;
  {
    network::ReplayOptions options;
    options.port = 0;
    port = network::ReplayServer(sweep(3), options).port();
  }
  panel_.connect_to({"127.0.0.1", port});
  wait_for([&] { return words().find("tried again in") != std::string::npos; }, "the trouble in words");
  EXPECT_THAT(words(), HasSubstr("no link"));
  EXPECT_EQ(shown().stale, "no picture yet");
}

}  // namespace
}  // namespace genu::viewer
