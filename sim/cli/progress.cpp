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
constexpr const char* kClearLine = "\r\x1b[K";

}  // namespace

Progress::Progress(std::string what, const Clock& clock)
    : what_(std::move(what)),
      clock_(clock),
      began_(clock.now()),
      told_at_(began_),
      live_(reports::style_for(STDERR_FILENO).wrap > 0) {}

Progress::~Progress() {
    clear();
}

void Progress::at(std::size_t done, std::size_t total) {
    const Instant now = clock_.now();
    if (live_) {
        if (shown_ && now - told_at_ < kRedraw && done < total) return;
        shown_ = true;
        told_at_ = now;
        std::fputs((kClearLine + text(done, total)).c_str(), stderr);
        std::fflush(stderr);
        return;
    }
    const std::size_t tenth = done * 10 / total;
    if (tenth == told_tenth_ || done == total || now - told_at_ < kSparse) return;
    told_tenth_ = tenth;
    told_at_ = now;
    say_error(text(done, total));
}

void Progress::clear() {
    if (!std::exchange(shown_, false)) return;
    std::fputs(kClearLine, stderr);
    std::fflush(stderr);
}

std::string Progress::text(std::size_t done, std::size_t total) const {
    std::string text = "pushsim: " + fmt::format(fmt::runtime(what_), done, total);
    const auto taken = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - began_);
    const auto left = std::chrono::ceil<std::chrono::seconds>(taken * (total - done) / done);
    return left.count() > 0 ? text + ", " + to_text(left) + " left" : text;
}

}  // namespace pushsim::cli
