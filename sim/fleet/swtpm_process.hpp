#pragma once
// A swtpm of our own: one process a TPM, for agents with `tpm: swtpm`.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/tpm/types.hpp"
#include "sim/stack/process.hpp"

namespace pushsim::fleet {

/// Its state and its two Unix sockets (commands, and control beside it, where tpm2-tss looks for it) lie in a
/// temporary folder, which goes with it. It dies with us, however we end; the folder that is then left is
/// removed by the next one that starts.
class SwtpmProcess {
  public:
    enum class Startup : std::uint8_t { None, Clear, State };  ///< TPM2_Startup that swtpm itself does

    /// Manufactures a TPM. ErrorKind::Config where swtpm is not installed, System where it does not start.
    static Result<std::unique_ptr<SwtpmProcess>> make(Startup startup = Startup::Clear);
    ~SwtpmProcess();
    SwtpmProcess(const SwtpmProcess&) = delete;
    SwtpmProcess& operator=(const SwtpmProcess&) = delete;

    /// Ends the process without any TPM2_Shutdown, and waits for it: a loss of power.
    void kill();
    /// Starts it again on the same state.
    Result<void> start(Startup startup);
    /// Power off and on without ending the process or its connections; TPM2_Startup is left to the client
    /// (CMD_INIT, swtpm_ioctls(3)).
    Result<void> reset();

    /// For tpm::ExternalTpm.
    std::string tcti() const;
    const std::filesystem::path& folder() const { return folder_; }
    /// None while it is not running.
    std::optional<stack::ProcessId> process() const;

  private:
    SwtpmProcess(std::filesystem::path program, std::filesystem::path folder, int lock);
    std::filesystem::path socket() const { return folder_ / "tpm"; }
    std::filesystem::path control() const { return folder_ / "tpm.ctrl"; }
    Result<void> ask_control(const std::vector<std::uint8_t>& command) const;
    Error does_not_start(const std::string& how) const;

    std::filesystem::path program_;
    std::filesystem::path folder_;
    int lock_;  ///< held while the folder is in use
    std::optional<stack::ServerProcess> process_;
};

}  // namespace pushsim::fleet
