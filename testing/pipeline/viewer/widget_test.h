// SPDX-License-Identifier: Apache-2.0
// What the tests of the viewer's widgets share.
#pragma once

#include <QApplication>
#include <QElapsedTimer>
#include <cstdlib>
#include <functional>
#include <utility>

#include <gtest/gtest.h>

#include <genu/testing/bodies.h>

#include "view_state.h"

namespace genu::viewer {

/// Widgets that paint without OpenGL, so that no display is needed.
class WidgetTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("QT_QPA_PLATFORM", "offscreen", 1);
    static int argc = 1;
    static char program[] = "test";
    static char* argv[] = {program, nullptr};
    if (!QApplication::instance()) new QApplication(argc, argv);
  }

  /// Lets the window live until something is so; fails if that never comes.
  static void wait_for(const std::function<bool()>& done, const char* what, int patience_ms = 20000) {
    QElapsedTimer waited;
    waited.start();
    while (!done() && waited.elapsed() < patience_ms) QApplication::processEvents(QEventLoop::AllEvents, 20);
    EXPECT_TRUE(done()) << what;
  }

  void open(io::Case knee) { state_.show(prepare_case(std::move(knee), {})); }

  ViewState state_;
};

/// Returns a ball of limb, of which the skin is known, with a superolateral plan that has no path yet.
inline io::Case planned_limb(const Point3& centre, double radius_mm, const Point3& target) {
  io::Case knee;
  planning::Anatomy anatomy;
  anatomy.frame = patient_aligned_frame(Side::right, centre);
  anatomy.skin = testing::icosphere(centre, radius_mm, 5);
  anatomy.skin_source = "labels";
  knee.anatomy = std::move(anatomy);
  knee.cartilage.emplace();
  planning::NeedlePlan plan;
  plan.target.name = "suprapatellar_recess";
  plan.target.kind = planning::TargetKind::recess;
  plan.target.point = target;
  plan.approach = "superolateral";
  knee.plans.push_back(std::move(plan));
  return knee;
}

}  // namespace genu::viewer
