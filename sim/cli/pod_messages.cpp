#include "sim/cli/pod_messages.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <stdexcept>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/bytes.hpp"
#include "sim/history/merge.hpp"

namespace pushsim::cli {
namespace {

using history::ScenarioEnd;
using nlohmann::json;
using std::chrono::hours;
using std::chrono::microseconds;

// What is read is of its form, or one of these is thrown, within this file.
struct Unfit : std::runtime_error {
    using std::runtime_error::runtime_error;
};

std::int64_t integer(const json& value, std::int64_t least, std::int64_t most) {
    const bool fits = value.is_number_unsigned()
                          ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(most)
                          : value.is_number_integer();
    const std::int64_t number = fits ? value.get<std::int64_t>() : 0;
    if (!fits || number < least || number > most)
        throw Unfit(fmt::format("expected a number from {} to {}", least, most));
    return number;
}
int small(const json& value) {
    return static_cast<int>(integer(value, 0, std::numeric_limits<int>::max()));
}
std::size_t count(const json& value) {
    return static_cast<std::size_t>(integer(value, 0, std::numeric_limits<std::int64_t>::max()));
}
template <typename Enum>
Enum one_of(const json& value, Enum last) {
    return static_cast<Enum>(integer(value, 0, static_cast<int>(last)));
}
const std::string& text(const json& value) {
    return value.get_ref<const std::string&>();
}

// Times are microseconds: those of clocks since 1970, up to 2100, so that all of them can be compared.
constexpr Duration kLongest = hours{24 * 365 * 130};

std::int64_t to_json(Duration duration) {
    return std::chrono::duration_cast<microseconds>(duration).count();
}
std::int64_t to_json(WallTime time) {
    return std::chrono::duration_cast<microseconds>(time.time_since_epoch()).count();
}
Duration duration(const json& value) {
    return microseconds{integer(value, 0, to_json(kLongest))};
}
WallTime wall_time(const json& value) {
    return WallTime{std::chrono::duration_cast<WallTime::duration>(duration(value))};
}

/// Bodies may have any octets.
std::string packed(const std::string& body) {
    return to_base64(as_bytes(body));
}
std::string unpacked(const json& value) {
    const auto octets = from_base64(text(value));
    if (!octets) throw Unfit(octets.error().message);
    return {octets->begin(), octets->end()};
}

json to_json(const stack::HostPort& where) {
    return {{"host", where.host}, {"port", where.port}};
}
stack::HostPort address(const json& value) {
    return {text(value.at("host")), static_cast<std::uint16_t>(integer(value.at("port"), 0, 65535))};
}

/// What neither ends a line nor stands for anything else in it.
bool is_plain(std::string_view text, std::string_view without = "") {
    return std::ranges::none_of(text, [&](char one) {
        const auto octet = static_cast<unsigned char>(one);
        return (octet < ' ' && one != '\t') || octet == 0x7F || without.find(one) != std::string_view::npos;
    });
}
HttpHeaders headers(const json& value) {
    auto all = value.get<HttpHeaders>();
    for (const auto& [name, content] : all)
        if (name.empty() || !is_plain(name, " \t:") || !is_plain(content))
            throw Unfit("a header that is none");
    return all;
}
HttpRequest request(const json& value) {
    HttpRequest read{text(value.at("method")), text(value.at("target")), headers(value.at("headers")),
                     unpacked(value.at("body"))};
    const auto is_letter = [](char one) { return one >= 'A' && one <= 'Z'; };
    if (read.method.empty() || !std::ranges::all_of(read.method, is_letter) ||
        !read.target.starts_with('/') || !is_plain(read.target, " \t"))
        throw Unfit("a request that is none");
    return read;
}
json to_json(const HttpRequest& request) {
    return {{"method", request.method},
            {"target", request.target},
            {"headers", request.headers},
            {"body", packed(request.body)}};
}

json to_json(const transport::Outcome& outcome) {
    json value = {{"total", to_json(outcome.timings.total)}};
    if (outcome.failure)
        value["failure"] = {{"kind", static_cast<int>(outcome.failure->kind)},
                            {"message", outcome.failure->message}};
    if (outcome.response)
        value["response"] = {{"status", outcome.response->status},
                             {"headers", outcome.response->headers},
                             {"body", packed(outcome.response->body)}};
    return value;
}
transport::Outcome outcome(const json& value) {
    transport::Outcome read;
    read.timings.total = duration(value.at("total"));
    if (value.contains("failure")) {
        const json& failure = value.at("failure");
        read.failure = transport::Failure{one_of(failure.at("kind"), transport::FailureKind::Cancelled),
                                          text(failure.at("message"))};
    }
    if (value.contains("response")) {
        const json& response = value.at("response");
        read.response =
            HttpResponse{static_cast<int>(integer(response.at("status"), 100, 999)),
                         response.at("headers").get<HttpHeaders>(), unpacked(response.at("body"))};
    }
    if (read.failure.has_value() == read.response.has_value())
        throw Unfit("neither an answer nor a failure, or both");
    return read;
}

json to_json(const fleet::StepBegin& begin) {
    return {{"step", begin.step}, {"turn", begin.turn}};
}
json to_json(const ServerActDue& due) {
    return {{"act", static_cast<int>(due.act)}, {"server", static_cast<int>(due.server)}, {"turn", due.turn}};
}
json to_json(const Meeting& meeting) {
    return std::visit([](const auto& one) { return to_json(one); }, meeting);
}
Meeting meeting(const json& value) {
    const int turn = small(value.at("turn"));
    if (value.contains("step")) return fleet::StepBegin{small(value.at("step")), turn};
    return ServerActDue{one_of(value.at("act"), stack::ServerAct::Resume),
                        one_of(value.at("server"), stack::ServerName::Database), turn};
}

json to_json(const Error& error) {
    return {{"kind", static_cast<int>(error.kind)}, {"message", error.message}, {"mend", error.mend}};
}
Error error(const json& value) {
    return {one_of(value.at("kind"), ErrorKind::Interrupted), text(value.at("message")),
            text(value.at("mend"))};
}

// Messages: an object with one member.

json message_of(const ClockQuestion&) {
    return {{"clock", nullptr}};
}
json message_of(const Go& go) {
    json value = {{"from", to_json(go.from)}};
    if (go.how) {
        value["how"] = *go.how;
    } else {
        value["error"] = to_json(go.how.error());
    }
    return {{"go", std::move(value)}};
}
json message_of(const TenantAnswer& answer) {
    return {{"answer", {{"number", answer.number}, {"outcome", to_json(answer.outcome)}}}};
}
json message_of(const Stop&) {
    return {{"stop", nullptr}};
}

json message_of(const HistoryBegun& begun) {
    return {{"history", {{"zero", to_json(begun.zero)}, {"pushsim", begun.version}}}};
}
json message_of(const HistoryLines& lines) {
    return {{"lines", lines.lines}};
}
json message_of(const IdTaken& taken) {
    return {{"taken", taken.id}};
}
json message_of(const ClockAnswer& answer) {
    return {{"clock", to_json(answer.now)}};
}
json message_of(const TenantQuestion& question) {
    return {{"ask",
             {{"number", question.number},
              {"server", static_cast<int>(question.server)},
              {"request", to_json(question.request)}}}};
}
json message_of(const Come& come) {
    return {{"come", to_json(come.to)}};
}
json message_of(const fleet::Standing& standing) {
    return {{"at",
             {{"step", standing.step},
              {"act", standing.act},
              {"agents", standing.agents},
              {"made", standing.made},
              {"registered", standing.registered},
              {"enrolled", standing.enrolled},
              {"acting", standing.acting},
              {"done", standing.done}}}};
}
json message_of(const Error& error) {
    return {{"failed", to_json(error)}};
}
json message_of(const ScenarioEnd& end) {
    return {{"end",
             {{"ending", static_cast<int>(end.ending)},
              {"reason", end.reason},
              {"mend", end.mend},
              {"agents", end.agents}}}};
}

template <typename Message>
std::string line_of(const Message& message) {
    const json value = std::visit([](const auto& one) { return message_of(one); }, message);
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Go go(const json& value) {
    Go read{meeting(value.at("from"))};
    if (value.contains("error")) {
        read.how = fail(error(value.at("error")));
    } else {
        read.how = text(value.at("how"));
    }
    return read;
}
HistoryLines lines(const json& value) {
    HistoryLines read{value.get<std::vector<std::string>>()};
    for (const std::string& line : read.lines)
        if (const auto fits = history::check_line(line); !fits) throw Unfit(fits.error().message);
    return read;
}
TenantQuestion question(const json& value) {
    return {small(value.at("number")), one_of(value.at("server"), stack::AdminRelay::Server::Registrar),
            request(value.at("request"))};
}
fleet::Standing standing(const json& value) {
    return {.step = small(value.at("step")),
            .act = text(value.at("act")),
            .agents = count(value.at("agents")),
            .made = count(value.at("made")),
            .registered = count(value.at("registered")),
            .enrolled = count(value.at("enrolled")),
            .acting = count(value.at("acting")),
            .done = count(value.at("done"))};
}
ScenarioEnd scenario_end(const json& value) {
    return {one_of(value.at("ending"), ScenarioEnd::Ending::Interrupted), text(value.at("reason")),
            text(value.at("mend")), text(value.at("agents"))};
}

HistoryBegun history_begun(const json& value) {
    if (!value.is_object()) return {wall_time(value), ""};  // of a pushsim before
    return {wall_time(value.at("zero")), text(value.at("pushsim"))};
}

/// By the name of the one member.
template <typename Message>
using Readers = std::map<std::string, Message (*)(const json&), std::less<>>;

const Readers<RunMessage>& run_readers() {
    static const Readers<RunMessage> all{
        {"clock", [](const json&) -> RunMessage { return ClockQuestion{}; }},
        {"go", [](const json& value) -> RunMessage { return go(value); }},
        {"answer",
         [](const json& value) -> RunMessage {
             return TenantAnswer{small(value.at("number")), outcome(value.at("outcome"))};
         }},
        {"stop", [](const json&) -> RunMessage { return Stop{}; }},
    };
    return all;
}

const Readers<ShardMessage>& shard_readers() {
    static const Readers<ShardMessage> all{
        {"history", [](const json& value) -> ShardMessage { return history_begun(value); }},
        {"lines", [](const json& value) -> ShardMessage { return lines(value); }},
        {"taken", [](const json& value) -> ShardMessage { return IdTaken{text(value)}; }},
        {"clock", [](const json& value) -> ShardMessage { return ClockAnswer{wall_time(value)}; }},
        {"ask", [](const json& value) -> ShardMessage { return question(value); }},
        {"come", [](const json& value) -> ShardMessage { return Come{meeting(value)}; }},
        {"at", [](const json& value) -> ShardMessage { return standing(value); }},
        {"failed", [](const json& value) -> ShardMessage { return error(value); }},
        {"end", [](const json& value) -> ShardMessage { return scenario_end(value); }},
    };
    return all;
}

/// What `read` makes of the line; ErrorKind::Parse.
template <typename Read>
auto parse(const std::string& line, const char* what, const Read& read)
    -> Result<decltype(read(std::declval<const json&>()))> {
    const auto refuse = [&](const std::exception& why) {
        constexpr std::size_t kMost = 200;  // it may tell all of the line
        return fail(ErrorKind::Parse,
                    fmt::format("not what {}: {}", what, std::string(why.what()).substr(0, kMost)));
    };
    try {
        return read(json::parse(line));
    } catch (const json::exception& why) {
        return refuse(why);
    } catch (const Unfit& why) {
        return refuse(why);
    }
}

template <typename Message>
Result<Message> parse_message(const std::string& line, const char* what, const Readers<Message>& readers) {
    return parse(line, what, [&](const json& value) {
        const auto reader =
            value.is_object() && value.size() == 1 ? readers.find(value.begin().key()) : readers.end();
        if (reader == readers.end()) throw Unfit("no message of that name");
        return reader->second(value.begin().value());
    });
}

ShardSetup setup(const json& value) {
    ShardSetup read;
    read.shard = {count(value.at("shard")), count(value.at("shards"))};
    if (read.shard.number >= read.shard.count) throw Unfit("a shard that is none of those there are");
    read.plan = text(value.at("plan"));
    if (!value.at("id_seed").is_number_unsigned()) throw Unfit("a seed that is none");
    value.at("id_seed").get_to(read.id_seed);
    value.at("hosts").get_to(read.hosts);
    read.verifier = address(value.at("verifier"));
    read.registrar = address(value.at("registrar"));
    read.registrar_tls = address(value.at("registrar_tls"));
    read.ca = text(value.at("ca"));
    read.folder = text(value.at("folder"));
    read.verify_server = value.at("verify_server").get<bool>();
    read.api_version = text(value.at("api_version"));
    read.limit = duration(value.at("limit"));
    read.bodies = text(value.at("bodies"));
    read.accelerators = text(value.at("accelerators"));
    read.jobs = static_cast<int>(integer(value.at("jobs"), 1, 1024));
    if (value.contains("attempt"))
        read.attempt = history::Try{small(value.at("attempt").at(0)), small(value.at("attempt").at(1))};
    if (value.contains("max_in_flight")) read.max_in_flight = count(value.at("max_in_flight"));
    return read;
}

/// The ID of /vX.Y/agents/ID or /vX.Y/agents/ID/…
std::string agent_in(std::string_view target) {
    constexpr std::string_view kAgents = "/agents/";
    const std::size_t at = target.find('/', 1);
    if (!target.starts_with("/v") || at == std::string_view::npos || !target.substr(at).starts_with(kAgents))
        return "";
    const std::string_view rest = target.substr(at + kAgents.size());
    return std::string(rest.substr(0, rest.find_first_of("/?#")));
}

}  // namespace

std::string to_line(const ShardSetup& setup) {
    json value = {{"shard", setup.shard.number},
                  {"shards", setup.shard.count},
                  {"plan", setup.plan},
                  {"id_seed", setup.id_seed},
                  {"hosts", setup.hosts},
                  {"verifier", to_json(setup.verifier)},
                  {"registrar", to_json(setup.registrar)},
                  {"registrar_tls", to_json(setup.registrar_tls)},
                  {"ca", setup.ca},
                  {"folder", setup.folder},
                  {"verify_server", setup.verify_server},
                  {"api_version", setup.api_version},
                  {"limit", to_json(setup.limit)},
                  {"bodies", setup.bodies},
                  {"accelerators", setup.accelerators},
                  {"jobs", setup.jobs}};
    if (setup.attempt) value["attempt"] = {setup.attempt->number, setup.attempt->of};
    if (setup.max_in_flight) value["max_in_flight"] = *setup.max_in_flight;
    return value.dump();
}

Result<ShardSetup> parse_setup(const std::string& line) {
    return parse(line, "a run says to a shard", setup);
}

std::string to_line(const RunMessage& message) {
    return line_of(message);
}
Result<RunMessage> parse_run_message(const std::string& line) {
    return parse_message(line, "a run says to a shard", run_readers());
}

std::string to_line(const ShardMessage& message) {
    return line_of(message);
}
Result<ShardMessage> parse_shard_message(const std::string& line) {
    return parse_message(line, "a shard says to its run", shard_readers());
}

bool may_ask(const HttpRequest& request, const std::vector<std::string>& ids) {
    const std::string agent = agent_in(request.target);
    return agent.empty() ? request.method == "GET" : std::ranges::find(ids, agent) != ids.end();
}

}  // namespace pushsim::cli
