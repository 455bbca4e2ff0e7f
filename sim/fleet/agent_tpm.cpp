#include "sim/fleet/agent_tpm.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
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

struct TpmThreads::Thread {
    Thread(const Clock& clock_, std::shared_ptr<tpm::TpmHost> host_, Worker::Post post)
        : clock(clock_), host(std::move(host_)), worker(std::move(post)) {}

    const Clock& clock;
    std::shared_ptr<tpm::TpmHost> host;
    Worker worker;
};

TpmThreads::TpmThreads(const Clock& clock, const Worker::Post& post, int count) {
    auto made = tpm::make_tpm_hosts(static_cast<std::size_t>(std::max(1, count)));
    if (!made) throw std::runtime_error(made.error().message);
    for (auto& host : made->hosts)
        threads_.push_back(std::make_unique<Thread>(clock, std::move(host), post));
    why_not_more_ = std::move(made->why_not_more);
}

TpmThreads::~TpmThreads() = default;

int TpmThreads::of_this_machine() {
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string TpmThreads::fallback() const {
    for (const auto& thread : threads_)
        if (!thread->host->fallback().empty()) return thread->host->fallback();
    return {};
}

TpmThreads::Thread& TpmThreads::next() {
    return *threads_[next_++ % threads_.size()];
}

AgentTpm::AgentTpm(TpmThreads& threads, TpmDevice::Options options)
    : thread_(threads.next()),
      device_(new TpmDevice(*thread_.host, std::move(options)),
              [host = thread_.host](TpmDevice* device) { delete device; }) {}

AgentTpm::~AgentTpm() {
    // Goes with this job, after those before it.
    const JobLines::Line line = device_.get();
    thread_.worker.submit(
        line, [device = std::move(device_)] { return 0; }, [](int) {});
}

template <typename Job, typename Done>
void AgentTpm::submit(Job job, Done done) {
    const std::size_t ahead = thread_.worker.pending();
    thread_.worker.submit(
        device_.get(),
        [device = device_, &clock = thread_.clock, ahead, asked = thread_.clock.now(), job = std::move(job)] {
            return job(*device, Queued{ahead, clock.now() - asked});
        },
        std::move(done));
}

void AgentTpm::provision(std::function<void(Provisioned)> done) {
    submit(
        [&clock = thread_.clock](TpmDevice& device, const Queued& queued) {
            const Instant begin = clock.now();
            auto description = device.describe();
            return Provisioned{queued, clock.now() - begin, std::move(description), device.boot_time(),
                               device.measurements()};
        },
        std::move(done));
}

history::TpmOperation operation_of(const AgentTpm::Provisioned& made) {
    history::TpmOperation operation{.operation = "provision",
                                    .duration = made.duration,
                                    .waited = made.queued.waited,
                                    .ahead = static_cast<int>(made.queued.ahead)};
    if (made.description) {
        operation.ak_name = ak_name(made.description->ak_public);
    } else {
        operation.error = made.description.error().message;
    }
    return operation;
}

void AgentTpm::use(const lifecycle::UseTpm& use, std::size_t known, std::function<void(Used)> done) {
    submit(
        [&clock = thread_.clock, operation = use.operation, known](TpmDevice& device, const Queued& queued) {
            const Instant begin = clock.now();
            auto answer = device.use(operation);
            Used used{name_of(operation), queued, clock.now() - begin, std::move(answer), {}};
            const auto& measured = device.measurements();
            for (std::size_t i = known; i < measured.size(); ++i)
                used.measured.push_back(measured[i]);
            return used;
        },
        std::move(done));
}

void AgentTpm::quote(const faults::Quoting& quoting, std::vector<boot::Event> measured,
                     std::function<void(Used)> done) {
    submit(
        [&clock = thread_.clock, quoting, measured = std::move(measured)](TpmDevice& device,
                                                                          const Queued& queued) {
            const Instant begin = clock.now();
            auto answer = device.quote(quoting, measured);
            return Used{name_of(quoting.quote), queued, clock.now() - begin, std::move(answer), {}};
        },
        std::move(done));
}

void AgentTpm::extend(std::vector<boot::Event> events, std::function<void(Result<void>)> done) {
    submit([events = std::move(events)](TpmDevice& device, const Queued&) { return device.extend(events); },
           std::move(done));
}

void AgentTpm::reboot(bool orderly, std::vector<boot::Event> events, std::function<void(Result<void>)> done) {
    submit(
        [orderly, events = std::move(events)](TpmDevice& device, const Queued&) -> Result<void> {
            if (auto on = device.reboot(orderly); !on) return on;
            return device.extend(events);
        },
        std::move(done));
}

void AgentTpm::suspend(std::function<void(Result<void>)> done) {
    submit([](TpmDevice& device, const Queued&) { return device.suspend(); }, std::move(done));
}

void AgentTpm::clear(std::function<void(Result<void>)> done) {
    submit([](TpmDevice& device, const Queued&) { return device.clear(); }, std::move(done));
}

void AgentTpm::restore(std::function<void(Result<void>)> done) {
    submit([](TpmDevice& device, const Queued&) { return device.restore(); }, std::move(done));
}

void AgentTpm::rest(std::function<void(Result<void>)> done) {
    submit([](TpmDevice& device, const Queued&) { return device.rest(); }, std::move(done));
}

}  // namespace pushsim::fleet
