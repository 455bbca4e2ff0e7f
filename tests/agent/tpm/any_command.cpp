#include "tests/agent/tpm/any_command.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <rapidcheck.h>
#include <tss2/tss2_sys.h>

#include "agent/tpm/response_code.hpp"
#include "agent/tpm/sapi.hpp"
#include "tests/agent/tpm/openssl_check.hpp"

namespace pushsim::tpm {
namespace {

constexpr Handle first_evicted = handle::first_persistent + 3;
constexpr Handle platform = 0x4000000C;  // TPM_RH_PLATFORM
constexpr Handle first_nv = 0x01500001;
constexpr Handle nv_indices = 4;

template <typename T>
std::string said(const Result<T>& result, const std::string& what = "done") {
    return result ? what : result.error().message;
}

/// The code, and where that is a success the response parameters.
std::string answered(Commands& commands, TSS2_RC code) {
    std::size_t size = 0;
    const std::uint8_t* octets = nullptr;
    if (code != TSS2_RC_SUCCESS || Tss2_Sys_GetRpBuffer(commands.sapi(), &size, &octets) != TSS2_RC_SUCCESS)
        return fmt::format("0x{:x}", code);
    return to_hex(ByteView(octets, size));
}

/// The first use of a key that is protected from dictionary attacks is to be repeated (TPM_RC_RETRY).
template <typename Call>
std::string answered_at_last(Commands& commands, const Call& call) {
    TSS2_RC code = call();
    for (int sent = 1; calls_for_resending(code) && sent < Commands::max_sendings; ++sent)
        code = call();
    return answered(commands, code);
}

const TSS2L_SYS_AUTH_COMMAND& no_password() {
    static const auto auth = authorised_by({handle::password});
    return auth;
}

template <typename Buffer>
Buffer sized(ByteView octets) {
    Buffer buffer{};
    buffer.size = static_cast<UINT16>(octets.size());
    std::ranges::copy(octets, buffer.buffer);
    return buffer;
}

Bytes any_octets(std::size_t size) {
    return *rc::gen::resize(rc::kNominalSize,
                            rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>()));
}

HashAlgorithm any_bank() {
    return *rc::gen::element(HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384);
}

/// Below `end`; unlike rapidcheck's own, of the whole range from the first sequence on.
template <typename Number>
Number any_below(Number end) {
    return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(0, end));
}

int any_pcr() {
    return any_below(24);
}

Handle any_of(const std::vector<Handle>& handles) {
    return handles[any_below(handles.size())];
}

void add(std::vector<Handle>& handles, Handle one) {
    if (std::ranges::find(handles, one) == handles.end()) handles.push_back(one);
}

/// Without the clock; the signature must verify.
std::string words(const Bytes& message, const Bytes& signature, const Bytes& signer) {
    const auto attest = check::parse_attest(message);
    return fmt::format("{:x} {:x} {} {} {} {} {} {} {} {}", attest.magic, attest.type,
                       to_hex(attest.qualified_signer), to_hex(attest.extra_data), attest.reset_count,
                       attest.restart_count, attest.bank, to_hex(attest.pcr_digest), to_hex(attest.name),
                       check::verifies(signer, message, signature));
}

// ---- PCRs and attestation

Asked extend(Known&) {
    const int pcr = any_pcr();
    const auto bank = any_bank();
    return {"extend", [=, digest = any_octets(digest_size(bank))](Commands& c, std::size_t) {
                return said(c.pcr_extend(pcr, {{bank, digest}}));
            }};
}

Asked event(Known&) {
    return {"event", [pcr = any_pcr(), octets = any_octets(20)](Commands& c, std::size_t) {
                const auto data = sized<TPM2B_EVENT>(octets);
                TPML_DIGEST_VALUES digests{};
                return answered(c, Tss2_Sys_PCR_Event(c.sapi(), static_cast<Handle>(pcr), &no_password(),
                                                      &data, &digests, nullptr));
            }};
}

Asked reset_pcr(Known&) {
    return {"reset PCR", [pcr = any_pcr()](Commands& c, std::size_t) { return said(c.pcr_reset(pcr)); }};
}

