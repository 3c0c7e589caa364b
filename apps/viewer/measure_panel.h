// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "view_state.h"

class QLabel;
class QTableWidget;

namespace genu::viewer {

/// The cartilage measures of each region, the lesions (selecting one moves the slices to it) and what a
/// reader must know.
class MeasurePanel : public QWidget {
 public:
  explicit MeasurePanel(ViewState& state, QWidget* parent = nullptr);

 private:
  void show_case();

  ViewState& state_;
  QLabel* region_heading_;
  QLabel* lesion_heading_;
  QTableWidget* regions_;
  QTableWidget* lesions_;
  QLabel* notes_;
};

}  // namespace genu::viewer
