// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>
#include <vector>

#include <genu/network/stream_health.h>
#include <genu/ultrasound/needle_deviation.h>
#include <genu/ultrasound/plan_in_image.h>
#include <genu/ultrasound/tracked.h>

#include "needle_finder.h"
#include "ultrasound_recording.h"

namespace genu::viewer {

/// Returns what of a moment is not sound: its image, its poses. Nothing if all is.
QStringList alarms_of(const ultrasound::TrackedFrame& moment);

QString scale_words(const PictureScale& scale);
/// \param square true where pixels were taken for square as their size is not known
QString needle_words(const NeedleAnswer& answer, bool square);
QString plan_words(const ultrasound::PlanInImage& plan, double tolerance_mm);
QString deviation_words(const ultrasound::NeedleDeviation& deviation);

/// Returns a link's state: a line for each stream, and one for what befell all.
QStringList link_words(const network::LinkReport& report);
QString event_words(const network::HealthEvent& event, double now_s);

}  // namespace genu::viewer
