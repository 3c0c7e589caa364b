// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <genu/ultrasound/tracked.h>

namespace genu::network {

/// What can go wrong with a live link, on purpose and at a known frame.
enum class FaultKind {
  stall,           ///< Nothing is sent for a time; what is due in it follows at once, as a network does it.
  drop,            ///< The frame is not sent.
  swap,            ///< The next frame is sent before it.
  invalid_pose,    ///< Every pose is INVALID.
  nan_pose,        ///< Every pose is said to be OK and is not a number.
  wrong_checksum,  ///< The frame's first message is damaged.
  wrong_scalar_type,  ///< Its image says that its pixels have 16 bits.
  unknown_type,       ///< A message that nobody knows comes before it.
  absurd_size,        ///< A header says 2^62 bytes.
  truncated,          ///< The connection ends in the middle of the frame's first message.
  hang_up             ///< The connection ends before the frame.
};

/// Returns the fault of a name as above. \throws InvalidInput
FaultKind fault_named(const std::string& name);

struct ReplayFault {
  FaultKind kind{};
  std::size_t frame = 0;  ///< Counted from 0, in every round.
  double seconds = 1.0;   ///< Of a stall.
};

enum class ReplayTimes {
  recorded,  ///< As in the recording; later rounds go on where the one before ended.
  now        ///< As if it happened now.
};

struct ReplayOptions {
  std::string address = "127.0.0.1";  ///< Only this machine; "0.0.0.0" lets others in.
  int port = 18944;                   ///< 0 takes any that is free.
  double speed = 1.0;                 ///< Of the recording's own; 0 is as fast as clients take it.
  bool loop = false;                  ///< Begins again at the end, until it is stopped.
  std::size_t clients = 1;            ///< It begins when so many have come.
  ReplayTimes times = ReplayTimes::recorded;
  double rate_hz = 20.0;       ///< Where the recording has no times.
  bool tracking_data = false;  ///< Poses as TDATA instead of TRANSFORM.
  int version = 2;  ///< Of OpenIGTLink's header; 1 has no status: poses that are not OK are left out.
  /// The transform in IMAGE messages, by the frame's poses and those that always hold; none if nothing.
  std::optional<ultrasound::FramePair> embedded;
  ultrasound::CoordinateFrames always;
  std::vector<ReplayFault> faults;
};

struct ReplayReport {
  std::size_t frames = 0;   ///< Sent, in all rounds.
  std::size_t clients = 0;  ///< That have come.
  std::size_t skipped = 0;  ///< Frames that clients missed because they took them too slowly.
  std::uint64_t bytes = 0;
  bool over = false;
  std::string failure = {};  ///< Why it ended before its end; empty if it did not.
};

/// Plays a recording to OpenIGTLink clients, as PLUS would send it: IMAGE and TRANSFORM or TDATA of one time
/// a frame, after a STATUS. Images that are not OK are not sent.
///
/// It begins when the first client has come, or as many as are awaited; those who come later see what is
/// played by then. At its end it sends the STATUS "shutting down" and closes.
class ReplayServer {
 public:
  /// Listens from here on, in a thread of its own.
  /// \throws IoError if the address can't be listened on; InvalidInput if there is nothing to play, or
  /// every frame is dropped, a fault is beyond the end, or a time or an image can't be said in OpenIGTLink
  explicit ReplayServer(ultrasound::TrackedSequence sequence, const ReplayOptions& options = {});
  /// Stops.
  ~ReplayServer();
  ReplayServer(ReplayServer&&) noexcept;
  ReplayServer& operator=(ReplayServer&&) noexcept;

  int port() const;
  /// Closes every connection and ends the thread.
  void stop();
  /// Waits until it is over, or has failed; returns false if that takes longer.
  bool wait(double timeout_s) const;
  ReplayReport report() const;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace genu::network
