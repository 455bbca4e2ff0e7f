#include "agent/tpm/external_tpm.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <tss2/tss2_tctildr.h>

#include "agent/tpm/response_code.hpp"
#include "agent/tpm/tcti_name.hpp"

namespace pushsim::tpm {
namespace {

bool among(const std::vector<Handle>& handles, Handle wanted) {
    return std::ranges::find(handles, wanted) != handles.end();
}

struct Finalize {
    void operator()(TSS2_TCTI_CONTEXT* tcti) const { Tss2_TctiLdr_Finalize(&tcti); }
};

}  // namespace

/// The connection: a TCTI, and the commands over it.
class ExternalTpm::Line {
  public:
    static Result<std::unique_ptr<Line>> open(const std::string& name) {
        if (auto usable = check_tcti_name(name); !usable) return fail(usable.error());
        TSS2_TCTI_CONTEXT* context = nullptr;
        if (const TSS2_RC code = Tss2_TctiLdr_Initialize(name.c_str(), &context); code != TSS2_RC_SUCCESS)
            return fail(no_tpm_at(name, code));
        try {
            return std::make_unique<Line>(context);
        } catch (const std::runtime_error& error) {
            return fail(ErrorKind::Tpm, "TPM at \"" + name + "\": " + error.what());
        }
    }

    explicit Line(TSS2_TCTI_CONTEXT* tcti) : tcti_(tcti), commands_(tcti) {}
    Commands& commands() { return commands_; }

  private:
    std::unique_ptr<TSS2_TCTI_CONTEXT, Finalize> tcti_;
    Commands commands_;
};

Result<std::unique_ptr<ExternalTpm>> ExternalTpm::open(const std::string& tcti) {
    std::unique_ptr<ExternalTpm> tpm(new ExternalTpm(tcti));
    if (auto connected = tpm->connect(); !connected) return fail(connected.error());
    return tpm;
}

ExternalTpm::ExternalTpm(std::string name) : name_(std::move(name)) {}

ExternalTpm::~ExternalTpm() {
    if (!line_) return;
    if (const auto now = loaded()) flush_ours(*now);
}

Result<void> ExternalTpm::run(const Burst& burst) {
    if (!line_) {
        if (auto again = connect(); !again) return again;
        ++power_epoch_;
    }
    (void)line_->commands().take_loss();  // what an earlier burst met and survived
    auto done = burst(line_->commands());
    if (done) return done;
    recover();
    return fail(done.error().in("TPM at \"" + name_ + "\""));
}

Result<void> ExternalTpm::connect() {
    auto line = Line::open(name_);
    if (!line) return fail(line.error());
    line_ = std::move(*line);
    if (auto begun = begin(); !begun) {
        line_.reset();
        return fail(begun.error().in("TPM at \"" + name_ + "\""));
    }
    return {};
}

/// Starts the TPM up where it is not, and has nothing of ours loaded in it.
Result<void> ExternalTpm::begin() {
    auto now = loaded();
    if (!now && tpm_code(line_->commands().response_code()) == TPM2_RC_INITIALIZE) {
        if (auto started = line_->commands().startup(StartupType::Clear); !started) return started;
        now = loaded();
    }
    if (!now) return fail(now.error());
    if (!found_) found_ = *now;
    flush_ours(*now);
    std::erase_if(*found_, [&](Handle handle) { return !among(*now, handle); });
    (void)line_->commands().take_loss();
    return {};
}

void ExternalTpm::recover() {
    const bool lost = line_->commands().take_loss();
    const bool broken = is_tcti_code(line_->commands().response_code());
    if (!lost && !broken) return;
    if (broken) line_.reset();
    if (broken ? connect().has_value() : begin().has_value())
        ++power_epoch_;
    else
        line_.reset();  // the next burst tries again
}

Result<std::vector<Handle>> ExternalTpm::loaded() {
    auto objects = line_->commands().handles(handle::first_transient);
    if (!objects) return objects;
    auto sessions = line_->commands().handles(handle::first_loaded_session);
    if (!sessions) return sessions;
    objects->insert(objects->end(), sessions->begin(), sessions->end());
    return objects;
}

void ExternalTpm::flush_ours(const std::vector<Handle>& loaded) {
    for (const Handle handle : loaded)
        if (!among(*found_, handle)) (void)line_->commands().flush_context(handle);
}

}  // namespace pushsim::tpm
