// The bad days: each ends in bounded time, named, with nothing left running.

#include <cstdlib>
#include <fstream>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sim/stack/install.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Long enough to be met in the middle; its attestations come each second.
const char* const kLong =
    "scenario: long\ntitle: Attests for minutes\nstack: {verifier: {quote_interval: 1s}}\n"
    "agents: {one: {enrol: {tpm_policy: {from_boot: [0]}}}}\n"
    "script:\n  - attest: {agents: one, times: 300}\n    expect: {verdict: pass}\n";

bool history_has(const Place& place, const std::string& text, const std::string& runs = "runs/") {
    return place.read(runs + "latest/history.jsonl").find(text) != std::string::npos;
}

bool in_the_middle(const Place& place) {
    return history_has(place, "\"kind\":\"verdict\"");
}

/// At least `least` whole lines, each a JSON object of ours; the last one may be cut.
void expect_readable(const std::string& history, std::size_t least = 10) {
    std::size_t lines = 0, begin = 0;
    for (std::size_t end; (end = history.find('\n', begin)) != std::string::npos; begin = end + 1, ++lines) {
        EXPECT_EQ(history.substr(begin, 4), "{\"n\"");
        EXPECT_EQ(history[end - 1], '}');
    }
    EXPECT_GE(lines, least);
}

class Listener {
  public:
    Listener() : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address);
        ::listen(socket_, 1);
        socklen_t size = sizeof address;
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(socket_); }
    std::string port() const { return std::to_string(port_); }

  private:
    int socket_;
    int port_ = 0;
};

