#include "agent/boot/boot_state.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pushsim::boot {
namespace {

using tpm::HashAlgorithm;

/// What a PCR holds after TPM2_Startup(CLEAR): ones where a dynamic launch has to reset it first, zeros else.
Bytes first_value(HashAlgorithm bank, int pcr) {
    const bool of_dynamic_launch = pcr >= 17 && pcr <= 22;
    return Bytes(tpm::digest_size(bank), of_dynamic_launch ? 0xFF : 0x00);
}

}  // namespace

Result<Measurement> parse_measurement(std::string_view written) {
    const std::size_t colon = written.find(':');
    const auto unknown = [&] {
        return fail(ErrorKind::Parse,
                    fmt::format("a measurement is `text:…` or `sha256:HEX` (also sha1, sha384, "
                                "sha512); found `{}`",
                                written.substr(0, 80)));
    };
    if (colon == std::string_view::npos) return unknown();
    const std::string_view form = written.substr(0, colon);
    const std::string_view value = written.substr(colon + 1);

    Measurement measurement{std::string(written), {}};
    if (form == "text") {
        for (const HashAlgorithm bank : tpm::hash_algorithms)
            measurement.digests[bank] = tpm::hash(bank, as_bytes(value));
        return measurement;
    }
    const auto bank = tpm::hash_algorithm_from(form);
    if (!bank) return unknown();
    auto digest = from_hex(value);
    if (!digest) return fail(digest.error().in(fmt::format("measurement `{}`", written.substr(0, 80))));
    if (digest->size() != tpm::digest_size(*bank)) {
        return fail(ErrorKind::Parse,
                    fmt::format("measurement `{}`: a {} digest has {} hexadecimal digits, this has {}",
                                written.substr(0, 80), form, 2 * tpm::digest_size(*bank), value.size()));
    }
    measurement.digests[*bank] = std::move(*digest);
    return measurement;
}

Bytes extend(HashAlgorithm bank, ByteView old_value, ByteView digest) {
    Bytes joined(old_value.begin(), old_value.end());
    joined.insert(joined.end(), digest.begin(), digest.end());
    return tpm::hash(bank, joined);
}

BootState::Measured& BootState::own() {
    if (measured_.use_count() > 1) measured_ = std::make_shared<Measured>(*measured_);
    return *measured_;
}

void BootState::measure(int pcr, Measurement measurement) {
    own().events.push_back({pcr, std::move(measurement)});
}

void BootState::start_ima() {
    Bytes values;
    for (int pcr = 0; pcr <= 9; ++pcr) {
        const Bytes value = pcr_value(HashAlgorithm::Sha256, pcr);
        values.insert(values.end(), value.begin(), value.end());
    }
    measure_file({"boot_aggregate", tpm::hash(HashAlgorithm::Sha256, values)});
}

void BootState::measure_file(ImaFile file) {
    Measurement measurement{ima_line(file), {}};
    const Bytes data = ima_template_data(file);
    for (const HashAlgorithm bank : tpm::hash_algorithms)
        measurement.digests[bank] = tpm::hash(bank, data);
    measure(ima_pcr, std::move(measurement));
    own().ima_log.add(std::move(file));
}

void BootState::resume() {
    const auto lost = [](const Event& event) { return is_lost_in_sleep(event.pcr); };
    if (std::ranges::any_of(events(), lost)) std::erase_if(own().events, lost);
}

Bytes BootState::pcr_value(HashAlgorithm bank, int pcr) const {
    Bytes value = first_value(bank, pcr);
    for (const Event& event : events()) {
        if (event.pcr != pcr) continue;
        const auto digest = event.measurement.digests.find(bank);
        if (digest != event.measurement.digests.end()) value = extend(bank, value, digest->second);
    }
    return value;
}

std::map<int, std::vector<std::string>> BootState::policy_for(HashAlgorithm bank,
                                                              const std::vector<int>& pcrs) const {
    std::map<int, std::vector<std::string>> policy;
    for (const int pcr : pcrs)
        policy[pcr] = {to_hex(pcr_value(bank, pcr))};
    return policy;
}

}  // namespace pushsim::boot
