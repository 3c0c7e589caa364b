// SPDX-License-Identifier: Apache-2.0
// What the mouse does on a slice, and that the other slices follow.
#include <QApplication>
#include <QImage>
#include <QMouseEvent>
#include <QWheelEvent>
#include <cstdlib>

#include <gtest/gtest.h>

#include <genu/testing/bodies.h>

#include "slice_view.h"

namespace genu::viewer {
namespace {

std::shared_ptr<const OpenedCase> gradient_case() {
  io::Case knee;
  const ImageGeometry grid = testing::oblique_grid();
  Volume<float> image(grid);
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    image.voxels()[v] = static_cast<float>(500.0 + 4.0 * p.x + 3.0 * p.y + 5.0 * p.z);
  }
  knee.image = image;
  planning::NeedlePlan plan;
  plan.target.point = {3, -1, 9};
  plan.ranked.resize(2);
  plan.ranked[0].path = {{30, -20, 20}, {3, -1, 9}};
  plan.ranked[1].path = {{30, -20, 25}, {4, -2, 10}};
  knee.plans.push_back(plan);
  return prepare_case(std::move(knee), {});
}

class Interaction : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    // Slices are painted without OpenGL, so no display is needed.
    setenv("QT_QPA_PLATFORM", "offscreen", 1);
    static int argc = 1;
    static char program[] = "test";
    static char* argv[] = {program, nullptr};
    if (!QApplication::instance()) new QApplication(argc, argv);
  }

  Interaction() {
    for (SliceView* view : {&sagittal_, &coronal_, &axial_}) view->resize(420, 400);
    state_.show(gradient_case());
    state_.set_cursor(state_.opened()->box.centre());
  }

  static void mouse(SliceView& view, QEvent::Type type, const QPoint& at, Qt::MouseButton button) {
    const bool moves = type == QEvent::MouseMove;
    QMouseEvent event(type, at, moves ? Qt::NoButton : button, button, Qt::NoModifier);
    QApplication::sendEvent(&view, &event);
  }
  static void drag(SliceView& view, Qt::MouseButton button, const QPoint& from, const QPoint& to) {
    mouse(view, QEvent::MouseButtonPress, from, button);
    mouse(view, QEvent::MouseMove, to, button);
    mouse(view, QEvent::MouseButtonRelease, to, button);
  }
  static void wheel(SliceView& view, int eighths, Qt::KeyboardModifiers keys = Qt::NoModifier) {
    QWheelEvent event(QPointF(210, 200), QPointF(210, 200), {}, {0, eighths}, Qt::NoButton, keys,
                      Qt::NoScrollPhase, false);
    QApplication::sendEvent(&view, &event);
  }
  static QImage painted(SliceView& view) {
    QImage picture(view.size(), QImage::Format_RGB32);
    view.render(&picture);
    return picture;
  }

  ViewState state_;
  SliceView sagittal_{state_, Plane::sagittal};
  SliceView coronal_{state_, Plane::coronal};
  SliceView axial_{state_, Plane::axial};
};

TEST_F(Interaction, AClickMovesTheCrosshairWithinItsSliceOnly) {
  const Point3 before = state_.cursor();
  drag(axial_, Qt::LeftButton, {210, 200}, {250, 200});
  const Point3 right = state_.cursor();
  EXPECT_EQ(right.z, before.z);
  EXPECT_GT(right.x, before.x + 2.0);  // the patient's left
  drag(axial_, Qt::LeftButton, {210, 200}, {250, 240});
  EXPECT_NEAR(state_.cursor().x, right.x, 1e-9);
  EXPECT_GT(state_.cursor().y, right.y + 2.0);  // posterior
  const Point3 axial = state_.cursor();
  mouse(sagittal_, QEvent::MouseButtonPress, {210, 120}, Qt::LeftButton);
  EXPECT_EQ(state_.cursor().x, axial.x);
  EXPECT_GT(state_.cursor().z, axial.z + 2.0);  // superior
}

TEST_F(Interaction, TheOtherSlicesFollow) {
  const QImage coronal = painted(coronal_), sagittal = painted(sagittal_);
  mouse(axial_, QEvent::MouseButtonPress, {260, 250}, Qt::LeftButton);
  EXPECT_NE(painted(coronal_), coronal);
  EXPECT_NE(painted(sagittal_), sagittal);
}

