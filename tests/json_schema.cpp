#include "tests/json_schema.hpp"

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

namespace pushsim {
namespace {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

void close(nlohmann::json& schema) {
    if (schema.is_object() && schema.contains("properties") && schema.value("type", "") == "object")
        schema["additionalProperties"] = false;
    if (schema.is_structured()) {
        for (auto& part : schema)
            close(part);
    }
}

}  // namespace

struct JsonSchema::Parsed {
    nlohmann::json json;
    valijson::Schema schema;
};

JsonSchema::JsonSchema(const std::string& schema) : parsed_(std::make_unique<Parsed>()) {
    parsed_->json = nlohmann::json::parse(schema);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(Adapter(parsed_->json), parsed_->schema);
}

JsonSchema::~JsonSchema() = default;

std::string JsonSchema::problems(const std::string& text) const {
    const auto json = nlohmann::json::parse(text);
    valijson::Validator validator(valijson::Validator::kStrongTypes);
    valijson::ValidationResults results;
    if (validator.validate(parsed_->schema, Adapter(json), &results)) return "";
    std::string lines;
    for (valijson::ValidationResults::Error error; results.popError(error);) {
        for (const std::string& part : error.context)
            lines += part;
        lines += " " + error.description + "\n";
    }
    return lines.empty() ? "refused" : lines;
}

std::string closed(const std::string& schema) {
    auto json = nlohmann::json::parse(schema);
    close(json);
    return json.dump();
}

}  // namespace pushsim
