// Pools of TPMs, by hand.

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "reports/console.hpp"
#include "reports/text.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/fitted.hpp"
#include "sim/cli/interrupt.hpp"
#include "sim/cli/progress.hpp"
#include "sim/cli/run_pool.hpp"
#include "sim/core/clock.hpp"
#include "sim/pool/pools.hpp"
#include "sim/pool/verify.hpp"

namespace pushsim::cli {
namespace {

using nlohmann::json;

constexpr std::size_t kShortHash = 12;

/// "300 TPMs with primary AKs and EK certificates, libtpms 0.9.2, made 2026-11-27T09:32:27Z"
std::string in_words(const pool::Pool& pool) {
    const pool::About& about = pool.about();
    constexpr std::size_t kToSeconds = 19;
    return fmt::format("{} TPM{} with {} AKs{}, libtpms {}, made {}Z", pool.size(),
                       pool.size() == 1 ? "" : "s", pool::ak_word(about.ak),
                       about.ek_ca ? " and EK certificates" : "", about.libtpms_version,
                       to_rfc3339(about.made).substr(0, kToSeconds));
}

/// Null: a file of a person's own.
json name_of(const pool::Place& place) {
    return place.name.empty() ? json() : json(place.name);
}

json to_json(const pool::Place& place, const pool::Pool& pool) {
    const pool::About& about = pool.about();
    json value = {{"name", name_of(place)},
                  {"file", place.file.string()},
                  {"count", pool.size()},
                  {"ak", pool::ak_word(about.ak)},
                  {"ek_certificates", about.ek_ca.has_value()},
                  {"libtpms", about.libtpms_version},
                  {"libtpms_build", about.libtpms_build},
                  {"made", to_rfc3339(about.made)},
                  {"hash", pool.hash()}};
    if (about.ek_ca) value["ca"] = place.ca_file().string();
    return value;
}

/// Its beginning where a terminal would break it; --format json of list and verify has all of it.
std::string hash_line(const pool::Pool& pool) {
    const std::string line = "  hash  " + pool.hash();
    const int width = reports::style_for(STDOUT_FILENO).wrap;
    if (width == 0 || line.size() <= static_cast<std::size_t>(width)) return line;
    return "  hash  " + pool.hash().substr(0, kShortHash) + "…";
}

json doubt_json(const pool::Place& place, const Error& why) {
    return {{"name", name_of(place)}, {"file", place.file.string()}, {"doubt", why.message}};
}

/// A pool, or why it is in doubt; what cannot be read is in doubt, too.
Result<pool::Pool> fit(const pool::Place& place) {
    auto pool = pool::Pool::open(place.file);
    if (!pool && pool.error().kind == ErrorKind::Config)
        return fail(ErrorKind::Config, "it is not finished: it is being made, or its maker was killed");
    if (!pool) return pool;
    if (auto fits = pool->fits_libtpms(); !fits) return fail(fits.error());
    return pool;
}

int print_verified(const PoolOptions& options, const pool::Place& place, const pool::Pool& pool,
                   const pool::Verified& seen) {
    if (options.format == "json") {
        json value = to_json(place, pool);
        value["verified"] = {{"entries", seen.entries},
                             {"tpms", seen.tpms},
                             {"quotes", seen.quotes},
                             {"sample", seen.sample},
                             {"faults", seen.faults}};
        if (pool.about().ek_ca) value["verified"]["certificates"] = seen.certificates;
        fmt::print("{}\n", value.dump(2));
    } else {
        std::string text = fmt::format("{}: {}\n", place.text(), in_words(pool));
        const auto row = [&](std::size_t count, std::size_t of, const char* what) {
            text += fmt::format("  {}  {} of {} {}\n", count == of ? "ok  " : "FAIL", count, of, what);
        };
        row(seen.entries, pool.size(), "entries have their hash");
        row(seen.tpms, pool.size(), "TPMs have the EK and the AK of their entry");
        row(seen.quotes, seen.sample, "quotes of a sample are verified by OpenSSL");
        if (pool.about().ek_ca)
            row(seen.certificates, seen.sample, "EK certificates of it are of the pool's CA");
        for (const std::string& fault : seen.faults)
            text += "        " + fault + "\n";
        print_fitted(text);
    }
    return seen.faults.empty() ? kAsExpected : kNotAsExpected;
}

std::string way_out(const pool::Place& place) {
    return place.name.empty() ? "remove the file and make another: pushsim pool make " + place.argument()
                              : fmt::format("pushsim pool drop {0}; pushsim pool make {0}", place.name);
}

}  // namespace

int pool_make(const PoolOptions& options) {
    const Interrupt interrupt("what was made now is lost, a pool that was there before stays as it was");
    const core::SystemClock clock;
    const auto place = pool::place_of(options.pool);
    if (!place) return report_error(place.error());
    const auto parent = [](const std::string& word) {
        return word == pool::ak_word(tpm::AkParent::Ek) ? tpm::AkParent::Ek : tpm::AkParent::None;
    };
    const pool::Wish wish{.count = options.count,
                          .ak = options.ak.empty() ? std::nullopt : std::optional(parent(options.ak)),
                          .ek_certificates = options.ek_certificates ? std::optional(true) : std::nullopt};
    const Instant began = clock.now();
    auto ensured = ensure_pool(*place, wish, options.jobs, clock);
    if (!ensured) return report_error(ensured.error());
    using What = pool::Ensured::What;
    if (ensured->what != What::WasThere) {
        fmt::print("made {} TPM{} in {}\n", ensured->made, ensured->made == 1 ? "" : "s",
                   reports::seconds_text(clock.now() - began));
    }
    std::string text = fmt::format("{}\n  file  {}\n{}\n", in_words(ensured->pool), place->file.string(),
                                   hash_line(ensured->pool));
    if (ensured->pool.about().ek_ca) text += fmt::format("  ca    {}\n", place->ca_file().string());
    print_fitted(text);
    return kAsExpected;
}

int pool_list(const PoolOptions& options) {
    const auto places = pool::named_places();
    if (!places) return report_error(places.error());
    json all = json::array();
    std::size_t width = 0;
    for (const pool::Place& place : *places)
        width = std::max(width, place.name.size());
    for (const pool::Place& place : *places) {
        const auto pool = fit(place);
        all.push_back(pool ? to_json(place, *pool) : doubt_json(place, pool.error()));
        if (options.format == "json") continue;
        print_fitted(
            fmt::format("{:<{}}  {}\n", place.name, width,
                        pool ? fmt::format("{}, hash {}", in_words(*pool), pool->hash().substr(0, kShortHash))
                             : fmt::format("in doubt: {}; to mend it: pushsim pool make {}",
                                           pool.error().message, place.name)));
    }
    if (options.format == "json") fmt::print("{}\n", all.dump(2));
    if (options.format != "json" && all.empty())
        fmt::print("there is no pool: pushsim pool make makes one\n");
    return kAsExpected;
}

int pool_verify(const PoolOptions& options) {
    const Interrupt interrupt("nothing was changed");
    const core::SystemClock clock;
    const auto place = pool::place_of(options.pool);
    if (!place) return report_error(place.error());
    const auto does_not_hold = [&](Error error) {
        if (error.kind != ErrorKind::Parse) return report_error(error);
        if (options.format == "json") fmt::print("{}\n", doubt_json(*place, error).dump(2));
        error.mend = way_out(*place);
        (void)report_error(error);
        return static_cast<int>(kNotAsExpected);
    };
    const auto pool = fit(*place);
    if (!pool && pool.error().kind == ErrorKind::Config) return report_error(pool::open(*place).error());
    if (!pool) return does_not_hold(pool.error());
    Result<pool::Verified> seen;
    {
        Progress progress("verifying {} of {} TPMs", clock);
        seen = pool::verify(
            *pool, [&](std::size_t done, std::size_t total) { progress.at(done, total); }, Interrupt::asked);
    }
    if (!seen) return report_error(seen.error());
    const int exit = print_verified(options, *place, *pool, *seen);
    if (exit != kAsExpected) {
        std::fflush(stdout);  // above it where both go to one place
        say_error(fmt::format("pushsim: {} does not hold\n  mend: {}", place->text(), way_out(*place)));
    }
    return exit;
}

int pool_drop(const PoolOptions& options) {
    const auto place = pool::place_of(options.pool);
    if (!place) return report_error(place.error());
    if (place->name.empty()) {
        return report_error(
            {ErrorKind::Usage,
             fmt::format("{} is a file of your own: pool drop removes pools by name", place->file.string()),
             "rm removes it"});
    }
    if (auto dropped = pool::drop(*place); !dropped) return report_error(dropped.error());
    fmt::print("{} is gone\n", place->text());
    return kAsExpected;
}

}  // namespace pushsim::cli
