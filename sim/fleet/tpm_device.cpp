#include "sim/fleet/tpm_device.hpp"

#include <utility>
#include <variant>

#include <fmt/format.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::fleet {
namespace {

using scenario::TpmKind;

// A cycle of another process takes about a second, its retries longer.
constexpr Duration kLockPatience = std::chrono::seconds{30};

template <typename T>
Result<lifecycle::TpmAnswer> answer(Result<T> result) {
    if (!result) return fail(result.error());
    return lifecycle::TpmAnswer{std::move(*result)};
}

struct Operate {
    tpm::AttestationKeys& keys;

    Result<lifecycle::TpmAnswer> operator()(const lifecycle::DescribeTpm&) {
        return lifecycle::TpmAnswer{keys.describe()};
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::ActivateCredential& credential) {
        return answer(keys.activate_credential(credential.id_object, credential.encrypted_secret));
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::CertifyAk& certify) {
        return answer(keys.certify(certify.challenge));
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::QuotePcrs& quote) {
        return answer(keys.quote(quote.challenge, quote.bank, quote.pcrs, quote.data_pcr));
    }
};

/// A TPM in failure mode answers nothing else either.
Result<void> is_fit(tpm::Commands& commands) {
    auto octets = commands.get_random(1);
    if (!octets) return fail(octets.error());
    return {};
}

}  // namespace

TpmDevice::TpmDevice(tpm::TpmHost& host, Options options) : host_(host), options_(std::move(options)) {
    kept_.boot_time = options_.boot_time;
    kept_.tcti = options_.tpm.tcti;
}

TpmDevice::~TpmDevice() {
    (void)rest();
    if (keys_) (void)keys_->release();
    keys_.reset();
    if (auto* virtual_tpm = dynamic_cast<tpm::VirtualTpm*>(tpm_.get())) (void)virtual_tpm->power_off();
}

Result<tpm::Description> TpmDevice::describe() {
    if (auto ready = need_keys(); !ready) return fail(ready.error());
    return keys_->describe();
}

Result<lifecycle::TpmAnswer> TpmDevice::use(const decltype(lifecycle::UseTpm::operation)& operation) {
    if (auto ready = need_keys(); !ready) return fail(ready.error());
    auto answer = std::visit(Operate{*keys_}, operation);
    if (answer) {
        if (const auto* quote = std::get_if<tpm::Quote>(&*answer)) told_clock_ = quote->clock.clock;
    }
    return answer;
}

Result<void> TpmDevice::extend(const std::vector<boot::Event>& events) {
    for (const boot::Event& event : events) {
        if (options_.kept && !is_utf8(event.measurement.as_written)) {
            return fail(ErrorKind::Usage, "the measurement is no UTF-8 text, and could not be kept",
                        "measure its digest: sha256:HEX");
        }
    }
    if (auto awake = wake(); !awake) return awake;
    return tpm_->run([&](tpm::Commands& commands) -> Result<void> {
        for (const auto& [pcr, measurement] : events) {
            if (auto done = commands.pcr_extend(pcr, measurement.digests); !done) return done;
            kept_.measurements.emplace_back(pcr, measurement.as_written);
        }
        return {};
    });
}

Result<tpm::PcrValues> TpmDevice::read_pcrs(tpm::HashAlgorithm bank, const std::vector<int>& pcrs) {
    if (auto awake = wake(); !awake) return fail(awake.error());
    tpm::PcrValues values;
    const auto read = tpm_->run([&](tpm::Commands& commands) -> Result<void> {
        auto got = commands.pcr_read(bank, pcrs);
        if (!got) return fail(got.error());
        values = std::move(*got);
        return {};
    });
    if (!read) return fail(read.error());
    return values;
}

Result<void> TpmDevice::rest() {
    if (!options_.kept && options_.tpm.kind != TpmKind::Outside) return {};
    if (tpm_ != nullptr) {
        if (keys_) (void)keys_->release();
        keys_.reset();
        if (auto* virtual_tpm = dynamic_cast<tpm::VirtualTpm*>(tpm_.get())) {
            auto suspended = virtual_tpm->suspend();
            if (!suspended) {
                // What the file has is all that is left of it.
                tpm_.reset();
                file_.reset();
                return fail(suspended.error().in("the TPM could not be put aside"));
            }
            kept_.suspended = std::move(*suspended);
        }
        tpm_.reset();
    }
    if (file_) {
        if (auto written = file_->write(kept_); !written) return written;
        was_kept_ = true;
    }
    file_.reset();
    return {};
}

Result<void> TpmDevice::wake() {
    if (tpm_ != nullptr) return {};
    if (options_.kept && !file_) {
        if (auto opened = open_kept(); !opened) return opened;
    }
    auto opened = open_tpm();
    if (!opened) file_.reset();
    return opened;
}

