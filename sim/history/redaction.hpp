#pragma once
// Nothing secret leaves (DESIGN, decision 9): what is secret becomes "fp:" and 16 hexadecimal digits of
// HMAC-SHA-256 under a random key of the run that is never written, so that equal values stay equal.

#include <shared_mutex>
#include <string>
#include <string_view>

#include "agent/base/bytes.hpp"
#include "agent/base/http.hpp"
#include "sim/history/known_secrets.hpp"

namespace pushsim::history {

/// Finds secrets by the name of a header or JSON member (`Authorization`, `token`, `auth_tag`, `password`,
/// `private_key`, …), by form (PEM private keys, bearer tokens), and by value once seen. Thread-safe.
class Redactor {
  public:
    Redactor();
    /// With a key of its own, for tests.
    explicit Redactor(Bytes key);

    std::string fingerprint(std::string_view secret) const;

    /// From now on these octets are replaced wherever they are seen, encoded or not.
    void learn(std::string_view secret);

    /// What so many agents have in use is not forgotten.
    void expect_agents(std::size_t count);

    /// Any text: log lines, messages, half a JSON body.
    std::string text(std::string_view text);

    /// A body: JSON at any depth, else as text().
    std::string body(std::string_view body);

    /// Same names and order.
    HttpHeaders headers(const HttpHeaders& headers);

  private:
    std::string marked(std::string_view secret);
    std::string known_replaced(std::string_view text) const;

    Bytes key_;
    mutable std::shared_mutex mutex_;
    KnownSecrets known_;
};

inline constexpr std::size_t fingerprint_size = 19;  ///< "fp:" and its digits

bool is_fingerprint(std::string_view text);

/// Whether a JSON member or header of that name holds a secret; letter case and -/_ do not matter.
bool is_secret_name(std::string_view name);

}  // namespace pushsim::history
