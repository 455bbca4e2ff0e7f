#pragma once
// Work that is measured in a process of its own, round by round, so that several can take turns.

#include <cstddef>
#include <functional>
#include <type_traits>

#include <sys/types.h>

namespace pushsim::bench {

/// A child that answers orders of one size with answers of one size, octet by octet as they are in memory.
class ChildProcess {
  public:
    using Answer = std::function<void(const void* order, void* answer)>;

    /// Forks: to be made before there are threads. `begin` runs in the child. What it or an answer throws is
    /// written to standard error and ends the child. Throws std::runtime_error.
    ChildProcess(std::size_t order_size, std::size_t answer_size, const std::function<Answer()>& begin);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    /// Throws std::runtime_error where the child has ended.
    void ask(const void* order, void* answer) const;

  private:
    std::size_t order_size_;
    std::size_t answer_size_;
    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
};

template <typename Order, typename Told>
class Child {
    static_assert(std::is_trivially_copyable_v<Order> && std::is_trivially_copyable_v<Told>);

  public:
    /// `begin` gives what answers orders; it runs in the child.
    explicit Child(const std::function<std::function<Told(const Order&)>()>& begin)
        : process_(sizeof(Order), sizeof(Told), [&begin]() -> ChildProcess::Answer {
              return [answer = begin()](const void* order, void* told) {
                  *static_cast<Told*>(told) = answer(*static_cast<const Order*>(order));
              };
          }) {}

    Told ask(const Order& order) const {
        Told told;
        process_.ask(&order, &told);
        return told;
    }

  private:
    ChildProcess process_;
};

}  // namespace pushsim::bench
