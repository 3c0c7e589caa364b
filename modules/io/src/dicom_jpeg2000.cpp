// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <random>
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

#include "dicom_codestream.h"
#include "dicom_gdcm.h"
#include "dicom_pixels.h"

namespace genu::io::dicom {
namespace {

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
void write_bare_image(const std::filesystem::path& file, const PixelLayout& layout, E_TransferSyntax syntax,
                      const char* photometric, Bytes& stream) {
  DcmFileFormat format;
  DcmDataset& dataset = *format.getDataset();
  dataset.putAndInsertString(DCM_SOPClassUID, UID_MRImageStorage);
  dataset.putAndInsertString(DCM_SOPInstanceUID, "2.25.1");
  dataset.putAndInsertString(DCM_PhotometricInterpretation, photometric);
  if (layout.samples > 1) dataset.putAndInsertUint16(DCM_PlanarConfiguration, 0);
  const std::pair<DcmTagKey, std::int64_t> numbers[] = {{DCM_SamplesPerPixel, layout.samples},
                                                        {DCM_Rows, layout.rows},
                                                        {DCM_Columns, layout.columns},
                                                        {DCM_BitsAllocated, layout.format.bits_allocated},
                                                        {DCM_BitsStored, layout.format.bits_stored},
                                                        {DCM_HighBit, layout.format.high_bit},
                                                        {DCM_PixelRepresentation, layout.format.is_signed}};
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

/// What GDCM wants to hear, so that it gives the values of the codestream and warns of nothing.
const char* photometric_of(const StreamHeader& header) {
  if (header.components == 1) return "MONOCHROME2";
  if (header.colour != StreamColour::rgb) return "RGB";
  return header.lossy ? "YBR_ICT" : "YBR_RCT";
}

}  // namespace

void decode_jpeg2000_frames(DcmDataset& dataset, const PixelLayout& layout, const WantFrame& wanted,
                            const TakeValues& take) {
  std::vector<Bytes> streams = codestreams(dataset, layout);
  const auto count = static_cast<std::size_t>(layout.rows * layout.columns * layout.samples);
  for (std::size_t f = 0; f < streams.size(); ++f) {
    if (!wanted(f)) continue;
    const StreamHeader header = checked_jpeg2000_header(streams[f], layout);
    std::vector<double> values;
    const TemporaryFile bare;
    write_bare_image(bare.path(), layout, dataset.getOriginalXfer(), photometric_of(header), streams[f]);
    try {
      values = read_with_gdcm(bare.path().string());
    } catch (const std::exception&) {
      refuse_pixels(layout, "GDCM finds an error in the codestream");
    }
    if (values.size() != count)
      refuse_pixels(layout, std::to_string(values.size()) + " values instead of " + std::to_string(count));
    take(f, values);
  }
}

}  // namespace genu::io::dicom
