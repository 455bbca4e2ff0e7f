// The commands on PCRs, and the attestations.

#include <algorithm>

#include <fmt/format.h>
#include <tss2/tss2_sys.h>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/marshal.hpp"
#include "agent/tpm/sapi.hpp"

namespace pushsim::tpm {
namespace {

constexpr TPMT_SIG_SCHEME scheme_of_the_key{.scheme = TPM2_ALG_NULL, .details = {}};

}  // namespace

Result<Certification> Commands::certify(Handle object, Handle signer, ByteView qualifying_data) {
    const std::string command = "TPM2_Certify";
    auto qualifying = tpm2b(command + ": qualifying data", &TPM2B_DATA::buffer, qualifying_data);
    if (!qualifying) return fail(qualifying.error());
    const auto auths = authorised_by({handle::password, handle::password});
    TPM2B_ATTEST message{};
    TPMT_SIGNATURE signature{};
    auto done = execute(command, object, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        message = {};
        signature = {};
        return Tss2_Sys_Certify(sapi, object, signer, &auths, &*qualifying, &scheme_of_the_key, &message,
                                &signature, &answers);
    });
    if (!done) return fail(done.error());
    return Certification{octets_of(message.size, message.attestationData),
                         marshal(signature, Tss2_MU_TPMT_SIGNATURE_Marshal)};
}

Result<Quote> Commands::quote(Handle signer, ByteView qualifying_data, HashAlgorithm bank,
                              const std::vector<int>& pcrs) {
    const std::string command = "TPM2_Quote";
    auto qualifying = tpm2b(command + ": qualifying data", &TPM2B_DATA::buffer, qualifying_data);
    if (!qualifying) return fail(qualifying.error());
    auto selection = pcr_selection(command, bank, pcrs);
    if (!selection) return fail(selection.error());
    const auto auths = authorised_by({handle::password});
    TPM2B_ATTEST message{};
    TPMT_SIGNATURE signature{};
    auto done = execute(command, signer, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        message = {};
        signature = {};
        return Tss2_Sys_Quote(sapi, signer, &auths, &*qualifying, &scheme_of_the_key, &*selection, &message,
                              &signature, &answers);
    });
    if (!done) return fail(done.error());
    return Quote{octets_of(message.size, message.attestationData),
                 marshal(signature, Tss2_MU_TPMT_SIGNATURE_Marshal),
                 bank,
                 {},
                 {}};
}

Result<PcrValues> Commands::pcr_read(HashAlgorithm bank, const std::vector<int>& pcrs) {
    const std::string command = "TPM2_PCR_Read";
    PcrValues values;
    std::vector<int> missing = pcrs;
    while (!missing.empty()) {
        auto selection = pcr_selection(command, bank, missing);
        if (!selection) return fail(selection.error());
        TPML_PCR_SELECTION answered{};
        TPML_DIGEST digests{};
        auto done = execute(command, {}, [&](TSS2_SYS_CONTEXT* sapi) {
            UINT32 update_counter = 0;
            answered = {};
            digests = {};
            return Tss2_Sys_PCR_Read(sapi, nullptr, &*selection, &update_counter, &answered, &digests,
                                     nullptr);
        });
        if (!done) return fail(done.error());
        const std::vector<int> given =
            answered.count > 0 && answered.pcrSelections[0].hash == static_cast<TPMI_ALG_HASH>(bank)
                ? selected_pcrs(answered.pcrSelections[0])
                : std::vector<int>{};
        const auto of_us = [&](int pcr) { return std::ranges::find(missing, pcr) != missing.end(); };
        if (given.empty() || given.size() != digests.count || !std::ranges::all_of(given, of_us))
            return fail(ErrorKind::Tpm, fmt::format("{}: the TPM gives no PCR {} in bank {}", command,
                                                    missing.front(), to_string(bank)));
        for (std::size_t i = 0; i < given.size(); ++i) {
            const TPM2B_DIGEST& digest = digests.digests[i];
            if (digest.size != digest_size(bank))
                return fail(ErrorKind::Tpm, fmt::format("{}: the TPM gives {} octets for PCR {} in bank {}",
                                                        command, digest.size, given[i], to_string(bank)));
            values[given[i]] = octets_of(digest.size, digest.buffer);
        }
        std::erase_if(missing, [&](int pcr) { return values.contains(pcr); });
    }
    return values;
}

Result<void> Commands::pcr_extend(int pcr, const std::map<HashAlgorithm, Bytes>& digests) {
    const std::string command = "TPM2_PCR_Extend";
    TPML_DIGEST_VALUES values{};
    for (const auto& [bank, digest] : digests) {
        if (digest.size() != digest_size(bank))
            return fail(ErrorKind::Tpm, fmt::format("{}: a {} digest has {} octets, not {}", command,
                                                    to_string(bank), digest_size(bank), digest.size()));
        TPMT_HA& value = values.digests[values.count++];
        value.hashAlg = static_cast<TPMI_ALG_HASH>(bank);
        std::ranges::copy(digest, reinterpret_cast<BYTE*>(&value.digest));
    }
    const auto auths = authorised_by({handle::password});
    return execute(command, static_cast<Handle>(pcr), [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_PCR_Extend(sapi, static_cast<TPMI_DH_PCR>(pcr), &auths, &values, &answers);
    });
}

Result<void> Commands::pcr_reset(int pcr) {
    const auto auths = authorised_by({handle::password});
    return execute("TPM2_PCR_Reset", static_cast<Handle>(pcr), [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_PCR_Reset(sapi, static_cast<TPMI_DH_PCR>(pcr), &auths, &answers);
    });
}

}  // namespace pushsim::tpm
