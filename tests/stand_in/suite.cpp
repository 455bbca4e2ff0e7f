#include "tests/stand_in/suite.hpp"

#include <regex>
#include <string>

namespace pushsim::stand_in {
namespace {

namespace fs = std::filesystem;

std::string without_options(const std::string& text) {
    static const std::regex stack("(^|\n)stack:[^\n]*\n([ \t][^\n]*\n|\n(?=[ \t]))*");
    std::smatch found;
    if (!std::regex_search(text, found, stack)) return text;
    const std::string options = found.str();
    if (options.find("${") != std::string::npos || options.find("database") != std::string::npos) return text;
    return found.prefix().str() + "\n" + found.suffix().str();
}

}  // namespace

fs::path suite_without_options(const pushsim::testing::Place& place) {
    const fs::path copy = place.path() / "scenarios";
    fs::copy(fs::path(PUSHSIM_SOURCE_DIR) / "scenarios", copy, fs::copy_options::recursive);
    for (const auto& file : fs::directory_iterator(copy / "conformance")) {
        const fs::path name = fs::relative(file.path(), place.path());
        if (file.path().extension() == ".yaml") place.write(name, without_options(place.read(name)));
    }
    return copy;
}

}  // namespace pushsim::stand_in
