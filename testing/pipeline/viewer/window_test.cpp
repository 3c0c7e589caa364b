// SPDX-License-Identifier: Apache-2.0
// Runs the built viewer and looks at the pixels that it drew.
#include <QColor>
#include <QImage>
#include <QPointF>
#include <QRect>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <genu/core/knee.h>
#include <genu/io/case_folder.h>
#include <genu/render/figures.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

namespace genu {
namespace {

// Small boxes of tissue around the middle of a "knee", each in another patient direction.
constexpr double reach_mm = 12.0;
const Point3 middle{-60.0, 12.0, -30.0};

LabelMap crosswise_labels() {
  const ImageGeometry grid = testing::oblique_grid({.centre = middle, .extent_mm = {50, 50, 50}});
  return testing::label(grid, [](const Point3& p) {
    const auto at = [&](const Vector3& offset) { return distance(p, middle + offset) < 5.0; };
    if (at({})) return Tissue::femoral_cartilage;
    if (at({0, -reach_mm, 0})) return Tissue::patellar_cartilage;        // anterior
    if (at({0, 0, -reach_mm})) return Tissue::lateral_tibial_cartilage;  // inferior
    if (at({reach_mm, 0, 0})) return Tissue::medial_meniscus;            // patient's left
    return Tissue::background;
  });
}

io::Case small_case() {
  io::Case knee;
  knee.name = "crosswise";
  knee.labels = crosswise_labels();
  knee.image = Volume<float>(knee.labels->geometry());
  for (std::size_t v = 0; v < knee.image->voxels().size(); ++v)
    knee.image->voxels()[v] = knee.labels->voxels()[v] == Tissue::background ? 0.0F : 100.0F;
  return knee;
}

cartilage::CartilageReport ball_with_thickness() {
  cartilage::CartilageReport report;
  report.frame = patient_aligned_frame(Side::right, middle);
  report.side_source = "option";
  report.method = "along bone normal";
  cartilage::BoneMap map;
  map.surface = testing::icosphere(middle, 15.0, 4);
  map.cartilage = testing::icosphere(middle, 17.0, 3);
  for (const Point3& p : map.surface.vertices()) {
    map.thickness_mm.push_back(2.5 + (p.z - middle.z) / 6.0);
    map.region.push_back(cartilage::Region::TrF);
    map.subregion.push_back(cartilage::Region::outside);
  }
  report.bones.push_back(map);
  return report;
}

struct Outcome {
  int exit_code = -1;
  std::string told;
};

// A window that stays open, where the viewer should have ended, is a failure and not a wait.
const std::string patience = "env -u QT_QPA_PLATFORM timeout 120";
const std::string without_display = patience + " env -u DISPLAY -u WAYLAND_DISPLAY";

// An X server of the tests' own, which ends with them; windows on a developer's screen would be in the way,
// and xvfb-run fails now and then where the program ends at once.
const std::string& on_own_display() {
  static const std::string under = [] {
    unsetenv("DISPLAY");
    unsetenv("WAYLAND_DISPLAY");
    render::ensure_display();
    return patience;
  }();
  return under;
}

Outcome view(const std::string& arguments, const testing::ScratchFolder& scratch,
             const std::string& under = on_own_display()) {
  const auto log = scratch / "told.txt";
  // The leak checker reports what VTK and the OpenGL driver leave behind.
  const std::string command = "ASAN_OPTIONS=detect_leaks=0 " + under + " \"" GENU_VIEWER "\" " + arguments +
                              " > \"" + log.string() + "\" 2>&1";
  const int status = std::system(command.c_str());
  std::ostringstream told;
  told << std::ifstream(log).rdbuf();
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, told.str()};
}

QImage picture_of(const io::Case& knee, const testing::ScratchFolder& scratch) {
  std::filesystem::create_directories(scratch / "case");
  io::write_case(scratch / "case", knee);
  const auto file = scratch / "window.png";
  const Outcome outcome =
      view("\"" + (scratch / "case").string() + "\" --screenshot \"" + file.string() + "\"", scratch);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.told;
  QImage picture(QString::fromStdString(file.string()));
  EXPECT_EQ(picture.size(), QSize(1600, 1000));
  return picture;
}

// Well inside each view of a window of 1600 x 1000.
const QRect sagittal{20, 50, 510, 420}, coronal{580, 50, 510, 420}, axial{20, 520, 510, 420},
    scene{580, 560, 510, 340};

// Where a tissue's colour is in a part of the picture: the mean of its pixels.
struct Spot {
  int pixels = 0;
  QPointF centre;
};

Spot find(const QImage& picture, const QRect& part, Tissue tissue) {
  const auto& colour = info(tissue).colour;
  Spot spot;
  for (int y = part.top(); y <= part.bottom(); ++y)
    for (int x = part.left(); x <= part.right(); ++x) {
      const QColor pixel = picture.pixelColor(x, y);
      // An outline is drawn at nine tenths over grey, and its edge pixels are mixed with what lies beside it.
      if (std::abs(pixel.red() - colour[0]) < 40 && std::abs(pixel.green() - colour[1]) < 40 &&
          std::abs(pixel.blue() - colour[2]) < 40) {
        ++spot.pixels;
        spot.centre += QPointF(x, y);
      }
    }
  if (spot.pixels > 0) spot.centre /= spot.pixels;
  return spot;
}

int count_vivid(const QImage& picture, const QRect& part) {
  int vivid = 0;
  for (int y = part.top(); y <= part.bottom(); ++y)
    for (int x = part.left(); x <= part.right(); ++x) {
      const QColor pixel = picture.pixelColor(x, y);
      const auto [low, high] = std::minmax({pixel.red(), pixel.green(), pixel.blue()});
      if (high - low > 60) ++vivid;
    }
  return vivid;
}

// Guards against a mirrored or a turned slice, the errors that a reader cannot see.
TEST(ViewerWindow, SlicesStandAsRadiologistsReadThem) {
  const testing::ScratchFolder scratch;
  const QImage picture = picture_of(small_case(), scratch);
  const auto place = [&](const QRect& part, Tissue tissue) {
    const Spot spot = find(picture, part, tissue);
    EXPECT_GT(spot.pixels, 40) << tissue;
    return spot.centre;
  };
  const auto femoral = Tissue::femoral_cartilage, anterior = Tissue::patellar_cartilage,
             inferior = Tissue::lateral_tibial_cartilage, left = Tissue::medial_meniscus;
  constexpr double clearly = 40.0, about = 12.0;

  EXPECT_LT(place(sagittal, anterior).x(), place(sagittal, femoral).x() - clearly);
  EXPECT_NEAR(place(sagittal, anterior).y(), place(sagittal, femoral).y(), about);
  EXPECT_GT(place(sagittal, inferior).y(), place(sagittal, femoral).y() + clearly);
  EXPECT_EQ(find(picture, sagittal, left).pixels, 0);

  EXPECT_GT(place(coronal, left).x(), place(coronal, femoral).x() + clearly);
  EXPECT_NEAR(place(coronal, left).y(), place(coronal, femoral).y(), about);
  EXPECT_GT(place(coronal, inferior).y(), place(coronal, femoral).y() + clearly);
  EXPECT_EQ(find(picture, coronal, anterior).pixels, 0);

  EXPECT_GT(place(axial, left).x(), place(axial, femoral).x() + clearly);
  EXPECT_LT(place(axial, anterior).y(), place(axial, femoral).y() - clearly);
  EXPECT_NEAR(place(axial, anterior).x(), place(axial, femoral).x(), about);
  EXPECT_EQ(find(picture, axial, inferior).pixels, 0);
}

TEST(ViewerWindow, LabelsAloneAreFilled) {
  const testing::ScratchFolder scratch;
  io::Case knee = small_case();
  knee.image.reset();
  const QImage picture = picture_of(knee, scratch);
  for (const QRect& part : {sagittal, coronal, axial}) {
    EXPECT_GT(find(picture, part, Tissue::femoral_cartilage).pixels, 40);
    EXPECT_GT(count_vivid(picture, part), 3000);
  }
}

TEST(ViewerWindow, ShowsAnImageWithoutLabels) {
  const testing::ScratchFolder scratch;
  io::Case knee = small_case();
  knee.labels.reset();
  const QImage picture = picture_of(knee, scratch);
  EXPECT_EQ(find(picture, sagittal, Tissue::femoral_cartilage).pixels, 0);
  int bright = 0;
  for (int y = sagittal.top(); y <= sagittal.bottom(); ++y)
    for (int x = sagittal.left(); x <= sagittal.right(); ++x)
      if (picture.pixelColor(x, y) == QColor(Qt::white)) ++bright;
  EXPECT_GT(bright, 3000);
}

// VTK's view stays blank without a word where OpenGL does not work, so its pixels are looked at.
TEST(ViewerWindow, ThicknessIsSeenInThreeDimensions) {
  const testing::ScratchFolder scratch;
  io::Case knee = small_case();
  knee.cartilage = ball_with_thickness();
  EXPECT_GT(count_vivid(picture_of(knee, scratch), scene), 5000);
  for (double& thickness : knee.cartilage->bones[0].thickness_mm)
    thickness = std::numeric_limits<double>::quiet_NaN();
  EXPECT_LT(count_vivid(picture_of(knee, scratch), scene), 500);
}

TEST(ViewerWindow, ShowsUltrasoundInPlaceOfACaseOrBesideIt) {
  const testing::ScratchFolder scratch;
  QImage white(80, 60, QImage::Format_Grayscale8);
  white.fill(Qt::white);
  const std::string still = (scratch / "still.png").string(), file = (scratch / "window.png").string();
  ASSERT_TRUE(white.save(QString::fromStdString(still)));
  std::filesystem::create_directories(scratch / "case");
  io::write_case(scratch / "case", small_case());
  const auto white_pixels = [&](const std::string& arguments) {
    const Outcome outcome = view(arguments + " --screenshot \"" + file + "\"", scratch);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.told;
    const QImage picture(QString::fromStdString(file));
    int count = 0;
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 0; x < picture.width(); ++x)
        if (picture.pixelColor(x, y) == QColor(Qt::white)) ++count;
    return count;
  };
  const int alone = white_pixels("\"" + still + "\"");
  EXPECT_GT(alone, 300000);
  const std::string knee = "\"" + (scratch / "case").string() + "\"";
  EXPECT_GT(white_pixels(knee + " --ultrasound \"" + still + "\""), white_pixels(knee) + 50000);
}

