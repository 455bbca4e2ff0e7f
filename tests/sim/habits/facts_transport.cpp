// Section 1: TLS, headers, connections. Section 2: registration.

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/sim/habits/client_hello.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Phase;

/// "x-request-id, accept, host" of every request of that call, which must all be alike.
std::string header_names(const WireRecord& wire, Call call) {
    std::set<std::string> lists;
    for (const Arrived* arrived : wire.of(call)) {
        std::vector<std::string> names;
        for (const auto& header : arrived->request.headers)
            names.push_back(header.first);
        lists.insert(fmt::format("{}", fmt::join(names, ", ")));
    }
    return fmt::format("{}", fmt::join(lists, " / "));
}

std::string header_values(const WireRecord& wire, Call call, std::string_view name) {
    std::set<std::string> values;
    for (const Arrived* arrived : wire.of(call))
        values.insert(std::string(arrived->request.header(name).value_or("none")));
    return fmt::format("{}", fmt::join(values, " / "));
}

std::string request_ids(const WireRecord& wire, Call call) {
    for (const Arrived* arrived : wire.of(call)) {
        const auto id = arrived->request.header("x-request-id").value_or("");
        const bool good = id.size() == 6 && std::ranges::all_of(id, [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
                          });
        if (!good) return fmt::format("request id '{}'", id);
    }
    return "";
}

std::string client_hello_as_seen(const WireRecord& wire) {
    for (const std::string& body : wire.client_hellos) {
        const ClientHello hello = parse_client_hello(body);
        const auto complaint =
            all({so(hello.versions == std::vector<int>{0x304, 0x303}, "other versions than TLS 1.3 and 1.2"),
                 so(hello.alpn == std::vector<std::string>{"http/1.1"}, "another ALPN"),
                 so(!hello.has_server_name, "SNI for an IP address"),
                 so(hello.ticket_size == 0, "no session ticket extension, or one with a ticket"),
                 so(!hello.has_psk, "a PSK"),
                 so(hello.ciphers.size() == 31, fmt::format("{} cipher suites", hello.ciphers.size())),
                 so(hello.ciphers.size() > 3 && hello.ciphers[0] == 0x1302 && hello.ciphers[1] == 0x1303 &&
                        hello.ciphers[2] == 0x1301,
                    "other first cipher suites"),
                 so(hello.groups ==
                        std::vector<int>{0x1d, 0x17, 0x1e, 0x19, 0x18, 0x100, 0x101, 0x102, 0x103, 0x104},
                    fmt::format("groups {:x}", fmt::join(hello.groups, " ")))});
        if (!complaint.empty()) return complaint;
    }
    return so(wire.client_hellos.size() > 2, "too few connections to tell");
}

std::string http_as_seen(const WireRecord& wire) {
    for (const Arrived& arrived : wire.requests) {
        const std::string line = arrived.text.substr(0, arrived.text.find("\r\n"));
        if (!line.ends_with(" HTTP/1.1")) return line;
        for (const auto& [name, value] : arrived.request.headers) {
            const bool lower = std::ranges::none_of(name, [](char c) { return c >= 'A' && c <= 'Z'; });
            if (!lower || name == "user-agent" || name == "accept-encoding" || name == "connection")
                return name;
        }
    }
    return "";
}

std::set<int> connections_of(const WireRecord& wire, const std::vector<Call>& calls, std::size_t first,
                             std::size_t last) {
    std::set<int> used;
    for (const Call call : calls) {
        const auto arrived = wire.of(call);
        for (std::size_t n = first; n < std::min(last, arrived.size()); ++n)
            used.insert(arrived[n]->connection);
    }
    return used;
}

/// Before the restart: three cycles, two sessions.
std::string three_connections(const WireRecord& wire) {
    const auto sessions = connections_of(wire, {Call::OpenSession, Call::Prove}, 0, 2);
    const auto attestations = connections_of(wire, {Call::Negotiate, Call::Submit}, 0, 3);
    const Arrived* put = wire.of(Call::Activate).at(0);
    const auto until_put = static_cast<std::size_t>(put - wire.requests.data()) + 1;
    const bool closed = std::ranges::any_of(wire.registrar_closed, [&](const WireRecord::Closed& one) {
        return one.connection == put->connection && one.requests == until_put;
    });
    return all(
        {so(sessions == std::set{0}, fmt::format("sessions on connections {}", fmt::join(sessions, ", "))),
         so(attestations == std::set{1},
            fmt::format("attestations on connections {}", fmt::join(attestations, ", "))),
         so(closed, "the registrar's connection stays open")});
}

