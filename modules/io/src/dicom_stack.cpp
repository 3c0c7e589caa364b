// SPDX-License-Identifier: Apache-2.0
#include "dicom_stack.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include <genu/core/error.h>

#include "dicom_refusal.h"

namespace genu::io::dicom {
namespace {

// Positions are often rounded to 0.01 mm: nearer than that, two images lie at one position.
constexpr double same_position_mm = 0.01;
constexpr double gap_tolerance_mm = 0.02;
constexpr double gap_tolerance_share = 0.02;  // a fiftieth of a slice moves no measured surface visibly
// Cosines are often rounded to four decimals or six; 1e-3 turns a 160 mm image's edge by 0.16 mm.
constexpr double cosine_tolerance = 1e-3;
constexpr double spacing_tolerance_mm = 1e-4;
constexpr double echo_tolerance_ms = 1e-3;

/// One image with the header it came from, and its place along the normal.
struct Slice {
  const ObjectHeader* object = nullptr;
  const FrameHeader* frame = nullptr;
  FrameOf source;
  double along_mm = 0.0;
};

std::string text(double number) {
  std::ostringstream out;
  out.precision(10);
  out << number;
  return out.str();
}

std::string text(const Point3& p) {
  return text(p.x) + "\\" + text(p.y) + "\\" + text(p.z);
}

std::string text(const std::array<Vector3, 2>& axes) {
  std::string all;
  for (const Vector3& v : axes) all += (all.empty() ? "" : "\\") + text(Point3{v.x, v.y, v.z});
  return all;
}

[[noreturn]] void refuse_slice(const Slice& slice, Refusal refusal, std::string_view tag, std::string value,
                               std::string why) {
  if (slice.object->frames.size() > 1) why = "frame " + std::to_string(slice.frame->number + 1) + ": " + why;
  refuse(slice.object->path, {refusal, std::string(tag), std::move(value), std::move(why)});
}

std::string place_of(const Slice& slice) {
  std::string place = slice.object->path.filename().string();
  if (slice.object->frames.size() > 1) place += " frame " + std::to_string(slice.frame->number + 1);
  return place;
}

std::vector<Slice> all_slices(const std::vector<ObjectHeader>& objects) {
  std::vector<Slice> slices;
  for (std::size_t o = 0; o < objects.size(); ++o)
    for (std::size_t f = 0; f < objects[o].frames.size(); ++f)
      slices.push_back({&objects[o], &objects[o].frames[f], {o, f}, 0.0});
  return slices;
}

bool near(const Vector3& a, const Vector3& b, double tolerance) {
  return std::max({std::abs(a.x - b.x), std::abs(a.y - b.y), std::abs(a.z - b.z)}) <= tolerance;
}

void check_plane(const Slice& slice) {
  const FrameHeader& frame = *slice.frame;
  if (!frame.position)
    refuse_slice(slice, Refusal::missing_geometry, position_tag, "", "the image says no position");
  if (!frame.axes)
    refuse_slice(slice, Refusal::missing_geometry, orientation_tag, "", "the image says no orientation");
  if (!frame.row_column_mm)
    refuse_slice(slice, Refusal::missing_geometry, spacing_tag, "", "the image says no pixel spacing");
  const auto& [row, column] = *frame.axes;
  if (std::abs(length(row) - 1.0) > cosine_tolerance || std::abs(length(column) - 1.0) > cosine_tolerance ||
      std::abs(dot(row, column)) > cosine_tolerance)
    refuse_slice(slice, Refusal::missing_geometry, orientation_tag, text(*frame.axes),
                 "the directions are not of unit length and perpendicular");
}

void check_like(const Slice& slice, const Slice& first) {
  const ObjectHeader& object = *slice.object;
  if (object.rows != first.object->rows || object.columns != first.object->columns)
    refuse_slice(slice, Refusal::mixed_sizes, rows_tag, std::to_string(object.rows),
                 "the image has " + std::to_string(object.columns) + " x " + std::to_string(object.rows) +
                     " pixels, " + place_of(first) + " has " + std::to_string(first.object->columns) + " x " +
                     std::to_string(first.object->rows));
  const auto &here = *slice.frame->row_column_mm, &there = *first.frame->row_column_mm;
  if (std::abs(here[0] - there[0]) > spacing_tolerance_mm ||
      std::abs(here[1] - there[1]) > spacing_tolerance_mm)
    refuse_slice(slice, Refusal::mixed_sizes, spacing_tag, text(here[0]) + "\\" + text(here[1]),
                 "the pixel spacing differs from that of " + place_of(first) + " (" + text(there[0]) + "\\" +
                     text(there[1]) + ")");
  const auto &axes = *slice.frame->axes, &first_axes = *first.frame->axes;
  if (!near(axes[0], first_axes[0], cosine_tolerance) || !near(axes[1], first_axes[1], cosine_tolerance))
    refuse_slice(slice, Refusal::mixed_orientations, orientation_tag, text(axes),
                 "the orientation differs from that of " + place_of(first) + " (" + text(first_axes) + ")");
}

/// Returns the directions of i, j and k as an orthonormal, right-handed matrix; refuses nothing.
Matrix3 direction_of(const std::array<Vector3, 2>& axes) {
  const Vector3 row = normalized(axes[0]);
  const Vector3 column = normalized(axes[1] - dot(row, axes[1]) * row);
  return Matrix3::from_columns(row, column, cross(row, column));
}

[[noreturn]] void refuse_clash(const Slice& a, const Slice& b) {
  if (distance(*a.frame->position, *b.frame->position) > same_position_mm)
    refuse_slice(b, Refusal::sheared_slices, position_tag, text(*b.frame->position),
                 "it lies beside " + place_of(a) + " in the same plane");
  const std::string where = "it lies at the position of " + place_of(a);
  const bool same_object = a.object->object_uid == b.object->object_uid && a.frame->number == b.frame->number;
  if (!same_object && a.frame->time != b.frame->time)
    refuse_slice(b, Refusal::several_times, position_tag, text(*b.frame->position),
                 where + " at another time: the series is not one volume");
  refuse_slice(b, Refusal::duplicate_slices, position_tag, text(*b.frame->position),
               where + (same_object ? " and is the same object" : ""));
}

/// Returns the distance between neighbours in slices that are sorted and lie apart.
double slice_gap_mm(const std::vector<Slice>& slices) {
  std::vector<double> gaps;
  for (std::size_t k = 1; k < slices.size(); ++k) gaps.push_back(slices[k].along_mm - slices[k - 1].along_mm);
  // The lower median: what most neighbours keep, and of two gaps the smaller one.
  std::vector<double> sorted = gaps;
  std::sort(sorted.begin(), sorted.end());
  const double usual = sorted[(sorted.size() - 1) / 2];
  const double tolerance = std::max(gap_tolerance_mm, gap_tolerance_share * usual);
  for (std::size_t k = 0; k < gaps.size(); ++k) {
    if (std::abs(gaps[k] - usual) <= tolerance) continue;
    const Slice& after = slices[k + 1];
    const double multiple = std::round(gaps[k] / usual);
    const std::string gap = "the gap of " + text(gaps[k]) + " mm to " + place_of(slices[k]);
    if (multiple >= 2.0 && std::abs(gaps[k] - multiple * usual) <= tolerance * multiple)
      refuse_slice(
          after, Refusal::missing_slices, position_tag, text(*after.frame->position),
          gap + " is " + text(multiple) + " times the usual " + text(usual) + " mm: slices are missing");
    refuse_slice(
        after, Refusal::uneven_gaps, position_tag, text(*after.frame->position),
        gap + " differs from the usual " + text(usual) + " mm by more than " + text(tolerance) + " mm");
  }
  return (slices.back().along_mm - slices.front().along_mm) / static_cast<double>(gaps.size());
}

void check_shear(const std::vector<Slice>& slices, const Vector3& normal, double gap_mm) {
  const double tolerance = std::max(gap_tolerance_mm, gap_tolerance_share * gap_mm);
  const Point3& first = *slices.front().frame->position;
  for (const Slice& slice : slices) {
    const Vector3 way = *slice.frame->position - first;
    const double shift = length(way - dot(way, normal) * normal);
    if (shift > tolerance)
      refuse_slice(
          slice, Refusal::sheared_slices, position_tag, text(*slice.frame->position),
          "it is shifted within its plane by " + text(shift) + " mm against " + place_of(slices.front()));
  }
}

/// Returns the slices by echo time, and where there is none by echo number.
std::vector<std::vector<Slice>> by_echo(std::vector<Slice> slices) {
  const auto key = [](const Slice& s) {
    const double time = s.frame->echo_time_ms;
    return std::isnan(time) ? std::pair(-1.0, s.frame->echo_number) : std::pair(time, std::string());
  };
  std::stable_sort(slices.begin(), slices.end(),
                   [&](const Slice& a, const Slice& b) { return key(a) < key(b); });
  std::vector<std::vector<Slice>> echoes;
  for (Slice& slice : slices) {
    const bool next = echoes.empty() || key(slice).second != key(echoes.back().back()).second ||
                      key(slice).first - key(echoes.back().front()).first > echo_tolerance_ms;
    if (next) echoes.emplace_back();
    echoes.back().push_back(slice);
  }
  return echoes;
}

void sort_along_normal(std::vector<Slice>& slices) {
  std::stable_sort(slices.begin(), slices.end(),
                   [](const Slice& a, const Slice& b) { return a.along_mm < b.along_mm; });
}

/// Refuses the first position that one of two sorted echoes has and the other has not.
void check_same_positions(const std::vector<Slice>& a, const std::vector<Slice>& b) {
  const std::vector<Slice>& longer = a.size() >= b.size() ? a : b;
  const std::vector<Slice>& shorter = a.size() >= b.size() ? b : a;
  for (std::size_t k = 0; k < longer.size(); ++k) {
    const bool alike = k < shorter.size() &&
                       distance(*longer[k].frame->position, *shorter[k].frame->position) <= gap_tolerance_mm;
    if (!alike)
      refuse_slice(longer[k], Refusal::missing_slices, position_tag, text(*longer[k].frame->position),
                   "the echo of " + text(shorter.front().frame->echo_time_ms) +
                       " ms has no slice at the position of this one, of " +
                       text(longer[k].frame->echo_time_ms) + " ms");
  }
}

void project(std::vector<Slice>& slices, const Vector3& normal) {
  for (Slice& slice : slices) slice.along_mm = dot(*slice.frame->position - Point3{}, normal);
}

}  // namespace

Stack stack_frames(const std::vector<ObjectHeader>& objects) {
  std::vector<Slice> slices = all_slices(objects);
  if (slices.empty()) throw IoError("the series has no readable image");
  for (const Slice& slice : slices) check_plane(slice);
  for (const Slice& slice : slices) check_like(slice, slices.front());
  const Matrix3 direction = direction_of(*slices.front().frame->axes);
  const Vector3 normal = direction.column(2);
  project(slices, normal);
  auto echoes = by_echo(std::move(slices));
  for (auto& echo : echoes) {
    sort_along_normal(echo);
    for (std::size_t k = 1; k < echo.size(); ++k)
      if (echo[k].along_mm - echo[k - 1].along_mm <= same_position_mm) refuse_clash(echo[k - 1], echo[k]);
  }
  const std::vector<Slice>& first_echo = echoes.front();
  const Slice& first = first_echo.front();
  for (const auto& echo : echoes) check_same_positions(first_echo, echo);
  double gap_mm = first.frame->stated_gap_mm > 0.0 ? first.frame->stated_gap_mm : 1.0;
  if (first_echo.size() > 1) {
    gap_mm = slice_gap_mm(first_echo);
    check_shear(first_echo, normal, gap_mm);
  }
  const auto& [between_rows, between_columns] = *first.frame->row_column_mm;
  Stack stack;
  stack.geometry =
      ImageGeometry({first.object->columns, first.object->rows, static_cast<std::int64_t>(first_echo.size())},
                    *first.frame->position, {between_columns, between_rows, gap_mm}, direction);
  for (const auto& echo : echoes) {
    stack.echo_times_ms.push_back(echo.front().frame->echo_time_ms);
    stack.echoes.emplace_back();
    for (const Slice& slice : echo) stack.echoes.back().push_back(slice.source);
  }
  return stack;
}

std::vector<std::vector<ObjectHeader>> split_by_kind(std::vector<ObjectHeader> objects) {
  // Only whole files can go to one part or another.
  std::map<std::string, std::vector<ObjectHeader>> kinds;
  bool clash = false;
  std::map<std::string, std::string> kind_at;
  for (const ObjectHeader& object : objects)
    for (const FrameHeader& frame : object.frames) {
      if (!frame.position || object.frames.size() > 1) continue;
      const auto [at, is_new] = kind_at.emplace(
          text(*frame.position) + "|" + text(frame.echo_time_ms) + "|" + frame.echo_number, frame.kind);
      clash = clash || (!is_new && at->second != frame.kind);
    }
  if (!clash) return {std::move(objects)};
  for (ObjectHeader& object : objects)
    kinds[object.frames.empty() ? std::string() : object.frames.front().kind].push_back(std::move(object));
  std::vector<std::vector<ObjectHeader>> parts;
  parts.reserve(kinds.size());
  for (auto& [kind, part] : kinds) parts.push_back(std::move(part));
  return parts;
}

std::int64_t count_positions(const std::vector<ObjectHeader>& objects) {
  const std::vector<Slice> slices = all_slices(objects);
  if (slices.empty() || !slices.front().frame->axes) return 0;
  const auto& axes = *slices.front().frame->axes;
  const Vector3 normal = cross(axes[0], axes[1]);
  std::vector<double> places;
  for (const Slice& slice : slices)
    if (slice.frame->position) places.push_back(dot(*slice.frame->position - Point3{}, normal));
  std::sort(places.begin(), places.end());
  std::int64_t count = places.empty() ? 0 : 1;
  for (std::size_t i = 1; i < places.size(); ++i)
    if (places[i] - places[i - 1] > same_position_mm) ++count;
  return count;
}

std::vector<double> distinct_echo_times_ms(const std::vector<ObjectHeader>& objects) {
  std::set<double> all;
  for (const ObjectHeader& object : objects)
    for (const FrameHeader& frame : object.frames)
      if (!std::isnan(frame.echo_time_ms)) all.insert(frame.echo_time_ms);
  std::vector<double> times;
  for (const double time : all)
    if (times.empty() || time - times.back() > echo_tolerance_ms) times.push_back(time);
  return times;
}

std::string orientation_name(const std::array<Vector3, 2>& axes) {
  // Within 37 degrees of an axis, as in D. Clunie's DICOM tools, which knee protocols stay within.
  constexpr double obliquity_cosine = 0.8;
  const Vector3 normal = cross(axes[0], axes[1]);
  const double size = length(normal);
  if (!(size > 0.0)) return "";
  if (std::abs(normal.x) > obliquity_cosine * size) return "sagittal";
  if (std::abs(normal.y) > obliquity_cosine * size) return "coronal";
  if (std::abs(normal.z) > obliquity_cosine * size) return "axial";
  return "oblique";
}

}  // namespace genu::io::dicom
