// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcuid.h>

#include <genu/io/dicom.h>
#include <genu/io/ultrasound_files.h>

#include "dicom_attributes.h"
#include "dicom_clip.h"
#include "dicom_codestream.h"
#include "dicom_file.h"
#include "dicom_picture.h"
#include "dicom_pixels.h"
#include "dicom_refusal.h"
#include "picture_file.h"

namespace genu::io {
namespace {

using dicom::StreamColour;
using dicom::StreamHeader;
using ultrasound::UltrasoundClip;

void refuse_unless_image(const dicom::OpenFile& file, const dicom::Attributes& all) {
  if (all.has(DCM_PixelData)) return;
  if (all.has(DCM_Rows))
    dicom::refuse(file.path, {Refusal::unreadable, dicom::tag_text(DCM_PixelData), "",
                              "the pixels of the image are missing"});
  const char* kind = dcmFindNameOfUID(file.class_uid.c_str());
  dicom::refuse(file.path,
                {Refusal::not_an_image, dicom::tag_text(DCM_SOPClassUID),
                 kind != nullptr ? kind : file.class_uid, "it is a DICOM object without an image"});
}

/// Reads the header of each codestream, and refuses those of another size than the image: a decoder would
/// fill a part of the picture and leave the rest.
std::vector<StreamHeader> check_streams(DcmDataset& dataset, const dicom::PixelLayout& layout) {
  const E_TransferSyntax syntax = dataset.getOriginalXfer();
  if (!DcmXfer(syntax).isEncapsulated() || syntax == EXS_RLELossless)
    return std::vector<StreamHeader>(static_cast<std::size_t>(layout.frames), StreamHeader{.lossy = false});
  std::vector<StreamHeader> headers;
  for (const dicom::Bytes& stream : dicom::codestreams(dataset, layout)) {
    const auto header = dicom::is_jpeg2000(syntax) ? dicom::checked_jpeg2000_header(stream, layout)
                                                   : dicom::jpeg_header(stream);
    if (!header) dicom::refuse_pixels(layout, "a frame does not begin as a JPEG codestream");
    if (header->width != layout.columns || header->height != layout.rows ||
        header->components != layout.samples)
      dicom::refuse_pixels(layout, "the codestream is of " + std::to_string(header->width) + " x " +
                                       std::to_string(header->height) + " pixels of " +
                                       std::to_string(header->components) + " values, the image of " +
                                       std::to_string(layout.columns) + " x " + std::to_string(layout.rows) +
                                       " of " + std::to_string(layout.samples));
    // Decoders give as many bytes a value as the codestream has bits for.
    const int allocated = layout.format.bits_allocated;
    if ((header->bits > 8) != (allocated > 8))
      dicom::refuse_pixels(layout, "the values of the codestream are of " + std::to_string(header->bits) +
                                       " bits, those of the image take " + std::to_string(allocated));
    headers.push_back(*header);
  }
  return headers;
}

void warn_of_colours(const std::vector<StreamHeader>& streams, UltrasoundClip& clip) {
  const StreamColour unlike = clip.photometric == "RGB"                  ? StreamColour::ybr
                              : clip.photometric.starts_with("YBR_FULL") ? StreamColour::rgb
                                                                         : StreamColour::not_told;
  if (unlike == StreamColour::not_told ||
      std::none_of(streams.begin(), streams.end(), [&](const StreamHeader& s) { return s.colour == unlike; }))
    return;
  clip.warnings.push_back("its colours are labelled " + clip.photometric + ", but its codestream says " +
                          (unlike == StreamColour::rgb ? "red, green, blue" : "luma and chroma") +
                          ", which is believed");
}

void refuse_too_large(const dicom::PictureFormat& format, const ClipReadOptions& options) {
  const dicom::PixelLayout& layout = format.layout;
  const int channels = format.photometric.starts_with("MONOCHROME") ? 1 : 3;
  const double bytes = static_cast<double>(layout.rows) * static_cast<double>(layout.columns) * channels *
                       static_cast<double>(layout.frames);
  if (bytes <= static_cast<double>(options.max_bytes)) return;
  dicom::refuse(
      layout.path,
      {Refusal::unsupported_pixels, dicom::tag_text(DCM_NumberOfFrames), std::to_string(layout.frames),
       "its frames would take " + std::to_string(static_cast<std::int64_t>(bytes)) +
           " bytes, more than the " + std::to_string(options.max_bytes) + " that are allowed"});
}

void read_frames(DcmDataset& dataset, dicom::PictureFormat& format, UltrasoundClip& clip,
                 const Progress& progress) {
  const dicom::PixelLayout& layout = format.layout;
  const std::vector<StreamHeader> streams = check_streams(dataset, layout);
  warn_of_colours(streams, clip);
  // Whoever encodes a file may leave its header as it was.
  clip.lossy = clip.lossy ||
               std::any_of(streams.begin(), streams.end(), [](const StreamHeader& s) { return s.lossy; });
  // Decoders ask for the attribute, and a file may lack it where it has no meaning.
  if (layout.samples == 3) dataset.putAndInsertUint16(DCM_PlanarConfiguration, format.planar ? 1 : 0);
  clip.frames.reserve(static_cast<std::size_t>(layout.frames));
  dicom::decode_stored_frames(dataset, layout, [&](std::size_t f, std::span<const unsigned char> bytes) {
    progress.report("reading frames", static_cast<double>(f) / static_cast<double>(layout.frames));
    clip.frames.push_back(dicom::picture_of(bytes, format, streams[f].colour));
  });
  progress.report("reading frames", 1.0);
}

void warn_of_odd_regions(UltrasoundClip& clip) {
  for (std::string& warning : ultrasound::region_warnings(clip.regions, clip.width(), clip.height()))
    clip.warnings.push_back(std::move(warning));
  const ultrasound::ClipScale scale = ultrasound::b_mode_scale(clip);
  if (scale.scale.pixel_size) return;
  // Why a region alone has no scale is told already.
  const bool told = !clip.regions.empty() &&
                    std::none_of(clip.regions.begin(), clip.regions.end(), [&](const auto& region) {
                      return scale_of(region, clip.width(), clip.height()).pixel_size.has_value();
                    });
  clip.warnings.push_back("no millimetres: " +
                          (told ? "none of its regions gives a scale" : scale.scale.reason));
}

UltrasoundClip read_dicom_clip(const dicom::OpenFile& file, const ClipReadOptions& options,
                               const Progress& progress) {
  DcmDataset& dataset = *file.format->getDataset();
  const dicom::Attributes all(dataset, file.path);
  const dicom::TransferSyntax syntax = dicom::transfer_syntax_of(file);
  dicom::refuse_unless_decodable(file, syntax);
  dicom::refuse_if_damaged(file);
  refuse_unless_image(file, all);
  UltrasoundClip clip;
  clip.encoding = syntax.name;
  const char* kind = dcmFindNameOfUID(file.class_uid.c_str());
  clip.origin.kind = kind != nullptr ? kind : file.class_uid;
  dicom::read_origin(all, clip);
  dicom::PictureFormat format = dicom::read_picture_format(dataset, file.path, syntax.xfer.isEncapsulated());
  format.layout.transfer_syntax = syntax.name;
  dicom::refuse_short_pixels(dataset, syntax.xfer, format.layout);
  refuse_too_large(format, options);
  clip.grey_mapping = format.grey_mapping;
  clip.warnings.insert(clip.warnings.end(), format.warnings.begin(), format.warnings.end());
  if (all.has(DCM_OverlayData)) clip.warnings.emplace_back("an overlay (6000,3000) is not drawn");
  dicom::read_times(all, static_cast<std::size_t>(format.layout.frames), clip);
  dicom::read_regions(all, clip);
  read_frames(dataset, format, clip, progress);
  return clip;
}

}  // namespace

UltrasoundClip read_ultrasound_clip(const std::filesystem::path& path, const ClipReadOptions& options,
                                    const Progress& progress) {
  dicom::set_up_dcmtk();
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    dicom::refuse(path, {Refusal::unreadable, "", "", "it is a folder"});
  if (std::filesystem::is_regular_file(path, error) && std::filesystem::is_empty(path, error))
    dicom::refuse(path, {Refusal::unreadable, "", "", "it is empty"});
  UltrasoundClip clip;
  if (is_picture_file(path)) {
    clip = read_picture_file(path, options.max_bytes);
  } else {
    const std::optional<dicom::OpenFile> file = dicom::open_file(path);
    if (!file)
      dicom::refuse(path, {Refusal::not_an_image, "", "", "it is neither a DICOM object nor PNG nor JPEG"});
    clip = read_dicom_clip(*file, options, progress);
  }
  warn_of_odd_regions(clip);
  return clip;
}

}  // namespace genu::io
