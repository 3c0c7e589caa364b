// SPDX-License-Identifier: Apache-2.0
#include "plan_panel.h"

#include <QHeaderView>
#include <QLabel>
#include <QPushButton>
#include <QStringList>
#include <QTableWidget>
#include <QTextBrowser>
#include <QVBoxLayout>
#include <algorithm>

#include "table.h"
#include "theme.h"

namespace genu::viewer {
namespace {

constexpr std::size_t most_clearances = 6;

/// Returns a whole percentage; what is not quite none or all is told so.
QString percent(double part) {
  if (part > 0.0 && part < 0.005) return QStringLiteral("under 1 %");
  if (part < 1.0 && part > 0.995) return QStringLiteral("over 99 %");
  return theme::number(100.0 * part, 0) + QStringLiteral(" %");
}

QString card_row(const char* name, const QString& value) {
  return QStringLiteral("<tr><td style='padding-right:8px'>%1</td><td style='color:%2'>%3</td></tr>")
      .arg(QString::fromUtf8(name), theme::text.name(), value.toHtmlEscaped());
}

QString structure_text(const planning::Clearance& clearance) {
  return theme::readable(clearance.structure) +
         (clearance.source == "estimated" ? QStringLiteral(" (estimated)") : QString());
}

QString clearances_text(const planning::Scorecard& card) {
  QStringList parts;
  for (std::size_t c = 0; c < card.clearances.size() && c < most_clearances; ++c) {
    const planning::Clearance& clearance = card.clearances[c];
    parts
        << QStringLiteral("%1 %2 mm").arg(structure_text(clearance), theme::number(clearance.distance_mm, 1));
  }
  return parts.join(QStringLiteral(" \u00b7 "));
}

QString tissues_text(const planning::Scorecard& card) {
  QStringList parts;
  for (const planning::TissueSpan& span : card.tissues)
    parts << theme::readable(span.tissue).toLower() + QStringLiteral(" ") + theme::number(span.length_mm, 1);
  return parts.join(QStringLiteral(" \u2192 ")) + QStringLiteral(" mm");
}

QString card_html(const planning::Scorecard& card) {
  QString html = QStringLiteral("<table cellspacing='0'>");
  html += card_row("Depth", QStringLiteral("%1 mm, %2")
                                .arg(theme::number(card.depth_mm, 1),
                                     card.needle ? QString::fromStdString(card.needle->name)
                                                 : QStringLiteral("no needle reaches")));
  html += card_row(
      "Angle", QStringLiteral("%1\u00b0 to the skin's normal").arg(theme::number(card.skin_angle_deg, 0)));
  html += card_row("Probe", card.view ? QStringLiteral("%1\u00b0 to its face, %2 mm off its plane")
                                            .arg(theme::number(card.view->face_angle_deg, 0),
                                                 theme::number(card.view->out_of_plane_mm, 1))
                                      : QStringLiteral("no place for it"));
  html += card_row("Delivers",
                   QStringLiteral("%1 (%2 to %3)")
                       .arg(percent(card.hit.probability), percent(card.hit.low), percent(card.hit.high)));
  html += card_row("Touches", percent(card.risk) + QStringLiteral(" (something to be spared)"));
  html += card_row("Room", QStringLiteral("%1\u00b0 either way").arg(theme::number(card.free_cone_deg, 1)));
  html += card_row("Gaps", clearances_text(card));
  html += card_row("Through", tissues_text(card));
  return html + QStringLiteral("</table>");
}

/// Returns how far a needle ends from the nearest place of the target.
double tip_error_mm(const planning::Target& target, const Point3& tip) {
  double least = distance(target.point, tip);
  for (const Point3& place : planning::places_of(target)) least = std::min(least, distance(place, tip));
  return least;
}

QString verdict_html(const planning::NeedlePlan& plan, const planning::JudgedTrajectory& moved) {
  const QString verdict = moved.refusal
                              ? QStringLiteral("<b style='color:#ff6a5c'>Not safe</b>: %1")
                                    .arg(QString::fromStdString(moved.refusal->detail).toHtmlEscaped())
                              : QStringLiteral("<b style='color:#7fd08a'>Safe</b>");
  const double off_mm = tip_error_mm(plan.target, moved.trajectory.path.target);
  return QStringLiteral("<p style='color:%1'>%2<br>Its tip is %3 mm from the target, which allows %4 mm.</p>")
      .arg(theme::text.name(), verdict, theme::number(off_mm, 1), theme::number(plan.target.tolerance_mm, 1));
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
                  QStringLiteral("Nearest"), QStringLiteral("Gap\nmm"), QStringLiteral("Hit\n%")},
                 3, this);
  trajectories_->setToolTip(
      QStringLiteral("Angle: between the needle and the inward normal of the skin.\n"
                     "Gap: from the needle's surface to the nearest structure to be spared.\n"
                     "Hit: chance to deliver within the target's tolerance."));
  details_ = new QTextBrowser(this);
  details_->setFrameShape(QFrame::NoFrame);
  details_->document()->setDocumentMargin(0);
  target_heading_ = make_heading(QStringLiteral("Targets"), this);
  path_heading_ = make_heading(QStringLiteral("Needle paths"), this);
  rows->addWidget(target_heading_);
  rows->addWidget(targets_);
  rows->addWidget(path_heading_);
  rows->addWidget(trajectories_, 5);
  put_back_ = new QPushButton(QStringLiteral("Back to the plan's path"), this);
  put_back_->hide();
  rows->addWidget(put_back_);
  expected_ = new QPushButton(QStringLiteral("Expected ultrasound view"), this);
  expected_->setCheckable(true);
  expected_->setToolTip(QStringLiteral("What the probe should show once the needle is at its target (E)"));
  expected_->hide();
  rows->addWidget(expected_);
  rows->addWidget(details_, 4);

