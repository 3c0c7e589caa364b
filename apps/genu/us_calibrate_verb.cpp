// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <map>
#include <memory>
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
#include <genu/io/files.h>
#include <genu/render/frame_figure.h>

#include "inputs.h"
#include "protocol.h"
#include "us_inputs.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;
using ultrasound::CalibrationError;

namespace {

struct CalibrateWords {
  std::string kind;
  SweepSource source;
  fs::path poses;       ///< For time: where the tracker's motion is, if not in the recording.
  fs::path validation;  ///< For an image.
  std::vector<double> ruler_mm;
  std::string stylus = "Stylus", reference = "Reference";
  fs::path out;
  bool replace = false;
};

/// What a kind of calibration made.
struct Made {
  std::string json, text;
  std::vector<std::pair<std::string, render::Picture>> figures;
  std::optional<io::ConfiguredTransform> transform;
};

io::CalibrationRecord record_of(const CalibrateWords& words) {
  std::vector<std::string> inputs;
  for (const fs::path& file : files_of(words.source)) inputs.push_back(file.string());
  for (const fs::path& file : {words.poses, words.validation})
    if (!file.empty()) inputs.push_back(file.string());
  const io::Case named = new_case("calibration", "baseline", inputs);
  return {named.inputs, named.created, named.genu_version, {}};
}

std::vector<std::string> row_of(const std::string& name, const CalibrationError& e) {
  return {name,
          std::to_string(e.count),
          fixed(e.mean_mm, 3),
          fixed(e.sd_mm, 3),
          fixed(e.p95_mm, 3),
          fixed(e.max_mm, 3)};
}

TextTable error_table() {
  return TextTable({"error", "n", "mean mm", "SD", "95 of 100", "greatest"});
}

/// Draws the middle of the recording's views: what was found, and what the calibration expects.
std::optional<render::Picture> wires_figure(const Sweep& sweep, const ultrasound::SpatialCalibration& c) {
  const auto& frames = sweep.recording.frames;
  for (std::size_t n = 0; n < frames.size(); ++n) {
    const ultrasound::TrackedFrame& frame = frames[(frames.size() / 2 + n) % frames.size()];
    if (!frame.shows_image()) continue;
    const auto phantom = ultrasound::at_moment(frame, sweep.always).find("Phantom", "Probe");
    const auto found = ultrasound::find_wires(frame.image, sweep.setup.n_wires);
    if (!phantom || found.empty()) continue;
    const AffineTransform image_from_phantom = c.probe_from_image.inverse() * *phantom;
    render::FrameMarks marks{.words = {"yellow: wires found; blue: where the calibration puts them"},
                             .pixel = c.pixel,
                             .face_row = 0.0};
    for (std::size_t w = 0; w < sweep.setup.n_wires.size(); ++w) {
      marks.lines.push_back(
          {{found[0].points[w].begin(), found[0].points[w].end()}, {255, 210, 0}, 1.0, true});
      for (std::size_t k = 0; k < 3; ++k) {
        const ultrasound::Wire& wire = sweep.setup.n_wires[w][k];
        const Point3 a = image_from_phantom(wire.front), b = image_from_phantom(wire.back);
        const Point3 cut = lerp(a, b, a.z / (a.z - b.z));
        marks.spots.push_back({{cut.x, cut.y}, {90, 170, 255}, {}, 10.0});
        marks.spots.push_back({found[0].points[w][k], {255, 210, 0}, wire.name, 5.0});
      }
    }
    return render::frame_figure(frame.image, marks);
  }
  return std::nullopt;
}

Made calibrate_image(const CalibrateWords& words, const Session& session) {
  const Sweep sweep = read_sweep(words.source, session);
  session.progress().report("finding wires", 0.1);
  const auto views = ultrasound::wire_views(sweep.recording, sweep.always, sweep.setup.n_wires);
  session.progress().report("calibrating", 0.6);
  const auto c = ultrasound::calibrate_spatial(views, sweep.setup.n_wires);
  const ultrasound::ImageSetup pictures = pictures_of(sweep.recording, words.source.depth_mm);
  std::optional<CalibrationError> validation;
  std::vector<std::string> warnings = sweep.remarks;
  if (!words.validation.empty()) {
    const auto other = io::read_tracked_sequence(words.validation);
    note_remarks(other.remarks, words.validation, session);
    warnings.insert(warnings.end(), other.remarks.begin(), other.remarks.end());
    const auto reasons = ultrasound::reasons_against(pictures, ultrasound::image_setup_of(other));
    if (!reasons.empty())
      throw InvalidInput("'" + words.validation.string() + "' validates nothing: " + reasons.front());
    validation = with_context("validating with " + words.validation.string(), [&] {
      return ultrasound::validate_spatial(c.probe_from_image,
                                          ultrasound::wire_views(other, sweep.always, sweep.setup.n_wires));
    });
  }
  io::CalibrationRecord record = record_of(words);
  std::vector<ultrasound::StatedPixelSize> stated;
  if (!words.ruler_mm.empty()) stated.push_back({"the ruler", {words.ruler_mm[0], words.ruler_mm[1]}});
  if (const auto before = sweep.always.find("Image", "Probe"))
    stated.push_back({"the set-up", ultrasound::pixel_size_of(*before)});
  record.warnings = std::move(warnings);
  for (std::string& disagreement : ultrasound::scale_disagreements(c.probe_from_image, stated))
    record.warnings.push_back(std::move(disagreement));
  if (!pictures.depth_mm)
    record.warnings.emplace_back(
        "neither the recording nor --depth-mm says how deep the pictures are: the calibration cannot be "
        "refused "
        "on those of another depth");
  Made made;
  made.json = io::to_json(c, pictures, validation, record);
  TextTable table = error_table();
  table.add_row(row_of("of the pictures fitted", c.fitted));
  table.add_row(row_of("of each fifth, by the others", c.left_out));
  if (validation) table.add_row(row_of("of the recording for validation", *validation));
  made.text = "Image in probe: " + std::to_string(c.views) + " pictures fitted, " +
              std::to_string(c.outliers) + " left out as outliers, " + std::to_string(c.unread) +
              " without wires that could be read; the probe turned by " + fixed(c.rotation_deg, 1) +
              " degrees and moved by " + fixed(c.translation_mm, 1) + " mm along the wires.\nPixels of " +
              fixed(c.pixel.x_mm, 4) + " x " + fixed(c.pixel.y_mm, 4) +
              " mm. SD of the image's place at a corner: " + fixed(c.corner_sd_mm, 2) + " mm.\n" +
              table.text();
  for (const std::string& warning : record.warnings) made.text += "Warning: " + warning + "\n";
  if (auto figure = wires_figure(sweep, c)) made.figures.emplace_back("wires.png", std::move(*figure));
  made.transform = io::ConfiguredTransform{
      {"Image", "Probe"}, c.probe_from_image, c.left_out.mean_mm, record.created, pictures};
  return made;
}

/// Returns the values, less their mean, over their standard deviation.
std::vector<double> standardised(const std::vector<double>& values, double sign) {
  double sum = 0.0, squares = 0.0;
  for (const double v : values) sum += v;
  const double mean = sum / static_cast<double>(values.size());
  for (const double v : values) squares += (v - mean) * (v - mean);
  const double sd = std::sqrt(squares / static_cast<double>(values.size()));
  std::vector<double> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(),
                 [&](double v) { return sign * (v - mean) / sd; });
  return result;
}

