#include "sim/stack/database.hpp"

#include <memory>
#include <system_error>

#include <fmt/core.h>
#include <sqlite3.h>

namespace pushsim::stack {
namespace {

namespace fs = std::filesystem;

constexpr int kBusyMilliseconds = 2000;

struct Close {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

std::string text_of(sqlite3_stmt* statement, int column) {
    const auto* text = sqlite3_column_text(statement, column);
    return text == nullptr ? std::string{} : reinterpret_cast<const char*>(text);
}

// Times are text, "2026-11-23T21:19:17.899755+00:00"; null where the event has not come.
std::optional<WallTime> time_of(sqlite3_stmt* statement, int column) {
    const auto time = from_rfc3339(text_of(statement, column));
    return time ? std::optional<WallTime>(*time) : std::nullopt;
}

struct Failed {
    int code = SQLITE_OK;
    std::string message;
};

/// What is asked of the first row that there is.
template <typename Row>
struct Query {
    const char* statement;
    std::string agent_id;  ///< ?1
    std::uint64_t index;   ///< ?2
    Row (*row)(sqlite3_stmt*);
};

template <typename Row>
using Selected = tl::expected<std::optional<Row>, Failed>;

template <typename Row>
Selected<Row> select(const fs::path& file, int flags, const Query<Row>& query) {
    sqlite3* opened = nullptr;
    int code = sqlite3_open_v2(file.c_str(), &opened, flags, nullptr);
    const Database database(opened);
    const auto failed = [&] {
        return tl::make_unexpected(Failed{sqlite3_extended_errcode(opened), sqlite3_errmsg(opened)});
    };
    if (code != SQLITE_OK) return failed();
    sqlite3_busy_timeout(opened, kBusyMilliseconds);
    sqlite3_stmt* prepared = nullptr;
    code = sqlite3_prepare_v2(opened, query.statement, -1, &prepared, nullptr);
    const Statement statement(prepared);
    if (code != SQLITE_OK) return failed();
    sqlite3_bind_text(prepared, 1, query.agent_id.c_str(), static_cast<int>(query.agent_id.size()), nullptr);
    if (sqlite3_bind_parameter_count(prepared) > 1)
        sqlite3_bind_int64(prepared, 2, static_cast<sqlite3_int64>(query.index));
    code = sqlite3_step(prepared);
    if (code == SQLITE_DONE) return std::optional<Row>{};
    if (code != SQLITE_ROW) return failed();
    return std::optional<Row>{query.row(prepared)};
}

// A copy may be rolled back, so it is opened for writing; the original is left as the killed verifier left
// it.
template <typename Row>
Selected<Row> select_from_copy(const fs::path& file, const Query<Row>& query) {
    const fs::path copy = file.string() + ".copy";
    std::error_code error;
    fs::copy_file(file, copy, fs::copy_options::overwrite_existing, error);
    if (!error) {
        fs::copy_file(file.string() + "-journal", copy.string() + "-journal",
                      fs::copy_options::overwrite_existing, error);
    }
    if (error) return tl::make_unexpected(Failed{SQLITE_CANTOPEN, "cannot copy it: " + error.message()});
    auto found = select(copy, SQLITE_OPEN_READWRITE, query);
    fs::remove(copy, error);
    fs::remove(copy.string() + "-journal", error);
    return found;
}

template <typename Row>
Result<std::optional<Row>> read(const fs::path& database, const Query<Row>& query) {
    auto found = select(database, SQLITE_OPEN_READONLY, query);
    if (!found && found.error().code == SQLITE_READONLY_ROLLBACK) found = select_from_copy(database, query);
    if (!found) {
        return fail(ErrorKind::Stack,
                    fmt::format("the verifier's database {}: {}", database.string(), found.error().message));
    }
    return std::move(*found);
}

DatabaseVerdict verdict_in(sqlite3_stmt* row) {
    return {.stage = text_of(row, 0),
            .evaluation = text_of(row, 1),
            .failure_reason = text_of(row, 2),
            .capabilities_received_at = time_of(row, 3),
            .challenges_expire_at = time_of(row, 4),
            .evidence_received_at = time_of(row, 5)};
}

std::string first_column(sqlite3_stmt* row) {
    return text_of(row, 0);
}

}  // namespace

Result<std::optional<DatabaseVerdict>> read_attestation(const fs::path& database, const std::string& agent_id,
                                                        std::uint64_t index) {
    return read<DatabaseVerdict>(database, {attestation_query, agent_id, index, &verdict_in});
}

Result<std::optional<std::string>> read_enrolled_ak(const fs::path& database, const std::string& agent_id) {
    return read<std::string>(database, {enrolled_ak_query, agent_id, 0, &first_column});
}

namespace {

class SqliteFile : public VerifierDatabase {
  public:
    explicit SqliteFile(fs::path file) : file_(std::move(file)) {}
    Result<std::optional<DatabaseVerdict>> attestation(const std::string& agent_id,
                                                       std::uint64_t index) override {
        return read_attestation(file_, agent_id, index);
    }
    Result<std::optional<std::string>> enrolled_ak(const std::string& agent_id) override {
        return read_enrolled_ak(file_, agent_id);
    }

  private:
    fs::path file_;
};

}  // namespace

std::shared_ptr<VerifierDatabase> sqlite_database(const fs::path& file) {
    return std::make_shared<SqliteFile>(file);
}

}  // namespace pushsim::stack
