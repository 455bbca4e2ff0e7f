#include "sim/history/redaction.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <mutex>
#include <stdexcept>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "sim/history/json_text.hpp"

namespace pushsim::history {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> secret_headers{"authorization", "proxy_authorization", "cookie",
                                                         "set_cookie", "x_api_key"};
// Two sessions' tokens, whole and half, what the registrar's challenge held, its proof; with room.
constexpr std::size_t secrets_of_an_agent = 8;

// A member is secret if it has one of these names, or ends in "_" and one of them.
constexpr std::array<std::string_view, 9> secret_members{"token",       "auth_tag",       "password",
                                                         "passwd",      "passphrase",     "secret",
                                                         "private_key", "revocation_key", "api_key"};
// One of these stands in every text that has a secret member, unless its letters are escaped.
constexpr std::array<std::string_view, 9> stems{"token",   "auth",    "passw",   "passphrase", "secret",
                                                "api_key", "api-key", "private", "revocation"};

std::string lower(std::string_view text) {
    std::string result{text};
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

std::string canonical(std::string_view name) {
    std::string result = lower(name);
    std::replace(result.begin(), result.end(), '-', '_');
    return result;
}

bool may_have_secret_member(std::string_view text) {
    if (text.find("\\u") != std::string_view::npos || text.find("\\/") != std::string_view::npos) return true;
    const std::string lowered = lower(text);
    return std::any_of(stems.begin(), stems.end(),
                       [&](std::string_view stem) { return lowered.find(stem) != std::string::npos; });
}

bool is_token_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._~+/=-"}.find(c) != std::string_view::npos;
}

using Mark = std::function<std::string(std::string_view)>;

/// -----BEGIN … PRIVATE KEY----- to its END line, or to the end of the text where that is missing.
std::string pem_keys_replaced(std::string_view text, const Mark& mark) {
    std::string result;
    std::size_t copied = 0;
    constexpr std::string_view begin_text = "-----BEGIN ";
    for (std::size_t at = 0; (at = text.find(begin_text, at)) != std::string_view::npos;) {
        const std::size_t label = at + begin_text.size();
        const std::size_t dashes = text.find("-----", label);
        if (dashes == std::string_view::npos ||
            !text.substr(label, dashes - label).ends_with("PRIVATE KEY")) {
            at = label;
            continue;
        }
        const std::size_t end_label = text.find("-----END ", dashes);
        std::size_t end = text.size();
        if (end_label != std::string_view::npos) {
            const std::size_t last = text.find("-----", end_label + 9);
            if (last != std::string_view::npos) end = last + 5;
        }
        result.append(text.substr(copied, at - copied)).append(mark(text.substr(at, end - at)));
        copied = at = end;
    }
    return result.append(text.substr(copied));
}

std::string bearer_tokens_replaced(std::string_view text, const Mark& mark) {
    const std::string lowered = lower(text);
    std::string result;
    std::size_t copied = 0;
    for (std::size_t at = 0; (at = lowered.find("bearer ", at)) != std::string::npos;) {
        at += 7;
        std::size_t end = at;
        while (end < text.size() && is_token_char(text[end]))
            ++end;
        const std::string_view token = text.substr(at, end - at);
        if (token.size() < 16 || token.find_first_of("0123456789") == std::string_view::npos) continue;
        result.append(text.substr(copied, at - copied)).append(mark(token));
        copied = at = end;
    }
    return result.append(text.substr(copied));
}

/// "token": "…" in a text that is no whole JSON (half an answer, a log line, Python's quotes, escaped
/// quotes).
std::string named_values_replaced(std::string_view text, const Mark& mark) {
    std::string result;
    std::size_t copied = 0;
    constexpr auto npos = std::string_view::npos;
    const auto skip = [&](std::size_t at, std::string_view set) {
        return std::min(text.find_first_not_of(set, at), text.size());
    };
    for (std::size_t at = 0; (at = text.find_first_of("\"'", at)) != npos;) {
        const char quote = text[at];
        const bool escaped = at > 0 && text[at - 1] == '\\';
        const std::size_t name_end = text.find_first_of("\"'", at + 1);
        if (name_end == npos) break;
        std::string_view name = text.substr(at + 1, name_end - at - 1);
        if (name.ends_with('\\')) name.remove_suffix(1);
        at = name_end;
        if (name.size() > 64 || !is_secret_name(name)) continue;
        std::size_t value = skip(name_end + 1, " \t\r\n");
        if (value >= text.size() || text[value] != ':') continue;
        value = skip(value + 1, " \t\r\n\\");
        if (value >= text.size() || text[value] != quote) continue;
        ++value;
        std::size_t end = value;
        while (end < text.size() && text[end] != quote) {
            end += !escaped && text[end] == '\\' ? 2 : 1;
        }
        end = std::min(end, text.size());
        if (escaped && end > value && text[end - 1] == '\\') --end;
        if (end > value) {
            result.append(text.substr(copied, value - copied)).append(mark(text.substr(value, end - value)));
            copied = end;
        }
        at = end;
    }
    return result.append(text.substr(copied));
}

bool is_empty_value(const Json& value) {
    return value.is_null() || value.is_boolean() ||
           (value.is_string() && value.get_ref<const std::string&>().empty()) ||
           (value.is_structured() && value.empty());
}

/// Replaces the secrets below `value`: members by name with `mark`, all other strings with `plain`.
void redact(Json& value, const Mark& mark, const Mark& plain) {
    if (value.is_string()) {
        value = plain(value.get_ref<const std::string&>());
    } else if (value.is_array()) {
        for (Json& element : value)
            redact(element, mark, plain);
    } else if (value.is_object()) {
        for (auto& [name, member] : value.items()) {
            if (is_secret_name(name)) {
                if (is_empty_value(member)) continue;
                const std::string secret = member.is_string() ? member.get<std::string>() : dump_json(member);
                member = mark(secret);
            } else {
                redact(member, mark, plain);
            }
        }
    }
}

}  // namespace

