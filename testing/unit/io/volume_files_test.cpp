// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <itkMetaImageIO.h>
#include <itkNiftiImageIO.h>
#include <itkNrrdImageIO.h>

#include <genu/io/files.h>
#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "comma_locale.h"
#include "matchers.h"
#include "nifti_bytes.h"

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::message_of;
using testing::NiftiBytes;
using testing::oblique_grid;
using testing::ScratchFolder;

ImageGeometry small_grid(bool left_handed) {
  return oblique_grid({.extent_mm = {8.0, 9.0, 12.0}, .left_handed = left_handed});
}

/// The largest distance between the corners of two grids of the same size.
double corner_distance_mm(const ImageGeometry& a, const ImageGeometry& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  double largest = 0.0;
  for (int c = 0; c < 8; ++c) {
    const VoxelIndex v{c & 1 ? a.size()[0] - 1 : 0, c & 2 ? a.size()[1] - 1 : 0, c & 4 ? a.size()[2] - 1 : 0};
    largest = std::max(largest, distance(a.to_patient(v), b.to_patient(v)));
  }
  return largest;
}

/// Voxels with NaN, negative, tiny and large values.
Volume<float> uneven_volume(const ImageGeometry& grid) {
  std::mt19937 random(7);
  std::normal_distribution<float> value(0.0F, 1000.0F);
  Volume<float> volume(grid);
  for (float& v : volume.voxels()) v = value(random);
  volume.voxels()[1] = std::numeric_limits<float>::quiet_NaN();
  volume.voxels()[2] = std::numeric_limits<float>::denorm_min();
  volume.voxels()[3] = std::numeric_limits<float>::max();
  return volume;
}

/// Every tissue, without order.
LabelMap mixed_labels(const ImageGeometry& grid) {
  std::mt19937 random(3);
  LabelMap labels(grid);
  for (Tissue& tissue : labels.voxels()) tissue = tissues()[random() % tissues().size()].tissue;
  return labels;
}

void expect_same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t v = 0; v < a.size(); ++v)
    ASSERT_TRUE(a[v] == b[v] || (std::isnan(a[v]) && std::isnan(b[v]))) << v << ": " << a[v] << ", " << b[v];
}

struct RoundTripCase {
  const char* extension;
  bool left_handed;
  double tolerance_mm;
};

class RoundTrip : public ::testing::TestWithParam<RoundTripCase> {};

// NIfTI's header holds floats; NRRD and MHA hold 17 digits.
INSTANTIATE_TEST_SUITE_P(
    Formats, RoundTrip,
    ::testing::Values(RoundTripCase{".nii", false, 1e-4}, RoundTripCase{".nii", true, 1e-4},
                      RoundTripCase{".nii.gz", false, 1e-4}, RoundTripCase{".nii.gz", true, 1e-4},
                      RoundTripCase{".nrrd", false, 1e-9}, RoundTripCase{".nrrd", true, 1e-9},
                      RoundTripCase{".mha", false, 1e-9}, RoundTripCase{".mha", true, 1e-9}),
    [](const auto& one) {
      std::string name = one.param.left_handed ? "LeftHanded" : "RightHanded";
      for (const char c : std::string(one.param.extension))
        if (c != '.') name += c;
      return name;
    });

// NIfTI libraries turn NaN into 0 on reading, which would turn "not measured" into "denuded".
TEST_P(RoundTrip, VolumeWithNaN) {
  const ScratchFolder scratch;
  const Volume<float> volume = uneven_volume(small_grid(GetParam().left_handed));
  const fs::path file = scratch / (std::string("v") + GetParam().extension);
  write_volume(file, volume);
  const Volume<float> read = read_volume(file);
  EXPECT_LT(corner_distance_mm(read.geometry(), volume.geometry()), GetParam().tolerance_mm);
  expect_same_bits(read.voxels(), volume.voxels());
}

// Whole numbers are stored as such, and come back as they were up to the ends of 16 bits and beyond.
TEST_P(RoundTrip, VolumeOfWholeNumbers) {
  const ScratchFolder scratch;
  Volume<float> volume(small_grid(GetParam().left_handed));
  std::iota(volume.voxels().begin(), volume.voxels().end(), -300.0F);
  volume.voxels()[0] = -32768.0F;
  volume.voxels()[1] = 32767.0F;
  const fs::path file = scratch / (std::string("v") + GetParam().extension);
  for (const float last : {7.0F, 32768.0F}) {
    volume.voxels().back() = last;
    write_volume(file, volume);
    const Volume<float> read = read_volume(file);
    EXPECT_LT(corner_distance_mm(read.geometry(), volume.geometry()), GetParam().tolerance_mm);
    expect_same_bits(read.voxels(), volume.voxels());
  }
}

TEST_P(RoundTrip, VolumeOfBytes) {
  const ScratchFolder scratch;
  Volume<std::uint8_t> volume(small_grid(GetParam().left_handed));
  for (std::size_t v = 0; v < volume.voxels().size(); ++v)
    volume.voxels()[v] = static_cast<std::uint8_t>(v * v % 256);
  const fs::path file = scratch / (std::string("v") + GetParam().extension);
  write_volume(file, volume);
  const Volume<float> read = read_volume(file);
  EXPECT_LT(corner_distance_mm(read.geometry(), volume.geometry()), GetParam().tolerance_mm);
  EXPECT_EQ(read.voxels(), std::vector<float>(volume.voxels().begin(), volume.voxels().end()));
}

TEST_P(RoundTrip, LabelsOfEveryTissue) {
  const ScratchFolder scratch;
  const LabelMap labels = mixed_labels(small_grid(GetParam().left_handed));
  const fs::path file = scratch / (std::string("l") + GetParam().extension);
  write_labels(file, labels, label_table_named("genu"));
  const LabelMap read = read_labels(file, label_table_named("genu"));
  EXPECT_LT(corner_distance_mm(read.geometry(), labels.geometry()), GetParam().tolerance_mm);
  EXPECT_EQ(read.voxels(), labels.voxels());
}

