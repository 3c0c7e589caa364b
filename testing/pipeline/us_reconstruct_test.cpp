// SPDX-License-Identifier: Apache-2.0
// `genu us reconstruct` on a real sweep, beside what PLUS made of it, and on a small one of known content.
#include <cmath>
#include <map>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include <genu/io/tracked_files.h>
#include <genu/io/volume_files.h>
#include <genu/testing/data.h>

#include "command.h"

namespace genu::testing {

namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

json reconstruction_in(const fs::path& folder) {
  return result_in(folder / "reconstruction.json", "reconstruction");
}

/// Returns the value at a place by the eight voxels about it; 0 outside.
double between_voxels(const Volume<float>& volume, const Point3& place) {
  const ContinuousIndex at = volume.geometry().to_index(place);
  const GridSize& size = volume.geometry().size();
  const auto i = static_cast<std::int64_t>(std::floor(at.i)), j = static_cast<std::int64_t>(std::floor(at.j)),
             k = static_cast<std::int64_t>(std::floor(at.k));
  double sum = 0.0;
  for (const std::int64_t corner : {0, 1, 2, 3, 4, 5, 6, 7}) {
    const std::int64_t a = i + corner % 2, b = j + corner / 2 % 2, c = k + corner / 4;
    if (a < 0 || b < 0 || c < 0 || a >= size[0] || b >= size[1] || c >= size[2]) continue;
    sum += (1.0 - std::abs(at.i - static_cast<double>(a))) * (1.0 - std::abs(at.j - static_cast<double>(b))) *
           (1.0 - std::abs(at.k - static_cast<double>(c))) * static_cast<double>(volume[{a, b, c}]);
  }
  return sum;
}

TEST(UsReconstruct, ASpineAsPlusDid) {
  GENU_REQUIRE_DATA(folder, "ultrasound/tracked");
  const ScratchFolder scratch;
  const Ended ended = genu({"us", "reconstruct", folder / "SpinePhantomFreehand.igs.mha", "--setup",
                            folder / "PlusDeviceSet_SpinePhantomFreehandReconstructionOnly.xml", "--out",
                            scratch / "volume"});
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_THAT(tree_of(scratch / "volume"), ElementsAre("coverage.nrrd", "reconstruction.json", "slice_x.png",
                                                       "slice_y.png", "slice_z.png", "volume.nrrd"));
  EXPECT_THAT(ended.out, HasSubstr("21 pictures in Reference"));
  const json record = reconstruction_in(scratch / "volume");
  EXPECT_EQ(record["pictures"], 21);
  const Volume<float> ours = io::read_volume(scratch / "volume" / "volume.nrrd"),
                      theirs = io::read_volume(folder / "SpinePhantomFreehandReconstructed.mha");
  const GridSize& size = ours.geometry().size();
  EXPECT_EQ(record["size"], json({size[0], size[1], size[2]}));
  EXPECT_EQ(ours.geometry().spacing_mm().x, theirs.geometry().spacing_mm().x);
  double n = 0, x = 0, y = 0, xx = 0, yy = 0, xy = 0;
  for (std::size_t v = 0; v < theirs.voxels().size(); ++v) {
    const double a = between_voxels(ours, theirs.geometry().to_patient(theirs.geometry().index_of(v))),
                 b = theirs.voxels()[v];
    n += 1, x += a, y += b, xx += a * a, yy += b * b, xy += a * b;
  }
  EXPECT_GT((xy - x * y / n) / std::sqrt((xx - x * x / n) * (yy - y * y / n)), 0.99);
}

/// Twelve pictures a millimetre apart along z, each as bright as its place says; one has no pose.
fs::path stack_in(const ScratchFolder& scratch, int darkest = 20) {
  ultrasound::TrackedSequence stack;
  for (int f = 0; f < 12; ++f) {
    ultrasound::TrackedFrame frame;
    frame.image = {40, 30, 1,
                   std::vector<std::uint8_t>(40 * 30, static_cast<std::uint8_t>(darkest + 15 * f))};
    frame.time_s = 0.1 * f;
    ultrasound::TrackedPose& pose = frame.poses[{"Probe", "Reference"}];
    pose.rows[11] = f;
    if (f == 5) pose.status = "MISSING";
    stack.frames.push_back(std::move(frame));
  }
  io::write_tracked_sequence(scratch / "stack.igs.mha", stack);
  io::TrackedSetup setup;
  setup.transforms.push_back({{"Image", "Probe"},
                              AffineTransform(Matrix3{{{{0.5, 0, 0}, {0, 0.5, 0}, {0, 0, 0.5}}}}, {}),
                              std::nullopt,
                              "",
                              {}});
  io::write_tracked_setup(scratch / "setup.xml", setup);
  return scratch / "stack.igs.mha";
}

TEST(UsReconstruct, ALostPoseLeavesAGapThatIsFilledOrNot) {
  const ScratchFolder scratch;
  const std::string stack = stack_in(scratch), setup = scratch / "setup.xml";
  const auto volume_of = [&](const char* name, const std::string& gap_mm) {
    const Ended ended = genu({"us", "reconstruct", stack, "--setup", setup, "--spacing-mm", "1",
                              "--max-gap-mm", gap_mm, "--out", scratch / name, "--replace"});
    EXPECT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("11 pictures in Reference, 1 left out without a sound pose"));
    EXPECT_EQ(reconstruction_in(scratch / name)["without_pose"], 1);
    return io::read_volume(scratch / name / "volume.nrrd");
  };
  const auto at = [](const Volume<float>& volume, double z) {
    const ContinuousIndex i = volume.geometry().to_index({10.0, 7.0, z});
    return volume[{std::lround(i.i), std::lround(i.j), std::lround(i.k)}];
  };
  volume_of("filled", "0");  // that another one replaces
  const Volume<float> filled = volume_of("filled", "4"), open = volume_of("open", "0");
  EXPECT_NEAR(at(filled, 3.0), 65.0, 1.0);
  EXPECT_NEAR(at(open, 3.0), 65.0, 1.0);
  EXPECT_NEAR(at(filled, 5.0), 95.0, 2.0);
  EXPECT_EQ(at(open, 5.0), 0.0F);
}

