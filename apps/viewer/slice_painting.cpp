// SPDX-License-Identifier: Apache-2.0
// What SliceView draws; how it is moved is in slice_view.cpp.
#include <QPainter>
#include <algorithm>
#include <cmath>

#include "slice_view.h"
#include "theme.h"

namespace genu::viewer {
namespace {

const QColor needle_colour(255, 214, 0);  // as in the report
const QColor refused_colour(255, 82, 71);

/// Text that stays legible on any intensity.
void draw_text(QPainter& painter, const QRectF& box, int alignment, const QString& text,
               const QColor& colour) {
  painter.setPen(QColor(0, 0, 0, 210));
  for (const QPointF& shift : {QPointF(-1, 0), QPointF(1, 0), QPointF(0, -1), QPointF(0, 1)})
    painter.drawText(box.translated(shift), alignment, text);
  painter.setPen(colour);
  painter.drawText(box, alignment, text);
}

QPen cosmetic(const QColor& colour, double width, Qt::PenStyle style = Qt::SolidLine) {
  QPen pen(colour, width, style, Qt::RoundCap, Qt::RoundJoin);
  pen.setCosmetic(true);
  return pen;
}

QColor with_opacity(const std::array<std::uint8_t, 3>& rgb, double opacity) {
  return {rgb[0], rgb[1], rgb[2], static_cast<int>(std::lround(255.0 * opacity))};
}

// The borders of muscle and fat are those of everything else once more, and would hide them.
bool is_outlined(Tissue tissue) {
  return tissue != Tissue::muscle && tissue != Tissue::fat;
}

}  // namespace

void SliceView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), Qt::black);
  if (!state_.opened()) {
    paint_empty(painter);
    return;
  }
  if (image_slicer_) {
    if (image_stale_) sample_image();
    if (window_stale_) apply_window();
    painter.drawImage(QPointF(0, 0), picture_);
  }
  painter.setRenderHint(QPainter::Antialiasing);
  paint_labels(painter);
  paint_crosshair(painter);
  paint_needle(painter);
  paint_annotations(painter);
  paint_scale_bar(painter);
}

void SliceView::paint_empty(QPainter& painter) const {
  draw_text(painter, rect(), Qt::AlignCenter, title_of(plane_), theme::faint_text);
}

void SliceView::paint_labels(QPainter& painter) const {
  const LabelStyle& style = state_.label_style();
  painter.save();
  painter.setTransform(screen_from_plane(), true);
  for (const TissueOutline& outline : outlines_) {
    const auto& colour = info(outline.tissue).colour;
    painter.setBrush(style.fill_opacity > 0.0 ? QBrush(with_opacity(colour, style.fill_opacity))
                                              : Qt::NoBrush);
    painter.setPen(style.outlines && is_outlined(outline.tissue)
                       ? cosmetic(with_opacity(colour, style.outline_opacity), 1.5)
                       : Qt::NoPen);
    painter.drawPath(outline.path);
  }
  painter.restore();
}

// The whole path is drawn faintly, projected into the slice; the part within 2 mm of the slice is drawn
// fully, so that what is in the picture is told from what lies in front of or behind it.
void SliceView::paint_needle(QPainter& painter) const {
  const planning::NeedlePlan* plan = state_.selected_plan();
  if (!plan) return;
  constexpr double slab_mm = 2.0;
  const auto depth_of = [&](const Point3& p) { return dot(axes_.normal, p - state_.cursor()); };
  const auto on_screen = [&](const Point3& p) { return screen_from_plane().map(to_plane(axes_, p)); };
  Point3 target = plan->target.point;
  const planning::JudgedTrajectory* moved = state_.moved_needle();
  const QColor colour = moved && moved->refusal ? refused_colour : needle_colour;
  if (const auto* planned = state_.selected_trajectory(); planned && moved) {
    painter.setPen(cosmetic(QColor(255, 255, 255, 90), 1.0, Qt::DotLine));
    painter.drawLine(on_screen(planned->path.entry), on_screen(planned->path.target));
    painter.drawEllipse(on_screen(planned->path.target), 4.5, 4.5);
  }
  if (const planning::RankedTrajectory* trajectory = state_.shown_trajectory()) {
    const Point3 entry = trajectory->path.entry;
    target = trajectory->path.target;
    QColor faint = colour;
    faint.setAlpha(120);
    painter.setPen(cosmetic(faint, 1.5, Qt::DashLine));
    painter.drawLine(on_screen(entry), on_screen(target));
    const double from = depth_of(entry), to = depth_of(target);
    double first = 0.0, last = 1.0;
    if (std::abs(to - from) > 1e-9) {
      const double a = (-slab_mm - from) / (to - from), b = (slab_mm - from) / (to - from);
      first = std::clamp(std::min(a, b), 0.0, 1.0);
      last = std::clamp(std::max(a, b), 0.0, 1.0);
    } else if (std::abs(from) > slab_mm) {
      last = 0.0;
    }
    if (last > first) {
      painter.setPen(cosmetic(colour, 3.0));
      painter.drawLine(on_screen(lerp(entry, target, first)), on_screen(lerp(entry, target, last)));
    }
    painter.setPen(cosmetic(colour, 1.5));
    painter.setBrush(Qt::black);
    painter.drawEllipse(on_screen(entry), 4.0, 4.0);
  }
  const bool near = std::abs(depth_of(target)) <= slab_mm;
  painter.setPen(cosmetic(near ? QColor(Qt::white) : QColor(255, 255, 255, 110), 1.5));
  painter.setBrush(near ? QBrush(colour) : Qt::NoBrush);
  painter.drawEllipse(on_screen(target), 4.5, 4.5);
}

