#include "reports/html.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "reports/conformance_words.hpp"
#include "reports/html_data.hpp"
#include "reports/html_timeline.hpp"
#include "tests/reports/golden.hpp"
#include "tests/reports/html_samples.hpp"

namespace pushsim::reports {
namespace {

using namespace test;
using nlohmann::json;

std::string page_of(const Sample& sample) {
    return html(sample.history, sample.run, &sample.conformance);
}

std::size_t times(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
        ++count;
    return count;
}

struct Data {
    explicit Data(const Sample& sample, bool conformance = true)
        : data(html_data(sample.history, sample.run, conformance ? &sample.conformance : nullptr)),
          report(json::parse(data.report)) {}

    const json& item(const std::string& id) const {
        for (const json& one : report.at("items")) {
            if (one.at("id") == id) return one;
        }
        throw std::out_of_range{id};
    }
    json details(std::size_t number) const { return json::parse(data.cases.at(number)); }
    json rows(std::size_t number) const { return details(number).at("timeline").at("rows"); }

    HtmlData data;
    json report;
};

/// The first row that has this member of this value.
json row_with(const json& rows, const std::string& member, const json& value) {
    for (const json& row : rows) {
        if (row.value(member, json{}) == value) return row;
    }
    return nullptr;
}

TEST(Html, IsOneFileThatAllowsItsOwnScriptAndStyleAndNothingElse) {
    const std::string page = page_of(small_sample());
    EXPECT_NE(page.find("default-src 'none'; script-src 'sha256-"), std::string::npos);
    EXPECT_EQ(page.find("{{"), std::string::npos);
    for (const char* outside : {"http://", "https://", "src=", "@import", "url("})
        EXPECT_EQ(page.substr(0, page.find("application/json")).find(outside), std::string::npos) << outside;
    EXPECT_EQ(page, page_of(small_sample()));
}

TEST(Html, NoWordOfAServerBeginsAnElementOrEndsOne) {
    const std::size_t elements = times(page_of(small_sample()), "<script");
    const std::string page = page_of(hostile_sample());
    EXPECT_EQ(times(page, "<script"), elements);
    EXPECT_EQ(times(page, "</script"), elements);
    EXPECT_EQ(times(page, "<!--"), 0U);
    EXPECT_EQ(times(page, "<img"), 0U);
    EXPECT_EQ(times(page, "\xE2\x80\xA8"), 0U);
    EXPECT_GT(times(page, "\\u003cimg"), 10U);
}

TEST(Html, DataIsAsItWasBehindTheEscapes) {
    const Data data{hostile_sample()};
    EXPECT_EQ(data.report["items"][1]["text"], hostile_text);
    EXPECT_EQ(row_with(data.rows(1), "phase", "submit")["message"]["answer"]["body"], hostile_text);
}

TEST(Html, WhatIsNoUtf8IsReplaced) {
    Sample sample = small_sample();
    sample.conformance.requirements.front().reason = "\xFF\xC3";
    EXPECT_EQ(Data{sample}.report["items"][0]["reason"], "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(Html, OfWhatIsWithheldNothingIsInTheFile) {
    Sample sample = small_sample();
    EXPECT_EQ(page_of(sample).find(withheld_word), std::string::npos);
    const Data data{sample};
    EXPECT_EQ(data.item("KPM-VER-020")["reason"], "known, details withheld");
    EXPECT_EQ(data.item("KPM-VER-020")["standing"], "deviation");
    EXPECT_EQ(data.item("KPM-VER-020")["cases"], json::array());
    EXPECT_EQ(page_of(sample).find("token-outlives-agent"), std::string::npos)
        << "its name says what was done";
}

TEST(Html, WhatIsWithheldIsKnownOnlyWhereItIsADeviation) {
    Sample sample = small_sample();
    const auto stands_as = [&](Standing standing) {
        auto& all = sample.conformance.requirements;
        const auto at = std::ranges::find(
            all, "KPM-VER-020", [](const auto& one) -> const std::string& { return one.requirement.id; });
        at->standing = standing;
        at->deviation.reset();
        return Data{sample}.item("KPM-VER-020");
    };
    EXPECT_EQ(stands_as(Standing::Fail)["reason"], "details withheld");
    EXPECT_FALSE(stands_as(Standing::Pass).contains("reason"));
    EXPECT_EQ(page_of(sample).find(withheld_word), std::string::npos);
}

TEST(Html, ACaseOfARequirementThatIsWithheldIsWithheldToo) {
    Sample sample = small_sample();
    sample.conformance.cases.at(6).withheld = false;
    EXPECT_EQ(page_of(sample).find(withheld_word), std::string::npos);
}

TEST(Html, LinesOfAWithheldCaseAreNotShownInAnother) {
    Sample sample = small_sample();
    auto& cases = sample.conformance.cases;
    cases.at(0).lines.insert(cases.at(0).lines.end(), cases.at(6).lines.begin(), cases.at(6).lines.end());
    EXPECT_EQ(page_of(sample).find(withheld_word), std::string::npos);
}

TEST(Html, TheVerdictSaysHowManyAndWhatIsWorstFirst) {
    Sample sample = small_sample();
    EXPECT_EQ(
        Data{sample}.report["verdict"],
        "1 of 10 requirements fails (1 MUST); 1 could not be decided because pushsim or the servers "
        "failed; 1 known deviation is gone; 2 known deviations (2 MUST); 1 undecided; 1 skipped; 1 "
        "excluded; 2 hold, 1 with a known deviation that comes by chance and did not this time; untested "
        "for the greater part: IMA logs (IMA, 1 of 1)");
    sample.conformance.requirements.clear();
    sample.conformance.by_area.clear();
    sample.conformance.totals = {{Standing::Pass, 3}};
    EXPECT_EQ(Data{sample}.report["verdict"], "No new failure; 3 hold");
    sample.conformance.totals[Standing::Deviation] = 1;
    sample.conformance.scope.strict = true;
    EXPECT_EQ(Data{sample}.report["verdict"], "1 deviation, which counts as a failure; 3 hold");
    const Sample bad{read(mismatch_run("pass")), judged(mismatch_run("pass")), {}};
    EXPECT_EQ(Data(bad, false).report["verdict"], "1 scenario is not as expected");
}

TEST(Html, WhatIsWithheldNamesWhomToAskWhereTheListDoesAndNoCommand) {
    Sample sample = small_sample();
    EXPECT_FALSE(Data{sample}.item("KPM-VER-020").contains("ask")) << "F1 is no address";
    EXPECT_FALSE(Data{sample}.item("KPM-VER-020").contains("again"));
    auto& all = sample.conformance.requirements;
    const auto at = std::ranges::find(
        all, "KPM-VER-020", [](const auto& one) -> const std::string& { return one.requirement.id; });
    at->deviation->reference = "security@example.org";
    EXPECT_EQ(Data{sample}.item("KPM-VER-020")["ask"], "security@example.org");
}

TEST(Html, ACaseSaysOfEachRequirementWhyItStandsSoAndWhatIsKnown) {
    const Data data{small_sample()};
    const json& late = data.report["cases"][3];
    EXPECT_EQ(late["reasons"]["KPM-STAT-004"], "the status stays PASS after a restart");
    EXPECT_FALSE(late.contains("reason"));
    EXPECT_EQ(late["known"]["KPM-STAT-004"].size(), 1U);
    EXPECT_EQ(late["known"]["KPM-STAT-004"][0]["observed"],
              "the status stays PASS after a restart of the verifier");
    EXPECT_EQ(data.report["servers"], json{"verifier: quote_interval 1s, mode left out; database sqlite"});
    EXPECT_EQ(late["servers"], 0);
    EXPECT_EQ(late["does"], "POST /v3.0/status-timeout-and-back → 400-499");
}

TEST(Html, ARequirementHasAllThatIsKnownOfItWithItsCases) {
    Sample sample = small_sample();
    history::Deviation same = sample.conformance.scope.deviations.at(2);
    same.case_id = "status-timeout*";
    sample.conformance.scope.deviations.push_back(same);
    const json known = Data{sample}.item("KPM-STAT-004")["known"];
    ASSERT_EQ(known.size(), 2U) << known;
    EXPECT_EQ(known[0]["cases"], json{"status-timeout-and-back"}) << "once";
    EXPECT_EQ(known[0]["intermittent"], true);
    EXPECT_EQ(known[1]["observed"], "the status is TIMEOUT after an hour");
    EXPECT_EQ(known[1]["of"], json{"status-timeout-of-a-week"}) << "which is not of this run";
}

TEST(Html, WhatComesByChanceAndDidNotIsNoPlainPass) {
    const Data data{small_sample()};
    EXPECT_EQ(data.item("KPM-EVID-002")["by_chance"], true);
    EXPECT_FALSE(data.item("KPM-EVID-001").contains("by_chance"));
}

TEST(Html, WhatAPlannedRequirementWaitsForIsSaidInWords) {
    Sample sample = small_sample();
    auto& all = sample.conformance.requirements;
    const auto at =
        std::ranges::find_if(all, [](const auto& one) { return !one.requirement.planned.empty(); });
    EXPECT_EQ(Data{sample}.item("KPM-IMA-007")["planned"], "ima_gap") << "that has none";
    at->requirement.planned = "mb_policy";
    EXPECT_EQ(Data{sample}.item("KPM-IMA-007")["reason"],
              "nothing decides it yet: it waits for measured boot policies (mb_policy)");
}

TEST(Html, ALineOfAStepThatCasesShareIsInTheTimelineOfEachThatCitesIt) {
    Sample sample = small_sample();
    ConformanceCase& one = sample.conformance.cases.at(1);
    const std::uint64_t other = sample.conformance.cases.at(0).lines.back();
    one.controls.at(0).n = other;
    one.controls.at(0).exchange.reset();
    const json row = row_with(Data{sample}.rows(1), "n", other);
    ASSERT_FALSE(row.is_null());
    EXPECT_EQ(row["shared"], true);
    EXPECT_FALSE(row_with(Data{sample}.rows(1), "n", one.lines.back()).contains("shared"));
    sample.conformance.cases.at(0).withheld = true;
    EXPECT_TRUE(row_with(Data{sample}.rows(0), "n", other).is_null()) << "not of one that is withheld";
}

TEST(Html, AProbeAsksTheVerifierThenTheRegistrarTwice) {
    Script script;
    script.begin("s").step(1, "stop");
    history::TenantAct probe{.act = "probe", .request = HttpRequest{"GET", "/version", {}, {}}};
    for (int i = 0; i < 6; ++i)
        script.add(script.where(), probe);
    script.add(script.where(),
               history::TenantAct{.act = "delete_registration",
                                  .request = HttpRequest{"DELETE", "/v2.6/agents/a", {}, {}}});
    const history::History history = read(script.text());
    Room room{.rows = 100'000, .messages = 100'000};
    std::vector<std::string> peers;
    for (const json& row : json(timeline_json(split(history).front().lines, {}, true, {}, room)["rows"])) {
        if (row["k"] == "exchange") peers.push_back(row["peer"]);
    }
    EXPECT_EQ(peers, (std::vector<std::string>{"verifier", "registrar", "registrar", "verifier", "registrar",
                                               "registrar", "registrar"}));
}

TEST(Html, TheCommandOfTheRunHasItsSeedAndNoFilesOfItsOwn) {
    const auto again = [](const std::string& command) {
        return again_of_run({.pushsim_version = "1", .command = command, .seed = 7});
    };
    EXPECT_EQ(again("pushsim conformance --profile full --out '/tmp/a b' --strict"),
              "pushsim conformance --profile full --strict --seed 7");
    EXPECT_EQ(again("pushsim conformance --out=x --write-expected f.yaml 'a b'"),
              "pushsim conformance 'a b' --seed 7");
    EXPECT_EQ(again("pushsim run x.yaml --seed 9"), "pushsim run x.yaml --seed 9");
    EXPECT_EQ(again("pushsim run --output x"), "pushsim run --output x --seed 7");
    EXPECT_EQ(again("pushsim agent --verifier h:1"), "pushsim agent --verifier h:1") << "it has no seed";
    EXPECT_EQ(again("pushsim replay runs/latest"), "pushsim replay runs/latest");
    EXPECT_EQ(again(""), "");
    Sample sample = small_sample();
    sample.conformance.scope.again = "PUSHSIM_SCENARIOS=/x pushsim conformance {}";
    EXPECT_EQ(Data{sample}.report["head"]["again"],
              "PUSHSIM_SCENARIOS=/x pushsim conformance --profile quick --seed 4711");
}

TEST(Html, WhatIsPlannedHasWordsOfItsOwn) {
    std::ifstream file{PUSHSIM_SOURCE_DIR "/scenarios/requirements.yaml"};
    constexpr std::string_view key = "    planned: ";
    std::size_t planned = 0;
    for (std::string line; std::getline(file, line);) {
        if (!line.starts_with(key)) continue;
        ++planned;
        const std::string name = line.substr(key.size());
        EXPECT_NE(planned_words(name), name) << "its words belong into reports/conformance_words.cpp";
    }
    EXPECT_GT(planned, 0U);
}

TEST(Html, ACaseHasControlsDecidingClausesAndWhatTheyDecide) {
    const Data data{small_sample()};
    const json clauses = data.details(0)["clauses"];
    EXPECT_EQ(clauses[0]["role"], "control");
    EXPECT_FALSE(clauses[0].contains("decides"));
    EXPECT_EQ(clauses[1]["role"], "decides");
    EXPECT_EQ(clauses[1].at("decides"), (json{"KPM-EVID-001", "KPM-EVID-002"}));
    EXPECT_EQ(data.details(1)["clauses"][1]["judgement"], "does_not_hold");
    // It decides two, and is in the file once.
    EXPECT_EQ(data.item("KPM-EVID-001")["cases"], data.item("KPM-EVID-002")["cases"]);
}

TEST(Html, WhatDecidesIsInTheTimeline) {
    const Data data{small_sample()};
    const json clauses = data.details(1)["clauses"];
    ASSERT_GT(clauses.size(), 2U);
    for (const json& clause : clauses) {
        if (clause["role"] == "decides" && clause.contains("n")) {
            EXPECT_FALSE(row_with(data.rows(1), "n", clause["n"]).is_null()) << clause;
        }
    }
}

TEST(Html, MessagesAreThereOfWhatDoesNotHoldAlone) {
    const Data data{small_sample()};
    const json message = row_with(data.rows(1), "phase", "submit")["message"];
    EXPECT_EQ(message["request"]["headers"][1], (json{"Authorization", "Bearer fp:0f3a5c7e9b1d2f40"}));
    EXPECT_EQ(message["answer"]["body"], "{}");
    EXPECT_FALSE(row_with(data.rows(0), "phase", "submit").contains("message"));
    EXPECT_TRUE(data.details(0)["timeline"]["slim"]);
}

TEST(Html, AMessageThatTheHistoryDidNotKeepHasItsSizeAndDigest) {
    Sample sample = small_sample();
    for (history::Entry& line : sample.history.entries) {
        if (auto* exchange = line.event.edit<history::ExchangeSeen>())
            exchange->response = history::MessageSeen{.size = 12, .sha256 = "ab", .body = "never kept"};
    }
    EXPECT_EQ(row_with(Data{sample}.rows(1), "phase", "submit")["message"]["answer"],
              (json{{"size", 12}, {"sha256", "ab"}, {"kept", false}}));
}

TEST(Html, TheTimelineIsInTheOrderInWhichThingsBegan) {
    const Data data{small_sample()};
    std::int64_t last = 0;
    for (const json& row : data.rows(3)) {
        EXPECT_GE(row["t"].get<std::int64_t>(), last);
        last = row["t"];
    }
}

TEST(Html, ALongTimelineKeepsItsEndsAndWhatIsCitedAndSaysWhatIsLeftOut) {
    const std::string text =
        Script{}.begin("s").step(1, "attest").attest(0).attest(1).attest(2).attest(3).text();
    const history::History history = read(text);
    const Lines lines = split(history).front().lines;
    const std::uint64_t cited = lines.at(lines.size() / 2)->n;
    Room room{.rows = 100'000, .messages = 100'000};
    const json timeline = timeline_json(lines, {cited}, true, {.rows = 4}, room);
    const json& rows = timeline["rows"];
    ASSERT_EQ(rows.size(), 7U);  // two, a gap, the cited, a gap, two
    EXPECT_EQ(rows[2]["k"], "gap");
    EXPECT_EQ(rows[3]["n"], cited);
    EXPECT_EQ(rows[4]["k"], "gap");
    EXPECT_EQ(timeline.at("left_out").at("rows"), rows[2]["count"].get<int>() + rows[4]["count"].get<int>());
    EXPECT_EQ(timeline.at("left_out").at("rows").get<std::size_t>() + 5, lines.size());
}

TEST(Html, WhereThereIsNoRoomCitedMessagesComeFirstAndTheOthersAreCounted) {
    const std::string text = Script{}.begin("s").step(1, "attest").attest(0).attest(1).text();
    const history::History history = read(text);
    const Lines lines = split(history).front().lines;
    const history::Entry* last = nullptr;
    for (const history::Entry* line : lines) {
        if (as<history::ExchangeSeen>(line) != nullptr) last = line;
    }
    Room room{.rows = 100'000, .messages = 100'000};
    std::size_t largest = 0;
    const json all = timeline_json(lines, {}, true, {}, room);
    for (const json& row : all["rows"]) {
        if (row.contains("message"))
            largest = std::max(largest, octets_in_page(nlohmann::ordered_json(row["message"])));
    }
    room.messages = largest;
    const json timeline = timeline_json(lines, {last->n}, true, {}, room);
    EXPECT_TRUE(row_with(timeline["rows"], "n", last->n).contains("message"));
    EXPECT_GE(timeline.at("left_out").at("messages"), 2);
    EXPECT_LT(room.messages, largest);
    room.rows = 10;
    EXPECT_EQ(timeline_json(lines, {}, true, {}, room)["rows"].size(), 0U);
}

TEST(Html, LongStringsInABodyLoseTheirMiddleAndTheRestStays) {
    const std::string log = R"({"a\"b":")" + std::string(3000, 'x') + R"(","n":1e999,"n":2})";
    const std::string shortened = with_short_strings(log, 100);
    EXPECT_EQ(shortened, R"({"a\"b":")" + std::string(50, 'x') + " …[2925 octets left out]… " +
                             std::string(25, 'x') + R"(","n":1e999,"n":2})");
    EXPECT_EQ(with_short_strings("no JSON at all", 5), "no JSON at all");
    EXPECT_EQ(with_short_strings(R"("an open one)", 5).find("left out") != std::string::npos, true);
    // Not within a character.
    const std::string umlauts = "\"" + std::string(3, 'x') + "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4\"";
    EXPECT_NO_THROW((void)json(with_short_strings(umlauts, 8)).dump());
}

TEST(Html, ABodyIsCutAndSaysSo) {
    Sample sample = small_sample();
    for (history::Entry& line : sample.history.entries) {
        if (auto* exchange = line.event.edit<history::ExchangeSeen>())
            exchange->response.body = std::string(60'000, '1');
    }
    const json answer = row_with(Data{sample}.rows(1), "phase", "submit")["message"]["answer"];
    EXPECT_EQ(answer["body"].get<std::string>().size(), TimelineLimits{}.body);
    EXPECT_EQ(answer["left_out"], true);
}

TEST(Html, AFullRunStaysBelowTenMegabytesAndItsFailuresHaveTheirMessages) {
    const Sample sample = full_sample();
    const std::string page = page_of(sample);
    EXPECT_LT(page.size(), 10'000'000U);
    const Data data{sample};
    EXPECT_TRUE(row_with(data.rows(7), "phase", "submit").contains("message"));
}

TEST(Html, APlainRunShowsItsScenarios) {
    const std::string text = mismatch_run("pass");
    const RunReport run = judged(text);
    const HtmlData data = html_data(read(text), run, nullptr);
    const json report = json::parse(data.report);
    EXPECT_EQ(report["kind"], "run");
    EXPECT_EQ(report["items"][0]["standing"], "not_as_expected");
    EXPECT_EQ(report["cases"][0]["causes"][0].value("mend", ""), run.scenarios[0].diagnoses[0].mend);
    EXPECT_EQ(report["cases"][0]["again"], "pushsim run scenarios/pcr-mismatch.yaml --seed 4711");
    EXPECT_FALSE(row_with(json::parse(data.cases[0])["timeline"]["rows"], "phase", "submit").is_null());
}

TEST(Html, OfWhatWasTriedSeveralTimesEachTryIsInTheTimeline) {
    Script script;
    for (int number = 1; number <= 2; ++number) {
        script.begin_with("s", {.attempt = history::Try{number, 2}}).step(1, "attest").attest(number - 1);
        script.end_scenario();
    }
    script.begin("other").step(1, "attest").attest(7).end_scenario();
    const std::string text = script.end().text();
    const HtmlData data = html_data(read(text), judged(text), nullptr);
    ASSERT_EQ(data.cases.size(), 2U);
    const auto submissions = [&](std::size_t number) {
        return times(data.cases[number], R"("phase":"submit")");
    };
    EXPECT_EQ(submissions(0), 2U * submissions(1));
    EXPECT_GT(submissions(1), 0U);
}

TEST(Html, ARunThatWasKilledSaysSo) {
    const std::string text = Script{}.begin("s").step(1, "attest").attest(0).text();
    const HtmlData data = html_data(read(text), judged(text), nullptr);
    EXPECT_NE(json::parse(data.report)["head"]["partial"].get<std::string>().find("killed"),
              std::string::npos);
    EXPECT_NO_THROW((void)html({}, {}, nullptr));
}

}  // namespace
}  // namespace pushsim::reports