std::string read_pcrs(Commands& c, HashAlgorithm bank, const std::vector<int>& pcrs) {
    const auto selection = pcr_selection("", bank, pcrs);
    UINT32 updates = 0;
    TPML_PCR_SELECTION selected{};
    TPML_DIGEST values{};
    return answered(c,
                    Tss2_Sys_PCR_Read(c.sapi(), nullptr, &*selection, &updates, &selected, &values, nullptr));
}

Asked read_pcr(Known&) {
    return {"read PCR", [pcr = any_pcr(), bank = any_bank()](Commands& c, std::size_t) {
                return read_pcrs(c, bank, {pcr});
            }};
}

Asked quote(Known& known) {
    return {"quote",
            [&known, pcr = any_pcr(), bank = any_bank(), octets = any_octets(20)](Commands& c, std::size_t) {
                const auto quote = c.quote(provisioned_ak, octets, bank, {pcr});
                return quote ? words(quote->message, quote->signature, known.ak_public) : said(quote);
            }};
}

Asked certify(Known& known) {
    const Handle object = known.objects.empty() ? provisioned_ak : any_of(known.objects);
    return {"certify", [&known, object, octets = any_octets(20)](Commands& c, std::size_t) {
                const auto certified = c.certify(object, provisioned_ak, octets);
                return certified ? words(certified->message, certified->signature, known.ak_public)
                                 : said(certified);
            }};
}

/// What is signed holds no clock, and the schemes (RSASSA, HMAC) draw nothing: the signatures are the same.
Asked sign(Known& known) {
    const Handle key = known.objects.empty() || any_below(2) == 0 ? provisioned_ak : any_of(known.objects);
    return {"sign", [key, octets = any_octets(20)](Commands& c, std::size_t) {
                const auto data = sized<TPM2B_MAX_BUFFER>(octets);
                TPM2B_DIGEST digest{};
                TPMT_TK_HASHCHECK ticket{};
                const auto hashed = answered(c, Tss2_Sys_Hash(c.sapi(), nullptr, &data, TPM2_ALG_SHA256,
                                                              handle::owner, &digest, &ticket, nullptr));
                TPMT_SIG_SCHEME its_own{};
                its_own.scheme = TPM2_ALG_NULL;
                TPMT_SIGNATURE signature{};
                return hashed + " " + answered_at_last(c, [&] {
                           return Tss2_Sys_Sign(c.sapi(), key, &no_password(), &digest, &its_own, &ticket,
                                                &signature, nullptr);
                       });
            }};
}

// ---- Dictionary attacks

Asked wrong_password(Known&) {
    return {"wrong password", [](Commands& c, std::size_t) {
                auto wrong = authorised_by({handle::password, handle::password});
                wrong.auths[0].hmac.size = 1;
                wrong.auths[0].hmac.buffer[0] = 'x';
                const TPM2B_DATA nothing{};
                TPMT_SIG_SCHEME its_own{};
                its_own.scheme = TPM2_ALG_NULL;
                TPM2B_ATTEST attest{};
                TPMT_SIGNATURE signature{};
                return answered_at_last(c, [&] {
                    return Tss2_Sys_Certify(c.sapi(), provisioned_ak, provisioned_ak, &wrong, &nothing,
                                            &its_own, &attest, &signature, nullptr);
                });
            }};
}

Asked lock_reset(Known&) {
    return {"lock reset", [](Commands& c, std::size_t) { return said(c.dictionary_attack_lock_reset()); }};
}

// ---- What is loaded, sessions, credentials

Asked start_session(Known& known) {
    return {"start session", [&known](Commands& c, std::size_t) {
                const auto started = c.start_policy_session();
                if (started) add(known.sessions, *started);
                return said(started, started ? fmt::format("{:x}", *started) : "");
            }};
}

std::vector<Handle> all_loaded(const Known& known) {
    std::vector<Handle> all;
    for (const auto* handles : {&known.sessions, &known.objects, &known.sequences, &known.events})
        all.insert(all.end(), handles->begin(), handles->end());
    return all;
}

/// Room is for three, persistent ones while they are used among them.
std::size_t objects_loaded(const Known& known) {
    return known.objects.size() + known.sequences.size() + known.events.size();
}

