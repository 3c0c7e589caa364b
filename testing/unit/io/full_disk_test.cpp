// SPDX-License-Identifier: Apache-2.0
// A disk that fills up while a file is written: every format must say so, with the user's name for the file,
// and leave nothing.
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/meshes.h>
#include <genu/io/volume_files.h>
#include <genu/testing/bodies.h>
#include <genu/testing/data.h>

#include "matchers.h"

namespace genu::io {
namespace {

namespace fs = std::filesystem;
using testing::message_of;
using testing::ScratchFolder;

/// No file of this process can grow beyond so many bytes: to a writer that is a full disk.
class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit tight{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &tight);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int) = SIG_DFL;
};

struct Format {
  std::string file;
  std::function<void(const fs::path&)> write;
};

const ImageGeometry grid = testing::oblique_grid();

std::vector<Format> formats() {
  std::vector<Format> all;
  Volume<float> noisy(grid);
  LabelMap labels(grid);
  for (std::size_t v = 0; v < noisy.voxels().size(); ++v) {
    noisy.voxels()[v] = static_cast<float>(v * 2654435761U % 9973) + 0.25F;
    labels.voxels()[v] = v * 2654435761U % 9973 < 5000 ? Tissue::femur : Tissue::tibia;
  }
  for (const char* file : {"v.nii", "v.nii.gz", "v.nrrd", "v.mha"}) {
    all.push_back({file, [=](const fs::path& path) { write_volume(path, noisy); }});
    all.push_back({std::string("labels_") + file,
                   [=](const fs::path& path) { write_labels(path, labels, label_table_named("genu")); }});
  }
  all.push_back(
      {"m.vtp", [](const fs::path& path) { write_mesh(path, testing::icosphere(Point3{}, 20.0, 4)); }});
  all.push_back({"t.json", [](const fs::path& path) { write_text(path, std::string(50000, 'x')); }});
  all.push_back({"dicom", [=](const fs::path& path) { write_mr_series(path, noisy, {}); }});
  return all;
}

TEST(FullDisk, EveryFormatSaysSoAndLeavesNothing) {
  for (const Format& format : formats()) {
    const ScratchFolder scratch;
    // Within a folder that itself has a temporary name, as the commands write.
    FolderTransaction folder(scratch / "case");
    for (const rlim_t bytes : {0, 900, 8000}) {
      std::string message;
      {
        const FullDisk full(bytes);
        message = message_of([&] { format.write(folder.path() / format.file); });
      }
      EXPECT_THAT(message, ::testing::HasSubstr((scratch / "case" / format.file).string()))
          << format.file << " with " << bytes << " bytes";
      EXPECT_TRUE(fs::is_empty(folder.path())) << format.file << " with " << bytes << " bytes";
    }
    EXPECT_NO_THROW(format.write(folder.path() / format.file)) << format.file;
  }
}

}  // namespace
}  // namespace genu::io
