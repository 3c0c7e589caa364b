// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/error.h>
#include <genu/core/geometry.h>
#include <genu/core/knee.h>
#include <genu/core/progress.h>
#include <genu/core/volume.h>

namespace genu::io {

/// Why a file or a series was refused.
enum class Refusal {
  unreadable,    ///< truncated, bad value representation, not decodable
  not_an_image,  ///< a DICOM object without pixels, such as an RT plan
  missing_geometry,
  missing_slices,
  duplicate_slices,
  uneven_gaps,
  mixed_orientations,
  mixed_sizes,
  several_times,       ///< several positions in time
  sheared_slices,      ///< slices that are shifted within their planes, as with a tilted gantry
  unsupported_pixels,  ///< colour, float, or an encoding no library here decodes
};
std::string_view name(Refusal refusal);

/// A refusal that names the file, the tag and the value.
struct RefusedItem {
  std::filesystem::path file;
  Refusal refusal = Refusal::unreadable;
  std::string tag;  ///< "(0020,0032) ImagePositionPatient", or empty
  std::string value;
  std::string message;  ///< One sentence for people, with all of the above.
};

/// What one series holds. Texts are UTF-8.
struct SeriesInfo {
  std::string series_uid;
  std::string study_uid;
  std::string patient_id;
  std::string description;
  std::string modality;
  std::string manufacturer;
  std::string study_date;
  std::optional<std::int64_t> series_number;
  /// From (0020,0060), (0020,0062), (0020,9072) and unmistakable words ("LEFT KNEE", "KNEE-RT") of the
  /// series, protocol and study descriptions; empty if these are silent or disagree.
  std::optional<Side> side;
  std::string transfer_syntax;  ///< Its name, such as "Big Endian Explicit".
  std::int64_t rows = 0;
  std::int64_t columns = 0;
  Vector3 spacing_mm;       ///< Columns, rows, slices; slice spacing 0 for a single position.
  std::string orientation;  ///< "sagittal", "coronal", "axial" or "oblique"
  Point3 first_origin;      ///< Centre of voxel (0, 0, 0), LPS.
  std::int64_t positions = 0;
  std::vector<double> echo_times_ms;  ///< One an echo, ascending; empty if the header has none.
  std::vector<std::filesystem::path> files;
  std::vector<RefusedItem> problems;  ///< Why it can't become a volume; empty if it can.
  std::vector<std::string> remarks;   ///< What does not stop it, such as sides that disagree.
};

struct FolderScan {
  std::vector<SeriesInfo> series;
  std::vector<RefusedItem> refused;  ///< DICOM files that belong to no series of images.
  std::size_t other_files = 0;       ///< Files that are not DICOM, and DICOMDIR.
};

/// Lists every DICOM series under a folder (or in one file), trusting content and not names or extensions.
///
/// Reads headers only; pixels that are cut off or missing are found all the same. Files with one series UID
/// are split by SOP class, and by image type where two lie at one position. A damaged image whose series is
/// known is one of that series' problems. Files without a preamble or meta header are read; up to 131 stray
/// bytes in front are skipped, with a remark. Links are followed once.
/// \throws IoError if the folder can't be read.
FolderScan scan_folder(const std::filesystem::path& folder, const Progress& progress = {});

/// Raised when a series can't become a volume.
class SeriesRefused : public IoError {
 public:
  explicit SeriesRefused(RefusedItem item);
  const RefusedItem& item() const { return item_; }

 private:
  RefusedItem item_;
};

struct EchoVolume {
  double echo_time_ms = 0.0;  ///< NaN if the header has none.
  Volume<float> image;
};

/// Returns one volume an echo, in order of echo time, with rescale slope and intercept applied.
///
/// Slices are ordered along row direction x column direction, so that the axes are right-handed; their
/// spacing is that of the positions. Gaps may differ by 2 % or 0.02 mm, whichever is more (positions are
/// often rounded to 0.01 mm); so may the slices' shift within their planes. Direction cosines may differ by
/// 1e-3 between slices. A single position takes SpacingBetweenSlices, else SliceThickness, else 1 mm. \throws
/// SeriesRefused with the first of the series' problems.
std::vector<EchoVolume> read_series(const SeriesInfo& series, const Progress& progress = {});

/// What a written MR series says of itself.
struct SeriesHeader {
  std::string patient_name = "Phantom^Knee";
  std::string patient_id = "PHANTOM";
  std::string series_description = "Genu phantom";
  std::string study_date = "20000101";
  Side side = Side::right;
  double echo_time_ms = 10.0;
  double repetition_time_ms = 20.0;
  std::string seed =
      "genu";  ///< Unique identifiers are derived from this text, so that a rerun gives the same ones.
};

/// Writes one classic MR image a slice into `folder` (made if absent, refused if it holds anything) as
/// IM000001.dcm and so on; the folder appears whole or not at all.
///
/// Whole numbers within -32768 .. 32767 are stored as they are. Other values are rounded to steps of largest
/// magnitude / 32767, and RescaleSlope states the step (a standard extension of the MR image); zero stays
/// zero. The volume read back lies right-handed, so a left-handed grid comes back with its k axis turned
/// round. Volumes with equal seed, patient and date share a study; with equal description and side too, a
/// series, of which each echo time is one echo. \throws IoError, InvalidInput if a value is not finite or a
/// header text doesn't fit its DICOM field.
std::vector<std::filesystem::path> write_mr_series(const std::filesystem::path& folder,
                                                   const Volume<float>& image, const SeriesHeader& header,
                                                   const Progress& progress = {});

}  // namespace genu::io
