// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/frame.h>
#include <genu/core/knee.h>

namespace genu::ultrasound {

/// The lines of the trochlea's cartilage in a transverse picture: one row a column, NaN = not seen.
struct TrochlearContours {
  std::vector<double> near_px;  ///< Outer border of the bright interface between soft tissue and cartilage.
  std::vector<double> far_px;   ///< Inner border of this interface, where the dark cartilage begins.
  std::vector<double> bone_px;  ///< Leading edge of the bone's echo.
};

/// Speeds of sound that are believed: soft tissue lies between 1400 (fat) and 2000 m/s.
constexpr double least_sound_speed_m_s = 1300.0, most_sound_speed_m_s = 2200.0;

struct TrochlearZoneOptions {
  std::optional<PixelSize> pixel_size = {};  ///< Without it, thickness is in pixels, taken as square.
  double machine_sound_speed_m_s = 1540.0;   ///< That the machine's scale rests on.
  /// Thickness is multiplied by its ratio to the machine's. Sound is faster in cartilage: 1626 (SD 86) m/s in
  /// bovine patellae (Patil et al. 2004, Ultrasound Med Biol 30:953), 1892 (SD 183) m/s in human hips and
  /// ankles (Yao and Seedhom 1999, Rheumatology 38:1269). The default corrects nothing, as most studies do.
  double cartilage_sound_speed_m_s = 1540.0;
  std::optional<Side> knee = {};  ///< Which knee; with `picture_left` it tells medial from lateral.
  std::optional<Side> picture_left =
      {};  ///< The patient's side at the left of the picture; usually the right.
  std::optional<double> sulcus_px =
      {};                            ///< Column of the deepest point; without it, the bone line's deepest.
  double intercondylar_part = 0.25;  ///< Of the measured width, around the sulcus.
};

constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

/// In mm (or pixels without a pixel size); NaN where no column was measured.
struct ThicknessFigures {
  double mean = not_measured, median = not_measured, min = not_measured, max = not_measured;
  double area = not_measured;  ///< Between the lines, in mm2 (or pixels).
};

/// Some columns of the picture.
struct ZonePart {
  std::string name;
  /// Columns, rounded; the second is the next part's first, and the last column of the rightmost part.
  double begin_px = 0.0, end_px = 0.0;
  std::size_t columns = 0;  ///< Of the picture between them.
  std::size_t columns_measured = 0;
  ThicknessFigures near;  ///< From the near (outer) border of the interface to the bone.
  ThicknessFigures far;   ///< From its far (inner) border to the bone.
  double part_measured() const {
    return columns == 0 ? 0.0 : static_cast<double>(columns_measured) / static_cast<double>(columns);
  }
};

struct TrochlearZone {
  ZonePart whole;
  std::array<ZonePart, 3> thirds;  ///< From left to right in the picture.
};

struct TrochlearThickness {
  bool in_mm = false;
  double sound_speed_factor = 1.0;   ///< Contained in every thickness and area.
  std::vector<double> near, far;     ///< One per column of the contours, NaN = not measured.
  std::optional<double> sulcus_px;   ///< Nothing if it is not in the picture; then there are no zones.
  std::vector<TrochlearZone> zones;  ///< None, or three from left to right.
  ZonePart all;                      ///< Every column.
  std::vector<std::string> notes;    ///< What the reader must know, in words.
};

/// Returns the thickness of cartilage between lines that a person drew or that were found.
///
/// Thickness at a column is the shortest distance from the bone to the other line. Zones lie symmetrically
/// around the sulcus, as wide as the shorter side; the middle quarter is intercondylar, and left and right of
/// it lie medial and lateral, three thirds each, no column in two of them: the zones of Harkey et al. 2020 (J
/// Sport Rehabil 29:1042) and of the SCOUT program (White et al. 2024, Comput Methods Biomech Biomed Engin
/// 27:531), whose table of manual contours this reproduces. Medial and lateral are never guessed: without
/// both sides' options, zones are "left", "middle" and "right". \throws InvalidInput if the lines differ in
/// length or options make no sense
TrochlearThickness measure_trochlear_thickness(const TrochlearContours& contours,
                                               const TrochlearZoneOptions& options = {});

}  // namespace genu::ultrasound
