// SPDX-License-Identifier: Apache-2.0
#include "needle_cases.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/io/tracked_files.h>
#include <genu/io/ultrasound_files.h>
#include <genu/ultrasound/acoustic_plane.h>
#include <genu/ultrasound/simulate.h>

namespace genu::bench {
namespace {

PixelPoint moved(const cv::Matx23d& to_from_from, const PixelPoint& p) {
  return {to_from_from(0, 0) * p.x + to_from_from(0, 1) * p.y + to_from_from(0, 2),
          to_from_from(1, 0) * p.x + to_from_from(1, 1) * p.y + to_from_from(1, 2)};
}

NeedleTruth moved(const cv::Matx23d& m, const NeedleTruth& t) {
  NeedleTruth r{moved(m, t.tip), moved(m, t.far_end),
                t.bow_px * std::sqrt(std::abs(m(0, 0) * m(1, 1) - m(0, 1) * m(1, 0)))};
  if (r.tip.y < r.far_end.y) std::swap(r.tip, r.far_end);
  return r;
}

NeedleCase warped(const NeedleCase& one, const std::string& set, const cv::Matx23d& m, const cv::Size& size) {
  NeedleCase r{set, one.name, {}, {}, {}};
  const bool smaller = std::abs(m(0, 0)) < 0.99;
  cv::Mat from = one.grey.clone();
  if (smaller) cv::GaussianBlur(from, from, {}, 0.4 / std::abs(m(0, 0)));
  cv::warpAffine(from, r.grey, m, size, cv::INTER_LINEAR);
  if (!one.mask.empty()) cv::warpAffine(one.mask, r.mask, m, size, cv::INTER_LINEAR);
  if (one.truth) r.truth = moved(m, *one.truth);
  return r;
}

NeedleCase with_values(const NeedleCase& one, const std::string& set,
                       const std::function<double(double)>& value) {
  NeedleCase r = one;
  r.set = set;
  r.grey = cv::Mat();
  r.colour = cv::Mat();
  cv::Mat table(1, 256, CV_8U);
  for (int n = 0; n < 256; ++n) table.at<std::uint8_t>(n) = cv::saturate_cast<std::uint8_t>(value(n));
  cv::LUT(one.grey, table, r.grey);
  return r;
}

/// Multiplies by noise as fine as the picture's own speckle, wider across than along the beam.
NeedleCase noisier(const NeedleCase& one, const std::string& set, double strength, unsigned seed) {
  NeedleCase r = one;
  r.set = set;
  r.grey = cv::Mat();
  r.colour = cv::Mat();
  cv::Mat noise(one.grey.size(), CV_32F), value;
  cv::RNG rng(seed);
  rng.fill(noise, cv::RNG::NORMAL, 0.0, 1.0);
  cv::GaussianBlur(noise, noise, {}, 2.0, 1.0);
  cv::Scalar mean, deviation;
  cv::meanStdDev(noise, mean, deviation);
  one.grey.convertTo(value, CV_32F);
  cv::multiply(value, 1.0 + strength / deviation[0] * noise, value);
  value.convertTo(r.grey, CV_8U);
  return r;
}

/// With its colours, by which coloured marks are told.
NeedleCase read(const std::filesystem::path& file, const std::string& set) {
  NeedleCase one{set, file.stem().string(), {}, {}, {}};
  const cv::Mat bgr = cv::imread(file.string(), cv::IMREAD_COLOR);
  cv::cvtColor(bgr, one.colour, cv::COLOR_BGR2RGB);
  cv::cvtColor(bgr, one.grey, cv::COLOR_BGR2GRAY);
  return one;
}

/// Up to two frames of every file that holds some.
void add_dicom(const std::filesystem::path& folder, std::vector<NeedleCase>& cases) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) try {
      const auto clip = io::read_ultrasound_clip(file);
      for (std::size_t n = 0; n < clip.frames.size(); n += std::max<std::size_t>(1, clip.frames.size() - 1)) {
        NeedleCase one{"dicom " + file.stem().string().substr(0, 16), std::to_string(n), {}, {}, {}};
        one.grey = bridge::view_as_opencv(as_grey(clip.frames[n])).clone();
        if (clip.frames[n].channels == 3) one.colour = bridge::view_as_opencv(clip.frames[n]).clone();
        cases.push_back(one);
      }
    } catch (const Error&) {  // some are there to be refused
    }
}

