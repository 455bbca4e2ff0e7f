#include "sim/cli/addresses.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace pushsim::cli {

std::string address_lines(const stack::StackAddress& address, const std::string& where) {
    return fmt::format(
        "Keylime {} in {}\n"
        "  from           {}\n"
        "  verifier       https://{}\n"
        "  registrar      http://{}\n"
        "  registrar-tls  https://{}\n"
        "  ca             {}\n"
        "  admin-cert     {}\n"
        "  admin-key      {}\n",
        address.keylime_version.value_or("of unknown version"), where, address.keylime_origin,
        address.verifier.text(), address.registrar_http.text(), address.registrar_tls.text(),
        address.ca_file.string(), address.admin_certificate.string(), address.admin_key.string());
}

nlohmann::json address_json(const stack::StackAddress& address) {
    return {{"keylime_version", address.keylime_version.value_or("")},
            {"keylime_origin", address.keylime_origin},
            {"verifier", address.verifier.text()},
            {"registrar", address.registrar_http.text()},
            {"registrar_tls", address.registrar_tls.text()},
            {"ca", address.ca_file.string()},
            {"admin_cert", address.admin_certificate.string()},
            {"admin_key", address.admin_key.string()}};
}

}  // namespace pushsim::cli
