// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QTransform>
#include <QWidget>
#include <optional>
#include <vector>

#include "slicer.h"
#include "view_state.h"

namespace genu::viewer {

/// One slice of the case in a patient plane, with outlines, needle path, crosshair, orientation letters and
/// scale bar.
///
/// Left drag moves the crosshair, or the needle where it takes hold of its entry or its tip; with Shift it
/// puts the entry at the skin nearest to the mouse. The wheel goes from slice to slice (with Ctrl it zooms),
/// the middle button pans, right drag sets window and level, a double click resets.
class SliceView : public QWidget {
 public:
  SliceView(ViewState& state, Plane plane, QWidget* parent = nullptr);
  QSize sizeHint() const override { return {560, 470}; }

  /// Shows the whole slice again, with the crosshair where it is.
  void reset_view();
  void set_crosshair_visible(bool visible);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void mouseDoubleClickEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void leaveEvent(QEvent* event) override;

 private:
  void open_case();
  void cursor_moved();
  QTransform screen_from_plane() const;
  Point3 patient_point(const QPointF& on_screen) const;
  /// The end of the needle that the mouse holds.
  enum class Grip { entry, tip };
  std::optional<Grip> grip_at(const QPointF& on_screen) const;
  void drag_needle(const QPointF& on_screen);
  void zoom(double factor, const QPointF& about);

  void sample_image();
  void apply_window();
  void paint_labels(QPainter& painter) const;
  void paint_needle(QPainter& painter) const;
  void paint_crosshair(QPainter& painter) const;
  void paint_annotations(QPainter& painter) const;
  void paint_scale_bar(QPainter& painter) const;
  void paint_empty(QPainter& painter) const;

  ViewState& state_;
  Plane plane_;
  PlaneAxes axes_;
  std::optional<ImageSlicer> image_slicer_;
  std::optional<LabelSlicer> label_slicer_;

  double fit_pixels_per_mm_ = 1.0;  ///< At zoom 1 the whole box fits.
  double zoom_ = 1.0;
  QPointF centre_mm_;  ///< What lies in the middle of the widget, along the plane's axes.

  std::optional<double> depth_mm_;  ///< Along the normal: which slice the caches below hold.
  bool image_stale_ = true;
  bool window_stale_ = true;
  std::vector<float> intensities_;
  QImage picture_;
  std::vector<TissueOutline> outlines_;
  bool crosshair_visible_ = true;
  QPoint last_mouse_;
  std::optional<Grip> grip_;
  int wheel_eighths_ = 0;  ///< Degrees turned and not yet used, in eighths, as QWheelEvent counts.
};

}  // namespace genu::viewer
