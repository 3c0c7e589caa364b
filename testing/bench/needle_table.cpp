// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <cstdio>
#include <iostream>
#include <map>
#include <opencv2/imgcodecs.hpp>
#include "needle_cases.h"
using namespace genu; using namespace genu::bench;
int main(int argc, char** argv) {
  const std::filesystem::path data = argv[2], more = argc > 3 ? argv[3] : "";
  std::vector<NeedleCase> real = real_needles(data), without = real_without(data, more), all;
  std::mt19937 random(7);
  for (auto& c : real) { all.push_back(c); }
  for (std::size_t n = 0; n < real.size(); n += 2) for (auto& c : varied(real[n], n)) all.push_back(c);
  for (std::size_t n = 0; n < real.size(); ++n) { auto c = without_needle(real[n]); all.push_back(c); for (int i = 0; i < 3; ++i) all.push_back(pasted(real[random() % real.size()], c, random)); if (n % 4 == 0) for (auto& v : varied(c, n)) { v.set = "removed+" + v.set; all.push_back(v);} }
  if (std::string(argv[1]) == "simulated") {
    all.clear(); without.clear();
    const Tissue tissues[] = {Tissue::muscle, Tissue::fat, Tissue::muscle, Tissue::patellar_tendon};
    for (unsigned n = 0; n < 600; ++n) {
      std::mt19937 r(n + 1000);
      const auto u = [&](double a, double b) { return std::uniform_real_distribution<double>(a, b)(r); };
      SimulatedSetting z{.angle_deg = u(5, 80), .depth_mm = u(8, 32), .diameter_mm = u(0.4, 1.3), .bend_mm = n % 4 == 0 ? u(-3, 3) : 0.0,
        .visible_from = n % 3 == 0 ? u(0, 0.6) : 0.0, .from_left = n % 2 == 0, .needle = n % 5 < 3, .fasciae = int(u(0, 4)), .bone = u(0,1) < 0.3, .tissue = tissues[n % 4], .pixel_mm=u(0.06,0.12), .seed = n + 1};
      all.push_back(simulated(z)); if (!z.needle) all.back().set += z.bone ? " bone" : " tissue";
    }
  }
  std::map<std::string,int> seen;
  for (auto& c : without) { all.push_back(c); int k = seen[c.set]++; if (k < 10) { if (k % 3 == 0) for (auto& v : varied(c, 5)) { v.set = c.set + "+" + v.set; all.push_back(v);} 
     for (int i = 0; i < (c.set=="trochlea"?20:c.set=="other"?8:4); ++i) all.push_back(pasted(real[random() % real.size()], c, random)); } }
  printf("set,name,truth,label,conf,ridge,beside,length,continuity,scatter,bend,contrast,brightness,shadow,rivals,clearance,angle,uneven,fall,gap,aerr,serr,terr\n");
  for (auto& c : all) {
    const auto found = ultrasound::needle_candidates(frame_of(c.grey), {.min_length = 0.08, .min_confidence=0});
    bool any = false;
    for (auto& f : found) { NeedleError e; if (c.truth) e = error_of(f, c); if (c.truth && any && e.hit) continue; any |= e.hit;
      auto& v = f.evidence; printf("%s,%s,%d,%d,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g,%g\n", c.set.c_str(), c.name.c_str(), c.truth.has_value(), e.hit, f.confidence, v.ridge, v.beside, v.length, v.continuity, v.scatter, v.bend, v.contrast, v.brightness, v.shadow, v.rivals, v.tip_clearance, f.angle_deg, v.unevenness, v.tip_fall, v.far_gap, e.angle_deg, e.shaft_px, e.tip_px); }
    if (!any) printf("%s,%s,%d,-1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n", c.set.c_str(), c.name.c_str(), c.truth.has_value());
    if (argc > 4 && c.truth) cv::imwrite(std::string(argv[4]) + "/" + c.set + "_" + c.name + ".png", c.grey);
  }
}
