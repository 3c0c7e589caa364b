// SPDX-License-Identifier: Apache-2.0
#include "thickness_bar.h"

#include <QPainter>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include <vtkActor.h>
#include <vtkActorCollection.h>
#include <vtkMapper.h>
#include <vtkNew.h>
#include <vtkPointData.h>
#include <vtkPolyData.h>
#include <vtkRenderer.h>
#include <vtkUnsignedCharArray.h>

#include <genu/render/figures.h>
#include <genu/render/native.h>

#include "theme.h"

namespace genu::viewer {
namespace {

constexpr int scale_steps = 64;
constexpr int margin = 8, swatch = 10, gap = 5, bar_height = 10, top = 5;
constexpr int second_row = 34, second_row_height = 16;

QString unit() {
  return QStringLiteral("Thickness, mm");
}
QString denuded() {
  return QStringLiteral("denuded");
}
QString not_measured() {
  return QStringLiteral("not measured");
}

/// Returns how wide a swatch is with its words.
int entry_width(const QFontMetrics& metrics, const QString& words) {
  return swatch + gap + metrics.horizontalAdvance(words);
}

// The map's own colours, read back from a strip of bone with known thicknesses, so that bar and map agree
// whatever the scale is.
std::vector<QColor> colours_of(const std::vector<double>& thickness_mm, double max_mm) {
  cartilage::BoneMap strip;
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (std::size_t v = 0; v < thickness_mm.size(); ++v) {
    vertices.push_back({static_cast<double>(v), v % 2 ? 1.0 : 0.0, 0.0});
    const auto last = static_cast<std::uint32_t>(v);
    if (v >= 2) triangles.push_back({last - 2, last - 1, last});
  }
  strip.surface = TriangleMesh(std::move(vertices), std::move(triangles));
  strip.thickness_mm = thickness_mm;
  strip.region.assign(thickness_mm.size(), cartilage::Region::MT);
  vtkNew<vtkRenderer> renderer;
  render::add_thickness_map(renderer, strip, max_mm);
  vtkActor* actor = renderer->GetActors()->GetLastActor();
  auto* data = actor ? vtkPolyData::SafeDownCast(actor->GetMapper()->GetInput()) : nullptr;
  auto* rgb = data ? vtkUnsignedCharArray::SafeDownCast(data->GetPointData()->GetScalars()) : nullptr;
  std::vector<QColor> colours(thickness_mm.size(), theme::faint_text);
  for (std::size_t v = 0; rgb && v < colours.size(); ++v) {
    const auto tuple = static_cast<vtkIdType>(v);
    colours[v] = QColor(rgb->GetTypedComponent(tuple, 0), rgb->GetTypedComponent(tuple, 1),
                        rgb->GetTypedComponent(tuple, 2));
  }
  return colours;
}

}  // namespace

ThicknessBar::ThicknessBar(QWidget* parent) : QWidget(parent) {
  setFixedHeight(sizeHint().height());
  const double max_mm = render::ThicknessOptions{}.max_mm;
  std::vector<double> thickness_mm{0.0, std::numeric_limits<double>::quiet_NaN()};
  for (int step = 0; step < scale_steps; ++step) thickness_mm.push_back(max_mm * (step + 0.5) / scale_steps);
  scale_ = colours_of(thickness_mm, max_mm);
  denuded_ = scale_[0];
  not_measured_ = scale_[1];
  scale_.erase(scale_.begin(), scale_.begin() + 2);
}

QFont ThicknessBar::small_font() const {
  QFont small = font();
  small.setPointSizeF(0.85 * small.pointSizeF());
  return small;
}

int ThicknessBar::whole_width() const {
  const QFontMetrics metrics(small_font());
  return margin + metrics.horizontalAdvance(unit()) + 2 * margin + scale_steps + 2 * margin +
         entry_width(metrics, denuded()) + 2 * margin + entry_width(metrics, not_measured()) + margin;
}

// Where all do not fit beside each other, what is not on the scale stands below it.
void ThicknessBar::resizeEvent(QResizeEvent*) {
  setFixedHeight(sizeHint().height() + (width() < whole_width() ? second_row_height : 0));
}

void ThicknessBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme::background);
  painter.setFont(small_font());
  const QFontMetrics metrics = painter.fontMetrics();
  const int middle = top + bar_height / 2;
  const bool below = width() < whole_width();

  const auto draw_entry = [&](int left, const QColor& colour, const QString& words) {
    const int centre = below ? second_row + second_row_height / 2 - 2 : middle;
    painter.fillRect(QRect(left, centre - swatch / 2, swatch, swatch), colour);
    painter.setPen(theme::dim_text);
    painter.drawText(
        QRect(left + swatch + gap, centre - middle, metrics.horizontalAdvance(words) + 2, 2 * middle),
        Qt::AlignVCenter | Qt::AlignLeft, words);
  };
  const int last_left = width() - margin - entry_width(metrics, not_measured());
  const int denuded_left = below ? margin : last_left - 2 * margin - entry_width(metrics, denuded());
  draw_entry(last_left, not_measured_, not_measured());
  draw_entry(denuded_left, denuded_, denuded());

  painter.setPen(theme::dim_text);
  painter.drawText(QRect(margin, 0, metrics.horizontalAdvance(unit()) + 2, 2 * middle),
                   Qt::AlignVCenter | Qt::AlignLeft, unit());
  const int left = margin + metrics.horizontalAdvance(unit()) + 2 * margin;
  const int length = (below ? width() : denuded_left - margin) - margin - left;
  if (length < scale_steps / 2) return;
  for (int x = 0; x < length; ++x)
    painter.fillRect(QRect(left + x, top, 1, bar_height),
                     scale_[static_cast<std::size_t>(x) * scale_.size() / static_cast<std::size_t>(length)]);
  const int max_mm = static_cast<int>(std::lround(render::ThicknessOptions{}.max_mm));
  // Where there is no room for all numbers the ends have theirs.
  const bool each = length / max_mm > 2 * metrics.horizontalAdvance(QStringLiteral("5+"));
  for (int mm = 0; mm <= max_mm; ++mm) {
    const int x = left + length * mm / max_mm;
    painter.drawLine(x, top + bar_height, x, top + bar_height + 3);
    if (!each && mm > 0 && mm < max_mm) continue;
    painter.drawText(QRect(x - 20, top + bar_height + 3, 40, height() - top - bar_height - 3),
                     Qt::AlignHCenter | Qt::AlignTop,
                     QString::number(mm) + (mm == max_mm ? QStringLiteral("+") : QString()));
  }
}

}  // namespace genu::viewer