// Labels are stored compressed, volumes are not: a file may end early in either.
TEST_P(RoundTrip, AFileCutShortIsRefusedByName) {
  const ScratchFolder scratch;
  const std::string name = std::string("v") + GetParam().extension;
  for (const bool labels : {false, true}) {
    if (labels)
      write_labels(scratch / name, mixed_labels(small_grid(GetParam().left_handed)),
                   label_table_named("genu"));
    else
      write_volume(scratch / name, uneven_volume(small_grid(GetParam().left_handed)));
    const std::string whole = read_text(scratch / name);
    for (const double part : {0.0, 0.001, 0.01, 0.1, 0.5, 1.0}) {
      // The last 8 bytes of a gzip stream are its checksum and length; without them no voxel is lost.
      const auto length = static_cast<std::size_t>(part * static_cast<double>(whole.size() - 16));
      write_text(scratch / ("cut-" + name), whole.substr(0, length));
      EXPECT_THAT(message_of([&] { read_volume(scratch / ("cut-" + name)); }), HasSubstr("cut-" + name))
          << part;
    }
  }
}

// Compressed voxels carry a checksum, which readers of MetaImage pass over.
TEST(Volume, AFlippedBitInCompressedVoxelsIsRefused) {
  const ScratchFolder scratch;
  for (const std::string name : {"v.nii.gz", "v.nrrd", "v.mha"}) {
    write_labels(scratch / name, mixed_labels(small_grid(true)), label_table_named("genu"));
    const std::string whole = read_text(scratch / name);
    for (std::size_t at = whole.size() / 2; at + 20 < whole.size(); at += whole.size() / 17) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ 4);
      write_text(scratch / name, flipped);
      EXPECT_THAT(message_of([&] { read_volume(scratch / name); }), HasSubstr(name)) << at;
    }
  }
}

// A damaged header may say anything. It ends in an IoError or in voxels, never in a crash, another kind of
// error or a request for all memory; the address sanitizer looks on in its preset.
TEST_P(RoundTrip, DamagedBytesNeverDoWorseThanAnIoError) {
  const ScratchFolder scratch;
  const std::string name = std::string("v") + GetParam().extension;
  write_labels(scratch / name, mixed_labels(small_grid(GetParam().left_handed)), label_table_named("genu"));
  const std::string whole = read_text(scratch / name);
  std::mt19937 random(11);
  for (int trial = 0; trial < 200; ++trial) {
    std::string damaged = whole;
    for (unsigned n = 0; n < 1 + random() % 4; ++n)
      damaged[random() % std::min<std::size_t>(whole.size(), 600)] = static_cast<char>(random());
    write_text(scratch / name, damaged);
    try {
      read_volume(scratch / name);
    } catch (const IoError& error) {
      ASSERT_THAT(error.what(), HasSubstr(name)) << trial;
    }
  }
}

// Window systems set the user's locale, and libraries then take the point in "0.36" for the number's end.
TEST(Volume, PlaceDoesNotDependOnTheLocale) {
  const ScratchFolder scratch;
  const Volume<float> volume = uneven_volume(small_grid(false));
  for (const std::string name : {"v.nii.gz", "v.nrrd", "v.mha"}) {
    write_volume(scratch / name, volume);
    const std::string classic = read_text(scratch / name);
    const testing::CommaLocale german;
    EXPECT_LT(corner_distance_mm(read_volume(scratch / name).geometry(), volume.geometry()), 1e-4) << name;
    write_volume(scratch / name, volume);
    EXPECT_EQ(read_text(scratch / name), classic) << name;
  }
}

// The content decides, not the name.
TEST(Volume, AWrongExtensionDoesNotMatter) {
  const ScratchFolder scratch;
  const Volume<float> volume = uneven_volume(small_grid(false));
  for (const char* extension : {".nii", ".nii.gz", ".nrrd", ".mha"}) {
    write_volume(scratch / (std::string("v") + extension), volume);
    fs::rename(scratch / (std::string("v") + extension), scratch / "scan");
    expect_same_bits(read_volume(scratch / "scan").voxels(), volume.voxels());
  }
}

TEST(Volume, TheCaseOfAnExtensionDoesNotMatter) {
  EXPECT_EQ(volume_extension("a.b/KNEE.NII.GZ"), ".nii.gz");
  EXPECT_EQ(volume_extension("Knee.Nrrd"), ".nrrd");
  EXPECT_EQ(volume_extension("nrrd"), "");
  EXPECT_EQ(volume_extension("knee.gz"), "");
  const ScratchFolder scratch;
  const Volume<float> volume(oblique_grid(), 0.5F);
  write_volume(scratch / "small.NII.GZ", volume);
  write_volume(scratch / "large.NII", volume);
  EXPECT_LT(fs::file_size(scratch / "small.NII.GZ"), fs::file_size(scratch / "large.NII") / 10);
}

TEST(Volume, WhatIsNoVolumeIsRefusedByName) {
  const ScratchFolder scratch;
  write_text(scratch / "notes.nii.gz", "Dear Sir or Madam, this text is longer than it seems.");
  EXPECT_THAT(message_of([&] { read_volume(scratch / "notes.nii.gz"); }),
              AllOf(HasSubstr("notes.nii.gz"), HasSubstr("not NIfTI, NRRD or MetaImage")));
  EXPECT_THAT(message_of([&] { read_volume(scratch / "absent.nii"); }), HasSubstr("absent.nii"));
  EXPECT_THAT(message_of([&] { read_volume(scratch.path()); }), HasSubstr("it is a folder"));
}

