// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <numbers>
#include <sstream>

#include <genu/core/error.h>
#include <genu/core/parallel.h>
#include <genu/imaging/body.h>
#include <genu/imaging/check.h>
#include <genu/imaging/relaxation.h>

#include "rice.h"

namespace genu::imaging {
namespace {

constexpr float not_fitted = std::numeric_limits<float>::quiet_NaN();

void check(const std::vector<Volume<float>>& echoes, const std::vector<double>& times,
           const RelaxationOptions& o) {
  std::ostringstream problem;
  const auto refuse_unless = [&](bool good, const char* name, double value) {
    if (!good && problem.str().empty()) problem << name << " is " << value;
  };
  if (echoes.size() != times.size())
    problem << "there are " << echoes.size() << " echoes and " << times.size() << " echo times";
  else if (echoes.size() < 2 || o.skip_echoes > echoes.size() - 2)
    problem << "there are " << echoes.size() << " echoes, of which the first " << o.skip_echoes
            << " are left out; two must remain";
  for (std::size_t e = 0; e < times.size() && problem.str().empty(); ++e)
    if (!std::isfinite(times[e]) || !(times[e] > (e == 0 ? 0.0 : times[e - 1])))
      problem << "echo times must be above 0 and ascend, and that of echo " << e + 1 << " is " << times[e]
              << " ms" << (e == 0 ? "" : " after " + std::to_string(times[e - 1]) + " ms");
  const double sigma = o.noise_sigma.value_or(0.0);
  refuse_unless(sigma >= 0.0 && std::isfinite(sigma), "noise_sigma", sigma);
  refuse_unless(o.least_snr >= 0.0, "least_snr", o.least_snr);
  refuse_unless(o.least_signal_part >= 0.0 && o.least_signal_part < 1.0, "least_signal_part",
                o.least_signal_part);
  refuse_unless(o.min_time_ms > 0.0, "min_time_ms", o.min_time_ms);
  refuse_unless(o.max_time_ms > o.min_time_ms && std::isfinite(o.max_time_ms), "max_time_ms", o.max_time_ms);
  if (!problem.str().empty()) throw InvalidInput("cannot fit T2: " + problem.str());
  for (const Volume<float>& echo : echoes)
    if (!nearly_equal(echo.geometry(), echoes.front().geometry())) {
      std::ostringstream message;
      message << "cannot fit T2: the echoes lie on different grids, such as " << echoes.front().geometry()
              << " and " << echo.geometry();
      throw GeometryMismatch(message.str());
    }
}

/// Returns the 99th percentile of the finite voxels, or 0.
double bright_level(const Volume<float>& image) {
  std::vector<float> values;
  std::copy_if(image.voxels().begin(), image.voxels().end(), std::back_inserter(values),
               [](float v) { return std::isfinite(v); });
  if (values.empty()) return 0.0;
  const auto place =
      values.begin() + static_cast<std::ptrdiff_t>(0.99 * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

struct Decay {
  double signal = 0.0;       ///< At echo time 0.
  double rate_per_ms = 0.0;  ///< 1 / T2
};

/// What one thread needs to fit voxel after voxel.
class DecayFit {
 public:
  DecayFit(const std::vector<double>& times_ms, double sigma)
      : times_ms_(times_ms), rice_(sigma), measured_(times_ms.size()) {}

  double& measured(std::size_t echo) { return measured_[echo]; }

  /// Returns false where there is no decay.
  bool fit(Decay& decay) const {
    if (!start(decay)) return false;
    // Far more than any voxel of a real knee takes (5 or so).
    constexpr int most_steps = 60;
    constexpr double settled = 1e-10;
    double damping = 1e-3, error = squared_error(decay);
    for (int step = 0; step < most_steps; ++step) {
      const Decay change = solve(decay, damping);
      const Decay next{decay.signal + change.signal, decay.rate_per_ms + change.rate_per_ms};
      const double next_error = next.signal > 0.0 ? squared_error(next) : HUGE_VAL;
      const bool small = std::abs(change.signal) <= settled * decay.signal &&
                         std::abs(change.rate_per_ms) <= settled * std::abs(decay.rate_per_ms);
      if (next_error <= error) {
        decay = next;
        error = next_error;
        damping = std::max(0.1 * damping, 1e-12);
      } else {
        damping *= 10.0;
      }
      // No step goes down any more, however short: this is the minimum to the last digit.
      if (small || damping > 1e12) return true;
    }
    return false;
  }

  /// Returns how much of the variance of the magnitudes the decay explains.
  double r2(const Decay& decay) const {
    double mean = 0.0, spread = 0.0;
    for (const double m : measured_) mean += m / static_cast<double>(measured_.size());
    for (const double m : measured_) spread += (m - mean) * (m - mean);
    return spread > 0.0 ? 1.0 - squared_error(decay) / spread : 0.0;
  }

 private:
  /// The log-linear fit of the power above the noise's, each echo weighted by what its logarithm is worth.
  bool start(Decay& decay) const {
    double n = 0.0, t = 0.0, tt = 0.0, y = 0.0, ty = 0.0;
    std::size_t used = 0;
    for (std::size_t e = 0; e < times_ms_.size(); ++e) {
      const double power = measured_[e] * measured_[e] - 2.0 * rice_.sigma() * rice_.sigma();
      if (!(measured_[e] > 0.0 && power > 0.0)) continue;
      const double log_signal = 0.5 * std::log(power);
      n += power;
      t += power * times_ms_[e];
      tt += power * times_ms_[e] * times_ms_[e];
      y += power * log_signal;
      ty += power * times_ms_[e] * log_signal;
      ++used;
    }
    const double spread = n * tt - t * t;
    if (used < 2 || !(spread > 0.0)) return false;
    decay.rate_per_ms = (t * y - n * ty) / spread;
    decay.signal = std::exp((y + decay.rate_per_ms * t) / n);
    return std::isfinite(decay.signal) && decay.signal > 0.0;
  }

  double squared_error(const Decay& d) const {
    double sum = 0.0;
    for (std::size_t e = 0; e < times_ms_.size(); ++e) {
      const double miss = rice_.mean(d.signal * std::exp(-d.rate_per_ms * times_ms_[e])) - measured_[e];
      sum += miss * miss;
    }
    return sum;
  }

  /// Returns the damped Gauss-Newton step.
  Decay solve(const Decay& d, double damping) const {
    double aa = 0.0, ar = 0.0, rr = 0.0, a = 0.0, r = 0.0;
    for (std::size_t e = 0; e < times_ms_.size(); ++e) {
      const double left = std::exp(-d.rate_per_ms * times_ms_[e]), signal = d.signal * left;
      const double slope = rice_.slope(signal), miss = measured_[e] - rice_.mean(signal);
      const double by_signal = slope * left, by_rate = -slope * signal * times_ms_[e];
      aa += by_signal * by_signal;
      ar += by_signal * by_rate;
      rr += by_rate * by_rate;
      a += by_signal * miss;
      r += by_rate * miss;
    }
    aa *= 1.0 + damping;
    rr *= 1.0 + damping;
    const double determinant = aa * rr - ar * ar;
    if (!(determinant > 0.0)) return {};
    return {(rr * a - ar * r) / determinant, (aa * r - ar * a) / determinant};
  }

  const std::vector<double>& times_ms_;
  Rice rice_;
  std::vector<double> measured_;
};

}  // namespace

std::optional<double> noise_sigma(const Volume<float>& image) {
  if (!image_fault(image).empty() || *std::max_element(image.voxels().begin(), image.voxels().end()) <= 0.0F)
    return std::nullopt;
  const Volume<std::uint8_t> body = find_body(image);
  std::vector<float> air;
  for (std::size_t v = 0; v < body.voxels().size(); ++v)
    if (body.voxels()[v] == 0) air.push_back(image.voxels()[v]);
  // The standard error of sigma is then 2 %.
  constexpr std::size_t enough = 2000;
  if (air.size() < enough) return std::nullopt;
  const auto black =
      static_cast<std::size_t>(std::count_if(air.begin(), air.end(), [](float v) { return !(v > 0.0F); }));
  if (10 * black >= air.size()) return std::nullopt;
  // The median: ghosts and what the skin smears into the air are few and bright.
  const auto middle = air.begin() + static_cast<std::ptrdiff_t>(air.size() / 2);
  std::nth_element(air.begin(), middle, air.end());
  return *middle / std::sqrt(2.0 * std::numbers::ln2);
}

RelaxationMap fit_t2(const std::vector<Volume<float>>& echoes, const std::vector<double>& echo_times_ms,
                     const RelaxationOptions& options, const Progress& progress) {
  check(echoes, echo_times_ms, options);
  progress.report("fitting T2", 0.0);
  const ImageGeometry& grid = echoes.front().geometry();
  RelaxationMap map{
      .t2_ms = Volume<float>(grid, not_fitted),
      .proton_density = Volume<float>(grid, not_fitted),
      .r2 = Volume<float>(grid, not_fitted),
      .echo_times_ms = {echo_times_ms.begin() + static_cast<std::ptrdiff_t>(options.skip_echoes),
                        echo_times_ms.end()},
      .noise_sigma = options.noise_sigma};
  // The last echo: there the least of ghosts and of what the skin smears into the air is left.
  if (!map.noise_sigma) map.noise_sigma = noise_sigma(echoes.back());
  const double sigma = map.noise_sigma.value_or(0.0);
  const Volume<float>& first = echoes[options.skip_echoes];
  const double least = std::max(options.least_snr * sigma, options.least_signal_part * bright_level(first));
  // Slice by slice, so that a bar can move.
  const std::size_t slice =
      static_cast<std::size_t>(grid.size()[0]) * static_cast<std::size_t>(grid.size()[1]);
  const std::size_t voxels = grid.voxel_count();
  const auto fit_some = [&](std::size_t begin, std::size_t end) {
    DecayFit fit(map.echo_times_ms, sigma);
    for (std::size_t v = begin; v < end; ++v) {
      bool usable = first.voxels()[v] > 0.0F && first.voxels()[v] >= least;
      for (std::size_t e = 0; e < map.echo_times_ms.size(); ++e) {
        const float value = echoes[options.skip_echoes + e].voxels()[v];
        fit.measured(e) = value;
        usable = usable && std::isfinite(value);
      }
      Decay decay;
      if (!usable || !fit.fit(decay)) continue;
      const double time_ms = 1.0 / decay.rate_per_ms;
      if (!(time_ms >= options.min_time_ms && time_ms <= options.max_time_ms)) continue;
      map.t2_ms.voxels()[v] = static_cast<float>(time_ms);
      map.proton_density.voxels()[v] = static_cast<float>(decay.signal);
      map.r2.voxels()[v] = static_cast<float>(fit.r2(decay));
    }
  };
  for (std::size_t done = 0; done < voxels; done += slice) {
    parallel_for(
        slice, [&](std::size_t begin, std::size_t end) { fit_some(done + begin, done + end); },
        options.threads);
    progress.report("fitting T2", static_cast<double>(done + slice) / static_cast<double>(voxels));
  }
  return map;
}

}  // namespace genu::imaging
