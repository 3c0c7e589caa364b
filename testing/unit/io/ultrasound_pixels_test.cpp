// SPDX-License-Identifier: Apache-2.0
// Every way in which ultrasound objects hold their pixels becomes the same picture.
#include <algorithm>
#include <functional>
#include <memory>
#include <string_view>

#include <dcmtk/dcmdata/dcpxitem.h>
#include <dcmtk/dcmdata/dcrleerg.h>
#include <dcmtk/dcmimage/diregist.h>  // lets the encoders read colours
#include <dcmtk/dcmjpeg/djencode.h>
#include <dcmtk/dcmjpeg/djrploss.h>
#include <dcmtk/dcmjpls/djencode.h>
#include <dcmtk/dcmjpls/djrparam.h>
#include <gmock/gmock.h>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/ultrasound_files.h>
#include <genu/testing/data.h>

#include "matchers.h"
#include "ultrasound_object.h"

namespace genu::io {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ScratchFolder;
using testing::UltrasoundObject;
using ultrasound::UltrasoundClip;

class UltrasoundPixels : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    OFLog::configure(OFLogger::OFF_LOG_LEVEL);
    DcmRLEEncoderRegistration::registerCodecs();
    DJEncoderRegistration::registerCodecs(ECC_lossyYCbCr);
    DJLSEncoderRegistration::registerCodecs();
  }

  UltrasoundClip read(const UltrasoundObject& object, E_TransferSyntax syntax = EXS_LittleEndianExplicit,
                      const DcmRepresentationParameter* parameter = nullptr) {
    write_object(file_, object, syntax, parameter);
    return read_ultrasound_clip(file_);
  }
  /// Changes the header of the written object and leaves its pixels as they are.
  void edit(const std::function<void(DcmDataset&)>& change) {
    DcmFileFormat format;
    ASSERT_TRUE(format.loadFile(file_.c_str()).good());
    ASSERT_TRUE(format.loadAllDataIntoMemory().good());
    change(*format.getDataset());
    std::filesystem::remove(file_);
    ASSERT_TRUE(format.saveFile(file_.c_str(), format.getDataset()->getOriginalXfer()).good());
  }
  std::string refusal(const UltrasoundObject& object) {
    write_object(file_, object);
    return testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); });
  }

  ScratchFolder scratch_;
  std::filesystem::path file_ = scratch_ / "object";
};

UltrasoundObject colour(const std::vector<Uint8>& bytes, const std::string& photometric, int columns = 2,
                        int rows = 1) {
  UltrasoundObject object{.columns = columns, .rows = rows, .samples = 3, .photometric = photometric};
  object.bytes = bytes;
  return object;
}

constexpr int smooth_width = 33, smooth_height = 27;  // odd, so that frames begin at odd places
int smooth_value(int frame, int x, int y, int channel) {
  return 50 + 30 * channel + 2 * x + 2 * y - 10 * frame;
}

/// A smooth picture, as a codec would like it.
UltrasoundObject smooth(int samples, int frames, int planar = 0) {
  UltrasoundObject object{.columns = smooth_width,
                          .rows = smooth_height,
                          .frames = frames,
                          .samples = samples,
                          .planar = planar,
                          .photometric = samples == 3 ? "RGB" : "MONOCHROME2"};
  constexpr int pixels = smooth_width * smooth_height;
  for (int f = 0; f < frames; ++f)
    for (int i = 0; i < pixels * samples; ++i) {
      const int pixel = planar == 1 ? i % pixels : i / samples;
      const int channel = planar == 1 ? i / pixels : i % samples;
      const int value = smooth_value(f, pixel % smooth_width, pixel / smooth_width, channel);
      object.bytes.push_back(static_cast<Uint8>(value));
    }
  object.bytes.resize(object.bytes.size() + object.bytes.size() % 2);
  return object;
}

void expect_smooth(const UltrasoundClip& clip, int samples, int frames, double tolerance = 0.0) {
  ASSERT_EQ(clip.frames.size(), static_cast<std::size_t>(frames));
  for (int f = 0; f < frames; ++f) {
    const Frame& frame = clip.frames[static_cast<std::size_t>(f)];
    ASSERT_EQ(frame.width, smooth_width);
    ASSERT_EQ(frame.height, smooth_height);
    ASSERT_EQ(frame.channels, samples);
    for (int y = 0; y < smooth_height; ++y)
      for (int x = 0; x < smooth_width; ++x)
        for (int c = 0; c < samples; ++c)
          ASSERT_NEAR(frame.at(x, y, c), smooth_value(f, x, y, c), tolerance)
              << f << " " << x << " " << y << " " << c;
  }
}

