// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>
#include <QStringList>
#include <filesystem>
#include <memory>
#include <optional>

#include <genu/core/frame.h>
#include <genu/io/tracked_files.h>
#include <genu/ultrasound/clip.h>
#include <genu/ultrasound/region.h>
#include <genu/ultrasound/tracked.h>

namespace genu::viewer {

/// The size of a picture's pixels with where it is from, or why it is not known.
struct PictureScale {
  std::optional<PixelSize> pixel;
  QString words;
};

/// Pictures to look at: a still, a clip or a tracked recording.
struct UltrasoundRecording {
  QString name;
  bool tracked = false;
  ultrasound::TrackedSequence sequence;  ///< That of a still or clip has no poses.
  PictureScale scale;                    ///< By the file itself.
  std::optional<PixelBounds> part;       ///< Which the scale holds for; nothing = all of the picture.
  std::optional<double> face_row;        ///< Where depth begins, if the file says so.
  QStringList remarks;
};

/// Returns whether a file is a tracked recording, by its name.
bool is_tracked_recording(const std::filesystem::path& file);

/// Returns a still or clip with its scale.
UltrasoundRecording recording_of(ultrasound::UltrasoundClip clip);

/// Reads a still, a clip or a tracked recording.
/// \throws IoError naming the file; InvalidInput if it has no frames
std::shared_ptr<const UltrasoundRecording> open_ultrasound(const std::filesystem::path& file);

/// What always holds, as a file says it.
struct UltrasoundSetup {
  QString name;
  io::TrackedSetup content;
};

/// What of a set-up holds for pictures of one size.
struct TiedSetup {
  ultrasound::CoordinateFrames always;
  PictureScale scale;  ///< By the transform from Image to Probe.
};
TiedSetup tied(const UltrasoundSetup* setup, const ultrasound::ImageSetup& pictures);

/// Returns the scale of one moment's picture: by the set-up, or by a pose that came with it.
PictureScale scale_at(const ultrasound::TrackedFrame& moment, const TiedSetup& setup);

}  // namespace genu::viewer
