// The reference page: as the tables have it, and its plays are valid.

#include "sim/scenario/reference.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "sim/scenario/json_schema.hpp"
#include "tests/sim/scenario/broken.hpp"
#include "tests/sim/scenario/schema_validator.hpp"

namespace pushsim::scenario {
namespace {

using testing::HasSubstr;

TEST(Reference, IsTheFileThatIsShipped) {
    std::ifstream in(PUSHSIM_DOCS "/scenarios.md");
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    EXPECT_TRUE(text == reference_page()) << "write it again: pushsim list reference > docs/scenarios.md";
}

TEST(Reference, HasLinesThatFit) {
    const std::string page = reference_page();
    for (std::size_t at = 0; at < page.size();) {
        const std::size_t end = std::min(page.find('\n', at), page.size());
        const auto columns = std::count_if(
            page.begin() + static_cast<std::ptrdiff_t>(at), page.begin() + static_cast<std::ptrdiff_t>(end),
            [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
        EXPECT_LE(columns, 120) << page.substr(at, end - at);
        at = end + 1;
    }
}

TEST(Reference, ExplainsEveryNameThatIsThere) {
    const std::string page = reference_page();
    for (const StepName& step : steps())
        EXPECT_THAT(page, HasSubstr((step.availability == Availability::Now ? "\n### " : "`") +
                                    std::string(step.name)));
    for (const FaultName& fault : faults())
        EXPECT_THAT(page, HasSubstr("`" + std::string(fault.name) + "`"));
    for (const Name& check : checks())
        EXPECT_THAT(page, HasSubstr("* `" + std::string(check.name) + "`: "));
    for (const auto keys :
         {scenario_keys(), stack_keys(), group_keys(), enrol_keys(), expect_keys(), response_keys()}) {
        for (const Key& key : keys) {
            if (key.availability == Availability::Now) {
                EXPECT_THAT(page, HasSubstr("* `" + std::string(key.name) + ": "));
            }
        }
    }
}

TEST(Reference, ItsPlaysAreValid) {
    const std::string page = reference_page();
    const SchemaValidator schema(json_schema());
    int plays = 0;
    const std::string fence = "```yaml\n";
    for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
        at += fence.size();
        const std::string text = page.substr(at, page.find("```", at) - at);
        if (text.find("scenario: ") == std::string::npos) continue;
        ++plays;
        EXPECT_EQ(problems_of(text), "") << text;
        EXPECT_EQ(schema.problems(text), "") << text;
    }
    EXPECT_EQ(plays, 4);
}

}  // namespace
}  // namespace pushsim::scenario