TEST(Volume, WritingRefusesOtherFormatsAndLeavesNothing) {
  const ScratchFolder scratch;
  const Volume<float> volume = uneven_volume(small_grid(false));
  EXPECT_THAT(message_of([&] { write_volume(scratch / "v.png", volume); }),
              AllOf(HasSubstr("v.png"), HasSubstr(".nrrd")));
  EXPECT_THAT(message_of([&] { write_volume(scratch / "no/v.nii", volume); }), HasSubstr("no such folder"));
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

/// 2 x 3 x 4 voxels with the numbers 0 .. 23.
NiftiBytes numbered_nifti() {
  NiftiBytes nifti;
  std::vector<std::int16_t> voxels(24);
  std::iota(voxels.begin(), voxels.end(), std::int16_t{0});
  nifti.set_voxels(voxels);
  return nifti;
}

Volume<float> read_bytes(const ScratchFolder& scratch, const std::string& bytes) {
  write_text(scratch / "hand.nii", bytes);
  return read_volume(scratch / "hand.nii");
}

void expect_near(const Point3& a, const Point3& b, double tolerance_mm) {
  EXPECT_LT(distance(a, b), tolerance_mm) << a << " and " << b;
}

// The standard: x = R index + offset with x to the right, y to the front, z to the head (RAS). Worked by
// hand.
TEST(Nifti, SformIsTurnedFromRasToLps) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.sform_code = 1;
  // i runs to the patient's front, 0.5 mm; j to the left, 2 mm; k to the head, 3 mm.
  nifti.srow = {0, -2, 0, 10, 0.5, 0, 0, 20, 0, 0, 3, 30};
  const Volume<float> volume = read_bytes(scratch, nifti.text());
  EXPECT_EQ(volume.geometry().size(), (GridSize{2, 3, 4}));
  expect_near(volume.geometry().to_patient(VoxelIndex{0, 0, 0}), {-10, -20, 30}, 1e-6);
  expect_near(volume.geometry().to_patient(VoxelIndex{1, 2, 3}), {-6, -20.5, 39}, 1e-6);
  EXPECT_EQ((volume[{1, 2, 3}]), 23.0F);
  EXPECT_EQ((volume[{1, 0, 0}]), 1.0F) << "i runs fastest";
}

TEST(Nifti, QformIsTurnedFromRasToLps) {
  const ScratchFolder scratch;
  for (const float handed : {1.0F, -1.0F}) {
    NiftiBytes nifti = numbered_nifti();
    nifti.qform_code = 1;
    nifti.pixdim = {handed, 0.5F, 2.0F, 3.0F, 0, 0, 0, 0};
    // A quarter turn about z: i runs to the front, j to the patient's left, k up (or down where pixdim[0] is
    // -1).
    nifti.quatern = {0.0F, 0.0F, static_cast<float>(std::sqrt(0.5))};
    nifti.qoffset = {10, 20, 30};
    const Volume<float> volume = read_bytes(scratch, nifti.text());
    expect_near(volume.geometry().to_patient(VoxelIndex{0, 0, 0}), {-10, -20, 30}, 1e-6);
    expect_near(volume.geometry().to_patient(VoxelIndex{1, 2, 3}), {-6, -20.5, 30.0 + handed * 9.0}, 1e-5);
  }
}

/// The same affine by the standard's two ways, for an oblique grid.
TEST(Nifti, ObliqueQformAndSformAgree) {
  const ScratchFolder scratch;
  for (const bool left_handed : {false, true}) {
    const Volume<float> volume = uneven_volume(small_grid(left_handed));
    write_volume(scratch / "v.nii", volume);
    std::string bytes = read_text(scratch / "v.nii");
    bytes[254] = 0;  // no sform: the quaternion must say the same
    EXPECT_LT(corner_distance_mm(read_bytes(scratch, bytes).geometry(), volume.geometry()), 1e-4);
    bytes[254] = 1;
    bytes[252] = 0;
    EXPECT_LT(corner_distance_mm(read_bytes(scratch, bytes).geometry(), volume.geometry()), 1e-4);
  }
}

void expect_itk_reads(itk::ImageIOBase& io, const fs::path& file, const Volume<float>& volume) {
  const ImageGeometry& g = volume.geometry();
  io.SetFileName(file.string());
  io.ReadImageInformation();
  const double origin[] = {g.origin().x, g.origin().y, g.origin().z};
  const double spacing[] = {g.spacing_mm().x, g.spacing_mm().y, g.spacing_mm().z};
  itk::ImageIORegion region(3);
  for (unsigned a = 0; a < 3; ++a) {
    ASSERT_EQ(static_cast<std::int64_t>(io.GetDimensions(a)), g.size()[a]) << file;
    region.SetSize(a, io.GetDimensions(a));
    EXPECT_NEAR(io.GetOrigin(a), origin[a], 1e-4) << file;
    EXPECT_NEAR(io.GetSpacing(a), spacing[a], 1e-6) << file;
    const std::vector<double> axis = io.GetDirection(a);
    EXPECT_LT(length(Vector3{axis[0], axis[1], axis[2]} - g.direction().column(static_cast<int>(a))), 1e-5);
  }
  ASSERT_EQ(io.GetComponentType(), itk::ImageIOBase::IOComponentEnum::FLOAT);
  std::vector<float> voxels(g.voxel_count());
  io.SetIORegion(region);
  io.Read(voxels.data());
  EXPECT_EQ(voxels, volume.voxels()) << file;
}

