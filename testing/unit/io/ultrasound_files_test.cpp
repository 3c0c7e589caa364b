// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <fstream>
#include <limits>
#include <numeric>
#include <random>

#include <dcmtk/dcmdata/dcrleerg.h>
#include <gmock/gmock.h>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/ultrasound_files.h>
#include <genu/testing/data.h>

#include "comma_locale.h"
#include "matchers.h"
#include "ultrasound_object.h"

namespace genu::io {
namespace {

using testing::add_region;
using ::testing::Contains;
using ::testing::DoubleEq;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::ScratchFolder;
using testing::UltrasoundObject;
using ultrasound::RegionUnit;
using ultrasound::UltrasoundClip;

class UltrasoundFiles : public ::testing::Test {
 protected:
  UltrasoundClip read(const UltrasoundObject& object) {
    write_object(file_, object);
    return read_ultrasound_clip(file_);
  }
  UltrasoundClip read(const std::function<void(DcmDataset&)>& more) {
    UltrasoundObject object{.columns = 80, .rows = 60, .bytes = testing::counted(4800)};
    object.more = more;
    return read(object);
  }
  RefusedItem refusal(const UltrasoundObject& object, const ClipReadOptions& options = {}) {
    write_object(file_, object);
    try {
      read_ultrasound_clip(file_, options);
    } catch (const SeriesRefused& refused) {
      EXPECT_THAT(refused.item().message, HasSubstr(file_.string()));
      return refused.item();
    }
    ADD_FAILURE() << "not refused";
    return {};
  }

