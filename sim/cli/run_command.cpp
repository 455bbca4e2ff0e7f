#include <algorithm>
#include <cstdio>
#include <set>
#include <stdexcept>

#include <fmt/format.h>
#include <unistd.h>

#include "agent/base/files.hpp"
#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/library.hpp"
#include "reports/console.hpp"
#include "reports/junit.hpp"
#include "reports/report.hpp"
#include "reports/report_json.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fleet_demand.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/progress.hpp"
#include "sim/cli/run_folder.hpp"
#include "sim/cli/run_pool.hpp"
#include "sim/cli/session.hpp"
#include "sim/cli/version.hpp"
#include "sim/core/clock.hpp"
#include "sim/core/random.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/stack/agent_list.hpp"

namespace pushsim::cli {
namespace {

namespace fs = std::filesystem;
using history::ScenarioEnd;

history::Bodies bodies_of(const std::string& word) {
    if (word == "all") return history::Bodies::All;
    if (word == "none") return history::Bodies::None;
    return history::Bodies::Failures;
}

transport::TlsSettings trusting(const fs::path& ca_file) {
    transport::TlsSettings settings;
    settings.ca_files = {ca_file.string()};
    return settings;
}

/// For agents that show the tenant's certificate.
transport::TlsSettings as_tenant(const stack::StackAddress& address) {
    transport::TlsSettings settings = trusting(address.ca_file);
    settings.certificate_file = address.admin_certificate.string();
    settings.key_file = address.admin_key.string();
    return settings;
}

Result<void> accelerate(const std::string& names) {
    const auto wanted = tpm::parse_accelerators(names);
    if (!wanted) return fail(wanted.error().in("--accelerators"));
    return tpm::switch_accelerators(*wanted);
}

int jobs_of(const RunOptions& options) {
    return options.jobs.value_or(fleet::TpmThreads::of_this_machine());
}

std::string name_of_run(const std::vector<scenario::Scenario>& scenarios) {
    return scenarios.size() == 1 ? scenarios.front().name : "run";
}

/// One run: its folder, its history, its stacks, its scenarios.
class Run {
  public:
    Run(const RunOptions& options, std::vector<scenario::Scenario> scenarios, stack::Registry registry,
        std::optional<pool::Pool> pool)
        : options_(options),
          scenarios_(std::move(scenarios)),
          registry_(std::move(registry)),
          pool_(std::move(pool)),
          seed_(options.seed.value_or(core::fresh_seed())),
          style_(reports::style_for(STDOUT_FILENO)) {
        style_.quiet = options.quiet;
        style_.verbose = options.verbose;
        for (const auto& scenario : scenarios_) {
            style_.name_width = std::max(style_.name_width, static_cast<int>(scenario.name.size()));
        }
        group_by_stack();
    }

    int go() {
        transport::EventLoop loop(clock_);
        const fleet::Worker::Post post = [&loop](fleet::Worker::Task task) { loop.post(std::move(task)); };
        std::unique_ptr<fleet::TpmThreads> tpms;
        try {
            tpms = std::make_unique<fleet::TpmThreads>(clock_, post, jobs_of(options_));
        } catch (const std::runtime_error& error) {
            return report_error({ErrorKind::System, error.what(), "pushsim doctor tells what is missing"});
        }
        auto folder = make_run_folder(options_.out, name_of_run(scenarios_), seed_, clock_.wall_now());
        if (!folder) return report_error(folder.error());
        folder_ = *folder;
        history::Head head;
        head.pushsim_version = kVersion;
        head.command = options_.command_line;
        head.seed = seed_;
        head.started = clock_.wall_now();
        head.facts["libtpms"] = tpm::Library::version();
        head.facts["tpm_threads"] = std::to_string(tpms->count());
        if (!tpms->fallback().empty()) head.facts[history::facts::tpms_by_blobs] = tpms->fallback();
        if (const auto on = tpm::accelerators_on(); on.any())
            head.facts[history::facts::accelerators] = tpm::to_string(on);
        if (pool_) add_facts(head, *options_.pool, *pool_);
        auto history = history::HistoryWriter::open(folder_ / "history.jsonl", clock_, head,
                                                    {.bodies = bodies_of(options_.bodies)});
        if (!history) return report_error(history.error());
        history_ = std::move(*history);
        if (auto written = write_plan(); !written) return report_error(written.error());

        StackSession session(options_, folder_, registry_, clock_);
        play_all(session, loop, *tpms, post);
        tpms.reset();
        if (auto stopped = session.stop(); !stopped) {
            note_failure(stopped.error());
        } else if (*stopped) {
            history_->append({}, history::StackEvent{"stopped", "", {}});
        }
        history_->append({},
                         history::End{failure_.has_value(), failure_ ? failure_->message : "", exit_code_});
        return report();
    }

