#include "sim/cli/run_pool.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/progress.hpp"
#include "sim/fleet/runner.hpp"

namespace pushsim::cli {
namespace {

/// "default-child", "a/shared-child.pool"
std::string name_beside(const pool::Place& place, const std::string& ak) {
    if (!place.name.empty()) return place.name + '-' + ak;
    const std::string name = place.file.stem().string() + '-' + ak + place.file.extension().string();
    return (place.file.parent_path() / name).string();
}

/// Why none of their agents has its TPM from a pool of such AKs, and what would change that.
Error nobody_draws(const pool::Place& place, const std::vector<scenario::Scenario>& scenarios,
                   tpm::AkParent ak) {
    const tpm::AkParent other = ak == tpm::AkParent::Ek ? tpm::AkParent::None : tpm::AkParent::Ek;
    const std::string has = pool::ak_word(other);
    for (const scenario::Scenario& scenario : scenarios) {
        for (const scenario::Group& group : scenario.groups) {
            if (!fleet::draws_from_pool(group, other)) continue;
            const std::string beside = name_beside(place, has);
            return {ErrorKind::Config,
                    fmt::format("no agent of these scenarios draws from {}: its TPMs have {} AKs, and group "
                                "`{}` ({}) has `ak: {}`{}",
                                place.text(), pool::ak_word(ak), group.name, group.position.text(), has,
                                other == tpm::AkParent::Ek ? ", as groups have that do not say `ak:`" : ""),
                    fmt::format("write `ak: {}` into group `{}`; or pushsim pool make {} --ak {} --count {}, "
                                "and --pool {}",
                                pool::ak_word(ak), group.name, beside, has, drawn(scenarios, other), beside)};
        }
    }
    return {ErrorKind::Config,
            fmt::format("no agent of these scenarios draws from {}: none has its TPM in pushsim, and an AK "
                        "as pools have it (rsa2048, rsassa, sha256)",
                        place.text()),
            "leave --pool out, or let a group have `tpm: software` and the usual AK, as groups have that say "
            "nothing of them"};
}

/// A file of a person's own.
Result<pool::Pool> open_file(const pool::Place& place, const std::vector<scenario::Scenario>& scenarios) {
    auto pool = pool::open(place);
    if (!pool) return pool;
    const std::size_t count = drawn(scenarios, pool->about().ak);
    if (count == 0) return fail(nobody_draws(place, scenarios, pool->about().ak));
    if (pool->size() < count) {
        return fail(
            ErrorKind::Config,
            fmt::format("{} has {} TPMs, and these scenarios need {}", place.text(), pool->size(), count),
            fmt::format("pushsim pool make {} --count {} makes it larger", place.argument(), count));
    }
    if (auto checked = pool->check_entries(); !checked) {
        Error error = checked.error();
        return fail(ErrorKind::Config, error.message,
                    "remove the file and make another: pushsim pool make " + place.argument());
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
    if (count == 0) return fail(nobody_draws(*place, scenarios, ak));
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
