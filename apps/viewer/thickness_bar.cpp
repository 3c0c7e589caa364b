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

void ThicknessBar::paintEvent(QPaintEvent*) {
  QPainter painter(this);
  painter.fillRect(rect(), theme::background);
  QFont small = font();
  small.setPointSizeF(0.85 * small.pointSizeF());
  painter.setFont(small);
  const QString unit = QStringLiteral("Thickness, mm"), denuded = QStringLiteral("denuded"),
                not_measured = QStringLiteral("not measured");
  const QFontMetrics metrics = painter.fontMetrics();
  constexpr int margin = 8, swatch = 10, gap = 5, bar_height = 10, top = 5;
  const int middle = top + bar_height / 2;

  const auto draw_entry = [&](int left, const QColor& colour, const QString& words) {
    painter.fillRect(QRect(left, middle - swatch / 2, swatch, swatch), colour);
    painter.setPen(theme::dim_text);
    painter.drawText(QRect(left + swatch + gap, 0, metrics.horizontalAdvance(words) + 2, 2 * middle),
                     Qt::AlignVCenter | Qt::AlignLeft, words);
  };
  const int last_left = width() - margin - metrics.horizontalAdvance(not_measured) - gap - swatch;
  const int denuded_left = last_left - 2 * margin - metrics.horizontalAdvance(denuded) - gap - swatch;
  draw_entry(last_left, not_measured_, not_measured);
  draw_entry(denuded_left, denuded_, denuded);

  painter.setPen(theme::dim_text);
  painter.drawText(QRect(margin, 0, metrics.horizontalAdvance(unit) + 2, 2 * middle),
                   Qt::AlignVCenter | Qt::AlignLeft, unit);
  const int left = margin + metrics.horizontalAdvance(unit) + 2 * margin;
  const int length = denuded_left - 2 * margin - left;
  if (length < scale_steps / 2) return;
  for (int x = 0; x < length; ++x)
    painter.fillRect(QRect(left + x, top, 1, bar_height),
                     scale_[static_cast<std::size_t>(x) * scale_.size() / static_cast<std::size_t>(length)]);
  const int max_mm = static_cast<int>(std::lround(render::ThicknessOptions{}.max_mm));
  for (int mm = 0; mm <= max_mm; ++mm) {
    const int x = left + length * mm / max_mm;
    painter.drawLine(x, top + bar_height, x, top + bar_height + 3);
    painter.drawText(QRect(x - 20, top + bar_height + 3, 40, height() - top - bar_height - 3),
                     Qt::AlignHCenter | Qt::AlignTop,
                     QString::number(mm) + (mm == max_mm ? QStringLiteral("+") : QString()));
  }
}

}  // namespace genu::viewer
