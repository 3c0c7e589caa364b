// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/core/knee.h>

#include "canvas.h"
#include "scene.h"

// What the 3-D figures write around their scenes.
namespace genu::render {

inline constexpr Colour paper{255, 255, 255};
inline constexpr Colour ink{30, 32, 38};
inline constexpr Colour faint_ink{105, 110, 120};

/// A block of a picture, in pixels.
struct Block {
  int left = 0;
  int top = 0;
  int width = 0;
  int height = 0;
};

/// Returns which way of the knee a direction points: "lateral", "distal", ...
std::string knee_direction(const KneeFrame& frame, const Vector3& direction);

/// Writes knee directions at the four edges of a scene.
void write_directions(Canvas& canvas, const Block& scene, const KneeFrame& frame, const Eye& eye, int size);

/// Draws a bar of 10 mm with its length, its left end at `left`, its foot at `bottom`.
void draw_scale_bar(Canvas& canvas, int left, int bottom, double pixel_mm, int size);

struct LegendEntry {
  Colour colour;
  std::string words;
};

/// The height of a legend's row, in sizes of its letters.
inline constexpr double legend_row = 1.65;

/// Draws swatches with words, one below the other, and returns the next free row.
int draw_legend(Canvas& canvas, int left, int top, const std::vector<LegendEntry>& entries, int size);

}  // namespace genu::render
