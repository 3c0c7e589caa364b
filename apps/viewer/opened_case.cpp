// SPDX-License-Identifier: Apache-2.0
#include "opened_case.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <genu/io/results.h>
#include <genu/planning/plan.h>

namespace genu::viewer {
namespace {

template <typename T>
std::optional<T> value_at(const std::optional<Volume<T>>& volume, const Point3& p) {
  if (!volume) return std::nullopt;
  const ContinuousIndex c = volume->geometry().to_index(p);
  const VoxelIndex nearest{std::llround(c.i), std::llround(c.j), std::llround(c.k)};
  if (!volume->geometry().contains(nearest)) return std::nullopt;
  return (*volume)[nearest];
}

void find_windows(OpenedCase& opened) {
  const std::vector<float>& voxels = opened.knee.image->voxels();
  // 200 thousand voxels give the percentiles of a knee to well under one grey level.
  const std::size_t stride = std::max<std::size_t>(1, voxels.size() / 200'000);
  std::vector<float> sample;
  sample.reserve(voxels.size() / stride + 1);
  for (std::size_t v = 0; v < voxels.size(); v += stride)
    if (std::isfinite(voxels[v])) sample.push_back(voxels[v]);
  if (sample.empty()) return;
  std::sort(sample.begin(), sample.end());
  const auto at = [&](double fraction) {
    return static_cast<double>(
        sample[static_cast<std::size_t>(fraction * static_cast<double>(sample.size() - 1))]);
  };
  opened.intensity_range = {at(0.0), at(1.0)};
  // Cartilage and fluid are the brightest percent of a knee; they must not run into one white.
  opened.default_window = {at(0.01), at(0.997)};
  // An image of one value, or nearly so, still needs a window that is not empty.
  for (IntensityWindow* window : {&opened.intensity_range, &opened.default_window})
    if (!(window->high > window->low)) window->high = window->low + 1.0;
}

Box box_around_surfaces(const io::Case& knee) {
  Box box;
  const auto include = [&](const TriangleMesh& mesh) {
    for (const Point3& p : mesh.vertices()) box.include(p);
  };
  if (knee.cartilage)
    for (const auto& bone : knee.cartilage->bones) include(bone.surface);
  if (knee.anatomy)
    for (const auto& structure : knee.anatomy->structures) include(structure.surface);
  return box.is_empty() ? Box{{}, {}} : box;
}

}  // namespace

const planning::Approach* OpenedCase::approach(std::string_view name) const {
  const auto found =
      std::find_if(approaches.begin(), approaches.end(), [&](const auto& a) { return a.name == name; });
  return found == approaches.end() ? nullptr : &*found;
}

std::shared_ptr<const OpenedCase> prepare_case(io::Case knee, const std::filesystem::path& folder) {
  auto opened = std::make_shared<OpenedCase>();
  opened->folder = folder;
  if (knee.labels) {
    std::vector<std::uint8_t> numbers(knee.labels->voxels().size());
    std::transform(knee.labels->voxels().begin(), knee.labels->voxels().end(), numbers.begin(),
                   [](Tissue tissue) { return static_cast<std::uint8_t>(tissue); });
    opened->label_numbers.emplace(knee.labels->geometry(), std::move(numbers));
    opened->grid = knee.labels->geometry();
  }
  if (knee.image) opened->grid = knee.image->geometry();
  opened->box = opened->grid ? box_around(*opened->grid) : box_around_surfaces(knee);
  opened->knee = std::move(knee);
  if (opened->knee.image) find_windows(*opened);
  const io::Case& kept = opened->knee;
  const bool may_plan = kept.cartilage && planning::hindrance(*kept.cartilage).empty();
  if (may_plan && kept.anatomy && !kept.anatomy->skin.empty() && !kept.plans.empty()) {
    opened->field.emplace(*kept.anatomy, 0, kept.labels ? &*kept.labels : nullptr);
    opened->approaches = io::known_approaches();
  }
  return opened;
}

std::shared_ptr<const OpenedCase> open_case(const std::filesystem::path& folder) {
  return prepare_case(io::read_case(folder), folder);
}

std::optional<float> intensity_at(const OpenedCase& opened, const Point3& p) {
  return value_at(opened.knee.image, p);
}

std::optional<Tissue> tissue_at(const OpenedCase& opened, const Point3& p) {
  const auto number = value_at(opened.label_numbers, p);
  if (!number) return std::nullopt;
  return static_cast<Tissue>(*number);
}

}  // namespace genu::viewer
