#pragma once
// Where pools are: in the state folder, by name, or in a file of a person's own.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::pool {

/// `pushsim pool make` without a name.
inline constexpr const char* default_name = "default";

struct Place {
    std::string name;            ///< empty: the file is a person's own, and never replaced on doubt
    std::filesystem::path file;  ///< NAME.pool

    /// "the pool 'default' (/…/default.pool)", "the pool /…/a.pool"
    std::string text() const;
    /// As the command line takes it.
    std::string argument() const;
    std::filesystem::path lock_file() const;
    /// NAME.ca.pem beside it: the CA of its EK certificates, for registrars and tenants to trust.
    std::filesystem::path ca_file() const;
};

/// A word with a '/' or that ends in ".pool" is a file, any other a name: $XDG_STATE_HOME/pushsim/pools/
/// NAME.pool, whose folder is made where it is missing. Where the file is a symbolic link, what it points to.
/// ErrorKind::Usage for what is neither, Config for a link to nothing and a name that is a link, System.
Result<Place> place_of(const std::string& name_or_file);

/// Letters, digits, '_', '.' and '-', at most 64 of them, and a letter, digit or '_' first.
bool is_pool_name(std::string_view text);

/// Those with a name that there are, sorted; also of which there is nothing but a part (part_of).
Result<std::vector<Place>> named_places();

}  // namespace pushsim::pool
