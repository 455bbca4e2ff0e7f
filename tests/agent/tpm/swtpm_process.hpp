#pragma once
// A real swtpm for tests: a process of its own on free loopback ports, with a state folder that goes with it.

#include <filesystem>
#include <string>

#include <sys/types.h>

namespace pushsim::tpm {

class SwtpmProcess {
  public:
    /// Makes the state folder and starts swtpm. `startup`: "startup-clear", "startup-state", or "" for none.
    /// Throws std::runtime_error, with the way out where swtpm is missing.
    explicit SwtpmProcess(const std::string& startup = "startup-clear");
    ~SwtpmProcess();
    SwtpmProcess(const SwtpmProcess&) = delete;
    SwtpmProcess& operator=(const SwtpmProcess&) = delete;

    /// Ends the process without any TPM2_Shutdown, and waits for it.
    void kill();
    /// Starts it again on the same state, and on the same ports unless somebody else has them now.
    void start(const std::string& startup);
    /// Power off and on without ending the process or its connections; TPM2_Startup is left to the client.
    void reset();

    /// For ExternalTpm.
    std::string tcti() const;
    pid_t pid() const { return pid_; }
    const std::filesystem::path& state_folder() const { return folder_; }

  private:
    bool start_once(const std::string& startup);

    std::filesystem::path folder_;
    int port_ = 0;  ///< of the commands; control is at the next one, where tpm2-tss looks for it
    pid_t pid_ = -1;
};

}  // namespace pushsim::tpm