Result<void> TpmDevice::open_kept() {
    auto file = KeptTpmFile::lock(*options_.kept, kLockPatience, options_.stop_asked);
    if (!file) return fail(file.error());
    auto kept = file->read();
    if (!kept) return fail(kept.error());
    if (*kept && (*kept)->tcti != options_.tpm.tcti) {
        const auto place = [](const std::string& tcti) {
            return tcti.empty() ? std::string("in pushsim") : "at " + tcti;
        };
        return fail(ErrorKind::Config,
                    fmt::format("{}: this agent's TPM is {}, not {}", options_.kept->string(),
                                place((*kept)->tcti), place(options_.tpm.tcti)),
                    "say the same --tcti as before, or use another --id");
    }
    if (!*kept && was_kept_) {
        return fail(ErrorKind::Config,
                    fmt::format("{} is gone, and with it this agent's {}", options_.kept->string(),
                                options_.tpm.kind == TpmKind::Outside ? "AK" : "TPM"),
                    "put it back, or start the agent again: it is a new one then, and needs another --id");
    }
    const bool is_another =
        *kept && (*kept)->ak && !ak_public_.empty() && (*kept)->ak->ak.public_area != ak_public_;
    if (is_another) {
        return fail(
            ErrorKind::Config,
            fmt::format("{} holds another AK than before: it is another agent's, or of another time",
                        options_.kept->string()),
            "put this agent's back, or start the agent again: it is a new one then, and needs another --id");
    }
    was_kept_ = kept->has_value();
    KeptTpm known;
    if (*kept) {
        known = std::move(**kept);
    } else {
        known.tcti = options_.tpm.tcti;
        known.boot_time = options_.boot_time;
    }
    if (options_.tpm.kind == TpmKind::Outside) {
        if (options_.boot_time != WallTime{}) known.boot_time = options_.boot_time;
        known.measurements.clear();
    }
    kept_ = std::move(known);
    file_.emplace(std::move(*file));
    return {};
}

Result<void> TpmDevice::open_pooled() {
    const auto& [pool, number] = *options_.pooled;
    auto entry = pool->read(number);
    if (!entry) return fail(entry.error());
    if (tpm::accelerators_on().rsa_factors) {
        tpm::know_factor(tpm::modulus_of(entry->ek_public), entry->ek_factor);
        tpm::know_factor(tpm::modulus_of(entry->ak_public), entry->ak_factor);
    }
    auto made = std::make_unique<tpm::VirtualTpm>(host_, std::move(entry->permanent_state));
    if (auto on = made->power_on(); !on)
        return fail(on.error().in(fmt::format("TPM {} of {}", number, pool->file().string())));
    tpm_ = std::move(made);
    return {};
}

Result<void> TpmDevice::open_tpm() {
    if (options_.pooled) return open_pooled();
    if (options_.tpm.kind == TpmKind::Software) {
        if (kept_.suspended) {
            auto resumed = std::make_unique<tpm::VirtualTpm>(host_, std::move(*kept_.suspended));
            kept_.suspended.reset();
            if (auto fit = resumed->run(is_fit); !fit) {
                return fail(
                    ErrorKind::Config,
                    fmt::format("the TPM kept in {} does not go on: {}", options_.kept->string(),
                                fit.error().message),
                    "it is damaged, or comes from another version of libtpms; remove the file and start the "
                    "agent again: it then gets a new TPM");
            }
            tpm_ = std::move(resumed);
            return {};
        }
        auto fresh = std::make_unique<tpm::VirtualTpm>(host_);
        if (auto on = fresh->power_on(); !on) return on;
        tpm_ = std::move(fresh);
        return {};
    }
    if (options_.tpm.kind == TpmKind::Swtpm && swtpm_ == nullptr) {
        auto started = SwtpmProcess::make();
        if (!started) return fail(started.error());
        swtpm_ = std::move(*started);
    }
    auto external = tpm::ExternalTpm::open(swtpm_ ? swtpm_->tcti() : options_.tpm.tcti);
    if (!external) return fail(external.error());
    tpm_ = std::move(*external);
    return {};
}

Result<void> TpmDevice::need_keys() {
    if (auto awake = wake(); !awake) return awake;
    if (keys_) return {};
    if (options_.pooled) {
        auto persistent = tpm::AttestationKeys::persistent(*tpm_);
        if (!persistent) return fail(persistent.error());
        keys_.emplace(std::move(*persistent));
        return {};
    }
    auto keys = kept_.ak ? tpm::AttestationKeys::load(*tpm_, *kept_.ak)
                         : tpm::AttestationKeys::provision(
                               *tpm_, options_.ak_primary ? tpm::AkParent::None : tpm::AkParent::Ek,
                               options_.algorithms);
    if (!keys) {
        Error error = keys.error();
        if (options_.kept && kept_.ak)
            error.mend = fmt::format(
                "if it is another TPM now, stop the agent, remove {}, and start it again with another --id: "
                "it then gets a new AK, which the registrar takes for a new id only",
                options_.kept->string());
        return fail(std::move(error));
    }
    kept_.ak = keys->saved();
    ak_public_ = kept_.ak->ak.public_area;
    keys_.emplace(std::move(*keys));
    return {};
}

Result<TpmDevice::Options> tpm_of_kept_agent(const std::string& agent_id) {
    auto file = kept_tpm_file(agent_id);
    if (!file) return fail(file.error());
    const auto kept = read_kept_tpm(*file);
    if (!kept) return fail(kept.error());
    if (!*kept) {
        return fail(ErrorKind::Config,
                    fmt::format("agent '{}' has no TPM here yet: there is no {}", agent_id, file->string()),
                    fmt::format("start it first: pushsim agent --id {}, with --tcti where its TPM is outside",
                                agent_id));
    }
    const std::string& tcti = (*kept)->tcti;
    return TpmDevice::Options{.tpm = {tcti.empty() ? TpmKind::Software : TpmKind::Outside, tcti},
                              .kept = std::move(*file)};
}

}  // namespace pushsim::fleet
