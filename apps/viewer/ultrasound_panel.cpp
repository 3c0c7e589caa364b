// SPDX-License-Identifier: Apache-2.0
// What UltrasoundPanel shows; its widgets are made in ultrasound_controls.cpp.
#include "ultrasound_panel.h"

#include <QCheckBox>
#include <QLabel>
#include <QScrollBar>
#include <QSlider>
#include <QTextBrowser>
#include <QToolButton>
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include <genu/core/error.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/needle_guidance.h>
#include <genu/ultrasound/picture_area.h>

#include "theme.h"
#include "ultrasound_words.h"

namespace genu::viewer {
namespace {

/// Returns whether a picture shows enough to tell where its echo image is; a recorder writes black ones for
/// moments without an image.
bool tells_area(const Frame& frame) {
  constexpr std::uint8_t black = 6;     // JPEG leaves 1 to 4 in black.
  constexpr double least_share = 0.05;  // Less is too little to be an echo image.
  const auto lit =
      std::count_if(frame.pixels.begin(), frame.pixels.end(), [](std::uint8_t v) { return v > black; });
  return static_cast<double>(lit) >= least_share * static_cast<double>(frame.pixels.size());
}

QString paragraph(const QString& heading, const QString& words) {
  return words.isEmpty()
             ? QString()
             : QStringLiteral("<p style='margin:2px 0'><span style='color:%1'>%2</span>&nbsp; %3</p>")
                   .arg(theme::dim_text.name(), heading, words);
}

/// Stands where numbers would be taken for those of now.
QString not_of_now() {
  return QStringLiteral("not said: the picture is old");
}

}  // namespace

void UltrasoundPanel::begin(const QString& name) {
  close_source();
  title_->setText(name);
}

void UltrasoundPanel::close_source() {
  playback_->set_times({});
  poll_.stop();
  live_.reset();
  finder_->forget();
  recording_.reset();
  moment_ = {};
  answer_.reset();
  connected_ = false;
  received_s_ = std::numeric_limits<double>::quiet_NaN();
  tied_to_.reset();
  shown_frame_ = -1;
  scale_text_ = needle_text_ = plan_text_ = link_text_ = QString();
  title_->clear();
  time_->clear();
  text_->clear();
  view_->show_picture({});
}

void UltrasoundPanel::show_recording(std::shared_ptr<const UltrasoundRecording> recording) {
  begin(recording->name);
  recording_ = std::move(recording);
  std::vector<double> times_s;
  times_s.reserve(recording_->sequence.frames.size());
  for (const ultrasound::TrackedFrame& frame : recording_->sequence.frames) times_s.push_back(frame.time_s);
  playback_->set_times(times_s);
  controls_->setVisible(playback_->count() > 1);
  slider_->setRange(0, playback_->count() - 1);
  slider_->setValue(0);
  choose_setup_->setVisible(recording_->tracked);
  present(moment_at(0));
  emit opened();
}

void UltrasoundPanel::connect_to(const network::Address& address) {
  begin(QStringLiteral("Live: %1:%2").arg(QString::fromStdString(address.host)).arg(address.port));
  controls_->hide();
  choose_setup_->show();
  live_ = std::make_unique<LiveLink>(address);
  poll_.start();
  poll();
  emit opened();
}

NeedleFinder::Moment UltrasoundPanel::moment_at(int frame) const {
  return {.frame = {recording_, &recording_->sequence.frames[static_cast<std::size_t>(frame)]}};
}

// Where needles are sought the picture waits for its needle, and is left out if another comes meanwhile.
void UltrasoundPanel::present(NeedleFinder::Moment moment) {
  if (!find_->isChecked() || !moment.frame->shows_image()) {
    finder_->forget();
    draw(moment, nullptr);
    return;
  }
  tie_setup(*moment.frame);
  ultrasound::NeedleOptions options;
  options.pixel_size = scale_for(*moment.frame).pixel;
  if (recording_ && recording_->part) {
    options.region = *recording_->part;
  }
  finder_->look(std::move(moment), options);
}

void UltrasoundPanel::find_needles(bool on) {
  find_->setChecked(on);
}

// A set-up holds for pictures of one size; a live stream may change it.
void UltrasoundPanel::tie_setup(const ultrasound::TrackedFrame& moment) {
  if (!moment.shows_image()) return;
  const ultrasound::ImageSetup pictures =
      ultrasound::image_setup_of(moment, recording_ ? recording_->sequence.fields : ultrasound::Fields{});
  if (tied_to_ != pictures) {
    tied_ = tied(setup_ ? &*setup_ : nullptr, pictures);
    tied_to_ = pictures;
    part_told_ = false;
  }
  if (part_told_) return;
  part_ = recording_ && recording_->part ? *recording_->part : ultrasound::find_picture_area(moment.image);
  // The middle of the first row is half a row below its edge.
  face_row_ = recording_ && recording_->face_row ? *recording_->face_row + 0.5 : part_->y;
  // All of a picture is what is found in a black one, too: the next may tell more.
  part_told_ = *part_ != PixelBounds{0, 0, pictures.width, pictures.height} || tells_area(moment.image);
}

PictureScale UltrasoundPanel::scale_for(const ultrasound::TrackedFrame& moment) const {
  if (recording_ && !recording_->tracked) return recording_->scale;
  return scale_at(moment, tied_);
}

void UltrasoundPanel::draw(const NeedleFinder::Moment& moment, const NeedleAnswer* answer) {
  const ultrasound::TrackedFrame& frame = *moment.frame;
  tie_setup(frame);
  moment_ = moment;
  answer_ = answer ? std::optional(*answer) : std::nullopt;
  if (recording_) shown_frame_ = static_cast<int>(&frame - recording_->sequence.frames.data());
  const PictureScale scale = scale_for(frame);
  ShownUltrasound shown;
  shown.stale = stale_words();
  const bool current = shown.stale.isEmpty();
  if (frame.shows_image()) shown.image = image_of(frame.image);
  shown.pixel = scale.pixel;
  shown.no_scale = scale.words;
  shown.part = part_;
  shown.face_row = face_row_;
  shown.alarms = alarms_of(frame);
  if (answer && current) shown.needle = answer->needle;
  scale_text_ = scale_words(scale);
  needle_text_ = !answer ? QString() : current ? needle_words(*answer, !scale.pixel) : not_of_now();
  draw_plan(frame, answer, shown);
  view_->show_picture(std::move(shown));
  show_frame_words();
  show_words();
}

void UltrasoundPanel::draw_plan(const ultrasound::TrackedFrame& moment, const NeedleAnswer* answer,
                                ShownUltrasound& shown) {
  plan_text_.clear();
  const planning::NeedlePlan* plan = state_.selected_plan();
  const planning::RankedTrajectory* trajectory = state_.shown_trajectory();
  if (!plan || !trajectory) return;
  if (!shown.stale.isEmpty()) {
    plan_text_ = not_of_now();
    return;
  }
  const double tolerance_mm = plan->target.tolerance_mm;
  ultrasound::NeedleFinding finding;
  if (answer && answer->needle) finding = {.state = ultrasound::NeedleState::seen, .needle = answer->needle};
  try {
    const ultrasound::NeedleGuidance guidance = ultrasound::guidance_of(
        moment, finding, {.plan = trajectory->path, .tolerance_mm = tolerance_mm, .always = tied_.always});
    shown.plan = guidance.plan;
    if (guidance.plan)
      plan_text_ = plan_words(*guidance.plan, tolerance_mm);
    else
      plan_text_ = QStringLiteral("not tied to MRI: %1")
                       .arg(QString::fromStdString(guidance.why_unplaced).toHtmlEscaped());
    if (guidance.deviation)
      plan_text_ += QStringLiteral("<br><b>%1</b>").arg(deviation_words(*guidance.deviation));
  } catch (const Error& error) {
    // Files may hold a path without length.
    plan_text_ = QString::fromStdString(describe(error)).toHtmlEscaped();
  }
}

void UltrasoundPanel::show_frame_words() {
  if (!recording_ || shown_frame_ < 0) return;
  QString words = QStringLiteral("frame %1 of %2").arg(shown_frame_ + 1).arg(playback_->count());
  const auto& frames = recording_->sequence.frames;
  if (playback_->times_known())
    words += QStringLiteral("   %1 s").arg(
        theme::number(frames[static_cast<std::size_t>(shown_frame_)].time_s - frames.front().time_s, 2));
  else if (playback_->count() > 1)
    words += QStringLiteral("   times not known, 10 a second");
  time_->setText(words);
}

void UltrasoundPanel::show_words() {
  QString html =
      paragraph(QStringLiteral("Scale"), scale_text_) + paragraph(QStringLiteral("Needle"), needle_text_) +
      paragraph(QStringLiteral("Plan"), plan_text_) + paragraph(QStringLiteral("Link"), link_text_);
  QStringList remarks = recording_ ? recording_->remarks : QStringList();
  if (setup_)
    for (const std::string& remark : setup_->content.remarks) remarks << QString::fromStdString(remark);
  if (!remarks.empty())
    html += paragraph(QStringLiteral("Remarks"), remarks.join(QStringLiteral("; ")).toHtmlEscaped());
  const int place = text_->verticalScrollBar()->value();
  text_->setHtml(html);
  text_->verticalScrollBar()->setValue(place);
}

void UltrasoundPanel::poll() {
  if (!live_) return;
  const LiveLink::News news = live_->take();
  QStringList lines;
  if (news.connected)
    lines << QStringLiteral("connected");
  else
    lines << QStringLiteral("<b style='color:%1'>no link</b>: %2")
                 .arg(theme::alarm.name(), news.trouble.empty()
                                               ? QStringLiteral("connecting")
                                               : QString::fromStdString(news.trouble).toHtmlEscaped());
  lines << link_words(news.report);
  const double now = network::clock_s();
  for (auto event = news.events.rbegin(); event != news.events.rend(); ++event)
    lines << QStringLiteral("<span style='color:%1'>%2</span>")
                 .arg(theme::dim_text.name(), event_words(*event, now));
  link_text_ = lines.join(QStringLiteral("<br>"));
  connected_ = news.connected;
  received_s_ = news.received_s;
  if (news.moment) present({.frame = news.moment, .taken_s = news.taken_s});
  if (const QString stale = stale_words(); stale == view_->shown().stale) {
    show_words();
  } else if (moment_.frame) {
    draw(moment_, answer_ ? &*answer_ : nullptr);
  } else {
    ShownUltrasound nothing;
    nothing.stale = stale;
    view_->show_picture(std::move(nothing));
    show_words();
  }
}

// The last picture stays, greyed. One that came late, or whose needle took long, is older than the silence.
QString UltrasoundPanel::stale_words() const {
  if (!live_) return {};
  if (!moment_.frame) return QStringLiteral("no picture yet");
  const double limit_s = network::HealthOptions{}.stall_s, now_s = network::clock_s();
  const double age_s = now_s - moment_.taken_s, silent_s = now_s - received_s_;
  const bool silent = silent_s > limit_s || !connected_;
  QStringList words;
  if (silent) words << QStringLiteral("no picture for %1 s").arg(static_cast<int>(silent_s));
  if (age_s > limit_s && (!silent || age_s - silent_s > limit_s))
    words << QStringLiteral("the picture is %1 s old").arg(theme::number(age_s, 1));
  return words.join('\n');
}

QString UltrasoundPanel::frame_words() const {
  return time_->text();
}

bool UltrasoundPanel::settled() const {
  return !reading_ && !finder_->busy() && (!live_ || moment_.frame);
}

}  // namespace genu::viewer
