// The smallest configuration with which keylime 7.14's servers run in push mode. Options left out take the
// fallback in Keylime's code; each that stands here is needed, or its fallback differs from what is shipped.

#include "sim/stack/config.hpp"

namespace pushsim::stack {

ConfigFile verifier_template() {
    return ConfigFile({
        {"verifier",
         {{"mode", "push"},
          {"ip", "127.0.0.1"},
          {"port", "8881"},
          {"max_workers", "1"},
          {"tls_dir", "generate"},
          {"server_key", "default"},
          {"server_cert", "default"},
          {"client_key", "default"},
          {"client_cert", "default"},
          {"trusted_client_ca", "default"},
          {"trusted_server_ca", "default"},
          {"database_url", "sqlite"},
          {"database_pool_sz_ovfl", "5,10"},
          {"auto_migrate_db", "True"},
          {"quote_interval", "2"},
          {"session_lifetime", "180"},
          {"ignore_tomtou_errors", "False"},
          {"verification_timeout", "0"},
          {"measured_boot_imports", "[]"},
          {"severity_labels", R"(["info", "notice", "warning", "error", "critical", "alert", "emergency"])"},
          {"severity_policy", R"([{"event_id": ".*", "severity_label": "emergency"}])"}}},
        {"revocations", {{"enabled_revocation_notifications", "[]"}}},
    });
}

ConfigFile registrar_template() {
    return ConfigFile({{"registrar",
                        {{"ip", "127.0.0.1"},
                         {"port", "8890"},
                         {"tls_port", "8891"},
                         {"max_workers", "1"},
                         {"tls_dir", "default"},
                         {"server_key", "default"},
                         {"server_cert", "default"},
                         {"trusted_client_ca", "default"},
                         {"database_url", "sqlite"},
                         {"database_pool_sz_ovfl", "5,10"},
                         {"auto_migrate_db", "True"}}}});
}

ConfigFile tenant_template() {
    return ConfigFile({{"tenant",
                        {{"verifier_ip", "127.0.0.1"},
                         {"verifier_port", "8881"},
                         {"registrar_ip", "127.0.0.1"},
                         {"registrar_port", "8891"},
                         {"tls_dir", "default"},
                         {"client_key", "default"},
                         {"client_cert", "default"},
                         {"trusted_server_ca", "default"},
                         {"accept_tpm_hash_algs", R"(["sha512", "sha384", "sha256"])"},
                         {"accept_tpm_encryption_algs", R"(["ecc", "rsa"])"},
                         {"accept_tpm_signing_algs", R"(["ecschnorr", "rsassa"])"},
                         {"max_retries", "3"},
                         {"retry_interval", "1"},
                         {"require_ek_cert", "False"}}}});
}

ConfigFile ca_template() {
    return ConfigFile({{"ca",
                        {{"cert_country", "US"},
                         {"cert_ca_name", "Test CA"},
                         {"cert_bits", "2048"},
                         {"cert_ca_lifetime", "3650"},
                         {"password", "default"}}}});
}

// One line a record, with the request id of the client's X-Request-ID. The alembic logger must stay above
// INFO: it logs before Keylime defines "reqidf", and each such record would become a traceback.
ConfigFile logging_template() {
    return ConfigFile({
        {"loggers", {{"keys", "root,keylime,alembic"}}},
        {"handlers", {{"keys", "out"}}},
        {"formatters", {{"keys", "line"}}},
        {"formatter_line",
         {{"format",
           "%(asctime)s.%(msecs)03d - %(process)d - %(name)s - %(levelname)s - %(reqidf)s %(message)s"},
          {"datefmt", "%Y-%m-%d %H:%M:%S"}}},
        {"logger_root", {{"level", "INFO"}, {"handlers", "out"}}},
        {"logger_keylime", {{"level", "INFO"}, {"qualname", "keylime"}, {"handlers", ""}}},
        {"logger_alembic", {{"level", "WARNING"}, {"qualname", "alembic"}, {"handlers", ""}}},
        {"handler_out",
         {{"class", "StreamHandler"}, {"level", "INFO"}, {"formatter", "line"}, {"args", "(sys.stdout,)"}}},
    });
}

}  // namespace pushsim::stack
