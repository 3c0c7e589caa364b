// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <genu/core/knee.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>

namespace genu::segmentation {

/// What the network's own evidence is worth, fitted on knees that it was not trained on
/// (data/schemas/network.schema.json).
struct Calibration {
  /// The Dice to expect of some structures: a line through the network's overlap and agreement, 0 to 1.
  struct Fit {
    std::vector<Tissue> structures;
    double intercept = 0.0;
    double overlap = 1.0;
    double agreement = 0.0;
  };
  std::string name;               ///< The network's.
  std::vector<Tissue> validated;  ///< Measured on real masks, and counted for the verdict.
  /// A structure without a fit is expected to be as good as its overlap; without any, nothing passes.
  std::vector<Fit> fits;
  double review_below = 0.90;
  double fail_below = 0.70;  ///< For the two large bones.
};

/// The trained network, read once and asked for many knees, from any number of threads.
class KneeNetwork {
 public:
  /// \param onnx the network as `training/export.py` writes it
  /// \throws InvalidInput if it can't be read, or does not have the inputs and classes that Genu trains.
  explicit KneeNetwork(std::span<const std::byte> onnx, Calibration calibration = {});
  KneeNetwork(KneeNetwork&&) noexcept;
  KneeNetwork& operator=(KneeNetwork&&) noexcept;
  ~KneeNetwork();

 private:
  friend class NetworkAccess;
  std::unique_ptr<class NetworkPool> pool_;
};

/// What may be done with a result: go on, look at it first, or nothing.
enum class Verdict { pass, review, fail };
std::string_view name(Verdict verdict);

struct StructureQuality {
  Tissue tissue = Tissue::background;
  double volume_mm3 = 0.0;
  /// Dice of the probabilities with the labels made of them: what the network itself expects, rules applied.
  double overlap = 0.0;
  /// Dice with what the network says of the same slices, moved by a few pixels and brightened; NaN if
  /// neither has any.
  double agreement = 0.0;
  double score = 0.0;      ///< The Dice to expect, by the network's calibration, 0 to 1.
  bool validated = false;  ///< By the network's calibration; else best effort.
};

/// How far a segmentation can be trusted.
struct Quality {
  Verdict verdict = Verdict::fail;
  double score = 0.0;  ///< The least of the validated structures.
  std::vector<StructureQuality> structures;
  std::vector<std::string> reasons;  ///< Why it is no pass, gravest first; empty if it is.
};

struct SegmentOptions {
  std::optional<Side> side = {};  ///< If it is known, as a header states it; else the fibula tells.
  unsigned threads = 0;           ///< 0 = every core; the result does not depend on it.
};

// Where a side is known from.
inline constexpr std::string_view side_given = "given";
inline constexpr std::string_view side_from_fibula = "fibula";
inline constexpr std::string_view side_from_position = "image position";
inline constexpr std::string_view unknown_side = "unknown";

/// Which knee it is and how good its labels are; what a reader is told of them.
struct SegmentationReport {
  Side side = Side::right;
  std::string side_source;  ///< One of the four below.
  std::string network;      ///< Its name.
  Quality quality;
};

class StackProbabilities;

struct Segmentation {
  LabelMap labels;  ///< On the image's grid, whatever the verdict.
  SegmentationReport report;
  /// The probabilities that the labels were made of, after the rules of anatomy.
  std::shared_ptr<const StackProbabilities> probabilities;
};

/// Returns the probability of a structure at each voxel of the image, in steps of 1/255; 0 everywhere for
/// what is not segmented.
Volume<std::uint8_t> probability_of(const Segmentation& segmentation, Tissue tissue, unsigned threads = 0);

/// Returns the label map of a knee MRI of any contrast, with a statement of its quality.
///
/// Each sagittal slice is seen by a network together with its neighbours; after it, rules of anatomy hold:
/// one piece a bone without holes, cartilage on its own bone, menisci on cartilage, medial is medial. Series
/// in other planes are seen from the side. A mirrored knee gives the mirrored labels. Trained on synthetic
/// images of real anatomy: Billot et al. 2023, Medical Image Analysis 86:102789. \throws InvalidInput if the
/// image holds values that are not finite, or nothing but one value, or is longer than any patient;
/// Cancelled.
Segmentation segment(const Volume<float>& image, const KneeNetwork& network,
                     const SegmentOptions& options = {}, const Progress& progress = {});

}  // namespace genu::segmentation
