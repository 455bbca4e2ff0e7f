#include "agent/tpm/self_check.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <tss2/tss2_sys.h>

#include "agent/tpm/response_code.hpp"
#include "agent/tpm/sapi.hpp"
#include "agent/tpm/tpm_host.hpp"
#include "agent/tpm/virtual_tpm.hpp"

namespace pushsim::tpm {
namespace {

/// RSA-2048 keys for this check alone, from `openssl genrsa`: modulus and one prime.
struct TestKey {
    std::string_view modulus;
    std::string_view prime;
};
constexpr std::array keys = {
    TestKey{"dc0574c3e18d1e55f44dd685228ce52cc73622f7ae797a842c1f7d85a79ab29d0832215a40aabe3cd0e4323ddee67a48"
            "ba259d1585e866769fdb1ee4d4c937e11b207a28a923ae0a91009d1cacc2417b28a1003b19949b4b6faadf9b73b62a10"
            "db4e27b633e28636fc4b33c2c797c9a38a70738c80fa0cc83f6a42d93617b776a1b679692617ba15815fd26e62c136d7"
            "0f32885e96bb2bd7c5184cb1620e2d123ec58b6b270eee99f53c627683dff0758fca295b3b874bffbd87fdaf69daa672"
            "5916317007863e2a7f000f08a45f8e9c8fdd667745f70e27c13e036d9c84008c29f4e97d363184150f177b28c3db532e"
            "5e40755473e34eeaf7f5d3696658c68b",
            "fc1d40405d26397982ddc7c592ac3fbb1f1d72898ce10545ab4cce1d64d27bd7945d85920c92a95b0bf3e7d08a2aa180"
            "595a94d8a8f0aa95a5445efe75e11c53c8c6bd9b686b522b8475485893b6e46d2485b9aec41d1a95fdde0157deea33e3"
            "08311df0d6886fa7ead724f46ec8ce24fbb68b81a994f515c6c89f10db04b0f3"},
    TestKey{"9cd78a5a43687bee3d781ff0879005a5641385f38ab530c813fb0c0e8c9e99969cebe99ac74fbc6768bcb77262917fd1"
            "8dc08c95f1018f58bff4fbc48149bcc1ad83b546206c83628e9280a732ea8f47ffb1f5e65a35f9b847122e21e2f79bec"
            "77ca7cafeaf58a7a06c6d03b699df906797c9a817486501062edbc55f47b5920a9db69e2e3e6d75627c5fae7f64af49e"
            "f272b12e9a8985193129f9613baa7576ab94f153c48ea15c63477be876659b5acd551f90f1429125b68e6cf94547bf78"
            "658853417f44ffd6e6bd1553787bd5d1f738f013418b3d38c00fe242ec56014ed9486e4443529d5a53230e43f2d32e3b"
            "55d7440daf0f4ef5cfca9253e5675acb",
            "d4b8080aa6f5dfdee285254f84a0dc2a8e94206e55bf40b64048147679c28f71ffd51ac5d4cb0b1c0c5dcdbfe35f3a00"
            "400cae9021c73d49aa64471dc54e057a396d375999cfd9349670ba8d0906026e844ca25612b2000774a2849983afedaa"
            "eafb42be68a2f96ce8b8c6240ed2e099b819c1123d741aced25a634c03643fcd"}};

constexpr TPM2_HANDLE nv_index = 0x01500000;
constexpr Handle null_hierarchy = 0x40000007;  // TPM_RH_NULL

template <typename Buffer>
Buffer sized(ByteView octets) {
    Buffer buffer{};
    buffer.size = static_cast<UINT16>(octets.size());
    std::ranges::copy(octets, buffer.buffer);
    return buffer;
}

/// One TPM of the check, with what its answers were.
class Subject {
  public:
    Subject(TpmHost& host, Bytes permanent, std::uint8_t number)
        : tpm_(host, std::move(permanent)), number_(number) {}

    /// Parts of what it does, to be run in turns with other TPMs.
    static constexpr int parts = 8;
    Result<void> play(int part) {
        switch (part) {
            case 0:
                return tpm_.power_on();
            case parts - 2:
                return tpm_.power_off(PowerOff::OrderlyState);
            case parts - 1:
                if (auto on = tpm_.power_on(StartupType::State); !on) return on;
                break;
            default:
                break;
        }
        return tpm_.run([&](Commands& commands) -> Result<void> {
            sapi_ = commands.sapi();
            read_pcrs();
            if (part == 1) begin();
            if (part < parts - 1) go_on(part);
            if (part == parts - 3) end();
            return {};
        });
    }

    const std::vector<CheckAnswer>& answers() const { return answers_; }

