// SPDX-License-Identifier: Apache-2.0
#include "picture_panel.h"

#include <QLabel>
#include <QTextBrowser>
#include <QToolButton>
#include <QVBoxLayout>

#include "wrapping_row.h"

namespace genu::viewer {

PicturePanel::PicturePanel(int words_height, QWidget* parent) : QWidget(parent) {
  setMinimumWidth(380);
  rows_ = new QVBoxLayout(this);
  rows_->setContentsMargins(0, 0, 0, 0);
  rows_->setSpacing(0);
  head_ = new WrappingRow;
  title_ = new QLabel(this);
  title_->setObjectName(QStringLiteral("heading"));
  close_ = new QToolButton(this);
  close_->setText(QStringLiteral("Close"));
  head_->addWidget(title_);
  head_->addWidget(close_);
  view_ = new UltrasoundView(this);
  text_ = new QTextBrowser(this);
  text_->setFrameShape(QFrame::NoFrame);
  text_->document()->setDocumentMargin(8);
  text_->setFixedHeight(words_height);
  rows_->addLayout(head_);
  rows_->addWidget(view_, 1);
  rows_->addWidget(text_);
}

void PicturePanel::add_to_head(QWidget* widget) {
  head_->removeWidget(close_);
  head_->addWidget(widget);
  head_->addWidget(close_);
}

void PicturePanel::add_below_picture(QWidget* widget) {
  rows_->insertWidget(rows_->indexOf(text_), widget);
}

QString PicturePanel::words() const {
  return text_->toPlainText();
}

}  // namespace genu::viewer
