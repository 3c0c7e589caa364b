// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <span>
#include <sstream>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dcdeftag.h>
#include <dcmtk/dcmdata/dcfilefo.h>
#include <dcmtk/dcmdata/dcuid.h>
#include <dcmtk/dcmdata/dcvrda.h>

#include <genu/core/error.h>
#include <genu/io/dicom.h>
#include <genu/io/files.h>

#include "dicom_attributes.h"
#include "dicom_uid.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t longest_decimal = 16;  // a DS value, PS3.5 table 6.2-1
constexpr double highest_stored = 32767.0;
constexpr double lowest_stored = -32768.0;

/// Returns the number with as many digits as a DS value holds.
std::string decimal(double number) {
  char text[40];
  for (int digits = 17; digits > 0; --digits) {
    const int size = std::snprintf(text, sizeof text, "%.*g", digits, number);
    if (size > 0 && static_cast<std::size_t>(size) <= longest_decimal) break;
  }
  return text;
}

std::string decimals(std::initializer_list<double> numbers) {
  std::string all;
  for (const double number : numbers) all += (all.empty() ? "" : "\\") + decimal(number);
  return all;
}

/// How values become 16-bit numbers.
struct Quantisation {
  std::string slope_text;  ///< Empty where values are stored as they are.
  double slope = 1.0;
};

Quantisation quantisation_of(const Volume<float>& image) {
  double largest = 0.0;
  bool whole = true;
  for (std::size_t i = 0; i < image.voxels().size(); ++i) {
    const double value = image.voxels()[i];
    if (!std::isfinite(value)) {
      std::ostringstream message;
      message << "an MR series can't hold the value " << value << " of voxel "
              << image.geometry().index_of(i);
      throw InvalidInput(message.str());
    }
    largest = std::max(largest, std::abs(value));
    whole = whole && value == std::nearbyint(value) && value >= lowest_stored && value <= highest_stored;
  }
  if (whole) return {};
  // What a reader will multiply with is the text, which may have been rounded down: then the largest value
  // would not fit.
  double slope = largest / highest_stored;
  std::string text = decimal(slope);
  for (double up = 1e-14; std::stod(text) < slope; up *= 2.0) text = decimal(slope * (1.0 + up));
  return {text, std::stod(text)};
}

/// Puts attributes into a data set; what DCMTK refuses becomes an error that names tag and value.
class Writer {
 public:
  explicit Writer(DcmDataset& dataset) : dataset_(dataset) {}
  void text(const DcmTagKey& tag, const std::string& value) {
    if (dataset_.putAndInsertString(tag, value.c_str()).bad()) fail(tag, value);
    DcmElement* element = nullptr;
    if (dataset_.findAndGetElement(tag, element).bad() || element->checkValue("1-n", true).bad())
      fail(tag, value);
  }
  /// Puts a text that a caller chose; DCMTK counts and looks at its characters only where they are Latin.
  void words(const DcmTagKey& tag, const std::string& value) {
    constexpr std::ptrdiff_t most_characters = 64;  // of LO and of a component group of PN, PS3.5 table 6.2-1
    const auto begins_character = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    const auto breaks_text = [](char c) { return c == '\\' || (c >= 0 && c < ' ') || c == 0x7F; };
    if (std::count_if(value.begin(), value.end(), begins_character) > most_characters ||
        std::any_of(value.begin(), value.end(), breaks_text))
      fail(tag, value);
    text(tag, value);
  }
  void whole(const DcmTagKey& tag, int value) {
    if (dataset_.putAndInsertUint16(tag, static_cast<Uint16>(value)).bad()) fail(tag, std::to_string(value));
  }
  void empty(const DcmTagKey& tag) { dataset_.insertEmptyElement(tag); }
  void pixels(const std::vector<std::int16_t>& values) {
    std::vector<Uint16> bits(values.size());
    std::memcpy(bits.data(), values.data(), values.size() * sizeof(Uint16));
    if (dataset_.putAndInsertUint16Array(DCM_PixelData, bits.data(), static_cast<unsigned long>(bits.size()))
            .bad())
      fail(DCM_PixelData, std::to_string(values.size()) + " pixels");
  }

