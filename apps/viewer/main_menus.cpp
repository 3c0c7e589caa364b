// SPDX-License-Identifier: Apache-2.0
// MainWindow's menus and the dialogs they open.
#include <QAction>
#include <QFileDialog>
#include <QInputDialog>
#include <QKeySequence>
#include <QMenuBar>
#include <QMessageBox>

#include <genu/app/program.h>
#include <genu/core/error.h>

#include "display_panel.h"
#include "main_window.h"
#include "slice_view.h"
#include "ultrasound_panel.h"

namespace genu::viewer {

void MainWindow::make_menus() {
  QMenu* file = menuBar()->addMenu(QStringLiteral("&File"));
  file->addAction(
      QStringLiteral("&Open case\u2026"), this, [this] { ask_for_case(); }, QKeySequence::Open);
  file->addAction(QStringLiteral("Open &ultrasound\u2026"), this, [this] { ask_for_ultrasound(); });
  file->addAction(QStringLiteral("&Connect to OpenIGTLink\u2026"), this, [this] { ask_for_server(); });
  file->addAction(
      QStringLiteral("&Save picture\u2026"), this, [this] { ask_for_picture(); }, QKeySequence::Save);
  file->addSeparator();
  file->addAction(QStringLiteral("&Quit"), this, &QWidget::close, QKeySequence::Quit);

  QMenu* view = menuBar()->addMenu(QStringLiteral("&View"));
  view->addAction(
      QStringLiteral("&Outlines on or off"), this, [this] { display_->toggle_outlines(); },
      QKeySequence(Qt::Key_O));
  QAction* crosshair = view->addAction(QStringLiteral("&Crosshair"));
  crosshair->setShortcut(QKeySequence(Qt::Key_X));
  crosshair->setCheckable(true);
  crosshair->setChecked(true);
  connect(crosshair, &QAction::toggled, this, [this](bool visible) {
    for (SliceView* slice : slices_) slice->set_crosshair_visible(visible);
  });
  view->addAction(
      QStringLiteral("&Reset views and window"), this,
      [this] {
        for (SliceView* slice : slices_) slice->reset_view();
        state_.reset_window();
      },
      QKeySequence(Qt::Key_R));

  QAction* expected = view->addAction(QStringLiteral("&Expected ultrasound view"));
  expected->setShortcut(QKeySequence(Qt::Key_E));
  expected->setCheckable(true);
  connect(expected, &QAction::toggled, this, [this](bool on) { state_.show_expected_view(on); });
  connect(&state_, &ViewState::expected_view_toggled, expected,
          [this, expected] { expected->setChecked(state_.shows_expected_view()); });

  QMenu* help = menuBar()->addMenu(QStringLiteral("&Help"));
  help->addAction(
      QStringLiteral("&Mouse and keys"), this, [this] { show_controls(); }, QKeySequence::HelpContents);
  help->addAction(QStringLiteral("&About Genu"), this, [this] { show_about(); });
}

void MainWindow::ask_for_case() {
  const QString folder = QFileDialog::getExistingDirectory(this, QStringLiteral("Open a case folder"));
  if (!folder.isEmpty()) load(folder.toStdString());
}

void MainWindow::ask_for_ultrasound() {
  const QString file = QFileDialog::getOpenFileName(
      this, QStringLiteral("Open ultrasound"), {},
      QStringLiteral(
          "Stills, clips, tracked recordings (*.dcm *.png *.jpg *.jpeg *.mha *.nrrd);;All files (*)"));
  if (!file.isEmpty()) ultrasound_->load(file.toStdString());
}

void MainWindow::ask_for_server() {
  bool given = false;
  const QString address = QInputDialog::getText(this, QStringLiteral("Connect to OpenIGTLink"),
                                                QStringLiteral("Host and port of the server:"),
                                                QLineEdit::Normal, QStringLiteral("localhost:18944"), &given);
  if (!given) return;
  try {
    ultrasound_->connect_to(network::address_in(address.trimmed().toStdString()));
  } catch (const Error& error) {
    QMessageBox::warning(this, QStringLiteral("Genu"), QString::fromStdString(describe(error)));
  }
}

void MainWindow::ask_for_picture() {
  const QString file =
      QFileDialog::getSaveFileName(this, QStringLiteral("Save a picture of the window"),
                                   QStringLiteral("genu.png"), QStringLiteral("PNG (*.png)"));
  if (!file.isEmpty() && !picture().save(file, "PNG"))
    QMessageBox::warning(this, QStringLiteral("Genu"), QStringLiteral("%1 could not be written.").arg(file));
}

void MainWindow::show_controls() {
  QMessageBox::information(
      this, QStringLiteral("Mouse and keys"),
      QStringLiteral("<table cellpadding='3'>"
                     "<tr><td><b>Left drag</b></td><td>move the crosshair; the other slices follow</td></tr>"
                     "<tr><td><b>Wheel</b></td><td>next or previous slice</td></tr>"
                     "<tr><td><b>Ctrl + wheel</b></td><td>zoom</td></tr>"
                     "<tr><td><b>Middle drag</b></td><td>pan</td></tr>"
                     "<tr><td><b>Right drag</b></td><td>across: window; up and down: level</td></tr>"
                     "<tr><td><b>Double click, R</b></td><td>reset zoom, pan, window and level</td></tr>"
                     "<tr><td><b>O</b></td><td>outlines on or off</td></tr>"
                     "<tr><td><b>X</b></td><td>crosshair on or off</td></tr>"
                     "<tr><td><b>E</b></td><td>what ultrasound should show of the needle, simulated</td></tr>"
                     "<tr><td><b>Space</b></td><td>plays the ultrasound, or stops it</td></tr>"
                     "</table>"));
}

void MainWindow::show_about() {
  QMessageBox::about(
      this, QStringLiteral("About Genu"),
      QStringLiteral("<p><b>Genu %1</b></p><p>From knee images to an injection plan.</p>"
                     "<p>For research use only: not a medical device, and not for decisions about "
                     "patients.</p>")
          .arg(QString::fromStdString(app::version())));
}

}  // namespace genu::viewer
