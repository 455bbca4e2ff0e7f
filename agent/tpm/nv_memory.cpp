#include "agent/tpm/nv_memory.hpp"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

#include <libtpms/tpm_error.h>
#include <libtpms/tpm_nvfilename.h>

namespace pushsim::tpm {
namespace {

// libtpms passes no pointer of ours to its callbacks.
thread_local NvMemory* current = nullptr;

TPM_RESULT nothing_to_prepare() {
    return TPM_SUCCESS;
}

TPM_RESULT load(unsigned char** data, std::uint32_t* size, std::uint32_t, const char* name) {
    if (current == nullptr) return TPM_FAIL;
    const std::string_view wanted = name;
    const std::optional<Bytes>* found = nullptr;
    if (wanted == TPM_PERMANENT_ALL_NAME)
        found = &current->permanent;
    else if (wanted == TPM_VOLATILESTATE_NAME)
        found = &current->volatile_state;
    if (found == nullptr || !found->has_value()) return TPM_RETRY;  // "there is none yet"
    const Bytes& octets = **found;
    *data = static_cast<unsigned char*>(std::malloc(octets.size()));  // libtpms frees it
    if (*data == nullptr) return TPM_SIZE;
    std::ranges::copy(octets, *data);
    *size = static_cast<std::uint32_t>(octets.size());
    return TPM_SUCCESS;
}

TPM_RESULT store(const unsigned char* data, std::uint32_t size, std::uint32_t, const char* name) {
    if (current == nullptr || current->failing || std::string_view(name) != TPM_PERMANENT_ALL_NAME)
        return TPM_FAIL;
    try {
        current->permanent.emplace(data, data + size);
    } catch (...) {
        return TPM_FAIL;
    }
    return TPM_SUCCESS;
}

TPM_RESULT remove(std::uint32_t, const char*, TPM_BOOL) {
    return TPM_SUCCESS;
}

TPM_RESULT locality_0(TPM_MODIFIER_INDICATOR* locality, std::uint32_t) {
    *locality = 0;
    return TPM_SUCCESS;
}

TPM_RESULT no_physical_presence(TPM_BOOL* present, std::uint32_t) {
    *present = 0;
    return TPM_SUCCESS;
}

}  // namespace

void register_nv_callbacks(const Library& library) {
    libtpms_callbacks callbacks{};
    callbacks.sizeOfStruct = sizeof(callbacks);
    callbacks.tpm_nvram_init = nothing_to_prepare;
    callbacks.tpm_nvram_loaddata = load;
    callbacks.tpm_nvram_storedata = store;
    callbacks.tpm_nvram_deletename = remove;
    callbacks.tpm_io_init = nothing_to_prepare;
    callbacks.tpm_io_getlocality = locality_0;
    callbacks.tpm_io_getphysicalpresence = no_physical_presence;
    if (const TPM_RESULT result = library.register_callbacks(&callbacks); result != TPM_SUCCESS)
        throw std::runtime_error("TPMLIB_RegisterCallbacks: " + std::to_string(result));
}

NvScope::NvScope(NvMemory& memory) : previous_(current) {
    current = &memory;
}

NvScope::~NvScope() {
    current = previous_;
}

}  // namespace pushsim::tpm
