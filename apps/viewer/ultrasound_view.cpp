// SPDX-License-Identifier: Apache-2.0
#include "ultrasound_view.h"

#include <QPainter>
#include <QPainterPath>
#include <algorithm>
#include <cmath>
#include <utility>

#include "theme.h"

namespace genu::viewer {
namespace {

constexpr double ruler_width = 46.0, border = 8.0;

void draw_text(QPainter& painter, const QRectF& box, int alignment, const QString& text,
               const QColor& colour) {
  painter.setPen(QColor(0, 0, 0, 210));
  for (const QPointF& shift : {QPointF(-1, 0), QPointF(1, 0), QPointF(0, -1), QPointF(0, 1)})
    painter.drawText(box.translated(shift), alignment, text);
  painter.setPen(colour);
  painter.drawText(box, alignment, text);
}

QPen pen_of(const QColor& colour, double width, Qt::PenStyle style = Qt::SolidLine) {
  return {QBrush(colour), width, style, Qt::RoundCap, Qt::RoundJoin};
}

PixelBounds all_of(const QImage& image) {
  return {0, 0, image.width(), image.height()};
}

/// Where an arrow shows the needle's way into the picture, on the screen.
struct WayIn {
  QPointF tail, point;
  QPointF along, above;  ///< Unit.
  QRectF words;
  bool from_left = true;
};

/// Returns it for a needle in the picture's plane; nothing for one that comes across it.
std::optional<WayIn> way_in(const QPointF& entry, const QPointF& target, const QRectF& picture) {
  constexpr double arrow = 40.0, beside = 14.0, words_width = 140.0;
  const double length = std::hypot(target.x() - entry.x(), target.y() - entry.y());
  if (length < arrow) return std::nullopt;
  WayIn way;
  way.along = (target - entry) / length;
  way.from_left = way.along.x() >= 0.0;
  way.above = way.from_left ? QPointF(way.along.y(), -way.along.x()) : QPointF(-way.along.y(), way.along.x());
  const double beyond = way.from_left ? picture.left() - entry.x() : entry.x() - picture.right();
  double outside = std::max(0.0, beyond) / std::max(1e-6, std::abs(way.along.x()));
  if (way.along.y() > 1e-6) outside = std::max(outside, (picture.top() - entry.y()) / way.along.y());
  way.tail = entry + (outside + 6.0) * way.along + beside * way.above;
  way.point = way.tail + arrow * way.along;
  way.words = {way.from_left ? way.point.x() + 6.0 : way.point.x() - 6.0 - words_width, way.point.y() - 14.0,
               words_width, 18.0};
  return way;
}

/// Returns a picture's size in mm, or in pixels where it has no scale.
QSizeF size_of(const ShownUltrasound& shown) {
  const PixelSize pixel = shown.pixel.value_or(PixelSize{1.0, 1.0});
  return {shown.image.width() * pixel.x_mm, shown.image.height() * pixel.y_mm};
}

QColor bone_line() {
  return {120, 200, 255, 200};
}

}  // namespace

void mirror(ExpectedMarks& marks, int width) {
  const auto turn = [&](PixelPoint& p) { p.x = width - 1.0 - p.x; };
  turn(marks.path.entry);
  turn(marks.path.target);
  for (PixelPoint& p : marks.bone) turn(p);
  for (NamedPlace& place : marks.names) turn(place.at);
}

QImage image_of(const Frame& frame) {
  if (frame.empty()) return {};
  const bool colour = frame.channels == 3;
  // Qt only looks at the bytes here; the copy does not depend on the frame.
  return QImage(frame.pixels.data(), frame.width, frame.height, frame.width * frame.channels,
                colour ? QImage::Format_RGB888 : QImage::Format_Grayscale8)
      .copy();
}

UltrasoundView::UltrasoundView(QWidget* parent) : QWidget(parent) {
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
}

void UltrasoundView::show_picture(ShownUltrasound shown) {
  shown_ = std::move(shown);
  tell_scale_limit();
  update();
}

void UltrasoundView::share_scale_with(UltrasoundView& other) {
  beside_ = &other;
  other.beside_ = this;
  tell_scale_limit();
  other.tell_scale_limit();
}

QRectF UltrasoundView::room() const {
  const double left = shown_.pixel ? ruler_width : border;
  return {left, border, std::max(1.0, width() - left - border), std::max(1.0, height() - 2 * border)};
}

double UltrasoundView::filling_scale() const {
  const QSizeF size = size_of(shown_);
  return std::min(room().width() / size.width(), room().height() / size.height());
}

std::optional<double> UltrasoundView::scale_limit() const {
  if (!isVisible() || shown_.image.isNull() || !shown_.pixel) return std::nullopt;
  return filling_scale();
}

void UltrasoundView::tell_scale_limit() {
  const auto limit = scale_limit();
  if (limit == told_limit_) return;
  told_limit_ = limit;
  if (beside_) beside_->update();
}

void UltrasoundView::resizeEvent(QResizeEvent*) {
  tell_scale_limit();
}

void UltrasoundView::showEvent(QShowEvent*) {
  tell_scale_limit();
}

void UltrasoundView::hideEvent(QHideEvent*) {
  tell_scale_limit();
}

QRectF UltrasoundView::picture_rect() const {
  if (shown_.image.isNull()) return {};
  const QRectF within = room();
  const QSizeF size = size_of(shown_);
  double scale = filling_scale();
  if (beside_ && shown_.pixel) scale = std::min(scale, beside_->scale_limit().value_or(scale));
  return {within.left() + 0.5 * (within.width() - scale * size.width()),
          within.top() + 0.5 * (within.height() - scale * size.height()), scale * size.width(),
          scale * size.height()};
}

QPointF UltrasoundView::on_screen(const PixelPoint& p) const {
  const QRectF rect = picture_rect();
  return {rect.left() + (p.x + 0.5) * rect.width() / shown_.image.width(),
          rect.top() + (p.y + 0.5) * rect.height() / shown_.image.height()};
}

double UltrasoundView::pixels_per_mm() const {
  return picture_rect().height() / (shown_.image.height() * shown_.pixel->y_mm);
}

void UltrasoundView::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), Qt::black);
  if (!shown_.image.isNull()) {
    painter.setRenderHint(QPainter::SmoothPixmapTransform);
    if (!shown_.stale.isEmpty()) painter.setOpacity(0.35);
    painter.drawImage(picture_rect(), shown_.image);
    painter.setOpacity(1.0);
    painter.setRenderHint(QPainter::Antialiasing);
    if (shown_.pixel) {
      paint_ruler(painter);
      paint_bar(painter);
    }
    if (shown_.expected) paint_expected(painter);
    if (shown_.plan) paint_plan(painter);
    if (shown_.needle) paint_needle(painter);
    if (!shown_.banner.isEmpty()) paint_banner(painter);
  }
  paint_words(painter);
}

