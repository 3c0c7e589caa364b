// SPDX-License-Identifier: Apache-2.0
#include "dicom_file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>

#include <dcmtk/dcmdata/dccodec.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcistrmf.h>
#include <dcmtk/dcmdata/dcmetinf.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcuid.h>

#include "dicom_attributes.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

constexpr std::size_t preamble_bytes = 128;  // PS3.10 section 7.1
constexpr std::size_t start_bytes = preamble_bytes + 64;
constexpr Uint32 largest_loaded_value = 4096;  // longer values, such as pixels, stay in the file

/// Transfer syntaxes that DCMTK 3.6.7 has no name for (PS3.6 table A-1).
constexpr std::pair<std::string_view, std::string_view> newer_syntaxes[] = {
    {"1.2.840.10008.1.2.4.110", "JPEG XL Lossless"},
    {"1.2.840.10008.1.2.4.111", "JPEG XL JPEG Recompression"},
    {"1.2.840.10008.1.2.4.112", "JPEG XL"},
    {"1.2.840.10008.1.2.4.201", "High-Throughput JPEG 2000 Lossless"},
    {"1.2.840.10008.1.2.4.202", "High-Throughput JPEG 2000 RPCL Lossless"},
    {"1.2.840.10008.1.2.4.203", "High-Throughput JPEG 2000"}};

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

bool decodable(const DcmXfer& syntax) {
  if (!syntax.isEncapsulated()) return true;
  const E_TransferSyntax id = syntax.getXfer();
  return id == EXS_JPEG2000 || id == EXS_JPEG2000LosslessOnly ||
         DcmCodecList::canChangeCoding(id, EXS_LittleEndianExplicit);
}

/// Returns the number of compressed bytes; refuses a frame without any.
std::int64_t compressed_bytes(DcmPixelSequence& sequence, const PixelLayout& layout) {
  // The first item is the offset table.
  const auto fragments = static_cast<std::int64_t>(sequence.card()) - 1;
  std::int64_t bytes = 0;
  DcmObject* item = nullptr;
  bool table = true;
  while ((item = sequence.nextInContainer(item)) != nullptr) {
    if (!table) bytes += static_cast<std::int64_t>(static_cast<DcmPixelItem*>(item)->getLength());
    table = false;
  }
  if (fragments < layout.frames || bytes == 0)
    refuse(layout.path,
           {Refusal::unreadable, tag_text(DCM_PixelData),
            std::to_string(std::max<std::int64_t>(fragments, 0)) + " fragments",
            "there is not one fragment of pixels for each of " + std::to_string(layout.frames) + " frames"});
  return bytes;
}

}  // namespace

std::optional<OpenFile> open_file(const std::filesystem::path& path) {
  std::string bytes(start_bytes, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in)
    refuse(path, {Refusal::unreadable, "", "", std::string("it can't be opened: ") + std::strerror(errno)});
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  in.close();
  const std::optional<Start> start = find_start(bytes);
  if (!start) return {};
  OpenFile file{path, std::make_shared<DcmFileFormat>(), {}, {}, start->has_preamble, start->offset};
  file.status = parse(*file.format, path, *start);
  file.class_uid = Attributes(*file.format->getDataset(), path).text(DCM_SOPClassUID);
  if (file.class_uid.empty())
    file.class_uid = Attributes(*file.format->getMetaInfo(), path).text(DCM_MediaStorageSOPClassUID);
  if (file.class_uid == UID_MediaStorageDirectoryStorage) return {};
  if (file.class_uid.empty() && !start->has_preamble) return {};
  return file;
}

TransferSyntax transfer_syntax_of(const OpenFile& file) {
  const std::string stated = Attributes(*file.format->getMetaInfo(), file.path).raw(DCM_TransferSyntaxUID);
  const DcmXfer xfer =
      stated.empty() ? DcmXfer(file.format->getDataset()->getOriginalXfer()) : DcmXfer(stated.c_str());
  if (xfer.getXfer() != EXS_Unknown) return {xfer, xfer.getXferName()};
  for (const auto& [uid, name] : newer_syntaxes)
    if (stated == uid) return {xfer, std::string(name) + " (" + stated + ")"};
  return {xfer, stated};
}

void refuse_unless_decodable(const OpenFile& file, const TransferSyntax& syntax) {
  if (syntax.xfer.getXfer() == EXS_Unknown || !decodable(syntax.xfer))
    refuse(file.path, {Refusal::unsupported_pixels, "(0002,0010) TransferSyntaxUID", syntax.name,
                       "no library here decodes its pixels"});
}

void refuse_if_damaged(const OpenFile& file) {
  if (file.status.good()) return;
  DcmDataset& dataset = *file.format->getDataset();
  const unsigned long elements = dataset.card();
  DcmElement* last = elements == 0 ? nullptr : dataset.getElement(elements - 1);
  const std::string tag = last == nullptr ? "" : tag_text(last->getTag());
  const std::string why = "the file is cut off or damaged (" + std::string(file.status.text()) + ")";
  if (last != nullptr && last->getLengthField() == DCM_UndefinedLength)
    refuse(file.path, {Refusal::unreadable, tag, "of undefined length", "its data end early: " + why});
  const std::string value =
      last == nullptr ? "" : std::to_string(last->getLengthField()) + " bytes announced";
  refuse(file.path, {Refusal::unreadable, tag, value, why});
}

DcmPixelData* pixels_of(DcmDataset& dataset) {
  DcmElement* element = nullptr;
  dataset.findAndGetElement(DCM_PixelData, element);
  return dynamic_cast<DcmPixelData*>(element);
}

void refuse_short_pixels(DcmDataset& dataset, const DcmXfer& syntax, const PixelLayout& layout) {
  DcmPixelData* pixels = pixels_of(dataset);
  if (pixels == nullptr)
    refuse(layout.path, {Refusal::unreadable, tag_text(DCM_PixelData), "", "the pixels can't be found"});
  const double needed = static_cast<double>(layout.frame_bytes) * static_cast<double>(layout.frames);
  DcmPixelSequence* sequence = nullptr;
  if (syntax.isEncapsulated()) {
    if (pixels->getEncapsulatedRepresentation(syntax.getXfer(), nullptr, sequence).bad() ||
        sequence == nullptr)
      refuse(layout.path,
             {Refusal::unreadable, tag_text(DCM_PixelData), "", "the compressed pixels can't be found"});
    // No image is 10,000 times smaller than its pixels: a damaged size must not ask for the memory it claims.
    constexpr double highest_ratio = 1e4;
    const std::int64_t bytes = compressed_bytes(*sequence, layout);
    if (needed > highest_ratio * static_cast<double>(bytes))
      refuse(layout.path, {Refusal::unreadable, tag_text(DCM_PixelData), std::to_string(bytes) + " bytes",
                           "the compressed pixels are too few for the image's size"});
    return;
  }
  const double there = static_cast<double>(pixels->getLength(syntax.getXfer()));
  if (there < needed)
    refuse(layout.path, {Refusal::unreadable, tag_text(DCM_PixelData),
                         std::to_string(static_cast<std::int64_t>(there)) + " bytes",
                         "the pixels are fewer than the " +
                             std::to_string(static_cast<std::int64_t>(needed)) + " bytes of the image"});
}

}  // namespace genu::io::dicom
