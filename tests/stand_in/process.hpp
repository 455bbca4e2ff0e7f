#pragma once
// The stand-in (main.cpp) as a child process.

#include <cstdint>
#include <filesystem>
#include <string>

#include <sys/types.h>

#include "agent/transport/endpoint.hpp"

namespace pushsim::stand_in {

/// Ends with its object, and with the process that has it.
class Process {
  public:
    /// Returns when it can be connected to. Requests that fit `unanswered` ("PATCH */attestations/*"; empty:
    /// none) are never answered. Throws std::runtime_error.
    explicit Process(const std::string& unanswered = "");
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    transport::Endpoint verifier() const;   ///< https, resolved
    transport::Endpoint registrar() const;  ///< http, resolved
    std::filesystem::path ca_file() const { return folder_ / "ca.pem"; }
    pid_t pid() const { return pid_; }

  private:
    void end();

    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int stdin_ = -1;
    std::uint16_t verifier_port_ = 0;
    std::uint16_t registrar_port_ = 0;
};

}  // namespace pushsim::stand_in
