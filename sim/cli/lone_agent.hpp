#pragma once
// One honest agent, run by hand: registers, waits until it is enrolled, attests, and says what it sees.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "sim/cli/agent_log.hpp"
#include "sim/cli/enrolment_watch.hpp"
#include "sim/fleet/tenant_desk.hpp"
#include "sim/fleet/virtual_agent.hpp"

namespace pushsim::cli {

struct LoneAgentSettings {
    std::string id;
    fleet::Manner manner = {};
    int times = 0;  ///< attestations to send, or try to; 0: no end
    std::optional<Duration>
        every;                ///< from the beginning of one to that of the next; else as the verifier says
    std::string stack_words;  ///< that `pushsim tenant` needs to find the same stack, with a blank before
};

/// For the loop's thread alone.
class LoneAgent {
  public:
    /// `tenant` may be null: the verdict then stays unknown, for the verifier does not tell it to agents. All
    /// of these outlive it. `history` is the file that the surroundings' writer writes.
    LoneAgent(const fleet::Surroundings& surroundings, std::unique_ptr<fleet::AgentTpm> tpm,
              fleet::TenantDesk* tenant, std::filesystem::path history, const AgentLog& log,
              LoneAgentSettings settings);

    void begin();
    /// All were sent, or it cannot go on.
    bool done() const { return done_; }
    /// Lets go of the TPM; `rested` is called once it is kept. Nothing is begun any more.
    void end(std::function<void(Result<void>)> rested);

    /// Why it cannot go on.
    const std::optional<Error>& failure() const { return failure_; }
    /// Attestations that were begun.
    int cycles() const { return cycles_; }
    /// Everything was received, and passed where the verdict can be read at all.
    /// A verdict that was still waited for is no failure.
    bool all_well() const;
    /// "3 attestations: 2 passed, 1 failed"
    std::string summary() const;

  private:
    void provisioned(fleet::AgentTpm::Provisioned provisioned);
    void enter();
    void cycle();
    void attest();
    void finished(const lifecycle::Finished& finished);
    void watch_verdict(int index, Instant until, Duration due);
    void watch_again(int index, Instant until, Duration due);
    void look_at_count(const fleet::TenantDesk::Judged& seen, Instant until, Duration due);
    void judged(const fleet::TenantDesk::Judged& seen, Duration due, const std::string& evaluation);
    void explain(const std::string& symptom);
    void say_how_to_enrol_again();
    void say_who_the_servers_are();
    Error registration_error(const lifecycle::Finished& finished) const;
    void next(Duration due);
    void after(Duration duration, void (LoneAgent::*then)());
    void stop(const Error& error);

    const fleet::Surroundings& surroundings_;
    std::unique_ptr<fleet::AgentTpm> tpm_;  ///< until the agent has it
    fleet::TenantDesk* tenant_;
    std::filesystem::path history_;
    const AgentLog& log_;
    LoneAgentSettings settings_;
    std::unique_ptr<fleet::VirtualAgent> agent_;
    EnrolmentWatch enrolment_;
    std::string unread_;                ///< why the verifier's record could not be read last
    bool waiting_ = false;              ///< to be enrolled
    bool watching_ = false;             ///< for a verdict
    std::optional<Duration> interval_;  ///< seconds_to_next_attestation, as told last
    int cycles_ = 0;
    Instant cycle_began_{};
    /// Causes that were said: rule, the line of the history that decided, and the words.
    std::set<std::tuple<std::string, std::uint64_t, std::string>> explained_;
    bool other_servers_ = false;  ///< that they are was said
    tpm::PcrValues quoted_;       ///< last
    bool clock_is_safe_ = true;   ///< by the last quote
    /// What went wrong, the policy, what was quoted, and how many measurements there are.
    using Symptom = std::tuple<std::string, std::string, tpm::PcrValues, bool, std::size_t>;
    Symptom symptom_;  ///< that was looked into last
    int passes_ = 0;
    int fails_ = 0;
    int refused_ = 0;
    int unanswered_ = 0;
    int unsent_ = 0;
    bool done_ = false;
    std::optional<Error> failure_;
    std::shared_ptr<int> alive_ = std::make_shared<int>(0);
};

}  // namespace pushsim::cli
