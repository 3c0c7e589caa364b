// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/menisci.h>
#include <genu/cartilage/regions.h>
#include <genu/cartilage/thickness.h>
#include <genu/core/knee.h>
#include <genu/core/mesh.h>
#include <genu/core/progress.h>
#include <genu/core/tissue.h>
#include <genu/surface/extract.h>

namespace genu::cartilage {

/// Measures of one region, in the OARSI nomenclature (Eckstein et al. 2006, Osteoarthritis and Cartilage
/// 14:974). NaN = could not be measured: a region without any cartilage has lost it all, or it was not
/// labelled.
///
/// A compartment's areas and volumes are the sums of its two regions, and so is its ThCtAB_mean: the
/// cartilage between the two bones (Eckstein et al. 2010). What has no such sum is NaN there.
struct RegionMeasures {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Region region = Region::outside;
  double tAB_mm2 = unknown;       ///< Total area of subchondral bone.
  double cAB_mm2 = unknown;       ///< Area covered by cartilage.
  double dAB_mm2 = unknown;       ///< Denuded area.
  double dABp_percent = unknown;  ///< Denuded area, percent of tAB.
  /// Part of tAB that may be covered or denuded: the ray failed, or a margin may be lost.
  double not_measured_mm2 = unknown;
  double AC_mm2 = unknown;          ///< Area of the articular surface of the cartilage.
  double VC_mm3 = unknown;          ///< Cartilage volume.
  double VCtAB_mm = unknown;        ///< VC / tAB
  double ThCtAB_mean_mm = unknown;  ///< Area-weighted over tAB; denuded counts as 0.
  double ThCtAB_median_mm = unknown;
  double ThCtAB_sd_mm = unknown;
  double ThCtAB_cv_percent = unknown;  ///< SD in percent of the mean.
  double ThCtAB_min_mm = unknown;
  double ThCtAB_max_mm = unknown;
  double ThCtAB_p05_mm = unknown;  ///< Of the measured area this part is thinner: 5, 25, 75 and 95 %.
  double ThCtAB_p25_mm = unknown;
  double ThCtAB_p75_mm = unknown;
  double ThCtAB_p95_mm = unknown;
  double ThCcAB_mean_mm = unknown;  ///< Area-weighted over cAB.
};

/// One bone with what was measured on it.
struct BoneMap {
  Bone bone = Bone::femur;
  TriangleMesh surface;
  TriangleMesh cartilage;
  std::vector<double> thickness_mm;  ///< One per surface vertex; 0 = denuded, NaN = not measured or outside.
  std::vector<Region> region;        ///< One per surface vertex.
  std::vector<Region> subregion;     ///< One per surface vertex; outside = the region has no parts.
};

/// A place where cartilage is lost: what planning aims at.
struct Lesion {
  std::string name;  ///< "cMF-1": region and rank by area.
  Region region = Region::outside;
  Point3 centre;           ///< On the bone surface, nearest to the area's centroid.
  Point3 articular_point;  ///< Where the articular surface is, or was, over `centre`.
  Vector3 normal;          ///< Outward bone normal at `centre`.
  double area_mm2 = 0.0;
  double denuded_area_mm2 = 0.0;
  double min_thickness_mm = 0.0;
  double expected_thickness_mm = 0.0;
};

struct CartilageReport {
  Side side = Side::right;
  std::string side_source;  ///< "option", "labels", "header", "image position", ...
  KneeFrame frame;
  std::vector<RegionMeasures>
      regions;  ///< In the order of measured_regions: all of each bone that is labelled.
  std::vector<RegionMeasures> parts;  ///< Sub-regions, then compartments, of what is labelled.
  std::vector<Lesion> lesions;        ///< Largest first.
  std::vector<BoneMap> bones;
  std::vector<MeniscusMeasures> menisci;  ///< Those that are labelled, on a tibia with cartilage.
  std::vector<std::string> flags;  ///< What a reader must know: side in doubt, bone cut by the border beside
                                   ///< the joint, lost margins.
  /// Why the labels themselves may be wrong, most of all where cartilage is worn; a stage needs none.
  std::vector<std::string> doubts;
  std::string method;  ///< "along bone normal", with ThicknessOptions below.
  ThicknessOptions thickness_options;
  surface::ExtractOptions extract_options;
};

/// Returns the method with all that it was told: values of one text can be compared.
std::string method_with_parameters(const CartilageReport& report);

struct MeasureOptions {
  std::optional<Side> side =
      {};  ///< Given by header or user; otherwise found from labels and image position.
  std::string side_source = "option";  ///< Where `side` came from.
  surface::ExtractOptions extract = {};
  ThicknessOptions thickness = {};
  /// The weight-bearing femur ends at this part of the way from the notch to the posterior end of the
  /// condyles (Hudelmaier et al. 2010).
  double weight_bearing_fraction = 0.6;
  double min_lesion_area_mm2 = 10.0;
  /// Cartilage thinner than this part of the region's median counts as lost.
  double lesion_thickness_fraction = 0.5;
};

/// Returns the cartilage morphometry of one labelled knee: surfaces, thickness maps, regional measures,
/// lesions.
///
/// Tibial cartilage with one label is split into its plates.
/// \throws InvalidInput if there is no bone with cartilage, or if the side can't be told and was not given.
CartilageReport measure_knee(const LabelMap& labels, const MeasureOptions& options = {},
                             const Progress& progress = {});

}  // namespace genu::cartilage
