// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include <opencv2/imgproc.hpp>

#include <genu/core/parallel.h>
#include <genu/ultrasound/simulate.h>

#include "echo_field.h"
#include "lattice_noise.h"

namespace genu::ultrasound {
namespace {

constexpr std::size_t rows_a_block = 16;
constexpr double deg_per_rad = 180.0 / std::numbers::pi;
// An interface that sends everything back straight on would be this much brighter than white.
constexpr double mirror_db = 4.0;
// Smooth interfaces fade once they send sound past the aperture (its half angle at f/2.5: 11 degrees);
// bone is rough, and shows a little at any angle. Working values, by eye beside real images.
constexpr double smooth_width_deg = 13.0, bone_width_deg = 24.0;
constexpr double bone_rough = 0.12;
constexpr double bone_reflection = 0.62;  // (7.0 - 1.65) / (7.0 + 1.65) MRayl

/// Returns the amplitude that reaches each pixel and is heard from there, the machine's gain over depth
/// included.
std::vector<float> beam_of(const AcousticPlane& plane, const std::vector<float>& extra_loss_db,
                           const SimulationOptions& o) {
  const auto columns = static_cast<std::size_t>(plane.width);
  const double way_cm = 2.0 * plane.pixel.y_mm / 10.0 * o.frequency_mhz;  // Out and back, a row.
  std::vector<float> beam(plane.pixel_count());
  // A beam is as wide as the aperture, so that the edges of a shadow blur with depth: spread as by diffusion,
  // to 0.8 mm over 30 mm (by eye), and never by more than keeps it stable.
  const double variance_px2 = 0.8 * 0.8 / 30.0 * plane.pixel.y_mm / (plane.pixel.x_mm * plane.pixel.x_mm);
  const auto share = static_cast<float>(std::min(0.5 * variance_px2, 0.25));
  std::vector<float> now(columns), next(columns);
  for (std::size_t x = 0; x < columns; ++x) now[x] = plane.contact[x] != 0 ? 1.0F : 0.0F;
  for (std::size_t y = 0; y < static_cast<std::size_t>(plane.height); ++y) {
    for (std::size_t x = 0; x < columns; ++x) {
      const std::size_t i = y * columns + x;
      const float left = now[x > 0 ? x - 1 : x], right = now[x + 1 < columns ? x + 1 : x];
      const double gain_db = way_cm * (o.tgc_db_cm_mhz - plane.attenuation_db_cm_mhz[i]) - extra_loss_db[i];
      next[x] = (now[x] + share * (left - 2.0F * now[x] + right)) *
                amplitude_of(y > 0 ? gain_db : -extra_loss_db[i]);
      beam[i] = next[x];
    }
    std::swap(now, next);
  }
  return beam;
}

/// Fills in scatterers with the mean echo of their tissue, and the receiver's noise.
void add_scatter(EchoField& field, const AcousticPlane& plane, const std::vector<float>& beam,
                 const std::vector<float>& scale, const std::vector<float>& white, const SimulationOptions& o,
                 std::uint64_t noise_seed) {
  const auto columns = static_cast<std::size_t>(plane.width);
  parallel_for(
      static_cast<std::size_t>(plane.height),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y) {
          const double tgc_db =
              2.0 * o.frequency_mhz * o.tgc_db_cm_mhz * static_cast<double>(y) * plane.pixel.y_mm / 10.0;
          const float noise = amplitude_of(o.noise_db + tgc_db);
          for (std::size_t x = 0; x < columns; ++x) {
            const std::size_t i = y * columns + x;
            const auto at_x = static_cast<std::int64_t>(x), at_y = static_cast<std::int64_t>(y);
            const std::complex<float> scatterer = plane.scatterers.empty()
                                                      ? gaussian_of(cell_hash(at_x, at_y, 0, o.seed))
                                                      : plane.scatterers[i];
            // 3.3219 = log2(10): an exponential of base 2 is the quicker one.
            const float level = beam[i] * std::exp2(plane.backscatter_db[i] * (3.3219281F / 20.0F));
            const std::complex<float> echo =
                scale[y] * level * scatterer +
                white[y] * noise * gaussian_of(cell_hash(at_x, at_y, 1, noise_seed));
            field.re[i] += echo.real();
            field.im[i] += echo.imag();
          }
        }
      },
      o.threads, rows_a_block);
}

