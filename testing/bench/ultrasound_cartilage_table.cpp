// SPDX-License-Identifier: Apache-2.0
// How far trochlear cartilage measured in ultrasound is from the truth:
//   ultrasound_cartilage_table drawn          simulated pictures of drawn lines: thickness, tilt, frequency,
//   depth ultrasound_cartilage_table phantom        simulated pictures of phantom knees without patella
//   ultrasound_cartilage_table real FOLDER    knee_trochlea: manual lines, and the same pictures changed
// All print CSV, lengths in mm; near and far are the borders of the interface above the cartilage.
#include <array>
#include <filesystem>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include <opencv2/imgproc.hpp>

#include <genu/bridge/opencv.h>
#include <genu/core/error.h>
#include <genu/phantom/knee.h>
#include <genu/ultrasound/simulated_sweep.h>
#include <genu/ultrasound/trochlear_cartilage.h>

#include "drawn_trochlea.h"
#include "pictures.h"

namespace {

using namespace genu;
using namespace genu::ultrasound;

constexpr std::array zones{"medial", "intercondylar", "lateral"};

/// Mean and mean absolute difference of what was measured from the truth.
struct Error {
  double sum = 0.0, absolute = 0.0, count = 0.0;
  void add(double measured, double truth) {
    if (std::isnan(measured) || std::isnan(truth)) return;
    sum += measured - truth;
    absolute += std::abs(measured - truth);
    count += 1.0;
  }
};

std::ostream& operator<<(std::ostream& out, const Error& e) {
  if (e.count == 0.0) return out << "0,,";
  return out << e.count << "," << e.sum / e.count << "," << e.absolute / e.count;
}

/// The differences of several pictures.
struct Table {
  std::array<Error, 3> near, far;  ///< One a zone.
  Error bone;
  int pictures = 0, refused = 0;

