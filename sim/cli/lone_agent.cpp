#include "sim/cli/lone_agent.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "reports/report.hpp"
#include "reports/view.hpp"
#include "sim/history/reader.hpp"

namespace pushsim::cli {
namespace {

using lifecycle::Finished;
using lifecycle::Phase;

// A verifier takes 15 sessions a minute of one agent (keylime's session_create_rate_limit_per_agent).
constexpr Duration kAskAgain = std::chrono::seconds{5};
constexpr Duration kNextUnsaid = std::chrono::seconds{60};
constexpr Duration kVerdictPatience = std::chrono::seconds{10};
constexpr Duration kPauseWorthALine = std::chrono::seconds{2};
constexpr Duration kVerdictPoll = std::chrono::milliseconds{100};

/// The Rust agent takes it for a failure like any other.
bool is_not_enrolled(const Finished& finished, bool stops_at_it) {
    const bool attests = finished.phase > Phase::Authenticate;
    // Without a code it is of a verifier that has no attestations, as in pull mode.
    const bool unknown = attests ? finished.status == 404 && finished.code
                                 : finished.phase == Phase::Authenticate && finished.status == 200;
    return unknown && (finished.ending == Finished::Ending::Stopped ||
                       (!stops_at_it && finished.ending != Finished::Ending::Reached));
}

}  // namespace

LoneAgent::LoneAgent(const fleet::Surroundings& surroundings, std::unique_ptr<fleet::AgentTpm> tpm,
                     fleet::TenantDesk* tenant, std::filesystem::path history, const AgentLog& log,
                     LoneAgentSettings settings)
    : surroundings_(surroundings),
      tpm_(std::move(tpm)),
      tenant_(tenant),
      history_(std::move(history)),
      log_(log),
      settings_(std::move(settings)) {}

void LoneAgent::begin() {
    history::ScenarioStart start;
    start.title = "One agent, run by hand";
    start.groups = {{settings_.id, 1}};
    start.by_hand = true;
    surroundings_.history.append({.scenario = surroundings_.scenario}, start);
    tpm_->provision([this, alive = std::weak_ptr(alive_)](fleet::AgentTpm::Provisioned made) {
        if (!alive.expired()) provisioned(std::move(made));
    });
}

void LoneAgent::provisioned(fleet::AgentTpm::Provisioned made) {
    const history::Where here{.scenario = surroundings_.scenario, .agent = settings_.id + "[0]"};
    surroundings_.history.append(here, fleet::operation_of(made));
    if (!made.description) {
        stop(made.description.error());
        return;
    }
    boot::BootState boot(made.boot_time);
    for (const auto& [pcr, text] : made.measured) {
        if (auto measurement = boot::parse_measurement(text)) boot.measure(pcr, std::move(*measurement));
    }
    agent_ = std::make_unique<fleet::VirtualAgent>(
        surroundings_, fleet::VirtualAgent::Identity{settings_.id + "[0]", settings_.id, settings_.id},
        settings_.manner, std::move(boot), std::move(tpm_));
    enter();
}

void LoneAgent::enter() {
    agent_->pursue({.goal = Phase::Activate}, [this](const Finished& finished) {
        if (finished.ending == Finished::Ending::Reached) {
            log_.say("registered", "the registrar knows its keys");
            cycle();
            return;
        }
        // What a careful client stops at will not be otherwise tomorrow; a server that is away comes back.
        if (finished.ending == Finished::Ending::Stopped || settings_.times > 0) {
            stop(registration_error(finished));
            return;
        }
        log_.say("failed", fmt::format("registration: {}; again in {}", finished.reason, to_text(kAskAgain)));
        after(kAskAgain, &LoneAgent::enter);
    });
}

Error LoneAgent::registration_error(const Finished& finished) const {
    const std::string message = "registration: " + finished.reason;
    if (finished.phase == Phase::Register && finished.status == 403) {
        return {ErrorKind::Refused, message,
                fmt::format(
                    "use another --id, or take the old one off: pushsim tenant delete {} --registration{}",
                    settings_.id, settings_.stack_words)};
    }
    if (finished.status) return {ErrorKind::Protocol, message};
    return {ErrorKind::Stack, message, "is the registrar running, and is its address right?"};
}

void LoneAgent::cycle() {
    cycle_began_ = surroundings_.clock.now();
    if (tenant_ == nullptr) {
        attest();
        return;
    }
    tenant_->verdicts_from_here(settings_.id);
    tenant_->read_enrolment(settings_.id, [this, alive = std::weak_ptr(alive_)](
                                              fleet::TenantDesk::StatusSeen seen) {
        if (alive.expired()) return;
        if (seen.known && std::exchange(unread_, seen.status.error) != seen.status.error && !unread_.empty())
            log_.say("note", "the verifier's record cannot be read: " + unread_);
        if (enrolment_.read(seen)) {
            const std::string& policy = enrolment_.policy();
            seen.act.tpm_policy = policy;
            surroundings_.history.append({.scenario = surroundings_.scenario, .agent = settings_.id + "[0]"},
                                         seen.act);
            log_.say("enrolled", "policy " + policy, {{"tpm_policy", policy}});
        }
        attest();
    });
}

void LoneAgent::attest() {
    const auto paused = [this](const lifecycle::Pause& pause) {
        if (pause.duration >= kPauseWorthALine)
            log_.say("pause",
                     fmt::format("{}: {}", to_text(std::chrono::round<std::chrono::seconds>(pause.duration)),
                                 pause.reason));
    };
    const auto quoted = [this](const tpm::Quote& quote) {
        quoted_ = quote.pcrs;
        clock_is_safe_ = quote.clock.safe;
    };
    agent_->pursue({.goal = Phase::Submit, .record = true, .paused = paused, .quoted = quoted},
                   [this](const Finished& finished) { this->finished(finished); });
}

void LoneAgent::finished(const Finished& finished) {
    const auto interval = settings_.manner.habits.interval;
    if (is_not_enrolled(finished, !interval)) {
        if (!std::exchange(waiting_, true)) {
            log_.say("waiting",
                     fmt::format("not enrolled at the verifier; it asks again every {}. To enrol it: "
                                 "pushsim tenant add {} --from-boot 0,7{}",
                                 to_text(interval.value_or(kAskAgain)), settings_.id, settings_.stack_words));
        }
        after(kAskAgain, &LoneAgent::cycle);
        return;
    }
    waiting_ = false;
    ++cycles_;
    if (finished.next_attestation) interval_ = *finished.next_attestation;
    const Duration due = interval_.value_or(finished.status ? kNextUnsaid : kAskAgain);
    if (finished.ending != Finished::Ending::Reached || finished.phase != Phase::Submit) {
        ++(finished.status ? refused_ : finished.failure ? unanswered_ : unsent_);
        AgentLog::Facts facts{{"phase", std::string(lifecycle::to_string(finished.phase))}};
        if (finished.status) facts.emplace_back("status", *finished.status);
        if (finished.code) facts.emplace_back("code", *finished.code);
        const bool refused = finished.ending == Finished::Ending::Refused || finished.status;
        const bool last = settings_.times > 0 && cycles_ >= settings_.times;
        log_.say(refused ? "refused" : "failed",
                 finished.reason + (last ? "" : "; again in " + to_text(settings_.every.value_or(due))),
                 facts);
        explain(finished.reason);
        if (finished.failure == transport::FailureKind::Certificate) say_who_the_servers_are();
        next(due);
        return;
    }
    const int index = finished.attestation_index.value_or(0);
    enrolment_.attested(index);
    log_.say("attested",
             fmt::format("attestation {}: evidence received (202); next in {}", index,
                         to_text(settings_.every.value_or(due))),
             {{"index", index}});
    if (tenant_ == nullptr) {
        next(due);
        return;
    }
    watching_ = true;
    watch_verdict(index, surroundings_.clock.now() + kVerdictPatience, due);
}

void LoneAgent::watch_verdict(int index, Instant until, Duration due) {
    tenant_->read_verdict(
        settings_.id, index,
        [this, index, until, due, asked = surroundings_.clock.now(),
         alive = std::weak_ptr(alive_)](const fleet::TenantDesk::Judged& seen) {
            if (alive.expired()) return;
            const bool decided = seen.settled || asked >= until;
            const auto& verdict = seen.verdict;
            // The record of what passed is deleted at once; where neither log nor database can be read, the
            // count tells.
            if (!decided && !verdict.record.value && !verdict.database.value && !verdict.log.value) {
                look_at_count(seen, until, due);
            } else if (decided) {
                judged(seen, due, reports::evaluation_of(verdict));
            } else {
                watch_again(index, until, due);
            }
        });
}

void LoneAgent::look_at_count(const fleet::TenantDesk::Judged& seen, Instant until, Duration due) {
    tenant_->read_status(settings_.id, [this, seen, until, due, alive = std::weak_ptr(alive_)](
                                           const fleet::TenantDesk::StatusSeen& status) {
        if (alive.expired()) return;
        if (enrolment_.shows_a_pass(status)) {
            surroundings_.history.append({.scenario = surroundings_.scenario, .agent = settings_.id + "[0]"},
                                         status.status);
            judged(seen, due, "pass");
        } else {
            watch_again(seen.verdict.index, until, due);
        }
    });
}

void LoneAgent::watch_again(int index, Instant until, Duration due) {
    surroundings_.loop.after(kVerdictPoll, [this, index, until, due, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) watch_verdict(index, until, due);
    });
}

