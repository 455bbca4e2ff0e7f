// Section 1: TLS, headers, connections.

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

/// Before the first restart, which opens the verifier's connection 2: three cycles, two sessions.
std::string three_connections(const WireRecord& wire) {
    const auto sessions = connections_of(wire, {Call::OpenSession, Call::Prove}, 0, 2);
    const auto attestations = connections_of(wire, {Call::Negotiate, Call::Submit}, 0, 3);
    const Arrived* put = wire.of(Call::Activate).at(0);
    const auto until_put = static_cast<std::size_t>(put - wire.requests.data()) + 1;
    const Arrived* get = wire.of(Call::AskVersion).at(1);
    const Arrived* post = wire.of(Call::Register).at(2);
    const bool closed = std::ranges::any_of(wire.registrar_closed, [&](const WireRecord::Closed& one) {
        return one.connection == put->connection && one.requests == until_put;
    });
    return all(
        {so(sessions == std::set{0}, fmt::format("sessions on connections {}", fmt::join(sessions, ", "))),
         so(attestations == std::set{1},
            fmt::format("attestations on connections {}", fmt::join(attestations, ", "))),
         same(std::to_string(wire.of(Call::OpenSession).at(2)->connection), "2"),
         so(get->connection == put->connection && post->connection == put->connection,
            "GET, POST and PUT on different connections"),
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
    // Three connections that were closed, and the restarts, which open new ones.
    return so(losses == 5, fmt::format("{} new connections", losses));
}

std::string new_connection_after_silence(const WireRecord& wire) {
    for (const Unanswered& told : wire.unanswered) {
        if (told.first.connection == told.again.connection) return "the same connection after no answer";
    }
    return same(std::to_string(wire.unanswered.size()), "3");
}

std::string idle_connection_is_used(const WireRecord& wire) {
    const auto opened = wire.of(Call::OpenSession);
    return all({so(opened.size() > 1 && opened[0]->connection == opened[1]->connection,
                   "the second session on another connection"),
                new_connection_after_loss(wire), new_connection_after_silence(wire)});
}

/// One line for each: what is asked, the names of its headers, and on which connection from the first on.
std::string registration_headers(const std::vector<Arrived>& requests) {
    std::string text;
    for (const Arrived& arrived : requests) {
        text += arrived.request.method + arrived.request.target;
        for (const auto& header : arrived.request.headers)
            text += " " + header.first;
        text += fmt::format(" on {}\n", arrived.connection - requests.front().connection);
    }
    return text;
}

std::string same_over_tls(const WireRecord& wire) {
    // The last registration of the one that speaks plain HTTP.
    std::vector<Arrived> plain;
    for (const Call call : {Call::AskVersion, Call::Register, Call::Activate})
        plain.push_back(*wire.of(call).back());
    return all({same(std::to_string(wire.registered_over_tls.size()), "3"),
                same(registration_headers(wire.registered_over_tls), registration_headers(plain))});
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
                 for (const Call call : {Call::Negotiate, Call::Submit}) {
                     for (const Arrived* arrived : wire.of(call))
                         complaints.push_back(
                             so(arrived->request.header("authorization")->starts_with("Bearer "),
                                "another authorization"));
                 }
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
        held("T1.9", "with registrar_tls_enabled the same three requests go to the registrar's TLS port",
             same_over_tls),
    };
}

}  // namespace pushsim::habits
