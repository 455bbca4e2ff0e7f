#include "sim/cli/session.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "agent/base/text.hpp"
#include "sim/cli/configured.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/doctor/machine.hpp"
#include "sim/kind/infra.hpp"
#include "sim/scenario/sharing.hpp"
#include "sim/scenario/version_range.hpp"
#include "sim/stack/control.hpp"
#include "sim/stack/inspect.hpp"
#include "sim/stack/postgresql.hpp"

namespace pushsim::cli {
namespace {

stack::Options as_text(const scenario::ServerOptions& options) {
    return {options.begin(), options.end()};
}

std::optional<std::uint16_t> asked_port(std::uint16_t port) {
    return port == 0 ? std::nullopt : std::optional(port);
}

/// Why the scenario is not for that Keylime.
std::optional<std::string> wrong_version(const scenario::StackOptions& wanted, const std::string& version) {
    const auto range = scenario::parse_version_range(wanted.keylime);
    if (!range) return std::nullopt;
    const auto holds = range->holds(version);
    if (!holds)
        return fmt::format("it is for Keylime {}, and of this one the version is not known", wanted.keylime);
    if (*holds) return std::nullopt;
    return fmt::format("it is for Keylime {}, and this is {}", wanted.keylime, version);
}

/// What a local stack lacks that the scenario needs; its log is always there.
std::optional<std::string> unmet_need(const scenario::StackOptions& wanted) {
    for (const std::string& need : wanted.needs) {
        if (need == "database" && wanted.database != "sqlite")
            return "it needs the verifier's database, and pushsim reads none but SQLite";
        if (need != "measured_boot") continue;
        for (const char* tool : {"tpm2_eventlog", "libefivar.so.1"}) {
            if (doctor::is_there({tool, "", "", true})) continue;
            return fmt::format("it needs {}, and there is no {} for the verifier: scripts/setup installs it",
                               need, tool);
        }
    }
    return std::nullopt;
}

/// The file's name in any folder, as a shell reads it.
std::string quoted_path(const std::string& file) {
    std::error_code unknown;
    const auto absolute = std::filesystem::absolute(file, unknown);
    return shell_word(unknown ? file : absolute.lexically_normal().string());
}

}  // namespace

std::string stack_words(const StackChoice& choice) {
    if (choice.stack == "kind") return " --stack kind";
    if (choice.stack != "external") return "";
    return fmt::format(
        " --stack external --verifier {} --registrar {} --registrar-tls {} --ca {} --admin-cert {} "
        "--admin-key {}",
        shell_word(choice.verifier), shell_word(choice.registrar), shell_word(choice.registrar_tls),
        quoted_path(choice.ca), quoted_path(choice.admin_certificate), quoted_path(choice.admin_key));
}

Result<stack::HostPort> parse_host_port(const std::string& option, const std::string& text) {
    std::string_view rest = text;
    for (const std::string_view scheme : {"https://", "http://"}) {
        if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
    }
    if (rest.ends_with('/')) rest.remove_suffix(1);
    const std::size_t colon = rest.rfind(':');
    std::uint16_t port = 0;
    const auto bad = [&] {
        return fail(ErrorKind::Usage, fmt::format("{}: expected HOST:PORT, found '{}'", option, text),
                    fmt::format("for example {} 127.0.0.1:8881", option));
    };
    if (colon == std::string_view::npos || colon == 0) return bad();
    const std::string_view digits = rest.substr(colon + 1);
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (failed != std::errc{} || end != digits.data() + digits.size() || port == 0) return bad();
    std::string_view host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return stack::HostPort{std::string(host), port};
}

Result<stack::LocalStackOptions> local_options(const StackChoice& choice,
                                               const std::filesystem::path& folder) {
    auto keylime = stack::find_keylime(choice.keylime.empty() ? stack::default_keylime() : choice.keylime);
    if (!keylime) return fail(keylime.error());
    stack::LocalStackOptions options;
    options.keylime = std::move(*keylime);
    options.folder = folder;
    if (choice.certificates == "own") options.certificates = stack::Certificates::Own;
    if (choice.certificates == "keylime") options.certificates = stack::Certificates::Keylime;
    options.ports = {asked_port(choice.registrar_port), asked_port(choice.verifier_port),
                     asked_port(choice.registrar_tls_port)};
    options.stop_asked = [] { return Interrupt::asked(); };
    options.groups_changed = Interrupt::killer();
    return options;
}

Result<std::string> version_under_test(const StackChoice& choice) {
    if (choice.stack != "local") return std::string{};
    const auto local = local_options(choice, {});
    if (!local) return fail(local.error());
    return local->keylime.version;
}

Result<stack::StackAddress> external_address(const StackChoice& choice) {
    if (choice.stack == "kind") {
        const auto state = kind::InfraState::open();
        if (!state) return fail(state.error());
        const auto up = kind::infra_address(*state);
        if (!up) return fail(ErrorKind::Config, "no cluster is up", "pushsim stack up --stack kind makes it");
        if (auto gone = kind::why_gone(*state, *up)) return fail(std::move(*gone));
        return stack::external_stack(*up);
    }
    stack::StackAddress address;
    address.kind = "external";
    for (const auto& [option, text] : {std::pair{"--verifier", &choice.verifier},
                                       {"--registrar", &choice.registrar},
                                       {"--registrar-tls", &choice.registrar_tls},
                                       {"--ca", &choice.ca},
                                       {"--admin-cert", &choice.admin_certificate},
                                       {"--admin-key", &choice.admin_key}}) {
        if (text->empty()) {
            return fail(ErrorKind::Usage, fmt::format("--stack external needs {}", option),
                        "see `pushsim run --help` for all six");
        }
    }
    auto verifier = parse_host_port("--verifier", choice.verifier);
    if (!verifier) return fail(verifier.error());
    auto registrar = parse_host_port("--registrar", choice.registrar);
    if (!registrar) return fail(registrar.error());
    auto registrar_tls = parse_host_port("--registrar-tls", choice.registrar_tls);
    if (!registrar_tls) return fail(registrar_tls.error());
    address.verifier = *verifier;
    address.registrar_http = *registrar;
    address.registrar_tls = *registrar_tls;
    address.ca_file = choice.ca;
    address.admin_certificate = choice.admin_certificate;
    address.admin_key = choice.admin_key;
    return stack::external_stack(std::move(address));
}

Result<stack::StackAddress> running_address(const StackChoice& choice, const Clock& clock) {
    if (choice.stack != "local") return external_address(choice);
    const auto registry = stack::Registry::open();
    if (!registry) return fail(registry.error());
    std::vector<stack::StackRecord> up;
    for (auto& status : stack::stack_status(*registry, clock)) {
        if (status.record.kept && status.word() == "up") up.push_back(std::move(status.record));
    }
    if (up.empty()) {
        return fail(ErrorKind::Config, "no stack is up",
                    "pushsim stack up starts one; --stack external names one that runs elsewhere");
    }
    if (up.size() > 1) {
        return fail(ErrorKind::Config, fmt::format("{} stacks are up", up.size()),
                    "name one with --stack external and what pushsim stack status says of it");
    }
    return up.front().address;
}

StackSession::StackSession(const RunOptions& options, std::filesystem::path folder,
                           const stack::Registry& registry, const Clock& clock, std::atomic<int>& stacks)
    : options_(options), folder_(std::move(folder)), registry_(registry), clock_(clock), stacks_(stacks) {}

std::optional<std::string> StackSession::cannot_play(const scenario::Scenario& scenario) const {
    if (options_.stack.stack == "kind") return cannot_play_in_cluster(scenario);
    if (options_.stack.stack != "local") return cannot_play_elsewhere(scenario);
    const scenario::StackOptions& wanted = scenario.stack;
    const auto local = local_options(options_.stack, folder_);
    if (!local) return local.error().message;
    if (const auto why = wrong_version(wanted, local->keylime.version)) return why;
    if (const auto why = unmet_need(wanted)) return why;
    if (wanted.database == "postgresql") return stack::why_no_postgresql(local->keylime);
    return std::nullopt;
}

std::optional<std::string> StackSession::cannot_play_elsewhere(const scenario::Scenario& scenario) const {
    const scenario::StackOptions& wanted = scenario.stack;
    if (wanted.fresh)
        return "it wants servers of its own (`fresh: true`), and an external stack is there for others too";
    if (scenario::acts_on_servers(scenario))
        return "its script acts on servers, and an external stack is not ours to stop and start";
    if (!wanted.needs.empty()) {
        return fmt::format("it needs {}, which cannot be seen of an external stack",
                           fmt::join(wanted.needs, ", "));
    }
    if (wanted.database != "sqlite")
        return fmt::format("it wants {} for the servers, and an external stack is taken as it is",
                           wanted.database);
    const auto configured = configured_servers(options_.stack);
    if (!configured) return configured.error().message;
    if (auto why = why_not_as_wanted(*configured, wanted)) return why;
    if (wanted.keylime.empty()) return std::nullopt;
    auto address = external_address(options_.stack);
    if (address) address = stack::inspect(std::move(*address), clock_);
    // That it cannot be reached is said where it is used.
    return address ? wrong_version(wanted, address->keylime_version.value_or("")) : std::nullopt;
}

namespace {

kind::ClusterWish wish_of(const scenario::StackOptions& wanted) {
    return {as_text(wanted.verifier), as_text(wanted.registrar), wanted.workers};
}

bool pauses_the_database(const scenario::Scenario& scenario) {
    bool pauses = false;
    scenario::for_each_step(scenario.script, [&](const scenario::Step& step, std::uint64_t) {
        pauses = pauses || (step.kind == scenario::StepKind::Pause &&
                            std::ranges::find(step.servers, "database") != step.servers.end());
    });
    return pauses;
}

/// Its agents tell themselves apart by their addresses.
bool needs_addresses(const scenario::Scenario& scenario) {
    return std::ranges::any_of(
        scenario.groups, [](const scenario::Group& group) { return group.source == scenario::Source::Own; });
}

}  // namespace

std::optional<std::string> StackSession::cannot_play_in_cluster(const scenario::Scenario& scenario) const {
    const scenario::StackOptions& wanted = scenario.stack;
    const auto state = kind::InfraState::open();
    if (!state) return state.error().message;
    const bool postgresql = kind::infra_database(*state) == kind::Database::Postgresql;
    if (wanted.database == "postgresql" && !postgresql)
        return "it wants PostgreSQL, and the cluster was brought up with SQLite (`stack up --database "
               "postgresql` makes the other)";
    if (pauses_the_database(scenario))
        return "it pauses the database, and nothing stops the first process of a container";
    if (needs_addresses(scenario))
        return "its agents have addresses of their own (`source: own`), and behind a node's port all have "
               "one";
    if (auto why = kind::why_not_configured(*state, wish_of(wanted))) return why;
    if (wanted.keylime.empty()) return std::nullopt;
    const auto address = external_address(options_.stack);
    // That it cannot be reached is said where it is used.
    return address ? wrong_version(wanted, address->keylime_version.value_or("")) : std::nullopt;
}

std::optional<stack::StackRecord> StackSession::kept_stack(const stack::LocalStackOptions& wanted) {
    about_kept_.clear();
    for (const stack::StackStatus& status : stack::stack_status(registry_, clock_)) {
        const stack::StackRecord& record = status.record;
        if (!record.kept || record.out_of_sight()) continue;
        const auto misfit =
            status.word() == "up" ? stack::misfit(record, wanted) : std::optional("it is " + status.word());
        if (!misfit) {
            about_kept_ = fmt::format("uses the stack that `stack up` keeps in {}", record.folder.string());
            return record;
        }
        about_kept_ = fmt::format("starts a stack of its own; the one kept in {} is not used: {}",
                                  record.folder.string(), *misfit);
    }
    return std::nullopt;
}

bool StackSession::can_go_on_with(const scenario::Scenario& scenario) const {
    if (!played_) return false;
    if (options_.stack.stack == "external") return true;
    if (cluster_ && cluster_->as_found() && !fits_as_found(options_, scenario)) return false;
    return !scenario::why_alone(scenario) && scenario::can_share(*played_, scenario.stack) &&
           (kept_ ||
            (!spoiled_ && !scenario::reaches_the_limit(load_ + scenario::address_load(scenario), scenario)));
}

bool fits_as_found(const RunOptions& options, const scenario::Scenario& scenario) {
    if (options.fresh || scenario::why_alone(scenario)) return false;
    if (!std::ranges::all_of(scenario::leaves_behind(scenario), &scenario::LeftBehind::taken_off))
        return false;
    const auto configured = configured_servers(options.stack);
    return configured && !why_not_as_wanted(*configured, scenario.stack);
}

stack::RunningStack* StackSession::running() const {
    return cluster_ ? static_cast<stack::RunningStack*>(cluster_.get()) : local_.get();
}

std::shared_ptr<stack::VerifierDatabase> StackSession::database() const {
    return running() != nullptr ? running()->database() : nullptr;
}

Result<StackSession::Ready> StackSession::prepare_cluster(const scenario::Scenario& scenario) {
    if (!cluster_) {
        const auto state = kind::InfraState::open();
        if (!state) return fail(state.error());
        auto opened =
            kind::Cluster::open({.state = *state,
                                 .clock = clock_,
                                 .stop_asked = [] { return Interrupt::asked(); },
                                 .say = [](const std::string& text) { say_error("pushsim: " + text); }});
        if (!opened) return fail(opened.error());
        cluster_ = std::move(*opened);
    }
    const auto load = load_ + scenario::address_load(scenario);
    Ready ready{{},
                true,
                cluster_->as_found() && !spoiled_ && fits_as_found(options_, scenario) &&
                    !scenario::reaches_the_limit(load, scenario),
                {}};
    // The same servers go on writing into the same logs.
    const int number = ready.kept && played_ ? stacks_.load() : ++stacks_;
    const auto folder = folder_ / (number == 1 ? "stack" : fmt::format("stack-{}", number));
    if (ready.kept) {
        if (auto used = cluster_->use_as_found(folder); !used) return fail(used.error());
    } else {
        if (cluster_->as_found())
            Interrupt::loses("the cluster stays as this run configured it: pushsim stack clean puts it back");
        auto how = cluster_->renew(wish_of(scenario.stack), folder);
        if (!how) return fail(how.error());
        ready.how = std::move(*how);
    }
    ready.address = address_ = cluster_->address();
    return ready;
}

void StackSession::began(std::uint64_t sessions, const scenario::Scenario& scenario) {
    const scenario::AddressLoad told = scenario::address_load(scenario);
    const std::uint64_t most = std::max(told.of_shared, told.of_own);
    const std::uint64_t more = sessions > most ? sessions - most : 0;
    load_ = load_ + scenario::AddressLoad{more, more};
}

Result<StackSession::Ready> StackSession::prepare(const scenario::Scenario& scenario) {
    const bool alone = scenario::why_alone(scenario).has_value();
    const bool spoils = alone || !scenario::leaves_behind(scenario).empty();
    if (can_go_on_with(scenario)) {
        // What is taken off a cluster as it was found does not spoil it.
        spoiled_ = spoiled_ || (spoils && !(cluster_ && cluster_->as_found()));
        load_ = load_ + scenario::address_load(scenario);
        return Ready{address_, false, kept_.has_value()};
    }
    const scenario::StackOptions& wanted = scenario.stack;
    if (options_.stack.stack == "kind") {
        auto ready = prepare_cluster(scenario);
        if (!ready) return ready;
        played_ = wanted;
        spoiled_ = spoils && !ready->kept;
        // What it has counted stays where the servers do.
        load_ = (ready->kept ? load_ : scenario::AddressLoad{}) + scenario::address_load(scenario);
        return ready;
    }
    if (auto stopped = stop(); !stopped) return fail(stopped.error());

    if (options_.stack.stack != "local") {
        auto address = external_address(options_.stack);
        if (address) address = stack::inspect(std::move(*address), clock_);
        if (!address) return fail(address.error());
        address_ = std::move(*address);
    } else {
        const int number = ++stacks_;
        auto local = local_options(options_.stack,
                                   folder_ / (number == 1 ? "stack" : fmt::format("stack-{}", number)));
        if (!local) return fail(local.error());
        local->verifier = as_text(wanted.verifier);
        local->registrar = as_text(wanted.registrar);
        if (wanted.database == "postgresql") local->databases = stack::Databases::Postgresql;
        local->workers = wanted.workers;
        if (auto kept = alone || options_.fresh ? std::nullopt : kept_stack(*local)) {
            address_ = kept->address;
            kept_ = std::move(*kept);
        } else {
            auto started = stack::LocalStack::start(*local, registry_, clock_);
            if (!started) return fail(started.error());
            local_ = std::move(*started);
            address_ = local_->address();
        }
    }
    played_ = wanted;
    spoiled_ = spoils;
    load_ = scenario::address_load(scenario);
    return Ready{address_, true, kept_.has_value()};
}

std::optional<Error> StackSession::failure() {
    if (auto* stack = running()) {
        if (auto dead = stack->poll()) return dead;
    }
    if (failed_) return failed_;
    if (!kept_ || std::ranges::all_of(kept_->groups, stack::is_running)) return std::nullopt;
    return Error{ErrorKind::Stack,
                 fmt::format("a server of the stack in {} has ended", kept_->folder.string()),
                 "pushsim stack logs says why; then pushsim stack down, and up again"};
}

std::optional<std::string> StackSession::why_not_acted_on() const {
    if (local_ || (cluster_ && !cluster_->as_found())) return std::nullopt;
    if (kept_ || cluster_) return "the stack that `stack up` keeps is there for others too";
    if (options_.stack.stack == "external") return "an external stack is not ours to stop and start";
    return "no stack runs";
}

Result<std::string> StackSession::act(stack::ServerAct what, stack::ServerName server) {
    if (const auto why = why_not_acted_on()) {
        return fail(
            ErrorKind::Usage, fmt::format("cannot {} the {}: {}", to_string(what), to_string(server), *why),
            "`fresh: true` in the scenario's `stack`, or --fresh, and --stack local give it one of its own");
    }
    return running()->act_on(what, server);
}

void StackSession::cut_acts() {
    if (auto* stack = running()) stack->cut_acts();
}

Result<bool> StackSession::stop() {
    played_.reset();
    kept_.reset();
    about_kept_.clear();
    if (cluster_) {
        const bool as_found = cluster_->as_found();
        const auto back = cluster_->put_back();
        if (const auto times = cluster_->roll_outs(); !times.empty()) say_error("pushsim: " + times);
        cluster_.reset();
        if (!back) return fail(Error{back.error()}.in("the cluster could not be put back as it was"));
        return !as_found;
    }
    if (!local_) return false;
    const auto stopped = local_->stop();
    local_.reset();
    if (!stopped) return fail(stopped.error());
    return true;
}

history::StackFacts facts_of(const stack::StackAddress& address) {
    history::StackFacts facts;
    facts.kind = address.kind;
    facts.keylime_version = address.keylime_version.value_or("");
    facts.keylime_origin = address.keylime_origin;
    facts.keylime_where = address.kind == "local"  ? "on loopback"
                          : address.kind == "kind" ? std::string("in the cluster ") + kind::infra_cluster
                                                   : "at " + address.verifier.text();
    if (!address.keylime_origin.empty() && !stack::is_pinned_release(address.keylime_origin)) {
        facts.keylime_where = fmt::format("from {}, {}", address.keylime_origin, facts.keylime_where);
    }
    facts.changed_start = address.changed_start;
    facts.registrar = address.registrar_http.text();
    facts.verifier = address.verifier.text();
    return facts;
}

}  // namespace pushsim::cli
