// SPDX-License-Identifier: Apache-2.0
#include "divide.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "quantile.h"

namespace genu::cartilage {
namespace {

/// The femur seen from below: the lowest height of the bone over each square millimetre or so.
class Relief {
 public:
  static constexpr double cell_mm =
      1.5;  ///< Wider than the mesh's edges, so that no cell is empty by chance.
  static constexpr double none = std::numeric_limits<double>::infinity();

  Relief(const std::vector<Vector3>& places, double x_low, double x_high, double y_low, double y_high)
      : x_low_(x_low),
        y_low_(y_low),
        columns_(static_cast<int>((x_high - x_low) / cell_mm) + 1),
        rows_(static_cast<int>((y_high - y_low) / cell_mm) + 1),
        lowest_(static_cast<std::size_t>(columns_) * static_cast<std::size_t>(rows_), none) {
    for (const Vector3& p : places) {
      const int c = static_cast<int>(std::floor((p.x - x_low_) / cell_mm)),
                r = static_cast<int>(std::floor((p.y - y_low_) / cell_mm));
      if (c < 0 || r < 0 || c >= columns_ || r >= rows_) continue;
      double& low = lowest_[place(c, r)];
      low = std::min(low, p.z);
    }
  }
  int columns() const { return columns_; }
  int rows() const { return rows_; }
  double at(int column, int row) const { return lowest_[place(column, row)]; }
  double x(int column) const { return x_low_ + (column + 0.5) * cell_mm; }
  double y(int row) const { return y_low_ + (row + 0.5) * cell_mm; }
  int row_at(double y) const {
    return std::clamp(static_cast<int>(std::floor((y - y_low_) / cell_mm)), 0, rows_ - 1);
  }

 private:
  std::size_t place(int column, int row) const {
    return static_cast<std::size_t>(column) +
           static_cast<std::size_t>(columns_) * static_cast<std::size_t>(row);
  }

