// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include <pugixml.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/tracked_files.h>

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
  if (!numbers || numbers->size() != count)
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

ConfiguredTransform transform_of(const fs::path& file, const pugi::xml_node& node) {
  ConfiguredTransform result;
  result.frames = {text_of(file, node, "From"), text_of(file, node, "To")};
  ultrasound::TrackedPose pose;
  const auto rows = numbers_of(file, node, "Matrix", pose.rows.size());
  std::copy(rows.begin(), rows.end(), pose.rows.begin());
  const auto transform = pose.transform();
  if (!transform || result.frames.from == result.frames.to)
    fail(file, "the transform from " + result.frames.from + " to " + result.frames.to +
                   " can't be inverted, or leads nowhere: '" + node.attribute("Matrix").value() + "'");
  result.transform = *transform;
  if (node.attribute("Error")) result.error_mm = numbers_of(file, node, "Error", 1).front();
  result.date = node.attribute("Date").value();
  return result;
}

}  // namespace

ultrasound::CoordinateFrames TrackedSetup::coordinate_frames() const {
  ultrasound::CoordinateFrames frames;
  for (const ConfiguredTransform& t : transforms) frames.set(t.frames, t.transform);
  return frames;
}

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
  for (const pugi::xpath_node& found : document.select_nodes("//PhantomDefinition/Geometry/*[name()='NWire' or @Type='NWire']")) {
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

}  // namespace genu::io
