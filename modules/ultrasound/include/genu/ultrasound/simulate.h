// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <genu/core/affine_transform.h>
#include <genu/core/frame.h>
#include <genu/core/knee.h>
#include <genu/core/tissue.h>
#include <genu/ultrasound/acoustic_plane.h>

namespace genu::ultrasound {

/// The machine and its settings. Sound travels at 1540 m/s everywhere.
struct SimulationOptions {
  double frequency_mhz = 10.0;  ///< 2 to 30.
  double pulse_cycles = 2.5;    ///< Length of the two-way pulse at half its height; axial resolution.
  double f_number = 2.5;        ///< Focal depth over aperture; lateral resolution.
  double focus_mm = 20.0;       ///< Depth at which the beam is narrowest.
  double slice_mm = 1.2;        ///< Thickness of the image plane at half its sensitivity.
  double tgc_db_cm_mhz = 0.55;  ///< One-way attenuation that the machine makes up for.
  int looks = 1;                ///< Speckle patterns averaged, as spatial compounding does: 1 to 16.
  double gain_db = 0.0;
  double dynamic_range_db = 60.0;  ///< From black to white.
  double noise_db = -112.0;        ///< Of the receiver, at the face; it grows with depth as the gain does.
  double max_gel_mm = 5.0;         ///< Gel fills a gap up to this between face and skin; beyond it is air.
  double assumed_fat_mm = 6.0;     ///< Skin and fat below the face where the labels know no skin.
  std::uint64_t seed = 1;
  unsigned threads = 0;  ///< 0 = every core; the result does not depend on it.
};

/// A needle in an image plane.
struct SimulatedNeedle {
  PixelPoint entry;  ///< May lie outside of the image, as where a needle comes in beside the probe.
  PixelPoint tip;
  double diameter_mm = 0.72;           ///< 22 G; copies of the shaft follow below it at this spacing.
  double bend_mm = 0.0;                ///< How far the middle bows off the straight line, downwards.
  double entry_out_of_plane_mm = 0.0;  ///< Distance from the image plane, which the echo falls with.
  double tip_out_of_plane_mm = 0.0;
  double visible_from = 0.0;  ///< Part of the shaft that shows, from entry (0) to tip (1).
  double visible_to = 1.0;
  double echo_db = 0.0;  ///< Added to the shaft's and the tip's echo.
  bool bevel = true;     ///< A bright tip.
};

/// Returns the places of a needle's shaft from entry to tip, about a pixel apart.
std::vector<PixelPoint> shaft_of(const SimulatedNeedle& needle, const PixelSize& pixel);

/// Returns a B-mode image of a plane and needles in it.
///
/// Circular Gaussian scatterers convolved with a Gaussian point spread function give fully developed speckle
/// (Wagner et al. 1983, IEEE Trans Sonics Ultrason 30:156; convolution as in Bamber and Dickinson 1980,
/// Phys Med Biol 25:463). To it come specular echoes of interfaces, falling with their tilt, and of needles,
/// falling with steepness, each with its reverberation; attenuation, shadow, gain, noise, and logarithmic
/// compression. \throws InvalidInput naming the value that is out of range
Frame simulate_frame(const AcousticPlane& plane, std::span<const SimulatedNeedle> needles = {},
                     const SimulationOptions& options = {});

/// A needle in patient space. One straight across the picture's plane shows as a dot where it crosses.
struct PlacedNeedle {
  Point3 entry;
  Point3 tip;
  double diameter_mm = 0.72;
  double bend_mm = 0.0;  ///< In the image plane, away from the probe.
  /// Where the tip is in the first frame of a sweep; by the last it has gone evenly to `tip`.
  std::optional<Point3> first_tip = {};
};

/// What is true of a simulated frame. One value a column, in rows (between them too); NaN = none.
struct FrameTruth {
  std::vector<double> bone_px = {};        ///< The first bone.
  std::vector<double> cartilage_px = {};   ///< Near edge of cartilage that lies on this bone.
  std::vector<double> skin_px = {};        ///< Where the body begins; 0 where the face lies on or below skin.
  std::vector<std::uint8_t> contact = {};  ///< 0: the column lies on air and shows nothing.
  std::vector<SimulatedNeedle> needles = {};  ///< As they were drawn; see shaft_of.
  PixelSize pixel;
};

struct SimulatedFrame {
  Frame image;
  FrameTruth truth = {};
};

struct SeenPlane {
  AcousticPlane plane;
  FrameTruth truth = {};
};

/// A labelled body, ready to be looked at from any side.
///
/// Echoes are tied to patient space: the same place has the same scatterers, septa and fibres in every
/// frame. Tendons are fibrillar along their longest axis, muscle along the limb. In labels with skin,
/// background before the skin is gel or air; without, the face lies on skin wherever it is, and background is
/// soft tissue below `assumed_fat_mm` of skin and fat.
class EchoBody {
 public:
  /// \throws InvalidInput if nothing is labelled. The labels must outlive this.
  explicit EchoBody(const LabelMap& labels);
  ~EchoBody();
  EchoBody(EchoBody&&) noexcept;
  EchoBody& operator=(EchoBody&&) noexcept;

  /// Returns the frame that a linear probe shows, its beams along +y of the image, and what is true of it.
  /// \param patient_from_image from pixels (x, y, and z out of the plane) to mm of the labels' space
  /// \throws InvalidInput if pixels have no sensible size or are not rectangular, or a value is out of range
  SimulatedFrame frame(const AffineTransform& patient_from_image, int width, int height,
                       const SimulationOptions& options = {},
                       std::span<const PlacedNeedle> needles = {}) const;
  /// Returns where a line through a point, along the beam, comes to the skin first; nothing if the labels
  /// know no skin or the line misses the body. \throws InvalidInput if the direction is zero or not finite
  std::optional<Point3> skin_along(const Point3& through, const Vector3& into_body) const;
  /// Returns the plane that frame() makes its image of, and what is true of it but for needles.
  SeenPlane plane(const AffineTransform& patient_from_image, int width, int height,
                  const SimulationOptions& options = {}) const;

 private:
  struct Representation;
  std::unique_ptr<const Representation> representation_;
};

/// The same, for one frame of a body.
SimulatedFrame simulate_frame(const LabelMap& labels, const AffineTransform& patient_from_image, int width,
                              int height, const SimulationOptions& options = {},
                              std::span<const PlacedNeedle> needles = {});

}  // namespace genu::ultrasound
