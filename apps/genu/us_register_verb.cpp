// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/app/text_table.h>
#include <genu/core/text.h>
#include <genu/io/calibration_files.h>
#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/render/frame_figure.h>
#include <genu/surface/extract.h>
#include <genu/ultrasound/patient_axes.h>

#include "inputs.h"
#include "protocol.h"
#include "us_inputs.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct RegisterWords {
  SweepSource source;
  fs::path knee;  ///< A case folder.
  LabelSource labels;
  fs::path landmarks;
  std::string tracker = "Reference";
  std::vector<double> targets;
  ultrasound::BoneRegistrationOptions options;
  fs::path out;
  bool replace = false;
};

/// The knee of MRI: its labels, and places that matter.
struct Knee {
  LabelMap labels;
  std::vector<io::NamedPlace> targets;
};

Knee read_knee(const RegisterWords& words) {
  Knee knee;
  if (!words.knee.empty()) {
    io::Case read = io::read_case(words.knee);
    if (!read.labels)
      throw InvalidInput("the case '" + words.knee.string() + "' holds no labels.nrrd, and so no bone");
    knee.labels = std::move(*read.labels);
    for (const planning::NeedlePlan& plan : read.plans) {
      const bool known = std::any_of(knee.targets.begin(), knee.targets.end(),
                                     [&](const io::NamedPlace& t) { return t.name == plan.target.name; });
      if (!known) knee.targets.push_back({plan.target.name, plan.target.point});
    }
  } else {
    knee.labels = read_label_map(words.labels);
  }
  for (std::size_t n = 0; n + 2 < words.targets.size(); n += 3)
    knee.targets.push_back({"target " + std::to_string(n / 3 + 1),
                            {words.targets[n], words.targets[n + 1], words.targets[n + 2]}});
  return knee;
}

/// Returns pairs of landmarks: lines of name, x, y, z in MRI, x, y, z in the tracker's frame.
std::pair<std::vector<ultrasound::Landmark>, std::vector<ultrasound::Landmark>> read_pairs(
    const fs::path& file) {
  std::pair<std::vector<ultrasound::Landmark>, std::vector<ultrasound::Landmark>> pairs;
  std::istringstream lines(io::read_text(file));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (line.empty() || line.starts_with("name,") || line.starts_with("#")) continue;
    std::string name, rest = line;
    std::replace(rest.begin(), rest.end(), ',', ' ');
    std::istringstream words(rest);
    words.imbue(std::locale::classic());
    std::array<double, 6> v{};
    words >> name;
    for (double& value : v) words >> value;
    std::string more;
    if (words.fail() || words >> more)
      throw IoError("cannot read the landmarks '" + file.string() + "': line " + std::to_string(number) +
                    " is '" + line + "', not a name, x, y, z in MRI and x, y, z at the tracker");
    pairs.first.push_back({name, {v[0], v[1], v[2]}});
    pairs.second.push_back({name, {v[3], v[4], v[5]}});
  }
  return pairs;
}

/// Draws the sweep's bone on MRI's, seen along one of the patient's axes.
render::Picture overlay(const TriangleMesh& bone, const std::vector<Point3>& points, int along) {
  const auto flat = [&](const Point3& p) -> std::pair<double, double> {
    if (along == 0) return {p.y, p.z};
    if (along == 1) return {p.x, p.z};
    return {p.x, -p.y};
  };
  const auto depth = [&](const Point3& p) { return along == 0 ? p.x : along == 1 ? p.y : p.z; };
  double low = 1e300, high = -1e300;
  for (const Point3& p : points) {
    low = std::min(low, depth(p));
    high = std::max(high, depth(p));
  }
  render::Curve mesh{"bone of MRI", {}, {}, {170, 175, 185}, true},
      seen{"bone of the sweep", {}, {}, {220, 60, 40}, true};
  for (std::size_t v = 0; v < bone.vertices().size(); v += 5) {
    const Point3& p = bone.vertices()[v];
    if (depth(p) < low || depth(p) > high) continue;
    mesh.x.push_back(flat(p).first);
    mesh.y.push_back(flat(p).second);
  }
  for (const Point3& p : points) {
    seen.x.push_back(flat(p).first);
    seen.y.push_back(flat(p).second);
  }
  constexpr std::array titles{"Seen from the side", "Seen from the front", "Seen along the leg"};
  return render::diagram({mesh, seen}, {titles[static_cast<std::size_t>(along)], "mm", "mm"}, 760, 760);
}