TEST_F(UltrasoundPixels, EveryLosslessEncodingGivesTheSameFrames) {
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_BigEndianExplicit,
        EXS_DeflatedLittleEndianExplicit, EXS_RLELossless, EXS_JPEGProcess14, EXS_JPEGProcess14SV1,
        EXS_JPEGLSLossless})
    for (const int samples : {1, 3})
      for (const int planar : {0, 1}) {
        if (samples == 1 && planar == 1) continue;
        SCOPED_TRACE(std::string(DcmXfer(syntax).getXferName()) + ", values a pixel " +
                     std::to_string(samples) + ", planar " + std::to_string(planar));
        const int frames = planar == 1 ? 1 : 3;  // DCMTK's encoders mix up planes of several frames
        const UltrasoundClip clip = read(smooth(samples, frames, planar), syntax);
        expect_smooth(clip, samples, frames);
        EXPECT_EQ(clip.encoding, DcmXfer(syntax).getXferName());
        EXPECT_THAT(clip.grey_mapping, IsEmpty());
      }
}

TEST_F(UltrasoundPixels, PlanesOfSeveralFramesAreToldApart) {
  for (const E_TransferSyntax syntax : {EXS_LittleEndianExplicit, EXS_BigEndianExplicit, EXS_RLELossless})
    expect_smooth(read(smooth(3, 3, 1), syntax), 3, 3);
}

TEST_F(UltrasoundPixels, LossyJpegIsCloseAndItsColoursAreTurnedBack) {
  const DJ_RPLossy quality(98);
  expect_smooth(read(smooth(1, 3), EXS_JPEGProcess1, &quality), 1, 3, 3.0);
  const UltrasoundClip clip = read(smooth(3, 3), EXS_JPEGProcess1, &quality);
  EXPECT_THAT(clip.photometric, HasSubstr("YBR_FULL"));
  EXPECT_TRUE(clip.lossy);
  expect_smooth(clip, 3, 3, 6.0);
}

// Some machines store luma and chroma in the codestream and call it RGB: greens and pinks all over.
TEST_F(UltrasoundPixels, AMislabelledJpegIsBelievedMoreThanItsHeader) {
  const DJ_RPLossy quality(98);
  write_object(file_, smooth(3, 3), EXS_JPEGProcess1, &quality);
  edit([](DcmDataset& d) { testing::set_text(d, DCM_PhotometricInterpretation, "RGB"); });
  const UltrasoundClip clip = read_ultrasound_clip(file_);
  expect_smooth(clip, 3, 3, 6.0);
  EXPECT_THAT(clip.warnings, ::testing::Contains(HasSubstr("labelled RGB")));
}

// Whoever makes a file smaller may leave its header as it was.
TEST_F(UltrasoundPixels, WhetherValuesWereLostIsReadInTheCodestreamToo) {
  const DJ_RPLossy quality(98);
  write_object(file_, smooth(1, 2), EXS_JPEGProcess1, &quality);
  edit([](DcmDataset& d) { d.findAndDeleteElement(DCM_LossyImageCompression); });
  EXPECT_TRUE(read_ultrasound_clip(file_).lossy);
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_RLELossless, EXS_JPEGProcess14SV1, EXS_JPEGLSLossless})
    EXPECT_FALSE(read(smooth(1, 2), syntax).lossy) << DcmXfer(syntax).getXferName();
  const DJLSRepresentationParameter near(2, OFFalse);
  write_object(file_, smooth(1, 2), EXS_JPEGLSLossy, &near);
  edit([](DcmDataset& d) { d.findAndDeleteElement(DCM_LossyImageCompression); });
  EXPECT_TRUE(read_ultrasound_clip(file_).lossy);
}

