// SPDX-License-Identifier: Apache-2.0
// What the mouse does on a slice, and that the other slices follow.
#include <QApplication>
#include <QImage>
#include <QMouseEvent>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "slice_view.h"
#include "widget_test.h"

namespace genu::viewer {
namespace {

io::Case gradient_case() {
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
  return knee;
}

class Interaction : public WidgetTest {
 protected:
  Interaction() {
    for (SliceView* view : {&sagittal_, &coronal_, &axial_}) view->resize(420, 400);
    open(gradient_case());
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

/// A ball of limb around a target, a bone in front of it, and a planned needle from the left.
class MovingTheNeedle : public Interaction {
 protected:
  static constexpr Point3 target_{10.0, -5.0, 5.0};
  static constexpr double limb_mm_ = 60.0;

  static io::Case limb() {
    io::Case knee = planned_limb(target_, limb_mm_, target_);
    knee.image =
        Volume<float>(testing::oblique_grid(
                          {.spacing_mm = {2.0, 2.0, 2.0}, .centre = target_, .extent_mm = {150, 150, 150}}),
                      100.0f);
    knee.anatomy->structures.push_back({"patella", planning::StructureKind::bone,
                                        testing::icosphere(target_ + Vector3{0.0, -30.0, 0.0}, 8.0),
                                        "segmented"});
    knee.plans[0].ranked.resize(1);
    knee.plans[0].ranked[0].path = {target_ + Vector3{limb_mm_, 0.0, 0.0}, target_};
    return knee;
  }

  MovingTheNeedle() { open(limb()); }

  /// Returns where a view of the usual size shows a point.
  QPoint pixel(Plane plane, const Point3& p) const {
    const PlaneAxes axes = axes_of(plane);
    const Box& box = state_.opened()->box;
    const QPointF low = to_plane(axes, box.low), high = to_plane(axes, box.high);
    const double scale = std::min((420.0 - 28.0) / std::abs(high.x() - low.x()),
                                  (400.0 - 28.0) / std::abs(high.y() - low.y()));
    return ((to_plane(axes, p) - (low + high) / 2.0) * scale + QPointF(210, 200)).toPoint();
  }
  static Point3 on_skin(double left, double back) {
    return target_ + limb_mm_ / std::hypot(left, back) * Vector3{left, back, 0.0};
  }
};

TEST_F(MovingTheNeedle, ADraggedEntrySlidesOnTheSkinAndIsJudgedOnTheWay) {
  std::vector<std::string> verdicts;
  QObject::connect(&state_, &ViewState::needle_moved, [&] {
    const auto* moved = state_.moved_needle();
    verdicts.push_back(!moved ? "put back" : moved->refusal ? std::string(name(moved->refusal->reason)) : "");
  });
  mouse(axial_, QEvent::MouseButtonPress, pixel(Plane::axial, on_skin(1, 0)), Qt::LeftButton);
  EXPECT_EQ(state_.moved_needle(), nullptr);  // A click alone moves nothing.
  for (const auto& [left, back] : {std::pair(1.0, -0.3), {0.5, -1.0}, {0.0, -1.0}}) {
    mouse(axial_, QEvent::MouseMove, pixel(Plane::axial, on_skin(left, back)), Qt::LeftButton);
    ASSERT_NE(state_.moved_needle(), nullptr);
    const planning::RankedTrajectory& needle = state_.moved_needle()->trajectory;
    EXPECT_LT(distance(needle.path.entry, on_skin(left, back)), 1.0);  // Of a pixel or so.
    EXPECT_NEAR(distance(needle.path.entry, target_), limb_mm_, 0.1);
    EXPECT_EQ(needle.path.target, target_);
    EXPECT_NEAR(needle.card.depth_mm, limb_mm_, 0.1);
    ASSERT_EQ(needle.card.clearances.size(), 1u);
    EXPECT_EQ(state_.shown_trajectory(), &needle);
  }
  EXPECT_EQ(state_.cursor(), target_);
  mouse(axial_, QEvent::MouseButtonRelease, pixel(Plane::axial, on_skin(0, -1)), Qt::LeftButton);
  EXPECT_LT(distance(state_.cursor(), on_skin(0, -1)), 1.0);
  ASSERT_EQ(verdicts.size(), 3u);
  EXPECT_NE(verdicts[0], "crosses_bone");
  EXPECT_EQ(verdicts[2], "crosses_bone");
  state_.put_needle_back();
  EXPECT_EQ(verdicts.back(), "put back");
  EXPECT_EQ(state_.shown_trajectory(), state_.selected_trajectory());
}

TEST_F(MovingTheNeedle, IsLetGoWithTheSelection) {
  io::Case knee = limb();
  knee.plans.push_back({.target = knee.plans[0].target, .approach = "superolateral"});
  open(std::move(knee));
  mouse(axial_, QEvent::MouseButtonPress, pixel(Plane::axial, on_skin(1, 0)), Qt::LeftButton);
  state_.select({1, std::nullopt});  // By the keyboard, say: a plan without a path.
  mouse(axial_, QEvent::MouseMove, pixel(Plane::axial, on_skin(1, 1)), Qt::LeftButton);
  EXPECT_EQ(state_.moved_needle(), nullptr);
}

TEST_F(MovingTheNeedle, ADraggedTipDeliversLess) {
  const double planned =
      planning::judge(*state_.opened()->field, state_.selected_plan()->target,
                      *state_.opened()->approach("superolateral"), state_.selected_trajectory()->path)
          .trajectory.card.hit.probability;
  mouse(axial_, QEvent::MouseButtonPress, pixel(Plane::axial, target_), Qt::LeftButton);
  const Point3 off = target_ + Vector3{0.0, 8.0, 0.0};
  mouse(axial_, QEvent::MouseMove, pixel(Plane::axial, off), Qt::LeftButton);
  ASSERT_NE(state_.moved_needle(), nullptr);
  EXPECT_LT(distance(state_.moved_needle()->trajectory.path.target, off), 0.6);
  EXPECT_GT(planned, 0.3);
  EXPECT_LT(state_.moved_needle()->trajectory.card.hit.probability, 0.1);
}

TEST_F(MovingTheNeedle, ShiftPutsTheEntryWhereTheMouseIs) {
  QMouseEvent press(QEvent::MouseButtonPress, pixel(Plane::axial, target_ + Vector3{30.0, 40.0, 0.0}),
                    Qt::LeftButton, Qt::LeftButton, Qt::ShiftModifier);
  QApplication::sendEvent(&axial_, &press);
  ASSERT_NE(state_.moved_needle(), nullptr);
  EXPECT_LT(distance(state_.moved_needle()->trajectory.path.entry, on_skin(3, 4)), 1.0);
  EXPECT_EQ(state_.cursor(), target_);
}

TEST_F(MovingTheNeedle, TheDepthAcrossASliceStays) {
  // The coronal slice shows entry and target on top of each other's depth; what is held keeps its own.
  mouse(coronal_, QEvent::MouseButtonPress, pixel(Plane::coronal, on_skin(1, 0)), Qt::LeftButton);
  const Point3 up = target_ + Vector3{0.8 * limb_mm_, 0.0, 0.6 * limb_mm_};
  mouse(coronal_, QEvent::MouseMove, pixel(Plane::coronal, up), Qt::LeftButton);
  ASSERT_NE(state_.moved_needle(), nullptr);
  EXPECT_LT(distance(state_.moved_needle()->trajectory.path.entry, up), 1.0);
}

TEST_F(MovingTheNeedle, ItIsForgottenWithTheSelectionAndTheCase) {
  const auto move = [&] { state_.move_needle(on_skin(0, 1), target_); };
  move();
  EXPECT_NE(state_.moved_needle(), nullptr);
  state_.select({0, 0});
  EXPECT_EQ(state_.moved_needle(), nullptr);
  move();
  state_.show(nullptr);
  EXPECT_EQ(state_.moved_needle(), nullptr);
  EXPECT_FALSE(state_.can_move_needle());
}

TEST_F(MovingTheNeedle, AMovedNeedleIsPaintedElsewhere) {
  const QImage planned = painted(axial_);
  state_.move_needle(on_skin(0, 1), target_);
  EXPECT_NE(painted(axial_), planned);
  state_.put_needle_back();
  EXPECT_EQ(painted(axial_), planned);
}

TEST_F(MovingTheNeedle, NeedsASkinAnApproachThatIsKnownAndSomeLength) {
  io::Case skinless = limb();
  skinless.anatomy->skin = {};
  io::Case unknown = limb();
  unknown.plans[0].approach = "through the window";
  io::Case doubtful = limb();
  doubtful.cartilage->flags = {"side in doubt: the header says left"};
  for (io::Case* knee : {&skinless, &unknown, &doubtful}) {
    open(std::move(*knee));
    EXPECT_FALSE(state_.can_move_needle());
    state_.move_needle(on_skin(0, 1), target_);
    EXPECT_EQ(state_.moved_needle(), nullptr);
    mouse(axial_, QEvent::MouseButtonPress, pixel(Plane::axial, target_), Qt::LeftButton);
    mouse(axial_, QEvent::MouseMove, {300, 300}, Qt::LeftButton);
    EXPECT_EQ(state_.moved_needle(), nullptr);
  }
  open(limb());
  state_.move_needle(on_skin(0, 1), on_skin(0, 1));
  EXPECT_EQ(state_.moved_needle(), nullptr);
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
