// SPDX-License-Identifier: Apache-2.0
// How well an anatomy table carries one knee's structures to other knees:
//
//     anatomy_error TABLE.json DISTURBED LABELS LABEL_TABLE [LABELS LABEL_TABLE]...
//
// prints CSV: how far the bones' surfaces lie from the table's, how deep what is carried would lie in bone,
// how far it goes when the start is wrong or bones are noisy or cut, and, with the table's own knee among the
// labels (table spl_atlas), how far fibula and menisci, which no fit sees, lie from the real ones.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <numbers>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/error.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/planning/estimate.h>
#include <genu/surface/extract.h>
#include <genu/surface/query.h>

namespace {

using namespace genu;
using planning::Anatomy;
using planning::AnatomyTable;
using planning::BoneFits;
using planning::TableStructure;

struct Knee {
  std::string file;
  LabelMap labels;
  Anatomy anatomy;
};

struct Spread {
  std::vector<double> values;
  void add(double value) { values.push_back(value); }
  double mean() const {
    double sum = 0.0;
    for (const double v : values) sum += v;
    return sum / static_cast<double>(values.size());
  }
  double rms() const {
    double sum = 0.0;
    for (const double v : values) sum += v * v;
    return std::sqrt(sum / static_cast<double>(values.size()));
  }
  double percentile(double percent) const {
    std::vector<double> sorted = values;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<std::size_t>(
        std::lround(0.01 * percent * static_cast<double>(sorted.size() - 1)))];
  }
};

std::ostream& operator<<(std::ostream& out, const Spread& s) {
  if (s.values.empty()) return out << ",,,";
  return out << s.mean() << "," << s.rms() << "," << s.percentile(95.0) << "," << s.percentile(100.0);
}

const TriangleMesh* surface_of(const Anatomy& anatomy, std::string_view name) {
  for (const auto& structure : anatomy.structures)
    if (structure.name == name) return &structure.surface;
  return nullptr;
}

Point3 place_at(const KneeFrame& frame, const Vector3& knee) {
  return frame.at(knee.x, knee.y, knee.z);
}

/// Returns what the bench needs of a knee: its bones, and menisci where they are labelled.
Anatomy bones_of(const LabelMap& labels, const KneeFrame& frame) {
  Anatomy anatomy;
  anatomy.frame = frame;
  const auto add = [&](std::string_view name, planning::StructureKind kind,
                       const surface::TissueTest& inside) {
    TriangleMesh mesh = surface::extract(labels, inside);
    if (!mesh.empty()) anatomy.structures.push_back({std::string(name), kind, std::move(mesh), "segmented"});
  };
  for (const Bone bone : all_bones)
    add(name(bone), planning::StructureKind::bone, [bone](Tissue t) { return is_part_of(t, bone); });
  add("fibula", planning::StructureKind::bone, [](Tissue t) { return t == Tissue::fibula; });
  for (const Tissue meniscus : {Tissue::medial_meniscus, Tissue::lateral_meniscus})
    add(info(meniscus).name, planning::StructureKind::meniscus,
        [meniscus](Tissue t) { return t == meniscus; });
  return anatomy;
}

/// Returns the knee's frame, from every other voxel across the slices' planes: the fit forgives far more.
KneeFrame frame_of(const LabelMap& labels) {
  const ImageGeometry& fine = labels.geometry();
  const Vector3 s = fine.spacing_mm();
  const std::array<double, 3> spacing{s.x, s.y, s.z};
  std::array<std::int64_t, 3> step{};
  GridSize size{};
  for (std::size_t a = 0; a < 3; ++a) {
    step[a] = spacing[a] < 0.5 ? 2 : 1;
    size[a] = (fine.size()[a] + step[a] - 1) / step[a];
  }
  const auto grown = [&](std::size_t a) { return spacing[a] * static_cast<double>(step[a]); };
  LabelMap coarse(ImageGeometry(size, fine.origin(), {grown(0), grown(1), grown(2)}, fine.direction()));
  for (std::size_t v = 0; v < coarse.voxels().size(); ++v) {
    const VoxelIndex at = coarse.geometry().index_of(v);
    coarse.voxels()[v] = labels[{at.i * step[0], at.j * step[1], at.k * step[2]}];
  }
  return cartilage::measure_knee(coarse).frame;
}

