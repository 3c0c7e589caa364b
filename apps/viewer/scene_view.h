// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <QWidget>
#include <array>
#include <functional>
#include <vector>

#include <vtkNew.h>
#include <vtkProp.h>
#include <vtkSmartPointer.h>

#include "view_state.h"

class QAction;
class QLabel;
class QStackedLayout;
class QToolButton;
class QVBoxLayout;
class QVTKOpenGLNativeWidget;
class vtkActor;
class vtkOrientationMarkerWidget;
class vtkRenderer;

namespace genu::viewer {

class ThicknessBar;

/// The thickness maps, the anatomy and the selected needle path in 3-D.
///
/// Without a display that can draw 3-D it says so in its place.
class SceneView : public QWidget {
 public:
  SceneView(ViewState& state, bool can_draw, QWidget* parent = nullptr);
  ~SceneView() override;
  QSize sizeHint() const override { return {560, 470}; }

  /// Draws now what is due, so that a picture of the window is complete.
  void draw_now();

 private:
  /// Props that are shown and hidden together.
  struct Layer {
    std::vector<vtkSmartPointer<vtkProp>> props;
    QAction* shown = nullptr;  ///< Checked: the layer is to be seen.
  };

  void make_header(QVBoxLayout& rows);
  void make_view();
  void make_switch(Layer& layer, const QString& name, const QString& tip);
  QToolButton* make_bones_menu();
  QToolButton* make_directions_menu();
  void fill(Layer& layer, const std::function<void(vtkRenderer*)>& add);
  void clear(Layer& layer);
  void show_or_hide(const Layer& layer);
  void open_case();
  void show_plan();
  void move_cursor_mark();
  /// Looks along a direction of the knee, from outside towards its middle.
  void look(const Vector3& from, const Vector3& up);
  void look_from_front();
  KneeFrame frame() const;

  ViewState& state_;
  QVTKOpenGLNativeWidget* view_ = nullptr;  ///< nullptr: nothing can be drawn.
  QStackedLayout* pages_ = nullptr;
  QLabel* message_ = nullptr;
  ThicknessBar* bar_ = nullptr;
  std::array<Layer, all_bones.size()> bones_;  ///< Each with its thickness map.
  Layer anatomy_;                              ///< Without what the thickness map shows already.
  Layer skin_;
  Layer needle_;
  QTimer due_;  ///< Gathers changes while the crosshair is dragged, so that the slices never wait for 3-D.
  vtkSmartPointer<vtkRenderer> renderer_;
  vtkSmartPointer<vtkActor> cursor_mark_;
  vtkSmartPointer<vtkOrientationMarkerWidget> orientation_;
};

}  // namespace genu::viewer
