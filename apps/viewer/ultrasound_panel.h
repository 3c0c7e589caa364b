// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QTimer>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "live_link.h"
#include "needle_finder.h"
#include "picture_panel.h"
#include "ultrasound_playback.h"
#include "ultrasound_recording.h"
#include "view_state.h"

class QCheckBox;
class QSlider;
class QThread;

namespace genu::viewer {

/// Ultrasound beside a case: plays a clip or a recording, or shows a live stream, with scale, needle and
/// plan.
///
/// What is shown of a picture, needle and numbers, is always of that picture: where finding the needle is
/// slower than the pictures come, pictures are left out.
class UltrasoundPanel : public PicturePanel {
  Q_OBJECT
 public:
  explicit UltrasoundPanel(ViewState& state, QWidget* parent = nullptr);
  ~UltrasoundPanel() override;

  /// Shows a recording in place of what was shown.
  void show_recording(std::shared_ptr<const UltrasoundRecording> recording);
  /// Reads a recording while the window stays alive, then shows it; tells what went wrong.
  void load(const std::filesystem::path& file);
  /// Uses a set-up for whatever is shown; nothing = none. \throws IoError
  void use_setup(const std::filesystem::path& file);
  /// Shows a live stream in place of what was shown.
  void connect_to(const network::Address& address);
  /// Shows nothing, and ends what plays.
  void close_source();

  void play(bool on) { playback_->play(on); }
  void go_to(int frame) { playback_->go_to(frame); }
  void find_needles(bool on);
  int shown_frame() const { return shown_frame_; }

  QString frame_words() const;
  /// Returns false while something is read, or a picture or its needle is waited for.
  bool settled() const;

 signals:
  void closed();
  void opened();

 private:
  void fill_head();
  QToolButton* make_expected_switch();
  void make_controls();
  void ask_for_setup();
  void finish_loading(const std::filesystem::path& file);
  void tell(const QString& trouble);
  void begin(const QString& name);

  /// Returns a moment of the recording.
  NeedleFinder::Moment moment_at(int frame) const;
  void present(NeedleFinder::Moment moment);
  void draw(const NeedleFinder::Moment& moment, const NeedleAnswer* answer);
  void show_words();
  void show_frame_words();
  void draw_plan(const ultrasound::TrackedFrame& moment, const NeedleAnswer* answer, ShownUltrasound& shown);
  void tie_setup(const ultrasound::TrackedFrame& moment);
  PictureScale scale_for(const ultrasound::TrackedFrame& moment) const;
  void poll();
  /// Returns why a live picture tells nothing of now; nothing if it does, or is of a recording.
  QString stale_words() const;

  ViewState& state_;
  std::shared_ptr<const UltrasoundRecording> recording_;
  std::unique_ptr<LiveLink> live_;
  std::optional<UltrasoundSetup> setup_;
  TiedSetup tied_;
  std::optional<ultrasound::ImageSetup> tied_to_;  ///< The pictures that `tied_` is for.
  std::optional<PixelBounds> part_;                ///< Where the echo image is.
  bool part_told_ = false;                         ///< Whether that is known for good.
  double face_row_ = 0.0;

  NeedleFinder::Moment moment_;         ///< The one that is shown.
  std::optional<NeedleAnswer> answer_;  ///< Of that one, if its needle was sought.
  bool connected_ = false;
  double received_s_ = std::numeric_limits<double>::quiet_NaN();  ///< When the last live picture came.
  int shown_frame_ = -1;
  QString needle_text_, plan_text_, scale_text_, link_text_;

  UltrasoundPlayback* playback_ = nullptr;
  std::unique_ptr<NeedleFinder> finder_;
  QLabel* time_ = nullptr;
  QToolButton* play_ = nullptr;
  QSlider* slider_ = nullptr;
  QCheckBox* find_ = nullptr;
  QToolButton* choose_setup_ = nullptr;
  QWidget* controls_ = nullptr;
  QTimer poll_;

  struct Reading;
  std::shared_ptr<Reading> reading_;  ///< Set while a file is read.
  QThread* reader_ = nullptr;
};

}  // namespace genu::viewer
