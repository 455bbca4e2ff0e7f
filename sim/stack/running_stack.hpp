#pragma once
// A stack that this run may stop, start and make anew: its servers are for nobody else.

#include <memory>
#include <optional>
#include <string>

#include "agent/base/result.hpp"
#include "sim/stack/acts.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::stack {

class VerifierDatabase;

class RunningStack {
  public:
    RunningStack() = default;
    virtual ~RunningStack() = default;
    RunningStack(const RunningStack&) = delete;
    RunningStack& operator=(const RunningStack&) = delete;

    virtual const StackAddress& address() const = 0;
    /// Where the address names no file of it: the verifier's database.
    virtual std::shared_ptr<VerifierDatabase> database() const { return nullptr; }

    /// Does it to one server, and returns when it is done, with how it went, for the history (empty: there is
    /// nothing to say). A server that is stopped, killed or paused stays so until it is started or resumed,
    /// or the stack ends. From any thread, one after the other. ErrorKind::Usage where the server is not in a
    /// state for it, or there is none of that name; Stack, where it does not come up again or had died by
    /// itself before; Interrupted when a person asks to stop, or cut_acts() or stop() is called, meanwhile.
    virtual Result<std::string> act_on(ServerAct what, ServerName server) = 0;
    /// For who waits for act_on() and has no time: it ends soon, and none is begun any more.
    virtual void cut_acts() = 0;

    /// Nothing while the servers live that nobody has stopped; else ErrorKind::Stack: which died, and how.
    /// Cheap enough to call ten times a second.
    virtual std::optional<Error> poll() = 0;
};

}  // namespace pushsim::stack
