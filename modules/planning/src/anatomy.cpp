// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <genu/core/error.h>
#include <genu/imaging/body.h>
#include <genu/planning/anatomy.h>
#include <genu/surface/extract.h>
#include <genu/surface/measure.h>

#include "tendon_gaps.h"

namespace genu::planning {
namespace {

struct Wanted {
  std::string_view name;
  StructureKind kind;
  bool (*inside)(Tissue);
  bool (*beneath)(Tissue) = nullptr;  // The solid that a thin layer lies on.
};

template <Bone bone>
bool bone_of(Tissue t) {
  return is_part_of(t, bone);
}
template <Bone bone>
bool cartilage_of(Tissue t) {
  return is_cartilage_of(t, bone);
}
template <Tissue tissue>
bool just(Tissue t) {
  return t == tissue;
}

// Tibial cartilage is one structure, whether or not its plates have labels of their own.
constexpr std::array wanted_structures{
    Wanted{"femur", StructureKind::bone, bone_of<Bone::femur>},
    Wanted{"tibia", StructureKind::bone, bone_of<Bone::tibia>},
    Wanted{"patella", StructureKind::bone, bone_of<Bone::patella>},
    Wanted{"fibula", StructureKind::bone, just<Tissue::fibula>},
    Wanted{"femoral_cartilage", StructureKind::cartilage, cartilage_of<Bone::femur>, bone_of<Bone::femur>},
    Wanted{"tibial_cartilage", StructureKind::cartilage, cartilage_of<Bone::tibia>, bone_of<Bone::tibia>},
    Wanted{"patellar_cartilage", StructureKind::cartilage, cartilage_of<Bone::patella>,
           bone_of<Bone::patella>},
    Wanted{"patellar_tendon", StructureKind::tendon, just<Tissue::patellar_tendon>},
    Wanted{"quadriceps_tendon", StructureKind::tendon, just<Tissue::quadriceps_tendon>},
    Wanted{"iliotibial_tract", StructureKind::tendon, just<Tissue::iliotibial_tract>},
    Wanted{"popliteus_tendon", StructureKind::tendon, just<Tissue::popliteus_tendon>},
    Wanted{"biceps_femoris_tendon", StructureKind::tendon, just<Tissue::biceps_femoris_tendon>},
    Wanted{"pes_anserinus_tendon", StructureKind::tendon, just<Tissue::pes_anserinus_tendon>},
    Wanted{"anterior_cruciate_ligament", StructureKind::ligament, just<Tissue::anterior_cruciate_ligament>},
    Wanted{"posterior_cruciate_ligament", StructureKind::ligament, just<Tissue::posterior_cruciate_ligament>},
    Wanted{"medial_collateral_ligament", StructureKind::ligament, just<Tissue::medial_collateral_ligament>},
    Wanted{"lateral_collateral_ligament", StructureKind::ligament, just<Tissue::lateral_collateral_ligament>},
    Wanted{"popliteal_artery", StructureKind::vessel, just<Tissue::popliteal_artery>},
    Wanted{"popliteal_vein", StructureKind::vessel, just<Tissue::popliteal_vein>},
    Wanted{"superior_medial_genicular_artery", StructureKind::vessel,
           just<Tissue::superior_medial_genicular_artery>},
    Wanted{"superior_lateral_genicular_artery", StructureKind::vessel,
           just<Tissue::superior_lateral_genicular_artery>},
    Wanted{"middle_genicular_artery", StructureKind::vessel, just<Tissue::middle_genicular_artery>},
    Wanted{"great_saphenous_vein", StructureKind::vessel, just<Tissue::great_saphenous_vein>},
    Wanted{"small_saphenous_vein", StructureKind::vessel, just<Tissue::small_saphenous_vein>},
    Wanted{"tibial_nerve", StructureKind::nerve, just<Tissue::tibial_nerve>},
    Wanted{"common_peroneal_nerve", StructureKind::nerve, just<Tissue::common_peroneal_nerve>},
    Wanted{"saphenous_nerve", StructureKind::nerve, just<Tissue::saphenous_nerve>},
    Wanted{"medial_meniscus", StructureKind::meniscus, just<Tissue::medial_meniscus>},
    Wanted{"lateral_meniscus", StructureKind::meniscus, just<Tissue::lateral_meniscus>},
};

// The skin is smooth and far larger than any other surface: a millimetre is fine enough for an entry, and
// keeps its triangles in the hundred thousands.
constexpr double skin_grid_mm = 1.0;
// Skin at the knee is about this thick (1.5 to 2 mm): between voxels further apart it may go unseen.
constexpr double skin_thickness_mm = 2.0;
// Labels tell where the limb ends if they call this much of its edge skin; the rest is theirs to get wrong.
constexpr double enough_skin = 0.9;
// Images fade out or are blanked over up to this much at the ends of the limb, so that the body found in them
// ends before the grid does.
constexpr double blanked_end_mm = 10.0;
// A surface within this of the limb's axis there is a cut face and not skin.
constexpr double blanked_end_tilt_deg = 45.0;

// Takes every n-th voxel along each axis, so that the spacing is about `skin_grid_mm`.
template <typename T>
Volume<T> coarse(const Volume<T>& from) {
  const ImageGeometry& fine = from.geometry();
  const Vector3 s = fine.spacing_mm();
  const std::array<double, 3> spacing{s.x, s.y, s.z};
  std::array<std::int64_t, 3> step{}, first{};
  GridSize size{};
  for (std::size_t a = 0; a < 3; ++a) {
    step[a] = std::clamp<std::int64_t>(std::llround(skin_grid_mm / spacing[a]), 1, fine.size()[a]);
    size[a] = fine.size()[a] / step[a];
    first[a] = (fine.size()[a] - 1 - (size[a] - 1) * step[a]) / 2;
  }
  const ImageGeometry grid(size, fine.to_patient(VoxelIndex{first[0], first[1], first[2]}),
                           {s.x * static_cast<double>(step[0]), s.y * static_cast<double>(step[1]),
                            s.z * static_cast<double>(step[2])},
                           fine.direction());
  Volume<T> some(grid);
  for (std::size_t v = 0; v < some.voxels().size(); ++v) {
    const VoxelIndex at = grid.index_of(v);
    some.voxels()[v] =
        from[{first[0] + at.i * step[0], first[1] + at.j * step[1], first[2] + at.k * step[2]}];
  }
  return some;
}

// Returns the limb on a grid of about `skin_grid_mm`: what is not `T{}`, made solid.
template <typename T>
Volume<std::uint8_t> limb_of(const Volume<T>& coarse) {
  Volume<std::uint8_t> mask(coarse.geometry());
  for (std::size_t v = 0; v < mask.voxels().size(); ++v) mask.voxels()[v] = coarse.voxels()[v] != T{};
  return imaging::solid_limb(mask);
}

/// Tells the cut faces of a limb's surface, where the field of view ends, from its skin.
class CutFaces {
 public:
  explicit CutFaces(const Volume<std::uint8_t>& limb)
      : limb_(limb), grid_(limb.geometry()), along_(imaging::axis_along_limb(grid_)) {
    const Vector3 s = grid_.spacing_mm();
    spacing_ = {s.x, s.y, s.z};
  }

