// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <genu/network/live_message.h>
#include <genu/ultrasound/tracked.h>

namespace genu::network {

struct AssemblyOptions {
  double hold_s = 0.2;           ///< A moment is not waited for longer than this after its first part came.
  std::size_t open_moments = 2;  ///< So many unfinished ones are held; one more closes the oldest.
  double same_time_s = 1e-6;     ///< Sender's times that differ by less are one moment.
  /// A part that stayed away for so many moments is no longer waited for; it is still marked.
  std::size_t patience = 10;
  std::string image_device = {};  ///< Whose images are taken; those of the first that comes if empty.
};

/// One moment, with what it lacks.
struct AssembledFrame {
  /// Poses that did not come have the status MISSING; so has the image, which is then empty.
  ultrasound::TrackedFrame frame;
  std::vector<std::string> missing = {};  ///< "image", "ProbeToTracker".
  double begun_s = 0.0;                   ///< When its first part came.
  double received_s = 0.0;                ///< When its last part came.
  bool out_of_order = false;              ///< A later moment was given out before it.
};

/// Returns when a moment was, in seconds by `clock_s`: what its sender says, and no later than its first part
/// came. Without a sender's time, or an offset, that is when its first part came.
/// \param clock_offset_s `LinkReport::clock_offset_s` when it came: what all messages took is not seen
double taken_s(const AssembledFrame& frame, double clock_offset_s);

/// Puts together what a sender says of one moment: messages with one and the same time. Nothing is moved in
/// time, carried over from the moment before or interpolated.
///
/// Which parts a moment has is learnt from those that have come. A moment that has them all is given out at
/// once, after those before it. A message without a time is a moment of its
/// own, since nothing says what it belongs to.
///
/// A sender one of whose parts goes back by more than a second in its own times begins anew, as for
/// StreamHealth: all that is held is given out, and times that were there before may come again. A part that
/// is late by more than that beside others, but goes on in itself, is late. An image whose time has had one
/// before (the sender's clock stands still, or goes round in less than a second) is a moment of its own too,
/// with the poses that came in its message; it keeps its time, and so is as old as that says.
class FrameAssembler {
 public:
  explicit FrameAssembler(const AssemblyOptions& options = {});
  ~FrameAssembler();
  FrameAssembler(FrameAssembler&&) noexcept;
  FrameAssembler& operator=(FrameAssembler&&) noexcept;

  /// Takes a message; returns the moments that are over by it.
  std::vector<AssembledFrame> add(LiveMessage message);
  /// Returns the moments that have been waited for long enough. To be called while nothing comes.
  std::vector<AssembledFrame> look(double now_s);
  /// Returns all that is held.
  std::vector<AssembledFrame> finish();
  /// Returns how many parts came after their moment was given out, and were left out.
  std::size_t too_late() const;
  /// Returns how many poses were left out because 256 others have names already.
  std::size_t left_out() const;

 private:
  class Moments;
  std::unique_ptr<Moments> moments_;
};

/// Collects moments for a file, in the order in which they come.
class SequenceRecorder {
 public:
  /// A file holds images of one size: what has no image, or one of another size than the first, gets a black
  /// one that is INVALID.
  void add(const ultrasound::TrackedFrame& frame);
  std::size_t frames() const { return sequence_.frames.size(); }
  /// Returns how many images of the recording were left out for their size.
  std::size_t left_out() const { return left_out_; }
  /// Gives the recording away; the next begins empty.
  ultrasound::TrackedSequence take();

 private:
  ultrasound::TrackedSequence sequence_;
  Frame black_;
  std::size_t left_out_ = 0;
};

}  // namespace genu::network
