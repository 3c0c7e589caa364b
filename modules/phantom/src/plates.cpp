// SPDX-License-Identifier: Apache-2.0
#include "plates.h"

#include <algorithm>
#include <cmath>

namespace genu::phantom {
namespace {

constexpr double medial_tibia_lateral = -23.2;
constexpr double lateral_tibia_lateral = 23.0;
constexpr double medial_tibia_anterior = -1.0;
constexpr double lateral_tibia_anterior = -2.0;
constexpr double patella_plate_lateral = -0.5;
constexpr double patella_plate_proximal = patella_centre_proximal + 2.0;

/// The femoral plate: the trochlea, and behind it the two condyles with the notch between them.
double inside_femoral_outline(const ChartPoint& c) {
  const double side = std::abs(c.u);
  // The condyles diverge towards the back; the trochlea is narrower than they are.
  const double half_width =
      (c.u < 0.0 ? 34.0 : 33.5) + 0.09 * std::max(-c.v, 0.0) - 14.0 * smooth_step(c.v, -2.0, 36.0);
  const double sideways = (half_width - side) / 1.2;  // 1.2: the slope of half_width
  const double top = 51.0 - c.v - c.u * c.u / 80.0;
  const double back = c.v + 47.0 - (side - 26.0) * (side - 26.0) / 60.0;
  const double notch = std::hypot(c.u, std::max(c.v - 1.0, 0.0)) - 12.8;
  const double ends = smooth_min(top, c.v < 10.0 ? back : 60.0, 3.0) / 1.2;
  return smooth_min(smooth_min(sideways, ends, 3.0), notch, 3.0);
}

struct Oval {
  double half_u;
  double half_v;
};
constexpr Oval oval_of(Plate plate) {
  return plate == Plate::medial_tibia    ? Oval{14.2, 22.5}
         : plate == Plate::lateral_tibia ? Oval{13.6, 20.5}
                                         : Oval{19.0, 15.5};
}

double oval_radius(Plate plate, const ChartPoint& c) {
  const Oval oval = oval_of(plate);
  return std::hypot(c.u / oval.half_u, c.v / oval.half_v);
}

/// Adds the parts of one chart cell that lie on the plate; a cell cut by an edge is divided.
void add_cell(const BoneSurface& bone, const Layer& layer, const ChartPoint& centre, double step, int depth,
              const AddElement& add) {
  const double inside = inside_outline(layer.plate, centre);
  // An edge further away than this in the chart, or along the bone, cannot touch the cell.
  const double reach = 1.2 * step;
  if (inside < -reach) return;
  const std::optional<SurfacePoint> at = on_bone(bone, layer.plate, centre);
  bool cut = inside < reach || !at;
  for (const Crater& crater : layer.craters)
    cut =
        cut || std::abs(length(at->point - crater.centre) - crater.radius) < 1.5 * step * at->area_per_chart;
  if (!cut || depth == 0) {
    if (at && inside > 0.0) add(*at, step * step * at->area_per_chart);
    return;
  }
  constexpr int parts = 4;
  for (int i = 0; i < parts; ++i)
    for (int j = 0; j < parts; ++j)
      add_cell(bone, layer,
               {centre.u + step * ((i + 0.5) / parts - 0.5), centre.v + step * ((j + 0.5) / parts - 0.5)},
               step / parts, depth - 1, add);
}

}  // namespace

Bone bone_of(Plate plate) {
  return plate == Plate::femur ? Bone::femur : plate == Plate::patella ? Bone::patella : Bone::tibia;
}

std::string_view name(Plate plate) {
  switch (plate) {
    case Plate::femur:
      return "femur";
    case Plate::medial_tibia:
      return "medial_tibia";
    case Plate::lateral_tibia:
      return "lateral_tibia";
    case Plate::patella:
      return "patella";
  }
  return "";
}

ChartPoint chart_of(Plate plate, const Vector3& q) {
  switch (plate) {
    case Plate::femur:
      return {q.x, femur_chart_radius * std::atan2(q.y - femur_axis.y, femur_axis.z - q.z)};
    case Plate::medial_tibia:
      return {q.x - medial_tibia_lateral, q.y - medial_tibia_anterior};
    case Plate::lateral_tibia:
      return {q.x - lateral_tibia_lateral, q.y - lateral_tibia_anterior};
    case Plate::patella:
      return {q.x - patella_plate_lateral, q.z - patella_plate_proximal};
  }
  return {};
}

ChartRange range_of(Plate plate) {
  if (plate == Plate::femur) return {{-40.0, -50.0}, {40.0, 54.0}};
  const Oval oval = oval_of(plate);
  return {{-oval.half_u - 1.0, -oval.half_v - 1.0}, {oval.half_u + 1.0, oval.half_v + 1.0}};
}

double inside_outline(Plate plate, const ChartPoint& c) {
  if (plate == Plate::femur) return inside_femoral_outline(c);
  const Oval oval = oval_of(plate);
  return (1.0 - oval_radius(plate, c)) * std::min(oval.half_u, oval.half_v);
}

double taper(double inside) {
  const double x = std::clamp(inside / taper_width, 0.0, 1.0);
  return x * (2.0 - x);
}

double relative_thickness(Plate plate, const ChartPoint& c) {
  // Thicker in the trochlea's groove and under load; tibia and patella thickest in the middle. The divisors
  // are the means of the numerators over the plate where the taper is 1, by quadrature on the drawn bones; a
  // test holds them.
  if (plate == Plate::femur) return (1.0 + 0.12 * std::cos(2.0 * M_PI * c.v / 70.0)) / 0.9665;
  const double r = oval_radius(plate, c);
  const double mean = plate == Plate::medial_tibia ? 1.0390 : plate == Plate::lateral_tibia ? 1.0408 : 1.0354;
  return (1.15 - 0.3 * r * r) / mean;
}

std::optional<SurfacePoint> on_bone(const BoneSurface& bone, Plate plate, const ChartPoint& c) {
  constexpr double outside = 60.0;  // from where no ray starts inside its bone
  Vector3 direction;
  Vector3 from;
  double radius = 0.0;
  if (plate == Plate::femur) {
    const double angle = c.v / femur_chart_radius;
    direction = {0.0, -std::sin(angle), std::cos(angle)};
    from = Vector3{c.u, femur_axis.y, femur_axis.z} - outside * direction;
  } else if (plate == Plate::patella) {
    direction = {0.0, 1.0, 0.0};
    from = {c.u + patella_plate_lateral, patella_ridge_anterior - outside, c.v + patella_plate_proximal};
  } else {
    const bool medial = plate == Plate::medial_tibia;
    direction = {0.0, 0.0, -1.0};
    from = {c.u + (medial ? medial_tibia_lateral : lateral_tibia_lateral),
            c.v + (medial ? medial_tibia_anterior : lateral_tibia_anterior), outside};
  }
  SurfacePoint at;
  const std::optional<Vector3> hit = bone.first_hit(from, direction);
  if (!hit) return std::nullopt;
  at.point = *hit;
  at.normal = bone.normal(at.point);
  double stretch = 1.0;
  if (plate == Plate::femur) {
    radius = std::hypot(at.point.y - femur_axis.y, at.point.z - femur_axis.z);
    stretch = radius / femur_chart_radius;
  }
  at.area_per_chart = stretch / std::max(1e-6, -dot(at.normal, direction));
  return at;
}

double Layer::inside(const Vector3& q) const {
  const double outline = inside_outline(plate, chart_of(plate, q));
  // The charts of tibia and patella look along one axis: the far side of the bone is not the plate.
  if (plate == Plate::femur) return outline;
  if (plate == Plate::patella) return std::min(outline, patella_ridge_anterior + 10.0 - (q.y - bone_shift.y));
  return std::min(outline, q.z - bone_shift.z + 12.0);
}

double Layer::thickness(const Vector3& q) const {
  const ChartPoint c = chart_of(plate, q);
  const double depth = inside(q);
  if (!(depth > 0.0)) return 0.0;
  double left = 1.0;
  for (const Crater& crater : craters)
    if (length(q - crater.centre) < crater.radius) left = std::min(left, 1.0 - crater.depth_fraction);
  return left * taper(depth) * std::max(0.0, full * relative_thickness(plate, c) + change);
}

double Layer::greatest() const {
  return 1.17 * full + std::max(0.0, change);
}

std::size_t rows_of(Plate plate, double step) {
  const ChartRange r = range_of(plate);
  return static_cast<std::size_t>(std::ceil((r.highest.v - r.lowest.v) / step));
}

void sweep_row(const BoneSurface& bone, const Layer& layer, double step, std::size_t row,
               const AddElement& add) {
  const ChartRange r = range_of(layer.plate);
  const double v = r.lowest.v + (static_cast<double>(row) + 0.5) * step;
  for (double u = r.lowest.u + 0.5 * step; u < r.highest.u; u += step)
    add_cell(bone, layer, {u, v}, step, 2, add);
}

}  // namespace genu::phantom
