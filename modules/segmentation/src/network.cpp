// SPDX-License-Identifier: Apache-2.0
#include "network.h"

#include <algorithm>
#include <cmath>
#include <mutex>
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
  OneThreadEach() : before_(cv::getNumThreads()) { cv::setNumThreads(1); }
  ~OneThreadEach() { cv::setNumThreads(before_); }
  OneThreadEach(const OneThreadEach&) = delete;
  OneThreadEach& operator=(const OneThreadEach&) = delete;

 private:
  int before_;
};

}  // namespace

std::array<std::int64_t, 3> pair_steps(double slice_mm) {
  std::array<std::int64_t, 3> steps{};
  for (std::size_t p = 0; p < steps.size(); ++p)
    steps[p] = std::max<std::int64_t>(std::llround(pair_mm[p] / slice_mm), p ? steps[p - 1] + 1 : 1);
  return steps;
}

/// Networks ready to run: OpenCV's can serve only one thread at a time.
struct KneeNetwork::Pool {
  std::vector<char> onnx;
  std::mutex mutex;
  std::vector<cv::dnn::Net> idle;

  cv::dnn::Net take() {
    {
      const std::lock_guard lock(mutex);
      if (!idle.empty()) {
        cv::dnn::Net net = idle.back();  // a handle
        idle.pop_back();
        return net;
      }
    }
    return cv::dnn::readNetFromONNX(onnx.data(), onnx.size());
  }
  void give_back(const cv::dnn::Net& net) {
    const std::lock_guard lock(mutex);
    idle.push_back(net);
  }
};

KneeNetwork::KneeNetwork(std::span<const std::byte> onnx) : pool_(std::make_unique<Pool>()) {
  const char* first = reinterpret_cast<const char*>(onnx.data());
  pool_->onnx.assign(first, first + onnx.size());
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

Probabilities NetworkAccess::predict(const KneeNetwork& network, const Stack& stack, double slice_mm,
                                     unsigned threads, const Progress& progress) {
  Probabilities result;
  result.size = stack.size;
  const auto slices = static_cast<std::size_t>(stack.size[0]);
  result.values.resize(slices * class_count * stack.slice_pixels());
  const std::array<int, 4> shape{1, channel_count, static_cast<int>(padded(stack.size[1])),
                                 static_cast<int>(padded(stack.size[2]))};
  const OneThreadEach one_each;
  const std::size_t together = std::max<std::size_t>(thread_count(threads), 1) * 2;
  for (std::size_t first = 0; first < slices; first += together) {
    progress.report("segmenting", static_cast<double>(first) / static_cast<double>(slices));
    parallel_for(
        std::min(together, slices - first),
        [&](std::size_t begin, std::size_t end) {
          cv::dnn::Net net = network.pool_->take();
          cv::Mat input(4, shape.data(), CV_32F, cv::Scalar(0));
          for (std::size_t s = first + begin; s < first + end; ++s) {
            fill_channels(stack, static_cast<std::int64_t>(s), slice_mm, input);
            net.setInput(input);
            store(net.forward(), static_cast<std::int64_t>(s), result);
          }
          network.pool_->give_back(net);
        },
        threads, 2);
  }
  return result;
}

}  // namespace genu::segmentation
