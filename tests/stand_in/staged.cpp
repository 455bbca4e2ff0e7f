#include "tests/stand_in/staged.hpp"

#include <stdexcept>
#include <utility>

#include "agent/tpm/library.hpp"
#include "sim/pool/maker.hpp"
#include "sim/pool/writer.hpp"
#include "sim/scenario/loader.hpp"
#include "sim/stack/admin_client.hpp"

namespace pushsim::stand_in {
namespace {

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

stack::StackAddress address_of(const Process& server) {
    stack::StackAddress address;
    address.verifier.port = server.verifier().port;
    address.registrar_http.port = server.registrar().port;
    // Only asked whether it answers; the stand-in has one port with TLS.
    address.registrar_tls.port = server.verifier().port;
    address.ca_file = server.ca_file();
    if (std::filesystem::exists(server.admin_certificate())) {
        address.admin_certificate = server.admin_certificate();
        address.admin_key = server.admin_key();
    }
    return address;
}

}  // namespace

pool::Pool pool_of_one(const std::filesystem::path& folder, std::size_t count) {
    const auto file = folder / "one.pool";
    auto writer = must(pool::PoolWriter::begin(
        file, {.libtpms_version = tpm::Library::version(), .libtpms_build = must(tpm::Library::build())}));
    must(pool::make_tpms({.count = 1}, [&](const pool::Entry& entry) -> Result<void> {
        for (std::size_t i = 0; i < count; ++i)
            must(writer.append(entry));
        return {};
    }));
    must(writer.finish());
    return must(pool::Pool::open(file));
}

std::size_t taken(const Process& server, const Clock& clock) {
    stack::AdminClient client(address_of(server).registrar_http, std::nullopt, clock);
    const auto answer = client.exchange({"GET", "/taken", {}, ""}).outcome.response;
    if (!answer) throw std::runtime_error("the stand-in does not answer");
    return std::stoul(answer->body);
}

Staged::Staged(const Process& server, const pool::Pool* pool, std::filesystem::path folder,
               const Clock* clock)
    : Staged(address_of(server), pool, std::move(folder), clock) {}

Staged::Staged(const stack::StackAddress& address, const pool::Pool* pool, std::filesystem::path folder,
               const Clock* clock)
    : folder_(std::move(folder)),
      clock_(clock != nullptr ? *clock : system_clock_),
      tls_(must(transport::TlsIdentity::make({.ca_files = {address.ca_file.string()}}))),
      admin_tls_(
          address.admin_certificate.empty()
              ? nullptr
              : must(transport::TlsIdentity::make({.ca_files = {address.ca_file.string()},
                                                   .certificate_file = address.admin_certificate.string(),
                                                   .key_file = address.admin_key.string()}))),
      history_(must(history::HistoryWriter::open(file(), clock_, {}, {.bodies = history::Bodies::All}))),
      tpms_(
          clock_, [this](fleet::Worker::Task task) { loop_.post(std::move(task)); },
          clock != nullptr ? 1 : fleet::TpmThreads::of_this_machine()),
      pool_(pool),
      tenant_(address, clock_, [this](fleet::Worker::Task task) { loop_.post(std::move(task)); }),
      registrar_(must(transport::resolve(
          {transport::Scheme::Http, address.registrar_http.host, address.registrar_http.port}))),
      verifier_(must(
          transport::resolve({transport::Scheme::Https, address.verifier.host, address.verifier.port}))) {}

scenario::Scenario Staged::load(const std::string& scenario) const {
    stack::test::write(folder_ / "scenario.yaml", scenario);
    const auto loaded = scenario::load({folder_ / "scenario.yaml"});
    if (!loaded.ok()) throw std::runtime_error(loaded.text());
    return loaded.scenarios.front();
}

history::ScenarioEnd Staged::play(const std::string& scenario, const Wish& wish) {
    return play(load(scenario), wish);
}

history::ScenarioEnd Staged::play(const scenario::Scenario& scenario, const Wish& wish) {
    const fleet::Stage stage{.loop = loop_,
                             .clock = clock_,
                             .history = *history_,
                             .tpms = tpms_,
                             .pool = pool_,
                             .tenant = tenant_,
                             .registrar = registrar_,
                             .verifier = verifier_,
                             .tls = tls_,
                             .admin_tls = admin_tls_,
                             .max_in_flight = wish.max_in_flight,
                             .standing = wish.standing,
                             .interrupted = wish.interrupted,
                             .stack_failure = [] { return std::nullopt; },
                             .stack_failed = [](const Error&) {},
                             .agent_id_taken = [](const std::string&) { return Result<void>{}; },
                             .agents_removed = [] {}};
    return fleet::play(stage, scenario);
}

}  // namespace pushsim::stand_in
