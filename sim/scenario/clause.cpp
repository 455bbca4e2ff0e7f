#include "sim/scenario/clause.hpp"

#include "sim/scenario/reading.hpp"

namespace pushsim::scenario {

ClauseResult read_clause(const Node& node, const std::string& file) {
    ClauseResult result;
    Report report(file, result.problems);
    result.clause = read_lone_clause(report, node);
    return result;
}

ClauseResult read_clause(std::string_view text, const std::string& file) {
    ClauseResult result;
    const auto node = parse_yaml(text, file, result.problems);
    return node ? read_clause(*node, file) : result;
}

}  // namespace pushsim::scenario
