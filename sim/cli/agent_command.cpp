// One honest agent by hand, and measurements into its TPM.

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "agent/boot/boot_state.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/lone_agent.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/cli/stack_choice.hpp"
#include "sim/cli/version.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "sim/stack/find_host.hpp"
#include "sim/stack/inspect.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kLook = std::chrono::milliseconds{100};
constexpr Duration kHostPatience = std::chrono::seconds{20};
constexpr Duration kRestPatience = std::chrono::seconds{5};

/// What an agent needs to know of a stack, and what only a tenant does.
struct AgentsView {
    transport::Endpoint registrar;
    transport::Endpoint verifier;
    std::string ca;
    std::optional<stack::StackAddress> tenant;
};

transport::Endpoint endpoint(transport::Scheme scheme, const stack::HostPort& where) {
    return {.scheme = scheme, .host = where.host, .port = where.port};
}

AgentsView view_of(const stack::StackAddress& address) {
    return {endpoint(transport::Scheme::Http, address.registrar_http),
            endpoint(transport::Scheme::Https, address.verifier), address.ca_file.string(), address};
}

/// The choice with a host in place of none: the first of `hosts` that has the verifier.
Result<StackChoice> with_host(StackChoice choice, const Clock& clock) {
    if (choice.hosts.empty()) return choice;
    const std::array places{std::pair{"--verifier", &choice.verifier},
                            std::pair{"--registrar", &choice.registrar},
                            std::pair{"--registrar-tls", &choice.registrar_tls}};
    for (const auto& [option, place] : places) {
        if (place->empty() || place->starts_with(':')) continue;
        return fail(ErrorKind::Usage, fmt::format("{}: with --hosts it is :PORT, found '{}'", option, *place),
                    fmt::format("for example {} :8881", option));
    }
    if (choice.stack != "external" || choice.verifier.empty() || choice.ca.empty())
        return fail(ErrorKind::Usage, "--hosts is about an external stack: it needs --verifier and --ca",
                    "pushsim agent --help");
    const auto port = parse_host_port("--verifier", "host" + choice.verifier);
    if (!port) return fail(port.error());
    const auto host =
        stack::find_host(choice.hosts, port->port, choice.ca, clock, kHostPatience, Interrupt::asked);
    if (!host) return fail(host.error());
    for (const auto& [option, place] : places)
        if (!place->empty()) place->insert(0, *host);
    return choice;
}

/// An external stack as agents see it: without the tenant's certificate, and one of the registrar's ports.
Result<AgentsView> external_view(const StackChoice& choice) {
    if (!choice.admin_certificate.empty() || !choice.admin_key.empty()) {
        const auto address = external_address(choice);
        if (!address) return fail(address.error());
        return view_of(*address);
    }
    const bool over_tls = choice.registrar.empty();
    for (const auto& [option, given] :
         {std::pair{"--verifier", !choice.verifier.empty()},
          {"--registrar or --registrar-tls", !choice.registrar.empty() || !choice.registrar_tls.empty()},
          {"--ca", !choice.ca.empty()}}) {
        if (!given)
            return fail(ErrorKind::Usage, fmt::format("--stack external needs {}", option),
                        "pushsim agent --help");
    }
    auto verifier = parse_host_port("--verifier", choice.verifier);
    if (!verifier) return fail(verifier.error());
    auto registrar = over_tls ? parse_host_port("--registrar-tls", choice.registrar_tls)
                              : parse_host_port("--registrar", choice.registrar);
    if (!registrar) return fail(registrar.error());
    return AgentsView{endpoint(over_tls ? transport::Scheme::Https : transport::Scheme::Http, *registrar),
                      endpoint(transport::Scheme::Https, *verifier), choice.ca, std::nullopt};
}

/// What can be seen of the stack beforehand is right: its mode, and the tenant's certificate where there is
/// one.
Result<AgentsView> inspected(AgentsView found, const Clock& clock) {
    if (found.tenant) {
        auto address = stack::inspect(std::move(*found.tenant), clock);
        if (!address) return fail(address.error());
        found.tenant = std::move(*address);
        return found;
    }
    stack::StackAddress seen;
    seen.verifier = {found.verifier.host, found.verifier.port};
    seen.ca_file = found.ca;
    if (auto right = stack::inspect_verifier(seen, clock); !right) return fail(right.error());
    return found;
}

Result<AgentsView> view(const StackChoice& choice, const Clock& clock) {
    auto found = [&]() -> Result<AgentsView> {
        if (choice.stack == "external") return external_view(choice);
        const auto address = running_address(choice, clock);
        if (!address) return fail(address.error());
        return view_of(*address);
    }();
    if (!found) return found;
    auto registrar = transport::resolve(found->registrar);
    if (!registrar) return fail(registrar.error());
    auto verifier = transport::resolve(found->verifier);
    if (!verifier) return fail(verifier.error());
    found->registrar = std::move(*registrar);
    found->verifier = std::move(*verifier);
    return inspected(std::move(*found), clock);
}

