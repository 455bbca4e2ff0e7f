#pragma once
// The JSON Schema of scenarios, as an editor applies it.

#include <memory>
#include <string>
#include <string_view>

namespace pushsim::scenario {

class SchemaValidator {
  public:
    explicit SchemaValidator(const std::string& schema);
    ~SchemaValidator();
    SchemaValidator(const SchemaValidator&) = delete;
    SchemaValidator& operator=(const SchemaValidator&) = delete;

    /// What the schema has against that YAML; empty where it is valid.
    std::string problems(std::string_view yaml) const;

  private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

}  // namespace pushsim::scenario
