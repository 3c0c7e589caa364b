// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include <genu/core/error.h>
#include <genu/surface/obstacles.h>

#include "boxes.h"
#include "kernels.h"
#include "landmarks.h"
#include "triangle.h"

namespace genu::surface {
namespace {

constexpr double float_unit = std::numeric_limits<float>::epsilon();
// Roundings between a segment's coordinates and the bound of a box: a dozen, each by half a unit in the last
// place of the largest number met.
constexpr double roundings_of_bound = 16.0;
constexpr std::size_t most_landmarks = 128;  // More take longer to look at than they save.

std::array<float, 3> floats(const Vector3& v) {
  return {static_cast<float>(v.x), static_cast<float>(v.y), static_cast<float>(v.z)};
}

bool is_before(const NearestObstacle& a, const NearestObstacle& b) {
  return std::tie(a.margin_mm, a.mesh, a.distance_mm) < std::tie(b.margin_mm, b.mesh, b.distance_mm);
}

/// Begins to load a node or leaf that will be looked at soon.
template <typename Place>
void fetch(const Place& place) {
  constexpr std::size_t line = 64;  // Of most processors' memories.
  for (std::size_t at = 0; at < sizeof(Place); at += line)
    __builtin_prefetch(reinterpret_cast<const char*>(&place) + at);
}

}  // namespace

struct Obstacles::Forest : BoxForest {
  std::size_t meshes = 0;
  Landmarks landmarks;
};

/// One segment on its way through the trees.
///
/// Triangles that may decide the answer wait until the end: most of them fall behind a better one, and only
/// what is left is measured in double precision.
class Obstacles::Search {
 public:
  Search(const Forest& forest, const Point3& from, const Point3& to);

  /// Returns the least margin below `limit_mm`; `enough` says that any will do. No clearances = none asked.
  std::optional<NearestObstacle> of_all(std::span<const double> asked_mm, double limit_mm, bool enough);
  /// Returns the distance to one mesh, or `limit_mm`.
  double of_mesh(std::size_t mesh, double limit_mm);
  /// Returns how often the segment crosses a mesh.
  std::size_t crossings(std::size_t mesh);

 private:
  struct Waiting {
    float bound;
    std::uint32_t child;
  };
  /// Each of eleven levels (eight to the eleventh is more than there are numbers) leaves seven waiting.
  struct Stack {
    std::array<Waiting, 96> waiting;
    std::size_t size = 0;
  };
  struct Candidate {
    std::uint32_t triangle, mesh;
    double asked_mm, at_least;  ///< Its margin is no less.
  };
  static constexpr std::size_t most_candidates = 32;

  void begin(double limit_mm);
  void ask_landmarks(std::span<const double> asked_mm);
  void ask(std::size_t mesh, double asked_mm, bool enough);
  void ask_leaf(const BoxLeaf& leaf, double asked_mm);
  void push_children(const BoxNode& node, float limit, Stack& stack) const;
  void settle();
  Corners corners(std::size_t triangle) const;
  double exact_distance(const Corners& triangle) const;
  std::uint32_t root(std::size_t mesh) const {
    return forest_.roots[mesh / lane_count].child[mesh % lane_count];
  }