  bool contain(const Point3& p, const Vector3& outward) const {
    const ContinuousIndex c = grid_.to_index(p);
    const std::array<double, 3> index{c.i, c.j, c.k};
    for (std::size_t a = 0; a < 3; ++a)
      for (const bool far_side : {false, true}) {
        const double border = far_side ? static_cast<double>(grid_.size()[a]) - 0.5 : -0.5;
        const double depth_mm = std::abs(border - index[a]) * spacing_[a];
        // Smoothing rounds the rim of a cut face over about two voxels.
        if (depth_mm < 2.0 * spacing_[a] && limb_reaches(a, far_side, index)) return true;
        const Vector3 face_normal = (far_side ? 1.0 : -1.0) * grid_.direction().column(static_cast<int>(a));
        if (a == along_ && depth_mm < blanked_end_mm &&
            angle_deg(outward, face_normal) < blanked_end_tilt_deg)
          return true;
      }
    return false;
  }

 private:
  // Returns true if the limb touches this face of the grid within two voxels of the foot of `index` on it.
  bool limb_reaches(std::size_t axis, bool far_side, const std::array<double, 3>& index) const {
    std::array<std::int64_t, 3> low{}, high{};
    for (std::size_t a = 0; a < 3; ++a) {
      low[a] = std::max<std::int64_t>(0, std::llround(index[a]) - 2);
      high[a] = std::min<std::int64_t>(grid_.size()[a] - 1, std::llround(index[a]) + 2);
    }
    low[axis] = high[axis] = far_side ? grid_.size()[axis] - 1 : 0;
    for (std::int64_t k = low[2]; k <= high[2]; ++k)
      for (std::int64_t j = low[1]; j <= high[1]; ++j)
        for (std::int64_t i = low[0]; i <= high[0]; ++i)
          if (limb_[{i, j, k}]) return true;
    return false;
  }

