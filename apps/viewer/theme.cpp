// SPDX-License-Identifier: Apache-2.0
#include "theme.h"

#include <QApplication>
#include <QPalette>
#include <QStyleFactory>
#include <cmath>
#include <string>

#include <genu/cartilage/regions.h>
#include <genu/core/tissue.h>

namespace genu::viewer::theme {
namespace {

// %1 panel, %2 line, %3 text, %4 dim text, %5 accent, %6 background, %7 faint text
constexpr const char* style_sheet = R"(
QToolTip { color: %3; background: %1; border: 1px solid %2; padding: 3px; }
QMenuBar, QStatusBar { background: %6; color: %3; }
QMenuBar::item:selected, QMenu::item:selected { background: %5; color: white; }
QMenu { background: %1; border: 1px solid %2; }
QStatusBar::item { border: none; }
QTabWidget::pane { border: none; border-top: 1px solid %2; }
QTabBar::tab { background: transparent; color: %4; padding: 6px 14px; border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: %3; border-bottom-color: %5; }
QTableWidget, QListWidget { background: %6; border: 1px solid %2; gridline-color: %2; outline: 0;
  alternate-background-color: %1; }
QTableWidget::item { padding: 2px 5px; }
QHeaderView::section { background: %1; color: %4; border: none; border-bottom: 1px solid %2; padding: 4px 5px; }
QToolButton { background: transparent; color: %4; border: 1px solid %2; border-radius: 3px; padding: 2px 8px; }
QToolButton:hover { color: %3; border-color: %4; }
QToolButton::menu-indicator { image: none; }
QPushButton { padding: 5px 12px; }
QPushButton:checked { color: white; background: %5; border: 1px solid %5; border-radius: 3px; }
QToolButton:checked { color: white; background: %5; border-color: %5; }
QToolButton:disabled, QToolButton:checked:disabled { background: transparent; color: %7; border-color: %2; }
QSplitter::handle { background: %2; }
QLabel#heading { color: %4; font-weight: bold; }
)";

}  // namespace

void apply(QApplication& app) {
  QApplication::setStyle(QStyleFactory::create(QStringLiteral("Fusion")));
  QPalette palette;
  palette.setColor(QPalette::Window, background);
  palette.setColor(QPalette::Base, background);
  palette.setColor(QPalette::AlternateBase, panel);
  palette.setColor(QPalette::Button, panel);
  palette.setColor(QPalette::ToolTipBase, panel);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText, QPalette::ToolTipText})
    palette.setColor(role, text);
  palette.setColor(QPalette::PlaceholderText, faint_text);
  palette.setColor(QPalette::Highlight, accent);
  palette.setColor(QPalette::HighlightedText, Qt::white);
  palette.setColor(QPalette::Link, accent);
  for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
    palette.setColor(QPalette::Disabled, role, faint_text);
  QApplication::setPalette(palette);
  app.setStyleSheet(QString::fromLatin1(style_sheet)
                        .arg(panel.name(), line.name(), text.name(), dim_text.name(), accent.name(),
                             background.name(), faint_text.name()));
}

QString readable(std::string_view name) {
  if (const auto tissue = tissue_named(name)) {
    const std::string_view title = info(*tissue).title;
    return QString::fromUtf8(title.data(), static_cast<int>(title.size()));
  }
  QString words = QString::fromUtf8(name.data(), static_cast<int>(name.size()));
  words.replace(QLatin1Char('_'), QLatin1Char(' '));
  // Names with capitals of their own, such as a lesion's "cMF-1", are terms already.
  if (!words.isEmpty() && words == words.toLower()) words[0] = words[0].toUpper();
  return words;
}

QString intensity(double value) {
  return std::abs(value) >= 100.0 ? QString::number(value, 'f', 0) : QString::number(value, 'g', 3);
}

QString number(double value, int decimals) {
  return std::isnan(value) ? QStringLiteral("\u2013") : QString::number(value, 'f', decimals);
}

}  // namespace genu::viewer::theme
