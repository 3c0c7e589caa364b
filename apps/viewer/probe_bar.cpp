// SPDX-License-Identifier: Apache-2.0
#include "probe_bar.h"

#include <QStringList>

#include "theme.h"

namespace genu::viewer {

ProbeBar::ProbeBar(ViewState& state, QWidget* parent) : QLabel(parent), state_(state) {
  setTextFormat(Qt::RichText);
  setContentsMargins(8, 0, 8, 0);
  connect(&state_, &ViewState::probed, this, [this](const std::optional<Point3>& p) { show_point(p); });
  connect(&state_, &ViewState::cursor_changed, this, [this] { show_point(std::nullopt); });
  connect(&state_, &ViewState::case_changed, this, [this] { show_point(std::nullopt); });
}

void ProbeBar::show_point(const std::optional<Point3>& under_mouse) {
  const OpenedCase* opened = state_.opened();
  if (!opened) {
    clear();
    return;
  }
  const Point3 p = under_mouse.value_or(state_.cursor());
  QStringList parts{position_text(p).replace(QStringLiteral("  "), QStringLiteral("&nbsp;&nbsp;")) +
                    QStringLiteral(" mm")};
  if (const auto intensity = intensity_at(*opened, p))
    parts << QStringLiteral("intensity %1").arg(theme::intensity(static_cast<double>(*intensity)));
  if (const auto tissue = tissue_at(*opened, p)) {
    const TissueInfo& row = info(*tissue);
    const QColor colour(row.colour[0], row.colour[1], row.colour[2]);
    const QString title = QString::fromUtf8(row.title.data(), static_cast<int>(row.title.size()));
    parts << (*tissue == Tissue::background
                  ? QStringLiteral("<span style='color:%1'>%2</span>").arg(theme::faint_text.name(), title)
                  : QStringLiteral("<span style='color:%1'>\u25a0</span> %2").arg(colour.name(), title));
  }
  setText(QStringLiteral("<span style='color:%1'>%2</span>&nbsp; %3")
              .arg(theme::dim_text.name(),
                   under_mouse ? QStringLiteral("Mouse") : QStringLiteral("Crosshair"),
                   parts.join(QStringLiteral("&nbsp;&nbsp;&nbsp;&nbsp;"))));
}

}  // namespace genu::viewer
