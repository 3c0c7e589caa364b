// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <genu/ultrasound/tracked.h>

// The fields of tracked sequences: those of PLUS (Lasso et al. 2014), and those of the formats that hold
// them.
namespace genu::io::tracked {

inline constexpr std::string_view frame_prefix = "Seq_Frame";
inline constexpr std::string_view pose_suffix = "Transform";
inline constexpr std::string_view status_suffix = "TransformStatus";
inline constexpr std::string_view orientation_key = "UltrasoundImageOrientation";
inline constexpr std::string_view type_key = "UltrasoundImageType";
inline constexpr std::string_view grey_type = "BRIGHTNESS", colour_type = "RGB_COLOR";

enum class Format { meta_image, nrrd };

/// What a field is to a format.
enum class FieldKind {
  other,     ///< Nothing: PLUS's, or the user's own.
  layout,    ///< It says how the images are stored.
  placement  ///< It says where they lie; in a sequence that is 1, 0 and the identity, and poses tell the
             ///< place.
};
FieldKind kind_of(Format format, std::string_view key);

/// Returns true if a field of placement says what it does in every sequence.
bool is_usual_placement(std::string_view key, const std::string& value);

/// Returns of how many axes a field of placement speaks; 0 if it tells none of them from another.
std::size_t axes_of(std::string_view key, const std::string& value);

/// Returns the number of the frame that a field is of, and its name there; nothing for a field of none.
std::optional<std::pair<std::size_t, std::string_view>> frame_field(std::string_view key);

/// Returns the key of a sequence's own field, or of a frame's.
/// \throws InvalidInput naming the key, if it would be read back as something else
const std::string& header_key(Format format, const std::string& key);
const std::string& frame_key(Format format, const std::string& name);
/// Returns "ProbeToTracker". \throws InvalidInput naming it, if it would be read back as other frames
std::string pose_key(Format format, const ultrasound::FramePair& frames);
/// Returns the value of a field. \throws InvalidInput naming the key, if it would be read back as another
const std::string& header_value(const std::string& key, const std::string& value);

}  // namespace genu::io::tracked
