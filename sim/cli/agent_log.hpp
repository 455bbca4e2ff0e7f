#pragma once
// What `pushsim agent` says while it runs: a line for each event, for a person or for a program.

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/base/time.hpp"
#include "reports/report.hpp"

namespace pushsim::cli {

class AgentLog {
  public:
    using Facts = std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>>;

    /// `format`: text, or json (an object a line: time, event, text, and the facts). `clock` outlives it.
    AgentLog(const std::string& format, const Clock& clock) : json_(format == "json"), clock_(clock) {}

    /// `event` is a word that programs may rely on, `text` a sentence.
    void say(const std::string& event, const std::string& text, const Facts& facts = {}) const;
    /// Events "cause" and "mend", below the line that they explain.
    void say(const reports::Diagnosis& diagnosis) const;

    /// What was said last could not be written.
    bool reader_is_gone() const;

  private:
    bool json_;
    const Clock& clock_;
};

}  // namespace pushsim::cli
