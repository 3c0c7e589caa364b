// SPDX-License-Identifier: Apache-2.0
#include "scene_view.h"

#include <QAction>
#include <QLabel>
#include <QMenu>
#include <QStackedLayout>
#include <QToolButton>
#include <QVBoxLayout>
#include <algorithm>
#include <limits>
#include <set>

#include <QVTKOpenGLNativeWidget.h>
#include <vtkActor.h>
#include <vtkAnnotatedCubeActor.h>
#include <vtkCamera.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkOrientationMarkerWidget.h>
#include <vtkPolyDataMapper.h>
#include <vtkPropCollection.h>
#include <vtkProperty.h>
#include <vtkRenderWindowInteractor.h>
#include <vtkRenderer.h>
#include <vtkSphereSource.h>
#include <vtkTextProperty.h>

#include <genu/render/figures.h>
#include <genu/render/native.h>

#include "theme.h"
#include "thickness_bar.h"
#include "wrapping_row.h"

namespace genu::viewer {
namespace {

std::set<vtkProp*> props_of(vtkRenderer& renderer) {
  std::set<vtkProp*> props;
  vtkCollectionSimpleIterator position;
  renderer.GetViewProps()->InitTraversal(position);
  while (vtkProp* prop = renderer.GetViewProps()->GetNextProp(position)) props.insert(prop);
  return props;
}

vtkSmartPointer<vtkActor> make_cursor_mark() {
  vtkNew<vtkSphereSource> sphere;
  sphere->SetRadius(1.2);
  sphere->SetThetaResolution(16);
  sphere->SetPhiResolution(16);
  vtkNew<vtkPolyDataMapper> mapper;
  mapper->SetInputConnection(sphere->GetOutputPort());
  auto mark = vtkSmartPointer<vtkActor>::New();
  mark->SetMapper(mapper);
  mark->GetProperty()->SetColor(1.0, 1.0, 1.0);
  mark->GetProperty()->LightingOff();
  mark->PickableOff();
  mark->VisibilityOff();
  return mark;
}

vtkSmartPointer<vtkAnnotatedCubeActor> make_orientation_cube() {
  auto cube = vtkSmartPointer<vtkAnnotatedCubeActor>::New();
  cube->SetXPlusFaceText("L");
  cube->SetXMinusFaceText("R");
  cube->SetYPlusFaceText("P");
  cube->SetYMinusFaceText("A");
  cube->SetZPlusFaceText("S");
  cube->SetZMinusFaceText("I");
  cube->SetFaceTextScale(0.6);
  cube->SetZFaceTextRotation(-90.0);
  cube->GetCubeProperty()->SetColor(0.30, 0.33, 0.38);
  cube->GetTextEdgesProperty()->SetColor(0.12, 0.13, 0.15);
  for (vtkProperty* face :
       {cube->GetXPlusFaceProperty(), cube->GetXMinusFaceProperty(), cube->GetYPlusFaceProperty(),
        cube->GetYMinusFaceProperty(), cube->GetZPlusFaceProperty(), cube->GetZMinusFaceProperty()})
    face->SetColor(0.93, 0.94, 0.96);
  return cube;
}

bool is_mapped(const planning::Structure& structure, const cartilage::CartilageReport& report) {
  if (structure.kind == planning::StructureKind::cartilage) return true;
  return std::any_of(report.bones.begin(), report.bones.end(),
                     [&](const auto& map) { return name(map.bone) == structure.name; });
}

}  // namespace

SceneView::SceneView(ViewState& state, bool can_draw, QWidget* parent) : QWidget(parent), state_(state) {
  setMinimumSize(180, 160);
  auto* rows = new QVBoxLayout(this);
  rows->setContentsMargins(0, 0, 0, 0);
  rows->setSpacing(0);
  make_header(*rows);
  pages_ = new QStackedLayout;
  message_ = new QLabel(this);
  message_->setAlignment(Qt::AlignCenter);
  message_->setWordWrap(true);
  message_->setStyleSheet(QStringLiteral("color: %1; background: black;").arg(theme::faint_text.name()));
  if (!can_draw) message_->setText(QStringLiteral("3-D needs an X or Wayland display with OpenGL."));
  pages_->addWidget(message_);
  rows->addLayout(pages_, 1);
  bar_ = new ThicknessBar(this);
  bar_->hide();
  rows->addWidget(bar_);
  if (can_draw) make_view();

  due_.setSingleShot(true);
  constexpr int pause_ms = 80;
  due_.setInterval(pause_ms);
  connect(&due_, &QTimer::timeout, this, [this] { draw_now(); });
  connect(&state_, &ViewState::case_changed, this, [this] { open_case(); });
  connect(&state_, &ViewState::selection_changed, this, [this] { show_plan(); });
  connect(&state_, &ViewState::needle_moved, this, [this] { show_plan(); });
  connect(&state_, &ViewState::cursor_changed, this, [this] { move_cursor_mark(); });
}

void SceneView::make_header(QVBoxLayout& rows) {
  auto* header = new WrappingRow;
  header->addWidget(new QLabel(QStringLiteral("<b>3-D</b>"), this));
  header->addWidget(make_bones_menu());
  make_switch(anatomy_, QStringLiteral("Anatomy"), QStringLiteral("What the needle must keep away from"));
  make_switch(skin_, QStringLiteral("Skin"), QStringLiteral("Where the needle enters"));
  make_switch(needle_, QStringLiteral("Needle"), QStringLiteral("The selected needle path, and the others"));
  for (const Layer* layer : {&anatomy_, &skin_, &needle_}) {
    auto* button = new QToolButton(this);
    button->setDefaultAction(layer->shown);
    header->addWidget(button);
  }
  header->addWidget(make_directions_menu());
  rows.addLayout(header);
}

void SceneView::make_switch(Layer& layer, const QString& name, const QString& tip) {
  layer.shown = new QAction(name, this);
  layer.shown->setToolTip(tip);
  layer.shown->setCheckable(true);
  layer.shown->setChecked(true);
  layer.shown->setEnabled(false);
  connect(layer.shown, &QAction::toggled, this, [this, &layer] {
    show_or_hide(layer);
    due_.start();
  });
}

// Bones hide each other's cartilage: the tibia is seen from above without the femur.
QToolButton* SceneView::make_bones_menu() {
  auto* button = new QToolButton(this);
  button->setText(QStringLiteral("Bones \u25be"));
  button->setToolTip(QStringLiteral("Which bones are shown, with the thickness of their cartilage"));
  button->setPopupMode(QToolButton::InstantPopup);
  auto* menu = new QMenu(button);
  for (const Bone bone : all_bones) {
    Layer& layer = bones_[static_cast<std::size_t>(bone)];
    make_switch(layer, theme::readable(name(bone)), {});
    menu->addAction(layer.shown);
  }
  button->setMenu(menu);
  return button;
}

QToolButton* SceneView::make_directions_menu() {
  auto* button = new QToolButton(this);
  button->setText(QStringLiteral("Look from \u25be"));
  button->setPopupMode(QToolButton::InstantPopup);
  auto* menu = new QMenu(button);
  const auto add_direction = [&](const char* name, auto from, auto up) {
    menu->addAction(QString::fromLatin1(name), this, [this, from, up] { look(from(frame()), up(frame())); });
  };
  const auto proximal = [](const KneeFrame& f) { return f.proximal; };
  const auto anterior = [](const KneeFrame& f) { return f.anterior; };
  add_direction("Front", anterior, proximal);
  add_direction(
      "Back", [](const KneeFrame& f) { return -f.anterior; }, proximal);
  add_direction(
      "Lateral side", [](const KneeFrame& f) { return f.lateral; }, proximal);
  add_direction(
      "Medial side", [](const KneeFrame& f) { return -f.lateral; }, proximal);
  add_direction("Above", proximal, anterior);
  add_direction(
      "Below", [](const KneeFrame& f) { return -f.proximal; }, anterior);
  button->setMenu(menu);
  return button;
}

SceneView::~SceneView() {
  if (orientation_) orientation_->EnabledOff();
}

void SceneView::make_view() {
  view_ = new QVTKOpenGLNativeWidget(this);
  vtkNew<vtkGenericOpenGLRenderWindow> window;
  view_->setRenderWindow(window);
  renderer_ = vtkSmartPointer<vtkRenderer>::New();
  renderer_->SetBackground(0.04, 0.045, 0.055);
  renderer_->SetBackground2(0.16, 0.18, 0.21);
  renderer_->GradientBackgroundOn();
  // The skin and the recess are transparent; peeling draws what lies behind them right. It needs the window
  // without multisampling.
  window->SetMultiSamples(0);
  window->SetAlphaBitPlanes(1);
  renderer_->SetUseDepthPeeling(1);
  renderer_->SetMaximumNumberOfPeels(4);
  renderer_->SetUseFXAA(true);
  window->AddRenderer(renderer_);
  cursor_mark_ = make_cursor_mark();
  renderer_->AddActor(cursor_mark_);
  orientation_ = vtkSmartPointer<vtkOrientationMarkerWidget>::New();
  orientation_->SetOrientationMarker(make_orientation_cube());
  orientation_->SetInteractor(view_->interactor());
  orientation_->SetViewport(0.0, 0.0, 0.16, 0.18);
  orientation_->EnabledOn();
  orientation_->InteractiveOff();
  pages_->addWidget(view_);
}

void SceneView::fill(Layer& layer, const std::function<void(vtkRenderer*)>& add) {
  const auto before = props_of(*renderer_);
  add(renderer_);
  for (vtkProp* prop : props_of(*renderer_))
    if (!before.contains(prop)) layer.props.emplace_back(prop);
  layer.shown->setEnabled(!layer.props.empty());
  show_or_hide(layer);
}

void SceneView::clear(Layer& layer) {
  for (const auto& prop : layer.props) renderer_->RemoveViewProp(prop);
  layer.props.clear();
  layer.shown->setEnabled(false);
}

void SceneView::show_or_hide(const Layer& layer) {
  for (const auto& prop : layer.props) prop->SetVisibility(layer.shown->isChecked());
}

void SceneView::open_case() {
  if (!view_) return;
  for (Layer& layer : bones_) clear(layer);
  for (Layer* layer : {&anatomy_, &skin_, &needle_}) clear(*layer);
  const OpenedCase* opened = state_.opened();
  cursor_mark_->SetVisibility(opened != nullptr);
  if (opened) {
    const io::Case& knee = opened->knee;
    if (knee.cartilage)
      for (const cartilage::BoneMap& map : knee.cartilage->bones)
        fill(bones_[static_cast<std::size_t>(map.bone)],
             [&](vtkRenderer* r) { render::add_thickness_map(r, map, render::ThicknessOptions{}.max_mm); });
    if (knee.anatomy) {
      planning::Anatomy inside = *knee.anatomy, skin = *knee.anatomy;
      inside.skin = {};
      skin.structures.clear();
      skin.recess = {};
      // Bones would lie in the same place as the map on them, and cartilage would hide it.
      if (knee.cartilage)
        std::erase_if(inside.structures, [&](const auto& s) { return is_mapped(s, *knee.cartilage); });
      fill(anatomy_, [&](vtkRenderer* r) { render::add_anatomy(r, inside); });
      fill(skin_, [&](vtkRenderer* r) { render::add_anatomy(r, skin); });
    }
  }
  const bool mapped =
      std::any_of(bones_.begin(), bones_.end(), [](const Layer& l) { return !l.props.empty(); });
  const bool empty = !mapped && anatomy_.props.empty();
  bar_->setVisible(mapped);
  message_->setText(
      opened ? QStringLiteral("This case has no surfaces yet.\n\ngenu measure and genu plan make them.")
             : QString());
  pages_->setCurrentIndex(empty ? 0 : 1);
  if (!empty) look_from_front();
}

void SceneView::show_plan() {
  if (!view_) return;
  clear(needle_);
  if (const planning::NeedlePlan* plan = state_.selected_plan()) {
    constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
    const std::size_t selected = state_.selection()->trajectory.value_or(none);
    const planning::JudgedTrajectory* moved = state_.moved_needle();
    fill(needle_, [&](vtkRenderer* r) {
      render::add_plan(r, *plan, moved ? none : selected);
      if (moved) render::add_needle(r, moved->trajectory.path, !moved->refusal);
    });
  }
  due_.start();
}

void SceneView::move_cursor_mark() {
  if (!view_ || !state_.opened()) return;
  const Point3& p = state_.cursor();
  cursor_mark_->SetPosition(p.x, p.y, p.z);
  due_.start();
}

KneeFrame SceneView::frame() const {
  const OpenedCase* opened = state_.opened();
  if (opened && opened->knee.cartilage) return opened->knee.cartilage->frame;
  if (opened && opened->knee.anatomy) return opened->knee.anatomy->frame;
  return patient_aligned_frame(Side::right, state_.cursor());
}

// A little from the lateral side and from above, where a superolateral needle comes in.
void SceneView::look_from_front() {
  const KneeFrame f = frame();
  look(0.75 * f.anterior + 0.6 * f.lateral + 0.3 * f.proximal, f.proximal);
}

void SceneView::look(const Vector3& from, const Vector3& up) {
  if (!view_ || !state_.opened()) return;
  const Point3 middle = state_.opened()->box.centre();
  const Point3 eye = middle + from;
  vtkCamera* camera = renderer_->GetActiveCamera();
  camera->SetFocalPoint(middle.x, middle.y, middle.z);
  camera->SetPosition(eye.x, eye.y, eye.z);
  camera->SetViewUp(up.x, up.y, up.z);
  renderer_->ResetCamera();
  camera->Zoom(1.4);
  renderer_->ResetCameraClippingRange();
  due_.start();
}

void SceneView::draw_now() {
  due_.stop();
  if (!view_ || pages_->currentIndex() == 0) return;
  view_->renderWindow()->Render();
  view_->update();
}

}  // namespace genu::viewer
