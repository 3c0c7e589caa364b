// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QLayout>
#include <vector>

namespace genu::viewer {

/// A heading on the left and controls on the right, in as many rows as the width asks for: controls are
/// never narrower than what they say.
class WrappingRow : public QLayout {
 public:
  WrappingRow();
  ~WrappingRow() override;

  void addItem(QLayoutItem* item) override;  ///< The first is the heading.
  int count() const override;
  QLayoutItem* itemAt(int index) const override;
  QLayoutItem* takeAt(int index) override;

  QSize sizeHint() const override;
  QSize minimumSize() const override;
  Qt::Orientations expandingDirections() const override { return {}; }
  bool hasHeightForWidth() const override { return true; }
  int heightForWidth(int width) const override;
  void setGeometry(const QRect& rect) override;

 private:
  /// Items beside each other.
  struct Row {
    std::vector<QLayoutItem*> items;
    int width = 0, height = 0;
  };
  /// Returns the items that are to be seen, in rows of a width at most.
  std::vector<Row> rows_for(int width) const;

  std::vector<QLayoutItem*> items_;
};

}  // namespace genu::viewer