// An independent reader finds the same voxels in the same place.
TEST(Volume, ItkReadsWhatIsWritten) {
  const ScratchFolder scratch;
  for (const bool left_handed : {false, true}) {
    Volume<float> volume = uneven_volume(small_grid(left_handed));
    volume.voxels()[1] = 0.0F;  // ITK's NIfTI reader makes that of NaN
    for (const char* name : {"v.nii", "v.nii.gz", "v.nrrd", "v.mha"}) write_volume(scratch / name, volume);
    expect_itk_reads(*itk::NiftiImageIO::New(), scratch / "v.nii", volume);
    expect_itk_reads(*itk::NiftiImageIO::New(), scratch / "v.nii.gz", volume);
    expect_itk_reads(*itk::NrrdImageIO::New(), scratch / "v.nrrd", volume);
    expect_itk_reads(*itk::MetaImageIO::New(), scratch / "v.mha", volume);
  }
}

TEST(Volume, ItkReadsCompressedLabels) {
  const ScratchFolder scratch;
  const LabelMap labels = mixed_labels(small_grid(true));
  const auto expect_itk_reads_labels = [&](itk::ImageIOBase& io, const char* name) {
    write_labels(scratch / name, labels, label_table_named("genu"));
    io.SetFileName((scratch / name).string());
    io.ReadImageInformation();
    itk::ImageIORegion region(3);
    for (unsigned a = 0; a < 3; ++a) region.SetSize(a, io.GetDimensions(a));
    io.SetIORegion(region);
    ASSERT_EQ(io.GetComponentType(), itk::ImageIOBase::IOComponentEnum::UCHAR) << name;
    std::vector<Tissue> voxels(labels.voxels().size());
    io.Read(voxels.data());
    EXPECT_EQ(voxels, labels.voxels()) << name;
  };
  expect_itk_reads_labels(*itk::NiftiImageIO::New(), "l.nii.gz");
  expect_itk_reads_labels(*itk::NrrdImageIO::New(), "l.nrrd");
  expect_itk_reads_labels(*itk::MetaImageIO::New(), "l.mha");
}

// Other programs write other types and packings, and voxels in a file of their own; ITK's writer stands for
// them.
TEST(Volume, WhatItkWritesIsRead) {
  const ScratchFolder scratch;
  const ImageGeometry grid = small_grid(true);
  std::vector<double> voxels(grid.voxel_count());
  for (std::size_t v = 0; v < voxels.size(); ++v) voxels[v] = 0.25 * static_cast<double>(v) - 100.0;
  const auto check = [&](itk::ImageIOBase& io, const char* name, bool packed) {
    const double origin[] = {grid.origin().x, grid.origin().y, grid.origin().z};
    const double spacing[] = {grid.spacing_mm().x, grid.spacing_mm().y, grid.spacing_mm().z};
    itk::ImageIORegion region(3);
    io.SetNumberOfDimensions(3);
    for (unsigned a = 0; a < 3; ++a) {
      io.SetDimensions(a, static_cast<itk::SizeValueType>(grid.size()[a]));
      region.SetSize(a, io.GetDimensions(a));
      io.SetOrigin(a, origin[a]);
      io.SetSpacing(a, spacing[a]);
      const Vector3 axis = grid.direction().column(static_cast<int>(a));
      io.SetDirection(a, std::vector<double>{axis.x, axis.y, axis.z});
    }
    io.SetFileName((scratch / name).string());
    io.SetPixelType(itk::IOPixelEnum::SCALAR);
    io.SetNumberOfComponents(1);
    io.SetComponentType(itk::ImageIOBase::IOComponentEnum::DOUBLE);
    io.SetUseCompression(packed);
    io.SetIORegion(region);
    io.Write(voxels.data());
    const Volume<float> read = read_volume(scratch / name);
    EXPECT_LT(corner_distance_mm(read.geometry(), grid), 1e-4) << name;
    for (std::size_t v = 0; v < voxels.size(); ++v)
      ASSERT_EQ(read.voxels()[v], static_cast<float>(voxels[v])) << name;
  };
  for (const bool packed : {false, true}) {
    check(*itk::NrrdImageIO::New(), "v.nrrd", packed);
    check(*itk::NrrdImageIO::New(), "v.nhdr", packed);
    check(*itk::MetaImageIO::New(), "v.mha", packed);
    check(*itk::MetaImageIO::New(), "v.mhd", packed);
    check(*itk::NiftiImageIO::New(), packed ? "v.nii.gz" : "v.nii", packed);
  }
}

TEST(Nifti, SformGoesBeforeQform) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.sform_code = 1, nifti.qform_code = 1;
  nifti.srow = {1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0};
  nifti.qoffset = {7, 0, 0};
  EXPECT_EQ(read_bytes(scratch, nifti.text()).geometry().origin().x, -5.0);
}

TEST(Nifti, ShearIsRefusedWithItsValue) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.sform_code = 1, nifti.qform_code = 1;  // a valid qform is no way out: they contradict each other
  nifti.srow = {1, 0.25, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
  EXPECT_THAT(
      message_of([&] { read_bytes(scratch, nifti.text()); }),
      AllOf(HasSubstr("hand.nii"), HasSubstr("sform"), HasSubstr("0.2425"), HasSubstr("orthonormal")));
  nifti.srow = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("spacing"));
}

TEST(Nifti, WithoutAPlaceInThePatientItIsRefused) {
  const ScratchFolder scratch;
  EXPECT_THAT(message_of([&] { read_bytes(scratch, numbered_nifti().text()); }),
              AllOf(HasSubstr("hand.nii"), HasSubstr("sform_code and qform_code are 0")));
}

TEST(Nifti, SeveralVolumesVectorsAndColoursAreRefused) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.qform_code = 1;
  nifti.dim = {4, 2, 3, 2, 2, 1, 1, 1};
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }),
              HasSubstr("4 dimensions (2 x 3 x 2 x 2)"));
  nifti.dim = {5, 2, 3, 2, 1, 2, 1, 1};
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("2 x 3 x 2 x 1 x 2"));
  nifti.dim = {2, 6, 4, 1, 1, 1, 1, 1};
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("2 dimensions (6 x 4)"));
  nifti.dim = {4, 2, 3, 4, 1, 1, 1, 1};
  EXPECT_EQ(read_bytes(scratch, nifti.text()).voxels().back(), 23.0F) << "one volume, told with four numbers";
  nifti.datatype = 128, nifti.bitpix = 24;
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("data type is 128"));
}

