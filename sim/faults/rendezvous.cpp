#include "sim/faults/rendezvous.hpp"

namespace pushsim::faults {

void Rendezvous::expect(const std::vector<std::string>& agents) {
    expected_ = {agents.begin(), agents.end()};
    waiting_.clear();
}

void Rendezvous::arrive(const std::string& agent, Go go) {
    if (!expected_.contains(agent)) return go();
    waiting_.emplace_back(agent, std::move(go));
    go_if_complete();
}

void Rendezvous::leave(const std::string& agent) {
    expected_.erase(agent);
    std::erase_if(waiting_, [&](const auto& one) { return one.first == agent; });
    go_if_complete();
}

void Rendezvous::go_if_complete() {
    if (waiting_.size() < expected_.size()) return;
    // Whoever goes may come or leave again before the last has gone.
    for (const auto& [agent, go] : std::exchange(waiting_, {}))
        go();
}

}  // namespace pushsim::faults
