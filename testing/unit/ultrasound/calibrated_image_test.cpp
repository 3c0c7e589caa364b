// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/calibrated_image.h>

namespace genu::ultrasound {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const ImageSetup made_of{820, 616, "MF", 45.0};

TEST(CalibratedImage, HoldsForPicturesMadeAlike) {
  EXPECT_THAT(reasons_against(made_of, made_of), IsEmpty());
  EXPECT_THAT(reasons_against(made_of, {820, 616, "MF", {}}), IsEmpty());
  EXPECT_THAT(reasons_against({820, 616, "MF", {}}, made_of), IsEmpty());
}

TEST(CalibratedImage, HoldsForNoOthers) {
  EXPECT_THAT(reasons_against(made_of, {640, 616, "MF", 45.0}), ElementsAre(HasSubstr("640 x 616")));
  EXPECT_THAT(reasons_against(made_of, {820, 616, "UF", 45.0}), ElementsAre(HasSubstr("lie UF")));
  EXPECT_THAT(reasons_against(made_of, {820, 616, "MF", 60.0}), ElementsAre(HasSubstr("60.0 mm")));
  EXPECT_EQ(reasons_against(made_of, {640, 480, "UF", 60.0}).size(), 3U);
}

TEST(CalibratedImage, ADepthThatIsNoNumberHoldsForNone) {
  EXPECT_FALSE(is_same_depth(std::nan(""), 45.0));
  EXPECT_TRUE(is_same_depth(45.4, 45.0));
  EXPECT_FALSE(is_same_depth(45.6, 45.0));
  EXPECT_EQ(reasons_against({820, 616, "MF", std::nan("")}, made_of).size(), 1U);
}

TEST(CalibratedImage, SaysWhatNobodyCouldCheck) {
  EXPECT_THAT(cautions_about(made_of, made_of), IsEmpty());
  EXPECT_THAT(cautions_about(made_of, {820, 616, "MF", {}}),
              ElementsAre(HasSubstr("45.0 mm; these pictures do not")));
  EXPECT_THAT(cautions_about({820, 616, "MF", {}}, made_of), ElementsAre(HasSubstr("does not say")));
}

TEST(CalibratedImage, TellsScalesThatDisagree) {
  const AffineTransform oblique =
      RigidTransform::rotation_about({}, {1, 2, 3}, 50.0) *
      AffineTransform(Matrix3{{{{0.08, 0, 0}, {0, 0.074, 0}, {0, 0, 0.077}}}}, {});
  EXPECT_NEAR(pixel_size_of(oblique).x_mm, 0.08, 1e-12);
  EXPECT_NEAR(pixel_size_of(oblique).y_mm, 0.074, 1e-12);
  EXPECT_THAT(scale_disagreements(oblique, {{"the ruler", {0.081, 0.0735}}}), IsEmpty());
  EXPECT_THAT(
      scale_disagreements(oblique, {{"the ruler", {0.08, 0.074}}, {"the DICOM region", {0.08, 0.08}}}),
      ElementsAre(HasSubstr("the DICOM region says pixels of 0.0800 x 0.0800")));
  EXPECT_EQ(scale_disagreements(oblique, {{"the ruler", {std::nan(""), 0.074}}}).size(), 1U);
}

TEST(CalibratedImage, TakesItsSetupFromARecording) {
  TrackedSequence recording;
  recording.frames.resize(3);
  recording.frames[1].image = {4, 2, 1, std::vector<std::uint8_t>(8)};
  EXPECT_EQ(image_setup_of(recording), (ImageSetup{4, 2, "MF", {}}));
  recording.frames[1].fields = {{"DepthMm", "45.5"}};
  EXPECT_EQ(image_setup_of(recording), (ImageSetup{4, 2, "MF", 45.5}));
  EXPECT_EQ(image_setup_of(recording.frames[1]), (ImageSetup{4, 2, "MF", 45.5}));
  recording.fields = {{"DepthMm", "60"}};
  EXPECT_THROW(image_setup_of(recording), InvalidInput);
  recording.fields = {{"DepthMm", "-1"}};  // PLUS's word for a depth that was not set.
  EXPECT_EQ(image_setup_of(recording).depth_mm, 45.5);
  EXPECT_EQ(image_setup_of(recording.frames[0], {{"DepthMm", "60"}}).depth_mm, 60.0);
  EXPECT_EQ(image_setup_of(recording.frames[1], {{"DepthMm", "60"}}).depth_mm, 45.5) << "its own goes first";
  EXPECT_EQ(image_setup_of(recording.frames[0], {{"DepthMm", " 60.0 "}}).depth_mm, 60.0);
  for (const char* damaged : {"4.5 cm", "45,5", "forty", "nan"}) {
    recording.fields = {{"DepthMm", damaged}};
    EXPECT_THAT([&] { image_setup_of(recording); },
                ::testing::ThrowsMessage<InvalidInput>(HasSubstr("DepthMm is '" + std::string(damaged))));
    const ImageSetup live = image_setup_of(recording.frames[0], recording.fields);
    EXPECT_FALSE(live.depth_mm);
    EXPECT_THAT(reasons_against({live.width, live.height, "MF", 45.0}, live),
                ElementsAre(HasSubstr("DepthMm of these is '" + std::string(damaged) + "'")));
    EXPECT_THAT(reasons_against({live.width, live.height, "MF", {}}, live), IsEmpty());
  }
  recording.fields.clear();
  recording.frames[2].image = {4, 3, 1, std::vector<std::uint8_t>(12)};
  EXPECT_THROW(image_setup_of(recording), InvalidInput);
  EXPECT_THROW(image_setup_of(TrackedSequence{}), InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
