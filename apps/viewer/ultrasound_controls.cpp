// SPDX-License-Identifier: Apache-2.0
// UltrasoundPanel's widgets, and how files come into it.
#include <QCheckBox>
#include <QFileDialog>
#include <QHBoxLayout>
#include <QLabel>
#include <QMessageBox>
#include <QShortcut>
#include <QSlider>
#include <QThread>
#include <QToolButton>
#include <exception>
#include <initializer_list>
#include <utility>

#include <genu/core/error.h>

#include "theme.h"
#include "ultrasound_panel.h"

namespace genu::viewer {

/// What the reading thread leaves for the panel.
struct UltrasoundPanel::Reading {
  std::shared_ptr<const UltrasoundRecording> recording;
  QString error;
};

UltrasoundPanel::UltrasoundPanel(ViewState& state, QWidget* parent)
    : PicturePanel(150, parent), state_(state) {
  playback_ = new UltrasoundPlayback(this);
  finder_ = std::make_unique<NeedleFinder>(
      [this](const NeedleFinder::Moment& moment, const NeedleAnswer& answer) { draw(moment, &answer); });
  fill_head();
  make_controls();
  poll_.setInterval(30);
  connect(&poll_, &QTimer::timeout, this, [this] { poll(); });
  connect(playback_, &UltrasoundPlayback::moved, this, [this](int frame) {
    const QSignalBlocker quiet(slider_);
    slider_->setValue(frame);
    present(moment_at(frame));
  });
  connect(playback_, &UltrasoundPlayback::played, this, [this](bool on) {
    const QSignalBlocker quiet(play_);
    play_->setChecked(on);
    play_->setText(on ? QStringLiteral("Pause") : QStringLiteral("Play"));
  });
  const auto again = [this] {
    if (moment_.frame) present(moment_);
  };
  connect(find_, &QCheckBox::toggled, this, again);
  connect(&state_, &ViewState::selection_changed, this, again);
  connect(&state_, &ViewState::needle_moved, this, again);
  connect(&state_, &ViewState::case_changed, this, again);
}

UltrasoundPanel::~UltrasoundPanel() {
  if (reader_) {
    reader_->disconnect(this);
    reader_->wait();
    delete reader_;
  }
  // Its listener speaks to widgets that go with this.
  finder_.reset();
}

void UltrasoundPanel::fill_head() {
  find_ = new QCheckBox(QStringLiteral("Find the needle"), this);
  choose_setup_ = new QToolButton(this);
  choose_setup_->setText(QStringLiteral("Set-up\u2026"));
  choose_setup_->setToolTip(
      QStringLiteral("What always holds, such as Image to Probe: a PLUS configuration, or what "
                     "genu us calibrate wrote"));
  connect(choose_setup_, &QToolButton::clicked, this, [this] { ask_for_setup(); });
  connect(close_, &QToolButton::clicked, this, [this] {
    close_source();
    emit closed();
  });
  for (QWidget* widget : std::initializer_list<QWidget*>{find_, make_expected_switch(), choose_setup_})
    add_to_head(widget);
}

QToolButton* UltrasoundPanel::make_expected_switch() {
  auto* expected = new QToolButton(this);
  expected->setText(QStringLiteral("Expected"));
  expected->setCheckable(true);
  expected->setToolTip(QStringLiteral("What this should look like with the needle at its target, simulated"));
  expected->setVisible(state_.opened() != nullptr);
  connect(expected, &QToolButton::toggled, this, [this](bool on) { state_.show_expected_view(on); });
  connect(&state_, &ViewState::expected_view_toggled, expected,
          [this, expected] { expected->setChecked(state_.shows_expected_view()); });
  connect(&state_, &ViewState::case_changed, expected,
          [this, expected] { expected->setVisible(state_.opened() != nullptr); });
  return expected;
}

void UltrasoundPanel::make_controls() {
  controls_ = new QWidget(this);
  auto* row = new QHBoxLayout(controls_);
  row->setContentsMargins(8, 4, 8, 4);
  play_ = new QToolButton(controls_);
  play_->setText(QStringLiteral("Play"));
  play_->setCheckable(true);
  new QShortcut(QKeySequence(Qt::Key_Space), this, [this] { play_->toggle(); });
  connect(play_, &QToolButton::toggled, this, [this](bool on) { playback_->play(on); });
  slider_ = new QSlider(Qt::Horizontal, controls_);
  connect(slider_, &QSlider::valueChanged, this, [this](int frame) { playback_->go_to(frame); });
  time_ = new QLabel(controls_);
  row->addWidget(play_);
  row->addWidget(slider_, 1);
  row->addWidget(time_);
  add_below_picture(controls_);
}

void UltrasoundPanel::load(const std::filesystem::path& file) {
  if (reading_) return;
  reading_ = std::make_shared<Reading>();
  reader_ = QThread::create([reading = reading_, file] {
    try {
      reading->recording = open_ultrasound(file);
    } catch (const std::exception& error) {
      reading->error = QString::fromStdString(describe(error));
    }
  });
  connect(reader_, &QThread::finished, this, [this, file] { finish_loading(file); });
  reader_->start();
}

void UltrasoundPanel::finish_loading(const std::filesystem::path& file) {
  std::exchange(reader_, nullptr)->deleteLater();
  const auto reading = std::exchange(reading_, nullptr);
  if (reading->error.isEmpty())
    show_recording(reading->recording);
  else
    tell(QStringLiteral("%1 could not be opened.\n%2")
             .arg(QString::fromStdString(file.filename().string()), reading->error));
}

void UltrasoundPanel::use_setup(const std::filesystem::path& file) {
  io::TrackedSetup setup = io::read_tracked_setup(file);
  setup.patient_tie();  // refuses two
  setup_ = UltrasoundSetup{QString::fromStdString(file.filename().string()), std::move(setup)};
  tied_to_.reset();
  if (moment_.frame) present(moment_);
}

void UltrasoundPanel::ask_for_setup() {
  const QString file = QFileDialog::getOpenFileName(this, QStringLiteral("Use a set-up"), {},
                                                    QStringLiteral("Set-ups (*.xml)"));
  if (file.isEmpty()) return;
  try {
    use_setup(file.toStdString());
  } catch (const std::exception& error) {
    tell(QString::fromStdString(describe(error)));
  }
}

void UltrasoundPanel::tell(const QString& trouble) {
  QMessageBox::warning(this, QStringLiteral("Genu"), trouble);
}

}  // namespace genu::viewer
