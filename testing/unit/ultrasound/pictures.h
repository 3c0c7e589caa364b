// SPDX-License-Identifier: Apache-2.0
// Real pictures, and lines that people drew into them.
#pragma once

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/frame.h>
#include <genu/ultrasound/trochlear_zones.h>

namespace genu::ultrasound::pictures {

/// Of the trochlea images: 0.0909 mm, from the ruler.
constexpr PixelSize trochlea_pixel{0.0909, 0.0909};

inline Frame read(const std::filesystem::path& file) {
  cv::Mat picture = cv::imread(file.string(), cv::IMREAD_COLOR);
  if (picture.empty()) return {};
  cv::cvtColor(picture, picture, cv::COLOR_BGR2RGB);
  return bridge::copy_frame_from_opencv(picture);
}

/// Returns the manual lines of a trochlea image, one row a column.
inline TrochlearContours manual_contours(const std::filesystem::path& csv, int width) {
  const std::vector<double> none(static_cast<std::size_t>(width), std::numeric_limits<double>::quiet_NaN());
  TrochlearContours lines{none, none, none};
  std::map<std::string, std::vector<double>*> named{
      {"contour_1", &lines.near_px}, {"contour_2", &lines.far_px}, {"contour_3", &lines.bone_px}};
  std::ifstream file(csv);
  std::string line, name, x, y;
  std::getline(file, line);
  while (std::getline(file, line)) {
    std::istringstream cells(line);
    if (std::getline(cells, name, ',') && std::getline(cells, x, ',') && std::getline(cells, y, ','))
      named.at(name)->at(static_cast<std::size_t>(std::stod(x))) = std::stod(y);
  }
  return lines;
}

/// How far one line lies from another, over the columns that have both.
struct Difference {
  double mean = 0.0, mean_absolute = 0.0, sd = 0.0, columns = 0.0;
};

inline Difference difference(const std::vector<double>& line, const std::vector<double>& truth) {
  Difference d;
  for (std::size_t x = 0; x < std::min(line.size(), truth.size()); ++x) {
    if (std::isnan(line[x]) || std::isnan(truth[x])) continue;
    d.mean += line[x] - truth[x];
    d.mean_absolute += std::abs(line[x] - truth[x]);
    d.sd += (line[x] - truth[x]) * (line[x] - truth[x]);
    d.columns += 1.0;
  }
  d.mean /= std::max(1.0, d.columns);
  d.mean_absolute /= std::max(1.0, d.columns);
  d.sd = std::sqrt(std::max(0.0, d.sd / std::max(1.0, d.columns) - d.mean * d.mean));
  return d;
}

inline Frame mirrored(const Frame& frame) {
  cv::Mat turned;
  cv::flip(bridge::view_as_opencv(frame), turned, 1);
  return bridge::copy_frame_from_opencv(turned);
}

/// Another gain and another grey map of the machine.
inline Frame with_greys(const Frame& frame, double gain, double power) {
  Frame result = frame;
  for (auto& v : result.pixels)
    v = static_cast<std::uint8_t>(std::clamp(255.0 * gain * std::pow(v / 255.0, power), 0.0, 255.0));
  return result;
}

}  // namespace genu::ultrasound::pictures
