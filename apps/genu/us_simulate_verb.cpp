// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <iomanip>
#include <memory>
#include <sstream>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/core/grid_box.h>
#include <genu/io/case_folder.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/simulation_files.h>
#include <genu/io/tracked_files.h>
#include <genu/planning/expected_view.h>
#include <genu/render/picture.h>
#include <genu/ultrasound/calibrated_image.h>
#include <genu/ultrasound/simulated_sweep.h>

#include "inputs.h"
#include "protocol.h"
#include "trajectory_choice.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct SimulateWords {
  fs::path folder;
  LabelSource labels;
  TrajectoryChoice choice;
  std::vector<double> contact, beam, face, to, to_beam, needle;
  int frames = 1;
  std::optional<double> insert_from;  ///< Part of its way that the needle has gone in the first frame.
  double width_mm = 38.0, depth_mm = 45.0, pixel_mm = 0.08;
  ultrasound::SimulationOptions machine{.looks = 3};
  ultrasound::SweepOptions errors;
  fs::path out;
  bool to_skin = false;
  bool replace = false;
};

/// What is looked at, from where, and which needle is in it.
struct Scene {
  std::string source;
  LabelMap labels;
  std::vector<RigidTransform> patient_from_probe;
  std::vector<ultrasound::PlacedNeedle> needles;
  double width_mm = 0.0, depth_mm = 0.0;
};

Vector3 vector_of(const std::vector<double>& v) {
  return {v.at(0), v.at(1), v.at(2)};
}

Point3 point_of(const std::vector<double>& v) {
  return Point3{} + vector_of(v);
}

std::optional<ultrasound::PlacedNeedle> needle_in(const SimulateWords& words) {
  if (words.needle.empty()) return std::nullopt;
  const auto middle = words.needle.begin() + 3;
  return ultrasound::PlacedNeedle{.entry = point_of({words.needle.begin(), middle}),
                                  .tip = point_of({middle, words.needle.end()})};
}

void look_along_plan(Scene& scene, const planning::RankedTrajectory& trajectory, const SimulateWords& words) {
  const auto& view = trajectory.card.view;
  if (!view) throw InvalidInput("this trajectory has no place for the probe: it is not seen by ultrasound");
  scene.patient_from_probe.assign(static_cast<std::size_t>(words.frames),
                                  ultrasound::probe_pose(view->pose.face, view->pose.beam, view->pose.axis));
  scene.width_mm = view->length_mm;
  scene.depth_mm = view->image_depth_mm;
  ultrasound::PlacedNeedle needle = needle_in(words).value_or(
      ultrasound::PlacedNeedle{.entry = trajectory.path.entry, .tip = trajectory.path.target});
  if (trajectory.card.needle) needle.diameter_mm = trajectory.card.needle->diameter_mm;
  scene.needles.push_back(needle);
}

void look_from_words(Scene& scene, const SimulateWords& words) {
  if (words.contact.empty() || words.beam.empty() || words.face.empty())
    throw UsageError("simulate needs a plan, or where the probe lies: --contact, --beam and --face");
  const RigidTransform first =
      ultrasound::probe_pose(point_of(words.contact), vector_of(words.beam), vector_of(words.face));
  scene.patient_from_probe = {first};
  if (words.frames > 1) {
    const std::vector<double>& last_beam = words.to_beam.empty() ? words.beam : words.to_beam;
    const std::vector<double>& last = words.to.empty() ? words.contact : words.to;
    scene.patient_from_probe = ultrasound::poses_between(
        first, ultrasound::probe_pose(point_of(last), vector_of(last_beam), vector_of(words.face)),
        words.frames);
  }
  scene.width_mm = words.width_mm;
  scene.depth_mm = words.depth_mm;
  if (const auto needle = needle_in(words)) scene.needles.push_back(*needle);
}

