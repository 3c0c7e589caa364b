// SPDX-License-Identifier: Apache-2.0
// `genu batch`: isolation, resuming, stopping.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <unistd.h>

#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

void make_labels(const fs::path& file, const fs::path& scratch, const std::string& change) {
  const fs::path phantom = scratch / "phantom_for_batch";
  const Ended ended = genu({"phantom", "--out", phantom, "--in-plane-mm", "0.8", "--slice-mm", "1.6",
                            "--samples-per-mm", "1", "--change", "medial_tibia:" + change, "--replace"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  fs::create_directories(file.parent_path());
  fs::rename(phantom / "labels.nrrd", file);
  fs::remove_all(phantom);
}

/// Kills the first worker whose command line holds `words`, as soon as it runs.
void kill_worker(RunningCommand& batch, const std::string& words, int signal) {
  while (batch.running()) {
    for (const pid_t worker : children_of(batch.pid(), words))
      if (kill(worker, signal) == 0) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  FAIL() << "the batch ended before a worker for " << words << " was seen";
}

std::size_t rows_of(const std::string& csv) {
  return static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n'));
}

// One good case, one whose file is no image, one whose worker crashes: two failed rows, and the good one's
// numbers.
TEST(Batch, FailuresStayTheirOwnAndResumingRedoesOnlyThem) {
  const ScratchFolder scratch;
  const fs::path cohort = scratch / "cohort";
  make_labels(cohort / "good_00m.nrrd", scratch.path(), "0");
  make_labels(cohort / "crash_12m.nrrd", scratch.path(), "-0.2");
  std::ofstream(cohort / "corrupt_00m.nii.gz") << "not an image";
  const fs::path out = scratch / "out";
  const std::vector<std::string> line{"batch", cohort, out, "--no-figures", "--side", "right", "--jobs", "2"};

  RunningCommand first(line);
  kill_worker(first, "--case=crash", SIGSEGV);
  const Ended ended = first.wait();
  EXPECT_EQ(ended.exit_code, 4) << ended.err;
  const std::string failures = io::read_text(out / "failures.csv");
  EXPECT_EQ(rows_of(failures), 3U) << failures;
  EXPECT_THAT(failures, AllOf(HasSubstr("crash,12m,"), HasSubstr("signal 11"), HasSubstr("corrupt,00m,"),
                              HasSubstr("corrupt_00m.nii.gz")));
  const std::string table = io::read_text(out / "cohort.csv");
  EXPECT_THAT(table, AllOf(HasSubstr("good,00m,"), Not(HasSubstr("crash")), Not(HasSubstr("corrupt"))));
  EXPECT_TRUE(fs::exists(out / "cases" / "good_00m" / "measurements.json"));
  io::validate_json(io::read_text(out / "cases" / "good_00m" / "batch.json"), "batch", "batch.json");
  EXPECT_FALSE(fs::exists(out / ".genu-unfinished"));

  const auto done_at = fs::last_write_time(out / "cases" / "good_00m" / "batch.json");
  fs::remove(cohort / "corrupt_00m.nii.gz");
  const Ended again = genu(line);
  EXPECT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.out, HasSubstr("finished before: 1\n"));
  EXPECT_EQ(fs::last_write_time(out / "cases" / "good_00m" / "batch.json"), done_at) << "done twice";
  EXPECT_THAT(io::read_text(out / "cohort.csv"), AllOf(HasSubstr("good,00m,"), HasSubstr("crash,12m,")));
  EXPECT_EQ(rows_of(io::read_text(out / "failures.csv")), 1U);

  // A touched input is another input.
  fs::last_write_time(cohort / "good_00m.nrrd", fs::file_time_type::clock::now());
  EXPECT_THAT(genu(line).out, HasSubstr("good_00m: done"));
}

TEST(Batch, CtrlCStopsTheWorkersAndTheSameCommandGoesOn) {
  const ScratchFolder scratch;
  const fs::path cohort = scratch / "cohort";
  make_labels(cohort / "a_00m.nrrd", scratch.path(), "0");
  fs::copy_file(cohort / "a_00m.nrrd", cohort / "b_00m.nrrd");
  const fs::path out = scratch / "out";
  const std::vector<std::string> line{"batch", cohort, out, "--no-figures", "--side", "right", "--jobs", "1"};
  RunningCommand batch(line);
  while (batch.running() && children_of(batch.pid(), "--case=b").empty())
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  batch.send(SIGINT);
  const Ended ended = batch.wait();
  EXPECT_EQ(ended.exit_code, 130) << ended.err;
  EXPECT_EQ(tree_of(out / "cases").front(), "a_00m");
  EXPECT_FALSE(fs::exists(out / ".genu-unfinished"));
  EXPECT_THAT(io::read_text(out / "cohort.csv"), HasSubstr("a,00m,"));
  const Ended rest = genu(line);
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_THAT(rest.out, AllOf(HasSubstr("b_00m: done"), Not(HasSubstr("a_00m: done"))));
}

TEST(Batch, ACaseThatTakesTooLongIsStopped) {
  const ScratchFolder scratch;
  const fs::path cohort = scratch / "cohort";
  make_labels(cohort / "slow_00m.nrrd", scratch.path(), "0");
  const fs::path out = scratch / "out";
  RunningCommand batch({"batch", cohort, out, "--no-figures", "--side", "right", "--timeout-s", "1"});
  kill_worker(batch, "--case=slow", SIGSTOP);  // a worker that hangs for good
  const Ended ended = batch.wait();
  EXPECT_EQ(ended.exit_code, 4);
  EXPECT_THAT(io::read_text(out / "failures.csv"), HasSubstr("stopped after the 1 s"));
}

TEST(Batch, ReadsManifestsWithQuotesAndRefusesUnknownColumns) {
  const ScratchFolder scratch;
  make_labels(scratch / "files, mine" / "k.nrrd", scratch.path(), "0");
  std::ofstream(scratch / "cohort.csv")
      << "case,visit,labels,side\r\nP 1,24m,\"files, mine/k.nrrd\",right\r\n";
  const Ended ended = genu({"batch", scratch / "cohort.csv", scratch / "out", "--no-figures"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(io::read_text(scratch / "out" / "cohort.csv"), HasSubstr("P 1,24m,right,MT,"));
  std::ofstream(scratch / "wrong.json") << R"([{"labels": "k.nrrd", "knee_side": "left"}])";
  const Ended wrong = genu({"batch", scratch / "wrong.json", scratch / "out2"});
  EXPECT_EQ(wrong.exit_code, 3);
  EXPECT_THAT(wrong.err, HasSubstr("knee_side"));
}

// Names are the user's: they come out as they went in, and only folders bear them changed.
TEST(Batch, NamesStayAsTheManifestWritesThem) {
  const ScratchFolder scratch;
  make_labels(scratch / "k.nrrd", scratch.path(), "0");
  // A spreadsheet's file: byte order mark, semicolons, blanks around cells, an empty row, and names that look
  // like files, months, options and each other.
  std::ofstream(scratch / "cohort.csv") << "\xef\xbb\xbf"
                                           "case; visit ;labels;side\r\n"
                                        << "P/1;V_12m.nrrd;k.nrrd;right\r\n"
                                        << "P 1;V_12m.nrrd; k.nrrd ;right\r\n"
                                        << "-P_12m;Kn\xc3\xa9;k.nrrd;right\r\n;;;\r\n";
  const fs::path out = scratch / "out";
  const Ended ended = genu({"batch", scratch / "cohort.csv", out, "--no-figures", "--label-table", "genu"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const std::string table = io::read_text(out / "cohort.csv");
  for (const char* row :
       {"P/1,V_12m.nrrd,right,MT,", "P 1,V_12m.nrrd,right,MT,", "-P_12m,Kn\xc3\xa9,right,MT,"})
    EXPECT_THAT(table, HasSubstr(row));
  for (const auto& [folder, name] :
       {std::pair{"P_1_V_12m.nrrd", "P/1"}, {"P_1_V_12m.nrrd-2", "P 1"}, {"-P_12m_Kn__", "-P_12m"}})
    EXPECT_EQ(io::read_case(out / "cases" / folder).name, name);
}

// What is wrong with one case is that case's row of failures.csv.
TEST(Batch, WhatIsWrongWithOneCaseStopsNoOther) {
  const ScratchFolder scratch;
  make_labels(scratch / "k.nrrd", scratch.path(), "0");
  std::ofstream(scratch / "cohort.csv")
      << "case,labels,side\nempty,,right\nturned,k.nrrd,up\ngood,k.nrrd,right\n";
  const fs::path out = scratch / "out";
  const std::vector<std::string> line{"batch",        scratch / "cohort.csv", out,
                                      "--no-figures", "--label-table",        "genu"};
  EXPECT_EQ(genu(line).exit_code, 4);
  const std::string failures = io::read_text(out / "failures.csv");
  EXPECT_THAT(failures,
              AllOf(HasSubstr("empty,baseline,"), HasSubstr("neither the column labels nor the column image"),
                    HasSubstr("turned,"), HasSubstr("neither left nor right")));
  EXPECT_THAT(io::read_text(out / "cohort.csv"), HasSubstr("good,baseline,right,MT,"));

  // A finished case that was damaged is done again.
  io::write_text(out / "cases" / "good_baseline" / "measurements.json", "{");
  EXPECT_THAT(genu(line).out, AllOf(HasSubstr("good_baseline: done"), Not(HasSubstr("finished before"))));
  EXPECT_THAT(io::read_text(out / "cohort.csv"), HasSubstr("good,baseline,right,MT,"));

  // A folder that is not Genu's in a case's place stays, and is that case's failure.
  fs::remove_all(out / "cases" / "good_baseline");
  fs::create_directories(out / "cases" / "good_baseline");
  io::write_text(out / "cases" / "good_baseline" / "mine.txt", "mine");
  EXPECT_EQ(genu(line).exit_code, 4);
  EXPECT_THAT(io::read_text(out / "failures.csv"), HasSubstr("Genu did not make it"));
  EXPECT_TRUE(fs::exists(out / "cases" / "good_baseline" / "mine.txt"));
}

TEST(Batch, FoldersThatCannotBeReadOrAreAmbiguousAreFailures) {
  const ScratchFolder scratch;
  const fs::path cohort = scratch / "cohort";
  make_labels(cohort / "good" / "LABELS.NRRD", scratch.path(), "0");
  for (const char* folder : {"two/DICOM", "closed", "unfinished"}) fs::create_directories(cohort / folder);
  for (const char* file : {"labels.nrrd", "image.mha"})
    fs::copy_file(cohort / "good" / "LABELS.NRRD", cohort / "two" / file);
  fs::create_symlink("ring.nrrd", cohort / "ring.nrrd");
  fs::copy_file(cohort / "good" / "LABELS.NRRD", cohort / "unfinished" / "labels.nrrd");
  fs::permissions(cohort / "closed", fs::perms::none);
  // A batch into the cohort's own folder: its results are no cases, and the user's "unfinished" stays.
  std::string line = std::string(GENU_COMMAND) + " batch " + cohort.string() + " " + cohort.string() +
                     " --no-figures --side right --label-table genu";
  if (geteuid() == 0) {  // whom no permission stops
    if (shell("setpriv --reuid=65534 --clear-groups " + std::string(GENU_COMMAND) + " --version").exit_code !=
        0)
      GTEST_SKIP() << "needs to run the command as a user who is not root";
    ASSERT_EQ(shell("chown -R 65534 " + cohort.string()).exit_code, 0);
    fs::permissions(scratch.path(), fs::perms::all);
    ASSERT_EQ(shell("chown root " + (cohort / "closed").string()).exit_code, 0);
    line = "setpriv --reuid=65534 --clear-groups " + line;
  }
  const Ended first = shell(line);
  EXPECT_EQ(first.exit_code, 4) << first.out;
  const std::string failures = io::read_text(cohort / "failures.csv");
  EXPECT_THAT(failures, AllOf(HasSubstr("closed,baseline,"), HasSubstr("two,baseline,"),
                              HasSubstr("several images: DICOM and image.mha"), HasSubstr("ring,baseline,")));
  EXPECT_EQ(rows_of(failures), 4U) << failures;
  EXPECT_THAT(io::read_text(cohort / "cohort.csv"),
              AllOf(HasSubstr("good,baseline,right"), HasSubstr("unfinished,baseline,right")));
  EXPECT_TRUE(fs::exists(cohort / "unfinished" / "labels.nrrd"));
  const Ended second = shell(line);
  EXPECT_THAT(second.out, AllOf(HasSubstr("finished before: 2\n"), HasSubstr("2 done, 3 failed")));
  fs::permissions(cohort / "closed", fs::perms::all);
}

// The same files are the same inputs, however their paths are spelt.
TEST(Batch, ResumesFromAnotherSpellingOfThePath) {
  const ScratchFolder scratch;
  make_labels(scratch / "cohort" / "a_00m.nrrd", scratch.path(), "0");
  const auto batch = [&](const std::string& cohort) {
    return shell("cd " + scratch.path().string() + " && " + GENU_COMMAND + " batch " + cohort +
                 " out --no-figures --side right --label-table genu");
  };
  EXPECT_THAT(batch("cohort").out, HasSubstr("a_00m: done"));
  fs::create_directory_symlink("cohort", scratch / "link");
  for (const std::string& cohort :
       {std::string("./cohort/"), (scratch / "cohort").string(), std::string("link")})
    EXPECT_THAT(batch(cohort).out, HasSubstr("finished before: 1\n")) << cohort;
}

TEST(Batch, ManifestsThatAreNoUtf8AreRefused) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "cohort.csv") << "case,labels\nKn\xe9,k.nrrd\n";
  const Ended ended = genu({"batch", scratch / "cohort.csv", scratch / "out"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("cohort.csv is no UTF-8 text"));
}

TEST(Batch, TwoVisitsOfOneNameAreRefused) {
  const ScratchFolder scratch;
  std::ofstream(scratch / "cohort.csv") << "case,visit,labels\na,00m,x.nrrd\na,00m,y.nrrd\n";
  const Ended ended = genu({"batch", scratch / "cohort.csv", scratch / "out"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_THAT(ended.err, HasSubstr("case a, visit 00m twice"));
}

TEST(Batch, RunsRealLabelMapsNamedByCaseAndMonths) {
  GENU_REQUIRE_DATA(baseline, "knee_labels/oai/akoa_9014797_00m.nii.gz");
  GENU_REQUIRE_DATA(later, "knee_labels/oai/akoa_9014797_72m.nii.gz");
  const ScratchFolder scratch;
  fs::create_directories(scratch / "oai");
  for (const fs::path& file : {baseline, later}) fs::create_symlink(file, scratch / "oai" / file.filename());
  const Ended ended =
      genu({"batch", scratch / "oai", scratch / "out", "--label-table", "oai", "--no-figures"});
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::string table = io::read_text(scratch / "out" / "cohort.csv");
  for (const char* words : {"akoa_9014797,00m,", "akoa_9014797,72m,", ",MT,", ",cLF,", ",P,"})
    EXPECT_THAT(table, HasSubstr(words));
}

}  // namespace

}  // namespace genu::testing
