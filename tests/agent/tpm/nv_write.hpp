#pragma once
// NV indices for tests to read.

#include <algorithm>
#include <stdexcept>
#include <string>

#include <tss2/tss2_sys.h>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/sapi.hpp"

namespace pushsim::tpm {

constexpr std::uint32_t nv_auth_read = 0x00040000;   // TPMA_NV_AUTHREAD
constexpr std::uint32_t nv_owner_read = 0x00020000;  // TPMA_NV_OWNERREAD

/// Defines an NV index of the owner and writes it, in parts as small as every TPM takes. Throws where that
/// fails.
inline void nv_write(Commands& commands, Handle index, const Bytes& contents, std::uint32_t read_attribute) {
    const TSS2L_SYS_AUTH_COMMAND auths = authorised_by({handle::password});
    TSS2L_SYS_AUTH_RESPONSE answers{};
    TPM2B_NV_PUBLIC about{};
    about.nvPublic.nvIndex = index;
    about.nvPublic.nameAlg = 0x000B;
    about.nvPublic.attributes = 0x00000002 | 0x02000000 | read_attribute;  // OWNERWRITE, NO_DA
    about.nvPublic.dataSize = static_cast<UINT16>(contents.size());
    const TPM2B_AUTH no_auth{};
    if (const auto code =
            Tss2_Sys_NV_DefineSpace(commands.sapi(), handle::owner, &auths, &no_auth, &about, &answers))
        throw std::runtime_error("TPM2_NV_DefineSpace " + std::to_string(code));
    for (std::size_t at = 0; at < contents.size(); at += 256) {
        TPM2B_MAX_NV_BUFFER part{};
        part.size = static_cast<UINT16>(std::min<std::size_t>(256, contents.size() - at));
        std::copy_n(contents.begin() + static_cast<std::ptrdiff_t>(at), part.size, part.buffer);
        answers = {};
        if (const auto code = Tss2_Sys_NV_Write(commands.sapi(), handle::owner, index, &auths, &part,
                                                static_cast<UINT16>(at), &answers))
            throw std::runtime_error("TPM2_NV_Write " + std::to_string(code));
    }
}

}  // namespace pushsim::tpm