Scene scene_of(const SimulateWords& words) {
  Scene scene;
  std::vector<planning::NeedlePlan> plans;
  if (!words.folder.empty()) {
    io::Case knee = io::read_case(words.folder);
    if (!knee.labels) throw IoError(words.folder.string() + " holds no labels to simulate ultrasound of");
    scene.source = words.folder.string();
    scene.labels = *std::move(knee.labels);
    plans = std::move(knee.plans);
  } else {
    scene.source = words.labels.file.string();
    scene.labels = read_label_map(words.labels);
  }
  const fs::path& plan = words.choice.plan;
  if (!plan.empty()) plans = io::plans_from_json(io::read_text(plan), plan.string());
  if (words.contact.empty() && !plans.empty())
    look_along_plan(scene, chosen(plans, words.choice).trajectory, words);
  else
    look_from_words(scene, words);
  if (words.insert_from && scene.needles.empty())
    throw UsageError("--insert-from is for a needle, and there is none: --needle, or a plan");
  if (words.insert_from)
    for (ultrasound::PlacedNeedle& needle : scene.needles)
      needle.first_tip = lerp(needle.entry, needle.tip, *words.insert_from);
  return scene;
}

/// Moves each probe along its beam until the middle of its face touches the skin.
void put_on_skin(Scene& scene, const ultrasound::EchoBody& body) {
  for (RigidTransform& pose : scene.patient_from_probe) {
    const Point3 contact = pose(Point3{});
    const auto skin = body.skin_along(contact, pose(Vector3{0.0, 1.0, 0.0}));
    if (!skin) {
      std::ostringstream text;
      text << "no skin lies on the beam through " << contact << " in " << scene.source;
      throw InvalidInput(text.str());
    }
    pose = RigidTransform::translation_by(*skin - contact) * pose;
  }
}

/// Returns the part of a polygon where a coordinate, times a sign, is at most a bound.
std::vector<Point3> cut(const std::vector<Point3>& polygon, double Point3::*axis, double sign, double most) {
  std::vector<Point3> left;
  for (std::size_t n = 0; n < polygon.size(); ++n) {
    const Point3 &a = polygon[n], &b = polygon[(n + 1) % polygon.size()];
    const double beyond_a = sign * a.*axis - most, beyond_b = sign * b.*axis - most;
    if (beyond_a <= 0.0) left.push_back(a);
    if ((beyond_a <= 0.0) != (beyond_b <= 0.0)) left.push_back(lerp(a, b, beyond_a / (beyond_a - beyond_b)));
  }
  return left;
}

/// Returns true if a rectangle has a place in a grid's voxels.
bool meets(const ImageGeometry& grid, const std::array<Point3, 4>& corners) {
  std::vector<Point3> left;  // in voxels
  for (const Point3& corner : corners) {
    const ContinuousIndex at = grid.to_index(corner);
    left.push_back({at.i, at.j, at.k});
  }
  constexpr std::array axes{&Point3::x, &Point3::y, &Point3::z};
  for (std::size_t a = 0; a < axes.size(); ++a) {
    left = cut(left, axes.at(a), -1.0, 0.5);
    left = cut(left, axes.at(a), 1.0, static_cast<double>(grid.size().at(a)) - 0.5);
  }
  return !left.empty();
}

/// Refuses pictures of what nothing is known of: they would show muscle without end.
void require_labels_in_view(const Scene& scene, const SimulateWords& words) {
  const ImageGeometry& grid = scene.labels.geometry();
  const double half = 0.5 * scene.width_mm;
  for (std::size_t n = 0; n < scene.patient_from_probe.size(); ++n) {
    const RigidTransform& pose = scene.patient_from_probe[n];
    if (meets(grid, {pose(Point3{-half, 0.0, 0.0}), pose(Point3{half, 0.0, 0.0}),
                     pose(Point3{half, scene.depth_mm, 0.0}), pose(Point3{-half, scene.depth_mm, 0.0})}))
      continue;
    const Box box = box_around(grid);
    std::ostringstream text;
    text << "frame " << n << ", with the probe at " << pose(Point3{}) << " and its beam along "
         << pose(Vector3{0.0, 1.0, 0.0}) << (words.contact.empty() ? " (the plan's)" : " (--contact, --beam");
    if (!words.contact.empty())
      text << (words.to.empty() && words.to_beam.empty() ? ")" : ", --to, --to-beam)");
    text << ", does not meet the labels of " << scene.source << ", which lie from " << box.low << " to "
         << box.high;
    throw InvalidInput(text.str());
  }
}

