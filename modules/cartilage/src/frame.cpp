// SPDX-License-Identifier: Apache-2.0
#include "frame.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <sstream>
#include <tuple>
#include <utility>

#include <genu/core/error.h>

namespace genu::cartilage {
namespace {

const Holding& of(const Inventory& inventory, Tissue tissue) {
  return inventory[static_cast<std::size_t>(tissue)];
}

bool has(const Inventory& inventory, Tissue tissue) {
  return of(inventory, tissue).voxels > 0;
}

/// Returns the direction in which points spread most, by power iteration.
Vector3 principal_axis(const std::vector<Point3>& points, const Point3& centre) {
  Matrix3 spread{};
  spread.rows = {};
  for (const Point3& p : points) {
    const Vector3 d = p - centre;
    const std::array<double, 3> c{d.x, d.y, d.z};
    for (int r = 0; r < 3; ++r)
      for (int s = 0; s < 3; ++s) spread.rows[r][s] += c[r] * c[s];
  }
  // A start off every axis of symmetry; 60 squarings' worth of steps settle any spread that two plates have.
  Vector3 axis{0.48, 0.6, 0.64};
  for (int step = 0; step < 60; ++step) {
    const Vector3 next = spread * axis;
    if (!(squared_length(next) > 0.0)) return axis;
    axis = normalized(next);
  }
  return axis;
}

Point3 mean_of(const std::vector<Point3>& points) {
  Vector3 sum;
  for (const Point3& p : points) sum += p - points.front();
  return points.front() + sum / static_cast<double>(points.size());
}

/// Splits points in two by nearest centre (Lloyd's algorithm), from the ends of their longest axis.
std::pair<Point3, Point3> two_centres(const std::vector<Point3>& points) {
  const Point3 middle = mean_of(points);
  const Vector3 axis = principal_axis(points, middle);
  Point3 a = middle - 20.0 * axis, b = middle + 20.0 * axis;
  for (int step = 0; step < 30; ++step) {
    Vector3 sum_a, sum_b;
    std::size_t in_a = 0, in_b = 0;
    for (const Point3& p : points)
      if (squared_length(p - a) < squared_length(p - b))
        sum_a += p - middle, ++in_a;
      else
        sum_b += p - middle, ++in_b;
    if (in_a == 0 || in_b == 0) break;
    a = middle + sum_a / static_cast<double>(in_a);
    b = middle + sum_b / static_cast<double>(in_b);
  }
  return {a, b};
}

/// Returns the value below which `part` of the values lie.
double quantile(std::vector<double> values, double part) {
  const auto n = static_cast<std::ptrdiff_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + n, values.end());
  return values[static_cast<std::size_t>(n)];
}

struct Evidence {
  std::string source;
  Side side;
};

/// Says that a direction which should be lateral is so in the knee of this side.
Side side_of(const Vector3& lateral, const Vector3& anterior, const Vector3& proximal) {
  return dot(lateral, cross(anterior, proximal)) > 0.0 ? Side::right : Side::left;
}

struct Axes {
  Vector3 anterior, proximal;
  Point3 origin;
  bool leans = false;  ///< `proximal` is the line from tibia to femur, not yet the leg's.
};

/// How the lines between centroids differ from the directions of the leg, in degrees: means over 46 knees of
/// the Osteoarthritis Initiative against their slices' axes (standard deviations 2.9, 2.1 and 4.7 degrees).
constexpr double leans_forward_deg = 5.9;   ///< The femur's centroid lies in front of the tibia's ...
constexpr double leans_medially_deg = 5.4;  ///< ... and medial of it;
constexpr double turned_back_deg = 6.5;     ///< the lateral plate lies behind the medial one.

Vector3 perpendicular_part(const Vector3& v, const Vector3& unit) {
  return v - dot(v, unit) * unit;
}

Axes find_axes(const LabelMap& labels, const Inventory& inventory, const std::optional<TibialPlates>& plates,
               unsigned threads) {
  const Holding &femur = of(inventory, Tissue::femur), &tibia = of(inventory, Tissue::tibia),
                &patella = of(inventory, Tissue::patella),
                &femoral = of(inventory, Tissue::femoral_cartilage);
  Axes axes;
  axes.origin = plates               ? lerp(plates->one, plates->two, 0.5)
                : femoral.voxels > 0 ? femoral.centroid
                : femur.voxels > 0   ? femur.centroid
                : tibia.voxels > 0   ? tibia.centroid
                                     : patella.centroid;
  // Far enough to hold the condyles and the tibial head, near enough that the usual 14 to 16 cm scan shows it
  // all.
  constexpr double reach_mm = 50.0;
  const auto thigh = centroid_near(labels, Bone::femur, axes.origin, reach_mm, threads);
  const auto shin = centroid_near(labels, Bone::tibia, axes.origin, reach_mm, threads);
  // Directions from centroids nearer to each other than this would be those of noise.
  constexpr double least_mm = 5.0;
  Vector3 up;
  if (thigh && shin)
    up = *thigh - *shin;
  else if (thigh && femoral.voxels > 0)
    up = *thigh - femoral.centroid;
  else if (shin && plates)
    up = axes.origin - *shin;
  up = length(up) >= least_mm ? normalized(up) : Vector3{0.0, 0.0, 1.0};
  Vector3 front{0.0, -1.0, 0.0};
  if (patella.voxels > 0 && thigh && length(perpendicular_part(patella.centroid - *thigh, up)) >= least_mm)
    front = patella.centroid - *thigh;
  Vector3 across = plates ? plates->axis : cross(front, up);
  across = perpendicular_part(across, up);
  // A front along the leg's own direction: lying on the scanner across its axes.
  if (length(across) < 0.1) across = any_perpendicular(up);
  across = normalized(across);
  axes.anterior = cross(up, across);
  if (dot(axes.anterior, front) < 0.0) axes.anterior = -axes.anterior;
  axes.proximal = up;
  axes.leans = thigh && shin;
  return axes;
}

/// Returns what tells left from right, strongest first.
std::vector<Evidence> evidence_of_side(const Inventory& inventory, const std::optional<TibialPlates>& plates,
                                       const Axes& axes) {
  std::vector<Evidence> found;
  const auto by_direction = [&](const std::string& source, const Vector3& lateral) {
    found.push_back({source, side_of(lateral, axes.anterior, axes.proximal)});
  };
  if (plates && plates->named)
    by_direction("labels of the tibial plates", plates->axis);
  else if (has(inventory, Tissue::medial_meniscus) && has(inventory, Tissue::lateral_meniscus))
    by_direction("labels of the menisci", of(inventory, Tissue::lateral_meniscus).centroid -
                                              of(inventory, Tissue::medial_meniscus).centroid);
  // A knee stands 5 to 12 cm from the body's midline; an isocentre put on the knee itself tells nothing.
  constexpr double decisive_mm = 25.0;
  if (std::abs(axes.origin.x) >= decisive_mm)
    found.push_back({"image position", axes.origin.x < 0.0 ? Side::right : Side::left});
  if (has(inventory, Tissue::fibula) && has(inventory, Tissue::tibia))
    by_direction("fibula", of(inventory, Tissue::fibula).centroid - of(inventory, Tissue::tibia).centroid);
  return found;
}

/// Turns the axes between centroids into the leg's.
void straighten(KneeFrame& frame, bool leans, bool from_plates) {
  const auto turn = [](Vector3& a, Vector3& b, double angle_deg) {
    const double angle = angle_deg * std::numbers::pi / 180.0;
    const Vector3 from = a;
    a = std::cos(angle) * from + std::sin(angle) * b;
    b = std::cos(angle) * b - std::sin(angle) * from;
  };
  if (leans) {
    turn(frame.proximal, frame.anterior, -leans_forward_deg);
    turn(frame.proximal, frame.lateral, leans_medially_deg);
  }
  if (from_plates) turn(frame.lateral, frame.anterior, turned_back_deg);
}

}  // namespace

