// SPDX-License-Identifier: Apache-2.0
#include "dicom_clip.h"

#include <cmath>
#include <functional>
#include <utility>

#include <dcmtk/dcmdata/dcdeftag.h>

#include <genu/io/dicom.h>

namespace genu::io::dicom {
namespace {

using ultrasound::RegionAxis;
using ultrasound::UltrasoundClip;
using ultrasound::UltrasoundRegion;

constexpr double ms_per_s = 1000.0;

/// Returns what `read` returns, or nothing and a warning where the value is damaged.
template <typename Read>
auto unless_damaged(const std::string& of_what, std::vector<std::string>& warnings, const Read& read)
    -> decltype(read()) {
  try {
    return read();
  } catch (const SeriesRefused& refused) {
    const RefusedItem& item = refused.item();
    warnings.push_back(of_what + item.tag + " = '" + item.value + "' is not used: it is damaged");
    return {};
  }
}

/// Reads the attributes of one region.
class RegionReader {
 public:
  RegionReader(const Attributes& item, int number, std::vector<std::string>& warnings)
      : item_(item), named_("region " + std::to_string(number) + ": "), warnings_(warnings) {}

  std::optional<std::int64_t> integer(const DcmTagKey& tag) const {
    return unless_damaged(named_, warnings_, [&] { return item_.integer(tag); });
  }
  double number(const DcmTagKey& tag, double otherwise) const {
    return unless_damaged(named_, warnings_, [&] { return item_.number(tag); }).value_or(otherwise);
  }
  template <typename Enum>
  Enum code(const DcmTagKey& tag) const {
    constexpr std::int64_t most = 0xffff;  // codes are 16-bit numbers
    const std::int64_t value = integer(tag).value_or(0);
    return static_cast<Enum>(value < 0 || value > most ? most : value);
  }
  void warn(const std::string& why) const { warnings_.push_back(named_ + why); }

 private:
  const Attributes& item_;
  std::string named_;
  std::vector<std::string>& warnings_;
};

RegionAxis read_axis(const RegionReader& from, const DcmTagKey& unit, const DcmTagKey& delta,
                     const DcmTagKey& reference, const DcmTagKey& value) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  return {from.code<ultrasound::RegionUnit>(unit), from.number(delta, unknown), from.integer(reference),
          from.number(value, unknown)};
}

std::optional<UltrasoundRegion> read_region(const RegionReader& from, int number) {
  UltrasoundRegion region;
  region.item = number;
  const std::array<std::pair<DcmTagKey, std::int64_t*>, 4> bounds{{{DCM_RegionLocationMinX0, &region.min_x},
                                                                   {DCM_RegionLocationMinY0, &region.min_y},
                                                                   {DCM_RegionLocationMaxX1, &region.max_x},
                                                                   {DCM_RegionLocationMaxY1, &region.max_y}}};
  for (const auto& [tag, bound] : bounds) {
    const std::optional<std::int64_t> value = from.integer(tag);
    if (!value) {
      from.warn("left out, because " + tag_text(tag) + " is missing");
      return {};
    }
    *bound = *value;
  }
  region.format = from.code<ultrasound::RegionFormat>(DCM_RegionSpatialFormat);
  region.content = from.code<ultrasound::RegionContent>(DCM_RegionDataType);
  region.high_priority = (from.integer(DCM_RegionFlags).value_or(0) & 1) == 0;  // PS3.3 C.8.5.5.1.3
  region.x = read_axis(from, DCM_PhysicalUnitsXDirection, DCM_PhysicalDeltaX, DCM_ReferencePixelX0,
                       DCM_ReferencePixelPhysicalValueX);
  region.y = read_axis(from, DCM_PhysicalUnitsYDirection, DCM_PhysicalDeltaY, DCM_ReferencePixelY0,
                       DCM_ReferencePixelPhysicalValueY);
  region.transducer_frequency_khz =
      from.number(DCM_TransducerFrequency, std::numeric_limits<double>::quiet_NaN());
  return region;
}

/// Times of frames and where they come from; empty where the header does not have them.
struct Times {
  std::vector<double> s;
  std::string source;
};

Times evenly(std::size_t frames, double step_s, std::string source) {
  Times times{{}, std::move(source)};
  for (std::size_t f = 0; f < frames; ++f) times.s.push_back(step_s * static_cast<double>(f));
  return times;
}

/// Returns evenly spaced times from a positive number of the header.
Times times_from(const Attributes& all, std::size_t frames, const DcmTagKey& tag, bool is_rate,
                 std::vector<std::string>& warnings) {
  const auto value = unless_damaged("", warnings, [&] { return all.number(tag); });
  if (!value) return {};
  if (*value > 0.0) return evenly(frames, is_rate ? 1.0 / *value : *value / ms_per_s, tag_text(tag));
  warnings.push_back(tag_text(tag) + " = '" + all.raw(tag) + "' is not positive and not used");
  return {};
}

Times times_from_vector(const Attributes& all, std::size_t frames, std::vector<std::string>& warnings) {
  const DcmTagKey tag = DCM_FrameTimeVector;
  if (!all.has(tag)) return {};
  const auto steps_ms = unless_damaged("", warnings, [&] { return all.numbers(tag, frames); });
  if (steps_ms.empty()) return {};
  Times times{{0.0}, tag_text(tag)};
  for (std::size_t f = 1; f < frames; ++f) {
    if (steps_ms[f] < 0.0) {
      warnings.push_back(tag_text(tag) + " goes back in time, by '" + std::to_string(steps_ms[f]) +
                         "' ms at frame " + std::to_string(f + 1) + ", and is not used");
      return {};
    }
    times.s.push_back(times.s.back() + steps_ms[f] / ms_per_s);
  }
  return times;
}

/// Warns where the frames' times and the stated rate differ by more than rounding explains: some machines
/// state the rate at which a slowed clip is to be played.
void compare_with_rate(const Attributes& all, UltrasoundClip& clip) {
  constexpr double largest_share = 0.1;
  const auto rate = unless_damaged("", clip.warnings, [&] { return all.number(DCM_CineRate); });
  const double lasted_s = clip.times_s.back();
  if (!rate || !(*rate > 0.0) || !(lasted_s > 0.0)) return;
  const double by_times = static_cast<double>(clip.times_s.size() - 1) / lasted_s;
  if (std::abs(by_times - *rate) <= largest_share * *rate) return;
  clip.warnings.push_back(clip.time_source + " gives " + std::to_string(by_times) + " frames a second, " +
                          tag_text(DCM_CineRate) + " " + std::to_string(*rate) + "; the first is used");
}

}  // namespace

