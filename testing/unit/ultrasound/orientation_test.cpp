// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/ultrasound/orientation.h>

namespace genu::ultrasound {
namespace {

/// Two rows of three pixels: 1 2 3 over 4 5 6.
const Frame small{3, 2, 1, {1, 2, 3, 4, 5, 6}};

TEST(Orientation, TurnsEveryOrientationToMarkedFar) {
  const auto turned = [](const char* orientation) { return turned_to_marked_far(small, orientation).pixels; };
  using Pixels = std::vector<std::uint8_t>;
  EXPECT_EQ(turned("MF"), (Pixels{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(turned("UF"), (Pixels{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(turned("MN"), (Pixels{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(turned("UNA"), (Pixels{6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(turned("FM"), (Pixels{1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(turned("NM"), (Pixels{3, 6, 2, 5, 1, 4}));
  EXPECT_EQ(turned("FU"), (Pixels{4, 1, 5, 2, 6, 3}));
  EXPECT_EQ(turned_to_marked_far(small, "FM").width, 2);
  EXPECT_EQ(turned_to_marked_far(small, "FM").height, 3);
}

TEST(Orientation, IsTurnedBackAsItWas) {
  const Frame colour{2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  for (const char* orientation : {"MF", "UF", "MN", "UN", "FM", "FU", "NM", "NU", "MFA", "NUD"})
    for (const Frame& frame : {small, colour})
      EXPECT_EQ(turned_from_marked_far(turned_to_marked_far(frame, orientation), orientation), frame)
          << orientation;
}

TEST(Orientation, RefusesAnOrientationThatIsNone) {
  for (const char* orientation : {"", "M", "MU", "FN", "XX", "mf"})
    EXPECT_THROW(turned_to_marked_far(small, orientation), InvalidInput) << orientation;
}

}  // namespace
}  // namespace genu::ultrasound
