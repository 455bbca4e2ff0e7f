#include "agent/boot/ima_log.hpp"

#include <gtest/gtest.h>

#include "agent/boot/boot_state.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::boot {
namespace {

using tpm::HashAlgorithm;

ImaFile file(const std::string& path, const std::string& contents) {
    return {path, tpm::hash(HashAlgorithm::Sha256, as_bytes(contents))};
}

TEST(ImaLine, IsWhatKernelsWrote) {
    // Of machines: rust-keylime, keylime/test-data/ima_log.txt; keylime,
    // test/data/create-runtime-policy/ima-log-sha256.
    const std::vector<std::string> lines{
        "10 919d666632e75b1895ee4a6653b8e6c20842bc66 ima-ng "
        "sha256:fec395eacfbd4d9bfd3ddce68ccf0792159494ff7aae89c556f7f2796046f871 boot_aggregate",
        "10 6309e2c83b7814367bb3912a55e5473454623535 ima-ng "
        "sha256:f4845392eca429a4c941a6a07fc32faf843a88c5c3dfa3b9329ab8f4171d9ce3 boot_aggregate",
        "10 80255d9c7dad91ef5f21b18560a47642d6f4d653 ima-ng "
        "sha256:96d7fae8adb7286a419a88f78c13d35fb782d63df654b7db56f154765698b754 /data"};
    for (const std::string& line : lines) {
        const std::size_t digest = line.find("sha256:") + 7;
        EXPECT_EQ(ima_line({line.substr(line.rfind(' ') + 1), *from_hex(line.substr(digest, 64))}), line);
    }
}

TEST(ImaLog, IsReadFromAnyEntryOn) {
    ImaLog log;
    for (const char* name : {"/a", "/b", "/c"})
        log.add(file(name, name));
    const std::string a = ima_line(file("/a", "/a")) + '\n';
    const std::string b = ima_line(file("/b", "/b")) + '\n';
    const std::string c = ima_line(file("/c", "/c")) + '\n';
    EXPECT_EQ(log.entry_count(), 3U);
    EXPECT_EQ(log.text(), a + b + c);
    EXPECT_EQ(log.text(1), b + c);
    EXPECT_EQ(log.text(1, 1), b);
    EXPECT_EQ(log.text(2, UINT64_MAX), c);
    EXPECT_EQ(log.text(3), "");
    EXPECT_EQ(log.text(UINT64_MAX), "");
}

TEST(ImaLog, AllowsWhatIsInIt) {
    ImaLog log;
    log.add(file("/a", "old"));
    log.add(file("/a", "new"));
    log.add(file("/a", "old"));
    AllowedFiles allowed{{"/b", {"00"}}};
    log.allow_in(allowed);
    const AllowedFiles expected{{"/a", {to_hex(file("", "old").digest), to_hex(file("", "new").digest)}},
                                {"/b", {"00"}}};
    EXPECT_EQ(allowed, expected);
}

TEST(Ima, BootAggregateIsTheHashOfPcr0To9) {
    BootState state{WallTime{}};
    EXPECT_EQ(state.ima_log().entry_count(), 0U);
    state.measure(9, *parse_measurement("text:kernel"));
    state.measure(10, *parse_measurement("text:not part of it"));
    state.start_ima();
    Bytes values(9 * 32, 0);
    const Bytes of_9 = extend(HashAlgorithm::Sha256, Bytes(32, 0),
                              parse_measurement("text:kernel")->digests.at(HashAlgorithm::Sha256));
    values.insert(values.end(), of_9.begin(), of_9.end());
    EXPECT_EQ(state.ima_log().text(),
              ima_line({"boot_aggregate", tpm::hash(HashAlgorithm::Sha256, values)}) + '\n');
}

/// As a verifier does: each line's template data, hashed by the bank's algorithm (keylime/ima/ast.py).
Bytes replayed(HashAlgorithm bank, const std::string& log) {
    Bytes value(tpm::digest_size(bank), 0);
    for (std::size_t begin = 0; begin < log.size(); begin = log.find('\n', begin) + 1) {
        const std::string line = log.substr(begin, log.find('\n', begin) - begin);
        const Bytes digest = *from_hex(line.substr(line.find("sha256:") + 7, 64));
        const std::string path = line.substr(line.rfind(' ') + 1);
        Bytes data{40, 0, 0, 0, 's', 'h', 'a', '2', '5', '6', ':', 0};
        data.insert(data.end(), digest.begin(), digest.end());
        data.insert(data.end(), {static_cast<std::uint8_t>(path.size() + 1), 0, 0, 0});
        data.insert(data.end(), path.begin(), path.end());
        data.push_back(0);
        value = extend(bank, value, tpm::hash(bank, data));
    }
    return value;
}

TEST(Ima, TheLogLeadsToThePcrOfATpmThatWasMeasuredAlikeInEveryBank) {
    tpm::TpmHost host;
    tpm::VirtualTpm tpm(host);
    ASSERT_TRUE(tpm.power_on());
    BootState state{WallTime{}};
    state.measure(0, *parse_measurement("text:firmware"));
    state.start_ima();
    state.measure_file(file("/usr/bin/true", "true"));
    state.measure_file(file("/usr/bin/false", "false"));
    const auto done = tpm.run([&](tpm::Commands& commands) -> Result<void> {
        for (const Event& event : state.events()) {
            if (auto extended = commands.pcr_extend(event.pcr, event.measurement.digests); !extended)
                return extended;
        }
        for (const HashAlgorithm bank : tpm::hash_algorithms) {
            const auto values = commands.pcr_read(bank, {ima_pcr});
            if (!values) return tl::make_unexpected(values.error());
            EXPECT_EQ(to_hex(values->at(ima_pcr)), to_hex(replayed(bank, state.ima_log().text())))
                << tpm::to_string(bank);
        }
        return {};
    });
    EXPECT_TRUE(done) << done.error().text();
}

TEST(Ima, CopiesShareTheLogUntilOneMeasures) {
    BootState golden{WallTime{}};
    golden.start_ima();
    BootState first(WallTime{}, golden);
    EXPECT_EQ(&first.ima_log(), &golden.ima_log());
    first.measure_file(file("/usr/bin/true", "true"));
    EXPECT_EQ(first.ima_log().entry_count(), 2U);
    EXPECT_EQ(golden.ima_log().entry_count(), 1U);
    EXPECT_EQ(golden.events().size(), 1U);
}

}  // namespace
}  // namespace pushsim::boot
