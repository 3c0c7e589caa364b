// SPDX-License-Identifier: Apache-2.0
#include "needle_frames.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/ultrasound/picture_area.h>

namespace genu::bench {
namespace {

double uniform(std::mt19937& random, double a, double b) {
  return std::uniform_real_distribution<double>(a, b)(random);
}

/// Noise of unit deviation with a width.
cv::Mat_<float> noise(const cv::Size& size, double across, double along, std::mt19937& random) {
  cv::Mat_<float> n(size);
  cv::RNG rng(random());
  rng.fill(n, cv::RNG::NORMAL, 0.0, 1.0);
  cv::GaussianBlur(n, n, {}, across, along);
  cv::Scalar mean, deviation;
  cv::meanStdDev(n, mean, deviation);
  return n / deviation[0];
}

/// The echo image on a machine's screen.
std::vector<cv::Point> shown_outline(const cv::Mat& grey) {
  const auto area = ultrasound::find_picture_area(bridge::copy_frame_from_opencv(grey));
  const cv::Rect box = cv::Rect(area.x, area.y, area.width, area.height) & cv::Rect({}, grey.size());
  cv::Mat shown;
  cv::morphologyEx(grey > 12, shown, cv::MORPH_OPEN, cv::getStructuringElement(cv::MORPH_RECT, {3, 3}));
  cv::Mat inside = cv::Mat::zeros(grey.size(), CV_8U);
  shown(box).copyTo(inside(box));
  std::vector<cv::Point> places, hull;
  cv::findNonZero(inside, places);
  if (places.size() < 3) return {{0, 0}, {grey.cols, 0}, {grey.cols, grey.rows}, {0, grey.rows}};
  cv::convexHull(places, hull);
  return hull;
}

/// Where a shaft runs: the visible part of it, tip first.
struct Course {
  cv::Point2d tip, far;
  double bow = 0.0;  ///< As in NeedleInImage.

