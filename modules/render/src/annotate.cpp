// SPDX-License-Identifier: Apache-2.0
#include "annotate.h"

#include <array>
#include <cmath>
#include <utility>

namespace genu::render {

std::string knee_direction(const KneeFrame& frame, const Vector3& direction) {
  const std::array<std::pair<Vector3, std::array<const char*, 2>>, 3> axes{
      {{frame.lateral, {"lateral", "medial"}},
       {frame.anterior, {"anterior", "posterior"}},
       {frame.proximal, {"proximal", "distal"}}}};
  std::string best;
  double most = 0.0;
  for (const auto& [axis, words] : axes) {
    const double along = dot(axis, direction);
    if (std::abs(along) <= most) continue;
    most = std::abs(along);
    best = words[along > 0.0 ? 0 : 1];
  }
  return best;
}

void write_directions(Canvas& canvas, const Block& scene, const KneeFrame& frame, const Eye& eye, int size) {
  const double middle_x = scene.left + 0.5 * scene.width, middle_y = scene.top + 0.5 * scene.height;
  const auto put = [&](double x, double y, const Vector3& direction, double across, double above) {
    canvas.text({x, y}, knee_direction(frame, direction), {size, faint_ink, false, across, above, paper});
  };
  constexpr double gap = 6.0;
  put(middle_x, scene.top + gap, eye.up, 0.5, 0.0);
  put(middle_x, scene.top + scene.height - gap, -eye.up, 0.5, 1.0);
  put(scene.left + gap, middle_y, -eye.right(), 0.0, 0.5);
  put(scene.left + scene.width - gap, middle_y, eye.right(), 1.0, 0.5);
}

void draw_scale_bar(Canvas& canvas, int left, int bottom, double pixel_mm, int size) {
  const int length = static_cast<int>(std::lround(10.0 / pixel_mm));
  canvas.fill(left, bottom - 3, left + length, bottom, ink);
  canvas.text({left + 0.5 * length, bottom - 5.0}, "10 mm", {size, ink, false, 0.5, 1.0, paper});
}

int draw_legend(Canvas& canvas, int left, int top, const std::vector<LegendEntry>& entries, int size) {
  const int line = static_cast<int>(std::lround(legend_row * size));
  for (const LegendEntry& entry : entries) {
    canvas.fill(left, top, left + size, top + size, faint_ink);
    canvas.fill(left + 1, top + 1, left + size - 1, top + size - 1, entry.colour);
    canvas.text({left + 1.6 * size, top + 0.5 * size}, entry.words, {size, ink, false, 0.0, 0.5, {}});
    top += line;
  }
  return top;
}

}  // namespace genu::render
