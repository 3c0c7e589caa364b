// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QString>
#include <string_view>

class QApplication;

namespace genu::viewer::theme {

inline const QColor background{30, 32, 36};
inline const QColor panel{38, 41, 46};
inline const QColor line{58, 62, 69};
inline const QColor text{226, 229, 233};
inline const QColor dim_text{163, 170, 180};
inline const QColor faint_text{96, 102, 112};
inline const QColor accent{76, 148, 222};
inline const QColor alarm{255, 82, 71};
inline const QColor caution{240, 176, 70};
inline const QColor needle_path{255, 214, 0};  ///< A plan's, as in the report.
inline const QColor found_needle{90, 220, 120};
inline const QColor target{255, 90, 200};  ///< The report's, lighter: on dark ground.

/// Dark, so that the eye stays adapted to the images.
void apply(QApplication& app);

/// Returns a name from a file ("suprapatellar_recess") as people read it ("Suprapatellar recess").
QString readable(std::string_view name);

/// Returns an intensity: whole numbers from 100 up, three significant digits below.
QString intensity(double value);

/// Returns a number with its decimals, or a dash for NaN (not measured).
QString number(double value, int decimals);

}  // namespace genu::viewer::theme
