// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <optional>
#include <utility>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include <genu/app/program.h>
#include <genu/app/progress_bar.h>
#include <genu/app/signal_stop.h>

namespace genu::app {

namespace {

constexpr std::size_t help_columns = 90;

constexpr std::string_view exit_code_table =
    "Exit codes:\n"
    "  0    done\n"
    "  1    Genu or the machine failed (no display, out of memory, a defect)\n"
    "  2    the command line makes no sense\n"
    "  3    a file can't be read or written, or its data was refused\n"
    "  4    a batch ended and some of its cases failed\n"
    "  130  interrupted; nothing half-written is left\n";

/// Breaks a paragraph at spaces; lines that the author broke stay broken.
std::string wrapped(std::string_view text, std::size_t indent) {
  std::string result;
  std::size_t column = 0;
  const std::string margin(indent, ' ');
  while (!text.empty()) {
    const std::size_t end = text.find_first_of(" \n");
    const std::string_view word = text.substr(0, end);
    if (column > 0 && column + 1 + word.size() > help_columns) {
      result += '\n';
      column = 0;
    }
    if (column == 0) {
      result += margin;
      column = indent;
    } else {
      result += ' ';
      ++column;
    }
    result += word;
    column += word.size();
    if (end == std::string_view::npos) break;
    if (text[end] == '\n') {
      result += '\n';
      column = 0;
    }
    text.remove_prefix(end + 1);
  }
  return result;
}

std::string footer_of(const Verb& verb) {
  std::string text = "Examples:\n";
  for (const Example& example : verb.examples)
    text += "  " + example.command + "\n" + wrapped(example.meaning, 6) + "\n";
  if (!verb.references.empty()) {
    text += "\nReferences:\n";
    for (const std::string& reference : verb.references) text += wrapped(reference, 2) + "\n";
  }
  return text + "\n" + std::string(exit_code_table);
}

std::string on_one_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (std::size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at))
    text.replace(at, 1, "; ");
  return text;
}

/// Returns the verb that was used, or the group whose verb is not known.
const CLI::App& last_used(const CLI::App& parser) {
  const CLI::App* last = &parser;
  while (!last->get_subcommands().empty()) last = last->get_subcommands().back();
  return *last;
}

/// The parser's own words, but for what it calls subcommands.
std::string what_is_wrong(const CLI::App& parser, const CLI::ParseError& error) {
  const CLI::App& last = last_used(parser);
  if (last.get_require_subcommand_min() == 0) return error.what();
  const auto extra = last.remaining();
  return extra.empty() ? "a verb is required" : "there is no verb \"" + extra.front() + "\"";
}

/// Returns "genu us listen".
std::string whole_name(const CLI::App& verb) {
  const CLI::App* parent = verb.get_parent();
  return (parent ? whole_name(*parent) + " " : "") + verb.get_name();
}

ExitCode fail(ExitCode code, const Program& program, const std::string& message) {
  std::cout << std::flush;
  std::cerr << program.name << ": error: " << on_one_line(message) << std::endl;
  return code;
}

/// Runs the work and turns whatever it throws into one line and an exit code.
ExitCode run_work(const Program& program, const Work& work) {
  const SignalStop signals(program.last_act);
  ProgressBar bar(std::cerr, bar_on_stderr());
  try {
    const ExitCode code = work(Session(bar, signals.token()));
    bar.clear();
    if (!std::cout.flush())
      return fail(ExitCode::bad_input, program, "the results can't be written to stdout");
    return code;
  } catch (const Cancelled&) {
    bar.clear();
    return fail(ExitCode::interrupted, program, "interrupted; nothing half-written was left behind");
  } catch (const UsageError& error) {
    bar.clear();
    return fail(ExitCode::usage, program, describe(error));
  } catch (const InvalidInput& error) {
    bar.clear();
    return fail(ExitCode::bad_input, program, describe(error));
  } catch (const GeometryMismatch& error) {
    bar.clear();
    return fail(ExitCode::bad_input, program, describe(error));
  } catch (const IoError& error) {
    bar.clear();
    return fail(ExitCode::bad_input, program, describe(error));
  } catch (const std::bad_alloc&) {
    bar.clear();
    return fail(ExitCode::failure, program, "out of memory");
  } catch (const std::exception& error) {
    bar.clear();
    return fail(ExitCode::failure, program, describe(error));
  }
}

/// Adds a verb, or a group with its verbs, to the parser; the one that is used becomes `chosen`.
void add_verb(CLI::App& parser, const Verb& verb, Work& chosen) {
  CLI::App* sub = parser.add_subcommand(verb.name, verb.summary);
  sub->footer(footer_of(verb));
  sub->set_help_flag("-h,--help", "Explains this verb, with examples, and exits");
  for (const Verb& part : verb.verbs) add_verb(*sub, part, chosen);
  if (verb.verbs.empty()) {
    Work work = verb.declare(*sub);
    sub->final_callback([&chosen, work] { chosen = work; });
  } else {
    sub->require_subcommand(1);
  }
  // Only the verb's own help shows the long description; the list of verbs keeps to one line each.
  sub->preparse_callback([sub, &verb](std::size_t) { sub->description(wrapped(verb.description, 0)); });
}

}  // namespace

Session::Session(ProgressBar& bar, std::stop_token stop)
    : bar_(&bar),
      stop_(std::move(stop)),
      progress_([&bar](std::string_view what, double fraction) { bar.show(what, fraction); }, stop_) {}

void Session::print(std::string_view text) const {
  bar_->clear();
  std::cout << text;
}

void Session::note(std::string_view line) const {
  bar_->clear();
  std::cout << std::flush;
  std::cerr << line << std::endl;
}

int run_program(const Program& program, int argc, const char* const* argv) {
  CLI::App parser(program.summary, program.name);
  parser.set_version_flag("--version", program.name + " " + version());
  parser.require_subcommand(1);
  const auto formatter = parser.get_formatter();
  formatter->column_width(34);
  formatter->label("SUBCOMMAND", "VERB");
  formatter->label("Subcommands", "Verbs");
  formatter->label("REQUIRED", "(required)");
  parser.footer("Each verb explains itself with examples: " + program.name + " VERB --help\n\n" +
                std::string(exit_code_table));
  Work chosen;
  for (const Verb& verb : program.verbs) add_verb(parser, verb, chosen);
  try {
    parser.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << parser.help() << std::flush;
    return std::cout ? 0 : static_cast<int>(ExitCode::bad_input);
  } catch (const CLI::CallForVersion& request) {
    std::cout << request.what() << std::endl;
    return 0;
  } catch (const CLI::ParseError& error) {
    const std::string help = whole_name(last_used(parser)) + " --help";
    return static_cast<int>(fail(ExitCode::usage, program, what_is_wrong(parser, error) + "; see " + help));
  }
  return static_cast<int>(run_work(program, chosen));
}

std::string version() {
  return GENU_VERSION;
}

}  // namespace genu::app