  private:
    /// Scenarios that can share a stack follow one another, in the order of the files otherwise.
    void group_by_stack() {
        std::vector<scenario::Scenario> grouped;
        std::vector<bool> taken(scenarios_.size(), false);
        for (std::size_t i = 0; i < scenarios_.size(); ++i) {
            if (taken[i]) continue;
            for (std::size_t j = i; j < scenarios_.size(); ++j) {
                if (taken[j] || (j != i && !scenario::can_share(scenarios_[i].stack, scenarios_[j].stack)))
                    continue;
                taken[j] = true;
                grouped.push_back(scenarios_[j]);
            }
        }
        scenarios_ = std::move(grouped);
    }

    /// One file a scenario, for a file of scenarios holds one: each can be run again as it is.
    Result<void> write_plan() const {
        std::error_code failed;
        fs::create_directory(folder_ / "plan", failed);
        for (const auto& scenario : scenarios_) {
            auto written =
                write_file(folder_ / "plan" / (scenario.name + ".yaml"), scenario::resolved(scenario), 0644);
            if (!written) return written;
        }
        return {};
    }

    void play_all(StackSession& session, transport::EventLoop& loop, fleet::TpmThreads& tpms,
                  const fleet::Worker::Post& post) {
        if (!tpms.fallback().empty() && !options_.quiet)
            say_error("pushsim: TPMs take turns by state blobs, which is slower: " + tpms.fallback());
        if (!tpms.why_not_more().empty() && !options_.quiet) {
            say_error(fmt::format("pushsim: TPM threads: {}, not {}: {}", tpms.count(), jobs_of(options_),
                                  tpms.why_not_more()));
        }
        std::unique_ptr<fleet::TenantDesk> tenant;
        for (const auto& scenario : scenarios_) {
            if (!failure_ && Interrupt::asked()) note_failure({ErrorKind::Interrupted, "interrupted"});
            if (failure_) {
                skip(scenario, "the run ended before it: " + failure_->message);
                continue;
            }
            if (const auto why = session.cannot_play(scenario.stack)) {
                skip(scenario, *why);
                continue;
            }
            auto ready = session.prepare(scenario.stack);
            if (!ready) {
                note_failure(ready.error());
                skip(scenario, "the run ended before it: " + failure_->message);
                continue;
            }
            if (ready->fresh) {
                if (const auto& note = session.about_kept(); !note.empty() && !options_.quiet)
                    say_error("pushsim: " + note);
                history_->append({}, history::StackEvent{"started", ready->kept ? "kept by `stack up`" : "",
                                                         facts_of(ready->address)});
                say_head();
                tenant = std::make_unique<fleet::TenantDesk>(ready->address, clock_, post);
            }
            play(scenario, session, ready->address, loop, tpms, *tenant);
        }
    }

