// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <genu/core/parallel.h>

#include "model.h"
#include "require.h"

namespace genu::phantom {
namespace {

/// Sums over a plate or a part of it, in model units.
struct Sums {
  double area = 0.0;
  double denuded = 0.0;
  double thickness = 0.0;
  double volume = 0.0;
  std::vector<double> crater_area;

  void operator+=(const Sums& b) {
    area += b.area;
    denuded += b.denuded;
    thickness += b.thickness;
    volume += b.volume;
    for (std::size_t c = 0; c < crater_area.size(); ++c) crater_area[c] += b.crater_area[c];
  }
};

Sums sum_row(const BoneSurface& bone, const Layer& layer, double step, std::size_t row) {
  Sums sums;
  sums.crater_area.resize(layer.craters.size());
  sweep_row(bone, layer, step, row, [&](const SurfacePoint& at, double area) {
    const double t = layer.thickness(at.point);
    sums.area += area;
    sums.thickness += area * t;
    if (t > 0.0) {
      // A layer of thickness t on a curved surface: Steiner's formula.
      const Curvature c = bone.curvature(at.point);
      sums.volume += area * t * (1.0 + c.mean * t + c.gaussian * t * t / 3.0);
    } else {
      sums.denuded += area;
    }
    for (std::size_t c = 0; c < layer.craters.size(); ++c)
      if (length(at.point - layer.craters[c].centre) < layer.craters[c].radius) sums.crater_area[c] += area;
  });
  return sums;
}

Sums sum_plate(const BoneSurface& bone, const Layer& layer, double step) {
  const std::size_t rows = rows_of(layer.plate, step);
  std::vector<Sums> row_sums(rows);
  parallel_for(
      rows,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t row = begin; row < end; ++row) row_sums[row] = sum_row(bone, layer, step, row);
      },
      0, 1);
  Sums total;
  total.crater_area.resize(layer.craters.size());
  for (const Sums& row : row_sums) total += row;  // in order: the same bits for any number of threads
  return total;
}

}  // namespace

Truth truth_of(const Knee& knee, double step_mm) {
  require_in("measuring a phantom's truth", "step_mm", step_mm, 0.05, 2.0);
  const Model& model = model_of(knee);
  const double scale = knee.options().scale;
  Truth truth;
  truth.lesions.resize(knee.options().defects.size());
  for (const Plate plate : all_plates) {
    const BoneSurface& bone = model.surface(bone_of(plate));
    const Layer& layer = model.layer(plate);
    const Sums sums = sum_plate(bone, layer, step_mm);
    truth.plates.push_back({plate, scale * scale * sums.area, scale * scale * sums.denuded,
                            scale * sums.thickness / sums.area, scale * scale * scale * sums.volume});
    std::size_t crater = 0;
    for (std::size_t d = 0; d < truth.lesions.size(); ++d) {
      const Defect& defect = knee.options().defects[d];
      if (defect.plate != plate) continue;
      const Vector3 centre = layer.craters[crater].centre;
      truth.lesions[d] = {defect, model.to_patient(centre), model.direction_to_patient(bone.normal(centre)),
                          scale * scale * sums.crater_area[crater]};
      ++crater;
    }
  }
  return truth;
}

}  // namespace genu::phantom
