// SPDX-License-Identifier: Apache-2.0
#include "phantom_case.h"

#include <array>
#include <cstdlib>
#include <sstream>

#include <genu/app/program.h>
#include <genu/io/dicom.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>

namespace genu::app {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t end = text.find(separator);
    words.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

[[noreturn]] void refuse(std::string_view what, std::string_view words, std::string_view form) {
  throw UsageError("\"" + std::string(words) + "\" is no " + std::string(what) + "; the form is " +
                   std::string(form));
}

/// Returns nothing unless all of the text is one number.
std::optional<double> number(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') return std::nullopt;
  return value;
}

std::vector<double> numbers(const std::vector<std::string>& words) {
  std::vector<double> values;
  for (const std::string& word : words)
    if (const auto value = number(word)) values.push_back(*value);
  return values;
}

constexpr std::array<std::string_view, 4> plate_names{"femur", "medial_tibia", "lateral_tibia", "patella"};

std::optional<phantom::Plate> plate_named(std::string_view name) {
  for (std::size_t i = 0; i < plate_names.size(); ++i)
    if (plate_names[i] == name) return static_cast<phantom::Plate>(i);
  return std::nullopt;
}

std::string contrast_title(phantom::Contrast contrast) {
  switch (contrast) {
    case phantom::Contrast::dess:
      return "DESS";
    case phantom::Contrast::proton_density:
      return "PD";
    case phantom::Contrast::proton_density_fat_saturated:
      return "PD FS";
    case phantom::Contrast::t1:
      return "T1";
  }
  return "MR";
}

/// Everything that shapes the pixels, so that a rerun writes the same identifiers and another knee others.
std::string seed_text(const PhantomOptions& o) {
  std::ostringstream text;
  const phantom::KneeOptions& k = o.knee;
  text << k.side << ' ' << k.scale << ' ' << k.femoral_thickness_mm << ' ' << k.medial_tibial_thickness_mm
       << ' ' << k.lateral_tibial_thickness_mm << ' ' << k.patellar_thickness_mm << ' '
       << k.medial_tibial_change_mm << ' ' << k.lateral_tibial_change_mm << ' ' << k.femoral_change_mm << ' '
       << k.patellar_change_mm << ' ' << k.patient_from_knee << ' ' << contrast_title(o.scan.contrast) << ' '
       << o.scan.bias_field << ' ' << o.scan.noise_sd << ' ' << o.scan.seed << ' ' << o.in_plane_mm << ' '
       << o.slice_mm;
  if (o.view.extent_mm) text << " of " << *o.view.extent_mm;
  if (o.view.offset_mm != Vector3{}) text << " at " << o.view.offset_mm;
  for (const phantom::Defect& d : k.defects)
    text << " d" << static_cast<int>(d.plate) << ' ' << d.u_mm << ' ' << d.v_mm << ' ' << d.diameter_mm << ' '
         << d.depth_fraction;
  for (const phantom::BoneSpur& s : k.spurs)
    text << " s" << static_cast<int>(s.bone) << s.medial << ' ' << s.height_mm << ' ' << s.width_mm;
  return text.str();
}

}  // namespace

phantom::Defect parse_defect(std::string_view words) {
  constexpr std::string_view form =
      "plate:u,v,diameter,depth with plate femur, medial_tibia, lateral_tibia or patella";
  const auto parts = split(words, ':');
  const auto plate = plate_named(parts.front());
  if (parts.size() != 2 || !plate) refuse("defect", words, form);
  const auto cells = split(parts[1], ',');
  const auto values = numbers(cells);
  if (cells.size() != 4 || values.size() != 4) refuse("defect", words, form);
  return {.name = parts.front(),
          .plate = *plate,
          .u_mm = values[0],
          .v_mm = values[1],
          .diameter_mm = values[2],
          .depth_fraction = values[3]};
}

