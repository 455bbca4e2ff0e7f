#include "sim/stack/config_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostOctets = 1U << 20U;
constexpr std::size_t kMostFiles = 1000;
constexpr std::string_view kBlanks = " \t\r\v\f";

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

/// "[verifier]" -> "verifier"; empty where the line begins no section.
std::string_view header_of(std::string_view line) {
    const auto end = line.rfind(']');
    if (!line.starts_with('[') || end == std::string_view::npos) return {};
    return line.substr(1, end - 1);
}

/// One file, line by line. What it finds goes to `sections`.
class Reading {
  public:
    using Sections = std::map<std::string, std::map<std::string, FoundConfig::Value>>;
    Reading(Sections& sections, const fs::path& file) : sections_(sections), file_(file) {}

    /// What is wrong with the line; empty: nothing.
    std::string take(std::string_view line) {
        const std::string_view text = trimmed(line);
        if (text.starts_with('#') || text.starts_with(';')) return "";
        if (text.empty()) {
            ++blank_lines_;
            return "";
        }
        const std::size_t indent = line.find_first_not_of(kBlanks);
        if (value_ != nullptr && indent > indent_) {
            value_->text += std::string(std::exchange(blank_lines_, 0) + 1, '\n') + std::string(text);
            return "";
        }
        blank_lines_ = 0;
        indent_ = indent;
        const std::string_view header = header_of(text);
        return header.empty() ? take_option(text) : begin_section(std::string(header));
    }

  private:
    std::string begin_section(const std::string& name) {
        value_ = nullptr;
        section_ = name;
        sections_[name];
        const bool twice = !seen_.emplace(name, "").second && name != "DEFAULT";
        return twice ? fmt::format("section [{}] is there already", name) : "";
    }

    std::string take_option(std::string_view text) {
        if (section_.empty()) return "no section has begun";
        const auto at = text.find_first_of("=:");
        if (at == std::string_view::npos || at == 0)
            return "this is neither `[section]` nor `option = value`";
        const std::string name = lower(trimmed(text.substr(0, at)));
        if (!seen_.emplace(section_, name).second) return fmt::format("option {} is there already", name);
        value_ = &sections_[section_][name];
        *value_ = {std::string(trimmed(text.substr(at + 1))), file_};
        return "";
    }

    Sections& sections_;
    const fs::path& file_;
    std::set<std::pair<std::string, std::string>> seen_;  ///< section and option; "": the section itself
    std::string section_;
    FoundConfig::Value* value_ = nullptr;  ///< of the option that lines further in go on with
    std::size_t indent_ = 0;
    std::size_t blank_lines_ = 0;
};

tl::unexpected<Error> unreadable(const fs::path& file, const std::string& why) {
    return fail(ErrorKind::Config, fmt::format("cannot read {}: {}", file.string(), why),
                "give a copy of the file that the server runs with, which this user may read");
}

Result<std::string> text_of(const fs::path& file) {
    errno = 0;
    std::ifstream stream(file, std::ios::binary);
    if (!stream) return unreadable(file, std::strerror(errno));
    std::string text(kMostOctets + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > kMostOctets) return unreadable(file, "it has more than 1 MiB");
    return text;
}

/// The file itself, or those of a folder by name.
Result<std::vector<fs::path>> files_at(const fs::path& path) {
    std::error_code failed;
    const auto status = fs::status(path, failed);
    if (fs::is_regular_file(status)) return std::vector{path};
    if (!fs::exists(status)) return unreadable(path, failed ? failed.message() : std::strerror(ENOENT));
    if (!fs::is_directory(status)) return unreadable(path, "it is neither a file nor a folder");
    std::vector<fs::path> files;
    for (fs::directory_iterator entry(path, failed), end; !failed && entry != end; entry.increment(failed)) {
        std::error_code ignored;
        if (entry->is_regular_file(ignored)) files.push_back(entry->path());
        if (files.size() > kMostFiles)
            return unreadable(path, fmt::format("it has more than {} files", kMostFiles));
    }
    if (failed) return unreadable(path, failed.message());
    std::ranges::sort(files);
    return files;
}

}  // namespace

const FoundConfig::Value* FoundConfig::find(const std::string& section, const std::string& name) const {
    for (const std::string& place : {section, std::string("DEFAULT")}) {
        const auto options = sections_.find(place);
        if (options == sections_.end()) continue;
        const auto option = options->second.find(name);
        if (option != options->second.end()) return &option->second;
    }
    return nullptr;
}

Result<void> FoundConfig::add(std::string_view text, const fs::path& file) {
    Reading reading(sections_, file);
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto end = text.find('\n');
        const std::string wrong = reading.take(text.substr(0, end));
        if (!wrong.empty()) {
            return fail(ErrorKind::Config, fmt::format("{}:{}: {}", file.string(), number, wrong),
                        "Keylime would not read it either; give the file that the server runs with");
        }
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return {};
}

Result<FoundConfig> read_config(const std::string& option, const std::string& component,
                                const std::vector<std::string>& files) {
    FoundConfig config(files.empty() ? "" : files.front());
    for (const std::string& given : files) {
        const auto found = files_at(given);
        if (!found) return fail(found.error().in(option));
        for (const fs::path& file : *found) {
            const auto text = text_of(file);
            if (!text) return fail(text.error().in(option));
            if (auto added = config.add(*text, file); !added) return fail(added.error().in(option));
        }
    }
    if (files.empty() || config.has_section(component)) return config;
    return fail(ErrorKind::Config,
                fmt::format("{}: there is no section [{}] in {}", option, component, fmt::join(files, ", ")),
                fmt::format("give Keylime's {}.conf, as the {} runs with it", component, component));
}

}  // namespace pushsim::stack
