#pragma once
// JUnit reports against fixtures/junit.xsd.

#include <cstdlib>
#include <string>

#include <sys/wait.h>

#include "tests/sim/history/support.hpp"

namespace pushsim::reports::test {

/// What xmllint says to it, or empty if it is valid. xmllint is in the package libxml2-utils.
inline std::string invalid(const std::string& xml) {
    const history::test::TemporaryFolder folder;
    history::test::overwrite(folder.file("junit.xml"), xml);
    const char* fixtures = std::getenv("PUSHSIM_FIXTURES");
    if (fixtures == nullptr) return "PUSHSIM_FIXTURES is not set: run it through ctest";
    const std::string command = std::string{"xmllint --nonet --noout --schema '"} + fixtures +
                                "/junit.xsd' '" + folder.file("junit.xml").string() + "' >'" +
                                folder.file("said").string() + "' 2>&1";
    const int status = std::system(command.c_str());
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return "";
    return "xmllint (scripts/setup installs it): " + history::test::content(folder.file("said"));
}

}  // namespace pushsim::reports::test
