// Faults of the wire: what stands in a request other than in the honest one.

#include <algorithm>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "agent/base/text.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

using Json = nlohmann::ordered_json;
using lifecycle::Phase;
using scenario::Make;
using scenario::RequestChange;

/// Which of its phase's requests one is.
enum class Turn { Only, First, Second };
Turn turn_of(const Outgoing& outgoing) {
    const std::string& method = outgoing.request.method;
    if (outgoing.phase == Phase::Register) return method == "GET" ? Turn::First : Turn::Second;
    if (outgoing.phase == Phase::Authenticate) return method == "POST" ? Turn::First : Turn::Second;
    return Turn::Only;
}

/// A fault of the requests of its step's phases.
class OfRequest : public Fault {
  public:
    OfRequest(const scenario::Fault& plan, std::vector<Phase> phases)
        : Fault(plan), phases_(std::move(phases)) {}

    Result<std::string> send(Outgoing& outgoing, const Sender& /*sender*/) const final {
        if (!phases_.empty() && std::ranges::find(phases_, outgoing.phase) == phases_.end()) return {};
        const Turn turn = turn_of(outgoing);
        const int wanted = plan().change.request;
        if ((wanted == 1 && turn == Turn::Second) || (wanted == 2 && turn == Turn::First)) return {};
        const bool done_in_first = turn == Turn::Second && in_first_;
        if (done_in_first && once()) return {};
        auto changed = change(outgoing.request);
        if (turn == Turn::First) in_first_ = changed.has_value();
        // What the first does not have the second may.
        const bool has_another = wanted == 0 && (turn == Turn::First || done_in_first);
        if (!changed && has_another) return {};
        return changed;
    }

  private:
    /// In words; an error (ErrorKind::Usage) where something that is to change is not there: the request is
    /// as it was, then.
    virtual Result<std::string> change(HttpRequest& request) const = 0;
    /// Not in the phase's second request where it was in the first.
    virtual bool once() const { return false; }

    std::vector<Phase> phases_;  ///< empty: any
    mutable bool in_first_ = false;
};

auto find(HttpHeaders& headers, std::string_view name) {
    return std::ranges::find_if(headers, [&](const auto& one) {
        return std::ranges::equal(one.first, name, {}, lower_ascii, lower_ascii);
    });
}

void set_header(HttpHeaders& headers, const std::string& name, const std::string& text) {
    if (const auto at = find(headers, name); at != headers.end()) {
        *at = {name, text};
    } else {
        headers.emplace_back(name, text);
    }
}

class Header final : public OfRequest {
  public:
    using OfRequest::OfRequest;

  private:
    Result<std::string> change(HttpRequest& request) const override {
        HttpHeaders headers = request.headers;
        std::vector<std::string> done;
        for (const std::string& name : plan().change.remove) {
            const auto at = find(headers, name);
            if (at == headers.end()) {
                return fail(ErrorKind::Usage,
                            fmt::format("{} {} has no header {}", request.method, request.target, name),
                            "name a header that it has, or with `phase` the phase whose requests have it");
            }
            headers.erase(at);
            done.push_back("no header " + name);
        }
        for (const auto& [name, text] : plan().change.set) {
            set_header(headers, name, text);
            done.push_back("another header " + name);
        }
        request.headers = std::move(headers);
        return fmt::format("{} with {}", request.method, fmt::join(done, ", "));
    }
};

class ContentType final : public OfRequest {
  public:
    using OfRequest::OfRequest;

  private:
    Result<std::string> change(HttpRequest& request) const override {
        const auto at = find(request.headers, "content-type");
        if (at == request.headers.end()) {
            return fail(ErrorKind::Usage,
                        fmt::format("{} {} has no content type", request.method, request.target),
                        "name with `phase` a phase whose requests have one");
        }
        at->second = plan().text;
        return fmt::format("{} with content type '{}'", request.method, plan().text);
    }
};

std::optional<Json> of_another_type(const Json& honest) {
    return honest.is_string() ? Json(1) : Json("text");
}