std::optional<TibialPlates> find_plates(const LabelMap& labels, const Inventory& inventory) {
  const Holding &medial = of(inventory, Tissue::medial_tibial_cartilage),
                &lateral = of(inventory, Tissue::lateral_tibial_cartilage),
                &both = of(inventory, Tissue::tibial_cartilage);
  TibialPlates plates;
  std::vector<Point3> in_one, in_two;
  if (medial.voxels > 0 && lateral.voxels > 0) {
    plates.one = medial.centroid;
    plates.two = lateral.centroid;
    plates.named = true;
    in_one = places_of(labels, medial, Tissue::medial_tibial_cartilage);
    in_two = places_of(labels, lateral, Tissue::lateral_tibial_cartilage);
  } else if (both.voxels > 0) {
    const std::vector<Point3> places = places_of(labels, both, Tissue::tibial_cartilage);
    std::tie(plates.one, plates.two) = two_centres(places);
    for (const Point3& p : places)
      (squared_length(p - plates.one) < squared_length(p - plates.two) ? in_one : in_two).push_back(p);
  }
  // The centres of two plates are about 45 mm apart in adults; two halves of one plate, half of that.
  constexpr double least_apart_mm = 30.0;
  if (in_one.empty() || in_two.empty() || distance(plates.one, plates.two) < least_apart_mm)
    return std::nullopt;
  plates.axis = normalized(plates.two - plates.one);
  const auto along = [&](const std::vector<Point3>& points) {
    std::vector<double> result;
    result.reserve(points.size());
    for (const Point3& p : points) result.push_back(dot(plates.axis, p - plates.one));
    return result;
  };
  // A few stray voxels must not move the plane.
  plates.cut_mm = 0.5 * (quantile(along(in_one), 0.99) + quantile(along(in_two), 0.01));
  return plates;
}

Orientation find_orientation(const LabelMap& labels, const Inventory& inventory, std::optional<Side> side,
                             const std::string& side_source, unsigned threads) {
  Orientation found;
  found.plates = find_plates(labels, inventory);
  const Axes axes = find_axes(labels, inventory, found.plates, threads);
  std::vector<Evidence> evidence = evidence_of_side(inventory, found.plates, axes);
  if (side) evidence.insert(evidence.begin(), {side_source, *side});
  if (evidence.empty()) {
    std::ostringstream message;
    message << "cannot tell a left knee from a right one: the labels name no medial and lateral parts and no "
               "fibula, and the knee lies "
            << std::abs(axes.origin.x) << " mm from the midline of the image's patient space; give the side";
    throw InvalidInput(message.str());
  }
  const Evidence& chosen = evidence.front();
  for (const Evidence& other : evidence)
    if (other.side != chosen.side)
      found.flags.push_back("side in doubt: " + std::string(name(chosen.side)) + " by " + chosen.source +
                            ", " + std::string(name(other.side)) + " by " + other.source);
  found.side_source = chosen.source;
  found.frame.side = chosen.side;
  found.frame.origin = axes.origin;
  found.frame.anterior = axes.anterior;
  found.frame.proximal = axes.proximal;
  found.frame.lateral = (chosen.side == Side::right ? 1.0 : -1.0) * cross(axes.anterior, axes.proximal);
  straighten(found.frame, axes.leans, found.plates.has_value());
  return found;
}

}  // namespace genu::cartilage
