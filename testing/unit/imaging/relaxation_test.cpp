// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/imaging/relaxation.h>
#include <genu/testing/bodies.h>

namespace genu::imaging {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// The train of the real series: eight echoes, 6.312 ms apart.
std::vector<double> times_ms() {
  std::vector<double> times;
  for (int e = 1; e <= 8; ++e) times.push_back(6.312 * e);
  return times;
}

using Signal = std::function<double(std::size_t voxel, double time_ms)>;

/// A cube of n x n x n voxels for each echo.
std::vector<Volume<float>> echoes_of(const std::vector<double>& times, std::int64_t n, const Signal& signal) {
  const ImageGeometry grid({n, n, n}, {3.0, -2.0, 1.0}, {0.6, 0.6, 4.0}, testing::oblique_grid().direction());
  std::vector<Volume<float>> echoes;
  for (const double time : times) {
    Volume<float> echo(grid);
    for (std::size_t v = 0; v < echo.voxels().size(); ++v)
      echo.voxels()[v] = static_cast<float>(signal(v, time));
    echoes.push_back(std::move(echo));
  }
  return echoes;
}

/// Magnitudes of a decay with noise in both channels.
Signal noisy(double signal, double t2_ms, double sigma, std::uint64_t seed) {
  auto random = std::make_shared<std::mt19937_64>(seed);
  return [=](std::size_t, double time_ms) {
    std::normal_distribution<double> noise(0.0, sigma);
    const double real = signal * std::exp(-time_ms / t2_ms) + noise(*random), imaginary = noise(*random);
    return std::hypot(real, imaginary);
  };
}

double mean_of(const std::vector<float>& values) {
  double sum = 0.0;
  std::size_t count = 0;
  for (const float v : values)
    if (std::isfinite(v)) {
      sum += v;
      ++count;
    }
  return sum / static_cast<double>(count);
}

/// What is mostly done: a straight line through the logarithms, every echo alike.
std::vector<float> log_linear_t2(const std::vector<Volume<float>>& echoes, const std::vector<double>& times) {
  std::vector<float> result;
  const auto n = static_cast<double>(times.size());
  for (std::size_t v = 0; v < echoes.front().voxels().size(); ++v) {
    double t = 0.0, tt = 0.0, y = 0.0, ty = 0.0;
    for (std::size_t e = 0; e < times.size(); ++e) {
      const double log_signal = std::log(echoes[e].voxels()[v]);
      t += times[e];
      tt += times[e] * times[e];
      y += log_signal;
      ty += times[e] * log_signal;
    }
    result.push_back(static_cast<float>((n * tt - t * t) / (t * y - n * ty)));
  }
  return result;
}

TEST(FitT2, RecoversDecaysWithoutNoise) {
  const auto t2_of = [](std::size_t v) { return 10.0 + 190.0 * static_cast<double>(v) / 124.0; };
  const auto density_of = [](std::size_t v) { return 1000.0 + 10.0 * static_cast<double>(v); };
  const auto echoes = echoes_of(
      times_ms(), 5, [&](std::size_t v, double time) { return density_of(v) * std::exp(-time / t2_of(v)); });
  for (const std::size_t skip : {0, 1, 6}) {
    const RelaxationMap map = fit_t2(echoes, times_ms(), {.skip_echoes = skip, .least_signal_part = 0.0});
    EXPECT_EQ(map.echo_times_ms.size(), 8 - skip);
    EXPECT_EQ(map.noise_sigma, std::nullopt);
    EXPECT_EQ(map.t2_ms.geometry(), echoes.front().geometry());
    // Floats hold 24 bits; two late echoes of a slow decay multiply what they round away by 50.
    const double tolerance = skip == 6 ? 3e-5 : 3e-6;
    for (std::size_t v = 0; v < 125; ++v) {
      EXPECT_NEAR(map.t2_ms.voxels()[v], t2_of(v), tolerance * t2_of(v)) << v << " skip " << skip;
      EXPECT_NEAR(map.proton_density.voxels()[v], density_of(v), tolerance * density_of(v));
      EXPECT_NEAR(map.r2.voxels()[v], 1.0, 1e-6);
    }
  }
}

// What a peer is tested with: proton density 1500, T2 60 ms.
TEST(FitT2, RecoversThePeersSyntheticSignal) {
  const auto echoes =
      echoes_of(times_ms(), 2, [](std::size_t, double time) { return 1500.0 * std::exp(-time / 60.0); });
  const RelaxationMap map = fit_t2(echoes, times_ms());
  for (std::size_t v = 0; v < 8; ++v) {
    EXPECT_NEAR(map.t2_ms.voxels()[v], 60.0, 60.0 * 1e-5);
    EXPECT_NEAR(map.proton_density.voxels()[v], 1500.0, 1500.0 * 1e-5);
  }
}

TEST(FitT2, TakesTheNoiseFloorForWhatItIs) {
  // The exact mean of Rice's distribution, with the Bessel functions of the library.
  const double sigma = 100.0;
  const auto rice_mean = [sigma](double signal) {
    const double x = signal * signal / (4.0 * sigma * sigma);
    return sigma * std::sqrt(std::acos(-1.0) / 2.0) * std::exp(-x) *
           ((1.0 + 2.0 * x) * std::cyl_bessel_i(0.0, x) + 2.0 * x * std::cyl_bessel_i(1.0, x));
  };
  for (const double t2 : {10.0, 20.0, 40.0, 80.0}) {
    const auto echoes = echoes_of(
        times_ms(), 1, [&](std::size_t, double time) { return rice_mean(1500.0 * std::exp(-time / t2)); });
    const RelaxationMap map = fit_t2(echoes, times_ms(), {.skip_echoes = 0, .noise_sigma = sigma});
    EXPECT_NEAR(map.t2_ms.voxels()[0], t2, 1e-4 * t2);
    EXPECT_NEAR(map.proton_density.voxels()[0], 1500.0, 0.15);
  }
}

// SNR is that at echo time 0. What is left is the skew of 1 / rate, not the floor.
TEST(FitT2, IsLessBiasedByNoiseThanTheLogLinearFit) {
  struct Bound {
    double snr, t2_ms, most_percent;
  };
  // The log-linear fit reads 33, 0.5, 0.2, 0.3, 101, 5 and 1.4 % high.
  for (const Bound& bound : {Bound{50, 10, 0.3}, Bound{50, 20, 0.3}, Bound{50, 40, 0.3}, Bound{50, 80, 0.5},
                             Bound{20, 10, 1.5}, Bound{20, 20, 1.0}, Bound{20, 40, 1.3}}) {
    const double sigma = 1500.0 / bound.snr;
    const auto echoes = echoes_of(times_ms(), 20, noisy(1500.0, bound.t2_ms, sigma, 7));
    const RelaxationMap map =
        fit_t2(echoes, times_ms(), {.skip_echoes = 0, .noise_sigma = sigma, .least_snr = 0.0});
    const auto percent = [&](double t2) { return 100.0 * (t2 / bound.t2_ms - 1.0); };
    const double bias = percent(mean_of(map.t2_ms.voxels()));
    const double line = percent(mean_of(log_linear_t2(echoes, times_ms())));
    RecordProperty("snr" + std::to_string(int(bound.snr)) + "_t2_" + std::to_string(int(bound.t2_ms)),
                   std::to_string(bias) + " % against " + std::to_string(line) + " %");
    EXPECT_LT(std::abs(bias), bound.most_percent) << "SNR " << bound.snr << ", T2 " << bound.t2_ms << " ms";
    EXPECT_LT(std::abs(bias), std::abs(line)) << "SNR " << bound.snr << ", T2 " << bound.t2_ms << " ms";
  }
}

TEST(FitT2, LeavesOutTheFirstEcho) {
  // As on the real series: the first echo reads 5 % low.
  const auto echoes = echoes_of(times_ms(), 1, [](std::size_t, double time) {
    return (time < 7.0 ? 0.95 : 1.0) * 2000.0 * std::exp(-time / 35.0);
  });
  EXPECT_NEAR(fit_t2(echoes, times_ms()).t2_ms.voxels()[0], 35.0, 1e-3);
  EXPECT_GT(fit_t2(echoes, times_ms(), {.skip_echoes = 0}).t2_ms.voxels()[0], 36.0F);
}

TEST(FitT2, IsNaNWhereNothingDecays) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<Signal, 8> signals{
      [](std::size_t, double) { return 0.0; },                                    // nothing
      [](std::size_t, double) { return 700.0; },                                  // constant
      [](std::size_t, double time) { return 700.0 * std::exp(time / 50.0); },     // rising
      [](std::size_t, double time) { return 700.0 * std::exp(-time / 5000.0); },  // slower than can be told
      [](std::size_t, double time) { return 7e12 * std::exp(-time / 0.5); },      // faster than can be told
      [](std::size_t, double time) { return 5.0 * std::exp(-time / 40.0); },      // dark as air
      [nan](std::size_t, double time) { return time > 20.0 && time < 30.0 ? nan : 700.0; },
      [](std::size_t, double time) { return 1000.0 * std::exp(-time / 40.0); }};  // sound
  const auto echoes =
      echoes_of(times_ms(), 2, [&](std::size_t v, double time) { return signals[v](v, time); });
  const RelaxationMap map = fit_t2(echoes, times_ms());
  for (std::size_t v = 0; v < 7; ++v) {
    EXPECT_TRUE(std::isnan(map.t2_ms.voxels()[v])) << v << " is " << map.t2_ms.voxels()[v];
    EXPECT_TRUE(std::isnan(map.proton_density.voxels()[v])) << v;
    EXPECT_TRUE(std::isnan(map.r2.voxels()[v])) << v;
  }
  EXPECT_NEAR(map.t2_ms.voxels()[7], 40.0, 1e-3);
}