  private:
    void keep(std::string_view command, TSS2_RC code, bool by_chance = false) {
        CheckAnswer answer{command, code, {}};
        std::size_t size = 0;
        const std::uint8_t* octets = nullptr;
        if (code == TSS2_RC_SUCCESS && !by_chance &&
            Tss2_Sys_GetRpBuffer(sapi_, &size, &octets) == TSS2_RC_SUCCESS)
            answer.said.assign(octets, octets + size);
        answers_.push_back(std::move(answer));
    }

    void read_pcrs() {
        const auto selection = pcr_selection("", HashAlgorithm::Sha256, {0, 10, 16});
        UINT32 updates = 0;
        TPML_PCR_SELECTION selected{};
        TPML_DIGEST values{};
        keep("TPM2_PCR_Read",
             Tss2_Sys_PCR_Read(sapi_, nullptr, &*selection, &updates, &selected, &values, nullptr));
    }

    /// Makes what has to outlive being swapped: objects, sessions, a sequence, an NV index.
    void begin() {
        const TestKey& key = keys.at(number_);
        TPM2B_SENSITIVE secret{};
        secret.sensitiveArea.sensitiveType = TPM2_ALG_RSA;
        secret.sensitiveArea.sensitive.rsa = sized<TPM2B_PRIVATE_KEY_RSA>(*from_hex(key.prime));
        TPM2B_PUBLIC open{};
        open.publicArea.type = TPM2_ALG_RSA;
        open.publicArea.nameAlg = TPM2_ALG_SHA256;
        open.publicArea.objectAttributes =
            TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA;
        open.publicArea.parameters.rsaDetail.symmetric.algorithm = TPM2_ALG_NULL;
        open.publicArea.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
        open.publicArea.parameters.rsaDetail.keyBits = 2048;
        open.publicArea.unique.rsa = sized<TPM2B_PUBLIC_KEY_RSA>(*from_hex(key.modulus));
        TPM2B_NAME name{};
        keep("TPM2_LoadExternal",
             Tss2_Sys_LoadExternal(sapi_, nullptr, &secret, &open, null_hierarchy, &key_, &name, nullptr));

        const TPM2B_NONCE nonce = sized<TPM2B_NONCE>(Bytes(32, number_));
        const TPM2B_ENCRYPTED_SECRET no_salt{};
        const TPMT_SYM_DEF plain{.algorithm = TPM2_ALG_NULL, .keyBits = {}, .mode = {}};
        TPM2B_NONCE its_nonce{};
        keep("TPM2_StartAuthSession",
             Tss2_Sys_StartAuthSession(sapi_, null_hierarchy, null_hierarchy, nullptr, &nonce, &no_salt,
                                       TPM2_SE_POLICY, &plain, TPM2_ALG_SHA256, &session_, &its_nonce,
                                       nullptr),
             true);

        const TPM2B_AUTH no_password{};
        keep("TPM2_HashSequenceStart",
             Tss2_Sys_HashSequenceStart(sapi_, nullptr, &no_password, TPM2_ALG_SHA256, &sequence_, nullptr));

        const auto owner = authorised_by({handle::password});
        TPM2B_NV_PUBLIC index{};
        index.nvPublic = {.nvIndex = nv_index,
                          .nameAlg = TPM2_ALG_SHA256,
                          .attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_NO_DA,
                          .authPolicy = {},
                          .dataSize = 1};
        keep("TPM2_NV_DefineSpace",
             Tss2_Sys_NV_DefineSpace(sapi_, handle::owner, &owner, &no_password, &index, nullptr));
    }

    void go_on(int part) {
        const Bytes octets(32, static_cast<std::uint8_t>(16 * number_ + part));
        const auto owner = authorised_by({handle::password});

        TPML_DIGEST_VALUES digests{};
        digests.count = 1;
        digests.digests[0].hashAlg = TPM2_ALG_SHA256;
        std::ranges::copy(octets, digests.digests[0].digest.sha256);
        keep("TPM2_PCR_Extend", Tss2_Sys_PCR_Extend(sapi_, 10, &owner, &digests, nullptr));

        const auto data = sized<TPM2B_MAX_BUFFER>(octets);
        keep("TPM2_SequenceUpdate", Tss2_Sys_SequenceUpdate(sapi_, sequence_, &owner, &data, nullptr));

        // Its digest grows each time; PolicyPCR would fail, for PCRs change in between.
        keep("TPM2_PolicyCommandCode",
             Tss2_Sys_PolicyCommandCode(sapi_, session_, nullptr, TPM2_CC_Certify, nullptr));
        TPM2B_DIGEST policy{};
        keep("TPM2_PolicyGetDigest", Tss2_Sys_PolicyGetDigest(sapi_, session_, nullptr, &policy, nullptr));

        if (part % 2 == 0) sign(octets);

        const auto small = sized<TPM2B_MAX_NV_BUFFER>(ByteView(octets).first(1));
        keep("TPM2_NV_Write", Tss2_Sys_NV_Write(sapi_, handle::owner, nv_index, &owner, &small, 0, nullptr));
        TPM2B_MAX_NV_BUFFER written{};
        keep("TPM2_NV_Read",
             Tss2_Sys_NV_Read(sapi_, handle::owner, nv_index, &owner, 1, 0, &written, nullptr));
    }