TEST(ViewerWindow, ShowsTheExpectedViewBesideACase) {
  const testing::ScratchFolder scratch;
  io::Case knee = small_case();
  planning::NeedlePlan plan;
  plan.target.name = "suprapatellar_recess";
  plan.approach = "superolateral";
  plan.target.point = middle;
  plan.ranked.resize(1);
  plan.ranked[0].path = {middle + Vector3{-20, -18, 0}, middle};
  plan.ranked[0].card.view = planning::ProbeView{.pose = {middle + Vector3{0, -20, 0}, {1, 0, 0}, {0, 1, 0}},
                                                 .length_mm = 38.0,
                                                 .width_mm = 9.0,
                                                 .image_depth_mm = 40.0};
  knee.plans.push_back(plan);
  std::filesystem::create_directories(scratch / "case");
  io::write_case(scratch / "case", knee);
  const std::string file = (scratch / "window.png").string();
  // The frame and the words that say that the picture is simulated.
  const auto cautions = [&](const std::string& option) {
    const Outcome outcome =
        view("\"" + (scratch / "case").string() + "\" " + option + " --screenshot \"" + file + "\"", scratch);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.told;
    const QImage picture(QString::fromStdString(file));
    int count = 0;
    for (int y = 0; y < picture.height(); ++y)
      for (int x = 1000; x < picture.width(); ++x)
        if (picture.pixelColor(x, y) == QColor(240, 176, 70)) ++count;
    return count;
  };
  EXPECT_EQ(cautions(""), 0);
  EXPECT_GT(cautions("--expected"), 500);
}

