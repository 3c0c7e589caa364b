// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/rigid_transform.h>
#include <genu/core/tissue.h>
#include <genu/core/vector.h>

namespace genu::phantom {

/// An articular surface of the phantom.
enum class Plate : std::uint8_t { femur, medial_tibia, lateral_tibia, patella };

/// A focal loss of cartilage with upright walls: every point of the plate nearer than half the diameter to
/// the centre, in a straight line, loses the same part of its thickness. (On a sphere or a plane its area is
/// exactly pi diameter^2 / 4.) The same u and v name the same anatomical place in a left and a right knee.
struct Defect {
  std::string name;
  Plate plate = Plate::femur;
  /// Position of the centre: mm lateral (negative: medial) of the plate's zero, which is the middle between
  /// the condyles for the femur and the middle of the plate for the others.
  double u_mm = 0.0;
  /// Tibia: mm anterior of the plate's middle. Patella: mm proximal of it. Femur: 25 mm x scale x the angle
  /// (rad) about the condyles' axis, 0 straight distal, positive towards the trochlea. So a femoral
  /// (u, v) = (-22, 0) is the medial weight-bearing part, (22, -30) the lateral posterior condyle and
  /// (1, 32) the trochlear groove.
  double v_mm = 0.0;
  /// 1 to 30.
  double diameter_mm = 8.0;
  double depth_fraction = 1.0;  ///< Part of the local thickness that is lost; 1 = denuded.
};

/// An osteophyte at the margin of a bone.
struct BoneSpur {
  Bone bone = Bone::tibia;
  bool medial = true;
  double height_mm = 4.0;  ///< How far it stands out of the bone, 1 to 10.
  double width_mm = 6.0;   ///< 2 to 12.
};

struct KneeOptions {
  Side side = Side::right;
  double scale = 1.0;  ///< Size relative to an average adult knee, 0.8 to 1.2.
  /// Mean thickness away from the margins, one a plate, 0.5 to 3.5. Towards a plate's outline it falls to 0
  /// over about 2 mm.
  double femoral_thickness_mm = 2.2;
  double medial_tibial_thickness_mm = 1.9;
  double lateral_tibial_thickness_mm = 2.3;
  double patellar_thickness_mm = 2.6;
  std::vector<Defect> defects = {};
  std::vector<BoneSpur> spurs = {};
  /// Moves the knee from its standard place, where its axes are the patient's and its joint centre lies at
  /// x = -70 mm (right) or +70 mm (left), y = z = 0, as in a scanner with the patient in the middle.
  RigidTransform patient_from_knee = {};
  /// Added to the thickness of one plate for a follow-up visit (never below 0), -5 to 0.2 mm; the bones stay
  /// where they are. Exact where the plate has its full thickness, in proportion at its margins and defects.
  double medial_tibial_change_mm = 0.0;
  double lateral_tibial_change_mm = 0.0;
  double femoral_change_mm = 0.0;
  double patellar_change_mm = 0.0;
};

class Model;

/// A parametric knee in extension whose every point is known exactly: bones as implicit surfaces, cartilage
/// as the set of points outside a bone whose distance to it is less than a known function on the bone
/// surface.
class Knee {
 public:
  /// \throws InvalidInput if an option is out of range; the message names it and its value.
  explicit Knee(const KneeOptions& options);
  ~Knee();
  Knee(Knee&&) noexcept;
  Knee& operator=(Knee&&) noexcept;

  const KneeOptions& options() const;
  const KneeFrame& frame() const;

  /// Returns the tissue at a point in patient space.
  Tissue tissue_at(const Point3& p) const;
  /// Returns the signed distance to the bone's surface in mm, negative inside, exact near the surface.
  double bone_distance_mm(Bone bone, const Point3& p) const;
  /// Returns the closest point of the bone's surface.
  Point3 closest_on_bone(Bone bone, const Point3& p) const;
  Vector3 bone_normal(Bone bone, const Point3& on_surface) const;
  /// Returns the true cartilage thickness along the bone normal at a point of the bone surface: 0 where
  /// denuded, nothing where that bone never bears cartilage.
  std::optional<double> thickness_mm(Bone bone, const Point3& on_surface) const;
  /// Returns the plate that a point of the bone surface belongs to, or nothing outside the subchondral area.
  std::optional<Plate> plate_at(Bone bone, const Point3& on_surface) const;

 private:
  friend const Model& model_of(const Knee& knee);
  struct Representation;
  std::unique_ptr<const Representation> representation_;
};

/// What is true of one plate, by quadrature on the analytic bone surface.
struct PlateTruth {
  Plate plate = Plate::femur;
  double subchondral_area_mm2 = 0.0;  ///< tAB, denuded areas included.
  double denuded_area_mm2 = 0.0;      ///< dAB
  double mean_thickness_mm = 0.0;     ///< ThCtAB.Me: denuded counts as 0.
  double cartilage_volume_mm3 = 0.0;  ///< VC
};

struct LesionTruth {
  Defect defect;
  Point3 centre;   ///< On the bone surface, patient space.
  Vector3 normal;  ///< Outward bone normal there.
  double area_mm2 = 0.0;
};

struct Truth {
  std::vector<PlateTruth> plates;
  std::vector<LesionTruth> lesions;
};

/// Returns the areas, volumes, means and lesions of the analytic model, to about 0.1 %.
///
/// \param step_mm size of the surface elements that are summed, on an average knee
/// \throws InvalidInput if `step_mm` is not between 0.05 and 2.
Truth truth_of(const Knee& knee, double step_mm = 0.4);

std::string_view name(Plate plate);  ///< "femur", "medial_tibia", "lateral_tibia", "patella"

}  // namespace genu::phantom
