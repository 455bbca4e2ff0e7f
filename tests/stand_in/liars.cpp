#include "tests/stand_in/liars.hpp"

#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fnmatch.h>

#include "agent/base/bytes.hpp"
#include "tests/agent/lifecycle/peer.hpp"

namespace pushsim::stand_in {
namespace {

using lifecycle::json_answer;

constexpr std::array kLies{Lie::Yes, Lie::No, Lie::Echo, Lie::Tell};
const std::string kDone = R"({"code":200,"status":"Success","results":{}})";
const std::string kNobody = R"({"code":200,"status":"Success","results":{"uuids":[]}})";

/// What pushsim looks at: of a verifier in push mode, whose administrator we are, without policies.
std::optional<HttpResponse> looked_at(const HttpRequest& request) {
    if (request.method != "GET") return std::nullopt;
    if (request.target == "/version") return json_answer(410, R"({"code":410,"status":"Gone","results":{}})");
    if (request.target == "/v3.0/sessions") return lifecycle::bare_status(405);
    if (request.target.starts_with("/v2.") && request.target.ends_with("/agents/"))
        return json_answer(200, kNobody);
    const bool one_agent = request.target.starts_with("/v2.") && !agent_in(request).empty();
    if (one_agent || request.target.find("/allowlists/") != std::string::npos)
        return json_answer(404, R"({"code":404,"status":"not found","results":{}})");
    return std::nullopt;
}

/// The path with `*` for what is of one agent or of one attempt.
std::string path_kind(const std::string& target) {
    std::string kind, part;
    std::string_view before;
    const std::string path = target.substr(0, target.find('?')) + "/";
    for (std::size_t at = 0, end = 0; (end = path.find('/', at)) != std::string::npos; at = end + 1) {
        part = path.substr(at, end - at);
        const bool named =
            before == "agents" || before == "attestations" || before == "sessions" || before == "allowlists";
        kind += at == 0 ? "" : "/";
        kind += named && !part.empty() ? "*" : part;
        before = std::string_view(path).substr(at, end - at);
    }
    return kind;
}

/// What Keylime says to a tenant whose request is a good one; nothing for requests of agents.
std::optional<HttpResponse> good_for_tenant(const std::string& kind) {
    const auto fits = [&kind](const char* pattern) { return ::fnmatch(pattern, kind.c_str(), 0) == 0; };
    if (fits("GET /v2.*/agents/[*]")) {
        return json_answer(
            200,
            R"({"code":200,"status":"Success","results":{"operational_state":3,"tpm_policy":"{}","meta_data":"{}",)"
            R"("has_mb_refstate":0,"has_runtime_policy":0,"accept_tpm_hash_algs":["sha256"],)"
            R"("accept_tpm_encryption_algs":["rsa"],"accept_tpm_signing_algs":["rsassa"],)"
            R"("attestation_count":1,"attestation_status":"PASS","last_received_quote":1795478400,)"
            R"("last_successful_attestation":1795478400,"attestation_period":"1s",)"
            R"("maximum_attestation_interval":"5s"}})");
    }
    if (fits("GET /v2.*/agents*")) return json_answer(200, kNobody);
    if (fits("GET /v2.*/allowlists/[*]"))
        return json_answer(
            200,
            R"({"code":200,"status":"Success","results":{"name":"p","tpm_policy":null,"runtime_policy":"{}"}})");
    if (fits("P* /v2.*/allowlists*"))
        return json_answer(201, R"({"code":201,"status":"Created","results":{}})");
    if (fits("DELETE /v2.*/allowlists*")) return lifecycle::bare_status(204);
    if (fits("* /v2.*")) return json_answer(200, kDone);
    return std::nullopt;
}

/// What stands behind the scheme of Authorization, and all of the target.
HttpResponse with_credentials(const HttpRequest& request, HttpResponse answer) {
    const std::string bore(request.header("authorization").value_or(""));
    const std::string secret = bore.substr(bore.find(' ') + 1);
    std::string percent;
    for (const char c : secret)
        percent += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    answer.headers.emplace_back("X-Target", request.target);
    answer.headers.emplace_back("X-Seen", secret);
    answer.headers.emplace_back("X-Seen-Base64", to_base64(as_bytes(secret)));
    answer.headers.emplace_back("X-Seen-Percent", percent);
    return answer;
}

bool is_good(const HttpResponse& answer) {
    return answer.status >= 200 && answer.status < 300;
}

}  // namespace

const char* to_string(Lie lie) {
    switch (lie) {
        case Lie::Yes:
            return "yes";
        case Lie::No:
            return "no";
        case Lie::Echo:
            return "echo";
        case Lie::Tell:
            return "tell";
    }
    return "";
}

std::optional<Lie> lie_of(const std::string& text) {
    for (const Lie lie : kLies) {
        if (text == to_string(lie)) return lie;
    }
    return std::nullopt;
}

HttpResponse LiarAndRegistrar::verifier(const HttpRequest& request) {
    if (registered_.empty()) {
        if (auto honest = looked_at(request)) return *honest;
    }
    switch (lie_) {
        case Lie::Yes:
            return json_answer(200, "{}");
        case Lie::No:
            return lifecycle::refusal_without_code(403, "no");
        case Lie::Echo:
            return echo(request);
        case Lie::Tell:
            return with_credentials(request, echo(request));
    }
    return {};
}

HttpResponse LiarAndRegistrar::echo(const HttpRequest& request) {
    const std::string kind = request.method + " " + path_kind(request.target);
    const std::string own = kind + " " + agent_in(request);
    // An agent's second session and attestation are new ones: what is done to those before needs two.
    const bool renews = kind.starts_with("POST /v3") || kind.find(" /v3.0/sessions/") != std::string::npos;
    const auto before = of_agents_.find(own);
    if (before != of_agents_.end() && !(renews && again_.insert(own).second)) return before->second;
    const bool enrols = request.method == "POST" && kind.ends_with("/agents/*");
    if (enrols && request.body.find(R"("runtime_policy":"")") == std::string::npos)
        peers_.asks_for_ima(agent_in(request));
    const auto canned = good_for_tenant(kind);
    const HttpResponse answer = canned ? *canned : peers_.answer(request);
    if (is_good(answer)) {
        of_any_[kind] = answer;
        return of_agents_[own] = answer;
    }
    const auto given = of_any_.find(kind);
    return given != of_any_.end() ? given->second : json_answer(200, "{}");
}

HttpResponse LiarAndRegistrar::registrar(const HttpRequest& request) {
    if (request.method == "POST") registered_.insert(agent_in(request));
    if (request.method == "DELETE") {
        registered_.erase(agent_in(request));
        return json_answer(200, kDone);
    }
    if (request.method != "GET" || request.target == "/version") return peers_.answer(request);
    if (request.target.ends_with("/agents") || request.target.ends_with("/agents/"))
        return json_answer(200, kNobody);
    return lifecycle::bare_status(404);
}

}  // namespace pushsim::stand_in
