// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <itkGDCMImageIO.h>
#include <itkImageFileReader.h>

#include <genu/bridge/itk.h>
#include <genu/imaging/body.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu::imaging {
namespace {

using testing::oblique_grid;

const testing::GridOptions limb_grid{.spacing_mm = {0.9, 0.9, 2.0}, .extent_mm = {90.0, 80.0, 90.0}};

// A limb along the patient's head-foot axis: a cylinder of fat and muscle around dark cortical bone with
// bright marrow, and a dark vessel; all of them run through both ends of the grid.
struct Limb {
  Point3 centre{11.0, -7.0, 5.0};
  double radius_mm = 30.0;
  double fat = 1000.0, muscle = 150.0, marrow = 800.0;

  double radius_at(const Point3& p) const { return std::hypot(p.x - centre.x, p.y - centre.y); }
  bool inside(const Point3& p) const { return radius_at(p) <= radius_mm; }
  double signal(const Point3& p) const {
    const double r = radius_at(p);
    if (r > radius_mm) return 0.0;
    if (r > 25.0) return fat;
    if (std::hypot(p.x - centre.x, p.y - centre.y - 18.0) < 4.0) return 0.0;  // the vessel
    return r > 11.0 ? muscle : r > 7.0 ? 0.0 : marrow;
  }
};

Volume<float> image_of(const Limb& limb, const ImageGeometry& grid, double noise_sd = 10.0) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> normal(0.0, noise_sd);
  Volume<float> image(grid);
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    const double real = limb.signal(grid.to_patient(grid.index_of(v))) + normal(random);
    image.voxels()[v] = static_cast<float>(std::hypot(real, normal(random)));
  }
  return image;
}

// Voxels that the mask gets wrong, further than `margin_mm` from the limb's true surface.
std::size_t wrong_voxels(const Limb& limb, const Volume<std::uint8_t>& body, double margin_mm) {
  std::size_t wrong = 0;
  const ImageGeometry& grid = body.geometry();
  for (std::size_t v = 0; v < body.voxels().size(); ++v) {
    const Point3 p = grid.to_patient(grid.index_of(v));
    if (std::abs(limb.radius_at(p) - limb.radius_mm) > margin_mm && body.voxels()[v] != limb.inside(p))
      ++wrong;
  }
  return wrong;
}

TEST(FindBody, FindsALimbWithItsDarkBoneAndVesselsThatTheBordersOpen) {
  const Limb limb;
  for (const bool left_handed : {false, true}) {
    auto options = limb_grid;
    options.left_handed = left_handed;
    const auto body = find_body(image_of(limb, oblique_grid(options)));
    EXPECT_EQ(body.geometry(), oblique_grid(options));
    // The smoothed edge of bright fat lies above the threshold for a little more than two standard
    // deviations.
    EXPECT_EQ(wrong_voxels(limb, body, 3.0), 0u);
  }
}

TEST(FindBody, LosesNoMuscleBesideBrightFatAndNoFatThatWasSuppressed) {
  // Guards against a threshold between tissues: Otsu's on plain intensities falls between muscle and fat.
  for (const auto& [fat, muscle] : {std::pair{1000.0, 120.0}, std::pair{120.0, 600.0}}) {
    Limb limb;
    limb.fat = fat;
    limb.muscle = muscle;
    EXPECT_EQ(wrong_voxels(limb, find_body(image_of(limb, oblique_grid(limb_grid), 8.0)), 3.0), 0u);
  }
}

TEST(FindBody, DoesNotDependOnTheScaleOfTheIntensities) {
  const auto image = image_of({}, oblique_grid(limb_grid));
  auto scaled = image;
  for (float& v : scaled.voxels()) v *= 0.0009765625f;  // A power of two, so that rounding plays no part.
  EXPECT_EQ(find_body(image).voxels(), find_body(scaled).voxels());
}

TEST(FindBody, KeepsTheLargestPartOnly) {
  const Limb limb;
  auto image = image_of(limb, oblique_grid(limb_grid));
  const Point3 coil = limb.centre + Vector3{-36.0, -30.0, 0.0};
  for (std::size_t v = 0; v < image.voxels().size(); ++v)
    if (distance(image.geometry().to_patient(image.geometry().index_of(v)), coil) < 5.0)
      image.voxels()[v] = 900.0f;
  EXPECT_EQ(wrong_voxels(limb, find_body(image), 3.0), 0u);
}

TEST(FindBody, CallsEverythingBodyWhereTheFieldOfViewHoldsNoAir) {
  Limb limb;
  limb.radius_mm = 500.0;
  const auto body = find_body(image_of(limb, oblique_grid(limb_grid)));
  EXPECT_THAT(body.voxels(), ::testing::Each(1));
}

TEST(FindBody, DoesNotFillAirBehindABentKnee) {
  // A torus around the left-right axis: its sagittal sections are rings around air.
  const auto grid = oblique_grid(limb_grid);
  Volume<float> image(grid, 1.0f);
  const Point3 centre{11.0, -7.0, 5.0};
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    const Vector3 d = grid.to_patient(grid.index_of(v)) - centre;
    if (std::hypot(std::hypot(d.y, d.z) - 26.0, d.x) < 9.0) image.voxels()[v] = 500.0f;
  }
  const auto at = grid.to_index(centre);
  const VoxelIndex middle{std::lround(at.i), std::lround(at.j), std::lround(at.k)};
  EXPECT_EQ(find_body(image)[middle], 0);
}

