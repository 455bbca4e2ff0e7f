#include "sim/history/reader.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "sim/history/kept_values.hpp"
#include "sim/history/serialise.hpp"
#include "sim/history/slim.hpp"

namespace pushsim::history {
namespace {

constexpr std::size_t max_line = std::size_t{64} * 1024 * 1024;
constexpr std::size_t max_missing_told = 100;

}  // namespace

struct HistoryReader::State {
    std::filesystem::path path;
    std::ifstream file;
    std::string buffer;        // read from the file
    std::size_t given = 0;     // of the buffer: given out as lines
    std::size_t searched = 0;  // of the buffer: behind `given`, holds no line feed
    std::uint64_t offset = 0;  // of buffer[given] in the file
    std::uint64_t line_number = 0;
    std::optional<std::uint64_t> last_n;
    std::string line;
    KeptValues kept;

    /// Moves the next whole line into `line`; false where there is none (yet).
    Result<bool> take_line();
    Error at_line(const Error& error) const {
        return error.in(fmt::format("{}:{}", path.string(), line_number));
    }
};

Result<bool> HistoryReader::State::take_line() {
    for (;;) {
        const std::size_t end = buffer.find('\n', searched);
        if (end != std::string::npos) {
            line.assign(buffer, given, end - given);
            offset += end + 1 - given;
            given = searched = end + 1;
            ++line_number;
            return true;
        }
        buffer.erase(0, given);
        given = 0;
        searched = buffer.size();
        if (buffer.size() > max_line) {
            ++line_number;
            return fail(at_line({ErrorKind::Parse, "the line is longer than 64 MiB: this is no history"}));
        }
        const std::size_t before = buffer.size();
        constexpr std::size_t block = std::size_t{64} * 1024;
        buffer.resize(before + block);
        file.clear();
        file.seekg(static_cast<std::streamoff>(offset + before));
        file.read(buffer.data() + before, block);
        const auto count = static_cast<std::size_t>(file.gcount());
        buffer.resize(before + count);
        if (file.bad()) {
            return fail(ErrorKind::System, fmt::format("cannot read the history {}", path.string()));
        }
        if (count == 0) return false;
    }
}

HistoryReader::HistoryReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryReader::~HistoryReader() = default;
HistoryReader::HistoryReader(HistoryReader&&) noexcept = default;
HistoryReader& HistoryReader::operator=(HistoryReader&&) noexcept = default;

Result<HistoryReader> HistoryReader::open(const std::filesystem::path& path, std::uint64_t offset) {
    auto state = std::make_unique<State>();
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        return fail(ErrorKind::System,
                    fmt::format("cannot read the history {}: it is a folder", path.string()),
                    "name the history.jsonl in it");
    }
    errno = 0;
    state->file.open(path, std::ios::binary);
    if (!state->file) {
        return fail(ErrorKind::System,
                    fmt::format("cannot read the history {}: {}", path.string(), std::strerror(errno)));
    }
    state->path = path;
    state->offset = offset;
    return HistoryReader{std::move(state)};
}

Result<std::optional<Entry>> HistoryReader::next() {
    State& state = *state_;
    const bool at_start = state.offset == 0;
    auto taken = state.take_line();
    if (!taken) return fail(taken.error());
    if (!*taken) return std::nullopt;
    auto entry = parse_entry(state.line, &state.kept);
    if (!entry) return fail(state.at_line(entry.error()));
    if (at_start != (entry->kind() == "head")) {
        return fail(
            state.at_line({ErrorKind::Parse, at_start ? "the first line is no head: this is no history"
                                                      : "a head in the middle of a history"}));
    }
    if (state.last_n && entry->n <= *state.last_n) {
        return fail(state.at_line({ErrorKind::Parse, fmt::format("/n: {} behind {}; lines must be in order",
                                                                 entry->n, *state.last_n)}));
    }
    state.last_n = entry->n;
    return std::optional<Entry>{std::move(*entry)};
}

const std::string& HistoryReader::line() const {
    return state_->line;
}

std::uint64_t HistoryReader::offset() const {
    return state_->offset;
}

bool HistoryReader::cut() const {
    return state_->given < state_->buffer.size();
}

bool History::ended() const {
    return !entries.empty() && entries.back().event.get<End>() != nullptr;
}

struct GrowingHistory::State {
    HistoryReader reader;
    std::optional<Head> head = {};
    std::vector<std::uint64_t> missing = {};
    std::uint64_t expected = 0;                                        // number of the next line
    std::optional<Slim> slim = {};                                     // nothing: all of a line is kept
    std::map<std::pair<Text, Text>, Shared<QuoteValues>> quotes = {};  // by scenario and agent

    void note_missing(std::uint64_t n) {
        for (; expected < n && missing.size() < max_missing_told; ++expected)
            missing.push_back(expected);
        expected = n + 1;
    }
    void fill_in(const Where& where, TpmOperation& operation) {
        if (!operation.quote) return;
        Shared<QuoteValues>& last = quotes[{where.scenario, where.agent}];
        if (operation.quote->same) {
            operation.quote = last;
        } else {
            last = operation.quote;
        }
    }
};

GrowingHistory::GrowingHistory(std::unique_ptr<State> state) : state_(std::move(state)) {}
GrowingHistory::~GrowingHistory() = default;
GrowingHistory::GrowingHistory(GrowingHistory&&) noexcept = default;
GrowingHistory& GrowingHistory::operator=(GrowingHistory&&) noexcept = default;

Result<GrowingHistory> GrowingHistory::open(const std::filesystem::path& path, Detail detail) {
    auto reader = HistoryReader::open(path);
    if (!reader) return fail(reader.error());
    auto state = std::unique_ptr<State>(new State{std::move(*reader)});
    if (detail == Detail::OfReports) state->slim.emplace();
    return GrowingHistory{std::move(state)};
}

Result<void> GrowingHistory::read_on(const std::function<void(Entry&&)>& give) {
    for (;;) {
        auto next = state_->reader.next();
        if (!next) return fail(next.error());
        if (!*next) return {};
        Entry& entry = **next;
        state_->note_missing(entry.n);
        if (auto* head = entry.event.edit<Head>()) {
            state_->head = std::move(*head);
            continue;
        }
        if (auto* operation = entry.event.edit<TpmOperation>()) state_->fill_in(*entry.where, *operation);
        if (state_->slim) state_->slim->take(entry.event);
        give(std::move(entry));
    }
}

const std::optional<Head>& GrowingHistory::head() const {
    return state_->head;
}

bool GrowingHistory::cut() const {
    return state_->reader.cut();
}

const std::vector<std::uint64_t>& GrowingHistory::missing() const {
    return state_->missing;
}

Result<History> read_history(const std::filesystem::path& path, Detail detail) {
    auto growing = GrowingHistory::open(path, detail);
    if (!growing) return fail(growing.error());
    History history;
    auto read = growing->read_on([&](Entry&& entry) { history.entries.push_back(std::move(entry)); });
    if (!read) return fail(read.error());
    history.head = growing->head();
    history.cut = growing->cut();
    history.missing = growing->missing();
    return history;
}

}  // namespace pushsim::history