TEST_F(Interaction, OneNotchIsOneAcquiredSlice) {
  for (const auto& [view, plane] :
       {std::pair{&sagittal_, Plane::sagittal}, {&coronal_, Plane::coronal}, {&axial_, Plane::axial}}) {
    const Point3 before = state_.cursor();
    wheel(*view, 120);
    const double step = slice_step_mm(*state_.opened()->grid, plane);
    EXPECT_NEAR(dot(axes_of(plane).normal, state_.cursor() - before), step, 1e-9);
    EXPECT_NEAR(distance(state_.cursor(), before), step, 1e-9);
    // Fine wheels turn in parts of a notch, which add up.
    wheel(*view, -60);
    wheel(*view, -60);
    EXPECT_NEAR(distance(state_.cursor(), before), 0.0, 1e-9);
  }
}

TEST_F(Interaction, TheCrosshairStaysInTheCase) {
  for (int notch = 0; notch < 500; ++notch) wheel(coronal_, 120);
  EXPECT_EQ(state_.cursor().y, state_.opened()->box.high.y);
}

TEST_F(Interaction, RightDragSetsWindowAndLevelAndADoubleClickResets) {
  const QImage before = painted(axial_);
  const IntensityWindow usual = state_.window();
  drag(axial_, Qt::RightButton, {100, 100}, {200, 100});
  const IntensityWindow wider = state_.window();
  EXPECT_GT(wider.high - wider.low, 1.1 * (usual.high - usual.low));
  EXPECT_NEAR(wider.high + wider.low, usual.high + usual.low, 1e-6);
  drag(axial_, Qt::RightButton, {200, 100}, {200, 180});
  EXPECT_GT(state_.window().high + state_.window().low, wider.high + wider.low + 1.0);
  EXPECT_NEAR(state_.window().high - state_.window().low, wider.high - wider.low, 1e-6);
  EXPECT_NE(painted(axial_), before);
  mouse(axial_, QEvent::MouseButtonDblClick, {200, 180}, Qt::LeftButton);
  EXPECT_EQ(state_.window(), usual);
  EXPECT_EQ(painted(axial_), before);
}

TEST_F(Interaction, ZoomKeepsThePlaceUnderTheMouse) {
  mouse(axial_, QEvent::MouseButtonPress, {210, 200}, Qt::LeftButton);
  const Point3 middle = state_.cursor();
  wheel(axial_, 480, Qt::ControlModifier);
  mouse(axial_, QEvent::MouseButtonPress, {210, 200}, Qt::LeftButton);
  EXPECT_NEAR(distance(state_.cursor(), middle), 0.0, 1e-9);
  drag(axial_, Qt::LeftButton, {210, 200}, {250, 200});
  const double zoomed = distance(state_.cursor(), middle);
  mouse(axial_, QEvent::MouseButtonDblClick, {210, 200}, Qt::LeftButton);
  drag(axial_, Qt::LeftButton, {210, 200}, {250, 200});
  EXPECT_LT(zoomed, 0.6 * distance(state_.cursor(), middle));
}

TEST_F(Interaction, SelectingAPathLeadsTheSlicesToItsTarget) {
  state_.select({0, 1});
  EXPECT_EQ(state_.cursor(), (Point3{4, -2, 10}));
  ASSERT_NE(state_.selected_trajectory(), nullptr);
  EXPECT_EQ(state_.selected_trajectory()->path.entry, (Point3{30, -20, 25}));
  state_.set_cursor({0, 0, 0});
  state_.select({0, 1});
  EXPECT_EQ(state_.cursor(), (Point3{4, -2, 10}));
}

TEST_F(Interaction, ClosingACaseLeavesNothingBehind) {
  state_.select({0, 1});
  state_.show(nullptr);
  EXPECT_EQ(state_.selected_plan(), nullptr);
  mouse(axial_, QEvent::MouseButtonPress, {210, 200}, Qt::LeftButton);
  wheel(axial_, 120);
  for (SliceView* view : {&sagittal_, &coronal_, &axial_}) painted(*view);
}

}  // namespace
}  // namespace genu::viewer
