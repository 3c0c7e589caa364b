// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/core/text.h>
#include <genu/ultrasound/spatial_calibration.h>

#include "image_fit.h"

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

/// Returns where an image cuts a wire, in pixels.
PixelPoint cut_of(const AffineTransform& image_from_phantom, const Wire& wire) {
  const Point3 a = image_from_phantom(wire.front), b = image_from_phantom(wire.back);
  const Point3 p = lerp(a, b, a.z / (a.z - b.z));
  return {p.x, p.y};
}

void require_crossings(const WireCrossings& reading, std::size_t view, std::size_t n_of_phantom) {
  if (reading.points.size() != n_of_phantom || reading.middles.size() != n_of_phantom)
    throw InvalidInput("the view " + std::to_string(view) + " of the wires has points of " +
                       std::to_string(reading.points.size()) + " N and " +
                       std::to_string(reading.middles.size()) +
                       " crossings of wires across; the phantom has " + std::to_string(n_of_phantom) + " N");
}

void require_phantom_of(const std::vector<WireView>& views, const std::vector<NWire>& phantom) {
  if (phantom.empty()) throw InvalidInput("cannot calibrate the image: the phantom has no N");
  for (std::size_t v = 0; v < views.size(); ++v)
    for (const WireCrossings& reading : views[v].readings) require_crossings(reading, v, phantom.size());
}

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

/// The views in the way of reading that fits.
struct Reading {
  std::vector<View> all;
  std::vector<View> kept;  ///< Those without outliers.
};

Reading read_one_way(const std::vector<WireView>& all) {
  Reading best;
  std::size_t most = 0;
  const auto shown = static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const WireView& view) { return !view.readings.empty(); }));
  double least = std::numeric_limits<double>::infinity(), second = least;
  for (int way = 0; way < 4; ++way) {
    std::vector<View> views = views_read(all, way);
    most = std::max(most, views.size());
    if (views.size() < least_views || 2 * views.size() < shown) continue;
    std::vector<View> kept = without_outliers(views);
    const double rms = rms_of(kept);
    if (rms < least) {
      second = least;
      least = rms;
      best = {std::move(views), std::move(kept)};
    } else {
      second = std::min(second, rms);
    }
  }
  if (best.kept.size() < least_views)
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

std::vector<WireError> wire_errors(const ImagePlane& image, const std::vector<View>& views,
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

/// Returns the errors of each part of time by a fit of all other parts. Those fitted are freed from outliers,
/// which only they choose; of the part itself all count.
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
          found[part] = distances(ImageFit(without_outliers(in)).image().probe_from_image(), out);
        }
      },
      0, 1);
  std::vector<double> all;
  for (const auto& part : found) all.insert(all.end(), part.begin(), part.end());
  return calibration_error(std::move(all));
}

/// Returns the greatest of the standard deviations of the corners' places.
double corner_sd_mm(const ImageFit& fit, const std::vector<WireView>& all) {
  double right = 0.0, bottom = 0.0;
  for (const WireView& view : all) {
    right = std::max(right, view.width - 1.0);
    bottom = std::max(bottom, view.height - 1.0);
    for (const WireCrossings& reading : view.readings)
      for (const auto& n : reading.points)
        for (const PixelPoint& p : n) {
          right = std::max(right, p.x);
          bottom = std::max(bottom, p.y);
        }
  }
  double most = 0.0;
  for (const double x : {0.0, right})
    for (const double y : {0.0, bottom}) most = std::max(most, fit.place_sd_mm({x, y}));
  return most;
}

void require_fixed(double open) {
  if (!(open < max_open_mm))
    throw InvalidInput(std::string("cannot calibrate the image: the views leave its corners open by ") +
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
          found[f] = WireView{std::move(readings), *rigid, frame.image.width, frame.image.height};
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
  require_phantom_of(all, phantom);
  const Reading reading = read_one_way(all);
  const std::vector<View>& views = reading.kept;
  SpatialCalibration result;
  measure_motion(views, phantom, result);
  if (result.translation_mm < least_translation_mm && result.rotation_deg < least_rotation_deg)
    throw InvalidInput("cannot calibrate the image: the probe moved by " + fixed(result.translation_mm, 1) +
                       " mm along the wires and turned by " + fixed(result.rotation_deg, 1) +
                       " degrees; it takes " + fixed(least_translation_mm, 0) + " mm or " +
                       fixed(least_rotation_deg, 0) + " degrees");
  const ImageFit fit(views);
  result.corner_sd_mm = corner_sd_mm(fit, all);
  require_fixed(result.corner_sd_mm);
  result.probe_from_image = fit.image().probe_from_image();
  result.pixel = fit.image().pixel;
  result.views = views.size();
  result.outliers = reading.all.size() - views.size();
  result.unread = all.size() - reading.all.size();
  result.fitted = calibration_error(distances(result.probe_from_image, views));
  result.left_out = left_out_error(reading.all);
  result.wires = wire_errors(fit.image(), views, phantom);
  return result;
}

CalibrationError validate_spatial(const AffineTransform& probe_from_image, const std::vector<WireView>& all) {
  for (std::size_t v = 0; v < all.size(); ++v)
    for (const WireCrossings& reading : all[v].readings)
      require_crossings(reading, v, std::max<std::size_t>(1, reading.points.size()));
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
