#pragma once
// One line of a script.

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/scenario/amount.hpp"
#include "sim/scenario/expectation.hpp"
#include "sim/scenario/fault.hpp"
#include "sim/scenario/policy.hpp"
#include "sim/scenario/position.hpp"
#include "sim/scenario/step_kind.hpp"

namespace pushsim::scenario {

/// `request:`, a raw request. Texts may have references (references.hpp).
struct RawRequest {
    std::string to = "verifier";  ///< a word of request_peers()
    std::string by = "nobody";    ///< or "admin", or a group
    std::string method = "GET";
    std::string path;
    std::map<std::string, std::string> headers;
    std::string body;  ///< as sent
    int times = 1;
    int connections = 1;

    bool operator==(const RawRequest&) const = default;
};

/// `stages:`, a rate of cycles for a while.
struct Stage {
    Duration every{};
    Duration span{};

    /// One is due at the beginning, and so on while the time is not over.
    long long cycles() const { return (span - Duration{1}) / every + 1; }
    bool operator==(const Stage&) const = default;
};

/// One line of the script. Fields that its kind does not use keep their defaults.
struct Step {
    StepKind kind = StepKind::Attest;
    int number = 0;                       ///< in the order of the file, from 1
    std::vector<std::string> agents;      ///< group names, resolved; empty where none acts
    std::string as;                       ///< name of its exchanges, "" without
    std::string case_name;                ///< `case`, also of the step that it is within; "" without
    bool bare = false;                    ///< no missing earlier phases, no retries
    int times = 1;                        ///< Attest, Repeat
    std::optional<Duration> every;        ///< Attest: open model
    std::vector<Stage> stages;            ///< Attest: the same with rates that change; `times` is their sum
    Amount jitter;                        ///< Attest, in the open model
    Duration spread{};                    ///< Attest
    std::vector<Extension> extend;        ///< Extend, in order
    std::string path;                     ///< Measure
    Measurement file;                     ///< Measure: what the file holds, as a text or by its SHA-256
    bool orderly = true;                  ///< Reboot
    std::optional<TpmPolicy> tpm_policy;  ///< Enrol: instead of the group's
    std::optional<RuntimePolicy>
        runtime_policy;                  ///< Enrol: instead of the group's; ChangePolicy: the new one
    std::string runtime_policy_name;     ///< ChangePolicy
    std::vector<std::string> servers;    ///< of steps that act on servers: words of servers()
    RawRequest request;                  ///< Request
    std::vector<Fault> faults;           ///< of phases, in the order of the file
    Amount wait;                         ///< Wait, Pause, CutOff
    std::optional<InstantOffset> until;  ///< Wait, in place of that
    Amount after;                        ///< of a child of Together
    std::vector<Step> steps;             ///< Together, Repeat
    std::vector<Expectation> expect;
    Position position;

    bool operator==(const Step&) const = default;
};

/// Each step in the order of the file, those within others too, and how often `repeat` has it done.
void for_each_step(const std::vector<Step>& steps,
                   const std::function<void(const Step& step, std::uint64_t times)>& act,
                   std::uint64_t times = 1);

/// Whether it is so of one of them, those within others too.
bool has_step(const std::vector<Step>& steps, const std::function<bool(const Step&)>& is_so);

/// When a cycle (from 0) of an `attest` is due, after the first; nothing where it waits for the one before.
std::optional<Duration> due_of(const Step& step, int cycle);

}  // namespace pushsim::scenario
