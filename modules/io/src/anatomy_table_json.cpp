// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <set>
#include <sstream>

#include <genu/io/files.h>
#include <genu/io/results.h>

#include "json_fields.h"
#include "structure_kinds.h"

namespace genu::io {
namespace {

/// Says where in which file something is wrong.
class Place {
 public:
  Place(const std::string& source, std::string place) : source_(source), place_(std::move(place)) {}
  Place operator/(const std::string& name) const { return {source_, place_ + "/" + name}; }
  Place operator/(std::size_t number) const { return *this / std::to_string(number); }
  [[noreturn]] void refuse(const std::string& what) const {
    throw IoError("cannot read '" + source_ + "': at " + place_ + ": " + what);
  }

 private:
  const std::string& source_;
  std::string place_;
};

planning::BoneWeights weights_in(const nlohmann::json& value, const Place& place) {
  planning::BoneWeights weights{};
  double sum = 0.0;
  for (std::size_t b = 0; b < weights.size(); ++b) sum += weights[b] = value.at(b).get<double>();
  // Written with three decimals.
  if (std::abs(sum - 1.0) > 0.005) place.refuse(value.dump() + " does not sum to 1");
  for (double& weight : weights) weight /= sum;
  return weights;
}

registration::SurfaceSample sample_in(const nlohmann::json& value, const Place& place) {
  const auto number = [&](std::size_t n) { return value.at(n).get<double>(); };
  const Vector3 normal{number(3), number(4), number(5)};
  // Written with two decimals.
  if (std::abs(length(normal) - 1.0) > 0.03) place.refuse(value.dump() + " has no normal of length 1");
  return {{number(0), number(1), number(2)}, normalized(normal)};
}

planning::TableSection section_in(const nlohmann::json& object, const Place& place) {
  planning::TableSection section;
  section.centre_mm = vector_in(object.at("centre_mm"));
  section.major_half_axis_mm = vector_in(object.at("major_half_axis_mm"));
  section.minor_half_axis_mm = object.at("minor_half_axis_mm").get<double>();
  // Both are written with two decimals.
  if (length(section.major_half_axis_mm) < section.minor_half_axis_mm - 0.02) {
    std::ostringstream message;
    message << section.major_half_axis_mm << " is shorter than the minor half axis, "
            << section.minor_half_axis_mm;
    (place / "major_half_axis_mm").refuse(message.str());
  }
  section.bones = weights_in(object.at("bones"), place / "bones");
  return section;
}

planning::TableStructure structure_in(const nlohmann::json& object, const Place& place,
                                      const std::string& source) {
  planning::TableStructure structure;
  structure.name = object.at("name").get<std::string>();
  if (!tissue_named(structure.name)) (place / "name").refuse("no tissue is named '" + structure.name + "'");
  structure.kind = structure_kind_in(object.at("kind"), source);
  structure.spread_sd_mm = object.at("spread_sd_mm").get<double>();
  structure.source = object.at("source").get<std::string>();
  const auto& courses = object.at("courses");
  for (std::size_t c = 0; c < courses.size(); ++c) {
    auto& course = structure.courses.emplace_back();
    for (std::size_t s = 0; s < courses.at(c).size(); ++s) {
      const Place at = place / "courses" / c / s;
      course.push_back(section_in(courses.at(c).at(s), at));
      if (s > 0 && course[s].centre_mm == course[s - 1].centre_mm)
        (at / "centre_mm").refuse("the section before it lies in the same place");
    }
  }
  return structure;
}

planning::TableSkin skin_in(const nlohmann::json& object, const Place& place) {
  planning::TableSkin skin;
  skin.position_sd_mm = object.at("position_sd_mm").get<double>();
  skin.source = object.at("source").get<std::string>();
  const auto& rings = object.at("rings");
  for (std::size_t r = 0; r < rings.size(); ++r) {
    auto& ring = skin.rings.emplace_back();
    ring.bones = weights_in(rings.at(r).at("bones"), place / "rings" / r / "bones");
    for (const auto& point : rings.at(r).at("points_mm")) ring.points_mm.push_back(vector_in(point));
    if (ring.points_mm.size() != skin.rings.front().points_mm.size())
      (place / "rings" / r / "points_mm")
          .refuse(std::to_string(ring.points_mm.size()) + " points, and the first ring has " +
                  std::to_string(skin.rings.front().points_mm.size()));
  }
  return skin;
}

}  // namespace

planning::AnatomyTable read_anatomy_table(const std::filesystem::path& file) {
  const std::string source = file.string();
  const nlohmann::json document = parse_valid(read_text(file), "anatomy_table", source);
  const Place root(source, "");
  planning::AnatomyTable table;
  table.name = document.at("name").get<std::string>();
  table.origin = document.at("origin").get<std::string>();
  for (const Bone bone : all_bones) {
    const std::string bone_name(name(bone));
    const auto& samples = document.at("bones").at(bone_name);
    for (std::size_t s = 0; s < samples.size(); ++s)
      table.bones[static_cast<std::size_t>(bone)].push_back(
          sample_in(samples.at(s), root / "bones" / bone_name / s));
  }
  std::set<std::string> names;
  const auto& structures = document.at("structures");
  for (std::size_t s = 0; s < structures.size(); ++s) {
    const Place place = root / "structures" / s;
    table.structures.push_back(structure_in(structures.at(s), place, source));
    if (!names.insert(table.structures.back().name).second)
      (place / "name").refuse("the name '" + table.structures.back().name + "' is there twice");
  }
  table.skin = skin_in(document.at("skin"), root / "skin");
  return table;
}

}  // namespace genu::io