  ScratchFolder scratch_;
  std::filesystem::path file_ = scratch_ / "object";
};

// ---- Regions ----

TEST_F(UltrasoundFiles, EachRegionKeepsWhatItStates) {
  const UltrasoundClip clip = read([](DcmDataset& d) {
    DcmItem& image = add_region(d, 10, 5, 69, 44);
    image.putAndInsertFloat64(DCM_PhysicalDeltaX, 0.0125);
    image.putAndInsertFloat64(DCM_PhysicalDeltaY, -0.0075);
    image.putAndInsertSint32(DCM_ReferencePixelX0, 30);
    image.putAndInsertSint32(DCM_ReferencePixelY0, -4);
    image.putAndInsertFloat64(DCM_ReferencePixelPhysicalValueX, 1.5);
    image.putAndInsertFloat64(DCM_ReferencePixelPhysicalValueY, 0.0);
    image.putAndInsertUint32(DCM_TransducerFrequency, 7500);
    DcmItem& trace = add_region(d, 10, 46, 69, 59);
    trace.putAndInsertUint16(DCM_RegionSpatialFormat, 4);
    trace.putAndInsertUint16(DCM_RegionDataType, 0xA);
    trace.putAndInsertUint32(DCM_RegionFlags, 3);
    trace.putAndInsertUint16(DCM_PhysicalUnitsXDirection, 4);
    trace.putAndInsertUint16(DCM_PhysicalUnitsYDirection, 0);
  });
  ASSERT_EQ(clip.regions.size(), 2U);
  const auto& image = clip.regions[0];
  EXPECT_EQ(image.item, 1);
  EXPECT_EQ(image.min_x, 10);
  EXPECT_EQ(image.min_y, 5);
  EXPECT_EQ(image.max_x, 69);
  EXPECT_EQ(image.max_y, 44);
  EXPECT_TRUE(image.high_priority);
  EXPECT_EQ(image.x.unit, RegionUnit::centimetre);
  EXPECT_EQ(image.x.delta, 0.0125);
  EXPECT_EQ(image.y.delta, -0.0075);
  EXPECT_EQ(image.x.reference_pixel, 30);
  EXPECT_EQ(image.y.reference_pixel, -4);
  EXPECT_EQ(image.x.reference_value, 1.5);
  EXPECT_EQ(image.transducer_frequency_khz, 7500.0);
  const auto scale = b_mode_scale(clip);
  EXPECT_EQ(scale.region, 0U);
  ASSERT_TRUE(scale.scale.pixel_size);
  EXPECT_DOUBLE_EQ(scale.scale.pixel_size->x_mm, 0.125);
  EXPECT_DOUBLE_EQ(scale.scale.pixel_size->y_mm, 0.075);
  EXPECT_TRUE(scale.scale.y_reversed);
  const auto& trace = clip.regions[1];
  EXPECT_EQ(trace.item, 2);
  EXPECT_EQ(trace.content, ultrasound::RegionContent::ecg_trace);
  EXPECT_EQ(trace.format, ultrasound::RegionFormat::waveform);
  EXPECT_EQ(trace.x.unit, RegionUnit::second);
  EXPECT_FALSE(trace.high_priority);
  EXPECT_FALSE(trace.x.reference_pixel);
  EXPECT_TRUE(std::isnan(trace.x.reference_value));
}

TEST_F(UltrasoundFiles, PixelSpacingIsReportedAndNeverUsed) {
  const UltrasoundClip clip = read([](DcmDataset& d) { testing::set_text(d, DCM_PixelSpacing, "0.3\\0.2"); });
  EXPECT_EQ(clip.stated_spacing, (PixelSize{0.2, 0.3})) << "the distance of rows comes first";
  EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size);
  EXPECT_THAT(clip.warnings, Contains(HasSubstr("(0028,0030) PixelSpacing = '0.3\\0.2' is not used")));
  EXPECT_THAT(clip.warnings, Contains(HasSubstr("no millimetres: the file holds no calibration")));
}

TEST_F(UltrasoundFiles, ADamagedDeltaCostsTheScaleAndNotThePictures) {
  for (const double delta : {std::nan(""), std::numeric_limits<double>::infinity(), 0.0}) {
    const UltrasoundClip clip = read(
        [&](DcmDataset& d) { add_region(d, 0, 0, 79, 59).putAndInsertFloat64(DCM_PhysicalDeltaY, delta); });
    EXPECT_EQ(clip.frames.size(), 1U);
    ASSERT_EQ(clip.regions.size(), 1U);
    EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size) << delta;
    EXPECT_THAT(clip.warnings, Contains(HasSubstr("region 1 gives no scale: the physical delta of y is")));
    if (delta != 0.0) {
      EXPECT_THAT(clip.warnings, Contains(HasSubstr("region 1: (0018,602e) PhysicalDeltaY")));
    }
  }
}

TEST_F(UltrasoundFiles, RegionsThatAreLeftOutAreNotCalledMissing) {
  const auto broken = [](DcmDataset& d) {
    add_region(d, 0, 0, 39, 59).findAndDeleteElement(DCM_RegionLocationMaxX1);
  };
  EXPECT_EQ(b_mode_scale(read(broken)).scale.reason,
            "the file holds no sound region: one region is so damaged that it was left out");
  EXPECT_EQ(b_mode_scale(read([&](DcmDataset& d) {
              broken(d);
              broken(d);
              add_region(d, 40, 0, 79, 59).putAndInsertUint16(DCM_RegionDataType, 0xD);
            })).scale.reason,
            "none of its regions is a 2D image of tissue or flow, and 2 regions are so damaged that they "
            "were left out");
}

TEST_F(UltrasoundFiles, AttributesThatARegionLacksAreNamed) {
  for (const DcmTagKey& tag : {DCM_RegionLocationMinX0, DCM_RegionLocationMaxY1}) {
    const UltrasoundClip clip = read([&](DcmDataset& d) {
      add_region(d, 0, 0, 39, 59).findAndDeleteElement(tag);
      add_region(d, 40, 0, 79, 59);
    });
    ASSERT_EQ(clip.regions.size(), 1U);
    EXPECT_EQ(clip.regions[0].item, 2) << "items keep their numbers";
    EXPECT_THAT(clip.warnings, Contains(HasSubstr("region 1: left out, because (0018,60")));
  }
  for (const DcmTagKey& tag : {DCM_PhysicalDeltaX, DCM_PhysicalUnitsXDirection, DCM_RegionSpatialFormat}) {
    const UltrasoundClip clip =
        read([&](DcmDataset& d) { add_region(d, 0, 0, 39, 59).findAndDeleteElement(tag); });
    ASSERT_EQ(clip.regions.size(), 1U);
    EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size);
  }
}

