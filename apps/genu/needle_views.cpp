// SPDX-License-Identifier: Apache-2.0
#include "needle_views.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <genu/app/text_table.h>
#include <genu/core/text.h>

namespace genu::app {

namespace {

using ultrasound::NeedleState;
using ultrasound::WithError;

constexpr render::Rgb needle_colour{90, 220, 120}, plan_colour{255, 214, 0}, doubt_colour{170, 170, 170};

std::string value_of(const WithError& e) {
  return fixed(e.value, 1) + (std::isfinite(e.sd) ? " +- " + fixed(e.sd, 1) : "");
}

std::string deviation_words(const ultrasound::NeedleDeviation& d) {
  std::string words = "tip to target " + value_of(d.tip_to_target_mm) + " mm, beside the path ";
  words.append(value_of(d.lateral_mm)).append(" mm, angle to it ").append(value_of(d.angle_deg));
  words.append(" deg, depth left ").append(value_of(d.depth_left_mm));
  return words + " mm, passes the target by " + value_of(d.passes_target_mm) + " mm";
}

std::string plan_words(const ultrasound::PlanInImage& plan) {
  std::string words = "target " + fixed(std::abs(plan.target_off_mm), 1) + " mm off the picture, entry " +
                      fixed(std::abs(plan.entry_off_mm), 1) + " mm; ";
  if (!plan.in_picture) return words + "the path is not within 2 mm of the picture";
  const double from = (*plan.in_picture)[0], to = (*plan.in_picture)[1];
  if (from <= 0.0 && to >= 1.0) return words + "the path is in the picture";
  return words + "the path is in the picture from " + fixed(100 * from, 0) + " to " + fixed(100 * to, 0) +
         " % of its length";
}

/// The shaft as it bends.
std::vector<PixelPoint> shaft_of(const ultrasound::NeedleInImage& needle) {
  constexpr int pieces = 24;
  std::vector<PixelPoint> points;
  for (int piece = 0; piece <= pieces; ++piece)
    points.push_back(needle.at(static_cast<double>(piece) / pieces));
  return points;
}

void draw_plan(render::FrameMarks& marks, const ultrasound::PlanInImage& plan) {
  marks.lines.push_back({{plan.entry, plan.target}, plan_colour, 1.2, true});
  if (plan.in_picture)
    marks.lines.push_back(
        {{plan.at((*plan.in_picture)[0]), plan.at((*plan.in_picture)[1])}, plan_colour, 2.2, false});
  if (marks.pixel && plan.tolerance_radius_mm > 0.0) {
    render::FrameLine ring{{}, plan_colour, 1.2, false};
    for (int degree = 0; degree <= 360; degree += 10) {
      const double a = degree * std::numbers::pi / 180.0, r = plan.tolerance_radius_mm;
      ring.points.push_back({plan.target.x + r * std::cos(a) / marks.pixel->x_mm,
                             plan.target.y + r * std::sin(a) / marks.pixel->y_mm});
    }
    marks.lines.push_back(std::move(ring));
  }
  marks.spots.push_back({plan.target, plan_colour, "target", 3.0});
}

/// What the lines over a picture are.
std::string state_words(const ultrasound::NeedleFinding& finding) {
  if (finding.state == NeedleState::none)
    return "no needle: " + finding.why_none + (finding.doubtful ? " (grey)" : "");
  const std::string words =
      "needle (green, the ring its tip), confidence " + fixed(100 * finding.needle->confidence, 0) + " %: ";
  return words + (finding.state == NeedleState::predicted ? finding.why_none : finding.needle->why);
}

std::vector<std::string> row_of(const io::NeedlePicture& picture, bool with_plan) {
  const ultrasound::NeedleFinding& f = picture.finding;
  std::vector<std::string> row{std::to_string(picture.frame)};
  row.emplace_back(f.state == NeedleState::seen        ? "seen"
                   : f.state == NeedleState::predicted ? "predicted"
                                                       : "none");
  if (f.needle)
    row.insert(row.end(),
               {fixed(f.needle->confidence, 2), fixed(f.needle->tip.x, 0) + ", " + fixed(f.needle->tip.y, 0),
                fixed(f.needle->angle_deg, 1)});
  else
    row.insert(row.end(), 3, "-");
  if (!with_plan) return row;
  if (picture.guidance && picture.guidance->deviation) {
    const ultrasound::NeedleDeviation& d = *picture.guidance->deviation;
    for (const WithError& e :
         {d.tip_to_target_mm, d.lateral_mm, d.angle_deg, d.depth_left_mm, d.passes_target_mm})
      row.push_back(value_of(e));
  } else {
    row.insert(row.end(), 5, "-");
  }
  row.push_back(picture.guidance && picture.guidance->plan ? fixed(picture.guidance->plan->target_off_mm, 1)
                                                           : "-");
  return row;
}

std::string counted(std::size_t count, const char* one, const char* several) {
  return std::to_string(count) + " " + (count == 1 ? one : several);
}

std::string totals_of(const io::NeedleRecord& record) {
  const auto& all = record.pictures;
  const auto count = [&](const auto& which) {
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), which));
  };
  const std::size_t seen =
      count([](const io::NeedlePicture& p) { return p.finding.state == NeedleState::seen; });
  const std::size_t measured =
      count([](const io::NeedlePicture& p) { return p.guidance && p.guidance->deviation; });
  const std::size_t unplaced =
      count([](const io::NeedlePicture& p) { return p.guidance && !p.guidance->plan; });
  std::string text =
      "A needle is seen in " + std::to_string(seen) + " of " + counted(all.size(), "picture", "pictures");
  if (record.plan) text += ", and measured against the plan in " + std::to_string(measured);
  text += ".\n";
  if (unplaced > 0)
    text += "Of " + counted(unplaced, "picture", "pictures") + " it is not known where in the patient " +
            (unplaced == 1 ? "it was" : "they were") + ".\n";
  if (record.frames_without_image > 0)
    text += counted(record.frames_without_image, "frame shows", "frames show") + " no sound image and " +
            (record.frames_without_image == 1 ? "is" : "are") + " left out.\n";
  return text;
}

}  // namespace

