// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <opencv2/core.hpp>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/ultrasound/spatial_calibration.h>

#include "fit.h"

namespace genu::ultrasound {
namespace {

constexpr std::size_t least_views = 10;
// A probe held still says the same of one cut through the phantom again and again, its errors too.
constexpr double least_translation_mm = 5.0, least_rotation_deg = 5.0;
// Another way to read the wires must fit this much worse.
constexpr double least_ambiguity = 1.5;
// Crossings further off than this are no noise of a tracker or of an echo: the set-up is wrong.
constexpr double max_rms_mm = 3.0;
// A corner of the image must be fixed this well by the residuals.
constexpr double max_open_mm = 2.0;

/// The crossings of one view in the way of reading that was chosen.
struct View {
  const WireCrossings* crossings;
  RigidTransform phantom_from_probe;
};

/// The image in the probe: where its first pixel lies, how it is turned, and its pixel sizes.
struct Image {
  RigidTransform probe_from_plane;  ///< From mm in the image's plane.
  PixelSize pixel;

  AffineTransform probe_from_image() const {
    const double z = (pixel.x_mm + pixel.y_mm) / 2;
    const Matrix3& r = probe_from_plane.rotation();
    return {Matrix3::from_columns(pixel.x_mm * r.column(0), pixel.y_mm * r.column(1), z * r.column(2)),
            probe_from_plane.translation()};
  }
};

/// Returns where an image cuts a wire, in pixels.
PixelPoint cut_of(const AffineTransform& image_from_phantom, const Wire& wire) {
  const Point3 a = image_from_phantom(wire.front), b = image_from_phantom(wire.back);
  const Point3 p = lerp(a, b, a.z / (a.z - b.z));
  return {p.x, p.y};
}

/// Returns where the image puts the crossings of the wires across, less where they are, in the probe.
std::vector<Vector3> misses(const AffineTransform& probe_from_image, const std::vector<View>& views) {
  std::vector<Vector3> result;
  for (const View& view : views) {
    const RigidTransform probe_from_phantom = view.phantom_from_probe.inverse();
    const WireCrossings& c = *view.crossings;
    for (std::size_t n = 0; n < c.points.size(); ++n) {
      const PixelPoint& p = c.points[n][1];
      result.push_back(probe_from_image(Point3{p.x, p.y, 0.0}) - probe_from_phantom(c.middles[n]));
    }
  }
  return result;
}

std::vector<double> distances(const AffineTransform& probe_from_image, const std::vector<View>& views) {
  const std::vector<Vector3> away = misses(probe_from_image, views);
  std::vector<double> result(away.size());
  std::transform(away.begin(), away.end(), result.begin(), [](const Vector3& v) { return length(v); });
  return result;
}

/// Returns the image by a linear fit of the wires across.
Image linear_fit(const std::vector<View>& views) {
  int count = 0;
  for (const View& view : views) count += static_cast<int>(view.crossings->points.size());
  cv::Mat1d left(count, 3), right(count, 3), x;
  int row = 0;
  for (const View& view : views) {
    const RigidTransform probe_from_phantom = view.phantom_from_probe.inverse();
    for (std::size_t n = 0; n < view.crossings->points.size(); ++n, ++row) {
      const PixelPoint& p = view.crossings->points[n][1];
      const Point3 q = probe_from_phantom(view.crossings->middles[n]);
      const std::array<double, 3> in{p.x, p.y, 1.0}, out{q.x, q.y, q.z};
      for (int c = 0; c < 3; ++c) {
        left(row, c) = in[static_cast<std::size_t>(c)];
        right(row, c) = out[static_cast<std::size_t>(c)];
      }
    }
  }
  cv::solve(left, right, x, cv::DECOMP_SVD);
  const Vector3 across{x(0, 0), x(0, 1), x(0, 2)}, down{x(1, 0), x(1, 1), x(1, 2)};
  const double sx = length(across), sy = length(down);
  if (!(sx > 0.0) || !(sy > 0.0) || length(cross(across, down)) < 0.1 * sx * sy)
    throw InvalidInput("cannot calibrate the image: its wires fix no plane in the probe");
  const Vector3 u = across / sx, v = down / sy;
  const Matrix3 rotation = nearest_rotation(Matrix3::from_columns(u, v, normalized(cross(u, v))));
  return {RigidTransform(rotation, {x(2, 0), x(2, 1), x(2, 2)}), {sx, sy}};
}

/// Returns the image with axes at right angles for which the crossings of the wires across are where the
/// tracker says; `sd` are those of its turn (rad), place (mm) and the logarithms of its pixel sizes.
struct Fit {
  explicit Fit(const std::vector<View>& views) {
    const Image start = linear_fit(views);
    const std::size_t crossings = views.size() * views.front().crossings->points.size();
    const auto image_at = [&](const std::vector<double>& v) {
      const RigidTransform turn = motion_of({v[0], v[1], v[2]}, {});
      const Vector3 at = start.probe_from_plane.translation() + Vector3{v[3], v[4], v[5]};
      return Image{RigidTransform(turn.rotation() * start.probe_from_plane.rotation(), at),
                   {start.pixel.x_mm * std::exp(v[6]), start.pixel.y_mm * std::exp(v[7])}};
    };
    const LeastSquares solution = least_squares_from(
        std::vector<double>(8, 0.0), 3 * crossings,
        [&](const std::vector<double>& values, std::vector<double>& residuals) {
          const std::vector<Vector3> away = misses(image_at(values).probe_from_image(), views);
          for (std::size_t n = 0; n < away.size(); ++n) {
            residuals[3 * n] = away[n].x;
            residuals[3 * n + 1] = away[n].y;
            residuals[3 * n + 2] = away[n].z;
          }
        });
    image = image_at(solution.values);
    sd = solution.sd;
  }

