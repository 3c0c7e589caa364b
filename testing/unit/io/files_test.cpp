// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <genu/io/files.h>
#include <genu/testing/data.h>

#include "matchers.h"

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::message_of;
using testing::ScratchFolder;

/// How many files and folders lie in a folder, hidden ones too.
std::ptrdiff_t entries(const fs::path& folder) {
  return std::distance(fs::directory_iterator(folder), fs::directory_iterator());
}

/// Sets an environment variable for one test.
class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    setenv(name, value.c_str(), 1);
  }
  ~Environment() { old_ ? setenv(name_, old_->c_str(), 1) : unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
  std::optional<std::string> old_;
};

constexpr const char* a_case = "{\n  \"schema\": \"genu/case/1\"\n}\n";

TEST(DataFile, IsFoundInTheSourceTreeOfAProgramThatWasNotInstalled) {
  EXPECT_TRUE(fs::is_regular_file(data_file("staging/rule-1.json")));
}

TEST(DataFile, TheEnvironmentGoesBeforeEverythingElse) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "staging");
  write_text(scratch / "staging/rule-1.json", "mine");
  const Environment data("GENU_DATA", scratch.path().string());
  EXPECT_EQ(read_text(data_file("staging/rule-1.json")), "mine");
  const std::string message = message_of([] { data_file("planning/approaches.json"); });
  EXPECT_THAT(message, HasSubstr((scratch / "planning/approaches.json").string()))
      << "a file that the user's folder lacks is not taken from elsewhere in silence";
}

TEST(DataFile, TheErrorNamesThePlaces) {
  const std::string message = message_of([] { data_file("no/such.file"); });
  EXPECT_THAT(message, HasSubstr("share/genu/no/such.file"));
  EXPECT_THAT(message, HasSubstr("data/no/such.file"));
  EXPECT_THAT(message, HasSubstr("GENU_DATA"));
}

TEST(Text, IsReadBackByteForByte) {
  const ScratchFolder scratch;
  const std::string text("a\r\n\0b\xff\n", 7);
  write_text(scratch / "t.txt", text);
  EXPECT_EQ(read_text(scratch / "t.txt"), text);
  write_text(scratch / "t.txt", "");
  EXPECT_EQ(read_text(scratch / "t.txt"), "");
  EXPECT_EQ(entries(scratch.path()), 1);
}

TEST(Text, ErrorsNameTheFile) {
  const ScratchFolder scratch;
  EXPECT_THAT(message_of([&] { read_text(scratch / "absent.txt"); }), HasSubstr("absent.txt"));
  EXPECT_THAT(message_of([&] { read_text(scratch.path()); }), HasSubstr("it is a folder"));
  EXPECT_THAT(message_of([&] { write_text(scratch / "no/t.txt", ""); }), HasSubstr("no/t.txt"));
  EXPECT_THAT(message_of([&] { write_text(scratch.path(), ""); }), HasSubstr("it is a folder"));
}

TEST(WriteAtomically, AFailureLeavesTheOldFileAndNothingElse) {
  const ScratchFolder scratch;
  write_text(scratch / "t.nii.gz", "old");
  fs::path temporary;
  EXPECT_THROW(write_atomically(scratch / "t.nii.gz",
                                [&](const fs::path& file) {
                                  temporary = file;
                                  write_text(file, "half");
                                  throw std::runtime_error("the disk is full");
                                }),
               std::runtime_error);
  EXPECT_EQ(temporary.parent_path(), scratch.path());
  EXPECT_TRUE(temporary.filename().string().ends_with(".nii.gz")) << "writers look at the whole extension";
  EXPECT_EQ(read_text(scratch / "t.nii.gz"), "old");
  EXPECT_EQ(entries(scratch.path()), 1);
}

TEST(WriteAtomically, ALinkStaysOneAndWhatItLeadsToIsWritten) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "far");
  write_text(scratch / "far/t.txt", "old");
  fs::create_symlink("far/t.txt", scratch / "near.txt");
  fs::create_symlink("near.txt", scratch / "nearer.txt");
  write_text(scratch / "nearer.txt", "new");
  EXPECT_TRUE(fs::is_symlink(scratch / "nearer.txt") && fs::is_symlink(scratch / "near.txt"));
  EXPECT_EQ(read_text(scratch / "far/t.txt"), "new");
  fs::create_symlink("far/later.txt", scratch / "to_come.txt");  // leads nowhere yet
  write_text(scratch / "to_come.txt", "come");
  EXPECT_EQ(read_text(scratch / "far/later.txt"), "come");
  fs::create_symlink("ring.txt", scratch / "ring.txt");
  EXPECT_THAT(message_of([&] { write_text(scratch / "ring.txt", ""); }), HasSubstr("too many links"));
}

