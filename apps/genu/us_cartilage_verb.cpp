// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
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
#include <genu/io/files.h>
#include <genu/io/trochlear_files.h>
#include <genu/render/frame_figure.h>

#include "inputs.h"
#include "protocol.h"
#include "us_inputs.h"
#include "us_verbs.h"

namespace genu::app {

namespace fs = std::filesystem;

namespace {

struct CartilageWords {
  fs::path file;
  std::vector<double> pixel_mm, click;
  ultrasound::TrochlearCartilageOptions options;
  std::size_t frame = 0;  ///< From 1; 0 = all.
  fs::path out;
  bool replace = false;
};

/// Returns the pixel that a place is in; nothing where none is named.
std::optional<PixelBounds> pixel_at(const std::vector<double>& place) {
  if (place.empty()) return std::nullopt;
  const auto whole = [](double at) {
    constexpr double most = 1e6;  // No picture is as large; the click itself is refused later.
    return static_cast<int>(std::lround(std::isfinite(at) ? std::clamp(at, -most, most) : -most));
  };
  return PixelBounds{whole(place[0]), whole(place[1]), 1, 1};
}

render::FrameLine line_of(const std::vector<double>& rows, const render::Rgb& colour) {
  render::FrameLine line{{}, colour, 1.5};
  for (std::size_t x = 0; x < rows.size(); ++x) line.points.push_back({static_cast<double>(x), rows[x]});
  return line;
}

render::Picture figure_of(const Frame& frame, const ultrasound::TrochlearFinding& finding,
                          const std::optional<PixelSize>& pixel) {
  render::FrameMarks marks{.pixel = pixel};
  if (!finding.cartilage) {
    marks.words.emplace_back("No cartilage was measured:");
    for (const std::string& reason : finding.reasons) marks.words.push_back("  " + reason);
    return render::frame_figure(frame, marks);
  }
  const ultrasound::TrochlearCartilage& c = *finding.cartilage;
  marks.lines = {line_of(c.contours.near_px, {255, 210, 0}), line_of(c.contours.far_px, {90, 220, 120}),
                 line_of(c.contours.bone_px, {90, 170, 255})};
  const std::string unit = c.thickness.in_mm ? " mm" : " pixels";
  for (const ultrasound::TrochlearZone& zone : c.thickness.zones) {
    const ultrasound::ZonePart& part = zone.whole;
    for (const double x : {part.begin_px, part.end_px})
      marks.lines.push_back({{{x, 0.0}, {x, frame.height - 1.0}}, {200, 200, 200}, 0.8, true});
    std::string words = part.name;
    words.append(": ").append(fixed(part.near.mean, 2)).append(unit).append(" from the outer border, ");
    words.append(fixed(part.far.mean, 2)).append(unit).append(" from the inner; ");
    words.append(fixed(100.0 * part.part_measured(), 0)).append(" % measured");
    marks.words.push_back(std::move(words));
  }
  marks.words.emplace_back("yellow: outer border; green: inner; blue: bone");
  for (const std::string& reason : finding.reasons) marks.words.push_back("doubt: " + reason);
  return render::frame_figure(frame, marks);
}

void add_rows(TextTable& table, const io::TrochlearPicture& picture) {
  const std::string frame = std::to_string(picture.frame);
  if (!picture.finding.cartilage) {
    table.add_row({frame, "none", "-", "-", "-", "-"});
    return;
  }
  const ultrasound::TrochlearThickness& t = picture.finding.cartilage->thickness;
  const auto add = [&](const ultrasound::ZonePart& part) {
    table.add_row({frame, part.name, fixed(part.near.mean, 2), fixed(part.far.mean, 2),
                   fixed(part.near.area, 1), fixed(100.0 * part.part_measured(), 0)});
  };
  for (const ultrasound::TrochlearZone& zone : t.zones) add(zone.whole);
  if (t.zones.empty()) add(t.all);
}

/// What MRI would have measured; nothing where nothing was measured.
std::string words_about_mri(const io::TrochlearRecord& record) {
  const auto measured =
      std::find_if(record.pictures.begin(), record.pictures.end(),
                   [](const io::TrochlearPicture& p) { return p.finding.cartilage.has_value(); });
  if (measured == record.pictures.end()) return {};
  constexpr double least = 0.12, most = 0.21;
  const double factor = measured->finding.cartilage->thickness.sound_speed_factor;
  if (factor == 1.0) return " Against MRI, ultrasound reads 12 to 21 % less (Kauppinen 2021).";
  const auto left = [factor](double less) {
    return std::to_string(std::lround(100.0 * ((1.0 - less) * factor - 1.0)));
  };
  return " Thickness and area are multiplied by " + fixed(factor, 3) +
         " for the speed of sound: against MRI, of -21 to -12 % (Kauppinen 2021) " + left(most) + " to " +
         left(least) + " % remain.";
}

ExitCode measure_cartilage(const CartilageWords& words, const Session& session) {
  io::FolderTransaction folder(
      words.out, {.replace = words.replace, .inputs = {words.file}, .document = "cartilage.json"});
  Pictures pictures = read_pictures(words.file, words.pixel_mm, {"--click", pixel_at(words.click)});
  if (!pictures.pixel) erase_told_twice(pictures.warnings, pictures.pixel_source);
  if (words.frame != 0 &&
      std::find(pictures.numbers.begin(), pictures.numbers.end(), words.frame) == pictures.numbers.end())
    throw UsageError("'" + words.file.string() + "' shows " + std::to_string(pictures.frames.size()) +
                     " pictures; there is no picture " + std::to_string(words.frame) + " among them");
  ultrasound::TrochlearCartilageOptions options = words.options;
  options.zones.pixel_size = pictures.pixel;
  if (!words.click.empty()) options.click = PixelPoint{words.click[0], words.click[1]};
  options.area = pictures.part;
  const io::Case named = new_case("cartilage", "baseline", {words.file.string()});
  io::TrochlearRecord record{named.inputs.front(),  named.created, named.genu_version,
                             pictures.pixel_source, options.zones, {},
                             pictures.warnings};
  const std::string unit = pictures.pixel ? "mm" : "px";
  TextTable table({"picture", "zone", "outer border " + unit, "inner border " + unit, "area " + unit + "2",
                   "measured %"});
  std::string remarks;
  for (std::size_t f = 0; f < pictures.frames.size(); ++f) {
    const std::size_t number = pictures.numbers[f];
    if (words.frame != 0 && words.frame != number) continue;
    session.progress().report("picture " + std::to_string(number),
                              static_cast<double>(f) / static_cast<double>(pictures.frames.size()));
    io::TrochlearPicture picture{
        number, with_context(
                    "measuring cartilage in '" + words.file.string() + "', picture " + std::to_string(number),
                    [&] { return ultrasound::find_trochlear_cartilage(pictures.frames[f], options); })};
    add_rows(table, picture);
    const std::string start = "picture " + std::to_string(number) + ": ";
    for (const std::string& reason : picture.finding.reasons)
      remarks.append(start).append(reason).append("\n");
    if (picture.finding.cartilage)
      for (const std::string& note : picture.finding.cartilage->thickness.notes)
        remarks.append(start).append(note).append("\n");
    render::write_png(folder.path() / ("picture_" + std::to_string(number) + ".png"),
                      figure_of(pictures.frames[f], picture.finding, pictures.pixel));
    record.pictures.push_back(std::move(picture));
  }
  io::write_text(folder.path() / "cartilage.json", io::to_json(record));
  io::write_text(folder.path() / "cartilage.csv", io::trochlear_csv(record));
  folder.commit(session.progress());
  session.print(table.text());
  session.print("Scale: " + pictures.pixel_source + "." + words_about_mri(record) + "\n");
  if (!remarks.empty()) session.print(remarks);
  for (const std::string& warning : pictures.warnings) session.print("Odd: " + warning + "\n");
  session.print("Written: " + words.out.string() + "\n");
  return ExitCode::ok;
}

Work declare(CLI::App& parser) {
  const auto words = std::make_shared<CartilageWords>();
  parser
      .add_option("PICTURE", words->file,
                  "Transverse suprapatellar picture or clip: DICOM, PNG, JPEG, .igs.mha")
      ->required()
      ->type_name("FILE");
  add_pixel_option(parser, words->pixel_mm);
  add_side_option(parser, words->options.zones.knee);
  const auto set_picture_left = [words](const std::string& word) {
    words->options.zones.picture_left = side_named(word);
    if (!words->options.zones.picture_left)
      throw CLI::ValidationError("--picture-left", "\"" + word + "\" is neither left nor right");
  };
  parser
      .add_option_function<std::string>(
          "--picture-left", set_picture_left,
          "The patient's side at the left of the picture; with --side it tells medial from lateral")
      ->type_name("left|right");
  parser
      .add_option(
          "--click", words->click,
          "A place in the cartilage or on the bone under it, in pixels; a DICOM region that it lies in "
          "gives the scale")
      ->expected(2)
      ->type_name("X Y");
  parser
      .add_option("--sound-speed", words->options.zones.cartilage_sound_speed_m_s,
                  "Of cartilage, m/s; thickness is multiplied by its ratio to the machine's 1540. Nothing is "
                  "corrected by default")
      ->check(within(ultrasound::least_sound_speed_m_s, ultrasound::most_sound_speed_m_s))
      ->capture_default_str();
  parser.add_option("--frame", words->frame, "Which picture of a clip, from 1; all by default")
      ->type_name("N");
  parser.add_option("-o,--out", words->out, "Folder to make: cartilage.json, cartilage.csv, pictures")
      ->required()
      ->type_name("DIR");
  parser.add_flag("--replace", words->replace,
                  "Puts the new folder in the place of an old one of this verb's");
  return [words](const Session& session) { return measure_cartilage(*words, session); };
}

}  // namespace

Verb us_cartilage_verb() {
  return {
      .name = "cartilage",
      .summary = "Measures trochlear cartilage in a transverse suprapatellar picture",
      .description =
          "Finds the bone line and both borders of the bright interface over the dark cartilage, by itself "
          "or "
          "from a click, and takes the shortest distance from the bone to each. Zones lie about the deepest "
          "point: the middle quarter is intercondylar. Medial and lateral are named only if --side and "
          "--picture-left tell them. Without a scale the numbers are pixels. A picture without cartilage "
          "says "
          "why.",
      .examples = {{"genu us cartilage knee.dcm --side right --picture-left right --out cartilage", "DICOM."},
                   {"genu us cartilage knee.png --pixel-mm 0.0909 --click 320 210 --out cartilage",
                    "A picture without a scale of its own."}},
      .references =
          {"Kauppinen K et al. 2021, Scientific World Journal 9978819 (against MRI).",
           "Harkey MS et al. 2020, Journal of Sport Rehabilitation 29:1042 (zones).",
           "White S et al. 2024, Computer Methods in Biomechanics and Biomedical Engineering 27:531."},
      .declare = declare};
}

}  // namespace genu::app
