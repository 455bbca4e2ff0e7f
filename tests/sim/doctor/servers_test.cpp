#include "sim/doctor/servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pushsim::doctor {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using transport::FailureKind;

stack::Call answered(int status, const std::string& body = "") {
    stack::Call call{{"GET", "/version", {}, {}}, {}};
    call.outcome.response = HttpResponse{status, {}, body};
    return call;
}

stack::Call failed(FailureKind kind, const std::string& message) {
    stack::Call call{{"GET", "/version", {}, {}}, {}};
    call.outcome.failure = transport::Failure{kind, message};
    return call;
}

ServerFacts verifier(stack::Call version, std::optional<int> sessions = std::nullopt) {
    return {"verifier", {"kl.example", 8881}, true, std::move(version), sessions};
}

ServerFacts registrar_tls(stack::Call version, std::optional<int> sessions) {
    return {"registrar TLS", {"kl.example", 8891}, true, std::move(version), sessions};
}

TEST(CheckServer, ThatAnswersIsWellInPushModeToo) {
    EXPECT_EQ(check_server(verifier(answered(410)), "ca.pem").found,
              "https://kl.example:8881 answers; its certificate verifies for kl.example");
    EXPECT_EQ(check_server({"registrar", {"h", 1}, false, answered(200)}, "ca.pem").found,
              "http://h:1 answers");
}

TEST(CheckServer, ThatDoesNotAnswerIsAFailureWithTheWayOutOfItsKind) {
    const std::vector<std::pair<FailureKind, std::string>> mends = {
        {FailureKind::ConnectFailed, "start the verifier"},
        {FailureKind::Certificate,
         "--ca must be the CA of this server's certificate (given: ca.pem), which must name "
         "kl.example"},
        {FailureKind::Tls, "see whether this is the verifier's port for TLS"},
        {FailureKind::Closed, "see whether this is the verifier's port for TLS, and what its log says"},
        {FailureKind::Timeout, "this is the verifier's port for TLS, whether a firewall is between"},
    };
    for (const auto& [kind, mend] : mends) {
        const Finding finding = check_server(verifier(failed(kind, "kl.example:8881: so")), "ca.pem");
        EXPECT_EQ(finding.level, Level::Fail);
        EXPECT_EQ(finding.found, "kl.example:8881: so");
        EXPECT_THAT(finding.mend, HasSubstr(mend));
    }
}

TEST(CheckServer, ARegistrarThatDoesNotSayItsVersionsIsNone) {
    const Finding finding = check_server({"registrar", {"h", 1}, false, answered(404)}, "ca.pem");
    EXPECT_EQ(finding.level, Level::Fail);
    EXPECT_THAT(finding.found, HasSubstr("404: no registrar"));
    EXPECT_THAT(finding.mend, HasSubstr("HTTP port"));
}

TEST(CheckServer, AtThePortForHttpWantsThatPort) {
    const Finding finding =
        check_server({"registrar", {"h", 1}, false, failed(FailureKind::Closed, "h:1: closed")}, "ca.pem");
    EXPECT_THAT(finding.mend, HasSubstr("see whether this is the registrar's port for HTTP"));
}

TEST(CheckServer, AVerifierAtTheRegistrarsPortIsNamed) {
    for (const int version : {200, 410}) {
        const Finding finding = check_server(registrar_tls(answered(version), 405), "ca.pem");
        EXPECT_EQ(finding.level, Level::Fail);
        EXPECT_THAT(finding.found, HasSubstr(std::to_string(version) + ": a verifier"));
        EXPECT_THAT(finding.mend, HasSubstr("TLS port that the registrar listens on"));
    }
    EXPECT_EQ(check_server(registrar_tls(answered(200), 404), "ca.pem").level, Level::Ok);
}

TEST(CheckSwapped, IsAFailureWhereEachAnswersAtTheOthersPort) {
    for (const int version : {200, 410}) {
        const auto finding =
            check_swapped(verifier(answered(200), 404), registrar_tls(answered(version), 405));
        ASSERT_TRUE(finding);
        EXPECT_EQ(finding->level, Level::Fail);
        EXPECT_THAT(finding->found, HasSubstr("--verifier and --registrar-tls are swapped"));
        EXPECT_EQ(finding->mend, "--verifier kl.example:8891 --registrar-tls kl.example:8881");
    }
    EXPECT_FALSE(check_swapped(verifier(answered(410), 405), registrar_tls(answered(200), 404)));
    EXPECT_FALSE(check_swapped(verifier(answered(200), 404), registrar_tls(answered(200), 404)));
    EXPECT_FALSE(check_swapped(verifier(answered(410), 405), registrar_tls(answered(410), 405)));
    EXPECT_FALSE(
        check_swapped(verifier(failed(FailureKind::Closed, "x")), registrar_tls(answered(410), 405)));
}

