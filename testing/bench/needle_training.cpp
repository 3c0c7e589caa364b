// SPDX-License-Identifier: Apache-2.0
#include "needle_training.h"

#include <array>
#include <cstdio>
#include <map>
#include <string>

#include <opencv2/imgproc.hpp>

#include <genu/core/parallel.h>

#include "needle_frames.h"

namespace genu::bench {
namespace {

using ultrasound::NeedleInImage;

std::string features_of(const NeedleCase& one) {
  std::string rows;
  bool hit = false;
  for (const NeedleInImage& n : ultrasound::needle_candidates(
           frame_of(one.colour.empty() ? one.grey : one.colour), {.min_length = 0.08, .threads = 1})) {
    const NeedleError e = one.truth ? error_of(n, one) : NeedleError{};
    if (e.hit && hit) continue;  // the same line again says nothing
    hit |= e.hit;
    const auto& v = n.evidence;
    rows += cv::format("%s,%s,%d,%d,%g,%g,%g", one.set.c_str(), one.name.c_str(), one.truth.has_value(),
                       e.hit, n.confidence, n.angle_deg, one.truth ? e.tip_px : 0.0);
    for (const double value : {v.ridge, v.beside, v.length, v.continuity, v.scatter, v.bend, v.contrast,
                               v.brightness, v.shadow, v.rivals, v.tip_clearance, v.far_gap, v.tip_fall,
                               v.unevenness, v.rank, v.over, v.prominence, v.onward})
      rows += cv::format(",%g", value);
    rows += '\n';
  }
  return rows;
}

/// Where a picture is not grey.
cv::Mat coloured(const NeedleCase& one) {
  if (one.colour.empty()) return cv::Mat::zeros(one.grey.size(), CV_8U);
  cv::Mat channels[3];
  cv::split(one.colour, channels);
  const cv::Mat most = cv::max(channels[0], cv::max(channels[1], channels[2]));
  const cv::Mat least = cv::min(channels[0], cv::min(channels[1], channels[2]));
  return most - least > 40;
}

/// Returns true if the machine painted over tissue, as flow: without its colours that can't be told. Title
/// bars and marks take up to 4 % of a picture.
bool is_painted(const NeedleCase& one) {
  return cv::countNonZero(coloured(one)) > 0.045 * one.grey.total();
}

/// The picture in grey, without its coloured marks.
NeedleCase unmarked(const NeedleCase& one) {
  NeedleCase r = one;
  r.colour = cv::Mat();
  cv::Mat marks;
  cv::dilate(coloured(one), marks, cv::Mat());
  cv::Mat_<float> weight, sum, count, around;
  cv::Mat(marks == 0).convertTo(weight, CV_32F, 1.0 / 255.0);
  one.grey.convertTo(sum, CV_32F);
  cv::blur(sum.mul(weight), sum, {15, 15});
  cv::blur(weight, count, {15, 15});
  cv::divide(sum, cv::max(count, 1e-3F), around);
  cv::Mat filled;
  around.convertTo(filled, CV_8U);
  r.grey = one.grey.clone();
  filled.copyTo(r.grey, marks);
  return r;
}

}  // namespace

void print_features(const std::filesystem::path& from) {
  std::printf(
      "set,name,truth,label,conf,angle,tip_error,ridge,beside,length,continuity,scatter,bend,contrast,"
      "brightness,"
      "shadow,rivals,clearance,gap,fall,uneven,rank,over,prominence,onward\n");
  const std::vector<std::string> rows = rows_of_cases(from);
  std::vector<std::string> texts(rows.size());
  parallel_for(
      rows.size(),
      [&](std::size_t a, std::size_t b) {
        for (std::size_t n = a; n < b; ++n) texts[n] = features_of(read_case(from, rows[n]));
      },
      2, 4);
  for (const std::string& text : texts) std::fputs(text.c_str(), stdout);
}

void store_real(const std::filesystem::path& data, const std::filesystem::path& to,
                const std::filesystem::path& more) {
  std::mt19937 random(7);
  const std::vector<NeedleCase> needles = real_needles(data);
  const auto store = [&](NeedleCase one, const std::string& name, int others) {
    one.name += name;
    write_cases({one}, to);
    const NeedleCase plain = unmarked(one);
    for (int n = 0; n < others; ++n) {
      NeedleCase other = other_machine(plain, random);
      other.name += std::to_string(n);
      write_cases({other}, to);
    }
  };
  const auto lay_needles_on = [&](const NeedleCase& onto, int count) {
    for (int n = 0; n < count; ++n) {
      store(pasted(needles[random() % needles.size()], onto, random), " pasted" + std::to_string(n), n % 2);
      store(drawn(onto, random), " drawn" + std::to_string(n), 1);
    }
  };
  for (const NeedleCase& one : needles) {
    store(one, "", 2);
    const NeedleCase none = without_needle(one);
    store(none, "", 1);
    lay_needles_on(none, 1);
  }
  std::map<std::string, int> seen;
  for (const NeedleCase& one : real_without(data, more)) {
    const int number = seen[one.set]++;
    // As many of each kind, or a long recording would rule.
    const bool rare = one.set == "trochlea" || one.set.rfind("dicom", 0) == 0;
    if (number >= 12) continue;
    store(one, "", is_painted(one) ? 0 : rare ? 6 : 2);
    if (is_painted(one)) continue;
    // Pictures of water show no tissue for a needle to lie in.
    if (one.set.rfind("Water", 0) == 0 || cv::countNonZero(one.grey > 12) < 0.15 * one.grey.total()) continue;
    lay_needles_on(unmarked(one), one.set == "trochlea" ? 14 : rare ? 5 : 3);
  }
}

void store_simulated(const std::filesystem::path& to) {
  constexpr std::array tissues{Tissue::muscle, Tissue::fat, Tissue::muscle, Tissue::patellar_tendon};
  for (unsigned n = 0; n < 500; ++n) {
    std::mt19937 random(n + 1000);
    const auto uniform = [&](double a, double b) {
      return std::uniform_real_distribution<double>(a, b)(random);
    };
    SimulatedSetting z;
    z.angle_deg = uniform(3.0, 82.0);
    z.depth_mm = uniform(8.0, 32.0);
    z.diameter_mm = uniform(0.4, 1.3);
    z.bend_mm = n % 4 == 0 ? uniform(-3.0, 3.0) : 0.0;
    z.visible_from = n % 3 == 0 ? uniform(0.0, 0.6) : 0.0;
    z.from_left = n % 2 == 0;
    z.needle = n % 5 < 3;
    z.fasciae = static_cast<int>(uniform(0.0, 4.0));
    z.bone = uniform(0.0, 1.0) < 0.25;
    z.tissue = tissues[n % 4];
    z.width = static_cast<int>(uniform(420.0, 720.0));
    z.height = static_cast<int>(z.width * uniform(0.55, 0.85));
    z.pixel_mm = uniform(0.9, 1.5) * 58.0 / z.width * uniform(0.7, 1.2);
    z.depth_mm = std::min(z.depth_mm, 0.85 * z.height * z.pixel_mm);
    z.any_machine = n % 2 == 0;
    z.seed = n + 1;
    NeedleCase one = simulated(z);
    if (!z.needle) one.set += z.bone ? " bone" : " tissue";
    write_cases({one}, to);
    if (n % 3 == 0) write_cases({other_machine(one, random)}, to);
  }
}

}  // namespace genu::bench
