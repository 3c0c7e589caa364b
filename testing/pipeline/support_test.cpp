// SPDX-License-Identifier: Apache-2.0
// What the apps share, as far as it can be seen without running one.
#include <cmath>
#include <limits>
#include <sstream>

#include <gmock/gmock.h>

#include <genu/app/progress_bar.h>
#include <genu/app/text_table.h>
#include <genu/core/error.h>

namespace genu::app {

namespace {

using std::chrono::milliseconds;

struct FakeTerminal {
  std::ostringstream out;
  ProgressBar::Clock::time_point now{};
  ProgressBar::Options options(bool terminal) {
    ProgressBar::Options o;
    o.terminal = terminal;
    o.columns = 60;
    o.now = [this] { return now; };
    return o;
  }
};

TEST(ProgressBar, KeepsSilentForShortWorkAndShowsForLongWork) {
  FakeTerminal terminal;
  ProgressBar bar(terminal.out, terminal.options(true));
  terminal.now += milliseconds(1900);
  bar.show("measuring", 0.5);
  EXPECT_EQ(terminal.out.str(), "");
  terminal.now += milliseconds(200);
  bar.show("measuring", 0.5);
  EXPECT_THAT(terminal.out.str(), ::testing::HasSubstr("50 %  2 s  measuring"));
}

TEST(ProgressBar, IsNeverDrawnOutsideATerminal) {
  FakeTerminal file;
  {
    ProgressBar bar(file.out, file.options(false));
    file.now += std::chrono::hours(1);
    bar.show("measuring", 0.5);
  }
  EXPECT_EQ(file.out.str(), "");
}

TEST(ProgressBar, IsRemovedWhenTheWorkEndsAndNeverWraps) {
  FakeTerminal terminal;
  {
    ProgressBar bar(terminal.out, terminal.options(true));
    terminal.now += milliseconds(2500);
    bar.show(std::string(200, 'x'), std::numeric_limits<double>::quiet_NaN());
    const std::string drawn = terminal.out.str();
    EXPECT_LT(drawn.size(), 60U + std::string("\r\x1b[K").size());
  }
  EXPECT_TRUE(terminal.out.str().ends_with("\r\x1b[K"));
}

TEST(TextTable, AlignsNumbersRightAndCountsCharactersNotBytes) {
  TextTable table({"angle", "mm"});
  table.add_row({"30°", "1.5"});
  table.add_row({"plain", "-"});
  EXPECT_EQ(table.text(), "angle   mm\n30°    1.5\nplain    -\n");
  EXPECT_THROW(table.add_row({"too few"}), InvalidInput);
}

}  // namespace

}  // namespace genu::app
