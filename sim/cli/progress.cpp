#include "sim/cli/progress.hpp"

#include <cstdio>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "reports/console.hpp"
#include "sim/cli/commands.hpp"

namespace pushsim::cli {
namespace {

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::chrono::seconds kSparse{2};
constexpr std::chrono::seconds kStanding{30};
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

LiveLine::LiveLine() : columns_(reports::style_for(STDERR_FILENO).wrap) {}

LiveLine::~LiveLine() {
    clear();
}

void LiveLine::show(const std::string& text) {
    if (!there_is()) return;
    shown_ = true;
    // A character in the last column would begin another line on some terminals.
    const auto room = static_cast<std::size_t>(columns_ - 1);
    std::fputs((kClearLine + text.substr(0, room)).c_str(), stderr);
    std::fflush(stderr);
}

void LiveLine::clear() {
    if (!std::exchange(shown_, false)) return;
    std::fputs(kClearLine, stderr);
    std::fflush(stderr);
}

Progress::Progress(std::string what, const Clock& clock)
    : what_(std::move(what)), clock_(clock), began_(clock.now()), told_at_(began_) {}

void Progress::at(std::size_t done, std::size_t total) {
    const Instant now = clock_.now();
    if (line_.there_is()) {
        if (line_.shown() && now - told_at_ < kRedraw && done < total) return;
        told_at_ = now;
        line_.show(text(done, total));
        return;
    }
    const std::size_t tenth = done * 10 / total;
    if (tenth == told_tenth_ || done == total || now - told_at_ < kSparse) return;
    told_tenth_ = tenth;
    told_at_ = now;
    say_error(text(done, total));
}

std::string Progress::text(std::size_t done, std::size_t total) const {
    std::string text = "pushsim: " + fmt::format(fmt::runtime(what_), done, total);
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
    const auto left = std::chrono::ceil<std::chrono::seconds>(taken * (total - done) / done);
    return left.count() > 0 ? text + ", " + to_text(left) + " left" : text;
}

StandingLine::StandingLine(std::string scenario, const Clock& clock)
    : scenario_(std::move(scenario)), clock_(clock), began_(clock.now()), told_at_(began_) {}

void StandingLine::at(const fleet::Standing& standing) {
    const Instant now = clock_.now();
    const std::string text = "pushsim: " + standing_text(scenario_, standing, now - began_);
    if (line_.there_is()) {
        line_.show(text);
    } else if (now - told_at_ >= kStanding) {
        told_at_ = now;
        say_error(text);
    }
}

std::string standing_text(const std::string& scenario, const fleet::Standing& standing, Duration taken) {
    std::string text = scenario;
    if (standing.step > 0) text += fmt::format(", step {} {}", standing.step, standing.act);
    text += ", " + to_text(std::chrono::floor<std::chrono::seconds>(taken));
    if (standing.agents == 1) return text;
    if (standing.step == 0)
        return text + fmt::format(": {} of {} agents made", standing.made, standing.agents);
    if (standing.acting > 0) text += fmt::format(": {} of {} done", standing.done, standing.acting);
    return text + fmt::format("{}{} registered, {} enrolled", standing.acting > 0 ? ", " : ": ",
                              standing.registered, standing.enrolled);
}

}  // namespace pushsim::cli
