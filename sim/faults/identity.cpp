// Faults of identity: who a request says that it comes from.

#include "sim/faults/kinds.hpp"

namespace pushsim::faults {
namespace {

class OldToken final : public Fault {
  public:
    using Fault::Fault;

    Result<std::optional<std::string>> token(const std::vector<std::string>& tokens) const override {
        if (tokens.size() < 2) {
            return fail(ErrorKind::Usage, "the agent had one session, and no token of an earlier one",
                        "let it `authenticate`, or `restart_agent` and attest, before");
        }
        return tokens[tokens.size() - 2];
    }
};

}  // namespace

std::unique_ptr<Fault> identity_fault(const scenario::Fault& plan) {
    if (plan.kind == scenario::FaultKind::OldToken) return std::make_unique<OldToken>(plan);
    return nullptr;
}

}  // namespace pushsim::faults
