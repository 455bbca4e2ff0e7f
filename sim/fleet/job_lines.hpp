#pragma once
// Jobs that wait for one thread.

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>

namespace pushsim::fleet {

/// Each job stands in the line of what it works on. A line's jobs go in their order; a line that has its turn
/// keeps it while it has jobs, for whoever changes lines pays for it (a TPM has to be swapped in), but not
/// for more than `most_in_a_row` jobs while others wait. Lines have their turns in the order in which they
/// came.
class JobLines {
  public:
    using Job = std::function<void()>;
    using Line = const void*;

    explicit JobLines(std::size_t most_in_a_row) : most_in_a_row_(most_in_a_row) {}

    void push(Line line, Job job);
    /// Not of an empty one.
    Job pop();

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }

  private:
    void next_line();

    std::size_t most_in_a_row_;
    std::unordered_map<Line, std::deque<Job>> lines_;  ///< those with jobs, and the one whose turn it is
    std::deque<Line> waiting_;                         ///< of lines_, without that one
    std::optional<Line> turn_;
    std::size_t in_a_row_ = 0;
    std::size_t size_ = 0;
};

}  // namespace pushsim::fleet