/// Nothing for what has no empty value.
std::optional<Json> empty_of(const Json& honest) {
    if (honest.is_string()) return Json("");
    if (honest.is_array()) return Json::array();
    if (honest.is_object()) return Json::object();
    return std::nullopt;
}

/// A JSON document that changes, with words for what it does not have.
class Document {
  public:
    explicit Document(Json json) : json_(std::move(json)) {}

    Result<void> make(const std::string& pointer, Make what) {
        if (what == Make::Absent) return remove(pointer);
        Json* honest = at(pointer);
        if (honest == nullptr) return has_not(pointer);
        const auto value = what == Make::Null        ? std::optional<Json>(nullptr)
                           : what == Make::WrongType ? of_another_type(*honest)
                                                     : empty_of(*honest);
        if (!value) {
            return fail(ErrorKind::Usage,
                        fmt::format("{} is {} and has no empty value", shown(pointer), honest->dump()),
                        "make it absent, null or wrong_type");
        }
        *honest = *value;
        return {};
    }

    Result<void> remove(const std::string& pointer) {
        if (at(pointer) == nullptr) return has_not(pointer);
        const Json::json_pointer path(pointer);
        if (path.empty()) {
            text_ = "";
            return {};
        }
        Json& parent = json_.at(path.parent_pointer());
        if (parent.is_array()) {
            parent.erase(std::stoul(path.back()));
        } else {
            parent.erase(path.back());
        }
        return {};
    }

    Result<void> set(const std::string& pointer, const std::string& value) {
        const Json::json_pointer path(pointer);
        const Json* parent = path.empty() ? nullptr : at(path.parent_pointer().to_string());
        const bool is_new =
            parent != nullptr && (parent->is_object() || (parent->is_array() && path.back() == "-"));
        if (at(pointer) == nullptr && !is_new) return has_not(pointer);
        json_[path] = Json::parse(value);
        return {};
    }

    std::string text() const {
        return text_ ? *text_ : json_.dump(-1, ' ', false, Json::error_handler_t::replace);
    }

  private:
    Json* at(const std::string& pointer) {
        const Json::json_pointer path(pointer);
        return !text_ && json_.contains(path) ? &json_.at(path) : nullptr;
    }

    static std::string shown(const std::string& pointer) { return pointer.empty() ? "the body" : pointer; }
    static Result<void> has_not(const std::string& pointer) {
        return fail(ErrorKind::Usage, fmt::format("the honest body has no {}", shown(pointer)),
                    "name a member that it has, or with `phase` the phase whose request has it");
    }

    Json json_;
    std::optional<std::string> text_ = {};
};

class Body final : public OfRequest {
  public:
    using OfRequest::OfRequest;

  private:
    bool once() const override { return true; }

    Result<std::string> change(HttpRequest& request) const override {
        if (request.body.empty()) {
            return fail(ErrorKind::Usage, fmt::format("{} {} has no body", request.method, request.target),
                        "name with `phase` a phase whose request has one");
        }
        if (plan().change.raw) {
            request.body = *plan().change.raw;
            return request.method + " with another text for its body";
        }
        Document document(Json::parse(request.body));
        if (auto done = apply(document); !done)
            return fail(std::move(done).error().in(fmt::format("{} {}", request.method, request.target)));
        request.body = document.text();
        return request.method + " with another body";
    }

    Result<void> apply(Document& document) const {
        const RequestChange& change = plan().change;
        Result<void> done;
        if (change.at) done = document.make(*change.at, change.make);
        for (const std::string& pointer : change.remove) {
            if (done) done = document.remove(pointer);
        }
        for (const auto& [pointer, value] : change.set) {
            if (done) done = document.set(pointer, value);
        }
        return done;
    }
};

}  // namespace

std::unique_ptr<Fault> wire_fault(const scenario::Fault& plan, const Given& given) {
    switch (plan.kind) {
        case scenario::FaultKind::Body:
            return std::make_unique<Body>(plan, given.phases);
        case scenario::FaultKind::Header:
            return std::make_unique<Header>(plan, given.phases);
        case scenario::FaultKind::ContentType:
            return std::make_unique<ContentType>(plan, given.phases);
        default:
            return nullptr;
    }
}

}  // namespace pushsim::faults