  Image image;
  std::vector<double> sd;
};

/// Which way the phantom's axes point in the picture, told by the points; as find_wires tells readings apart.
int way_of(const WireCrossings& c) {
  const PixelPoint &left = c.points.front()[0], &right = c.points.front()[2], &last = c.points.back()[0];
  return (right.x < left.x ? 1 : 0) + (last.y < left.y ? 2 : 0);
}

std::vector<View> views_read(const std::vector<WireView>& views, int way) {
  std::vector<View> result;
  for (const WireView& view : views)
    for (const WireCrossings& reading : view.readings)
      if (way_of(reading) == way) {
        result.push_back({&reading, view.phantom_from_probe});
        break;
      }
  return result;
}

/// Returns the views without those whose crossings lie far from where the others put them.
std::vector<View> without_outliers(const std::vector<View>& views) {
  std::vector<View> kept = views;
  constexpr int rounds = 3;
  for (int round = 0; round < rounds; ++round) {
    const AffineTransform image = linear_fit(kept).probe_from_image();
    std::vector<double> worst;
    worst.reserve(views.size());
    for (const View& view : views) {
      const std::vector<double> d = distances(image, {view});
      worst.push_back(*std::max_element(d.begin(), d.end()));
    }
    std::vector<double> sorted = worst;
    const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
    std::nth_element(sorted.begin(), middle, sorted.end());
    // Three times the median of the worst: 99.9 of 100 views whose errors are normal stay.
    const double limit = 3.0 * *middle;
    kept.clear();
    for (std::size_t n = 0; n < views.size(); ++n)
      if (worst[n] <= limit) kept.push_back(views[n]);
  }
  return kept;
}

double rms_of(const std::vector<View>& views) {
  return calibration_error(distances(linear_fit(views).probe_from_image(), views)).rms_mm;
}

/// Returns the views in the way of reading that fits.
std::vector<View> read_one_way(const std::vector<WireView>& all) {
  std::vector<View> best;
  std::size_t most = 0;
  double least = std::numeric_limits<double>::infinity(), second = least;
  for (int way = 0; way < 4; ++way) {
    std::vector<View> views = views_read(all, way);
    most = std::max(most, views.size());
    if (views.size() < least_views || 2 * views.size() < all.size()) continue;
    views = without_outliers(views);
    const double rms = rms_of(views);
    if (rms < least) {
      second = least;
      least = rms;
      best = std::move(views);
    } else {
      second = std::min(second, rms);
    }
  }
  if (best.size() < least_views)
    throw InvalidInput("cannot calibrate the image: the wires were found in one way in " +
                       std::to_string(most) + " of " + std::to_string(all.size()) +
                       " pictures; it takes at least " + std::to_string(least_views));
  if (least > max_rms_mm)
    throw InvalidInput("cannot calibrate the image: however the wires are read, their crossings are off by " +
                       fixed(least, 1) +
                       " mm (RMS); the phantom's place or its wires are not as they are said to be");
  if (second < least_ambiguity * least)
    throw InvalidInput("cannot calibrate the image: the wires can be read in two ways, which fit to " +
                       fixed(least, 2) + " and " + fixed(second, 2) +
                       " mm; turn the probe more about the phantom");
  return best;
}

void measure_motion(const std::vector<View>& views, const std::vector<NWire>& phantom,
                    SpatialCalibration& result) {
  for (const View& a : views)
    for (const View& b : views)
      result.rotation_deg = std::max(
          result.rotation_deg,
          rotation_angle_deg(a.phantom_from_probe.rotation().transposed() * b.phantom_from_probe.rotation()));
  const Vector3 along = normalized(phantom[0][0].back - phantom[0][0].front);
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const View& view : views) {
    const double at = dot(view.crossings->middles.front() - Point3{}, along);
    low = std::min(low, at);
    high = std::max(high, at);
  }
  result.translation_mm = high - low;
}

std::vector<WireError> wire_errors(const Image& image, const std::vector<View>& views,
                                   const std::vector<NWire>& phantom) {
  const AffineTransform image_from_probe = image.probe_from_image().inverse();
  std::vector<WireError> errors;
  errors.reserve(3 * phantom.size());
  for (std::size_t n = 0; n < phantom.size(); ++n)
    for (std::size_t wire = 0; wire < 3; ++wire) {
      double x = 0.0, y = 0.0, xx = 0.0, yy = 0.0;
      for (const View& view : views) {
        const PixelPoint cut = cut_of(image_from_probe * view.phantom_from_probe.inverse(), phantom[n][wire]);
        const PixelPoint& seen = view.crossings->points[n][wire];
        x += seen.x - cut.x;
        y += seen.y - cut.y;
        xx += (seen.x - cut.x) * (seen.x - cut.x);
        yy += (seen.y - cut.y) * (seen.y - cut.y);
      }
      const auto count = static_cast<double>(views.size());
      const auto sd = [&](double sum, double squares) {
        return std::sqrt(std::max(0.0, (squares - sum * sum / count) / (count - 1.0)));
      };
      errors.push_back({phantom[n][wire].name, {x / count, y / count}, {sd(x, xx), sd(y, yy)}});
    }
  return errors;
}

/// Returns the errors of each part of time by a fit of all other parts.
CalibrationError left_out_error(const std::vector<View>& views) {
  constexpr std::size_t parts = 5;
  std::vector<std::vector<double>> found(parts);
  parallel_for(
      parts,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t part = begin; part < end; ++part) {
          std::vector<View> in, out;
          for (std::size_t n = 0; n < views.size(); ++n)
            (n * parts / views.size() == part ? out : in).push_back(views[n]);
          found[part] = distances(Fit(in).image.probe_from_image(), out);
        }
      },
      0, 1);
  std::vector<double> all;
  for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
  return calibration_error(std::move(all));
}