Asked flush(Known& known) {
    const auto all = all_loaded(known);
    if (all.empty()) return start_session(known);
    const Handle gone = any_of(all);
    return {"flush", [&known, gone](Commands& c, std::size_t) {
                known.is_gone(gone);
                return said(c.flush_context(gone));
            }};
}

Asked policy_secret(Known& known) {
    if (known.sessions.empty()) return start_session(known);
    return {"policy secret", [session = any_of(known.sessions)](Commands& c, std::size_t) {
                return said(c.policy_secret(handle::endorsement, session));
            }};
}

Asked policy_pcr(Known& known) {
    if (known.sessions.empty()) return start_session(known);
    return {"policy PCR",
            [session = any_of(known.sessions), pcr = any_pcr(), bank = any_bank()](Commands& c, std::size_t) {
                const TPM2B_DIGEST current{};
                const auto selection = pcr_selection("", bank, {pcr});
                return answered(
                    c, Tss2_Sys_PolicyPCR(c.sapi(), session, nullptr, &current, &*selection, nullptr));
            }};
}

Asked policy_digest(Known& known) {
    if (known.sessions.empty()) return start_session(known);
    return {"policy digest", [session = any_of(known.sessions)](Commands& c, std::size_t) {
                TPM2B_DIGEST digest{};
                return answered(c, Tss2_Sys_PolicyGetDigest(c.sapi(), session, nullptr, &digest, nullptr));
            }};
}

Asked policy_restart(Known& known) {
    if (known.sessions.empty()) return start_session(known);
    return {"policy restart", [session = any_of(known.sessions)](Commands& c, std::size_t) {
                return answered(c, Tss2_Sys_PolicyRestart(c.sapi(), session, nullptr, nullptr));
            }};
}

Asked activate_credential(Known& known) {
    if (known.sessions.empty()) return start_session(known);
    if (objects_loaded(known) > 1) return flush(known);
    const auto made = check::make_credential(known.ek_public, known.ak_name, any_octets(16));
    const bool restart = any_below(4) != 0;  // what was asked of the session before would fail it
    return {"activate credential",
            [made, restart, session = any_of(known.sessions)](Commands& c, std::size_t) {
                if (restart) (void)Tss2_Sys_PolicyRestart(c.sapi(), session, nullptr, nullptr);
                const auto ready = c.policy_secret(handle::endorsement, session);
                const auto secret = c.activate_credential(provisioned_ak, provisioned_ek, session,
                                                          made.id_object, made.encrypted_secret);
                return said(ready) + " " + said(secret, secret ? to_hex(*secret) : "");
            }};
}

// ---- Sequences

Asked start_sequence(Known& known) {
    const auto algorithm =
        *rc::gen::element(TPM2_ALG_SHA1, TPM2_ALG_SHA256, TPM2_ALG_SHA384, TPM2_ALG_SHA512, TPM2_ALG_NULL);
    return {"start sequence", [&known, algorithm](Commands& c, std::size_t) {
                const TPM2B_AUTH no_auth{};
                TPMI_DH_OBJECT sequence = 0;
                const auto code =
                    Tss2_Sys_HashSequenceStart(c.sapi(), nullptr, &no_auth, algorithm, &sequence, nullptr);
                if (code == TSS2_RC_SUCCESS)
                    add(algorithm == TPM2_ALG_NULL ? known.events : known.sequences, sequence);
                return fmt::format("{:x} {}", sequence, answered(c, code));
            }};
}

Asked update_sequence(Known& known) {
    if (known.sequences.empty()) return start_sequence(known);
    return {"update sequence",
            [sequence = any_of(known.sequences), octets = any_octets(*rc::gen::inRange<std::size_t>(0, 200))](
                Commands& c, std::size_t) {
                const auto data = sized<TPM2B_MAX_BUFFER>(octets);
                return answered(c,
                                Tss2_Sys_SequenceUpdate(c.sapi(), sequence, &no_password(), &data, nullptr));
            }};
}

