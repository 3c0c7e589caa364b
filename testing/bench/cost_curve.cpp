// SPDX-License-Identifier: Apache-2.0
// What measuring a knee costs against its voxels and vertices, and where the time goes: cost_curve [LABELS
// TABLE] prints CSV for a phantom at several resolutions, or for a file. Seconds of one run, on as many cores
// as there are.
#include <array>
#include <chrono>
#include <iostream>
#include <map>
#include <string>

#include <genu/cartilage/report.h>
#include <genu/io/volume_files.h>

#include "phantom_knees.h"

namespace {

using namespace genu;

constexpr std::array steps{"labels", "surface", "thickness", "regions", "lesions"};

/// Time by step: what a step reports last is what the time before went into.
class Watch {
 public:
  void see(const std::string& step) {
    const auto now = std::chrono::steady_clock::now();
    // After its regions a bone has its measures and lesions, then the next one begins.
    const bool after_regions = last_ == "regions" && step != "regions";
    seconds_[after_regions || step == "done" ? "lesions" : step] +=
        std::chrono::duration<double>(now - since_).count();
    since_ = now;
    last_ = step;
  }
  double of(const std::string& step) const { return seconds_.contains(step) ? seconds_.at(step) : 0.0; }

 private:
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
  std::string last_;
  std::map<std::string, double> seconds_;
};

void measure(const LabelMap& labels, const std::string& what) {
  Watch watch;
  const Progress progress([&](std::string_view step, double) { watch.see(std::string(step)); });
  const cartilage::CartilageReport report = cartilage::measure_knee(labels, {.side = Side::right}, progress);
  std::size_t vertices = 0;
  for (const cartilage::BoneMap& map : report.bones)
    vertices += map.surface.vertices().size() + map.cartilage.vertices().size();
  double total = 0.0;
  for (const char* step : steps) total += watch.of(step);
  std::cout << what << "," << labels.voxels().size() << "," << vertices << "," << total;
  for (const char* step : steps) std::cout << "," << watch.of(step);
  std::cout << std::endl;
}

}  // namespace

int main(int argc, char** argv) {
  std::cout << "labels,voxels,vertices,seconds";
  for (const char* step : steps) std::cout << "," << step;
  std::cout << "\n";
  if (argc > 2) {
    measure(io::read_labels(argv[1], io::label_table_named(argv[2])), "file");
    return 0;
  }
  const phantom::Knee knee{phantom::KneeOptions{}};
  for (const double in_plane : {1.0, 0.8, 0.6, 0.5, 0.42, 0.36, 0.3, 0.26})
    measure(bench::labels_of(knee, in_plane, 2.0 * in_plane), "phantom");
  return 0;
}