  const Forest& forest_;
  Point3 from_, to_;
  Vector3 middle_, along_;  // As the needle's, in double precision.
  double half_ = 0.0;
  SegmentCrossing crossing_;
  Needle needle_;
  double given_ = unlimited;  // No margin that is not less is an answer.
  double limit_ = unlimited;  // The least margin is no greater, or there is no answer.
  std::optional<NearestObstacle> best_;
  std::size_t candidate_count_ = 0;
  std::array<Candidate, most_candidates> candidates_;
};

Obstacles::Search::Search(const Forest& forest, const Point3& from, const Point3& to)
    : forest_(forest), from_(from), to_(to), crossing_(from, to) {
  if (!is_finite(from) || !is_finite(to)) {
    std::ostringstream message;
    message << "cannot measure how near obstacles are to the segment from " << from << " to " << to;
    throw InvalidInput(message.str());
  }
  const Vector3 start = from - forest.origin, end = to - forest.origin;
  const double size = length(end - start);
  middle_ = 0.5 * (start + end);
  half_ = 0.5 * size;
  if (size > 0.0) along_ = (end - start) / size;
  const auto& e = forest.extent;
  const double largest = length(middle_) + half_ + std::max({e[0], e[1], e[2]});
  needle_ = {floats(middle_), floats(along_), static_cast<float>(half_),
             static_cast<float>(roundings_of_bound * float_unit * largest)};
}

void Obstacles::Search::begin(double limit_mm) {
  given_ = limit_ = limit_mm;
  best_.reset();
  candidate_count_ = 0;
}

/// Lowers the limit to what vertices near the segment allow.
void Obstacles::Search::ask_landmarks(std::span<const double> asked_mm) {
  const Landmarks& marks = forest_.landmarks;
  const auto most = static_cast<double>(most_landmarks - 1);
  const std::size_t count = 1 + static_cast<std::size_t>(std::min(2.0 * half_ * marks.cells_per_mm, most));
  const float step = 2.0f * needle_.half / static_cast<float>(count);
  std::array<const Landmarks::Landmark*, most_landmarks> near;
  for (std::size_t n = 0; n < count; ++n) {
    const float at = (static_cast<float>(n) + 0.5f) * step - needle_.half;
    std::array<float, 3> p;
    for (std::size_t a = 0; a < 3; ++a) p[a] = needle_.middle[a] + at * needle_.along[a];
    near[n] = &marks.cells[marks.cell_of(p)];
    fetch(*near[n]);
  }
  for (std::size_t n = 0; n < count; ++n) {
    std::array<float, 3> to_mark;
    float foot = 0.0f, squared = 0.0f;
    for (std::size_t a = 0; a < 3; ++a) {
      to_mark[a] = near[n]->place[a] - needle_.middle[a];
      foot += to_mark[a] * needle_.along[a];
    }
    foot = std::clamp(foot, -needle_.half, needle_.half);
    for (std::size_t a = 0; a < 3; ++a)
      squared += (to_mark[a] - foot * needle_.along[a]) * (to_mark[a] - foot * needle_.along[a]);
    const double asked = asked_mm.empty() ? 0.0 : asked_mm[near[n]->mesh];
    limit_ = std::min(limit_, std::sqrt(static_cast<double>(squared)) + needle_.room - asked);
  }
}

Corners Obstacles::Search::corners(std::size_t triangle) const {
  const Triangle& v = forest_.triangles[triangle];
  return {forest_.vertices[v[0]], forest_.vertices[v[1]], forest_.vertices[v[2]]};
}

double Obstacles::Search::exact_distance(const Corners& t) const {
  if (crossing_.at(t) >= 0.0) return 0.0;
  double squared = std::numeric_limits<double>::infinity();
  for (std::size_t c = 0; c < 3; ++c)
    squared = std::min(squared, squared_distance(from_, to_, t[c], t[(c + 1) % 3]));
  for (const Point3& end : {from_, to_})
    squared = std::min(squared, squared_length(closest_on(t, end).point - end));
  return std::sqrt(squared);
}

/// Measures the triangles that wait.
void Obstacles::Search::settle() {
  std::sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(candidate_count_),
            [](const Candidate& a, const Candidate& b) { return a.at_least < b.at_least; });
  for (std::size_t c = 0; c < candidate_count_ && candidates_[c].at_least <= limit_; ++c)
    for (const std::uint32_t v : forest_.triangles[candidates_[c].triangle]) fetch(forest_.vertices[v]);
  for (std::size_t c = 0; c < candidate_count_; ++c) {
    const Candidate& next = candidates_[c];
    if (next.at_least > limit_) break;
    const double distance = exact_distance(corners(next.triangle));
    const NearestObstacle made{next.mesh, distance, distance - next.asked_mm};
    if (made.margin_mm >= given_ || (best_ && !is_before(made, *best_))) continue;
    best_ = made;
    limit_ = std::min(limit_, made.margin_mm);
  }
  candidate_count_ = 0;
}

