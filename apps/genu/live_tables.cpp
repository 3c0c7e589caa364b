// SPDX-License-Identifier: Apache-2.0
#include "live_tables.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <nlohmann/json.hpp>

#include <genu/app/program.h>
#include <genu/app/text_table.h>
#include <genu/io/results.h>

namespace genu::app {

namespace {

using json = nlohmann::ordered_json;
using network::LinkReport;
using network::StreamReport;

std::string number(double value, int decimals) {
  if (std::isnan(value)) return "-";
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string unsound_text(const StreamReport& stream) {
  std::string text;
  for (const auto& [status, count] : stream.unsound)
    text.append(text.empty() ? "" : ", ").append(std::to_string(count)).append(" ").append(status);
  return text.empty() ? "-" : text;
}

json number_or_null(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json to_json_object(const StreamReport& stream) {
  return {{"name", stream.name},
          {"status", stream.status},
          {"messages", stream.messages},
          {"rate_hz", number_or_null(stream.rate_hz)},
          {"period_s", number_or_null(stream.period_s)},
          {"delay_s", number_or_null(stream.delay_s)},
          {"longest_delay_s", number_or_null(stream.longest_delay_s)},
          {"late", stream.late},
          {"dropped", stream.dropped},
          {"out_of_order", stream.out_of_order},
          {"repeated", stream.repeated},
          {"stalls", stream.stalls},
          {"stalled_s", stream.stalled_s},
          {"not_sound", json(stream.unsound)}};
}

}  // namespace

std::string line_of(const LinkReport& link) {
  std::string line;
  for (const StreamReport& stream : link.streams) {
    line.append(line.empty() ? "" : " | ").append(stream.name).append(" ");
    if (stream.stalled_now)
      line.append("SILENT");
    else
      line.append(number(stream.rate_hz, 1)).append("/s ").append(stream.status);
  }
  return line.empty() ? "nothing yet" : line;
}

std::string line_at(double at_s, const std::string& what, const std::string& text) {
  std::array<char, 48> start{};
  std::snprintf(start.data(), start.size(), "%9.3f s  %-12s  ", std::max(at_s, 0.0), what.c_str());
  return start.data() + text;
}

std::vector<std::string> lines_of(const std::vector<network::HealthEvent>& events, double since_s) {
  struct Told {
    network::HealthEvent event;
    std::vector<std::string> streams;
  };
  std::vector<Told> merged;
  for (const network::HealthEvent& event : events) {
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const Told& told) {
      return told.event.change == event.change && told.event.text == event.text &&
             std::find(told.streams.begin(), told.streams.end(), event.stream) == told.streams.end();
    });
    if (same == merged.end())
      merged.push_back({event, {event.stream}});
    else
      same->streams.push_back(event.stream);
  }
  std::vector<std::string> lines;
  lines.reserve(merged.size());
  for (const auto& [event, streams] : merged) {
    std::string text;
    for (std::size_t n = 0; n < streams.size(); ++n)
      text.append(streams[n]).append(n + 1 < streams.size() ? ", " : streams[n].empty() ? "" : ": ");
    lines.push_back(line_at(event.at_s - since_s, name_of(event.change), text + event.text));
  }
  return lines;
}

std::string text_of(const LiveSession& session) {
  const LinkReport& link = session.link;
  TextTable table({"Stream", "Messages", "/s", "Period ms", "Delay ms", "Longest ms", "Late", "Dropped",
                   "Disordered", "Stalls", "Stalled s", "Not sound"});
  for (const StreamReport& s : link.streams)
    table.add_row({s.name, std::to_string(s.messages), number(s.rate_hz, 1), number(1e3 * s.period_s, 1),
                   number(1e3 * s.delay_s, 1), number(1e3 * s.longest_delay_s, 1), std::to_string(s.late),
                   std::to_string(s.dropped), std::to_string(s.out_of_order), std::to_string(s.stalls),
                   number(s.stalled_s, 2), unsound_text(s)});
  std::string text = table.text() + "\n";
  text +=
      number(session.seconds, 1) + " s of " + session.server + "; it ended because " + session.ended + "\n";
  text += std::to_string(session.frames) + " frames, " + std::to_string(session.whole_frames) + " whole, " +
          std::to_string(session.frames_with_image) + " with an image; " +
          std::to_string(session.parts_too_late) + " parts came too late\n";
  text += "the whole line stalled " + std::to_string(link.stalls) + " times, " + number(link.stalled_s, 2) +
          " s in all; " + std::to_string(link.refused) + " messages were refused; the link was lost " +
          std::to_string(link.losses) + " times\n";
  for (const auto& [type, count] : link.skipped)
    text.append(std::to_string(count)).append(" messages of type ").append(type).append(" were not read\n");
  if (const auto& needle = session.needle) {
    text += "a needle was seen in " + std::to_string(needle->seen) + " of " +
            std::to_string(needle->looked_at) + " pictures looked at, and measured against the plan in " +
            std::to_string(needle->measured);
    if (needle->stale > 0) text += "; stale by then, and not counted: " + std::to_string(needle->stale);
    text += "\n";
  }
  if (link.not_watched > 0)
    text +=
        std::to_string(link.not_watched) + " messages are of streams beyond the first 256 and not watched\n";
  if (session.parts_left_out > 0)
    text += std::to_string(session.parts_left_out) +
            " poses were left out: they have other names than the first 256\n";
  if (!session.recording.empty()) text += "recorded in " + session.recording + "\n";
  return text;
}

std::string to_json(const LiveSession& session) {
  const LinkReport& link = session.link;
  json object{{"schema", "genu/live/1"},
              {"genu_version", version()},
              {"server", session.server},
              {"ended", session.ended},
              {"seconds", session.seconds},
              {"frames", session.frames},
              {"whole_frames", session.whole_frames},
              {"frames_with_image", session.frames_with_image},
              {"parts_too_late", session.parts_too_late},
              {"assembly_ms", number_or_null(session.assembly_ms)},
              {"recording", session.recording.empty() ? json(nullptr) : json(session.recording)},
              {"needle", session.needle ? json{{"looked_at", session.needle->looked_at},
                                               {"stale", session.needle->stale},
                                               {"seen", session.needle->seen},
                                               {"measured", session.needle->measured}}
                                        : json(nullptr)},
              {"connections", link.connections},
              {"losses", link.losses},
              {"refused", link.refused},
              {"skipped", json(link.skipped)},
              {"clock_jumps", link.clock_jumps},
              {"clock_offset_s", number_or_null(link.clock_offset_s)},
              {"stalls", link.stalls},
              {"stalled_s", link.stalled_s},
              {"streams", json::array()}};
  for (const StreamReport& stream : link.streams) object["streams"].push_back(to_json_object(stream));
  // Names come from the network and may hold bytes that are not UTF-8.
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string pose_table_head() {
  std::string head = "frame,time_s,received_s,image,transform,status";
  for (const char* row : {"1", "2", "3"})
    for (const char* column : {"1", "2", "3", "4"}) head.append(",m").append(row).append(column);
  return head + "\n";
}

std::string pose_table_rows(std::size_t index, const network::AssembledFrame& assembled) {
  const ultrasound::TrackedFrame& frame = assembled.frame;
  const std::string start = std::to_string(index) + "," + io::csv_cell(frame.time_s) + "," +
                            io::csv_cell(assembled.received_s) + "," + io::csv_cell(frame.image_status) + ",";
  if (frame.poses.empty()) return start + std::string(13, ',') + "\n";
  std::string rows;
  for (const auto& [frames, pose] : frame.poses) {
    rows.append(start)
        .append(io::csv_cell(ultrasound::name_of(frames)))
        .append(",")
        .append(io::csv_cell(pose.status));
    // Numbers that must not be used are not shown as if they could be.
    const bool sound = pose.transform().has_value();
    for (std::size_t n = 0; n < 12; ++n) rows.append(",").append(sound ? io::csv_cell(pose.rows[n]) : "");
    rows.append("\n");
  }
  return rows;
}

}  // namespace genu::app
