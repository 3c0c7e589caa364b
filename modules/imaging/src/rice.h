// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace genu::imaging {

/// The mean of a magnitude whose two channels have noise: Rice's distribution (Gudbjartsson and Patz 1995,
/// Magn. Reson. Med. 34:910). With sigma 0 the magnitude is the signal.
class Rice {
 public:
  explicit Rice(double sigma) : sigma_(sigma) {}

  double sigma() const { return sigma_; }
  double mean(double signal) const;
  double slope(double signal) const;  ///< Of the mean over the signal.

 private:
  double sigma_;
};

}  // namespace genu::imaging
