// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcpixel.h>
#include <dcmtk/dcmdata/dcpixseq.h>
#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcuid.h>

#include "dicom_attributes.h"
#include "dicom_gdcm.h"
#include "dicom_pixels.h"
#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

using Bytes = std::vector<unsigned char>;

[[noreturn]] void fail(const ObjectHeader& header, const std::string& why) {
  refuse(header.path, {Refusal::unreadable, tag_text(DCM_PixelData), header.transfer_syntax,
                       "the pixels can't be decoded (" + why + ")"});
}

/// Returns the compressed bytes of each frame.
std::vector<Bytes> codestreams(const LoadedObject& object) {
  const ObjectHeader& header = object.header;
  DcmDataset& dataset = *object.file->getDataset();
  DcmElement* element = nullptr;
  dataset.findAndGetElement(DCM_PixelData, element);
  auto* pixels = dynamic_cast<DcmPixelData*>(element);
  DcmPixelSequence* sequence = nullptr;
  if (pixels == nullptr ||
      pixels->getEncapsulatedRepresentation(dataset.getOriginalXfer(), nullptr, sequence).bad() ||
      sequence == nullptr)
    fail(header, "there are none");
  const std::size_t fragments = sequence->card() - 1;  // the first item is the offset table
  const bool one_frame = header.frames.size() == 1;
  if (!one_frame && fragments != header.frames.size()) fail(header, "a frame is in several fragments");
  std::vector<Bytes> streams(header.frames.size());
  DcmObject* item = sequence->nextInContainer(nullptr);
  for (std::size_t f = 0; f < fragments; ++f) {
    item = sequence->nextInContainer(item);
    Uint8* bytes = nullptr;
    auto* fragment = static_cast<DcmPixelItem*>(item);
    if (fragment->getUint8Array(bytes).bad() || (bytes == nullptr && fragment->getLength() > 0))
      fail(header, "a fragment can't be read");
    Bytes& stream = streams[one_frame ? 0 : f];
    if (bytes != nullptr) stream.insert(stream.end(), bytes, bytes + fragment->getLength());
  }
  return streams;
}

/// Refuses a codestream whose SIZ segment (ISO/IEC 15444-1 A.5.1) is not that of the image: GDCM ends the
/// program on some such files.
void check_size_segment(const Bytes& stream, const ObjectHeader& header) {
  constexpr std::size_t one_component = 45;  // SOC, and SIZ with one component
  if (stream.size() < one_component || stream[0] != 0xff || stream[1] != 0x4f || stream[2] != 0xff ||
      stream[3] != 0x51)
    fail(header, "it does not begin as a JPEG 2000 codestream");
  const auto number = [&](std::size_t at, std::size_t bytes) {
    std::int64_t value = 0;
    for (std::size_t i = at; i < at + bytes; ++i) value = 256 * value + stream[i];
    return value;
  };
  const std::int64_t width = number(8, 4) - number(16, 4);
  const std::int64_t height = number(12, 4) - number(20, 4);
  const std::int64_t components = number(40, 2);
  const std::int64_t bits = (number(42, 1) & 0x7f) + 1;
  if (width != header.columns || height != header.rows || components != 1 || number(43, 2) != 0x0101)
    fail(header, "the codestream has another size than the image");
  if (bits > header.format.bits_allocated) fail(header, "the codestream has more bits than the image");
  // Tiles so small that there are very many of them are damage, and take long.
  constexpr std::int64_t most_tiles = 65535;  // the standard's limit
  const std::int64_t tile_width = number(24, 4), tile_height = number(28, 4);
  if (tile_width < 1 || tile_height < 1 ||
      ((width + tile_width - 1) / tile_width) * ((height + tile_height - 1) / tile_height) > most_tiles)
    fail(header, "the codestream has impossible tiles");
}

/// A file in the folder for temporary ones, removed at the end.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::random_device entropy;
    path_ = std::filesystem::temp_directory_path() /
            ("genu-" + std::to_string(entropy()) + std::to_string(entropy()) + ".dcm");
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes an image of one frame with no attribute but those that its decoding needs. GDCM gets this rather
/// than the original, because it ends the program on some damaged headers and applies rescale by rules of its
/// own.
void write_bare_image(const std::filesystem::path& file, const ObjectHeader& header, E_TransferSyntax syntax,
                      Bytes& stream) {
  DcmFileFormat format;
  DcmDataset& dataset = *format.getDataset();
  dataset.putAndInsertString(DCM_SOPClassUID, UID_MRImageStorage);
  dataset.putAndInsertString(DCM_SOPInstanceUID, "2.25.1");
  dataset.putAndInsertString(DCM_PhotometricInterpretation, "MONOCHROME2");
  const std::pair<DcmTagKey, std::int64_t> numbers[] = {{DCM_SamplesPerPixel, 1},
                                                        {DCM_Rows, header.rows},
                                                        {DCM_Columns, header.columns},
                                                        {DCM_BitsAllocated, header.format.bits_allocated},
                                                        {DCM_BitsStored, header.format.bits_stored},
                                                        {DCM_HighBit, header.format.high_bit},
                                                        {DCM_PixelRepresentation, header.format.is_signed}};
  for (const auto& [tag, number] : numbers) dataset.putAndInsertUint16(tag, static_cast<Uint16>(number));
  auto sequence = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
  sequence->insert(new DcmPixelItem(DcmTag(DCM_Item, EVR_OB)));
  DcmOffsetList offsets;
  sequence->storeCompressedFrame(offsets, stream.data(), static_cast<Uint32>(stream.size()), 0);
  auto pixels = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
  pixels->putOriginalRepresentation(syntax, nullptr, sequence.release());
  dataset.insert(pixels.release(), true);
  const OFCondition status = format.saveFile(OFFilename(file.c_str()), syntax);
  if (status.bad()) throw IoError(file.string() + " can't be written: " + status.text());
}

}  // namespace

void decode_jpeg2000_frames(const LoadedObject& object, const FramePlace& place) {
  const ObjectHeader& header = object.header;
  std::vector<Bytes> streams = codestreams(object);
  for (std::size_t f = 0; f < streams.size(); ++f) {
    const std::span<float> out = place(f);
    if (out.empty()) continue;
    check_size_segment(streams[f], header);
    std::vector<double> values;
    const TemporaryFile bare;
    write_bare_image(bare.path(), header, object.file->getDataset()->getOriginalXfer(), streams[f]);
    try {
      values = read_with_gdcm(bare.path().string());
    } catch (const std::exception&) {
      fail(header, "GDCM finds an error in the codestream");
    }
    if (values.size() != out.size())
      fail(header, std::to_string(values.size()) + " values instead of " + std::to_string(out.size()));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<float>(values[i] * header.frames[f].slope + header.frames[f].intercept);
  }
}

}  // namespace genu::io::dicom