/// Writes the registration, the set-up with it, and the bone of both seen from three sides.
void write_tie(const fs::path& folder, const Knee& knee, const Sweep& sweep, const TriangleMesh& bone,
               const ultrasound::BoneSweep& seen, const ultrasound::BoneRegistration& made,
               const std::string& tracker, const io::CalibrationRecord& record) {
  io::write_text(folder / "registration.json", io::to_json(made, knee.targets, record));
  io::TrackedSetup setup = sweep.setup;
  // Of two ways to the patient the shorter one would hold, and that may be an older registration.
  std::erase_if(setup.transforms,
                [](const io::ConfiguredTransform& t) { return ultrasound::is_of_patient(t.frames); });
  setup.transforms.push_back({{tracker, std::string(ultrasound::patient_frame)},
                              AffineTransform(made.mri_from_tracker),
                              made.error_at_points_mm,
                              record.created,
                              {}});
  io::write_tracked_setup(folder / "setup.xml", setup);
  std::vector<Point3> points;
  points.reserve(seen.points.size());
  for (const ultrasound::BonePoint& p : seen.points)
    points.push_back(made.mri_from_tracker(seen.tracker_from_probe[p.picture](p.in_probe)));
  constexpr std::array names{"side.png", "front.png", "along.png"};
  for (int along = 0; along < 3; ++along)
    render::write_png(folder / names[static_cast<std::size_t>(along)], overlay(bone, points, along));
}

