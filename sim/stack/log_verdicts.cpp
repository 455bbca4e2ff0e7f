#include "sim/stack/log_verdicts.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <system_error>

namespace pushsim::stack {
namespace {

constexpr std::size_t kMaximumDetails = 32;
constexpr std::size_t kMaximumOpenRequests = 4096;
constexpr std::size_t kMaximumPartial = 1024 * 1024;

template <typename Number>
std::optional<Number> number(std::string_view text) {
    Number value{};
    const auto [last, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (bad != std::errc{} || last != text.data() + text.size()) return std::nullopt;
    return value;
}

/// Cuts `text` after the next `mark` and gives what stood before it; nothing if there is none.
std::optional<std::string_view> up_to(std::string_view& text, std::string_view mark) {
    const auto at = text.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    const auto before = text.substr(0, at);
    text.remove_prefix(at + mark.size());
    return before;
}

bool skip(std::string_view& text, std::string_view prefix) {
    if (!text.starts_with(prefix)) return false;
    text.remove_prefix(prefix.size());
    return true;
}

bool starts_like_time(std::string_view text) {
    return text.size() > 19 && text[4] == '-' && text[7] == '-' && text[10] == ' ' && text[13] == ':';
}

// The words of Keylime's tpm_engine.py, _determine_failure_reason.
std::string reason_of(std::string_view words) {
    if (words.find("could not be authenticated") != std::string_view::npos) return "broken_evidence_chain";
    if (words.starts_with(" due to policy violations")) return "policy_violation";
    return {};
}

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

}  // namespace

std::optional<LogLine> parse_log_line(std::string_view text) {
    if (!starts_like_time(text)) return std::nullopt;
    const auto time = up_to(text, " - ");
    const auto process = up_to(text, " - ");
    const auto logger = up_to(text, " - ");
    const auto level = up_to(text, " - ");
    if (!level || !number<int>(*process)) return std::nullopt;
    LogLine line{.time = std::string(*time),
                 .process = *number<int>(*process),
                 .logger = std::string(*logger),
                 .level = std::string(*level),
                 .request_id = {},
                 .message = {}};
    if (skip(text, "(reqid=")) {
        const auto id = up_to(text, ")");
        if (!id) return std::nullopt;
        line.request_id = std::string(*id);
    }
    skip(text, " ");
    line.message = std::string(text);
    return line;
}

std::optional<VerdictMessage> parse_verdict_message(std::string_view text) {
    if (!skip(text, "Attestation ")) return std::nullopt;
    const auto index = up_to(text, " for agent '");
    // An agent id has no quotation marks: the verifier takes word characters, dots and hyphens alone.
    const auto agent = up_to(text, "'");
    if (!index || !agent || !number<std::uint64_t>(*index)) return std::nullopt;
    VerdictMessage verdict{.agent_id = std::string(*agent),
                           .index = *number<std::uint64_t>(*index),
                           .passed = false,
                           .failure_reason = {}};
    if (text == " successfully passed verification") {
        verdict.passed = true;
        return verdict;
    }
    if (!skip(text, " failed verification")) return std::nullopt;
    verdict.failure_reason = reason_of(text);
    return verdict;
}

std::optional<PcrMismatch> parse_pcr_mismatch(std::string_view text) {
    if (!skip(text, "PCR #")) return std::nullopt;
    const auto pcr = up_to(text, ": ");
    const auto quoted = up_to(text, " from quote (from agent ");
    const auto agent = up_to(text, ") does not match expected value ");
    if (!pcr || !quoted || !agent || !number<int>(*pcr)) return std::nullopt;
    if (quoted->find(' ') != std::string_view::npos) return std::nullopt;  // "invalid bind data …"
    PcrMismatch mismatch{
        .pcr = *number<int>(*pcr), .quoted = lower(*quoted), .expected = {}, .agent_id = std::string(*agent)};
    // A Python list of texts: ['00…', 'ff…'].
    while (up_to(text, "'")) {
        const auto value = up_to(text, "'");
        if (!value) return std::nullopt;
        mismatch.expected.push_back(lower(*value));
    }
    return mismatch;
}

void LogVerdicts::feed(std::string_view text) {
    partial_ += text;
    std::string_view rest = partial_;
    while (const auto full = up_to(rest, "\n"))
        line(*full);
    partial_ = rest.size() > kMaximumPartial ? std::string{} : std::string(rest);
}

void LogVerdicts::line(std::string_view text) {
    const auto parsed = parse_log_line(text);
    if (!parsed) return;
    // Where a request has no id, a worker's lines belong together: it verifies one attestation at a time.
    const std::string request =
        parsed->request_id.empty() ? "process " + std::to_string(parsed->process) : parsed->request_id;
    // "Starting verification of attestation 0 for agent 'ID'...": what was noted before is of another matter.
    if (parsed->message.starts_with("Starting verification of attestation ")) {
        notes_.erase(request);
        return;
    }
    const auto verdict =
        parsed->logger == "keylime.verifier" ? parse_verdict_message(parsed->message) : std::nullopt;
    if (!verdict) {
        const bool grave =
            parsed->level == "WARNING" || parsed->level == "ERROR" || parsed->level == "CRITICAL";
        if (grave && parsed->logger != "keylime.web") note(request, parsed->message);
        return;
    }
    LogVerdict found{.evaluation = verdict->passed ? "pass" : "fail",
                     .failure_reason = verdict->failure_reason,
                     .message = parsed->message,
                     .request_id = parsed->request_id,
                     .details = {},
                     .pcr_mismatches = {}};
    if (const auto notes = notes_.extract(request)) found.details = notes.mapped();
    for (const auto& detail : found.details) {
        if (auto mismatch = parse_pcr_mismatch(detail)) found.pcr_mismatches.push_back(std::move(*mismatch));
    }
    verdicts_[verdict->agent_id][verdict->index] = std::move(found);
}

void LogVerdicts::note(const std::string& request, const std::string& message) {
    const auto [entry, fresh] = notes_.try_emplace(request);
    if (entry->second.size() < kMaximumDetails) entry->second.push_back(message);
    if (fresh) note_order_.push_back(request);
    while (note_order_.size() > kMaximumOpenRequests) {
        notes_.erase(note_order_.front());
        note_order_.pop_front();
    }
}

const LogVerdict* LogVerdicts::find(const std::string& agent_id, std::uint64_t index) const {
    const auto agent = verdicts_.find(agent_id);
    if (agent == verdicts_.end()) return nullptr;
    const auto verdict = agent->second.find(index);
    return verdict == agent->second.end() ? nullptr : &verdict->second;
}

void LogVerdicts::forget(const std::string& agent_id) {
    verdicts_.erase(agent_id);
}

std::optional<std::string> LogTail::more(std::size_t limit) {
    std::ifstream file(file_, std::ios::binary | std::ios::ate);
    if (!file) return std::nullopt;
    const auto size = static_cast<std::uint64_t>(file.tellg());
    if (size < offset_) offset_ = 0;
    std::string text(static_cast<std::size_t>(std::min<std::uint64_t>(size - offset_, limit)), '\0');
    file.seekg(static_cast<std::streamoff>(offset_));
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    offset_ += text.size();
    return text;
}

}  // namespace pushsim::stack
