// The routes that the suite goes by are those of the real Keylime.

#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sim/stack/install.hpp"

namespace pushsim::conformance {
namespace {

TEST(KeylimeRoutes, AreThoseOfTheFixture) {
    const auto keylime = stack::find_keylime(stack::default_keylime());
    ASSERT_TRUE(keylime) << keylime.error().text();
    const std::string command = keylime->python + " " PUSHSIM_FIXTURES "/keylime/routes.py 2>/dev/null";
    const auto close = [](std::FILE* pipe) { pclose(pipe); };
    const std::unique_ptr<std::FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
    std::string routes;
    std::array<char, 4096> part{};
    while (const std::size_t read = std::fread(part.data(), 1, part.size(), pipe.get()))
        routes.append(part.data(), read);
    std::ifstream file(PUSHSIM_FIXTURES "/keylime/routes.txt");
    const std::string known{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    EXPECT_EQ(routes, known)
        << "what is new there belongs into scenarios/conformance/access-by-route.yaml, too: " << command
        << " > fixtures/keylime/routes.txt";
}

}  // namespace
}  // namespace pushsim::conformance