TEST(FitT2, DoesNotDependOnTheNumberOfThreads) {
  const auto echoes = echoes_of(times_ms(), 12, noisy(1500.0, 35.0, 60.0, 3));
  const auto fit = [&](unsigned threads) {
    return fit_t2(echoes, times_ms(), {.noise_sigma = 60.0, .least_snr = 0.0, .threads = threads});
  };
  const RelaxationMap one = fit(1), eight = fit(8);
  const auto same = [](const Volume<float>& a, const Volume<float>& b) {
    return std::equal(a.voxels().begin(), a.voxels().end(), b.voxels().begin(),
                      [](float x, float y) { return x == y || (std::isnan(x) && std::isnan(y)); });
  };
  EXPECT_TRUE(same(one.t2_ms, eight.t2_ms));
  EXPECT_TRUE(same(one.proton_density, eight.proton_density));
  EXPECT_TRUE(same(one.r2, eight.r2));
}

template <typename Wrong>
std::string refusal(const std::function<void()>& work) {
  try {
    work();
  } catch (const Wrong& error) {
    return error.what();
  }
  return "no refusal";
}

TEST(FitT2, RefusesWhatItCannotFitAndNamesTheValue) {
  const auto echoes = echoes_of(times_ms(), 2, [](std::size_t, double time) { return 100.0 / time; });
  const auto with_times = [&](std::vector<double> times) {
    return refusal<InvalidInput>([&] { fit_t2(echoes, times); });
  };
  std::vector<double> times = times_ms();
  times[3] = times[2];
  EXPECT_THAT(with_times(times), AllOf(HasSubstr("echo 4 is 18.936"), HasSubstr("after 18.936")));
  times = times_ms();
  times[0] = 0.0;
  EXPECT_THAT(with_times(times), HasSubstr("echo 1 is 0"));
  times[0] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(with_times(times), HasSubstr("echo 1 is nan"));
  EXPECT_THAT(with_times({6.0, 12.0}), HasSubstr("8 echoes and 2 echo times"));
  EXPECT_THAT(refusal<InvalidInput>([&] { fit_t2(echoes, times_ms(), {.skip_echoes = 7}); }),
              HasSubstr("8 echoes, of which the first 7"));
  EXPECT_THAT(refusal<InvalidInput>([&] { fit_t2({}, {}); }), HasSubstr("0 echoes"));
  EXPECT_THAT(refusal<InvalidInput>([&] { fit_t2(echoes, times_ms(), {.noise_sigma = -1.0}); }),
              HasSubstr("noise_sigma is -1"));
  EXPECT_THAT(refusal<InvalidInput>([&] { fit_t2(echoes, times_ms(), {.max_time_ms = 0.5}); }),
              HasSubstr("max_time_ms is 0.5"));
  auto other = echoes;
  other[5] = Volume<float>(testing::oblique_grid({.extent_mm = {2.0, 2.0, 2.0}}), 1.0F);
  EXPECT_THAT(refusal<GeometryMismatch>([&] { fit_t2(other, times_ms()); }), HasSubstr("different grids"));
}