void add_sequence(const std::filesystem::path& file, int step, std::vector<NeedleCase>& cases) {
  const auto read = io::read_tracked_sequence(file);
  for (std::size_t n = 0; n < read.frames.size(); n += static_cast<std::size_t>(step))
    if (read.frames[n].shows_image())
      cases.push_back({file.stem().stem().string().substr(0, 12),
                       std::to_string(n),
                       bridge::view_as_opencv(as_grey(read.frames[n].image)).clone(),
                       {},
                       {}});
}

/// Bright layers of 0 to 15 degrees, beside and across.
void add_fasciae(ultrasound::AcousticPlane& plane, const SimulatedSetting& z, std::mt19937& random) {
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  for (int n = 0; n < z.fasciae; ++n) {
    const double angle = uniform(-15.0, 15.0) * CV_PI / 180.0, length = uniform(300.0, 1500.0);
    const PixelPoint middle{z.width / 720.0 * uniform(100.0, 620.0), z.height / 440.0 * uniform(60.0, 400.0)};
    const PixelPoint half{0.5 * length * std::cos(angle), 0.5 * length * std::sin(angle)};
    ultrasound::add_layer(plane, {.from = {middle.x - half.x, middle.y - half.y},
                                  .to = {middle.x + half.x, middle.y + half.y},
                                  .sagitta_mm = uniform(-1.0, 1.0),
                                  .thickness_mm = uniform(0.2, 0.6),
                                  .impedance_mrayl = uniform(1.8, 2.1)});
  }
}

void add_condyle(ultrasound::AcousticPlane& plane, const SimulatedSetting& z, std::mt19937& random) {
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  std::vector<double> rows(static_cast<std::size_t>(z.width));
  const double depth = z.height / 440.0 * uniform(250.0, 380.0), bow = uniform(20.0, 120.0),
               slope = uniform(-0.3, 0.3);
  for (int x = 0; x < z.width; ++x) {
    const double s = (x - 0.5 * z.width) / (0.5 * z.width);
    rows[static_cast<std::size_t>(x)] = depth + slope * (x - 0.5 * z.width) + bow * s * s;
  }
  ultrasound::add_bone(plane, rows);
}

/// The visible part of a simulated shaft.
NeedleTruth visible_part(const ultrasound::SimulatedNeedle& needle, const SimulatedSetting& z,
                         const PixelSize& pixel) {
  std::vector<PixelPoint> shaft = ultrasound::shaft_of(needle, pixel);
  const auto count = static_cast<double>(shaft.size());
  shaft = {shaft.begin() + static_cast<std::ptrdiff_t>(z.visible_from * count),
           shaft.begin() + static_cast<std::ptrdiff_t>(z.visible_to * count)};
  std::erase_if(shaft, [&](const PixelPoint& p) {
    return p.x < 0.0 || p.y < 0.0 || p.x > z.width - 1.0 || p.y > z.height - 1.0;
  });
  const PixelPoint a = shaft.front(), b = shaft.back(), m = shaft[shaft.size() / 2];
  const cv::Point2d chord(b.x - a.x, b.y - a.y);
  return NeedleTruth{b, a,
                     (z.bend_mm < 0.0 ? -1.0 : 1.0) *
                         std::abs(cv::Point2d(m.x - a.x, m.y - a.y).cross(chord)) / cv::norm(chord)};
}

}  // namespace

Frame frame_of(const cv::Mat& picture) {
  return bridge::copy_frame_from_opencv(picture);
}

NeedleError error_of(const ultrasound::NeedleInImage& found, const NeedleCase& one) {
  ultrasound::NeedleInImage truth;
  truth.tip = one.truth->tip;
  truth.far_end = one.truth->far_end;
  truth.bow_px = one.truth->bow_px;
  const cv::Point2d tip(found.tip.x, found.tip.y), chord(found.far_end.x - tip.x, found.far_end.y - tip.y);
  const cv::Point2d true_chord(truth.far_end.x - truth.tip.x, truth.far_end.y - truth.tip.y);
  NeedleError e;
  const double turn = std::abs(std::atan2(chord.cross(true_chord), chord.dot(true_chord))) * 180.0 / CV_PI;
  e.angle_deg = std::min(turn, 180.0 - turn);
  constexpr int places = 21;
  for (int n = 0; n < places; ++n) {
    const PixelPoint p = truth.at(n / (places - 1.0));
    const double t = (cv::Point2d(p.x, p.y) - tip).dot(chord) / chord.dot(chord);
    const PixelPoint q = found.at(t);
    e.shaft_px += std::abs(cv::Point2d(p.x - q.x, p.y - q.y).cross(chord)) / cv::norm(chord) / places;
  }
  e.tip_px = std::hypot(tip.x - truth.tip.x, tip.y - truth.tip.y);
  const double t = (0.5 * (tip + tip + chord) - cv::Point2d(truth.tip.x, truth.tip.y)).dot(true_chord) /
                   true_chord.dot(true_chord);
  e.hit = e.angle_deg < 5.0 && e.shaft_px < 0.015 * std::hypot(one.grey.cols, one.grey.rows) && t > -0.2 &&
          t < 1.2;
  return e;
}

