#include "agent/tpm/tcti_name.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include "agent/tpm/response_code.hpp"

namespace pushsim::tpm {
namespace {

constexpr const char* kExamples =
    "for example swtpm:host=127.0.0.1,port=2321, swtpm:path=/run/swtpm.sock or device:/dev/tpmrm0";
constexpr std::uint16_t kDefaultPort = 2321;
constexpr std::uint16_t kLastPort = 65534;  // the next one is for control

/// "swtpm:port=2321" is the TCTI "swtpm" and "port=2321" for it.
struct Name {
    std::string loader;
    std::string options;
};

Name split(const std::string& name) {
    const auto colon = name.find(':');
    return colon == std::string::npos ? Name{name, ""} : Name{name.substr(0, colon), name.substr(colon + 1)};
}

bool is_simulator(const Name& name) {
    return name.loader == "swtpm" || name.loader == "mssim";
}

/// Where a simulator is said to listen.
struct Listening {
    std::string host = "127.0.0.1";
    std::uint16_t port = kDefaultPort;  ///< and the next one for control
    std::string path;                   ///< not empty: there instead
};

std::optional<std::uint16_t> port_of(const std::string& text) {
    std::uint16_t port = 0;
    const char* const end = text.data() + text.size();
    const auto [last, bad] = std::from_chars(text.data(), end, port);
    return bad == std::errc{} && last == end && port != 0 && port <= kLastPort ? std::optional(port)
                                                                               : std::nullopt;
}

/// Of `options` like "host=127.0.0.1,port=2321"; ErrorKind::Config.
Result<Listening> listening(const std::string& options) {
    Listening where;
    for (std::size_t at = 0; at < options.size();) {
        const auto comma = std::min(options.find(',', at), options.size());
        const std::string option = options.substr(at, comma - at);
        at = comma + 1;
        const auto equals = std::min(option.find('='), option.size());
        const std::string key = option.substr(0, equals);
        const std::string value = option.substr(std::min(equals + 1, option.size()));
        if ((key != "host" && key != "port" && key != "path") || value.empty())
            return fail(ErrorKind::Config,
                        fmt::format("'{}' is none of host=HOST, port=PORT, path=PATH", option), kExamples);
        const auto port = port_of(value);
        if (key == "port" && !port)
            return fail(
                ErrorKind::Config,
                fmt::format("'{}' is no port of a TPM: they go from 1 to {}, and the next one is for control",
                            value, kLastPort),
                kExamples);
        if (key == "port") where.port = *port;
        if (key == "host") where.host = value;
        if (key == "path") where.path = value;
    }
    return where;
}

/// As tpm2-tss looks for it (src/tss2-tcti/tctildr-dl.c).
bool is_installed(const std::string& loader) {
    for (const std::string& file :
         {loader, "libtss2-tcti-" + loader + ".so.0", "libtss2-tcti-" + loader + ".so"}) {
        if (void* const library = ::dlopen(file.c_str(), RTLD_LAZY | RTLD_LOCAL)) {
            ::dlclose(library);
            return true;
        }
    }
    return false;
}

std::string text_of(const Listening& where) {
    return where.path.empty() ? fmt::format("{} port {}", where.host, where.port) : where.path;
}

std::string how_to_start(const std::string& loader, const Listening& where) {
    if (loader != "swtpm") return "start it, or say where it listens";
    const std::string there =
        where.path.empty()
            ? fmt::format("--server type=tcp,port={} --ctrl type=tcp,port={}", where.port, where.port + 1)
            : fmt::format("--server type=unixio,path={0} --ctrl type=unixio,path={0}.ctrl", where.path);
    const std::string start = fmt::format(
        "start one: swtpm socket --tpm2 --tpmstate dir=DIR {} --flags not-need-init,startup-clear", there);
    return where.path.empty()
               ? fmt::format("{}; where one runs, name the port of its --server, not of --ctrl", start)
               : start;
}

}  // namespace

Result<void> check_tcti_name(const std::string& name) {
    const Name parts = split(name);
    if (parts.loader.empty())
        return fail(ErrorKind::Config, fmt::format("'{}' names no TPM", name), kExamples);
    if (!is_installed(parts.loader)) {
        return fail(ErrorKind::Config,
                    fmt::format("'{}': there is no TCTI '{}' on this machine", name, parts.loader),
                    kExamples);
    }
    if (!is_simulator(parts)) return {};
    const auto where = listening(parts.options);
    return where ? Result<void>{} : fail(where.error().in(fmt::format("'{}'", name)));
}

Error no_tpm_at(const std::string& name, std::uint32_t code) {
    const Name parts = split(name);
    Error error{ErrorKind::Tpm, fmt::format("no TPM at \"{}\": {}", name, describe_response_code(code)),
                "see whether a TPM answers there"};
    if (!is_tcti_code(code)) return error;
    if (const auto where = listening(parts.options); where && is_simulator(parts)) {
        error.message =
            fmt::format("no TPM at \"{}\": no {} listens at {}", name, parts.loader, text_of(*where));
        error.mend = how_to_start(parts.loader, *where);
    } else if (parts.loader == "device") {
        const std::string file = parts.options.empty() ? "/dev/tpmrm0" : parts.options;
        const bool open_to_us = ::access(file.c_str(), R_OK | W_OK) == 0;
        error.message = fmt::format("no TPM at \"{}\": {} cannot be opened: {}", name, file,
                                    open_to_us ? "in use, or no TPM" : std::strerror(errno));
        error.mend =
            "ls -l /dev/tpm* shows those that there are and who may open them; /dev/tpmrm0 can be shared";
    }
    return error;
}

}  // namespace pushsim::tpm
