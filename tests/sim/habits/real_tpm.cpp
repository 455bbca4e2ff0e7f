#include "tests/sim/habits/real_tpm.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <tss2/tss2_sys.h>

#include "agent/tpm/public_key_pem.hpp"
#include "agent/tpm/sapi.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/sim/habits/fact.hpp"

namespace pushsim::habits {
namespace {

using lifecycle::TpmAnswer;

template <typename T>
Result<TpmAnswer> answer(Result<T> result) {
    if (!result) return fail(result.error());
    return TpmAnswer{std::move(*result)};
}

Bytes member(const nlohmann::json& object, const char* name) {
    return must(from_base64(object.at(name).get<std::string>()));
}

}  // namespace

RealTpm::RealTpm(const Work& before_keys)
    : watched_(tpm_, [this](ByteView command, tpm::Commands& behind) -> std::optional<Bytes> {
          if (look) look(command, behind);
          return std::nullopt;
      }) {
    must(tpm_.power_on());
    if (before_keys) {
        run(before_keys);
        must(tpm_.power_off());
        must(tpm_.power_on());
    }
    keys_.emplace(must(tpm::AttestationKeys::provision(watched_)));
}

Result<TpmAnswer> RealTpm::use(const lifecycle::UseTpm& use) {
    const auto& operation = use.operation;
    if (std::holds_alternative<lifecycle::DescribeTpm>(operation)) return TpmAnswer{keys_->describe()};
    if (const auto* credential = std::get_if<lifecycle::ActivateCredential>(&operation))
        return answer(keys_->activate_credential(credential->id_object, credential->encrypted_secret));
    if (const auto* certify = std::get_if<lifecycle::CertifyAk>(&operation))
        return answer(keys_->certify(certify->challenge));
    const auto& quote = std::get<lifecycle::QuotePcrs>(operation);
    return answer(keys_->quote(quote.challenge, quote.bank, quote.pcrs, quote.data_pcr));
}

void RealTpm::reset() {
    if (tpm_.powered()) must(tpm_.power_off());
    must(tpm_.power_on());
    const tpm::SavedAk saved = keys_->saved();
    keys_.reset();
    keys_.emplace(must(tpm::AttestationKeys::load(watched_, saved)));
}

Result<void> allocate_one_bank(tpm::Commands& commands) {
    constexpr tpm::Handle kPlatform = 0x4000000C;  // TPM_RH_PLATFORM
    const TSS2L_SYS_AUTH_COMMAND auths = tpm::authorised_by({tpm::handle::password});
    TSS2L_SYS_AUTH_RESPONSE answers{};
    TPML_PCR_SELECTION banks{};
    for (const TPMI_ALG_HASH hash : {TPM2_ALG_SHA1, TPM2_ALG_SHA256, TPM2_ALG_SHA384, TPM2_ALG_SHA512}) {
        TPMS_PCR_SELECTION& bank = banks.pcrSelections[banks.count++];
        bank.hash = hash;
        bank.sizeofSelect = 3;
        if (hash == TPM2_ALG_SHA256) std::fill_n(bank.pcrSelect, 3, BYTE{0xFF});
    }
    TPMI_YES_NO done = 0;
    UINT32 most = 0, needed = 0, available = 0;
    const auto code = Tss2_Sys_PCR_Allocate(commands.sapi(), kPlatform, &auths, &banks, &done, &most, &needed,
                                            &available, &answers);
    if (code != TSS2_RC_SUCCESS || done == 0)
        return fail(ErrorKind::Tpm, fmt::format("TPM2_PCR_Allocate: {:#x}", code));
    return {};
}

Bytes ak_of(const HttpRequest& registration) {
    return member(nlohmann::json::parse(registration.body), "aik_tpm");
}

Bytes extended(Bytes value, ByteView digest) {
    value.insert(value.end(), digest.begin(), digest.end());
    return tpm::check::digest(tpm::HashAlgorithm::Sha256, value);
}

std::string quote_fault(const HttpRequest& submission, ByteView ak, tpm::PcrValues values) {
    const auto data =
        nlohmann::json::parse(submission.body)["/data/attributes/evidence_collected/0/data"_json_pointer];
    const Bytes message = member(data, "message");
    const auto attest = tpm::check::parse_attest(message);
    const Bytes pem = tpm::check::digest(tpm::HashAlgorithm::Sha256, as_bytes(tpm::public_key_pem(ak)));
    values[tpm::data_pcr] = extended(Bytes(32, 0), pem);
    std::vector<int> pcrs;
    for (const auto& value : values)
        pcrs.push_back(value.first);
    return all({so(attest.pcrs == pcrs, "other PCRs"),
                same(to_hex(attest.pcr_digest), to_hex(tpm::check::digest_of(values))),
                so(tpm::check::verifies(ak, message, member(data, "signature")), "a wrong signature")});
}

}  // namespace pushsim::habits
