// SPDX-License-Identifier: Apache-2.0
#include "outlines.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace genu::render {
namespace {

void smooth_lines(std::vector<float>& field, std::size_t count, std::size_t length, std::size_t step,
                  std::size_t line_step, const std::vector<float>& kernel) {
  const auto reach = static_cast<std::ptrdiff_t>(kernel.size()) - 1;
  std::vector<float> line(length);
  for (std::size_t l = 0; l < count; ++l) {
    float* first = field.data() + l * line_step;
    for (std::size_t i = 0; i < length; ++i) line[i] = first[i * step];
    if (std::ranges::all_of(line, [&](float v) { return v == line.front(); })) continue;
    for (std::ptrdiff_t i = 0; i < static_cast<std::ptrdiff_t>(length); ++i) {
      float sum = kernel[0] * line[static_cast<std::size_t>(i)];
      for (std::ptrdiff_t d = 1; d <= reach; ++d) {
        const auto before = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, i - d));
        const auto after = static_cast<std::size_t>(
            std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(length) - 1, i + d));
        sum += kernel[static_cast<std::size_t>(d)] * (line[before] + line[after]);
      }
      first[static_cast<std::size_t>(i) * step] = sum;
    }
  }
}

/// Gaussian smoothing, separable; lines that are constant are left alone.
void smooth(std::vector<float>& field, std::size_t width, std::size_t height, double sd_pixels) {
  std::vector<float> kernel;
  double sum = 0.0;
  for (int d = 0; d <= static_cast<int>(std::ceil(3.0 * sd_pixels)); ++d) {
    const double weight = std::exp(-0.5 * d * d / (sd_pixels * sd_pixels));
    kernel.push_back(static_cast<float>(weight));
    sum += d == 0 ? weight : 2.0 * weight;
  }
  for (float& weight : kernel) weight = static_cast<float>(weight / sum);
  smooth_lines(field, height, width, 1, width, kernel);
  smooth_lines(field, width, height, width, 1, kernel);
}

/// Points on pixel edges and the links between them; each point has one link or two.
struct Contour {
  std::vector<Spot> points;
  std::vector<std::array<std::size_t, 2>> links;
};

/// Marching squares at a share of a half.
Contour march(const std::vector<float>& share, int width, int height) {
  Contour contour;
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  const auto columns = static_cast<std::size_t>(width);
  // The point on the edge from a pixel to its right neighbour (even places) and to the one below (odd
  // places).
  std::vector<std::size_t> point_on(2 * share.size(), none);
  constexpr int corner_x[4] = {0, 1, 1, 0}, corner_y[4] = {0, 0, 1, 1};  // clockwise from the top left
  for (int y = 0; y + 1 < height; ++y)
    for (int x = 0; x + 1 < width; ++x) {
      double corner[4];
      for (int c = 0; c < 4; ++c)
        corner[c] = share[static_cast<std::size_t>(y + corner_y[c]) * columns +
                          static_cast<std::size_t>(x + corner_x[c])] -
                    0.5;
      std::size_t crossing[4];
      int count = 0;
      for (int c = 0; c < 4; ++c) {
        const int next = (c + 1) % 4;
        if ((corner[c] > 0.0) == (corner[next] > 0.0)) continue;
        const int left = x + std::min(corner_x[c], corner_x[next]),
                  top = y + std::min(corner_y[c], corner_y[next]);
        const std::size_t edge =
            2 * (static_cast<std::size_t>(top) * columns + static_cast<std::size_t>(left)) +
            (corner_x[c] == corner_x[next] ? 1 : 0);
        if (point_on[edge] == none) {
          const double t = corner[c] / (corner[c] - corner[next]);
          point_on[edge] = contour.points.size();
          contour.points.push_back({x + corner_x[c] + t * (corner_x[next] - corner_x[c]),
                                    y + corner_y[c] + t * (corner_y[next] - corner_y[c])});
        }
        crossing[count++] = point_on[edge];
      }
      if (count == 2) contour.links.push_back({crossing[0], crossing[1]});
      if (count == 4) {  // a saddle: the mean decides which pair of corners hangs together
        const bool joined = corner[0] + corner[1] + corner[2] + corner[3] > 0.0;
        const bool turn = joined == (corner[0] > 0.0);
        contour.links.push_back({crossing[0], crossing[turn ? 1 : 3]});
        contour.links.push_back({crossing[2], crossing[turn ? 3 : 1]});
      }
    }
  return contour;
}

