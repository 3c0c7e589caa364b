// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <utility>

#include <genu/core/error.h>
#include <genu/core/text.h>
#include <genu/render/figures.h>
#include <genu/report/followup_report.h>

#include "html.h"
#include "sections.h"

namespace genu::report {
namespace {

using followup::Course;
using followup::Finding;
using followup::Verdict;

struct Side3d {
  Bone bone;
  render::View view;
  const char* name;
  const char* caption;
};
constexpr std::array sides{
    Side3d{Bone::femur, render::View::femur_from_below, "femur-below", "femur from below"},
    Side3d{Bone::tibia, render::View::tibia_from_above, "tibia-above", "tibia from above"},
    Side3d{Bone::femur, render::View::femur_from_front, "femur-front", "femur from the front"},
    Side3d{Bone::femur, render::View::femur_from_behind, "femur-behind", "femur from behind"},
    Side3d{Bone::patella, render::View::patella_from_behind, "patella-behind", "patella from behind"}};

/// Returns the report with each bone moved to where the baseline's lies.
cartilage::CartilageReport moved_to_baseline(const cartilage::CartilageReport& report,
                                             const followup::VisitChange& change) {
  cartilage::CartilageReport result;
  result.side = report.side;
  result.frame = report.frame;
  for (const followup::BoneChange& bone : change.bones)
    for (const cartilage::BoneMap& map : report.bones) {
      if (map.bone != bone.bone) continue;
      result.bones.push_back(map);
      result.bones.back().surface = moved(map.surface, bone.alignment.a_from_b);
    }
  return result;
}

std::string region_words(cartilage::Region region) {
  return std::string(title(region)) + " (" + std::string(name(region)) + ")";
}

std::string signed_number(double value, int decimals) {
  const std::string text = number(value, decimals);
  // What rounds to nothing has no sign.
  if (text.find_first_of("123456789") == std::string::npos) return number(std::abs(value), decimals);
  return value > 0.0 ? "+" + text : text;
}

/// What is not known is left empty: "not measured" is said of measures alone.
std::string known(double value, int decimals) {
  return std::isnan(value) ? "" : signed_number(value, decimals);
}

Table measures_table(const Course& course, std::size_t n, const std::vector<followup::RegionChange>& rows,
                     const followup::ComparedMeasure& measure) {
  const bool relative = measure.unit != "percent";
  std::vector<Table::Column> columns{{measure.name, relative ? measure.unit : "%", false},
                                     {course.visits[0].name, ""},
                                     {course.visits[n + 1].name, ""},
                                     {"Change", relative ? measure.unit : "points"}};
  if (relative) columns.insert(columns.end(), {{"Change", "%"}, {"a year", "%"}});
  columns.insert(columns.end(), {{"SDC", relative ? measure.unit : "points"}, {"Verdict", "", false}});
  Table table(columns);
  const int digits = measure.unit == "mm" ? 2 : relative ? 0 : 1;
  const int finer = digits + (digits > 0 ? 1 : 0);
  for (const followup::RegionChange& row : rows) {
    const Finding f = finding_on(course, n, row, measure);
    if (std::isnan(f.change.baseline) && std::isnan(f.change.followup)) continue;
    std::vector<std::string> cells{region_words(row.region), number(f.change.baseline, digits),
                                   number(f.change.followup, digits), known(f.change.difference(), finer)};
    if (relative) cells.insert(cells.end(), {known(f.percent, 1), known(f.percent_a_year, 1)});
    cells.insert(cells.end(), {std::isnan(f.sdc) ? "" : number(f.sdc, finer), std::string(name(f.verdict))});
    table.add(cells);
  }
  return table;
}

/// Says in words what is beyond error.
std::vector<std::string> sentences_on(const Course& course, std::size_t n) {
  std::vector<std::string> sentences;
  const followup::ComparedMeasure& thickness = followup::compared_measures().front();
  for (const followup::RegionChange& row : course.changes[n].regions) {
    const Finding f = finding_on(course, n, row, thickness);
    if (f.verdict != Verdict::decrease && f.verdict != Verdict::increase) continue;
    sentences.push_back(region_words(row.region) + ": " + std::string(name(f.verdict)) +
                        " of mean thickness by " + fixed(std::abs(f.change.difference()), 2) + " mm (" +
                        fixed(std::abs(f.percent), 1) + " %), beyond " + fixed(f.sdc, 3) + " mm");
  }
  std::string unjudged;
  for (const followup::RegionChange& row : course.changes[n].regions)
    if (finding_on(course, n, row, thickness).verdict == Verdict::unknown)
      unjudged += (unjudged.empty() ? "" : ", ") + std::string(name(row.region));
  if (sentences.empty() && unjudged.empty())
    sentences.emplace_back("No region's mean thickness changed beyond error.");
  if (!unjudged.empty())
    sentences.push_back("Not judged, because the change or its error is not known: " + unjudged);
  return sentences;
}

std::string scores_of(const followup::VisitChange& change) {
  if (change.ordered_mm.empty()) return {};
  std::string values;
  for (const double v : change.ordered_mm) values += (values.empty() ? "" : ", ") + fixed(v, 3);
  return paragraph("Thinning score " + fixed(change.thinning_score_mm, 2) + " mm, thickening score " +
                   fixed(change.thickening_score_mm, 2) +
                   " mm: sums of the sub-regions' decreases and increases, "
                   "wherever they are.") +
         paragraph("Ordered values, mm: " + values, "note");
}

std::string bones_of(const followup::VisitChange& change) {
  Table table({{"Alignment", "", false},
               {"Distance left", "RMS, mm"},
               {"Surfaces that met", "%"},
               {"Volume in both images", "mm³, baseline"},
               {"Follow-up", "%"}});
  for (const followup::BoneChange& bone : change.bones)
    table.add({capitalised(std::string(name(bone.bone))), number(bone.alignment.rms_mm, 2),
               number(100.0 * bone.alignment.matched_part, 0), number(bone.volume_mm3.baseline, 0),
               signed_number(bone.volume_mm3.percent(), 2)});
  return table.html();
}

std::string visit_section(const Course& course, std::size_t n, const std::vector<Figure>& figures) {
  const followup::VisitChange& change = course.changes[n];
  const auto years = years_to(course, n);
  std::string body = bullets(sentences_on(course, n));
  body += "<h3>Maps</h3>\n" + gallery(figures, "followup", std::to_string(n + 1) + "-");
  for (const followup::ComparedMeasure& measure : followup::compared_measures())
    body += measures_table(course, n, change.regions, measure).html();
  body += "<h3>Sub-regions and compartments</h3>\n" +
          measures_table(course, n, change.parts, followup::compared_measures().front()).html() +
          scores_of(change);
  body += "<h3>Bones</h3>\n" + bones_of(change);
  if (!change.flags.empty()) body += "<h3>What a reader must know</h3>\n" + bullets(change.flags);
  return section(course.visits[0].name + " to " + course.visits[n + 1].name +
                     (years ? ", " + fixed(*years, 1) + " years" : ""),
                 body);
}

std::string trends_section(const Course& course) {
  if (course.changes.size() < 2) return {};
  Table table({{"Mean thickness", "", false}, {"Change a year", "mm"}, {"Standard error", "mm"}});
  const followup::ComparedMeasure& thickness = followup::compared_measures().front();
  bool any = false;
  for (const cartilage::Region region : followup::regions_of(course)) {
    const followup::Trend trend = trend_of(course, region, thickness);
    if (std::isnan(trend.per_year) || parent_of(region) != region) continue;
    any = true;
    table.add({region_words(region), signed_number(trend.per_year, 3), known(trend.per_year_se, 3)});
  }
  return section("Trend over all visits",
                 any ? table.html() : paragraph("The times of the visits are not known.", "absent"));
}

}  // namespace

std::vector<Figure> draw_followup(const Course& course, const std::vector<io::Case>& visits,
                                  const Progress& progress) {
  if (visits.size() != course.visits.size())
    throw InvalidInput("cannot draw a course of " + std::to_string(course.visits.size()) + " visits from " +
                       std::to_string(visits.size()) + " cases");
  std::vector<Figure> figures;
  const cartilage::CartilageReport& baseline = visits.front().cartilage.value();
  for (std::size_t n = 0; n < course.changes.size(); ++n) {
    const followup::VisitChange& change = course.changes[n];
    const cartilage::CartilageReport later = moved_to_baseline(visits[n + 1].cartilage.value(), change);
    progress.report("drawing " + course.visits[n + 1].name,
                    static_cast<double>(n) / static_cast<double>(course.changes.size()));
    const auto options = [&](const std::string& words) {
      return render::ThicknessOptions{.size = 560, .words = words, .framed_like = &baseline};
    };
    for (const Side3d& side : sides)
      for (const followup::BoneChange& bone : change.bones) {
        if (bone.bone != side.bone) continue;
        const auto add = [&](const char* what, const std::string& caption, render::Picture picture) {
          figures.push_back({"followup", std::to_string(n + 1) + "-" + side.name + "-" + what,
                             capitalised(side.caption) + ", " + caption, std::move(picture)});
        };
        const std::string &before = course.visits[0].name, &after = course.visits[n + 1].name;
        add("before", before, render::thickness_figure(baseline, side.view, options(before)));
        add("after", after, render::thickness_figure(later, side.view, options(after)));
        render::ThicknessOptions scale = options("change");
        scale.max_mm = 1.0;
        add("change", "change", render::change_figure(baseline, bone.thickness_change_mm, side.view, scale));
      }
  }
  return figures;
}

std::string followup_page(const Course& course, const std::vector<Figure>& figures) {
  std::string body = "<h1>" + escaped("Follow-up of " + course.knee) + "</h1>\n";
  body += paragraph(capitalised(std::string(name(course.changes.at(0).side))) + " knee, " +
                        std::to_string(course.visits.size()) + " visits. Thickness " +
                        course.changes.at(0).method + ".",
                    "meta");
  body += paragraph("Research use only. The smallest detectable change is that of " + course.precision.name +
                        ": " + course.precision.source,
                    "research");
  for (std::size_t n = 0; n < course.changes.size(); ++n) body += visit_section(course, n, figures);
  body += trends_section(course);
  body += section(
      "What the words mean",
      definitions(
          {{"Same bone",
            "each bone is aligned by its own surface; thickness is compared where the same bone lies"},
           {"ThCtAB", "mean thickness over the bone that bears cartilage or did; denuded bone counts as 0"},
           {"VC", "volume of cartilage, as each visit was measured"},
           {"dABp", "denuded part of that bone"},
           {"SDC",
            "smallest detectable change: 1.96 times the root mean square of what unchanged knees seem to "
            "change"},
           {"Within error", "the change is not larger than the SDC"}}));
  body +=
      "<footer><p>Research use only. This page was computed from labels and was not checked by a physician; "
      "it "
      "is no diagnosis.</p></footer>\n";
  return page_of("Follow-up: " + course.knee, body);
}

}  // namespace genu::report
