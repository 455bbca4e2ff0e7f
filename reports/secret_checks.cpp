// `nonces_distinct` and `tokens_secret`.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reports/checks.hpp"
#include "reports/findings.hpp"
#include "reports/text.hpp"
#include "sim/history/redaction.hpp"
#include "sim/history/texts.hpp"

namespace pushsim::reports {
namespace {

constexpr const char* nonces = "nonces_distinct";
constexpr const char* tokens = "tokens_secret";

/// A proof that gave a token, or should have.
bool is_proof(const history::ExchangeSeen& exchange) {
    return exchange.phase == "authenticate" && exchange.method == "PATCH" && exchange.status == 200;
}

bool brings_challenge(const history::ExchangeSeen& exchange) {
    return (exchange.phase == "authenticate" && exchange.method == "POST" && exchange.status == 200) ||
           (exchange.negotiated && !exchange.negotiated->requested.empty());
}

// What must not be there. The rules are their own, not those of the writer, whose mistakes they are to show.

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}
bool is_token_character(char c) {
    return is_name_character(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}
std::string_view run(std::string_view text, bool (*belongs)(char)) {
    const auto end = std::find_if_not(text.begin(), text.end(), belongs);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}
/// A token, not a word of a sentence.
bool looks_like_token(std::string_view word) {
    constexpr std::size_t shortest = 16;
    return word.size() >= shortest && word.find_first_of("0123456789") != std::string_view::npos;
}

bool has_bearer_token(std::string_view text) {
    constexpr std::string_view rest = "earer ";
    for (std::size_t at = 0; (at = text.find(rest, at)) != std::string_view::npos;) {
        at += rest.size();
        if (looks_like_token(run(text.substr(at), is_token_character))) return true;
    }
    return false;
}

bool has_private_key(std::string_view text) {
    return text.find("PRIVATE KEY-----") != std::string_view::npos;
}

/// A quotation mark as JSON has it, or as JSON within JSON has it; removes it.
bool take_quote(std::string_view& text) {
    const std::size_t quote = text.find_first_not_of('\\');
    if (quote == std::string_view::npos || text[quote] != '"') return false;
    text.remove_prefix(quote + 1);
    return true;
}
void skip_spaces(std::string_view& text) {
    text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

/// "token": "…" and the like, where it is no fingerprint.
bool has_named_secret(std::string_view text) {
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string_view::npos; ++at) {
        std::string_view rest = text.substr(at + 1);
        const std::string_view name = run(rest, is_name_character);
        if (name.empty() || !history::is_secret_name(name)) continue;
        rest.remove_prefix(name.size());
        if (!take_quote(rest)) continue;
        skip_spaces(rest);
        if (!rest.starts_with(':')) continue;
        rest.remove_prefix(1);
        skip_spaces(rest);
        if (!take_quote(rest)) continue;
        const std::string_view value = rest.substr(0, rest.find_first_of("\"\\"));
        if (!value.empty() && !history::is_fingerprint(value)) return true;
    }
    return false;
}

/// Of a header or member that holds nothing else: "Bearer fp:…" is one.
bool is_hidden(std::string_view value) {
    const std::size_t space = value.find(' ');
    return value.empty() ||
           history::is_fingerprint(value.substr(space == std::string_view::npos ? 0 : space + 1));
}

/// What stands there for itself; empty: nothing.
std::string secret_in(std::string_view name, std::string_view text) {
    if (has_bearer_token(text)) return "a bearer token";
    if (has_private_key(text)) return "a private key";
    if (has_named_secret(text)) return "a secret by its name";
    if (!name.empty() && history::is_secret_name(name) && !is_hidden(text)) return fmt::format("a {}", name);
    return {};
}

std::string who(const history::Entry& line) {
    return line.where->agent.empty() ? "" : line.where->agent + ": ";
}

/// Tokens in an answer that has no business with them.
void check_echo(const history::Entry& line, const RunFacts& facts, Findings& findings) {
    const history::MessageSeen* answer = nullptr;
    if (const auto* exchange = as<history::ExchangeSeen>(&line)) answer = &exchange->response;
    if (const auto* act = as<history::TenantActSeen>(&line)) answer = &act->response;
    if (answer == nullptr) return;
    for (const history::Text& secret : answer->secrets) {
        const auto issued = facts.tokens.find(secret);
        if (issued == facts.tokens.end() || issued->second.n == line.n) continue;
        findings.wrong(fmt::format("{}the token {} of {} stands in another answer: {}", who(line), secret,
                                   issued->second.agent, words(line)),
                       &line);
    }
}

void check_texts(const history::Entry& line, Findings& findings) {
    std::string found;
    history::for_each_text(line, [&](std::string_view name, std::string_view text) {
        if (found.empty()) found = secret_in(name, text);
    });
    if (!found.empty())
        findings.wrong(fmt::format("{}the line shows {}: {}", who(line), found, words(line)), &line);
}

}  // namespace

void RunFacts::take(const history::Head& head) {
    others = others || head.stack;
}

void RunFacts::take(const history::Entry& line) {
    if (const auto* stack = as<history::StackEvent>(&line); stack != nullptr && stack->facts) {
        started = true;
        // What `stack up` keeps has a text, and options that nobody here knows.
        others = others || stack->facts->kind != "local" || !stack->text.empty();
    }
    const auto* exchange = as<history::ExchangeSeen>(&line);
    if (exchange == nullptr) return;
    const Origin here{line.n, line.where->agent};
    if (!exchange->challenge.empty()) challenges.try_emplace(exchange->challenge, here);
    if (!is_proof(*exchange)) return;
    for (const history::Text& token : exchange->response.secrets)
        tokens.try_emplace(token, here);
}

RunFacts facts_of(const history::History& history) {
    RunFacts facts;
    if (history.head) facts.take(*history.head);
    for (const history::Entry& line : history.entries)
        facts.take(line);
    return facts;
}

void check_nonces(const ScenarioView& scenario, const RunFacts& facts, Checked& checked) {
    Findings findings{nonces, checked};
    std::uint64_t looked_at = 0;
    std::uint64_t unknown = 0;
    for (const history::Entry* line : scenario.lines) {
        const auto* exchange = as<history::ExchangeSeen>(line);
        if (exchange == nullptr) continue;
        if (exchange->challenge.empty()) {
            unknown += brings_challenge(*exchange) ? 1 : 0;
            continue;
        }
        ++looked_at;
        const Origin& first = facts.challenges.at(exchange->challenge);
        if (first.n != line->n) {
            findings.wrong(
                fmt::format("{}: the challenge {} was issued before, in line {} to {}", line->where->agent,
                            exchange->challenge, line_number(first.n), first.agent),
                line);
        }
    }
    if (looked_at == 0) {
        findings.nothing_to_check(unknown == 0 ? "no challenge was issued"
                                               : "the history does not tell challenges");
    } else if (unknown > 0) {
        findings.not_in_full(
            fmt::format("{} of {} brought none", counted(unknown, "answer"), looked_at + unknown));
    }
}

void check_tokens(const history::Entry& line, const RunFacts& facts, Checked& checked) {
    Findings findings{tokens, checked};
    check_texts(line, findings);
    check_echo(line, facts, findings);
}

void check_tokens(const history::Head& head, Checked& checked) {
    Findings findings{tokens, checked};
    std::string found;
    history::for_each_text(head, [&](std::string_view name, std::string_view text) {
        if (found.empty()) found = secret_in(name, text);
    });
    if (!found.empty()) findings.wrong("the head shows " + found, nullptr);
}

void check_tokens(const ScenarioView& scenario, const RunFacts& facts, Checked& checked) {
    Findings findings{tokens, checked};
    check_texts(*scenario.start, findings);
    for (const history::Entry* line : scenario.lines) {
        check_texts(*line, findings);
        check_echo(*line, facts, findings);
    }
    if (scenario.end != nullptr) check_texts(*scenario.end, findings);
    if (facts.tokens.empty()) findings.not_in_full("the history tells no token to look for in answers");
}

}  // namespace pushsim::reports
