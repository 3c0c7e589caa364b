// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <genu/core/progress.h>
#include <genu/ultrasound/clip.h>

namespace genu::io {

struct ClipReadOptions {
  std::int64_t max_bytes = std::int64_t{4} << 30;  ///< Of all decoded frames; larger ones are refused.
};

/// Reads an ultrasound still or clip: a DICOM image of one frame or more, or a PNG or JPEG picture (which has
/// no scale), told apart by content.
///
/// Colours become red, green and blue (palettes, YBR_FULL, YBR_FULL_422 and JPEG 2000's own; a JPEG's markers
/// go before the header's words). Grey of 8 stored bits stays as it is; other grey goes through the header's
/// window, or else its stored bits are spread over 8, and `grey_mapping` says which. Regions, times and
/// warnings are those of the header; a damaged region costs its scale and not the pictures.
/// \throws SeriesRefused (an IoError) naming file, tag and value: encodings that nothing here decodes (JPEG
/// XL and films), pixels that are cut short, sizes that are absurd or that the codestream contradicts
ultrasound::UltrasoundClip read_ultrasound_clip(const std::filesystem::path& file,
                                                const ClipReadOptions& options = {},
                                                const Progress& progress = {});

/// Returns what is known of a clip beside its pixels (data/schemas/ultrasound_clip.schema.json).
/// \param source what a reader is told that it was, such as its file's name
std::string to_json(const ultrasound::UltrasoundClip& clip, std::string_view source);

/// Returns the header, and one row a region: file, region, what it shows, bounds, units, deltas, mm a pixel
/// or why not. A clip without regions has one row, with the reason, and so has a file that was refused.
std::string clip_regions_csv_header();
std::string clip_refusal_csv_row(std::string_view source, std::string_view reason);
std::string clip_regions_csv_rows(const ultrasound::UltrasoundClip& clip, std::string_view source);

}  // namespace genu::io
