#include "sim/pool/pools.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "agent/base/files.hpp"
#include "agent/tpm/library.hpp"
#include "sim/pki/ek_authority.hpp"
#include "sim/pool/maker.hpp"
#include "sim/pool/writer.hpp"
#include "sim/stack/file_lock.hpp"

namespace pushsim::pool {
namespace {

namespace fs = std::filesystem;

/// The lock of a pool's makers; its file goes with it.
class MakersLock {
  public:
    explicit MakersLock(stack::FileLock lock) : lock_(std::move(lock)) {}
    MakersLock(MakersLock&& other) noexcept
        : lock_(std::move(other.lock_)), held_(std::exchange(other.held_, false)) {}
    MakersLock& operator=(MakersLock&&) = delete;
    MakersLock(const MakersLock&) = delete;
    MakersLock& operator=(const MakersLock&) = delete;
    ~MakersLock() {
        if (held_) lock_.remove_file();
    }

  private:
    stack::FileLock lock_;
    bool held_ = true;
};

Error interrupted(const std::string& what) {
    return {ErrorKind::Interrupted, what};
}

/// What is at a place, for who may mend it.
struct Found {
    std::optional<Pool> pool;  ///< of one in doubt, too, where its header could be read
    std::optional<Error> doubt;
};

/// That the CA of its EK certificates can issue more.
Result<void> can_certify(const Pool& pool) {
    if (!pool.about().ek_ca) return {};
    const auto authority = pki::EkAuthority::from(*pool.about().ek_ca);
    if (!authority) return fail(authority.error().in(pool.file().string()));
    return {};
}

/// No pool where there is none; an error where that is not known.
Result<Found> look(const Place& place, bool entries_too) {
    auto pool = Pool::open(place.file);
    if (!pool) {
        if (pool.error().kind == ErrorKind::Config) return Found{};
        if (pool.error().kind == ErrorKind::Parse) return Found{std::nullopt, pool.error()};
        return fail(pool.error());
    }
    auto fits = pool->fits_libtpms();
    if (fits && entries_too) fits = can_certify(*pool);
    if (fits && entries_too) fits = pool->check_entries();
    if (!fits && fits.error().kind != ErrorKind::Parse) return fail(fits.error());
    Found found{std::move(*pool), std::nullopt};
    if (!fits) found.doubt = fits.error();
    return found;
}

/// `maker`: its process number, "" where that is not known.
std::string being_made(const Place& place, const std::string& maker) {
    return fmt::format("{} is being made by {}", place.text(),
                       maker.empty() ? "another process" : "process " + maker);
}

Error in_doubt(const Place& place, const Error& why) {
    const std::string mend =
        place.name.empty()
            ? fmt::format("remove it, then `pushsim pool make {0}` makes another; or name another file",
                          place.argument())
            : fmt::format(
                  "pushsim pool make {0} makes it again, with other TPMs; pushsim pool drop {0} removes it",
                  place.argument());
    return {ErrorKind::Config, why.message, mend};
}

/// One call of ensure().
class Ensuring {
  public:
    Ensuring(const Place& place, const Wish& wish, const Clock& clock, const Attendance& attendance)
        : place_(place), wish_(wish), clock_(clock), attendance_(attendance) {}

    Result<Ensured> ensure() {
        auto there = fit_one();
        if (!there) return fail(there.error());
        if (*there) return Ensured{std::move(**there)};
        auto lock = take_lock();
        if (!lock) return fail(lock.error());
        // Another process may have made it meanwhile.
        there = fit_one();
        if (!there) return fail(there.error());
        if (*there) return Ensured{std::move(**there)};
        return make();
    }

  private:
    /// The pool that is there, where nothing is to be done.
    Result<std::optional<Pool>> fit_one() {
        auto found = look(place_, true);
        if (!found) return fail(found.error());
        found_ = std::move(*found);
        if (found_.doubt && place_.name.empty()) return fail(in_doubt(place_, *found_.doubt));
        if (found_.doubt || !found_.pool) return std::nullopt;
        if (auto alike = as_wished(found_.pool->about()); !alike) return fail(alike.error());
        if (found_.pool->size() < wish_.count) return std::nullopt;
        return std::exchange(found_.pool, std::nullopt);
    }

