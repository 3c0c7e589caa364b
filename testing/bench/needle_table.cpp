// SPDX-License-Identifier: Apache-2.0
// clang-format off
// How well needles are found (FOLDER holds ultrasound/needle and so on; MORE, if given, PNGs that show none):
//   needle_table real FOLDER [OUT]             the frames with masks, one a row
//   needle_table varied FOLDER                 the same flipped, resized, noisier ...; with the needle removed
//   needle_table without FOLDER [MORE [OUT]]   false finds
//   needle_table grid [OUT] [NAME]             simulated: angles, depths, gauges, bends, visible parts, decoys
//   needle_table clip                          a simulated needle that advances, hides and comes back, followed
//   needle_table speed FOLDER                  frames a second and latency
// OUT takes pictures with what was found. For modules/ultrasound/training, which reads the features:
//   needle_table frames real FOLDER TO [MORE]  stores real frames and what is made of them
//   needle_table frames simulated TO           the same of simulated ones
//   needle_table frames grid TO                those of the grid
//   needle_table features FROM                 CSV, one row a candidate
//   needle_table stored FROM [OUT]             the table, of stored frames
// clang-format on
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <sstream>
#include <thread>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <genu/core/parallel.h>
#include <genu/ultrasound/needle_tracker.h>

#include "needle_cases.h"
#include "needle_frames.h"
#include "needle_training.h"

namespace {

using namespace genu;
using namespace genu::bench;
using ultrasound::NeedleInImage;

double quantile(std::vector<double> values, double part) {
  if (values.empty()) return NAN;
  std::sort(values.begin(), values.end());
  return values[std::min(values.size() - 1,
                         static_cast<std::size_t>(part * static_cast<double>(values.size())))];
}

void draw(const NeedleCase& one, const std::vector<NeedleInImage>& lines, const std::string& folder) {
  if (folder.empty() || folder == "-") return;
  cv::Mat picture;
  cv::cvtColor(one.grey, picture, cv::COLOR_GRAY2BGR);
  const auto at = [](const PixelPoint& p) {
    return cv::Point(static_cast<int>(std::lround(p.x)), static_cast<int>(std::lround(p.y)));
  };
  if (!one.mask.empty()) {
    std::vector<std::vector<cv::Point>> outlines;
    cv::findContours(one.mask > 127, outlines, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_NONE);
    cv::drawContours(picture, outlines, -1, {160, 160, 0}, 1);
  }
  if (one.truth) cv::drawMarker(picture, at(one.truth->tip), {255, 255, 0}, cv::MARKER_CROSS, 9, 1);
  for (std::size_t k = std::min<std::size_t>(lines.size(), 2); k-- > 0;) {
    const NeedleInImage& n = lines[k];
    const cv::Scalar colour = n.confidence >= 0.5 ? cv::Scalar(0, 255, 0) : cv::Scalar(0, 140, 255);
    for (int i = 0; i < 32; ++i)
      cv::line(picture, at(n.at(i / 32.0)), at(n.at((i + 1) / 32.0)), colour, 1, cv::LINE_AA);
    cv::circle(picture, at(n.tip), 4, {0, 0, 255}, 1, cv::LINE_AA);
    cv::putText(picture, cv::format("%.2f", n.confidence), at(n.at(0.5)) + cv::Point(0, -8),
                cv::FONT_HERSHEY_SIMPLEX, 0.4, colour);
  }
  cv::imwrite(folder + "/" + one.set + " " + one.name + ".png", picture);
}

struct Tally {
  int frames = 0, hits = 0, wrong = 0,
      offered = 0;  ///< offered: among the candidates, whatever its confidence.
  std::vector<double> angle, shaft, tip, confidence;

