// What is gathered, from things that were made for it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/doctor/doctor.hpp"
#include "sim/doctor/machine.hpp"
#include "sim/doctor/servers.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/stack/support.hpp"

namespace pushsim::doctor {
namespace {

using stack::test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Facts, AFolderThatIsNotThereYetIsJudgedByTheOneAboveAndNothingIsLeftInIt) {
    const TemporaryFolder place;
    const FolderFacts facts = look_at_folder(place.path() / "a/b", "name another");
    EXPECT_TRUE(facts.writable.has_value());
    EXPECT_GT(facts.free_space.value_or(0), 0U);
    EXPECT_TRUE(std::filesystem::is_empty(place.path()));
}

TEST(Facts, AFileIsNoFolderToWriteTo) {
    const TemporaryFolder place;
    stack::test::write(place.path() / "file", "x");
    const FolderFacts facts = look_at_folder(place.path() / "file/runs", "name another");
    ASSERT_FALSE(facts.writable.has_value());
    EXPECT_THAT(facts.writable.error().message, HasSubstr((place.path() / "file").string()));
}

TEST(Facts, OfThisMachineCanBeHad) {
    EXPECT_GT(file_limit().soft, 0U);
    EXPECT_GT(free_memory().value_or(0), 0U);
    const auto ports = local_ports();
    ASSERT_TRUE(ports.has_value());
    EXPECT_LT(ports->first, ports->last);
}

TEST(Facts, AProgramIsLookedForInPathAndALibraryWhereTheLoaderDoes) {
    EXPECT_TRUE(is_there({"sh", "", "", false}));
    EXPECT_FALSE(is_there({"no-such-program", "", "", false}));
    EXPECT_TRUE(is_there({"libc.so.6", "", "", false}));
    EXPECT_FALSE(is_there({"libno-such.so.1", "", "", false}));
}

TEST(Facts, AStackThatHasEndedIsALeftover) {
    const TemporaryFolder place;
    const auto registry = *stack::Registry::open(place.path() / "stacks");
    EXPECT_THAT(leftovers(registry), IsEmpty());
    stack::StackRecord record;
    record.folder = place.path() / "ended";
    record.id = "0123456789abcdef";
    record.owner = {1, 0};  // no process that lives: the start time is another
    record.boot = stack::boot_identity();
    record.kept = true;
    ASSERT_TRUE(registry.write(record).has_value());
    EXPECT_THAT(leftovers(registry), ElementsAre(HasSubstr("ended has ended")));
    record.boot = "another boot";
    ASSERT_TRUE(registry.write(record).has_value());
    EXPECT_THAT(leftovers(registry), IsEmpty());
}

TEST(Facts, TheTimesOfACertificateAreRead) {
    const TemporaryFolder place;
    EXPECT_THAT(validity_of(place.path() / "none.pem").error().message,
                HasSubstr("is no certificate in PEM"));
    stack::test::write(place.path() / "key.pem", "-----BEGIN PRIVATE KEY-----\n");
    EXPECT_FALSE(validity_of(place.path() / "key.pem").has_value());

    const core::SystemClock clock;
    const WallTime now = clock.wall_now();
    const pki::TestPki pki(now);
    const auto level = [&](pki::CertificateKind kind) {
        const auto credentials = pki.issue(kind, pki::Role::Client, {.common_name = "tenant"});
        const auto files = *pki::write_files(credentials, place.path(), "tenant");
        return check_validity("admin certificate", files.certificate, validity_of(files.certificate), now)
            .level;
    };
    EXPECT_EQ(level(pki::CertificateKind::Valid), Level::Ok);
    EXPECT_EQ(level(pki::CertificateKind::Expired), Level::Fail);
    EXPECT_EQ(level(pki::CertificateKind::NotYetValid), Level::Fail);
}

TEST(Examine, AnExternalStackThatCannotBeUsedAndAStateFolderThatCannotBeMadeAreFindings) {
    const TemporaryFolder place;
    const core::SystemClock clock;
    const auto findings =
        examine({External{fail(ErrorKind::Stack, "ca.pem cannot be read", "name another")}, 1, place.path()},
                fail(ErrorKind::System, "no state folder", "set XDG_STATE_HOME"), clock);
    const auto about = [&](const std::string& thing) {
        for (const Finding& finding : findings) {
            if (finding.thing == thing) return finding;
        }
        return Finding{};
    };
    EXPECT_EQ(about("external stack"),
              (Finding{Level::Fail, "external stack", "ca.pem cannot be read", "name another"}));
    EXPECT_EQ(about("state folder"),
              (Finding{Level::Fail, "state folder", "no state folder", "set XDG_STATE_HOME"}));
    EXPECT_EQ(about("leftovers").level, Level::Skipped);
}

TEST(Examine, AFileWhereRunFoldersGoIsAFailureWithTheWayOut) {
    const TemporaryFolder place;
    const core::SystemClock clock;
    stack::test::write(place.path() / "file", "");
    const auto findings =
        examine({ToStart{fail(ErrorKind::Config, "no Keylime", "get one"), {}}, 1, place.path() / "file"},
                stack::Registry::open(place.path() / "stacks"), clock);
    EXPECT_THAT(findings,
                ::testing::Contains(Finding{
                    Level::Fail, "runs folder", (place.path() / "file").string() + " is no folder",
                    "name a folder that this user may write to: --out DIR, here and with `pushsim run`"}));
}

TEST(Examine, APortThatIsTakenIsAFinding) {
    const TemporaryFolder place;
    const core::SystemClock clock;
    ToStart wanted{fail(ErrorKind::Config, "Keylime not found", "run scripts/setup"), {}};
    wanted.ports.verifier = 1;
    wanted.ports.registrar_http = 1;
    const auto findings =
        examine({wanted, 1, place.path()}, stack::Registry::open(place.path() / "stacks"), clock);
    EXPECT_THAT(findings, ::testing::Contains(
                              Finding{Level::Fail, "Keylime", "Keylime not found", "run scripts/setup"}));
    EXPECT_THAT(findings,
                ::testing::Contains(Finding{Level::Skipped, "Keylime's Python", "there is no Keylime"}));
    EXPECT_THAT(findings,
                ::testing::Contains(::testing::Field(&Finding::found, HasSubstr("asked for twice"))));
}

}  // namespace
}  // namespace pushsim::doctor
