#include "agent/tpm/external_tpm.hpp"

#include <algorithm>
#include <utility>

#include <tss2/tss2_tctildr.h>

#include "agent/tpm/response_code.hpp"

namespace pushsim::tpm {

Result<std::unique_ptr<ExternalTpm>> ExternalTpm::open(const std::string& tcti) {
    TSS2_TCTI_CONTEXT* context = nullptr;
    if (const TSS2_RC code = Tss2_TctiLdr_Initialize(tcti.c_str(), &context); code != TSS2_RC_SUCCESS)
        return fail(
            ErrorKind::Tpm, "no TPM at \"" + tcti + "\": " + describe_response_code(code),
            "check the TCTI (for example swtpm:host=127.0.0.1,port=2321 or device:/dev/tpmrm0) and that a "
            "TPM answers there");
    std::unique_ptr<ExternalTpm> tpm(new ExternalTpm(tcti, context));
    if (auto begun = tpm->begin(); !begun) return fail(begun.error().in("TPM at \"" + tcti + "\""));
    return tpm;
}

ExternalTpm::ExternalTpm(std::string name, TSS2_TCTI_CONTEXT* tcti)
    : name_(std::move(name)), tcti_(tcti), commands_(std::make_unique<Commands>(tcti)) {}

ExternalTpm::~ExternalTpm() {
    if (begun_) {
        const auto now = loaded();
        for (const Handle handle : now.value_or(std::vector<Handle>{}))
            if (std::ranges::find(found_, handle) == found_.end()) (void)commands_->flush_context(handle);
    }
    commands_.reset();
    Tss2_TctiLdr_Finalize(&tcti_);
}

Result<void> ExternalTpm::begin() {
    auto found = loaded();
    if (!found && tpm_code(commands_->response_code()) == TPM2_RC_INITIALIZE) {
        if (auto started = commands_->startup(StartupType::Clear); !started) return started;
        found = loaded();
    }
    if (!found) return fail(found.error());
    found_ = *found;
    begun_ = true;
    return {};
}

Result<std::vector<Handle>> ExternalTpm::loaded() {
    auto objects = commands_->handles(handle::first_transient);
    if (!objects) return objects;
    auto sessions = commands_->handles(handle::first_loaded_session);
    if (!sessions) return sessions;
    objects->insert(objects->end(), sessions->begin(), sessions->end());
    return objects;
}

Result<void> ExternalTpm::run(const Burst& burst) {
    auto done = burst(*commands_);
    if (!done) return fail(done.error().in("TPM at \"" + name_ + "\""));
    return done;
}

}  // namespace pushsim::tpm
