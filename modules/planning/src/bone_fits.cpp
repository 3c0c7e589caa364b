// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>

#include <genu/core/box.h>
#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/planning/estimate.h>

#include "places.h"

namespace genu::planning {
namespace {

// How far from the border of its image a surface is not anatomy: it was closed and smoothed there.
constexpr double border_mm = 1.5;

bool lies_inside(const ImageGeometry& grid, const Point3& p) {
  const ContinuousIndex at = grid.to_index(p);
  const auto within = [](double index, std::int64_t size, double spacing_mm) {
    return std::min(index + 0.5, static_cast<double>(size) - 0.5 - index) * spacing_mm >= border_mm;
  };
  const Vector3& s = grid.spacing_mm();
  return within(at.i, grid.size()[0], s.x) && within(at.j, grid.size()[1], s.y) &&
         within(at.k, grid.size()[2], s.z);
}

std::string described(const registration::SimilarityFit& fit) {
  return fixed(fit.rms_mm, 1) + " mm (RMS over " + fixed(100.0 * fit.matched_part, 0) +
         " % of its samples; scale " + fixed(fit.fixed_from_moving.scale, 2) + ")";
}

/// Fits one bone, or says in `note` why it can't be.
std::optional<registration::SimilarityFit> fit_bone(Bone bone, const Anatomy& anatomy,
                                                    const AnatomyTable& table, const ImageGeometry& seen,
                                                    const EstimateOptions& options, std::string& note) {
  note = "the " + std::string(name(bone)) + " could not be fitted to the anatomy table: ";
  const auto found = std::find_if(anatomy.structures.begin(), anatomy.structures.end(),
                                  [&](const Structure& s) { return s.name == name(bone); });
  if (found == anatomy.structures.end()) {
    note += "it is not there";
    return std::nullopt;
  }
  const auto& samples = table.bones[static_cast<std::size_t>(bone)];
  const TriangleMesh mesh = in_knee_coordinates(found->surface, anatomy.frame);
  registration::Partial bone_seen{mesh};
  for (const Point3& p : found->surface.vertices()) bone_seen.counts.push_back(lies_inside(seen, p) ? 1 : 0);
  // Patellae ride high or low; the frame says where the other two lie.
  if (bone == Bone::patella) {
    Box of_table;
    for (const registration::SurfaceSample& sample : samples) of_table.include(sample.point);
    bone_seen.patient_from_body =
        RigidTransform::translation_by(box_around(mesh.vertices()).centre() - of_table.centre());
  }
  try {
    const auto fit = registration::fit_similarity(samples, bone_seen, {.threads = options.threads});
    if (fit.rms_mm <= options.max_bone_rms_mm && fit.matched_part >= options.min_matched_part) {
      note = "the " + std::string(name(bone)) + " fits the anatomy table to " + described(fit);
      return fit;
    }
    note += "it comes only to " + described(fit);
  } catch (const NotConverged& error) {
    note += error.what();
  }
  return std::nullopt;
}

}  // namespace

bool BoneFits::carries(const BoneWeights& bones) const {
  for (std::size_t b = 0; b < bones.size(); ++b)
    if (bones[b] > 0.0 && !of_bone[b]) return false;
  return true;
}

Vector3 BoneFits::carried(const Vector3& table_mm, const BoneWeights& bones) const {
  Vector3 sum;
  for (std::size_t b = 0; b < bones.size(); ++b) {
    if (bones[b] == 0.0) continue;
    if (!of_bone[b])
      throw InvalidInput("cannot carry a place of the anatomy table: the " + std::string(name(all_bones[b])) +
                         " was not fitted");
    sum += bones[b] * (of_bone[b]->fixed_from_moving(Point3{} + table_mm) - Point3{});
  }
  return sum;
}

BoneFits fit_bones(const Anatomy& anatomy, const AnatomyTable& table, const ImageGeometry& seen,
                   const EstimateOptions& options) {
  BoneFits fits;
  for (const Bone bone : all_bones) {
    std::string note;
    fits.of_bone[static_cast<std::size_t>(bone)] = fit_bone(bone, anatomy, table, seen, options, note);
    fits.notes.push_back(std::move(note));
  }
  return fits;
}

}  // namespace genu::planning