NeedleTruth truth_of_mask(const cv::Mat& mask) {
  std::vector<cv::Point> places;
  cv::findNonZero(mask > 127, places);
  cv::Mat_<double> data(static_cast<int>(places.size()), 2);
  for (int n = 0; n < data.rows; ++n) {
    data(n, 0) = places[static_cast<std::size_t>(n)].x;
    data(n, 1) = places[static_cast<std::size_t>(n)].y;
  }
  const cv::PCA pca(data, {}, cv::PCA::DATA_AS_ROW);
  const cv::Point2d centre(pca.mean.at<double>(0), pca.mean.at<double>(1));
  const cv::Point2d axis(pca.eigenvectors.at<double>(0, 0), pca.eigenvectors.at<double>(0, 1));
  double low = 1e9, high = -1e9;
  for (const cv::Point& p : places) {
    const double t = (cv::Point2d(p) - centre).dot(axis);
    low = std::min(low, t);
    high = std::max(high, t);
  }
  const cv::Point2d a = centre + low * axis, b = centre + high * axis;
  return a.y > b.y ? NeedleTruth{{a.x, a.y}, {b.x, b.y}} : NeedleTruth{{b.x, b.y}, {a.x, a.y}};
}

std::vector<NeedleCase> real_needles(const std::filesystem::path& data) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(data / "ultrasound/needle/in_vitro/image"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<NeedleCase> cases;
  for (const auto& file : files) {
    const auto mask = file.parent_path().parent_path() / "mask" / file.stem().concat(".bmp");
    NeedleCase one{"real",
                   file.stem().string(),
                   cv::imread(file.string(), cv::IMREAD_GRAYSCALE),
                   {},
                   cv::imread(mask.string(), cv::IMREAD_GRAYSCALE)};
    one.truth = truth_of_mask(one.mask);
    cases.push_back(one);
  }
  return cases;
}

std::vector<NeedleCase> real_without(const std::filesystem::path& data, const std::filesystem::path& more) {
  std::vector<NeedleCase> cases;
  for (const char* name : {"Subject001_L_02.jpg", "Subject001_R_01.jpg"})
    cases.push_back(read(data / "ultrasound/knee_trochlea" / name, "trochlea"));
  const auto tracked = data / "ultrasound/tracked";
  add_sequence(tracked / "BoneUltrasound_L14.igs.mha", 1, cases);
  add_sequence(tracked / "SpinePhantomFreehand.igs.mha", 1, cases);
  add_sequence(tracked / "NwirePhantomFreehand.igs.mha", 8, cases);
  add_sequence(tracked / "fCal_Test_Calibration_3NWires_fCal2.0.igs.mha", 16, cases);
  add_sequence(tracked / "WaterTankBottomTranslationVideoBuffer.igs.mha", 20, cases);
  add_dicom(data / "ultrasound/dicom", cases);
  if (more.empty()) return cases;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(more))
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) cases.push_back(read(file, "other"));
  return cases;
}

