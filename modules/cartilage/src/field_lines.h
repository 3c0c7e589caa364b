// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <genu/core/mesh.h>
#include <genu/surface/query.h>

namespace genu::cartilage {

/// Which side of cartilage a face of its surface is.
enum class Face { inner, wall, articular };

/// A triangle of a cartilage surface: its side, and the bone's vertex below it.
struct Facing {
  Face face;
  std::uint32_t vertex;
};

/// Returns the side of each triangle of a cartilage surface by the normals of the bone below it: what looks
/// away from the bone by less than 60 degrees is articular, what looks at it is inner, the rest is wall.
std::vector<Facing> facing_of(const TriangleMesh& cartilage, const TriangleMesh& bone,
                              const std::vector<Vector3>& normals);

/// The lines of a field that runs from the inner face of cartilage to its articular one.
///
/// Between the inner face (potential 0) and the articular one (1) the potential obeys Laplace's equation,
/// with no flow through walls (Jones et al. 2000, Human Brain Mapping 11:12); lengths along its gradient are
/// solved for on a grid (Yezzi and Prince 2003, IEEE Transactions on Medical Imaging 22:1332). The grid's
/// lines meet the two faces where they are, not at the next node; walls are met axis by axis.
class FieldLines {
 public:
  FieldLines(const TriangleMesh& cartilage, const surface::MeshQuery& query, const std::vector<Face>& faces,
             double step_mm, unsigned threads);
  ~FieldLines();

  /// Returns the length in mm of the line through a place in the cartilage; NaN outside.
  double length_through(const Point3& place) const;

 private:
  std::unique_ptr<const class Grid> grid_;
  std::vector<double> lengths_mm_;  ///< One a node.
};

}  // namespace genu::cartilage
