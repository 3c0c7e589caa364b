// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPainterPath>
#include <cstdint>
#include <vector>

#include <vtkImageData.h>
#include <vtkImageReslice.h>
#include <vtkNew.h>
#include <vtkSmartPointer.h>

#include <genu/core/tissue.h>
#include <genu/core/volume.h>
#include <genu/render/slice_plane.h>

#include "patient_plane.h"

namespace genu::viewer {

/// Samples an image in any plane, whatever plane it was acquired in. The volume must outlive it.
class ImageSlicer {
 public:
  explicit ImageSlicer(const Volume<float>& image);
  /// Returns the linearly interpolated intensities, rows from the top; NaN outside the image.
  std::vector<float> sample(const render::SlicePlane& plane);

 private:
  ImageGeometry geometry_;
  vtkNew<vtkImageReslice> reslice_;
};

/// The border of one tissue in a slice, in mm along the plane's axes (see to_plane).
struct TissueOutline {
  Tissue tissue = Tissue::background;
  QPainterPath path;
};

/// Finds the outlines of labels in patient planes. The volume must outlive it.
class LabelSlicer {
 public:
  LabelSlicer(const Volume<std::uint8_t>& label_numbers, Plane plane);
  /// Returns the outlines in the slice through `centre`, in order of tissue number.
  std::vector<TissueOutline> outlines(const Point3& centre);

 private:
  render::SlicePlane plane_through(const Point3& centre) const;

  ImageGeometry geometry_;
  PlaneAxes axes_;
  Box box_;
  double pixel_mm_;
  vtkNew<vtkImageReslice> reslice_;
};

}  // namespace genu::viewer
