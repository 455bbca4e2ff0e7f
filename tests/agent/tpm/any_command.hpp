#pragma once
// Commands by chance, whose answers can be compared between TPMs that are the same one.

#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tss2/tss2_tpm2_types.h>

#include "agent/tpm/commands.hpp"

namespace pushsim::tpm {

/// Of how many TPMs the answers are compared.
constexpr std::size_t engines = 3;

constexpr Handle provisioned_ek = handle::first_persistent + 1;
constexpr Handle provisioned_ak = handle::first_persistent + 2;

struct Child {
    TPM2B_PUBLIC public_area;
    TPM2B_PRIVATE private_area;
};

/// What the commands so far left behind. Handles are given by order, not by chance: they are the same in
/// each.
struct Known {
    Bytes ek_public;
    Bytes ak_public;
    Bytes ak_name;
    std::vector<Handle> sessions;
    std::vector<Handle> objects;
    std::vector<Handle> sequences;     ///< of hashes
    std::vector<Handle> events;        ///< sequences that end in a PCR
    std::vector<Handle> storage_keys;  ///< of the owner; also among the objects
    std::map<Handle, TPM2_NT> nv;
    std::optional<Child> child;  ///< that one of the TPMs made: all load it
    std::vector<std::array<TPMS_CONTEXT, engines>> contexts;

    void is_gone(Handle handle);
    /// After a power cycle.
    void nothing_is_loaded();
};

/// A command, or few, and what was answered: codes and response parameters octet by octet, but for
/// * what is drawn: TPM2_GetRandom, nonceTPM of a session, the key and the blobs of TPM2_Create (of one TPM
///   they are loaded by all), the encrypted part of a saved context (keys that are drawn at each reset);
/// * the clock: TPMS_CLOCK_INFO's clock and safe, and signatures over it, which must verify.
/// Left out are TPM2_Clear and its like, which draw new seeds, so that nothing would be comparable after
/// them; and contexts of sequences: from a volatile state libtpms (0.9 and 0.10) does not restore a
/// sequence's type, nor 0.10 its hierarchy (HASH_OBJECT_Unmarshal in src/tpm2/NVMarshal.c), but leaves what
/// the slot had, and TPM2_ContextSave of 0.10 ends the process where that is RSA.
struct Asked {
    std::string name;
    std::function<std::string(Commands&, std::size_t engine)> answer;
};

/// What may be asked next (rapidcheck). `known` must outlive it.
Asked any_command(Known& known);

/// All that can be read back: handles, PCRs, properties, what is in NV.
std::string all_that_shows(Commands& commands);

}  // namespace pushsim::tpm