 private:
  [[noreturn]] static void fail(const DcmTagKey& tag, const std::string& value) {
    throw InvalidInput("a DICOM image can't hold '" + value + "' as " + dicom::tag_text(tag));
  }
  DcmDataset& dataset_;
};

void put_patient_and_study(Writer& put, const SeriesHeader& header) {
  const std::string study_name = header.seed + "\n" + header.patient_id + "\n" + header.study_date;
  put.text(DCM_SpecificCharacterSet, "ISO_IR 192");
  put.words(DCM_PatientName, header.patient_name);
  put.words(DCM_PatientID, header.patient_id);
  put.empty(DCM_PatientBirthDate);
  put.empty(DCM_PatientSex);
  put.text(DCM_StudyInstanceUID, dicom::derived_uid("study\n" + study_name));
  put.text(DCM_FrameOfReferenceUID, dicom::derived_uid("frame of reference\n" + study_name));
  put.text(DCM_StudyDate, header.study_date);
  put.text(DCM_StudyTime, "000000");
  put.empty(DCM_ReferringPhysicianName);
  put.text(DCM_StudyID, "1");
  put.empty(DCM_AccessionNumber);
  put.empty(DCM_PositionReferenceIndicator);
}

std::string series_name(const SeriesHeader& header) {
  return header.seed + "\n" + header.patient_id + "\n" + header.study_date + "\n" +
         header.series_description + "\n" + std::string(name(header.side));
}

void put_series_and_equipment(Writer& put, const SeriesHeader& header) {
  put.text(DCM_Modality, "MR");
  put.text(DCM_SeriesInstanceUID, dicom::derived_uid("series\n" + series_name(header)));
  put.text(DCM_SeriesNumber, "1");
  put.words(DCM_SeriesDescription, header.series_description);
  put.text(DCM_Laterality, header.side == Side::left ? "L" : "R");
  put.text(DCM_BodyPartExamined, "KNEE");
  put.text(DCM_PatientPosition, "FFS");  // feet first, supine: how a knee lies in a scanner
  put.text(DCM_Manufacturer, "Genu");
  put.text(DCM_ManufacturerModelName, "Genu");
}

/// Says how the image came about, as MR images must: it is computed, so that no scanner sequence is claimed.
void put_mr_image(Writer& put, const SeriesHeader& header) {
  put.text(DCM_SOPClassUID, UID_MRImageStorage);
  put.text(DCM_ImageType, "DERIVED\\SECONDARY\\OTHER");
  put.text(DCM_ContentDate, header.study_date);
  put.text(DCM_ContentTime, "000000");
  put.text(DCM_ScanningSequence, "RM");
  put.text(DCM_SequenceVariant, "NONE");
  put.empty(DCM_ScanOptions);
  put.text(DCM_MRAcquisitionType, "3D");
  put.text(DCM_RepetitionTime, decimal(header.repetition_time_ms));
  if (std::isnan(header.echo_time_ms))
    put.empty(DCM_EchoTime);
  else
    put.text(DCM_EchoTime, decimal(header.echo_time_ms));
  put.empty(DCM_EchoTrainLength);
}

void put_geometry(Writer& put, const ImageGeometry& geometry, std::int64_t k) {
  const Point3 p = geometry.to_patient(VoxelIndex{0, 0, k});
  const Vector3 row = geometry.direction().column(0);
  const Vector3 column = geometry.direction().column(1);
  const Vector3& spacing = geometry.spacing_mm();
  put.text(DCM_ImagePositionPatient, decimals({p.x, p.y, p.z}));
  put.text(DCM_ImageOrientationPatient, decimals({row.x, row.y, row.z, column.x, column.y, column.z}));
  put.text(DCM_PixelSpacing, decimals({spacing.y, spacing.x}));  // between rows, then between columns
  put.text(DCM_SliceThickness, decimal(spacing.z));
  put.text(DCM_SpacingBetweenSlices, decimal(spacing.z));
}