TEST(Nifti, SlopeAndInterceptApply) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.qform_code = 1;
  nifti.slope = 0.5F, nifti.intercept = -3.0F;
  EXPECT_EQ(read_bytes(scratch, nifti.text()).voxels()[23], 8.5F);
}

TEST(Nifti, TheOtherByteOrderIsRead) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.sform_code = 1;
  nifti.srow = {0, -2, 0, 10, 0.5, 0, 0, 20, 0, 0, 3, 30};
  const Volume<float> expected = read_bytes(scratch, nifti.text());
  std::string bytes = nifti.text();
  const auto swap = [&](std::size_t at, std::size_t width, std::size_t count) {
    for (std::size_t n = 0; n < count; ++n)
      std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at + n * width),
                   bytes.begin() + static_cast<std::ptrdiff_t>(at + (n + 1) * width));
  };
  swap(0, 4, 1), swap(40, 2, 8), swap(70, 2, 2), swap(76, 4, 8), swap(108, 4, 3), swap(252, 2, 2);
  swap(256, 4, 18), swap(352, 2, 24);
  const Volume<float> read = read_bytes(scratch, bytes);
  EXPECT_EQ(read.geometry(), expected.geometry());
  EXPECT_EQ(read.voxels(), expected.voxels());
}

TEST(Nifti, DamagedHeadersAreRefused) {
  const ScratchFolder scratch;
  NiftiBytes nifti = numbered_nifti();
  nifti.qform_code = 1;
  nifti.dim = {3, 9999, 9999, 9999, 1, 1, 1, 1};  // 2 TB of voxels must not be asked from the system
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("cut short"));
  nifti.dim = {3, 2, -3, 4, 1, 1, 1, 1};
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("2 x -3 x 4"));
  nifti = numbered_nifti();
  nifti.qform_code = 1;
  nifti.pixdim[2] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("hand.nii"));
  nifti.magic = std::string("ni1\0", 4);
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr(".hdr and .img"));
  nifti.magic = std::string("xyz\0", 4);
  EXPECT_THAT(message_of([&] { read_bytes(scratch, nifti.text()); }), HasSubstr("not a NIfTI file"));
}

/// 2 x 2 x 2 voxels; the first axis is `first_axis`, the other two follow y and z.
std::string nrrd(const std::string& space, const std::string& directions, const std::string& origin) {
  return "NRRD0004\ntype: unsigned char\ndimension: 3\n" + (space.empty() ? "" : "space: " + space + "\n") +
         "sizes: 2 2 2\n" + (directions.empty() ? "" : "space directions: " + directions + "\n") +
         "kinds: domain domain domain\nencoding: raw\n" +
         (origin.empty() ? "" : "space origin: " + origin + "\n") + "\n" + std::string("\0\1\2\3\4\5\6\7", 8);
}

// ITK 5.2 mirrors left-anterior-superior left to right.
TEST(Nrrd, EverySpaceIsTurnedToLps) {
  const ScratchFolder scratch;
  const std::string directions = "(0,2,0) (3,0,0) (0,0,4)", origin = "(10,20,30)";
  const auto first = [&](const std::string& space) {
    write_text(scratch / "v.nrrd", nrrd(space, directions, origin));
    return read_volume(scratch / "v.nrrd").geometry();
  };
  for (const char* space : {"left-posterior-superior", "LPS"}) {
    EXPECT_EQ(first(space).origin(), (Point3{10, 20, 30}));
    expect_near(first(space).to_patient(VoxelIndex{1, 1, 1}), {13, 22, 34}, 1e-12);
  }
  for (const char* space : {"right-anterior-superior", "RAS"}) {
    EXPECT_EQ(first(space).origin(), (Point3{-10, -20, 30}));
    expect_near(first(space).to_patient(VoxelIndex{1, 1, 1}), {-13, -22, 34}, 1e-12);
  }
  for (const char* space : {"left-anterior-superior", "LAS"}) {
    EXPECT_EQ(first(space).origin(), (Point3{10, -20, 30}));
    expect_near(first(space).to_patient(VoxelIndex{1, 1, 1}), {13, -22, 34}, 1e-12);
  }
}

TEST(Nrrd, TheOtherByteOrderIsRead) {
  const ScratchFolder scratch;
  std::string text = nrrd("LPS", "(1,0,0) (0,1,0) (0,0,1)", "(0,0,0)");
  text.replace(text.find("unsigned char"), 13, "int16");
  text.insert(text.find("encoding"), "endian: big\n");
  text.resize(text.size() - 8);
  for (char n = 0; n < 8; ++n) text += std::string("\1") + n;
  write_text(scratch / "v.nrrd", text);
  EXPECT_EQ(read_volume(scratch / "v.nrrd").voxels(),
            (std::vector<float>{256, 257, 258, 259, 260, 261, 262, 263}));
}