  cv::Point2d at(double t) const {
    ultrasound::NeedleInImage n;
    n.tip = {tip.x, tip.y};
    n.far_end = {far.x, far.y};
    n.bow_px = bow;
    const PixelPoint p = n.at(t);
    return {p.x, p.y};
  }
};

Course any_course(const cv::Mat& grey, std::mt19937& random) {
  const std::vector<cv::Point> outline = shown_outline(grey);
  const cv::Rect box = cv::boundingRect(outline);
  const double diagonal = std::hypot(box.width, box.height);
  const auto clearance = [&](const cv::Point2d& p) {
    return cv::pointPolygonTest(outline, cv::Point2f(p), true);
  };
  for (;;) {
    Course c;
    const double angle = uniform(random, 3.0, 80.0) * CV_PI / 180.0;
    const double side = uniform(random, 0.0, 1.0) < 0.5 ? -1.0 : 1.0;
    const cv::Point2d back(-side * std::cos(angle), -std::sin(angle));
    c.tip = {box.x + uniform(random, 0.05, 0.95) * box.width,
             box.y + uniform(random, 0.1, 0.95) * box.height};
    if (clearance(c.tip) < 0.02 * diagonal) continue;
    double length = 0.0;
    while (clearance(c.tip + length * back) > 0.0) length += 2.0;
    // Half of them are seen from the border on, the others from somewhere inside.
    if (uniform(random, 0.0, 1.0) < 0.5) length *= uniform(random, 0.4, 1.0);
    if (length < 0.14 * diagonal) continue;
    c.far = c.tip + length * back;
    if (uniform(random, 0.0, 1.0) < 0.35) c.bow = uniform(random, -0.05, 0.05) * length;
    return c;
  }
}

}  // namespace

NeedleCase drawn(const NeedleCase& onto, std::mt19937& random) {
  const Course c = any_course(onto.grey, random);
  const double length = cv::norm(c.tip - c.far), diagonal = std::hypot(onto.grey.cols, onto.grey.rows);
  const double steep = std::abs(c.tip.y - c.far.y) / length, flat = std::abs(c.tip.x - c.far.x) / length;
  // In a picture of logarithms amplitudes add as exp(grey / k): 50 to 70 dB from black to white.
  const double k = 255.0 / (0.1151 * uniform(random, 50.0, 70.0)), decibel = k * 0.1151;
  const double high = uniform(random, 0.0006, 0.002) * diagonal, wide = high * uniform(random, 1.0, 2.5);
  const double sd = std::max(0.6, std::hypot(high * flat, wide * steep));
  cv::Mat base, around;
  onto.grey.convertTo(base, CV_32F);
  cv::blur(base, around, {41, 41}, {-1, -1}, cv::BORDER_REFLECT);
  double level = 0.0;
  for (int n = 0; n <= 20; ++n) level += around.at<float>(cv::Point(c.at(n / 20.0))) / 21.0;
  const double peak = std::min(255.0, level + decibel * uniform(random, 9.0, 32.0));
  const double fade = decibel * uniform(random, -12.0, 8.0), flicker = decibel * uniform(random, 0.5, 4.0);
  const double copy_at = uniform(random, 3.0, 8.0) * high, copy_loss = decibel * uniform(random, 5.0, 16.0);
  const int copies = uniform(random, 0.0, 1.0) < 0.6 ? static_cast<int>(uniform(random, 1.0, 5.0)) : 0;
  const cv::Mat_<float> slow = noise({512, 1}, 40.0, 1.0, random), fast = noise({512, 1}, 6.0, 1.0, random);
  const double gap_at = uniform(random, 0.2, 0.8), gap = std::max(0.0, uniform(random, -0.2, 0.15));
  const double fading = uniform(random, 1.0, 0.15 * length);
  cv::Mat_<float> shaft(base.size(), -1e6F);
  const cv::Point2d normal = cv::Point2d(c.far.y - c.tip.y, c.tip.x - c.far.x) / length;
  for (double t = 0.0; t <= 1.0; t += 0.4 / length) {
    if (std::abs(t - gap_at) < gap) continue;
    const int n = static_cast<int>(t * 511.0);
    for (int copy = 0; copy <= copies; ++copy) {
      const double here = peak + fade * t + flicker * (slow(0, n) + 0.5 * fast(0, n)) -
                          copy * copy_loss / std::max(0.3, flat) -
                          decibel * 12.0 * std::exp(-(1.0 - t) * length / fading);
      const cv::Point2d p = c.at(t) + cv::Point2d(0.0, copy * copy_at);
      for (double u = -3.5 * sd; u <= 3.5 * sd; u += 0.5) {
        const cv::Point q(p + u * normal);
        if (!cv::Rect({}, base.size()).contains(q)) continue;
        shaft(q) = std::max(shaft(q), static_cast<float>(here - 0.5 * k * u * u / (sd * sd)));
      }
    }
  }
  // The shaft's echo is as grainy as that of the tissue around.
  shaft += 0.5 * cv::min(cv::max(base - around, -30.0), 30.0);
  cv::Mat sum, a, b;
  cv::exp(base / k, a);
  cv::exp(shaft / k, b);
  cv::log(a + b, sum);
  NeedleCase r{
      "drawn on " + onto.set, onto.name, {}, NeedleTruth{{c.tip.x, c.tip.y}, {c.far.x, c.far.y}, c.bow}, {}};
  cv::Mat(sum * k).convertTo(r.grey, CV_8U);
  return r;
}

NeedleCase other_machine(const NeedleCase& one, std::mt19937& random) {
  const auto rarely = [&](double part) { return uniform(random, 0.0, 1.0) < part; };
  const double sx = uniform(random, 0.55, 1.5), sy = sx * uniform(random, 0.85, 1.18);
  const bool flip = rarely(0.5);
  const cv::Size size(static_cast<int>(one.grey.cols * sx), static_cast<int>(one.grey.rows * sy));
  cv::Mat value;
  one.grey.convertTo(value, CV_32F);
  cv::resize(value, value, size, 0, 0, sx < 1.0 ? cv::INTER_AREA : cv::INTER_LINEAR);
  if (flip) cv::flip(value, value, 1);
  if (rarely(0.5)) {
    const double sd = uniform(random, 0.4, 1.6);
    cv::GaussianBlur(value, value, {}, sd * uniform(random, 1.0, 2.0), sd);
  }
  if (rarely(0.5))
    value =
        value.mul(1.0 + uniform(random, 0.05, 0.35) * noise(size, uniform(random, 1.0, 3.0), 1.0, random));
  const double gamma = std::exp(uniform(random, -0.5, 0.5)), gain = uniform(random, -25.0, 35.0);
  const double over_depth = uniform(random, -50.0, 50.0);
  for (int y = 0; y < size.height; ++y)
    for (int x = 0; x < size.width; ++x) {
      float& v = value.at<float>(y, x);
      // Black beside the picture stays black.
      if (v < 3.0F) continue;
      v = static_cast<float>(255.0 * std::pow(std::clamp(v / 255.0, 0.0, 1.0), gamma) +
                             gain * std::min(1.0, v / 40.0) +
                             over_depth * (double(y) / size.height - 0.5) * std::min(1.0, v / 40.0));
    }
  NeedleCase r{one.set, one.name + " other", {}, {}, {}};
  value.convertTo(r.grey, CV_8U);
  if (rarely(0.5)) {
    std::vector<std::uint8_t> code;
    cv::imencode(".jpg", r.grey, code,
                 {cv::IMWRITE_JPEG_QUALITY, static_cast<int>(uniform(random, 35.0, 95.0))});
    r.grey = cv::imdecode(code, cv::IMREAD_GRAYSCALE);
  }
  if (!one.truth) return r;
  const auto moved = [&](const PixelPoint& p) {
    const double x = (p.x + 0.5) * sx - 0.5;
    return PixelPoint{flip ? size.width - 1.0 - x : x, (p.y + 0.5) * sy - 0.5};
  };
  r.truth =
      NeedleTruth{moved(one.truth->tip), moved(one.truth->far_end), one.truth->bow_px * std::sqrt(sx * sy)};
  return r;
}

void write_cases(const std::vector<NeedleCase>& cases, const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  std::ofstream table(folder / "cases.csv", std::ios::app);
  for (const NeedleCase& one : cases) {
    std::string file = one.set + " " + one.name + ".png";
    std::replace(file.begin(), file.end(), '/', '_');
    cv::imwrite((folder / file).string(), one.colour.empty() ? one.grey : one.colour);
    table << one.set << ',' << one.name << ',' << file << ',' << one.truth.has_value();
    const NeedleTruth t = one.truth.value_or(NeedleTruth{});
    for (const double v : {t.tip.x, t.tip.y, t.far_end.x, t.far_end.y, t.bow_px}) table << ',' << v;
    table << '\n';
  }
}

std::vector<std::string> rows_of_cases(const std::filesystem::path& folder) {
  std::ifstream table(folder / "cases.csv");
  std::vector<std::string> rows;
  for (std::string row; std::getline(table, row);) rows.push_back(row);
  return rows;
}

NeedleCase read_case(const std::filesystem::path& folder, const std::string& row) {
  std::istringstream words(row);
  std::vector<std::string> w;
  for (std::string word; std::getline(words, word, ',');) w.push_back(word);
  NeedleCase one{w.at(0), w.at(1), {}, {}, {}};
  const cv::Mat picture = cv::imread((folder / w.at(2)).string(), cv::IMREAD_UNCHANGED);
  if (picture.channels() == 3) {
    one.colour = picture;
    cv::cvtColor(picture, one.grey, cv::COLOR_RGB2GRAY);
  } else {
    one.grey = picture;
  }
  const auto number = [&](std::size_t n) { return std::stod(w.at(n)); };
  if (w.at(3) == "1") one.truth = NeedleTruth{{number(4), number(5)}, {number(6), number(7)}, number(8)};
  return one;
}

}  // namespace genu::bench