    void play(const scenario::Scenario& scenario, StackSession& session, const stack::StackAddress& address,
              transport::EventLoop& loop, fleet::TpmThreads& tpms, fleet::TenantDesk& tenant) {
        auto identity = transport::TlsIdentity::make(trusting(address.ca_file));
        const auto cannot_play = [&](const Error& error) {
            note_failure(error);
            skip(scenario, error.message);
        };
        if (!identity) return cannot_play(identity.error());
        auto tenants = transport::TlsIdentity::make(as_tenant(address));
        if (!tenants) return cannot_play(tenants.error());
        auto registrar = transport::resolve(registrar_of(address));
        auto verifier = transport::resolve(verifier_of(address));
        if (!registrar) return cannot_play(registrar.error());
        if (!verifier) return cannot_play(verifier.error());
        agents_.reset();
        if (session.stays()) {
            auto list = stack::AgentList::begin(registry_, address);
            if (!list) return cannot_play(list.error());
            agents_ = std::move(*list);
        }
        std::optional<StandingLine> line;
        if (!options_.quiet) line.emplace(scenario.name, clock_);
        const fleet::Stage stage{.loop = loop,
                                 .clock = clock_,
                                 .history = *history_,
                                 .tpms = tpms,
                                 .pool = pool_ ? &*pool_ : nullptr,
                                 .tenant = tenant,
                                 .registrar = *registrar,
                                 .verifier = *verifier,
                                 .tls = *identity,
                                 .admin_tls = *tenants,
                                 .seed = seed_,
                                 .id_seed = id_seed_,
                                 .remove_agents = session.stays(),
                                 .scenario_limit = options_.scenario_limit,
                                 .max_in_flight = options_.max_in_flight,
                                 .standing =
                                     [&line](const fleet::Standing& standing) {
                                         if (line) line->at(standing);
                                     },
                                 .interrupted = [] { return Interrupt::asked(); },
                                 .stack_failure = [&session] { return session.failure(); },
                                 .stack_failed = [&session](const Error& error) { session.failed(error); },
                                 .agent_id_taken = [this](const std::string& id) -> Result<void> {
                                     return agents_ ? agents_->add(id) : Result<void>{};
                                 },
                                 .agents_removed =
                                     [this] {
                                         if (agents_) agents_->finish();
                                         agents_.reset();
                                     }};
        const ScenarioEnd end = fleet::play(stage, scenario);
        line.reset();
        if (const auto unwritten = history_->failure()) {
            note_failure(*unwritten);
        } else if (end.ending == ScenarioEnd::Ending::Failed) {
            if (const auto dead = session.failure()) {
                history_->append({}, history::StackEvent{"failed", dead->message, {}});
                note_failure(*dead);
            }
        } else if (end.ending == ScenarioEnd::Ending::Interrupted) {
            note_failure({ErrorKind::Interrupted, "interrupted"});
        }
        say_last_scenario();
    }

    void skip(const scenario::Scenario& scenario, const std::string& why) {
        const history::Where where{.scenario = scenario.name};
        history::ScenarioStart start;
        start.title = scenario.title;
        start.file = scenario.file;
        history_->append(where, start);
        history_->append(where, ScenarioEnd{ScenarioEnd::Ending::Skipped, why, ""});
        if (!Interrupt::asked()) say_last_scenario();  // the last line counts them
    }

    void note_failure(const Error& error) {
        if (failure_) return;
        failure_ = error;
        exit_code_ = exit_code(error.kind);
    }

    std::optional<reports::RunReport> judged() const {
        const auto read = history::read_history(folder_ / "history.jsonl");
        if (!read) {
            report_error(read.error());
            return std::nullopt;
        }
        return reports::judge(*read);
    }

    void say_head() {
        if (options_.format != "text" || options_.quiet) return;
        if (const auto report = judged()) say(reports::console_head(*report, style_));
    }

    void say_last_scenario() {
        if (options_.format != "text") return;
        if (const auto report = judged(); report && !report->scenarios.empty()) {
            say(reports::console_scenario(report->scenarios.back(), style_));
        }
    }

    /// `latest` where it is still this run's.
    fs::path shown_folder() const {
        std::error_code failed;
        const fs::path latest = fs::path(options_.out) / "latest";
        return fs::read_symlink(latest, failed) == folder_.filename() ? latest : folder_;
    }

    static void say(const std::string& text) {
        std::fputs(text.c_str(), stdout);
        std::fflush(stdout);
    }

    int report() {
        const auto report = judged();
        if (!report) return kFailed;
        const std::string json = reports::report_json(*report);
        std::string files = "history.jsonl";
        for (const auto& [file, text] :
             {std::pair{"report.json", json},
              std::pair{"junit.xml", reports::junit_xml(*report, (folder_ / "history.jsonl").string())}}) {
            if (auto written = write_file(folder_ / file, text, 0644); !written) {
                note_failure(written.error());
            } else {
                files += fmt::format(", {}", file);
            }
        }
        if (options_.format == "json") {
            say(json);
        } else {
            say(reports::console_totals(*report, fmt::format("{}/ ({})", shown_folder().string(), files),
                                        style_));
        }
        if (failure_ && failure_->kind != ErrorKind::Interrupted) report_error(*failure_);
        return exit_code_.value_or(report->exit_code);
    }

