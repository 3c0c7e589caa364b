// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QFont>
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
  void resizeEvent(QResizeEvent* event) override;

 private:
  QFont small_font() const;
  /// Returns how wide the scale is with what lies beside it.
  int whole_width() const;

  std::vector<QColor> scale_;  ///< From 0 to the upper end.
  QColor denuded_;
  QColor not_measured_;
};

}  // namespace genu::viewer