TEST_F(UltrasoundFiles, RegionsAtAndPastTheEdge) {
  const auto with_region_to = [&](Uint32 x, Uint32 y) {
    return read([&](DcmDataset& d) { add_region(d, 10, 10, x, y); });
  };
  EXPECT_THAT(with_region_to(79, 59).warnings, IsEmpty());
  const UltrasoundClip at_columns = with_region_to(80, 59);
  EXPECT_TRUE(b_mode_scale(at_columns).scale.pixel_size);
  EXPECT_THAT(at_columns.warnings, ElementsAre(HasSubstr("one pixel past the picture of 80 x 60")));
  for (const auto& [x, y] : {std::pair<Uint32, Uint32>{81, 59}, {79, 61}, {0xffffffff, 59}, {9, 9}}) {
    const UltrasoundClip clip = with_region_to(x, y);
    EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size);
    EXPECT_THAT(clip.warnings, ElementsAre(HasSubstr("region 1 gives no scale"),
                                           HasSubstr("no millimetres: none of its regions")));
  }
}

TEST_F(UltrasoundFiles, ASequenceOfNothingIsNoCalibration) {
  const UltrasoundClip clip =
      read([](DcmDataset& d) { d.insertEmptyElement(DCM_SequenceOfUltrasoundRegions); });
  EXPECT_THAT(clip.regions, IsEmpty());
  EXPECT_THAT(clip.warnings, ElementsAre(HasSubstr("no calibration")));
}

// ---- Times ----

class UltrasoundTimes : public UltrasoundFiles {
 protected:
  UltrasoundClip four_frames(const std::function<void(DcmDataset&)>& more) {
    UltrasoundObject object{.frames = 4, .bytes = testing::counted(48)};
    object.more = more;
    return read(object);
  }
};

TEST_F(UltrasoundTimes, ComeFromFrameTimeVectorOrRate) {
  UltrasoundClip clip = four_frames([](DcmDataset& d) { testing::set_text(d, DCM_FrameTime, "40"); });
  EXPECT_THAT(clip.times_s, ElementsAre(0.0, DoubleEq(0.04), DoubleEq(0.08), DoubleEq(0.12)));
  EXPECT_EQ(clip.time_source, "(0018,1063) FrameTime");
  clip = four_frames([](DcmDataset& d) {
    testing::set_text(d, DCM_FrameTimeVector, "0\\10\\30\\20");
    testing::set_text(d, DCM_CineRate, "50");
  });
  EXPECT_THAT(clip.times_s, ElementsAre(0.0, DoubleEq(0.01), DoubleEq(0.04), DoubleEq(0.06)));
  clip = four_frames([](DcmDataset& d) { testing::set_text(d, DCM_CineRate, "50"); });
  EXPECT_THAT(clip.times_s, ElementsAre(0.0, DoubleEq(0.02), DoubleEq(0.04), DoubleEq(0.06)));
  EXPECT_EQ(clip.time_source, "(0018,0040) CineRate");
}

TEST_F(UltrasoundTimes, TheHeaderSaysWhichOfTwoHolds) {
  const UltrasoundClip clip = four_frames([](DcmDataset& d) {
    testing::set_text(d, DCM_FrameTime, "40");
    testing::set_text(d, DCM_FrameTimeVector, "0\\10\\30\\20");
    d.putAndInsertTagKey(DCM_FrameIncrementPointer, DCM_FrameTimeVector);
  });
  EXPECT_EQ(clip.time_source, "(0018,1065) FrameTimeVector");
}

