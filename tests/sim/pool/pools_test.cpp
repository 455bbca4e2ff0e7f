#include "sim/pool/pools.hpp"

#include <atomic>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/pool/writer.hpp"
#include "sim/stack/file_lock.hpp"
#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;
using namespace test;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using What = Ensured::What;

class Pools : public ::testing::Test {
  protected:
    Result<Ensured> ensure(const Place& place, const Wish& wish) {
        return pool::ensure(place, wish, clock_, attendance_);
    }
    /// What lies in the folder beside the pool.
    std::vector<std::string> beside(const Place& place) {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(place.file.parent_path()))
            if (entry.path() != place.file) names.push_back(entry.path().filename());
        return names;
    }
    void flip(const fs::path& file, std::size_t at) {
        std::string octets = read(file);
        octets.at(at) = static_cast<char>(octets.at(at) ^ 1);
        write(file, octets);
    }

    const StateFolder folder_;
    core::SystemClock clock_;
    std::vector<std::string> notes_;
    std::vector<std::size_t> progress_;
    Attendance attendance_{.jobs = 2,
                           .note = [this](const std::string& note) { notes_.push_back(note); },
                           .progress = [this](std::size_t done, std::size_t) { progress_.push_back(done); }};
    const Place named_ = must(place_of("default"));
    const Place own_ = must(place_of((folder_.path() / "own.pool").string()));
};

TEST_F(Pools, IsMadeOnceAndThenThere) {
    const Ensured made = must(ensure(named_, {.count = 2}));
    EXPECT_EQ(made.what, What::Made);
    EXPECT_EQ(made.made, 2U);
    EXPECT_EQ(made.pool.size(), 2U);
    EXPECT_THAT(progress_, ElementsAre(1, 2));
    EXPECT_THAT(beside(named_), IsEmpty());
    const Ensured again = must(ensure(named_, {.count = 2}));
    EXPECT_EQ(again.what, What::WasThere);
    EXPECT_EQ(again.pool.hash(), made.pool.hash());
    EXPECT_EQ(must(open(named_)).hash(), made.pool.hash());
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(Pools, GrowsAndKeepsTheFirstTpms) {
    for (const Place& place : {named_, own_}) {
        const auto first = entries_of(must(ensure(place, {.count = 1})).pool);
        const Ensured grown = must(ensure(place, {.count = 3}));
        EXPECT_EQ(grown.what, What::Grown);
        EXPECT_EQ(grown.made, 2U);
        ASSERT_EQ(grown.pool.size(), 3U);
        EXPECT_EQ(entries_of(grown.pool).at(0), first.at(0));
        EXPECT_EQ(must(ensure(place, {.count = 2})).pool.size(), 3U) << "never smaller";
    }
}

TEST_F(Pools, WithANameInDoubtIsMadeAgainAndSaysWhy) {
    struct Doubt {
        std::function<void()> bring;
        std::string why;
        bool seen_at_once = true;  ///< where it is opened
    };
    About other_version = about_here(), other_build = about_here(), no_ca = about_here();
    no_ca.ek_ca = pki::Credentials{"no", "CA"};
    other_version.libtpms_version = "0.0.1";
    other_build.libtpms_build = std::string(64, '0');
    const std::vector<Doubt> doubts = {
        {[&] { fs::resize_file(named_.file, 100); }, "is cut off"},
        {[&] { fs::resize_file(named_.file, 3); }, "is no pool of TPMs"},
        {[&] { flip(named_.file, fs::file_size(named_.file) - 100); }, "do not have the pool's hash"},
        {[&] { flip(named_.file, 200); }, "TPM 0 does not have its hash", false},
        {[&] { write(named_.file, "pushsim TPM pool 9\n" + std::string(500, 'x')); }, "of format 9"},
        {[&] { write_pool(named_.file, some_entries(1), no_ca); }, "is no certificate with its key", false},
        {[&] { write_pool(named_.file, some_entries(1), other_version); }, "is of libtpms 0.0.1, and"},
        {[&] { write_pool(named_.file, some_entries(1), other_build); }, "is of another build of libtpms"},
    };
    std::string hash = must(ensure(named_, {})).pool.hash();
    for (const Doubt& doubt : doubts) {
        SCOPED_TRACE(doubt.why);
        doubt.bring();
        if (doubt.seen_at_once) {
            const auto refused = open(named_);
            ASSERT_FALSE(refused);
            EXPECT_EQ(refused.error().kind, ErrorKind::Config);
            EXPECT_THAT(refused.error().message, HasSubstr(named_.file.string()));
            EXPECT_THAT(refused.error().message, HasSubstr(doubt.why));
            EXPECT_EQ(refused.error().mend,
                      "pushsim pool make default makes it again, with other TPMs; pushsim pool drop default "
                      "removes it");
        }
        notes_.clear();
        const Ensured again = must(ensure(named_, {}));
        EXPECT_EQ(again.what, What::MadeAgain);
        EXPECT_NE(again.pool.hash(), hash);
        hash = again.pool.hash();
        ASSERT_EQ(notes_.size(), 1U);
        EXPECT_THAT(notes_[0], HasSubstr("the pool 'default' is made again: "));
        EXPECT_THAT(notes_[0], HasSubstr(doubt.why));
        EXPECT_EQ(must(ensure(named_, {})).what, What::WasThere);
    }
}

TEST_F(Pools, FileOfAPersonInDoubtIsLeftAlone) {
    write(own_.file, "my diary, which is long enough to be looked into");
    for (const auto& refused : {ensure(own_, {}).map([](const Ensured&) { return 0; }),
                                open(own_).map([](const Pool&) { return 0; })}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::Config);
        EXPECT_EQ(refused.error().message, own_.file.string() + " is no pool of TPMs");
        EXPECT_THAT(refused.error().mend, HasSubstr("remove it, then `pushsim pool make " + own_.argument()));
    }
    EXPECT_EQ(read(own_.file), "my diary, which is long enough to be looked into");
    must(ensure(must(place_of((folder_.path() / "b.pool").string())), {}));
}

