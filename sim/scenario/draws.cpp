#include "sim/scenario/draws.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "sim/core/random.hpp"
#include "sim/scenario/exact_math.hpp"
#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using std::chrono::microseconds;

constexpr double longest = 365.0 * 86400 * 1e6;  // what a file can write, in microseconds

/// From 0 to 1, without 1; 53 bits.
double unit(core::SeededStream& stream) {
    return static_cast<double>(stream.next() >> 11) * 0x1.0p-53;
}

/// From 0 to `count`, without `count`; in integers.
std::uint64_t below(core::SeededStream& stream, std::uint64_t count) {
    __extension__ typedef unsigned __int128 Wide;
    return static_cast<std::uint64_t>((Wide{stream.next() >> 11} * count) >> 53);
}

/// A half counts as more: of what was drawn the rest below a nanosecond is gone.
std::int64_t to_micros(Duration duration) {
    return std::chrono::floor<microseconds>(duration + std::chrono::nanoseconds{500}).count();
}

/// In microseconds. The generator's output is used as it is: std::*_distribution differs between libraries,
/// and so do logarithm and cosine (exact_math.hpp).
std::int64_t draw(const Distribution& drawn, core::SeededStream& stream, std::size_t occurrence) {
    const auto value = [&](std::size_t i) {
        return std::chrono::duration<double, std::micro>(drawn.values[i]).count();
    };
    const auto rounded = [](double micros) { return std::llround(std::clamp(micros, 0.0, longest)); };
    switch (drawn.kind) {
        case Distribution::Kind::Uniform: {
            const auto span = static_cast<std::uint64_t>((drawn.values[1] - drawn.values[0]).count());
            const Duration more{static_cast<Duration::rep>(below(stream, span))};
            return to_micros(drawn.values[0] + more);
        }
        case Distribution::Kind::Normal: {
            // Box and Muller; of the two that it gives, one.
            const double radius = std::sqrt(-2 * exact_log(1 - unit(stream)));
            return rounded(value(0) + value(1) * radius * exact_cos_of_turns(unit(stream)));
        }
        case Distribution::Kind::Exponential:
            return rounded(-value(0) * exact_log(1 - unit(stream)));
        case Distribution::Kind::OneOf:
            return to_micros(drawn.values[below(stream, drawn.values.size())]);
        case Distribution::Kind::List:
            return to_micros(drawn.values[occurrence % drawn.values.size()]);
    }
    return 0;
}

bool is_drawn(const Fault& fault) {
    return fault.probability < 1;
}

}  // namespace

/// Walks the script as it will be played, and draws.
class Drawing {
  public:
    Drawing(const Scenario& scenario, std::uint64_t seed, int attempt, Draws& draws)
        : scenario_(scenario),
          stream_(attempt == 1 ? scenario.name : fmt::format("{} try {}", scenario.name, attempt)),
          seed_(seed),
          draws_(draws) {
        for (const Group& group : scenario.groups) {
            for (int i = 0; i < group.count; ++i)
                agents_[group.name].push_back(agent_name(group.name, i));
        }
    }