Asked complete_sequence(Known& known) {
    if (known.sequences.empty()) return start_sequence(known);
    const Handle sequence = any_of(known.sequences);
    return {"complete sequence", [&known, sequence](Commands& c, std::size_t) {
                const TPM2B_MAX_BUFFER no_more{};
                TPM2B_DIGEST digest{};
                TPMT_TK_HASHCHECK ticket{};
                const auto code = Tss2_Sys_SequenceComplete(c.sapi(), sequence, &no_password(), &no_more,
                                                            handle::owner, &digest, &ticket, nullptr);
                if (code == TSS2_RC_SUCCESS) std::erase(known.sequences, sequence);
                return answered(c, code);
            }};
}

/// Of a sequence that was started without an algorithm: into a PCR.
Asked complete_event(Known& known) {
    if (known.events.empty()) return start_sequence(known);
    const Handle sequence = any_of(known.events);
    return {"complete event", [&known, sequence, pcr = any_pcr()](Commands& c, std::size_t) {
                const auto both = authorised_by({handle::password, handle::password});
                const TPM2B_MAX_BUFFER no_more{};
                TPML_DIGEST_VALUES digests{};
                const auto code = Tss2_Sys_EventSequenceComplete(c.sapi(), static_cast<Handle>(pcr), sequence,
                                                                 &both, &no_more, &digests, nullptr);
                if (code == TSS2_RC_SUCCESS) std::erase(known.events, sequence);
                return answered(c, code);
            }};
}

// ---- NV

Handle any_nv(const Known& known) {
    return std::next(known.nv.begin(), any_below(static_cast<int>(known.nv.size())))->first;
}

Asked define_nv(Known& known) {
    TPM2B_NV_PUBLIC about{};
    const auto type = *rc::gen::element(TPM2_NT_ORDINARY, TPM2_NT_COUNTER, TPM2_NT_BITS, TPM2_NT_EXTEND);
    about.nvPublic.nvIndex = first_nv + any_below(nv_indices);
    about.nvPublic.nameAlg = TPM2_ALG_SHA256;
    about.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_NO_DA |
                                static_cast<TPMA_NV>(type) << TPMA_NV_TPM2_NT_SHIFT;
    for (const TPMA_NV attribute : {TPMA_NV_ORDERLY, TPMA_NV_WRITE_STCLEAR, TPMA_NV_READ_STCLEAR})
        if (any_below(2) == 1) about.nvPublic.attributes |= attribute;
    about.nvPublic.dataSize = type == TPM2_NT_ORDINARY ? 24 : type == TPM2_NT_EXTEND ? 32 : 8;
    return {"define NV", [&known, about, type](Commands& c, std::size_t) {
                const TPM2B_AUTH no_auth{};
                const auto code = Tss2_Sys_NV_DefineSpace(c.sapi(), handle::owner, &no_password(), &no_auth,
                                                          &about, nullptr);
                if (code == TSS2_RC_SUCCESS) known.nv[about.nvPublic.nvIndex] = type;
                return answered(c, code);
            }};
}

Asked undefine_nv(Known& known) {
    if (known.nv.empty()) return define_nv(known);
    return {"undefine NV", [&known, nv = any_nv(known)](Commands& c, std::size_t) {
                known.nv.erase(nv);
                return answered(
                    c, Tss2_Sys_NV_UndefineSpace(c.sapi(), handle::owner, nv, &no_password(), nullptr));
            }};
}

/// As its type wants it.
Asked write_nv(Known& known) {
    if (known.nv.empty()) return define_nv(known);
    const Handle nv = any_nv(known);
    const auto offset = static_cast<UINT16>(any_below(20));
    return {"write NV", [nv, type = known.nv[nv], offset, octets = any_octets(4)](Commands& c, std::size_t) {
                const auto data = sized<TPM2B_MAX_NV_BUFFER>(octets);
                const auto* const auth = &no_password();
                auto* const sapi = c.sapi();
                switch (type) {
                    case TPM2_NT_COUNTER:
                        return answered(c, Tss2_Sys_NV_Increment(sapi, handle::owner, nv, auth, nullptr));
                    case TPM2_NT_BITS:
                        return answered(c, Tss2_Sys_NV_SetBits(sapi, handle::owner, nv, auth,
                                                               UINT64{1} << offset, nullptr));
                    case TPM2_NT_EXTEND:
                        return answered(c, Tss2_Sys_NV_Extend(sapi, handle::owner, nv, auth, &data, nullptr));
                    default:
                        return answered(
                            c, Tss2_Sys_NV_Write(sapi, handle::owner, nv, auth, &data, offset, nullptr));
                }
            }};
}

