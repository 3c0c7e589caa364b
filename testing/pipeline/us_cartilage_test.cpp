// SPDX-License-Identifier: Apache-2.0
// `genu us cartilage` on two pictures that people drew lines into.
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/testing/data.h>

#include "../unit/io/ultrasound_object.h"
#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

json cartilage_in(const fs::path& folder) {
  return result_in(folder / "cartilage.json", "trochlear_cartilage");
}

/// Returns a mean thickness of SCOUT's table, mm, without the speed of sound that it is multiplied by.
double published(const fs::path& table, const std::string& row, int column) {
  constexpr double sound_speed_factor = 1.1;
  std::ifstream file(table);
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(row + ",")) continue;
    std::istringstream cells(line);
    std::string cell;
    for (int c = 0; c <= column; ++c) std::getline(cells, cell, ',');
    return std::stod(cell) / sound_speed_factor;
  }
  ADD_FAILURE() << table << " has no row " << row;
  return 0.0;
}

TEST(UsCartilage, MeasuresTwoRealPicturesAsPeopleDid) {
  GENU_REQUIRE_DATA(folder, "ultrasound/knee_trochlea");
  const ScratchFolder scratch;
  const std::vector<std::pair<std::string, std::string>> pictures{{"Subject001_L_02", "left"},
                                                                  {"Subject001_R_01", "right"}};
  for (std::size_t n = 0; n < pictures.size(); ++n) {
    const auto& [name, side] = pictures[n];
    const fs::path out = scratch / name;
    const Ended ended = genu({"us", "cartilage", folder / (name + ".jpg"), "--pixel-mm", "0.0909", "--side",
                              side, "--picture-left", "right", "--out", out});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(tree_of(out), ElementsAre("cartilage.csv", "cartilage.json", "picture_1.png"));
    const json record = cartilage_in(out);
    EXPECT_EQ(record["knee"], side);
    ASSERT_EQ(record["pictures"].size(), 1U);
    const json& cartilage = record["pictures"][0]["cartilage"];
    ASSERT_FALSE(cartilage.is_null()) << name;
    EXPECT_EQ(cartilage["unit"], "mm");
    ASSERT_EQ(cartilage["zones"].size(), 3U);
    // In that table the columns called "lat" hold the middle zone and those called "inter" the lateral one.
    for (const auto& [zone, row] :
         {std::pair{"medial", "med"}, {"intercondylar", "lat"}, {"lateral", "inter"}}) {
      const json* found = nullptr;
      for (const json& z : cartilage["zones"])
        if (z["name"] == zone) found = &z;
      ASSERT_TRUE(found) << zone;
      for (const char* border : {"near", "far"})
        EXPECT_NEAR(
            (*found)[border]["mean"].get<double>(),
            published(folder / "thickness_mm.csv",
                      std::string(row) + "_whole_" + border + "_cart_thicknesmean", static_cast<int>(n) + 1),
            0.2)
            << name << " " << zone << " " << border;
      EXPECT_THAT(ended.out, HasSubstr(zone));
    }
    EXPECT_THAT(io::read_text(out / "cartilage.csv"), HasSubstr(name + ".jpg,1,"));
  }
}

TEST(UsCartilage, ASpeedOfSoundAndNoScaleAreHonoured) {
  GENU_REQUIRE_DATA(picture, "ultrasound/knee_trochlea/Subject001_R_01.jpg");
  const ScratchFolder scratch;
  std::string said;
  const auto mean_of = [&](const char* name, const std::vector<std::string>& more) {
    std::vector<std::string> words{"us", "cartilage", picture, "--out", scratch / name};
    words.insert(words.end(), more.begin(), more.end());
    const Ended ended = genu(words);
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    const json cartilage = cartilage_in(scratch / name)["pictures"][0]["cartilage"];
    said = ended.out;
    EXPECT_EQ(cartilage["unit"], more.empty() ? "px" : "mm");
    EXPECT_EQ(cartilage["zones"][1]["name"], "middle") << "no side was told";
    return cartilage["all"]["near"]["mean"].get<double>();
  };
  const double plain = mean_of("plain", {"--pixel-mm", "0.0909"});
  EXPECT_THAT(said, HasSubstr("reads 12 to 21 % less"));
  EXPECT_NEAR(mean_of("fast", {"--pixel-mm", "0.0909", "--sound-speed", "1694"}), 1.1 * plain, 1e-3);
  EXPECT_THAT(said, AllOf(HasSubstr("multiplied by 1.100"), HasSubstr(" -13 to -3 % remain"),
                          Not(HasSubstr("reads 12 to 21 % less"))));
  EXPECT_NEAR(mean_of("pixels", {}), plain / 0.0909, 0.1 * plain / 0.0909);
}

