#include <cstdio>

#include <genu/cartilage/thickness.h>
#include <genu/io/files.h>
#include <genu/io/volume_files.h>

int main() {
  const genu::TriangleMesh bone({{0, 0, 0}, {9, 0, 0}, {0, 9, 0}}, {{0, 1, 2}});
  const genu::TriangleMesh cartilage({{-9, -9, 2}, {20, -9, 2}, {-9, 20, 2}}, {{0, 1, 2}});
  std::puts(genu::io::data_file("labels").c_str());
  const auto map = genu::cartilage::measure_thickness(bone, cartilage);
  return map.thickness_mm.size() == 3 && !genu::io::label_table_names().empty() ? 0 : 1;
}