Asked lock_nv(Known& known) {
    if (known.nv.empty()) return define_nv(known);
    return {"lock NV", [nv = any_nv(known), write = any_below(2) == 1](Commands& c, std::size_t) {
                const auto lock = write ? Tss2_Sys_NV_WriteLock : Tss2_Sys_NV_ReadLock;
                return answered(c, lock(c.sapi(), handle::owner, nv, &no_password(), nullptr));
            }};
}

std::string read_nv(Commands& c, Handle nv) {
    TPM2B_NV_PUBLIC about{};
    TPM2B_NAME name{};
    const auto attributes =
        answered(c, Tss2_Sys_NV_ReadPublic(c.sapi(), nv, nullptr, &about, &name, nullptr));
    TPM2B_MAX_NV_BUFFER data{};
    return attributes + " " +
           answered(c, Tss2_Sys_NV_Read(c.sapi(), handle::owner, nv, &no_password(), about.nvPublic.dataSize,
                                        0, &data, nullptr));
}

Asked read_any_nv(Known& known) {
    if (known.nv.empty()) return define_nv(known);
    return {"read NV", [nv = any_nv(known)](Commands& c, std::size_t) { return read_nv(c, nv); }};
}

// ---- Keys

/// P-256 with AES-128-CFB: made in little time, from the seed of its hierarchy alone.
TPM2B_PUBLIC storage_template() {
    TPM2B_PUBLIC in_public{};
    TPMT_PUBLIC& area = in_public.publicArea;
    area.type = TPM2_ALG_ECC;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
                            TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
                            TPMA_OBJECT_DECRYPT;
    TPMS_ECC_PARMS& ecc = area.parameters.eccDetail;
    ecc.symmetric.algorithm = TPM2_ALG_AES;
    ecc.symmetric.keyBits.aes = 128;
    ecc.symmetric.mode.aes = TPM2_ALG_CFB;
    ecc.scheme.scheme = TPM2_ALG_NULL;
    ecc.curveID = TPM2_ECC_NIST_P256;
    ecc.kdf.scheme = TPM2_ALG_NULL;
    return in_public;
}

TPM2B_PUBLIC signing_template(bool rsa) {
    TPM2B_PUBLIC in_public{};
    TPMT_PUBLIC& area = in_public.publicArea;
    area.type = rsa ? TPM2_ALG_RSA : TPM2_ALG_KEYEDHASH;
    area.nameAlg = TPM2_ALG_SHA256;
    area.objectAttributes = TPMA_OBJECT_SENSITIVEDATAORIGIN | TPMA_OBJECT_USERWITHAUTH |
                            TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_NODA;
    if (rsa) {
        TPMS_RSA_PARMS& its = area.parameters.rsaDetail;
        its.symmetric.algorithm = TPM2_ALG_NULL;
        its.scheme.scheme = TPM2_ALG_RSASSA;
        its.scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        its.keyBits = 2048;
    } else {
        TPMT_KEYEDHASH_SCHEME& scheme = area.parameters.keyedHashDetail.scheme;
        scheme.scheme = TPM2_ALG_HMAC;
        scheme.details.hmac.hashAlg = TPM2_ALG_SHA256;
    }
    return in_public;
}

Asked create_primary(Known& known) {
    const Handle hierarchy = *rc::gen::element(handle::owner, handle::owner, handle::endorsement, platform);
    return {"create primary", [&known, hierarchy](Commands& c, std::size_t) {
                static const auto in_public = storage_template();
                const TPM2B_SENSITIVE_CREATE no_secret{};
                const TPM2B_DATA nothing{};
                const TPML_PCR_SELECTION no_pcrs{};
                TPM2_HANDLE key = 0;
                TPM2B_PUBLIC out_public{};
                TPM2B_CREATION_DATA creation{};
                TPM2B_DIGEST hash{};
                TPMT_TK_CREATION ticket{};
                TPM2B_NAME name{};
                const auto code = Tss2_Sys_CreatePrimary(c.sapi(), hierarchy, &no_password(), &no_secret,
                                                         &in_public, &nothing, &no_pcrs, &key, &out_public,
                                                         &creation, &hash, &ticket, &name, nullptr);
                if (code == TSS2_RC_SUCCESS) {
                    add(known.objects, key);
                    if (hierarchy == handle::owner) add(known.storage_keys, key);
                }
                return fmt::format("{:x} {}", key, answered(c, code));
            }};
}

