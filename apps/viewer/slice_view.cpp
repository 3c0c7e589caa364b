// SPDX-License-Identifier: Apache-2.0
#include "slice_view.h"

#include <QMouseEvent>
#include <QPainter>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace genu::viewer {
namespace {

constexpr double margin_px = 14.0;  ///< Between the slice and the edge of the widget, for the letters.

}  // namespace

SliceView::SliceView(ViewState& state, Plane plane, QWidget* parent)
    : QWidget(parent), state_(state), plane_(plane), axes_(axes_of(plane)) {
  setMouseTracking(true);
  setMinimumSize(180, 160);
  setAttribute(Qt::WA_OpaquePaintEvent);
  connect(&state_, &ViewState::case_changed, this, [this] { open_case(); });
  connect(&state_, &ViewState::cursor_changed, this, [this] { cursor_moved(); });
  connect(&state_, &ViewState::window_changed, this, [this] {
    window_stale_ = true;
    update();
  });
  connect(&state_, &ViewState::label_style_changed, this, [this] { update(); });
  connect(&state_, &ViewState::selection_changed, this, [this] {
    grip_.reset();
    update();
  });
  connect(&state_, &ViewState::needle_moved, this, [this] { update(); });
}

void SliceView::open_case() {
  image_slicer_.reset();
  label_slicer_.reset();
  grip_.reset();
  outlines_.clear();
  depth_mm_.reset();
  if (const OpenedCase* opened = state_.opened()) {
    if (opened->knee.image) image_slicer_.emplace(*opened->knee.image);
    if (opened->label_numbers) label_slicer_.emplace(*opened->label_numbers, plane_);
  }
  reset_view();
  cursor_moved();
}

void SliceView::cursor_moved() {
  const double depth = dot(axes_.normal, state_.cursor() - Point3{});
  if (depth_mm_ != depth) {
    depth_mm_ = depth;
    image_stale_ = true;
    if (label_slicer_) outlines_ = label_slicer_->outlines(state_.cursor());
  }
  update();
}

void SliceView::reset_view() {
  zoom_ = 1.0;
  image_stale_ = true;
  if (const OpenedCase* opened = state_.opened()) {
    const QPointF low = to_plane(axes_, opened->box.low), high = to_plane(axes_, opened->box.high);
    centre_mm_ = (low + high) / 2.0;
    const QPointF extent(std::abs(high.x() - low.x()), std::abs(high.y() - low.y()));
    fit_pixels_per_mm_ = std::max(0.1, std::min((width() - 2.0 * margin_px) / std::max(1.0, extent.x()),
                                                (height() - 2.0 * margin_px) / std::max(1.0, extent.y())));
  }
  update();
}

void SliceView::set_crosshair_visible(bool visible) {
  crosshair_visible_ = visible;
  update();
}

QTransform SliceView::screen_from_plane() const {
  const double scale = fit_pixels_per_mm_ * zoom_;
  return QTransform::fromTranslate(-centre_mm_.x(), -centre_mm_.y()) * QTransform::fromScale(scale, scale) *
         QTransform::fromTranslate(width() / 2.0, height() / 2.0);
}

Point3 SliceView::patient_point(const QPointF& on_screen) const {
  const QPointF offset = screen_from_plane().inverted().map(on_screen) - to_plane(axes_, state_.cursor());
  return state_.cursor() + offset.x() * axes_.right + offset.y() * axes_.down;
}

// One sample for each pixel of the screen, so that zooming shows interpolated intensities and never blocks.
void SliceView::sample_image() {
  image_stale_ = false;
  window_stale_ = true;
  const double ratio = devicePixelRatioF();
  const int columns = std::max(1, static_cast<int>(width() * ratio));
  const int rows = std::max(1, static_cast<int>(height() * ratio));
  if (picture_.width() != columns || picture_.height() != rows)
    picture_ = QImage(columns, rows, QImage::Format_Grayscale8);
  picture_.setDevicePixelRatio(ratio);
  intensities_ = image_slicer_->sample({.first = patient_point(QPointF(0.5, 0.5) / ratio),
                                        .right = axes_.right,
                                        .down = axes_.down,
                                        .pixel_mm = 1.0 / (fit_pixels_per_mm_ * zoom_ * ratio),
                                        .width = columns,
                                        .height = rows});
}

void SliceView::apply_window() {
  window_stale_ = false;
  const auto low = static_cast<float>(state_.window().low);
  const auto scale = static_cast<float>(255.0 / (state_.window().high - state_.window().low));
  const float* intensity = intensities_.data();
  for (int row = 0; row < picture_.height(); ++row) {
    uchar* grey = picture_.scanLine(row);
    for (int column = 0; column < picture_.width(); ++column) {
      const float level = (*intensity++ - low) * scale;
      // NaN, outside the image, fails the first comparison and is black.
      grey[column] = level > 0.0f ? static_cast<uchar>(std::min(level, 255.0f)) : 0;
    }
  }
}

void SliceView::zoom(double factor, const QPointF& about) {
  const QPointF fixed = screen_from_plane().inverted().map(about);
  const double before = zoom_;
  zoom_ = std::clamp(zoom_ * factor, 0.5, 20.0);
  centre_mm_ = fixed + (centre_mm_ - fixed) * (before / zoom_);
  image_stale_ = true;
  update();
}

