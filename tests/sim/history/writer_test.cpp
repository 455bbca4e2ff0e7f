#include "sim/history/writer.hpp"

#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/history/support.hpp"

namespace pushsim::history {
namespace {

using test::a_head;
using test::an_exchange;
using test::content;
using test::last_event;
using test::lines_of;
using test::TemporaryFolder;
using test::written;
using testing::HasSubstr;
using testing::StartsWith;

TEST(HistoryWriter, TheFirstLineIsTheHeadWithTheFormat) {
    const auto lines = lines_of(written({}));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_THAT(lines[0], StartsWith(R"({"n":0,"t":0,"kind":"head","format":1,"pushsim":"0.1.0",)"));
}

TEST(HistoryWriter, LinesCarryNumberTimeKindAndWhere) {
    const auto lines = lines_of(written({Note{"one"}, Note{"two"}}));
    EXPECT_EQ(
        lines.at(2),
        R"({"n":2,"t":2000,"kind":"note","scenario":"honest-agent","step":0,"agent":"honest[0]","text":"two"})");
}

TEST(HistoryWriter, AFileThatIsThereIsNeverOverwritten) {
    const TemporaryFolder folder;
    test::overwrite(folder.file(), "precious");
    const core::SimulatedClock clock;
    const auto writer = HistoryWriter::open(folder.file(), clock, a_head());
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().kind, ErrorKind::System);
    EXPECT_THAT(writer.error().text(),
                testing::AllOf(HasSubstr("history.jsonl"), HasSubstr("File exists"), HasSubstr("--out")));
    EXPECT_EQ(content(folder.file()), "precious");
}

TEST(HistoryWriter, OthersMayNotReadTheFile) {
    const TemporaryFolder folder;
    const core::SimulatedClock clock;
    const auto writer = HistoryWriter::open(folder.file(), clock, a_head());
    struct stat status {};
    ASSERT_EQ(::stat(folder.file().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(HistoryWriter, AnExchangeLineWithoutBodiesIsBelow700Octets) {
    Exchange exchange = an_exchange(202);
    exchange.attempt = 12;
    exchange.due = Instant{std::chrono::hours{2}};
    exchange.outcome.timings.start = Instant{std::chrono::hours{2}};
    const std::string file = written({exchange}, {.bodies = Bodies::None});
    EXPECT_LT(lines_of(file).back().size(), 700U) << lines_of(file).back();
    EXPECT_FALSE(last_event<ExchangeSeen>(file).request.kept);
}

// DESIGN "Sizes": ten minutes at 500 exchanges a second must stay under 300 MB.
TEST(HistoryWriter, AWholeCycleFitsTheBudgetOfTenMinutesAt500ExchangesASecond) {
    QuoteValues quote{.bank = "sha256"};
    for (int pcr = 0; pcr < 24; ++pcr)
        quote.pcrs[pcr] = std::string(64, 'a');
    Exchange negotiate = an_exchange(201);
    negotiate.phase = "negotiate";
    Verdict verdict{.index = 1234};
    verdict.record.value = RecordVerdict{"verification_complete", "pass"};
    verdict.database.value = DatabaseVerdict{"verification_complete",
                                             "pass",
                                             "",
                                             "2026-11-23T15:00:34.944070Z",
                                             "2026-11-23T15:30:34.944070Z",
                                             "2026-11-23T15:00:34.980112Z"};
    verdict.log.value = LogVerdict{"pass"};
    const std::vector<Record> cycle{
        negotiate, TpmOperation{"quote", std::chrono::microseconds{2345}, "", quote}, an_exchange(202),
        Cycle{"submit", "reached", 202, "", 1234, "the verifier took the evidence (202)"}, verdict};
    std::vector<Record> records;
    constexpr std::size_t cycles = 50;
    for (std::size_t i = 0; i < cycles; ++i)
        records.insert(records.end(), cycle.begin(), cycle.end());
    constexpr std::size_t exchanges = 10UL * 60 * 500;
    constexpr std::size_t budget = 300'000'000 / (exchanges / 2);
    EXPECT_LT(written(records).size() / cycles, budget);
}

TEST(HistoryWriter, BodiesAreKeptForFailuresAndTheFirstOfEachKind) {
    const std::string file =
        written({an_exchange(202), an_exchange(202), an_exchange(403), an_exchange(403)});
    std::vector<bool> kept;
    for (const std::string& line : lines_of(file)) {
        auto entry = parse_entry(line);
        if (const auto* seen = entry->event.get<ExchangeSeen>()) kept.push_back(seen->response.kept);
    }
    EXPECT_THAT(kept, testing::ElementsAre(true, false, true, true));
}

TEST(HistoryWriter, FailuresOfOneKindAreKeptUpToABound) {
    const std::string file = written({an_exchange(403), an_exchange(403), an_exchange(403), an_exchange(404)},
                                     {.failures_kept_of_a_kind = 2});
    const auto lines = lines_of(file);
    EXPECT_TRUE(parse_entry(lines[2])->event.get<ExchangeSeen>()->response.kept);
    EXPECT_FALSE(parse_entry(lines[3])->event.get<ExchangeSeen>()->response.kept);
    EXPECT_TRUE(parse_entry(lines[4])->event.get<ExchangeSeen>()->response.kept);
}

TEST(HistoryWriter, WhatIsToBeJudgedIsKeptWhateverThePolicy) {
    Exchange judged = an_exchange(202);
    judged.keep = true;
    judged.request.headers.emplace_back("Authorization", "Bearer 0123456789abcdef.x");
    for (const Bodies bodies : {Bodies::All, Bodies::Failures, Bodies::None}) {
        const std::string file = written({an_exchange(202), judged}, {.bodies = bodies});
        const auto seen = last_event<ExchangeSeen>(file);
        EXPECT_TRUE(seen.request.kept && seen.response.kept);
        EXPECT_EQ(seen.response.body, R"({"data":{"type":"attestation"}})");
        EXPECT_EQ(file.find("0123456789abcdef.x"), std::string::npos);
    }
}

TEST(HistoryWriter, ChallengesAreThereWithoutBodies) {
    Exchange session = an_exchange(
        200,
        R"({"data":{"attributes":{"authentication_requested":[{"chosen_parameters":{"challenge":"aGk="}}]}}})");
    session.phase = "authenticate";
    session.request.method = "POST";
    EXPECT_EQ(last_event<ExchangeSeen>(written({session}, {.bodies = Bodies::None})).challenge, "aGk=");
    Exchange negotiation = an_exchange(
        201,
        R"({"data":{"attributes":{"evidence_requested":[{"evidence_type":"uefi_log"},{"evidence_type":"tpm_quote",)"
        R"("chosen_parameters":{"challenge":"aG8="}}]}}})");
    negotiation.phase = "negotiate";
    EXPECT_EQ(last_event<ExchangeSeen>(written({negotiation}, {.bodies = Bodies::None})).challenge, "aG8=");
    // A proof says again what the session said.
    session.request.method = "PATCH";
    EXPECT_EQ(last_event<ExchangeSeen>(written({session})).challenge, "");
    session.outcome.response->body = R"({"data":{"attributes":{"authentication_requested":"none"}}})";
    EXPECT_EQ(last_event<ExchangeSeen>(written({session})).challenge, "");
}

TEST(HistoryWriter, SecretsInAnAnswerAreToldByFingerprintWithoutItsBody) {
    Exchange proof = an_exchange(200, R"({"data":{"attributes":{"token":"one.0123456789abcdef0123"}}})");
    proof.outcome.response->headers.emplace_back("Set-Cookie", "session=another-secret");
    const auto seen = last_event<ExchangeSeen>(written({proof}, {.bodies = Bodies::None}));
    EXPECT_THAT(seen.response.secrets, testing::SizeIs(2));
    EXPECT_THAT(seen.request.secrets, testing::IsEmpty());
    const std::string file = written({proof, an_exchange(202, "again: one.0123456789abcdef0123")});
    const auto first = *parse_entry(lines_of(file)[1])->event.get<ExchangeSeen>();
    EXPECT_EQ(last_event<ExchangeSeen>(file).response.secrets, List<Text>{first.response.secrets[1]});
    EXPECT_THAT(last_event<ExchangeSeen>(written({an_exchange(202)})).response.secrets, testing::IsEmpty());
}

TEST(HistoryWriter, LongBodiesAreCutBetweenCharactersAndSaySo) {
    std::string body(64 * 1024 - 1, 'x');
    body += "é and more";
    const auto seen = last_event<ExchangeSeen>(written({an_exchange(500, body)}));
    EXPECT_TRUE(seen.response.cut);
    EXPECT_EQ(seen.response.body, std::string(64 * 1024 - 1, 'x'));
    EXPECT_EQ(seen.response.size, body.size());
    EXPECT_FALSE(seen.request.cut);
}

TEST(HistoryWriter, WhatChecksNeedIsThereWithoutBodies) {
    Exchange refused = an_exchange(
        429, R"({"errors":[{"status":"429","code":"premature_attestation","source":{"pointer":"/data"}}]})");
    refused.outcome.response->headers.emplace_back("retry-after", "2");
    const auto seen = last_event<ExchangeSeen>(written({refused}, {.bodies = Bodies::None}));
    EXPECT_EQ(seen.status, 429);
    EXPECT_EQ(seen.code, "premature_attestation");
    EXPECT_EQ(seen.pointer, "/data");
    EXPECT_EQ(seen.retry_after, "2");
    EXPECT_EQ(seen.index, 3);

    Exchange negotiated = an_exchange(201);
    negotiated.request.target = "/v3.0/agents/x/attestations";
    negotiated.outcome.response->headers.emplace_back("Location", "/v3.0/agents/x/attestations/17");
    EXPECT_EQ(last_event<ExchangeSeen>(written({negotiated}, {.bodies = Bodies::None})).index, 17);
}

TEST(HistoryWriter, ATransportFailureHasItsWordAndNoStatus) {
    Exchange lost = an_exchange(0);
    lost.outcome.response.reset();
    lost.outcome.failure = transport::Failure{transport::FailureKind::Timeout, "no answer within 5 s"};
    const auto seen = last_event<ExchangeSeen>(written({lost}));
    EXPECT_EQ(seen.failure, transport::to_string(transport::FailureKind::Timeout));
    EXPECT_EQ(seen.failure_text, "no answer within 5 s");
    EXPECT_FALSE(seen.status);
    EXPECT_TRUE(seen.request.kept);
}

TEST(HistoryWriter, SeveralThreadsLeaveWholeLinesInOneOrder) {
    const TemporaryFolder folder;
    const core::SystemClock clock;
    constexpr int each = 300;
    constexpr int threads = 4;
    {
        auto writer = HistoryWriter::open(folder.file(), clock, a_head());
        ASSERT_TRUE(writer);
        std::vector<std::thread> workers;
        for (int worker = 0; worker < threads; ++worker) {
            workers.emplace_back([&, worker] {
                const Where where{"s", 0, fmt::format("agent[{}]", worker)};
                for (int i = 0; i < each; ++i) {
                    // Each brings a token of its own, so that learning and searching meet.
                    (*writer)->append(
                        where,
                        an_exchange(200, fmt::format(R"({{"token":"canary-token-{}-{}"}})", worker, i)));
                    (*writer)->append(where, Note{fmt::format("canary-token-{}-{}", worker, i)});
                }
            });
        }
        for (std::thread& worker : workers)
            worker.join();
    }
    const auto history = read_history(folder.file());
    ASSERT_TRUE(history) << history.error().text();
    EXPECT_EQ(history->entries.size(), std::size_t{each} * threads * 2);
    EXPECT_TRUE(history->missing.empty());
    Duration before{};
    for (const Entry& entry : history->entries) {
        EXPECT_GE(entry.t, before);
        before = entry.t;
        const auto* note = entry.event.get<Note>();
        if (note != nullptr) {
            EXPECT_THAT(note->text, StartsWith("fp:"));
        }
    }
}

TEST(HistoryWriter, AKilledWriterLeavesWholeLines) {
    const TemporaryFolder folder;
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const core::SystemClock clock;
        auto writer = HistoryWriter::open(folder.file(), clock, a_head());
        while (writer && (*writer)->append({}, an_exchange(403))) {
        }
        _exit(1);
    }
    std::error_code ignored;
    while (!std::filesystem::exists(folder.file(), ignored) ||
           std::filesystem::file_size(folder.file(), ignored) < 200'000) {
        std::this_thread::yield();
    }
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    const auto history = read_history(folder.file());
    ASSERT_TRUE(history) << history.error().text();
    EXPECT_GT(history->entries.size(), 50U);
    EXPECT_TRUE(history->missing.empty());
    EXPECT_FALSE(history->ended());
}

/// The limit on file sizes stands for a full disk.
class FileSizeLimit {
  public:
    explicit FileSizeLimit(rlim_t limit) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit now{limit, before_.rlim_max};
        setrlimit(RLIMIT_FSIZE, &now);
    }
    ~FileSizeLimit() {
        setrlimit(RLIMIT_FSIZE, &before_);
        (void)std::signal(SIGXFSZ, handler_);
    }
    FileSizeLimit(const FileSizeLimit&) = delete;
    FileSizeLimit& operator=(const FileSizeLimit&) = delete;

  private:
    void (*handler_)(int);
    rlimit before_{};
};

TEST(HistoryWriter, AFullDiskIsTheSameErrorFromThenOnAndLeavesWholeLines) {
    const TemporaryFolder folder;
    const core::SimulatedClock clock;
    auto writer = HistoryWriter::open(folder.file(), clock, a_head());
    ASSERT_TRUE(writer);
    Result<std::uint64_t> first = 0;
    {
        const FileSizeLimit limit(1000);
        ASSERT_TRUE((*writer)->append({}, Note{"fits"}));
        first = (*writer)->append({}, Note{std::string(2000, 'x')});
    }
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, ErrorKind::System);
    EXPECT_THAT(first.error().text(), testing::AllOf(HasSubstr("history.jsonl"), HasSubstr("mend")));
    const auto second = (*writer)->append({}, Note{"there would be room again"});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().text(), first.error().text());
    EXPECT_EQ((*writer)->failure()->text(), first.error().text());
    const auto history = read_history(folder.file());
    ASSERT_TRUE(history);
    EXPECT_EQ(history->entries.size(), 1U);
    EXPECT_FALSE(history->cut);
}

}  // namespace
}  // namespace pushsim::history
