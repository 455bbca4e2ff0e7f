#pragma once
// A maker of TPMs, which local stacks trust.

#include <string_view>

namespace pushsim::pki {

/// The certificate, in PEM, of the CA that has issued those of the IAK and the IDevID in
/// scenarios/conformance/reg-iak.yaml. fixtures/keylime/iak.py made all of them; the CA's key is kept
/// nowhere.
inline constexpr std::string_view kTpmMakerCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBVjCB/aADAgECAhQjB+vHzBzIAVJTHme8kl3ipSLB6TAKBggqhkjOPQQDAjAg
MR4wHAYDVQQDDBVwdXNoc2ltIG1ha2VyIG9mIFRQTXMwIBcNMjYwMTAxMDAwMDAw
WhgPMjA1NjAxMDEwMDAwMDBaMCAxHjAcBgNVBAMMFXB1c2hzaW0gbWFrZXIgb2Yg
VFBNczBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJnof9ndMuVORjzQzoTFOJuN
UC8lyNWrW6PrbQ45ncIqNX4gV4zx3WU1nj0JY1PNuWIGOkbpw/xXPPf/rSPaC0aj
EzARMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgcLVH07VBUgBb
/5HMD9nHMTiYBbERPG0Q1ulIlPo3+qwCIQDHW2Cf0Swm/EuE6Jdor5TZKR9/3ctZ
QP6n4snkRnRlTA==
-----END CERTIFICATE-----
)";

}  // namespace pushsim::pki
