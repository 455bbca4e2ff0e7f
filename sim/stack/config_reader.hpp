#pragma once
// The configuration files that servers elsewhere run with, as Keylime reads them (Python's RawConfigParser).

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"

namespace pushsim::stack {

/// What files of one component ("verifier", "registrar") say together.
class FoundConfig {
  public:
    struct Value {
        std::string text;  ///< without blanks around it; lines of a longer one have '\n' between them
        std::filesystem::path file;  ///< that says it
    };

    explicit FoundConfig(std::filesystem::path first = {}) : first_(std::move(first)) {}

    /// Null where it is left out. What stands in [DEFAULT] holds in every section.
    const Value* find(const std::string& section, const std::string& name) const;
    /// To name where an option is left out.
    const std::filesystem::path& first_file() const { return first_; }

    /// Takes in a file's text; what it says wins over what was there. ErrorKind::Config with file and line,
    /// for what Keylime's own reader refuses: no section yet, neither section nor option, one that is there
    /// twice. No value is in the error.
    Result<void> add(std::string_view text, const std::filesystem::path& file);
    /// Section -> option -> what it says.
    const std::map<std::string, std::map<std::string, Value>>& sections() const { return sections_; }
    bool has_section(const std::string& section) const { return sections_.contains(section); }

  private:
    std::map<std::string, std::map<std::string, Value>> sections_;
    std::filesystem::path first_;
};

/// Files, and for a folder all files in it by name, as Keylime takes those of verifier.conf.d; later ones
/// win. ErrorKind::Config: with add()'s errors, where one cannot be read or has more than a MiB, or where no
/// file has a section of the component's name. `option` is what errors begin with ("--verifier-conf").
Result<FoundConfig> read_config(const std::string& option, const std::string& component,
                                const std::vector<std::string>& files);

}  // namespace pushsim::stack
