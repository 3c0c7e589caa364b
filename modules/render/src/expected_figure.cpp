// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/text.h>
#include <genu/render/expected_figure.h>
#include <genu/render/frame_figure.h>

#include "canvas.h"
#include "colours.h"

namespace genu::render {
namespace {

constexpr int height_px = 450;  // Its letters are still read where three stand side by side on a page.
constexpr int letters = 13;     // As frame_figure writes its words.
constexpr Rgb bone_rgb{120, 200, 255}, name_rgb{205, 210, 218};
constexpr Rgb needle_rgb{needle_colour.red, needle_colour.green, needle_colour.blue};
constexpr Rgb target_rgb{255, 90, 200};  // target_colour, lighter: that is for bright ground.

/// Parts a sentence into lines that fit.
std::vector<std::string> wrapped(const std::string& sentence, int width) {
  std::vector<std::string> lines;
  std::istringstream words(sentence);
  for (std::string word; words >> word;) {
    const std::string longer = lines.empty() ? word : lines.back() + " " + word;
    if (!lines.empty() && text_width(longer, letters) <= width)
      lines.back() = longer;
    else
      lines.push_back(word);
  }
  return lines;
}

/// The picture in millimetres from its upper left corner.
class InMillimetres {
 public:
  explicit InMillimetres(const PixelSize& pixel) : pixel_(pixel) {}
  PixelPoint moved(const PixelPoint& p, double right_mm, double down_mm) const {
    return {p.x + right_mm / pixel_.x_mm, p.y + down_mm / pixel_.y_mm};
  }
  std::vector<PixelPoint> circle(const PixelPoint& centre, double radius_mm) const {
    constexpr int pieces = 72;
    std::vector<PixelPoint> points;
    for (int n = 0; n <= pieces; ++n) {
      const double turn = 2.0 * M_PI * n / pieces;
      points.push_back(moved(centre, radius_mm * std::cos(turn), radius_mm * std::sin(turn)));
    }
    return points;
  }

 private:
  PixelSize pixel_;
};

/// Returns the part of the path at which it comes into the picture.
double comes_in_at(const ultrasound::PlanInImage& path, int width) {
  double at = 0.0;
  const auto from_border = [&](double entry, double target, double border) {
    if ((entry < border) != (target < border)) at = std::max(at, (border - entry) / (target - entry));
  };
  from_border(path.entry.x, path.target.x, path.entry.x < path.target.x ? 0.0 : width - 1.0);
  from_border(path.entry.y, path.target.y, 0.0);
  return std::min(at, 1.0);
}

/// An arrow beside the needle's way in, so that it hides nothing of the needle.
void mark_side(FrameMarks& marks, const ultrasound::PlanInImage& path, const PixelSize& pixel, int width) {
  constexpr double beside_mm = 2.0, arrow_mm = 7.0, head_mm = 1.4;
  const double right_mm = (path.target.x - path.entry.x) * pixel.x_mm,
               down_mm = (path.target.y - path.entry.y) * pixel.y_mm,
               length_mm = std::hypot(right_mm, down_mm);
  if (length_mm < arrow_mm) return;  // It comes across the picture.
  const double u = right_mm / length_mm, v = down_mm / length_mm;
  const bool from_left = u >= 0.0;
  const InMillimetres mm(pixel);
  // Above the needle: to the left of its direction where it comes from the left.
  const double across_u = from_left ? v : -v, across_v = from_left ? -u : u;
  const auto place = [&](double along_mm, double off_mm) {
    return mm.moved(path.at(comes_in_at(path, width)), along_mm * u + off_mm * across_u,
                    along_mm * v + off_mm * across_v);
  };
  const PixelPoint tail = place(1.5, beside_mm), point = place(1.5 + arrow_mm, beside_mm);
  marks.lines.push_back({{tail, point}, needle_rgb, 1.5});
  marks.lines.push_back({{place(1.5 + arrow_mm - head_mm, beside_mm - 0.7 * head_mm), point,
                          place(1.5 + arrow_mm - head_mm, beside_mm + 0.7 * head_mm)},
                         needle_rgb,
                         1.5});
  marks.notes.push_back({mm.moved(point, from_left ? 0.8 : -0.8, -0.8),
                         from_left ? "needle from the left" : "needle from the right", needle_rgb,
                         from_left ? 0.0 : 1.0, 0.5});
}

void mark_target(FrameMarks& marks, const ultrasound::PlanInImage& path, const PixelSize& pixel) {
  const InMillimetres mm(pixel);
  constexpr double least_mm = 1.0;  // Where the tolerance does not reach into the picture, or is none.
  const double radius_mm = std::max(least_mm, path.tolerance_radius_mm);
  marks.lines.push_back({mm.circle(path.target, radius_mm), target_rgb, 1.5});
  marks.notes.push_back({mm.moved(path.target, 0.0, radius_mm + 0.5), "target", target_rgb, 0.5, 0.0});
}

void mark_tip(FrameMarks& marks, const planning::ExpectedView& view) {
  const ultrasound::FrameTruth& truth = view.frame.truth;
  if (truth.needles.empty()) return;
  const PixelPoint tip = truth.needles.front().tip;
  const InMillimetres mm(truth.pixel);
  marks.lines.push_back({mm.circle(tip, 0.5), needle_rgb, 1.2});
  const double reach_mm = std::max(1.0, view.path.tolerance_radius_mm) + 0.6;
  marks.notes.push_back({mm.moved(tip, reach_mm, 0.0), "tip", needle_rgb, 0.0, 0.5});
}

/// The places that words take, in pixels of the figure.
class Room {
 public:
  Room(double scale_x, double scale_y, int width, int height)
      : scale_x_(scale_x), scale_y_(scale_y), width_(width), height_(height) {}

