#pragma once
// What the seed decides of a scenario, drawn before anything starts: one stream of chance for each agent and
// purpose (DESIGN, decision 5), so that one more agent changes nobody else's draws.

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "sim/scenario/plan.hpp"

namespace pushsim::scenario {

/// A plan has at most so many.
inline constexpr std::size_t max_draws = 2'000'000;

/// "late[3]"; as histories and reports call it.
std::string agent_name(const std::string& group, int number);

class Draws {
  public:
    /// ErrorKind::Usage where the scenario would have more than max_draws. Each try of a scenario of chance
    /// has its own; `attempt` counts from 1.
    static Result<Draws> of(const Scenario& scenario, std::uint64_t seed, int attempt = 1);

    /// An amount of that purpose for the `occurrence`th time, counted from 0; `agent` is empty for what is
    /// nobody's. What does not vary is not drawn.
    Duration duration(const Amount& amount, const std::string& agent, const std::string& purpose,
                      std::size_t occurrence) const;
    /// In millionths, from 0 to 999,999.
    int chance(const std::string& agent, const std::string& purpose, std::size_t occurrence) const;

    /// As YAML, for plan.yaml: agent, purpose, values in order (durations in microseconds, chances in
    /// millionths).
    std::string text() const;

  private:
    using Values = std::vector<std::int64_t>;
    const Values& values(const std::string& agent, const std::string& purpose) const;

    std::map<std::string, std::map<std::string, Values>> values_;

    friend class Drawing;
};

/// Whether a fault of that probability is there, by a draw of Draws::chance().
bool happens(double probability, int millionths);

// Names of purposes; `step` is the number of the step, `fault` counts from 0, of the step's or (step 0) of
// the scenario's faults.
std::string purpose(int step, const char* what);
std::string fault_purpose(int step, std::size_t fault, const char* what);
/// Of a fault's duration: "by" or "for", as its key is called.
const char* duration_purpose(const Fault& fault);

/// Whether the fault is for agents of the group, as far as its `agents` say.
bool is_for(const Fault& fault, const std::string& group);
/// When an agent of the step begins, after the step does.
Amount start_of(const Step& step);

/// All scenarios of a run with what is drawn for them, for plan.yaml: the same seed and scenarios give the
/// same octets on every machine.
Result<std::string> plan_text(const std::vector<Scenario>& scenarios, std::uint64_t seed);

/// What a plan.yaml says; ErrorKind::Parse, naming the place, where it is none. Draws are not read: who has
/// seed and scenarios can make the text again and compare.
struct PlanFile {
    std::uint64_t seed = 0;
    std::vector<Scenario> scenarios;
};
Result<PlanFile> read_plan(const std::string& text, const std::string& file);

}  // namespace pushsim::scenario
