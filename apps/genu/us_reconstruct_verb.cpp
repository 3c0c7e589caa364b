// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/core/text.h>
#include <genu/io/files.h>
#include <genu/io/reconstruction_files.h>
#include <genu/io/volume_files.h>
#include <genu/render/frame_figure.h>
#include <genu/ultrasound/reconstruct.h>

#include "inputs.h"
#include "protocol.h"
#include "us_inputs.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct ReconstructWords {
  SweepSource source;
  std::string frame = "Reference";
  ultrasound::ReconstructionOptions options;
  std::string compounding = "mean";
  std::vector<int> clip;
  fs::path out;
  bool replace = false;
};

ultrasound::Compounding compounding_named(const std::string& word) {
  if (word == "maximum") return ultrasound::Compounding::maximum;
  return word == "latest" ? ultrasound::Compounding::latest : ultrasound::Compounding::mean;
}

/// Returns the slice through the middle of the volume, across one of its axes.
Frame middle_slice(const Volume<float>& volume, int axis) {
  const GridSize& size = volume.geometry().size();
  const int across = axis == 0 ? 1 : 0, down = axis == 2 ? 1 : 2;
  Frame frame{static_cast<int>(size[static_cast<std::size_t>(across)]),
              static_cast<int>(size[static_cast<std::size_t>(down)]),
              1,
              {}};
  for (int y = 0; y < frame.height; ++y)
    for (int x = 0; x < frame.width; ++x) {
      std::array<std::int64_t, 3> at{};
      at[static_cast<std::size_t>(axis)] = size[static_cast<std::size_t>(axis)] / 2;
      at[static_cast<std::size_t>(across)] = x;
      at[static_cast<std::size_t>(down)] = y;
      frame.pixels.push_back(static_cast<std::uint8_t>(std::lround(volume[{at[0], at[1], at[2]}])));
    }
  return frame;
}

ExitCode reconstruct(const ReconstructWords& words, const Session& session) {
  io::FolderTransaction folder(
      words.out,
      {.replace = words.replace, .inputs = files_of(words.source), .document = "reconstruction.json"});
  const Sweep sweep = read_sweep(words.source, session);
  require_way(sweep.recording, sweep.always, words.source.recording, "Image", words.frame);
  ultrasound::ReconstructionOptions options = words.options;
  options.compounding = compounding_named(words.compounding);
  if (!words.clip.empty()) options.clip = {words.clip[0], words.clip[1], words.clip[2], words.clip[3]};
  const auto begin = std::chrono::steady_clock::now();
  const auto made = with_context("reconstructing " + words.source.recording.string(), [&] {
    return ultrasound::reconstruct(sweep.recording, sweep.always, words.frame, options,
                                   session.progress().part(0.2, 0.9));
  });
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::vector<std::string> inputs;
  for (const fs::path& file : files_of(words.source)) inputs.push_back(file.string());
  const io::Case named = new_case("reconstruction", "baseline", inputs);
  io::write_volume(folder.path() / "volume.nrrd", made.volume);
  io::write_volume(folder.path() / "coverage.nrrd", made.coverage);
  io::write_text(folder.path() / "reconstruction.json",
                 io::to_json(made, words.frame, options,
                             {named.inputs, named.created, named.genu_version, sweep.remarks}));
  const Vector3 s = made.volume.geometry().spacing_mm();
  const std::array<std::pair<const char*, PixelSize>, 3> slices{
      {{"slice_x.png", {s.y, s.z}}, {"slice_y.png", {s.x, s.z}}, {"slice_z.png", {s.x, s.y}}}};
  for (int axis = 0; axis < 3; ++axis) {
    const auto& [name, pixel] = slices[static_cast<std::size_t>(axis)];
    render::write_png(folder.path() / name,
                      render::frame_figure(middle_slice(made.volume, axis), {.pixel = pixel}));
  }
  folder.commit(session.progress());
  const GridSize& size = made.volume.geometry().size();
  std::size_t seen = 0, filled = 0;
  for (const std::uint8_t c : made.coverage.voxels()) {
    seen += c == 1 ? 1 : 0;
    filled += c == 2 ? 1 : 0;
  }
  const auto all = static_cast<double>(made.coverage.voxels().size());
  session.print(std::to_string(made.frames_used) + " pictures in " + words.frame + ", " +
                std::to_string(made.without_pose) + " left out without a sound pose, " +
                std::to_string(made.without_image) + " without an image; " + fixed(seconds, 2) + " s (" +
                fixed(static_cast<double>(made.frames_used) / seconds, 0) + " pictures a second).\n" +
                std::to_string(size[0]) + " x " + std::to_string(size[1]) + " x " + std::to_string(size[2]) +
                " voxels: " + fixed(100.0 * static_cast<double>(seen) / all, 1) + " % seen, " +
                fixed(100.0 * static_cast<double>(filled) / all, 1) +
                " % filled between seen ones.\nWritten: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<ReconstructWords>();
  add_sweep_options(parser, words->source);
  parser.add_option("--frame", words->frame, "Coordinate frame along whose axes the volume lies")
      ->capture_default_str();
  parser.add_option("--spacing-mm", words->options.spacing_mm, "Size of a voxel")
      ->check(within(0.01, 50.0))
      ->capture_default_str();
  parser
      .add_option("--max-gap-mm", words->options.max_gap_mm,
                  "Widest gap between seen voxels to fill; 0 fills none")
      ->check(within(0.0, 1000.0))
      ->capture_default_str();
  parser.add_option("--clip", words->clip, "Part of each picture: first column and row, columns, rows")
      ->expected(4)
      ->type_name("X Y W H");
  parser.add_option("--compounding", words->compounding, "mean, maximum or latest of what fell on a voxel")
      ->check(CLI::IsMember({"mean", "maximum", "latest"}))
      ->type_name("mean|maximum|latest")
      ->capture_default_str();
  parser
      .add_option("-o,--out", words->out,
                  "Folder to make: volume.nrrd, coverage.nrrd (0 unknown, 1 seen, 2 filled), "
                  "reconstruction.json, three slices")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return reconstruct(*words, session); };
}

}  // namespace

Verb us_reconstruct_verb() {
  return {
      .name = "reconstruct",
      .summary = "Puts a tracked sweep together to a volume",
      .description =
          "Spreads each picture's pixels over the voxels about them and fills gaps between seen voxels; "
          "nothing is filled beyond what was seen. In volume.nrrd 0 is black or unknown: coverage.nrrd says "
          "which. Pictures without a sound pose are left out, and told. "
          "The volume lies along the axes of a frame of the tracker, not of a patient.",
      .examples = {{"genu us reconstruct sweep.igs.mha --setup PlusDeviceSet.xml --out volume", "A sweep."},
                   {"genu us reconstruct sweep.igs.mha --setup image/setup.xml --spacing-mm 0.3 --clip 100 "
                    "40 600 500 --out volume",
                    "Finer, and without the machine's words around the picture."}},
      .references = {"Gobbi DG and Peters TM 2002, MICCAI, LNCS 2489:156.",
                     "Lasso A et al. 2014, IEEE Transactions on Biomedical Engineering 61:2527."},
      .declare = declare};
}

}  // namespace genu::app
