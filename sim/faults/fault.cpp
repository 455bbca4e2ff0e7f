#include "sim/faults/fault.hpp"

#include <stdexcept>

#include "sim/faults/kinds.hpp"

namespace pushsim::faults {

Duration Fault::before(const Moment& /*moment*/) const {
    return {};
}
Duration Fault::after(const Moment& /*moment*/) const {
    return {};
}
std::optional<std::string> Fault::token(const std::vector<std::string>& /*tokens*/) const {
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

}  // namespace pushsim::faults