std::string needle_line(const ultrasound::NeedleFinding& finding,
                        const std::optional<ultrasound::NeedleGuidance>& guidance) {
  if (finding.state != NeedleState::seen) return "none: " + finding.why_none;
  std::string line = "confidence " + fixed(finding.needle->confidence, 2);
  if (!guidance) return line + ", " + fixed(finding.needle->angle_deg, 0) + " deg to the probe's face";
  if (guidance->deviation) return line + ", " + deviation_words(*guidance->deviation);
  return line + ", no numbers: " + guidance->why_unplaced;
}

std::vector<std::size_t> spread(std::size_t count, std::size_t most) {
  std::vector<std::size_t> places;
  const std::size_t wanted = std::min(count, most);
  for (std::size_t n = 0; n < wanted; ++n)
    places.push_back(wanted == 1 ? 0 : (n * (count - 1) + (wanted - 1) / 2) / (wanted - 1));
  return places;
}

std::string text_of(const io::NeedleRecord& record, std::size_t most_rows) {
  std::vector<std::string> head{"picture", "needle", "confidence", "tip px", "angle deg"};
  if (record.plan)
    head.insert(head.end(), {"tip to target mm", "beside path mm", "angle to path deg", "depth left mm",
                             "passes target mm", "target off picture mm"});
  TextTable table(std::move(head));
  const std::vector<std::size_t> rows = spread(record.pictures.size(), most_rows);
  constexpr std::size_t most_remarks = 6;  // what is wrong is often wrong all along
  std::size_t remarked = 0;
  std::string remarks;
  for (const std::size_t n : rows) {
    const io::NeedlePicture& picture = record.pictures[n];
    table.add_row(row_of(picture, record.plan.has_value()));
    const std::string start = "Picture " + std::to_string(picture.frame) + ": ";
    const auto remark = [&](const char* what, const std::string& why) {
      if (!why.empty() && ++remarked <= most_remarks)
        remarks.append(start).append(what).append(why).append("\n");
    };
    remark("no needle: ", picture.finding.why_none);
    if (picture.guidance) remark("no numbers: ", picture.guidance->why_unplaced);
  }
  std::string text = table.text();
  if (rows.size() < record.pictures.size())
    text += "(" + std::to_string(rows.size()) + " of " + std::to_string(record.pictures.size()) +
            " pictures; all are in needle.csv)\n";
  if (remarked > most_remarks)
    remarks += "(" + std::to_string(remarked - most_remarks) + " more of this kind are in needle.csv)\n";
  text += remarks + totals_of(record);
  text += record.pixel
              ? "Scale: " + record.pixel_source + ".\n"
              : "No scale, all is in pixels, and angles take them for square: " + record.pixel_source + ".\n";
  if (record.plan)
    text += "Plan: " + spaced(record.plan->target) + ", " + spaced(record.plan->approach) + ", rank " +
            std::to_string(record.plan->rank) + ". Errors (+- 1 SD): " + record.plan->error_source + ".\n";
  return text;
}

render::Picture needle_figure(const Frame& frame, const io::NeedlePicture& picture,
                              const io::NeedleRecord& record) {
  const ultrasound::NeedleFinding& f = picture.finding;
  render::FrameMarks marks{.pixel = record.pixel};
  if (picture.guidance && picture.guidance->plan) draw_plan(marks, *picture.guidance->plan);
  if (f.needle) {
    marks.lines.push_back({shaft_of(*f.needle), needle_colour, 1.5, f.state != NeedleState::seen});
    marks.spots.push_back({f.needle->tip, needle_colour});
  } else if (f.doubtful) {
    marks.lines.push_back({shaft_of(*f.doubtful), doubt_colour, 1.2, true});
  }
  marks.words.push_back("picture " + std::to_string(picture.frame) + ", " + state_words(f));
  if (picture.guidance) {
    const ultrasound::NeedleGuidance& g = *picture.guidance;
    if (g.deviation) marks.words.push_back(deviation_words(*g.deviation));
    if (g.plan) marks.words.push_back(plan_words(*g.plan));
    if (!g.why_unplaced.empty()) marks.words.push_back("no numbers: " + g.why_unplaced);
  }
  return render::frame_figure(frame, marks);
}

}  // namespace genu::app
