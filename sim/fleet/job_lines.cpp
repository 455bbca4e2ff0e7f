#include "sim/fleet/job_lines.hpp"

#include <utility>

namespace pushsim::fleet {

void JobLines::push(Line line, Job job) {
    const auto [at, is_new] = lines_.try_emplace(line);
    at->second.push_back(std::move(job));
    if (is_new) waiting_.push_back(line);
    ++size_;
}

JobLines::Job JobLines::pop() {
    const bool goes_on =
        turn_ && !lines_.at(*turn_).empty() && (in_a_row_ < most_in_a_row_ || waiting_.empty());
    if (!goes_on) next_line();
    auto& jobs = lines_.at(*turn_);
    Job job = std::move(jobs.front());
    jobs.pop_front();
    ++in_a_row_;
    --size_;
    return job;
}

void JobLines::next_line() {
    if (turn_ && lines_.at(*turn_).empty()) {
        lines_.erase(*turn_);
    } else if (turn_) {
        waiting_.push_back(*turn_);
    }
    turn_ = waiting_.front();
    waiting_.pop_front();
    in_a_row_ = 0;
}

}  // namespace pushsim::fleet
