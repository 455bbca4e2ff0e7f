// The registry's records as JSON.

#include "sim/stack/record_json.hpp"

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "sim/stack/registry.hpp"

namespace pushsim::stack {
namespace {

using nlohmann::json;

constexpr int kFormat = 2;

json to_json(const HostPort& where) {
    return {{"host", where.host}, {"port", where.port}};
}

HostPort host_port_from(const json& value) {
    return {value.at("host").get<std::string>(), value.at("port").get<std::uint16_t>()};
}

json optional_path(const std::optional<std::filesystem::path>& path) {
    return path ? json(path->string()) : json(nullptr);
}

std::optional<std::filesystem::path> optional_path_from(const json& value) {
    if (value.is_null()) return std::nullopt;
    return std::filesystem::path(value.get<std::string>());
}

}  // namespace

json to_json(const ProcessId& process) {
    return {{"pid", process.pid}, {"start_time", process.start_time}};
}

ProcessId process_from(const json& value) {
    return {value.at("pid").get<pid_t>(), value.at("start_time").get<std::uint64_t>()};
}

json to_json(const StackAddress& address) {
    return {{"kind", address.kind},
            {"verifier", to_json(address.verifier)},
            {"registrar_http", to_json(address.registrar_http)},
            {"registrar_tls", to_json(address.registrar_tls)},
            {"ca_file", address.ca_file.string()},
            {"admin_certificate", address.admin_certificate.string()},
            {"admin_key", address.admin_key.string()},
            {"verify_server", address.verify_server},
            {"api_version", address.api_version},
            {"keylime_version", address.keylime_version ? json(*address.keylime_version) : json(nullptr)},
            {"keylime_origin", address.keylime_origin},
            {"changed_start", address.changed_start},
            {"verifier_database", optional_path(address.verifier_database)},
            {"verifier_log", optional_path(address.verifier_log)},
            {"registrar_log", optional_path(address.registrar_log)}};
}

StackAddress address_from(const json& value) {
    StackAddress address;
    address.kind = value.at("kind").get<std::string>();
    address.verifier = host_port_from(value.at("verifier"));
    address.registrar_http = host_port_from(value.at("registrar_http"));
    address.registrar_tls = host_port_from(value.at("registrar_tls"));
    address.ca_file = value.at("ca_file").get<std::string>();
    address.admin_certificate = value.at("admin_certificate").get<std::string>();
    address.admin_key = value.at("admin_key").get<std::string>();
    address.verify_server = value.at("verify_server").get<bool>();
    address.api_version = value.at("api_version").get<std::string>();
    if (const auto& version = value.at("keylime_version"); !version.is_null()) {
        address.keylime_version = version.get<std::string>();
    }
    address.keylime_origin = value.at("keylime_origin").get<std::string>();
    address.changed_start = value.value("changed_start", "");
    address.verifier_database = optional_path_from(value.at("verifier_database"));
    address.verifier_log = optional_path_from(value.at("verifier_log"));
    address.registrar_log = optional_path_from(value.at("registrar_log"));
    return address;
}

std::string to_json_text(const StackRecord& record) {
    json groups = json::array();
    for (const auto& group : record.groups)
        groups.push_back(to_json(group));
    json litter = json::array();
    for (const auto& path : record.litter)
        litter.push_back(path.string());
    const json value = {{"format", kFormat},   {"folder", record.folder.string()},
                        {"id", record.id},     {"owner", to_json(record.owner)},
                        {"boot", record.boot}, {"groups", groups},
                        {"kept", record.kept}, {"started", record.started},
                        {"litter", litter},    {"address", to_json(record.address)}};
    return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

Result<StackRecord> parse_record(const std::string& text) {
    try {
        const json value = json::parse(text);
        StackRecord record;
        if (const int format = value.at("format").get<int>(); format != kFormat) {
            return fail(ErrorKind::Parse,
                        fmt::format("record of a stack in format {}, not {}", format, kFormat));
        }
        record.folder = value.at("folder").get<std::string>();
        record.id = value.at("id").get<std::string>();
        record.owner = process_from(value.at("owner"));
        record.boot = value.at("boot").get<std::string>();
        for (const auto& group : value.at("groups"))
            record.groups.push_back(process_from(group));
        record.kept = value.at("kept").get<bool>();
        record.started = value.at("started").get<std::string>();
        for (const auto& path : value.at("litter"))
            record.litter.emplace_back(path.get<std::string>());
        record.address = address_from(value.at("address"));
        return record;
    } catch (const json::exception& error) {
        return fail(ErrorKind::Parse, fmt::format("record of a stack: {}", error.what()));
    }
}

}  // namespace pushsim::stack
