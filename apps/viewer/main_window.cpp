// SPDX-License-Identifier: Apache-2.0
#include "main_window.h"

#include <QDragEnterEvent>
#include <QFileInfo>
#include <QLabel>
#include <QMessageBox>
#include <QMimeData>
#include <QPainter>
#include <QProgressBar>
#include <QPushButton>
#include <QSplitter>
#include <QStackedWidget>
#include <QStatusBar>
#include <QTabBar>
#include <QTabWidget>
#include <QThread>
#include <QVBoxLayout>
#include <exception>
#include <utility>

#include <genu/core/error.h>

#include "display_panel.h"
#include "expected_panel.h"
#include "measure_panel.h"
#include "plan_panel.h"
#include "probe_bar.h"
#include "scene_view.h"
#include "slice_view.h"
#include "stage_panel.h"
#include "theme.h"
#include "ultrasound_panel.h"

namespace genu::viewer {
namespace {

// A case is its folder; the file that describes it stands for it.
std::filesystem::path case_folder_of(const QString& path) {
  const QFileInfo file(path);
  return (file.isFile() ? file.absolutePath() : path).toStdString();
}

QSplitter* make_splitter(Qt::Orientation orientation, QWidget* first, QWidget* second) {
  auto* splitter = new QSplitter(orientation);
  splitter->addWidget(first);
  splitter->addWidget(second);
  splitter->setHandleWidth(2);
  splitter->setChildrenCollapsible(false);
  return splitter;
}

}  // namespace

/// What the reading thread leaves for the window.
struct MainWindow::Reading {
  std::shared_ptr<const OpenedCase> opened;
  QString error;
};

MainWindow::MainWindow(bool can_draw_3d) {
  setWindowTitle(QStringLiteral("Genu"));
  setAcceptDrops(true);
  resize(1600, 1000);
  QWidget* views = make_views(can_draw_3d);
  QWidget* side = make_side_panel();
  auto* columns = make_splitter(Qt::Horizontal, views, side);
  columns->setStretchFactor(0, 1);
  columns->setStretchFactor(1, 0);
  columns->setSizes({1110, 490});
  pages_ = new QStackedWidget(this);
  pages_->addWidget(make_welcome());
  pages_->addWidget(columns);
  both_ = make_splitter(Qt::Horizontal, pages_, make_ultrasound());
  both_->setStretchFactor(0, 2);
  both_->setStretchFactor(1, 1);
  setCentralWidget(both_);
  make_status_bar();
  make_menus();
}

MainWindow::~MainWindow() {
  if (reader_) {
    reader_->disconnect(this);
    reader_->wait();
    delete reader_;
  }
  // The views listen to the state, which must not speak while it goes.
  delete takeCentralWidget();
}

QWidget* MainWindow::make_views(bool can_draw_3d) {
  for (const Plane plane : all_planes) slices_.push_back(new SliceView(state_, plane));
  scene_ = new SceneView(state_, can_draw_3d);
  auto* upper = make_splitter(Qt::Horizontal, slices_[0], slices_[1]);
  auto* lower = make_splitter(Qt::Horizontal, slices_[2], scene_);
  auto* rows = make_splitter(Qt::Vertical, upper, lower);
  for (QSplitter* splitter : {upper, lower, rows}) {
    splitter->setStretchFactor(0, 1);
    splitter->setStretchFactor(1, 1);
  }
  rows->setSizes({500, 500});
  // One cross of lines: moving the upper handle moves the lower one.
  connect(upper, &QSplitter::splitterMoved, lower, [upper, lower] { lower->setSizes(upper->sizes()); });
  connect(lower, &QSplitter::splitterMoved, upper, [upper, lower] { upper->setSizes(lower->sizes()); });
  return rows;
}

QWidget* MainWindow::make_side_panel() {
  auto* side = new QWidget;
  side->setMinimumWidth(360);
  auto* rows = new QVBoxLayout(side);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  tabs_ = new QTabWidget(side);
  tabs_->setDocumentMode(true);
  tabs_->tabBar()->setDrawBase(false);
  tabs_->addTab(new PlanPanel(state_), QStringLiteral("Plan"));
  tabs_->addTab(new MeasurePanel(state_), QStringLiteral("Measurements"));
  tabs_->addTab(new StagePanel(state_), QStringLiteral("Stage"));
  display_ = new DisplayPanel(state_, side);
  auto* rule = new QFrame(side);
  rule->setFrameShape(QFrame::HLine);
  rule->setStyleSheet(QStringLiteral("color: %1").arg(theme::line.name()));
  rows->addWidget(tabs_, 1);
  rows->addWidget(rule);
  rows->addWidget(display_);
  return side;
}

QWidget* MainWindow::make_ultrasound() {
  ultrasound_ = new UltrasoundPanel(state_);
  expected_ = new ExpectedPanel(state_);
  expected_->share_scale_with(*ultrasound_);
  pictures_ = make_splitter(Qt::Vertical, ultrasound_, expected_);
  for (QWidget* widget : std::initializer_list<QWidget*>{ultrasound_, expected_, pictures_}) widget->hide();
  connect(ultrasound_, &UltrasoundPanel::opened, this, [this] {
    ultrasound_->show();
    show_or_hide();
  });
  connect(ultrasound_, &UltrasoundPanel::closed, this, [this] {
    ultrasound_->hide();
    show_or_hide();
  });
  connect(&state_, &ViewState::expected_view_toggled, this, [this] { show_or_hide(); });
  return pictures_;
}

QWidget* MainWindow::make_welcome() {
  auto* page = new QWidget;
  auto* rows = new QVBoxLayout(page);
  rows->addStretch(3);
  auto* title =
      new QLabel(QStringLiteral("<span style='font-size:30pt'>Genu</span><br>"
                                "<span style='color:%1'>Drop a case folder here, or open one.</span>")
                     .arg(theme::dim_text.name()),
                 page);
  title->setAlignment(Qt::AlignCenter);
  rows->addWidget(title);
  auto* open = new QPushButton(QStringLiteral("Open case\u2026"), page);
  open->setFixedWidth(180);
  connect(open, &QPushButton::clicked, this, [this] { ask_for_case(); });
  rows->addSpacing(12);
  rows->addWidget(open, 0, Qt::AlignHCenter);
  rows->addSpacing(12);
  auto* hint =
      new QLabel(QStringLiteral("A case folder is what <b>genu run</b> writes: case.json with images, "
                                "labels, surfaces, measurements and plan."),
                 page);
  hint->setAlignment(Qt::AlignCenter);
  hint->setStyleSheet(QStringLiteral("color: %1").arg(theme::faint_text.name()));
  rows->addWidget(hint);
  rows->addStretch(4);
  return page;
}

void MainWindow::make_status_bar() {
  statusBar()->setSizeGripEnabled(false);
  statusBar()->addWidget(new ProbeBar(state_), 1);
  busy_ = new QProgressBar;
  busy_->setRange(0, 0);
  busy_->setFixedWidth(160);
  busy_->hide();
  statusBar()->addPermanentWidget(busy_);
  auto* use = new QLabel(QStringLiteral("Research use only"));
  use->setContentsMargins(8, 0, 8, 0);
  use->setStyleSheet(QStringLiteral("color: %1").arg(theme::dim_text.name()));
  statusBar()->addPermanentWidget(use);
}

void MainWindow::show_case(std::shared_ptr<const OpenedCase> opened) {
  pages_->setCurrentIndex(opened ? 1 : 0);
  if (opened) {
    const io::Case& knee = opened->knee;
    QString title = QString::fromStdString(knee.name);
    if (!knee.visit.empty()) title += QStringLiteral(" \u2013 ") + QString::fromStdString(knee.visit);
    if (knee.cartilage)
      title += QStringLiteral(" \u2013 %1 knee").arg(theme::readable(name(knee.cartilage->side)).toLower());
    setWindowTitle(title + QStringLiteral(" \u2013 Genu"));
  }
  state_.show(std::move(opened));
  show_or_hide();
}

// Without a case the ultrasound has the window for itself.
void MainWindow::show_or_hide() {
  const bool begins = pictures_->isHidden();
  expected_->setVisible(state_.opened() && state_.shows_expected_view());
  pictures_->setHidden(ultrasound_->isHidden() && expected_->isHidden());
  pages_->setVisible(state_.opened() || pictures_->isHidden());
  if (begins && !pictures_->isHidden()) both_->setSizes({2 * width() / 3, width() / 3});
}

bool MainWindow::settled() const {
  return ultrasound_->settled() && expected_->settled();
}

void MainWindow::load(const std::filesystem::path& folder) {
  if (reading_) return;
  reading_ = std::make_shared<Reading>();
  busy_->show();
  reader_ = QThread::create([reading = reading_, folder] {
    try {
      reading->opened = open_case(folder);
    } catch (const std::exception& error) {
      reading->error = QString::fromStdString(describe(error));
    }
  });
  connect(reader_, &QThread::finished, this, [this, folder] { finish_loading(reader_, folder); });
  reader_->start();
}

void MainWindow::finish_loading(QThread* reader, const std::filesystem::path& folder) {
  reader->deleteLater();
  reader_ = nullptr;
  busy_->hide();
  const auto reading = std::exchange(reading_, nullptr);
  if (reading->error.isEmpty()) {
    show_case(reading->opened);
    return;
  }
  QMessageBox box(
      QMessageBox::Warning, QStringLiteral("Genu"),
      QStringLiteral("%1 could not be opened.").arg(QString::fromStdString(folder.filename().string())),
      QMessageBox::Ok, this);
  box.setInformativeText(reading->error);
  box.exec();
}

bool MainWindow::show_tab(const QString& name) {
  for (int tab = 0; tab < tabs_->count(); ++tab)
    if (tabs_->tabText(tab).compare(name, Qt::CaseInsensitive) == 0) {
      tabs_->setCurrentIndex(tab);
      return true;
    }
  return false;
}

QImage MainWindow::picture() {
  scene_->draw_now();
  return grab().toImage();
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  const auto urls = event->mimeData()->urls();
  if (urls.size() == 1 && urls.front().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  const QString path = event->mimeData()->urls().front().toLocalFile();
  if (QFileInfo(path).isFile() && !path.endsWith(QStringLiteral(".json")))
    ultrasound_->load(path.toStdString());
  else
    load(case_folder_of(path));
}

}  // namespace genu::viewer
