// SPDX-License-Identifier: Apache-2.0
// Where the time of a measurement goes, on analytic bodies: bin/genu_bench --benchmark_filter=...
#include <random>

#include <benchmark/benchmark.h>

#include <genu/cartilage/thickness.h>
#include <genu/surface/extract.h>
#include <genu/surface/obstacles.h>
#include <genu/testing/bodies.h>

namespace {

using namespace genu;

constexpr Point3 centre{11.0, -7.0, 5.0};

LabelMap shell(double spacing_mm) {
  return testing::concentric_spheres(
      testing::oblique_grid({.spacing_mm = {spacing_mm, spacing_mm, 2.0 * spacing_mm}}), centre, 20.0, 22.5);
}

bool is_bone(Tissue t) {
  return is_part_of(t, Bone::femur);
}
bool is_cartilage(Tissue t) {
  return is_cartilage_of(t, Bone::femur);
}

void extract_bone(benchmark::State& state) {
  const LabelMap labels = shell(static_cast<double>(state.range(0)) / 100.0);
  for (auto _ : state) benchmark::DoNotOptimize(surface::extract(labels, is_bone));
  state.counters["voxels"] = static_cast<double>(labels.voxels().size());
}
BENCHMARK(extract_bone)->Arg(72)->Arg(36)->Unit(benchmark::kMillisecond);

void thickness_along_normals(benchmark::State& state) {
  const LabelMap labels = shell(0.36);
  const TriangleMesh bone = surface::extract(labels, is_bone);
  const TriangleMesh cartilage = surface::extract(labels, is_cartilage);
  for (auto _ : state)
    benchmark::DoNotOptimize(
        cartilage::measure_thickness(bone, cartilage, {.threads = static_cast<unsigned>(state.range(0))}));
  state.counters["vertices"] = static_cast<double>(bone.vertices().size());
}
BENCHMARK(thickness_along_normals)->Arg(1)->Arg(2)->Unit(benchmark::kMillisecond);

void needle_clearance(benchmark::State& state) {
  const TriangleMesh ball = testing::icosphere(centre, 30.0, static_cast<int>(state.range(0)));
  const surface::Obstacles obstacles({&ball});
  std::mt19937 random(1);
  std::uniform_real_distribution<double> place(-60.0, 60.0);
  for (auto _ : state) {
    const Point3 entry{place(random), place(random), place(random)};
    benchmark::DoNotOptimize(obstacles.nearest(entry, centre + Vector3{0.0, 0.0, 31.0}));
  }
}
BENCHMARK(needle_clearance)->Arg(5)->Arg(7);

}  // namespace
