// SPDX-License-Identifier: Apache-2.0
// The expected view: of which needle it is, what it says, and why there is none.
#include <QApplication>
#include <QCheckBox>
#include <QElapsedTimer>
#include <QImage>
#include <QPushButton>
#include <QToolButton>
#include <string>

#include <gmock/gmock.h>

#include "expected_panel.h"
#include "plan_panel.h"
#include "widget_test.h"

namespace genu::viewer {
namespace {

using ::testing::HasSubstr;

/// A ball of bone in a ball of limb, with two needles from the left of a probe in front of it.
class ExpectedUltrasound : public WidgetTest {
 protected:
  static constexpr Point3 centre_{10.0, -5.0, 5.0};
  static constexpr double limb_mm_ = 40.0;

  ExpectedUltrasound() {
    panel_.resize(500, 600);
    panel_.show();
    state_.show_expected_view(true);
  }

  static planning::RankedTrajectory needle_to(const Point3& target) {
    planning::RankedTrajectory needle;
    const Point3 face = centre_ + Vector3{0.0, -limb_mm_, 0.0};
    needle.path = {face + Vector3{-20.0, 4.0, 0.0}, target};
    needle.card.view = planning::ProbeView{
        .pose = {face, {1, 0, 0}, {0, 1, 0}}, .length_mm = 24.0, .width_mm = 9.0, .image_depth_mm = 32.0};
    return needle;
  }

  static io::Case limb() {
    io::Case knee = planned_limb(centre_, limb_mm_, centre_ + Vector3{2.0, -20.0, 0.0});
    knee.labels =
        testing::label(testing::oblique_grid(
                           {.spacing_mm = {1.0, 1.0, 1.0}, .centre = centre_, .extent_mm = {100, 100, 100}}),
                       [](const Point3& p) {
                         const double r = distance(p, centre_);
                         return r < 15.0 ? Tissue::femur : r < limb_mm_ ? Tissue::muscle : Tissue::background;
                       });
    planning::NeedlePlan& plan = knee.plans.front();
    plan.target.tolerance_mm = 3.0;
    plan.ranked = {needle_to(plan.target.point), needle_to(centre_ + Vector3{-4.0, -26.0, 0.0})};
    return knee;
  }

  void settle() {
    wait_for([&] { return panel_.settled(); }, "settled", 60000);
  }
  const ShownUltrasound& shown() const { return panel_.view().shown(); }
  std::string said() const { return shown().stale.toStdString(); }
  std::string words() const { return panel_.words().toStdString(); }
  QCheckBox* box(const char* name) {
    for (QCheckBox* one : panel_.findChildren<QCheckBox*>())
      if (one->text() == QString::fromUtf8(name)) return one;
    return nullptr;
  }