    Result<void> as_wished(const About& about) const {
        const auto differs = [&](const std::string& has, const std::string& wished) {
            return fail(
                ErrorKind::Config, fmt::format("{} has {}, not {}", place_.text(), has, wished),
                place_.name.empty()
                    ? "name another file, or remove this one"
                    : fmt::format("name another one, or remove this one: pushsim pool drop {}", place_.name));
        };
        const auto keys = [](tpm::AkParent ak) { return fmt::format("{} AKs", ak_word(ak)); };
        if (wish_.ak && *wish_.ak != about.ak) return differs(keys(about.ak), keys(*wish_.ak));
        const bool certified = about.ek_ca.has_value();
        if (wish_.ek_certificates && *wish_.ek_certificates != certified) {
            return certified ? differs("EK certificates", "TPMs without")
                             : differs("TPMs without EK certificates", "with them");
        }
        return {};
    }

    Result<MakersLock> take_lock() const {
        const auto on_wait = [&](const std::string& holder) {
            if (attendance_.note) attendance_.note(being_made(place_, holder) + ": waiting for it");
        };
        auto lock =
            stack::FileLock::take(place_.lock_file(), attendance_.patience, attendance_.stop_asked, on_wait);
        if (lock) return MakersLock(std::move(*lock));
        if (attendance_.stop_asked && attendance_.stop_asked())
            return fail(interrupted("interrupted while another process made the pool"));
        Error error = lock.error();
        const fs::path folder = place_.file.has_parent_path() ? place_.file.parent_path() : fs::path(".");
        std::error_code unknown;
        if (!fs::exists(folder, unknown) && !unknown)
            return fail(ErrorKind::Usage, fmt::format("there is no folder {}", folder.string()),
                        fmt::format("mkdir -p {}", folder.string()));
        error.mend = error.kind == ErrorKind::Config ? "wait for that process to end, or stop it"
                                                     : "let this user write there, or name a file elsewhere";
        return fail(std::move(error));
    }

    Result<About> about_new() const {
        if (found_.pool && !found_.doubt) return found_.pool->about();
        About about;
        const auto& build = tpm::Library::build();
        if (!build) return fail(build.error());
        about.libtpms_version = tpm::Library::version();
        about.libtpms_build = *build;
        about.made = clock_.wall_now();
        // One that is made again is of the kind that it was.
        const About before = found_.pool ? found_.pool->about() : About{};
        about.ak = wish_.ak.value_or(before.ak);
        if (wish_.ek_certificates.value_or(before.ek_ca.has_value()))
            about.ek_ca = pki::EkAuthority(about.made).credentials();
        return about;
    }

    /// Beforehand: what was made when the disk is full is lost.
    Result<void> has_room_for(std::size_t count, const About& about) const {
        const std::uint64_t each = about.ek_ca ? 5'632 : 4'608;  // 5.4 and 4.4 KiB, measured
        std::error_code unknown;
        const auto disk = fs::space(fs::absolute(place_.file).parent_path(), unknown);
        const std::uint64_t needed = each * count;
        if (unknown || disk.available >= needed) return {};
        constexpr std::uint64_t kKibibyte = 1024;
        return fail(ErrorKind::System,
                    fmt::format("{} TPMs take about {} KiB, and {} has {} KiB left", count,
                                needed / kKibibyte, place_.text(), disk.available / kKibibyte),
                    "make room there, or name a file in another folder: pushsim pool make DIR/NAME.pool");
    }

