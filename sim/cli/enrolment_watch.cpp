#include "sim/cli/enrolment_watch.hpp"

#include <utility>

namespace pushsim::cli {
namespace {

bool went_back(const std::optional<std::int64_t>& now, const std::optional<std::int64_t>& before) {
    return now && before && *now < *before;
}

}  // namespace

bool EnrolmentWatch::read(const fleet::TenantDesk::StatusSeen& seen) {
    if (!seen.known) {
        *this = {};
        return false;
    }
    if (!seen.status.error.empty()) return false;
    const std::string& ak = seen.act.ak_name;
    const bool anew = went_back(seen.status.attestation_count, passed_) ||
                      went_back(seen.status.last_received_quote, last_quote_) ||
                      (!ak.empty() && !ak_name_.empty() && ak != ak_name_);
    if (!ak.empty()) ak_name_ = ak;
    if (anew) index_.reset();
    passed_ = seen.status.attestation_count;
    last_quote_ = seen.status.last_received_quote;
    log_policies_ = std::string(seen.runtime_policy ? " --runtime-policy FILE" : "") +
                    (seen.mb_policy ? " --mb-policy FILE" : "");
    const bool differs = std::exchange(policy_, seen.tpm_policy) != seen.tpm_policy;
    return (anew || differs) && !policy_.empty();
}

void EnrolmentWatch::attested(int index) {
    if (index_ && index <= *index_) *this = {};
    index_ = index;
}

void EnrolmentWatch::passed() {
    if (passed_) ++*passed_;
}

bool EnrolmentWatch::shows_a_pass(const fleet::TenantDesk::StatusSeen& seen) const {
    return passed_ && seen.status.error.empty() && seen.status.attestation_count > passed_;
}

}  // namespace pushsim::cli
