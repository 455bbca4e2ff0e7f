// What happens to servers in a step, and raw requests to them.

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/fleet/expectations.hpp"
#include "sim/fleet/play.hpp"
#include "sim/scenario/references.hpp"

namespace pushsim::fleet {
namespace {

using scenario::StepKind;
using stack::ServerAct;
using stack::ServerName;

ServerAct act_of(StepKind kind) {
    switch (kind) {
        case StepKind::Stop:
            return ServerAct::Stop;
        case StepKind::Start:
            return ServerAct::Start;
        case StepKind::Restart:
            return ServerAct::Restart;
        case StepKind::Kill:
            return ServerAct::Kill;
        case StepKind::CutOff:
            return ServerAct::CutOff;
        case StepKind::RenewCertificate:
            return ServerAct::RenewCertificate;
        default:
            return ServerAct::Pause;
    }
}

ServerName server_of(const std::string& word) {
    if (word == "verifier") return ServerName::Verifier;
    return word == "registrar" ? ServerName::Registrar : ServerName::Database;
}

bool is_back(ServerAct act) {
    using enum ServerAct;
    return act == Start || act == Restart || act == Resume || act == Reconnect || act == RenewCertificate;
}

/// What ends an act that lasts for a while.
std::optional<ServerAct> end_of(ServerAct act) {
    if (act == ServerAct::Pause) return ServerAct::Resume;
    if (act == ServerAct::CutOff) return ServerAct::Reconnect;
    return std::nullopt;
}

bool is_json(const std::string& text) {
    return !text.empty() && nlohmann::json::accept(text);
}

}  // namespace

void Play::act_on_servers(const ActPtr& act) {
    const scenario::Step& step = act->step;
    const ServerAct what = act_of(step.kind);
    const auto ends = end_of(what);
    const Duration lasts = ends ? draws_.duration(step.wait, "", scenario::purpose(step.number, "for"),
                                                  step.wait.varies ? occurrence(step.number, "for") : 0)
                                : Duration::zero();
    for (const std::string& word : step.servers) {
        const ServerName server = server_of(word);
        ++act->acting;
        act_on_server(act, what, server, [this, act, ends, server, lasts] {
            if (!ends) return part_done(act);
            after(lasts, [this, act, ends, server] {
                act_on_server(act, *ends, server, [this, act] { part_done(act); });
            });
        });
    }
}

void Play::act_on_server(const ActPtr& act, ServerAct what, ServerName server, Then then) {
    down_.insert(server);
    ++server_acts_;
    stage_.act_on_server(
        what, server,
        [this, act, what, server, then = std::move(then),
         alive = std::weak_ptr(alive_)](const Result<std::string>& result) {
            if (alive.expired()) return;
            --server_acts_;
            const std::string how = result ? *result : "";
            record(act->where,
                   history::StackEvent{
                       to_string(what), in_words(what, server) + (how.empty() ? "" : ": " + how), {}});
            if (!result) {
                give_up(result.error());
                return;
            }
            if (is_back(what)) down_.erase(server);
            then();
        });
}

Error Play::lack(const VirtualAgent* whose, std::string what, std::string mend) {
    return faults::lack(whose != nullptr && whose->turned_away, std::move(what), std::move(mend));
}

/// Servers are what is judged: where it is their doing the play goes on, and what is expected of the step
/// finds no answer.
void Play::lacks(const Error& error, const history::Where& where) {
    if (error.kind == ErrorKind::Protocol) {
        record(where, history::Note{error.message + ": nothing is done"});
    } else {
        give_up(error.in(fmt::format("step {}", *where.step)));
    }
}

Result<std::string> Play::value_of(std::string_view inside) const {
    const auto reference = scenario::parse_reference(inside);
    if (!reference) return fail(ErrorKind::Usage, fmt::format("`${{{}}}` is no reference", inside));
    const auto missing = [&](const VirtualAgent* whose = nullptr) {
        return fail(lack(whose, fmt::format("`${{{}}}`: there is none yet", inside),
                         "let the agent come so far in a step before"));
    };
    const auto pick = [&](const std::map<std::string, std::string>& properties) -> Result<std::string> {
        const auto found = properties.find(reference->property);
        if (found != properties.end()) return found->second;
        const auto whose = std::ranges::find_if(agents_, [&](const Member& member) {
            return member.agent->identity().id == properties.at("id");
        });
        return missing(whose == agents_.end() ? nullptr : whose->agent.get());
    };
    if (const auto named = named_.find(reference->name); named != named_.end()) {
        if (static_cast<std::size_t>(reference->number) >= named->second.size()) return missing();
        return pick(named->second[static_cast<std::size_t>(reference->number)]);
    }
    const std::string name = scenario::agent_name(reference->name, reference->number);
    const auto member = std::ranges::find(agents_, name, &Member::name);
    if (member == agents_.end()) return missing();
    return pick(member->agent->properties());
}

Result<HttpRequest> Play::raw_request(const scenario::RawRequest& wanted, const VirtualAgent* by) const {
    std::optional<Error> wrong;
    const auto filled = [&](const std::string& text) {
        return scenario::replace_references(text, [&](std::string_view inside) {
            auto value = value_of(inside);
            if (!value && !wrong) wrong = value.error();
            return value.value_or("");
        });
    };
    HttpRequest request{wanted.method, filled(wanted.path), {}, filled(wanted.body)};
    for (const auto& [name, value] : wanted.headers)
        request.headers.emplace_back(name, filled(value));
    if (is_json(request.body) && !request.header("content-type")) {
        const bool json_api = request.target.starts_with("/v3");
        request.headers.emplace_back("content-type",
                                     json_api ? "application/vnd.api+json" : "application/json");
    }
    const bool says_who = by == nullptr || request.header("authorization");
    const auto token = says_who ? std::nullopt : by->token();
    if (token) request.headers.emplace_back("authorization", "Bearer " + *token);
    if (wrong) return fail(std::move(*wrong));
    const bool begins_a_session = request.target.ends_with("/sessions");
    if (!says_who && !token && wanted.to == "verifier" && !begins_a_session) {
        return fail(lack(by, fmt::format("{} has no token yet to send with its request", by->identity().name),
                         "let it `authenticate` in a step before, or send it `by: nobody`"));
    }
    std::erase_if(request.headers, [](const auto& header) { return header.second == scenario::no_header; });
    return request;
}

void Play::send_requests(const ActPtr& act) {
    const scenario::RawRequest& wanted = act->step.request;
    const bool admin = wanted.by == "admin";
    const transport::Endpoint& server = wanted.to == "verifier"    ? stage_.verifier
                                        : wanted.to == "registrar" ? stage_.registrar_tls
                                                                   : stage_.registrar;
    const auto send = [&](const std::string& who, const VirtualAgent* by) {
        auto request = raw_request(wanted, by);
        if (!request) return lacks(request.error(), {scenario_.name, act->number(), who});
        transport::Endpoint from = server;
        if (by != nullptr) from.source_address = by->source_address();
        const bool tls = server.scheme == transport::Scheme::Https;
        const history::Where here{scenario_.name, act->number(), who};
        senders_.push_back(std::make_unique<RawSender>(
            RawSender::Wiring{.loop = stage_.loop,
                              .history = stage_.history,
                              .server = std::move(from),
                              .tls = !tls    ? nullptr
                                     : admin ? stage_.admin_tls
                                             : stage_.tls,
                              .peer = wanted.to == "verifier" ? "verifier" : "registrar",
                              .where = here,
                              .keep = wants_messages(act->step.expect)}));
        ++act->acting;
        senders_.back()->send(std::move(*request), wanted.times, [this, act, here](bool answered) {
            if (answered) return part_done(act);
            look_at_servers(here, [this, act] { part_done(act); });
        });
    };
    if (admin || wanted.by == "nobody") {
        for (int i = 0; i < wanted.connections && !end_; ++i)
            send(scenario::agent_name(wanted.by, i), nullptr);
        return;
    }
    for (const Member& member : agents_) {
        if (member.group->name == wanted.by && !end_) send(member.name, member.agent.get());
    }
}

}  // namespace pushsim::fleet
