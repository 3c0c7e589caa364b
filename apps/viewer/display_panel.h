// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "view_state.h"

class QCheckBox;
class QLabel;
class QSlider;

namespace genu::viewer {

/// How the slices look: window and level, label outlines and fill, and which colour is which tissue.
class DisplayPanel : public QWidget {
 public:
  explicit DisplayPanel(ViewState& state, QWidget* parent = nullptr);
  void toggle_outlines();

 private:
  void show_case();
  void show_window();
  void show_style();
  void set_window();
  void set_style();

  ViewState& state_;
  QSlider* level_;
  QSlider* width_;
  QLabel* level_value_;
  QLabel* width_value_;
  QCheckBox* outlines_;
  QSlider* outline_opacity_;
  QSlider* fill_opacity_;
  QLabel* legend_;
};

}  // namespace genu::viewer
