#pragma once
// From what a producer hands over to what is written: secrets become fingerprints, bodies are kept or not.

#include <map>
#include <mutex>
#include <string>

#include "sim/history/event.hpp"
#include "sim/history/redaction.hpp"
#include "sim/history/writer.hpp"

namespace pushsim::history {

/// Decides whose bodies are kept (WriterOptions). Thread-safe.
class BodyKeeper {
  public:
    explicit BodyKeeper(WriterOptions options) : options_(options) {}

    /// `kind` is the phase or act, `outcome` a status or the word of a transport failure.
    bool keep(const std::string& kind, const std::string& outcome, bool is_failure);

  private:
    WriterOptions options_;
    std::mutex mutex_;
    std::map<std::string, int> seen_;
};

inline constexpr std::size_t max_kept_body = 64 * 1024;

/// Redacted, times counted from `run_start`.
Event to_event(const Record& record, Redactor& redactor, BodyKeeper& keeper, Instant run_start);
Head redacted(const Head& head, Redactor& redactor);

}  // namespace pushsim::history