Asked create(Known& known) {
    if (known.storage_keys.empty()) return create_primary(known);
    const Handle parent = any_of(known.storage_keys);
    const bool rsa = any_below(8) == 0;  // takes long
    const auto keeper = any_below(engines);
    return {"create", [&known, parent, rsa, keeper](Commands& c, std::size_t engine) {
                TPM2B_PUBLIC in_public = signing_template(rsa);
                const TPM2B_SENSITIVE_CREATE no_secret{};
                const TPM2B_DATA nothing{};
                const TPML_PCR_SELECTION no_pcrs{};
                TPM2B_PRIVATE out_private{};
                TPM2B_PUBLIC out_public{};
                TPM2B_CREATION_DATA creation{};
                TPM2B_DIGEST hash{};
                TPMT_TK_CREATION ticket{};
                const auto code =
                    Tss2_Sys_Create(c.sapi(), parent, &no_password(), &no_secret, &in_public, &nothing,
                                    &no_pcrs, &out_private, &out_public, &creation, &hash, &ticket, nullptr);
                if (code == TSS2_RC_SUCCESS && engine == keeper) known.child = Child{out_public, out_private};
                return fmt::format("0x{:x} {} {}", code, out_public.size, out_private.size);
            }};
}

Asked load(Known& known) {
    if (known.storage_keys.empty()) return create_primary(known);
    if (!known.child) return create(known);
    const Handle parent = any_of(known.storage_keys);
    return {"load", [&known, parent](Commands& c, std::size_t) {
                TPM2_HANDLE key = 0;
                TPM2B_NAME name{};
                const auto code = Tss2_Sys_Load(c.sapi(), parent, &no_password(), &known.child->private_area,
                                                &known.child->public_area, &key, &name, nullptr);
                if (code == TSS2_RC_SUCCESS) add(known.objects, key);
                return fmt::format("{:x} {}", key, answered(c, code));
            }};
}

/// Makes a transient object persistent, or removes what is persistent.
Asked evict(Known& known) {
    const Handle object = known.objects.empty() || any_below(3) == 0 ? first_evicted : any_of(known.objects);
    return {"evict",
            [object](Commands& c, std::size_t) { return said(c.evict_control(object, first_evicted)); }};
}

Asked read_public(Known& known) {
    const Handle object = known.objects.empty() || any_below(3) == 0
                              ? *rc::gen::element(provisioned_ek, first_evicted)
                              : any_of(known.objects);
    return {"read public", [object](Commands& c, std::size_t) {
                TPM2B_PUBLIC area{};
                TPM2B_NAME name{};
                TPM2B_NAME qualified{};
                return answered(
                    c, Tss2_Sys_ReadPublic(c.sapi(), object, nullptr, &area, &name, &qualified, nullptr));
            }};
}

// ---- Contexts

/// Keeps the context of each of them, for its own TPM alone can read it.
Asked save_context(Known& known) {
    std::vector<Handle> all = known.sessions;
    all.insert(all.end(), known.objects.begin(), known.objects.end());
    if (all.empty()) return start_session(known);
    const Handle loaded = any_of(all);
    const auto place = known.contexts.size();
    return {"save context", [&known, loaded, place](Commands& c, std::size_t engine) {
                TPMS_CONTEXT context{};
                const auto code = Tss2_Sys_ContextSave(c.sapi(), loaded, &context);
                if (code == TSS2_RC_SUCCESS) {
                    known.contexts.resize(place + 1);
                    known.contexts[place][engine] = context;
                    std::erase(known.sessions, loaded);
                }
                return fmt::format("0x{:x} {} {:x} {:x} {}", code, context.sequence, context.savedHandle,
                                   context.hierarchy, context.contextBlob.size);
            }};
}

