// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/io/files.h>

#include "inputs.h"
#include "phantom_case.h"
#include "verbs.h"

namespace genu::app {

namespace {

struct PhantomWords {
  PhantomOptions options;
  std::filesystem::path out;
  std::optional<Side> side;
  std::vector<std::string> defects;
  std::vector<std::string> spurs;
  std::vector<std::string> changes;
  std::string contrast = "dess";
  std::string pose;
  std::string field_of_view;
  std::string offset;
  bool replace = false;
};

ExitCode make_phantom(PhantomWords words, const Session& session) {
  phantom::KneeOptions& knee = words.options.knee;
  knee.side = words.side.value_or(knee.side);
  for (const std::string& defect : words.defects) {
    knee.defects.push_back(parse_defect(defect));
    knee.defects.back().name += "-" + std::to_string(knee.defects.size());
  }
  for (const std::string& spur : words.spurs) knee.spurs.push_back(parse_spur(spur));
  for (const std::string& change : words.changes) parse_change(change, knee);
  if (!words.pose.empty()) knee.patient_from_knee = parse_pose(words.pose);
  if (!words.field_of_view.empty())
    words.options.view.extent_mm =
        parse_vector(words.field_of_view, "field of view", "width,height,depth in mm");
  if (!words.offset.empty())
    words.options.view.offset_mm = parse_vector(words.offset, "offset", "lateral,anterior,proximal in mm");
  words.options.scan.contrast = parse_contrast(words.contrast);

  io::FolderTransaction folder(words.out, {.replace = words.replace, .document = "labels.nrrd"});
  write_phantom(folder.path(), words.options, session.progress());
  folder.commit(session.progress());
  for (const char* name : {"dicom", "labels.nrrd", "truth.json"})
    session.print((words.out / name).string() + "\n");
  return ExitCode::ok;
}

void declare_shape(CLI::App& parser, PhantomWords& words) {
  phantom::KneeOptions& knee = words.options.knee;
  add_side_option(parser, words.side);
  parser.add_option("--scale", knee.scale, "Size relative to an average adult knee")->capture_default_str();
  parser
      .add_option("--femoral-thickness-mm", knee.femoral_thickness_mm,
                  "Mean cartilage thickness of the femur")
      ->capture_default_str();
  parser
      .add_option("--medial-tibial-thickness-mm", knee.medial_tibial_thickness_mm, "... of the medial tibia")
      ->capture_default_str();
  parser
      .add_option("--lateral-tibial-thickness-mm", knee.lateral_tibial_thickness_mm,
                  "... of the lateral tibia")
      ->capture_default_str();
  parser.add_option("--patellar-thickness-mm", knee.patellar_thickness_mm, "... of the patella")
      ->capture_default_str();
  parser
      .add_option(
          "--defect", words.defects,
          "Lost cartilage: plate:u,v,diameter,depth; u lateral, v anterior of the plate's centre in mm, "
          "depth 1 = to the bone; may be repeated")
      ->type_name("DEFECT");
  parser
      .add_option("--spur", words.spurs, "Bone spur: bone:medial|lateral,height,width in mm; may be repeated")
      ->type_name("SPUR");
  parser
      .add_option("--change", words.changes,
                  "Follow-up: thickness added to a plate, plate:mm; may be repeated")
      ->type_name("CHANGE");
  parser.add_option("--pose", words.pose, "rx,ry,rz,x,y,z: rotation in degrees, then shift in mm")
      ->type_name("POSE");
}

void declare_scan(CLI::App& parser, PhantomWords& words) {
  parser.add_option("--contrast", words.contrast, "dess, pd, pdfs or t1")->capture_default_str();
  parser.add_option("--noise", words.options.scan.noise_sd, "Rician noise, relative to the brightest tissue")
      ->capture_default_str();
  parser
      .add_option("--bias", words.options.scan.bias_field,
                  "Largest deviation of the coil's sensitivity from 1")
      ->capture_default_str();
  parser.add_option("--in-plane-mm", words.options.in_plane_mm, "Pixel spacing")
      ->check(above_0)
      ->capture_default_str();
  parser.add_option("--slice-mm", words.options.slice_mm, "Slice spacing")
      ->check(above_0)
      ->capture_default_str();
  parser
      .add_option("--field-of-view-mm", words.field_of_view,
                  "width,height,depth: along rows, along columns and across the slices; by default the whole "
                  "joint")
      ->type_name("W,H,D");
  parser
      .add_option("--offset-mm", words.offset,
                  "lateral,anterior,proximal: moves the field of view from the whole joint's")
      ->type_name("L,A,P");
  parser
      .add_option("--samples-per-mm", words.options.scan.samples_per_mm,
                  "Points a mm and axis at which the signal is integrated; 1 is quick and coarse")
      ->capture_default_str();
  parser.add_option("--seed", words.options.scan.seed, "Seed of the noise")->capture_default_str();
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<PhantomWords>();
  parser.add_option("-o,--out", words->out, "Folder to make")->required()->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  declare_shape(parser, *words);
  declare_scan(parser, *words);
  return [words](const Session& session) { return make_phantom(*words, session); };
}

}  // namespace

Verb phantom_verb() {
  return {
      .name = "phantom",
      .summary = "Makes a synthetic knee with exactly known truth",
      .description =
          "Makes a parametric knee and scans it: DIR/dicom holds an MR series, DIR/labels.nrrd the tissue at "
          "each voxel's centre, DIR/truth.json the true thickness, areas, volumes and lesions.",
      .examples =
          {{"genu phantom --out knee", "A healthy right knee."},
           {"genu phantom --out worn --side left --defect medial_tibia:0,0,12,1 --defect femur:0,30,8,0.5",
            "A left knee, its medial tibia denuded over 12 mm, half of the thickness lost on the trochlea."},
           {"genu phantom --out later --change medial_tibia:-0.2",
            "The same knee as the first, years later."},
           {"genu phantom --out coarse --in-plane-mm 0.8 --slice-mm 2 --noise 0", "Small and quick."},
           {"genu phantom --out cut --field-of-view-mm 100,80,60 --offset-mm 12,0,-10",
            "A field of view that cuts the limb and the medial plates."}},
      .references = {},
      .declare = declare};
}

}  // namespace genu::app