TEST(CheckMode, IsPushWhereVersionIsGoneAndSessionsAreThere) {
    EXPECT_EQ(check_mode(verifier(answered(410), 405)), (Finding{Level::Ok, "verifier's mode", "push"}));
}

TEST(CheckMode, OfAVerifierInPullModeIsAFailure) {
    const Finding finding = check_mode(verifier(answered(200), 405));
    EXPECT_EQ(finding.level, Level::Fail);
    EXPECT_THAT(finding.found, HasSubstr("pull"));
    EXPECT_THAT(finding.mend, HasSubstr("`mode = push`"));
}

TEST(CheckMode, ARegistrarIsNotTakenForAVerifierInPullMode) {
    const Finding finding = check_mode(verifier(answered(200), 404));
    EXPECT_EQ(finding.level, Level::Fail);
    EXPECT_THAT(finding.found, HasSubstr("has no sessions"));
}

TEST(CheckMode, ThatIsNeitherIsAWarningAndWithoutAnAnswerSkipped) {
    EXPECT_EQ(check_mode(verifier(answered(500), 405)).level, Level::Warning);
    EXPECT_EQ(check_mode(verifier(answered(404), 404)).level, Level::Fail) << "no server of Keylime";
    EXPECT_EQ(check_mode(verifier(answered(410), 404)).level, Level::Fail) << "it has no sessions";
    EXPECT_EQ(check_mode(verifier(answered(410))).level, Level::Skipped);
    EXPECT_EQ(check_mode(verifier(failed(FailureKind::Closed, "x"), 405)).level, Level::Skipped);
}

TEST(CheckAdmin, WhoseCertificateIsRefusedIsAFailure) {
    EXPECT_EQ(check_admin("verifier", answered(200)).level, Level::Ok);
    for (const int status : {401, 403}) {
        const Finding finding = check_admin("verifier", answered(status));
        EXPECT_EQ(finding.level, Level::Fail);
        EXPECT_THAT(finding.found, HasSubstr("refused (" + std::to_string(status)));
        EXPECT_THAT(finding.mend, HasSubstr("trusted_client_ca"));
    }
    EXPECT_THAT(check_admin("verifier", failed(FailureKind::Certificate, "cannot use our certificate")).mend,
                HasSubstr("must be a pair"));
    const Finding broken = check_admin("registrar", answered(500));
    EXPECT_EQ(broken.level, Level::Fail);
    EXPECT_THAT(broken.mend, HasSubstr("log of the registrar"));
}

