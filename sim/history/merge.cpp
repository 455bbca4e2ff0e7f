#include "sim/history/merge.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "sim/history/reader.hpp"

namespace pushsim::history {
namespace {

/// A step, and how often it was begun before: `repeat` does it again.
using Turn = std::tuple<std::string, std::optional<int>, int>;

struct Taken {
    Merged::Line line;
    std::size_t part = 0;
};

/// What follows on number and time: `{"n":12,"t":345,…`.
Result<std::string> tail_of(const std::string& line) {
    const std::size_t first = line.find(',');
    const std::size_t second = first == std::string::npos ? first : line.find(',', first + 1);
    if (!line.starts_with("{\"n\":") || second == std::string::npos)
        return fail(ErrorKind::Parse, "a line that does not begin with its number and time");
    return line.substr(second + 1);
}

class Merging {
  public:
    Result<Merged> run(const std::vector<Part>& parts) {
        for (number_ = 0; number_ < parts.size(); ++number_) {
            begun_.clear();
            ended_.clear();
            for (std::size_t i = 0; i < parts[number_].lines.size(); ++i) {
                const bool is_last = i + 1 == parts[number_].lines.size();
                const auto taken = take(parts[number_], parts[number_].lines[i]);
                if (taken || is_last) continue;
                return fail(taken.error().in(fmt::format("{}, line {}", parts[number_].name, i + 1)));
            }
        }
        add(std::move(begins_));
        add(std::move(ends_));
        std::ranges::stable_sort(lines_, [](const Taken& a, const Taken& b) {
            return std::tuple(a.line.t, a.part) < std::tuple(b.line.t, b.part);
        });
        for (Taken& one : lines_)
            merged_.lines.push_back(std::move(one.line));
        return std::move(merged_);
    }

  private:
    Result<void> take(const Part& part, const std::string& text) {
        const auto entry = parse_entry(text);
        if (!entry) return fail(entry.error());
        auto tail = tail_of(text);
        if (!tail) return fail(tail.error());
        const Event& event = entry->event;
        const Where& where = *entry->where;
        if (event.get<Head>() != nullptr || event.get<ScenarioStart>() != nullptr ||
            event.get<End>() != nullptr)
            return {};
        Taken taken{{part.begun + entry->t, std::move(*tail)}, number_};
        if (!where.agent.empty()) merged_.agents.insert(where.agent);
        if (const auto* end = event.get<ScenarioEnd>()) {
            merged_.ended.push_back(*end);
        } else if (event.get<StepStart>() != nullptr) {
            keep(begins_, turn(where, begun_), std::move(taken), true);
        } else if (event.get<StepEnd>() != nullptr) {
            keep(ends_, turn(where, ended_), std::move(taken), false);
        } else {
            lines_.push_back(std::move(taken));
        }
        return {};
    }

    using Turns = std::map<std::pair<std::string, std::optional<int>>, int>;
    static Turn turn(const Where& where, Turns& before) {
        return {where.scenario, where.step, before[{where.scenario, where.step}]++};
    }

    static void keep(std::map<Turn, Taken>& all, Turn turn, Taken taken, bool first) {
        const auto [there, is_new] = all.emplace(std::move(turn), taken);
        if (is_new) return;
        const bool is_before = taken.line.t < there->second.line.t;
        if (is_before == first) there->second = std::move(taken);
    }

    void add(std::map<Turn, Taken> kept) {
        for (auto& [turn, taken] : kept)
            lines_.push_back(std::move(taken));
    }

    Merged merged_;
    std::vector<Taken> lines_;
    std::map<Turn, Taken> begins_, ends_;
    std::size_t number_ = 0;
    Turns begun_, ended_;  ///< of one part
};

}  // namespace

Result<Merged> merge(const std::vector<Part>& parts) {
    return Merging().run(parts);
}

}  // namespace pushsim::history
