// What holds for any input.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/agent/protocol/parsers.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using nlohmann::json;

Bytes some_bytes(std::size_t most) {
    return *rc::gen::resize(static_cast<int>(most), rc::gen::arbitrary<Bytes>());
}

TEST(Properties, PcrBlobsAreReadAsTheyWereWritten) {
    EXPECT_TRUE(rc::check([] {
        const auto bank = *rc::gen::element(tpm::HashAlgorithm::Sha1, tpm::HashAlgorithm::Sha256,
                                            tpm::HashAlgorithm::Sha384, tpm::HashAlgorithm::Sha512);
        const std::size_t size = bank == tpm::HashAlgorithm::Sha1     ? 20
                                 : bank == tpm::HashAlgorithm::Sha256 ? 32
                                 : bank == tpm::HashAlgorithm::Sha384 ? 48
                                                                      : 64;
        tpm::PcrValues pcrs;
        for (const int pcr : *rc::gen::container<std::set<int>>(rc::gen::inRange(0, 24)))
            pcrs[pcr] = *rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>());
        const Bytes blob = write_pcr_blob(bank, pcrs);
        RC_ASSERT(blob.size() == 136 + 532 * ((pcrs.size() + 7) / 8));
        const auto read = read_pcr_blob(blob);
        RC_ASSERT(read.has_value());
        RC_ASSERT(read->bank == bank);
        RC_ASSERT(read->pcrs == pcrs);
    }));
}

TEST(Properties, CredentialBlobsAreSplitAsTheyWereJoined) {
    EXPECT_TRUE(rc::check([] {
        const CredentialBlob parts{some_bytes(200), some_bytes(600)};
        RC_PRE(!parts.id_object.empty() && !parts.encrypted_secret.empty());
        const auto split = split_credential_blob(join_credential_blob(parts));
        RC_ASSERT(split.has_value());
        RC_ASSERT(split->id_object == parts.id_object);
        RC_ASSERT(split->encrypted_secret == parts.encrypted_secret);
    }));
}

TEST(Properties, EvidenceIsAValidMessageWhateverIsInIt) {
    EXPECT_TRUE(rc::check([](const Bytes& message, const Bytes& signature, const Bytes& log,
                             const std::string& lines, std::uint64_t count) {
        const auto request = evidence_request(
            "/t", {QuoteEvidence{message, signature, {}}, UefiLogEvidence{log}, ImaLogEvidence{lines, count}},
            {});
        const auto items = json::parse(request.body)["/data/attributes/evidence_collected"_json_pointer];
        RC_ASSERT(items[0]["data"]["message"] == to_base64(message));
        RC_ASSERT(items[0]["data"]["signature"] == to_base64(signature));
        RC_ASSERT(items[1]["data"]["entries"] == to_base64(log));
        RC_ASSERT(items[2]["data"]["entry_count"] == count);
    }));
}

TEST(Properties, RegistrationAndPolicyAreValidJsonWhateverIsInThem) {
    EXPECT_TRUE(
        rc::check([](const std::string& certificate, const std::string& tag, const std::string& value) {
            Registration registration;
            registration.ek_certificate = certificate;
            RC_ASSERT(json::accept(register_request("id", registration).body));
            RC_ASSERT(json::accept(activate_request("id", tag).body));
            RC_ASSERT(json::accept(tpm_policy_text({{1, {value}}})));
            RC_ASSERT(json::accept(proof_request("s", value, {}, {}).body));
            RC_ASSERT(json::accept(session_request(value).body));
        }));
}

TEST(Properties, ChallengesComeOutAsTheyWentIn) {
    const auto answer = testing::recording("session-create").response;
    EXPECT_TRUE(rc::check([&](const Bytes& challenge) {
        RC_PRE(!challenge.empty());
        auto body = json::parse(answer.body);
        body["/data/attributes/authentication_requested/0/chosen_parameters/challenge"_json_pointer] =
            to_base64(challenge);
        const auto session = parse_session(testing::json_answer(200, body.dump()));
        RC_ASSERT(session.has_value());
        RC_ASSERT(session->challenge == challenge);
    }));
}

/// Octets of the text changed, taken out or doubled, at random places.
std::string mutated(std::string text) {
    const int changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes && !text.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        const auto length = std::min(text.size() - at, *rc::gen::inRange<std::size_t>(1, 40));
        switch (*rc::gen::inRange(0, 4)) {
            case 0:
                text[at] =
                    *rc::gen::element('"', '{', '}', '[', ']', ',', ':', '0', '-', 'e', '\\', '\0', '\xff');
                break;
            case 1:
                text.erase(at, length);
                break;
            case 2:
                text.insert(at, text.substr(at, length));
                break;
            default:
                text[at] = *rc::gen::arbitrary<char>();
        }
    }
    return text;
}

TEST(Properties, MutatedAnswersAreReadOrRefusedWithANamedError) {
    const auto recordings = testing::all_recordings();
    EXPECT_TRUE(rc::check([&] {
        const auto& recorded = recordings[*rc::gen::inRange<std::size_t>(0, recordings.size())];
        HttpResponse answer = recorded.response;
        answer.body = mutated(answer.body);
        for (const testing::Parser& parser : testing::all_parsers()) {
            answer.status = *rc::gen::element(recorded.response.status, parser.status);
            const auto result = parser.parse(answer);
            if (!result) RC_ASSERT(result.error().message.starts_with("CALL: "));
        }
        RC_ASSERT(!parse_refusal(answer, WallTime{}).text().empty());
    }));
}

TEST(Properties, BinaryFormatsAreReadOrRefusedWhateverTheyHold) {
    const Bytes ak =
        from_base64(testing::recording("registrar-register").sent().at("aik_tpm").get<std::string>()).value();
    EXPECT_TRUE(rc::check([&](const Bytes& noise) {
        Bytes key = ak;
        const auto at = *rc::gen::inRange<std::size_t>(0, 26);
        key[at] = *rc::gen::arbitrary<std::uint8_t>();
        if (const auto area = read_public_area(key)) RC_ASSERT(area->bare.size() + 2 == key.size());
        (void)read_public_area(noise);
        (void)read_pcr_blob(noise);
        if (const auto parts = split_credential_blob(noise)) RC_ASSERT(join_credential_blob(*parts) == noise);
    }));
}

TEST(Properties, RetryAfterIsNeverNegativeNorLong) {
    EXPECT_TRUE(rc::check([](const std::string& value, std::int32_t seconds) {
        const WallTime now{std::chrono::seconds{seconds}};
        for (const std::string& text :
             {value, std::to_string(seconds), "Fri, 31 Dec 9999 23:59:59 GMT" + value}) {
            const auto wait = retry_after({429, {{"Retry-After", text}}, ""}, now);
            if (wait) RC_ASSERT(*wait >= Duration::zero() && *wait <= std::chrono::hours{366 * 24});
        }
    }));
}

}  // namespace
}  // namespace pushsim::protocol