TEST_F(UltrasoundTimes, ARateThatTheyContradictIsNamed) {
  const auto with_rate = [&](const char* rate) {
    return four_frames([&](DcmDataset& d) {
      testing::set_text(d, DCM_FrameTime, "40");
      testing::set_text(d, DCM_CineRate, rate);
    });
  };
  EXPECT_THAT(with_rate("26").warnings, Not(Contains(HasSubstr("CineRate"))));
  EXPECT_THAT(with_rate("50").warnings, Contains(HasSubstr("(0018,0040) CineRate 50")));
}

TEST_F(UltrasoundTimes, AreUnknownRatherThanWrong) {
  for (const char* wrong : {"0", "-40", "soon"}) {
    const UltrasoundClip clip =
        four_frames([&](DcmDataset& d) { testing::set_text(d, DCM_FrameTime, wrong); });
    EXPECT_THAT(clip.times_s, Each(::testing::IsNan())) << wrong;
    EXPECT_EQ(clip.time_source, "");
    EXPECT_THAT(clip.warnings, Contains("the times of its frames are not known: the header says "
                                        "(0018,1063) FrameTime = '" +
                                        std::string(wrong) + "'"))
        << wrong;
    if (*wrong != 's') {
      EXPECT_THAT(clip.warnings, Contains("(0018,1063) FrameTime = '" + std::string(wrong) +
                                          "' is not positive and not used"));
    }
  }
  for (const char* wrong : {"0\\10\\30", "0\\10\\-30\\20"}) {
    const UltrasoundClip clip =
        four_frames([&](DcmDataset& d) { testing::set_text(d, DCM_FrameTimeVector, wrong); });
    EXPECT_THAT(clip.times_s, Each(::testing::IsNan())) << wrong;
  }
  EXPECT_THAT(four_frames([](DcmDataset&) {}).warnings,
              Contains(HasSubstr("times of its frames are not known: the header has no (0018,1063)")));
}

// ---- Refusals ----

TEST_F(UltrasoundFiles, AbsurdSizesAreRefusedBeforeAnyMemoryIsAsked) {
  UltrasoundObject object{.bytes = testing::counted(12)};
  object.more = [](DcmDataset& d) { testing::set_text(d, DCM_NumberOfFrames, "1000000"); };
  EXPECT_EQ(refusal(object).tag, "(7fe0,0010) PixelData");
  for (const char* frames : {"0", "-1", "99999999", "2x"}) {
    object.more = [&](DcmDataset& d) { testing::set_text(d, DCM_NumberOfFrames, frames); };
    const RefusedItem item = refusal(object);
    EXPECT_EQ(item.tag, "(0028,0008) NumberOfFrames");
    EXPECT_EQ(item.value, frames);
  }
  object.more = [](DcmDataset& d) { d.putAndInsertUint16(DCM_Rows, 65535); };
  EXPECT_THAT(refusal(object).message, HasSubstr("fewer than the 262140 bytes of the image"));
  object.more = [](DcmDataset& d) { d.putAndInsertUint16(DCM_Columns, 0); };
  EXPECT_EQ(refusal(object).tag, "(0028,0011) Columns");
  object.more = [](DcmDataset&) {};
  EXPECT_THAT(refusal(object, {.max_bytes = 11}).message, HasSubstr("more than the 11 that are allowed"));
}

