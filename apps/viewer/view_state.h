// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>
#include <cstddef>
#include <memory>
#include <optional>

#include <genu/planning/plan.h>

#include "opened_case.h"

namespace genu::viewer {

/// Which needle path is looked at.
struct Selection {
  std::size_t plan = 0;
  std::optional<std::size_t> trajectory;  ///< Nothing: the target alone.
  friend bool operator==(const Selection&, const Selection&) = default;
};

/// How labels are drawn on slices.
struct LabelStyle {
  bool outlines = true;
  double outline_opacity = 0.9;
  double fill_opacity = 0.0;
};

/// What all views share: the case, the crosshair, the window, the selected needle path. Every view listens to
/// it and none knows another.
class ViewState : public QObject {
  Q_OBJECT
 public:
  const OpenedCase* opened() const { return opened_.get(); }
  std::shared_ptr<const OpenedCase> share() const { return opened_; }
  /// Shows a case; nullptr closes it.
  void show(std::shared_ptr<const OpenedCase> opened);

  const Point3& cursor() const { return cursor_; }
  /// Moves the crosshair, and keeps it inside the case.
  void set_cursor(const Point3& p);

  const IntensityWindow& window() const { return window_; }
  void set_window(const IntensityWindow& window);
  void reset_window();

  const LabelStyle& label_style() const { return label_style_; }
  void set_label_style(const LabelStyle& style);

  const std::optional<Selection>& selection() const { return selection_; }
  /// Selects a needle path or target, and moves the crosshair to it.
  void select(const Selection& selection);
  const planning::NeedlePlan* selected_plan() const;
  const planning::RankedTrajectory* selected_trajectory() const;

  /// Returns whether the selected plan's needle can be moved: there is what it is judged against.
  bool can_move_needle() const;
  /// Lets the needle run from the skin nearest to `near_entry` to `tip`, and judges it as the plan would. A
  /// needle shorter than a millimetre is left where it was.
  void move_needle(const Point3& near_entry, const Point3& tip);
  /// Shows the plan's own needle again.
  void put_needle_back();
  /// Returns the needle that was moved, or null.
  const planning::JudgedTrajectory* moved_needle() const { return moved_ ? &*moved_ : nullptr; }
  /// Returns the needle to show: the moved one, otherwise the selected path, or null.
  const planning::RankedTrajectory* shown_trajectory() const;

  /// Says whether what ultrasound should show of the needle is wanted beside the case.
  void show_expected_view(bool on);
  bool shows_expected_view() const { return shows_expected_view_; }

  /// Tells which point the mouse is over; nothing = it left the slices.
  void probe(const std::optional<Point3>& p) { emit probed(p); }

 signals:
  void case_changed();
  void cursor_changed();
  void window_changed();
  void label_style_changed();
  void selection_changed();
  void needle_moved();  ///< Or put back.
  void expected_view_toggled();
  void probed(const std::optional<genu::Point3>& p);

 private:
  std::shared_ptr<const OpenedCase> opened_;
  Point3 cursor_;
  IntensityWindow window_;
  LabelStyle label_style_;
  std::optional<Selection> selection_;
  std::optional<planning::JudgedTrajectory> moved_;
  bool shows_expected_view_ = false;
};

}  // namespace genu::viewer