void require_fixed(const Fit& fit) {
  // Values 0 to 2 turn an image of some 500 pixels, 3 to 5 move it, 6 and 7 stretch it.
  constexpr double size_px = 500.0;
  const double size_mm = size_px * std::max(fit.image.pixel.x_mm, fit.image.pixel.y_mm);
  double open = 0.0;
  for (std::size_t v = 0; v < fit.sd.size(); ++v)
    open = std::max(open, fit.sd[v] * (v >= 3 && v < 6 ? 1.0 : size_mm));
  if (!(open < max_open_mm))
    throw InvalidInput(std::string("cannot calibrate the image: the views leave its place open by ") +
                       (std::isfinite(open) ? fixed(open, 1) + " mm" : "any distance") +
                       "; move and turn the probe more");
}

}  // namespace

std::vector<WireView> wire_views(const TrackedSequence& recording, const CoordinateFrames& always,
                                 const std::vector<NWire>& phantom, const WireOptions& options) {
  std::vector<std::optional<WireView>> found(recording.frames.size());
  std::vector<char> chained(recording.frames.size(), 0);
  parallel_for(
      recording.frames.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t f = begin; f < end; ++f) {
          const TrackedFrame& frame = recording.frames[f];
          const auto pose = at_moment(frame, always).find("Probe", "Phantom");
          const auto rigid = pose ? nearest_rigid(*pose) : std::nullopt;
          chained[f] = rigid ? 1 : 0;
          if (!rigid || !frame.shows_image()) continue;
          std::vector<WireCrossings> readings = find_wires(frame.image, phantom, options);
          if (!readings.empty()) found[f] = WireView{std::move(readings), *rigid};
        }
      },
      0, 4);
  if (std::find(chained.begin(), chained.end(), 1) == chained.end())
    throw InvalidInput(
        "no moment of the recording has sound poses from Probe to Phantom; it takes the "
        "probe's and the phantom's poses, and the phantom's place at its marker");
  std::vector<WireView> views;
  for (auto& view : found)
    if (view) views.push_back(std::move(*view));
  return views;
}

