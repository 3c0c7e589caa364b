// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <random>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include <dcmtk/config/osconfig.h>
#include <dcmtk/dcmdata/dctk.h>
#include <gmock/gmock.h>

#include <genu/io/dicom.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using testing::ScratchFolder;

ImageGeometry small_grid(bool left_handed = false) {
  return testing::oblique_grid({.extent_mm = {8.0, 11.0, 7.0}, .left_handed = left_handed});
}

/// A different whole number at each voxel, some of them negative.
Volume<float> numbered(const ImageGeometry& grid) {
  Volume<float> image(grid);
  for (std::size_t v = 0; v < image.voxels().size(); ++v)
    image.voxels()[v] = static_cast<float>(v % 9973) - 250.0F;
  return image;
}

SeriesInfo only_series(const fs::path& folder) {
  const FolderScan scan = scan_folder(folder);
  EXPECT_EQ(scan.series.size(), 1U);
  EXPECT_TRUE(scan.refused.empty());
  return scan.series.empty() ? SeriesInfo{} : scan.series.front();
}

/// Expects that a folder holds one series with this as its first problem, and that reading throws the same.
RefusedItem expect_refused(const fs::path& folder, Refusal refusal) {
  const SeriesInfo series = only_series(folder);
  if (series.problems.empty()) {
    ADD_FAILURE() << "no problem was found where '" << name(refusal) << "' is one";
    return {};
  }
  const RefusedItem item = series.problems.front();
  EXPECT_EQ(name(item.refusal), name(refusal)) << item.message;
  EXPECT_NE(item.message.find(item.file.string()), std::string::npos) << item.message;
  EXPECT_NE(item.message.find(item.tag), std::string::npos) << item.message;
  EXPECT_NE(item.message.find(item.value), std::string::npos) << item.message;
  EXPECT_THROW(read_series(series), SeriesRefused);
  SeriesInfo trusting = series;  // a reader that did not look finds it too
  trusting.problems.clear();
  EXPECT_THROW(read_series(trusting), SeriesRefused);
  return item;
}

/// Changes a written file, as another program would have written it.
void edit(const fs::path& file, const std::function<void(DcmDataset&)>& change,
          E_TransferSyntax syntax = EXS_LittleEndianExplicit) {
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(file.c_str()).good());
  ASSERT_TRUE(format.loadAllDataIntoMemory().good());
  change(*format.getDataset());
  fs::remove(file);
  ASSERT_TRUE(format.saveFile(file.c_str(), syntax).good());
}

