// SPDX-License-Identifier: Apache-2.0
// What the command says of itself, and what it says when it is used wrongly.
#include <algorithm>
#include <regex>

#include <gmock/gmock.h>

#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

const std::vector<std::string> verbs{"import",  "phantom",   "measure", "stage",   "plan",
                                     "run",     "us",        "batch",   "compare", "compare-labels",
                                     "segment", "precision", "t2"};
const std::vector<std::string> ultrasound_verbs{"import", "calibrate", "reconstruct", "register", "cartilage",
                                                "needle", "simulate",  "listen",      "replay"};

/// Every verb with the group that it is in.
std::vector<std::vector<std::string>> all_verbs() {
  std::vector<std::vector<std::string>> all;
  for (const std::string& verb : verbs) all.push_back({verb});
  for (const std::string& verb : ultrasound_verbs) all.push_back({"us", verb});
  return all;
}

/// Runs a verb's --help.
Ended help_of(std::vector<std::string> verb) {
  verb.emplace_back("--help");
  return genu(verb);
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

TEST(Words, EveryVerbExplainsItselfWithExamplesAndExitCodes) {
  const Ended overview = genu({"--help"});
  EXPECT_EQ(overview.exit_code, 0);
  for (const std::string& verb : verbs) EXPECT_THAT(overview.out, HasSubstr("\n  " + verb));
  for (const auto& words : all_verbs()) {
    const std::string verb = joined(words);
    const Ended help = help_of(words);
    EXPECT_EQ(help.exit_code, 0) << verb;
    EXPECT_EQ(help.err, "") << verb;
    EXPECT_THAT(help.out, AllOf(HasSubstr("Examples:\n  genu " + verb), HasSubstr("Exit codes:"))) << verb;
  }
  for (const std::string& verb : ultrasound_verbs) EXPECT_THAT(help_of({"us"}).out, HasSubstr("\n  " + verb));
}

// A value of an 8-bit type that is printed as if it were a letter is a control character, or ends the text.
TEST(Words, HelpIsPrintableText) {
  std::vector<std::vector<std::string>> all = all_verbs();
  all.emplace_back();
  for (const auto& words : all) {
    const std::string help = help_of(words).out;
    const auto odd = std::find_if(help.begin(), help.end(),
                                  [](unsigned char c) { return c != '\n' && (c < 0x20 || c == 0x7f); });
    EXPECT_EQ(odd, help.end()) << joined(words) << " after: " << std::string(help.begin(), odd);
  }
  const Ended odd_word = genu({"us", "reconstruct", "x.igs.mha", "--compounding", "foo", "--out", "o"});
  expect_one_line(odd_word, 2, "--compounding: foo not in {mean,maximum,latest}");
  EXPECT_EQ(odd_word.err.find('\0'), std::string::npos);
}

// Examples rot: every option that an example names must be one that the verb has.
TEST(Words, ExamplesUseOptionsThatExist) {
  for (const auto& words : all_verbs()) {
    const std::string verb = joined(words);
    const std::string help = help_of(words).out;
    const std::size_t examples = help.find("Examples:");
    const std::string options = help.substr(0, examples);
    const std::string text = help.substr(examples);
    for (std::size_t at = text.find(" --"); at != std::string::npos; at = text.find(" --", at + 1)) {
      const std::string option = text.substr(at + 1, text.find_first_of(" \n;,", at + 1) - at - 1);
      EXPECT_TRUE(std::regex_search(options, std::regex("[ ,]" + option + "[ ,\n]")))
          << verb << " " << option;
    }
  }
}

TEST(Words, VersionIsStated) {
  EXPECT_THAT(genu({"--version"}).out, StartsWith("genu "));
}

TEST(Words, WrongCommandLinesAreUsageErrors) {
  expect_one_line(genu({}), 2, "a verb is required; see genu --help");
  expect_one_line(genu({"frobnicate"}), 2, "there is no verb \"frobnicate\"");
  expect_one_line(genu({"measure"}), 2, "--labels is required; see genu measure --help");
  expect_one_line(genu({"measure", "--labels", "x.nrrd", "--side", "up"}), 2,
                  "\"up\" is neither left nor right");
  expect_one_line(genu({"import", "."}), 2, "--list");
  expect_one_line(genu({"plan"}), 2, "case folder or --labels");
  expect_one_line(genu({"run"}), 2, "--phantom");
  expect_one_line(genu({"run", "image.nrrd", "--phantom"}), 2, "--phantom");
  expect_one_line(genu({"compare-labels", "a.nrrd"}), 2, "B is required");
  expect_one_line(genu({"compare-labels", "a.nrrd", "b.nrrd", "--out", "table.txt"}), 2, ".csv or .json");
  const ScratchFolder scratch;
  const std::string out = scratch / "p";
  expect_one_line(genu({"phantom", "--out", out, "--defect", "femur:1,2,3"}), 2, "plate:u,v,diameter,depth");
  expect_one_line(genu({"phantom", "--out", out, "--contrast", "flair"}), 2, "flair");
  for (const char* number : {"0", "-1", "inf", "nan", "1mm", ""})
    expect_one_line(genu({"phantom", "--out", out, "--slice-mm", number}), 2,
                    "--slice-mm: must be a number above 0, and is " + std::string(number) + "; see");
  expect_one_line(genu({"batch", ".", out, "--jobs", "0"}), 2, "must be a number above 0");
  expect_one_line(genu({"run", "--labels", "x.nrrd", "--case", "Kn\xe9", "--out", out}), 2,
                  "--case is no UTF-8");
  EXPECT_FALSE(std::filesystem::exists(out));
}

// An option that changes nothing would let its user believe that it did.
TEST(Words, OptionsThatDoNotApplyAreUsageErrors) {
  for (const std::vector<std::string>& line :
       std::vector<std::vector<std::string>>{{"plan", "case", "--side", "left"},
                                             {"plan", "case", "--label-table", "oai"},
                                             {"plan", "case", "--list", "--json"},
                                             {"plan", "case", "--list", "--target", "cMF-1"},
                                             {"plan", "case", "--rank-again", GENU_COMMAND},
                                             {"plan", "--rank-again", GENU_COMMAND, "--target", "cMF-1"},
                                             {"run", "vol.nrrd", "--labels", "x.nrrd", "--in-plane-mm", "3"},
                                             {"run", "--labels", "x.nrrd", "--slice-mm", "3"},
                                             {"run", "--labels", "x.nrrd", "--samples-per-mm", "1"},
                                             {"run", "--labels", "x.nrrd", "--series", "7"},
                                             {"run", "--phantom", "--label-table", "oai"},
                                             {"import", "folder", "--list", "--echo", "1"},
                                             {"import", "folder", "--output", "v.nrrd", "--json"},
                                             {"measure", "--labels", "x.nrrd", "--replace"}}) {
    const Ended ended = genu(line);
    expect_one_line(ended, 2, "--");
    EXPECT_THAT(ended.err, AnyOf(HasSubstr("requires"), HasSubstr("excludes"))) << line[0];
  }
  const ScratchFolder scratch;
  const std::string image = scratch / "vol.NRRD";
  io::write_volume(image, Volume<float>(oblique_grid({.extent_mm = {4.0, 4.0, 4.0}})));
  for (const char* option : {"--series", "--echo"})
    expect_one_line(
        genu({"run", image, "--labels", image, option, "3", "--no-figures", "--out", scratch / "o"}), 2,
        "vol.NRRD is no DICOM: --series and --echo");
}

TEST(Words, WhatCannotBeReadIsNamedInOneLine) {
  const ScratchFolder scratch;
  const std::string out = scratch / "case";
  expect_one_line(genu({"measure", "--labels", "absent.nrrd"}), 3, "absent.nrrd");
  expect_one_line(genu({"measure", "--labels", "absent.nrrd", "--label-table", "no_such"}), 3, "no_such");
  expect_one_line(genu({"import", "absent_folder", "--list"}), 3, "absent_folder");
  expect_one_line(genu({"stage", "absent.json"}), 3, "absent.json");
  expect_one_line(genu({"plan", "absent_case"}), 3, "absent_case");
  expect_one_line(genu({"run", "--labels", "absent.nrrd", "--out", out, "--no-figures"}), 3, "absent.nrrd");
  expect_one_line(genu({"batch", "absent_cohort", scratch / "results"}), 3, "absent_cohort");
  expect_one_line(genu({"compare-labels", "absent.nrrd", "absent.nrrd"}), 3, "absent.nrrd");
  // A phantom that can't be: the knee's own limits, not a crash.
  expect_one_line(genu({"phantom", "--out", out, "--scale", "5"}), 3, "scale");
  EXPECT_TRUE(tree_of(scratch.path()).empty()) << tree_of(scratch.path()).front();
}

// A femur in one numbering is cartilage in another: no table is taken for granted where several fit.
TEST(Words, NumbersThatFitSeveralTablesAreAsked) {
  const ScratchFolder scratch;
  LabelMap labels(oblique_grid({.extent_mm = {4.0, 4.0, 4.0}}));
  labels[{1, 1, 1}] = Tissue::femur;
  io::write_labels(scratch / "knee.nrrd", labels, io::label_table_named("genu"));
  const std::string file = scratch / "knee.nrrd";
  expect_one_line(genu({"measure", "--labels", file}), 2, "several label tables (genu, oai, pymskt)");
  labels[{2, 2, 2}] = Tissue::fat;
  io::write_labels(scratch / "knee.nrrd", labels, io::label_table_named("genu"));
  const Ended ended = genu({"measure", "--labels", file});  // taken as genu, and then no knee
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.out, Not(HasSubstr("table")));
}

// A full disk must not look like success.
TEST(Words, ResultsThatCannotBePrintedAreAnError) {
  const Ended ended =
      shell(std::string(GENU_COMMAND) + " import " + source_root().string() + "/data --list > /dev/full");
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.out, HasSubstr("stdout"));
}

TEST(Words, WithoutDisplayAndXvfbRunRefusesBeforeTheWork) {
  const ScratchFolder scratch;
  // Nothing on this path but the program itself, which is named in full: no Xvfb to start.
  const Ended ended = shell("env -u DISPLAY PATH=" + scratch.path().string() + " " + GENU_COMMAND +
                            " run --phantom --out " + (scratch / "case").string());
  EXPECT_EQ(ended.exit_code, 1);
  EXPECT_THAT(ended.out, AllOf(HasSubstr("xvfb"), HasSubstr("--no-figures")));
  EXPECT_FALSE(std::filesystem::exists(scratch / "case"));
}

}  // namespace

}  // namespace genu::testing
