#include "sim/fleet/tpm_device.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/tpm/quote_check.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "sim/core/clock.hpp"
#include "sim/pool/pools.hpp"

namespace pushsim::fleet {
namespace {

namespace fs = std::filesystem;
using scenario::TpmKind;
using testing::ElementsAre;
using testing::HasSubstr;
using tpm::HashAlgorithm;

constexpr std::chrono::milliseconds kAtOnce{0};

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

class TpmDevices : public testing::Test {
  protected:
    TpmDevices() {
        std::string folder = (fs::temp_directory_path() / "pushsim-test-XXXXXX").string();
        if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp");
        folder_ = folder;
    }
    ~TpmDevices() override { fs::remove_all(folder_); }

    fs::path file() const { return folder_ / "agent.json"; }
    TpmDevice kept(std::string tcti = {}) {
        return {host_,
                {.tpm = {tcti.empty() ? TpmKind::Software : TpmKind::Outside, std::move(tcti)},
                 .ak_primary = true,
                 .kept = file(),
                 .boot_time = WallTime{std::chrono::seconds{1'700'000'000}}}};
    }
    static Bytes pcr7(TpmDevice& device) { return must(device.read_pcrs(HashAlgorithm::Sha256, {7})).at(7); }
    static boot::Measurement changed() { return must(boot::parse_measurement("text:changed")); }

    tpm::TpmHost host_;
    fs::path folder_;
};

/// A pool of two in this test's folder.
pool::Pool make_pool(const fs::path& file, const Clock& clock) {
    auto made = must(pool::ensure({.file = file}, {.count = 2}, clock));
    return std::move(made.pool);
}

TEST_F(TpmDevices, OneOfAPoolHasTheKeysThatAreInIt) {
    const core::SystemClock clock;
    const pool::Pool pool = make_pool(folder_ / "two.pool", clock);
    for (const std::size_t number : {1U, 0U, 1U}) {
        TpmDevice device(host_, {.pooled = TpmDevice::Options::Pooled{&pool, number}});
        const auto description = must(device.describe());
        EXPECT_EQ(description.ek_public, must(pool.read(number)).ek_public);
        EXPECT_EQ(description.ak_public, must(pool.read(number)).ak_public);
        EXPECT_EQ(pcr7(device), Bytes(32, 0)) << "only what outlives a power cycle is in a pool";
        must(device.extend({{7, changed()}}));
        const auto answer = must(device.use(lifecycle::QuotePcrs{Bytes(16, 3), HashAlgorithm::Sha256, {7}}));
        must(tpm::check_quote(std::get<tpm::Quote>(answer), Bytes(16, 3), description.ak_public));
    }
}

TEST_F(TpmDevices, OneOfAPoolThatIsDamagedIsAnErrorThatNamesTheFile) {
    const core::SystemClock clock;
    const fs::path file = folder_ / "two.pool";
    const pool::Pool pool = make_pool(file, clock);
    fs::resize_file(file, 100);
    TpmDevice device(host_, {.pooled = TpmDevice::Options::Pooled{&pool, 1}});
    const auto description = device.describe();
    ASSERT_FALSE(description);
    EXPECT_THAT(description.error().message, HasSubstr("two.pool"));
}

TEST_F(TpmDevices, KeptOneIsTheSameInTheNextProcess) {
    tpm::Description first;
    Bytes value;
    {
        TpmDevice device = kept();
        first = must(device.describe());
        must(device.extend({{7, changed()}}));
        value = pcr7(device);
        EXPECT_NE(value, Bytes(32, 0));
    }
    struct stat facts {};
    ASSERT_EQ(::stat(file().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0777U, 0600U) << "it holds the seeds of the TPM";

    TpmDevice again = kept();
    const auto second = must(again.describe());
    EXPECT_EQ(second.ek_public, first.ek_public);
    EXPECT_EQ(second.ak_public, first.ak_public);
    EXPECT_EQ(pcr7(again), value);
    EXPECT_THAT(again.measurements(), ElementsAre(KeptTpm::Measurement{7, "text:changed"}));
    EXPECT_EQ(again.boot_time(), WallTime{std::chrono::seconds{1'700'000'000}});
}

TEST_F(TpmDevices, OneOutsideIsKnownByThisBootAlone) {
    const auto swtpm = must(SwtpmProcess::make());
    const auto device_at = [&](std::chrono::seconds boot) {
        return TpmDevice(
            host_, {.tpm = {TpmKind::Outside, swtpm->tcti()}, .kept = file(), .boot_time = WallTime{boot}});
    };
    {
        TpmDevice device = device_at(std::chrono::seconds{1000});
        must(device.describe());
        must(device.extend({{7, changed()}}));
    }
    swtpm->kill();
    must(swtpm->start(SwtpmProcess::Startup::Clear));
    TpmDevice device = device_at(std::chrono::seconds{5000});
    must(device.describe());
    EXPECT_EQ(device.boot_time(), WallTime{std::chrono::seconds{5000}});
    EXPECT_TRUE(device.measurements().empty()) << "PCR 7 is as at the start";
}

TEST_F(TpmDevices, KeptOneWhoseFileIsTakenAwayIsGone) {
    TpmDevice device = kept();
    must(device.describe());
    must(device.rest());
    fs::remove(file());
    const auto described = device.describe();
    ASSERT_FALSE(described);
    EXPECT_THAT(described.error().message,
                HasSubstr(file().string() + " is gone, and with it this agent's TPM"));
    EXPECT_THAT(described.error().mend, HasSubstr("put it back"));
}

TEST_F(TpmDevices, KeptOneWhoseFileBecomesThatOfAnotherIsNotTakenForIt) {
    TpmDevice device = kept();
    const auto before = must(device.describe());
    must(device.rest());
    const fs::path own = folder_ / "own.json";
    fs::rename(file(), own);
    must(kept().describe());  // another one, in its place
    const auto described = device.describe();
    ASSERT_FALSE(described);
    EXPECT_EQ(described.error().kind, ErrorKind::Config);
    EXPECT_THAT(described.error().message, HasSubstr(file().string() + " holds another AK than before"));
    fs::rename(own, file());
    EXPECT_EQ(must(device.describe()).ak_public, before.ak_public) << "as the mend says";
}

TEST_F(TpmDevices, MeasurementThatCannotBeKeptIsRefusedBeforeTheTpmHasIt) {
    TpmDevice device = kept();
    const auto extended = device.extend({{7, must(boot::parse_measurement("text:\xff"))}});
    ASSERT_FALSE(extended);
    EXPECT_EQ(extended.error().kind, ErrorKind::Usage);
    EXPECT_THAT(extended.error().message, HasSubstr("no UTF-8 text"));
    EXPECT_EQ(pcr7(device), Bytes(32, 0));
    must(device.rest());
}

TEST_F(TpmDevices, WaitingForOneThatIsHeldEndsWhenAPersonAsks) {
    TpmDevice one = kept();
    must(one.describe());
    TpmDevice other(host_, {.kept = file(), .stop_asked = [] { return true; }});
    const auto described = other.describe();
    ASSERT_FALSE(described);
    EXPECT_THAT(described.error().message, HasSubstr("another pushsim has it"));
}

TEST_F(TpmDevices, KeptOneIsForOneAtATimeAndRestsBetween) {
    TpmDevice one = kept();
    must(one.describe());
    const auto held = KeptTpmFile::lock(file(), kAtOnce);
    ASSERT_FALSE(held);
    EXPECT_THAT(held.error().message, HasSubstr(file().string() + ".lock: another pushsim has it"));

    must(one.rest());
    {
        TpmDevice other = kept();
        must(other.extend({{7, changed()}}));
    }
    EXPECT_EQ(one.measurements().size(), 0U);
    const Bytes value = pcr7(one);
    EXPECT_EQ(value,
              boot::extend(HashAlgorithm::Sha256, Bytes(32, 0), changed().digests.at(HashAlgorithm::Sha256)));
    EXPECT_THAT(one.measurements(), ElementsAre(KeptTpm::Measurement{7, "text:changed"}));
}

TEST_F(TpmDevices, WhatIsNoKeptTpmIsNamedAndLeftAlone) {
    std::ofstream(file()) << R"({"format": 1, "boot_time": "yesterday", "measurements": []})";
    TpmDevice device = kept();
    const auto described = device.describe();
    ASSERT_FALSE(described);
    EXPECT_EQ(described.error().kind, ErrorKind::Config);
    EXPECT_THAT(described.error().message, HasSubstr(file().string() + " is no TPM that pushsim kept"));
    EXPECT_THAT(described.error().mend, HasSubstr("remove it"));
    EXPECT_TRUE(KeptTpmFile::lock(file(), kAtOnce)) << "nobody holds it";
}

TEST_F(TpmDevices, KeptTpmThatDoesNotGoOnIsNamedAndStaysAsItIs) {
    {
        TpmDevice device = kept();
        must(device.describe());
    }
    KeptTpm damaged = *must(must(KeptTpmFile::lock(file(), kAtOnce)).read());
    damaged.suspended->volatile_state.resize(100);
    must(must(KeptTpmFile::lock(file(), kAtOnce)).write(damaged));
    {
        TpmDevice device = kept();
        const auto described = device.describe();
        ASSERT_FALSE(described);
        EXPECT_EQ(described.error().kind, ErrorKind::Config);
        EXPECT_THAT(described.error().message,
                    HasSubstr("the TPM kept in " + file().string() + " does not go on: "));
    }
    EXPECT_EQ(must(must(KeptTpmFile::lock(file(), kAtOnce)).read())->suspended->volatile_state.size(), 100U);
}

TEST_F(TpmDevices, KeptOutsideIsItsAkAlone) {
    const auto swtpm = must(SwtpmProcess::make());
    tpm::Description first;
    {
        TpmDevice device = kept(swtpm->tcti());
        first = must(device.describe());
    }
    const auto text = must(must(KeptTpmFile::lock(file(), kAtOnce)).read());
    ASSERT_TRUE(text);
    EXPECT_FALSE(text->suspended);
    EXPECT_EQ(text->tcti, swtpm->tcti());
    TpmDevice again = kept(swtpm->tcti());
    EXPECT_EQ(must(again.describe()).ak_public, first.ak_public);
}

TEST_F(TpmDevices, KeptAkInAnotherTpmIsAnErrorWithItsMend) {
    const auto swtpm = must(SwtpmProcess::make());
    const auto another = must(SwtpmProcess::make());
    {
        TpmDevice device = kept(swtpm->tcti());
        must(device.describe());
    }
    {
        const auto locked = must(KeptTpmFile::lock(file(), kAtOnce));
        KeptTpm moved = *must(locked.read());
        moved.tcti = another->tcti();
        must(locked.write(moved));
    }
    TpmDevice device = kept(another->tcti());
    const auto described = device.describe();
    ASSERT_FALSE(described);
    EXPECT_EQ(described.error().kind, ErrorKind::Tpm);
    EXPECT_THAT(described.error().mend,
                HasSubstr("if it is another TPM now, stop the agent, remove " + file().string()));
}

TEST_F(TpmDevices, AnotherTctiThanBeforeIsAnErrorThatNamesBoth) {
    {
        TpmDevice device = kept();
        must(device.describe());
    }
    TpmDevice other = kept("swtpm:port=1");
    const auto described = other.describe();
    ASSERT_FALSE(described);
    EXPECT_THAT(described.error().message, HasSubstr("this agent's TPM is in pushsim, not at swtpm:port=1"));
}

TEST_F(TpmDevices, OutsideIsLetGoWhileItRests) {
    const auto swtpm = must(SwtpmProcess::make());
    TpmDevice device(host_, {.tpm = {TpmKind::Outside, swtpm->tcti()}});
    const auto before = must(device.describe());
    must(device.rest());
    // The state is exclusive: another client gets in only because the first has let go.
    TpmDevice other(host_, {.tpm = {TpmKind::Outside, swtpm->tcti()}});
    must(other.extend({{7, changed()}}));
    must(other.rest());
    EXPECT_NE(pcr7(device), Bytes(32, 0));
    EXPECT_EQ(must(device.describe()).ak_public, before.ak_public);
}

TEST_F(TpmDevices, SwtpmOfItsOwnIsATpmLikeAnyOther) {
    TpmDevice device(host_, {.tpm = {TpmKind::Swtpm}});
    EXPECT_THAT(must(device.describe()).hash_algorithms, testing::Contains("sha256"));
    must(device.extend({{7, changed()}}));
    const Bytes value = pcr7(device);
    EXPECT_NE(value, Bytes(32, 0));
    must(device.rest());
    EXPECT_EQ(pcr7(device), value);
}

TEST(Swtpm, GoesWithItsFolder) {
    auto swtpm = must(SwtpmProcess::make());
    const fs::path folder = swtpm->folder();
    const auto process = *swtpm->process();
    EXPECT_TRUE(stack::is_running(process));
    swtpm.reset();
    EXPECT_FALSE(stack::is_running(process));
    EXPECT_FALSE(fs::exists(folder));
}

/// The child that makes a swtpm and is killed before it can end it; gives the swtpm and its folder.
std::pair<stack::ProcessId, fs::path> left_by_a_killed_process() {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe");
    const pid_t child = ::fork();
    if (child == 0) {
        const auto swtpm = must(SwtpmProcess::make());
        const std::string text = fmt::format("{} {}", swtpm->process()->pid, swtpm->folder().string());
        const bool told = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
        ::pause();
        ::_exit(told ? 0 : 1);
    }
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(ends[0], buffer.data(), buffer.size());
    std::istringstream text(std::string(buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
    pid_t pid = 0;
    std::string folder;
    text >> pid >> folder;
    const auto process = stack::process_now(pid);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(ends[0]);
    ::close(ends[1]);
    return {process.value_or(stack::ProcessId{}), folder};
}

TEST_F(TpmDevices, SwtpmDiesWithAKilledProcessAndTheNextRemovesItsFolder) {
    ::setenv("TMPDIR", folder_.c_str(), 1);  // nobody else's next one
    const auto [process, folder] = left_by_a_killed_process();
    ASSERT_GT(process.pid, 0);
    for (int look = 0; look < 1000 && stack::is_running(process); ++look)
        stack::wait_for(std::chrono::milliseconds{10});
    EXPECT_FALSE(stack::is_running(process));
    EXPECT_TRUE(fs::exists(folder));
    const auto next = must(SwtpmProcess::make());
    EXPECT_FALSE(fs::exists(folder));
    EXPECT_TRUE(fs::exists(next->folder()));
    ::unsetenv("TMPDIR");
}

TEST(Swtpm, OneThatIsNotInstalledIsNamedWithItsMend) {
    const std::string path = std::getenv("PATH");
    ::setenv("PATH", "/nowhere", 1);
    const auto swtpm = SwtpmProcess::make();
    ::setenv("PATH", path.c_str(), 1);
    ASSERT_FALSE(swtpm);
    EXPECT_EQ(swtpm.error().kind, ErrorKind::Config);
    EXPECT_THAT(swtpm.error().message, HasSubstr("swtpm is not installed"));
    EXPECT_THAT(swtpm.error().mend, HasSubstr("apt-get install swtpm"));
}

TEST(Swtpm, OneThatDoesNotStartSaysItsWords) {
    const auto swtpm = must(SwtpmProcess::make());
    swtpm->kill();
    // Its state cannot be read.
    for (const auto& entry : fs::directory_iterator(swtpm->folder())) {
        if (entry.path().filename() == "tpm2-00.permall") std::ofstream(entry.path()) << "damaged";
    }
    const auto started = swtpm->start(SwtpmProcess::Startup::Clear);
    ASSERT_FALSE(started);
    EXPECT_THAT(started.error().message, HasSubstr("swtpm does not start: exit status 1; it says: "));
}

}  // namespace
}  // namespace pushsim::fleet