// Only JPEG 2000 has those transforms, and undoes them itself.
TEST_F(UltrasoundPixels, ColoursThatOnlyJpeg2000HasAreWarnedOfElsewhere) {
  for (const char* label : {"YBR_RCT", "YBR_ICT"}) {
    const UltrasoundClip clip = read(colour({1, 2, 3, 4, 5, 6}, label));
    EXPECT_THAT(clip.frames[0].pixels, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(clip.warnings, ::testing::Contains(HasSubstr(std::string("labelled ") + label)));
  }
}

TEST_F(UltrasoundPixels, AWindowThatIsDamagedIsNotUsed) {
  UltrasoundObject object{.columns = 4, .rows = 1, .bits_allocated = 16, .bits_stored = 12};
  object.words = {0, 1024, 2048, 4095};
  const std::vector<std::uint8_t> spread = read(object).frames[0].pixels;
  const auto with = [&](const char* centre, const char* slope) {
    object.more = [=](DcmDataset& d) {
      testing::set_text(d, DCM_WindowCenter, centre);
      testing::set_text(d, DCM_WindowWidth, "100");
      testing::set_text(d, DCM_RescaleSlope, slope);
      testing::set_text(d, DCM_RescaleIntercept, "5");
    };
    return read(object);
  };
  const UltrasoundClip damaged = with("12x", "1");
  EXPECT_EQ(damaged.frames[0].pixels, spread);
  EXPECT_THAT(damaged.warnings, ::testing::Contains(HasSubstr("WindowCenter = '12x' is damaged")));
  const UltrasoundClip flat = with("50", "0");
  EXPECT_EQ(flat.frames[0].pixels, spread) << "and not all one grey";
  EXPECT_THAT(flat.warnings, ::testing::Contains(HasSubstr("RescaleSlope = '0'")));
  EXPECT_NE(with("50", "1").frames[0].pixels, spread);
}

TEST_F(UltrasoundPixels, WindowsAreOfTheFunctionThatTheHeaderSays) {
  UltrasoundObject object{.columns = 5, .rows = 1, .bits_allocated = 16, .bits_stored = 12};
  object.words = {1000, 1750, 2000, 2250, 3000};
  const auto with = [&](const char* function) {
    object.more = [=](DcmDataset& d) {
      testing::set_text(d, DCM_WindowCenter, "2000");
      testing::set_text(d, DCM_WindowWidth, "1000");
      testing::set_text(d, DCM_VOILUTFunction, function);
    };
    return read(object);
  };
  const UltrasoundClip exact = with("LINEAR_EXACT"), curved = with("SIGMOID");
  EXPECT_THAT(exact.frames[0].pixels, ElementsAre(0, 64, 128, 191, 255));
  // 255 / (1 + exp(-4 (x - 2000) / 1000)), PS3.3 C.11.2.1.3.1.
  EXPECT_THAT(curved.frames[0].pixels, ElementsAre(5, 69, 128, 186, 250));
  EXPECT_THAT(curved.grey_mapping, HasSubstr("sigmoid window"));
}

TEST_F(UltrasoundPixels, GreyOfEightBitsStaysAsItIsWhateverTheWindow) {
  UltrasoundObject object{.bytes = testing::counted(12)};
  object.more = [](DcmDataset& d) {
    testing::set_text(d, DCM_WindowCenter, "20");
    testing::set_text(d, DCM_WindowWidth, "10");
  };
  EXPECT_THAT(read(object).frames[0].pixels, ElementsAreArray(testing::counted(12)));
}

TEST_F(UltrasoundPixels, InvertedGreyIsTurned) {
  UltrasoundObject object{.photometric = "MONOCHROME1", .bytes = testing::counted(12)};
  const UltrasoundClip clip = read(object);
  for (std::size_t i = 0; i < 12; ++i) EXPECT_EQ(clip.frames[0].pixels[i], 255 - object.bytes[i]);
  EXPECT_EQ(clip.grey_mapping, "inverted");
}

TEST_F(UltrasoundPixels, WiderGreyGoesThroughTheWindowOrElseItsStoredBits) {
  UltrasoundObject object{.columns = 4, .rows = 1, .bits_allocated = 16, .bits_stored = 12};
  object.words = {0, 1024, 2048, 4095};
  UltrasoundClip clip = read(object);
  EXPECT_THAT(clip.frames[0].pixels, ElementsAre(0, 64, 128, 255));
  EXPECT_EQ(clip.grey_mapping, "12 stored bits, 0 .. 4095, to 0 .. 255");
  object.more = [](DcmDataset& d) {
    testing::set_text(d, DCM_WindowCenter, "1536.5");
    testing::set_text(d, DCM_WindowWidth, "1025");
  };
  clip = read(object);
  EXPECT_THAT(clip.frames[0].pixels, ElementsAre(0, 0, 255, 255));  // 1024 .. 2048
  EXPECT_EQ(clip.grey_mapping, "window of the header, 1024 .. 2048, to 0 .. 255");
}

TEST_F(UltrasoundPixels, SignedAndNarrowGreyFillTheWholeRange) {
  UltrasoundObject object{
      .columns = 3, .rows = 1, .bits_allocated = 16, .bits_stored = 16, .is_signed = true};
  object.words = {0x8000, 0, 0x7fff};
  EXPECT_THAT(read(object).frames[0].pixels, ElementsAre(0, 128, 255));
  UltrasoundObject narrow{.columns = 4, .rows = 1, .bits_stored = 4, .bytes = {0, 5, 15, 0xf0}};
  EXPECT_THAT(read(narrow).frames[0].pixels, ElementsAre(0, 85, 255, 0)) << "bits beside the stored ones";
}

TEST_F(UltrasoundPixels, LumaAndChromaBecomeTheColoursOfTheStandard) {
  // Red and green by ITU-R BT.601, 8 bits: worked out by hand.
  const std::vector<Uint8> red_green{76, 85, 255, 150, 44, 21};
  const auto close = [](int r, int g, int b, int r2, int g2, int b2) {
    std::vector<::testing::Matcher<std::uint8_t>> all;
    for (const int v : {r, g, b, r2, g2, b2})
      all.emplace_back(::testing::AllOf(::testing::Ge(v - 1), ::testing::Le(v + 1)));
    return ElementsAreArray(all);
  };
  EXPECT_THAT(read(colour(red_green, "YBR_FULL")).frames[0].pixels, close(254, 0, 0, 0, 255, 1));
  EXPECT_THAT(read(colour({76, 85, 255, 76, 85, 255}, "YBR_RCT")).frames[0].pixels,
              ElementsAre(76, 85, 255, 76, 85, 255))
      << "JPEG 2000's own transforms are undone by its decoder";
  // Two pixels that share their chroma: Y Y Cb Cr.
  EXPECT_THAT(read(colour({76, 226, 128, 128}, "YBR_FULL_422")).frames[0].pixels,
              ElementsAre(76, 76, 76, 226, 226, 226));
  EXPECT_THAT(read(colour({76, 76, 85, 255}, "YBR_FULL_422")).frames[0].pixels, close(254, 0, 0, 254, 0, 0));
  EXPECT_THAT(read(colour({16, 235, 128, 128}, "YBR_PARTIAL_422")).frames[0].pixels,
              ElementsAre(0, 0, 0, 255, 255, 255));
}

TEST_F(UltrasoundPixels, HalvedChromaThatIsNotHalvedIsReadAsItIs) {
  const UltrasoundClip clip = read(colour({76, 128, 128, 226, 128, 128}, "YBR_FULL_422"));
  EXPECT_THAT(clip.frames[0].pixels, ElementsAre(76, 76, 76, 226, 226, 226));
  EXPECT_THAT(clip.warnings, ::testing::Contains(HasSubstr("as if chroma were not halved")));
  EXPECT_THAT(refusal(colour({1, 2, 3, 4, 5, 6, 7, 8}, "YBR_FULL_422", 3, 1)), HasSubstr("odd number"));
}

UltrasoundObject with_palette(const std::vector<Uint8>& indices, int entries, int first, int bits,
                              const std::vector<Uint16>& red) {
  UltrasoundObject object{
      .columns = static_cast<int>(indices.size()), .rows = 1, .photometric = "PALETTE COLOR"};
  object.bytes = indices;
  object.more = [=](DcmDataset& d) {
    const Uint16 description[] = {static_cast<Uint16>(entries), static_cast<Uint16>(first),
                                  static_cast<Uint16>(bits)};
    for (const DcmTagKey& tag :
         {DCM_RedPaletteColorLookupTableDescriptor, DCM_GreenPaletteColorLookupTableDescriptor,
          DCM_BluePaletteColorLookupTableDescriptor})
      d.putAndInsertUint16Array(tag, description, 3);
    std::vector<Uint16> table = red;
    for (const DcmTagKey& tag : {DCM_RedPaletteColorLookupTableData, DCM_GreenPaletteColorLookupTableData,
                                 DCM_BluePaletteColorLookupTableData}) {
      d.putAndInsertUint16Array(tag, table.data(), table.size());
      std::reverse(table.begin(), table.end());
    }
  };
  return object;
}

TEST_F(UltrasoundPixels, PalettesOfEveryKindGiveTheirColours) {
  const auto expected = ElementsAre(10, 40, 10, 10, 40, 10, 20, 30, 20, 40, 10, 40, 40, 10, 40, 40, 10, 40);
  const std::vector<Uint8> indices{4, 5, 6, 8, 9, 200};  // the table begins at 5; others get its ends
  EXPECT_THAT(read(with_palette(indices, 4, 5, 16, {0x0a00, 0x1400, 0x1e00, 0x28ff})).frames[0].pixels,
              expected);
  EXPECT_THAT(read(with_palette(indices, 4, 5, 8, {10, 20, 30, 40})).frames[0].pixels, expected)
      << "8 bits, one a word";
  const UltrasoundClip labelled_wide = read(with_palette(indices, 4, 5, 16, {10, 20, 30, 40}));
  EXPECT_THAT(labelled_wide.frames[0].pixels, expected);
  EXPECT_THAT(labelled_wide.warnings, ::testing::Contains(HasSubstr("says 16 bits and holds 8")));
  EXPECT_THAT(read(with_palette({0, 1, 2, 3}, 4, 0, 8, {0x140a, 0x0a14})).frames[0].pixels,
              ElementsAre(10, 20, 10, 20, 10, 20, 20, 10, 20, 10, 20, 10))
      << "8 bits, two a word";
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_BigEndianExplicit, EXS_RLELossless, EXS_JPEGLSLossless})
    EXPECT_THAT(
        read(with_palette(indices, 4, 5, 16, {0x0a00, 0x1400, 0x1e00, 0x28ff}), syntax).frames[0].pixels,
        expected);
}