TEST(CheckValidity, AWeekBeforeItsEndACertificateIsAWarning) {
    const WallTime now{1'700'000'000s};
    const auto at = [&](Duration from, Duration until) {
        return check_validity("admin certificate", "a.pem",
                              Validity{now + std::chrono::duration_cast<std::chrono::seconds>(from),
                                       now + std::chrono::duration_cast<std::chrono::seconds>(until)},
                              now);
    };
    EXPECT_EQ(at(-1h, 24h * 8).level, Level::Ok);
    EXPECT_EQ(at(-1h, 24h * 6).level, Level::Warning);
    EXPECT_THAT(at(-1h, 24h * 6).found, HasSubstr("expires on 2023-11-20"));
    EXPECT_EQ(at(-1h, 0h).level, Level::Fail);
    EXPECT_THAT(at(-48h, -24h).found, HasSubstr("expired on 2023-11-13"));
    EXPECT_EQ(at(1h, 24h * 60).level, Level::Fail);
    EXPECT_THAT(at(1h, 24h * 60).found, HasSubstr("valid from 2023-11-14T23:13:20"));
    EXPECT_THAT(at(1h, 24h * 60).mend, HasSubstr("clock"));
    EXPECT_EQ(
        check_validity("CA certificate", "a.pem", fail(ErrorKind::Config, "no PEM", "name one"), now).level,
        Level::Fail);
}

TEST(CheckApiVersions, OneMustBeBothServers) {
    const std::vector<std::string> old{"2.5", "2.4"};
    const std::vector<std::string> both{"2.6", "2.5"};
    const Finding good = check_api_versions({both, {"2.0", "2.5", "2.6", "3.0"}});
    EXPECT_EQ(good.level, Level::Ok);
    EXPECT_THAT(good.found, HasSubstr("common to both: 2.6, 2.5; spoken: 2.6"));
    EXPECT_THAT(check_api_versions({both, old}).found, HasSubstr("spoken: 2.5"));
    for (const ApiVersions& versions :
         {ApiVersions{{"2.6"}, old}, ApiVersions{{}, both}, ApiVersions{both, {}}, ApiVersions{{}, {}}}) {
        const Finding finding = check_api_versions(versions);
        EXPECT_EQ(finding.level, Level::Fail);
        EXPECT_THAT(finding.found, HasSubstr("none in common"));
        EXPECT_NE(finding.mend, "");
    }
}

TEST(Clocks, ADateBoundsTheSkewToASecondAndTheWayThereAndBack) {
    const WallTime date{1'700'000'000s};
    EXPECT_FALSE(skew_of({}).has_value());
    // Sent half a second into the second of the Date, answered 100 ms later.
    const auto one = skew_of({{date + 500ms, date + 600ms, date}});
    ASSERT_TRUE(one);
    EXPECT_EQ(one->least, -600ms);
    EXPECT_EQ(one->most, 500ms);
    // Another one, just behind the start of its second, tells more of the same.
    const auto both = skew_of({{date + 500ms, date + 600ms, date}, {date + 1s, date + 1010ms, date + 1s}});
    EXPECT_EQ(both->least, -10ms);
    EXPECT_EQ(both->most, 500ms);
    // A clock that was set in between: what is said last holds.
    const auto set = skew_of({{date, date, date}, {date + 1s, date + 1s, date + 100s}});
    EXPECT_EQ(set->least, 99s);
    EXPECT_EQ(set->most, 100s);
}

TEST(CheckClock, WarnsAboveOneSecondAndFailsAboveFiveIfItIsSurelySo) {
    const auto ahead = [](Duration least, Duration most) {
        return check_clock("verifier", Skew{least, most});
    };
    EXPECT_EQ(ahead(-500ms, 500ms).level, Level::Ok);
    EXPECT_THAT(ahead(-500ms, 500ms).found, HasSubstr("+0.00 s against this machine (uncertain by 0.50 s"));
    EXPECT_EQ(ahead(900ms, 1900ms).level, Level::Ok) << "may be 0.9 s";
    EXPECT_EQ(ahead(1100ms, 2100ms).level, Level::Warning);
    EXPECT_EQ(ahead(-2100ms, -1100ms).level, Level::Warning);
    EXPECT_EQ(ahead(4900ms, 5900ms).level, Level::Warning);
    EXPECT_EQ(ahead(5100ms, 6100ms).level, Level::Fail);
    EXPECT_EQ(ahead(-7s, -6s).level, Level::Fail);
    EXPECT_THAT(ahead(-7s, -6s).found, HasSubstr("-6.50 s"));
    EXPECT_THAT(ahead(-7s, -6s).mend, HasSubstr("NTP"));
    EXPECT_EQ(check_clock("verifier", std::nullopt).level, Level::Skipped);
}

TEST(CheckRateLimits, AFleetThatIsLargerThanTheLimitOfItsAddressIsAWarning) {
    EXPECT_EQ(check_rate_limits({}, 50).level, Level::Ok);
    EXPECT_THAT(check_rate_limits({}, 50).found, HasSubstr("(if not changed there)"));
    const Finding finding = check_rate_limits({}, 51);
    EXPECT_EQ(finding.level, Level::Warning);
    EXPECT_THAT(finding.mend, HasSubstr("session_create_rate_limit_per_ip = 51"));
}

TEST(RateLimits, AreThoseOfTheConfiguration) {
    const RateLimits limits = rate_limits_in(
        "[verifier]\nmode = push\nsession_create_rate_limit_per_ip = 500\n"
        "session_create_rate_limit_window_ip=10\n# session_create_rate_limit_per_agent = 1\n");
    EXPECT_EQ(limits.of_an_address, 500U);
    EXPECT_EQ(limits.window_of_an_address, 10s);
    EXPECT_EQ(limits.of_an_agent, 15U);
    EXPECT_TRUE(limits.known);
    EXPECT_EQ(check_rate_limits(limits, 500).level, Level::Ok);
    EXPECT_EQ(check_rate_limits(limits, 501).level, Level::Warning);
}

}  // namespace
}  // namespace pushsim::doctor
