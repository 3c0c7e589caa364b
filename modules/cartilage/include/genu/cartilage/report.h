// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <vector>

#include <genu/cartilage/menisci.h>
#include <genu/cartilage/osteophytes.h>
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
  /// Standard deviation of dABp from that of the outline of a margin that was lost; 0 where none was. A part
  /// has that of its region.
  double dABp_margin_sd_percent = unknown;
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
  /// What lesions take of tAB, and what is bare of that. A compartment's is that of its two regions together.
  double focal_loss_percent = unknown;
  double full_thickness_loss_percent = unknown;
  /// The two in the grades of MOAKS (Hunter et al. 2011, Osteoarthritis and Cartilage 19:990): 0 none, 1
  /// below 10 %, 2 to 75 %, 3 above. Computed, on these regions: no reader's score on MOAKS' own. Cartilage
  /// worn evenly is no lesion here.
  double MOAKS_size_grade = unknown;
  double MOAKS_full_thickness_grade = unknown;
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

/// A connected place where cartilage is lost, against what is expected from the cartilage around it: what
/// planning aims at. NaN where nothing near tells what was there.
struct Lesion {
  std::string name;                 ///< "cMF-1": region and rank by area.
  Region region = Region::outside;  ///< Of most of its area.
  Point3 centre;                    ///< On the bone surface, nearest to the area's centroid.
  Point3 articular_point;           ///< Where the articular surface is, or was, over `centre`.
  Vector3 normal;                   ///< Outward bone normal at `centre`.
  double area_mm2 = 0.0;
  double denuded_area_mm2 = 0.0;
  double min_thickness_mm = 0.0;
  double expected_thickness_mm = 0.0;  ///< Mean over its area.
  Region subregion =
      Region::outside;              ///< Part of `region` with most of its area; where it has none, `region`.
  double max_depth_percent = 0.0;   ///< Of the expected thickness there; a tenth of the area is deeper.
  double mean_depth_percent = 0.0;  ///< Weighted by area.
  /// Depth class of the International Cartilage Repair Society (Brittberg and Winalski 2003, Journal of Bone
  /// and Joint Surgery 85-A Suppl 2:58): 2 less than half of the depth, 3 more, 4 down to bone. What grade 1
  /// softens or splits is as thick as before: never found here.
  int icrs_grade = 2;
  double length_mm = 0.0;  ///< Greatest distance between two of its places on the bone.
  double width_mm = 0.0;   ///< Across that, in the bone's tangent plane.
  double volume_lost_mm3 = 0.0;
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
  std::vector<MarginMeasures> margins;    ///< Of bones with cartilage, with their bone spurs.
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
  double min_lesion_area_mm2 = 5.0;
  /// A lesion's area times its mean depth: bare bone of this area, or more that has lost less.
  double min_lesion_loss_mm2 = 3.0;
  /// Cartilage thinner than expected there by this part counts as lost.
  double lesion_loss_fraction = 0.25;
  /// And by this much: less is no more than labels of voxels 0.4 mm wide can tell.
  double min_lesion_depth_mm = 0.4;
};

/// Returns the cartilage morphometry of one labelled knee: surfaces, thickness maps, regional measures,
/// lesions.
///
/// Tibial cartilage with one label is split into its plates.
/// \throws InvalidInput if there is no bone with cartilage, or if the side can't be told and was not given.
CartilageReport measure_knee(const LabelMap& labels, const MeasureOptions& options = {},
                             const Progress& progress = {});

}  // namespace genu::cartilage