/// The request behind each that got no answer, and the next one of its kind.
std::string new_connection_after_loss(const WireRecord& wire) {
    int losses = 0;
    for (const Call call : {Call::Negotiate, Call::Submit, Call::OpenSession}) {
        const auto arrived = wire.of(call);
        for (std::size_t n = 1; n < arrived.size(); ++n) {
            const bool again = call == Call::OpenSession
                                   ? arrived[n]->connection != arrived[n - 1]->connection
                                   : arrived[n]->request.header("x-request-id") ==
                                         arrived[n - 1]->request.header("x-request-id");
            if (!again) continue;
            losses += 1;
            if (arrived[n]->connection == arrived[n - 1]->connection) return "the same connection again";
        }
    }
    // Six lost answers, and the restart, which opens new ones.
    return so(losses == 7, fmt::format("{} new connections", losses));
}

std::string idle_connection_is_used(const WireRecord& wire) {
    const auto opened = wire.of(Call::OpenSession);
    return all({so(opened.size() > 1 && opened[0]->connection == opened[1]->connection,
                   "the second session on another connection"),
                new_connection_after_loss(wire)});
}

}  // namespace

std::vector<Fact> transport_facts() {
    const auto headers = [](Call call, const std::string& names) {
        return [call, names](const WireRecord& wire) { return same(header_names(wire, call), names); };
    };
    const auto value = [](const WireRecord& wire, Call call, const char* name, const char* expected) {
        return same(header_values(wire, call, name), expected);
    };
    return {
        held("T1.1",
             "TLS 1.3 and 1.2 offered, ALPN http/1.1 alone, no SNI for an IP address, an empty session "
             "ticket, "
             "never a PSK, 31 cipher suites (1302 1303 1301 first), ten groups (x25519 first)",
             client_hello_as_seen),
        held("T1.2", "HTTP/1.1, header names in lower case, no user-agent, accept-encoding or connection",
             http_as_seen),
        held("T1.3", "registrar GET: x-request-id, accept (*/*), host",
             [=](const WireRecord& wire) {
                 return all({headers(Call::AskVersion, "x-request-id, accept, host")(wire),
                             value(wire, Call::AskVersion, "accept", "*/*"),
                             request_ids(wire, Call::AskVersion)});
             }),
        held("T1.4",
             "registrar POST, PUT: x-request-id, content-type, accept (application/json), host, "
             "content-length",
             [=](const WireRecord& wire) {
                 std::vector<std::string> complaints;
                 for (const Call call : {Call::Register, Call::Activate}) {
                     complaints.push_back(
                         headers(call, "x-request-id, content-type, accept, host, content-length")(wire));
                     complaints.push_back(value(wire, call, "content-type", "application/json"));
                     complaints.push_back(value(wire, call, "accept", "application/json"));
                     complaints.push_back(request_ids(wire, call));
                 }
                 return all(complaints);
             }),
        held("T1.5",
             "sessions POST, PATCH: content-type (application/vnd.api+json), accept (*/*), host, "
             "content-length; no "
             "request id",
             [=](const WireRecord& wire) {
                 std::vector<std::string> complaints;
                 for (const Call call : {Call::OpenSession, Call::Prove}) {
                     complaints.push_back(headers(call, "content-type, accept, host, content-length")(wire));
                     complaints.push_back(value(wire, call, "content-type", "application/vnd.api+json"));
                     complaints.push_back(value(wire, call, "accept", "*/*"));
                 }
                 return all(complaints);
             }),
        held("T1.6",
             "attestations POST, PATCH: x-request-id, content-type, accept (application/vnd.api+json), "
             "authorization "
             "(Bearer), host, content-length",
             [=](const WireRecord& wire) {
                 std::vector<std::string> complaints;
                 for (const Call call : {Call::Negotiate, Call::Submit}) {
                     complaints.push_back(headers(
                         call,
                         "x-request-id, content-type, accept, authorization, host, content-length")(wire));
                     complaints.push_back(value(wire, call, "content-type", "application/vnd.api+json"));
                     complaints.push_back(value(wire, call, "accept", "application/vnd.api+json"));
                     complaints.push_back(request_ids(wire, call));
                 }
                 for (const Arrived* arrived : wire.of(Call::Submit))
                     complaints.push_back(so(arrived->request.header("authorization")->starts_with("Bearer "),
                                             "another authorization"));
                 return all(complaints);
             }),
        held("T1.7",
             "three connections in a life: the registrar's, closed after the PUT; one for sessions, kept "
             "open; one for "
             "attestations, on which no cycle opens another",
             three_connections),
        held(
            "T1.8",
            "an idle connection is used again; after a dropped or timed-out one the next try opens a new one",
            idle_connection_is_used),
        not_applicable(
            "T1.9", "with registrar_tls_enabled the same three requests go to the registrar's TLS port",
            "a scenario's agents register at the plain port; the other is for `pushsim agent` alone"),
    };
}

