// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/mesh.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/core/volume.h>

namespace genu::planning {

/// Kinds of structure that a needle must keep away from.
enum class StructureKind { bone, cartilage, tendon, ligament, vessel, nerve, meniscus };
inline constexpr std::array all_structure_kinds{
    StructureKind::bone,   StructureKind::cartilage, StructureKind::tendon,  StructureKind::ligament,
    StructureKind::vessel, StructureKind::nerve,     StructureKind::meniscus};
std::string_view name(StructureKind kind);
/// Returns the kind of a structure that an anatomy may hold, by its name; nothing for a name it does not
/// know.
std::optional<StructureKind> kind_of_structure(std::string_view name);

struct Structure {
  std::string name;  ///< "femur", "popliteal_artery", ...
  StructureKind kind = StructureKind::bone;
  TriangleMesh surface;         ///< Closed.
  std::string source;           ///< "segmented" or "estimated".
  double position_sd_mm = 0.0;  ///< Of an estimated one, across its course: how far it may lie elsewhere.
};

/// A place where a tendon is interrupted along its course.
struct TendonGap {
  std::string tendon;  ///< "patellar_tendon"
  Point3 centre;       ///< In the gap.
  double length_mm = 0.0;
};

/// All that a plan is made against, in patient space.
struct Anatomy {
  KneeFrame frame;
  /// The skin; empty if it is not known. Open where the field of view cuts the limb: a cut face is not skin.
  TriangleMesh skin;
  std::string skin_source;  ///< "labels", "image", "estimated ..." with its origin, or why there is none.
  double skin_sd_mm = 0.0;  ///< Of an estimated skin, across it.
  std::vector<Structure> structures;
  std::vector<TendonGap> tendon_gaps;
  TriangleMesh recess;               ///< Suprapatellar recess; empty if unknown.
  std::vector<std::string> missing;  ///< Structures that could not be had, by name; every plan says so.
  std::vector<std::string> notes;    ///< How what is estimated was estimated, and how well it fits.
};

/// Returns true if labels alone tell where the limb ends: skin is its outermost tissue all around it.
///
/// Fat and muscle do not tell: labelled in part, they end centimetres under the skin.
bool labels_hold_skin(const LabelMap& labels);

/// Returns the anatomy of a labelled knee. `body` (1 inside the limb) gives the skin where labels do not.
///
/// Where labels hold the skin, everything labelled is limb. The limb is made solid (largest part, holes
/// filled) and its surface taken at about 1 mm. The recess is no structure to keep away from. \throws
/// InvalidInput if `body` holds no voxel that is not 0.
Anatomy build_anatomy(const LabelMap& labels, const KneeFrame& frame,
                      const Volume<std::uint8_t>* body = nullptr, const Progress& progress = {});

}  // namespace genu::planning
