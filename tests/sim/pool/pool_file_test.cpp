#include <csignal>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/pool/format.hpp"
#include "sim/pool/writer.hpp"
#include "tests/sim/pool/support.hpp"

namespace pushsim::pool {
namespace {

using namespace test;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class PoolFile : public ::testing::Test {
  protected:
    Error refused() {
        const auto pool = Pool::open(file_);
        if (pool) throw std::runtime_error("it was opened");
        return pool.error();
    }
    /// The first thing that is wrong when all of it is read.
    std::string first_fault() {
        const auto pool = Pool::open(file_);
        if (!pool) return pool.error().message;
        const auto checked = pool->check_entries();
        return checked ? "" : checked.error().message;
    }
    TemporaryFolder folder_;
    const std::filesystem::path file_ = folder_.path() / "a.pool";
};

TEST_F(PoolFile, HasWhatWasPutIntoIt) {
    About about = about_here();
    about.ak = tpm::AkParent::Ek;
    about.ek_ca = pki::Credentials{"certificate", "key"};
    write_pool(file_, some_entries(3), about);
    EXPECT_THAT(read(file_), HasSubstr("\"ak\":\"ek\"")) << "pools that there are have that word";
    const Pool pool = must(Pool::open(file_));
    EXPECT_EQ(pool.size(), 3U);
    EXPECT_EQ(entries_of(pool), some_entries(3));
    EXPECT_EQ(pool.about().ak, tpm::AkParent::Ek);
    EXPECT_EQ(pool.about().made, about.made);
    EXPECT_EQ(pool.about().libtpms_version, about.libtpms_version);
    EXPECT_EQ(pool.about().libtpms_build, about.libtpms_build);
    EXPECT_EQ(pool.about().ek_ca->certificate_pem, "certificate");
    EXPECT_EQ(pool.about().ek_ca->key_pem, "key");
    EXPECT_EQ(pool.file(), file_);
    EXPECT_THROW((void)pool.read(3), std::out_of_range);
    must(pool.fits_libtpms());
    must(pool.check_entries());
}

TEST_F(PoolFile, HashIsThatOfItsTpms) {
    const auto hash = [&](const std::vector<Entry>& entries) {
        return must(Pool::open(write_pool(file_, entries))).hash();
    };
    auto entries = some_entries(2);
    const std::string first = hash(entries);
    EXPECT_THAT(first, ::testing::MatchesRegex("[0-9a-f]{64}"));
    EXPECT_EQ(hash(entries), first);
    entries[1].ak_factor.push_back(0);
    EXPECT_NE(hash(entries), first);
    std::swap(entries[0], entries[1]);
    EXPECT_NE(hash(entries), first);
}

TEST_F(PoolFile, IsForItsOwnerAloneWhateverTheUmask) {
    const mode_t before = ::umask(0);
    write_pool(file_, some_entries(1));
    ::umask(before);
    struct stat about {};
    ASSERT_EQ(::stat(file_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(PoolFile, ReadersHaveTheOldOneUntilTheNewOneIsWhole) {
    write_pool(file_, some_entries(2));
    const Pool old = must(Pool::open(file_));
    {
        auto writer = must(PoolWriter::begin(file_, about_here()));
        must(writer.append(some_entries(1)[0]));
        EXPECT_TRUE(std::filesystem::exists(part_of(file_)));
        EXPECT_EQ(must(Pool::open(file_)).size(), 2U);
    }
    EXPECT_FALSE(std::filesystem::exists(part_of(file_))) << "it was not finished";
    EXPECT_EQ(must(Pool::open(file_)).size(), 2U);
    write_pool(file_, some_entries(3));
    EXPECT_EQ(must(Pool::open(file_)).size(), 3U);
    EXPECT_EQ(entries_of(old), some_entries(2)) << "what was opened stays";
}

TEST_F(PoolFile, WhatAKilledWriterLeftIsReplaced) {
    write(part_of(file_), std::string(100'000, 'x'));
    write_pool(file_, some_entries(1));
    EXPECT_FALSE(std::filesystem::exists(part_of(file_)));
    EXPECT_EQ(entries_of(must(Pool::open(file_))), some_entries(1));
}

TEST_F(PoolFile, CutOffAnywhereItIsRefusedAndSaysSo) {
    write_pool(file_, some_entries(2));
    const std::string whole = read(file_);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        write(file_, whole.substr(0, size));
        const Error error = refused();
        EXPECT_EQ(error.kind, ErrorKind::Parse) << size;
        EXPECT_THAT(error.message, StartsWith(file_.string() + " is ")) << size;
        if (size >= first_line.size()) {
            EXPECT_THAT(error.message, HasSubstr("is cut off")) << size;
        }
    }
}

TEST_F(PoolFile, OneOctetFlippedAnywhereIsNoticed) {
    write_pool(file_, some_entries(2));
    const std::string whole = read(file_);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        std::string flipped = whole;
        flipped[at] = static_cast<char>(flipped[at] ^ 0x20);
        write(file_, flipped);
        EXPECT_THAT(first_fault(), StartsWith(file_.string() + " is ")) << at;
    }
}

TEST_F(PoolFile, EntryThatIsDamagedIsNamedAndTheOthersAreGood) {
    write_pool(file_, some_entries(3));
    std::string octets = read(file_);
    const std::size_t second = first_line.size() + entry_octets(some_entries(1)[0]).size() + 10;
    octets[second] = static_cast<char>(octets[second] ^ 1);
    write(file_, octets);
    const Pool pool = must(Pool::open(file_));
    EXPECT_EQ(must(pool.read(0)), some_entries(3)[0]);
    EXPECT_EQ(must(pool.read(2)), some_entries(3)[2]);
    const auto damaged = pool.read(1);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().kind, ErrorKind::Parse);
    EXPECT_EQ(damaged.error().message, file_.string() + " is damaged: TPM 1 does not have its hash");
    const auto checked = pool.check_entries();
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().message, damaged.error().message);
}

TEST_F(PoolFile, CutOffWhileItIsOpenIsAnErrorAndNoSignal) {
    write_pool(file_, some_entries(3));
    const Pool pool = must(Pool::open(file_));
    ASSERT_EQ(::truncate(file_.c_str(), static_cast<off_t>(first_line.size()) + 10), 0);
    const auto gone = pool.read(2);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().message, file_.string() + " is cut off");
}

TEST_F(PoolFile, OtherFormatSaysWhich) {
    write(file_, "pushsim TPM pool 2\n" + std::string(200, ' '));
    EXPECT_EQ(refused().message,
              file_.string() + " is a pool of format 2, and this pushsim knows format 1 alone");
    write(file_, "#!/bin/sh\necho no pool of TPMs at all, but long enough for its first line\n");
    EXPECT_EQ(refused().message, file_.string() + " is no pool of TPMs");
}

TEST_F(PoolFile, OtherLibtpmsSaysWhich) {
    About other = about_here();
    other.libtpms_version = "0.1.2";
    auto fits = must(Pool::open(write_pool(file_, some_entries(1), other))).fits_libtpms();
    ASSERT_FALSE(fits);
    EXPECT_EQ(fits.error().kind, ErrorKind::Parse);
    EXPECT_THAT(fits.error().message,
                HasSubstr(" is of libtpms 0.1.2, and this pushsim has " + about_here().libtpms_version));
    other = about_here();
    other.libtpms_build = std::string(64, 'a');
    fits = must(Pool::open(write_pool(file_, some_entries(1), other))).fits_libtpms();
    ASSERT_FALSE(fits);
    EXPECT_THAT(fits.error().message,
                HasSubstr(" is of another build of libtpms " + other.libtpms_version + " than"));
}

/// A pool whose hash is right and whose contents are not: made by somebody, not by an accident.
TEST_F(PoolFile, ForgedHeadersAreRefused) {
    const auto forge = [&](const std::string& header, const Bytes& index = {}, std::size_t count = 0) {
        std::string text(first_line);
        text.append(index.begin(), index.end());
        text += header + trailer_text({header.size(), count, pool_hash(index, header)});
        write(file_, text);
        return refused().message;
    };
    const std::string good = header_text(about_here());
    for (const std::string& header : std::vector<std::string>{"", "{}\n", "[]\n", "null\n", good.substr(1),
                                                              std::string(60'000, '['), "{\"libtpms\": 1}\n"})
        EXPECT_THAT(forge(header), StartsWith(file_.string() + " is damaged: its header "));
    const auto changed = [&](const std::string& from, const std::string& to) {
        std::string header = good;
        const auto at = header.find(from);
        if (at == std::string::npos) throw std::runtime_error("no " + from);
        return forge(header.replace(at, from.size(), to));
    };
    EXPECT_THAT(changed("\"primary\"", "\"other\""), HasSubstr("attestation keys of an unknown kind"));
    EXPECT_THAT(changed(about_here().libtpms_version, "\\u001b[31m"), HasSubstr("no version of libtpms"));
    EXPECT_THAT(changed(about_here().libtpms_build, "aa"), HasSubstr("no build of libtpms"));
    EXPECT_THAT(changed("2026-", "yesterday"), HasSubstr("its header "));
    // Sizes that lead out of the file.
    for (const std::uint32_t size : {1U, 0xFFFFFFFFU}) {
        Bytes index;
        append(index, {.size = size});
        EXPECT_THAT(forge(good, index, 1), HasSubstr("its entries are not as long as its index says"));
    }
    write(file_, std::string(first_line) + std::string(200, 'x') +
                     fmt::format("{:08x} {:08x} {}\n", 10, max_count + 1, std::string(64, 'a')));
    EXPECT_THAT(refused().message, HasSubstr("does not end as a pool does"));
    write(file_, std::string(first_line) + std::string(200, 'x') +
                     trailer_text({10, max_count, std::string(64, 'a')}));
    EXPECT_THAT(refused().message, HasSubstr("is cut off"));
}

TEST_F(PoolFile, EntryThatIsLongerThanAllowedIsRefused) {
    for (const std::size_t size : {max_entry_size, max_entry_size + 1}) {
        const Bytes entry(size, 'x');
        Bytes index;
        append(index, index_line(entry));
        const std::string header = header_text(about_here());
        write(file_, std::string(first_line) + std::string(entry.begin(), entry.end()) +
                         std::string(index.begin(), index.end()) + header +
                         trailer_text({header.size(), 1, pool_hash(index, header)}));
        const auto pool = Pool::open(file_);
        EXPECT_EQ(pool.has_value(), size == max_entry_size) << size;
    }
}

TEST_F(PoolFile, EntryIsTakenToItsLastOctetAndNoFurther) {
    const Bytes whole = entry_octets(some_entries(2)[1]);
    EXPECT_EQ(must(parse_entry(whole)), some_entries(2)[1]);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(parse_entry(ByteView(whole).first(size))) << size;
    Bytes longer = whole;
    longer.push_back(0);
    EXPECT_EQ(parse_entry(longer).error().message, "has octets behind its last field");
}

TEST_F(PoolFile, WhatIsNoFileIsNotWaitedFor) {
    EXPECT_EQ(refused().kind, ErrorKind::Config);
    EXPECT_THAT(refused().message, HasSubstr("cannot read " + file_.string() + ": No such file"));
    ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
    EXPECT_EQ(refused().message, file_.string() + " is no regular file");
    std::filesystem::remove(file_);
    std::filesystem::create_directory(file_);
    EXPECT_EQ(refused().message, file_.string() + " is no regular file");
}

TEST_F(PoolFile, FolderThatIsNotThereAndAFullDiskAreNamed) {
    const auto nowhere = PoolWriter::begin(folder_.path() / "none" / "a.pool", about_here());
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().kind, ErrorKind::System);
    EXPECT_THAT(nowhere.error().message, HasSubstr("none/a.pool.part: No such file or directory"));
    EXPECT_THAT(nowhere.error().mend, HasSubstr("let this user write there"));

    // As on a full disk: a file may not be larger than 200 octets.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    const auto handler = ::signal(SIGXFSZ, SIG_IGN);
    const rlimit small{200, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Result<void> full;
    {
        auto writer = must(PoolWriter::begin(file_, about_here()));
        for (const Entry& entry : some_entries(2))
            if (full) full = writer.append(entry);
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    ::signal(SIGXFSZ, handler);
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().message, HasSubstr("cannot write " + file_.string() + ".part: File too large"));
    EXPECT_FALSE(std::filesystem::exists(part_of(file_)));
}

}  // namespace
}  // namespace pushsim::pool