render::Picture signals_figure(const ultrasound::MotionSignal& video, const ultrasound::MotionSignal& tracker,
                               double lag_s) {
  const double begin = video.time_s.front();
  render::Curve line{"line in the video", {}, standardised(video.value, 1.0), {40, 90, 200}, false};
  for (const double t : video.time_s) line.x.push_back(t - begin);
  render::Curve probe{"probe, less the lag", {}, {}, {220, 90, 40}, false};
  // The way that the probe's axis points is not known; the one that agrees is drawn.
  std::vector<double> best = standardised(tracker.value, 1.0);
  double agreement = 0.0;
  for (std::size_t n = 0; n < tracker.time_s.size(); ++n) {
    const double t = tracker.time_s[n] - lag_s;
    const auto at = std::lower_bound(video.time_s.begin(), video.time_s.end(), t);
    if (at == video.time_s.begin() || at == video.time_s.end()) continue;
    agreement += best[n] * line.y[static_cast<std::size_t>(at - video.time_s.begin())];
  }
  for (std::size_t n = 0; n < tracker.time_s.size(); ++n) {
    const double t = tracker.time_s[n] - lag_s;
    if (t < video.time_s.front() || t > video.time_s.back()) continue;
    probe.x.push_back(t - begin);
    probe.y.push_back(agreement < 0.0 ? -best[n] : best[n]);
  }
  return render::diagram({line, probe}, {"The same motion in the video and by the tracker, after calibration",
                                         "time, s", "standard deviations"});
}

