// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string>
#include <utility>

#include <pugixml.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>
#include <genu/ultrasound/patient_axes.h>

#include "text_header.h"

namespace genu::io {
namespace fs = std::filesystem;
namespace {

[[noreturn]] void fail(const fs::path& file, const std::string& why) {
  throw IoError("cannot read the tracking set-up '" + file.string() + "': " + why);
}

/// Returns the numbers of an attribute, whatever blanks part them.
std::vector<double> numbers_of(const fs::path& file, const pugi::xml_node& node, const char* attribute,
                               std::size_t count) {
  std::string text = node.attribute(attribute).value();
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  const auto numbers = numbers_in(text);
  if (!numbers || numbers->size() != count ||
      !std::all_of(numbers->begin(), numbers->end(), [](double n) { return std::isfinite(n); }))
    fail(file, std::string("the attribute ") + attribute + " of an element " + node.name() + " is '" +
                   node.attribute(attribute).value() + "', not " + std::to_string(count) + " numbers");
  return *numbers;
}

std::string text_of(const fs::path& file, const pugi::xml_node& node, const char* attribute) {
  std::string text = node.attribute(attribute).value();
  if (text.empty()) fail(file, std::string("an element ") + node.name() + " has no attribute " + attribute);
  return text;
}

Point3 point_of(const fs::path& file, const pugi::xml_node& node, const char* attribute) {
  const auto p = numbers_of(file, node, attribute, 3);
  return {p[0], p[1], p[2]};
}

/// Makes the patient's axes of a pose LPS, whatever the file says that they are; returns false if it says
/// nothing. PLUS passes over an attribute that it does not know.
bool settle_patient_axes(const fs::path& file, const pugi::xml_node& node,
                         const ultrasound::FramePair& frames, ultrasound::TrackedPose& pose) {
  if (!ultrasound::is_of_patient(frames)) return true;
  const std::string key(ultrasound::patient_axes_key);
  const pugi::xml_attribute said = node.attribute(key.c_str());
  if (!said) return false;
  const std::string axes = said.value();
  if (axes != "LPS" && axes != "RAS")
    fail(file, "the attribute " + key + " of the transform from " + frames.from + " to " + frames.to +
                   " is '" + axes + "', neither LPS nor RAS");
  if (axes == "RAS") ultrasound::turn_patient_axes(frames, pose);
  return true;
}

ConfiguredTransform transform_of(const fs::path& file, const pugi::xml_node& node) {
  ConfiguredTransform result;
  result.frames = {text_of(file, node, "From"), text_of(file, node, "To")};
  ultrasound::TrackedPose pose;
  const auto rows = numbers_of(file, node, "Matrix", pose.rows.size());
  std::copy(rows.begin(), rows.end(), pose.rows.begin());
  result.patient_axes_stated = settle_patient_axes(file, node, result.frames, pose);
  const auto transform = pose.transform();
  if (!transform || result.frames.from == result.frames.to)
    fail(file, "the transform from " + result.frames.from + " to " + result.frames.to +
                   " can't be inverted, or leads nowhere: '" + node.attribute("Matrix").value() + "'");
  result.transform = *transform;
  if (node.attribute("Error")) result.error_mm = numbers_of(file, node, "Error", 1).front();
  result.date = node.attribute("Date").value();
  if (node.attribute("ImageSize")) {
    const auto size = numbers_of(file, node, "ImageSize", 2);
    constexpr double most = 1U << 15U;  // as of the images of a recording
    const auto is_size = [](double n) { return n >= 1.0 && n <= most && n == std::floor(n); };
    if (!is_size(size[0]) || !is_size(size[1]))
      fail(file, std::string("the attribute ImageSize is '") + node.attribute("ImageSize").value() +
                     "', not two numbers of pixels");
    ultrasound::ImageSetup pictures{
        static_cast<int>(size[0]), static_cast<int>(size[1]), text_of(file, node, "ImageOrientation"), {}};
    if (node.attribute("ImagingDepthMm")) {
      pictures.depth_mm = numbers_of(file, node, "ImagingDepthMm", 1).front();
      if (!(*pictures.depth_mm > 0.0))
        fail(file, std::string("the attribute ImagingDepthMm is '") +
                       node.attribute("ImagingDepthMm").value() + "', not above 0");
    }
    result.pictures = pictures;
  }
  return result;
}

std::string text_of(const Point3& p) {
  return digits_of(p.x) + " " + digits_of(p.y) + " " + digits_of(p.z);
}

void append(pugi::xml_node& parent, const ConfiguredTransform& t) {
  pugi::xml_node node = parent.append_child("Transform");
  node.append_attribute("From") = t.frames.from.c_str();
  node.append_attribute("To") = t.frames.to.c_str();
  const Vector3& shift = t.transform.translation();
  const std::array<double, 3> last{shift.x, shift.y, shift.z};
  std::string matrix;
  for (std::size_t r = 0; r < 3; ++r) {
    for (const double value : t.transform.linear().rows[r]) matrix.append(digits_of(value)).append(" ");
    matrix.append(digits_of(last[r])).append(" ");
  }
  node.append_attribute("Matrix") = (matrix + "0 0 0 1").c_str();
  if (t.error_mm) node.append_attribute("Error") = digits_of(*t.error_mm).c_str();
  if (!t.date.empty()) node.append_attribute("Date") = t.date.c_str();
  if (t.patient_axes_stated && ultrasound::is_of_patient(t.frames))
    node.append_attribute(std::string(ultrasound::patient_axes_key).c_str()) = "LPS";
  if (!t.pictures) return;
  node.append_attribute("ImageSize") =
      (std::to_string(t.pictures->width) + " " + std::to_string(t.pictures->height)).c_str();
  node.append_attribute("ImageOrientation") = t.pictures->orientation.c_str();
  if (t.pictures->depth_mm)
    node.append_attribute("ImagingDepthMm") = digits_of(*t.pictures->depth_mm).c_str();
}

}  // namespace

ultrasound::CoordinateFrames TrackedSetup::coordinate_frames() const {
  ultrasound::CoordinateFrames frames;
  for (const ConfiguredTransform& t : transforms) frames.set(t.frames, t.transform);
  return frames;
}

const ConfiguredTransform* TrackedSetup::patient_tie() const {
  const ConfiguredTransform* tie = nullptr;
  for (const ConfiguredTransform& t : transforms) {
    if (!ultrasound::is_of_patient(t.frames)) continue;
    if (tie)
      throw InvalidInput("the set-up ties two frames to Patient, " + name_of(tie->frames) + " and " +
                         name_of(t.frames) + ": which of them holds cannot be told");
    tie = &t;
  }
  return tie;
}

namespace {

/// \throws IoError if two transforms between the same frames, in either direction, tell different things
void refuse_contradictions(const fs::path& file, const std::vector<ConfiguredTransform>& transforms) {
  // A picture's size, and what four digits of a rotation lose over it.
  constexpr double reach = 1000.0, same_mm = 0.2;
  for (std::size_t n = 0; n < transforms.size(); ++n)
    for (std::size_t k = 0; k < n; ++k) {
      const ConfiguredTransform &a = transforms[k], &b = transforms[n];
      if (!ultrasound::joins_the_same(a.frames, b.frames)) continue;
      const AffineTransform other = a.frames == b.frames ? b.transform : b.transform.inverse();
      for (const Point3& p : {Point3{}, Point3{reach, 0, 0}, Point3{0, reach, 0}, Point3{0, 0, reach}})
        if (!(distance(a.transform(p), other(p)) <= same_mm))
          fail(file, "it has two transforms between " + a.frames.from + " and " + a.frames.to +
                         " that differ: which of them holds cannot be told");
    }
}

}  // namespace

TrackedSetup read_tracked_setup(const fs::path& file) {
  const std::string text = read_text(file);
  pugi::xml_document document;
  const pugi::xml_parse_result parsed = document.load_buffer(text.data(), text.size());
  if (!parsed)
    fail(file, "it is no sound XML: " + std::string(parsed.description()) + " at byte " +
                   std::to_string(parsed.offset));
  TrackedSetup setup;
  for (const char* parent : {"//CoordinateDefinitions/Transform", "//CalibrationResults/Transform"})
    for (const pugi::xpath_node& found : document.select_nodes(parent))
      setup.transforms.push_back(transform_of(file, found.node()));
  refuse_contradictions(file, setup.transforms);
  if (std::any_of(setup.transforms.begin(), setup.transforms.end(),
                  [](const ConfiguredTransform& t) { return !t.patient_axes_stated; }))
    setup.remarks.push_back("the axes of " + std::string(ultrasound::patient_frame) + " are not stated in '" +
                            file.string() + "', taken as LPS");
  for (const pugi::xpath_node& found :
       document.select_nodes("//PhantomDefinition/Geometry/*[name()='NWire' or @Type='NWire']")) {
    std::vector<ultrasound::Wire> wires;
    for (const pugi::xml_node& wire : found.node().children("Wire"))
      wires.push_back({text_of(file, wire, "Name"), point_of(file, wire, "EndPointFront"),
                       point_of(file, wire, "EndPointBack")});
    if (wires.size() != 3)
      fail(file, "an N-wire has " + std::to_string(wires.size()) + " elements Wire, not 3");
    setup.n_wires.push_back({wires[0], wires[1], wires[2]});
  }
  for (const pugi::xpath_node& found :
       document.select_nodes("//PhantomDefinition/Geometry/Landmarks/Landmark"))
    setup.landmarks.push_back(
        {text_of(file, found.node(), "Name"), point_of(file, found.node(), "Position")});
  if (setup.transforms.empty() && setup.n_wires.empty() && setup.landmarks.empty())
    fail(file, "it has no element Transform of CoordinateDefinitions or CalibrationResults, and no phantom");
  return setup;
}

void write_tracked_setup(const fs::path& file, const TrackedSetup& setup) {
  pugi::xml_document document;
  pugi::xml_node root = document.append_child("PlusConfiguration");
  root.append_attribute("version") = "2.1";
  pugi::xml_node definitions = root.append_child("CoordinateDefinitions");
  for (const ConfiguredTransform& t : setup.transforms) append(definitions, t);
  if (!setup.n_wires.empty() || !setup.landmarks.empty()) {
    pugi::xml_node geometry = root.append_child("PhantomDefinition").append_child("Geometry");
    for (const ultrasound::NWire& n : setup.n_wires) {
      pugi::xml_node pattern = geometry.append_child("Pattern");
      pattern.append_attribute("Type") = "NWire";
      for (const ultrasound::Wire& w : n) {
        pugi::xml_node wire = pattern.append_child("Wire");
        wire.append_attribute("Name") = w.name.c_str();
        wire.append_attribute("EndPointFront") = text_of(w.front).c_str();
        wire.append_attribute("EndPointBack") = text_of(w.back).c_str();
      }
    }
    if (!setup.landmarks.empty()) {
      pugi::xml_node landmarks = geometry.append_child("Landmarks");
      for (const ultrasound::Landmark& l : setup.landmarks) {
        pugi::xml_node landmark = landmarks.append_child("Landmark");
        landmark.append_attribute("Name") = l.name.c_str();
        landmark.append_attribute("Position") = text_of(l.position).c_str();
      }
    }
  }
  std::ostringstream text;
  document.save(text, "  ");
  write_text(file, text.str());
}

}  // namespace genu::io
