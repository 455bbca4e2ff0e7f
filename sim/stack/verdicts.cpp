#include "sim/stack/verdicts.hpp"

#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "agent/protocol/attestation.hpp"
#include "sim/stack/database.hpp"

namespace pushsim::stack {
namespace {

template <typename T>
Source<T> known(T value) {
    return {Source<T>::State::Known, std::move(value), {}};
}

template <typename T>
Source<T> absent(std::string why) {
    return {Source<T>::State::Absent, std::nullopt, std::move(why)};
}

template <typename T>
Source<T> unavailable(std::string why) {
    return {Source<T>::State::Unavailable, std::nullopt, std::move(why)};
}

bool is_decided(const std::string& evaluation) {
    return evaluation == "pass" || evaluation == "fail";
}

}  // namespace

Result<RecordVerdict> parse_record_verdict(const HttpResponse& answer) {
    const auto body = nlohmann::json::parse(answer.body, nullptr, false);
    RecordVerdict verdict;
    for (const auto& [name, member] :
         {std::pair{"stage", &verdict.stage}, std::pair{"evaluation", &verdict.evaluation}}) {
        const nlohmann::json::json_pointer pointer(fmt::format("/data/attributes/{}", name));
        if (body.is_discarded() || !body.contains(pointer) || !body.at(pointer).is_string()) {
            return fail(ErrorKind::Parse,
                        fmt::format("attestation record: no text at {}", pointer.to_string()));
        }
        *member = body.at(pointer).get<std::string>();
    }
    return verdict;
}

bool Verdict::settled() const {
    const bool record_decides = record.value && is_decided(record.value->evaluation);
    const bool database_decides = database.value && is_decided(database.value->evaluation);
    const bool record_waits = record.value && !record_decides;
    const bool database_waits = database.value && !database_decides;
    const bool log_waits = log.state == Source<LogVerdict>::State::Absent;
    return (record_decides || database_decides || log.value) && !record_waits && !database_waits &&
           !log_waits;
}

struct VerdictReader::Inner {
    StackAddress address;
    Tenant tenant;
    std::optional<LogTail> tail;
    LogVerdicts log;
    bool log_readable = false;

    std::shared_ptr<VerifierDatabase> database;

    Inner(StackAddress at, const Clock& clock, std::shared_ptr<VerifierDatabase> other)
        : address(std::move(at)), tenant(address, clock), database(std::move(other)) {
        if (address.verifier_log) tail.emplace(*address.verifier_log);
        if (!database && address.verifier_database) database = sqlite_database(*address.verifier_database);
    }

    void follow_log() {
        if (!tail) return;
        // Pieces, so that a long log is not held in memory as a whole.
        for (;;) {
            const auto text = tail->more();
            log_readable = text.has_value();
            if (!text || text->empty()) return;
            log.feed(*text);
        }
    }

    Call ask_for_record(const std::string& agent_id, std::uint64_t index) {
        return tenant.at_verifier({.method = "GET",
                                   .target = protocol::attestation_target(agent_id, std::to_string(index)),
                                   .headers = {},
                                   .body = {}});
    }

    Source<RecordVerdict> from_record(const Call& call) const {
        const auto response = response_of(call, address.verifier);
        if (!response) return unavailable<RecordVerdict>(response.error().message);
        if (response->status == 404) return absent<RecordVerdict>("the verifier has no such attestation");
        // Keylime 7.14 answers 201 here, where 200 is specified.
        if (response->status != 200 && response->status != 201) {
            return unavailable<RecordVerdict>(
                fmt::format("{} was answered with {}", call.request.target, response->status));
        }
        auto verdict = parse_record_verdict(*response);
        if (!verdict) return unavailable<RecordVerdict>(verdict.error().message);
        return known(std::move(*verdict));
    }

    Source<DatabaseVerdict> from_database(const std::string& agent_id, std::uint64_t index) const {
        if (!database) {
            return unavailable<DatabaseVerdict>(
                address.kind == "local"
                    ? "the verifier's database is not SQLite, and pushsim reads no other"
                    : fmt::format("the verifier's database cannot be read on this {} stack", address.kind));
        }
        auto found = database->attestation(agent_id, index);
        if (!found) return unavailable<DatabaseVerdict>(found.error().message);
        if (!*found) return absent<DatabaseVerdict>("the database has no such attestation");
        return known(std::move(**found));
    }

    Source<LogVerdict> from_log(const std::string& agent_id, std::uint64_t index) {
        if (!tail) {
            return unavailable<LogVerdict>(
                fmt::format("the verifier's log cannot be read on this {} stack", address.kind));
        }
        follow_log();
        if (!log_readable) {
            return unavailable<LogVerdict>(fmt::format("cannot read {}", address.verifier_log->string()));
        }
        const LogVerdict* found = log.find(agent_id, index);
        if (found == nullptr) return absent<LogVerdict>("the log has no verdict on it yet");
        return known(*found);
    }
};

VerdictReader::VerdictReader(StackAddress address, const Clock& clock,
                             std::shared_ptr<VerifierDatabase> database)
    : inner_(std::make_unique<Inner>(std::move(address), clock, std::move(database))) {}
VerdictReader::~VerdictReader() = default;

void VerdictReader::cut() {
    inner_->tenant.cut();
}

Verdict VerdictReader::read(const std::string& agent_id, std::uint64_t index) {
    Verdict verdict{.agent_id = agent_id, .index = index};
    // The log first: it is the first to be written, so a verdict found in it is in the other places soon.
    verdict.log = inner_->from_log(agent_id, index);
    verdict.database = inner_->from_database(agent_id, index);
    verdict.record_call = inner_->ask_for_record(agent_id, index);
    verdict.record = inner_->from_record(verdict.record_call);
    return verdict;
}

std::optional<Bytes> VerdictReader::enrolled_ak(const std::string& agent_id) const {
    if (!inner_->database) return std::nullopt;
    const auto found = inner_->database->enrolled_ak(agent_id);
    if (!found || !*found) return std::nullopt;
    auto octets = from_base64(**found);
    return octets ? std::optional(std::move(*octets)) : std::nullopt;
}

void VerdictReader::enrolled(const std::string& agent_id) {
    inner_->follow_log();
    inner_->log.forget(agent_id);
}

}  // namespace pushsim::stack
