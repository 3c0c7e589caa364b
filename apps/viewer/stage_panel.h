// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTextBrowser>

#include "view_state.h"

namespace genu::viewer {

/// The stage with its reasons and evidence, or why there is none, and the statement of use.
class StagePanel : public QTextBrowser {
 public:
  explicit StagePanel(ViewState& state, QWidget* parent = nullptr);

 private:
  void show_case();

  ViewState& state_;
};

}  // namespace genu::viewer
