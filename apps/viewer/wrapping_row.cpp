// SPDX-License-Identifier: Apache-2.0
#include "wrapping_row.h"

#include <QWidget>
#include <algorithm>
#include <limits>

namespace genu::viewer {

WrappingRow::WrappingRow() {
  setContentsMargins(8, 4, 8, 4);
  setSpacing(6);
}

WrappingRow::~WrappingRow() {
  while (QLayoutItem* item = takeAt(0)) delete item;
}

void WrappingRow::addItem(QLayoutItem* item) {
  items_.push_back(item);
}

int WrappingRow::count() const {
  return static_cast<int>(items_.size());
}

QLayoutItem* WrappingRow::itemAt(int index) const {
  return index >= 0 && index < count() ? items_[static_cast<std::size_t>(index)] : nullptr;
}

QLayoutItem* WrappingRow::takeAt(int index) {
  QLayoutItem* item = itemAt(index);
  if (item) items_.erase(items_.begin() + index);
  return item;
}

std::vector<WrappingRow::Row> WrappingRow::rows_for(int width) const {
  std::vector<Row> rows;
  for (QLayoutItem* item : items_) {
    if (item->isEmpty()) continue;
    const QSize size = item->sizeHint();
    if (rows.empty() || rows.back().width + spacing() + size.width() > width) rows.emplace_back();
    Row& row = rows.back();
    row.width += (row.items.empty() ? 0 : spacing()) + size.width();
    row.height = std::max(row.height, size.height());
    row.items.push_back(item);
  }
  return rows;
}

QSize WrappingRow::sizeHint() const {
  const QMargins around = contentsMargins();
  const std::vector<Row> rows = rows_for(std::numeric_limits<int>::max() / 2);
  const QSize inside = rows.empty() ? QSize(0, 0) : QSize(rows[0].width, rows[0].height);
  return inside + QSize(around.left() + around.right(), around.top() + around.bottom());
}

QSize WrappingRow::minimumSize() const {
  const QMargins around = contentsMargins();
  QSize widest(0, 0);
  for (const QLayoutItem* item : items_)
    if (!item->isEmpty()) widest = widest.expandedTo(item->minimumSize());
  return widest + QSize(around.left() + around.right(), around.top() + around.bottom());
}

int WrappingRow::heightForWidth(int width) const {
  const QMargins around = contentsMargins();
  int height = around.top() + around.bottom();
  const std::vector<Row> rows = rows_for(width - around.left() - around.right());
  for (const Row& row : rows) height += row.height;
  if (rows.size() > 1) height += spacing() * static_cast<int>(rows.size() - 1);
  return height;
}

void WrappingRow::setGeometry(const QRect& rect) {
  QLayout::setGeometry(rect);
  const QRect inside = rect.marginsRemoved(contentsMargins());
  int top = inside.top();
  for (const Row& row : rows_for(inside.width())) {
    // The room that is left lies behind the heading, or before what has no heading.
    const int left_over = std::max(0, inside.width() - row.width);
    int left = inside.left();
    for (QLayoutItem* item : row.items) {
      int width = std::min(item->sizeHint().width(), inside.width());
      if (item == items_.front())
        width += left_over;
      else if (item == row.items.front())
        left += left_over;
      item->setGeometry({left, top, width, row.height});
      left += width + spacing();
    }
    top += row.height + spacing();
  }
}

}  // namespace genu::viewer