void Obstacles::Search::ask_leaf(const BoxLeaf& leaf, double asked_mm) {
  const Vector3 to_leaf = Vector3{leaf.centre[0], leaf.centre[1], leaf.centre[2]} - middle_;
  const double at = std::clamp(dot(to_leaf, along_), -half_, half_);
  // The nearest points of two things lie no further apart along a segment than the things themselves do.
  const double low = std::max(-half_, at - leaf.reach), high = std::min(half_, at + leaf.reach);
  const Stretch stretch{floats(low * along_ - to_leaf), floats((high - low) * along_)};
  const double size = length(at * along_ - to_leaf) + leaf.reach;
  const double room = roundings_of_triangle * float_unit * size * size;
  const double most = limit_ + asked_mm;
  Lanes squared;
  unsigned near = squared_distances(leaf, stretch, static_cast<float>(most * most + 2.0 * room), squared);
  bool crosses = false;
  for (; near; near &= near - 1) {
    const int l = __builtin_ctz(near);
    const double s = squared[l], at_least = std::sqrt(std::max(0.0, s - room)) - asked_mm;
    if (at_least > limit_) continue;
    if (candidate_count_ == most_candidates) settle();
    candidates_[candidate_count_++] = {leaf.first + static_cast<std::uint32_t>(l), leaf.mesh, asked_mm,
                                       at_least};
    fetch(forest_.triangles[leaf.first + static_cast<std::uint32_t>(l)]);
    limit_ = std::min(limit_, std::sqrt(s + room) - asked_mm);
    crosses |= s == 0.0;
  }
  if (crosses) settle();
}

/// Puts the children below the limit on the stack, the nearest last.
void Obstacles::Search::push_children(const BoxNode& node, float limit, Stack& stack) const {
  Lanes bound;
  unsigned near = least_distances(node, needle_, limit, bound);
  const std::size_t base = stack.size;
  auto& waiting = stack.waiting;
  for (; near; near &= near - 1) {
    const int l = __builtin_ctz(near);
    const std::uint32_t child = node.child[static_cast<std::size_t>(l)];
    if (child & leaf_bit)
      fetch(forest_.leaves[child & ~leaf_bit]);
    else
      fetch(forest_.nodes[child]);
    std::size_t place = stack.size++;
    for (; place > base && waiting[place - 1].bound < bound[l]; --place) waiting[place] = waiting[place - 1];
    waiting[place] = {bound[l], child};
  }
}

void Obstacles::Search::ask(std::size_t mesh, double asked_mm, bool enough) {
  Stack stack;
  stack.waiting[stack.size++] = {-std::numeric_limits<float>::infinity(), root(mesh)};
  while (stack.size > 0) {
    const Waiting next = stack.waiting[--stack.size];
    if (next.bound >= limit_ + asked_mm) continue;
    if (!(next.child & leaf_bit)) {
      push_children(forest_.nodes[next.child], static_cast<float>(limit_ + asked_mm), stack);
      continue;
    }
    ask_leaf(forest_.leaves[next.child & ~leaf_bit], asked_mm);
    // Nothing is nearer than where it is crossed.
    if (enough && limit_ < given_) return;
    if (best_ && best_->mesh == mesh && best_->margin_mm <= -asked_mm) return;
  }
}

std::optional<NearestObstacle> Obstacles::Search::of_all(std::span<const double> asked_mm, double limit_mm,
                                                         bool enough) {
  begin(limit_mm);
  if (!enough) ask_landmarks(asked_mm);
  struct Next {
    double at_least;
    std::size_t mesh;
  };
  std::vector<Next> order;
  order.reserve(forest_.meshes);
  for (std::size_t m = 0; m < forest_.meshes; m += lane_count) {
    Lanes bound;
    least_distances(forest_.roots[m / lane_count], needle_, 0.0f, bound);
    for (std::size_t l = 0; l < lane_count && m + l < forest_.meshes; ++l) {
      const double asked = asked_mm.empty() ? 0.0 : asked_mm[m + l];
      const double at_least = std::max(0.0, static_cast<double>(bound[static_cast<int>(l)])) - asked;
      if (at_least < unlimited && at_least <= limit_) order.push_back({at_least, m + l});
    }
  }
  std::sort(order.begin(), order.end(), [](const Next& a, const Next& b) {
    return std::pair(a.at_least, a.mesh) < std::pair(b.at_least, b.mesh);
  });
  for (const Next& next : order) {
    if (next.at_least > limit_) break;
    // It could only be as near, with a higher number.
    if (best_ && next.at_least == best_->margin_mm && next.mesh > best_->mesh) continue;
    ask(next.mesh, asked_mm.empty() ? 0.0 : asked_mm[next.mesh], enough);
    if (enough && limit_ < given_) break;
  }
  settle();
  return best_;
}

double Obstacles::Search::of_mesh(std::size_t mesh, double limit_mm) {
  begin(limit_mm);
  ask(mesh, 0.0, false);
  settle();
  return best_ ? best_->distance_mm : limit_mm;
}

