// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gtest/gtest.h>

namespace genu::testing {

/// An ultrasound object as a machine would write it; tests change what they are about.
struct UltrasoundObject {
  int columns = 4, rows = 3, frames = 1, samples = 1, planar = 0;
  int bits_allocated = 8, bits_stored = 8;
  bool is_signed = false;
  std::string photometric = "MONOCHROME2";
  std::vector<Uint8> bytes = {};   ///< Of all frames, for 8 bits.
  std::vector<Uint16> words = {};  ///< Of all frames, for 16 bits.
  std::function<void(DcmDataset&)> more = [](DcmDataset&) {};
};

/// A different value at each place of a frame.
inline std::vector<Uint8> counted(std::size_t count) {
  std::vector<Uint8> bytes;
  for (std::size_t i = 0; i < count; ++i) bytes.push_back(static_cast<Uint8>(7 * i + 3));
  return bytes;
}

inline void set_text(DcmItem& item, const DcmTagKey& tag, const std::string& value) {
  ASSERT_TRUE(item.putAndInsertString(tag, value.c_str()).good()) << value;
}

/// Writes the object, compressed as `syntax` says where the test registered an encoder.
inline void write_object(const std::filesystem::path& file, const UltrasoundObject& object,
                         E_TransferSyntax syntax = EXS_LittleEndianExplicit,
                         const DcmRepresentationParameter* parameter = nullptr) {
  DcmFileFormat format;
  DcmDataset& d = *format.getDataset();
  set_text(d, DCM_SOPClassUID, UID_UltrasoundMultiframeImageStorage);
  set_text(d, DCM_SOPInstanceUID, "1.2.3.4");
  set_text(d, DCM_StudyInstanceUID, "1.2.3");
  set_text(d, DCM_SeriesInstanceUID, "1.2.3.1");
  set_text(d, DCM_Modality, "US");
  set_text(d, DCM_PhotometricInterpretation, object.photometric);
  if (object.frames > 1) set_text(d, DCM_NumberOfFrames, std::to_string(object.frames));
  const auto number = [&](const DcmTagKey& tag, int value) {
    d.putAndInsertUint16(tag, static_cast<Uint16>(value));
  };
  number(DCM_SamplesPerPixel, object.samples);
  if (object.samples > 1) number(DCM_PlanarConfiguration, object.planar);
  number(DCM_Rows, object.rows);
  number(DCM_Columns, object.columns);
  number(DCM_BitsAllocated, object.bits_allocated);
  number(DCM_BitsStored, object.bits_stored);
  number(DCM_HighBit, object.bits_stored - 1);
  number(DCM_PixelRepresentation, object.is_signed ? 1 : 0);
  if (object.words.empty())
    d.putAndInsertUint8Array(DCM_PixelData, object.bytes.data(), object.bytes.size());
  else
    d.putAndInsertUint16Array(DCM_PixelData, object.words.data(), object.words.size());
  object.more(d);
  const OFCondition status = d.chooseRepresentation(syntax, parameter);
  ASSERT_TRUE(status.good()) << DcmXfer(syntax).getXferName() << ": " << status.text();
  std::filesystem::remove(file);
  ASSERT_TRUE(format.saveFile(file.c_str(), syntax).good());
}

/// Adds a B-mode region of 0.1 mm a pixel; the test changes what it is about.
inline DcmItem& add_region(DcmDataset& d, Uint32 min_x, Uint32 min_y, Uint32 max_x, Uint32 max_y) {
  DcmItem* item = nullptr;
  EXPECT_TRUE(d.findOrCreateSequenceItem(DCM_SequenceOfUltrasoundRegions, item, -2).good());
  item->putAndInsertUint16(DCM_RegionSpatialFormat, 1);
  item->putAndInsertUint16(DCM_RegionDataType, 1);
  item->putAndInsertUint32(DCM_RegionFlags, 0);
  item->putAndInsertUint32(DCM_RegionLocationMinX0, min_x);
  item->putAndInsertUint32(DCM_RegionLocationMinY0, min_y);
  item->putAndInsertUint32(DCM_RegionLocationMaxX1, max_x);
  item->putAndInsertUint32(DCM_RegionLocationMaxY1, max_y);
  item->putAndInsertUint16(DCM_PhysicalUnitsXDirection, 3);
  item->putAndInsertUint16(DCM_PhysicalUnitsYDirection, 3);
  item->putAndInsertFloat64(DCM_PhysicalDeltaX, 0.01);
  item->putAndInsertFloat64(DCM_PhysicalDeltaY, 0.01);
  return *item;
}

/// Writes a picture of two regions beside each other, the right one with pixels of 0.2 x 0.1 mm.
inline void write_two_scales(const std::filesystem::path& file) {
  UltrasoundObject screen{.columns = 200, .rows = 100, .bytes = counted(200 * 100)};
  screen.more = [](DcmDataset& d) {
    add_region(d, 0, 0, 99, 99);
    add_region(d, 100, 0, 199, 99).putAndInsertFloat64(DCM_PhysicalDeltaX, 0.02);
  };
  write_object(file, screen);
}

}  // namespace genu::testing
