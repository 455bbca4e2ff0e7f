#pragma once
// libtpms, loaded any number of times: each copy is one TPM at a time.

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include <libtpms/tpm_library.h>

#include "agent/base/result.hpp"

namespace pushsim::tpm {

/// One loaded libtpms: its functions (libtpms/tpm_library.h) and its state. One thread at a time.
class Library {
  public:
    /// The one that this program is linked with. There is one, and so one user of it at a time:
    /// ErrorKind::System where it has one.
    static Result<std::unique_ptr<Library>> linked();

    /// Another copy of it with a state of its own, about 1 MiB. It is an object like any other to debuggers
    /// and unwinders: its file stays readable, as a descriptor of this process, as long as it is loaded.
    /// ErrorKind::System where the machine does not let one be made.
    static Result<std::unique_ptr<Library>> copy();

    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    /// "0.9.2"
    static std::string version();

    /// What tells builds of one version apart: SHA-256 of the file of the linked one, in hex. State of one is
    /// not good for another. ErrorKind::System where the file cannot be read.
    static const Result<std::string>& build();

    bool is_linked() const { return is_linked_; }

    /// Everything it writes to but the heap: its writable segment without what the loader has made
    /// read-only. From the program headers; empty where they are not as expected.
    std::span<std::byte> writable() const { return writable_; }

    decltype(&TPMLIB_ChooseTPMVersion) choose_version = nullptr;
    decltype(&TPMLIB_RegisterCallbacks) register_callbacks = nullptr;
    decltype(&TPMLIB_SetDebugFD) set_debug_fd = nullptr;
    decltype(&TPMLIB_MainInit) main_init = nullptr;
    decltype(&TPMLIB_Terminate) terminate = nullptr;
    decltype(&TPMLIB_Process) process = nullptr;
    decltype(&TPMLIB_VolatileAll_Store) store_volatile = nullptr;

  private:
    Library() = default;
    /// What of the functions it does not have; nullptr: it has all.
    const char* bind(void* handle);

    bool is_linked_ = false;
    void* handle_ = nullptr;  ///< of dlopen()
    int file_ = -1;
    std::span<std::byte> writable_;
};

}  // namespace pushsim::tpm
