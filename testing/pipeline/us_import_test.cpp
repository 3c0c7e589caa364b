// SPDX-License-Identifier: Apache-2.0
// `genu us import` on real files of many machines and encodings.
#include <algorithm>
#include <map>

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
using ::testing::StartsWith;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

json clip_of(const fs::path& file) {
  return result_in(file, "ultrasound_clip");
}

// JPEG XL is the one encoding of the fourteen that nothing here decodes.
TEST(UsImport, ReadsEveryRealFileButTheOneThatItNames) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const std::vector<fs::path> files = files_in(folder);
  ASSERT_EQ(files.size(), 14U);
  std::vector<std::string> words{"us", "import"};
  words.insert(words.end(), files.begin(), files.end());
  const Ended ended = genu(words);
  EXPECT_EQ(ended.exit_code, 4) << ended.err;
  for (const fs::path& file : files) EXPECT_THAT(ended.out, HasSubstr(file.filename().string() + "  "));
  const std::size_t refusals = ended.out.find("\nRefused:\n");
  ASSERT_NE(refusals, std::string::npos);
  const std::string refused = ended.out.substr(refusals + 10);
  EXPECT_EQ(std::count(refused.begin(), refused.end(), '\n'), 1) << refused;
  EXPECT_THAT(refused, AllOf(HasSubstr("will-jxl.dcm"), HasSubstr("JPEG XL"), HasSubstr("(0002,0010)")));
}

TEST(UsImport, WritesOfEachFileWhatItKnows) {
  GENU_REQUIRE_DATA(folder, "ultrasound/dicom");
  const ScratchFolder scratch;
  const std::vector<std::string> names{"deid_greyscale_linear.dcm", "OBXXXX1A_rle_2frame.dcm",
                                       "gdcm-US-ALOKA-16.dcm"};
  std::vector<std::string> words{"us", "import"};
  for (const std::string& name : names) words.push_back(folder / name);
  words.insert(words.end(), {"--out", scratch / "clips", "--replace"});
  ASSERT_EQ(genu(words).exit_code, 0);
  const Ended ended = genu(words);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  std::vector<std::string> expected{"regions.csv"};
  for (std::size_t n = 0; n < names.size(); ++n)
    for (const char* end : {".igs.mha", ".json", ".png"})
      expected.push_back(std::to_string(n + 1) + "_" + names[n] + end);
  EXPECT_THAT(tree_of(scratch / "clips"), ::testing::UnorderedElementsAreArray(expected));
  const std::string csv = io::read_text(scratch / "clips" / "regions.csv");
  for (std::size_t n = 0; n < names.size(); ++n) {
    const std::string stem = std::to_string(n + 1) + "_" + names[n];
    const json clip = clip_of(scratch / "clips" / (stem + ".json"));
    const auto recording = io::read_tracked_sequence(scratch / "clips" / (stem + ".igs.mha"));
    // Nobody said where the probe's marker was: no reader may take it for said.
    EXPECT_FALSE(recording.orientation_stated);
    const auto& frames = recording.frames;
    EXPECT_EQ(clip["source"], names[n]);
    EXPECT_EQ(clip["frames"], frames.size()) << names[n];
    EXPECT_EQ(clip["width"], frames.front().image.width) << names[n];
    EXPECT_EQ(clip["height"], frames.front().image.height) << names[n];
    EXPECT_THAT(csv, HasSubstr("\n" + names[n] + ","));
  }
  EXPECT_EQ(clip_of(scratch / "clips" / "2_OBXXXX1A_rle_2frame.dcm.json")["frames"], 2);
  const json linear = clip_of(scratch / "clips" / "1_deid_greyscale_linear.dcm.json");
  EXPECT_FALSE(linear["b_mode"]["pixel_size_mm"].is_null());
}

TEST(UsImport, TheTableHasARowForARefusedFileToo) {
  const ScratchFolder scratch;
  write_object(scratch / "good.dcm", {.columns = 64, .rows = 64, .bytes = counted(64 * 64)});
  io::write_text(scratch / "words.dcm", "no picture");
  const Ended ended =
      genu({"us", "import", scratch / "words.dcm", scratch / "good.dcm", "--out", scratch / "clips"});
  EXPECT_EQ(ended.exit_code, 4) << ended.err;
  EXPECT_THAT(io::read_text(scratch / "clips" / "regions.csv"),
              AllOf(HasSubstr("\nwords.dcm,,,"), HasSubstr("neither a DICOM object nor PNG nor JPEG"),
                    HasSubstr("\ngood.dcm,1,64,64,")));
}

TEST(UsImport, RefusesInOneLineAndLeavesNothing) {
  const ScratchFolder scratch;
  io::write_text(scratch / "words.dcm", "no picture");
  const std::string words = scratch / "words.dcm", out = scratch / "out";
  expect_one_line(genu({"us", "import", words, "--out", out}), 3, "words.dcm");
  expect_one_line(genu({"us", "import", scratch / "absent.dcm", "--out", out}), 3, "absent.dcm");
  expect_one_line(genu({"us", "import"}), 2, "see genu us import --help");
  fs::create_directory(scratch / "mine");
  io::write_text(scratch / "mine" / "notes.txt", "not Genu's");
  expect_one_line(genu({"us", "import", words, "--out", scratch / "mine"}), 3, "mine");
  EXPECT_THAT(tree_of(scratch.path()), ElementsAre("mine", "mine/notes.txt", "words.dcm"));
}

}  // namespace

}  // namespace genu::testing
