// The places in Keylime that the suite names are there, in the real one.

#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <regex>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sim/conformance/deviations.hpp"
#include "sim/stack/install.hpp"
#include "tests/sim/conformance/suite.hpp"

namespace pushsim::conformance {
namespace {

using test::folder;
using test::suite;

/// "keylime/failure.py:181 _eval_severity_config": of sources with the function, of references without.
std::set<std::string> places() {
    std::set<std::string> all;
    const auto add = [&](const std::string& text, const std::regex& form) {
        for (std::sregex_iterator at(text.begin(), text.end(), form), end; at != end; ++at)
            all.insert(at->str(1));
    };
    const std::regex of_source(R"re((keylime/[\w/]+\.py:\d+(?:-\d+)?(?: [A-Za-z_][\w.]*)?) \()re");
    for (const Requirement& one : suite().requirements) {
        for (const std::string& source : one.sources)
            add(source, of_source);
    }
    const std::regex of_reference(R"re((keylime/[\w/]+\.py:\d+(?:-\d+)?))re");
    for (const auto& file : std::filesystem::directory_iterator(folder / "deviations")) {
        for (const KnownDeviation& one : load_deviations(file.path()).value)
            add(one.deviation.reference, of_reference);
    }
    return all;
}

TEST(KeylimePlaces, AreWhereTheSuiteSays) {
    const auto keylime = stack::find_keylime(stack::kPinnedRelease);
    ASSERT_TRUE(keylime) << keylime.error().text();
    const std::set<std::string> all = places();
    ASSERT_GT(all.size(), 400U);
    const auto file = std::filesystem::path(::testing::TempDir()) / "places-in-keylime";
    {
        std::ofstream out(file);
        for (const std::string& place : all)
            out << place << '\n';
    }
    const std::string command =
        keylime->python + " " PUSHSIM_FIXTURES "/keylime/lines.py < " + file.string() + " 2>&1";
    const auto close = [](std::FILE* pipe) { pclose(pipe); };
    const std::unique_ptr<std::FILE, decltype(close)> pipe(popen(command.c_str(), "r"), close);
    std::string wrong;
    std::array<char, 4096> part{};
    while (const std::size_t read = std::fread(part.data(), 1, part.size(), pipe.get()))
        wrong.append(part.data(), read);
    EXPECT_EQ(wrong, "");
}

}  // namespace
}  // namespace pushsim::conformance