TEST_F(Pools, WithOtherKeysOrCertificatesThanWishedForIsRefusedWithTheWayOut) {
    must(ensure(named_, {}));
    const auto other_keys = ensure(named_, {.count = 5, .ak = tpm::AkParent::Ek});
    ASSERT_FALSE(other_keys);
    EXPECT_EQ(other_keys.error().kind, ErrorKind::Config);
    EXPECT_EQ(other_keys.error().message, named_.text() + " has primary AKs, not child AKs");
    EXPECT_EQ(other_keys.error().mend, "name another one, or remove this one: pushsim pool drop default");
    const auto certificates = ensure(named_, {.ek_certificates = true});
    ASSERT_FALSE(certificates);
    EXPECT_EQ(certificates.error().message,
              named_.text() + " has TPMs without EK certificates, not with them");
    EXPECT_TRUE(ensure(named_, {.ak = tpm::AkParent::None, .ek_certificates = false}));
}

TEST_F(Pools, EkCertificatesAreOfOneCaWhichLiesBesideIt) {
    const Ensured made = must(ensure(named_, {.ek_certificates = true}));
    const std::string ca = made.pool.about().ek_ca.value().certificate_pem;
    EXPECT_EQ(read(named_.ca_file()), ca);
    EXPECT_EQ(read(named_.ca_file()).find("PRIVATE"), std::string::npos);
    const Ensured grown = must(ensure(named_, {.count = 2}));
    EXPECT_EQ(grown.pool.about().ek_ca->certificate_pem, ca);
    EXPECT_FALSE(ensure(named_, {.ek_certificates = false}));
    must(drop(named_));
    EXPECT_THAT(beside(named_), IsEmpty());
}

