// SPDX-License-Identifier: Apache-2.0
#include "dicom_object.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <string_view>
#include <system_error>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dccodec.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcistrmf.h>
#include <dcmtk/dcmdata/dcmetinf.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmdata/dcxfer.h>

#include "dicom_attributes.h"
#include "dicom_frames.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

constexpr std::size_t preamble_bytes = 128;  // PS3.10 section 7.1
constexpr std::size_t start_bytes = preamble_bytes + 64;
constexpr Uint32 largest_loaded_value = 4096;  // longer values, such as pixels, stay in the file

/// Where in a file the DICOM data begins.
struct Start {
  bool has_preamble = false;
  std::size_t offset = 0;
};

bool is_common_vr(const char* two) {
  constexpr std::string_view known[] = {"AE", "CS", "DA", "DT", "IS", "LO", "OB", "PN",
                                        "SH", "SQ", "ST", "TM", "UI", "UL", "US"};
  return std::any_of(std::begin(known), std::end(known),
                     [&](std::string_view vr) { return vr == std::string_view(two, 2); });
}

/// Returns whether a data set can begin with these 8 bytes: an element of group 0002 or 0008 with a short
/// value.
bool begins_dataset(const char* at, bool explicit_little_endian_only) {
  const auto byte = [&](int i) { return static_cast<unsigned char>(at[i]); };
  const bool known_vr = is_common_vr(at + 4);
  const bool little =
      (byte(0) == 0x08 || byte(0) == 0x02) && byte(1) == 0x00 && byte(3) == 0x00 && byte(2) <= 0x18;
  if (little && known_vr) return true;
  if (explicit_little_endian_only) return false;
  const bool big = byte(0) == 0x00 && byte(1) == 0x08 && byte(2) == 0x00 && byte(3) <= 0x18;
  const bool short_value = byte(5) == 0 && byte(6) == 0 && byte(7) == 0;  // implicit VR: a 32-bit length
  return (big && known_vr) || (little && short_value);
}

std::optional<Start> find_start(const std::string& bytes) {
  if (bytes.size() > preamble_bytes + 4 && bytes.compare(preamble_bytes, 4, "DICM") == 0)
    return Start{true, 0};
  for (std::size_t offset = 0; offset < preamble_bytes + 4 && offset + 8 <= bytes.size(); ++offset)
    if (begins_dataset(bytes.data() + offset, offset > 0)) return Start{false, offset};
  return {};
}

/// Parses everything up to the pixels, which stay in the file; what comes after them is not looked at.
OFCondition parse(DcmFileFormat& file, const std::filesystem::path& path, const Start& start) {
  const DcmTagKey after_pixels(0x7fe0, 0x0011);
  const OFFilename name(path.c_str());
  if (start.offset == 0)
    return file.loadFileUntilTag(name, EXS_Unknown, EGL_noChange, largest_loaded_value, ERM_autoDetect,
                                 after_pixels);
  DcmInputFileStream stream(name, static_cast<offile_off_t>(start.offset));
  if (stream.status().bad()) return stream.status();
  DcmDataset& dataset = *file.getDataset();
  dataset.transferInit();
  const OFCondition status =
      dataset.readUntilTag(stream, EXS_Unknown, EGL_noChange, largest_loaded_value, after_pixels);
  dataset.transferEnd();
  return status == EC_EndOfStream ? EC_Normal : status;
}

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

