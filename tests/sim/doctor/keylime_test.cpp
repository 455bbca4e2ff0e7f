#include "sim/doctor/keylime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::doctor {
namespace {

using ::testing::HasSubstr;

TEST(CheckVersion, PushModeCameWith714) {
    for (const char* version : {"7.14.0", "7.14.3", "7.15.0.dev1+g9b1f6e6a", "8.0.0"})
        EXPECT_EQ(check_version(version, "/k").level, Level::Ok) << version;
    for (const char* version : {"7.13.1", "6.99.0", "7.2.5"}) {
        const Finding finding = check_version(version, "/k");
        EXPECT_EQ(finding.level, Level::Fail) << version;
        EXPECT_THAT(finding.found, HasSubstr("without push mode"));
        EXPECT_THAT(finding.mend, HasSubstr("scripts/setup installs"));
    }
    for (const char* version : {"", "unknown", "7", "7.", "7.x"}) {
        const Finding finding = check_version(version, "/k");
        EXPECT_EQ(finding.level, Level::Warning) << version;
        EXPECT_THAT(finding.mend, HasSubstr("7.14 and newer"));
    }
}

TEST(CheckKeylime, ThatIsNotFoundIsAFailureWithTheWayOut) {
    const Finding finding = check_keylime(fail(ErrorKind::Config, "Keylime not found", "run scripts/setup"));
    EXPECT_EQ(finding, (Finding{Level::Fail, "Keylime", "Keylime not found", "run scripts/setup"}));
}

TEST(CheckPython, ThatDoesNotImportTheServersIsAFailureInItsWords) {
    stack::KeylimeInstall keylime;
    keylime.origin = "/opt/keylime_verifier";
    EXPECT_EQ(check_python(keylime, std::string{}).level, Level::Skipped);
    keylime.python = "/opt/python3";
    EXPECT_EQ(check_python(keylime, std::string{}).level, Level::Ok);
    const Finding missing =
        check_python(keylime, std::string("ModuleNotFoundError: No module named 'tornado'"));
    EXPECT_EQ(missing.level, Level::Fail);
    EXPECT_THAT(missing.found, HasSubstr("/opt/python3 cannot import the servers: ModuleNotFoundError"));
    EXPECT_THAT(missing.mend, HasSubstr("requirements.txt"));
    const Finding dead = check_python(keylime, fail(ErrorKind::System, "no such program"));
    EXPECT_EQ(dead.level, Level::Fail);
    EXPECT_THAT(dead.found, HasSubstr("does not run: no such program"));
}

TEST(CheckPython, OfAReleaseThatSetupInstalledIsInstalledAnew) {
    stack::KeylimeInstall keylime;
    keylime.version = "7.14.2";
    keylime.origin = (stack::keylime_home() / "7.14.2/bin/keylime_verifier").string();
    keylime.python = "/opt/python3";
    const std::string home = (stack::keylime_home() / "7.14.2").string();
    EXPECT_EQ(check_python(keylime, std::string("ImportError: x")).mend,
              "rm -r " + home + " && scripts/setup --keylime 7.14.2");
}

TEST(CheckPorts, ThatAreTakenAreAFailureWithTheirHolder) {
    EXPECT_EQ(check_ports(stack::Ports{1, 2, 3}).level, Level::Ok);
    const Finding taken = check_ports(fail(ErrorKind::Stack, "port 5 is taken by process 7", "end it"));
    EXPECT_EQ(taken, (Finding{Level::Fail, "servers' ports", "port 5 is taken by process 7", "end it"}));
}

TEST(CheckTpm, OursQuotesAndNamesItsLibrary) {
    const Finding finding = check_tpm(try_tpm());
    EXPECT_EQ(finding.level, Level::Ok) << finding.found;
    EXPECT_THAT(finding.found, ::testing::ContainsRegex("libtpms [0-9]+\\.[0-9]+\\.[0-9]+ starts"));
}

TEST(CheckTpm, ThatDoesNotQuoteIsAFailure) {
    const Finding slow = check_tpm({"libtpms 0.0.1", {}, "answer 3 of TPM 1 is not as by blobs"});
    EXPECT_EQ(slow.level, Level::Warning);
    EXPECT_THAT(slow.found,
                HasSubstr("by state blobs, each quote then costs twice as much: answer 3 of TPM 1"));
    const Finding finding = check_tpm({"libtpms 0.0.1", fail(ErrorKind::Tpm, "TPM2_Quote: no")});
    EXPECT_EQ(finding.level, Level::Fail);
    EXPECT_EQ(finding.found, "libtpms 0.0.1: TPM2_Quote: no");
    EXPECT_NE(finding.mend, "");
}

}  // namespace
}  // namespace pushsim::doctor
