// SPDX-License-Identifier: Apache-2.0
#include "ultrasound_words.h"

#include <cmath>

#include "theme.h"

namespace genu::viewer {
namespace {

QString text(const std::string& from) {
  return QString::fromStdString(from).toHtmlEscaped();
}

QString mm(double value) {
  return theme::number(value, 1) + QStringLiteral(" mm");
}

QString stream_words(const network::StreamReport& stream) {
  QStringList parts;
  if (stream.stalled_now)
    parts << QStringLiteral("<b style='color:%1'>silent</b>").arg(theme::alarm.name());
  else
    parts << QStringLiteral("%1 a second").arg(theme::number(stream.rate_hz, 1));
  parts << QStringLiteral("delay %1 ms").arg(theme::number(1e3 * stream.delay_s, 0));
  if (stream.late > 0) parts << QStringLiteral("%1 late").arg(stream.late);
  parts << QStringLiteral("%1 dropped").arg(stream.dropped);
  if (stream.out_of_order > 0) parts << QStringLiteral("%1 out of order").arg(stream.out_of_order);
  if (stream.stalls > 0)
    parts << QStringLiteral("%1 stalls, %2 s").arg(stream.stalls).arg(theme::number(stream.stalled_s, 1));
  for (const auto& [status, count] : stream.unsound)
    parts << QStringLiteral("<span style='color:%1'>%2 %3</span>")
                 .arg(theme::alarm.name())
                 .arg(count)
                 .arg(text(status));
  return text(stream.name) + QStringLiteral(": ") + parts.join(QStringLiteral(", "));
}

}  // namespace

QStringList alarms_of(const ultrasound::TrackedFrame& moment) {
  QStringList alarms;
  if (moment.image_status != "OK")
    alarms << QStringLiteral("image %1").arg(QString::fromStdString(moment.image_status));
  else if (moment.image.empty())
    alarms << QStringLiteral("no image");
  for (const auto& [frames, pose] : moment.poses) {
    if (pose.transform()) continue;
    alarms << QStringLiteral("%1 %2").arg(
        QString::fromStdString(ultrasound::name_of(frames)),
        pose.status == "OK" ? QStringLiteral("is no transform") : QString::fromStdString(pose.status));
  }
  return alarms;
}

QString scale_words(const PictureScale& scale) {
  if (!scale.pixel) return QStringLiteral("no scale: %1").arg(scale.words.toHtmlEscaped());
  return QStringLiteral("%1 x %2 mm a pixel (%3)")
      .arg(QString::number(scale.pixel->x_mm, 'g', 4), QString::number(scale.pixel->y_mm, 'g', 4),
           scale.words.toHtmlEscaped());
}

QString needle_words(const NeedleAnswer& answer, bool square) {
  if (!answer.error.empty()) return QStringLiteral("not looked for: %1").arg(text(answer.error));
  if (!answer.needle) return QStringLiteral("no needle");
  QString words = QStringLiteral("confidence %1 %, %2\u00b0 to the probe's face")
                      .arg(theme::number(100.0 * answer.needle->confidence, 0),
                           theme::number(answer.needle->angle_deg, 0));
  if (square) words += QStringLiteral(" if pixels are square");
  return words;
}

QString plan_words(const ultrasound::PlanInImage& plan, double tolerance_mm) {
  return QStringLiteral("target %1 off the picture, tolerance %2; the path is %3")
      .arg(mm(std::abs(plan.target_off_mm)), mm(tolerance_mm),
           !plan.in_picture ? QStringLiteral("not within 2 mm of the picture")
           : (*plan.in_picture)[0] <= 0.0 && (*plan.in_picture)[1] >= 1.0
               ? QStringLiteral("in the picture")
               : QStringLiteral("in the picture from %1 to %2 % of its length")
                     .arg(theme::number(100.0 * (*plan.in_picture)[0], 0),
                          theme::number(100.0 * (*plan.in_picture)[1], 0)));
}

QString deviation_words(const ultrasound::NeedleDeviation& deviation) {
  return QStringLiteral("tip to target %1, beside the path %2, angle to it %3\u00b0, depth left %4")
      .arg(mm(deviation.tip_to_target_mm.value), mm(deviation.lateral_mm.value),
           theme::number(deviation.angle_deg.value, 1), mm(deviation.depth_left_mm.value));
}

QStringList link_words(const network::LinkReport& report) {
  QStringList lines;
  for (const network::StreamReport& stream : report.streams) lines << stream_words(stream);
  QStringList all;
  if (report.stalls > 0)
    all << QStringLiteral("%1 stalls of everything, %2 s")
               .arg(report.stalls)
               .arg(theme::number(report.stalled_s, 1));
  if (report.refused > 0) all << QStringLiteral("%1 messages refused").arg(report.refused);
  if (report.losses > 0) all << QStringLiteral("link lost %1 times").arg(report.losses);
  if (report.clock_jumps > 0)
    all << QStringLiteral("the sender's clock jumped %1 times").arg(report.clock_jumps);
  if (!all.empty()) lines << all.join(QStringLiteral(", "));
  return lines;
}

QString event_words(const network::HealthEvent& event, double now_s) {
  return QStringLiteral("%1 s ago: %2%3: %4")
      .arg(theme::number(std::max(0.0, now_s - event.at_s), 0),
           event.stream.empty() ? QString() : text(event.stream) + QStringLiteral(" "),
           text(network::name_of(event.change)), text(event.text));
}

}  // namespace genu::viewer
