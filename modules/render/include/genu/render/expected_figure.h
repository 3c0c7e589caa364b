// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <genu/core/tissue.h>
#include <genu/planning/expected_view.h>
#include <genu/render/picture.h>

namespace genu::render {

enum class ExpectedMarks {
  none,   ///< What the screen will look like.
  drawn,  ///< Where bone, target and the needle's tip are, and from which side the needle comes.
};

/// Returns the simulated picture of a plan with its scale; words below say that it is simulated, and of what.
///
/// Marks name the tissues that can be seen, but not skin, fat and muscle, which are everywhere. Needs no
/// display. \param labels what the picture was simulated from
/// \throws InvalidInput if the picture is empty
Picture expected_figure(const planning::ExpectedView& view, const LabelMap& labels, ExpectedMarks marks);

}  // namespace genu::render