phantom::BoneSpur parse_spur(std::string_view words) {
  constexpr std::string_view form = "bone:medial|lateral,height,width with bone femur, tibia or patella";
  const auto parts = split(words, ':');
  if (parts.size() != 2) refuse("bone spur", words, form);
  auto cells = split(parts[1], ',');
  const bool medial = cells.front() == "medial";
  if (cells.size() != 3 || (!medial && cells.front() != "lateral")) refuse("bone spur", words, form);
  const auto values = numbers({cells[1], cells[2]});
  if (values.size() != 2) refuse("bone spur", words, form);
  for (const Bone bone : all_bones)
    if (name(bone) == parts.front())
      return {.bone = bone, .medial = medial, .height_mm = values[0], .width_mm = values[1]};
  refuse("bone spur", words, form);
}

void parse_change(std::string_view words, phantom::KneeOptions& knee) {
  constexpr std::string_view form = "plate:mm, such as medial_tibia:-0.2";
  const auto parts = split(words, ':');
  const auto plate = plate_named(parts.front());
  const auto change = parts.size() == 2 ? number(parts[1]) : std::nullopt;
  if (!plate || !change) refuse("change", words, form);
  switch (*plate) {
    case phantom::Plate::femur:
      knee.femoral_change_mm = *change;
      return;
    case phantom::Plate::medial_tibia:
      knee.medial_tibial_change_mm = *change;
      return;
    case phantom::Plate::lateral_tibia:
      knee.lateral_tibial_change_mm = *change;
      return;
    case phantom::Plate::patella:
      knee.patellar_change_mm = *change;
      return;
  }
}

RigidTransform parse_pose(std::string_view words) {
  const auto cells = split(words, ',');
  const auto v = numbers(cells);
  if (cells.size() != 6 || v.size() != 6) refuse("pose", words, "rx,ry,rz,x,y,z in degrees and mm");
  const auto about = [](const Vector3& axis, double angle) {
    return RigidTransform::rotation_about(Point3{}, axis, angle);
  };
  return RigidTransform::translation_by({v[3], v[4], v[5]}) * about({0.0, 0.0, 1.0}, v[2]) *
         about({0.0, 1.0, 0.0}, v[1]) * about({1.0, 0.0, 0.0}, v[0]);
}

Vector3 parse_vector(std::string_view words, std::string_view what, std::string_view form) {
  const auto cells = split(words, ',');
  const auto v = numbers(cells);
  if (cells.size() != 3 || v.size() != 3) refuse(what, words, form);
  return {v[0], v[1], v[2]};
}

phantom::Contrast parse_contrast(std::string_view word) {
  if (word == "dess") return phantom::Contrast::dess;
  if (word == "pd") return phantom::Contrast::proton_density;
  if (word == "pdfs") return phantom::Contrast::proton_density_fat_saturated;
  if (word == "t1") return phantom::Contrast::t1;
  refuse("contrast", word, "dess, pd, pdfs or t1");
}

PhantomOptions worn_knee() {
  PhantomOptions options;
  options.knee.defects = {parse_defect("femur:-22,-12,11,1"), parse_defect("medial_tibia:0,0,14,1"),
                          parse_defect("femur:0,35,9,1")};
  return options;
}

void write_phantom(const fs::path& folder, const PhantomOptions& options, const Progress& progress) {
  progress.report("shaping the phantom", 0.0);
  const phantom::Knee knee(options.knee);
  const ImageGeometry grid =
      phantom::sagittal_grid(knee, options.in_plane_mm, options.slice_mm, options.view);
  const phantom::Scan scan = phantom::scan(knee, grid, options.scan, progress.part(0.05, 0.8));
  const io::SeriesHeader header{.series_description = "Genu phantom " + contrast_title(options.scan.contrast),
                                .side = options.knee.side,
                                .seed = seed_text(options)};
  io::write_mr_series(folder / "dicom", scan.image, header, progress.part(0.8, 0.9));
  io::write_labels(folder / "labels.nrrd", scan.labels, io::label_table_named("genu"));
  progress.report("integrating the truth", 0.9);
  io::write_text(folder / "truth.json", io::to_json(knee, phantom::truth_of(knee)));
  progress.report("phantom written", 1.0);
}

}  // namespace genu::app
