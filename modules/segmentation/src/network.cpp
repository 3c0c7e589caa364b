// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <string>
#include <utility>

#include <opencv2/core.hpp>
#include <opencv2/dnn.hpp>

#include <genu/core/error.h>
#include <genu/core/parallel.h>

namespace genu::segmentation {
namespace {

constexpr std::size_t channel_count = 7;
// The network halves the picture four times.
constexpr std::int64_t stride = 16;
constexpr std::array<double, 3> pair_mm{1.5, 5.0, 12.0};

std::int64_t padded(std::int64_t n) {
  return (n + stride - 1) / stride * stride;
}

/// Puts a slice and what its neighbours are into the network's input; rows and columns beyond the slice stay
/// 0.
void fill_channels(const Stack& stack, std::int64_t slice, double slice_mm, cv::Mat& input) {
  const std::int64_t last = stack.size[0] - 1;
  const auto rows = static_cast<std::size_t>(stack.size[1]),
             columns = static_cast<std::size_t>(stack.size[2]);
  const auto wide = static_cast<std::size_t>(input.size[3]);
  const auto plane = static_cast<std::size_t>(input.size[2]) * wide;
  const auto values_of = [&](std::int64_t s) {
    return stack.values.data() + static_cast<std::size_t>(s) * rows * columns;
  };
  float* out = input.ptr<float>();
  const float* own = values_of(slice);
  for (std::size_t r = 0; r < rows; ++r) std::copy_n(own + r * columns, columns, out + r * wide);
  std::size_t channel = 1;
  for (const std::int64_t step : pair_steps(slice_mm)) {
    const float* a = values_of(std::max<std::int64_t>(slice - step, 0));
    const float* b = values_of(std::min(slice + step, last));
    float* mean = out + channel * plane;
    float* difference = mean + plane;
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c) {
        const float x = a[r * columns + c], y = b[r * columns + c];
        mean[r * wide + c] = 0.5F * (x + y);
        difference[r * wide + c] = std::abs(x - y);
      }
    channel += 2;
  }
}

void store(const cv::Mat& output, std::int64_t slice, Probabilities& to) {
  const auto rows = static_cast<std::size_t>(to.size[1]), columns = static_cast<std::size_t>(to.size[2]);
  const auto wide = static_cast<std::size_t>(output.size[3]);
  const auto plane = static_cast<std::size_t>(output.size[2]) * wide;
  const float* in = output.ptr<float>();
  for (std::size_t k = 0; k < class_count; ++k) {
    std::uint8_t* out = to.of(slice, static_cast<Class>(k));
    for (std::size_t r = 0; r < rows; ++r)
      for (std::size_t c = 0; c < columns; ++c)
        out[r * columns + c] = static_cast<std::uint8_t>(std::lround(255.0F * in[k * plane + r * wide + c]));
  }
}

/// OpenCV counts its threads for the whole process; while slices run side by side, each takes one.
class OneThreadEach {
 public:
  OneThreadEach() {
    const std::lock_guard lock(mutex);
    if (users++ > 0) return;
    before = cv::getNumThreads();
    cv::setNumThreads(1);
  }
  ~OneThreadEach() {
    const std::lock_guard lock(mutex);
    if (--users == 0) cv::setNumThreads(before);
  }
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;

 private:
  static inline std::mutex mutex;
  static inline int users = 0;
  static inline int before = 1;
};

}  // namespace

std::array<std::int64_t, 3> pair_steps(double slice_mm) {
  std::array<std::int64_t, 3> steps{};
  for (std::size_t p = 0; p < steps.size(); ++p)
    steps[p] = std::max<std::int64_t>(std::llround(pair_mm[p] / slice_mm), p ? steps[p - 1] + 1 : 1);
  return steps;
}

/// Networks ready to run: OpenCV's can serve only one thread at a time.
class NetworkPool {
 public:
  NetworkPool(std::span<const std::byte> onnx, Calibration given)
      : calibration(std::move(given)),
        onnx_(reinterpret_cast<const char*>(onnx.data()),
              reinterpret_cast<const char*>(onnx.data()) + onnx.size()) {}

