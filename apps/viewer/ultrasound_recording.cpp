// SPDX-License-Identifier: Apache-2.0
#include "ultrasound_recording.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/ultrasound_files.h>
#include <genu/ultrasound/calibrated_image.h>

namespace genu::viewer {
namespace {

bool is_of_an_image(const io::ConfiguredTransform& t) {
  return t.frames.from == "Image" || t.frames.to == "Image";
}

}  // namespace

UltrasoundRecording recording_of(ultrasound::UltrasoundClip clip) {
  UltrasoundRecording recording;
  const ultrasound::ClipScale scale = ultrasound::b_mode_scale(clip);
  recording.scale.pixel = scale.scale.pixel_size;
  if (scale.region) {
    const ultrasound::UltrasoundRegion& region = clip.regions[*scale.region];
    recording.part = ultrasound::visible_part(region, clip.width(), clip.height());
    recording.face_row = ultrasound::zero_row(region);
    if (scale.scale.pixel_size)
      recording.scale.words = QStringLiteral("region %1 of the file").arg(region.item);
  }
  if (!recording.scale.pixel) recording.scale.words = QString::fromStdString(scale.scale.reason);
  for (const std::string& warning : clip.warnings) {
    const QString remark = QString::fromStdString(warning);
    if (recording.scale.pixel || !remark.contains(recording.scale.words)) recording.remarks << remark;
  }
  recording.sequence.frames.reserve(clip.frames.size());
  for (std::size_t f = 0; f < clip.frames.size(); ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = std::move(clip.frames[f]);
    if (f < clip.times_s.size()) frame.time_s = clip.times_s[f];
    recording.sequence.frames.push_back(std::move(frame));
  }
  return recording;
}

bool is_tracked_recording(const std::filesystem::path& file) {
  return io::has_extension(file, ".mha") || io::has_extension(file, ".nrrd");
}

std::shared_ptr<const UltrasoundRecording> open_ultrasound(const std::filesystem::path& file) {
  auto recording = std::make_shared<UltrasoundRecording>();
  if (is_tracked_recording(file)) {
    recording->sequence = io::read_tracked_sequence(file);
    recording->tracked = true;
    for (const std::string& remark : recording->sequence.remarks)
      recording->remarks << QString::fromStdString(remark);
    recording->scale.words = QStringLiteral("the pictures state none; a set-up does");
  } else {
    *recording = recording_of(io::read_ultrasound_clip(file));
  }
  recording->name = QString::fromStdString(file.filename().string());
  if (recording->sequence.frames.empty()) throw InvalidInput("'" + file.string() + "' has no frames");
  return recording;
}

TiedSetup tied(const UltrasoundSetup* setup, const ultrasound::ImageSetup& pictures) {
  TiedSetup result;
  if (!setup) {
    result.scale.words = QStringLiteral("the pictures state none; a set-up does");
    return result;
  }
  result.always = setup->content.coordinate_frames();
  QStringList refused;
  QString cautions;
  bool says_of_which = false;
  for (const io::ConfiguredTransform& t : setup->content.transforms) {
    if (!is_of_an_image(t) || !t.pictures) continue;
    says_of_which = true;
    const std::vector<std::string> reasons = ultrasound::reasons_against(*t.pictures, pictures);
    for (const std::string& reason : reasons) refused << QString::fromStdString(reason);
    if (!reasons.empty()) result.always.forget(t.frames);
    for (const std::string& caution : ultrasound::cautions_about(*t.pictures, pictures))
      cautions += QStringLiteral("; ") + QString::fromStdString(caution);
  }
  if (!refused.empty()) {
    result.scale.words = QStringLiteral("%1 is of other pictures: %2").arg(setup->name, refused.join("; "));
  } else if (const auto probe_from_image = result.always.find("Image", "Probe")) {
    result.scale.pixel = ultrasound::pixel_size_of(*probe_from_image);
    result.scale.words = QStringLiteral("Image to Probe of %1").arg(setup->name) + cautions;
    if (!says_of_which) result.scale.words += QStringLiteral(", which does not say of which pictures it is");
  } else {
    result.scale.words = QStringLiteral("%1 has no transform from Image to Probe").arg(setup->name);
  }
  return result;
}

PictureScale scale_at(const ultrasound::TrackedFrame& moment, const TiedSetup& setup) {
  if (setup.scale.pixel) return setup.scale;
  for (const auto& [frames, pose] : moment.poses) {
    if (frames.from != "Image") continue;
    if (const auto transform = pose.transform())
      return {ultrasound::pixel_size_of(*transform),
              QStringLiteral("%1, which came with the picture")
                  .arg(QString::fromStdString(ultrasound::name_of(frames)))};
  }
  return setup.scale;
}

}  // namespace genu::viewer
