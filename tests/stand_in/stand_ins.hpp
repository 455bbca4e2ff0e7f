#pragma once
// A registrar and a verifier for any number of agents: one scripted peer for each. It judges nothing, takes
// any quote for a good one, and exists to measure what our own clients cost (DESIGN, decision 1): no report
// may call it a verifier.

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <unordered_map>

#include "agent/base/http.hpp"
#include "agent/base/random.hpp"
#include "agent/base/time.hpp"
#include "tests/agent/lifecycle/peer.hpp"

namespace pushsim::stand_in {

/// Of a call of the push protocol. Paths have it, but for those of sessions, where the body does.
std::string agent_in(const HttpRequest& request);

class StandIns {
  public:
    /// Knows `most` agents, and no more. Clock and stream (the challenges) outlive it.
    StandIns(const Clock& clock, RandomStream& random, std::size_t most,
             Duration session_lifetime = std::chrono::hours{24})
        : clock_(clock), random_(random), most_(most), session_lifetime_(session_lifetime) {}

    /// Of the push protocol; a GET of an attestation says that it is decided and has passed, but for the
    /// first time; one of anything else gets a small body. 400 for what is no call of an agent, 503 for an
    /// agent too many.
    HttpResponse answer(const HttpRequest& request);

    /// Its quotes are asked for with the IMA log's PCR.
    void asks_for_ima(const std::string& agent);

    /// Records are decided at the first look; else at the second.
    bool decides_at_once = false;
    Duration challenge_lifetime = std::chrono::minutes{30};  ///< as answers tell it

  private:
    HttpResponse record_of(const std::string& target);
    lifecycle::StandIn* of(const std::string& agent);

    const Clock& clock_;
    RandomStream& random_;
    std::size_t most_;
    Duration session_lifetime_;
    std::unordered_map<std::string, lifecycle::StandIn> agents_;
    std::set<std::string> asked_for_;  ///< attestations, by target
};

}  // namespace pushsim::stand_in