void set(DcmDataset& dataset, const DcmTagKey& tag, const std::string& value) {
  ASSERT_TRUE(dataset.putAndInsertString(tag, value.c_str()).good()) << value;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

// ---- Write, read back, compare ----

TEST(DicomSeries, WriteThenReadIsIdentityOnAnObliqueAnisotropicGrid) {
  const ScratchFolder scratch;
  const Volume<float> image = numbered(small_grid());
  const auto files = write_mr_series(scratch / "series", image, {.side = Side::left, .seed = "a"});
  ASSERT_EQ(files.size(), static_cast<std::size_t>(image.geometry().size()[2]));
  for (const fs::path& file : files) EXPECT_TRUE(fs::is_regular_file(file)) << file;

  const SeriesInfo series = only_series(scratch / "series");
  EXPECT_TRUE(series.problems.empty());
  EXPECT_EQ(series.side, Side::left);
  EXPECT_EQ(series.modality, "MR");
  EXPECT_EQ(series.patient_id, "PHANTOM");
  EXPECT_EQ(series.description, "Genu phantom");
  EXPECT_EQ(series.study_date, "20000101");
  EXPECT_EQ(series.transfer_syntax, "Little Endian Explicit");
  EXPECT_EQ(series.orientation, "axial");
  EXPECT_EQ(series.columns, image.geometry().size()[0]);
  EXPECT_EQ(series.rows, image.geometry().size()[1]);
  EXPECT_EQ(series.positions, image.geometry().size()[2]);
  EXPECT_NEAR(length(series.spacing_mm - image.geometry().spacing_mm()), 0.0, 1e-9);
  EXPECT_NEAR(distance(series.first_origin, image.geometry().origin()), 0.0, 1e-9);
  EXPECT_THAT(series.echo_times_ms, ::testing::ElementsAre(10.0));

  const auto echoes = read_series(series);
  ASSERT_EQ(echoes.size(), 1U);
  EXPECT_EQ(echoes[0].echo_time_ms, 10.0);
  EXPECT_TRUE(nearly_equal(echoes[0].image.geometry(), image.geometry(), 1e-9));
  EXPECT_EQ(echoes[0].image.voxels(), image.voxels());
}

TEST(DicomSeries, ValuesThatAreNotWholeComeBackWithinHalfAStep) {
  for (const float scale : {3.7e-5F, 0.73F, 1.9e7F}) {
    const ScratchFolder scratch;
    Volume<float> image = numbered(small_grid());
    float largest = 0.0F;
    for (float& value : image.voxels()) {
      value *= scale;
      largest = std::max(largest, std::abs(value));
    }
    image.voxels()[5] = 0.0F;
    write_mr_series(scratch / "series", image, {});
    const Volume<float> back = read_series(only_series(scratch / "series")).front().image;
    // Half a step, and what a float and a 16-character slope can't hold.
    const double allowed = 0.5 * largest / 32767.0 + 1e-6 * largest;
    for (std::size_t v = 0; v < back.voxels().size(); ++v)
      ASSERT_NEAR(back.voxels()[v], image.voxels()[v], allowed) << scale << " voxel " << v;
    EXPECT_EQ(back.voxels()[5], 0.0F) << "zero must stay zero";
  }
}

// A mirrored reading of a left-handed grid would swap left and right.
TEST(DicomSeries, ALeftHandedGridComesBackRightHandedWithEachValueAtItsPlace) {
  const ScratchFolder scratch;
  const Volume<float> image = numbered(small_grid(true));
  ASSERT_LT(image.geometry().direction().determinant(), 0.0);
  write_mr_series(scratch / "series", image, {});
  const Volume<float> back = read_series(only_series(scratch / "series")).front().image;
  EXPECT_NEAR(back.geometry().direction().determinant(), 1.0, 1e-9);
  for (std::size_t v = 0; v < back.voxels().size(); ++v) {
    const ContinuousIndex there =
        image.geometry().to_index(back.geometry().to_patient(back.geometry().index_of(v)));
    const VoxelIndex nearest{std::llround(there.i), std::llround(there.j), std::llround(there.k)};
    ASSERT_EQ(back.voxels()[v], image.at(nearest)) << "voxel " << v;
  }
}

// The order of slices is that of positions: neither names nor instance numbers say anything about it.
TEST(DicomSeries, NamesExtensionsAndInstanceNumbersDoNotMatter) {
  const ScratchFolder scratch;
  const Volume<float> image = numbered(small_grid());
  const auto files = write_mr_series(scratch / "series", image, {});
  const char* const odd_names[] = {"zz.txt",   "README", "a b.jpg",        "IM1", ".hidden", "1.2.840",
                                   "q.dcm.gz", "sub/x",  "sub/deep/y.nii", "M"};
  fs::create_directories(scratch / "series/sub/deep");
  ASSERT_EQ(files.size(), std::size(odd_names));
  for (std::size_t k = 0; k < files.size(); ++k) {
    edit(files[k], [&](DcmDataset& d) { set(d, DCM_InstanceNumber, std::to_string((k * 7) % 10)); });
    fs::rename(files[k], scratch / "series" / odd_names[k]);
  }
  write_bytes(scratch / "series/notes.dcm", "this is not DICOM");
  write_bytes(scratch / "series/empty.dcm", "");
  const FolderScan scan = scan_folder(scratch / "series");
  EXPECT_EQ(scan.other_files, 2U);
  ASSERT_EQ(scan.series.size(), 1U);
  EXPECT_EQ(read_series(scan.series[0]).front().image.voxels(), image.voxels());
}

TEST(DicomSeries, EchoesOfOneSeriesComeInOrderOfEchoTime) {
  const ScratchFolder scratch;
  const Volume<float> image = numbered(small_grid());
  for (const double echo_time_ms : {30.5, 10.25, 20.125}) {
    Volume<float> echo = image;
    for (float& value : echo.voxels()) value += static_cast<float>(8 * echo_time_ms);
    write_mr_series(scratch / ("te" + std::to_string(echo_time_ms)), echo, {.echo_time_ms = echo_time_ms});
  }
  const SeriesInfo series = only_series(scratch.path());
  EXPECT_THAT(series.echo_times_ms, ::testing::ElementsAre(10.25, 20.125, 30.5));
  EXPECT_EQ(series.positions, image.geometry().size()[2]);
  const auto echoes = read_series(series);
  ASSERT_EQ(echoes.size(), 3U);
  for (const EchoVolume& echo : echoes)
    for (std::size_t v = 0; v < image.voxels().size(); ++v)
      ASSERT_EQ(echo.image.voxels()[v], image.voxels()[v] + static_cast<float>(8 * echo.echo_time_ms));
}

TEST(DicomSeries, ARerunGivesTheSameFilesAndAnotherSeedOtherIdentifiers) {
  const ScratchFolder scratch;
  const Volume<float> image = numbered(small_grid());
  const auto one = write_mr_series(scratch / "one", image, {.seed = "s"});
  const auto two = write_mr_series(scratch / "two", image, {.seed = "s"});
  const auto other = write_mr_series(scratch / "other", image, {.seed = "t"});
  for (std::size_t k = 0; k < one.size(); ++k) {
    EXPECT_EQ(one[k].filename(), two[k].filename());
    EXPECT_EQ(bytes_of(one[k]), bytes_of(two[k])) << one[k];
  }
  const SeriesInfo a = only_series(scratch / "one"), b = only_series(scratch / "other");
  EXPECT_NE(a.series_uid, b.series_uid);
  EXPECT_NE(a.study_uid, b.study_uid);
  EXPECT_TRUE(a.series_uid.starts_with("2.25.")) << a.series_uid;
  EXPECT_LE(a.series_uid.size(), 64U);
}

TEST(DicomSeries, WritingRefusesWhatDicomCanNotHoldAndLeavesNothingBehind) {
  const ScratchFolder scratch;
  Volume<float> image = numbered(small_grid());
  EXPECT_THROW(write_mr_series(scratch / "a", image, {.study_date = "2000-01-01"}), InvalidInput);
  EXPECT_THROW(write_mr_series(scratch / "b", image, {.series_description = std::string(65, 'x')}),
               InvalidInput);
  EXPECT_THROW(write_mr_series(scratch / "c", image, {.patient_id = "a\\b"}), InvalidInput);
  image.voxels()[77] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(write_mr_series(scratch / "d", image, {}), InvalidInput);
  EXPECT_TRUE(fs::is_empty(scratch.path()));
  image.voxels()[77] = 0.0F;
  fs::create_directory(scratch / "full");
  write_bytes(scratch / "full/kept", "kept");
  EXPECT_THROW(write_mr_series(scratch / "full", image, {}), IoError);
  EXPECT_EQ(bytes_of(scratch / "full/kept"), "kept");
}

// ---- Series that are no volume ----

class BrokenSeries : public ::testing::Test {
 protected:
  void SetUp() override { files_ = write_mr_series(folder(), numbered(small_grid()), {}); }
  fs::path folder() const { return scratch_ / "series"; }
  ScratchFolder scratch_;
  std::vector<fs::path> files_;
};

TEST_F(BrokenSeries, AMissingSliceIsRefusedAndNamesTheFileAfterTheGap) {
  fs::remove(files_[4]);
  const RefusedItem item = expect_refused(folder(), Refusal::missing_slices);
  EXPECT_EQ(item.file, files_[5]);
  EXPECT_NE(item.message.find("2 times"), std::string::npos) << item.message;
}

TEST_F(BrokenSeries, ASliceMissingFromOneEchoIsRefused) {
  const auto second =
      write_mr_series(scratch_ / "series/second", numbered(small_grid()), {.echo_time_ms = 40.0});
  fs::remove(second.back());  // the end of a stack leaves no gap
  expect_refused(folder(), Refusal::missing_slices);
}

TEST_F(BrokenSeries, TheSameObjectTwiceIsRefused) {
  fs::copy_file(files_[3], folder() / "copy");
  expect_refused(folder(), Refusal::duplicate_slices);
}

TEST_F(BrokenSeries, TwoObjectsAtOnePositionAreRefused) {
  fs::copy_file(files_[3], folder() / "other");
  edit(folder() / "other", [](DcmDataset& d) { set(d, DCM_SOPInstanceUID, "1.2.3"); });
  expect_refused(folder(), Refusal::duplicate_slices);
}

TEST_F(BrokenSeries, SeveralTimesAreRefused) {
  for (std::size_t k = 0; k < files_.size(); ++k) {
    const fs::path later = folder() / ("later" + std::to_string(k));
    fs::copy_file(files_[k], later);
    edit(later, [&](DcmDataset& d) {
      set(d, DCM_SOPInstanceUID, "1.2.3." + std::to_string(k));
      set(d, DCM_TemporalPositionIdentifier, "2");
    });
  }
  expect_refused(folder(), Refusal::several_times);
}

TEST_F(BrokenSeries, AnUnevenGapIsRefusedAndOneWithinToleranceIsNot) {
  const ImageGeometry grid = small_grid();
  const auto move = [&](double shift_mm) {
    const Point3 p = grid.to_patient(VoxelIndex{0, 0, 4}) + shift_mm * grid.direction().column(2);
    edit(files_[4], [&](DcmDataset& d) {
      set(d, DCM_ImagePositionPatient,
          std::to_string(p.x) + "\\" + std::to_string(p.y) + "\\" + std::to_string(p.z));
    });
  };
  move(0.015);
  EXPECT_TRUE(only_series(folder()).problems.empty());
  move(0.1);
  expect_refused(folder(), Refusal::uneven_gaps);
}

// A tilted stack read as upright moves its far slices by millimetres.
TEST_F(BrokenSeries, ShearedSlicesAreRefused) {
  const ImageGeometry grid = small_grid();
  for (std::size_t k = 0; k < files_.size(); ++k) {
    const Point3 p = grid.to_patient(VoxelIndex{0, 0, static_cast<std::int64_t>(k)}) +
                     0.1 * static_cast<double>(k) * grid.direction().column(0);
    edit(files_[k], [&](DcmDataset& d) {
      set(d, DCM_ImagePositionPatient,
          std::to_string(p.x) + "\\" + std::to_string(p.y) + "\\" + std::to_string(p.z));
    });
  }
  expect_refused(folder(), Refusal::sheared_slices);
}

TEST_F(BrokenSeries, MixedOrientationsAreRefused) {
  edit(files_[2], [](DcmDataset& d) { set(d, DCM_ImageOrientationPatient, "0\\1\\0\\0\\0\\-1"); });
  expect_refused(folder(), Refusal::mixed_orientations);
}

TEST_F(BrokenSeries, MixedSizesAreRefused) {
  edit(files_[2], [](DcmDataset& d) { d.putAndInsertUint16(DCM_Rows, 20); });
  expect_refused(folder(), Refusal::mixed_sizes);
}

TEST_F(BrokenSeries, MixedPixelSpacingsAreRefused) {
  edit(files_[2], [](DcmDataset& d) { set(d, DCM_PixelSpacing, "0.36\\0.37"); });
  expect_refused(folder(), Refusal::mixed_sizes);
}

TEST_F(BrokenSeries, AnImageWithoutAPositionIsRefused) {
  edit(files_[6], [](DcmDataset& d) { d.findAndDeleteElement(DCM_ImagePositionPatient); });
  EXPECT_EQ(expect_refused(folder(), Refusal::missing_geometry).tag, "(0020,0032) ImagePositionPatient");
}

TEST_F(BrokenSeries, ANumberThatIsNoneIsRefusedWithItsTagAndValue) {
  edit(files_[6], [](DcmDataset& d) { set(d, DCM_PixelSpacing, "0.36\\wide"); });
  const RefusedItem item = expect_refused(folder(), Refusal::unreadable);
  EXPECT_EQ(item.tag, "(0028,0030) PixelSpacing");
  EXPECT_EQ(item.value, "0.36\\wide");
}

TEST_F(BrokenSeries, ATruncatedFileIsRefusedWhereverItIsCut) {
  const std::string whole = bytes_of(files_[1]);
  for (const std::size_t cut : {whole.size() - 1, whole.size() - 700, whole.size() / 2, std::size_t{600}}) {
    write_bytes(files_[1], whole.substr(0, cut));
    const SeriesInfo series = scan_folder(folder()).series.front();
    if (series.files.size() == files_.size()) {
      ASSERT_FALSE(series.problems.empty()) << "cut at " << cut;
      EXPECT_EQ(series.problems.front().refusal, Refusal::unreadable);
      EXPECT_EQ(series.problems.front().file, files_[1]);
    }
    EXPECT_THROW(read_series(series), SeriesRefused) << "cut at " << cut;
  }
}

TEST_F(BrokenSeries, ColourAndInvertedGreyAreRefusedAsUnsupported) {
  edit(files_[6], [](DcmDataset& d) { set(d, DCM_PhotometricInterpretation, "MONOCHROME1"); });
  EXPECT_EQ(expect_refused(folder(), Refusal::unsupported_pixels).value, "MONOCHROME1");
  edit(files_[6], [](DcmDataset& d) { d.putAndInsertUint16(DCM_SamplesPerPixel, 3); });
  EXPECT_EQ(expect_refused(folder(), Refusal::unsupported_pixels).value, "3");
}

// ---- What headers may say ----

TEST_F(BrokenSeries, MagnitudeAndPhaseAtOnePositionAreTwoSeries) {
  for (std::size_t k = 0; k < files_.size(); ++k) {
    const fs::path phase = folder() / ("phase" + std::to_string(k));
    fs::copy_file(files_[k], phase);
    edit(phase, [&](DcmDataset& d) {
      set(d, DCM_SOPInstanceUID, "1.2.3." + std::to_string(k));
      set(d, DCM_ImageType, "ORIGINAL\\PRIMARY\\P");
    });
  }
  const FolderScan scan = scan_folder(folder());
  ASSERT_EQ(scan.series.size(), 2U);
  for (const SeriesInfo& series : scan.series) {
    EXPECT_TRUE(series.problems.empty());
    EXPECT_EQ(series.files.size(), files_.size());
  }
}

TEST_F(BrokenSeries, BigEndianAndImplicitFilesReadAlike) {
  edit(
      files_[0], [](DcmDataset&) {}, EXS_BigEndianExplicit);
  edit(
      files_[1], [](DcmDataset&) {}, EXS_LittleEndianImplicit);
  edit(
      files_[2], [](DcmDataset& d) { d.chooseRepresentation(EXS_DeflatedLittleEndianExplicit, nullptr); },
      EXS_DeflatedLittleEndianExplicit);
  EXPECT_EQ(read_series(only_series(folder())).front().image.voxels(), numbered(small_grid()).voxels());
}

TEST_F(BrokenSeries, FilesWithoutPreambleOrMetaHeaderReadAlike) {
  for (const E_TransferSyntax syntax :
       {EXS_LittleEndianImplicit, EXS_LittleEndianExplicit, EXS_BigEndianExplicit}) {
    const fs::path& file = files_[static_cast<std::size_t>(syntax) % files_.size()];
    DcmFileFormat format;
    ASSERT_TRUE(format.loadFile(file.c_str()).good());
    format.loadAllDataIntoMemory();
    fs::remove(file);
    ASSERT_TRUE(format.getDataset()->saveFile(file.c_str(), syntax).good());
  }
  EXPECT_EQ(read_series(only_series(folder())).front().image.voxels(), numbered(small_grid()).voxels());
}

// 12 stored bits at the top of 16, signed: the low bits are not part of the value.
TEST_F(BrokenSeries, StoredBitsAndSignAreHonoured) {
  fs::path one = scratch_ / "one";
  fs::create_directory(one);
  fs::copy_file(files_[0], one / "image");
  const std::map<Uint16, float> expected{
      {0x7ff3, 2047.0F}, {0x800f, -2048.0F}, {0xfff0, -1.0F}, {0x0015, 1.0F}};
  edit(one / "image", [&](DcmDataset& d) {
    std::vector<Uint16> raw;
    for (const auto& [bits, value] : expected) raw.push_back(bits);
    d.putAndInsertUint16(DCM_Rows, 2);
    d.putAndInsertUint16(DCM_Columns, 2);
    d.putAndInsertUint16(DCM_BitsStored, 12);
    d.putAndInsertUint16(DCM_HighBit, 15);
    d.putAndInsertUint16Array(DCM_PixelData, raw.data(), 4);
    set(d, DCM_RescaleSlope, "0.5");
    set(d, DCM_RescaleIntercept, "-3");
  });
  std::vector<float> wanted;
  for (const auto& [bits, value] : expected) wanted.push_back(0.5F * value - 3.0F);
  EXPECT_EQ(read_series(only_series(one)).front().image.voxels(), wanted);
}

TEST_F(BrokenSeries, TheSideComesFromLateralityOrUnmistakableWordsAndNeverFromAGuess) {
  struct Case {
    const char *laterality, *series, *protocol;
    std::optional<Side> side;
    bool remark;
  };
  const Case cases[] = {{"L", "", "", Side::left, false},
                        {"", "SAG PD LEFT KNEE", "", Side::left, false},
                        {"", "", "RT KNEE T2", Side::right, false},
                        {"", "e+1 KNEE-RT.", "", Side::right, false},
                        {"", "knee_l pd fs", "", Side::left, false},
                        {"R", "LEFT KNEE", "", std::nullopt, true},
                        {"", "LEFT KNEE", "RIGHT KNEE", std::nullopt, true},
                        {"", "RT cine", "", std::nullopt, false},
                        {"", "COR T1 KNEE R>>L", "", std::nullopt, false},
                        {"B", "bright knee", "", std::nullopt, false}};
  for (const Case& c : cases) {
    for (const fs::path& file : files_)
      edit(file, [&](DcmDataset& d) {
        set(d, DCM_Laterality, c.laterality);
        set(d, DCM_SeriesDescription, c.series);
        set(d, DCM_ProtocolName, c.protocol);
      });
    const SeriesInfo series = only_series(folder());
    EXPECT_EQ(series.side, c.side) << c.laterality << '|' << c.series << '|' << c.protocol;
    EXPECT_EQ(!series.remarks.empty(), c.remark) << c.series;
  }
}

TEST_F(BrokenSeries, TextsInOtherCharacterSetsAreListedAsUtf8) {
  for (const fs::path& file : files_)
    edit(file, [](DcmDataset& d) {
      set(d, DCM_SpecificCharacterSet, "ISO_IR 100");
      set(d, DCM_SeriesDescription,
          "Kniegelenk \xfc"
          "ber");
    });
  EXPECT_EQ(only_series(folder()).description,
            "Kniegelenk \xc3\xbc"
            "ber");
}

TEST_F(BrokenSeries, LinksAreFollowedOnceAndLoopsEnd) {
  fs::create_directory_symlink(folder(), folder() / "loop");
  fs::create_symlink(files_[0], folder() / "again");
  fs::create_symlink(folder() / "nothing", folder() / "broken");
  const SeriesInfo series = only_series(folder());
  EXPECT_EQ(series.files.size(), files_.size());
  EXPECT_TRUE(series.problems.empty());
}

TEST(DicomScan, OneFileIsListedAndAFolderThatIsNotThereIsAnError) {
  const ScratchFolder scratch;
  const auto files = write_mr_series(scratch / "series", numbered(small_grid()), {});
  const SeriesInfo series = only_series(files[2]);
  EXPECT_EQ(series.positions, 1);
  EXPECT_EQ(series.spacing_mm.z, 0.0);
  EXPECT_EQ(read_series(series).front().image.geometry().spacing_mm().z, 0.7) << "SpacingBetweenSlices";
  EXPECT_THROW(scan_folder(scratch / "nowhere"), IoError);
  EXPECT_THROW(read_series({}), InvalidInput);
}

TEST(DicomScan, AStopRequestEndsItAndProgressReachesOne) {
  const ScratchFolder scratch;
  write_mr_series(scratch / "series", numbered(small_grid()), {});
  double last = 0.0;
  scan_folder(scratch.path(), Progress([&](std::string_view, double fraction) { last = fraction; }));
  EXPECT_EQ(last, 1.0);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(scan_folder(scratch.path(), Progress({}, stop.get_token())), Cancelled);
}

// ---- Enhanced multi-frame ----

/// Writes a volume as one enhanced MR image, its frames in an order that says nothing.
void write_enhanced(const fs::path& file, const Volume<float>& image, const fs::path& classic) {
  DcmFileFormat format;
  ASSERT_TRUE(format.loadFile(classic.c_str()).good());
  DcmDataset& d = *format.getDataset();
  const ImageGeometry& grid = image.geometry();
  const auto count = static_cast<std::size_t>(grid.size()[0] * grid.size()[1]);
  const auto frames = static_cast<std::size_t>(grid.size()[2]);
  const auto text = [](const Point3& p) {
    return std::to_string(p.x) + "\\" + std::to_string(p.y) + "\\" + std::to_string(p.z);
  };
  OFString orientation, spacing;
  d.findAndGetOFStringArray(DCM_ImageOrientationPatient, orientation);
  d.findAndGetOFStringArray(DCM_PixelSpacing, spacing);
  for (const DcmTagKey& tag : {DCM_ImageOrientationPatient, DCM_ImagePositionPatient, DCM_PixelSpacing,
                               DCM_EchoTime, DCM_SliceThickness, DCM_SpacingBetweenSlices, DCM_Laterality})
    d.findAndDeleteElement(tag);
  set(d, DCM_SOPClassUID, UID_EnhancedMRImageStorage);
  set(d, DCM_NumberOfFrames, std::to_string(frames));
  const auto item = [&](DcmItem& in, const DcmTagKey& sequence, long number = 0) {
    DcmItem* made = nullptr;
    EXPECT_TRUE(in.findOrCreateSequenceItem(sequence, made, number).good());
    return made;
  };
  DcmItem* shared = item(d, DCM_SharedFunctionalGroupsSequence);
  item(*shared, DCM_PlaneOrientationSequence)
      ->putAndInsertOFStringArray(DCM_ImageOrientationPatient, orientation);
  item(*shared, DCM_PixelMeasuresSequence)->putAndInsertOFStringArray(DCM_PixelSpacing, spacing);
  item(*shared, DCM_FrameAnatomySequence)->putAndInsertString(DCM_FrameLaterality, "R");
  item(*shared, DCM_MREchoSequence)->putAndInsertFloat64(DCM_EffectiveEchoTime, 17.5);
  std::vector<Sint16> pixels;
  for (std::size_t f = 0; f < frames; ++f) {
    const std::size_t k = (f * 3 + 2) % frames;  // 3 and 10 have no common factor
    DcmItem* own = item(d, DCM_PerFrameFunctionalGroupsSequence, static_cast<long>(f));
    const Point3 p = grid.to_patient(VoxelIndex{0, 0, static_cast<std::int64_t>(k)});
    item(*own, DCM_PlanePositionSequence)->putAndInsertString(DCM_ImagePositionPatient, text(p).c_str());
    DcmItem* rescale = item(*own, DCM_PixelValueTransformationSequence);
    rescale->putAndInsertString(DCM_RescaleSlope, std::to_string(f % 2 + 1).c_str());
    rescale->putAndInsertString(DCM_RescaleIntercept, "4");
    for (std::size_t v = k * count; v < (k + 1) * count; ++v)
      pixels.push_back(static_cast<Sint16>((image.voxels()[v] - 4.0F) / static_cast<float>(f % 2 + 1)));
  }
  d.putAndInsertUint16Array(DCM_PixelData, reinterpret_cast<const Uint16*>(pixels.data()), pixels.size());
  ASSERT_TRUE(format.saveFile(file.c_str(), EXS_LittleEndianExplicit).good());
}

TEST(DicomEnhanced, FramesAtDistinctPositionsMakeAVolume) {
  const ScratchFolder scratch;
  Volume<float> image = numbered(small_grid());
  for (float& value : image.voxels()) value = 2.0F * std::floor(value / 2.0F);  // even, for a slope of 2
  const auto files = write_mr_series(scratch / "classic", image, {});
  ASSERT_EQ(files.size(), 10U);
  fs::create_directory(scratch / "enhanced");
  write_enhanced(scratch / "enhanced/one", image, files[0]);
  const SeriesInfo series = only_series(scratch / "enhanced");
  EXPECT_TRUE(series.problems.empty());
  EXPECT_EQ(series.side, Side::right);
  EXPECT_EQ(series.positions, 10);
  const auto echoes = read_series(series);
  ASSERT_EQ(echoes.size(), 1U);
  EXPECT_EQ(echoes[0].echo_time_ms, 17.5);
  EXPECT_TRUE(nearly_equal(echoes[0].image.geometry(), image.geometry(), 1e-5));
  EXPECT_EQ(echoes[0].image.voxels(), image.voxels());
}

// ---- Real files ----

TEST(DicomRealFiles, TheGeMultiEchoKneeHasItsPublishedGeometry) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const SeriesInfo series = only_series(folder);
  EXPECT_TRUE(series.problems.empty());
  EXPECT_EQ(series.files.size(), 192U);
  EXPECT_EQ(series.transfer_syntax, "Big Endian Explicit");
  EXPECT_EQ(series.orientation, "sagittal");
  EXPECT_EQ(series.side, std::nullopt);
  const auto echoes = read_series(series);
  ASSERT_EQ(echoes.size(), 8U);
  for (std::size_t e = 0; e < 8; ++e) {
    EXPECT_NEAR(echoes[e].echo_time_ms, 6.312 * static_cast<double>(e + 1), 1e-9);
    const ImageGeometry& geometry = echoes[e].image.geometry();
    EXPECT_EQ(geometry.size(), (GridSize{256, 256, 24}));
    EXPECT_EQ(geometry.spacing_mm().x, 0.625);
    EXPECT_EQ(geometry.spacing_mm().y, 0.625);
    EXPECT_NEAR(geometry.spacing_mm().z, 4.0, 1e-4);  // positions have six digits
    EXPECT_EQ(geometry.origin(), (Point3{-29.0364, -103.429, 56.2757}));
    EXPECT_NEAR(geometry.direction().determinant(), 1.0, 1e-12);
    const std::size_t middle = 128 + 256 * (128 + 256 * 12);  // T2 decay makes later echoes darker
    if (e > 0) {
      EXPECT_LT(echoes[e].image.voxels()[middle], echoes[0].image.voxels()[middle]);
    }
  }
  const auto& first = echoes[0].image.voxels();
  EXPECT_EQ(*std::max_element(first.begin(), first.begin() + 256 * 256), 8019.0F);  // LargestImagePixelValue
}

