// SPDX-License-Identifier: Apache-2.0
#include "dicom_frames.h"

#include <optional>
#include <string>

#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcsequen.h>

#include "dicom_attributes.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

/// The items in which an enhanced frame's attributes lie: its own, and those that all frames share.
struct Groups {
  std::optional<Attributes> own;
  std::optional<Attributes> shared;

  /// Returns the group that is told by a sequence: a frame's own goes before the shared one.
  std::optional<Attributes> find(const DcmTagKey& sequence) const {
    if (own)
      if (auto item = own->first_item(sequence)) return item;
    return shared ? shared->first_item(sequence) : std::nullopt;
  }
};

/// Where each kind of attribute of a frame is found; for a classic object all are the data set itself.
struct Sources {
  std::optional<Attributes> position, orientation, measures, echo, rescale, type, content;
};

std::string joined(const std::vector<std::string>& parts, std::size_t from) {
  std::string result;
  for (std::size_t i = from; i < parts.size(); ++i) result += parts[i] + "\\";
  return result;
}

void read_plane(const Sources& from, FrameHeader& frame) {
  if (from.position) {
    const auto p = from.position->numbers(DCM_ImagePositionPatient, 3);
    if (!p.empty()) frame.position = Point3{p[0], p[1], p[2]};
  }
  if (from.orientation) {
    const auto o = from.orientation->numbers(DCM_ImageOrientationPatient, 6);
    if (!o.empty()) frame.axes = {Vector3{o[0], o[1], o[2]}, Vector3{o[3], o[4], o[5]}};
  }
  if (from.measures) {
    const auto s = from.measures->numbers(DCM_PixelSpacing, 2);
    if (!s.empty()) {
      if (!(s[0] > 0.0) || !(s[1] > 0.0))
        from.measures->refuse_value(DCM_PixelSpacing, "a pixel spacing is not positive");
      frame.row_column_mm = {s[0], s[1]};
    }
    for (const DcmTagKey& tag : {DCM_SpacingBetweenSlices, DCM_SliceThickness}) {
      const auto gap = from.measures->number(tag);
      if (gap && *gap > 0.0 && !(frame.stated_gap_mm > 0.0)) frame.stated_gap_mm = *gap;
    }
  }
}

void read_rescale(const Sources& from, FrameHeader& frame) {
  if (!from.rescale) return;
  frame.slope = from.rescale->number(DCM_RescaleSlope).value_or(1.0);
  frame.intercept = from.rescale->number(DCM_RescaleIntercept).value_or(0.0);
  if (frame.slope == 0.0)
    from.rescale->refuse_value(DCM_RescaleSlope, "a rescale slope of zero leaves no image");
}

FrameHeader read_classic_frame(const Attributes& all) {
  FrameHeader frame;
  const Sources from{all, all, all, all, all, all, all};
  read_plane(from, frame);
  read_rescale(from, frame);
  frame.echo_time_ms = all.number(DCM_EchoTime).value_or(frame.echo_time_ms);
  frame.echo_number = all.raw(DCM_EchoNumbers);
  // The first two values only say whether the image was derived, which compression alone changes.
  frame.kind = joined(all.values(DCM_ImageType), 2) + all.raw(DCM_ComplexImageComponent);
  for (const DcmTagKey& tag : {DCM_TemporalPositionIdentifier, DCM_TriggerTime, DCM_AcquisitionNumber,
                               DCM_AcquisitionDate, DCM_AcquisitionTime})
    frame.time += all.raw(tag) + "|";
  return frame;
}

FrameHeader read_enhanced_frame(const Groups& groups) {
  FrameHeader frame;
  const Sources from{groups.find(DCM_PlanePositionSequence),
                     groups.find(DCM_PlaneOrientationSequence),
                     groups.find(DCM_PixelMeasuresSequence),
                     groups.find(DCM_MREchoSequence),
                     groups.find(DCM_PixelValueTransformationSequence),
                     groups.find(DCM_MRImageFrameTypeSequence),
                     groups.find(DCM_FrameContentSequence)};
  read_plane(from, frame);
  read_rescale(from, frame);
  if (from.echo) frame.echo_time_ms = from.echo->number(DCM_EffectiveEchoTime).value_or(frame.echo_time_ms);
  if (from.type)
    frame.kind = joined(from.type->values(DCM_FrameType), 2) + from.type->raw(DCM_ComplexImageComponent);
  if (from.content)
    for (const DcmTagKey& tag :
         {DCM_TemporalPositionIndex, DCM_FrameAcquisitionNumber, DCM_FrameReferenceDateTime})
      frame.time += from.content->raw(tag) + "|";
  return frame;
}

[[noreturn]] void refuse_frames_without_positions(const Attributes& all, const std::filesystem::path& path) {
  const bool film = all.raw(DCM_Modality) == "US" || all.has(DCM_FrameTime) || all.has(DCM_FrameTimeVector);
  const std::string why = film ? "its frames are several times and not several slices"
                               : "it has several frames, but no functional groups that tell where they lie";
  refuse(path, {film ? Refusal::several_times : Refusal::missing_geometry, tag_text(DCM_NumberOfFrames),
                all.raw(DCM_NumberOfFrames), why});
}

}  // namespace

std::vector<FrameHeader> read_frames(DcmDataset& dataset, const std::filesystem::path& path,
                                     std::int64_t count) {
  const Attributes all(dataset, path);
  DcmSequenceOfItems* per_frame = nullptr;
  dataset.findAndGetSequence(DCM_PerFrameFunctionalGroupsSequence, per_frame);
  const auto shared = all.first_item(DCM_SharedFunctionalGroupsSequence);
  std::vector<FrameHeader> frames;
  if (per_frame == nullptr && !shared) {
    if (count > 1) refuse_frames_without_positions(all, path);
    frames.push_back(read_classic_frame(all));
    return frames;
  }
  const std::int64_t groups = per_frame == nullptr ? 0 : static_cast<std::int64_t>(per_frame->card());
  if (groups != count)
    refuse(path,
           {Refusal::unreadable, tag_text(DCM_PerFrameFunctionalGroupsSequence), std::to_string(groups),
            "it does not have one functional group for each of its " + std::to_string(count) + " frames"});
  DcmObject* item = nullptr;
  while ((item = per_frame->nextInContainer(item)) != nullptr) {
    const Groups place{Attributes(*static_cast<DcmItem*>(item), path), shared};
    frames.push_back(read_enhanced_frame(place));
    frames.back().number = static_cast<int>(frames.size()) - 1;
  }
  return frames;
}

}  // namespace genu::io::dicom
