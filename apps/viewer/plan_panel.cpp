// SPDX-License-Identifier: Apache-2.0
#include "plan_panel.h"

#include <QHeaderView>
#include <QLabel>
#include <QStringList>
#include <QTableWidget>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>

#include "table.h"
#include "theme.h"

namespace genu::viewer {
namespace {

QString clearances_text(const planning::Scorecard& card) {
  QStringList parts;
  for (std::size_t c = 0; c < card.clearances.size() && c < 6; ++c) {
    const planning::Clearance& clearance = card.clearances[c];
    parts << QStringLiteral("%1 %2 mm%3")
                 .arg(theme::readable(clearance.structure), theme::number(clearance.distance_mm, 1),
                      clearance.source == "estimated" ? QStringLiteral(" (estimated)") : QString());
  }
  return parts.join(QStringLiteral(" \u00b7 "));
}

QString list_html(const QString& heading, const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  QString html = QStringLiteral(
                     "<p style='margin-bottom:0'><b>%1</b></p><ul style='margin-top:2px; -qt-list-indent:0; "
                     "margin-left:14px'>")
                     .arg(heading);
  for (const std::string& line : lines)
    html += QStringLiteral("<li>%1</li>").arg(QString::fromStdString(line).toHtmlEscaped());
  return html + QStringLiteral("</ul>");
}

}  // namespace

PlanPanel::PlanPanel(ViewState& state, QWidget* parent) : QWidget(parent), state_(state) {
  auto* rows = new QVBoxLayout(this);
  rows->setContentsMargins(10, 10, 10, 6);
  targets_ =
      make_table({QStringLiteral("Target"), QStringLiteral("Approach"), QStringLiteral("Paths")}, 0, this);
  trajectories_ =
      make_table({QStringLiteral("#"), QStringLiteral("Depth\nmm"), QStringLiteral("Angle\n\u00b0"),
                  QStringLiteral("Nearest"), QStringLiteral("Gap\nmm"), QStringLiteral("Needle")},
                 3, this);
  trajectories_->setToolTip(
      QStringLiteral("Angle: between the needle and the inward normal of the skin.\n"
                     "Gap: from the needle's surface to the nearest structure."));
  details_ = new QTextBrowser(this);
  details_->setFrameShape(QFrame::NoFrame);
  details_->document()->setDocumentMargin(0);
  target_heading_ = make_heading(QStringLiteral("Targets"), this);
  path_heading_ = make_heading(QStringLiteral("Needle paths"), this);
  rows->addWidget(target_heading_);
  rows->addWidget(targets_);
  rows->addWidget(path_heading_);
  rows->addWidget(trajectories_, 5);
  rows->addWidget(details_, 3);

  connect(&state_, &ViewState::case_changed, this, [this] { list_targets(); });
  connect(&state_, &ViewState::selection_changed, this, [this] { show_selection(); });
  connect(targets_, &QTableWidget::currentCellChanged, this, [this](int row) {
    if (filling_ || row < 0) return;
    const auto plan = static_cast<std::size_t>(row);
    const bool any = !state_.opened()->knee.plans[plan].ranked.empty();
    state_.select({plan, any ? std::optional<std::size_t>(0) : std::nullopt});
  });
  connect(trajectories_, &QTableWidget::cellClicked, this, [this](int row) {
    if (state_.selection()) state_.select({state_.selection()->plan, static_cast<std::size_t>(row)});
  });
  connect(trajectories_, &QTableWidget::currentCellChanged, this, [this](int row) {
    if (!filling_ && row >= 0 && state_.selection())
      state_.select({state_.selection()->plan, static_cast<std::size_t>(row)});
  });
  list_targets();
}

void PlanPanel::list_targets() {
  filling_ = true;
  listed_ = nullptr;
  targets_->setRowCount(0);
  trajectories_->setRowCount(0);
  const OpenedCase* opened = state_.opened();
  if (opened)
    for (const planning::NeedlePlan& plan : opened->knee.plans)
      add_row(*targets_, {theme::readable(plan.target.name), theme::readable(plan.approach),
                          QString::number(plan.safe)});
  filling_ = false;
  constexpr int most_rows = 7;
  const int rows = std::clamp(targets_->rowCount(), 1, most_rows);
  targets_->setFixedHeight(targets_->horizontalHeader()->sizeHint().height() +
                           rows * targets_->verticalHeader()->defaultSectionSize() +
                           2 * targets_->frameWidth());
  const bool planned = opened && !opened->knee.plans.empty();
  for (QWidget* widget :
       std::initializer_list<QWidget*>{target_heading_, targets_, path_heading_, trajectories_})
    widget->setVisible(planned);
  details_->setHtml(!opened ? QString()
                    : opened->knee.plans.empty()
                        ? QStringLiteral("This case has no plan. Run genu plan to make one.")
                        : QString());
}

void PlanPanel::show_selection() {
  const planning::NeedlePlan* plan = state_.selected_plan();
  if (!plan) return;
  filling_ = true;
  targets_->selectRow(static_cast<int>(state_.selection()->plan));
  if (listed_ != plan) list_trajectories(*plan);
  if (state_.selection()->trajectory)
    trajectories_->selectRow(static_cast<int>(*state_.selection()->trajectory));
  filling_ = false;

  // Where no path is safe the reasons stand in the place of the paths.
  for (QWidget* widget : std::initializer_list<QWidget*>{path_heading_, trajectories_})
    widget->setVisible(!plan->ranked.empty());
  QString html;
  if (const auto* trajectory = state_.selected_trajectory())
    html += QStringLiteral("<p><b>Gaps</b> %1</p>").arg(clearances_text(trajectory->card).toHtmlEscaped());
  html +=
      list_html(plan->ranked.empty() ? QStringLiteral("No safe path") : QStringLiteral("How it was found"),
                plan->reasons);
  html += list_html(QStringLiteral("Limits"), plan->limits);
  details_->setHtml(QStringLiteral("<div style='color:%1'>%2</div>").arg(theme::dim_text.name(), html));
}

void PlanPanel::list_trajectories(const planning::NeedlePlan& plan) {
  listed_ = &plan;
  trajectories_->setRowCount(0);
  int rank = 0;
  for (const planning::RankedTrajectory& trajectory : plan.ranked) {
    const planning::Scorecard& card = trajectory.card;
    const bool any = !card.clearances.empty();
    add_row(*trajectories_,
            {QString::number(++rank), theme::number(card.depth_mm, 1), theme::number(card.skin_angle_deg, 0),
             any ? theme::readable(card.clearances.front().structure) : QStringLiteral("\u2013"),
             any ? theme::number(card.clearances.front().distance_mm, 1) : QStringLiteral("\u2013"),
             card.needle ? QString::fromStdString(card.needle->name) : QStringLiteral("none reaches")});
  }
}

}  // namespace genu::viewer