TEST(UsReconstruct, TellsBlackThatWasSeenFromWhatIsUnknown) {
  const ScratchFolder scratch;
  const std::string stack = stack_in(scratch, 0), setup = scratch / "setup.xml";
  for (const auto& [gap_mm, in_gap] : {std::pair("4", 2.0F), {"0", 0.0F}}) {
    const fs::path out = scratch / gap_mm;
    const Ended ended = genu({"us", "reconstruct", stack, "--setup", setup, "--spacing-mm", "1",
                              "--max-gap-mm", gap_mm, "--out", out});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    const Volume<float> volume = io::read_volume(out / "volume.nrrd"),
                        coverage = io::read_volume(out / "coverage.nrrd");
    EXPECT_EQ(coverage.geometry(), volume.geometry());
    std::map<float, std::size_t> counts;
    for (const float c : coverage.voxels()) ++counts[c];
    const json record = reconstruction_in(out);
    EXPECT_EQ(counts[1.0F], record["voxels_seen"].get<std::size_t>());
    EXPECT_EQ(counts[2.0F], record["voxels_filled"].get<std::size_t>());
    EXPECT_EQ(counts[0.0F] + counts[1.0F] + counts[2.0F], volume.voxels().size());
    const auto at = [](const Volume<float>& values, double z) {
      const ContinuousIndex i = values.geometry().to_index({10.0, 7.0, z});
      return values[{std::lround(i.i), std::lround(i.j), std::lround(i.k)}];
    };
    EXPECT_EQ(at(volume, 0.0), 0.0F);
    EXPECT_EQ(at(coverage, 0.0), 1.0F) << "black, but seen";
    EXPECT_EQ(at(coverage, 5.0), in_gap) << "its pose was lost";
  }
}

TEST(UsReconstruct, RefusesInOneLineAndLeavesNothing) {
  const ScratchFolder scratch;
  const std::string stack = stack_in(scratch), setup = scratch / "setup.xml", out = scratch / "out";
  expect_one_line(genu({"us", "reconstruct", stack, "--out", out}), 3, "stack.igs.mha");
  expect_one_line(genu({"us", "reconstruct", stack, "--setup", setup, "--frame", "Leg", "--out", out}), 3,
                  "Leg");
  expect_one_line(
      genu({"us", "reconstruct", stack, "--setup", setup, "--clip", "60", "0", "90", "10", "--out", out}), 3,
      "stack.igs.mha");
  expect_one_line(genu({"us", "reconstruct", stack, "--setup", setup, "--spacing-mm", "0", "--out", out}), 2,
                  "--spacing-mm");
  expect_one_line(genu({"us", "reconstruct", stack, "--setup", setup, "--spacing-mm", "0.01", "--out", out}),
                  3, "stack.igs.mha");
  expect_one_line(genu({"us", "reconstruct", stack, "--setup", setup, "--clip", "0", "0", "--out", out}), 2,
                  "--clip");
  expect_one_line(genu({"us", "reconstruct", stack, "--compounding", "median", "--out", out}), 2,
                  "--compounding");
  expect_one_line(genu({"us", "reconstruct", scratch / "absent.igs.mha", "--setup", setup, "--out", out}), 3,
                  "absent.igs.mha");
  EXPECT_FALSE(fs::exists(out));
}

}  // namespace

}  // namespace genu::testing