  void take(const FrameNote& note) { boxes_.push_back(box_of(note)); }

  /// Moves a note down, or up unless it has to stay below its place, until it stands free; false if there is
  /// no room near.
  bool find_place(FrameNote& note, bool below) const {
    constexpr double depths = 46.0;  // The right border has them.
    const double half = 0.5 * text_width(note.words, letters, true) + 4.0;
    const double y = note.at.y;
    note.at.x = std::clamp(note.at.x * scale_x_, half, std::max(half, width_ - depths - half)) / scale_x_;
    for (const double lines : {0.0, 1.0, below ? 2.0 : -1.0}) {
      note.at.y = y + lines * line / scale_y_;
      const Box box = box_of(note);
      const bool free = std::none_of(boxes_.begin(), boxes_.end(), [&](const Box& b) {
        return b[0] < box[2] && box[0] < b[2] && b[1] < box[3] && box[1] < b[3];
      });
      if (free && box[1] >= 0.0 && box[3] <= height_) return true;
    }
    return false;
  }

 private:
  using Box = std::array<double, 4>;  ///< Left, top, right, bottom.
  static constexpr double line = 17.0;

  Box box_of(const FrameNote& note) const {
    const double width = text_width(note.words, letters, true);
    const double left = note.at.x * scale_x_ - note.across * width,
                 top = note.at.y * scale_y_ - note.above * line;
    return {left, top, left + width, top + line};
  }

  double scale_x_, scale_y_;
  int width_, height_;
  std::vector<Box> boxes_ = {};
};

/// Names tissues where the other notes leave room.
void name_tissues(FrameMarks& marks, const planning::ExpectedView& view, const LabelMap& labels, Room room) {
  for (const FrameNote& note : marks.notes) room.take(note);
  for (const planning::NameInView& name : planning::names_in_view(view, labels)) {
    FrameNote note{name.at, spaced(std::string(info(name.tissue).name)), name.below ? bone_rgb : name_rgb,
                   0.5, name.below ? 0.0 : 0.5};
    if (!room.find_place(note, name.below)) continue;
    room.take(note);
    marks.notes.push_back(std::move(note));
  }
}

}  // namespace

Picture expected_figure(const planning::ExpectedView& view, const LabelMap& labels, ExpectedMarks marks) {
  const Frame& image = view.frame.image;
  const PixelSize pixel = view.frame.truth.pixel;
  FrameMarks drawn{.pixel = pixel, .face_row = 0.0, .min_height = height_px};
  if (image.empty()) return frame_figure(image, drawn);
  const double scale_y = std::max(1.0, static_cast<double>(height_px) / image.height),
               scale_x = scale_y * pixel.x_mm / pixel.y_mm;
  const int width = static_cast<int>(image.width * scale_x),
            height = static_cast<int>(image.height * scale_y);
  if (marks == ExpectedMarks::drawn) {
    drawn.lines.push_back({planning::bone_in_view(view), bone_rgb, 1.2, true});
    mark_side(drawn, view.path, pixel, image.width);
    mark_target(drawn, view.path, pixel);
    mark_tip(drawn, view);
    name_tissues(drawn, view, labels, {scale_x, scale_y, width, height});
  }
  drawn.words = wrapped("Expected view, simulated from labels: not an ultrasound image. Research use only.",
                        width - 20);
  return frame_figure(image, drawn);
}

}  // namespace genu::render
