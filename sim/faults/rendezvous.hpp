#pragma once
// A place where agents wait for each other.

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace pushsim::faults {

/// Not thread-safe.
class Rendezvous {
  public:
    using Go = std::function<void()>;

    /// These are expected, anew: whoever waited is forgotten.
    void expect(const std::vector<std::string>& agents);
    /// `go` is called when all are here that are expected, with those of the others, in the order in which
    /// they came; at once for who is not expected. Who went is expected again.
    void arrive(const std::string& agent, Go go);
    /// Is not expected any more.
    void leave(const std::string& agent);

    std::size_t expected() const { return expected_.size(); }

  private:
    void go_if_complete();

    std::set<std::string> expected_;
    std::vector<std::pair<std::string, Go>> waiting_;
};

}  // namespace pushsim::faults
