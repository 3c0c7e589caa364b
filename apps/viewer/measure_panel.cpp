// SPDX-License-Identifier: Apache-2.0
#include "measure_panel.h"

#include <QLabel>
#include <QTableWidget>
#include <QVBoxLayout>

#include "table.h"
#include "theme.h"

namespace genu::viewer {
namespace {

QString text(std::string_view s) {
  return QString::fromUtf8(s.data(), static_cast<int>(s.size()));
}

QString notes_text(const cartilage::CartilageReport& report) {
  QString notes = QStringLiteral("%1 knee (side from %2). Thickness %3.")
                      .arg(theme::readable(name(report.side)), QString::fromStdString(report.side_source),
                           QString::fromStdString(report.method));
  for (const std::string& doubt : report.doubts)
    notes += QStringLiteral("\n\u26a0 In doubt: ") + QString::fromStdString(doubt);
  for (const std::string& flag : report.flags)
    notes += QStringLiteral("\n\u26a0 ") + QString::fromStdString(flag);
  // A few percent are the rims of every plate; the staging rule gives up at ten.
  constexpr double worth_telling_percent = 5.0;
  for (const cartilage::RegionMeasures& m : report.regions) {
    const double percent = 100.0 * m.not_measured_mm2 / m.tAB_mm2;
    if (percent >= worth_telling_percent)
      notes += QStringLiteral("\n\u26a0 %1: %2 % of the area could not be measured")
                   .arg(text(cartilage::title(m.region)), theme::number(percent, 1));
  }
  return notes;
}

}  // namespace

MeasurePanel::MeasurePanel(ViewState& state, QWidget* parent) : QWidget(parent), state_(state) {
  auto* rows = new QVBoxLayout(this);
  rows->setContentsMargins(10, 10, 10, 6);
  regions_ = make_table(
      {QStringLiteral("Region"), QStringLiteral("Mean\nmm"), QStringLiteral("SD\nmm"),
       QStringLiteral("Volume\nmm\u00b3"), QStringLiteral("Area\nmm\u00b2"), QStringLiteral("Denuded\n%")},
      0, this);
  regions_->setToolTip(
      QStringLiteral("Mean, SD: thickness over the whole bone area, denuded counts as 0 (ThCtAB).\n"
                     "Area: total area of subchondral bone (tAB).\n"
                     "Denuded: part of that area without cartilage (dABp)."));
  lesions_ =
      make_table({QStringLiteral("Lesion"), QStringLiteral("Region"), QStringLiteral("Area\nmm\u00b2"),
                  QStringLiteral("Denuded\nmm\u00b2"), QStringLiteral("Depth\n%"), QStringLiteral("ICRS")},
                 1, this);
  lesions_->setToolTip(
      QStringLiteral("Select a lesion to move the slices to it.\n"
                     "Depth: greatest, of the thickness that the cartilage around it leads one to expect.\n"
                     "ICRS: depth class; 2 less than half, 3 more, 4 down to bone."));
  notes_ = new QLabel(this);
  notes_->setWordWrap(true);
  notes_->setTextInteractionFlags(Qt::TextSelectableByMouse);
  notes_->setAlignment(Qt::AlignTop);
  region_heading_ = make_heading(QStringLiteral("Cartilage by region"), this);
  lesion_heading_ = make_heading(QStringLiteral("Lesions"), this);
  rows->addWidget(region_heading_);
  rows->addWidget(regions_, 3);
  rows->addWidget(lesion_heading_);
  rows->addWidget(lesions_, 2);
  rows->addWidget(notes_);

  connect(&state_, &ViewState::case_changed, this, [this] { show_case(); });
  connect(lesions_, &QTableWidget::cellClicked, this, [this](int row) {
    const OpenedCase* opened = state_.opened();
    if (opened && opened->knee.cartilage)
      state_.set_cursor(opened->knee.cartilage->lesions[static_cast<std::size_t>(row)].centre);
  });
}

void MeasurePanel::show_case() {
  regions_->setRowCount(0);
  lesions_->setRowCount(0);
  notes_->clear();
  const OpenedCase* opened = state_.opened();
  const bool measured = opened && opened->knee.cartilage;
  for (QWidget* widget :
       std::initializer_list<QWidget*>{region_heading_, regions_, lesion_heading_, lesions_})
    widget->setVisible(measured);
  if (!opened) return;
  if (!measured) {
    notes_->setText(QStringLiteral("This case has no measurements. Run genu measure to make them."));
    return;
  }
  const cartilage::CartilageReport& report = *opened->knee.cartilage;
  for (const cartilage::RegionMeasures& m : report.regions) {
    add_row(*regions_, {text(cartilage::title(m.region)), theme::number(m.ThCtAB_mean_mm, 2),
                        theme::number(m.ThCtAB_sd_mm, 2), theme::number(m.VC_mm3, 0),
                        theme::number(m.tAB_mm2, 0), theme::number(m.dABp_percent, 1)});
    regions_->item(regions_->rowCount() - 1, 0)->setToolTip(text(cartilage::name(m.region)));
  }
  for (const cartilage::Lesion& lesion : report.lesions) {
    const cartilage::Region part =
        lesion.subregion == cartilage::Region::outside ? lesion.region : lesion.subregion;
    add_row(*lesions_, {QString::fromStdString(lesion.name), text(cartilage::title(part)),
                        theme::number(lesion.area_mm2, 0), theme::number(lesion.denuded_area_mm2, 0),
                        theme::number(lesion.max_depth_percent, 0), QString::number(lesion.icrs_grade)});
  }
  notes_->setText(notes_text(report));
}

}  // namespace genu::viewer
