#pragma once
// The stand-in (main.cpp) as a child process.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <sys/types.h>

#include "agent/transport/endpoint.hpp"

namespace pushsim::stand_in {

/// Ends with its object, and with the process that has it.
class Process {
  public:
    struct Options {
        std::string unanswered = {};  ///< requests that fit ("PATCH */attestations/*") are never answered
        std::chrono::seconds session_lifetime = std::chrono::hours{24};
        /// Asks for certificates, and tells in each answer whose was shown (X-Certificate).
        bool asks_certificates = false;
        /// What it draws follows from that, and its clock stands still.
        std::optional<std::uint64_t> seed = {};
        std::string lie = "-";  ///< a verifier that lies (liars.hpp)
    };
    /// Returns when it can be connected to. Throws std::runtime_error.
    explicit Process(const Options& options);
    explicit Process(const std::string& unanswered = "") : Process(Options{.unanswered = unanswered}) {}
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    transport::Endpoint verifier() const;   ///< https, resolved
    transport::Endpoint registrar() const;  ///< http, resolved
    std::uint16_t registrar_tls_port() const { return registrar_tls_port_; }
    std::filesystem::path ca_file() const { return folder_ / "ca.pem"; }
    /// A client certificate that it takes, of "CN=the tenant", and its key; where it asks for them.
    std::filesystem::path admin_certificate() const { return folder_ / "admin-cert.pem"; }
    std::filesystem::path admin_key() const { return folder_ / "admin-key.pem"; }
    pid_t pid() const { return pid_; }

  private:
    void end();

    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int stdin_ = -1;
    std::uint16_t verifier_port_ = 0;
    std::uint16_t registrar_port_ = 0;
    std::uint16_t registrar_tls_port_ = 0;
};

}  // namespace pushsim::stand_in
