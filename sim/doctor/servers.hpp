#pragma once
// Servers that run, as seen from here.

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/time.hpp"
#include "sim/doctor/finding.hpp"
#include "sim/stack/address.hpp"
#include "sim/stack/admin_client.hpp"
#include "sim/stack/recognise.hpp"

namespace pushsim::doctor {

/// One call of GET /version, whatever was answered; and the status of GET /v3.0/sessions
/// (sim/stack/recognise.hpp), over TLS alone.
struct ServerFacts {
    std::string name;  ///< "verifier", "registrar", "registrar TLS"
    stack::HostPort where;
    bool tls = true;
    stack::Call version;
    std::optional<int> sessions = {};  ///< nothing where there was no answer

    std::string server() const;                           ///< "verifier", "registrar"
    std::optional<stack::Recognised> recognised() const;  ///< nothing where there was no answer
};
/// A failure where a registrar answers as `verifier` and a verifier as `registrar_tls`.
std::optional<Finding> check_swapped(const ServerFacts& verifier, const ServerFacts& registrar_tls);

/// It answers, and its certificate verifies for that host.
Finding check_server(const ServerFacts& facts, const std::string& ca_file);

/// It is a verifier in push mode.
Finding check_mode(const ServerFacts& verifier);

/// GET /v2.x/agents with the administrator's certificate. `server`: "verifier".
Finding check_admin(const std::string& server, const stack::Call& list);

/// A certificate in a PEM file; ErrorKind::Config where there is none to read.
struct Validity {
    WallTime not_before;
    WallTime not_after;
};
Result<Validity> validity_of(const std::filesystem::path& file);
/// `thing`: "admin certificate".
Finding check_validity(const std::string& thing, const std::filesystem::path& file,
                       const Result<Validity>& validity, WallTime now);

struct ApiVersions {
    std::vector<std::string> verifier;   ///< of those that we speak, newest first; in push mode it lists none
    std::vector<std::string> registrar;  ///< as GET /version lists them
};
/// Both serve one that we speak.
Finding check_api_versions(const ApiVersions& versions);

/// What a `Date` header says of the server's clock: it was written between `sent` and `received` of our
/// clock.
struct ClockSeen {
    WallTime sent;
    WallTime received;
    WallTime date;  ///< whole seconds: the server's time was this or up to a second more
};
/// By how much the server's clock is ahead of ours.
struct Skew {
    Duration least{};
    Duration most{};
};
/// What all of them allow; where the clock was set meanwhile, what the last of them say. Nothing for none.
std::optional<Skew> skew_of(const std::vector<ClockSeen>& seen);
/// More than 1 s is a warning, more than 5 s a failure, if it is surely so.
Finding check_clock(const std::string& server, const std::optional<Skew>& skew);

/// Sessions that a verifier lets be opened (keylime/models/verifier/rate_limiter.py); the defaults are
/// Keylime 7.14's.
struct RateLimits {
    std::size_t of_an_address = 50;
    std::size_t of_an_agent = 15;
    Duration window_of_an_address = std::chrono::seconds{60};
    Duration window_of_an_agent = std::chrono::seconds{60};
    bool known = false;  ///< read from the configuration
};
/// As a verifier.conf says, by its options session_create_rate_limit_*.
RateLimits rate_limits_in(const std::string& verifier_conf);
Finding check_rate_limits(const RateLimits& limits, std::size_t agents);

/// Asks the servers of a stack; what they say, in the order of the checks above.
std::vector<Finding> look_at_servers(const stack::StackAddress& stack, const Clock& clock);

}  // namespace pushsim::doctor
