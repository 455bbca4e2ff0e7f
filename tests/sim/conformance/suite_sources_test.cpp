// Where the suite says that its sentences, and what is known of Keylime, are from: each place in one
// spelling.

#include <regex>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/conformance/suite.hpp"

namespace pushsim::conformance {
namespace {

using test::folder;
using test::suite;

/// The documents, as a source begins. What is of Keylime is its path there, with the ending.
const std::set<std::string> documents{
    "CVE-2025-13609",
    "CWE-306",
    "JSON:API 1.1",
    "Linux Documentation/security/IMA-templates.rst",
    "RFC 4648",
    "RFC 6585",
    "RFC 6750",
    "RFC 9110",
    "RFC 9112",
    "TPM 2.0 Part 1",
    "TPM 2.0 Part 2",
    "docs/design/push_model.rst",
    "docs/installation.rst",
    "docs/man/keylime_registrar.8.rst",
    "docs/man/keylime_tenant.1.rst",
    "docs/man/keylime_verifier.8.rst",
    "docs/rest_apis.rst",
    "docs/rest_apis/2_5/registrar.rst",
    "docs/rest_apis/2_5/verifier.rst",
    "docs/rest_apis/3_0/registrar.rst",
    "docs/rest_apis/3_0/verifier.rst",
    "docs/user_guide/authentication.rst",
    "docs/user_guide/configuration.rst",
    "docs/user_guide/idevid_and_iak.rst",
    "docs/user_guide/push_model.rst",
    "docs/user_guide/runtime_ima.rst",
    "docs/user_guide/use_measured_boot.rst",
    "docs/user_guide/user_selected_pcr_monitoring.rst",
    "enhancement 103",
    "pull request 1830",
    "pull request 1831",
    "templates/2.6/verifier.j2",
};

/// FILE:LINE[-LINE] [FUNCTION] (VERSION)[, what is to be said of it]
const std::regex of_code(R"re((keylime/[\w/]+\.py:\d+(-\d+)?( [A-Za-z_][\w.]*)?) \(7\.14\.3\)(, .+)?)re");

/// NAME[, CHAPTER] ["SECTION"][, where in it, or what is to be said of it]
bool is_of_document(const std::string& source, const std::string& name) {
    static const std::regex rest(R"re((, [\d.]+)?( "[^"]+")?(, .+)?)re");
    return source.starts_with(name) && std::regex_match(source.substr(name.size()), rest);
}

TEST(Suite, EachSourceIsSpelledInOneWay) {
    std::set<std::string> named;
    for (const Requirement& one : suite().requirements) {
        for (const std::string& source : one.sources) {
            if (std::regex_match(source, of_code)) continue;
            std::string of;  // the longest: docs/rest_apis.rst is no beginning of another, but may become one
            for (const std::string& name : documents) {
                if (is_of_document(source, name) && name.size() > of.size()) of = name;
            }
            EXPECT_NE(of, "") << one.id << ": " << source;
            named.insert(of);
        }
    }
    named.erase("");
    EXPECT_THAT(named, ::testing::ContainerEq(documents)) << "a document that nothing is from";
    // An endpoint is called as in the document: in the whole, not by its end.
    for (const Requirement& one : suite().requirements) {
        for (const std::string& source : one.sources)
            EXPECT_EQ(source.find(" …/"), std::string::npos) << one.id << ": " << source;
    }
}

/// What Keylime does otherwise stands somewhere in it: who is to mend it need not look for that.
TEST(Suite, EveryDeviationNamesAPlaceInKeylime) {
    const std::regex place(R"re(keylime/[\w/]+\.py:\d+)re");
    const std::regex file(R"re([\w/]+\.py\b)re");
    for (const auto& entry : std::filesystem::directory_iterator(folder / "deviations")) {
        for (const KnownDeviation& one : load_deviations(entry.path()).value) {
            const std::string& reference = one.deviation.reference;
            if (one.deviation.withheld) continue;
            EXPECT_TRUE(std::regex_search(reference, place))
                << one.deviation.requirement << ": " << reference;
            for (std::sregex_iterator at(reference.begin(), reference.end(), file), end; at != end; ++at)
                EXPECT_TRUE(at->str().starts_with("keylime/"))
                    << one.deviation.requirement << ": " << at->str();
        }
    }
}

}  // namespace
}  // namespace pushsim::conformance
