#pragma once
// A published JSON Schema, as programs and editors apply it.

#include <memory>
#include <string>

namespace pushsim {

class JsonSchema {
  public:
    /// Of draft 7; throws if it is none.
    explicit JsonSchema(const std::string& schema);
    ~JsonSchema();
    JsonSchema(const JsonSchema&) = delete;
    JsonSchema& operator=(const JsonSchema&) = delete;

    /// What the schema has against that JSON, a line for each; empty where it is valid.
    std::string problems(const std::string& json) const;

  private:
    struct Parsed;
    std::unique_ptr<Parsed> parsed_;
};

/// The same schema, but what has a list of properties has no others. Readers pass over members that they do
/// not know; a test sees whether the schema names all that are written.
std::string closed(const std::string& schema);

}  // namespace pushsim