TEST(BadDays, APortThatIsTakenIsNamedWithItsHolder) {
    const Place place;
    const Listener listener;
    const Ended run =
        pushsim(place, {"run", scenario_file("honest-agent"), "--verifier-port", listener.port()});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr(listener.port()));
    EXPECT_THAT(run.err, HasSubstr("mend"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, ABrokenKeylimeIsNamedWithItsLastWords) {
    const Place place;
    fs::create_directories(place.path() / "broken/bin");
    for (const char* server : {"keylime_verifier", "keylime_registrar"}) {
        place.write(std::string("broken/bin/") + server,
                    "#!/bin/sh\necho 'ImportError: the moon is not in the right phase' >&2\nexit 1\n");
        fs::permissions(place.path() / "broken/bin" / server, fs::perms::owner_all);
    }
    const Ended run = pushsim(place, {"run", scenario_file("honest-agent"), "--keylime", "broken"});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("the moon is not in the right phase"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, ACaThatCannotBeReadIsNamedWithTheWayOut) {
    const Place place;
    const Ended run =
        pushsim(place, {"run", scenario_file("honest-agent"), "--stack", "external", "--verifier",
                        "127.0.0.1:1", "--registrar", "127.0.0.1:1", "--registrar-tls", "127.0.0.1:1", "--ca",
                        "no-such-ca.pem", "--admin-cert", "c.pem", "--admin-key", "k.pem"});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("no-such-ca.pem"));
    EXPECT_THAT(run.err, HasSubstr("mend: give a PEM file that this user may read"));
}

TEST(BadDays, ACaOfTheUsersOwnFolderThatCannotBeReadIsNamedWithTheWayOut) {
    const Place place;
    const Ended run = pushsim(place, {"stack", "up", "--verifier-option", "tls_dir=/nowhere"});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("/nowhere/cacert.crt"));
    EXPECT_THAT(run.err, HasSubstr("mend: give a PEM file that this user may read"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, AVerifierKilledInTheMiddleIsAStackThatFailed) {
    const Place place;
    place.write("long.yaml", kLong);
    Program program(place, {"run", "long.yaml"});
    ASSERT_TRUE(becomes([&] { return in_the_middle(place); }));
    for (const pid_t pid : place.servers()) {
        // The verifier's processes are those with its program in their command line.
        const std::string words = place.read("/proc/" + std::to_string(pid) + "/cmdline");
        if (words.find("keylime_verifier") != std::string::npos) ::kill(pid, SIGKILL);
    }
    const Ended run = program.wait(seconds{60});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("verifier"));
    expect_readable(place.read("runs/latest/history.jsonl"));
    EXPECT_THAT(place.read("runs/latest/history.jsonl"), HasSubstr("\"what\":\"failed\""));
    EXPECT_THAT(place.read("runs/latest/report.json"), HasSubstr("\"partial\": true"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

/// A moment of a run at which pushsim itself is killed.
struct Moment {
    const char* name;
    bool (*has_come)(const Place& place);
    std::size_t lines;  ///< of the history, at least
};

class KilledPushsim : public ::testing::TestWithParam<Moment> {
  protected:
    /// A verifier that is slow to end: only SIGKILL ends the shell around it.
    static void write_deaf_keylime(const Place& place) {
        const fs::path real = fs::path(stack::find_keylime(stack::default_keylime())->verifier.front());
        fs::create_directories(place.path() / "deaf/bin");
        fs::create_symlink(real.parent_path() / "keylime_registrar",
                           place.path() / "deaf/bin/keylime_registrar");
        fs::permissions(
            place.write("deaf/bin/keylime_verifier", "#!/bin/sh\ntrap '' TERM\n" + real.string() +
                                                         " || exit 1\nwhile :; do sleep 0.1; done\n"),
            fs::perms::owner_all);
    }
};

TEST_P(KilledPushsim, LeavesAReadableHistoryAndTheNextRunEndsItsServersAndSaysSo) {
    const Place place;
    write_deaf_keylime(place);
    // Provisioning takes half a second an agent.
    place.write("four.yaml",
                "scenario: four\ntitle: Four agents\nstack: {verifier: {quote_interval: 1s}}\n"
                "agents: {many: {count: 4, enrol: {tpm_policy: {from_boot: [0]}}}}\n"
                "script:\n  - attest: {agents: many, times: 2}\n    expect: {verdict: pass}\n");
    Program program(place, {"run", "four.yaml", "--keylime", "deaf"});
    ASSERT_TRUE(becomes([&] { return GetParam().has_come(place); }));
    program.signal(SIGKILL);
    EXPECT_EQ(program.wait().exit_code, 128 + SIGKILL);
    EXPECT_THAT(place.servers(), ::testing::Not(IsEmpty()));
    expect_readable(place.read("runs/latest/history.jsonl"), GetParam().lines);

    const Ended next = pushsim(place, {"run", scenario_file("honest-agent")});
    EXPECT_EQ(next.exit_code, 0) << next.out << next.err;
    EXPECT_THAT(next.err,
                HasSubstr("a killed pushsim (process " + std::to_string(program.pid()) + ") had left"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    BadDays, KilledPushsim,
    ::testing::Values(
        Moment{"WhileItsServersStart", [](const Place& place) { return !place.servers().empty(); }, 1},
        Moment{"WhileItProvisions",
               [](const Place& place) { return history_has(place, "\"kind\":\"scenario_start\""); }, 3},
        Moment{"InTheMiddle", in_the_middle, 10},
        Moment{"WhileItStops",
               [](const Place& place) { return history_has(place, "\"kind\":\"scenario_end\""); }, 10}),
    [](const auto& test) { return test.param.name; });

TEST(BadDays, AFullDiskEndsTheRunNamedAndLeavesNoServer) {
    ASSERT_EQ(std::system("unshare --user --map-root-user --mount true"), 0)
        << "needs user and mount namespaces, which this machine or container does not allow";
    const Place place;
    place.write("long.yaml", kLong);
    fs::create_directories(place.path() / "runs");
    // Runs go to a small file system of their own, seen by the program alone.
    Program program(place, {"run", "long.yaml"}, {},
                    {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                     "mount -t tmpfs -o size=16m none runs && exec \"$@\"", "sh"});
    const std::string runs = "/proc/" + std::to_string(program.pid()) + "/cwd/runs/";
    ASSERT_TRUE(becomes([&] { return history_has(place, "\"kind\":\"verdict\"", runs); }));
    std::ofstream(runs + "filler") << std::string(std::size_t{17} << 20, '.');
    const Ended run = program.wait(seconds{60});
    EXPECT_EQ(run.exit_code, 3) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("No space left on device"));
    EXPECT_THAT(run.err, HasSubstr("make room"));
    EXPECT_THAT(run.out, HasSubstr("(history.jsonl)")) << "the others could not be written";
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, AVerifierThatHangsDoesNotHoldUpCtrlC) {
    const Place place;
    place.write("long.yaml", kLong);
    Program program(place, {"run", "long.yaml"});
    ASSERT_TRUE(becomes([&] { return in_the_middle(place); }));
    for (const pid_t pid : place.servers())
        ::kill(pid, SIGSTOP);
    short_pause();
    program.signal(SIGINT);
    const Ended run = program.wait(seconds{15});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_THAT(place.servers(), IsEmpty());
}

/// Holds a socket, so it is past its start and asks a server.
bool waits_for_an_answer(pid_t pid) {
    std::error_code gone;
    for (fs::directory_iterator entry("/proc/" + std::to_string(pid) + "/fd", gone), end;
         !gone && entry != end; entry.increment(gone)) {
        std::error_code closed;
        if (fs::read_symlink(*entry, closed).string().starts_with("socket:")) return true;
    }
    return false;
}

TEST(BadDays, CtrlCEndsACommandThatStartsNoServerAtOnceAndPromisesNothing) {
    const Place place;
    ASSERT_EQ(pushsim(place, {"stack", "up"}).exit_code, 0);
    for (const pid_t pid : place.servers())
        ::kill(pid, SIGSTOP);
    Program program(place, {"stack", "status"});
    ASSERT_TRUE(becomes([&] { return waits_for_an_answer(program.pid()); }));
    program.signal(SIGINT);
    const Ended status = program.wait(seconds{60});
    EXPECT_EQ(status.exit_code, 128 + SIGINT) << status.out << status.err;
    EXPECT_EQ(status.out + status.err, "");
}

TEST(BadDays, CtrlCOnceStopsInOrderAndMarksTheReportPartial) {
    const Place place;
    place.write("long.yaml", kLong);
    place.write("next.yaml",
                "scenario: next\nagents: { a: {} }\nscript: [ register ]\nexpect: [ accounted ]\n");
    Program program(place, {"run", "long.yaml", "next.yaml", "--jobs", "1"});
    ASSERT_TRUE(becomes([&] { return in_the_middle(place); }));
    program.signal(SIGINT);
    const Ended run = program.wait(seconds{15});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("stopping in order"));
    EXPECT_THAT(run.out, HasSubstr("2 scenarios: 1 skipped, 1 partial"));
    EXPECT_THAT(run.out, Not(HasSubstr("skip  next")));
    EXPECT_THAT(place.read("runs/latest/report.json"), HasSubstr("\"partial\": true"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, CtrlCTwiceEndsAtOnceAndLeavesNoServer) {
    const Place place;
    place.write("long.yaml", kLong);
    Program program(place, {"run", "long.yaml"});
    ASSERT_TRUE(becomes([&] { return in_the_middle(place); }));
    program.signal(SIGINT);
    program.signal(SIGTERM);  // a second SIGINT could be merged with the first while that is pending
    const Ended run = program.wait(seconds{5});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_THAT(run.err, HasSubstr("ended at once: what was recorded so far stays"));
    const std::string folder = "runs/" + fs::read_symlink(place.path() / "runs/latest").string();
    EXPECT_THAT(run.err, HasSubstr("pushsim report " + folder + " makes them"));
    EXPECT_NE(pushsim(place, {"report", folder}).exit_code, 2);
    EXPECT_TRUE(place.has("runs/latest/report.html"));
    EXPECT_TRUE(becomes([&] { return place.servers().empty(); }, seconds{5}));
}

TEST(BadDays, CtrlCWhileTheServersStartIsHeard) {
    const Place place;
    Program program(place, {"run", scenario_file("honest-agent")});
    ASSERT_TRUE(becomes([&] { return !place.servers().empty(); }));
    program.signal(SIGINT);
    const Ended run = program.wait(seconds{15});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, ATerminalThatClosesStopsInOrder) {
    const Place place;
    place.write("long.yaml", kLong);
    Program program(place, {"run", "long.yaml"});
    ASSERT_TRUE(becomes([&] { return in_the_middle(place); }));
    // The kernel sends it, and so may the shell.
    program.signal(SIGHUP);
    ASSERT_TRUE(becomes([&] { return program.said("stopping in order"); }));
    program.signal(SIGHUP);
    const Ended run = program.wait(seconds{15});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_THAT(place.read("runs/latest/report.json"), HasSubstr("\"partial\": true"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

TEST(BadDays, AReaderThatGoesAwayDoesNotEndTheRun) {
    const Place place;
    const std::vector<std::string> piped{"bash", "-c", "set -o pipefail; \"$@\" | head -n 1", "bash"};
    Program program(place, {"run", scenario_file("honest-agent")}, {}, piped);
    const Ended run = program.wait();
    EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
    EXPECT_TRUE(place.has("runs/latest/report.json"));
    EXPECT_THAT(place.servers(), IsEmpty());
}

class WhileStarting : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(WhileStarting, CtrlCTwiceLeavesNoServer) {
    const Place place;
    Program program(place, GetParam());
    ASSERT_TRUE(becomes([&] { return !place.servers().empty(); }));
    program.signal(SIGINT);
    program.signal(SIGTERM);
    const Ended run = program.wait(seconds{5});
    EXPECT_EQ(run.exit_code, 130) << run.out << run.err;
    EXPECT_TRUE(becomes([&] { return place.servers().empty(); }, seconds{5}));
}

INSTANTIATE_TEST_SUITE_P(BadDays, WhileStarting,
                         ::testing::Values(std::vector<std::string>{"run", scenario_file("honest-agent")},
                                           std::vector<std::string>{"stack", "up"}),
                         [](const auto& test) { return test.param.front(); });

}  // namespace
}  // namespace pushsim::testing
