// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
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

/// The trained network, read once and asked for many knees, from any number of threads.
class KneeNetwork {
 public:
  /// \param onnx the network as `training/export.py` writes it
  /// \throws InvalidInput if it can't be read, or does not have the inputs and classes that Genu trains.
  explicit KneeNetwork(std::span<const std::byte> onnx);
  KneeNetwork(KneeNetwork&&) noexcept;
  KneeNetwork& operator=(KneeNetwork&&) noexcept;
  ~KneeNetwork();

 private:
  friend class NetworkAccess;
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

/// What may be done with a result: go on, look at it first, or nothing.
enum class Verdict { pass, review, fail };
std::string_view name(Verdict verdict);

struct StructureQuality {
  Tissue tissue = Tissue::background;
  double volume_mm3 = 0.0;
  /// The Dice that the network itself expects: of its probabilities with the labels made of them, 0 to 1.
  double score = 0.0;
};

/// How far a segmentation can be trusted.
struct Quality {
  Verdict verdict = Verdict::fail;
  double score = 0.0;  ///< The least of the bones and cartilages.
  std::vector<StructureQuality> structures;
  std::vector<std::string> reasons;  ///< Why it is no pass, gravest first; empty if it is.
};

struct SegmentOptions {
  std::optional<Side> side = {};  ///< If it is known, as a header states it; else the fibula tells.
  unsigned threads = 0;           ///< 0 = every core; the result does not depend on it.
};

struct Segmentation {
  LabelMap labels;  ///< On the image's grid, whatever the verdict.
  Side side = Side::right;
  std::string side_source;  ///< "option", "fibula" or "image position".
  Quality quality;
};

/// Returns the label map of a knee MRI of any contrast, with a statement of its quality.
///
/// Each sagittal slice is seen by a network together with its neighbours; after it, rules of anatomy hold:
/// one piece a bone without holes, cartilage on its own bone, medial is medial. Series in other planes are
/// seen from the side. A mirrored knee gives the mirrored labels. Trained on synthetic images of real
/// anatomy: Billot et al. 2023, Medical Image Analysis 86:102789. \throws InvalidInput if the image holds
/// values that are not finite, or nothing but one value.
Segmentation segment(const Volume<float>& image, const KneeNetwork& network,
                     const SegmentOptions& options = {}, const Progress& progress = {});

}  // namespace genu::segmentation
