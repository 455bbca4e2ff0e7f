#include "sim/cli/run_pool.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/progress.hpp"
#include "sim/fleet/runner.hpp"

namespace pushsim::cli {
namespace {

const char* ak_in_words(tpm::AkParent ak) {
    return ak == tpm::AkParent::Ek ? "AKs under their EKs (`ak: child`)" : "primary AKs (`ak: primary`)";
}

Error nobody_draws(const pool::Place& place, tpm::AkParent ak) {
    return {ErrorKind::Config,
            fmt::format("no agent of these scenarios draws from {}, whose TPMs have {}", place.text(),
                        ak_in_words(ak)),
            fmt::format(
                "leave --pool out, let groups with a TPM in pushsim say `ak: {}`, or make another pool: "
                "pushsim pool make NAME --ak {}",
                ak == tpm::AkParent::Ek ? "child" : "primary", ak == tpm::AkParent::Ek ? "primary" : "ek")};
}

/// A file of a person's own.
Result<pool::Pool> open_file(const pool::Place& place, const std::vector<scenario::Scenario>& scenarios) {
    auto pool = pool::open(place);
    if (!pool) return pool;
    const std::size_t count = drawn(scenarios, pool->about().ak);
    if (count == 0) return fail(nobody_draws(place, pool->about().ak));
    if (pool->size() < count) {
        return fail(
            ErrorKind::Config,
            fmt::format("{} has {} TPMs, and these scenarios need {}", place.text(), pool->size(), count),
            fmt::format("pushsim pool make {} --count {} makes it larger", place.argument(), count));
    }
    if (auto checked = pool->check_entries(); !checked) {
        Error error = checked.error();
        return fail(ErrorKind::Config, error.message, "make another: pushsim pool make FILE");
    }
    return pool;
}

}  // namespace

Result<pool::Ensured> ensure_pool(const pool::Place& place, const pool::Wish& wish, unsigned jobs,
                                  const Clock& clock) {
    Progress progress("making {} of {} TPMs", clock);
    const pool::Attendance attendance{
        .jobs = jobs,
        .note =
            [&](const std::string& note) {
                progress.clear();
                say_error("pushsim: " + note);
            },
        .progress = [&](std::size_t done, std::size_t total) { progress.at(done, total); },
        .stop_asked = Interrupt::asked};
    return pool::ensure(place, wish, clock, attendance);
}

std::size_t drawn(const std::vector<scenario::Scenario>& scenarios, tpm::AkParent ak) {
    std::size_t most = 0;
    for (const scenario::Scenario& scenario : scenarios) {
        std::size_t count = 0;
        for (const scenario::Group& group : scenario.groups)
            if (fleet::draws_from_pool(group, ak)) count += static_cast<std::size_t>(group.count);
        most = std::max(most, count);
    }
    return most;
}

Result<pool::Pool> pool_for_run(const std::string& name_or_file,
                                const std::vector<scenario::Scenario>& scenarios, const Clock& clock) {
    const auto place = pool::place_of(name_or_file);
    if (!place) return fail(place.error());
    if (place->name.empty()) return open_file(*place, scenarios);
    const auto there = pool::open(*place);
    const std::size_t children = drawn(scenarios, tpm::AkParent::Ek);
    const bool most_are_children = children > drawn(scenarios, tpm::AkParent::None);
    const tpm::AkParent ak =
        there ? there->about().ak : (most_are_children ? tpm::AkParent::Ek : tpm::AkParent::None);
    const std::size_t count = drawn(scenarios, ak);
    if (count == 0) return fail(nobody_draws(*place, ak));
    auto ensured = ensure_pool(*place, {.count = count, .ak = ak}, 0, clock);
    if (!ensured) return fail(ensured.error());
    return std::move(ensured->pool);
}

void add_facts(history::Head& head, const std::string& name_or_file, const pool::Pool& pool) {
    const auto place = pool::place_of(name_or_file);
    if (place && !place->name.empty()) head.facts["pool"] = place->name;
    head.facts["pool_file"] = pool.file().filename().string();
    head.facts["pool_hash"] = pool.hash();
    head.facts["pool_count"] = std::to_string(pool.size());
    head.facts["pool_ak"] = pool::ak_word(pool.about().ak);
    head.facts["pool_libtpms"] = pool.about().libtpms_version;
}

}  // namespace pushsim::cli
