#include "sim/kind/pod_database.hpp"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/stack/talker.hpp"

namespace pushsim::kind {
namespace {

using nlohmann::json;

// Parameters are ?1, ?2 in SQLite, and in psycopg2 %(p1)s, %(p2)s. Read-only, and of one statement each: the
// verifier is not to wait.
constexpr const char* kScript = R"(
import json, re, sys
url = {}
if url.startswith('sqlite'):
    import sqlite3
    path = url[len('sqlite:///'):] if '/' in url else '/var/lib/keylime/cv_data.sqlite'
    def ask(query, parameters):
        base = sqlite3.connect('file:' + path + '?mode=ro', uri=True, timeout=2)
        try:
            return base.execute(query, parameters).fetchone()
        finally:
            base.close()
else:
    import psycopg2
    dsn = re.sub(r'^postgresql\+\w+', 'postgresql', url)
    base = None
    def ask(query, parameters):
        global base
        if base is None or base.closed:
            base = psycopg2.connect(dsn, connect_timeout=3)
            base.set_session(readonly=True, autocommit=True)
        query = re.sub(r'\?(\d)', r'%(p\1)s', query)
        with base.cursor() as cursor:
            cursor.execute(query, {{'p%d' % (i + 1): one for i, one in enumerate(parameters)}})
            return cursor.fetchone()
def text(value):
    return '' if value is None else value.isoformat() if hasattr(value, 'isoformat') else str(value)
for line in sys.stdin:
    try:
        row = ask(*json.loads(line))
        answer = [row and [text(value) for value in row]]
    except Exception as error:
        base = None
        answer = str(error).strip() or type(error).__name__
    print(json.dumps(answer), flush=True)
)";

std::optional<WallTime> time_of(const std::string& text) {
    const auto time = from_rfc3339(text);
    return time ? std::optional<WallTime>(*time) : std::nullopt;
}

class PodDatabase : public stack::VerifierDatabase {
  public:
    explicit PodDatabase(PodDatabaseOptions options) : options_(std::move(options)) {}

    Result<std::optional<stack::DatabaseVerdict>> attestation(const std::string& agent_id,
                                                              std::uint64_t index) override {
        const auto row = ask(json::array({stack::attestation_query, json::array({agent_id, index})}));
        if (!row) return fail(row.error());
        if (!*row) return std::nullopt;
        const auto& values = **row;
        if (values.size() != 6)
            return fail(ErrorKind::Stack, "the verifier's database: not the columns asked");
        return stack::DatabaseVerdict{.stage = values[0],
                                      .evaluation = values[1],
                                      .failure_reason = values[2],
                                      .capabilities_received_at = time_of(values[3]),
                                      .challenges_expire_at = time_of(values[4]),
                                      .evidence_received_at = time_of(values[5])};
    }

    Result<std::optional<std::string>> enrolled_ak(const std::string& agent_id) override {
        const auto row = ask(json::array({stack::enrolled_ak_query, json::array({agent_id})}));
        if (!row) return fail(row.error());
        if (!*row || (*row)->empty()) return std::nullopt;
        return (**row)[0];
    }

  private:
    Result<std::optional<std::vector<std::string>>> ask(const json& question) {
        const auto place = options_.place();
        if (!place) {
            talker_.reset();
            return fail(place.error());
        }
        if (pod_ != place->pod) talker_.reset();
        if (!talker_) {
            auto started = stack::Talker::start(
                {.command = place->command, .environment = options_.environment, .errors = options_.errors});
            if (!started) return fail(started.error());
            talker_.emplace(std::move(*started));
            pod_ = place->pod;
        }
        const Instant end = options_.clock.now() + options_.limit;
        bool goes_on = talker_->write(question.dump() + "\n");
        stack::Lines lines;
        while (goes_on && options_.clock.now() < end) {
            const auto text = talker_->read(std::chrono::milliseconds{200});
            goes_on = text.has_value();
            if (!goes_on) break;
            const auto whole = lines.feed(*text);
            if (!whole) {
                talker_.reset();
                return fail(Error{whole.error()}.in("the verifier's database"));
            }
            if (!whole->empty()) return parse_pod_answer(whole->front());
        }
        talker_.reset();  // what it may still say is an answer to this question
        return fail(ErrorKind::Stack,
                    goes_on
                        ? fmt::format("the verifier's database was not read within {} by kubectl exec",
                                      to_text(options_.limit))
                        : fmt::format("the verifier's database cannot be read by kubectl exec: {} says why",
                                      options_.errors.string()));
    }

    PodDatabaseOptions options_;
    std::string pod_;
    std::optional<stack::Talker> talker_;
};

}  // namespace

std::shared_ptr<stack::VerifierDatabase> pod_database(PodDatabaseOptions options) {
    return std::make_shared<PodDatabase>(std::move(options));
}

std::string pod_database_script(const std::string& url) {
    return fmt::format(fmt::runtime(kScript), json(url).dump());
}

Result<std::optional<std::vector<std::string>>> parse_pod_answer(std::string_view line) {
    const json value = json::parse(line, nullptr, false);
    if (value.is_string())
        return fail(ErrorKind::Stack, "the verifier's database: " + value.get<std::string>());
    if (!value.is_array() || value.size() != 1 || !(value[0].is_null() || value[0].is_array()))
        return fail(ErrorKind::Stack, fmt::format("the verifier's database: not an answer: {}", line));
    if (value[0].is_null()) return std::nullopt;
    std::vector<std::string> row;
    for (const json& one : value[0])
        row.push_back(one.is_string() ? one.get<std::string>() : "");
    return row;
}

}  // namespace pushsim::kind
