#include "agent/tpm/commands.hpp"

#include <initializer_list>
#include <stdexcept>

#include <fmt/format.h>
#include <tss2/tss2_sys.h>

#include "agent/tpm/marshal.hpp"
#include "agent/tpm/sapi.hpp"

namespace pushsim::tpm {

struct Commands::Context {
    std::unique_ptr<std::uint64_t[]> memory;
    TSS2_SYS_CONTEXT* sapi = nullptr;
};

Commands::Commands(TSS2_TCTI_CONTEXT* tcti) : context_(std::make_unique<Context>()) {
    const std::size_t size = Tss2_Sys_GetContextSize(0);
    context_->memory = std::make_unique<std::uint64_t[]>(size / sizeof(std::uint64_t) + 1);
    context_->sapi = reinterpret_cast<TSS2_SYS_CONTEXT*>(context_->memory.get());
    TSS2_ABI_VERSION abi = TSS2_ABI_VERSION_CURRENT;
    if (const TSS2_RC code = Tss2_Sys_Initialize(context_->sapi, size, tcti, &abi); code != TSS2_RC_SUCCESS)
        throw std::runtime_error("Tss2_Sys_Initialize: " + describe_response_code(code));
}

Commands::~Commands() {
    Tss2_Sys_Finalize(context_->sapi);
}

TSS2_SYS_CONTEXT* Commands::sapi() const {
    return context_->sapi;
}

Result<void> Commands::execute(std::string_view command, std::optional<Handle> subject, const Call& call) {
    for (int sending = 1; sending <= max_sendings; ++sending) {
        response_code_ = call(context_->sapi);
        if (!calls_for_resending(response_code_)) break;
    }
    if (response_code_ == TSS2_RC_SUCCESS) return {};
    if (says_lost(response_code_)) loss_ = true;
    const std::string what = subject ? fmt::format("{} of 0x{:x}", command, *subject) : std::string(command);
    return fail(response_code_error(what, response_code_));
}

Result<void> Commands::startup(StartupType type) {
    return execute("TPM2_Startup", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        return Tss2_Sys_Startup(sapi, static_cast<TPM2_SU>(type));
    });
}

Result<void> Commands::shutdown(StartupType type) {
    return execute("TPM2_Shutdown", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        return Tss2_Sys_Shutdown(sapi, nullptr, static_cast<TPM2_SU>(type), nullptr);
    });
}

Result<void> Commands::self_test() {
    return execute("TPM2_SelfTest", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        return Tss2_Sys_SelfTest(sapi, nullptr, TPM2_YES, nullptr);
    });
}

Result<PrimaryKey> Commands::create_primary(Handle hierarchy, ByteView public_template) {
    const std::string command = "TPM2_CreatePrimary";
    auto in_public = public_from_template(command, public_template);
    if (!in_public) return fail(in_public.error());
    const auto auths = authorised_by({handle::password});
    const TPM2B_SENSITIVE_CREATE in_sensitive{};
    const TPM2B_DATA outside_info{};
    const TPML_PCR_SELECTION creation_pcr{};
    TPM2_HANDLE created = 0;
    TPM2B_PUBLIC out_public{};
    TPM2B_NAME name{};
    auto done = execute(command, hierarchy, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_CREATION_DATA creation_data{};
        TPM2B_DIGEST creation_hash{};
        TPMT_TK_CREATION ticket{};
        TSS2L_SYS_AUTH_RESPONSE answers{};
        out_public = {};
        name = {};
        return Tss2_Sys_CreatePrimary(sapi, hierarchy, &auths, &in_sensitive, &*in_public, &outside_info,
                                      &creation_pcr, &created, &out_public, &creation_data, &creation_hash,
                                      &ticket, &name, &answers);
    });
    if (!done) return fail(done.error());
    return PrimaryKey{created, marshal(out_public, Tss2_MU_TPM2B_PUBLIC_Marshal),
                      octets_of(name.size, name.name)};
}

Result<KeyBlobs> Commands::create(Handle parent, Handle session, ByteView public_template) {
    const std::string command = "TPM2_Create";
    auto in_public = public_from_template(command, public_template);
    if (!in_public) return fail(in_public.error());
    const auto auths = authorised_by({session});
    const TPM2B_SENSITIVE_CREATE in_sensitive{};
    const TPM2B_DATA outside_info{};
    const TPML_PCR_SELECTION creation_pcr{};
    TPM2B_PRIVATE out_private{};
    TPM2B_PUBLIC out_public{};
    auto done = execute(command, parent, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_CREATION_DATA creation_data{};
        TPM2B_DIGEST creation_hash{};
        TPMT_TK_CREATION ticket{};
        TSS2L_SYS_AUTH_RESPONSE answers{};
        out_private = {};
        out_public = {};
        return Tss2_Sys_Create(sapi, parent, &auths, &in_sensitive, &*in_public, &outside_info, &creation_pcr,
                               &out_private, &out_public, &creation_data, &creation_hash, &ticket, &answers);
    });
    if (!done) return fail(done.error());
    return KeyBlobs{marshal(out_public, Tss2_MU_TPM2B_PUBLIC_Marshal),
                    marshal(out_private, Tss2_MU_TPM2B_PRIVATE_Marshal)};
}