/// Moves each point by `part` of the way to the middle of its two neighbours; ends stay.
void relax(Contour& contour, double part) {
  std::vector<Spot> sum(contour.points.size());
  std::vector<int> count(contour.points.size());
  for (const auto& [a, b] : contour.links) {
    sum[a].x += contour.points[b].x;
    sum[a].y += contour.points[b].y;
    sum[b].x += contour.points[a].x;
    sum[b].y += contour.points[a].y;
    ++count[a];
    ++count[b];
  }
  for (std::size_t p = 0; p < contour.points.size(); ++p) {
    if (count[p] != 2) continue;
    contour.points[p].x += part * (0.5 * sum[p].x - contour.points[p].x);
    contour.points[p].y += part * (0.5 * sum[p].y - contour.points[p].y);
  }
}

}  // namespace

std::vector<TissueShare> tissue_shares(const LabelMap& labels, const SlicePlane& plane) {
  const ImageGeometry& grid = labels.geometry();
  const auto width = static_cast<std::size_t>(plane.width), height = static_cast<std::size_t>(plane.height);
  std::array<std::vector<float>, 256> fields;
  std::array<double, 256> sums{};
  for (std::size_t row = 0; row < height; ++row)
    for (std::size_t column = 0; column < width; ++column) {
      const ContinuousIndex at =
          grid.to_index(plane.to_patient(static_cast<double>(column), static_cast<double>(row)));
      const double low[3] = {std::floor(at.i), std::floor(at.j), std::floor(at.k)};
      const double part[3] = {at.i - low[0], at.j - low[1], at.k - low[2]};
      const std::size_t pixel = row * width + column;
      for (int corner = 0; corner < 8; ++corner) {
        double weight = 1.0;
        std::int64_t v[3];
        for (int a = 0; a < 3; ++a) {
          const bool upper = (corner >> a & 1) != 0;
          weight *= upper ? part[a] : 1.0 - part[a];
          v[a] = static_cast<std::int64_t>(low[a]) + (upper ? 1 : 0);
        }
        if (weight == 0.0) continue;
        const VoxelIndex voxel{v[0], v[1], v[2]};
        const auto tissue =
            static_cast<std::uint8_t>(grid.contains(voxel) ? labels[voxel] : Tissue::background);
        if (fields[tissue].empty()) fields[tissue].resize(width * height);
        fields[tissue][pixel] += static_cast<float>(weight);
        sums[tissue] += weight;
      }
    }
  // Half the coarsest spacing takes the steps between voxels away and leaves a one-voxel plate standing.
  const Vector3& s = grid.spacing_mm();
  const double sd_mm = std::min(0.5 * std::max({s.x, s.y, s.z}), 0.6);
  std::vector<TissueShare> shares;
  for (std::size_t t = 0; t < fields.size(); ++t) {
    if (!(sums[t] > 0.0)) continue;
    smooth(fields[t], width, height, sd_mm / plane.pixel_mm);
    shares.push_back({static_cast<Tissue>(t), std::move(fields[t])});
  }
  return shares;
}

std::vector<Segment> outline(const TissueShare& tissue, const SlicePlane& plane, double smooth_mm) {
  Contour contour = march(tissue.share, plane.width, plane.height);
  // Taubin smoothing (Computer Graphics Forum 1995, 14:23): a step that shrinks and one that swells, so that
  // stair steps go while plates keep their thickness and circles their radius.
  constexpr double shrink = 0.5, swell = -0.53;
  const double step_mm = 0.7 * plane.pixel_mm;  // mean distance of points along a contour of marching squares
  const double steps = smooth_mm / step_mm;
  const int rounds = static_cast<int>(std::clamp(steps * steps, 1.0, 200.0));
  for (int round = 0; round < rounds; ++round) {
    relax(contour, shrink);
    relax(contour, swell);
  }
  std::vector<Segment> segments;
  segments.reserve(contour.links.size());
  for (const auto& [a, b] : contour.links) segments.push_back({contour.points[a], contour.points[b]});
  return segments;
}

}  // namespace genu::render