/// Adds the echoes of interfaces between soft tissues: half the change of the logarithm of impedance.
void add_interfaces(EchoField& field, const AcousticPlane& plane, const std::vector<float>& beam,
                    const Spread& spread, const SimulationOptions& o) {
  cv::Mat log_z(plane.height, plane.width, CV_32F);
  std::transform(plane.impedance_mrayl.begin(), plane.impedance_mrayl.end(), log_z.begin<float>(),
                 [](float z) { return std::log(z); });
  // Over 0.2 mm a border has a direction; its steps from pixel to pixel have none.
  constexpr double smooth_mm = 0.2;
  cv::Mat smooth, across, down;
  cv::GaussianBlur(log_z, smooth, {}, smooth_mm / plane.pixel.x_mm, smooth_mm / plane.pixel.y_mm,
                   cv::BORDER_REPLICATE);
  cv::Sobel(smooth, across, CV_32F, 1, 0, 3, 1.0 / plane.pixel.x_mm, 0.0, cv::BORDER_REPLICATE);
  cv::Sobel(smooth, down, CV_32F, 0, 1, 3, 1.0 / plane.pixel.y_mm, 0.0, cv::BORDER_REPLICATE);
  const float peak = static_cast<float>(std::sqrt(2.0 * std::numbers::pi) * std::max(spread.axial_px, 0.4)) *
                     amplitude_of(mirror_db);
  const auto columns = static_cast<std::size_t>(plane.width);
  parallel_for(
      static_cast<std::size_t>(plane.height),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t y = begin; y < end; ++y)
          for (std::size_t x = 0; x < columns; ++x) {
            const int xi = static_cast<int>(x), yi = static_cast<int>(y);
            // A border between two rows gives each of them half of its echo.
            const float change = 0.5F * (log_z.at<float>(std::min(yi + 1, plane.height - 1), xi) -
                                         log_z.at<float>(std::max(yi - 1, 0), xi));
            if (std::abs(change) < 1e-5F) continue;
            const double tilt = deg_per_rad * std::atan2(std::abs(across.at<float>(yi, xi)),
                                                         std::abs(down.at<float>(yi, xi)));
            const auto mirrored =
                static_cast<float>(std::exp(-0.5 * tilt * tilt / (smooth_width_deg * smooth_width_deg)));
            const std::size_t i = y * columns + x;
            field.re[i] += peak * mirrored * 0.5F * change * beam[i];
          }
      },
      o.threads, rows_a_block);
}

/// Returns the tilt of a line of rows against the face, in degrees, over a millimetre around each column.
std::vector<double> tilt_of(const std::vector<double>& rows, const PixelSize& pixel) {
  const int reach = std::max(1, static_cast<int>(std::lround(0.5 / pixel.x_mm)));
  std::vector<double> tilt(rows.size(), std::numeric_limits<double>::quiet_NaN());
  for (int x = 0; x < static_cast<int>(rows.size()); ++x) {
    int a = x, b = x;
    while (a > std::max(0, x - reach) && !std::isnan(rows[static_cast<std::size_t>(a - 1)])) --a;
    while (b + 1 < std::min(static_cast<int>(rows.size()), x + reach + 1) &&
           !std::isnan(rows[static_cast<std::size_t>(b + 1)]))
      ++b;
    const double rise = (rows[static_cast<std::size_t>(b)] - rows[static_cast<std::size_t>(a)]) * pixel.y_mm;
    tilt[static_cast<std::size_t>(x)] =
        b > a ? deg_per_rad * std::atan2(std::abs(rise), (b - a) * pixel.x_mm) : 0.0;
  }
  return tilt;
}

