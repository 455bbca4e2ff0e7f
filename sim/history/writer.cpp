#include "sim/history/writer.hpp"

#include <cerrno>
#include <cstring>
#include <mutex>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "sim/history/redaction.hpp"
#include "sim/history/seen.hpp"
#include "sim/history/serialise.hpp"

namespace pushsim::history {

struct HistoryWriter::State {
    State(std::filesystem::path file_path, int file, const Clock& run_clock, WriterOptions options)
        : path(std::move(file_path)),
          descriptor(file),
          clock(run_clock),
          started(run_clock.now()),
          keeper(options) {}
    ~State() { ::close(descriptor); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    Result<std::uint64_t> write(const std::string& tail, std::optional<Duration> when = {});
    void mark_repeated(const Where& where, Event& event);

    const std::filesystem::path path;
    const int descriptor;
    const Clock& clock;
    const Instant started;
    Redactor redactor;
    BodyKeeper keeper;

    mutable std::mutex mutex;  // guards what follows, and the order of lines in the file
    std::uint64_t lines = 0;
    off_t size = 0;  // of whole lines
    std::optional<Error> failure;

    std::mutex quotes_mutex;
    std::map<std::pair<std::string, std::string>, QuoteValues> quotes;  // last written, by scenario and agent
};

Result<std::uint64_t> HistoryWriter::State::write(const std::string& tail, std::optional<Duration> when) {
    const std::lock_guard lock{mutex};
    if (failure) return fail(*failure);
    const auto t =
        std::chrono::duration_cast<std::chrono::microseconds>(when.value_or(clock.now() - started)).count();
    const std::string line = fmt::format("{{\"n\":{},\"t\":{},{}\n", lines, t, tail);
    std::size_t written = 0;
    while (written < line.size()) {
        const ssize_t count = ::write(descriptor, line.data() + written, line.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            failure = Error{ErrorKind::System,
                            fmt::format("cannot write the history {}: {}", path.string(),
                                        std::strerror(count < 0 ? errno : ENOSPC)),
                            "make room there, or choose another folder with --out"};
            // Takes away the part of a line that was written; if that fails too, readers see it as cut.
            if (::ftruncate(descriptor, size) != 0) return fail(*failure);
            return fail(*failure);
        }
        written += static_cast<std::size_t>(count);
    }
    size += static_cast<off_t>(line.size());
    return lines++;
}

void HistoryWriter::State::mark_repeated(const Where& where, Event& event) {
    auto* operation = event.edit<TpmOperation>();
    if (operation == nullptr || !operation->quote) return;
    const std::lock_guard lock{quotes_mutex};
    QuoteValues& last = quotes[{where.scenario, where.agent}];
    if (last == *operation->quote) {
        QuoteValues& quote = operation->quote.edit();
        quote.pcrs.clear();
        quote.same = true;
    } else {
        last = *operation->quote;
    }
}

HistoryWriter::HistoryWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
HistoryWriter::~HistoryWriter() = default;

Result<std::unique_ptr<HistoryWriter>> HistoryWriter::open(const std::filesystem::path& path,
                                                           const Clock& clock, const Head& head,
                                                           WriterOptions options) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        return fail(ErrorKind::System,
                    fmt::format("cannot make the history {}: {}", path.string(), std::strerror(errno)),
                    errno == EEXIST ? "a history is never overwritten: choose another folder with --out"
                                    : "choose a folder that can be written to with --out");
    }
    std::unique_ptr<HistoryWriter> writer{
        new HistoryWriter{std::make_unique<State>(path, descriptor, clock, options)}};
    State& state = *writer->state_;
    if (auto written = state.write(line_tail({}, redacted(head, state.redactor))); !written) {
        return fail(written.error());
    }
    return writer;
}

Result<std::uint64_t> HistoryWriter::append(const Where& where, const Record& record) {
    if (auto known = failure()) return fail(std::move(*known));
    Event event = to_event(record, state_->redactor, state_->keeper, state_->started);
    state_->mark_repeated(where, event);
    return state_->write(line_tail(where, event));
}

Result<std::uint64_t> HistoryWriter::append_line(Duration t, const std::string& tail) {
    return state_->write(tail, t);
}

std::optional<Error> HistoryWriter::failure() const {
    const std::lock_guard lock{state_->mutex};
    return state_->failure;
}

void HistoryWriter::add_secret(ByteView octets) {
    state_->redactor.learn({reinterpret_cast<const char*>(octets.data()), octets.size()});
}

Instant HistoryWriter::started() const {
    return state_->started;
}

}  // namespace pushsim::history
