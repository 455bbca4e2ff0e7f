// Section 2: registration.

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::Call;
using lifecycle::Phase;

std::string registration_body(const WireRecord& wire) {
    const std::string& body = wire.of(Call::Register).at(0)->request.body;
    const auto json = nlohmann::ordered_json::parse(body);
    std::vector<std::string> names;
    for (const auto& [name, member] : json.items())
        names.push_back(name);
    return all(
        {same(fmt::format("{}", fmt::join(names, ", ")),
              "aik_tpm, ek_tpm, ekcert, iak_cert, idevid_cert, ip, mtls_cert, port"),
         so(json["iak_cert"].is_null() && json["idevid_cert"].is_null(), "IAK and IDevID are not null"),
         same(json["ip"].get<std::string>(), "127.0.0.1"),
         same(json["mtls_cert"].get<std::string>(), "disabled"), so(json["port"] == 9002, "another port"),
         so(json["aik_tpm"].get<std::string>().size() == 376 &&
                json["ek_tpm"].get<std::string>().size() == 424,
            "keys of other sizes"),
         so(body == json.dump(), "not compact"),
         same(wire.of(Call::Register).at(0)->request.target, "/v2.6/agents/" + lifecycle::kAgent)});
}

std::string activation_body(const WireRecord& wire) {
    const HttpRequest& put = wire.of(Call::Activate).at(0)->request;
    const auto json = nlohmann::json::parse(put.body);
    const std::string tag = json.value("auth_tag", "");
    return all(
        {so(json.size() == 1 && put.body == json.dump(), put.body),
         so(tag.size() == 96 && tag.find_first_not_of("0123456789abcdef") == std::string::npos, "tag " + tag),
         same(put.target, wire.of(Call::Register).back()->request.target)});
}

HttpResponse versions(const std::string& current) {
    return lifecycle::json_answer(200, R"({"code":200,"status":"Success","results":{"current_version":")" +
                                           current + R"(","supported_versions":["2.1","2.3","2.6"]}})");
}

std::string version_choice(const WireRecord& /*wire*/) {
    const auto paths = [](const HttpResponse& answer) {
        TimedRun run;
        run.play.next(Call::AskVersion, answer);
        run.cycles(1, Phase::Activate);
        return fmt::format("{} {} {}", run.transcript(),
                           run.play.requests(Call::Register).at(0).target.substr(0, 6),
                           run.play.requests(Call::Activate).at(0).target.substr(0, 6));
    };
    TimedRun failing;
    failing.play.next(Call::AskVersion, lifecycle::bare_status(500), 2);
    return all({same(paths(versions("2.3")), "V R A /v2.3/ /v2.3/"),
                same(paths(lifecycle::bare_status(410)), "V R A /v2.6/ /v2.6/"),
                same(failing.cycles(1, Phase::Activate), "V 1s V= 2s V= R A")});
}

std::string registers_at_every_start(const WireRecord& wire) {
    const auto posts = wire.of(Call::Register);
    const auto puts = wire.of(Call::Activate);
    // Five POSTs: one refused, one failed and sent again, one after each restart.
    if (posts.size() != 5 || puts.size() != 3)
        return fmt::format("{} POST, {} PUT", posts.size(), puts.size());
    return all({same(posts[3]->request.body, posts[0]->request.body),
                same(posts[4]->request.body, posts[0]->request.body)});
}

std::string dies_of_the_second_restart(const WireRecord& wire) {
    return so(wire.of(Call::Activate).size() < 3, "registered after it");
}

/// A leaf of 1,600 octets and its CA of 700, in the NV of an agent that registers.
std::string certificate_chain_of_nv(const WireRecord& /*wire*/) {
    const auto der = [](std::size_t size) {
        Bytes octets = {0x30, 0x82, static_cast<std::uint8_t>(size >> 8), static_cast<std::uint8_t>(size)};
        octets.resize(octets.size() + size, 0x5A);
        return octets;
    };
    RealTpm tpm([&](tpm::Commands& commands) -> Result<void> {
        if (auto leaf = commands.nv_define(0x01c00002, der(1600), tpm::NvReader::Index); !leaf) return leaf;
        return commands.nv_define(0x01c00100, der(700), tpm::NvReader::Index);
    });
    TimedRun run;
    run.with(tpm).cycles(1, Phase::Activate);
    std::string pem =
        nlohmann::json::parse(run.play.requests(Call::Register).at(0).body).at("ekcert").get<std::string>();
    const auto block = [](const Bytes& octets) {
        std::string text = "-----BEGIN CERTIFICATE-----" + to_base64(octets) + "-----END CERTIFICATE-----";
        return text;
    };
    std::erase(pem, '\n');
    return all({same(run.endings(), "reached"), same(pem, block(der(1600)) + block(der(700)))});
}

std::string forbidden_for_ever(const WireRecord& wire) {
    TimedRun run;
    run.play.next(Call::Register, lifecycle::bare_status(403), 3);
    const auto posts = wire.of(Call::Register);
    return all({same(run.cycles(4, Phase::Activate), "V R 5s V R 5s V R 5s V R A"),
                so(posts.at(0)->connection != posts.at(1)->connection, "a new round on the old connection")});
}

}  // namespace

std::vector<Fact> registration_facts() {
    return {
        held("T2.1",
             "POST /v2.6/agents/{id}: aik_tpm, ek_tpm, ekcert, iak_cert null, idevid_cert null, ip "
             "127.0.0.1, mtls_cert "
             "disabled, port 9002, in this order, compact; keys of 376 and 424 base64 characters",
             registration_body),
        held("T2.2", "ekcert is PEM with the whole chain found in NV", certificate_chain_of_nv),
        held("T2.3", "PUT {\"auth_tag\": 96 hex digits} on the same path", activation_body),
        held("T2.4",
             "the server's current version is used; 410 on /version goes on to /v2.6 without a probe; 500 is "
             "retried "
             "with the same request id",
             version_choice),
        held("T2.5", "every start registers again, with the same body", registers_at_every_start),
        held("T2.6", "403 for the POST: a new round on a new connection every interval, for ever",
             forbidden_for_ever),
        not_held("T2.7", "EK and AK stay in the TPM after SIGTERM, and the second restart dies of it",
                 dies_of_the_second_restart, "it registers and attests after the second restart, too",
                 [](const WireRecord& wire) {
                     const auto puts = wire.of(Call::Activate);
                     return so(puts.size() == 3 && wire.of(Call::Submit).back() > puts.back(),
                               "no evidence after a third activation");
                 }),
    };
}

}  // namespace pushsim::habits