TEST(ViewerWindow, OpensEmpty) {
  const testing::ScratchFolder scratch;
  const auto file = scratch / "empty.png";
  const Outcome outcome = view("--size 900x600 --screenshot \"" + file.string() + "\"", scratch);
  EXPECT_EQ(outcome.exit_code, 0) << outcome.told;
  EXPECT_EQ(outcome.told, "");
  const QImage picture(QString::fromStdString(file.string()));
  ASSERT_EQ(picture.size(), QSize(900, 600));
  int text = 0;
  for (int y = 100; y < 500; ++y)
    for (int x = 200; x < 700; ++x)
      if (picture.pixelColor(x, y).lightness() > 180) ++text;
  EXPECT_GT(text, 300);
}

void expect_one_line(const Outcome& outcome, int exit_code, const std::string& words) {
  EXPECT_EQ(outcome.exit_code, exit_code) << outcome.told;
  EXPECT_THAT(outcome.told, ::testing::HasSubstr(words));
  EXPECT_EQ(std::count(outcome.told.begin(), outcome.told.end(), '\n'), 1) << outcome.told;
}

TEST(ViewerCommand, AMissingFolderIsOneSentence) {
  const testing::ScratchFolder scratch;
  expect_one_line(view("\"" + (scratch / "nothing").string() + "\" --screenshot x.png", scratch), 3,
                  (scratch / "nothing").string());
}

