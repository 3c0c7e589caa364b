// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/render/frame_figure.h>

#include "annotate.h"
#include "canvas.h"

namespace genu::render {
namespace {

constexpr Colour black{0, 0, 0}, white{255, 255, 255};
constexpr int line_height = 20, letters = 13;

Colour colour_of(const Rgb& rgb) {
  return {rgb[0], rgb[1], rgb[2]};
}

/// How the picture's pixels fall on the figure's.
struct Scale {
  double x = 1.0, y = 1.0;
  Spot spot(const PixelPoint& p) const { return {(p.x + 0.5) * x - 0.5, (p.y + 0.5) * y - 0.5}; }
};

Scale scale_of(const Frame& frame, const FrameMarks& marks) {
  Scale scale;
  scale.y = std::max(1.0, static_cast<double>(marks.min_height) / frame.height);
  scale.x = marks.pixel ? scale.y * marks.pixel->x_mm / marks.pixel->y_mm : scale.y;
  return scale;
}

/// Paints the picture, between its pixels where it is enlarged.
void paint(Canvas& canvas, const Frame& frame, const Scale& scale, int width, int height) {
  const auto value = [&](double u, double v, int c) {
    const double x = std::clamp(u, 0.0, frame.width - 1.0), y = std::clamp(v, 0.0, frame.height - 1.0);
    const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
    const int x1 = std::min(x0 + 1, frame.width - 1), y1 = std::min(y0 + 1, frame.height - 1);
    return std::lerp(std::lerp(static_cast<double>(frame.at(x0, y0, c)), frame.at(x1, y0, c), x - x0),
                     std::lerp(static_cast<double>(frame.at(x0, y1, c)), frame.at(x1, y1, c), x - x0),
                     y - y0);
  };
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      const double u = (x + 0.5) / scale.x - 0.5, v = (y + 0.5) / scale.y - 0.5;
      std::array<std::uint8_t, 3> rgb{};
      for (int c = 0; c < 3; ++c)
        rgb[static_cast<std::size_t>(c)] =
            static_cast<std::uint8_t>(std::lround(value(u, v, frame.channels == 3 ? c : 0)));
      canvas.set(x, y, {rgb[0], rgb[1], rgb[2]});
    }
}

std::vector<Segment> segments_of(const FrameLine& line, const Scale& scale) {
  std::vector<Segment> segments;
  constexpr double dash = 7.0;
  double walked = 0.0;
  for (std::size_t n = 1; n < line.points.size(); ++n) {
    const PixelPoint &a = line.points[n - 1], &b = line.points[n];
    if (!std::isfinite(a.x + a.y + b.x + b.y)) continue;
    const Spot from = scale.spot(a), to = scale.spot(b);
    if (!line.dashed) {
      segments.push_back({from, to});
      continue;
    }
    const double length = std::hypot(to.x - from.x, to.y - from.y);
    for (double at = 0.0; at < length; at += 1.0) {
      const double next = std::min(length, at + 1.0);
      if (std::fmod(walked + at, 2 * dash) < dash)
        segments.push_back(
            {Spot{std::lerp(from.x, to.x, at / length), std::lerp(from.y, to.y, at / length)},
             Spot{std::lerp(from.x, to.x, next / length), std::lerp(from.y, to.y, next / length)}});
    }
    walked += length;
  }
  return segments;
}

void draw_scale(Canvas& canvas, const FrameMarks& marks, const Scale& scale, int width, int height) {
  if (!marks.pixel) {
    canvas.text({10.0, height - 12.0}, "no scale", {letters, white, false, 0.0, 1.0, black});
    return;
  }
  const double mm = scale.y / marks.pixel->y_mm;
  canvas.stroke({{Spot{12.0, height - 12.0}, Spot{12.0 + 10.0 * mm, height - 12.0}}}, 3.0, white);
  canvas.text({12.0 + 5.0 * mm, height - 16.0}, "10 mm", {letters, white, false, 0.5, 1.0, black});
  if (!marks.face_row) return;
  constexpr double least_mm = 0.5;  // Closer marks are a grey bar.
  if (!(mm >= least_mm)) return;
  const double face = scale.spot({0.0, *marks.face_row}).y;
  for (int cm = 1; face + cm * 10.0 * mm < height; ++cm) {
    const double y = face + cm * 10.0 * mm;
    canvas.stroke({{Spot{width - 9.0, y}, Spot{width - 1.0, y}}}, 2.0, white);
    canvas.text({width - 12.0, y}, std::to_string(cm) + " cm", {11, white, false, 1.0, 0.5, black});
  }
}

/// Parts lines at spaces so that they fit; what goes on is moved in.
std::vector<std::string> wrapped(const std::vector<std::string>& lines, int width) {
  std::vector<std::string> all;
  for (std::string line : lines) {
    while (text_width(line, letters) > width) {
      const std::size_t first = line.find_first_not_of(' ');
      std::size_t at = line.rfind(' ');
      while (at != std::string::npos && at > first && text_width(line.substr(0, at), letters) > width)
        at = line.rfind(' ', at - 1);
      if (at == std::string::npos || at <= first) at = line.find(' ', first);  // one word is too long
      if (at == std::string::npos) break;
      all.push_back(line.substr(0, at));
      line = "    " + line.substr(at + 1);
    }
    all.push_back(std::move(line));
  }
  return all;
}

/// Returns a step of 1, 2 or 5 times a power of ten that parts a range in some five.
double tick_of(double range) {
  const double raw = range / 5.0, power = std::pow(10.0, std::floor(std::log10(raw)));
  for (const double m : {1.0, 2.0, 5.0})
    if (raw <= m * power) return m * power;
  return 10.0 * power;
}

/// The place of a diagram's axes.
struct Axes {
  double left, top, right, bottom, x0, x1, y0, y1;
  Spot spot(double x, double y) const {
    return {left + (x - x0) / (x1 - x0) * (right - left), bottom - (y - y0) / (y1 - y0) * (bottom - top)};
  }
};

Axes axes_about(const std::vector<Curve>& curves, int width, int height) {
  Axes axes{64.0, 56.0, width - 20.0, height - 48.0, 1e300, -1e300, 1e300, -1e300};
  for (const Curve& curve : curves) {
    if (curve.x.size() != curve.y.size())
      throw InvalidInput("cannot draw the curve '" + curve.name + "': it has " +
                         std::to_string(curve.x.size()) + " x and " + std::to_string(curve.y.size()) + " y");
    for (std::size_t n = 0; n < curve.x.size(); ++n) {
      if (!std::isfinite(curve.x[n]) || !std::isfinite(curve.y[n])) continue;
      axes.x0 = std::min(axes.x0, curve.x[n]);
      axes.x1 = std::max(axes.x1, curve.x[n]);
      axes.y0 = std::min(axes.y0, curve.y[n]);
      axes.y1 = std::max(axes.y1, curve.y[n]);
    }
  }
  if (axes.x0 > axes.x1) throw InvalidInput("cannot draw a diagram: nothing in it is finite");
  const auto widen = [](double& low, double& high, double part) {
    const double margin = high > low ? part * (high - low) : 0.5 + 0.1 * std::abs(low);
    low -= margin;
    high += margin;
  };
  widen(axes.x0, axes.x1, 0.01);
  widen(axes.y0, axes.y1, 0.06);
  return axes;
}

void draw_axes(Canvas& canvas, const Axes& axes, const DiagramWords& words) {
  constexpr Colour grid{225, 227, 232};
  const auto tick_text = [](double value, double tick) {
    return fixed(std::abs(value) < tick / 2 ? 0.0 : value,
                 std::max(0, static_cast<int>(-std::floor(std::log10(tick)))));
  };
  const double tx = tick_of(axes.x1 - axes.x0), ty = tick_of(axes.y1 - axes.y0);
  for (double x = std::ceil(axes.x0 / tx) * tx; x <= axes.x1; x += tx) {
    const Spot foot = axes.spot(x, axes.y0);
    canvas.stroke({{foot, Spot{foot.x, axes.top}}}, 1.0, grid);
    canvas.text({foot.x, foot.y + 6.0}, tick_text(x, tx), {11, ink, false, 0.5, 0.0, {}});
  }
  for (double y = std::ceil(axes.y0 / ty) * ty; y <= axes.y1; y += ty) {
    const Spot foot = axes.spot(axes.x0, y);
    canvas.stroke({{foot, Spot{axes.right, foot.y}}}, 1.0, grid);
    canvas.text({foot.x - 6.0, foot.y}, tick_text(y, ty), {11, ink, false, 1.0, 0.5, {}});
  }
  canvas.stroke({{Spot{axes.left, axes.top}, Spot{axes.left, axes.bottom}},
                 {Spot{axes.left, axes.bottom}, Spot{axes.right, axes.bottom}}},
                1.5, ink);
  canvas.text({axes.left, 10.0}, words.title, {14, ink, true, 0.0, 0.0, {}});
  canvas.text({(axes.left + axes.right) / 2, axes.bottom + 26.0}, words.x_axis,
              {12, ink, false, 0.5, 0.0, {}});
  canvas.text({axes.left - 30.0, axes.top - 8.0}, words.y_axis, {11, faint_ink, false, 0.0, 1.0, {}});
}

}  // namespace