TEST(WriteAtomically, PipesAndDevicesAreWrittenAndStay) {
  const ScratchFolder scratch;
  write_text("/dev/null", "gone");
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
  const fs::path pipe = scratch / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  write_text(pipe, "through");
  std::string got(7, '\0');
  EXPECT_EQ(read(reader, got.data(), got.size()), 7);
  close(reader);
  EXPECT_EQ(got, "through");
  EXPECT_TRUE(fs::is_fifo(pipe));
}

TEST(RequireWritable, SaysBeforehandWhatWritingWouldSay) {
  const testing::ScratchFolder scratch;
  require_writable(scratch / "new.json");
  EXPECT_TRUE(std::filesystem::is_empty(scratch.path())) << "it leaves nothing";
  write_text(scratch / "old.json", "kept");
  require_writable(scratch / "old.json");
  EXPECT_EQ(read_text(scratch / "old.json"), "kept");
  EXPECT_THROW(require_writable(scratch / "no" / "such.json"), IoError);
  EXPECT_THROW(require_writable(scratch.path()), IoError);
  require_writable("/dev/null");
}

TEST(HasExtension, DoesNotLookAtTheCase) {
  EXPECT_TRUE(has_extension("a/T.JSON", ".json"));
  EXPECT_TRUE(has_extension("knee.Nii.GZ", ".gz"));
  EXPECT_FALSE(has_extension("json", ".json"));
  EXPECT_FALSE(has_extension(".json", ".json")) << "a name, and not an extension";
}

TEST(FolderTransaction, AppearsWithCommitOnly) {
  const ScratchFolder scratch;
  const fs::path folder = scratch / "a/case/";  // a trailing separator names the same folder
  {
    FolderTransaction transaction(folder);
    write_text(transaction.path() / "case.json", "{}");
    EXPECT_FALSE(fs::exists(scratch / "a/case"));
    transaction.commit({});
  }
  EXPECT_EQ(read_text(scratch / "a/case/case.json"), "{}");
  EXPECT_EQ(entries(scratch / "a"), 1);
}

TEST(FolderTransaction, LeavesNothingWithoutCommit) {
  const ScratchFolder scratch;
  {
    const FolderTransaction transaction(scratch / "case");
    write_text(transaction.path() / "half.txt", "half");
  }
  EXPECT_EQ(entries(scratch.path()), 0);
}

TEST(FolderTransaction, ReplacesTheWholeFolderOnlyWhenAsked) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "case");
  write_text(scratch / "case/case.json", a_case);
  write_text(scratch / "case/old.txt", "old");
  EXPECT_THAT(message_of([&] { FolderTransaction(scratch / "case"); }), HasSubstr("it is not empty"));
  {
    FolderTransaction transaction(scratch / "case", {.replace = true});
    write_text(transaction.path() / "new.txt", "new");
    EXPECT_EQ(read_text(scratch / "case/old.txt"), "old");
    transaction.commit({});
  }
  EXPECT_FALSE(fs::exists(scratch / "case/old.txt"));
  EXPECT_EQ(read_text(scratch / "case/new.txt"), "new");
  EXPECT_EQ(entries(scratch.path()), 1);
}

// A word mistyped must not cost a case.
TEST(FolderTransaction, ReplacesNothingOfAnotherKind) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "case");
  write_text(scratch / "case/segmentation.json", a_case);
  const auto refusal = [&](const char* document) {
    return message_of([&] { FolderTransaction(scratch / "case", {.replace = true, .document = document}); });
  };
  EXPECT_THAT(refusal("calibration.json"),
              HasSubstr("it holds no calibration.json: Genu made it for something else"));
  // A case holds a segmentation, but is more than that.
  write_text(scratch / "case/case.json", a_case);
  EXPECT_THAT(refusal("segmentation.json"), HasSubstr("it is a case"));
  FolderTransaction same(scratch / "case", {.replace = true, .document = "case.json"});
  same.commit({});
  EXPECT_FALSE(fs::exists(scratch / "case/case.json"));
}

TEST(FolderTransaction, AStopThatWasRequestedLeavesWhatWasThere) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "case");
  write_text(scratch / "case/case.json", a_case);
  std::stop_source stop;
  {
    FolderTransaction transaction(scratch / "case", {.replace = true});
    stop.request_stop();
    EXPECT_THROW(transaction.commit(Progress({}, stop.get_token())), Cancelled);
  }
  EXPECT_EQ(read_text(scratch / "case/case.json"), a_case);
  EXPECT_EQ(entries(scratch.path()), 1);
}

