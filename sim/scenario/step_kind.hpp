#pragma once
// What a step of a script can do, phases of the protocol among it.

#include <string>

namespace pushsim::scenario {

enum class StepKind {
    Register,
    Activate,
    Authenticate,
    Negotiate,
    Collect,
    Submit,
    Attest,
    Extend,
    Measure,
    Enrol,
    Delete,
    Reactivate,
    ReadStatus,
    RestartAgent,
    StopAgent,
    Reboot,
    Suspend,
    ClearTpm,
    RestoreTpm,
    ChangePolicy,
    Stop,
    Start,
    Restart,
    Kill,
    Pause,
    CutOff,
    RenewCertificate,
    Request,
    Wait,
    Together,
    Repeat,
};
/// Its name, by the table of steps.
std::string to_string(StepKind kind);

}  // namespace pushsim::scenario