void LoneAgent::judged(const fleet::TenantDesk::Judged& seen, Duration due, const std::string& evaluation) {
    watching_ = false;
    const history::Where here{.scenario = surroundings_.scenario, .agent = settings_.id + "[0]"};
    surroundings_.history.append(here, seen.act);
    surroundings_.history.append(here, seen.verdict);
    const std::string reason = reports::reason_of(seen.verdict);
    std::string word = evaluation == "pass" ? "PASS" : evaluation == "fail" ? "FAIL" : "not known";
    if (!reason.empty()) word += " " + reason;
    passes_ += evaluation == "pass" ? 1 : 0;
    if (evaluation == "pass") enrolment_.passed();
    fails_ += evaluation == "fail" ? 1 : 0;
    log_.say("verdict", fmt::format("attestation {}: {}", seen.verdict.index, word),
             {{"index", seen.verdict.index}, {"evaluation", evaluation}, {"reason", reason}});
    explain(word);
    next(due);
}

/// Says causes that the history shows and that were not said yet. A symptom that goes on the same has the
/// same.
void LoneAgent::explain(const std::string& symptom) {
    Symptom now{symptom, enrolment_.policy(), quoted_, clock_is_safe_, agent_->boot().events().size()};
    if (now == symptom_) return;
    symptom_ = std::move(now);
    const auto read = history::read_history(history_, history::Detail::OfReports);
    if (!read) return;
    const auto report = reports::judge(*read);
    bool enrols_again = false;
    for (const auto& scenario : report.scenarios) {
        for (const auto& diagnosis : scenario.diagnoses) {
            if (!explained_.emplace(diagnosis.rule, diagnosis.evidence.front(), diagnosis.cause).second)
                continue;
            log_.say(diagnosis);
            enrols_again = enrols_again || diagnosis.enrols_again;
        }
    }
    if (enrols_again) say_how_to_enrol_again();
}