  double x_low_, y_low_;
  int columns_, rows_;
  std::vector<double> lowest_;
};

/// The hollow in one row of the relief, if it is deeper than `depth_mm` below both sides.
struct Hollow {
  bool found = false;
  double middle_mm = 0.0;
};

Hollow hollow_in(const Relief& relief, int row, double depth_mm) {
  // Condyles stand in the outer thirds, the notch between them.
  const int third = relief.columns() / 3;
  double left = Relief::none, right = Relief::none;
  for (int c = 0; c < third; ++c) {
    left = std::min(left, relief.at(c, row));
    right = std::min(right, relief.at(relief.columns() - 1 - c, row));
  }
  if (left == Relief::none || right == Relief::none) return {};
  const double level = 0.5 * (left + right) + depth_mm;
  int first = -1, last = -1;
  for (int c = third; c < relief.columns() - third; ++c)
    if (relief.at(c, row) > level) {
      if (first < 0) first = c;
      last = c;
    }
  if (first < 0) return {};
  return {true, 0.5 * (relief.x(first) + relief.x(last))};
}

/// Each condyle has its own end: how far back it reaches depends on how the knee is turned.
CondylarCut condylar_cut(const std::vector<Vector3>& places, const Patch& covered, const FemoralCuts& cuts,
                         bool medial, double weight_bearing_fraction) {
  std::vector<double> y;
  for (std::size_t v = 0; v < places.size(); ++v)
    if (covered[v] && places[v].y < cuts.notch_mm && (places[v].x < cuts.middle_mm) == medial)
      y.push_back(places[v].y);
  if (y.empty()) return {cuts.notch_mm, std::numeric_limits<double>::infinity()};
  const double end = quantile(y, 0.005);
  double sum = 0.0;
  std::size_t count = 0;
  for (std::size_t v = 0; v < places.size(); ++v)
    if (covered[v] && (places[v].x < cuts.middle_mm) == medial && places[v].y <= end) {
      sum += places[v].z;
      ++count;
    }
  return {cuts.notch_mm - weight_bearing_fraction * (cuts.notch_mm - end), sum / static_cast<double>(count)};
}

Patch part_where(const Ground& ground, const std::function<bool(const Point3&)>& test) {
  Patch part(ground.size());
  for (std::size_t v = 0; v < part.size(); ++v) part[v] = test(ground.places()[v]) ? 1 : 0;
  return part;
}

// Bays of the margin up to twice this wide are lost cartilage, not the plate's outline; and only where they
// hold a disc of `least_bay_radius_mm`, which the plates' own gentle concavities do not. The upper edges of
// trochlea and patella have bays of their own.
constexpr double plate_bay_mm = 12.0;
constexpr double patellar_bay_mm = 5.0;
constexpr double trochlear_bay_mm = 3.0;
constexpr double least_bay_radius_mm = 2.5;

/// Returns the piece of the covered set with holes and bays filled.
Patch filled(const Ground& ground, const Patch& piece, double bay_mm) {
  const Patch whole = without_holes(ground, piece);
  const Patch bays =
      opened(ground, both(closed(ground, whole, bay_mm), complement(whole)), least_bay_radius_mm);
  // What a bay encloses together with the plate belongs to it too.
  return without_holes(ground, either(whole, bays));
}

}  // namespace

FemoralCuts find_femoral_cuts(const TriangleMesh& femur, const Patch& covered, const KneeFrame& frame,
                              double weight_bearing_fraction) {
  std::vector<Vector3> places;
  std::vector<double> x, y;
  places.reserve(femur.vertices().size());
  for (std::size_t v = 0; v < femur.vertices().size(); ++v) {
    places.push_back(frame.coordinates(femur.vertices()[v]));
    if (!covered[v]) continue;
    x.push_back(places.back().x);
    y.push_back(places.back().y);
  }
  FemoralCuts cuts;
  if (x.empty()) return cuts;
  const double x_low = quantile(x, 0.005), x_high = quantile(x, 0.995);
  const double y_low = quantile(y, 0.005), y_high = quantile(y, 0.995);
  cuts.middle_mm = 0.5 * (x_low + x_high);
  // Without a notch to see, where it begins in the mean of 46 knees of the Osteoarthritis Initiative.
  cuts.notch_mm = y_low + 0.55 * (y_high - y_low);
  const Relief relief(places, x_low, x_high, y_low, y_high);
  // The groove of the trochlea is up to a tenth of the condyles' width deep, the notch a third of it.
  const double depth = 0.13 * (x_high - x_low);
  std::vector<double> middles;
  double end = cuts.notch_mm;
  for (int row = relief.row_at(y_low + 0.35 * (y_high - y_low)); row < relief.rows(); ++row) {
    const Hollow hollow = hollow_in(relief, row, depth);
    if (!hollow.found) break;
    middles.push_back(hollow.middle_mm);
    end = relief.y(row) + 0.5 * Relief::cell_mm;
  }
  // Rows that go on being hollow up to the front are no notch.
  if (!middles.empty() && end < y_low + 0.85 * (y_high - y_low)) {
    cuts.notch_found = true;
    cuts.notch_mm = end;
    cuts.middle_mm = quantile(middles, 0.5);
  }
  cuts.medial = condylar_cut(places, covered, cuts, true, weight_bearing_fraction);
  cuts.lateral = condylar_cut(places, covered, cuts, false, weight_bearing_fraction);
  return cuts;
}

RegionRule femoral_rule(const KneeFrame& frame, const FemoralCuts& cuts) {
  return [frame, cuts](const Point3& p) {
    const Vector3 at = frame.coordinates(p);
    if (at.y > cuts.notch_mm) return Region::TrF;
    const bool medial = at.x < cuts.middle_mm;
    const CondylarCut& cut = medial ? cuts.medial : cuts.lateral;
    if (at.y > cut.posterior_mm && at.z < cut.height_mm) return medial ? Region::cMF : Region::cLF;
    return medial ? Region::pMF : Region::pLF;
  };
}

RegionRule tibial_rule(const Orientation& orientation) {
  return [frame = orientation.frame, cut = orientation.tibial_cut_mm](const Point3& p) {
    return frame.coordinates(p).x < cut ? Region::MT : Region::LT;
  };
}

Patch subchondral(const Ground& ground, Bone bone, const Patch& covered, const KneeFrame& frame,
                  const RegionRule& rule, const FemoralCuts& cuts) {
  if (bone == Bone::patella) return filled(ground, covered, patellar_bay_mm);
  if (bone == Bone::tibia) {
    Patch result(covered.size(), 0);
    for (const Region plate : {Region::MT, Region::LT}) {
      const Patch side = part_where(ground, [&](const Point3& p) { return rule(p) == plate; });
      result = either(result, both(side, filled(ground, both(covered, side), plate_bay_mm)));
    }
    return result;
  }
  // A condyle with a strip of the trochlea before it, so that losses across their border have a rim to be
  // seen by.
  constexpr double strip_mm = 8.0;
  Patch result = filled(ground, covered, trochlear_bay_mm);
  // What the whole fills across the notch is not lost cartilage.
  const Patch trochlea = part_where(ground, [&](const Point3& p) { return rule(p) == Region::TrF; });
  result = both(result, either(trochlea, without_holes(ground, covered)));
  for (const bool medial : {true, false}) {
    const Patch side = part_where(ground, [&](const Point3& p) {
      const Vector3 at = frame.coordinates(p);
      return at.y < cuts.notch_mm + strip_mm && (at.x < cuts.middle_mm) == medial;
    });
    result = either(result, both(side, filled(ground, both(covered, side), plate_bay_mm)));
  }
  return without_holes(ground, result);
}

}  // namespace genu::cartilage
