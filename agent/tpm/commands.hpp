#pragma once
// The TPM 2.0 commands an attesting agent uses, as functions of plain values. Errors are ErrorKind::Tpm and
// read "TPM2_Quote of 0x80000001: tpm:handle(1):… (0x18b)".

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/tpm/types.hpp"

struct TSS2_TCTI_OPAQUE_CONTEXT_BLOB;
struct _TSS2_SYS_OPAQUE_CONTEXT_BLOB;

namespace pushsim::tpm {

/// TPM_HANDLE (TCG TPM 2.0 Part 2, 7).
using Handle = std::uint32_t;

namespace handle {
constexpr Handle owner = 0x40000001;        ///< TPM_RH_OWNER
constexpr Handle password = 0x40000009;     ///< TPM_RS_PW: an empty password instead of a session
constexpr Handle lockout = 0x4000000A;      ///< TPM_RH_LOCKOUT
constexpr Handle endorsement = 0x4000000B;  ///< TPM_RH_ENDORSEMENT
constexpr Handle first_loaded_session = 0x02000000;
constexpr Handle first_transient = 0x80000000;
constexpr Handle first_persistent = 0x81000000;
constexpr Handle persistent_ek = 0x81010001;  ///< of the RSA-2048 EK: TCG TPM v2.0 Provisioning Guidance, 7.8
constexpr Handle persistent_ak = 0x81010002;  ///< pushsim's choice, next to it
}  // namespace handle

/// TPM_SU: of TPM2_Startup and TPM2_Shutdown.
enum class StartupType : std::uint16_t { Clear = 0, State = 1 };

struct PrimaryKey {
    Handle handle;
    Bytes public_area;  ///< marshalled TPM2B_PUBLIC
    Bytes name;         ///< nameAlg ‖ digest
};

/// A child key outside the TPM: only its parent can load it.
struct KeyBlobs {
    Bytes public_area;   ///< marshalled TPM2B_PUBLIC
    Bytes private_area;  ///< marshalled TPM2B_PRIVATE
};

struct LoadedKey {
    Handle handle;
    Bytes name;
};

struct PublicKey {
    Bytes public_area;  ///< marshalled TPM2B_PUBLIC
    Bytes name;
};

/// One entry of TPM_CAP_ALGS (Part 2, 8.2 TPMA_ALGORITHM).
struct Algorithm {
    std::uint16_t id;
    bool asymmetric;
    bool signing;
    bool hash;
};

/// Who reads an NV index, each with an empty password (TPMA_NV_AUTHREAD, TPMA_NV_OWNERREAD).
enum class NvReader : std::uint32_t { Index = 0x00040000, Owner = 0x00020000 };

/// One SAPI context over a TCTI. Every authorisation is an empty password or a policy session. A command that
/// is answered with TPM_RC_RETRY, TPM_RC_YIELDED or TPM_RC_TESTING is sent again, up to `max_sendings` times
/// in all.
class Commands {
  public:
    static constexpr int max_sendings = 6;

    /// The TCTI must outlive this and stays the caller's.
    explicit Commands(TSS2_TCTI_OPAQUE_CONTEXT_BLOB* tcti);
    ~Commands();
    Commands(const Commands&) = delete;
    Commands& operator=(const Commands&) = delete;

    /// TPM2_Startup (Part 3, 9.3) and TPM2_Shutdown (9.4).
    Result<void> startup(StartupType type);
    Result<void> shutdown(StartupType type);

    /// TPM2_SelfTest of everything (Part 3, 10.2).
    Result<void> self_test();

    /// TPM2_CreatePrimary (Part 3, 24.1), by a marshalled TPMT_PUBLIC (templates.hpp).
    Result<PrimaryKey> create_primary(Handle hierarchy, ByteView public_template);

    /// TPM2_Create (Part 3, 12.1), the parent authorised by `session`.
    Result<KeyBlobs> create(Handle parent, Handle session, ByteView public_template);

    /// TPM2_Load (Part 3, 12.2), the parent authorised by `session`.
    Result<LoadedKey> load(Handle parent, Handle session, const KeyBlobs& key);

    /// TPM2_StartAuthSession (Part 3, 11.1): a policy session with SHA-256, unsalted and unbound.
    Result<Handle> start_policy_session();