// From the row in which depth is 0 to the end of the echo image.
void UltrasoundView::paint_ruler(QPainter& painter) const {
  const PixelBounds part = shown_.part.value_or(all_of(shown_.image));
  const QRectF picture = picture_rect();
  const double row = picture.height() / shown_.image.height();
  const double top = picture.top() + shown_.face_row * row;
  const double length = picture.top() + (part.y + part.height) * row - top;
  const double cm = 10.0 * pixels_per_mm(), x = picture.left() - 4.0;
  painter.setPen(pen_of(theme::dim_text, 1.0));
  painter.drawLine(QPointF(x, top), QPointF(x, top + length));
  // Numbers that would run into each other are left out.
  constexpr double text_height = 14.0, least_cm = 2.0;
  if (!(cm >= least_cm)) return;
  const int every_cm = cm >= text_height ? 1 : 5.0 * cm >= text_height ? 5 : 10;
  for (int half = 0; 0.5 * half * cm <= length; ++half) {
    const double y = top + 0.5 * half * cm;
    const bool whole = half % 2 == 0;
    if (!whole && cm < text_height) continue;
    painter.setPen(pen_of(theme::dim_text, 1.0));
    painter.drawLine(QPointF(x - (whole ? 6.0 : 3.0), y), QPointF(x, y));
    if (whole && (half / 2) % every_cm == 0)
      draw_text(painter, QRectF(x - 44.0, y - 9.0, 35.0, 18.0), Qt::AlignRight | Qt::AlignVCenter,
                half == 0 ? QStringLiteral("cm 0") : QString::number(half / 2), theme::text);
  }
}

