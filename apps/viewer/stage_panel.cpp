// SPDX-License-Identifier: Apache-2.0
#include "stage_panel.h"

#include <QStringList>

#include "theme.h"

namespace genu::viewer {
namespace {

QString escaped(const std::string& text) {
  return QString::fromStdString(text).toHtmlEscaped();
}

QColor colour_of(staging::Stage stage) {
  switch (stage) {
    case staging::Stage::minor:
      return {110, 196, 116};
    case staging::Stage::mild:
      return {214, 200, 90};
    case staging::Stage::moderate:
      return {240, 160, 70};
    case staging::Stage::severe:
      break;
  }
  return {240, 100, 90};
}

QString stage_html(const staging::StageReport& report) {
  QString html;
  if (report.stage) {
    html += QStringLiteral("<p style='font-size:24pt; color:%1; margin-bottom:4px'>%2</p>")
                .arg(colour_of(*report.stage).name(), theme::readable(staging::name(*report.stage)));
  } else {
    QStringList possible;
    for (const staging::Stage stage : report.possible)
      possible << theme::readable(staging::name(stage)).toLower();
    html += QStringLiteral("<p style='font-size:24pt; margin-bottom:4px'>No stage</p>");
    if (!possible.empty())
      html += QStringLiteral("<p>The evidence leaves open: %1.</p>").arg(possible.join(QStringLiteral(", ")));
  }
  for (const staging::CompartmentStage& c : report.compartments) {
    QStringList stages;
    for (const staging::Stage stage : c.possible) stages << theme::readable(staging::name(stage)).toLower();
    const std::string_view compartment = cartilage::title(c.compartment);
    html +=
        QStringLiteral("<p>%1: %2%3</p>")
            .arg(QString::fromUtf8(compartment.data(), static_cast<int>(compartment.size())),
                 stages.join(QStringLiteral(" or ")),
                 c.confidence ? QStringLiteral(", ") + theme::readable(staging::name(*c.confidence)).toLower()
                              : QString());
  }
  html += QStringLiteral("<ul style='margin-left:-20px'>");
  for (const std::string& reason : report.reasons)
    html += QStringLiteral("<li style='margin-bottom:4px'>%1</li>").arg(escaped(reason));
  html += QStringLiteral("</ul>");
  if (!report.evidence.empty()) {
    html += QStringLiteral("<p style='color:%1'><b>Evidence</b></p><table cellspacing='0' cellpadding='3'>")
                .arg(theme::dim_text.name());
    for (const staging::Evidence& item : report.evidence) {
      html +=
          QStringLiteral(
              "<tr><td>%1</td><td>&nbsp;&nbsp;%2&nbsp;&nbsp;</td><td align='right'>%3 %4</td></tr>")
              .arg(escaped(staging::place_title(item)), escaped(item.measure), theme::number(item.value, 1),
                   item.unit == "percent" ? QStringLiteral("%") : escaped(item.unit));
    }
    html += QStringLiteral("</table>");
  }
  html += QStringLiteral("<p style='color:%1'>Rule: %2 %3</p><p style='color:%1'>%4</p>")
              .arg(theme::dim_text.name(), escaped(report.rule_name), escaped(report.rule_version),
                   escaped(report.statement));
  return html;
}

}  // namespace

StagePanel::StagePanel(ViewState& state, QWidget* parent) : QTextBrowser(parent), state_(state) {
  setFrameShape(QFrame::NoFrame);
  document()->setDocumentMargin(12);
  connect(&state_, &ViewState::case_changed, this, [this] { show_case(); });
}

void StagePanel::show_case() {
  const OpenedCase* opened = state_.opened();
  if (!opened)
    clear();
  else if (!opened->knee.stage)
    setHtml(QStringLiteral("<p>This case has no stage. Run genu stage to make one.</p>"));
  else
    setHtml(stage_html(*opened->knee.stage));
}

}  // namespace genu::viewer