/// A bright ball in air with noise.
Volume<float> ball_in_air(double sigma) {
  const Point3 centre{11.0, -7.0, 5.0};
  Volume<float> image(testing::oblique_grid({.spacing_mm = {1.0, 1.0, 2.0}, .extent_mm = {60, 60, 60}}));
  std::mt19937_64 random(11);
  std::normal_distribution<double> noise(0.0, sigma);
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    const bool inside = distance(image.geometry().to_patient(image.geometry().index_of(v)), centre) < 22.0;
    const double real = (inside ? 1000.0 : 0.0) + noise(random);
    image.voxels()[v] = static_cast<float>(std::hypot(real, noise(random)));
  }
  return image;
}

TEST(NoiseSigma, IsReadFromTheAir) {
  const auto sigma = noise_sigma(ball_in_air(30.0));
  ASSERT_TRUE(sigma.has_value());
  EXPECT_NEAR(*sigma, 30.0, 0.5);
}

TEST(NoiseSigma, IsUnknownWithoutAirOrWithBlackenedAir) {
  Volume<float> blackened = ball_in_air(30.0);
  std::size_t n = 0;
  for (float& v : blackened.voxels())
    if (v < 200.0F && ++n % 5 == 0) v = 0.0F;
  EXPECT_EQ(noise_sigma(blackened), std::nullopt);
  EXPECT_EQ(noise_sigma(Volume<float>(testing::oblique_grid(), 0.0F)), std::nullopt);
  const auto no_air = echoes_of({10.0}, 20, noisy(1000.0, 40.0, 20.0, 5));
  EXPECT_EQ(noise_sigma(no_air.front()), std::nullopt);
}

TEST(NoiseSigma, IsFoundByTheFit) {
  const std::vector<Volume<float>> echoes{ball_in_air(30.0), ball_in_air(30.0), ball_in_air(30.0)};
  const RelaxationMap map = fit_t2(echoes, {10.0, 20.0, 30.0});
  ASSERT_TRUE(map.noise_sigma.has_value());
  EXPECT_NEAR(*map.noise_sigma, 30.0, 0.5);
  EXPECT_EQ(map.echo_times_ms, (std::vector<double>{20.0, 30.0}));
}

}  // namespace
}  // namespace genu::imaging
