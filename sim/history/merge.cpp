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

/// No run lasts as long, and times of any two machines can be added to it.
constexpr Duration kLongest = std::chrono::hours{24 * 366 * 100};

struct Line {
    Entry entry;
    std::string tail;  ///< what follows on number and time: `{"n":12,"t":345,…`
};

Result<Line> read_line(const std::string& text) {
    auto entry = parse_entry(text);
    if (!entry) return fail(std::move(entry.error()));
    if (entry->t > kLongest || entry->t < -kLongest)
        return fail(ErrorKind::Parse, "a line of a time that no run has");
    const auto is_control = [](char one) { return static_cast<unsigned char>(one) < ' '; };
    const std::string begin =
        fmt::format("{{\"n\":{},\"t\":{},", entry->n,
                    std::chrono::duration_cast<std::chrono::microseconds>(entry->t).count());
    if (!text.starts_with(begin) || std::ranges::any_of(text, is_control))
        return fail(ErrorKind::Parse, "a line that is not as it is written");
    return Line{std::move(*entry), text.substr(begin.size())};
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
        auto line = read_line(text);
        if (!line) return fail(line.error());
        const Event& event = line->entry.event;
        const Where& where = *line->entry.where;
        if (event.get<Head>() != nullptr || event.get<ScenarioStart>() != nullptr ||
            event.get<End>() != nullptr)
            return {};
        Taken taken{{part.begun + line->entry.t, std::move(line->tail)}, number_};
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

Result<void> check_line(const std::string& line) {
    if (const auto read = read_line(line); !read) return fail(read.error());
    return {};
}

Result<Merged> merge(const std::vector<Part>& parts) {
    return Merging().run(parts);
}

}  // namespace pushsim::history
