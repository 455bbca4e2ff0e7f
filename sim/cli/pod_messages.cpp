#include "sim/cli/pod_messages.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "agent/base/bytes.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::json;
using std::chrono::microseconds;

/// Bodies may have any octets.
std::string packed(const std::string& body) {
    return to_base64({reinterpret_cast<const std::uint8_t*>(body.data()), body.size()});
}

std::string unpacked(const json& value) {
    const auto octets = from_base64(value.get<std::string>());
    if (!octets) return "";
    return {octets->begin(), octets->end()};
}

json address_of(const stack::HostPort& where) {
    return {{"host", where.host}, {"port", where.port}};
}

stack::HostPort address_from(const json& value) {
    return {value.at("host").get<std::string>(), value.at("port").get<std::uint16_t>()};
}

std::int64_t count(Duration duration) {
    return std::chrono::duration_cast<microseconds>(duration).count();
}

/// /v2.6/agents/ID or /v3.0/agents/ID/…
std::string agent_in(const std::string& target) {
    constexpr std::string_view kAgents = "/agents/";
    const std::size_t at = target.find(kAgents);
    if (at == std::string::npos) return "";
    const std::string rest = target.substr(at + kAgents.size());
    return rest.substr(0, rest.find_first_of("/?"));
}

}  // namespace

std::string to_line(const ShardSetup& setup) {
    json value = {{"shard", setup.shard.number},
                  {"shards", setup.shard.count},
                  {"plan", setup.plan},
                  {"id_seed", setup.id_seed},
                  {"hosts", setup.hosts},
                  {"verifier", address_of(setup.verifier)},
                  {"registrar", address_of(setup.registrar)},
                  {"registrar_tls", address_of(setup.registrar_tls)},
                  {"ca", setup.ca},
                  {"folder", setup.folder},
                  {"verify_server", setup.verify_server},
                  {"api_version", setup.api_version},
                  {"limit", count(setup.limit)},
                  {"bodies", setup.bodies},
                  {"accelerators", setup.accelerators},
                  {"jobs", setup.jobs}};
    if (setup.attempt) value["attempt"] = {setup.attempt->number, setup.attempt->of};
    if (setup.max_in_flight) value["max_in_flight"] = *setup.max_in_flight;
    return value.dump();
}

Result<ShardSetup> parse_setup(const std::string& line) {
    ShardSetup setup;
    try {
        const json value = json::parse(line);
        setup.shard = {value.at("shard").get<std::size_t>(), value.at("shards").get<std::size_t>()};
        if (setup.shard.number >= setup.shard.count)
            return fail(ErrorKind::Parse, "a shard that is none of those there are");
        value.at("plan").get_to(setup.plan);
        value.at("id_seed").get_to(setup.id_seed);
        value.at("hosts").get_to(setup.hosts);
        setup.verifier = address_from(value.at("verifier"));
        setup.registrar = address_from(value.at("registrar"));
        setup.registrar_tls = address_from(value.at("registrar_tls"));
        value.at("ca").get_to(setup.ca);
        value.at("folder").get_to(setup.folder);
        value.at("verify_server").get_to(setup.verify_server);
        value.at("api_version").get_to(setup.api_version);
        setup.limit = microseconds{value.at("limit").get<std::int64_t>()};
        value.at("bodies").get_to(setup.bodies);
        value.at("accelerators").get_to(setup.accelerators);
        value.at("jobs").get_to(setup.jobs);
        if (value.contains("attempt"))
            setup.attempt =
                history::Try{value.at("attempt").at(0).get<int>(), value.at("attempt").at(1).get<int>()};
        if (value.contains("max_in_flight"))
            setup.max_in_flight = value.at("max_in_flight").get<std::size_t>();
    } catch (const json::exception& error) {
        return fail(ErrorKind::Parse, fmt::format("not what a run says to a shard: {}", error.what()));
    }
    return setup;
}

json to_json(const HttpRequest& request) {
    return {{"method", request.method},
            {"target", request.target},
            {"headers", request.headers},
            {"body", packed(request.body)}};
}

HttpRequest request_from(const json& value) {
    return {value.at("method").get<std::string>(), value.at("target").get<std::string>(),
            value.at("headers").get<HttpHeaders>(), unpacked(value.at("body"))};
}