TEST_F(UltrasoundPixels, PalettesInSegmentsAreLaidOut) {
  // Three values, four more on a line up to 7000, then the line once more (it begins at byte 10).
  const std::vector<Uint16> segments{0, 3, 1000, 2000, 3000, 1, 4, 7000, 0, 1, 3000, 2, 1, 10, 0};
  UltrasoundObject object = with_palette({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 12, 0, 16, {});
  const auto describe = object.more;
  object.more = [=](DcmDataset& d) {
    describe(d);
    for (const DcmTagKey& tag : {DCM_RedPaletteColorLookupTableData, DCM_GreenPaletteColorLookupTableData,
                                 DCM_BluePaletteColorLookupTableData})
      d.findAndDeleteElement(tag);
    for (const DcmTagKey& tag :
         {DCM_SegmentedRedPaletteColorLookupTableData, DCM_SegmentedGreenPaletteColorLookupTableData,
          DCM_SegmentedBluePaletteColorLookupTableData})
      d.putAndInsertUint16Array(tag, segments.data(), segments.size());
  };
  const UltrasoundClip clip = read(object);
  const int expected[] = {1000, 2000, 3000, 4000, 5000, 6000, 7000, 3000, 4000, 5000, 6000, 7000};
  for (int i = 0; i < 12; ++i) EXPECT_EQ(clip.frames[0].at(i, 0, 1), expected[i] / 256) << i;
  for (const Uint16 damage : {Uint16{3}, Uint16{9000}, Uint16{0}}) {  // no such kind; too long; of nothing
    UltrasoundObject damaged = object;
    damaged.more = [=](DcmDataset& d) {
      object.more(d);
      std::vector<Uint16> wrong = segments;
      wrong[damage == 3 ? 0 : 1] = damage;
      d.putAndInsertUint16Array(DCM_SegmentedGreenPaletteColorLookupTableData, wrong.data(), wrong.size());
    };
    EXPECT_THAT(refusal(damaged), HasSubstr("segments of a palette are damaged"));
  }
}

TEST_F(UltrasoundPixels, PalettesThatAreShortOrMissingAreRefused) {
  EXPECT_THAT(refusal(with_palette({0}, 9, 0, 16, {1, 2, 3, 4})), HasSubstr("only 4 entries"));
  EXPECT_THAT(refusal(with_palette({0}, 4, 0, 16, {})), HasSubstr("a palette is missing"));
  EXPECT_THAT(refusal(with_palette({0}, 4, 0, 12, {1, 2, 3, 4})), HasSubstr("no palette is like this"));
  EXPECT_THAT(refusal({.photometric = "PALETTE COLOR", .bytes = testing::counted(12)}),
              HasSubstr("no description"));
}

TEST_F(UltrasoundPixels, KindsThatAreNotReadAreRefusedByName) {
  EXPECT_THAT(refusal(colour(testing::counted(6), "HSV")), HasSubstr("'HSV'"));
  EXPECT_THAT(refusal(colour(testing::counted(8), "YBR_PARTIAL_420")), HasSubstr("'YBR_PARTIAL_420'"));
  UltrasoundObject grey{.samples = 3, .bytes = testing::counted(36)};
  EXPECT_THAT(refusal(grey), HasSubstr("(0028,0002) SamplesPerPixel = '3'"));
  UltrasoundObject wide = colour(testing::counted(12), "RGB");
  wide.bits_allocated = wide.bits_stored = 16;
  EXPECT_THAT(refusal(wide), HasSubstr("(0028,0101) BitsStored = '16'"));
  UltrasoundObject bits{.bits_allocated = 1, .bits_stored = 1, .bytes = testing::counted(2)};
  EXPECT_THAT(refusal(bits), HasSubstr("(0028,0100) BitsAllocated = '1'"));
}

/// Splits each compressed frame in two, as machines do with long ones; without a table of where frames begin.
void split_fragments(DcmDataset& d) {
  DcmElement* element = nullptr;
  ASSERT_TRUE(d.findAndGetElement(DCM_PixelData, element).good());
  const E_TransferSyntax syntax = d.getOriginalXfer();
  DcmPixelSequence* whole = nullptr;
  ASSERT_TRUE(
      static_cast<DcmPixelData*>(element)->getEncapsulatedRepresentation(syntax, nullptr, whole).good());
  auto halves = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
  halves->insert(new DcmPixelItem(DcmTag(DCM_Item, EVR_OB)));
  DcmObject* item = whole->nextInContainer(nullptr);
  while ((item = whole->nextInContainer(item)) != nullptr) {
    Uint8* bytes = nullptr;
    ASSERT_TRUE(static_cast<DcmPixelItem*>(item)->getUint8Array(bytes).good());
    const Uint32 length = item->getLength(), half = length / 4 * 2;
    for (const auto& [from, count] : {std::pair{0U, half}, {half, length - half}}) {
      auto part = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
      part->putUint8Array(bytes + from, count);
      halves->insert(part.release());
    }
  }
  auto pixels = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
  pixels->putOriginalRepresentation(syntax, nullptr, halves.release());
  d.insert(pixels.release(), true);
}

TEST_F(UltrasoundPixels, FramesInSeveralFragmentsArePutTogether) {
  for (const E_TransferSyntax syntax : {EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
    write_object(file_, smooth(3, 3), syntax);
    edit(split_fragments);
    expect_smooth(read_ultrasound_clip(file_), 3, 3);
    edit([](DcmDataset& d) { testing::set_text(d, DCM_NumberOfFrames, "4"); });
    EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
                HasSubstr("6 fragments can't be told apart into 4 frames"));
  }
}

std::string bytes_of_hex(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i < hex.size(); i += 2)
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return bytes;
}