TEST(Nrrd, WhatIsNotReadIsRefusedAndNotGuessed) {
  const ScratchFolder scratch;
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string text = nrrd("LPS", "(1,0,0) (0,1,0) (0,0,1)", "(0,0,0)");
    text.replace(text.find(from), from.size(), to);
    write_text(scratch / "v.nrrd", text);
    return message_of([&] { read_volume(scratch / "v.nrrd"); });
  };
  EXPECT_THAT(refusal("encoding: raw", "encoding: bzip2"), AllOf(HasSubstr("v.nrrd"), HasSubstr("'bzip2'")));
  EXPECT_THAT(refusal("unsigned char", "block"), HasSubstr("'block'"));
  EXPECT_THAT(refusal("encoding: raw", "encoding: raw\nbyte skip: -1"), HasSubstr("'byte skip' is -1"));
  EXPECT_THAT(refusal("encoding: raw", "encoding: raw\nspace units: \"m\" \"m\" \"m\""), HasSubstr("not mm"));
  EXPECT_THAT(refusal("encoding: raw", "encoding: raw\ndata file: LIST"), HasSubstr("several files"));
  EXPECT_THAT(refusal("encoding: raw", "encoding: raw\ndata file: absent.raw"), HasSubstr("absent.raw"));
  EXPECT_THAT(refusal("sizes: 2 2 2", "sizes: 2 2.5 2"), HasSubstr("2 2.5 2"));
  EXPECT_THAT(refusal("sizes: 2 2 2", "sizes: 2 0 2"), HasSubstr("2 x 0 x 2"));
  EXPECT_THAT(refusal("(1,0,0)", "(1,nan,0)"), HasSubstr("v.nrrd"));
}

TEST(Nrrd, WithoutAPlaceOrWithShearItIsRefused) {
  const ScratchFolder scratch;
  const auto refusal = [&](const std::string& text) {
    write_text(scratch / "v.nrrd", text);
    return message_of([&] { read_volume(scratch / "v.nrrd"); });
  };
  EXPECT_THAT(refusal(nrrd("", "", "")), AllOf(HasSubstr("v.nrrd"), HasSubstr("'space'")));
  EXPECT_THAT(refusal(nrrd("scanner-xyz", "(1,0,0) (0,1,0) (0,0,1)", "(0,0,0)")), HasSubstr("'scanner-xyz'"));
  EXPECT_THAT(refusal(nrrd("LPS", "", "")), HasSubstr("'space directions'"));
  EXPECT_THAT(refusal(nrrd("LPS", "(1,0.25,0) (0,1,0) (0,0,1)", "(0,0,0)")),
              AllOf(HasSubstr("v.nrrd"), HasSubstr("0.2425"), HasSubstr("orthonormal")));
}

TEST(Nrrd, VectorsAndSeveralVolumesAreRefused) {
  const ScratchFolder scratch;
  write_text(scratch / "v.nrrd",
             "NRRD0004\ntype: unsigned char\ndimension: 4\nspace: LPS\nsizes: 2 2 2 2\n"
             "space directions: none (1,0,0) (0,1,0) (0,0,1)\nkinds: vector domain domain domain\n"
             "encoding: raw\nspace origin: (0,0,0)\n\n" +
                 std::string(16, 'x'));
  EXPECT_THAT(message_of([&] { read_volume(scratch / "v.nrrd"); }),
              AllOf(HasSubstr("v.nrrd"), HasSubstr("4 dimensions (sizes: 2 2 2 2)")));
}

std::string mha(const std::string& fields) {
  return "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
         "CompressedData = False\n" +
         fields + "DimSize = 2 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n" +
         std::string("\0\1\2\3\4\5\6\7", 8);
}

TEST(MetaImage, HeaderByHandIsLps) {
  const ScratchFolder scratch;
  // MetaImage lists the direction of each axis in turn.
  write_text(scratch / "v.mha",
             mha("TransformMatrix = 0 1 0 1 0 0 0 0 -1\nOffset = 10 20 30\nElementSpacing = 2 3 4\n"));
  const Volume<float> volume = read_volume(scratch / "v.mha");
  expect_near(volume.geometry().to_patient(VoxelIndex{0, 0, 0}), {10, 20, 30}, 1e-12);
  expect_near(volume.geometry().to_patient(VoxelIndex{1, 0, 0}), {10, 22, 30}, 1e-12);
  expect_near(volume.geometry().to_patient(VoxelIndex{1, 1, 1}), {13, 22, 26}, 1e-12);
  EXPECT_EQ(volume.voxels()[7], 7.0F);
}

TEST(MetaImage, TheOtherByteOrderIsRead) {
  const ScratchFolder scratch;
  std::string text = mha("TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 1\n");
  text.replace(text.find("MSB = False"), 11, "MSB = True");
  text.replace(text.find("MET_UCHAR"), 9, "MET_USHORT");
  text.resize(text.size() - 8);
  for (char n = 0; n < 8; ++n) text += std::string("\1") + n;
  write_text(scratch / "v.mha", text);
  EXPECT_EQ(read_volume(scratch / "v.mha").voxels(),
            (std::vector<float>{256, 257, 258, 259, 260, 261, 262, 263}));
}

TEST(MetaImage, WhatIsNotReadIsRefusedAndNotGuessed) {
  const ScratchFolder scratch;
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string text = mha("TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 1\n");
    text.replace(text.find(from), from.size(), to);
    write_text(scratch / "v.mha", text);
    return message_of([&] { read_volume(scratch / "v.mha"); });
  };
  EXPECT_THAT(refusal("BinaryData = True", "BinaryData = False"),
              AllOf(HasSubstr("v.mha"), HasSubstr("text")));
  EXPECT_THAT(refusal("MET_UCHAR", "MET_STRING"), HasSubstr("'MET_STRING'"));
  EXPECT_THAT(refusal("Offset", "ElementNumberOfChannels = 3\nOffset"), HasSubstr("3 numbers a voxel"));
  EXPECT_THAT(refusal("Offset", "HeaderSize = -1\nOffset"), HasSubstr("HeaderSize is -1"));
  EXPECT_THAT(refusal("NDims = 3", "NDims = 4"), HasSubstr("4 dimensions"));
  EXPECT_THAT(refusal("Offset = 0 0 0", "Offset = 0 0"), HasSubstr("Offset"));
  EXPECT_THAT(refusal("LOCAL", "LIST"), HasSubstr("several files"));
}

