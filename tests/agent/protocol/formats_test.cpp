// The binary formats: credential blob, PCR blob, public area.

#include <gmock/gmock.h>

#include "agent/protocol/protocol.hpp"
#include "tests/agent/protocol/recording.hpp"

namespace pushsim::protocol {
namespace {

using ::testing::HasSubstr;
using testing::recording;

Bytes base64(const nlohmann::json& text) {
    return from_base64(text.get<std::string>()).value();
}

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

Bytes recorded_blob() {
    const auto body = nlohmann::json::parse(recording("registrar-register").response.body);
    return base64(body["/results/blob"_json_pointer]);
}

Bytes recorded_ak() {
    return base64(recording("registrar-register").sent().at("aik_tpm"));
}

Bytes recorded_subject_data() {
    const auto sent = recording("attestation-evidence").sent();
    return base64(sent["/data/attributes/evidence_collected/0/data/subject_data"_json_pointer]);
}

TEST(CredentialBlobs, TheRecordedOneComesApartAndTogether) {
    const Bytes blob = recorded_blob();
    const auto parts = split_credential_blob(blob);
    ASSERT_TRUE(parts) << parts.error().text();
    EXPECT_EQ(blob.size(), 336U);
    EXPECT_EQ(parts->id_object, Bytes(blob.begin() + 10, blob.begin() + 78));
    EXPECT_EQ(parts->encrypted_secret, Bytes(blob.begin() + 80, blob.end()));
    EXPECT_EQ(join_credential_blob(*parts), blob);
}

TEST(CredentialBlobs, EveryShorterOrLongerOneIsRefused) {
    Bytes blob = recorded_blob();
    for (std::size_t size = 0; size < blob.size(); ++size)
        EXPECT_FALSE(split_credential_blob(ByteView{blob}.first(size))) << size;
    blob.push_back(0);
    EXPECT_EQ(split_credential_blob(blob).error().message, "credential blob has 1 octets behind its end");
}

TEST(CredentialBlobs, MagicVersionAndSizesAreChecked) {
    for (const std::size_t at : {0, 3, 7}) {
        Bytes blob = recorded_blob();
        blob[at] ^= 1;
        EXPECT_THAT(split_credential_blob(blob).error().message, HasSubstr("begins with")) << at;
    }
    EXPECT_THAT(split_credential_blob(hex("badcc0de00000001ffff00")).error().message,
                HasSubstr("id object has size 65535"));
    EXPECT_THAT(split_credential_blob(hex("badcc0de0000000100000001ff")).error().message,
                HasSubstr("id object has size 0"));
    EXPECT_THAT(split_credential_blob(hex("badcc0de000000010001aa0002ff")).error().message,
                HasSubstr("encrypted secret has size 2"));
}

TEST(AuthTags, KnownAnswer) {
    // openssl: printf agent | openssl dgst -sha384 -mac HMAC -macopt key:c2VjcmV0   ("c2VjcmV0" = base64 of
    // "secret")
    EXPECT_EQ(
        auth_tag("agent", as_bytes("secret")),
        "bcbbbaddaebd532a2867037061dd7988091bc5471ae7974c44bcd3fdd4d3ad062b7d7b79e5879fd2572c7f71ce4b2d91");
}

TEST(AuthTags, DependOnAgentAndSecret) {
    const std::string tag = auth_tag("agent", as_bytes("secret"));
    EXPECT_NE(auth_tag("agent2", as_bytes("secret")), tag);
    EXPECT_NE(auth_tag("agent", as_bytes("secres")), tag);
    EXPECT_EQ(auth_tag("", {}).size(), 96U);
}

TEST(PcrBlobs, TheRecordedOneIsReadAndWrittenAlike) {
    const auto recorded = recording("attestation-evidence");
    const auto blob = read_pcr_blob(recorded_subject_data());
    ASSERT_TRUE(blob) << blob.error().text();
    EXPECT_EQ(blob->bank, tpm::HashAlgorithm::Sha256);
    const auto& known = recorded.known.at("pcrs");
    ASSERT_EQ(blob->pcrs.size(), known.size());
    for (const auto& [pcr, digest] : blob->pcrs)
        EXPECT_EQ(to_hex(digest), known.at(std::to_string(pcr)));
    EXPECT_EQ(write_pcr_blob(blob->bank, blob->pcrs), recorded_subject_data());
}

TEST(PcrBlobs, TheServerReadTheSameValuesFromIt) {
    const auto body = nlohmann::json::parse(recording("attestation-evidence-logs").response.body);
    const auto& data = body["/data/attributes/evidence/0/data"_json_pointer];
    const auto blob = read_pcr_blob(base64(data.at("subject_data")));
    ASSERT_TRUE(blob) << blob.error().text();
    EXPECT_EQ(blob->pcrs.size(), 16U);
    for (const auto& [pcr, digest] : blob->pcrs)
        EXPECT_EQ("0x" + to_hex(digest), data["/meta/pcrs/sha256"_json_pointer].at(std::to_string(pcr)));
}

TEST(PcrBlobs, LayoutIsThatOfTheDocumentation) {
    const Bytes zero(32, 0), ones(32, 0xFF);
    const Bytes blob = write_pcr_blob(tpm::HashAlgorithm::Sha256, {{0, zero}, {16, ones}});
    ASSERT_EQ(blob.size(), 668U);
    Bytes expected = hex("010000000b00030100010000");
    expected.resize(132, 0);
    const auto append = [&](const Bytes& data) { expected.insert(expected.end(), data.begin(), data.end()); };
    append(hex("01000000020000002000"));
    expected.resize(expected.size() + 64, 0);
    append(hex("2000"));
    append(ones);
    expected.resize(668, 0);
    EXPECT_EQ(blob, expected);
    EXPECT_EQ(write_pcr_blob(tpm::HashAlgorithm::Sha1, {}).size(), 136U);
}

TEST(PcrBlobs, NinePcrsTakeTwoLists) {
    tpm::PcrValues pcrs;
    for (int pcr = 0; pcr < 9; ++pcr)
        pcrs[pcr] = Bytes(48, static_cast<std::uint8_t>(pcr));
    const Bytes blob = write_pcr_blob(tpm::HashAlgorithm::Sha384, pcrs);
    EXPECT_EQ(blob.size(), 136U + 2 * 532);
    EXPECT_EQ(blob[136], 8);
    EXPECT_EQ(blob[136 + 532], 1);
    EXPECT_EQ(read_pcr_blob(blob)->pcrs, pcrs);
}

TEST(PcrBlobs, EachFaultIsNamed) {
    const auto error_with = [](std::size_t at, std::uint8_t octet) {
        Bytes blob = recorded_subject_data();
        blob[at] = octet;
        const auto read = read_pcr_blob(blob);
        return read ? "accepted" : read.error().message;
    };
    EXPECT_THAT(error_with(0, 2), HasSubstr("2 banks"));
    EXPECT_THAT(error_with(4, 9), HasSubstr("unknown hash algorithm 0x0009"));
    EXPECT_THAT(error_with(6, 4), HasSubstr("selection of 4 octets"));
    EXPECT_THAT(error_with(12, 4), HasSubstr("slot 1 is not zero"));
    EXPECT_THAT(error_with(132, 2), HasSubstr("do not fit 2 digest lists"));
    EXPECT_THAT(error_with(7, 0x01), HasSubstr("more digests than PCRs"));
    EXPECT_THAT(error_with(7, 0xFF), HasSubstr("PCR 2 has 0 octets, expected 32"));
    EXPECT_THAT(error_with(140, 20), HasSubstr("PCR 0 has 20 octets"));
    Bytes blob = recorded_subject_data();
    for (std::size_t size = 0; size < blob.size(); ++size)
        EXPECT_FALSE(read_pcr_blob(ByteView{blob}.first(size))) << size;
    blob.push_back(0);
    EXPECT_FALSE(read_pcr_blob(blob));
}

TEST(PcrBlobs, WhatNoTpmHasCannotBeWritten) {
    const auto write = [](int pcr, std::size_t size) {
        write_pcr_blob(tpm::HashAlgorithm::Sha256, {{pcr, Bytes(size, 0)}});
    };
    EXPECT_THROW(write(24, 32), std::invalid_argument);
    EXPECT_THROW(write(-1, 32), std::invalid_argument);
    EXPECT_THROW(write(0, 65), std::invalid_argument);
    EXPECT_THROW(write(0, 0), std::invalid_argument);
}

TEST(PublicAreas, TheRecordedAttestationKeyIsDescribed) {
    const auto area = read_public_area(recorded_ak());
    ASSERT_TRUE(area) << area.error().text();
    EXPECT_EQ(area->algorithm, "rsa");
    EXPECT_EQ(area->key_size, 2048);
    EXPECT_EQ(area->scheme, "rsassa");
    EXPECT_EQ(area->hash, "sha256");
    EXPECT_EQ(area->bare.size() + 2, recorded_ak().size());
    EXPECT_EQ(to_hex(area->name), recording("registrar-register").known.at("ak_name_hex"));
}

TEST(PublicAreas, TheRecordedEndorsementKeyIsDescribed) {
    const auto area = read_public_area(base64(recording("registrar-register").sent().at("ek_tpm")));
    ASSERT_TRUE(area) << area.error().text();
    EXPECT_EQ(area->algorithm, "rsa");
    EXPECT_EQ(area->key_size, 2048);
    EXPECT_EQ(area->scheme, std::nullopt);
    EXPECT_EQ(area->hash, std::nullopt);
}

/// An ECC signing key: type, nameAlg, attributes, no policy, no symmetric, ECDSA, curve, no KDF, two
/// coordinates.
Bytes ecc_key(const std::string& scheme, const std::string& curve) {
    const std::string body =
        "0023000b00050072"
        "0000"
        "0010" +
        scheme + curve + "0010" + "0001aa0001bb";
    Bytes key = hex(body);
    Bytes sized = {0, static_cast<std::uint8_t>(key.size())};
    sized.insert(sized.end(), key.begin(), key.end());
    return sized;
}

TEST(PublicAreas, EccKeysAreDescribed) {
    const auto area = read_public_area(ecc_key("0018000b", "0003"));
    ASSERT_TRUE(area) << area.error().text();
    EXPECT_EQ(area->algorithm, "ecc");
    EXPECT_EQ(area->key_size, 256);
    EXPECT_EQ(area->scheme, "ecdsa");
    EXPECT_EQ(read_public_area(ecc_key("001c000c", "0004"))->scheme, "ecschnorr");
    EXPECT_EQ(read_public_area(ecc_key("001c000c", "0004"))->hash, "sha384");
    EXPECT_EQ(read_public_area(ecc_key("001a000b0001", "0010"))->scheme, "ecdaa");
    EXPECT_EQ(read_public_area(ecc_key("0010", "0005"))->key_size, 521);
}

TEST(PublicAreas, EachFaultIsNamed) {
    const auto error = [](const Bytes& key) {
        const auto area = read_public_area(key);
        return area ? "accepted" : area.error().message;
    };
    const auto changed = [&](std::size_t at, std::uint8_t octet) {
        Bytes key = recorded_ak();
        key[at] = octet;
        return error(key);
    };
    EXPECT_THAT(error({}), HasSubstr("size 0"));
    EXPECT_THAT(error({0, 0}), HasSubstr("size 0 before 0 octets"));
    EXPECT_THAT(changed(1, 0x19), HasSubstr("size 281 before 280 octets"));
    EXPECT_THAT(changed(3, 0x08), HasSubstr("type 0x0008 is neither RSA nor ECC"));
    EXPECT_THAT(changed(5, 0x12), HasSubstr("unknown nameAlg 0x0012"));
    EXPECT_THAT(changed(11, 1), ::testing::Not("accepted"));  // authPolicy of one octet
    EXPECT_THAT(changed(15, 0x99), HasSubstr("unknown scheme 0x0099"));
    EXPECT_THAT(changed(17, 0x99), HasSubstr("unknown scheme hash 0x0099"));
    EXPECT_THAT(changed(24, 2), HasSubstr("ends within unique"));
    EXPECT_THAT(changed(24, 0), HasSubstr("256 octets behind its end"));
    EXPECT_THAT(error(ecc_key("0018000b", "0099")), HasSubstr("unknown curve 0x0099"));
}

TEST(PublicAreas, EveryCutIsRefused) {
    const Bytes whole = recorded_ak();
    for (std::size_t size = 2; size < whole.size(); ++size) {
        Bytes key{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)};
        EXPECT_FALSE(read_public_area(key)) << size;
        key[0] = static_cast<std::uint8_t>((size - 2) >> 8);
        key[1] = static_cast<std::uint8_t>(size - 2);
        EXPECT_FALSE(read_public_area(key)) << size << " with a size that agrees";
    }
}

}  // namespace
}  // namespace pushsim::protocol