  void add(const TrochlearFinding& finding, const TrochlearThickness& truth, const TrochlearContours& lines,
           double mm) {
    ++pictures;
    if (!finding.cartilage || finding.cartilage->thickness.zones.size() != 3 || truth.zones.size() != 3) {
      ++refused;
      return;
    }
    for (std::size_t z = 0; z < 3; ++z)
      for (const TrochlearZone& zone : truth.zones) {
        const ZonePart& found = finding.cartilage->thickness.zones[z].whole;
        if (found.name != zone.whole.name) continue;
        const auto place = std::find(zones.begin(), zones.end(), found.name) - zones.begin();
        near.at(static_cast<std::size_t>(place)).add(found.near.mean, zone.whole.near.mean);
        far.at(static_cast<std::size_t>(place)).add(found.far.mean, zone.whole.far.mean);
      }
    const auto d = pictures::difference(finding.cartilage->contours.bone_px, lines.bone_px);
    bone.sum += d.mean * mm;
    bone.absolute += d.mean_absolute * mm;
    bone.count += 1.0;
  }
  void print(const std::string& name) const {
    for (std::size_t z = 0; z < 3; ++z) {
      std::cout << name << "," << pictures << "," << refused << "," << zones.at(z) << ",near," << near.at(z)
                << "\n";
      std::cout << name << "," << pictures << "," << refused << "," << zones.at(z) << ",far," << far.at(z)
                << "\n";
    }
    std::cout << name << "," << pictures << "," << refused << ",all,bone line," << bone << std::endl;
  }
};

TrochlearCartilageOptions options_of(double pixel_mm, Side knee = Side::left) {
  return {.zones = {.pixel_size = PixelSize{pixel_mm, pixel_mm}, .knee = knee, .picture_left = Side::right}};
}

void drawn_lines() {
  std::cout << "what,pictures,refused,zone,border,n,mean_difference,mean_absolute_difference\n";
  const auto row = [](const std::string& name,
                      const std::function<void(drawn::Trochlea&, SimulationOptions&)>& set) {
    Table table;
    for (std::uint64_t seed = 1; seed <= 6; ++seed)
      for (const double thickness : {1.5, 2.5, 3.5}) {
        drawn::Trochlea t{.thickness_mm = thickness, .seed = seed};
        SimulationOptions machine;
        set(t, machine);
        const auto picture = drawn::picture_of(t, machine);
        const auto options = options_of(t.pixel_mm);
        table.add(find_trochlear_cartilage(picture.frame, options),
                  measure_trochlear_thickness(picture.truth, options.zones), picture.truth, t.pixel_mm);
      }
    table.print(name);
  };
  row("plain", [](auto&, auto&) {});
  for (const double mm : {0.8, 1.2, 2.0, 3.0, 4.0, 5.0})
    row("thickness " + std::to_string(mm), [mm](auto& t, auto&) { t.thickness_mm = mm; });
  for (const double degrees : {-15.0, -8.0, 8.0, 15.0})
    row("tilt " + std::to_string(degrees), [degrees](auto& t, auto&) { t.tilt_deg = degrees; });
  for (const double mhz : {6.0, 8.0, 12.0, 15.0})
    row("MHz " + std::to_string(mhz), [mhz](auto&, auto& m) { m.frequency_mhz = mhz; });
  for (const double mm : {12.0, 25.0, 32.0})
    row("depth " + std::to_string(mm),
        [mm](auto& t, auto& m) { t.depth_mm = mm, t.height_mm = mm + 20.0, m.focus_mm = mm; });
  for (const double db : {-10.0, 10.0})
    row("gain dB " + std::to_string(db), [db](auto&, auto& m) { m.gain_db = db; });
  for (const double mm : {2.0, 8.0})
    row("sulcus " + std::to_string(mm), [mm](auto& t, auto&) { t.sulcus_mm = mm; });
}

/// A femur with its cartilage and nothing else, around the trochlea, as a bent knee shows it.
LabelMap trochlea_of(const phantom::Knee& knee, const Point3& middle) {
  constexpr double spacing = 0.3;
  const ImageGeometry grid({200, 200, 60}, middle - Vector3{30.0, 30.0, 9.0}, {spacing, spacing, spacing});
  LabelMap labels(grid, Tissue::background);
  for (std::int64_t k = 0; k < 60; ++k)
    for (std::int64_t j = 0; j < 200; ++j)
      for (std::int64_t i = 0; i < 200; ++i) {
        const Tissue tissue = knee.tissue_at(grid.to_patient(VoxelIndex{i, j, k}));
        if (tissue == Tissue::femur || tissue == Tissue::femoral_cartilage) labels[{i, j, k}] = tissue;
      }
  return labels;
}

void phantoms() {
  std::cout << "what,pictures,refused,zone,border,n,mean_difference,mean_absolute_difference\n";
  for (const double thickness : {1.5, 2.2, 3.0}) {
    Table table;
    for (const Side side : {Side::left, Side::right})
      for (const double scale : {0.9, 1.0, 1.1}) {
        const phantom::Knee knee({.side = side, .scale = scale, .femoral_thickness_mm = thickness});
        const KneeFrame& axes = knee.frame();
        const Point3 groove = knee.closest_on_bone(Bone::femur, axes.at(0.0, 45.0 * scale, 24.0 * scale));
        const LabelMap labels = trochlea_of(knee, groove);
        const EchoBody body(labels);
        const Vector3 normal = knee.bone_normal(Bone::femur, groove);
        const Vector3 up = normalized(normal - dot(normal, axes.lateral) * axes.lateral);
        for (const double turned : {-6.0, 0.0, 6.0}) {
          // The patient's right at the left of the picture: x of LPS grows to the patient's left.
          const double angle = turned / 57.29577951308232;
          const Vector3 across = normalized(Vector3{1.0, 0.0, 0.0} - dot(Vector3{1.0, 0.0, 0.0}, up) * up);
          const Vector3 into = -(std::cos(angle) * up + std::sin(angle) * across);
          const PixelSize pixel{0.1, 0.1};
          const auto pose = image_pose(groove + 20.0 * up, into, across, pixel, 380);
          const SimulatedFrame frame = body.frame(pose, 380, 400, {.frequency_mhz = 12.0});
          const TrochlearContours lines{frame.truth.cartilage_px, frame.truth.cartilage_px,
                                        frame.truth.bone_px};
          const auto options = options_of(0.1, side);
          table.add(find_trochlear_cartilage(frame.image, options),
                    measure_trochlear_thickness(lines, options.zones), lines, 0.1);
        }
      }
    table.print("phantom " + std::to_string(thickness));
  }
}

Frame changed(const Frame& frame, double scale, double turn_deg) {
  const cv::Mat from = bridge::view_as_opencv(frame);
  cv::Mat to, turn = cv::getRotationMatrix2D({346.0F, 180.0F}, turn_deg, 1.0);
  cv::warpAffine(from, to, turn, from.size(), cv::INTER_LINEAR);
  cv::resize(to, to, {}, scale, scale, scale < 1.0 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return bridge::copy_frame_from_opencv(to);
}

void real(const std::filesystem::path& folder) {
  std::cout << "picture,change,zone,near_manual,near_found,far_manual,far_found,reasons\n";
  for (const auto& [name, knee] :
       {std::pair("Subject001_L_02", Side::left), {"Subject001_R_01", Side::right}}) {
    const Frame frame = pictures::read(folder / (std::string(name) + ".jpg"));
    const auto lines = pictures::manual_contours(folder / (std::string(name) + "_contours.csv"), frame.width);
    const double mm = pictures::trochlea_pixel.x_mm;
    const auto manual = measure_trochlear_thickness(lines, options_of(mm, knee).zones);
    const auto row = [&, picture = std::string(name), side = knee](const std::string& change,
                                                                   const Frame& shown, double pixel_mm) {
      const auto finding = find_trochlear_cartilage(shown, options_of(pixel_mm, side));
      for (std::size_t z = 0; z < 3; ++z) {
        std::cout << picture << "," << change << "," << manual.zones[z].whole.name << ","
                  << manual.zones[z].whole.near.mean << ",";
        const bool found = finding.cartilage && finding.cartilage->thickness.zones.size() == 3;
        if (found) std::cout << finding.cartilage->thickness.zones[z].whole.near.mean;
        std::cout << "," << manual.zones[z].whole.far.mean << ",";
        if (found) std::cout << finding.cartilage->thickness.zones[z].whole.far.mean;
        std::cout << ",\"" << (finding.reasons.empty() ? "" : finding.reasons.front()) << "\"\n";
      }
    };
    row("none", frame, mm);
    for (const double power : {0.5, 0.7, 1.4, 2.0})
      row("grey map " + std::to_string(power), pictures::with_greys(frame, 1.0, power), mm);
    for (const double gain : {0.5, 0.7, 1.6, 2.2})
      row("gain " + std::to_string(gain), pictures::with_greys(frame, gain, 1.0), mm);
    for (const double scale : {0.6, 0.8, 1.3, 1.6})
      row("scale " + std::to_string(scale), changed(frame, scale, 0.0), mm / scale);
    for (const double turn : {-8.0, -4.0, 4.0, 8.0})
      row("turn " + std::to_string(turn), changed(frame, 1.0, turn), mm);
    const auto found = find_trochlear_cartilage(frame, options_of(mm, knee));
    if (!found.cartilage) continue;
    const auto line = [&](const char* what, const std::vector<double>& a, const std::vector<double>& b) {
      const auto d = pictures::difference(a, b);
      std::cout << "# " << what << ": mean " << d.mean * mm << ", mean absolute " << d.mean_absolute * mm
                << " over " << d.columns << " columns\n";
    };
    line("near", found.cartilage->contours.near_px, lines.near_px);
    line("far", found.cartilage->contours.far_px, lines.far_px);
    line("bone", found.cartilage->contours.bone_px, lines.bone_px);
  }
}

}  // namespace

int main(int count, char** words) {
  const std::string mode = count > 1 ? words[1] : "";
  try {
    if (mode == "drawn")
      drawn_lines();
    else if (mode == "phantom")
      phantoms();
    else if (mode == "real" && count == 3)
      real(words[2]);
    else {
      std::cerr << "usage: ultrasound_cartilage_table drawn | phantom | real FOLDER\n";
      return 2;
    }
  } catch (const std::exception& error) {
    std::cerr << describe(error) << "\n";
    return 1;
  }
  return 0;
}
