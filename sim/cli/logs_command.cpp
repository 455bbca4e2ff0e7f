// pushsim stack logs: the last lines, and those to come.

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/stack/control.hpp"
#include "sim/stack/server_log.hpp"

namespace pushsim::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLooks{200};

struct Followed {
    std::string name;  ///< "verifier"
    std::filesystem::path file;
    stack::LogReader reader;
};

bool lives(const stack::StackRecord& record) {
    return std::ranges::any_of(record.groups, stack::is_running);
}

Result<std::vector<stack::StackRecord>> meant(const stack::Registry& registry, const std::string& folder) {
    if (folder.empty()) return registry.all();
    auto record = registry.find(folder);
    if (record) return std::vector{std::move(*record)};
    return fail(ErrorKind::Config, "no stack is known in " + folder,
                "`pushsim stack status` lists those there are");
}

std::vector<Followed> logs_of(const std::vector<stack::StackRecord>& records, const std::string& server) {
    std::vector<Followed> logs;
    const auto add = [&](const char* name, const std::optional<std::filesystem::path>& file) {
        if (file && (server.empty() || server == name))
            logs.push_back({name, *file, stack::LogReader(*file)});
    };
    for (const stack::StackRecord& record : records) {
        add("verifier", record.address.verifier_log);
        add("registrar", record.address.registrar_log);
    }
    return logs;
}

/// Until the stacks have ended; Ctrl-C ends the program.
void follow(std::vector<Followed>& logs, const std::vector<stack::StackRecord>& records) {
    for (bool last_look = false; !last_look;) {
        // Looked at before the logs are, so that nothing is lost of what a server says at its end.
        last_look = std::ranges::none_of(records, lives);
        for (Followed& log : logs) {
            for (const std::string& line : log.reader.more()) {
                if (logs.size() > 1) fmt::print("{}: ", log.name);
                fmt::print("{}\n", line);
            }
        }
        std::fflush(stdout);
        if (!last_look) stack::wait_for(kBetweenLooks);
    }
}

}  // namespace

int stack_logs(const StackOptions& options) {
    const auto registry = stack::Registry::open();
    if (!registry) return report_error(registry.error());
    const auto records = meant(*registry, options.folder);
    if (!records) return report_error(records.error());
    if (records->empty()) {
        fmt::print("no stack is up\n");
        return kAsExpected;
    }
    auto logs = logs_of(*records, options.server);
    for (Followed& log : logs) {
        // One log alone is for other programs, too.
        if (logs.size() > 1) fmt::print("== {} {}\n", log.name, log.file.string());
        for (const std::string& line : log.reader.last(options.lines))
            fmt::print("{}\n", line);
    }
    if (options.follow) follow(logs, *records);
    return kAsExpected;
}

}  // namespace pushsim::cli