void write_frames(const fs::path& folder, const io::SimulationRecord& record) {
  const auto& frames = record.sweep.recording.frames;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const Frame& image = frames[n].image;
    render::Picture picture{image.width, image.height, {}};
    picture.rgb.reserve(3 * image.pixels.size());
    for (const std::uint8_t grey : image.pixels) picture.rgb.insert(picture.rgb.end(), 3, grey);
    std::ostringstream name;
    name << "frame_" << std::setw(4) << std::setfill('0') << n << ".png";
    render::write_png(folder / name.str(), picture);
  }
}

ExitCode simulate(const SimulateWords& words, const Session& session) {
  if (words.folder.empty() == words.labels.file.empty())
    throw UsageError("simulate needs either a case folder or --labels");
  std::vector<fs::path> inputs = files_of(words.labels);
  inputs.insert(inputs.end(), {words.folder, words.choice.plan});
  std::erase(inputs, fs::path{});
  io::FolderTransaction folder(words.out,
                               {.replace = words.replace, .inputs = inputs, .document = "truth.csv"});
  Scene scene = scene_of(words);
  const ultrasound::EchoBody body(scene.labels);
  if (words.to_skin) put_on_skin(scene, body);
  require_labels_in_view(scene, words);
  const auto pixels = [&](double mm) { return static_cast<int>(std::lround(mm / words.pixel_mm)); };
  const int width = pixels(scene.width_mm), height = pixels(scene.depth_mm);
  // The tracker's axes are the patient's: who wants to find them again may move the recording.
  const io::Case named = new_case("simulated", "", {scene.source});
  const io::SimulationRecord record{
      .labels = scene.source,
      .created = named.created,
      .genu_version = named.genu_version,
      .machine = words.machine,
      .errors = words.errors,
      .sweep = ultrasound::simulate_sweep(
          body, {}, ultrasound::linear_probe_from_image({words.pixel_mm, words.pixel_mm}, width),
          scene.patient_from_probe, width, height, words.machine, words.errors, scene.needles,
          session.progress())};
  write_frames(folder.path(), record);
  io::write_tracked_sequence(folder.path() / "sweep.igs.mha", record.sweep.recording);
  io::write_text(folder.path() / "truth.csv", io::simulation_csv(record));
  io::write_text(folder.path() / "truth.json", io::to_json(record));
  io::TrackedSetup setup;
  setup.transforms.push_back({{"Image", "Probe"},
                              record.sweep.probe_from_image,
                              {},
                              record.created,
                              ultrasound::image_setup_of(record.sweep.recording)});
  io::write_tracked_setup(folder.path() / "setup.xml", setup);
  folder.commit(session.progress());
  for (const char* name : {"frame_0000.png", "sweep.igs.mha", "setup.xml", "truth.csv", "truth.json"})
    session.print((words.out / name).string() + "\n");
  return ExitCode::ok;
}

void declare_view(CLI::App& parser, SimulateWords& words) {
  add_trajectory_options(parser, words.choice);
  // A plan says where the probe lies and how large its picture is; --contact is for what has none.
  const auto add_place = [&](const char* name, std::vector<double>& value, const char* what) {
    return parser.add_option(name, value, what)->expected(3)->type_name("X Y Z");
  };
  CLI::Option* contact =
      add_place("--contact", words.contact, "Middle of the probe's face (LPS, mm), in place of a plan's");
  for (const char* of_plan : {"--plan", "--target", "--approach", "--rank"})
    contact->excludes(parser.get_option(of_plan));
  add_place("--beam", words.beam, "Direction into the body")->needs(contact);
  add_place("--face", words.face, "Direction along the face, to the image's right")->needs(contact);
  add_place("--to", words.to, "A sweep to this contact")->needs(contact);
  add_place("--to-beam", words.to_beam, "... with the beam turned to this direction")->needs(contact);
  parser
      .add_flag("--to-skin", words.to_skin, "Moves each contact along its beam onto the skin of the labels")
      ->needs(contact);
  parser.add_option("--needle", words.needle, "Entry and tip of a needle (LPS, mm); in place of a plan's")
      ->expected(6)
      ->type_name("X Y Z X Y Z");
  CLI::Option* frames = parser.add_option("--frames", words.frames, "Frames of the sweep")
                            ->check(CLI::Range(1, 10000))
                            ->capture_default_str();
  parser
      .add_option("--insert-from", words.insert_from,
                  "The needle goes in: the part of its way that it has gone in the first frame")
      ->check(within(0.05, 1.0))
      ->type_name("PART")
      ->needs(frames);
  parser.add_option("--width-mm", words.width_mm, "Of the image; a plan says its own")
      ->check(within(5.0, 200.0))
      ->capture_default_str()
      ->needs(contact);
  parser.add_option("--depth-mm", words.depth_mm, "Of the image; a plan says its own")
      ->check(within(5.0, 200.0))
      ->capture_default_str()
      ->needs(contact);
  parser.add_option("--pixel-mm", words.pixel_mm, "Size of a pixel")
      ->check(within(0.02, 1.0))
      ->capture_default_str();
}

