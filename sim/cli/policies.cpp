#include "sim/cli/policies.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/tpm/hash_algorithm.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::json;

constexpr int kHighestPcr = 23;

/// A policy's text, and what it says.
struct Policy {
    std::string text;
    json object;
};

Result<std::string> read_file(const std::string& option, const std::string& name) {
    std::error_code ignored;
    const bool folder = std::filesystem::is_directory(name, ignored);
    errno = folder ? EISDIR : 0;
    std::ifstream file(name, std::ios::binary);
    if (file && !folder) {
        return std::string{std::istreambuf_iterator<char>(file), {}};
    }
    return fail(ErrorKind::Config, fmt::format("{}: cannot read {}: {}", option, name, std::strerror(errno)),
                "it wants a file of JSON that this user may read");
}

/// Whether somebody meant a file, and left out the @.
bool names_a_file(const std::string& text) {
    if (text.find_first_of("{[") != std::string::npos) return false;
    const std::filesystem::path path(text);
    std::error_code ignored;
    return path.has_extension() || path.has_parent_path() || std::filesystem::exists(path, ignored);
}

/// ErrorKind::Config with line and column, and `mend`, where `text` is no JSON object.
Result<Policy> parse(std::string text, const std::string& where, const std::string& mend) {
    try {
        json object = json::parse(text);
        text.erase(text.find_last_not_of(" \t\r\n") + 1);  // it is shown again, in a line
        if (object.is_object()) return Policy{std::move(text), std::move(object)};
        return fail(ErrorKind::Config, fmt::format("{}: not a JSON object", where), mend);
    } catch (const json::parse_error& error) {
        const std::size_t at = std::min(error.byte == 0 ? 0 : error.byte - 1, text.size());
        const std::string before = text.substr(0, at);
        const auto line = std::ranges::count(before, '\n') + 1;
        const auto column = at - (before.rfind('\n') + 1) + 1;
        return fail(ErrorKind::Config, fmt::format("{}:{}:{}: not JSON", where, line, column), mend);
    }
}

/// In lower case, as long as the digests of a PCR bank are.
bool is_digest(const std::string& text) {
    if (text.find_first_not_of("0123456789abcdef") != std::string::npos) return false;
    return std::ranges::any_of(tpm::hash_algorithms, [&](tpm::HashAlgorithm algorithm) {
        return text.size() == 2 * tpm::digest_size(algorithm);
    });
}

/// What is wrong with the values of one PCR.
std::optional<std::string> wrong_values(const json& values) {
    if (values.is_string()) return "a text where a list belongs, which the verifier would not compare";
    if (!values.is_array() || values.empty()) return "no list of values";
    for (const json& value : values) {
        if (!value.is_string() || !is_digest(value.get<std::string>()))
            return fmt::format("{} where the hex digits of a digest belong, in lower case (64 of sha256)",
                               value.dump());
    }
    return std::nullopt;
}

}  // namespace

Result<std::string> tpm_policy_from(const std::string& text) {
    const std::string option = "--tpm-policy";
    constexpr const char* example = R"(for example --tpm-policy '{"7": ["HEX"]}', or @FILE)";
    const bool from_file = text.starts_with('@');
    if (!from_file && names_a_file(text)) {
        return fail(ErrorKind::Config, fmt::format("{}: '{}' is no JSON but names a file", option, text),
                    fmt::format("a file is meant by an @ before it: {} @{}", option, text));
    }
    const std::string where = from_file ? text.substr(1) : option;
    auto read = from_file ? read_file(option, where) : Result<std::string>(text);
    if (!read) return fail(read.error());
    auto policy = parse(std::move(*read), where, example);
    if (!policy) return fail(policy.error());
    bool names_one = false;
    for (const auto& [key, values] : policy->object.items()) {
        if (key == "mask") continue;
        names_one = true;
        int pcr = -1;
        const auto [end, failed] = std::from_chars(key.data(), key.data() + key.size(), pcr);
        if (failed != std::errc{} || end != key.data() + key.size() || pcr < 0 || pcr > kHighestPcr)
            return fail(ErrorKind::Config,
                        fmt::format("{}: '{}' is no PCR; they go from 0 to 23", where, key), example);
        if (const auto wrong = wrong_values(values))
            return fail(ErrorKind::Config, fmt::format("{}: PCR {} has {}", where, pcr, *wrong), example);
    }
    if (!names_one) {
        return fail(ErrorKind::Config,
                    where +
                        ": names no PCR: the verifier would ask for none, and count what is sent as expired "
                        "(challenges_expired)",
                    example);
    }
    return std::move(policy->text);
}

std::string note_on_banks(const std::string& tpm_policy) {
    const std::size_t usual = 2 * tpm::digest_size(tpm::HashAlgorithm::Sha256);
    const json policy = json::parse(tpm_policy, nullptr, false);
    for (const auto& [key, values] : policy.items()) {
        if (key == "mask" || !values.is_array()) continue;
        const bool has_usual = std::ranges::any_of(values, [&](const json& value) {
            return value.is_string() && value.get<std::string>().size() == usual;
        });
        if (has_usual) continue;
        return fmt::format(
            "PCR {} has no value of the sha256 bank ({} hex digits), which the verifier asks of every "
            "agent that has it; it drops all others",
            key, usual);
    }
    return "";
}

Result<std::string> runtime_policy_from(const std::string& file) {
    constexpr const char* make = "keylime-policy create runtime makes one";
    auto read = read_file("--runtime-policy", file);
    if (!read) return fail(read.error());
    auto policy = parse(std::move(*read), file, make);
    if (!policy) return fail(policy.error());
    // keylime/verification/tpm_engine.py, expects_ima_log. What is signed is for the verifier to open.
    const json::json_pointer generator("/meta/generator");
    if (!policy->object.contains("payload") && policy->object.contains(generator) &&
        policy->object[generator].is_number_integer() && policy->object[generator] <= 1) {
        return fail(ErrorKind::Config,
                    fmt::format("{}: meta.generator is {}, and the verifier asks for no IMA log unless it is "
                                "more than 1: it would take the policy and not enforce it",
                                file, policy->object[generator].dump()),
                    make);
    }
    return std::move(policy->text);
}

Result<std::string> mb_policy_from(const std::string& file) {
    constexpr const char* make = "keylime-policy create measured-boot makes one";
    auto read = read_file("--mb-policy", file);
    if (!read) return fail(read.error());
    auto policy = parse(std::move(*read), file, make);
    if (!policy) return fail(policy.error());
    // keylime/tpm/tpm_main.py, check_pcrs.
    if (policy->object.empty()) {
        return fail(ErrorKind::Config,
                    fmt::format("{}: an empty policy: the verifier would ask for the UEFI log and compare "
                                "nothing with it",
                                file),
                    make);
    }
    return std::move(policy->text);
}

}  // namespace pushsim::cli
