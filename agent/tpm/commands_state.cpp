// The commands about what the TPM has: capabilities, NV, random octets.

#include <algorithm>

#include <tss2/tss2_sys.h>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/marshal.hpp"
#include "agent/tpm/sapi.hpp"

namespace pushsim::tpm {
namespace {

TSS2_RC get_capability(TSS2_SYS_CONTEXT* sapi, TPM2_CAP capability, UINT32 first, UINT32 count, bool& more,
                       TPMS_CAPABILITY_DATA& data) {
    TPMI_YES_NO more_data = TPM2_NO;
    data = {};
    const TSS2_RC code =
        Tss2_Sys_GetCapability(sapi, nullptr, capability, first, count, &more_data, &data, nullptr);
    more = more_data == TPM2_YES;
    // The lists are a union: one of another kind must not be read as the one asked for.
    if (code == TSS2_RC_SUCCESS && data.capability != capability) return TSS2_SYS_RC_MALFORMED_RESPONSE;
    return code;
}

/// Octets that one TPM2_NV_Read or TPM2_NV_Write takes.
Result<UINT16> nv_page_size(Commands& commands) {
    auto largest = commands.property(TPM2_PT_NV_BUFFER_MAX);
    if (!largest) return fail(largest.error());
    return static_cast<UINT16>(std::clamp<std::uint32_t>(*largest, 64, TPM2_MAX_NV_BUFFER_SIZE));
}

Error goes_round(const std::string& command) {
    return {ErrorKind::Tpm, command + ": the TPM gives what it gave before and says that there is more"};
}

}  // namespace

Result<std::map<HashAlgorithm, std::vector<int>>> Commands::pcr_banks() {
    TPMS_CAPABILITY_DATA data{};
    bool more = false;
    auto done = execute("TPM2_GetCapability(PCRS)", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        return get_capability(sapi, TPM2_CAP_PCRS, 0, 1, more, data);
    });
    if (!done) return fail(done.error());
    std::map<HashAlgorithm, std::vector<int>> banks;
    const TPML_PCR_SELECTION& selections = data.data.assignedPCR;
    for (UINT32 i = 0; i < selections.count; ++i) {
        const TPMS_PCR_SELECTION& selection = selections.pcrSelections[i];
        const std::vector<int> pcrs = selected_pcrs(selection);
        const auto bank = hash_algorithm_from(selection.hash);
        if (bank && !pcrs.empty()) banks[*bank] = pcrs;
    }
    return banks;
}

Result<std::vector<Algorithm>> Commands::algorithms() {
    std::vector<Algorithm> algorithms;
    UINT32 first = 0;
    for (bool more = true; more;) {
        TPMS_CAPABILITY_DATA data{};
        auto done = execute("TPM2_GetCapability(ALGS)", {}, [&](TSS2_SYS_CONTEXT* sapi) {
            return get_capability(sapi, TPM2_CAP_ALGS, first, TPM2_MAX_CAP_ALGS, more, data);
        });
        if (!done) return fail(done.error());
        const TPML_ALG_PROPERTY& page = data.data.algorithms;
        for (UINT32 i = 0; i < page.count; ++i) {
            const TPMA_ALGORITHM is = page.algProperties[i].algProperties;
            algorithms.push_back({page.algProperties[i].alg, (is & TPMA_ALGORITHM_ASYMMETRIC) != 0,
                                  (is & TPMA_ALGORITHM_SIGNING) != 0, (is & TPMA_ALGORITHM_HASH) != 0});
        }
        more = more && page.count > 0;
        if (!more) break;
        const UINT32 next = algorithms.back().id + 1U;
        if (next <= first) return fail(goes_round("TPM2_GetCapability(ALGS)"));
        first = next;
    }
    return algorithms;
}

Result<std::vector<Handle>> Commands::handles(Handle first) {
    std::vector<Handle> handles;
    for (bool more = true; more;) {
        TPMS_CAPABILITY_DATA data{};
        auto done = execute("TPM2_GetCapability(HANDLES)", first, [&](TSS2_SYS_CONTEXT* sapi) {
            return get_capability(sapi, TPM2_CAP_HANDLES, first, TPM2_MAX_CAP_HANDLES, more, data);
        });
        if (!done) return fail(done.error());
        const TPML_HANDLE& page = data.data.handles;
        handles.insert(handles.end(), page.handle, page.handle + page.count);
        more = more && page.count > 0;
        if (!more) break;
        const Handle next = handles.back() + 1;
        if (next <= first) return fail(goes_round("TPM2_GetCapability(HANDLES)"));
        first = next;
    }
    return handles;
}

