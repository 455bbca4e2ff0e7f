// IMA logs of groups, what is measured into them, and policies that follow from them.

#include <gmock/gmock.h>

#include "sim/scenario/tell.hpp"
#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

const std::string kTwo =
    "agents: { logged: { boot: { ima: { entries: 3 } }, enrol: { runtime_policy_name: p, runtime_policy: "
    "from_boot } }, plain: { enrol: { runtime_policy: none } } }";

/// The plan, which is also seen to be the same after it has been written and read again.
Scenario read_script(const std::string& script) {
    return read(Parts{.agents = kTwo, .script = "script: [ " + script + " ]"});
}

TEST(ImaLogs, AreOfGroupsThatHaveOne) {
    const Scenario scenario = read_script("attest: logged");
    EXPECT_EQ(scenario.groups.at(0).ima_files, 3);
    EXPECT_EQ(scenario.groups.at(1).ima_files, std::nullopt);
    EXPECT_EQ(scenario.groups.at(0).enrol.runtime_policy, RuntimePolicy(PolicyFromLog{}));
    EXPECT_EQ(scenario.groups.at(1).enrol.runtime_policy, RuntimePolicy(NoPolicy{}));
}

TEST(ImaPolicies, MayFollowFromTheLogsOfAGroup) {
    const Scenario scenario = read_script(
        "enrol: { agents: plain, runtime_policy: { from_boot: logged } }, "
        "change_policy: { runtime_policy_name: p, runtime_policy: { from_boot: logged } }");
    EXPECT_EQ(scenario.script.at(0).runtime_policy, RuntimePolicy(PolicyFromLog{"logged"}));
    EXPECT_EQ(scenario.script.at(1).runtime_policy, RuntimePolicy(PolicyFromLog{"logged"}));
}

TEST(Measure, HasAPathAndWhatTheFileHolds) {
    const std::string digest = "sha256:" + std::string(64, 'a');
    const Scenario scenario =
        read_script("measure: { agents: logged, path: /usr/bin/new, digest: \"text:x\" }, " +
                    ("measure: { agents: logged, path: /a, digest: \"" + digest) + "\" }");
    EXPECT_EQ(scenario.script.at(0).path, "/usr/bin/new");
    EXPECT_EQ(scenario.script.at(0).file.as_written, "text:x");
    EXPECT_EQ(scenario.script.at(1).file.as_written, digest);
    EXPECT_EQ(tell(scenario.script.at(0), scenario),
              "logged uses /usr/bin/new, and IMA measures it as text:x.");
}

INSTANTIATE_TEST_SUITE_P(
    Ima, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"PolicyFromALogThatIsNotThere",
         {.agents = "agents: { a: { enrol: { runtime_policy: from_boot } } }"},
         "2:11: the agents of `a` have no IMA log; give them one: `boot: { ima: { entries: 3 } }`"},
        {"PolicyFromTheLogOfAGroupWithoutOne",
         {.agents = kTwo,
          .script =
              "script: [ change_policy: { runtime_policy_name: p, runtime_policy: { from_boot: plain } } ]"},
         "3:68: the agents of `plain` have no IMA log; give them one: `boot: { ima: { entries: 3 } }`"},
        {"PolicyFromTheLogOfNobody",
         {.agents = kTwo,
          .script =
              "script: [ change_policy: { runtime_policy_name: p, runtime_policy: { from_boot: loged } } ]"},
         "3:68: `from_boot`: unknown group `loged`; did you mean `logged`?"},
        {"PolicyFromBootOfNoAgent",
         {.agents = kTwo,
          .script = "script: [ change_policy: { runtime_policy_name: p, runtime_policy: from_boot } ]"},
         "3:68: `runtime_policy`: expected { json: text }, { file: policy.json } or { from_boot: GROUP }; "
         "found "
         "'from_boot'"},
        {"PolicyOfAStepFromALogThatIsNotThere",
         {.agents = kTwo, .script = "script: [ enrol: { agents: plain, runtime_policy: from_boot } ]"},
         "3:51: the agents of `plain` have no IMA log; give them one: `boot: { ima: { entries: 3 } }`"},
        {"MeasureWithoutALog",
         {.agents = kTwo, .script = "script: [ measure: { agents: plain, path: /a, digest: \"text:x\" } ]"},
         "3:55: the agents of `plain` have no IMA log; give them one: `boot: { ima: { entries: 3 } }`"},
        {"MeasureOfARelativePath",
         {.agents = kTwo,
          .script = "script: [ measure: { agents: logged, path: \"a b\", digest: \"text:x\" } ]"},
         "3:44: `path`: expected an absolute path without spaces, such as /usr/bin/new; found 'a b'"},
        {"MeasureByAnotherDigest",
         {.agents = kTwo,
          .script = "script: [ measure: { agents: logged, path: /a, digest: \"sha1:" + std::string(40, '0') +
                    "\" } ]"},
         "3:56: `digest`: expected text:… or sha256:HEX; found 'sha1:00000000000000000000000000000000000…'"},
        {"MeasureOfNothing",
         {.agents = kTwo, .script = "script: [ measure: logged ]"},
         "3:20: `measure`: expected a map, like { path: /usr/bin/new, digest: \"text:version 2\" }; found "
         "'logged'"},
        {"TemplateNotYetThere",
         {.agents = "agents: { a: { boot: { ima: { entries: 3, template: ima-sig } } } }"},
         "2:53: `template`: `ima-sig` is part of the language but not yet in pushsim"}}),
    case_name);

}  // namespace
}  // namespace pushsim::scenario
