// fixtures/logs/verifier-verdicts.log was recorded from keylime 7.14.3 in push mode: one agent that passes,
// one with another PCR 7, one with a wrong nonce, one that passes four times.

#include "sim/stack/log_verdicts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sim/stack/support.hpp"

namespace pushsim::stack::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kRecorded =
    read(std::filesystem::path(PUSHSIM_FIXTURES) / "logs" / "verifier-verdicts.log");
const std::string kZeros(64, '0');

std::string log_line(const std::string& level, const std::string& logger, const std::string& id,
                     const std::string& message) {
    return "2026-11-24 01:20:59.322 - 7 - " + logger + " - " + level + " - " +
           (id.empty() ? "" : "(reqid=" + id + ")") + " " + message + "\n";
}
std::string pass(const std::string& agent, int index, const std::string& id = "") {
    return log_line("INFO", "keylime.verifier", id,
                    "Attestation " + std::to_string(index) + " for agent '" + agent +
                        "' successfully passed verification");
}

TEST(LogLine, IsTakenApart) {
    const auto line = parse_log_line(
        "2026-11-24 01:21:00.025 - 24454 - keylime.verifier - WARNING - (reqid=sub0000) Attestation 0 - so "
        "to speak");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->time, "2026-11-24 01:21:00.025");
    EXPECT_EQ(line->process, 24454);
    EXPECT_EQ(line->logger, "keylime.verifier");
    EXPECT_EQ(line->level, "WARNING");
    EXPECT_EQ(line->request_id, "sub0000");
    EXPECT_EQ(line->message, "Attestation 0 - so to speak");
}

TEST(LogLine, MayHaveNoRequestId) {
    const auto line = parse_log_line("2026-11-24 01:20:58.414 - 24454 - keylime.web - INFO -  GET /version");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->request_id, "");
    EXPECT_EQ(line->message, "GET /version");
}

TEST(LogLine, OfAnotherFormIsNothing) {
    for (const char* text :
         {"", "Traceback (most recent call last):", "INFO:keylime.config:Reading configuration",
          "2026-11-24 01:20:58.414 - x - keylime.web - INFO -  GET /version",
          "2026-11-24 01:20:58.414 - 1 - keylime.web",
          "2026-11-24 01:20:58.414 - 1 - keylime.web - INFO - (reqid=unclosed"}) {
        EXPECT_FALSE(parse_log_line(text)) << text;
    }
}

TEST(VerdictMessage, EveryWordingOfKeylimeHasItsReason) {
    const std::pair<const char*, const char*> wordings[] = {
        {"because the TPM quote could not be authenticated", "broken_evidence_chain"},
        {"because the UEFI log could not be authenticated against the TPM quote", "broken_evidence_chain"},
        {"because the IMA log could not be authenticated against the TPM quote", "broken_evidence_chain"},
        {"due to policy violations (see above)", "policy_violation"},
        {"for a reason of the future", ""}};
    for (const auto& [words, reason] : wordings) {
        const auto verdict = parse_verdict_message("Attestation 12 for agent 'a.b-c_1' failed verification " +
                                                   std::string(words));
        ASSERT_TRUE(verdict) << words;
        EXPECT_EQ(verdict->agent_id, "a.b-c_1");
        EXPECT_EQ(verdict->index, 12U);
        EXPECT_FALSE(verdict->passed);
        EXPECT_EQ(verdict->failure_reason, reason);
    }
}

TEST(VerdictMessage, OtherWordsAboutAttestationsAreNone) {
    for (const char* text : {"Created attestation 0 for agent 'honest', sending chosen parameters",
                             "Attestation 0 for agent 'honest' successfully passed verification, almost",
                             "Attestation x for agent 'honest' successfully passed verification",
                             "Attestation 0 for agent 'honest"}) {
        EXPECT_FALSE(parse_verdict_message(text)) << text;
    }
}

TEST(PcrMismatchMessage, GivesQuotedAndExpectedValues) {
    const auto got = parse_pcr_mismatch(
        "PCR #7: 2D71 from quote (from agent liar-7) does not match expected value ['00', 'FF']");
    ASSERT_TRUE(got);
    EXPECT_EQ(got->pcr, 7);
    EXPECT_EQ(got->quoted, "2d71");
    EXPECT_THAT(got->expected, ElementsAre("00", "ff"));
    EXPECT_EQ(got->agent_id, "liar-7");
}

TEST(PcrMismatchMessage, BindDataIsAnotherMatter) {
    EXPECT_FALSE(parse_pcr_mismatch(
        "PCR #16: invalid bind data 00 from quote (from agent a) does not match expected value ff"));
    EXPECT_FALSE(parse_pcr_mismatch("PCR #7 contains value allowed by TPM policy for agent 'a'"));
}

