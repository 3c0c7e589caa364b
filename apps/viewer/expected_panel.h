// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <memory>

#include "picture_panel.h"
#include "view_simulator.h"
#include "view_state.h"

class QCheckBox;

namespace genu::viewer {

/// What ultrasound is expected to show of the needle that is selected or was moved, simulated from the case's
/// labels; or why there is no such picture.
///
/// Listens only while the state wants the expected view. A needle on the move is simulated once it rests.
class ExpectedPanel : public PicturePanel {
 public:
  explicit ExpectedPanel(ViewState& state, QWidget* parent = nullptr);
  ~ExpectedPanel() override;

  /// Returns false while a picture is waited for.
  bool settled() const { return !rest_.isActive() && !simulator_->busy(); }

 private:
  void fill_head();
  void look_again();
  void ask();
  QString why_not() const;
  void tell(const QString& why_not);
  void keep(const ExpectedQuestion& question, const ExpectedAnswer& answer);
  void draw();
  void say_where_from(bool from_left);

  ViewState& state_;
  std::unique_ptr<ViewSimulator> simulator_;
  ExpectedQuestion shown_of_;
  ExpectedAnswer shown_;  ///< Nothing in it: no picture.
  QTimer rest_;           ///< Runs until the needle has rested for a moment.

  QCheckBox* marks_ = nullptr;
  QCheckBox* mirrored_ = nullptr;
};

}  // namespace genu::viewer