void put_pixels(Writer& put, const Volume<float>& image, std::int64_t k, const Quantisation& quantisation,
                const std::string& instance_name) {
  const auto& size = image.geometry().size();
  const auto count = static_cast<std::size_t>(size[0] * size[1]);
  const auto slice =
      std::span<const float>(image.voxels()).subspan(static_cast<std::size_t>(k) * count, count);
  std::vector<std::int16_t> stored(count);
  std::transform(slice.begin(), slice.end(), stored.begin(), [&](float value) {
    return static_cast<std::int16_t>(
        std::clamp(std::nearbyint(value / quantisation.slope), lowest_stored, highest_stored));
  });
  put.whole(DCM_SamplesPerPixel, 1);
  put.text(DCM_PhotometricInterpretation, "MONOCHROME2");
  put.whole(DCM_Rows, static_cast<int>(size[1]));
  put.whole(DCM_Columns, static_cast<int>(size[0]));
  put.whole(DCM_BitsAllocated, 16);
  put.whole(DCM_BitsStored, 16);
  put.whole(DCM_HighBit, 15);
  put.whole(DCM_PixelRepresentation, 1);
  if (!quantisation.slope_text.empty()) {
    put.text(DCM_RescaleIntercept, "0");
    put.text(DCM_RescaleSlope, quantisation.slope_text);
    put.text(DCM_RescaleType, "US");
  }
  // Its pixels are part of an image's name: another image never has the same one.
  const std::string bytes(reinterpret_cast<const char*>(stored.data()), stored.size() * sizeof(std::int16_t));
  put.text(DCM_SOPInstanceUID, dicom::derived_uid("image\n" + instance_name + "\n" + bytes));
  put.text(DCM_InstanceNumber, std::to_string(k + 1));
  put.pixels(stored);
}

void save(DcmFileFormat& file, const fs::path& path) {
  const OFCondition status =
      file.saveFile(OFFilename(path.c_str()), EXS_LittleEndianExplicit, EET_ExplicitLength);
  if (status.bad()) throw IoError(final_path(path).string() + " can't be written: " + status.text());
}

void check_writable(const Volume<float>& image, const SeriesHeader& header) {
  constexpr std::int64_t most = 65535;  // Rows and Columns are 16-bit numbers
  const GridSize& size = image.geometry().size();
  if (size[0] > most || size[1] > most)
    throw InvalidInput("a DICOM image can't have " + std::to_string(size[0]) + " x " +
                       std::to_string(size[1]) + " pixels");
  if (header.study_date.size() != 8 ||
      DcmDate::checkStringValue(OFString(header.study_date.data(), header.study_date.size()), "1").bad())
    throw InvalidInput("'" + header.study_date + "' is not a date like 20000131");
}

}  // namespace

std::vector<fs::path> write_mr_series(const fs::path& folder, const Volume<float>& image,
                                      const SeriesHeader& header, const Progress& progress) {
  dicom::set_up_dcmtk();
  check_writable(image, header);
  const Quantisation quantisation = quantisation_of(image);
  FolderTransaction transaction(folder);
  std::vector<fs::path> files;
  const std::int64_t slices = image.geometry().size()[2];
  for (std::int64_t k = 0; k < slices; ++k) {
    progress.report("writing DICOM images", static_cast<double>(k) / static_cast<double>(slices));
    DcmFileFormat file;
    Writer put(*file.getDataset());
    put_patient_and_study(put, header);
    put_series_and_equipment(put, header);
    put_mr_image(put, header);
    put_geometry(put, image.geometry(), k);
    put_pixels(put, image, k, quantisation,
               series_name(header) + "\n" + decimal(header.echo_time_ms) + "\n" + std::to_string(k));
    char file_name[32];
    std::snprintf(file_name, sizeof file_name, "IM%06lld.dcm", static_cast<long long>(k) + 1);
    save(file, transaction.path() / file_name);
    files.push_back(folder / file_name);
  }
  transaction.commit({});
  progress.report("writing DICOM images", 1.0);
  return files;
}

}  // namespace genu::io