    Result<Ensured> make() {
        const auto about = about_new();
        if (!about) return fail(about.error());
        if (found_.doubt && attendance_.note)
            attendance_.note(
                fmt::format("the pool '{}' is made again: {}", place_.name, found_.doubt->message));
        const bool grows = found_.pool && !found_.doubt;
        const std::size_t had = grows ? found_.pool->size() : 0;
        // Made again it is never smaller, as far as it still shows how large it was.
        const std::size_t count = std::max(wish_.count, found_.pool ? found_.pool->size() : 0);
        if (auto room = has_room_for(count, *about); !room) return fail(room.error());
        auto writer = PoolWriter::begin(place_.file, *about);
        if (!writer) return fail(writer.error());
        if (grows) {
            if (auto kept = writer->append_all(*found_.pool); !kept) return fail(kept.error());
        }
        const auto made = make_into(*writer, *about, count - had);
        if (!made) return fail(made.error());
        if (*made == 0) return fail(interrupted("interrupted: nothing was made"));
        if (found_.pool && found_.doubt && *made < count) {
            return fail(interrupted(fmt::format("interrupted: {} stays as it was: in doubt, and of {} TPMs",
                                                place_.text(), count)));
        }
        // Before the pool: one that stands is not looked at again for its certificate.
        if (about->ek_ca) {
            if (auto written = write_file(place_.ca_file(), about->ek_ca->certificate_pem, 0644); !written)
                return fail(written.error());
        }
        if (auto finished = writer->finish(); !finished) return fail(finished.error());
        if (had + *made < count) {
            return fail(
                interrupted(fmt::format("interrupted: {} has {} of {} TPMs; made again, it goes on there",
                                        place_.text(), had + *made, count)));
        }
        auto pool = Pool::open(place_.file);
        if (!pool) return fail(pool.error());
        using What = Ensured::What;
        return Ensured{std::move(*pool), grows ? What::Grown : (found_.doubt ? What::MadeAgain : What::Made),
                       *made};
    }

    /// How many there are when a person asks to stop.
    Result<std::size_t> make_into(PoolWriter& writer, const About& about, std::size_t count) const {
        std::optional<pki::EkAuthority> authority;
        if (about.ek_ca) {
            auto kept = pki::EkAuthority::from(*about.ek_ca);
            if (!kept) return fail(kept.error());
            authority = std::move(*kept);
        }
        std::size_t made = 0;
        const auto keep = [&](const Entry& entry) -> Result<void> {
            if (auto appended = writer.append(entry); !appended) return appended;
            ++made;
            if (attendance_.progress) attendance_.progress(made, count);
            return {};
        };
        const Making making{.count = count,
                            .ak = about.ak,
                            .ek_authority = authority ? &*authority : nullptr,
                            .jobs = attendance_.jobs,
                            .stop_asked = attendance_.stop_asked};
        if (auto done = make_tpms(making, keep); !done) return fail(done.error());
        return made;
    }

    const Place& place_;
    const Wish& wish_;
    const Clock& clock_;
    const Attendance& attendance_;
    Found found_;
};

}  // namespace

Result<Pool> open(const Place& place) {
    auto found = look(place, false);
    if (!found) return fail(found.error());
    if (found->doubt) return fail(in_doubt(place, *found->doubt));
    if (!found->pool) {
        return fail(ErrorKind::Config, fmt::format("there is no {}", place.text().substr(4)),
                    fmt::format("pushsim pool make {} makes it", place.argument()));
    }
    return std::move(*found->pool);
}

Result<Ensured> ensure(const Place& place, const Wish& wish, const Clock& clock,
                       const Attendance& attendance) {
    if (wish.count == 0 || wish.count > max_count) {
        return fail(ErrorKind::Usage, fmt::format("a pool has 1 to {} TPMs, not {}", max_count, wish.count));
    }
    return Ensuring(place, wish, clock, attendance).ensure();
}

Result<void> drop(const Place& place) {
    std::error_code error;
    if (!fs::exists(place.file, error) && !fs::exists(part_of(place.file), error))
        return fail(ErrorKind::Config, fmt::format("there is no {}", place.text().substr(4)),
                    "pushsim pool list names those that there are");
    std::string maker;
    auto lock = stack::FileLock::take(place.lock_file(), Duration{}, {},
                                      [&maker](const std::string& holder) { maker = holder; });
    if (!lock && lock.error().kind == ErrorKind::Config)
        return fail(ErrorKind::Config, being_made(place, maker), "wait for that process to end, or stop it");
    if (!lock) return fail(lock.error());
    const MakersLock held(std::move(*lock));
    for (const fs::path& file : {place.file, part_of(place.file), place.ca_file()}) {
        fs::remove(file, error);
        if (error)
            return fail(ErrorKind::System,
                        fmt::format("cannot remove {}: {}", file.string(), error.message()));
    }
    return {};
}

}  // namespace pushsim::pool
