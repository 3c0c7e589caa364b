// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace genu {

/// The one family of errors. A message says what was being done, to which thing, with the offending value.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A value that no correct call passes: an empty mesh, a negative spacing, an unknown label.
class InvalidInput : public Error {
 public:
  using Error::Error;
};

/// Two things that must lie on the same grid, or in the same frame, do not.
class GeometryMismatch : public Error {
 public:
  using Error::Error;
};

/// A file that cannot be read or written, or is not what it should be; the message names the file.
class IoError : public Error {
 public:
  using Error::Error;
};

/// An iteration that stopped before it reached its goal.
class NotConverged : public Error {
 public:
  using Error::Error;
};

/// Long work was stopped at the caller's request.
class Cancelled : public Error {
 public:
  using Error::Error;
};

/// Runs `work`; an exception from it is nested in a new Error of the same kind that begins with
/// `what_was_done`. Apps print the chain with `describe`.
template <typename Work>
decltype(auto) with_context(std::string_view what_was_done, Work&& work);

/// Returns the whole chain of nested messages, outermost first, joined by ": ".
std::string describe(const std::exception& error);

namespace detail {
[[noreturn]] void rethrow_with_context(std::string_view what_was_done);
}

template <typename Work>
decltype(auto) with_context(std::string_view what_was_done, Work&& work) {
  try {
    return std::forward<Work>(work)();
  } catch (...) {
    detail::rethrow_with_context(what_was_done);
  }
}

struct VoxelIndex;
class ImageGeometry;
[[noreturn]] void throw_voxel_count_mismatch(const ImageGeometry& geometry, std::size_t voxels);
[[noreturn]] void throw_index_outside(const ImageGeometry& geometry, const VoxelIndex& index);

}  // namespace genu