TEST(ViewerCommand, AFolderThatIsNoCaseIsOneSentence) {
  const testing::ScratchFolder scratch;
  std::filesystem::create_directories(scratch / "case");
  std::ofstream(scratch / "case" / "case.json") << "{ \"name\": ";
  expect_one_line(view("\"" + (scratch / "case").string() + "\" --screenshot x.png", scratch), 3,
                  "case.json");
}

TEST(ViewerCommand, APictureThatCannotBeWrittenIsOneSentence) {
  const testing::ScratchFolder scratch;
  const std::string file = (scratch / "absent" / "x.png").string();
  expect_one_line(view("--screenshot \"" + file + "\"", scratch), 3, file);
}

TEST(ViewerCommand, WithoutADisplayItSaysSo) {
  const testing::ScratchFolder scratch;
  expect_one_line(view("", scratch, without_display), 1, "no display");
}

TEST(ViewerCommand, MistakesAndHelp) {
  const testing::ScratchFolder scratch;
  expect_one_line(view("--size tall", scratch, without_display), 2, "tall");
  expect_one_line(view("--wrong", scratch, without_display), 2, "wrong");
  expect_one_line(view("--tab moon", scratch, without_display), 2, "moon");
  expect_one_line(view("--live :::", scratch, without_display), 2, ":::");
  expect_one_line(view("--frame x", scratch, without_display), 2, "'x'");
  expect_one_line(view("--expected", scratch, without_display), 2, "--expected");
  expect_one_line(view("--setup x.xml", scratch, without_display), 2, "--setup");
  const Outcome help = view("--help", scratch, without_display);
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.told, ::testing::HasSubstr("--screenshot FILE"));
  const Outcome version = view("--version", scratch, without_display);
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.told, ::testing::StartsWith("genu-viewer "));
}

// On a platform without OpenGL for VTK the slices still work, and the missing 3-D is told.
TEST(ViewerCommand, APlatformWithoutOpenGlIsTold) {
  const testing::ScratchFolder scratch;
  std::filesystem::create_directories(scratch / "case");
  io::write_case(scratch / "case", small_case());
  const auto file = scratch / "window.png";
  const Outcome outcome = view(
      "\"" + (scratch / "case").string() + "\" --screenshot \"" + file.string() + "\"", scratch,
      without_display + " QT_QPA_PLATFORM=offscreen XDG_RUNTIME_DIR=\"" + scratch.path().string() + "\"");
  expect_one_line(outcome, 0, "'offscreen'");
  const QImage picture(QString::fromStdString(file.string()));
  EXPECT_GT(find(picture, sagittal, Tissue::femoral_cartilage).pixels, 40);
}

}  // namespace
}  // namespace genu