TEST(DicomRealFiles, LosslessEncodingsAreEqualBitByBitAndLossyOnesAreClose) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/nema_compression");
  const auto values = [&](const char* file) {
    return read_series(only_series(folder / file)).front().image.voxels();
  };
  const auto truth = values("MR3_UNC");
  ASSERT_EQ(truth.size(), 512U * 512U);
  for (const char* lossless : {"MR3_J2KR", "MR3_JLSL", "MR3_JPLL", "MR3_RLE"})
    EXPECT_EQ(values(lossless), truth) << lossless;
  const float brightest = *std::max_element(truth.begin(), truth.end());
  const std::map<std::string, double> root_mean_square_share{
      {"MR3_JLSN", 0.01}, {"MR3_JPLY", 0.02}, {"MR3_J2KI", 0.1}};
  for (const auto& [lossy, share] : root_mean_square_share) {
    const auto close = values(lossy.c_str());
    ASSERT_EQ(close.size(), truth.size()) << lossy;
    double squares = 0.0;
    for (std::size_t v = 0; v < truth.size(); ++v) squares += std::pow(close[v] - truth[v], 2);
    EXPECT_LT(std::sqrt(squares / static_cast<double>(truth.size())), share * brightest) << lossy;
    EXPECT_NE(close, truth) << lossy;
  }
  EXPECT_EQ(only_series(folder / "MR3_UNC").side, Side::right) << "'e+1 KNEE-RT.'";
}

