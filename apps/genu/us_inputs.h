// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/io/tracked_files.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/clip.h>

namespace CLI {  // NOLINT(readability-identifier-naming): the parser's own name
class App;
class Option;
}  // namespace CLI

// What several verbs of "genu us" read, and the options that name it.
namespace genu::app {

class Session;

/// A recording, and the files that say what always holds.
struct SweepSource {
  std::filesystem::path recording;
  std::vector<std::filesystem::path> setups;
  std::optional<double> depth_mm;
};
/// Adds --depth-mm.
CLI::Option* add_depth_option(CLI::App& parser, std::optional<double>& depth_mm);
/// Adds RECORDING, --setup and --depth-mm.
void add_sweep_options(CLI::App& parser, SweepSource& source);
/// Returns every file that the source names.
std::vector<std::filesystem::path> files_of(const SweepSource& source);

/// Returns the set-ups one after the other: of two transforms between the same frames the later one holds,
/// and the last phantom; the remarks of all. `shipped` "fcal_2.0" is the one that ships.
io::TrackedSetup read_setups(const std::vector<std::filesystem::path>& files);

/// Returns true if a frame of the recording shows an image.
bool shows_image(const ultrasound::TrackedSequence& recording);
/// Returns true if a file's name says that it is a tracked recording.
bool is_tracked(const std::filesystem::path& file);
/// Returns why a set-up's calibrations do not hold for pictures; empty if they do.
std::string reasons_against(const io::TrackedSetup& setup, const ultrasound::ImageSetup& pictures);
/// Returns what could not be checked of them, a line each.
std::vector<std::string> cautions_about(const io::TrackedSetup& setup,
                                        const ultrasound::ImageSetup& pictures);

struct Sweep {
  ultrasound::TrackedSequence recording;
  io::TrackedSetup setup;
  ultrasound::CoordinateFrames always;
  std::vector<std::string> remarks;  ///< What was assumed, and what could not be checked of calibrations.
};
/// Refuses a recording whose pictures are not those that the set-up's calibrations hold for.
/// \throws InvalidInput naming the reasons
void refuse_calibration_of_others(const io::TrackedSetup& setup, const ultrasound::TrackedSequence& recording,
                                  const std::filesystem::path& file, const std::optional<double>& depth_mm);
/// Notes what is to be minded of a file.
void note_remarks(const std::vector<std::string>& remarks, const std::filesystem::path& file,
                  const Session& session);
/// Makes sure that in some frame of a sweep sound poses lead from one coordinate frame to another.
/// \throws InvalidInput naming the file, the frames and what is amiss in the first frame
void require_way(const ultrasound::TrackedSequence& sweep, const ultrasound::CoordinateFrames& always,
                 const std::filesystem::path& file, std::string_view from, std::string_view to);
/// \throws InvalidInput as refuse_calibration_of_others
Sweep read_sweep(const SweepSource& source);
/// The same, with the remarks noted.
Sweep read_sweep(const SweepSource& source, const Session& session);

/// Returns the pictures of a recording as they are used, with the depth that was said.
/// \throws InvalidInput as ultrasound::image_setup_of, and where the recording says another depth
ultrasound::ImageSetup pictures_of(const ultrasound::TrackedSequence& recording,
                                   const std::optional<double>& depth_mm);
/// Returns the same of one live frame; what it says itself goes before, as the depth may be turned at any
/// time.
ultrasound::ImageSetup pictures_of(const ultrasound::TrackedFrame& frame,
                                   const std::optional<double>& depth_mm);

/// Ultrasound pictures from any file that Genu reads, and what a pixel of them is.
struct Pictures {
  std::vector<Frame> frames;
  std::vector<std::size_t> numbers;  ///< Of each in its file, from 1: those that show nothing are left out.
  std::vector<double> times_s;       ///< One a frame; NaN where the file does not say.
  std::optional<PixelSize> pixel;
  std::string pixel_source;         ///< Where the size comes from, or why there is none.
  std::optional<PixelBounds> part;  ///< Of the pictures that is B-mode, if the file says so.
  std::vector<std::string> warnings;
};
/// The part of the pictures that the user names, and how.
struct NamedPart {
  const char* option = "";  ///< For a file whose regions differ in scale: what names one of them.
  std::optional<PixelBounds> bounds;
};
/// Reads a DICOM still or clip, a PNG or JPEG picture or a tracked recording, told apart by extension and
/// content. \param pixel_mm what the user says of pixels: one number or two; goes before the file's
Pictures read_pictures(const std::filesystem::path& file, const std::vector<double>& pixel_mm,
                       const NamedPart& part);
/// Erases the warning that there is no scale where `pixel_source` says why already.
void erase_told_twice(std::vector<std::string>& warnings, const std::string& pixel_source);
/// Adds --pixel-mm.
CLI::Option* add_pixel_option(CLI::App& parser, std::vector<double>& pixel_mm);

}  // namespace genu::app
