#pragma once
// Tables of broken scenarios with the exact problems that the loader must report.

#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "sim/scenario/language.hpp"
#include "sim/scenario/loader.hpp"

namespace pushsim::scenario {

/// The lines of a small valid scenario, any of which a case replaces. `more` is line 5 and on.
struct Parts {
    std::string head = "scenario: s";
    std::string agents = "agents: { a: {} }";
    std::string script = "script: [ attest ]";
    std::string expect = "expect: [ accounted ]";
    std::string more = "";

    std::string text() const {
        std::string lines;
        for (const std::string& part : {head, agents, script, expect, more})
            lines += part.empty() ? "" : part + "\n";
        return lines;
    }
};

struct Broken {
    const char* name;
    Parts parts;
    std::string problems;  ///< "line:column: message", one a line
};

inline void PrintTo(const Broken& broken, std::ostream* out) {
    *out << "\n" << broken.parts.text();
}

inline std::string case_name(const testing::TestParamInfo<Broken>& info) {
    return info.param.name;
}

/// Of a text without mistakes; its plan, written out, loads again as itself.
inline Scenario read(const std::string& text) {
    const LoadResult result = load_text(text, "f");
    EXPECT_TRUE(result.ok()) << result.text() << text;
    if (!result.ok()) return {};
    const Scenario& scenario = result.scenarios[0];
    const LoadResult again = load_text(resolved(scenario), "again");
    EXPECT_TRUE(again.ok()) << again.text() << resolved(scenario);
    EXPECT_TRUE(again.ok() && same_plan(again.scenarios[0], scenario)) << resolved(scenario);
    return scenario;
}
inline Scenario read(const Parts& parts) {
    return read(parts.text());
}

/// Problems as the tables have them, without the file's name and pushsim's version.
inline std::string problems_of(const std::string& text) {
    const std::string with_version = " in pushsim " + std::string(version());
    std::string lines;
    for (const Problem& problem : load_text(text, "f").problems) {
        std::string line = problem.text().substr(2);
        if (line.ends_with(with_version)) line.erase(line.size() - version().size() - 1);
        lines += (lines.empty() ? "" : "\n") + line;
    }
    return lines;
}

class BrokenScenario : public testing::TestWithParam<Broken> {};

}  // namespace pushsim::scenario
