// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <itkImage.h>
#include <itkImportImageFilter.h>

#include <genu/core/volume.h>

namespace genu::bridge {

/// Returns an ITK image on the volume's own voxels: nothing is copied, and the volume must outlive the image.
template <typename T>
typename itk::Image<T, 3>::Pointer view_as_itk(const Volume<T>& volume);

/// Returns a volume with a copy of the image's buffered region.
/// \throws InvalidInput if the image's geometry is not one that ImageGeometry takes.
template <typename T>
Volume<T> copy_from_itk(const itk::Image<T, 3>& image);

/// Returns the geometry of an ITK image's buffered region.
ImageGeometry geometry_from_itk(const itk::ImageBase<3>& image);

extern template itk::Image<float, 3>::Pointer view_as_itk(const Volume<float>&);
extern template itk::Image<std::uint8_t, 3>::Pointer view_as_itk(const Volume<std::uint8_t>&);
extern template itk::Image<std::int16_t, 3>::Pointer view_as_itk(const Volume<std::int16_t>&);
extern template itk::Image<std::int32_t, 3>::Pointer view_as_itk(const Volume<std::int32_t>&);
extern template Volume<float> copy_from_itk(const itk::Image<float, 3>&);
extern template Volume<std::uint8_t> copy_from_itk(const itk::Image<std::uint8_t, 3>&);
extern template Volume<std::int16_t> copy_from_itk(const itk::Image<std::int16_t, 3>&);
extern template Volume<std::int32_t> copy_from_itk(const itk::Image<std::int32_t, 3>&);

}  // namespace genu::bridge
