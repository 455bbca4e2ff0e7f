#include "agent/tpm/sapi.hpp"

#include "agent/tpm/marshal.hpp"

namespace pushsim::tpm {
namespace {

constexpr int pcr_count = 24;  // of a PC client TPM: three octets of a selection

}  // namespace

TSS2L_SYS_AUTH_COMMAND authorised_by(std::initializer_list<Handle> sessions) {
    TSS2L_SYS_AUTH_COMMAND commands{};
    for (const Handle session : sessions) {
        TPMS_AUTH_COMMAND& one = commands.auths[commands.count++];
        one.sessionHandle = session;
        one.sessionAttributes = session == handle::password ? 0 : TPMA_SESSION_CONTINUESESSION;
    }
    return commands;
}

Result<TPM2B_PUBLIC> public_from_template(const std::string& command, ByteView public_template) {
    auto area = unmarshal(command + ": public template", public_template, Tss2_MU_TPMT_PUBLIC_Unmarshal);
    if (!area) return fail(area.error());
    return TPM2B_PUBLIC{.size = 0, .publicArea = *area};
}

Result<TPML_PCR_SELECTION> pcr_selection(const std::string& command, HashAlgorithm bank,
                                         const std::vector<int>& pcrs) {
    TPML_PCR_SELECTION selection{};
    selection.count = 1;
    TPMS_PCR_SELECTION& one = selection.pcrSelections[0];
    one.hash = static_cast<TPMI_ALG_HASH>(bank);
    one.sizeofSelect = pcr_count / 8;
    for (const int pcr : pcrs) {
        if (pcr < 0 || pcr >= pcr_count)
            return fail(ErrorKind::Tpm, command + ": there is no PCR " + std::to_string(pcr));
        one.pcrSelect[pcr / 8] = static_cast<BYTE>(one.pcrSelect[pcr / 8] | (1U << (pcr % 8)));
    }
    return selection;
}

std::vector<int> selected_pcrs(const TPMS_PCR_SELECTION& selection) {
    std::vector<int> pcrs;
    for (int octet = 0; octet < selection.sizeofSelect; ++octet)
        for (int bit = 0; bit < 8; ++bit)
            if ((selection.pcrSelect[octet] >> bit & 1) != 0) pcrs.push_back(octet * 8 + bit);
    return pcrs;
}

}  // namespace pushsim::tpm
