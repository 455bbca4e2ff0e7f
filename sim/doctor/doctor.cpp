#include "sim/doctor/doctor.hpp"

#include "agent/base/files.hpp"
#include "sim/doctor/keylime.hpp"
#include "sim/doctor/machine.hpp"
#include "sim/doctor/servers.hpp"

namespace pushsim::doctor {
namespace {

using Findings = std::vector<Finding>;

/// What depends on where the servers come from.
class LookAtStack {
  public:
    LookAtStack(std::size_t agents, const Clock& clock) : agents_(agents), clock_(clock) {}

    Findings operator()(const ToStart& wanted) const {
        Findings findings{check_keylime(wanted.keylime)};
        if (wanted.keylime) {
            findings.push_back(check_python(*wanted.keylime, stack::import_problem(*wanted.keylime)));
        } else {
            findings.push_back({Level::Skipped, "Keylime's Python", "there is no Keylime"});
        }
        findings.push_back(check_ports(stack::choose_ports(wanted.ports, {})));
        findings.push_back(check_rate_limits(rate_limits_in(stack::verifier_template().text()), agents_));
        return findings;
    }

    Findings operator()(const Kept& kept) const {
        const stack::StackAddress& address = kept.record.address;
        Findings findings{check_version(address.keylime_version.value_or(""), address.keylime_origin)};
        append(findings, look_at_servers(address, clock_));
        findings.push_back(
            check_rate_limits(rate_limits_in(read_file(kept.record.folder / "etc/verifier.conf")), agents_));
        return findings;
    }

    Findings operator()(const External& external) const {
        if (!external.address)
            return {{Level::Fail, external.name, external.address.error().message,
                     external.address.error().mend}};
        Findings findings;
        if (external.address->keylime_version) {
            findings.push_back(
                check_version(*external.address->keylime_version, external.address->keylime_origin));
        } else {
            findings.push_back({Level::Skipped, "Keylime", "its version cannot be asked for from outside"});
        }
        append(findings, external.beside);
        append(findings, look_at_servers(*external.address, clock_));
        findings.push_back(check_rate_limits({}, agents_));
        return findings;
    }

    static void append(Findings& findings, Findings more) {
        findings.insert(findings.end(), std::make_move_iterator(more.begin()),
                        std::make_move_iterator(more.end()));
    }

  private:
    std::size_t agents_;
    const Clock& clock_;
};

}  // namespace

Findings examine(const Subject& subject, const Result<stack::Registry>& registry, const Clock& clock) {
    const bool starts_servers = std::holds_alternative<ToStart>(subject.stack);
    Findings findings{check_tpm(try_tpm())};
    for (const Tool& tool : tools(starts_servers))
        findings.push_back(check_tool(tool, is_there(tool)));
    findings.push_back(check_files(file_limit(), subject.agents));
    findings.push_back(check_tasks(task_room(), starts_servers));
    findings.push_back(check_memory(free_memory(), subject.agents, starts_servers));
    findings.push_back(check_local_ports(local_ports(), subject.agents));
    const FolderFacts runs = look_at_folder(
        subject.runs, "name a folder that this user may write to: --out DIR, here and with `pushsim run`");
    findings.push_back(check_folder("runs folder", runs));
    findings.push_back(check_disk(runs, subject.agents));
    if (registry) {
        findings.push_back(check_folder(
            "state folder",
            look_at_folder(registry->folder(),
                           "let this user write there, or name another folder: XDG_STATE_HOME=DIR")));
        findings.push_back(check_leftovers(leftovers(*registry)));
    } else {
        findings.push_back({Level::Fail, "state folder", registry.error().message, registry.error().mend});
        findings.push_back({Level::Skipped, "leftovers", "there is no state folder to look in"});
    }
    LookAtStack::append(findings, std::visit(LookAtStack(subject.agents, clock), subject.stack));
    return findings;
}

}  // namespace pushsim::doctor