void UltrasoundView::paint_bar(QPainter& painter) const {
  const QRectF picture = picture_rect();
  const double length = 10.0 * picture.width() / (shown_.image.width() * shown_.pixel->x_mm);
  const double right = picture.right() - 10.0, y = picture.bottom() - 10.0;
  for (const auto& [colour, thickness] :
       {std::pair{QColor(0, 0, 0, 210), 4.0}, {QColor(235, 235, 235), 2.0}}) {
    painter.setPen(QPen(colour, thickness, Qt::SolidLine, Qt::FlatCap));
    painter.drawLine(QPointF(right - length, y), QPointF(right, y));
    painter.drawLine(QPointF(right - length, y - 4), QPointF(right - length, y + 4));
    painter.drawLine(QPointF(right, y - 4), QPointF(right, y + 4));
  }
  draw_text(painter, QRectF(right - 120.0, y - 24.0, 120.0, 18.0), Qt::AlignRight | Qt::AlignBottom,
            QStringLiteral("10 mm"), QColor(235, 235, 235));
}

void UltrasoundView::paint_plan(QPainter& painter) const {
  const ultrasound::PlanInImage& plan = *shown_.plan;
  painter.save();
  painter.setClipRect(picture_rect());
  QColor faint = theme::needle_path;
  faint.setAlpha(150);
  painter.setBrush(Qt::NoBrush);
  painter.setPen(pen_of(faint, 1.5, Qt::DashLine));
  painter.drawLine(on_screen(plan.entry), on_screen(plan.target));
  if (plan.in_picture) {
    painter.setPen(pen_of(theme::needle_path, 3.0));
    painter.drawLine(on_screen(plan.at((*plan.in_picture)[0])), on_screen(plan.at((*plan.in_picture)[1])));
  }
  const QPointF target = on_screen(plan.target);
  if (shown_.pixel && plan.tolerance_radius_mm > 0.0) {
    const double radius = plan.tolerance_radius_mm * pixels_per_mm();
    painter.setPen(pen_of(theme::needle_path, 1.5));
    painter.drawEllipse(target, radius, radius);
  }
  painter.setPen(pen_of(plan.tolerance_radius_mm > 0.0 ? QColor(Qt::white) : faint, 1.5));
  painter.drawLine(target - QPointF(5, 0), target + QPointF(5, 0));
  painter.drawLine(target - QPointF(0, 5), target + QPointF(0, 5));
  painter.restore();
}

void UltrasoundView::paint_needle(QPainter& painter) const {
  const ultrasound::NeedleInImage& needle = *shown_.needle;
  constexpr int pieces = 24;
  QPainterPath shaft(on_screen(needle.at(0.0)));
  for (int piece = 1; piece <= pieces; ++piece)
    shaft.lineTo(on_screen(needle.at(static_cast<double>(piece) / pieces)));
  painter.setBrush(Qt::NoBrush);
  QColor through = theme::found_needle;
  through.setAlpha(190);  // the needle's own echo stays to be seen
  painter.setPen(pen_of(through, 1.5));
  painter.drawPath(shaft);
  painter.drawEllipse(on_screen(needle.tip), 6.0, 6.0);
}

// A frame and words that stay in any crop of the picture worth showing.
void UltrasoundView::paint_banner(QPainter& painter) const {
  const QRectF picture = picture_rect();
  painter.setBrush(Qt::NoBrush);
  painter.setPen(pen_of(theme::caution, 2.0, Qt::DashLine));
  painter.drawRect(picture.adjusted(1, 1, -1, -1));
  painter.save();
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  draw_text(painter, picture.adjusted(8, 6, -8, -6), Qt::AlignTop | Qt::AlignHCenter | Qt::TextWordWrap,
            shown_.banner, theme::caution);
  painter.restore();
}

void UltrasoundView::paint_expected(QPainter& painter) const {
  const ExpectedMarks& marks = *shown_.expected;
  painter.save();
  painter.setClipRect(picture_rect());
  painter.setBrush(Qt::NoBrush);
  painter.setPen(pen_of(bone_line(), 1.0, Qt::DashLine));
  QPainterPath bone;
  bool drawing = false;
  for (const PixelPoint& p : marks.bone) {
    const bool there = std::isfinite(p.x + p.y);
    if (there && drawing) bone.lineTo(on_screen(p));
    if (there && !drawing) bone.moveTo(on_screen(p));
    drawing = there;
  }
  painter.drawPath(bone);
  constexpr double least_mm = 1.0;  // Where the tolerance does not reach into the picture, or is none.
  const QPointF target = on_screen(marks.path.target);
  const double radius = std::max(least_mm, marks.path.tolerance_radius_mm) * pixels_per_mm();
  painter.setPen(pen_of(theme::target, 1.5));
  painter.drawEllipse(target, radius, radius);
  draw_text(painter, QRectF(target.x() - 60.0, target.y() + radius + 1.0, 120.0, 18.0),
            Qt::AlignTop | Qt::AlignHCenter, QStringLiteral("target"), theme::target);
  painter.setPen(pen_of(theme::needle_path, 1.5));
  painter.drawEllipse(target, 4.0, 4.0);
  draw_text(painter, QRectF(target.x() + radius + 4.0, target.y() - 9.0, 60.0, 18.0),
            Qt::AlignLeft | Qt::AlignVCenter, QStringLiteral("tip"), theme::needle_path);
  paint_way_in(painter);
  paint_names(painter, {target.x() - 24.0, target.y() + radius, 48.0, 16.0});
  painter.restore();
}

