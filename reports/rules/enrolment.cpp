// What the servers know of an agent is not what it is.

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "reports/rules/rules.hpp"

namespace pushsim::reports::rule {
namespace {

/// The last line before `until` that tells an AK's name: what made the agent's keys, or an enrolment.
const history::Entry* last_ak(std::span<const history::Entry* const> lines, const history::Entry& until,
                              const history::Text* (*name)(const history::Entry*)) {
    const history::Entry* last = nullptr;
    for (const history::Entry* line : lines) {
        if (line->n >= until.n) break;
        if (name(line) != nullptr) last = line;
    }
    return last;
}

const history::Text* own_ak(const history::Entry* line) {
    const auto* made = as<history::TpmOperation>(line);
    return made != nullptr && !made->ak_name.empty() ? &made->ak_name : nullptr;
}

const history::Text* enrolled_ak(const history::Entry* line) {
    const auto* act = as<history::TenantActSeen>(line);
    const bool is_done = act != nullptr && act->status && *act->status >= 200 && *act->status < 300;
    return is_done && !act->ak_name.empty() ? &act->ak_name : nullptr;
}

bool is_refused_proof(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    return exchange != nullptr && exchange->phase == "authenticate" && exchange->method == "PATCH" &&
           exchange->status == 401;
}

const history::TenantActSeen* done(const history::Entry* line, std::string_view what) {
    const auto* act = as<history::TenantActSeen>(line);
    const bool is_done =
        act != nullptr && act->act == what && act->status && *act->status >= 200 && *act->status < 300;
    return is_done ? act : nullptr;
}

const history::ExchangeSeen* answered_404(const history::Entry* line) {
    const auto* exchange = as<history::ExchangeSeen>(line);
    const bool attests =
        exchange != nullptr && (exchange->phase == "negotiate" || exchange->phase == "submit");
    return attests && exchange->status == 404 ? exchange : nullptr;
}

constexpr const char* set_push_mode =
    "Set `mode = push` in verifier.conf and restart the verifier, then delete the agent and enrol it again.";

/// An enrolment that a verifier in pull mode refuses.
Found certificate_wanted(const AgentStory& agent) {
    for (const history::Entry* line : agent.lines) {
        const auto* act = as<history::TenantActSeen>(line);
        if (act == nullptr || act->act != "enrol" || act->status != 400 ||
            act->error.find("mTLS certificate for agent is required") == std::string::npos)
            continue;
        return {{.subject = "mTLS certificate",
                 .cause = "The verifier refused the enrolment: it wants the agent's mTLS certificate, which "
                          "only agents in pull mode have. It is in pull mode itself, with enable_agent_mtls.",
                 .mend = "Set `mode = push` in verifier.conf, restart the verifier and enrol the agent; "
                         "certificates are of no use to a push agent.",
                 .evidence = lines_of({line})}};
    }
    return {};
}

}  // namespace

/// Of an agent that was registered anew, with another TPM or AK, and is enrolled with the old one.
Found proof_with_another_ak(const AgentStory& agent, const Stories& /*all*/) {
    for (const history::Entry* refused : agent.lines) {
        if (!is_refused_proof(refused)) continue;
        const history::Entry* own = last_ak(agent.lines, *refused, own_ak);
        const history::Entry* enrolled = last_ak(agent.lines, *refused, enrolled_ak);
        if (own == nullptr || enrolled == nullptr || *own_ak(own) == *enrolled_ak(enrolled)) continue;
        return {
            {.cause = fmt::format(
                 "The verifier did not take the proof of possession (401): the agent's AK has the name "
                 "{}, and it is enrolled with that of the name {}. The AK of an enrolment is that of the "
                 "registration at that time; who registers with another TPM, or makes another AK, stays "
                 "enrolled with the old one.",
                 *own_ak(own), *enrolled_ak(enrolled)),
             .mend = "If the new TPM or AK is right, delete the agent at the verifier and enrol it again.",
             .evidence = lines_of({refused, own, enrolled}),
             .enrols_again = true}};
    }
    return {};
}

/// In push mode a 404 has a JSON body with a code. That the agent is enrolled its token shows.
Found verifier_in_pull_mode(const AgentStory& agent, const Stories& /*all*/) {
    Found found = certificate_wanted(agent);
    const history::Entry* proof = nullptr;
    const std::size_t before = found.size();
    for (const history::Entry* line : agent.lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange != nullptr && exchange->token_lifetime) proof = line;
        const auto* refused = answered_404(line);
        if (refused == nullptr || !refused->code.empty() || refused->response.size > 0 || proof == nullptr)
            continue;
        if (found.size() > before) {
            ++found.back().more;
            continue;
        }
        found.push_back(
            {.subject = "no attestations",
             .cause = "The verifier gave the agent a token, so it is enrolled, and answered its attestation "
                      "with 404 and an empty body: it has no attestations at all, as in pull mode. One in "
                      "push mode says in a JSON body what it did not find.",
             .mend = set_push_mode,
             .evidence = lines_of({line, proof})});
    }
    return found;
}