  ExpectedPanel panel_{state_};
};

TEST_F(ExpectedUltrasound, ShowsTheSelectedNeedleAndSaysThatItIsSimulated) {
  open(limb());
  settle();
  ASSERT_FALSE(shown().image.isNull());
  EXPECT_EQ(said(), "");
  EXPECT_EQ(shown().image.size(), QSize(300, 400));
  EXPECT_NEAR(shown().pixel->x_mm, 0.08, 1e-9);
  EXPECT_THAT(shown().banner.toStdString(), HasSubstr("SIMULATED"));
  EXPECT_THAT(words(), HasSubstr("Simulated from labels"));
  EXPECT_THAT(words(), HasSubstr("needle comes from the left"));
  ASSERT_TRUE(shown().expected);
  EXPECT_NEAR(shown().expected->path.target.x, 149.5 + 2.0 / 0.08, 0.6);
  EXPECT_NEAR(shown().expected->path.target.y, 20.0 / 0.08, 0.6);
  EXPECT_NEAR(shown().expected->path.tolerance_radius_mm, 3.0, 1e-6);
  // The ball's top lies 25 mm deep below the face's middle.
  EXPECT_NEAR(shown().expected->bone.at(150).y * 0.08, 25.0, 0.7);
  ASSERT_EQ(shown().expected->names.size(), 1u);
  EXPECT_EQ(shown().expected->names[0].name.toStdString(), "Femur");
}

TEST_F(ExpectedUltrasound, FollowsTheSelectionAndTheNeedleThatIsMoved) {
  open(limb());
  settle();
  const QImage first = shown().image;
  state_.select({0, 1});
  // The old picture is not taken for the new needle's.
  EXPECT_EQ(said(), "being simulated");
  EXPECT_FALSE(panel_.settled());
  settle();
  EXPECT_EQ(said(), "");
  EXPECT_NE(shown().image, first);
  EXPECT_NEAR(shown().expected->path.target.y, 14.0 / 0.08, 0.6);
  ASSERT_TRUE(state_.can_move_needle());
  state_.move_needle(centre_ + Vector3{-25.0, -limb_mm_, 0.0}, centre_ + Vector3{0.0, -20.0, 1.0});
  ASSERT_NE(state_.moved_needle(), nullptr);
  settle();
  const bool placed = state_.moved_needle()->trajectory.card.view.has_value();
  EXPECT_EQ(shown().image.isNull(), !placed);
  if (!placed) {
    EXPECT_THAT(said(), HasSubstr("no place for the probe"));
  }
  state_.put_needle_back();
  settle();
  EXPECT_NEAR(shown().expected->path.target.y, 14.0 / 0.08, 0.6);
}

TEST_F(ExpectedUltrasound, AnOldPictureStaysGreyWhateverIsTicked) {
  open(limb());
  settle();
  const QImage first = shown().image;
  state_.select({0, 1});
  for (const char* name : {"Marks", "Mirrored", "Mirrored", "Marks"}) {
    box(name)->click();
    ASSERT_FALSE(panel_.settled());
    EXPECT_EQ(said(), "being simulated") << name;
    EXPECT_EQ(words(), "") << name;
  }
  EXPECT_EQ(shown().image, first);
  settle();
  EXPECT_EQ(said(), "");
  EXPECT_THAT(words(), HasSubstr("Simulated from labels"));
  // Nothing of another case comes back.
  open(limb());
  box("Marks")->click();
  ASSERT_FALSE(panel_.settled());
  EXPECT_EQ(said(), "being simulated");
  EXPECT_TRUE(shown().image.isNull());
  settle();
  EXPECT_FALSE(shown().image.isNull());
}

TEST_F(ExpectedUltrasound, OfManyChangesTheLastIsShown) {
  open(limb());
  for (std::size_t n = 0; n < 20; ++n) {
    state_.select({0, n % 2});
    QApplication::processEvents();
  }
  state_.select({0, 0});
  settle();
  EXPECT_NEAR(shown().expected->path.target.y, 20.0 / 0.08, 0.6);
}

TEST_F(ExpectedUltrasound, TheSameNeedleGivesTheSamePicture) {
  open(limb());
  settle();
  const QImage first = shown().image;
  state_.select({0, 1});
  settle();
  state_.select({0, 0});
  settle();
  EXPECT_EQ(shown().image, first);
}

TEST_F(ExpectedUltrasound, MarksCanBeTakenOffAndThePictureTurned) {
  open(limb());
  settle();
  const QImage image = shown().image;
  const ExpectedMarks marks = *shown().expected;
  const QImage with_marks = panel_.grab().toImage();
  box("Marks")->click();
  EXPECT_FALSE(shown().expected);
  EXPECT_EQ(shown().image, image);
  EXPECT_NE(panel_.grab().toImage(), with_marks);
  box("Marks")->click();
  box("Mirrored")->click();
  EXPECT_EQ(shown().image, image.mirrored(true, false));
  EXPECT_NEAR(shown().expected->path.target.x, 299.0 - marks.path.target.x, 1e-9);
  EXPECT_NEAR(shown().expected->bone.at(20).x, 279.0, 1e-9);
  EXPECT_THAT(words(), HasSubstr("needle comes from the right"));
  EXPECT_THAT(shown().banner.toStdString(), HasSubstr("SIMULATED"));
}

TEST_F(ExpectedUltrasound, SaysWhyThereIsNone) {
  EXPECT_THAT(said(), HasSubstr("no case is open"));
  io::Case unplanned = limb(), unlabelled = limb(), unsafe = limb(), unseen = limb();
  unplanned.plans.clear();
  unlabelled.labels.reset();
  unsafe.plans[0].ranked.clear();
  unseen.plans[0].ranked[0].card.view.reset();
  const auto expect = [&](io::Case knee, const char* reason) {
    open(limb());
    settle();
    open(std::move(knee));
    settle();
    EXPECT_TRUE(shown().image.isNull()) << reason;
    EXPECT_TRUE(shown().banner.isEmpty()) << reason;
    EXPECT_THAT(said(), HasSubstr(reason));
    EXPECT_EQ(words(), "");
  };
  expect(std::move(unplanned), "this case has no plan");
  expect(std::move(unlabelled), "there are no labels");
  expect(std::move(unsafe), "no safe path");
  expect(std::move(unseen), "no place for the probe");
}

TEST_F(ExpectedUltrasound, NothingIsSimulatedWhereItIsNotWanted) {
  state_.show_expected_view(false);
  open(limb());
  EXPECT_TRUE(panel_.settled());
  EXPECT_TRUE(shown().image.isNull());
  state_.show_expected_view(true);
  EXPECT_FALSE(panel_.settled());
  settle();
  EXPECT_FALSE(shown().image.isNull());
  auto* close = panel_.findChild<QToolButton*>();
  ASSERT_EQ(close->text(), QStringLiteral("Close"));
  close->click();
  EXPECT_FALSE(state_.shows_expected_view());
  EXPECT_TRUE(shown().image.isNull());
}

TEST_F(ExpectedUltrasound, ACaseMayCloseWhileItsPictureIsMade) {
  open(limb());
  // Until the needle has rested and its picture is being made; where it is done already nothing is lost.
  QElapsedTimer waited;
  waited.start();
  while (waited.elapsed() < 180) QApplication::processEvents(QEventLoop::AllEvents, 10);
  state_.show(nullptr);
  settle();
  EXPECT_TRUE(shown().image.isNull());
  EXPECT_THAT(said(), HasSubstr("no case is open"));
}

TEST_F(ExpectedUltrasound, ThePlansButtonAsksForIt) {
  state_.show_expected_view(false);
  PlanPanel plan(state_);
  open(limb());
  QPushButton* button = nullptr;
  for (QPushButton* one : plan.findChildren<QPushButton*>())
    if (one->text() == QStringLiteral("Expected ultrasound view")) button = one;
  ASSERT_NE(button, nullptr);
  EXPECT_FALSE(button->isHidden());
  button->click();
  EXPECT_TRUE(state_.shows_expected_view());
  state_.show_expected_view(false);
  EXPECT_FALSE(button->isChecked());
  io::Case unplanned = limb();
  unplanned.plans.clear();
  open(std::move(unplanned));
  EXPECT_TRUE(button->isHidden());
}

}  // namespace
}  // namespace genu::viewer
