#include "tests/sim/scenario/schema_validator.hpp"

#include <stdexcept>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {

using Adapter = valijson::adapters::NlohmannJsonAdapter;

struct SchemaValidator::Parsed {
    nlohmann::json json;
    valijson::Schema schema;
};

SchemaValidator::SchemaValidator(const std::string& schema) : parsed_(std::make_unique<Parsed>()) {
    parsed_->json = nlohmann::json::parse(schema);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7)
        .populateSchema(Adapter(parsed_->json), parsed_->schema);
}

SchemaValidator::~SchemaValidator() = default;

std::string SchemaValidator::problems(std::string_view yaml) const {
    std::vector<Problem> unreadable;
    const auto root = parse_yaml(yaml, "f", unreadable);
    if (!root) return "no YAML: " + unreadable.at(0).message;
    const auto json = nlohmann::json::parse(json_text(*root));
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

}  // namespace pushsim::scenario
