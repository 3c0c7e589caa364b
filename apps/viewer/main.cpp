// SPDX-License-Identifier: Apache-2.0
#include <QApplication>
#include <QBuffer>
#include <QByteArray>
#include <QCommandLineParser>
#include <QElapsedTimer>
#include <QGuiApplication>
#include <QRegularExpression>
#include <QStringList>
#include <QSurfaceFormat>
#include <QTimer>
#include <QWindow>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>

#include <QVTKOpenGLNativeWidget.h>
#include <vtkObject.h>

#include <genu/app/program.h>
#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/network/tracking_client.h>

#include "main_window.h"
#include "theme.h"
#include "ultrasound_panel.h"

namespace {

using genu::app::ExitCode;

struct Request {
  std::optional<std::filesystem::path> folder;
  std::optional<std::filesystem::path> ultrasound, setup;
  std::optional<genu::network::Address> live;
  int frame = 0;  ///< Of the ultrasound, from 0.
  bool needle = false;
  bool expected = false;
  QString screenshot;  ///< Empty: show the window.
  QSize size{1600, 1000};
  QString tab;
};

int fail(ExitCode code, const std::string& message) {
  std::fprintf(stderr, "genu-viewer: %s\n", message.c_str());
  return static_cast<int>(code);
}

constexpr const char* help_text = R"(Usage: genu-viewer [options] [CASE]

Shows a case: three linked slices in patient planes, thickness maps and needle
paths in 3-D, measurements and stage; and ultrasound, alone or beside a case.
Research use only.

  CASE                a case folder as genu run writes it; without one the
                      viewer opens empty (File > Open case, or drop a folder).
                      A file is shown as --ultrasound does

Options:
  --screenshot FILE   draw the window into a PNG file and end
  --size WxH          size of the window in pixels (default 1600x1000)
  --tab NAME          side panel to show: plan, measurements or stage
  --ultrasound FILE   a still or clip (DICOM, PNG, JPEG) or a tracked recording
                      (.igs.mha, .igs.nrrd)
  --live HOST:PORT    what an OpenIGTLink server sends
  --setup FILE        what always holds for a tracked recording or a live stream
                      (a PLUS configuration, or setup.xml of genu us calibrate)
  --frame N           frame of the ultrasound to begin with, from 1
  --needle            finds the needle in each picture
  --expected          beside a case: what ultrasound should show of its needle,
                      simulated
  --help, --version

Examples:
  genu-viewer knee_case
  genu-viewer knee_case --tab stage --screenshot knee.png --size 1920x1080
  genu-viewer knee_case --ultrasound sweep.igs.mha --setup setup.xml --needle
  genu-viewer --live localhost:18944 --setup setup.xml
  xvfb-run -a genu-viewer knee_case --screenshot knee.png    without a display

Exit codes: 0 done, 1 there is no display or something failed, 2 the command
line makes no sense, 3 the case can't be read or the picture can't be written.
)";

// Takes what is said of ultrasound; returns what makes no sense.
QString read_ultrasound_words(const QCommandLineParser& parser, Request& request) {
  if (parser.isSet("ultrasound")) {
    if (request.ultrasound) return "One file of ultrasound at a time";
    request.ultrasound = parser.value("ultrasound").toStdString();
  }
  if (parser.isSet("setup")) request.setup = parser.value("setup").toStdString();
  if (parser.isSet("live")) {
    if (request.ultrasound) return "Either a file of ultrasound or --live, not both";
    try {
      request.live = genu::network::address_in(parser.value("live").toStdString());
    } catch (const genu::InvalidInput& error) {
      return QString::fromStdString(genu::describe(error));
    }
  }
  if (request.setup && !request.ultrasound && !request.live)
    return "--setup is for a tracked recording or --live";
  bool number = true;
  if (parser.isSet("frame")) request.frame = parser.value("frame").toInt(&number) - 1;
  if (!number || request.frame < 0)
    return "--frame needs a number from 1, not '" + parser.value("frame") + "'";
  request.needle = parser.isSet("needle");
  return {};
}

// Returns what is asked for, or the exit code to end with.
std::optional<Request> parse(const QStringList& arguments, int& exit_code) {
  QCommandLineParser parser;
  parser.addOptions({{"screenshot", "", "FILE"},
                     {"size", "", "WxH"},
                     {"tab", "", "NAME"},
                     {"ultrasound", "", "FILE"},
                     {"live", "", "HOST:PORT"},
                     {"setup", "", "FILE"},
                     {"frame", "", "N"},
                     {"needle", ""},
                     {"expected", ""},
                     {{"h", "help"}, ""},
                     {"version", ""}});
  parser.addPositionalArgument("CASE", "");
  const auto usage = [&](const QString& message) {
    exit_code = fail(ExitCode::usage, (message + ". See genu-viewer --help.").toStdString());
    return std::nullopt;
  };
  exit_code = static_cast<int>(ExitCode::ok);
  if (!parser.parse(arguments)) return usage(parser.errorText().remove(QRegularExpression("\\.$")));
  if (parser.isSet("help")) {
    std::fputs(help_text, stdout);
    return std::nullopt;
  }
  if (parser.isSet("version")) {
    std::printf("genu-viewer %s\n", genu::app::version().c_str());
    return std::nullopt;
  }
  Request request;
  const QStringList cases = parser.positionalArguments();
  if (cases.size() > 1) return usage(QStringLiteral("One case at a time, not %1").arg(cases.size()));
  if (!cases.empty()) {
    const std::filesystem::path given = cases.front().toStdString();
    (std::filesystem::is_regular_file(given) ? request.ultrasound : request.folder) = given;
  }
  const QString mistake = read_ultrasound_words(parser, request);
  if (!mistake.isEmpty()) return usage(mistake);
  if (parser.isSet("screenshot")) {
    request.screenshot = parser.value("screenshot");
    if (request.screenshot.isEmpty()) return usage("--screenshot needs a file name");
  }
  if (parser.isSet("size")) {
    const auto match = QRegularExpression("^(\\d{3,4})x(\\d{3,4})$").match(parser.value("size"));
    if (!match.hasMatch())
      return usage("--size needs WxH, such as 1600x1000, not '" + parser.value("size") + "'");
    request.size = {match.captured(1).toInt(), match.captured(2).toInt()};
  }
  request.expected = parser.isSet("expected");
  if (request.expected && !request.folder) return usage("--expected needs a case");
  request.tab = parser.value("tab");
  if (parser.isSet("tab") && !QStringList{"plan", "measurements", "stage"}.contains(request.tab))
    return usage("--tab is plan, measurements or stage, not '" + request.tab + "'");
  return request;
}

