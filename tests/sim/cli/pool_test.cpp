#include <csignal>
#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/core/clock.hpp"
#include "sim/pki/pki.hpp"
#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using nlohmann::json;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const fs::path kPools = "state/pushsim/pools";

std::string hash_in(const std::string& made) {
    std::smatch found;
    return std::regex_search(made, found, std::regex("hash  ([0-9a-f]{64})\n")) ? found[1].str() : "";
}

TEST(Pool, IsMadeListedVerifiedAndDropped) {
    const Place place;
    EXPECT_THAT(pushsim(place, {"pool", "list"}).out,
                HasSubstr("there is no pool: pushsim pool make makes one"));
    EXPECT_EQ(json::parse(pushsim(place, {"pool", "list", "--format", "json"}).out), json::array());

    const Ended made = pushsim(place, {"pool", "make", "--count", "2"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("made 2 TPMs in "));
    EXPECT_THAT(made.out, HasSubstr("\n2 TPMs with primary AKs, libtpms "));
    EXPECT_EQ(made.err, "");
    const std::string hash = hash_in(made.out);
    EXPECT_NE(hash, "");
    EXPECT_EQ(hash_in(pushsim(place, {"pool", "make", "--count", "1"}).out), hash) << "it is there";

    EXPECT_THAT(pushsim(place, {"pool", "list"}).out,
                HasSubstr("default  2 TPMs with primary AKs, libtpms "));
    const json listed = json::parse(pushsim(place, {"pool", "list", "--format", "json"}).out);
    EXPECT_EQ(listed.at(0).at("hash"), hash);
    EXPECT_EQ(listed.at(0).at("count"), 2);

    const Ended verified = pushsim(place, {"pool", "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.err;
    EXPECT_THAT(verified.out, HasSubstr("  ok    2 of 2 entries have their hash\n"));
    EXPECT_THAT(verified.out, HasSubstr("  ok    2 of 2 TPMs have the EK and the AK of their entry\n"));
    EXPECT_THAT(verified.out, HasSubstr("  ok    2 of 2 quotes of a sample are verified by OpenSSL\n"));

    const Ended dropped = pushsim(place, {"pool", "drop", "default"});
    EXPECT_EQ(dropped.exit_code, 0);
    EXPECT_THAT(dropped.out, HasSubstr("the pool 'default' ("));
    EXPECT_TRUE(fs::is_empty(place.path() / kPools));
    const Ended gone = pushsim(place, {"pool", "drop", "default"});
    EXPECT_EQ(gone.exit_code, 2);
    EXPECT_THAT(gone.err, HasSubstr("there is no pool 'default'"));
}

TEST(Pool, InAFileOfOnesOwnWithEkCertificatesAndAksUnderTheEks) {
    const Place place;
    const Ended made =
        pushsim(place, {"pool", "make", "mine.pool", "--count", "1", "--ak", "child", "--ek-certificates"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.out, HasSubstr("1 TPM with child AKs and EK certificates"));
    EXPECT_THAT(made.out, HasSubstr("  ca    mine.ca.pem\n"));
    EXPECT_THAT(place.read("mine.ca.pem"), HasSubstr("BEGIN CERTIFICATE"));
    const json verified =
        json::parse(pushsim(place, {"pool", "verify", "./mine.pool", "--format", "json"}).out);
    EXPECT_EQ(verified.at("ak"), "child");
    EXPECT_EQ(verified.at("name"), nullptr);
    EXPECT_EQ(verified.at("verified").at("certificates"), 1);
    EXPECT_EQ(verified.at("verified").at("faults"), json::array());

    const Ended dropped = pushsim(place, {"pool", "drop", "mine.pool"});
    EXPECT_EQ(dropped.exit_code, 2);
    EXPECT_THAT(dropped.err, HasSubstr("is a file of your own"));
    EXPECT_TRUE(place.has("mine.pool"));
    place.write("mine.pool", "a diary");
    const Ended again = pushsim(place, {"pool", "make", "mine.pool"});
    EXPECT_EQ(again.exit_code, 2);
    EXPECT_THAT(again.err, HasSubstr("mine.pool is no pool of TPMs\n  mend: remove it, then "));
    EXPECT_EQ(place.read("mine.pool"), "a diary");
}

TEST(Pool, ThatIsDamagedDoesNotVerifyAndIsMadeAgain) {
    const Place place;
    const std::string hash = hash_in(pushsim(place, {"pool", "make", "--count", "1"}).out);
    const fs::path file = place.path() / kPools / "default.pool";
    std::string octets = place.read(kPools / "default.pool");
    octets[200] = static_cast<char>(octets[200] ^ 1);
    place.write(kPools / "default.pool", octets);

    const Ended verified = pushsim(place, {"pool", "verify"});
    EXPECT_EQ(verified.exit_code, 1);
    EXPECT_THAT(verified.out, HasSubstr("  FAIL  0 of 1 entries have their hash\n"));
    EXPECT_THAT(verified.out, HasSubstr("is damaged: TPM 0 does not have its hash"));
    EXPECT_THAT(verified.err, HasSubstr("mend: pushsim pool drop default; pushsim pool make default"));

    fs::resize_file(file, 300);
    const Ended cut = pushsim(place, {"pool", "verify"});
    EXPECT_EQ(cut.exit_code, 1);
    EXPECT_THAT(cut.err, HasSubstr("default.pool is cut off or damaged"));
    EXPECT_THAT(json::parse(pushsim(place, {"pool", "verify", "--format", "json"}).out)
                    .at("doubt")
                    .get<std::string>(),
                HasSubstr("is cut off"));
    EXPECT_THAT(pushsim(place, {"pool", "list"}).out, HasSubstr("default  in doubt: "));

    const Ended again = pushsim(place, {"pool", "make", "--count", "1"});
    EXPECT_EQ(again.exit_code, 0);
    EXPECT_THAT(again.err, HasSubstr("the pool 'default' is made again: "));
    EXPECT_NE(hash_in(again.out), hash);
    EXPECT_EQ(pushsim(place, {"pool", "verify"}).exit_code, 0);
}

TEST(Pool, ALinkToAFileStaysAndTheFileGrows) {
    const Place place;
    ASSERT_EQ(pushsim(place, {"pool", "make", "alone.pool", "--count", "1"}).exit_code, 0);
    fs::create_symlink("alone.pool", place.path() / "link.pool");
    const Ended grown = pushsim(place, {"pool", "make", "link.pool", "--count", "2"});
    EXPECT_EQ(grown.exit_code, 0) << grown.err;
    EXPECT_TRUE(fs::is_symlink(place.path() / "link.pool"));
    EXPECT_THAT(pushsim(place, {"pool", "verify", "alone.pool"}).out, HasSubstr("ok    2 of 2 TPMs"));
    fs::remove(place.path() / "alone.pool");
    EXPECT_THAT(pushsim(place, {"pool", "make", "link.pool"}).err,
                HasSubstr("link.pool is a symbolic link to nothing that can be reached"));
}

TEST(Pool, TwoProcessesMakeItOnce) {
    const Place place;
    Program one(place, {"pool", "make", "--count", "20", "--jobs", "1"});
    ASSERT_TRUE(becomes([&] { return place.has(kPools / "default.pool.part"); }));
    Program other(place, {"pool", "make", "--count", "20", "--jobs", "1"});
    EXPECT_THAT(pushsim(place, {"pool", "drop", "default"}).err,
                HasSubstr("is being made by process " + std::to_string(one.pid())));
    const Ended made = one.wait(), waited = other.wait();
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_EQ(waited.exit_code, 0) << waited.err;
    EXPECT_THAT(made.out, HasSubstr("made 20 TPMs"));
    EXPECT_THAT(waited.out, Not(HasSubstr("made 20 TPMs")));
    EXPECT_THAT(waited.err,
                HasSubstr("is being made by process " + std::to_string(one.pid()) + ": waiting for it"));
    EXPECT_EQ(hash_in(made.out), hash_in(waited.out));
}

TEST(Pool, CtrlCKeepsWhatWasMadeAndAKillLeavesNothingInTheWay) {
    const Place place;
    const auto part_grows = [&] {
        std::error_code none;
        const auto size = fs::file_size(place.path() / kPools / "default.pool.part", none);
        return !none && size > 5000;
    };
    {
        Program program(place, {"pool", "make", "--count", "5000", "--jobs", "1"});
        ASSERT_TRUE(becomes(part_grows));
        program.signal(SIGINT);
        const Ended stopped = program.wait(seconds{30});
        EXPECT_EQ(stopped.exit_code, 130);
        EXPECT_THAT(stopped.err, HasSubstr(" of 5000 TPMs; made again, it goes on there"));
    }
    EXPECT_FALSE(place.has(kPools / "default.pool.part"));
    EXPECT_EQ(pushsim(place, {"pool", "verify"}).exit_code, 0);
    const auto count =
        json::parse(pushsim(place, {"pool", "list", "--format", "json"}).out).at(0).at("count").get<int>();
    EXPECT_GE(count, 1);
    {
        Program program(place, {"pool", "make", "--count", "5000", "--jobs", "1"});
        ASSERT_TRUE(becomes([&] { return place.has(kPools / "default.pool.part"); }));
        program.signal(SIGKILL);
        (void)program.wait(seconds{30});
    }
    EXPECT_TRUE(place.has(kPools / "default.pool.part"));
    fs::rename(place.path() / kPools / "default.pool.part", place.path() / kPools / "other.pool.part");
    EXPECT_THAT(
        pushsim(place, {"pool", "list"}).out,
        HasSubstr("other    in doubt: it is not finished: it is being made, or its maker was killed"));
    fs::rename(place.path() / kPools / "other.pool.part", place.path() / kPools / "default.pool.part");
    const Ended then = pushsim(place, {"pool", "make", "--count", std::to_string(count + 1)});
    EXPECT_EQ(then.exit_code, 0) << then.err;
    EXPECT_THAT(then.out, HasSubstr("made 1 TPM in "));
    EXPECT_EQ(then.err, "");
    EXPECT_FALSE(place.has(kPools / "default.pool.part"));
    EXPECT_FALSE(place.has(kPools / "default.pool.lock"));
}

TEST(Pool, FullDiskIsNamedAndLeavesNothing) {
    ASSERT_EQ(std::system("unshare --user --map-root-user --mount true"), 0)
        << "needs user and mount namespaces, which this machine or container does not allow";
    const Place place;
    fs::create_directories(place.path() / "small");
    Program program(
        place, {"pool", "make", "small/a.pool", "--count", "100"}, {},
        {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
         "mount -t tmpfs -o size=16k none small && { \"$@\"; code=$?; ls small; exit $code; }", "sh"});
    const Ended full = program.wait();
    EXPECT_EQ(full.exit_code, 3) << full.out << full.err;
    EXPECT_EQ(full.err,
              "pushsim: 100 TPMs take about 450 KiB, and the pool small/a.pool has 12 KiB left\n"
              "  mend: make room there, or name a file in another folder: pushsim pool make DIR/NAME.pool\n");
    EXPECT_EQ(full.out, "") << "nothing is left";
}

TEST(Pool, OfARunIsPreparedAndItsHistoryNamesIt) {
    const Place place;
    place.write("a.yaml",
                "scenario: a\ntitle: A\nagents:\n  quick: { count: 2, ak: primary }\n  slow: {}\n  other: { "
                "tpm: swtpm }\n"
                "script:\n  - attest: quick\nexpect: [accounted]\n");
    // Nothing listens there: what is before is done, and recorded.
    const pki::TestPki pki(core::SystemClock().wall_now());
    place.write("ca.pem", pki.ca_certificate_pem());
    const auto admin = pki.issue(pki::CertificateKind::Admin, pki::Role::Client, {"admin"});
    place.write("cert.pem", admin.certificate_pem);
    place.write("key.pem", admin.key_pem);
    const auto run = [&](const std::string& pool, const std::string& file = "a.yaml") {
        return pushsim(place, {"run",         file,          "--pool",          pool,
                               "--stack",     "external",    "--verifier",      "127.0.0.1:1",
                               "--registrar", "127.0.0.1:1", "--registrar-tls", "127.0.0.1:1",
                               "--ca",        "ca.pem",      "--admin-cert",    "cert.pem",
                               "--admin-key", "key.pem",     "--timeout",       "1s"});
    };
    EXPECT_EQ(run("default").exit_code, 3);
    const json listed = json::parse(pushsim(place, {"pool", "list", "--format", "json"}).out);
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].at("count"), 2) << "as many as draw from it";
    const std::string history = place.read("runs/latest/history.jsonl");
    const json facts = json::parse(history.substr(0, history.find('\n'))).at("facts");
    EXPECT_EQ(facts.at("pool"), "default");
    EXPECT_EQ(facts.at("pool_file"), "default.pool");
    EXPECT_EQ(facts.at("pool_hash"), listed[0].at("hash"));
    EXPECT_EQ(facts.at("pool_count"), "2");
    EXPECT_EQ(facts.at("pool_ak"), "primary");
    EXPECT_EQ(facts.at("pool_libtpms"), listed[0].at("libtpms"));
    EXPECT_EQ(json::parse(place.read("runs/latest/report.json")).at("facts"), facts);

    // A file is used as it is.
    EXPECT_THAT(run("nowhere.pool").err,
                HasSubstr("there is no pool nowhere.pool\n  mend: pushsim pool make"));
    ASSERT_EQ(pushsim(place, {"pool", "make", "one.pool", "--count", "1"}).exit_code, 0);
    const Ended small = run("./one.pool");
    EXPECT_EQ(small.exit_code, 2);
    EXPECT_THAT(small.err, HasSubstr("the pool ./one.pool has 1 TPMs, and these scenarios need 2\n"
                                     "  mend: pushsim pool make ./one.pool --count 2 makes it larger"));
    // Nobody draws from one of other keys.
    place.write(
        "b.yaml",
        "scenario: b\ntitle: B\nagents: { one: {} }\nscript:\n  - attest: one\nexpect: [accounted]\n");
    const Ended nobody = run("default", "b.yaml");
    EXPECT_EQ(nobody.exit_code, 2);
    EXPECT_THAT(nobody.err, HasSubstr("no agent of these scenarios draws from the pool 'default' ("));
    EXPECT_THAT(nobody.err,
                HasSubstr("default.pool): its TPMs have primary AKs, and group `one` (b.yaml:3:11) has "
                          "`ak: child`, as groups have that do not say `ak:`\n"
                          "  mend: write `ak: primary` into group `one`; or pushsim pool make "
                          "default-child --ak child --count 1, and --pool default-child\n"));
    EXPECT_THAT(run("./one.pool", "b.yaml").err,
                HasSubstr("or pushsim pool make ./one-child.pool --ak child "));
    place.write("c.yaml",
                "scenario: c\ntitle: C\nagents: { one: { tpm: swtpm } }\nscript:\n  - attest: one\nexpect: "
                "[accounted]\n");
    EXPECT_THAT(run("default", "c.yaml").err,
                HasSubstr("): none has its TPM in pushsim, and an AK as pools have it (rsa2048, rsassa, "
                          "sha256)\n"));
    place.write(
        "e.yaml",
        "scenario: e\ntitle: E\nagents: { one: { key: ecc256, ak: primary } }\nscript:\n  - attest: one\n"
        "expect: [accounted]\n");
    EXPECT_THAT(run("default", "e.yaml").err, HasSubstr("and an AK as pools have it"));
    std::string octets = place.read("one.pool");
    octets[200] = static_cast<char>(octets[200] ^ 1);
    place.write("one.pool", octets);
    place.write("d.yaml",
                "scenario: d\ntitle: D\nagents: { one: { ak: primary } }\nscript:\n  - attest: one\nexpect: "
                "[accounted]\n");
    EXPECT_THAT(run("./one.pool", "d.yaml").err,
                HasSubstr("mend: remove the file and make another: pushsim pool make ./one.pool\n"));
    (void)run("children", "b.yaml");
    EXPECT_EQ(json::parse(pushsim(place, {"pool", "list", "--format", "json"}).out)[0].at("ak"), "child")
        << "a new one is of the kind that the scenarios want";
}

}  // namespace
}  // namespace pushsim::testing