/// Returns the middle of every section of a structure where the knee has it, in knee coordinates.
std::vector<Vector3> centres(const TableStructure& structure, const BoneFits& fits) {
  std::vector<Vector3> all;
  for (const auto& course : structure.courses)
    for (const auto& section : course)
      if (fits.carries(section.bones)) all.push_back(fits.carried(section.centre_mm, section.bones));
  return all;
}

void print_bones(const Knee& knee, const AnatomyTable& table, const BoneFits& fits) {
  for (const Bone bone : all_bones) {
    const auto& fit = fits.of_bone[static_cast<std::size_t>(bone)];
    std::cout << "bone," << knee.file << "," << name(knee.anatomy.frame.side) << "," << name(bone) << ",";
    if (!fit) {
      std::cout << "not fitted: " << fits.notes[static_cast<std::size_t>(bone)] << "\n";
      continue;
    }
    const surface::MeshQuery query(*surface_of(knee.anatomy, name(bone)));
    Spread distances;
    for (const auto& sample : table.bones[static_cast<std::size_t>(bone)]) {
      const Point3 p = fit->fixed_from_moving(sample.point);
      const double d = query.closest(place_at(knee.anatomy.frame, p - Point3{})).distance_mm;
      if (d < 8.0) distances.add(d);
    }
    std::cout << fit->fixed_from_moving.scale << "," << fit->matched_part << "," << fit->rms_mm << ","
              << distances << "\n";
  }
}

/// How deep structures would lie in bone if nothing moved them out, and how far the skin is from bone.
void print_depths(const Knee& knee, const AnatomyTable& table) {
  const Anatomy carried =
      planning::add_estimated(knee.anatomy, table, knee.labels.geometry(), {.bone_gap_mm = -1e3});
  const Anatomy moved = planning::add_estimated(knee.anatomy, table, knee.labels.geometry());
  std::vector<surface::MeshQuery> bones;
  for (const auto& structure : carried.structures)
    if (structure.kind == planning::StructureKind::bone) bones.emplace_back(structure.surface);
  for (std::size_t s = 0; s < carried.structures.size(); ++s) {
    const auto& structure = carried.structures[s];
    // The others are fixed in bone or glide on it.
    if (structure.kind != planning::StructureKind::vessel && structure.kind != planning::StructureKind::nerve)
      continue;
    const auto deepest = [&](const TriangleMesh& mesh) {
      double least = 1e9;
      for (const surface::MeshQuery& bone : bones)
        for (const Point3& p : mesh.vertices()) least = std::min(least, bone.signed_distance_mm(p));
      return least;
    };
    double way = 0.0;
    const surface::MeshQuery before(structure.surface);
    for (const Point3& p : moved.structures[s].surface.vertices())
      way = std::max(way, before.closest(p).distance_mm);
    std::cout << "depth," << knee.file << "," << structure.name << "," << deepest(structure.surface) << ","
              << deepest(moved.structures[s].surface) << "," << way << "," << structure.position_sd_mm
              << "\n";
  }
  if (carried.skin.empty()) return;
  const surface::MeshQuery skin(carried.skin);
  double low = 1e9, high = -1e9;
  for (const Point3& p : carried.skin.vertices()) {
    low = std::min(low, knee.anatomy.frame.coordinates(p).z);
    high = std::max(high, knee.anatomy.frame.coordinates(p).z);
  }
  for (const auto& structure : carried.structures) {
    double least = 1e9;
    for (const Point3& p : structure.surface.vertices()) {
      // Beyond the open ends of the skin, which lie askew, sides mean nothing.
      const double z = knee.anatomy.frame.coordinates(p).z;
      if (z > low + 25.0 && z < high - 25.0) least = std::min(least, -skin.signed_distance_mm(p));
    }
    std::cout << "under_skin," << knee.file << "," << structure.name << "," << least << "\n";
  }
}

TriangleMesh mapped(const TriangleMesh& mesh, const std::function<Point3(const Point3&)>& map) {
  std::vector<Point3> vertices;
  for (const Point3& p : mesh.vertices()) vertices.push_back(map(p));
  return {std::move(vertices), mesh.triangles()};
}