std::size_t Obstacles::Search::crossings(std::size_t mesh) {
  std::size_t count = 0;
  Stack stack;
  stack.waiting[stack.size++] = {0.0f, root(mesh)};
  while (stack.size > 0) {
    const Waiting next = stack.waiting[--stack.size];
    if (!(next.child & leaf_bit)) {
      push_children(forest_.nodes[next.child], 0.0f, stack);
      continue;
    }
    const BoxLeaf& leaf = forest_.leaves[next.child & ~leaf_bit];
    for (std::uint32_t t = leaf.first; t < leaf.first + leaf.count; ++t)
      count += crossing_.at(corners(t)) >= 0.0 ? 1 : 0;
  }
  return count;
}

Obstacles::Obstacles(const std::vector<const TriangleMesh*>& meshes, unsigned threads) {
  for (std::size_t m = 0; m < meshes.size(); ++m)
    if (meshes[m]->empty())
      throw InvalidInput("cannot keep away from mesh " + std::to_string(m) + ": it has no triangles");
  auto forest = std::make_unique<Forest>();
  forest->meshes = meshes.size();
  if (!meshes.empty()) {
    static_cast<BoxForest&>(*forest) = build_forest(meshes, threads);
    forest->landmarks = make_landmarks(*forest);
  }
  forest_ = std::move(forest);
}
Obstacles::~Obstacles() = default;
Obstacles::Obstacles(Obstacles&&) noexcept = default;
Obstacles& Obstacles::operator=(Obstacles&&) noexcept = default;

std::size_t Obstacles::size() const {
  return forest_->meshes;
}

std::optional<NearestObstacle> Obstacles::nearest(const Point3& from, const Point3& to,
                                                  double limit_mm) const {
  if (size() == 0) return std::nullopt;
  return Search(*forest_, from, to).of_all({}, limit_mm, false);
}

std::optional<NearestObstacle> Obstacles::least_margin(const Point3& from, const Point3& to,
                                                       std::span<const double> asked_mm,
                                                       double limit_mm) const {
  check(asked_mm);
  if (size() == 0) return std::nullopt;
  return Search(*forest_, from, to).of_all(asked_mm, limit_mm, false);
}

bool Obstacles::keeps(const Point3& from, const Point3& to, std::span<const double> asked_mm) const {
  check(asked_mm);
  return size() == 0 || !Search(*forest_, from, to).of_all(asked_mm, 0.0, true);
}

void Obstacles::check(std::span<const double> asked_mm) const {
  if (asked_mm.size() != size())
    throw InvalidInput("cannot ask " + std::to_string(asked_mm.size()) + " clearances of " +
                       std::to_string(size()) + " meshes");
  for (std::size_t m = 0; m < asked_mm.size(); ++m)
    if (!(asked_mm[m] < unlimited))
      throw InvalidInput("cannot ask a clearance of " + std::to_string(asked_mm[m]) + " mm of mesh " +
                         std::to_string(m));
}

double Obstacles::distance_mm(std::size_t mesh, const Point3& from, const Point3& to, double limit_mm) const {
  check(mesh);
  return Search(*forest_, from, to).of_mesh(mesh, limit_mm);
}

std::vector<double> Obstacles::distances_mm(const Point3& from, const Point3& to, double limit_mm) const {
  std::vector<double> result;
  if (size() == 0) return result;
  result.reserve(size());
  Search search(*forest_, from, to);
  for (std::size_t m = 0; m < size(); ++m) result.push_back(search.of_mesh(m, limit_mm));
  return result;
}

bool Obstacles::contains(std::size_t mesh, const Point3& p) const {
  check(mesh);
  const auto& e = forest_->extent;
  const Vector3 r = p - forest_->origin;
  const bool is_beyond = std::abs(r.x) > e[0] || std::abs(r.y) > e[1] || std::abs(r.z) > e[2];
  if (is_finite(p) && is_beyond) return false;
  // Any way out serves: an odd number of crossings means inside.
  const Point3 outside = forest_->origin + std::max({e[0], e[1], e[2]}) * Vector3{1.3, 1.7, 1.9};
  return Search(*forest_, p, outside).crossings(mesh) % 2 == 1;
}

void Obstacles::check(std::size_t mesh) const {
  if (mesh >= size())
    throw InvalidInput("there is no mesh " + std::to_string(mesh) + " among " + std::to_string(size()));
}

}  // namespace genu::surface