void read_regions(const Attributes& all, UltrasoundClip& clip) {
  constexpr std::size_t most_regions = 1000;  // a machine writes a handful
  for (std::size_t i = 0; i < most_regions; ++i) {
    const std::optional<Attributes> item = all.item(DCM_SequenceOfUltrasoundRegions, i);
    if (!item) break;
    const int number = static_cast<int>(i) + 1;
    if (const auto region = read_region(RegionReader(*item, number, clip.warnings), number))
      clip.regions.push_back(*region);
    else
      ++clip.regions_left_out;
  }
  if (all.item(DCM_SequenceOfUltrasoundRegions, most_regions))
    clip.warnings.push_back("regions past the first " + std::to_string(most_regions) + " are left out");
}

void read_times(const Attributes& all, std::size_t frames, UltrasoundClip& clip) {
  clip.times_s.assign(frames, std::numeric_limits<double>::quiet_NaN());
  if (frames == 1) {
    clip.times_s.front() = 0.0;
    clip.time_source = "one frame";
    return;
  }
  using Read = std::function<Times()>;
  std::vector<Read> places{
      [&] { return times_from(all, frames, DCM_FrameTime, false, clip.warnings); },
      [&] { return times_from_vector(all, frames, clip.warnings); },
      [&] { return times_from(all, frames, DCM_CineRate, true, clip.warnings); },
  };
  if (all.raw(DCM_FrameIncrementPointer).find("1065") != std::string::npos) std::swap(places[0], places[1]);
  for (const Read& read : places) {
    const Times times = read();
    if (times.s.empty()) continue;
    clip.times_s = times.s;
    clip.time_source = times.source;
    break;
  }
  compare_with_rate(all, clip);
  if (!clip.time_source.empty()) return;
  constexpr std::size_t longest = 40;  // a vector has a number a frame
  std::string stated;
  for (const DcmTagKey& tag : {DCM_FrameTime, DCM_FrameTimeVector, DCM_CineRate}) {
    if (!all.has(tag)) continue;
    const std::string value = all.raw(tag);
    stated.append(stated.empty() ? "" : ", ").append(tag_text(tag)).append(" = '");
    stated.append(value, 0, longest).append(value.size() > longest ? "...'" : "'");
  }
  clip.warnings.push_back(
      "the times of its frames are not known: " +
      (stated.empty() ? "the header has no " + tag_text(DCM_FrameTime) : "the header says " + stated));
}

void read_origin(const Attributes& all, UltrasoundClip& clip) {
  ultrasound::ClipOrigin& origin = clip.origin;
  origin.modality = all.text(DCM_Modality);
  origin.manufacturer = all.text(DCM_Manufacturer);
  origin.model = all.text(DCM_ManufacturerModelName);
  for (const std::string& part : all.values(DCM_TransducerData))
    if (!part.empty() && part != "UNUSED") origin.transducer += (origin.transducer.empty() ? "" : " ") + part;
  const std::string type = all.text(DCM_TransducerType);
  if (!type.empty()) origin.transducer += origin.transducer.empty() ? type : " (" + type + ")";
  origin.patient_id = all.text(DCM_PatientID);
  origin.study_date = all.text(DCM_StudyDate);
  origin.description = all.text(DCM_SeriesDescription);
  origin.object_uid = all.text(DCM_SOPInstanceUID);
  clip.photometric = all.raw(DCM_PhotometricInterpretation);
  clip.lossy = all.raw(DCM_LossyImageCompression) == "01";
  if (!origin.modality.empty() && origin.modality != "US" && origin.modality != "IVUS")
    clip.warnings.push_back("its modality is '" + origin.modality + "' and not ultrasound");
  const auto spacing = unless_damaged("", clip.warnings, [&] { return all.numbers(DCM_PixelSpacing, 2); });
  if (spacing.empty()) return;
  clip.stated_spacing = PixelSize{spacing[1], spacing[0]};  // rows, then columns
  clip.warnings.push_back(tag_text(DCM_PixelSpacing) + " = '" + all.raw(DCM_PixelSpacing) +
                          "' is not used: ultrasound is calibrated by (0018,6011)");
}

}  // namespace genu::io::dicom