Made calibrate_time(const CalibrateWords& words, const Session& session) {
  const auto video = io::read_tracked_sequence(words.source.recording);
  note_remarks(video.remarks, words.source.recording, session);
  const auto tracker = words.poses.empty() ? video : io::read_tracked_sequence(words.poses);
  if (!words.poses.empty()) note_remarks(tracker.remarks, words.poses, session);
  session.progress().report("finding the line", 0.2);
  const auto depths = ultrasound::line_depths(video);
  const io::TrackedSetup setup = read_setups(words.source.setups);
  note_remarks(setup.remarks, words.source.recording, session);
  const auto motion =
      ultrasound::motion_of_pose(tracker, "Probe", words.reference, setup.coordinate_frames());
  session.progress().report("comparing", 0.8);
  const auto c = ultrasound::calibrate_temporal(depths, motion);
  Made made;
  io::CalibrationRecord record = record_of(words);
  for (const auto* remarks : {&video.remarks, &tracker.remarks, &setup.remarks})
    for (const std::string& remark : *remarks)
      if (remarks != &tracker.remarks || !words.poses.empty()) record.warnings.push_back(remark);
  made.json = io::to_json(c, record);
  made.text = "The tracker's time stamps less the video's: " + fixed(c.lag_s, 4) + " s (SD " +
              fixed(c.lag_sd_s, 4) + " s), correlation " + fixed(c.correlation, 3) + ", at least " +
              fixed(c.left_out_correlation, 3) + " in each fifth by the lag of the others, " +
              std::to_string(c.samples) + " pictures; " + std::to_string(c.skipped) +
              " left out where the tracker's poses were lost.\n";
  made.figures.emplace_back("signals.png", signals_figure(depths, motion, c.lag_s));
  return made;
}

Made calibrate_stylus(const CalibrateWords& words, const Session& session) {
  const Sweep sweep = read_sweep(words.source, session);
  require_way(sweep.recording, sweep.always, words.source.recording, words.stylus, words.reference);
  session.progress().report("calibrating", 0.5);
  const auto c = ultrasound::calibrate_pivot(
      ultrasound::rigid_poses(sweep.recording, words.stylus, words.reference, sweep.always));
  io::CalibrationRecord record = record_of(words);
  record.warnings = sweep.remarks;
  Made made;
  made.json = io::to_json(c, record);
  TextTable table = error_table();
  table.add_row(row_of("of the tip from its pivot", c.fitted));
  table.add_row(row_of("of each fifth, by the others", c.left_out));
  const Vector3& tip = c.tip_in_stylus;
  made.text = "Tip in " + words.stylus + ": " + fixed(tip.x, 2) + " " + fixed(tip.y, 2) + " " +
              fixed(tip.z, 2) + " mm (SD " + fixed(c.tip_sd_mm, 2) + " mm), from " + std::to_string(c.poses) +
              " poses on " + std::to_string(c.pivots.size()) + " pivots; " + std::to_string(c.others) +
              " poses lay on none or rested. Turned by " + fixed(c.rotation_deg, 1) + " degrees on one.\n" +
              table.text();
  made.transform = io::ConfiguredTransform{{words.stylus + "Tip", words.stylus},
                                           AffineTransform(RigidTransform::translation_by(tip)),
                                           std::nullopt,
                                           record.created,
                                           {}};
  if (c.left_out.count > 0) made.transform->error_mm = c.left_out.mean_mm;
  return made;
}

