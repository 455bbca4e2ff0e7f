#pragma once
// A bound on how many exchanges are on the wire at a time.

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>

#include "agent/transport/loop.hpp"

namespace pushsim::fleet {

/// Those that find it full wait in the order in which they came. For the loop's thread alone; the loop must
/// outlive it.
class Gate {
  public:
    /// Held while an exchange is on the wire.
    using Pass = std::shared_ptr<void>;
    using Let = std::function<void(Pass)>;

    /// At least one goes at a time.
    Gate(transport::EventLoop& loop, std::size_t most);

    /// Calls `let` with a pass, at once where there is room, else from the loop when all before it were let
    /// through and passes were given back. Never once the gate is gone.
    void enter(Let let);

    std::size_t waiting() const { return state_->queue.size(); }

  private:
    struct State {
        transport::EventLoop& loop;
        std::size_t most;
        std::size_t under_way = 0;
        std::deque<Let> queue{};
    };
    static Pass make_pass(const std::shared_ptr<State>& state);
    static void let_next(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace pushsim::fleet