// A scan's header of no bytes, the last of the stream: nothing may be read behind it.
TEST_F(UltrasoundPixels, AStreamThatEndsInAScansHeaderIsRefused) {
  write_object(file_, smooth(1, 1), EXS_JPEGLSLossless);
  edit([](DcmDataset& d) {
    const std::string bytes = bytes_of_hex("ffd8fff7000c08001b002101011100ffffda0002");
    auto stream = std::make_unique<DcmPixelSequence>(DcmTag(DCM_PixelData, EVR_OB));
    stream->insert(new DcmPixelItem(DcmTag(DCM_Item, EVR_OB)));
    auto item = std::make_unique<DcmPixelItem>(DcmTag(DCM_Item, EVR_OB));
    item->putUint8Array(reinterpret_cast<const Uint8*>(bytes.data()),
                        static_cast<unsigned long>(bytes.size()));
    stream->insert(item.release());
    auto pixels = std::make_unique<DcmPixelData>(DcmTag(DCM_PixelData, EVR_OB));
    pixels->putOriginalRepresentation(d.getOriginalXfer(), nullptr, stream.release());
    d.insert(pixels.release(), true);
  });
  EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
              HasSubstr("can't be decoded"));
}

TEST_F(UltrasoundPixels, AnEncapsulatedFileThatIsCutOffSaysThatItsDataEndEarly) {
  write_object(file_, smooth(1, 3), EXS_RLELossless);
  const std::string whole = read_text(file_);
  write_text(file_, whole.substr(0, whole.size() - 500));
  EXPECT_THAT(
      testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
      AllOf(HasSubstr("its data end early"), HasSubstr("[(7fe0,0010) PixelData = 'of undefined length']"),
            Not(HasSubstr("4294967295"))));
}

