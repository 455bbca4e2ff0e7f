#pragma once
// What a line of a history tells of, whatever its kind.

#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include "sim/history/record.hpp"
#include "sim/history/shared.hpp"

namespace pushsim::history {

/// What a reader hands out: one of the kinds. Copies share what they hold.
class Event {
  public:
    /// Their order is that of their names in the file (serialise.cpp).
    using Kinds = std::tuple<Unknown, Head, ScenarioStart, ScenarioEnd, StepStart, StepEnd, ExchangeSeen,
                             TpmOperation, MachineAct, FaultEffect, TenantActSeen, Cycle, Verdict, StatusRead,
                             StackEvent, Conformance, Note, End>;
    static constexpr std::uint32_t kinds = std::tuple_size_v<Kinds>;

  private:
    /// `kinds` where T is none of them.
    template <typename T>
    static constexpr std::uint32_t number_of() {
        std::uint32_t number = kinds;
        for_each_kind([&]<typename Kind>(std::uint32_t one, const Kind*) {
            if (std::is_same_v<T, Kind>) number = one;
        });
        return number;
    }
    /// Calls `f` with the number of each and a pointer of its type.
    template <typename F>
    static constexpr void for_each_kind(const F& f) {
        [&]<std::uint32_t... I>(std::integer_sequence<std::uint32_t, I...>) {
            (f(I, static_cast<const std::tuple_element_t<I, Kinds>*>(nullptr)), ...);
        }
        (std::make_integer_sequence<std::uint32_t, kinds>{});
    }

  public:
    /// Of no kind that is known.
    Event() = default;
    template <typename T>
    requires(number_of<T>() < kinds) Event(T value)
        : held_(new HeldAs<T>{{{}, number_of<T>()}, std::move(value)}) {}

    /// The place of its kind in Kinds.
    std::uint32_t kind() const { return held_ ? held_->kind : 0; }
    /// Nothing where it is of another kind.
    template <typename T>
    const T* get() const {
        return held_ && held_->kind == number_of<T>() ? &static_cast<HeldAs<T>*>(held_.get())->value
                                                      : nullptr;
    }
    /// To change it, apart from copies; nothing where it is of another kind.
    template <typename T>
    T* edit() {
        const T* value = get<T>();
        if (value == nullptr) return nullptr;
        if (!held_.is_alone()) *this = Event{T{*value}};
        return &static_cast<HeldAs<T>*>(held_.get())->value;
    }
    /// Calls `f` with what it holds; not at all where it holds nothing.
    template <typename F>
    void visit(const F& f) const {
        for_each_kind([&]<typename Kind>(std::uint32_t, const Kind*) {
            if (const auto* value = get<Kind>()) f(*value);
        });
    }

  private:
    struct Held : Counted {
        std::uint32_t kind = 0;
        static void end(Held* held);
    };
    template <typename T>
    struct HeldAs : Held {
        T value;
    };

    Share<Held> held_;
};

inline void Event::Held::end(Held* held) {
    const std::uint32_t kind = held->kind;
    for_each_kind([&]<typename Kind>(std::uint32_t one, const Kind*) {
        if (one == kind) delete static_cast<HeldAs<Kind>*>(held);
    });
}

}  // namespace pushsim::history