TEST_F(UltrasoundFiles, PixelsThatAreMissingOrCutShortAreRefused) {
  UltrasoundObject object{.frames = 3, .bytes = testing::counted(36)};
  object.more = [](DcmDataset& d) { d.findAndDeleteElement(DCM_PixelData); };
  EXPECT_EQ(refusal(object).refusal, Refusal::unreadable);
  object.more = [](DcmDataset& d) {
    d.putAndInsertUint8Array(DCM_PixelData, testing::counted(34).data(), 34);
  };
  EXPECT_THAT(refusal(object).message, HasSubstr("34 bytes"));
  object.more = [](DcmDataset&) {};
  write_object(file_, object);
  const std::string whole = read_text(file_);
  for (const std::size_t cut : {whole.size() - 1, whole.size() - 30, whole.size() / 2, std::size_t{140}}) {
    write_text(file_, whole.substr(0, cut));
    EXPECT_THROW(read_ultrasound_clip(file_), SeriesRefused) << cut;
  }
}

TEST_F(UltrasoundFiles, WhatIsNoPictureIsRefusedByItsKind) {
  write_text(file_, "this is not DICOM");
  EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
              HasSubstr("neither a DICOM object nor PNG nor JPEG"));
  EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(scratch_ / "none"); }),
              HasSubstr("can't be opened"));
  write_text(file_, "");
  EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(file_); }),
              HasSubstr("it is empty"));
  EXPECT_THAT(testing::message_of<SeriesRefused>([&] { read_ultrasound_clip(scratch_.path()); }),
              HasSubstr("it is a folder"));
  UltrasoundObject object{.bytes = testing::counted(12)};
  object.more = [](DcmDataset& d) {
    d.clear();
    testing::set_text(d, DCM_SOPClassUID, UID_RTPlanStorage);
    testing::set_text(d, DCM_SOPInstanceUID, "1.2.3");
  };
  EXPECT_EQ(refusal(object).refusal, Refusal::not_an_image);
}

TEST_F(UltrasoundFiles, OtherModalitiesAreReadWithAWarning) {
  const UltrasoundClip clip = read([](DcmDataset& d) { testing::set_text(d, DCM_Modality, "MR"); });
  EXPECT_THAT(clip.warnings, Contains(HasSubstr("'MR' and not ultrasound")));
}

// ---- What is written ----

TEST_F(UltrasoundFiles, JsonKeepsToItsSchemaAndCsvToItsColumns) {
  const testing::CommaLocale comma;
  UltrasoundClip clip = read([](DcmDataset& d) {
    DcmItem& region = add_region(d, 0, 0, 80, 59);
    region.putAndInsertFloat64(DCM_PhysicalDeltaX, -0.0125);
    add_region(d, 10, 10, 90, 59).putAndInsertUint16(DCM_PhysicalUnitsXDirection, 99);
    testing::set_text(d, DCM_Manufacturer, "A \"maker\", of probes");
  });
  clip.times_s[0] = std::nan("");
  const std::string json = to_json(clip, "a,b.dcm");
  validate_json(json, "ultrasound_clip", "a clip");
  EXPECT_THAT(json, HasSubstr("\"delta\": -0.0125"));
  EXPECT_THAT(json, HasSubstr("\"place\": \"one pixel past the edge\""));
  EXPECT_THAT(json, HasSubstr("\"unit\": \"unknown\""));
  const auto cells = [](const std::string& row) {  // commas beside those within quotes
    bool quoted = false;
    return 1 + std::count_if(row.begin(), row.end(), [&](char c) {
             quoted = quoted != (c == '"');
             return c == ',' && !quoted;
           });
  };
  const auto columns = cells(clip_regions_csv_header());
  const std::string rows = clip_regions_csv_rows(clip, "a,b.dcm");
  const std::size_t first_end = rows.find('\n');
  EXPECT_EQ(cells(rows.substr(0, first_end)), columns) << rows;
  EXPECT_EQ(cells(rows.substr(first_end)), columns) << rows;
  clip.regions.clear();
  EXPECT_EQ(cells(clip_regions_csv_rows(clip, "c")), columns);
  EXPECT_EQ(cells(clip_refusal_csv_row("c", "it is damaged")), columns);
  EXPECT_THAT(clip_refusal_csv_row("c", "tag, value"), ::testing::EndsWith(",\"tag, value\"\n"));
  EXPECT_THAT(clip_regions_csv_rows(clip, "c"), HasSubstr("no calibration"));
  validate_json(to_json(clip, "c"), "ultrasound_clip", "a clip without regions");
}

