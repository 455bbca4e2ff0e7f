#pragma once
// What an attesting agent asks of its TPM.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/tpm/commands.hpp"
#include "agent/tpm/tpm.hpp"
#include "agent/tpm/types.hpp"

namespace pushsim::tpm {

enum class AkParent {
    Ek,    ///< a child of the EK, made by chance, as the Keylime Rust agent's: about 0.2 s
    None,  ///< a primary of the endorsement hierarchy, made from its seed: about 0.03 s
};

/// The PCR to which a quote can bind data.
inline constexpr int data_pcr = 16;

enum class DataPcr {
    Untouched,
    HoldsAk,  ///< before each quote it is reset, extended with the bank's digest of the AK as PEM, and it is
              ///< quoted too, as the Rust agent does (rust-keylime, keylime/src/tpm.rs, build_pcr_list)
};

/// Who signs a quote.
enum class Signer {
    Ak,
    AnotherKey,  ///< like the AK, a child of the EK, made for this quote and forgotten: about 0.2 s
};

/// What has to be kept for the same identity after a restart. Useless without the TPM it comes from.
struct SavedAk {
    AkParent parent = AkParent::Ek;
    KeyBlobs ak;  ///< no private_area where the parent is None
    AkAlgorithms algorithms = {};
};

/// EK and AK of one TPM, of one family (protocol: registrar, "Keys the Rust agent creates"). Both stay loaded
/// as transient objects, of which a TPM often has room for three, and are loaded again by themselves after a
/// power cycle; or they are persistent, and use one of those places for the time of a command. Used like its
/// TPM: one thread at a time; the TPM must outlive it. Only one object holds the handles: it can be moved,
/// not copied, and what is left behind holds none.
class AttestationKeys {
  public:
    /// Makes EK and AK.
    static Result<AttestationKeys> provision(Tpm& tpm, AkParent parent = AkParent::Ek,
                                             const AkAlgorithms& algorithms = {});

    AttestationKeys(AttestationKeys&& other) noexcept;
    AttestationKeys& operator=(AttestationKeys&&) = delete;
    AttestationKeys(const AttestationKeys&) = delete;
    AttestationKeys& operator=(const AttestationKeys&) = delete;
    ~AttestationKeys() = default;

    /// The keys of an earlier provision(), in the same TPM; an error where it is another.
    static Result<AttestationKeys> load(Tpm& tpm, const SavedAk& saved);

    /// Those that make_persistent() left in this TPM, at handle::persistent_ek and persistent_ak, which are
    /// as provision() makes them where nothing is said of algorithms; an error where there are none.
    static Result<AttestationKeys> persistent(Tpm& tpm);

    /// Leaves both keys in the TPM for persistent(), over its power cycles; from then on these are such keys.
    /// An error where something is at those handles already.
    Result<void> make_persistent();

    /// Of persistent keys the AK's public area alone: there is nothing to load.
    const SavedAk& saved() const { return saved_; }

    /// Read from the TPM when the keys were made or loaded.
    const Description& describe() const { return description_; }

    /// TPM2_ActivateCredential: the secret of a credential made for this EK and this AK's name. Contents of
    /// TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET, without their sizes.
    Result<Bytes> activate_credential(ByteView id_object, ByteView encrypted_secret);

    /// TPM2_Certify of the AK by itself; the challenge is the qualifyingData.
    Result<Certification> certify(ByteView challenge);

    /// TPM2_Quote with PCR values that match its digest: read before, and both again (at most
    /// `quote_attempts` times in all) when a PCR changed in between.
    Result<Quote> quote(ByteView challenge, HashAlgorithm bank, const std::vector<int>& pcrs,
                        DataPcr data = DataPcr::Untouched, Signer signer = Signer::Ak);
    static constexpr int quote_attempts = 5;

    /// Flushes both keys from the TPM. They are loaded again when needed. Persistent ones stay.
    Result<void> release();

  private:
    explicit AttestationKeys(Tpm& tpm) : tpm_(&tpm) {}

    Result<void> use(const Burst& burst);
    Result<void> make(Commands& commands);
    Result<void> read_description(Commands& commands);
    Result<void> need_ek(Commands& commands);
    Result<void> need_ak(Commands& commands);
    Result<void> load_ak(Commands& commands);
    Result<Handle> make_another_key(Commands& commands);
    Result<Quote> quote_unchanged(Commands& commands, Handle signer, ByteView challenge, HashAlgorithm bank,
                                  const std::vector<int>& pcrs);
    void are_persistent();
    void forget_after_power_change();

    Tpm* tpm_;
    SavedAk saved_;
    Description description_;
    std::optional<Handle> ek_;
    std::optional<Handle> ak_;
    bool persistent_ = false;
    std::uint64_t power_epoch_ = 0;
};

}  // namespace pushsim::tpm
