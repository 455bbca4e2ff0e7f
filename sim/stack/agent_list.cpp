#include "sim/stack/agent_list.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "sim/stack/record_json.hpp"
#include "sim/stack/tenant.hpp"

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

fs::path list_home(const Registry& registry) {
    return registry.folder().parent_path() / "agents";
}

Error cannot_write(const fs::path& file) {
    return {ErrorKind::System, fmt::format("cannot write {}: {}", file.string(), std::strerror(errno)),
            "set XDG_STATE_HOME to a folder of your own"};
}

/// One line, on disk when it returns.
Result<void> append_line(const fs::path& file, const std::string& line) {
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) return fail(cannot_write(file));
    const std::string text = line + '\n';
    const bool written = ::write(descriptor, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    Result<void> result;
    if (!written) result = fail(cannot_write(file));
    ::close(descriptor);
    return result;
}

bool is_gone(const Answer<void>& removal) {
    const auto& answer = removal.call.outcome.response;
    return removal.result.has_value() || (answer && answer->status == 404);
}

}  // namespace

Result<AgentList> AgentList::begin(const Registry& registry, const StackAddress& address) {
    std::error_code failed;
    fs::create_directories(list_home(registry), failed);
    const ProcessId owner = own_process();
    for (int number = 1;; ++number) {
        const fs::path file =
            list_home(registry) / fmt::format("{}-{}-{}.jsonl", owner.pid, owner.start_time, number);
        if (fs::exists(file, failed)) continue;
        const json head = {
            {"owner", to_json(owner)}, {"boot", boot_identity()}, {"address", to_json(address)}};
        if (auto written = append_line(file, head.dump()); !written) return fail(written.error());
        return AgentList(file);
    }
}

Result<void> AgentList::add(const std::string& agent_id) {
    return append_line(file_, json(agent_id).dump(-1, ' ', false, json::error_handler_t::replace));
}

Result<void> AgentList::add_policy(const std::string& name) {
    return append_line(file_, json{{"policy", name}}.dump(-1, ' ', false, json::error_handler_t::replace));
}

void AgentList::finish() const {
    std::error_code ignored;
    fs::remove(file_, ignored);
}

std::string LeftAgents::text() const {
    std::string what = fmt::format("{} agent{}", agent_ids.size(), agent_ids.size() == 1 ? "" : "s");
    if (!policies.empty())
        what +=
            fmt::format(" and the polic{} {}", policies.size() == 1 ? "y" : "ies", fmt::join(policies, ", "));
    return fmt::format("{} at {} of a run (process {}) that is over", what, address.verifier.text(), owner);
}

std::vector<LeftAgents> left_agents(const Registry& registry) {
    std::vector<LeftAgents> all;
    std::error_code error;
    for (fs::directory_iterator entry(list_home(registry), error), end; !error && entry != end;
         entry.increment(error)) {
        std::ifstream lines(entry->path());
        std::string line;
        try {
            if (!std::getline(lines, line)) continue;
            const json head = json::parse(line);
            const ProcessId owner = process_from(head.at("owner"));
            StackRecord run;
            run.boot = head.at("boot").get<std::string>();
            run.owner = owner;
            if (run.owner_lives() || run.out_of_sight()) continue;
            LeftAgents left{entry->path(), address_from(head.at("address")), owner.pid, {}, {}};
            // The last line may be cut; that one was not made known yet.
            while (std::getline(lines, line) && json::accept(line)) {
                const json one = json::parse(line);
                one.is_object() ? left.policies.push_back(one.at("policy").get<std::string>())
                                : left.agent_ids.push_back(one.get<std::string>());
            }
            if ((left.agent_ids.empty() && left.policies.empty()) ||
                (left.address.kind == "local" && !fs::exists(left.address.ca_file))) {
                std::error_code ignored;
                fs::remove(left.file, ignored);
                continue;
            }
            all.push_back(std::move(left));
        } catch (const json::exception&) {
            continue;  // no list of ours
        }
    }
    return all;
}

Result<void> remove_left(const LeftAgents& left, const Clock& clock) {
    Tenant tenant(left.address, clock, std::chrono::seconds{10});
    const auto failed = [&](const Error& error) {
        return fail(error.kind, fmt::format("removing {} failed: {}", left.text(), error.message),
                    "if that stack is no more, delete " + left.file.string());
    };
    for (const std::string& id : left.agent_ids) {
        for (const auto& removal : {tenant.remove(id), tenant.remove_registered(id)}) {
            if (!is_gone(removal)) return failed(removal.result.error());
        }
    }
    for (const std::string& name : left.policies) {
        const auto removal = tenant.remove_runtime_policy(name);
        if (!removal.result) return failed(removal.result.error());
    }
    std::error_code ignored;
    fs::remove(left.file, ignored);
    return {};
}

}  // namespace pushsim::stack
