// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include <genu/core/error.h>
#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/io/meshes.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>

#include "json_fields.h"
#include "measure_fields.h"
#include "structure_kinds.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

using cartilage::BoneMap;
using cartilage::Region;

// The names that data/schemas/case.schema.json fixes.
constexpr const char* image_file = "image.nrrd";
constexpr const char* labels_file = "labels.nrrd";
constexpr const char* segmentation_file = "segmentation.json";
constexpr const char* measurements_file = "measurements.json";
constexpr const char* table_file = "measurements.csv";
constexpr const char* stage_file = "stage.json";
constexpr const char* anatomy_file = "anatomy.json";
constexpr const char* plan_file = "plan.json";

std::string bone_file(Bone bone, const char* what) {
  return "meshes/" + std::string(name(bone)) + what + ".vtp";
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw IoError("cannot make the folder '" + final_path(folder).string() + "': " + error.message());
}

OrderedJson write_bone(const fs::path& folder, const BoneMap& bone) {
  OrderedJson object{{"bone", name(bone.bone)}, {"surface", bone_file(bone.bone, "")}};
  const auto numbers = [](const char* array, const std::vector<Region>& regions) {
    VertexArray result{array, {}};
    for (const Region r : regions) result.values.push_back(static_cast<double>(r));
    return result;
  };
  write_mesh(folder / bone_file(bone.bone, ""), bone.surface,
             {{"thickness_mm", bone.thickness_mm},
              numbers("region", bone.region),
              numbers("subregion", bone.subregion)});
  if (bone.cartilage.empty()) return object;
  object["cartilage"] = bone_file(bone.bone, "_cartilage");
  write_mesh(folder / bone_file(bone.bone, "_cartilage"), bone.cartilage);
  return object;
}

const std::vector<double>& array_named(const MeshFile& mesh, std::string_view array, const fs::path& file) {
  for (const VertexArray& candidate : mesh.arrays)
    if (candidate.name == array) return candidate.values;
  throw IoError("cannot read the mesh '" + file.string() + "': it has no vertex array '" +
                std::string(array) + "'");
}

std::vector<Region> regions_in(const MeshFile& mesh, std::string_view array, const fs::path& file) {
  std::vector<Region> regions;
  for (const double number : array_named(mesh, array, file)) {
    const auto* region = std::find_if(all_regions.begin(), all_regions.end(),
                                      [&](Region r) { return static_cast<double>(r) == number; });
    if (region == all_regions.end())
      throw IoError("cannot read the mesh '" + file.string() + "': its vertex array '" + std::string(array) +
                    "' holds " + std::to_string(number) + ", which is no region's number");
    regions.push_back(*region);
  }
  return regions;
}

BoneMap read_bone(const fs::path& folder, const nlohmann::json& object, const std::string& source) {
  BoneMap bone;
  bone.bone = named_in(object.at("bone"), std::span<const Bone>(all_bones), source);
  const fs::path file = folder / object.at("surface").get<std::string>();
  MeshFile surface = read_mesh(file);
  bone.thickness_mm = array_named(surface, "thickness_mm", file);
  bone.region = regions_in(surface, "region", file);
  bone.subregion = regions_in(surface, "subregion", file);
  bone.surface = std::move(surface.mesh);
  if (object.contains("cartilage"))
    bone.cartilage = read_mesh(folder / object.at("cartilage").get<std::string>()).mesh;
  return bone;
}

/// Names a structure's file by the structure, or by its place in the list where that is no plain, new name.
std::string structure_file(const std::string& structure, std::size_t place, std::set<std::string>& taken) {
  const bool plain =
      !structure.empty() && std::all_of(structure.begin(), structure.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
               c == '-';
      });
  if (plain && taken.insert(structure).second) return "anatomy/" + structure + ".vtp";
  const std::string numbered = "structure-" + std::to_string(place);
  taken.insert(numbered);
  return "anatomy/" + numbered + ".vtp";
}

void write_anatomy(const fs::path& folder, const planning::Anatomy& anatomy) {
  make_folder(folder / "anatomy");
  OrderedJson document{{"schema", "genu/anatomy/2"},
                       {"frame", json_of(anatomy.frame)},
                       {"skin", {{"source", anatomy.skin_source}, {"position_sd_mm", anatomy.skin_sd_mm}}},
                       {"recess", OrderedJson::object()},
                       {"structures", OrderedJson::array()},
                       {"missing", anatomy.missing},
                       {"notes", anatomy.notes},
                       {"tendon_gaps", OrderedJson::array()}};
  for (const planning::TendonGap& gap : anatomy.tendon_gaps)
    document["tendon_gaps"].push_back(
        {{"tendon", gap.tendon}, {"centre_mm", json_of(gap.centre)}, {"length_mm", gap.length_mm}});
  const auto write_if_known = [&](const char* part, const TriangleMesh& mesh) {
    if (mesh.empty()) return;
    const std::string file = std::string("anatomy/") + part + ".vtp";
    write_mesh(folder / file, mesh);
    document[part]["file"] = file;
  };
  write_if_known("skin", anatomy.skin);
  write_if_known("recess", anatomy.recess);
  std::set<std::string> taken{"skin", "recess"};
  for (std::size_t s = 0; s < anatomy.structures.size(); ++s) {
    const planning::Structure& structure = anatomy.structures[s];
    const std::string file = structure_file(structure.name, s, taken);
    write_mesh(folder / file, structure.surface);
    document["structures"].push_back({{"name", structure.name},
                                      {"kind", name(structure.kind)},
                                      {"source", structure.source},
                                      {"position_sd_mm", structure.position_sd_mm},
                                      {"file", file}});
  }
  write_text(folder / anatomy_file, text_of(document));
}

