// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <genu/core/error.h>

namespace genu::testing {

/// Returns the message of the error that `act` throws; fails the test where it throws none, or another kind.
template <typename Expected = IoError, typename Act>
std::string message_of(Act&& act) {
  try {
    act();
  } catch (const Expected& error) {
    return describe(error);
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return "";
}

}  // namespace genu::testing
