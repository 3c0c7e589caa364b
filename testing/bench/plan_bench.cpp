// SPDX-License-Identifier: Apache-2.0
// What a plan of a knee costs, and how that grows: plan_bench [LABELS TABLE]... prints CSV for a phantom and
// for each file. `step` rows are seconds of one run by all targets and approaches, `cards` full scorecards a
// second, `growth` rows seconds of the search alone while one thing grows and the others stay.
#include <algorithm>
#include <chrono>
#include <iostream>
#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/parallel.h>
#include <genu/io/files.h>
#include <genu/io/results.h>
#include <genu/io/volume_files.h>
#include <genu/phantom/scan.h>
#include <genu/planning/estimate.h>
#include <genu/planning/plan.h>

namespace {

using namespace genu;
using namespace genu::planning;
using Clock = std::chrono::steady_clock;

/// The whole field of view: the skin is in the labels.
LabelMap scanned(const phantom::Knee& knee, double in_plane_mm, double slice_mm) {
  return phantom::scan(knee, phantom::sagittal_grid(knee, in_plane_mm, slice_mm),
                       {.bias_field = 0.0, .noise_sd = 0.0, .samples_per_mm = 1})
      .labels;
}

/// Tells the seconds since it was last asked.
class Watch {
 public:
  double lap() {
    const auto now = Clock::now();
    const double seconds = std::chrono::duration<double>(now - since_).count();
    since_ = now;
    return seconds;
  }

 private:
  Clock::time_point since_ = Clock::now();
};

std::size_t triangles_of(const Anatomy& anatomy) {
  std::size_t sum = 0;
  for (const Structure& s : anatomy.structures) sum += s.surface.triangles().size();
  return sum;
}

struct Searched {
  std::size_t plans = 0, candidates = 0, safe = 0;
  double seconds = 0.0;
  std::vector<NeedlePlan> all;
};

Searched search(const ClearanceField& field, const std::vector<Target>& targets,
                const std::vector<Approach>& approaches, const PlanOptions& options = {}) {
  Searched result;
  Watch watch;
  for (const Target& target : targets)
    for (const Approach& approach : approaches) {
      if (!fits(approach, target)) continue;
      result.all.push_back(plan_needle(field, target, approach, options));
      ++result.plans;
      result.safe += result.all.back().safe;
      result.candidates += result.all.back().examined;
    }
  result.seconds = watch.lap();
  return result;
}

void print_growth(const std::string& what, const Anatomy& anatomy, const Searched& s) {
  std::cout << "growth," << what << "," << anatomy.structures.size() << "," << triangles_of(anatomy) << ","
            << s.candidates << "," << s.safe << "," << s.seconds << std::endl;
}

/// Returns full scorecards a second, and their number.
std::pair<double, std::size_t> cards_a_second(const ClearanceField& field,
                                              const std::vector<NeedlePlan>& plans,
                                              const std::vector<Approach>& approaches) {
  struct Asked {
    const NeedlePlan* plan;
    const Approach* approach;
    Trajectory path;
  };
  std::vector<Asked> asked;
  for (const NeedlePlan& plan : plans)
    for (const Approach& approach : approaches)
      if (approach.name == plan.approach)
        for (const RankedTrajectory& t : plan.ranked) asked.push_back({&plan, &approach, t.path});
  Watch watch;
  parallel_for(
      asked.size(),
      [&](std::size_t begin, std::size_t end) {
        for (std::size_t n = begin; n < end; ++n)
          judge(field, asked[n].plan->target, *asked[n].approach, asked[n].path);
      },
      0, 1);
  return {static_cast<double>(asked.size()) / watch.lap(), asked.size()};
}

void measure(const std::string& what, const LabelMap& labels, bool growth) {
  const auto approaches = io::known_approaches();
  const auto table = io::read_anatomy_table(io::data_file("planning/anatomy.json"));
  const cartilage::CartilageReport report = cartilage::measure_knee(labels, {.side = Side::right});
  const auto print = [&](const std::string& step, double seconds) {
    std::cout << "step," << what << "," << step << "," << seconds << std::endl;
  };
  Watch watch;
  Anatomy anatomy = build_anatomy(labels, report.frame);
  print("surfaces", watch.lap());
  anatomy = add_estimated(std::move(anatomy), table, labels.geometry());
  print("estimates", watch.lap());
  const ClearanceField field(anatomy, 0, &labels);
  print("search trees", watch.lap());
  const auto targets = find_targets(field, report);
  print("targets", watch.lap());
  const Searched all = search(field, targets, approaches);
  print("search", all.seconds);
  std::cout << "search," << what << "," << all.plans << " plans," << all.candidates << " paths," << all.safe
            << " safe\n";
  const auto [rate, count] = cards_a_second(field, all.all, approaches);
  std::cout << "cards," << what << "," << count << "," << rate << std::endl;
  if (!growth) return;
  for (const double spacing_mm : {6.0, 4.0, 3.0, 2.0, 1.5, 1.0}) {
    PlanOptions options;
    options.entry_spacing_mm = spacing_mm;
    print_growth("candidates", anatomy, search(field, targets, approaches, options));
  }
  // Bones first, without which most paths are safe; then the others as they come.
  for (const std::size_t count_now : {4, 8, 16, 24, 48, 96}) {
    Anatomy part = anatomy;
    std::vector<Structure> all_of_them = part.structures;
    std::stable_partition(all_of_them.begin(), all_of_them.end(),
                          [](const Structure& s) { return s.kind == StructureKind::bone; });
    part.structures.clear();
    for (std::size_t n = 0; n < count_now; ++n)
      part.structures.push_back(all_of_them[n % all_of_them.size()]);
    print_growth("structures", part, search(ClearanceField(part, 0, &labels), targets, approaches));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const phantom::Knee knee{phantom::KneeOptions{}};
  measure("phantom", scanned(knee, 0.5, 0.7), true);
  for (const double in_plane : {1.4, 1.0, 0.7, 0.5, 0.36}) {
    const LabelMap labels = scanned(knee, in_plane, in_plane);
    const auto approaches = io::known_approaches();
    const auto table = io::read_anatomy_table(io::data_file("planning/anatomy.json"));
    const cartilage::CartilageReport report = cartilage::measure_knee(labels, {.side = Side::right});
    const Anatomy anatomy = add_estimated(build_anatomy(labels, report.frame), table, labels.geometry());
    const ClearanceField field(anatomy, 0, &labels);
    print_growth("triangles", anatomy, search(field, find_targets(field, report), approaches));
  }
  for (int a = 1; a + 1 < argc; a += 2)
    measure(argv[a], io::read_labels(argv[a], io::label_table_named(argv[a + 1])), false);
  return 0;
}