SpatialCalibration calibrate_spatial(const std::vector<WireView>& all, const std::vector<NWire>& phantom) {
  const std::vector<View> views = read_one_way(all);
  SpatialCalibration result;
  measure_motion(views, phantom, result);
  if (result.translation_mm < least_translation_mm && result.rotation_deg < least_rotation_deg)
    throw InvalidInput("cannot calibrate the image: the probe moved by " + fixed(result.translation_mm, 1) +
                       " mm along the wires and turned by " + fixed(result.rotation_deg, 1) +
                       " degrees; it takes " + fixed(least_translation_mm, 0) + " mm or " +
                       fixed(least_rotation_deg, 0) + " degrees");
  const Fit fit(views);
  require_fixed(fit);
  result.probe_from_image = fit.image.probe_from_image();
  result.pixel = fit.image.pixel;
  result.views = views.size();
  result.outliers = all.size() - views.size();
  result.fitted = calibration_error(distances(result.probe_from_image, views));
  result.left_out = left_out_error(views);
  result.wires = wire_errors(fit.image, views, phantom);
  return result;
}

CalibrationError validate_spatial(const AffineTransform& probe_from_image, const std::vector<WireView>& all) {
  std::vector<double> result;
  for (const WireView& view : all) {
    // Of the ways to read a picture, the one nearest to what the calibration expects.
    std::vector<double> best;
    for (const WireCrossings& reading : view.readings) {
      std::vector<double> d = distances(probe_from_image, {{&reading, view.phantom_from_probe}});
      if (best.empty() || *std::max_element(d.begin(), d.end()) < *std::max_element(best.begin(), best.end()))
        best = std::move(d);
    }
    result.insert(result.end(), best.begin(), best.end());
  }
  if (result.empty()) throw InvalidInput("cannot validate the calibration: no picture shows the wires");
  return calibration_error(std::move(result));
}

}  // namespace genu::ultrasound