  cv::dnn::Net take() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        cv::dnn::Net net = idle_.back();  // a handle
        idle_.pop_back();
        return net;
      }
    }
    return cv::dnn::readNetFromONNX(onnx_.data(), onnx_.size());
  }
  void give_back(const cv::dnn::Net& net) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(net);
  }

  const Calibration calibration;

 private:
  std::vector<char> onnx_;
  std::mutex mutex_;
  std::vector<cv::dnn::Net> idle_;
};

namespace {

cv::Mat output_of(cv::dnn::Net& net, const cv::Mat& input) {
  try {
    net.setInput(input);
    return net.forward();
  } catch (const cv::Exception& error) {
    throw InvalidInput("the network can't work on slices of " + std::to_string(input.size[2]) + " x " +
                       std::to_string(input.size[3]) + " pixels: " + error.err);
  }
}

/// Returns the probabilities on some slices of a stack, in their order.
Probabilities predict_slices(NetworkPool& pool, const Stack& stack, double slice_mm,
                             const std::vector<std::int64_t>& slices, unsigned threads,
                             const Progress& progress) {
  Probabilities result;
  result.size = {static_cast<std::int64_t>(slices.size()), stack.size[1], stack.size[2]};
  result.values.resize(slices.size() * class_count * stack.slice_pixels());
  const std::array<int, 4> shape{1, channel_count, static_cast<int>(padded(stack.size[1])),
                                 static_cast<int>(padded(stack.size[2]))};
  const OneThreadEach one_each;
  const std::size_t together = std::max<std::size_t>(thread_count(threads), 1) * 2;
  for (std::size_t first = 0; first < slices.size(); first += together) {
    progress.report("segmenting", static_cast<double>(first) / static_cast<double>(slices.size()));
    parallel_for(
        std::min(together, slices.size() - first),
        [&](std::size_t begin, std::size_t end) {
          cv::dnn::Net net = pool.take();
          cv::Mat input(4, shape.data(), CV_32F, cv::Scalar(0));
          for (std::size_t n = first + begin; n < first + end; ++n) {
            fill_channels(stack, slices[n], slice_mm, input);
            store(output_of(net, input), static_cast<std::int64_t>(n), result);
          }
          pool.give_back(net);
        },
        threads, 2);
  }
  return result;
}

// The second look: no multiple of what the network halves, and about what a patient's breath changes.
constexpr std::size_t moved_rows = 5, moved_columns = 9;
constexpr std::size_t most_looked_again = 14;

/// Returns the stack moved down and back by a few pixels, its middle tones brighter.
Stack moved(const Stack& stack, unsigned threads) {
  Stack result{stack.size, std::vector<float>(stack.values.size(), 0.0F)};
  const auto rows = static_cast<std::size_t>(stack.size[1]),
             columns = static_cast<std::size_t>(stack.size[2]);
  if (rows <= moved_rows || columns <= moved_columns) return result;
  parallel_for(
      static_cast<std::size_t>(stack.size[0]),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t s = begin; s < end; ++s)
          for (std::size_t r = moved_rows; r < rows; ++r) {
            const float* from = stack.values.data() + (s * rows + r - moved_rows) * columns;
            float* to = result.values.data() + (s * rows + r) * columns + moved_columns;
            for (std::size_t c = 0; c + moved_columns < columns; ++c)
              to[c] = from[c] + 0.25F * from[c] * (1.0F - from[c]);
          }
      },
      threads, 1);
  return result;
}

