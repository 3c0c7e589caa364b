// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

// What every reader and writer of a JSON form shares.
namespace genu::io {

/// Objects written by Genu keep the order in which their fields were set.
using OrderedJson = nlohmann::ordered_json;

/// Returns the document if it is JSON and keeps to the schema of that name.
/// \param source what messages call the text: a file's name
/// \throws IoError
nlohmann::json parse_valid(std::string_view text, std::string_view schema, const std::string& source);

/// Returns the document as text: two spaces of indent, a line feed at the end, numbers that can't be measured
/// as null, texts as as_utf8 gives them.
std::string text_of(const OrderedJson& document);

}  // namespace genu::io