Result<std::uint32_t> Commands::property(std::uint32_t tag) {
    TPMS_CAPABILITY_DATA data{};
    bool more = false;
    auto done = execute("TPM2_GetCapability(TPM_PROPERTIES)", tag, [&](TSS2_SYS_CONTEXT* sapi) {
        return get_capability(sapi, TPM2_CAP_TPM_PROPERTIES, tag, 1, more, data);
    });
    if (!done) return fail(done.error());
    const TPML_TAGGED_TPM_PROPERTY& list = data.data.tpmProperties;
    if (list.count == 0 || list.tpmProperty[0].property != tag) return 0U;
    return list.tpmProperty[0].value;
}

Result<Bytes> Commands::get_random(std::size_t size) {
    Bytes random;
    while (random.size() < size) {
        const auto wanted = static_cast<UINT16>(std::min<std::size_t>(size - random.size(), 64));
        TPM2B_DIGEST page{};
        auto done = execute("TPM2_GetRandom", {}, [&](TSS2_SYS_CONTEXT* sapi) {
            page = {};
            return Tss2_Sys_GetRandom(sapi, nullptr, wanted, &page, nullptr);
        });
        if (!done) return fail(done.error());
        if (page.size == 0) return fail(ErrorKind::Tpm, "TPM2_GetRandom: the TPM gives none");
        const Bytes octets = octets_of(std::min(page.size, wanted), page.buffer);
        random.insert(random.end(), octets.begin(), octets.end());
    }
    return random;
}

Result<std::optional<Bytes>> Commands::nv_read(Handle index) {
    TPM2B_NV_PUBLIC about{};
    auto found = execute("TPM2_NV_ReadPublic", index, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_NAME name{};
        about = {};
        return Tss2_Sys_NV_ReadPublic(sapi, index, nullptr, &about, &name, nullptr);
    });
    if (tpm_code(response_code_) == (TPM2_RC_HANDLE | TPM2_RC_1)) return std::nullopt;
    if (!found) return fail(found.error());
    const TPMS_NV_PUBLIC& nv = about.nvPublic;
    if ((nv.attributes & TPMA_NV_WRITTEN) == 0) return std::nullopt;

    const auto page_size = nv_page_size(*this);
    if (!page_size) return fail(page_size.error());
    const Handle reader = (nv.attributes & TPMA_NV_AUTHREAD) != 0 ? index : handle::owner;
    const auto auths = authorised_by({handle::password});
    Bytes contents;
    while (contents.size() < nv.dataSize) {
        const auto offset = static_cast<UINT16>(contents.size());
        const auto wanted = std::min<UINT16>(static_cast<UINT16>(nv.dataSize - offset), *page_size);
        TPM2B_MAX_NV_BUFFER page{};
        auto done = execute("TPM2_NV_Read", index, [&](TSS2_SYS_CONTEXT* sapi) {
            TSS2L_SYS_AUTH_RESPONSE answers{};
            page = {};
            return Tss2_Sys_NV_Read(sapi, reader, index, &auths, wanted, offset, &page, &answers);
        });
        if (!done) return fail(done.error());
        if (page.size == 0) return fail(ErrorKind::Tpm, "TPM2_NV_Read: the TPM gives nothing");
        const Bytes octets = octets_of(std::min(page.size, wanted), page.buffer);
        contents.insert(contents.end(), octets.begin(), octets.end());
    }
    return contents;
}

Result<void> Commands::nv_define(Handle index, ByteView contents, NvReader reader) {
    const auto auths = authorised_by({handle::password});
    const TPM2B_AUTH no_auth{};
    TPM2B_NV_PUBLIC about{};
    about.nvPublic.nvIndex = index;
    about.nvPublic.nameAlg = TPM2_ALG_SHA256;
    about.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_NO_DA | static_cast<TPMA_NV>(reader);
    about.nvPublic.dataSize = static_cast<UINT16>(std::min<std::size_t>(contents.size(), UINT16_MAX));
    auto done = execute("TPM2_NV_DefineSpace", index, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_NV_DefineSpace(sapi, handle::owner, &auths, &no_auth, &about, &answers);
    });
    if (!done || contents.empty()) return done;
    const auto page_size = nv_page_size(*this);
    if (!page_size) return fail(page_size.error());
    for (std::size_t at = 0; done && at < contents.size(); at += *page_size) {
        const ByteView rest = contents.subspan(at);
        const auto page = tpm2b("TPM2_NV_Write", &TPM2B_MAX_NV_BUFFER::buffer,
                                rest.first(std::min<std::size_t>(rest.size(), *page_size)));
        if (!page) return fail(page.error());
        done = execute("TPM2_NV_Write", index, [&](TSS2_SYS_CONTEXT* sapi) {
            TSS2L_SYS_AUTH_RESPONSE answers{};
            return Tss2_Sys_NV_Write(sapi, handle::owner, index, &auths, &*page, static_cast<UINT16>(at),
                                     &answers);
        });
    }
    return done;
}

}  // namespace pushsim::tpm