/// Returns slices that show bone or cartilage, spread evenly.
std::vector<std::int64_t> slices_with_knee(const std::vector<Class>& labels, const Stack& stack) {
  std::vector<std::int64_t> with_knee;
  const std::size_t pixels = stack.slice_pixels();
  for (std::int64_t s = 0; s < stack.size[0]; ++s) {
    const auto first = labels.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(s) * pixels);
    if (std::any_of(first, first + static_cast<std::ptrdiff_t>(pixels),
                    [](Class c) { return c >= Class::femur && c <= Class::patellar_cartilage; }))
      with_knee.push_back(s);
  }
  if (with_knee.size() <= most_looked_again) return with_knee;
  std::vector<std::int64_t> some;
  for (std::size_t n = 0; n < most_looked_again / 2; ++n) {  // the same ones from either side
    const std::size_t at = (2 * n + 1) * with_knee.size() / (2 * most_looked_again);
    some.push_back(with_knee[at]);
    some.push_back(with_knee[with_knee.size() - 1 - at]);
  }
  return some;
}

}  // namespace

KneeNetwork::KneeNetwork(std::span<const std::byte> onnx, Calibration calibration)
    : pool_(std::make_unique<NetworkPool>(onnx, std::move(calibration))) {
  try {
    cv::dnn::Net net = pool_->take();
    const std::array<int, 4> shape{1, channel_count, stride, stride};
    net.setInput(cv::Mat(4, shape.data(), CV_32F, cv::Scalar(0)));
    const cv::Mat output = net.forward();
    if (output.dims != 4 || output.size[1] != static_cast<int>(class_count) || output.size[2] != stride)
      throw InvalidInput("cannot use the network: it does not give " + std::to_string(class_count) +
                         " classes");
    pool_->give_back(net);
  } catch (const cv::Exception& error) {
    throw InvalidInput("cannot read the network: " + error.err);
  }
}

KneeNetwork::KneeNetwork(KneeNetwork&&) noexcept = default;
KneeNetwork& KneeNetwork::operator=(KneeNetwork&&) noexcept = default;
KneeNetwork::~KneeNetwork() = default;

const Calibration& NetworkAccess::calibration(const KneeNetwork& network) {
  return network.pool_->calibration;
}

Probabilities NetworkAccess::predict(const KneeNetwork& network, const Stack& stack, double slice_mm,
                                     unsigned threads, const Progress& progress) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(stack.size[0]));
  std::iota(all.begin(), all.end(), 0);
  return predict_slices(*network.pool_, stack, slice_mm, all, threads, progress);
}

SecondLook NetworkAccess::look_again(const KneeNetwork& network, const Stack& stack, double slice_mm,
                                     const std::vector<Class>& labels, unsigned threads,
                                     const Progress& progress) {
  const std::vector<std::int64_t> slices = slices_with_knee(labels, stack);
  const Probabilities again =
      predict_slices(*network.pool_, moved(stack, threads), slice_mm, slices, threads, progress);
  std::array<double, class_count> both{}, first{}, second{};
  const auto rows = static_cast<std::size_t>(stack.size[1]),
             columns = static_cast<std::size_t>(stack.size[2]);
  for (std::size_t n = 0; n < slices.size(); ++n) {
    const Class* before = labels.data() + static_cast<std::size_t>(slices[n]) * rows * columns;
    for (std::size_t r = moved_rows; r < rows; ++r)
      for (std::size_t c = moved_columns; c < columns; ++c) {
        const auto was = static_cast<std::size_t>(before[(r - moved_rows) * columns + c - moved_columns]);
        const std::size_t place = r * columns + c;
        std::size_t is = 0;
        std::uint8_t best = 0;
        for (std::size_t k = 0; k < class_count; ++k) {
          const std::uint8_t p = again.of(static_cast<std::int64_t>(n), static_cast<Class>(k))[place];
          if (p > best) {
            best = p;
            is = k;
          }
        }
        first[was] += 1.0;
        second[is] += 1.0;
        if (was == is) both[was] += 1.0;
      }
  }
  SecondLook look{};
  for (std::size_t k = 0; k < class_count; ++k) look[k] = 2.0 * both[k] / (first[k] + second[k]);
  return look;
}

}  // namespace genu::segmentation
