#include "sim/fleet/gate.hpp"

#include <algorithm>
#include <utility>

namespace pushsim::fleet {

Gate::Gate(transport::EventLoop& loop, std::size_t most)
    : state_(std::make_shared<State>(State{.loop = loop, .most = std::max<std::size_t>(most, 1)})) {}

void Gate::enter(Let let) {
    // One that comes while a place is free but not yet taken by who waits for it must not overtake.
    if (state_->under_way < state_->most && state_->queue.empty()) {
        let(make_pass(state_));
    } else {
        state_->queue.push_back(std::move(let));
    }
}

Gate::Pass Gate::make_pass(const std::shared_ptr<State>& state) {
    ++state->under_way;
    return {nullptr, [weak = std::weak_ptr(state)](void*) {
                const auto gate = weak.lock();
                if (!gate) return;
                --gate->under_way;
                // From the loop: whoever gives a pass back is in the midst of something else.
                if (!gate->queue.empty()) {
                    gate->loop.post([weak] {
                        if (const auto still = weak.lock()) let_next(still);
                    });
                }
            }};
}

void Gate::let_next(const std::shared_ptr<State>& state) {
    while (state->under_way < state->most && !state->queue.empty()) {
        const Let let = std::move(state->queue.front());
        state->queue.pop_front();
        let(make_pass(state));
    }
}

}  // namespace pushsim::fleet
