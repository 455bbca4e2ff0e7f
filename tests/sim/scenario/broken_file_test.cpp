// The file as a whole, with one slip each.

#include "tests/sim/scenario/broken.hpp"

namespace pushsim::scenario {
namespace {

INSTANTIATE_TEST_SUITE_P(
    File, BrokenScenario,
    testing::ValuesIn(std::vector<Broken>{
        {"NoName",
         {.head = "title: x"},
         "1:1: a scenario needs `scenario:`, its name: lower-case words with hyphens, unique in a run, like "
         "`scenario: pcr-mismatch`"},
        {"BadName",
         {.head = "scenario: My Scenario"},
         "1:11: `scenario`: expected a name of lower-case letters, digits and hyphens; found 'My Scenario'"},
        {"NameThatIsAList", {.head = "scenario: [a]"}, "1:11: `scenario`: expected a text; found a list"},
        {"NoAgents",
         {.agents = ""},
         "1:1: a scenario needs `agents:`, the groups of agents, by name, and what they are, like `agents: { "
         "late: { count: 3 } }`"},
        {"NoScript",
         {.script = ""},
         "1:1: a scenario needs `script:`, a list of steps, done in order, like `script: [ attest ]`"},
        {"NothingExpected",
         {.expect = ""},
         "1:1: nothing is expected, so nothing can fail: add `expect` to a step or at the end, for "
         "example `expect: [{ agents: GROUP, status: PASS }]`"},
        {"BadRequirement",
         {.more = "requirements: [KPM-7]"},
         "5:16: `requirements`: expected requirement ids like KPM-EVID-007; found 'KPM-7'"},
        {"TagsThatAreNoList",
         {.more = "tags: quick"},
         "5:7: `tags`: expected a list of lower-case words; found 'quick'"},
        {"TagTwice", {.more = "tags: [quick, quick]"}, "5:15: `tags`: 'quick' is given twice"},
        {"TitleOfNothing", {.more = "title:"}, "5:1: `title`: expected a text; found nothing"},
        {"Reference",
         {.more = R"(title: "with ${workers}")"},
         "5:8: nothing defines the reference in 'with ${workers}': variables stand in `matrix`, and agents "
         "are referred to in `request`"},
        {"KeyTwice",
         {.more = "title: x\n"
                  "title: y"},
         "6:1: key `title` is given twice; first in line 5"},
        {"KeyTwiceDeepInside",
         {.agents = "agents:\n"
                    "  a:\n"
                    "    count: 1\n"
                    "    count: 2"},
         "5:5: key `count` is given twice; first in line 4"},
        {"GroupTwice",
         {.agents = "agents:\n"
                    "  a: {}\n"
                    "  a: {}"},
         "4:3: key `a` is given twice; first in line 3"},
        {"TruthValueAsKey",
         {.more = "on: x"},
         "5:1: `on` cannot be a key: YAML 1.1 reads it as true or false"},
        {"ListAsKey",
         {.more = "? [a]\n"
                  ": x"},
         "5:3: a key must be a word; found a list"},
        {"MergeKey", {.more = "<<: { title: x }"}, "5:1: merge keys (`<<`) are not used; write the keys out"},
        {"Tag",
         {.more = "title: !!str x"},
         "5:8: tag `tag:yaml.org,2002:str`: tags are not used in scenarios"},
        {"NotAMap",
         {.head = "- attest", .agents = "", .script = "", .expect = ""},
         "1:1: a scenario: expected a map that begins with `scenario: name`; found a list"},
        {"EmptyFile",
         {.head = "", .agents = "", .script = "", .expect = ""},
         "1:1: the file is empty; expected `scenario:` and what it does"},
        {"OnlyAComment",
         {.head = "# nothing", .agents = "", .script = "", .expect = ""},
         "1:1: the file is empty; expected `scenario:` and what it does"},
        {"TwoDocuments",
         {.more = "---\n"
                  "scenario: s"},
         "5:1: a second document starts here; a file holds one scenario"},
        {"TabInIndentation",
         {.agents = "agents:\n"
                    "\ta: {}"},
         "3:1: tab in the indentation; indent with spaces"},
        {"ListNotClosed", {.more = "tags: [quick"}, "5:7: not YAML: the list that begins here lacks its `]`"},
        {"QuoteNotClosed", {.more = R"(title: "x)"}, R"(5:8: not YAML: the quote " is not closed)"},
        {"ColonInText",
         {.more = "title: a: b"},
         "5:9: not YAML: a `:` is not expected here: the step above lacks its own (`- attest:`, where a line "
         "like `expect:` follows), or a text with `: ` in it lacks its quotes"},
        {"IndentationThatFitsNothing",
         {.agents = "agents:\n"
                    "    a: {}\n"
                    "  b: {}"},
         "4:3: not YAML: expected `key: value`, indented like the lines before"},
        {"UnknownAlias", {.more = "title: *x"}, "5:8: not YAML: the referenced anchor is not defined"},
        {"AliasInsideItself",
         {.more = "tags: &x [ *x ]"},
         "5:12: an alias inside the value that it stands for"},
        {"ControlCharacter",
         {.more = "title: a\x04"
                  "b"},
         "5:9: control character 0x04"},
        {"ProblemsOfAnAliasOnce",
         {.agents = "agents: { a: { boot: { extend: { 7: &m [ nonsense ], 8: *m } } } }"},
         "2:42: expected a measurement, text:… (hashed) or a digest sha1:…, sha256:…, sha384:…, sha512:… in "
         "hex; found 'nonsense'"},
    }),
    case_name);

}  // namespace
}  // namespace pushsim::scenario
