// SPDX-License-Identifier: Apache-2.0
#include "rice.h"

#include <array>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace genu::imaging {
namespace {

template <std::size_t N>
double polynomial(const std::array<double, N>& coefficients, double t) {
  double sum = 0.0;
  for (std::size_t n = N; n-- > 0;) sum = sum * t + coefficients[n];
  return sum;
}

/// exp(-x) I0(x) and exp(-x) I1(x), the modified Bessel functions, for x >= 0.
struct ScaledBessel {
  double i0, i1;
};

ScaledBessel scaled_bessel(double x) {
  // Abramowitz and Stegun 1964, 9.8.1 to 9.8.4; errors below 3e-7. The functions of <cmath> take a hundred
  // times as long.
  constexpr double border = 3.75;
  if (x < border) {
    const double t = (x / border) * (x / border), scale = std::exp(-x);
    constexpr std::array near0{1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813};
    constexpr std::array near1{0.5, 0.87890594, 0.51498869, 0.15084934, 0.02658733, 0.00301532, 0.00032411};
    return {scale * polynomial(near0, t), scale * x * polynomial(near1, t)};
  }
  const double t = border / x, scale = 1.0 / std::sqrt(x);
  constexpr std::array far0{0.39894228,  0.01328592, 0.00225319,  -0.00157565, 0.00916281,
                            -0.02057706, 0.02635537, -0.01647633, 0.00392377};
  constexpr std::array far1{0.39894228, -0.03988024, -0.00362018, 0.00163801, -0.01031555,
                            0.02282967, -0.02895312, 0.01787654,  -0.00420059};
  return {scale * polynomial(far0, t), scale * polynomial(far1, t)};
}

// Beyond this many sigma the series in 1 / SNR is nearer to the truth than the Bessel functions above.
constexpr double high_snr = 12.0;

}  // namespace

double Rice::mean(double signal) const {
  if (!(sigma_ > 0.0)) return signal;
  const double snr = signal / sigma_;
  if (snr > high_snr) {
    const double u = 1.0 / (snr * snr);
    return signal * (1.0 + u * (0.5 + u * (0.125 + u * 0.1875)));
  }
  const double x = 0.25 * snr * snr;
  const ScaledBessel b = scaled_bessel(x);
  return sigma_ * std::sqrt(std::numbers::pi / 2.0) * ((1.0 + 2.0 * x) * b.i0 + 2.0 * x * b.i1);
}

double Rice::slope(double signal) const {
  if (!(sigma_ > 0.0)) return 1.0;
  const double snr = signal / sigma_;
  if (snr > high_snr) {
    const double u = 1.0 / (snr * snr);
    return 1.0 - u * (0.5 + u * (0.375 + u * 0.9375));
  }
  const ScaledBessel b = scaled_bessel(0.25 * snr * snr);
  return std::sqrt(std::numbers::pi / 2.0) * 0.5 * snr * (b.i0 + b.i1);
}

}  // namespace genu::imaging
