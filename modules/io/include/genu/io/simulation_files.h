// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <genu/ultrasound/simulated_sweep.h>

namespace genu::io {

/// A simulated sweep with what it was made of.
struct SimulationRecord {
  std::string labels;   ///< The file or case that it shows.
  std::string created;  ///< ISO 8601, UTC.
  std::string genu_version;
  ultrasound::SimulationOptions machine;
  ultrasound::SweepOptions errors;
  ultrasound::SimulatedSweep sweep;
};

/// Returns the JSON form of what is true of a sweep (data/schemas/ultrasound_truth.schema.json); null where
/// there is nothing. Images and the poses as they were recorded are in the tracked sequence. \throws
/// InvalidInput if the record has not the truth of each frame
std::string to_json(const SimulationRecord& record);

/// Returns a header, and one row a frame and column: frame, column, skin, cartilage and bone in rows,
/// cartilage thickness along the beam in mm. An empty value is not in the image.
std::string simulation_csv(const SimulationRecord& record);

}  // namespace genu::io
