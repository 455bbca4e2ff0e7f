#include "sim/stack/verdicts.hpp"

#include <algorithm>
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

/// What a place says, in the same form for all three.
struct Saying {
    const char* place;
    std::string evaluation;
    std::optional<std::string>
        failure_reason;  ///< nullopt: this place never tells, or uses words unknown to us
};

std::vector<Saying> decided(const Verdict& verdict) {
    std::vector<Saying> sayings;
    if (verdict.record.value && is_decided(verdict.record.value->evaluation)) {
        sayings.push_back({"record", verdict.record.value->evaluation, std::nullopt});
    }
    if (verdict.database.value && is_decided(verdict.database.value->evaluation)) {
        sayings.push_back(
            {"database", verdict.database.value->evaluation, verdict.database.value->failure_reason});
    }
    if (verdict.log.value) {
        const bool unknown =
            verdict.log.value->evaluation == "fail" && verdict.log.value->failure_reason.empty();
        sayings.push_back({"log", verdict.log.value->evaluation,
                           unknown ? std::nullopt : std::optional(verdict.log.value->failure_reason)});
    }
    return sayings;
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
    const bool record_waits = record.value && !is_decided(record.value->evaluation);
    const bool database_waits = database.value && !is_decided(database.value->evaluation);
    const bool log_waits = log.state == Source<LogVerdict>::State::Absent;
    return !decided(*this).empty() && !record_waits && !database_waits && !log_waits;
}

std::optional<std::string> Verdict::evaluation() const {
    const auto sayings = decided(*this);
    if (sayings.empty()) return std::nullopt;
    for (const auto& saying : sayings) {
        if (saying.evaluation != sayings.front().evaluation) return std::nullopt;
    }
    return sayings.front().evaluation;
}

std::optional<std::string> Verdict::failure_reason() const {
    for (const auto& saying : decided(*this)) {
        if (saying.failure_reason && !saying.failure_reason->empty()) return saying.failure_reason;
    }
    return std::nullopt;
}

std::vector<std::string> Verdict::disagreements() const {
    std::vector<std::string> found;
    const auto sayings = decided(*this);
    for (std::size_t one = 0; one < sayings.size(); ++one) {
        for (std::size_t other = one + 1; other < sayings.size(); ++other) {
            const auto& a = sayings[one];
            const auto& b = sayings[other];
            const auto word = [](const Saying& saying) {
                return saying.failure_reason && !saying.failure_reason->empty()
                           ? fmt::format("{} ({})", saying.evaluation, *saying.failure_reason)
                           : saying.evaluation;
            };
            const bool reasons_differ =
                a.failure_reason && b.failure_reason && a.failure_reason != b.failure_reason;
            if (a.evaluation != b.evaluation || reasons_differ) {
                found.push_back(fmt::format("attestation {} of agent {}: the {} says {}, the {} says {}",
                                            index, agent_id, a.place, word(a), b.place, word(b)));
            }
        }
    }
    return found;
}

struct VerdictReader::Inner {
    StackAddress address;
    Tenant tenant;
    std::optional<LogTail> tail;
    LogVerdicts log;
    bool log_readable = false;

    Inner(StackAddress at, const Clock& clock) : address(std::move(at)), tenant(address, clock) {
        if (address.verifier_log) tail.emplace(*address.verifier_log);
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

    Source<RecordVerdict> from_record(const std::string& agent_id, std::uint64_t index,
                                      std::vector<Call>* calls) {
        const auto call =
            tenant.at_verifier({.method = "GET",
                                .target = protocol::attestation_target(agent_id, std::to_string(index)),
                                .headers = {},
                                .body = {}});
        if (calls != nullptr) calls->push_back(call);
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
        if (!address.verifier_database) {
            return unavailable<DatabaseVerdict>(
                fmt::format("the verifier's database cannot be read on this {} stack", address.kind));
        }
        auto found = read_attestation(*address.verifier_database, agent_id, index);
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

VerdictReader::VerdictReader(StackAddress address, const Clock& clock)
    : inner_(std::make_unique<Inner>(std::move(address), clock)) {}
VerdictReader::~VerdictReader() = default;

void VerdictReader::cut() {
    inner_->tenant.cut();
}

Verdict VerdictReader::read(const std::string& agent_id, std::uint64_t index, Places places,
                            std::vector<Call>* calls) {
    Verdict verdict{.agent_id = agent_id,
                    .index = index,
                    .record = unavailable<RecordVerdict>("not asked"),
                    .database = unavailable<DatabaseVerdict>("not asked"),
                    .log = unavailable<LogVerdict>("not asked")};
    // The log first: it is the first to be written, so a verdict found in it is in the other places soon.
    if (places.log) verdict.log = inner_->from_log(agent_id, index);
    if (places.database) verdict.database = inner_->from_database(agent_id, index);
    if (places.record) verdict.record = inner_->from_record(agent_id, index, calls);
    return verdict;
}

void VerdictReader::enrolled(const std::string& agent_id) {
    inner_->follow_log();
    inner_->log.forget(agent_id);
}

}  // namespace pushsim::stack