// --replace on the wrong folder must not cost a user's own files, nor the run its own inputs.
TEST(FolderTransaction, ReplacesNothingThatGenuDidNotMakeAndNoInput) {
  const ScratchFolder scratch;
  fs::create_directories(scratch / "mine");
  write_text(scratch / "mine/case.json", "{\"patient\": 1}");
  EXPECT_THAT(message_of([&] { FolderTransaction(scratch / "mine", {.replace = true}); }),
              HasSubstr("Genu did not make it"));
  fs::create_directories(scratch / "case/meshes");
  write_text(scratch / "case/case.json", a_case);
  write_text(scratch / "case/labels.nrrd", "voxels");
  fs::create_directory_symlink(scratch / "case", scratch / "link");
  for (const fs::path& input :
       {scratch / "link" / "labels.nrrd", scratch / "case/meshes/..", scratch / "case"})
    EXPECT_THAT(message_of([&] {
                  FolderTransaction(scratch / "case", {.replace = true, .inputs = {scratch / "x", input}});
                }),
                HasSubstr("the input '" + input.string() + "' lies in it"));
  EXPECT_EQ(read_text(scratch / "case/labels.nrrd"), "voxels");
  FolderTransaction meanwhile(scratch / "later", {.replace = true});
  fs::create_directory(scratch / "later");
  write_text(scratch / "later/theirs.txt", "theirs");
  EXPECT_THROW(meanwhile.commit({}), IoError);
  EXPECT_EQ(read_text(scratch / "later/theirs.txt"), "theirs");
}

TEST(FolderTransaction, MessagesNameTheFolderAndNotItsTemporaryName) {
  const ScratchFolder scratch;
  const FolderTransaction transaction(scratch / "case");
  EXPECT_EQ(final_path(transaction.path() / "meshes" / "femur.vtp"), scratch / "case/meshes/femur.vtp");
  const std::string message = message_of([&] { write_text(transaction.path() / "absent" / "t.txt", ""); });
  EXPECT_THAT(message, HasSubstr((scratch / "case/absent/t.txt").string()));
  EXPECT_EQ(final_path(scratch / "other"), scratch / "other");
}

TEST(FolderTransaction, TakesThePlaceOfAnEmptyFolder) {
  const ScratchFolder scratch;
  fs::create_directory(scratch / "case");
  FolderTransaction transaction(scratch / "case");
  write_text(transaction.path() / "new.txt", "new");
  transaction.commit({});
  EXPECT_EQ(read_text(scratch / "case/new.txt"), "new");
}

TEST(FolderTransaction, RefusesFilesAndTheFolderThatOneStandsIn) {
  const ScratchFolder scratch;
  write_text(scratch / "file", "");
  EXPECT_THAT(message_of([&] { FolderTransaction(scratch / "file", {.replace = true}); }),
              HasSubstr("it is a file"));
  EXPECT_THAT(message_of([] { FolderTransaction(fs::current_path().parent_path(), {.replace = true}); }),
              HasSubstr("current folder"));
}

// A folder that fills up while the transaction runs is somebody's work.
TEST(FolderTransaction, DoesNotOverwriteWhatAppearedMeanwhile) {
  const ScratchFolder scratch;
  FolderTransaction transaction(scratch / "case");
  fs::create_directory(scratch / "case");
  write_text(scratch / "case/theirs.txt", "theirs");
  EXPECT_THROW(transaction.commit({}), IoError);
  EXPECT_EQ(read_text(scratch / "case/theirs.txt"), "theirs");
}

TEST(RemoveUnfinished, RemovesTemporariesAndNothingElse) {
  const ScratchFolder scratch;
  write_text(scratch / "whole.txt", "whole");
  FolderTransaction committed(scratch / "committed");
  committed.commit({});
  const FolderTransaction transaction(scratch / "case");
  write_text(transaction.path() / "half.txt", "half");
  EXPECT_EQ(entries(scratch.path()), 3);
  EXPECT_THROW(write_atomically(scratch / "t.txt",
                                [](const fs::path& file) {
                                  write_text(file, "half");
                                  remove_unfinished();
                                  EXPECT_FALSE(fs::exists(file));
                                }),
               IoError);
  EXPECT_EQ(entries(scratch.path()), 2);
  EXPECT_EQ(read_text(scratch / "whole.txt"), "whole");
}

}  // namespace
}  // namespace genu::io