/// When this machine was booted, by /proc/stat, in whole seconds; as the Rust agent tells it.
std::optional<WallTime> booted_at() {
    std::ifstream stat("/proc/stat");
    for (std::string word; stat >> word;) {
        std::int64_t seconds = 0;
        if (word == "btime" && stat >> seconds) return WallTime{std::chrono::seconds{seconds}};
    }
    return std::nullopt;
}

fleet::Manner manner_of(const std::string& habits) {
    scenario::Group group;
    if (habits == "rust-agent") {
        group.habits = scenario::Habits::RustAgent;
        group.connections = scenario::Connections::RustAgent;
    }
    return fleet::manner_of(group, 0);
}

fleet::TpmDevice::Options tpm_options(const AgentOptions& options, const fs::path& kept, const Clock& clock) {
    fleet::TpmDevice::Options tpm{
        .kept = kept, .boot_time = clock.wall_now(), .stop_asked = Interrupt::asked};
    if (!options.tcti.empty()) {
        tpm.tpm = {scenario::TpmKind::Outside, options.tcti};
        tpm.boot_time = booted_at().value_or(tpm.boot_time);
    }
    return tpm;
}

/// That an agent of this id runs here; the file of the TPM is let go of between attestations. Gone at the
/// end.
class Running {
  public:
    /// ErrorKind::Config where one does; else as KeptTpmFile::lock.
    static Result<Running> begin(const std::string& id, const fs::path& kept) {
        fs::path file = kept;
        file += ".agent";
        auto lock = fleet::KeptTpmFile::lock(file, Duration::zero());
        if (lock) return Running(std::move(*lock), std::move(file));
        if (lock.error().kind != ErrorKind::Config) return fail(lock.error());
        return fail(ErrorKind::Config, fmt::format("an agent '{}' is running already", id),
                    "stop that one, or use another --id");
    }
    Running(Running&& other) noexcept
        : lock_(std::move(other.lock_)), file_(std::exchange(other.file_, {})) {}
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    Running& operator=(Running&&) = delete;
    ~Running() {
        if (!file_.empty()) fleet::remove_kept_tpm(file_);
    }

  private:
    Running(fleet::KeptTpmFile lock, fs::path file) : lock_(std::move(lock)), file_(std::move(file)) {}
    fleet::KeptTpmFile lock_;
    fs::path file_;
};

std::string words_of(const fleet::TpmDevice::Options& tpm) {
    return tpm.tpm.tcti.empty() ? "TPM in pushsim, kept in " + tpm.kept->string() : "TPM at " + tpm.tpm.tcti;
}

/// Runs the loop until the agent is done, a person stops it, or nobody reads on; true where it was stopped.
bool run_to_end(LoneAgent& agent, transport::EventLoop& loop, const AgentLog& log) {
    agent.begin();
    while (!agent.done()) {
        if (Interrupt::asked()) return true;
        if (log.reader_is_gone()) return true;
        loop.run_once(kLook);
    }
    return false;
}

/// The TPM is kept before the process ends; nothing where it does not come to that in time.
std::optional<Result<void>> put_aside(LoneAgent& agent, transport::EventLoop& loop) {
    std::optional<Result<void>> rested;
    agent.end([&](Result<void> result) { rested = std::move(result); });
    loop.run_until([&] { return rested.has_value(); }, kRestPatience);
    return rested;
}

}  // namespace

