// SPDX-License-Identifier: Apache-2.0
// How many straight needles a second can be asked how near they come to a knee's structures, beside what a
// loop over VTK's static cell locator manages with the same needles: clearance_bench [SECONDS_EACH [CHECKED]]
// prints CSV for a phantom knee of half a million triangles, after checking that many answers against all
// triangles. `per_second` is the mean; `in_calm` the best fiftieth of a second or so, which is what a machine
// that others use too has to give.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <functional>
#include <iostream>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <vtkGenericCell.h>
#include <vtkNew.h>
#include <vtkPolyData.h>
#include <vtkSmartPointer.h>
#include <vtkStaticCellLocator.h>

#include <genu/bridge/vtk.h>
#include <genu/core/parallel.h>
#include <genu/core/rigid_transform.h>
#include <genu/phantom/scan.h>
#include <genu/planning/anatomy.h>
#include <genu/surface/obstacles.h>
#include <genu/testing/distances.h>

namespace {

using namespace genu;
using Clock = std::chrono::steady_clock;

struct Scene {
  std::vector<TriangleMesh> meshes;
  Point3 centre;
  std::size_t triangles() const {
    std::size_t sum = 0;
    for (const TriangleMesh& m : meshes) sum += m.triangles().size();
    return sum;
  }
  TriangleMesh as_one() const {
    std::vector<Point3> vertices;
    std::vector<Triangle> triangles;
    for (const TriangleMesh& m : meshes) {
      const auto base = static_cast<std::uint32_t>(vertices.size());
      vertices.insert(vertices.end(), m.vertices().begin(), m.vertices().end());
      for (const Triangle& t : m.triangles()) triangles.push_back({t[0] + base, t[1] + base, t[2] + base});
    }
    return {std::move(vertices), std::move(triangles)};
  }
  std::vector<const TriangleMesh*> pointers() const {
    std::vector<const TriangleMesh*> result;
    for (const TriangleMesh& m : meshes) result.push_back(&m);
    return result;
  }
};

/// A bent tube along the limb, as a nerve, a vein or a cord-like ligament lies beside the joint.
TriangleMesh tube(const Point3& middle, const Vector3& bend, double radius_mm, double length_mm,
                  double edge_mm) {
  const int around = std::max(6, static_cast<int>(2.0 * M_PI * radius_mm / edge_mm));
  const int along = static_cast<int>(length_mm / edge_mm);
  std::vector<Point3> vertices;
  std::vector<Triangle> triangles;
  for (int i = 0; i <= along; ++i)
    for (int j = 0; j < around; ++j) {
      const double s = 2.0 * i / along - 1.0, angle = 2.0 * M_PI * j / around;
      const double r = i == 0 || i == along ? 0.0 : radius_mm;
      vertices.push_back(middle + (1.0 - s * s) * bend +
                         Vector3{r * std::cos(angle), r * std::sin(angle), 0.5 * length_mm * s});
    }
  for (int i = 0; i < along; ++i)
    for (int j = 0; j < around; ++j) {
      const auto at = [&](int row, int column) {
        return static_cast<std::uint32_t>((i + row) * around + (j + column) % around);
      };
      triangles.push_back({at(0, 0), at(0, 1), at(1, 1)});
      triangles.push_back({at(0, 0), at(1, 1), at(1, 0)});
    }
  return {std::move(vertices), std::move(triangles)};
}

/// The phantom's thirteen structures and seven cords beside it, at about this length of edge.
Scene make_scene(double edge_mm) {
  const phantom::Knee knee{phantom::KneeOptions{}};
  LabelMap labels(phantom::sagittal_grid(knee, edge_mm, edge_mm));
  parallel_for(labels.voxels().size(), [&](std::size_t begin, std::size_t end) {
    for (std::size_t v = begin; v < end; ++v)
      labels.voxels()[v] = knee.tissue_at(labels.geometry().to_patient(labels.geometry().index_of(v)));
  });
  Scene scene;
  for (planning::Structure& s : planning::build_anatomy(labels, knee.frame()).structures)
    scene.meshes.push_back(std::move(s.surface));
  scene.centre = Point3{-70.0, 0.0, 0.0};
  const Vector3 places[7] = {{48, 0, 0},   {-46, 2, -5}, {-44, -12, 10}, {4, 44, 0},
                             {-30, 38, 5}, {46, 30, 0},  {40, 40, -5}};
  const double radii[7] = {2.5, 2.0, 4.0, 3.0, 2.0, 1.2, 2.2};
  for (int c = 0; c < 7; ++c)
    scene.meshes.push_back(tube(scene.centre + places[c], 0.08 * places[c], radii[c], 110.0, edge_mm));
  return scene;
}

/// The first structures of a scene; if more are wanted, all of them again, 3 mm aside.
Scene with_meshes(const Scene& scene, std::size_t count) {
  Scene result{{}, scene.centre};
  for (std::size_t m = 0; m < count; ++m) {
    const std::size_t round = m / scene.meshes.size();
    result.meshes.push_back(
        moved(scene.meshes[m % scene.meshes.size()],
              RigidTransform::translation_by({0.0, 0.0, 3.0 * static_cast<double>(round)})));
  }
  return result;
}

/// Needles of 30 to 80 mm, from any side, to a place within 45 mm of the middle of the joint.
std::vector<Trajectory> any_needles(const Scene& scene, std::size_t count, unsigned seed) {
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> u(-1.0, 1.0), size(30.0, 80.0);
  const auto in_ball = [&] {
    for (;;) {
      const double x = u(random), y = u(random), z = u(random);
      if (const Vector3 v{x, y, z}; squared_length(v) <= 1.0 && squared_length(v) > 1e-6) return v;
    }
  };
  std::vector<Trajectory> result;
  while (result.size() < count) {
    const Point3 target = scene.centre + 45.0 * in_ball();
    const Vector3 way = normalized(in_ball());
    result.push_back({target + size(random) * way, target});
  }
  return result;
}

struct Rate {
  double mean = 0.0, best = 0.0, per_core = 0.0;
};

/// Calls `ask(begin, end, thread)` for runs of needles until the time is up; returns needles a second.
Rate rate(std::size_t count, unsigned threads, double seconds,
          const std::function<void(std::size_t, std::size_t, unsigned)>& ask, std::size_t window = 4000) {
  Rate rate;
  std::size_t done = 0;
  double passed = 0.0;
  const std::clock_t busy = std::clock();
  std::size_t begin = 0;
  do {
    const std::size_t end = std::min(count, begin + window), each = (end - begin + threads - 1) / threads;
    const auto start = Clock::now();
    parallel_for(
        threads,
        [&](std::size_t first, std::size_t last) {
          for (std::size_t t = first; t < last; ++t)
            ask(std::min(end, begin + t * each), std::min(end, begin + (t + 1) * each),
                static_cast<unsigned>(t));
        },
        threads, 1);
    const double took = std::chrono::duration<double>(Clock::now() - start).count();
    passed += took;
    done += end - begin;
    if (end - begin == std::min(window, count))
      rate.best = std::max(rate.best, static_cast<double>(end - begin) / took);
    begin = end < count ? end : 0;
  } while (passed < seconds);
  rate.per_core = static_cast<double>(done) * CLOCKS_PER_SEC / static_cast<double>(std::clock() - busy);
  rate.mean = static_cast<double>(done) / passed;
  return rate;
}

/// Keeps answers from being optimised away.
struct Sum {
  void add(double value) {
    const std::lock_guard lock(guard);
    sum += value;
  }
  std::mutex guard;
  double sum = 0.0;
};

using Question = std::function<double(const Trajectory&)>;

Rate rate_of(const std::vector<Trajectory>& needles, unsigned threads, double seconds,
             const Question& question, std::size_t window = 4000) {
  Sum sum;
  const auto ask = [&](std::size_t begin, std::size_t end, unsigned) {
    double own = 0.0;
    for (std::size_t n = begin; n < end; ++n) own += question(needles[n]);
    sum.add(own);
  };
  return rate(needles.size(), threads, seconds, ask, window);
}

/// The usual way with VTK: points along the needle a millimetre apart, and the closest point of all
/// structures to each. `tuned`: five times the usual cells in a bucket, which was the best of 1 to 3000 for
/// this scene, and no search beyond what the points before have found. One locator a thread, built
/// beforehand.
class Peer {
 public:
  Peer(const Scene& scene, unsigned threads, bool tuned) : tuned_(tuned) {
    for (unsigned t = 0; t < threads; ++t) {
      Own own;
      own.surface = bridge::copy_to_vtk(scene.as_one());
      own.surface->BuildCells();
      own.locator->SetDataSet(own.surface);
      if (tuned) own.locator->SetNumberOfCellsPerNode(50);
      own.locator->BuildLocator();
      own_.push_back(std::move(own));
    }
  }

