// SPDX-License-Identifier: Apache-2.0
// Measures phantoms twice, each time on another grid and in another pose, and prints the precision table that
// ships with Genu (data/followup/phantom-1.json):
//
//   repeat_phantoms PAIRS SLICE_MM > phantom-1.json
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <optional>
#include <random>
#include <span>
#include <string>

#include <genu/core/text.h>
#include <genu/followup/precision.h>
#include <genu/io/files.h>
#include <genu/io/followup_files.h>
#include <genu/io/results.h>
#include <genu/phantom/scan.h>
#include <genu/segmentation/segment.h>

namespace genu {
namespace {

constexpr double in_plane_mm = 0.4;

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : engine_(seed) {}
  double between(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1.0p-53);
  }
  bool often(double part) { return between(0.0, 1.0) < part; }

 private:
  std::mt19937_64 engine_;
};

/// A knee of any size, thickness and wear.
phantom::KneeOptions any_knee(Chance& chance) {
  phantom::KneeOptions knee;
  knee.side = chance.often(0.5) ? Side::left : Side::right;
  knee.scale = chance.between(0.9, 1.1);
  knee.femoral_thickness_mm = chance.between(1.4, 2.6);
  knee.medial_tibial_thickness_mm = chance.between(1.2, 2.3);
  knee.lateral_tibial_thickness_mm = chance.between(1.5, 2.7);
  knee.patellar_thickness_mm = chance.between(1.8, 3.2);
  using phantom::Plate;
  const auto wear = [&](Plate plate, double u, double v, double spread) {
    if (!chance.often(0.4)) return;
    knee.defects.push_back({"wear", plate, u + chance.between(-spread, spread),
                            v + chance.between(-spread, spread), chance.between(5.0, 16.0),
                            chance.often(0.5) ? 1.0 : chance.between(0.3, 0.9)});
  };
  wear(Plate::medial_tibia, 0.0, 0.0, 5.0);
  wear(Plate::lateral_tibia, 0.0, 0.0, 4.0);
  wear(Plate::femur, -22.0, 0.0, 5.0);
  wear(Plate::femur, 22.0, -5.0, 5.0);
  wear(Plate::patella, 0.0, 0.0, 5.0);
  if (chance.often(0.5))
    knee.spurs.push_back({Bone::tibia, true, chance.between(2.0, 5.0), chance.between(4.0, 8.0)});
  return knee;
}

Vector3 any_direction(Chance& chance) {
  return normalized({chance.between(-1.0, 1.0), chance.between(-1.0, 1.0), chance.between(-1.0, 1.0)});
}

/// The knee somewhere in the scanner, the grid turned by up to 6 degrees and shifted by up to a millimetre
/// from the last time.
struct Measured {
  LabelMap labels;
  cartilage::CartilageReport report;
};
Measured measured(phantom::KneeOptions options, double slice_mm, const segmentation::KneeNetwork* network,
                  Chance& chance) {
  options.patient_from_knee =
      RigidTransform::translation_by(chance.between(0.0, 15.0) * any_direction(chance)) *
      RigidTransform::rotation_about({}, any_direction(chance), chance.between(0.0, 12.0));
  const phantom::Knee knee(options);
  const RigidTransform turned =
      RigidTransform::translation_by(chance.between(0.0, 1.0) * any_direction(chance)) *
      RigidTransform::rotation_about(knee.frame().origin, any_direction(chance), chance.between(0.0, 6.0));
  const ImageGeometry grid = moved(phantom::sagittal_grid(knee, in_plane_mm, slice_mm), turned);
  phantom::Scan scan = phantom::scan(knee, grid,
                                     {.noise_sd = network ? chance.between(0.01, 0.04) : 0.0,
                                      .seed = static_cast<std::uint64_t>(1e6 * chance.between(0.0, 1.0)),
                                      .samples_per_mm = network ? 2 : 1});
  LabelMap labels = network ? segmentation::segment(scan.image, *network, {.side = options.side}).labels
                            : std::move(scan.labels);
  cartilage::CartilageReport report = cartilage::measure_knee(labels, {.side = options.side});
  return {std::move(labels), std::move(report)};
}

std::optional<segmentation::KneeNetwork> network_in(const std::filesystem::path& file) {
  if (file.empty()) return std::nullopt;
  const std::string onnx = io::read_text(file);
  return segmentation::KneeNetwork(
      std::as_bytes(std::span(onnx)),
      io::read_calibration(std::filesystem::path(file).replace_extension(".json")));
}

int run(int pairs, double slice_mm, const std::filesystem::path& model) {
  const std::optional<segmentation::KneeNetwork> network = network_in(model);
  std::vector<followup::VisitChange> repeats;
  for (int n = 0; n < pairs; ++n) {
    Chance chance(static_cast<std::uint64_t>(1000 + n));
    const phantom::KneeOptions knee = any_knee(chance);
    const Measured first = measured(knee, slice_mm, network ? &*network : nullptr, chance),
                   second = measured(knee, slice_mm, network ? &*network : nullptr, chance);
    repeats.push_back(
        followup::compare({"first", first.report, first.labels}, {"second", second.report, second.labels}));
    std::cerr << n + 1 << " of " << pairs << '\n';
  }
  std::cout << io::to_json(followup::precision_of(
      repeats, "phantom-1",
      std::to_string(pairs) + " phantom knees, each scanned twice (" + fixed(in_plane_mm, 2) + " x " +
          fixed(in_plane_mm, 2) + " x " + fixed(slice_mm, 1) + " mm) in other poses, on other grids, " +
          (network ? "with other noise, and segmented by Genu's network; phantoms are simpler than knees"
                   : "labels exact; how readers or networks scatter comes on top")));
  return 0;
}

}  // namespace
}  // namespace genu

int main(int argc, char** argv) {
  if (argc < 3 || argc > 4) {
    std::cerr << "repeat_phantoms PAIRS SLICE_MM [MODEL.onnx]\n";
    return 2;
  }
  return genu::run(std::atoi(argv[1]), std::atof(argv[2]), argc == 4 ? argv[3] : "");
}
