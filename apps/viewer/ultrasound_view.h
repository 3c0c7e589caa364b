// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QImage>
#include <QPointer>
#include <QRectF>
#include <QString>
#include <QStringList>
#include <QWidget>
#include <optional>
#include <vector>

#include <genu/core/frame.h>
#include <genu/ultrasound/needle.h>
#include <genu/ultrasound/plan_in_image.h>
#include <genu/ultrasound/region.h>

namespace genu::viewer {

/// Words at a place in a picture.
struct NamedPlace {
  PixelPoint at;  ///< The middle of the words, or of their upper edge.
  QString name;
  bool below = false;  ///< The upper edge.
};

/// What is drawn over a simulated picture: where things are, beside them rather than over them.
struct ExpectedMarks {
  ultrasound::PlanInImage path;
  std::vector<PixelPoint> bone = {};  ///< Its surface; places that are not finite part it.
  std::vector<NamedPlace> names = {};
};

/// Turns the left of a picture of this width to the right.
void mirror(ExpectedMarks& marks, int width);

/// One ultrasound picture and what is drawn over it.
struct ShownUltrasound {
  QImage image;                     ///< Null: there is no picture to show.
  std::optional<PixelSize> pixel;   ///< Without it pixels are drawn square, and there is no ruler.
  std::optional<PixelBounds> part;  ///< Where the scale holds; nothing = everywhere.
  double face_row = 0.0;            ///< Where depth is 0, from the upper edge of the first.
  QString no_scale;                 ///< Why there is no scale.
  QStringList alarms;               ///< In red: what must not be overlooked.
  QString stale;                    ///< In words why the picture is old; it is greyed then.
  std::optional<ultrasound::NeedleInImage> needle;
  std::optional<ultrasound::PlanInImage> plan;
  QString banner;  ///< Above and about a picture that must not be taken for a real one.
  std::optional<ExpectedMarks> expected;
};

/// Returns a frame as Qt draws it; null if it is empty.
QImage image_of(const Frame& frame);

/// Paints an ultrasound picture in its true shape, with a ruler of depth, needle and plan.
class UltrasoundView : public QWidget {
 public:
  explicit UltrasoundView(QWidget* parent = nullptr);

  void show_picture(ShownUltrasound shown);
  const ShownUltrasound& shown() const { return shown_; }

  /// Shows both views' pictures at one scale, the smaller one, while both are seen and their scales are
  /// known.
  void share_scale_with(UltrasoundView& other);

  /// Returns where the picture lies in the widget.
  QRectF picture_rect() const;
  /// Returns where a place in the picture lies in the widget.
  QPointF on_screen(const PixelPoint& p) const;

  QSize sizeHint() const override { return {560, 480}; }
  QSize minimumSizeHint() const override { return {240, 200}; }

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void showEvent(QShowEvent* event) override;
  void hideEvent(QHideEvent* event) override;

 private:
  double pixels_per_mm() const;
  QRectF room() const;
  /// Returns the pixels of the screen for a millimetre, or for a pixel without scale, that fill the room.
  double filling_scale() const;
  /// Returns what the view beside must not exceed; nothing where there is nothing to compare.
  std::optional<double> scale_limit() const;
  void tell_scale_limit();
  void paint_ruler(QPainter& painter) const;
  void paint_bar(QPainter& painter) const;
  void paint_plan(QPainter& painter) const;
  void paint_needle(QPainter& painter) const;
  void paint_words(QPainter& painter) const;
  void paint_banner(QPainter& painter) const;
  void paint_expected(QPainter& painter) const;
  void paint_way_in(QPainter& painter) const;
  void paint_names(QPainter& painter, const QRectF& taken) const;

  ShownUltrasound shown_;
  QPointer<UltrasoundView> beside_;   ///< The view whose scale this one shares.
  std::optional<double> told_limit_;  ///< What that view was drawn with.
};

}  // namespace genu::viewer
