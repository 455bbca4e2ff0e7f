#pragma once
// The faults, group by group; each function gives nothing for a fault of another group.

#include "sim/faults/fault.hpp"

namespace pushsim::faults {

std::unique_ptr<Fault> timing_fault(const scenario::Fault& plan, Given given);
std::unique_ptr<Fault> order_fault(const scenario::Fault& plan);
std::unique_ptr<Fault> wire_fault(const scenario::Fault& plan, const Given& given);
std::unique_ptr<Fault> quote_fault(const scenario::Fault& plan);
std::unique_ptr<Fault> evidence_fault(const scenario::Fault& plan);
std::unique_ptr<Fault> identity_fault(const scenario::Fault& plan);

}  // namespace pushsim::faults
