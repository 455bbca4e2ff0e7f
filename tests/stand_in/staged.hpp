#pragma once
// Scenarios played against the stand-in as `pushsim run` plays them, without its tenant: agents are not
// enrolled.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "agent/transport/loop.hpp"
#include "sim/core/clock.hpp"
#include "sim/fleet/runner.hpp"
#include "sim/history/reader.hpp"
#include "sim/history/writer.hpp"
#include "tests/sim/stack/support.hpp"
#include "tests/stand_in/process.hpp"

namespace pushsim::stand_in {

/// A pool file in `folder` of `count` times the same new TPM: for where identities do not matter. Throws
/// std::runtime_error.
pool::Pool pool_of_one(const std::filesystem::path& folder, std::size_t count);

/// Requests that the server has not answered. Throws std::runtime_error.
std::size_t taken(const Process& server, const Clock& clock);

class Staged {
  public:
    /// `pool` may be null; it, the server, the folder and a clock in place of the system's outlive this.
    /// Throws std::runtime_error.
    Staged(const Process& server, const pool::Pool* pool, std::filesystem::path folder,
           const Clock* clock = nullptr);
    /// Against any other servers, with their tenant.
    Staged(const stack::StackAddress& address, const pool::Pool* pool, std::filesystem::path folder,
           const Clock* clock = nullptr);

    struct Wish {
        std::function<bool()> interrupted = [] { return false; };
        std::optional<std::size_t> max_in_flight = {};
        std::function<void(const fleet::Standing&)> standing = [](const fleet::Standing&) {};
    };
    /// What load() gives.
    history::ScenarioEnd play(const std::string& scenario, const Wish& wish);
    history::ScenarioEnd play(const scenario::Scenario& scenario, const Wish& wish);

    /// The only scenario in the text. Throws std::runtime_error for one with mistakes.
    scenario::Scenario load(const std::string& scenario) const;

    std::filesystem::path file() const { return folder_ / "history.jsonl"; }

  private:
    std::filesystem::path folder_;
    core::SystemClock system_clock_;
    const Clock& clock_;
    transport::EventLoop loop_{clock_};
    std::shared_ptr<const transport::TlsIdentity> tls_;
    std::shared_ptr<const transport::TlsIdentity> admin_tls_;  ///< null where the server asks for none
    std::unique_ptr<history::HistoryWriter> history_;
    fleet::TpmThreads tpms_;
    const pool::Pool* pool_;
    fleet::TenantDesk tenant_;
    transport::Endpoint registrar_, verifier_;
};

}  // namespace pushsim::stand_in