TEST(DicomRealFiles, EachOddFileGetsWhatFitsIt) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/odd");
  const RefusedItem times =
      expect_refused(folder / "enhanced_mr_one_position_time_series.dcm", Refusal::several_times);
  EXPECT_EQ(times.tag, "(0020,0032) ImagePositionPatient");
  EXPECT_EQ(expect_refused(folder / "MR_truncated.dcm", Refusal::unreadable).tag, "(7fe0,0010) PixelData");
  const RefusedItem number = expect_refused(folder / "badVR.dcm", Refusal::unreadable);
  EXPECT_EQ(number.tag, "(0028,0008) NumberOfFrames");
  EXPECT_EQ(number.value, "1A");
  const SeriesInfo truncated = only_series(folder / "MR_truncated.dcm");
  EXPECT_EQ(truncated.rows, 64);
  EXPECT_EQ(truncated.columns, 64);

  const FolderScan plan = scan_folder(folder / "rtplan.dcm");
  EXPECT_TRUE(plan.series.empty());
  ASSERT_EQ(plan.refused.size(), 1U);
  EXPECT_EQ(plan.refused[0].refusal, Refusal::not_an_image);

  // No preamble, no meta header, and one stray byte in front: all its elements are there.
  const SeriesInfo bare = only_series(folder / "no_meta.dcm");
  EXPECT_TRUE(bare.problems.empty());
  EXPECT_EQ(bare.remarks.size(), 1U);
  EXPECT_EQ(read_series(bare).front().image.geometry().size(), (GridSize{128, 128, 1}));

  const FolderScan all = scan_folder(folder);
  EXPECT_EQ(all.series.size(), 4U);
  EXPECT_EQ(all.refused.size(), 1U);
  EXPECT_EQ(all.other_files, 0U);
}

