// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <genu/core/error.h>
#include <genu/ultrasound/frame.h>

namespace genu::ultrasound {
namespace {

/// Two rows of three pixels: 1 2 3 over 4 5 6.
const Frame small{3, 2, 1, {1, 2, 3, 4, 5, 6}};

TEST(Frame, TurnsEveryOrientationToMarkedFar) {
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

TEST(Frame, IsTurnedBackAsItWas) {
  const Frame colour{2, 2, 3, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}};
  for (const char* orientation : {"MF", "UF", "MN", "UN", "FM", "FU", "NM", "NU", "MFA", "NUD"})
    for (const Frame& frame : {small, colour})
      EXPECT_EQ(turned_from_marked_far(turned_to_marked_far(frame, orientation), orientation), frame)
          << orientation;
}

TEST(Frame, RefusesAnOrientationThatIsNone) {
  for (const char* orientation : {"", "M", "MU", "FN", "XX", "mf"})
    EXPECT_THROW(turned_to_marked_far(small, orientation), InvalidInput) << orientation;
}

TEST(Frame, GreyIsTheLuminance) {
  const Frame colour{2, 1, 3, {255, 0, 0, 10, 20, 30}};
  const Frame grey = as_grey(colour);
  EXPECT_EQ(grey.channels, 1);
  EXPECT_EQ(grey.pixels, (std::vector<std::uint8_t>{76, 18}));
  EXPECT_EQ(as_grey(small), small);
}

}  // namespace
}  // namespace genu::ultrasound
