// pushsim doctor at real servers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

std::vector<std::string> doctor_at(const std::string& up, const std::map<std::string, std::string>& changed) {
    std::vector<std::string> arguments = external_options(up, changed);
    arguments.insert(arguments.begin(), "doctor");
    return arguments;
}

TEST(Doctor, AStackThatIsUpIsAllRightAndWhatIsWrongWithAnExternalOneIsNamed) {
    const Place place;
    const Ended up = pushsim(place, {"stack", "up"});
    ASSERT_EQ(up.exit_code, 0) << up.out << up.err;

    const Ended well = pushsim(place, {"doctor"});
    EXPECT_EQ(well.exit_code, 0) << well.out << well.err;
    EXPECT_THAT(well.out, HasSubstr(" keeps in "));
    EXPECT_THAT(well.out, ContainsRegex("ok +verifier's mode +push\n"));
    EXPECT_THAT(well.out, ContainsRegex("ok +API versions +common to both: 2\\.6[0-9., ]*; spoken: 2\\.6\n"));
    EXPECT_THAT(well.out, HasSubstr(" 0 warnings, 0 failed, 0 skipped\n"));

    const Ended dead = pushsim(place, doctor_at(up.out, {{"registrar", "127.0.0.1:1"}}));
    EXPECT_EQ(dead.exit_code, 1) << dead.out << dead.err;
    EXPECT_THAT(dead.out,
                ContainsRegex("FAIL +registrar +127\\.0\\.0\\.1:1: cannot connect\n +mend: start the"));
    EXPECT_THAT(dead.out, HasSubstr(" 1 failed"));

    // Ports that were mixed up: the registrar is no verifier in pull mode.
    const Ended mixed = pushsim(place, doctor_at(up.out, {{"verifier", value_of(up.out, "registrar-tls")}}));
    EXPECT_EQ(mixed.exit_code, 1);
    EXPECT_THAT(mixed.out, ContainsRegex("FAIL +verifier's mode +https[^\n]* has no sessions"));
    const std::map<std::string, std::string> swapped{{"verifier", value_of(up.out, "registrar-tls")},
                                                     {"registrar-tls", value_of(up.out, "verifier")}};
    const Ended doctor_there = pushsim(place, doctor_at(up.out, swapped));
    EXPECT_EQ(doctor_there.exit_code, 1);
    EXPECT_THAT(doctor_there.out,
                ContainsRegex(
                    "FAIL +servers +--verifier and --registrar-tls are swapped[^\n]*\n +mend: --verifier "));
    auto list_there = external_options(up.out, swapped);
    list_there.insert(list_there.begin(), {"tenant", "list"});
    const Ended list = pushsim(place, list_there);
    EXPECT_EQ(list.exit_code, 2) << list.out;
    EXPECT_THAT(list.err, HasSubstr("pushsim: --verifier and --registrar-tls are swapped"));
    const Ended closed =
        pushsim(place, doctor_at(up.out, {{"registrar", value_of(up.out, "registrar-tls").substr(8)}}));
    EXPECT_THAT(closed.out, ContainsRegex("FAIL +registrar +[0-9.:]+: closed without a complete answer\n"
                                          " +mend: see whether this is the registrar's port for HTTP"));

    EXPECT_EQ(
        pushsim(place, {"stack", "up", "--folder", "other", "--verifier-option", "mode=pull"}).exit_code, 0);
    const std::string other = (place.path() / "other/tls/").string();
    const Ended wrong_ca = pushsim(place, doctor_at(up.out, {{"ca", other + "ca-cert.pem"}}));
    EXPECT_EQ(wrong_ca.exit_code, 1);
    EXPECT_THAT(wrong_ca.out,
                ContainsRegex("FAIL +verifier +[^\n]*does not verify[^\n]*\n +mend: --ca must be"));
    EXPECT_THAT(wrong_ca.out, ContainsRegex("skipped +administrator at verifier"));

    const Ended no_admin = pushsim(place, doctor_at(up.out, {{"admin-cert", other + "admin-cert.pem"},
                                                             {"admin-key", other + "admin-key.pem"}}));
    EXPECT_EQ(no_admin.exit_code, 1);
    EXPECT_THAT(no_admin.out, ContainsRegex("FAIL +administrator at verifier [^\n]*\n +mend: --admin-cert"));

    EXPECT_EQ(pushsim(place, {"stack", "down", "--folder", "state/pushsim/stack/default"}).exit_code, 0);
    const Ended pull = pushsim(place, {"doctor", "--format", "json"});
    EXPECT_EQ(pull.exit_code, 1);
    EXPECT_THAT(pull.out, HasSubstr("\"fit\": false"));
    EXPECT_THAT(pull.out, HasSubstr("pull: agents cannot send attestations to it"));
    EXPECT_THAT(pull.out, HasSubstr("set `mode = push`"));
    EXPECT_EQ(pushsim(place, {"stack", "down"}).exit_code, 0);
}

TEST(Doctor, WhereNoStackIsUpTheKeylimeThatWouldBeStartedIsLookedAt) {
    const Place place;
    const Ended well = pushsim(place, {"doctor"});
    EXPECT_EQ(well.exit_code, 0) << well.out << well.err;
    EXPECT_THAT(well.out, ContainsRegex("ok +Keylime +7\\.14\\.[0-9]+ "));
    EXPECT_THAT(well.out, HasSubstr("imports both servers"));
    EXPECT_THAT(place.servers(), ::testing::IsEmpty());
    const Ended many = pushsim(place, {"doctor", "--agents", "51"});
    EXPECT_EQ(many.exit_code, 0) << "a warning is no failure";
    EXPECT_THAT(many.out,
                ContainsRegex("warning +rate limits [^\n]*\n +mend: session_create_rate_limit_per_ip = 51"));
    EXPECT_THAT(many.out, HasSubstr(" 1 warning, 0 failed"));
}

}  // namespace
}  // namespace pushsim::testing
