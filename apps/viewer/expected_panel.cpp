// SPDX-License-Identifier: Apache-2.0
#include "expected_panel.h"

#include <QCheckBox>
#include <QLabel>
#include <QTextBrowser>
#include <QToolButton>
#include <utility>

#include "theme.h"

namespace genu::viewer {
namespace {

QString being_simulated() {
  return QStringLiteral("being simulated");
}

ExpectedMarks marks_of(const ExpectedAnswer& answer) {
  const planning::ExpectedView& view = *answer.view;
  ExpectedMarks marks{.path = view.path, .bone = planning::bone_in_view(view)};
  for (const planning::NameInView& name : answer.names)
    marks.names.push_back({name.at, theme::readable(info(name.tissue).name), name.below});
  return marks;
}

QString where_from(const QString& side, const planning::ProbeView& view) {
  return QStringLiteral("The needle comes from the %1, %2\u00b0 to the face; probe of %3 mm, %4 mm deep.")
      .arg(side, theme::number(view.face_angle_deg, 0), theme::number(view.length_mm, 0),
           theme::number(view.image_depth_mm, 0));
}

}  // namespace

ExpectedPanel::ExpectedPanel(ViewState& state, QWidget* parent) : PicturePanel(96, parent), state_(state) {
  simulator_ = std::make_unique<ViewSimulator>(
      [this](const ExpectedQuestion& question, const ExpectedAnswer& answer) { keep(question, answer); });
  fill_head();
  constexpr int rest_ms = 150;  // Longer than from one move of a mouse to the next.
  rest_.setSingleShot(true);
  rest_.setInterval(rest_ms);
  connect(&rest_, &QTimer::timeout, this, [this] { ask(); });
  // Nothing of another case stays.
  connect(&state_, &ViewState::case_changed, this, [this] {
    tell({});
    look_again();
  });
  for (const auto signal :
       {&ViewState::selection_changed, &ViewState::needle_moved, &ViewState::expected_view_toggled})
    connect(&state_, signal, this, [this] { look_again(); });
  look_again();
}

// The simulator's listener speaks to widgets that go with this.
ExpectedPanel::~ExpectedPanel() {
  simulator_.reset();
}

void ExpectedPanel::fill_head() {
  title_->setText(QStringLiteral("Expected view, simulated"));
  marks_ = new QCheckBox(QStringLiteral("Marks"), this);
  marks_->setChecked(true);
  mirrored_ = new QCheckBox(QStringLiteral("Mirrored"), this);
  mirrored_->setToolTip(QStringLiteral("As a probe shows it that is held the other way round"));
  for (QCheckBox* box : {marks_, mirrored_}) {
    connect(box, &QCheckBox::toggled, this, [this] {
      if (shown_.view) draw();
    });
    add_to_head(box);
  }
  connect(close_, &QToolButton::clicked, this, [this] { state_.show_expected_view(false); });
}

void ExpectedPanel::look_again() {
  simulator_->forget();
  rest_.stop();
  const QString missing = why_not();
  if (!missing.isEmpty() || !state_.shows_expected_view()) {
    tell(missing);
    return;
  }
  // The picture of another needle stays, greyed and without its words, until its own is there.
  text_->clear();
  ShownUltrasound shown = view_->shown();
  shown.stale = being_simulated();
  view_->show_picture(std::move(shown));
  rest_.start();
}

QString ExpectedPanel::why_not() const {
  const OpenedCase* opened = state_.opened();
  if (!opened) return QStringLiteral("no case is open");
  if (!state_.selected_plan()) return QStringLiteral("this case has no plan");
  const planning::RankedTrajectory* trajectory = state_.shown_trajectory();
  if (!trajectory) return QStringLiteral("there is no safe path to this target this way");
  const LabelMap* labels = opened->knee.labels ? &*opened->knee.labels : nullptr;
  return QString::fromStdString(planning::no_expected_view(labels, *trajectory));
}

void ExpectedPanel::tell(const QString& why_not) {
  shown_of_ = {};
  shown_ = {};
  text_->clear();
  ShownUltrasound nothing;
  if (!why_not.isEmpty()) nothing.stale = QStringLiteral("No expected view:\n%1").arg(why_not);
  view_->show_picture(std::move(nothing));
}

void ExpectedPanel::ask() {
  simulator_->simulate(
      {state_.share(), *state_.shown_trajectory(), state_.selected_plan()->target.tolerance_mm});
}

void ExpectedPanel::keep(const ExpectedQuestion& question, const ExpectedAnswer& answer) {
  if (!answer.view) {
    tell(QString::fromStdString(answer.error));
    return;
  }
  shown_of_ = question;
  shown_ = answer;
  draw();
}

void ExpectedPanel::draw() {
  const planning::ExpectedView& view = *shown_.view;
  ShownUltrasound shown;
  shown.image = image_of(view.frame.image);
  shown.pixel = view.frame.truth.pixel;
  shown.banner = QStringLiteral("SIMULATED \u2013 expected, not a live picture");
  ExpectedMarks marks = marks_of(shown_);
  if (mirrored_->isChecked()) {
    shown.image = shown.image.mirrored(true, false);
    mirror(marks, shown.image.width());
  }
  const bool from_left = marks.path.entry.x < marks.path.target.x;
  if (marks_->isChecked()) shown.expected = std::move(marks);
  // Marks and side may be turned while the picture is another needle's.
  if (!settled()) shown.stale = being_simulated();
  view_->show_picture(std::move(shown));
  if (settled()) say_where_from(from_left);
}

void ExpectedPanel::say_where_from(bool from_left) {
  QString html = where_from(from_left ? QStringLiteral("left") : QStringLiteral("right"),
                            *shown_of_.trajectory.card.view);
  const planning::JudgedTrajectory* moved = state_.moved_needle();
  if (moved && moved->refusal)
    html += QStringLiteral(" <b style='color:%1'>This needle is not safe: %2.</b>")
                .arg(theme::alarm.name(), QString::fromStdString(moved->refusal->detail).toHtmlEscaped());
  html += QStringLiteral(
              "<br><span style='color:%1'>Simulated from labels: the knee as it lay in the scanner, nothing "
              "pressed or moved, echo levels set by eye. Research use only.</span>")
              .arg(theme::dim_text.name());
  text_->setHtml(html);
}

}  // namespace genu::viewer
