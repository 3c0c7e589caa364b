// SPDX-License-Identifier: Apache-2.0
// The rows of controls above 3-D and ultrasound, in windows of any width.
#include <QAbstractButton>
#include <QApplication>
#include <QLabel>
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "expected_panel.h"
#include "scene_view.h"
#include "thickness_bar.h"
#include "ultrasound_panel.h"
#include "widget_test.h"

namespace genu::viewer {
namespace {

class Heads : public WidgetTest {
 protected:
  Heads() { open(planned_limb({10.0, -5.0, 5.0}, 40.0, {12.0, -25.0, 5.0})); }

  static std::vector<QAbstractButton*> buttons_of(const QWidget& panel) {
    const auto children = panel.findChildren<QAbstractButton*>(QString(), Qt::FindDirectChildrenOnly);
    std::vector<QAbstractButton*> buttons(children.begin(), children.end());
    std::erase_if(buttons, [](const QAbstractButton* button) { return !button->isVisible(); });
    return buttons;
  }
  static void show(QWidget& panel, int width) {
    panel.resize(width, 600);
    panel.show();
    QApplication::processEvents();
    ASSERT_EQ(panel.width(), width);
  }
  /// Expects that every control can be read and reached.
  static void expect_whole(const QWidget& panel) {
    const auto buttons = buttons_of(panel);
    EXPECT_GE(buttons.size(), 3u);
    for (const QAbstractButton* button : buttons) {
      const std::string which = button->text().toStdString() + " at " + std::to_string(panel.width());
      EXPECT_GE(button->width(), button->sizeHint().width()) << which;
      EXPECT_GE(button->height(), button->sizeHint().height()) << which;
      EXPECT_TRUE(panel.rect().contains(button->geometry())) << which;
      for (const QAbstractButton* other : buttons)
        EXPECT_TRUE(other == button || !other->geometry().intersects(button->geometry())) << which;
    }
  }
  static int rows_of(const QWidget& panel) {
    std::vector<int> middles;
    for (const QAbstractButton* button : buttons_of(panel))
      middles.push_back(button->geometry().center().y());
    std::sort(middles.begin(), middles.end());
    int rows = middles.empty() ? 0 : 1;
    for (std::size_t b = 1; b < middles.size(); ++b) rows += middles[b] - middles[b - 1] > 4 ? 1 : 0;
    return rows;
  }
};

TEST_F(Heads, TheSwitchesOf3DAreWholeInAnyWidth) {
  SceneView scene(state_, false);
  for (const int width : {180, 205, 260, 330, 420, 700}) {
    show(scene, width);
    expect_whole(scene);
  }
  EXPECT_EQ(rows_of(scene), 1);
  EXPECT_EQ(buttons_of(scene).size(), 5u);
}

TEST_F(Heads, TheThicknessScalesWordsStandBelowItWhereItIsNarrow) {
  ThicknessBar bar;
  show(bar, 700);
  const int usual = bar.height();
  EXPECT_EQ(usual, bar.sizeHint().height());
  show(bar, 180);
  EXPECT_GE(bar.height(), usual + 14);
  show(bar, 700);
  EXPECT_EQ(bar.height(), usual);
}

TEST_F(Heads, AnUltrasoundPanelsControlsAreWholeWhateverItsName) {
  UltrasoundPanel panel(state_);
  auto recording = std::make_shared<UltrasoundRecording>();
  recording->name = "right_knee_superolateral_second_sweep.igs.mha";
  recording->tracked = true;
  recording->sequence.frames.resize(2);
  for (ultrasound::TrackedFrame& frame : recording->sequence.frames)
    frame.image = {40, 30, 1, std::vector<std::uint8_t>(1200, 90)};
  panel.show_recording(recording);
  for (const int width : {380, 500, 640, 1000}) {
    show(panel, width);
    expect_whole(panel);
  }
  EXPECT_EQ(rows_of(panel), 1);
}

TEST_F(Heads, TheExpectedViewsHeadingIsNotCutOff) {
  ExpectedPanel panel(state_);
  show(panel, 380);
  expect_whole(panel);
  const auto* heading = panel.findChild<QLabel*>(QStringLiteral("heading"));
  EXPECT_GE(heading->width(), heading->sizeHint().width());
}

}  // namespace
}  // namespace genu::viewer