TEST(UsCartilage, APictureWithoutCartilageSaysWhy) {
  const ScratchFolder scratch;
  ultrasound::TrackedSequence grey;
  ultrasound::TrackedFrame frame;
  frame.image = {160, 120, 1, {}};
  for (int p = 0; p < 160 * 120; ++p)
    frame.image.pixels.push_back(static_cast<std::uint8_t>(60 + (p * 37) % 40));
  grey.frames.push_back(frame);
  io::write_tracked_sequence(scratch / "grey.igs.mha", grey);
  const Ended ended =
      genu({"us", "cartilage", scratch / "grey.igs.mha", "--pixel-mm", "0.2", "--out", scratch / "out"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const json record = cartilage_in(scratch / "out");
  EXPECT_TRUE(record["pictures"][0]["cartilage"].is_null());
  ASSERT_FALSE(record["pictures"][0]["reasons"].empty());
  EXPECT_THAT(ended.out, HasSubstr(record["pictures"][0]["reasons"][0].get<std::string>()));
  EXPECT_THAT(ended.out, Not(HasSubstr("MRI"))) << "nothing was measured that could be compared";
  EXPECT_EQ(
      genu({"us", "cartilage", scratch / "grey.igs.mha", "--out", scratch / "out", "--replace"}).exit_code,
      0);
}

TEST(UsCartilage, WhatIsOddStandsInItsFileToo) {
  const ScratchFolder scratch;
  UltrasoundObject still{.columns = 64, .rows = 64, .bytes = counted(64 * 64)};
  still.more = [](DcmDataset& d) { set_text(d, DCM_Modality, "MR"); };
  write_object(scratch / "still.dcm", still);
  const Ended ended =
      genu({"us", "cartilage", scratch / "still.dcm", "--pixel-mm", "0.2", "--out", scratch / "out"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(cartilage_in(scratch / "out")["warnings"],
              ElementsAre(json("its modality is 'MR' and not ultrasound")));
  EXPECT_THAT(ended.out, HasSubstr("Odd: its modality is 'MR'"));
}

TEST(UsCartilage, OfRegionsOfTwoScalesTheClickChoosesOne) {
  const ScratchFolder scratch;
  write_two_scales(scratch / "still.dcm");
  EXPECT_THAT(
      genu({"us", "cartilage", scratch / "still.dcm", "--out", scratch / "all"}).out,
      HasSubstr("differ in scale; --click within one of them takes its scale, or --pixel-mm says one"));
  const Ended ended =
      genu({"us", "cartilage", scratch / "still.dcm", "--click", "150", "50", "--out", scratch / "right"});
  EXPECT_THAT(ended.out, HasSubstr("Scale: region 2 of the file."));
  EXPECT_EQ(cartilage_in(scratch / "right")["pixel_mm"], json({0.2, 0.1}));
}

TEST(UsCartilage, RefusesInOneLineAndLeavesNothing) {
  const ScratchFolder scratch;
  ultrasound::TrackedSequence dark;
  dark.frames.resize(1);
  dark.frames[0].image = {64, 48, 1, std::vector<std::uint8_t>(64 * 48, 0)};
  io::write_tracked_sequence(scratch / "dark.igs.mha", dark);
  const std::string file = scratch / "dark.igs.mha", out = scratch / "out";
  expect_one_line(genu({"us", "cartilage", file, "--frame", "2", "--out", out}), 2, "there is no picture 2");
  expect_one_line(genu({"us", "cartilage", file, "--sound-speed", "15", "--out", out}), 2, "--sound-speed");
  // One range for the option and for what measures: no word of the module's after the work has begun.
  for (const char* speed : {"1299", "2201", "nan"})
    expect_one_line(genu({"us", "cartilage", file, "--sound-speed", speed, "--out", out}), 2,
                    "--sound-speed: Value " + std::string(speed));
  EXPECT_THAT(genu({"us", "cartilage", "--help"}).out, HasSubstr("[1300 - 2200]"));
  expect_one_line(genu({"us", "cartilage", file, "--pixel-mm", "0", "--out", out}), 2, "--pixel-mm");
  expect_one_line(genu({"us", "cartilage", file, "--picture-left", "up", "--out", out}), 2, "--picture-left");
  expect_one_line(genu({"us", "cartilage", file}), 2, "--out is required");
  expect_one_line(genu({"us", "cartilage", scratch / "absent.png", "--out", out}), 3, "absent.png");
  expect_one_line(genu({"us", "cartilage", file, "--pixel-mm", "0.1", "--click", "500", "10", "--out", out}),
                  3, "dark.igs.mha', picture 1: finding bone: the click");
  io::write_text(scratch / "words.png", "no picture");
  expect_one_line(genu({"us", "cartilage", scratch / "words.png", "--out", out}), 3, "words.png");
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace

}  // namespace genu::testing
