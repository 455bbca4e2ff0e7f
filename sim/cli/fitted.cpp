#include "sim/cli/fitted.hpp"

#include <algorithm>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/text.hpp"

namespace pushsim::cli {
namespace {

/// The last column that two spaces lead to, behind the `indent`, and that leaves two fifths of the width.
std::size_t table_column(std::string_view line, std::size_t indent, std::size_t width) {
    std::size_t column = indent + 2;
    for (std::size_t at = line.find("  ", indent); at != std::string_view::npos; at = line.find("  ", at)) {
        at = std::min(line.find_first_not_of(' ', at), line.size());
        if (const std::size_t here = reports::columns(line.substr(0, at)); here <= width * 3 / 5)
            column = here;
    }
    return column;
}

}  // namespace

std::string fitted(const std::string& text, std::size_t width) {
    if (width == 0) return text;
    std::string all;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
        all += reports::columns(line) <= width ? line + '\n'
                                               : reports::paragraph(indent, table_column(line, indent, width),
                                                                    line.substr(indent), width);
    }
    return all;
}

void print_fitted(const std::string& text) {
    const int width = reports::style_for(STDOUT_FILENO).wrap;
    fmt::print("{}", fitted(text, static_cast<std::size_t>(std::max(width, 0))));
}

}  // namespace pushsim::cli