void refuse_if_damaged(const OFCondition& status, DcmDataset& dataset, const std::filesystem::path& path) {
  if (status.good()) return;
  const unsigned long elements = dataset.card();
  DcmElement* last = elements == 0 ? nullptr : dataset.getElement(elements - 1);
  const std::string tag = last == nullptr ? "" : tag_text(last->getTag());
  const std::string value =
      last == nullptr ? "" : std::to_string(last->getLengthField()) + " bytes announced";
  refuse(path, {Refusal::unreadable, tag, value,
                "the file is cut off or damaged (" + std::string(status.text()) + ")"});
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

bool decodable(const DcmXfer& syntax) {
  if (!syntax.isEncapsulated()) return true;
  const E_TransferSyntax id = syntax.getXfer();
  return id == EXS_JPEG2000 || id == EXS_JPEG2000LosslessOnly ||
         DcmCodecList::canChangeCoding(id, EXS_LittleEndianExplicit);
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

/// Returns the number of compressed bytes; refuses a frame without any.
std::int64_t compressed_bytes(DcmPixelSequence& sequence, const ObjectHeader& header, std::int64_t frames) {
  // The first item is the offset table.
  const auto fragments = static_cast<std::int64_t>(sequence.card()) - 1;
  std::int64_t bytes = 0;
  DcmObject* item = nullptr;
  bool table = true;
  while ((item = sequence.nextInContainer(item)) != nullptr) {
    if (!table) bytes += static_cast<std::int64_t>(static_cast<DcmPixelItem*>(item)->getLength());
    table = false;
  }
  if (fragments < frames || bytes == 0)
    refuse(header.path,
           {Refusal::unreadable, tag_text(DCM_PixelData),
            std::to_string(std::max<std::int64_t>(fragments, 0)) + " fragments",
            "there is not one fragment of pixels for each of " + std::to_string(frames) + " frames"});
  return bytes;
}

void refuse_short_pixels(DcmDataset& dataset, const DcmXfer& syntax, const ObjectHeader& header,
                         std::int64_t frames) {
  DcmElement* element = nullptr;
  dataset.findAndGetElement(DCM_PixelData, element);
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  if (pixels == nullptr)
    refuse(header.path, {Refusal::unreadable, tag_text(DCM_PixelData), "", "the pixels can't be found"});
  const std::int64_t pixel_bytes = header.format.bits_allocated / 8;
  const double needed =
      static_cast<double>(header.rows * header.columns * pixel_bytes) * static_cast<double>(frames);
  DcmPixelSequence* sequence = nullptr;
  if (syntax.isEncapsulated()) {
    if (pixels->getEncapsulatedRepresentation(syntax.getXfer(), nullptr, sequence).bad() ||
        sequence == nullptr)
      refuse(header.path,
             {Refusal::unreadable, tag_text(DCM_PixelData), "", "the compressed pixels can't be found"});
    // No image is 10,000 times smaller than its pixels: a damaged size must not ask for the memory it claims.
    constexpr double highest_ratio = 1e4;
    const std::int64_t bytes = compressed_bytes(*sequence, header, frames);
    if (needed > highest_ratio * static_cast<double>(bytes))
      refuse(header.path, {Refusal::unreadable, tag_text(DCM_PixelData), std::to_string(bytes) + " bytes",
                           "the compressed pixels are too few for the image's size"});
    return;
  }
  const double there = static_cast<double>(pixels->getLength(syntax.getXfer()));
  if (there < needed)
    refuse(header.path, {Refusal::unreadable, tag_text(DCM_PixelData),
                         std::to_string(static_cast<std::int64_t>(there)) + " bytes",
                         "the pixels are fewer than the " +
                             std::to_string(static_cast<std::int64_t>(needed)) + " bytes of the image"});
}

void read_image(DcmFileFormat& file, const OFCondition& status, ObjectHeader& header) {
  DcmDataset& dataset = *file.getDataset();
  const Attributes all(dataset, header.path);
  const std::string stated = Attributes(*file.getMetaInfo(), header.path).raw(DCM_TransferSyntaxUID);
  const DcmXfer syntax = stated.empty() ? DcmXfer(dataset.getOriginalXfer()) : DcmXfer(stated.c_str());
  header.transfer_syntax = syntax.getXfer() == EXS_Unknown ? stated : syntax.getXferName();
  if (syntax.getXfer() == EXS_Unknown || !decodable(syntax))
    refuse(header.path, {Refusal::unsupported_pixels, "(0002,0010) TransferSyntaxUID", header.transfer_syntax,
                         "no library here decodes its pixels"});
  refuse_if_damaged(status, dataset, header.path);
  refuse_unless_image(all, header);
  header.series_number = all.integer(DCM_SeriesNumber);
  header.images_in_acquisition = all.integer(DCM_ImagesInAcquisition);
  constexpr std::int64_t most_frames = 1 << 20;  // far beyond any scanner
  const std::int64_t frames =
      all.has(DCM_NumberOfFrames) ? all.required_integer(DCM_NumberOfFrames, 1, most_frames) : 1;
  read_pixel_format(all, header);
  if (header.format.bits_allocated == 32 && syntax.isBigEndian())
    refuse(header.path, {Refusal::unsupported_pixels, tag_text(DCM_BitsAllocated), "32",
                         "big-endian pixels of 32 bits have no one meaning"});
  refuse_short_pixels(dataset, syntax, header, frames);
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

std::optional<LoadedObject> load_object(const std::filesystem::path& path) {
  LoadedObject object{{}, std::make_shared<DcmFileFormat>()};
  ObjectHeader& header = object.header;
  header.path = path;
  std::string bytes(start_bytes, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    header.problem = refused_item(
        path, {Refusal::unreadable, "", "", std::string("it can't be opened: ") + std::strerror(errno)});
    return object;
  }
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  in.close();
  const std::optional<Start> start = find_start(bytes);
  if (!start) return {};
  try {
    const OFCondition status = parse(*object.file, path, *start);
    DcmDataset& dataset = *object.file->getDataset();
    const Attributes meta(*object.file->getMetaInfo(), path);
    header.class_uid = Attributes(dataset, path).text(DCM_SOPClassUID);
    if (header.class_uid.empty()) header.class_uid = meta.text(DCM_MediaStorageSOPClassUID);
    if (header.class_uid == UID_MediaStorageDirectoryStorage) return {};
    if (header.class_uid.empty() && !start->has_preamble) return {};
    read_identity(dataset, header);
    if (start->offset > 0)
      header.remarks.push_back(path.filename().string() + ": stray bytes skipped before its first element: " +
                               std::to_string(start->offset));
    read_image(*object.file, status, header);
  } catch (const SeriesRefused& refused) {
    header.problem = refused.item();
  } catch (const std::exception& error) {
    header.problem = refused_item(path, {Refusal::unreadable, "", "", error.what()});
  }
  if (header.problem) salvage_outline(*object.file, header);
  return object;
}

}  // namespace genu::io::dicom