/// Prints how far places go against those of the undisturbed knee; `back` undoes what was done to space.
void print_shift(const Knee& knee, const AnatomyTable& table, const BoneFits& still, const Anatomy& disturbed,
                 const ImageGeometry& seen, const std::string& what, double scale = 1.0) {
  const BoneFits fits = planning::fit_bones(disturbed, table, seen);
  for (const TableStructure& structure : table.structures) {
    const auto a = centres(structure, still), b = centres(structure, fits);
    Spread shift;
    for (std::size_t n = 0; n < a.size() && a.size() == b.size(); ++n) {
      const Point3 back = Point3{} + (place_at(disturbed.frame, b[n]) - knee.anatomy.frame.origin) / scale;
      shift.add(distance(back, Point3{} + (place_at(knee.anatomy.frame, a[n]) - knee.anatomy.frame.origin)));
    }
    std::cout << "shift," << knee.file << "," << what << "," << structure.name << "," << shift << "\n";
  }
}

void print_disturbed(const Knee& knee, const AnatomyTable& table, const BoneFits& fits) {
  const Anatomy& bones = knee.anatomy;
  const ImageGeometry& seen = knee.labels.geometry();
  const KneeFrame& frame = bones.frame;
  for (const double sign : {-1.0, 1.0}) {
    for (const Vector3& axis : {frame.lateral, frame.anterior, frame.proximal}) {
      Anatomy turned = bones;
      const RigidTransform turn = RigidTransform::rotation_about(frame.origin, axis, 10.0 * sign);
      turned.frame = {frame.side, frame.origin, turn(frame.lateral), turn(frame.anterior),
                      turn(frame.proximal)};
      print_shift(knee, table, fits, turned, seen, "frame turned 10 deg");
      Anatomy shifted = bones;
      shifted.frame.origin += 5.0 * sign * axis;
      print_shift(knee, table, fits, shifted, seen, "frame shifted 5 mm");
    }
    Anatomy scaled = bones;
    const double scale = 1.0 + 0.05 * sign;
    const auto grown = [&](const Point3& p) { return frame.origin + scale * (p - frame.origin); };
    for (auto& bone : scaled.structures) bone.surface = mapped(bone.surface, grown);
    const ImageGeometry grid(seen.size(), grown(seen.origin()), scale * seen.spacing_mm(), seen.direction());
    print_shift(knee, table, fits, scaled, grid, "bones scaled 5 %", scale);
  }
  // Bones badly outlined: waves of 8 to 20 mm, 0.7 mm high in each direction (RMS).
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal;
  std::uniform_real_distribution<double> phase(0.0, 2.0 * std::numbers::pi), wavelength_mm(8.0, 20.0);
  struct Wave {
    Vector3 along, height_mm;
    double phase;
  };
  constexpr int wave_count = 12;
  std::vector<Wave> waves;
  for (int w = 0; w < wave_count; ++w) {
    const Vector3 direction = normalized({normal(random), normal(random), normal(random)});
    const Vector3 height{normal(random), normal(random), normal(random)};
    waves.push_back({2.0 * std::numbers::pi / wavelength_mm(random) * direction,
                     0.7 * std::sqrt(2.0 / wave_count) * height, phase(random)});
  }
  Anatomy noisy = bones;
  for (auto& bone : noisy.structures)
    bone.surface = mapped(bone.surface, [&](const Point3& p) {
      Point3 at = p;
      for (const Wave& wave : waves)
        at += std::sin(dot(wave.along, p - Point3{}) + wave.phase) * wave.height_mm;
      return at;
    });
  print_shift(knee, table, fits, noisy, seen, "bones badly outlined");
}

/// Prints shifts after the field of view has lost a slab at either end of the leg.
void print_cut(const Knee& knee, const AnatomyTable& table, const BoneFits& fits, double cut_mm) {
  const ImageGeometry& grid = knee.labels.geometry();
  std::size_t axis = 0;
  for (std::size_t a = 1; a < 3; ++a)
    if (std::abs(dot(grid.direction().column(static_cast<int>(a)), knee.anatomy.frame.proximal)) >
        std::abs(dot(grid.direction().column(static_cast<int>(axis)), knee.anatomy.frame.proximal)))
      axis = a;
  const Vector3 s = grid.spacing_mm();
  const auto lost = static_cast<std::int64_t>(std::lround(cut_mm / std::array{s.x, s.y, s.z}[axis]));
  const bool up = dot(grid.direction().column(static_cast<int>(axis)), knee.anatomy.frame.proximal) > 0.0;
  for (const bool low_end : {true, false}) {
    std::array<std::int64_t, 3> first{};
    GridSize size = grid.size();
    size[axis] -= lost;
    if (low_end) first[axis] = lost;
    const VoxelIndex start{first[0], first[1], first[2]};
    LabelMap part(cropped(grid, start, size));
    for (std::size_t v = 0; v < part.voxels().size(); ++v) {
      const VoxelIndex at = part.geometry().index_of(v);
      part.voxels()[v] = knee.labels[{at.i + start.i, at.j + start.j, at.k + start.k}];
    }
    print_shift(knee, table, fits, bones_of(part, knee.anatomy.frame), part.geometry(),
                std::string(low_end == up ? "foot" : "hip") + " end cut by " +
                    std::to_string(std::lround(cut_mm)) + " mm");
  }
}

