#pragma once
// A history of millions of lines in memory, without what no report reads.

#include "sim/history/event.hpp"

namespace pushsim::history {

/// Not thread-safe.
class Slim {
  public:
    /// Lets go, of what the file still has: how long the phases of an exchange took, its request id, digests
    /// of messages that were not kept (but for requests for a session, by which those of the same agent are
    /// known), and times of the verifier's that are no more than that. Text that is not what belongs there
    /// stays: a check may look at it. Cycles and verdicts of one index that are alike in all are kept once:
    /// agents of a fleet have theirs at about the same time.
    void take(Event& event);

  private:
    void take(ExchangeSeen& exchange);
    void take(Verdict& verdict);

    static constexpr std::size_t slots = 4096;

    Shared<RecordVerdict> record_;
    Shared<DatabaseVerdict> database_;
    Shared<LogVerdict> log_;
    List<Text> requested_;
    std::vector<Event> cycles_ = std::vector<Event>(slots);  // the last of each index, modulo `slots`
    std::vector<Event> verdicts_ = std::vector<Event>(slots);
};

}  // namespace pushsim::history
