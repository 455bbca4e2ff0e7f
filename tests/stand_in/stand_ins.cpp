#include "tests/stand_in/stand_ins.hpp"

#include <exception>
#include <string_view>

#include "tests/stand_in/challenge.hpp"

namespace pushsim::stand_in {
namespace {

/// What stands between the first `before` and the `after` behind it; empty where they are not there.
std::string between(std::string_view text, std::string_view before, char after) {
    const auto at = text.find(before);
    if (at == std::string_view::npos) return "";
    const auto begin = at + before.size();
    return std::string(text.substr(begin, text.find(after, begin) - begin));
}

}  // namespace

std::string agent_in(const HttpRequest& request) {
    const bool session = request.target.starts_with("/v3.0/sessions");
    return session ? between(request.body, R"("agent_id":")", '"') : between(request.target, "/agents/", '/');
}

HttpResponse StandIns::record_of(const std::string& target) {
    const bool is_decided = !asked_for_.insert(target).second || decides_at_once;
    return lifecycle::json_answer(
        200, is_decided
                 ? R"({"data":{"attributes":{"stage":"verification_complete","evaluation":"pass"}}})"
                 : R"({"data":{"attributes":{"stage":"evaluating_evidence","evaluation":"pending"}}})");
}

HttpResponse StandIns::answer(const HttpRequest& request) {
    if (request.method == "GET" && request.target.find("/attestations/") != std::string::npos)
        return record_of(request.target);
    if (request.method == "GET" && request.target != "/version") return {200, {}, std::string(500, 'x')};
    const std::string agent = agent_in(request);
    auto* peer = of(agent);
    if (peer == nullptr) return lifecycle::bare_status(503);
    try {
        return peer->answer(request);
    } catch (const std::exception&) {  // no call of an agent, or none that a TPM's owner would make
        return lifecycle::bare_status(400);
    }
}

void StandIns::asks_for_ima(const std::string& agent) {
    if (auto* peer = of(agent)) peer->pcrs = "0,7,10";
}

lifecycle::StandIn* StandIns::of(const std::string& agent) {
    const auto known = agents_.find(agent);
    if (known != agents_.end()) return &known->second;
    if (agents_.size() >= most_) return nullptr;
    auto& made = agents_.try_emplace(agent, clock_, agent, static_cast<int>(agents_.size())).first->second;
    made.session_lifetime = session_lifetime_;
    made.challenge_lifetime = challenge_lifetime;
    made.refuses_expired_tokens = true;
    made.asks_for_logs = true;
    made.seconds_to_next = "0";
    made.challenge = challenge_for;
    made.nonce = [this] {
        Bytes octets;
        for (int draw = 0; draw < 2; ++draw) {
            const std::uint64_t drawn = random_.next();
            for (unsigned shift = 0; shift < 64; shift += 8)
                octets.push_back(static_cast<std::uint8_t>(drawn >> shift));
        }
        return octets;
    };
    return &made;
}

}  // namespace pushsim::stand_in
