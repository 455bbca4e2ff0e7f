#include "sim/stack/control.hpp"

#include <algorithm>
#include <system_error>

#include <fmt/core.h>

#include "sim/stack/admin_client.hpp"

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStopPatience{12};

fs::path kept_home(const Registry& registry) {
    return registry.folder().parent_path() / "stack";
}

bool answers(const HostPort& where, std::optional<TlsIdentity> tls, const Clock& clock) {
    AdminClient client(where, std::move(tls), clock, std::chrono::seconds{5});
    const auto call = client.exchange({.method = "GET", .target = "/version", .headers = {}, .body = {}});
    return call.outcome.response.has_value();
}

}  // namespace

fs::path kept_folder(const Registry& registry, const std::string& name) {
    return kept_home(registry) / name;
}

Result<StackRecord> stack_up(const LocalStackOptions& options, const Registry& registry, const Clock& clock) {
    auto stack = LocalStack::start(options, registry, clock);
    if (!stack) return fail(stack.error());
    if (auto kept = (*stack)->keep(); !kept) return fail(kept.error());
    auto record = registry.find((*stack)->folder());
    if (!record) return fail(ErrorKind::System, "the record of the new stack cannot be read");
    return std::move(*record);
}

Result<std::vector<StackRecord>> stack_down(const Registry& registry, const std::optional<fs::path>& folder,
                                            const Clock& clock) {
    std::vector<StackRecord> wanted = registry.all();
    std::erase_if(wanted, [](const StackRecord& record) { return !record.kept; });
    if (folder) {
        const fs::path named = canonical_path(*folder);
        std::erase_if(wanted, [&](const StackRecord& record) { return record.folder != named; });
        if (!wanted.empty() && wanted.front().out_of_sight()) {
            return fail(ErrorKind::Config,
                        fmt::format("the stack in {} was brought up in another container", folder->string()),
                        "end it there");
        }
        if (wanted.empty()) {
            return fail(ErrorKind::Config, fmt::format("no stack was brought up in {}", folder->string()),
                        "pushsim stack status lists those there are");
        }
    }
    std::erase_if(wanted, [](const StackRecord& record) { return record.out_of_sight(); });
    for (const auto& record : wanted) {
        if (!end_stack(record, registry, kStopPatience, clock).survivors.empty()) {
            return fail(ErrorKind::System,
                        fmt::format("processes of the stack in {} outlive SIGKILL", record.folder.string()));
        }
    }
    return wanted;
}

std::string StackStatus::word() const {
    if (record.out_of_sight()) return "in another container";
    if (processes == 0) return record.owner_lives() ? "starting" : "gone";
    if (!record.kept && !record.owner_lives()) return "left behind";
    if (!record.kept) return fmt::format("in use by process {}", record.owner.pid);
    return verifier_answers && registrar_answers ? "up" : "not answering";
}

std::vector<StackStatus> stack_status(const Registry& registry, const Clock& clock) {
    std::vector<StackStatus> all;
    for (auto& record : registry.all()) {
        StackStatus status;
        status.processes = record.processes().size();
        if (status.processes > 0) {
            const TlsIdentity tls{.ca_file = record.address.ca_file,
                                  .certificate = {},
                                  .key = {},
                                  .verify_server = record.address.verify_server};
            status.verifier_answers = answers(record.address.verifier, tls, clock);
            status.registrar_answers = answers(record.address.registrar_http, std::nullopt, clock);
        }
        status.record = std::move(record);
        all.push_back(std::move(status));
    }
    return all;
}

Cleaned stack_clean(const Registry& registry, const Clock& clock) {
    Cleaned cleaned;
    cleaned.leftovers = clean_leftovers(registry, clock);
    for (const auto& record : registry.all()) {
        // A kept stack whose servers are gone keeps nothing.
        if (record.kept && !record.out_of_sight() && record.processes().empty() && !record.owner_lives()) {
            (void)end_stack(record, registry, kStopPatience, clock);
        }
    }
    std::error_code error;
    for (fs::directory_iterator entry(kept_home(registry), error), end; !error && entry != end;
         entry.increment(error)) {
        if (registry.find(entry->path())) continue;
        std::error_code failed;
        fs::remove_all(entry->path(), failed);
        if (!failed) cleaned.removed_folders.push_back(entry->path());
    }
    return cleaned;
}

}  // namespace pushsim::stack