// ---- registration

namespace {

std::string registration_body(const WireRecord& wire) {
    const std::string& body = wire.of(Call::Register).at(0)->request.body;
    const auto json = nlohmann::ordered_json::parse(body);
    std::vector<std::string> names;
    for (const auto& [name, member] : json.items())
        names.push_back(name);
    return all(
        {same(fmt::format("{}", fmt::join(names, ", ")),
              "aik_tpm, ek_tpm, ekcert, iak_cert, idevid_cert, ip, mtls_cert, port"),
         so(json["iak_cert"].is_null() && json["idevid_cert"].is_null(), "IAK and IDevID are not null"),
         same(json["ip"].get<std::string>(), "127.0.0.1"),
         same(json["mtls_cert"].get<std::string>(), "disabled"), so(json["port"] == 9002, "another port"),
         so(json["aik_tpm"].get<std::string>().size() == 376 &&
                json["ek_tpm"].get<std::string>().size() == 424,
            "keys of other sizes"),
         so(body == json.dump(), "not compact"),
         same(wire.of(Call::Register).at(0)->request.target, "/v2.6/agents/" + lifecycle::kAgent)});
}

std::string activation_body(const WireRecord& wire) {
    const HttpRequest& put = wire.of(Call::Activate).at(0)->request;
    const auto json = nlohmann::json::parse(put.body);
    const std::string tag = json.value("auth_tag", "");
    return all(
        {so(json.size() == 1 && put.body == json.dump(), put.body),
         so(tag.size() == 96 && tag.find_first_not_of("0123456789abcdef") == std::string::npos, "tag " + tag),
         same(put.target, wire.of(Call::Register).back()->request.target)});
}

HttpResponse versions(const std::string& current) {
    return lifecycle::json_answer(200, R"({"code":200,"status":"Success","results":{"current_version":")" +
                                           current + R"(","supported_versions":["2.1","2.3","2.6"]}})");
}

std::string version_choice(const WireRecord& /*wire*/) {
    const auto paths = [](const HttpResponse& answer) {
        TimedRun run;
        run.play.next(Call::AskVersion, answer);
        run.cycles(1, Phase::Activate);
        return run.transcript() + " " + run.play.requests(Call::Register).at(0).target.substr(0, 6);
    };
    TimedRun failing;
    failing.play.next(Call::AskVersion, lifecycle::bare_status(500), 2);
    return all({same(paths(versions("2.3")), "V R A /v2.3/"),
                same(paths(lifecycle::bare_status(410)), "V R A /v2.6/"),
                same(failing.cycles(1, Phase::Activate), "V 1s V= 2s V= R A")});
}

std::string registers_at_every_start(const WireRecord& wire) {
    const auto posts = wire.of(Call::Register);
    const auto puts = wire.of(Call::Activate);
    // Four POSTs: one refused, one failed and sent again, one after the restart.
    return all(
        {so(posts.size() == 4 && puts.size() == 2, fmt::format("{} POST, {} PUT", posts.size(), puts.size())),
         same(posts.back()->request.body, posts.front()->request.body)});
}

std::string forbidden_for_ever(const WireRecord& wire) {
    TimedRun run;
    run.play.next(Call::Register, lifecycle::bare_status(403), 3);
    const auto posts = wire.of(Call::Register);
    return all({same(run.cycles(4, Phase::Activate), "V R 5s V R 5s V R 5s V R A"),
                so(posts.at(0)->connection != posts.at(1)->connection, "a new round on the old connection")});
}

}  // namespace

std::vector<Fact> registration_facts() {
    return {
        held("T2.1",
             "POST /v2.6/agents/{id}: aik_tpm, ek_tpm, ekcert, iak_cert null, idevid_cert null, ip "
             "127.0.0.1, mtls_cert "
             "disabled, port 9002, in this order, compact; keys of 376 and 424 base64 characters",
             registration_body),
        not_applicable(
            "T2.2", "ekcert is PEM with the whole chain found in NV",
            "a virtual TPM has no certificate in NV; what one has is sent so (agent/tpm, its tests)"),
        held("T2.3", "PUT {\"auth_tag\": 96 hex digits} on the same path", activation_body),
        held("T2.4",
             "the server's current version is used; 410 on /version goes on to /v2.6 without a probe; 500 is "
             "retried "
             "with the same request id",
             version_choice),
        held("T2.5", "every start registers again, with the same body", registers_at_every_start),
        held("T2.6", "403 for the POST: a new round on a new connection every interval, for ever",
             forbidden_for_ever),
        not_applicable("T2.7", "EK and AK stay in the TPM after SIGTERM, and the second restart dies of it",
                       "no process ends here; a TPM that ran full would be a fault of its own"),
    };
}

}  // namespace pushsim::habits
