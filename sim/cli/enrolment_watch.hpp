#pragma once
// What the verifier's record tells of an agent's enrolment, one reading after the other: somebody else
// enrols it.

#include <cstdint>
#include <optional>
#include <string>

#include "sim/fleet/tenant_desk.hpp"

namespace pushsim::cli {

class EnrolmentWatch {
  public:
    /// True where this reading shows an enrolment that was not seen before, be it with the same policy. What
    /// could not be read says nothing.
    bool read(const fleet::TenantDesk::StatusSeen& seen);
    /// Evidence was taken as the attestation of this index: they begin anew with an enrolment.
    void attested(int index);
    /// One more has passed.
    void passed();

    /// JSON text, as read last; empty while none is known.
    const std::string& policy() const { return policy_; }
    /// Options of `pushsim tenant add` that it was enrolled with beside, with a blank before.
    const std::string& log_policies() const { return log_policies_; }
    /// Whether the count of passed attestations shows that one more has passed; false while none was read.
    bool shows_a_pass(const fleet::TenantDesk::StatusSeen& seen) const;

  private:
    std::string policy_;
    std::string log_policies_;
    std::string ak_name_;                     ///< of the enrolment, where the database tells it
    std::optional<std::int64_t> passed_;      ///< attestation_count
    std::optional<std::int64_t> last_quote_;  ///< last_received_quote
    std::optional<int> index_;                ///< of the last attestation
};

}  // namespace pushsim::cli
