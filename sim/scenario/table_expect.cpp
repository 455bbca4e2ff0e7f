// What can be expected, the metrics, and how values vary.

#include <algorithm>
#include <array>

#include "sim/scenario/language.hpp"

namespace pushsim::scenario {
namespace {

using namespace forms;
constexpr auto now = Availability::Now;

constexpr Form number = integer(0, 1'000'000'000);

constexpr Key decides_key{
    {"decides", "the requirement, or list of requirements, that it decides; else it is a control", now},
    requirements};

constexpr Form requests{.kind = Form::Kind::Map, .example = "{ sessions: 1 }", .keys = request_kinds};

constexpr std::array<Key, 17> expect_table{{
    {{"agents", "the group, or list of groups, it is about", now}, groups},
    {{"response", "the last response of the step, of one sent in copies each: {status: …, code: …}", now},
     map(response_keys)},
    {{"verdict", "pass, fail or none: what the record of each attestation says", now}, word(verdicts)},
    {{"reason", "with `verdict: fail`: policy_violation or broken_evidence_chain", now},
     word(failure_reasons)},
    {{"status", "PENDING, PASS, FAIL or TIMEOUT: what the status API says", now}, word(agent_statuses)},
    {{"within", "with `status`: it becomes so within that time", now}, duration},
    {{"always", "a status: it is so at every reading during the step", now}, word(agent_statuses)},
    {{"never", "a status: it is so at no reading during the step", now}, word(agent_statuses)},
    {{"poll", "with `always` or `never`: how often the status is read; 10/s if left out", now}, rate},
    {{"requests", "how many requests of a kind each agent sends: {sessions: 1}", now}, requests},
    {{"since", "with `requests`: start, to count from there", now}, word(starts)},
    {{"cycles", "last: the last cycle alone is judged", now}, word(cycle_words)},
    {{"all", "true: every agent must satisfy the clause (default)", now}, boolean},
    {{"at_least", "so many agents must satisfy the clause", now}, number},
    {{"at_most", "no more agents may satisfy the clause", now}, number},
    {{"exactly", "exactly so many agents must satisfy the clause", now}, number},
    decides_key,
}};
constexpr std::array<Key, 2> check_clause_table{{
    {{"check", "the check, where something stands beside it", now}, word(checks), true},
    decides_key,
}};
constexpr std::array<Key, 2> metric_clause_table{{
    {{"metric", "the metric and its limit, where something stands beside them", now}, metric, true},
    decides_key,
}};

constexpr Form status_range{
    .kind = Form::Kind::Text, .pattern = "^[1-5][0-9][0-9]-[1-5][0-9][0-9]$", .example = "\"200-299\""};
constexpr std::array<Form, 2> status_forms{{integer(100, 599), status_range}};
constexpr Form status{.kind = Form::Kind::AnyOf, .example = "202", .any = status_forms};
constexpr Form second_range{
    .kind = Form::Kind::Text, .pattern = "^[0-9]{1,9}-[0-9]{1,9}$", .example = "\"1-60\""};
constexpr std::array<Form, 2> second_forms{{integer(0, 999'999'999), second_range}};
constexpr Form seconds{.kind = Form::Kind::AnyOf, .example = "\"1-60\"", .any = second_forms};
constexpr Form code{.kind = Form::Kind::Text, .pattern = "", .example = "challenges_expired"};
constexpr Form pointer{
    .kind = Form::Kind::Text, .pattern = "^/.*$", .example = "/data/attributes/evidence_collected"};
constexpr Form headers{.kind = Form::Kind::OpenMap,
                       .least = 1,
                       .pattern = "^[A-Za-z0-9-]{1,64}$",
                       .example = "{ Retry-After: \"*\" }",
                       .item = &scalar};
constexpr Form members{.kind = Form::Kind::OpenMap,
                       .least = 1,
                       .pattern = "^/.*$",
                       .example = "{ /data/attributes/stage: awaiting_evidence }",
                       .item = &anything};

constexpr std::array<Key, 6> response_table{{
    {{"status", "HTTP status: a number, a range \"200-299\", or a list of these", now}, one_or_list(&status)},
    {{"code", "JSON:API error code, or a list of codes; none: no code at all", now}, one_or_list(&code)},
    {{"pointer", "JSON:API source pointer of the first error", now}, pointer},
    {{"header", "name: value, `\"*\"` for any value, `absent` for none", now}, headers},
    {{"retry_after", "seconds of Retry-After: a number, a range \"1-60\", or a list of these", now},
     one_or_list(&seconds)},
    {{"body",
      "JSON pointer: value, all of it (a list is no choice); `absent` for none, `\"absent\"` for that text",
      now},
     members},
}};

constexpr std::array<Key, 6> request_kind_table{{
    {{"registrations", "POST of the agent's keys to the registrar", now}, number},
    {{"activations", "PUT of its answer to the registrar's challenge", now}, number},
    {{"sessions", "POST for a session, each a proof of possession that the verifier has to check", now},
     number},
    {{"proofs", "PATCH of a session", now}, number},
    {{"negotiations", "POST for an attestation", now}, number},
    {{"submissions", "PATCH of an attestation", now}, number},
}};

constexpr Form durations{.kind = Form::Kind::List, .least = 1, .example = "[100ms, 5s]", .item = &duration};
constexpr Form two_durations{
    .kind = Form::Kind::List, .least = 2, .most = 2, .example = "[1s, 3s]", .item = &duration};
constexpr Form normal{
    .kind = Form::Kind::Map, .example = "{ mean: 2s, deviation: 300ms }", .keys = normal_keys};
constexpr std::array<Key, 5> distribution_table{{
    {{"uniform", "between two durations, each as likely as any other", now}, two_durations},
    {{"normal", "around a mean; never less than nothing", now}, normal},
    {{"exponential", "mostly short, now and then long", now}, map(exponential_keys)},
    {{"one_of", "one of these, each as likely", now}, durations},
    {{"list", "one after the other, then again", now}, durations},
}};
constexpr std::array<Key, 2> normal_table{{
    {{"mean", "the middle of it", now}, duration, true},
    {{"deviation", "how far two thirds of them are from it at most", now}, duration, true},
}};
constexpr std::array<Key, 1> exponential_table{{{{"mean", "how long on average", now}, duration, true}}};

using Unit = MetricMeasure::Unit;
constexpr std::array<MetricSubject, 10> subject_table{{
    {{"register", "POST of keys to the registrar"}, true},
    {{"activate", "PUT of the answer to its challenge"}, true},
    {{"authenticate", "POST and PATCH of a session"}, true},
    {{"negotiate", "POST for an attestation"}, true},
    {{"submit", "PATCH of an attestation"}, true},
    {{"accepted", "submissions that were taken (202)"}, false},
    {{"refused", "submissions that were answered otherwise"}, false},
    {{"error", "exchanges without an answer, or with a 5xx"}, false},
    {{"verdict_pass", "attestations that passed"}, false},
    {{"verdict_fail", "attestations that failed"}, false},
}};
constexpr std::array<MetricMeasure, 9> measure_table{{
    {{"p50", "median of how long the exchanges took"}, Unit::Duration, true},
    {{"p90", "90th percentile of how long the exchanges took"}, Unit::Duration, true},
    {{"p95", "95th percentile of how long the exchanges took"}, Unit::Duration, true},
    {{"p99", "99th percentile of how long the exchanges took"}, Unit::Duration, true},
    {{"max", "how long the longest exchange took"}, Unit::Duration, true},
    {{"mean", "how long the exchanges took on average"}, Unit::Duration, true},
    {{"count", "how many"}, Unit::Count, false},
    {{"rate", "how many a second"}, Unit::Rate, false},
    {{"share", "how many of all submissions, attestations or exchanges"}, Unit::Share, false},
}};

}  // namespace

std::span<const Key> expect_keys() {
    return expect_table;
}
bool is_about_one_step(std::string_view key) {
    constexpr std::array<std::string_view, 8> keys{"response", "verdict", "reason", "always",
                                                   "never",    "poll",    "since",  "cycles"};
    return std::ranges::find(keys, key) != keys.end();
}
std::span<const Key> check_clause_keys() {
    return check_clause_table;
}
std::span<const Key> metric_clause_keys() {
    return metric_clause_table;
}
std::span<const Key> response_keys() {
    return response_table;
}
std::span<const Key> request_kinds() {
    return request_kind_table;
}
std::span<const Key> distribution_keys() {
    return distribution_table;
}
std::span<const Key> normal_keys() {
    return normal_table;
}
std::span<const Key> exponential_keys() {
    return exponential_table;
}
std::span<const MetricSubject> metric_subjects() {
    return subject_table;
}
std::span<const MetricMeasure> metric_measures() {
    return measure_table;
}

bool goes_with(const MetricSubject& subject, const MetricMeasure& measure) {
    return measure.unit == Unit::Count || measure.of_exchanges == subject.exchanges;
}

}  // namespace pushsim::scenario
