// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include <genu/bridge/itk.h>

namespace genu::bridge {

ImageGeometry geometry_from_itk(const itk::ImageBase<3>& image) {
  const auto& region = image.GetBufferedRegion();
  itk::Point<double, 3> first;
  image.TransformIndexToPhysicalPoint(region.GetIndex(), first);
  const auto& d = image.GetDirection();
  const auto& s = image.GetSpacing();
  Matrix3 direction;
  for (unsigned r = 0; r < 3; ++r)
    for (unsigned c = 0; c < 3; ++c) direction.rows[r][c] = d(r, c);
  const auto size = region.GetSize();
  return {{static_cast<std::int64_t>(size[0]), static_cast<std::int64_t>(size[1]),
           static_cast<std::int64_t>(size[2])},
          {first[0], first[1], first[2]},
          {s[0], s[1], s[2]},
          direction};
}

template <typename T>
typename itk::Image<T, 3>::Pointer view_as_itk(const Volume<T>& volume) {
  using Image = itk::Image<T, 3>;
  const ImageGeometry& g = volume.geometry();
  typename Image::RegionType region;
  typename Image::DirectionType direction;
  const double origin[3] = {g.origin().x, g.origin().y, g.origin().z};
  const double spacing[3] = {g.spacing_mm().x, g.spacing_mm().y, g.spacing_mm().z};
  for (unsigned a = 0; a < 3; ++a) {
    region.SetSize(a, static_cast<itk::SizeValueType>(g.size()[a]));
    for (unsigned c = 0; c < 3; ++c) direction(a, c) = g.direction().rows[a][c];
  }
  auto container = Image::PixelContainer::New();
  // ITK has no const view; the caller gets voxels that the volume owns.
  container->SetImportPointer(const_cast<T*>(volume.voxels().data()), volume.voxels().size(), false);
  auto image = Image::New();
  image->SetRegions(region);
  image->SetOrigin(origin);
  image->SetSpacing(spacing);
  image->SetDirection(direction);
  image->SetPixelContainer(container);
  return image;
}

template <typename T>
Volume<T> copy_from_itk(const itk::Image<T, 3>& image) {
  const ImageGeometry geometry = geometry_from_itk(image);
  const T* first = image.GetBufferPointer();
  return {geometry, std::vector<T>(first, first + geometry.voxel_count())};
}

template itk::Image<float, 3>::Pointer view_as_itk(const Volume<float>&);
template itk::Image<std::uint8_t, 3>::Pointer view_as_itk(const Volume<std::uint8_t>&);
template itk::Image<std::int16_t, 3>::Pointer view_as_itk(const Volume<std::int16_t>&);
template itk::Image<std::int32_t, 3>::Pointer view_as_itk(const Volume<std::int32_t>&);
template Volume<float> copy_from_itk(const itk::Image<float, 3>&);
template Volume<std::uint8_t> copy_from_itk(const itk::Image<std::uint8_t, 3>&);
template Volume<std::int16_t> copy_from_itk(const itk::Image<std::int16_t, 3>&);
template Volume<std::int32_t> copy_from_itk(const itk::Image<std::int32_t, 3>&);

}  // namespace genu::bridge