// Names whose places lie near the border stay in the picture; those that would run into another give way, and
// those of bones only downwards: above is the surface that they are known by.
void UltrasoundView::paint_names(QPainter& painter, const QRectF& taken) const {
  constexpr double line = 18.0;
  const QRectF picture = picture_rect();
  const ultrasound::PlanInImage& path = shown_.expected->path;
  const QPointF target = on_screen(path.target);
  std::vector<QRectF> boxes{taken,
                            {target.x(), target.y() - 0.5 * line, taken.bottom() - target.y() + 12.0, line}};
  if (const auto way = way_in(on_screen(path.entry), target, picture)) boxes.push_back(way->words);
  for (const NamedPlace& place : shown_.expected->names) {
    const double half = 0.5 * painter.fontMetrics().horizontalAdvance(place.name) + 4.0;
    QPointF middle = on_screen(place.at);
    if (place.below) middle.ry() += 0.5 * line;
    middle.setX(std::max(picture.left() + half, std::min(middle.x(), picture.right() - half)));
    for (const double shift : {0.0, line, place.below ? 2.0 * line : -line}) {
      const QRectF box(middle + QPointF(-half, shift - 0.5 * line), QSizeF(2.0 * half, line));
      const bool free = std::none_of(boxes.begin(), boxes.end(),
                                     [&](const QRectF& other) { return other.intersects(box); });
      if (!free || !picture.contains(box)) continue;
      draw_text(painter, box, Qt::AlignCenter, place.name, theme::text);
      boxes.push_back(box);
      break;
    }
  }
}

// An arrow beside the needle where it comes into the picture.
void UltrasoundView::paint_way_in(QPainter& painter) const {
  const ultrasound::PlanInImage& path = shown_.expected->path;
  const auto way = way_in(on_screen(path.entry), on_screen(path.target), picture_rect());
  if (!way) return;
  constexpr double head = 8.0;
  painter.setPen(pen_of(theme::needle_path, 1.5));
  painter.drawLine(way->tail, way->point);
  painter.drawLine(way->point, way->point - head * way->along + 0.6 * head * way->above);
  painter.drawLine(way->point, way->point - head * way->along - 0.6 * head * way->above);
  QString words =
      way->from_left ? QStringLiteral("needle from the left") : QStringLiteral("needle from the right");
  // The arrow tells the side, too.
  const double free_width = way->from_left ? picture_rect().right() - way->words.left()
                                           : way->words.right() - picture_rect().left();
  if (painter.fontMetrics().horizontalAdvance(words) > free_width) words = QStringLiteral("needle");
  draw_text(painter, way->words, (way->from_left ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter, words,
            theme::needle_path);
}

void UltrasoundView::paint_words(QPainter& painter) const {
  const QRectF inside = QRectF(rect()).adjusted(ruler_width + 6.0, 10.0, -14.0, -10.0);
  QFont bold = font();
  bold.setBold(true);
  painter.setFont(bold);
  if (!shown_.alarms.empty())
    draw_text(painter, inside, Qt::AlignTop | Qt::AlignLeft | Qt::TextWordWrap, shown_.alarms.join('\n'),
              theme::alarm);
  if (!shown_.stale.isEmpty())
    draw_text(painter, inside, Qt::AlignCenter | Qt::TextWordWrap, shown_.stale, theme::text);
  if (!shown_.pixel && !shown_.image.isNull())
    draw_text(painter, inside, Qt::AlignBottom | Qt::AlignLeft | Qt::TextWordWrap,
              QStringLiteral("no scale: %1").arg(shown_.no_scale), theme::caution);
}

}  // namespace genu::viewer