Picture frame_figure(const Frame& frame, const FrameMarks& marks) {
  if (frame.empty()) throw InvalidInput("cannot draw an ultrasound picture: it is empty");
  if (marks.min_height < 100 || marks.min_height > 4096)
    throw InvalidInput("cannot draw an ultrasound picture " + std::to_string(marks.min_height) +
                       " pixels high");
  const Scale scale = scale_of(frame, marks);
  const int width = std::max(1, static_cast<int>(std::lround(frame.width * scale.x))),
            height = static_cast<int>(std::lround(frame.height * scale.y));
  constexpr int narrowest_words = 240, margin = 10;
  const int whole = marks.words.empty() ? width : std::max(width, narrowest_words);
  const std::vector<std::string> words = wrapped(marks.words, whole - 2 * margin);
  const int words_height = words.empty() ? 0 : 10 + line_height * static_cast<int>(words.size());
  Canvas canvas(whole, height + words_height, black);
  paint(canvas, frame, scale, width, height);
  for (const FrameLine& line : marks.lines) {
    const std::vector<Segment> segments = segments_of(line, scale);
    canvas.stroke(segments, line.width + 1.5, black, 0.5);
    canvas.stroke(segments, line.width, colour_of(line.colour));
  }
  for (const FrameSpot& mark : marks.spots) {
    const Spot at = scale.spot(mark.at);
    canvas.ring(at, mark.radius, 3.5, black);
    canvas.ring(at, mark.radius, 2.0, colour_of(mark.colour));
    canvas.text({at.x + mark.radius + 4.0, at.y}, mark.words,
                {letters, colour_of(mark.colour), true, 0.0, 0.5, black});
  }
  for (const FrameNote& note : marks.notes)
    canvas.text(scale.spot(note.at), note.words,
                {letters, colour_of(note.colour), true, note.across, note.above, black});
  draw_scale(canvas, marks, scale, width, height);
  canvas.fill(0, height, whole, height + words_height, black);
  for (std::size_t n = 0; n < words.size(); ++n)
    canvas.text({margin, height + 6.0 + line_height * static_cast<double>(n)}, words[n],
                {letters, white, false, 0.0, 0.0, {}});
  return std::move(canvas).take();
}

Picture diagram(const std::vector<Curve>& curves, const DiagramWords& words, int width, int height) {
  const Axes axes = axes_about(curves, width, height);
  Canvas canvas(width, height, paper);
  draw_axes(canvas, axes, words);
  double key = axes.right;
  for (const Curve& curve : curves) {
    std::vector<Segment> segments;
    for (std::size_t n = 0; n < curve.x.size(); ++n) {
      if (!std::isfinite(curve.x[n]) || !std::isfinite(curve.y[n])) continue;
      if (curve.dots)
        canvas.disc(axes.spot(curve.x[n], curve.y[n]), 2.0, colour_of(curve.colour), 0.7);
      else if (n > 0 && std::isfinite(curve.x[n - 1]) && std::isfinite(curve.y[n - 1]))
        segments.push_back({axes.spot(curve.x[n - 1], curve.y[n - 1]), axes.spot(curve.x[n], curve.y[n])});
    }
    canvas.stroke(segments, 1.6, colour_of(curve.colour));
    canvas.text({key, 12.0}, curve.name, {12, colour_of(curve.colour), true, 1.0, 0.0, {}});
    key -= text_width(curve.name, 12, true) + 18.0;
  }
  return std::move(canvas).take();
}

}  // namespace genu::render