TEST(MetaImage, SeparateDataAreRead) {
  const ScratchFolder scratch;
  std::string header = mha("TransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 1\n");
  header = header.substr(0, header.find("LOCAL")) + "v.raw\n";
  write_text(scratch / "v.mhd", header);
  write_text(scratch / "v.raw", std::string("\0\1\2\3\4\5\6\7", 8));
  EXPECT_EQ(read_volume(scratch / "v.mhd").voxels()[5], 5.0F);
  fs::remove(scratch / "v.raw");
  EXPECT_THAT(message_of([&] { read_volume(scratch / "v.mhd"); }), HasSubstr("v.mhd"));
}

TEST(MetaImage, WithoutAPlaceOrWithShearItIsRefused) {
  const ScratchFolder scratch;
  const auto refusal = [&](const std::string& fields) {
    write_text(scratch / "v.mha", mha(fields));
    return message_of([&] { read_volume(scratch / "v.mha"); });
  };
  EXPECT_THAT(refusal("ElementSpacing = 1 1 1\n"), AllOf(HasSubstr("v.mha"), HasSubstr("TransformMatrix")));
  EXPECT_THAT(refusal("TransformMatrix = 1 0 0 0 1 0 0 0 1\n"), HasSubstr("ElementSpacing"));
  EXPECT_THAT(refusal("TransformMatrix = 1 0 0 0.25 1 0 0 0 1\nOffset = 0 0 0\nElementSpacing = 1 1 1\n"),
              AllOf(HasSubstr("v.mha"), HasSubstr("0.25"), HasSubstr("orthonormal")));
}

LabelTable pymskt() {
  return label_table_named("pymskt");
}

TEST(LabelTables, ThoseThatShipAreReadAndNamed) {
  EXPECT_THAT(label_table_names(), ::testing::IsSupersetOf({"genu", "oai", "pymskt"}));
  for (const std::string& name : label_table_names()) EXPECT_EQ(label_table_named(name).name, name);
  EXPECT_THAT(message_of<InvalidInput>([] { label_table_named("pymsk"); }),
              AllOf(HasSubstr("'pymsk'"), HasSubstr("genu, "), HasSubstr("pymskt")));
}

// A tissue that is added to the enumeration must be in the table, or it could not be written.
TEST(LabelTables, GenuHasTheNumberOfEveryTissue) {
  const LabelTable table = label_table_named("genu");
  EXPECT_EQ(table.tissue_of.size(), tissues().size());
  for (const TissueInfo& tissue : tissues())
    EXPECT_EQ(table.tissue_of.at(static_cast<int>(tissue.tissue)), tissue.tissue) << tissue.name;
}

TEST(LabelTables, BrokenOnesAreRefusedWithThePlace) {
  const ScratchFolder scratch;
  const auto refusal = [&](const std::string& labels) {
    write_text(scratch / "t.json",
               R"({"schema": "genu/label_table/1", "name": "mine", "labels": [)" + labels + "]}");
    return message_of([&] { read_label_table(scratch / "t.json"); });
  };
  EXPECT_THAT(refusal(R"({"number": 1, "tissue": "femur"}, {"number": 1, "tissue": "tibia"})"),
              AllOf(HasSubstr("t.json"), HasSubstr("/labels/1/number"), HasSubstr("1 is there twice")));
  EXPECT_THAT(refusal(R"({"number": 1, "tissue": "femurr"})"),
              AllOf(HasSubstr("t.json"), HasSubstr("/labels/0/tissue"), HasSubstr("femurr")));
  EXPECT_THAT(refusal(R"({"number": 1.5, "tissue": "femur"})"),
              AllOf(HasSubstr("/labels/0/number"), HasSubstr("1.5")));
  EXPECT_THAT(refusal(R"({"number": 1, "tissue": "femur", "colour": 3})"),
              AllOf(HasSubstr("/labels/0"), HasSubstr("colour")));
  EXPECT_THAT(refusal(""), HasSubstr("/labels"));
  EXPECT_THAT(refusal("{"), AllOf(HasSubstr("t.json"), HasSubstr("not JSON")));
}

/// Labels of a 2 x 3 x 4 grid as NIfTI with 16-bit numbers.
std::string label_file(const std::vector<std::int16_t>& numbers) {
  NiftiBytes nifti;
  nifti.qform_code = 1;
  nifti.set_voxels(numbers);
  return nifti.text();
}

// A peer's remap dropped the menisci in silence; here an unknown number is an error.
TEST(Labels, UnknownNumbersAreNamedWithTheirCount) {
  const ScratchFolder scratch;
  std::vector<std::int16_t> numbers(24, 0);
  numbers[3] = 5, numbers[4] = 99, numbers[5] = 99, numbers[9] = -2;
  write_text(scratch / "l.nii", label_file(numbers));
  EXPECT_THAT(message_of([&] { read_labels(scratch / "l.nii", pymskt()); }),
              AllOf(HasSubstr("l.nii"), HasSubstr("'pymskt'"), HasSubstr("99 (2 voxels)"),
                    HasSubstr("-2 (1 voxel)"), HasSubstr("no table that ships with Genu has all")));
}

TEST(Labels, TheErrorNamesTheTablesThatFit) {
  const ScratchFolder scratch;
  std::vector<std::int16_t> numbers(24, 0);
  numbers[7] = 10;
  write_text(scratch / "l.nii", label_file(numbers));
  EXPECT_THAT(message_of([&] { read_labels(scratch / "l.nii", label_table_named("oai")); }),
              AllOf(HasSubstr("10 (1 voxel)"), HasSubstr("fit the tables: genu, pymskt")));
}