/// Prints how far fibula and menisci, carried from the table's own knee, lie from the real ones.
void print_unseen(const Knee& from, const Knee& to, const BoneFits& fits) {
  // As add_estimated carries what runs past the joint.
  const auto weights = [](double proximal_mm) {
    const double t = std::clamp((proximal_mm + 10.0) / 20.0, 0.0, 1.0), femur = t * t * (3.0 - 2.0 * t);
    return planning::BoneWeights{femur, 1.0 - femur, 0.0};
  };
  for (const char* name : {"fibula", "medial_meniscus", "lateral_meniscus"}) {
    const TriangleMesh *there = surface_of(from.anatomy, name), *here = surface_of(to.anatomy, name);
    if (!there || !here) continue;
    const surface::MeshQuery real(*here);
    Vector3 low{1e9, 1e9, 1e9}, high = -low;
    for (const Point3& p : here->vertices()) {
      const Vector3 c = to.anatomy.frame.coordinates(p);
      low = {std::min(low.x, c.x), std::min(low.y, c.y), std::min(low.z, c.z)};
      high = {std::max(high.x, c.x), std::max(high.y, c.y), std::max(high.z, c.z)};
    }
    Spread distances;
    Vector3 sum, real_sum;
    double count = 0.0, real_count = 0.0, lowest = 1e9;
    for (const Point3& p : there->vertices()) {
      const Vector3 table_mm = from.anatomy.frame.coordinates(p);
      const bool meniscus = std::string_view(name) != "fibula";
      const Vector3 knee =
          fits.carried(table_mm, meniscus ? planning::BoneWeights{0.0, 1.0, 0.0} : weights(table_mm.z));
      // Where the one or the other was cut, nothing can be compared.
      if (knee.z < low.z + 2.0 && !meniscus) continue;
      distances.add(real.closest(place_at(to.anatomy.frame, knee)).distance_mm);
      sum += knee;
      count += 1.0;
      lowest = std::min(lowest, knee.z);
    }
    for (const Point3& p : here->vertices()) {
      const Vector3 c = to.anatomy.frame.coordinates(p);
      if (c.z < lowest) continue;
      real_sum += c;
      real_count += 1.0;
    }
    const Vector3 offset = sum / count - real_sum / real_count;
    std::cout << "unseen," << to.file << "," << name << "," << distances << "," << offset.x << "," << offset.y
              << "," << offset.z << "\n";
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5 || argc % 2 == 0) {
    std::cerr << "anatomy_error TABLE.json DISTURBED LABELS LABEL_TABLE [LABELS LABEL_TABLE]...\n";
    return 2;
  }
  try {
    const AnatomyTable table = io::read_anatomy_table(argv[1]);
    std::optional<Knee> own;
    int disturbed_left = std::stoi(argv[2]);
    for (int a = 3; a < argc; a += 2) {
      const std::filesystem::path file = argv[a];
      Knee knee{file.filename().string(), io::read_labels(file, io::label_table_named(argv[a + 1])), {}};
      knee.anatomy = bones_of(knee.labels, frame_of(knee.labels));
      const bool is_own = std::string_view(argv[a + 1]) == "spl_atlas";
      if (is_own) own = knee;
      const BoneFits fits = planning::fit_bones(knee.anatomy, table, knee.labels.geometry());
      print_bones(knee, table, fits);
      if (own && !is_own) print_unseen(*own, knee, fits);
      if (!is_own) {
        print_depths(knee, table);
        if (disturbed_left-- > 0) {
          print_disturbed(knee, table, fits);
          for (const double cut_mm : {20.0, 30.0}) print_cut(knee, table, fits, cut_mm);
        }
      }
      std::cout.flush();
    }
  } catch (const std::exception& error) {
    std::cerr << "anatomy_error: " << describe(error) << "\n";
    return 1;
  }
}