  connect(&state_, &ViewState::case_changed, this, [this] { list_targets(); });
  connect(&state_, &ViewState::selection_changed, this, [this] { show_selection(); });
  connect(&state_, &ViewState::needle_moved, this, [this] {
    if (const planning::NeedlePlan* plan = state_.selected_plan()) show_details(*plan);
  });
  connect(put_back_, &QPushButton::clicked, this, [this] { state_.put_needle_back(); });
  connect(expected_, &QPushButton::toggled, this, [this](bool on) { state_.show_expected_view(on); });
  connect(&state_, &ViewState::expected_view_toggled, this,
          [this] { expected_->setChecked(state_.shows_expected_view()); });
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
  put_back_->hide();
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
  expected_->setVisible(planned);
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
  show_details(*plan);
}

void PlanPanel::show_details(const planning::NeedlePlan& plan) {
  const planning::JudgedTrajectory* moved = state_.moved_needle();
  put_back_->setVisible(moved != nullptr);
  QString html;
  if (moved) html += verdict_html(plan, *moved);
  if (const auto* shown = state_.shown_trajectory()) html += card_html(shown->card);
  html += list_html(plan.ranked.empty() ? QStringLiteral("No safe path") : QStringLiteral("How it was found"),
                    plan.reasons);
  html += list_html(QStringLiteral("Limits"), plan.limits);
  details_->setHtml(QStringLiteral("<div style='color:%1'>%2</div>").arg(theme::dim_text.name(), html));
}

void PlanPanel::list_trajectories(const planning::NeedlePlan& plan) {
  listed_ = &plan;
  trajectories_->setRowCount(0);
  int rank = 0;
  for (const planning::RankedTrajectory& trajectory : plan.ranked) {
    const planning::Scorecard& card = trajectory.card;
    const planning::Clearance* nearest = nearest_spared(card);
    add_row(*trajectories_,
            {QString::number(++rank), theme::number(card.depth_mm, 1), theme::number(card.skin_angle_deg, 0),
             nearest ? structure_text(*nearest) : QStringLiteral("\u2013"),
             nearest ? theme::number(nearest->distance_mm, 1) : QStringLiteral("\u2013"),
             theme::number(100.0 * card.hit.probability, 0)});
  }
}

}  // namespace genu::viewer