TEST(AxisAlongLimb, IsTheAxisNearestToHeadAndFoot) {
  const auto grid = [](const Matrix3& direction) {
    return ImageGeometry({2, 2, 2}, {}, {1, 1, 1}, direction);
  };
  EXPECT_EQ(axis_along_limb(grid({})), 2u);                                                        // axial
  EXPECT_EQ(axis_along_limb(grid(Matrix3::from_columns({0, 1, 0}, {0, 0, -1}, {-1, 0, 0}))), 1u);  // sagittal
  EXPECT_EQ(axis_along_limb(grid(Matrix3::from_columns({0, 0, -1}, {1, 0, 0}, {0, -1, 0}))), 0u);
  EXPECT_EQ(axis_along_limb(oblique_grid({})), 2u);
}

TEST(FindBody, RefusesWhatIsNoImage) {
  const auto grid = oblique_grid({.spacing_mm = {3.0, 3.0, 3.0}});
  EXPECT_THROW(find_body(Volume<float>(grid, 5.0f)), InvalidInput);
  Volume<float> negative(grid, -5.0f);
  negative[{1, 2, 3}] = -1.0f;
  EXPECT_THROW(find_body(negative), InvalidInput);
  Volume<float> image = image_of({}, grid);
  image[{1, 2, 3}] = std::numeric_limits<float>::quiet_NaN();
  try {
    find_body(image);
    FAIL() << "a voxel that is not a number was taken";
  } catch (const InvalidInput& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("[1, 2, 3]"));
  }
  image[{1, 2, 3}] = 0.0f;
  EXPECT_THROW(find_body(image, {.smoothing_mm = -1.0}), InvalidInput);
  EXPECT_NO_THROW(find_body(image, {.smoothing_mm = 0.0}));
}

TEST(FindBody, StopsWhenAsked) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(find_body(image_of({}, oblique_grid({.spacing_mm = {3.0, 3.0, 3.0}})), {},
                         Progress({}, stop.get_token())),
               Cancelled);
}

// Reads the first echo of the series slice by slice, in order of position.
Volume<float> first_echo(const std::filesystem::path& folder) {
  using Image = itk::Image<float, 3>;
  std::map<double, Volume<float>> slices;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    auto io = itk::GDCMImageIO::New();
    auto reader = itk::ImageFileReader<Image>::New();
    reader->SetImageIO(io);
    reader->SetFileName(entry.path().string());
    reader->Update();
    std::string echo;
    io->GetValueFromTag("0018|0086", echo);
    if (std::stoi(echo) != 1) continue;
    auto slice = bridge::copy_from_itk(*reader->GetOutput());
    const Vector3 normal =
        cross(slice.geometry().direction().column(0), slice.geometry().direction().column(1));
    const double place = dot(normal, slice.geometry().origin() - Point3{});
    slices.emplace(place, std::move(slice));
  }
  const ImageGeometry& first = slices.begin()->second.geometry();
  const double gap =
      (slices.rbegin()->first - slices.begin()->first) / static_cast<double>(slices.size() - 1);
  const auto depth = static_cast<std::int64_t>(slices.size());
  std::vector<float> voxels;
  for (const auto& [place, slice] : slices)
    voxels.insert(voxels.end(), slice.voxels().begin(), slice.voxels().end());
  const Vector3 i = first.direction().column(0), j = first.direction().column(1);
  return {{{first.size()[0], first.size()[1], depth},
           first.origin(),
           {first.spacing_mm().x, first.spacing_mm().y, gap},
           Matrix3::from_columns(i, j, cross(i, j))},
          std::move(voxels)};
}

TEST(FindBody, FindsTheLimbOfARealKnee) {
  GENU_REQUIRE_DATA(folder, "mri_dicom/ge_3t_multi_echo_t2");
  const auto image = first_echo(folder);
  ASSERT_EQ(image.geometry().size(), (GridSize{256, 256, 24}));
  const auto body = find_body(image);
  // The central slices show front and back of the limb: in each row away from the ends, body is one run
  // with air on both sides, bone and vessels included.
  std::size_t broken_rows = 0;
  for (std::int64_t k = 4; k < 22; ++k)
    for (std::int64_t j = 20; j < 236; ++j) {
      int edges = 0;
      for (std::int64_t i = 1; i < 256; ++i) edges += body[{i, j, k}] != body[{i - 1, j, k}];
      broken_rows += edges != 2 || body[{0, j, k}] != 0;
    }
  EXPECT_LE(broken_rows, 40u) << "of 3888; ghosts of the artery touch the skin in a few";
  // Muscle is about 700 and fat above 4000 here; the air is under 100.
  std::size_t bright_outside = 0, bright = 0, dark_outside = 0, dark = 0;
  for (std::size_t v = 0; v < image.voxels().size(); ++v) {
    bright += image.voxels()[v] > 600.0f;
    bright_outside += image.voxels()[v] > 600.0f && !body.voxels()[v];
    dark += image.voxels()[v] < 30.0f;
    dark_outside += image.voxels()[v] < 30.0f && !body.voxels()[v];
  }
  EXPECT_LT(static_cast<double>(bright_outside), 0.002 * static_cast<double>(bright));
  EXPECT_GT(static_cast<double>(dark_outside), 0.97 * static_cast<double>(dark));
}

}  // namespace
}  // namespace genu::imaging
