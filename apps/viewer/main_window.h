// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QMainWindow>
#include <filesystem>
#include <memory>
#include <vector>

#include "view_state.h"

class QLabel;
class QProgressBar;
class QSplitter;
class QStackedWidget;
class QTabWidget;
class QThread;

namespace genu::viewer {

class DisplayPanel;
class ExpectedPanel;
class UltrasoundPanel;
class SceneView;
class SliceView;

/// The viewer's window: three linked slices and 3-D beside plan, measurements and stage. Empty until a case
/// is opened.
class MainWindow : public QMainWindow {
 public:
  /// \param can_draw_3d false where the display has no OpenGL that VTK can use
  explicit MainWindow(bool can_draw_3d);
  ~MainWindow() override;

  void show_case(std::shared_ptr<const OpenedCase> opened);
  /// Reads a case while the window stays alive, then shows it; tells what went wrong in a dialog.
  void load(const std::filesystem::path& folder);

  /// Returns the panel for ultrasound, which is hidden until it shows something.
  UltrasoundPanel& ultrasound() { return *ultrasound_; }
  /// Shows what ultrasound should show of the selected needle, or hides it.
  void show_expected_view(bool on) { state_.show_expected_view(on); }
  /// Returns false while a picture of ultrasound, seen or expected, is waited for.
  bool settled() const;

  /// Shows a tab of the side panel: "plan", "measurements" or "stage".
  /// \returns false if there is none of that name.
  bool show_tab(const QString& name);
  /// Draws everything that is due and returns the window as a picture.
  QImage picture();

 protected:
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  QWidget* make_views(bool can_draw_3d);
  QWidget* make_side_panel();
  QWidget* make_welcome();
  QWidget* make_ultrasound();
  void make_menus();
  void make_status_bar();
  void ask_for_case();
  void ask_for_ultrasound();
  void ask_for_server();
  void show_or_hide();
  void ask_for_picture();
  void show_controls();
  void show_about();
  void finish_loading(QThread* reader, const std::filesystem::path& folder);

  ViewState state_;
  std::vector<SliceView*> slices_;
  SceneView* scene_ = nullptr;
  QStackedWidget* pages_ = nullptr;
  UltrasoundPanel* ultrasound_ = nullptr;
  ExpectedPanel* expected_ = nullptr;
  QSplitter* pictures_ = nullptr;  ///< Ultrasound as it is seen and as it is expected.
  QSplitter* both_ = nullptr;
  QTabWidget* tabs_ = nullptr;
  DisplayPanel* display_ = nullptr;
  QProgressBar* busy_ = nullptr;

  struct Reading;
  std::shared_ptr<Reading> reading_;  ///< Set while a case is read.
  QThread* reader_ = nullptr;
};

}  // namespace genu::viewer
