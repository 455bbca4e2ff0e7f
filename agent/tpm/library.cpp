#include "agent/tpm/library.hpp"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <system_error>
#include <type_traits>

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/tpm/hash_algorithm.hpp"

namespace pushsim::tpm {
namespace {

std::atomic<bool> linked_in_use = false;

Error not_copied(const std::string& why) {
    return {ErrorKind::System, "no copy of libtpms could be loaded: " + why, ""};
}

std::string words_of_loader() {
    const char* words = ::dlerror();
    return words == nullptr ? "the loader does not say why" : words;
}

/// The file that the linked libtpms was loaded from; empty: unknown.
std::string file_of_linked() {
    Dl_info found{};
    void* function = ::dlsym(RTLD_DEFAULT, "TPMLIB_GetVersion");
    if (function == nullptr || ::dladdr(function, &found) == 0 || found.dli_fname == nullptr) return {};
    return found.dli_fname;
}

/// A file in memory with the contents of that one; -1: none (errno).
int copy_into_memory(const std::string& path) {
    const int from = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (from < 0) return -1;
    struct stat about {};
    const int to = ::fstat(from, &about) == 0 ? ::memfd_create("libtpms", MFD_CLOEXEC) : -1;
    bool whole = to >= 0;
    for (off_t at = 0; whole && at < about.st_size;) {
        const ssize_t moved = ::sendfile(to, from, &at, static_cast<std::size_t>(about.st_size - at));
        whole = moved > 0;
    }
    const int error = errno;
    ::close(from);
    if (!whole && to >= 0) ::close(to);
    errno = error;
    return whole ? to : -1;
}

/// ELF (System V ABI, "Program Header"): from the end of PT_GNU_RELRO, or the beginning of the one writable
/// PT_LOAD, to the end of that.
std::span<std::byte> writable_segment(std::uintptr_t base) {
    const auto* header = reinterpret_cast<const ElfW(Ehdr)*>(base);
    const std::span programs(reinterpret_cast<const ElfW(Phdr)*>(base + header->e_phoff), header->e_phnum);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    std::uintptr_t read_only_end = 0;
    for (const auto& program : programs) {
        if (program.p_type == PT_TLS) return {};
        if (program.p_type == PT_GNU_RELRO) {
            // The loader protects whole pages.
            const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
            read_only_end = (program.p_vaddr + program.p_memsz) / page * page;
        }
        if (program.p_type != PT_LOAD || (program.p_flags & PF_W) == 0) continue;
        if (end != 0) return {};
        begin = program.p_vaddr;
        end = program.p_vaddr + program.p_memsz;
    }
    if (read_only_end > begin) begin = read_only_end;
    if (begin >= end) return {};
    return {reinterpret_cast<std::byte*>(base + begin), end - begin};
}

/// Of the object of that handle; 0: unknown.
std::uintptr_t base_of(void* handle) {
    link_map* map = nullptr;
    if (::dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 || map == nullptr) return 0;
    return map->l_addr;
}

}  // namespace

Result<std::unique_ptr<Library>> Library::linked() {
    if (linked_in_use.exchange(true)) return fail(ErrorKind::System, "the linked libtpms is in use");
    std::unique_ptr<Library> library(new Library);
    library->is_linked_ = true;
    library->choose_version = TPMLIB_ChooseTPMVersion;
    library->register_callbacks = TPMLIB_RegisterCallbacks;
    library->set_debug_fd = TPMLIB_SetDebugFD;
    library->main_init = TPMLIB_MainInit;
    library->terminate = TPMLIB_Terminate;
    library->process = TPMLIB_Process;
    library->store_volatile = TPMLIB_VolatileAll_Store;
    return library;
}

Result<std::unique_ptr<Library>> Library::copy() {
    const std::string original = file_of_linked();
    if (original.empty()) return fail(not_copied("its file is not found"));
    std::unique_ptr<Library> library(new Library);
    library->file_ = copy_into_memory(original);
    if (library->file_ < 0)
        return fail(not_copied(fmt::format("{}: {}", original, std::generic_category().message(errno))));
    // The loader knows a library again by its path: this one is unique as long as the descriptor is open, and
    // good for a debugger, too.
    const std::string path = fmt::format("/proc/{}/fd/{}", ::getpid(), library->file_);
    library->handle_ = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library->handle_ == nullptr) return fail(not_copied(words_of_loader()));
    if (const char* missing = library->bind(library->handle_))
        return fail(not_copied(fmt::format("{} has no {}", original, missing)));
    if (library->process == TPMLIB_Process) return fail(not_copied("the loader gave the linked one again"));
    if (const std::uintptr_t base = base_of(library->handle_); base != 0)
        library->writable_ = writable_segment(base);
    return library;
}

Library::~Library() {
    if (is_linked_) linked_in_use = false;
    if (handle_ != nullptr) ::dlclose(handle_);
    if (file_ >= 0) ::close(file_);
}

const char* Library::bind(void* handle) {
    const char* missing = nullptr;
    const auto find = [&](auto& function, const char* name) {
        function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(handle, name));
        if (function == nullptr) missing = name;
    };
    find(choose_version, "TPMLIB_ChooseTPMVersion");
    find(register_callbacks, "TPMLIB_RegisterCallbacks");
    find(set_debug_fd, "TPMLIB_SetDebugFD");
    find(main_init, "TPMLIB_MainInit");
    find(terminate, "TPMLIB_Terminate");
    find(process, "TPMLIB_Process");
    find(store_volatile, "TPMLIB_VolatileAll_Store");
    return missing;
}

const Result<std::string>& Library::build() {
    static const Result<std::string> build = [] {
        const std::string file = file_of_linked();
        std::ifstream stream(file, std::ios::binary);
        const std::string contents{std::istreambuf_iterator<char>(stream), {}};
        if (stream && !contents.empty())
            return Result<std::string>(to_hex(hash(HashAlgorithm::Sha256, as_bytes(contents))));
        return Result<std::string>(
            fail(ErrorKind::System, fmt::format("the file of libtpms ({}) cannot be read",
                                                file.empty() ? "which is not found" : file)));
    }();
    return build;
}

std::string Library::version() {
    // libtpms/tpm_library.h, TPM_LIBRARY_VERSION: major, minor, micro.
    const std::uint32_t version = TPMLIB_GetVersion();
    return fmt::format("{}.{}.{}", version >> 16, (version >> 8) & 0xFF, version & 0xFF);
}

}  // namespace pushsim::tpm