Result<LoadedKey> Commands::load(Handle parent, Handle session, const KeyBlobs& key) {
    auto in_private = unmarshal("private area of the key", key.private_area, Tss2_MU_TPM2B_PRIVATE_Unmarshal);
    if (!in_private) return fail(in_private.error());
    auto in_public = unmarshal("public area of the key", key.public_area, Tss2_MU_TPM2B_PUBLIC_Unmarshal);
    if (!in_public) return fail(in_public.error());
    const auto auths = authorised_by({session});
    TPM2_HANDLE loaded = 0;
    TPM2B_NAME name{};
    auto done = execute("TPM2_Load", parent, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        name = {};
        return Tss2_Sys_Load(sapi, parent, &auths, &*in_private, &*in_public, &loaded, &name, &answers);
    });
    if (!done) return fail(done.error());
    return LoadedKey{loaded, octets_of(name.size, name.name)};
}

Result<PublicKey> Commands::read_public(Handle object) {
    TPM2B_PUBLIC out_public{};
    TPM2B_NAME name{};
    auto done = execute("TPM2_ReadPublic", object, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_NAME qualified_name{};
        out_public = {};
        name = {};
        return Tss2_Sys_ReadPublic(sapi, object, nullptr, &out_public, &name, &qualified_name, nullptr);
    });
    if (!done) return fail(done.error());
    return PublicKey{marshal(out_public, Tss2_MU_TPM2B_PUBLIC_Marshal), octets_of(name.size, name.name)};
}

Result<void> Commands::flush_context(Handle loaded) {
    return execute("TPM2_FlushContext", loaded,
                   [&](TSS2_SYS_CONTEXT* sapi) { return Tss2_Sys_FlushContext(sapi, loaded); });
}

Result<void> Commands::evict_control(Handle object, Handle persistent) {
    const auto auths = authorised_by({handle::password});
    return execute("TPM2_EvictControl", object, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_EvictControl(sapi, handle::owner, object, &auths, persistent, &answers);
    });
}

Result<Handle> Commands::start_policy_session() {
    const TPM2B_ENCRYPTED_SECRET salt{};
    TPM2B_NONCE nonce_caller{};
    nonce_caller.size = 16;  // not secret and not used: no HMAC is made in this session
    const TPMT_SYM_DEF no_encryption{.algorithm = TPM2_ALG_NULL, .keyBits = {}, .mode = {}};
    TPMI_SH_AUTH_SESSION session = 0;
    auto done = execute("TPM2_StartAuthSession", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_NONCE nonce_tpm{};
        return Tss2_Sys_StartAuthSession(sapi, TPM2_RH_NULL, TPM2_RH_NULL, nullptr, &nonce_caller, &salt,
                                         TPM2_SE_POLICY, &no_encryption, TPM2_ALG_SHA256, &session,
                                         &nonce_tpm, nullptr);
    });
    if (!done) return fail(done.error());
    return session;
}

Result<void> Commands::policy_secret(Handle authority, Handle session) {
    const auto auths = authorised_by({handle::password});
    const TPM2B_NONCE nonce_tpm{};
    const TPM2B_DIGEST command_digest{};
    const TPM2B_NONCE policy_ref{};
    return execute("TPM2_PolicySecret", session, [&](TSS2_SYS_CONTEXT* sapi) {
        TPM2B_TIMEOUT timeout{};
        TPMT_TK_AUTH ticket{};
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_PolicySecret(sapi, authority, session, &auths, &nonce_tpm, &command_digest,
                                     &policy_ref, 0, &timeout, &ticket, &answers);
    });
}

Result<Bytes> Commands::activate_credential(Handle key, Handle parent, Handle parent_session,
                                            ByteView id_object, ByteView encrypted_secret) {
    const std::string command = "TPM2_ActivateCredential";
    auto credential = tpm2b(command + ": id object", &TPM2B_ID_OBJECT::credential, id_object);
    if (!credential) return fail(credential.error());
    auto secret = tpm2b(command + ": encrypted secret", &TPM2B_ENCRYPTED_SECRET::secret, encrypted_secret);
    if (!secret) return fail(secret.error());
    const auto auths = authorised_by({handle::password, parent_session});
    TPM2B_DIGEST recovered{};
    auto done = execute(command, key, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        recovered = {};
        return Tss2_Sys_ActivateCredential(sapi, key, parent, &auths, &*credential, &*secret, &recovered,
                                           &answers);
    });
    if (!done) return fail(done.error());
    return octets_of(recovered.size, recovered.buffer);
}

Result<void> Commands::clear() {
    const auto auths = authorised_by({handle::password});
    return execute("TPM2_Clear", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_Clear(sapi, handle::lockout, &auths, &answers);
    });
}

Result<void> Commands::dictionary_attack_lock_reset() {
    const auto auths = authorised_by({handle::password});
    return execute("TPM2_DictionaryAttackLockReset", {}, [&](TSS2_SYS_CONTEXT* sapi) {
        TSS2L_SYS_AUTH_RESPONSE answers{};
        return Tss2_Sys_DictionaryAttackLockReset(sapi, handle::lockout, &auths, &answers);
    });
}

}  // namespace pushsim::tpm
