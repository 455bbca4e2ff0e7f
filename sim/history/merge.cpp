#include "sim/history/merge.hpp"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "sim/history/reader.hpp"

namespace pushsim::history {
namespace {

/// A step, what is said of it, and how often that was said before: `repeat` does a step again.
using Turn = std::tuple<std::string, std::optional<int>, std::string, int>;

struct Taken {
    Merged::Line line;
    std::size_t part = 0;
    std::size_t place = 0;  ///< in its part
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
            said_.clear();
            const auto& lines = parts[number_].lines;
            for (place_ = 0; place_ < lines.size(); ++place_) {
                const auto taken = take(parts[number_], lines[place_]);
                if (taken || place_ + 1 == lines.size()) continue;
                return fail(taken.error().in(fmt::format("{}, line {}", parts[number_].name, place_ + 1)));
            }
        }
        for (auto& [turn, taken] : alike_)
            lines_.push_back(std::move(taken));
        std::ranges::sort(lines_, {},
                          [](const Taken& one) { return std::tuple(one.line.t, one.part, one.place); });
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
        Taken taken{{part.begun + line->entry.t, std::move(line->tail)}, number_, place_};
        if (!where.agent.empty()) merged_.agents.insert(where.agent);
        if (const auto* end = event.get<ScenarioEnd>()) {
            merged_.ended.push_back(*end);
        } else if (event.get<StepStart>() != nullptr) {
            keep(where, "begin", std::move(taken), true);
        } else if (event.get<StepEnd>() != nullptr) {
            keep(where, "end", std::move(taken), false);
        } else if (const auto* act = event.get<StackEvent>()) {
            keep(where, act->text, std::move(taken), true);
        } else {
            lines_.push_back(std::move(taken));
        }
        return {};
    }

    void keep(const Where& where, const std::string& what, Taken taken, bool first) {
        const int before = said_[{where.scenario, where.step, what}]++;
        const auto [there, is_new] = alike_.emplace(Turn{where.scenario, where.step, what, before}, taken);
        if (is_new) return;
        const bool is_before = taken.line.t < there->second.line.t;
        if (is_before == first) there->second = std::move(taken);
    }

    Merged merged_;
    std::vector<Taken> lines_;
    std::map<Turn, Taken> alike_;
    std::size_t number_ = 0, place_ = 0;  ///< of the part, of the line in it
    std::map<std::tuple<std::string, std::optional<int>, std::string>, int> said_;  ///< by one part
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