    /// TPM2_PolicySecret (Part 3, 23.4) with the empty password of `authority`.
    Result<void> policy_secret(Handle authority, Handle session);

    /// TPM2_ActivateCredential (Part 3, 12.5): the secret. Both inputs without their TPM2B sizes.
    Result<Bytes> activate_credential(Handle key, Handle parent, Handle parent_session, ByteView id_object,
                                      ByteView encrypted_secret);

    /// TPM2_Certify (Part 3, 18.2), with the signer's own scheme.
    Result<Certification> certify(Handle object, Handle signer, ByteView qualifying_data);

    /// TPM2_Quote (Part 3, 18.4), with the signer's own scheme. `pcrs` of the result stays empty.
    Result<Quote> quote(Handle signer, ByteView qualifying_data, HashAlgorithm bank,
                        const std::vector<int>& pcrs);

    /// TPM2_PCR_Read (Part 3, 22.4), as often as needed; an error if the bank does not have one of them, or
    /// the TPM gives others or digests of another size.
    Result<PcrValues> pcr_read(HashAlgorithm bank, const std::vector<int>& pcrs);

    /// TPM2_PCR_Extend (Part 3, 22.2): one digest for each bank given.
    Result<void> pcr_extend(int pcr, const std::map<HashAlgorithm, Bytes>& digests);

    /// TPM2_PCR_Reset (Part 3, 22.8): at locality 0 that is PCR 16 and 23.
    Result<void> pcr_reset(int pcr);

    /// TPM2_ReadPublic (Part 3, 12.4).
    Result<PublicKey> read_public(Handle object);

    /// TPM2_FlushContext (Part 3, 28.4): a transient object or a session.
    Result<void> flush_context(Handle loaded);

    /// TPM2_EvictControl (Part 3, 28.5) by the owner: makes a transient object persistent at `persistent`, or
    /// removes it when both handles are the same. For pools of provisioned TPMs.
    Result<void> evict_control(Handle object, Handle persistent);

    /// TPM2_GetCapability (Part 3, 30.2): PCR banks with at least one PCR, all algorithms, handles from
    /// `first` on that are of its kind, and one TPM_PT (0 where the TPM does not have it).
    Result<std::map<HashAlgorithm, std::vector<int>>> pcr_banks();
    Result<std::vector<Algorithm>> algorithms();
    Result<std::vector<Handle>> handles(Handle first);
    Result<std::uint32_t> property(std::uint32_t tag);

    /// TPM2_GetRandom (Part 3, 16.1), as often as needed.
    Result<Bytes> get_random(std::size_t size);

    /// All octets of an NV index, read by its own or the owner's empty password, as its attributes allow
    /// (Part 3, 31.6 and 31.13); nothing where the index is not defined or was never written.
    Result<std::optional<Bytes>> nv_read(Handle index);

    /// Defines an NV index of the owner that holds these octets (Part 3, 31.3), and writes them (31.7);
    /// without any it is defined alone. No use of it counts as a dictionary attack.
    Result<void> nv_define(Handle index, ByteView contents, NvReader reader);

    /// TPM2_DictionaryAttackLockReset (Part 3, 25.2) with the empty lockout password.
    Result<void> dictionary_attack_lock_reset();

    /// TPM2_Clear (Part 3, 24.6) with the empty lockout password: Clock begins anew at 0, reset and restart
    /// counts too; what the owner and the endorsement hierarchy have in the TPM is gone. The EPS is not, so
    /// keys made from it, and under them, can be made or loaded again.
    Result<void> clear();

    /// Response code of the last command, TSS layer included; 0 after a success.
    std::uint32_t response_code() const { return response_code_; }

    /// Whether says_lost() was the answer to a command since this was last asked.
    bool take_loss() { return std::exchange(loss_, false); }

    /// For commands this class does not have.
    _TSS2_SYS_OPAQUE_CONTEXT_BLOB* sapi() const;

  private:
    using Call = std::function<std::uint32_t(_TSS2_SYS_OPAQUE_CONTEXT_BLOB*)>;
    Result<void> execute(std::string_view command, std::optional<Handle> subject, const Call& call);

    struct Context;
    std::unique_ptr<Context> context_;
    std::uint32_t response_code_ = 0;
    bool loss_ = false;
};

}  // namespace pushsim::tpm
