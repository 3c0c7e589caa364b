// SPDX-License-Identifier: Apache-2.0
#include "view_state.h"

#include <algorithm>
#include <utility>

#include <genu/core/error.h>

namespace genu::viewer {

void ViewState::show(std::shared_ptr<const OpenedCase> opened) {
  // What is shown may point into the case: it goes first.
  moved_.reset();
  selection_.reset();
  opened_ = std::move(opened);
  if (opened_) {
    cursor_ = opened_->box.centre();
    window_ = opened_->default_window;
    // Where there is no image the labels are the picture.
    label_style_.fill_opacity = opened_->knee.image ? 0.0 : 0.45;
  }
  emit label_style_changed();
  emit case_changed();
  emit window_changed();
  if (!opened_) return;
  const auto& plans = opened_->knee.plans;
  const auto first =
      std::find_if(plans.begin(), plans.end(), [](const auto& plan) { return !plan.ranked.empty(); });
  if (first != plans.end())
    select({static_cast<std::size_t>(first - plans.begin()), 0});
  else if (!plans.empty())
    select({0, std::nullopt});
  else
    emit cursor_changed();
}

void ViewState::set_cursor(const Point3& p) {
  if (!opened_) return;
  const Point3 inside = clamped(p, opened_->box);
  if (inside == cursor_) return;
  cursor_ = inside;
  emit cursor_changed();
}

void ViewState::set_window(const IntensityWindow& window) {
  if (!opened_ || window == window_) return;
  // A window no narrower than a thousandth of the range keeps the grey scale defined.
  const IntensityWindow& range = opened_->intensity_range;
  const double least = 1e-3 * (range.high - range.low);
  window_ = {window.low, std::max(window.high, window.low + least)};
  emit window_changed();
}

void ViewState::reset_window() {
  if (opened_) set_window(opened_->default_window);
}

void ViewState::set_label_style(const LabelStyle& style) {
  label_style_ = style;
  emit label_style_changed();
}

void ViewState::select(const Selection& selection) {
  if (!opened_ || selection.plan >= opened_->knee.plans.size()) return;
  put_needle_back();
  if (selection_ != selection) {
    selection_ = selection;
    emit selection_changed();
  }
  // Selecting again what is selected still leads the slices back to it.
  const planning::RankedTrajectory* trajectory = selected_trajectory();
  cursor_ = clamped(trajectory ? trajectory->path.target : selected_plan()->target.point, opened_->box);
  emit cursor_changed();
}

const planning::NeedlePlan* ViewState::selected_plan() const {
  return selection_ ? &opened_->knee.plans[selection_->plan] : nullptr;
}

const planning::RankedTrajectory* ViewState::selected_trajectory() const {
  const planning::NeedlePlan* plan = selected_plan();
  if (!plan || !selection_->trajectory || *selection_->trajectory >= plan->ranked.size()) return nullptr;
  return &plan->ranked[*selection_->trajectory];
}

bool ViewState::can_move_needle() const {
  const planning::NeedlePlan* plan = selected_plan();
  return plan && opened_->field && opened_->approach(plan->approach);
}

void ViewState::move_needle(const Point3& near_entry, const Point3& tip) {
  constexpr double shortest_mm = 1.0;
  if (!can_move_needle()) return;
  const planning::NeedlePlan& plan = *selected_plan();
  const Trajectory path{opened_->field->skin()->closest(near_entry).point, tip};
  if (path.length_mm() < shortest_mm) return;
  try {
    moved_ =
        planning::judge(*opened_->field, plan.target, *opened_->approach(plan.approach), path, plan.options);
  } catch (const InvalidInput&) {
    return;  // The target or the options of a plan from a file make no sense: its needle stays where it is.
  }
  emit needle_moved();
}

void ViewState::put_needle_back() {
  if (!moved_) return;
  moved_.reset();
  emit needle_moved();
}

void ViewState::show_expected_view(bool on) {
  if (on == shows_expected_view_) return;
  shows_expected_view_ = on;
  emit expected_view_toggled();
}

const planning::RankedTrajectory* ViewState::shown_trajectory() const {
  return moved_ ? &moved_->trajectory : selected_trajectory();
}

}  // namespace genu::viewer
