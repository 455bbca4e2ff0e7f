#include "sim/fleet/events.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace pushsim::fleet {
namespace {

scenario::Group group(std::optional<int> ima_files) {
    scenario::Group group;
    group.boot = {{7, {"text:secure-boot-on", "", {}}}};
    group.ima_files = ima_files;
    return group;
}

TEST(GoldenState, HasTheExtensionsThenTheFilesOfTheImaLog) {
    const auto plain = golden_state(group({}));
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->events().size(), 1U);
    EXPECT_EQ(plain->ima_log().entry_count(), 0U);

    const auto logged = golden_state(group(2));
    ASSERT_TRUE(logged);
    boot::BootState same{WallTime{}};
    same.measure(7, *boot::parse_measurement("text:secure-boot-on"));
    same.start_ima();
    for (const std::string path : {"/usr/bin/tool-0001", "/usr/bin/tool-0002"})
        same.measure_file({path, tpm::hash(tpm::HashAlgorithm::Sha256, as_bytes(path))});
    EXPECT_EQ(logged->ima_log().text(), same.ima_log().text());
    EXPECT_EQ(logged->events().size(), 4U);
}

TEST(GoldenState, OfAnImaLogWithoutFilesHasBootAggregate) {
    EXPECT_EQ(golden_state(group(0))->ima_log().entry_count(), 1U);
}

TEST(BootRecords, AreOneForTheWholeImaLog) {
    const auto records = boot_records(*golden_state(group(1000)));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_EQ(records[0].act, "extend");
    EXPECT_EQ(records[0].pcr, 7);
    EXPECT_EQ(records[1].act, "ima_log");
    EXPECT_EQ(records[1].text, "1001 entries");
    EXPECT_EQ(boot_records(*golden_state(group({}))).size(), 1U);
}

TEST(ImaFiles, HaveTheDigestOfATextOrTheOneThatIsGiven) {
    EXPECT_EQ(ima_file("/a", {"text:x", "", {}})->digest,
              tpm::hash(tpm::HashAlgorithm::Sha256, as_bytes("x")));
    EXPECT_EQ(ima_file("/a", {"sha256:" + std::string(64, 'a'), "sha256", {}})->digest, Bytes(32, 0xaa));
}

}  // namespace
}  // namespace pushsim::fleet
