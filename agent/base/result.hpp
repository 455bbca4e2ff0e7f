#pragma once
// Failing is a value where it is part of the work: Result<T> is either a T or an Error that a person can act
// on.

#include <string>
#include <utility>

#include <tl/expected.hpp>

namespace pushsim {

enum class ErrorKind {
    Usage,        ///< command line or option                                   (exit 2)
    Config,       ///< scenario or configuration file, missing package           (exit 2)
    Parse,        ///< a message or encoding that does not have its form
    Tpm,          ///< a TPM command answered with an error, or no TPM answered
    Transport,    ///< no complete HTTP answer came: connection, TLS, time-out, bound
    Protocol,     ///< a complete answer that the protocol does not allow
    Refused,      ///< a server refused what was asked in good form, because of what is there already (exit 1)
    Stack,        ///< the registrar or verifier under test failed                (exit 3)
    System,       ///< the operating system refused something                     (exit 3)
    Interrupted,  ///< a person asked to stop                                     (exit 130)
};

/// Lower-case word for messages and records, for example "transport".
const char* to_string(ErrorKind kind);

/// What went wrong, where, and the way out. `message` names the thing and the place; `mend` says what to do
/// about it and may be empty where nothing can be done.
struct Error {
    ErrorKind kind;
    std::string message;
    std::string mend = {};

    /// "message" or "message\n  mend: …", for a person.
    std::string text() const;
    /// "message" or "message; mend", as part of a sentence.
    std::string line() const;

    /// The same error with "prefix: " before its message.
    Error in(const std::string& prefix) const { return {kind, prefix + ": " + message, mend}; }
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string mend = {}) {
    return tl::make_unexpected(Error{kind, std::move(message), std::move(mend)});
}

inline tl::unexpected<Error> fail(Error error) {
    return tl::make_unexpected(std::move(error));
}

}  // namespace pushsim
