// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLabel>

#include "view_state.h"

namespace genu::viewer {

/// Patient coordinates, intensity and tissue under the mouse, or at the crosshair while the mouse is
/// elsewhere.
class ProbeBar : public QLabel {
 public:
  explicit ProbeBar(ViewState& state, QWidget* parent = nullptr);

 private:
  void show_point(const std::optional<Point3>& under_mouse);

  ViewState& state_;
};

}  // namespace genu::viewer
