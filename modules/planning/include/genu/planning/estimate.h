// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <genu/core/geometry.h>
#include <genu/core/tissue.h>
#include <genu/planning/anatomy.h>
#include <genu/registration/similarity.h>

namespace genu::planning {

/// How much each bone carries a place, in the order of all_bones; sums to 1.
using BoneWeights = std::array<double, all_bones.size()>;

/// An elliptical section of a tube, in knee coordinates (KneeFrame::coordinates).
struct TableSection {
  Vector3 centre_mm;
  Vector3 major_half_axis_mm;
  double minor_half_axis_mm = 0.0;
  BoneWeights bones{};
};

/// A vessel, nerve, tendon or ligament as sections along its course, or courses where it has several parts.
struct TableStructure {
  std::string name;
  StructureKind kind = StructureKind::vessel;
  double spread_sd_mm = 0.0;  ///< How far it lies elsewhere in other people, in each direction across it.
  std::string source;
  std::vector<std::vector<TableSection>> courses;
};

/// The skin as rings around the limb, the lowest first, all with equally many points.
struct TableSkin {
  struct Ring {
    BoneWeights bones{};
    std::vector<Vector3> points_mm;  ///< Knee coordinates, lateral towards posterior or the other way round.
  };
  double position_sd_mm = 0.0;
  std::string source;
  std::vector<Ring> rings;
};

/// Where things lie in one knee that was measured: what segmentation of MRI does not give.
///
/// Knee coordinates are lateral, anterior and proximal in mm, so that a right and a left knee have the same.
struct AnatomyTable {
  std::string name;
  std::string origin;
  /// Points of each bone's surface with outward normals, in the order of all_bones.
  std::array<std::vector<registration::SurfaceSample>, all_bones.size()> bones;
  std::vector<TableStructure> structures;
  TableSkin skin;
};

struct EstimateOptions {
  double beyond_mm = 10.0;     ///< Structures end this far above and below what was seen of the bones.
  double bone_gap_mm = 1.0;    ///< Vessels and nerves are kept at least so far from the bones' surfaces,
  double skin_cover_mm = 3.0;  ///< and the skin so far outside of every structure.
  /// Whether to estimate a skin that is not known. Where an image was seen and shows none, there is none to
  /// plan from: a guess must not stand for it.
  bool skin = true;
  /// A bone is fitted if its surface comes to lie within this of the table's (RMS), and if this part of the
  /// table's samples found it: of 47 real knees the worst bone had 2.1 mm and 85 %. Views cut short show
  /// less. Otherwise nothing that it carries is estimated.
  double max_bone_rms_mm = 4.0;
  double min_matched_part = 0.35;
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// How the table's bones lie in one knee. Both spaces are knee coordinates.
struct BoneFits {
  /// In the order of all_bones; none where a bone could not be fitted.
  std::array<std::optional<registration::SimilarityFit>, all_bones.size()> of_bone;
  std::vector<std::string> notes;  ///< One a bone: its error, or why it could not be fitted.

  /// Returns true if every bone that carries anything of it was fitted.
  bool carries(const BoneWeights& bones) const;
  /// Returns where a place of the table lies in the knee: each bone's opinion, weighted.
  /// \throws InvalidInput if a bone that carries it was not fitted.
  Vector3 carried(const Vector3& table_mm, const BoneWeights& bones) const;
};

/// Returns the similarities that bring the table's bones onto the segmented ones of an anatomy.
/// \param seen grid of the labels: what its border closed is no bone surface
BoneFits fit_bones(const Anatomy& anatomy, const AnatomyTable& table, const ImageGeometry& seen,
                   const EstimateOptions& options = {});

/// Returns the anatomy with each structure of the table that it lacked, and the skin if it had none, carried
/// from the table by its bones, as "estimated" with its standard deviation: that of the table and the RMS of
/// the bones' fit together.
///
/// Each is a closed surface (the skin an open one). Vessels and nerves that would run through a segmented
/// bone are moved out of it. What is estimated leaves `missing`; `notes` says what was estimated, from what,
/// and how well the bones fit. Where a bone could not be fitted, what it carries stays missing.
/// \throws InvalidInput if the table's sections or rings are not what they should be.
Anatomy add_estimated(Anatomy anatomy, const AnatomyTable& table, const ImageGeometry& seen,
                      const EstimateOptions& options = {});

}  // namespace genu::planning
