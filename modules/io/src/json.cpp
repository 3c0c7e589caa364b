// SPDX-License-Identifier: Apache-2.0
#include "json.h"

#include <string>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include <genu/core/error.h>
#include <genu/io/files.h>
#include <genu/io/results.h>

namespace genu::io {
namespace {

using nlohmann::json;
using Adapter = valijson::adapters::NlohmannJsonAdapter;

json parsed(std::string_view text, const std::string& source) {
  try {
    return json::parse(text);
  } catch (const json::exception& error) {  // also a number beyond what a double holds
    const std::string what = error.what();  // "[json.exception.parse_error.101] parse error at line ..."
    const auto at = what.find("] ");
    throw IoError("cannot read '" + source +
                  "': it is not JSON: " + (at == std::string::npos ? what : what.substr(at + 2)));
  }
}

/// A place in a document in the words of RFC 6901: "/regions/2/region".
std::string place_of(const std::vector<std::string>& context) {
  std::string place;
  for (const std::string& step : context)
    if (step.starts_with('[') && step.ends_with(']')) place += "/" + step.substr(1, step.size() - 2);
  return place;
}

/// The value at a place, cut to a readable length.
std::string value_at(const json& document, const std::string& place) {
  constexpr std::size_t most = 80;
  try {
    const std::string text = document.at(json::json_pointer(place)).dump();
    return text.size() > most ? text.substr(0, most) + "..." : text;
  } catch (const json::exception&) {
    return "nothing";
  }
}

std::string breaches(valijson::ValidationResults& results, const json& document) {
  constexpr std::size_t most = 10;
  std::string text;
  std::size_t count = 0;
  for (valijson::ValidationResults::Error error; results.popError(error); ++count) {
    // An element that failed is told again by each object around it; the innermost says why.
    if (error.description.starts_with("Failed to validate against schema associated with property") ||
        error.description.starts_with("Failed to validate item") ||
        error.description.starts_with("Failed to validate against additional properties"))
      continue;
    if (count < most) {
      const std::string place = place_of(error.context);
      text += (text.empty() ? "" : "; ") + std::string("at ") + (place.empty() ? "/" : place) + ": " +
              error.description + " (value: " + value_at(document, place) + ")";
    }
  }
  return text;
}

void require_valid(const json& document, std::string_view schema_name, const std::string& source) {
  const auto file = data_file("schemas/" + std::string(schema_name) + ".schema.json");
  const json schema_document = parsed(read_text(file), file.string());
  valijson::Schema schema;
  valijson::SchemaParser parser;
  try {
    parser.populateSchema(Adapter(schema_document), schema);
  } catch (const std::exception& error) {
    throw IoError("cannot read the schema '" + file.string() + "': " + error.what());
  }
  // Strong types: the text "3" is no number.
  valijson::Validator validator(valijson::Validator::kStrongTypes);
  valijson::ValidationResults results;
  if (!validator.validate(schema, Adapter(document), &results))
    throw IoError("cannot read '" + source + "': it breaks the schema '" + std::string(schema_name) + "' " +
                  breaches(results, document));
}

}  // namespace

json parse_valid(std::string_view text, std::string_view schema, const std::string& source) {
  json document = parsed(text, source);
  require_valid(document, schema, source);
  return document;
}

std::string text_of(const OrderedJson& document) {
  return document.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

std::string as_utf8(std::string_view text) {
  // The one place that knows what is UTF-8 is the JSON writer; its own text is read back.
  return json::parse(json(text).dump(-1, ' ', false, json::error_handler_t::replace)).get<std::string>();
}

void validate_json(std::string_view text, std::string_view schema, const std::string& source) {
  parse_valid(text, schema, source);
}

}  // namespace genu::io
