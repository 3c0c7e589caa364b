// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/planning/estimate.h>

#include "keep_out.h"
#include "tube.h"

namespace genu::planning {
namespace {

/// The part of a knee along the leg that is estimated, in mm proximal of the frame's origin.
struct Extent {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  bool holds(double proximal_mm) const { return proximal_mm >= low && proximal_mm <= high; }
};

Extent seen_extent(const Anatomy& anatomy, double beyond_mm) {
  Extent extent;
  for (const Structure& structure : anatomy.structures)
    if (structure.kind == StructureKind::bone)
      for (const Point3& p : structure.surface.vertices()) {
        const double proximal = anatomy.frame.coordinates(p).z;
        extent.low = std::min(extent.low, proximal - beyond_mm);
        extent.high = std::max(extent.high, proximal + beyond_mm);
      }
  return extent;
}

/// Returns the place and the direction in patient space of knee coordinates.
Point3 place_at(const KneeFrame& frame, const Vector3& knee_mm) {
  return frame.at(knee_mm.x, knee_mm.y, knee_mm.z);
}
Vector3 direction_at(const KneeFrame& frame, const Vector3& knee) {
  return knee.x * frame.lateral + knee.y * frame.anterior + knee.z * frame.proximal;
}

double mean_scale(const BoneFits& fits, const BoneWeights& bones) {
  double sum = 0.0;
  for (std::size_t b = 0; b < bones.size(); ++b)
    if (bones[b] > 0.0) sum += bones[b] * fits.of_bone[b]->fixed_from_moving.scale;
  return sum;
}

/// Returns a course in patient space: the longest run of its sections within the extent.
std::vector<TubeSection> carried_course(const std::vector<TableSection>& course, const BoneFits& fits,
                                        const KneeFrame& frame, const Extent& extent) {
  std::vector<TubeSection> longest, run;
  for (const TableSection& section : course) {
    const Vector3 centre = fits.carried(section.centre_mm, section.bones);
    if (extent.holds(centre.z)) {
      const Vector3 tip = fits.carried(section.centre_mm + section.major_half_axis_mm, section.bones);
      run.push_back({place_at(frame, centre), direction_at(frame, tip - centre),
                     mean_scale(fits, section.bones) * section.minor_half_axis_mm});
    } else {
      run.clear();
    }
    if (run.size() > longest.size()) longest = run;
  }
  return longest;
}

/// Returns how far the structure may lie elsewhere: the spread between people and the error of the bones that
/// carry it.
double position_sd_mm(const TableStructure& structure, const BoneFits& fits) {
  double squares = 0.0, count = 0.0;
  for (const auto& course : structure.courses)
    for (const TableSection& section : course) {
      count += 1.0;
      for (std::size_t b = 0; b < section.bones.size(); ++b)
        if (section.bones[b] > 0.0) squares += section.bones[b] * std::pow(fits.of_bone[b]->rms_mm, 2);
    }
  return std::hypot(structure.spread_sd_mm, std::sqrt(squares / count));
}

bool carries(const BoneFits& fits, const TableStructure& structure) {
  for (const auto& course : structure.courses)
    for (const TableSection& section : course)
      if (!fits.carries(section.bones)) return false;
  return true;
}

/// Gathers names for a sentence.
void add_name(std::string& names, std::string_view name) {
  names += (names.empty() ? "" : ", ") + spaced(name);
}

void forget_missing(Anatomy& anatomy, std::string_view name) {
  std::erase(anatomy.missing, name);
}

void add_structures(Anatomy& anatomy, const AnatomyTable& table, const BoneFits& fits, const Extent& extent,
                    const EstimateOptions& options) {
  std::vector<const TriangleMesh*> bones;
  for (const Structure& structure : anatomy.structures)
    if (structure.kind == StructureKind::bone) bones.push_back(&structure.surface);
  const KeepOut out_of_bone(bones, options.bone_gap_mm, options.threads);
  std::string estimated, not_carried, not_seen, moved;
  for (const TableStructure& structure : table.structures) {
    if (std::any_of(anatomy.structures.begin(), anatomy.structures.end(),
                    [&](const Structure& s) { return s.name == structure.name; }))
      continue;
    if (!carries(fits, structure)) {
      add_name(not_carried, structure.name);
      continue;
    }
    std::vector<TriangleMesh> tubes;
    double moved_mm = 0.0;
    for (const auto& course : structure.courses) {
      std::vector<TubeSection> sections = carried_course(course, fits, anatomy.frame, extent);
      if (sections.size() < 2) continue;
      if (structure.kind == StructureKind::vessel || structure.kind == StructureKind::nerve)
        moved_mm = std::max(moved_mm, out_of_bone.move(sections));
      tubes.push_back(closed_tube(rings_of(sections)));
    }
    if (tubes.empty()) {
      add_name(not_seen, structure.name);
      continue;
    }
    anatomy.structures.push_back(
        {structure.name, structure.kind, joined(tubes), "estimated", position_sd_mm(structure, fits)});
    forget_missing(anatomy, structure.name);
    add_name(estimated, structure.name);
    if (moved_mm > 0.0) add_name(moved, structure.name + " by up to " + fixed(moved_mm, 1) + " mm");
  }
  if (!estimated.empty())
    anatomy.notes.push_back("estimated from the anatomy table '" + table.name +
                            "' and not seen: " + estimated);
  if (!moved.empty()) anatomy.notes.push_back("moved out of bone: " + moved);
  if (!not_carried.empty())
    anatomy.notes.push_back("not estimated, because a bone that carries them could not be fitted: " +
                            not_carried);
  if (!not_seen.empty())
    anatomy.notes.push_back("not estimated, because the table has them only beyond the bones seen: " +
                            not_seen);
}

void add_skin(Anatomy& anatomy, const AnatomyTable& table, const BoneFits& fits, const Extent& extent,
              const EstimateOptions& options) {
  std::vector<const TriangleMesh*> all;
  for (const Structure& structure : anatomy.structures) all.push_back(&structure.surface);
  const KeepOut over_all(all, options.skin_cover_mm, options.threads);
  std::vector<Ring> rings;
  for (const TableSkin::Ring& ring : table.skin.rings) {
    if (!fits.carries(ring.bones)) continue;
    Ring carried;
    double height = 0.0;
    for (const Vector3& p : ring.points_mm) {
      const Vector3 knee = fits.carried(p, ring.bones);
      carried.push_back(place_at(anatomy.frame, knee));
      height += knee.z / static_cast<double>(ring.points_mm.size());
    }
    if (!extent.holds(height)) continue;
    over_all.move(carried);
    rings.push_back(std::move(carried));
  }
  if (rings.size() < 2) return;
  anatomy.skin = open_tube(rings);
  anatomy.skin_source = "estimated from an atlas knee, standard deviation " +
                        fixed(table.skin.position_sd_mm, 0) + " mm: " + table.skin.source;
  anatomy.skin_sd_mm = table.skin.position_sd_mm;
  forget_missing(anatomy, "skin");
  anatomy.notes.push_back("the skin was " + anatomy.skin_source);
}

void require_sound(const AnatomyTable& table) {
  const std::string start = "cannot estimate from the anatomy table '" + table.name + "': ";
  for (const TableStructure& structure : table.structures)
    if (structure.courses.empty() || std::any_of(structure.courses.begin(), structure.courses.end(),
                                                 [](const auto& course) { return course.size() < 2; }))
      throw InvalidInput(start + structure.name + " has a course of fewer than two sections");
  for (const TableSkin::Ring& ring : table.skin.rings)
    if (ring.points_mm.size() < 3 || ring.points_mm.size() != table.skin.rings.front().points_mm.size())
      throw InvalidInput(start + "its skin has a ring of " + std::to_string(ring.points_mm.size()) +
                         " points");
}

}  // namespace

Anatomy add_estimated(Anatomy anatomy, const AnatomyTable& table, const ImageGeometry& seen,
                      const EstimateOptions& options) {
  require_sound(table);
  const BoneFits fits = fit_bones(anatomy, table, seen, options);
  const Extent extent = seen_extent(anatomy, options.beyond_mm);
  anatomy.notes.insert(anatomy.notes.end(), fits.notes.begin(), fits.notes.end());
  add_structures(anatomy, table, fits, extent, options);
  if (options.skin && anatomy.skin.empty()) add_skin(anatomy, table, fits, extent, options);
  return anatomy;
}

}  // namespace genu::planning
