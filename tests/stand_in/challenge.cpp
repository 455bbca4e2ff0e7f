#include "tests/stand_in/challenge.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/lifecycle/peer.hpp"
#include "tests/agent/tpm/openssl_check.hpp"

namespace pushsim::stand_in {

HttpResponse challenge_for(const HttpRequest& registration) {
    const auto body = nlohmann::json::parse(registration.body);
    const auto member = [&body](const char* name) {
        return from_base64(body.at(name).get<std::string>()).value();
    };
    const auto made = tpm::check::make_credential(member("ek_tpm"), tpm::check::key_name(member("aik_tpm")),
                                                  as_bytes(lifecycle::kSecret));
    const Bytes blob = protocol::join_credential_blob({made.id_object, made.encrypted_secret});
    return lifecycle::json_answer(
        200, fmt::format(R"({{"code":200,"status":"Success","results":{{"blob":"{}"}}}})", to_base64(blob)));
}

}  // namespace pushsim::stand_in