// A damaged file ends in a refusal or an image, never in the end of the program: GDCM's own parser ends it on
// some.
TEST(DicomRealFiles, DamagedBytesNeverEndTheProgram) {
  GENU_REQUIRE_DATA(folder, "mri_dicom");
  const ScratchFolder scratch;
  for (const char* file :
       {"nema_compression/MR3_J2KR", "nema_compression/MR3_JPLL", "nema_compression/MR3_RLE",
        "ge_3t_multi_echo_t2/E3655S8I001.MR.dcm", "odd/no_meta.dcm"}) {
    const std::string whole = bytes_of(folder / file);
    for (unsigned seed = 0; seed < 80; ++seed) {
      std::mt19937 random(seed);
      std::string damaged = whole;
      for (unsigned flips = 1 + seed % 12; flips > 0; --flips)
        damaged[random() % std::min<std::size_t>(3000, damaged.size())] = static_cast<char>(random());
      if (seed % 4 == 0) damaged.resize(random() % damaged.size());
      write_bytes(scratch / "damaged", damaged);
      const FolderScan scan = scan_folder(scratch.path());
      EXPECT_LE(scan.series.size() + scan.refused.size() + scan.other_files, 1U);
      for (const SeriesInfo& series : scan.series) {
        try {
          const auto echoes = read_series(series);
          EXPECT_EQ(echoes.front().image.geometry().size()[0], series.columns);
        } catch (const SeriesRefused& refused) {
          EXPECT_FALSE(refused.item().message.empty());
        }
      }
    }
  }
}

// Colour, palettes, films and encodings that nothing here decodes must end in a reason each.
TEST(DicomRealFiles, UltrasoundFilesAreListedAndNoneBecomesAVolume) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const FolderScan scan = scan_folder(folder);
  EXPECT_FALSE(scan.series.empty());
  for (const SeriesInfo& series : scan.series) {
    EXPECT_FALSE(series.problems.empty()) << series.series_uid;
    EXPECT_THROW(read_series(series), SeriesRefused);
  }
  EXPECT_EQ(expect_refused(folder / "will-jxl.dcm", Refusal::unsupported_pixels).tag,
            "(0002,0010) TransferSyntaxUID");
}

}  // namespace
}  // namespace genu::io
