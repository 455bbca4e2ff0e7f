#pragma once
// A test CA and the good and bad certificates a scenario can ask for.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/result.hpp"
#include "agent/base/time.hpp"

namespace pushsim::pki {

enum class KeyType { EcP256, Rsa2048 };

/// What is wrong with a certificate. The words are those of the scenario language.
enum class CertificateKind {
    Valid,
    Admin,        ///< as Valid; for clients: what makes its bearer an administrator at the verifier
    Expired,      ///< since a day
    NotYetValid,  ///< from tomorrow on
    WrongCa,      ///< issued by a CA that nobody trusts
    SelfSigned,   ///< issued by its own key
    WrongName,    ///< its names are others than asked for: DNS "wrong-name.invalid", IP 192.0.2.1
    NoSan,        ///< the name stands in the subject alone
    WrongUsage,   ///< extended key usage of the other role
};
const char* to_string(CertificateKind kind);  ///< "valid", "wrong_ca", …
/// ErrorKind::Config, listing the known words.
Result<CertificateKind> certificate_kind(std::string_view word);
/// All kinds, in the order of the enumeration.
const std::vector<CertificateKind>& certificate_kinds();

enum class Role { Server, Client };

/// Who the certificate is for. Servers need the names they are called by; clients may have none.
struct Holder {
    std::string common_name;
    std::vector<std::string> dns = {};
    std::vector<std::string> ip = {};
};

struct Credentials {
    std::string certificate_pem;
    std::string key_pem;  ///< PKCS #8, not encrypted
};

/// A CA of the run's own, and a second one that nobody trusts. Certificates have what strict verifiers
/// (X509_V_FLAG_X509_STRICT, Python 3.13) ask for: version 3, random serial, key identifiers, critical basic
/// constraints and key usage. Keys and serials come from OpenSSL's generator, not from the run's seed.
/// Methods throw std::runtime_error where OpenSSL fails. Not thread-safe.
class TestPki {
  public:
    /// `now` is what certificates are valid, expired and not yet valid at. The CA is valid from 60 days
    /// before to 10 years after.
    explicit TestPki(WallTime now, KeyType keys = KeyType::EcP256);
    /// The CA that ca() gave earlier, so that who trusts it trusts what it issues now. ErrorKind::Config
    /// where that is no certificate of a CA with its key, or it has expired by `now`.
    static Result<TestPki> from(const Credentials& ca, WallTime now, KeyType keys = KeyType::EcP256);
    ~TestPki();
    TestPki(TestPki&&) noexcept;
    TestPki& operator=(TestPki&&) noexcept;

    const std::string& ca_certificate_pem() const;
    /// With its key: whoever has that can issue certificates.
    Credentials ca() const;
    /// Of the CA that nobody trusts.
    const std::string& foreign_ca_certificate_pem() const;

    /// A new key and certificate. Throws std::invalid_argument for an IP address that is none.
    Credentials issue(CertificateKind kind, Role role, const Holder& holder) const;
    /// A new key and a valid certificate for the server whose certificate that is, for the same names.
    /// ErrorKind::Config where it is none.
    Result<Credentials> renew(const std::string& certificate_pem) const;

  private:
    struct Inner;
    explicit TestPki(std::unique_ptr<Inner> inner);
    std::unique_ptr<Inner> inner_;
};

/// Of a certificate, upper-case hexadecimal; empty for what is none.
std::string serial_of(const std::string& certificate_pem);

/// Where write_files() put things.
struct CredentialFiles {
    std::filesystem::path certificate;
    std::filesystem::path key;
};

/// Writes `<name>-cert.pem` (0644) and `<name>-key.pem` (0600) into an existing folder, replacing files of
/// those names. ErrorKind::System, naming the file.
Result<CredentialFiles> write_files(const Credentials& credentials, const std::filesystem::path& folder,
                                    const std::string& name);
/// A certificate alone, 0644.
Result<std::filesystem::path> write_certificate(const std::string& certificate_pem,
                                                const std::filesystem::path& file);

}  // namespace pushsim::pki
