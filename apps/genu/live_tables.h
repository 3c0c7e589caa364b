// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/network/frame_assembly.h>
#include <genu/network/stream_health.h>

#include "needle_watch.h"

// What a live link has brought, for people and for programs.
namespace genu::app {

/// A session of listening.
struct LiveSession {
  std::string server, ended;  ///< Why it ended.
  double seconds = 0.0;
  network::LinkReport link;
  std::size_t frames = 0, whole_frames = 0, frames_with_image = 0, parts_too_late = 0;
  std::size_t parts_left_out = 0;  ///< Poses whose names came after too many others.
  /// Median time from the first part of a frame to its last; NaN if there was none.
  double assembly_ms = std::numeric_limits<double>::quiet_NaN();
  std::string recording;              ///< Empty if nothing was recorded.
  std::optional<NeedleTally> needle;  ///< Nothing if none was looked for.
};

/// Returns one line: each stream with its rate, and its status or that it is silent.
std::string line_of(const network::LinkReport& link);
/// Returns one line of what is told as it happens: when, what.
std::string line_at(double at_s, const std::string& what, const std::string& text);
/// Returns lines: when, what, of which streams; the same of several streams is one line.
std::vector<std::string> lines_of(const std::vector<network::HealthEvent>& events, double since_s);
/// Returns the tables at the end.
std::string text_of(const LiveSession& session);
/// Returns it as JSON (data/schemas/live.schema.json).
std::string to_json(const LiveSession& session);

/// Returns the first line of the table of poses.
std::string pose_table_head();
/// Returns a line a pose, or one without a pose.
std::string pose_table_rows(std::size_t number, const network::AssembledFrame& frame);

}  // namespace genu::app