void declare_machine(CLI::App& parser, SimulateWords& words) {
  const auto add = [&](const char* name, double& value, const char* what, double low, double high) {
    parser.add_option(name, value, what)->check(within(low, high))->capture_default_str();
  };
  add("--frequency-mhz", words.machine.frequency_mhz, "Of the probe", 2.0, 30.0);
  add("--gain-db", words.machine.gain_db, "Brighter or darker", -100.0, 100.0);
  add("--dynamic-range-db", words.machine.dynamic_range_db, "From black to white", 10.0, 150.0);
  parser
      .add_option("--looks", words.machine.looks,
                  "Speckle patterns averaged, as compounding does; 1 = raw speckle")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  add("--tracker-sd-mm", words.errors.tracker_position_sd_mm,
      "Noise of the poses written down, along each axis", 0.0, 100.0);
  add("--tracker-sd-deg", words.errors.tracker_rotation_sd_deg, "... about each axis", 0.0, 45.0);
  add("--calibration-sd-mm", words.errors.calibration_position_sd_mm,
      "Error of the calibration that truth.json gives as calibrated", 0.0, 100.0);
  add("--calibration-sd-deg", words.errors.calibration_rotation_sd_deg, "... about each axis", 0.0, 45.0);
  add("--lost", words.errors.lost_fraction, "Part of the poses that the tracker loses", 0.0, 1.0);
  parser.add_option("--seed", words.machine.seed, "Of speckle and errors")
      ->check(CLI::Range(std::uint64_t{0}, std::uint64_t{1} << 53))
      ->capture_default_str();
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<SimulateWords>();
  parser.add_option("CASE", words->folder, "Case folder with labels, and a plan")->type_name("DIR");
  add_label_options(parser, words->labels);
  parser.add_option("-o,--out", words->out, "Folder to make")->required()->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  declare_view(parser, *words);
  declare_machine(parser, *words);
  return [words](const Session& session) {
    words->errors.seed = words->machine.seed;
    return simulate(*words, session);
  };
}

}  // namespace

Verb us_simulate_verb() {
  return {
      "simulate",
      "Shows what ultrasound would: one frame of a plan, or a tracked sweep, with its truth",
      "Simulates B-mode frames of a labelled knee: speckle, attenuation, bone with its shadow, cartilage, "
      "tendon, fluid, "
      "and the needle. DIR/frame_0000.png ... hold the pictures, DIR/sweep.igs.mha the tracked sequence, "
      "DIR/setup.xml the calibration as it was handed out, DIR/truth.json and truth.csv where skin, "
      "cartilage, bone and needle are in each frame. A frame that misses the labels is refused, and all with "
      "it.",
      {{"genu us simulate knee -o view", "What to expect on the screen for the best plan of the case."},
       {"genu us simulate --labels phantom/labels.nrrd --plan plan.json --target suprapatellar_recess -o "
        "view",
        "The same for one target, of a label map and its plan."},
       {"genu us simulate --labels phantom/labels.nrrd --contact -70 -58 95 --beam 0 1 0 --face 1 0 0 --to "
        "-70 -58 60 "
        "--to-skin --frames 40 --tracker-sd-mm 0.3 -o sweep",
        "A transverse sweep above the patella of 40 frames, by a tracker with noise."},
       {"genu us simulate knee --frames 30 --insert-from 0.3 -o insertion",
        "The needle of the best plan on its way to the target, in 30 frames."}},
      {"Wagner RF et al. Statistics of speckle in ultrasound B-scans. IEEE Trans Sonics Ultrason "
       "1983;30:156.",
       "Bamber JC, Dickinson RJ. Ultrasonic B-scanning: a computer simulation. Phys Med Biol 1980;25:463."},
      declare};
}

}  // namespace genu::app