/// Adds the ridge of bone, and the tail below it of sound that its rough surface scatters to and fro.
void add_bone_echo(EchoField& specular, EchoField& diffuse, const AcousticPlane& plane,
                   const std::vector<float>& beam, const Spread& spread, const std::vector<float>& scale,
                   const SimulationOptions& o) {
  const std::vector<double> tilt =
      plane.bone_tilt_deg.empty() ? tilt_of(plane.bone_px, plane.pixel) : plane.bone_tilt_deg;
  const auto columns = static_cast<std::size_t>(plane.width);
  std::vector<PixelPoint> run;
  std::vector<float> level;
  const auto end_run = [&] {
    if (run.size() == 1) {
      run.push_back({run[0].x + 0.5, run[0].y});
      level.push_back(level[0]);
    }
    add_stroke(specular, run, level, spread);
    run.clear();
    level.clear();
  };
  constexpr double longest_step_mm =
      2.0;  // A deeper step to the next column is another bone, or its far side.
  for (std::size_t x = 0; x < columns; ++x) {
    const double row = plane.bone_px[x];
    const bool ends = std::isnan(row) || row >= plane.height - 1;
    if (!run.empty() && (ends || std::abs(row - run.back().y) * plane.pixel.y_mm > longest_step_mm))
      end_run();
    if (ends) continue;
    const auto above = static_cast<std::size_t>(std::max(0.0, std::floor(row)));
    const double t = std::isnan(tilt[x]) ? 0.0 : tilt[x];
    const double returned = (1.0 - bone_rough) * std::exp(-0.5 * t * t / (bone_width_deg * bone_width_deg)) +
                            bone_rough * std::cos(std::min(t, 85.0) / deg_per_rad);
    // Roughness makes the ridge flicker along its course.
    const double flicker_db = 2.5 * smooth_noise({static_cast<double>(x) * plane.pixel.x_mm / 2.0,
                                                  row * plane.pixel.y_mm / 2.0, 0.0},
                                                 o.seed ^ 0xb07eULL);
    const float amplitude = beam[above * columns + x] * static_cast<float>(bone_reflection * returned) *
                            amplitude_of(mirror_db + flicker_db);
    run.push_back({static_cast<double>(x), row});
    level.push_back(amplitude);
    constexpr double tail_mm = 0.45, tail_db = -9.0;
    for (std::size_t y = above + 1; y < static_cast<std::size_t>(plane.height); ++y) {
      const double deep_mm = (static_cast<double>(y) - row) * plane.pixel.y_mm;
      if (deep_mm > 8.0 * tail_mm) break;
      const std::size_t i = y * columns + x;
      const std::complex<float> scatterer =
          gaussian_of(cell_hash(static_cast<std::int64_t>(x), static_cast<std::int64_t>(y), 2, o.seed));
      const std::complex<float> echo = scale[y] * amplitude * amplitude_of(tail_db) *
                                       static_cast<float>(std::exp(-deep_mm / tail_mm)) * scatterer;
      diffuse.re[i] += echo.real();
      diffuse.im[i] += echo.imag();
    }
  }
  if (!run.empty()) end_run();
}

/// Adds what the face itself rings with; on air it goes on, and bands of it repeat.
void add_ringing(EchoField& field, const AcousticPlane& plane, const Spread& spread) {
  constexpr double ring_db = -14.0, fades_db_a_mm = 16.0, air_band_mm = 2.4, air_fades_db_a_mm = 3.0;
  const float peak = static_cast<float>(std::sqrt(2.0 * std::numbers::pi) * std::max(spread.axial_px, 0.4));
  const double step_mm = 0.5;
  for (int x = 0; x < plane.width; ++x) {
    const bool air = plane.contact[static_cast<std::size_t>(x)] == 0;
    const double every_mm = air ? air_band_mm : step_mm, fades = air ? air_fades_db_a_mm : fades_db_a_mm;
    for (double depth_mm = 0.0; depth_mm * fades < 50.0; depth_mm += every_mm) {
      const int y = static_cast<int>(depth_mm / plane.pixel.y_mm);
      if (y >= plane.height) break;
      field.re[static_cast<std::size_t>(y) * static_cast<std::size_t>(plane.width) +
               static_cast<std::size_t>(x)] += peak * amplitude_of(ring_db - fades * depth_mm);
    }
  }
}

/// Returns the field with what runs to and fro between face and bone: the layers before the bone again,
/// faint, below it.
EchoField with_bone_reverberation(const EchoField& field, const AcousticPlane& plane) {
  constexpr double again_db = -36.0;  // By eye, as below the shafts of long bones.
  const float again = amplitude_of(again_db);
  EchoField result = field;
  const auto columns = static_cast<std::size_t>(plane.width);
  for (std::size_t x = 0; x < columns; ++x) {
    if (std::isnan(plane.bone_px[x]) || plane.bone_px[x] < 1.0) continue;
    const double row = plane.bone_px[x];
    for (auto y = static_cast<std::size_t>(std::ceil(row)); y < static_cast<std::size_t>(plane.height); ++y) {
      const auto from = static_cast<std::size_t>(static_cast<double>(y) - row);
      if (static_cast<double>(from) > 1.05 * row) break;
      result.re[y * columns + x] += again * field.re[from * columns + x];
      result.im[y * columns + x] += again * field.im[from * columns + x];
    }
  }
  return result;
}

