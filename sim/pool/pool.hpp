#pragma once
// The door of sim/pool: a file of provisioned TPMs, each with EK and AK persistent in it (tpm::handle).
//
//     auto place = pool::place_of("default");            // place.hpp: where pools are
//     auto pool = pool::open(*place);                    // pools.hpp: fit for this libtpms, or why not
//     auto entry = pool->read(7);
//     tpm::VirtualTpm tpm(host, entry->permanent_state);
//     tpm.power_on();
//     auto keys = tpm::AttestationKeys::persistent(tpm);

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "agent/base/bytes.hpp"
#include "agent/base/result.hpp"
#include "agent/base/time.hpp"
#include "agent/tpm/attestation_keys.hpp"
#include "sim/pki/pki.hpp"

namespace pushsim::pool {

inline constexpr std::size_t max_count = 100'000;

/// One TPM. It holds every secret of it.
struct Entry {
    Bytes permanent_state;  ///< tpm::VirtualTpm::permanent_state() after an orderly power-off
    Bytes ek_public;        ///< marshalled TPM2B_PUBLIC
    Bytes ak_public;        ///< marshalled TPM2B_PUBLIC
    // One prime factor of the key's modulus, for accelerators; empty: not known.
    Bytes ek_factor;
    Bytes ak_factor;

    bool operator==(const Entry&) const = default;
};

/// What all TPMs of a pool have in common.
struct About {
    std::string libtpms_version;  ///< tpm::Library::version()
    std::string libtpms_build;    ///< tpm::Library::build()
    tpm::AkParent ak = tpm::AkParent::None;
    WallTime made{};
    /// Of the EK certificates in NV, with its key; none: there are none.
    std::optional<pki::Credentials> ek_ca = {};
};

/// "primary" or "child", as `ak:` of a scenario and --ak have it.
const char* ak_word(tpm::AkParent parent);

/// A pool file that is open for reading. What was opened stays as it was, whatever becomes of the name. All
/// functions may be called by many threads at once.
class Pool {
  public:
    /// Looks at the file's ends: header and index are checked against the pool's hash. Entries are where they
    /// are read. ErrorKind::Parse where it is no pool, of another format, cut off or damaged; Config where
    /// there is no such file; System where it cannot be read. Whether the TPMs are of this libtpms is not
    /// looked at: fits_libtpms() does, and open() of pools.hpp.
    static Result<Pool> open(const std::filesystem::path& file);

    Pool(Pool&&) noexcept;
    Pool& operator=(Pool&&) noexcept;
    ~Pool();

    std::size_t size() const;
    /// SHA-256 of header and index, which has that of each entry, in hex: what identifies these TPMs.
    const std::string& hash() const;
    const About& about() const;
    const std::filesystem::path& file() const;

    /// By its number from 0; throws std::out_of_range for one that there is not. ErrorKind::Parse where it is
    /// damaged, System where it cannot be read.
    Result<Entry> read(std::size_t number) const;
    /// The octets of an entry, as they stand in the file.
    Result<Bytes> read_octets(std::size_t number) const;

    /// Reads all entries; the first that is damaged is the error.
    Result<void> check_entries() const;

    /// Why the TPMs in it are not for the libtpms that this program is linked with: another version or build.
    /// ErrorKind::Parse; System where that is not known of the linked one.
    Result<void> fits_libtpms() const;

  private:
    struct Inner;
    explicit Pool(std::unique_ptr<Inner> inner);
    std::unique_ptr<Inner> inner_;
};

}  // namespace pushsim::pool
