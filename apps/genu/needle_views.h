// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <genu/io/needle_files.h>
#include <genu/render/frame_figure.h>

// How needles and where they lie to a plan are shown to people.
namespace genu::app {

/// Returns one line: how sure it is, and how it lies to the plan; or why there is none or no numbers.
std::string needle_line(const ultrasound::NeedleFinding& finding,
                        const std::optional<ultrasound::NeedleGuidance>& guidance);

/// Returns up to `most` of `count` places, evenly spread; the first and the last are among them.
std::vector<std::size_t> spread(std::size_t count, std::size_t most);

/// Returns a table of up to `most_rows` pictures, and under it what is to be said of all.
std::string text_of(const io::NeedleRecord& record, std::size_t most_rows = 24);

/// Returns a picture with its needle, the plan and the numbers.
render::Picture needle_figure(const Frame& frame, const io::NeedlePicture& picture,
                              const io::NeedleRecord& record);

}  // namespace genu::app
