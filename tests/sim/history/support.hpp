#pragma once
// A folder that goes away, and records to write into it.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "sim/core/clock.hpp"
#include "sim/history/reader.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::history::test {

class TemporaryFolder {
  public:
    TemporaryFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "pushsim-history-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    std::filesystem::path file(const std::string& name = "history.jsonl") const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

inline std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline void overwrite(const std::filesystem::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

inline std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
        lines.push_back(line);
    return lines;
}

inline Head a_head() {
    Head head;
    head.pushsim_version = "0.1.0";
    head.command = "pushsim run scenarios";
    head.seed = 4711;
    head.started = WallTime{std::chrono::seconds{1'700'000'000}};
    return head;
}

/// A submission of evidence that was answered.
inline Exchange an_exchange(int status, const std::string& body = R"({"data":{"type":"attestation"}})") {
    Exchange exchange;
    exchange.phase = "submit";
    exchange.peer = "verifier";
    exchange.request = {"PATCH",
                        "/v3.0/agents/4f2c0f0e-6a3d-4c5e-9b1a-0d6f3f1e2a77/attestations/3",
                        {{"X-Request-ID", "sim0001"}, {"Content-Type", "application/vnd.api+json"}},
                        R"({"data":{"type":"attestation","attributes":{"evidence_collected":[]}}})"};
    exchange.request_id = "sim0001";
    exchange.outcome.response = HttpResponse{status, {{"Content-Type", "application/json"}}, body};
    auto& timings = exchange.outcome.timings;
    timings.connect = std::chrono::microseconds{1234};
    timings.tls = std::chrono::microseconds{12345};
    timings.send = std::chrono::microseconds{99};
    timings.wait = std::chrono::microseconds{123456};
    timings.receive = std::chrono::microseconds{55};
    timings.total = std::chrono::microseconds{137189};
    return exchange;
}

/// Writes these records of one agent and gives the file's text.
inline std::string written(const std::vector<Record>& records, WriterOptions options = {},
                           const std::vector<std::string>& secrets = {}) {
    const TemporaryFolder folder;
    core::SimulatedClock clock;
    {
        auto writer = HistoryWriter::open(folder.file(), clock, a_head(), options);
        if (!writer) throw std::runtime_error(writer.error().text());
        for (const std::string& secret : secrets)
            (*writer)->add_secret(as_bytes(secret));
        for (const Record& record : records) {
            clock.advance(std::chrono::milliseconds{1});
            if (auto n = (*writer)->append({"honest-agent", 0, "honest[0]"}, record); !n) {
                throw std::runtime_error(n.error().text());
            }
        }
    }
    return content(folder.file());
}

/// The event in the last line of a history's text, as a reader sees it.
template <typename T>
T last_event(const std::string& text) {
    auto entry = parse_entry(lines_of(text).back());
    if (!entry) throw std::runtime_error(entry.error().text());
    return *entry->event.template get<T>();
}

}  // namespace pushsim::history::test
