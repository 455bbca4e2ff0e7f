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

class Staged {
  public:
    /// `pool` may be null; it and the server outlive this. Throws std::runtime_error.
    Staged(const Process& server, const pool::Pool* pool);

    struct Wish {
        std::function<bool()> interrupted = [] { return false; };
        std::optional<std::size_t> max_in_flight = {};
        std::function<void(const fleet::Standing&)> standing = [](const fleet::Standing&) {};
    };
    /// The only scenario in the text. Throws std::runtime_error for one with mistakes.
    history::ScenarioEnd play(const std::string& scenario, const Wish& wish);

    /// Requests that the server did not answer.
    std::size_t taken();
    std::filesystem::path file() const { return folder_.path() / "history.jsonl"; }

  private:
    const stack::test::TemporaryFolder folder_;
    core::SystemClock clock_;
    transport::EventLoop loop_{clock_};
    std::shared_ptr<const transport::TlsIdentity> tls_;
    std::unique_ptr<history::HistoryWriter> history_;
    fleet::TpmThreads tpms_;
    const pool::Pool* pool_;
    stack::StackAddress address_;
    fleet::TenantDesk tenant_;
    transport::Endpoint registrar_, verifier_;
};

}  // namespace pushsim::stand_in