TEST(Labels, TheTablesThatFitAFileAreListed) {
  const ScratchFolder scratch;
  std::vector<std::int16_t> numbers(24, 0);
  const auto fitting = [&](std::int16_t largest) {
    numbers[7] = largest;
    write_text(scratch / "l.nii", label_file(numbers));
    return label_tables_that_fit(scratch / "l.nii");
  };
  EXPECT_THAT(fitting(9), ElementsAre("genu", "oai", "pymskt", "spl_atlas"));
  EXPECT_THAT(fitting(10), ElementsAre("genu", "pymskt"));
  EXPECT_THAT(fitting(19), ElementsAre("genu", "spl_atlas"));
  EXPECT_THAT(fitting(30), ElementsAre("genu"));
  EXPECT_THAT(fitting(99), IsEmpty());
}

TEST(Labels, VoxelsThatAreNoWholeNumbersAreRefused) {
  const ScratchFolder scratch;
  for (const float odd : {1.5F, std::numeric_limits<float>::quiet_NaN(), 1e30F}) {
    Volume<float> volume(small_grid(false));
    volume[{1, 2, 3}] = odd;
    write_volume(scratch / "l.nrrd", volume);
    EXPECT_THAT(message_of([&] { read_labels(scratch / "l.nrrd", pymskt()); }),
                AllOf(HasSubstr("l.nrrd"), HasSubstr("[1, 2, 3]"), HasSubstr("not a label number")));
  }
}

TEST(Labels, WholeNumbersStoredAsFloatAreRead) {
  const ScratchFolder scratch;
  Volume<float> volume(small_grid(false));
  volume.voxels()[0] = 100000.0F;  // keeps the file in float
  LabelTable table = pymskt();
  table.tissue_of[100000] = Tissue::fat;
  volume.voxels()[1] = 5.0F;
  write_volume(scratch / "l.mha", volume);
  const LabelMap labels = read_labels(scratch / "l.mha", table);
  EXPECT_EQ(labels.voxels()[0], Tissue::fat);
  EXPECT_EQ(labels.voxels()[1], Tissue::femur);
}

TEST(Labels, ATissueWithoutANumberIsNotWritten) {
  const ScratchFolder scratch;
  LabelMap labels(small_grid(false));
  labels.voxels()[5] = Tissue::skin;
  EXPECT_THAT(message_of([&] { write_labels(scratch / "l.nrrd", labels, pymskt()); }),
              AllOf(HasSubstr("l.nrrd"), HasSubstr("'pymskt'"), HasSubstr("skin")));
  EXPECT_TRUE(fs::is_empty(scratch.path()));
}

// Where two numbers mean the same tissue, the smallest is written; numbers beyond a byte survive.
TEST(Labels, WrittenNumbersFollowTheTable) {
  const ScratchFolder scratch;
  const LabelTable table{
      "mine", {{0, Tissue::background}, {7, Tissue::femur}, {300, Tissue::femur}, {301, Tissue::tibia}}};
  LabelMap labels(small_grid(false));
  labels.voxels()[1] = Tissue::femur, labels.voxels()[2] = Tissue::tibia;
  write_labels(scratch / "l.nii", labels, table);
  const Volume<float> numbers = read_volume(scratch / "l.nii");
  EXPECT_EQ(numbers.voxels()[1], 7.0F);
  EXPECT_EQ(numbers.voxels()[2], 301.0F);
  EXPECT_EQ(read_labels(scratch / "l.nii", table).voxels(), labels.voxels());
}

// Counts of the labels 1 to 10 in a peer's right knee, counted by another program.
TEST(Labels, ReadsAPeersKneeToTheVoxel) {
  GENU_REQUIRE_DATA(file, "knee_labels/pymskt_right_knee_dess.nrrd");
  const LabelMap labels = read_labels(file, pymskt());
  std::array<std::size_t, 256> counts{};
  for (const Tissue tissue : labels.voxels()) ++counts[static_cast<std::size_t>(tissue)];
  const std::array<std::size_t, 10> expected{127311,  20605,  19862,  12658, 1532154,
                                             1089712, 143548, 111661, 22957, 25228};
  for (int number = 1; number <= 10; ++number)
    EXPECT_EQ(counts[static_cast<std::size_t>(pymskt().tissue_of.at(number))],
              expected[static_cast<std::size_t>(number) - 1])
        << number;
  const ImageGeometry& g = labels.geometry();
  EXPECT_EQ(g.size(), (GridSize{384, 384, 160}));
  EXPECT_NEAR(g.spacing_mm().x, 0.36458333, 1e-8);
  EXPECT_NEAR(g.spacing_mm().z, 0.7, 1e-7);
  expect_near(g.origin(), {-6.6536341, -77.413532, 70.0}, 1e-9);
}

// The manual masks of the OAI state their place by a quaternion alone.
TEST(Labels, ReadsAnOaiMaskWithQformOnly) {
  GENU_REQUIRE_DATA(file, "knee_labels/oai/akoa_9014797_00m.nii.gz");
  const LabelMap labels = read_labels(file, label_table_named("oai"));
  const ImageGeometry& g = labels.geometry();
  EXPECT_EQ(g.size(), (GridSize{160, 384, 384}));
  EXPECT_NEAR(g.spacing_mm().x, 0.7, 1e-6);
  EXPECT_NEAR(g.spacing_mm().y, 0.3645833, 1e-6);
  expect_near(g.origin(), {-5.369138717651367, 48.137596130371094, -60.91871643066406}, 1e-12);
  // The quaternion (0, 0, -0.0697565): a turn of -8 degrees about the body's axis.
  EXPECT_NEAR(angle_deg(g.direction().column(0), {-1, 0, 0}), 8.0, 1e-4);
  EXPECT_NEAR(angle_deg(g.direction().column(2), {0, 0, 1}), 0.0, 1e-4);
  EXPECT_THAT(message_of([&] { read_labels(file, {"small", {{0, Tissue::background}}}); }), HasSubstr("oai"));
}

}  // namespace
}  // namespace genu::io
