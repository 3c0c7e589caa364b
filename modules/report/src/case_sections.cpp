// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstdio>

#include <genu/core/text.h>
#include <genu/core/tissue.h>

#include "html.h"
#include "sections.h"

namespace genu::report {
namespace {

std::string listed(const std::vector<staging::Stage>& stages) {
  std::string text;
  for (std::size_t s = 0; s < stages.size(); ++s)
    text += (s == 0 ? "" : s + 1 == stages.size() ? " or " : ", ") + std::string(name(stages[s]));
  return text;
}

std::string described(const ImageGeometry& grid) {
  char text[128];
  std::snprintf(text, sizeof text, "%lld x %lld x %lld voxels of %.3g x %.3g x %.3g mm",
                static_cast<long long>(grid.size()[0]), static_cast<long long>(grid.size()[1]),
                static_cast<long long>(grid.size()[2]), grid.spacing_mm().x, grid.spacing_mm().y,
                grid.spacing_mm().z);
  return text;
}

std::vector<Tissue> tissues_in(const LabelMap& labels) {
  std::array<bool, 256> found{};
  for (const Tissue t : labels.voxels()) found[static_cast<std::size_t>(t)] = true;
  std::vector<Tissue> present;
  for (const TissueInfo& row : tissues())
    if (row.tissue != Tissue::background && found[static_cast<std::size_t>(row.tissue)])
      present.push_back(row.tissue);
  return present;
}

std::string colour_legend(const LabelMap& labels) {
  std::string html = "<p class=\"legend\">";
  for (const Tissue tissue : tissues_in(labels)) {
    const TissueInfo& row = info(tissue);
    char colour[8];
    std::snprintf(colour, sizeof colour, "#%02x%02x%02x", row.colour[0], row.colour[1], row.colour[2]);
    html +=
        std::string("<span><i style=\"background:") + colour + "\"></i>" + escaped(row.title) + "</span> ";
  }
  return html + "</p>\n";
}

/// One row a place, one column a measure.
std::string evidence_table(const std::vector<staging::Evidence>& evidence) {
  std::vector<std::string> places, titles, measures;
  std::vector<Table::Column> columns{{"Evidence", "", false}};
  for (const staging::Evidence& e : evidence) {
    if (std::find(places.begin(), places.end(), e.place) == places.end()) {
      places.push_back(e.place);
      titles.push_back(place_title(e));
    }
    if (std::find(measures.begin(), measures.end(), e.measure) != measures.end()) continue;
    measures.push_back(e.measure);
    columns.push_back({e.measure, e.unit, true});  // "dABp" is a name: no capital
  }
  Table table(columns);
  for (std::size_t p = 0; p < places.size(); ++p) {
    std::vector<std::string> cells{titles[p]};
    for (const std::string& measure : measures) {
      const auto found = std::find_if(evidence.begin(), evidence.end(), [&](const staging::Evidence& e) {
        return e.place == places[p] && e.measure == measure;
      });
      cells.push_back(found == evidence.end() ? "" : number(found->value, 1));
    }
    table.add(cells);
  }
  return table.html();
}

std::string compartments_table(const std::vector<staging::CompartmentStage>& compartments) {
  if (compartments.empty()) return {};
  Table table(
      {{"Compartment", "", false}, {"Stage", "", false}, {"Confidence", "", false}, {"Why", "", false}});
  for (const staging::CompartmentStage& c : compartments)
    table.add({std::string(title(c.compartment)),
               c.stage ? std::string(name(*c.stage)) : "none: " + listed(c.possible) + " remain possible",
               c.confidence ? std::string(name(*c.confidence)) : "", c.reason});
  return table.html();
}

/// Returns the day of an ISO 8601 time; other texts as they are.
std::string day_of(const std::string& created) {
  return created.size() > 10 && created[10] == 'T' ? created.substr(0, 10) : created;
}

}  // namespace

std::string gallery(const std::vector<Figure>& figures, std::string_view section_name,
                    std::string_view prefix) {
  std::string html;
  for (const Figure& figure : figures) {
    if (figure.section != section_name || !figure.name.starts_with(prefix)) continue;
    const bool wide = figure.name.ends_with("-3d");
    html += std::string("<figure") + (wide ? " class=\"wide\"" : "") + "><img alt=\"" +
            escaped(figure.caption) + "\" width=\"" + std::to_string(figure.picture.width) + "\" height=\"" +
            std::to_string(figure.picture.height) + "\" src=\"data:image/png;base64," +
            base64(render::encode_png(figure.picture)) + "\"><figcaption>" + escaped(figure.caption) +
            "</figcaption></figure>\n";
  }
  return html.empty() ? html
                      : "<div class=\"gallery " + std::string(section_name) + "\">\n" + html + "</div>\n";
}

std::string headline(const io::Case& knee) {
  std::string facts = "Visit: " + knee.visit;
  if (knee.cartilage) {
    facts = capitalised(std::string(name(knee.cartilage->side))) + " knee";
    if (!knee.cartilage->side_source.empty())
      facts += " (side known from: " + knee.cartilage->side_source + ")";
    facts += " · visit: " + knee.visit;
  }
  if (!knee.created.empty()) facts += " · made " + day_of(knee.created);
  return "<header>\n<h1>" + escaped(knee.name) + "</h1>\n" + paragraph(facts, "meta") +
         "<p class=\"research\"><strong>For research use only.</strong> Not a medical device; every number "
         "and every "
         "plan needs a physician's own judgement.</p>\n</header>\n";
}

std::string stage_section(const io::Case& knee) {
  if (!knee.stage) return section("Stage", absent("No stage: this case was not staged."));
  const staging::StageReport& stage = *knee.stage;
  std::string body = "<p class=\"stage\">" +
                     escaped(stage.stage ? capitalised(std::string(name(*stage.stage))) : "No stage given") +
                     "</p>\n";
  if (!stage.stage)
    body += paragraph(stage.possible.empty() ? "The evidence does not allow one."
                                             : "The evidence leaves open: " + listed(stage.possible) + ".");
  if (stage.confidence)
    body += paragraph("Confidence, as far as thresholds go: " + std::string(name(*stage.confidence)) + ".");
  body += bullets(stage.reasons) + compartments_table(stage.compartments);
  if (!stage.evidence.empty()) {
    body += evidence_table(stage.evidence);
  } else {
    body += absent("No evidence could be used.");
  }
  body += paragraph(stage.statement, "note");
  return section("Stage", body);
}

std::string flags_section(const io::Case& knee) {
  std::vector<std::string> notes;
  if (knee.cartilage) {
    for (const std::string& doubt : knee.cartilage->doubts) notes.push_back("In doubt: " + doubt);
    notes.insert(notes.end(), knee.cartilage->flags.begin(), knee.cartilage->flags.end());
  }
  if (!knee.image) notes.push_back("No image was given: everything rests on the labels alone.");
  if (!knee.labels) notes.push_back("No labels were given.");
  if (knee.anatomy) {
    if (knee.anatomy->skin.empty())
      notes.push_back(
          "The skin is not known" +
          (knee.anatomy->skin_source.empty() ? std::string() : " (" + knee.anatomy->skin_source + ")") + ".");
    if (!knee.anatomy->missing.empty()) {
      std::string missing;
      for (const std::string& m : knee.anatomy->missing) missing += (missing.empty() ? "" : ", ") + spaced(m);
      notes.push_back("Not known for planning: " + missing + ".");
    }
  }
  if (notes.empty()) return section("Flags and limits", paragraph("Nothing was flagged."));
  return section("Flags and limits", "<div class=\"flag\">\n" + bullets(notes) + "</div>\n");
}

std::string slices_section(const io::Case& knee, const std::vector<Figure>& figures) {
  std::string body;
  if (!knee.image && !knee.labels)
    body = absent("No image and no labels were given.");
  else if (!knee.image)
    body = paragraph("No image was given: the slices show the labels.", "note");
  else if (!knee.labels)
    body = paragraph("No labels were given: the slices show the image alone.", "note");
  const std::string pictures = gallery(figures, "slices");
  if (pictures.empty() && (knee.image || knee.labels)) body += absent("The slices were not drawn.");
  if (!pictures.empty() && knee.labels) body += colour_legend(*knee.labels);
  body += pictures;
  if (!pictures.empty())
    body += paragraph(
        "Letters: R right, L left, A anterior, P posterior, S superior, I inferior. Coronal and axial slices "
        "show the "
        "patient's right on the left.",
        "note");
  return section("Slices", body);
}

std::string segmentation_section(const io::Case& knee) {
  if (!knee.segmentation)
    return section("Segmentation",
                   knee.labels ? paragraph("The labels were given; how good they are is not known here.")
                               : absent("There are no labels."));
  const segmentation::Quality& quality = knee.segmentation->quality;
  const bool pass = quality.verdict == segmentation::Verdict::pass;
  std::string body = paragraph(pass ? "Pass: nothing in it calls for a second look."
                                    : "Review: look at the outlines before relying on any number here.");
  body += bullets(quality.reasons);
  Table table({{"Structure", "", false}, {"Volume", "ml"}, {"Dice to expect", ""}, {"Standing", "", false}});
  for (const segmentation::StructureQuality& s : quality.structures)
    table.add({std::string(info(s.tissue).title), number(s.volume_mm3 / 1000.0, 1),
               s.volume_mm3 > 0.0 ? number(s.score, 2) : "none found",
               s.validated ? "validated" : "best effort"});
  return section(
      "Segmentation",
      body + table.html() +
          paragraph(
              "Made by a network that learnt from synthetic images of real anatomy. Dice to expect: the "
              "overlap "
              "with a careful reader's outline that results with such evidence had on knees held back from "
              "training; 1 is perfect.",
              "note"));
}

std::string origin_section(const io::Case& knee) {
  std::string inputs;
  for (const std::string& input : knee.inputs) inputs += (inputs.empty() ? "" : "; ") + input;
  std::vector<std::array<std::string, 2>> rows{{"Inputs", inputs.empty() ? "not recorded" : inputs}};
  rows.push_back({"Image", knee.image ? described(knee.image->geometry()) : "none was given"});
  rows.push_back({"Labels", !knee.labels        ? "none were given"
                            : knee.segmentation ? "made by Genu's network"
                                                : described(knee.labels->geometry())});
  if (knee.cartilage) {
    rows.push_back({"Thickness", knee.cartilage->method.empty() ? "not recorded"
                                                                : method_with_parameters(*knee.cartilage)});
  }
  if (knee.stage)
    rows.push_back({"Staging rule", knee.stage->rule_name + ", version " + knee.stage->rule_version});
  rows.push_back({"Genu version", knee.genu_version.empty() ? "not recorded" : knee.genu_version});
  rows.push_back({"Made", knee.created.empty() ? "not recorded" : knee.created});
  return section("Origin", definitions(rows));
}

}  // namespace genu::report