// ---- Real files ----

/// What another decoder (pydicom with gdcmconv) makes of a file: the sum of all values of all frames.
struct RealFile {
  const char* name;
  std::size_t frames;
  int width, height, channels;
  double sum, sum_tolerance;
  std::vector<double> mm_per_pixel;  ///< Of each region, NaN where it has no scale.
  double last_time_s = 0.0;
};

TEST(UltrasoundRealFiles, EachGivesThePicturesOfAnotherDecoderAndItsRegionsScale) {
  constexpr double no = std::numeric_limits<double>::quiet_NaN();
  const RealFile files[] = {
      {"JPGLosslessP14SV1_1s_1f_8b.dcm", 1, 1024, 768, 1, 13572107, 0, {0.25476696592378157}},
      {"OBXXXX1A.dcm", 1, 800, 600, 3, 17918415, 0, {0.2622878766196998, no}},
      {"OBXXXX1A_rle_2frame.dcm", 2, 800, 600, 3, 80961511, 0, {0.2622878766196998, no}, no},
      {"US-PAL-8-10x-echo", 10, 600, 430, 3, 109928069, 0, {}, 0.684},
      {"US1_J2KR.dcm", 1, 640, 480, 3, 31821736, 0, {}},
      {"US1_UNCI.dcm", 1, 640, 480, 3, 31970895, 0, {}},
      {"YBR_422.dcm", 1, 800, 555, 3, 20845333, 0, {0.061599999666213994}},
      {"YBR_FULL-RLE.dcm", 1, 640, 480, 3, 34519611, 0, {no, 0.09536785180637355}},
      {"deid_greyscale_linear.dcm", 1, 1024, 768, 1, 16061866, 0, {0.064904689685088305}},
      {"examples_palette.dcm", 1, 800, 350, 3, 17214150, 0, {no, no}},
      // JPEG decoders may round by 1 at each value.
      {"examples_ybr_color.dcm", 30, 320, 240, 3, 72512675, 320 * 240 * 3 * 30, {no}, 29 * 0.033333},
      {"gdcm-US-ALOKA-16.dcm", 1, 640, 480, 3, 27402976, 0, {0.3826530650258064, 0.3826530650258064, no}},
      {"jpeg-ls-Palette.dcm", 10, 600, 430, 3, 109928069, 0, {}, 0.684}};
  for (const RealFile& real : files) {
    GENU_REQUIRE_DATA(file, std::filesystem::path("ultrasound/dicom") / real.name);
    SCOPED_TRACE(real.name);
    const UltrasoundClip clip = read_ultrasound_clip(file);
    ASSERT_EQ(clip.frames.size(), real.frames);
    double sum = 0.0;
    for (const Frame& frame : clip.frames) {
      EXPECT_EQ(frame.width, real.width);
      EXPECT_EQ(frame.height, real.height);
      EXPECT_EQ(frame.channels, real.channels);
      sum = std::accumulate(frame.pixels.begin(), frame.pixels.end(), sum);
    }
    EXPECT_NEAR(sum, real.sum, real.sum_tolerance);
    EXPECT_THAT(clip.times_s.back(), ::testing::NanSensitiveDoubleNear(real.last_time_s, 1e-9));
    ASSERT_EQ(clip.regions.size(), real.mm_per_pixel.size());
    for (std::size_t r = 0; r < clip.regions.size(); ++r) {
      const auto scale = scale_of(clip.regions[r], clip.width(), clip.height());
      ASSERT_EQ(scale.pixel_size.has_value(), !std::isnan(real.mm_per_pixel[r])) << scale.reason;
      if (!scale.pixel_size) continue;
      EXPECT_DOUBLE_EQ(scale.pixel_size->x_mm, real.mm_per_pixel[r]);
      EXPECT_DOUBLE_EQ(scale.pixel_size->y_mm, real.mm_per_pixel[r]);
    }
    validate_json(to_json(clip, real.name), "ultrasound_clip", real.name);
  }
}

