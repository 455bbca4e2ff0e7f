#include "sim/fleet/agent_tpm.hpp"

#include <utility>
#include <variant>

#include "agent/tpm/attestation_keys.hpp"
#include "agent/tpm/external_tpm.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::fleet {

struct TpmThread::Inside {
    tpm::TpmHost host;
};

TpmThread::TpmThread(const Clock& clock, Worker::Post post)
    : clock_(clock), inside_(std::make_shared<Inside>()), worker_(std::move(post)) {}

TpmThread::~TpmThread() = default;

/// Touched by the TPM thread alone once made. Jobs hold it, so it goes with the last of them, on that thread.
struct AgentTpm::Device {
    Device(std::shared_ptr<TpmThread::Inside> inside_thread, Options wanted)
        : inside(std::move(inside_thread)), options(std::move(wanted)) {}

    std::shared_ptr<TpmThread::Inside> inside;
    Options options;
    std::unique_ptr<tpm::Tpm> tpm;
    std::optional<tpm::AttestationKeys> keys;

    Result<tpm::Description> provision() {
        if (options.tcti) {
            auto external = tpm::ExternalTpm::open(*options.tcti);
            if (!external) return fail(external.error());
            tpm = std::move(*external);
        } else {
            auto virtual_tpm = std::make_unique<tpm::VirtualTpm>(inside->host);
            if (auto on = virtual_tpm->power_on(); !on) return fail(on.error());
            tpm = std::move(virtual_tpm);
        }
        auto made = tpm::AttestationKeys::provision(
            *tpm, options.ak_primary ? tpm::AkParent::None : tpm::AkParent::Ek);
        if (!made) return fail(made.error());
        keys.emplace(std::move(*made));
        return keys->describe();
    }

    template <typename T>
    static Result<lifecycle::TpmAnswer> answer(Result<T> result) {
        if (!result) return fail(result.error());
        return lifecycle::TpmAnswer{std::move(*result)};
    }

    Result<lifecycle::TpmAnswer> operator()(const lifecycle::DescribeTpm&) {
        return lifecycle::TpmAnswer{keys->describe()};
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::ActivateCredential& credential) {
        return answer(keys->activate_credential(credential.id_object, credential.encrypted_secret));
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::CertifyAk& certify) {
        return answer(keys->certify(certify.challenge));
    }
    Result<lifecycle::TpmAnswer> operator()(const lifecycle::QuotePcrs& quote) {
        return answer(keys->quote(quote.challenge, quote.bank, quote.pcrs));
    }

    void close() {
        if (keys) keys->release();
        keys.reset();
        if (auto* virtual_tpm = dynamic_cast<tpm::VirtualTpm*>(tpm.get())) virtual_tpm->power_off();
        tpm.reset();
    }
};

namespace {

std::string name_of(const decltype(lifecycle::UseTpm::operation)& operation) {
    struct Names {
        std::string operator()(const lifecycle::DescribeTpm&) const { return "describe"; }
        std::string operator()(const lifecycle::ActivateCredential&) const { return "activate_credential"; }
        std::string operator()(const lifecycle::CertifyAk&) const { return "certify"; }
        std::string operator()(const lifecycle::QuotePcrs&) const { return "quote"; }
    };
    return std::visit(Names{}, operation);
}

}  // namespace

AgentTpm::AgentTpm(TpmThread& thread, Options options)
    : thread_(thread), device_(std::make_shared<Device>(thread.inside_, std::move(options))) {}

AgentTpm::~AgentTpm() {
    thread_.worker_.submit(
        [device = std::move(device_)] {
            device->close();
            return 0;
        },
        [](int) {});
}

void AgentTpm::provision(std::function<void(Provisioned)> done) {
    thread_.worker_.submit(
        [device = device_, &clock = thread_.clock_] {
            const Instant begin = clock.now();
            auto description = device->provision();
            return Provisioned{clock.now() - begin, std::move(description)};
        },
        std::move(done));
}

void AgentTpm::use(const lifecycle::UseTpm& use, std::function<void(Used)> done) {
    thread_.worker_.submit(
        [device = device_, &clock = thread_.clock_, operation = use.operation] {
            const Instant begin = clock.now();
            auto answer = std::visit(*device, operation);
            return Used{name_of(operation), clock.now() - begin, std::move(answer)};
        },
        std::move(done));
}

void AgentTpm::extend(int pcr, const boot::Digests& digests, std::function<void(Result<void>)> done) {
    thread_.worker_.submit(
        [device = device_, pcr, digests] {
            return device->tpm->run(
                [&](tpm::Commands& commands) { return commands.pcr_extend(pcr, digests); });
        },
        std::move(done));
}

}  // namespace pushsim::fleet
