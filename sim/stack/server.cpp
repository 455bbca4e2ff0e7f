#include "sim/stack/server.hpp"

#include <algorithm>
#include <csignal>
#include <system_error>

#include <fmt/core.h>

#include "agent/protocol/registrar.hpp"
#include "sim/stack/ports.hpp"
#include "sim/stack/server_log.hpp"

namespace pushsim::stack {
namespace {

constexpr std::chrono::seconds kProbeLimit{5};
constexpr std::uintmax_t kLogBound = 256 * 1024;

std::string joined(const std::vector<std::string>& lines) {
    std::string text;
    for (const auto& line : lines)
        text += fmt::format("\n      {}", line);
    return text;
}

}  // namespace

Result<Server> Server::start(ServerName name, const Program& program) {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(program.log, none_yet);
    auto process = ServerProcess::start(program);
    if (!process) return fail(process.error().in(to_string(name)));
    return Server(name, std::move(*process), program.log, none_yet ? 0 : size);
}

std::vector<ProcessId> Server::other_leaders() const {
    return name_ == ServerName::Database ? children_of(id().pid) : std::vector<ProcessId>{};
}

std::vector<ProcessId> Server::processes() const {
    auto all = group_members(id().pid);
    for (const ProcessId& other : other_leaders()) {
        if (std::ranges::find(all, other) == all.end()) all.push_back(other);
    }
    return all;
}

void Server::signal(int signal) {
    if (name_ != ServerName::Database) return process_.signal_group(signal);
    // PostgreSQL documentation, "Shutting Down the Server": it tells its processes itself.
    if (signal == SIGTERM) return process_.signal_group(SIGINT);
    process_.signal_group(SIGSTOP);  // now it starts no more
    signalled_ = other_leaders();
    for (const ProcessId& other : signalled_)
        signal_process(other, signal);
    if (signal != SIGSTOP) process_.signal_group(signal);
}

bool Server::gone() {
    return process_.group_gone() && std::ranges::none_of(signalled_, is_running);
}

std::string Server::own_log() const {
    std::error_code unreadable;
    const auto size = std::filesystem::file_size(log_, unreadable);
    return unreadable || size <= log_start_ ? "" : read_tail(log_, std::min(size - log_start_, kLogBound));
}

std::optional<Error> Server::check_alive(const std::string& when) {
    const auto how = process_.ended();
    if (!how) return std::nullopt;
    const std::string tail = own_log();
    const auto diagnosis = diagnose(tail);
    return Error{ErrorKind::Stack,
                 fmt::format("the {} (process {}) ended {}, {}: {}\n    {} ends with:{}", to_string(name_),
                             process_.id().pid, when, *how, diagnosis.cause, log_.string(),
                             joined(last_lines(tail, 6))),
                 diagnosis.mend};
}

bool Server::lost_its_port() const {
    return !listening_ && says_port_taken(own_log());
}

std::optional<Error> Server::check_port() const {
    if (!lost_its_port()) return std::nullopt;
    const std::string tail = own_log();
    const auto diagnosis = diagnose(tail);
    return Error{ErrorKind::Stack,
                 fmt::format("the {} (process {}) does not listen: {}\n    {} ends with:{}", to_string(name_),
                             process_.id().pid, diagnosis.cause, log_.string(), joined(last_lines(tail, 6))),
                 diagnosis.mend};
}

bool Server::is_ready(const StackAddress& address, const Clock& clock) {
    if (!listening_) {
        listening_ = name_ == ServerName::Database ? says_accepting(own_log()) : says_listening(own_log());
    }
    if (!listening_) return false;
    if (name_ == ServerName::Database) return true;  // nobody else is in its folder

    const bool verifier = name_ == ServerName::Verifier;
    std::optional<TlsIdentity> tls;
    if (verifier) {
        tls = TlsIdentity{
            .ca_file = address.ca_file, .certificate = {}, .key = {}, .verify_server = address.verify_server};
    }
    const HostPort& where = verifier ? address.verifier : address.registrar_http;
    AdminClient client(where, tls, clock, kProbeLimit);
    const auto call = client.exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}});
    const auto response = response_of(call, where);
    if (!response) {
        last_probe_ = response.error().message;
        return false;
    }
    last_probe_ = fmt::format("GET /version at {} was answered with {}", where.text(), response->status);
    // A verifier in push mode has no such resource any more: 410.
    if (verifier) return response->status == 410 || response->status == 200;
    const auto versions = protocol::parse_versions(*response);
    const auto chosen = versions ? protocol::choose_registrar_version(*versions) : std::nullopt;
    if (!chosen) return false;
    api_version_ = *chosen;
    return true;
}

Error Server::not_ready(Duration waited) const {
    return {ErrorKind::Stack,
            fmt::format("the {} (process {}) was not ready after {}: {}\n    {} ends with:{}",
                        to_string(name_), process_.id().pid, to_text(waited),
                        listening_ ? last_probe_ : "its log does not say that it listens", log_.string(),
                        joined(last_lines(own_log(), 6))),
            "a machine under heavy load may need more time: see the log"};
}

}  // namespace pushsim::stack
