#pragma once
// Verifiers that lie, each in one way, and the registrar beside them that does not: a suite that decides
// requirements has to notice them. No report may call them a verifier.

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "agent/base/http.hpp"
#include "tests/stand_in/stand_ins.hpp"

namespace pushsim::stand_in {

enum class Lie {
    Yes,   ///< 200 and {}, whatever is asked
    No,    ///< 403, whatever is asked
    Echo,  ///< the first good answer to that kind of request by that agent, whatever comes later
    Tell,  ///< that, and in each answer the credentials that its request bore: as they are, and encoded
};
const char* to_string(Lie lie);  ///< "yes", "no", "echo", "tell"
std::optional<Lie> lie_of(const std::string& text);

class LiarAndRegistrar {
  public:
    /// The agents' peers, whose good answers the echo gives, outlive it.
    LiarAndRegistrar(StandIns& peers, Lie lie) : peers_(peers), lie_(lie) {}

    /// While no agent is registered it does not lie of what pushsim looks at before it plays: which server it
    /// has, who is an administrator, whose a named policy is.
    HttpResponse verifier(const HttpRequest& request);
    /// Of the tenant's calls it takes those that a play needs, and knows nobody.
    HttpResponse registrar(const HttpRequest& request);

  private:
    HttpResponse echo(const HttpRequest& request);

    StandIns& peers_;
    Lie lie_;
    std::set<std::string> registered_;               ///< agents
    std::map<std::string, HttpResponse> of_agents_;  ///< good ones, by kind and agent
    std::set<std::string> again_;                    ///< those of `of_agents_` that were renewed
    std::map<std::string, HttpResponse> of_any_;     ///< the last good one, by kind
};

}  // namespace pushsim::stand_in
