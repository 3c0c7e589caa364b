// SPDX-License-Identifier: Apache-2.0
#include <exception>

#include <genu/core/error.h>

namespace genu {

std::string describe(const std::exception& error) {
  std::string chain = error.what();
  try {
    std::rethrow_if_nested(error);
  } catch (const std::exception& inner) {
    chain += ": " + describe(inner);
  } catch (...) {
    chain += ": an error of unknown type";
  }
  return chain;
}

namespace detail {

void rethrow_with_context(std::string_view what_was_done) {
  const std::string context(what_was_done);
  try {
    throw;
  } catch (const Cancelled&) {
    throw;  // a stop is not a failure of what was being done
  } catch (const InvalidInput&) {
    std::throw_with_nested(InvalidInput(context));
  } catch (const GeometryMismatch&) {
    std::throw_with_nested(GeometryMismatch(context));
  } catch (const IoError&) {
    std::throw_with_nested(IoError(context));
  } catch (const NotConverged&) {
    std::throw_with_nested(NotConverged(context));
  } catch (...) {
    std::throw_with_nested(Error(context));
  }
}

}  // namespace detail
}  // namespace genu
