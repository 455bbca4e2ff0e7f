#pragma once
// Values in the size of a pointer, which copies share: a long run's history has millions of lines in memory,
// and most of what they could hold is absent or the same again.

#include <algorithm>
#include <atomic>
#include <compare>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <new>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pushsim::history {

/// What is counted by those who share it; the last one ends it. Its `end` is that of the kind of what is
/// held.
struct Counted {
    std::atomic<std::uint32_t> users = 1;
};

/// A share of a Held, which is a Counted and has `static void end(Held*)`, or of nothing.
template <typename Held>
class Share {
  public:
    Share() = default;
    /// The first one.
    explicit Share(Held* held) : held_(held) {}
    Share(const Share& other) : held_(other.held_) {
        if (held_ != nullptr) held_->users.fetch_add(1, std::memory_order_relaxed);
    }
    Share(Share&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    Share& operator=(Share other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~Share() {
        if (held_ != nullptr && held_->users.fetch_sub(1, std::memory_order_acq_rel) == 1) Held::end(held_);
    }

    Held* get() const { return held_; }
    Held* operator->() const { return held_; }
    bool is_alone() const { return held_->users.load(std::memory_order_acquire) == 1; }
    explicit operator bool() const { return held_ != nullptr; }
    bool operator==(const Share&) const = default;

  private:
    Held* held_ = nullptr;
};

/// A text that stays as it is.
class Text {
  public:
    Text() = default;
    Text(std::string_view text) : held_(text.empty() ? nullptr : Held::make(text)) {}
    Text(const std::string& text) : Text(std::string_view{text}) {}
    Text(const char* text) : Text(std::string_view{text}) {}

    /// Lives as long as one of the copies.
    std::string_view view() const {
        return held_ ? std::string_view{held_->first(), held_->size} : std::string_view{};
    }
    std::string str() const { return std::string{view()}; }
    operator std::string_view() const { return view(); }
    operator std::string() const { return str(); }

    using value_type = char;
    auto begin() const { return view().begin(); }
    auto end() const { return view().end(); }
    bool empty() const { return !held_; }
    std::size_t size() const { return view().size(); }
    bool starts_with(std::string_view text) const { return view().starts_with(text); }
    bool ends_with(std::string_view text) const { return view().ends_with(text); }
    std::size_t find(std::string_view text) const { return view().find(text); }

    friend bool operator==(const Text& a, const Text& b) {
        return a.held_ == b.held_ || a.view() == b.view();
    }
    friend bool operator==(const Text& a, std::string_view b) { return a.view() == b; }
    friend bool operator==(const Text& a, const std::string& b) { return a.view() == b; }
    friend bool operator==(const Text& a, const char* b) { return a.view() == b; }
    friend auto operator<=>(const Text& a, const Text& b) { return a.view() <=> b.view(); }
    friend std::string operator+(std::string a, const Text& b) { return std::move(a.append(b.view())); }
    friend std::string operator+(const Text& a, std::string_view b) { return a.str().append(b); }
    friend std::ostream& operator<<(std::ostream& out, const Text& text) { return out << text.view(); }

  private:
    struct Held : Counted {
        std::uint32_t size = 0;
        char* first() { return reinterpret_cast<char*>(this + 1); }

        static Held* make(std::string_view text) {
            auto* held = new (::operator new(sizeof(Held) + text.size())) Held;
            held->size = static_cast<std::uint32_t>(text.size());
            std::memcpy(held->first(), text.data(), text.size());
            return held;
        }
        static void end(Held* held) { ::operator delete(held); }
    };

    Share<Held> held_;
};

/// A value that may be absent, and reads as a default one then.
template <typename T>
class Shared {
  public:
    Shared() = default;
    Shared(T value) : held_(new Held{{}, std::move(value)}) {}

    bool has_value() const { return static_cast<bool>(held_); }
    explicit operator bool() const { return has_value(); }
    const T& operator*() const {
        static const T absent{};
        return held_ ? held_->value : absent;
    }
    const T* operator->() const { return &**this; }
    operator const T&() const { return **this; }

    /// To change it: a default one where it is absent, one of its own where copies share it.
    T& edit() {
        if (!held_) return emplace();
        if (!held_.is_alone()) *this = Shared{**this};
        return held_->value;
    }
    T& emplace() {
        *this = Shared{T{}};
        return held_->value;
    }
    void reset() { held_ = {}; }

    friend bool operator==(const Shared& a, const Shared& b) {
        return a.held_ == b.held_ || (a.has_value() == b.has_value() && *a == *b);
    }

  private:
    struct Held : Counted {
        T value;
        static void end(Held* held) { delete held; }
    };

    Share<Held> held_;
};

/// A list that is mostly empty.
template <typename T>
class List {
  public:
    List() = default;
    List(std::vector<T> items) {
        if (!items.empty()) items_ = Shared<std::vector<T>>{std::move(items)};
    }
    List(std::initializer_list<T> items) : List(std::vector<T>(items)) {}

    using value_type = T;
    using const_iterator = typename std::vector<T>::const_iterator;

    operator const std::vector<T>&() const { return *items_; }
    auto begin() const { return items_->begin(); }
    auto end() const { return items_->end(); }
    std::size_t size() const { return items_->size(); }
    bool empty() const { return items_->empty(); }
    const T& operator[](std::size_t at) const { return (*items_)[at]; }
    const T& at(std::size_t at) const { return items_->at(at); }
    const T& front() const { return items_->front(); }
    const T& back() const { return items_->back(); }

    std::vector<T>& edit() { return items_.edit(); }

    friend bool operator==(const List& a, const List& b) { return *a.items_ == *b.items_; }

  private:
    Shared<std::vector<T>> items_;
};

}  // namespace pushsim::history

template <>
struct fmt::formatter<pushsim::history::Text> : fmt::formatter<std::string_view> {
    template <typename Context>
    auto format(const pushsim::history::Text& text, Context& context) const {
        return fmt::formatter<std::string_view>::format(text.view(), context);
    }
};
template <>
struct std::hash<pushsim::history::Text> {
    std::size_t operator()(const pushsim::history::Text& text) const {
        return std::hash<std::string_view>{}(text.view());
    }
};
