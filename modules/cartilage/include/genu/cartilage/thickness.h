// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include <genu/core/mesh.h>

namespace genu::cartilage {

/// What the thickness of cartilage over a place on the bone is.
enum class ThicknessMethod {
  along_normal,   ///< Length of the bone's normal inside the cartilage: the default.
  nearest_point,  ///< Distance to the nearest point of the articular surface; never more than along the
                  ///< normal.
  field_lines,    ///< Length of the line of Laplace's field from the inner face to the articular one.
};
std::string_view name(ThicknessMethod method);   ///< "normal", "nearest", "field_lines"
std::string_view title(ThicknessMethod method);  ///< "along bone normal", ...
std::optional<ThicknessMethod> thickness_method_named(std::string_view name);

struct ThicknessOptions {
  ThicknessMethod method = ThicknessMethod::along_normal;
  double max_thickness_mm = 8.0;  ///< Cartilage that reaches further out than this is not measured.
  double search_inside_mm = 2.5;  ///< The ray starts this far inside the bone, where labels may overlap.
  double max_gap_mm = 1.5;      ///< Cartilage that begins further from the bone than this is not this bone's.
  double max_tilt_deg = 60.0;   ///< Cartilage faces turned further from the ray are grazing: not measured.
  double field_step_mm = 0.35;  ///< Of the grid on which field lines are solved for.
  double smoothing_mm = 0.0;    ///< Standard deviation of `smoothed` on the result; 0 = as measured.
  unsigned threads = 0;         ///< 0 = every core; the result does not depend on it.
};

struct ThicknessMap {
  std::vector<double>
      thickness_mm;  ///< One per bone vertex, in vertex order; 0 = no cartilage, NaN = not measured.
};

/// Measures cartilage thickness over each bone vertex.
///
/// Along the normal, the value is the length of the ray inside the closed cartilage surface. Over the total
/// subchondral area the area-weighted mean is ThCtAB.Me (Eckstein et al. 2006, Osteoarthritis and Cartilage
/// 14:974). The other methods say how thick cartilage is where the normal meets some: where there is none,
/// and where it can't be told, is the same for all. Field
/// lines by Jones et al. 2000 (Human Brain Mapping 11:12) and Yezzi and Prince 2003 (IEEE Transactions on
/// Medical Imaging 22:1332). On a shell of spheres all three agree; between planes that meet at an angle,
/// nearest < field lines < normal. Invariant to rigid motion of both meshes, field lines up to what their
/// grid resolves. A ray that leaves through a face steeper than `max_tilt_deg` grazes and is not measured;
/// one that meets such a face first, above the bone, passes beside cartilage over bare bone: 0. One that is
/// longer than the way to the nearest articular point by more than such a tilt explains runs along a rim: not
/// measured. Cartilage that the ray meets a second time, beyond a gap wider than `max_gap_mm`, belongs to
/// another part of the joint and does not count. \throws InvalidInput if either mesh is empty or `bone` has a
/// vertex in no triangle.
ThicknessMap measure_thickness(const TriangleMesh& bone, const TriangleMesh& cartilage,
                               const ThicknessOptions& options = {});

/// The same along directions of the caller's choice: one unit vector per bone vertex.
/// \throws InvalidInput if their numbers differ, or a direction is not of length 1.
ThicknessMap measure_thickness(const TriangleMesh& bone, const std::vector<Vector3>& directions,
                               const TriangleMesh& cartilage, const ThicknessOptions& options = {});

/// Returns the map smoothed on the bone: over each vertex that bears cartilage, the mean of all that do,
/// weighted by a Gaussian of their straight distance and cut off at five standard deviations. What is denuded
/// and what was not measured stay as they are and weigh nothing, so that lost cartilage does not spread.
/// \throws InvalidInput if the sizes differ, or `sigma_mm` is not above 0.
ThicknessMap smoothed(const ThicknessMap& map, const TriangleMesh& bone, double sigma_mm,
                      unsigned threads = 0);

}  // namespace genu::cartilage