planning::Anatomy read_anatomy(const fs::path& folder) {
  const std::string source = (folder / anatomy_file).string();
  const nlohmann::json document = parse_valid(read_text(source), "anatomy", source);
  const auto mesh_of = [&](const nlohmann::json& object) {
    return object.contains("file") ? read_mesh(folder / object.at("file").get<std::string>()).mesh
                                   : TriangleMesh();
  };
  planning::Anatomy anatomy;
  anatomy.frame = frame_in(document.at("frame"));
  anatomy.skin_source = document.at("skin").at("source").get<std::string>();
  anatomy.skin_sd_mm = document.at("skin").at("position_sd_mm").get<double>();
  anatomy.skin = mesh_of(document.at("skin"));
  anatomy.recess = mesh_of(document.at("recess"));
  for (const auto& object : document.at("structures"))
    anatomy.structures.push_back(
        {object.at("name").get<std::string>(), structure_kind_in(object.at("kind"), source), mesh_of(object),
         object.at("source").get<std::string>(), object.at("position_sd_mm").get<double>()});
  anatomy.missing = texts_in(document.at("missing"));
  anatomy.notes = texts_in(document.at("notes"));
  for (const auto& gap : document.at("tendon_gaps"))
    anatomy.tendon_gaps.push_back({gap.at("tendon").get<std::string>(), point_in(gap.at("centre_mm")),
                                   gap.at("length_mm").get<double>()});
  return anatomy;
}

OrderedJson write_cartilage(const fs::path& folder, const Case& knee) {
  make_folder(folder / "meshes");
  OrderedJson bones = OrderedJson::array();
  for (const BoneMap& bone : knee.cartilage->bones) bones.push_back(write_bone(folder, bone));
  write_text(folder / measurements_file, to_json(*knee.cartilage));
  write_text(folder / table_file,
             measures_csv_header() + measures_csv_rows(*knee.cartilage, knee.name, knee.visit));
  return bones;
}

}  // namespace

void write_case(const fs::path& folder, const Case& knee) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    throw IoError("cannot write the case '" + folder.string() + "': there is no such folder");
  OrderedJson files = OrderedJson::object();
  const auto name_of = [&](const char* part, const char* file) {
    files[part] = file;
    return folder / file;
  };
  if (knee.image) write_volume(name_of("image", image_file), *knee.image);
  if (knee.labels) write_labels(name_of("labels", labels_file), *knee.labels, label_table_named("genu"));
  if (knee.segmentation) write_text(name_of("segmentation", segmentation_file), to_json(*knee.segmentation));
  if (knee.cartilage) {
    files["measurements"] = measurements_file;
    files["measurements_table"] = table_file;
    files["bones"] = write_cartilage(folder, knee);
  }
  if (knee.stage) write_text(name_of("stage", stage_file), to_json(*knee.stage));
  if (knee.anatomy) {
    files["anatomy"] = anatomy_file;
    write_anatomy(folder, *knee.anatomy);
  }
  // With an anatomy, an empty list says that there was nothing to aim at.
  if (knee.anatomy || !knee.plans.empty()) write_text(name_of("plan", plan_file), to_json(knee.plans));
  // Last, so that a folder with a case.json is a whole one.
  write_text(folder / "case.json", text_of({{"schema", "genu/case/1"},
                                            {"name", knee.name},
                                            {"visit", knee.visit},
                                            {"inputs", knee.inputs},
                                            {"created", knee.created},
                                            {"genu_version", knee.genu_version},
                                            {"files", std::move(files)}}));
}

Case read_case(const fs::path& folder) {
  const fs::path source = folder / "case.json";
  std::error_code error;
  if (!fs::exists(source, error))
    throw IoError("cannot read the case '" + folder.string() + "': there is no '" + source.string() + "'");
  const nlohmann::json document = parse_valid(read_text(source), "case", source.string());
  const auto& files = document.at("files");
  const auto json_in = [&](const char* file) { return read_text(folder / file); };
  const auto called = [&](const char* file) { return (folder / file).string(); };
  Case knee;
  knee.name = document.at("name").get<std::string>();
  knee.visit = document.at("visit").get<std::string>();
  knee.inputs = texts_in(document.at("inputs"));
  knee.created = document.at("created").get<std::string>();
  knee.genu_version = document.at("genu_version").get<std::string>();
  if (files.contains("image")) knee.image = read_volume(folder / image_file);
  if (files.contains("labels")) knee.labels = read_labels(folder / labels_file, label_table_named("genu"));
  if (files.contains("segmentation"))
    knee.segmentation = segmentation_from_json(json_in(segmentation_file), called(segmentation_file));
  if (files.contains("measurements")) {
    knee.cartilage = cartilage_from_json(json_in(measurements_file), called(measurements_file));
    if (files.contains("bones"))
      for (const auto& bone : files.at("bones"))
        knee.cartilage->bones.push_back(read_bone(folder, bone, source.string()));
  }
  if (files.contains("stage")) knee.stage = stage_from_json(json_in(stage_file), called(stage_file));
  if (files.contains("anatomy")) knee.anatomy = read_anatomy(folder);
  if (files.contains("plan")) knee.plans = plans_from_json(json_in(plan_file), called(plan_file));
  return knee;
}

}  // namespace genu::io
