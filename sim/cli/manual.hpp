#pragma once

#include <string>

namespace CLI {
class App;
}

namespace pushsim::cli {

/// All commands and options of `app`, with their examples, as a page for man(1), section 1.
std::string manual_page(const CLI::App& app, const std::string& version);

}  // namespace pushsim::cli
