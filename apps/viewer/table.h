// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QStringList>

class QLabel;
class QTableWidget;
class QWidget;

namespace genu::viewer {

/// Returns a read-only table that selects whole rows; the column `wide` takes the spare width, and gives way
/// where there is none.
QTableWidget* make_table(const QStringList& headers, int wide, QWidget* parent);
/// Appends a row; numbers stand on the right.
void add_row(QTableWidget& table, const QStringList& cells);
QLabel* make_heading(const QString& text, QWidget* parent);

}  // namespace genu::viewer
