// SPDX-License-Identifier: Apache-2.0
// What was measured of cartilage, menisci and the margins of bone.
#include <algorithm>
#include <cmath>

#include "html.h"
#include "sections.h"

namespace genu::report {

namespace {

Table measures_table(const std::string& first, const std::vector<cartilage::RegionMeasures>& rows) {
  Table table({{first, "", false},
               {"Thickness ThCtAB", "mean ± SD, mm"},
               {"Median", "mm"},
               {"Least to greatest", "mm"},
               {"Where covered ThCcAB", "mean, mm"},
               {"Volume VC", "mm³"},
               {"Bone area tAB", "mm²"},
               {"Denuded dABp", "%"},
               {"Not measured", "mm²"}});
  for (const cartilage::RegionMeasures& m : rows) {
    std::string mean = number(m.ThCtAB_mean_mm, 2);
    if (!std::isnan(m.ThCtAB_mean_mm) && !std::isnan(m.ThCtAB_sd_mm))
      mean += " ± " + number(m.ThCtAB_sd_mm, 2);
    const bool has_range = !std::isnan(m.ThCtAB_min_mm) && !std::isnan(m.ThCtAB_max_mm);
    table.add({std::string(title(m.region)) + " (" + std::string(name(m.region)) + ")", mean,
               number(m.ThCtAB_median_mm, 2),
               has_range ? number(m.ThCtAB_min_mm, 2) + " to " + number(m.ThCtAB_max_mm, 2)
                         : number(m.ThCtAB_min_mm, 2),
               number(m.ThCcAB_mean_mm, 2), number(m.VC_mm3, 0), number(m.tAB_mm2, 0),
               number(m.dABp_percent, 1), number(m.not_measured_mm2, 0)});
  }
  return table;
}

/// What a compartment has: sums of its two regions.
Table sums_table(const std::vector<cartilage::RegionMeasures>& rows) {
  Table table({{"Compartment", "", false},
               {"Thickness ThCtAB", "mean, mm"},
               {"Volume VC", "mm³"},
               {"Bone area tAB", "mm²"},
               {"Denuded dABp", "%"},
               {"Not measured", "mm²"}});
  for (const cartilage::RegionMeasures& m : rows)
    table.add({std::string(title(m.region)) + " (" + std::string(name(m.region)) + ")",
               number(m.ThCtAB_mean_mm, 2), number(m.VC_mm3, 0), number(m.tAB_mm2, 0),
               number(m.dABp_percent, 1), number(m.not_measured_mm2, 0)});
  return table;
}

}  // namespace

std::string measures_section(const io::Case& knee) {
  if (!knee.cartilage) return section("Cartilage measures", absent("Cartilage was not measured."));
  const cartilage::CartilageReport& report = *knee.cartilage;
  if (report.regions.empty())
    return section("Cartilage measures", absent("No region of cartilage could be measured."));
  std::vector<cartilage::RegionMeasures> subregions, compartments;
  for (const cartilage::RegionMeasures& part : report.parts)
    (part.region < cartilage::Region::MFTC ? subregions : compartments).push_back(part);
  const std::string meaning = definitions(
      {{"tAB", "total area of subchondral bone, that is bone which bears cartilage or did"},
       {"ThCtAB", "thickness " + report.method + " over tAB, weighted by area; denuded bone counts as 0"},
       {"ThCcAB", "the same over the covered area alone"},
       {"VC", "volume of cartilage"},
       {"dABp", "denuded part of tAB in percent: bone without cartilage (thickness 0)"},
       {"Not measured",
        "part of tAB where no thickness could be had; it counts as neither covered nor denuded"}});
  std::string body = measures_table("Region", report.regions).html();
  if (!compartments.empty()) body += sums_table(compartments).html();
  if (!subregions.empty()) body += measures_table("Sub-region", subregions).html();
  body += meaning +
          paragraph(
              "Nomenclature: Eckstein et al. 2006, Osteoarthritis and Cartilage 14:974. A compartment is "
              "its tibial and its femoral region together: areas, volumes and mean thickness are sums. "
              "Sub-regions: Wirth and Eckstein 2008, IEEE Trans Med Imaging 27:737. Thickness: " +
                  method_with_parameters(report) + ".",
              "note");
  return section("Cartilage measures", body);
}

std::string thickness_section(const io::Case& knee, const std::vector<Figure>& figures) {
  std::string body = gallery(figures, "thickness");
  if (body.empty())
    body = absent(knee.cartilage && !knee.cartilage->bones.empty()
                      ? "The thickness maps were not drawn."
                      : "No thickness maps: cartilage was not measured.");
  return section("Thickness maps", body);
}

namespace {

/// What lesions take of each sub-region, and of regions that have none; empty where nothing is lost.
std::string losses_table(const cartilage::CartilageReport& report) {
  Table table({{"Sub-region", "", false},
               {"Lost", "%"},
               {"MOAKS size", ""},
               {"Lost to the bone", "%"},
               {"MOAKS full thickness", ""}});
  bool any = false;
  const auto add = [&](const cartilage::RegionMeasures& m) {
    if (!(m.focal_loss_percent > 0.0) || std::isnan(m.MOAKS_size_grade)) return;
    any = true;
    table.add({std::string(title(m.region)) + " (" + std::string(name(m.region)) + ")",
               number(m.focal_loss_percent, 1), number(m.MOAKS_size_grade, 0),
               number(m.full_thickness_loss_percent, 1), number(m.MOAKS_full_thickness_grade, 0)});
  };
  for (const cartilage::RegionMeasures& m : report.parts) add(m);
  for (const cartilage::RegionMeasures& m : report.regions) {
    const bool has_parts =
        std::any_of(report.parts.begin(), report.parts.end(), [&](const cartilage::RegionMeasures& part) {
          return part.region < cartilage::Region::MFTC && parent_of(part.region) == m.region;
        });
    if (!has_parts) add(m);
  }
  if (!any) return {};
  return table.html() +
         paragraph(
             "Lesions in percent of each sub-region's bone area, binned as MOAKS bins them (Hunter et al. "
             "2011, Osteoarthritis and Cartilage 19:990): 1 below 10 %, 2 up to 75 %, 3 above. Computed on "
             "Genu's sub-regions; it is no reader's MOAKS score.",
             "note");
}

}  // namespace

std::string lesions_section(const io::Case& knee) {
  if (!knee.cartilage) return section("Lesions", absent("No lesions: cartilage was not measured."));
  if (knee.cartilage->lesions.empty()) return section("Lesions", paragraph("No cartilage lesion was found."));
  Table table({{"Lesion", "", false},
               {"Region", "", false},
               {"Area", "mm²"},
               {"of it denuded", "mm²"},
               {"Extent", "mm × mm"},
               {"Depth", "mean, %"},
               {"at most", "%"},
               {"ICRS", "depth class"},
               {"Least thickness", "mm"},
               {"Expected thickness", "mm"},
               {"Volume lost", "mm³"}});
  for (const cartilage::Lesion& l : knee.cartilage->lesions) {
    std::string place(title(l.region));
    if (l.subregion != l.region && l.subregion != cartilage::Region::outside)
      place += " (" + std::string(name(l.subregion)) + ")";
    table.add({l.name, place, number(l.area_mm2, 0), number(l.denuded_area_mm2, 0),
               number(l.length_mm, 0) + " × " + number(l.width_mm, 0), number(l.mean_depth_percent, 0),
               number(l.max_depth_percent, 0), std::to_string(l.icrs_grade), number(l.min_thickness_mm, 2),
               number(l.expected_thickness_mm, 2), number(l.volume_lost_mm3, 0)});
  }
  return section(
      "Lesions",
      table.html() +
          paragraph("Largest first. A lesion is a connected area that is bare, or where cartilage is "
                    "thinner than the cartilage around it leads one to expect. Depth is in percent of "
                    "what is expected. ICRS depth classes: 2 less than half of the depth, 3 more, 4 down "
                    "to bone (Brittberg and Winalski 2003, J Bone Joint Surg Am 85-A Suppl 2:58); "
                    "thickness does not show class 1. Cartilage worn evenly is no lesion.",
                    "note") +
          losses_table(*knee.cartilage));
}

std::string menisci_section(const io::Case& knee) {
  if (!knee.cartilage || knee.cartilage->menisci.empty()) return {};
  Table table({{"Meniscus", "", false},
               {"Extrusion", "mm"},
               {"Covers of its plate", "%"},
               {"Covered area", "mm²"},
               {"Volume", "mm³"}});
  for (const cartilage::MeniscusMeasures& m : knee.cartilage->menisci)
    table.add({std::string(info(m.meniscus).title), number(m.extrusion_mm, 1), number(m.coverage_percent, 1),
               number(m.covered_mm2, 0), number(m.volume_mm3, 0)});
  return section("Menisci",
                 table.html() + paragraph("Extrusion is beyond the outer edge of the plate's tAB, cartilage "
                                          "lost or not, in the middle of the plate; negative: within it. "
                                          "After Bloecker et al. 2013, Osteoarthritis and Cartilage 21:419.",
                                          "note"));
}

std::string spurs_section(const io::Case& knee) {
  if (!knee.cartilage || knee.cartilage->margins.empty()) return {};
  Table table(
      {{"Margin", "", false}, {"Highest", "mm"}, {"Spurs: height × length", "mm × mm"}, {"Examined", "%"}});
  for (const cartilage::MarginMeasures& m : knee.cartilage->margins) {
    std::string spurs;
    for (const cartilage::Osteophyte& spur : m.spurs)
      spurs += (spurs.empty() ? "" : ", ") + number(spur.height_mm, 1) + " × " + number(spur.length_mm, 0);
    table.add(
        {std::string(title(m.margin)), number(m.highest_spur_mm, 1), spurs, number(m.examined_percent, 0)});
  }
  std::string note =
      "Where the bone's margin stands out of the shape that it has on both sides of the place. The tubercles "
      "and "
      "corners of the lateral tibia and the patella stand out in sound knees too; a lip along most of a "
      "margin is not "
      "found.";
  constexpr double thick_mm = 1.5;
  const double spacing_mm = knee.cartilage->margins.front().spacing_mm;
  if (spacing_mm > thick_mm)
    note +=
        " The labels are " + number(spacing_mm, 1) + " mm apart: what stands out between slices is guessed.";
  return section("Bone spurs", table.html() + paragraph(note, "note"));
}

}  // namespace genu::report