std::vector<NeedleCase> varied(const NeedleCase& one, unsigned seed) {
  std::vector<NeedleCase> all;
  const int w = one.grey.cols, h = one.grey.rows;
  all.push_back(warped(one, "flipped", {-1, 0, w - 1.0, 0, 1, 0}, one.grey.size()));
  for (const double s : {0.5, 0.75, 1.5, 2.0})
    all.push_back(warped(one, cv::format("resized %.2f", s), {s, 0, 0.5 * s - 0.5, 0, s, 0.5 * s - 0.5},
                         {static_cast<int>(w * s), static_cast<int>(h * s)}));
  all.push_back(warped(one, "squeezed 0.7", {0.7, 0, -0.15, 0, 1, 0}, {static_cast<int>(0.7 * w), h}));
  for (const double g : {0.6, 1.6})
    all.push_back(with_values(one, cv::format("gamma %.1f", g),
                              [g](double v) { return 255.0 * std::pow(v / 255.0, g); }));
  all.push_back(
      with_values(one, "contrast 0.5", [](double v) { return 0.5 * v + 20.0 * std::min(1.0, v / 10.0); }));
  all.push_back(with_values(one, "gain -30", [](double v) { return v - 30.0; }));
  all.push_back(with_values(one, "gain +30", [](double v) { return v > 3.0 ? v + 30.0 : v; }));
  for (const double s : {0.25, 0.5}) all.push_back(noisier(one, cv::format("speckle %.2f", s), s, seed));
  // A crop that keeps the needle with a margin.
  cv::Rect keep(w / 4, h / 4, w / 2, h / 2);
  if (one.truth)
    keep = cv::boundingRect(std::vector<cv::Point>{
        {static_cast<int>(one.truth->tip.x), static_cast<int>(one.truth->tip.y)},
        {static_cast<int>(one.truth->far_end.x), static_cast<int>(one.truth->far_end.y)}});
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> margin(40, 90);
  const cv::Rect wide = cv::Rect(keep.x - margin(random), keep.y - margin(random),
                                 keep.width + 2 * margin(random), keep.height + 2 * margin(random)) &
                        cv::Rect({}, one.grey.size());
  all.push_back(warped(one, "cropped", {1, 0, -double(wide.x), 0, 1, -double(wide.y)}, wide.size()));
  return all;
}

NeedleCase without_needle(const NeedleCase& one) {
  NeedleCase r{"needle removed", one.name, one.grey.clone(), {}, {}};
  cv::Mat wide;
  cv::dilate(one.mask > 20, wide, cv::getStructuringElement(cv::MORPH_ELLIPSE, {21, 13}));
  // The rest of the shaft beyond the mask's upper end, where it still shows.
  const NeedleTruth& t = *one.truth;
  const cv::Point2d far(t.far_end.x, t.far_end.y), along = far - cv::Point2d(t.tip.x, t.tip.y);
  cv::line(wide, far, far + 0.35 * along, 255, 19);
  // Tissue from below the needle, blended in at the edge.
  const int down = 45;
  cv::Mat shifted, alpha, value, from;
  const cv::Matx23d m{1, 0, 0, 0, 1, -double(down)};
  cv::warpAffine(one.grey, shifted, m, one.grey.size(), cv::INTER_LINEAR, cv::BORDER_REFLECT);
  wide.convertTo(alpha, CV_32F, 1.0 / 255.0);
  cv::GaussianBlur(alpha, alpha, {}, 3.0);
  one.grey.convertTo(value, CV_32F);
  shifted.convertTo(from, CV_32F);
  const cv::Mat mixed = value + alpha.mul(from - value);
  mixed.convertTo(r.grey, CV_8U);
  return r;
}

NeedleCase pasted(const NeedleCase& needle, const NeedleCase& onto, std::mt19937& random) {
  // What the needle adds to the tissue around it.
  cv::Mat value, around, near_needle, alpha;
  needle.grey.convertTo(value, CV_32F);
  needle.mask.convertTo(alpha, CV_32F, 1.0 / 255.0);
  cv::GaussianBlur(alpha, alpha, {}, 2.0);
  cv::Mat outside = 1.0 - alpha, sum, count;
  cv::GaussianBlur(value.mul(outside), sum, {}, 12.0);
  cv::GaussianBlur(outside, count, {}, 12.0);
  cv::divide(sum, cv::max(count, 1e-3), around);
  const cv::Mat excess = alpha.mul(value - around);
  // Placed at random where the picture shows something.
  const cv::Rect shown = cv::boundingRect(onto.grey > 12);
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  const NeedleTruth& t = *needle.truth;
  const cv::Point2d tip(t.tip.x, t.tip.y), far(t.far_end.x, t.far_end.y);
  for (;;) {
    const double size = uniform(0.25, 0.6) * std::hypot(shown.width, shown.height) / cv::norm(tip - far);
    const double angle = uniform(4.0, 65.0) * CV_PI / 180.0, now = std::atan2(tip.y - far.y, tip.x - far.x);
    const bool from_left = uniform(0.0, 1.0) < 0.5;
    const double turn = (from_left ? angle : CV_PI - angle) - now;
    const double c = size * std::cos(turn), s = size * std::sin(turn);
    const cv::Point2d at(shown.x + uniform(0.1, 0.9) * shown.width,
                         shown.y + uniform(0.15, 0.9) * shown.height);
    const cv::Matx23d m{c, -s, at.x - c * tip.x + s * tip.y, s, c, at.y - s * tip.x - c * tip.y};
    NeedleCase r{"pasted on " + onto.set, onto.name, {}, moved(m, t), {}};
    if (!shown.contains(cv::Point(r.truth->far_end.x, r.truth->far_end.y))) continue;
    cv::Mat added, base;
    cv::warpAffine(excess, added, m, onto.grey.size(), cv::INTER_LINEAR);
    cv::warpAffine(needle.mask, r.mask, m, onto.grey.size(), cv::INTER_LINEAR);
    onto.grey.convertTo(base, CV_32F);
    const cv::Mat mixed = base + uniform(0.5, 1.0) * added;
    mixed.convertTo(r.grey, CV_8U);
    return r;
  }
}