  void add(const NeedleCase& one, const std::vector<NeedleInImage>& lines) {
    ++frames;
    const bool found = !lines.empty() && lines.front().confidence >= 0.5;
    if (!one.truth) {
      wrong += found;
      confidence.push_back(lines.empty() ? 0.0 : lines.front().confidence);
      return;
    }
    offered +=
        std::any_of(lines.begin(), lines.end(), [&](const NeedleInImage& n) { return error_of(n, one).hit; });
    confidence.push_back(lines.empty() ? 0.0 : lines.front().confidence);
    if (!found) return;
    const NeedleError e = error_of(lines.front(), one);
    if (!e.hit) {
      ++wrong;
      return;
    }
    ++hits;
    angle.push_back(e.angle_deg);
    shaft.push_back(e.shaft_px);
    tip.push_back(e.tip_px);
  }
  void print(const std::string& name) const {
    std::printf(
        "| %-30s | %4d | %5.1f %% | %5.1f %% | %5.1f %% | %5.2f %5.2f | %5.2f %5.2f | %6.1f %6.1f | %.2f |\n",
        name.c_str(), frames, 100.0 * hits / frames, 100.0 * wrong / frames, 100.0 * offered / frames,
        quantile(angle, 0.5), quantile(angle, 0.95), quantile(shaft, 0.5), quantile(shaft, 0.95),
        quantile(tip, 0.5), quantile(tip, 0.95), quantile(confidence, 0.5));
    std::fflush(stdout);
  }
};

void print_head() {
  std::printf(
      "| what | frames | found | wrong | among candidates | angle, deg: median 95 %% | shaft, px | tip, px | "
      "confidence |\n|---|---|---|---|---|---|---|---|---|\n");
}

using Tallies = std::map<std::string, Tally>;

std::vector<NeedleInImage> lines_of(const NeedleCase& one, unsigned threads = 0) {
  return ultrasound::needle_candidates(frame_of(one.colour.empty() ? one.grey : one.colour),
                                       {.threads = threads});
}

void real(const std::filesystem::path& data, const std::string& out) {
  Tally all;
  std::printf(
      "| frame | confidence | angle, deg | off, deg | shaft off, px | tip off, px "
      "|\n|---|---|---|---|---|---|\n");
  for (const NeedleCase& one : real_needles(data)) {
    const auto lines = lines_of(one);
    all.add(one, lines);
    draw(one, lines, out);
    if (lines.empty()) continue;
    const NeedleError e = error_of(lines.front(), one);
    std::printf("| %s | %.3f | %.2f | %.2f | %.2f | %.1f |\n", one.name.c_str(), lines.front().confidence,
                lines.front().angle_deg, e.angle_deg, e.shaft_px, e.tip_px);
  }
  print_head();
  all.print("real");
}

void changed(const std::filesystem::path& data) {
  Tallies tallies;
  unsigned seed = 1;
  for (const NeedleCase& one : real_needles(data)) {
    for (const NeedleCase& v : varied(one, seed)) tallies[v.set].add(v, lines_of(v));
    const NeedleCase none = without_needle(one);
    tallies[none.set].add(none, lines_of(none));
    for (const NeedleCase& v : varied(none, ++seed)) tallies["removed, " + v.set].add(v, lines_of(v));
  }
  print_head();
  for (const auto& [name, tally] : tallies) tally.print(name);
}

void without(const std::filesystem::path& data, const std::string& more, const std::string& out) {
  Tallies tallies, turned;
  for (const NeedleCase& one : real_without(data, more)) {
    const auto lines = lines_of(one);
    tallies[one.set].add(one, lines);
    draw(one, lines, out);
    if (one.set == "other" && !lines.empty() && lines.front().confidence >= 0.5)
      std::printf("false: %s %.2f\n", one.name.c_str(), lines.front().confidence);
    for (const NeedleCase& v : varied(one, 3)) turned[one.set + ", varied"].add(v, lines_of(v));
  }
  print_head();
  for (const auto& [name, tally] : tallies) tally.print(name);
  for (const auto& [name, tally] : turned) tally.print(name);
}

/// The settings of the grid; seeds begin far from those of the training.
std::vector<std::pair<std::string, SimulatedSetting>> grid() {
  std::vector<std::pair<std::string, SimulatedSetting>> all;
  unsigned seed = 100000;
  constexpr std::array tissues{Tissue::muscle, Tissue::fat, Tissue::patellar_tendon};
  const auto add = [&](const std::string& name, SimulatedSetting z) {
    z.seed = ++seed;
    z.from_left = seed % 2 == 0;
    all.emplace_back(name, z);
  };
  for (int angle = 5; angle <= 80; angle += 5)
    for (const double depth : {10.0, 20.0, 30.0})
      for (const double diameter : {0.51, 0.72, 1.27})  // 25, 22, 18 gauge
        add(cv::format("angle %02d to %02d", (angle - 5) / 15 * 15 + 5, (angle - 5) / 15 * 15 + 15),
            {.angle_deg = double(angle),
             .depth_mm = depth,
             .diameter_mm = diameter,
             .tissue = tissues[seed / 3 % 3]});
  for (const double bend : {-3.0, -1.5, 1.5, 3.0})
    for (int angle = 15; angle <= 45; angle += 10)
      for (int n = 0; n < 3; ++n)
        add(cv::format("bent %+.1f mm", bend),
            {.angle_deg = double(angle), .depth_mm = 20.0, .bend_mm = bend, .tissue = tissues[seed / 3 % 3]});
  for (const double from : {0.2, 0.4, 0.6})
    for (int angle = 15; angle <= 45; angle += 10)
      for (int n = 0; n < 3; ++n)
        add(cv::format("seen from %.0f %% on", 100.0 * from), {.angle_deg = double(angle),
                                                               .depth_mm = 20.0,
                                                               .visible_from = from,
                                                               .tissue = tissues[seed / 3 % 3]});
  for (const int fasciae : {1, 3})
    for (int angle = 10; angle <= 50; angle += 10)
      for (int n = 0; n < 4; ++n)
        add(cv::format("among %d fasciae", fasciae), {.angle_deg = double(angle),
                                                      .depth_mm = 20.0,
                                                      .fasciae = fasciae,
                                                      .tissue = tissues[seed / 3 % 3]});
  for (int angle = 10; angle <= 50; angle += 10)
    for (int n = 0; n < 4; ++n)
      add("over bone",
          {.angle_deg = double(angle), .depth_mm = 16.0, .bone = true, .tissue = tissues[seed / 3 % 3]});
  for (const int fasciae : {0, 1, 3})
    for (const bool bone : {false, true})
      for (int n = 0; n < 20; ++n)
        add(cv::format("none: %d fasciae%s", fasciae, bone ? " and bone" : ""),
            {.needle = false, .fasciae = fasciae, .bone = bone, .tissue = tissues[seed / 3 % 3]});
  return all;
}

std::vector<std::string> keys_of(const std::string& name, const SimulatedSetting& z) {
  if (name.rfind("angle", 0) != 0) return {name};
  return {name, "all angles", cv::format("depth %.0f mm", z.depth_mm),
          cv::format("diameter %.2f mm", z.diameter_mm),
          z.tissue == Tissue::muscle ? "in muscle"
          : z.tissue == Tissue::fat  ? "in fat"
                                     : "in tendon"};
}

void simulated_grid(const std::string& out, const std::string& only) {
  Tallies tallies;
  int number = 0;
  for (const auto& [name, setting] : grid()) {
    if (name.find(only) == std::string::npos) continue;
    NeedleCase one = simulated(setting);
    const auto lines = lines_of(one);
    for (const std::string& key : keys_of(name, setting)) tallies[key].add(one, lines);
    one.set = name;
    if (++number % (only.empty() ? 9 : 3) == 0) draw(one, lines, out);
  }
  print_head();
  for (const auto& [name, tally] : tallies) tally.print(name);
}

/// Stores the grid's frames, their keys as the set.
void store_grid(const std::string& to) {
  for (const auto& [name, setting] : grid()) {
    NeedleCase one = simulated(setting);
    one.set.clear();
    for (const std::string& key : keys_of(name, setting)) one.set += (one.set.empty() ? "" : ";") + key;
    write_cases({one}, to);
  }
}

void stored(const std::string& from, const std::string& out) {
  Tallies tallies;
  const std::vector<std::string> rows = rows_of_cases(from);
  std::vector<std::vector<NeedleInImage>> lines(rows.size());
  parallel_for(
      rows.size(),
      [&](std::size_t a, std::size_t b) {
        for (std::size_t n = a; n < b; ++n) lines[n] = lines_of(read_case(from, rows[n]), 1);
      },
      2, 4);
  for (std::size_t n = 0; n < rows.size(); ++n) {
    NeedleCase one = read_case(from, rows[n]);
    std::istringstream keys(one.set);
    for (std::string key; std::getline(keys, key, ';');) tallies[key].add(one, lines[n]);
    if (out.empty()) continue;
    one.set = one.set.substr(0, one.set.find(';'));
    draw(one, lines[n], out);
  }
  print_head();
  for (const auto& [name, tally] : tallies) tally.print(name);
}

void clip() {
  SimulatedSetting z{.angle_deg = 30.0, .depth_mm = 12.0, .fasciae = 1, .seed = 77};
  ultrasound::NeedleTrack track;
  std::vector<double> alone, steady;
  std::printf(
      "| frame | state | tip off alone, px | tip off steady, px | SD, px | confidence "
      "|\n|---|---|---|---|---|---|\n");
  for (int n = 0; n < 60; ++n) {
    z.depth_mm = 10.0 + 0.15 * n;
    z.needle = n >= 6 && (n < 30 || n > 33) && n < 46;
    z.noise_seed = 1000U + static_cast<unsigned>(n);
    const NeedleCase one = simulated(z);
    track = ultrasound::follow(std::move(track), frame_of(one.grey));
    double a = NAN, s = NAN;
    if (one.truth && track.found) a = error_of(*track.found, one).tip_px;
    if (one.truth && track.state != ultrasound::NeedleState::none) s = error_of(track.needle, one).tip_px;
    if (!std::isnan(a)) alone.push_back(a);
    if (!std::isnan(a)) steady.push_back(s);
    constexpr std::array states{"none", "seen", "predicted"};
    std::printf("| %d%s | %s | %.1f | %.1f | %.1f | %.2f |\n", n, z.needle ? "" : " (no needle)",
                states[static_cast<std::size_t>(track.state)], a, s, track.tip_sd_px,
                track.state == ultrasound::NeedleState::none ? 0.0 : track.needle.confidence);
  }
  std::printf("tip off, median: alone %.1f, steady %.1f px\n", quantile(alone, 0.5), quantile(steady, 0.5));
}

void speed(const std::filesystem::path& data) {
  std::vector<Frame> frames;
  for (const NeedleCase& one : real_needles(data)) frames.push_back(frame_of(one.grey));
  const auto now = [] { return std::chrono::steady_clock::now(); };
  const auto ms = [](auto duration) { return std::chrono::duration<double, std::milli>(duration).count(); };
  for (const unsigned threads : {1U, 2U}) {
    std::vector<double> took;
    for (int n = 0; n < 500; ++n) {
      const auto begin = now();
      const auto found =
          ultrasound::find_needle(frames[static_cast<std::size_t>(n) % frames.size()], {.threads = threads});
      if (n >= 50) took.push_back(ms(now() - begin) + (found ? 0.0 : 1e-9));
    }
    std::printf("%u threads a frame: latency median %.1f ms, 99 %% %.1f ms\n", threads, quantile(took, 0.5),
                quantile(took, 0.99));
  }
  // Throughput: a frame a core, as a clip is worked through.
  const auto begin = now();
  constexpr std::size_t count = 600;
  parallel_for(
      count,
      [&](std::size_t a, std::size_t b) {
        for (std::size_t n = a; n < b; ++n)
          (void)ultrasound::find_needle(frames[n % frames.size()], {.threads = 1});
      },
      2, 8);
  std::printf("2 cores, a frame each: %.0f frames a second\n", 1000.0 * count / ms(now() - begin));
  ultrasound::NeedleTrack track;
  const auto start = now();
  for (std::size_t n = 0; n < 300; ++n)
    track = ultrasound::follow(std::move(track), frames[n % frames.size()], {.finder = {.threads = 2}});
  std::printf("followed: %.0f frames a second\n", 300.0 * 1000.0 / ms(now() - start));
}

}  // namespace

int main(int argc, char** argv) {
  const auto word = [&](int n) { return std::string(argc > n ? argv[n] : ""); };
  const std::map<std::string, std::function<void()>> modes{
      {"real", [&] { real(word(2), word(3)); }},
      {"varied", [&] { changed(word(2)); }},
      {"without", [&] { without(word(2), word(3), word(4)); }},
      {"grid", [&] { simulated_grid(word(2), word(3)); }},
      {"clip", [&] { clip(); }},
      {"speed", [&] { speed(word(2)); }},
      {"stored", [&] { stored(word(2), word(3)); }},
      {"frames real", [&] { store_real(word(3), word(4), word(5)); }},
      {"frames simulated", [&] { store_simulated(word(3)); }},
      {"frames grid", [&] { store_grid(word(3)); }},
      {"features", [&] { print_features(word(2)); }}};
  const auto mode = modes.find(word(1) == "frames" ? "frames " + word(2) : word(1));
  if (mode == modes.end()) {
    std::cerr << "needle_table real|varied|without|grid|clip|speed|frames|features|stored ...\n";
    return 2;
  }
  mode->second();
  return 0;
}