TEST_F(Pools, MadeAgainItIsOfTheKindThatItWas) {
    About other = about_here();
    other.libtpms_version = "0.0.1";
    other.ak = tpm::AkParent::Ek;
    write_pool(named_.file, some_entries(1), other);
    EXPECT_EQ(must(ensure(named_, {})).pool.about().ak, tpm::AkParent::Ek);
}

TEST_F(Pools, MadeAgainItIsNoSmallerThanItWas) {
    About other = about_here();
    other.libtpms_version = "0.0.1";
    write_pool(named_.file, some_entries(3), other);
    const Ensured again = must(ensure(named_, {.count = 1}));
    EXPECT_EQ(again.what, What::MadeAgain);
    EXPECT_EQ(again.pool.size(), 3U);
}

TEST_F(Pools, MadeAgainAndInterruptedItStaysAsItWas) {
    About other = about_here();
    other.libtpms_version = "0.0.1";
    write_pool(named_.file, some_entries(30), other);
    const std::string before = read(named_.file);
    std::atomic<bool> stop = false;
    const core::SystemClock clock;
    const auto stopped = pool::ensure(named_, {.count = 1}, clock,
                                      {.jobs = 1,
                                       .progress = [&](std::size_t, std::size_t) { stop = true; },
                                       .stop_asked = [&] { return stop.load(); }});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::Interrupted);
    EXPECT_THAT(stopped.error().message, HasSubstr("stays as it was"));
    EXPECT_EQ(read(named_.file), before);
    EXPECT_THAT(beside(named_), IsEmpty());
}

TEST_F(Pools, WithoutPlaceForTheCertificateOfItsCaIsNotMade) {
    fs::create_directories(named_.ca_file() / "in the way");
    EXPECT_FALSE(ensure(named_, {.ek_certificates = true}));
    fs::remove_all(named_.ca_file());
    const Ensured made = must(ensure(named_, {.ek_certificates = true}));
    EXPECT_EQ(made.what, What::Made);
    EXPECT_EQ(read(named_.ca_file()), made.pool.about().ek_ca.value().certificate_pem);
}

TEST_F(Pools, CountsOutOfBoundsAreRefused) {
    for (const std::size_t count : {std::size_t{0}, max_count + 1}) {
        const auto refused = ensure(named_, {.count = count});
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
    }
    EXPECT_FALSE(fs::exists(named_.file));
}

TEST_F(Pools, StoppedByAPersonItKeepsWhatItHasAndGoesOnThere) {
    attendance_.jobs = 1;
    std::atomic<bool> stop = false;
    attendance_.progress = [&](std::size_t done, std::size_t) { stop = done == 2; };
    attendance_.stop_asked = [&] { return stop.load(); };
    const auto stopped = ensure(named_, {.count = 500});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::Interrupted);
    EXPECT_THAT(stopped.error().message, HasSubstr("has 2 of 500 TPMs"));
    EXPECT_THAT(beside(named_), IsEmpty());
    const auto first = entries_of(must(open(named_)));
    ASSERT_EQ(first.size(), 2U);
    stop = false;
    const auto then = entries_of(must(ensure(named_, {.count = 3})).pool);
    EXPECT_EQ(std::vector(then.begin(), then.begin() + 2), first);

    stop = true;
    ASSERT_FALSE(ensure(named_, {.count = 10}));
    EXPECT_EQ(entries_of(must(open(named_))), then) << "nothing was made, and nothing is lost";
}

TEST_F(Pools, TwoThatWantTheSameMakeItOnce) {
    std::string one;
    std::string two;
    std::atomic<int> made = 0;
    std::atomic<int> waited = 0;
    attendance_ = {.jobs = 1,
                   .note =
                       [&](const std::string& note) {
                           if (note.find("waiting for it") != std::string::npos) ++waited;
                       },
                   .progress = [&](std::size_t, std::size_t) { ++made; }};
    std::thread other([&] { one = must(ensure(named_, {.count = 3})).pool.hash(); });
    two = must(ensure(named_, {.count = 3})).pool.hash();
    other.join();
    EXPECT_EQ(one, two);
    EXPECT_EQ(made, 3);
    EXPECT_LE(waited, 1);
    EXPECT_THAT(beside(named_), IsEmpty());
}

