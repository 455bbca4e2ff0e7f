#include "sim/faults/fault.hpp"

#include <algorithm>
#include <stdexcept>
#include <string_view>

#include "agent/base/text.hpp"
#include "sim/faults/kinds.hpp"

namespace pushsim::faults {

Duration Fault::before(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::after(const Moment& /*moment*/) const {
    return {};
}
Result<std::optional<std::string>> Fault::token(const std::vector<std::string>& /*tokens*/) const {
    return std::nullopt;
}
Duration Fault::sooner() const {
    return {};
}
std::string Fault::doubt(const Moment& /*moment*/) const {
    return {};
}

Faults make(const std::vector<scenario::Fault>& plan) {
    Faults faults;
    faults.reserve(plan.size());
    for (const scenario::Fault& fault : plan) {
        auto made = timing_fault(fault);
        if (!made) made = identity_fault(fault);
        if (!made) throw std::logic_error(std::string("no such fault: ") + to_string(fault.kind));
        faults.push_back(std::move(made));
    }
    return faults;
}

Result<const Fault*> change_token(HttpRequest& request, const Faults& faults,
                                  const std::vector<std::string>& tokens) {
    constexpr std::string_view scheme = "Bearer ";
    const auto header = std::ranges::find_if(request.headers, [](const auto& one) {
        return std::ranges::equal(one.first, std::string_view("authorization"), {}, lower_ascii);
    });
    if (header == request.headers.end()) return nullptr;
    for (const auto& fault : faults) {
        auto token = fault->token(tokens);
        if (!token) return fail(std::move(token).error().in("fault " + scenario::text(fault->plan())));
        if (!*token) continue;
        header->second = std::string(scheme) + **token;
        return fault.get();
    }
    return nullptr;
}

}  // namespace pushsim::faults
