// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <genu/core/error.h>
#include <genu/ultrasound/wires.h>

#include "wire_phantom.h"

namespace genu::ultrasound {
namespace {

double worst(const WireCrossings& found, const std::vector<std::array<PixelPoint, 3>>& truth) {
  double most = 0.0;
  for (std::size_t n = 0; n < truth.size(); ++n)
    for (std::size_t w = 0; w < 3; ++w)
      most = std::max(most,
                      std::hypot(found.points[n][w].x - truth[n][w].x, found.points[n][w].y - truth[n][w].y));
  return most;
}

TEST(Wires, AreFoundToHalfAPixelInTurnedImages) {
  const auto phantom = testing::three_n();
  unsigned seed = 0;
  for (const double along : {-12.0, 0.0, 9.0})
    for (const double turn : {-12.0, 0.0, 7.0}) {
      const auto truth =
          testing::cuts(testing::phantom_from_image(along, turn, -turn / 2, turn / 3), phantom);
      const auto found = find_wires(testing::picture_of(truth, ++seed), phantom);
      ASSERT_FALSE(found.empty()) << along << " " << turn;
      EXPECT_LT(worst(found.front(), truth), 0.5) << along << " " << turn;
      ASSERT_TRUE(found.front().pixel);
      // The phantom's shape alone gives the size of pixels, as well as its 30 mm are seen.
      EXPECT_NEAR(found.front().pixel->x_mm, 0.08, 0.0015);
      EXPECT_NEAR(found.front().pixel->y_mm, 0.074, 0.0015);
    }
}

TEST(Wires, TellWhereAlongThePhantomTheImageIs) {
  const auto phantom = testing::three_n();
  const AffineTransform from_image = testing::phantom_from_image(4.0, 6.0, -5.0, 3.0);
  const auto truth = testing::cuts(from_image, phantom);
  for (std::size_t n = 0; n < phantom.size(); ++n) {
    const Point3 middle = middle_crossing(phantom[n], truth[n]);
    EXPECT_LT(distance(middle, from_image(Point3{truth[n][1].x, truth[n][1].y, 0.0})), 1e-9) << n;
  }
}

TEST(Wires, AreNotFoundWhereOneIsMissing) {
  const auto phantom = testing::three_n();
  const auto truth = testing::cuts(testing::phantom_from_image(), phantom);
  for (std::size_t n = 0; n < 3; ++n)
    for (std::size_t w = 0; w < 3; ++w) {
      auto seen = truth;
      seen[n][w] = {-500, -500};
      EXPECT_TRUE(find_wires(testing::picture_of(seen), phantom).empty()) << n << " " << w;
    }
  EXPECT_TRUE(find_wires(Frame{820, 616, 1, std::vector<std::uint8_t>(820 * 616, 7)}, phantom).empty());
}

TEST(Wires, AreFoundAmongOtherEchoes) {
  const auto phantom = testing::three_n();
  const auto truth = testing::cuts(testing::phantom_from_image(3.0, 4.0), phantom);
  auto seen = truth;
  seen.push_back({{{400, 40}, {120, 80}, {700, 300}}});
  seen.push_back({{{90, 500}, {500, 560}, {640, 130}}});
  const auto found = find_wires(testing::picture_of(seen), phantom);
  ASSERT_FALSE(found.empty());
  EXPECT_LT(worst(found.front(), truth), 0.5);
}

TEST(Wires, OfASymmetricPhantomAreReadInEachWay) {
  const auto phantom = testing::two_n();
  AffineTransform from_image = testing::phantom_from_image(2.0, 3.0);
  from_image = AffineTransform(from_image.linear(), from_image.translation() + Vector3{-10, 0, -10});
  const auto truth = testing::cuts(from_image, phantom);
  const auto found = find_wires(testing::picture_of(truth), phantom);
  EXPECT_EQ(found.size(), 4U);
  double least = 1e9;
  for (const WireCrossings& reading : found) least = std::min(least, worst(reading, truth));
  EXPECT_LT(least, 0.5);
}

TEST(Wires, RefuseAPhantomThatTellsNothing) {
  const Frame frame{820, 616, 1, std::vector<std::uint8_t>(820 * 616, 7)};
  const auto refuses = [&](const std::vector<NWire>& phantom, const char* why) {
    try {
      find_wires(frame, phantom);
      ADD_FAILURE() << why;
    } catch (const InvalidInput& e) {
      EXPECT_THAT(e.what(), ::testing::HasSubstr(why));
    }
  };
  auto phantom = testing::three_n();
  refuses({phantom[0]}, "at least two N");
  phantom[1][2].back.x += 5.0;
  refuses(phantom, "m3 of the phantom is not parallel");
  phantom = testing::three_n();
  phantom[0][1].front.z += 1.0;
  refuses(phantom, "l1 of the phantom does not lie in the plane");
  phantom = testing::three_n();
  phantom[2][1].back.x = phantom[2][1].front.x;
  refuses(phantom, "l5 of the phantom is parallel");
  phantom = testing::three_n();
  for (NWire& n : phantom) {
    const double shift = 40.0 * static_cast<double>(&n - phantom.data());
    for (Wire& wire : n)
      for (Point3* p : {&wire.front, &wire.back}) *p = {p->x + shift, p->y, 0.0};
  }
  refuses(phantom, "all N of the phantom lie in one plane");
  for (Wire& wire : phantom[1]) wire.front.z = wire.back.z = 10.0;
  refuses(phantom, "name an N off that plane last");
  EXPECT_THROW(find_wires(Frame{}, testing::three_n()), InvalidInput);
  EXPECT_THROW(find_wires(Frame{100, 100, 1, std::vector<std::uint8_t>(50)}, testing::three_n()),
               InvalidInput);
}

}  // namespace
}  // namespace genu::ultrasound