Made calibrate_phantom(const CalibrateWords& words, const Session& session) {
  const Sweep sweep = read_sweep(words.source, session);
  const std::string tip = words.stylus + "Tip";
  const auto& frames = sweep.recording.frames;
  if (std::none_of(frames.begin(), frames.end(), [&](const ultrasound::TrackedFrame& frame) {
        return ultrasound::at_moment(frame, sweep.always).find(tip, words.reference).has_value();
      }))
    throw InvalidInput("nothing tells where " + tip + " lies in " + words.reference +
                       "; the set-up that genu us calibrate stylus wrote leads from the tip to the stylus");
  session.progress().report("finding where the tip rested", 0.3);
  const auto places = ultrasound::resting_places(sweep.recording, tip, words.reference, sweep.always);
  const auto r = ultrasound::register_landmarks(ultrasound::landmarks_touched(sweep.setup.landmarks, places),
                                                sweep.setup.landmarks);
  io::CalibrationRecord record = record_of(words);
  record.warnings = sweep.remarks;
  Made made;
  made.json = io::to_json(r, record);
  TextTable table({"landmark", "off mm", "left out mm", "error to expect there mm"});
  for (std::size_t n = 0; n < r.names.size(); ++n)
    table.add_row({r.names[n], fixed(r.residual_mm[n], 2),
                   r.left_out_mm.empty() ? "-" : fixed(r.left_out_mm[n], 2),
                   fixed(r.predicted_error_mm(r.fixed_points[n]), 2)});
  made.text = "Phantom in " + words.reference + ": " + std::to_string(r.names.size()) + " of " +
              std::to_string(places.size()) + " places where the tip rested, off by " +
              fixed(r.fitted.mean_mm, 2) + " mm in the mean.\n" + table.text();
  made.transform =
      io::ConfiguredTransform{{"Phantom", words.reference},
                              AffineTransform(r.fixed_from_moving),
                              r.left_out.count > 0 ? std::optional(r.left_out.mean_mm) : std::nullopt,
                              record.created,
                              {}};
  return made;
}

/// An option that changes nothing would let its user believe that it did.
void check_options(const CalibrateWords& words) {
  const auto only = [&](const char* option, bool given, const char* kind) {
    if (given && words.kind != kind)
      throw UsageError(std::string(option) + " is for calibrating " + kind + ", not " + words.kind);
  };
  only("--validate", !words.validation.empty(), "image");
  only("--ruler-mm", !words.ruler_mm.empty(), "image");
  only("--poses", !words.poses.empty(), "time");
  if (words.kind == "time" && words.source.depth_mm)
    throw UsageError("--depth-mm changes nothing in calibrating time");
  std::error_code error;
  if (!words.validation.empty() && fs::equivalent(words.validation, words.source.recording, error))
    throw UsageError("--validate takes another recording than the one that is fitted, '" +
                     words.validation.string() + "'");
}

/// \throws UsageError if the command line names no phantom for what takes one
void require_phantom(const CalibrateWords& words) {
  const io::TrackedSetup setup = read_setups(words.source.setups);
  if (words.kind == "image" && setup.n_wires.empty())
    throw UsageError("calibrating an image takes a phantom with N-wires: --setup FILE, or --setup fcal_2.0");
  if (words.kind == "phantom" && setup.landmarks.empty())
    throw UsageError("placing a phantom takes its landmarks: --setup FILE, or --setup fcal_2.0");
}