ExitCode register_sweep(const RegisterWords& words, const Session& session) {
  io::FolderOptions options{
      .replace = words.replace, .inputs = files_of(words.source), .document = "registration.json"};
  for (const fs::path& file : files_of(words.labels)) options.inputs.push_back(file);
  options.inputs.insert(options.inputs.end(), {words.knee, words.landmarks});
  std::erase(options.inputs, fs::path());
  io::FolderTransaction folder(words.out, options);
  const Progress& progress = session.progress();
  progress.report("reading", 0.0);
  const Knee knee = read_knee(words);
  const Sweep sweep = read_sweep(words.source, session);
  require_way(sweep.recording, sweep.always, words.source.recording, "Image", "Probe");
  require_way(sweep.recording, sweep.always, words.source.recording, "Probe", words.tracker);
  const auto pairs = read_pairs(words.landmarks);
  // Landmarks felt through skin are centimetres wide; a wrong order is off by more.
  constexpr double max_start_rms_mm = 20.0;
  const auto start = with_context("starting from " + words.landmarks.string(), [&] {
    return ultrasound::register_landmarks(pairs.first, pairs.second, {.max_rms_mm = max_start_rms_mm});
  });
  progress.report("surface of bone", 0.2);
  const TriangleMesh bone = surface::extract(knee.labels, [](Tissue t) {
    return is_part_of(t, Bone::femur) || is_part_of(t, Bone::tibia) || is_part_of(t, Bone::patella) ||
           t == Tissue::fibula;
  });
  progress.report("bone in the sweep", 0.4);
  const auto seen = ultrasound::bone_in_sweep(sweep.recording, sweep.always, words.tracker);
  progress.report("registering", 0.7);
  const auto made = with_context("registering " + words.source.recording.string(), [&] {
    return ultrasound::register_bone(seen, bone, start.fixed_from_moving, words.options);
  });
  std::vector<std::string> inputs;
  for (const fs::path& file : options.inputs) inputs.push_back(file.string());
  const io::Case named = new_case("registration", "baseline", inputs);
  const io::CalibrationRecord record{named.inputs, named.created, named.genu_version, sweep.remarks};
  write_tie(folder.path(), knee, sweep, bone, seen, made, words.tracker, record);
  folder.commit(session.progress());
  std::string text = std::to_string(made.pictures) + " pictures show bone in " + std::to_string(made.points) +
                     " places; " + fixed(100 * made.matched_part, 0) + " % fit MRI's, to " +
                     fixed(made.rms_mm, 2) + " mm (RMS). Landmarks were off by " +
                     fixed(start.fitted.mean_mm, 1) +
                     " mm.\nError to expect, RMS: " + fixed(made.error_at_points_mm, 1) +
                     " mm where bone was seen. MRI's bone would fit best " + fixed(100 * made.size_error, 1) +
                     " % larger (SD " + fixed(100 * made.size_error_sd, 1) + " %).\n";
  if (!knee.targets.empty()) {
    TextTable table({"target", "error to expect mm"});
    for (const io::NamedPlace& t : knee.targets)
      table.add_row({t.name, fixed(made.predicted_error_mm(t.place), 1)});
    text += table.text();
  }
  session.print(text + "Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<RegisterWords>();
  add_sweep_options(parser, words->source);
  CLI::Option* knee = parser
                          .add_option("--case", words->knee,
                                      "Case folder of the MRI: its labels, and the targets of its plans")
                          ->type_name("DIR");
  add_label_options(parser, words->labels)->excludes(knee);
  parser
      .add_option(
          "--landmarks", words->landmarks,
          "CSV: name, x, y, z in MRI (LPS, mm), x, y, z in the tracker's frame; three lines or more. Where "
          "the search starts")
      ->required()
      ->type_name("FILE");
  parser.add_option("--tracker", words->tracker, "Coordinate frame that is fixed to the leg")
      ->capture_default_str();
  parser.add_option("--target", words->targets, "A place in MRI whose error is told; may be repeated")
      ->type_name("X Y Z");
  parser
      .add_option("--max-error-mm", words->options.max_error_mm, "Refuse a registration less sure than this")
      ->check(above_0)
      ->capture_default_str();
  parser
      .add_option("--calibration-error-mm", words->options.uncertainty.calibration_position_mm,
                  "Of the image's place in the probe along each axis, as its calibration says")
      ->check(above_0)
      ->capture_default_str();
  parser.add_option("-o,--out", words->out, "Folder to make: registration.json, setup.xml, pictures")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) {
    if (words->knee.empty() && words->labels.file.empty())
      throw UsageError("registering a sweep takes the MRI's bone: --case DIR or --labels FILE");
    if (words->targets.size() % 3 != 0 ||
        !std::all_of(words->targets.begin(), words->targets.end(), [](double v) { return std::isfinite(v); }))
      throw UsageError("--target takes three numbers: x y z");
    return register_sweep(*words, session);
  };
}

}  // namespace

Verb us_register_verb() {
  return {
      .name = "register",
      .summary = "Ties a tracked sweep over bone to the MRI, with the error to expect at targets",
      .description =
          "Finds bone in each picture by its ridge and shadow, starts from landmarks and brings the bone "
          "onto MRI's. The error to expect is that of the fit's noise and of what may be wrong throughout "
          "the sweep: calibration, depth of bone, size of MRI's bone. It is no residual. Refused, with the "
          "reason, where the landmarks fit worse than 20 mm (RMS), the sweep leaves the place open, half of "
          "it does "
          "not fit, it fits badly or elsewhere as well, or it would fit better were MRI's bone larger or "
          "smaller. The knee must lie as in the MRI; the tracker's frame must be fixed to the leg. setup.xml "
          "then leads from Image to Patient, whose axes are LPS as MRI's are here; live, it is sent as RAS.",
      .examples =
          {{"genu us register sweep.igs.mha --setup image/setup.xml --case knee --landmarks pairs.csv --out "
            "tie",
            "With the targets of the case's plans."}},
      .references = {"Chen Y and Medioni G 1992, Image and Vision Computing 10:145.",
                     "Foroughi P et al. 2007, SPIE 6509:65091U (bone in ultrasound).",
                     "Fitzpatrick JM 2009, SPIE 7261:726102 (residuals do not tell the error at a target)."},
      .declare = declare};
}

}  // namespace genu::app
