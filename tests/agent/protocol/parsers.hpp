#pragma once
// All parsers of answers behind one signature, for tests that treat them alike.

#include <functional>
#include <string>
#include <vector>

#include "agent/protocol/protocol.hpp"

namespace pushsim::protocol::testing {

struct Parser {
    std::string name;
    int status;  ///< it succeeds with
    std::function<Result<void>(const HttpResponse&)> parse;
};

template <typename T>
Parser parser(std::string name, int status, Result<T> (*parse)(const HttpResponse&, std::string_view)) {
    return {std::move(name), status, [parse](const HttpResponse& answer) -> Result<void> {
                auto result = parse(answer, "CALL");
                if (!result) return fail(result.error());
                return {};
            }};
}

inline const std::vector<Parser>& all_parsers() {
    static const std::vector<Parser> parsers = {
        parser("versions", 200, parse_versions),
        parser("registration", 200, parse_registration),
        parser("activation", 200, parse_activation),
        parser("session", 200, parse_session),
        parser("proof", 200, parse_proof),
        parser("negotiation", 201, parse_negotiation),
        parser("evidence", 202, parse_evidence_answer),
        parser("done", 200, parse_done),
        parser("status", 200, parse_status),
        parser("list", 200, parse_list),
        parser("registrar agent", 200, parse_registrar_agent),
    };
    return parsers;
}

inline const Parser& parser_named(const std::string& name) {
    for (const Parser& candidate : all_parsers()) {
        if (candidate.name == name) return candidate;
    }
    throw std::invalid_argument("no parser " + name);
}

}  // namespace pushsim::protocol::testing