NeedleCase simulated(const SimulatedSetting& z) {
  using namespace ultrasound;
  const int width = z.width, height = z.height;
  const PixelSize pixel{z.pixel_mm, z.pixel_mm};
  std::mt19937 random(z.seed);
  const auto uniform = [&](double a, double b) {
    return std::uniform_real_distribution<double>(a, b)(random);
  };
  const double fibres_deg = uniform(-8.0, 8.0);
  std::mt19937 other(z.seed + 1);
  const auto any = [&](double a, double b, double usual) {
    return z.any_machine ? std::uniform_real_distribution<double>(a, b)(other) : usual;
  };
  AcousticPlane plane = tissue_plane(
      z.tissue, width, height, pixel,
      {.fibre_angle_deg = fibres_deg * any(0.0, 2.5, 1.0), .texture = any(0.0, 1.3, 1.0), .seed = z.seed});
  add_fasciae(plane, z, random);
  if (z.bone) add_condyle(plane, z, random);
  const double angle = z.angle_deg * CV_PI / 180.0, tip_y = z.depth_mm / z.pixel_mm;
  SimulatedNeedle needle{.entry = {},
                         .tip = {},
                         .diameter_mm = z.diameter_mm,
                         .bend_mm = z.bend_mm,
                         .visible_from = z.visible_from,
                         .visible_to = z.visible_to,
                         .echo_db = any(-8.0, 6.0, 0.0)};
  // The shaft comes in through the face or the side; its tip lies in the middle third.
  const double reach = std::min(tip_y / std::tan(angle), 900.0);
  const double x = std::clamp(reach * uniform(0.6, 1.0), 0.36 * width, 0.64 * width);
  needle.tip = {z.from_left ? x : width - 1.0 - x, tip_y};
  needle.entry = {z.from_left ? x - reach : width - 1.0 - x + reach, tip_y - reach * std::tan(angle)};
  const double frequency = uniform(7.0, 13.0);
  const SimulationOptions machine{.frequency_mhz = any(4.0, 15.0, frequency),
                                  .pulse_cycles = any(1.5, 4.0, 2.5),
                                  .f_number = any(1.5, 4.0, 2.5),
                                  .focus_mm = any(8.0, 35.0, 20.0),
                                  .looks = static_cast<int>(uniform(1.0, 5.0)),
                                  .gain_db = uniform(-6.0, 6.0) * any(0.5, 2.0, 1.0),
                                  .dynamic_range_db = uniform(50.0, 70.0) + any(-10.0, 15.0, 0.0),
                                  .seed = z.noise_seed.value_or(z.seed)};
  const std::vector<SimulatedNeedle> needles =
      z.needle ? std::vector{needle} : std::vector<SimulatedNeedle>{};
  NeedleCase one{z.needle ? "simulated" : "simulated without",
                 cv::format("%.0f deg %.0f mm d%.2f bend%.1f seed%u", z.angle_deg, z.depth_mm, z.diameter_mm,
                            z.bend_mm, z.seed),
                 {},
                 {},
                 {}};
  one.grey = bridge::view_as_opencv(as_grey(simulate_frame(plane, needles, machine))).clone();
  if (!z.needle) return one;
  one.truth = visible_part(needle, z, pixel);
  return one;
}

}  // namespace genu::bench
