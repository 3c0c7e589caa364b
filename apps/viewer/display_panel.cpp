// SPDX-License-Identifier: Apache-2.0
#include "display_panel.h"

#include <QCheckBox>
#include <QGridLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QStringList>
#include <algorithm>
#include <array>
#include <cmath>

#include "theme.h"

namespace genu::viewer {
namespace {

constexpr int slider_steps = 1000;
constexpr double percent = 100.0;

QSlider* make_slider(int steps, QWidget* parent) {
  auto* slider = new QSlider(Qt::Horizontal, parent);
  slider->setRange(0, steps);
  return slider;
}

QString legend_html(const Volume<std::uint8_t>& label_numbers) {
  std::array<bool, 256> present{};
  for (const std::uint8_t number : label_numbers.voxels()) present[number] = true;
  QStringList chips;
  for (const TissueInfo& row : tissues()) {
    if (row.tissue == Tissue::background || !present[static_cast<std::size_t>(row.tissue)]) continue;
    const QColor colour(row.colour[0], row.colour[1], row.colour[2]);
    chips << QStringLiteral("<span style='color:%1'>\u25a0</span>\u00a0%2")
                 .arg(colour.name(), QString::fromUtf8(row.title.data(), static_cast<int>(row.title.size()))
                                         .replace(QLatin1Char(' '), QChar(0x00a0)));
  }
  return chips.join(QStringLiteral("&nbsp;&nbsp; "));
}

}  // namespace

DisplayPanel::DisplayPanel(ViewState& state, QWidget* parent) : QWidget(parent), state_(state) {
  auto* grid = new QGridLayout(this);
  grid->setContentsMargins(10, 8, 10, 10);
  grid->setVerticalSpacing(4);
  level_ = make_slider(slider_steps, this);
  width_ = make_slider(slider_steps, this);
  level_value_ = new QLabel(this);
  width_value_ = new QLabel(this);
  for (QLabel* value : {level_value_, width_value_}) {
    value->setMinimumWidth(52);
    value->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  }
  outlines_ = new QCheckBox(QStringLiteral("Outlines"), this);
  outline_opacity_ = make_slider(static_cast<int>(percent), this);
  fill_opacity_ = make_slider(static_cast<int>(percent), this);
  legend_ = new QLabel(this);
  legend_->setWordWrap(true);
  grid->addWidget(new QLabel(QStringLiteral("Level"), this), 0, 0);
  grid->addWidget(level_, 0, 1);
  grid->addWidget(level_value_, 0, 2);
  grid->addWidget(new QLabel(QStringLiteral("Window"), this), 1, 0);
  grid->addWidget(width_, 1, 1);
  grid->addWidget(width_value_, 1, 2);
  grid->addWidget(outlines_, 2, 0);
  grid->addWidget(outline_opacity_, 2, 1, 1, 2);
  grid->addWidget(new QLabel(QStringLiteral("Fill"), this), 3, 0);
  grid->addWidget(fill_opacity_, 3, 1, 1, 2);
  grid->addWidget(legend_, 4, 0, 1, 3);
  grid->setColumnStretch(1, 1);

  connect(&state_, &ViewState::case_changed, this, [this] { show_case(); });
  connect(&state_, &ViewState::window_changed, this, [this] { show_window(); });
  connect(&state_, &ViewState::label_style_changed, this, [this] { show_style(); });
  for (QSlider* slider : {level_, width_})
    connect(slider, &QSlider::valueChanged, this, [this] { set_window(); });
  for (QSlider* slider : {outline_opacity_, fill_opacity_})
    connect(slider, &QSlider::valueChanged, this, [this] { set_style(); });
  connect(outlines_, &QCheckBox::toggled, this, [this] { set_style(); });
  show_style();
  show_case();
}

void DisplayPanel::toggle_outlines() {
  outlines_->toggle();
}

void DisplayPanel::show_case() {
  const OpenedCase* opened = state_.opened();
  const bool image = opened && opened->knee.image, labels = opened && opened->label_numbers;
  for (QWidget* widget : std::initializer_list<QWidget*>{level_, width_}) widget->setEnabled(image);
  for (QWidget* widget : std::initializer_list<QWidget*>{outlines_, outline_opacity_, fill_opacity_})
    widget->setEnabled(labels);
  legend_->setText(labels ? legend_html(*opened->label_numbers) : QString());
  legend_->setVisible(labels);
  if (!image)
    for (QLabel* value : {level_value_, width_value_}) value->clear();
}

// The sliders run over the image's whole range; the width on a square-root scale, because narrow windows need
// the finer steps.
void DisplayPanel::show_window() {
  if (!state_.opened() || !state_.opened()->knee.image) return;
  const IntensityWindow& range = state_.opened()->intensity_range;
  const IntensityWindow& window = state_.window();
  const double span = range.high - range.low;
  const double level = 0.5 * (window.low + window.high), width = window.high - window.low;
  const QSignalBlocker quiet_level(level_), quiet_width(width_);
  level_->setValue(static_cast<int>(std::lround(slider_steps * (level - range.low) / span)));
  width_->setValue(static_cast<int>(std::lround(slider_steps * std::sqrt(std::min(1.0, width / span)))));
  level_value_->setText(theme::intensity(level));
  width_value_->setText(theme::intensity(width));
}

void DisplayPanel::set_window() {
  if (!state_.opened()) return;
  const IntensityWindow& range = state_.opened()->intensity_range;
  const double span = range.high - range.low;
  const double level = range.low + span * level_->value() / slider_steps;
  const double root = static_cast<double>(std::max(1, width_->value())) / slider_steps;
  const double half = 0.5 * span * root * root;
  state_.set_window({level - half, level + half});
}

void DisplayPanel::show_style() {
  const LabelStyle& style = state_.label_style();
  const QSignalBlocker a(outlines_), b(outline_opacity_), c(fill_opacity_);
  outlines_->setChecked(style.outlines);
  outline_opacity_->setValue(static_cast<int>(std::lround(percent * style.outline_opacity)));
  fill_opacity_->setValue(static_cast<int>(std::lround(percent * style.fill_opacity)));
}

void DisplayPanel::set_style() {
  state_.set_label_style({.outlines = outlines_->isChecked(),
                          .outline_opacity = outline_opacity_->value() / percent,
                          .fill_opacity = fill_opacity_->value() / percent});
}

}  // namespace genu::viewer
