// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "view_state.h"

class QLabel;
class QPushButton;
class QTableWidget;
class QTextBrowser;

namespace genu::viewer {

/// The targets of the case and, for the selected one, its needle paths, best first.
class PlanPanel : public QWidget {
 public:
  explicit PlanPanel(ViewState& state, QWidget* parent = nullptr);

 private:
  void list_targets();
  void show_selection();
  void show_details(const planning::NeedlePlan& plan);
  void list_trajectories(const planning::NeedlePlan& plan);

  ViewState& state_;
  QLabel* target_heading_;
  QLabel* path_heading_;
  QTableWidget* targets_;
  QTableWidget* trajectories_;
  QPushButton* put_back_;
  QPushButton* expected_;
  QTextBrowser* details_;
  bool filling_ = false;  ///< Rows change because the selection did, not because someone clicked.
  const planning::NeedlePlan* listed_ = nullptr;
};

}  // namespace genu::viewer
