// SPDX-License-Identifier: Apache-2.0
#include "dicom_object.h"

#include <exception>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcuid.h>

#include "dicom_attributes.h"
#include "dicom_frames.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

void read_identity(DcmDataset& dataset, ObjectHeader& header) {
  const Attributes all(dataset, header.path);
  header.study_uid = all.text(DCM_StudyInstanceUID);
  header.series_uid = all.text(DCM_SeriesInstanceUID);
  header.object_uid = all.text(DCM_SOPInstanceUID);
  header.patient_id = all.text(DCM_PatientID);
  header.description = all.text(DCM_SeriesDescription);
  header.modality = all.text(DCM_Modality);
  header.manufacturer = all.text(DCM_Manufacturer);
  header.study_date = all.text(DCM_StudyDate);
  header.side = side_of_code(all.raw(DCM_Laterality));
  header.side |= side_of_code(all.raw(DCM_ImageLaterality));
  if (const auto shared = all.first_item(DCM_SharedFunctionalGroupsSequence))
    if (const auto anatomy = shared->first_item(DCM_FrameAnatomySequence))
      header.side |= side_of_code(anatomy->raw(DCM_FrameLaterality));
  for (const DcmTagKey& tag : {DCM_SeriesDescription, DCM_ProtocolName, DCM_StudyDescription})
    header.side |= sides_in_words(all.text(tag));
  header.lossy = all.raw(DCM_LossyImageCompression) == "01";
}

void refuse_unless_image(const Attributes& all, const ObjectHeader& header) {
  if (all.has(DCM_FloatPixelData) || all.has(DCM_DoubleFloatPixelData))
    refuse(header.path, {Refusal::unsupported_pixels, tag_text(DCM_FloatPixelData), "",
                         "its pixels are floating-point numbers"});
  if (all.has(DCM_PixelData)) return;
  if (all.has(DCM_Rows))
    refuse(header.path,
           {Refusal::unreadable, tag_text(DCM_PixelData), "", "the pixels of the image are missing"});
  const char* kind = dcmFindNameOfUID(header.class_uid.c_str());
  refuse(header.path, {Refusal::not_an_image, "(0008,0016) SOPClassUID",
                       kind != nullptr ? kind : header.class_uid, "it is a DICOM object without an image"});
}

void read_pixel_format(const Attributes& all, ObjectHeader& header) {
  constexpr std::int64_t most = 65535;  // Rows and Columns are 16-bit numbers
  header.rows = all.required_integer(DCM_Rows, 1, most);
  header.columns = all.required_integer(DCM_Columns, 1, most);
  const auto unsupported = [&](const DcmTagKey& tag, const std::string& why) {
    refuse(header.path, {Refusal::unsupported_pixels, tag_text(tag), all.text(tag), why});
  };
  if (all.integer(DCM_SamplesPerPixel).value_or(1) != 1)
    unsupported(DCM_SamplesPerPixel, "it is a colour image");
  const std::string interpretation = all.raw(DCM_PhotometricInterpretation);
  if (interpretation == "MONOCHROME1")
    unsupported(DCM_PhotometricInterpretation,
                "its low values are the bright ones; MR images are MONOCHROME2");
  if (interpretation != "MONOCHROME2")
    unsupported(DCM_PhotometricInterpretation, "it is not a grey-scale image");
  if (all.has(DCM_ModalityLUTSequence)) unsupported(DCM_ModalityLUTSequence, "its values go through a table");
  const std::int64_t allocated = all.required_integer(DCM_BitsAllocated, 1, 64);
  if (allocated != 8 && allocated != 16 && allocated != 32)
    unsupported(DCM_BitsAllocated, "its pixels do not take 8, 16 or 32 bits");
  const std::int64_t stored = all.required_integer(DCM_BitsStored, 1, allocated);
  const std::int64_t high = all.integer(DCM_HighBit).value_or(stored - 1);
  if (high < stored - 1 || high >= allocated)
    all.refuse_value(DCM_HighBit, "the highest bit lies outside of the pixel");
  header.format = {static_cast<int>(allocated), static_cast<int>(stored), static_cast<int>(high),
                   all.required_integer(DCM_PixelRepresentation, 0, 1) == 1};
}

void read_image(const OpenFile& file, ObjectHeader& header) {
  DcmDataset& dataset = *file.format->getDataset();
  const Attributes all(dataset, header.path);
  const TransferSyntax syntax = transfer_syntax_of(file);
  header.transfer_syntax = syntax.name;
  refuse_unless_decodable(file, syntax);
  refuse_if_damaged(file);
  refuse_unless_image(all, header);
  header.series_number = all.integer(DCM_SeriesNumber);
  header.images_in_acquisition = all.integer(DCM_ImagesInAcquisition);
  constexpr std::int64_t most_frames = 1 << 20;  // far beyond any scanner
  const std::int64_t frames =
      all.has(DCM_NumberOfFrames) ? all.required_integer(DCM_NumberOfFrames, 1, most_frames) : 1;
  read_pixel_format(all, header);
  if (header.format.bits_allocated == 32 && syntax.xfer.isBigEndian())
    refuse(header.path, {Refusal::unsupported_pixels, tag_text(DCM_BitsAllocated), "32",
                         "big-endian pixels of 32 bits have no one meaning"});
  refuse_short_pixels(dataset, syntax.xfer, layout_of(header, frames));
  header.frames = read_frames(dataset, header.path, frames);
}

/// Fills in what a list shows of an image that has a problem, as far as it can be read.
void salvage_outline(DcmFileFormat& file, ObjectHeader& header) {
  DcmDataset& dataset = *file.getDataset();
  const Attributes all(dataset, header.path);
  const auto try_to = [](const auto& read) {
    try {
      read();
    } catch (const SeriesRefused&) {
      return;  // the header's problem is already told
    }
  };
  try_to([&] { header.series_number = all.integer(DCM_SeriesNumber); });
  try_to([&] { header.rows = all.integer(DCM_Rows).value_or(0); });
  try_to([&] { header.columns = all.integer(DCM_Columns).value_or(0); });
  try_to([&] {
    header.frames = read_frames(dataset, header.path, all.integer(DCM_NumberOfFrames).value_or(1));
  });
}

}  // namespace

PixelLayout layout_of(const ObjectHeader& header, std::int64_t frames) {
  return {header.path,   header.transfer_syntax,
          header.rows,   header.columns,
          frames,        1,
          header.format, header.rows * header.columns * (header.format.bits_allocated / 8)};
}

std::optional<LoadedObject> load_object(const std::filesystem::path& path) {
  LoadedObject object{{}, std::make_shared<DcmFileFormat>()};
  ObjectHeader& header = object.header;
  header.path = path;
  bool opened = false;
  try {
    const std::optional<OpenFile> file = open_file(path);
    if (!file) return {};
    opened = true;
    object.file = file->format;
    header.class_uid = file->class_uid;
    read_identity(*object.file->getDataset(), header);
    if (file->stray_bytes > 0)
      header.remarks.push_back(path.filename().string() + ": stray bytes skipped before its first element: " +
                               std::to_string(file->stray_bytes));
    read_image(*file, header);
  } catch (const SeriesRefused& refused) {
    header.problem = refused.item();
  } catch (const std::exception& error) {
    header.problem = refused_item(path, {Refusal::unreadable, "", "", error.what()});
  }
  if (header.problem && opened) salvage_outline(*object.file, header);
  return object;
}

}  // namespace genu::io::dicom
