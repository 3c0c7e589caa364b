// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <genu/report/case_report.h>

// The sections of the page, in the order shown. Each says what is missing.
namespace genu::report {

std::string headline(const io::Case& knee);
std::string stage_section(const io::Case& knee);
std::string flags_section(const io::Case& knee);
std::string measures_section(const io::Case& knee);
std::string thickness_section(const io::Case& knee, const std::vector<Figure>& figures);
std::string lesions_section(const io::Case& knee);
std::string menisci_section(const io::Case& knee);  ///< Empty where no meniscus is labelled.
std::string spurs_section(const io::Case& knee);    ///< Empty where no bone's margin was looked at.
std::string slices_section(const io::Case& knee, const std::vector<Figure>& figures);
std::string plans_section(const io::Case& knee, const std::vector<Figure>& figures);
std::string segmentation_section(const io::Case& knee);
std::string origin_section(const io::Case& knee);

/// Returns the figures of a section whose names begin with `prefix`, side by side; empty if there are none.
std::string gallery(const std::vector<Figure>& figures, std::string_view section,
                    std::string_view prefix = {});

}  // namespace genu::report
