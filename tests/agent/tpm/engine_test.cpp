// Copies of libtpms, the swap of their writable segment, and what both must keep apart.

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <dlfcn.h>
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/tpm/accelerators.hpp"
#include "agent/tpm/library.hpp"
#include "agent/tpm/segment_swap.hpp"
#include "agent/tpm/self_check.hpp"
#include "tests/agent/tpm/openssl_check.hpp"
#include "tests/agent/tpm/tpm_under_test.hpp"

namespace pushsim::tpm {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string maps() {
    std::ifstream file("/proc/self/maps");
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Library, CopiesHaveStateOfTheirOwn) {
    const auto first = must(Library::copy());
    const auto second = must(Library::copy());
    EXPECT_NE(first->process, second->process);
    EXPECT_NE(first->process, must(Library::linked())->process);
    ASSERT_FALSE(first->writable().empty());
    EXPECT_EQ(first->writable().size(), second->writable().size());
    EXPECT_NE(first->writable().data(), second->writable().data());
}

TEST(Library, ACopyIsAnObjectWhoseFileADebuggerCanRead) {
    const auto copy = must(Library::copy());
    Dl_info about{};
    ASSERT_NE(::dladdr(reinterpret_cast<void*>(copy->process), &about), 0);
    const std::string path = about.dli_fname;
    EXPECT_THAT(path, HasSubstr("/proc/" + std::to_string(::getpid()) + "/fd/"));
    std::ifstream file(path, std::ios::binary);
    std::string magic(4, ' ');
    file.read(magic.data(), 4);
    EXPECT_EQ(magic,
              "\x7f"
              "ELF");
}

TEST(Library, ItsBuildIsTheHashOfItsFile) {
    const auto copy = must(Library::copy());
    Dl_info about{};
    ASSERT_NE(::dladdr(reinterpret_cast<void*>(copy->process), &about), 0);
    std::ifstream file(about.dli_fname, std::ios::binary);
    const std::string contents{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(must(Library::build()), to_hex(check::digest(HashAlgorithm::Sha256, as_bytes(contents))));
}

TEST(Library, ItsWritableSegmentIsMappedAndWritable) {
    const auto copy = must(Library::copy());
    const auto segment = copy->writable();
    EXPECT_GT(segment.size(), 100'000U) << "libtpms keeps an NV image of 128 KiB in it";
    std::ranges::transform(segment, segment.begin(), [](std::byte octet) { return octet; });
}

TEST(Library, ACopyThatGoesLeavesNothing) {
    const auto fds = [] {
        return std::distance(std::filesystem::directory_iterator("/proc/self/fd"),
                             std::filesystem::directory_iterator());
    };
    const auto copies = [] {  // of hosts that tests share, too
        const std::string text = maps();
        std::size_t count = 0;
        for (std::size_t at = 0; (at = text.find("memfd:libtpms", at)) != std::string::npos; ++at)
            ++count;
        return count;
    };
    const auto open = fds();
    const auto loaded = copies();
    for (int i = 0; i < 20; ++i)
        (void)must(Library::copy());
    EXPECT_EQ(fds(), open);
    EXPECT_EQ(copies(), loaded);
    const auto one = must(Library::copy());
    EXPECT_GT(copies(), loaded) << "it would have been seen";
}

TEST(SegmentSwap, TakesOutWhatChangedAndPutsItBack) {
    std::vector<std::byte> segment(1000);  // no multiple of a block
    for (std::size_t i = 0; i < segment.size(); ++i)
        segment[i] = static_cast<std::byte>(i);
    const auto original = segment;
    SegmentSwap swap(segment);
    segment[0] = segment[300] = segment[999] = std::byte{0xFF};
    const auto changed = segment;
    SegmentImage image;
    EXPECT_TRUE(image.empty());
    swap.out(image);
    EXPECT_EQ(segment, original);
    EXPECT_FALSE(image.empty());
    EXPECT_LT(image.size(), segment.size());
    swap.in(image);
    EXPECT_EQ(segment, changed);
    EXPECT_TRUE(image.empty()) << "a second time it would be an older state";
    swap.reset();
    EXPECT_EQ(segment, original);
}

TEST(SegmentSwap, HoldsForThisLibtpms) {
    EXPECT_THAT(segment_swap_fault(), IsEmpty());
    const TpmHost host;
    EXPECT_EQ(host.swapping(), Swapping::Segment);
    EXPECT_THAT(host.fallback(), IsEmpty());
}

std::span<std::byte> without_the_last_half(std::span<std::byte> writable) {
    return writable.first(writable.size() / 2);
}
std::span<std::byte> without_the_first_half(std::span<std::byte> writable) {
    return writable.last(writable.size() / 2);
}

TEST(SegmentSwap, APartOfTheSegmentIsNotEnoughAndTheHostFallsBack) {
    for (const SegmentPart part : {without_the_first_half, without_the_last_half}) {
        const std::string fault = find_segment_swap_fault(part);
        EXPECT_THAT(fault, Not(IsEmpty()));
        EXPECT_THAT(fault, Not(HasSubstr("by blobs: ")));
        const TpmHost host(fault);
        EXPECT_EQ(host.swapping(), Swapping::Blobs);
        EXPECT_EQ(host.fallback(), fault);
    }
}

TEST(SegmentSwap, ItsLastBlockIsNumberedWithoutBeginningAgain) {
    std::vector<std::byte> segment(SegmentSwap::most);
    SegmentSwap swap(segment);
    segment.back() = std::byte{1};
    SegmentImage image;
    swap.out(image);
    EXPECT_EQ(segment.back(), std::byte{0});
    swap.in(image);
    EXPECT_EQ(segment.back(), std::byte{1});
    segment.emplace_back();
    EXPECT_THROW((void)SegmentSwap(segment), std::length_error);
}

/// It is looked at no further.
std::span<std::byte> too_large(std::span<std::byte> writable) {
    return {writable.data(), SegmentSwap::most + 1};
}

TEST(SegmentSwap, ATooLargeSegmentIsNotSwapped) {
    const TpmHost host(Swapping::Segment, too_large);
    EXPECT_EQ(host.swapping(), Swapping::Blobs);
    EXPECT_EQ(host.fallback(), "libtpms keeps its state in 16777217 octets, more than 16777216");
}

TEST(SegmentSwap, AnswersThatDifferAreAFault) {
    const std::vector<CheckAnswer> expected = {{"TPM2_PCR_Read", 0, {1, 2}}, {"TPM2_Sign", 0, {3}}};
    EXPECT_EQ(difference(expected, expected), "");
    auto found = expected;
    found[1].said = {4};
    EXPECT_EQ(difference(expected, found), "answer 1 (TPM2_Sign) is not as by blobs");
    found.pop_back();
    EXPECT_EQ(difference(expected, found), "1 answers, 2 expected");
}

TEST(SegmentSwap, AnErrorThatIsTheSameInBothIsAFaultForItShowsNothing) {
    const std::vector<CheckAnswer> failed = {{"TPM2_PCR_Read", 0, {1, 2}}, {"TPM2_Sign", 0x101, {}}};
    EXPECT_THAT(difference(failed, failed), testing::StartsWith("by blobs: TPM2_Sign: "));
}

/// In a process of its own, for no file may be written in it any more.
[[noreturn]] void work_without_a_copy() {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &none);
    std::signal(SIGXFSZ, SIG_IGN);
    TpmHost host;
    bool works = host.swapping() == Swapping::Blobs &&
                 host.fallback().starts_with("no copy of libtpms could be loaded: ");
    // The linked library is in use, unless it is known already what it calls.
    const auto switched = switch_accelerators({.rsa_factors = true});
    works = works && (switched || switched.error().message.ends_with("and the linked libtpms is in use"));
    VirtualTpm a(host);
    VirtualTpm b(host);
    must(a.power_on());
    must(b.power_on());
    works = works && ask(a, [](Commands& c) { return c.get_random(8); }) &&
            ask(b, [](Commands& c) { return c.get_random(8); });
    const auto others = make_tpm_hosts(2);
    works = works && !others && others.error().kind == ErrorKind::System;
    try {
        const TpmHost second;
        works = false;
    } catch (const std::runtime_error& error) {
        works = works && std::string(error.what()).ends_with("and the linked libtpms is in use");
    }
    std::_Exit(works ? 0 : 1);
}

TEST(TpmHostDeathTest, WithoutACopyTheLinkedLibraryServesOneHost) {
    EXPECT_EXIT(work_without_a_copy(), testing::ExitedWithCode(0), "");
}

/// In a process of its own, which may have few more descriptors than it has.
[[noreturn]] void make_hosts_with_few_descriptors() {
    bool works = segment_swap_fault().empty();
    const int lowest = ::dup(STDIN_FILENO);
    ::close(lowest);
    // A copy of libtpms keeps one, and for a while has another.
    const auto limit = static_cast<rlim_t>(lowest + 3);
    const rlimit few{limit, limit};
    ::setrlimit(RLIMIT_NOFILE, &few);
    const auto made = must(make_tpm_hosts(4));
    works = works && !made.hosts.empty() && made.hosts.size() < 4 &&
            made.why_not_more.starts_with("no copy of libtpms could be loaded: ") &&
            std::ranges::all_of(made.hosts, [](const auto& host) { return host->fallback().empty(); });
    std::_Exit(works ? 0 : 1);
}

TEST(TpmHostDeathTest, AreFewerWhereNotAsManyCopiesCanBeLoaded) {
    EXPECT_EXIT(make_hosts_with_few_descriptors(), testing::ExitedWithCode(0), "");
}

TEST(TpmHost, AsManyAreMadeAsAreAskedFor) {
    const auto made = must(make_tpm_hosts(3, Swapping::Blobs));
    EXPECT_EQ(made.hosts.size(), 3U);
    EXPECT_THAT(made.why_not_more, IsEmpty());
}

TEST(TpmHost, AnyNumberOfThemWorkAtOnceEachOnItsThread) {
    constexpr int count = 4;
    std::vector<Bytes> ek(count);
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) {
        threads.emplace_back([&ek, i] {
            TpmHost own;
            VirtualTpm a(own);
            VirtualTpm b(own);
            must(a.power_on());
            must(b.power_on());
            auto keys_a = must(AttestationKeys::provision(a, AkParent::None));
            auto keys_b = must(AttestationKeys::provision(b, AkParent::None));
            for (std::uint8_t round = 0; round < 3; ++round) {
                for (auto* keys : {&keys_a, &keys_b}) {
                    const auto quote = must(keys->quote(Bytes{round}, HashAlgorithm::Sha256, {10}));
                    if (!check::verifies(keys->describe().ak_public, quote.message, quote.signature))
                        throw std::runtime_error("a quote is not signed by its AK");
                }
            }
            ek[static_cast<std::size_t>(i)] = keys_a.describe().ek_public;
        });
    }
    for (auto& thread : threads)
        thread.join();
    std::ranges::sort(ek);
    EXPECT_EQ(std::ranges::adjacent_find(ek), ek.end()) << "all have seeds of their own";
}

}  // namespace
}  // namespace pushsim::tpm
