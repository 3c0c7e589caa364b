// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <genu/cartilage/report.h>
#include <genu/core/tissue.h>
#include <genu/core/volume.h>
#include <genu/planning/anatomy.h>
#include <genu/planning/plan.h>
#include <genu/render/picture.h>
#include <genu/render/slice_plane.h>

// Finished figures: every letter, bar and legend is in the picture. Not to be called from several threads at
// once.
namespace genu::render {

/// Returns one slice through `centre` in a patient plane, with outlines, orientation letters and a scale bar
/// of 10 mm. Without an image the labels are painted. Needs no display.
/// \throws InvalidInput if there is neither image nor labels, or the slice misses them.
Picture slice_figure(const Volume<float>* image, const LabelMap* labels, Plane plane, const Point3& centre,
                     const SliceOptions& options = {});

/// Returns the slice that contains the needle and (`across` = false) runs along it, with the path drawn; or
/// the one across the needle at the target. Needs no display.
/// \throws InvalidInput if there is neither image nor labels, or the slice misses them.
Picture needle_slice_figure(const Volume<float>* image, const LabelMap* labels, const Trajectory& path,
                            bool across, const SliceOptions& options = {});

struct RelaxationFigureOptions {
  double low_ms = 20.0;  ///< Where the colour scale begins: deep cartilage at 3 T.
  double high_ms = 80.0;
  int min_height = 768;
};

/// Returns the image's own slice through `centre` that lies nearest to a patient plane, with the relaxation
/// times in colours over it and a colour bar: those of the cartilage voxels of `labels`, or of every voxel
/// that has one where that is null. Times are drawn voxel by voxel, not interpolated; an oblique slice is
/// drawn as it was acquired. Needs no display.
/// \throws InvalidInput if the slice misses the image, or an option is out of range.
/// \throws GeometryMismatch if image, map and labels are not on one grid.
Picture relaxation_figure(const Volume<float>& image, const Volume<float>& t2_ms, const LabelMap* labels,
                          Plane plane, const Point3& centre, const RelaxationFigureOptions& options = {});

/// Useful directions to see thickness maps from.
enum class View {
  tibia_from_above,
  femur_from_below,
  femur_from_front,
  femur_from_behind,
  patella_from_behind
};

struct ThicknessOptions {
  /// Upper end of the colour scale; denuded bone has a colour of its own, unmeasured is grey.
  double max_mm = 5.0;
  int size = 700;          ///< Width and height in pixels, at least 300.
  std::string words = {};  ///< Added to the heading, such as the visit.
  /// Shown from where this report would be shown, so that pictures can be laid side by side.
  const cartilage::CartilageReport* framed_like = nullptr;
};

/// Returns the thickness map on bone with colour bar and scale bar. Needs a display or Xvfb (see
/// ensure_display).
/// \throws InvalidInput if the report has no map of that bone, or an option is out of range.
Picture thickness_figure(const cartilage::CartilageReport& report, View view,
                         const ThicknessOptions& options = {});

/// Returns a map of change on the bone that the view shows: red where cartilage became thinner, blue where
/// thicker. The scale goes from -max_mm to max_mm. Needs a display or Xvfb (see ensure_display).
/// \param change_mm one per vertex of that bone's surface; NaN = not measured in both visits
/// \throws InvalidInput if the report has no map of that bone, or an option or number is out of range.
Picture change_figure(const cartilage::CartilageReport& report, const std::vector<double>& change_mm,
                      View view, const ThicknessOptions& options = {});

/// Returns the plan in 3-D: bones, cartilage, risk structures, transparent skin, the best trajectory thick
/// and the others thin. Needs a display or Xvfb (see ensure_display). \throws InvalidInput if the anatomy is
/// empty, or `size` is below 300.
Picture plan_figure(const planning::Anatomy& anatomy, const planning::NeedlePlan& plan, int size = 900);

/// Returns the plane that the probe would see, with the needle coming from the left: the image or labels cut
/// there, estimated structures with their names, the probe's face, the depth, and the target with its
/// tolerance. What lies beside the ultrasound image is darker. Needs no display.
/// \throws InvalidInput if no probe sees the trajectory of this rank (from 0), or `height` is below 300.
Picture probe_figure(const Volume<float>* image, const LabelMap* labels, const planning::Anatomy& anatomy,
                     const planning::NeedlePlan& plan, std::size_t rank, int height = 600);

/// Makes sure VTK can draw: keeps DISPLAY if it works, otherwise starts an Xvfb that ends with this process.
///
/// Sets the environment variable DISPLAY in the second case: call it before threads are started that read the
/// environment. Calling it again costs nothing.
/// \throws Error if there is neither; the message names the Debian package.
void ensure_display();

}  // namespace genu::render