  std::string name() const { return tuned_ ? "VTK tuned" : "VTK"; }
  double distance_mm(const Trajectory& path, unsigned thread) const {
    const Own& own = own_[thread];
    const int steps = std::max(1, static_cast<int>(std::ceil(path.length_mm())));
    double best = std::numeric_limits<double>::infinity();
    for (int n = 0; n <= steps; ++n) {
      const Point3 p = lerp(path.entry, path.target, static_cast<double>(n) / steps);
      double at[3] = {p.x, p.y, p.z}, closest[3], squared = 0.0;
      vtkIdType cell = -1;
      int sub = 0, inside = 0;
      if (tuned_ && n > 0) {
        if (own.locator->FindClosestPointWithinRadius(at, std::sqrt(best), closest, own.cell, cell, sub,
                                                      squared, inside) == 0)
          continue;
      } else {
        own.locator->FindClosestPoint(at, closest, own.cell, cell, sub, squared);
      }
      best = std::min(best, squared);
    }
    return std::sqrt(best);
  }

 private:
  struct Own {
    vtkSmartPointer<vtkPolyData> surface;
    vtkSmartPointer<vtkStaticCellLocator> locator = vtkSmartPointer<vtkStaticCellLocator>::New();
    vtkSmartPointer<vtkGenericCell> cell = vtkSmartPointer<vtkGenericCell>::New();
  };
  bool tuned_;
  std::vector<Own> own_;
};

Rate rate_of(const std::vector<Trajectory>& needles, unsigned threads, double seconds, const Peer& peer) {
  Sum sum;
  const auto ask = [&](std::size_t begin, std::size_t end, unsigned thread) {
    double own = 0.0;
    for (std::size_t n = begin; n < end; ++n) own += peer.distance_mm(needles[n], thread);
    sum.add(own);
  };
  return rate(needles.size(), threads, seconds, ask, 100);
}

void print(const std::string& what, const std::string& needles, const Scene& scene, unsigned threads,
           const Rate& rate) {
  std::cout << what << "," << needles << "," << scene.meshes.size() << "," << scene.triangles() << ","
            << threads << "," << std::lround(rate.mean) << "," << std::lround(rate.best) << ","
            << std::lround(rate.per_core) << std::endl;
}

/// Returns the largest difference from the least over all triangles, for needles of both sets in turn.
double worst_error_mm(const Scene& scene, const surface::Obstacles& obstacles,
                      const std::vector<Trajectory>& any, const std::vector<Trajectory>& clear,
                      std::size_t checked) {
  std::vector<double> error(checked);
  parallel_for(
      checked,
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n) {
          const Trajectory& path = n % 2 == 0 ? any[n] : clear[n];
          double least = std::numeric_limits<double>::infinity();
          for (const TriangleMesh& mesh : scene.meshes)
            for (const Triangle& t : mesh.triangles()) {
              const testing::Corners corners = testing::corners_of(mesh, t);
              // A triangle lies within its two edges' length of its first corner.
              const double reach = distance(corners[0], corners[1]) + distance(corners[0], corners[2]);
              if (testing::to_segment(corners[0], path.entry, path.target) - reach < least)
                least = std::min(least, testing::segment_to_triangle(corners, path.entry, path.target));
            }
          error[n] = std::abs(least - obstacles.nearest(path.entry, path.target)->distance_mm);
        }
      },
      0, 1);
  return checked > 0 ? *std::max_element(error.begin(), error.end()) : 0.0;
}

