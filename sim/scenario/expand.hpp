#pragma once
// What is written once and stands for more: the cases of a matrix, groups that are like others.

#include <functional>
#include <map>
#include <string>

#include "sim/scenario/values.hpp"

namespace pushsim::scenario {

/// A file has at most so many, of its matrix and of its `cases`.
inline constexpr std::size_t max_cases = 1000;
/// So many values in all of them together.
inline constexpr std::size_t max_case_nodes = 20 * max_nodes;

/// The values of a case by the names of their variables; empty where there is no matrix.
using Values = std::map<std::string, std::string>;

/// Calls `each` with every case of a map that may have a `matrix` (without that and `exclude`, `${name}`
/// replaced), in the order of the matrix, its last variable changing first; once where it has none, or none
/// that can be read.
void expand_matrix(Report& report, const Node& root,
                   const std::function<void(const Node& root, const Values& values)>& each);

/// The file's tree with the steps of its `cases` at the end of `script`, each case after its control, and
/// without `cases` and `control`. `values`: of the file's own matrix. `nodes` grows by the values in the
/// cases, over all cases of that matrix.
Node expand_cases(Report& report, const Node& root, const Values& values, std::size_t& nodes);

/// Takes the key out of the map; a second one of that name stays, and is a problem.
void take_out(Report& report, std::string_view key, Node& map);

/// The groups with what `like` gives them.
Node expand_likes(Report& report, const Node& agents);

/// "[evidence=ima,workers=4]"; empty for no values.
std::string case_label(const Values& values);

}  // namespace pushsim::scenario