TEST_F(Pools, WhoWaitsSaysForWhomAndEndsWhenAPersonAsks) {
    const auto held = stack::FileLock::take(named_.lock_file(), Duration{});
    attendance_.patience = {};
    const auto busy = ensure(named_, {});
    ASSERT_FALSE(busy);
    EXPECT_EQ(busy.error().kind, ErrorKind::Config);
    EXPECT_THAT(notes_, ElementsAre(named_.text() + " is being made by process " +
                                    std::to_string(::getpid()) + ": waiting for it"));
    attendance_.patience = std::chrono::hours{1};
    attendance_.stop_asked = [] { return true; };
    const auto stopped = ensure(named_, {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().kind, ErrorKind::Interrupted);
    write_pool(named_.file, some_entries(1));
    EXPECT_THAT(drop(named_).error().message,
                HasSubstr(fmt::format("is being made by process {}", ::getpid())));
    EXPECT_TRUE(ensure(named_, {})) << "one that is there needs nobody's leave";
}

TEST_F(Pools, MakerThatIsKilledLeavesNothingInTheWay) {
    int ready[2];
    ASSERT_EQ(::pipe(ready), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        (void)pool::ensure(named_, {.count = 1000}, clock_,
                           {.jobs = 1, .progress = [&](std::size_t done, std::size_t) {
                                const char octet = 'y';
                                if (done == 2 && ::write(ready[1], &octet, 1) != 1) ::_exit(1);
                            }});
        ::_exit(1);
    }
    char octet = 0;
    ASSERT_EQ(::read(ready[0], &octet, 1), 1);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ready[0]);
    ::close(ready[1]);
    EXPECT_TRUE(fs::exists(part_of(named_.file)));
    EXPECT_FALSE(fs::exists(named_.file));
    EXPECT_EQ(must(ensure(named_, {})).what, What::Made);
    EXPECT_THAT(beside(named_), IsEmpty());
    EXPECT_THAT(notes_, IsEmpty()) << "nobody was waited for";
}

TEST_F(Pools, DropRemovesWhatThereIsAndNamesWhatThereIsNot) {
    write(named_.file, "anything");
    write(part_of(named_.file), "of a killed one");
    must(drop(named_));
    EXPECT_FALSE(fs::exists(named_.file));
    EXPECT_THAT(beside(named_), IsEmpty());
    write(part_of(named_.file), "of a killed one, and nothing else");
    must(drop(named_));
    EXPECT_THAT(beside(named_), IsEmpty());
    for (const auto& none : {drop(named_), open(named_).map([](const Pool&) {})}) {
        ASSERT_FALSE(none);
        EXPECT_EQ(none.error().kind, ErrorKind::Config);
        EXPECT_EQ(none.error().message, "there is no pool 'default' (" + named_.file.string() + ")");
    }
}

TEST_F(Pools, FolderThatIsNotThereIsNamed) {
    const auto refused = ensure(must(place_of((folder_.path() / "none/a.pool").string())), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::Usage);
    EXPECT_EQ(refused.error().message, "there is no folder " + (folder_.path() / "none").string());
    EXPECT_EQ(refused.error().mend, "mkdir -p " + (folder_.path() / "none").string());
}

TEST_F(Pools, FolderThatCannotBeWrittenToIsNamed) {
    const auto refused = ensure(must(place_of("/proc/a.pool")), {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::System);
    EXPECT_THAT(refused.error().message, HasSubstr("/proc/a.pool.lock: "));
    EXPECT_THAT(refused.error().mend, HasSubstr("name a file elsewhere"));
}

}  // namespace
}  // namespace pushsim::pool
