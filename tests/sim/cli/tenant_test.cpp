// What `tenant` refuses before it asks anybody.

#include <gmock/gmock.h>

#include "tests/sim/cli/program.hpp"

namespace pushsim::testing {
namespace {

using ::testing::HasSubstr;

TEST(Tenant, APolicyThatAVerifierWouldNotEnforceIsRefusedBeforeItIsAsked) {
    const Place place;
    place.write("broken.json", "{\"7\": ");
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"@broken.json", "broken.json:1:7: not JSON"},
        {"{\"7\":\n nothing}", "--tpm-policy:2:3: not JSON"},
        {"@none.json", "--tpm-policy: cannot read none.json: No such file"},
        {"[]", "--tpm-policy: not a JSON object"},
        {"broken.json",
         "--tpm-policy: 'broken.json' is no JSON but names a file\n"
         "  mend: a file is meant by an @ before it: --tpm-policy @broken.json"},
        {"policies/none", "--tpm-policy @policies/none"},
        {"7", "--tpm-policy: not a JSON object\n  mend: for example --tpm-policy '{"},
        {R"({"24": ["00"]})", "--tpm-policy: '24' is no PCR; they go from 0 to 23"},
        {R"({"seven": ["00"]})", "'seven' is no PCR"},
        {R"({"7": "00"})", "PCR 7 has a text where a list belongs, which the verifier would not compare"},
        {R"({"7": ["AB"]})", "PCR 7 has \"AB\" where the hex digits of a digest belong, in lower case"},
        {R"({"7": ["abcd"]})", "PCR 7 has \"abcd\" where the hex digits of a digest belong"},
        {"{}", "--tpm-policy: names no PCR"},
        {R"({"mask": "0x80"})", "--tpm-policy: names no PCR"},
        {R"({"7": []})", "PCR 7 has no list of values"},
    };
    for (const auto& [policy, words] : wrong) {
        const Ended ended = pushsim(place, {"tenant", "add", "web-0", "--tpm-policy", policy});
        EXPECT_EQ(ended.exit_code, 2) << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(words));
    }
}

TEST(Tenant, AFileOfAPolicyThatAVerifierWouldNotEnforceIsRefusedToo) {
    const Place place;
    place.write("broken.json", "{\"meta\":\n  {,}}");
    place.write("list.json", "[]");
    place.write("empty.json", "{}");
    place.write("generator.json", R"({"meta": {"version": 1, "generator": 1}})");
    struct Wrong {
        const char* option;
        const char* file;
        const char* words;
        const char* mend;
    };
    const std::vector<Wrong> wrong = {
        {"--runtime-policy", "broken.json", "broken.json:2:4: not JSON", "keylime-policy create runtime"},
        {"--runtime-policy", "list.json", "list.json: not a JSON object", "keylime-policy create runtime"},
        {"--runtime-policy", "none.json", "--runtime-policy: cannot read none.json: No such file",
         "a file of JSON that this user may read"},
        {"--runtime-policy", ".", "--runtime-policy: cannot read .: Is a directory", "a file of JSON"},
        {"--runtime-policy", "generator.json",
         "generator.json: meta.generator is 1, and the verifier asks for no IMA log",
         "keylime-policy create runtime"},
        {"--mb-policy", "broken.json", "broken.json:2:4: not JSON", "keylime-policy create measured-boot"},
        {"--mb-policy", "none.json", "--mb-policy: cannot read none.json: No such file", "a file of JSON"},
        {"--mb-policy", "empty.json", "empty.json: an empty policy: the verifier would ask for the UEFI log",
         "keylime-policy create measured-boot"},
    };
    for (const auto& [option, file, words, mend] : wrong) {
        const Ended ended = pushsim(place, {"tenant", "add", "web-0", option, file});
        EXPECT_EQ(ended.exit_code, 2) << ended.err;
        EXPECT_THAT(ended.err, HasSubstr(words));
        EXPECT_THAT(ended.err, HasSubstr(mend)) << words;
    }
}

TEST(Tenant, AnEnrolmentWithoutAnyPolicyIsRefusedWithWhatWouldCome) {
    const Place place;
    const Ended ended = pushsim(place, {"tenant", "add", "web-0"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no policy: the verifier would ask for no evidence"));
    EXPECT_THAT(ended.err,
                HasSubstr("mend: pushsim tenant add web-0 --tpm-policy '{\"7\": [\"HEX\"]}' enrols it; "
                          "pushsim tenant add --help tells of the other policies"));
}

TEST(Tenant, WithoutAStackTheWayOutIsNamed) {
    const Place place;
    const Ended ended = pushsim(place, {"tenant", "list"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("no stack is up\n  mend: pushsim stack up starts one"));
}

}  // namespace
}  // namespace pushsim::testing