void LoneAgent::say_how_to_enrol_again() {
    std::vector<std::string> pcrs;
    const auto policy = nlohmann::json::parse(enrolment_.policy(), nullptr, false);
    if (!policy.is_object()) return;
    for (const auto& [key, values] : policy.items()) {
        if (key != "mask") pcrs.push_back(key);
    }
    if (pcrs.empty()) return;
    log_.say("note", fmt::format("with the values as they are now: pushsim tenant delete {0}{3} && pushsim "
                                 "tenant add {0} --from-boot {1}{2}{3}",
                                 settings_.id, fmt::join(pcrs, ","), enrolment_.log_policies(),
                                 settings_.stack_words));
}

void LoneAgent::say_who_the_servers_are() {
    if (std::exchange(other_servers_, true)) return;
    log_.say(
        "note",
        "the server there is not the one that this agent began with, or was started anew with another CA: "
        "stop this agent, and start it again");
}

void LoneAgent::next(Duration due) {
    if (const auto unwritten = surroundings_.history.failure()) {
        stop(*unwritten);
    } else if (settings_.times > 0 && cycles_ >= settings_.times) {
        done_ = true;
    } else {
        const Duration passed = surroundings_.clock.now() - cycle_began_;
        after(settings_.every ? std::max(*settings_.every - passed, Duration::zero()) : due,
              &LoneAgent::cycle);
    }
}

void LoneAgent::after(Duration duration, void (LoneAgent::*then)()) {
    surroundings_.loop.after(duration, [this, then, alive = std::weak_ptr(alive_)] {
        if (!alive.expired()) (this->*then)();
    });
}

void LoneAgent::stop(const Error& error) {
    failure_ = error;
    done_ = true;
}

bool LoneAgent::all_well() const {
    if (fails_ + refused_ + unanswered_ + unsent_ > 0) return false;
    return tenant_ == nullptr || passes_ + (watching_ ? 1 : 0) == cycles_;
}

std::string LoneAgent::summary() const {
    std::string text = cycles_ == 1 ? "1 attestation" : fmt::format("{} attestations", cycles_);
    const int unknown = cycles_ - passes_ - fails_ - refused_ - unanswered_ - unsent_;
    std::vector<std::string> parts;
    for (const auto& [count, word] : {std::pair{passes_, "passed"},
                                      {fails_, "failed"},
                                      {refused_, "refused"},
                                      {unanswered_, "without an answer"},
                                      {unsent_, "not sent, for the TPM failed"},
                                      {unknown, "received, verdict not known"}}) {
        if (count > 0) parts.push_back(fmt::format("{} {}", count, word));
    }
    if (!parts.empty()) text += fmt::format(": {}", fmt::join(parts, ", "));
    return text;
}

void LoneAgent::end(std::function<void(Result<void>)> rested) {
    alive_.reset();
    if (agent_) agent_->stop();
    fleet::AgentTpm& tpm = agent_ ? agent_->tpm() : *tpm_;
    tpm.rest(std::move(rested));
}

}  // namespace pushsim::cli