json to_json(const transport::Outcome& outcome) {
    json value = {{"total", count(outcome.timings.total)}};
    if (outcome.failure)
        value["failure"] = {{"kind", static_cast<int>(outcome.failure->kind)},
                            {"message", outcome.failure->message}};
    if (outcome.response)
        value["response"] = {{"status", outcome.response->status},
                             {"headers", outcome.response->headers},
                             {"body", packed(outcome.response->body)}};
    return value;
}

transport::Outcome outcome_from(const json& value) {
    transport::Outcome outcome;
    outcome.timings.total = microseconds{value.at("total").get<std::int64_t>()};
    if (value.contains("failure")) {
        const json& failure = value.at("failure");
        outcome.failure =
            transport::Failure{static_cast<transport::FailureKind>(failure.at("kind").get<int>()),
                               failure.at("message").get<std::string>()};
    }
    if (value.contains("response")) {
        const json& response = value.at("response");
        outcome.response =
            HttpResponse{response.at("status").get<int>(), response.at("headers").get<HttpHeaders>(),
                         unpacked(response.at("body"))};
    }
    return outcome;
}

json to_json(const fleet::Standing& standing) {
    return {{"step", standing.step},
            {"act", standing.act},
            {"agents", standing.agents},
            {"made", standing.made},
            {"registered", standing.registered},
            {"enrolled", standing.enrolled},
            {"acting", standing.acting},
            {"done", standing.done}};
}

fleet::Standing standing_from(const json& value) {
    return {.step = value.at("step").get<int>(),
            .act = value.at("act").get<std::string>(),
            .agents = value.at("agents").get<std::size_t>(),
            .made = value.at("made").get<std::size_t>(),
            .registered = value.at("registered").get<std::size_t>(),
            .enrolled = value.at("enrolled").get<std::size_t>(),
            .acting = value.at("acting").get<std::size_t>(),
            .done = value.at("done").get<std::size_t>()};
}

json to_json(const history::ScenarioEnd& end) {
    return {{"ending", static_cast<int>(end.ending)},
            {"reason", end.reason},
            {"mend", end.mend},
            {"agents", end.agents}};
}

history::ScenarioEnd end_from(const json& value) {
    return {static_cast<history::ScenarioEnd::Ending>(value.at("ending").get<int>()),
            value.at("reason").get<std::string>(), value.at("mend").get<std::string>(),
            value.at("agents").get<std::string>()};
}

json to_json(const Error& error) {
    return {{"kind", static_cast<int>(error.kind)}, {"message", error.message}, {"mend", error.mend}};
}

Error error_from(const json& value) {
    return {static_cast<ErrorKind>(value.at("kind").get<int>()), value.at("message").get<std::string>(),
            value.at("mend").get<std::string>()};
}

std::int64_t to_number(WallTime time) {
    return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}

WallTime wall_time(std::int64_t number) {
    return WallTime{std::chrono::duration_cast<WallTime::duration>(microseconds{number})};
}

bool may_ask(const HttpRequest& request, const std::vector<std::string>& ids) {
    const std::string agent = agent_in(request.target);
    if (agent.empty()) return request.method == "GET";
    return std::ranges::find(ids, agent) != ids.end() || request.method == "GET";
}

Duration ClockOffset::certain() const {
    const Duration size = offset < Duration::zero() ? -offset : offset;
    return size > uncertainty ? offset : Duration::zero();
}

ClockOffset offset_of(const std::vector<ClockOffset>& measured) {
    const auto best = std::ranges::min_element(measured, {}, &ClockOffset::uncertainty);
    return best == measured.end() ? ClockOffset{} : *best;
}

std::string text_of(const ClockOffset& offset) {
    using std::chrono::milliseconds;
    const auto rounded = [](Duration duration) { return to_text(std::chrono::ceil<milliseconds>(duration)); };
    const std::string about = fmt::format("(±{})", rounded(offset.uncertainty));
    const Duration certain = offset.certain();
    if (certain == Duration::zero()) return "its clock is ours " + about;
    const bool ahead = certain > Duration::zero();
    return fmt::format("its clock is {} {} {}",
                       to_text(std::chrono::round<milliseconds>(ahead ? certain : -certain)),
                       ahead ? "ahead" : "behind", about);
}

}  // namespace pushsim::cli