TEST(LogVerdicts, RecordedVerdictsAreFoundWithTheirDetails) {
    LogVerdicts verdicts;
    verdicts.feed(kRecorded);
    const auto* honest = verdicts.find("honest", 0);
    ASSERT_NE(honest, nullptr);
    EXPECT_EQ(honest->evaluation, "pass");
    EXPECT_EQ(honest->request_id, "sub0000");
    EXPECT_THAT(honest->details, IsEmpty());

    const auto* liar = verdicts.find("liar-7", 0);
    ASSERT_NE(liar, nullptr);
    EXPECT_EQ(liar->evaluation, "fail");
    EXPECT_EQ(liar->failure_reason, "policy_violation");
    ASSERT_THAT(liar->pcr_mismatches, SizeIs(1));
    EXPECT_EQ(liar->pcr_mismatches[0].pcr, 7);
    EXPECT_EQ(liar->pcr_mismatches[0].quoted,
              "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881");
    EXPECT_THAT(liar->pcr_mismatches[0].expected, ElementsAre(kZeros));

    const auto* stale = verdicts.find("stale", 0);
    ASSERT_NE(stale, nullptr);
    EXPECT_EQ(stale->failure_reason, "broken_evidence_chain");
    for (std::uint64_t index = 0; index < 4; ++index)
        EXPECT_NE(verdicts.find("long", index), nullptr) << index;
    EXPECT_EQ(verdicts.find("long", 4), nullptr);
    EXPECT_EQ(verdicts.find("nobody", 0), nullptr);
}

TEST(LogVerdicts, PiecesOfAnySizeGiveTheSame) {
    for (const std::size_t piece : {1U, 7U, 1000U}) {
        LogVerdicts verdicts;
        for (std::size_t at = 0; at < kRecorded.size(); at += piece) {
            verdicts.feed(std::string_view(kRecorded).substr(at, piece));
        }
        ASSERT_NE(verdicts.find("liar-7", 0), nullptr) << piece;
        EXPECT_THAT(verdicts.find("liar-7", 0)->pcr_mismatches, SizeIs(1)) << piece;
    }
}

TEST(LogVerdicts, LineWithoutItsEndIsNotReadYet) {
    LogVerdicts verdicts;
    std::string line = pass("a", 0);
    line.pop_back();
    verdicts.feed(line);
    EXPECT_EQ(verdicts.find("a", 0), nullptr);
    verdicts.feed("\n");
    EXPECT_NE(verdicts.find("a", 0), nullptr);
}

TEST(LogVerdicts, DetailsGoToTheirOwnRequestAlone) {
    LogVerdicts verdicts;
    verdicts.feed(log_line("ERROR", "keylime.tpm", "one", "one's trouble"));
    verdicts.feed(log_line("ERROR", "keylime.tpm", "two", "two's trouble"));
    verdicts.feed(log_line("WARNING", "keylime.web", "two", "Sent 422 in 3ms"));
    verdicts.feed(log_line("INFO", "keylime.tpm", "two", "no trouble"));
    verdicts.feed(pass("two", 0, "two"));
    verdicts.feed(pass("one", 0, "one"));
    EXPECT_THAT(verdicts.find("one", 0)->details, ElementsAre("one's trouble"));
    EXPECT_THAT(verdicts.find("two", 0)->details, ElementsAre("two's trouble"));
}

TEST(LogVerdicts, WhatCameBeforeAVerificationIsNotItsDetail) {
    LogVerdicts verdicts;
    verdicts.feed(log_line("WARNING", "keylime.auth", "", "somebody else's trouble"));
    verdicts.feed(
        log_line("INFO", "keylime.verifier", "", "Starting verification of attestation 0 for agent 'a'..."));
    verdicts.feed(log_line("ERROR", "keylime.tpm", "", "a's trouble"));
    verdicts.feed(pass("a", 0));
    EXPECT_THAT(verdicts.find("a", 0)->details, ElementsAre("a's trouble"));
}

TEST(LogVerdicts, ForgottenAgentStartsAnew) {
    LogVerdicts verdicts;
    verdicts.feed(pass("a", 0) + pass("b", 0));
    verdicts.forget("a");
    EXPECT_EQ(verdicts.find("a", 0), nullptr);
    EXPECT_NE(verdicts.find("b", 0), nullptr);
}

TEST(LogVerdicts, OtherLoggersDoNotGiveVerdicts) {
    LogVerdicts verdicts;
    verdicts.feed(
        log_line("INFO", "keylime.web", "x", "Attestation 0 for agent 'a' successfully passed verification"));
    EXPECT_EQ(verdicts.find("a", 0), nullptr);
}

TEST(LogTail, GivesWhatWasAddedSince) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log";
    LogTail tail(file);
    EXPECT_EQ(tail.more(), std::nullopt);
    write(file, "one");
    EXPECT_EQ(tail.more(), "one");
    EXPECT_EQ(tail.more(), "");
    std::ofstream(file, std::ios::app) << "two-three";
    EXPECT_EQ(tail.more(3), "two");
    EXPECT_EQ(tail.more(), "-three");
}

TEST(LogTail, StartsAnewInAFileThatBecameShorter) {
    const TemporaryFolder folder;
    const auto file = folder.path() / "log";
    LogTail tail(file);
    write(file, "long enough");
    (void)tail.more();
    write(file, "new");
    EXPECT_EQ(tail.more(), "new");
}

}  // namespace
}  // namespace pushsim::stack::test