// A decoder fills as much of the picture as the codestream has, and leaves the rest as it was.
TEST_F(UltrasoundPixels, ACodestreamOfAnotherSizeIsRefused) {
  for (const E_TransferSyntax syntax : {EXS_JPEGProcess14SV1, EXS_JPEGLSLossless}) {
    write_object(file_, smooth(1, 3), syntax);
    edit([](DcmDataset& d) { d.putAndInsertUint16(DCM_Rows, 40); });
    EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
                HasSubstr("of 33 x 27 pixels of 1 values, the image of 33 x 40 of 1"));
    write_object(file_, smooth(1, 3), syntax);
    edit([](DcmDataset& d) { d.putAndInsertUint16(DCM_BitsAllocated, 16); });
    EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
                HasSubstr("of 8 bits, those of the image take 16"));
  }
}

TEST_F(UltrasoundPixels, PicturesOfTheScreenAreReadAndHaveNoScale) {
  const std::string png = bytes_of_hex(
      "89504e470d0a1a0a0000000d4948445200000002000000020802000000fdd49a730000001349444154789c63f8cfc0c000c20c"
      "ff3939d8011a260316aa8851d20000000049454e44ae426082");
  write_text(file_, png);
  const UltrasoundClip clip = read_ultrasound_clip(file_);
  ASSERT_EQ(clip.frames.size(), 1U);
  EXPECT_EQ(clip.frames[0], (Frame{2, 2, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 8, 7}}));
  EXPECT_EQ(clip.encoding, "PNG");
  EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size);
  EXPECT_THAT(clip.warnings, ElementsAre("no millimetres: a PNG file can't state a scale"));

  const DJ_RPLossy quality(98);
  write_object(file_, smooth(3, 3), EXS_JPEGProcess1, &quality);
  const std::string object = read_text(file_);
  const std::size_t begin = object.find("\xff\xd8\xff");
  const std::string jpeg = object.substr(begin, object.find("\xff\xd9", begin) + 2 - begin);
  write_text(file_, jpeg);
  const Frame frame = read_ultrasound_clip(file_).frames.at(0);
  EXPECT_EQ(frame.width, 33);
  EXPECT_NEAR(frame.at(20, 10, 1), smooth_value(0, 20, 10, 1), 6);

  for (const std::string& whole : {png, jpeg})
    for (const std::size_t cut : {whole.size() - 9, whole.size() / 2, std::size_t{20}}) {
      write_text(file_, whole.substr(0, cut));
      EXPECT_THAT(testing::message_of([&] { read_ultrasound_clip(file_); }), HasSubstr(file_.string()));
    }
  std::string huge = png;
  huge[16] = huge[20] = '\x7f';
  huge.replace(29, 4, "\x4f\x4a\x3f\xc6");  // the checksum of that header
  write_text(file_, huge);
  EXPECT_THAT(testing::message_of([&] { read_ultrasound_clip(file_); }), HasSubstr("larger than is allowed"));
}

}  // namespace
}  // namespace genu::io
