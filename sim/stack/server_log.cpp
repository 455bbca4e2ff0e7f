#include "sim/stack/server_log.hpp"

#include <algorithm>
#include <fstream>
#include <regex>
#include <system_error>

#include <fmt/core.h>

namespace pushsim::stack {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

bool is_blank(std::string_view line) {
    return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// "package.SomeError: words" or a bare "SomeError" at the start of a line, as a traceback ends.
bool is_exception(std::string_view line) {
    static const std::regex form(
        R"(^[A-Za-z_][A-Za-z0-9_.]*(Error|Exception|Exit|Interrupt|NoOption\w*)(:.*)?$)");
    return std::regex_match(line.begin(), line.end(), form) || line.starts_with("Exception:");
}

/// Without "/somewhere/site-packages/" before "keylime/…".
std::string without_folders(const std::string& line) {
    static const std::regex folders(R"(File "[^"]*/(keylime/[^"]*)\")");
    return std::regex_replace(line, folders, "File \"$1\"");
}

std::string without_secrets(const std::string& line) {
    static const std::regex long_text("(?=[a-z+/=_-]*[A-Z0-9])[A-Za-z0-9+/=_-]{28,}");
    static const std::regex file(R"(^\s*File ".*)");
    return std::regex_match(line, file) ? line : std::regex_replace(line, long_text, "…");
}

struct Known {
    const char* sign;
    const char* cause;  ///< empty: the exception's own words are the best
    const char* mend;
};

constexpr Known kKnown[] = {
    {"'tpm2_startup'",
     "tpm2-tools are missing (no tpm2_startup in PATH), and the verifier does not start without",
     "run scripts/setup, or: apt-get install tpm2-tools"},
    {"ModuleNotFoundError", "", "a Python package that Keylime needs is missing: run scripts/setup"},
    {"[Errno 98]", "its port is taken",
     "ask for another port, or leave the port out, and a free one is chosen"},
    {"Permission denied", "", "the file or folder named must be readable to the user that runs pushsim"},
    {"[SSL]", "", "a certificate or key does not fit: look at the TLS options of the stack"},
    {"No space left on device", "", "make room on the disk of the run's folder"},
};

}  // namespace

bool says_listening(std::string_view log) {
    return log.find(" Listening on ") != std::string_view::npos;
}

bool says_accepting(std::string_view log) {
    return log.find("database system is ready to accept connections") != std::string_view::npos;
}

bool says_port_taken(std::string_view log) {
    return log.find("[Errno 98]") != std::string_view::npos;
}

std::optional<std::string> exception_line(std::string_view log) {
    const auto lines = lines_of(log);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
        if (is_exception(*line)) return std::string(*line);
    }
    return std::nullopt;
}

std::vector<std::string> last_lines(std::string_view log, std::size_t count) {
    std::vector<std::string> kept;
    const auto lines = lines_of(log);
    for (auto line = lines.rbegin(); line != lines.rend() && kept.size() < count; ++line) {
        if (!is_blank(*line)) kept.emplace_back(*line);
    }
    std::ranges::reverse(kept);
    return kept;
}

std::vector<std::string> lines_of_request(std::string_view log, std::string_view request_id) {
    std::vector<std::string> found;
    if (request_id.empty()) return found;
    constexpr std::size_t longest = 1000;  // octets: what is longer is an object printed whole
    const std::string mark = fmt::format("(reqid={}) ", request_id);
    for (const std::string_view line : lines_of(log)) {
        const auto at = line.find(mark);
        if (at == std::string_view::npos) continue;
        const std::string words(line.substr(at + mark.size(), longest));
        if (words.find_first_not_of(" ^~") == std::string::npos) continue;
        found.push_back(without_secrets(without_folders(words)));
    }
    return found;
}

Diagnosis diagnose(std::string_view log) {
    const auto exception = exception_line(log);
    const auto last = last_lines(log, 1);
    const std::string own_words = exception      ? *exception
                                  : last.empty() ? std::string("it wrote nothing to its log")
                                                 : last.front();
    for (const auto& known : kKnown) {
        if (log.find(known.sign) == std::string_view::npos) continue;
        return {*known.cause == '\0' ? own_words : fmt::format("{}: {}", known.cause, own_words), known.mend};
    }
    return {own_words, ""};
}

std::string read_tail(const std::filesystem::path& file, std::size_t limit) {
    std::ifstream in(file, std::ios::binary | std::ios::ate);
    if (!in) return {};
    const auto size = static_cast<std::size_t>(in.tellg());
    const std::size_t from = size > limit ? size - limit : 0;
    in.seekg(static_cast<std::streamoff>(from));
    std::string text(size - from, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    return text;
}

std::vector<std::string> LogReader::last(std::size_t count) {
    constexpr std::uintmax_t kLongest = 1024 * 1024;
    std::error_code none;
    const auto size = std::filesystem::file_size(file_, none);
    read_ = none || size <= kLongest ? 0 : size - kLongest;
    const bool in_the_middle = read_ > 0;
    auto lines = more();
    if (in_the_middle && !lines.empty()) lines.erase(lines.begin());
    std::erase_if(lines, [](const std::string& line) { return is_blank(line); });
    if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
    return lines;
}

std::vector<std::string> LogReader::more() {
    std::error_code none;
    const auto size = std::filesystem::file_size(file_, none);
    if (none) return {};
    if (size < read_) read_ = 0;
    std::ifstream in(file_, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(read_));
    std::string text(size - read_, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
    text.resize(text.rfind('\n') + 1);
    read_ += text.size();
    std::vector<std::string> lines;
    for (const std::string_view line : lines_of(text))
        lines.emplace_back(line);
    return lines;
}

}  // namespace pushsim::stack
