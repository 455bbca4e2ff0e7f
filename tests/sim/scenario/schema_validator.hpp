#pragma once
// The JSON Schema of scenarios, as an editor applies it.

#include <string>
#include <string_view>

#include "tests/json_schema.hpp"

namespace pushsim::scenario {

class SchemaValidator {
  public:
    explicit SchemaValidator(const std::string& schema) : schema_(schema) {}

    /// What the schema has against that YAML; empty where it is valid.
    std::string problems(std::string_view yaml) const;

  private:
    JsonSchema schema_;
};

}  // namespace pushsim::scenario