/// The first of them after each deletion; further ones are counted.
Found deleted_by_tenant(const AgentStory& agent, const Stories& /*all*/) {
    Found found;
    const history::Entry* deletion = nullptr;
    const history::Entry* told = nullptr;
    for (const history::Entry* line : agent.lines) {
        if (done(line, "delete") != nullptr) deletion = line;
        if (done(line, "enrol") != nullptr) deletion = nullptr;
        const auto* refused = answered_404(line);
        if (deletion == nullptr || refused == nullptr || refused->code != "not_found") continue;
        if (std::exchange(told, deletion) == deletion) {
            ++found.back().more;
            continue;
        }
        found.push_back(
            {.cause = "The tenant had deleted the agent at the verifier, and it went on. It is answered with "
                      "404, not with 401, for its token is still good: sessions stay when an agent is "
                      "deleted, and hold for the next enrolment of the id, too.",
             .mend = "Stop the agent, or enrol it again. Before the id is enrolled for another machine, wait "
                     "for session_lifetime: until then whoever has the old token attests as the new agent.",
             .evidence = lines_of({line, deletion})});
    }
    return found;
}

/// Two agents of the history are two TPMs; of others the registrar says it.
Found id_of_another_tpm(const AgentStory& agent, const Stories& all) {
    for (const history::Entry* line : agent.lines) {
        const auto* refused = as<history::ExchangeSeen>(line);
        if (refused == nullptr || refused->phase != "register" || refused->status != 403) continue;
        const history::Entry* owner = nullptr;
        if (const auto same_id = all.registrations.find(refused->target);
            same_id != all.registrations.end()) {
            for (const history::Entry* registered : same_id->second) {
                if (registered->n < line->n && registered->where->agent != agent.name) owner = registered;
            }
        }
        const bool is_said = refused->response.body.find("different TPM identity") != std::string::npos;
        if (owner == nullptr && !is_said) continue;
        Diagnosis taken{
            .cause = fmt::format("The registrar refused the registration: the id {} is registered by {}, and "
                                 "stays with the TPM that registered it first.",
                                 refused->target.view().substr(refused->target.view().rfind('/') + 1),
                                 owner != nullptr ? owner->where->agent : "another TPM"),
            .mend =
                "Give each machine an id of its own (`uuid = hash_ek` in the agent's configuration; an id "
                "that was copied with an image is the first machine's). Where the TPM was exchanged on "
                "purpose, delete the agent at the verifier and at the registrar: keylime_tenant -c delete "
                "-u <id>, then keylime_tenant -c regdelete -u <id>.",
            .evidence = lines_of({line})};
        if (owner != nullptr) taken.evidence.push_back(owner->n);
        return {std::move(taken)};
    }
    return {};
}

}  // namespace pushsim::reports::rule