    /// The signature is the same each time; libtpms keeps what it computes of the key on the heap.
    void sign(const Bytes& octets) {
        const auto owner = authorised_by({handle::password});
        const auto digest = sized<TPM2B_DIGEST>(octets);
        TPMT_SIG_SCHEME scheme{};
        scheme.scheme = TPM2_ALG_RSASSA;
        scheme.details.rsassa.hashAlg = TPM2_ALG_SHA256;
        const TPMT_TK_HASHCHECK no_ticket{
            .tag = TPM2_ST_HASHCHECK, .hierarchy = null_hierarchy, .digest = {}};
        TPMT_SIGNATURE signature{};
        keep("TPM2_Sign",
             Tss2_Sys_Sign(sapi_, key_, &owner, &digest, &scheme, &no_ticket, &signature, nullptr));
    }

    void end() {
        const auto password = authorised_by({handle::password});
        const TPM2B_MAX_BUFFER no_more{};
        TPM2B_DIGEST digest{};
        TPMT_TK_HASHCHECK ticket{};
        keep("TPM2_SequenceComplete", Tss2_Sys_SequenceComplete(sapi_, sequence_, &password, &no_more,
                                                                null_hierarchy, &digest, &ticket, nullptr));
    }

    VirtualTpm tpm_;
    std::uint8_t number_;
    TSS2_SYS_CONTEXT* sapi_ = nullptr;
    TPM2_HANDLE key_ = 0;
    TPMI_SH_AUTH_SESSION session_ = 0;
    TPMI_DH_OBJECT sequence_ = 0;
    std::vector<CheckAnswer> answers_;
};

/// Two TPMs that take turns, on one host.
class Pair {
  public:
    Pair(TpmHost& host, const std::array<Bytes, 2>& permanent)
        : subjects_{Subject(host, permanent[0], 0), Subject(host, permanent[1], 1)} {}

    Result<void> play() {
        for (int part = 0; part < Subject::parts; ++part) {
            for (Subject& subject : subjects_) {
                if (auto done = subject.play(part); !done) return done;
            }
        }
        return {};
    }
    const std::array<Subject, 2>& subjects() const { return subjects_; }

  private:
    std::array<Subject, 2> subjects_;
};

Result<std::array<Bytes, 2>> manufacture(TpmHost& host) {
    std::array<Bytes, 2> permanent;
    for (Bytes& state : permanent) {
        VirtualTpm tpm(host);
        if (auto on = tpm.power_on(); !on) return fail(on.error());
        if (auto off = tpm.power_off(); !off) return fail(off.error());
        state = tpm.permanent_state();
    }
    return permanent;
}

}  // namespace

std::string difference(const std::vector<CheckAnswer>& by_blobs, const std::vector<CheckAnswer>& by_segment) {
    for (const CheckAnswer& answer : by_blobs) {
        // Were it the same by the segment, it would show nothing.
        if (answer.code != TSS2_RC_SUCCESS)
            return "by blobs: " + response_code_error(std::string(answer.command), answer.code).message;
    }
    if (by_segment.size() != by_blobs.size())
        return fmt::format("{} answers, {} expected", by_segment.size(), by_blobs.size());
    for (std::size_t i = 0; i < by_blobs.size(); ++i) {
        if (by_segment[i] != by_blobs[i])
            return fmt::format("answer {} ({}) is not as by blobs", i, by_blobs[i].command);
    }
    return {};
}

std::string find_segment_swap_fault(SegmentPart part) {
    TpmHost segment(Swapping::Segment, part);
    if (segment.swapping() != Swapping::Segment) return segment.fallback();
    TpmHost blobs(Swapping::Blobs);
    const auto permanent = manufacture(blobs);
    if (!permanent) return permanent.error().message;
    Pair fast(segment, *permanent);
    Pair slow(blobs, *permanent);
    if (auto done = slow.play(); !done) return "by blobs: " + done.error().message;
    if (auto done = fast.play(); !done) return "by the segment: " + done.error().message;
    for (std::size_t i = 0; i < 2; ++i) {
        auto fault = difference(slow.subjects()[i].answers(), fast.subjects()[i].answers());
        if (!fault.empty()) return fault;
    }
    return {};
}

const std::string& segment_swap_fault() {
    static const std::string fault = [] {
        try {
            return find_segment_swap_fault(whole_segment);
        } catch (const std::exception& error) {
            return std::string(error.what());
        }
    }();
    return fault;
}

}  // namespace pushsim::tpm
