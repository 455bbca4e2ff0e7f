// Options of Keylime 7.14.3's servers in push mode. What holds where one is left out is what
// sim/stack/templates.cpp writes, else the fallback in Keylime's code.

#include <array>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

constexpr OptionName option(std::string_view name, OptionKind kind, std::string_view about) {
    return {{name, about, Availability::Now}, kind};
}

constexpr std::array<OptionName, 44> verifier_table{{
    option("mode", OptionKind::Text, "push, or pull, in which the v3 routes are off; push if left out"),
    option("quote_interval", OptionKind::WholeSeconds,
           "least time between attestations; five of them make a time-out; 2s if left out"),
    option("challenge_lifetime", OptionKind::WholeSeconds,
           "how long evidence is taken after a negotiation; 30m if left out"),
    option("verification_timeout", OptionKind::WholeSeconds,
           "how long a verification may keep others waiting; 0s if left out"),
    option("nonce_lifetime", OptionKind::WholeSeconds,
           "how long a proof of possession is taken; 1m if left out"),
    option("session_lifetime", OptionKind::WholeSeconds, "how long a token holds; 3m if left out"),
    option("extend_token_on_attestation", OptionKind::Boolean, "a pass prolongs the token; true if left out"),
    option("auto_recover_attestation_failures", OptionKind::Boolean,
           "a later pass clears FAIL; false if left out"),
    option("session_create_rate_limit_per_ip", OptionKind::Count,
           "sessions an address may begin in a window; 50 if left out"),
    option("session_create_rate_limit_window_ip", OptionKind::WholeSeconds, "that window; 1m if left out"),
    option("session_create_rate_limit_per_agent", OptionKind::Count,
           "sessions an agent may begin in a window; 15 if left out"),
    option("session_create_rate_limit_window_agent", OptionKind::WholeSeconds, "that window; 1m if left out"),
    option("exponential_backoff", OptionKind::Boolean, "Retry-After of 503 grows; true if left out"),
    option("retry_interval", OptionKind::Seconds, "what Retry-After of 503 begins with; 2s if left out"),
    option("max_retries", OptionKind::Count, "of revocation messages"),
    option("request_timeout", OptionKind::Seconds, "of the verifier's own requests"),
    option("max_upload_size", OptionKind::Size, "largest request body"),
    option("max_workers", OptionKind::Count,
           "processes, at most one a CPU; 0: no other bound; 1 if left out"),
    option("num_workers", OptionKind::Count, "ignored by the push server"),
    option("shutdown_drain_timeout", OptionKind::Seconds,
           "how long requests may go on at the end; 10s if left out"),
    option("ignore_tomtou_errors", OptionKind::Boolean, "how ToMToU entries of the IMA log are taken"),
    option("measured_boot_policy_name", OptionKind::Text, "how the UEFI log is judged"),
    option("measured_boot_evaluate", OptionKind::Text, "once or always"),
    option("measured_boot_imports", OptionKind::Text, "a list, as it stands in Keylime's file"),
    option("severity_labels", OptionKind::Text, "a list, as it stands in Keylime's file"),
    option("severity_policy", OptionKind::Text, "a list, as it stands in Keylime's file"),
    option("require_allow_list_signatures", OptionKind::Boolean, "policies must be signed"),
    option("authorization_provider", OptionKind::Text, "who may do what"),
    option("durable_attestation_import", OptionKind::Text, "a Python module"),
    option("enable_agent_mtls", OptionKind::Boolean, "pull mode only"),
    option("uuid", OptionKind::Text, "id of the verifier"),
    option("ip", OptionKind::Ours, "address"),
    option("port", OptionKind::Ours, "port"),
    option("tls_dir", OptionKind::Ours, "folder of keys and certificates"),
    option("server_key", OptionKind::Ours, "key file"),
    option("server_cert", OptionKind::Ours, "certificate file"),
    option("trusted_client_ca", OptionKind::Ours, "certificate files"),
    option("trusted_server_ca", OptionKind::Ours, "certificate files"),
    option("client_key", OptionKind::Ours, "key file"),
    option("client_cert", OptionKind::Ours, "certificate file"),
    option("database_pool_sz_ovfl", OptionKind::Text, "connections to a database other than SQLite"),
    option("enabled_revocation_notifications", OptionKind::Text,
           "a list, as it stands in Keylime's file; pull mode only"),
    option("database_url", OptionKind::Ours, "see `database`"),
    option("auto_migrate_db", OptionKind::Ours, "tables are made at the start"),
}};

constexpr std::array<OptionName, 14> registrar_table{{
    option("max_workers", OptionKind::Count,
           "processes, at most one a CPU; 0: no other bound; 1 if left out"),
    option("tpm_identity", OptionKind::Text, "which keys an agent must show; default if left out"),
    option("malformed_cert_action", OptionKind::Text, "warn, reject or ignore"),
    option("durable_attestation_import", OptionKind::Text, "a Python module"),
    option("ip", OptionKind::Ours, "address"),
    option("port", OptionKind::Ours, "port"),
    option("tls_port", OptionKind::Ours, "port"),
    option("tls_dir", OptionKind::Ours, "folder of keys and certificates"),
    option("server_key", OptionKind::Ours, "key file"),
    option("server_cert", OptionKind::Ours, "certificate file"),
    option("trusted_client_ca", OptionKind::Ours, "certificate files"),
    option("database_url", OptionKind::Ours, "see `database`"),
    option("database_pool_sz_ovfl", OptionKind::Text, "connections to a database other than SQLite"),
    option("auto_migrate_db", OptionKind::Ours, "tables are made at the start"),
}};

}  // namespace

std::span<const OptionName> verifier_options() {
    return verifier_table;
}
std::span<const OptionName> registrar_options() {
    return registrar_table;
}

}  // namespace pushsim::scenario
