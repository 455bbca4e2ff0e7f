#include "sim/fleet/kept_tpm.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "agent/base/files.hpp"
#include "agent/boot/boot_state.hpp"
#include "sim/scenario/group.hpp"
#include "sim/stack/process.hpp"
#include "sim/stack/registry.hpp"

namespace pushsim::fleet {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormat = 1;

Bytes octets(const json& value) {
    auto read = from_base64(value.get<std::string>());
    if (!read) throw std::invalid_argument(read.error().message);
    return std::move(*read);
}

KeptTpm kept_from(const json& value) {
    if (value.at("format").get<int>() != kFormat)
        throw std::invalid_argument(fmt::format("its format is not {}", kFormat));
    KeptTpm kept;
    kept.tcti = value.value("tcti", "");
    if (const auto tpm = value.find("tpm"); tpm != value.end())
        kept.suspended = {octets(tpm->at("permanent")), octets(tpm->at("volatile"))};
    if (const auto ak = value.find("ak"); ak != value.end()) {
        kept.ak = tpm::SavedAk{
            .parent = ak->at("parent").get<std::string>() == "ek" ? tpm::AkParent::Ek : tpm::AkParent::None,
            .ak = {.public_area = octets(ak->at("public")), .private_area = octets(ak->at("private"))}};
    }
    const auto time = from_rfc3339(value.at("boot_time").get<std::string>());
    if (!time) throw std::invalid_argument(time.error().message);
    kept.boot_time = *time;
    for (const json& one : value.at("measurements")) {
        kept.measurements.emplace_back(one.at("pcr").get<int>(), one.at("measured").get<std::string>());
        if (const auto read = boot::parse_measurement(kept.measurements.back().second); !read)
            throw std::invalid_argument(read.error().message);
    }
    return kept;
}

fs::path lock_of(fs::path file) {
    return file += ".lock";
}

}  // namespace

bool is_utf8(const std::string& text) {
    return json(text).dump(-1, ' ', false, json::error_handler_t::ignore) ==
           json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string to_json_text(const KeptTpm& kept) {
    json value = {{"format", kFormat}, {"boot_time", to_rfc3339(kept.boot_time)}};
    if (!kept.tcti.empty()) value["tcti"] = kept.tcti;
    if (kept.suspended) {
        value["tpm"] = {{"permanent", to_base64(kept.suspended->permanent)},
                        {"volatile", to_base64(kept.suspended->volatile_state)}};
    }
    if (kept.ak) {
        value["ak"] = {{"parent", kept.ak->parent == tpm::AkParent::Ek ? "ek" : "none"},
                       {"public", to_base64(kept.ak->ak.public_area)},
                       {"private", to_base64(kept.ak->ak.private_area)}};
    }
    value["measurements"] = json::array();
    for (const auto& [pcr, measured] : kept.measurements)
        value["measurements"].push_back({{"pcr", pcr}, {"measured", measured}});
    return value.dump(2) + "\n";
}

Result<KeptTpm> parse_kept_tpm(const std::string& text) {
    try {
        return kept_from(json::parse(text));
    } catch (const std::exception& error) {  // json's, and ours above
        return fail(ErrorKind::Parse, error.what());
    }
}

Result<KeptTpmFile> KeptTpmFile::lock(fs::path file, Duration patience, const stack::StopAsked& stop_asked) {
    auto lock = stack::FileLock::take(lock_of(file), patience, stop_asked);
    if (!lock) {
        Error error = lock.error();
        error.mend = error.kind == ErrorKind::Config ? "wait for its cycle to end, or stop that one"
                                                     : "set XDG_STATE_HOME to a folder of your own";
        return fail(std::move(error));
    }
    return KeptTpmFile(std::move(file), std::move(*lock));
}

Result<std::optional<KeptTpm>> read_kept_tpm(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        std::error_code none;
        if (!fs::exists(file, none)) return std::nullopt;
        return fail(ErrorKind::System,
                    fmt::format("cannot read {}: {}", file.string(), std::strerror(errno)));
    }
    auto kept = parse_kept_tpm({std::istreambuf_iterator<char>(stream), {}});
    if (!kept) {
        return fail(ErrorKind::Config,
                    fmt::format("{} is no TPM that pushsim kept: {}", file.string(), kept.error().message),
                    "remove it; the agent then gets a new TPM");
    }
    return std::move(*kept);
}

Result<void> KeptTpmFile::write(const KeptTpm& kept) const {
    for (const auto& [pcr, measured] : kept.measurements) {
        if (!is_utf8(measured))
            return fail(ErrorKind::Usage, fmt::format("a measurement into PCR {} is no UTF-8 text", pcr));
    }
    return write_file(file_, to_json_text(kept), 0600);
}

Result<fs::path> kept_tpm_file(const std::string& agent_id) {
    if (!scenario::is_agent_id(agent_id)) {
        return fail(ErrorKind::Usage, fmt::format("'{}' is no agent id", agent_id),
                    "letters, digits, '_', '.' and '-', at most 80 of them");
    }
    auto folder = stack::state_folder("tpms");
    if (!folder) return fail(folder.error());
    return *folder / (agent_id + ".json");
}

void remove_kept_tpm(const fs::path& file) {
    std::error_code ignored;
    fs::remove(file, ignored);
    fs::remove(lock_of(file), ignored);
}

}  // namespace pushsim::fleet