void SliceView::resizeEvent(QResizeEvent*) {
  const double zoom_before = zoom_;
  const QPointF centre_before = centre_mm_;
  reset_view();
  if (zoom_before != 1.0) {
    zoom_ = zoom_before;
    centre_mm_ = centre_before;
  }
}

// The tip goes first: where both lie on top of each other, the needle is pulled out by it.
std::optional<SliceView::Grip> SliceView::grip_at(const QPointF& on_screen) const {
  constexpr double reach_px = 9.0;
  const planning::RankedTrajectory* needle = state_.shown_trajectory();
  if (!needle || !state_.can_move_needle()) return std::nullopt;
  const auto is_near = [&](const Point3& p) {
    const QPointF way = screen_from_plane().map(to_plane(axes_, p)) - on_screen;
    return std::hypot(way.x(), way.y()) <= reach_px;
  };
  if (is_near(needle->path.target)) return Grip::tip;
  if (is_near(needle->path.entry)) return Grip::entry;
  return std::nullopt;
}

// What is held moves in a plane parallel to the slice, as deep as it lies.
void SliceView::drag_needle(const QPointF& on_screen) {
  const planning::RankedTrajectory* needle = state_.shown_trajectory();
  if (!needle) return;
  const Point3 under_mouse = patient_point(on_screen);
  const auto moved = [&](const Point3& end) {
    return under_mouse + dot(axes_.normal, end - under_mouse) * axes_.normal;
  };
  if (grip_ == Grip::tip)
    state_.move_needle(needle->path.entry, moved(needle->path.target));
  else
    state_.move_needle(moved(needle->path.entry), needle->path.target);
}

void SliceView::mousePressEvent(QMouseEvent* event) {
  last_mouse_ = event->pos();
  if (event->button() != Qt::LeftButton) return;
  if ((event->modifiers() & Qt::ShiftModifier) && state_.can_move_needle()) {
    const planning::RankedTrajectory* needle = state_.shown_trajectory();
    state_.move_needle(patient_point(event->localPos()),
                       needle ? needle->path.target : state_.selected_plan()->target.point);
    if (state_.moved_needle()) grip_ = Grip::entry;
    return;
  }
  grip_ = grip_at(event->localPos());
  if (!grip_) state_.set_cursor(patient_point(event->localPos()));
}

void SliceView::mouseReleaseEvent(QMouseEvent* event) {
  if (event->button() != Qt::LeftButton || !grip_) return;
  // The slices go through what was let go.
  if (const planning::RankedTrajectory* needle = state_.shown_trajectory(); needle && state_.moved_needle())
    state_.set_cursor(grip_ == Grip::tip ? needle->path.target : needle->path.entry);
  grip_.reset();
}

void SliceView::mouseMoveEvent(QMouseEvent* event) {
  if (!state_.opened()) return;
  const QPoint moved = event->pos() - last_mouse_;
  last_mouse_ = event->pos();
  if (event->buttons() == Qt::NoButton)
    setCursor(grip_at(event->localPos()) ? Qt::SizeAllCursor : Qt::ArrowCursor);
  if (event->buttons() & Qt::LeftButton) {
    if (grip_)
      drag_needle(event->localPos());
    else
      state_.set_cursor(patient_point(event->localPos()));
  } else if (event->buttons() & Qt::MiddleButton) {
    centre_mm_ -= QPointF(moved) / (fit_pixels_per_mm_ * zoom_);
    image_stale_ = true;
    update();
  } else if (event->buttons() & Qt::RightButton) {
    // 400 pixels of drag run through the whole usual window: across changes the width, down the level.
    const IntensityWindow& usual = state_.opened()->default_window;
    const double per_pixel = (usual.high - usual.low) / 400.0;
    const IntensityWindow& now = state_.window();
    const double level = 0.5 * (now.low + now.high) + moved.y() * per_pixel;
    const double half = std::max(0.5 * (now.high - now.low) + 0.5 * moved.x() * per_pixel, per_pixel);
    state_.set_window({level - half, level + half});
  }
  state_.probe(patient_point(event->localPos()));
}

void SliceView::mouseDoubleClickEvent(QMouseEvent*) {
  reset_view();
  state_.reset_window();
}

void SliceView::wheelEvent(QWheelEvent* event) {
  const OpenedCase* opened = state_.opened();
  if (!opened) return;
  if (event->modifiers() & Qt::ControlModifier) {
    zoom(std::pow(1.0015, event->angleDelta().y()), event->position());
    return;
  }
  wheel_eighths_ += event->angleDelta().y();
  constexpr int one_notch = 120;
  const int notches = wheel_eighths_ / one_notch;
  wheel_eighths_ -= notches * one_notch;
  const double step_mm = opened->grid ? slice_step_mm(*opened->grid, plane_) : 1.0;
  state_.set_cursor(state_.cursor() + notches * step_mm * axes_.normal);
  state_.probe(patient_point(event->position()));
}

void SliceView::leaveEvent(QEvent*) {
  state_.probe(std::nullopt);
}

}  // namespace genu::viewer