// Qt ends the process with abort() where it finds no display; this ends it with one sentence instead.
void end_on_fatal(QtMsgType type, const QMessageLogContext&, const QString& message) {
  if (type == QtFatalMsg) {
    fail(ExitCode::failure,
         "no display to open a window on; set DISPLAY, or run it under xvfb-run -a (Debian package xvfb)");
    std::_Exit(static_cast<int>(ExitCode::failure));
  }
  // What Qt tells before that says the same in many lines.
  if (!message.startsWith("qt.qpa") && type == QtCriticalMsg)
    std::fprintf(stderr, "genu-viewer: %s\n", message.toUtf8().constData());
}

// True where VTK's OpenGL works; elsewhere its view would stay blank without a word.
bool can_draw_3d() {
  const QString platform = QGuiApplication::platformName();
  if (platform == "xcb" || platform.startsWith("wayland")) return true;
  std::fprintf(stderr,
               "genu-viewer: the Qt platform '%s' has no OpenGL for VTK; the 3-D view will be empty\n",
               platform.toUtf8().constData());
  return false;
}

int take_screenshot(genu::viewer::MainWindow& window, const QString& file) {
  // Layouts and the OpenGL context are ready once the window was exposed and its events are through.
  constexpr int patience_ms = 20000;
  QElapsedTimer waited;
  waited.start();
  while (!(window.windowHandle() && window.windowHandle()->isExposed()) && waited.elapsed() < patience_ms)
    QApplication::processEvents(QEventLoop::AllEvents, 50);
  while (!window.settled() && waited.elapsed() < patience_ms)
    QApplication::processEvents(QEventLoop::AllEvents, 50);
  for (int round = 0; round < 3; ++round) {
    QApplication::processEvents();
    window.picture();
  }
  QByteArray png;
  QBuffer buffer(&png);
  if (!window.picture().save(&buffer, "PNG"))
    return fail(ExitCode::failure, "the window can't be turned into a picture");
  genu::io::write_text(file.toStdString(), {png.constData(), static_cast<std::size_t>(png.size())});
  return static_cast<int>(ExitCode::ok);
}

void show_ultrasound(genu::viewer::UltrasoundPanel& panel, const Request& request) {
  panel.find_needles(request.needle);
  if (request.setup) panel.use_setup(*request.setup);
  if (request.live) panel.connect_to(*request.live);
  if (request.ultrasound) {
    panel.show_recording(genu::viewer::open_ultrasound(*request.ultrasound));
    panel.go_to(request.frame);
  }
}

int run(int argc, char** argv) {
  QStringList arguments;
  for (int a = 0; a < argc; ++a) arguments << QString::fromLocal8Bit(argv[a]);
  int exit_code = 0;
  const std::optional<Request> request = parse(arguments, exit_code);
  if (!request) return exit_code;
  if (request->folder && !std::filesystem::is_directory(*request->folder))
    return fail(ExitCode::bad_input, "there is no case folder " + request->folder->string());

  vtkObject::GlobalWarningDisplayOff();
  qInstallMessageHandler(end_on_fatal);
  QSurfaceFormat::setDefaultFormat(QVTKOpenGLNativeWidget::defaultFormat());
  QApplication::setAttribute(Qt::AA_EnableHighDpiScaling);
  QApplication app(argc, argv);
  QApplication::setApplicationName("genu-viewer");
  genu::viewer::theme::apply(app);

  genu::viewer::MainWindow window(can_draw_3d());
  window.resize(request->size);
  if (!request->tab.isEmpty()) window.show_tab(request->tab);
  show_ultrasound(window.ultrasound(), *request);
  window.show_expected_view(request->expected);
  if (request->screenshot.isEmpty()) {
    window.show();
    if (request->folder) QTimer::singleShot(0, &window, [&] { window.load(*request->folder); });
    return QApplication::exec();
  }
  std::shared_ptr<const genu::viewer::OpenedCase> opened;
  if (request->folder) opened = genu::viewer::open_case(*request->folder);
  window.show();
  window.show_case(opened);
  return take_screenshot(window, request->screenshot);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const genu::IoError& error) {
    return fail(ExitCode::bad_input, genu::describe(error));
  } catch (const genu::InvalidInput& error) {
    return fail(ExitCode::bad_input, genu::describe(error));
  } catch (const std::exception& error) {
    return fail(ExitCode::failure, genu::describe(error));
  }
}