/// Adds the envelope of an echo to what other looks gave.
///
/// \param angle_rad phase by which this look's scatterers turn from column to column: looks from other sides
/// see other bands of the same tissue
void add_look(std::vector<float>& envelope, const EchoField& diffuse, const EchoField& specular,
              const AcousticPlane& plane, const Spread& spread, double angle_rad, unsigned threads) {
  EchoField field(plane.width, plane.height);
  const auto columns = static_cast<std::size_t>(plane.width);
  std::vector<float> c, s;
  for (std::size_t x = 0; x < columns; ++x) {
    c.push_back(static_cast<float>(std::cos(angle_rad * static_cast<double>(x))));
    s.push_back(static_cast<float>(std::sin(angle_rad * static_cast<double>(x))));
  }
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    const std::size_t x = i % columns;
    field.re[i] = c[x] * diffuse.re[i] - s[x] * diffuse.im[i];
    field.im[i] = s[x] * diffuse.re[i] + c[x] * diffuse.im[i];
  }
  convolve(field, spread, threads);
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    field.re[i] += specular.re[i];
    field.im[i] += specular.im[i];
  }
  field = with_bone_reverberation(field, plane);
  for (std::size_t i = 0; i < envelope.size(); ++i)
    envelope[i] += std::sqrt(field.re[i] * field.re[i] + field.im[i] * field.im[i]);
}

Frame compressed(const std::vector<float>& envelope, const AcousticPlane& plane, const SimulationOptions& o) {
  Frame frame;
  frame.width = plane.width;
  frame.height = plane.height;
  frame.pixels.resize(frame.pixel_count());
  const double gain_db = o.gain_db - 20.0 * std::log10(static_cast<double>(o.looks));
  parallel_for(
      envelope.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t i = begin; i < end; ++i) {
          const double db = 20.0 * std::log10(envelope[i] + 1e-20F) + gain_db;
          frame.pixels[i] = static_cast<std::uint8_t>(
              std::lround(255.0 * std::clamp(1.0 + db / o.dynamic_range_db, 0.0, 1.0)));
        }
      },
      o.threads, 8192);
  return frame;
}

}  // namespace

Frame image_of(const AcousticPlane& plane, std::span<const SimulatedNeedle> needles,
               const SimulationOptions& options, std::uint64_t noise_seed) {
  check(options);
  check(plane);
  std::vector<float> extra_loss_db(plane.pixel_count());
  for (const SimulatedNeedle& needle : needles) {
    check(needle);
    add_needle_loss(extra_loss_db, plane.width, plane.height, needle, plane.pixel, options.slice_mm);
  }
  const Spread spread = spread_of(plane.pixel, plane.height, options);
  const double cell_mm = plane.scatterers.empty() ? 0.0 : plane.scatterer_mm;
  const std::vector<float> white = noise_scale(spread, plane.pixel, 0.0);
  const std::vector<float> scale = cell_mm > 0.0 ? noise_scale(spread, plane.pixel, cell_mm) : white;
  const std::vector<float> beam = beam_of(plane, extra_loss_db, options);
  EchoField diffuse(plane.width, plane.height), specular(plane.width, plane.height);
  add_scatter(diffuse, plane, beam, scale, white, options, noise_seed);
  add_interfaces(specular, plane, beam, spread, options);
  add_bone_echo(specular, diffuse, plane, beam, spread, white, options);
  for (const SimulatedNeedle& needle : needles)
    add_needle(specular, needle, beam, plane.pixel, spread, options);
  add_ringing(specular, plane, spread);
  convolve(specular, spread, options.threads);
  std::vector<float> envelope(plane.pixel_count());
  for (int look = 0; look < options.looks; ++look)
    add_look(envelope, diffuse, specular, plane, spread, 2.0 * std::numbers::pi * look / options.looks,
             options.threads);
  return compressed(envelope, plane, options);
}

Frame simulate_frame(const AcousticPlane& plane, std::span<const SimulatedNeedle> needles,
                     const SimulationOptions& options) {
  return image_of(plane, needles, options, options.seed);
}

}  // namespace genu::ultrasound