    Result<void> all() {
        walk(scenario_.script, 1);
        for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
            for (const auto& [agent, cycles] : cycles_)
                draw_fault(scenario_.faults[i], 0, i, agent, cycles);
        }
        if (count_ <= max_draws) return {};
        return fail(ErrorKind::Usage,
                    fmt::format("{}: the scenario draws more than {} values", scenario_.name, max_draws),
                    "fewer agents, cycles or repetitions, or fewer things that vary");
    }

  private:
    /// `times`: how often the steps are done.
    void walk(const std::vector<Step>& steps, std::size_t times) {
        for (const Step& step : steps) {
            draw_amount(step.wait, "", purpose(step.number, step.servers.empty() ? "wait" : "for"), times);
            draw_amount(step.after, "", purpose(step.number, "after"), times);
            const auto repeats = static_cast<std::size_t>(step.times);
            if (!phases_of(step.kind).empty()) draw_agents(step, times, times * repeats);
            const bool again = step.kind == StepKind::Repeat;
            walk(step.steps, std::min(again ? times * repeats : times, max_draws + 1));
        }
    }

    void draw_agents(const Step& step, std::size_t times, std::size_t cycles) {
        for (const std::string& group : step.agents) {
            for (const std::string& agent : agents_.at(group)) {
                draw_amount(start_of(step), agent, purpose(step.number, "spread"), times);
                draw_amount(step.jitter, agent, purpose(step.number, "jitter"), cycles);
                for (std::size_t i = 0; i < step.faults.size(); ++i)
                    draw_fault(step.faults[i], step.number, i, agent, cycles);
                cycles_[agent] += cycles;
            }
        }
    }

    void draw_fault(const Fault& fault, int step, std::size_t number, const std::string& agent,
                    std::size_t cycles) {
        const std::string group = agent.substr(0, agent.find('['));
        if (!is_for(fault, group)) return;
        if (is_drawn(fault)) draw_chances(agent, fault_purpose(step, number, "probability"), cycles);
        if (fault.kind == FaultKind::Swizzle) {
            draw_chances(agent, fault_purpose(step, number, "stop"), 1);
            draw_chances(agent, fault_purpose(step, number, "go"), 1);
        } else {
            draw_amount({fault.duration, fault.varies}, agent,
                        fault_purpose(step, number, duration_purpose(fault)), cycles);
        }
    }

    /// Room for that many values; false where there is none any more.
    bool take(std::size_t values) {
        count_ = std::min(count_ + values, max_draws + 1);
        return count_ <= max_draws;
    }

    void draw_amount(const Amount& amount, const std::string& agent, const std::string& what,
                     std::size_t times) {
        if (!amount.varies || !take(times)) return;
        core::SeededStream stream(seed_, {stream_, agent, what});
        auto& values = draws_.values_[agent][what];
        values.reserve(times);
        for (std::size_t i = 0; i < times; ++i)
            values.push_back(draw(*amount.varies, stream, i));
    }

    void draw_chances(const std::string& agent, const std::string& what, std::size_t times) {
        if (!take(times)) return;
        core::SeededStream stream(seed_, {stream_, agent, what});
        auto& values = draws_.values_[agent][what];
        values.reserve(times);
        for (std::size_t i = 0; i < times; ++i)
            values.push_back(static_cast<std::int64_t>(below(stream, 1'000'000)));
    }

    const Scenario& scenario_;
    std::string stream_;
    std::uint64_t seed_;
    Draws& draws_;
    std::map<std::string, std::vector<std::string>> agents_;  ///< by group
    std::map<std::string, std::size_t> cycles_;               ///< of an agent, in the whole script
    std::size_t count_ = 0;
};

std::string agent_name(const std::string& group, int number) {
    return fmt::format("{}[{}]", group, number);
}

std::string purpose(int step, const char* what) {
    return fmt::format("{} {}", step, what);
}

std::string fault_purpose(int step, std::size_t fault, const char* what) {
    return step == 0 ? fmt::format("faults[{}] {}", fault, what)
                     : fmt::format("{} faults[{}] {}", step, fault, what);
}

const char* duration_purpose(const Fault& fault) {
    return fault.kind == FaultKind::Early || fault.kind == FaultKind::ClockSkew ? "by" : "for";
}

bool is_for(const Fault& fault, const std::string& group) {
    return fault.agents.empty() || std::ranges::find(fault.agents, group) != fault.agents.end();
}

Amount start_of(const Step& step) {
    if (step.spread == Duration::zero()) return {};
    return {{}, Distribution{Distribution::Kind::Uniform, {{}, step.spread}}};
}

bool happens(double probability, int millionths) {
    return millionths < std::lround(probability * 1e6);
}

Result<Draws> Draws::of(const Scenario& scenario, std::uint64_t seed, int attempt) {
    Draws draws;
    if (auto drawn = Drawing(scenario, seed, attempt, draws).all(); !drawn) return fail(drawn.error());
    return draws;
}

const Draws::Values& Draws::values(const std::string& agent, const std::string& purpose) const {
    const auto of_agent = values_.find(agent);
    if (of_agent != values_.end()) {
        const auto found = of_agent->second.find(purpose);
        if (found != of_agent->second.end()) return found->second;
    }
    throw std::logic_error(fmt::format("nothing was drawn for '{}' of '{}'", purpose, agent));
}

Duration Draws::duration(const Amount& amount, const std::string& agent, const std::string& purpose,
                         std::size_t occurrence) const {
    if (!amount.varies) return amount.fixed;
    return microseconds{values(agent, purpose).at(occurrence)};
}

int Draws::chance(const std::string& agent, const std::string& purpose, std::size_t occurrence) const {
    return static_cast<int>(values(agent, purpose).at(occurrence));
}

std::string Draws::text() const {
    std::string lines;
    for (const auto& [agent, purposes] : values_) {
        lines += fmt::format("\"{}\":\n", agent);
        for (const auto& [purpose, values] : purposes)
            lines += fmt::format("  \"{}\": [{}]\n", purpose, fmt::join(values, ", "));
    }
    return lines.empty() ? "{}\n" : lines;
}

}  // namespace pushsim::scenario
