// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>
#include <vector>

namespace genu::viewer {

/// Plays frames at the speed of their times, round and round; late ones are left out.
class UltrasoundPlayback : public QObject {
  Q_OBJECT
 public:
  explicit UltrasoundPlayback(QObject* parent = nullptr);

  /// Begins with the first frame, at rest. Times that are not finite or do not rise are not known: such
  /// frames run at ten a second.
  void set_times(const std::vector<double>& times_s);

  int count() const { return static_cast<int>(starts_s_.size()); }
  int frame() const { return frame_; }
  bool times_known() const { return times_known_; }
  bool playing() const { return timer_.isActive(); }
  /// Returns how long one round takes; the last frame stays as long as the frames do in the middle.
  double length_s() const { return length_s_; }
  /// Returns the frame so long after the start of a round.
  int frame_at(double elapsed_s) const;

  void play(bool on);
  void go_to(int frame);

 signals:
  void moved(int frame);
  void played(bool on);

 private:
  void tick();

  std::vector<double> starts_s_;
  double length_s_ = 0.0;
  bool times_known_ = false;
  int frame_ = 0;
  QTimer timer_;
  QElapsedTimer since_;
  double started_at_s_ = 0.0;  ///< Of the round, when `since_` began.
};

}  // namespace genu::viewer