Asked load_context(Known& known) {
    if (known.contexts.empty()) return save_context(known);
    const auto place = any_below(2) == 0 ? known.contexts.size() - 1 : any_below(known.contexts.size());
    return {"load context", [&known, place](Commands& c, std::size_t engine) {
                const TPMS_CONTEXT& context = known.contexts[place][engine];
                Handle loaded = 0;
                const auto code = Tss2_Sys_ContextLoad(c.sapi(), &context, &loaded);
                if (code == TSS2_RC_SUCCESS)
                    add(loaded >= handle::first_transient ? known.objects : known.sessions, loaded);
                return fmt::format("0x{:x} {:x}", code, loaded);
            }};
}

Asked get_random(Known&) {
    return {"get random", [](Commands& c, std::size_t) { return said(c.get_random(8)); }};
}

Asked what_shows(Known&) {
    return {"all that shows", [](Commands& c, std::size_t) { return all_that_shows(c); }};
}

}  // namespace

void Known::is_gone(Handle handle) {
    for (auto* handles : {&sessions, &objects, &sequences, &events, &storage_keys})
        std::erase(*handles, handle);
}

void Known::nothing_is_loaded() {
    for (auto* handles : {&sessions, &objects, &sequences, &events, &storage_keys})
        handles->clear();
}

Asked any_command(Known& known) {
    struct Kind {  // rapidcheck cannot show a bare function
        Asked (*make)(Known&);
    };
    if (objects_loaded(known) >= 2 && any_below(2) == 0) return flush(known);
    const Kind kind = *rc::gen::weightedElement<Kind>({
        // clang-format off
        {4, {extend}}, {1, {event}}, {1, {reset_pcr}}, {2, {read_pcr}}, {2, {quote}}, {1, {certify}}, {3, {sign}},
        {1, {wrong_password}}, {1, {lock_reset}},
        {1, {start_session}}, {2, {policy_secret}}, {2, {policy_pcr}}, {2, {policy_digest}}, {1, {policy_restart}},
        {2, {activate_credential}},
        {1, {start_sequence}}, {3, {update_sequence}}, {2, {complete_sequence}}, {1, {complete_event}},
        {3, {define_nv}}, {1, {undefine_nv}}, {6, {write_nv}}, {1, {lock_nv}}, {3, {read_any_nv}},
        {2, {create_primary}}, {2, {create}}, {6, {load}}, {1, {evict}}, {2, {read_public}},
        {2, {flush}}, {2, {save_context}}, {2, {load_context}},
        {1, {get_random}}, {1, {what_shows}},
        // clang-format on
    });
    return kind.make(known);
}

std::string all_that_shows(Commands& c) {
    std::string text;
    for (const Handle first : {Handle{first_nv}, handle::first_loaded_session, Handle{0x03000000},
                               handle::first_transient, handle::first_persistent}) {
        const auto handles = c.handles(first);
        text += said(handles, handles ? fmt::format("{:x}; ", fmt::join(*handles, " ")) : "");
    }
    for (const auto bank : {HashAlgorithm::Sha1, HashAlgorithm::Sha256, HashAlgorithm::Sha384})
        for (int pcr = 0; pcr < 24; pcr += 8)
            text += read_pcrs(c, bank, {pcr, pcr + 1, pcr + 2, pcr + 3, pcr + 4, pcr + 5, pcr + 6, pcr + 7});
    for (const std::uint32_t tag :
         {TPM2_PT_PERMANENT, TPM2_PT_STARTUP_CLEAR, TPM2_PT_HR_NV_INDEX, TPM2_PT_HR_LOADED,
          TPM2_PT_HR_LOADED_AVAIL, TPM2_PT_HR_ACTIVE, TPM2_PT_HR_TRANSIENT_AVAIL, TPM2_PT_HR_PERSISTENT,
          TPM2_PT_NV_COUNTERS, TPM2_PT_AUDIT_COUNTER_0, TPM2_PT_LOCKOUT_COUNTER}) {
        const auto value = c.property(tag);
        text += said(value, value ? fmt::format(" {:x}", *value) : "");
    }
    for (Handle nv = first_nv; nv < first_nv + nv_indices; ++nv)
        text += "; " + read_nv(c, nv);
    return text;
}

}  // namespace pushsim::tpm