TEST(UltrasoundRealFiles, SinglePixelsAreThoseOfAnotherDecoder) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const auto at = [&](const char* name, int x, int y) {
    const Frame frame = read_ultrasound_clip(folder / name).frames.back();
    std::vector<int> values;
    for (int c = 0; c < frame.channels; ++c) values.push_back(frame.at(x, y, c));
    return values;
  };
  EXPECT_THAT(at("JPGLosslessP14SV1_1s_1f_8b.dcm", 640, 480), ElementsAre(183));
  EXPECT_THAT(at("OBXXXX1A_rle_2frame.dcm", 400, 200), ElementsAre(57, 96, 150));
  EXPECT_THAT(at("US-PAL-8-10x-echo", 300, 143), ElementsAre(25, 195, 181));
  EXPECT_THAT(at("US1_J2KR.dcm", 213, 240), ElementsAre(250, 88, 0));
  EXPECT_THAT(at("US1_UNCI.dcm", 213, 240), ElementsAre(234, 99, 0));
  EXPECT_THAT(at("YBR_422.dcm", 400, 185), ElementsAre(110, 110, 110));
  EXPECT_THAT(at("YBR_FULL-RLE.dcm", 320, 160), ElementsAre(79, 79, 79));
  EXPECT_THAT(at("gdcm-US-ALOKA-16.dcm", 213, 240), ElementsAre(55, 55, 55));
  EXPECT_THAT(at("jpeg-ls-Palette.dcm", 300, 143), ElementsAre(25, 195, 181));
}

TEST(UltrasoundRealFiles, JpegXlIsRefusedByItsName) {
  GENU_REQUIRE_DATA(file, "ultrasound/dicom/will-jxl.dcm");
  EXPECT_THAT(testing::message_of<SeriesRefused>([&, path = file] { read_ultrasound_clip(path); }),
              HasSubstr("TransferSyntaxUID = 'JPEG XL JPEG Recompression (1.2.840.10008.1.2.4.111)'"));
}

// Two images side by side, and a grey bar that lies upon the left one.
TEST(UltrasoundRealFiles, APixelBelongsToTheRegionThatIsSeenThere) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const UltrasoundClip two = read_ultrasound_clip(folder / "gdcm-US-ALOKA-16.dcm");
  EXPECT_EQ(region_at(two.regions, {200, 200}), 0U);
  EXPECT_EQ(region_at(two.regions, {500, 200}), 1U);
  EXPECT_EQ(region_at(two.regions, {40, 60}), 2U);
  EXPECT_EQ(region_at(two.regions, {10, 10}), std::nullopt);
  EXPECT_EQ(b_mode_scale(two).region, 0U);
  // A screen without units around an image.
  const UltrasoundClip nested = read_ultrasound_clip(folder / "YBR_FULL-RLE.dcm");
  EXPECT_EQ(region_at(nested.regions, {200, 200}), 1U);
  EXPECT_EQ(region_at(nested.regions, {600, 200}), 0U);
  EXPECT_EQ(b_mode_scale(nested).region, 1U);
  EXPECT_THAT(nested.origin.transducer, HasSubstr("6L3"));
  EXPECT_NEAR(values_at(nested.regions[1], {84, 48})[0], 0.0, 1e-6) << "the left edge is 0 cm";
}

