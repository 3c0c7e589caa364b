// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QWidget>
#include <vector>

namespace genu::viewer {

/// The colour scale of the thickness map, with what denuded and unmeasured bone look like.
class ThicknessBar : public QWidget {
 public:
  explicit ThicknessBar(QWidget* parent = nullptr);
  QSize sizeHint() const override { return {300, 34}; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  std::vector<QColor> scale_;  ///< From 0 to the upper end.
  QColor denuded_;
  QColor not_measured_;
};

}  // namespace genu::viewer
