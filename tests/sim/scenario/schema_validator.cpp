#include "tests/sim/scenario/schema_validator.hpp"

#include <vector>

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {

std::string SchemaValidator::problems(std::string_view yaml) const {
    std::vector<Problem> unreadable;
    const auto root = parse_yaml(yaml, "f", unreadable);
    if (!root) return "no YAML: " + unreadable.at(0).message;
    return schema_.problems(json_text(*root));
}

}  // namespace pushsim::scenario