int agent_run(const AgentOptions& options) {
    const Interrupt interrupt;
    const core::SystemClock clock;
    const std::uint64_t seed = core::fresh_seed();
    core::SeededStream ids(seed, {"agent", "id"});
    const std::string id = options.id.empty() ? core::make_uuid(ids) : options.id;
    const auto kept = fleet::kept_tpm_file(id);
    if (!kept) return report_error(kept.error());
    if (options.client_certificate.empty() != options.client_key.empty()) {
        return report_error({ErrorKind::Usage, "--cert and --key go together: one of them is missing",
                             "give both, or none: the verifier wants none of an agent"});
    }
    const auto choice = with_host(options.stack, clock);
    if (!choice) return report_error(choice.error());
    const auto place = view(*choice, clock);
    if (!place) return report_error(place.error());
    const auto tls = transport::TlsIdentity::make({.ca_files = {place->ca},
                                                   .certificate_file = options.client_certificate,
                                                   .key_file = options.client_key});
    if (!tls) return report_error(tls.error());
    std::optional<Running> running;
    if (auto begun = Running::begin(id, *kept)) {
        running.emplace(std::move(*begun));
    } else {
        return report_error(begun.error());
    }

    const auto folder = make_run_folder(options.out, id, seed, clock.wall_now());
    if (!folder) return report_error(folder.error());
    history::Head head;
    head.pushsim_version = kVersion;
    head.command = options.command_line;
    head.seed = seed;
    head.started = clock.wall_now();
    if (place->tenant) head.stack = facts_of(*place->tenant);
    const auto history = history::HistoryWriter::open(*folder / "history.jsonl", clock, head);
    if (!history) return report_error(history.error());

    transport::EventLoop loop(clock);
    const auto post = [&loop](fleet::Worker::Task task) { loop.post(std::move(task)); };
    const fleet::TpmDevice::Options tpm = tpm_options(options, *kept, clock);
    fleet::TpmThreads tpms(clock, post, 1);
    std::unique_ptr<fleet::TenantDesk> tenant;
    if (place->tenant) tenant = std::make_unique<fleet::TenantDesk>(*place->tenant, clock, post);
    const fleet::Surroundings surroundings{loop, clock, **history, place->registrar, place->verifier,
                                           *tls, seed,  id};
    const AgentLog log(options.format, clock);
    log.say("start",
            fmt::format("agent {}: {}; registrar {}, verifier {}; history in {}", id, words_of(tpm),
                        transport::authority_of(place->registrar), transport::authority_of(place->verifier),
                        folder->string()),
            {{"agent", id}, {"history", (*folder / "history.jsonl").string()}});
    if (!tenant)
        log.say(
            "note",
            "the verifier does not tell agents their verdict; with --admin-cert and --admin-key it is read");

    LoneAgent agent(surroundings, std::make_unique<fleet::AgentTpm>(tpms, tpm), tenant.get(),
                    *folder / "history.jsonl", log,
                    {.id = id,
                     .manner = manner_of(options.habits),
                     .times = options.times,
                     .every = options.every,
                     .stack_words = !options.stack.hosts.empty() ? " --stack kind"  // in a pod
                                    : tenant                     ? stack_words(*choice)
                                                                 : " --stack external …"});
    const bool stopped = run_to_end(agent, loop, log);
    const auto put = put_aside(agent, loop);
    history::ScenarioEnd end;
    if (const auto& failure = agent.failure(); failure && exit_code(failure->kind) != kNotAsExpected)
        end = {history::ScenarioEnd::Ending::Failed, failure->message, failure->mend};
    (*history)->append({.scenario = id}, end);
    (*history)->append({}, history::End{});
    // Nobody can come back to an id that was drawn; of a TPM that never came to be only the lock is there.
    if (std::error_code none; options.id.empty() || !fs::exists(*kept, none)) fleet::remove_kept_tpm(*kept);
    running.reset();
    if (!put) {
        report_error(
            {ErrorKind::Tpm, "the TPM does not answer", "look whether it still runs; it is left as it is"});
        // Its thread waits for it, and nothing but the end of the process ends that (tpm::ExternalTpm).
        std::fflush(nullptr);
        std::_Exit(kFailed);
    }
    if (agent.failure()) return report_error(*agent.failure());
    if (!*put) return report_error(put->error());
    log.say("end", agent.summary());
    if (stopped && options.times > 0) return kInterrupted;
    if (agent.cycles() == 0) return kNothingRan;
    return agent.all_well() ? kAsExpected : kNotAsExpected;
}

int agent_extend(const AgentOptions& options) {
    const core::SystemClock clock;
    const auto measurement = boot::parse_measurement(options.measurement);
    if (!measurement)
        return report_error({ErrorKind::Usage, measurement.error().message, "for example text:changed"});
    if (options.id.empty() && options.tcti.empty()) {
        return report_error({ErrorKind::Usage, "agent extend: whose TPM? --id or --tcti says it",
                             "pushsim agent extend --help"});
    }
    Result<fleet::TpmDevice::Options> tpm =
        fleet::TpmDevice::Options{.tpm = {scenario::TpmKind::Outside, options.tcti}};
    if (!options.id.empty()) tpm = fleet::tpm_of_kept_agent(options.id);
    if (!tpm) return report_error(tpm.error());
    if (!options.tcti.empty() && tpm->tpm.tcti != options.tcti) {
        return report_error(
            {ErrorKind::Usage,
             fmt::format("agent extend: the TPM of '{}' is {}, not at {}", options.id,
                         tpm->tpm.tcti.empty() ? "in pushsim" : "at " + tpm->tpm.tcti, options.tcti),
             "say --id or --tcti alone"});
    }
    tpm::TpmHost host;
    fleet::TpmDevice device(host, std::move(*tpm));
    if (const auto extended = device.extend({{options.pcr, *measurement}}); !extended)
        return report_error(extended.error());
    const auto value = device.read_pcrs(tpm::HashAlgorithm::Sha256, {options.pcr});
    if (const auto rested = device.rest(); !rested) return report_error(rested.error());
    if (!value) return report_error(value.error());
    fmt::print("PCR {} (sha256) is {} now\n", options.pcr, to_hex(value->at(options.pcr)));
    return kAsExpected;
}

}  // namespace pushsim::cli
