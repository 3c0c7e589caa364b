// SPDX-License-Identifier: Apache-2.0
#include <genu/report/case_report.h>

#include "html.h"
#include "sections.h"

namespace genu::report {
namespace {

// Light ground and system fonts: the page is read on a ward's screen, and printed.
constexpr const char* style = R"css(
:root { color-scheme: light; --ink: #1c2027; --soft: #5b6370; --line: #d9dde3; --tint: #f4f6f8; --accent: #0b5d7a; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.6rem 1.4rem 3rem; background: #fff; color: var(--ink);
  font: 15px/1.5 "Segoe UI", "Helvetica Neue", "Liberation Sans", "DejaVu Sans", Arial, sans-serif; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-bottom: .25rem; border-bottom: 2px solid var(--accent); }
h3 { font-size: 1.02rem; margin: 1.5rem 0 .4rem; }
h4 { font-size: .93rem; margin: 1rem 0 .3rem; }
p { margin: .4rem 0; }
ul { margin: .4rem 0; padding-left: 1.3rem; }
li { margin: .15rem 0; overflow-wrap: anywhere; }
.meta, .note, figcaption { color: var(--soft); }
.note, figcaption { font-size: .87rem; }
.research { background: var(--tint); border-left: 4px solid var(--accent); padding: .5rem .8rem; margin: .9rem 0 0; }
.absent { color: var(--soft); font-style: italic; }
.stage { display: inline-block; font-size: 1.35rem; font-weight: 700; padding: .25rem .9rem; border-radius: .4rem;
  border: 1px solid var(--line); background: var(--tint); margin: .2rem 0 .3rem; }
.flag { background: #fff7e0; border-left: 4px solid #c98a00; padding: .3rem .8rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; font-size: .9rem; }
th, td { padding: .3rem .55rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; background: var(--tint); vertical-align: bottom; }
th small { font-weight: 400; color: var(--soft); }
.n { text-align: right; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
td:first-child { min-width: 14em; }
td.n:first-child { min-width: 0; }
.missing { text-align: right; color: var(--soft); font-style: italic; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem .9rem; margin: .5rem 0; font-size: .87rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.gallery { display: grid; grid-template-columns: 1fr 1fr; gap: .9rem; margin: .7rem 0; align-items: start; }
.gallery.screen { grid-template-columns: 1.2fr 1fr 1fr; }
.gallery.followup { grid-template-columns: 1fr 1fr 1fr; }
.gallery.plan figure.wide { max-width: 46rem; }
.pair { display: grid; grid-template-columns: 1fr 1.2fr; gap: 1.2rem; align-items: start; }
.pair td:first-child { min-width: 0; white-space: nowrap; }
figure { margin: 0; break-inside: avoid; }
figure.wide { grid-column: 1 / -1; }
figure img { display: block; width: 100%; height: auto; border: 1px solid var(--line); }
.legend span { white-space: nowrap; margin-right: .9rem; font-size: .87rem; }
.legend i { display: inline-block; width: .8em; height: .8em; margin-right: .35em; border: 1px solid #888; }
footer { margin-top: 2.5rem; padding-top: .6rem; border-top: 1px solid var(--line); color: var(--soft); font-size: .87rem; }
@media (max-width: 40rem) { .gallery, .gallery.screen, .pair { grid-template-columns: 1fr; } table { font-size: .8rem; } }
@page { size: A4; margin: 14mm; }
@media print {
  body { max-width: none; padding: 0; font-size: 10.5pt; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2, h3, h4 { break-after: avoid; }
  table, dl { break-inside: avoid; }
  .gallery.slices, .gallery.thickness { grid-template-columns: 1fr 1fr 1fr; gap: .5rem; }
  .gallery.plan figure.wide { max-width: 75%; }
  .note, figcaption, dl { font-size: 8.5pt; }
}
)css";

}  // namespace

std::string page_of(std::string_view title, const std::string& body) {
  std::string page = "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  page += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  page += "<title>" + escaped(title) + "</title>\n<style>" + style + "</style>\n</head>\n<body>\n";
  return page + body + "</body>\n</html>\n";
}

std::string case_page(const io::Case& knee, const std::vector<Figure>& figures) {
  std::string body = headline(knee);
  body += stage_section(knee);
  body += flags_section(knee);
  body += measures_section(knee);
  body += thickness_section(knee, figures);
  body += lesions_section(knee);
  body += menisci_section(knee);
  body += spurs_section(knee);
  body += slices_section(knee, figures);
  body += segmentation_section(knee);
  body += plans_section(knee, figures);
  body += origin_section(knee);
  body +=
      "<footer><p>Research use only. This page was computed from images and labels and was not checked by a "
      "physician; it is neither a diagnosis nor an instruction to treat. A needle plan holds for the posture "
      "of the scan alone.</p></footer>\n";
  return page_of("Knee report: " + knee.name + ", " + knee.visit, body);
}

}  // namespace genu::report
