#include "sim/fleet/agent_tpm.hpp"

#include <utility>
#include <variant>

#include "sim/fleet/ak_name.hpp"

namespace pushsim::fleet {
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

TpmThread::TpmThread(const Clock& clock, Worker::Post post) : clock_(clock), worker_(std::move(post)) {}

TpmThread::~TpmThread() = default;

AgentTpm::AgentTpm(TpmThread& thread, TpmDevice::Options options)
    : thread_(thread),
      device_(new TpmDevice(*thread.host_, std::move(options)),
              [host = thread.host_](TpmDevice* device) { delete device; }) {}

AgentTpm::~AgentTpm() {
    // Goes with this job, after those before it.
    thread_.worker_.submit([device = std::move(device_)] { return 0; }, [](int) {});
}

void AgentTpm::provision(std::function<void(Provisioned)> done) {
    thread_.worker_.submit(
        [device = device_, &clock = thread_.clock_] {
            const Instant begin = clock.now();
            auto description = device->describe();
            return Provisioned{clock.now() - begin, std::move(description), device->boot_time(),
                               device->measurements()};
        },
        std::move(done));
}

history::TpmOperation operation_of(const AgentTpm::Provisioned& made) {
    history::TpmOperation operation{.operation = "provision", .duration = made.duration};
    if (made.description) {
        operation.ak_name = ak_name(made.description->ak_public);
    } else {
        operation.error = made.description.error().message;
    }
    return operation;
}

void AgentTpm::use(const lifecycle::UseTpm& use, std::size_t known, std::function<void(Used)> done) {
    thread_.worker_.submit(
        [device = device_, &clock = thread_.clock_, operation = use.operation, known] {
            const Instant begin = clock.now();
            auto answer = device->use(operation);
            Used used{name_of(operation), clock.now() - begin, std::move(answer), {}};
            const auto& measured = device->measurements();
            for (std::size_t i = known; i < measured.size(); ++i)
                used.measured.push_back(measured[i]);
            return used;
        },
        std::move(done));
}

void AgentTpm::extend(int pcr, const boot::Measurement& measurement, std::function<void(Result<void>)> done) {
    thread_.worker_.submit([device = device_, pcr, measurement] { return device->extend(pcr, measurement); },
                           std::move(done));
}

void AgentTpm::rest(std::function<void(Result<void>)> done) {
    thread_.worker_.submit([device = device_] { return device->rest(); }, std::move(done));
}

}  // namespace pushsim::fleet