void SliceView::paint_crosshair(QPainter& painter) const {
  if (!crosshair_visible_) return;
  const QPointF at = screen_from_plane().map(to_plane(axes_, state_.cursor()));
  // A line here is another plane seen edge on, and has its colour.
  const auto plane_along = [&](const Vector3& normal) {
    for (const Plane plane : all_planes)
      if (std::abs(dot(axes_of(plane).normal, normal)) > 0.5) return plane;
    return plane_;
  };
  constexpr double gap = 9.0;
  const auto pen_of = [&](const Vector3& normal) {
    QColor colour = colour_of(plane_along(normal));
    colour.setAlpha(170);
    return cosmetic(colour, 1.0);
  };
  painter.save();
  painter.setRenderHint(QPainter::Antialiasing, false);
  painter.setPen(pen_of(axes_.down));
  painter.drawLine(QPointF(0, at.y()), QPointF(at.x() - gap, at.y()));
  painter.drawLine(QPointF(at.x() + gap, at.y()), QPointF(width(), at.y()));
  painter.setPen(pen_of(axes_.right));
  painter.drawLine(QPointF(at.x(), 0), QPointF(at.x(), at.y() - gap));
  painter.drawLine(QPointF(at.x(), at.y() + gap), QPointF(at.x(), height()));
  painter.restore();
}

void SliceView::paint_annotations(QPainter& painter) const {
  const QRectF inside = QRectF(rect()).adjusted(8, 6, -8, -6);
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  draw_text(painter, inside, Qt::AlignTop | Qt::AlignLeft, title_of(plane_), colour_of(plane_));
  const QColor letter(235, 235, 235);
  const auto draw_letter = [&](const Vector3& towards, int alignment) {
    draw_text(painter, inside, alignment, QString::fromStdString(render::orientation_letters(towards)),
              letter);
  };
  draw_letter(-axes_.right, Qt::AlignVCenter | Qt::AlignLeft);
  draw_letter(axes_.right, Qt::AlignVCenter | Qt::AlignRight);
  draw_letter(-axes_.down, Qt::AlignTop | Qt::AlignHCenter);
  draw_letter(axes_.down, Qt::AlignBottom | Qt::AlignHCenter);
  painter.setFont(font());
  draw_text(painter, inside, Qt::AlignTop | Qt::AlignRight, slice_text(plane_, state_.cursor()), letter);
  if (image_slicer_) {
    const IntensityWindow& window = state_.window();
    draw_text(painter, inside, Qt::AlignBottom | Qt::AlignRight,
              QStringLiteral("W %1  L %2")
                  .arg(theme::intensity(window.high - window.low),
                       theme::intensity(0.5 * (window.low + window.high))),
              theme::dim_text);
  }
}

void SliceView::paint_scale_bar(QPainter& painter) const {
  const double pixels_per_mm = fit_pixels_per_mm_ * zoom_;
  // The longest round length that takes up to a quarter of the width.
  double bar_mm = 1.0;
  for (const double candidate : {2.0, 5.0, 10.0, 20.0, 50.0, 100.0})
    if (candidate * pixels_per_mm <= 0.25 * width()) bar_mm = candidate;
  const double length = bar_mm * pixels_per_mm;
  const double left = 10.0, y = height() - 10.0;
  const QLineF bar(left, y, left + length, y);
  for (const auto& [colour, thickness] :
       {std::pair{QColor(0, 0, 0, 210), 4.0}, {QColor(235, 235, 235), 2.0}}) {
    painter.setPen(QPen(colour, thickness, Qt::SolidLine, Qt::FlatCap));
    painter.drawLine(bar);
    painter.drawLine(QPointF(left, y - 4), QPointF(left, y + 4));
    painter.drawLine(QPointF(left + length, y - 4), QPointF(left + length, y + 4));
  }
  draw_text(painter, QRectF(left, y - 24, 120, 18), Qt::AlignLeft | Qt::AlignBottom,
            QStringLiteral("%1 mm").arg(bar_mm), QColor(235, 235, 235));
}

}  // namespace genu::viewer