ExitCode calibrate(const CalibrateWords& words, const Session& session) {
  check_options(words);
  require_phantom(words);
  io::FolderOptions options{
      .replace = words.replace, .inputs = files_of(words.source), .document = "calibration.json"};
  for (const fs::path& file : {words.poses, words.validation})
    if (!file.empty()) options.inputs.push_back(file);
  io::FolderTransaction folder(words.out, options);
  const Made made = with_context("calibrating with " + words.source.recording.string(), [&] {
    if (words.kind == "image") return calibrate_image(words, session);
    if (words.kind == "time") return calibrate_time(words, session);
    if (words.kind == "stylus") return calibrate_stylus(words, session);
    return calibrate_phantom(words, session);
  });
  io::write_text(folder.path() / "calibration.json", made.json);
  if (made.transform) {
    io::TrackedSetup setup = read_setups(words.source.setups);
    std::erase_if(setup.transforms, [&](const io::ConfiguredTransform& t) {
      return ultrasound::joins_the_same(t.frames, made.transform->frames);
    });
    setup.transforms.push_back(*made.transform);
    io::write_tracked_setup(folder.path() / "setup.xml", setup);
  }
  for (const auto& [name, picture] : made.figures) render::write_png(folder.path() / name, picture);
  folder.commit(session.progress());
  session.print(made.text + "Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<CalibrateWords>();
  parser
      .add_option("KIND", words->kind,
                  "image: its place at the probe's marker, by N-wires; time: the tracker's lag, by a water "
                  "tank; stylus: its tip, by turning it on a point or several; phantom: its place at the "
                  "reference, by touched landmarks")
      ->required()
      ->check(CLI::IsMember({"image", "time", "stylus", "phantom"}));
  add_sweep_options(parser, words->source);
  parser.add_option("--poses", words->poses, "time: recording of the tracker, if not RECORDING itself")
      ->type_name("FILE");
  parser.add_option("--validate", words->validation, "image: another recording of the wires, not fitted")
      ->type_name("FILE");
  parser
      .add_option(
          "--ruler-mm", words->ruler_mm,
          "image: size of a pixel across and down as the image's own ruler says; told if it disagrees")
      ->expected(2)
      ->check(above_0)
      ->type_name("X Y");
  parser.add_option("--stylus", words->stylus, "Coordinate frame of the stylus")->capture_default_str();
  parser.add_option("--reference", words->reference, "Coordinate frame that stays in place")
      ->capture_default_str();
  parser
      .add_option("-o,--out", words->out,
                  "Folder to make: calibration.json; setup.xml (not time); a picture (image, time)")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return calibrate(*words, session); };
}

}  // namespace

Verb us_calibrate_verb() {
  return {
      .name = "calibrate",
      .summary = "Calibrates an image, the time, a stylus or a phantom, each with its error",
      .description =
          "Every calibration tells its residuals, and its error on data that were left out; it is refused, "
          "with what was seen, where the motion was too small or the data too few. A transform that it found "
          "is added to the set-ups given and written as setup.xml, which later verbs and PLUS read; a lag is "
          "told for the program that records (PLUS: LocalTimeOffsetSec). An image's "
          "calibration holds for pictures of its size, orientation and depth, and is refused on others. "
          "Frames are named as in PLUS: Image, Probe, Stylus, StylusTip, Reference, Phantom.",
      .examples = {{"genu us calibrate stylus touches.igs.mha --out tip",
                    "The tip, from pivots on landmarks."},
                   {"genu us calibrate phantom touches.igs.mha --setup fcal_2.0 --setup tip/setup.xml --out "
                    "phantom",
                    "Where the phantom stands."},
                   {"genu us calibrate image wires.igs.mha --setup phantom/setup.xml --validate more.igs.mha "
                    "--out image",
                    "Where the image lies."},
                   {"genu us calibrate time tank.igs.mha --poses tank_poses.igs.mha --out time",
                    "By how much the tracker lags."}},
      .references = {"Lasso A et al. 2014, IEEE Transactions on Biomedical Engineering 61:2527.",
                     "Chen TK et al. 2009, Ultrasound in Medicine & Biology 35:1626 (N-wires).",
                     "Yaniv Z 2015, SPIE Medical Imaging 9415:941527 (pivot).",
                     "Fitzpatrick JM et al. 1998, IEEE Transactions on Medical Imaging 17:694 (landmarks)."},
      .declare = declare};
}

}  // namespace genu::app
