// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <QWidget>
#include <memory>

#include "ultrasound_view.h"
#include "view_simulator.h"
#include "view_state.h"

class QCheckBox;
class QLabel;
class QTextBrowser;

namespace genu::viewer {

/// What ultrasound is expected to show of the needle that is selected or was moved, simulated from the case's
/// labels; or why there is no such picture.
///
/// Listens only while the state wants the expected view. A needle on the move is simulated once it rests.
class ExpectedPanel : public QWidget {
 public:
  explicit ExpectedPanel(ViewState& state, QWidget* parent = nullptr);
  ~ExpectedPanel() override;

  const UltrasoundView& view() const { return *view_; }
  /// Returns the words below the picture, without their markup.
  QString words() const;
  /// Returns false while a picture is waited for.
  bool settled() const { return !rest_.isActive() && !simulator_->busy(); }

 private:
  QWidget* make_head();
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

  UltrasoundView* view_ = nullptr;
  QCheckBox* marks_ = nullptr;
  QCheckBox* mirrored_ = nullptr;
  QTextBrowser* text_ = nullptr;
};

}  // namespace genu::viewer