bool is_secret_name(std::string_view name) {
    const std::string wanted = canonical(name);
    if (std::find(secret_headers.begin(), secret_headers.end(), wanted) != secret_headers.end()) return true;
    return std::any_of(secret_members.begin(), secret_members.end(), [&](std::string_view member) {
        return wanted == member || (wanted.size() > member.size() && wanted.ends_with(member) &&
                                    wanted[wanted.size() - member.size() - 1] == '_');
    });
}

bool is_fingerprint(std::string_view text) {
    return text.size() == fingerprint_size && text.starts_with("fp:") &&
           text.find_first_not_of("0123456789abcdef", 3) == std::string_view::npos;
}

Redactor::Redactor() : key_(32) {
    // Of the operating system and not of the run's seed: whoever knows the seed must not know the key.
    if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) {
        throw std::runtime_error("no random octets from OpenSSL for the fingerprint key");
    }
}

Redactor::Redactor(Bytes key) : key_(std::move(key)) {}

std::string Redactor::fingerprint(std::string_view secret) const {
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), as_bytes(secret).data(), secret.size(),
             digest.data(), &size) == nullptr) {
        throw std::runtime_error("OpenSSL refused HMAC-SHA-256");
    }
    return "fp:" + to_hex(ByteView{digest.data(), 8});
}

void Redactor::learn(std::string_view secret) {
    if (secret.size() < KnownSecrets::min_size) return;
    // A verifier token is "<session id>.<secret>"; its second half is as good as the whole.
    const std::size_t dot = secret.rfind('.');
    const std::string_view half = dot == std::string_view::npos ? "" : secret.substr(dot + 1);
    {
        const std::unique_lock lock{mutex_};
        if (known_.use(secret)) {
            known_.use(half);
            return;
        }
    }
    std::string mark = fingerprint(secret);
    const std::unique_lock lock{mutex_};
    if (half.size() >= 16) known_.add(half, fingerprint(half));
    known_.add(secret, std::move(mark));
}

void Redactor::expect_agents(std::size_t count) {
    const std::unique_lock lock{mutex_};
    known_.allow_for(count * secrets_of_an_agent);
}

std::string Redactor::marked(std::string_view secret) {
    // Short values and common words would otherwise vanish from places where they are no secret.
    constexpr std::size_t min_learned = 12;
    if (secret.size() >= min_learned) learn(secret);
    return fingerprint(secret);
}

std::string Redactor::known_replaced(std::string_view text) const {
    const std::shared_lock lock{mutex_};
    return known_.replace_in(text);
}

std::string Redactor::text(std::string_view text) {
    const Mark mark = [this](std::string_view secret) { return marked(secret); };
    std::string result = pem_keys_replaced(text, mark);
    result = bearer_tokens_replaced(result, mark);
    if (may_have_secret_member(result)) result = named_values_replaced(result, mark);
    return known_replaced(result);
}

std::string Redactor::body(std::string_view body) {
    const std::size_t first = body.find_first_not_of(" \t\r\n");
    const bool may_be_json = first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
    if (may_be_json && may_have_secret_member(body)) {
        if (auto json = parse_json(body)) {
            const Mark mark = [this](std::string_view secret) { return marked(secret); };
            // Strings that hold JSON (Keylime's tpm_policy, metadata) are looked into.
            const Mark plain = [this](std::string_view value) { return this->body(value); };
            redact(*json, mark, plain);
            // Written anew even where nothing was found: members given twice are in the text alone.
            return known_replaced(dump_json(*json));
        }
    }
    return text(body);
}

HttpHeaders Redactor::headers(const HttpHeaders& headers) {
    HttpHeaders result;
    result.reserve(headers.size());
    for (const auto& [name, value] : headers) {
        if (!is_secret_name(name) || value.empty()) {
            result.emplace_back(text(name), text(value));
            continue;
        }
        // The scheme tells what was tried; the credentials behind it are the secret.
        const std::size_t space = value.find(' ');
        const bool scheme = space != std::string::npos && space > 0 && space < 16;
        const std::string kept = scheme ? value.substr(0, space + 1) : "";
        const std::string secret = value.substr(kept.size());
        result.emplace_back(name, secret.empty() ? kept : kept + marked(secret));
    }
    return result;
}

}  // namespace pushsim::history
