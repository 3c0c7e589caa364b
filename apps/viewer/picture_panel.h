// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include "ultrasound_view.h"

class QLabel;
class QTextBrowser;
class QToolButton;
class QVBoxLayout;

namespace genu::viewer {

class WrappingRow;

/// An ultrasound picture between a head, a heading with what can be set and Close, and words.
class PicturePanel : public QWidget {
 public:
  const UltrasoundView& view() const { return *view_; }
  /// Returns the words below the picture, without their markup.
  QString words() const;
  /// Shows this panel's and another one's pictures at one scale wherever that is known.
  void share_scale_with(PicturePanel& other) { view_->share_scale_with(*other.view_); }

 protected:
  PicturePanel(int words_height, QWidget* parent);

  /// Puts a widget into the head, before Close and after those that were put there before.
  void add_to_head(QWidget* widget);
  void add_below_picture(QWidget* widget);

  UltrasoundView* view_ = nullptr;
  QLabel* title_ = nullptr;
  QToolButton* close_ = nullptr;
  QTextBrowser* text_ = nullptr;

 private:
  QVBoxLayout* rows_ = nullptr;
  WrappingRow* head_ = nullptr;
};

}  // namespace genu::viewer
