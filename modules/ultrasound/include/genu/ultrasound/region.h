// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/frame.h>

namespace genu::ultrasound {

// The codes of DICOM PS3.3 C.8.5.5.1; others that a file holds are kept and named "unknown".

/// What one step of an axis is measured in.
enum class RegionUnit {
  none,
  percent,
  decibel,
  centimetre,
  second,
  hertz,
  decibel_per_second,
  centimetre_per_second,
  square_centimetre,
  square_centimetre_per_second,
  cubic_centimetre,
  cubic_centimetre_per_second,
  degree
};
/// How a region is laid out.
enum class RegionFormat { none, two_dimensional, m_mode, spectral, waveform, graphics };
/// What a region shows.
enum class RegionContent {
  none,
  tissue,
  colour_flow,
  pulsed_wave_doppler,
  continuous_wave_doppler,
  doppler_mean_trace,
  doppler_mode_trace,
  doppler_maximum_trace,
  volume_trace,
  volume_change_trace,
  ecg_trace,
  pulse_trace,
  phonocardiogram_trace,
  grey_bar,
  colour_bar,
  integrated_backscatter,
  area_trace,
  area_change_trace,
  other_trace
};
std::string_view name(RegionUnit unit);        ///< "cm", "s", "cm/s" ...
std::string_view name(RegionFormat format);    ///< "2D", "M-mode" ...
std::string_view name(RegionContent content);  ///< "tissue", "colour flow" ...

/// What the pixels of a region mean along one axis: x to the right, y downwards.
struct RegionAxis {
  RegionUnit unit = RegionUnit::none;
  double delta = std::numeric_limits<double>::quiet_NaN();  ///< From a pixel to the next; may be negative.
  /// Counted from the region's own first pixel; may lie outside of it.
  std::optional<std::int64_t> reference_pixel;
  double reference_value = std::numeric_limits<double>::quiet_NaN();  ///< At the reference pixel, in `unit`.
};

/// One item of the Sequence of Ultrasound Regions (0018,6011), as the file states it.
struct UltrasoundRegion {
  int item = 0;                                               ///< Place in the sequence, from 1.
  std::int64_t min_x = 0, min_y = 0, max_x = -1, max_y = -1;  ///< First and last pixel.
  RegionFormat format = RegionFormat::none;
  RegionContent content = RegionContent::none;
  bool high_priority = true;  ///< Its pixels lie upon those of regions that are not.
  RegionAxis x, y;
  double transducer_frequency_khz = std::numeric_limits<double>::quiet_NaN();
};

/// How a region lies in the picture. `edge`: its last column or row is counted one too far, as several
/// machines do. `reaches_out`: only a part of it is in the picture.
enum class RegionPlace { inside, edge, reaches_out, outside, empty };
RegionPlace place_of(const UltrasoundRegion& region, int width, int height);

/// Returns the part of a region that is in the picture, if there is one.
std::optional<PixelBounds> visible_part(const UltrasoundRegion& region, int width, int height);
/// Returns that part of a picture. \throws InvalidInput if it is not wholly in the picture
Frame cropped(const Frame& frame, const PixelBounds& part);

struct ScaleOptions {
  /// Trust a region that reaches out of the picture: somebody knows that the picture was cropped and not
  /// made smaller.
  bool trust_cropped = false;
};

/// The size of a region's pixels, or why it is not known.
struct RegionScale {
  std::optional<PixelSize> pixel_size;
  bool x_reversed = false, y_reversed = false;  ///< The region's values fall to the right, or downwards.
  std::string reason;                           ///< A clause; empty where the size is known.
};
/// Returns the size of a region's pixels if both its axes are lengths: a 2-D region in cm x cm, wholly in the
/// picture. x and y may differ.
RegionScale scale_of(const UltrasoundRegion& region, int width, int height, const ScaleOptions& options = {});

/// Returns the region that a pixel belongs to: of those that overlap there one of high priority, and among
/// equals the smallest (a grey bar lies upon the image, and not the other way round).
std::optional<std::size_t> region_at(std::span<const UltrasoundRegion> regions, const PixelPoint& pixel);
/// Returns what a place in the picture means along x and y of a region, in the units of its axes; NaN where
/// the file states no reference pixel.
std::array<double, 2> values_at(const UltrasoundRegion& region, const PixelPoint& pixel);

/// Returns the row in which y is 0, in most machines that of the probe's face; nothing if the file states no
/// reference pixel, y has no step, or that row is not in the region.
std::optional<double> zero_row(const UltrasoundRegion& region);

/// Returns what is odd about the regions of a picture, a sentence each.
std::vector<std::string> region_warnings(std::span<const UltrasoundRegion> regions, int width, int height);

}  // namespace genu::ultrasound
