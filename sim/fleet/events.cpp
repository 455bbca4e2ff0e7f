#include "sim/fleet/events.hpp"

#include <utility>

#include <fmt/format.h>

namespace pushsim::fleet {

Result<std::vector<boot::Event>> events_of(const std::vector<scenario::Extension>& extensions) {
    std::vector<boot::Event> events;
    for (const auto& [pcr, written] : extensions) {
        auto measurement = boot::parse_measurement(written.as_written);
        if (!measurement) return fail(measurement.error());
        events.push_back({pcr, std::move(*measurement)});
    }
    return events;
}

Result<boot::BootState> golden_state(const scenario::Group& group) {
    auto events = events_of(group.boot);
    if (!events) return fail(events.error());
    boot::BootState golden{WallTime{}};
    for (auto& [pcr, measurement] : *events)
        golden.measure(pcr, std::move(measurement));
    if (!group.ima_files) return golden;
    golden.start_ima();
    for (int number = 1; number <= *group.ima_files; ++number) {
        const std::string path = fmt::format("/usr/bin/tool-{:04}", number);
        golden.measure_file({path, tpm::hash(tpm::HashAlgorithm::Sha256, as_bytes(path))});
    }
    return golden;
}

Result<boot::ImaFile> ima_file(const std::string& path, const scenario::Measurement& contents) {
    auto measured = boot::parse_measurement(contents.as_written);
    if (!measured) return fail(measured.error());
    return boot::ImaFile{path, measured->digests[tpm::HashAlgorithm::Sha256]};
}

history::MachineAct extension_record(const boot::Event& event) {
    history::MachineAct extension{.act = "extend", .pcr = event.pcr, .text = event.measurement.as_written};
    for (const auto& [bank, digest] : event.measurement.digests)
        extension.digests[std::string(tpm::to_string(bank))] = to_hex(digest);
    return extension;
}

std::vector<history::MachineAct> boot_records(const boot::BootState& golden) {
    std::vector<history::MachineAct> records;
    const std::uint64_t entries = golden.ima_log().entry_count();
    for (std::size_t i = 0; i < golden.events().size() - entries; ++i)
        records.push_back(extension_record(golden.events()[i]));
    if (entries > 0)
        records.push_back(
            {.act = "ima_log", .pcr = boot::ima_pcr, .text = std::to_string(entries) + " entries"});
    return records;
}

}  // namespace pushsim::fleet