  const Volume<std::uint8_t>& limb_;
  const ImageGeometry& grid_;
  std::size_t along_;
  std::array<double, 3> spacing_{};
};

TriangleMesh without_cut_faces(const TriangleMesh& surface, const Volume<std::uint8_t>& limb) {
  const CutFaces cut(limb);
  const std::vector<Vector3> normals = surface::vertex_normals(surface);
  std::vector<bool> is_skin(surface.vertices().size());
  for (std::size_t v = 0; v < is_skin.size(); ++v)
    is_skin[v] = !cut.contain(surface.vertices()[v], normals[v]);
  constexpr std::uint32_t unused = 0xffffffff;
  std::vector<std::uint32_t> number(is_skin.size(), unused);
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (Triangle t : surface.triangles()) {
    if (!(is_skin[t[0]] && is_skin[t[1]] && is_skin[t[2]])) continue;
    for (auto& v : t) {
      if (number[v] == unused) {
        number[v] = static_cast<std::uint32_t>(vertices.size());
        vertices.push_back(surface.vertices()[v]);
      }
      v = number[v];
    }
    triangles.push_back(t);
  }
  return {std::move(vertices), std::move(triangles)};
}

TriangleMesh skin_around(const Volume<std::uint8_t>& limb, const Progress& progress) {
  LabelMap labels(limb.geometry());
  for (std::size_t v = 0; v < labels.voxels().size(); ++v)
    labels.voxels()[v] = limb.voxels()[v] ? Tissue::skin : Tissue::background;
  const TriangleMesh closed = surface::extract(
      labels, [](Tissue t) { return t == Tissue::skin; }, {}, progress);
  return without_cut_faces(closed, limb);
}

void add_skin(Anatomy& anatomy, const LabelMap& labels, const Volume<std::uint8_t>* body,
              const Progress& progress) {
  if (labels_hold_skin(labels)) {
    anatomy.skin = skin_around(limb_of(coarse(labels)), progress);
    anatomy.skin_source = "labels";
  } else if (body) {
    if (std::all_of(body->voxels().begin(), body->voxels().end(), [](auto v) { return v == 0; }))
      throw InvalidInput("cannot take the skin from a body mask without a voxel inside");
    anatomy.skin = skin_around(limb_of(coarse(*body)), progress);
    anatomy.skin_source = "image";
  } else {
    anatomy.skin_source = "none: the labels hold no skin around the limb, and no image was given";
  }
  if (anatomy.skin.empty()) {
    if (!anatomy.skin_source.starts_with("none"))
      anatomy.skin_source = "none: the field of view lies inside the limb";
    anatomy.missing.push_back("skin");
  }
}

}  // namespace

std::string_view name(StructureKind kind) {
  switch (kind) {
    case StructureKind::bone:
      return "bone";
    case StructureKind::cartilage:
      return "cartilage";
    case StructureKind::tendon:
      return "tendon";
    case StructureKind::ligament:
      return "ligament";
    case StructureKind::vessel:
      return "vessel";
    case StructureKind::nerve:
      return "nerve";
    case StructureKind::meniscus:
      return "meniscus";
  }
  throw InvalidInput("no kind of structure has the number " + std::to_string(static_cast<int>(kind)));
}

std::optional<StructureKind> kind_of_structure(std::string_view name) {
  for (const Wanted& wanted : wanted_structures)
    if (wanted.name == name) return wanted.kind;
  return std::nullopt;
}

bool labels_hold_skin(const LabelMap& labels) {
  const auto& all = labels.voxels();
  if (std::find(all.begin(), all.end(), Tissue::skin) == all.end()) return false;
  const LabelMap some = coarse(labels);
  const Volume<std::uint8_t> limb = limb_of(some);
  const ImageGeometry& grid = limb.geometry();
  const Vector3 s = grid.spacing_mm();
  const std::array<double, 3> spacing{s.x, s.y, s.z};
  const std::array<std::size_t, 3> stride{1, grid.offset({0, 1, 0}), grid.offset({0, 0, 1})};
  std::size_t edges = 0, of_skin = 0;
  for (std::size_t a = 0; a < 3; ++a) {
    // Not along the limb, where labels may end before the grid, nor where slices step over the skin.
    if (a == imaging::axis_along_limb(grid) || spacing[a] > skin_thickness_mm) continue;
    for (std::size_t v = 0; v + stride[a] < limb.voxels().size(); ++v) {
      const std::size_t next = v + stride[a];
      const bool same_row = v / stride[a] % static_cast<std::size_t>(grid.size()[a]) + 1 <
                            static_cast<std::size_t>(grid.size()[a]);
      if (!same_row || limb.voxels()[v] == limb.voxels()[next]) continue;
      ++edges;
      of_skin += some.voxels()[limb.voxels()[v] ? v : next] == Tissue::skin;
    }
  }
  return edges > 0 && static_cast<double>(of_skin) >= enough_skin * static_cast<double>(edges);
}

Anatomy build_anatomy(const LabelMap& labels, const KneeFrame& frame, const Volume<std::uint8_t>* body,
                      const Progress& progress) {
  Anatomy anatomy;
  anatomy.frame = frame;
  const double parts = static_cast<double>(wanted_structures.size()) + 2.0;
  double done = 0.0;
  const auto next_part = [&] {
    Progress part = progress.part(done / parts, (done + 1.0) / parts);
    done += 1.0;
    return part;
  };
  std::array<bool, 256> labelled{};
  for (const Tissue t : labels.voxels()) labelled[static_cast<std::size_t>(t)] = true;
  const auto any_labelled = [&](bool (*inside)(Tissue)) {
    return std::any_of(tissues().begin(), tissues().end(), [&](const TissueInfo& row) {
      return labelled[static_cast<std::size_t>(row.tissue)] && inside(row.tissue);
    });
  };
  for (const Wanted& wanted : wanted_structures) {
    if (!any_labelled(wanted.inside)) {
      anatomy.missing.emplace_back(wanted.name);
      next_part();
      continue;
    }
    TriangleMesh mesh = surface::extract(labels, wanted.inside, {.beneath = wanted.beneath}, next_part());
    if (mesh.empty())
      anatomy.missing.emplace_back(wanted.name);
    else
      anatomy.structures.push_back({std::string(wanted.name), wanted.kind, std::move(mesh), "segmented"});
  }
  anatomy.tendon_gaps = find_tendon_gaps(labels, frame);
  const auto in_recess = [](Tissue t) { return t == Tissue::suprapatellar_recess; };
  anatomy.recess = surface::extract(labels, in_recess, {}, next_part());
  if (anatomy.recess.empty()) anatomy.missing.emplace_back("suprapatellar_recess");
  add_skin(anatomy, labels, body, next_part());
  return anatomy;
}

}  // namespace genu::planning