    const RunOptions& options_;
    std::vector<scenario::Scenario> scenarios_;
    stack::Registry registry_;
    std::optional<pool::Pool> pool_;
    std::uint64_t seed_;
    std::uint64_t id_seed_ = core::fresh_seed();
    reports::ConsoleStyle style_;
    core::SystemClock clock_;
    fs::path folder_;
    std::unique_ptr<history::HistoryWriter> history_;
    std::optional<stack::AgentList> agents_;  ///< on a stack that stays
    std::optional<Error> failure_;
    std::optional<int> exit_code_;
};

}  // namespace

namespace {

/// Leaves those that have one of the tags. ErrorKind::Usage names a tag that none has.
Result<void> select_by_tag(std::vector<scenario::Scenario>& scenarios, const std::vector<std::string>& tags) {
    std::set<std::string> known;
    for (const auto& one : scenarios)
        known.insert(one.tags.begin(), one.tags.end());
    for (const std::string& tag : tags) {
        if (known.contains(tag)) continue;
        return fail(ErrorKind::Usage, fmt::format("--tag: no scenario here has the tag '{}'", tag),
                    known.empty() ? "they have none" : fmt::format("they have {}", fmt::join(known, ", ")));
    }
    std::erase_if(scenarios, [&](const scenario::Scenario& one) {
        return std::ranges::none_of(
            one.tags, [&](const std::string& tag) { return std::ranges::find(tags, tag) != tags.end(); });
    });
    return {};
}

}  // namespace

int run(const RunOptions& options) {
    const Interrupt interrupt;
    if (options.stack.stack == "kind") {
        return report_error(
            {ErrorKind::Usage, "--stack kind is not in this version", "use --stack local or external"});
    }
    if (options.tpm == "swtpm" && options.pool) {
        return report_error({ErrorKind::Usage,
                             "--pool and --tpm swtpm do not go together: an agent with a swtpm of its own "
                             "draws no TPM from a pool",
                             "leave one of them out"});
    }
    auto loaded = scenario::load({options.paths.begin(), options.paths.end()});
    if (!loaded.ok()) {
        say_error(loaded.text());
        return kUsage;
    }
    if (!options.tags.empty()) {
        if (const auto some = select_by_tag(loaded.scenarios, options.tags); !some)
            return report_error(some.error());
    }
    if (options.tpm == "swtpm") {
        for (auto& one : loaded.scenarios)
            for (auto& group : one.groups)
                if (group.tpm.kind == scenario::TpmKind::Software) group.tpm.kind = scenario::TpmKind::Swtpm;
    }
    Circumstances here{.tpm_threads = jobs_of(options)};
    if (options.stack.stack == "external") {
        const auto address = external_address(options.stack);
        if (!address) return report_error(address.error());
        if (const auto reached = check_sources(loaded.scenarios, *address); !reached)
            return report_error(reached.error());
        here.loopback = on_loopback(*address);
    }
    if (options.stack.stack == "local") {
        if (const auto local = local_options(options.stack, {}); !local) return report_error(local.error());
    }
    if (const int unfit = check_fleets(loaded.scenarios, here); unfit != kAsExpected) return unfit;
    auto registry = stack::Registry::open();
    if (!registry) return report_error(registry.error());
    const core::SystemClock clock;
    if (const auto on = accelerate(options.accelerators); !on) return report_error(on.error());
    std::optional<pool::Pool> pool;
    if (options.pool) {
        auto ready = pool_for_run(*options.pool, loaded.scenarios, clock);
        if (!ready) return report_error(ready.error());
        pool = std::move(*ready);
    }
    for (const auto& left : stack::left_agents(*registry)) {
        say_error("pushsim: " + left.text() + ": pushsim stack clean removes those that it knows");
    }
    for (const auto& leftover : stack::clean_leftovers(*registry, clock)) {
        say_error("pushsim: " + leftover.text());
    }
    return Run(options, std::move(loaded.scenarios), std::move(*registry), std::move(pool)).go();
}

}  // namespace pushsim::cli
