#include "tests/stand_in/suite.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>

namespace pushsim::stand_in {
namespace {

namespace fs = std::filesystem;

/// Its first part of that name, as a pattern.
std::regex part(const std::string& name) {
    return std::regex("(^|\n)" + name + ":[^\n]*\n([ \t][^\n]*\n|\n(?=[ \t]))*");
}

/// Not of what compares the modes, the options or the databases of a verifier.
std::string without_options(const std::string& text) {
    std::smatch found;
    if (!std::regex_search(text, found, part("stack"))) return text;
    const std::string options = found.str();
    for (const char* compared : {"${mode}", "${servers.", "database"}) {
        if (options.find(compared) != std::string::npos) return text;
    }
    const std::string rest = found.prefix().str() + "\n" + found.suffix().str();
    const bool varies = options.find("${") != std::string::npos;  // and nothing else does
    return varies ? std::regex_replace(rest, part("matrix"), "\n") : rest;
}

/// No stand-in counts the seconds of a block: those that wait for its end need not wait so long.
std::string without_long_waits(const std::string& text) {
    static const std::regex minute("wait: 61s");
    return std::regex_replace(text, minute, "wait: 1s");
}

}  // namespace

fs::path suite_without_options(const pushsim::testing::Place& place) {
    const fs::path copy = place.path() / "scenarios";
    fs::copy(fs::path(PUSHSIM_SOURCE_DIR) / "scenarios", copy, fs::copy_options::recursive);
    const auto change = [&](const fs::path& folder, const auto& changed) {
        for (const auto& file : fs::directory_iterator(copy / folder)) {
            const fs::path name = fs::relative(file.path(), place.path());
            if (file.path().extension() == ".yaml") place.write(name, changed(place.read(name)));
        }
    };
    change("conformance", [](const auto& text) { return without_long_waits(without_options(text)); });
    // Cases whose options do not vary any more have no values of these in their names.
    change("deviations", [](const auto& text) {
        return std::regex_replace(text, std::regex(R"((verification-slow)\[[^\]]*\])"), "$1");
    });
    return copy;
}

std::vector<std::string> playable_in(const fs::path& suite) {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(suite / "conformance")) {
        if (file.path().extension() != ".yaml") continue;
        std::ifstream in(file.path());
        const std::string text(std::istreambuf_iterator<char>(in), {});
        if (text.find("\nstack:") == std::string::npos) names.push_back(file.path().stem());
    }
    std::ranges::sort(names);
    return names;
}

}  // namespace pushsim::stand_in