// This clip shows 19 cm in 240 rows; its region is of the 480 rows that the machine had. Its deltas would
// make every length half of what it is.
TEST(UltrasoundRealFiles, ARegionOfALargerPictureGivesNoMillimetres) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  for (const char* name : {"examples_ybr_color.dcm", "examples_palette.dcm"}) {
    const UltrasoundClip clip = read_ultrasound_clip(folder / name);
    EXPECT_FALSE(b_mode_scale(clip).scale.pixel_size);
    EXPECT_THAT(clip.warnings, Contains(HasSubstr("cropped or made smaller")));
    EXPECT_TRUE(b_mode_scale(clip, {.trust_cropped = true}).scale.pixel_size);
  }
}

// ---- Damage ----

/// Without waiting for the disk, as there are many.
void write_bytes(const std::filesystem::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// Reads a file with bytes changed at random and cut at random; it is refused or read, and nothing else.
void read_damaged(const std::filesystem::path& scratch, const std::string& whole, unsigned rounds,
                  std::size_t header_bytes) {
  for (unsigned seed = 0; seed < rounds; ++seed) {
    std::mt19937 random(seed);
    std::string damaged = whole;
    const std::size_t reach = seed % 3 == 0 ? damaged.size() : std::min(header_bytes, damaged.size());
    for (unsigned flips = 1 + seed % 12; flips > 0; --flips)
      damaged[random() % reach] = static_cast<char>(random());
    if (seed % 4 == 0) damaged.resize(random() % damaged.size());
    write_bytes(scratch, damaged);
    try {
      const UltrasoundClip clip = read_ultrasound_clip(scratch, {.max_bytes = 50'000'000});
      ASSERT_FALSE(clip.frames.empty());
      for (const Frame& frame : clip.frames)
        ASSERT_EQ(frame.pixels.size(), frame.pixel_count() * static_cast<std::size_t>(frame.channels));
      ASSERT_EQ(clip.times_s.size(), clip.frames.size());
      to_json(clip, "damaged");
    } catch (const IoError& refused) {
      ASSERT_THAT(refused.what(), HasSubstr(scratch.string()));
    }
  }
}

TEST_F(UltrasoundFiles, DamagedBytesNeverEndTheProgram) {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL);
  DcmRLEEncoderRegistration::registerCodecs();
  UltrasoundObject object{.columns = 21, .rows = 17, .frames = 3, .samples = 3, .photometric = "YBR_FULL"};
  object.bytes = testing::counted(21 * 17 * 9 + 1);
  object.more = [](DcmDataset& d) {
    testing::set_text(d, DCM_FrameTime, "40");
    add_region(d, 1, 2, 20, 16);
  };
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianExplicit, EXS_LittleEndianImplicit, EXS_RLELossless}) {
    write_object(file_, object, syntax);
    const std::string whole = read_text(file_);
    ASSERT_EQ(read_ultrasound_clip(file_).frames.size(), 3U);
    read_damaged(file_, whole, 150, whole.size() - 2000);
  }
}

TEST_F(UltrasoundFiles, AFileIsRefusedWhereverItIsCut) {
  UltrasoundObject object{.bytes = testing::counted(12)};
  object.more = [](DcmDataset& d) { add_region(d, 0, 0, 3, 2); };
  write_object(file_, object);
  const std::string whole = read_text(file_);
  for (std::size_t length = 0; length < whole.size(); length += 3) {
    write_bytes(file_, whole.substr(0, length));
    EXPECT_THROW(read_ultrasound_clip(file_), SeriesRefused) << length;
  }
}

TEST(UltrasoundRealFiles, DamagedRealFilesNeverEndTheProgram) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const ScratchFolder scratch;
  for (const char* name : {"examples_ybr_color.dcm", "US1_J2KR.dcm", "jpeg-ls-Palette.dcm",
                           "JPGLosslessP14SV1_1s_1f_8b.dcm", "gdcm-US-ALOKA-16.dcm"})
    read_damaged(scratch / "damaged", read_text(folder / name), 15, 6000);
}

}  // namespace
}  // namespace genu::io