Question nearest_of(const surface::Obstacles& obstacles) {
  return [&](const Trajectory& path) { return obstacles.nearest(path.entry, path.target)->distance_mm; };
}

void ask_everything(const Scene& scene, const surface::Obstacles& obstacles, const std::string& set,
                    const std::vector<Trajectory>& needles, double seconds, unsigned threads,
                    const std::vector<Peer>& peers) {
  const Rate nearest = rate_of(needles, threads, seconds, nearest_of(obstacles));
  print("nearest", set, scene, threads, nearest);
  const std::vector<double> asked(scene.meshes.size(), 3.0);
  print("keeps 3 mm", set, scene, threads, rate_of(needles, threads, seconds, [&](const Trajectory& path) {
          return obstacles.keeps(path.entry, path.target, asked) ? 1.0 : 0.0;
        }));
  print("least margin", set, scene, threads, rate_of(needles, threads, seconds, [&](const Trajectory& path) {
          return obstacles.least_margin(path.entry, path.target, asked)->margin_mm;
        }));
  print("each", set, scene, threads, rate_of(needles, threads, seconds, [&](const Trajectory& path) {
          return obstacles.distances_mm(path.entry, path.target).back();
        }));
  print("each within 20 mm", set, scene, threads,
        rate_of(needles, threads, seconds, [&](const Trajectory& path) {
          return obstacles.distances_mm(path.entry, path.target, 20.0).back();
        }));
  for (const Peer& peer : peers) {
    const Rate of_peer = rate_of(needles, threads, seconds, peer);
    print(peer.name(), set, scene, threads, of_peer);
    std::cout << "times " << peer.name() << "," << set << ",,," << threads << ","
              << nearest.mean / of_peer.mean << "," << nearest.best / of_peer.best << ","
              << nearest.per_core / of_peer.per_core << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::stod(argv[1]) : 2.0;
  const std::size_t checked = argc > 2 ? std::stoul(argv[2]) : 200;
  const std::size_t count = std::max<std::size_t>(20000, checked);
  const Scene scene = make_scene(0.68);
  const auto start = Clock::now();
  const surface::Obstacles obstacles(scene.pointers());
  std::cout << "built in " << std::chrono::duration<double>(Clock::now() - start).count() << " s\n";
  const auto any = any_needles(scene, count, 1);
  const auto is_clear = [&](const Trajectory& t) { return nearest_of(obstacles)(t) > 0.0; };
  std::cout << std::count_if(any.begin(), any.end(), is_clear) << " of " << count
            << " needles of the set 'any' cross nothing, as all of the set 'clear' do\n";
  std::vector<Trajectory> clear;
  for (unsigned seed = 2; clear.size() < count; ++seed)
    for (const Trajectory& t : any_needles(scene, count, seed))
      if (clear.size() < count && is_clear(t)) clear.push_back(t);
  std::cout << "largest error of " << checked << ": " << worst_error_mm(scene, obstacles, any, clear, checked)
            << " mm\nwhat,needles,meshes,triangles,threads,per_second,in_calm,per_core_second\n";

  constexpr unsigned most_threads = 2;
  std::vector<Peer> peers;
  for (const bool tuned : {false, true}) peers.emplace_back(scene, most_threads, tuned);
  for (const unsigned threads : {1u, most_threads}) {
    ask_everything(scene, obstacles, "any", any, seconds, threads, peers);
    ask_everything(scene, obstacles, "clear", clear, seconds, threads, peers);
  }
  peers.clear();
  for (const std::size_t meshes : {1, 2, 5, 10, 20, 40}) {
    const Scene other = with_meshes(scene, meshes);
    const surface::Obstacles own(other.pointers());
    print("nearest by meshes", "any", other, most_threads,
          rate_of(any, most_threads, seconds, nearest_of(own)));
  }
  for (const double edge_mm : {2.0, 1.4, 1.0, 0.68, 0.48, 0.36}) {
    const Scene other = make_scene(edge_mm);
    const surface::Obstacles own(other.pointers());
    print("nearest by triangles", "any", other, most_threads,
          rate_of(any, most_threads, seconds, nearest_of(own)));
    print("VTK tuned by triangles", "any", other, most_threads,
          rate_of(any, most_threads, seconds, Peer(other, most_threads, true)));
  }
  for (const std::size_t needles : {1000, 10000, 100000, 1000000}) {
    const auto many = any_needles(scene, needles, 3);
    const auto from = Clock::now();
    rate_of(many, most_threads, 0.0, nearest_of(obstacles), needles);
    std::cout << "seconds for needles," << needles << ",,," << most_threads << ","
              << std::chrono::duration<double>(Clock::now() - from).count() << ",\n";
  }
  return 0;
}
